"""A sheet row by row, as every format writes it: values made safe, formulas named, totals added."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from ..tableur import visible
from .modele import Colonne, Dit, Feuille, Formule, Genre, Ligne, Nombre, Tableau, Valeur
from .plan import VIDE, Cumul, Patron, Place, Plan, Zone, remplir

Role = Literal["titre", "sous_titre", "intitule", "entete", "corps", "total"]
"""What a row is: title and subtitle of a page, title of a table, headings, a line, the totals."""

RETRAIT: tuple[Role, ...] = ("entete", "corps", "total")
"""Where a text stands a little to the right, off the number before it."""
TEXTE_MAX = 32_767
"""Length of the text of a cell, in UTF-16 units: more, and Excel calls the file damaged."""
_GARDES = 16_000
_MOITIE = TEXTE_MAX // 2
_HORS_XML = re.compile("[\ufffe\uffff]")
_CONNUES_MAX = 4_096
_REPETES = frozenset({str, int, date, Dit, type(None)})
_EXPOSANT: dict[Genre, int] = {"montant": -2, "taux": -4, "points": -2}


Pose = Literal["", "replie", "gauche"]
"""How a cell stands: as its kind does, folded, or on the left because its column is of texts."""


class Case(NamedTuple):
    """A cell as it is written: how it reads, its value, its formula in the grammar of the format.

    A number is a Decimal: euros, a share of one for a rate, points. A text is safe in XML.
    """

    genre: Genre
    valeur: str | Decimal | date | datetime | None
    formule: str | None = None
    pose: Pose = ""


class Rangee(NamedTuple):
    """A row: its number from 0, what it is, its cells from the first column on."""

    ligne: int
    role: Role
    cases: Sequence[Case]


@dataclass(frozen=True, slots=True)
class Dialecte:
    """How a format writes formulas: the name of a zone, what separates arguments."""

    nommer: Callable[[Zone], str]
    separateur: str


def rangees(plan: Plan, cumul: Cumul, feuille: Feuille, dialecte: Dialecte) -> Iterator[Rangee]:
    """The rows of a sheet, in order. Sheets are written in the order of the workbook."""
    if not feuille.est_liste:
        yield Rangee(0, "titre", (Case("texte", surs(feuille.nom)),))
        yield Rangee(1, "sous_titre", (Case("texte", surs(feuille.sous_titre)),))
    for tableau in feuille.tableaux:
        place = plan.places[tableau.cle]
        if place.titre is not None:
            yield Rangee(place.titre, "intitule", (Case("texte", surs(tableau.titre)),))
        # a heading stands on the side of what is below it
        entetes = [Case(c.genre, surs(c.titre)) for c in tableau.colonnes]
        yield Rangee(place.entetes, "entete", entetes)
        yield from _lignes(_Ecriture(plan, cumul, place, dialecte), tableau)


def _lignes(ecriture: _Ecriture, tableau: Tableau) -> Iterator[Rangee]:
    place, colonnes = ecriture.place, tableau.colonnes
    sommes = ecriture.cumul.ouvrir(tableau)
    rangee = place.debut
    for ligne in tableau.lignes:
        yield Rangee(rangee, "corps", ecriture.cases(rangee, ligne, sommes))
        rangee += 1
    ecriture.cumul.fermer(tableau, sommes, rangee - place.debut)
    if rangee == place.debut:
        vides = [Case("texte", VIDE), *(Case("texte", None) for _ in colonnes[1:])]
        yield Rangee(rangee, "corps", vides)
    if place.total is not None:
        total = [ecriture.total(rang, sommes) for rang in range(len(colonnes))]
        yield Rangee(place.total, "total", total)


class _Ecriture:
    """A table being written in a format."""

    def __init__(self, plan: Plan, cumul: Cumul, place: Place, dialecte: Dialecte) -> None:
        self.plan, self.cumul, self.place, self.dialecte = plan, cumul, place, dialecte
        self.colonnes = place.tableau.colonnes
        self._patrons: dict[str, Patron] = {}
        # a list repeats its words, years and amounts: each is made a cell once
        self._connues: tuple[dict[Valeur, Case], ...] = tuple({} for _ in self.colonnes)

    def cases(self, rangee: int, ligne: Ligne, sommes: list[int]) -> list[Case]:
        """The cells of a line; its integers are added to the sums."""
        cases = []
        for rang, (colonne, cellule) in enumerate(zip(self.colonnes, ligne, strict=True)):
            formule: str | None = None
            valeur: Valeur
            if isinstance(cellule, Formule):
                formule = self._formule(cellule.texte, rangee)
                valeur = self.cumul.valeur(cellule.valeur)
            else:
                valeur = cellule
            genre = type(valeur)
            if genre is int:
                sommes[rang] += valeur  # type: ignore[operator]
            if formule is not None or genre not in _REPETES:
                cases.append(case(colonne, valeur, formule))
                continue
            connues = self._connues[rang]
            faite = connues.get(valeur)
            if faite is None:
                faite = case(colonne, valeur)
                if len(connues) < _CONNUES_MAX:
                    connues[valeur] = faite
            cases.append(faite)
        return cases

    def total(self, rang: int, sommes: list[int]) -> Case:
        """The cell of a column on the line of totals: on a list, of the lines that filters show."""
        colonne, tableau = self.colonnes[rang], self.place.tableau
        if not colonne.total:
            return Case("texte", surs(tableau.libelle_total) if rang == 0 else None)
        etendue = f"{{{tableau.cle}.{colonne.cle}}}"
        texte = f"SUBTOTAL(9;{etendue})" if self.place.feuille.est_liste else f"SUM({etendue})"
        if colonne.genre in ("montant", "points"):
            texte = f"ROUND({texte};2)"
        return case(colonne, sommes[rang], self._formule(texte, self.place.total or 0))

    def _formule(self, texte: str, rangee: int) -> str:
        nommer, patron = self.dialecte.nommer, self._patrons.get(texte)
        if patron is None:
            patron = self._patrons[texte] = self.plan.compiler(
                texte, self.place, nommer=nommer, separateur=self.dialecte.separateur
            )
        return remplir(patron, rangee, nommer)


def case(colonne: Colonne, valeur: Valeur, formule: str | None = None) -> Case:
    """A value as the cell of a column."""
    pose: Pose = "gauche" if colonne.genre == "texte" else ""
    match valeur:
        case None:
            return Case(colonne.genre, None, formule)
        case bool():
            return Case("texte", "oui" if valeur else "non", formule)
        case int():
            return _nombre(valeur, colonne.genre, formule, pose)
        case Nombre():
            return _nombre(valeur.valeur, valeur.genre, formule, pose)
        case Dit():
            return case(colonne, valeur.mots, formule)
        case str():
            return Case("texte", surs(valeur), formule, "replie" if colonne.replie else "")
        case datetime():
            return Case("instant", a_la_seconde(valeur), formule, pose)
        case date():
            return Case("date", valeur, formule, pose)


def a_la_seconde(instant: datetime) -> datetime:
    """An instant as a spreadsheet holds it: UTC, without zone, cut to the second."""
    return instant.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _nombre(valeur: int, genre: Genre, formule: str | None, pose: Pose) -> Case:
    exposant = _EXPOSANT.get(genre)
    if exposant is not None:
        return Case(genre, Decimal(valeur).scaleb(exposant), formule, pose)
    return Case("centimes" if genre == "centimes" else "entier", Decimal(valeur), formule, pose)


def points(valeur: Decimal) -> str:
    """A difference of rates as a person reads it in French: `-0,50 point`."""
    mot = "point" if abs(valeur) < 2 else "points"  # noqa: PLR2004 - French: from 2 on
    return f"{valeur:.2f} {mot}".replace(".", ",")


def surs(texte: str) -> str:
    """A text that nothing obeys and every format holds; cut where it is too long, and saying so.

    Line feeds stay; other control, bidirectional and invisible characters, and those that XML does
    not hold, become a replacement mark.
    """
    if texte.isascii() and texte.isprintable() and len(texte) <= TEXTE_MAX:
        return texte
    propre = _HORS_XML.sub("\N{REPLACEMENT CHARACTER}", visible(texte))
    if len(propre) <= _MOITIE or len(propre) + sum(c > "\uffff" for c in propre) <= TEXTE_MAX:
        return propre
    return f"{propre[:_GARDES]} […] (coupé : {len(propre)} caractères en tout)"
