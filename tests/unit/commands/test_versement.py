"""Verser une tranche : le fait entier, chaque refus, et leur ordre."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.evenements import OrdreUtilise, Part, TrancheVersée
from tests.unit.monde import Monde, qui, tranches

HAUSSE = tranches((2020, 3_000_000, "2020-02-03"), (2021, 4_000_000), (2022, 5_000_000))


def labellisee(**regles: Any) -> Monde:
    """A programme where s1 holds the ceiling grant: 50 000 EUR a year from 2020 to 2022."""
    monde = Monde(**regles)
    monde.label()
    return monde


def refus(monde: Monde, jour: str, **champs: Any) -> str:
    """The code that answers a payment."""
    return monde.refus("VerserTranche", jour, **champs)


def test_verser_charge_l_annee_du_paiement_par_defaut() -> None:
    """VerserTranche charge l'année de sa date, rappelle l'exercice prévu, utilise les ordres."""
    monde = labellisee()
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=1_000_000)
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=2_000_000)
    obtenu = monde.fait("VerserTranche", "2021-03-02", montant_centimes=2_500_000)
    assert obtenu == monde.attendu(
        TrancheVersée,
        "2021-03-02",
        structure="s1",
        rang=1,
        montant_centimes=2_500_000,
        reference="V-1",
        exercice=2021,
        exercice_prevu=2020,
        imputations=(Part(2020, 2_500_000),),
        ordres=(OrdreUtilise(4, 1_000_000), OrdreUtilise(5, 1_500_000)),
    )


def test_un_paiement_solde_l_engagement_le_plus_ancien_d_abord(monde: Monde) -> None:
    """Un paiement à cheval sur deux engagements consomme le plus ancien d'abord."""
    monde.label(montant_centimes=9_000_000)
    monde.ok("SignerAvenant", "2021-01-10", montant_centimes=12_000_000, echeancier=HAUSSE)
    monde.payer(1, "2021-01-11", 3_000_000)
    monde.payer(2, "2021-03-01", 4_000_000)
    obtenu = monde.fait("VerserTranche", "2022-03-01", rang=3)
    assert obtenu == monde.attendu(
        TrancheVersée,
        "2022-03-01",
        structure="s1",
        rang=3,
        montant_centimes=5_000_000,
        reference="V-1",
        exercice=2022,
        exercice_prevu=2022,
        imputations=(Part(2020, 2_000_000), Part(2021, 3_000_000)),
    )


def test_on_ne_paie_qu_une_fabrique_labellisee(monde: Monde) -> None:
    """Structure inconnue, candidate, ou au label retiré : rien à payer."""
    assert refus(monde, "2020-03-01") == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert refus(monde, "2020-03-01") == "etat_incompatible"
    monde.ok("LabelliserFabrique", "2020-02-03")
    monde.ok("RetirerLabel", "2020-02-03")
    assert refus(monde, "2020-03-01") == "etat_incompatible"


@pytest.mark.parametrize("rang", [-1, 0, 4])
def test_un_rang_hors_de_l_echeancier_est_inconnu(rang: int) -> None:
    """Un rang que l'échéancier n'a pas est inconnu."""
    assert refus(labellisee(), "2022-03-01", rang=rang) == "rang_inconnu"


def test_une_tranche_soldee_ne_se_paie_plus() -> None:
    """Une tranche entièrement payée est soldée."""
    monde = labellisee()
    monde.payer(1, "2020-03-01")
    assert refus(monde, "2020-03-02", montant_centimes=1) == "tranche_soldee"


def test_les_tranches_se_soldent_dans_l_ordre() -> None:
    """Un centime dû sur le rang 1 arrête le rang 2."""
    monde = labellisee()
    monde.payer(1, "2020-03-01", 4_999_999)
    assert refus(monde, "2021-03-01", rang=2) == "tranche_precedente_due"


def test_une_tranche_ne_se_paie_pas_avant_son_echeance() -> None:
    """La veille de l'échéance est refusée, le jour même accepté."""
    monde = labellisee()
    monde.payer(1, "2020-02-03")
    assert refus(monde, "2021-02-28", rang=2) == "echeance_non_atteinte"
    assert monde.payer(2, "2021-03-01") == 5


