"""Le guide de PostgreSQL : ses commandes tournent telles quelles."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.test_guides import LANCEUR, RACINE

from .serveur import Serveur


def test_les_commandes_du_guide_tournent(url_nue: str, serveur: Serveur, tmp_path: Path) -> None:
    """Chaque bloc de commandes du guide réussit, dans l'ordre, sur une base neuve."""
    texte = (RACINE / "docs/guides/postgresql.md").read_text("utf-8")
    blocs = re.findall(r"```bash\n(.*?)```", texte, re.DOTALL)
    assert len(blocs) >= 3
    outils = tmp_path / "outils"
    outils.mkdir()
    lanceur = outils / "fabriques"
    lanceur.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{LANCEUR}" "$@"\n', "utf-8")
    lanceur.chmod(0o755)
    (outils / "psql").symlink_to(serveur.binaires.bin / "psql")
    for bloc in blocs:
        fait = subprocess.run(
            [shutil.which("bash") or "bash", "-euo", "pipefail", "-c", bloc],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PATH": f"{outils}:{os.environ['PATH']}",
                "PYTHONPATH": str(RACINE),
                "BASE": url_nue,
            },
        )
        assert fait.returncode == 0, f"{bloc}\n{fait.stdout}\n{fait.stderr}"
