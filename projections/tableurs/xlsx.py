"""A workbook as XLSX, by XlsxWriter, row by row: the same bytes for the same value."""

from __future__ import annotations

import shutil
from datetime import date, datetime, time
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileSizeError
from xlsxwriter.format import Format
from xlsxwriter.utility import quote_sheetname, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from ledger.erreurs import UsageError

from .modele import Classeur, Feuille, Genre
from .plan import Cumul, Plan, Zone
from .rangees import RETRAIT, Case, Dialecte, Pose, Rangee, Role, a_la_seconde, rangees

_EUROS = "#,##0.00\\ [$€-40C]"
_FRANCAIS = "[$-40C]"
_NOMBRES: dict[Genre, str] = {
    "texte": "@",
    "montant": f"{_FRANCAIS}{_EUROS};[Red]{_FRANCAIS}\\-{_EUROS}",
    "entier": "0",
    "centimes": f"{_FRANCAIS}#,##0",
    "taux": f"{_FRANCAIS}0.00\\ %",
    "points": f'{_FRANCAIS}0.00\\ "points"',
    "date": "dd/mm/yyyy",
    "instant": "dd/mm/yyyy hh:mm:ss",
}
_POLICE = {"font_name": "Arial", "font_size": 10}
_ROLES: dict[Role, dict[str, Any]] = {
    "titre": {"bold": True, "font_size": 16},
    "sous_titre": {"italic": True},
    "intitule": {"bold": True, "font_size": 12},
    "entete": {
        "bold": True,
        "text_wrap": True,
        "valign": "vcenter",
        "bottom": 1,
        "bg_color": "#E8EDF3",
    },
    "corps": {"valign": "top"},
    "total": {"bold": True, "top": 1},
}
_PREMIER_SUR = date(1900, 3, 1)
"""Before it, Excel and the others count days differently: such a date is written as text."""
_ORIGINE = date(1899, 12, 30)
_SECONDES = Decimal(86_400)
_A4 = 9
_FRACTION = Decimal("1e-11")  # of a day: under a microsecond


def ecrire_xlsx(classeur: Classeur, flux: IO[bytes]) -> None:
    """Write the workbook as XLSX. Raises: UsageError when it is more than a sheet can hold."""
    plan = Plan(classeur)  # refused before anything is written
    with TemporaryFile() as fichier:  # a zip is not the same in a pipe and in a file
        livre = Workbook(
            fichier,
            {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False},
        )
        if not _remplir(livre, classeur, plan):
            raise UsageError(
                "Une feuille dépasse 2 Gio : c'est plus qu'un classeur xlsx ne tient pour Excel.",
                remede="Restreindre les dates (--au, --connu-au), ou écrire en ods, en csv ou en "
                "jsonl, qui n'ont pas cette limite.",
            )
        fichier.seek(0)
        shutil.copyfileobj(fichier, flux)


def _remplir(livre: Workbook, classeur: Classeur, plan: Plan) -> bool:
    """Whether the workbook holds: its zip must be freed, error and all, before its file closes."""
    try:
        with livre:
            _Livre(livre, classeur, plan).ecrire()
    except FileSizeError:
        return False
    return True


class _Page(Worksheet):  # type: ignore[misc]
    """A sheet where a text is a text: XlsxWriter takes `<r>…</r>` for its own rich text."""

    def _xml_rich_inline_string(self, string: str, attributes: Any = None) -> None:
        self._xml_inline_string(string, string != string.strip(), attributes)


