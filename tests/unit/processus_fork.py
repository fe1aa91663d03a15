"""What child processes do with what their parent opened: functions that can be sent to them."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable
from typing import Any

from commands import GrandLivre
from ledger import StoreError
from tests.unit.attroupement import ATTENTE
from tests.unit.commands.test_concurrence import commande

HERITE: dict[str, Any] = {}
"""What a forked child finds here."""


def dire(faire: Callable[[], Any]) -> str:
    """What the call answers, in one word: the code of an error, or the status of a receipt."""
    try:
        rendu = faire()
    except StoreError as erreur:
        return erreur.code
    return getattr(rendu, "statut", repr(rendu))


def dans_un_enfant(faire: Callable[[], str]) -> str:
    """What the call says in a forked process; one that says nothing in time is killed."""
    lecture, ecriture = os.pipe()
    enfant = os.fork()
    if enfant == 0:
        os.close(lecture)
        try:
            dit = faire()
        except BaseException:
            dit = traceback.format_exc()
        os.write(ecriture, dit.encode())
        os.close(ecriture)
        os._exit(0)
    os.close(ecriture)
    with os.fdopen(lecture, "rb") as tuyau:
        if not select.select([tuyau], [], [], ATTENTE)[0]:
            os.kill(enfant, signal.SIGKILL)
        dit = tuyau.read().decode()
    os.waitpid(enfant, 0)
    return dit


def utiliser_l_herite(_: int) -> list[str]:
    """In a worker: use the inherited ledger, close it, then open one's own and use it."""
    livre: GrandLivre = HERITE["livre"]
    dits = [
        dire(lambda: livre.executer(commande("ModifierEnveloppe", "enfant"))),
        dire(livre.fermer),
    ]
    with GrandLivre.ouvrir(HERITE["base"]) as sien:
        dits.append(dire(lambda: sien.executer(commande("ModifierEnveloppe", "enfant"))))
    return dits


def ouvrir_le_sien(base: str) -> str:
    """In a worker: open one's own ledger and use it."""
    with GrandLivre.ouvrir(base) as livre:
        return dire(lambda: livre.executer(commande("ModifierEnveloppe", "enfant")))
