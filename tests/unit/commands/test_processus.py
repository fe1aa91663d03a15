"""Fork, multiprocessing, pickle : une base ne sert que dans le processus qui l'a ouverte."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition, Event
from typing import Any

import pytest

from commands import GrandLivre
from ledger import MemoryStore, SQLiteStore
from tests.unit.attroupement import ATTENTE, Appel, livre_retenu, suspendre
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P
from tests.unit.processus_fork import (
    HERITE,
    dans_un_enfant,
    dire,
    ouvrir_le_sien,
    utiliser_l_herite,
)

RACINE = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


@pytest.fixture
def livre(tmp_path: Path) -> Iterator[GrandLivre]:
    """An opened programme, in a file."""
    with GrandLivre.ouvrir(tmp_path / "a.db", creer=True) as ouvert:
        ouvert.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        yield ouvert


def operations(livre: GrandLivre) -> dict[str, Callable[[], Any]]:
    """Every way to use a handle, and its store."""
    store = livre.store
    modif = commande("ModifierEnveloppe", "m")
    return {
        "executer": lambda: livre.executer(modif),
        "executer_lot": lambda: livre.executer_lot([modif]),
        "executer_lot vide": lambda: livre.executer_lot([]),
        "executer_flux": lambda: livre.executer_flux([modif]),
        "etat": lambda: livre.etat(P),
        "journal": lambda: livre.journal(P),
        "bifurquer": livre.bifurquer,
        "programmes": store.programmes,
        "taille": lambda: store.taille(P),
        "lire": lambda: list(store.lire(P)),
        "pages": lambda: list(store.pages(P)),
        "retrouver": lambda: store.retrouver(P, ["o"]),
        "index": lambda: list(store.index()),
        "taille_index": lambda: store.taille_index(P),
        "reindexer": lambda: store.reindexer(P, []),
        "ajouter": lambda: store.ajouter([]),
        "controler": store.controler,
    }


def en_memoire(_: GrandLivre) -> GrandLivre:
    """An opened programme, in memory."""
    livre = GrandLivre(MemoryStore())
    livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    return livre


@pytest.mark.parametrize("genre", ["sqlite", "memoire", "bifurcation"])
def test_un_enfant_ne_se_sert_pas_de_la_base_de_son_parent(livre: GrandLivre, genre: str) -> None:
    """Dans un processus enfant, toute opération dit base_apres_fork ; le parent continue."""
    sujet = {"sqlite": lambda x: x, "memoire": en_memoire, "bifurcation": GrandLivre.bifurquer}
    utilise: GrandLivre = sujet[genre](livre)
    dits = dans_un_enfant(
        lambda: " ".join(sorted({dire(faire) for faire in operations(utilise).values()}))
    )
    assert dits == "base_apres_fork"
    assert utilise.executer(commande("ModifierEnveloppe", "m")).positions == (2,)


@pytest.mark.parametrize("genre", ["sqlite", "memoire", "bifurcation"])
def test_toute_operation_apres_fermeture_est_une_erreur(livre: GrandLivre, genre: str) -> None:
    """Fermée deux fois sans erreur, une base répond base_fermee à toute opération."""
    sujet = {"sqlite": lambda x: x, "memoire": en_memoire, "bifurcation": GrandLivre.bifurquer}
    utilise: GrandLivre = sujet[genre](livre)
    utilise.fermer()
    utilise.fermer()
    utilise.store.fermer()
    dits = {nom: dire(faire) for nom, faire in operations(utilise).items()}
    assert dits == dict.fromkeys(dits, "base_fermee")


def test_une_base_lue_seule_dit_d_abord_qu_elle_est_fermee(livre: GrandLivre) -> None:
    """Fermée, une base en lecture seule répond base_fermee, même à une écriture."""
    store = SQLiteStore(livre.store.fichier, ecriture=False)  # type: ignore[attr-defined]
    assert dire(lambda: store.ajouter([])) == "base_en_lecture_seule"
    store.fermer()
    assert dire(lambda: store.ajouter([])) == "base_fermee"


def test_une_exception_dans_le_bloc_ferme_la_base(tmp_path: Path) -> None:
    """Sortir du bloc par une exception ferme la base, et l'exception passe."""
    sortie = pytest.raises(ZeroDivisionError, match="fin")
    with sortie, GrandLivre.ouvrir(tmp_path / "a.db", creer=True) as livre:
        raise ZeroDivisionError("fin")
    assert dire(lambda: livre.etat(P)) == "base_fermee"


def test_fermer_dans_l_enfant_ne_nuit_pas_au_parent(livre: GrandLivre) -> None:
    """L'enfant qui ferme, ou sort du bloc, ne touche à rien : le parent lit et écrit."""

    def fermer() -> str:
        with livre:
            pass
        livre.fermer()
        livre.store.fermer()
        return dire(lambda: livre.etat(P))

    assert dans_un_enfant(fermer) == "base_apres_fork"
    assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (2,)
    assert livre.store.controler() == []


