"""Ordonnancer : le fait entier, chaque refus, et leur ordre ; rang 0, le bonus."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.evenements import TrancheOrdonnancée
from tests.unit.monde import Monde, qui, tranches

VERBE = "OrdonnancerTranche"
JOUR = "2020-03-01"


def labellisee(**regles: Any) -> Monde:
    """A programme where s1 holds the ceiling grant and its bonus."""
    monde = Monde(**regles)
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    return monde


@pytest.mark.parametrize("rang", [0, 1])
def test_ordonnancer_enregistre_rang_montant_et_dp(rang: int) -> None:
    """OrdonnancerTranche garde le rang (0 : le bonus), le montant et la demande de paiement."""
    monde = labellisee()
    obtenu = monde.fait(VERBE, JOUR, rang=rang, acteur=qui("olga", "ordonnateur"))
    assert obtenu == monde.attendu(
        TrancheOrdonnancée,
        JOUR,
        structure="s1",
        rang=rang,
        montant_centimes=5_000_000,
        dp="DP-1",
    )


@pytest.mark.parametrize("rang", [-1, 4])
def test_on_n_ordonnance_pas_un_rang_inconnu(rang: int) -> None:
    """Un rang que l'échéancier n'a pas est inconnu."""
    assert labellisee().refus(VERBE, JOUR, rang=rang) == "rang_inconnu"


def test_on_n_ordonnance_pas_une_tranche_soldee() -> None:
    """Une tranche entièrement payée ne s'ordonnance plus."""
    monde = labellisee()
    monde.payer(1, JOUR)
    assert monde.refus(VERBE, JOUR) == "tranche_soldee"


def test_on_n_ordonnance_pas_avant_la_tranche_precedente() -> None:
    """Une tranche précédente non soldée, même ordonnancée, arrête l'ordre."""
    monde = labellisee()
    monde.ok(VERBE, JOUR)
    assert monde.refus(VERBE, "2021-03-01", rang=2) == "tranche_precedente_due"


def test_on_n_ordonnance_pas_avant_l_echeance() -> None:
    """Une tranche ne s'ordonnance pas avant son échéance."""
    monde = labellisee()
    monde.payer(1, JOUR)
    assert monde.refus(VERBE, "2021-02-28", rang=2) == "echeance_non_atteinte"


def test_on_n_ordonnance_pas_sans_bilan_exige() -> None:
    """Le bilan exigé par les règles du label arrête aussi l'ordre."""
    monde = labellisee(bilan_requis=True)
    monde.payer(1, JOUR)
    assert monde.refus(VERBE, "2021-03-01", rang=2) == "bilan_manquant"


@pytest.mark.parametrize("rang", [0, 1])
def test_un_ordre_est_borne_par_ce_qui_n_est_ni_paye_ni_ordonnance(rang: int) -> None:
    """Un ordre ne dépasse pas le reste, moins ce qui est déjà ordonnancé et non payé."""
    monde = labellisee()
    total = 5_000_000 if rang else 10_000_000
    monde.ok(VERBE, JOUR, rang=rang, montant_centimes=1_000_000)
    trop = total - 1_000_000 + 1
    assert monde.refus(VERBE, JOUR, rang=rang, montant_centimes=trop) == "montant_excessif"
    assert monde.ok(VERBE, JOUR, rang=rang, montant_centimes=trop - 1) == 6


def test_un_ordre_date_avant_l_engagement_a_payer_est_invalide(monde: Monde) -> None:
    """Un ordre dont l'année précède un engagement qu'il paierait : exercice invalide."""
    monde.label(montant_centimes=9_000_000)
    lignes = tranches((2020, 5_000_000, "2020-02-03"), (2021, 5_000_000, "2020-02-03"))
    monde.ok("SignerAvenant", "2021-01-10", montant_centimes=10_000_000, echeancier=lignes)
    monde.payer(1, "2021-02-01")
    assert monde.refus(VERBE, "2020-05-01", rang=2) == "exercice_invalide"
    assert monde.ok(VERBE, "2020-05-01", rang=2, montant_centimes=4_000_000) == 6


def test_ordre_des_refus_d_ordonnancer() -> None:
    """Quand tous les refus s'appliquent, chaque cause levée laisse répondre la suivante."""
    monde = Monde(bilan_requis=True)
    monde.cloturer(2019)
    trop: dict[str, Any] = {"rang": 4, "montant_centimes": 5_000_001}
    assert monde.refus(VERBE, "2019-12-31", **trop) == "exercice_clos"
    assert monde.refus(VERBE, "2020-02-02", **trop) == "structure_inconnue"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert monde.refus(VERBE, "2020-02-02", **trop) == "etat_incompatible"
    monde.ok("LabelliserFabrique", "2020-02-03")
    assert monde.refus(VERBE, "2020-02-02", **trop) == "date_incoherente"
    assert monde.refus(VERBE, "2020-02-03", **trop) == "rang_inconnu"
    trop["rang"] = 2
    premier = monde.payer(1, JOUR)
    monde.ok("RecevoirBilan", "2021-01-10")
    second = monde.payer(2, "2021-03-01")
    monde.ok("RecevoirBilan", "2021-01-10", accepte=False)
    monde.ok("AnnulerVersement", "2021-06-01", position=premier)
    assert monde.refus(VERBE, "2020-02-03", **trop) == "tranche_soldee"
    monde.ok("AnnulerVersement", "2021-06-01", position=second)
    assert monde.refus(VERBE, "2020-02-03", **trop) == "tranche_precedente_due"
    monde.payer(1, JOUR)
    assert monde.refus(VERBE, "2021-02-28", **trop) == "echeance_non_atteinte"
    assert monde.refus(VERBE, "2021-03-01", **trop) == "bilan_manquant"
    monde.ok("RecevoirBilan", "2021-01-10")
    assert monde.refus(VERBE, "2021-03-01", **trop) == "montant_excessif"


def test_montant_excessif_passe_avant_exercice_invalide(monde: Monde) -> None:
    """Montant excessif et exercice invalide : c'est montant_excessif qui répond."""
    monde.label(montant_centimes=9_000_000)
    lignes = tranches((2020, 5_000_000, "2020-02-03"), (2021, 5_000_000, "2020-02-03"))
    monde.ok("SignerAvenant", "2021-01-10", montant_centimes=10_000_000, echeancier=lignes)
    monde.payer(1, "2021-02-01")
    trop = {"rang": 2, "montant_centimes": 5_000_001}
    assert monde.refus(VERBE, "2020-05-01", **trop) == "montant_excessif"
    assert monde.refus(VERBE, "2020-05-01", rang=2) == "exercice_invalide"


def test_un_ordre_ignore_les_credits() -> None:
    """Un ordre ne demande pas de crédits de paiement."""
    monde = labellisee()
    monde.reviser("2020-02-04", credits="bloquants")
    assert monde.ok(VERBE, JOUR) == 6
