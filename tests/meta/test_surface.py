"""Ce que l'hôte obtient en important les trois paquets : des noms rangés, et aucun effet."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meta.arbre import PAQUETS, RACINE

SANS_EFFET = {"indesirables": [], "gestionnaires": [], "structlog_configure": False}
SONDE = """
import importlib, json, logging, pathlib, sys
for nom in sys.argv[2:]:
    importlib.import_module(nom)
journaux = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
structlog = sys.modules.get("structlog")
pathlib.Path(sys.argv[1]).write_text(json.dumps({
    "indesirables": sorted({"click", "hypothesis", "pytest"} & set(sys.modules)),
    "gestionnaires": sorted(
        f"{journal.name}: {type(g).__name__}"
        for journal in journaux for g in journal.handlers if type(g) is not logging.NullHandler
    ),
    "structlog_configure": structlog is not None and structlog.is_configured(),
}))
"""


def sonder(dossier: Path, *paquets: str) -> tuple[dict[str, object], str]:
    """Import the packages in a fresh interpreter; what it then holds, and all that it printed."""
    fait = subprocess.run(
        [sys.executable, "-c", SONDE, str(dossier / "vu.json"), *paquets],
        cwd=dossier,
        env={**os.environ, "PYTHONPATH": str(RACINE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert fait.returncode == 0, fait.stdout
    vu: dict[str, object] = json.loads((dossier / "vu.json").read_text("utf-8"))
    return vu, fait.stdout


@pytest.mark.parametrize("paquet", PAQUETS)
def test_importer_un_paquet_est_sans_effet(paquet: str, tmp_path: Path) -> None:
    """Importer un paquet n'affiche rien, ne règle aucun journal, ne charge ni click ni pytest."""
    assert sonder(tmp_path, paquet) == (SANS_EFFET, "")


def test_la_sonde_voit_les_effets(tmp_path: Path) -> None:
    """Un paquet qui affiche, règle les journaux ou charge un outil de test est vu."""
    (tmp_path / "bavard.py").write_text(
        "import click, logging, structlog\n"
        "print('bonjour')\n"
        "logging.getLogger('ledger').addHandler(logging.StreamHandler())\n"
        "structlog.configure()\n",
        "utf-8",
    )
    assert sonder(tmp_path, "bavard") == (
        {
            "indesirables": ["click"],
            "gestionnaires": ["ledger: StreamHandler"],
            "structlog_configure": True,
        },
        "bonjour\n",
    )


@pytest.mark.parametrize("paquet", PAQUETS)
def test_la_facade_est_rangee_et_complete(paquet: str) -> None:
    """La façade d'un paquet liste ses noms dans l'ordre, sans doublon, et chacun existe."""
    facade = importlib.import_module(paquet)
    noms: list[str] = list(facade.__all__)
    # Constants, then classes, then functions: ruff's order (RUF022).
    assert noms == sorted(set(noms), key=lambda nom: (not nom.isupper(), nom))
    assert [nom for nom in noms if not hasattr(facade, nom)] == []