def test_un_enfant_qui_se_termine_ne_ferme_aucune_connexion(tmp_path: Path) -> None:
    """Un enfant qui se termine tout à fait, destructeurs compris, ne ferme rien dans SQLite."""
    programme = f"""
import gc, os, sys
sys.path.insert(0, {str(RACINE)!r})
from commands import GrandLivre
from tests.unit.commands.test_concurrence import commande

def ouverts():
    fichier, trouves = os.stat({str(tmp_path / "a.db")!r}).st_ino, 0
    for numero in range(256):
        try:
            trouves += os.fstat(numero).st_ino == fichier
        except OSError:
            pass
    return trouves

livre = GrandLivre.ouvrir({str(tmp_path / "a.db")!r}, creer=True)
livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
avant = ouverts()
enfant = os.fork()
if enfant == 0:
    # what the destructors of the library do at the end, then the end of the connections
    livre.store._factory.close()
    livre.store._factory.datastore.pool._pool.clear()
    gc.collect()
    sys.exit(0 if ouverts() == avant > 0 else 3)
_, etat = os.waitpid(enfant, 0)
recu = livre.executer(commande("ModifierEnveloppe", "m"))
livre.fermer()
sys.stdout.write(f"{{os.waitstatus_to_exitcode(etat)}} {{recu.positions}} {{ouverts()}}")
"""
    fait = subprocess.run(
        [sys.executable, "-W", "error", "-c", programme],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (fait.returncode, fait.stderr) == (0, "")
    assert fait.stdout == "0 (2,) 0"


def test_un_verrou_tenu_au_moment_du_fork_ne_bloque_pas_l_enfant() -> None:
    """L'enfant créé pendant qu'un fil écrit a son erreur et lit ses reçus, sans attendre."""
    tenu, store = livre_retenu()
    recu = tenu.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    suspendus = suspendre(tenu, store, lambda: tenu.executer(commande("ModifierEnveloppe", "m")))
    assert recu.arbre is not None

    def fermer_tout() -> str:
        tenu.fermer()
        store.fermer()
        return "base_apres_fork"

    tenus, lacher = Event(), Event()
    arbre = recu.arbre

    def tenir() -> None:
        with tenu._guichet._mutex, store._usage._verrou, arbre._verrou:
            tenus.set()
            assert lacher.wait(ATTENTE)

    teneur = Appel(tenir)
    teneur.start()
    assert tenus.wait(ATTENTE)
    dit = dans_un_enfant(
        lambda: " ".join(
            [*(dire(f) for f in operations(tenu).values()), fermer_tout(), recu.racine or ""]
        )
    )
    lacher.set()
    teneur.rendre()
    suspendus.relacher()
    assert suspendus.tous[0].rendre().positions == (2,)
    assert set(dit.split()) == {"base_apres_fork", recu.racine}


def test_un_enfant_ouvre_la_sienne_pendant_que_le_parent_ecrit(livre: GrandLivre) -> None:
    """L'enfant qui ouvre sa propre poignée écrit ; le parent et lui se suivent."""
    base = str(livre.store.fichier)  # type: ignore[attr-defined]
    assert dans_un_enfant(lambda: ouvrir_le_sien(base)) == "acceptee"
    assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (3,)


def test_multiprocessing_par_fork(livre: GrandLivre) -> None:
    """Un bassin de processus par fork : l'hérité est refusé, le sien accepté."""
    HERITE["livre"], HERITE["base"] = livre, livre.store.fichier  # type: ignore[attr-defined]
    try:
        with multiprocessing.get_context("fork").Pool(1) as bassin:
            dits = bassin.map_async(utiliser_l_herite, [1]).get(60)
    finally:
        HERITE.clear()
    assert dits == [["base_apres_fork", "None", "acceptee"]]
    assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (3,)


@pytest.mark.parametrize("methode", ["spawn", "forkserver"])
def test_multiprocessing_sans_fork(livre: GrandLivre, methode: str) -> None:
    """Par spawn et forkserver : la base ne se transmet pas, chaque processus ouvre la sienne."""
    base = str(livre.store.fichier)  # type: ignore[attr-defined]
    with multiprocessing.get_context(methode).Pool(1) as bassin:
        with pytest.raises(TypeError, match="ne passe pas d'un processus à l'autre"):
            bassin.apply(dire, (livre.executer,))
        assert bassin.apply_async(ouvrir_le_sien, (base,)).get(60) == "acceptee"
    assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (3,)


@pytest.mark.parametrize("transmettre", [pickle.dumps, copy.copy, copy.deepcopy])
def test_ni_poignee_ni_magasin_ne_se_copie(
    livre: GrandLivre, tmp_path: Path, transmettre: Callable[[Any], Any]
) -> None:
    """pickle et copy refusent une poignée et un magasin, avec ce qu'il faut faire."""
    absent = SQLiteStore(tmp_path / "absente.db", creer=True)
    for objet in (livre, livre.store, absent, MemoryStore(), livre.bifurquer()):
        with pytest.raises(TypeError, match="en ouvrir un dans chaque processus"):
            transmettre(objet)


def test_fermer_attend_une_lecture_en_cours(livre: GrandLivre) -> None:
    """Fermer le magasin pendant qu'un autre fil lit attend la fin de sa lecture."""
    store = livre.store
    assert isinstance(store, SQLiteStore)
    entree, suite, ferme = Event(), Event(), Event()

    def lire() -> list[Any]:
        with store._lecture() as c:
            entree.set()
            assert suite.wait(ATTENTE)
            return c.execute("SELECT COUNT(*) FROM stored_events").fetchall()

    class Libre(Condition):
        """Tells that somebody waits for the operations under way."""

        def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
            """Tell, then wait."""
            decide.set()
            return super().wait_for(predicate, timeout)

    decide = Event()
    store._usage._libre = Libre(store._usage._verrou)

    def fermer() -> None:
        store.fermer()
        ferme.set()

    lecteur = Appel(lire)
    lecteur.start()
    assert entree.wait(ATTENTE)
    fermeur = Appel(fermer)
    fermeur.start()
    assert decide.wait(ATTENTE)
    assert (ferme.is_set(), dire(store.programmes)) == (False, "base_fermee")
    suite.set()
    assert (lecteur.rendre(), fermeur.rendre(), ferme.is_set()) == ([(1,)], None, True)
