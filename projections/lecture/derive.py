"""Drift: every cell of a read model that is not what the replay of the journal gives.

Both sides are read in the order of their keys, row against row: no table is held in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from msgspec import Struct

from ledger.stockage.port import Store

from .gabarit import Controle, est_du_fichier, lisible
from .premiere import CLES, CONSTANTES, PAR_POSITION, Cible, cle_de, situer
from .rangees import Rangee
from .schema import TABLES
from .suite import empreinte_de_ligne

DERIVES_MAX = 1_000
"""Drifts given one by one; the others are counted."""
SITUEES_MAX = 200
"""Drifts whose first diverging position is looked for (those keyed by it have it anyway)."""
_VALEUR_MAX = 4_000
_EXTRAIT = 60

Valeur = int | str | None | Mapping[str, Any]


class Derive(Struct, frozen=True):
    """One drift: a cell, or a whole row when `colonne` is None (`tenu` or `attendu` is then None).

    `position`: the first diverging one. None for the lists of codes, for a row that no prefix of
    the journal has, and beyond the first `SITUEES_MAX`. Texts beyond 4 000 characters are cut.
    """

    table: str
    cle: Mapping[str, Valeur]
    colonne: str | None
    tenu: Valeur
    attendu: Valeur
    position: int | None

    @property
    def phrase(self) -> str:
        """The drift in French."""
        cle = ", ".join(f"{nom}={_dire(valeur)}" for nom, valeur in self.cle.items())
        debut = f"table {self.table}, clé {cle}"
        if self.colonne is None:
            return f"{debut} : ligne {'absente' if self.tenu is None else 'en trop'}"
        tenu, attendu = _extraits(_dire(self.tenu), _dire(self.attendu))
        return f"{debut}, colonne {self.colonne} : {tenu} tenu, {attendu} attendu"


class Etendue(Struct, frozen=True):
    """What was compared of a programme: size and root (base64) of the journal replayed.

    `retard`: how many facts the journal has beyond.
    """

    taille: int
    racine: str
    retard: int


class Comparaison(Struct, frozen=True):
    """A read model against the replay: by programme, what is wrong with the file, every drift.

    `total` counts the drifts, of which `derives` gives the first `DERIVES_MAX`.
    """

    programmes: dict[str, Etendue]
    defauts: tuple[str, ...]
    derives: tuple[Derive, ...]
    total: int

    @property
    def conforme(self) -> bool:
        """Whether the file says what the journal says, and nothing else."""
        return not self.defauts and not self.total

    @property
    def partielle(self) -> bool:
        """Whether some drifts are only counted, or given without looking for their position."""
        return self.total > SITUEES_MAX


class _Ecart(NamedTuple):
    """A difference as met. Without `colonne`, `tenu` or `attendu` is a row and the other None."""

    table: str
    cle: Rangee
    colonne: int | None
    tenu: Any
    attendu: Any


class Suivi:
    """A store that tells how many lines were read of it; everything else is the store's."""

    def __init__(self, store: Store, progres: Callable[[int], None]) -> None:
        self._store = store
        self._progres = progres
        self._lues = 0

    @classmethod
    def de(cls, store: Store, progres: Callable[[int], None] | None) -> Store:
        """The store, followed when somebody listens."""
        return store if progres is None else cast("Store", cls(store, progres))

    def __getattr__(self, nom: str) -> Any:
        return getattr(self._store, nom)

    def pages(
        self, programme: str, *, apres: int = 0, jusqua: int | None = None
    ) -> Iterator[list[tuple[int, str, bytes]]]:
        """The pages of the store."""
        for page in self._store.pages(programme, apres=apres, jusqua=jusqua):
            self._lues += len(page)
            self._progres(self._lues)
            yield page


