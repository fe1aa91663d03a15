"""Waiting for something new: `LISTEN`, and a look now and then in case a notice was lost."""

from __future__ import annotations

import time
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

import psycopg

from ..erreurs import StoreError
from .postgres_schema import CANAL

if TYPE_CHECKING:
    from .postgres_bassin import Bassin
    from .postgres_session import Connexion


class Veille:
    """Called at the end of a journal: returns True as soon as somebody wrote, or after `secondes`.

    A notice is a reason to look, never a fact: lost, doubled or late, it changes nothing but the
    delay. On a standby, which gives no notice, and while the server is away, it only sleeps. With
    a `programme`, those of the others are not a reason.
    """

    def __init__(self, bassin: Bassin, secondes: float, programme: str | None = None) -> None:
        self._bassin = bassin
        self._secondes = secondes
        self._programme = programme
        self._connexion: Connexion | None = None
        self._sourde = False
        self.avis = 0  # how many waits ended by a notice

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.fermer()

    def __call__(self) -> bool:
        """Wait. Always true: stopping is for whoever follows.

        Raises: StoreForkedError, StoreClosedError.
        """
        self._bassin.exiger()
        if self._connexion is None:
            if not self._ecouter():
                time.sleep(self._secondes)
            return True  # just listening: what was written meanwhile gave no notice
        try:
            self._entendre(self._connexion)
        except psycopg.Error:
            self.fermer()
            time.sleep(self._secondes)
        return True

    def _entendre(self, connexion: Connexion) -> None:
        """Until a notice that is a reason to look, or for the time given."""
        fin = time.monotonic() + self._secondes
        while (reste := fin - time.monotonic()) > 0:
            # all that came in one packet: the next look sees what all of them announce
            noms = {avis.payload for avis in connexion.notifies(timeout=reste, stop_after=1)}
            if noms and (self._programme is None or self._programme in noms):
                self.avis += 1
                return

    def _ecouter(self) -> bool:
        """Listen, on a connection of its own. Whether it does; what came before is not heard."""
        if self._sourde:
            return False
        with suppress(psycopg.Error, StoreError):
            connexion = self._bassin.connecter()
            try:
                etat = self._bassin.etat
                if etat is not None and etat.en_reprise:
                    self._sourde = True  # PostgreSQL refuses LISTEN on a standby
                else:
                    connexion.execute(f"LISTEN {CANAL}")
                    self._connexion = connexion
                    return True
            finally:
                if self._connexion is not connexion:
                    connexion.close()
        return False

    def fermer(self) -> None:
        """Stop listening. Twice is fine."""
        connexion, self._connexion = self._connexion, None
        if connexion is not None:
            self._bassin.rompre(connexion)
