"""What somebody may have done to the file: a trigger, a lost index, a folder we cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre
from ledger import MemoryStore, SQLiteStore, Store
from ledger.audit import verifier
from ledger.erreurs import StoreCorruptError, StoreUnsafeError
from ledger.stockage.port import EntreeIndex
from tests.unit.monde import Monde, P


def ecrire(fichier: Path, sql: str) -> None:
    """Change the file behind the ledger's back."""
    connexion = sqlite3.connect(fichier)
    connexion.executescript(sql)
    connexion.close()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A closed base with a label."""
    fichier = tmp_path / "a.db"
    monde = Monde(store=SQLiteStore(fichier, creer=True))
    monde.label()
    monde.livre.fermer()
    return fichier


def constats(fichier: Path) -> list[str]:
    """The finding codes of a read-only verification."""
    store = SQLiteStore(fichier, ecriture=False)
    try:
        return [constat.code for constat in verifier(store, P).constats]
    finally:
        store.fermer()


def test_un_declencheur_arrete_toute_ecriture_et_se_constate(base: Path) -> None:
    """Un déclencheur pourrait défaire ce qui est acquitté : on n'écrit plus, et c'est constaté."""
    ecrire(
        base,
        "CREATE TRIGGER t AFTER INSERT ON stored_events BEGIN "
        "DELETE FROM stored_events WHERE originator_version=1; END",
    )
    assert constats(base) == ["base_endommagee"]
    with pytest.raises(StoreUnsafeError, match="trigger t"):
        GrandLivre.ouvrir(base)


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE fabriques_commandes", "DELETE FROM fabriques_commandes WHERE position=3"],
)
def test_un_index_perdu_se_constate_puis_se_refait(base: Path, sql: str) -> None:
    """Un identifiant accepté n'est jamais oublié : l'index se refait depuis les lignes."""
    avant = SQLiteStore(base, ecriture=False)
    attendu = list(avant.index())
    avant.fermer()
    ecrire(base, sql)
    assert constats(base) == ["index_divergent"]
    monde = Monde(store=SQLiteStore(base), ouvert=False)
    recu = monde.livre.executer(
        {
            "commande": "LabelliserFabrique",
            "id_commande": attendu[-1][1].id_commande,
            "programme": P,
            "acteur": {"id": "alice", "role": "comptable"},
            "date_effet": "2020-02-03",
            "structure": "autre",
            "montant_centimes": 15_000_000,
        }
    )
    assert recu.refus is not None
    assert recu.refus.code == "commande_divergente"
    assert list(monde.livre.store.index()) == attendu
    monde.livre.fermer()
    assert constats(base) == []


def test_un_dossier_que_nous_n_ecrivons_pas_n_est_pas_un_support_fige(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sans droit d'écrire le dossier, un autre peut écrire la base : elle n'est pas figée."""
    monkeypatch.setattr("os.access", lambda *_: False)
    store = SQLiteStore(base, ecriture=False)
    assert store._sur_support_fige() is False
    store.fermer()


def test_une_base_dont_l_erreur_n_est_pas_du_texte_est_endommagee(base: Path) -> None:
    """Un schéma brouillé, que SQLite cite en octets quelconques, est une base endommagée."""
    for fichier in base.parent.glob("a.db-*"):
        fichier.unlink()
    octets = base.read_bytes()
    brouilles = octets.replace(b"stored_events", b"stored_\xe7vents")
    base.write_bytes(brouilles.replace(b"CREATE TABLE", b"CREATE TABLX"))
    with pytest.raises(StoreCorruptError, match=r"endommagée"):
        constats(base)
    with pytest.raises(StoreCorruptError, match=r"endommagée"):
        GrandLivre.ouvrir(base)


@pytest.mark.parametrize("position", ["a", b"\0", 2.5, None])
def test_une_position_qui_n_est_pas_un_nombre_est_un_constat(position: object) -> None:
    """Un texte, des octets ou un nombre à virgule à la place d'une position : un constat.

    C'est ce que rend SQLite quand un octet de l'en-tête d'une ligne a changé.
    """
    monde = Monde(store=MemoryStore())
    monde.label()
    store = MemoryStore()
    lignes = [*monde.livre.store.lire(P)]
    lignes[1] = lignes[1]._replace(position=position, octets=b"{}")  # type: ignore[arg-type]
    store._lignes[P] = lignes
    rapport = verifier(store, P)
    codes = {constat.code for constat in rapport.constats}
    assert {"position_manquante", "fait_illisible"} <= codes
    assert {type(constat.position) for constat in rapport.constats} <= {int, type(None)}


class _IndexFausse(MemoryStore):
    """A store whose index says something else in one member of its second entry."""

    def __init__(self, store: Store, champ: str, valeur: object) -> None:
        super().__init__(store)
        self._faux: dict[str, Any] = {champ: valeur}

    def retrouver(self, programme: str, ids: Iterable[str]) -> dict[str, EntreeIndex]:
        entrees = {entree.id_commande: entree for _, entree in self.index()}
        return {i: entrees[i] for i in ids if i in entrees}

    def index(self) -> Iterator[tuple[str, EntreeIndex]]:
        for rang, (programme, entree) in enumerate(super().index()):
            yield programme, entree._replace(**self._faux) if rang == 1 else entree


@pytest.mark.parametrize("valeur", ["a", b"\0", 2.5, None])
def test_une_entree_d_index_d_un_autre_genre_est_un_constat(valeur: object) -> None:
    """Un numéro ou un identifiant d'un autre genre, dans l'index, est un constat."""
    monde = Monde(store=MemoryStore())
    monde.label()
    for champ in ("position", "id_commande"):
        store = _IndexFausse(monde.livre.store, champ, valeur)
        trouves = {constat.code for constat in verifier(store, P).constats}
        assert "index_divergent" in trouves
