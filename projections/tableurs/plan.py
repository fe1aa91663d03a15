"""Where each table stands on its sheet, and what a formula refers to. Rows and columns from 0."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ledger.erreurs import UsageError

from .modele import Classeur, Feuille, Somme, Sommes, Tableau, Valeur

LIGNES_MAX = 1_048_576
"""Rows of a sheet, in XLSX as in the programs that open ODS."""
VIDE = "(aucune ligne)"
"""What a table without lines shows, on the row where they would be."""

Patron = tuple[str | int, ...]
"""A formula ready for any row: texts, and the columns of what it refers to on its own row."""

_SUR_LA_LIGNE = -1
_REFERENCE = re.compile(r"\{([a-z0-9_]+)(?:\.([a-z0-9_]+))?(?:@(total|[0-9]+))?\}")
_CHAINE = re.compile(r'("(?:[^"]|"")*")')


@dataclass(frozen=True, slots=True)
class Place:
    """A table on its sheet: row of its title (None on a list), of its headings, of its lines."""

    feuille: Feuille
    tableau: Tableau
    titre: int | None
    entetes: int
    debut: int
    fin: int
    total: int | None

    @property
    def suivante(self) -> int:
        """The first row free below."""
        return (self.fin if self.total is None else self.total) + 1


@dataclass(frozen=True, slots=True)
class Zone:
    """What a reference names: a range of one column, one cell when both rows are the same."""

    feuille: str | None
    colonne: int
    debut: int
    fin: int


class Plan:
    """The place of every table of a workbook.

    Raises: UsageError when a sheet would have more rows than spreadsheets hold.
    """

    def __init__(self, classeur: Classeur) -> None:
        self.places: dict[str, Place] = {}
        noms: set[str] = set()
        for feuille in classeur.feuilles:
            if feuille.nom in noms:
                raise ValueError(f"deux feuilles {feuille.nom}")
            noms.add(feuille.nom)
            self._placer(feuille)

    def _placer(self, feuille: Feuille) -> None:
        libre = 0 if feuille.est_liste else 3
        for tableau in feuille.tableaux:
            if tableau.cle in self.places:
                raise ValueError(f"deux tableaux {tableau.cle}")
            place = _poser(feuille, tableau, libre)
            if place.suivante > LIGNES_MAX:
                raise UsageError(
                    f"La feuille {feuille.nom} aurait {place.suivante} lignes : un tableur en "
                    f"tient {LIGNES_MAX} au plus.",
                    remede="Restreindre les dates (--au, --connu-au), ou écrire en csv ou en "
                    "jsonl, qui n'ont pas de limite.",
                )
            self.places[tableau.cle] = place
            libre = place.suivante + 1

    def zone(self, place: Place, ligne: int, reference: re.Match[str]) -> Zone:
        """What a reference of a formula names, for the cell of a table on a row."""
        premier, colonne, ou = reference.groups()
        if colonne is None:
            return Zone(None, place.tableau.rang(premier), ligne, ligne)
        visee = self.places[premier]
        feuille = None if visee.feuille is place.feuille else visee.feuille.nom
        rang = visee.tableau.rang(colonne)
        if ou is None:
            return Zone(feuille, rang, visee.debut, visee.fin)
        if ou == "total":
            # an empty table has no totals: its only row sums to nothing
            rangee = visee.debut if visee.total is None else visee.total
        else:
            rangee = visee.debut + int(ou)
            if rangee > visee.fin:
                raise ValueError(f"{reference[0]} : le tableau n'a pas cette ligne")
        return Zone(feuille, rang, rangee, rangee)

    def compiler(
        self, texte: str, place: Place, *, nommer: Callable[[Zone], str], separateur: str
    ) -> Patron:
        """A formula in a format: references named by it, arguments separated by it."""
        patron: list[str | int] = []
        for rang, morceau in enumerate(_CHAINE.split(texte)):
            if rang % 2:  # between quotes
                patron.append(morceau)
                continue
            fin = 0
            for reference in _REFERENCE.finditer(morceau):
                patron.append(morceau[fin : reference.start()].replace(";", separateur))
                zone = self.zone(place, _SUR_LA_LIGNE, reference)
                sur_la_ligne = zone.debut == _SUR_LA_LIGNE
                patron.append(zone.colonne if sur_la_ligne else nommer(zone))
                fin = reference.end()
            patron.append(morceau[fin:].replace(";", separateur))
        return tuple(patron)


def remplir(patron: Patron, ligne: int, nommer: Callable[[Zone], str]) -> str:
    """The formula of a pattern, for a cell on a row."""
    return "".join(m if isinstance(m, str) else nommer(Zone(None, m, ligne, ligne)) for m in patron)


def _poser(feuille: Feuille, tableau: Tableau, libre: int) -> Place:
    titre = None if feuille.est_liste else libre
    entetes = libre if titre is None else libre + 1
    debut = entetes + 1
    fin = debut + max(tableau.nombre, 1) - 1
    return Place(
        feuille, tableau, titre, entetes, debut, fin, fin + 1 if tableau.a_un_total else None
    )


class Cumul:
    """The sums of the columns of the tables as they are written."""

    def __init__(self) -> None:
        self.sommes: Sommes = {}

    def ouvrir(self, tableau: Tableau) -> list[int]:
        """The sums of a table about to be written: one per column, to add to."""
        return [0] * len(tableau.colonnes)

    def fermer(self, tableau: Tableau, sommes: list[int], nombre: int) -> None:
        """Its sums once written. Raises ValueError when it did not give the lines it announced."""
        if nombre != tableau.nombre:
            raise ValueError(f"{tableau.cle} : {nombre} lignes, {tableau.nombre} annoncées")
        for colonne, somme in zip(tableau.colonnes, sommes, strict=True):
            self.sommes[Somme(tableau.cle, colonne.cle)] = somme

    def valeur(self, valeur: Valeur | Callable[[Sommes], Valeur]) -> Valeur:
        """The value of a formula."""
        return valeur(self.sommes) if callable(valeur) else valeur
