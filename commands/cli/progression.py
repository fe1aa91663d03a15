"""Progress of a long work: one line on stderr, on a terminal only, gone when the work ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .largeurs import mesurer
from .terminal import largeur_des_messages

if TYPE_CHECKING:
    from ledger import Store
    from ledger.stockage.port import LigneBrute

PATIENCE = 500_000_000
"""Nanoseconds of a work that shows nothing: what is short does not flicker."""
_CADENCE = 100_000_000
"""Nanoseconds between two drawings."""
_LIGNES = 1_000
"""Lines read one by one between two looks at the clock."""

Montrer = Callable[[int], None]


class _Ligne:
    """The line of stderr, and who writes on it: the innermost work."""

    def __init__(self) -> None:
        self.ouverts = 0
        self.large = 0

    def ecrire(self, texte: str) -> None:
        place = largeur_des_messages() - 1
        texte = texte if mesurer(texte) <= place else texte[: place - 1]
        reste = max(self.large - mesurer(texte), 0)
        self.large = mesurer(texte)
        sys.stderr.write(f"\r{texte}{' ' * reste}" + ("" if texte else "\r"))
        sys.stderr.flush()

    def effacer(self) -> None:
        if self.large:
            self.ecrire("")


_ligne = _Ligne()


def milliers(nombre: int) -> str:
    """A count for people: `1 000 000`."""
    return f"{nombre:,}".replace(",", " ")


def visible() -> bool:
    """Whether somebody watches stderr."""
    return sys.stderr.isatty()


@contextmanager
def progression(
    quoi: str, total: int | None = None, *, octets: bool = False, partagee: bool = False
) -> Iterator[Montrer]:
    """A counter on stderr; give it the number reached, out of `total` where it is known.

    Shown on a terminal only. With `octets`, the percentage alone: nobody counts bytes. `partagee`
    says that the results come out meanwhile: where they are on the same terminal, they are the
    progress.
    """
    if not visible() or (partagee and sys.stdout.isatty()):
        yield lambda _: None
        return
    prochaine = time.monotonic_ns() + PATIENCE
    rang = _ligne.ouverts = _ligne.ouverts + 1

    def montrer(nombre: int) -> None:
        nonlocal prochaine
        maintenant = time.monotonic_ns()
        if maintenant < prochaine or rang != _ligne.ouverts:
            return
        prochaine = maintenant + _CADENCE
        compte = "" if octets else f" {milliers(nombre)}"
        part = f" {min(100 * nombre // total, 100)} %" if total else ""
        sur = f" sur {milliers(total)}," if total and not octets else ""
        _ligne.ecrire(f"{quoi} :{compte}{sur}{part}")

    try:
        yield montrer
    finally:
        _ligne.ouverts -= 1
        _ligne.effacer()


def suivre_les_lectures(store: Store) -> None:
    """Show the lines as they are read from a store, unless the work says something of its own."""
    if not visible():
        return
    pages, lire = store.pages, store.lire

    def suivies(
        programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        with _lecture(store, programme, jusqua) as montrer:
            for page in pages(programme, apres=apres, jusqua=jusqua):
                yield page
                montrer(page[-1][0])

    def lues(programme: str, *, apres: int = 0, jusqua: int | None = None) -> Iterator[LigneBrute]:
        with _lecture(store, programme, jusqua) as montrer:
            for ligne in lire(programme, apres=apres, jusqua=jusqua):
                yield ligne
                if not ligne.position % _LIGNES:
                    montrer(ligne.position)

    store.pages = suivies  # type: ignore[method-assign]
    store.lire = lues  # type: ignore[method-assign]


@contextmanager
def _lecture(store: Store, programme: str, jusqua: int | None) -> Iterator[Montrer]:
    """The counter of one reading: silent where a work already counts."""
    if _ligne.ouverts:
        yield lambda _: None
        return
    taille = store.taille(programme)
    with progression("Lignes lues", taille if jusqua is None else min(jusqua, taille)) as montrer:
        yield montrer
