"""The invariants of the budget, checked on each fact by replay. Amounts in cents.

Written apart from the decisions: what a decision should have refused, the audit sees, whoever
wrote the line. One function per invariant; each yields (finding code, French sentence).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import asdict

from ..budget import empreinte_credits, ligne_seule, lignes_credits
from ..evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    ExerciceClôturé,
    FabriqueLabellisée,
    Fait,
    FaitDeStructure,
    TrancheVersée,
    VersementAnnulé,
)
from ..montants import format_euros
from ..programme import LABELLISEE, Label, Programme, evolve
from .attendus import attendus
from .transitions import Trouvaille, transition

Paiement = TrancheVersée | BonusNumériqueVersé


class Controle:
    """The replay under audit: the state so far, the payments not yet cancelled, the closings."""

    def __init__(self, etat: Programme) -> None:
        self.etat = etat
        self._paiements: dict[int, Paiement] = {}
        self._clotures: list[ExerciceClôturé] = []

    def avancer(self, position: int, fait: Fait) -> list[Trouvaille]:
        """The findings on one fact; the replay then stands after it.

        Raises: LedgerError, LookupError or ValueError when nothing can follow.
        """
        avant = self.etat
        trouvailles = [*transition(avant, fait), *self._comparer(avant, fait)]
        apres = evolve(avant, fait)
        self.etat = apres
        trouvailles += [*_disponible(apres), *_credits(avant, apres, fait)]
        match fait:
            case FabriqueLabellisée():
                trouvailles += [*_echeancier(apres, fait), *_quotas(apres, fait)]
            case AvenantSigné():
                trouvailles += _echeancier(apres, fait)
            case BonusNumériqueAccordé():
                trouvailles += _bonus(avant, fait)
            case TrancheVersée() | BonusNumériqueVersé():
                trouvailles += [*_versement(avant, fait), *_separation(avant, fait)]
                trouvailles += _cumul(apres)
                self._paiements[position] = fait
            case VersementAnnulé():
                self._paiements.pop(fait.position, None)
            case ExerciceClôturé():
                self._clotures.append(fait)
                trouvailles += _cloture(apres, fait)
            case _:
                pass
        if isinstance(fait, FaitDeStructure):
            trouvailles += _plafonds_payes(apres, fait.structure)
        return trouvailles

    def _comparer(self, avant: Programme, fait: Fait) -> Iterator[Trouvaille]:
        """The effects that the fact holds are those its predecessors determine."""
        paiement = None
        if isinstance(fait, VersementAnnulé):
            paiement = self._paiements.get(fait.position)
            if paiement is None:
                yield "effet_faux", f"Pas de versement à annuler en {fait.position}."
        for membre, attendu in attendus(avant, fait, paiement).items():
            if getattr(fait, membre) != attendu:
                yield "effet_faux", f"{membre} n'est pas ce que donne le recalcul."

    def conclure(self) -> Iterator[Trouvaille]:
        """What needs the whole journal: outstanding (invariant 7), sealed exercices (13)."""
        lignes = lignes_credits(self.etat.soldes)
        cloture = lignes[-1].rap_cloture_centimes if lignes else 0
        prevu = sum(ligne.cp_restant_a_prevoir_centimes for ligne in lignes)
        vivant = 0
        for dossier in self.etat.dossiers.values():
            label = dossier.label
            if label is not None:
                vivant += sum(c.montant_centimes for c in label.cohortes)
                if label.bonus is not None:
                    vivant += label.bonus.montant - label.bonus.verse - label.bonus.retire
        if not cloture == prevu == vivant:
            yield (
                "invariant_restes_a_payer",
                f"Restes à payer {format_euros(cloture)}, à prévoir {format_euros(prevu)}, reste "
                f"sur les labels {format_euros(vivant)}.",
            )
        for scelle in self._clotures:
            yield from _cloture(self.etat, scelle)


def _disponible(apres: Programme) -> Iterator[Trouvaille]:
    soldes = apres.soldes
    if not 0 <= soldes.disponible <= soldes.enveloppe:
        yield (
            "invariant_disponible",
            f"Disponible {format_euros(soldes.disponible)} sur {format_euros(soldes.enveloppe)}.",
        )


def _credits(avant: Programme, apres: Programme, fait: Fait) -> Iterator[Trouvaille]:
    """With `credits: bloquants`, no fact but a correction takes AE or CP that are not there."""
    if avant.regles is None or avant.regles_au(fait.date_effet)[0].credits != "bloquants":
        return
    for annee in apres.soldes.annees():
        for nom, reste, deja in (
            ("AE", apres.soldes.ae_disponibles(annee), avant.soldes.ae_disponibles(annee)),
            ("CP", apres.soldes.cp_disponibles(annee), avant.soldes.cp_disponibles(annee)),
        ):
            if reste < 0 and reste < deja:
                yield "invariant_credits", f"{nom} de {annee} : {format_euros(reste)} disponibles."


def _plafonds_payes(apres: Programme, structure: str) -> Iterator[Trouvaille]:
    """Paid <= committed per instalment, bonus, structure and cohort."""
    label = apres.dossiers[structure].label
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
    reste = sum(c.montant_centimes for c in label.cohortes)
    if apres.dossiers[structure].etat == LABELLISEE and reste != label.montant - sum(label.verse):
        yield (
            "invariant_restes_a_payer",
            f"{structure} : {format_euros(reste)} engagés et non payés, "
            f"{format_euros(label.montant - sum(label.verse))} attendus.",
        )


def _cumul(apres: Programme) -> Iterator[Trouvaille]:
    """Paid, cumulated up to each exercice, never exceeds what was committed up to it."""
    cumul = 0
    for annee in apres.soldes.annees():
        s = apres.soldes.exercice(annee)
        cumul += s.engage + s.engage_bonus - s.cp_payes - s.cp_payes_bonus
        cumul -= s.regularisations + s.regularisations_bonus
        if cumul < 0:
            yield "invariant_paye", f"Payé cumulé jusqu'à {annee} au-delà de l'engagé."


def _echeancier(apres: Programme, fait: FabriqueLabellisée | AvenantSigné) -> Iterator[Trouvaille]:
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


def _quotas(apres: Programme, fait: FabriqueLabellisée) -> Iterator[Trouvaille]:
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


def _bonus(avant: Programme, fait: BonusNumériqueAccordé) -> Iterator[Trouvaille]:
    dossier = avant.dossiers[fait.structure]
    if dossier.label is not None and dossier.label.bonus is not None:
        yield "invariant_bonus", f"{fait.structure} a déjà un bonus."
    if dossier.territoire != "qpv" or not dossier.numerique:
        yield "invariant_bonus", f"{fait.structure} n'est pas une Fabrique numérique en QPV."
    regles, _ = avant.regles_au(fait.date_effet)
    compte = avant.soldes.bonus_accordes + 1
    if regles.quotas == "bloquants" and compte > regles.quota_numeriques:
        yield "invariant_quota", f"{compte} bonus pour {regles.quota_numeriques}."


def _versement(avant: Programme, fait: Paiement) -> Iterator[Trouvaille]:
    dossier = avant.dossiers[fait.structure]
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
    if any(label.reste(rang) for rang in range(1, fait.rang)):
        yield "invariant_versement", f"{fait.structure} : tranche {fait.rang} hors de son rang."


def _separation(avant: Programme, fait: Paiement) -> Iterator[Trouvaille]:
    label = avant.dossiers[fait.structure].label
    if label is None or not label.regles.ordonnancement_requis:
        return
    acteurs = {o.position: o.acteur for o in label.ordres}
    utilises = {acteurs.get(o.position) for o in fait.ordres}
    if fait.acteur.role != "comptable" or fait.acteur.id in utilises:
        yield "separation_des_fonctions", f"{fait.structure} : payé par {fait.acteur.id}."
    if sum(o.montant_centimes for o in fait.ordres) != fait.montant_centimes:
        yield "separation_des_fonctions", f"{fait.structure} : payé sans ordre suffisant."


def _cloture(apres: Programme, fait: ExerciceClôturé) -> Iterator[Trouvaille]:
    lignes = lignes_credits(apres.soldes, jusqua=fait.exercice)
    if empreinte_credits(lignes) != fait.empreinte:
        yield "cloture_divergente", f"L'empreinte scellée pour {fait.exercice} ne se retrouve pas."
    if asdict(ligne_seule(apres.soldes, fait.exercice, lignes)) != fait.totaux:
        yield "cloture_divergente", f"Les totaux scellés pour {fait.exercice} diffèrent."
