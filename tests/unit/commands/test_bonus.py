"""Accorder et verser le bonus numérique : le fait entier, chaque refus, et leur ordre."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.evenements import (
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    LabelRetiré,
    OrdreUtilise,
    Part,
    Retrait,
)
from tests.unit.monde import Monde, qui, tranches

JOUR = "2020-02-03"


def avec_bonus(**regles: Any) -> Monde:
    """A programme where s1 has its label and its bonus, charged to 2019."""
    monde = Monde(**regles)
    monde.label()
    monde.ok("AccorderBonusNumérique", JOUR)
    return monde


@pytest.mark.parametrize(
    ("regle", "nomme", "attendu"), [(2019, None, 2019), (None, None, 2020), (2019, 2021, 2021)]
)
def test_le_bonus_est_engage_sur_l_exercice_nomme_sinon_celui_de_la_regle(
    regle: int | None, nomme: int | None, attendu: int
) -> None:
    """L'exercice du bonus : celui nommé, sinon la règle, sinon l'année de la date d'effet."""
    monde = Monde(exercice_bonus=regle)
    monde.label()
    obtenu = monde.fait("AccorderBonusNumérique", JOUR, exercice=nomme)
    assert obtenu == monde.attendu(
        BonusNumériqueAccordé,
        JOUR,
        structure="s1",
        exercice=attendu,
        montant_centimes=10_000_000,
        imputation="enveloppe",
    )


@pytest.mark.parametrize("champs", [{"numerique": False}, {"territoire": "hors_qpv"}])
def test_le_bonus_va_aux_numeriques_en_qpv(monde: Monde, champs: dict[str, Any]) -> None:
    """Une Fabrique non numérique, ou hors QPV, n'a pas de bonus."""
    monde.label(**champs)
    assert monde.refus("AccorderBonusNumérique", JOUR) == "bonus_non_eligible"


def test_un_seul_bonus_par_structure() -> None:
    """Un second bonus est refusé."""
    assert avec_bonus().refus("AccorderBonusNumérique", JOUR) == "bonus_deja_accorde"


def test_les_bonus_ont_leur_quota() -> None:
    """Les bonus jamais accordés se comptent à part, même ceux d'un label retiré."""
    monde = avec_bonus(quota_numeriques=1)
    monde.ok("RetirerLabel", "2020-06-01")
    monde.label("s2", "2020-06-02")
    champs = {"structure": "s2"}
    assert monde.refus("AccorderBonusNumérique", "2020-06-02", **champs) == "quota_atteint"
    monde.reviser("2020-01-01", quotas="indicatifs")
    assert monde.ok("AccorderBonusNumérique", "2020-06-02", **champs) == 9


def test_le_bonus_demande_des_ae_de_son_exercice() -> None:
    """Sous crédits bloquants, le bonus demande des AE de l'exercice qu'il charge."""
    monde = Monde()
    monde.label()
    monde.reviser(JOUR, credits="bloquants")
    monde.ouvrir_credits(2020, ae=99_000_000, cp=0)
    assert monde.refus("AccorderBonusNumérique", JOUR) == "credits_insuffisants"
    monde.ouvrir_credits(2019, ae=10_000_000, cp=0)
    assert monde.ok("AccorderBonusNumérique", JOUR) == 7


def test_le_bonus_demande_de_l_enveloppe() -> None:
    """Imputé à l'enveloppe, le bonus y est borné au centime."""
    monde = Monde(enveloppe_centimes=24_999_999)
    monde.label()
    assert monde.refus("AccorderBonusNumérique", JOUR) == "enveloppe_depassee"


def test_ordre_des_refus_d_accorder_le_bonus() -> None:
    """Quand tous les refus s'appliquent, chaque cause levée laisse répondre la suivante."""
    verbe, monde = "AccorderBonusNumérique", Monde(quota_numeriques=0)
    monde.cloturer(2018)
    assert monde.refus(verbe, "2018-12-31") == "exercice_clos"
    assert monde.refus(verbe, JOUR, exercice=2018) == "exercice_clos"
    assert monde.refus(verbe, "2020-02-02") == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10", numerique=False)
    assert monde.refus(verbe, "2020-02-02") == "etat_incompatible"
    monde.ok("LabelliserFabrique", JOUR)
    assert monde.refus(verbe, "2020-02-02") == "date_incoherente"
    assert monde.refus(verbe, JOUR) == "bonus_non_eligible"
    monde = avec_bonus(enveloppe_centimes=34_999_999)
    monde.reviser(JOUR, credits="bloquants", quota_numeriques=1)
    assert monde.refus(verbe, JOUR) == "bonus_deja_accorde"
    monde.ok("RetirerLabel", "2021-06-01")
    monde.ok("ModifierEnveloppe", JOUR, variation_centimes=15_000_000)
    monde.reviser(JOUR, credits="non_suivis")
    monde.label("s2", "2021-06-02")
    monde.reviser(JOUR, credits="bloquants")
    assert monde.refus(verbe, "2021-06-02", structure="s2") == "quota_atteint"
    monde.reviser(JOUR, quota_numeriques=2)
    assert monde.refus(verbe, "2021-06-02", structure="s2") == "credits_insuffisants"
    monde.ouvrir_credits(2019, ae=20_000_000, cp=0)
    assert monde.refus(verbe, "2021-06-02", structure="s2") == "enveloppe_depassee"


