"""Small values that every strategy draws: amounts in cents, civil dates, texts, identifiers."""

from __future__ import annotations

from calendar import isleap
from datetime import date
from typing import Any

from hypothesis import strategies as st

from ..montants import partager

Json = dict[str, Any]
"""A JSON object: a command, a figure, a receipt."""

JOUR_MIN, JOUR_MAX = date(2018, 1, 1), date(2026, 12, 31)
"""The civil dates that the strategies draw by default, both included."""


def montants(*, minimum: int = 1, maximum: int = 15_000_000) -> st.SearchStrategy[int]:
    """An amount in cents, bounds included; shrinks to the smallest, and likes round euros."""
    entiers = st.integers(minimum, maximum)
    bas, haut = -(-minimum // 100), maximum // 100
    if bas > haut:
        return entiers
    return st.integers(bas, haut).map(lambda euros: euros * 100) | entiers


def dates(*, depuis: date = JOUR_MIN, jusqua: date = JOUR_MAX) -> st.SearchStrategy[date]:
    """A civil date (the `date_effet` of a command), bounds included; shrinks to `depuis`.

    One in a few is a day where budgets turn: 1 January, 31 December, 29 February, a default due
    date.
    """
    annees = range(depuis.year, jusqua.year + 1)
    charnieres = [
        jour
        for annee in annees
        for mois, quantieme in ((1, 1), (2, 29), (3, 1), (12, 31))
        if (mois, quantieme) != (2, 29) or isleap(annee)
        for jour in (date(annee, mois, quantieme),)
        if depuis <= jour <= jusqua
    ]
    libres = st.integers(0, (jusqua - depuis).days).map(
        lambda jours: date.fromordinal(depuis.toordinal() + jours)
    )
    return libres | st.sampled_from(charnieres) if charnieres else libres


def slugs() -> st.SearchStrategy[str]:
    """An identifier of programme or structure: `[a-z0-9-]{1,64}`."""
    return st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)


def textes(*, maximum: int = 40) -> st.SearchStrategy[str]:
    """A text that the ledger accepts: NFC, not blank, no control nor bidirectional sign."""
    lettres = st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEÉÀÇŒéèêëïôùç0123456789,.'’-&/()")
    return st.text(lettres, min_size=1, max_size=maximum)


@st.composite
def partages(draw: st.DrawFn, *, montant: int, parts: int) -> list[int]:
    """`parts` amounts of at least one cent that sum to `montant` (cents, at least `parts`).

    Mostly equal parts as the domain splits them, the last one taking the rest.
    """
    if parts == 1 or draw(st.booleans()):
        return [*partager(montant, parts)]
    libre = montant - parts
    coupes = sorted(draw(st.lists(st.integers(0, libre), min_size=parts - 1, max_size=parts - 1)))
    bornes = [0, *coupes, libre]
    return [1 + bornes[i + 1] - bornes[i] for i in range(parts)]
