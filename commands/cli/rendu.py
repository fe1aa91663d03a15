"""Rendering values: JSON, JSON lines, CSV, tables. Cents for programs, euros for people.

A structure name is data of outsiders: JSON escapes it, CSV defuses formulas, tables neutralise it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec

from .largeurs import mesurer, raccourcir, raccourcir_au_milieu, remplir, replier
from .terminal import neutraliser

Cellule = str | int | bool | None
# what JSON lets through and a terminal would obey; escaped, the value is the same
_A_ECHAPPER = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_MOINS = 10
"""A shortened column keeps at least that many columns of the terminal."""
_LISIBLE = 12
"""And an identifier that many, while labels can be folded instead."""
_LIGNES_FICHE = 3
"""Lines that a shortened text may take in a block."""


class Colonne(NamedTuple):
    """A column of a table: heading, side, and how it gives way when the table is too wide.

    A text is shortened with an ellipsis, an identifier in its middle, a label folded on several
    lines; anything else (an amount, a date, a root) stays whole.
    """

    titre: str
    droite: bool = False
    souple: Literal["", "texte", "libelle", "cle"] = ""


def json_indente(valeur: Any) -> bytes:
    """One JSON value for programs and people: members in the order of the contract, line feed."""
    return _echapper(msgspec.json.format(msgspec.json.encode(valeur), indent=2)) + b"\n"


def json_ligne(valeur: Any) -> bytes:
    """One JSON value on one line, line feed included."""
    return _echapper(msgspec.json.encode(valeur)) + b"\n"


def _echapper(octets: bytes) -> bytes:
    if octets.isascii() and b"\x7f" not in octets:
        return octets
    texte = octets.decode("utf-8")
    return _A_ECHAPPER.sub(lambda c: f"\\u{ord(c[0]):04x}", texte).encode("utf-8")


def csv_lignes(colonnes: Sequence[str], lignes: Iterable[Mapping[str, Cellule]]) -> Iterator[bytes]:
    """CSV: UTF-8, comma, ASCII headings, amounts in cents, formulas defused."""
    from projections.tableur import cellule  # noqa: PLC0415 - not needed by --help

    tampon = io.StringIO()
    redacteur = csv.writer(tampon, lineterminator="\n")
    redacteur.writerow(colonnes)
    for ligne in lignes:
        redacteur.writerow([cellule(ligne.get(colonne)) for colonne in colonnes])
        if tampon.tell() > io.DEFAULT_BUFFER_SIZE:
            yield tampon.getvalue().encode("utf-8", "backslashreplace")
            tampon.seek(0)
            tampon.truncate()
    yield tampon.getvalue().encode("utf-8", "backslashreplace")


def aplatir(valeur: Any) -> dict[str, Cellule]:
    """A struct as one CSV line: the members of an inner object become `member_inner`."""
    plat: dict[str, Cellule] = {}
    for nom, membre in msgspec.to_builtins(valeur).items():
        if isinstance(membre, dict):
            plat.update({f"{nom}_{sous}": interne for sous, interne in membre.items()})
        else:
            plat[nom] = membre
    return plat


def tableau(colonnes: Sequence[Colonne], lignes: Sequence[Sequence[str]], *, largeur: int) -> str:
    """A table for people, within `largeur` columns: one row a line, or one block a row.

    Texts are shortened first, then identifiers, then labels folded. An amount, a date, a number is
    never cut: when they do not fit, each row becomes a block of named values.
    """
    if not lignes:
        return "(aucune ligne)"
    propres = [[neutraliser(cellule) for cellule in ligne] for ligne in lignes]
    tailles = _tailles(colonnes, propres, largeur)
    if sum(tailles) + 2 * (len(tailles) - 1) > largeur:
        return "\n\n".join(_fiche(colonnes, ligne, largeur) for ligne in propres)
    traits = ["-" * taille for taille in tailles]
    montrees = [[c.titre for c in colonnes], traits, *propres]
    return "\n".join(texte for ligne in montrees for texte in _en_ligne(colonnes, ligne, tailles))


def _tailles(
    colonnes: Sequence[Colonne], lignes: Sequence[Sequence[str]], largeur: int
) -> list[int]:
    """The width of each column: natural, then less where it may be, the widest first."""
    tailles = [
        max(mesurer(c.titre), *(mesurer(ligne[rang]) for ligne in lignes))
        for rang, c in enumerate(colonnes)
    ]
    exces = sum(tailles) + 2 * (len(tailles) - 1) - largeur
    for genre, moins in (("texte", _MOINS), ("cle", _LISIBLE), ("libelle", 0), ("cle", _MOINS)):
        planchers = {
            rang: max(mesurer(c.titre), moins or _plus_long_mot(lignes, rang))
            for rang, c in enumerate(colonnes)
            if c.souple == genre
        }
        while exces > 0 and planchers:
            rang = max(planchers, key=lambda r: tailles[r] - planchers[r])
            if tailles[rang] <= planchers[rang]:
                break
            tailles[rang] -= 1
            exces -= 1
    return tailles


def _plus_long_mot(lignes: Sequence[Sequence[str]], rang: int) -> int:
    """The columns that a label needs, folded: a word of it is never broken."""
    return max(mesurer(mot) for ligne in lignes for mot in ligne[rang].split(" "))


def _en_ligne(
    colonnes: Sequence[Colonne], ligne: Sequence[str], tailles: Sequence[int]
) -> Iterator[str]:
    """A row: one line, or several when a label is folded."""
    cellules = []
    for colonne, texte, taille in zip(colonnes, ligne, tailles, strict=True):
        match colonne.souple:
            case "libelle":
                cellules.append(replier(texte, taille).split("\n"))
            case "cle":
                cellules.append([raccourcir_au_milieu(texte, taille)])
            case _:
                cellules.append([raccourcir(texte, taille)])
    for rang in range(max(map(len, cellules))):
        morceaux = (
            remplir(cellule[rang] if rang < len(cellule) else "", taille, droite=colonne.droite)
            for colonne, cellule, taille in zip(colonnes, cellules, tailles, strict=True)
        )
        yield "  ".join(morceaux).rstrip()


def _fiche(colonnes: Sequence[Colonne], ligne: Sequence[str], largeur: int) -> str:
    """A row as a block: one named value a line, below its name when both do not fit."""
    marge = max(mesurer(c.titre) for c in colonnes) + 2
    textes = []
    for colonne, texte in zip(colonnes, ligne, strict=True):
        if not texte:
            continue
        titre = remplir(colonne.titre, marge)
        coupe = raccourcir(texte, largeur * _LIGNES_FICHE) if colonne.souple else texte
        if mesurer(titre) + mesurer(coupe) <= largeur:
            textes.append(titre + coupe)
        else:
            textes += [colonne.titre, replier(coupe, largeur, debut="  ", suite="  ")]
    return "\n".join(textes)


def pour_cent(dix_milliemes: int) -> str:
    """A rate in ten-thousandths, for people: `33,78 %`."""
    entier, reste = divmod(abs(dix_milliemes), 100)
    return f"{'-' if dix_milliemes < 0 else ''}{entier},{reste:02d} %"


def points(dix_milliemes: int) -> str:
    """The difference of two rates, for people: `-0,50 point`."""
    mot = "point" if abs(dix_milliemes) < 200 else "points"  # noqa: PLR2004 - French: from 2 on
    return f"{pour_cent(dix_milliemes).removesuffix(' %')} {mot}"


def date_iso(texte: str) -> str:
    """An ISO date of a figure, for people: `03/02/2020`."""
    jour = date.fromisoformat(texte)
    return f"{jour.day:02d}/{jour.month:02d}/{jour.year:04d}"


def accorder(nombre: int, mot: str) -> str:
    """A count with its word: `0 refusée`, `2 refusées`."""
    pluriel = " ".join(f"{m}s" for m in mot.split(" "))
    return f"{nombre} {mot if nombre <= 1 else pluriel}"


def accorder_deja(nombre: int, mot: str) -> str:
    """A count of what was already so: `0 déjà exécutée`, `2 déjà exécutées`."""
    return f"{nombre} déjà {mot}{'s' if nombre > 1 else ''}"
