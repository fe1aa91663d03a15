"""Les doublons, et les montants juste sous le seuil de convention."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from ledger import Journal
from projections import anomalies, doublons, regarder
from projections.anomalies import CODES
from projections.doublons import _structures
from projections.fiche import Fiche
from tests.unit.monde import Monde, P
from tests.unit.projections.vues import versement, vue_de

SIRET = "35600000000048"
Ligne = tuple[str, str | None, int | None, str]


def vus(monde: Monde, au: str | None = None) -> list[Ligne]:
    """The duplicates of the programme, member by member."""
    jour = None if au is None else date.fromisoformat(au)
    trouves = doublons(regarder(Journal(monde.livre.store, P), au=jour))
    assert {a.code for a in trouves} <= set(CODES)
    return [(a.code, a.structure, a.position, a.detail) for a in trouves]


def deposer(monde: Monde, structure: str, **champs: object) -> int:
    """An application under a name of its own. Its position."""
    depot = {"structure": structure, "porteur": f"Porteur {structure}"}
    return monde.ok("DéposerCandidature", "2020-01-10", **depot | champs)


def labels(monde: Monde, *structures: str) -> None:
    """Structures that look like nobody else, labelled."""
    for structure in structures:
        deposer(monde, structure)
        monde.ok("LabelliserFabrique", "2020-02-03", structure=structure)


def test_des_structures_et_des_versements_distincts_ne_sont_pas_des_doublons(monde: Monde) -> None:
    """Noms, lieux, SIRET et références distincts : aucun doublon, même à montants égaux."""
    labels(monde, "s1", "s2")
    deposer(monde, "s3", porteur="Porteur s1", code_postal="03200", siret=SIRET)
    monde.payer(1, "2020-03-01", 1_000_000, reference="A")
    monde.payer(1, "2020-03-02", 1_000_000, reference="B")
    monde.payer(1, "2020-03-02", 1_000_000, reference="D", structure="s2")
    monde.payer(1, "2020-03-02", 1_000_001, reference="E")
    assert vus(monde) == []
    deux = (versement(1, 5), replace(versement(2, 5), rang=2))
    assert doublons(vue_de(Fiche("s1", versements=deux, evenements=(1,)))) == ()


def test_un_meme_nom_au_meme_code_postal_est_un_doublon_de_structure(monde: Monde) -> None:
    """Casse, accents et ponctuation mis à part ; la première structure déposée est la référence."""
    deposer(monde, "b", porteur="L'Établi, coopérative")
    seconde = deposer(monde, "a", porteur="L\N{RIGHT SINGLE QUOTATION MARK}ETABLI  Coopérative")
    troisieme = deposer(monde, "c", porteur="l etabli cooperative")
    deposer(monde, "d", porteur="L'Établi, coopérative", code_postal="03200")
    assert vus(monde) == [
        (
            "doublon_structure",
            "a",
            seconde,
            "Même porteur et même code postal que b (position 2).",
        ),
        (
            "doublon_structure",
            "c",
            troisieme,
            "Même porteur et même code postal que b (position 2).",
        ),
    ]


def test_un_meme_siret_est_un_doublon_de_structure(monde: Monde) -> None:
    """Le même SIRET sous deux noms ; une correction qui le change efface le doublon."""
    deposer(monde, "s1", siret=SIRET)
    seconde = deposer(monde, "s2", siret=SIRET)
    assert vus(monde) == [
        ("doublon_structure", "s2", seconde, "Même SIRET que s1 (position 2)."),
    ]
    monde.ok("CorrigerStructure", "2020-01-11", structure="s2", siret="55208131766522")
    assert vus(monde) == []


def test_deux_structures_semblables_en_tout_donnent_les_deux_raisons(monde: Monde) -> None:
    """Même SIRET, même nom et même code postal : une anomalie par raison, le SIRET d'abord."""
    deposer(monde, "s1", siret=SIRET, porteur="Un")
    seconde = deposer(monde, "s2", siret=SIRET, porteur="Un")
    assert vus(monde) == [
        ("doublon_structure", "s2", seconde, "Même SIRET que s1 (position 2)."),
        (
            "doublon_structure",
            "s2",
            seconde,
            "Même porteur et même code postal que s1 (position 2).",
        ),
    ]


@pytest.mark.parametrize("fin", ["RejeterCandidature", "RetirerCandidature"])
def test_une_candidature_sans_suite_n_est_pas_un_doublon(monde: Monde, fin: str) -> None:
    """Une candidature rejetée ou retirée, redéposée sous un autre identifiant : aucun doublon."""
    deposer(monde, "s1", porteur="Un", siret=SIRET)
    monde.ok(fin, "2020-01-11", structure="s1")
    deposer(monde, "s2", porteur="Un", siret=SIRET)
    assert vus(monde) == []


def test_des_structures_dont_le_depot_n_est_pas_compte_ne_se_ressemblent_pas() -> None:
    """Sans dépôt compté à la date de vue, ni nom ni code postal : aucun doublon."""
    vides = (Fiche(nom, evenements=(rang,)) for rang, nom in enumerate(("a", "b"), 1))
    assert doublons(vue_de(*vides)) == ()
    signes = (Fiche(n, porteur="\N{SNOWMAN}" + n, evenements=(r,)) for r, n in enumerate("!?", 1))
    assert doublons(vue_de(*signes)) == ()


