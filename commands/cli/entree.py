"""Reading commands, one a line, from a file or stdin: streamed, bounded, numbered."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import click

from commands.lecture_json import OCTETS_MAX
from ledger.erreurs import UsageError

from .terminal import raison

_BOM = b"\xef\xbb\xbf"
_LIGNE_MAX = OCTETS_MAX + 16
"""Bytes kept of one line: enough for the longest command, and to see that it is too long."""
LIGNE_ABANDON = 64 * 1024 * 1024
"""Bytes without the end of a line after which no end is waited for any more."""
VIDES_ABANDON = 10_000_000
"""Blank lines in a row after which no command is waited for: one a second lasts four months."""


class LigneSansFinError(UsageError):
    """What is read is not lines: a device, or a binary file."""

    code = "ligne_sans_fin"


class Ligne(NamedTuple):
    """One line that is not blank: its number (from 1), its bytes, what was read up to its end."""

    numero: int
    octets: bytes
    lus: int


@contextmanager
def ouvrir_entree(fichier: str) -> Iterator[IO[bytes]]:
    """The file, or stdin for `-`, in binary."""
    if fichier == "-":
        yield sys.stdin.buffer
        return
    try:
        flux = Path(fichier).open("rb")  # noqa: SIM115 - closed below, errors of opening apart
    except OSError as erreur:
        raise click.UsageError(
            f"Le fichier de commandes {fichier} ne peut pas être lu : {raison(erreur)}."
        ) from erreur
    with flux:
        yield flux


def lignes(flux: IO[bytes]) -> Iterator[Ligne]:
    """The lines that hold something. Of a line far too long only the beginning is kept.

    Blank lines are left out, so that a producer may keep its pipe alive; not without end.

    Raises: LigneSansFinError.
    """
    numero = lus = pleine = 0
    while morceau := flux.readline(_LIGNE_MAX):
        numero += 1
        debut = lus
        lus += len(morceau)
        reste = morceau
        while reste and not reste.endswith(b"\n") and len(reste) == _LIGNE_MAX:
            if lus - debut > LIGNE_ABANDON:
                raise LigneSansFinError(
                    f"La ligne {numero} n'a pas de fin : {lus - debut} octets lus, aucun retour "
                    "à la ligne.",
                    remede="Donner un fichier de commandes, un objet JSON par ligne ; les lignes "
                    "sans reçu n'ont pas été exécutées.",
                )
            reste = flux.readline(_LIGNE_MAX)
            lus += len(reste)
        if morceau.removeprefix(_BOM).strip():
            pleine = numero
            yield Ligne(numero, morceau, lus)
        elif numero - pleine > VIDES_ABANDON:
            raise LigneSansFinError(
                f"{numero - pleine} lignes vides de suite, jusqu'à la ligne {numero} : aucune "
                "commande ne vient.",
                remede="Vérifier ce qui produit les commandes ; les lignes sans reçu n'ont pas "
                "été exécutées.",
            )


def ouvre_un_programme(octets: bytes) -> bool:
    """Whether a line, even an invalid command, asks for OuvrirProgramme."""
    from commands.decider import sans_accents  # noqa: PLC0415

    try:
        donnees = json.loads(octets[:OCTETS_MAX].decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    verbe = donnees.get("commande") if isinstance(donnees, dict) else None
    return isinstance(verbe, str) and sans_accents(verbe) == "OuvrirProgramme"


def taille_connue(fichier: str) -> int | None:
    """The size of a regular file, for the progress bar."""
    if fichier == "-":
        return None
    chemin = Path(fichier)
    return chemin.stat().st_size if chemin.is_file() else None
