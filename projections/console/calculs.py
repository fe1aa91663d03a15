"""Figures computed from others: not a sum of facts, but of figures that are, each one a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from ..cellules import Unite
from ..pages.graphes import RETIRE, parts
from .contributions import CONSOMME
from .regard import Regard

_EN_VIGUEUR = {"etat": "labellisee"}


class Operande(Struct, frozen=True):
    """A figure that a computation uses: its words, value, and where its facts are."""

    nom: str
    valeur: int
    unite: Unite
    cellule: str
    parametres: dict[str, Any] = {}


class Calcul(Struct, frozen=True):
    """A figure computed: how, from what. `valeur` is None where nothing can be divided."""

    valeur: int | None
    unite: Unite
    formule: str
    operandes: tuple[Operande, ...]


def subvention_moyenne(regard: Regard) -> Calcul:
    """The average grant of the labels in force."""
    fiches = regard.vue.situation.fiches.values()
    montants = [f.montant for f in fiches if f.etat == "labellisee"]
    return Calcul(
        regard.complements.subvention_moyenne_centimes,
        "centimes",
        "Subventions des labels en vigueur, divisées par leur nombre ; arrondi au centime "
        "inférieur.",
        (
            Operande(
                "Subventions des labels en vigueur",
                sum(montants),
                "centimes",
                "registre.montant",
                _EN_VIGUEUR,
            ),
            Operande("Labels en vigueur", len(montants), "nombre", "registre.nombre", _EN_VIGUEUR),
        ),
    )


def labels_financables(regard: Regard) -> Calcul:
    """How many labels the envelope bears at the average cost so far."""
    figure = regard.enveloppe
    nombre = sum(f.etat == "labellisee" for f in regard.vue.situation.fiches.values())
    return Calcul(
        regard.complements.labels_financables,
        "nombre",
        "Enveloppe multipliée par le nombre de labels en vigueur, divisée par ce qu'elle a "
        "consommé ; arrondi à l'unité inférieure.",
        (
            Operande("Enveloppe", figure.enveloppe_centimes, "centimes", "enveloppe.enveloppe"),
            Operande("Labels en vigueur", nombre, "nombre", "registre.nombre", _EN_VIGUEUR),
            Operande(
                "Consommé",
                figure.enveloppe_centimes - figure.disponible_centimes,
                "centimes",
                CONSOMME,
            ),
        ),
    )


def taux_de_consommation(regard: Regard) -> Calcul:
    """The part of the envelope that is used."""
    figure = regard.enveloppe
    enveloppe = figure.enveloppe_centimes
    return Calcul(
        figure.taux_consommation_dix_milliemes if enveloppe else None,
        "dix_milliemes",
        "Consommé, divisé par l'enveloppe ; arrondi au centième de pour cent le plus proche.",
        (
            Operande("Consommé", enveloppe - figure.disponible_centimes, "centimes", CONSOMME),
            Operande("Enveloppe", enveloppe, "centimes", "enveloppe.enveloppe"),
        ),
    )


def retire_non_reemployable(regard: Regard) -> Calcul:
    """What was withdrawn for good, where the rules let some of it be granted again."""
    figure = regard.enveloppe
    perdu = next(p.centimes for p in parts(figure) if p.cle == "retire")
    noms = (
        ("Enveloppe", "enveloppe"),
        ("Disponible", "disponible"),
        ("Payé", "paye"),
        ("Engagé, reste à payer", "reste_a_payer"),
        ("Retraits d'engagements antérieurs", "retraits_anterieurs"),
    )
    return Calcul(
        perdu,
        "centimes",
        "Enveloppe moins le disponible, le payé et le reste à payer ; entre zéro et les retraits "
        "d'engagements antérieurs.",
        tuple(
            Operande(nom, getattr(figure, f"{m}_centimes"), "centimes", f"enveloppe.{m}")
            for nom, m in noms
        ),
    )


def _part(membre: str) -> Callable[[Regard], Calcul]:
    def part(regard: Regard) -> Calcul:
        labels = getattr(regard.enveloppe.labels, membre)
        quota = getattr(regard.enveloppe.quotas, membre)
        return Calcul(
            labels * 10_000 // quota if quota else None,
            "dix_milliemes",
            "Labels en vigueur, divisés par le quota ; arrondi au centième de pour cent inférieur.",
            (
                Operande("Labels en vigueur", labels, "nombre", f"enveloppe.labels.{membre}"),
                Operande("Quota", quota, "nombre", f"enveloppe.quotas.{membre}"),
            ),
        )

    return part


CALCULS: dict[str, Callable[[Regard], Calcul]] = {
    "calcul.subvention_moyenne": subvention_moyenne,
    "calcul.labels_financables": labels_financables,
    "enveloppe.taux_consommation": taux_de_consommation,
    RETIRE: retire_non_reemployable,
    **{f"calcul.part.{m}": _part(m) for m in ("total", "qpv", "hors_qpv", "numeriques")},
}
"""By the name of the figure."""
