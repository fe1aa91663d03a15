"""The format `commandes` of `exporter`: the commands that an empty base executes to be the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ledger import Journal
    from projections import Vue


def ecrire_commandes(journal: Journal, vue: Vue) -> Iterator[str]:
    """One JSON command a line, in the order of positions.

    All the facts known at a position, whatever their effect dates: a decision rests on every fact
    recorded before it, and a cancellation names a position.
    """
    from commands.restitution import restituer  # noqa: PLC0415

    from .rendu import json_ligne  # noqa: PLC0415

    if vue.au is not None:
        raise click.UsageError(
            "--au ne vaut pas pour le format commandes : une décision tient compte de tous les "
            "faits enregistrés avant elle. Borner avec --connu-au."
        )
    for position, fait in vue.faits() if vue.situation.position else ():
        yield json_ligne(restituer(vue.programme, position, fait)).decode("utf-8")
