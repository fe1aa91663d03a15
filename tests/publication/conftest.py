"""Les bases que les publications lisent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.outils import lancer


@pytest.fixture(scope="session")
def base_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration up to 2022, never written to by a test."""
    base = tmp_path_factory.mktemp("publication") / "demo.db"
    fait = lancer("demo", "--base", base, "--au", "2022-12-31", "--format", "json")
    assert fait.code == 0, fait.erreur
    return base
