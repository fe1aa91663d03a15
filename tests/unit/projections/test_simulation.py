"""Deux vues côte à côte : chaque cellule des deux tables, dans l'ordre où on les lit."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from ledger import Journal
from projections import regarder
from projections.matrice import LigneMatrice, Paiement
from projections.simulation import (
    AnomaliesComparees,
    LigneComparee,
    Tables,
    anomalies_comparees,
    cote_a_cote,
    tables,
)
from projections.situation import Vue
from tests.unit.monde import Monde, P


def vue(monde: Monde, au: date | None = None) -> Vue:
    """A view of a programme."""
    return regarder(Journal(monde.livre.store, P), au=au)


def cote(*, structures: int, paye: bool = False) -> Tables:
    """The tables of so many labels of February 2020, the first instalment of s1 paid or not."""
    monde = Monde()
    for numero in range(1, structures + 1):
        monde.label(f"s{numero}")
    if paye:
        monde.payer(1, "2020-02-03")
    return tables(vue(monde))


def test_chaque_cellule_a_ses_deux_valeurs_et_leur_difference() -> None:
    """Une cellule de chaque table : réel, simulé, différence simulé moins réel, dans son unité."""
    lignes = {ligne.cellule: ligne for ligne in cote_a_cote(cote(structures=1), cote(structures=3))}
    for attendue in (
        LigneComparee("enveloppe.engage", "centimes", 15_000_000, 45_000_000, 30_000_000),
        LigneComparee("enveloppe.labels.total", "nombre", 1, 3, 2),
        LigneComparee("enveloppe.taux_consommation", "dix_milliemes", 33, 100, 67),
        LigneComparee("credits.2020.ae_engagees", "centimes", 15_000_000, 45_000_000, 30_000_000),
        LigneComparee("matrice.2020.engage", "centimes", 15_000_000, 45_000_000, 30_000_000),
        LigneComparee("matrice.2020.reste", "centimes", 15_000_000, 45_000_000, 30_000_000),
    ):
        assert lignes[attendue.cellule] == attendue


def test_une_cellule_d_un_seul_cote_vaut_zero_de_l_autre() -> None:
    """Un paiement que seul un côté connaît : zéro en face, et la différence change de signe."""
    sans, avec = cote(structures=1), cote(structures=1, paye=True)
    for reel, simule, valeurs in (
        (sans, avec, (0, 5_000_000, 5_000_000)),
        (avec, sans, (5_000_000, 0, -5_000_000)),
    ):
        lignes = {ligne.cellule: ligne for ligne in cote_a_cote(reel, simule)}
        attendue = LigneComparee("matrice.2020.paye_2020", "centimes", *valeurs)
        assert lignes["matrice.2020.paye_2020"] == attendue


def test_les_cellules_vont_dans_l_ordre_des_tables() -> None:
    """L'enveloppe, puis les crédits année par année, puis la matrice : engagé, payé par année,
    retraits, reste."""
    lues = cote(structures=1)
    matrice = (
        LigneMatrice(2021, 9, (Paiement(2021, 4), Paiement(2999, 1)), 2, 2),
        LigneMatrice(2020, 7, (Paiement(2020, 4),), 1, 2),
    )
    lignes = cote_a_cote(replace(lues, matrice=matrice), lues)
    noms = [ligne.cellule for ligne in lignes]
    ordre: list[str] = []
    for nom in noms:
        groupe = ".".join(nom.split(".")[: 1 if nom.startswith("enveloppe") else 2])
        if groupe not in ordre[-1:]:
            ordre.append(groupe)
    assert ordre == [
        "enveloppe",
        "credits.2020",
        "credits.2021",
        "credits.2022",
        "matrice.2020",
        "matrice.2021",
    ]
    assert noms[:2] == ["enveloppe.enveloppe", "enveloppe.engage"]
    assert [n for n in noms if n.startswith("matrice.2021")] == [
        "matrice.2021.engage",
        "matrice.2021.paye_2021",
        "matrice.2021.paye_2999",
        "matrice.2021.retraits",
        "matrice.2021.reste",
    ]


def test_les_anomalies_sont_comptees_par_code_des_deux_cotes() -> None:
    """Chaque code que l'un des côtés connaît : combien de part et d'autre, et la différence."""
    reel, simule = Monde(quotas="indicatifs", quota_total=1), Monde(quotas="indicatifs")
    for monde, structures in ((reel, ("s1", "s2")), (simule, ("s1",))):
        for structure in structures:
            monde.label(structure)
    simule.payer(1, "2021-01-04")
    reelle, simulee = vue(reel, date(2020, 12, 31)), vue(simule, date(2021, 2, 1))
    assert anomalies_comparees(reelle, simulee) == (
        AnomaliesComparees("convention_absente", 2, 1, -1),
        AnomaliesComparees("quota_depasse", 1, 0, -1),
        AnomaliesComparees("siret_absent", 2, 1, -1),
        AnomaliesComparees("versement_hors_exercice", 0, 1, 1),
    )
