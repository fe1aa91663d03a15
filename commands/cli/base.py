"""Opening a base: read-only for reports, for writing when commands are executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .options import Demande
from .sortie import CLASSEURS

if TYPE_CHECKING:
    from ledger import Journal, SQLiteStore
    from projections import Vue

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def refuser_les_url(base: str) -> None:
    """A base is a file in this version. The URL is not repeated: it may hold a password."""
    from ledger.erreurs import StoreError, UsageError  # noqa: PLC0415

    url = _URL.match(base)
    if url is None:
        return
    if url[1].lower().startswith("postgres"):
        raise StoreError(
            "Les bases PostgreSQL ne sont pas prises en charge par cette version.",
            remede="Donner à --base le nom d'un fichier SQLite.",
        )
    raise UsageError(
        f"Une adresse {url[1][:20]}:// n'est pas une base.",
        remede="Donner à --base le nom d'un fichier SQLite.",
    )


def est_absente(base: str) -> bool:
    """Whether no base is there yet (an empty file is none, nor is a creation cut short)."""
    from ledger.erreurs import StoreError  # noqa: PLC0415
    from ledger.stockage.fichier import est_vierge  # noqa: PLC0415

    try:
        return est_vierge(Path(base))
    except StoreError:
        return False  # the store says what is wrong with it


@contextmanager
def ouvrir_en_lecture(base: str) -> Iterator[SQLiteStore]:
    """The base, opened read-only. Raises StoreError and its subclasses."""
    from ledger import SQLiteStore  # noqa: PLC0415

    refuser_les_url(base)
    store = SQLiteStore(base, ecriture=False)
    try:
        yield store
    finally:
        store.fermer()


def choisir_programme(store: SQLiteStore, demande: Demande) -> str:
    """The programme asked for, or the only one of the base.

    Raises: UsageError, with the list, when it is unknown or when there are several.
    """
    from ledger.erreurs import StoreMissingError, UsageError  # noqa: PLC0415

    presents = store.programmes()
    if not presents:
        raise StoreMissingError(
            f"La base {demande.base} ne tient encore aucun programme.",
            remede="L'ouvrir avec une commande OuvrirProgramme.",
        )
    liste = ", ".join(presents)
    if demande.programme is None:
        seul, *autres = presents
        if autres:
            raise UsageError(
                f"La base {demande.base} tient plusieurs programmes : {liste}.",
                remede="En choisir un avec --programme.",
            )
        return seul
    if demande.programme not in presents:
        raise UsageError(
            f"Le programme {demande.programme[:80]} n'est pas dans la base {demande.base}.",
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

    vue = regarder(journal, au=demande.au, connu_au=demande.connu_au)
    position = vue.situation.position
    if demande.format in CLASSEURS and vue.journal is not None and vue.journal.taille != position:
        # asked for as an instant, more lines were read: a workbook says when the last one known was
        # recorded, which the journal read to that position tells
        vue = regarder(journal, au=demande.au, connu_au=position)
    return vue
