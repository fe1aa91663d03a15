"""Les bases d'essai de la ligne de commande."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.outils import en_lignes, lancer, ouverture


@pytest.fixture(scope="session")
def base_golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration up to 2022, never written to by a test."""
    base = tmp_path_factory.mktemp("cli") / "golden.db"
    fait = lancer("demo", "--base", base, "--au", "2022-12-31", "--format", "json")
    assert fait.code == 0, fait.erreur
    return base


@pytest.fixture
def base(base_golden: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration, that a test may write to or damage."""
    return Path(shutil.copy(base_golden, tmp_path / "fabriques.db"))


@pytest.fixture
def base_neuve(tmp_path: Path) -> Path:
    """A base that holds one opened programme and nothing else."""
    chemin = tmp_path / "neuve.db"
    fait = lancer("executer", "-", "--base", chemin, entree=en_lignes([ouverture()]))
    assert fait.code == 0, fait.erreur
    return chemin
