"""Le suivi des cellules : fait après fait, les valeurs publiées, et deux suivis indépendants."""

from __future__ import annotations

import pytest

from ledger import Fait, Journal
from projections import lire_cellule
from projections.cellules import valeurs
from projections.situation import Vue, plier
from projections.suivi import Suivi
from tests.unit.monde import Monde, P, tranches


def _longue() -> Monde:
    """Credits, bonus, closings, withdrawals, revisions: every table moves."""
    monde = Monde(credits="indicatifs", retraits_anterieurs_recyclables=True, exercice_bonus=2020)
    monde.ouvrir_credits(2020, 90_000_000, 80_000_000)
    gel = {"exercice": 2020, "ae_centimes": 3, "cp_centimes": 4}
    monde.ok("GelerCrédits", "2020-01-03", **gel)
    monde.label()
    monde.label("s2")
    monde.label("s3", territoire="hors_qpv", numerique=False)
    monde.label("s4")
    for structure in ("s1", "s2", "s4"):
        monde.ok("AccorderBonusNumérique", "2020-02-03", structure=structure)
    premier = monde.payer(1, "2020-03-01")
    monde.ok("VerserBonus", "2020-03-01")
    for structure in ("s3", "s4"):
        monde.ok("RetirerLabel", "2020-06-01", structure=structure)
    monde.ok("DemanderReversement", "2020-07-01", montant_centimes=1_000_001)
    monde.ok("EncaisserReversement", "2020-08-01", montant_centimes=700_000)
    monde.cloturer(2019, 2020)
    monde.reviser("2021-01-05", quota_qpv=151)
    monde.ok("AnnulerVersement", "2021-02-01", position=premier)
    monde.ok("RetirerLabel", "2021-03-01", structure="s2")
    monde.ouvrir_credits(2025, 1, 2, "2021-04-01")
    monde.ok("ModifierEnveloppe", "2021-05-01", variation_centimes=-1)
    return monde


def _reduite() -> Monde:
    """An instalment, then a label, go away: cells and exercices that the tables no longer show."""
    monde = Monde()
    monde.label()
    deux = tranches((2020, 5_000_000, "2020-02-03"), (2021, 5_000_000))
    monde.ok("SignerAvenant", "2020-04-01", montant_centimes=10_000_000, echeancier=deux)
    monde.ok("RetirerLabel", "2020-06-01")
    return monde


@pytest.fixture(params=[_longue, _reduite], ids=["longue", "reduite"])
def faits(request: pytest.FixtureRequest) -> list[tuple[int, Fait]]:
    """The facts of a history."""
    monde: Monde = request.param()
    return list(Journal(monde.livre.store, P).rattraper())


def publiees(faits: list[tuple[int, Fait]]) -> dict[str, int]:
    """The cells of the public tables that are not zero."""
    vue = Vue(P, None, plier(faits), Journal(Monde().livre.store, P).arbre)
    return {str(cellule): v for cellule, v in valeurs(vue).items() if v}


def test_apres_chaque_fait_les_cellules_suivies_sont_celles_des_tables(
    faits: list[tuple[int, Fait]],
) -> None:
    """Après chaque fait, toute cellule suivie vaut celle des tables publiques, au centime."""
    suivi = Suivi()
    cumul: dict[str, int] = {}
    for rang, (position, fait) in enumerate(faits, 1):
        gains = suivi.compter(position, fait)
        assert all(gains.values())
        for nom, gain in gains.items():
            cumul[nom] = cumul.get(nom, 0) + gain
        assert {n: v for n, v in suivi.valeurs.items() if v} == publiees(faits[:rang])
    assert cumul == suivi.valeurs


def test_une_cellule_suivie_seule_recoit_les_memes_gains(faits: list[tuple[int, Fait]]) -> None:
    """Suivre une cellule seule donne à chaque fait le gain qu'elle a parmi toutes les autres."""
    tous = Suivi()
    entiers = [tous.compter(position, fait) for position, fait in faits]
    for nom in sorted(tous.valeurs):
        seul = Suivi([lire_cellule(nom)])
        gains = [seul.compter(position, fait) for position, fait in faits]
        assert gains == [{nom: g[nom]} if nom in g else {} for g in entiers]


def test_deux_suivis_copies_comptent_chacun_pour_soi(faits: list[tuple[int, Fait]]) -> None:
    """À chaque coupe, compter la suite dans la copie puis dans l'original donne les mêmes gains."""
    for coupe in range(len(faits)):
        original = Suivi()
        for position, fait in faits[:coupe]:
            original.compter(position, fait)
        avant = dict(original.valeurs)
        copie = original.copie()
        suite = [copie.compter(position, fait) for position, fait in faits[coupe:]]
        assert original.valeurs == avant
        assert [original.compter(position, fait) for position, fait in faits[coupe:]] == suite
        assert original.valeurs == copie.valeurs
