"""Every anomaly of a view, from the four modules that find some, in one reading of the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger.evenements import Fait

from .anomalies import Anomalie, anomalies
from .anomalies_saisie import saisie
from .doublons import doublons
from .fonctions import Registre
from .situation import Vue


def toutes_les_anomalies(vue: Vue, connus: Iterable[tuple[int, Fait]]) -> tuple[Anomalie, ...]:
    """Structures and programme, duplicates, who ordered and paid, recording: in that order.

    `connus`: all the facts known, from the first position (orders are followed over all of them);
    recording looks at those that the view counts.
    """
    registre = Registre()

    def comptes() -> Iterator[tuple[int, Fait]]:
        for inscrit in registre.suivre(connus):
            if vue.au is None or inscrit[1].date_effet <= vue.au:
                yield inscrit

    de_saisie = saisie(comptes())
    return (*anomalies(vue), *doublons(vue), *registre.anomalies(vue), *de_saisie)
