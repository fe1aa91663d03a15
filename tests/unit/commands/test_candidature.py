"""Déposer, corriger, instruire, aviser, rejeter, retirer : le fait entier et chaque refus."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.evenements import (
    AvisRendu,
    CandidatureDéposée,
    CandidatureInstruite,
    CandidatureRejetée,
    CandidatureRetirée,
    StructureCorrigée,
)
from tests.unit.monde import CRITERES, Monde

SUR_CANDIDATURE = [
    "InstruireCandidature",
    "RendreAvis",
    "RejeterCandidature",
    "RetirerCandidature",
]


def test_deposer_candidature_enregistre_tout_ce_qui_est_donne(monde: Monde) -> None:
    """DéposerCandidature enregistre l'identité, le territoire, la demande et la vague."""
    plus: dict[str, Any] = {
        "montant_demande_centimes": 0,
        "siret": "35600000000048",
        "rna": "W123456789",
    }
    obtenu = monde.fait("DéposerCandidature", "2020-01-10", vague=1, **plus)
    assert obtenu == monde.attendu(
        CandidatureDéposée,
        "2020-01-10",
        structure="s1",
        porteur="LAB01",
        code_postal="01500",
        ville="Ambérieu-en-Bugey",
        territoire="qpv",
        numerique=True,
        vague="1",
        **plus,
    )


@pytest.mark.parametrize("etat", ["deposee", "labellisee", "label_retire"])
def test_une_seule_candidature_a_la_fois(monde: Monde, etat: str) -> None:
    """Une structure candidate, labellisée ou dont le label est retiré ne candidate pas."""
    monde.ok("DéposerCandidature", "2020-01-10")
    if etat != "deposee":
        monde.ok("LabelliserFabrique", "2020-02-03")
    if etat == "label_retire":
        monde.ok("RetirerLabel", "2020-03-01")
    assert monde.refus("DéposerCandidature", "2021-01-10") == "candidature_existante"


@pytest.mark.parametrize("verbe", ["RejeterCandidature", "RetirerCandidature"])
def test_apres_rejet_ou_retrait_on_peut_deposer_a_nouveau(monde: Monde, verbe: str) -> None:
    """Une candidature rejetée ou retirée peut être suivie d'une autre."""
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.ok(verbe, "2020-01-20")
    assert monde.ok("DéposerCandidature", "2020-01-11") == 4


def test_candidature_existante_suit_programme_et_exercice(monde: Monde) -> None:
    """Programme clos, puis exercice clos, puis candidature existante."""
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.cloturer(2019)
    assert monde.refus("DéposerCandidature", "2019-12-31") == "exercice_clos"
    assert monde.refus("DéposerCandidature", "2020-01-10") == "candidature_existante"
    monde.ok("CloreProgramme", "2020-02-01")
    assert monde.refus("DéposerCandidature", "2019-12-31") == "programme_clos"


def test_corriger_structure_n_enregistre_que_les_champs_donnes(monde: Monde) -> None:
    """CorrigerStructure enregistre le motif et les seuls champs corrigés."""
    monde.ok("DéposerCandidature", "2020-01-10")
    obtenu = monde.fait("CorrigerStructure", "2020-01-11", porteur="AURORE", numerique=False)
    assert obtenu == monde.attendu(
        StructureCorrigée,
        "2020-01-11",
        structure="s1",
        motif="Coquille",
        porteur="AURORE",
        numerique=False,
    )


@pytest.mark.parametrize("champ", [{"territoire": "hors_qpv"}, {"numerique": False}])
def test_le_label_fige_territoire_et_numerique(monde: Monde, champ: dict[str, Any]) -> None:
    """Après le label, seul le reste de l'identité se corrige."""
    monde.label()
    assert monde.refus("CorrigerStructure", "2020-03-01", **champ) == "etat_incompatible"
    assert monde.ok("CorrigerStructure", "2020-03-01", porteur="AURORE", vague="2") == 4


def test_corriger_une_structure_rejetee_reste_possible(monde: Monde) -> None:
    """L'identité se corrige dans tous les états."""
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.ok("RejeterCandidature", "2020-01-11")
    assert monde.ok("CorrigerStructure", "2020-01-12", ville="Bourg") == 4


def test_ordre_des_refus_de_corriger_structure(monde: Monde) -> None:
    """Structure inconnue, puis état incompatible, puis date incohérente."""
    champs = {"territoire": "hors_qpv"}
    assert monde.refus("CorrigerStructure", "2020-01-09", **champs) == "structure_inconnue"
    monde.label()
    assert monde.refus("CorrigerStructure", "2020-01-09", **champs) == "etat_incompatible"
    assert monde.refus("CorrigerStructure", "2020-01-09", ville="Bourg") == "date_incoherente"


