"""Snapshots as a writer uses them: taken in at an opening, kept after a long reading or at the end.

Nothing here ever fails a command: a snapshot that is not fit, or cannot be written, is a warning in
the log (`cliche_ignore`, `cliche_non_ecrit`) and the journal is read from its first line.
"""

from __future__ import annotations

from pathlib import Path

from ledger.cliche import Cliche, ClicheIgnore, chemin_du_cliche, ecrire, en_octets, lire
from ledger.erreurs import StoreError
from ledger.journal import Journal
from ledger.programme import Programme
from ledger.stockage.port import Store

from .journalisation import log

SEUIL = 10_000
"""Facts since the last snapshot that make another one worth writing."""


class Cliches:
    """The snapshots of one base in one folder; without a folder, none is read nor written."""

    def __init__(self, store: Store, dossier: str | Path | None) -> None:
        self._store = store
        self._dossier = None if dossier is None else Path(dossier)
        self._tailles: dict[str, int] = {}

    def reprendre(self, programme: str) -> tuple[Journal, Programme]:
        """The journal and the state to go on from: those of the snapshot, or the beginning."""
        self._tailles[programme] = 0
        cliche = self._lire(programme)
        if cliche is None:
            return Journal(self._store, programme), Programme(slug=programme)
        self._tailles[programme] = cliche.taille
        return Journal.depuis(self._store, programme, cliche), cliche.etat

    def _lire(self, programme: str) -> Cliche | None:
        if self._dossier is None:
            return None
        chemin = chemin_du_cliche(self._dossier, self._store, programme)
        if chemin is None:
            return None
        try:
            cliche = lire(chemin, self._store, programme)
        except ClicheIgnore as raison:
            log.warning(
                "cliche_ignore", programme=programme, fichier=str(chemin), raison=str(raison)
            )
            return None
        if cliche is not None:
            log.info("cliche_repris", programme=programme, taille=cliche.taille)
        return cliche

    def garder(self, journal: Journal, etat: Programme) -> None:
        """Keep this state, if much was added since the last snapshot."""
        programme, taille = journal.programme, journal.taille
        assez = taille - self._tailles.get(programme, 0) >= SEUIL
        if self._dossier is None or not assez or etat.position != taille or journal.tete is None:
            return
        try:
            chemin = chemin_du_cliche(self._dossier, self._store, programme)
            if chemin is not None:
                ecrire(chemin, en_octets(cliche_de(journal, etat)))
        except (OSError, StoreError, ClicheIgnore) as erreur:
            log.warning("cliche_non_ecrit", programme=programme, raison=str(erreur))
            return
        self._tailles[programme] = taille
        log.info("cliche_ecrit", programme=programme, taille=taille)


def cliche_de(journal: Journal, etat: Programme) -> Cliche:
    """The snapshot of a journal read up to that state."""
    return Cliche(
        etat,
        journal.tete or "",
        journal.dernier_instant,
        journal.fondations,
        journal.arbre.souches(),
        journal.arbre.racine(),
    )
