"""La matrice des engagements et des paiements : ordre, lignes vides, faits comptés seuls."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from ledger import Journal
from ledger.evenements import FabriqueLabellisée
from projections.matrice import LigneMatrice, Paiement, matrice
from tests.unit.monde import Monde, P, tranches


def lignes(monde: Monde, au: str = "2099-12-31") -> tuple[LigneMatrice, ...]:
    """The matrix of the facts dated up to a day."""
    jour = date.fromisoformat(au)
    return matrice(
        (position, fait)
        for position, fait in Journal(monde.livre.store, P).rattraper()
        if fait.date_effet <= jour
    )


def test_la_matrice_est_dans_l_ordre_des_engagements_puis_des_paiements() -> None:
    """Cinq années d'engagement enregistrées en désordre, et des paiements du dernier au premier."""
    monde = Monde(exercices_max=6)
    for annee in (2024, 2020, 2023, 2021, 2022):
        deux = tranches((annee, 5_000_000), (annee + 1, 5_000_000))
        champs = {"montant_centimes": 10_000_000, "echeancier": deux}
        monde.label(f"s{annee}", f"{annee}-02-03", **champs)
    monde.payer(1, "2023-03-01", 2_000_000, structure="s2022")
    monde.payer(1, "2022-03-01", 3_000_000, structure="s2022")
    assert lignes(monde) == (
        LigneMatrice(2020, 10_000_000, (), 0, 10_000_000),
        LigneMatrice(2021, 10_000_000, (), 0, 10_000_000),
        LigneMatrice(
            2022, 10_000_000, (Paiement(2022, 3_000_000), Paiement(2023, 2_000_000)), 0, 5_000_000
        ),
        LigneMatrice(2023, 10_000_000, (), 0, 10_000_000),
        LigneMatrice(2024, 10_000_000, (), 0, 10_000_000),
    )


@pytest.mark.parametrize("annees", [(2016, 2015, 2017), (2048, 2047, 2049), (2032, 2031, 2033)])
def test_les_lignes_sont_dans_l_ordre_quelles_que_soient_les_annees(
    monde: Monde, annees: tuple[int, ...]
) -> None:
    """Trois années de part et d'autre d'une puissance de deux restent dans l'ordre."""
    monde.label()
    fait = monde.livre.journal(P).lire_un(3)
    assert isinstance(fait, FabriqueLabellisée)
    rendues = matrice([(rang, replace(fait, exercice=a)) for rang, a in enumerate(annees)])
    assert [ligne.engagement for ligne in rendues] == sorted(annees)


def test_un_avenant_a_la_baisse_n_ouvre_pas_de_ligne(monde: Monde) -> None:
    """Un avenant qui retire n'engage rien : son année n'a pas de ligne, 2020 porte le retrait."""
    monde.label()
    deux = tranches((2020, 5_000_000, "2020-02-03"), (2021, 4_000_000))
    monde.ok("SignerAvenant", "2021-02-01", montant_centimes=9_000_000, echeancier=deux)
    assert lignes(monde) == (LigneMatrice(2020, 15_000_000, (), 6_000_000, 9_000_000),)


def test_un_paiement_ou_un_retrait_seul_a_sa_ligne(monde: Monde) -> None:
    """Compté sans son engagement, un paiement ou un retrait laisse un reste négatif, au centime."""
    monde.label()
    monde.payer(1, "2020-03-01", 5_000_000)
    monde.ok("RetirerLabel", "2020-04-01")
    faits = dict(Journal(monde.livre.store, P).rattraper())
    assert matrice([(4, faits[4])]) == (
        LigneMatrice(2020, 0, (Paiement(2020, 5_000_000),), 0, -5_000_000),
    )
    assert matrice([(5, faits[5])]) == (LigneMatrice(2020, 0, (), 10_000_000, -10_000_000),)
    assert matrice([]) == ()


def test_un_paiement_annule_ne_laisse_ni_paiement_ni_ligne_vide(monde: Monde) -> None:
    """Payé puis annulé, un exercice n'a plus de paiement."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.ok("VerserBonus", "2020-03-01")
    position = monde.payer(1, "2020-03-01")
    monde.ok("AnnulerVersement", "2020-03-02", position=position)
    attendu = (
        LigneMatrice(2019, 10_000_000, (Paiement(2020, 10_000_000),), 0, 0),
        LigneMatrice(2020, 15_000_000, (), 0, 15_000_000),
    )
    assert lignes(monde) == attendu
