"""What a simulation says of each line of its scenario, and of each refusal: plain values.

Here because both siblings name them: `commands` makes them, `projections` publishes their schema.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct


class RefusSimule(Struct, frozen=True):
    """A command that a rule refused: when, on which exercice, with which figures.

    `ligne` is that of the scenario; `cherche` says that the scenario was looking for it.
    """

    ligne: int
    commande: str
    id_commande: str
    structure: str | None
    date_effet: date
    exercice: int
    code: str
    message: str
    remede: str
    details: dict[str, int | str]
    cherche: bool


class EtapeJouee(Struct, frozen=True):
    """What became of one line. A group is what stands or falls together (one label, one payment).

    `deja_executees` are commands that the base already holds: they change nothing.
    """

    ligne: int
    nom: str
    phrase: str
    groupes_acceptes: int
    groupes_refuses: int
    commandes_acceptees: int
    deja_executees: int
