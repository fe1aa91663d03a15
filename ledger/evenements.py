"""Every event of the ledger; `registre` names them for the store.

An event is a fact: who, when it counts, what it does to the money *as decided when it was
recorded* (cohorts consumed, exercice charged, amounts withdrawn). Figures are therefore sums over
lines: nothing is recomputed, at any date, by this engine or by another.

A stored event is never edited and its shape never changes: a new shape gets a new topic, and the
old class stays readable for ever (two optional members were added to all of them: ADR 0021 and
0036). Types carry accents; topics and members are ASCII.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from msgspec import Struct

from .provenance import Provenance
from .valeurs import (
    Correlation,
    Empreinte,
    Exercice,
    Imputation,
    Instant,
    Nature,
    OuZero,
    Positif,
    Position,
    Racine,
    Role,
    Signe,
    Slug,
    Territoire,
    Texte,
)


class _Valeur(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False): ...


class Acteur(_Valeur, frozen=True):
    """Who gave the command, and in which role."""

    id: Texte
    role: Role


class Attribuant(_Valeur, frozen=True):
    """The authority that grants (name, SIRET when known)."""

    nom: Texte
    siret: str | None = None


class Tranche(_Valeur, frozen=True):
    """One instalment of a schedule. `exercice` is the budget year planned to be charged."""

    rang: Position
    exercice: Exercice
    montant_centimes: Positif
    echeance: date


class Part(_Valeur, frozen=True):
    """Cents of one exercice: of a commitment cohort, or of what is planned. Signed."""

    exercice: Exercice
    montant_centimes: Signe


class OrdreUtilise(_Valeur, frozen=True):
    """Cents of the payment order recorded at `position`."""

    position: Position
    montant_centimes: Positif


class Retrait(_Valeur, frozen=True):
    """Cents withdrawn from one commitment cohort.

    `engagement` is the exercice of the commitment, `exercice` the one where the withdrawal counts:
    equal, AE and envelope become available again; later, they do not unless `recyclable`.
    """

    nature: Nature
    engagement: Exercice
    exercice: Exercice
    montant_centimes: Positif
    recyclable: bool
    imputation: Imputation


class Fait(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """What every event holds.

    `regles_version` is the position of the last revision of the rules that judged the command.
    `empreinte_commande` is the SHA-256 of the validated command; `precedent` the leaf hash of the
    previous journal line (null at position 1). `correlation` is what the caller gave to find
    again what belongs together (a request, a batch), `provenance` the row of the file that the
    command was read from: they decide nothing and are in no digest of the command.
    """

    date_effet: date
    enregistre_le: Instant
    acteur: Acteur
    id_commande: Slug
    empreinte_commande: Empreinte
    regles_version: Position
    precedent: Empreinte | None
    correlation: Correlation | None = None
    provenance: Provenance | None = None


class FaitDeStructure(Fait, frozen=True, kw_only=True):
    """An event that names a structure."""

    structure: Slug


class ProgrammeOuvert(Fait, frozen=True, kw_only=True):
    """A programme exists, with its rules and envelope."""

    intitule: Texte
    regles: dict[str, Any]
    source: Texte
    attribuant: Attribuant | None = None


class RèglesRévisées(Fait, frozen=True, kw_only=True):
    """Some rules change from the effect date on."""

    regles: dict[str, Any]
    source: Texte


class EnveloppeModifiée(Fait, frozen=True, kw_only=True):
    """The multi-year envelope grows or shrinks."""

    variation_centimes: Signe
    source: Texte


class CréditsOuverts(Fait, frozen=True, kw_only=True):
    """AE and CP opened (or cancelled, when negative) on an exercice."""

    exercice: Exercice
    ae_centimes: Signe
    cp_centimes: Signe
    nature: Texte
    source: Texte


class CréditsGelés(Fait, frozen=True, kw_only=True):
    """AE and CP frozen on an exercice."""

    exercice: Exercice
    ae_centimes: OuZero
    cp_centimes: OuZero
    source: Texte


class CréditsDégelés(Fait, frozen=True, kw_only=True):
    """AE and CP unfrozen on an exercice."""

    exercice: Exercice
    ae_centimes: OuZero
    cp_centimes: OuZero
    source: Texte


class CandidatureDéposée(FaitDeStructure, frozen=True, kw_only=True):
    """A structure applies."""

    porteur: Texte
    code_postal: str
    ville: Texte
    territoire: Territoire
    numerique: bool
    montant_demande_centimes: OuZero | None = None
    siret: str | None = None
    rna: str | None = None
    vague: str | None = None


class StructureCorrigée(FaitDeStructure, frozen=True, kw_only=True):
    """What was recorded about a structure is corrected (only the members given)."""

    motif: Texte
    porteur: Texte | None = None
    code_postal: str | None = None
    ville: Texte | None = None
    siret: str | None = None
    rna: str | None = None
    vague: str | None = None
    territoire: Territoire | None = None
    numerique: bool | None = None


class CandidatureInstruite(FaitDeStructure, frozen=True, kw_only=True):
    """The application was studied against the five criteria."""

    criteres: dict[str, str]
    roles: tuple[str, ...] = ()
    montant_propose_centimes: OuZero | None = None
    note: Texte | None = None


class AvisRendu(FaitDeStructure, frozen=True, kw_only=True):
    """The advisory body gave its opinion."""

    avis: Texte
    instance: Texte


class CandidatureRejetée(FaitDeStructure, frozen=True, kw_only=True):
    """The application is rejected."""

    motif: Texte


class CandidatureRetirée(FaitDeStructure, frozen=True, kw_only=True):
    """The applicant withdraws."""

    motif: Texte


class FabriqueLabellisée(FaitDeStructure, frozen=True, kw_only=True):
    """The label and the grant: the whole amount is committed (AE) on `exercice`."""

    montant_centimes: Positif
    exercice: Exercice
    echeancier: tuple[Tranche, ...]
    territoire: Territoire
    numerique: bool
    vague: str | None = None


class ConventionSignée(FaitDeStructure, frozen=True, kw_only=True):
    """The grant agreement is signed."""

    reference: Texte
    ej: str | None = None


class AvenantSigné(FaitDeStructure, frozen=True, kw_only=True):
    """The grant or its schedule changes.

    `engagement_centimes` is the increase, committed on `exercice`; `retraits` the decrease, by
    cohort; `previsions` what is planned more or less per exercice.
    """

    montant_centimes: Positif
    exercice: Exercice
    echeancier: tuple[Tranche, ...]
    motif: Texte
    engagement_centimes: OuZero = 0
    retraits: tuple[Retrait, ...] = ()
    previsions: tuple[Part, ...] = ()


class BonusNumériqueAccordé(FaitDeStructure, frozen=True, kw_only=True):
    """The digital bonus is granted and committed (AE) on `exercice`."""

    exercice: Exercice
    montant_centimes: OuZero
    imputation: Imputation


class BilanReçu(FaitDeStructure, frozen=True, kw_only=True):
    """A report on an exercice came in, accepted or not."""

    exercice: Exercice
    accepte: bool


class TrancheOrdonnancée(FaitDeStructure, frozen=True, kw_only=True):
    """The payment of an instalment (rank 0: of the bonus) is ordered."""

    rang: OuZero
    montant_centimes: Positif
    dp: Texte


class TrancheVersée(FaitDeStructure, frozen=True, kw_only=True):
    """An instalment is paid, in full or in part: CP of `exercice`.

    `imputations` are the commitment cohorts it settles, oldest first; `exercice_prevu` the one the
    schedule named; `ordres` the payment orders it uses.
    """

    rang: Position
    montant_centimes: Positif
    reference: Texte
    exercice: Exercice
    exercice_prevu: Exercice
    imputations: tuple[Part, ...]
    ordres: tuple[OrdreUtilise, ...] = ()


class BonusNumériqueVersé(FaitDeStructure, frozen=True, kw_only=True):
    """The bonus is paid, in full or in part: CP of `exercice`; `engagement` is its commitment."""

    montant_centimes: Positif
    reference: Texte
    exercice: Exercice
    engagement: Exercice
    ordres: tuple[OrdreUtilise, ...] = ()


class VersementAnnulé(FaitDeStructure, frozen=True, kw_only=True):
    """The payment at `position` is cancelled, whole.

    Given back to the CP of `exercice` (the payment's, or the first open one as a negative
    `regularisation`). `imputations` go back to their cohorts, or are withdrawn (`retraits`).
    """

    position: Position
    motif: Literal["rejet_bancaire", "erreur"]
    nature: Nature
    rang: OuZero
    montant_centimes: Positif
    exercice: Exercice
    regularisation: bool
    exercice_prevu: Exercice
    imputations: tuple[Part, ...]
    ordres: tuple[OrdreUtilise, ...] = ()
    retraits: tuple[Retrait, ...] = ()


class VersementRapproché(FaitDeStructure, frozen=True, kw_only=True):
    """The payment at `position` is request `dp` of `exercice_dp`, on `ej`, in Chorus. No money."""

    position: Position
    dp: Texte
    exercice_dp: Exercice
    ej: Texte | None = None


class LabelRetiré(FaitDeStructure, frozen=True, kw_only=True):
    """The label is withdrawn, with what was not paid of the grant and of the bonus.

    `previsions` is what was still planned, per exercice, and no longer is. Territory and digital
    flag are those of the label, which leaves its place in the quotas.
    """

    motif: Texte
    territoire: Territoire
    numerique: bool
    retraits: tuple[Retrait, ...] = ()
    previsions: tuple[Part, ...] = ()


class ReversementDemandé(FaitDeStructure, frozen=True, kw_only=True):
    """Money paid is claimed back."""

    montant_centimes: Positif
    titre: Texte


class ReversementEncaissé(FaitDeStructure, frozen=True, kw_only=True):
    """Money claimed back came in: State revenue, shown on `exercice`."""

    montant_centimes: Positif
    titre: Texte
    exercice: Exercice


class ExerciceClôturé(Fait, frozen=True, kw_only=True):
    """A budget year (and every earlier one) is closed.

    `totaux` is its `credits` line; `empreinte` the SHA-256 of the lines up to it, canonical JSON.
    """

    exercice: Exercice
    totaux: dict[str, Signe]
    empreinte: Empreinte


class ProgrammeClos(Fait, frozen=True, kw_only=True):
    """No application nor commitment any more."""

    motif: Texte


class JournalRepris(Fait, frozen=True, kw_only=True):
    """The journal goes on from an older backup, under a new origin (the leaf of this very line).

    Lost: the lines after `taille_satisfaite` (size of the last checkpoint that the backup
    satisfies) up to `taille_perdue`, whose root (base64) is that of the newest checkpoint known.
    """

    origine_precedente: Texte
    taille_satisfaite: OuZero
    taille_perdue: Position
    racine_perdue: Racine
    motif: Texte
