"""Prévoir, recompté naïvement : le modèle de référence pour le ferme, un jour après l'autre pour
le supposé ; et chaque chiffre ramené à ses cellules et à ses faits."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from commands.testing.reference import Reference
from ledger import Journal, UsageError
from ledger.montants import partager
from ledger.temps import echeance
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import credits, lire_cellule, regarder
from projections.appuis import appuis
from projections.explication import expliquer_tout
from projections.prevision import Cadence, Prevision, prevision
from projections.situation import Vue
from tests.properties.outils import reglages

CADENCES = st.none() | st.builds(
    Cadence, st.integers(0, 400), st.sampled_from((1, 2, 7, 100, 5_000_000, 15_000_001))
)


def tirer(histoire: Histoire, data: st.DataObject) -> tuple[int, Vue, Prevision] | None:
    """A forecast on the day of a fact, or on any other; None where nothing is counted.

    Late positions and the days of facts are preferred: this is where there is something to pay.
    """
    nombre = len(histoire.faits)
    position = data.draw(st.just(nombre) | st.integers(1, nombre))
    jours = sorted({fait.date_effet for fait in histoire.faits})
    au = data.draw(st.none() | st.sampled_from(jours) | st.dates(JOUR_MIN, JOUR_MAX))
    vue = regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=position)
    cadence, fenetre = data.draw(CADENCES), data.draw(st.sampled_from((1, 30, 365, 3_000)))
    try:
        return position, vue, prevision(vue, cadence=cadence, fenetre=fenetre)
    except UsageError:
        assert vue.situation.regles is None
        return None


def mois(jour: date) -> str:
    """AAAA-MM."""
    return f"{jour.year:04d}-{jour.month:02d}"


def fermes_naifs(reference: Reference, figure: Prevision, position: int) -> dict[str, Any]:
    """What the reference model leaves to pay: due, by month to come, by exercice."""
    lus = reference.chiffres(PROGRAMME, figure.au, position)
    exigible, par_mois = 0, Counter[str]()
    for echeancier in lus["echeanciers"].values():
        for tranche in echeancier["tranches"]:
            reste = tranche["reste_centimes"]
            quand = max(date.fromisoformat(tranche["echeance"]), date(tranche["exercice"], 1, 1))
            if quand <= figure.jour:
                exigible += reste
            else:
                par_mois[mois(quand)] += reste
    par_exercice = {
        ligne["exercice"]: ligne["cp_restant_a_prevoir_centimes"]
        for ligne in lus["credits"]
        if ligne["cp_restant_a_prevoir_centimes"]
    }
    return {"exigible": exigible, "mois": {m: c for m, c in par_mois.items() if c}} | {
        "exercices": par_exercice,
        "reste": lus["enveloppe"]["reste_a_payer_centimes"],
    }


def rythme_naif(reference: Reference, figure: Prevision, position: int) -> tuple[int, int]:
    """Labels, and cents taken on the envelope, from the eve of the first day to the last."""
    veille = figure.rythme.depuis - timedelta(1)
    labels = pris = 0
    for jour, signe in ((figure.rythme.jusqu_au, 1), (veille, -1)):
        lue = reference.enveloppe(PROGRAMME, jour.isoformat(), position)
        labels += signe * lue["labels"]["total"]
        pris += signe * (lue["enveloppe_centimes"] - lue["disponible_centimes"])
    return labels, pris


def supposes_naifs(vue: Vue, figure: Prevision) -> tuple[Counter[int], Counter[str], int]:
    """Day after day, one label when the pace gives it, paid in the parts of the rules."""
    assert vue.situation.regles is not None
    regles = vue.situation.regles.au(figure.jour)[0]
    rythme, cout = figure.rythme, figure.rythme.cout_moyen_centimes
    exercices: Counter[int] = Counter()
    par_mois: Counter[str] = Counter()
    if cout is None:
        return exercices, par_mois, 0
    places = max(figure.plafonds[0].reste, 0) // cout
    for plafond in figure.plafonds:
        if plafond.plafond == "quota_total" and plafond.bloquant:
            places = min(places, max(plafond.reste, 0))
    bloquants = regles.credits == "bloquants"
    ouvertes = {ligne.exercice: ligne.ae_disponibles_centimes for ligne in credits(vue)}
    au_depart = dict(ouvertes)
    accordes, jours, jour = 0, 0, figure.jour
    while jour < date(figure.horizon, 12, 31):
        jour, jours = jour + timedelta(1), jours + 1
        while accordes < places and (accordes + 1) * rythme.jours <= rythme.labels * jours:
            if bloquants and ouvertes.get(jour.year, 0) < cout:
                return exercices, par_mois, accordes
            ouvertes[jour.year] = ouvertes.get(jour.year, 0) - cout
            accordes += 1
            for rang, part in enumerate(partager(cout, regles.exercices_max)):
                quand = jour if rang == 0 else echeance(regles.echeance_defaut, jour.year + rang)
                if part:
                    exercices[jour.year + rang] += part
                    par_mois[mois(quand)] += part
        if bloquants and (jour.month, jour.day) == (12, 31):
            courus = min(jours, (jour - date(jour.year - 1, 12, 31)).days)
            pris = rythme.engage_net_centimes * courus
            if pris >= au_depart.get(jour.year, 0) * rythme.jours:
                break  # the pace met the AE of the year: nothing is assumed of the next
    return exercices, par_mois, accordes


@reglages(18)
@given(histoire=histoires(), data=st.data())
def test_une_prevision_se_recompte_naivement(histoire: Histoire, data: st.DataObject) -> None:
    """Le ferme est celui du modèle de référence ; le supposé, celui du calendrier, jour à jour."""
    tiree = tirer(histoire, data)
    if tiree is None:
        return
    position, vue, figure = tiree
    reference = Reference()
    for commande in histoire.commandes:
        reference.executer(commande)
    naif = fermes_naifs(reference, figure, position)
    assert figure.exigible_tranches_centimes == naif["exigible"]
    assert {m.mois: m.ferme_centimes for m in figure.mois if m.ferme_centimes} == naif["mois"]
    assert {e.exercice: e.ferme_centimes for e in figure.exercices if e.ferme_centimes} == (
        naif["exercices"]
    )
    assert figure.reste_a_payer_centimes == naif["reste"]
    if figure.rythme.origine == "constate":
        constate = figure.rythme.labels, figure.rythme.engage_net_centimes
        assert constate == rythme_naif(reference, figure, position)
    exercices, par_mois, labels = supposes_naifs(vue, figure)
    assert (figure.labels_supposes, figure.suppose_centimes) == (labels, exercices.total())
    assert {e.exercice: e.suppose_centimes for e in figure.exercices if e.suppose_centimes} == (
        exercices
    )
    assert {m.mois: m.suppose_centimes for m in figure.mois if m.suppose_centimes} == par_mois
    assert all(e.total_centimes == e.ferme_centimes + e.suppose_centimes for e in figure.exercices)
    assert all(m.total_centimes == m.ferme_centimes + m.suppose_centimes for m in figure.mois)
    for plafond in figure.plafonds:
        if plafond.reste > 0 and plafond.dans_jours is not None:
            jours, pris, dans = figure.rythme.jours, plafond.pris, plafond.dans_jours
            if plafond.plafond.startswith("ae_"):
                veille = date(int(plafond.plafond[3:]) - 1, 12, 31)
                dans -= max((veille - figure.jour).days, 0)
            assert pris * (dans - 1) < plafond.reste * jours
            assert pris * dans >= plafond.reste * jours


def attendus(figure: Prevision) -> dict[str, int]:
    """The numbers that must rest on something, those that are zero left out."""
    rythme = {
        "rythme.labels": figure.rythme.labels,
        "rythme.engage_net": figure.rythme.engage_net_centimes,
    }
    lus = {
        "exigible_tranches": figure.exigible_tranches_centimes,
        "exigible_bonus": figure.exigible_bonus_centimes,
        "hors_echeancier": figure.hors_echeancier_centimes,
        **(rythme if figure.rythme.origine == "constate" else {}),
        **{f"exercices.{e.exercice}": e.ferme_centimes for e in figure.exercices},
        **{f"mois.{m.mois}": m.ferme_centimes for m in figure.mois},
        **{f"plafonds.{p.plafond}": p.reste for p in figure.plafonds},
    }
    return {nom: valeur for nom, valeur in lus.items() if valeur}


@reglages(10)
@given(histoire=histoires(), data=st.data())
def test_chaque_chiffre_prevu_ramene_a_ses_cellules_et_a_ses_faits(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Les lignes d'un chiffre font sa valeur ; chaque cellule s'explique, chaque fait est là."""
    tiree = tirer(histoire, data)
    if tiree is None:
        return
    position, vue, figure = tiree
    lus = appuis(vue, figure)
    sommes: Counter[str] = Counter()
    for appui in lus:
        sommes[appui.chiffre] += appui.valeur
    assert {nom: valeur for nom, valeur in sommes.items() if valeur} == attendus(figure)
    cellules = [a for a in lus if a.cellule is not None]
    faits = [(p, f) for p, f in histoire.positions() if p <= position]
    demandees = [lire_cellule(str(a.cellule)) for a in cellules]
    for appui, dite in zip(cellules, expliquer_tout(faits, demandees, au=vue.au), strict=True):
        assert dite.valeur_centimes * appui.signe == appui.valeur
        assert sum(c.centimes for c in dite.contributions) == dite.valeur_centimes
    dates = {p: f.date_effet for p, f in faits}
    for appui in lus:
        if appui.position is not None:
            assert dates[appui.position] == appui.jour
            assert figure.rythme.depuis <= dates[appui.position] <= figure.jour
