"""Reading files of tables that others made: csv, xlsx, xls, ods. Bounded, stated, never guessed."""

from .cellules import VIDE, Cellule, Rangee, nom_colonne
from .entete import Entete, trouver_entete
from .erreurs import CODES, TableauIllisible
from .tableau import Tableau, ouvrir_tableau
from .valeurs import ValeurRefusee

__all__ = [
    "CODES",
    "VIDE",
    "Cellule",
    "Entete",
    "Rangee",
    "Tableau",
    "TableauIllisible",
    "ValeurRefusee",
    "nom_colonne",
    "ouvrir_tableau",
    "trouver_entete",
]
