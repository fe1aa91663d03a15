"""The library's PostgreSQL datastore and recorder, with the connections that the ledger relies on.

The library's pool makes connections in threads of its own: its threads do not survive a fork, and
the reason of a refused connection stays in them (the caller waits, then reads "timeout"). This one
has no thread: a connection is made by whoever needs it, who gets the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore, Lock
from typing import Any, cast

import psycopg
import psycopg.pq
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresDatastore
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row, tuple_row

from ..erreurs import StoreBusyError, UsageError
from .adresse import Adresse
from .postgres_erreurs import remplacee
from .postgres_partage import Serveur, lire_serveur
from .postgres_reglages import Etat, exiger, lire_etat, regler
from .postgres_schema import CREATION, SCHEMA, VERROU
from .postgres_session import (
    Connexion,
    eprouver,
    est_interposee,
    session_changee,
    tient,
)
from .usage import Usage, garder_apres_fork

CONNEXIONS_MAX = 8
"""Open at once for one handle: one writes, others read."""
_DELAIS = {"connect_timeout": "10", "keepalives_idle": "30", "tcp_user_timeout": "30000"}
"""A network that swallows everything is noticed. The URL may say otherwise."""


class Bassin:
    """Connections to one database: what the library calls a pool."""

    def __init__(
        self, adresse: Adresse, *, ecriture: bool, attente: float, serveur: Serveur | None = None
    ) -> None:
        self._adresse = adresse
        self._serveur = serveur
        self._ecriture = ecriture
        self._attente = attente
        self._usage = Usage(f"Le bassin de connexions de {adresse}")
        self._verrou = Lock()
        self._libres: list[Connexion] = []
        self._places = BoundedSemaphore(CONNEXIONS_MAX)
        self.etat: Etat | None = None
        # grows with each connection made: the next one may reach another server
        self.generation = 0
        self._eprouve = False
        self._conninfo = _conninfo(
            adresse, ecriture=ecriture, place={} if serveur is None else serveur.place()
        )

    def open(self, wait: bool = False, timeout: float = 30) -> None:
        """Nothing to do: connections are made when needed."""

    def exiger(self) -> None:
        """Raises: StoreForkedError, StoreClosedError."""
        self._usage.exiger()

    def rompre(self, connexion: Connexion) -> None:
        """Close a connection; not in a child process: the session is the parent's."""
        if not self._usage.etrangere:
            connexion.close()

    @contextmanager
    def connection(self) -> Iterator[Connexion]:
        """A connection outside any transaction, given back unless it is broken."""
        self._usage.exiger()
        if not self._places.acquire(timeout=max(self._attente, 1)):
            raise StoreBusyError(
                f"La base {self._adresse} est trop sollicitée.", remede="Réessayer."
            )
        try:
            with self._verrou:
                connexion = self._libres.pop() if self._libres else None
            if connexion is None:
                connexion = self.connecter()
            try:
                if connexion.incertaine and not tient(connexion):
                    self.douter(connexion)
                    raise session_changee(self._adresse)
                yield connexion
            finally:
                self._rendre(connexion)
        finally:
            self._places.release()

    def connecter(self) -> Connexion:
        """A new connection, set, and the server found fit. Raises: psycopg.Error, StoreError."""
        connexion = Connexion.connect(self._conninfo, autocommit=True, row_factory=dict_row)
        garder_apres_fork(connexion)
        try:
            if est_interposee(connexion):
                if not self._eprouve:
                    self._eprouve = eprouver(self._adresse, connexion, self._conninfo)
                connexion.incertaine = not self._eprouve
                # a name would lead, on another session, to somebody else's statement
                connexion.prepare_threshold = None
            regler(connexion, ecriture=self._ecriture, attente=self._attente)
            etat = lire_etat(connexion)
            exiger(self._adresse, etat, ecriture=self._ecriture)
            if self._serveur is not None and lire_serveur(connexion) != self._serveur:
                raise remplacee(self._adresse, "son serveur n'est plus le même")  # noqa: TRY301
        except BaseException:
            connexion.close()
            raise
        self.etat = etat
        with self._verrou:
            self.generation += 1
        return connexion

    def oublier(self) -> None:
        """Give up the connections that nobody uses: one of them was found dead."""
        with self._verrou:
            libres, self._libres = self._libres, []
        for connexion in libres:
            with suppress(psycopg.Error):
                connexion.close()

    def douter(self, connexion: Connexion) -> None:
        """Give up a connection that another session served: the next one is tried anew, so that an
        intermediary put right is served again."""
        self._eprouve = False
        connexion.close()
        self.oublier()

    def _rendre(self, connexion: Connexion) -> None:
        au_repos = connexion.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        if au_repos and not connexion.closed and not self._usage.fermee:
            with self._verrou:
                self._libres.append(connexion)
        else:
            connexion.close()

    def close(self) -> None:
        """Close every connection; in a child process, touch none."""
        if not self._usage.etrangere:
            self._usage.fermer()
            self.oublier()