def positions_tenues(
    tenue: sqlite3.Connection, saines: frozenset[str], store: Store
) -> dict[str, int]:
    """Programme of the journal -> position that the file stands for, 0 when it holds nothing of it.

    The position is the one whose leaf hash is the `tete` that the file holds: one cell edited
    among those that say the position is then one drift, and not a drift of everything after it.
    """
    trouvees = {}
    for programme in store.programmes():
        taille = store.taille(programme)
        dites: list[Any] = []
        tete = None
        for table, choix in (
            ("programmes", "position, tete"),
            ("faits", "max(position), NULL"),
            ("enveloppe", "position, NULL"),
        ):
            if table in saines:
                sql = f"SELECT {choix} FROM {table} WHERE programme = ?"  # noqa: S608
                for position, tete_dite in _essayer(tenue, sql, programme):
                    dites.append(position)
                    tete = tete or tete_dite
        possibles = [min(p, taille) for p in dites if type(p) is int and p > 0]
        sures = (p for p in possibles if empreinte_de_ligne(store, programme, p) == tete)
        trouvees[programme] = next(sures, next(iter(possibles), 0))
    return trouvees


def comparer(
    tenue: sqlite3.Connection,
    temoin: sqlite3.Connection,
    store: Store,
    *,
    controle: Controle,
    positions: Mapping[str, int],
) -> Comparaison:
    """Compare a file with a witness that was made from the journals at these positions.

    Raises: ChainBrokenError, StoreError, and sqlite3.Error when the disk fails.
    """
    gardes: list[_Ecart] = []
    total = 0
    defauts = list(controle.defauts)
    for table in TABLES:
        if table not in controle.saines:
            continue
        try:
            for ecart in _ecarts(table, tenue, temoin):
                total += 1
                if len(gardes) < DERIVES_MAX:
                    gardes.append(ecart)
        except sqlite3.DatabaseError as erreur:
            if not est_du_fichier(erreur):
                raise
            defauts.append(lisible(f"La table {table} ne se lit pas jusqu'au bout : {erreur}."))
    lignes = "SELECT programme, numero, racine FROM programmes"
    racines = {p: (numero, racine) for p, numero, racine in temoin.execute(lignes)}
    numeros = {p: numero for p, (numero, _) in racines.items()}
    situees = _situer(gardes, store, positions, numeros)
    return Comparaison(
        programmes={
            p: Etendue(position, racines[p][1] if p in racines else "", store.taille(p) - position)
            for p, position in positions.items()
        },
        defauts=tuple(defauts),
        derives=tuple(_derive(e, position) for e, position in zip(gardes, situees, strict=True)),
        total=total,
    )


def _essayer(conn: sqlite3.Connection, sql: str, programme: str) -> list[tuple[Any, ...]]:
    """The rows, none when they cannot be read: `comparer` will say so."""
    try:
        return conn.execute(sql, [programme]).fetchall()
    except sqlite3.DatabaseError as erreur:
        if not est_du_fichier(erreur):
            raise
        return []


def _lignes(conn: sqlite3.Connection, table: str) -> Iterator[Rangee]:
    colonnes = ", ".join(f'"{c}"' for c in TABLES[table].colonnes)
    ordre = ", ".join(f'"{c}"' for c in CLES[table])
    yield from conn.execute(f'SELECT {colonnes} FROM main."{table}" ORDER BY {ordre}')  # noqa: S608


def _ecarts(table: str, tenue: sqlite3.Connection, temoin: sqlite3.Connection) -> Iterator[_Ecart]:
    """The differences of a table, in the order of its keys."""
    tenues, attendues = _lignes(tenue, table), _lignes(temoin, table)
    tenu, attendu = next(tenues, None), next(attendues, None)
    while tenu is not None or attendu is not None:
        if tenu is not None and attendu is not None and _memes(tenu, attendu):
            tenu, attendu = next(tenues, None), next(attendues, None)
            continue
        rang_tenu = () if tenu is None else tuple(map(_rang, cle_de(table, tenu)))
        rang_attendu = () if attendu is None else tuple(map(_rang, cle_de(table, attendu)))
        if attendu is None or (tenu is not None and rang_tenu < rang_attendu):
            en_trop = cast("Rangee", tenu)
            yield _Ecart(table, cle_de(table, en_trop), None, en_trop, None)
            tenu = next(tenues, None)
        elif tenu is None or rang_attendu < rang_tenu:
            yield _Ecart(table, cle_de(table, attendu), None, None, attendu)
            attendu = next(attendues, None)
        else:
            for colonne, (a, b) in enumerate(zip(tenu, attendu, strict=True)):
                if not _memes((a,), (b,)):
                    yield _Ecart(table, cle_de(table, attendu), colonne, a, b)
            tenu, attendu = next(tenues, None), next(attendues, None)


