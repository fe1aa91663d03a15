"""Demander et encaisser un reversement : le fait entier, chaque refus, et leur ordre."""

from __future__ import annotations

import pytest

from ledger.evenements import ReversementDemandé, ReversementEncaissé
from tests.unit.monde import Monde

VERBES = ["DemanderReversement", "EncaisserReversement"]


@pytest.fixture
def paye(monde: Monde) -> Monde:
    """50 000 EUR are paid to s1."""
    monde.label()
    monde.payer(1, "2020-03-01")
    return monde


def test_demander_reversement_enregistre_montant_et_titre(paye: Monde) -> None:
    """DemanderReversement enregistre le montant et le titre."""
    obtenu = paye.fait("DemanderReversement", "2020-04-01")
    assert obtenu == paye.attendu(
        ReversementDemandé,
        "2020-04-01",
        structure="s1",
        montant_centimes=1_000_000,
        titre="T-1",
    )


def test_encaisser_reversement_compte_dans_son_annee(paye: Monde) -> None:
    """EncaisserReversement compte dans l'année de sa date."""
    paye.ok("DemanderReversement", "2020-04-01")
    obtenu = paye.fait("EncaisserReversement", "2021-05-01")
    assert obtenu == paye.attendu(
        ReversementEncaissé,
        "2021-05-01",
        structure="s1",
        montant_centimes=1_000_000,
        titre="T-1",
        exercice=2021,
    )


def test_encaisser_sur_un_exercice_clos_compte_dans_le_premier_ouvert(paye: Monde) -> None:
    """Un encaissement daté d'un exercice clos garde sa date, et compte dans le premier ouvert."""
    paye.ok("DemanderReversement", "2020-04-01")
    paye.cloturer(2019, 2020)
    obtenu = paye.fait("EncaisserReversement", "2020-05-01")
    assert obtenu == paye.attendu(
        ReversementEncaissé,
        "2020-05-01",
        structure="s1",
        montant_centimes=1_000_000,
        titre="T-1",
        exercice=2021,
    )


def test_on_ne_reclame_pas_plus_que_ce_qui_est_paye(paye: Monde) -> None:
    """Réclamer un centime de plus que payé et non réclamé est refusé."""
    paye.ok("DemanderReversement", "2020-04-01")
    trop = {"montant_centimes": 4_000_001}
    assert paye.refus("DemanderReversement", "2020-04-01", **trop) == "montant_excessif"
    assert paye.ok("DemanderReversement", "2020-04-01", montant_centimes=4_000_000) == 6


def test_on_n_encaisse_pas_plus_que_ce_qui_est_reclame(paye: Monde) -> None:
    """Encaisser un centime de plus que réclamé et non encaissé est refusé."""
    paye.ok("DemanderReversement", "2020-04-01")
    trop = {"montant_centimes": 1_000_001}
    assert paye.refus("EncaisserReversement", "2020-04-01", **trop) == "montant_excessif"
    assert paye.ok("EncaisserReversement", "2020-04-01") == 6
    assert paye.refus("EncaisserReversement", "2020-04-01", montant_centimes=1) == (
        "montant_excessif"
    )


def test_apres_le_retrait_les_reversements_restent_possibles(paye: Monde) -> None:
    """Après le retrait du label, on réclame et on encaisse encore."""
    paye.ok("RetirerLabel", "2020-04-01")
    paye.ok("DemanderReversement", "2020-05-01")
    assert paye.ok("EncaisserReversement", "2020-05-01") == 7


@pytest.mark.parametrize("verbe", VERBES)
def test_ordre_des_refus_des_reversements(monde: Monde, verbe: str) -> None:
    """Structure inconnue, état incompatible, date incohérente, puis montant excessif."""
    assert monde.refus(verbe, "2020-02-02") == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert monde.refus(verbe, "2020-02-02") == "etat_incompatible"
    monde.ok("LabelliserFabrique", "2020-02-03")
    assert monde.refus(verbe, "2020-02-02") == "date_incoherente"
    assert monde.refus(verbe, "2020-02-03") == "montant_excessif"


def test_exercice_clos_arrete_la_demande_et_non_l_encaissement(paye: Monde) -> None:
    """Exercice clos : la demande est refusée avant tout, l'encaissement ne l'est pas."""
    paye.cloturer(2019, 2020)
    champs = {"structure": "s9"}
    assert paye.refus("DemanderReversement", "2020-12-31", **champs) == "exercice_clos"
    assert paye.refus("EncaisserReversement", "2020-12-31", **champs) == "structure_inconnue"
