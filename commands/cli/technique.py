"""The technical log: what the library says through `logging`, on stderr, only when asked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

RACINES = ("ledger", "projections", "commands")


Decore = TypeVar("Decore", bound=Callable[..., Any] | click.Command)


def avec_journal_technique(fonction: Decore) -> Decore:
    """Declare `--journal-technique` and its short form `-v` on the group or on a verb."""
    long = click.option(
        "--journal-technique",
        type=click.Choice(("json", "texte")),
        metavar="json|texte",
        expose_value=False,
        callback=_activer,
        help="Écrire le journal technique sur la sortie d'erreur.",
    )
    court = click.option(
        "-v",
        "bavard",
        is_flag=True,
        expose_value=False,
        callback=_activer,
        help="Comme --journal-technique texte.",
    )
    return long(court(fonction))


def _activer(contexte: click.Context, parametre: click.Parameter, valeur: Any) -> None:
    """Log until the command ends: nothing is left configured behind."""
    racine = contexte.find_root()
    if not valeur or contexte.resilient_parsing or "journal_technique" in racine.meta:
        return
    racine.meta["journal_technique"] = True
    racine.call_on_close(brancher(valeur == "json"))


def brancher(en_json: bool) -> Callable[[], None]:
    """Send the library's log lines to stderr; returns what undoes it."""
    import structlog  # noqa: PLC0415

    rendu: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if en_json
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    formateur = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendu],
    )
    sortie = logging.StreamHandler(sys.stderr)
    sortie.setFormatter(formateur)
    avant = [(nom, logging.getLogger(nom).level) for nom in RACINES]
    for nom in RACINES:
        logging.getLogger(nom).addHandler(sortie)
        logging.getLogger(nom).setLevel(logging.INFO)

    def debrancher() -> None:
        for nom, niveau in avant:
            logging.getLogger(nom).removeHandler(sortie)
            logging.getLogger(nom).setLevel(niveau)

    return debrancher
