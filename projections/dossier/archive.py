"""A zip whose bytes depend on nothing but its content: no clock, no compression, fixed order.

Entries are stored uncompressed: what a compressor gives changes with its version, and a pack made
again years later must be the same file.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from hashlib import sha256
from types import TracebackType
from typing import IO, Self

_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100644 << 16


class Archive:
    """A pack being written under one top folder; leaving it adds `SHA256SUMS`."""

    def __init__(self, flux: IO[bytes], dossier: str) -> None:
        self._zip = zipfile.ZipFile(flux, "w", zipfile.ZIP_STORED)
        self._dossier = dossier
        self._sommes: dict[str, str] = {}

    def ajouter(self, nom: str, morceaux: bytes | Iterable[bytes]) -> str:
        """Add a file, whole or in pieces; its hex SHA-256."""
        empreinte = sha256()
        with self._zip.open(self._entree(nom), "w", force_zip64=True) as fichier:
            for morceau in (morceaux,) if isinstance(morceaux, bytes) else morceaux:
                empreinte.update(morceau)
                fichier.write(morceau)
        self._sommes[nom] = empreinte.hexdigest()
        return self._sommes[nom]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """End the zip; with the sums of every file, in the order of names, when it is whole."""
        if exc is None:
            self._sommer()
        self._zip.close()

    def _sommer(self) -> None:
        lignes = [f"{somme}  {nom}\n" for nom, somme in sorted(self._sommes.items())]
        self._zip.writestr(self._entree("SHA256SUMS"), "".join(lignes).encode())

    def _entree(self, nom: str) -> zipfile.ZipInfo:
        entree = zipfile.ZipInfo(f"{self._dossier}/{nom}", _DATE)
        entree.create_system = _UNIX
        entree.external_attr = _MODE
        return entree
