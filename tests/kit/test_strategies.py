"""Les stratégies seules : comment on les appelle, et les bornes qu'elles tiennent."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import commands.testing
import ledger.testing
from commands import DéposerCandidature
from commands.lecture_json import en_commande
from commands.testing import structures
from ledger.testing import dates
from ledger.testing.valeurs import Json
from tests.properties.exemples import COMMUN
from tests.properties.outils import reglages


def strategies() -> dict[str, Callable[..., Any]]:
    """The public functions that give a strategy."""
    return {
        nom: fonction
        for kit in (ledger.testing, commands.testing)
        for nom in kit.__all__
        if inspect.isfunction(fonction := getattr(kit, nom))
        and "SearchStrategy" in str(inspect.signature(fonction).return_annotation)
    }


def test_les_strategies_ne_prennent_que_des_mots_cles() -> None:
    """Aucune stratégie publique ne prend un argument sans le nommer."""
    publiques = strategies()
    assert {"montants", "dates", "planifier", "regles", "structures"} <= publiques.keys()
    assert {"commandes", "commandes_typees", "histoires_valides", "histoires_adverses"} <= (
        publiques.keys()
    )
    for nom, fonction in publiques.items():
        genres = {p.kind for p in inspect.signature(fonction).parameters.values()}
        assert genres <= {inspect.Parameter.KEYWORD_ONLY}, nom


@reglages(60)
@given(data=st.data(), depuis=st.dates(), jours=st.integers(0, 1_500))
def test_les_dates_tiennent_leurs_bornes_en_tout_siecle(
    data: st.DataObject, depuis: date, jours: int
) -> None:
    """Une date tirée est entre ses bornes, de l'an 1 à l'an 9999, 1900 et 2100 compris."""
    jusqua = depuis + timedelta(days=min(jours, (date.max - depuis).days))
    assert depuis <= data.draw(dates(depuis=depuis, jusqua=jusqua)) <= jusqua


@pytest.mark.parametrize("annee", [1900, 2000, 2100])
def test_une_annee_seculaire_se_tire(annee: int) -> None:
    """1900 et 2100 n'ont pas de 29 février, et se tirent comme les autres."""
    assert not dates(depuis=date(annee, 2, 1), jusqua=date(annee, 3, 1)).is_empty


@reglages(60)
@given(structure=structures())
def test_une_structure_tiree_est_une_candidature_recevable(structure: Json) -> None:
    """Une structure tirée, déposée telle quelle, est une commande bien formée."""
    depot = COMMUN | {"commande": "DéposerCandidature", "id_commande": "c1"} | structure
    assert isinstance(en_commande(depot), DéposerCandidature)
