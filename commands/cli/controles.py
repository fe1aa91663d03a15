"""The checks of `doctor`. A check answers `ok`, `constat` (a finding) or `ignore` (not done)."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
import sys
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from hashlib import new
from importlib import import_module, metadata
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Literal

from msgspec import Struct

from ledger.champs import neutraliser
from ledger.sceau.fichiers import lire

from .rendu import accorder

DISTRIBUTION = "fabriques-ledger"
PAQUETS = ("commands", "ledger", "projections")
OUTILS = ("openssl", "ssh-keygen", "jq", "sqlite3")
PYTHON_MIN = (3, 11)
_MONTRES = 10
"""Files named at most in one finding."""
_ALGORITHMES = ("sha256", "sha384", "sha512")
"""Those that the format of wheels admits."""
_OCTETS_MAX = 50_000_000
_EXIGENCE = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)\)?\s*(;.*)?")
_BORNE = re.compile(r"\s*(>=|<=|==|!=|<|>)\s*([0-9]+(?:\.[0-9]+)*)\s*")


class Controle(Struct, frozen=True):
    """The result of one check."""

    controle: str
    statut: Literal["ok", "constat", "ignore"]
    detail: str


def tout_controler() -> tuple[Controle, ...]:
    """Every check, in order; one that breaks is a finding and does not hide the others."""
    faits: list[Controle] = []
    for nom, controle in _CONTROLES:
        try:
            faits.extend(controle(nom))
        except Exception as erreur:
            faits.append(Controle(nom, "constat", f"{type(erreur).__name__} : {erreur}"))
    return tuple(faits)


def _python(nom: str) -> Iterator[Controle]:
    trouvee = sys.version.split()[0]
    voulue = ".".join(map(str, PYTHON_MIN))
    statut: Literal["ok", "constat"] = "ok" if sys.version_info >= PYTHON_MIN else "constat"
    yield Controle(nom, statut, f"Python {trouvee} ({voulue} ou plus récent).")


def _dependances(nom: str) -> Iterator[Controle]:
    try:
        exigences = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Controle(
            nom, "ignore", f"{DISTRIBUTION} n'est pas installé : exigences de versions inconnues."
        )
        return
    trouvees: list[str] = []
    defauts: list[str] = []
    for exigence in exigences:
        lue = _EXIGENCE.fullmatch(exigence)
        if lue is None:
            yield Controle(nom, "ignore", f"Exigence non comprise : {exigence}.")
            continue
        if lue[3] is not None:
            continue  # of an extra, or of another platform
        try:
            version = metadata.version(lue[1])
        except metadata.PackageNotFoundError:
            defauts.append(f"{lue[1]} manque.")
            continue
        if not convient(version, lue[2]):
            defauts.append(f"{lue[1]} {version} ne convient pas à {lue[2]}.")
        trouvees.append(f"{lue[1]} {version}")
    for defaut in defauts:
        yield Controle(nom, "constat", defaut)
    if not defauts:
        yield Controle(nom, "ok", f"Trouvées : {', '.join(trouvees)}.")


def convient(version: str, bornes: str) -> bool:
    """Whether a version satisfies `>=8.3,<9` (release numbers only; a pre-release counts as it)."""
    numero = _numero(version)
    for borne in filter(None, (b.strip() for b in bornes.split(","))):
        lue = _BORNE.fullmatch(borne)
        if lue is None:
            return False
        limite = _numero(lue[2])
        taille = max(len(numero), len(limite))
        a = numero + (0,) * (taille - len(numero))
        b = limite + (0,) * (taille - len(limite))
        tenue = {
            ">=": a >= b,
            "<=": a <= b,
            "==": a == b,
            "!=": a != b,
            "<": a < b,
            ">": a > b,
        }[lue[1]]
        if not tenue:
            return False
    return True


def _numero(version: str) -> tuple[int, ...]:
    trouve = re.match(r"[0-9]+(?:\.[0-9]+)*", version.partition("!")[2] or version)
    return tuple(map(int, trouve[0].split("."))) if trouve is not None else ()


def _sqlite(nom: str) -> Iterator[Controle]:
    with closing(sqlite3.connect(":memory:")) as base:
        options = {str(ligne[0]) for ligne in base.execute("PRAGMA compile_options")}
        fils = next((o for o in sorted(options) if o.startswith("THREADSAFE=")), "THREADSAFE=?")
        statut: Literal["ok", "constat"] = "constat" if fils == "THREADSAFE=0" else "ok"
        yield Controle(nom, statut, f"SQLite {sqlite3.sqlite_version}, {fils}.")
        for quoi, sql in (
            ("tables STRICT", "CREATE TABLE essai_strict (a INTEGER NOT NULL) STRICT"),
            ("recherche plein texte FTS5", "CREATE VIRTUAL TABLE essai_fts USING fts5 (a)"),
        ):
            try:
                base.execute(sql)
            except sqlite3.Error as erreur:
                yield Controle(nom, "constat", f"Sans {quoi} ({erreur}).")
            else:
                yield Controle(nom, "ok", f"Avec {quoi}.")


def _durabilite(nom: str) -> Iterator[Controle]:
    """Write a real base in the temporary folder: the store asserts its own settings."""
    from commands import GrandLivre  # noqa: PLC0415
    from commands.demo import PROGRAMME, commandes_demo  # noqa: PLC0415
    from ledger.audit import verifier  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="fabriques-doctor-") as dossier:
        base = Path(dossier) / "essai.db"
        with GrandLivre.ouvrir(base, creer=True) as livre:
            recu = livre.executer(next(commandes_demo(date.max)))
            conforme = verifier(livre.store, PROGRAMME).conforme
        with closing(sqlite3.connect(base)) as lue:
            mode = lue.execute("PRAGMA journal_mode").fetchone()[0]
    if not recu.acceptee or not conforme:
        yield Controle(nom, "constat", "Une base d'essai n'a pas pu être écrite puis vérifiée.")
    elif mode != "wal":
        yield Controle(nom, "constat", f"Mode de journal SQLite {mode!r} au lieu de WAL.")
    else:
        yield Controle(
            nom, "ok", "Une base d'essai est écrite (WAL, synchronous=FULL), relue et vérifiée."
        )


def _fichiers(nom: str) -> Iterator[Controle]:
    """The installed files against the hashes of RECORD."""
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        yield Controle(nom, "ignore", f"{DISTRIBUTION} n'est pas installé : aucune empreinte.")
        return
    yield comparer(nom, distribution)


def comparer(nom: str, distribution: metadata.Distribution) -> Controle:
    """The files of our packages that an installation brought, against its RECORD."""
    try:
        if est_modifiable(distribution.read_text("direct_url.json")):
            dit = "Installation modifiable (editable) : les fichiers n'ont pas d'empreinte."
            return Controle(nom, "ignore", dit)
        # the text itself: from Python 3.12 on, `files` silently leaves out those that are missing
        record = distribution.read_text("RECORD")
        rangees = [*csv.reader((record or "").splitlines(), strict=True)]
    except (UnicodeDecodeError, csv.Error):
        return Controle(nom, "constat", "Le RECORD de l'installation ne se lit pas.")
    if record is None:  # not installed by pip
        return Controle(nom, "ignore", "L'installation n'a pas de RECORD : aucune empreinte.")
    racine = Path(str(distribution.locate_file("")))
    empreintes = {
        rangee[0]: rangee[1] if len(rangee) > 1 else ""
        for rangee in rangees
        if rangee and rangee[0].split("/")[0] in PAQUETS and not rangee[0].endswith(".pyc")
    }
    if not empreintes:
        return Controle(nom, "constat", "Le RECORD de l'installation ne nomme aucun fichier.")
    attendus = {(racine / relatif).absolute() for relatif in empreintes}
    defauts = [f for f, dite in empreintes.items() if not _intact(racine, f, dite)]
    defauts += [
        f"{intrus} (en trop)"
        for paquet in PAQUETS
        for intrus in sorted((racine / paquet).rglob("*"))
        if _importable(intrus) and intrus.absolute() not in attendus
    ]
    if defauts:
        suite = ", ".join(defauts[:_MONTRES]) + (" ..." if len(defauts) > _MONTRES else "")
        dit = f"{accorder(len(defauts), 'fichier')} hors de la version publiée : {suite}"
        return Controle(nom, "constat", neutraliser(dit))
    comparees = accorder(len(empreintes), "fichier")
    return Controle(nom, "ok", f"{comparees} comparés, conformes à leur empreinte.")


def _importable(fichier: Path) -> bool:
    """Whether Python would run it: a compiled module comes before the `.py` of the same name."""
    return fichier.parent.name != "__pycache__" and fichier.name.endswith((*all_suffixes(),))


def est_modifiable(direct_url: str | None) -> bool:
    """Whether `direct_url.json` tells of an editable install."""
    try:
        donnees = json.loads(direct_url or "{}")
    except (ValueError, RecursionError):
        return False
    dossier = donnees.get("dir_info") if isinstance(donnees, dict) else None
    return isinstance(dossier, dict) and dossier.get("editable") is True


def _intact(racine: Path, relatif: str, empreinte: str) -> bool:
    """Whether the file is there with the hash that RECORD gives (`algorithm=base64url`).

    One out of the folder, or that is no file (a pipe, a device), is not ours.
    """
    algorithme, _, attendue = empreinte.partition("=")
    if algorithme not in _ALGORITHMES or ".." in relatif.split("/"):
        return False
    try:
        octets, _ = lire(racine / relatif, maximum=_OCTETS_MAX, suivre_liens=True)
    except (OSError, ValueError):
        return False
    obtenue = new(algorithme, octets).digest()
    return urlsafe_b64encode(obtenue).rstrip(b"=").decode("ascii") == attendue


def _proprietaires(nom: str) -> Iterator[Controle]:
    """Nobody else's `ledger`, `commands` or `projections`, and the three from one folder."""
    proprietaires = metadata.packages_distributions()
    autres = {
        f"{paquet} appartient aussi à {autre}"
        for paquet in PAQUETS
        for autre in proprietaires.get(paquet, ())
        if re.sub(r"[-_.]+", "-", autre).lower() != DISTRIBUTION
    }
    for phrase in sorted(autres):
        yield Controle(nom, "constat", f"{phrase} : désinstaller l'un des deux.")
    dossiers = {
        Path(str(import_module(paquet).__file__)).resolve().parent.parent for paquet in PAQUETS
    }
    etranger = _ailleurs(dossiers)
    if len(dossiers) > 1:
        lieux = ", ".join(sorted(map(str, dossiers)))
        yield Controle(
            nom, "constat", f"Les trois paquets ne viennent pas du même dossier : {lieux}."
        )
    elif etranger is not None:
        yield Controle(nom, "constat", etranger)
    elif not autres:
        yield Controle(nom, "ok", f"{', '.join(PAQUETS)} : un seul propriétaire, un seul dossier.")


