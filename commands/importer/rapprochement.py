"""A row whose act is already in the ledger: the same, or not. Nothing is ever changed silently."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from ledger.evenements import BonusNumériqueVersé, TrancheVersée
from ledger.montants import format_euros
from ledger.temps import format_date

from ..modele import Commande
from ..verbes.candidature import CORRIGEABLES, DéposerCandidature
from ..verbes.paiement import VerserBonus, VerserTranche
from .issues import Constat, Statut
from .registre import Registre

_COMPARES = (*CORRIGEABLES, "montant_demande_centimes")
Jugement = tuple[Statut, tuple[Constat, ...], int]
"""Outcome, what to say, position of the fact that was there."""


def deja_connue(
    commande: Commande, registre: Registre, *, de_colonne: frozenset[str]
) -> Jugement | None:
    """What to say of a command whose act was recorded before the import; None when it is new."""
    match commande:
        case DéposerCandidature() if registre.est_connue(commande.structure):
            return _candidature(commande, registre, de_colonne)
        case VerserTranche():
            return _versement(commande, commande.rang, registre, de_colonne)
        case VerserBonus():
            return _versement(commande, 0, registre, de_colonne)
        case _:
            return None


def _candidature(
    commande: DéposerCandidature, registre: Registre, de_colonne: frozenset[str]
) -> Jugement:
    position, dite = registre.candidature(commande.structure)
    champs = [*_COMPARES, *(("date_effet",) if "date_effet" in de_colonne else ())]
    ecarts = list(_ecarts(commande, dite, champs))
    if registre.est_close(commande.structure):
        clos = Constat(
            "candidature_close",
            f"la candidature de {commande.structure} a été rejetée ou retirée depuis",
            "Pour une nouvelle candidature, la déposer avec « fabriques executer ».",
        )
        return ("refusee" if ecarts else "deja"), (clos,), position
    if not ecarts:
        return "deja", (), position
    corrigeables = [champ for champ, _ in ecarts if champ in CORRIGEABLES]
    remede = "Rien n'est changé."
    if corrigeables:
        remede += f" Pour corriger {', '.join(corrigeables)} : la commande CorrigerStructure."
    if len(corrigeables) < len(ecarts):
        remede += " La date et le montant demandé ne se corrigent pas."
    constats = tuple(
        Constat("deja_importee_differe", f"déjà déposée, diffère : {dit}", remede, champ)
        for champ, dit in ecarts
    )
    return "refusee", constats, position


def _versement(
    commande: VerserTranche | VerserBonus,
    rang: int,
    registre: Registre,
    de_colonne: frozenset[str],
) -> Jugement | None:
    trouve = registre.versement(commande.structure, rang, commande.reference)
    if trouve is None:
        return None
    position, fait = trouve
    dite: dict[str, Any] = {}
    if isinstance(fait, TrancheVersée | BonusNumériqueVersé):
        dite = {"montant_centimes": fait.montant_centimes, "exercice": fait.exercice}
    dite["date_effet"] = fait.date_effet
    champs = ["montant_centimes", "exercice"]
    champs += ["date_effet"] if "date_effet" in de_colonne else []
    ecarts = list(_ecarts(commande, dite, champs))
    if ecarts:
        remede = (
            f"Rien n'est changé. Le versement est à la position {position} : une erreur se "
            "corrige par AnnulerVersement, puis un nouveau versement."
        )
        constats = tuple(
            Constat("deja_importee_differe", f"déjà versé, diffère : {dit}", remede, champ)
            for champ, dit in ecarts
        )
        return "refusee", constats, position
    annulation = registre.annulation(position)
    if annulation is None:
        return "deja", (), position
    annule = Constat(
        "versement_annule",
        f"déjà versé (position {position}), et annulé depuis (position {annulation})",
        "Un nouveau paiement porte une nouvelle référence.",
    )
    return "deja", (annule,), position


def _ecarts(
    commande: Commande, dite: dict[str, Any], champs: Iterable[str]
) -> Iterable[tuple[str, str]]:
    """Field and sentence, for each value of the row that the ledger contradicts.

    A field that the row leaves blank says nothing.
    """
    for champ in champs:
        voulu, garde = getattr(commande, champ), dite.get(champ)
        if voulu is not None and voulu != garde:
            yield champ, f"{champ} (fichier {_dire(champ, voulu)}, tenu {_dire(champ, garde)})"


def _dire(champ: str, valeur: Any) -> str:
    match valeur:
        case None:
            return "rien"
        case bool():
            return "oui" if valeur else "non"
        case int() if champ.endswith("_centimes"):
            return format_euros(valeur)
        case date():
            return format_date(valeur)
        case _:
            return f"« {str(valeur)[:60]} »"
