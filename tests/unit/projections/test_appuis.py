"""Les appuis d'une prévision : sous chaque chiffre, les cellules ou les faits qui le font."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from msgspec.structs import astuple, replace

from ledger import Journal
from projections import regarder
from projections.appuis import Appui, appuis
from projections.prevision import Cadence, PlafondPrevu, Prevision, prevision
from projections.situation import Vue
from tests.unit.monde import Monde, P

AU = date(2021, 2, 28)
PREFIXES = ("exercices.", "exigible_", "mois.", "hors_echeancier")


@pytest.fixture(scope="module")
def vue() -> Vue:
    """Two labels with different payments, a bonus paid in part, a third label withdrawn later."""
    monde = Monde(credits="indicatifs")
    monde.ouvrir_credits(2020, 100_000_000, 50_000_000)  # 2
    monde.label("s2")  # 3, 4
    monde.label("s1", montant_centimes=12_000_000)  # 5, 6
    monde.ok("AccorderBonusNumérique", "2020-02-03")  # 7
    monde.ok("VerserBonus", "2020-02-04", montant_centimes=4_000_000)  # 8
    monde.payer(1, "2020-02-05", 1_000_000)  # 9
    monde.ok("ModifierEnveloppe", "2020-02-06", variation_centimes=7)  # 10
    monde.label("s3", "2020-03-02", numerique=False)  # 11, 12
    monde.ok("RetirerLabel", "2021-01-05", structure="s3")  # 13
    return regarder(Journal(monde.livre.store, P), au=AU)


@pytest.fixture(scope="module")
def figure(vue: Vue) -> Prevision:
    """Its forecast: the pace from 28 February 2020 on takes the third label alone."""
    return prevision(vue, fenetre=367)


def test_le_ferme_d_une_prevision_s_appuie_sur_ses_cellules(vue: Vue, figure: Prevision) -> None:
    """Exercices, puis ce qui est dû, puis les mois : par date, structure et rang, ligne à ligne."""
    lignes = [astuple(a) for a in appuis(vue, figure) if a.chiffre.startswith(PREFIXES)]
    fevrier, mars, suivant = date(2020, 2, 3), date(2021, 3, 1), date(2022, 3, 1)
    fermes = ((2019, 6_000_000), (2020, 8_000_000), (2021, 9_000_000), (2022, 9_000_000))
    assert lignes[:4] == [
        (f"exercices.{n}", f"credits.{n}.cp_restant_a_prevoir", None, None, None, 1, c, "centimes")
        for n, c in fermes
    ]
    assert lignes[4:] == [
        (chiffre, f"echeancier.{s}.{membre}", None, s, jour, signe, valeur, "centimes")
        for chiffre, s, membre, jour, signe, valeur in (
            ("exigible_tranches", "s1", "1.reste", fevrier, 1, 3_000_000),
            ("exigible_tranches", "s2", "1.reste", fevrier, 1, 5_000_000),
            ("exigible_bonus", "s1", "0.montant", None, 1, 10_000_000),
            ("exigible_bonus", "s1", "0.verse", None, -1, -4_000_000),
            ("mois.2021-03", "s1", "2.reste", mars, 1, 4_000_000),
            ("mois.2021-03", "s2", "2.reste", mars, 1, 5_000_000),
            ("mois.2022-03", "s1", "3.reste", suivant, 1, 4_000_000),
            ("mois.2022-03", "s2", "3.reste", suivant, 1, 5_000_000),
        )
    ]


def test_un_exercice_seulement_suppose_ne_s_appuie_sur_rien(vue: Vue) -> None:
    """Un exercice sans ferme n'a pas de ligne : ce qui est supposé ne repose sur aucun fait."""
    lue = prevision(vue, cadence=Cadence(12, 9_000_000))
    supposes = {f"exercices.{e.exercice}" for e in lue.exercices if not e.ferme_centimes}
    assert supposes == {"exercices.2023", "exercices.2024", "exercices.2025", "exercices.2026"}
    assert not supposes & {a.chiffre for a in appuis(vue, lue)}


def test_ce_qu_aucun_echeancier_ne_porte_est_une_ligne_sans_appui(
    vue: Vue, figure: Prevision
) -> None:
    """Le reste hors échéancier vient après les mois, en centimes et sans cellule ; nul, rien."""
    hors = replace(figure, hors_echeancier_centimes=-7)
    lignes = appuis(vue, hors)
    rang = [a.chiffre for a in lignes].index("hors_echeancier")
    assert lignes[rang] == Appui("hors_echeancier", None, None, None, None, 1, -7, "centimes")
    assert lignes[rang - 1].chiffre == "mois.2022-03"
    assert lignes[:rang] + lignes[rang + 1 :] == appuis(vue, figure)


