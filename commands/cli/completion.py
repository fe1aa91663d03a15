"""What a shell proposes after <Tab>: programmes, structures, figures of the base that is named.

Never an error, never a write, never a wait: no proposal is an answer too. A PostgreSQL base is not
asked, since nobody waits for a network on a key.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ledger.stockage.apercu import Apercu

Proposer = Callable[[click.Context, click.Parameter, str], list[str]]
_PROPOSES = 400
"""Proposals at most: a terminal shows no more usefully."""


def _sans_bruit(fonction: Callable[[click.Context, str], Iterable[str]]) -> Proposer:
    """The proposals that begin with what is typed; none when anything goes wrong."""

    @functools.wraps(fonction)
    def proposer(contexte: click.Context, _: click.Parameter, debut: str) -> list[str]:
        try:
            trouves = (t for t in fonction(contexte, debut) if t.startswith(debut))
            return list(islice(trouves, _PROPOSES))
        except Exception:  # a key pressed in a shell shows no error
            return []

    return proposer


@contextmanager
def _ouvrir(contexte: click.Context) -> Iterator[tuple[Apercu, str]]:
    """The base named on the line, and its programme: the one named, or the only one."""
    from pathlib import Path  # noqa: PLC0415

    from ledger.stockage.apercu import apercevoir  # noqa: PLC0415

    base = _nomme("--base") or contexte.params.get("base") or "fabriques.db"
    with apercevoir(Path(base)) as apercu:
        presents = apercu.programmes()
        voulu = _nomme("--programme") or contexte.params.get("programme")
        yield apercu, voulu or (presents[0] if len(presents) == 1 else "")


def _nomme(option: str) -> str | None:
    """An option's value wherever it stands: click only gives what comes before the cursor."""
    from click.shell_completion import split_arg_string  # noqa: PLC0415

    mots = split_arg_string(os.environ.get("COMP_WORDS", ""))
    for rang, mot in enumerate(mots):
        if mot == option and rang + 1 < len(mots):
            return mots[rang + 1]
        if mot.startswith(f"{option}="):
            return mot.partition("=")[2]
    return None


@_sans_bruit
def completer_programme(contexte: click.Context, debut: str) -> Iterable[str]:
    """The programmes of the base."""
    del debut
    with _ouvrir(contexte) as (apercu, _):
        return apercu.programmes()


@_sans_bruit
def completer_structure(contexte: click.Context, debut: str) -> Iterable[str]:
    """The structures of the programme."""
    del debut
    with _ouvrir(contexte) as (apercu, programme):
        return sorted(apercu.structures(programme))


@_sans_bruit
def completer_chiffre(contexte: click.Context, debut: str) -> Iterable[str]:
    """The figures, table by table, then structure by structure: no list of ten thousand names."""
    trouves = [t for t in _chiffres(contexte, debut) if t.startswith(debut)]
    while len(trouves) == 1 and trouves[0].endswith("."):  # a shell would add a space: go on
        trouves = list(_chiffres(contexte, trouves[0]))
    return trouves


def _chiffres(contexte: click.Context, debut: str) -> Iterable[str]:
    from projections.cellules import MEMBRES  # noqa: PLC0415

    table, point, suite = debut.partition(".")
    courts = [membre for membre in MEMBRES["enveloppe"] if "." in membre]
    if not point:
        return [*(f"{nom}." for nom in MEMBRES), *(courts if table else ())]
    if table == "enveloppe":
        return [f"enveloppe.{membre}" for membre in MEMBRES["enveloppe"]]
    if table not in MEMBRES:
        return courts
    with _ouvrir(contexte) as (apercu, programme):
        if table == "credits":
            cles = [str(annee) for annee in apercu.annees(programme)]
        else:
            cles = sorted(apercu.structures(programme))
        voulues = [c for c in cles if c.startswith(suite) or suite.startswith(f"{c}.")]
        if suite.partition(".")[0] in cles and "." in suite:
            voulues = [suite.partition(".")[0]]
        if len(voulues) != 1:
            return [f"{table}.{cle}." for cle in voulues]
        return list(_membres(apercu, programme, table, voulues[0]))


def _membres(apercu: Apercu, programme: str, table: str, cle: str) -> Iterator[str]:
    """The figures of one exercice or of one structure."""
    from projections.cellules import MEMBRES  # noqa: PLC0415

    if table != "echeancier":
        yield from (f"{table}.{cle}.{membre}" for membre in MEMBRES[table])
        return
    for rang in apercu.rangs(programme, cle):
        for membre in MEMBRES[table]:
            if (rang, membre) != (0, "reste"):
                yield f"{table}.{cle}.{rang}.{membre}"


@_sans_bruit
def completer_schema(contexte: click.Context, debut: str) -> Iterable[str]:
    """The names of the schemas of a kind: verbs, types of facts, figures."""
    del debut
    match contexte.params.get("genre"):
        case "commandes":
            from commands.decider import VERBES  # noqa: PLC0415

            return sorted(VERBES)
        case "evenements":
            from ledger.schemas import NOMS  # noqa: PLC0415

            return sorted(NOMS)
        case "chiffres":
            from commands.schemas import RECU  # noqa: PLC0415
            from projections.schemas import FIGURES  # noqa: PLC0415

            return sorted((RECU, *FIGURES))
        case _:
            return ()
