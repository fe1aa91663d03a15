"""Importing what others keep in files: applications, payments, any command. Row by row."""

from .actes import actes_du_tableau, constats_des_colonnes, entete_de
from .champs import Lecture
from .commandes import actes_des_commandes, actes_des_lignes, entete_des_commandes
from .composition import Plan
from .issues import CODES, Bilan, Constat, Issue, lignes_plates
from .moteur import Acte, importer
from .registre import Registre

__all__ = [
    "CODES",
    "Acte",
    "Bilan",
    "Constat",
    "Issue",
    "Lecture",
    "Plan",
    "Registre",
    "actes_des_commandes",
    "actes_des_lignes",
    "actes_du_tableau",
    "constats_des_colonnes",
    "entete_de",
    "entete_des_commandes",
    "importer",
    "lignes_plates",
]
