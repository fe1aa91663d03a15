"""Une base remise en arrière sous une poignée ouverte : refusée tant qu'elle reste ouverte."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commands import GrandLivre
from ledger.erreurs import ChainBrokenError, StoreReplacedError
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P


def restaurer(depuis: Path, base: Path) -> None:
    """Put a base back through SQLite, as `.restore` does."""
    with closing(sqlite3.connect(depuis)) as de, closing(sqlite3.connect(base)) as a:
        de.backup(a)


@pytest.fixture
def vieille(tmp_path: Path) -> Path:
    """A copy of the base, kept when it held its first line only."""
    return tmp_path / "vieille.db"


@pytest.fixture
def base(tmp_path: Path, vieille: Path) -> Path:
    """A base of one line, and its copy."""
    base = tmp_path / "a.db"
    with GrandLivre.ouvrir(base, creer=True) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    restaurer(base, vieille)
    return base


@pytest.fixture
def livre(base: Path) -> Iterator[GrandLivre]:
    """A handle, warm after a structure's application that it acknowledged at position 2."""
    with GrandLivre.ouvrir(base) as livre:
        assert livre.executer(commande("DéposerCandidature", "b0")).positions == (2,)
        yield livre


def test_une_base_remplacee_reste_refusee_apres_une_premiere_erreur(
    base: Path, vieille: Path, livre: GrandLivre
) -> None:
    """L'erreur n'efface pas ce que la poignée a lu : elle refuse jusqu'à sa fermeture."""
    with GrandLivre.ouvrir(vieille) as autre:
        for rang in range(3):
            autre.executer(commande("ModifierEnveloppe", f"autre-{rang}"))
    restaurer(vieille, base)
    with pytest.raises((ChainBrokenError, StoreReplacedError)):
        livre.executer(commande("ModifierEnveloppe", "c0"))
    for identifiant in ("c1", "c0", "c2"):
        with pytest.raises(StoreReplacedError, match="la ligne 2"):
            livre.executer(commande("ModifierEnveloppe", identifiant))
    with pytest.raises(StoreReplacedError, match="la ligne 2"):
        livre.executer(commande("DéposerCandidature", "b0"))
    with pytest.raises(StoreReplacedError, match="la ligne 2"):
        livre.etat(P)
    livre.fermer()
    with GrandLivre.ouvrir(base) as rouvert:
        assert rouvert.executer(commande("ModifierEnveloppe", "c1")).positions == (5,)
