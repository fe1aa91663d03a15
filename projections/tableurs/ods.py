"""A workbook as ODS: OpenDocument 1.3 written in a stream, the same bytes for the same value.

The parts that do not depend on the cells (styles, settings) are in `ods_parties`.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from tempfile import TemporaryFile
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from ledger.montants import format_euros

from .modele import Classeur, Feuille, Genre
from .ods_parties import (
    CONTENU,
    MANIFESTE,
    MIME,
    colonnes,
    meta,
    parametres,
    style,
    style_de_feuille,
    styles,
    styles_de_cellule,
)
from .plan import Cumul, Plan, Zone
from .rangees import Case, Dialecte, Rangee, Role, points, rangees

_DATE_ZIP = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_UNIX = 3
_TAMPON = 1 << 18
_BLANCS_OU_LIGNES = re.compile(r"^ |  |\n| $")
_BLANCS = re.compile(r"^ | {2,}| $", re.MULTILINE)


def ecrire_ods(classeur: Classeur, flux: IO[bytes]) -> None:
    """Write the workbook as ODS. Raises: UsageError when it is longer than a sheet can be."""
    plan = Plan(classeur)  # refused before anything is written
    with TemporaryFile() as fichier:  # a zip is not the same in a pipe and in a file
        with zipfile.ZipFile(fichier, "w", zipfile.ZIP_DEFLATED) as archive:
            # first and stored, so that the type of the file is read in its first bytes
            archive.writestr(_entree("mimetype", zipfile.ZIP_STORED), MIME)
            archive.writestr(_entree("META-INF/manifest.xml"), MANIFESTE)
            archive.writestr(_entree("meta.xml"), meta(classeur))
            archive.writestr(_entree("settings.xml"), parametres(classeur))
            archive.writestr(_entree("styles.xml"), styles(classeur))
            with archive.open(_entree("content.xml"), "w", force_zip64=True) as partie:
                for octets in _regrouper(_contenu(classeur, plan)):
                    partie.write(octets)
        fichier.seek(0)
        shutil.copyfileobj(fichier, flux)


def _entree(nom: str, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    entree = zipfile.ZipInfo(nom, _DATE_ZIP)
    entree.compress_type = compression
    entree.create_system = _UNIX
    entree.external_attr = _MODE
    return entree


def _regrouper(textes: Iterator[str]) -> Iterator[bytes]:
    """Pieces of text as larger pieces of bytes."""
    tampon: list[str] = []
    taille = 0
    for texte in textes:
        tampon.append(texte)
        taille += len(texte)
        if taille > _TAMPON:
            yield "".join(tampon).encode()
            tampon, taille = [], 0
    yield "".join(tampon).encode()


def _contenu(classeur: Classeur, plan: Plan) -> Iterator[str]:
    cumul = Cumul()
    yield CONTENU
    yield f"<office:automatic-styles>{colonnes(classeur)}{styles_de_cellule()}"
    yield "</office:automatic-styles><office:body><office:spreadsheet>"
    for feuille in classeur.feuilles:
        yield from _feuille(plan, cumul, feuille)
    yield _filtres(classeur, plan)
    yield "</office:spreadsheet></office:body></office:document-content>"


def _feuille(plan: Plan, cumul: Cumul, feuille: Feuille) -> Iterator[str]:
    nom, mise_en_page = quoteattr(feuille.nom), style_de_feuille(feuille)
    yield f'<table:table table:name={nom} table:style-name="{mise_en_page}">'
    for largeur in feuille.largeurs():
        yield f'<table:table-column table:style-name="col{largeur}"/>'
    suivante = 0
    for rangee in rangees(plan, cumul, feuille, _DIALECTE):
        for _ in range(rangee.ligne - suivante):
            yield "<table:table-row><table:table-cell/></table:table-row>"
        suivante = rangee.ligne + 1
        if feuille.est_liste and rangee.role == "entete":
            yield f"<table:table-header-rows>{_rangee(rangee)}</table:table-header-rows>"
        else:
            yield _rangee(rangee)
    yield "</table:table>"


def _rangee(rangee: Rangee) -> str:
    role = rangee.role
    cellules = "".join(
        _repetee(case, role) if case.formule is None else _cellule(case, style(role, case))
        for case in rangee.cases
    )
    return f"<table:table-row>{cellules}</table:table-row>"


@lru_cache(maxsize=8_192)
def _repetee(case: Case, role: Role) -> str:
    """A cell without formula: a list repeats them. Within a genre, equal values read the same."""
    return _cellule(case, style(role, case))


def _cellule(case: Case, nom_de_style: str) -> str:
    genre, valeur, formule, _ = case
    debut = f'<table:table-cell table:style-name="{nom_de_style}"'
    if formule is not None:
        debut += f" table:formula={quoteattr(f'of:={formule}')}"
    if valeur is None:
        return f"{debut}/>"
    if isinstance(valeur, str):
        return f'{debut} office:value-type="string">{_paragraphes(valeur)}</table:table-cell>'
    type_, montre = _typer(genre, valeur)
    return f"{debut} {type_}><text:p>{montre}</text:p></table:table-cell>"


def _typer(genre: Genre, valeur: Decimal | date) -> tuple[str, str]:
    """The value as OpenDocument types it, and as a person reads it in French."""
    if isinstance(valeur, datetime):
        montre = f"{valeur:%d/%m}/{valeur.year:04d} {valeur:%H:%M:%S}"
        return f'office:value-type="date" office:date-value="{valeur.isoformat()}"', montre
    if isinstance(valeur, date):
        montre = f"{valeur:%d/%m}/{valeur.year:04d}"
        return f'office:value-type="date" office:date-value="{valeur.isoformat()}"', montre
    if genre == "montant":
        type_ = f'office:value-type="currency" office:currency="EUR" office:value="{valeur}"'
        return type_, format_euros(int(valeur.scaleb(2)))
    if genre == "taux":
        montre = f"{valeur.scaleb(2):.2f} %".replace(".", ",")
        return f'office:value-type="percentage" office:value="{valeur}"', montre
    if genre == "points":
        return f'office:value-type="float" office:value="{valeur}"', points(valeur)
    montre = f"{valeur:,}".replace(",", " ") if genre == "centimes" else str(valeur)
    return f'office:value-type="float" office:value="{valeur}"', montre


def _paragraphes(texte: str) -> str:
    """A text as paragraphs, one a line, its spaces kept."""
    if _BLANCS_OU_LIGNES.search(texte) is None:
        return f"<text:p>{escape(texte)}</text:p>"
    lignes = escape(texte).split("\n")
    return "".join(f"<text:p>{_BLANCS.sub(_espaces, ligne)}</text:p>" for ligne in lignes)


def _espaces(blancs: re.Match[str]) -> str:
    return f'<text:s text:c="{len(blancs[0])}"/>'


def _filtres(classeur: Classeur, plan: Plan) -> str:
    """The filter buttons of every list."""
    plages = []
    for rang, feuille in enumerate(f for f in classeur.feuilles if f.est_liste):
        place = plan.places[feuille.tableaux[0].cle]
        nom = _citer(feuille.nom)
        fin = f"{nom}.{lettres(len(place.tableau.colonnes) - 1)}{place.fin + 1}"
        plages.append(
            f'<table:database-range table:name="__Anonymous_Sheet_DB__{rang}" '
            f"table:target-range-address={quoteattr(f'{nom}.A1:{fin}')} "
            'table:display-filter-buttons="true"/>'
        )
    if not plages:
        return ""
    return f"<table:database-ranges>{''.join(plages)}</table:database-ranges>"


def lettres(colonne: int) -> str:
    """The letters of a column, from 0: A, B, ... Z, AA."""
    texte = ""
    while colonne >= 0:
        colonne, reste = divmod(colonne, 26)
        texte = chr(65 + reste) + texte
        colonne -= 1
    return texte


def _citer(nom: str) -> str:
    return "'" + nom.replace("'", "''") + "'"


def _nommer(zone: Zone) -> str:
    feuille = "" if zone.feuille is None else f"${_citer(zone.feuille)}"
    if zone.debut == zone.fin and not feuille:
        return f"[.{lettres(zone.colonne)}{zone.debut + 1}]"
    debut = f"{feuille}.${lettres(zone.colonne)}${zone.debut + 1}"
    if zone.debut == zone.fin:
        return f"[{debut}]"
    return f"[{debut}:.${lettres(zone.colonne)}${zone.fin + 1}]"


_DIALECTE = Dialecte(_nommer, ";")
