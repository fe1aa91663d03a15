"""Projections: what can be asked of a programme. Pure folds over its facts, then tables.

from projections import enveloppe, regarder
vue = regarder(Journal(store, "fabriques-de-territoire"), au=date(2020, 12, 31))
enveloppe(vue).disponible_centimes
"""

from .anomalies import Anomalie, anomalies
from .anomalies_saisie import saisie
from .cellules import Cellule, lire_cellule
from .comparaison import Ecart, Point, comparer
from .credits import credits
from .doublons import doublons
from .echeancier import Echeancier, echeancier
from .enveloppe import Complements, Enveloppe, complements, enveloppe
from .explication import Explication, expliquer, expliquer_tout
from .fonctions import Fonctions, LigneFonctions, fonctions
from .situation import Situation, Vue, regarder
from .sondage import Tirage, tirer, verifier_tirage
from .structures import LigneStructure, structures

__all__ = [
    "Anomalie",
    "Cellule",
    "Complements",
    "Ecart",
    "Echeancier",
    "Enveloppe",
    "Explication",
    "Fonctions",
    "LigneFonctions",
    "LigneStructure",
    "Point",
    "Situation",
    "Tirage",
    "Vue",
    "anomalies",
    "comparer",
    "complements",
    "credits",
    "doublons",
    "echeancier",
    "enveloppe",
    "expliquer",
    "expliquer_tout",
    "fonctions",
    "lire_cellule",
    "regarder",
    "saisie",
    "structures",
    "tirer",
    "verifier_tirage",
]
