"""Snapshots: the state of a journal at a position, kept beside the base so that opening is short.

A cache and nothing more: never read by an audit nor by a figure, thrown away at the first doubt. It
is taken in only if its own digest holds, if the very code that makes states wrote it, if the line
of the base at its position is the one that it followed, and if nobody but its owner could write it
(see ADR 0050 for what that does and does not promise).

File: one line of JSON (format, code, SHA-256 of the rest), then MessagePack.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from tempfile import mkstemp
from typing import Any, cast

from immutables import Map
from msgspec import MsgspecError, Raw, Struct, json, msgpack

from .erreurs import StoreCorruptError
from .preuve.canonique import json_canonique
from .preuve.ligne import Lineur
from .programme import Demande, Dossier, Programme
from .regles import Chronologie, Regles, Revision
from .soldes import Soldes
from .stockage.port import LigneBrute, Store

FORMAT = 1
SUFFIXE = ".cliche"
_ENTETE_MAX = 512
_SOURCES = (
    *("champs", "cliche", "erreurs", "evenements", "montants", "programme", "provenance"),
    *("registre", "regles", "soldes", "temps", "valeurs"),
)
"""The modules that make a state, and keep it: a change of one of them drops every snapshot."""
_DROITS_LARGES = stat.S_IWGRP | stat.S_IWOTH


class ClicheIgnore(Exception):  # noqa: N818 - a French statement of fact
    """A snapshot that is not to be used, and why."""


class _Entete(Struct, forbid_unknown_fields=True):
    format: int
    code: str
    empreinte: str


class _Corps(Struct, array_like=True, forbid_unknown_fields=True):
    programme: str
    taille: int
    tete: str
    dernier_instant: str
    fondations: list[int]
    souches: bytes
    racine: bytes
    ouverture: tuple[date, dict[str, Any]]
    revisions: list[tuple[date, int, dict[str, Any]]]
    clos: bool
    soldes: list[tuple[int, str, int]]
    exercices: list[int]
    rapproches: dict[int, Demande]
    jeux: list[dict[str, Any]]
    """The rules that judged the labels: a label holds its rank here."""
    dossiers: dict[str, Raw]


class Cliche(Struct, frozen=True):
    """A state that was read, and what puts it at its place in its journal."""

    etat: Programme
    tete: str
    """Leaf of the last line counted."""
    dernier_instant: str
    fondations: list[int]
    souches: bytes
    racine: bytes

    @property
    def taille(self) -> int:
        """How many lines it stands for."""
        return self.etat.position


class Gardes(Mapping[str, Dossier]):
    """The structures of a snapshot, each decoded when it is first asked for; what `Map` offers."""

    __slots__ = ("_base", "_lire", "_neufs")

    def __init__(
        self,
        base: dict[str, Raw],
        lire: msgpack.Decoder[Dossier],
        neufs: Map[str, Dossier] | None = None,
    ) -> None:
        self._base = base
        self._lire = lire
        self._neufs: Map[str, Dossier] = Map() if neufs is None else neufs

    def __getitem__(self, structure: str) -> Dossier:
        neuf = self._neufs.get(structure)
        if neuf is not None:
            return neuf
        try:
            return self._lire.decode(self._base[structure])
        except (MsgspecError, LookupError, UnicodeDecodeError) as erreur:
            if structure not in self._base:
                raise
            raise StoreCorruptError(
                f"Le cliché ne se lit pas pour {structure}.",
                remede="Supprimer le dossier de clichés : il se refait.",
            ) from erreur

    def set(self, structure: str, dossier: Dossier) -> Gardes:
        """The same, with one more or another structure."""
        return Gardes(self._base, self._lire, self._neufs.set(structure, dossier))

    def __contains__(self, structure: object) -> bool:
        return structure in self._neufs or structure in self._base

    def __iter__(self) -> Iterator[str]:
        yield from self._base
        yield from (s for s in self._neufs if s not in self._base)

    def __len__(self) -> int:
        return len(self._base) + sum(s not in self._base for s in self._neufs)

    __hash__ = None  # type: ignore[assignment]


@cache
def code_des_etats() -> str:
    """Hex SHA-256 of the code that makes states."""
    somme = sha256()
    for module in _SOURCES:
        somme.update(files("ledger").joinpath(f"{module}.py").read_bytes())
    return somme.hexdigest()


def chemin_du_cliche(dossier: str | Path, store: Store, programme: str) -> Path | None:
    """The file of the snapshot of a journal: named after its first line; None without any."""
    for ligne in store.lire(programme, jusqua=1):
        feuille = _feuille(programme, ligne)
        return None if feuille is None else Path(dossier) / f"{programme}-{feuille[:16]}{SUFFIXE}"
    return None


def _feuille(programme: str, ligne: LigneBrute) -> str | None:
    """The hex leaf of a stored line; None for what is no line (SQLite keeps any type)."""
    if type(ligne.topic) is not str or type(ligne.octets) is not bytes:
        return None
    return Lineur(programme).feuille(*ligne).hex()


def en_octets(cliche: Cliche) -> bytes:
    """The content of the file."""
    jeux: list[dict[str, Any]] = []
    rangs: dict[bytes, int] = {}
    connus: dict[int, int] = {}

    def garder(regles: Any) -> int:
        if id(regles) not in connus:
            donnees = regles.model_dump(mode="json")
            octets = json_canonique(donnees)
            if octets not in rangs:
                rangs[octets] = len(jeux)
                jeux.append(donnees)
            connus[id(regles)] = rangs[octets]
        return connus[id(regles)]

    etat = cliche.etat
    if etat.regles is None:
        raise ClicheIgnore("le programme n'est pas ouvert")
    tenus = dict(etat.dossiers.items())  # kept alive: `connus` goes by identity
    dossiers = msgpack.Encoder(enc_hook=garder).encode(tenus)
    corps = _Corps(
        etat.slug,
        etat.position,
        cliche.tete,
        cliche.dernier_instant,
        cliche.fondations,
        cliche.souches,
        cliche.racine,
        (etat.regles.ouverture, etat.regles.etapes[0][1].model_dump(mode="json")),
        [(r.date_effet, r.position, dict(r.changements)) for r, _ in etat.regles.etapes[1:]],
        etat.clos,
        [(annee, membre, c) for (annee, membre), c in etat.soldes.valeurs.items()],
        sorted(etat.exercices_avec_faits),
        dict(etat.rapproches.items()),
        jeux,
        msgpack.decode(dossiers, type=dict[str, Raw]),
    )
    octets = msgpack.encode(corps)
    entete = _Entete(FORMAT, code_des_etats(), sha256(octets).hexdigest())
    return json.encode(entete) + b"\n" + octets


def de_octets(octets: bytes) -> Cliche:
    """The snapshot that a file holds. Raises: ClicheIgnore."""
    fin = octets.find(b"\n", 0, _ENTETE_MAX)
    try:
        entete = json.decode(octets[: max(fin, 0)], type=_Entete)
    except (MsgspecError, UnicodeDecodeError) as erreur:
        raise ClicheIgnore("ce n'est pas un cliché") from erreur
    if (entete.format, entete.code) != (FORMAT, code_des_etats()):
        raise ClicheIgnore("il vient d'une autre version du programme")
    reste = memoryview(octets)[fin + 1 :]
    if sha256(reste).hexdigest() != entete.empreinte:
        raise ClicheIgnore("il est tronqué ou abîmé")
    try:
        return _relire(msgpack.decode(reste, type=_Corps))
    except (MsgspecError, ValueError, LookupError, UnicodeDecodeError) as erreur:
        raise ClicheIgnore(f"son contenu ne se lit pas ({erreur})") from erreur


def _relire(corps: _Corps) -> Cliche:
    jeux = [Regles.model_validate(jeu) for jeu in corps.jeux]

    def rendre(_: type, rang: Any) -> Any:
        return jeux[rang]

    depuis, regles = corps.ouverture
    chronologie = Chronologie.ouvrir(depuis, Regles.model_validate(regles))
    for jour, position, changements in sorted(corps.revisions, key=lambda r: r[1]):
        chronologie = chronologie.reviser(Revision(jour, position, changements))
    lire = msgpack.Decoder(Dossier, dec_hook=rendre)
    etat = Programme(
        slug=corps.programme,
        position=corps.taille,
        regles=chronologie,
        clos=corps.clos,
        soldes=Soldes({(annee, membre): c for annee, membre, c in corps.soldes}),
        dossiers=cast("Map[str, Dossier]", Gardes(corps.dossiers, lire)),
        exercices_avec_faits=frozenset(corps.exercices),
        rapproches=Map(corps.rapproches),
        demandes=Map({demande: position for position, demande in corps.rapproches.items()}),
    )
    return Cliche(
        etat, corps.tete, corps.dernier_instant, corps.fondations, corps.souches, corps.racine
    )


def lire(chemin: Path, store: Store, programme: str) -> Cliche | None:
    """The snapshot of that file, when it is to be trusted for that base; None when there is none.

    Raises: ClicheIgnore; StoreError when the base cannot be read.
    """
    try:
        octets = _lire_octets(chemin)
    except FileNotFoundError:
        return None
    except OSError as erreur:
        raise ClicheIgnore(f"il est inaccessible ({erreur.strerror})") from erreur
    cliche = de_octets(octets)
    if cliche.etat.slug != programme:
        raise ClicheIgnore(f"il est du programme {cliche.etat.slug}")
    # asked first: a store may take a line that it lacks for a server put back while in use
    presente = store.taille(programme) >= cliche.taille
    lignes = store.lire(programme, apres=cliche.taille - 1, jusqua=cliche.taille)
    if not presente or [_feuille(programme, ligne) for ligne in lignes] != [cliche.tete]:
        raise ClicheIgnore(f"la base n'a pas, en {cliche.taille}, la ligne qu'il suivait")
    return cliche


def _lire_octets(chemin: Path) -> bytes:
    exiger_a_nous(chemin.parent.stat(), "son dossier")
    descripteur = os.open(chemin, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descripteur, "rb") as fichier:
        exiger_a_nous(os.fstat(descripteur), "le fichier")
        return fichier.read()


def exiger_a_nous(vu: os.stat_result, quoi: str) -> None:
    """Refuse what another account could have written: who may edit a state decides payments.

    Raises: ClicheIgnore. Where accounts have no number (Windows), nothing is looked at.
    """
    if not hasattr(os, "geteuid"):
        return
    if vu.st_uid not in (0, os.geteuid()):
        raise ClicheIgnore(f"{quoi} appartient à un autre compte")
    if vu.st_mode & _DROITS_LARGES:
        raise ClicheIgnore(f"{quoi} est ouvert en écriture à d'autres comptes (chmod go-w)")


def ecrire(chemin: Path, octets: bytes) -> None:
    """Put a snapshot in place, whole or not at all. Raises: OSError."""
    chemin.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for reste in chemin.parent.glob(f"{chemin.name}.*tmp"):
        reste.unlink(missing_ok=True)  # of a process killed while it was writing
    # a name of its own: another thread or process may be writing the same, and then fails
    descripteur, provisoire = mkstemp(dir=chemin.parent, prefix=f"{chemin.name}.", suffix=".tmp")
    try:
        with os.fdopen(descripteur, "wb") as fichier:
            fichier.write(octets)
        Path(provisoire).replace(chemin)
    except BaseException:
        Path(provisoire).unlink(missing_ok=True)
        raise


def presents(dossier: Path) -> Iterable[Path]:
    """The snapshots of a folder, sorted."""
    return sorted(dossier.glob(f"*{SUFFIXE}"))
