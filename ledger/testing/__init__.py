"""Test kit of the floor: values, rules, facts, clocks, the contract of a store, golden vectors.

    from ledger.testing import ContratDesMagasins, Horloge, dates, montants

Needs the extra `testing`; nothing in the engine imports it.
"""

from . import vecteurs
from .contrat import ContratDesMagasins
from .faits import faits
from .horloge import Horloge, HorlogeDonnee
from .regles import regles, revisions
from .valeurs import Json, dates, montants, partages, slugs, textes

__all__ = [
    "ContratDesMagasins",
    "Horloge",
    "HorlogeDonnee",
    "Json",
    "dates",
    "faits",
    "montants",
    "partages",
    "regles",
    "revisions",
    "slugs",
    "textes",
    "vecteurs",
]
