"""La situation d'un programme : ce qu'un pli compte, ce qu'une vue relit, ce qui est refusé."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import astuple, replace

from ledger import Journal, UsageError
from ledger.erreurs import ChainBrokenError
from ledger.preuve.merkle import Arbre
from ledger.soldes import Soldes
from projections import parallele, regarder
from projections.situation import Situation, Vue, appliquer, connus, exiger_connu, plier
from tests.unit.monde import Monde, P


@pytest.fixture
def deux_labels(monde: Monde) -> Monde:
    """Two labels of one day, the second withdrawn the same year; a late rise of the envelope."""
    monde.label()
    monde.label("s2")
    monde.ok("RetirerLabel", "2020-06-01", structure="s2")
    monde.ok("ModifierEnveloppe", "2020-02-03", variation_centimes=7)
    return monde


def journal(monde: Monde) -> Journal:
    """The journal of a world, unread."""
    return Journal(monde.livre.store, P)


def test_le_disponible_de_chaque_jour_dit_son_ecart_et_le_dernier_qui_a_pris(
    deux_labels: Monde,
) -> None:
    """Les faits d'un jour s'additionnent ; un fait qui rend ne change pas le dernier qui a pris."""
    situation = plier(journal(deux_labels).rattraper())
    assert situation.disponible_par_jour == {
        date(2019, 7, 11): (4_500_000_000, 0),
        date(2020, 2, 3): (-29_999_993, 5),
        date(2020, 6, 1): (15_000_000, 0),
    }
    assert (situation.position, situation.derniere_date) == (7, date(2020, 6, 1))
    deux_labels.ok("ModifierEnveloppe", "2020-06-02", variation_centimes=-1)
    deux_labels.ok("ModifierEnveloppe", "2020-06-02", variation_centimes=3)
    suite = plier(journal(deux_labels).rattraper()).disponible_par_jour
    assert suite == situation.disponible_par_jour | {date(2020, 6, 2): (2, 8)}
    assert (situation.intitule, situation.soldes.disponible) == ("Fabriques", 4_485_000_007)
    assert sorted(situation.fiches) == ["s1", "s2"]


def test_un_fait_date_apres_la_vue_est_connu_sans_etre_compte(deux_labels: Monde) -> None:
    """La position est la dernière connue, la dernière date la plus grande comptée, jour compris."""
    veille = plier(journal(deux_labels).rattraper(), au=date(2020, 5, 31))
    assert (veille.position, veille.derniere_date) == (7, date(2020, 2, 3))
    assert veille.soldes.disponible == 4_470_000_007
    assert plier(journal(deux_labels).rattraper(), au=date(2020, 6, 1)) == plier(
        journal(deux_labels).rattraper()
    )
    avant = plier(journal(deux_labels).rattraper(), au=date(2019, 7, 10))
    assert avant == Situation(position=7)
    assert (avant.soldes, avant.regles, avant.derniere_date) == (Soldes(), None, None)
    assert (Situation().position, Situation().intitule) == (0, "")


def test_un_pli_repris_en_route_est_celui_d_un_seul_trait(deux_labels: Monde) -> None:
    """Plier en deux fois, ou fait par fait, rend la même situation ; celle donnée reste la même."""
    faits = list(journal(deux_labels).rattraper())
    entier = plier(faits)
    for coupe in range(len(faits) + 1):
        debut = plier(faits[:coupe])
        copie = deepcopy(
            (debut.soldes, dict(debut.fiches), debut.disponible_par_jour, debut.position)
        )
        assert plier(faits[coupe:], depuis=debut) == entier
        assert copie == (
            debut.soldes,
            dict(debut.fiches),
            debut.disponible_par_jour,
            debut.position,
        )
    pas = Situation()
    for position, fait in faits:
        pas = appliquer(pas, position, fait)
    assert astuple(pas) == astuple(entier)
    assert plier([], depuis=entier) == entier


def test_une_revision_d_avant_une_ouverture_non_comptee_n_est_pas_une_regle(monde: Monde) -> None:
    """Vue avant l'ouverture, une révision datée avant elle ne donne pas de règles ; après, si."""
    monde.reviser("2019-07-01", quota_qpv=151)
    assert plier(journal(monde).rattraper(), au=date(2019, 7, 10)).regles is None
    regles = plier(journal(monde).rattraper(), au=date(2019, 7, 11)).regles
    assert regles is not None
    assert (regles.dernieres()[0].quota_qpv, regles.dernieres()[1]) == (151, 2)


