"""Des lignes aux demandes : sommes, valeurs triées, première ligne, doublons."""

from __future__ import annotations

import pytest

from projections.rapprochement.demandes import sommer
from projections.rapprochement.modele import Demande, LigneChorus
from tests.unit.projections.test_rapprochement import ligne


def test_une_demande_somme_ses_lignes_et_en_garde_la_premiere() -> None:
    """Montants sommés, EJ et SIRET triés, dernière date, premier fournisseur, première ligne."""
    rangs = (5, 3, 8, 2, 7, 4, 6, 9)
    lignes = [
        ligne(
            rang,
            feuille=f"F{rang % 2}",
            poste=str(rang),
            ej=f"EJ{rang}",
            siret=f"S{rang}",
            ultramarin=f"U{rang}",
            fournisseur=f"N{rang}",
            date=None if rang == 5 else f"2020-03-0{rang}",
            montant_centimes=10**rang,
        )
        for rang in rangs
    ]
    tries = sorted(rangs)
    assert sommer(lignes) == (
        Demande(
            dp="0400000001",
            exercice=2020,
            montant_centimes=1_111_111_100,
            ejs=tuple(f"EJ{r}" for r in tries),
            sirets=tuple(f"S{r}" for r in tries),
            ultramarins=tuple(f"U{r}" for r in tries),
            fournisseur="N2",
            date="2020-03-09",
            feuille="F0",
            ligne=2,
            lignes=8,
        ),
    )


def test_une_demande_sans_date_n_en_invente_pas() -> None:
    """Aucune ligne datée : la demande n'a pas de date, ni EJ, ni SIRET."""
    (demande,) = sommer([ligne(poste="1"), ligne(3, poste="2")])
    assert (demande.date, demande.ejs, demande.sirets, demande.doublon) == (None, (), (), "")


@pytest.mark.parametrize(
    ("lignes", "doublon"),
    [
        (
            [ligne(r, poste="B") for r in (4, 3)] + [ligne(r, poste="A") for r in (9, 2)],
            "le poste A de la demande figure 2 fois (lignes 2, 9)",
        ),
        (
            [ligne(r) for r in (8, 3, 5, 4, 7, 6, 2)],
            "la ligne sans poste de la demande figure 7 fois (lignes 2, 3, 4, 5, 6)",
        ),
        ([ligne(2, ej="1"), ligne(3, ej="2"), ligne(4, ej="2", poste_ej="1")], ""),
    ],
)
def test_le_premier_doublon_du_fichier_est_nomme(lignes: list[LigneChorus], doublon: str) -> None:
    """Le doublon qui commence le plus haut, ses cinq premières lignes dans l'ordre du fichier."""
    (demande,) = sommer(lignes)
    assert demande.doublon == doublon
