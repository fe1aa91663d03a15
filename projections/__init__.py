"""Projections: what can be asked of a programme. Pure folds over its facts, then tables.

from projections import enveloppe, regarder
vue = regarder(Journal(store, "fabriques-de-territoire"), au=date(2020, 12, 31))
enveloppe(vue).disponible_centimes
"""

from .anomalies import Anomalie, anomalies
from .credits import credits
from .echeancier import Echeancier, echeancier
from .enveloppe import Complements, Enveloppe, complements, enveloppe
from .situation import Situation, Vue, regarder
from .structures import LigneStructure, structures

__all__ = [
    "Anomalie",
    "Complements",
    "Echeancier",
    "Enveloppe",
    "LigneStructure",
    "Situation",
    "Vue",
    "anomalies",
    "complements",
    "credits",
    "echeancier",
    "enveloppe",
    "regarder",
    "structures",
]