class _Livre:
    """A workbook being written."""

    def __init__(self, livre: Workbook, classeur: Classeur, plan: Plan) -> None:
        self.livre, self.classeur, self.plan = livre, classeur, plan
        self.formats: dict[tuple[Role, Genre, Pose], Format] = {}
        self.cumul = Cumul()

    def ecrire(self) -> None:
        """Properties, then every sheet."""
        c = self.classeur
        self.livre.set_properties(
            {"title": c.titre, "subject": c.sujet, "created": a_la_seconde(c.cree_le), "author": ""}
        )
        self.livre.set_calc_mode("auto")
        for feuille in c.feuilles:
            self._feuille(self.livre.add_worksheet(feuille.nom, _Page), feuille)

    def _feuille(self, page: Worksheet, feuille: Feuille) -> None:
        for rang, largeur in enumerate(feuille.largeurs()):
            page.set_column(rang, rang, largeur)
        self._imprimer(page, feuille)
        figees, lignes = feuille.figees_a_l_ecran
        page.freeze_panes(lignes, figees)
        if feuille.est_liste:
            place = self.plan.places[feuille.tableaux[0].cle]
            page.repeat_rows(0)
            page.autofilter(0, 0, place.fin, len(place.tableau.colonnes) - 1)
        for rangee in rangees(self.plan, self.cumul, feuille, _DIALECTE):
            self._rangee(page, rangee)

    def _imprimer(self, page: Worksheet, feuille: Feuille) -> None:
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, int(feuille.tient_sur_une_page))
        page.set_margins(left=_pouces(15), right=_pouces(15), top=_pouces(15), bottom=_pouces(20))
        pied = self.classeur.pied.replace("&", "&&")[:150]
        page.set_footer(f"&L&9{pied}&C&9&A&R&9page &P / &N")

    def _rangee(self, page: Worksheet, rangee: Rangee) -> None:
        for rang, case in enumerate(rangee.cases):
            forme = self._format(rangee.role, case.genre, case.pose)
            valeur, formule = case.valeur, case.formule
            if formule is not None:
                page.write_formula(rangee.ligne, rang, f"={formule}", forme, _calculee(case))
            elif valeur is None:
                if rangee.role == "total":
                    page.write_blank(rangee.ligne, rang, None, forme)
            elif isinstance(valeur, str):
                page.write_string(rangee.ligne, rang, valeur, forme)
            elif isinstance(valeur, Decimal):
                page.write_number(rangee.ligne, rang, _exact(valeur), forme)
            elif not isinstance(valeur, datetime) and valeur < _PREMIER_SUR:
                page.write_string(rangee.ligne, rang, valeur.isoformat(), forme)
            else:
                page.write_number(rangee.ligne, rang, _exact(_jours(valeur)), forme)

    def _format(self, role: Role, genre: Genre, pose: Pose) -> Format:
        forme = self.formats.get((role, genre, pose))
        if forme is None:
            definition = {**_POLICE, **_ROLES[role], "num_format": _NOMBRES[genre]}
            if genre != "texte" and not pose:
                definition["align"] = "right"
            elif role in RETRAIT:
                definition |= {"align": "left", "indent": 1}
            if pose == "replie":
                definition["text_wrap"] = True
            forme = self.formats[role, genre, pose] = self.livre.add_format(definition)
        return forme


def _calculee(case: Case) -> Any:
    """The cached value of a formula as XlsxWriter takes it."""
    valeur = case.valeur
    if valeur is None or isinstance(valeur, str | Decimal):
        return "" if valeur is None else valeur
    return _jours(valeur)


def _jours(valeur: date) -> Decimal:
    """A date or an instant as spreadsheets count it: days since the end of 1899."""
    if isinstance(valeur, datetime):
        jours = Decimal((valeur.date() - _ORIGINE).days)
        reste = valeur - datetime.combine(valeur.date(), time())
        return jours + (Decimal(reste.seconds) / _SECONDES).quantize(_FRACTION)
    return Decimal((valeur - _ORIGINE).days)


def _exact(valeur: Decimal) -> Any:
    """XlsxWriter prints the number it is given, to 16 digits: a Decimal goes through unchanged."""
    return valeur


def _pouces(millimetres: int) -> Any:
    return _exact((Decimal(millimetres) * 10 / 254).quantize(Decimal("0.001")))


def _nommer(zone: Zone) -> str:
    absolu = zone.feuille is not None or zone.debut != zone.fin
    debut = xl_rowcol_to_cell(zone.debut, zone.colonne, row_abs=absolu, col_abs=absolu)
    fin = xl_rowcol_to_cell(zone.fin, zone.colonne, row_abs=absolu, col_abs=absolu)
    etendue = debut if zone.debut == zone.fin else f"{debut}:{fin}"
    return etendue if zone.feuille is None else f"{quote_sheetname(zone.feuille)}!{etendue}"


_DIALECTE = Dialecte(_nommer, ",")
