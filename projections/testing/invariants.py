"""What public figures must satisfy, whatever system gives them: checks of plain JSON, in cents.

Each check takes figures of one programme at one view, by name (`enveloppe`, `credits`,
`structures`, `echeancier.STRUCTURE`), and lists what is wrong, in French sentences. Figures that
were not given are not checked. They hold for any ledger that keeps the contract; no oracle needed.
`au` is the effect date of the view: bounds (never paid beyond, never below zero) hold at every
position without one, while a late fact may break them as of a past date.

    assert controler({"au": None, "enveloppe": ..., "credits": ...}) == []
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

Figures = Mapping[str, Any]


def controler(figures: Figures) -> list[str]:
    """Every check below; an empty list when all hold."""
    return [defaut for controle in CONTROLES for defaut in controle(figures)]


def enveloppe_coherente(figures: Figures) -> Iterator[str]:
    """Parts sum to totals, outstanding and rate follow, nothing is negative (invariants 1, 2)."""
    e = figures.get("enveloppe")
    if e is None:
        return
    parts = e["engage_subventions_centimes"] + e["engage_bonus_centimes"]
    if parts != e["engage_centimes"]:
        yield f"engagé {e['engage_centimes']} n'est pas subventions + bonus ({parts})."
    retraits = e["retraits_meme_exercice_centimes"] + e["retraits_anterieurs_centimes"]
    reste = e["engage_centimes"] - e["paye_centimes"] - retraits
    if reste != e["reste_a_payer_centimes"]:
        yield f"reste à payer {e['reste_a_payer_centimes']} au lieu de {reste}."
    total, disponible = e["enveloppe_centimes"], e["disponible_centimes"]
    consomme = (total - disponible) * 10_000
    taux = 0 if total == 0 else (2 * consomme + total) // (2 * total)
    if taux != e["taux_consommation_dix_milliemes"]:
        yield f"taux {e['taux_consommation_dix_milliemes']} au lieu de {taux}."
    for nom in ("meme_exercice", "anterieurs"):
        bonus, tous = e[f"retraits_{nom}_bonus_centimes"], e[f"retraits_{nom}_centimes"]
        if not 0 <= bonus <= tous:
            yield f"retraits_{nom} : la part du bonus ({bonus}) n'est pas entre 0 et {tous}."


def disponible_entre_zero_et_l_enveloppe(figures: Figures) -> Iterator[str]:
    """0 <= available <= envelope (invariant 1); only for views without a bound on effect dates."""
    e = figures.get("enveloppe")
    if e is not None and figures.get("au") is None:
        disponible, total = e["disponible_centimes"], e["enveloppe_centimes"]
        if not 0 <= disponible <= total:
            yield f"disponible {disponible} hors de 0 à {total}."


def restes_reportes(figures: Figures) -> Iterator[str]:
    """Outstanding rolls forward, year after year, to the cent (invariant 7)."""
    lignes = figures.get("credits")
    if not lignes:
        return
    for avant, apres in pairwise(lignes):
        if avant["exercice"] + 1 != apres["exercice"]:
            yield f"l'exercice {avant['exercice']} est suivi de {apres['exercice']}."
        if avant["rap_cloture_centimes"] != apres["rap_ouverture_centimes"]:
            yield f"{apres['exercice']} n'ouvre pas sur la clôture de {avant['exercice']}."
    for ligne in lignes:
        attendue = (
            ligne["rap_ouverture_centimes"]
            + ligne["ae_engagees_centimes"]
            - ligne["cp_payes_centimes"]
            - ligne["regularisations_centimes"]
            - ligne["retraits_meme_exercice_centimes"]
            - ligne["retraits_anterieurs_centimes"]
        )
        if attendue != ligne["rap_cloture_centimes"]:
            yield (
                f"{ligne['exercice']} : clôture {ligne['rap_cloture_centimes']}, {attendue} attendu"
            )
        if ligne["rap_cloture_centimes"] < 0 and figures.get("au") is None:
            yield f"{ligne['exercice']} : plus payé qu'engagé."


def exercices_et_enveloppe(figures: Figures) -> Iterator[str]:
    """The years sum to the envelope's totals (invariant 8)."""
    e, lignes = figures.get("enveloppe"), figures.get("credits")
    if e is None or lignes is None:
        return
    for nom, de in (
        ("engage_centimes", ("ae_engagees_centimes",)),
        ("paye_centimes", ("cp_payes_centimes", "regularisations_centimes")),
        ("retraits_meme_exercice_centimes", ("retraits_meme_exercice_centimes",)),
        ("retraits_anterieurs_centimes", ("retraits_anterieurs_centimes",)),
        ("reversements_centimes", ("reversements_centimes",)),
        ("reste_a_payer_centimes", ("cp_restant_a_prevoir_centimes",)),
    ):
        somme = sum(ligne[champ] for ligne in lignes for champ in de)
        if somme != e[nom]:
            yield f"{nom} {e[nom]}, somme des exercices {somme}."


def registre_et_enveloppe(figures: Figures) -> Iterator[str]:
    """Labels are counted once, payments sum to the total (invariants 2, 4)."""
    e, lignes = figures.get("enveloppe"), figures.get("structures")
    if e is None or lignes is None:
        return
    en_vigueur = [ligne for ligne in lignes if ligne["etat"] == "labellisee"]
    comptes = {
        "total": len(en_vigueur),
        "qpv": sum(ligne["territoire"] == "qpv" for ligne in en_vigueur),
        "hors_qpv": sum(ligne["territoire"] == "hors_qpv" for ligne in en_vigueur),
        "numeriques": sum(ligne["numerique"] for ligne in en_vigueur),
    }
    if comptes != e["labels"]:
        yield f"labels {e['labels']}, le registre en compte {comptes}."
    paye = sum(ligne["paye_centimes"] for ligne in lignes)
    if paye != e["paye_centimes"]:
        yield f"payé {e['paye_centimes']}, le registre en somme {paye}."


def echeanciers_coherents(figures: Figures) -> Iterator[str]:
    """A schedule sums to the grant; ranks in order; never paid beyond (invariants 2, 3)."""
    for nom, figure in figures.items():
        if not nom.startswith("echeancier."):
            continue
        tranches: Sequence[Any] = figure["tranches"]
        somme = sum(t["montant_centimes"] for t in tranches)
        if tranches and somme != figure["montant_centimes"]:
            yield f"{nom} : les tranches somment à {somme}, subvention {figure['montant_centimes']}"
        if [t["rang"] for t in tranches] != [*range(1, len(tranches) + 1)]:
            yield f"{nom} : les rangs ont un trou."
        for t in tranches if figures.get("au") is None else ():
            if not 0 <= t["verse_centimes"] <= t["montant_centimes"]:
                yield f"{nom}.{t['rang']} : versé {t['verse_centimes']} hors de la tranche."
        bonus = figure["bonus"] if figures.get("au") is None else None
        if bonus is not None and not 0 <= bonus["verse_centimes"] <= bonus["montant_centimes"]:
            yield f"{nom} : bonus versé {bonus['verse_centimes']} hors de son montant."


CONTROLES: tuple[Callable[[Figures], Iterator[str]], ...] = (
    enveloppe_coherente,
    disponible_entre_zero_et_l_enveloppe,
    restes_reportes,
    exercices_et_enveloppe,
    registre_et_enveloppe,
    echeanciers_coherents,
)
"""Every check, to be run by `controler`."""
