"""The process that parses a workbook: a script of its own, killed with what it holds.

    python enfant.py MEMOIRE SECONDES OCTETS FICHIER            names of the sheets
    python enfant.py MEMOIRE SECONDES OCTETS FICHIER FEUILLE    the cells of one sheet

One JSON value a line on stdout. A parser of binary formats may use all the memory, abort or never
end on a hostile file: here it has its own memory and its own time, and takes nobody along. It
imports nothing of the project: a file named like one of its packages changes nothing.
"""

from __future__ import annotations

import datetime
import sys
from contextlib import suppress
from typing import Any

import msgspec
import python_calamine

CHIFFRE, ENDOMMAGE, DEMESURE = 3, 4, 5
"""Exit codes: asks for a password; does not parse; the answer is too long, or the disk full."""
FIN = b"null\n"
"""The last line: what comes before it is whole."""

RANGEE_MAX = 1 << 20
"""Bytes of one row: a text shared by ten thousand cells weighs nothing in the file."""
DEFAUT = {"defaut": f"ligne de plus de {RANGEE_MAX} octets"}
FUSIONS_MAX = 1000
"""Merged ranges that are told: they only explain headings."""


def main(arguments: list[str]) -> int:
    """Write what is asked; 0, or why not."""
    memoire, secondes, octets = map(int, arguments[:3])
    _borner(memoire, secondes, octets)
    fichier, feuille = arguments[3], arguments[4] if len(arguments) > 4 else None  # noqa: PLR2004
    ecrire = _Sortie()
    try:
        with open(fichier, "rb") as flux:  # noqa: PTH123 - nothing but what is needed
            classeur = python_calamine.load_workbook(flux)
            if feuille is None:
                ecrire(
                    [
                        [f.name, f.visible is python_calamine.SheetVisibleEnum.Visible]
                        for f in classeur.sheets_metadata
                        if f.typ is python_calamine.SheetTypeEnum.WorkSheet
                    ]
                )
            else:
                _ecrire_feuille(classeur.get_sheet_by_name(feuille), ecrire)
            ecrire.finir()
    except python_calamine.PasswordError:
        return CHIFFRE
    except python_calamine.CalamineError as erreur:
        sys.stderr.write(str(erreur)[:300])
        return ENDOMMAGE
    except OSError as erreur:
        sys.stderr.write(str(erreur)[:300])
        return DEMESURE
    return 0


class _Sortie:
    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._flux = sys.stdout.buffer

    def __call__(self, valeur: Any, *, defaut: Any = None) -> None:
        octets = self._encoder.encode(valeur)
        if defaut is not None and len(octets) > RANGEE_MAX:
            octets = self._encoder.encode(defaut)
        self._flux.write(octets + b"\n")

    def finir(self) -> None:
        self._flux.write(FIN)
        self._flux.flush()


def _ecrire_feuille(feuille: Any, ecrire: _Sortie) -> None:
    debut = feuille.start or (0, 0)
    fin = feuille.end or (0, 0)
    ecrire(
        {
            "colonne": debut[1],
            "hauteur": fin[0] + 1,
            "largeur": fin[1] + 1,
            "fusions": [[*a, *b] for a, b in (feuille.merged_cell_ranges or ())[:FUSIONS_MAX]],
        }
    )
    for rangee in feuille.iter_rows():
        ecrire([_cellule(valeur) for valeur in rangee], defaut=DEFAUT)


def _cellule(valeur: Any) -> Any:
    """A text or a boolean as it is; else its kind and its text. None when blank."""
    if isinstance(valeur, str):
        return valeur or None
    if isinstance(valeur, bool):
        return valeur
    if isinstance(valeur, int | float):
        texte = repr(valeur)
        return ["nombre", texte.removesuffix(".0")]
    if isinstance(valeur, datetime.datetime):
        minuit = valeur.time() == datetime.time()
        return ["date", valeur.date().isoformat() if minuit else valeur.isoformat()]
    if isinstance(valeur, datetime.date):
        return ["date", valeur.isoformat()]
    if isinstance(valeur, datetime.time | datetime.timedelta):
        return ["heure", str(valeur)]
    return ["erreur", str(valeur)]


def _borner(memoire: int, secondes: int, octets: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # no such limits on every system
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (secondes, secondes))
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
        resource.setrlimit(resource.RLIMIT_AS, (memoire, memoire))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