def test_le_rythme_constate_s_appuie_sur_ses_faits(vue: Vue, figure: Prevision) -> None:
    """Chaque fait de la fenêtre dit ses labels, et ce qu'il engage net de ce qu'il rend.

    Ce qui ne change ni l'un ni l'autre n'a pas de ligne.
    """

    def lignes(depuis: date) -> list[tuple[object, ...]]:
        rythme = replace(figure.rythme, depuis=depuis)
        lues = appuis(vue, replace(figure, rythme=rythme))
        return [astuple(a) for a in lues if a.chiffre.startswith("rythme.")]

    mars, janvier = date(2020, 3, 2), date(2021, 1, 5)
    assert lignes(date(2020, 2, 28)) == [
        ("rythme.labels", None, 12, "s3", mars, 1, 1, "nombre"),
        ("rythme.engage_net", None, 12, "s3", mars, 1, 15_000_000, "centimes"),
        ("rythme.labels", None, 13, "s3", janvier, 1, -1, "nombre"),
    ]
    tous = [(ligne[0], ligne[2], ligne[6]) for ligne in lignes(date(2019, 7, 11))]
    assert tous[:5] == [
        ("rythme.labels", 4, 1),
        ("rythme.engage_net", 4, 15_000_000),
        ("rythme.labels", 6, 1),
        ("rythme.engage_net", 6, 12_000_000),
        ("rythme.engage_net", 7, 10_000_000),
    ]
    donne = replace(figure.rythme, origine="donne", depuis=date(2019, 7, 11))
    lues = appuis(vue, replace(figure, rythme=donne))
    assert not [a for a in lues if a.chiffre.startswith("rythme.")]


def test_ce_qu_un_retrait_rend_s_enleve_de_ce_qui_est_engage() -> None:
    """Un label retiré dans l'année rend son engagement : sa ligne est négative."""
    monde = Monde()
    monde.label()
    monde.ok("RetirerLabel", "2020-06-01")
    vue = regarder(Journal(monde.livre.store, P))
    lignes = [a for a in appuis(vue, prevision(vue)) if a.chiffre == "rythme.engage_net"]
    assert [(a.position, a.valeur) for a in lignes] == [(3, 15_000_000), (4, -15_000_000)]


def test_les_plafonds_s_appuient_sur_leurs_cellules(vue: Vue, figure: Prevision) -> None:
    """L'enveloppe et les AE sur leur disponible ; un quota sur lui-même, moins ses labels.

    Un exercice dont rien n'est ouvert n'a pas de cellule ; les plafonds suivants ont la leur.
    """
    noms = ("enveloppe", "ae_2030", "ae_2020", "quota_total", "quota_hors_qpv", "quota_numeriques")
    plafonds = tuple(PlafondPrevu(nom, 0, 0, True, None, None) for nom in noms)
    lues = appuis(vue, replace(figure, plafonds=plafonds))
    lignes = [astuple(a) for a in lues if a.chiffre.startswith("plafonds.")]
    sans = (None, None, None)
    assert lignes == [
        ("plafonds.enveloppe", "enveloppe.disponible", *sans, 1, 4_448_000_007, "centimes"),
        ("plafonds.ae_2020", "credits.2020.ae_disponibles", *sans, 1, 58_000_000, "centimes"),
        ("plafonds.quota_total", "enveloppe.quotas.total", *sans, 1, 300, "nombre"),
        ("plafonds.quota_total", "enveloppe.labels.total", *sans, -1, -2, "nombre"),
        ("plafonds.quota_hors_qpv", "enveloppe.quotas.hors_qpv", *sans, 1, 150, "nombre"),
        ("plafonds.quota_hors_qpv", "enveloppe.labels.hors_qpv", *sans, -1, 0, "nombre"),
        ("plafonds.quota_numeriques", "enveloppe.quotas.numeriques", *sans, 1, 30, "nombre"),
        ("plafonds.quota_numeriques", "enveloppe.labels.numeriques", *sans, -1, -2, "nombre"),
    ]


def test_les_appuis_d_un_chiffre_en_font_la_somme(vue: Vue, figure: Prevision) -> None:
    """Les lignes d'un chiffre s'additionnent à lui, et chaque chiffre non nul a les siennes."""
    sommes: Counter[str] = Counter()
    for appui in appuis(vue, figure):
        sommes[appui.chiffre] += appui.valeur
    attendus = {f"exercices.{e.exercice}": e.ferme_centimes for e in figure.exercices}
    attendus |= {f"mois.{m.mois}": m.ferme_centimes for m in figure.mois}
    attendus |= {f"plafonds.{p.plafond}": p.reste for p in figure.plafonds}
    attendus["exigible_tranches"] = figure.exigible_tranches_centimes
    attendus["exigible_bonus"] = figure.exigible_bonus_centimes
    attendus["rythme.labels"] = figure.rythme.labels
    attendus["rythme.engage_net"] = figure.rythme.engage_net_centimes
    assert {nom: valeur for nom, valeur in sommes.items() if valeur} == {
        nom: valeur for nom, valeur in attendus.items() if valeur
    }
