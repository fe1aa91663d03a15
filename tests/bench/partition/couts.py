"""Unit costs measured on this machine, through the public functions that a back office calls."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from commands import Commande, GrandLivre
from ledger import SQLiteStore
from ledger.audit import verifier
from ledger.deplacement import deplacer
from ledger.stockage.sauvegarde import copier
from projections.lecture import Lecture
from tests.bench import brut
from tests.bench.charge import PROGRAMME, Objet, commandes
from tests.bench.chrono import dire, geler
from tests.bench.commun import exiger, modele, reference
from tests.bench.memoire import _residente, octets_par_fait

from .modele import LOT, Couts

NEUVE = 500_000
"""Number of the first structure that no base knows."""
APPELANTS = 32


@dataclass(frozen=True, slots=True)
class Mesurage:
    """How much is measured."""

    faits: int
    """Of the base that is read, moved, copied."""
    positions: tuple[int, ...]
    tours: int
    par_tour: int
    bases: int
    """Opened one by one, then kept open together."""


COMPLET = Mesurage(50_000, (1_000, 10_000, 50_000), 5, 60, 40)
RAPIDE = Mesurage(4_000, (500, 4_000), 3, 30, 10)


def mesurer(dossier: Path, m: Mesurage) -> Couts:
    """Every unit cost. Medians of the turns."""
    dire(f"Préparation : {m.faits} faits…")
    base = reference(dossier / "reference.db", m.faits)
    petite = brut.copier(base, dossier / "petite.db", m.positions[0])
    dire("Écritures…")
    seules = {p: _seule(brut.copier(base, dossier / f"p{p}.db", p), p, m) for p in m.positions}
    lot = _par_lots(brut.copier(base, dossier / "lots.db", m.positions[0]), m)
    siennes = seules[m.positions[0]]
    en_lot = max(0.0, (lot * LOT - statistics.median(siennes)) / (LOT - 1))
    transactions = fixes(siennes, en_lot)
    groupe = _ensemble(brut.copier(base, dossier / "groupe.db", m.positions[0]), m)
    dire("Lectures, copies, ouvertures…")
    with GrandLivre.ouvrir(brut.copier(base, dossier / "froide.db", m.faits)) as livre:
        chaud = _duree(livre.etat, PROGRAMME) / m.faits
    lue = SQLiteStore(base, ecriture=False)
    try:
        verification = _duree(verifier, lue, PROGRAMME) / m.faits
        with Lecture(dossier / "lecture.db") as lecture:
            construction = _duree(lecture.rafraichir, lue) / m.faits
        cible = SQLiteStore(dossier / "cible.db", creer=True)
        deplacement = _duree(deplacer, lue, cible) / m.faits
        cible.fermer()
    finally:
        lue.fermer()
    taille = base.stat().st_size
    copie = _duree(copier, base, dossier / "copie.db") / taille
    ouvrir, par_base, par_programme = _ouvertures(dossier, m)
    return Couts(
        positions={str(p): statistics.median(durees) for p, durees in seules.items()},
        transactions=transactions,
        en_lot=en_lot,
        # a drifting disk may hide it; it is never less than in a batch
        en_groupe=max(en_lot, groupe - statistics.median(transactions) / APPELANTS),
        chaud=chaud,
        verifier=verification,
        verifier_programme=par_programme,
        lecture=construction,
        rafraichir=_rafraichir(brut.copier(base, dossier / "suite.db", m.faits), dossier, m),
        deplacer=deplacement,
        copier=copie,
        ouvrir=ouvrir,
        octets=(taille - petite.stat().st_size) / (m.faits - m.positions[0]),
        memoire=octets_par_fait("livre", (petite, m.positions[0]), (base, m.faits)),
        memoire_base=par_base,
    )


def _duree(faire: Callable[..., object], *args: object) -> float:
    """Wall time, in microseconds."""
    debut = time.perf_counter_ns()
    faire(*args)
    return (time.perf_counter_ns() - debut) / 1_000


def _un_lot(livre: GrandLivre, envois: Sequence[Commande]) -> None:
    exiger(livre.executer_lot(envois))


def _a_plusieurs(livre: GrandLivre, bassin: ThreadPoolExecutor, envois: Sequence[Objet]) -> None:
    exiger(bassin.map(livre.executer, envois))


def _executer(livre: GrandLivre, envoi: Commande | Objet) -> None:
    exiger((livre.executer(envoi),))


def fixes(durees: Sequence[float], par_commande: float) -> tuple[float, ...]:
    """What a transaction costs without its command, sorted."""
    return tuple(sorted(max(0.0, duree - par_commande) for duree in durees))


def sonder(fichier: Path, nombre: int) -> list[float]:
    """Lone durable commands, now: disks drift within a minute."""
    suite = depots("sonde", "sonde")
    with GrandLivre.ouvrir(fichier, creer=True) as livre:
        exiger(livre.executer_lot([modele({**o, "programme": "sonde"}) for o in commandes(1)]))
        return [_duree(_executer, livre, next(suite)) for _ in range(nombre)]


def _seule(fichier: Path, position: int, m: Mesurage) -> list[float]:
    """Durable commands, alone, at a position."""
    nombre = (m.tours + 1) * m.par_tour
    suite = [
        modele(o) for o in commandes(nombre, ouverture=False, position=position, premiere=NEUVE)
    ]
    geler()
    with GrandLivre.ouvrir(fichier) as livre:
        livre.etat(PROGRAMME)
        durees = [_duree(_executer, livre, c) for c in suite]
    return durees[m.par_tour :]


def _par_lots(fichier: Path, m: Mesurage) -> float:
    """A command of a full batch."""
    nombre = (m.tours + 1) * LOT
    depart = m.positions[0]
    suite = [modele(o) for o in commandes(nombre, ouverture=False, position=depart, premiere=NEUVE)]
    geler()
    with GrandLivre.ouvrir(fichier) as livre:
        livre.etat(PROGRAMME)
        durees = [_duree(_un_lot, livre, suite[d : d + LOT]) / LOT for d in range(0, nombre, LOT)]
    return statistics.median(durees[1:])


def _ensemble(fichier: Path, m: Mesurage) -> float:
    """A command of 32 callers of one handle."""
    par_tour = APPELANTS * max(2, m.par_tour // 8)
    suite = depots(PROGRAMME, "groupe")
    durees = []
    with GrandLivre.ouvrir(fichier) as livre, ThreadPoolExecutor(APPELANTS) as bassin:
        livre.etat(PROGRAMME)
        for _ in range(m.tours + 1):
            tour = [next(suite) for _ in range(par_tour)]
            durees.append(_duree(_a_plusieurs, livre, bassin, tour) / par_tour)
    return statistics.median(durees[1:])


def depots(programme: str, prefixe: str) -> Iterator[Objet]:
    """Applications of as many structures: accepted in any order."""
    n = 0
    while True:
        yield {
            "commande": "DéposerCandidature",
            "id_commande": f"{prefixe}-{n}",
            "programme": programme,
            "acteur": {"id": "ana", "role": "instructeur"},
            "date_effet": "2026-03-01",
            "structure": f"{prefixe}-{n:06d}",
            "porteur": f"Association La Grande Fabrique n° {n}",
            "code_postal": f"{1_000 + n % 94_000:05d}",
            "ville": "Guéret",
            "territoire": "qpv" if n % 2 else "hors_qpv",
            "numerique": False,
        }
        n += 1


def _rafraichir(fichier: Path, dossier: Path, m: Mesurage) -> float:
    """A new fact brought to the read model, by refreshes of a turn of commands each."""
    durees = []
    suite = depots(PROGRAMME, "suite")
    with GrandLivre.ouvrir(fichier) as livre, Lecture(dossier / "suite-lecture.db") as lecture:
        lecture.rafraichir(livre.store)
        for _ in range(m.tours + 1):
            exiger(livre.executer_lot([next(suite) for _ in range(m.par_tour)]))
            durees.append(_duree(lecture.rafraichir, livre.store) / m.par_tour)
    return statistics.median(durees[1:])


def _ouvertures(dossier: Path, m: Mesurage) -> tuple[float, float, float]:
    """Opening a base of one small programme; the memory of one kept open; verifying it."""
    fichiers = []
    ouverture = [modele(o) for o in commandes(10)]
    for n in range(m.bases):
        fichiers.append(dossier / f"ouverte-{n}.db")
        with GrandLivre.ouvrir(fichiers[-1], creer=True) as livre:
            exiger(livre.executer_lot(ouverture))
    durees, verifications = list[float](), list[float]()
    with ExitStack() as pile:
        avant = 0
        for n, fichier in enumerate(fichiers):
            if n == 1:  # what the first one loads is of the process
                avant = _residente()
            debut = time.perf_counter_ns()
            livre = pile.enter_context(GrandLivre.ouvrir(fichier))
            livre.store.programmes()
            durees.append((time.perf_counter_ns() - debut) / 1_000)
            verifications.append(_duree(verifier, livre.store, PROGRAMME))
        par_base = (_residente() - avant) / (m.bases - 1)
    milieu = statistics.median
    return milieu(durees), max(0.0, par_base), milieu(verifications)
