"""The simulation confronted with a small real case: programmes over bases, real writes.

Each base is played alone, as if it had its machine: callers come at drawn instants, whether or not
the ones before were answered, and a file comes in the middle. The disk is probed before and after,
since it drifts; what is foretold is the waiting, not the disk.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

from commands import Commande, GrandLivre
from ledger import SQLiteStore
from ledger.audit import verifier
from tests.bench.charge import Objet, commandes
from tests.bench.chrono import dire
from tests.bench.commun import exiger, modele

from .couts import depots, fixes, sonder
from .modele import SECONDE, Attentes, Charge, Couts, par_annuaire, servir

OCCUPATION = 0.4
"""Of the busiest writer, as drawn."""
FILS = 32
SONDES = 60
"""Lone commands before and after each base is played: the disk of that minute."""
_ENTETE = 10  # opening and credits of a programme


@dataclass(frozen=True, slots=True)
class Petit:
    """The small case."""

    programmes: int
    bases: int
    commandes: int
    fichier: int
    """Commands of the file that each base receives."""
    vies: int
    """Facts of each base before, shared by its programmes."""
    graine: int = 50


COMPLET = Petit(50, 4, 1_600, 1_000, 4_000)
RAPIDE = Petit(50, 4, 240, 60, 800)


@dataclass(frozen=True, slots=True)
class Confrontation:
    """One figure, foretold and seen."""

    nom: str
    unite: str
    prevu: float
    vu: float

    @property
    def facteur(self) -> float:
        """How far one is from the other: 1 is the same."""
        bas, haut = sorted((self.prevu, self.vu))
        return haut / bas if bas else float("inf")


@dataclass(slots=True)
class _Base:
    fichier: Path
    programmes: list[str]
    arrivees: list[tuple[float, str]]
    lot: tuple[float, str, int]


def confronter(dossier: Path, couts: Couts, p: Petit) -> list[Confrontation]:
    """Fill the bases, foretell, play, compare."""
    bases = _preparer(dossier, couts, p)
    prevus, vus = [], []
    faits = octets = verification = taille_avant = 0.0
    for base in bases:
        dire(f"Base {base.fichier.name} : {len(base.arrivees)} commandes, un fichier…")
        taille_avant += base.fichier.stat().st_size
        instants = [t for t, _ in base.arrivees]
        sonde = dossier / f"sonde-{base.fichier.name}"
        durees = sonder(sonde, SONDES)
        vus.append(_jouer(base))
        durees += sonder(sonde.with_suffix(".apres.db"), SONDES)
        ici = replace(couts, transactions=fixes(durees, couts.en_lot))
        hasard = random.Random(p.graine)
        prevus.append(servir(instants, [(base.lot[0], base.lot[2])], ici, hasard))
        octets += base.fichier.stat().st_size
        store = SQLiteStore(base.fichier, ecriture=False)
        for programme in store.programmes():
            debut = time.perf_counter_ns()
            rapport = verifier(store, programme)
            verification += (time.perf_counter_ns() - debut) / 1_000
            if not rapport.conforme:
                raise ValueError(f"{base.fichier} : {programme} non conforme")
            faits += rapport.taille
        store.fermer()
    ajoutes = p.commandes + p.fichier * p.bases
    verifier_prevu = faits * couts.verifier + p.programmes * couts.verifier_programme
    attentes = [
        Confrontation(nom, "ms", _moyenne(prevus, champ) / 1_000, _moyenne(vus, champ) / 1_000)
        for nom, champ in (
            ("attente médiane", "mediane"),
            ("attente, 99e centile", "p99"),
            ("durée d'un fichier", "fichier"),
            ("du premier appel au dernier reçu", "fin"),
        )
    ]
    return [
        *attentes,
        Confrontation(
            "disque, par fait ajouté", "octets", couts.octets, (octets - taille_avant) / ajoutes
        ),
        Confrontation("vérification", "ms", verifier_prevu / 1_000, verification / 1_000),
    ]


def _moyenne(attentes: Sequence[Attentes], champ: str) -> float:
    """Of the bases."""
    return sum(float(getattr(a, champ)) for a in attentes) / len(attentes)


def _preparer(dossier: Path, couts: Couts, p: Petit) -> list[_Base]:
    hasard = random.Random(p.graine)
    tailles = Charge(programmes=p.programmes, faits=p.commandes).tailles()
    places = par_annuaire(tailles, p.bases)
    quels = hasard.choices(range(p.programmes), weights=tailles, k=p.commandes)
    par_base = [[q for q in quels if places[q] == base] for base in range(p.bases)]
    duree = max(map(len, par_base)) * (couts.transaction + couts.en_groupe) / OCCUPATION
    bases = []
    for numero, siens in enumerate(par_base):
        noms = [f"programme-{q:03d}" for q in range(p.programmes) if places[q] == numero]
        fichier = dossier / f"partie-{numero}.db"
        with GrandLivre.ouvrir(fichier, creer=True) as livre:
            for nom in noms:
                vie = commandes(max(_ENTETE, p.vies // len(noms)))
                exiger(livre.executer_flux(_de(nom, vie)))
        instants = sorted(hasard.random() * duree for _ in siens)
        arrivees = [(t, f"programme-{q:03d}") for t, q in zip(instants, siens, strict=True)]
        bases.append(_Base(fichier, noms, arrivees, (duree / 2, noms[0], p.fichier)))
    return bases


def _de(programme: str, objets: Iterable[Objet]) -> list[Commande]:
    return [modele({**o, "programme": programme}) for o in objets]


def _jouer(base: _Base) -> Attentes:
    """Real writes on one base, at their instants."""
    suites = {nom: depots(nom, "seule") for nom in base.programmes}
    envois = [(t, modele(next(suites[nom]))) for t, nom in base.arrivees]
    instant, nom, nombre = base.lot
    suite = depots(nom, "fichier")
    lot = [modele(next(suite)) for _ in range(nombre)]
    attentes: list[float] = []
    with GrandLivre.ouvrir(base.fichier) as livre, ThreadPoolExecutor(FILS) as bassin:
        for programme in base.programmes:
            livre.etat(programme)
        depart = time.perf_counter()

        def depuis() -> float:
            return (time.perf_counter() - depart) * SECONDE

        def une(quand: float, commande: Commande) -> float:
            exiger((livre.executer(commande),))
            return depuis() - quand

        def un_fichier() -> float:
            _attendre(instant - depuis())
            exiger(livre.executer_flux(lot))
            return depuis() - instant

        charge = bassin.submit(un_fichier)
        faits = []
        for quand, commande in envois:
            _attendre(quand - depuis())
            faits.append(bassin.submit(une, quand, commande))
        attentes = sorted(f.result() for f in faits)
        duree_fichier = charge.result()
        fin = depuis()
    rang = (len(attentes) * 99 + 99) // 100 - 1
    return Attentes(
        attentes[(len(attentes) + 1) // 2 - 1],
        attentes[rang],
        attentes[-1],
        0.0,
        fin,
        duree_fichier,
    )


def _attendre(microsecondes: float) -> None:
    if microsecondes > 0:
        threading.Event().wait(microsecondes / SECONDE)


def ensemble(dossier: Path, bases: int, par_base: int) -> tuple[float, float]:
    """Commands a second of one base, then of that many at once in as many processes: one disk, the
    same cores. What several bases on one machine bring."""
    fichiers = []
    for n in range(bases + 1):
        fichiers.append(dossier / f"ensemble-{n}.db")
        with GrandLivre.ouvrir(fichiers[-1], creer=True) as livre:
            exiger(livre.executer_lot([modele(o) for o in commandes(_ENTETE)]))
    seule = par_base / _ecrire_a_part(fichiers[:1], par_base)
    toutes = bases * par_base / _ecrire_a_part(fichiers[1:], par_base)
    return seule, toutes


def _ecrire_a_part(fichiers: Sequence[Path], nombre: int) -> float:
    """Seconds, from the moment that all are ready."""
    contexte = get_context("spawn")
    depart = contexte.Barrier(len(fichiers) + 1)
    enfants = [
        contexte.Process(target=_ecrivain, args=(depart, fichier, nombre)) for fichier in fichiers
    ]
    for enfant in enfants:
        enfant.start()
    depart.wait()
    debut = time.perf_counter()
    for enfant in enfants:
        enfant.join()
    if any(enfant.exitcode for enfant in enfants):
        raise ValueError("un écrivain a échoué")
    return time.perf_counter() - debut


def _ecrivain(depart: Barrier, fichier: Path, nombre: int) -> None:
    with GrandLivre.ouvrir(fichier) as livre:
        (programme,) = livre.store.programmes()
        suite = depots(programme, "a-part")
        envois = [modele(next(suite)) for _ in range(nombre)]
        livre.etat(programme)
        depart.wait()
        for envoi in envois:
            exiger((livre.executer(envoi),))
