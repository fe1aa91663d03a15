"""The HTML page of a report: self-contained, printable, no script, nothing fetched from outside.

Every text is escaped, and its control or bidirectional characters shown: a structure's name is data
of outsiders.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import count
from typing import Any

import msgspec
from msgspec.structs import replace

from ledger.erreurs import UsageError

from ..anomalies import par_code
from ..echeancier import Echeancier
from ..pages.gabarits import fichier, gabarit, sur
from ..pages.matrices import rectangle
from .contenu import Figures, Rapport
from .ecriture import BALISE
from .marges import marges, reperes


class _Comptee(tuple[Any, ...]):
    """Lines that tell each of them as it is laid out."""

    progres: Callable[[], object]

    def __iter__(self) -> Iterator[Any]:
        for ligne in super().__iter__():
            yield ligne
            self.progres()


def page(rapport: Rapport, incorpore: str, progres: Callable[[int], object] | None = None) -> str:
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
    style = f"\n{fichier('style.css')}{marges(rapport.entete)}"
    rang_max = _rang_max(figures.echeanciers)
    if progres is not None:
        figures = _comptees(figures, progres)
    return gabarit("rapport.html").render(
        entete=rapport.entete,
        reperes=reperes(rapport.entete),
        f=figures,
        chiffre=_sans_lien,
        credits_saisis=any(
            c.ae_ouvertes_centimes or c.cp_ouverts_centimes for c in figures.credits
        ),
        matrice=rectangle(figures.matrice),
        rangs=range(1, rang_max + 1),
        anomalies=par_code(figures.anomalies),
        style=sur(style),
        empreinte=b64encode(sha256(style.encode("utf-8")).digest()).decode("ascii"),
        donnees=sur(BALISE + incorpore),  # `json_incorpore` leaves no < nor &
    )


def lignes(rapport: Rapport) -> int:
    """How many lines the long tables of the page have: what `progres` counts up to."""
    return sum(len(rapport.figures[nom]) for nom in _LONGUES)


_LONGUES = ("structures", "echeanciers")


def _comptees(figures: Figures, progres: Callable[[int], object]) -> Figures:
    faites = count(1)
    suivies = {nom: _Comptee(getattr(figures, nom)) for nom in _LONGUES}
    for suivie in suivies.values():
        suivie.progres = lambda: progres(next(faites))
    return replace(figures, **suivies)


def _sans_lien(_: str) -> str:
    """A file has no journal at hand: its figures lead nowhere."""
    return ""


def _rang_max(echeanciers: Sequence[Echeancier]) -> int:
    return max((t.rang for e in echeanciers for t in e.tranches), default=0)
