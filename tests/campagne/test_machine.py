"""La campagne de la machine, en court : une graine par version ; la longue : `make machine`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.campagne.machine import manche

MINIMUM = 8_000


def graine() -> int:
    """`FABRIQUES_GRAINE`, else one drawn from the commit: each one explores something else."""
    donnee = os.environ.get("FABRIQUES_GRAINE")
    git = shutil.which("git")
    if donnee is not None or git is None:
        return int(donnee or 1)
    fait = subprocess.run(
        [git, "rev-parse", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return int(fait.stdout[:7] or "1", 16)


def test_le_moteur_et_le_modele_de_reference_ne_divergent_pas() -> None:
    """Des milliers de commandes tirées au sort ont la même réponse, puis les mêmes chiffres."""
    tiree = graine()
    compte = manche(tiree)
    assert compte.commandes > MINIMUM, f"graine {tiree}"
    assert compte.statuts["acceptee"] > compte.commandes // 4
    assert len(compte.statuts) > 25, sorted(compte.statuts)  # reasons to refuse, most of them seen
    assert compte.regards > 0
