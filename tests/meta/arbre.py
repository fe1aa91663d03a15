"""The tree under test: its root, its files, its modules."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

RACINE = Path(__file__).resolve().parents[2]
PAQUETS = ("commands", "ledger", "projections")
_FABRIQUES = {"__pycache__", "build", "dist", "htmlcov", "mutants"}


def fichiers() -> tuple[str, ...]:
    """Every file git tracks or would track, relative to the root, sorted.

    Without git (an unpacked archive), every file outside hidden and generated folders.
    """
    noms = _selon_git() or _selon_le_disque()
    return tuple(sorted(nom for nom in noms if (RACINE / nom).is_file()))


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    fait = subprocess.run([git, *arguments], cwd=RACINE, capture_output=True, check=False)
    return fait.stdout.decode() if fait.returncode == 0 else None


def _selon_git() -> list[str]:
    sommet = _git("rev-parse", "--show-toplevel")
    if sommet is None or Path(sommet.strip()).resolve() != RACINE:
        return []
    listes = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
    return [nom for nom in listes.split("\0") if nom]


def _selon_le_disque() -> Iterator[str]:
    for dossier, sous_dossiers, noms in os.walk(RACINE):
        sous_dossiers[:] = [
            d
            for d in sous_dossiers
            if d not in _FABRIQUES and (d == ".ci" or not d.startswith("."))
        ]
        for nom in noms:
            if not nom.endswith((".db", ".db-wal", ".db-shm")):
                yield (Path(dossier) / nom).relative_to(RACINE).as_posix()


def modules() -> dict[str, ast.Module]:
    """The syntax tree of every module of the three packages, by path relative to the root."""
    return {
        nom: ast.parse((RACINE / nom).read_text("utf-8"), nom)
        for nom in fichiers()
        if nom.endswith(".py") and nom.split("/", 1)[0] in PAQUETS
    }
