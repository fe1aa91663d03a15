"""A line of the journal as a CloudEvents 1.0 event, structured JSON mode, one canonical line.

`id` is the leaf hash of the journal line: it covers the content, the position, the programme and
every line before. The same line always has the same id; another line never does. Same input, same
bytes: members sorted, `data` is the stored state as it is.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from .evenements import FaitDeStructure
from .flux import LigneSuivie
from .preuve.canonique import json_canonique

SPECVERSION = "1.0"
VERSION_DONNEES = 1
"""The version of the shape of every topic: a new shape gets a new topic, never a new version."""


def type_evenement(topic: str) -> str:
    """The CloudEvents `type` of a topic."""
    return f"fr.fabriques.{topic}.v{VERSION_DONNEES}"


def schema_evenement(topic: str) -> str:
    """The CloudEvents `dataschema` of a topic: the `$id` of its JSON Schema."""
    return f"urn:fabriques:evenements:{topic}:v{VERSION_DONNEES}"


def en_cloudevent(ligne: LigneSuivie, *, programme: str, origine: str) -> bytes:
    """The event of a verified line (no line feed). `origine` is that of the journal at that line.

    Extension attributes: `programme`, `position`, and `correlationid` where the fact has one.
    """
    fait = ligne.fait
    attributs: dict[str, Any] = {
        "specversion": SPECVERSION,
        "id": ligne.feuille,
        "source": origine,
        "type": type_evenement(ligne.topic),
        "time": fait.enregistre_le,
        "datacontenttype": "application/json",
        "dataschema": schema_evenement(ligne.topic),
        "programme": programme,
        "position": ligne.position,
        "data": Raw(ligne.octets),
    }
    if isinstance(fait, FaitDeStructure):
        attributs["subject"] = fait.structure
    correlation = getattr(fait, "correlation", None)
    if correlation is not None:
        attributs["correlationid"] = correlation
    return json_canonique(attributs)
