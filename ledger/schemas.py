"""JSON Schemas (2020-12) of what the ledger stores and hands over: events, lines, CloudEvents.

    schema("tranche-versee")   # the state of one event: the `data` of its CloudEvent
    schema("ligne")            # a line of the journal, whatever its event
    schema("cloudevent")       # an event of the feed

Built from the very classes that decode the journal, and closed like them: no unknown member.
"""

from __future__ import annotations

from collections.abc import Callable

from .champs import schema_texte
from .cloudevents import SPECVERSION, schema_evenement, type_evenement
from .erreurs import UsageError
from .evenements import ProgrammeOuvert, RèglesRévisées
from .preuve.ligne import VERSION_LIGNE
from .registre import TYPES
from .regles import Regles, RevisionRegles
from .schema_json import Schema, ascii_de, de_structs, decrire, document, nettoyer
from .vocabulaire import FAITS, MEMBRES

LIGNE, CLOUDEVENT = "ligne", "cloudevent"
NOMS = (*TYPES, LIGNE, CLOUDEVENT)
"""What `schema` knows."""

_SLUG = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-z0-9-]{1,64}$"}
_POSITION = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
_HEX64 = {"type": "string", "minLength": 64, "maxLength": 64, "pattern": "^[0-9a-f]{64}$"}
_INSTANT = {
    "type": "string",
    "minLength": 27,
    "maxLength": 27,
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
}
# what docs/format-v1.md promises beyond what the decoder checks on each line
_FORMES: dict[str, Schema] = {
    "structure": _SLUG,
    "empreinte": _HEX64,
    "empreinte_commande": _HEX64,
    "precedent": {"anyOf": [_HEX64, {"type": "null"}]},
    "enregistre_le": _INSTANT,
    "fichier": _HEX64,
    # the decoder spells its bounds in the dialect of Python
    "correlation": {
        "type": "string",
        "minLength": 1,
        "maxLength": 128,
        "pattern": "^[ -~]{1,128}$",
    },
}


def schema(nom: str) -> Schema:
    """The schema of an event (by its topic), of a `ligne` or of a `cloudevent`.

    Raises: UsageError.
    """
    if nom == LIGNE:
        return _enveloppe(_ligne(), "state", "type", lambda topic: topic)
    if nom == CLOUDEVENT:
        return _enveloppe(_cloudevent(), "data", "type", type_evenement)
    if nom not in TYPES:
        raise UsageError(
            f"Le type de fait {nom[:60]!r} est inconnu.", remede=f"Types : {', '.join(NOMS)}."
        )
    corps, defs = _fait(nom)
    return document(schema_evenement(nom), nom, corps, defs)


def schema_des_marques() -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The schemas of `correlation` and `provenance`, and the definitions that they name."""
    corps, defs = _fait(next(iter(TYPES)))
    membres = {m: corps["properties"][m] for m in ("correlation", "provenance")}
    return membres, {"Provenance": defs["Provenance"]}


def _fait(topic: str) -> tuple[Schema, dict[str, Schema]]:
    classe = TYPES[topic]
    _, defs = de_structs([classe])
    corps = defs.pop(ascii_de(classe.__name__))
    membres = {nom: _affiner(nom, sous) for nom, sous in corps["properties"].items()}
    if classe in (ProgrammeOuvert, RèglesRévisées):
        complet = classe is ProgrammeOuvert
        regles = schema_regles() if complet else schema_revision(enveloppe=True)
        membres["regles"] = {"description": MEMBRES["regles"], **regles}
    optionnels = membres.keys() - set(corps["required"])
    for nom in optionnels:
        membres[nom] = _sans_null(membres[nom])  # an absent member is omitted, never null
    defs = {
        nom: {**d, "properties": {m: _absent(m, s, d) for m, s in d["properties"].items()}}
        for nom, d in defs.items()
    }
    return {"description": FAITS[topic], **corps, "properties": membres}, defs


def _absent(membre: str, sous: Schema, objet: Schema) -> Schema:
    fin = _affiner(membre, sous)
    return fin if membre in objet.get("required", ()) else _sans_null(fin)


def _affiner(nom: str, sous: Schema) -> Schema:
    forme = _FORMES.get(nom)
    if forme is None:
        return sous
    phrase = {"description": sous["description"]} if "description" in sous else {}
    return {**phrase, **forme}


def _sans_null(sous: Schema) -> Schema:
    restes = [s for s in sous.get("anyOf", ()) if s.get("type") != "null"]
    if len(restes) != 1:
        return sous
    return {**{k: v for k, v in sous.items() if k != "anyOf"}, **restes[0]}


def schema_regles() -> Schema:
    """A complete set of rules."""
    return _de_modele(Regles)


def schema_revision(*, enveloppe: bool = False) -> Schema:
    """What a revision changes: at least one rule, unless `enveloppe` (as stored, unchecked)."""
    revision = _de_modele(RevisionRegles)
    return revision if enveloppe else {**revision, "minProperties": 1}


def _de_modele(modele: type[Regles] | type[RevisionRegles]) -> Schema:
    brut = modele.model_json_schema()
    sans: Schema = nettoyer(
        {k: v for k, v in brut.items() if k not in ("title", "description")}, {}
    )
    return decrire(sans, modele.__name__)


def _enveloppe(objet: Schema, corps: str, cle: str, nommer: Callable[[str], str]) -> Schema:
    """An envelope whose `cle` says which event its `corps` holds."""
    defs: dict[str, Schema] = {}
    for topic in TYPES:
        fait, siens = _fait(topic)
        defs |= {**siens, topic: fait}
    nom = "CloudEvent" if corps == "data" else "Ligne"
    choix = [
        {
            "properties": {
                cle: {"const": nommer(topic)},
                corps: {"$ref": f"#/$defs/{topic}"},
                **({"dataschema": {"const": schema_evenement(topic)}} if corps == "data" else {}),
            }
        }
        for topic in TYPES
    ]
    identifiant = schema_evenement(CLOUDEVENT if corps == "data" else LIGNE)
    decrit = decrire({**objet, "additionalProperties": False}, nom)
    return document(identifiant, nom, {**decrit, "oneOf": choix}, defs)


def _ligne() -> Schema:
    membres: Schema = {
        "journal": _SLUG,
        "pos": _POSITION,
        "state": {"type": "object"},
        "type": {"enum": list(TYPES)},
        "v": {"const": VERSION_LIGNE},
    }
    return {"type": "object", "properties": membres, "required": list(membres)}


def _cloudevent() -> Schema:
    membres: Schema = {
        "specversion": {"const": SPECVERSION},
        "id": _HEX64,
        "source": {
            "type": "string",
            "pattern": "^fabriques-ledger/[a-z0-9-]{1,64}/[0-9a-f]{16}$",
        },
        "type": {"enum": [type_evenement(topic) for topic in TYPES]},
        "time": {**_INSTANT, "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"enum": [schema_evenement(topic) for topic in TYPES]},
        "programme": _SLUG,
        "position": {**_POSITION, "maximum": 2**31 - 1},
        "data": {"type": "object"},
    }
    facultatifs: Schema = {"subject": _SLUG, "correlationid": schema_texte(200)}
    return {
        "type": "object",
        "properties": {**membres, **facultatifs},
        "required": list(membres),
    }
