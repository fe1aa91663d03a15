"""A spreadsheet of the tests' own: reads a file back, and recomputes its formulas exactly.

It borrows nothing of the writers: it knows the grammar of formulas as XLSX and ODF write it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.utils import column_index_from_string

_JETON = re.compile(
    r"""\s*(?:
      (?P<nombre>\d+(?:\.\d+)?)
    | "(?P<texte>(?:[^"]|"")*)"
    | (?:(?P<feuille>'(?:[^']|'')+'|\w+)!)?\$?(?P<col>[A-Z]{1,3})\$?(?P<lig>\d+)
          (?::\$?(?P<col2>[A-Z]{1,3})\$?(?P<lig2>\d+))?
    | (?P<fonction>[A-Z]+)\(
    | (?P<signe><>|[-+*/=;,)(])
    )""",
    re.VERBOSE,
)
_ZONE_ODF = re.compile(
    r"\[(?:\$?('(?:[^']|'')+'|\w+))?\.(\$?[A-Z]+\$?\d+)(?::\.(\$?[A-Z]+\$?\d+))?\]"
)


@dataclass
class Cellule:
    """A cell as the file holds it: its cached value, its formula, how it is shown."""

    valeur: Any
    formule: str | None = None
    format: str = ""


@dataclass
class Feuille:
    """A sheet: cells by (row, column) from 1."""

    cellules: dict[tuple[int, int], Cellule] = field(default_factory=dict)

    def lignes(self) -> list[list[Any]]:
        """The cached values, as a rectangle."""
        hauteur = max((ligne for ligne, _ in self.cellules), default=0)
        largeur = max((colonne for _, colonne in self.cellules), default=0)
        return [
            [self.valeur(ligne, colonne) for colonne in range(1, largeur + 1)]
            for ligne in range(1, hauteur + 1)
        ]

    def valeur(self, ligne: int, colonne: int) -> Any:
        """The cached value of a cell, None where there is none."""
        cellule = self.cellules.get((ligne, colonne))
        return None if cellule is None else cellule.valeur


Livre = dict[str, Feuille]


def lire_xlsx(octets: bytes) -> Livre:
    """An XLSX file by openpyxl: formulas and cached values. Numbers are what a double holds."""
    valeurs = openpyxl.load_workbook(BytesIO(octets), data_only=True)
    formules = openpyxl.load_workbook(BytesIO(octets))
    livre: Livre = {}
    for nom in valeurs.sheetnames:
        feuille = livre[nom] = Feuille()
        for rangee, memes in zip(valeurs[nom].iter_rows(), formules[nom].iter_rows(), strict=True):
            paires: Any = zip(rangee, memes, strict=True)
            for cellule, meme in paires:
                if cellule.value is None and meme.value is None:
                    continue
                est_formule = meme.data_type == "f"
                feuille.cellules[cellule.row, cellule.column] = Cellule(
                    cellule.value,
                    meme.value.removeprefix("=") if est_formule else None,
                    cellule.number_format,
                )
    return livre


DIVISION = "#DIV/0!"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def lire_ods(octets: bytes) -> Livre:
    """An ODS file, its XML parsed as OpenDocument says."""
    with zipfile.ZipFile(BytesIO(octets)) as archive:
        racine = ElementTree.fromstring(archive.read("content.xml"))  # noqa: S314 - a file of ours
    livre: Livre = {}
    for table in racine.iter(f"{_TABLE}table"):
        feuille = livre[table.get(f"{_TABLE}name", "")] = Feuille()
        for ligne, rangee in enumerate(table.iter(f"{_TABLE}table-row"), start=1):
            for colonne, element in enumerate(rangee.iter(f"{_TABLE}table-cell"), start=1):
                valeur = _valeur_ods(element)
                formule = element.get(f"{_TABLE}formula")
                if valeur is not None or formule is not None:
                    feuille.cellules[ligne, colonne] = Cellule(
                        valeur,
                        None if formule is None else _de_odf(formule),
                        element.get(f"{_TABLE}style-name", ""),
                    )
    return livre


def _valeur_ods(element: Any) -> Any:
    match element.get(f"{_OFFICE}value-type"):
        case None:
            return None
        case "string":
            paragraphes = element.findall(f"{_TEXT}p")
            return "\n".join("".join(_texte_ods(p)) for p in paragraphes)
        case "date":
            texte = element.get(f"{_OFFICE}date-value")
            return datetime.fromisoformat(texte)
        case _:
            texte = element.get(f"{_OFFICE}value")
            return float(texte) if "." in texte else int(texte)


def _texte_ods(element: Any) -> Iterator[str]:
    yield element.text or ""
    for enfant in element:
        if enfant.tag == f"{_TEXT}s":
            yield " " * int(enfant.get(f"{_TEXT}c", "1"))
        yield enfant.tail or ""


def _de_odf(formule: str) -> str:
    """A formula of OpenDocument in the grammar of XLSX."""

    def zone(trouve: re.Match[str]) -> str:
        feuille = "" if trouve[1] is None else f"{trouve[1]}!"
        fin = "" if trouve[3] is None else f":{trouve[3]}"
        return f"{feuille}{trouve[2]}{fin}"

    assert formule.startswith("of:=")
    return _ZONE_ODF.sub(zone, formule.removeprefix("of:="))


def verdict(livre: Livre, feuille: str = "") -> str:
    """What the control sheet says once recomputed, its lines that read that sheet first.

    « écart » as soon as a line says so: the sheet adds them up.
    """
    lignes = [
        (ligne, cellule.formule or "")
        for (ligne, colonne), cellule in livre["Contrôle"].cellules.items()
        if colonne == 3 and cellule.formule is not None
    ]
    assert lignes
    lignes.sort(key=lambda trouvee: feuille not in trouvee[1])
    calcul = _Calcul(livre, "Contrôle")
    return "écart" if any(calcul.valeur(ligne, 4) != 0 for ligne, _ in lignes) else "conforme"


def ecarts(livre: Livre) -> list[str]:
    """The formulas whose cached value is not what they compute, each with both values."""
    trouves = []
    for nom, feuille in livre.items():
        for (ligne, colonne), cellule in feuille.cellules.items():
            if cellule.formule is None:
                continue
            calculee = _Calcul(livre, nom).valeur(ligne, colonne)
            if not _pareils(calculee, cellule.valeur):
                trouves.append(
                    f"{nom}!L{ligne}C{colonne} {cellule.formule} : {cellule.valeur}, {calculee}"
                )
    return trouves


def _pareils(calculee: Any, tenue: Any) -> bool:
    if isinstance(calculee, Fraction):
        return tenue is not None and float(calculee) == float(tenue or 0)
    return bool(calculee == tenue)


class _Calcul:
    """The recursive evaluation of cells, exact: a double is the shortest text that reads as it."""

    def __init__(self, livre: Livre, feuille: str) -> None:
        self.livre, self.feuille = livre, feuille

    def valeur(self, ligne: int, colonne: int) -> Any:
        cellule = self.livre[self.feuille].cellules.get((ligne, colonne))
        if cellule is None:
            return None
        if cellule.formule is None:
            return _exact(cellule.valeur)
        return _Expression(cellule.formule, self.livre, self.feuille).lire()


def _exact(valeur: Any) -> Any:
    if isinstance(valeur, bool):
        return valeur
    if isinstance(valeur, int | float):
        return Fraction(repr(valeur))
    return valeur.isoformat() if isinstance(valeur, date) else valeur


class _Expression:
    """A formula being read: comparison, then sums, then products, then atoms."""

    def __init__(self, texte: str, livre: Livre, feuille: str) -> None:
        self.livre, self.feuille = livre, feuille
        self.jetons: list[re.Match[str]] = []
        debut = 0
        while debut < len(texte):
            jeton = _JETON.match(texte, debut)
            assert jeton is not None, texte
            self.jetons.append(jeton)
            debut = jeton.end()
        self.rang = 0

    def lire(self) -> Any:
        resultat = self._comparaison()
        assert self.rang == len(self.jetons)
        return resultat

    def _signe(self, *attendus: str) -> str | None:
        if self.rang < len(self.jetons) and self.jetons[self.rang]["signe"] in attendus:
            self.rang += 1
            return self.jetons[self.rang - 1]["signe"]
        return None

    def _comparaison(self) -> Any:
        gauche = self._somme()
        signe = self._signe("=", "<>")
        if signe is None:
            return gauche
        droite = self._somme()
        return (gauche == droite) is (signe == "=")

    def _somme(self) -> Any:
        total = self._produit()
        while signe := self._signe("+", "-"):
            terme = self._produit() or Fraction(0)
            total = (total or Fraction(0)) + (terme if signe == "+" else -terme)
        return total

    def _produit(self) -> Any:
        total: Any = self._atome()
        while signe := self._signe("*", "/"):
            terme: Any = self._atome() or Fraction(0)
            if signe == "/" and terme == 0:
                total = DIVISION  # as a spreadsheet: IF evaluates the branch that it does not take
            else:
                total = (total or Fraction(0)) * terme if signe == "*" else total / terme
        return total

    def _atome(self) -> Any:
        if self._signe("-"):
            return -(self._atome() or Fraction(0))
        if self._signe("("):
            dedans = self._comparaison()
            assert self._signe(")")
            return dedans
        jeton = self.jetons[self.rang]
        self.rang += 1
        if jeton["nombre"] is not None:
            return Fraction(jeton["nombre"])
        if jeton["texte"] is not None:
            return jeton["texte"].replace('""', '"')
        if jeton["fonction"] is not None:
            return self._appeler(jeton["fonction"])
        zone = self._zone(jeton)
        return zone[0] if jeton["col2"] is None else zone

    def _zone(self, jeton: re.Match[str]) -> list[Any]:
        nom = jeton["feuille"] or self.feuille
        feuille = nom.strip("'").replace("''", "'")
        calcul = _Calcul(self.livre, feuille)
        fin = int(jeton["lig2"] or jeton["lig"])
        assert (jeton["col2"] or jeton["col"]) == jeton["col"]
        colonne = column_index_from_string(jeton["col"])
        return [calcul.valeur(ligne, colonne) for ligne in range(int(jeton["lig"]), fin + 1)]

    def _appeler(self, fonction: str) -> Any:
        arguments = [self._comparaison()]
        while self._signe(";", ","):
            arguments.append(self._comparaison())
        assert self._signe(")")
        match fonction:
            case "SUM":
                return sum(_nombres(arguments), Fraction(0))
            case "SUMSQ":
                return sum((n * n for n in _nombres(arguments)), Fraction(0))
            case "SUBTOTAL":
                assert arguments[0] == 9
                return sum(_nombres(arguments[1:]), Fraction(0))
            case "SUMIF":
                retenus: Any = zip(arguments[0], arguments[2], strict=True)
                memes = [v for cle, v in retenus if cle == arguments[1]]
                return sum(_nombres(memes), Fraction(0))
            case "COUNT":
                return Fraction(len(_nombres(arguments)))
            case "COUNTA":
                return Fraction(sum(v is not None for v in _plats(arguments)))
            case "ROUND":
                if arguments[0] == DIVISION:
                    return DIVISION
                return _arrondir(arguments[0] or Fraction(0), int(arguments[1]))
            case "IF":
                return arguments[1] if arguments[0] else arguments[2]
            case _:
                raise AssertionError(fonction)


def _nombres(arguments: list[Any]) -> list[Fraction]:
    return [v for v in _plats(arguments) if isinstance(v, Fraction)]


def _plats(arguments: list[Any]) -> list[Any]:
    return [v for a in arguments for v in (a if isinstance(a, list) else [a])]


def _arrondir(valeur: Fraction, decimales: int) -> Fraction:
    """Half away from zero, as spreadsheets round."""
    entier, reste = divmod(abs(valeur) * 10**decimales, 1)
    arrondi = Fraction(entier + (reste >= Fraction(1, 2)), 10**decimales)
    return arrondi if valeur >= 0 else -arrondi
