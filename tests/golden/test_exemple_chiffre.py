"""L'exemple chiffré du programme, au centime, sur les quatre-vingts lauréats publiés."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from importlib.resources import files

import pytest

from ledger import Journal
from projections import credits, echeancier, enveloppe, regarder, structures
from tests.unit.monde import Monde, P

JOUR = "2020-02-03"
EURO = 100


def laureats() -> list[dict[str, str]]:
    """The published rows, in their order."""
    texte = files("commands").joinpath("donnees", "laureats-2020-02-03.csv").read_text("utf-8")
    return list(csv.DictReader(texte.splitlines()))


def identifiant(numero: int, ligne: dict[str, str]) -> str:
    """An id for these tests: rank and postcode."""
    return f"lab{numero:02d}-{ligne['code_postal']}"


@pytest.fixture(scope="module")
def exemple() -> Monde:
    """80 ceiling grants, 32 bonuses, three instalments; two non-digital give up in 2021."""
    monde = Monde()
    monde.reviser(JOUR, quota_numeriques=32)
    lignes = laureats()
    noms = [identifiant(n, ligne) for n, ligne in enumerate(lignes, start=1)]
    for n, (nom, ligne) in enumerate(zip(noms, lignes, strict=True)):
        monde.ok(
            "DéposerCandidature",
            "2020-01-10",
            structure=nom,
            porteur=ligne["structure"],
            code_postal=ligne["code_postal"],
            ville=ligne["ville"],
            numerique=n < 32,
        )
        monde.ok("LabelliserFabrique", JOUR, structure=nom, vague=1)
    for nom in noms[:32]:
        monde.ok("AccorderBonusNumérique", JOUR, structure=nom)
    for nom in noms:
        monde.payer(1, "2020-03-02", structure=nom)
    for nom in noms[:32]:
        monde.ok("VerserBonus", "2020-03-02", structure=nom)
    for nom in noms[-2:]:
        monde.ok("RetirerLabel", "2021-02-15", structure=nom)
    for rang, jour in ((2, "2021-03-02"), (3, "2022-03-02")):
        for nom in noms[:-2]:
            monde.payer(rang, jour, structure=nom)
    return monde


def test_le_fichier_des_laureats_est_celui_publie() -> None:
    """Quatre-vingts lignes ; un nom y figure deux fois, six ont des virgules, AUORE y reste."""
    lignes = laureats()
    noms = Counter(ligne["structure"] for ligne in lignes)
    assert len(lignes) == 80
    assert [nom for nom, fois in noms.items() if fois > 1] == ["POSITIVE PLANET FRANCE"]
    assert [
        (x["code_postal"], x["ville"]) for x in lignes if x["structure"] == "POSITIVE PLANET FRANCE"
    ] == [("69200", "Vénissieux"), ("93100", "Montreuil")]
    assert sum("," in nom for nom in noms) == 6
    assert (noms["AUORE"], noms["AURORE"]) == (1, 0)
    assert {len(x["code_postal"]) for x in lignes} == {5}
    assert sum(x["code_postal"].startswith("0") for x in lignes) == 4
    assert set(lignes[0]) == {"structure", "code_postal", "ville"}


def test_le_tableau_par_exercice_est_celui_du_contrat(exemple: Monde) -> None:
    """AE, CP, retraits d'années antérieures et reste à payer, par exercice, au centime."""
    vue = regarder(Journal(exemple.livre.store, P))
    obtenu = {
        ligne.exercice: (
            ligne.ae_engagees_centimes,
            ligne.cp_payes_centimes,
            ligne.retraits_anterieurs_centimes,
            ligne.rap_cloture_centimes,
        )
        for ligne in credits(vue)
    }
    assert obtenu == {
        2019: (3_200_000 * EURO, 0, 0, 3_200_000 * EURO),
        2020: (12_000_000 * EURO, (4_000_000 + 3_200_000) * EURO, 0, 8_000_000 * EURO),
        2021: (0, 3_900_000 * EURO, 200_000 * EURO, 3_900_000 * EURO),
        2022: (0, 3_900_000 * EURO, 0, 0),
    }


@pytest.mark.parametrize(
    ("au", "disponible"),
    [
        ("2019-12-31", 45_000_000),
        ("2020-12-31", 29_800_000),
        ("2021-12-31", 29_800_000),
        ("2022-12-31", 29_800_000),
        (None, 29_800_000),
    ],
)
def test_le_disponible_a_la_fin_de_chaque_annee(
    exemple: Monde, au: str | None, disponible: int
) -> None:
    """Le disponible à la fin de chaque année : un abandon de 2021 ne regarnit pas l'enveloppe."""
    jour = date.fromisoformat(au) if au is not None else None
    vue = regarder(Journal(exemple.livre.store, P), au=jour)
    assert enveloppe(vue).disponible_centimes == disponible * EURO


def test_l_enveloppe_2019_par_exercice_impute_est_de_41_800_000(exemple: Monde) -> None:
    """Par exercice imputé, les bonus de 2019 laissent 41 800 000 EUR, puis 29 800 000."""
    vue = regarder(Journal(exemple.livre.store, P))
    reste, obtenu = 45_000_000 * EURO, {}
    for ligne in credits(vue):
        reste += ligne.retraits_meme_exercice_centimes - ligne.ae_engagees_centimes
        obtenu[ligne.exercice] = reste // EURO
    assert obtenu == {2019: 41_800_000, 2020: 29_800_000, 2021: 29_800_000, 2022: 29_800_000}


def test_les_totaux_et_les_comptes_de_l_exemple(exemple: Monde) -> None:
    """15 200 000 engagés, 33,78 % de l'enveloppe, 78 labels en vigueur dont 32 numériques."""
    lu = enveloppe(regarder(Journal(exemple.livre.store, P)))
    assert (lu.engage_centimes, lu.engage_bonus_centimes, lu.paye_centimes) == (
        15_200_000 * EURO,
        3_200_000 * EURO,
        15_000_000 * EURO,
    )
    assert (lu.taux_consommation_dix_milliemes, lu.reste_a_payer_centimes) == (3_378, 0)
    assert (lu.labels.total, lu.labels.qpv, lu.labels.hors_qpv, lu.labels.numeriques) == (
        78,
        78,
        0,
        32,
    )


def test_les_noms_publies_traversent_le_grand_livre_intacts(exemple: Monde) -> None:
    """Noms à virgules, accents, codes à zéro initial, doublon : relus tels que publiés."""
    vue = regarder(Journal(exemple.livre.store, P))
    publies = sorted((x["structure"], x["code_postal"], x["ville"]) for x in laureats())
    lus = sorted((x.porteur, x.code_postal, x.ville) for x in structures(vue))
    assert lus == publies
    abandon = identifiant(80, laureats()[79])
    statuts = [t.statut for t in echeancier(vue, abandon).tranches]
    assert statuts == ["soldee", "annulee", "annulee"]
