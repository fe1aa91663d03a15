"""What the XML of a sheet says and the parser of workbooks does not: extents, formulas, errors.

Read in a stream before the parser is allowed to hold the sheet whole: a single cell in the last
corner would make it allocate billions. A document type declaration is refused: entities bomb.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from posixpath import join, normpath
from typing import IO
from xml.parsers import expat

from .erreurs import TableauIllisible
from .limites import COLONNES_MAX, FORMULES_MAX, LIGNES_MAX, SURFACE_MAX
from .unites import unite_du_format, unite_montree

SANS_VALEUR = "#VALEUR?"
"""Shown for a formula saved without its value: reading it as blank would be a guess."""
_LARGEUR = 1 << 14
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_BUREAU = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_TEXTE = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_NOMBRES = ("float", "currency", "percentage")
_MONTRE_MAX = 200
"""Letters of a displayed number that are looked at."""
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"


class Marques:
    """The extent of a sheet, its formulas, and the errors shown in place of a value."""

    def __init__(self, feuille: str) -> None:
        self._feuille = feuille
        self.lignes = self.colonnes = 0
        self._formules: set[int] = set()
        self._erreurs: dict[int, str] = {}
        self._unites: dict[int, str] = {}

    def etendre(self, ligne: int, colonne: int) -> None:
        """A cell that holds something (row and column from 1). Raises when the sheet is too big."""
        self.lignes, self.colonnes = max(self.lignes, ligne), max(self.colonnes, colonne)
        verifier_etendue(self._feuille, self.lignes, self.colonnes)

    def formule(self, ligne: int, colonne: int) -> None:
        """A cell whose value comes from a formula."""
        self._noter()
        self._formules.add(ligne * _LARGEUR + colonne)

    def erreur(self, ligne: int, colonne: int, texte: str) -> None:
        """A cell that shows an error."""
        self._noter()
        self._erreurs[ligne * _LARGEUR + colonne] = texte

    def unite(self, ligne: int, colonne: int, unite: str) -> None:
        """A number that is shown in another unit than the euro."""
        self._noter()
        self._unites[ligne * _LARGEUR + colonne] = unite

    def est_formule(self, ligne: int, colonne: int) -> bool:
        """Whether a formula is there."""
        return ligne * _LARGEUR + colonne in self._formules

    def erreur_en(self, ligne: int, colonne: int) -> str | None:
        """The error shown there."""
        return self._erreurs.get(ligne * _LARGEUR + colonne)

    def unite_en(self, ligne: int, colonne: int) -> str | None:
        """The unit shown there, when it is not the euro."""
        return self._unites.get(ligne * _LARGEUR + colonne)

    @property
    def formules(self) -> int:
        """How many formulas."""
        return len(self._formules)

    @property
    def muettes(self) -> bool:
        """Whether no cell is marked."""
        return not self._formules and not self._erreurs and not self._unites

    def _noter(self) -> None:
        if len(self._formules) + len(self._erreurs) + len(self._unites) >= FORMULES_MAX:
            raise TableauIllisible(
                "feuille_trop_grande",
                f"La feuille « {self._feuille} » tient plus de {FORMULES_MAX} formules, "
                "erreurs ou nombres en pour cent.",
                remede="Copier les valeurs seules dans un nouveau classeur.",
            )


def verifier_etendue(feuille: str, lignes: int, colonnes: int) -> None:
    """Raise TableauIllisible when a sheet of that size is not read."""
    if lignes <= LIGNES_MAX and colonnes <= COLONNES_MAX and lignes * colonnes <= SURFACE_MAX:
        return
    raise TableauIllisible(
        "feuille_trop_grande",
        f"La feuille « {feuille} » va jusqu'à la ligne {lignes} et la colonne {colonnes} : "
        f"{LIGNES_MAX} lignes, {COLONNES_MAX} colonnes et {SURFACE_MAX} cellules au plus.",
        remede="Effacer ce qui traîne au loin (Ctrl+Fin y mène), ou découper la feuille.",
    )


def inspecter_xlsx(chemin: Path, feuille: str) -> Marques:
    """The marks of one sheet of an .xlsx. Raises TableauIllisible."""
    marques = Marques(feuille)
    with _ouvrir(chemin) as archive:
        nom = _partie(archive, feuille)
        if nom is None:
            return marques
        lecteur = _LecteurXlsx(marques, _unites(archive))
        with archive.open(nom) as flux:
            _parcourir(flux, lecteur)
    return marques


def calendrier_xlsx(chemin: Path) -> int:
    """The date system of an .xlsx: 1900, or 1904 when the workbook says so."""
    systemes: list[str] = []

    def proprietes(nom: str, attributs: dict[str, str]) -> None:
        if nom.rpartition("|")[2] == "workbookPr":
            systemes.append(attributs.get("date1904", "0"))

    with _ouvrir(chemin) as archive, archive.open("xl/workbook.xml") as flux:
        _parcourir(flux, _Attributs(proprietes))
    return 1904 if systemes and systemes[0] in ("1", "true") else 1900


def inspecter_ods(chemin: Path) -> dict[str, Marques]:
    """The marks of every sheet of an .ods: its parser loads them all. Raises TableauIllisible."""
    lecteur = _LecteurOds()
    with _ouvrir(chemin) as archive, archive.open("content.xml") as flux:
        _parcourir(flux, lecteur)
    return lecteur.feuilles


class _LecteurXlsx:
    """`<row r><c r t><f/><v/></c></row>`; numbers may be absent: then, the next one."""

    def __init__(self, marques: Marques, unites: Mapping[str, str] | None = None) -> None:
        self._marques = marques
        self._unites = unites or {}
        self._style = ""
        self._ligne = self._colonne = 0
        self._erreur = self._formule = self._dans_valeur = False
        self._valeur = ""

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        match nom.rpartition("|")[2]:
            case "row":
                self._ligne = _entier(attributs.get("r"), self._ligne + 1)
                self._colonne = 0
            case "c":
                self._colonne = _colonne(attributs.get("r"), self._colonne + 1)
                self._erreur = attributs.get("t") == "e"
                self._style = attributs.get("s", "")
                self._formule, self._valeur = False, ""
            case "f":
                self._formule = True
            case "v" | "is":
                self._dans_valeur = True
            case _:
                pass

    def fermer(self, nom: str) -> None:
        match nom.rpartition("|")[2]:
            case "v" | "is":
                self._dans_valeur = False
            case "c":
                self._fermer_cellule()
            case _:
                pass

    def texte(self, morceau: str) -> None:
        if self._dans_valeur and len(self._valeur) < 40:  # noqa: PLR2004 - the name of an error
            self._valeur += morceau

    def _fermer_cellule(self) -> None:
        if not self._valeur and not self._formule:
            return
        ou = self._ligne, self._colonne
        self._marques.etendre(*ou)
        if self._style in self._unites:
            self._marques.unite(*ou, self._unites[self._style])
        if self._formule:
            self._marques.formule(*ou)
            if not self._valeur:
                self._marques.erreur(*ou, SANS_VALEUR)
        if self._erreur:
            self._marques.erreur(*ou, self._valeur or SANS_VALEUR)


class _LecteurOds:
    """`table:table-row` and `table:table-cell`, each with its repetitions."""

    def __init__(self) -> None:
        self.feuilles: dict[str, Marques] = {}
        self._marques: Marques | None = None
        self._ligne = self._colonne = 0
        self._repetees = 1
        self._pleine = False
        self._nombre: int | None = None  # first column of the number whose display is being read
        self._montre = ""
        self._notes = 0

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        match nom:
            case "urn:oasis:names:tc:opendocument:xmlns:table:1.0|table":
                feuille = attributs.get(f"{_TABLE}|name", "")
                self._marques = self.feuilles.setdefault(feuille, Marques(feuille))
                self._ligne = 0
                self._repetees = 1
            case "urn:oasis:names:tc:opendocument:xmlns:table:1.0|table-row":
                self._repetees = _entier(attributs.get(f"{_TABLE}|number-rows-repeated"), 1)
                self._colonne, self._pleine = 0, False
            case (
                "urn:oasis:names:tc:opendocument:xmlns:table:1.0|table-cell"
                | "urn:oasis:names:tc:opendocument:xmlns:table:1.0|covered-table-cell"
            ):
                self._cellule(attributs)
            case "urn:oasis:names:tc:opendocument:xmlns:office:1.0|annotation":
                self._notes += 1
            case _:
                pass

    def fermer(self, nom: str) -> None:
        if nom == f"{_TABLE}|table-row":
            self._ligne += self._repetees
            if self._pleine and self._marques is not None:
                self._marques.etendre(self._ligne, 1)
        elif nom == f"{_BUREAU}|annotation":
            self._notes -= 1
        elif nom in (f"{_TABLE}|table-cell", f"{_TABLE}|covered-table-cell"):
            self._fermer_nombre()

    def texte(self, morceau: str) -> None:
        """What a number shows (its unit is there); the rest is said by the attributes."""
        if self._nombre is not None and not self._notes and len(self._montre) < _MONTRE_MAX:
            self._montre += morceau[:_MONTRE_MAX]

    def _fermer_nombre(self) -> None:
        unite = None if self._nombre is None else unite_montree(self._montre)
        if self._nombre is not None and self._marques is not None and unite is not None:
            for colonne in range(self._nombre, self._colonne + 1):
                for ligne in range(self._ligne + 1, self._ligne + self._repetees + 1):
                    self._marques.unite(ligne, colonne, unite)
        self._nombre = None

    def _cellule(self, attributs: dict[str, str]) -> None:
        fois = _entier(attributs.get(f"{_TABLE}|number-columns-repeated"), 1)
        genre = attributs.get(f"{_BUREAU}|value-type")
        formule = attributs.get(f"{_TABLE}|formula")
        debut, self._colonne = self._colonne + 1, self._colonne + fois
        if self._marques is None or (genre is None and formule is None):
            return
        self._pleine = True
        self._marques.etendre(self._ligne + 1, self._colonne)
        self._nombre, self._montre = (debut if genre in _NOMBRES else None), ""
        erreur = attributs.get(f"{_CALC}|value-type") == "error"
        monnaie = attributs.get(f"{_BUREAU}|currency", "EUR") if genre == "currency" else "EUR"
        unite = "%" if genre == "percentage" else (None if monnaie == "EUR" else monnaie[:10])
        if formule is None and not erreur and unite is None:
            return
        for colonne in range(debut, self._colonne + 1):
            for ligne in range(self._ligne + 1, self._ligne + self._repetees + 1):
                if unite is not None:
                    self._marques.unite(ligne, colonne, unite)
                if formule is not None or erreur:
                    self._marques.formule(ligne, colonne)
                if erreur or genre is None:
                    self._marques.erreur(ligne, colonne, SANS_VALEUR)


def _parcourir(flux: IO[bytes], lecteur: _LecteurXlsx | _LecteurOds) -> None:
    analyseur = expat.ParserCreate(namespace_separator="|")
    analyseur.buffer_text = True
    analyseur.StartElementHandler = lecteur.ouvrir
    analyseur.EndElementHandler = lecteur.fermer
    analyseur.CharacterDataHandler = lecteur.texte
    analyseur.StartDoctypeDeclHandler = _refuser_dtd
    try:
        analyseur.ParseFile(flux)
    except (expat.ExpatError, OSError, ValueError) as erreur:
        raise _endommage() from erreur


@contextmanager
def _ouvrir(chemin: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; a member whose header or checksum is wrong is told like a damaged one."""
    try:
        with zipfile.ZipFile(chemin) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as erreur:
        raise _endommage() from erreur