class Recorder(PostgresAggregateRecorder):
    """The library's recorder of streams: its table `stored_events`, made as the ledger needs it.

    The library's *application* recorder adds a number to each event, common to all streams, and
    locks the whole table at each insertion so that numbers follow commits. Positions are ours, per
    programme: no number, no lock, and an account that may only insert.

    `insert_events((), requete=..., valeurs=...)` runs one statement, which is one transaction, and
    returns what it counted.
    """

    def create_table(self) -> None:
        """Create what is missing, in one transaction; several processes may be doing so at once."""
        with self.datastore.transaction(commit=True) as curseur:
            curseur.execute("SELECT pg_advisory_xact_lock(%s)", (VERROU,))
            for requete in CREATION:
                curseur.execute(requete.encode())

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Without the library's ten attempts: whether to try again is the store's to say."""
        with self.datastore.get_connection() as empruntee:
            connexion = cast(Connexion, empruntee)
            avis: list[str] = []
            entendre = _entendre(avis)
            connexion.add_notice_handler(entendre)
            try:
                with connexion.cursor(row_factory=tuple_row) as curseur:
                    valeurs = {**kwargs["valeurs"], "session": connexion.session}
                    curseur.execute(kwargs["requete"], valeurs, prepare=True)
                    *comptes, session = curseur.fetchone() or (None,)
            finally:
                connexion.remove_notice_handler(entendre)
            if session != connexion.session:
                cast(Datastore, self.datastore).bassin.douter(connexion)
                raise session_changee(kwargs["adresse"])
            kwargs["avis"].extend(avis)
        return comptes


def _entendre(avis: list[str]) -> Any:
    def entendre(diagnostic: psycopg.errors.Diagnostic) -> None:
        # "canceling wait for synchronous replication": committed here, not on the standby
        if diagnostic.severity_nonlocalized == "WARNING":
            avis.append(diagnostic.message_primary or "")

    return entendre


def _conninfo(adresse: Adresse, *, ecriture: bool, place: dict[str, str]) -> str:
    """What libpq is given. Raises UsageError, without a word of the URL."""
    ajouts = {
        nom: valeur for nom, valeur in _DELAIS.items() if nom not in adresse.parametres
    } | adresse.manquants()
    role = "écriture" if ecriture else "lecture"
    try:
        return make_conninfo(
            adresse.url,
            client_encoding="UTF8",
            fallback_application_name=f"fabriques ({role})",
            **(ajouts | place),
        )
    except psycopg.Error:
        raise UsageError(
            "Cette adresse PostgreSQL a un paramètre que la bibliothèque libpq ne connaît pas.",
            remede="Vérifier ce qui suit le « ? » ; l'adresse n'est pas répétée : elle peut tenir "
            "un secret.",
        ) from None


class Datastore(PostgresDatastore):
    """The library's datastore over our connections: no variable of the host moves the ledger."""

    def __init__(self, bassin: Bassin) -> None:
        super().__init__("", "", "", "", "", schema=SCHEMA, originator_id_type="text")
        self.pool.close()  # made, never opened
        self.bassin = bassin
        self.pool = cast(Any, bassin)

    def register_type_adapters(self) -> None:
        """Lines are sent as columns: no composite type to learn from the server."""
