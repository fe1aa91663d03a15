"""The questions drawn at random, and the histories that they are asked of."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires, histoires_adverses
from ledger import Journal
from ledger.testing.horloge import Horloge, HorlogeDonnee
from ledger.testing.regles import regles
from ledger.testing.valeurs import Json, dates
from tests.requetes.naif import Naif

Moment = tuple[date | None, int | str | None]
_HORLOGES = ((), (), (0, 0, 1), (0, 3, 3, 9_000_000, 2), (7,))
"""Clocks that go on, stand still, go back, and leap over a quarter."""


def agrandir(regle: Json) -> Json:
    """The same rules with amounts on the scale of grants: above the threshold of agreements."""
    return {n: v * 200 if n.endswith("_centimes") else v for n, v in regle.items()}


ARGENT = (
    "DéposerCandidature",
    "LabelliserFabrique",
    "AccorderBonusNumérique",
    "OrdonnancerTranche",
    "VerserTranche",
    "VerserBonus",
    "AnnulerVersement",
    "RetirerLabel",
    "DemanderReversement",
)
"""What moves money between a label and its end: else, payments are seldom drawn."""
REGLEMENTS = regles() | regles().map(agrandir)


@st.composite
def toutes_les_histoires(draw: st.DrawFn) -> Histoire:
    """Histories honest or spoilt, of small or real amounts, under a clock that may misbehave."""
    secondes = draw(st.sampled_from(_HORLOGES))
    if draw(st.booleans()):
        verbes = draw(st.sampled_from(((), ARGENT)))
        return draw(histoires(secondes=secondes, verbes=verbes, reglements=REGLEMENTS))
    histoire = Histoire(HorlogeDonnee(secondes) if secondes else Horloge())
    for commande in draw(histoires_adverses(reglements=REGLEMENTS)):
        histoire.envoyer(commande)
    return histoire


def lignes_de(histoire: Histoire) -> list[bytes]:
    """The lines, as `fabriques journal` prints them."""
    return [*Journal(histoire.store, PROGRAMME).lignes()]


def tirer_un_moment(data: st.DataObject, histoire: Histoire) -> Moment:
    """A random effect date, and what was known at a random position or instant."""
    positions = st.integers(0, len(histoire.faits))
    instants = st.sampled_from([fait.enregistre_le for fait in histoire.faits])
    return data.draw(st.none() | dates()), data.draw(st.none() | positions | instants)


def recompter(histoire: Histoire, moment: Moment) -> Naif:
    """The figures of that moment, from the lines alone."""
    au, connu_au = moment
    jour = None if au is None else au.isoformat()
    return Naif(lignes_de(histoire), au=jour, connu_au=connu_au)


def options(moment: Moment) -> list[str]:
    """The moment, as the command line is told."""
    au, connu_au = moment
    dits = [] if au is None else ["--au", au.isoformat()]
    return dits + ([] if connu_au is None else ["--connu-au", str(connu_au)])
