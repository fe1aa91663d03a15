"""Convention, bilan, retrait du label : le fait entier et chaque refus."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.evenements import BilanReçu, ConventionSignée, LabelRetiré, Part, Retrait
from tests.unit.monde import Monde

VERBES: dict[str, dict[str, Any]] = {
    "SignerConvention": {},
    "RecevoirBilan": {},
    "RetirerLabel": {},
}


def test_signer_convention_enregistre_reference_et_ej(monde: Monde) -> None:
    """SignerConvention enregistre la référence et l'engagement juridique."""
    monde.label()
    obtenu = monde.fait("SignerConvention", "2020-02-10", ej="2103456789")
    assert obtenu == monde.attendu(
        ConventionSignée, "2020-02-10", structure="s1", reference="CONV-1", ej="2103456789"
    )


def test_recevoir_bilan_enregistre_exercice_et_sort(monde: Monde) -> None:
    """RecevoirBilan enregistre l'exercice du bilan et s'il est accepté."""
    monde.label()
    obtenu = monde.fait("RecevoirBilan", "2021-01-10", accepte=False)
    assert obtenu == monde.attendu(
        BilanReçu, "2021-01-10", structure="s1", exercice=2020, accepte=False
    )


def test_retirer_label_retire_subvention_et_bonus_non_payes(monde: Monde) -> None:
    """RetirerLabel retire, par engagement, ce qui n'est payé ni de la subvention ni du bonus."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-03-01", 1_000_000)
    obtenu = monde.fait("RetirerLabel", "2020-06-01")
    assert obtenu == monde.attendu(
        LabelRetiré,
        "2020-06-01",
        structure="s1",
        motif="Abandon",
        territoire="qpv",
        numerique=True,
        retraits=(
            Retrait("subvention", 2020, 2020, 14_000_000, False, "enveloppe"),
            Retrait("bonus", 2019, 2020, 10_000_000, False, "enveloppe"),
        ),
        previsions=(
            Part(2019, 10_000_000),
            Part(2020, 4_000_000),
            Part(2021, 5_000_000),
            Part(2022, 5_000_000),
        ),
    )


def test_retirer_un_label_tout_paye_ne_retire_rien(monde: Monde) -> None:
    """Le retrait d'un label entièrement payé ne retire aucun engagement."""
    monde.label()
    for rang, jour in ((1, "2020-03-01"), (2, "2021-03-01"), (3, "2022-03-01")):
        monde.payer(rang, jour)
    obtenu = monde.fait("RetirerLabel", "2022-06-01")
    assert obtenu == monde.attendu(
        LabelRetiré,
        "2022-06-01",
        structure="s1",
        motif="Abandon",
        territoire="qpv",
        numerique=True,
    )


@pytest.mark.parametrize("verbe", VERBES)
def test_ordre_des_refus_du_suivi(monde: Monde, verbe: str) -> None:
    """Exercice clos, structure inconnue, état incompatible, puis date incohérente."""
    monde.cloturer(2019)
    assert monde.refus(verbe, "2019-12-31") == "exercice_clos"
    assert monde.refus(verbe, "2020-01-01") == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert monde.refus(verbe, "2020-01-01") == "etat_incompatible"
    monde.ok("LabelliserFabrique", "2020-02-03")
    assert monde.refus(verbe, "2020-02-02") == "date_incoherente"
    assert monde.ok(verbe, "2020-02-03") == 5


@pytest.mark.parametrize("verbe", VERBES)
def test_un_label_retire_ne_se_suit_plus(monde: Monde, verbe: str) -> None:
    """Après le retrait du label, ni convention, ni bilan, ni second retrait."""
    monde.label()
    monde.ok("RetirerLabel", "2020-06-01")
    assert monde.refus(verbe, "2020-06-02") == "etat_incompatible"


@pytest.mark.parametrize("verbe", VERBES)
def test_le_suivi_continue_apres_la_cloture_du_programme(monde: Monde, verbe: str) -> None:
    """CloreProgramme n'arrête ni conventions, ni bilans, ni retraits."""
    monde.label()
    monde.ok("CloreProgramme", "2020-06-01")
    assert monde.ok(verbe, "2020-06-02") == 5
