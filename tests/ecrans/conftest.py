"""The demonstration in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands.demo import PROGRAMME
from tests.cli.outils import lancer
from tests.ecrans.navigateur import chromium, servie


@pytest.fixture(scope="session")
def navigateur() -> Iterator[Any]:
    """One Chromium for all the screens."""
    with chromium() as ouvert:
        yield ouvert


@pytest.fixture(scope="session")
def base_vue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration up to 2022."""
    base = tmp_path_factory.mktemp("ecrans") / "demo.db"
    assert lancer("demo", "--base", base, "--au", "2022-12-31").code == 0
    return base


@pytest.fixture(scope="session")
def console(base_vue: Path) -> Iterator[str]:
    """The address of the programme in a console."""
    with servie(base_vue) as adresse:
        yield f"{adresse}/programmes/{PROGRAMME}"


@pytest.fixture
def page(navigateur: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A tab of a laptop; its script errors and outside requests fail the test at its end.

    A mark `onglet(**reglages)` changes its width or turns scripts off.
    """
    marque = request.node.get_closest_marker("onglet")
    reglages = {"viewport": {"width": 1366, "height": 768}, **(marque.kwargs if marque else {})}
    contexte = navigateur.new_context(locale="fr-FR", **reglages)
    onglet = contexte.new_page()
    plaintes: list[str] = []
    onglet.on("pageerror", lambda erreur: plaintes.append(str(erreur)))
    onglet.on("dialog", lambda dialogue: plaintes.append(f"dialogue : {dialogue.message}"))
    onglet.on(
        "console",
        lambda m: (
            plaintes.append(m.text) if m.type == "error" and "status of 4" not in m.text else 0
        ),
    )
    onglet.on(
        "request",
        lambda r: (
            None
            if r.url.startswith(("http://127.0.0.1:", "data:", "file:", "about:"))
            else plaintes.append(f"au dehors : {r.url}")
        ),
    )
    yield onglet
    contexte.close()
    assert plaintes == []
