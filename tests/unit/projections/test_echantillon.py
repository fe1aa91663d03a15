"""Les strates d'un tirage, à la lettre : elles entrent dans ce qui se refait."""

from __future__ import annotations

from typing import get_args

from projections.echantillon import Critere, Element, Hasard, stratifier


def test_chaque_critere_a_sa_strate() -> None:
    """Exercice, territoire, montant : trois critères, et chacun nomme la strate d'une unité."""
    element = Element(1, "s1", 5_000_000, 2020, "hors_qpv")
    criteres: tuple[Critere, ...] = get_args(Critere)
    assert criteres == ("exercice", "territoire", "montant")
    noms = [stratifier(Hasard(b""), [element], 1, critere)[0].nom for critere in criteres]
    assert noms == ["2020", "hors_qpv", "5000000-9999999"]
