"""The journal, page after page, and one event: its line, its effects, its proof."""

from __future__ import annotations

from array import array
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from ledger.erreurs import UsageError
from ledger.evenements import Fait, FaitDeStructure
from ledger.preuve.canonique import DECODEURS
from ledger.preuve.ligne import Lineur
from ledger.preuve.merkle import racine_base64
from ledger.preuve.preuve_ligne import PreuveLigne
from ledger.registre import TYPES
from ledger.soldes import EFFETS, PROGRAMME, Soldes
from ledger.vocabulaire import FAITS, MEMBRES

from ...partie_double import ecritures
from ..demande import Demande, PageIntrouvable
from ..recherche import Recherche
from ..sources import Sources
from .registre import montant_de, retenues

_TYPES = tuple(TYPES)
_SOLDES = {
    "enveloppe": "Enveloppe",
    "impute": "Engagé sur l'enveloppe",
    "rendu": "Rendu à l'enveloppe",
    "bonus_accordes": "Nombre de bonus accordés",
    "labels": "Nombre de labels",
    "labels_qpv": "Nombre de labels en QPV",
    "labels_hors_qpv": "Nombre de labels hors QPV",
    "labels_inconnu": "Nombre de labels de zone inconnue",
    "labels_numeriques": "Nombre de labels numériques",
    "ae_ouvertes": "AE ouvertes",
    "ae_gelees": "AE gelées",
    "cp_ouverts": "CP ouverts",
    "cp_geles": "CP gelés",
    "engage": "AE engagées, subventions",
    "engage_bonus": "AE engagées, bonus",
    "retraits_meme": "Retiré dans l'exercice de l'engagement",
    "retraits_meme_bonus": "Bonus retiré dans l'exercice de l'engagement",
    "retraits_anterieurs": "Retiré dans un exercice suivant",
    "retraits_anterieurs_bonus": "Bonus retiré dans un exercice suivant",
    "retraits_recyclables": "Retiré et réemployable",
    "cp_payes": "CP payés, subventions",
    "cp_payes_bonus": "CP payés, bonus",
    "regularisations": "Régularisations, subventions",
    "regularisations_bonus": "Régularisations, bonus",
    "reversements": "Reversements encaissés",
    "a_prevoir": "CP à prévoir",
}
_EN_NOMBRE = ("labels", "bonus_accordes")


class Filtre(NamedTuple):
    """What the page of the journal retains: a topic, words that name structures."""

    type: str
    structure: str


def lire_filtre(demande: Demande) -> Filtre:
    """What the address retains. Raises: UsageError."""
    return Filtre(demande.choix("type", _TYPES), demande.texte("structure"))


def journal(demande: Demande) -> dict[str, Any]:
    """The facts counted, in the order of positions or the last ones first."""
    filtre = lire_filtre(demande)
    sens = demande.choix("sens", ("croissant", "decroissant"), "croissant")
    positions = positions_retenues(demande, filtre)
    if sens == "decroissant":
        positions = positions[::-1]
    page, pagination = demande.page(positions)
    faits = list(demande.tete.lire(sorted(page)))
    if sens == "decroissant":
        faits.reverse()
    fiches = demande.regard.vue.situation.fiches
    return {
        "faits": [(p, f, fiches.get(_structure_de(f) or ""), montant_de(f)) for p, f in faits],
        "sources": Sources(f for _, f in faits),
        "pagination": pagination,
        "types": {topic: FAITS.get(topic.split(":")[0], "") for topic in _TYPES},
        "type_voulu": filtre.type,
        "structure": filtre.structure,
        "sens": sens,
        "filtre": any(filtre),
    }


def positions_retenues(demande: Demande, filtre: Filtre) -> Sequence[int]:
    """The positions of the facts retained that count, in order. Raises: EnAttente, Occupee."""
    type_voulu, structure = filtre
    tete, au = demande.tete, demande.moment.au
    positions: Sequence[int] = range(1, demande.position + 1)
    if structure:
        exacte = demande.regard.vue.situation.fiches.get(structure)
        choisies = retenues(demande, Recherche(q=structure)).fiches if exacte is None else (exacte,)
        positions = sorted({p for fiche in choisies for p in fiche.evenements})

    def filtrer() -> array[int]:
        retenues = positions
        if type_voulu:
            rang, types = _TYPES.index(type_voulu), tete.types
            retenues = [p for p in retenues if types[p - 1] == rang]
        if au is not None:
            limite, dates = au.toordinal(), tete.dates
            retenues = [p for p in retenues if dates[p - 1] <= limite]
        return array("q", retenues)

    if not type_voulu and au is None:
        return positions
    if structure:
        return filtrer()
    cle = ("positions", type_voulu, demande.position, au)
    return tete.calculs.obtenir(cle, lambda _: filtrer())


