"""Open, freeze and unfreeze the yearly credits (AE and CP of one exercice)."""

from __future__ import annotations

from typing import ClassVar, Literal

from ledger.champs import Centimes, CentimesOuZero, Exercice, TexteLong
from ledger.evenements import CréditsDégelés, CréditsGelés, CréditsOuverts
from ledger.montants import format_euros
from ledger.programme import Programme

from ..controles import exiger_credits
from ..modele import Commande, base
from ..refus import Refus

NatureCredits = Literal[
    "lfi",
    "lfr",
    "report",
    "transfert",
    "virement",
    "decret_avance",
    "fonds_de_concours",
    "retablissement",
    "annulation",
]


class OuvrirCrédits(Commande):
    """Open AE and CP on an exercice (signed cents). Own refusal: `credits_insuffisants`."""

    verbe: ClassVar[str] = "OuvrirCrédits"
    exercice: Exercice
    ae_centimes: Centimes
    cp_centimes: Centimes
    nature: NatureCredits
    source: TexteLong


class GelerCrédits(Commande):
    """Freeze AE and CP of an exercice (cents, >= 0). Own refusal: `credits_insuffisants`."""

    verbe: ClassVar[str] = "GelerCrédits"
    exercice: Exercice
    ae_centimes: CentimesOuZero
    cp_centimes: CentimesOuZero
    source: TexteLong


class DégelerCrédits(Commande):
    """Unfreeze AE and CP of an exercice (cents, >= 0). Own refusal: `gel_insuffisant`."""

    verbe: ClassVar[str] = "DégelerCrédits"
    exercice: Exercice
    ae_centimes: CentimesOuZero
    cp_centimes: CentimesOuZero
    source: TexteLong


def ouvrir_credits(etat: Programme, commande: OuvrirCrédits) -> CréditsOuverts:
    """Decide an opening (or a cancellation, negative) of credits."""
    regles, version = etat.regles_au(commande.date_effet)
    exiger_credits(
        etat, regles, commande.exercice, ae=-commande.ae_centimes, cp=-commande.cp_centimes
    )
    return CréditsOuverts(
        **base(commande, version),
        exercice=commande.exercice,
        ae_centimes=commande.ae_centimes,
        cp_centimes=commande.cp_centimes,
        nature=commande.nature,
        source=commande.source,
    )


def geler_credits(etat: Programme, commande: GelerCrédits) -> CréditsGelés:
    """Decide a freeze."""
    regles, version = etat.regles_au(commande.date_effet)
    exiger_credits(
        etat, regles, commande.exercice, ae=commande.ae_centimes, cp=commande.cp_centimes
    )
    return CréditsGelés(
        **base(commande, version),
        exercice=commande.exercice,
        ae_centimes=commande.ae_centimes,
        cp_centimes=commande.cp_centimes,
        source=commande.source,
    )


def degeler_credits(etat: Programme, commande: DégelerCrédits) -> CréditsDégelés:
    """Decide a thaw: never above what is frozen, whatever the control of credits."""
    _, version = etat.regles_au(commande.date_effet)
    ligne = etat.soldes.exercice(commande.exercice)
    for nom, gele, demande in (
        ("AE", ligne.ae_gelees, commande.ae_centimes),
        ("CP", ligne.cp_geles, commande.cp_centimes),
    ):
        if demande > gele:
            raise Refus(
                "gel_insuffisant",
                f"{nom} de {commande.exercice} : {format_euros(gele)} gelés, "
                f"{format_euros(demande)} à dégeler.",
                remede="Limiter le dégel à ce qui est gelé.",
                details={
                    "exercice": commande.exercice,
                    "gele_centimes": gele,
                    "demande_centimes": demande,
                },
            )
    return CréditsDégelés(
        **base(commande, version),
        exercice=commande.exercice,
        ae_centimes=commande.ae_centimes,
        cp_centimes=commande.cp_centimes,
        source=commande.source,
    )
