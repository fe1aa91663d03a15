"""Workbooks and French CSV: where they go, and the whole programme as one (`exporter`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import click

from .options import Demande
from .progression import Montrer, progression
from .sortie import CLASSEURS, ouvrir_sortie

if TYPE_CHECKING:
    from projections import Vue
    from projections.tableurs import Classeur, Ligne, Tableau

TABLEAUX = (
    "enveloppe",
    "labels",
    "vagues",
    "exercices",
    "matrice",
    "structures",
    "echeanciers",
    "anomalies",
    "journal",
)
"""Those of `projections.tableurs.programme`, known without loading it."""


class EnTableur(NamedTuple):
    """A report for a spreadsheet, made when it is asked for: its workbook, and its one table."""

    tableau: Callable[[], Tableau]
    classeur: Callable[[], Classeur]


def tableurs(module: str = "rapports") -> ModuleType:
    """The reports as workbooks, loaded when one is asked for."""
    from projections.tableurs import (  # noqa: PLC0415
        cartouche,
        journal,
        previsions,
        rapports,
        separation,
        simulations,
        tirage,
    )

    connus = (cartouche, journal, previsions, rapports, separation, simulations, tirage)
    return next(m for m in connus if m.__name__.endswith(f".{module}"))


def publier_en_tableur(demande: Demande, tableur: EnTableur, *, entree: str | None = None) -> None:
    """Write a report as a workbook, or as French CSV. `entree`: the file read."""
    if demande.format in CLASSEURS:
        publier_classeur(demande, tableur.classeur, entree=entree)
        return
    from projections.tableurs import ecrire_csv  # noqa: PLC0415

    with ouvrir_sortie(demande.sortie, base=demande.base, entree=entree) as flux:
        flux.writelines(ecrire_csv(tableur.tableau(), "fr"))


def publier_classeur(
    demande: Demande, faire: Callable[[], Classeur], *, entree: str | None = None
) -> None:
    """Write a workbook, its lines counted. `entree`: the file read, never written over."""
    from projections.tableurs import ecrire_ods, ecrire_xlsx  # noqa: PLC0415

    ecrire = ecrire_xlsx if demande.format == "xlsx" else ecrire_ods
    with ouvrir_sortie(demande.sortie, base=demande.base, entree=entree) as flux:
        classeur = faire()
        total = sum(t.nombre for feuille in classeur.feuilles for t in feuille.tableaux)
        with progression("Lignes du classeur", total) as montrer:
            ecrire(_compte(classeur, montrer), flux)


def _compte(classeur: Classeur, montrer: Montrer) -> Classeur:
    """The same workbook, whose lines are counted as they are read."""
    faites = count(1)

    def suivre(lignes: Iterable[Ligne]) -> Iterator[Ligne]:
        for ligne in lignes:
            yield ligne
            montrer(next(faites))

    return replace(
        classeur,
        feuilles=tuple(
            replace(f, tableaux=tuple(replace(t, lignes=suivre(t.lignes)) for t in f.tableaux))
            for f in classeur.feuilles
        ),
    )


def exporter_classeur(demande: Demande, vue: Vue) -> None:
    """The workbook of the programme. The base of the view is open."""
    from projections.tableurs.programme import classeur_du_programme  # noqa: PLC0415

    publier_classeur(demande, lambda: classeur_du_programme(vue))


def verifier_export(format_: str, feuille: str | None) -> None:
    """What an export is asked holds together, before the base is read. Raises UsageError."""
    if format_ == "csv" and feuille is None:
        raise click.UsageError(
            "Un csv ne tient qu'un tableau : dire lequel avec --feuille "
            f"({', '.join(TABLEAUX)}). Pour tous à la fois : exporter xlsx ou ods."
        )
    if format_ != "csv" and feuille is not None:
        raise click.UsageError(f"--feuille est pour le csv : {format_} donne tout.")


def octets_csv(vue: Vue, feuille: str, norme: str) -> Iterator[bytes]:
    """One table of the workbook as CSV. The base of the view is open."""
    from projections.tableurs import ecrire_csv  # noqa: PLC0415
    from projections.tableurs.programme import tableau  # noqa: PLC0415

    yield from ecrire_csv(tableau(vue, feuille), "fr" if norme == "fr" else "standard")
