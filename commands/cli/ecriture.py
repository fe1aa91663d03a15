"""The verb `executer`: commands in, receipts out, streamed by durable batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from .base import est_absente, nommer, prevenir_de_l_attente
from .entree import Ligne, lignes, ouvre_un_programme, ouvrir_entree, taille_connue
from .options import (
    CLICHES_ECRITURE,
    FICHIER,
    FORMATS,
    option_base,
    option_cliches,
    option_format,
    option_sortie,
)
from .progression import progression
from .recus import Registre
from .sortie import choisir_format, ouvrir_sortie
from .terminal import avertir, largeur

if TYPE_CHECKING:
    from commands import GrandLivre, Recu

ATOMIQUE_MAX = 100_000
"""Commands that `--atomique` accepts: they are all held in memory until the decision."""
ATOMIQUE_OCTETS = 256 * 1024 * 1024
"""Bytes of the file that `--atomique` accepts."""
SORTIE_REFUS = 3
SORTIE_INTERROMPU = 130


def _lire_correlation(_: click.Context, __: click.Parameter, valeur: str | None) -> str | None:
    """What marks the facts of this run."""
    from ledger.champs import est_correlation  # noqa: PLC0415

    if valeur is not None and not est_correlation(valeur):
        raise click.BadParameter("1 à 128 signes ASCII imprimables attendus.")
    return valeur


@click.command(
    short_help="Exécute des commandes et rend un reçu par commande.",
    epilog="""\b
Exemples :
  fabriques executer commandes.jsonl
  fabriques executer commandes.jsonl --a-blanc --format table
  fabriques executer commandes.jsonl --atomique -o recus.jsonl
  producteur | fabriques executer - | consommateur

\b
Une commande par ligne, par exemple :
  {"commande": "RetirerLabel", "id_commande": "retrait-7",
   "programme": "fabriques-de-territoire", "date_effet": "2021-02-15",
   "acteur": {"id": "m.dupont", "role": "ordonnateur"},
   "structure": "lab01-01500", "motif": "Abandon du projet"}
(sur une seule ligne ; les accents du verbe sont facultatifs ; montants en centimes)

