"""The handle on a read-model file: refresh, rebuild, search, compare."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
from msgspec import Struct
from sqlite_utils import Database

from ledger.collecte import sans_collecte
from ledger.erreurs import StoreMissingError, StoreReadOnlyError
from ledger.preuve.canonique import json_canonique
from ledger.stockage.port import Store

from .chantier import Chantier
from .derive import Comparaison, Suivi, comparer, positions_tenues
from .fichier import (
    ReadModelDivergedError,
    ouvrir,
    reconnaitre,
    traduire,
    transaction,
    verifier_version,
)
from .gabarit import controler, sans_confiance
from .rangees import COMPTEES, sans_ligatures
from .schema import TABLES, creer_acces, creer_tables, vider

ATTENTE_SECONDES = 30
Mode = Literal["creation", "rafraichissement", "reconstruction"]
_MOTS_MAX = 32
_MOT = re.compile(r"[^\W_]+")


class Bilan(Struct, frozen=True):
    """What a refresh or a rebuild did.

    By programme: `positions` that the file now stands for, `racines` (Merkle root of the journal
    there, base64), `nouveaux` (facts read). `lignes`: table -> number of rows.
    """

    mode: Mode
    positions: dict[str, int]
    racines: dict[str, str]
    nouveaux: dict[str, int]
    lignes: dict[str, int]


class Trouvaille(Struct, frozen=True):
    """A structure found by a search."""

    programme: str
    structure: str
    porteur: str
    code_postal: str
    ville: str
    etat: str


class Lecture:
    """A read-model file, opened. Not thread-safe; close it when done.

    `ecriture=False` opens an existing file to ask, and never changes a byte of it.
    Raises: StoreForeignError for any other file, StoreMissingError, StoreError.
    """

    def __init__(
        self, fichier: str | Path, *, ecriture: bool = True, attente: int = ATTENTE_SECONDES
    ) -> None:
        self.fichier = Path(fichier)
        self._ecriture = ecriture
        self._db = ouvrir(self.fichier, ecriture=ecriture, attente=attente)

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
        """Close the file."""
        self._db.close()

    @property
    def db(self) -> Database:
        """The `sqlite_utils` database, to ask anything else."""
        return self._db

    def rafraichir(self, store: Store, *, complet: bool = False) -> Bilan:
        """Add what the journals have since the last time; build the file when it is empty.

        First checks, programme by programme, that the journal still begins with what the file
        stands for, by its position and the leaf hash there, which commits to every line before.
        `complet` also hashes these lines again and compares the Merkle root (reads them all).

        Raises: ReadModelDivergedError, ReadModelOutdatedError (nothing is repaired silently: see
        `reconstruire`), StoreError, ChainBrokenError. The file is then as it was.
        """
        with self._travail():
            with transaction(self._db, cles=True):
                if reconnaitre(self._db, self.fichier):
                    verifier_version(self._db, self.fichier)
                    return self._rafraichir(store, complet=complet)
            return self._batir(store, "creation")

    def reconstruire(self, store: Store) -> Bilan:
        """Empty the file and fill it from the journals, in one transaction.

        Until it commits, readers see the previous content; a failure leaves it.
        Raises: StoreError, ChainBrokenError.
        """
        with self._travail():
            rempli = reconnaitre(self._db, self.fichier)
            return self._batir(store, "reconstruction" if rempli else "creation")

    def _rafraichir(self, store: Store, *, complet: bool) -> Bilan:
        tenus = self._positions()
        presents = store.programmes()
        for programme in sorted(tenus.keys() - set(presents)):
            raise ReadModelDivergedError(
                f"Le modèle de lecture tient {programme} jusqu'à la position {tenus[programme]}, "
                "et la base n'a pas ce programme.",
                programme=programme,
                position=tenus[programme],
            )
        chantiers = {p: Chantier(self._db, store, p) for p in presents}
        for chantier in chantiers.values():
            chantier.verifier(complet=complet)
        nouveaux = {p: chantier.avancer() for p, chantier in chantiers.items()}
        return self._bilan("rafraichissement", nouveaux)

    def _batir(self, store: Store, mode: Mode, jusqua: Mapping[str, int] | None = None) -> Bilan:
        with sans_collecte(), transaction(self._db, cles=False):
            reconnaitre(self._db, self.fichier)
            vider(self._db)
            creer_tables(self._db)
            programmes = store.programmes() if jusqua is None else tuple(sorted(jusqua))
            nouveaux = {
                p: Chantier(self._db, store, p).avancer(jusqua=(jusqua or {}).get(p))
                for p in programmes
            }
            creer_acces(self._db)
            return self._bilan(mode, nouveaux)

    def _bilan(self, mode: Mode, nouveaux: dict[str, int]) -> Bilan:
        racines = self._db.execute("SELECT programme, racine FROM programmes ORDER BY programme")
        return Bilan(mode, self._positions(), dict(racines.fetchall()), nouveaux, self._lignes())

    def positions(self) -> dict[str, int]:
        """Programme -> position that the file stands for; empty for an empty file."""
        with self._question() as rempli:
            return self._positions() if rempli else {}

    def lignes(self) -> dict[str, int]:
        """Table -> number of rows; empty for an empty file."""
        with self._question() as rempli:
            return self._lignes() if rempli else {}

    def _positions(self) -> dict[str, int]:
        lignes = self._db.execute("SELECT programme, position FROM programmes ORDER BY programme")
        return dict(lignes.fetchall())

    def _lignes(self) -> dict[str, int]:
        """Tables that grow with the journal are counted as they are written, not again."""
        tenus = self._db.execute("SELECT position, effectifs FROM programmes").fetchall()
        comptes = dict.fromkeys(("faits", *COMPTEES), 0)
        for position, effectifs in tenus:
            comptes["faits"] += position
            for nom, nombre in msgspec.json.decode(effectifs, type=dict[str, int]).items():
                comptes[nom] = comptes.get(nom, 0) + nombre
        return {
            nom: comptes[nom] if nom in comptes else self._db.table(nom).count for nom in TABLES
        }

    def chercher(
        self, texte: str, *, programme: str | None = None, limite: int = 50
    ) -> tuple[Trouvaille, ...]:
        """The structures whose name, town, postcode or id has every word of the text.

        Any text is safe: only its letters and digits count. Case, accents and ligatures make no
        difference, and a word finds those that it begins. Best first, then by programme and id.
        """
        mots = _MOT.findall(unicodedata.normalize("NFC", sans_ligatures(texte)))[:_MOTS_MAX]
        with self._question() as rempli:
            if not mots or not rempli:
                return ()
            trouvees = self._db.execute(
                "SELECT s.programme, s.structure, s.porteur, s.code_postal, s.ville, s.etat "
                "FROM structures_fts f JOIN structures s ON s.numero = f.rowid "
                "WHERE f.structures_fts MATCH :requete "
                "AND (:programme IS NULL OR s.programme = :programme) "
                "ORDER BY f.rank, s.programme, s.structure LIMIT :limite",
                {
                    "requete": " ".join(f'"{mot}"*' for mot in mots),
                    "programme": programme,
                    "limite": limite,
                },
            )
            return tuple(Trouvaille(*ligne) for ligne in trouvees.fetchall())

    def empreintes(self) -> dict[str, str]:
        """Table -> hex SHA-256 of its rows, whatever their order in the file."""
        with self._question() as rempli:
            return {nom: _empreinte(self._db, nom) for nom in TABLES} if rempli else {}

    def empreinte(self) -> str:
        """Hex SHA-256 of the whole content."""
        return sha256(json_canonique(self.empreintes())).hexdigest()

    def comparer(
        self, store: Store, *, progres: Callable[[int], None] | None = None
    ) -> Comparaison:
        """The file against the journals: every cell computed again at the positions of the file.

        Also what SQLite knows of the file: its schema, its integrity, its full-text index. Nothing
        is repaired, and nothing that the file holds is executed. `progres` is told the facts read.
        Raises: StoreMissingError when the file is empty, ReadModelOutdatedError, ChainBrokenError.
        """
        with self._question() as rempli:
            if not rempli:
                raise StoreMissingError(
                    f"Le modèle de lecture {self.fichier} est vide.",
                    remede="Le construire avec `fabriques lecture`.",
                )
            verifier_version(self._db, self.fichier)
            suivi = Suivi.de(store, progres)
            with sans_confiance(self._db), Lecture(":memory:") as temoin:
                controle = controler(self._db)
                positions = positions_tenues(self._db.conn, controle.saines, store)
                temoin._batir(suivi, "creation", positions)
                return comparer(
                    self._db.conn, temoin.db.conn, store, controle=controle, positions=positions
                )

    @contextmanager
    def _travail(self) -> Iterator[None]:
        if not self._ecriture:
            raise StoreReadOnlyError(
                f"Le modèle de lecture {self.fichier} est ouvert en lecture seule."
            )
        with traduire(self.fichier):
            yield

    @contextmanager
    def _question(self) -> Iterator[bool]:
        with traduire(self.fichier):
            yield reconnaitre(self._db, self.fichier)


def _rangees(db: Database, table: str) -> Iterator[tuple[Any, ...]]:
    colonnes = ", ".join(f'"{c}"' for c in TABLES[table].colonnes)
    ordre = ", ".join(str(i) for i in range(1, len(TABLES[table].colonnes) + 1))
    yield from db.execute(f'SELECT {colonnes} FROM "{table}" ORDER BY {ordre}')  # noqa: S608


def _empreinte(db: Database, table: str) -> str:
    empreinte = sha256(json_canonique(list(TABLES[table].colonnes)))
    for rangee in _rangees(db, table):
        empreinte.update(b"\n" + json_canonique(rangee))
    return empreinte.hexdigest()
