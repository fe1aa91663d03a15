"""Labelliser : le fait entier, chaque refus, et leur ordre."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.evenements import FabriqueLabellisée
from tests.unit.monde import TROIS_ANS, Monde, echeancier, tranches

JOUR = "2020-02-03"


def candidate(**regles: Any) -> Monde:
    """A programme where s1 has applied, on 10 January 2020."""
    monde = Monde(**regles)
    monde.ok("DéposerCandidature", "2020-01-10")
    return monde


def refus(monde: Monde, jour: str = JOUR, **champs: Any) -> str:
    """The code that answers a labelling."""
    return monde.refus("LabelliserFabrique", jour, **champs)


def test_labelliser_engage_tout_et_partage_en_trois_ans() -> None:
    """LabelliserFabrique engage tout, et partage en trois exercices, le reste au dernier."""
    monde = candidate()
    obtenu = monde.fait("LabelliserFabrique", JOUR, montant_centimes=10_000_000)
    assert obtenu == monde.attendu(
        FabriqueLabellisée,
        JOUR,
        structure="s1",
        montant_centimes=10_000_000,
        exercice=2020,
        echeancier=echeancier((2020, 3_333_333, JOUR), (2021, 3_333_333), (2022, 3_333_334)),
        territoire="qpv",
        numerique=True,
    )


def test_labelliser_prend_ce_que_la_commande_donne() -> None:
    """Échéancier, territoire, numérique et vague donnés l'emportent sur la candidature."""
    monde = candidate()
    lignes = ((2021, 4_000_000, "2020-12-01"), (2021, 1_000_000), (2022, 5_000_000))
    champs: dict[str, Any] = {"territoire": "hors_qpv", "numerique": False, "vague": "1"}
    obtenu = monde.fait(
        "LabelliserFabrique",
        JOUR,
        montant_centimes=10_000_000,
        echeancier=tranches(*lignes),
        **champs,
    )
    assert obtenu == monde.attendu(
        FabriqueLabellisée,
        JOUR,
        structure="s1",
        montant_centimes=10_000_000,
        exercice=2020,
        echeancier=echeancier(*lignes),
        **champs,
    )


def test_l_echeance_par_defaut_suit_les_regles() -> None:
    """Les échéances par défaut tombent au jour que disent les règles, ou au 1er mars."""
    monde = candidate(echeance_defaut="06-30", exercices_max=2, plafond_annuel_centimes=7_500_000)
    monde.ok("LabelliserFabrique", JOUR)
    label = monde.livre.etat("fabriques").dossiers["s1"].label
    assert label is not None
    attendu = echeancier((2020, 7_500_000, JOUR), (2021, 7_500_000, "2021-06-30"))
    assert label.tranches == attendu


def test_une_structure_sans_candidature_n_est_pas_labellisee(monde: Monde) -> None:
    """Labelliser une structure inconnue est refusé."""
    assert refus(monde) == "structure_inconnue"


def test_on_ne_labellise_pas_deux_fois() -> None:
    """Labelliser une structure déjà labellisée est refusé."""
    monde = candidate()
    monde.ok("LabelliserFabrique", JOUR)
    assert refus(monde) == "etat_incompatible"


def test_le_label_ne_precede_pas_la_candidature() -> None:
    """Labelliser la veille du dépôt est refusé, le jour même accepté."""
    monde = candidate()
    assert refus(monde, "2020-01-09") == "date_incoherente"
    assert monde.ok("LabelliserFabrique", "2020-01-10") == 3


def test_l_instruction_exigee_manque() -> None:
    """Sans l'instruction que les règles exigent, pas de label."""
    assert refus(candidate(instruction_requise=True)) == "instruction_manquante"


def test_l_avis_exige_manque() -> None:
    """Sans l'avis que les règles exigent, pas de label."""
    assert refus(candidate(avis_requis=True)) == "avis_manquant"


