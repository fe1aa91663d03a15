"""Ce qu'une graine fixe, et ce qu'elle ne fixe pas (ADR 0041)."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.mutation.greffe import RACINE

_TIRER = """
import sys
from hashlib import sha256
from json import dumps

from hypothesis import given, seed, settings, strategies as st

from commands.testing.machine import eprouver
from tests.kit.systemes import Sain
from tests.modules import charger


def condenser(vues):
    return sha256("\\n".join(vues).encode()).hexdigest()


def histoires():
    vues = []

    class Note(Sain):
        def repondre(self, commande):
            vues.append(dumps(commande, sort_keys=True))
            return super().repondre(commande)

    eprouver(Note, exemples=8, graine=7)
    return condenser(vues)


def nombres():
    vus = []

    @seed(7)
    @settings(database=None, max_examples=500)
    @given(st.integers(1, 10**9))
    def voir(nombre):
        vus.append(str(nombre))

    voir()
    return condenser(vus)


if "seul" not in sys.argv:
    import tests.cli.test_demo, tests.unit.ledger.test_champs, wsgiref.handlers, xmlrpc.server
    from docs.guides.exemples import carnet
charger()
print(histoires(), nombres())
sys.path.append(sys.argv[-1])
import constantes
print(nombres())
"""
_CONSTANTES = f"NOMBRES = {[99_991 * n for n in range(1, 800)]}\n"


@cache
def _tirer(dossier: Path, comment: str, hachage: str) -> list[str]:
    (dossier / "constantes.py").write_text(_CONSTANTES, encoding="utf-8")
    fini = subprocess.run(
        [sys.executable, "-c", _TIRER, comment, str(dossier)],
        cwd=RACINE,
        env=os.environ | {"PYTHONHASHSEED": hachage},
        capture_output=True,
        text=True,
        check=True,
    )
    return fini.stdout.split()


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a module of somebody else lies."""
    return tmp_path_factory.mktemp("ailleurs")


def test_une_graine_donne_les_memes_histoires_quoi_qui_tourne_avant(dossier: Path) -> None:
    """Une graine donne les mêmes histoires, seule ou après d'autres tests, tout étant chargé."""
    seul = _tirer(dossier, "seul", "1")
    assert len(seul) == 3
    assert seul == _tirer(dossier, "apres_d_autres", "2")


def test_un_module_de_plus_change_ce_qu_une_graine_tire(dossier: Path) -> None:
    """La limite dite par la documentation est vraie : un module de plus change les tirages."""
    _, avant, apres = _tirer(dossier, "seul", "1")
    assert avant != apres
