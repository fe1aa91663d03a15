"""The state of a programme on which commands are decided, and `evolve`, its only way to change.

Pure and complete: the same function serves live writing, replay, simulation and tests. It holds
what decisions need (grants, cohorts, orders, quotas), not what people read (names, references).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, Protocol

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from .erreurs import ImpossibleHistoryError
from .evenements import (
    AvenantSigné,
    AvisRendu,
    BilanReçu,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    CandidatureDéposée,
    CandidatureInstruite,
    CandidatureRejetée,
    CandidatureRetirée,
    ExerciceClôturé,
    FabriqueLabellisée,
    Fait,
    FaitDeStructure,
    LabelRetiré,
    OrdreUtilise,
    Part,
    ProgrammeClos,
    ProgrammeOuvert,
    Retrait,
    ReversementDemandé,
    ReversementEncaissé,
    RèglesRévisées,
    StructureCorrigée,
    Tranche,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
    VersementRapproché,
)
from .regles import Chronologie, Regles, Revision
from .soldes import Soldes, appliquer

DEPOSEE, REJETEE, RETIREE = "deposee", "rejetee", "retiree"
LABELLISEE, LABEL_RETIRE = "labellisee", "label_retire"
RANG_BONUS = 0
"""The rank under which the bonus is ordered."""


class Ordre(Struct, frozen=True, gc=False):
    """A payment order: who gave it, for which rank, and what payments already used of it."""

    position: int
    acteur: str
    rang: int
    montant: int
    utilise: int = 0


class Bonus(Struct, frozen=True, gc=False):
    """The digital bonus of a structure: a commitment of its own."""

    date_effet: date
    exercice: int
    montant: int
    imputation: str
    verse: int = 0
    retire: int = 0


class Label(Struct, frozen=True, gc=False):
    """The grant of a structure: schedule, payments and commitment cohorts, in cents."""

    date_effet: date
    exercice: int
    regles: Regles
    """Rules that judged the labelling: they bound its amendments, reports and orders."""
    montant: int
    tranches: tuple[Tranche, ...]
    verse: tuple[int, ...]
    """Payments less cancellations, one figure per rank."""
    cohortes: tuple[Part, ...]
    """Committed and neither paid nor withdrawn, by exercice of commitment, oldest first."""
    dernier_avenant: date
    bonus: Bonus | None = None
    ordres: tuple[Ordre, ...] = ()
    bilans: tuple[tuple[int, bool], ...] = ()
    reclame: int = 0
    encaisse: int = 0
    annules: frozenset[int] = frozenset()
    """Positions of the payments already cancelled."""

    @property
    def paye(self) -> int:
        """Payments less cancellations, grant and bonus."""
        return sum(self.verse) + (self.bonus.verse if self.bonus is not None else 0)

    def reste(self, rang: int) -> int:
        """What is left to pay of a rank (1..n)."""
        return self.tranches[rang - 1].montant_centimes - self.verse[rang - 1]

    def ordonnance(self, rang: int) -> int:
        """What is ordered and unpaid on a rank (0: the bonus)."""
        return sum(o.montant - o.utilise for o in self.ordres if o.rang == rang)


class Dossier(Struct, frozen=True, gc=False):
    """One structure: its current application, then its label. `etat` is one of five words."""

    etat: str
    depot: date
    territoire: str
    numerique: bool
    vague: str | None
    instruite: bool = False
    avis_rendu: bool = False
    label: Label | None = None


class Demande(NamedTuple):
    """A payment request of Chorus: its number is its own within an exercice."""

    dp: str
    exercice: int


class Programme(Struct, frozen=True, gc=False):
    """The state of one programme after `position` events; position 0 is before its opening."""

    slug: str
    position: int = 0
    regles: Chronologie | None = None
    clos: bool = False
    soldes: Soldes = Soldes()
    dossiers: Map[str, Dossier] = Map()
    exercices_avec_faits: frozenset[int] = frozenset()
    """Exercices in which an event is dated, or that one charges."""
    rapproches: Map[int, Demande] = Map()
    """Position of a payment in force -> the payment request of Chorus that proves it."""
    demandes: Map[Demande, int] = Map()
    """The same, the other way round: a request proves one payment."""

    def regles_au(self, jour: date) -> tuple[Regles, int]:
        """Rules in force on an effect date, and their version. The programme must be open."""
        if self.regles is None:
            raise ImpossibleHistoryError(f"Le programme {self.slug} n'est pas ouvert.")
        return self.regles.au(jour)

    @property
    def premier_exercice_ouvert(self) -> int:
        """The exercice after the last closed one (meaningful once one is closed)."""
        return self.soldes.dernier_clos + 1

    def est_clos(self, annee: int) -> bool:
        """Whether an exercice is closed."""
        return annee <= self.soldes.dernier_clos


class SousRegles(Protocol):
    """What the life of one structure needs of the programme around it."""

    def regles_au(self, jour: date) -> tuple[Regles, int]:
        """Rules in force on an effect date, and their version."""
        ...


def evolve(etat: Programme, fait: Fait, *, en_place: bool = False) -> Programme:
    """The state after the fact that comes next in this programme's journal. `en_place`: the
    balances of `etat` are the caller's alone, and become those of the new state."""
    position = etat.position + 1
    regles, clos, dossiers = etat.regles, etat.clos, etat.dossiers
    rapproches, demandes = etat.rapproches, etat.demandes
    match fait:
        case FaitDeStructure():
            avant = dossiers.get(fait.structure)
            dossiers = dossiers.set(fait.structure, evoluer_dossier(etat, avant, fait, position))
            if isinstance(fait, VersementRapproché):
                demande = Demande(fait.dp, fait.exercice_dp)
                rapproches = rapproches.set(fait.position, demande)
                demandes = demandes.set(demande, fait.position)
            elif isinstance(fait, VersementAnnulé) and fait.position in rapproches:
                demandes = demandes.delete(rapproches[fait.position])
                rapproches = rapproches.delete(fait.position)
        case ProgrammeOuvert():
            regles = Chronologie.ouvrir(fait.date_effet, Regles.model_validate(fait.regles))
        case RèglesRévisées() if regles is not None:
            regles = regles.reviser(Revision(fait.date_effet, position, fait.regles))
        case ProgrammeClos():
            clos = True
        case _:
            pass  # money only: see soldes
    return Programme(
        slug=etat.slug,
        position=position,
        regles=regles,
        clos=clos,
        soldes=appliquer(etat.soldes, fait, en_place=en_place),
        dossiers=dossiers,
        exercices_avec_faits=_exercices(etat.exercices_avec_faits, fait),
        rapproches=rapproches,
        demandes=demandes,
    )