def test_la_premiere_structure_est_celle_dont_le_premier_fait_est_le_plus_ancien() -> None:
    """Le premier fait donne le rang, pas le dernier ; une rejetée ne cache pas les suivantes."""
    commun: dict[str, Any] = {"porteur": "Un", "code_postal": "01500"}
    vue = vue_de(
        Fiche("c", etat="rejetee", evenements=(1, 2), **commun),
        Fiche("b", evenements=(3, 9), **commun),
        Fiche("a", evenements=(4, 8), **commun),
    )
    assert [(a.structure, a.position, a.detail) for a in doublons(vue)] == [
        ("a", 4, "Même porteur et même code postal que b (position 3).")
    ]


def test_une_reference_qui_sert_deux_fois_est_un_doublon_de_versement(monde: Monde) -> None:
    """La même référence, casse et espaces mis à part, dans une ou deux structures ; bonus aussi."""
    labels(monde, "s1", "s2")
    monde.ok("AccorderBonusNumérique", "2020-02-04")
    monde.payer(1, "2020-03-01", reference="DP  12")
    ailleurs = monde.payer(1, "2020-03-02", structure="s2", reference="dp 12")
    bonus = monde.ok("VerserBonus", "2020-03-03", reference="DP 12")
    assert vus(monde) == [
        (
            "doublon_versement",
            "s2",
            ailleurs,
            "Référence dp 12 déjà donnée à la position 7 (s1).",
        ),
        ("doublon_versement", "s1", bonus, "Référence DP 12 déjà donnée à la position 7 (s1)."),
    ]


def test_un_meme_rang_montant_et_jour_est_un_doublon_de_versement(monde: Monde) -> None:
    """Même structure, même rang, même montant, même jour, sous deux références."""
    labels(monde, "s1")
    premier = monde.payer(1, "2020-03-01", 1_000_000, reference="A")
    second = monde.payer(1, "2020-03-01", 1_000_000, reference="B")
    assert vus(monde) == [
        (
            "doublon_versement",
            "s1",
            second,
            "Tranche 1, versement du 01/03/2020 : même montant et même jour qu'à la position "
            f"{premier}.",
        )
    ]
    jumeaux = (replace(versement(1, 5), rang=0), replace(versement(2, 5), rang=0))
    (bonus,) = doublons(vue_de(Fiche("s1", versements=jumeaux, evenements=(1,))))
    assert bonus.detail == (
        "Bonus, versement du 01/03/2020 : même montant et même jour qu'à la position 1."
    )


def test_un_versement_annule_ne_fait_pas_de_doublon(monde: Monde) -> None:
    """Repayer sous la même référence après une annulation n'est pas un doublon, elle comptée."""
    labels(monde, "s1")
    premier = monde.payer(1, "2020-03-01", reference="A")
    monde.ok("AnnulerVersement", "2020-03-02", position=premier)
    second = monde.payer(1, "2020-03-01", reference="A")
    assert vus(monde) == []
    assert [(code, ou) for code, _, ou, _ in vus(monde, "2020-03-01")] == [
        ("doublon_versement", second)
    ]


@pytest.mark.parametrize(
    ("montant", "attendu"),
    [
        (2_300_001, None),
        (2_300_000, "Subvention sans convention : 23 000,00 €, à la limite de 23 000,00 €."),
        (2_299_999, "Subvention sans convention : 22 999,99 €, juste sous 23 000,00 €."),
        (2_277_000, "Subvention sans convention : 22 770,00 €, juste sous 23 000,00 €."),
        (2_276_999, None),
    ],
)
def test_une_subvention_juste_sous_le_seuil_de_convention_est_signalee(
    montant: int, attendu: str | None
) -> None:
    """À moins de 1 % sous 23 000 EUR, le seuil compris : la convention n'est pas due, de peu."""
    monde = Monde(plancher_centimes=1_000_000)
    monde.label(montant_centimes=montant)
    vue = regarder(Journal(monde.livre.store, P))
    trouvees = [a.detail for a in anomalies(vue) if a.code == "montant_sous_limite"]
    assert trouvees == ([] if attendu is None else [attendu])


def test_le_seuil_de_convention_ne_dit_rien_d_une_convention_signee_ni_d_un_label_vide() -> None:
    """Une convention signée, ou un label retiré sans versement, ne laissent rien à signaler."""
    monde = Monde(plancher_centimes=1_000_000)
    for structure in ("s1", "s2"):
        monde.label(structure, montant_centimes=2_299_999)
    monde.ok("SignerConvention", "2020-02-04")
    monde.ok("RetirerLabel", "2020-02-04", structure="s2")
    codes = [a.code for a in anomalies(regarder(Journal(monde.livre.store, P)))]
    assert "montant_sous_limite" not in codes


def test_de_deux_structures_la_seconde_du_journal_est_le_doublon(monde: Monde) -> None:
    """Quel que soit l'ordre où les fiches sont données, la première du journal n'est pas citée."""
    for structure in ("s1", "s2"):
        deposer(monde, structure, porteur="Le même", siret=SIRET)
    fiches = regarder(Journal(monde.livre.store, P)).situation.fiches
    for noms in (("s1", "s2"), ("s2", "s1")):
        trouves = list(_structures([fiches[nom] for nom in noms]))
        assert {(d.anomalie.structure, d.premiere) for d in trouves} == {("s2", "s1")}
        assert trouves
