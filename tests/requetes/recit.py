"""A story in which every anomaly is met, told as commands: what draws reach too seldom."""

from __future__ import annotations

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire
from ledger.testing.horloge import HorlogeDonnee
from ledger.testing.valeurs import Json

REGLES: Json = {
    "enveloppe_centimes": 15_000_000,
    "plancher_centimes": 0,
    "plafond_centimes": 10_000_000,
    "plafond_annuel_centimes": 5_000_000,
    "exercices_max": 3,
    "quota_total": 100,
    "quota_qpv": 1,
    "quota_hors_qpv": 9,
    "quota_numeriques": 9,
    "bonus_centimes": 500_000,
    "exercice_bonus": None,
    "imputation_bonus": "enveloppe",
    "quotas": "indicatifs",
    "credits": "indicatifs",
}
_DEPOT = {"code_postal": "01000", "ville": "Bourg", "territoire": "qpv", "numerique": True}
_EN_AVANCE = {
    "rang": 1,
    "exercice": 2021,
    "montant_centimes": 100_001,
    "echeance": "2020-09-01",
}
"""Due in the year before that of its credits."""
_ETAPES: tuple[tuple[str, str, str, Json], ...] = (
    ("2019-02-01", "DéposerCandidature", "s1", {"porteur": "Le Liéu", **_DEPOT}),
    ("2019-02-01", "LabelliserFabrique", "s1", {"montant_centimes": 9_950_000}),
    ("2019-02-02", "DéposerCandidature", "s2", {"porteur": "LE-LIEU", **_DEPOT}),
    ("2019-02-03", "LabelliserFabrique", "s2", {"montant_centimes": 4_000_000}),
    ("2019-02-04", "AccorderBonusNumérique", "s2", {}),
    (
        "2019-03-01",
        "OrdonnancerTranche",
        "s1",
        {"rang": 1, "montant_centimes": 3_000_000, "dp": "d1"},
    ),
    (
        "2020-06-10",  # after the payment that rests on it
        "OrdonnancerTranche",
        "s2",
        {"rang": 1, "montant_centimes": 1_000_000, "dp": "d2", "par": "Ana.Bo"},
    ),
    (
        "2019-04-01",
        "OrdonnancerTranche",
        "s2",
        {"rang": 0, "montant_centimes": 200_000, "dp": "d3", "par": "cé"},
    ),
    (
        "2020-05-01",
        "VerserTranche",
        "s1",
        {"rang": 1, "montant_centimes": 3_100_000, "reference": "Mandat 7"},
    ),
    (
        "2020-05-02",
        "VerserTranche",
        "s2",
        {"rang": 1, "montant_centimes": 900_000, "reference": "mandat  7", "par": "bo ana"},
    ),
    (
        "2020-05-03",
        "VerserBonus",
        "s2",
        {"montant_centimes": 300_000, "reference": "b1", "par": "ana"},
    ),
    ("2020-04-01", "RetirerLabel", "s1", {"motif": "abandon"}),
    ("2020-06-01", "DemanderReversement", "s2", {"montant_centimes": 1_000_000, "titre": "t1"}),
    ("2020-07-01", "AnnulerVersement", "s2", {"position": 12, "motif": "erreur"}),
    (
        "2020-07-02",
        "VerserTranche",
        "s2",
        {"rang": 1, "montant_centimes": 400_000, "reference": "m8", "par": "ana"},
    ),
    (
        "2020-07-03",
        "VerserBonus",
        "s2",
        {"montant_centimes": 100_000, "reference": "b2", "par": "ana"},
    ),
    ("2020-08-15", "DéposerCandidature", "s4", {"porteur": "Encore", **_DEPOT}),
    (
        "2020-09-01",
        "LabelliserFabrique",
        "s4",
        {"montant_centimes": 100_001, "echeancier": [_EN_AVANCE]},
    ),
    ("2021-06-01", "ModifierEnveloppe", "", {"variation_centimes": 10_000_000, "source": "avis"}),
    ("2020-08-01", "DéposerCandidature", "s3", {"porteur": "Autre", **_DEPOT}),
    ("2020-08-01", "LabelliserFabrique", "s3", {"montant_centimes": 2_290_000}),
    ("2020-12-31", "SignerConvention", "s1", {"reference": "c1"}),
)


def recit() -> Histoire:
    """The story, told."""
    histoire = Histoire(HorlogeDonnee((0, 0, 1)))
    ouverture: Json = {"intitule": "Fabriques", "source": "AMI", "regles": REGLES}
    etapes = (("2019-01-01", "OuvrirProgramme", "", ouverture), *_ETAPES)
    for rang, (jour, verbe, structure, champs) in enumerate(etapes):
        libres = dict(champs)
        commande: Json = {
            "commande": verbe,
            "id_commande": f"c{rang}",
            "programme": PROGRAMME,
            "acteur": {"id": libres.pop("par", "ana"), "role": "comptable"},
            "date_effet": jour,
            **({"structure": structure} if structure else {}),
            **libres,
        }
        recu = histoire.envoyer(commande)
        if verbe == "SignerConvention":
            assert recu.refus is not None  # the label is withdrawn: the agreement stays missing
        else:
            assert recu.refus is None, recu
    return histoire
