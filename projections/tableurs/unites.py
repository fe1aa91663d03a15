"""A column that mixes euros, rates and numbers: another one says the unit of each cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..cellules import Unite
from .cartouche import Attendu
from .modele import Colonne, Formule, Genre, Nombre, Tableau

NOM = Colonne("nom", "Chiffre", largeur=44, replie=True)
"""What a figure is called."""
CELLULE = Colonne("cellule", "Cellule (fabriques expliquer)", largeur=44, replie=True)
"""Its technical name, to paste into `fabriques expliquer`."""
UNITE = Colonne("unite", "Unité", largeur=8)
"""The column that says the unit of the mixed ones; its words are those of `dite`."""
_GENRES: dict[Unite, Genre] = {"centimes": "montant", "dix_milliemes": "taux", "nombre": "entier"}
_DITES: dict[Genre, str] = {"montant": "€", "taux": "%", "entier": "nombre"}
_DITS = {**_DITES, "points": "points"}
_PARTS: dict[Genre, int] = {"montant": 100, "taux": 10_000, "points": 100, "entier": 1}
"""How many units of the integer make one of what the cell shows."""


def dite(unite: Unite) -> str:
    """The unit for people, in the column `UNITE`."""
    return _DITES[_GENRES[unite]]


def dit_de_l_apport(unite: Unite) -> str:
    """The unit of what is added to a figure, for people."""
    return "points" if unite == "dix_milliemes" else dite(unite)


def en_unite(valeur: int, unite: Unite) -> Nombre:
    """The integer of a figure, read in its unit whatever the column."""
    return Nombre(valeur, _GENRES[unite])


def en_apport(valeur: int, unite: Unite) -> Nombre:
    """What is added to a figure, or the difference of two: between rates, it is in points."""
    genre = _GENRES[unite]
    return Nombre(valeur, "points" if genre == "taux" else genre)


def difference(avant: str, apres: str, valeur: int, unite: Unite) -> Formule:
    """What one column of the line says more than another, in the unit of both."""
    texte = f"ROUND({{{apres}}}-{{{avant}}};4)"
    if unite == "dix_milliemes":
        texte = f"ROUND(({{{apres}}}-{{{avant}}})*100;2)"
    return Formule(texte, en_apport(valeur, unite))


def par_unite(libelle: str, tableau: Tableau, colonne: str) -> Iterator[Attendu]:
    """What a mixed column adds up to, unit by unit. The lines must be in memory."""
    rang = tableau.rang(colonne)
    sommes: Counter[Genre] = Counter()
    for ligne in tableau.lignes:
        cellule = ligne[rang]
        valeur = cellule.valeur if isinstance(cellule, Formule) else cellule
        if isinstance(valeur, Nombre):
            sommes[valeur.genre] += valeur.valeur
    ordre: tuple[Genre, ...] = ("montant", "taux", "points", "entier")
    for genre in ordre:
        if genre in sommes:
            yield _attendu(libelle, tableau.cle, colonne, genre, sommes[genre])


def _attendu(libelle: str, cle: str, colonne: str, genre: Genre, valeur: int) -> Attendu:
    unite, parts = _DITES.get(genre, "%"), _PARTS[genre]  # points are between rates
    somme = f'SUMIF({{{cle}.unite}};"{unite}";{{{cle}.{colonne}}})'
    formule = f"ROUND({somme}*{parts};0)"
    return Attendu(f"{libelle} ({_DITS[genre]})", valeur, formule, lambda _: valeur)
