"""What an ODS file says beside its cells: type, styles, page set-up, frozen panes, properties."""

from __future__ import annotations

from functools import cache
from typing import get_args
from xml.sax.saxutils import escape, quoteattr

from ledger.version import VERSION

from .modele import Classeur, Feuille, Genre
from .rangees import RETRAIT, Case, Role, a_la_seconde, surs

MIME = "application/vnd.oasis.opendocument.spreadsheet"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_ESPACES = " ".join(
    (
        f'xmlns:office="{_OASIS}:office:1.0"',
        f'xmlns:style="{_OASIS}:style:1.0"',
        f'xmlns:text="{_OASIS}:text:1.0"',
        f'xmlns:table="{_OASIS}:table:1.0"',
        f'xmlns:fo="{_OASIS}:xsl-fo-compatible:1.0"',
        f'xmlns:svg="{_OASIS}:svg-compatible:1.0"',
        f'xmlns:number="{_OASIS}:datastyle:1.0"',
        f'xmlns:meta="{_OASIS}:meta:1.0"',
        f'xmlns:config="{_OASIS}:config:1.0"',
        f'xmlns:of="{_OASIS}:of:1.2"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
        'office:version="1.3"',
    )
)
CONTENU = f"{_XML}<office:document-content {_ESPACES}>"
MANIFESTE = (
    f'{_XML}<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.3" '
    f'manifest:media-type="{MIME}"/>'
    + "".join(
        f'<manifest:file-entry manifest:full-path="{nom}" manifest:media-type="text/xml"/>'
        for nom in ("content.xml", "styles.xml", "settings.xml", "meta.xml")
    )
    + "</manifest:manifest>"
)
_POLICES = (
    '<office:font-face-decls><style:font-face style:name="texte" '
    'svg:font-family="\'Liberation Sans\'" style:font-family-generic="swiss"/>'
    "</office:font-face-decls>"
)
_GENRES: tuple[Genre, ...] = get_args(Genre)
_ROLES: dict[Role, tuple[str, str]] = {
    "titre": ("", 'fo:font-weight="bold" fo:font-size="16pt"'),
    "sous_titre": ("", 'fo:font-style="italic"'),
    "intitule": ("", 'fo:font-weight="bold" fo:font-size="12pt"'),
    "entete": (
        'fo:wrap-option="wrap" style:vertical-align="middle" fo:background-color="#e8edf3" '
        'fo:border-bottom="0.75pt solid #000000"',
        'fo:font-weight="bold"',
    ),
    "corps": ('style:vertical-align="top"', ""),
    "total": ('fo:border-top="0.75pt solid #000000"', 'fo:font-weight="bold"'),
}
_FRANCAIS = 'number:language="fr" number:country="FR"'
_NOMBRE_EUROS = (
    '<number:number number:decimal-places="2" number:min-decimal-places="2" '
    'number:min-integer-digits="1" number:grouping="true"/>'
    "<number:text> </number:text>"
    '<number:currency-symbol number:language="fr" number:country="FR">€</number:currency-symbol>'
)
_JOUR = (
    '<number:day number:style="long"/><number:text>/</number:text>'
    '<number:month number:style="long"/><number:text>/</number:text>'
    '<number:year number:style="long"/>'
)
_HEURE = (
    '<number:hours number:style="long"/><number:text>:</number:text>'
    '<number:minutes number:style="long"/><number:text>:</number:text>'
    '<number:seconds number:style="long"/>'
)
_FORMATS = (
    '<number:text-style style:name="f-texte"><number:text-content/></number:text-style>'
    f'<number:currency-style style:name="f-positif" style:volatile="true" {_FRANCAIS}>'
    f"{_NOMBRE_EUROS}</number:currency-style>"
    f'<number:currency-style style:name="f-montant" {_FRANCAIS}>'
    '<style:text-properties fo:color="#ff0000"/><number:text>-</number:text>'
    f'{_NOMBRE_EUROS}<style:map style:condition="value()&gt;=0" '
    'style:apply-style-name="f-positif"/></number:currency-style>'
    f'<number:number-style style:name="f-entier" {_FRANCAIS}>'
    '<number:number number:decimal-places="0" number:min-integer-digits="1"/>'
    "</number:number-style>"
    f'<number:number-style style:name="f-centimes" {_FRANCAIS}>'
    '<number:number number:decimal-places="0" number:min-integer-digits="1" '
    'number:grouping="true"/></number:number-style>'
    f'<number:percentage-style style:name="f-taux" {_FRANCAIS}>'
    '<number:number number:decimal-places="2" number:min-decimal-places="2" '
    'number:min-integer-digits="1"/><number:text> %</number:text></number:percentage-style>'
    f'<number:number-style style:name="f-points" {_FRANCAIS}>'
    '<number:number number:decimal-places="2" number:min-decimal-places="2" '
    'number:min-integer-digits="1"/><number:text> points</number:text></number:number-style>'
    f'<number:date-style style:name="f-date" {_FRANCAIS}>{_JOUR}</number:date-style>'
    f'<number:date-style style:name="f-instant" {_FRANCAIS}>{_JOUR}'
    f"<number:text> </number:text>{_HEURE}</number:date-style>"
)
_CADRE = (
    'fo:page-width="297mm" fo:page-height="210mm" style:print-orientation="landscape" '
    'fo:margin-top="15mm" fo:margin-bottom="10mm" fo:margin-left="15mm" fo:margin-right="15mm" '
    'style:print-page-order="ttb" style:first-page-number="continue"'
)
_PIED = (
    "<style:header-style/><style:footer-style><style:header-footer-properties "
    'fo:min-height="10mm" fo:margin-top="3mm" fo:margin-left="0mm" fo:margin-right="0mm"/>'
    "</style:footer-style>"
)
_MISES_EN_PAGE = "".join(
    f'<style:page-layout style:name="{nom}"><style:page-layout-properties {_CADRE} '
    f'style:scale-to-X="1" style:scale-to-Y="{hauteur}"/>{_PIED}</style:page-layout>'
    for nom, hauteur in (("liste", 0), ("page", 1))
)
"""A4 landscape, as wide as the sheet: on as many pages as it takes, or on one."""


