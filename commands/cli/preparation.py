"""The verb `preparer-base`: what a database administrator does once, or reads and runs alone."""

from __future__ import annotations

import click

from .base import nommer
from .options import option_base, option_sortie
from .sortie import choisir_format, ouvrir_sortie
from .terminal import avertir


@click.command(
    name="preparer-base",
    short_help="Prépare une base PostgreSQL : tables, gardes et rôles.",
    epilog="""\b
Exemples :
  fabriques preparer-base --sql > fabriques.sql
  psql -v ON_ERROR_STOP=1 -f fabriques.sql postgresql://admin@serveur/base
  fabriques preparer-base --base postgresql://admin@serveur/base

\b
Ensuite, donner un rôle à chaque compte (dans psql) :
  GRANT fabriques_ecriture TO compte_du_guichet;
  GRANT fabriques_lecture TO compte_du_controle;

\b
Code de sortie : 0 ; 2 si --base n'est pas une adresse PostgreSQL ; 4 serveur injoignable
ou compte sans les droits.""",
)
@click.option("--sql", is_flag=True, help="Écrire le script SQL sans rien exécuter.")
@click.option("--sans-roles", is_flag=True, help="Seulement les tables et leurs gardes.")
@option_base
@option_sortie
def preparer_base(*, sql: bool, sans_roles: bool, base: str, sortie: str | None) -> None:
    """Crée ce qui manque à une base PostgreSQL pour tenir un grand livre ; ne change rien d'autre.

    Trois rôles : fabriques_proprietaire tient les tables, fabriques_ecriture lit et ajoute,
    fabriques_lecture lit. Des gardes refusent de changer ou d'effacer une ligne, même au
    propriétaire. À lancer par un compte qui peut créer des rôles ; se relance sans danger.
    """
    from ledger.stockage.ouvrir import preparer, script_sql  # noqa: PLC0415

    if sql:
        choisir_format(None, sortie, defaut="sql", admis=("sql",))
        with ouvrir_sortie(sortie) as flux:
            flux.write(script_sql(roles=not sans_roles).encode("utf-8"))
        return
    if sortie is not None:
        raise click.UsageError("-o va avec --sql.")
    preparer(base, roles=not sans_roles)
    suite = "" if sans_roles else " Donner les rôles aux comptes : GRANT fabriques_ecriture TO ..."
    avertir(f"{nommer(base)} est prête.{suite}")
