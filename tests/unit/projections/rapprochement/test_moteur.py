"""Le moteur : qui répond à qui à chaque étape, dans quel ordre, et quels candidats sont cités."""

from __future__ import annotations

from typing import Any

import pytest

from projections.rapprochement.modele import LigneChorus, VersementAuLivre
from projections.rapprochement.moteur import rapprocher
from tests.unit.projections.test_rapprochement import EJ, SIRET, ligne, paye

Dit = tuple[str, int | None, str | None, int | None]
"""Verdict, tier, number of the request, position of the payment."""
M = 5_000_000
EJ_CHORUS: dict[str, Any] = {"ej": EJ["ejs"][0]}
AUTRE: dict[str, Any] = {"siret": "44306184100047"}
SEULS: list[Dit] = [("chorus_seul", None, "0400000001", None), ("livre_seul", None, None, 7)]
DEUX: dict[str, Any] = {"numeros": ("D-1", "D-2")}

ETAPES: dict[str, tuple[list[LigneChorus], list[VersementAuLivre], list[Dit]]] = {
    "numéro, exercice et montant": (
        [ligne(dp="V-1")],
        [paye()],
        [("rapproche", 1, "V-1", 7)],
    ),
    "numéro, autre exercice": (
        [ligne(dp="V-1", exercice=2021)],
        [paye()],
        [("autre_exercice", 1, "V-1", 7)],
    ),
    "numéro, autre montant": (
        [ligne(dp="V-1", montant_centimes=1)],
        [paye()],
        [("montant_different", 1, "V-1", 7)],
    ),
    "numéro, autres exercice et montant": (
        [ligne(dp="V-1", exercice=2021, montant_centimes=1)],
        [paye()],
        [("montant_different", 1, "V-1", 7)],
    ),
    "EJ": ([ligne(**EJ_CHORUS)], [paye(**EJ)], [("rapproche", 2, "0400000001", 7)]),
    "EJ, autre exercice": (
        [ligne(**EJ_CHORUS, exercice=2021)],
        [paye(**EJ)],
        [("autre_exercice", 2, "0400000001", 7)],
    ),
    "EJ, autre montant": (
        [ligne(**EJ_CHORUS, montant_centimes=1)],
        [paye(**EJ)],
        [("montant_different", 2, "0400000001", 7)],
    ),
    "EJ, autres exercice et montant": (
        [ligne(**EJ_CHORUS, montant_centimes=1), ligne(3, dp="D-2", exercice=2021)],
        [paye(**EJ, exercice=2021)],
        [
            ("chorus_seul", None, "0400000001", None),
            ("chorus_seul", None, "D-2", None),
            ("livre_seul", None, None, 7),
        ],
    ),
    "SIRET": ([ligne(**SIRET)], [paye(**SIRET)], [("rapproche", 3, "0400000001", 7)]),
    "SIRET, autre exercice": (
        [ligne(**SIRET, exercice=2021)],
        [paye(**SIRET)],
        [("autre_exercice", 3, "0400000001", 7)],
    ),
    "SIRET, autre montant": (
        [ligne(**SIRET, montant_centimes=1)],
        [paye(**SIRET)],
        [("montant_different", 3, "0400000001", 7)],
    ),
    "deux SIRET dans une demande n'en désignent aucun": (
        [ligne(**SIRET, montant_centimes=1), ligne(3, poste="2", **AUTRE, montant_centimes=M - 1)],
        [paye(**SIRET)],
        SEULS,
    ),
    "numéro d'un versement annulé": (
        [ligne(dp="V-1")],
        [paye(annulation=9)],
        [("annulation", 1, "V-1", None)],
    ),
    "EJ d'un versement annulé": (
        [ligne(**EJ_CHORUS)],
        [paye(**EJ, annulation=9)],
        [("annulation", 2, "0400000001", None)],
    ),
    "SIRET d'un versement annulé": (
        [ligne(**SIRET)],
        [paye(**SIRET, annulation=9)],
        [("annulation", 3, "0400000001", None)],
    ),
    "annulé, un autre exercice": (
        [ligne(**EJ_CHORUS, exercice=2021)],
        [paye(**EJ, annulation=9)],
        [("chorus_seul", None, "0400000001", None)],
    ),
    "un versement déjà pris n'est pas un versement annulé": (
        [ligne(dp="V-1"), ligne(3, dp="W-1", **EJ_CHORUS)],
        [paye(**EJ)],
        [("rapproche", 1, "V-1", 7), ("chorus_seul", None, "W-1", None)],
    ),
    "plusieurs, sur deux exercices": (
        [ligne(**EJ_CHORUS), ligne(3, dp="D-2", **EJ_CHORUS)],
        [paye(**EJ, exercice=2021)],
        [
            ("ambigu", 2, "0400000001", None),
            ("ambigu", 2, "D-2", None),
        ],
    ),
    "plusieurs au même EJ, d'autres montants : rien n'est dit d'eux": (
        [ligne(**EJ_CHORUS, montant_centimes=1), ligne(3, dp="D-2", **EJ_CHORUS)],
        [paye(**EJ, montant_centimes=3)],
        [
            ("chorus_seul", None, "0400000001", None),
            ("chorus_seul", None, "D-2", None),
            ("livre_seul", None, None, 7),
        ],
    ),
    "même EJ, autre exercice, autre SIREN : rien ne les lie": (
        [ligne(**EJ_CHORUS, **AUTRE, exercice=2021), ligne(3, dp="D-2", montant_centimes=9)],
        [paye(**EJ, **SIRET)],
        [
            ("chorus_seul", None, "0400000001", None),
            ("chorus_seul", None, "D-2", None),
            ("livre_seul", None, None, 7),
        ],
    ),
    "même numéro, autre exercice, autre SIREN : une preuve s'y oppose": (
        [ligne(dp="V-1", **AUTRE, exercice=2021)],
        [paye(**SIRET)],
        [("ambigu", 1, "V-1", 7)],
    ),
    "deux pour deux au même numéro, même total : rien n'est choisi": (
        [ligne(dp="D-1", montant_centimes=1), ligne(3, dp="D-2", montant_centimes=4)],
        [paye(7, montant_centimes=2, **DEUX), paye(8, montant_centimes=3, **DEUX)],
        [
            ("ambigu", 1, "D-1", None),
            ("ambigu", 1, "D-2", None),
            ("ambigu", 1, None, 7),
            ("ambigu", 1, None, 8),
        ],
    ),
    "un groupe qui ne tombe pas juste n'arrête pas le suivant": (
        [ligne(dp="A", montant_centimes=9), ligne(3, dp="B", montant_centimes=5)],
        [
            paye(7, numeros=("A",), montant_centimes=1),
            paye(8, numeros=("A",), montant_centimes=2),
            paye(9, numeros=("B",), montant_centimes=2),
            paye(10, numeros=("B",), montant_centimes=3),
        ],
        [
            ("regroupe", 1, "B", None),
            ("regroupe", 1, None, 9),
            ("regroupe", 1, None, 10),
            ("ambigu", 1, "A", None),
            ("ambigu", 1, None, 7),
            ("ambigu", 1, None, 8),
        ],
    ),
    "confirmé par une demande absente : ni proposé, ni seul ; le suivant est vu": (
        [ligne(**EJ_CHORUS), ligne(3, dp="D-2")],
        [paye(7, **EJ, rapproche=("X", 2020)), paye(8, rapproche=("D-2", 2020))],
        [("deja_rapproche", 1, "D-2", 8), ("chorus_seul", None, "0400000001", None)],
    ),
    "confirmé, la demande est en double": (
        [ligne(dp="D-1", poste="1"), ligne(3, dp="D-1", poste="1")],
        [paye(rapproche=("D-1", 2020))],
        [("dp_en_double", None, "D-1", None)],
    ),
    "confirmé, la demande ne se lit pas": (
        [ligne(dp="D-1", lisible=False)],
        [paye(rapproche=("D-1", 2020))],
        [("dp_incomplete", None, "D-1", None)],
    ),
    "l'ordre : structure, position": (
        [ligne(dp="V-9"), ligne(3, dp="V-8"), ligne(4, **EJ_CHORUS)],
        [
            paye(7, **EJ),
            paye(8, structure="s2", numeros=("V-8",)),
            paye(9, numeros=("V-9",)),
        ],
        [
            ("rapproche", 2, "0400000001", 7),
            ("rapproche", 1, "V-9", 9),
            ("rapproche", 1, "V-8", 8),
        ],
    ),
    "l'ordre : numéro, exercice de la demande": (
        [
            ligne(2, dp="B", montant_centimes=-M),
            ligne(3, dp="A", exercice=2021, montant_centimes=-M),
            ligne(4, dp="A", **EJ_CHORUS),
        ],
        [paye(**EJ, annulation=9)],
        [
            ("annulation", 2, "A", None),
            ("annulation", None, "A", None),
            ("annulation", None, "B", None),
        ],
    ),
}


