"""Canonical JSON (the subset of RFC 8785 the ledger uses), and facts to and from those bytes.

Subset: objects with ASCII keys, sorted; strings in UTF-8; integers below 2**53; booleans; null;
arrays. No float ever. On this subset msgspec's sorted output is RFC 8785 byte for byte (a test
compares it with an independent implementation).
"""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import ValidationError

from ..evenements import TOPICS, TYPES, Fait, ProgrammeOuvert, RèglesRévisées
from ..regles import Regles, RevisionRegles

_encodeur = msgspec.json.Encoder(order="sorted")
_decodeurs = {topic: msgspec.json.Decoder(classe).decode for topic, classe in TYPES.items()}

_TOPICS_A_REGLES = (TOPICS[ProgrammeOuvert], TOPICS[RèglesRévisées])

encoder = _encodeur.encode
"""Canonical bytes of a fact, or of plain JSON data holding no float."""


class OctetsIllisibles(ValueError):  # noqa: N818 - a French statement of fact
    """Bytes or topic that are not a fact of this ledger."""


def decoder(topic: str, octets: bytes) -> Fait:
    """The fact of stored bytes, every member checked: type, bounds, none unknown, no float.

    The topic is looked up in the closed registry: nothing named in data is ever imported.
    Raises: OctetsIllisibles.
    """
    if type(octets) is not bytes or type(topic) is not str:
        raise OctetsIllisibles("la ligne n'est pas faite d'un type et d'octets")
    lire = _decodeurs.get(topic)
    if lire is None:
        raise OctetsIllisibles(f"type de fait inconnu : {topic[:80]!r}")
    try:
        fait = lire(octets)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as erreur:
        raise OctetsIllisibles(f"{topic} : {erreur}") from erreur
    if topic in _TOPICS_A_REGLES:
        _verifier_regles(topic, fait)
    return fait


def _verifier_regles(topic: str, fait: Fait) -> None:
    try:
        if isinstance(fait, ProgrammeOuvert):
            Regles.model_validate(fait.regles)
        elif isinstance(fait, RèglesRévisées):
            RevisionRegles.model_validate(fait.regles)
    except ValidationError as erreur:
        raise OctetsIllisibles(f"{topic} : règles illisibles ({erreur})") from erreur


def json_canonique(donnees: Any) -> bytes:
    """Canonical bytes of plain data (dicts, lists, texts, integers, booleans, None)."""
    return encoder(donnees)
