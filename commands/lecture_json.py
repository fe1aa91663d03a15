"""From outside data to commands: strict JSON, one French sentence per defect, never a guess."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from unicodedata import normalize

from pydantic import TypeAdapter, ValidationError

from ledger.champs import IdCommande

from .decider import VERBES
from .modele import Commande
from .refus import Refus

_ID: TypeAdapter[str] = TypeAdapter(IdCommande, config={"strict": True})
OCTETS_MAX = 1_000_000
"""Greatest length of one command, in bytes of JSON."""
_NOM_MAX = 80

_RAISONS = {
    "missing": "membre absent",
    "extra_forbidden": "membre inconnu",
    "int_type": "entier attendu (des centimes : ni décimale, ni guillemets)",
    "int_from_float": "entier attendu (des centimes : ni décimale, ni guillemets)",
    "string_type": "texte attendu",
    "string_unicode": "texte attendu (il tient un demi-caractère isolé)",
    "bool_type": "true ou false attendu",
    "date_type": "date AAAA-MM-JJ attendue",
    "tuple_type": "liste attendue",
    "dict_type": "objet attendu",
    "model_type": "objet attendu",
    "is_instance_of": "objet attendu",
}


@dataclass(frozen=True, slots=True)
class CommandeIllisible:
    """Data that is not a command, with the refusal `commande_invalide` that answers it."""

    refus: Refus
    id_commande: str | None = None
    defauts: tuple[tuple[str, str], ...] = ()
    """Member and what is wrong with it, for each member that is wrong."""


class JsonIllisible(ValueError):  # noqa: N818 - a French statement of fact, as house style asks
    """A line that is no JSON, or not one that the ledger takes. Its text is a French sentence."""


class _JsonRejectedError(JsonIllisible):
    """JSON that the ledger does not take: duplicate member, float, NaN."""


def lire_ligne(ligne: bytes) -> Commande | CommandeIllisible:
    """The command of one JSON line. Floats, NaN and duplicate members are refused."""
    donnees = decoder_ligne(ligne)
    return donnees if isinstance(donnees, CommandeIllisible) else en_commande(donnees)


def decoder_ligne(ligne: bytes) -> Any | CommandeIllisible:
    """The value of one JSON line, or the refusal that answers what is none."""
    try:
        return lire_json(ligne)
    except _JsonRejectedError as erreur:
        return _illisible(str(erreur), id_commande=_id_dans(ligne))
    except JsonIllisible as erreur:
        return _illisible(str(erreur))


def illisible(message: str, donnees: Mapping[str, Any]) -> CommandeIllisible:
    """The refusal of a JSON object that is not a command, its id kept when it reads."""
    return _illisible(message, id_commande=_id_lisible(donnees.get("id_commande")))


def lire_json(ligne: bytes) -> Any:
    """The value of one JSON line, as every entry of the ledger reads it: no float, NaN nor member
    given twice. Raises: JsonIllisible."""
    if len(ligne) > OCTETS_MAX:
        raise JsonIllisible(f"La commande dépasse {OCTETS_MAX} octets.")
    try:
        return json.loads(
            ligne.decode("utf-8-sig"),
            object_pairs_hook=_objet,
            parse_float=_flottant,
            parse_constant=_flottant,
        )
    except UnicodeDecodeError:
        raison = "La ligne n'est pas en UTF-8."
    except RecursionError:
        raison = "Le JSON est trop imbriqué."
    except json.JSONDecodeError as erreur:
        raison = f"La ligne n'est pas du JSON (au caractère {erreur.colno})."
    except JsonIllisible:
        raise
    except ValueError:  # an integer of thousands of digits
        raison = "Un nombre de la ligne a trop de chiffres."
    raise JsonIllisible(raison)


def en_commande(donnees: Mapping[str, Any] | Any) -> Commande | CommandeIllisible:
    """The command of a JSON object: `commande` names the verb, accented or not."""
    if not isinstance(donnees, Mapping):
        return _illisible("Une commande est un objet JSON.")
    brut = dict(donnees)
    id_commande = brut.get("id_commande")
    id_lu = _id_lisible(id_commande)
    verbe = brut.pop("commande", None)
    classe = VERBES.get(normalize("NFC", verbe)) if isinstance(verbe, str) else None
    if classe is None:
        nom = verbe[:60] if isinstance(verbe, str) else "(absent, ou pas un texte)"
        return _illisible(f"Le verbe {nom!r} est inconnu.", id_commande=id_lu)
    try:
        champs = classe.model_fields
        absents = {k for k, v in brut.items() if v is None and k in champs}  # null = absent
        return classe.model_validate({k: v for k, v in brut.items() if k not in absents})
    except ValidationError as erreur:
        return _illisible(
            f"{classe.verbe} : {raisons(erreur)}.",
            id_commande=id_lu,
            defauts=tuple(_defaut(e) for e in erreur.errors(include_url=False)),
        )


def _illisible(
    message: str,
    *,
    id_commande: str | None = None,
    defauts: tuple[tuple[str, str], ...] = (),
) -> CommandeIllisible:
    return CommandeIllisible(
        Refus("commande_invalide", message, remede="Corriger la commande et la renvoyer."),
        id_commande,
        defauts,
    )


def raisons(erreur: ValidationError) -> str:
    """What the schema refuses, in French: the first defects, each with its member."""
    defauts = (_defaut(e) for e in erreur.errors(include_url=False)[:5])
    return "; ".join(f"{champ} : {raison}" for champ, raison in defauts)


def _defaut(erreur: Any) -> tuple[str, str]:
    # the name of an unknown member is the sender's own, as long as the command may be
    champ = _raccourcir(".".join(str(p) for p in erreur["loc"])) or "commande"
    genre = str(erreur["type"])
    cause = erreur.get("ctx", {}).get("error")
    if cause is not None:
        raison = str(cause)
    elif genre in _RAISONS:
        raison = _RAISONS[genre]
    elif genre == "literal_error":
        raison = f"un de {erreur['ctx']['expected'].replace(' or ', ', ')} attendu"
    elif genre in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        signe = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
        bornes = [f"{signe[k]} {v}" for k, v in erreur["ctx"].items() if k in signe]
        raison = f"valeur hors limite ({', '.join(bornes)})"
    elif genre in ("string_too_long", "too_long"):
        raison = f"trop long ({erreur['ctx']['max_length']} au plus)"
    else:
        raison = str(erreur["msg"])
    return champ, raison


def _raccourcir(nom: str) -> str:
    """A name that the sender chose, short enough for a sentence."""
    return nom if len(nom) <= _NOM_MAX else f"{nom[:_NOM_MAX]}…"


def _objet(paires: list[tuple[str, Any]]) -> dict[str, Any]:
    objet = dict(paires)
    if len(objet) != len(paires):
        noms = [nom for nom, _ in paires]
        double = Counter(noms).most_common(1)[0][0]
        raise _JsonRejectedError(f"Le membre {double[:60]!r} figure deux fois.")
    return objet


def _flottant(texte: str) -> NoReturn:
    raise _JsonRejectedError(
        f"Le nombre {texte[:40]} n'est pas un entier : les montants sont des centimes entiers."
    )


def _id_dans(ligne: bytes) -> str | None:
    """The command id of a line refused for another member, so that the receipt can name it."""
    try:
        donnees = json.loads(ligne)
    except (ValueError, RecursionError):
        return None
    return _id_lisible(donnees.get("id_commande")) if isinstance(donnees, dict) else None


def _id_lisible(valeur: Any) -> str | None:
    """The id if it is one that a receipt may repeat."""
    try:
        lu: str | None = _ID.validate_python(valeur)
    except ValidationError:
        return None
    return lu
