"""Which arcs of our modules a run goes through: the feedback that steers the mutations.

`sys.settrace` limited to the files named: frames of other modules are not traced line by line.
(`sys.monitoring` would be cheaper, but exists from Python 3.12 on.)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

RACINE = Path(__file__).resolve().parents[2]
Arc = tuple[int, int]
Trace = Callable[[FrameType, str, Any], Any]


class Couverture:
    """Arcs (previous line, line) seen in the modules below the given paths of the repository."""

    def __init__(self, chemins: Iterable[str]) -> None:
        self._debuts = tuple(str(RACINE / chemin) for chemin in chemins)
        self._fichiers: dict[str, int] = {}
        self._vus: set[Arc] = set()
        self._avant = 0

    def _numero(self, fichier: str) -> int:
        """A number for a traced file (from 1), 0 for any other."""
        numero = self._fichiers.get(fichier)
        if numero is None:
            suivi = fichier.startswith(self._debuts) and "/testing/" not in fichier
            numero = len(self._fichiers) + 1 if suivi else 0
            self._fichiers[fichier] = numero
        return numero

    def _appel(self, cadre: FrameType, _: str, __: Any) -> Trace | None:
        numero = self._numero(cadre.f_code.co_filename)
        if not numero:
            return None
        base, vus = numero << 20, self._vus

        def ligne(cadre: FrameType, evenement: str, _: Any) -> Trace:
            if evenement == "line":
                ici = base + cadre.f_lineno
                vus.add((self._avant, ici))
                self._avant = ici
            return ligne

        self._avant = base
        return ligne

    @contextmanager
    def suivre(self) -> Iterator[set[Arc]]:
        """The arcs of what runs inside, complete when it is left."""
        self._vus, self._avant = set(), 0
        ancien = sys.gettrace()
        sys.settrace(self._appel)
        try:
            yield self._vus
        finally:
            sys.settrace(ancien)
