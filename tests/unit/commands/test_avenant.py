"""Signer un avenant : le fait entier, chaque refus, et leur ordre."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.evenements import AvenantSigné, LabelRetiré, Part, Retrait
from tests.unit.monde import Monde, echeancier, tranches

NEUF = ((2020, 3_000_000, "2020-02-03"), (2021, 3_000_000), (2022, 3_000_000))
"""The schedule of a grant of 90 000 EUR."""
DOUZE = ((2020, 3_000_000, "2020-02-03"), (2021, 4_000_000), (2022, 5_000_000))


def labellisee(montant: int = 9_000_000, **regles: Any) -> Monde:
    """A programme where s1 holds a grant of 90 000 EUR."""
    monde = Monde(**regles)
    monde.label(montant_centimes=montant)
    return monde


def avenant(montant: int, lignes: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of an amendment."""
    return {"montant_centimes": montant, "echeancier": tranches(*lignes)}


HAUSSE = avenant(12_000_000, DOUZE)


def refus(monde: Monde, jour: str, **champs: Any) -> str:
    """The code that answers an amendment."""
    return monde.refus("SignerAvenant", jour, **champs)


def test_une_hausse_engage_la_difference_dans_l_exercice_de_l_avenant() -> None:
    """Un avenant en hausse engage la différence dans son propre exercice."""
    monde = labellisee()
    obtenu = monde.fait("SignerAvenant", "2021-01-10", **HAUSSE)
    assert obtenu == monde.attendu(
        AvenantSigné,
        "2021-01-10",
        structure="s1",
        montant_centimes=12_000_000,
        exercice=2021,
        echeancier=echeancier(*DOUZE),
        motif="Avenant",
        engagement_centimes=3_000_000,
        previsions=(Part(2021, 1_000_000), Part(2022, 2_000_000)),
    )


def test_une_baisse_retire_le_plus_recent_d_abord() -> None:
    """Un avenant en baisse retire l'engagement le plus récent d'abord, sans rien engager."""
    monde = labellisee()
    monde.ok("SignerAvenant", "2021-01-10", **HAUSSE)
    lignes = ((2021, 4_000_000), (2022, 4_000_000))
    obtenu = monde.fait("SignerAvenant", "2021-01-11", **avenant(8_000_000, lignes))
    assert obtenu == monde.attendu(
        AvenantSigné,
        "2021-01-11",
        structure="s1",
        montant_centimes=8_000_000,
        exercice=2021,
        echeancier=echeancier(*lignes),
        motif="Avenant",
        retraits=(
            Retrait("subvention", 2021, 2021, 3_000_000, False, "enveloppe"),
            Retrait("subvention", 2020, 2021, 1_000_000, False, "enveloppe"),
        ),
        previsions=(Part(2020, -3_000_000), Part(2022, -1_000_000)),
    )


def test_un_avenant_sans_variation_deplace_l_echeancier() -> None:
    """Un avenant au même montant ne fait que déplacer ce qui est prévu."""
    monde = labellisee()
    lignes = ((2020, 4_000_000, "2020-02-03"), (2021, 5_000_000))
    obtenu = monde.fait("SignerAvenant", "2020-05-01", **avenant(9_000_000, lignes))
    assert obtenu == monde.attendu(
        AvenantSigné,
        "2020-05-01",
        structure="s1",
        montant_centimes=9_000_000,
        exercice=2020,
        echeancier=echeancier(*lignes),
        motif="Avenant",
        previsions=(Part(2020, 1_000_000), Part(2021, 2_000_000), Part(2022, -3_000_000)),
    )


def test_un_avenant_ne_va_qu_a_une_fabrique_labellisee(monde: Monde) -> None:
    """Structure inconnue, puis candidate ou retirée : refusé."""
    assert refus(monde, "2020-05-01", **HAUSSE) == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert refus(monde, "2020-05-01", **HAUSSE) == "etat_incompatible"


def test_un_avenant_ne_precede_ni_le_label_ni_le_dernier_avenant() -> None:
    """Un avenant daté avant le label, ou avant l'avenant précédent, est refusé."""
    monde = labellisee()
    assert refus(monde, "2020-02-02", **HAUSSE) == "date_incoherente"
    monde.ok("SignerAvenant", "2020-06-01", **HAUSSE)
    assert refus(monde, "2020-05-31", **avenant(9_000_000, NEUF)) == "date_incoherente"
    monde.ok("SignerAvenant", "2020-06-01", **avenant(9_000_000, NEUF))


@pytest.mark.parametrize("montant", [7_499_999, 15_000_001])
def test_un_avenant_reste_dans_les_bornes_du_label(montant: int) -> None:
    """Les bornes sont celles des règles du label, même révisées depuis."""
    monde = labellisee()
    monde.reviser("2020-03-01", plancher_centimes=1, plafond_centimes=99_000_000)
    assert refus(monde, "2020-05-01", montant_centimes=montant, echeancier=[]) == (
        "montant_hors_bornes"
    )


