"""Une base ouverte deux fois par un même processus garde les verrous que SQLite y tient."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import GrandLivre
from ledger import SQLiteStore
from tests.unit.monde import Monde, P

RACINE = Path(__file__).resolve().parents[4]
AILLEURS = "import sys; from ledger import SQLiteStore as S; S(sys.argv[1]).fermer()"


@contextmanager
def ouverte(store: SQLiteStore) -> Iterator[SQLiteStore]:
    """A store, closed at the end."""
    try:
        yield store
    finally:
        store.fermer()


def ouvrir_ailleurs(base: Path) -> None:
    """Open the base in another process, and close it: it removes the log when it is alone."""
    fait = subprocess.run([sys.executable, "-c", AILLEURS, str(base)], cwd=RACINE, check=False)
    assert fait.returncode == 0


@pytest.mark.parametrize("ecriture", [False, True])
def test_rouvrir_une_base_ne_perd_pas_les_verrous(tmp_path: Path, ecriture: bool) -> None:
    """Une base rouverte puis fermée par le même processus garde son journal."""
    base = tmp_path / "b.db"
    with GrandLivre(SQLiteStore(base, creer=True)) as livre:
        monde = Monde(ouvert=False)
        monde.livre = livre
        monde.ok("OuvrirProgramme", "2019-07-11")
        SQLiteStore(base, ecriture=ecriture).fermer()
        ouvrir_ailleurs(base)
        assert (tmp_path / "b.db-wal").exists()
        monde.ok("DéposerCandidature", "2020-01-10")
    with ouverte(SQLiteStore(base, ecriture=False)) as store:
        assert store.taille(P) == 2


def test_les_descripteurs_gardes_sont_rendus(tmp_path: Path) -> None:
    """Le dernier fermé rend tout : rouvrir une base ne consomme pas de descripteur."""
    base = tmp_path / "b.db"
    Monde(store=SQLiteStore(base, creer=True)).livre.fermer()
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("pas de /proc/self/fd : les descripteurs ne se comptent pas ici")
    avant = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(20):
        with ouverte(SQLiteStore(base)), ouverte(SQLiteStore(base, ecriture=False)):
            pass
    assert len([*Path("/proc/self/fd").iterdir()]) == avant