def _memes(tenu: Rangee, attendu: Rangee) -> bool:
    """Equal, and of the same types: a damaged file may hold 1.0 where 1 is expected."""
    return tenu == attendu and all(type(a) is type(b) for a, b in zip(tenu, attendu, strict=True))


def _rang(valeur: Any) -> tuple[int, Any]:
    """The order of SQLite: NULL, numbers, texts by their bytes, then blobs."""
    if valeur is None:
        return 0, 0
    if isinstance(valeur, str):
        return 2, valeur.encode("utf-8", "surrogateescape")
    return (3, valeur) if isinstance(valeur, bytes) else (1, valeur)


def _situer(
    ecarts: list[_Ecart], store: Store, positions: Mapping[str, int], numeros: Mapping[str, int]
) -> list[int | None]:
    """The first diverging position of each difference."""
    cibles: dict[int, Cible] = {}
    for i, ecart in enumerate(ecarts):
        if ecart.table not in (*CONSTANTES, *PAR_POSITION) and len(cibles) < SITUEES_MAX:
            cibles[i] = Cible(ecart.table, ecart.cle, ecart.colonne, ecart.tenu)
    for programme, position in positions.items():
        siennes = [c for c in cibles.values() if c.cle[0] == programme]
        if siennes and position:
            numero = numeros[programme]
            situer(store, programme, numero=numero, jusqua=position, cibles=siennes)
    return [
        cibles[i].position if i in cibles else _position_de_la_cle(ecart)
        for i, ecart in enumerate(ecarts)
    ]


def _position_de_la_cle(ecart: _Ecart) -> int | None:
    for nom, valeur in zip(CLES[ecart.table], ecart.cle, strict=True):
        if nom == "position" and type(valeur) is int:
            return valeur
    return None


def _derive(ecart: _Ecart, position: int | None) -> Derive:
    colonnes = tuple(TABLES[ecart.table].colonnes)
    cle = {nom: _montrable(v) for nom, v in zip(CLES[ecart.table], ecart.cle, strict=True)}
    if ecart.colonne is None:
        tenu, attendu = (
            None if r is None else {c: _montrable(v) for c, v in zip(colonnes, r, strict=True)}
            for r in (ecart.tenu, ecart.attendu)
        )
        return Derive(ecart.table, cle, None, tenu, attendu, position)
    tenu_, attendu_ = _montrable(ecart.tenu), _montrable(ecart.attendu)
    return Derive(ecart.table, cle, colonnes[ecart.colonne], tenu_, attendu_, position)


def _montrable(valeur: Any) -> Valeur:
    """A value as JSON can give it: what no read model holds is told as text."""
    if valeur is None or isinstance(valeur, int):
        return valeur
    texte = lisible(valeur) if isinstance(valeur, str) else repr(valeur)
    return texte if len(texte) <= _VALEUR_MAX else f"{texte[:_VALEUR_MAX]}…"


def _dire(valeur: object) -> str:
    if valeur is None:
        return "rien"
    return f"« {valeur} »" if valeur == "" else str(valeur)


def _extraits(tenu: str, attendu: str) -> tuple[str, str]:
    """Two long texts around where they part."""
    communs = next(
        (i for i, (a, b) in enumerate(zip(tenu, attendu, strict=False)) if a != b),
        min(len(tenu), len(attendu)),
    )
    debut = max(communs - _EXTRAIT // 3, 0) if max(len(tenu), len(attendu)) > _EXTRAIT else 0
    return _extrait(tenu, debut), _extrait(attendu, debut)


def _extrait(texte: str, debut: int) -> str:
    fin = debut + _EXTRAIT
    return f"{'…' if debut else ''}{texte[debut:fin]}{'…' if fin < len(texte) else ''}"
