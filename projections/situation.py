"""The situation of a programme: one pure fold, from which every figure is read.

`Situation()` is the beginning, `appliquer(situation, position, fait)` the step. A figure is
F(facts with `date_effet` <= au, known at `connu_au`): the same fold over fewer facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from ledger.erreurs import UsageError
from ledger.evenements import Fait, FaitDeStructure, ProgrammeOuvert, RèglesRévisées
from ledger.journal import Journal
from ledger.regles import Chronologie, Regles, Revision
from ledger.soldes import Soldes
from ledger.soldes import appliquer as solder

from .fiche import Fiche
from .fiche import appliquer as tenir


class Situation(Struct, frozen=True):
    """Everything the figures need, after the facts counted.

    `position` is the last position *known* (facts after the chosen effect date included);
    `derniere_date` the greatest effect date counted.
    """

    position: int = 0
    soldes: Soldes = Soldes()
    fiches: Map[str, Fiche] = Map()
    intitule: str = ""
    regles: Chronologie | None = None
    derniere_date: date | None = None
    disponible_par_jour: Map[date, tuple[int, int]] = Map()
    """Effect date -> (cents added to the available on that day, last position that did)."""


class Vue(Struct, frozen=True):
    """A situation as asked for: programme, both time axes, root of the journal at that position."""

    programme: str
    au: date | None
    situation: Situation
    racine: bytes

    @property
    def date_de_vue(self) -> date | None:
        """The date at which statuses are read: `au`, else the greatest effect date counted."""
        return self.au or self.situation.derniere_date


def appliquer(situation: Situation, position: int, fait: Fait) -> Situation:
    """The situation after one more fact."""
    avant = situation.soldes
    soldes = solder(avant, fait)
    fiches = situation.fiches
    regles, intitule = situation.regles, situation.intitule
    if isinstance(fait, FaitDeStructure):
        slug = fait.structure
        fiches = fiches.set(slug, tenir(fiches.get(slug), position, fait))
    elif isinstance(fait, ProgrammeOuvert):
        intitule = fait.intitule
        regles = Chronologie.ouvrir(fait.date_effet, Regles.model_validate(fait.regles))
    elif isinstance(fait, RèglesRévisées) and regles is not None:
        # without rules, it is dated before an opening that is not counted
        regles = regles.reviser(Revision(fait.date_effet, position, fait.regles))
    jours = situation.disponible_par_jour
    ecart = soldes.disponible - avant.disponible
    if ecart:
        jour, _ = jours.get(fait.date_effet, (0, 0))
        jours = jours.set(fait.date_effet, (jour + ecart, position))
    derniere = situation.derniere_date
    return Situation(
        position=position,
        soldes=soldes,
        fiches=fiches,
        intitule=intitule,
        regles=regles,
        derniere_date=fait.date_effet if derniere is None else max(derniere, fait.date_effet),
        disponible_par_jour=jours,
    )


def plier(
    faits: Iterable[tuple[int, Fait]], *, au: date | None = None, depuis: Situation | None = None
) -> Situation:
    """The situation after facts in the order of positions, those dated after `au` left out."""
    situation = depuis or Situation()
    position = situation.position
    for position, fait in faits:
        if au is None or fait.date_effet <= au:
            situation = appliquer(situation, position, fait)
    if position != situation.position:
        situation = replace(situation, position=position)
    return situation


def regarder(journal: Journal, *, au: date | None = None, connu_au: int | str | None = None) -> Vue:
    """Read a fresh journal and fold it: the programme as of `au`, as known at `connu_au`.

    `connu_au` is a position, or an instant in the stored form: then the facts recorded up to it.
    Every line is verified on the way. Raises: UsageError for an unknown programme or a position
    that the journal has not reached; ChainBrokenError; StoreError.
    """
    jusqua = connu_au if isinstance(connu_au, int) else None
    instant = connu_au if isinstance(connu_au, str) else None
    connus = 0

    def faits() -> Iterable[tuple[int, Fait]]:
        nonlocal connus
        for position, fait in journal.rattraper(jusqua=jusqua):
            if instant is not None and fait.enregistre_le > instant:
                return
            connus = position
            yield position, fait

    situation = plier(faits(), au=au)
    if connus == 0 and journal.taille == 0 and jusqua != 0:
        raise UsageError(
            f"Le programme {journal.programme} n'est pas dans cette base.",
            remede="Vérifier --programme.",
        )
    if jusqua is not None and connus < jusqua:
        raise UsageError(
            f"Le journal {journal.programme} n'a que {connus} positions, {jusqua} demandée.",
            remede="Vérifier --connu-au.",
        )
    return Vue(
        programme=journal.programme,
        au=au,
        situation=situation,
        racine=journal.arbre.racine(connus),
    )