@pytest.mark.parametrize("cas", ETAPES, ids=str)
def test_chaque_etape_dit_qui_repond_a_qui(cas: str) -> None:
    """Verdict, palier, demande et versement, dans l'ordre du rapport, quel que soit celui lu."""
    lignes, livre, attendus = ETAPES[cas]
    for lues, tenus in ((lignes, livre), (lignes[::-1], livre[::-1])):
        dits = [(v.verdict, v.palier, v.dp, v.position) for v in rapprocher(lues, tenus)]
        assert dits == attendus


LA_DEMANDE = "la demande D-1 (2020, 50 000,00 €, ligne 2)"


@pytest.mark.parametrize(
    ("lignes", "livre", "cites"),
    [
        (
            [ligne(dp="V-1", montant_centimes=-M)],
            [paye(annulation=9)],
            [("le versement 7 (s1, tranche 1, 2020, 50 000,00 €)",)],
        ),
        (
            [ligne(dp="V-1")],
            [paye(annulation=9)],
            [("le versement 7 (s1, tranche 1, 2020, 50 000,00 €)",)],
        ),
        (
            [ligne(dp="D-1")],
            [
                paye(7, numeros=("D-1",), montant_centimes=1),
                paye(8, numeros=("D-1",), montant_centimes=M - 1),
            ],
            [
                (
                    "le versement 7 (s1, tranche 1, 2020, 0,01 €)",
                    "le versement 8 (s1, tranche 1, 2020, 49 999,99 €)",
                ),
                (LA_DEMANDE,),
                (LA_DEMANDE,),
            ],
        ),
        (
            [ligne(dp="D-1", **EJ_CHORUS)],
            [paye(7, **EJ), paye(8, **EJ)],
            [
                (
                    "le versement 7 (s1, tranche 1, 2020, 50 000,00 €)",
                    "le versement 8 (s1, tranche 1, 2020, 50 000,00 €)",
                ),
                (LA_DEMANDE,),
                (LA_DEMANDE,),
            ],
        ),
        ([ligne(dp="V-1")], [paye()], [()]),
    ],
    ids=["demande négative", "versement annulé", "regroupés", "ambigus", "une paire"],
)
def test_les_candidats_peses_sont_cites_des_deux_cotes(
    lignes: list[LigneChorus], livre: list[VersementAuLivre], cites: list[tuple[str, ...]]
) -> None:
    """Chaque verdict cite en face ce qui a été pesé, dans l'ordre du livre, quel que soit le lu."""
    for tenus in (livre, livre[::-1]):
        dits = [
            tuple(c.replace("\u202f", " ").replace("\u00a0", " ") for c in v.candidats)
            for v in rapprocher(lignes, tenus)
        ]
        assert dits == cites


def test_deux_differences_se_disent_dans_une_phrase() -> None:
    """Même numéro, autre montant, autre exercice : l'écart, puis les deux années."""
    (dit,) = rapprocher([ligne(dp="V-1", exercice=2021, montant_centimes=M + 1)], [paye()])
    assert dit.explication.replace("\u202f", " ").replace("\u00a0", " ") == (
        "Palier 1, au montant près : 0,01 € d'écart. Chorus le compte en 2021, le livre en 2020."
    )
