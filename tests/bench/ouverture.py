"""The trials of what is kept beside the journal: snapshots of a writer, read model."""

from __future__ import annotations

from pathlib import Path

from commands import GrandLivre
from commands.cliches import cliche_de
from ledger import SQLiteStore
from ledger.cliche import chemin_du_cliche, ecrire, en_octets
from projections.lecture import Lecture

from . import brut
from .charge import PROGRAMME, commandes
from .chrono import Comparaison, Mesure, alterner, geler
from .commun import Tailles, exiger, modele
from .lecture import toutes_les_figures


def ouverture(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """A cold opening to the state that decides, from a snapshot and without, to the same state."""
    cliches = dossier / "cliches"
    with GrandLivre.ouvrir(base) as livre:
        chemin = chemin_du_cliche(cliches, livre.store, PROGRAMME)
        if chemin is None:
            raise ValueError(f"{base} est vide")
        cliche = cliche_de(livre.journal(PROGRAMME), livre.etat(PROGRAMME))
        ecrire(chemin, en_octets(cliche))
    if _ouvrir(base, None) != _ouvrir(base, cliches):
        raise ValueError(f"{base} : le cliché ne donne pas le même état")
    geler()
    durees = alterner(
        {
            "cliche": lambda _: _ouvrir(base, cliches),
            "tout relire": lambda _: _ouvrir(base, None),
            "rejeu vérifié, un cœur": lambda _: toutes_les_figures(base, t.grande),
        },
        tours=t.longs,
    )
    comparer = Comparaison(durees, t.grande, "µs/fait")
    nom = f"ouverture à froid, {t.grande} faits, avec cliché"
    return [
        comparer.cout(nom, "cliche", "tout relire", au_plus=0.03),
        comparer.cout("· contre le rejeu jusqu'aux chiffres", "cliche", "rejeu vérifié, un cœur"),
    ]


def _ouvrir(base: Path, cliches: Path | None) -> tuple[int, int]:
    with GrandLivre.ouvrir(base, cliches=cliches) as livre:
        etat = livre.etat(PROGRAMME)
        return etat.position, etat.soldes.disponible


def modele_de_lecture(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """The read model built from nothing against the replay; one new fact added to it."""
    copie = brut.copier(base, dossier / "lecture-source.db", t.grande)
    fichier = dossier / "lecture.db"
    geler()
    durees = alterner(
        {
            "construire": lambda _: _construire(copie, fichier),
            "rejeu vérifié, un cœur": lambda _: toutes_les_figures(copie, t.grande),
        },
        tours=1,
    )
    comparer = Comparaison(durees, t.grande, "µs/fait")
    octets = fichier.stat().st_size / t.grande
    suite = list(commandes(t.longs, ouverture=False, position=t.grande, premiere=10**6))
    with GrandLivre.ouvrir(copie) as livre, Lecture(fichier) as lecture:
        rafraichies = alterner(
            {"rafraichir": lambda _: lecture.rafraichir(livre.store)},
            tours=t.longs,
            avant=lambda tour: exiger([livre.executer(modele(suite[tour]))]),
        )
    un = Comparaison(rafraichies, 1, "µs/fait")
    return [
        comparer.cout(
            f"modèle de lecture de {t.grande} faits, construit",
            "construire",
            "rejeu vérifié, un cœur",
            au_plus=2,
        ),
        Mesure("· sa taille", octets, "octets/fait"),
        Mesure("· un fait de plus", un.valeur("rafraichir"), "µs/fait"),
    ]


def _construire(base: Path, fichier: Path) -> None:
    fichier.unlink(missing_ok=True)
    store = SQLiteStore(base, ecriture=False)
    with Lecture(fichier) as lecture:
        lecture.rafraichir(store)
    store.fermer()
