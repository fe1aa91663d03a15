"""Un appel du système échoue : l'erreur est nommée, les reçus tiennent, la reprise finit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fautes.flux import planifier
from tests.fautes.strace import manque
from tests.fautes.traces import eprouver, executer_a_part

pytestmark = pytest.mark.skipif(manque() is not None, reason=manque() or "")

PLAN = planifier(1, (1, 3))
DITES = (
    "fdatasync:error=EIO:when=12",
    "fdatasync:error=ENOSPC:when=11",
    "fsync:error=EIO:when=1",
    "pwrite64:error=ENOSPC:when=27",
    "pwrite64:error=EIO:when=3",
    "pread64:error=EIO:when=2",
)
SURMONTEES = (
    "fdatasync:error=EIO:when=12",
    "fdatasync:error=EIO:when=13",  # of a checkpoint: SQLite tries it again later
    "pwrite64:error=ENOSPC:when=31",
)


@pytest.mark.parametrize("injection", DITES)
def test_un_appel_qui_echoue_est_dit(tmp_path: Path, injection: str) -> None:
    """Un appel échoue : code 4, une erreur nommée, aucun reçu perdu ; la même commande finit."""
    code, erreur, fautes = executer_a_part(tmp_path.resolve(), PLAN, injection)
    assert fautes == []
    assert code == 4, erreur
    assert "Erreur (" in erreur


@pytest.mark.parametrize("injection", SURMONTEES)
def test_le_meme_livre_surmonte_un_echec(tmp_path: Path, injection: str) -> None:
    """Un enregistrement échoue : renvoyé au même livre, il est enregistré une fois, et durable."""
    dite, fautes = eprouver(tmp_path.resolve(), PLAN, injection, insister=True)
    assert (dite, fautes) == (False, [])


def test_un_enregistrement_dont_la_synchronisation_echoue_n_est_pas_acquitte(
    tmp_path: Path,
) -> None:
    """Une synchronisation échoue : l'écrivain s'arrête sans reçu pour cet enregistrement."""
    dite, fautes = eprouver(tmp_path.resolve(), PLAN, "fdatasync:error=EIO:when=12")
    assert (dite, fautes) == (True, [])
