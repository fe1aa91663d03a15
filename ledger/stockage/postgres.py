"""The PostgreSQL store: the same lines and the same command ids, in a database that several
machines share. One statement adds both: one transaction, one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from typing import Any, LiteralString, NoReturn, TypeVar

import psycopg
from eventsourcing.persistence import PersistenceError
from psycopg.rows import TupleRow, tuple_row

from ..erreurs import (
    StoreError,
    StoreReadOnlyError,
    StoreReplacedError,
    StoreUncertainError,
    StoreUnsafeError,
)
from .adresse import Adresse
from .port import Ecriture, EntreeIndex, LigneBrute, Partage
from .postgres_bassin import Bassin, Datastore, Recorder
from .postgres_ecriture import AJOUTER, ASSURER, AVISER, REINDEXER, Demande, demander, valeurs_index
from .postgres_erreurs import absente, erreur_de_base, remplacee, traduire
from .postgres_partage import Serveur, lire_serveur
from .postgres_reconnaissance import promesses, reconnaitre
from .postgres_reglages import Etat, est_rompue, exiger_durables, lire_etat
from .postgres_schema import GARDES_ABSENTES, INTRUS, SCHEMA
from .postgres_veille import Veille
from .usage import Usage, refuser_de_voyager

ATTENTE_SECONDES = 30
"""How long a locked row is waited for, unless the caller says otherwise."""
_PAGE = 1_000
_LIGNES = f"{SCHEMA}.stored_events"
_INDEX = f"{SCHEMA}.fabriques_commandes"
_COMPTES = 3
"""What a statement counts; then come the settings that it found (`DURABLES`)."""
T = TypeVar("T")
_REPRISES = 2
"""A dead connection is noticed when it is used: once more, on a new one."""


class PostgresStore:
    """A base in a PostgreSQL database. Its tables are made at the first `ajouter` when `creer`."""

    def __init__(
        self,
        url: str,
        *,
        creer: bool = False,
        ecriture: bool = True,
        attente: float | None = None,
        serveur: Serveur | None = None,
    ) -> None:
        """Connect. The tables must be there unless `creer`. `ecriture=False` reads only, also from
        a standby. `attente` is how many seconds a lock is waited for. `serveur`: this one only.

        Raises: UsageError (URL), StoreUnreachableError, StoreAccessError, StoreMissingError,
        StoreForeignError, StoreReadOnlyError, StoreUnsafeError, StoreReplacedError.
        """
        self.adresse = Adresse(url)
        self._ecriture = ecriture
        self._creation_permise = creer
        self._attente = ATTENTE_SECONDES if attente is None else attente
        self._usage = Usage(f"La base {self.adresse}")
        self._bassin = Bassin(
            self.adresse,
            ecriture=ecriture,
            attente=self._attente,
            serveur=serveur,
        )
        self._ouverture = Lock()
        self._vues: dict[str, int] = {}
        self._prete = False
        self._perdue: StoreReplacedError | None = None
        try:
            with traduire(self.adresse):
                self._recorder = Recorder(Datastore(self._bassin))
            if not self._est_prete() and not creer:
                raise absente(self.adresse)  # noqa: TRY301 - closed below, like any failure
        except BaseException:
            self._bassin.close()
            raise

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuser_de_voyager(self)

    @property
    def etat_du_serveur(self) -> Etat | None:
        """What the server said of itself at the last connection."""
        return self._bassin.etat

    def partager(self) -> Partage:
        """How another process reads the same base on the same server. Raises: StoreError."""
        with self._curseur() as c:
            serveur = lire_serveur(c.connection)
        return Partage(partial(_rouvrir, self.adresse, serveur, self._attente), controle_long=False)

    def existe(self) -> bool:
        """Whether the tables are there. Raises StoreForeignError for those of others."""
        self._usage.exiger()
        return self._est_prete()

    def _est_prete(self) -> bool:
        """Whether the tables are there, ours, and writable if need be. Looked at until they are."""
        if not self._prete:
            with self._ouverture, self._curseur() as c:
                self._prete = reconnaitre(c, self.adresse, ecriture=self._ecriture)
        return self._prete

    def programmes(self) -> tuple[str, ...]:
        """The programmes that have events, sorted (a skip scan over the primary key)."""
        self._exiger()
        if not self._est_prete():
            return ()
        trouves: list[str] = []
        while True:
            ((suivant,),) = self._lire(
                f"SELECT min(originator_id) FROM {_LIGNES} WHERE originator_id > %s",
                (trouves[-1] if trouves else "",),
            )
            if suivant is None:
                return tuple(trouves)
            trouves.append(str(suivant))

    def taille(self, programme: str) -> int:
        """The last position of a programme; 0 when it has no event."""
        return self._compter(
            f"SELECT max(originator_version) FROM {_LIGNES} WHERE originator_id = %s", programme
        )

    def lire(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[LigneBrute]:
        """The lines of a programme, in order."""
        for page in self.pages(programme, apres=apres, jusqua=jusqua):
            for ligne in page:
                yield LigneBrute(*ligne)

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        """The lines of a programme by pages: no transaction stays open between two."""
        self._exiger()
        if not self._est_prete():
            return
        fin = 2**62 if jusqua is None else jusqua
        while True:
            lignes = self._lire(
                f"SELECT originator_version, topic, state FROM {_LIGNES} WHERE originator_id = %s "
                "AND originator_version > %s AND originator_version <= %s "
                "ORDER BY originator_version LIMIT %s",
                (programme, apres, fin, _PAGE),
            )
            page: list[tuple[int, str, bytes]] = [(p, t, o) for p, t, o in lignes]
            if not page or page[0][0] > apres + 1:
                self._reconnaitre(programme, apres)
            if page:
                yield page
            if len(page) < _PAGE:
                return
            apres = page[-1][0]

    def _reconnaitre(self, programme: str, position: int) -> None:
        """Refuse a server that lacks what was read from another one before: a standby that was
        promoted too early, an older backup. Looked at once a connection.

        Raises: StoreReplacedError.
        """
        generation = self._bassin.generation
        if position == 0 or self._vues.get(programme) == generation:
            return
        if self.taille(programme) < position:
            raise self._remplacee(f"elle n'a plus la ligne {position} de {programme} qui y fut lue")
        self._vues[programme] = generation

    def _remplacee(self, quoi: str) -> StoreReplacedError:
        """The error; from now on this store gives nothing else: what it writes may even have been
        kept, and would then hide what is missing below it."""
        self._perdue = remplacee(self.adresse, quoi)
        return self._perdue

    def _exiger(self) -> None:
        """Raises: StoreForkedError, StoreClosedError, StoreReplacedError once it was."""
        self._usage.exiger()
        if self._perdue is not None:
            raise StoreReplacedError(self._perdue.message, remede=self._perdue.remede)

    def retrouver(self, programme: str, ids: Iterable[str]) -> dict[str, EntreeIndex]:
        """Which of these command ids were accepted, and where.

        On a store open for writing, what is found is kept, on the standbys too, before it is
        returned. Raises StoreUncertainError when that wait was cancelled.
        """
        self._exiger()
        demandes = list(dict.fromkeys(ids))
        if not demandes or not self._est_prete():
            return {}
        lignes = self._lire(
            f"SELECT id_commande, position, empreinte FROM {_INDEX} "
            "WHERE programme = %s AND id_commande = ANY(%s)",
            (programme, demandes),
        )
        if lignes and self._ecriture:
            with self._usage:  # a receipt is about to be given for them again
                self._inserer(ASSURER, {})
        return {ligne[0]: EntreeIndex(*ligne) for ligne in lignes}

    def index(self) -> Iterator[tuple[str, EntreeIndex]]:
        """The whole index of command ids, by programme and id."""
        self._exiger()
        if not self._est_prete():
            return
        dernier = ("", "")
        while True:
            page = self._lire(
                f"SELECT programme, id_commande, position, empreinte FROM {_INDEX} "
                "WHERE (programme, id_commande) > (%s, %s) ORDER BY programme, id_commande "
                "LIMIT %s",
                (*dernier, _PAGE),
            )
            for programme, *entree in page:
                yield programme, EntreeIndex(*entree)
            if len(page) < _PAGE:
                return
            dernier = (page[-1][0], page[-1][1])

    def taille_index(self, programme: str) -> int:
        """How many command ids of a programme the index holds."""
        return self._compter(f"SELECT count(*) FROM {_INDEX} WHERE programme = %s", programme)

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add events and ids in one durable transaction: all or nothing.

        Raises, besides what the port says: StoreUncertainError when the server kept them and its
        standby did not confirm.
        """
        self._exiger()
        self._exiger_l_ecriture()
        if not self._est_prete():
            self._creer()
        demande = demander(ecritures)
        with self._usage:
            comptes = self._inserer(AJOUTER, demande.ajouter)
            if comptes[0] != demande.comptes[0]:
                raise self._remplacee("elle n'a plus les lignes qui y furent lues")
            if comptes != demande.comptes:
                raise StoreUnsafeError(
                    f"La base {self.adresse} n'a pas gardé ce qui lui était donné.",
                    remede="Chercher un déclencheur ou une règle (`fabriques verifier`).",
                )
            self._aviser(demande)

    def _aviser(self, demande: Demande) -> None:
        """Tell whoever follows, and look again at what was just written and what it follows.

        What is acknowledged depends on neither, when the server went away: its commit was read.
        """
        vues = None
        with (
            suppress(psycopg.Error, StoreError),
            self._bassin.connection() as connexion,
            connexion.cursor(row_factory=tuple_row, binary=True) as c,
        ):
            vues = c.execute(AVISER, demande.aviser, prepare=True).fetchone()
        if vues is not None and vues[-1] != demande.places:
            raise self._remplacee("des lignes y ont disparu pendant une écriture")

    def reindexer(self, programme: str, entrees: Iterable[EntreeIndex]) -> None:
        """Give the index of a programme the entries it lacks, in one transaction."""
        self._exiger()
        self._exiger_l_ecriture()
        if not self._est_prete():
            raise absente(self.adresse)
        parametres = valeurs_index([(programme, entree) for entree in entrees])
        with self._usage:
            self._inserer(REINDEXER, parametres)

    def _exiger_l_ecriture(self) -> None:
        if not self._ecriture:
            raise StoreReadOnlyError(f"La base {self.adresse} est ouverte en lecture seule.")

    def _inserer(self, requete: str, parametres: dict[str, Any]) -> tuple[int, ...]:
        """Run the one statement of a transaction, again if the connection was found dead.

        Committed or not before it died, this settles it: what is there already is a conflict.

        Raises: StoreUnsafeError for settings that changed since the opening.
        """
        avis: list[str] = []

        def une_fois() -> tuple[Any, ...]:
            comptes = self._recorder.insert_events(
                (), requete=requete, valeurs=parametres, avis=avis, adresse=self.adresse
            )
            return tuple(comptes or ())

        comptes = self._obstinement(une_fois)
        exiger_durables(self.adresse, *comptes[_COMPTES:])
        if avis:
            raise StoreUncertainError(
                f"La base {self.adresse} a gardé la commande, mais son secours ne l'a pas "
                "confirmé.",
                remede="Rétablir le secours, puis renvoyer la même commande.",
            )
        return comptes[:_COMPTES]

    def _creer(self) -> None:
        """Create the tables; several processes may be doing so at once."""
        if not self._creation_permise:
            raise absente(self.adresse)
        with self._usage, traduire(self.adresse):
            self._recorder.create_table()
        self._est_prete()

    def controler(self) -> list[str]:
        """What has no place in a ledger base, and the guards that it lacks."""
        self._exiger()
        if not self._est_prete():
            return []
        intrus = [f"{nom} présent" for (nom,) in self._lire(INTRUS, ())]
        return [*intrus, *(str(nom) for (nom,) in self._lire(GARDES_ABSENTES, ()))]

    def promesses(self) -> tuple[list[str], list[str]]:
        """What the server promises, in sentences, and where it falls short."""
        with self._curseur() as c:
            # asked again: a standby may have been promoted under this connection
            return promesses(c, self.adresse, lire_etat(c.connection))

    def guetter(self, secondes: float, programme: str | None = None) -> Veille:
        """What waits for something new, as `ledger.flux.suivre` wants it. To be closed."""
        self._exiger()
        return Veille(self._bassin, secondes, programme)

    def fermer(self) -> None:
        """Close every connection, once what other threads are doing is done.

        Twice is fine. In a process that did not open the base, nothing happens.
        """
        if self._usage.fermer():
            self._bassin.close()

    def _compter(self, requete: LiteralString, programme: str) -> int:
        self._exiger()
        if not self._est_prete():
            return 0
        ((nombre,),) = self._lire(requete, (programme,))
        return int(nombre or 0)

    def _lire(self, requete: LiteralString, valeurs: Sequence[object]) -> list[TupleRow]:
        def une_fois() -> list[TupleRow]:
            with (
                self._recorder.datastore.get_connection() as connexion,
                connexion.cursor(row_factory=tuple_row, binary=True) as c,
            ):
                return c.execute(requete, valeurs, prepare=True).fetchall()

        with self._usage:
            return self._obstinement(une_fois)

    def _obstinement(self, une_fois: Callable[[], T]) -> T:
        """Do it, once more on a new connection when the one in hand was dead."""
        reste = _REPRISES
        while True:
            reste -= 1
            try:
                return une_fois()
            except (psycopg.Error, PersistenceError) as erreur:
                if est_rompue(erreur):
                    self._bassin.oublier()
                    if reste:
                        continue
                raise erreur_de_base(self.adresse, erreur) from erreur

    @contextmanager
    def _curseur(self) -> Iterator[psycopg.Cursor[TupleRow]]:
        with (
            self._usage,
            traduire(self.adresse),
            self._bassin.connection() as connexion,
            connexion.cursor(row_factory=tuple_row) as c,
        ):
            yield c


def _rouvrir(adresse: Adresse, serveur: Serveur, attente: float) -> PostgresStore:
    return PostgresStore(adresse.url, ecriture=False, attente=attente, serveur=serveur)
