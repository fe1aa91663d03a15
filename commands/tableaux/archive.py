"""The zip that a workbook is: what it holds, counted by decompressing, before a parser opens it.

A directory can lie: each member is decompressed once here, its bytes counted and dropped, and the
count stops at the limit. A member longer than it says, named twice or encrypted is refused.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .erreurs import TableauIllisible
from .limites import DECOMPRESSE_MAX, MEMBRES_MAX

_MORCEAU = 1 << 18
_ENTETE_LOCAL = 30
_CHIFFRE = 0x1
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_REENREGISTRER = "L'ouvrir dans un tableur et l'enregistrer en .xlsx ou .ods."


def verifier_archive(chemin: Path) -> str:
    """What the archive is: `xlsx`, `xlsm` or `ods`. Raises TableauIllisible."""
    try:
        with zipfile.ZipFile(chemin) as archive, chemin.open("rb") as flux:
            membres = archive.infolist()
            _verifier_repertoire(membres)
            reste = DECOMPRESSE_MAX
            for membre in membres:
                reste -= _taille_reelle(flux, membre, reste)
            return _genre(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
    ) as erreur:
        raise TableauIllisible(
            "classeur_endommage",
            f"{chemin.name} : l'archive du classeur est endommagée.",
            remede=_REENREGISTRER,
        ) from erreur


def _verifier_repertoire(membres: list[zipfile.ZipInfo]) -> None:
    if len(membres) > MEMBRES_MAX:
        raise _piegee(f"{len(membres)} membres, {MEMBRES_MAX} au plus")
    noms = [membre.filename for membre in membres]
    if len(set(noms)) != len(noms):
        raise _piegee("un membre y figure deux fois")
    annonce = sum(membre.file_size for membre in membres)
    if annonce > DECOMPRESSE_MAX:
        raise _piegee(f"{annonce} octets une fois décompressée, {DECOMPRESSE_MAX} au plus")
    for membre in membres:
        if membre.flag_bits & _CHIFFRE:
            raise TableauIllisible(
                "fichier_chiffre",
                "Le classeur est protégé par un mot de passe.",
                remede="L'enregistrer sans mot de passe.",
            )
        if membre.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _piegee("une méthode de compression qu'un classeur n'emploie pas")


def _taille_reelle(flux: IO[bytes], membre: zipfile.ZipInfo, reste: int) -> int:
    """Bytes that the member really decompresses to, read in its own compressed bytes."""
    flux.seek(membre.header_offset)
    entete = flux.read(_ENTETE_LOCAL)
    nom, supplement = struct.unpack("<HH", entete[26:30])
    flux.seek(membre.header_offset + _ENTETE_LOCAL + nom + supplement)
    taille = 0
    for octets in _decompresser(flux, membre):
        taille += octets
        if taille > reste:
            raise _piegee(f"plus de {DECOMPRESSE_MAX} octets une fois décompressée")
        if taille > membre.file_size:
            raise _piegee("un membre plus long que ce qu'elle annonce")
    if taille != membre.file_size:
        raise _piegee("un membre plus court que ce qu'elle annonce")
    return taille


def _decompresser(flux: IO[bytes], membre: zipfile.ZipInfo) -> Iterator[int]:
    """Lengths of the pieces, one after the other; nothing is kept."""
    a_lire = membre.compress_size
    moteur = zlib.decompressobj(-zlib.MAX_WBITS)
    deflate = membre.compress_type == zipfile.ZIP_DEFLATED
    while a_lire:
        octets = flux.read(min(_MORCEAU, a_lire))
        if not octets:
            raise EOFError
        a_lire -= len(octets)
        if not deflate:
            yield len(octets)
            continue
        while octets:
            yield len(moteur.decompress(octets, _MORCEAU))
            octets = moteur.unconsumed_tail
    if deflate:
        yield len(moteur.flush(_MORCEAU))


def _genre(archive: zipfile.ZipFile) -> str:
    noms = set(archive.namelist())
    if "xl/workbook.xml" in noms:
        return "xlsm" if any(nom.endswith("vbaProject.bin") for nom in noms) else "xlsx"
    if "content.xml" in noms:
        mime = archive.read("mimetype")[:200].strip() if "mimetype" in noms else b""
        if mime and not mime.startswith(_ODS):
            raise _inconnu(f"un document OpenDocument qui n'est pas un classeur ({mime[:80]!r})")
        if "META-INF/manifest.xml" in noms and b"encryption-data" in archive.read(
            "META-INF/manifest.xml"
        ):
            raise TableauIllisible(
                "fichier_chiffre",
                "Le classeur est protégé par un mot de passe.",
                remede="L'enregistrer sans mot de passe.",
            )
        return "ods"
    if "xl/workbook.bin" in noms:
        raise _inconnu("un classeur .xlsb")
    if any(nom.startswith(("word/", "ppt/")) for nom in noms):
        raise _inconnu("un document bureautique qui n'est pas un classeur")
    raise _inconnu("une archive zip, et non un classeur")


def _inconnu(quoi: str) -> TableauIllisible:
    return TableauIllisible("format_inconnu", f"Le fichier est {quoi}.", remede=_REENREGISTRER)


def _piegee(quoi: str) -> TableauIllisible:
    return TableauIllisible(
        "archive_piegee",
        f"L'archive du classeur est refusée : {quoi}.",
        remede="Demander le fichier à nouveau, ou l'enregistrer en CSV.",
    )
