"""Regarder si une base est tenue n'y change rien, de qui qu'elle soit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.stockage.occupation import occupee
from ledger.stockage.tenue import tenir

MORT = """
import os, sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("PRAGMA journal_mode=" + sys.argv[2])
base.execute("PRAGMA cache_size=1")
base.execute("CREATE TABLE t (x)")
base.execute("INSERT INTO t VALUES (zeroblob(50000))")
base.execute("BEGIN IMMEDIATE")
base.execute("UPDATE t SET x=randomblob(50000)")
base.execute("INSERT INTO t VALUES (randomblob(50000))")
if sys.argv[3] == "vivant":
    print(flush=True)
    sys.stdin.read()
os._exit(0)
"""


def octets(dossier: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {chemin.name: chemin.read_bytes() for chemin in sorted(dossier.iterdir())}


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_ce_qu_un_ecrivain_mort_a_laisse_n_est_pas_touche(tmp_path: Path, mode: str) -> None:
    """Journal à défaire ou à reprendre, base d'une autre application : pas un octet ne change."""
    base = tmp_path / "autre.db"
    subprocess.run([sys.executable, "-c", MORT, str(base), mode, "mort"], check=True)
    avant = octets(tmp_path)
    assert len(avant) > 1
    assert not occupee(base)
    assert octets(tmp_path) == avant


def test_un_ecrivain_vivant_est_vu_sans_toucher_a_rien(tmp_path: Path) -> None:
    """Le verrou tenu par un autre processus se voit ; rendu à sa mort, il ne se voit plus."""
    base = tmp_path / "autre.db"
    commande = (sys.executable, "-c", MORT, str(base), "WAL", "vivant")
    tube = subprocess.PIPE
    with subprocess.Popen(commande, stdin=tube, stdout=tube, text=True) as autre:
        assert autre.stdout is not None
        autre.stdout.readline()
        avant = octets(tmp_path)
        assert occupee(base)
        assert octets(tmp_path) == avant
        lacher = tenir(base, autre)  # open here too, it is not looked at: locks would be lost
        assert lacher is not None
        assert not occupee(base)
        lacher()
        autre.communicate("")
    assert not occupee(base)