@pytest.mark.parametrize(
    "lignes",
    [
        ((2020, 3_000_000, "2020-02-04"), (2021, 3_000_000), (2022, 3_000_000)),
        ((2021, 3_000_000, "2020-02-03"), (2021, 3_000_000), (2022, 3_000_000)),
        ((2020, 1_999_999, "2020-02-03"), (2021, 3_500_000), (2022, 3_500_001)),
    ],
)
def test_un_rang_paye_garde_date_exercice_et_montant_paye(lignes: tuple[Any, ...]) -> None:
    """Un rang entamé garde échéance, exercice, et au moins ce qui est payé."""
    monde = labellisee()
    monde.payer(1, "2020-03-01", 2_000_000)
    assert refus(monde, "2020-05-01", **avenant(9_000_000, lignes)) == "echeancier_invalide"


def test_un_avenant_commence_au_plus_tot_avec_le_label() -> None:
    """L'échéancier d'un avenant part du label, pas de la date de l'avenant."""
    monde = labellisee()
    trop_tot = ((2020, 4_500_000, "2020-02-02"), (2021, 4_500_000))
    assert refus(monde, "2021-05-01", **avenant(9_000_000, trop_tot)) == "echeancier_invalide"
    assert monde.ok("SignerAvenant", "2021-05-01", **avenant(9_000_000, NEUF)) == 4


def test_un_avenant_respecte_le_plafond_annuel_du_label() -> None:
    """Le plafond annuel est celui des règles du label."""
    monde = labellisee()
    monde.reviser("2020-03-01", plafond_annuel_centimes=9_000_000)
    lignes = ((2020, 3_999_999, "2020-02-03"), (2021, 5_000_001))
    assert refus(monde, "2020-05-01", **avenant(9_000_000, lignes)) == "plafond_annuel_depasse"


def test_une_hausse_demande_des_credits() -> None:
    """Sous crédits bloquants, la hausse demande les AE de l'exercice de l'avenant."""
    monde = labellisee()
    monde.reviser("2020-03-01", credits="bloquants")
    monde.ouvrir_credits(2021, ae=2_999_999, cp=0)
    assert refus(monde, "2021-01-10", **HAUSSE) == "credits_insuffisants"


def test_une_hausse_demande_de_l_enveloppe() -> None:
    """La hausse est bornée par le disponible de l'enveloppe."""
    assert refus(labellisee(enveloppe_centimes=11_999_999), "2021-01-10", **HAUSSE) == (
        "enveloppe_depassee"
    )
    assert labellisee(enveloppe_centimes=12_000_000).ok("SignerAvenant", "2021-01-10", **HAUSSE)


def test_une_baisse_ne_demande_ni_credits_ni_enveloppe() -> None:
    """Une baisse est acceptée sans AE ouvertes ni disponible."""
    monde = labellisee(12_000_000, enveloppe_centimes=12_000_000)
    monde.reviser("2020-03-01", credits="bloquants")
    assert monde.ok("SignerAvenant", "2021-01-10", **avenant(9_000_000, NEUF)) == 5


def test_un_retrait_date_avant_la_hausse_la_retire_dans_son_exercice() -> None:
    """Un retrait daté de 2020 compte en 2021 la part engagée en 2021 : même exercice."""
    monde = labellisee()
    monde.ok("SignerAvenant", "2021-01-10", **HAUSSE)
    fait = monde.fait("RetirerLabel", "2020-06-01")
    assert isinstance(fait, LabelRetiré)
    assert fait.retraits == (
        Retrait("subvention", 2021, 2021, 3_000_000, False, "enveloppe"),
        Retrait("subvention", 2020, 2020, 9_000_000, False, "enveloppe"),
    )


def test_ordre_des_refus_de_signer_avenant(monde: Monde) -> None:
    """Quand tous les refus s'appliquent, chaque cause levée laisse répondre la suivante."""
    monde.cloturer(2019)
    trop: dict[str, Any] = {"montant_centimes": 15_000_001, "echeancier": []}
    assert refus(monde, "2019-12-31", **trop) == "exercice_clos"
    assert refus(monde, "2020-01-01", **trop) == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert refus(monde, "2020-01-01", **trop) == "etat_incompatible"
    monde.ok("LabelliserFabrique", "2020-02-03", montant_centimes=9_000_000)
    baisse = -(4_500_000_000 - 9_000_000)
    monde.ok("ModifierEnveloppe", "2020-02-03", variation_centimes=baisse)
    monde.reviser("2020-02-03", credits="bloquants")
    assert refus(monde, "2020-02-02", **trop) == "date_incoherente"
    assert refus(monde, "2020-05-01", **trop) == "montant_hors_bornes"
    trop = avenant(12_000_000, ((2019, 12_000_000, "2020-02-03"),))
    assert refus(monde, "2020-05-01", **trop) == "echeancier_invalide"
    trop = avenant(12_000_000, ((2020, 12_000_000, "2020-02-03"),))
    assert refus(monde, "2020-05-01", **trop) == "plafond_annuel_depasse"
    assert refus(monde, "2020-05-01", **HAUSSE) == "credits_insuffisants"
    monde.ouvrir_credits(2020, ae=12_000_000, cp=0)
    assert refus(monde, "2020-05-01", **HAUSSE) == "enveloppe_depassee"
    monde.ok("ModifierEnveloppe", "2020-05-01", variation_centimes=3_000_000)
    assert monde.ok("SignerAvenant", "2020-05-01", **HAUSSE) > 0


