"""Rapprocher un versement de Chorus : le fait entier, chaque refus, leur ordre, ce qui l'efface."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import Journal
from ledger.audit import verifier
from ledger.evenements import VersementRapproché
from projections import credits, enveloppe, regarder
from tests.unit.ledger.audit.test_verifier import Etat, magasin, reecrire
from tests.unit.monde import Monde, P

VERBE = "RapprocherVersement"
JOUR = "2021-01-15"


@pytest.fixture
def paye(monde: Monde) -> Monde:
    """Two payments of s1: instalment 1 in two parts (positions 4 and 5)."""
    monde.label()
    monde.payer(1, "2020-03-01", 2_000_000)
    monde.payer(1, "2020-03-02", 3_000_000)
    return monde


def test_rapprocher_enregistre_la_demande_et_l_engagement_juridique(paye: Monde) -> None:
    """Le fait garde position, DP, son exercice et l'EJ : aucun montant."""
    obtenu = paye.fait(VERBE, JOUR, position=4, ej="0021000001")
    assert obtenu == paye.attendu(
        VersementRapproché,
        JOUR,
        structure="s1",
        position=4,
        dp="DP-1",
        exercice_dp=2020,
        ej="0021000001",
    )


def test_rapprocher_ne_change_aucun_chiffre(paye: Monde) -> None:
    """Ni l'enveloppe ni les crédits ne bougent ; la fiche garde le rapprochement."""
    avant = regarder(Journal(paye.livre.store, P))
    paye.ok(VERBE, JOUR, position=4)
    apres = regarder(Journal(paye.livre.store, P))
    assert credits(apres) == credits(avant)
    assert enveloppe(apres).disponible_centimes == enveloppe(avant).disponible_centimes
    (dit,) = apres.situation.fiches["s1"].rapprochements
    assert (dit.position, dit.versement, dit.dp, dit.exercice, dit.ej) == (6, 4, "DP-1", 2020, None)


def test_un_versement_se_rapproche_une_fois(paye: Monde) -> None:
    """Le même versement, sous une autre demande : refusé, avec la demande déjà connue."""
    paye.ok(VERBE, JOUR, position=4)
    recu = paye.envoyer(VERBE, JOUR, position=4, dp="DP-2")
    assert recu.refus is not None
    assert (recu.refus.code, recu.refus.details) == (
        "versement_deja_rapproche",
        {"position": 4, "dp": "DP-1", "exercice_dp": 2020},
    )
    assert recu.refus.message == (
        "Le versement de la position 4 est déjà rapproché de la demande DP-1 (2020)."
    )


def test_une_demande_prouve_un_seul_versement_par_exercice(paye: Monde) -> None:
    """La même DP pour un second versement est refusée ; d'un autre exercice, c'en est une autre."""
    paye.ok(VERBE, JOUR, position=4)
    recu = paye.envoyer(VERBE, JOUR, position=5)
    assert recu.refus is not None
    assert (recu.refus.code, recu.refus.details) == (
        "dp_deja_rapprochee",
        {"position": 4, "dp": "DP-1", "exercice_dp": 2020},
    )
    assert recu.refus.message == (
        "La demande DP-1 (2020) prouve déjà le versement de la position 4."
    )
    assert paye.ok(VERBE, JOUR, position=5, exercice_dp=2021) == 7


def test_annuler_le_versement_libere_la_demande(paye: Monde) -> None:
    """Un versement annulé n'est plus rapproché : sa demande peut en prouver un autre."""
    paye.ok(VERBE, JOUR, position=4)
    paye.ok("AnnulerVersement", JOUR, position=4)
    assert paye.refus(VERBE, JOUR, position=4, dp="DP-2") == "versement_deja_annule"
    assert paye.ok(VERBE, JOUR, position=5) == 8
    assert verifier(paye.livre.store, P).constats == ()


def test_ordre_des_refus_de_rapprocher(paye: Monde) -> None:
    """Quand plusieurs refus s'appliquent, chaque cause levée laisse répondre la suivante."""
    paye.cloturer(2019)
    paye.ok(VERBE, JOUR, position=5, dp="DP-5")  # 7
    paye.payer(2, "2021-03-01")  # 8
    paye.ok("AnnulerVersement", "2021-04-01", position=8)  # 9
    paye.payer(2, "2021-05-01")  # 10
    tot: dict[str, Any] = {"dp": "DP-5", "structure": "s9", "position": 2}
    assert paye.refus(VERBE, "2019-01-01", **tot) == "exercice_clos"
    assert paye.refus(VERBE, "2020-01-01", **tot) == "structure_inconnue"
    tot["structure"] = "s1"
    assert paye.refus(VERBE, "2020-01-01", **tot) == "versement_inconnu"
    tot["position"] = 8
    assert paye.refus(VERBE, "2020-01-01", **tot) == "versement_deja_annule"
    tot["position"] = 5
    assert paye.refus(VERBE, "2020-03-01", **tot) == "date_incoherente"
    assert paye.refus(VERBE, JOUR, **tot) == "versement_deja_rapproche"
    tot["position"] = 4
    assert paye.refus(VERBE, JOUR, **tot) == "dp_deja_rapprochee"


def test_un_rapprochement_suit_un_programme_clos_et_un_label_retire(paye: Monde) -> None:
    """Ni la fin du programme ni le retrait du label n'empêchent de prouver un versement."""
    paye.ok("RetirerLabel", "2020-06-01")
    paye.ok("CloreProgramme", "2020-07-01")
    assert paye.ok(VERBE, JOUR, position=4) == 8


def _sur(position: int) -> Any:
    return lambda etat: etat.update(position=position)


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (_sur(3), "s1 : pas de versement en vigueur en 3."),
        (_sur(8), "s1 : pas de versement en vigueur en 8."),
        (lambda e: e.update(dp="DP-5"), "s1 : la demande DP-5 prouve deux versements."),
        (_sur(5), "s1 : le versement 5 est rapproché deux fois."),
        (lambda e: e.update(date_effet="2020-02-29"), "s1 : rapproché avant d'être versé (4)."),
    ],
)
def test_l_audit_constate_un_rapprochement_impossible(
    paye: Monde, change: Any, phrase: str
) -> None:
    """Réécrit vers un autre fait, un versement annulé, une demande prise : l'audit le nomme."""
    paye.ok(VERBE, JOUR, position=5, dp="DP-5")  # 6
    paye.payer(2, "2021-03-01")  # 7
    paye.ok("AnnulerVersement", "2021-03-02", position=7)  # 8
    paye.ok(VERBE, "2021-03-03", position=4)  # 9
    store = magasin(paye)
    assert verifier(store, P).constats == ()

    def changer(etat: Etat) -> None:
        change(etat)

    reecrire(store, 9, changer)
    constats = [(c.code, c.position, c.detail) for c in verifier(store, P).constats]
    assert ("histoire_impossible", 9, phrase) in constats
