"""The SQLite store: the lines in the library's table `stored_events`, the command ids in
`fabriques_commandes`, both written in one durable transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import NoReturn
from urllib.parse import quote

from ..erreurs import (
    StoreForeignError,
    StoreReadOnlyError,
    StoreUnsafeError,
)
from .adaptateur import APPLICATION_ID, Factory
from .fichier import ENTETE_OCTETS, absente, est_vierge, journal_a_reprendre, synchroniser, voisin
from .identite import Identite
from .port import Ecriture, EntreeIndex, LigneBrute, Partage
from .tenue import lire_debut, tenir
from .traduction import traduire
from .usage import Usage, refuser_de_voyager

ATTENTE_SECONDES = 30
"""How long a locked base is waited for, unless the caller says otherwise."""
_PAGE = 128  # lines and their facts then stay in the cache of one core: measured
_MAX_VARIABLES = 500
_INTRUS = ("trigger", "view")
"""What a ledger base never holds: a trigger could undo what was just acknowledged."""


class SQLiteStore:
    """A base in one SQLite file. Created at the first `ajouter` when `creer` and absent."""

    def __init__(
        self,
        fichier: str | Path,
        *,
        creer: bool = False,
        ecriture: bool = True,
        attente: float | None = None,
    ) -> None:
        """Open the file (it must exist unless `creer`). `ecriture=False` opens it read-only.

        `attente` is how many seconds a base locked by another program is waited for.

        Raises: StoreMissingError, StoreForeignError, StoreCorruptError, StoreReadOnlyError,
        StoreUnsafeError.
        """
        self.fichier = Path(fichier)
        self.chemin = self.fichier.absolute()  # wherever the host goes from here
        self._ecriture = ecriture
        self._creation_permise = creer
        self._attente = ATTENTE_SECONDES if attente is None else attente
        self._usage = Usage(f"La base {self.fichier}")
        self._ouverture = Lock()
        self._indexee = True
        self._factory: Factory | None = None
        self._identite: Identite | None = None
        # the generation of the file at which the lines of a programme were last counted
        self._comptee = 0
        self._regard = Lock()
        self._lacher: list[Callable[[], object]] = []
        if self.fichier.exists() and not self.fichier.is_file():  # SQLite would write to a device
            quoi = "est un dossier" if self.fichier.is_dir() else "n'est pas un fichier ordinaire"
            raise StoreForeignError(f"{self.fichier} {quoi} : ce n'est pas une base.")
        if self._existe():
            self._ouvrir()
        elif not creer:
            raise absente(self.fichier)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuser_de_voyager(self)

    def _existe(self) -> bool:
        return not est_vierge(self.fichier)

    def _ouvrir(self, *, creer: bool = False) -> Factory:
        mode = "rwc" if creer else "rw" if self._ecriture else "ro"
        if not self._ecriture and self._sur_support_fige():
            mode = "ro&immutable=1"
        chemin = quote(str(self.chemin))
        if creer:
            with suppress(OSError):  # SQLite will say it
                self.fichier.touch(0o644)
        lacher = tenir(self.fichier, self)
        if lacher is not None:
            self._lacher.append(lacher)
        with traduire(self.fichier):
            identite = None
            if self._existe():
                # looked at before the opening: a file put in place meanwhile is then another one
                identite = Identite(self.fichier, ecriture=self._ecriture)
                self._reconnaitre()
            factory = self._brancher(f"file:{chemin}?mode={mode}")
        self._identite = identite or Identite(self.fichier, ecriture=self._ecriture)
        self._identite.renouer()
        factory.bassin.renouee = self._identite.renouer
        factory.bassin.regarder = self._regarder
        self._factory = factory
        return factory

    def _absente(self) -> bool:
        """Whether there is no base yet. One that is open is looked at by the reading itself."""
        self._usage.exiger()
        return self._factory is None and self._ouverte() is None

    def partager(self) -> Partage:
        """How another process reads the same file."""
        return Partage(partial(SQLiteStore, self.chemin, ecriture=False), controle_long=True)

    def exiger_en_place(self) -> None:
        """An open file survives its removal: a reader of it would see nothing new, for ever.

        Raises: StoreMissingError, StoreReplacedError.
        """
        if self._factory is not None and not self._existe():
            raise absente(self.fichier)
        self._ouverte()

    def _sur_support_fige(self) -> bool:
        """Whether the base lies, whole, on a read-only file system: nobody can write to it.

        SQLite cannot make its shared-memory file there; with an empty or absent log (`-wal`) the
        main file holds everything and may be read as it is. A folder that only *we* cannot write
        to is another matter: its owner may be writing.
        """
        if not os.statvfs(self.fichier.parent).f_flag & os.ST_RDONLY:
            return False
        return not journal_a_reprendre(self.fichier)

    def _ouverte(self) -> Factory | None:
        """The open base, looked at; one that another process made since then is opened now."""
        self._usage.exiger()
        if self._factory is None and self._existe():
            with self._ouverture:  # two threads may look at once
                return self._factory or self._ouvrir()
        if self._factory is not None:
            self._regarder(seule=self._factory.bassin.vide)
        return self._factory

    def _regarder(self, *, seule: bool = True, apres_ecriture: bool = False) -> bool:
        """Look at the files again. Whether the main one was written since the last look.

        One thread alone is told so: the generation tells the others, who wait for it here.
        """
        if self._factory is None or self._identite is None:
            return False
        with self._regard:
            ecrite = self._identite.verifier(seule=seule, apres_ecriture=apres_ecriture)
            if ecrite:
                # a checkpoint, or a copy put over the file: what was read before is worth nothing
                self._factory.bassin.generation += 1
        return ecrite

    def _reconnaitre(self) -> None:
        """Refuse another application's file before SQLite touches it: read its first 100 bytes."""
        entete = lire_debut(self.fichier, ENTETE_OCTETS)
        if len(entete) < ENTETE_OCTETS or not entete.startswith(b"SQLite format 3\0"):
            raise StoreForeignError(
                f"{self.fichier} n'est pas une base SQLite.", remede="Vérifier --base."
            )
        if int.from_bytes(entete[68:72], "big") != APPLICATION_ID:
            raise StoreForeignError(
                f"{self.fichier} est une base SQLite d'une autre application.",
                remede="Vérifier --base.",
            )

    def _brancher(self, uri: str) -> Factory:
        reste = journal_a_reprendre(self.fichier)
        factory = Factory(uri, lecture_seule=not self._ecriture, attente=self._attente)
        try:
            if self._ecriture:
                # also a file left empty by a killed creation, or an index that was dropped
                factory.recorder.create_table()
            with factory.datastore.transaction(commit=False) as c:
                c.execute("SELECT type, name FROM sqlite_master")
                objets = {(ligne["type"], ligne["name"]) for ligne in c.fetchall()}
            self._indexee = ("table", "fabriques_commandes") in objets
            if ("table", "stored_events") not in objets:
                raise absente(self.fichier)  # noqa: TRY301 - closed below, like any failure
            self._assurer(factory, reste=reste)
            intrus = sorted(f"{genre} {nom}" for genre, nom in objets if genre in _INTRUS)
            if intrus and self._ecriture:
                raise StoreUnsafeError(  # noqa: TRY301
                    f"{self.fichier} porte {', '.join(intrus)} : rien n'y sera écrit.",
                    remede="Un grand livre n'en a pas ; trouver qui l'a posé, puis l'ôter.",
                )
        except BaseException:
            factory.close()
            raise
        return factory

    def _assurer(self, factory: Factory, *, reste: bool) -> None:
        """Have on the disk all that is about to be read: a receipt may be given for it again.

        `reste`: the log held something before we came. A live process is writing; or a dead one
        left it there, and SQLite reads it back though that process died before its
        synchronisation, or saw it fail. In this last case Linux takes the bytes for saved and would
        never write them: they are written again.
        """
        journal = voisin(self.fichier, "-wal")
        if reste and self._ecriture:
            with factory.sans_autre_ecrivain() as libre:
                synchroniser(journal, reecrire=libre)
        elif reste and not self._sur_support_fige():
            synchroniser(journal)
        if self._ecriture:
            # SQLite does it too, and says nothing when it fails: the file may have no name yet
            synchroniser(self.fichier.absolute().parent)

    def programmes(self) -> tuple[str, ...]:
        """The programmes that have events, sorted (a skip scan over the primary key)."""
        trouves: list[str] = []
        if self._absente():
            return ()
        with self._lecture() as c:
            while True:
                c.execute(
                    "SELECT MIN(originator_id) FROM stored_events "
                    "WHERE originator_id > ? AND typeof(originator_id) = 'text'",
                    (trouves[-1] if trouves else "",),
                )
                suivant = c.fetchone()[0]
                if suivant is None:
                    return tuple(trouves)
                trouves.append(str(suivant))

    def taille(self, programme: str) -> int:
        """The last position of a programme; 0 when it has no event."""
        if self._absente():
            return 0
        with self._lecture() as c:
            c.execute(
                "SELECT MAX(originator_version) FROM stored_events "
                "WHERE originator_id=? AND typeof(originator_version)='integer'",
                (programme,),
            )
            return int(c.fetchone()[0] or 0)

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
        """The lines of a programme by pages: no read transaction stays open between two."""
        while not self._absente():
            with self._lecture() as c:
                c.execute(
                    "SELECT originator_version, topic, state FROM stored_events "
                    "WHERE originator_id=? AND originator_version>? AND originator_version<=? "
                    "ORDER BY originator_version LIMIT ?",
                    (programme, apres, 2**62 if jusqua is None else jusqua, _PAGE),
                )
                page = c.fetchall()
            if page:
                yield page
            if len(page) < _PAGE:
                return
            apres = page[-1][0]

    def retrouver(self, programme: str, ids: Iterable[str]) -> dict[str, EntreeIndex]:
        """Which of these command ids were accepted, and where."""
        trouves: dict[str, EntreeIndex] = {}
        if self._absente() or not self._indexee:
            return trouves
        restants = list(dict.fromkeys(ids))
        with self._lecture() as c:
            for debut in range(0, len(restants), _MAX_VARIABLES):
                lot = restants[debut : debut + _MAX_VARIABLES]
                marques = ",".join("?" * len(lot))
                requete = (
                    "SELECT id_commande, position, empreinte "  # noqa: S608 - question marks only
                    f"FROM fabriques_commandes WHERE programme=? AND id_commande IN ({marques})"
                )
                c.execute(requete, (programme, *lot))
                for ligne in c.fetchall():
                    trouves[ligne[0]] = EntreeIndex(*ligne)
        return trouves

    def index(self) -> Iterator[tuple[str, EntreeIndex]]:
        """The whole index of command ids, by programme and id."""
        dernier = ("", "")
        while not self._absente() and self._indexee:
            with self._lecture() as c:
                c.execute(
                    "SELECT programme, id_commande, position, empreinte FROM fabriques_commandes "
                    "WHERE (programme, id_commande) > (?, ?) "
                    "ORDER BY programme, id_commande LIMIT ?",
                    (*dernier, _PAGE),
                )
                page = c.fetchall()
            for programme, id_commande, position, empreinte in page:
                yield programme, EntreeIndex(id_commande, position, empreinte)
            if len(page) < _PAGE:
                return
            dernier = (page[-1][0], page[-1][1])

    def ajouter(self, ecritures: Sequence[Ecriture]) -> None:
        """Add events and ids in one durable transaction: all or nothing."""
        with self._usage, traduire(self.fichier):
            if not self._ecriture:
                raise StoreReadOnlyError(f"La base {self.fichier} est ouverte en lecture seule.")
            # an open one is looked at under the writers' lock, and after the commit
            factory = self._factory or self._ouverte() or self._creer()
            self._comptee = factory.recorder.ecrire(
                ecritures, self.fichier, comptee=self._comptee, regarder=self._regarder
            )
        # what was committed to a file that is gone is not durable; a copy put over it meanwhile
        # looks like our own checkpoint, and the next write tells one from the other
        self._regarder(seule=False, apres_ecriture=True)

    def _creer(self) -> Factory:
        """Create the file; several processes may be doing so at once."""
        if not self._creation_permise:
            raise absente(self.fichier)
        with self._ouverture:
            return self._factory or self._ouvrir(creer=True)

    def taille_index(self, programme: str) -> int:
        """How many command ids of a programme the index holds."""
        if self._absente() or not self._indexee:
            return 0
        with self._lecture() as c:
            c.execute("SELECT COUNT(*) FROM fabriques_commandes WHERE programme=?", (programme,))
            return int(c.fetchone()[0])

    def reindexer(self, programme: str, entrees: Iterable[EntreeIndex]) -> None:
        """Give the index of a programme the entries it lacks, in one transaction."""
        factory = self._ouverte()
        if factory is None or not self._ecriture:
            raise StoreReadOnlyError(f"La base {self.fichier} n'est pas ouverte en écriture.")
        rangees = [(programme, *entree) for entree in entrees]  # read before the transaction
        with self._usage, traduire(self.fichier):
            factory.recorder.indexer(rangees, regarder=self._regarder)

    def controler(self) -> list[str]:
        """What `PRAGMA integrity_check` reports, and what has no place in a ledger base."""
        if self._absente():
            return []
        with self._lecture() as c:
            c.execute("PRAGMA integrity_check(100)")
            defauts = [str(ligne[0]) for ligne in c.fetchall()]
            c.execute(
                "SELECT COUNT(*) FROM stored_events WHERE typeof(originator_id) <> 'text' "
                "OR typeof(originator_version) <> 'integer' OR originator_version < 1"
            )
            hors = int(c.fetchone()[0])
            c.execute("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')")
            intrus = [f"{genre} {nom} présent" for genre, nom in c.fetchall()]
        defauts = [*([] if defauts == ["ok"] else defauts), *intrus]
        if hors:
            defauts.append(f"{hors} lignes n'ont pas de place dans un journal")
        return defauts

    def fermer(self) -> None:
        """Close every connection, once what other threads are doing is done.

        Twice is fine. In a process that did not open the base, nothing happens.
        """
        if self._usage.fermer() and self._factory is not None:
            self._factory.close()
            self._factory = None
        while self._lacher:
            self._lacher.pop()()

    @contextmanager
    def _lecture(self) -> Iterator[sqlite3.Cursor]:
        with self._usage:
            factory = self._ouverte()
            if factory is None:
                raise absente(self.fichier)
            with traduire(self.fichier), factory.bassin.lecture() as curseur:
                yield curseur