def test_le_bonus_non_eligible_passe_avant_le_deja_accorde(monde: Monde) -> None:
    """Les deux ne s'appliquent jamais ensemble : le label fige territoire et numérique."""
    monde.label(numerique=False)
    assert monde.refus("AccorderBonusNumérique", JOUR) == "bonus_non_eligible"
    assert monde.refus("CorrigerStructure", JOUR, numerique=True) == "etat_incompatible"


def test_verser_bonus_charge_l_exercice_et_garde_son_engagement() -> None:
    """VerserBonus charge l'année du paiement et rappelle l'exercice de l'engagement."""
    monde = avec_bonus()
    monde.ok("OrdonnancerTranche", "2020-03-01", rang=0, montant_centimes=4_000_000)
    obtenu = monde.fait("VerserBonus", "2020-03-02")
    assert obtenu == monde.attendu(
        BonusNumériqueVersé,
        "2020-03-02",
        structure="s1",
        montant_centimes=10_000_000,
        reference="B-1",
        exercice=2020,
        engagement=2019,
        ordres=(OrdreUtilise(5, 4_000_000),),
    )


def test_un_bonus_solde_ne_se_paie_plus() -> None:
    """Le bonus entièrement payé est soldé."""
    monde = avec_bonus()
    monde.ok("VerserBonus", "2020-03-02")
    assert monde.refus("VerserBonus", "2020-03-02", montant_centimes=1) == "tranche_soldee"


@pytest.mark.parametrize("exercice", [2018, 2021])
def test_l_exercice_du_bonus_va_de_son_engagement_a_son_paiement(exercice: int) -> None:
    """L'exercice chargé n'est ni avant l'engagement du bonus ni après l'année du paiement."""
    monde = avec_bonus()
    assert monde.refus("VerserBonus", "2020-03-02", exercice=exercice) == "exercice_invalide"
    assert monde.ok("VerserBonus", "2020-03-02", exercice=2019) == 5


def test_ordre_des_refus_de_verser_bonus() -> None:
    """Quand tous les refus s'appliquent, chaque cause levée laisse répondre la suivante."""
    monde = Monde(ordonnancement_requis=True)
    monde.cloturer(2018)
    ordonnateur = qui("olga", "ordonnateur")
    trop: dict[str, Any] = {"montant_centimes": 10_000_001, "acteur": ordonnateur}
    verbe = "VerserBonus"
    assert monde.refus(verbe, "2020-02-02", exercice=2018, **trop) == "exercice_clos"
    trop["exercice"] = 2099
    assert monde.refus(verbe, "2020-02-02", **trop) == "structure_inconnue"
    monde.label()
    assert monde.refus(verbe, "2020-02-02", **trop) == "etat_incompatible"
    monde.ok("AccorderBonusNumérique", JOUR)
    monde.reviser(JOUR, credits="bloquants")
    monde.ouvrir_credits(2020, ae=0, cp=10_000_000)
    ordre = {"rang": 0, "montant_centimes": 10_000_000, "acteur": ordonnateur}
    position = _payer_puis_solder(monde, ordre)
    assert monde.refus(verbe, "2020-02-02", **trop) == "date_incoherente"
    assert monde.refus(verbe, JOUR, **trop) == "tranche_soldee"
    monde.ok("AnnulerVersement", JOUR, position=position)
    assert monde.refus(verbe, JOUR, **trop) == "ordonnancement_manquant"
    trop["montant_centimes"] = 10_000_000
    assert monde.refus(verbe, JOUR, **trop) == "separation_des_fonctions"
    assert monde.refus(verbe, JOUR, **(trop | {"acteur": qui("alice")})) == "credits_insuffisants"
    monde.ok("OuvrirCrédits", JOUR, exercice=2099, cp_centimes=10_000_000)
    assert monde.refus(verbe, JOUR, **(trop | {"acteur": qui("alice")})) == "exercice_invalide"


