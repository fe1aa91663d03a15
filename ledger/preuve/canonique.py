"""Canonical JSON (the subset of RFC 8785 the ledger uses), and facts to and from those bytes.

Subset: objects with ASCII keys, sorted; strings in UTF-8; integers below 2**53; booleans; null;
arrays. No float ever. On this subset msgspec's sorted output is RFC 8785 byte for byte (a test
compares it with an independent implementation).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from ..evenements import Fait, ProgrammeOuvert, RèglesRévisées
from ..registre import TOPICS, TYPES
from ..regles import Regles, RevisionRegles

_encodeur = msgspec.json.Encoder(order="sorted")

_TOPICS_A_REGLES = (TOPICS[ProgrammeOuvert], TOPICS[RèglesRévisées])

encoder = _encodeur.encode
"""Canonical bytes of a fact, or of plain JSON data holding no float."""


class OctetsIllisibles(ValueError):  # noqa: N818 - a French statement of fact
    """Bytes or topic that are not a fact of this ledger."""


Decodeur = Callable[[bytes], Fait]


def _decodeur(classe: type[Fait]) -> Decodeur:
    """The strict decoder of a class; rules inside a fact are checked too."""
    lire: Decodeur = msgspec.json.Decoder(classe).decode
    if classe is ProgrammeOuvert:
        return _avec_regles(lire, Regles)
    return _avec_regles(lire, RevisionRegles) if classe is RèglesRévisées else lire


def _avec_regles(lire: Decodeur, modele: type[BaseModel]) -> Decodeur:
    def lire_et_verifier(octets: bytes) -> Fait:
        fait = lire(octets)
        if isinstance(fait, ProgrammeOuvert | RèglesRévisées):
            modele.model_validate(fait.regles)
        return fait

    return lire_et_verifier


DECODEURS = {topic: _decodeur(classe) for topic, classe in TYPES.items()}
"""Topic -> strict decoder, for bulk reading; `decoder` says what is wrong."""


def decoder(topic: str, octets: bytes) -> Fait:
    """The fact of stored bytes, every member checked: type, bounds, none unknown, no float.

    The topic is looked up in the closed registry: nothing named in data is ever imported.
    Raises: OctetsIllisibles.
    """
    decodeur = DECODEURS.get(topic)
    if decodeur is None:
        raise OctetsIllisibles(f"type de fait inconnu : {str(topic)[:80]!r}")
    if type(octets) is not bytes:  # SQLite gives back whatever type was stored
        raise OctetsIllisibles(f"{topic} : l'état n'est pas fait d'octets")
    try:
        return decodeur(octets)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as erreur:
        raise OctetsIllisibles(f"{topic} : {erreur}") from erreur
    except ValidationError as erreur:
        raise OctetsIllisibles(f"{topic} : règles illisibles ({erreur})") from erreur


def json_canonique(donnees: Any) -> bytes:
    """Canonical bytes of plain data (dicts, lists, texts, integers, booleans, None)."""
    return encoder(donnees)