def test_une_baisse_d_un_centime_ne_touche_que_l_engagement_le_plus_recent() -> None:
    """Une baisse d'un centime retire un centime du dernier engagement, et rien d'autre."""
    monde = labellisee()
    monde.ok("SignerAvenant", "2021-01-10", **HAUSSE)
    lignes = ((2020, 3_000_000, "2020-02-03"), (2021, 4_000_000), (2022, 4_999_999))
    obtenu = monde.fait("SignerAvenant", "2022-01-10", **avenant(11_999_999, lignes))
    assert obtenu == monde.attendu(
        AvenantSigné,
        "2022-01-10",
        structure="s1",
        montant_centimes=11_999_999,
        exercice=2022,
        echeancier=echeancier(*lignes),
        motif="Avenant",
        retraits=(Retrait("subvention", 2021, 2022, 1, False, "enveloppe"),),
        previsions=(Part(2022, -1),),
    )


def test_une_hausse_d_un_centime_demande_un_centime() -> None:
    """Une hausse d'un centime est refusée quand l'enveloppe est épuisée."""
    monde = labellisee(enveloppe_centimes=9_000_000)
    lignes = ((2020, 3_000_000, "2020-02-03"), (2021, 3_000_000), (2022, 3_000_001))
    assert refus(monde, "2020-03-01", **avenant(9_000_001, lignes)) == "enveloppe_depassee"


def test_un_centime_paye_fige_deja_le_rang() -> None:
    """Un rang payé d'un centime garde déjà son échéance."""
    monde = labellisee()
    monde.payer(1, "2020-02-03", 1)
    lignes = ((2020, 3_000_000, "2020-02-04"), (2021, 3_000_000), (2022, 3_000_000))
    assert refus(monde, "2020-03-01", **avenant(9_000_000, lignes)) == "echeancier_invalide"


def test_un_rang_paye_est_fige_meme_apres_un_rang_rendu() -> None:
    """Le rang 1 annulé n'empêche pas de voir que le rang 2 est payé."""
    monde = labellisee()
    position = monde.payer(1, "2020-02-03", 3_000_000)
    monde.payer(2, "2021-03-01", 3_000_000)
    monde.ok("AnnulerVersement", "2021-03-02", position=position)
    deplace = ((2020, 3_000_000, "2020-02-03"), (2021, 3_000_000, "2021-03-02"), (2022, 3_000_000))
    assert refus(monde, "2021-03-03", **avenant(9_000_000, deplace)) == "echeancier_invalide"


def test_un_rang_paye_ne_disparait_pas() -> None:
    """Un échéancier raccourci qui perd un rang payé est refusé, sans erreur."""
    monde = labellisee(plancher_centimes=1)
    monde.payer(1, "2020-02-03", 3_000_000)
    monde.payer(2, "2021-03-01", 3_000_000)
    court = ((2020, 5_000_000, "2020-02-03"),)
    assert refus(monde, "2021-03-03", **avenant(5_000_000, court)) == "echeancier_invalide"


def test_un_avenant_ne_prevoit_rien_du_bonus() -> None:
    """Un avenant ne déplace que les prévisions de la subvention, pas celles du bonus."""
    monde = labellisee()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    lignes = ((2020, 3_000_000, "2020-02-03"), (2021, 2_000_000), (2022, 4_000_000))
    obtenu = monde.fait("SignerAvenant", "2020-03-01", **avenant(9_000_000, lignes))
    assert isinstance(obtenu, AvenantSigné)
    assert obtenu.previsions == (Part(2021, -1_000_000), Part(2022, 1_000_000))


def test_ce_qui_est_paye_du_dernier_rang_n_est_plus_prevu() -> None:
    """Le dernier rang payé et un rang ajouté : seul ce qui reste à payer change les prévisions."""
    deux = tranches((2020, 4_500_000, "2020-02-03"), (2021, 4_500_000))
    monde = Monde()
    monde.label(montant_centimes=9_000_000, echeancier=deux)
    monde.payer(1, "2020-02-03", 4_500_000)
    monde.payer(2, "2021-03-01", 4_500_000)
    lignes = ((2020, 4_500_000, "2020-02-03"), (2021, 4_600_000), (2022, 2_900_000))
    obtenu = monde.fait("SignerAvenant", "2021-03-02", **avenant(12_000_000, lignes))
    assert isinstance(obtenu, AvenantSigné)
    assert obtenu.previsions == (Part(2021, 100_000), Part(2022, 2_900_000))