def _payer_puis_solder(monde: Monde, ordre: dict[str, Any]) -> int:
    monde.ok("OrdonnancerTranche", JOUR, **ordre)
    return monde.ok("VerserBonus", JOUR)


def test_un_bonus_excessif_est_refuse_avant_les_credits() -> None:
    """Sans ordonnancement requis, montant excessif passe avant crédits insuffisants."""
    monde = avec_bonus()
    monde.reviser(JOUR, credits="bloquants")
    trop = {"montant_centimes": 10_000_001}
    assert monde.refus("VerserBonus", "2020-03-02", **trop) == "montant_excessif"
    assert monde.refus("VerserBonus", "2020-03-02") == "credits_insuffisants"


def test_le_retrait_du_label_retire_ce_qui_reste_du_bonus() -> None:
    """Le label retiré, ce qui reste du bonus payé en partie est retiré et n'est plus prévu."""
    monde = avec_bonus()
    monde.ok("VerserBonus", "2020-03-01", montant_centimes=9_999_999)
    monde.payer(1, "2020-03-01")
    obtenu = monde.fait("RetirerLabel", "2020-04-01")
    assert obtenu == monde.attendu(
        LabelRetiré,
        "2020-04-01",
        structure="s1",
        motif="Abandon",
        territoire="qpv",
        numerique=True,
        retraits=(
            Retrait("subvention", 2020, 2020, 10_000_000, False, "enveloppe"),
            Retrait("bonus", 2019, 2020, 1, False, "enveloppe"),
        ),
        previsions=(Part(2019, 1), Part(2021, 5_000_000), Part(2022, 5_000_000)),
    )


def test_un_bonus_entierement_paye_n_est_pas_retire() -> None:
    """Le label retiré, un bonus entièrement payé ne laisse aucun retrait."""
    monde = avec_bonus()
    monde.ok("VerserBonus", "2020-03-01")
    obtenu = monde.fait("RetirerLabel", "2020-04-01")
    assert isinstance(obtenu, LabelRetiré)
    assert [r.nature for r in obtenu.retraits] == ["subvention"]
    assert obtenu.previsions == tuple(Part(annee, 5_000_000) for annee in (2020, 2021, 2022))


def test_l_exercice_explicite_par_defaut_ne_change_pas_un_versement_de_bonus() -> None:
    """Renvoyé avec l'exercice que la décision aurait pris, un versement de bonus est le même."""
    monde = avec_bonus()
    versement = monde.commande("VerserBonus", "2020-03-01")
    assert monde.livre.executer(versement).statut == "acceptee"
    assert monde.livre.executer(versement | {"exercice": 2020}).statut == "deja_executee"
    autre = monde.livre.executer(versement | {"exercice": 2021})
    assert autre.refus is not None
    assert autre.refus.details == {"champ": "exercice", "position": 5}


def test_un_bonus_entame_ne_se_paie_ni_ne_s_ordonnance_au_dela_de_son_reste() -> None:
    """Un bonus payé en partie se paie et s'ordonnance jusqu'à son reste, pas un centime de plus."""
    monde = avec_bonus()
    monde.ok("VerserBonus", "2020-03-01", montant_centimes=9_000_000)
    trop = {"montant_centimes": 1_000_001}
    assert monde.refus("VerserBonus", "2020-03-02", **trop) == "montant_excessif"
    assert monde.refus("OrdonnancerTranche", "2020-03-02", rang=0, **trop) == "montant_excessif"
    monde.ok("OrdonnancerTranche", "2020-03-02", rang=0, montant_centimes=1_000_000)
    monde.ok("VerserBonus", "2020-03-02", montant_centimes=1_000_000)


def test_un_ordre_de_bonus_ne_regarde_pas_les_engagements_de_la_subvention() -> None:
    """Un ordre de bonus est admis, même daté avant une hausse de la subvention."""
    monde = Monde()
    monde.label(montant_centimes=9_000_000)
    monde.ok("AccorderBonusNumérique", JOUR)
    hausse = tranches((2020, 3_000_000, JOUR), (2021, 4_000_000), (2022, 5_000_000))
    monde.ok("SignerAvenant", "2021-01-10", montant_centimes=12_000_000, echeancier=hausse)
    monde.ok("OrdonnancerTranche", "2020-03-01", rang=0, montant_centimes=10_000_000)
