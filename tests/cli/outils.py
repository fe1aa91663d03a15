"""Running the command line in tests: in this process, or in another one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from commands.cli.application import application
from commands.demo import commandes_demo

RACINE = Path(__file__).resolve().parents[2]
PROGRAMME = "fabriques-de-territoire"
_LANCEUR = "from commands.cli import main; main()"
Json = dict[str, Any]


class Resultat(NamedTuple):
    """What a run gave: exit code, bytes of stdout, text of stderr."""

    code: int
    octets: bytes
    erreur: str

    @property
    def sortie(self) -> str:
        """Standard output as text."""
        return self.octets.decode("utf-8")

    @property
    def json(self) -> Any:
        """The single JSON value of standard output."""
        return json.loads(self.octets)

    @property
    def lignes_json(self) -> list[Any]:
        """The JSON values of standard output, one a line."""
        return [json.loads(ligne) for ligne in self.octets.splitlines()]


def lancer(
    *arguments: str | Path, entree: bytes = b"", env: dict[str, str] | None = None
) -> Resultat:
    """Run `fabriques` in this process."""
    fait = CliRunner().invoke(
        application,
        [str(a) for a in arguments],
        input=entree,
        env={
            "FABRIQUES_BASE": None,
            "FABRIQUES_RELEVES": None,
            "FABRIQUES_CLICHES": None,
            "COLUMNS": None,
            "FABRIQUES_DEBUG": None,
            **(env or {}),
        },
    )
    return Resultat(fait.exit_code, fait.stdout_bytes, fait.stderr)


def demarrer(
    *arguments: str | Path, dossier: Path, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start `fabriques` in another process, its standard streams piped."""
    # what a user's shell does not set either: it would hide an output that is never flushed
    ecartees = ("FABRIQUES_", "PYTHONUNBUFFERED")
    propre = {cle: v for cle, v in os.environ.items() if not cle.startswith(ecartees)}
    return subprocess.Popen(
        [sys.executable, "-c", _LANCEUR, *map(str, arguments)],
        cwd=dossier,
        env={**propre, "PYTHONPATH": str(RACINE), **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def lancer_a_part(
    *arguments: str | Path,
    dossier: Path,
    entree: bytes = b"",
    env: dict[str, str] | None = None,
) -> Resultat:
    """Run `fabriques` to its end in another process."""
    with demarrer(*arguments, dossier=dossier, env=env) as processus:
        sortie, erreur = processus.communicate(entree, timeout=120)
    return Resultat(processus.returncode, sortie, erreur.decode("utf-8"))


def ouverture(programme: str = PROGRAMME, **ecarts: Any) -> Json:
    """An OuvrirProgramme command under the rules of 2019."""
    premiere = next(commandes_demo(date.max))
    regles = {**premiere["regles"], **ecarts.pop("regles", {})}
    return {**premiere, "programme": programme, **ecarts, "regles": regles}


def depot(structure: str, **ecarts: Any) -> Json:
    """A DeposerCandidature command."""
    return {
        "commande": "DeposerCandidature",
        "id_commande": f"depot-{structure}",
        "programme": PROGRAMME,
        "acteur": {"id": "i.martin", "role": "instructeur"},
        "date_effet": "2020-02-03",
        "structure": structure,
        "porteur": f"Association {structure}",
        "code_postal": "03200",
        "ville": "Vichy",
        "territoire": "qpv",
        "numerique": False,
        **ecarts,
    }


def en_lignes(commandes: Iterable[Json]) -> bytes:
    """Commands as the bytes of a file of commands."""
    return b"".join(json.dumps(c, ensure_ascii=False).encode() + b"\n" for c in commandes)


def position_max(base: Path) -> int:
    """How many events the journal of the base holds."""
    return len(lancer("journal", "--base", base).octets.splitlines())
