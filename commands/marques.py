"""What a line of commands may say beside its command: the marks of the fact to record.

`correlation` and `provenance` are no part of a command (ADR 0021, 0036): neither its model nor its
digest knows them. A file of commands that was exported carries them all the same, one line at a
time, so that a base made again from it keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ledger.champs import est_correlation
from ledger.erreurs import UsageError
from ledger.provenance import Provenance, lire_provenance

from .lecture_json import CommandeIllisible, decoder_ligne, en_commande, illisible
from .modele import Commande

MARQUES = ("correlation", "provenance")


class LigneMarquee(NamedTuple):
    """A command, or its refusal, and its marks; None where the line has none."""

    saisie: Commande | CommandeIllisible
    correlation: str | None = None
    provenance: Provenance | None = None


def lire_ligne_marquee(ligne: bytes) -> LigneMarquee:
    """The command of one JSON line and its marks. A bad mark refuses the line."""
    donnees = decoder_ligne(ligne)
    if isinstance(donnees, CommandeIllisible):
        return LigneMarquee(donnees)
    if not isinstance(donnees, Mapping):
        return LigneMarquee(en_commande(donnees))
    return separer(donnees)


def separer(donnees: Mapping[str, Any]) -> LigneMarquee:
    """The command of a JSON object and its marks. A bad mark refuses the whole."""
    correlation, provenance = (donnees.get(marque) for marque in MARQUES)
    if correlation is not None and not (
        isinstance(correlation, str) and est_correlation(correlation)
    ):
        refus = "correlation : 1 à 128 signes ASCII imprimables attendus."
        return LigneMarquee(illisible(refus, donnees))
    try:
        lue = None if provenance is None else lire_provenance(provenance)
    except UsageError as erreur:
        return LigneMarquee(illisible(erreur.message, donnees))
    commande = en_commande({k: v for k, v in donnees.items() if k not in MARQUES})
    return LigneMarquee(commande, correlation, lue)
