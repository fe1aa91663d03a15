"""The verb `lecture`: build or refresh the read model, one SQLite file to ask with SQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import (
    choisir_programme,
    fichier_de_lecture,
    modele_de_lecture,
    ouvrir_en_lecture,
)
from .chiffres import publier
from .options import FICHIER, Demande, option_base, option_format, option_programme
from .phrases import phrase
from .rendu import Colonne, tableau
from .sortie import proteger, refuser_suffixe_de_rapport

if TYPE_CHECKING:
    from projections.lecture import Bilan

_FORMATS = ("table", "json", "csv")
_MODES = {
    "creation": "créé",
    "rafraichissement": "rafraîchi",
    "reconstruction": "reconstruit",
}


@click.command(
    short_help="Construit ou rafraîchit le modèle de lecture (SQL).",
    epilog="""\b
Exemples :
  fabriques lecture
  fabriques lecture --sortie fabriques-lecture.db --format json
  fabriques lecture --reconstruire
  sqlite3 fabriques.db.lecture.db "SELECT * FROM v_situation"

\b
Code de sortie : 0, ou 1 si le fichier ne correspond pas au début du journal.""",
)
@option_base
@option_programme
@click.option(
    "-o",
    "--sortie",
    type=FICHIER,
    metavar="FICHIER",
    help="Le fichier du modèle de lecture (par défaut : celui de la base, suivi de .lecture.db).",
)
@click.option("--reconstruire", is_flag=True, help="Tout refaire depuis le journal.")
@option_format(_FORMATS, "table")
def lecture(
    base: str,
    programme: str | None,
    sortie: str | None,
    *,
    reconstruire: bool,
    format_demande: str | None,
) -> None:
    """Construit ou rafraîchit le modèle de lecture, à interroger en SQL.

    Le fichier tient tous les programmes de la base ; --programme choisit celui dont la position est
    donnée. Il se refait à tout moment depuis le journal, qui seul fait foi.
    """
    from projections.lecture import Lecture  # noqa: PLC0415

    cible = fichier_de_lecture(base, sortie, "--sortie")
    if sortie is not None:
        refuser_suffixe_de_rapport(sortie, "Le modèle de lecture")
    demande = Demande(base=base, format=format_demande or "table", sortie=None, programme=programme)
    with ouvrir_en_lecture(base) as store:
        proteger(Path(cible), base)
        if programme is not None:
            choisir_programme(store, demande)
        with modele_de_lecture(base, cible), Lecture(cible) as modele:
            bilan = modele.reconstruire(store) if reconstruire else modele.rafraichir(store)
    _montrer(demande, cible, bilan)


def _montrer(demande: Demande, cible: str, bilan: Bilan) -> None:
    positions = bilan.positions
    seul = demande.programme or (next(iter(positions)) if len(positions) == 1 else None)
    valeur = {
        "fichier": cible,
        "mode": bilan.mode,
        "position": None if seul is None else positions.get(seul),
        "positions": positions,
        "nouveaux": bilan.nouveaux,
        "comptes": bilan.lignes,
    }

    def table(largeur: int) -> str:
        programmes = [
            [nom, str(position), str(bilan.nouveaux.get(nom, 0))]
            for nom, position in positions.items()
        ]
        entetes = (
            Colonne("Programme", souple="cle"),
            Colonne("Position", True),
            Colonne("Nouveaux", True),
        )
        comptes = [[nom, str(nombre)] for nom, nombre in bilan.lignes.items()]
        return "\n\n".join(
            [
                phrase(
                    f"Modèle de lecture {cible} : {_MODES.get(bilan.mode, bilan.mode)}", largeur
                ),
                tableau(entetes, programmes, largeur=largeur),
                tableau((Colonne("Table"), Colonne("Lignes", True)), comptes, largeur=largeur),
            ]
        )

    publier(
        demande,
        valeur,
        table=table,
        colonnes=("programme", "position", "nouveaux"),
        lignes=[
            {"programme": nom, "position": position, "nouveaux": bilan.nouveaux.get(nom, 0)}
            for nom, position in positions.items()
        ],
    )
