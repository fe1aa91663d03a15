"""Reading a report back, JSON or HTML: strict, bounded, and never a traceback."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import msgspec

from ledger.erreurs import UsageError
from ledger.temps import lire_date

from .contenu import FORMAT, Entete, Rapport
from .ecriture import BALISE, OCTETS_MAX, Format, visible

_PROFONDEUR_MAX = 16
_ENTIER_MAX = 2**53 - 1
_FIN = "</script>"
_ISOLE = re.compile("[\ud800-\udfff]")
_MEMBRE = re.compile(r"\$\.(\w+)")


class ReportUnreadableError(UsageError):
    """The bytes are not a report of this ledger."""

    code = "rapport_illisible"


class _JsonRejectedError(ValueError):
    """JSON that a report never holds: duplicate member, float, NaN."""


def lire(octets: bytes) -> Rapport:
    """The report that a JSON or HTML file holds. Raises: ReportUnreadableError."""
    return reconnaitre(octets)[1]


def lire_entete(octets: bytes) -> dict[str, Any]:
    """The heading of a report, plain JSON values. Raises: ReportUnreadableError."""
    entete: dict[str, Any] = msgspec.to_builtins(lire(octets).entete)
    return entete


def reconnaitre(octets: bytes) -> tuple[Format, Rapport]:
    """The format of a report and its value. Raises: ReportUnreadableError."""
    if len(octets) > OCTETS_MAX:
        raise _illisible(f"il fait {len(octets)} octets, {OCTETS_MAX} au plus")
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError as erreur:
        raise _illisible("il n'est pas en UTF-8") from erreur
    if texte.lstrip()[:1] == "{":
        return "json", _rapport(texte)
    if texte.lstrip()[:15].lower() == "<!doctype html>":
        return "html", _rapport(_incorpore(texte))
    raise _illisible("ni un objet JSON, ni une page HTML")


def _incorpore(texte: str) -> str:
    """The JSON that an HTML page embeds; one and only one."""
    debut = texte.find(BALISE)
    if debut < 0 or texte.find(BALISE, debut + 1) >= 0:
        raise _illisible("la page HTML ne contient pas un rapport, et un seul")
    debut += len(BALISE)
    fin = texte.find(_FIN, debut)
    if fin < 0:
        raise _illisible("la page HTML est coupée")
    return texte[debut:fin]


def _rapport(texte: str) -> Rapport:
    valeur = _json(texte)
    if set(valeur) != {"entete", "figures"} or not isinstance(valeur["figures"], dict):
        raise _illisible("il n'a pas un en-tête et des chiffres")
    entete = valeur["entete"]
    if isinstance(entete, dict) and entete.get("format", FORMAT) != FORMAT:
        numero = visible(str(entete["format"])[:20])
        raise _illisible(f"son format est {numero}, ce moteur lit le {FORMAT}")
    try:
        lu = msgspec.convert(entete, Entete)
        if lu.au is not None:
            lire_date(lu.au)
    except ValueError as erreur:
        membre = _MEMBRE.search(str(erreur))
        ou = "" if membre is None else f" (membre {membre[1]})"
        raise _illisible(f"son en-tête ne se lit pas{ou}") from erreur
    return Rapport(lu, valeur["figures"])


def _json(texte: str) -> dict[str, Any]:
    try:
        valeur = json.loads(
            texte, object_pairs_hook=_objet, parse_float=_flottant, parse_constant=_flottant
        )
    except _JsonRejectedError as erreur:
        raise _illisible(str(erreur)) from erreur
    except RecursionError as erreur:
        raise _illisible("le JSON est trop imbriqué") from erreur
    except json.JSONDecodeError as erreur:
        raise _illisible(f"le JSON est rompu (ligne {erreur.lineno})") from erreur
    except ValueError as erreur:  # an integer of thousands of digits
        raise _illisible("un nombre a trop de chiffres") from erreur
    _controler(valeur)
    if not isinstance(valeur, dict):
        raise _illisible("ce n'est pas un objet JSON")
    return valeur


def _controler(valeur: Any) -> None:
    """Depth, greatest integer and texts: what a report can hold, before anything walks it."""
    etage: list[Any] = [valeur]
    for _ in range(_PROFONDEUR_MAX):
        suivant: list[Any] = []
        for element in etage:
            if isinstance(element, dict):
                suivant.extend(element)
                suivant.extend(element.values())
            elif isinstance(element, list):
                suivant.extend(element)
            elif isinstance(element, int) and abs(element) > _ENTIER_MAX:
                raise _illisible("un nombre a trop de chiffres")
            elif isinstance(element, str) and _ISOLE.search(element):
                raise _illisible("un texte contient un caractère isolé")
        if not suivant:
            return
        etage = suivant
    raise _illisible("le JSON est trop imbriqué")


def _objet(paires: list[tuple[str, Any]]) -> dict[str, Any]:
    objet = dict(paires)
    if len(objet) != len(paires):
        raise _JsonRejectedError("un membre y figure deux fois")
    return objet


def _flottant(texte: str) -> NoReturn:
    raise _JsonRejectedError(f"le nombre {visible(texte[:40])} n'est pas un entier")


def _illisible(raison: str) -> ReportUnreadableError:
    return ReportUnreadableError(
        f"Ce fichier n'est pas un rapport qui se relit : {raison}.",
        remede="Donner le fichier écrit par `fabriques rapport`, sans modification.",
    )
