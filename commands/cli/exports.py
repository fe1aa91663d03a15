"""The verb `exporter`: the ledger in the formats that other tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import publication
from .base import choisir_programme, ouvrir_en_lecture, regarder_journal
from .classeurs import TABLEAUX, exporter_classeur, octets_csv, verifier_export
from .compagnon import ecrire_avec_compagnon
from .options import (
    Demande,
    option_au,
    option_base,
    option_connu_au,
    option_programme,
    option_sortie,
)
from .sortie import CLASSEURS, choisir_format

if TYPE_CHECKING:
    from datetime import date


def _ecrivains(choix: publication.Choix) -> dict[str, publication.Ecrivain]:
    from projections.exports import (  # noqa: PLC0415
        ecrire_beancount,
        ecrire_cloudevents,
        ecrire_hledger,
        ecrire_jsonl,
    )

    from .rejouables import ecrire_commandes  # noqa: PLC0415

    return {
        "beancount": ecrire_beancount,
        "hledger": ecrire_hledger,
        "cloudevents": ecrire_cloudevents,
        "jsonl": ecrire_jsonl,
        "commandes": ecrire_commandes,
        **publication.ecrivains(choix),
    }


FORMATS = (
    "xlsx",
    "ods",
    "csv",
    "beancount",
    "hledger",
    "cloudevents",
    "jsonl",
    "commandes",
    *publication.FORMATS,
)
"""The keys of `_ecrivains`, known without loading the exports, and what `classeurs` writes."""


@click.command(
    short_help="Le grand livre pour d'autres : classeur, comptabilité, publication, rejeu.",
    epilog="""\b
Exemples :
  fabriques exporter xlsx -o fabriques.xlsx
  fabriques exporter -o fabriques.ods
  fabriques exporter ods --au 31/12/2020 -o fabriques-2020.ods
  fabriques exporter csv --feuille exercices -o exercices.csv
  fabriques exporter beancount -o fabriques.beancount
  fabriques exporter hledger -o fabriques.journal
  fabriques exporter beancount --au 2020-12-31 | bean-check /dev/stdin
  fabriques exporter cloudevents --connu-au 250 -o faits.jsonl
  fabriques exporter scdl --incompletes a-completer.csv -o subventions.csv
  fabriques exporter fec --exercice 2021 -o dossier/
  fabriques exporter commandes | fabriques executer - --base neuve.db

\b
Recompter avec les outils du format :
  bean-check fabriques.beancount
  hledger -f fabriques.journal check      (ou : ledger -f fabriques.journal balance)""",
)
@click.argument("voulu", metavar="FORMAT", type=click.Choice(FORMATS), required=False)
@option_base
@option_programme
@option_au
@option_connu_au
@click.option(
    "--format",
    "format_demande",
    metavar="FORMAT",
    type=click.Choice(FORMATS),
    help="Autre façon de donner FORMAT.",
)
@option_sortie
@publication.options_de_publication
@click.option(
    "--feuille",
    type=click.Choice(TABLEAUX),
    metavar="TABLEAU",
    help=f"Le tableau qu'un csv donne : {', '.join(TABLEAUX)}.",
)
@click.option(
    "--norme",
    type=click.Choice(("fr", "standard")),
    default="fr",
    show_default=True,
    help="Le csv d'un tableur français (; et virgule décimale), ou le standard (, et point).",
)
def exporter(  # noqa: PLR0913 - one parameter per option
    *,
    voulu: str | None,
    format_demande: str | None,
    base: str,
    programme: str | None,
    au: date | None,
    connu_au: int | str | None,
    sortie: str | None,
    feuille: str | None,
    norme: str,
    **options: Any,
) -> None:
    """Le grand livre pour d'autres outils : classeur, comptabilité, publication, rejeu.

    FORMAT est l'un de : xlsx, ods, csv, beancount, hledger, cloudevents, jsonl, commandes, scdl,
    360giving, fec. Sans lui, le suffixe du fichier le choisit : -o fabriques.ods.

    « xlsx » et « ods » donnent un classeur : situation, exercices, structures, échéanciers,
    anomalies, journal, et une feuille de contrôle qui nomme position et racine et recompte les
    totaux. « csv » en donne un tableau (--feuille).

    « beancount », « hledger » : en partie double, que ces outils ou ledger recomptent. Une écriture
    par fait, puis les soldes annoncés par l'enveloppe, les crédits et les structures : l'outil
    refuse le fichier si un seul diffère d'un centime.

    « cloudevents » donne les faits eux-mêmes, un évènement CloudEvents 1.0 par ligne ; pour les
    recevoir à mesure : « fabriques journal --suivre --format cloudevents ». « jsonl » : les lignes
    du journal, chaînées ; avec --au, celles datées après sont absentes et le chaînage ne se suit
    plus. « commandes » : ce qu'une base vide exécute pour tenir les mêmes faits.

    « scdl » : les données essentielles des conventions (décret 2017-779) ; ce qui est incomplet
    n'est pas publié. « 360giving » : engagements et paiements de chaque subvention. « fec » : les
    écritures comptables (art. A.47 A-1 du LPF).

    Un fichier qui ne peut pas porter la position et la racine (scdl, fec, csv, jsonl, cloudevents,
    commandes) a, avec -o, un compagnon qui les dit : FICHIER.datapackage.json, avec l'empreinte du
    fichier et de quoi le lire.
    """
    from ledger import Journal  # noqa: PLC0415

    if voulu is not None and format_demande not in (None, voulu):
        raise click.UsageError(f"Deux formats demandés : {voulu} et --format {format_demande}.")
    format_ = choisir_format(voulu or format_demande, sortie, defaut=None, admis=FORMATS)
    verifier_export(format_, feuille)
    demande = Demande(base, format_, sortie, programme, au, connu_au)
    choix = publication.choisir(format_, base, sortie, options)
    with ouvrir_en_lecture(base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        vue = regarder_journal(journal, demande)
        if format_ in CLASSEURS:
            exporter_classeur(demande, vue)
            return
        morceaux = (
            octets_csv(vue, str(feuille), norme)
            if format_ == "csv"
            else (
                m.encode("utf-8", "backslashreplace")
                for m in _ecrivains(choix)[format_](journal, vue)
            )
        )
        cible = publication.destination(format_, sortie, vue, choix)
        with ecrire_avec_compagnon(format_, cible, journal, vue, base=base, norme=norme) as flux:
            for morceau in morceaux:
                flux.write(morceau)
