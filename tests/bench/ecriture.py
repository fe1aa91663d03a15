"""The trials that write: one by one, by batches, far in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from commands import AnnulerVersement, Commande, GrandLivre
from commands.execution import TAILLE_LOT

from . import brut
from .charge import PROGRAMME, commandes
from .chrono import Comparaison, Mesure, alterner, entrelacer, geler
from .commun import Tailles, exiger, modele
from .stock import Subventions

APPELANTS = 32
PAS_D_UNE_VIE = 8
NEUVE = 900_000
"""A structure that no base knows."""


def sequence(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """One durable command at a time, against raw commits of the same rows and stock aggregates."""
    objets = list(commandes(t.depart + (t.tours + 1) * t.sequence))
    avant, objets = objets[: t.depart], objets[t.depart :]
    modeles = [modele(o) for o in objets]
    rangees = brut.lignes(base, t.depart, len(objets))
    geler()
    with ExitStack() as pile:

        def livre(nom: str) -> GrandLivre:
            copie = brut.copier(base, dossier / f"{nom}.db", t.depart)
            ouvert = pile.enter_context(GrandLivre.ouvrir(copie))
            ouvert.etat(PROGRAMME)
            return ouvert

        def stock(nom: str, *, cache: bool) -> Subventions:
            app = Subventions(dossier / f"{nom}.db", cache=cache)
            pile.callback(app.close)
            app.remplir(avant)
            app.rechauffer({o["structure"] for o in avant if "structure" in o})
            return app

        moteur, lecteur = livre("moteur"), livre("json")
        copie = brut.copier(base, dossier / "brut.db", t.depart)
        c = pile.enter_context(brut.connexion(copie))
        nu, chaud = stock("stock", cache=False), stock("stock-cache", cache=True)
        durees, calculs = entrelacer(
            {
                "moteur": lambda k: exiger((moteur.executer(modeles[k]),)),
                "brut": lambda k: brut.ecrire_une(c, rangees[k]),
                "stock": lambda k: nu.executer(objets[k]),
                "validation": lambda k: exiger((lecteur.executer(objets[k]),)),
                "stock avec cache": lambda k: chaud.executer(objets[k]),
            },
            tours=t.tours,
            par_tour=t.sequence,
        )
    horloge = Comparaison(durees, t.sequence, "µs/commande")
    processeur = Comparaison(calculs, t.sequence, "µs/commande")
    return [
        horloge("commandes durables en séquence", "moteur", "brut", 0.7),
        horloge("commandes durables en séquence", "moteur", "stock", 4),
        horloge("· contre stock réglé", "moteur", "stock avec cache"),
        horloge("· validation du JSON comprise", "validation", "brut"),
        horloge("· repère : écriture brute", "brut", "stock"),
        processeur("· temps de processeur seul", "moteur", "brut"),
        processeur("· temps de processeur seul", "moteur", "stock"),
        processeur("· temps de processeur seul", "moteur", "stock avec cache"),
    ]


def par_lots(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """Batches of validated commands, against `executemany` of the same rows, same transactions."""
    par_tour = t.lots * TAILLE_LOT
    nombre = (t.tours + 1) * par_tour
    depart = max(0, min(t.depart, t.total - nombre))
    # a model remembers its digest: models are made here, and used once
    modeles = [modele(o) for o in commandes(depart + nombre)][depart:]
    rangees = brut.lignes(base, depart, nombre)

    def ecrire(tour: int) -> None:
        debut = tour * par_tour
        brut.ecrire_par_lots(c, rangees[debut : debut + par_tour], TAILLE_LOT)

    def executer(tour: int) -> None:
        debut = tour * par_tour
        exiger(livre.executer_flux(modeles[debut : debut + par_tour]))

    geler()
    copie = brut.copier(base, dossier / "lots.db", depart)
    with (
        GrandLivre.ouvrir(copie) as livre,
        brut.connexion(brut.copier(base, dossier / "lots-bruts.db", depart)) as c,
    ):
        livre.etat(PROGRAMME)
        durees = alterner({"moteur": executer, "brut": ecrire}, tours=t.tours, chauffe=1)
    comparer = Comparaison(durees, par_tour, "µs/commande")
    return [comparer(f"commandes validées par lots de {TAILLE_LOT}", "moteur", "brut", 0.35)]


def concurrence(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """Threads of one handle, each with its own structures, against the same commands in sequence.

    Lives with a cancellation are left out: they name positions, which depend on the order.
    """
    vies = _vies((t.tours + 1) * APPELANTS * t.par_appelant, t.depart)
    geler()
    with ExitStack() as pile:
        livres = []
        for nom in ("concurrence", "sequence-seule"):
            copie = brut.copier(base, dossier / f"{nom}.db", t.depart)
            livres.append(pile.enter_context(GrandLivre.ouvrir(copie)))
            livres[-1].etat(PROGRAMME)
        ensemble, seul = livres
        bassin = pile.enter_context(ThreadPoolExecutor(APPELANTS))

        def une(livre: GrandLivre, vie: Sequence[Commande]) -> None:
            exiger(livre.executer(c) for c in vie)

        def lot(tour: int) -> list[list[Commande]]:
            par_tour = APPELANTS * t.par_appelant
            return vies[tour * par_tour : (tour + 1) * par_tour]

        def a_plusieurs(tour: int) -> None:
            faits = [bassin.submit(une, ensemble, vie) for vie in lot(tour)]
            for fait in faits:
                fait.result()

        def en_sequence(tour: int) -> None:
            for vie in lot(tour):
                une(seul, vie)

        durees = alterner(
            {"ensemble": a_plusieurs, "en séquence": en_sequence},
            tours=t.tours,
            chauffe=1,
        )
    comparer = Comparaison(durees, PAS_D_UNE_VIE * APPELANTS * t.par_appelant, "µs/commande")
    return [comparer(f"{APPELANTS} appelants à la fois", "ensemble", "en séquence", 5)]


def _vies(nombre: int, position: int) -> list[list[Commande]]:
    """The beginnings of that many lives of new structures, none with a cancellation."""
    vies: dict[str, list[Commande]] = {}
    gardees: list[list[Commande]] = []
    suite = commandes(10**9, ouverture=False, position=position, premiere=NEUVE)
    while len(gardees) < nombre:
        objet = next(suite)
        vie = vies.setdefault(objet.get("structure", ""), [])
        vie.append(modele(objet))
        pas = [type(c) for c in vie]
        if len(pas) == PAS_D_UNE_VIE and "structure" in objet and AnnulerVersement not in pas:
            gardees.append(vie[:])
    return gardees


def positions(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """The same new lives at two positions of the journal, commands of both interleaved."""
    nombre = (t.tours + 1) * t.sequence
    suites = [
        [modele(o) for o in commandes(nombre, ouverture=False, position=p, premiere=NEUVE)]
        for p in t.positions
    ]
    geler()
    with ExitStack() as pile:
        livres: list[GrandLivre] = []
        for p in t.positions:
            copie = brut.copier(base, dossier / f"position-{p}.db", p)
            livres.append(pile.enter_context(GrandLivre.ouvrir(copie)))
            livres[-1].etat(PROGRAMME)
        pres, loin = (f"position {p}" for p in t.positions)
        durees, _ = entrelacer(
            {
                pres: lambda k: exiger((livres[0].executer(suites[0][k]),)),
                loin: lambda k: exiger((livres[1].executer(suites[1][k]),)),
            },
            tours=t.tours,
            par_tour=t.sequence,
        )
    comparer = Comparaison(durees, t.sequence, "µs/commande")
    nom = f"une commande durable, {loin}"
    return [comparer.cout(nom, loin, pres, au_plus=1.2)]
