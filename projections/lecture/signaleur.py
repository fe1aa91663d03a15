"""The anomalies that follow facts rather than structures: recording, and who ordered and paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger.evenements import (
    BonusNumériqueVersé,
    FabriqueLabellisée,
    Fait,
    FaitDeStructure,
    ProgrammeOuvert,
    RèglesRévisées,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
)
from ledger.preuve.merkle import Arbre

from ..anomalies import Anomalie
from ..fonctions import Registre
from ..situation import Situation, Vue

_DE_LA_REGLE = frozenset({ProgrammeOuvert, RèglesRévisées, FabriqueLabellisée})
_DE_PAIEMENT = frozenset({TrancheVersée, BonusNumériqueVersé, VersementAnnulé})


class Signaleur:
    """Who ordered and who paid, for the structures whose payments were ordered.

    What precedes the first order of a structure leaves no trace in it: most payments of most
    journals need not be looked at.
    """

    def __init__(self) -> None:
        self._registre = Registre()
        self._ordonnees: set[str] = set()
        self._ouvert = False

    def prendre(self, faits: Iterable[tuple[int, Fait]]) -> None:
        """The facts that follow, in the order of positions."""
        for _ in self._registre.suivre(self._utiles(faits)):
            pass

    def _utiles(self, faits: Iterable[tuple[int, Fait]]) -> Iterator[tuple[int, Fait]]:
        for inscrit in faits:
            fait = inscrit[1]
            genre = type(fait)
            if genre in _DE_PAIEMENT:
                if self._ordonnees and fait.structure in self._ordonnees:  # type: ignore[attr-defined]
                    yield inscrit
            elif genre is TrancheOrdonnancée and isinstance(fait, FaitDeStructure):
                self._ordonnees.add(fait.structure)
                yield inscrit
            elif genre in _DE_LA_REGLE:
                self._ouvert |= genre is ProgrammeOuvert
                if self._ouvert:
                    yield inscrit

    def par_structure(self, programme: str) -> dict[str, list[Anomalie]]:
        """What deserves to be told, by structure."""
        trouvees: dict[str, list[Anomalie]] = {}
        for anomalie in self._registre.anomalies(Vue(programme, None, Situation(), Arbre())):
            if anomalie.structure is not None:
                trouvees.setdefault(anomalie.structure, []).append(anomalie)
        return trouvees