\b
Code de sortie : 0, ou 3 si au moins une commande est refusée, 4 si la base est
absente, inutilisable ou en retard sur ses relevés, 130 si Ctrl-C (ce qui est
acquitté est enregistré).""",
)
@click.argument("fichier", type=FICHIER, metavar="FICHIER|-")
@click.option("--atomique", is_flag=True, help="Tout ou rien : un refus annule le lot entier.")
@click.option("--a-blanc", is_flag=True, help="Décider sans rien écrire.")
@click.option(
    "--releves",
    type=FICHIER,
    metavar="DOSSIER",
    envvar="FABRIQUES_RELEVES",
    show_envvar=True,
    help="Refuser d'écrire si la base est en retard sur les relevés gardés là.",
)
@option_cliches(CLICHES_ECRITURE, environnement=True)
@click.option(
    "--correlation",
    metavar="TEXTE",
    callback=_lire_correlation,
    help="Garder ce repère dans chaque fait (1 à 128 signes ASCII), sauf où la ligne a le sien.",
)
@option_base
@option_format(FORMATS, "jsonl")
@option_sortie
def executer(  # noqa: PLR0913 - one argument per option
    fichier: str,
    *,
    atomique: bool,
    a_blanc: bool,
    releves: str | None,
    cliches: str | None,
    correlation: str | None,
    base: str,
    format_demande: str | None,
    sortie: str | None,
) -> None:
    """Exécute des commandes, un objet JSON par ligne, et rend un reçu par commande.

    La base est créée si elle n'existe pas et si la première commande est OuvrirProgramme. Relancer
    le même fichier est sans danger : ce qui est déjà exécuté n'est pas exécuté deux fois.

    Avec --atomique, le lot est lu en entier d'abord (100 000 commandes et 256 Mo au plus) et un
    refus est le seul reçu ; sinon les reçus sortent par lots durables de 500 commandes.
    """
    choisi = choisir_format(format_demande, sortie, defaut="jsonl", admis=FORMATS)
    with ouvrir_entree(fichier) as entree:
        a_lire = lignes(entree)
        premiere = next(a_lire, None)
        with (
            ouvrir_livre(
                base, premiere, a_blanc=a_blanc, releves=releves, cliches=cliches
            ) as livre,
            ouvrir_sortie(sortie, base=base, entree=fichier, directe=True) as flux,
        ):
            registre = Registre(flux, choisi, largeur(sortie))
            restantes = chain(() if premiere is None else (premiere,), a_lire)
            if atomique:
                couples = _en_un_lot(livre, restantes, correlation)
            else:
                suivies = _suivre(restantes, fichier, sortie)
                couples = _au_fil_de_l_eau(livre, suivies, registre, correlation)
            _inscrire(couples, registre, atomique=atomique, a_blanc=a_blanc)
    if registre.comptes["refusee"]:
        raise click.exceptions.Exit(SORTIE_REFUS)


def _inscrire(
    couples: Iterable[tuple[int | None, Recu]],
    registre: Registre,
    *,
    atomique: bool,
    a_blanc: bool,
) -> None:
    """Write the receipts to the end, or to an interruption that is told plainly."""
    from ledger.erreurs import LedgerError  # noqa: PLC0415

    try:
        for numero, recu in couples:
            registre.inscrire(numero, recu)
        registre.clore()
    except KeyboardInterrupt:
        registre.clore()
        avertir(f"\nInterrompu : {registre.resume()} {_suite(atomique, a_blanc)}")
        raise click.exceptions.Exit(SORTIE_INTERROMPU) from None
    except BrokenPipeError:
        avertir(f"Plus personne ne lit les reçus : arrêt. {_suite(atomique, a_blanc)}")
        raise
    except LedgerError:
        registre.clore()
        if registre.comptes:
            avertir(f"Arrêt sur une erreur : {registre.resume()} {_suite(atomique, a_blanc)}")
        raise
    fin = f" {_suite(atomique, a_blanc)}" if a_blanc else ""
    if atomique and registre.comptes["refusee"]:
        avertir("Lot refusé en entier : rien n'a été écrit.")
    else:
        avertir(f"{registre.resume()}{fin}")


def _suite(atomique: bool, a_blanc: bool) -> str:
    """What an interrupted run leaves behind."""
    if a_blanc:
        return "À blanc : rien n'a été écrit."
    if atomique:
        return "Le lot est enregistré en entier ou pas du tout ; le relancer est sans danger."
    return "Ce qui est acquitté est enregistré ; relancer la même commande reprend la suite."


@contextmanager
def ouvrir_livre(
    base: str,
    premiere: Ligne | None,
    *,
    a_blanc: bool,
    releves: str | None,
    cliches: str | None = None,
) -> Iterator[GrandLivre]:
    """The ledger to write to, or a fork in memory that writes nothing."""
    from commands import GrandLivre  # noqa: PLC0415
    from ledger import MemoryStore, ouvrir_magasin  # noqa: PLC0415

    creer = est_absente(base)
    if creer:
        _exiger_une_ouverture(base, premiere)
    with ExitStack() as pile:
        if a_blanc and creer:
            livre = GrandLivre(MemoryStore(), releves=releves)
        elif a_blanc:
            store = ouvrir_magasin(base, ecriture=False)
            pile.callback(store.fermer)
            livre = GrandLivre(store, releves=releves).bifurquer()
        else:
            prevenir_de_l_attente(base)
            livre = GrandLivre.ouvrir(base, creer=creer, releves=releves, cliches=cliches)
        yield pile.enter_context(livre)


def _exiger_une_ouverture(base: str, premiere: Ligne | None) -> None:
    from ledger.erreurs import StoreMissingError  # noqa: PLC0415

    if premiere is None or not ouvre_un_programme(premiere.octets):
        raise StoreMissingError(
            f"La base {nommer(base)} n'existe pas, et la première commande n'est pas "
            "OuvrirProgramme.",
            remede="Vérifier --base, ou commencer le fichier par OuvrirProgramme.",
        )


def _executer(
    livre: GrandLivre, lot: list[Ligne], correlation: str | None, *, atomique: bool = False
) -> tuple[Recu, ...]:
    """Execute lines, each with its own marks; the correlation of the run where it has none."""
    from commands.marques import lire_ligne_marquee  # noqa: PLC0415

    lues = [lire_ligne_marquee(ligne.octets) for ligne in lot]
    return livre.executer_lot(
        [lue.saisie for lue in lues],
        atomique=atomique,
        correlation=correlation,
        correlations=[lue.correlation for lue in lues],
        provenances=[lue.provenance for lue in lues],
    )


def _au_fil_de_l_eau(
    livre: GrandLivre, a_lire: Iterator[Ligne], registre: Registre, correlation: str | None
) -> Iterator[tuple[int, Recu]]:
    """One receipt per line, in order, by durable batches; each batch is handed over at once."""
    from commands.execution import TAILLE_LOT  # noqa: PLC0415

    while lot := list(islice(a_lire, TAILLE_LOT)):
        recus = _executer(livre, lot, correlation)
        for ligne, recu in zip(lot, recus, strict=True):
            yield ligne.numero, recu
        registre.rendre()


def _en_un_lot(
    livre: GrandLivre, a_lire: Iterator[Ligne], correlation: str | None
) -> Iterator[tuple[int, Recu]]:
    """All or nothing: every receipt, or the single one of the first refusal."""
    lot: list[Ligne] = []
    for ligne in a_lire:
        lot.append(ligne)
        if len(lot) > ATOMIQUE_MAX or ligne.lus > ATOMIQUE_OCTETS:
            raise click.UsageError(
                f"--atomique accepte {ATOMIQUE_MAX} commandes et {ATOMIQUE_OCTETS} octets au "
                "plus : découper le fichier."
            )
    recus = _executer(livre, lot, correlation, atomique=True)
    if len(recus) == 1 and not recus[0].acceptee:
        yield lot[recus[0].rang].numero, recus[0]
    else:
        yield from zip([ligne.numero for ligne in lot], recus, strict=True)


def _suivre(a_lire: Iterator[Ligne], fichier: str, sortie: str | None) -> Iterator[Ligne]:
    """The same lines, their progress shown on a terminal that no receipt shares."""
    partagee = sortie in (None, "-")
    with progression("Exécution", taille_connue(fichier), octets=True, partagee=partagee) as dire:
        for ligne in a_lire:
            yield ligne
            dire(ligne.lus)
