"""The HTML page of a report: self-contained, printable, no script, nothing fetched from outside.

Every text is escaped, and its control or bidirectional characters shown: a structure's name is data
of outsiders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup
from msgspec import Struct

from ledger.budget import LigneCredits
from ledger.erreurs import UsageError
from ledger.montants import format_euros
from ledger.temps import format_date

from ..anomalies import CODES, Anomalie
from ..echeancier import Echeancier
from ..libelles import ETATS, STATUTS, TERRITOIRES
from ..matrice import LigneMatrice
from .contenu import Figures, Rapport
from .ecriture import BALISE, visible

_ENVELOPPE = (
    ("Enveloppe", "enveloppe_centimes"),
    ("Engagé", "engage_centimes"),
    ("dont subventions", "engage_subventions_centimes"),
    ("dont bonus numériques", "engage_bonus_centimes"),
    ("Retiré dans l'exercice de l'engagement", "retraits_meme_exercice_centimes"),
    ("dont bonus numériques", "retraits_meme_exercice_bonus_centimes"),
    ("Retiré dans un exercice suivant", "retraits_anterieurs_centimes"),
    ("dont bonus numériques", "retraits_anterieurs_bonus_centimes"),
    ("Disponible", "disponible_centimes"),
    ("Payé", "paye_centimes"),
    ("Reste à payer", "reste_a_payer_centimes"),
    ("Reversements encaissés", "reversements_centimes"),
)
_CREDITS = (
    ("AE ouvertes", "ae_ouvertes_centimes"),
    ("AE gelées", "ae_gelees_centimes"),
    ("AE engagées", "ae_engagees_centimes"),
    ("Retraits du même exercice", "retraits_meme_exercice_centimes"),
    ("Retraits d'exercices antérieurs", "retraits_anterieurs_centimes"),
    ("AE disponibles", "ae_disponibles_centimes"),
    ("CP ouverts", "cp_ouverts_centimes"),
    ("CP gelés", "cp_geles_centimes"),
    ("CP payés", "cp_payes_centimes"),
    ("Régularisations", "regularisations_centimes"),
    ("CP disponibles", "cp_disponibles_centimes"),
    ("CP restant à prévoir", "cp_restant_a_prevoir_centimes"),
    ("Reversements encaissés", "reversements_centimes"),
)
_LABELS = (
    ("Total", "total"),
    ("QPV", "qpv"),
    ("Hors QPV", "hors_qpv"),
    ("Numériques", "numeriques"),
)


class Matrice(Struct, frozen=True):
    """The matrix as a rectangle: payment years across, one cell each (0 where nothing was paid)."""

    annees: tuple[int, ...]
    lignes: tuple[tuple[LigneMatrice, tuple[int, ...]], ...]
    totaux: tuple[int, ...]


def page(rapport: Rapport, incorpore: str) -> str:
    """The page of a report, with its JSON (already escaped for HTML) inside.

    Raises: UsageError when the figures are not those that this engine writes.
    """
    try:
        figures = msgspec.convert(rapport.figures, Figures, str_keys=True)
    except msgspec.ValidationError as erreur:
        raise UsageError(
            "Les chiffres du rapport n'ont pas la forme de ceux de ce moteur.",
            remede="Le refaire avec `fabriques rapport`.",
        ) from erreur
    return _modele().render(
        entete=rapport.entete,
        f=figures,
        postes_enveloppe=_ENVELOPPE,
        postes_credits=_CREDITS,
        labels=_LABELS,
        credits_saisis=any(
            c.ae_ouvertes_centimes or c.cp_ouverts_centimes for c in figures.credits
        ),
        rap=_rap(figures.credits),
        matrice=_rectangle(figures.matrice),
        rangs=range(1, _rang_max(figures.echeanciers) + 1),
        anomalies=_par_code(figures.anomalies),
        style=Markup(_fichier("style.css")),  # noqa: S704 - a file of this package
        donnees=Markup(BALISE + incorpore),  # noqa: S704 - `json_incorpore` leaves no < nor &
    )


def _rap(lignes: Sequence[LigneCredits]) -> tuple[tuple[int, ...], ...]:
    """Exercice, then opening + committed - paid - regularised - withdrawn = closing."""
    return tuple(
        (
            ligne.exercice,
            ligne.rap_ouverture_centimes,
            ligne.ae_engagees_centimes,
            ligne.cp_payes_centimes,
            ligne.regularisations_centimes,
            ligne.retraits_meme_exercice_centimes + ligne.retraits_anterieurs_centimes,
            ligne.rap_cloture_centimes,
        )
        for ligne in lignes
    )


def _rectangle(lignes: Sequence[LigneMatrice]) -> Matrice:
    annees = sorted({p.exercice for ligne in lignes for p in ligne.paiements})
    cellules = []
    for ligne in lignes:
        payes = {p.exercice: p.montant_centimes for p in ligne.paiements}
        cellules.append((ligne, tuple(payes.get(annee, 0) for annee in annees)))
    totaux = (
        sum(ligne.engage_centimes for ligne in lignes),
        *(sum(payes[rang] for _, payes in cellules) for rang in range(len(annees))),
        sum(ligne.retraits_centimes for ligne in lignes),
        sum(ligne.reste_centimes for ligne in lignes),
    )
    return Matrice(tuple(annees), tuple(cellules), totaux)


def _rang_max(echeanciers: Sequence[Echeancier]) -> int:
    return max((t.rang for e in echeanciers for t in e.tranches), default=0)


class Groupe(NamedTuple):
    """The anomalies of one code: its meaning, how many, then by detail (told once)."""

    code: str
    sens: str
    nombre: int
    details: list[tuple[str, list[Anomalie]]]


def _par_code(anomalies: Sequence[Anomalie]) -> list[Groupe]:
    """Codes sorted; details and anomalies in their order."""
    groupes: dict[str, dict[str, list[Anomalie]]] = {}
    for anomalie in anomalies:
        details = groupes.setdefault(anomalie.code, {})
        details.setdefault(anomalie.detail, []).append(anomalie)
    return [
        Groupe(code, CODES.get(code, ""), sum(map(len, details.values())), list(details.items()))
        for code, details in sorted(groupes.items())
    ]


@cache
def _modele() -> Template:
    environnement = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_fichier),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_montrer,
    )
    environnement.filters.update(
        euros=format_euros,
        jour=_jour,
        instant=_instant,
        pour_cent=_pour_cent,
        etat=lambda code: ETATS.get(code, code),
        statut=lambda code: STATUTS.get(code, code),
        territoire=lambda code: TERRITOIRES.get(code, code),
    )
    return environnement.get_template("rapport.html")


def _fichier(nom: str) -> str:
    return files("projections.rapport").joinpath("templates", nom).read_text("utf-8")


def _montrer(valeur: object) -> object:
    """What every expression of the template goes through before it is escaped."""
    return visible(valeur) if type(valeur) is str else valeur


def _jour(iso: str) -> str:
    return format_date(date.fromisoformat(iso))


def _instant(instant: str) -> str:
    return f"{_jour(instant[:10])} à {instant[11:19]} UTC"


def _pour_cent(dix_milliemes: int) -> str:
    entier, reste = divmod(abs(dix_milliemes), 100)
    return f"{'-' if dix_milliemes < 0 else ''}{entier},{reste:02d} %"
