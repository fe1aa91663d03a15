"""Les unités des cellules, à la lettre : un programme les compare."""

from __future__ import annotations

from typing import get_args

import pytest

from projections import lire_cellule
from projections.cellules import Unite


@pytest.mark.parametrize(
    ("nom", "unite"),
    [
        ("enveloppe.disponible", "centimes"),
        ("enveloppe.labels.qpv", "nombre"),
        ("enveloppe.taux_consommation", "dix_milliemes"),
    ],
)
def test_une_cellule_a_une_des_trois_unites(nom: str, unite: str) -> None:
    """Centimes, nombre ou dix-millièmes : trois unités, et chaque cellule en a une."""
    assert get_args(Unite) == ("centimes", "nombre", "dix_milliemes")
    assert lire_cellule(nom).unite == unite
