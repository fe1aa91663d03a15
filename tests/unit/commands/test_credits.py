"""Ouvrir, geler et dégeler des crédits : le fait entier et chaque refus."""

from __future__ import annotations

import pytest

from ledger.evenements import CréditsDégelés, CréditsGelés, CréditsOuverts
from tests.unit.monde import Monde

CREDITS = {"exercice": 2020, "ae_centimes": 7, "cp_centimes": 5}


def test_ouvrir_credits_enregistre_ae_cp_et_nature(monde: Monde) -> None:
    """OuvrirCrédits enregistre l'exercice, les AE, les CP, la nature et la source."""
    obtenu = monde.fait("OuvrirCrédits", "2020-01-02", **CREDITS)
    assert obtenu == monde.attendu(
        CréditsOuverts, "2020-01-02", **CREDITS, nature="lfi", source="LFI"
    )


def test_geler_credits_enregistre_ae_et_cp(monde: Monde) -> None:
    """GelerCrédits enregistre ce qui est gelé."""
    obtenu = monde.fait("GelerCrédits", "2020-01-02", **CREDITS)
    assert obtenu == monde.attendu(CréditsGelés, "2020-01-02", **CREDITS, source="LFI")


def test_degeler_credits_enregistre_ae_et_cp(monde: Monde) -> None:
    """DégelerCrédits enregistre ce qui est rendu, jusqu'à tout ce qui est gelé."""
    monde.ok("GelerCrédits", "2020-01-02", **CREDITS)
    obtenu = monde.fait("DégelerCrédits", "2020-01-03", **CREDITS)
    assert obtenu == monde.attendu(CréditsDégelés, "2020-01-03", **CREDITS, source="LFI")


@pytest.mark.parametrize("membre", ["ae_centimes", "cp_centimes"])
def test_un_degel_ne_depasse_pas_le_gel_meme_sans_suivi(monde: Monde, membre: str) -> None:
    """Un dégel au-dessus de ce qui est gelé est refusé, quel que soit le suivi des crédits."""
    monde.ok("GelerCrédits", "2020-01-02", **CREDITS)
    trop = CREDITS | {membre: CREDITS[membre] + 1}
    assert monde.refus("DégelerCrédits", "2020-01-03", **trop) == "gel_insuffisant"


def test_le_gel_d_un_autre_exercice_ne_se_degele_pas(monde: Monde) -> None:
    """Ce qui est gelé sur 2020 ne se dégèle pas sur 2021."""
    monde.ok("GelerCrédits", "2020-01-02", **CREDITS)
    autre = CREDITS | {"exercice": 2021}
    assert monde.refus("DégelerCrédits", "2020-01-03", **autre) == "gel_insuffisant"


@pytest.mark.parametrize("membre", ["ae_centimes", "cp_centimes"])
def test_un_gel_ne_depasse_pas_des_credits_bloquants(membre: str) -> None:
    """Sous crédits bloquants, geler un centime de plus que le disponible est refusé."""
    monde = Monde(credits="bloquants")
    monde.ouvrir_credits(2020, ae=7, cp=5)
    trop = CREDITS | {membre: CREDITS[membre] + 1}
    assert monde.refus("GelerCrédits", "2020-01-03", **trop) == "credits_insuffisants"
    monde.ok("GelerCrédits", "2020-01-03", **CREDITS)


@pytest.mark.parametrize("membre", ["ae_centimes", "cp_centimes"])
def test_une_annulation_ne_depasse_pas_des_credits_bloquants(membre: str) -> None:
    """Sous crédits bloquants, annuler plus que le disponible est refusé."""
    monde = Monde(credits="bloquants")
    monde.ouvrir_credits(2020, ae=7, cp=5)
    trop = {"ae_centimes": 0, "cp_centimes": 0, membre: -CREDITS[membre] - 1}
    assert (
        monde.refus("OuvrirCrédits", "2020-01-03", nature="annulation", **trop)
        == "credits_insuffisants"
    )


@pytest.mark.parametrize("suivi", ["non_suivis", "indicatifs"])
def test_des_credits_non_bloquants_ne_refusent_rien(suivi: str) -> None:
    """Hors crédits bloquants, un gel sans crédits ouverts est accepté."""
    assert Monde(credits=suivi).ok("GelerCrédits", "2020-01-03", **CREDITS) == 2


def test_deja_negatif_seul_ce_qui_aggrave_est_refuse() -> None:
    """Un disponible déjà négatif n'empêche pas une commande qui ne le baisse pas."""
    monde = Monde()
    monde.label()
    monde.reviser("2020-02-04", credits="bloquants")
    assert monde.refus("OuvrirCrédits", "2020-02-05", ae_centimes=-1) == "credits_insuffisants"
    assert monde.ok("OuvrirCrédits", "2020-02-05", ae_centimes=0, cp_centimes=1) == 5


@pytest.mark.parametrize("verbe", ["OuvrirCrédits", "GelerCrédits", "DégelerCrédits"])
def test_l_exercice_nomme_est_teste_avant_les_credits(verbe: str) -> None:
    """Un exercice nommé et clos est refusé avant crédits ou gel insuffisants."""
    monde = Monde(credits="bloquants")
    monde.cloturer(2019)
    signe = -1 if verbe == "OuvrirCrédits" else 1
    trop = {"ae_centimes": signe * 9, "cp_centimes": 0}
    assert monde.refus(verbe, "2020-01-03", exercice=2019, **trop) == "exercice_clos"
    attendu = "gel_insuffisant" if verbe == "DégelerCrédits" else "credits_insuffisants"
    assert monde.refus(verbe, "2020-01-03", exercice=2020, **trop) == attendu


@pytest.mark.parametrize("verbe", ["GelerCrédits", "DégelerCrédits"])
def test_un_gel_negatif_est_une_commande_invalide(monde: Monde, verbe: str) -> None:
    """Geler ou dégeler un montant négatif est une commande invalide."""
    assert monde.refus(verbe, "2020-01-03", ae_centimes=-1) == "commande_invalide"


@pytest.mark.parametrize("verbe", ["OuvrirCrédits", "GelerCrédits", "DégelerCrédits"])
def test_les_credits_vont_a_un_programme_ouvert(verbe: str) -> None:
    """Des crédits d'un programme inconnu sont refusés ; ceux d'un programme clos, acceptés."""
    assert Monde(ouvert=False).refus(verbe, "2020-01-03") == "programme_inconnu"
    monde = Monde()
    monde.ok("CloreProgramme", "2020-01-03")
    assert monde.ok(verbe, "2020-01-03") == 3