def test_le_territoire_doit_etre_etabli() -> None:
    """Un territoire inconnu, ou donné tel, empêche le label."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10", territoire="inconnu")
    assert refus(monde) == "territoire_inconnu"
    assert refus(monde, territoire="inconnu") == "territoire_inconnu"
    assert monde.ok("LabelliserFabrique", JOUR, territoire="qpv") == 3


@pytest.mark.parametrize("montant", [7_499_999, 15_000_001])
def test_la_subvention_reste_dans_ses_bornes(montant: int) -> None:
    """Un centime sous le plancher ou au-dessus du plafond est refusé."""
    assert refus(candidate(), montant_centimes=montant) == "montant_hors_bornes"


@pytest.mark.parametrize("montant", [7_500_000, 15_000_000])
def test_le_plancher_et_le_plafond_sont_admis(montant: int) -> None:
    """Le plancher et le plafond eux-mêmes sont admis."""
    assert candidate().ok("LabelliserFabrique", JOUR, montant_centimes=montant) == 3


ECHEANCIERS: dict[str, list[dict[str, Any]]] = {
    "vide": [],
    "rang manquant": [t | {"rang": t["rang"] + 1} for t in tranches(*TROIS_ANS)],
    "rang double": [t | {"rang": 1} for t in tranches(*TROIS_ANS)],
    "montant nul": tranches((2020, 5_000_000), (2021, 5_000_000), (2022, 5_000_000), (2022, 0)),
    "montant negatif": tranches((2020, 16_000_000), (2021, -1_000_000)),
    "somme fausse": tranches((2020, 5_000_000), (2021, 5_000_000), (2022, 4_999_999)),
    "exercices decroissants": tranches(
        (2021, 5_000_000, "2021-01-01"),
        (2020, 5_000_000, "2021-01-01"),
        (2022, 5_000_000, "2022-01-01"),
    ),
    "exercice trop tot": tranches(
        (2019, 5_000_000, "2020-03-01"), (2020, 5_000_000), (2021, 5_000_000)
    ),
    "quatre exercices": tranches((2020, 5_000_000), (2021, 5_000_000), (2023, 5_000_000)),
    "echeances decroissantes": tranches(
        (2020, 5_000_000, "2021-03-02"), (2021, 5_000_000), (2022, 5_000_000)
    ),
    "echeance trop tot": tranches(
        (2020, 5_000_000, "2020-02-02"), (2021, 5_000_000), (2022, 5_000_000)
    ),
}


@pytest.mark.parametrize("defaut", ECHEANCIERS)
def test_un_echeancier_mal_forme_est_refuse(defaut: str) -> None:
    """Rangs, montants, somme, exercices ou échéances faux : échéancier invalide."""
    assert refus(candidate(), echeancier=ECHEANCIERS[defaut]) == "echeancier_invalide"


def test_un_exercice_ne_depasse_pas_le_plafond_annuel() -> None:
    """Deux tranches d'un même exercice comptent ensemble sous le plafond annuel."""
    lignes = ((2020, 3_000_000), (2020, 2_000_001), (2021, 4_999_999), (2022, 5_000_000))
    assert refus(candidate(), echeancier=tranches(*lignes)) == "plafond_annuel_depasse"
    lignes = ((2020, 3_000_000), (2020, 2_000_000), (2021, 5_000_000), (2022, 5_000_000))
    assert candidate().ok("LabelliserFabrique", JOUR, echeancier=tranches(*lignes)) == 3


@pytest.mark.parametrize(
    ("quota", "champs"),
    [
        ("quota_total", {}),
        ("quota_qpv", {}),
        ("quota_hors_qpv", {"territoire": "hors_qpv"}),
        ("quota_numeriques", {}),
    ],
)
def test_un_quota_atteint_arrete_les_labels(quota: str, champs: dict[str, Any]) -> None:
    """Chaque quota (total, QPV, hors QPV, numériques) arrête le label qui le dépasserait."""
    assert refus(candidate(**{quota: 0}), **champs) == "quota_atteint"
    indicatif = candidate(**{quota: 0, "quotas": "indicatifs"})
    assert indicatif.ok("LabelliserFabrique", JOUR, **champs) == 3


@pytest.mark.parametrize(
    ("quota", "champs"),
    [
        ("quota_qpv", {"territoire": "hors_qpv"}),
        ("quota_hors_qpv", {}),
        ("quota_numeriques", {"numerique": False}),
    ],
)
def test_un_quota_n_arrete_que_sa_categorie(quota: str, champs: dict[str, Any]) -> None:
    """Un quota atteint n'arrête pas les labels d'une autre catégorie."""
    assert candidate(**{quota: 0}).ok("LabelliserFabrique", JOUR, **champs) == 3


def test_un_label_retire_rend_sa_place() -> None:
    """Le retrait d'un label libère sa place dans les quotas."""
    monde = candidate(quota_total=1)
    monde.ok("LabelliserFabrique", JOUR)
    monde.ok("DéposerCandidature", JOUR, structure="s2")
    assert refus(monde, structure="s2") == "quota_atteint"
    monde.ok("RetirerLabel", "2020-06-01")
    assert monde.ok("LabelliserFabrique", "2020-02-04", structure="s2") == 6


def test_des_credits_bloquants_bornent_l_engagement() -> None:
    """Sous crédits bloquants, les AE de l'exercice bornent le label au centime."""
    monde = candidate(credits="bloquants")
    monde.ouvrir_credits(2020, ae=14_999_999, cp=0)
    assert refus(monde) == "credits_insuffisants"
    monde.ouvrir_credits(2020, ae=1, cp=0)
    assert monde.ok("LabelliserFabrique", JOUR) == 5


def test_l_enveloppe_borne_l_engagement() -> None:
    """L'enveloppe borne le label au centime."""
    assert refus(candidate(enveloppe_centimes=14_999_999)) == "enveloppe_depassee"
    assert candidate(enveloppe_centimes=15_000_000).ok("LabelliserFabrique", JOUR) == 3


