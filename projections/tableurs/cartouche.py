"""What a workbook shows, and how to find it again: programme, position, root, dates, rules, engine.

Every workbook ends with a control sheet: this heading, then totals in cents beside what the sheets
add up to, compared by formulas. A cell changed by hand shows there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from ledger.erreurs import UsageError
from ledger.preuve.merkle import racine_base64
from ledger.temps import format_date
from ledger.version import VERSION

from ..situation import Vue
from .modele import (
    Cellule,
    Classeur,
    Colonne,
    Feuille,
    Formule,
    Genre,
    Ligne,
    Nombre,
    Somme,
    Sommes,
    Tableau,
)

SANS_DATE = datetime(1980, 1, 1, tzinfo=UTC)
"""The creation date of a workbook of an empty journal."""


class Cartouche(NamedTuple):
    """Which view a workbook shows. `cree_le` is when the last line known was recorded."""

    programme: str
    intitule: str
    position: int
    racine: str
    cree_le: datetime
    au: date | None
    date_de_vue: date | None
    regles_version: int | None
    autres: tuple[tuple[str, Cellule], ...] = ()
    """Further lines of the control sheet, such as the second point of a comparison."""

    @property
    def resume(self) -> str:
        """Programme, position and effect date on one line: the subtitle of a page, the footer."""
        if self.au is not None:
            quand = f"faits jusqu'au {format_date(self.au)}"
        elif self.date_de_vue is not None:
            quand = f"tous les faits, jusqu'au {format_date(self.date_de_vue)}"
        else:
            quand = "aucun fait"
        return f"{self.programme} · {quand} · connu à la position {self.position}"


class Attendu(NamedTuple):
    """A total of the projections, to be found again in a column: cents, or a plain number.

    `formule` is what the sheet gives, in the same unit; `trouve` its value from the sums written.
    """

    libelle: str
    valeur: int
    formule: str
    trouve: Callable[[Sommes], int]


def cartouche(vue: Vue, *autres: tuple[str, Cellule]) -> Cartouche:
    """The heading of a view made by `regarder`.

    When more was read than is known, the last line known is read again: the base must be open.
    Raises: UsageError for a view made otherwise; ChainBrokenError; StoreError.
    """
    situation = vue.situation
    return Cartouche(
        vue.programme,
        situation.intitule,
        situation.position,
        racine_base64(vue.racine),
        _instant(vue),
        vue.au,
        vue.date_de_vue,
        None if situation.regles is None else situation.regles.dernieres()[1],
        autres,
    )


def _instant(vue: Vue) -> datetime:
    journal, position = vue.journal, vue.situation.position
    if journal is None:
        raise UsageError(f"Cette vue de {vue.programme} n'est pas lue d'un journal.")
    if position == 0:
        return SANS_DATE
    if journal.taille == position:
        return datetime.fromisoformat(journal.dernier_instant)
    dernier = journal.lire_un(position)
    return SANS_DATE if dernier is None else datetime.fromisoformat(dernier.enregistre_le)


def somme(libelle: str, valeur: int, tableau: str, *colonnes: str) -> Attendu:
    """A total in cents, to be found in a column of amounts, or in several added up."""
    etendues = "+".join(f"SUM({{{tableau}.{colonne}}})" for colonne in colonnes)
    return Attendu(
        libelle,
        valeur,
        f"ROUND(({etendues})*100;0)",
        lambda sommes: sum(sommes[Somme(tableau, colonne)] for colonne in colonnes),
    )


def total(libelle: str, tableau: Tableau, colonne: str) -> Attendu:
    """What a column adds up to, whoever made its cells. The lines must be in memory."""
    rang = tableau.rang(colonne)
    valeur = additionner(tableau, rang)
    etendue = f"SUM({{{tableau.cle}.{colonne}}})"
    parts = _PARTS.get(tableau.colonnes[rang].genre)
    formule = etendue if parts is None else f"ROUND(({etendue})*{parts};0)"
    return Attendu(libelle, valeur, formule, lambda sommes: sommes[Somme(tableau.cle, colonne)])


_PARTS: dict[Genre, int] = {"montant": 100, "taux": 10_000, "points": 100}
"""How many units of the integer make one of what the cell holds."""


def totaux(libelle: str, tableau: Tableau) -> Attendu:
    """The line of totals of a page, added up: a total typed over is seen, the lines being right.

    Not for a list, whose totals follow its filters.
    """
    sommees = [(r, c) for r, c in enumerate(tableau.colonnes) if c.total]
    valeur = sum(additionner(tableau, rang) for rang, _ in sommees)
    cases = {c.cle: f"{{{tableau.cle}.{c.cle}@total}}" for _, c in sommees}
    montants = [cases[c.cle] for _, c in sommees if c.genre == "montant"]
    en_centimes = [f"ROUND(({'+'.join(montants)})*100;0)"] if montants else []
    nombres = [cases[c.cle] for _, c in sommees if c.genre != "montant"]
    return Attendu(
        libelle,
        valeur,
        "+".join(en_centimes + nombres),
        lambda sommes: sum(sommes[Somme(tableau.cle, c.cle)] for _, c in sommees),
    )


def cellule(
    libelle: str, tableau: Tableau, colonne: str, ligne: int, valeur: int | Nombre
) -> Attendu:
    """One cell, by its line: cents, or a plain number."""
    genre = tableau.colonnes[tableau.rang(colonne)].genre
    if isinstance(valeur, Nombre):
        valeur, genre = valeur
    attendue = valeur
    case = f"{{{tableau.cle}.{colonne}@{ligne}}}"
    formule = f"ROUND({case}*100;0)" if genre == "montant" else case
    return Attendu(libelle, attendue, formule, lambda _: attendue)


def compte(libelle: str, tableau: Tableau, valeur: int | None = None) -> Attendu:
    """The number of lines, found as the cells filled of the first column, which every line fills.

    A table without lines says so in that column.
    """
    nombre = tableau.nombre
    formule = f"COUNTA({{{tableau.cle}.{tableau.colonnes[0].cle}}})"
    return Attendu(
        libelle,
        nombre if valeur is None else valeur,
        formule if nombre else f"{formule}-1",
        lambda _: nombre,
    )


def classeur(
    titre: str, vue: Cartouche, feuilles: Iterable[Feuille], attendus: Sequence[Attendu]
) -> Classeur:
    """A workbook: the sheets, then the control sheet. The footer names programme and position."""
    return Classeur(
        titre=f"{titre} · {vue.programme}",
        sujet=vue.resume,
        pied=f"{vue.programme} · position {vue.position}",
        cree_le=vue.cree_le,
        feuilles=(*feuilles, controle(vue, attendus)),
    )


def additionner(tableau: Tableau, rang: int) -> int:
    """The integers of a column added up, those of formulas included, as a writer counts them."""
    total = 0
    for ligne in tableau.lignes:
        cellule = ligne[rang]
        valeur = cellule.valeur if isinstance(cellule, Formule) else cellule
        if isinstance(valeur, int):
            total += valeur
    return total


def controle(vue: Cartouche, attendus: Sequence[Attendu]) -> Feuille:
    """The control sheet: what is shown, then each total against the sheets."""
    identite = _identite(vue, attendus)
    if not attendus:
        return Feuille("Contrôle", (identite,), sous_titre=vue.resume)
    titre = "Totaux : montants en centimes, et nombres"
    tableau = Tableau("totaux", titre, _TOTAUX, _lignes(attendus), len(attendus))
    return Feuille("Contrôle", (identite, tableau), sous_titre=vue.resume)


def _identite(vue: Cartouche, attendus: Sequence[Attendu]) -> Tableau:
    ou = f"--base BASE --programme {vue.programme}"
    lignes: list[Ligne] = [
        ["Programme", vue.programme],
        ["Intitulé", vue.intitule],
        ["Position du journal", vue.position],
        ["Racine du journal à cette position", vue.racine],
        ["Dernier fait connu enregistré le (UTC)", vue.cree_le if vue.position else "aucun"],
        ["Faits comptés jusqu'au", vue.au or "tous"],
        ["Statuts lus au", vue.date_de_vue or "sans objet"],
        ["Version des règles (position)", vue.regles_version],
        ["Moteur", f"fabriques-ledger {VERSION}"],
        *([quoi, valeur] for quoi, valeur in vue.autres),
        ["Retrouver la racine", f"fabriques releve {ou} --connu-au {vue.position}"],
        ["Vérifier le journal", f"fabriques verifier {ou}"],
    ]
    if attendus:
        verdict = Formule('IF(SUMSQ({totaux.ecart})=0;"conforme";"écart")', _verdict(*attendus))
        lignes.append(["Les feuilles redonnent les totaux", verdict])
    colonnes = (Colonne("quoi", "Contrôle", largeur=44), Colonne("valeur", "Valeur", largeur=24))
    return Tableau("identite", "Ce que montre ce classeur", colonnes, lignes, len(lignes))


_TOTAUX = (
    Colonne("quoi", "Total", largeur=44),
    Colonne("attendu", "Chiffre du journal", "centimes", 24),
    Colonne("trouve", "Somme de la feuille", "centimes", 24),
    Colonne("ecart", "Écart", "centimes", 14),
    Colonne("verdict", "Verdict", largeur=14),
)


def _lignes(attendus: Sequence[Attendu]) -> list[Ligne]:
    return [
        [
            a.libelle,
            a.valeur,
            Formule(a.formule, a.trouve),
            Formule("{trouve}-{attendu}", _difference(a)),
            Formule('IF({ecart}=0;"conforme";"écart")', _verdict(a)),
        ]
        for a in attendus
    ]


def _difference(attendu: Attendu) -> Callable[[Sommes], int]:
    return lambda sommes: attendu.trouve(sommes) - attendu.valeur


def _verdict(*attendus: Attendu) -> Callable[[Sommes], str]:
    return lambda sommes: (
        "conforme" if all(a.trouve(sommes) == a.valeur for a in attendus) else "écart"
    )