def _endommage() -> TableauIllisible:
    return TableauIllisible(
        "classeur_endommage",
        "Le XML de la feuille ne se lit pas jusqu'au bout.",
        remede="L'ouvrir dans un tableur et l'enregistrer à nouveau.",
    )


def _refuser_dtd(*_: object) -> None:
    raise TableauIllisible(
        "archive_piegee",
        "Le XML du classeur déclare un type de document, ce qu'aucun tableur n'écrit.",
        remede="Demander le fichier à nouveau, ou l'enregistrer en CSV.",
    )


def _unites(archive: zipfile.ZipFile) -> dict[str, str]:
    """Style of a cell -> the unit that its number format shows, when it is not the euro."""
    codes: dict[str, str] = {}
    formats: list[str] = []
    dans_cellules = False

    def style(nom: str, attributs: dict[str, str]) -> None:
        nonlocal dans_cellules
        match nom.rpartition("|")[2]:
            case "numFmt":
                codes[attributs.get("numFmtId", "")] = attributs.get("formatCode", "")
            case "cellXfs" | "cellStyleXfs" | "dxfs":
                dans_cellules = nom.endswith("cellXfs")
            case "xf" if dans_cellules:
                formats.append(attributs.get("numFmtId", "0"))
            case _:
                pass

    if "xl/styles.xml" in archive.namelist():
        with archive.open("xl/styles.xml") as flux:
            _parcourir(flux, _Attributs(style))
    unites = ((str(n), unite_du_format(f, codes.get(f))) for n, f in enumerate(formats))
    return {numero: unite for numero, unite in unites if unite is not None}


