"""The accepted facts of a programme, and the questions one can ask to a list of them.

Nothing is cached: every function scans the whole list again. Amounts are integer euro cents.
Dates are ISO texts, so that they compare as texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .schema import IDENTITE, LISTES_DES_REGLES, MONTANTS_DES_REGLES, QUOTAS, Json

ETATS = ("deposee", "rejetee", "retiree", "labellisee", "label_retire")


# --------------------------------------------------------------------------------------------
# Facts and their effects
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effet:
    """One signed amount on one line of one exercice.

    ``ligne`` is one of: enveloppe, ae_ouvertes, ae_gelees, cp_ouverts, cp_geles, engage,
    retrait_meme, retrait_anterieur, paye, regularisation, reversement, prevu.
    ``cohorte`` is the exercice of the commitment that is committed, withdrawn or paid.
    """

    ligne: str
    exercice: int
    centimes: int
    structure: str = ""
    objet: str = ""  # "subvention" or "bonus"
    cohorte: int = 0
    imputation: str = "enveloppe"
    recyclable: bool = False


@dataclass(frozen=True)
class Fait:
    """An accepted command, with what was fixed when it was recorded."""

    position: int
    verbe: str  # ASCII name of the command
    date: str
    champs: Json  # the normalised command
    effets: tuple[Effet, ...]
    acquis: Json  # anything else that was fixed at that moment


@dataclass
class Vue:
    """One structure, folded from facts."""

    structure: str
    etat: str = ""
    porteur: str = ""
    code_postal: str = ""
    ville: str = ""
    territoire: str = ""
    numerique: bool = False
    date_candidature: str = ""
    instruite: bool = False
    avis_rendu: bool = False
    date_label: str = ""
    date_avenant: str = ""
    regles_label: Json = field(default_factory=dict)
    montant: int = 0
    echeancier: list[Json] = field(default_factory=list)
    bonus: Json | None = None  # montant, exercice, imputation, date
    bilans: dict[int, bool] = field(default_factory=dict)  # exercice -> last answer
    verse: dict[int, int] = field(default_factory=dict)  # rang (0 = bonus) -> payments kept
    reclame: int = 0
    encaisse: int = 0
    evenements: list[int] = field(default_factory=list)


def effets_de(faits: Iterable[Fait]) -> list[Effet]:
    return [effet for fait in faits for effet in fait.effets]


def somme(effets: Iterable[Effet], *lignes: str, **criteres: Any) -> int:
    """Sum of the effects on these lines whose attributes all have the given values."""
    return sum(
        effet.centimes
        for effet in effets
        if effet.ligne in lignes
        and all(getattr(effet, nom) == valeur for nom, valeur in criteres.items())
    )


def compter(faits: list[Fait], au: str | None, connu_au: int | None) -> list[Fait]:
    """The facts that count: known at ``connu_au``, taking effect on ``au`` at the latest."""
    return [
        fait
        for fait in faits
        if (connu_au is None or fait.position <= connu_au) and (au is None or fait.date <= au)
    ]


# --------------------------------------------------------------------------------------------
# Rules
# --------------------------------------------------------------------------------------------


def regles_a(faits: list[Fait], date: str) -> Json:
    """The rules at a date: the opening's, then the revisions by (date, position)."""
    ouverture = faits[0]
    regles: Json = dict(ouverture.champs["regles"])
    if date < ouverture.date:
        return regles
    revisions = [f for f in faits if f.verbe == "ReviserRegles" and f.date <= date]
    for revision in sorted(revisions, key=lambda f: (f.date, f.position)):
        regles.update(revision.champs["regles"])
    return regles


def incoherentes(regles: Json) -> bool:
    """Judges what is present, so that it serves for a whole set and for a revision alone."""
    return (
        any(regles.get(nom, 0) < 0 for nom in (*MONTANTS_DES_REGLES, *QUOTAS))
        or regles.get("exercices_max", 1) < 1
        or any(regles.get(nom, v[0]) not in v for nom, v in LISTES_DES_REGLES.items())
        or (
            "plancher_centimes" in regles
            and "plafond_centimes" in regles
            and regles["plancher_centimes"] > regles["plafond_centimes"]
        )
    )


# --------------------------------------------------------------------------------------------
# Questions asked to a list of facts
# --------------------------------------------------------------------------------------------


def dernier_clos(faits: Iterable[Fait]) -> int:
    """The last closed exercice, 0 when none is."""
    return max((f.champs["exercice"] for f in faits if f.verbe == "CloturerExercice"), default=0)


def exercice_ouvert(faits: list[Fait], exercice: int) -> int:
    """The exercice itself, or the first open one when it is closed."""
    return max(exercice, dernier_clos(faits) + 1)


def disponible(effets: list[Effet]) -> int:
    """What the envelope still offers; commitments outside the envelope are left out."""
    return (
        somme(effets, "enveloppe")
        - somme(effets, "engage", imputation="enveloppe")
        + somme(effets, "retrait_meme", imputation="enveloppe")
        + somme(effets, "retrait_anterieur", imputation="enveloppe", recyclable=True)
    )


