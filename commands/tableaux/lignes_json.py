"""JSON lines of a file, numbered, in a stream, with the digest of what is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from ..lecture_json import OCTETS_MAX
from .tableau import copier, nom_de

_BOM = b"\xef\xbb\xbf"
_LIGNE_MAX = OCTETS_MAX + 16


class LignesJson(Struct, frozen=True):
    """JSON lines that can be read; `lire` gives number (from 1) and bytes of those not blank."""

    nom: str
    sha256: str
    lire: Callable[[], Iterator[tuple[int, bytes]]]


@contextmanager
def ouvrir_lignes(fichier: str | Path) -> Iterator[LignesJson]:
    """The lines of a file (`-`: standard input). Raises: TableauIllisible."""
    nom = nom_de(fichier)
    with TemporaryDirectory(prefix="fabriques-") as dossier:
        copie = Path(dossier) / "lignes"
        empreinte, _ = copier(fichier, copie, nom)
        yield LignesJson(nom, empreinte, lambda: _lire(copie))


def _lire(copie: Path) -> Iterator[tuple[int, bytes]]:
    numero = 0
    with copie.open("rb") as flux:
        while morceau := flux.readline(_LIGNE_MAX):
            numero += 1
            reste = morceau
            while reste and not reste.endswith(b"\n") and len(reste) == _LIGNE_MAX:
                reste = flux.readline(_LIGNE_MAX)
            if morceau.removeprefix(_BOM).strip():
                yield numero, morceau
