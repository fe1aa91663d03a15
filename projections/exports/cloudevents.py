"""The facts of a view as CloudEvents, one JSON line each, in the order of positions."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.cloudevents import en_cloudevent
from ledger.erreurs import ChainBrokenError
from ledger.flux import suivre
from ledger.journal import Journal

from ..situation import Vue


def ecrire_cloudevents(journal: Journal, vue: Vue) -> Iterator[str]:
    """The events of the facts counted by the view, read again, each the line that the view read.

    Raises: ChainBrokenError (also when the journal is not the one the view was read from),
    StoreError.
    """
    derniere, lue = vue.situation.position, 0
    suivi = suivre(journal.store, vue.programme)
    for lot in suivi.lots() if derniere else ():
        for ligne in lot[: derniere - lue]:
            lue = ligne.position
            if vue.arbre.feuille(lue).hex() != ligne.feuille:
                raise _change(vue, lue)
            if vue.au is None or ligne.fait.date_effet <= vue.au:
                octets = en_cloudevent(ligne, programme=vue.programme, origine=suivi.origine(lue))
                yield f"{octets.decode('utf-8')}\n"
        if lue == derniere:
            return
    if lue < derniere:
        raise _change(vue, lue + 1)


def _change(vue: Vue, position: int) -> ChainBrokenError:
    return ChainBrokenError(
        f"Le journal {vue.programme} a changé pendant l'export.", position=position
    )
