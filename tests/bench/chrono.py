"""Timing: subject and baseline take turns in the same run, the collector in the same state."""

from __future__ import annotations

import gc
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

Durees = dict[str, list[int]]
"""Nanoseconds of each turn, by subject."""


def geler() -> None:
    """Leave what exists out of later collections: inputs made in advance are not the subject.

    Called once inputs are ready and before the bases are opened: what the engine keeps stays in.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def alterner(
    sujets: Mapping[str, Callable[[int], object]],
    *,
    tours: int,
    chauffe: int = 0,
    avant: Callable[[int], object] = lambda _: None,
) -> Durees:
    """Time each subject once per turn, in an order that rotates. A subject gets the turn's number.

    The first `chauffe` turns are played and not counted; `avant` is played before each turn. The
    collector runs before each subject, and stays on, as it does for a user.
    """
    noms = list(sujets)
    durees: Durees = {nom: [] for nom in noms}
    for tour in range(tours + chauffe):
        avant(tour)
        for nom in _rotation(noms, tour):
            gc.collect()
            debut = time.perf_counter_ns()
            sujets[nom](tour)
            durees[nom].append(time.perf_counter_ns() - debut)
    return {nom: d[chauffe:] for nom, d in durees.items()}


def entrelacer(
    sujets: Mapping[str, Callable[[int], object]], *, tours: int, par_tour: int
) -> tuple[Durees, Durees]:
    """Like `alterner` for what waits on the disk, whose cost drifts: subjects take turns at each
    of the `par_tour` calls, and times are summed by turn. A first turn is played and not counted.

    Returns: wall time, processor time.
    """
    noms = list(sujets)
    murs: Durees = {nom: [] for nom in noms}
    calculs: Durees = {nom: [] for nom in noms}
    for tour in range(tours + 1):
        gc.collect()
        for nom in noms:
            murs[nom].append(0)
            calculs[nom].append(0)
        for appel in range(par_tour):
            for nom in _rotation(noms, appel):
                calcul, mur = time.thread_time_ns(), time.perf_counter_ns()
                sujets[nom](tour * par_tour + appel)
                murs[nom][-1] += time.perf_counter_ns() - mur
                calculs[nom][-1] += time.thread_time_ns() - calcul
    return {n: d[1:] for n, d in murs.items()}, {n: d[1:] for n, d in calculs.items()}


def _rotation(noms: list[str], rang: int) -> list[str]:
    depart = rang % len(noms)
    return noms[depart:] + noms[:depart]


@dataclass(frozen=True, slots=True)
class Mesure:
    """One line of the result. `au_moins` or `au_plus`: what the ratio must be. Neither: stated."""

    nom: str
    valeur: float
    unite: str
    reference: float | None = None
    contre: str = ""
    ratio: float | None = None
    au_moins: float | None = None
    au_plus: float | None = None
    absent: bool = False
    """What it is compared with is not installed: nothing was measured, and the table says so."""

    @property
    def tenu(self) -> bool | None:
        """Whether the target is met; None when there is none."""
        if self.ratio is None or (self.au_moins is None and self.au_plus is None):
            return None
        if self.au_moins is not None and self.ratio < self.au_moins:
            return False
        return self.au_plus is None or self.ratio <= self.au_plus

    def en_json(self) -> dict[str, Any]:
        """The measure as plain data."""
        return {**asdict(self), "tenu": self.tenu}


@dataclass(frozen=True, slots=True)
class Comparaison:
    """Durations of several subjects doing the same `par` things each turn."""

    durees: Durees
    par: int
    unite: str

    def __call__(self, nom: str, sujet: str, contre: str, au_moins: float | None = None) -> Mesure:
        """How fast a subject is, as a ratio of its rate to the baseline's (more is better)."""
        a, b = self.durees[sujet], self.durees[contre]
        valeur, reference = milieu(a, self.par), milieu(b, self.par)
        return Mesure(nom, valeur, self.unite, reference, contre, _rapport(b, a), au_moins)

    def valeur(self, sujet: str) -> float:
        """What a subject costs, in microseconds for each thing done."""
        return milieu(self.durees[sujet], self.par)

    def cout(self, nom: str, sujet: str, contre: str, *, au_plus: float | None = None) -> Mesure:
        """What a subject costs, as a ratio of its cost to the baseline's (less is better)."""
        mesure = self(nom, sujet, contre)
        ratio = _rapport(self.durees[sujet], self.durees[contre])
        return replace(mesure, ratio=ratio, au_plus=au_plus)


def milieu(durees: list[int], par: int) -> float:
    """Median, in microseconds for each of `par` things."""
    return median(durees) / par / 1000


def _rapport(dessus: list[int], dessous: list[int]) -> float:
    """Median of the ratios of paired turns: a slow moment of the machine slows both."""
    return median(a / b for a, b in zip(dessus, dessous, strict=True))


def machine(dossier: Path) -> dict[str, str]:
    """What the figures depend on: processor, memory, versions, load, cost of a disk sync."""
    memoire = "inconnue"
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        octets = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        memoire = f"{round(octets / 2**30)} Gio"
    charge = "inconnue"
    if hasattr(os, "getloadavg"):
        charge = f"{os.getloadavg()[0]:.1f}".replace(".", ",")
    return {
        "processeur": _processeur(),
        "cœurs": str(os.cpu_count()),
        "mémoire": memoire,
        "système": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "charge au départ": charge,
        "synchronisation du disque": f"{_synchronisation(dossier):.0f} µs",
    }


def revision(racine: Path) -> str:
    """The commit of a working copy, and whether it holds anything else."""
    git = shutil.which("git")
    if git is None or not (racine / ".git").exists():
        return "inconnue"
    tete = _git(git, racine, "rev-parse", "--short", "HEAD") or "inconnue"
    change = _git(git, racine, "status", "--porcelain", "-uno")
    return f"{tete} (et des changements non enregistrés)" if change else tete


def _git(git: str, racine: Path, *demande: str) -> str:
    fait = subprocess.run([git, *demande], cwd=racine, capture_output=True, text=True, check=False)
    return fait.stdout.strip()


def _processeur() -> str:
    infos = Path("/proc/cpuinfo")
    if infos.exists():
        for ligne in infos.read_text("utf-8", "replace").splitlines():
            nom, _, valeur = ligne.partition(":")
            if nom.strip() == "model name":
                return valeur.strip()
    return platform.processor() or platform.machine()


def _synchronisation(dossier: Path) -> float:
    """Median cost of one 4 KiB append made durable, in microseconds."""
    durees: list[int] = []
    fichier = dossier / "sync.db"
    with fichier.open("wb", buffering=0) as f:
        for _ in range(100):
            f.write(bytes(4096))
            debut = time.perf_counter_ns()
            os.fsync(f.fileno())
            durees.append(time.perf_counter_ns() - debut)
    fichier.unlink()
    return milieu(durees, 1)


def dire(texte: str) -> None:
    """Say where the run is, on the error output."""
    sys.stderr.write(f"{texte}\n")
    sys.stderr.flush()
