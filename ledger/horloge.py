"""The only clock of the project: the instant at which a fact is recorded.

Outside the pure core, which is given instants as text: `AAAA-MM-JJTHH:MM:SS.ffffffZ`, in UTC.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the ledger asks of a clock: the present instant, as text."""

    def maintenant(self) -> str:
        """The present UTC instant, `AAAA-MM-JJTHH:MM:SS.ffffffZ`."""
        ...


class SystemClock:
    """The machine's clock. The ledger never lets it go back within a journal."""

    def __init__(self) -> None:
        # a second and its text, replaced together (any thread may ask): written out once
        self._seconde = (-1, "")

    def maintenant(self) -> str:
        """The present UTC instant, with microseconds."""
        secondes, microsecondes = divmod(time.time_ns() // 1_000, 1_000_000)
        connue, texte = self._seconde
        if connue != secondes:
            texte = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(secondes))
            self._seconde = secondes, texte
        return f"{texte}.{microsecondes:06d}Z"
