"""Pourquoi rien ne répond : la phrase entière de chaque reste, et les annulations pesées."""

from __future__ import annotations

import pytest

from projections.rapprochement.demandes import sommer
from projections.rapprochement.modele import LigneChorus, VersementAuLivre
from projections.rapprochement.restes import Restes
from tests.unit.projections.test_rapprochement import ligne, paye

SIRET, AUTRE = "73282932000074", "44306184100047"
LIVRE = [
    paye(rang, structure=f"s{rang}", ejs=(f"00{rang}",), siret=f"{rang:014d}")
    for rang in range(1, 9)
]
NUMERO = "Aucun versement libre ne porte ce numéro."
SUITE = "sans versement libre qui convienne."


@pytest.mark.parametrize(
    ("lignes", "livre", "phrase"),
    [
        ([ligne()], LIVRE, "La demande n'a pas d'EJ. La demande n'a pas de SIRET."),
        (
            [ligne(r, ej=f"00{r}", siret=f"{r:014d}") for r in range(8, 0, -1)],
            LIVRE,
            f"Son EJ est celui de s1, s2, s3, s4, s5, s6, s7, s8, {SUITE} "
            f"Son SIRET est celui de s1, s2, s3, s4, s5, s6, s7, s8, {SUITE}",
        ),
        (
            [ligne(ej="1", siret="1"), ligne(3, ej="999")],
            LIVRE,
            "Son EJ 1, 999 est inconnu du livre, qui tient 001 : un tableur a pu perdre les zéros "
            "de tête. Son SIRET 1 est inconnu du livre.",
        ),
        (
            [ligne(ej="x21")],
            [paye(ejs=("0x21",))],
            "Son EJ x21 est inconnu du livre, qui tient 0x21 : un tableur a pu perdre les zéros de "
            "tête. La demande n'a pas de SIRET.",
        ),
        (
            [ligne(ej="9", siret="1", ultramarin="7")],
            [],
            "Son EJ 9 est inconnu du livre. Son SIRET 1 est inconnu du livre.",
        ),
    ],
)
def test_une_demande_seule_dit_ce_qui_manque_a_chaque_palier(
    lignes: list[LigneChorus], livre: list[VersementAuLivre], phrase: str
) -> None:
    """Numéro, EJ, SIRET : connus du livre, inconnus, ou absents de la demande."""
    (demande,) = sommer(lignes)
    assert Restes(livre).de_demande(demande) == f"{NUMERO} {phrase}"


@pytest.mark.parametrize(
    ("versement", "phrase"),
    [
        (
            paye(numeros=("D-1", "V-1"), ejs=("1", "2"), siret=SIRET),
            "Aucune demande libre n'a pour numéro D-1 ou V-1. Aucune de l'EJ 1, 2 ne convient. "
            f"Aucune du SIRET {SIRET} ne convient.",
        ),
        (
            paye(),
            "Aucune demande libre n'a pour numéro V-1. Le livre ne tient aucun EJ de la structure. "
            "Le livre ne tient pas son SIRET.",
        ),
    ],
)
def test_un_versement_seul_dit_ce_qui_manque_a_chaque_palier(
    versement: VersementAuLivre, phrase: str
) -> None:
    """Numéros, EJ et SIRET du versement, ou ce que le livre n'en tient pas."""
    assert Restes([]).de_versement(versement) == phrase


RENDUE = ligne(dp="V-1", ej="21", siret=SIRET, montant_centimes=-5_000_000)
SIENS = {"ejs": ("21",), "siret": SIRET, "numeros": ("R",), "annulation": 30}


@pytest.mark.parametrize(
    ("livre", "positions"),
    [
        ([paye(annulation=30)], [7]),
        ([paye(annulation=30), paye(8, **SIENS)], [7]),
        ([paye(7, **SIENS), paye(8, annulation=30, numeros=("R",), siret=SIRET)], [7]),
        ([paye(8, annulation=30, numeros=("R",), siret=SIRET)], [8]),
        ([paye(r, annulation=30) for r in range(7, 14)], [7, 8, 9, 10, 11]),
        ([paye()], []),
        ([paye(annulation=30, montant_centimes=4_999_999)], []),
        ([paye(annulation=30, siret=AUTRE)], []),
        ([*(paye(r, annulation=30, siret=AUTRE) for r in range(7, 13)), paye(13, **SIENS)], [13]),
        (
            [*(paye(r, annulation=30, siret=AUTRE) for r in range(7, 13)), paye(13, annulation=30)],
            [13],
        ),
    ],
    ids=[
        "le numéro",
        "le numéro avant l'EJ",
        "l'EJ avant le SIRET",
        "le SIRET",
        "cinq au plus",
        "pas annulé",
        "un centime d'écart",
        "un autre SIREN",
        "le SIREN écarte le numéro, l'EJ répond",
        "six d'un autre SIREN n'en cachent pas une du sien",
    ],
)
def test_une_demande_negative_ne_trouve_que_ce_qu_elle_peut_rendre(
    livre: list[VersementAuLivre], positions: list[int]
) -> None:
    """Même montant au centime, annulé, de même payé : par le numéro, puis l'EJ, puis le SIRET."""
    (demande,) = sommer([RENDUE])
    assert [v.position for v in Restes(livre).annules_de(demande)] == positions
