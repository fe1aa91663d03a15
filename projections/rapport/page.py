"""The HTML page of a report: self-contained, printable, no script, nothing fetched from outside.

Every text is escaped, and its control or bidirectional characters shown: a structure's name is data
of outsiders.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from ledger.erreurs import UsageError

from ..anomalies import par_code
from ..echeancier import Echeancier
from ..pages.gabarits import fichier, gabarit, sur
from ..pages.matrices import rectangle
from .contenu import Figures, Rapport
from .ecriture import BALISE
from .marges import marges, reperes


def page(rapport: Rapport, incorpore: str) -> str:
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
    return gabarit("rapport.html").render(
        entete=rapport.entete,
        reperes=reperes(rapport.entete),
        f=figures,
        chiffre=_sans_lien,
        credits_saisis=any(
            c.ae_ouvertes_centimes or c.cp_ouverts_centimes for c in figures.credits
        ),
        matrice=rectangle(figures.matrice),
        rangs=range(1, _rang_max(figures.echeanciers) + 1),
        anomalies=par_code(figures.anomalies),
        style=sur(style),
        empreinte=b64encode(sha256(style.encode("utf-8")).digest()).decode("ascii"),
        donnees=sur(BALISE + incorpore),  # `json_incorpore` leaves no < nor &
    )


def _sans_lien(_: str) -> str:
    """A file has no journal at hand: its figures lead nowhere."""
    return ""


def _rang_max(echeanciers: Sequence[Echeancier]) -> int:
    return max((t.rang for e in echeanciers for t in e.tranches), default=0)
