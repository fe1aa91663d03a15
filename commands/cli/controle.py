"""The verb `verifier`: every check of the audit, a verdict and its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .base import choisir_programme, ouvrir_en_lecture
from .chiffres import publier
from .options import Demande, avec_demande
from .tables import table_verification
from .terminal import progression

if TYPE_CHECKING:
    from ledger import SQLiteStore
    from ledger.audit import Rapport

SORTIE_CONSTAT = 1


def verifier_base(store: SQLiteStore, programme: str) -> Rapport:
    """The audit of one programme, its progress shown on a terminal."""
    from ledger.audit import verifier as auditer  # noqa: PLC0415

    with progression("Faits vérifiés") as montrer:
        return auditer(store, programme, progres=montrer)


@click.command(
    short_help="Contrôle chaque ligne du journal.",
    epilog="""\b
Exemples :
  fabriques verifier
  fabriques verifier --base copie.db --format json

\b
Code de sortie : 0 conforme, 1 au moins un constat, 4 base absente ou illisible.""",
)
@avec_demande(formats=("table", "json"), dates=False)
def verifier(demande: Demande) -> None:
    """Contrôle chaque ligne du journal, de ses octets aux règles du budget."""
    with ouvrir_en_lecture(demande.base) as store:
        programme = choisir_programme(store, demande)
        rapport = verifier_base(store, programme)
    publier(
        demande,
        rapport.en_json(),
        table=lambda taille: table_verification(programme, rapport, largeur=taille),
    )
    if not rapport.conforme:
        raise click.exceptions.Exit(SORTIE_CONSTAT)
