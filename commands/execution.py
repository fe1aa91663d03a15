"""Executing commands: the handle a host opens, its receipts, batches and retries.

    with GrandLivre.ouvrir("fabriques.db") as livre:
        recu = livre.executer(VerserTranche(...))

A writer keeps its state warm: before each decision it catches up with what other writers
committed, decides, and appends at the next position; on a conflict it catches up and decides
again. Nothing is acknowledged before it is durable.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Self

import structlog
from msgspec.structs import replace

from ledger.erreurs import ImpossibleHistoryError, StoreError, VersionConflictError
from ledger.evenements import Fait
from ledger.journal import Brouillon, Journal
from ledger.programme import Programme, evolve
from ledger.stockage.memoire import MemoryStore
from ledger.stockage.port import EntreeIndex, Store
from ledger.stockage.sqlite import SQLiteStore
from ledger.temps import Clock, SystemClock

from .decider import decide, sans_accents
from .idempotence import divergence, empreinte_canonique, meme_contenu
from .lecture_json import CommandeIllisible, en_commande
from .modele import Commande
from .recus import Recu
from .refus import Refus
from .verbes.paiement import AnnulerVersement
from .verbes.reprise import ReprendreJournal

Saisie = Commande | CommandeIllisible | Mapping[str, Any]
"""What can be executed: a model, the JSON object of one, or what `lire_ligne` could not read."""
TAILLE_LOT = 500
"""Commands of one transaction when a long sequence is executed independently."""

_stdlib = logging.getLogger("ledger.commandes")
_stdlib.addHandler(logging.NullHandler())
_log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    _stdlib,
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.render_to_log_kwargs,
    ],
)


@dataclass(slots=True)
class _Fil:
    """One programme, warm: its journal and the state after its last event."""

    journal: Journal
    etat: Programme
    sur: bool
    """Whether the checkpoints kept outside the base, if any, were found satisfied."""


@dataclass(slots=True)
class _Essai:
    """One programme during one attempt: the draft, its state, the ids known and made."""

    fil: _Fil
    brouillon: Brouillon
    etat: Programme
    connus: dict[str, EntreeIndex]
    faits: dict[int, Fait]


class GrandLivre:
    """A ledger base, opened for commands. Safe to share between threads; close it when done.

    With `releves`, a folder of checkpoints kept outside the base, the first command of a programme
    is refused (StoreRolledBackError) when the journal went back behind them: a restored backup
    goes on only by ReprendreJournal.
    """

    def __init__(
        self, store: Store, *, clock: Clock | None = None, releves: str | Path | None = None
    ) -> None:
        self.store = store
        self._releves = releves
        self._clock = clock or SystemClock()
        self._fils: dict[str, _Fil] = {}
        self._verrou = RLock()

    @classmethod
    def ouvrir(
        cls,
        base: str | Path,
        *,
        creer: bool = False,
        clock: Clock | None = None,
        releves: str | Path | None = None,
    ) -> Self:
        """Open a SQLite base. With `creer`, an absent one is made by its first accepted command.

        Raises: ledger.erreurs.StoreError and its subclasses.
        """
        return cls(SQLiteStore(base, creer=creer), clock=clock, releves=releves)

    def bifurquer(self) -> GrandLivre:
        """A fork in memory: decides and records like the real one, and writes nothing there."""
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

    def fermer(self) -> None:
        """Close the base. Every acknowledged command is already durable."""
        with self._verrou:
            self._fils.clear()
            self.store.fermer()

    def executer(self, commande: Saisie) -> Recu:
        """Execute one command (a model, or the JSON object of one). Never raises a refusal.

        Raises: StoreError, ChainBrokenError. After an error, sending the same command again is
        safe: its `id_commande` makes it happen once.
        """
        return self.executer_lot((commande,))[0]

    def executer_lot(
        self, commandes: Iterable[Saisie], *, atomique: bool = False
    ) -> tuple[Recu, ...]:
        """Execute commands in order, in one durable transaction.

        Independent (default): one receipt each; a refused command does not stop the others.
        `atomique`: all or nothing; on a refusal, the single receipt of that first refusal.
        """
        saisies = [_saisir(c) for c in commandes]
        with self._verrou:
            if len(saisies) == 1:
                recu = self._presumer(saisies[0])
                if recu is not None:
                    return (recu,)
            while True:
                try:
                    return self._tenter(saisies, atomique=atomique)
                except VersionConflictError:
                    # another writer was first: catch up and decide again. Without anything new to
                    # catch up with, the index and the journal disagree: retrying would never end.
                    avant = {p: f.journal.taille for p, f in self._fils.items()}
                    for programme in {c.programme for c in saisies if isinstance(c, Commande)}:
                        self._fil(programme)
                    if avant == {p: f.journal.taille for p, f in self._fils.items()}:
                        raise StoreError(
                            "L'index des commandes contredit le journal.",
                            remede="Lancer `fabriques verifier`.",
                        ) from None

    def executer_flux(
        self, commandes: Iterable[Saisie], *, lot: int = TAILLE_LOT
    ) -> Iterator[Recu]:
        """Execute a long sequence independently, by durable batches; receipts come as they land."""
        attente: list[Saisie] = []
        for commande in commandes:
            attente.append(commande)
            if len(attente) >= lot:
                yield from self.executer_lot(attente)
                attente.clear()
        if attente:
            yield from self.executer_lot(attente)

    def etat(self, programme: str) -> Programme:
        """The state of a programme after the last committed event."""
        with self._verrou:
            return self._fil(programme).etat

    def journal(self, programme: str) -> Journal:
        """A journal of the programme, read to its end; yours, not the one that commands move."""
        journal = Journal(self.store, programme)
        for _ in journal.rattraper():
            pass
        return journal

    def _fil(self, programme: str) -> _Fil:
        fil = self._fils.get(programme)
        if fil is None or fil.journal.taille != fil.etat.position:
            sur = self._releves is None
            fil = _Fil(Journal(self.store, programme), Programme(slug=programme), sur)
        froid = fil.etat.position == 0
        try:
            for _, fait in fil.journal.rattraper():
                fil.etat = evolve(fil.etat, fait)
        except (LookupError, ValueError) as erreur:
            self._fils.pop(programme, None)
            raise ImpossibleHistoryError(
                f"Journal {programme}, position {fil.etat.position + 1} : ce fait ne peut pas "
                f"suivre ceux qui le précèdent ({erreur})."
            ) from erreur
        except BaseException:
            self._fils.pop(programme, None)  # half caught up: start again from the store
            raise
        if froid and self.store.taille_index(programme) < fil.etat.position:
            self._refaire_index(programme)
        if fil.etat.position:
            self._fils[programme] = fil
        return fil

    def _controler(self, fil: _Fil) -> None:
        """Confront a journal just opened with the checkpoints kept outside the base."""
        from ledger.sceau.garde import controler  # noqa: PLC0415 - only with `releves`

        if self._releves is not None:
            controler(fil.journal, self._releves)
        fil.sur = True

    def _refaire_index(self, programme: str) -> None:
        """Give the index the ids it lost: an id accepted is never forgotten.

        The index only repeats the lines, just verified. Other ids that it may hold are left as
        they are, for `verifier` to tell.
        """
        self.store.reindexer(
            programme,
            (
                EntreeIndex(fait.id_commande, position, fait.empreinte_commande)
                for position, fait in Journal(self.store, programme).rattraper()
            ),
        )
        _log.warning("index_reconstruit", programme=programme)

    def _presumer(self, saisie: Commande | CommandeIllisible) -> Recu | None:
        """Try one command on the warm state, without reading the base first.

        If the state is stale, or the id already known, its position or its id is taken: nothing is
        written, and the full way answers. So does it for every refusal, which must rest on a state
        as fresh as the last commit.
        """
        fil = self._fils.get(saisie.programme) if isinstance(saisie, Commande) else None
        if fil is None or not fil.sur or fil.journal.taille != fil.etat.position:
            return None
        debut = time.perf_counter_ns()
        essai = _Essai(fil, Brouillon(fil.journal), fil.etat, {}, {})
        recu = self._decider({fil.journal.programme: essai}, saisie)
        if not recu.acceptee:
            return None
        try:
            self._ecrire([essai])
        except VersionConflictError:
            return None
        _journaliser(saisie, recu, debut)
        return recu

    def _ecrire(self, essais: Iterable[_Essai]) -> None:
        """Commit the drafts in one transaction; only then do the states move."""
        pleins = [essai for essai in essais if essai.brouillon.lignes]
        if not pleins:
            return
        self.store.ajouter([essai.fil.journal.ecriture(essai.brouillon) for essai in pleins])
        for essai in pleins:
            # interrupted between the two, journal and state no longer agree: `_fil` starts again
            essai.fil.journal.valider(essai.brouillon)
            essai.fil.etat = essai.etat
            self._fils[essai.fil.journal.programme] = essai.fil

    def _tenter(
        self, saisies: Sequence[Commande | CommandeIllisible], *, atomique: bool
    ) -> tuple[Recu, ...]:
        essais = self._preparer(saisies)
        recus: list[Recu] = []
        debut = time.perf_counter_ns()
        for rang, saisie in enumerate(saisies):
            recu = self._decider(essais, saisie)
            if atomique and not recu.acceptee:
                _journaliser(saisie, recu, debut)
                return (replace(recu, rang=rang),)
            recus.append(recu)
        self._ecrire(essais.values())
        for saisie, recu in zip(saisies, recus, strict=True):
            _journaliser(saisie, recu, debut)
        return tuple(recus)

    def _preparer(self, saisies: Sequence[Commande | CommandeIllisible]) -> dict[str, _Essai]:
        ids: dict[str, list[str]] = {}
        for saisie in saisies:
            if isinstance(saisie, Commande):
                ids.setdefault(saisie.programme, []).append(saisie.id_commande)
        essais: dict[str, _Essai] = {}
        for programme, demandes in ids.items():
            fil = self._fil(programme)
            if not fil.sur and any(type(c) is not ReprendreJournal for c in saisies):
                self._controler(fil)
            connus = self.store.retrouver(programme, demandes) if fil.journal.taille else {}
            # an id committed after our catch-up belongs to events that we have not read
            connus = {i: e for i, e in connus.items() if e.position <= fil.journal.taille}
            essais[programme] = _Essai(fil, Brouillon(fil.journal), fil.etat, connus, {})
        return essais

    def _decider(self, essais: dict[str, _Essai], saisie: Commande | CommandeIllisible) -> Recu:
        if isinstance(saisie, CommandeIllisible):
            return Recu(saisie.id_commande, "refusee", refus=saisie.refus)
        essai = essais[saisie.programme]
        arbre = essai.fil.journal.arbre
        connu = essai.connus.get(saisie.id_commande)
        if connu is not None:
            deja = _fait_en(essai, connu.position)
            if meme_contenu(saisie, deja, connu):
                return Recu(
                    saisie.id_commande,
                    "deja_executee",
                    (connu.position,),
                    programme=saisie.programme,
                    arbre=arbre,
                )
            refus: Refus | Fait = divergence(saisie, deja, connu)
        else:
            versement = None
            if type(saisie) is AnnulerVersement:
                versement = _fait_en(essai, saisie.position)
            refus = decide(essai.etat, saisie, versement=versement)
        if isinstance(refus, Refus):
            return Recu(saisie.id_commande, "refusee", refus=refus, programme=saisie.programme)
        fait = essai.brouillon.sceller(
            refus,
            instant=self._clock.maintenant(),
            empreinte=empreinte_canonique(essai.etat, saisie, refus),
        )
        essai.etat = evolve(essai.etat, fait)
        position = essai.brouillon.position
        essai.faits[position] = fait
        essai.connus[saisie.id_commande] = essai.brouillon.index[-1]
        return Recu(
            saisie.id_commande,
            "acceptee",
            (position,),
            programme=saisie.programme,
            arbre=arbre,
        )


def _saisir(saisie: Saisie) -> Commande | CommandeIllisible:
    return saisie if isinstance(saisie, Commande | CommandeIllisible) else en_commande(saisie)


def _fait_en(essai: _Essai, position: int) -> Fait | None:
    """The fact at a position, in the draft or in the journal."""
    return essai.faits.get(position) or essai.fil.journal.lire_un(position)


def _journaliser(saisie: Commande | CommandeIllisible, recu: Recu, debut: int) -> None:
    """One line per command: ids and codes, never names nor amounts. Silent unless asked."""
    if not _stdlib.isEnabledFor(logging.INFO):
        return
    _log.info(
        f"commande_{recu.statut}",
        programme=recu.programme,
        id_commande=recu.id_commande,
        commande=sans_accents(saisie.verbe) if isinstance(saisie, Commande) else None,
        position=recu.taille,
        code=recu.refus.code if recu.refus is not None else None,
        duree_us=(time.perf_counter_ns() - debut) // 1000,
    )
