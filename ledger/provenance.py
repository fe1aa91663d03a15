"""Where a command was read: the file, by its digest, and the row. Kept in the event (ADR 0036).

A name can change and a path says nothing elsewhere: only the SHA-256 of the bytes names a file for
ever. The row is the one that a spreadsheet shows, from 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from .champs import normaliser
from .erreurs import UsageError
from .valeurs import Position

FEUILLE_MAX = 200
LIGNE_MAX = 2**53 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Provenance(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """A row of a file: SHA-256 of its bytes (64 hex digits), row from 1, sheet where it has some.

    `lire_provenance` checks what comes from outside; the decoder checks what is stored.
    """

    fichier: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z", min_length=64, max_length=64)]
    ligne: Position
    feuille: Annotated[str, Meta(min_length=1, max_length=FEUILLE_MAX)] | None = None


def lire_provenance(valeur: Provenance | Mapping[str, Any]) -> Provenance:
    """A provenance given by a caller, checked; the name of the sheet is put in NFC.

    Raises: UsageError, with what is wrong.
    """
    if isinstance(valeur, Provenance):
        membres = {"fichier": valeur.fichier, "ligne": valeur.ligne, "feuille": valeur.feuille}
    elif isinstance(valeur, Mapping):
        membres = {"feuille": None, **valeur}
    else:
        raise _mauvaise("un objet {fichier, ligne, feuille?} est attendu")
    if set(membres) != {"fichier", "ligne", "feuille"}:
        raise _mauvaise("les membres sont fichier et ligne, plus feuille s'il y a lieu")
    fichier, ligne, feuille = membres["fichier"], membres["ligne"], membres["feuille"]
    if not isinstance(fichier, str) or _SHA256.fullmatch(fichier) is None:
        raise _mauvaise("fichier est le SHA-256 du fichier, en 64 chiffres hexadécimaux minuscules")
    if type(ligne) is not int or not 1 <= ligne <= LIGNE_MAX:
        raise _mauvaise("ligne est un entier à partir de 1")
    if feuille is not None:
        feuille = _lire_feuille(feuille)
    return Provenance(fichier=fichier, ligne=ligne, feuille=feuille)


def _lire_feuille(valeur: Any) -> str:
    if not isinstance(valeur, str):
        raise _mauvaise("feuille est un texte")
    try:
        nom = normaliser(valeur)
    except ValueError as erreur:
        raise _mauvaise(f"feuille : {erreur}") from erreur
    if len(nom) > FEUILLE_MAX:
        raise _mauvaise(f"feuille : {len(nom)} signes, {FEUILLE_MAX} au plus")
    return nom


def _mauvaise(raison: str) -> UsageError:
    return UsageError(
        f"provenance : {raison}.",
        remede='Donner par exemple {"fichier": "<sha256>", "ligne": 12}.',
    )
