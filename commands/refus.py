"""Refusals: the business says no. A value with a code, a French sentence, a remedy and figures.

`decide` returns the first refusal that applies: what is common to all commands, in the order of
`commands.decider`, then in the order its verb documents. A refused command writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledger.champs import neutraliser

CODES: dict[str, str] = {
    "commande_invalide": "La commande n'a pas la forme attendue (membre, type, texte, montant).",
    "commande_divergente": "Le même id_commande a déjà été accepté avec un autre contenu.",
    "programme_inconnu": "Le programme n'est pas ouvert.",
    "programme_existant": "Le programme est déjà ouvert.",
    "programme_clos": "Le programme est clos : plus de candidature ni d'engagement.",
    "exercice_clos": "L'exercice de la date d'effet, ou celui qui serait imputé, est clôturé.",
    "regles_incoherentes": "Les règles ne tiennent pas ensemble.",
    "enveloppe_insuffisante": "La baisse rendrait négatif le disponible de l'enveloppe.",
    "credits_insuffisants": "Les AE ou les CP disponibles de l'exercice ne suffisent pas.",
    "gel_insuffisant": "Le dégel dépasse ce qui est gelé.",
    "candidature_existante": "La structure a déjà une candidature en cours ou un label.",
    "structure_inconnue": "Aucune candidature ne porte cet identifiant.",
    "etat_incompatible": "L'état de la structure n'admet pas cette commande.",
    "date_incoherente": "La date d'effet précède le fait sur lequel la commande repose.",
    "instruction_manquante": "Les règles exigent une instruction avant le label.",
    "avis_manquant": "Les règles exigent un avis avant le label.",
    "territoire_inconnu": "Le territoire (qpv ou hors_qpv) n'est pas établi.",
    "montant_hors_bornes": "Le montant sort du plancher ou du plafond par structure.",
    "echeancier_invalide": "L'échéancier ne respecte pas ses règles de forme.",
    "plafond_annuel_depasse": "L'échéancier dépasse le plafond d'un exercice.",
    "quota_atteint": "Le quota de labels ou de bonus est atteint.",
    "enveloppe_depassee": "Le disponible de l'enveloppe ne suffit pas.",
    "bonus_non_eligible": "Le bonus est réservé aux Fabriques numériques en QPV.",
    "bonus_deja_accorde": "Le bonus a déjà été accordé.",
    "rang_inconnu": "L'échéancier n'a pas de tranche de ce rang.",
    "tranche_soldee": "La tranche (ou le bonus) est entièrement payée.",
    "tranche_precedente_due": "Une tranche de rang inférieur n'est pas soldée.",
    "echeance_non_atteinte": "L'échéance de la tranche n'est pas atteinte à la date d'effet.",
    "bilan_manquant": "Le bilan de l'exercice de la tranche précédente n'est pas accepté.",
    "ordonnancement_manquant": "Le montant dépasse ce qui est ordonnancé et non payé.",
    "separation_des_fonctions": "L'ordonnateur ne paie pas, et seul un comptable paie.",
    "montant_excessif": "Le montant dépasse ce qui reste.",
    "exercice_invalide": "L'exercice imputé n'est pas admis pour ce paiement.",
    "versement_inconnu": "Aucun versement de cette structure n'est à cette position.",
    "versement_deja_annule": "Ce versement est déjà annulé.",
    "versement_deja_rapproche": "Ce versement est déjà rapproché d'une demande de paiement.",
    "dp_deja_rapprochee": "Cette demande de paiement prouve déjà un autre versement.",
    "exercice_deja_clos": "L'exercice est déjà clôturé.",
    "exercice_non_termine": "L'exercice n'est pas terminé, ou un précédent reste à clôturer.",
    "reprise_sans_objet": "Aucune ligne n'est perdue, ou le relevé satisfait n'est pas atteint.",
}
"""The closed list of refusal codes, with their general meaning."""


class Refus(Exception):  # noqa: N818 - a refusal is not an error
    """One refusal. Raised inside decisions, returned by `decide`, printed in receipts.

    Attributes:
        code: one of `CODES`.
        message: French sentence with identity and figures.
        remede: what the caller can do, in French.
        details: the figures, typed (cents are integers, dates ISO texts).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        remede: str = "",
        details: Mapping[str, int | str] | None = None,
    ) -> None:
        if code not in CODES:
            raise KeyError(f"code de refus inconnu : {code}")
        self.code = code
        self.message = neutraliser(message)  # it may repeat what the caller sent
        super().__init__(self.message)
        self.remede = remede
        self.details = dict(details or {})

    def __repr__(self) -> str:
        return f"Refus({self.code!r}, {self.message!r})"

    @property
    def phrase(self) -> str:
        """Message and remedy in one text."""
        return f"{self.message} {self.remede}".strip()
