"""The companion of an exported file: a Data Package that names its journal, position and root.

A CSV, a FEC or plain JSON lines have no place to say where they come from. Beside each stands its
descriptor (Frictionless Data Package, version 1): size and SHA-256 of the file, how to read it, and
the member `fabriques` that ties it to the journal. Any tool of that family reads it; so does a
person. Pure and deterministic: the same file, of the same view, under the same name, has the same
companion.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, to_builtins

from .commun import Identite
from .fec import COLONNES as COLONNES_FEC
from .scdl_regles import schema_scdl

SUFFIXE = ".datapackage.json"
"""What is added to the name of a file to name its companion."""
_LIGNES_JSON = {"format": "jsonl", "mediatype": "application/x-ndjson"}
_LIGNES_ABSENTES = (
    "Les lignes du journal datées jusqu'au {} seulement : il en manque, et le chaînage d'une ligne "
    "à la suivante ne peut pas être suivi dans ce fichier. La position et la racine sont celles du "
    "journal entier qui a été lu."
)
_CSV = {"format": "csv", "mediatype": "text/csv"}
_DATES_FEC = ("EcritureDate", "PieceDate", "DateLet", "ValidDate")
_NOMBRES_FEC = ("Debit", "Credit", "Montantdevise")


class Fichier(Struct, frozen=True):
    """A file that was written: its name, its size in bytes, its digest in lower-case hex."""

    nom: str
    octets: int
    sha256: str


def ecrire_paquet(format_: str, fichier: Fichier, source: Identite, *, norme: str = "fr") -> bytes:
    """The descriptor of one file, in UTF-8 JSON. `norme` is that of a `csv`: `fr` or `standard`."""
    ressource: dict[str, Any] = {
        "name": format_,
        "path": fichier.nom,
        **_FORMATS[format_],
        "encoding": "utf-8",
        "bytes": fichier.octets,
        "hash": f"sha256:{fichier.sha256}",
    }
    match format_:
        case "scdl":
            ressource["dialect"] = {"delimiter": ",", "lineTerminator": "\n", "header": True}
            ressource["schema"] = schema_scdl()
        case "fec":
            ressource["dialect"] = {"delimiter": "\t", "lineTerminator": "\r\n", "header": True}
            ressource["schema"] = {"fields": [_champ_fec(nom) for nom in COLONNES_FEC]}
        case "jsonl" if source.au is not None:
            ressource["description"] = _LIGNES_ABSENTES.format(source.au)
        case "csv":
            separateur = ";" if norme == "fr" else ","
            ressource["dialect"] = {"delimiter": separateur, "header": True}
        case _:
            pass
    tabulaire = "schema" in ressource
    if tabulaire:
        ressource["profile"] = "tabular-data-resource"
    paquet = {
        "profile": "tabular-data-package" if tabulaire else "data-package",
        "name": f"{source.programme}-{format_}",
        "title": f"{source.intitule}, position {source.position}",
        "resources": [ressource],
        "fabriques": to_builtins(source),
    }
    return f"{json.dumps(paquet, ensure_ascii=False, indent=2)}\n".encode("utf-8", "replace")


def _champ_fec(nom: str) -> dict[str, Any]:
    if nom in _DATES_FEC:
        return {"name": nom, "type": "date", "format": "%Y%m%d"}
    if nom in _NOMBRES_FEC:
        return {"name": nom, "type": "number", "decimalChar": ","}
    return {"name": nom, "type": "string"}


_FORMATS: dict[str, dict[str, str]] = {
    "scdl": _CSV,
    "fec": {"format": "csv", "mediatype": "text/tab-separated-values"},
    "csv": _CSV,
    "jsonl": _LIGNES_JSON,
    "cloudevents": _LIGNES_JSON,
    "commandes": _LIGNES_JSON,
}
