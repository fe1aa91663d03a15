"""An independent reading of a Table Schema: what a usual validator would refuse in a CSV.

Written from the schema, not from our code. NaN and negative numbers pass, as in the usual
validators: our own rules are stricter, and tested apart.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from stdnum.fr import siret

SCHEMA = json.loads(
    Path(__file__)
    .with_name("donnees")
    .joinpath("scdl-subventions-2.1.1.schema.json")
    .read_text("utf-8")
)


def fautes(octets: bytes) -> list[str]:
    """What the schema refuses in the file."""
    lignes = list(csv.reader(io.StringIO(octets.decode("utf-8"), newline=""), strict=True))
    attendues = [champ["name"] for champ in SCHEMA["fields"]]
    if not lignes or lignes[0] != attendues:
        return [f"colonnes : {lignes[:1]}"]
    return [
        f"{rang}, {faute}"
        for rang, valeurs in enumerate(lignes[1:], start=2)
        for faute in _ligne(dict(zip(attendues, valeurs, strict=True)))
    ]


def _ligne(ligne: dict[str, str]) -> Iterator[str]:
    for champ in SCHEMA["fields"]:
        valeur, regles = ligne[champ["name"]], champ.get("constraints", {})
        if valeur == "":
            if regles.get("required"):
                yield f"{champ['name']} : requis"
        elif not _type(champ, valeur) or not _respecte(champ, regles, valeur):
            yield f"{champ['name']} : {valeur!r}"
    for controle in SCHEMA["custom_checks"]:
        reglage = controle["params"]
        if controle["name"] == "french-siret-value":
            valeur = ligne[reglage["column"]]
            if valeur and not siret.is_valid(valeur):
                yield f"{reglage['column']} : SIRET faux"
        else:
            assert controle["name"] == "one-of-required"
            if not ligne[reglage["column1"]] and not ligne[reglage["column2"]]:
                yield "ni SIRET ni RNA"


def _type(champ: dict[str, Any], valeur: str) -> bool:
    match champ["type"]:
        case "string":
            return True
        case "date":
            try:
                return date.fromisoformat(valeur).isoformat() == valeur
            except ValueError:
                return False
        case "number":
            try:
                Decimal(valeur)
            except InvalidOperation:
                return False
            return True
        case "boolean":
            return valeur in champ["trueValues"] + champ["falseValues"]
        case inconnu:
            raise AssertionError(inconnu)


def _respecte(champ: dict[str, Any], regles: dict[str, Any], valeur: str) -> bool:
    controles: dict[str, Callable[[Any], bool]] = {
        "required": lambda _: True,
        "pattern": lambda motif: re.search(motif, valeur) is not None,
        "maxLength": lambda maximum: len(valeur) <= maximum,
        "enum": lambda admises: valeur in admises,
        "minimum": lambda borne: Decimal(valeur) >= Decimal(str(borne)),
        "maximum": lambda borne: Decimal(valeur) <= Decimal(str(borne)),
    }
    return all(controles[nom](reglage) for nom, reglage in regles.items())