def test_ordre_des_refus_de_labelliser() -> None:
    """Quand tous les refus s'appliquent, chaque cause levée laisse répondre la suivante."""
    monde = Monde(
        instruction_requise=True,
        avis_requis=True,
        credits="bloquants",
        quota_total=0,
        enveloppe_centimes=1,
        plafond_annuel_centimes=4_999_999,
    )
    monde.cloturer(2019)
    trop: dict[str, Any] = {"montant_centimes": 15_000_001, "echeancier": []}
    assert refus(monde, "2019-12-31", **trop) == "exercice_clos"
    assert refus(monde, "2020-01-09", **trop) == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-05", territoire="inconnu")
    monde.ok("RejeterCandidature", "2020-01-06")
    assert refus(monde, "2020-01-04", **trop) == "etat_incompatible"
    monde.ok("DéposerCandidature", "2020-01-10", territoire="inconnu")
    assert refus(monde, "2020-01-09", **trop) == "date_incoherente"
    assert refus(monde, **trop) == "instruction_manquante"
    monde.ok("InstruireCandidature", JOUR)
    assert refus(monde, **trop) == "avis_manquant"
    monde.ok("RendreAvis", JOUR, avis="defavorable")
    assert refus(monde, **trop) == "territoire_inconnu"
    monde.ok("CorrigerStructure", JOUR, territoire="qpv")
    assert refus(monde, **trop) == "montant_hors_bornes"
    assert refus(monde, echeancier=[]) == "echeancier_invalide"
    assert refus(monde) == "plafond_annuel_depasse"
    monde.reviser("2020-02-01", plafond_annuel_centimes=5_000_000)
    assert refus(monde) == "quota_atteint"
    monde.reviser("2020-02-01", quota_total=1)
    assert refus(monde) == "credits_insuffisants"
    monde.ouvrir_credits(2020, ae=15_000_000, cp=0)
    assert refus(monde) == "enveloppe_depassee"
    monde.ok("ModifierEnveloppe", JOUR, variation_centimes=15_000_000)
    assert monde.ok("LabelliserFabrique", JOUR) > 0


def test_echeancier_mal_forme_passe_avant_le_plafond_annuel() -> None:
    """Échéancier mal formé et plafond annuel dépassé : c'est echeancier_invalide qui répond."""
    lignes = tranches((2020, 15_000_000), (2024, 5_000_000))
    assert refus(candidate(), echeancier=lignes) == "echeancier_invalide"


def test_la_vague_de_la_candidature_passe_au_label() -> None:
    """Sans vague dans la commande, le label garde celle de la candidature."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10", vague="2")
    obtenu = monde.fait("LabelliserFabrique", JOUR)
    assert isinstance(obtenu, FabriqueLabellisée)
    assert obtenu.vague == "2"


def test_une_tranche_d_un_centime_est_une_tranche() -> None:
    """Une tranche d'un centime est admise."""
    lignes = ((2020, 1, JOUR), (2021, 5_000_000), (2022, 4_999_999))
    champs = {"montant_centimes": 10_000_000, "echeancier": tranches(*lignes)}
    assert candidate().ok("LabelliserFabrique", JOUR, **champs) == 3


def test_un_echeancier_ne_depasse_pas_la_derniere_annee_du_calendrier() -> None:
    """Un échéancier va jusqu'en 2999, pas au-delà, quelle que soit la tranche qui dépasse."""
    assert candidate().ok("LabelliserFabrique", "2997-02-03") == 3
    monde = candidate()
    refuse = monde.envoyer("LabelliserFabrique", "2998-02-03").refus
    assert refuse is not None
    assert refuse.message == "Échéancier invalide : l'exercice 3000 est hors limite."


DEFAUTS: list[tuple[tuple[Any, ...], int, str]] = [
    ((), 10_000_000, "aucune tranche"),
    (((2020, 5_000_000, JOUR), (2021, 0)), 10_000_000, "le montant du rang 2 n'est pas supérieur"),
    (((2020, 5_000_000, JOUR),), 10_000_000, "les tranches font 50 000,00 €, la subvention 100"),
    (((2021, 5_000_000, JOUR), (2020, 5_000_000)), 10_000_000, "les exercices décroissent"),
    (((2019, 5_000_000, JOUR), (2020, 5_000_000)), 10_000_000, "le premier exercice (2019) pré"),
    (((2020, 5_000_000, JOUR), (2023, 5_000_000)), 10_000_000, "il s'étend sur 4 exercices, 3 au"),
    (
        ((2020, 5_000_000, "2020-03-02"), (2021, 5_000_000, "2020-03-01")),
        10_000_000,
        "les échéances décroissent",
    ),
    (
        ((2020, 5_000_000, "2020-02-02"), (2021, 5_000_000)),
        10_000_000,
        "la première échéance (2020-02-02) précède le 2020-02-03",
    ),
]


@pytest.mark.parametrize(("lignes", "montant", "raison"), DEFAUTS, ids=[d[2] for d in DEFAUTS])
def test_un_echeancier_mal_forme_dit_son_premier_defaut(
    lignes: tuple[Any, ...], montant: int, raison: str
) -> None:
    """Un échéancier mal formé dit son premier défaut, avec ses chiffres."""
    champs = {"montant_centimes": montant, "echeancier": tranches(*lignes)}
    refuse = candidate().envoyer("LabelliserFabrique", JOUR, **champs).refus
    assert refuse is not None
    assert refuse.message.startswith(f"Échéancier invalide : {raison}")