def style(role: Role, case: Case) -> str:
    """The name of the style of a cell."""
    if case.pose == "replie":
        return f"{role}-replie"
    return f"{role}-{case.genre}{'-g' if case.pose else ''}"


@cache
def styles_de_cellule() -> str:
    """Number formats, then one cell style for each kind of row and of column."""
    trouves = []
    for role, (cellule, texte) in _ROLES.items():
        gauche = _RETRAIT if role in RETRAIT else ""
        for genre in _GENRES:
            cadrage = gauche if genre == "texte" else _A_DROITE
            trouves.append(_style(f"{role}-{genre}", genre, cellule, cadrage, texte))
            trouves.append(_style(f"{role}-{genre}-g", genre, cellule, gauche, texte))
        repli = cellule if "wrap-option" in cellule else f'{cellule} fo:wrap-option="wrap"'
        trouves.append(_style(f"{role}-replie", "texte", repli, gauche, texte))
    return _FORMATS + "".join(trouves)


_A_DROITE = '<style:paragraph-properties fo:text-align="end"/>'
_RETRAIT = '<style:paragraph-properties fo:text-align="start" fo:margin-left="2mm"/>'


def _style(nom: str, genre: Genre, cellule: str, cadrage: str, texte: str) -> str:
    return (
        f'<style:style style:name="{nom}" style:family="table-cell" '
        f'style:parent-style-name="Default" style:data-style-name="f-{genre}">'
        f"<style:table-cell-properties {cellule}/>{cadrage}"
        f"<style:text-properties {texte}/></style:style>"
    )


def colonnes(classeur: Classeur) -> str:
    """The style of a sheet, and a column style for each width that the workbook uses."""
    largeurs = sorted({largeur for f in classeur.feuilles for largeur in f.largeurs()})
    feuilles = "".join(
        f'<style:style style:name="{nom}" style:family="table" style:master-page-name="{nom}">'
        '<style:table-properties table:display="true" style:writing-mode="lr-tb"/></style:style>'
        for nom in ("liste", "page")
    )
    return feuilles + "".join(
        f'<style:style style:name="col{largeur}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{_millimetres(largeur)}"/>'
        "</style:style>"
        for largeur in largeurs
    )


def _millimetres(caracteres: int) -> str:
    """The width of so many characters, as XLSX counts them (1.9 mm each, and a margin)."""
    dixiemes = caracteres * 19 + 12
    return f"{dixiemes // 10}.{dixiemes % 10}mm"


