"""What a strategy knows of a programme when it draws the next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from ledger import Fait, Programme
from ledger.budget import LigneCredits, lignes_credits
from ledger.evenements import BonusNumériqueVersé, TrancheVersée, VersementAnnulé
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN

PROGRAMME = "fabriques"
STRUCTURES = ("s1", "s2", "s3")


@dataclass(frozen=True)
class Contexte:
    """What a strategy knows of the programme: state, facts, names of structures, next number."""

    etat: Programme
    faits: Sequence[Fait]
    structures: tuple[str, ...] = STRUCTURES
    numero: int = 1

    @property
    def jour(self) -> date:
        """The greatest effect date, never in a closed exercice."""
        connus = [fait.date_effet for fait in self.faits]
        ouvert = date(max(self.etat.premier_exercice_ouvert, JOUR_MIN.year), 1, 1)
        return min(max([*connus, ouvert]), JOUR_MAX)

    @cached_property
    def _lignes(self) -> dict[int, LigneCredits]:
        return {ligne.exercice: ligne for ligne in lignes_credits(self.etat.soldes)}

    def disponibles(self, annee: int) -> tuple[int, int]:
        """AE and CP available on an exercice."""
        ligne = self._lignes.get(annee)
        if ligne is None:
            return 0, 0
        return ligne.ae_disponibles_centimes, ligne.cp_disponibles_centimes

    def geles(self) -> dict[int, tuple[int, int]]:
        """AE and CP frozen, by exercice that has any."""
        geles = {
            annee: (ligne.ae_gelees_centimes, ligne.cp_geles_centimes)
            for annee, ligne in self._lignes.items()
        }
        return {annee: montants for annee, montants in geles.items() if any(montants)}

    def annules(self, structure: str) -> list[int]:
        """The positions of the payments of a structure already cancelled."""
        return [
            fait.position
            for fait in self.faits
            if isinstance(fait, VersementAnnulé) and fait.structure == structure
        ]

    def versements(self, structure: str) -> list[tuple[int, Fait]]:
        """The payments of a structure not cancelled yet, and their positions."""
        annules = self.annules(structure)
        return [
            (position, fait)
            for position, fait in enumerate(self.faits, start=1)
            if isinstance(fait, TrancheVersée | BonusNumériqueVersé)
            and fait.structure == structure
            and position not in annules
        ]
