"""The words of a verdict: which tier, which candidates, why not. Pure; amounts in cents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from ledger.montants import format_euros
from ledger.programme import RANG_BONUS

from .modele import Demande, Nom, Palier, Verdict, VersementAuLivre

TROP = 5
"""Beyond that many candidates, the others are counted."""
_SIREN = 9


def citer_versement(versement: VersementAuLivre) -> str:
    """A payment of the ledger, named so that it can be found."""
    quoi = "bonus" if versement.rang == RANG_BONUS else f"tranche {versement.rang}"
    return (
        f"le versement {versement.position} ({versement.structure}, {quoi}, {versement.exercice}, "
        f"{format_euros(versement.montant_centimes)})"
    )


def citer_demande(demande: Demande) -> str:
    """A request of Chorus, named so that it can be found."""
    montant = format_euros(demande.montant_centimes)
    return f"la demande {demande.dp} ({demande.exercice}, {montant}, ligne {demande.ligne})"


def citer(membres: Iterable[Demande | VersementAuLivre], nombre: int) -> tuple[str, ...]:
    """The first of several candidates, and how many are left."""
    dits = tuple(
        citer_demande(m) if isinstance(m, Demande) else citer_versement(m)
        for m in islice(membres, TROP)
    )
    return dits if nombre <= TROP else (*dits, f"et {nombre - TROP} de plus")


def contradiction(demande: Demande, versement: VersementAuLivre) -> str:
    """What two sides that resemble each other say differently; empty when nothing does.

    A SIRET changes when an association moves: its SIREN (nine digits) does not.
    """
    sirens = {siret[:_SIREN] for siret in demande.sirets}
    if sirens and versement.siret and versement.siret[:_SIREN] not in sirens:
        return (
            f"Le SIREN diffère : {', '.join(sorted(sirens))} dans Chorus, "
            f"{versement.siret[:_SIREN]} au livre pour {versement.structure}."
        )
    if demande.ejs and versement.ejs and not set(demande.ejs) & set(versement.ejs):
        return (
            f"L'EJ diffère : {', '.join(demande.ejs)} dans Chorus, {', '.join(versement.ejs)} au "
            f"livre pour {versement.structure}."
        )
    return ""


def autre_demande(demande: Demande, versement: VersementAuLivre) -> str:
    """Why the number of a request denies a pair: the orders of the payment bear other numbers.

    Not for a reversal, whose request has a number of its own.
    """
    if not versement.demandes or demande.dp in versement.numeros:
        return ""
    return (
        f"Le numéro de DP diffère : {demande.dp} dans Chorus, {', '.join(versement.demandes)} aux "
        f"ordres du livre pour {versement.structure}."
    )


def verdict_de(
    verdict: Nom,
    palier: Palier | None,
    explication: str,
    demande: Demande | None,
    versement: VersementAuLivre | None = None,
    *,
    candidats: Sequence[str] = (),
) -> Verdict:
    """A verdict on a request, on a payment, or on both."""
    cote_chorus: dict[str, Any] = {}
    cote_livre: dict[str, Any] = {}
    if demande is not None:
        identifiants = (*demande.sirets, *demande.ultramarins)
        cote_chorus = {
            "dp": demande.dp,
            "exercice_dp": demande.exercice,
            "ej": ", ".join(demande.ejs) or None,
            "fournisseur": demande.fournisseur or None,
            "identifiant": ", ".join(identifiants) or None,
            "chorus_centimes": demande.montant_centimes,
            "date_chorus": demande.date,
            "feuille": demande.feuille or None,
            "ligne": demande.ligne,
            "lignes": demande.lignes,
        }
    if versement is not None:
        cote_livre = {
            "structure": versement.structure,
            "position": versement.position,
            "rang": versement.rang,
            "livre_centimes": versement.montant_centimes,
            "exercice": versement.exercice,
            "reference": versement.reference,
        }
    ecart = None
    if demande is not None and versement is not None:
        ecart = demande.montant_centimes - versement.montant_centimes
    return Verdict(
        verdict,
        palier,
        explication,
        candidats=tuple(candidats),
        ecart_centimes=ecart,
        **cote_chorus,
        **cote_livre,
    )