def test_le_bilan_exige_manque_ou_n_est_pas_accepte() -> None:
    """Sans bilan accepté de l'exercice du rang précédent, pas de rang 2."""
    monde = labellisee(bilan_requis=True)
    monde.payer(1, "2020-03-01")
    monde.ok("RecevoirBilan", "2021-01-10", exercice=2021)
    assert refus(monde, "2021-03-01", rang=2) == "bilan_manquant"
    monde.ok("RecevoirBilan", "2021-01-10", accepte=False)
    assert refus(monde, "2021-03-01", rang=2) == "bilan_manquant"
    monde.ok("RecevoirBilan", "2021-01-10")
    assert monde.payer(2, "2021-03-01") == 8


def test_sans_ordre_suffisant_pas_de_paiement() -> None:
    """Payer un centime de plus que ce qui est ordonnancé et non payé est refusé."""
    monde = labellisee(ordonnancement_requis=True)
    ordonnateur = qui("olga", "ordonnateur")
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=2, acteur=ordonnateur)
    assert refus(monde, "2020-03-01", montant_centimes=3) == "ordonnancement_manquant"
    assert monde.payer(1, "2020-03-01", 2) == 5
    assert refus(monde, "2020-03-01", montant_centimes=1) == "ordonnancement_manquant"


@pytest.mark.parametrize(
    "acteur", [qui("olga"), qui("karim", "ordonnateur"), qui("karim", "systeme")]
)
def test_celui_qui_ordonnance_ne_paie_pas(acteur: dict[str, str]) -> None:
    """L'auteur d'un ordre utilisé, ou un payeur qui n'est pas comptable, ne paie pas."""
    monde = labellisee(ordonnancement_requis=True)
    monde.ok("OrdonnancerTranche", "2020-03-01", acteur=qui("olga", "ordonnateur"))
    assert refus(monde, "2020-03-01", acteur=acteur) == "separation_des_fonctions"


def test_l_auteur_d_un_ordre_non_utilise_peut_payer() -> None:
    """Seuls comptent les ordres que le paiement utilise."""
    monde = labellisee(ordonnancement_requis=True)
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=1_000_000, acteur=qui("olga"))
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=1_000_000, acteur=qui("karim"))
    assert monde.payer(1, "2020-03-01", 1_000_000, acteur=qui("karim")) == 6
    assert refus(monde, "2020-03-01", montant_centimes=1, acteur=qui("karim")) == (
        "separation_des_fonctions"
    )


def test_on_ne_paie_pas_plus_que_la_tranche() -> None:
    """Payer un centime de plus que le reste de la tranche est refusé."""
    monde = labellisee()
    monde.payer(1, "2020-03-01", 1)
    assert refus(monde, "2020-03-01") == "montant_excessif"
    assert monde.payer(1, "2020-03-01", 4_999_999) == 5


def test_des_cp_bloquants_bornent_le_paiement() -> None:
    """Sous crédits bloquants, les CP de l'exercice bornent le paiement au centime."""
    monde = labellisee()
    monde.reviser("2020-02-04", credits="bloquants")
    monde.ouvrir_credits(2020, ae=0, cp=4_999_999)
    assert refus(monde, "2020-03-01") == "credits_insuffisants"
    assert monde.payer(1, "2020-03-01", 4_999_999) == 6


@pytest.mark.parametrize("exercice", [2019, 2022])
def test_l_exercice_charge_va_de_l_engagement_au_paiement(exercice: int) -> None:
    """L'exercice chargé n'est ni avant l'engagement ni après l'année du paiement."""
    monde = labellisee()
    assert refus(monde, "2021-03-01", exercice=exercice) == "exercice_invalide"
    assert monde.payer(1, "2021-03-01", exercice=2020) == 4