_SANS_CHARGE = (BilanReçu, ExerciceClôturé)
"""The exercice of a report is a subject, that of a closing an object: neither is charged."""


def _exercices(connus: frozenset[int], fait: Fait) -> frozenset[int]:
    annee = fait.date_effet.year
    charge: int = annee if isinstance(fait, _SANS_CHARGE) else getattr(fait, "exercice", annee)
    retraits: tuple[Retrait, ...] = getattr(fait, "retraits", ())
    if annee in connus and charge in connus and not retraits:
        return connus
    return connus | {annee, charge} | {retrait.exercice for retrait in retraits}


def evoluer_dossier(
    etat: SousRegles, avant: Dossier | None, fait: FaitDeStructure, position: int
) -> Dossier:
    """One structure after one more fact of its own. Raises ImpossibleHistoryError."""
    if isinstance(fait, CandidatureDéposée):
        return Dossier(
            etat=DEPOSEE,
            depot=fait.date_effet,
            territoire=fait.territoire,
            numerique=fait.numerique,
            vague=fait.vague,
        )
    if avant is None:
        raise ImpossibleHistoryError(
            f"Position {position} : {fait.structure} n'a jamais candidaté."
        )
    if avant.label is not None:
        return _evoluer_label(avant, avant.label, fait, position)
    match fait:
        case FabriqueLabellisée():
            regles, _ = etat.regles_au(fait.date_effet)
            return replace(
                avant,
                etat=LABELLISEE,
                territoire=fait.territoire,
                numerique=fait.numerique,
                vague=fait.vague,
                label=Label(
                    date_effet=fait.date_effet,
                    exercice=fait.exercice,
                    regles=regles,
                    montant=fait.montant_centimes,
                    tranches=fait.echeancier,
                    verse=(0,) * len(fait.echeancier),
                    cohortes=(Part(fait.exercice, fait.montant_centimes),),
                    dernier_avenant=fait.date_effet,
                ),
            )
        case StructureCorrigée():
            return _corriger(avant, fait)
        case CandidatureInstruite():
            return replace(avant, instruite=True)
        case AvisRendu():
            return replace(avant, avis_rendu=True)
        case CandidatureRejetée():
            return replace(avant, etat=REJETEE)
        case CandidatureRetirée():
            return replace(avant, etat=RETIREE)
        case _:
            raise ImpossibleHistoryError(f"Position {position} : {fait.structure} est sans label.")


def _corriger(avant: Dossier, fait: StructureCorrigée) -> Dossier:
    return replace(
        avant,
        territoire=fait.territoire if fait.territoire is not None else avant.territoire,
        numerique=fait.numerique if fait.numerique is not None else avant.numerique,
        vague=fait.vague if fait.vague is not None else avant.vague,
    )


