"""Qui a ordonné et payé : les lignes d'une vue, leurs totaux, ce qui est signalé."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec import convert
from msgspec.structs import replace

from ledger import Acteur, Journal
from projections import fonctions, regarder
from projections.anomalies import Anomalie
from projections.fonctions import Fonctions, LigneFonctions, Registre
from projections.situation import Vue
from tests.unit.monde import Monde, P, qui

OLGA, KARIM = qui("olga", "ordonnateur"), qui("karim", "comptable")


def payee(*, requis: bool = False) -> Monde:
    """An order of 40 000 EUR by Olga (4), paid by Karim in two parts (5, 6), the second beyond."""
    monde = Monde(ordonnancement_requis=requis)
    monde.label()  # 2, 3
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=4_000_000, acteur=OLGA)
    monde.payer(1, "2020-03-02", 2_000_000, acteur=KARIM)
    if not requis:
        monde.payer(1, "2020-03-03", 3_000_000, acteur=KARIM)
    return monde


def vue(monde: Monde, au: date | None = None) -> Vue:
    """The view of that world."""
    return regarder(Journal(monde.livre.store, P), au=au)


def registre(monde: Monde, **acteurs: dict[str, str]) -> Registre:
    """The facts of that world, each `p<position>` given to another actor."""
    autres = convert(acteurs, dict[str, Acteur])
    lu = Registre()
    faits = (
        (position, replace(fait, acteur=autres.get(f"p{position}", fait.acteur)))
        for position, fait in Journal(monde.livre.store, P).rattraper()
    )
    assert [position for position, _ in lu.suivre(faits)] == list(range(1, monde.taille + 1))
    return lu


def test_chaque_ligne_dit_l_ordre_et_le_paiement_en_entier() -> None:
    """Chaque part d'un paiement, sur un ordre ou sur aucun, membre par membre, et les totaux."""
    commun = LigneFonctions(
        structure="s1",
        rang=1,
        montant_centimes=2_000_000,
        statut="separes",
        ordonnancement_requis=False,
        ordre_position=4,
        ordonnateur="olga",
        ordonnateur_role="ordonnateur",
        dp="DP-1",
        ordre_date="2020-03-01",
        position=5,
        payeur="karim",
        payeur_role="comptable",
        reference="V-1",
        date_effet="2020-03-02",
        exercice=2020,
        annulation_position=None,
    )
    second = replace(commun, position=6, date_effet="2020-03-03")
    sans_ordre = replace(
        second,
        montant_centimes=1_000_000,
        statut="sans_ordre",
        ordre_position=None,
        ordonnateur=None,
        ordonnateur_role=None,
        dp=None,
        ordre_date=None,
    )
    assert fonctions(vue(payee())) == Fonctions(
        programme=P,
        position=6,
        au=None,
        paye_centimes=5_000_000,
        separes_centimes=4_000_000,
        acteurs_semblables_centimes=0,
        meme_acteur_centimes=0,
        payeur_non_comptable_centimes=0,
        sans_ordre_centimes=1_000_000,
        lignes=(commun, second, sans_ordre),
    )


@pytest.mark.parametrize(
    ("au", "lignes", "signalees"),
    [
        (date(2020, 3, 1), [], []),
        (date(2020, 3, 2), [(5, None)], [5]),
        (date(2020, 3, 3), [(5, None), (6, None), (6, None)], [5, 6]),
        (date(2020, 3, 31), [(5, None), (6, None), (6, None)], [5, 6]),
        (date(2020, 4, 1), [(5, 7), (6, None), (6, None)], [6]),
        (date(2020, 4, 2), [(5, 7), (6, None), (6, None)], [6]),
        (None, [(5, 7), (6, None), (6, None)], [6]),
    ],
)
def test_une_vue_laisse_ce_qui_est_date_apres_elle(
    au: date | None, lignes: list[tuple[int, int | None]], signalees: list[int]
) -> None:
    """Un paiement compte du jour de sa date ; son annulation, du jour de la sienne."""
    monde = payee()
    monde.ok("AnnulerVersement", "2020-04-01", position=5, acteur=KARIM)  # 7
    regard = vue(monde, au)
    lu = registre(monde, p4=KARIM)
    figure = lu.figure(regard)
    assert [(li.position, li.annulation_position) for li in figure.lignes] == lignes
    assert figure.paye_centimes == sum(
        li.montant_centimes for li in figure.lignes if li.annulation_position is None
    )
    assert [a.position for a in lu.anomalies(regard)] == signalees


def test_les_ordres_se_consomment_sur_tout_ce_qui_est_connu() -> None:
    """L'ordre rendu par une annulation datée après la vue sert au paiement daté avant elle."""
    monde = payee()
    monde.ok("AnnulerVersement", "2020-04-01", position=5, acteur=KARIM)  # 7
    monde.payer(1, "2020-03-15", 2_000_000, acteur=KARIM)  # 8
    figure = fonctions(vue(monde, date(2020, 3, 31)))
    dites = [(li.position, li.ordre_position, li.annulation_position) for li in figure.lignes]
    assert dites == [(5, 4, None), (6, 4, None), (6, None, None), (8, 4, None)]
    assert (figure.au, figure.position, figure.paye_centimes) == ("2020-03-31", 8, 7_000_000)


@pytest.mark.parametrize(
    ("requis", "payeur", "codes"),
    [
        (False, OLGA, ["ordonne_et_paye"]),
        (True, OLGA, []),
        (False, KARIM, []),
        (True, KARIM, []),
        (False, qui("Olga", "comptable"), ["acteurs_semblables"]),
        (True, qui("Olga", "comptable"), ["acteurs_semblables"]),
        (True, qui("zoe", "instructeur"), []),
    ],
)
def test_ce_que_l_audit_constate_n_est_pas_signale_deux_fois(
    requis: bool, payeur: dict[str, str], codes: list[str]
) -> None:
    """Sous la règle, le même acteur est un constat de l'audit ; deux graphies se signalent."""
    monde = payee(requis=requis)
    trouvees = registre(monde, p5=payeur).anomalies(vue(monde, date(2020, 3, 2)))
    assert trouvees == tuple(
        Anomalie(
            code,
            "s1",
            5,
            "s1, tranche 1 : 20 000,00 € ordonnés par olga (ordonnateur, position 4), payés par "
            f"{payeur['id']} ({payeur['role']}, position 5).",
        )
        for code in codes
    )
