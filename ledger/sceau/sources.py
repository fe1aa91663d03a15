"""Read back what people hold of a journal: checkpoints, receipts, a line typed from a card.

releve.txt, 000000000325.releve     a checkpoint, signed or not
recus.jsonl                         receipts, one a line (refused commands are passed over)
recu.json, recus.json               a receipt, or an array of them
dossier/                            every *.releve, *.jsonl and *.json below it, sorted
325 RACINE, 325:RACINE              a size and a root; ORIGINE 325 RACINE
-                                   any of these files, on standard input
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from ..audit.temoins import Temoin
from ..erreurs import ReleveUnreadableError
from ..preuve.merkle import TAILLE_EMPREINTE
from ..preuve.releve import NOTE_MAX_OCTETS, illisible, lire_base64, lire_nombre, lire_releve
from .dossier import SUFFIXE
from .fichiers import cause

LIGNE_MAX_OCTETS = 65_536
TABLEAU_MAX_OCTETS = 128 * 1024 * 1024
"""Bytes of one JSON value: an array of receipts is read whole, lines are not."""
_NOM_MAX = 400
"""Of a file name repeated in an error."""
_SUFFIXES = (SUFFIXE, ".json", ".jsonl")
_BOM = b"\xef\xbb\xbf"
_SAISIE = re.compile(r"(?:([^\s+:]{1,200})\s+)?([0-9]{1,16})(?:\s+|:)([A-Za-z0-9+/]{43}=)")


class _Recu(msgspec.Struct, frozen=True):
    """What is read of a receipt, or of the JSON of a checkpoint."""

    taille: int | None = None
    racine: str | None = None
    positions: tuple[int, ...] | None = None
    statut: str | None = None
    origine: str | None = None


_ILLISIBLES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_RECU = msgspec.json.Decoder(_Recu)
_RECUS = msgspec.json.Decoder(list[_Recu])


class Temoins(Iterator[Temoin]):
    """The witnesses of a source, one by one; `ignores` counts the files passed over so far."""

    def __init__(self, source: str, entree: IO[bytes] | None = None) -> None:
        self.ignores = 0
        self._suite = self._lire(source, entree)

    def __next__(self) -> Temoin:
        """The next witness. Raises ReleveUnreadableError, which names the file and the line."""
        return next(self._suite)

    def _lire(self, source: str, entree: IO[bytes] | None) -> Iterator[Temoin]:
        saisie = _lire_saisie(source, "saisie")
        if saisie is not None:
            yield saisie
        elif source == "-":
            yield from _lire_flux(entree or sys.stdin.buffer, "entrée standard")
        elif os.path.isdir(source):  # noqa: PTH112 - never raises, whatever the name
            yield from self._lire_dossier(source)
        else:
            yield from _lire_fichier(Path(source))

    def _lire_dossier(self, source: str) -> Iterator[Temoin]:
        def refuser(erreur: OSError) -> None:
            raise illisible(cause(erreur), f"Dossier {erreur.filename}") from erreur

        for racine, dossiers, noms in os.walk(source, onerror=refuser, followlinks=False):
            dossiers.sort()
            for nom in sorted(noms):
                fichier = Path(racine, nom)
                if fichier.suffix in _SUFFIXES and not nom.startswith(".") and fichier.is_file():
                    yield from _lire_fichier(fichier)
                else:
                    self.ignores += 1


def charger_releves(source: str, *, entree: IO[bytes] | None = None) -> Temoins:
    """The witnesses that a source holds, read as they are asked for. `entree` is `-`.

    A source is a file, a folder, a line typed by hand, or `-`.
    """
    return Temoins(source, entree)


def _lire_fichier(fichier: Path) -> Iterator[Temoin]:
    nom = f"Relevé {str(fichier)[:_NOM_MAX]}"
    try:
        with fichier.open("rb") as flux:
            yield from _lire_flux(flux, str(fichier))
    except OSError as erreur:
        raise illisible(cause(erreur), nom) from erreur


def _lire_flux(flux: IO[bytes], nom: str) -> Iterator[Temoin]:
    premiere = flux.readline(LIGNE_MAX_OCTETS + 1)
    if nom.endswith(SUFFIXE):  # nothing but a note: with a key, it must bear its signature
        yield _lire_note(premiere + flux.read(NOTE_MAX_OCTETS + 1), nom, saisie=False)
        return
    if nom.endswith(".jsonl"):  # also an empty one
        yield from _lire_lignes(premiere, flux, nom)
        return
    nature = premiere.removeprefix(_BOM).lstrip()[:1]
    indentee = premiere.removeprefix(_BOM).strip() == b"{"
    if nature == b"[" or indentee:
        yield from _lire_tableau(premiere, flux, nom)
    elif nature == b"{":
        yield from _lire_lignes(premiere, flux, nom)
    else:
        yield _lire_note(premiere + flux.read(NOTE_MAX_OCTETS + 1), nom)


def _lire_note(octets: bytes, nom: str, *, saisie: bool = True) -> Temoin:
    typee = _lire_saisie(octets.decode("utf-8", "replace"), nom) if saisie else None
    if typee is not None:
        return typee
    try:
        releve = lire_releve(octets)
    except ReleveUnreadableError as erreur:
        raise ReleveUnreadableError(f"{nom} : {erreur.message}", remede=erreur.remede) from erreur
    return Temoin(nom, releve.taille, releve.racine, releve.origine, releve)


def _lire_saisie(texte: str, nom: str) -> Temoin | None:
    """A size and a root, typed or copied on one line; None when the text is something else."""
    trouvee = _SAISIE.fullmatch(texte.strip()) if len(texte) <= NOTE_MAX_OCTETS else None
    if trouvee is None or len(texte.strip().splitlines()) > 1:
        return None
    taille, racine = lire_nombre(trouvee[2]), lire_base64(trouvee[3])
    if taille is None or racine is None:
        raise illisible(f"{texte.strip()[:80]!r} n'est pas une taille et une racine", nom)
    return Temoin(nom, taille, racine, trouvee[1])


def _lire_lignes(premiere: bytes, flux: IO[bytes], nom: str) -> Iterator[Temoin]:
    """Receipts, one a line."""
    numero, ligne = 1, premiere.removeprefix(_BOM)
    while ligne:
        if len(ligne) > LIGNE_MAX_OCTETS:
            raise illisible(f"plus de {LIGNE_MAX_OCTETS} octets", f"Reçu {nom}, ligne {numero}")
        if ligne.strip():
            try:
                recu = _RECU.decode(ligne)
            except _ILLISIBLES as erreur:
                raise illisible("ce n'est pas un reçu", f"Reçu {nom}, ligne {numero}") from erreur
            yield from _en_temoin(recu, f"{nom}, ligne {numero}")
        numero, ligne = numero + 1, flux.readline(LIGNE_MAX_OCTETS + 1)


def _lire_tableau(premiere: bytes, flux: IO[bytes], nom: str) -> Iterator[Temoin]:
    """One receipt, or an array of them, as one JSON value."""
    octets = (premiere + flux.read(TABLEAU_MAX_OCTETS)).removeprefix(_BOM)
    if len(octets) > TABLEAU_MAX_OCTETS:
        raise illisible(f"plus de {TABLEAU_MAX_OCTETS} octets", f"Reçus {nom}")
    try:
        seul = octets.lstrip()[:1] == b"{"
        recus = [_RECU.decode(octets)] if seul else _RECUS.decode(octets)
    except _ILLISIBLES as erreur:
        raise illisible("ce ne sont pas des reçus", f"Reçus {nom}") from erreur
    for rang, recu in enumerate(recus, start=1):
        yield from _en_temoin(recu, nom if seul else f"{nom}, reçu {rang}")


def _en_temoin(recu: _Recu, ou: str) -> Iterator[Temoin]:
    if recu.statut == "refusee" and recu.taille is None and recu.racine is None:
        return
    taille = None if recu.taille is None else lire_nombre(str(recu.taille))
    racine = None if recu.racine is None else lire_base64(recu.racine)
    if taille is None or racine is None or len(racine) != TAILLE_EMPREINTE:
        raise illisible("il n'a pas de taille et de racine", f"Reçu {ou}")
    if recu.positions and recu.positions[-1] != taille:
        raise illisible(f"la taille {taille} n'est pas sa dernière position", f"Reçu {ou}")
    yield Temoin(ou, taille, racine, recu.origine)
