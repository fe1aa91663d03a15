"""Test kit of the commands: strategies, histories, the reference model, a state machine.

    from commands.testing import Systeme, eprouver, machine

Needs the extra `testing`; nothing in the engine imports it. See docs/guides/eprouver.md.
"""

from .confrontation import Divergence, Epreuve, confronter, rejouer
from .contexte import Contexte
from .histoires import Histoire, en_lignes, histoires, histoires_adverses, histoires_valides
from .machine import eprouver, machine
from .plans import planifier
from .reference import Reference
from .strategies import autrement, commandes, invalides, ouvertures
from .systeme import Modele, Moteur, Systeme
from .types import acteurs, commandes_typees, reglements, structures

__all__ = [
    "Contexte",
    "Divergence",
    "Epreuve",
    "Histoire",
    "Modele",
    "Moteur",
    "Reference",
    "Systeme",
    "acteurs",
    "autrement",
    "commandes",
    "commandes_typees",
    "confronter",
    "en_lignes",
    "eprouver",
    "histoires",
    "histoires_adverses",
    "histoires_valides",
    "invalides",
    "machine",
    "ouvertures",
    "planifier",
    "reglements",
    "rejouer",
    "structures",
]
