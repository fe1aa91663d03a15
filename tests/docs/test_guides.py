"""README and guides run as written: Python blocks by sybil, `fabriques` lines by the real CLI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

RACINE = Path(__file__).parents[2]
PYTHON = [
    "README.md",
    "docs/guides/embarquer.md",
    "docs/guides/eprouver.md",
    "docs/guides/integrer.md",
    "docs/guides/longs-journaux.md",
    "docs/guides/partitionner.md",
]
TERMINAL = [
    "docs/guides/console.md",
    "docs/guides/controler.md",
    "docs/guides/explorer.md",
    "docs/guides/importer.md",
    "docs/guides/integrer.md",
    "docs/guides/partitionner.md",
    "docs/guides/publier.md",
    "docs/guides/rapprocher.md",
    "docs/guides/simuler.md",
    "docs/guides/tableurs.md",
    "docs/guides/terminal.md",
]
MOTS_D_IMAGE = 15
"""A picture says more than its name: as many characters, at least."""
LANCEUR = "import sys; from commands.cli import main; sys.exit(main())"


@pytest.mark.parametrize("page", PYTHON)
def test_les_exemples_python_tournent(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chaque exemple Python de la page s'exécute, dans l'ordre."""
    monkeypatch.chdir(tmp_path)
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(RACINE / page)
    exemples = list(document.examples())
    assert exemples
    for exemple in exemples:
        exemple.evaluate()


@pytest.mark.parametrize("page", TERMINAL)
def test_les_commandes_du_guide_tournent(page: str, tmp_path: Path) -> None:
    """Chaque bloc de commandes de la page réussit tel quel, dans l'ordre."""
    texte = (RACINE / page).read_text("utf-8")
    blocs = re.findall(r"```bash\n(.*?)```", texte, re.DOTALL)
    assert blocs
    outils = tmp_path / "outils"
    outils.mkdir()
    lanceur = outils / "fabriques"
    lanceur.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{LANCEUR}" "$@"\n', "utf-8")
    lanceur.chmod(0o755)
    travail = tmp_path / "travail"
    travail.mkdir()
    chemin = f"{outils}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    for bloc in blocs:
        fait = subprocess.run(
            [shutil.which("bash") or "bash", "-euo", "pipefail", "-c", bloc],
            cwd=travail,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={"PYTHONPATH": str(RACINE), "PATH": chemin, "PYTHONUTF8": "1"},
            check=False,
        )
        assert (bloc, fait.returncode, fait.stderr) == (bloc, 0, fait.stderr)


def test_tous_les_liens_internes_existent() -> None:
    """Chaque lien relatif des pages mène à un fichier du projet."""
    pages = [RACINE / "README.md", RACINE / "CONTRIBUTING.md", *(RACINE / "docs").rglob("*.md")]
    morts = [
        f"{page.relative_to(RACINE)} -> {cible}"
        for page in pages
        for cible in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
        if not (page.parent / cible).exists()
    ]
    assert morts == []


def test_chaque_capture_est_montree_et_dite() -> None:
    """Chaque image de docs/captures est dans une page, avec sa phrase ; README et guide en ont."""
    captures = RACINE / "docs/captures"
    montrees: dict[str, list[Path]] = {}
    for page in (RACINE / "README.md", *(RACINE / "docs").rglob("*.md")):
        for phrase, cible in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text("utf-8")):
            image = (page.parent / cible).resolve()
            assert len(phrase) > MOTS_D_IMAGE, (page, cible)
            assert image.is_file(), (page, cible)
            montrees.setdefault(page.name, []).append(image)
    toutes = {image for images in montrees.values() for image in images}
    assert {*captures.iterdir()} <= toutes
    for page_lue in ("README.md", "controler.md"):
        assert len(set(montrees.get(page_lue, ()))) > 1, page_lue
