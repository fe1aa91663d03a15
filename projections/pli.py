"""The fold that every figure comes from, and how the folds of two parts of a journal join.

`Pli.prendre` is the loop of the replay. What facts do to a structure, and to the balances, does not
depend on what was there before (`fiche.Chantier`, `ledger.soldes.effets`), but for the few facts of
the programme itself: another process may fold the structures of a later part (`Partie`), and the
facts of the programme are then folded here, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from immutables import Map
from msgspec import Struct

from ledger.evenements import Fait, FaitDeStructure, ProgrammeOuvert, RèglesRévisées
from ledger.registre import TOPICS
from ledger.regles import Chronologie, Regles, Revision
from ledger.soldes import EFFETS, PROGRAMME, Effet, Soldes

from .fiche import INSCRIPTIONS, Chantier, Fiche, fermer

_SENS_DU_DISPONIBLE = {
    (PROGRAMME, "enveloppe"): 1,
    (PROGRAMME, "impute"): -1,
    (PROGRAMME, "rendu"): 1,
}

_Genre = tuple[
    bool,
    Callable[[Any, Soldes], Iterable[Effet]] | None,
    Callable[[Chantier, int, Any], None] | None,
]
_GENRES: dict[type[Fait], _Genre] = {
    genre: (issubclass(genre, FaitDeStructure), EFFETS.get(genre), INSCRIPTIONS.get(genre))
    for genre in TOPICS
}
"""Whether a fact names a structure, what it does to the balances, what it writes: one look-up."""


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
    disponible_par_jour: dict[date, tuple[int, int]] = {}
    """Effect date -> (cents added to the available that day, last position that took some)."""


class Partie(Struct, frozen=True, array_like=True):
    """What a later part of a journal adds, whatever precedes it: folded elsewhere, joined here."""

    position: int
    derniere: date
    valeurs: list[tuple[int, str, int]]
    jours: dict[date, tuple[int, int]]
    chantiers: dict[str, Chantier]


class Pli:
    """Facts being folded, in the order of positions. `au`: those dated after it are left out.

    With `apart`, the facts of the programme are not folded but kept in `communs`: whoever knows
    what precedes folds them.
    """

    __slots__ = (
        "au",
        "chantiers",
        "communs",
        "derniere",
        "fiches",
        "intitule",
        "jours",
        "position",
        "regles",
        "valeurs",
    )

    def __init__(
        self, debut: Situation | None = None, *, au: date | None = None, apart: bool = False
    ) -> None:
        debut = debut or Situation()
        self.au = au
        self.position = debut.position
        self.derniere = debut.derniere_date or date.min
        self.valeurs = debut.soldes.valeurs.copy()
        self.jours = debut.disponible_par_jour.copy()
        self.intitule = debut.intitule
        self.regles = debut.regles
        self.fiches = debut.fiches
        self.chantiers: dict[str, Chantier] = {}
        self.communs: list[tuple[int, Fait]] | None = [] if apart else None

    def prendre(self, faits: Iterable[tuple[int, Fait]]) -> None:
        """Fold the next facts. This loop is the replay: what it calls is looked up here."""
        au, valeurs, chantiers, jours = self.au, self.valeurs, self.chantiers, self.jours
        genres, soldes, communs = _GENRES, Soldes(self.valeurs), self.communs
        position, derniere = self.position, self.derniere
        for position, fait in faits:
            jour = fait.date_effet
            if au is not None and jour > au:
                continue
            de_structure, effet, inscription = genres[type(fait)]
            if de_structure:
                slug = fait.structure  # type: ignore[attr-defined]
                chantier = chantiers.get(slug)
                if chantier is None:
                    chantier = chantiers[slug] = Chantier()
                chantier.evenements.append(position)
                if inscription is not None:
                    inscription(chantier, position, fait)
            elif communs is not None:
                communs.append((position, fait))
                continue
            else:
                self._regler(position, fait)
            if jour > derniere:  # noqa: PLR1730 - a call here costs as much as the rest of it
                derniere = jour
            if effet is not None:
                ecart = 0
                for cle, centimes in effet(fait, soldes):
                    valeurs[cle] = valeurs.get(cle, 0) + centimes
                    if cle[0] == PROGRAMME:
                        ecart += _SENS_DU_DISPONIBLE.get(cle, 0) * centimes
                if ecart:
                    _dater(jours, jour, ecart, position if ecart < 0 else 0)
        self.position, self.derniere = position, derniere

    def _regler(self, position: int, fait: Fait) -> None:
        """Take what a fact says of the rules."""
        if isinstance(fait, ProgrammeOuvert):
            self.intitule = fait.intitule
            self.regles = Chronologie.ouvrir(fait.date_effet, Regles.model_validate(fait.regles))
        elif isinstance(fait, RèglesRévisées) and self.regles is not None:
            # without rules, it is dated before an opening that is not counted
            self.regles = self.regles.reviser(Revision(fait.date_effet, position, fait.regles))

    def joindre(self, partie: Partie, communs: Iterable[tuple[int, Fait]]) -> None:
        """Take what the following facts, folded elsewhere, add; then those of the programme."""
        self.fermer()
        self.chantiers = partie.chantiers
        self.derniere = max(self.derniere, partie.derniere)
        for annee, membre, centimes in partie.valeurs:
            cle = annee, membre
            self.valeurs[cle] = self.valeurs.get(cle, 0) + centimes
        for jour, (centimes, preneur) in partie.jours.items():
            _dater(self.jours, jour, centimes, preneur)
        self.prendre(communs)
        self.position = partie.position

    def partie(self) -> Partie:
        """What the facts taken add. Begun from nothing, with `apart`."""
        valeurs = [(annee, membre, c) for (annee, membre), c in self.valeurs.items()]
        return Partie(self.position, self.derniere, valeurs, self.jours, self.chantiers)

    def situation(self) -> Situation:
        """Where the facts taken lead. The fold is over."""
        self.fermer()
        return Situation(
            position=self.position,
            soldes=Soldes(self.valeurs),
            fiches=self.fiches,
            intitule=self.intitule,
            regles=self.regles,
            derniere_date=None if self.derniere == date.min else self.derniere,
            disponible_par_jour=self.jours,
        )

    def fermer(self) -> None:
        """Put what was written about the structures on what was there, whatever follows."""
        fiches, chantiers, self.chantiers = self.fiches, self.chantiers, {}
        self.fiches = fiches.update(
            {s: fermer(fiches.get(s) or Fiche(s), c) for s, c in chantiers.items()}
        )


def _dater(jours: dict[date, tuple[int, int]], jour: date, centimes: int, preneur: int) -> None:
    """The available moves on an effect date; `preneur` is the last position that took some."""
    cumul, dernier = jours.get(jour, (0, 0))
    jours[jour] = (cumul + centimes, max(dernier, preneur))


def appliquer(situation: Situation, position: int, fait: Fait) -> Situation:
    """The situation after one more fact. Pure: the situation given is left as it is."""
    return plier(((position, fait),), depuis=situation)


def plier(
    faits: Iterable[tuple[int, Fait]], *, au: date | None = None, depuis: Situation | None = None
) -> Situation:
    """The situation after facts in the order of positions, those dated after `au` left out.

    Pure: the situation given is left as it is.
    """
    pli = Pli(depuis, au=au)
    pli.prendre(faits)
    return pli.situation()
