"""Clocks for tests: told what to say, so that instants are never a matter of chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

DEPART = datetime(2020, 1, 1, tzinfo=UTC)


class Horloge:
    """A clock moved by hand, forwards or backwards; `lues` is every instant it gave."""

    def __init__(self, *, pas: int = 1) -> None:
        self.secondes = 0
        self.pas = pas
        self.lues: list[str] = []

    def maintenant(self) -> str:
        """The present instant, then `pas` seconds pass."""
        instant = DEPART + timedelta(seconds=self.secondes)
        self.secondes += self.pas
        self.lues.append(instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        return self.lues[-1]


class HorlogeDonnee(Horloge):
    """A clock that gives the seconds of a list in turn, in whatever order they come."""

    def __init__(self, secondes: Sequence[int]) -> None:
        super().__init__(pas=0)
        self._suite = list(secondes)

    def maintenant(self) -> str:
        """The next instant of the list, which starts again at its end."""
        self.secondes = self._suite[len(self.lues) % len(self._suite)]
        return super().maintenant()
