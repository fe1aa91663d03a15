"""A headless Chromium that knows nothing and calls nobody, and a console for it to open."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn

from ledger import SQLiteStore
from projections.console.application import Console, creer_console

_CANDIDATS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_REGLAGES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=fr-FR",
)


def chemin_de_chromium() -> str | None:
    """Where Chromium is: `FABRIQUES_CHROMIUM`, else the first one of the PATH."""
    voulu = os.environ.get("FABRIQUES_CHROMIUM")
    return voulu or next((c for nom in _CANDIDATS if (c := shutil.which(nom))), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser. Skips, saying why, where it cannot run; fails if it was asked for by name."""
    chemin = chemin_de_chromium()
    if chemin is None:
        pytest.skip("Chromium absent : apt-get install chromium, ou FABRIQUES_CHROMIUM=chemin")
    if os.environ.get("FABRIQUES_CHROMIUM"):
        import importlib  # noqa: PLC0415

        api: Any = importlib.import_module("playwright.sync_api")
    else:
        api = pytest.importorskip(
            "playwright.sync_api", reason="extra « navigateur » absent : make ecrans l'installe"
        )
    with api.sync_playwright() as playwright:
        navigateur = playwright.chromium.launch(
            executable_path=chemin, args=list(_REGLAGES), env={**os.environ, "LANG": "fr_FR.UTF-8"}
        )
        yield navigateur
        navigateur.close()


@contextmanager
def servie(base: Path) -> Iterator[str]:
    """A console on loopback: its address. The socket listens before the server runs."""
    store = SQLiteStore(base, ecriture=False)
    with socket.create_server(("127.0.0.1", 0)) as prise:
        reglages = uvicorn.Config(
            creer_console(Console(store)), access_log=False, log_level="warning", ws="none"
        )
        serveur = uvicorn.Server(reglages)
        fil = Thread(target=serveur.run, kwargs={"sockets": [prise]})
        fil.start()
        try:
            yield f"http://127.0.0.1:{prise.getsockname()[1]}"
        finally:
            serveur.should_exit = True
            fil.join()
            store.fermer()


def fautes(page: Any) -> list[str]:
    """What axe finds wrong in a page: rule, and the first element at fault."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    return [
        f"{v['id']} ({len(v['nodes'])}) : {v['nodes'][0]['html'][:200]}"
        for v in axe.run(page).response["violations"]
    ]
