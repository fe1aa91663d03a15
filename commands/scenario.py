"""Reading a scenario: JSON lines, each a command as `executer` takes it, or a short verb.

Read and validated whole before anything is played: every defect has its line number. A command may
leave out `programme`, `id_commande` and `acteur`, which a simulation fills.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ledger.erreurs import UsageError
from ledger.temps import format_date

from .hypotheses import HYPOTHESES, Hypothese
from .lecture_json import CommandeIllisible, JsonIllisible, en_commande, lire_json, raisons
from .modele import Commande

OCTETS_MAX = 32 * 1024 * 1024
"""Bytes of a whole scenario."""
LIGNES_MAX = 100_000
_DEFAUTS_DITS = 20
_BOM = b"\xef\xbb\xbf"
_PROVISOIRE = "simulation"
"""The id of a command without one, until the simulation numbers it."""


class ScenarioUnreadableError(UsageError):
    """A scenario cannot be read: every defect, with the number of its line, is in the message."""

    code = "scenario_illisible"


@dataclass(frozen=True, slots=True)
class Etape:
    """One line of a scenario: a command (`numerotee`: the simulation gives its id) or a short verb.

    `ligne` is its number in the file, from 1.
    """

    ligne: int
    action: Commande | Hypothese
    numerotee: bool = False

    @property
    def nom(self) -> str:
        """The verb: of the command, or short."""
        return self.action.verbe if isinstance(self.action, Commande) else self.action.nom

    @property
    def phrase(self) -> str:
        """What the line says, in French."""
        if isinstance(self.action, Hypothese):
            return self.action.phrase
        structure = getattr(self.action, "structure", None)
        sur = f" de {structure}" if structure is not None else ""
        return f"{self.action.verbe}{sur} au {format_date(self.action.date_effet)}"


def lire_scenario(octets: bytes, programme: str) -> tuple[Etape, ...]:
    """The steps of a scenario for a programme; blank lines are skipped, none is no hypothesis.

    Raises: ScenarioUnreadableError.
    """
    if len(octets) > OCTETS_MAX:
        raise ScenarioUnreadableError(
            f"Le scénario dépasse {OCTETS_MAX} octets.", remede="Le découper."
        )
    etapes: list[Etape] = []
    defauts: list[str] = []
    for ligne, contenu in _lignes(octets):
        if len(etapes) + len(defauts) >= LIGNES_MAX:
            raise ScenarioUnreadableError(
                f"Le scénario dépasse {LIGNES_MAX} lignes.", remede="Le découper."
            )
        try:
            etapes.append(_lire(ligne, contenu, programme))
        except ValueError as erreur:
            defauts.append(f"ligne {ligne} : {erreur}")
    if defauts:
        dits = " ; ".join(defauts[:_DEFAUTS_DITS])
        reste = len(defauts) - _DEFAUTS_DITS
        autres = f" ; et {reste} autres" if reste > 0 else ""
        raise ScenarioUnreadableError(
            f"Le scénario ne se lit pas. {dits}{autres}",
            remede="Rien n'a été simulé : corriger ces lignes.",
        )
    return tuple(etapes)


def _lignes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    for numero, ligne in enumerate(octets.removeprefix(_BOM).split(b"\n"), start=1):
        if ligne.strip():
            yield numero, ligne


def _lire(ligne: int, contenu: bytes, programme: str) -> Etape:
    """One step. Raises ValueError with a French sentence."""
    donnees = lire_json(contenu)
    if not isinstance(donnees, dict):
        raise JsonIllisible("un objet JSON est attendu.")
    if "hypothese" in donnees:
        if "commande" in donnees:
            raise JsonIllisible("commande ou hypothese, pas les deux.")
        return Etape(ligne, _hypothese(donnees))
    if "commande" not in donnees:
        raise JsonIllisible("ni commande, ni hypothese.")
    numerotee = donnees.get("id_commande") is None
    commande = en_commande(completer(donnees, programme, _PROVISOIRE))
    if isinstance(commande, CommandeIllisible):
        raise JsonIllisible(commande.refus.message)
    if commande.programme != programme:
        raise JsonIllisible(
            f"le programme {commande.programme} n'est pas celui que l'on simule ({programme})."
        )
    return Etape(ligne, commande, numerotee)


def _hypothese(donnees: dict[str, Any]) -> Hypothese:
    nom = donnees["hypothese"]
    classe = HYPOTHESES.get(nom) if isinstance(nom, str) else None
    if classe is None:
        lu = nom[:60] if isinstance(nom, str) else "(pas un texte)"
        raise JsonIllisible(f"hypothese {lu!r} inconnue : un de {', '.join(HYPOTHESES)} attendu.")
    try:
        champs = classe.model_fields
        presents = {k: v for k, v in donnees.items() if v is not None or k not in champs}
        return classe.model_validate(presents)
    except ValidationError as erreur:
        raise JsonIllisible(f"{nom} : {raisons(erreur)}.") from erreur


_ACTEURS = {
    role: {"id": f"simulation-{role}", "role": role}
    for role in ("instructeur", "ordonnateur", "comptable", "systeme")
}
_ROLES = {
    "DéposerCandidature": "instructeur",
    "InstruireCandidature": "instructeur",
    "RendreAvis": "instructeur",
    "RecevoirBilan": "instructeur",
    "LabelliserFabrique": "ordonnateur",
    "AccorderBonusNumérique": "ordonnateur",
    "OrdonnancerTranche": "ordonnateur",
    "VerserTranche": "comptable",
    "VerserBonus": "comptable",
}


def completer(donnees: dict[str, Any], programme: str, id_commande: str) -> dict[str, Any]:
    """The JSON object of a command, with what it left out of programme, id and actor."""
    verbe = donnees.get("commande")
    role = _ROLES.get(verbe, "systeme") if isinstance(verbe, str) else "systeme"
    defauts = {"programme": programme, "id_commande": id_commande, "acteur": _ACTEURS[role]}
    return {**defauts, **{nom: v for nom, v in donnees.items() if v is not None}}