def styles(classeur: Classeur) -> str:
    """The default style, and the printed page: A4 landscape, as wide as the sheet, its footer."""
    pied = escape(surs(classeur.pied)[:_PIED_MAX])
    return (
        f"{_XML}<office:document-styles {_ESPACES}>"
        f'{_POLICES}<office:styles><style:default-style style:family="table-cell">'
        '<style:text-properties style:font-name="texte" '
        'fo:font-size="10pt" fo:language="fr" fo:country="FR"/></style:default-style>'
        '<style:style style:name="Default" style:family="table-cell"/></office:styles>'
        f"<office:automatic-styles>{_MISES_EN_PAGE}</office:automatic-styles>"
        f"<office:master-styles>{_page_imprimee('liste', pied)}{_page_imprimee('page', pied)}"
        "</office:master-styles></office:document-styles>"
    )


def _page_imprimee(nom: str, pied: str) -> str:
    return (
        f'<style:master-page style:name="{nom}" style:page-layout-name="{nom}">'
        '<style:header style:display="false"/><style:footer>'
        f"<style:region-left><text:p>{pied}</text:p></style:region-left>"
        "<style:region-center><text:p><text:sheet-name>?</text:sheet-name></text:p>"
        "</style:region-center><style:region-right><text:p>page <text:page-number>1"
        "</text:page-number> / <text:page-count>1</text:page-count></text:p></style:region-right>"
        "</style:footer></style:master-page>"
    )


def style_de_feuille(feuille: Feuille) -> str:
    """The name of the style of a sheet, and of its printed page."""
    return "page" if feuille.tient_sur_une_page else "liste"


_PIED_MAX = 150


def meta(classeur: Classeur) -> str:
    """Title, subject, date and what wrote the file."""
    cree = a_la_seconde(classeur.cree_le).isoformat()
    return (
        f"{_XML}<office:document-meta {_ESPACES}><office:meta>"
        f"<meta:generator>fabriques-ledger/{VERSION}</meta:generator>"
        f"<dc:title>{escape(surs(classeur.titre))}</dc:title>"
        f"<dc:subject>{escape(surs(classeur.sujet))}</dc:subject>"
        f"<meta:creation-date>{cree}</meta:creation-date><dc:date>{cree}</dc:date>"
        "<dc:language>fr-FR</dc:language></office:meta></office:document-meta>"
    )


def parametres(classeur: Classeur) -> str:
    """What stays on screen: the headings of a list, the title of a page."""
    vues = "".join(_vue(feuille) for feuille in classeur.feuilles)
    active = escape(classeur.feuilles[0].nom)
    return (
        f"{_XML}<office:document-settings {_ESPACES}><office:settings>"
        '<config:config-item-set config:name="ooo:view-settings">'
        '<config:config-item-map-indexed config:name="Views"><config:config-item-map-entry>'
        '<config:config-item config:name="ViewId" config:type="string">view1'
        '</config:config-item><config:config-item config:name="ActiveTable" '
        f'config:type="string">{active}</config:config-item>'
        f'<config:config-item-map-named config:name="Tables">{vues}'
        "</config:config-item-map-named></config:config-item-map-entry>"
        "</config:config-item-map-indexed></config:config-item-set></office:settings>"
        "</office:document-settings>"
    )


def _vue(feuille: Feuille) -> str:
    colonnes_figees, lignes = feuille.figees_a_l_ecran
    membres = [
        ("VerticalSplitMode", "short", 2),
        ("VerticalSplitPosition", "int", lignes),
        ("PositionBottom", "int", lignes),
        ("ActiveSplitRange", "short", 3 if colonnes_figees else 2),
    ]
    if colonnes_figees:
        membres += [
            ("HorizontalSplitMode", "short", 2),
            ("HorizontalSplitPosition", "int", colonnes_figees),
            ("PositionRight", "int", colonnes_figees),
        ]
    items = "".join(
        f'<config:config-item config:name="{nom}" config:type="{type_}">{valeur}'
        "</config:config-item>"
        for nom, type_, valeur in membres
    )
    return (
        f"<config:config-item-map-entry config:name={quoteattr(feuille.nom)}>{items}"
        "</config:config-item-map-entry>"
    )