def _ailleurs(dossiers: set[Path]) -> str | None:
    """What is wrong when the code that runs is not the installed one: `fichiers` then says nothing
    of it. An editable install runs from where it was installed from."""
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None
    installe = Path(str(distribution.locate_file(""))).resolve()
    if est_modifiable(distribution.read_text("direct_url.json")) or dossiers == {installe}:
        return None
    lieux = ", ".join(sorted(map(str, dossiers)))
    return f"Le code qui tourne vient de {lieux}, pas de l'installation {installe}."


def _outils(nom: str) -> Iterator[Controle]:
    """The tools of others with which a pack is checked: useful, never needed by the ledger."""
    absents = [outil for outil in OUTILS if shutil.which(outil) is None]
    presents = [outil for outil in OUTILS if outil not in absents]
    if presents:
        yield Controle(nom, "ok", f"Trouvés : {', '.join(presents)}.")
    if absents:
        yield Controle(
            nom,
            "ignore",
            f"Absents : {', '.join(absents)} ; sans eux, un dossier de preuve se vérifie par "
            "« python3 verifier_dossier.py ».",
        )


def _encodage(nom: str) -> Iterator[Controle]:
    for quoi, trouve in (
        ("sortie standard", sys.stdout.encoding),
        ("noms de fichiers", sys.getfilesystemencoding()),
    ):
        bon = (trouve or "").lower().replace("-", "") == "utf8"
        yield Controle(nom, "ok" if bon else "constat", f"Encodage ({quoi}) : {trouve}.")


def _donnees(nom: str) -> Iterator[Controle]:
    """The shipped data, read by the very functions that use it."""
    from commands.demo import laureats  # noqa: PLC0415
    from ledger.bareme import en_vigueur, regles_publiees  # noqa: PLC0415

    regles = regles_publiees("2019")["regles"]
    seuil = en_vigueur("convention_obligatoire", date(2020, 1, 1))
    if seuil is None:
        yield Controle(nom, "constat", "Le seuil de convention de 2020 manque.")
    yield Controle(
        nom,
        "ok",
        f"Règles de 2019 ({len(regles)} champs), {len(laureats())} lauréats et seuils lisibles.",
    )


_CONTROLES: tuple[tuple[str, Callable[[str], Iterator[Controle]]], ...] = (
    ("python", _python),
    ("dependances", _dependances),
    ("sqlite", _sqlite),
    ("durabilite", _durabilite),
    ("fichiers", _fichiers),
    ("proprietaires", _proprietaires),
    ("outils", _outils),
    ("encodage", _encodage),
    ("donnees", _donnees),
)
