"""Les tirages : distincts, déterministes, à chances égales, une chance par centime en MUS."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal
from projections import regarder, tirer, verifier_tirage
from projections.echantillon import repartir
from projections.fiche import Fiche
from projections.situation import Vue
from projections.testing.chiffres import en_json
from tests.properties.outils import reglages
from tests.unit.projections.vues import versement, vue_de, vue_payee

MONTANTS = st.lists(
    st.one_of(st.integers(1, 5), st.integers(1, 10**4), st.integers(1, 10**13)),
    min_size=1,
    max_size=40,
)
ALEAS = st.text("abc é0", min_size=1, max_size=5).filter(lambda t: t == t.strip())
METHODES: tuple[dict[str, Any], ...] = (
    {"methode": "simple"},
    {"methode": "mus"},
    {"methode": "stratifie", "strate": "montant"},
    {"methode": "stratifie", "strate": "exercice"},
    {"methode": "stratifie", "strate": "territoire"},
)


@given(montants=MONTANTS, methode=st.sampled_from(METHODES), alea=ALEAS, data=st.data())
@reglages(150)
def test_un_tirage_a_exactement_n_unites_distinctes_de_la_population(
    montants: list[int], methode: dict[str, Any], alea: str, data: st.DataObject
) -> None:
    """Le nombre demandé, des unités distinctes, toutes de la population, les rangs de 1 à n."""
    nombre = data.draw(st.integers(1, len(montants)))
    tirage = tirer(vue_payee(montants), nombre=nombre, alea=alea, **methode)
    assert [u.rang for u in tirage.unites] == list(range(1, nombre + 1))
    assert len({u.position for u in tirage.unites}) == nombre
    for unite in tirage.unites:
        assert unite.montant_centimes == montants[unite.position - 1]
        assert unite.structure == f"s{unite.position - 1}"
    if tirage.strates:
        assert sum(s.tirees for s in tirage.strates) == nombre
        assert sum(s.total_centimes for s in tirage.strates) == sum(montants)
        assert all(0 <= s.tirees <= s.nombre for s in tirage.strates)


@given(montants=MONTANTS, alea=ALEAS, data=st.data())
@reglages(150)
def test_en_mus_un_montant_d_au_moins_l_intervalle_est_toujours_tire(
    montants: list[int], alea: str, data: st.DataObject
) -> None:
    """Tout montant d'au moins le total divisé par n, et d'au moins l'intervalle final, est tiré."""
    nombre = data.draw(st.integers(1, len(montants)))
    tirage = tirer(vue_payee(montants), methode="mus", nombre=nombre, alea=alea)
    assert tirage.intervalle_centimes is not None
    tires = {u.position for u in tirage.unites}
    for position, montant in enumerate(montants, 1):
        if montant * nombre >= sum(montants) or montant >= tirage.intervalle_centimes:
            assert position in tires


@given(montants=MONTANTS, methode=st.sampled_from(METHODES), melange=st.randoms())
@reglages(60)
def test_l_ordre_ou_les_fiches_sont_rangees_ne_change_rien(
    montants: list[int], methode: dict[str, Any], melange: Any
) -> None:
    """Le tirage ne dépend que des positions, pas de l'ordre de rangement des structures."""
    fiches = [
        Fiche(f"s{i}", versements=(versement(i + 1, m, 2020 + i % 3),))
        for i, m in enumerate(montants)
    ]
    attendu = tirer(vue_de(*fiches), nombre=1, alea="a", **methode)
    melange.shuffle(fiches)
    assert tirer(vue_de(*fiches), nombre=1, alea="a", **methode) == attendu


@given(
    tailles=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    data=st.data(),
)
@reglages(200)
def test_la_repartition_fait_le_compte_et_suit_les_proportions(
    tailles: list[int], data: st.DataObject
) -> None:
    """Les parts font n, aucune strate n'est oubliée si n suffit, le quota n'est jamais dépassé."""
    nombre = data.draw(st.integers(1, sum(tailles)))
    parts = repartir(nombre, tailles)
    assert sum(parts) == nombre
    for part, taille in zip(parts, tailles, strict=True):
        quota = nombre * taille // sum(tailles)
        assert 0 <= part <= min(taille, quota + 1)
        if nombre >= len(tailles):
            assert part >= 1
        else:
            assert part >= quota


def frequences(vue: Vue, nombre: int, tirages: int, **methode: Any) -> Counter[int]:
    """How often each position is drawn, over as many nonces."""
    return Counter(
        u.position
        for k in range(tirages)
        for u in tirer(vue, nombre=nombre, alea=f"aléa {k}", **methode).unites
    )


@pytest.mark.parametrize("methode", METHODES[:3])
def test_sur_beaucoup_d_aleas_chaque_unite_sort_aussi_souvent(methode: dict[str, Any]) -> None:
    """À montants égaux, le khi-deux des fréquences sur mille aléas reste dans son ordinaire."""
    compte = frequences(vue_payee([10] * 20), 5, 1000, **methode)
    khi_deux = sum((compte[p] - 250) ** 2 for p in range(1, 21)) / 250
    assert sum(compte.values()) == 5000
    assert khi_deux < 40  # 19 degrees of freedom: beyond 43.8 once in a thousand


def test_en_mus_les_chances_sont_en_proportion_des_centimes() -> None:
    """Sous l'intervalle, une unité sort à proportion de son montant."""
    montants = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 2  # 110 in all, 5 units: below 22
    compte = frequences(vue_payee(montants), 5, 2000, methode="mus")
    for position, montant in enumerate(montants, 1):
        attendu = 2000 * 5 * montant // 110
        assert abs(compte[position] - attendu) < 6 * attendu**0.5


def test_un_autre_alea_ou_une_autre_racine_tire_autre_chose() -> None:
    """Changer l'aléa ou la racine change la graine et, sur cent unités, le tirage."""
    vues = [vue_payee([1] * 100, racine=nom) for nom in ("un", "deux")]
    tirages = [tirer(v, methode="simple", nombre=10, alea=a) for v in vues for a in ("a", "b")]
    assert len({t.graine for t in tirages}) == 4
    assert len({tuple(u.position for u in t.unites) for t in tirages}) == 4


@given(histoire=histoires(maximum=25), methode=st.sampled_from(METHODES), data=st.data())
@reglages(25)
def test_sur_un_journal_la_population_est_celle_des_versements_comptes(
    histoire: Histoire, methode: dict[str, Any], data: st.DataObject
) -> None:
    """Sur toute histoire, le total tirable est le payé de la vue, et le tirage se vérifie."""
    connu = data.draw(st.integers(0, len(histoire.faits)))
    vue = regarder(Journal(histoire.store, PROGRAMME), connu_au=connu)
    paye = sum(fiche.paye for fiche in vue.situation.fiches.values())
    if paye:
        tirage = tirer(vue, nombre=1, alea="a", **methode)
        assert tirage.population.total_centimes == paye
        assert verifier_tirage(vue, en_json(tirage)) == ()
