"""What each number of a forecast rests on: cells that `expliquer` knows, or facts.

A forecast is no sum of facts, and has no cell of its own. But its firm part, the pace seen and the
room left under each ceiling are: here is what adds up to them. What is assumed rests on nothing
recorded, and has no line.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from .cadence import mouvements_du_rythme
from .cellules import Unite, valeurs
from .fermes import restes_fermes
from .prevision import PREFIXE_AE, Prevision
from .situation import Vue


class Appui(Struct, frozen=True):
    """One line under a number of the forecast: the lines of one `chiffre` add up to it.

    `chiffre` is the member of the forecast: `exercices.ANNEE`, `exigible_tranches`,
    `exigible_bonus`, `mois.AAAA-MM`, `hors_echeancier`, `rythme.labels`, `rythme.engage_net`,
    `plafonds.NOM`. `jour` is a due date, or that of the fact; `signe` is -1 where the cell is taken
    away. Neither cell nor position: the rest of the outstanding, which no schedule carries.
    """

    chiffre: str
    cellule: str | None
    position: int | None
    structure: str | None
    jour: date | None
    signe: Literal[1, -1]
    valeur: int
    unite: Unite


def appuis(vue: Vue, figure: Prevision) -> tuple[Appui, ...]:
    """Everything that the forecast of this view rests on, in the order of its tables.

    The base of the view is still open (facts are read again). Raises: ChainBrokenError, StoreError.
    """
    return (
        *_exercices(figure),
        *_echeances(vue, figure),
        *_rythme(vue, figure),
        *_plafonds(vue, figure),
    )


def _exercices(figure: Prevision) -> Iterator[Appui]:
    for ligne in figure.exercices:
        if ligne.ferme_centimes:
            nom = f"credits.{ligne.exercice}.cp_restant_a_prevoir"
            yield _cellule(f"exercices.{ligne.exercice}", nom, ligne.ferme_centimes)


def _echeances(vue: Vue, figure: Prevision) -> Iterator[Appui]:
    """Instalments and bonuses, those due first, then by month; then what no schedule carries."""
    lues = valeurs(vue)
    par_nom = {str(cellule): valeur for cellule, valeur in lues.items()}
    tries = sorted(restes_fermes(vue), key=lambda f: (f.quand or figure.jour, f.structure, f.rang))
    for ferme in tries:
        prefixe = f"echeancier.{ferme.structure}.{ferme.rang}"
        if ferme.quand is None:
            donne, verse = f"{prefixe}.montant", f"{prefixe}.verse"
            yield _cellule("exigible_bonus", donne, par_nom[donne], ferme.structure)
            yield _cellule("exigible_bonus", verse, -par_nom[verse], ferme.structure, signe=-1)
            continue
        chiffre = f"mois.{ferme.quand.year:04d}-{ferme.quand.month:02d}"
        if ferme.exigible(figure.jour):
            chiffre = "exigible_tranches"
        yield _cellule(
            chiffre, f"{prefixe}.reste", ferme.reste_centimes, ferme.structure, ferme.quand
        )
    if figure.hors_echeancier_centimes:
        reste = figure.hors_echeancier_centimes
        yield Appui("hors_echeancier", None, None, None, None, 1, reste, "centimes")


def _rythme(vue: Vue, figure: Prevision) -> Iterator[Appui]:
    if figure.rythme.origine == "donne":
        return
    for position, fait, comptes in mouvements_du_rythme(vue, figure.rythme.depuis):
        structure, jour = getattr(fait, "structure", None), fait.date_effet
        labels, engage = comptes["labels"], comptes["impute"] - comptes["rendu"]
        if labels:
            yield Appui("rythme.labels", None, position, structure, jour, 1, labels, "nombre")
        if engage:
            yield Appui("rythme.engage_net", None, position, structure, jour, 1, engage, "centimes")


def _plafonds(vue: Vue, figure: Prevision) -> Iterator[Appui]:
    lues = {str(cellule): valeur for cellule, valeur in valeurs(vue).items()}
    for plafond in figure.plafonds:
        chiffre, court = f"plafonds.{plafond.plafond}", plafond.plafond.removeprefix("quota_")
        if court == "enveloppe":
            yield _cellule(chiffre, "enveloppe.disponible", lues["enveloppe.disponible"])
            continue
        if court.startswith(PREFIXE_AE):  # no cell where the exercice is not in `credits`: zero
            nom = f"credits.{court.removeprefix(PREFIXE_AE)}.ae_disponibles"
            if nom in lues:
                yield _cellule(chiffre, nom, lues[nom])
            continue
        quota, labels = f"enveloppe.quotas.{court}", f"enveloppe.labels.{court}"
        yield _cellule(chiffre, quota, lues[quota], unite="nombre")
        yield _cellule(chiffre, labels, -lues[labels], signe=-1, unite="nombre")


def _cellule(  # noqa: PLR0913 - one argument per member
    chiffre: str,
    nom: str,
    valeur: int,
    structure: str | None = None,
    jour: date | None = None,
    *,
    signe: Literal[1, -1] = 1,
    unite: Unite = "centimes",
) -> Appui:
    return Appui(chiffre, nom, None, structure, jour, signe, valeur, unite)
