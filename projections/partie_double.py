"""Double entry: each event yields postings that sum to zero. In cents, debit positive.

An account is `livre:poste[:exercice][:nature]`. Four books, each balanced by itself, so that any
accounting tool recomputes the totals:
`enveloppe` (the multi-year ceiling), `ae` and `cp` (yearly credits), `rap` (outstanding).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

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
    for debit, credit, centimes in mouvements(fait):
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


def mouvements(fait: Fait) -> Iterable[Mouvement]:
    """The movements of one event, in order, those of zero cents included."""
    mouvement = _MOUVEMENTS.get(type(fait))
    return () if mouvement is None else mouvement(fait)


def _programme_ouvert(fait: ProgrammeOuvert) -> Iterable[Mouvement]:
    return (("enveloppe:disponible", "enveloppe:plafond", fait.regles["enveloppe_centimes"]),)


def _enveloppe_modifiee(fait: EnveloppeModifiée) -> Iterable[Mouvement]:
    return (("enveloppe:disponible", "enveloppe:plafond", fait.variation_centimes),)


def _credits_ouverts(fait: CréditsOuverts) -> Iterable[Mouvement]:
    annee = fait.exercice
    return (
        (f"ae:disponibles:{annee}", f"ae:ouvertes:{annee}", fait.ae_centimes),
        (f"cp:disponibles:{annee}", f"cp:ouverts:{annee}", fait.cp_centimes),
    )


def _credits_geles(fait: CréditsGelés | CréditsDégelés) -> Iterable[Mouvement]:
    annee, sens = fait.exercice, 1 if isinstance(fait, CréditsGelés) else -1
    return (
        (f"ae:gelees:{annee}", f"ae:disponibles:{annee}", sens * fait.ae_centimes),
        (f"cp:geles:{annee}", f"cp:disponibles:{annee}", sens * fait.cp_centimes),
    )


def _fabrique_labellisee(fait: FabriqueLabellisée) -> Iterable[Mouvement]:
    return _engager(fait.exercice, "subvention", fait.montant_centimes, "enveloppe")


def _bonus_accorde(fait: BonusNumériqueAccordé) -> Iterable[Mouvement]:
    return _engager(fait.exercice, "bonus", fait.montant_centimes, fait.imputation)


def _avenant_signe(fait: AvenantSigné) -> Iterable[Mouvement]:
    engage = _engager(fait.exercice, "subvention", fait.engagement_centimes, "enveloppe")
    return (*engage, *_retirer(fait.retraits))


def _label_retire(fait: LabelRetiré) -> Iterable[Mouvement]:
    return _retirer(fait.retraits)


def _tranche_versee(fait: TrancheVersée) -> Iterable[Mouvement]:
    return _payer(fait.exercice, "subvention", fait.imputations, "payes", 1)


def _bonus_verse(fait: BonusNumériqueVersé) -> Iterable[Mouvement]:
    parts = (Part(fait.engagement, fait.montant_centimes),)
    return _payer(fait.exercice, "bonus", parts, "payes", 1)


def _versement_annule(fait: VersementAnnulé) -> Iterable[Mouvement]:
    poste = "regularisations" if fait.regularisation else "payes"
    rendus = _payer(fait.exercice, fait.nature, fait.imputations, poste, -1)
    return (*rendus, *_retirer(fait.retraits))


def _reversement_demande(fait: ReversementDemandé) -> Iterable[Mouvement]:
    return (("reversements:demandes", "reversements:titres", fait.montant_centimes),)


def _reversement_encaisse(fait: ReversementEncaissé) -> Iterable[Mouvement]:
    encaisses = f"reversements:encaisses:{fait.exercice}"
    return ((encaisses, "reversements:demandes", fait.montant_centimes),)


_MOUVEMENTS: dict[type[Fait], Callable[[Any], Iterable[Mouvement]]] = {
    ProgrammeOuvert: _programme_ouvert,
    EnveloppeModifiée: _enveloppe_modifiee,
    CréditsOuverts: _credits_ouverts,
    CréditsGelés: _credits_geles,
    CréditsDégelés: _credits_geles,
    FabriqueLabellisée: _fabrique_labellisee,
    BonusNumériqueAccordé: _bonus_accorde,
    AvenantSigné: _avenant_signe,
    LabelRetiré: _label_retire,
    TrancheVersée: _tranche_versee,
    BonusNumériqueVersé: _bonus_verse,
    VersementAnnulé: _versement_annule,
    ReversementDemandé: _reversement_demande,
    ReversementEncaissé: _reversement_encaisse,
}
"""By type, and account names kept: the read model adds these up over a whole journal."""


def _engager(annee: int, nature: str, centimes: int, imputation: str) -> Iterable[Mouvement]:
    livre = "enveloppe" if imputation == "enveloppe" else "hors_enveloppe"
    return (
        (f"{livre}:engage:{nature}", f"{livre}:disponible", centimes),
        (f"ae:engagees:{annee}:{nature}", f"ae:disponibles:{annee}", centimes),
        (f"rap:reste:{annee}:{nature}", f"rap:engage:{annee}:{nature}", centimes),
    )


def _payer(
    annee: int, nature: str, parts: tuple[Part, ...], poste: str, sens: int
) -> Iterable[Mouvement]:
    postes: list[Mouvement] = []
    for part in parts:
        centimes = sens * part.montant_centimes
        payes, disponibles, rap, reste = _comptes_payes(annee, nature, poste, part.exercice)
        postes.append((payes, disponibles, centimes))
        postes.append((rap, reste, centimes))
    return postes


@lru_cache(maxsize=1024)
def _comptes_payes(annee: int, nature: str, poste: str, cohorte: int) -> tuple[str, str, str, str]:
    return (
        f"cp:{poste}:{annee}:{nature}",
        f"cp:disponibles:{annee}",
        f"rap:{poste}:{annee}:{nature}",
        f"rap:reste:{cohorte}:{nature}",
    )


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
