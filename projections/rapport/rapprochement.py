"""The HTML page of a reconciliation: self-contained, printable, every text escaped."""

from __future__ import annotations

from ..pages.gabarits import fichier, gabarit, sur
from ..rapprochement.bilan import Rapprochement
from ..rapprochement.classeur import LIBELLES


def page_rapprochement(rapport: Rapprochement) -> bytes:
    """The page, in UTF-8."""
    groupes = [
        (total, [v for v in rapport.verdicts if v.verdict == total.verdict])
        for total in rapport.totaux
    ]
    texte = gabarit("rapprochement.html").render(
        r=rapport,
        groupes=groupes,
        libelles=LIBELLES,
        style=sur(fichier("style.css")),
    )
    return texte.encode("utf-8")
