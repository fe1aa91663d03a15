"""Text measured in columns of a terminal: cut, folded, padded, whatever its characters.

A wide character (CJK, emoji) takes two columns, a combining mark none. What is not sure is counted
wide: a line may be a column short, never one too long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

MOT_MAX = 64
"""Columns up to which a word is never broken: a root, a digest, an identifier stays copyable."""
FIN = 6
"""Columns kept of the end of an identifier: a hyphen and a postcode."""
_ETIREURS = frozenset("\ufe0f")
"""Marks that some terminals answer by widening the character before them."""
# an amount, a rate, and what French puts before or after its signs, stay on one line
_LIE = re.compile(
    r"[0-9]{1,3}(?: [0-9]{3})*(?:,[0-9]+)? [€%]|[0-9]{1,3}(?: [0-9]{3})+"
    r"| (?=[:;?!»·])| (?=\([0-9]+\))|« |n° "
)
_LIEN = "\x00"
"""Stands for a space that must not be a line break: no harmless text holds it."""


@lru_cache(maxsize=4096)
def _colonnes(signe: str) -> int:
    if unicodedata.category(signe) in ("Mn", "Me"):
        return 1 if signe in _ETIREURS else 0
    return 2 if unicodedata.east_asian_width(signe) in ("W", "F") else 1


def mesurer(texte: str) -> int:
    """The columns that a text takes."""
    return len(texte) if texte.isascii() else sum(map(_colonnes, texte))


def remplir(texte: str, taille: int, *, droite: bool = False) -> str:
    """The text padded with spaces to `taille` columns."""
    vide = " " * (taille - mesurer(texte))
    return vide + texte if droite else texte + vide


def _debut(texte: str, taille: int) -> str:
    """The longest beginning in at most `taille` columns."""
    place = 0
    for rang, signe in enumerate(texte):
        place += _colonnes(signe)
        if place > taille:
            return texte[:rang]
    return texte


def raccourcir(texte: str, taille: int) -> str:
    """The text in at most `taille` columns, with an ellipsis where it was cut."""
    if len(texte) <= taille // 2 or mesurer(texte) <= taille:
        return texte
    return f"{_debut(texte, max(taille - 1, 0))}…"


def raccourcir_au_milieu(texte: str, taille: int) -> str:
    """The same, cut in its middle: the end of an identifier tells it from its neighbours."""
    if len(texte) <= taille // 2 or mesurer(texte) <= taille:
        return texte
    fin = ""
    for signe in reversed(texte[-taille:]):
        if mesurer(signe + fin) > min(max(taille - 1, 0) // 2, FIN):
            break
        fin = signe + fin
    while fin and not _colonnes(fin[0]):  # a mark whose character was cut
        fin = fin[1:]
    return f"{_debut(texte, max(taille - 1, 0) - mesurer(fin))}…{fin}"


def replier(texte: str, largeur: int, *, debut: str = "", suite: str = "") -> str:
    """A sentence on lines of at most `largeur` columns, amounts whole.

    `debut` opens the first line, `suite` the next ones. A word that one line holds is never broken:
    too long beside them, it gets its own line.
    """
    place = max(largeur - max(mesurer(debut), mesurer(suite)), 2)
    lignes: list[str] = []
    ligne, vide = debut, True
    for mot in _mots(texte, place, max(largeur, MOT_MAX)):
        seul = mesurer(mot) > place
        if not vide and (seul or mesurer(ligne) + 1 + mesurer(mot) > largeur):
            lignes.append(ligne.rstrip())
            ligne, vide = suite, True
        if seul:
            lignes += [ligne.rstrip(), mot] if ligne.strip() else [mot]
            ligne = suite
            continue
        ligne += mot if vide else f" {mot}"
        vide = False
    return "\n".join([*lignes, ligne.rstrip()] if not vide or not lignes else lignes)


def _mots(texte: str, place: int, plus_long: int) -> Iterator[str]:
    """The words; an amount is one; of a word that no line holds, its pieces."""
    for mot in _LIE.sub(lambda lie: lie[0].replace(" ", _LIEN), texte).split(" "):
        lie = mot.replace(_LIEN, " ")
        for entier in [lie] if mesurer(lie) <= place else lie.split(" "):
            reste = entier
            while mesurer(reste) > plus_long:
                morceau = _debut(reste, place)
                yield morceau
                reste = reste[len(morceau) :]
            yield reste


def commande(arguments: Iterable[str], largeur: int, *, retrait: str = "  ") -> str:
    """A command to copy: cut between two arguments, where the shell goes on reading.

    An argument is never cut, and may pass the width: half a file name would be another file.
    """
    lignes: list[str] = []
    ligne = retrait
    for argument in arguments:
        if ligne.strip() and mesurer(ligne) + mesurer(argument) + len("  \\") > largeur:
            lignes.append(f"{ligne} \\")
            ligne = f"{retrait}    {argument}"
        else:
            ligne += f" {argument}" if ligne.strip() else argument
    return "\n".join([*lignes, ligne])
