"""D'une cellule à une valeur : le même sens pour tous, ou un refus par son nom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from commands.tableaux import Cellule, ValeurRefusee, valeurs
from commands.tableaux.cellules import Genre
from commands.tableaux.valeurs import (
    Lue,
    est_mois_jour,
    lire_booleen,
    lire_code_postal,
    lire_entier,
    lire_jour_cellule,
    lire_montant,
    lire_siret,
    lire_texte,
)

Lire = Callable[[Cellule], Lue]


def t(texte: str) -> Cellule:
    return Cellule("texte", texte)


def n(texte: str) -> Cellule:
    return Cellule("nombre", texte)


def d(texte: str) -> Cellule:
    return Cellule("date", texte)


def issue(lire: Lire, cellule: Cellule) -> Any:
    """The value and the codes of its alerts, or the code of the refusal."""
    try:
        valeur, alertes = lire(cellule)
    except ValeurRefusee as refus:
        return refus.code if refus.remede else "(sans remède)"
    return (valeur, *(a.code for a in alertes))


CAS: list[tuple[Lire, Cellule, Any]] = [
    (lire_montant, t("17 833"), (1783300,)),
    (lire_montant, t("17\u00a0833,10"), (1783310,)),
    (lire_montant, t("17\u202f833,10 €"), (1783310,)),
    (lire_montant, t(" 40 000,00 "), (4000000,)),
    (lire_montant, t("40000.00"), (4000000,)),
    (lire_montant, t("-40000"), (-4000000,)),
    (lire_montant, t("12.500"), "montant_ambigu"),
    (lire_montant, t("45.000,10"), "montant_ambigu"),
    (lire_montant, t("1e5"), "montant_ambigu"),
    (lire_montant, t("17833.1"), "montant_ambigu"),
    (lire_montant, t("NaN"), "montant_ambigu"),
    (lire_montant, t("quinze"), "montant_ambigu"),
    (lire_montant, n("17833.1"), (1783310,)),
    (lire_montant, n("0.30000000000000004"), (30,)),
    (lire_montant, n("50000.000000000007"), (5000000,)),
    (lire_montant, n("-1234.56"), (-123456,)),
    (lire_montant, n("0.125"), "montant_decimales"),
    (lire_montant, n("50000.005"), "montant_decimales"),
    (lire_montant, n("1e+16"), "montant_hors_limite"),
    (lire_montant, n("nan"), "montant_hors_limite"),
    (lire_montant, n("inf"), "montant_hors_limite"),
    (lire_montant, d("2020-02-03"), "type_inattendu"),
    (lire_montant, Cellule("nombre", "12", formule=True), (1200, "formule")),
    (lire_montant, Cellule("erreur", "#DIV/0!"), "cellule_en_erreur"),
    (lire_montant, Cellule("erreur", "#VALEUR?", formule=True), "cellule_en_erreur"),
    (lire_jour_cellule, d("2020-02-03"), (date(2020, 2, 3),)),
    (lire_jour_cellule, d("2020-02-03T10:30:00"), (date(2020, 2, 3), "heure_ignoree")),
    (lire_jour_cellule, d("1900-02-28"), "date_hors_bornes"),
    (lire_jour_cellule, d("1899-12-31"), "date_hors_bornes"),
    (lire_jour_cellule, t("2020-02-03"), (date(2020, 2, 3),)),
    (lire_jour_cellule, t("03/02/2020"), (date(2020, 2, 3),)),
    (lire_jour_cellule, t("3/2/2020"), (date(2020, 2, 3),)),
    (lire_jour_cellule, t("03.02.2020"), (date(2020, 2, 3), "date_reecrite")),
    (lire_jour_cellule, t("2017/09/08"), (date(2017, 9, 8), "date_reecrite")),
    (lire_jour_cellule, t("02/28/2020"), "date_illisible"),
    (lire_jour_cellule, t("30/02/2020"), "date_illisible"),
    (lire_jour_cellule, t("03/02/20"), "date_annee_courte"),
    (lire_jour_cellule, t("31/12/1899"), "date_hors_bornes"),
    (lire_jour_cellule, t("hier"), "date_illisible"),
    (lire_jour_cellule, t("43864"), "date_serie"),
    (lire_jour_cellule, n("43864"), "date_serie"),
    (lire_jour_cellule, Cellule("heure", "10:30:00"), "type_inattendu"),
    (lire_booleen, t(" OUI "), (True,)),
    (lire_booleen, t("Faux"), (False,)),
    (lire_booleen, n("1"), (True,)),
    (lire_booleen, Cellule("booleen", "non"), (False,)),
    (lire_booleen, t("peut-être"), "booleen_illisible"),
    (lire_booleen, n("2"), "booleen_illisible"),
    (lire_entier, t("2020"), (2020,)),
    (lire_entier, n("3"), (3,)),
    (lire_entier, t("3.0"), "entier_illisible"),
    (lire_entier, t("3 000"), "entier_illisible"),
    (lire_entier, n("3.5"), "entier_illisible"),
    (lire_code_postal, t("01500"), ("01500",)),
    (lire_code_postal, n("75011"), ("75011",)),
    (lire_code_postal, n("1500"), "code_postal_tronque"),
    (lire_code_postal, t("1500"), "code_postal_tronque"),
    (lire_code_postal, t("1500.0"), "code_postal_illisible"),
    (lire_code_postal, t("2A004"), "code_postal_illisible"),
    (lire_siret, t("356 000 000 00048"), ("35600000000048",)),
    (lire_siret, t("21860194600000.0"), "siret_flottant"),
    (lire_siret, t("21860194600000,0"), "siret_flottant"),
    (lire_siret, t("2.186E+13"), "siret_scientifique"),
    (lire_siret, t("2,186E+13"), "siret_scientifique"),
    (lire_siret, n("2.186e+21"), "siret_scientifique"),
    (lire_siret, n("21860194600000"), "siret_arrondi"),
    (lire_siret, n("35600000000048"), ("35600000000048", "siret_nombre")),
    (lire_siret, n("3560000000004"), "siret_longueur"),
    (lire_siret, t("218601946"), "siren_au_lieu_de_siret"),
    (lire_siret, n("218601946"), "siren_au_lieu_de_siret"),
    (lire_siret, d("2020-02-03"), "type_inattendu"),
    (lire_texte, t("  Évry \u00a0"), ("Évry",)),
    (lire_texte, t("ÉVRY"), ("ÉVRY",)),
    (lire_texte, n("12"), ("12", "nombre_pour_texte")),
    (lire_texte, t("=A1"), "formule_en_texte"),
    (lire_montant, t("=SOMME(A1:A3)"), "formule_en_texte"),
    (lire_texte, t("Ã‰vry"), "texte_mal_decode"),
    (lire_texte, t("\ufffdvry"), "caractere_perdu"),
    (lire_texte, d("2020-02-03"), "type_inattendu"),
]


@pytest.mark.parametrize(
    ("lire", "cellule", "attendu"), CAS, ids=[f"{c[0].__name__}-{c[1].texte}" for c in CAS]
)
def test_chaque_cellule_a_son_sens_ou_son_refus(lire: Lire, cellule: Cellule, attendu: Any) -> None:
    """Chaque cellule connue des vrais fichiers donne sa valeur exacte, ou son refus par son nom."""
    assert issue(lire, cellule) == attendu


def test_un_numero_de_serie_se_lit_si_son_calendrier_est_dit() -> None:
    """Un numéro de série se lit par le calendrier du classeur, et ce qui est compris se dit."""
    for serie, nombre in ((1900, "43864"), (1904, "42402")):
        lue, (alerte,) = lire_jour_cellule(n(nombre), serie=serie)
        assert (lue, alerte.code) == (date(2020, 2, 3), "date_serie_lue")
        assert "03/02/2020" in alerte.phrase
    for hors in ("60", "0", "-5", "2958466"):
        assert issue(lambda c: lire_jour_cellule(c, serie=1900), n(hors)) == "date_hors_bornes"


def test_une_colonne_mois_jour_rend_ses_voisines_ambigues() -> None:
    """Une date qui ne se lit que mois/jour fait refuser celles qui se liraient des deux façons."""
    assert [est_mois_jour(t(x)) for x in ("02/28/2020", "28/02/2020", "02/03/2020", "")] == [
        True,
        False,
        False,
        False,
    ]

    def lire(cellule: Cellule) -> Lue:
        return lire_jour_cellule(cellule, ambigu=True)

    assert issue(lire, t("03/02/2020")) == "date_ambigue"
    assert issue(lire, t("28/02/2020")) == (date(2020, 2, 28),)
    assert issue(lire, t("02/02/2020")) == (date(2020, 2, 2),)


def test_un_zero_perdu_ne_se_retablit_que_sur_demande() -> None:
    """Un code postal de quatre chiffres n'est complété que si on le demande, et c'est dit."""
    lue, (alerte,) = lire_code_postal(n("1500"), retablir=True)
    assert (lue, alerte.code) == ("01500", "zero_retabli")


def test_les_codes_forment_une_liste_close() -> None:
    """Tout code rendu par ces cas est dans la liste publiée."""
    rendus = {c for _, _, a in CAS for c in ([a] if isinstance(a, str) else a[1:])}
    assert rendus - valeurs.CODES.keys() == set()


@pytest.mark.parametrize("genre", ["vide", "texte"])
def test_un_diese_ou_un_blanc_dit_rien(genre: Genre) -> None:
    """Une cellule blanche ou qui ne tient que # est vide ; zéro ne l'est pas."""
    assert all(
        Cellule(genre, x).vide for x in ("", " ", "\u00a0", "#") if genre == "texte" or not x
    )
    assert not t("0").vide
