"""Ce qu'une écriture suit : relu dès qu'un autre a pu y toucher, cru sinon."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import SQLiteStore
from ledger.erreurs import StoreReplacedError
from ledger.preuve.ligne import Lineur
from ledger.stockage.port import Ecriture, EntreeIndex, LigneBrute


class Ecrivain:
    """A writer of journals that remembers, as `Journal` does, the head that it left in each."""

    def __init__(self, store: SQLiteStore) -> None:
        self.store = store
        self.tetes: dict[str, str] = {}

    def ecrire(self, programme: str, position: int) -> None:
        """One line after the head that this writer knows."""
        ligne = LigneBrute(position, "avis-rendu", b'{"n":%d}' % position)
        fin = Lineur(programme).feuille(*ligne).hex()
        entree = EntreeIndex(f"c{position}", position, "0" * 64)
        tete = self.tetes.get(programme)
        self.store.ajouter([Ecriture(programme, [ligne], [entree], tete=tete, fin=fin)])
        self.tetes[programme] = fin


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Where the base is made."""
    return tmp_path / "a.db"


@pytest.fixture
def ecrivain(base: Path) -> Iterator[Ecrivain]:
    """A writer that left two lines in `p` and in `q`, through one connection."""
    store = SQLiteStore(base, creer=True)
    ecrivain = Ecrivain(store)
    for programme in ("p", "q"):
        ecrivain.ecrire(programme, 1)
        ecrivain.ecrire(programme, 2)
    yield ecrivain
    store.fermer()


def executer(base: Path, *requetes: str) -> None:
    """What another connection does to the base, through SQLite."""
    with closing(sqlite3.connect(base)) as autre, autre:
        for requete in requetes:
            autre.execute(requete)


def lectures(ecrivain: Ecrivain, programme: str, position: int) -> int:
    """How many lines the store reads to write one."""
    assert ecrivain.store._factory is not None
    (connexion,) = ecrivain.store._factory.bassin._pool
    vues: list[str] = []
    connexion._sqlite_conn.set_trace_callback(vues.append)
    ecrivain.ecrire(programme, position)
    connexion._sqlite_conn.set_trace_callback(None)
    return sum(requete.startswith("SELECT") for requete in vues)


def test_la_ligne_qui_precede_n_est_relue_que_si_un_autre_a_ecrit(
    ecrivain: Ecrivain, base: Path
) -> None:
    """Une connexion seule à écrire ne relit rien ; une écriture d'ailleurs fait relire une fois."""
    seule = [lectures(ecrivain, "p", 3), lectures(ecrivain, "p", 4), lectures(ecrivain, "q", 3)]
    executer(base, "INSERT INTO stored_events VALUES ('r', 1, 'avis-rendu', x'7b7d')")
    ensuite = [lectures(ecrivain, "p", 5), lectures(ecrivain, "p", 6), lectures(ecrivain, "q", 4)]
    assert (seule, ensuite) == ([0, 0, 0], [1, 0, 1])


@pytest.mark.parametrize("apres_une_autre", [False, True])
def test_un_journal_rendu_plus_court_par_un_autre_ne_recoit_rien(
    ecrivain: Ecrivain, base: Path, *, apres_une_autre: bool
) -> None:
    """La dernière ligne de p ôtée par SQLite : l'écriture suivante dans p est refusée, même quand
    une écriture dans q, entre les deux, a trouvé le journal q intact."""
    executer(base, "DELETE FROM stored_events WHERE originator_id='p' AND originator_version=2")
    if apres_une_autre:
        ecrivain.ecrire("q", 3)
    with pytest.raises(StoreReplacedError, match="n'a plus la ligne 2 de p"):
        ecrivain.ecrire("p", 3)
    assert [ligne.position for ligne in ecrivain.store.lire("p")] == [1]


@pytest.mark.parametrize("change", ["state=x'7b7d'", "state='{}'", "topic=1, state=2"])
def test_une_ligne_changee_par_un_autre_n_est_pas_suivie(
    ecrivain: Ecrivain, base: Path, change: str
) -> None:
    """La dernière ligne de p réécrite par SQLite, même d'un autre type : l'écriture est refusée."""
    requete = f"UPDATE stored_events SET {change} WHERE originator_id='p'"  # noqa: S608 - ours
    executer(base, requete)
    with pytest.raises(StoreReplacedError, match="n'a plus la ligne 2 de p"):
        ecrivain.ecrire("p", 3)


def test_un_ecrivain_qui_lut_une_autre_ligne_est_refuse(ecrivain: Ecrivain) -> None:
    """Par la même connexion, un écrivain qui ne connaît pas la dernière ligne ne la suit pas."""
    autre = Ecrivain(ecrivain.store)
    autre.tetes["p"] = "0" * 64
    with pytest.raises(StoreReplacedError, match="n'a plus la ligne 2 de p"):
        autre.ecrire("p", 3)
    ecrivain.ecrire("p", 3)
    assert [ligne.position for ligne in ecrivain.store.lire("p")] == [1, 2, 3]


def test_une_ecriture_defaite_n_est_pas_suivie(ecrivain: Ecrivain) -> None:
    """Une transaction défaite ne laisse pas croire à la ligne qu'elle portait."""
    with pytest.raises(StoreReplacedError, match="n'a plus la ligne 3 de q"):
        ecrivain.store.ajouter(
            [
                Ecriture("p", [LigneBrute(3, "avis-rendu", b"{}")], [], ecrivain.tetes["p"], "f"),
                Ecriture("q", [LigneBrute(4, "avis-rendu", b"{}")], [], ecrivain.tetes["q"], "f"),
            ]
        )
    ecrivain.tetes["p"] = "f"
    with pytest.raises(StoreReplacedError, match="n'a plus la ligne 3 de p"):
        ecrivain.ecrire("p", 4)


def test_un_fichier_mis_a_la_place_de_la_base_n_est_pas_ouvert(
    ecrivain: Ecrivain, base: Path, tmp_path: Path
) -> None:
    """Une connexion de plus ne s'ouvre pas sur un autre fichier : il reste ce qu'il était."""
    executer(tmp_path / "autre.db", "CREATE TABLE t (x)")
    octets = (tmp_path / "autre.db").read_bytes()
    assert ecrivain.store._factory is not None
    with ecrivain.store._factory.bassin.lecture():  # the only connection is in use
        for suffixe in ("-wal", "-shm"):
            base.with_name(base.name + suffixe).unlink()
        (tmp_path / "autre.db").replace(base)
        with pytest.raises(StoreReplacedError, match="n'est plus le fichier qui a été ouvert"):
            ecrivain.ecrire("p", 3)
    assert base.read_bytes() == octets
