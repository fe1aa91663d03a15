"""Clôturer un exercice : le fait entier, chaque refus, et leur ordre."""

from __future__ import annotations

import hashlib
import json

import pytest

from ledger.evenements import ExerciceClôturé
from tests.unit.monde import Monde

VERBE = "ClôturerExercice"
ZEROS = dict.fromkeys(
    (
        "ae_ouvertes_centimes",
        "ae_gelees_centimes",
        "ae_engagees_centimes",
        "retraits_meme_exercice_centimes",
        "retraits_anterieurs_centimes",
        "cp_ouverts_centimes",
        "cp_geles_centimes",
        "cp_payes_centimes",
        "regularisations_centimes",
        "reversements_centimes",
        "ae_disponibles_centimes",
        "cp_disponibles_centimes",
        "cp_restant_a_prevoir_centimes",
        "rap_ouverture_centimes",
        "rap_cloture_centimes",
    ),
    0,
)


def empreinte(*lignes: dict[str, int]) -> str:
    """SHA-256 of canonical JSON, without the engine's encoder."""
    texte = json.dumps(list(lignes), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(texte.encode()).hexdigest()


def test_cloturer_scelle_les_totaux_et_l_empreinte_des_lignes(monde: Monde) -> None:
    """ClôturerExercice garde les totaux de l'exercice et l'empreinte des lignes jusqu'à lui."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-03-01")
    l2019 = {
        **ZEROS,
        "exercice": 2019,
        "ae_engagees_centimes": 10_000_000,
        "ae_disponibles_centimes": -10_000_000,
        "rap_cloture_centimes": 10_000_000,
    }
    l2020 = {
        **ZEROS,
        "exercice": 2020,
        "ae_engagees_centimes": 15_000_000,
        "ae_disponibles_centimes": -15_000_000,
        "cp_payes_centimes": 5_000_000,
        "cp_disponibles_centimes": -5_000_000,
        "rap_ouverture_centimes": 10_000_000,
        "rap_cloture_centimes": 20_000_000,
    }
    monde.cloturer(2019)
    obtenu = monde.fait(VERBE, "2021-01-02", exercice=2020)
    assert obtenu == monde.attendu(
        ExerciceClôturé,
        "2021-01-02",
        exercice=2020,
        totaux=l2020,
        empreinte=empreinte(l2019, l2020),
    )


def test_cloturer_un_exercice_sans_chiffre_scelle_des_zeros(monde: Monde) -> None:
    """Un exercice où rien ne s'est passé se clôt sur des zéros et une liste vide."""
    obtenu = monde.fait(VERBE, "2019-01-01", exercice=2018)
    assert obtenu == monde.attendu(
        ExerciceClôturé,
        "2019-01-01",
        exercice=2018,
        totaux={**ZEROS, "exercice": 2018},
        empreinte=empreinte(),
    )


@pytest.mark.parametrize("exercice", [2018, 2019])
def test_un_exercice_ne_se_clot_qu_une_fois(monde: Monde, exercice: int) -> None:
    """Clôturer 2019 clôt aussi 2018 : ni l'un ni l'autre ne se clôt plus."""
    monde.cloturer(2019)
    assert monde.refus(VERBE, "2021-01-02", exercice=exercice) == "exercice_deja_clos"


def test_un_exercice_ne_se_clot_pas_avant_sa_fin(monde: Monde) -> None:
    """Le 31 décembre est trop tôt, le 1er janvier suivant convient."""
    assert monde.refus(VERBE, "2019-12-31", exercice=2019) == "exercice_non_termine"
    assert monde.ok(VERBE, "2020-01-01", exercice=2019) == 2


def test_un_exercice_anterieur_avec_des_faits_se_clot_d_abord(monde: Monde) -> None:
    """Un exercice antérieur encore ouvert, où un fait est daté, arrête la clôture."""
    assert monde.refus(VERBE, "2022-01-01", exercice=2021) == "exercice_non_termine"
    monde.cloturer(2019)
    assert monde.refus(VERBE, "2022-01-01", exercice=2021) == "exercice_non_termine"


def test_exercice_deja_clos_passe_avant_exercice_non_termine(monde: Monde) -> None:
    """Exercice déjà clos et non terminé à cette date : c'est exercice_deja_clos qui répond."""
    monde.cloturer(2019)
    assert monde.refus(VERBE, "2019-06-01", exercice=2019) == "exercice_deja_clos"
    assert monde.refus(VERBE, "2019-06-01", exercice=2020) == "exercice_non_termine"


def test_cloturer_est_exempt_d_exercice_clos_et_de_programme_clos(monde: Monde) -> None:
    """On clôt après CloreProgramme, et à une date d'un exercice clos."""
    monde.ok("CloreProgramme", "2019-08-01")
    monde.cloturer(2019)
    assert monde.ok(VERBE, "2021-01-01", exercice=2020) == 4


def test_cloturer_un_programme_inconnu_est_refuse() -> None:
    """Clôturer l'exercice d'un programme qui n'existe pas est refusé."""
    monde = Monde(ouvert=False)
    assert monde.refus(VERBE, "2020-01-01", exercice=2019) == "programme_inconnu"


def test_le_plus_ancien_exercice_ouvert_est_nomme() -> None:
    """De plusieurs exercices ouverts, le refus nomme le plus ancien."""
    monde = Monde(ouvert=False)
    monde.ok("OuvrirProgramme", "2023-07-11")
    monde.ok("ModifierEnveloppe", "2024-01-10")
    refuse = monde.envoyer(VERBE, "2026-01-02", exercice=2025).refus
    assert refuse is not None
    assert refuse.message == "L'exercice 2023 a des faits et n'est pas clôturé."
    assert refuse.details == {"exercice": 2023}
