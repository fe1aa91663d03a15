"""Ce que dit un refus, en entier : son code, sa phrase, et ses chiffres typés."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.monde import Monde, qui, tranches

Scene = Callable[[], tuple[Monde, str, str, dict[str, Any]]]


def _clos() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    monde.cloturer(2019, 2020)
    return monde, "VerserTranche", "2020-03-01", {}


def _deja_clos() -> tuple[Monde, str, str, dict[str, Any]]:
    monde, *_ = _clos()
    return monde, "ClôturerExercice", "2022-01-02", {"exercice": 2020}


def _non_termine() -> tuple[Monde, str, str, dict[str, Any]]:
    return Monde(), "ClôturerExercice", "2019-12-31", {"exercice": 2019}


def _precedent_ouvert() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    return monde, "ClôturerExercice", "2021-01-02", {"exercice": 2020}


def _ae() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde(credits="bloquants")
    monde.ouvrir_credits(2020, 10_000_000, 0)
    monde.ok("DéposerCandidature", "2020-01-10")
    return monde, "LabelliserFabrique", "2020-02-03", {}


def _cp() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde(credits="bloquants")
    monde.ouvrir_credits(2020, 15_000_000, 4_000_000)
    monde.label()
    return monde, "VerserTranche", "2020-03-01", {}


def _enveloppe() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde(enveloppe_centimes=20_000_000)
    monde.label()
    monde.ok("DéposerCandidature", "2020-01-10", structure="s2")
    return monde, "LabelliserFabrique", "2020-02-03", {"structure": "s2"}


def _quota(**regles: Any) -> Scene:
    def scene() -> tuple[Monde, str, str, dict[str, Any]]:
        monde = Monde(**regles)
        territoire = "hors_qpv" if "quota_hors_qpv" in regles else "qpv"
        monde.label(territoire=territoire)
        monde.ok("DéposerCandidature", "2020-01-10", structure="s2", territoire=territoire)
        return monde, "LabelliserFabrique", "2020-02-03", {"structure": "s2"}

    return scene


def _quota_des_bonus() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-03-01")
    monde.label("s2")
    monde.reviser("2020-03-01", quota_numeriques=1)
    return monde, "AccorderBonusNumérique", "2020-03-02", {"structure": "s2"}


def _baisse() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde(enveloppe_centimes=20_000_000)
    monde.label()
    return monde, "ModifierEnveloppe", "2020-03-01", {"variation_centimes": -5_000_001}


def _regles() -> tuple[Monde, str, str, dict[str, Any]]:
    return Monde(), "RéviserRègles", "2020-03-01", {"regles": {"plancher_centimes": 15_000_001}}


def _gel(nature: str) -> Scene:
    def scene() -> tuple[Monde, str, str, dict[str, Any]]:
        monde = Monde()
        monde.ok("GelerCrédits", "2020-01-02", ae_centimes=300, cp_centimes=200)
        demande = {"ae_centimes": 300, "cp_centimes": 200} | {f"{nature}_centimes": 301}
        return monde, "DégelerCrédits", "2020-01-03", demande

    return scene


def _deja_candidate() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    return monde, "DéposerCandidature", "2020-01-11", {}


def _etat() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    return monde, "VerserTranche", "2020-03-01", {}


def _date() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    return monde, "LabelliserFabrique", "2020-01-09", {}


def _bornes() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    return monde, "LabelliserFabrique", "2020-02-03", {"montant_centimes": 15_000_001}


def _plafond_annuel() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    plan = tranches((2020, 3_000_000, "2020-02-03"), (2020, 2_000_001), (2021, 4_999_999))
    champs = {"montant_centimes": 10_000_000, "echeancier": plan}
    return monde, "LabelliserFabrique", "2020-02-03", champs


def _bonus_non_eligible() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label(territoire="hors_qpv")
    return monde, "AccorderBonusNumérique", "2020-03-01", {}


def _rang() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    return monde, "VerserTranche", "2020-03-01", {"rang": 4}


def _soldee() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-01")
    return monde, "VerserTranche", "2020-03-02", {"rang": 1}


def _precedente() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-01", 4_999_999)
    return monde, "VerserTranche", "2021-03-01", {"rang": 2}


def _echeance() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-01")
    return monde, "VerserTranche", "2021-02-28", {"rang": 2}


def _bilan() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde(bilan_requis=True)
    monde.label()
    monde.payer(1, "2020-03-01")
    return monde, "VerserTranche", "2021-03-01", {"rang": 2}


def _ordonnancement() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde(ordonnancement_requis=True)
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=2_000_000)
    return monde, "VerserTranche", "2020-03-01", {"montant_centimes": 2_000_001}


def _separation() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde(ordonnancement_requis=True)
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-03-01")
    return monde, "VerserTranche", "2020-03-01", {"acteur": qui("bob", "ordonnateur")}


def _excessif() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-01", 4_000_000)
    return monde, "VerserTranche", "2020-03-01", {"montant_centimes": 1_000_001}


def _exercice() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    return monde, "VerserTranche", "2020-03-01", {"exercice": 2021}


def _pas_un_versement() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    return monde, "AnnulerVersement", "2020-03-01", {"position": 3}


def _deja_annule() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    position = monde.payer(1, "2020-03-01")
    monde.ok("AnnulerVersement", "2020-03-02", position=position)
    return monde, "AnnulerVersement", "2020-03-03", {"position": position}


def _trop_reclame() -> tuple[Monde, str, str, dict[str, Any]]:
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-01", 2_000_000)
    monde.ok("DemanderReversement", "2020-04-01", montant_centimes=500_000)
    return monde, "DemanderReversement", "2020-04-02", {"montant_centimes": 1_500_001}


def _trop_encaisse() -> tuple[Monde, str, str, dict[str, Any]]:
    monde, *_ = _trop_reclame()
    monde.ok("EncaisserReversement", "2020-04-03", montant_centimes=200_000)
    return monde, "EncaisserReversement", "2020-04-04", {"montant_centimes": 300_001}


REFUS: list[tuple[Scene, str, str, dict[str, int | str]]] = [
    (
        _clos,
        "exercice_clos",
        "L'exercice 2020 est clôturé (dernier clos : 2020).",
        {"exercice": 2020, "dernier_clos": 2020},
    ),
    (
        _deja_clos,
        "exercice_deja_clos",
        "L'exercice 2020 est clôturé (dernier clos : 2020).",
        {"exercice": 2020, "dernier_clos": 2020},
    ),
    (
        _non_termine,
        "exercice_non_termine",
        "L'exercice 2019 n'est pas terminé au 2019-12-31.",
        {"exercice": 2019},
    ),
    (
        _precedent_ouvert,
        "exercice_non_termine",
        "L'exercice 2019 a des faits et n'est pas clôturé.",
        {"exercice": 2019},
    ),
    (
        _ae,
        "credits_insuffisants",
        "AE de 2020 : 100 000,00 € disponibles, 150 000,00 € demandés.",
        {"exercice": 2020, "disponible_centimes": 10_000_000, "demande_centimes": 15_000_000},
    ),
    (
        _cp,
        "credits_insuffisants",
        "CP de 2020 : 40 000,00 € disponibles, 50 000,00 € demandés.",
        {"exercice": 2020, "disponible_centimes": 4_000_000, "demande_centimes": 5_000_000},
    ),
    (
        _enveloppe,
        "enveloppe_depassee",
        "Il reste 50 000,00 € dans l'enveloppe, 150 000,00 € demandés.",
        {"disponible_centimes": 5_000_000, "demande_centimes": 15_000_000},
    ),
    (
        _quota(quota_total=1),
        "quota_atteint",
        "Quota total : 1 sur 1, il n'y a plus de place.",
        {"quota": 1, "compte": 1},
    ),
    (
        _quota(quota_qpv=1),
        "quota_atteint",
        "Quota QPV : 1 sur 1, il n'y a plus de place.",
        {"quota": 1, "compte": 1},
    ),
    (
        _quota(quota_hors_qpv=1),
        "quota_atteint",
        "Quota hors QPV : 1 sur 1, il n'y a plus de place.",
        {"quota": 1, "compte": 1},
    ),
    (
        _quota(quota_numeriques=1),
        "quota_atteint",
        "Quota numériques : 1 sur 1, il n'y a plus de place.",
        {"quota": 1, "compte": 1},
    ),
    (
        _quota_des_bonus,
        "quota_atteint",
        "Quota des bonus numériques : 1 sur 1, il n'y a plus de place.",
        {"quota": 1, "compte": 1},
    ),
    (
        _baisse,
        "enveloppe_insuffisante",
        "Il reste 50 000,00 € dans l'enveloppe : elle ne peut pas baisser de 50 000,01 €.",
        {"disponible_centimes": 5_000_000, "variation_centimes": -5_000_001},
    ),
    (
        _regles,
        "regles_incoherentes",
        "Règles incohérentes au 2020-03-01 : le plancher (150 000,01 €) dépasse le plafond "
        "(150 000,00 €).",
        {"date": "2020-03-01"},
    ),
    (
        _gel("ae"),
        "gel_insuffisant",
        "AE de 2020 : 3,00 € gelés, 3,01 € à dégeler.",
        {"exercice": 2020, "gele_centimes": 300, "demande_centimes": 301},
    ),
    (
        _gel("cp"),
        "gel_insuffisant",
        "CP de 2020 : 2,00 € gelés, 3,01 € à dégeler.",
        {"exercice": 2020, "gele_centimes": 200, "demande_centimes": 301},
    ),
    (
        _deja_candidate,
        "candidature_existante",
        "La structure s1 est déjà à l'état « deposee ».",
        {"etat": "deposee"},
    ),
    (
        _etat,
        "etat_incompatible",
        "La structure s1 est à l'état « deposee » ; VerserTranche demande : labellisee.",
        {"etat": "deposee"},
    ),
    (
        _date,
        "date_incoherente",
        "La date d'effet 2020-01-09 précède le dépôt de la candidature (2020-01-10).",
        {"date_effet": "2020-01-09", "depuis": "2020-01-10"},
    ),
    (
        _bornes,
        "montant_hors_bornes",
        "La subvention de 150 000,01 € sort des bornes : de 75 000,00 € à 150 000,00 €.",
        {
            "montant_centimes": 15_000_001,
            "plancher_centimes": 7_500_000,
            "plafond_centimes": 15_000_000,
        },
    ),
    (
        _plafond_annuel,
        "plafond_annuel_depasse",
        "L'échéancier prévoit 50 000,01 € sur 2020, le plafond annuel est de 50 000,00 €.",
        {"exercice": 2020, "prevu_centimes": 5_000_001, "plafond_centimes": 5_000_000},
    ),
    (
        _bonus_non_eligible,
        "bonus_non_eligible",
        "La structure s1 n'est pas une Fabrique numérique en QPV (numérique : oui, "
        "territoire : hors_qpv).",
        {"territoire": "hors_qpv"},
    ),
    (
        _rang,
        "rang_inconnu",
        "L'échéancier a 3 tranches, pas de rang 4.",
        {"rang": 4, "rangs": 3},
    ),
    (_soldee, "tranche_soldee", "La tranche 1 est entièrement payée.", {"rang": 1}),
    (
        _precedente,
        "tranche_precedente_due",
        "Il reste 0,01 € à payer sur la tranche 1.",
        {"rang": 1, "reste_centimes": 1},
    ),
    (
        _echeance,
        "echeance_non_atteinte",
        "La tranche 2 échoit le 2021-03-01, la date d'effet est le 2021-02-28.",
        {"rang": 2, "echeance": "2021-03-01"},
    ),
    (
        _bilan,
        "bilan_manquant",
        "Le dernier bilan sur 2020 est absent ou n'est pas accepté.",
        {"exercice": 2020},
    ),
    (
        _ordonnancement,
        "ordonnancement_manquant",
        "20 000,00 € ordonnancés et non payés, 20 000,01 € à payer.",
        {"ordonnance_centimes": 2_000_000, "demande_centimes": 2_000_001},
    ),
    (
        _separation,
        "separation_des_fonctions",
        "bob (ordonnateur) ne peut pas payer : le payeur est un comptable qui n'a pas ordonnancé.",
        {"acteur": "bob", "role": "ordonnateur"},
    ),
    (
        _excessif,
        "montant_excessif",
        "Il reste 10 000,00 €, 10 000,01 € demandés.",
        {"reste_centimes": 1_000_000, "demande_centimes": 1_000_001},
    ),
    (
        _exercice,
        "exercice_invalide",
        "L'exercice 2021 ne convient pas à un paiement du 2020-03-01 sur un engagement de 2020.",
        {"exercice": 2021, "engagement": 2020},
    ),
    (
        _pas_un_versement,
        "versement_inconnu",
        "La position 3 n'est pas un versement à s1.",
        {"position": 3},
    ),
    (
        _deja_annule,
        "versement_deja_annule",
        "Le versement de la position 4 est déjà annulé.",
        {"position": 4},
    ),
    (
        _trop_reclame,
        "montant_excessif",
        "15 000,00 € payés et non encore réclamés à s1, 15 000,01 € demandés.",
        {"reste_centimes": 1_500_000, "demande_centimes": 1_500_001},
    ),
    (
        _trop_encaisse,
        "montant_excessif",
        "3 000,00 € réclamés et non encaissés à s1, 3 000,01 € à encaisser.",
        {"reste_centimes": 300_000, "demande_centimes": 300_001},
    ),
]


@pytest.mark.parametrize(
    ("scene", "code", "message", "details"), REFUS, ids=[f"{r[1]}-{r[0].__name__}" for r in REFUS]
)
def test_un_refus_dit_son_code_sa_phrase_et_ses_chiffres(
    scene: Scene, code: str, message: str, details: dict[str, int | str]
) -> None:
    """Un refus dit son code, sa phrase, et ses chiffres typés."""
    monde, verbe, jour, champs = scene()
    refus = monde.envoyer(verbe, jour, **champs).refus
    assert refus is not None
    assert (refus.code, refus.message, refus.details) == (code, message, details)
