"""The invariants of the budget, checked on each fact by replay. Amounts in cents.

Written apart from the decisions: what a decision should have refused, the audit sees, whoever
wrote the line. One function per invariant; each yields (finding code, French sentence).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import asdict

from ..budget import empreinte_credits, ligne_seule, lignes_credits
from ..evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    ExerciceClôturé,
    FabriqueLabellisée,
    Fait,
    TrancheVersée,
)
from ..montants import format_euros
from ..programme import LABELLISEE, Dossier, Label
from ..soldes import Soldes
from .rejeu import AE, CP, Rejeu
from .transitions import Trouvaille

Paiement = TrancheVersée | BonusNumériqueVersé


def memes_sommes(avant: Dossier | None, apres: Dossier) -> bool:
    """Whether two states of a structure hold the very same sums."""
    if avant is None or avant.etat != apres.etat:
        return False
    a, b = avant.label, apres.label
    if a is None or b is None:
        return a is b
    return (
        a.cohortes is b.cohortes
        and a.verse is b.verse
        and a.tranches is b.tranches
        and a.bonus is b.bonus
        and a.montant == b.montant
    )


def disponible(soldes: Soldes) -> Iterator[Trouvaille]:
    """Invariant 1: what is available is neither negative nor more than the envelope."""
    if not 0 <= soldes.disponible <= soldes.enveloppe:
        yield (
            "invariant_disponible",
            f"Disponible {format_euros(soldes.disponible)} sur {format_euros(soldes.enveloppe)}.",
        )


def credits_depasses(etat: Rejeu, fait: Fait) -> Sequence[Trouvaille]:
    """With `credits: bloquants`, no fact but a correction takes AE or CP that are not there."""
    depasses = [
        annee
        for annee, (ae, cp) in etat.baisses.items()
        if (ae < 0 and etat.restes[annee][AE] < 0) or (cp < 0 and etat.restes[annee][CP] < 0)
    ]
    if not depasses or etat.regles_au(fait.date_effet)[0].credits != "bloquants":
        return ()
    return [
        ("invariant_credits", f"{nom} de {annee} : {format_euros(reste)} disponibles.")
        for annee in sorted(depasses)
        for nom, baisse, reste in zip(
            ("AE", "CP"), etat.baisses[annee], etat.restes[annee], strict=True
        )
        if baisse < 0 and reste < 0
    ]


def plafonds_payes(structure: str, apres: Dossier) -> Iterator[Trouvaille]:
    """Paid <= committed per instalment, bonus, structure and cohort."""
    label = apres.label
    if label is None:
        return
    for tranche, verse in zip(label.tranches, label.verse, strict=True):
        if not 0 <= verse <= tranche.montant_centimes:
            yield (
                "invariant_paye",
                f"{structure}, tranche {tranche.rang} : {format_euros(verse)} payés pour "
                f"{format_euros(tranche.montant_centimes)}.",
            )
    bonus = label.bonus
    if bonus is not None and not 0 <= bonus.verse <= bonus.montant - bonus.retire:
        yield "invariant_paye", f"{structure}, bonus : {format_euros(bonus.verse)} payés."
    for cohorte in label.cohortes:
        if cohorte.montant_centimes < 0:
            yield (
                "invariant_paye",
                f"{structure} : l'engagement de {cohorte.exercice} est dépassé de "
                f"{format_euros(-cohorte.montant_centimes)}.",
            )
    reste = sum([c.montant_centimes for c in label.cohortes])
    if apres.etat == LABELLISEE and reste != label.montant - sum(label.verse):
        yield (
            "invariant_restes_a_payer",
            f"{structure} : {format_euros(reste)} engagés et non payés, "
            f"{format_euros(label.montant - sum(label.verse))} attendus.",
        )


def cumul(etat: Rejeu) -> list[Trouvaille]:
    """Paid, cumulated up to each exercice, never exceeds what was committed up to it."""
    if etat.marge is not None and etat.marge >= 0:
        return []
    vues: list[Trouvaille] = []
    somme, sommes = 0, []
    for annee in etat.soldes.annees():
        s = etat.soldes.exercice(annee)
        somme += s.engage + s.engage_bonus - s.cp_payes - s.cp_payes_bonus
        somme -= s.regularisations + s.regularisations_bonus
        sommes.append(somme)
        if somme < 0:
            vues.append(("invariant_paye", f"Payé cumulé jusqu'à {annee} au-delà de l'engagé."))
    etat.marge = min(sommes, default=0)
    return vues


def echeancier(apres: Rejeu, fait: FabriqueLabellisée | AvenantSigné) -> Iterator[Trouvaille]:
    """Invariant 3: ranks, amounts, exercices and due dates of a new schedule."""
    label = apres.dossiers[fait.structure].label
    if label is None:
        return
    regles, tranches = label.regles, fait.echeancier
    par_exercice: dict[int, int] = {}
    for t in tranches:
        par_exercice[t.exercice] = par_exercice.get(t.exercice, 0) + t.montant_centimes
    exercices = [t.exercice for t in tranches]
    echeances = [t.echeance for t in tranches]
    defauts = {
        "les rangs ne se suivent pas": [t.rang for t in tranches]
        != list(range(1, len(tranches) + 1)),
        "les tranches ne font pas la subvention": sum(par_exercice.values())
        != fait.montant_centimes,
        "le montant sort des bornes": not (
            regles.plancher_centimes <= fait.montant_centimes <= regles.plafond_centimes
        ),
        "le plafond annuel est dépassé": max(par_exercice.values(), default=0)
        > regles.plafond_annuel_centimes,
        "l'étendue dépasse le maximum d'exercices": not exercices
        or max(exercices) - min(exercices) + 1 > regles.exercices_max,
        "exercices ou échéances décroissent": exercices != sorted(exercices)
        or echeances != sorted(echeances),
        "il commence avant le label": bool(exercices)
        and (exercices[0] < label.date_effet.year or echeances[0] < label.date_effet),
    }
    for raison, en_defaut in defauts.items():
        if en_defaut:
            yield "invariant_echeancier", f"{fait.structure} : {raison}."


def quotas(apres: Rejeu, fait: FabriqueLabellisée) -> Iterator[Trouvaille]:
    """Invariant 4: the blocking quotas, this label counted."""
    regles, _ = apres.regles_au(fait.date_effet)
    if regles.quotas != "bloquants":
        return
    labels = apres.soldes.labels
    mesures = [("total", labels.total, regles.quota_total)]
    if fait.territoire == "qpv":
        mesures.append(("QPV", labels.qpv, regles.quota_qpv))
    else:
        mesures.append(("hors QPV", labels.hors_qpv, regles.quota_hors_qpv))
    if fait.numerique:
        mesures.append(("numériques", labels.numeriques, regles.quota_numeriques))
    for nom, compte, quota in mesures:
        if compte > quota:
            yield "invariant_quota", f"Quota {nom} : {compte} labels pour {quota}."


def bonus(etat: Rejeu, dossier: Dossier, fait: BonusNumériqueAccordé) -> Iterator[Trouvaille]:
    """Invariant 5: one bonus, to a digital Fabrique in QPV; `dossier` is as it was before."""
    if dossier.label is not None and dossier.label.bonus is not None:
        yield "invariant_bonus", f"{fait.structure} a déjà un bonus."
    if dossier.territoire != "qpv" or not dossier.numerique:
        yield "invariant_bonus", f"{fait.structure} n'est pas une Fabrique numérique en QPV."
    regles, _ = etat.regles_au(fait.date_effet)
    compte = etat.soldes.bonus_accordes  # this one included
    if regles.quotas == "bloquants" and compte > regles.quota_numeriques:
        yield "invariant_quota", f"{compte} bonus pour {regles.quota_numeriques}."


def versement(dossier: Dossier, fait: Paiement) -> Iterator[Trouvaille]:
    """Invariant 6: to a label in force, in order, in time; `dossier` is as it was before."""
    label = dossier.label
    if label is None or dossier.etat != LABELLISEE:
        yield "invariant_versement", f"{fait.structure} n'a pas de label en vigueur."
        return
    if isinstance(fait, BonusNumériqueVersé):
        if label.bonus is None or fait.date_effet < label.bonus.date_effet:
            yield "invariant_versement", f"{fait.structure} : bonus payé avant son octroi."
        engagement = fait.engagement
    else:
        yield from _rang(label, fait)
        engagement = max((p.exercice for p in fait.imputations), default=fait.exercice)
        if sum(p.montant_centimes for p in fait.imputations) != fait.montant_centimes:
            yield "invariant_paye", f"{fait.structure} : les imputations ne font pas le montant."
    if not engagement <= fait.exercice <= fait.date_effet.year:
        yield "invariant_versement", f"{fait.structure} : exercice {fait.exercice} non admis."


def _rang(label: Label, fait: TrancheVersée) -> Iterator[Trouvaille]:
    if fait.rang > len(label.tranches):
        yield "invariant_versement", f"{fait.structure} : pas de tranche {fait.rang}."
        return
    tranche = label.tranches[fait.rang - 1]
    if fait.date_effet < max(tranche.echeance, label.date_effet):
        yield "invariant_versement", f"{fait.structure} : tranche {fait.rang} payée trop tôt."
    if fait.rang > 1 and any(label.reste(rang) for rang in range(1, fait.rang)):
        yield "invariant_versement", f"{fait.structure} : tranche {fait.rang} hors de son rang."


def cloture(soldes: Soldes, fait: ExerciceClôturé) -> Iterator[Trouvaille]:
    """The sealed totals are those of the balances."""
    lignes = lignes_credits(soldes, jusqua=fait.exercice)
    if empreinte_credits(lignes) != fait.empreinte:
        yield "cloture_divergente", f"L'empreinte scellée pour {fait.exercice} ne se retrouve pas."
    if asdict(ligne_seule(soldes, fait.exercice, lignes)) != fait.totaux:
        yield "cloture_divergente", f"Les totaux scellés pour {fait.exercice} diffèrent."
