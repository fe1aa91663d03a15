"""What every JSON Schema of the project shares: documents that stand alone, closed and described.

Dialect 2020-12. Built from msgspec types or pydantic models, never written twice; the descriptions
are the French sentences of `vocabulaire`. Same code, same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from .vocabulaire import MEMBRES

DIALECTE = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_REF = "#/$defs/{name}"


def ascii_de(nom: str) -> str:
    """A name without its accents: keys are ASCII."""
    return "".join(c for c in unicodedata.normalize("NFKD", nom) if not unicodedata.combining(c))


def document(identifiant: str, titre: str, corps: Schema, defs: Mapping[str, Schema]) -> Schema:
    """A schema that stands alone: dialect, `$id`, title, body, definitions sorted by name."""
    entete: Schema = {"$schema": DIALECTE, "$id": identifiant, "title": titre}
    definitions = {"$defs": dict(sorted(defs.items()))} if defs else {}
    return {**entete, **{k: v for k, v in corps.items() if k not in entete}, **definitions}


def rassembler(identifiant: str, titre: str, documents: Mapping[str, Schema]) -> Schema:
    """One schema for any of these documents, which become definitions under their names."""
    defs: dict[str, Schema] = {}
    for nom, complet in documents.items():
        corps = {k: v for k, v in complet.items() if k not in ("$schema", "$id", "$defs")}
        defs |= {**complet.get("$defs", {}), nom: corps}
    return document(
        identifiant, titre, {"oneOf": [{"$ref": f"#/$defs/{nom}"} for nom in documents]}, defs
    )


def decrire(objet: Schema, nom: str, phrases: Mapping[str, str] = MEMBRES) -> Schema:
    """An object schema whose members say what they mean, without titles of the generator."""
    membres = {
        membre: _phrase(sous, phrases.get(f"{nom}.{membre}") or phrases.get(membre))
        for membre, sous in objet.get("properties", {}).items()
    }
    return {**objet, "properties": membres} if membres else objet


def _phrase(schema: Schema, phrase: str | None) -> Schema:
    sans = {k: v for k, v in schema.items() if k not in ("title", "description")}
    return sans if phrase is None else {"description": phrase, **sans}


def de_structs(
    types: Iterable[Any], phrases: Mapping[str, str] = MEMBRES
) -> tuple[list[Schema], dict[str, Schema]]:
    """Schemas of msgspec types and their definitions: closed, described, named in ASCII."""
    schemas, composants = msgspec.json.schema_components(tuple(types), ref_template=_REF)
    titres = {nom: str(c.get("title", nom)) for nom, c in composants.items()}
    noms = {nom: ascii_de(titre) for nom, titre in titres.items()}
    defs = {
        noms[nom]: nettoyer(decrire(_fermer(c), titres[nom], phrases), noms)
        for nom, c in composants.items()
    }
    return [nettoyer(s, noms) for s in schemas], defs


def _fermer(objet: Schema) -> Schema:
    sans = {k: v for k, v in objet.items() if k not in ("title", "description")}
    return {**sans, "additionalProperties": False} if "properties" in sans else sans


def nettoyer(valeur: Any, noms: Mapping[str, str]) -> Any:
    """The same schema, its references to the names given, its defaults left to the engine."""
    if isinstance(valeur, list):
        return [nettoyer(v, noms) for v in valeur]
    if not isinstance(valeur, dict):
        return valeur
    if set(valeur) >= {"$ref"}:
        ancien = str(valeur["$ref"]).rpartition("/")[2]
        valeur = {**valeur, "$ref": _REF.format(name=noms.get(ancien, ancien))}
    return {k: nettoyer(v, noms) for k, v in valeur.items() if k != "default"}
