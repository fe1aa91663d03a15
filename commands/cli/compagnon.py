"""The companion of an exported file: written beside it, when the file cannot say where it comes
from itself; the legal name of a FEC given a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from .sortie import ouvrir_sortie
from .terminal import avertir, raison

if TYPE_CHECKING:
    from ledger import Journal
    from projections import Vue

SUFFIXE = ".datapackage.json"
"""That of `projections.exports.paquet`, known without loading it."""
FORMATS = ("scdl", "fec", "csv", "jsonl", "cloudevents", "commandes")
"""The exports that have no place for the position and the root."""
_DITS = ("scdl", "fec", "commandes")
"""Those whose origin is said on stderr as well."""


class Temoin:
    """A binary stream that notes the size and the digest of what goes through."""

    def __init__(self, flux: IO[bytes]) -> None:
        self._flux = flux
        self._empreinte = sha256()
        self.octets = 0

    def write(self, octets: bytes) -> None:
        """Write, and note."""
        self._flux.write(octets)
        self._empreinte.update(octets)
        self.octets += len(octets)

    @property
    def sha256(self) -> str:
        """The digest of what was written, in lower-case hex."""
        return self._empreinte.hexdigest()


def compagnon_de(format_: str, sortie: str | None) -> str | None:
    """The name of the companion of an export; None when it has none (stdout, a device, a pipe)."""
    if format_ not in FORMATS or sortie is None or sortie == "-":
        return None
    cible = Path(sortie)
    if cible.exists() and not cible.is_file():
        return None
    return f"{sortie}{SUFFIXE}"


@contextmanager
def ecrire_avec_compagnon(
    format_: str, sortie: str | None, journal: Journal, vue: Vue, *, base: str, norme: str = "fr"
) -> Iterator[Temoin]:
    """The stream of an export; once it is complete, its companion, and what is said of both."""
    from projections.exports.commun import en_tete, identite  # noqa: PLC0415
    from projections.exports.paquet import Fichier, ecrire_paquet  # noqa: PLC0415

    compagnon = compagnon_de(format_, sortie)
    with ouvrir_sortie(sortie, base=base) as flux:
        temoin = Temoin(flux)
        yield temoin
    if format_ not in FORMATS:
        return
    source = identite(journal, vue)
    if format_ in _DITS:
        avertir("\n".join((*en_tete(source), f"SHA-256 du fichier : {temoin.sha256}")))
    if compagnon is not None:
        fichier = Fichier(Path(str(sortie)).name, temoin.octets, temoin.sha256)
        with ouvrir_sortie(compagnon, base=base) as flux:
            flux.write(ecrire_paquet(format_, fichier, source, norme=norme))
        avertir(f"Origine du fichier (position, racine, SHA-256) : {compagnon}")


def est_un_dossier(sortie: str | None) -> bool:
    """Whether a destination is a folder: it exists, or its name ends with a slash."""
    return sortie not in (None, "-") and (str(sortie).endswith("/") or Path(str(sortie)).is_dir())


def fichier_du_dossier(dossier: str, nom: str) -> str:
    """A file of that name in the folder, made if it is absent."""
    try:
        Path(dossier).mkdir(parents=True, exist_ok=True)
    except OSError as erreur:
        raise click.UsageError(
            f"Impossible de créer le dossier {dossier} : {raison(erreur)}."
        ) from erreur
    return str(Path(dossier) / nom)
