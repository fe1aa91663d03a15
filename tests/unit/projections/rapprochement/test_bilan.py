"""Le rapprochement entier : ce qu'il compte, ce qu'il n'attribue à personne, quand il concorde."""

from __future__ import annotations

from typing import Any

import pytest

from projections.rapprochement.bilan import (
    Extrait,
    LigneRefusee,
    Rapprochement,
    Total,
    dresser,
    rien_en_commun,
)
from projections.rapprochement.modele import VERDICTS, LigneChorus, VersementAuLivre
from projections.rapprochement.moteur import rapprocher
from tests.unit.projections.test_rapprochement import ligne, paye

ILLISIBLE = ligne(9, dp="D-9", exercice=0, montant_centimes=0, lisible=False)
REFUS = LigneRefusee("Feuil1", 9, "Montant", "abc", "montant", "illisible", "corriger")


def extrait(*lignes: LigneChorus, **champs: Any) -> Extrait:
    """What was read of a file that holds these lines."""
    return Extrait("chorus.csv", "ab" * 32, ("Feuil1",), lignes, **champs)


@pytest.mark.parametrize(
    ("lignes", "livre", "rien"),
    [
        ([], [paye()], False),
        ([ILLISIBLE], [paye()], False),
        ([ILLISIBLE, ligne()], [paye()], True),
        ([ligne()], [], True),
        ([ligne()], [paye()], True),
        ([ligne(), ligne(3, dp="V-1")], [paye()], False),
        ([ligne(ej="21")], [paye(ejs=("20", "21"))], False),
        ([ligne(siret="73282932000074")], [paye(siret="73282932000074")], False),
        ([ligne()], [paye(rapproche=("0400000001", 2020))], False),
        ([ligne()], [paye(8), paye(rapproche=("0400000001", 2020))], False),
    ],
)
def test_un_fichier_etranger_ne_partage_rien_avec_le_livre(
    lignes: list[LigneChorus], livre: list[VersementAuLivre], rien: bool
) -> None:
    """Numéro, EJ, SIRET ou demande confirmée : un seul suffit ; sans ligne lue, rien n'est dit."""
    assert rien_en_commun(extrait(*lignes), livre) is rien


def test_le_bilan_compte_chaque_versement_une_fois() -> None:
    """Verdicts, hors période, réglé ailleurs, totaux par verdict : tout le rapport, au centime."""
    lu = extrait(
        ligne(dp="V-1", exercice=2024),
        ligne(3, dp="D-3", exercice=2023, montant_centimes=1_000),
        ligne(4, dp="D-4", exercice=2023, montant_centimes=20),
        ILLISIBLE,
        refusees=(REFUS,),
        hors_referentiel=3,
        constats=("Un constat.",),
    )
    livre = (
        paye(7, exercice=2024),
        paye(8, exercice=2024, montant_centimes=300, reference="V-8", numeros=("V-8",)),
        paye(9, exercice=2018, annulation=20, numeros=("V-9",)),
        paye(10, exercice=2024, montant_centimes=200, numeros=("V-10",), rapproche=("X", 2024)),
        paye(11, exercice=2019, montant_centimes=30, numeros=("V-11",)),
        paye(12, exercice=2018, montant_centimes=4, numeros=("V-12",)),
    )
    verdicts = rapprocher(lu.lignes, livre)
    assert [(v.verdict, v.dp, v.position) for v in verdicts] == [
        ("rapproche", "V-1", 7),
        ("dp_incomplete", "D-9", None),
        ("chorus_seul", "D-3", None),
        ("chorus_seul", "D-4", None),
        ("livre_seul", None, 8),
    ]
    assert dresser(lu, livre, programme="p", position=20, racine="R") == Rapprochement(
        programme="p",
        position=20,
        racine="R",
        fichier="chorus.csv",
        sha256="ab" * 32,
        feuilles=("Feuil1",),
        exercices=(2023, 2024),
        lignes=4,
        lignes_hors_referentiel=3,
        concordant=False,
        totaux=(
            Total("rapproche", VERDICTS["rapproche"], 1, 5_000_000, 5_000_000),
            Total("dp_incomplete", VERDICTS["dp_incomplete"], 1, 0, 0),
            Total("chorus_seul", VERDICTS["chorus_seul"], 2, 1_020, 0),
            Total("livre_seul", VERDICTS["livre_seul"], 1, 0, 300),
        ),
        hors_periode=2,
        hors_periode_centimes=34,
        regles_ailleurs=1,
        regles_ailleurs_centimes=200,
        verdicts=verdicts,
        refusees=(REFUS,),
        constats=("Un constat.",),
    )


@pytest.mark.parametrize(
    ("lu", "concordant"),
    [
        (extrait(ligne(dp="V-1")), True),
        (extrait(ligne(dp="V-1"), ligne(3)), False),
        (extrait(ligne(dp="V-1"), refusees=(REFUS,)), False),
    ],
    ids=["tout se répond", "une demande seule", "une ligne refusée"],
)
def test_rien_ne_concorde_sans_que_tout_reponde(lu: Extrait, concordant: bool) -> None:
    """Concordant : chaque demande a son versement, et aucune ligne n'est refusée."""
    rapport = dresser(lu, [paye()], programme="p", position=20, racine="R")
    assert (rapport.concordant, rapport.lignes_hors_referentiel) == (concordant, 0)
