"""Reports "as reported": one value, its JSON, HTML and CSV, and how to make it again years later.

from projections.rapport import ecrire, rapport, reproduire
octets = ecrire(rapport(regarder(journal, au=date(2020, 12, 31))), "html")
assert reproduire(journal, octets).statut == "identique"

A report is a function of the journal at one position and of one effect date: nothing else enters
it, neither clock, machine, locale nor the way its position was asked for.
"""

from .contenu import DITES_DEPUIS, MISE_EN_PAGE, MOTEUR, Entete, Rapport, rapport
from .ecriture import FORMATS, OCTETS_MAX, Format, ecrire
from .lecture import ReportUnreadableError, lire, lire_entete
from .reproduction import Constat, Reproduction, reproduire
from .tableaux import tableaux_csv

__all__ = [
    "DITES_DEPUIS",
    "FORMATS",
    "MISE_EN_PAGE",
    "MOTEUR",
    "OCTETS_MAX",
    "Constat",
    "Entete",
    "Format",
    "Rapport",
    "ReportUnreadableError",
    "Reproduction",
    "ecrire",
    "lire",
    "lire_entete",
    "rapport",
    "reproduire",
    "tableaux_csv",
]