def test_ordre_des_refus_de_verser_tranche() -> None:
    """De exercice_clos à separation_des_fonctions, chaque cause levée laisse la suivante."""
    monde = Monde(bilan_requis=True, ordonnancement_requis=True)
    monde.cloturer(2019)
    trop: dict[str, Any] = {
        "rang": 4,
        "montant_centimes": 5_000_001,
        "acteur": qui("olga", "ordonnateur"),
        "exercice": 2019,
    }
    assert refus(monde, "2020-02-02", **trop) == "exercice_clos"
    trop["exercice"] = 2050
    assert refus(monde, "2020-02-02", **trop) == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert refus(monde, "2020-02-02", **trop) == "etat_incompatible"
    monde.ok("LabelliserFabrique", "2020-02-03")
    assert refus(monde, "2020-02-02", **trop) == "date_incoherente"
    assert refus(monde, "2020-02-03", **trop) == "rang_inconnu"
    second = _payer_deux_rangs_et_rouvrir_le_premier(monde)
    trop["rang"] = 2
    assert refus(monde, "2020-02-03", **trop) == "tranche_soldee"
    monde.ok("AnnulerVersement", "2021-06-01", position=second)
    assert refus(monde, "2020-02-03", **trop) == "tranche_precedente_due"
    monde.payer(1, "2020-03-01")
    assert refus(monde, "2021-02-28", **trop) == "echeance_non_atteinte"
    monde.ok("RecevoirBilan", "2021-01-10", accepte=False)
    assert refus(monde, "2021-03-01", **trop) == "bilan_manquant"
    monde.ok("RecevoirBilan", "2021-01-10")
    assert refus(monde, "2021-03-01", **trop) == "ordonnancement_manquant"
    trop["montant_centimes"] = 5_000_000
    assert refus(monde, "2021-03-01", **trop) == "separation_des_fonctions"


def _payer_deux_rangs_et_rouvrir_le_premier(monde: Monde) -> int:
    olga = qui("olga", "ordonnateur")
    monde.ok("OrdonnancerTranche", "2020-03-01", acteur=olga)
    premier = monde.payer(1, "2020-03-01")
    monde.ok("RecevoirBilan", "2021-01-10")
    monde.ok("OrdonnancerTranche", "2021-03-01", rang=2, acteur=olga)
    second = monde.payer(2, "2021-03-01")
    monde.ok("AnnulerVersement", "2021-06-01", position=premier)
    return second


def test_fin_de_l_ordre_des_refus_de_verser_tranche() -> None:
    """Séparation, montant excessif, crédits, exercice : dans cet ordre."""
    monde = labellisee(ordonnancement_requis=True)
    olga = qui("olga", "ordonnateur")
    monde.ok("OrdonnancerTranche", "2020-03-01", acteur=olga)
    lignes = tranches((2020, 4_000_000, "2020-02-03"), (2021, 5_000_000), (2022, 5_000_000))
    monde.ok("SignerAvenant", "2020-03-02", montant_centimes=14_000_000, echeancier=lignes)
    monde.reviser("2020-03-01", credits="bloquants")
    trop: dict[str, Any] = {"acteur": olga, "exercice": 2050}
    assert refus(monde, "2020-03-03", **trop) == "separation_des_fonctions"
    trop["acteur"] = qui("alice")
    assert refus(monde, "2020-03-03", **trop) == "montant_excessif"
    trop["montant_centimes"] = 4_000_000
    assert refus(monde, "2020-03-03", **trop) == "credits_insuffisants"
    monde.ouvrir_credits(2050, ae=0, cp=4_000_000)
    assert refus(monde, "2020-03-03", **trop) == "exercice_invalide"


def test_un_paiement_d_un_centime_solde_un_centime_d_engagement() -> None:
    """Un paiement d'un centime solde un centime du plus ancien engagement."""
    monde = labellisee()
    obtenu = monde.fait("VerserTranche", "2020-03-01", montant_centimes=1)
    assert isinstance(obtenu, TrancheVersée)
    assert obtenu.imputations == (Part(2020, 1),)


def test_un_paiement_n_utilise_que_les_ordres_de_son_rang() -> None:
    """Un paiement de la tranche 1 laisse intact un ordre de bonus plus ancien."""
    monde = labellisee()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.ok("OrdonnancerTranche", "2020-03-01", rang=0, montant_centimes=10_000_000)
    ordre = monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=5_000_000)
    obtenu = monde.fait("VerserTranche", "2020-03-01")
    assert isinstance(obtenu, TrancheVersée)
    assert obtenu.ordres == (OrdreUtilise(ordre, 5_000_000),)