def ae_disponibles(effets: list[Effet], exercice: int) -> int:
    return (
        somme(effets, "ae_ouvertes", exercice=exercice)
        - somme(effets, "ae_gelees", exercice=exercice)
        - somme(effets, "engage", exercice=exercice)
        + somme(effets, "retrait_meme", exercice=exercice)
        + somme(effets, "retrait_anterieur", exercice=exercice, recyclable=True)
    )


def cp_disponibles(effets: list[Effet], exercice: int) -> int:
    return (
        somme(effets, "cp_ouverts", exercice=exercice)
        - somme(effets, "cp_geles", exercice=exercice)
        - somme(effets, "paye", "regularisation", exercice=exercice)
    )


def restes_par_cohorte(faits: list[Fait], structure: str, objet_: str) -> dict[int, int]:
    """Exercice of commitment -> committed, less withdrawn, less paid; oldest first."""
    restes: dict[int, int] = {}
    for effet in effets_de(faits):
        if effet.structure != structure or effet.objet != objet_:
            continue
        if effet.ligne == "engage":
            restes[effet.cohorte] = restes.get(effet.cohorte, 0) + effet.centimes
        elif effet.ligne in ("retrait_meme", "retrait_anterieur", "paye", "regularisation"):
            restes[effet.cohorte] -= effet.centimes
    return dict(sorted(restes.items()))


def prelever(restes: Iterable[tuple[int, int]], montant: int) -> dict[int, int]:
    """Takes ``montant`` from (key, available) pairs, in their order, as far as they go."""
    parts: dict[int, int] = {}
    for cle, reste in restes:
        part = min(reste, montant)
        if part > 0:
            parts[cle] = part
            montant -= part
    return parts


def ordres_impayes(faits: list[Fait], structure: str, rang: int) -> dict[int, int]:
    """Position of the order -> what of it is not paid, for one rank; oldest recorded first."""
    restes = {
        f.position: f.champs["montant_centimes"]
        for f in faits
        if f.verbe == "OrdonnancerTranche"
        and f.champs["structure"] == structure
        and f.champs["rang"] == rang
    }
    for fait in faits:
        signe = {"VerserTranche": -1, "VerserBonus": -1, "AnnulerVersement": 1}.get(fait.verbe, 0)
        for position, montant in fait.acquis.get("ordres", {}).items():
            if position in restes:
                restes[position] += signe * montant
    return restes


def registre(faits: Iterable[Fait]) -> dict[str, Vue]:
    """Every structure, folded from the facts in the order of their positions."""
    vues: dict[str, Vue] = {}
    for fait in faits:
        structure = fait.champs.get("structure")
        if structure is not None:
            vue = vues.setdefault(structure, Vue(structure))
            vue.evenements.append(fait.position)
            replier(vue, fait)
    return vues


def replier(vue: Vue, fait: Fait) -> None:
    champs, acquis = fait.champs, fait.acquis
    match fait.verbe:
        case "DeposerCandidature":
            vue.etat = "deposee"
            vue.date_candidature = fait.date
            vue.instruite = vue.avis_rendu = False
            corriger(vue, champs)
        case "CorrigerStructure":
            corriger(vue, champs)
        case "InstruireCandidature":
            vue.instruite = True
        case "RendreAvis":
            vue.avis_rendu = True
        case "RejeterCandidature":
            vue.etat = "rejetee"
        case "RetirerCandidature":
            vue.etat = "retiree"
        case "LabelliserFabrique":
            vue.etat = "labellisee"
            vue.date_label = fait.date
            vue.regles_label = acquis["regles"]
            vue.territoire, vue.numerique = acquis["territoire"], acquis["numerique"]
            vue.montant, vue.echeancier = champs["montant_centimes"], acquis["echeancier"]
        case "SignerAvenant":
            vue.date_avenant = fait.date
            vue.montant, vue.echeancier = champs["montant_centimes"], champs["echeancier"]
        case "AccorderBonusNumerique":
            vue.bonus = {**acquis, "date": fait.date}
        case "RecevoirBilan":
            vue.bilans[champs["exercice"]] = champs["accepte"]
        case "VerserTranche" | "VerserBonus":
            rang = acquis["rang"]
            vue.verse[rang] = vue.verse.get(rang, 0) + champs["montant_centimes"]
        case "AnnulerVersement":
            vue.verse[acquis["rang"]] -= acquis["montant"]
        case "RetirerLabel":
            vue.etat = "label_retire"
        case "DemanderReversement":
            vue.reclame += champs["montant_centimes"]
        case "EncaisserReversement":
            vue.encaisse += champs["montant_centimes"]
        case _:  # SignerConvention, OrdonnancerTranche: nothing that a figure shows
            pass


def corriger(vue: Vue, champs: Json) -> None:
    for nom in IDENTITE:
        if nom in champs:
            setattr(vue, nom, champs[nom])


def reste_du_rang(vue: Vue, tranche: Json) -> int:
    return int(tranche["montant_centimes"]) - vue.verse.get(tranche["rang"], 0)


def reste_du_bonus(vue: Vue) -> int:
    return 0 if vue.bonus is None else int(vue.bonus["montant"]) - vue.verse.get(0, 0)
