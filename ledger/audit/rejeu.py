"""The state of a programme under audit: that of `evolve`, moved in place. Amounts in cents.

An audit reads each line once and never goes back: one dictionary of structures and one of balances,
written in place, say what `Programme` says (a test compares them fact by fact). On the way are kept
the few things that spare the checks a walk over every exercice at every line.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ..erreurs import ImpossibleHistoryError
from ..evenements import (
    ExerciceClôturé,
    Fait,
    FaitDeStructure,
    ProgrammeClos,
    ProgrammeOuvert,
    RèglesRévisées,
)
from ..programme import Dossier, evoluer_dossier
from ..regles import Chronologie, Regles, Revision
from ..soldes import EFFETS, PROGRAMME, Cle, Effet, Soldes

AE, CP = 0, 1
_POIDS: dict[str, tuple[int, int, int]] = {
    "ae_ouvertes": (1, 0, 0),
    "ae_gelees": (-1, 0, 0),
    "cp_ouverts": (0, 1, 0),
    "cp_geles": (0, -1, 0),
    "engage": (-1, 0, 1),
    "engage_bonus": (-1, 0, 1),
    "retraits_meme": (1, 0, 0),
    "retraits_meme_bonus": (1, 0, 0),
    "retraits_recyclables": (1, 0, 0),
    "cp_payes": (0, -1, -1),
    "cp_payes_bonus": (0, -1, -1),
    "regularisations": (0, -1, -1),
    "regularisations_bonus": (0, -1, -1),
}
"""What a cent of each member adds to AE and CP available, and to committed less paid."""
_ENVELOPPE = ("enveloppe", "impute", "rendu")


class Rejeu:
    """The replay so far. `avancer` is its only way to change."""

    __slots__ = (
        "_valeurs",
        "baisses",
        "clos",
        "dernier_clos",
        "disponible_change",
        "dossiers",
        "marge",
        "position",
        "regles",
        "restes",
        "slug",
        "soldes",
    )

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.position = 0
        self.regles: Chronologie | None = None
        self.clos = False
        self.dossiers: dict[str, Dossier] = {}
        self._valeurs: dict[Cle, int] = {}
        self.soldes = Soldes(self._valeurs)
        self.dernier_clos = 0
        # AE and CP available, by exercice
        self.restes: dict[int, list[int]] = {}
        # what the last fact added to AE and CP available, by exercice that it moves
        self.baisses: dict[int, tuple[int, int]] = {}
        # whether the last fact moved the envelope, or what is taken from it
        self.disponible_change = False
        # committed less paid, cumulated, is at least that for every exercice; None: not known
        self.marge: int | None = 0

    def regles_au(self, jour: date) -> tuple[Regles, int]:
        """Rules in force on an effect date, and their version. The programme must be open."""
        if self.regles is None:
            raise ImpossibleHistoryError(f"Le programme {self.slug} n'est pas ouvert.")
        return self.regles.au(jour)

    def version_au(self, jour: date) -> int:
        """The version of the rules in force on an effect date."""
        return self.regles_au(jour)[1]

    @property
    def premier_exercice_ouvert(self) -> int:
        """The exercice after the last closed one (meaningful once one is closed)."""
        return self.dernier_clos + 1

    def est_clos(self, annee: int) -> bool:
        """Whether an exercice is closed."""
        return annee <= self.dernier_clos

    def avancer(self, fait: Fait) -> tuple[Dossier | None, Dossier] | None:
        """Stand after one more fact. The structure that it names, before and after, if any.

        Raises: ImpossibleHistoryError, LookupError or ValueError when nothing can follow.
        """
        self.position += 1
        dossiers = None
        if isinstance(fait, FaitDeStructure):
            avant = self.dossiers.get(fait.structure)
            apres = evoluer_dossier(self, avant, fait, self.position)
            self.dossiers[fait.structure] = apres
            dossiers = avant, apres
        elif isinstance(fait, ProgrammeOuvert):
            self.regles = Chronologie.ouvrir(fait.date_effet, Regles.model_validate(fait.regles))
        elif isinstance(fait, RèglesRévisées) and self.regles is not None:
            revision = Revision(fait.date_effet, self.position, fait.regles)
            self.regles = self.regles.reviser(revision)
        elif isinstance(fait, ProgrammeClos):
            self.clos = True
        self.disponible_change = False
        if self.baisses:
            self.baisses = {}
        effets = EFFETS.get(type(fait))
        if effets is not None:
            self._mouvoir(effets(fait, self.soldes))
            if isinstance(fait, ExerciceClôturé):
                self.dernier_clos = self.soldes.dernier_clos
        return dossiers

    def _mouvoir(self, effets: Iterable[Effet]) -> None:
        """Move the balances, and what the checks need to know of them."""
        valeurs = self._valeurs
        for cle, centimes in effets:
            valeurs[cle] = valeurs.get(cle, 0) + centimes
            annee, membre = cle
            if annee == PROGRAMME:
                if membre in _ENVELOPPE:
                    self.disponible_change = True
                continue
            restes = self.restes.get(annee)
            if restes is None:
                self.restes[annee] = restes = [0, 0]
                self.marge = None
            poids = _POIDS.get(membre)
            if poids is None:
                continue
            ae, cp, cumul = poids
            restes[AE] += ae * centimes
            restes[CP] += cp * centimes
            deja_ae, deja_cp = self.baisses.get(annee, (0, 0))
            self.baisses[annee] = deja_ae + ae * centimes, deja_cp + cp * centimes
            if cumul * centimes < 0 and self.marge is not None:
                self.marge += cumul * centimes
