"""What touches the terminal: encoding of the streams, width, harmless text, progress, messages."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from contextlib import suppress

LARGEUR = 80
"""Columns of a table that is not shown on a terminal."""

# control and bidirectional characters: a stored name must not move the cursor nor swap columns
_DANGEREUX = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)
# a heap of marks on one letter is drawn over the lines around it; no language needs five
_EMPILES = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


def regler_les_flux() -> None:
    """UTF-8 whatever the machine's locale, and never a crash on a character."""
    # a stream that the caller closed is None: nothing is read from it, nothing shown on it
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for flux in (sys.stdout, sys.stderr):
        reconfigurer = getattr(flux, "reconfigure", None)
        if reconfigurer is not None:
            reconfigurer(encoding="utf-8", errors="backslashreplace")


def neutraliser(texte: str) -> str:
    """The text on one line, every control or bidirectional character made visible and harmless."""
    if texte.isascii() and texte.isprintable():
        return texte
    return _EMPILES.sub(r"\1", _DANGEREUX.sub("\N{REPLACEMENT CHARACTER}", texte))


def pour_terminal(octets: bytes) -> bytes:
    """JSON for a terminal: the same value, whatever a terminal would obey written as an escape."""
    texte = octets.decode("utf-8", "backslashreplace")
    return _DANGEREUX.sub(lambda c: f"\\u{ord(c[0]):04x}", texte).encode("utf-8")


def largeur(sortie: str | None = None) -> int:
    """Columns available: those of the terminal or of COLUMNS, 80 in a pipe or in the file `sortie`.

    A report sent to a file is the same whatever the window that it was made from.
    """
    sur_terminal = sortie in (None, "-") and sys.stdout.isatty()
    if "COLUMNS" in os.environ or sur_terminal:
        return max(shutil.get_terminal_size((LARGEUR, 24)).columns, 40)
    return LARGEUR


def largeur_des_messages() -> int:
    """Columns of the terminal that shows stderr."""
    try:
        return max(os.get_terminal_size(sys.stderr.fileno()).columns, 20)
    except (OSError, ValueError, AttributeError):
        return LARGEUR


def avertir(phrase: str) -> None:
    """One sentence on stderr. Line feeds are ours; anything else is neutralised."""
    lignes = (neutraliser(ligne) for ligne in phrase.split("\n"))
    with suppress(OSError, ValueError):  # when nobody reads stderr, the exit code still says it
        sys.stderr.write("\n".join(lignes) + "\n")
        sys.stderr.flush()


_SYSTEME = {
    errno.EACCES: "les droits ne suffisent pas",
    errno.EADDRINUSE: "un autre programme y écoute déjà",
    errno.EADDRNOTAVAIL: "cette adresse n'est pas celle de la machine",
    errno.EIO: "le disque ne répond pas",
    errno.EISDIR: "c'est un dossier",
    errno.ENOENT: "le fichier ou le dossier n'existe pas",
    errno.ENOTDIR: "un élément du chemin n'est pas un dossier",
    errno.ENOSPC: "il n'y a plus de place sur le disque",
    errno.EROFS: "le disque est en lecture seule",
}


def raison(erreur: OSError) -> str:
    """Why the system refused, in French where it is a common reason."""
    return _SYSTEME.get(erreur.errno or 0, erreur.strerror or str(erreur))