def test_une_vue_relit_les_faits_qu_elle_compte(deux_labels: Monde) -> None:
    """Relus jusqu'à la position de la vue, les faits datés après elle sont laissés, pas le sien."""
    vue = regarder(journal(deux_labels), au=date(2020, 2, 3), connu_au=6)
    assert [position for position, _ in vue.faits()] == [1, 2, 3, 4, 5]
    assert vue.date_de_vue == date(2020, 2, 3)
    assert [p for p, _ in regarder(journal(deux_labels)).faits()] == [1, 2, 3, 4, 5, 6, 7]
    assert regarder(journal(deux_labels)).date_de_vue == date(2020, 6, 1)
    assert vue.racine == regarder(journal(deux_labels), connu_au=6).racine
    assert vue.racine != regarder(journal(deux_labels)).racine


def test_une_ligne_changee_depuis_la_lecture_est_une_chaine_rompue(deux_labels: Monde) -> None:
    """Une feuille qui n'est plus celle de la première lecture rompt la chaîne, position dite."""
    vue = regarder(journal(deux_labels))
    arbre = Arbre()
    feuilles = [vue.arbre.feuille(position) for position in range(1, 8)]
    feuilles[3] = sha256(b"autre").digest()
    arbre.ajouter(feuilles)
    with pytest.raises(ChainBrokenError) as refus:
        list(replace(vue, arbre=arbre).faits())
    assert refus.value.position == 4
    assert refus.value.message == (
        "Journal fabriques, position 4 : la ligne a changé depuis sa lecture."
    )
    with pytest.raises(UsageError, match="Cette vue de fabriques n'est pas lue d'un journal"):
        list(Vue(P, None, Situation(), Arbre()).faits())


def test_une_position_connue_va_de_zero_a_la_taille(deux_labels: Monde) -> None:
    """De 0 à la taille comprises, la position est connue ; au-delà, l'erreur dit les bornes."""
    lu = journal(deux_labels)
    for position in (0, 7, None, "2019-01-01T00:00:00.000000Z"):
        exiger_connu(lu, position)
    for position in (-1, 8):
        with pytest.raises(UsageError) as refus:
            exiger_connu(lu, position)
        assert refus.value.message == (
            f"Le journal fabriques va de 1 à 7, position {position} demandée."
        )
        assert refus.value.remede == "Vérifier la position demandée (--connu-au)."
    assert [p for p, _ in connus(journal(deux_labels), 3)] == [1, 2, 3]
    assert [p for p, _ in connus(journal(deux_labels), None)] == [1, 2, 3, 4, 5, 6, 7]
    juste = "2020-01-01T00:00:00.000000Z"
    assert len(list(connus(journal(deux_labels), juste))) == 7
    assert list(connus(journal(deux_labels), "2019-12-31T23:59:59.999999Z")) == []


def test_un_journal_deja_lu_se_regarde_encore_en_entier(deux_labels: Monde) -> None:
    """Regarder ne dépend pas de ce que l'appelant a déjà lu, et ne lui prend rien."""
    lu = journal(deux_labels)
    assert len(list(lu.rattraper())) == 7
    assert regarder(lu).situation == regarder(journal(deux_labels)).situation
    assert lu.taille == 7


def test_une_vue_a_un_instant_laisse_aussi_ce_qui_est_date_apres_elle(deux_labels: Monde) -> None:
    """Connue à un instant comme à une position, la vue ne compte que jusqu'à sa date."""
    instant = regarder(
        journal(deux_labels), au=date(2020, 5, 31), connu_au="2020-01-01T00:00:00.000000Z"
    )
    assert instant.situation == regarder(journal(deux_labels), au=date(2020, 5, 31)).situation
    assert (instant.au, instant.situation.soldes.disponible) == (date(2020, 5, 31), 4_470_000_007)


def test_une_vue_se_lit_en_un_processus_a_moins_d_en_demander_plus(
    deux_labels: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un hôte dont le module ne se réimporte pas n'a rien à dire : un seul processus par défaut."""
    demandes: list[int] = []

    def plier_journal(lu: Journal, *, coeurs: int, **options: Any) -> Situation:
        demandes.append(coeurs)
        return parallele.plier_journal(lu, coeurs=1, **options)

    monkeypatch.setattr("projections.situation.plier_journal", plier_journal)
    regarder(journal(deux_labels))
    regarder(journal(deux_labels), coeurs=3)
    assert demandes == [1, 3]
