"""Executing commands: the handle a host opens, its receipts, batches and retries.

    with GrandLivre.ouvrir("fabriques.db") as livre:
        recu = livre.executer(VerserTranche(...))

How one transaction is decided and written is in `redaction`; how concurrent callers share one, in
`guichet`. Nothing is acknowledged before it is durable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from ledger.champs import est_correlation
from ledger.erreurs import UsageError
from ledger.horloge import Clock, SystemClock
from ledger.journal import Journal
from ledger.programme import Programme
from ledger.provenance import Provenance, lire_provenance
from ledger.stockage.memoire import MemoryStore
from ledger.stockage.ouvrir import ouvrir_magasin
from ledger.stockage.port import Store
from ledger.stockage.usage import Usage, refuser_de_voyager

from .cliches import Cliches
from .guichet import Guichet, Place
from .journalisation import journaliser
from .lecture_json import CommandeIllisible, en_commande
from .modele import Commande
from .recus import Recu
from .redaction import Demande, Redacteur

Saisie = Commande | CommandeIllisible | Mapping[str, Any]
"""What can be executed: a model, the JSON object of one, or what `lire_ligne` could not read."""
Origine = Provenance | Mapping[str, Any]
"""The row of a file that a command was read from: `{"fichier": sha256, "ligne": 12}`."""
TAILLE_LOT = 500
"""Commands of one transaction when a long sequence is executed independently."""


class _Acte(Place):
    """Something else than commands to do alone: it waits its turn like them."""

    __slots__ = ("faire",)

    def __init__(self, faire: Callable[[], object]) -> None:
        super().__init__(1, seule=True)
        self.faire = faire


class GrandLivre:
    """A ledger base, opened for commands. Share it between the threads of one process; close it.

    Commands that several threads execute at once share durable transactions. A process made by a
    fork opens its own: in it, this one only raises StoreForkedError.

    With `releves`, a folder of checkpoints kept outside the base, the first command of a programme
    is refused (StoreRolledBackError) when the journal went back behind them: a restored backup
    goes on only by ReprendreJournal.

    With `cliches`, a folder of your own, the state of a long journal is kept there at the end and
    after a long reading, and taken in at the next opening, which then costs what is new (a cache:
    ADR 0050). Without it, nothing is written outside the base, and each opening reads it all.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        releves: str | Path | None = None,
        cliches: str | Path | None = None,
    ) -> None:
        self.store = store
        self._releves = releves
        self._clock = clock or SystemClock()
        self._redacteur = Redacteur(store, self._clock, releves, Cliches(store, cliches))
        self._guichet: Guichet[Demande | _Acte] = Guichet(self._servir)
        self._usage = Usage("Cette poignée de grand livre")

    @classmethod
    def ouvrir(
        cls,
        base: str | Path,
        *,
        creer: bool = False,
        clock: Clock | None = None,
        releves: str | Path | None = None,
        cliches: str | Path | None = None,
    ) -> Self:
        """Open a base: a SQLite file, or the URL of a PostgreSQL database (extra `postgres`).

        With `creer`, an absent one is made by its first accepted command.

        Raises: ledger.erreurs.StoreError and its subclasses.
        """
        store = ouvrir_magasin(base, creer=creer)
        return cls(store, clock=clock, releves=releves, cliches=cliches)

    def bifurquer(self) -> GrandLivre:
        """A fork in memory: decides and records like the real one, and writes nothing there."""
        self._usage.exiger()
        return GrandLivre(MemoryStore(self.store), clock=self._clock, releves=self._releves)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.fermer()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuser_de_voyager(self)

    def fermer(self) -> None:
        """Close the base, once what other threads sent before is done. Twice is fine.

        Every acknowledged command is already durable. In a process that did not open the base,
        nothing happens: it is the parent's to close.
        """
        if self._usage.etrangere or self._usage.fermee:
            return
        self._guichet.passer(_Acte(self._fermer))

    def _fermer(self) -> None:
        if self._usage.fermer():
            try:
                self._redacteur.oublier()
            finally:
                self.store.fermer()

    def executer(
        self,
        commande: Saisie,
        *,
        correlation: str | None = None,
        provenance: Origine | None = None,
    ) -> Recu:
        """Execute one command (a model, or the JSON object of one). Never raises a refusal.

        `correlation` (1 to 128 printable ASCII characters) is kept in the event and in the log
        line, to find again what belongs together. It is no part of the command: sent again with
        another one, the command is the same, and the first is kept. So for `provenance`, the row
        of the file that the command was read from, kept in the event.

        Raises: StoreError, ChainBrokenError; UsageError for a bad `correlation` or `provenance`.
        After an error, sending the same command again is safe: its `id_commande` makes it happen
        once.
        """
        provenances = None if provenance is None else (provenance,)
        return self.executer_lot((commande,), correlation=correlation, provenances=provenances)[0]

    def executer_lot(
        self,
        commandes: Iterable[Saisie],
        *,
        atomique: bool = False,
        correlation: str | None = None,
        correlations: Sequence[str | None] | None = None,
        provenances: Sequence[Origine | None] | None = None,
    ) -> tuple[Recu, ...]:
        """Execute commands in order, in one durable transaction.

        Independent (default): one receipt each; a refused command does not stop the others.
        `atomique`: all or nothing; on a refusal, the single receipt of that first refusal.
        `correlations`, `provenances`: one per command, in the same order; `correlation` is for
        those that have none of their own.
        """
        self._usage.exiger()
        debut = time.perf_counter_ns()
        saisies = [_saisir(c) for c in commandes]
        siennes = _lire_correlations(correlation, correlations, len(saisies))
        lues = _lire_provenances(provenances, len(saisies))
        if not saisies:
            return ()
        demande = Demande(saisies, correlations=siennes, provenances=lues, atomique=atomique)
        self._guichet.passer(demande)
        recus = demande.recus
        # the single receipt of a refused atomic batch says the rank of its command
        rangs = range(len(saisies)) if len(recus) == len(saisies) else (recus[0].rang,)
        for rang, recu in zip(rangs, recus, strict=True):
            journaliser(saisies[rang], recu, debut, None if siennes is None else siennes[rang])
        return recus

    def executer_flux(
        self,
        commandes: Iterable[Saisie],
        *,
        lot: int = TAILLE_LOT,
        correlation: str | None = None,
        provenances: Iterable[Origine | None] | None = None,
    ) -> Iterator[Recu]:
        """Execute a long sequence independently, by durable batches; receipts come as they land.

        `provenances` is read along with the commands: one each.
        """
        self._usage.exiger()
        _exiger_correlation(correlation)
        origines = repeat(None) if provenances is None else provenances
        return self._couler(iter(commandes), iter(origines), lot, correlation)

    def _couler(
        self,
        commandes: Iterator[Saisie],
        origines: Iterator[Origine | None],
        lot: int,
        correlation: str | None,
    ) -> Iterator[Recu]:
        while morceau := list(islice(commandes, lot)):
            siennes = list(islice(origines, len(morceau)))
            yield from self.executer_lot(morceau, correlation=correlation, provenances=siennes)

    def etat(self, programme: str) -> Programme:
        """The state of a programme after the last committed event."""
        self._usage.exiger()
        etat: list[Programme] = []

        def lire() -> None:
            self._usage.exiger()  # may have been closed while we waited
            etat.append(self._redacteur.fil(programme).etat)

        self._guichet.passer(_Acte(lire))
        return etat[0]

    def journal(self, programme: str) -> Journal:
        """A journal of the programme, read to its end; yours, not the one that commands move."""
        self._usage.exiger()
        journal = Journal(self.store, programme)
        for _ in journal.rattraper():
            pass
        return journal

    def _servir(self, groupe: Sequence[Demande | _Acte]) -> None:
        """Serve the counter: one act, or the demands of one transaction."""
        if isinstance(groupe[0], _Acte):
            groupe[0].faire()
            groupe[0].finir()
            return
        self._usage.exiger()  # may have been closed while they waited
        self._redacteur.rediger([d for d in groupe if isinstance(d, Demande)])


