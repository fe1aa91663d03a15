"""A disk that fills up: at every size of the files, and on a small file system that is really full.

Two ways. A limit on the size of files (`RLIMIT_FSIZE`), placed at every step around what the base
takes: creation, log, shared memory, checkpoint and closing each meet it in turn. And, where the
process may mount one, a tmpfs of so many pages: "no space left" itself.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from commands import GrandLivre
from ledger import LedgerError, SQLiteStore, StoreError
from tests.fautes.commun import Bilan
from tests.fautes.controle import Acquis, controler
from tests.fautes.coupures import BASE, atelier
from tests.fautes.flux import Plan, horloge, planifier

PAS = 512
PAGE = 4096
LARGE_PAGES = 4096


@contextmanager
def limite(octets: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes (Python ignores SIGXFSZ already)."""
    avant, dur = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, dur))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (avant, dur))


class Essai(NamedTuple):
    """One writer that met a full disk: how it was told, and every promise broken."""

    code: str | None
    recus: int
    fautes: list[str]


def ecrire(base: Path, plan: Plan) -> tuple[list[Acquis], LedgerError | None]:
    """Send the stream by its transactions until an error; what was acknowledged, and the error."""
    acquis: list[Acquis] = []
    try:
        with GrandLivre(SQLiteStore(base, creer=True), clock=horloge()) as livre:
            debut = 0
            for taille in plan.lots:
                recus = livre.executer_lot(plan.commandes[debut : debut + taille])
                debut += taille
                acquis += [
                    Acquis(str(r.id_commande), r.statut, r.positions[0], str(r.racine))
                    for r in recus
                ]
    except LedgerError as erreur:
        return acquis, erreur
    return acquis, None


def juger(erreur: LedgerError | None, recus: int, plan: Plan) -> list[str]:
    """What is wrong with the way a full disk was told."""
    if erreur is None:
        return [] if recus == len(plan.commandes) else ["ni erreur ni fin"]
    fautes = [] if isinstance(erreur, StoreError) else [f"{type(erreur).__name__} : {erreur}"]
    if erreur.code not in ("disque_plein", "base_inutilisable"):
        fautes.append(f"le disque plein est dit {erreur.code} : {erreur.message}")
    if not erreur.remede:
        fautes.append(f"sans remède : {erreur.message}")
    return fautes


def borner(ici: Path, plan: Plan, octets: int, *, depart: Path | None = None) -> Essai:
    """Write under a limit (from a base already there), lift it, and check every promise."""
    for reste in ici.iterdir():
        reste.unlink()
    base = ici / BASE
    if depart is not None:
        for fichier in depart.iterdir():
            shutil.copy(fichier, ici / fichier.name)
    with limite(octets):
        acquis, erreur = ecrire(base, plan)
    fautes = juger(erreur, len(acquis), plan) or controler(base, plan, acquis)
    code = None if erreur is None else erreur.code
    return Essai(code, len(acquis), [f"limite de {octets} octets : {f}" for f in fautes])


@contextmanager
def tmpfs() -> Iterator[Path]:
    """A small file system in memory, that `tailler` resizes. Raises: OSError when not allowed."""
    with tempfile.TemporaryDirectory() as ici:
        _outil("mount", "-t", "tmpfs", "-o", f"size={LARGE_PAGES * PAGE}", "tmpfs", ici)
        try:
            yield Path(ici)
        finally:
            _outil("umount", ici)


def tailler(ici: Path, pages: int) -> None:
    """Give a tmpfs so many pages."""
    _outil("mount", "-o", f"remount,size={pages * PAGE}", str(ici))


def _outil(nom: str, *arguments: str) -> None:
    fait = subprocess.run(
        [str(shutil.which(nom)), *arguments], capture_output=True, check=False, timeout=30
    )
    if fait.returncode:
        raise OSError(fait.stderr.decode("utf-8", "replace").strip())


@cache
def manque_tmpfs() -> str | None:
    """Why no small file system can be mounted here; None when one can."""
    if shutil.which("mount") is None:
        return "mount est absent de cette machine"
    try:
        with tmpfs():
            return None
    except OSError as erreur:
        return f"monter un tmpfs n'est pas permis ici ({erreur})"


def remplir(ici: Path, plan: Plan, pages: int) -> Essai:
    """Write on a file system of so many pages, enlarge it, and check every promise."""
    for reste in ici.iterdir():
        reste.unlink()
    tailler(ici, pages)
    acquis, erreur = ecrire(ici / BASE, plan)
    tailler(ici, LARGE_PAGES)
    fautes = juger(erreur, len(acquis), plan) or controler(ici / BASE, plan, acquis)
    code = None if erreur is None else erreur.code
    return Essai(code, len(acquis), [f"disque de {pages} pages : {f}" for f in fautes])


def campagne(rondes: int, graine: int) -> Bilan:
    """`rondes` limits drawn over what the base takes, and as many sizes of disk as it has pages."""
    plan = planifier(4, (1, 3))
    sort = random.Random(graine)
    details: Counter[str] = Counter()
    fautes: list[str] = []
    with atelier() as ici:
        for _ in range(rondes):
            essai = borner(Path(ici), plan, sort.randrange(500) * PAS + sort.choice((0, 1, 24)))
            details[f"limite, dit {essai.code or 'rien'}"] += 1
            fautes += essai.fautes
    raison = manque_tmpfs()
    if raison is not None:
        details[f"NON FAIT : {raison}"] = 0
        return Bilan(rondes, Counter(details), fautes)
    with tmpfs() as disque:
        for pages in range(1, min(rondes, 80) + 1):
            essai = remplir(disque, plan, pages)
            details[f"tmpfs, dit {essai.code or 'rien'}"] += 1
            fautes += essai.fautes
    return Bilan(rondes + min(rondes, 80), Counter(details), fautes)
