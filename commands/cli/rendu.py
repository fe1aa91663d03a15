"""Rendering values: JSON, JSON lines, CSV, tables. Cents for programs, euros for people.

A structure name is data of outsiders: JSON escapes it, CSV defuses formulas, tables neutralise it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from .terminal import neutraliser

Cellule = str | int | bool | None
# what JSON lets through and a terminal would obey; escaped, the value is the same
_A_ECHAPPER = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_MOINS = 10
"""A shortened column keeps at least that many characters."""


class Colonne(NamedTuple):
    """A column of a table: heading, side, and whether it may be shortened with an ellipsis."""

    titre: str
    droite: bool = False
    souple: bool = False


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
    """A table for people, within `largeur` columns when its shortenable columns allow it."""
    from tabulate import tabulate  # noqa: PLC0415 - not needed by --help

    if not lignes:
        return "(aucune ligne)"
    propres = [[neutraliser(cellule) for cellule in ligne] for ligne in lignes]
    tailles = _tailles(colonnes, propres, largeur)
    coupees = [[raccourcir(c, t) for c, t in zip(ligne, tailles, strict=True)] for ligne in propres]
    # as ordinary rows: tabulate widens a column by two under its own headings
    titres = [[c.titre for c in colonnes], ["-" * taille for taille in tailles]]
    texte: str = tabulate(
        titres + coupees,
        tablefmt="plain",
        disable_numparse=True,
        colalign=["right" if c.droite else "left" for c in colonnes],
    )
    return "\n".join(ligne.rstrip() for ligne in texte.splitlines())


def _tailles(
    colonnes: Sequence[Colonne], lignes: Sequence[Sequence[str]], largeur: int
) -> list[int]:
    """The width of each column: natural, the last shortenable ones cut first until it fits."""
    tailles = [
        max(len(c.titre), *(len(ligne[rang]) for ligne in lignes))
        for rang, c in enumerate(colonnes)
    ]
    exces = sum(tailles) + 2 * (len(tailles) - 1) - largeur
    souples = [rang for rang, c in enumerate(colonnes) if c.souple]
    while exces > 0 and souples:
        rang = souples[-1]
        coupe = min(exces, tailles[rang] - max(_MOINS, len(colonnes[rang].titre)))
        if coupe > 0:
            tailles[rang] -= coupe
            exces -= coupe
        souples.pop()
    return tailles


def raccourcir(texte: str, taille: int) -> str:
    """The text in at most `taille` characters, with an ellipsis where it was cut."""
    return texte if len(texte) <= taille else f"{texte[: max(taille - 1, 0)]}…"


def pour_cent(dix_milliemes: int) -> str:
    """A rate in ten-thousandths, for people: `33,78 %`."""
    entier, reste = divmod(abs(dix_milliemes), 100)
    return f"{'-' if dix_milliemes < 0 else ''}{entier},{reste:02d} %"


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
