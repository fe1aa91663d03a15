"""What may follow what: states, dates, closed exercices, ceilings of orders and recoveries.

Each function yields (finding code, French sentence) on one fact, from the state before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

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
)
from ..registre import TOPICS
from .rejeu import Rejeu

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


class _Regime(Struct, frozen=True):
    """What a type of fact may follow: looked up once per line."""

    ouvre: bool
    de_structure: bool
    apres_cloture: bool
    hors_exercice_clos: bool
    chargeant: bool
    etats: tuple[str, ...] | None


_REGIMES = {
    classe: _Regime(
        ouvre=classe is ProgrammeOuvert,
        de_structure=issubclass(classe, FaitDeStructure),
        apres_cloture=classe not in _APRES_CLOTURE_INTERDITS,
        hors_exercice_clos=classe in _HORS_EXERCICE_CLOS,
        chargeant=classe in _CHARGEANTS,
        etats=_ETATS.get(classe),
    )
    for classe in TOPICS
}


def transition(avant: Rejeu, fait: Fait) -> list[Trouvaille]:
    """The fact may follow the state before it."""
    regime = _REGIMES[type(fait)]
    vues: list[Trouvaille] = []
    if regime.ouvre == (avant.regles is not None):
        vues.append(("histoire_impossible", "Un journal s'ouvre une fois, par son premier fait."))
    if avant.clos and not regime.apres_cloture:
        vues.append(("histoire_impossible", "Le programme est clos."))
    if not regime.hors_exercice_clos:
        annee = fait.date_effet.year
        charge: int = fait.exercice if regime.chargeant else annee  # type: ignore[attr-defined]
        if annee <= avant.dernier_clos or charge <= avant.dernier_clos:
            vues += [
                ("exercice_clos_modifie", f"Fait daté ou imputé en {clos}, clôturé.")
                for clos in sorted({annee, charge})
                if avant.est_clos(clos)
            ]
    if isinstance(fait, ExerciceClôturé) and (
        avant.est_clos(fait.exercice) or fait.date_effet <= date(fait.exercice, 12, 31)
    ):
        vues.append(
            ("histoire_impossible", f"L'exercice {fait.exercice} ne pouvait pas être clôturé.")
        )
    if regime.de_structure:
        dossier = avant.dossiers.get(fait.structure)  # type: ignore[attr-defined]
        vues += _structure(dossier, fait, regime.etats)  # type: ignore[arg-type]
    return vues


def _structure(
    dossier: Dossier | None, fait: FaitDeStructure, etats: tuple[str, ...] | None
) -> list[Trouvaille]:
    vues: list[Trouvaille] = []
    if isinstance(fait, CandidatureDéposée):
        if dossier is not None and dossier.etat not in (REJETEE, RETIREE):
            vues.append(
                ("histoire_impossible", f"{fait.structure} est déjà à l'état {dossier.etat}.")
            )
        return vues
    if dossier is None:
        return vues  # the replay itself refuses it
    if etats is not None and dossier.etat not in etats:
        vues.append(("histoire_impossible", f"{fait.structure} est à l'état {dossier.etat}."))
    label = dossier.label
    depuis = dossier.depot if label is None else label.date_effet
    if isinstance(fait, AvenantSigné) and label is not None:
        depuis = label.dernier_avenant
    elif isinstance(fait, StructureCorrigée):
        depuis = dossier.depot
        if label is not None and (fait.territoire or fait.numerique is not None):
            vues.append(
                ("histoire_impossible", f"{fait.structure} : territoire changé après le label.")
            )
    if fait.date_effet < depuis and not isinstance(fait, VersementAnnulé):
        vues.append(("histoire_impossible", f"{fait.structure} : daté avant le {depuis}."))
    if isinstance(fait, FabriqueLabellisée) and fait.territoire == "inconnu":
        vues.append(("histoire_impossible", f"{fait.structure} : label sans territoire."))
    if label is not None and type(fait) in _A_SOMMES:
        vues += _sommes(label, fait)
    return vues


_A_SOMMES = (TrancheOrdonnancée, ReversementDemandé, ReversementEncaissé, AvenantSigné)


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