def _saisir(saisie: Saisie) -> Commande | CommandeIllisible:
    return saisie if isinstance(saisie, Commande | CommandeIllisible) else en_commande(saisie)


def _exiger_correlation(correlation: str | None) -> None:
    if correlation is not None and not (
        isinstance(correlation, str) and est_correlation(correlation)
    ):
        raise UsageError(
            f"correlation {str(correlation)[:40]!r} : 1 à 128 signes ASCII imprimables attendus."
        )


def _lire_correlations(
    commune: str | None, propres: Sequence[str | None] | None, nombre: int
) -> tuple[str | None, ...] | None:
    """One per command, checked: its own, else the common one; None when none is given."""
    if propres is None:
        _exiger_correlation(commune)
        return None if commune is None else (commune,) * nombre
    if len(propres) != nombre:
        raise UsageError(f"correlations : {nombre} attendues, {len(propres)} données.")
    for correlation in (commune, *propres):
        _exiger_correlation(correlation)
    return tuple(commune if propre is None else propre for propre in propres)


def _lire_provenances(
    provenances: Sequence[Origine | None] | None, nombre: int
) -> tuple[Provenance | None, ...] | None:
    """One per command, checked; None when none is given."""
    if provenances is None:
        return None
    if len(provenances) != nombre:
        raise UsageError(f"provenances : {nombre} attendues, {len(provenances)} données.")
    lues = tuple(None if p is None else lire_provenance(p) for p in provenances)
    return lues if any(p is not None for p in lues) else None
