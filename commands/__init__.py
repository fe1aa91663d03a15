"""Commands: what may be done, when it is refused, and the handle that executes it.

from commands import GrandLivre, VerserTranche
"""

from .decider import COMMANDES, decide
from .execution import GrandLivre
from .lecture_json import CommandeIllisible, en_commande, lire_ligne
from .modele import Commande
from .recus import Recu
from .refus import CODES, Refus
from .verbes.candidature import (
    CorrigerStructure,
    DéposerCandidature,
    InstruireCandidature,
    RejeterCandidature,
    RendreAvis,
    RetirerCandidature,
)
from .verbes.cloture import ClôturerExercice
from .verbes.credits import DégelerCrédits, GelerCrédits, OuvrirCrédits
from .verbes.label import (
    AccorderBonusNumérique,
    LabelliserFabrique,
    RecevoirBilan,
    RetirerLabel,
    SignerAvenant,
    SignerConvention,
)
from .verbes.paiement import AnnulerVersement, OrdonnancerTranche, VerserBonus, VerserTranche
from .verbes.programme import CloreProgramme, ModifierEnveloppe, OuvrirProgramme, RéviserRègles
from .verbes.rapprochement import RapprocherVersement
from .verbes.reprise import ReprendreJournal
from .verbes.reversement import DemanderReversement, EncaisserReversement

__all__ = [
    "CODES",
    "COMMANDES",
    "AccorderBonusNumérique",
    "AnnulerVersement",
    "CloreProgramme",
    "ClôturerExercice",
    "Commande",
    "CommandeIllisible",
    "CorrigerStructure",
    "DemanderReversement",
    "DégelerCrédits",
    "DéposerCandidature",
    "EncaisserReversement",
    "GelerCrédits",
    "GrandLivre",
    "InstruireCandidature",
    "LabelliserFabrique",
    "ModifierEnveloppe",
    "OrdonnancerTranche",
    "OuvrirCrédits",
    "OuvrirProgramme",
    "RapprocherVersement",
    "RecevoirBilan",
    "Recu",
    "Refus",
    "RejeterCandidature",
    "RendreAvis",
    "ReprendreJournal",
    "RetirerCandidature",
    "RetirerLabel",
    "RéviserRègles",
    "SignerAvenant",
    "SignerConvention",
    "VerserBonus",
    "VerserTranche",
    "decide",
    "en_commande",
    "lire_ligne",
]
