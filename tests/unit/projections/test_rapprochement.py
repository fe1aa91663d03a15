"""Le moteur de rapprochement, palier par palier : ce qu'il dit, et pourquoi."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import Journal
from projections.rapprochement import LigneChorus, VersementAuLivre, rapprocher, versements
from tests.unit.monde import Monde, P, qui


def paye(position: int = 7, **champs: Any) -> VersementAuLivre:
    """A payment of 50 000 EUR in 2020 to s1."""
    tout: dict[str, Any] = {
        "structure": "s1",
        "rang": 1,
        "montant_centimes": 5_000_000,
        "exercice": 2020,
        "date": "2020-03-01",
        "reference": "V-1",
        "numeros": ("V-1",),
        **champs,
    }
    return VersementAuLivre(position=position, **tout)


def ligne(rang: int = 2, **champs: Any) -> LigneChorus:
    """A line of 50 000 EUR in 2020."""
    tout: dict[str, Any] = {
        "feuille": "",
        "dp": "0400000001",
        "exercice": 2020,
        "montant_centimes": 5_000_000,
        **champs,
    }
    return LigneChorus(ligne=rang, **tout)


EJ: dict[str, Any] = {"ejs": ("0021000001",)}
SIRET: dict[str, Any] = {"siret": "73282932000074"}
CAS: dict[str, tuple[list[LigneChorus], list[VersementAuLivre], Any]] = {
    "palier 1": (
        [ligne(dp="V-1")],
        [paye()],
        [("rapproche", 1, "Palier 1 : même numéro de demande de paiement et montant.")],
    ),
    "palier 2, postes sommés": (
        [
            ligne(ej="0021000001", poste="1", montant_centimes=1),
            ligne(3, ej="0021000001", poste="2", montant_centimes=4_999_999),
        ],
        [paye(**EJ)],
        [("rapproche", 2, "Palier 2 : même engagement juridique, exercice et montant.")],
    ),
    "même EJ, mais la DP de l'ordre est une autre": (
        [ligne(dp="0400000999", ej="0021000001")],
        [paye(**EJ, numeros=("0400000101", "V-1"), demandes=("0400000101",))],
        [
            (
                "ambigu",
                2,
                "Palier 2, mais une preuve s'y oppose. Le numéro de DP diffère : 0400000999 dans "
                "Chorus, 0400000101 aux ordres du livre pour s1.",
            )
        ],
    ),
    "même EJ, et sans ordre au livre": (
        [ligne(dp="0400000999", ej="0021000001")],
        [paye(**EJ)],
        [("rapproche", 2, "Palier 2 : même engagement juridique, exercice et montant.")],
    ),
    "palier 3": (
        [ligne(siret="73282932000074")],
        [paye(**SIRET)],
        [("rapproche", 3, "Palier 3 : même SIRET, exercice et montant.")],
    ),
    "l'EJ garde ses zéros": (
        [ligne(ej="21000001")],
        [paye(**EJ)],
        [
            (
                "chorus_seul",
                None,
                "Aucun versement libre ne porte ce numéro. Son EJ 21000001 est inconnu du livre, "
                "qui tient 0021000001 : un tableur a pu perdre les zéros de tête. La demande n'a "
                "pas de SIRET.",
            ),
            (
                "livre_seul",
                None,
                "Aucune demande libre n'a pour numéro V-1. Aucune de l'EJ 0021000001 ne convient. "
                "Le livre ne tient pas son SIRET.",
            ),
        ],
    ),
    "le numéro l'emporte sur l'EJ": (
        [ligne(dp="V-1", ej="0021000001", montant_centimes=1)],
        [paye(), paye(8, **EJ, reference="V-2", numeros=("V-2",), montant_centimes=1)],
        [
            ("montant_different", 1, "Palier 1, au montant près : -49 999,99 € d'écart."),
            (
                "livre_seul",
                None,
                "Aucune demande libre n'a pour numéro V-2. Aucune de l'EJ 0021000001 ne convient. "
                "Le livre ne tient pas son SIRET.",
            ),
        ],
    ),
    "deux pour deux, de même total": (
        [ligne(ej="0021000001"), ligne(3, dp="0400000002", ej="0021000001")],
        [paye(**EJ), paye(8, **EJ)],
        [
            (
                "ambigu",
                2,
                "Palier 2 (engagement juridique, exercice et montant) : 2 demandes pour 2 "
                "versements, de même total ; rien n'est choisi.",
            )
        ]
        * 4,
    ),
    "un autre SIREN s'oppose à l'EJ": (
        [ligne(ej="0021000001", siret="44306184100047")],
        [paye(**EJ, **SIRET)],
        [
            (
                "ambigu",
                2,
                "Palier 2, mais une preuve s'y oppose. Le SIREN diffère : 443061841 dans Chorus, "
                "732829320 au livre pour s1.",
            )
        ],
    ),
    "un autre EJ s'oppose au SIRET": (
        [ligne(ej="0021000009", siret="73282932000074")],
        [paye(**EJ, **SIRET)],
        [
            (
                "ambigu",
                3,
                "Palier 3, mais une preuve s'y oppose. L'EJ diffère : 0021000009 dans Chorus, "
                "0021000001 au livre pour s1.",
            )
        ],
    ),
    "autre exercice": (
        [ligne(ej="0021000001", exercice=2021)],
        [paye(**EJ)],
        [
            (
                "autre_exercice",
                2,
                "Palier 2, à l'exercice près : Chorus le compte en 2021, le livre en 2020.",
            )
        ],
    ),
    "doublon": (
        [ligne(dp="V-1", poste="1"), ligne(5, dp="V-1", poste="1")],
        [paye()],
        [
            (
                "dp_en_double",
                None,
                "Le poste 1 de la demande figure 2 fois (lignes 2, 5) : la somme n'est pas sûre.",
            ),
            (
                "livre_seul",
                None,
                "Aucune demande libre n'a pour numéro V-1. Le livre ne tient aucun EJ de la "
                "structure. Le livre ne tient pas son SIRET.",
            ),
        ],
    ),
    "annulation au livre": (
        [
            ligne(ej="0021000001", montant_centimes=-5_000_000),
            ligne(3, dp="0400000002", ej="0021000001"),
            ligne(4, dp="0400000003", poste="1"),
            ligne(5, dp="0400000003", poste="2", montant_centimes=-5_000_000),
        ],
        [paye(**EJ, annulation=9)],
        [
            (
                "annulation",
                None,
                "Demande négative : annulation du livre qui lui répond en candidat.",
            ),
            ("annulation", 2, "Palier 2 : ne répond qu'à un versement annulé au livre."),
            ("annulation", None, "Ses lignes s'annulent : elle ne paie rien."),
        ],
    ),
    "annulation inconnue": (
        [ligne(montant_centimes=-1)],
        [],
        [("annulation", None, "Demande négative : aucune annulation du livre ne lui répond.")],
    ),
    "ultramarin": (
        [ligne(ej="0021000009", ultramarin="0123456001")],
        [],
        [
            (
                "chorus_seul",
                None,
                "Aucun versement libre ne porte ce numéro. Son EJ 0021000009 est inconnu du livre. "
                "Payé sous un identifiant ultramarin (0123456001), que le livre ne tient pas : "
                "seuls le numéro et l'EJ peuvent le reconnaître.",
            )
        ],
    ),
    "confirmé, puis changé": (
        [ligne(montant_centimes=4_999_999)],
        [paye(rapproche=("0400000001", 2020))],
        [
            (
                "montant_different",
                1,
                "Confirmé au livre ; depuis, Chorus dit un autre montant : -0,01 €.",
            )
        ],
    ),
    "un ordre payé en deux fois": (
        [ligne(dp="V-1", poste="1")],
        [paye(montant_centimes=2_000_000), paye(8, montant_centimes=3_000_000)],
        [
            (
                "regroupe",
                1,
                "Palier 1 : 1 demande pour 2 versements au même numéro, de même total.",
            )
        ]
        * 3,
    ),
    "un versement sous deux demandes": (
        [
            ligne(dp="D-1", montant_centimes=1_000_000),
            ligne(3, dp="D-2", montant_centimes=4_000_000),
        ],
        [paye(numeros=("D-1", "D-2", "V-1"))],
        [
            (
                "regroupe",
                1,
                "Palier 1 : 2 demandes pour 1 versement au même numéro, de même total.",
            )
        ]
        * 3,
    ),
    "en deux fois, un centime d'écart": (
        [ligne(dp="V-1", montant_centimes=5_000_001)],
        [paye(montant_centimes=2_000_000), paye(8, montant_centimes=3_000_000)],
        [
            (
                "ambigu",
                1,
                "Palier 1 (numéro de demande de paiement et montant) : 1 demande pour 2 versements,"
                " 0,01 € d’écart en tout ; rien n'est choisi.",
            )
        ]
        * 3,
    ),
    "en deux fois, sur deux exercices": (
        [ligne(dp="V-1")],
        [paye(montant_centimes=2_000_000), paye(8, montant_centimes=3_000_000, exercice=2021)],
        [
            (
                "ambigu",
                1,
                "Palier 1 (numéro de demande de paiement et montant) : 1 demande pour 2 versements,"
                " de même total ; rien n'est choisi.",
            )
        ]
        * 2,
    ),
    "en deux fois, à deux payés": (
        [ligne(dp="V-1", siret="73282932000074")],
        [
            paye(montant_centimes=2_000_000, **SIRET),
            paye(8, montant_centimes=3_000_000, siret="44306184100047"),
        ],
        [
            (
                "ambigu",
                1,
                "Palier 1 (numéro de demande de paiement et montant) : 1 demande pour 2 versements,"
                " de même total ; rien n'est choisi.",
            )
        ]
        * 3,
    ),
    "illisible": (
        [ligne(dp="V-1", lisible=False, exercice=0), ligne(3, dp="V-1")],
        [paye()],
        [
            (
                "dp_incomplete",
                None,
                "Une ligne de cette demande ne se lit pas : voir les lignes refusées.",
            )
        ]
        * 2
        + [
            (
                "livre_seul",
                None,
                "Aucune demande libre n'a pour numéro V-1. Le livre ne tient aucun EJ de la "
                "structure. Le livre ne tient pas son SIRET.",
            )
        ],
    ),
}


@pytest.mark.parametrize("cas", CAS, ids=str)
def test_chaque_verdict_dit_son_palier_et_sa_raison(cas: str) -> None:
    """Verdict, palier et phrase entière, pour chaque situation déclarée."""
    lignes, livre, attendus = CAS[cas]
    dits = [
        (v.verdict, v.palier, v.explication.replace("\u202f", " ").replace("\u00a0", " "))
        for v in rapprocher(lignes, livre)
    ]
    assert dits == attendus


def test_au_dela_de_cinq_les_candidats_se_comptent() -> None:
    """Sept candidats : cinq sont cités, deux sont comptés."""
    livre = [paye(rang, **EJ) for rang in range(7, 14)]
    (demande,) = [v for v in rapprocher([ligne(ej="0021000001")], livre) if v.dp is not None]
    assert (len(demande.candidats), demande.candidats[-1]) == (6, "et 2 de plus")
    cite = demande.candidats[0].replace("\u202f", " ").replace("\u00a0", " ")
    assert cite == "le versement 7 (s1, tranche 1, 2020, 50 000,00 €)"


def test_les_versements_portent_ce_qui_les_reconnait() -> None:
    """EJ de la convention, SIRET corrigé, DP de l'ordre consommé, annulation, rapprochement."""
    monde = Monde()
    monde.label()  # 2, 3
    monde.ok("SignerConvention", "2020-02-10", ej="0021000001")  # 4
    monde.ok("OrdonnancerTranche", "2020-03-01", acteur=qui("olga", "ordonnateur"))  # 5
    monde.payer(1, "2020-03-01", 2_000_000)  # 6
    monde.payer(1, "2020-03-02", 3_000_000, reference="V-2")  # 7
    monde.ok("AnnulerVersement", "2020-04-01", position=7)  # 8
    monde.ok("RapprocherVersement", "2020-05-01", position=6)  # 9
    siret = {"siret": SIRET["siret"], "motif": "complément"}
    monde.ok("CorrigerStructure", "2020-06-01", **siret)  # 10
    communs: dict[str, Any] = {**EJ, **SIRET}
    assert versements(Journal(monde.livre.store, P).rattraper()) == (
        paye(
            6,
            montant_centimes=2_000_000,
            numeros=("DP-1", "V-1"),
            demandes=("DP-1",),
            rapproche=("DP-1", 2020),
            **communs,
        ),
        paye(
            7,
            montant_centimes=3_000_000,
            date="2020-03-02",
            reference="V-2",
            numeros=("DP-1", "V-2"),
            demandes=("DP-1",),
            annulation=8,
            **communs,
        ),
    )
