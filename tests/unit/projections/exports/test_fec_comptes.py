"""Le plan de comptes du FEC : numéro, auxiliaire et libellé de chaque poste."""

from __future__ import annotations

import pytest

from ledger.erreurs import UnreadableFactError
from projections.exports.fec_comptes import Compte, compte
from projections.partie_double import Ecriture


@pytest.mark.parametrize(
    ("poste", "attendu"),
    [
        ("enveloppe:disponible", Compte("811000000", "", "Enveloppe disponible")),
        ("enveloppe:engage:subvention", Compte("813000001", "", "Enveloppe engagée - subvention")),
        ("ae:ouvertes:2021", Compte("833020210", "", "AE ouvertes - 2021")),
        (
            "cp:regularisations:2021:bonus",
            Compte("845020212", "S-a", "Régularisations de CP - 2021 - bonus"),
        ),
        (
            "rap:reste:2021:subvention",
            Compte("801120211", "S-a", "Subventions engagées restant à payer - 2021 - subvention"),
        ),
        (
            "reversements:demandes",
            Compte("802100000", "S-a", "Reversements demandés restant à encaisser"),
        ),
    ],
)
def test_le_numero_dit_le_poste_l_exercice_et_la_nature(poste: str, attendu: Compte) -> None:
    """Quatre chiffres du poste, quatre de l'exercice, un de la nature ; l'auxiliaire à part."""
    assert compte(Ecriture(4, poste, 5, "a")) == attendu


@pytest.mark.parametrize(("structure", "dite"), [(None, "''"), ("A b", "'A b'")])
def test_un_auxiliaire_exige_un_identifiant(structure: str | None, dite: str) -> None:
    """Sans structure, ou sous un identifiant forgé, aucun compte : l'erreur dit la position."""
    with pytest.raises(UnreadableFactError) as refus:
        compte(Ecriture(4, "rap:reste:2021:bonus", 5, structure))
    assert str(refus.value).startswith(f"Position 4 : {dite} n'est pas un identifiant. ")
    assert refus.value.position == 4
