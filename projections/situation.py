"""The situation of a programme: one pure fold, from which every figure is read.

`Situation()` is the beginning, `appliquer(situation, position, fait)` the step. A figure is
F(facts with `date_effet` <= au, known at `connu_au`): the same fold over fewer facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import takewhile

from immutables import Map
from msgspec import Struct

from ledger.erreurs import ChainBrokenError, UsageError
from ledger.evenements import Fait, FaitDeStructure, ProgrammeOuvert, RèglesRévisées
from ledger.journal import Journal
from ledger.preuve.merkle import Arbre
from ledger.regles import Chronologie, Regles, Revision
from ledger.soldes import EFFETS, PROGRAMME, Soldes

from .fiche import INSCRIPTIONS, Chantier, Fiche, fermer, ouvrir

_SENS_DU_DISPONIBLE = {
    (PROGRAMME, "enveloppe"): 1,
    (PROGRAMME, "impute"): -1,
    (PROGRAMME, "rendu"): 1,
}


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


class Vue(Struct, frozen=True):
    """A situation as asked for: programme, both time axes, root of the journal at that position."""

    programme: str
    au: date | None
    situation: Situation
    arbre: Arbre
    journal: Journal | None = None
    """The journal it was read from (at least as far as it goes); None for a view made otherwise."""

    def faits(self) -> Iterator[tuple[int, Fait]]:
        """The facts counted, read again: for what needs more than the situation. Needs the base.

        Raises: UsageError for a view made without a journal; ChainBrokenError, also when a line
        changed since the first reading; StoreError.
        """
        if self.journal is None:
            raise UsageError(f"Cette vue de {self.programme} n'est pas lue d'un journal.")
        journal = Journal(self.journal.store, self.programme)
        for position, fait in journal.rattraper(jusqua=self.situation.position):
            if journal.arbre.feuille(position) != self.arbre.feuille(position):
                raise ChainBrokenError(
                    f"Journal {self.programme}, position {position} : la ligne a changé depuis "
                    "sa lecture.",
                    position=position,
                )
            if self.au is None or fait.date_effet <= self.au:
                yield position, fait

    @property
    def racine(self) -> bytes:
        """Merkle root (32 bytes) of the journal at the position known."""
        return self.arbre.racine(self.situation.position)

    @property
    def date_de_vue(self) -> date | None:
        """The date at which statuses are read: `au`, else the greatest effect date counted."""
        return self.au or self.situation.derniere_date


def appliquer(situation: Situation, position: int, fait: Fait) -> Situation:
    """The situation after one more fact. Pure: the situation given is left as it is."""
    return plier(((position, fait),), depuis=situation)


def plier(
    faits: Iterable[tuple[int, Fait]], *, au: date | None = None, depuis: Situation | None = None
) -> Situation:
    """The situation after facts in the order of positions, those dated after `au` left out.

    Pure from outside; inside, one dictionary of its own per table is filled in place, with the
    tables of `ledger.soldes.effets` and `fiche.inscrire` looked up here: this loop is the replay.
    """
    debut = depuis or Situation()
    position, derniere = debut.position, debut.derniere_date
    intitule, regles = debut.intitule, debut.regles
    valeurs = debut.soldes.valeurs.copy()
    soldes = Soldes(valeurs)
    chantiers: dict[str, Chantier] = {}
    jours = dict(debut.disponible_par_jour)
    for position, fait in faits:
        if au is not None and fait.date_effet > au:
            continue
        if derniere is None or fait.date_effet > derniere:
            derniere = fait.date_effet
        genre, ecart = type(fait), 0
        effet = EFFETS.get(genre)
        if effet is not None:
            for cle, centimes in effet(fait, soldes):
                valeurs[cle] = valeurs.get(cle, 0) + centimes
                if cle[0] == PROGRAMME:
                    ecart += _SENS_DU_DISPONIBLE.get(cle, 0) * centimes
        if ecart:
            cumul, dernier = jours.get(fait.date_effet, (0, 0))
            jours[fait.date_effet] = (cumul + ecart, position if ecart < 0 else dernier)
        if isinstance(fait, FaitDeStructure):
            slug = fait.structure
            chantier = chantiers.get(slug)
            if chantier is None:
                chantier = chantiers[slug] = ouvrir(debut.fiches.get(slug) or Fiche(slug))
            chantier["evenements"].append(position)
            inscription = INSCRIPTIONS.get(genre)
            if inscription is not None:
                inscription(chantier, position, fait)
        elif isinstance(fait, ProgrammeOuvert):
            intitule = fait.intitule
            regles = Chronologie.ouvrir(fait.date_effet, Regles.model_validate(fait.regles))
        elif isinstance(fait, RèglesRévisées) and regles is not None:
            # without rules, it is dated before an opening that is not counted
            regles = regles.reviser(Revision(fait.date_effet, position, fait.regles))
    return Situation(
        position=position,
        soldes=soldes,
        fiches=debut.fiches.update({s: fermer(c) for s, c in chantiers.items()}),
        intitule=intitule,
        regles=regles,
        derniere_date=derniere,
        disponible_par_jour=jours,
    )


def regarder(journal: Journal, *, au: date | None = None, connu_au: int | str | None = None) -> Vue:
    """Read a journal from its first line and fold it: as of `au`, as known at `connu_au`.

    `connu_au` is a position, or an instant in the stored form: then the facts recorded up to it.
    Every line is verified on the way. Raises: UsageError for an unknown programme or a position
    that the journal has not reached; ChainBrokenError; StoreError.
    """
    lu = Journal(journal.store, journal.programme)  # however far the caller's was read
    situation = plier(connus(lu, connu_au), au=au)
    return Vue(lu.programme, au, situation, lu.arbre, lu)


def connus(journal: Journal, connu_au: int | str | None) -> Iterator[tuple[int, Fait]]:
    """The facts of an unread journal known at a position or an instant, verified one by one.

    Raises: UsageError for an unknown programme or a position that the journal has not reached.
    """
    exiger_connu(journal, connu_au)
    faits = journal.rattraper(jusqua=connu_au if isinstance(connu_au, int) else None)
    if isinstance(connu_au, str):
        instant = connu_au  # recorded instants never decrease
        faits = takewhile(lambda inscrit: inscrit[1].enregistre_le <= instant, faits)
    return faits


def exiger_connu(journal: Journal, connu_au: int | str | None) -> None:
    """Refuse a programme that is not in the base, and a position that its journal has not reached.

    Raises: UsageError.
    """
    taille = journal.store.taille(journal.programme)
    if taille == 0:
        raise UsageError(
            f"Le programme {journal.programme} n'est pas dans cette base.",
            remede="Vérifier --programme.",
        )
    if isinstance(connu_au, int) and not 0 <= connu_au <= taille:
        raise UsageError(
            f"Le journal {journal.programme} va de 0 à {taille}, position {connu_au} demandée.",
            remede="Vérifier la position demandée (--connu-au).",
        )
