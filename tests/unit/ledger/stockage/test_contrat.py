"""Le contrat de tout magasin : les mêmes tests en mémoire, en bifurcation et sur SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger import MemoryStore, SQLiteStore, Store, VersionConflictError
from ledger.testing.contrat import ContratDesMagasins, ecriture

Fabrique = Callable[[], Store]


@pytest.fixture(params=["memoire", "bifurcation", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    fabriques: dict[str, Fabrique] = {
        "memoire": MemoryStore,
        "bifurcation": lambda: MemoryStore(MemoryStore()),
        "sqlite": lambda: SQLiteStore(tmp_path / "a.db", creer=True),
    }
    magasin = fabriques[request.param]()
    yield magasin
    magasin.fermer()


class TestContratDesMagasins(ContratDesMagasins):
    """Chaque magasin du projet tient le contrat publié."""


def test_une_bifurcation_prolonge_son_origine_sans_l_ecrire() -> None:
    """Une bifurcation lit son origine, ajoute à sa suite, et n'y écrit rien."""
    origine = MemoryStore()
    origine.ajouter([ecriture("p", 1, 2)])
    fourche = MemoryStore(origine)
    fourche.ajouter([ecriture("p", 3, 2)])
    assert [x.position for x in fourche.lire("p", apres=1, jusqua=3)] == [2, 3]
    assert [x.position for x in origine.lire("p")] == [1, 2]
    with pytest.raises(VersionConflictError):
        fourche.ajouter([ecriture("p", 2, ids="d")])


def test_une_bifurcation_ignore_la_suite_de_son_origine() -> None:
    """Ce que l'origine ajoute après la bifurcation n'y entre ni par les lignes ni par l'index."""
    origine = MemoryStore()
    origine.ajouter([ecriture("p", 1, 2)])
    fourche = MemoryStore(origine)
    fourche.ajouter([ecriture("p", 3, ids="d")])
    origine.ajouter([ecriture("p", 3, 2)])
    assert [x.position for x in fourche.lire("p")] == [1, 2, 3]
    assert sorted(fourche.retrouver("p", ["c1", "c3", "c4", "d3"])) == ["c1", "d3"]
    assert sorted(e.id_commande for _, e in fourche.index()) == ["c1", "c2", "d3"]


def test_une_bifurcation_peut_partir_d_une_position_passee() -> None:
    """Une bifurcation partie d'une position passée ne voit ni ligne ni identifiant d'après elle."""
    origine = MemoryStore()
    origine.ajouter([ecriture("p", 1, 3), ecriture("q", 1)])
    fourche = MemoryStore(origine, jusqua={"p": 2})
    assert (fourche.taille("p"), fourche.taille("q")) == (2, 1)
    assert sorted(fourche.retrouver("p", ["c1", "c3"])) == ["c1"]
    fourche.ajouter([ecriture("p", 3, ids="d")])
    assert [x.position for x in fourche.lire("p")] == [1, 2, 3]
    assert origine.taille("p") == 3
    assert MemoryStore(origine, jusqua={"p": 9}).taille("p") == 3
    assert MemoryStore(origine, jusqua={"p": 0}).programmes() == ("q",)
