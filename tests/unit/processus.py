"""What other processes do in the tests of concurrency and of a full disk."""

from __future__ import annotations

import multiprocessing
import resource
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.managers import BaseManager
from threading import Barrier
from typing import Any

from commands import GrandLivre
from ledger import StoreError

Reponse = tuple[str, str | None, tuple[int, ...], str | None]
"""Status, refusal code, positions, root."""
MARGE_OCTETS = 65_536


class _Chef(BaseManager):
    """Serves the barrier that the processes wait at."""


_Chef.register("barriere", Barrier)


def ensemble(fonction: Callable[..., Any], *arguments: tuple[Any, ...]) -> list[Any]:
    """Run the function in as many new processes as arguments, started together by a barrier."""
    contexte = multiprocessing.get_context("spawn")
    with _Chef(ctx=contexte) as chef:
        barriere = chef.barriere(len(arguments))  # type: ignore[attr-defined]
        with ProcessPoolExecutor(len(arguments), mp_context=contexte) as bassin:
            taches = [bassin.submit(fonction, barriere, *a) for a in arguments]
            return [tache.result(timeout=50) for tache in taches]


def course(barriere: Barrier, base: str, *commandes: dict[str, Any]) -> list[Reponse]:
    """Execute the commands, each at the same moment as the other processes execute theirs."""
    reponses: list[Reponse] = []
    with GrandLivre.ouvrir(base, creer=True) as livre:
        for commande in commandes:
            barriere.wait(30)
            recu = livre.executer(commande)
            code = recu.refus.code if recu.refus is not None else None
            reponses.append((recu.statut, code, recu.positions, recu.racine))
    return reponses


def remplir(barriere: Barrier, base: str, modele: dict[str, Any]) -> dict[str, Any]:
    """Write until the file cannot grow, look again, give room back, send the last one again."""
    barriere.wait(30)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    recus: dict[str, tuple[int, str | None]] = {}
    with GrandLivre.ouvrir(base) as livre:
        _, dur = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MARGE_OCTETS, dur))
        erreur = ""
        commande = modele
        for numero in range(10_000):
            commande = modele | {"id_commande": f"r{numero}"}
            try:
                recu = livre.executer(commande)
            except StoreError as pleine:
                erreur = pleine.code
                break
            recus[recu.id_commande or ""] = (recu.positions[0], recu.racine)
        pendant = livre.executer(modele | {"id_commande": "r0"})
        resource.setrlimit(resource.RLIMIT_FSIZE, (dur, dur))
        apres = livre.executer(commande)
        recus[apres.id_commande or ""] = (apres.positions[0], apres.racine)
    return {
        "erreur": erreur,
        "recus": recus,
        "pendant": (pendant.statut, pendant.positions),
        "apres": apres.statut,
    }
