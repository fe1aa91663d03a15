"""La base remplacée sous une poignée ouverte, en court ; la campagne est `make faults`."""

from __future__ import annotations

from tests.fautes.remplacements import GESTES, campagne


def test_une_base_remplacee_sous_la_poignee_ne_recoit_rien_sans_le_dire() -> None:
    """Base supprimée, renommée, restaurée ou coupée : rien n'est rendu qui n'y soit pas."""
    bilan = campagne(2 * len(GESTES), 6962)
    assert bilan.manquees == []
    assert {nom.partition(" : ")[0] for nom in bilan.vues} == set(GESTES)
