"""A copy of the read model that can be handed over: one file, complete, that says what it is.

Never a copy of bytes under a writer: SQLite makes it (`VACUUM INTO`), in one read transaction, or
the figures are made again from the journal. It is put in place when complete, under a name that
was free, in journal mode DELETE: opened immutable, it needs no file beside it.
"""

from __future__ import annotations

import os
import sqlite3
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from ledger.erreurs import StoreCorruptError, StoreMissingError, UsageError
from ledger.preuve.merkle import Arbre
from ledger.preuve.releve import Releve, origine
from ledger.stockage.port import Store

from ..lecture import Lecture
from ..lecture.fichier import RECONSTRUIRE, traduire, verifier_version

_BLOC = 1 << 20
_LECTURE_SEULE = 0o444


def copier(cible: Path, source: Store | Path) -> None:
    """Write a read model to `cible`, which must not exist: made from a base, or copied from a file.

    Raises: UsageError when `cible` exists; StoreMissingError, StoreForeignError,
    ReadModelOutdatedError for a source that is no read model of this version; ChainBrokenError;
    StoreError.
    """
    exiger_libre(cible)
    if isinstance(source, Path):
        with Lecture(source, ecriture=False) as modele:
            if not modele.positions():
                raise StoreMissingError(
                    f"Le modèle de lecture {source} est vide.",
                    remede="Le construire avec `fabriques lecture`.",
                )
            verifier_version(modele.db, source)
            with traduire(source):
                modele.db.execute("VACUUM INTO ?", (str(cible),))
    else:
        if not source.programmes():
            raise StoreMissingError(
                "La base ne tient encore aucun programme : rien à copier.",
                remede="L'ouvrir avec une commande OuvrirProgramme.",
            )
        with Lecture(cible) as modele:
            modele.rafraichir(source)
    with closing(sqlite3.connect(cible)) as conn, traduire(cible):
        conn.execute("PRAGMA journal_mode=DELETE")
    with cible.open("rb") as flux:
        os.fsync(flux.fileno())
    cible.chmod(_LECTURE_SEULE)


def releves_de(copie: Path) -> dict[str, Releve]:
    """Programme -> the checkpoint that the copy stands for, its lines hashed again.

    Raises: StoreCorruptError when the lines of a programme do not give the root that it announces.
    """
    uri = f"file:{quote(str(copie.absolute()))}?mode=ro&immutable=1"
    releves = {}
    with closing(sqlite3.connect(uri, uri=True)) as conn, traduire(copie):
        tenus = conn.execute("SELECT programme, position, racine FROM programmes ORDER BY 1")
        for programme, position, racine in tenus.fetchall():
            releve = _releve(conn, programme)
            calcule = (releve.taille, b64encode(releve.racine).decode("ascii"))
            if calcule != (position, racine):
                raise StoreCorruptError(
                    f"Le modèle de lecture annonce {programme} à la position {position}, et ses "
                    "lignes ne donnent pas la racine annoncée.",
                    remede=RECONSTRUIRE,
                )
            releves[programme] = releve
    return releves


def _releve(conn: sqlite3.Connection, programme: str) -> Releve:
    arbre, fondation = Arbre(), 1
    lignes = conn.execute(
        "SELECT position, type, ligne FROM faits WHERE programme = ? ORDER BY position",
        (programme,),
    )
    for position, topic, ligne in lignes:
        arbre.ajouter((sha256(b"\x00" + ligne.encode("utf-8")).digest(),))
        if topic == "journal-repris":
            fondation = position
    return Releve(origine(programme, arbre.feuille(fondation)), arbre.taille, arbre.racine())


def presenter(copie: Path, nom: str) -> str:
    """The text that goes with a copy: digest, checkpoints, how to confront them."""
    lignes = [
        "Copie du modèle de lecture d'un grand livre (fabriques-ledger).",
        f"Fichier : {nom}",
        f"SHA-256 : {empreinte(copie)}",
        "",
        "Elle tient les chiffres et les lignes du journal à ces positions. Ses lignes ont été",
        "recomptées : elles donnent ces racines. Le journal seul fait foi ; pour confronter ce",
        "texte à la base, garder chaque relevé dans un fichier, puis :",
        "  fabriques verifier --base BASE --releve FICHIER",
        "",
    ]
    for programme, releve in releves_de(copie).items():
        corps = releve.corps.decode("utf-8") if isinstance(releve.corps, bytes) else releve.corps
        lignes += [f"Relevé du programme {programme} (origine, position, racine) :", "", corps]
    return "\n".join(lignes)


def exporter_copie(cible: Path, source: Store | Path) -> None:
    """The copy alone and its text (`<cible>.origine.txt`), neither over an existing file."""
    texte = cible.with_name(f"{cible.name}.origine.txt")
    exiger_libre(cible)
    exiger_libre(texte)
    partiel = cible.with_name(f".{cible.name}.{os.getpid()}.partiel")
    try:
        copier(partiel, source)
        ecrire(texte, presenter(partiel, cible.name))
        _poser(partiel, cible)
    except BaseException:
        partiel.unlink(missing_ok=True)
        if not cible.exists():
            texte.unlink(missing_ok=True)
        raise
    partiel.unlink(missing_ok=True)


def _poser(partiel: Path, cible: Path) -> None:
    """Give the file its name, only if the name is free (a link never replaces)."""
    try:
        os.link(partiel, cible)
    except FileExistsError:
        exiger_libre(cible)
        raise
    except OSError:  # a file system without hard links
        exiger_libre(cible)
        partiel.rename(cible)


def exiger_libre(cible: Path) -> None:
    """Refuse a name that is taken, by anything. Raises: UsageError."""
    if cible.is_symlink() or cible.exists():
        raise UsageError(
            f"{cible} existe : une copie n'en remplace aucune.",
            remede="Donner un autre nom à --sortie.",
        )


def empreinte(fichier: Path) -> str:
    """Hex SHA-256 of a file, read by blocks."""
    calcul = sha256()
    with fichier.open("rb") as flux:
        lire: Callable[[], bytes] = lambda: flux.read(_BLOC)  # noqa: E731
        for bloc in iter(lire, b""):
            calcul.update(bloc)
    return calcul.hexdigest()


def ecrire(fichier: Path, texte: str) -> None:
    """Write a text to a new file."""
    with fichier.open("x", encoding="utf-8", newline="\n") as flux:
        flux.write(texte)
