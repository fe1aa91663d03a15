"""Double entry: each event yields postings that sum to zero. In cents, debit positive.

An account is `livre:poste[:exercice][:nature]`. Four books, each balanced by itself, so that any
accounting tool recomputes the totals:
`enveloppe` (the multi-year ceiling), `ae` and `cp` (yearly credits), `rap` (outstanding).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from ledger.evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    CréditsDégelés,
    CréditsGelés,
    CréditsOuverts,
    EnveloppeModifiée,
    FabriqueLabellisée,
    Fait,
    FaitDeStructure,
    LabelRetiré,
    Part,
    ProgrammeOuvert,
    Retrait,
    ReversementDemandé,
    ReversementEncaissé,
    TrancheVersée,
    VersementAnnulé,
)

Mouvement = tuple[str, str, int]
"""(account debited, account credited, cents)."""


class Ecriture(Struct, frozen=True):
    """One posting: the account, signed cents (debit positive), and the event it comes from."""

    position: int
    compte: str
    centimes: int
    structure: str | None


def ecritures(position: int, fait: Fait) -> tuple[Ecriture, ...]:
    """The postings of one event; they sum to zero, book by book."""
    structure = fait.structure if isinstance(fait, FaitDeStructure) else None
    postes: list[Ecriture] = []
    for debit, credit, centimes in _mouvements(fait):
        if centimes:
            postes.append(Ecriture(position, debit, centimes, structure))
            postes.append(Ecriture(position, credit, -centimes, structure))
    return tuple(postes)


def soldes(postes: Iterable[Ecriture]) -> dict[str, int]:
    """The balance of each account."""
    balance: dict[str, int] = {}
    for poste in postes:
        balance[poste.compte] = balance.get(poste.compte, 0) + poste.centimes
    return balance


def _mouvements(fait: Fait) -> Iterator[Mouvement]:
    match fait:
        case ProgrammeOuvert():
            montant = fait.regles["enveloppe_centimes"]
            yield "enveloppe:disponible", "enveloppe:plafond", montant
        case EnveloppeModifiée():
            yield "enveloppe:disponible", "enveloppe:plafond", fait.variation_centimes
        case CréditsOuverts():
            annee = fait.exercice
            yield f"ae:disponibles:{annee}", f"ae:ouvertes:{annee}", fait.ae_centimes
            yield f"cp:disponibles:{annee}", f"cp:ouverts:{annee}", fait.cp_centimes
        case CréditsGelés() | CréditsDégelés():
            annee, sens = fait.exercice, 1 if isinstance(fait, CréditsGelés) else -1
            yield f"ae:gelees:{annee}", f"ae:disponibles:{annee}", sens * fait.ae_centimes
            yield f"cp:geles:{annee}", f"cp:disponibles:{annee}", sens * fait.cp_centimes
        case FabriqueLabellisée():
            yield from _engager(fait.exercice, "subvention", fait.montant_centimes, "enveloppe")
        case BonusNumériqueAccordé():
            yield from _engager(fait.exercice, "bonus", fait.montant_centimes, fait.imputation)
        case AvenantSigné():
            yield from _engager(fait.exercice, "subvention", fait.engagement_centimes, "enveloppe")
            yield from _retirer(fait.retraits)
        case LabelRetiré():
            yield from _retirer(fait.retraits)
        case TrancheVersée():
            yield from _payer(fait.exercice, "subvention", fait.imputations, "payes", 1)
        case BonusNumériqueVersé():
            parts = (Part(fait.engagement, fait.montant_centimes),)
            yield from _payer(fait.exercice, "bonus", parts, "payes", 1)
        case VersementAnnulé():
            poste = "regularisations" if fait.regularisation else "payes"
            yield from _payer(fait.exercice, fait.nature, fait.imputations, poste, -1)
            yield from _retirer(fait.retraits)
        case ReversementDemandé():
            yield "reversements:demandes", "reversements:titres", fait.montant_centimes
        case ReversementEncaissé():
            encaisses = f"reversements:encaisses:{fait.exercice}"
            yield encaisses, "reversements:demandes", fait.montant_centimes
        case _:
            return


def _engager(annee: int, nature: str, centimes: int, imputation: str) -> Iterator[Mouvement]:
    livre = "enveloppe" if imputation == "enveloppe" else "hors_enveloppe"
    yield f"{livre}:engage:{nature}", f"{livre}:disponible", centimes
    yield f"ae:engagees:{annee}:{nature}", f"ae:disponibles:{annee}", centimes
    yield f"rap:reste:{annee}:{nature}", f"rap:engage:{annee}:{nature}", centimes


def _payer(
    annee: int, nature: str, parts: tuple[Part, ...], poste: str, sens: int
) -> Iterator[Mouvement]:
    for part in parts:
        centimes = sens * part.montant_centimes
        yield f"cp:{poste}:{annee}:{nature}", f"cp:disponibles:{annee}", centimes
        yield f"rap:{poste}:{annee}:{nature}", f"rap:reste:{part.exercice}:{nature}", centimes


def _retirer(retraits: tuple[Retrait, ...]) -> Iterator[Mouvement]:
    for r in retraits:
        meme = r.exercice == r.engagement
        poste = "retraits_meme" if meme else "retraits_anterieurs"
        reste = f"rap:reste:{r.engagement}:{r.nature}"
        yield f"rap:{poste}:{r.exercice}:{r.nature}", reste, r.montant_centimes
        if not (meme or r.recyclable):
            continue  # withdrawn and lost: neither AE nor envelope come back
        livre = "enveloppe" if r.imputation == "enveloppe" else "hors_enveloppe"
        yield f"{livre}:disponible", f"{livre}:retraits:{r.nature}", r.montant_centimes
        retraits_ae = f"ae:{poste}:{r.exercice}:{r.nature}"
        yield f"ae:disponibles:{r.exercice}", retraits_ae, r.montant_centimes
