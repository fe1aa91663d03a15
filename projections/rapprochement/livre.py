"""The payments of the ledger as a reconciliation needs them: one fold over the facts known."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from ledger.evenements import (
    BonusNumériqueVersé,
    CandidatureDéposée,
    ConventionSignée,
    Fait,
    StructureCorrigée,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
    VersementRapproché,
)
from ledger.programme import RANG_BONUS

from .modele import VersementAuLivre


def versements(faits: Iterable[tuple[int, Fait]]) -> tuple[VersementAuLivre, ...]:
    """Every payment, cancelled ones included, in the order of positions.

    SIRET and commitment numbers are the last ones known of the structure, whenever they came: they
    recognise a payee, they are no figure.
    """
    payes: dict[int, VersementAuLivre] = {}
    sirets: dict[str, str] = {}
    ejs: dict[str, set[str]] = {}
    demandes: dict[int, str] = {}
    for position, fait in faits:
        match fait:
            case TrancheVersée() | BonusNumériqueVersé():
                rang = fait.rang if isinstance(fait, TrancheVersée) else RANG_BONUS
                ordonnees = {demandes[o.position] for o in fait.ordres if demandes.get(o.position)}
                payes[position] = VersementAuLivre(
                    position=position,
                    structure=fait.structure,
                    rang=rang,
                    montant_centimes=fait.montant_centimes,
                    exercice=fait.exercice,
                    date=fait.date_effet.isoformat(),
                    reference=fait.reference,
                    numeros=tuple(sorted({fait.reference, *ordonnees})),
                    demandes=tuple(sorted(ordonnees)),
                )
            case VersementAnnulé() if fait.position in payes:
                payes[fait.position] = replace(payes[fait.position], annulation=position)
            case VersementRapproché() if fait.position in payes:
                prouve = (fait.dp, fait.exercice_dp)
                payes[fait.position] = replace(payes[fait.position], rapproche=prouve)
            case TrancheOrdonnancée():
                demandes[position] = fait.dp
            case ConventionSignée() if fait.ej is not None:
                ejs.setdefault(fait.structure, set()).add(fait.ej)
            case CandidatureDéposée() | StructureCorrigée() if fait.siret is not None:
                sirets[fait.structure] = fait.siret
            case _:
                pass
    return tuple(
        replace(
            paye,
            siret=sirets.get(paye.structure, ""),
            ejs=tuple(sorted(ejs.get(paye.structure, ()))),
        )
        for paye in payes.values()
    )
