"""What every publication is made of: the grants in force, their agreement, the money that moved.

One attribution per structure that was labelled, whatever came after: the state that the view
counts, with the facts behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.evenements import (
    Attribuant,
    AvenantSigné,
    BonusNumériqueAccordé,
    ConventionSignée,
    FabriqueLabellisée,
    FaitDeStructure,
    LabelRetiré,
    ProgrammeOuvert,
    VersementAnnulé,
)

from ..fiche import Fiche, Versement
from ..situation import Vue

MOIS_POUR_PUBLIER = 3
"""Decree 2017-779: the essential data are published within three months of the signature."""
_MOIS_PAR_AN = 12


class Signature(Struct, frozen=True, gc=False):
    """An agreement as recorded: `date_effet` is the day it was signed."""

    position: int
    date_effet: date
    reference: str


class Attribution(Struct, frozen=True):
    """The grant of one structure. Amounts in cents.

    `engage` is all that was committed (grant, increases, bonus), `retire` all that was withdrawn;
    `versements` the payments that no cancellation undid; `faits` every fact that names it.
    """

    fiche: Fiche
    engage: int
    retire: int
    signatures: tuple[Signature, ...]
    versements: tuple[Versement, ...]
    faits: tuple[tuple[int, FaitDeStructure], ...]

    @property
    def montant(self) -> int:
        """What the State is still bound to, or has paid: grant and bonus less withdrawals."""
        return self.engage - self.retire

    @property
    def convention(self) -> Signature | None:
        """The agreement in force: the last recorded, as a later record corrects an earlier one."""
        return self.signatures[-1] if self.signatures else None

    @property
    def date_limite(self) -> date | None:
        """The last day on which the agreement may be published (None: nothing is signed)."""
        signee = self.convention
        return None if signee is None else mois_apres(signee.date_effet, MOIS_POUR_PUBLIER)


class Attributions(Struct, frozen=True):
    """The grants of a view, sorted by structure, and the authority that gave them if recorded."""

    attribuant: Attribuant | None
    lignes: tuple[Attribution, ...]


def attributions(vue: Vue) -> Attributions:
    """The grants of the view, its facts read again. Raises: ChainBrokenError, StoreError."""
    attribuant: Attribuant | None = None
    faits: dict[str, list[tuple[int, FaitDeStructure]]] = {}
    fiches = {s: f for s, f in vue.situation.fiches.items() if f.label_position is not None}
    for position, fait in vue.faits() if vue.situation.position else ():
        if isinstance(fait, ProgrammeOuvert):
            attribuant = fait.attribuant
        elif isinstance(fait, FaitDeStructure) and fait.structure in fiches:
            faits.setdefault(fait.structure, []).append((position, fait))
    return Attributions(
        attribuant, tuple(_attribution(fiches[s], faits.get(s, [])) for s in sorted(fiches))
    )


def _attribution(fiche: Fiche, faits: list[tuple[int, FaitDeStructure]]) -> Attribution:
    engage = retire = 0
    for _, fait in faits:
        engage += engagement(fait)
        if isinstance(fait, AvenantSigné | LabelRetiré | VersementAnnulé):
            retire += sum(r.montant_centimes for r in fait.retraits)
    return Attribution(
        fiche,
        engage,
        retire,
        tuple(_signatures(faits)),
        tuple(v for v in fiche.versements if v.position not in fiche.annules),
        tuple(faits),
    )


def attribuant_du_journal(vue: Vue) -> Attribuant | None:
    """The authority that the opening names. Raises: ChainBrokenError, StoreError."""
    for _, fait in vue.faits() if vue.situation.position else ():
        if isinstance(fait, ProgrammeOuvert):
            return fait.attribuant
    return None


def attribuant_connu(lues: Attributions, nom: str, siret: str) -> tuple[str, str]:
    """Name and SIRET of the authority: as recorded, completed by what the publisher states.

    Empty where nobody said. Raises: UsageError when the statement contradicts the record.
    """
    tenu = lues.attribuant
    if tenu is None:
        return nom, siret
    for declare, inscrit in ((nom, tenu.nom), (siret, tenu.siret)):
        if declare and inscrit is not None and declare != inscrit:
            raise UsageError(
                f"L'attribuant déclaré ({declare}) n'est pas celui du journal ({inscrit}).",
                remede="Ne pas le déclarer : le journal le tient.",
            )
    return tenu.nom, tenu.siret or siret


def engagement(fait: FaitDeStructure) -> int:
    """The cents that a fact commits."""
    match fait:
        case FabriqueLabellisée() | BonusNumériqueAccordé():
            return fait.montant_centimes
        case AvenantSigné():
            return fait.engagement_centimes
        case _:
            return 0


def _signatures(faits: list[tuple[int, FaitDeStructure]]) -> Iterator[Signature]:
    for position, fait in faits:
        if isinstance(fait, ConventionSignée):
            yield Signature(position, fait.date_effet, fait.reference)


def mois_apres(jour: date, mois: int) -> date:
    """The same day of a later month, or its last day when it has none."""
    annee, rang = divmod(jour.month - 1 + mois, _MOIS_PAR_AN)
    for quantieme in range(jour.day, 0, -1):
        try:
            return date(jour.year + annee, rang + 1, quantieme)
        except ValueError:
            continue
    raise ValueError(f"{jour} n'a pas de mois suivant")
