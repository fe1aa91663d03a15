"""What a figure is called: `credits.2020.cp_payes` -> `Crédits, 2020, CP payés`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

TABLES = {
    "enveloppe": "Enveloppe",
    "credits": "Crédits",
    "structures": "Structure",
    "echeancier": "Échéancier",
    "matrice": "Matrice",
    "registre": "Registre",
}
_MEMBRES = {
    "enveloppe": "enveloppe",
    "engage": "engagé",
    "engage_subventions": "subventions engagées",
    "engage_bonus": "bonus engagés",
    "retraits_meme_exercice": "retiré dans l'exercice de l'engagement",
    "retraits_anterieurs": "retiré dans un exercice suivant",
    "retraits_meme_exercice_bonus": "bonus retirés dans l'exercice de l'engagement",
    "retraits_anterieurs_bonus": "bonus retirés dans un exercice suivant",
    "disponible": "disponible",
    "paye": "payé",
    "reste_a_payer": "reste à payer",
    "reversements": "reversements encaissés",
    "taux_consommation": "taux de consommation",
    "labels": "labels en vigueur",
    "quotas": "quota",
    "total": "total",
    "qpv": "en QPV",
    "hors_qpv": "hors QPV",
    "numeriques": "numériques",
    "ae_ouvertes": "AE ouvertes",
    "ae_gelees": "AE gelées",
    "ae_engagees": "AE engagées",
    "ae_disponibles": "AE disponibles",
    "ae_rendues": "AE rendues par retraits antérieurs",
    "cp_ouverts": "CP ouverts",
    "cp_geles": "CP gelés",
    "cp_payes": "CP payés",
    "regularisations": "régularisations",
    "cp_disponibles": "CP disponibles",
    "cp_restant_a_prevoir": "CP restant à prévoir",
    "rap_ouverture": "restes à payer à l'ouverture",
    "rap_cloture": "restes à payer à la clôture",
    "montant": "montant",
    "verse": "versé",
    "reste": "reste à verser",
    "retraits": "retiré",
    "retire": "retiré",
    "reclame": "reversement réclamé",
    "encaisse": "reversement encaissé",
    "consomme": "consommé",
    "nombre": "nombre de structures",
    "subvention_moyenne": "subvention moyenne",
    "retire_non_reemployable": "retiré, non réemployable",
    "labels_financables": "labels que l'enveloppe finance au coût moyen",
    "part": "part du quota",
}


def nom_du_chiffre(cellule: str) -> str:
    """The French name of a cell; a structure keeps its identifier, a name unknown stays itself."""
    table, *suite = cellule.split(".")
    return ", ".join([TABLES.get(table, table), *mots(table, suite)])


def mots(table: str, suite: Sequence[str]) -> Iterator[str]:
    """The words of what follows the table in the name of a figure."""
    for rang, mot in enumerate(suite):
        if table in ("structures", "echeancier") and rang == 0:
            yield mot
        elif table == "echeancier" and rang == 1:
            yield "bonus numérique" if mot == "0" else f"tranche {mot}"
        elif mot.startswith(("paye-", "paye_")):
            yield f"payé en {mot[5:]}"
        else:
            yield _MEMBRES.get(mot, mot)