def evenement(demande: Demande, numero: str) -> dict[str, Any]:
    """One event. Raises: PageIntrouvable for what is no position known at this moment."""
    position = exiger_position(demande, numero)
    tete = demande.tete
    (ligne,) = tete.lignes((position,))
    fait: Fait = DECODEURS[ligne.topic](ligne.octets)
    arbre = tete.journal.arbre
    etat = msgspec.json.decode(ligne.octets)
    structure = _structure_de(fait)
    fiches = demande.regard.vue.situation.fiches
    return {
        "position": position,
        "fait": fait,
        "topic": ligne.topic,
        "sens": FAITS.get(ligne.topic.split(":")[0], ""),
        "membres": [_membre(nom, valeur) for nom, valeur in etat.items()],
        "sources": Sources((fait,)),
        "fiche": fiches.get(structure or ""),
        "structure": structure,
        "effets": list(_effets(fait)),
        "ecritures": ecritures(position, fait),
        "ligne": Lineur(tete.programme).ligne(*ligne).decode("utf-8"),
        "feuille": arbre.feuille(position).hex(),
        "racine": racine_base64(arbre.racine(demande.position)),
        "preuve": [
            b64encode(h).decode("ascii") for h in arbre.inclusion(position, demande.position)
        ],
        "compte": demande.moment.au is None or fait.date_effet <= demande.moment.au,
    }


def exiger_position(demande: Demande, numero: str) -> int:
    """A position known at this moment. Raises: UsageError, PageIntrouvable."""
    if not (numero.isascii() and numero.isdigit()) or len(numero) > 15:  # noqa: PLR2004
        raise UsageError(f"La position {numero[:20]!r} n'est pas un nombre à partir de 1.")
    position = int(numero)
    if not 1 <= position <= demande.position:
        raise PageIntrouvable(
            f"Le journal {demande.tete.programme} va de 1 à {demande.position} à ce moment : il "
            f"n'a pas de position {position}."
        )
    return position


def ligne_brute(demande: Demande, position: int) -> bytes:
    """The line of a position, as `fabriques journal` gives it, without a line feed."""
    (ligne,) = demande.tete.lignes((position,))
    return Lineur(demande.tete.programme).ligne(*ligne)


def preuve(demande: Demande, position: int) -> bytes:
    """The proof of a line under the root of this moment (C2SP tlog-proof, unsigned)."""
    journal_lu = demande.tete.journal
    return PreuveLigne(
        position,
        journal_lu.arbre.inclusion(position, demande.position),
        journal_lu.releve(demande.position),
    ).texte()


def _structure_de(fait: Fait) -> str | None:
    return fait.structure if isinstance(fait, FaitDeStructure) else None


def _effets(fait: Fait) -> list[tuple[str, str, int, bool]]:
    """What the fact adds: words, exercice, amount, whether it is in cents."""
    effet = EFFETS.get(type(fait))
    if effet is None:
        return []
    return [
        (
            _SOLDES.get(membre, membre),
            "tous" if annee == PROGRAMME else str(annee),
            valeur,
            not membre.startswith(_EN_NOMBRE),
        )
        for (annee, membre), valeur in effet(fait, Soldes())
        if valeur and membre != "dernier_clos"
    ]


def _membre(nom: str, valeur: object) -> tuple[str, str, str, int | None]:
    """A member as recorded: name, value, meaning; and its cents, when it is an amount."""
    montant = valeur if nom.endswith("_centimes") and isinstance(valeur, int) else None
    return nom, _dire(valeur), MEMBRES.get(nom, ""), montant


def _dire(valeur: object) -> str:
    if isinstance(valeur, str):
        return valeur
    return msgspec.json.encode(valeur).decode("utf-8")
