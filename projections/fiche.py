"""One structure as people read it: identity, state, schedule, payments, and every event.

A pure fold over the facts that name the structure. It accepts any subset of them (facts after the
chosen effect date are left out), so it takes each fact as it comes and never refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple, replace

from ledger.evenements import (
    AvenantSigné,
    AvisRendu,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    CandidatureDéposée,
    CandidatureInstruite,
    CandidatureRejetée,
    CandidatureRetirée,
    ConventionSignée,
    FabriqueLabellisée,
    Fait,
    FaitDeStructure,
    LabelRetiré,
    ReversementDemandé,
    ReversementEncaissé,
    StructureCorrigée,
    Tranche,
    TrancheVersée,
    VersementAnnulé,
    VersementRapproché,
)
from ledger.programme import RANG_BONUS


class Versement(Struct, frozen=True, gc=False, array_like=True):
    """A payment: rank (0 for the bonus), cents, exercice charged and planned."""

    position: int
    rang: int
    montant: int
    exercice: int
    exercice_prevu: int
    date_effet: date
    reference: str


class Rapprochement(Struct, frozen=True, gc=False, array_like=True):
    """What Chorus says of the payment at `versement`: request, its exercice, commitment number."""

    position: int
    versement: int
    dp: str
    exercice: int
    ej: str | None


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
    annulations_reclamees: tuple[int, ...] = ()
    """Positions of the cancellations after which more was claimed than remained paid."""
    versements: tuple[Versement, ...] = ()
    rapprochements: tuple[Rapprochement, ...] = ()
    """Those of cancelled payments included."""
    evenements: tuple[int, ...] = ()
    """Positions of every event that names the structure."""

    @property
    def paye(self) -> int:
        """Payments less cancellations, grant and bonus together."""
        return sum(self.verse.values())


class Chantier(Struct):
    """What some facts, one after the other, write about one structure.

    Holds what they change, whatever the structure was before: a member that they do not set stays
    `UNSET`, sums and lists are those of these facts alone. `fermer` puts it on what was there.
    """

    etat: str | UnsetType = UNSET
    porteur: str | UnsetType = UNSET
    code_postal: str | UnsetType = UNSET
    ville: str | UnsetType = UNSET
    territoire: str | UnsetType = UNSET
    numerique: bool | UnsetType = UNSET
    siret: str | UnsetType | None = UNSET
    rna: str | UnsetType | None = UNSET
    vague: str | UnsetType | None = UNSET
    avis: str | UnsetType | None = UNSET
    instruite: bool | UnsetType = UNSET
    montant: int | UnsetType = UNSET
    label_date: date | UnsetType = UNSET
    label_position: int | UnsetType = UNSET
    retrait_date: date | UnsetType = UNSET
    retrait_position: int | UnsetType = UNSET
    tranches: tuple[Tranche, ...] | UnsetType = UNSET
    bonus: int | UnsetType = UNSET
    bonus_exercice: int | UnsetType = UNSET
    conventions: list[str] = []
    verse: dict[int, int] = {}
    retire: int = 0
    reclame: int = 0
    encaisse: int = 0
    annules: list[int] = []
    annulations: list[tuple[int, int]] = []
    """Position of each cancellation; paid less claimed then, as these facts alone moved it."""
    versements: list[Versement] = []
    rapprochements: list[Rapprochement] = []
    evenements: list[int] = []


_POSES = tuple(
    nom
    for nom, defaut in zip(Chantier.__struct_fields__, Chantier.__struct_defaults__, strict=True)
    if defaut is UNSET
)
"""The members that a fact sets: the last one wins. They come first in a `Chantier`, in the order of
its members: `fermer` pairs them by place, faster than by name."""


def appliquer(fiche: Fiche | None, position: int, fait: FaitDeStructure) -> Fiche:
    """The structure after one more fact. Pure: the file given is left as it is."""
    chantier = Chantier()
    inscrire(chantier, position, fait)
    return fermer(fiche or Fiche(structure=fait.structure), chantier)


def fermer(fiche: Fiche, chantier: Chantier) -> Fiche:
    """The structure after the facts of the `chantier`, which is not used any more."""
    poses = {m: v for m, v in zip(_POSES, astuple(chantier), strict=False) if v is not UNSET}
    if fiche.verse:
        verse = fiche.verse.copy()
        for rang, centimes in chantier.verse.items():
            verse[rang] = verse.get(rang, 0) + centimes
    else:
        verse = chantier.verse.copy()
    net = fiche.paye - fiche.reclame if chantier.annulations else 0
    reclamees = [p for p, ecart in chantier.annulations if net + ecart < 0]
    return replace(
        fiche,
        **poses,
        conventions=(*fiche.conventions, *chantier.conventions),
        verse=verse,
        retire=fiche.retire + chantier.retire,
        reclame=fiche.reclame + chantier.reclame,
        encaisse=fiche.encaisse + chantier.encaisse,
        annules=(*fiche.annules, *chantier.annules),
        annulations_reclamees=(*fiche.annulations_reclamees, *reclamees),
        versements=(*fiche.versements, *chantier.versements),
        rapprochements=(*fiche.rapprochements, *chantier.rapprochements),
        evenements=(*fiche.evenements, *chantier.evenements),
    )


def inscrire(chantier: Chantier, position: int, fait: FaitDeStructure) -> None:
    """Write one more fact. Those absent from `INSCRIPTIONS` only add to the events."""
    chantier.evenements.append(position)
    inscription = INSCRIPTIONS.get(type(fait))
    if inscription is not None:
        inscription(chantier, position, fait)


def _tranche_versee(fiche: Chantier, position: int, fait: TrancheVersée) -> None:
    rang, montant = fait.rang, fait.montant_centimes
    fiche.versements.append(
        Versement(
            position,
            rang,
            montant,
            fait.exercice,
            fait.exercice_prevu,
            fait.date_effet,
            fait.reference,
        )
    )
    verse = fiche.verse
    verse[rang] = verse.get(rang, 0) + montant


def _bonus_verse(fiche: Chantier, position: int, fait: BonusNumériqueVersé) -> None:
    fiche.versements.append(
        Versement(
            position,
            RANG_BONUS,
            fait.montant_centimes,
            fait.exercice,
            fait.engagement,
            fait.date_effet,
            fait.reference,
        )
    )
    verse = fiche.verse
    verse[RANG_BONUS] = verse.get(RANG_BONUS, 0) + fait.montant_centimes


def _versement_annule(fiche: Chantier, position: int, fait: VersementAnnulé) -> None:
    verse = fiche.verse
    verse[fait.rang] = verse.get(fait.rang, 0) - fait.montant_centimes
    fiche.annules.append(fait.position)
    fiche.annulations.append((position, sum(verse.values()) - fiche.reclame))
    _retirer(fiche, fait)


def _versement_rapproche(fiche: Chantier, position: int, fait: VersementRapproché) -> None:
    fiche.rapprochements.append(
        Rapprochement(position, fait.position, fait.dp, fait.exercice_dp, fait.ej)
    )


def _candidature_deposee(fiche: Chantier, position: int, fait: CandidatureDéposée) -> None:
    fiche.etat, fiche.instruite, fiche.avis = "deposee", False, None
    fiche.porteur, fiche.code_postal, fiche.ville = fait.porteur, fait.code_postal, fait.ville
    fiche.territoire, fiche.numerique = fait.territoire, fait.numerique
    fiche.siret, fiche.rna, fiche.vague = fait.siret, fait.rna, fait.vague


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


def _structure_corrigee(fiche: Chantier, position: int, fait: StructureCorrigée) -> None:
    for membre in _IDENTITE:
        valeur = getattr(fait, membre)
        if valeur is not None:
            setattr(fiche, membre, valeur)


def _fabrique_labellisee(fiche: Chantier, position: int, fait: FabriqueLabellisée) -> None:
    fiche.etat = "labellisee"
    fiche.montant, fiche.tranches = fait.montant_centimes, fait.echeancier
    fiche.territoire, fiche.numerique = fait.territoire, fait.numerique
    fiche.label_date, fiche.label_position = fait.date_effet, position
    if fait.vague is not None:
        fiche.vague = fait.vague


def _avenant_signe(fiche: Chantier, position: int, fait: AvenantSigné) -> None:
    fiche.montant, fiche.tranches = fait.montant_centimes, fait.echeancier
    _retirer(fiche, fait)


def _label_retire(fiche: Chantier, position: int, fait: LabelRetiré) -> None:
    fiche.etat = "label_retire"
    fiche.retrait_date, fiche.retrait_position = fait.date_effet, position
    _retirer(fiche, fait)


def _retirer(fiche: Chantier, fait: AvenantSigné | LabelRetiré | VersementAnnulé) -> None:
    fiche.retire += sum(r.montant_centimes for r in fait.retraits)


def _bonus_accorde(fiche: Chantier, position: int, fait: BonusNumériqueAccordé) -> None:
    fiche.bonus, fiche.bonus_exercice = fait.montant_centimes, fait.exercice


def _convention_signee(fiche: Chantier, position: int, fait: ConventionSignée) -> None:
    fiche.conventions.append(fait.reference)


def _candidature_instruite(fiche: Chantier, position: int, fait: CandidatureInstruite) -> None:
    fiche.instruite = True


def _avis_rendu(fiche: Chantier, position: int, fait: AvisRendu) -> None:
    fiche.avis = fait.avis


def _candidature_rejetee(fiche: Chantier, position: int, fait: CandidatureRejetée) -> None:
    fiche.etat = "rejetee"


def _candidature_retiree(fiche: Chantier, position: int, fait: CandidatureRetirée) -> None:
    fiche.etat = "retiree"


def _reversement_demande(fiche: Chantier, position: int, fait: ReversementDemandé) -> None:
    fiche.reclame += fait.montant_centimes


def _reversement_encaisse(fiche: Chantier, position: int, fait: ReversementEncaissé) -> None:
    fiche.encaisse += fait.montant_centimes


INSCRIPTIONS: dict[type[Fait], Callable[[Chantier, int, Any], None]] = {
    TrancheVersée: _tranche_versee,
    BonusNumériqueVersé: _bonus_verse,
    VersementAnnulé: _versement_annule,
    VersementRapproché: _versement_rapproche,
    CandidatureDéposée: _candidature_deposee,
    StructureCorrigée: _structure_corrigee,
    FabriqueLabellisée: _fabrique_labellisee,
    AvenantSigné: _avenant_signe,
    LabelRetiré: _label_retire,
    BonusNumériqueAccordé: _bonus_accorde,
    ConventionSignée: _convention_signee,
    CandidatureInstruite: _candidature_instruite,
    AvisRendu: _avis_rendu,
    CandidatureRejetée: _candidature_rejetee,
    CandidatureRetirée: _candidature_retiree,
    ReversementDemandé: _reversement_demande,
    ReversementEncaissé: _reversement_encaisse,
}
"""By type rather than by `match`: measured on a replay."""
