"""Ce que les tests laissent derrière eux quand ils sont tués : leurs serveurs, et rien d'autre."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from .serveur import _GARDER


def test_le_gardien_ne_tue_que_les_serveurs_de_son_dossier(tmp_path: Path) -> None:
    """Un numéro laissé par un serveur mort peut être celui d'un autre programme : il vit encore."""
    dossier = tmp_path / "fab"
    lances = []
    for nom, argument in (("sien", dossier / "sien" / "donnees"), ("autre", tmp_path)):
        donnees = dossier / nom / "donnees"
        donnees.mkdir(parents=True)
        commande = ["/bin/sh", "-c", "read -r rien", "sh", str(argument)]
        lances.append(subprocess.Popen(commande, stdin=subprocess.PIPE))
        (donnees / "postmaster.pid").write_text(f"{lances[-1].pid}\n{donnees}\n", "ascii")
    subprocess.run(["/bin/sh", "-c", _GARDER, "sh", dossier], stdin=subprocess.DEVNULL, check=True)
    for lance in lances:
        lance.communicate()
    assert lances[0].returncode == -signal.SIGKILL
    assert lances[1].returncode != -signal.SIGKILL
    assert not dossier.exists()
