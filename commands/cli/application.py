"""The group `fabriques`: its verbs, its version, and what every failure becomes at its edge."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from .chiffres import anomalies, credits, echeancier, enveloppe, structures
from .console import console
from .controle import verifier
from .demonstration import demo
from .deplacement import migrer, sauvegarder
from .diagnostic import doctor
from .dossier import dossier
from .ecriture import executer
from .explication import comparer, expliquer
from .explorer import explorer
from .exports import exporter
from .fonctions import fonctions
from .francais import en_francais
from .importer import importer
from .journal import journal
from .lecture import lecture
from .preparation import preparer_base
from .prevision import prevision
from .rapport import rapport, reproduire
from .rapprocher import rapprocher
from .rejeu import rejouer
from .releve import releve
from .reprise import reprendre
from .schemas import schemas
from .simuler import simuler
from .sondage import sonder
from .technique import avec_journal_technique
from .terminal import avertir, neutraliser, raison

SORTIE_DERIVE = 1
SORTIE_USAGE = 2
SORTIE_BASE = 4
SORTIE_INTERROMPU = 130
SORTIE_TUYAU = 141
"""What a shell reports of a program stopped because nobody reads its output (128 + SIGPIPE)."""


class _SortieFermeeError(Exception):
    """Nobody reads stdout any more. Told apart from click's own answer to it, which is exit 1."""


class Application(click.Group):
    """The group; its `main` turns every failure into one French sentence and one exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which a newcomer meets them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb, and hand its output over while its failures can still be told."""
        try:
            resultat = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as erreur:
            raise _SortieFermeeError from erreur
        return resultat

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run and exit; with `standalone_mode=False`, return the exit code instead."""
        with en_francais():
            code = self._conduire(args, prog_name, complete_var, extra)
        if not standalone_mode:
            return code
        sys.exit(code)

    def _conduire(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: dict[str, Any],
    ) -> int:
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as erreur:
            return _montrer_usage(erreur)
        except click.Abort:
            avertir("Interrompu.")
            return SORTIE_INTERROMPU
        except _SortieFermeeError:
            _abandonner_la_sortie()
            return SORTIE_TUYAU
        except Exception as erreur:
            return _raconter(erreur)
        return code if isinstance(code, int) else 0


def _montrer_usage(erreur: click.ClickException) -> int:
    """Click's own text, harmless: it repeats file names and values as they were typed."""
    texte = io.StringIO()
    erreur.show(texte)
    avertir(texte.getvalue().rstrip("\n").replace("\t", "    "))
    return SORTIE_USAGE


def _raconter(erreur: Exception) -> int:
    """Say an error on stderr; its exit code."""
    from ledger.erreurs import LedgerError, UsageError  # noqa: PLC0415

    if os.environ.get("FABRIQUES_DEBUG") == "1":
        avertir("".join(traceback.format_exception(erreur)).rstrip("\n"))
    if isinstance(erreur, LedgerError):
        # a line feed inside would let a stored text, or a file name, write lines of its own
        avertir(neutraliser(f"Erreur ({erreur.code}) : {erreur.message}"))
        if erreur.remede:
            avertir(neutraliser(erreur.remede))
        if isinstance(erreur, UsageError):
            return SORTIE_USAGE
        return SORTIE_DERIVE if erreur.code == "lecture_divergente" else SORTIE_BASE
    if isinstance(erreur, OSError):
        fichier = f" ({erreur.filename})" if erreur.filename else ""
        avertir(neutraliser(f"Erreur (systeme) : {raison(erreur)}{fichier}."))
        return SORTIE_BASE
    if isinstance(erreur, MemoryError):
        avertir("Erreur (memoire) : la mémoire ne suffit pas ; rien n'est à moitié écrit.")
        return SORTIE_BASE
    avertir(
        f"Erreur (inattendue) : {type(erreur).__name__} : {neutraliser(str(erreur)[:300])}\n"
        "C'est un défaut du programme : relancer avec FABRIQUES_DEBUG=1 et le signaler avec ce "
        "qui s'affiche. Rien n'est à moitié écrit."
    )
    return SORTIE_BASE


def _abandonner_la_sortie() -> None:
    """Nobody reads stdout: what is still buffered goes nowhere, without a complaint at exit."""
    with suppress(OSError, ValueError):  # stdout may not be a file of the system (under test)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _montrer_version(contexte: click.Context, _: click.Parameter, valeur: bool) -> None:
    if not valeur or contexte.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        numero = version("fabriques-ledger")
    except PackageNotFoundError:
        numero = "(version inconnue : le paquet n'est pas installé)"
    click.echo(f"fabriques {numero}")
    contexte.exit()


@click.group(
    cls=Application,
    name="fabriques",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="VERBE [ARGS]...",
    epilog="""\b
Pour commencer :
  fabriques demo
  fabriques VERBE --help

\b
Codes de sortie : 0 sans remarque ; 1 constat ; 2 usage ; 3 refus ;
4 base absente, illisible ou inutilisable ; 130 interrompu ; 141 sortie fermée.

\b
Les résultats vont sur la sortie standard, tout le reste sur la sortie d'erreur.
FABRIQUES_BASE nomme la base par défaut, COLUMNS la largeur des tableaux.
Complétion : eval "$(_FABRIQUES_COMPLETE=bash_source fabriques)" (ou zsh, fish).""",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_montrer_version,
    help="Affiche la version et quitte.",
)
@avec_journal_technique
@click.pass_context
def application(contexte: click.Context) -> None:
    """Grand livre de subventions publiques : des faits qui ne changent pas, des chiffres prouvés.

    Les montants des tableaux sont en euros, ceux des autres formats en centimes.
    """
    if "NO_COLOR" in os.environ:
        contexte.color = False
    if contexte.invoked_subcommand is None:
        click.echo(contexte.get_help())


for _verbe in (
    demo,
    executer,
    importer,
    enveloppe,
    credits,
    structures,
    echeancier,
    anomalies,
    expliquer,
    comparer,
    fonctions,
    sonder,
    simuler,
    prevision,
    journal,
    lecture,
    verifier,
    rejouer,
    releve,
    reprendre,
    rapport,
    reproduire,
    dossier,
    rapprocher,
    exporter,
    explorer,
    console,
    schemas,
    migrer,
    sauvegarder,
    preparer_base,
    doctor,
):
    application.add_command(avec_journal_technique(_verbe))
