"""Recording, with strace, every change that a process asks of the disk; injecting faults in it.

strace is a tool of the machine, not of the project: where it or ptrace is missing, `manque()` says
so, tests skip with that sentence and campaigns report NON FAIT.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from tests.fautes.ecrivain import Travail

RACINE = Path(__file__).resolve().parents[2]
SUFFIXES = ("", "-wal", "-shm", "-journal")
ACQUIS = "acquis"
_APPELS = (
    "openat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync,"
    "sync_file_range,unlink,unlinkat,rename,renameat,renameat2,link,linkat"
)
_LIGNE = re.compile(r"^\d+ +(\w+)\((.*?)(?: <unfinished \.\.\.>)?\)? += (-?\d+|\?)(.*)$")
_DESCRIPTEUR = re.compile(r"^\d+<([^>]*)>")
_CHAINE = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
ATTENTE_SECONDES = 120
TUE = -9

Genre = Literal["creer", "ecrire", "tronquer", "synchroniser", "manquer", "supprimer", "acquitter"]


class Op(NamedTuple):
    """One call that changed the disk (or the moment receipts were given); `nom` "" is the folder.

    `manquer` is a synchronisation that failed.
    """

    genre: Genre
    nom: str
    ou: int = 0
    octets: bytes = b""


class Passage(NamedTuple):
    """One recorded life of a writer: its calls and how it ended."""

    ops: tuple[Op, ...]
    code: int
    erreur: str


@cache
def manque() -> str | None:
    """Why nothing can be recorded here; None when it can."""
    if not sys.platform.startswith("linux"):
        return "strace n'existe que sous Linux"
    outil = shutil.which("strace")
    if outil is None:
        return "strace est absent de cette machine"
    try:
        fait = subprocess.run(
            [outil, "-f", "-qq", "-e", "trace=none", "-e", "inject=fdatasync:error=EIO", "true"],
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as erreur:
        return f"strace ne démarre pas ici ({type(erreur).__name__})"
    if fait.returncode:
        raison = fait.stderr.decode("utf-8", "replace").strip().splitlines()
        return f"strace ne peut pas suivre un processus ici ({(raison or ['sans raison'])[0]})"
    return None


def environnement() -> dict[str, str]:
    """Our variables out, no compiled file written: only the base is touched."""
    propre = {cle: v for cle, v in os.environ.items() if not cle.startswith("FABRIQUES_")}
    return {**propre, "PYTHONPATH": str(RACINE), "PYTHONDONTWRITEBYTECODE": "1"}


def commande_strace(
    dossier: Path, base: str, *, injections: Sequence[str] = (), sortie: Path
) -> list[str]:
    """The command line before that of the program, for a base in this folder."""
    chemins = [dossier, *(dossier / f"{base}{suffixe}" for suffixe in SUFFIXES), dossier / ACQUIS]
    return [
        *("strace", "-f", "-qq", "-y", "-xx", "-s", "16777216", "-e", f"trace={_APPELS}"),
        *(mot for injection in injections for mot in ("-e", f"inject={injection}")),
        *(mot for chemin in chemins for mot in ("-P", str(chemin))),
        *("-o", str(sortie)),
    ]


def enregistrer(travail: Travail, *, injections: Sequence[str] = ()) -> Passage:
    """Run one life of a writer and read back the calls it made."""
    base = Path(travail["base"])
    dossier = base.parent
    if dossier != dossier.resolve():  # strace compares resolved paths
        raise ValueError(f"{dossier} passe par un lien symbolique")
    trace = dossier.with_name(f"{dossier.name}.trace")
    fait = subprocess.run(
        [
            *commande_strace(dossier, base.name, injections=injections, sortie=trace),
            *(sys.executable, "-m", "tests.fautes.ecrivain"),
        ],
        input=json.dumps(travail).encode(),
        cwd=RACINE,
        env=environnement(),
        capture_output=True,
        timeout=ATTENTE_SECONDES,
        check=False,
    )
    ops = tuple(lire_trace(trace, dossier))
    trace.unlink()
    return Passage(ops, fait.returncode, fait.stderr.decode("utf-8", "replace"))


def lire_trace(trace: Path, dossier: Path) -> Iterator[Op]:
    """The changes of the disk that a trace tells, in order."""
    with trace.open(encoding="ascii") as lignes:
        for ligne in lignes:
            vue = _LIGNE.match(ligne.rstrip("\n"))
            if vue is None:
                if " killed by " in ligne or " exited with " in ligne or ligne[0] == "\n":
                    continue
                if "<unfinished" in ligne:
                    continue  # the process died in that call: it never returned
                raise ValueError(f"ligne de strace inconnue : {ligne[:200]}")
            op = _lire(vue[1], vue[2], vue[3], vue[4], dossier)
            if op is not None:
                yield op


def _lire(appel: str, arguments: str, rendu: str, suite: str, dossier: Path) -> Op | None:
    if appel in ("fsync", "fdatasync"):
        nom = _nom(_du_descripteur(arguments), dossier)
        if "(INJECTED)" in suite and rendu == "0":
            return None  # a lie: said done, and not done
        if rendu == "?":
            return None  # killed in it, before it was made
        return Op("synchroniser" if rendu == "0" else "manquer", nom)
    if rendu in ("-1", "?"):
        return None
    match appel:
        case "openat":
            if "O_CREAT" not in arguments:
                return None
            return Op("creer", _nom(_chaines(arguments)[0], dossier))
        case "pwrite64":
            donnees = bytes(_chaines(arguments)[0], "latin-1")[: int(rendu)]
            nom = _nom(_du_descripteur(arguments), dossier)
            return Op("ecrire", nom, int(arguments.rpartition(",")[2]), donnees)
        case "write":
            nom = _nom(_du_descripteur(arguments), dossier)
            if nom != ACQUIS:
                raise ValueError(f"écriture sans position dans {nom}")
            return Op("acquitter", nom, 0, bytes(_chaines(arguments)[0], "latin-1"))
        case "ftruncate":
            nom = _nom(_du_descripteur(arguments), dossier)
            return Op("tronquer", nom, int(arguments.rpartition(",")[2]))
        case "unlink" | "unlinkat":
            return Op("supprimer", _nom(_chaines(arguments)[0], dossier))
        case _:
            raise ValueError(f"appel que le modèle du disque ne connaît pas : {appel}")


def _du_descripteur(arguments: str) -> str:
    vu = _DESCRIPTEUR.match(arguments)
    if vu is None:
        raise ValueError(f"descripteur sans chemin : {arguments[:80]}")
    return _decoder(vu[1])


def _chaines(arguments: str) -> list[str]:
    trouvees = _CHAINE.findall(arguments)
    if any(coupee for _, coupee in trouvees):
        raise ValueError("strace a coupé une écriture")
    return [_decoder(chaine) for chaine, _ in trouvees]


def _decoder(chaine: str) -> str:
    """Text of `\\x2f\\x74...`, one character a byte."""
    return bytes.fromhex(chaine.replace("\\x", "")).decode("latin-1")


def _nom(chemin: str, dossier: Path) -> str:
    """The name inside the folder; "" for the folder itself."""
    vrai = Path(os.fsdecode(chemin.encode("latin-1")))
    return "" if vrai == dossier else str(vrai.relative_to(dossier))