def _evoluer_label(avant: Dossier, label: Label, fait: FaitDeStructure, position: int) -> Dossier:
    match fait:
        case TrancheVersée():
            return replace(
                avant,
                label=replace(
                    label,
                    verse=_plus(label.verse, fait.rang, fait.montant_centimes),
                    cohortes=ajouter_parts(label.cohortes, fait.imputations, -1),
                    ordres=_utiliser(label.ordres, fait.ordres, 1),
                ),
            )
        case BonusNumériqueVersé() if label.bonus is not None:
            bonus = replace(label.bonus, verse=label.bonus.verse + fait.montant_centimes)
            ordres = _utiliser(label.ordres, fait.ordres, 1)
            return replace(avant, label=replace(label, bonus=bonus, ordres=ordres))
        case TrancheOrdonnancée():
            ordre = Ordre(position, fait.acteur.id, fait.rang, fait.montant_centimes)
            return replace(avant, label=replace(label, ordres=(*label.ordres, ordre)))
        case BilanReçu():
            bilans = tuple(b for b in label.bilans if b[0] != fait.exercice)
            bilan = (fait.exercice, fait.accepte)
            return replace(avant, label=replace(label, bilans=(*bilans, bilan)))
        case BonusNumériqueAccordé():
            accorde = Bonus(fait.date_effet, fait.exercice, fait.montant_centimes, fait.imputation)
            return replace(avant, label=replace(label, bonus=accorde))
        case AvenantSigné():
            return replace(avant, label=_amender(label, fait))
        case VersementAnnulé():
            return replace(avant, label=_annuler(label, fait))
        case LabelRetiré():
            return replace(avant, etat=LABEL_RETIRE, label=_vider(label))
        case ReversementDemandé():
            reclame = label.reclame + fait.montant_centimes
            return replace(avant, label=replace(label, reclame=reclame))
        case ReversementEncaissé():
            encaisse = label.encaisse + fait.montant_centimes
            return replace(avant, label=replace(label, encaisse=encaisse))
        case StructureCorrigée():
            return _corriger(avant, fait)
        case _:
            return avant  # agreement, Chorus: nothing that the money of a structure needs


def _amender(label: Label, fait: AvenantSigné) -> Label:
    verse = [0] * len(fait.echeancier)
    verse[: len(label.verse)] = label.verse[: len(verse)]
    cohortes = label.cohortes
    if fait.engagement_centimes:
        cohortes = ajouter_parts(cohortes, (Part(fait.exercice, fait.engagement_centimes),), 1)
    retires = tuple(Part(r.engagement, r.montant_centimes) for r in fait.retraits)
    return replace(
        label,
        montant=fait.montant_centimes,
        tranches=fait.echeancier,
        verse=tuple(verse),
        cohortes=ajouter_parts(cohortes, retires, -1),
        dernier_avenant=fait.date_effet,
    )


def _annuler(label: Label, fait: VersementAnnulé) -> Label:
    rendues = () if fait.retraits else fait.imputations
    annule = replace(
        label,
        annules=label.annules | {fait.position},
        ordres=_utiliser(label.ordres, fait.ordres, -1),
    )
    if fait.nature == "bonus" and label.bonus is not None:
        retire = label.bonus.retire + sum(r.montant_centimes for r in fait.retraits)
        verse = label.bonus.verse - fait.montant_centimes
        return replace(annule, bonus=replace(label.bonus, verse=verse, retire=retire))
    return replace(
        annule,
        verse=_plus(label.verse, fait.rang, -fait.montant_centimes),
        cohortes=ajouter_parts(label.cohortes, rendues, 1),
    )


def _vider(label: Label) -> Label:
    """The label with nothing left to pay: all that was unpaid is withdrawn."""
    bonus = label.bonus
    if bonus is not None:
        bonus = replace(bonus, retire=bonus.montant - bonus.verse)
    return replace(label, cohortes=(), bonus=bonus)


def _plus(verse: tuple[int, ...], rang: int, centimes: int) -> tuple[int, ...]:
    return (*verse[: rang - 1], verse[rang - 1] + centimes, *verse[rang:])


def ajouter_parts(
    cohortes: tuple[Part, ...], parts: tuple[Part, ...], sens: int
) -> tuple[Part, ...]:
    """Cohorts with parts added (`sens` 1) or taken (-1), oldest first, none left at zero."""
    if not parts:
        return cohortes
    if len(cohortes) == len(parts) == 1 and cohortes[0].exercice == parts[0].exercice:
        reste = cohortes[0].montant_centimes + sens * parts[0].montant_centimes
        return (Part(parts[0].exercice, reste),) if reste else ()
    restes = {c.exercice: c.montant_centimes for c in cohortes}
    for part in parts:
        restes[part.exercice] = restes.get(part.exercice, 0) + sens * part.montant_centimes
    return tuple(Part(annee, centimes) for annee, centimes in sorted(restes.items()) if centimes)


def _utiliser(
    ordres: tuple[Ordre, ...], utilises: tuple[OrdreUtilise, ...], sens: int
) -> tuple[Ordre, ...]:
    if not utilises:
        return ordres
    parts = {u.position: sens * u.montant_centimes for u in utilises}
    return tuple(
        replace(o, utilise=o.utilise + parts[o.position]) if o.position in parts else o
        for o in ordres
    )
