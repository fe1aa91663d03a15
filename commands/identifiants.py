"""Identifiers derived from what is known: the same input gives the same one, on any machine."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from typing import Any

from ledger.preuve.canonique import json_canonique

_SLUG_MAX = 64
_HEXA = 32


def identifiant_structure(nom: str, code_postal: str) -> str:
    """Name and postcode as an id: a name alone is not an identity (one appears twice).

    What has no ASCII form (œ) is a dash: ids already given never change. A name without any Latin
    letter nor digit gives nothing but the postcode after a dash.
    """
    decompose = unicodedata.normalize("NFKD", nom)
    ascii_ = "".join(c for c in decompose if not unicodedata.combining(c)).lower()
    mots = re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")
    return f"{mots[: _SLUG_MAX - len(code_postal) - 1].strip('-')}-{code_postal}"


def identifiant_commande(prefixe: str, identite: Any) -> str:
    """A command id from what makes the command the same one (plain JSON data, no float)."""
    return f"{prefixe}-{sha256(json_canonique(identite)).hexdigest()[:_HEXA]}"
