"""The verb `exporter`: the ledger in the formats that other tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import publication
from .base import choisir_programme, ouvrir_en_lecture
from .options import (
    FICHIER,
    Demande,
    option_au,
    option_base,
    option_connu_au,
    option_programme,
)
from .sortie import ouvrir_sortie

if TYPE_CHECKING:
    from datetime import date


def _ecrivains(choix: publication.Choix) -> dict[str, publication.Ecrivain]:
    from projections.exports import (  # noqa: PLC0415
        ecrire_beancount,
        ecrire_cloudevents,
        ecrire_hledger,
    )

    return {
        "beancount": ecrire_beancount,
        "hledger": ecrire_hledger,
        "cloudevents": ecrire_cloudevents,
        **publication.ecrivains(choix),
    }


FORMATS = ("beancount", "hledger", "cloudevents", *publication.FORMATS)
"""The keys of `_ecrivains`, known without loading the exports."""


@click.command(
    short_help="Le grand livre pour un autre outil : partie double ou CloudEvents.",
    epilog="""\b
Exemples :
  fabriques exporter beancount -o fabriques.beancount
  fabriques exporter hledger -o fabriques.journal
  fabriques exporter beancount --au 2020-12-31 | bean-check /dev/stdin
  fabriques exporter cloudevents --connu-au 250 -o faits.jsonl

\b
Recompter avec les outils du format :
  bean-check fabriques.beancount
  hledger -f fabriques.journal check      (ou : ledger -f fabriques.journal balance)""",
)
@click.argument("format_", metavar="|".join(FORMATS), type=click.Choice(FORMATS))
@option_base
@option_programme
@option_au
@option_connu_au
@click.option(
    "-o",
    "--sortie",
    type=FICHIER,
    metavar="FICHIER",
    help="Écrire dans ce fichier (par défaut : la sortie standard).",
)
@publication.options_de_publication
def exporter(
    format_: str,
    base: str,
    programme: str | None,
    au: date | None,
    connu_au: int | str | None,
    sortie: str | None,
    **options: Any,
) -> None:
    """Le grand livre en partie double, que Beancount, hledger ou ledger recomptent.

    Une écriture par fait, puis les soldes annoncés par l'enveloppe, les crédits et les structures :
    l'outil refuse le fichier si un seul diffère d'un centime.

    « cloudevents » donne les faits eux-mêmes, un évènement CloudEvents 1.0 par ligne ; pour les
    recevoir à mesure : « fabriques journal --suivre --format cloudevents ».
    """
    from ledger import Journal  # noqa: PLC0415
    from projections import regarder  # noqa: PLC0415

    demande = Demande(base, format_, sortie, programme, au, connu_au)
    choix = publication.choisir(format_, base, sortie, options)
    with ouvrir_en_lecture(base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        vue = regarder(journal, au=au, connu_au=connu_au)
        with ouvrir_sortie(sortie, base=base) as flux:
            for morceau in _ecrivains(choix)[format_](journal, vue):
                flux.write(morceau.encode("utf-8", "backslashreplace"))
