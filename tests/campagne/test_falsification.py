"""La campagne de falsification, en court ; la longue est `make falsification`."""

from __future__ import annotations

from tests.campagne.falsification import GENRES, campagne


def test_aucune_falsification_couverte_ne_passe() -> None:
    """Aucune falsification couverte par la chaîne ou par un témoin ne passe, ni fausse alerte."""
    bilan = campagne(600, par_histoire=30)
    assert bilan.manquees == []
    assert bilan.attaques.total() == 600
    assert {genre.partition(",")[0] for genre in bilan.attaques} == set(GENRES)
    assert bilan.fenetre > 0
