"""The log of commands: one line each, ids and codes, never names nor amounts. Silent unless asked.

Written by the caller's own thread, after its answer: the structlog context variables of a request
are on the lines of its commands, whoever wrote them to the base.
"""

from __future__ import annotations

import logging
import time

import structlog

from .decider import sans_accents
from .lecture_json import CommandeIllisible
from .modele import Commande
from .recus import Recu

_stdlib = logging.getLogger("ledger.commandes")
_stdlib.addHandler(logging.NullHandler())
log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    _stdlib,
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.render_to_log_kwargs,
    ],
)


def journaliser(
    saisie: Commande | CommandeIllisible, recu: Recu, debut: int, correlation: str | None
) -> None:
    """One line for one command; `debut` is the `perf_counter_ns` at which the caller came."""
    if not _stdlib.isEnabledFor(logging.INFO):
        return
    plus = {} if correlation is None else {"correlation": correlation}
    log.info(
        f"commande_{recu.statut}",
        programme=recu.programme,
        id_commande=recu.id_commande,
        commande=sans_accents(saisie.verbe) if isinstance(saisie, Commande) else None,
        position=recu.taille,
        code=recu.refus.code if recu.refus is not None else None,
        duree_us=(time.perf_counter_ns() - debut) // 1000,
        **plus,
    )
