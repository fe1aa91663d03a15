"""Toute cellule s'explique, et tout écart entre deux vues aussi : la somme est exacte."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Fait, Journal, Store
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import Point, comparer, expliquer, expliquer_tout, lire_cellule, regarder
from projections.cellules import toutes
from projections.cellules import valeurs as lire_valeurs
from projections.testing.chiffres import chiffres
from tests.properties.outils import reglages

EXEMPLES = 25
DATES = st.none() | st.dates(JOUR_MIN, JOUR_MAX)
Cellules = dict[str, int]


def _montants(ligne: dict[str, Any], prefixe: str) -> Cellules:
    """The numbers of a line of a public table, under their names of cells."""
    return {
        f"{prefixe}.{nom.removesuffix('_centimes').removesuffix('_dix_milliemes')}": valeur
        for nom, valeur in ligne.items()
        if nom.endswith(("_centimes", "_dix_milliemes"))
    }


def publiees(store: Store, *, au: date | None, connu_au: int | None) -> Cellules:
    """Every number of the four public tables, read from their JSON."""
    lus = chiffres(store, au=au, connu_au=connu_au)
    cellules = _montants(lus["enveloppe"], "enveloppe")
    for compte in ("labels", "quotas"):
        for nom, nombre in lus["enveloppe"][compte].items():
            cellules[f"enveloppe.{compte}.{nom}"] = nombre
    for ligne in lus["credits"]:
        cellules |= _montants(ligne, f"credits.{ligne['exercice']}")
    for ligne in lus["structures"]:
        cellules |= _montants(ligne, f"structures.{ligne['structure']}")
    for structure, figure in lus["echeanciers"].items():
        for tranche in figure["tranches"]:
            cellules |= _montants(tranche, f"echeancier.{structure}.{tranche['rang']}")
        if figure["bonus"] is not None:
            cellules |= _montants(figure["bonus"], f"echeancier.{structure}.0")
    return cellules


def _point(data: st.DataObject, histoire: Histoire) -> tuple[date | None, int]:
    """A random effect date, and a random position, seldom before most facts."""
    taille = len(histoire.faits)
    return data.draw(DATES), data.draw(st.just(taille) | st.integers(0, taille))


def _faits(store: Store, connu_au: int) -> list[tuple[int, Fait]]:
    return list(Journal(store, PROGRAMME).rattraper(jusqua=connu_au))


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_les_contributions_somment_a_toute_cellule(histoire: Histoire, data: st.DataObject) -> None:
    """À toute date et toute position, chaque cellule publiée est la somme de ses contributions."""
    au, connu_au = _point(data, histoire)
    attendues = publiees(histoire.store, au=au, connu_au=connu_au)
    vue = regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=connu_au)
    assert {str(cellule): v for cellule, v in lire_valeurs(vue).items()} == attendues
    expliquees = expliquer_tout(_faits(histoire.store, connu_au), toutes(vue), au=au)
    assert {e.cellule: e.valeur_centimes for e in expliquees} == attendues
    sommes = {e.cellule: sum(c.centimes for c in e.contributions) for e in expliquees}
    assert sommes == attendues


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_chaque_contribution_est_la_valeur_apres_moins_la_valeur_avant(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Une contribution est ce que la cellule publiée devient à sa position, moins ce qu'elle était.

    Cellule par cellule, les positions qui ne sont pas données n'ont rien changé.
    """
    au, connu_au = _point(data, histoire)
    premiere = data.draw(st.integers(max(connu_au - 6, 0), connu_au))
    vue = regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=connu_au)
    contributions = {
        e.cellule: {c.position: c.centimes for c in e.contributions}
        for e in expliquer_tout(_faits(histoire.store, connu_au), toutes(vue), au=au)
    }
    avant = publiees(histoire.store, au=au, connu_au=premiere)
    for position in range(premiere + 1, connu_au + 1):
        apres = publiees(histoire.store, au=au, connu_au=position)
        for nom, par_position in contributions.items():
            gain = apres.get(nom, 0) - avant.get(nom, 0)
            assert par_position.get(position, 0) == gain, (nom, position)
        avant = apres


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_une_cellule_s_explique_seule_comme_avec_les_autres(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Expliquer une cellule seule donne ce que donnent toutes ensemble."""
    au, connu_au = _point(data, histoire)
    journal = Journal(histoire.store, PROGRAMME)
    cellules = toutes(regarder(journal, au=au, connu_au=connu_au))
    choisie = data.draw(st.sampled_from(cellules))
    ensemble = expliquer_tout(_faits(histoire.store, connu_au), cellules, au=au)
    seule = expliquer(journal, str(choisie), au=au, connu_au=connu_au)
    assert seule == ensemble[cellules.index(choisie)]


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_la_comparaison_explique_tout_ecart_entre_deux_vues(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Entre deux vues quelconques, chaque écart est dit, lui seul, et expliqué au centime."""
    (au_a, su_a), (au_b, su_b) = _point(data, histoire), _point(data, histoire)
    store = histoire.store
    avant = publiees(store, au=au_a, connu_au=su_a)
    apres = publiees(store, au=au_b, connu_au=su_b)
    attendus = {
        nom: (avant.get(nom, 0), apres.get(nom, 0))
        for nom in avant.keys() | apres.keys()
        if avant.get(nom, 0) != apres.get(nom, 0)
    }
    ecarts = comparer(Journal(store, PROGRAMME), Point(su_a, au_a), Point(su_b, au_b))
    assert {e.cellule: (e.avant_centimes, e.apres_centimes) for e in ecarts} == attendus
    for e in ecarts:
        assert sum(c.centimes for c in e.contributions) == e.difference_centimes
        assert e.difference_centimes == e.apres_centimes - e.avant_centimes
        assert all(c.centimes for c in e.contributions)
    noms = [lire_cellule(e.cellule).ordre for e in ecarts]
    assert noms == sorted(noms)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_les_apports_d_un_ecart_sont_ceux_de_b_moins_ceux_de_a(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Un fait apporte à un écart ce qu'il apporte dans la seconde vue, moins dans la première."""
    (au_a, su_a), (au_b, su_b) = _point(data, histoire), _point(data, histoire)
    journal = Journal(histoire.store, PROGRAMME)
    ecarts = comparer(journal, Point(su_a, au_a), Point(su_b, au_b))
    cellules = [lire_cellule(e.cellule) for e in ecarts]
    explications = zip(
        ecarts,
        expliquer_tout(_faits(histoire.store, su_a), cellules, au=au_a),
        expliquer_tout(_faits(histoire.store, su_b), cellules, au=au_b),
        strict=True,
    )
    for ecart, de_a, de_b in explications:
        attendus = {c.position: c.centimes for c in de_b.contributions}
        for c in de_a.contributions:
            attendus[c.position] = attendus.get(c.position, 0) - c.centimes
        obtenus = {c.position: c.centimes for c in ecart.contributions}
        assert obtenus == {position: n for position, n in attendus.items() if n}
