"""One structure as people read it: identity, state, schedule, payments, and every event.

A pure fold over the facts that name the structure. It accepts any subset of them (facts after the
chosen effect date are left out), so it takes each fact as it comes and never refuses.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ledger.evenements import (
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
    FabriqueLabellisée,
    FaitDeStructure,
    LabelRetiré,
    ReversementDemandé,
    ReversementEncaissé,
    StructureCorrigée,
    Tranche,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
)


class Versement(Struct, frozen=True, gc=False):
    """A payment: rank (0 for the bonus), cents, exercice charged and planned."""

    position: int
    rang: int
    montant: int
    exercice: int
    exercice_prevu: int
    date_effet: date
    reference: str


class Fiche(Struct, frozen=True, gc=False):
    """What is known of one structure. Amounts in cents."""

    structure: str
    etat: str = "deposee"
    porteur: str = ""
    code_postal: str = ""
    ville: str = ""
    territoire: str = "inconnu"
    numerique: bool = False
    siret: str | None = None
    rna: str | None = None
    vague: str | None = None
    avis: str | None = None
    instruite: bool = False
    montant: int = 0
    label_date: date | None = None
    label_position: int | None = None
    retrait_date: date | None = None
    retrait_position: int | None = None
    conventions: tuple[str, ...] = ()
    tranches: tuple[Tranche, ...] = ()
    verse: dict[int, int] = {}
    """Payments less cancellations, by rank (0: the bonus)."""
    bonus: int | None = None
    bonus_exercice: int = 0
    retire: int = 0
    reclame: int = 0
    encaisse: int = 0
    annules: tuple[int, ...] = ()
    versements: tuple[Versement, ...] = ()
    evenements: tuple[int, ...] = ()
    """Positions of every event that names the structure."""

    @property
    def paye(self) -> int:
        """Payments less cancellations, grant and bonus together."""
        return sum(self.verse.values())


def appliquer(fiche: Fiche | None, position: int, fait: FaitDeStructure) -> Fiche:
    """The structure after one more fact."""
    fiche = fiche or Fiche(structure=fait.structure)
    evenements = (*fiche.evenements, position)
    match fait:
        case TrancheVersée():
            versement = Versement(
                position,
                fait.rang,
                fait.montant_centimes,
                fait.exercice,
                fait.exercice_prevu,
                fait.date_effet,
                fait.reference,
            )
            return replace(
                fiche,
                evenements=evenements,
                versements=(*fiche.versements, versement),
                verse=_plus(fiche.verse, fait.rang, fait.montant_centimes),
            )
        case TrancheOrdonnancée() | BilanReçu():
            return replace(fiche, evenements=evenements)
        case CandidatureInstruite():
            return replace(fiche, evenements=evenements, instruite=True)
        case AvisRendu():
            return replace(fiche, evenements=evenements, avis=fait.avis)
        case ConventionSignée():
            references = (*fiche.conventions, fait.reference)
            return replace(fiche, evenements=evenements, conventions=references)
        case BonusNumériqueVersé():
            versement = Versement(
                position,
                0,
                fait.montant_centimes,
                fait.exercice,
                fait.engagement,
                fait.date_effet,
                fait.reference,
            )
            return replace(
                fiche,
                evenements=evenements,
                versements=(*fiche.versements, versement),
                verse=_plus(fiche.verse, 0, fait.montant_centimes),
            )
        case CandidatureDéposée():
            return replace(
                fiche,
                evenements=evenements,
                etat="deposee",
                instruite=False,
                avis=None,
                **_membres(fait, _IDENTITE),
            )
        case FabriqueLabellisée():
            return replace(
                fiche,
                evenements=evenements,
                etat="labellisee",
                montant=fait.montant_centimes,
                tranches=fait.echeancier,
                territoire=fait.territoire,
                numerique=fait.numerique,
                vague=fait.vague if fait.vague is not None else fiche.vague,
                label_date=fait.date_effet,
                label_position=position,
            )
        case VersementAnnulé():
            return replace(
                fiche,
                evenements=evenements,
                verse=_plus(fiche.verse, fait.rang, -fait.montant_centimes),
                annules=(*fiche.annules, fait.position),
                retire=fiche.retire + sum(r.montant_centimes for r in fait.retraits),
            )
        case AvenantSigné():
            return replace(
                fiche,
                evenements=evenements,
                montant=fait.montant_centimes,
                tranches=fait.echeancier,
                retire=fiche.retire + sum(r.montant_centimes for r in fait.retraits),
            )
        case BonusNumériqueAccordé():
            return replace(
                fiche,
                evenements=evenements,
                bonus=fait.montant_centimes,
                bonus_exercice=fait.exercice,
            )
        case LabelRetiré():
            return replace(
                fiche,
                evenements=evenements,
                etat="label_retire",
                retrait_date=fait.date_effet,
                retrait_position=position,
                retire=fiche.retire + sum(r.montant_centimes for r in fait.retraits),
            )
        case StructureCorrigée():
            corriges = {k: v for k, v in _membres(fait, _IDENTITE).items() if v is not None}
            return replace(fiche, evenements=evenements, **corriges)
        case CandidatureRejetée():
            return replace(fiche, evenements=evenements, etat="rejetee")
        case CandidatureRetirée():
            return replace(fiche, evenements=evenements, etat="retiree")
        case ReversementDemandé():
            reclame = fiche.reclame + fait.montant_centimes
            return replace(fiche, evenements=evenements, reclame=reclame)
        case ReversementEncaissé():
            encaisse = fiche.encaisse + fait.montant_centimes
            return replace(fiche, evenements=evenements, encaisse=encaisse)
        case _:
            return replace(fiche, evenements=evenements)


_IDENTITE = (
    "porteur",
    "code_postal",
    "ville",
    "territoire",
    "numerique",
    "siret",
    "rna",
    "vague",
)


def _membres(fait: FaitDeStructure, noms: tuple[str, ...]) -> dict[str, Any]:
    return {nom: getattr(fait, nom) for nom in noms}


def _plus(verse: dict[int, int], rang: int, centimes: int) -> dict[int, int]:
    return {**verse, rang: verse.get(rang, 0) + centimes}
