"""A glance at a base in a file: its programmes, its structures. For a shell that completes a word.

Nothing is verified, nothing is written, nobody is waited for: what is not read in time is left out.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..champs import est_slug
from .fichier import journal_a_reprendre

DELAI = 250_000_000
"""Nanoseconds for one question."""
_INSTRUCTIONS = 2_000
"""Steps of SQLite between two looks at the clock."""
_STRUCTURE = re.compile(rb'"structure":"([a-z0-9-]{1,64})"')
_DES_STRUCTURES = "SELECT state FROM stored_events WHERE originator_id=? AND topic=?"
_PROGRAMMES = """
WITH RECURSIVE p(nom) AS (
  SELECT min(originator_id) FROM stored_events
  UNION ALL
  SELECT (SELECT min(originator_id) FROM stored_events WHERE originator_id > p.nom)
  FROM p WHERE p.nom IS NOT NULL
) SELECT nom FROM p WHERE nom IS NOT NULL
"""
_ECHEANCIERS = ("fabrique-labellisee", "avenant-signe")
_BONUS = "bonus-numerique-accorde"


class Apercu:
    """An open glance. Every answer is a list, possibly short of what was not read in time."""

    def __init__(self, connexion: sqlite3.Connection) -> None:
        self._connexion = connexion

    def programmes(self) -> list[str]:
        """The programmes of the base. Names that a shell would not take as they are left out."""
        return [nom for (nom,) in self._lire(_PROGRAMMES) if type(nom) is str and est_slug(nom)]

    def structures(self, programme: str) -> list[str]:
        """The structures that applied, in the order of the journal."""
        lues: dict[str, None] = {}
        for (etat,) in self._lire(_DES_STRUCTURES, programme, "candidature-deposee"):
            if (trouvee := _STRUCTURE.search(bytes(etat))) is not None:
                lues.setdefault(trouvee[1].decode("ascii"))
        return list(lues)

    def rangs(self, programme: str, structure: str) -> list[int]:
        """The ranks of the schedule of a structure; 0 is its bonus."""
        marque = f'"structure":"{structure}"'.encode()
        rangs: set[int] = set()
        for topic in (*_ECHEANCIERS, _BONUS):
            for (etat,) in self._lire(_DES_STRUCTURES, programme, topic):
                if marque not in bytes(etat):
                    continue
                if topic == _BONUS:
                    rangs.add(0)
                else:
                    tranches = json.loads(etat).get("echeancier", ())
                    rangs.update(range(1, len(tranches) + 1))
        return sorted(rangs)

    def annees(self, programme: str) -> range:
        """From the year of the first fact to that of the last one and the three after it."""
        bornes = self._lire(
            "SELECT json_extract(state, '$.date_effet') FROM stored_events WHERE originator_id=?1 "
            "AND originator_version IN (1, (SELECT max(originator_version) FROM stored_events "
            "WHERE originator_id=?1)) ORDER BY originator_version",
            programme,
        )
        lues = [int(str(date)[:4]) for (date,) in bornes]
        return range(lues[0], lues[-1] + 4) if lues else range(0)

    def _lire(self, requete: str, *valeurs: str) -> Iterator[tuple[Any]]:
        fin = time.monotonic_ns() + DELAI
        self._connexion.set_progress_handler(lambda: time.monotonic_ns() > fin, _INSTRUCTIONS)
        try:
            yield from self._connexion.execute(requete, valeurs)
        except sqlite3.OperationalError:  # out of time, locked, or not a base of ours
            return


@contextmanager
def apercevoir(fichier: Path) -> Iterator[Apercu]:
    """Open a glance. Raises: sqlite3.Error, OSError."""
    # with an empty log nobody is writing, and SQLite need not make its shared-memory file
    fige = "" if journal_a_reprendre(fichier) else "&immutable=1"
    adresse = f"file:{quote(str(fichier.absolute()))}?mode=ro{fige}"
    with closing(sqlite3.connect(adresse, uri=True, timeout=0)) as connexion:
        yield Apercu(connexion)
