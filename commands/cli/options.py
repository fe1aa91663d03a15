"""The options common to the verbs, and how their values are read. Wrong values exit 2."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import click

from .completion import completer_programme
from .sortie import CLASSEURS, choisir_format

FORMATS = ("table", "json", "jsonl", "csv")
FORMATS_DE_TABLEUR = ("csv-fr", *CLASSEURS)
"""What a French spreadsheet opens; `csv-fr` is CSV as it expects it."""
FORMATS_DE_TABLEAU = (*FORMATS, *FORMATS_DE_TABLEUR)
"""What a verb that shows a table writes."""
_POSITION = re.compile(r"[0-9]{1,15}")

Rappel = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Demande:
    """What every reading verb is asked: base, programme, both time axes, format, destination."""

    base: str
    format: str
    sortie: str | None
    programme: str | None = None
    au: date | None = None
    connu_au: int | str | None = None


def jour_donne(_: click.Context, __: click.Parameter, valeur: str | date | None) -> date | None:
    """The callback of an option that is a day: `AAAA-MM-JJ` or `JJ/MM/AAAA`."""
    if valeur is None or isinstance(valeur, date):
        return valeur
    try:
        return lire_jour(valeur)
    except ValueError as erreur:
        raise click.BadParameter(f"{erreur}.") from erreur


def _lire_connu_au(_: click.Context, __: click.Parameter, valeur: str | None) -> int | str | None:
    """A position of the journal, or a recorded instant in its stored form."""
    if valeur is None:
        return None
    try:
        return lire_moment(valeur)
    except ValueError as erreur:
        raise click.BadParameter(str(erreur)) from erreur


def lire_moment(texte: str) -> int | str:
    """A position, or an instant in its stored form. Raises ValueError with a French sentence."""
    from ledger.temps import (  # noqa: PLC0415
        ANNEE_MAX,
        ANNEE_MIN,
        en_iso,
        exiger_jour_du_calendrier,
        lire_instant,
    )

    texte = texte.strip()
    if _POSITION.fullmatch(texte):
        return int(texte)
    try:
        exiger_jour_du_calendrier(texte)
    except ValueError as erreur:
        bornes = f"{ANNEE_MIN}-01-01 à {ANNEE_MAX}-12-31"
        raise ValueError(f"{erreur}. Donner un jour du calendrier, de {bornes}.") from erreur
    try:
        return lire_instant(en_iso(texte))
    except (ValueError, OverflowError) as erreur:
        raise ValueError(
            f"{texte[:40]!r} n'est ni une position (325), ni un jour d'enregistrement en "
            "UTC (2021-01-31), ni un instant avec son fuseau (2021-01-31T10:00:00Z)."
        ) from erreur


def lire_jour(texte: str) -> date:
    """A date typed by a person. Raises ValueError with a French sentence."""
    from ledger.temps import lire_jour as lire  # noqa: PLC0415

    return lire(texte)


FICHIER = click.Path(readable=False)
"""A file name: completed by the shell, checked by whoever opens it."""

option_base = click.option(
    "--base",
    type=FICHIER,
    metavar="FICHIER|URL",
    envvar="FABRIQUES_BASE",
    default="fabriques.db",
    show_default=True,
    show_envvar=True,
    help="La base du grand livre.",
)
option_programme = click.option(
    "--programme",
    metavar="IDENTIFIANT",
    shell_complete=completer_programme,
    help="Le programme ; inutile quand la base n'en tient qu'un.",
)


def option_au_jour(aide: str, defaut: date | None = None) -> Callable[[Rappel], Rappel]:
    """The `--au` option of a verb."""
    return click.option(
        "--au", metavar="AAAA-MM-JJ", callback=jour_donne, default=defaut, help=aide
    )


option_au = option_au_jour("Ne compter que les faits dont la date d'effet est ce jour ou avant.")
option_connu_au = click.option(
    "--connu-au",
    metavar="POSITION|INSTANT",
    callback=_lire_connu_au,
    help="Ne compter que ce qui était enregistré à cette position ou à cet instant.",
)
option_sortie = click.option(
    "-o",
    "--sortie",
    type=FICHIER,
    metavar="FICHIER",
    help="Écrire dans ce fichier, remplacé s'il existe (- : la sortie standard) ; sans --format, "
    "son suffixe choisit le format.",
)


def option_cliches(aide: str, *, environnement: bool = False) -> Callable[[Rappel], Rappel]:
    """The option `--cliches`: the folder of snapshots, also from the environment for writers."""
    return click.option(
        "--cliches",
        type=FICHIER,
        metavar="DOSSIER",
        envvar="FABRIQUES_CLICHES" if environnement else None,
        show_envvar=environnement,
        help=aide,
    )


CLICHES_ECRITURE = "Garder là l'état d'un long journal, pour rouvrir sans tout relire."


def option_format(admis: tuple[str, ...], defaut: str) -> Callable[[Rappel], Rappel]:
    """The `--format` option of a verb."""
    return click.option(
        "--format",
        "format_demande",
        type=click.Choice(admis),
        metavar="|".join(admis),
        help=f"Le format du résultat (par défaut : {defaut}).",
    )


def avec_demande(
    *,
    formats: tuple[str, ...] = FORMATS,
    defaut: str = "table",
    dates: bool = True,
    programme: bool = True,
) -> Callable[[Rappel], Rappel]:
    """Declare the common options of a reading verb, given to it as one `Demande`."""

    def decorer(fonction: Rappel) -> Rappel:
        @functools.wraps(fonction)
        def appel(
            *,
            base: str,
            format_demande: str | None,
            sortie: str | None,
            **autres: Any,
        ) -> None:
            demande = Demande(
                base=base,
                format=choisir_format(format_demande, sortie, defaut=defaut, admis=formats),
                sortie=sortie,
                programme=autres.pop("programme", None),
                au=autres.pop("au", None),
                connu_au=autres.pop("connu_au", None),
            )
            fonction(demande, **autres)

        options: list[Callable[[Rappel], Rappel]] = [option_base]
        if programme:
            options.append(option_programme)
        if dates:
            options += [option_au, option_connu_au]
        options += [option_format(formats, defaut), option_sortie]
        decore: Rappel = appel
        for option in reversed(options):
            decore = option(decore)
        return decore

    return decorer
