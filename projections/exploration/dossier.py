"""The folder that is explored or handed over: copy, checkpoints, Datasette's settings, plugin."""

from __future__ import annotations

import os
import shutil
from importlib.resources import files
from pathlib import Path

import msgspec

from ledger.erreurs import UsageError
from ledger.stockage.port import Store

from .copie import copier, ecrire, exiger_libre, presenter, releves_de
from .reglages import BASE, metadonnees

COPIE = f"{BASE}.db"
METADONNEES = "metadata.json"
GREFFONS = "greffons"
GREFFONS_LIVRES = ("fabriques_euros.py", "fabriques_francais.py")
ORIGINE = "ORIGINE.txt"
_PAGE = 100
_DELAI_MS = 5_000


def composer(dossier: Path, source: Store | Path) -> None:
    """Write the folder, which must not exist; it appears complete, or not at all.

    `source` is a base, whose figures are made again, or the file of a read model, copied.
    Raises: UsageError when the name is taken; the errors of `copier`; StoreCorruptError when the
    lines of the copy do not give the roots that it announces.
    """
    exiger_libre(dossier)
    partiel = dossier.with_name(f".{dossier.name}.{os.getpid()}.partiel")
    try:
        partiel.mkdir()
    except OSError as erreur:
        raise UsageError(
            f"Impossible d'écrire dans {dossier.absolute().parent} : {erreur.strerror}.",
            remede="Choisir un autre dossier.",
        ) from erreur
    try:
        copier(partiel / COPIE, source)
        texte = presenter(partiel / COPIE, COPIE)
        etats = [
            f"{programme}, position {releve.taille}"
            for programme, releve in releves_de(partiel / COPIE).items()
        ]
        reglages = metadonnees(
            "Grand livre des subventions", f"Copie du modèle de lecture : {' ; '.join(etats)}."
        )
        octets = msgspec.json.format(msgspec.json.encode(reglages), indent=2)
        ecrire(partiel / METADONNEES, f"{octets.decode('utf-8')}\n")
        (partiel / GREFFONS).mkdir()
        for nom in GREFFONS_LIVRES:
            greffon = files("projections.exploration").joinpath("modeles", nom)
            ecrire(partiel / GREFFONS / nom, greffon.read_text("utf-8"))
        suite = f"Pour l'explorer, dans ce dossier :\n  {commande_datasette(Path())}\n"
        ecrire(partiel / ORIGINE, f"{texte}\n{suite}")
        exiger_libre(dossier)
        try:
            partiel.rename(dossier)
        except OSError:  # somebody took the name in between
            exiger_libre(dossier)
            raise
    except BaseException:
        shutil.rmtree(partiel, ignore_errors=True)
        raise


def arguments_datasette(dossier: Path) -> list[str]:
    """What Datasette is started with: the copy opened immutable, on the loopback interface."""
    return [
        "serve",
        "--immutable",
        str(dossier / COPIE),
        "--metadata",
        str(dossier / METADONNEES),
        "--plugins-dir",
        str(dossier / GREFFONS),
        "--host",
        "127.0.0.1",
        "--setting",
        "default_page_size",
        str(_PAGE),
        "--setting",
        "sql_time_limit_ms",
        str(_DELAI_MS),
    ]


def commande_datasette(dossier: Path) -> str:
    """The same, as typed in a terminal."""
    import shlex  # noqa: PLC0415

    return shlex.join(["datasette", *arguments_datasette(dossier)])
