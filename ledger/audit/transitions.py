"""What may follow what: states, dates, closed exercices, ceilings of orders and recoveries.

Each function yields (finding code, French sentence) on one fact, from the state before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ..evenements import (
    AvenantSigné,
    AvisRendu,
    BilanReçu,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    CandidatureDéposée,
    CandidatureInstruite,
    CandidatureRejetée,
    CandidatureRetirée,
    ConventionSignée,
    CréditsDégelés,
    CréditsGelés,
    CréditsOuverts,
    EnveloppeModifiée,
    ExerciceClôturé,
    FabriqueLabellisée,
    Fait,
    FaitDeStructure,
    JournalRepris,
    LabelRetiré,
    ProgrammeClos,
    ProgrammeOuvert,
    ReversementDemandé,
    ReversementEncaissé,
    RèglesRévisées,
    StructureCorrigée,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
)
from ..montants import format_euros
from ..programme import (
    DEPOSEE,
    LABEL_RETIRE,
    LABELLISEE,
    RANG_BONUS,
    REJETEE,
    RETIREE,
    Dossier,
    Label,
    Programme,
)

Trouvaille = tuple[str, str]

_ETATS: dict[type[Fait], tuple[str, ...]] = {
    CandidatureInstruite: (DEPOSEE,),
    AvisRendu: (DEPOSEE,),
    CandidatureRejetée: (DEPOSEE,),
    CandidatureRetirée: (DEPOSEE,),
    FabriqueLabellisée: (DEPOSEE,),
    ConventionSignée: (LABELLISEE,),
    AvenantSigné: (LABELLISEE,),
    BonusNumériqueAccordé: (LABELLISEE,),
    BilanReçu: (LABELLISEE,),
    TrancheOrdonnancée: (LABELLISEE,),
    TrancheVersée: (LABELLISEE,),
    BonusNumériqueVersé: (LABELLISEE,),
    LabelRetiré: (LABELLISEE,),
    ReversementDemandé: (LABELLISEE, LABEL_RETIRE),
    ReversementEncaissé: (LABELLISEE, LABEL_RETIRE),
}
"""State that each fact needs; the others are said below."""

_HORS_EXERCICE_CLOS = (
    VersementAnnulé,
    StructureCorrigée,
    ReversementEncaissé,
    ExerciceClôturé,
    JournalRepris,
)
_APRES_CLOTURE_INTERDITS = (
    CandidatureDéposée,
    CandidatureInstruite,
    AvisRendu,
    FabriqueLabellisée,
    AvenantSigné,
    BonusNumériqueAccordé,
    RèglesRévisées,
    EnveloppeModifiée,
    ProgrammeClos,
)
_CHARGEANTS = (
    BonusNumériqueAccordé,
    TrancheVersée,
    BonusNumériqueVersé,
    CréditsOuverts,
    CréditsGelés,
    CréditsDégelés,
)


def transition(avant: Programme, fait: Fait) -> Iterator[Trouvaille]:
    """The fact may follow the state before it."""
    if isinstance(fait, ProgrammeOuvert) == (avant.regles is not None):
        yield "histoire_impossible", "Un journal s'ouvre une fois, par son premier fait."
    if avant.clos and isinstance(fait, _APRES_CLOTURE_INTERDITS):
        yield "histoire_impossible", "Le programme est clos."
    if not isinstance(fait, _HORS_EXERCICE_CLOS):
        charge = fait.exercice if isinstance(fait, _CHARGEANTS) else fait.date_effet.year
        for annee in sorted({fait.date_effet.year, charge}):
            if avant.est_clos(annee):
                yield "exercice_clos_modifie", f"Fait daté ou imputé en {annee}, clôturé."
    if isinstance(fait, ExerciceClôturé) and (
        avant.est_clos(fait.exercice) or fait.date_effet <= date(fait.exercice, 12, 31)
    ):
        yield "histoire_impossible", f"L'exercice {fait.exercice} ne pouvait pas être clôturé."
    if isinstance(fait, FaitDeStructure):
        yield from _structure(avant.dossiers.get(fait.structure), fait)


def _structure(dossier: Dossier | None, fait: FaitDeStructure) -> Iterator[Trouvaille]:
    if isinstance(fait, CandidatureDéposée):
        if dossier is not None and dossier.etat not in (REJETEE, RETIREE):
            yield "histoire_impossible", f"{fait.structure} est déjà à l'état {dossier.etat}."
        return
    if dossier is None:
        return  # evolve itself refuses it
    etats = _ETATS.get(type(fait))
    if etats is not None and dossier.etat not in etats:
        yield "histoire_impossible", f"{fait.structure} est à l'état {dossier.etat}."
    depuis = dossier.depot if dossier.label is None else dossier.label.date_effet
    if isinstance(fait, AvenantSigné) and dossier.label is not None:
        depuis = dossier.label.dernier_avenant
    if isinstance(fait, StructureCorrigée):
        depuis = dossier.depot
        if dossier.label is not None and (fait.territoire or fait.numerique is not None):
            yield "histoire_impossible", f"{fait.structure} : territoire changé après le label."
    if fait.date_effet < depuis and not isinstance(fait, VersementAnnulé):
        yield "histoire_impossible", f"{fait.structure} : daté avant le {depuis}."
    if isinstance(fait, FabriqueLabellisée) and fait.territoire == "inconnu":
        yield "histoire_impossible", f"{fait.structure} : label sans territoire."
    if dossier.label is not None:
        yield from _sommes(dossier.label, fait)


def _sommes(label: Label, fait: FaitDeStructure) -> Iterator[Trouvaille]:
    """Orders, claims and cash stay within what they rest on."""
    match fait:
        case TrancheOrdonnancée():
            reste = _reste(label, fait.rang) - label.ordonnance(fait.rang)
            if fait.montant_centimes > reste:
                yield (
                    "invariant_paye",
                    f"{fait.structure} : {format_euros(fait.montant_centimes)} ordonnancés, "
                    f"{format_euros(reste)} possibles.",
                )
        case ReversementDemandé():
            if fait.montant_centimes > label.paye - label.reclame:
                yield "invariant_reversement", f"{fait.structure} : réclamé au-delà du payé."
        case ReversementEncaissé():
            if fait.montant_centimes > label.reclame - label.encaisse:
                yield "invariant_reversement", f"{fait.structure} : encaissé au-delà du réclamé."
        case AvenantSigné():
            nouvelles = {t.rang: t for t in fait.echeancier}
            for ancienne, verse in zip(label.tranches, label.verse, strict=True):
                nouvelle = nouvelles.get(ancienne.rang)
                if verse > 0 and (
                    nouvelle is None
                    or nouvelle.montant_centimes < verse
                    or (nouvelle.exercice, nouvelle.echeance)
                    != (ancienne.exercice, ancienne.echeance)
                ):
                    yield "invariant_echeancier", f"{fait.structure} : un rang payé a changé."
        case _:
            return


def _reste(label: Label, rang: int) -> int:
    if rang == RANG_BONUS:
        return 0 if label.bonus is None else label.bonus.montant - label.bonus.verse
    return label.reste(rang) if rang <= len(label.tranches) else 0
