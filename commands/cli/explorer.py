"""The verb `explorer`: a copy of the figures to ask in SQL, ready for Datasette or to hand over."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import modele_de_lecture, ouvrir_en_lecture
from .options import FICHIER, option_base
from .sortie import proteger, refuser_suffixe_de_rapport
from .terminal import avertir, neutraliser

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger import Store


@click.command(
    short_help="Une copie des chiffres à interroger en SQL (Datasette).",
    epilog="""\b
Exemples :
  fabriques explorer -o exploration
  fabriques explorer --lecture fabriques.db.lecture.db -o exploration
  fabriques explorer -o exploration --lancer
  fabriques explorer --copie-seule -o fabriques-2021.db

\b
Datasette s'installe avec l'extra « explorateur ». Code de sortie : 0, ou celui de Datasette avec
--lancer.""",
)
@option_base
@click.option(
    "--lecture",
    type=FICHIER,
    metavar="FICHIER",
    help="Copier ce modèle de lecture (par défaut : le refaire depuis la base).",
)
@click.option(
    "-o",
    "--sortie",
    type=FICHIER,
    metavar="DOSSIER",
    required=True,
    help="Le dossier à écrire ; il ne doit pas exister.",
)
@click.option(
    "--copie-seule",
    is_flag=True,
    help="N'écrire que la copie, dans ce fichier, et son texte d'origine à côté.",
)
@click.option("--lancer", is_flag=True, help="Ouvrir ensuite le dossier avec Datasette.")
def explorer(
    base: str, lecture: str | None, sortie: str, *, copie_seule: bool, lancer: bool
) -> None:
    """Écrit une copie des chiffres, avec de quoi l'explorer : questions, unités, euros.

    La copie est entière, faite par SQLite ou refaite depuis le journal, jamais d'un fichier en
    cours d'écriture ; elle dit sa position et sa racine (ORIGINE.txt), ses lignes recomptées. Rien
    n'est jamais remplacé : le nom doit être libre.
    """
    from projections.exploration import commande_datasette, composer, exporter_copie  # noqa: PLC0415

    if copie_seule and lancer:
        raise click.UsageError("--lancer explore un dossier : sans --copie-seule.")
    if copie_seule:
        refuser_suffixe_de_rapport(sortie, "La copie")
    cible = Path(sortie)
    if not cible.name:
        raise click.UsageError(f"{sortie} n'est pas un nom de dossier.")
    if not cible.absolute().parent.is_dir():
        raise click.UsageError(f"Le dossier {cible.absolute().parent} n'existe pas.")
    ecrire: Callable[[Path, Store | Path], None] = exporter_copie if copie_seule else composer
    if lecture is not None:
        with modele_de_lecture(base, lecture):
            ecrire(cible, Path(lecture))
    else:
        if not cible.exists():
            proteger(cible, base)
        with ouvrir_en_lecture(base) as store:
            ecrire(cible, store)
    if copie_seule:
        click.echo(f"Copie : {neutraliser(sortie)}")
        click.echo(f"Origine : {neutraliser(sortie)}.origine.txt")
        return
    click.echo(f"Dossier : {neutraliser(sortie)}")
    click.echo(neutraliser(commande_datasette(cible)))
    if lancer:
        _lancer(cible)


def _lancer(dossier: Path) -> None:
    import importlib.util  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    from projections.exploration.dossier import arguments_datasette  # noqa: PLC0415

    if importlib.util.find_spec("datasette") is None:
        avertir("Datasette n'est pas installé : pip install 'fabriques-ledger[explorateur]'.")
        raise click.exceptions.Exit(2)
    commande = [sys.executable, "-m", "datasette", *arguments_datasette(dossier)]
    raise click.exceptions.Exit(subprocess.run(commande, check=False).returncode)  # noqa: S603
