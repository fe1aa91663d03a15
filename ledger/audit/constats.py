"""Findings: what the audit saw. Values with a code, a position and a French sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

CODES: dict[str, str] = {
    "base_endommagee": "Le contrôle d'intégrité de la base signale un défaut.",
    "position_manquante": "La suite des positions a un trou ou un doublon.",
    "type_inconnu": "Le type du fait n'est pas au registre.",
    "fait_illisible": "Le contenu du fait n'a pas la forme de son type.",
    "octets_non_canoniques": "Les octets enregistrés ne sont pas la forme canonique du fait.",
    "chaine_rompue": "Le lien `precedent` ne correspond pas à la ligne précédente.",
    "heure_invalide": "L'heure d'enregistrement n'existe pas ou recule.",
    "id_double": "Le même id_commande figure sur deux faits.",
    "index_divergent": "L'index des commandes ne correspond pas au journal.",
    "histoire_impossible": "Le fait ne peut pas suivre ceux qui le précèdent.",
    "texte_interdit": "Un texte porte un caractère ou une forme que la saisie n'admet pas.",
    "effet_faux": "Un effet inscrit dans le fait n'est pas celui que donne le recalcul.",
    "exercice_clos_modifie": "Un fait est daté ou imputé dans un exercice clôturé.",
    "invariant_disponible": "Le disponible sort de l'intervalle de 0 à l'enveloppe (invariant 1).",
    "invariant_paye": "Un payé dépasse son engagement (invariant 2).",
    "invariant_echeancier": "Un échéancier sort de ses règles (invariant 3).",
    "invariant_quota": "Un quota bloquant est dépassé (invariant 4).",
    "invariant_bonus": "Un bonus en double, ou hors Fabrique numérique en QPV (invariant 5).",
    "invariant_versement": "Un versement avant son heure, hors rang ou sans label (invariant 6).",
    "invariant_restes_a_payer": "Les restes à payer ne bouclent pas au centime (invariant 7).",
    "invariant_credits": "Des AE ou des CP ont été pris au-delà des crédits bloquants.",
    "invariant_reversement": "Un reversement dépasse ce qui a été payé, ou réclamé.",
    "separation_des_fonctions": "Le même acteur a ordonnancé et payé, ou un non-comptable a payé.",
    "ordonnancement_manquant": "La règle veut un ordre, et rien n'ordonne ce qui a été payé.",
    "cloture_divergente": "Les totaux scellés d'un exercice clos diffèrent du recalcul.",
    "releve_divergent": "Un relevé ou un reçu donne une autre racine à cette taille.",
    "releve_au_dela": "Un relevé ou un reçu porte sur plus de lignes que le journal n'en a.",
    "releve_perdu": "Un relevé ou un reçu porte sur des lignes déclarées perdues.",
    "releve_autre_origine": "Un relevé porte sur un autre journal, ou une autre incarnation.",
    "signature_fausse": "La signature d'un relevé n'est pas celle de son texte.",
    "signature_absente": "Un relevé n'est pas signé par la clé donnée.",
    "lecture_divergente": "Le modèle de lecture ne dit pas ce que donne le rejeu du journal.",
    "cliche_divergent": "Un cliché ne dit pas ce que donne le rejeu du journal, ou serait ignoré.",
}
"""The closed list of finding codes."""


class Constat(Struct, frozen=True):
    """One finding. `position` is None when it concerns the base as a whole."""

    code: str
    position: int | None
    detail: str


class Bilan(Struct, frozen=True):
    """What was confronted: no skipped check is counted as passed."""

    confrontes: int = 0
    tenus: int = 0
    signatures_verifiees: int = 0
    signatures_non_verifiees: int = 0
    """Signed notes for which no key was given."""
    couverts: int = 0
    """The greatest size held: the lines after it are covered by nothing outside the base."""


CONTROLES: dict[str, str] = {
    "base": "Contrôles d'intégrité de la base ; rien qui n'ait sa place dans un grand livre.",
    "lignes": "Chaque ligne : type connu, octets canoniques, membres, textes, heure.",
    "chaine": "Positions sans trou, chaîne et arbre.",
    "index": "L'index des commandes dit ce que disent les lignes.",
    "regles": "Chaque effet recalculé, chaque règle du budget rejouée, chaque clôture retrouvée.",
    "releves": "Relevés et reçus gardés hors de la base.",
    "signatures": "Signatures des relevés par une clé donnée.",
    "lecture": "Modèle de lecture, comparé au rejeu.",
    "cliches": "Cliché de l'état (reprise rapide), comparé au rejeu.",
}
"""The closed list of checks, in order of level."""
Faite = Literal["fait", "interrompu", "non_demande"]
"""A check is done, stopped by what it found (the rest rests on nothing), or was not asked for."""


class Rapport(Struct, frozen=True):
    """The result of a verification: size and Merkle root (base64) of the lines as stored."""

    taille: int
    racine: str
    constats: tuple[Constat, ...]
    releves: Bilan = Bilan()
    controles: Mapping[str, Faite] = {}
    """Every check of `CONTROLES`, and whether it was done: none is passed over in silence."""

    @property
    def conforme(self) -> bool:
        """Whether nothing was found."""
        return not self.constats

    def en_json(self) -> dict[str, Any]:
        """The public JSON of a report."""
        return {
            "statut": "conforme" if self.conforme else "non_conforme",
            "taille": self.taille,
            "racine": self.racine,
            "constats": [
                {"code": c.code, "position": c.position, "detail": c.detail} for c in self.constats
            ],
            "controles": {nom: self.controles.get(nom, "non_demande") for nom in CONTROLES},
            "releves": asdict(self.releves),
        }
