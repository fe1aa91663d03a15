"""Three commands written out: what the smallest histories start from."""

from __future__ import annotations

from ledger.testing.valeurs import Json

COMMUN: Json = {
    "programme": "fabriques",
    "acteur": {"id": "ana", "role": "instructeur"},
    "date_effet": "2019-01-01",
}
OUVERTURE: Json = {
    **COMMUN,
    "commande": "OuvrirProgramme",
    "id_commande": "c0",
    "intitule": "Fabriques",
    "source": "AMI",
    "regles": {
        "enveloppe_centimes": 40,
        "plancher_centimes": 0,
        "plafond_centimes": 40,
        "plafond_annuel_centimes": 40,
        "exercices_max": 1,
        "quota_total": 9,
        "quota_qpv": 9,
        "quota_hors_qpv": 9,
        "quota_numeriques": 9,
        "bonus_centimes": 0,
        "exercice_bonus": None,
        "imputation_bonus": "enveloppe",
        "quotas": "indicatifs",
        "credits": "non_suivis",
    },
}
DEPOT: Json = {
    **COMMUN,
    "commande": "DéposerCandidature",
    "id_commande": "c1",
    "structure": "s1",
    "porteur": "Le Lieu",
    "code_postal": "01000",
    "ville": "Bourg",
    "territoire": "qpv",
    "numerique": True,
}
