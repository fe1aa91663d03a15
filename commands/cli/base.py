"""Opening a base: read-only for reports, for writing when commands are executed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

import click

from . import progression
from .options import Demande
from .sortie import CLASSEURS
from .terminal import avertir

if TYPE_CHECKING:
    from ledger import Journal, Store
    from projections import Vue

COEURS = min(os.cpu_count() or 1, 2)
"""Processes that share the reading of a long journal."""
_ESSAIS = 10
"""Looks at a busy base, in one second, before it is told."""


def est_absente(base: str) -> bool:
    """Whether no base is there yet (an empty file is none, nor is a creation cut short)."""
    from ledger.erreurs import StoreError  # noqa: PLC0415
    from ledger.stockage.adresse import est_adresse  # noqa: PLC0415
    from ledger.stockage.ouvrir import est_absente as absente  # noqa: PLC0415

    try:
        return absente(base)
    except StoreError:
        if est_adresse(base):
            raise
        return False  # the store says what is wrong with the file


def nommer(base: str) -> str:
    """How a base is called in sentences and files: never the password of a URL."""
    from ledger.stockage.adresse import montrer  # noqa: PLC0415

    return montrer(base)


@contextmanager
def modele_de_lecture(base: str, fichier: str) -> Iterator[None]:
    """Around the use of a read model: a remedy that makes it again is a command to paste."""
    from ledger.erreurs import LedgerError  # noqa: PLC0415
    from ledger.stockage.adresse import est_adresse  # noqa: PLC0415
    from projections.lecture import A_REMPLIR  # noqa: PLC0415

    try:
        yield
    except LedgerError as erreur:
        nom = "BASE" if not est_adresse(base) and est_absente(base) else shlex.quote(nommer(base))
        voulu = f"--base {nom} -o {shlex.quote(fichier)}"
        erreur.remede = erreur.remede.replace(A_REMPLIR, voulu)
        raise


def fichier_de_lecture(base: str, donne: str | None, option: str) -> str:
    """The read model: the file given, or the one beside the base. Raises click.UsageError."""
    from ledger.stockage.adresse import est_adresse  # noqa: PLC0415

    if donne is not None:
        return donne
    if est_adresse(base):
        raise click.UsageError(
            f"La base {nommer(base)} n'est pas un fichier : nommer le modèle de lecture avec "
            f"{option} FICHIER."
        )
    return f"{base}.lecture.db"


def prevenir_de_l_attente(base: str) -> None:
    """Say, on a terminal, that a base is held by another program: it is about to be waited for.

    Only after a second: two writers that take turns are nothing to tell.
    """
    from ledger.stockage.adresse import est_adresse  # noqa: PLC0415
    from ledger.stockage.occupation import occupee  # noqa: PLC0415

    if not progression.visible() or est_adresse(base) or est_absente(base):
        return
    for _ in range(_ESSAIS):
        if not occupee(Path(base)):
            return
        sleep(1 / _ESSAIS)
    avertir(
        f"La base {base} est tenue par un autre programme : attente, trente secondes au plus "
        "(Ctrl-C pour renoncer)."
    )


@contextmanager
def ouvrir_en_lecture(base: str) -> Iterator[Store]:
    """The base, opened read-only. Raises StoreError and its subclasses."""
    from ledger.stockage.ouvrir import ouvrir_magasin  # noqa: PLC0415

    store = ouvrir_magasin(base, ecriture=False)
    progression.suivre_les_lectures(store)
    try:
        yield store
    finally:
        store.fermer()


def choisir_programme(store: Store, demande: Demande) -> str:
    """The programme asked for, or the only one of the base.

    Raises: UsageError, with the list, when it is unknown or when there are several.
    """
    from ledger.erreurs import StoreMissingError, UsageError  # noqa: PLC0415

    presents = store.programmes()
    if not presents:
        raise StoreMissingError(
            f"La base {nommer(demande.base)} ne tient encore aucun programme.",
            remede="L'ouvrir avec une commande OuvrirProgramme.",
        )
    liste = ", ".join(presents)
    if demande.programme is None:
        seul, *autres = presents
        if autres:
            raise UsageError(
                f"La base {nommer(demande.base)} tient plusieurs programmes : {liste}.",
                remede="En choisir un avec --programme.",
            )
        return seul
    if demande.programme not in presents:
        raise UsageError(
            f"Le programme {demande.programme[:80]} n'est pas dans la base {nommer(demande.base)}.",
            remede=f"Programmes présents : {liste}.",
        )
    return demande.programme


def regarder_base(demande: Demande) -> Vue:
    """The view that a report is read from: every line verified, both dates applied."""
    from ledger import Journal  # noqa: PLC0415

    with ouvrir_en_lecture(demande.base) as store:
        return regarder_journal(Journal(store, choisir_programme(store, demande)), demande)


def regarder_journal(journal: Journal, demande: Demande) -> Vue:
    """The view asked for of a journal whose base is open."""
    from projections import regarder  # noqa: PLC0415

    vue = regarder(journal, au=demande.au, connu_au=demande.connu_au, coeurs=COEURS)
    position = vue.situation.position
    if demande.format in CLASSEURS and vue.journal is not None and vue.journal.taille != position:
        # asked for as an instant, more lines were read: a workbook says when the last one known was
        # recorded, which the journal read to that position tells
        vue = regarder(journal, au=demande.au, connu_au=position, coeurs=COEURS)
    return vue
