"""From facts back to commands: what an empty base must execute to record the same facts.

Decisions know no clock and no chance, and every default that they compute is in the fact: executed
in the order of positions, the commands of a journal make the same facts, the same digests and the
same figures. The marks of a fact, which are no part of a command, stand beside it (`marques.py`).
Only what the journal seals differs: the instant, and the hash of the line before.
"""

from __future__ import annotations

from typing import Any

from msgspec import to_builtins

from ledger.erreurs import UnrecordableFactError
from ledger.evenements import Fait

from .decider import FAITS
from .lecture_json import CommandeIllisible, en_commande
from .marques import MARQUES
from .modele import Commande

_COMMANDES: dict[type[Fait], type[Commande]] = {fait: classe for classe, fait in FAITS.items()}


def restituer(programme: str, position: int, fait: Fait) -> dict[str, Any]:
    """The line of a fact, as JSON data that `executer` accepts: its command, then its marks.

    Raises: UnrecordableFactError for a fact that today's commands would not accept (a text written
    before a rule of form, such as an invisible character).
    """
    classe = _COMMANDES[type(fait)]
    membres: dict[str, Any] = {"programme": programme, **to_builtins(fait)}
    commande = {"commande": classe.verbe}
    commande |= {nom: membres[nom] for nom in classe.model_fields if membres.get(nom) is not None}
    lue = en_commande(commande)
    if isinstance(lue, CommandeIllisible):
        raise UnrecordableFactError(
            f"Journal {programme}, position {position} : {lue.refus.message}",
            remede="Cette ligne ne se rejoue pas : exporter le journal lui-même (jsonl).",
        )
    return commande | {marque: membres[marque] for marque in MARQUES if marque in membres}