def _partie(archive: zipfile.ZipFile, feuille: str) -> str | None:
    """The member that holds a sheet, by its name: workbook, then relation, then path."""
    identifiants: dict[str, str] = {}
    cibles: dict[str, str] = {}

    def classeur(nom: str, attributs: dict[str, str]) -> None:
        if nom.rpartition("|")[2] == "sheet":
            lien = next((v for k, v in attributs.items() if k.endswith("|id")), "")
            identifiants[attributs.get("name", "")] = lien

    def relations(nom: str, attributs: dict[str, str]) -> None:
        if nom.rpartition("|")[2] == "Relationship":
            cibles[attributs.get("Id", "")] = attributs.get("Target", "")

    presents = set(archive.namelist())
    for membre, ouvrir in (
        ("xl/workbook.xml", classeur),
        ("xl/_rels/workbook.xml.rels", relations),
    ):
        if membre in presents:
            with archive.open(membre) as flux:
                _parcourir(flux, _Attributs(ouvrir))
    cible = cibles.get(identifiants.get(feuille, ""))
    if cible is None:
        return None
    chemin = cible.removeprefix("/") if cible.startswith("/") else normpath(join("xl", cible))
    return chemin if chemin in presents else None


class _Attributs(_LecteurXlsx):
    """Only the opening tags, given to a function."""

    def __init__(self, ouvrir: Callable[[str, dict[str, str]], None]) -> None:
        super().__init__(Marques(""))
        self._ouvrir = ouvrir

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        self._ouvrir(nom, attributs)


def _entier(texte: str | None, defaut: int) -> int:
    return int(texte) if texte is not None and texte.isascii() and texte.isdigit() else defaut


def _colonne(reference: str | None, defaut: int) -> int:
    """The column of `BC12`, from 1."""
    colonne = 0
    for lettre in reference or "":
        if not "A" <= lettre <= "Z":
            break
        colonne = colonne * 26 + ord(lettre) - ord("A") + 1
    return colonne or defaut
