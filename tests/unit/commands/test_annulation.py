"""Annuler un versement : le fait entier, chaque refus, et leur ordre."""

from __future__ import annotations

import pytest

from ledger.evenements import OrdreUtilise, Part, Retrait, VersementAnnulé
from tests.unit.monde import Monde

VERBE = "AnnulerVersement"


@pytest.fixture
def paye(monde: Monde) -> Monde:
    """The first instalment of s1 is ordered (position 4) and paid (position 5)."""
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-03-01")
    monde.payer(1, "2020-03-01")
    return monde


def test_annuler_rend_le_versement_entier_a_son_exercice(paye: Monde) -> None:
    """Une annulation rend tout le versement à son exercice, à sa cohorte et à son ordre."""
    obtenu = paye.fait(VERBE, "2021-04-01", position=5)
    assert obtenu == paye.attendu(
        VersementAnnulé,
        "2021-04-01",
        structure="s1",
        position=5,
        motif="rejet_bancaire",
        nature="subvention",
        rang=1,
        montant_centimes=5_000_000,
        exercice=2020,
        regularisation=False,
        exercice_prevu=2020,
        imputations=(Part(2020, 5_000_000),),
        ordres=(OrdreUtilise(4, 5_000_000),),
    )


def test_annuler_apres_cloture_regularise_le_premier_exercice_ouvert(paye: Monde) -> None:
    """Sur un exercice clos, l'annulation est une régularisation du premier ouvert."""
    paye.cloturer(2019, 2020)
    obtenu = paye.fait(VERBE, "2020-04-01", position=5, motif="erreur")
    assert obtenu == paye.attendu(
        VersementAnnulé,
        "2020-04-01",
        structure="s1",
        position=5,
        motif="erreur",
        nature="subvention",
        rang=1,
        montant_centimes=5_000_000,
        exercice=2021,
        regularisation=True,
        exercice_prevu=2020,
        imputations=(Part(2020, 5_000_000),),
        ordres=(OrdreUtilise(4, 5_000_000),),
    )


def test_annuler_un_bonus_le_rend_a_son_engagement(monde: Monde) -> None:
    """L'annulation d'un bonus le rend à son engagement, hors échéancier."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    position = monde.ok("VerserBonus", "2020-03-01")
    monde.ok("RetirerLabel", "2020-04-01")
    obtenu = monde.fait(VERBE, "2020-05-01", position=position)
    assert obtenu == monde.attendu(
        VersementAnnulé,
        "2020-05-01",
        structure="s1",
        position=5,
        motif="rejet_bancaire",
        nature="bonus",
        rang=0,
        montant_centimes=10_000_000,
        exercice=2020,
        regularisation=False,
        exercice_prevu=2019,
        imputations=(Part(2019, 10_000_000),),
        retraits=(Retrait("bonus", 2019, 2020, 10_000_000, False, "enveloppe"),),
    )


@pytest.mark.parametrize("position", [1, 3, 4, 6, 99])
def test_seul_un_versement_s_annule(paye: Monde, position: int) -> None:
    """Une position qui n'est pas un versement, ou n'existe pas, est inconnue."""
    assert paye.refus(VERBE, "2021-04-01", position=position) == "versement_inconnu"


def test_le_versement_d_une_autre_structure_est_inconnu(paye: Monde) -> None:
    """Le versement d'une autre structure est inconnu de celle-ci."""
    paye.label("s2", "2020-02-04")
    code = paye.refus(VERBE, "2021-04-01", structure="s2", position=5)
    assert code == "versement_inconnu"


def test_un_versement_s_annule_une_fois(paye: Monde) -> None:
    """Un versement annulé ne s'annule plus."""
    paye.ok(VERBE, "2020-04-01", position=5)
    assert paye.refus(VERBE, "2020-04-02", position=5) == "versement_deja_annule"


def test_une_annulation_ne_precede_pas_le_versement(paye: Monde) -> None:
    """La veille du versement est refusée, le jour même accepté."""
    assert paye.refus(VERBE, "2020-02-29", position=5) == "date_incoherente"
    assert paye.ok(VERBE, "2020-03-01", position=5) == 6


def test_ordre_des_refus_d_annuler(paye: Monde) -> None:
    """Structure inconnue, versement inconnu, déjà annulé, puis date incohérente."""
    autre = {"structure": "s9", "position": 99}
    assert paye.refus(VERBE, "2020-02-29", **autre) == "structure_inconnue"
    assert paye.refus(VERBE, "2020-02-29", position=99) == "versement_inconnu"
    assert paye.refus(VERBE, "2020-02-29", position=5) == "date_incoherente"
    paye.ok(VERBE, "2020-04-01", position=5)
    assert paye.refus(VERBE, "2020-02-29", position=5) == "versement_deja_annule"


def test_annuler_un_versement_annule_dans_le_meme_lot(paye: Monde) -> None:
    """Un versement et son annulation peuvent être d'un même lot, une seule fois."""
    lot = [
        paye.commande("VerserTranche", "2021-03-01", rang=2),
        paye.commande(VERBE, "2021-03-01", position=6),
        paye.commande(VERBE, "2021-03-01", position=6),
    ]
    recus = paye.livre.executer_lot(lot)
    assert [r.positions for r in recus] == [(6,), (7,), ()]
    assert recus[2].refus is not None
    assert recus[2].refus.code == "versement_deja_annule"