def test_instruire_candidature_enregistre_criteres_roles_et_note(monde: Monde) -> None:
    """InstruireCandidature enregistre les cinq critères, les rôles, la proposition et la note."""
    monde.ok("DéposerCandidature", "2020-01-10")
    plus: dict[str, Any] = {"montant_propose_centimes": 9_000_000, "note": "Solide"}
    obtenu = monde.fait("InstruireCandidature", "2020-01-12", roles=["lieu_ressource"], **plus)
    assert obtenu == monde.attendu(
        CandidatureInstruite,
        "2020-01-12",
        structure="s1",
        criteres=CRITERES,
        roles=("lieu_ressource",),
        **plus,
    )


def test_rendre_avis_enregistre_avis_et_instance(monde: Monde) -> None:
    """RendreAvis enregistre l'avis et l'instance."""
    monde.ok("DéposerCandidature", "2020-01-10")
    obtenu = monde.fait("RendreAvis", "2020-01-12", avis="reserve")
    assert obtenu == monde.attendu(
        AvisRendu, "2020-01-12", structure="s1", avis="reserve", instance="CNTL"
    )


def test_rejeter_candidature_enregistre_le_motif(monde: Monde) -> None:
    """RejeterCandidature enregistre le motif."""
    monde.ok("DéposerCandidature", "2020-01-10")
    obtenu = monde.fait("RejeterCandidature", "2020-01-12")
    assert obtenu == monde.attendu(
        CandidatureRejetée, "2020-01-12", structure="s1", motif="Incomplet"
    )


def test_retirer_candidature_enregistre_le_motif(monde: Monde) -> None:
    """RetirerCandidature enregistre le motif."""
    monde.ok("DéposerCandidature", "2020-01-10")
    obtenu = monde.fait("RetirerCandidature", "2020-01-12")
    assert obtenu == monde.attendu(
        CandidatureRetirée, "2020-01-12", structure="s1", motif="Renonce"
    )


@pytest.mark.parametrize("verbe", SUR_CANDIDATURE)
def test_sans_candidature_rien_ne_s_instruit(monde: Monde, verbe: str) -> None:
    """Une structure sans candidature est inconnue."""
    assert monde.refus(verbe, "2020-01-12") == "structure_inconnue"


@pytest.mark.parametrize("verbe", SUR_CANDIDATURE)
@pytest.mark.parametrize("fin", ["RejeterCandidature", "RetirerCandidature", "LabelliserFabrique"])
def test_une_candidature_finie_ne_s_instruit_plus(monde: Monde, verbe: str, fin: str) -> None:
    """Une candidature rejetée, retirée ou labellisée ne s'instruit, ne s'avise ni ne se rejette."""
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.ok(fin, "2020-01-20")
    assert monde.refus(verbe, "2020-01-21") == "etat_incompatible"


@pytest.mark.parametrize("verbe", SUR_CANDIDATURE)
def test_rien_ne_precede_la_candidature(monde: Monde, verbe: str) -> None:
    """Une instruction, un avis ou une décision avant le dépôt est une date incohérente."""
    monde.ok("DéposerCandidature", "2020-01-10")
    assert monde.refus(verbe, "2020-01-09") == "date_incoherente"
    assert monde.ok(verbe, "2020-01-10") == 3


@pytest.mark.parametrize("verbe", SUR_CANDIDATURE)
def test_etat_incompatible_passe_avant_date_incoherente(monde: Monde, verbe: str) -> None:
    """État incompatible et date incohérente : c'est etat_incompatible qui répond."""
    monde.ok("DéposerCandidature", "2020-01-10")
    assert monde.refus(verbe, "2020-01-09") == "date_incoherente"
    monde.ok("RejeterCandidature", "2020-01-20")
    assert monde.refus(verbe, "2020-01-09") == "etat_incompatible"


@pytest.mark.parametrize("verbe", SUR_CANDIDATURE)
def test_exercice_clos_passe_avant_structure_inconnue(monde: Monde, verbe: str) -> None:
    """Exercice clos et structure inconnue : c'est exercice_clos qui répond."""
    monde.cloturer(2019)
    assert monde.refus(verbe, "2019-12-31") == "exercice_clos"
    assert monde.refus(verbe, "2020-01-01") == "structure_inconnue"


def test_la_date_se_juge_sur_la_derniere_candidature(monde: Monde) -> None:
    """Après un nouveau dépôt, les dates se jugent sur lui et non sur le premier."""
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.ok("RejeterCandidature", "2020-01-20")
    monde.ok("DéposerCandidature", "2020-03-01")
    assert monde.refus("RendreAvis", "2020-02-01") == "date_incoherente"
