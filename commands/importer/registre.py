"""What the ledger already holds: structures filed, payments made. Read once, before an import.

Only positions are kept: a fact is read again when a row must be compared with it.
"""

from __future__ import annotations

from typing import Any

from ledger.evenements import (
    BonusNumériqueVersé,
    CandidatureDéposée,
    CandidatureRejetée,
    CandidatureRetirée,
    FabriqueLabellisée,
    Fait,
    StructureCorrigée,
    TrancheVersée,
    VersementAnnulé,
)
from ledger.journal import Journal
from ledger.programme import RANG_BONUS
from ledger.stockage.port import Store

_IDENTITE = (
    "porteur",
    "code_postal",
    "ville",
    "territoire",
    "numerique",
    "siret",
    "rna",
    "vague",
)


class Registre:
    """The structures and payments of one programme, as recorded before the import."""

    def __init__(self, store: Store, programme: str) -> None:
        self._journal = Journal(store, programme)
        self._faits: dict[str, list[int]] = {}
        self._closes: set[str] = set()
        self._sirets: dict[str, set[str]] = {}
        self._versements: dict[tuple[str, int, str], int] = {}
        self._annules: dict[int, int] = {}
        for position, fait in self._journal.rattraper():
            self._noter(position, fait)

    def structures_de_siret(self, siret: str) -> tuple[str, ...]:
        """The structures recorded under that SIRET."""
        return tuple(sorted(self._sirets.get(siret, ())))

    def est_connue(self, structure: str) -> bool:
        """Whether the structure ever applied."""
        return structure in self._faits

    def est_close(self, structure: str) -> bool:
        """Whether its application was rejected or withdrawn, and not filed again."""
        return structure in self._closes

    def candidature(self, structure: str) -> tuple[int, dict[str, Any]]:
        """Where the application was filed, and what the ledger says of the structure today."""
        premier, *suite = (self._lire(p) for p in self._faits[structure])
        dite = {champ: getattr(premier, champ) for champ in _IDENTITE}
        dite["montant_demande_centimes"] = getattr(premier, "montant_demande_centimes", None)
        dite["date_effet"] = premier.date_effet
        for fait in suite:
            for champ in _IDENTITE:
                valeur = getattr(fait, champ, None)
                if valeur is not None:
                    dite[champ] = valeur
        return self._faits[structure][0], dite

    def versement(self, structure: str, rang: int, reference: str) -> tuple[int, Fait] | None:
        """The payment recorded under that reference, with its position."""
        position = self._versements.get((structure, rang, reference))
        return None if position is None else (position, self._lire(position))

    def annulation(self, position: int) -> int | None:
        """Where the payment of that position was cancelled."""
        return self._annules.get(position)

    def _noter(self, position: int, fait: Fait) -> None:
        match fait:
            case CandidatureDéposée():
                self._faits[fait.structure] = [position]
                self._closes.discard(fait.structure)
                self._noter_siret(fait.siret, fait.structure)
            case StructureCorrigée():
                self._faits[fait.structure].append(position)
                self._noter_siret(fait.siret, fait.structure)
            case FabriqueLabellisée():
                self._faits[fait.structure].append(position)
            case CandidatureRejetée() | CandidatureRetirée():
                self._closes.add(fait.structure)
            case TrancheVersée():
                self._versements[fait.structure, fait.rang, fait.reference] = position
            case BonusNumériqueVersé():
                self._versements[fait.structure, RANG_BONUS, fait.reference] = position
            case VersementAnnulé():
                self._annules[fait.position] = position
            case _:
                pass

    def _noter_siret(self, siret: str | None, structure: str) -> None:
        if siret is not None:
            self._sirets.setdefault(siret, set()).add(structure)

    def _lire(self, position: int) -> Fait:
        fait = self._journal.lire_un(position)
        if fait is None:
            raise LookupError(position)
        return fait
