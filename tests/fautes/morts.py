"""kill -9: writers, creators, index and read model killed at any moment, then resumed.

A base lives through several deaths of its writer, then the whole stream is sent again. What was
acknowledged must be there, under the same root; the journal must be a prefix of the twin's; in the
end bytes, audit and figures must be the twin's.
"""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from commands import GrandLivre
from commands.testing.contexte import PROGRAMME
from ledger import Journal, LedgerError, MemoryStore, SQLiteStore
from ledger.preuve.merkle import racine_base64
from ledger.testing.valeurs import Json
from projections.lecture import Lecture
from tests.properties.outils import octets

from .commun import Bilan, confronter, dossier, figee, jumeau, tirer
from .enfants import Enfant, Ligne, present, tuer_au_hasard

HISTOIRES = 8
DELAI_MAX_MICROSECONDES = 12_000
LOTS = (1, 1, 3, 10)


def _quand(sort: random.Random, taille: int, *, delais: bool) -> tuple[tuple[str, int], int]:
    """How to kill, and the call to SQLite at which the child kills itself (0: it does not)."""
    genre = sort.choice(("recu", "point", "depart", "delai") if delais else ("recu", "point"))
    if genre == "point":
        return (genre, 0), sort.choice((sort.randrange(1, 60), sort.randrange(1, 30 * taille)))
    return (genre, sort.randrange(0, taille)), 0


def _tuer(enfant: Enfant, quand: tuple[str, int], sort: random.Random, bilan: Bilan) -> None:
    if quand[0] == "delai":
        time.sleep(sort.randrange(DELAI_MAX_MICROSECONDES) / 1_000_000)  # a campaign, not a test
    tuer_au_hasard(enfant, quand)
    enfant.enterrer()
    fin = "fini avant" if enfant.fini else "mort en route"
    bilan.vues[f"{enfant.metier}, {quand[0]} : {fin}"] += 1


def controler(base: Path, temoin: MemoryStore, recus: list[Ligne], bilan: Bilan) -> int:
    """The base as a death left it: a prefix of the twin's that holds every receipt. Its size."""
    if not present(base):
        bilan.exiger(not recus, f"{len(recus)} reçus, et pas de base")
        return 0
    try:
        store = SQLiteStore(base)
    except LedgerError as erreur:
        bilan.manquees.append(f"la base ne se rouvre pas : {erreur!r}")
        return 0
    try:
        lignes, ids = octets(store)
        attendues, attendus = octets(temoin)
        taille = len(lignes)
        bilan.exiger(lignes == attendues[:taille], "le journal n'est pas un préfixe du jumeau")
        debut = [entree for entree in attendus if entree[2] <= taille]
        bilan.exiger(ids == debut, "l'index n'est pas celui du préfixe")
        journal = Journal(store, PROGRAMME)
        for _ in journal.rattraper():
            pass
        for recu in recus:
            tenu = recu["taille"] is not None and recu["taille"] <= taille
            racine = racine_base64(journal.arbre.racine(recu["taille"])) if tenu else None
            bilan.exiger(racine == recu["racine"] is not None, f"reçu perdu : {recu}")
        bilan.vues["reçus confrontés"] += len(recus)
    finally:
        store.fermer()
    return taille


def acceptees(commandes: list[Json]) -> list[Json]:
    """The commands that made a fact: a refusal sent again later may be judged otherwise."""
    return [c for c, r in zip(commandes, jumeau(commandes)[1], strict=True) if r.acceptee]


def vie(
    base: Path, commandes: list[Json], sort: random.Random, bilan: Bilan, *, delais: bool
) -> None:
    """Deaths of the writer, each followed by a look; then the stream to its end."""
    temoin, _ = jumeau(commandes)
    tenus: list[Ligne] = []
    for _ in range(sort.randrange(1, 6)):
        quand, cible = _quand(sort, len(commandes), delais=delais)
        lot = sort.choice(LOTS)
        enfant = Enfant("ecrire", str(base), commandes, lot, (), cible=cible)
        _tuer(enfant, quand, sort, bilan)
        bilan.rondes += 1
        tenus += enfant.recus
        controler(base, temoin, tenus, bilan)
    with GrandLivre.ouvrir(base, creer=True, clock=figee()) as livre:
        for commande in commandes:
            livre.executer(commande)
    confronter(base, temoin, bilan, "reprise")


def vie_de_l_index(base: Path, sort: random.Random, bilan: Bilan) -> None:
    """The index loses entries, whoever gives them back is killed."""
    with closing(sqlite3.connect(base, isolation_level=None)) as c:
        c.execute("DELETE FROM fabriques_commandes WHERE position % 3 = 0")
        perdues = c.execute("SELECT count(*) FROM fabriques_commandes").fetchone()[0]
    enfant = Enfant("index", str(base), cible=sort.randrange(1, 60))
    _tuer(enfant, ("point", 0), sort, bilan)
    bilan.rondes += 1
    with closing(sqlite3.connect(base, isolation_level=None)) as c:
        ids, lignes = c.execute(
            "SELECT (SELECT count(*) FROM fabriques_commandes), "
            "(SELECT count(*) FROM stored_events)"
        ).fetchone()
    bilan.exiger(ids in (perdues, lignes), f"index à moitié refait : {perdues}, {ids}, {lignes}")
    with GrandLivre.ouvrir(base, clock=figee()) as livre:
        livre.etat(PROGRAMME)


def vie_de_la_lecture(base: Path, sort: random.Random, bilan: Bilan, *, delais: bool) -> None:
    """The read model is killed in the middle: refreshed afterwards, it is a fresh rebuild."""
    fichier = base.with_name("lecture.db")
    for _ in range(2):
        quand: tuple[str, int] = ("delai" if delais and sort.random() < 0.5 else "point", 0)
        cible = sort.randrange(1, 250) if quand[0] == "point" else 0
        _tuer(Enfant("lire", str(base), str(fichier), cible=cible), quand, sort, bilan)
        bilan.rondes += 1
    store = SQLiteStore(base, ecriture=False)
    try:
        with Lecture(fichier) as lecture, Lecture(":memory:") as neuve:
            lecture.rafraichir(store)
            neuve.rafraichir(store)
            bilan.exiger(lecture.empreintes() == neuve.empreintes(), "lecture coupée, et fausse")
    finally:
        store.fermer()


def campagne(rondes: int, graine: int, *, delais: bool = True) -> Bilan:
    """`rondes` kills; `delais`: also at random microseconds, which depend on the machine."""
    bilan = Bilan()
    sort = random.Random(graine)
    histoires = [acceptees(c) for c in tirer(graine, nombre=HISTOIRES)]
    while bilan.rondes < rondes and not bilan.manquees:
        commandes = sort.choice(histoires)
        with dossier() as place:
            base = place / "base.db"
            vie(base, commandes, sort, bilan, delais=delais)
            vie_de_l_index(base, sort, bilan)
            confronter(base, jumeau(commandes)[0], bilan, "index")
            vie_de_la_lecture(base, sort, bilan, delais=delais)
    return bilan
