"""The verbs `migrer` and `sauvegarder`: the same journal elsewhere, accepted on its root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import nommer, ouvrir_en_lecture
from .chiffres import publier
from .options import FICHIER, Demande, option_base, option_format
from .phrases import phrase
from .progression import progression
from .rendu import Colonne, accorder, tableau
from .sortie import proteger, refuser_suffixe_de_rapport
from .terminal import avertir

if TYPE_CHECKING:
    from ledger.deplacement import Deplace
    from ledger.stockage.port import Store

_FORMATS = ("table", "json", "csv")
SORTIE_CONSTAT = 1


@click.command(
    short_help="Copie une base dans une autre (SQLite, PostgreSQL), sur ses racines.",
    epilog="""\b
Exemples :
  fabriques migrer fabriques.db postgresql://compte@serveur/base --a-blanc
  fabriques migrer fabriques.db postgresql://compte@serveur/base
  fabriques migrer postgresql://compte@serveur/base retour.db
  fabriques migrer base-1.db base-2.db --programme fabriques-de-territoire

\b
Code de sortie : 0 ; 1 si la base de départ a grandi pendant la copie (relancer) ;
2 programme absent ; 4 si la cible tient autre chose, ou si une base est absente ou illisible.""",
)
@click.argument("source", type=FICHIER, metavar="SOURCE")
@click.argument("cible", type=FICHIER, metavar="CIBLE")
@click.option(
    "--programme",
    "programmes",
    metavar="IDENTIFIANT",
    multiple=True,
    help="Ne copier que ce programme (option répétable) ; CIBLE peut alors en tenir d'autres.",
)
@click.option("--a-blanc", is_flag=True, help="Tout lire et comparer sans rien écrire.")
@option_format(_FORMATS, "table")
def migrer(
    source: str,
    cible: str,
    *,
    programmes: tuple[str, ...],
    a_blanc: bool,
    format_demande: str | None,
) -> None:
    """Copie SOURCE dans CIBLE, ligne par ligne, et n'accepte que des racines identiques.

    Chacune est un fichier SQLite ou une adresse PostgreSQL. Interrompue, la copie se relance et
    reprend où elle en était. La base de départ n'est pas touchée : n'y plus rien écrire ensuite,
    deux bases qui continuent le même journal se contrediraient. Avec --programme, cela ne vaut
    que pour les programmes nommés.
    """
    from ledger.deplacement import deplacer  # noqa: PLC0415

    _refuser_la_meme(source, cible)
    with (
        ouvrir_en_lecture(source) as depart,
        _cible(cible, a_blanc=a_blanc) as arrivee,
        progression("Lignes") as montrer,
    ):
        faits = deplacer(
            depart, arrivee, seulement=programmes or None, a_blanc=a_blanc, progres=montrer
        )
    _rendre(faits, source=source, cible=cible, a_blanc=a_blanc, format_demande=format_demande)
    if any(fait.suite for fait in faits):
        avertir("La base de départ a grandi pendant la copie : arrêter d'y écrire, puis relancer.")
        raise click.exceptions.Exit(SORTIE_CONSTAT)
    if a_blanc:
        avertir("À blanc : rien n'a été écrit.")
    else:
        quoi = f"{', '.join(fait.programme for fait in faits)} : é" if programmes else "É"
        avertir(
            f"{nommer(cible)} tient les mêmes racines. {quoi}crire désormais là, et nulle part "
            "ailleurs."
        )


def _refuser_la_meme(source: str, cible: str) -> None:
    memes = nommer(source) == nommer(cible)
    if not memes and "://" not in source + cible and Path(cible).exists():
        memes = Path(source).exists() and Path(source).samefile(cible)
    if memes:
        raise click.UsageError("SOURCE et CIBLE sont la même base.")


@contextmanager
def _cible(base: str, *, a_blanc: bool) -> Iterator[Store]:
    """The target, made if need be; with `a_blanc`, read only, or nothing at all."""
    from ledger import MemoryStore, ouvrir_magasin  # noqa: PLC0415
    from ledger.stockage.ouvrir import est_absente  # noqa: PLC0415

    with ExitStack() as pile:
        if a_blanc and est_absente(base):
            store: Store = MemoryStore()
        else:
            store = ouvrir_magasin(base, creer=not a_blanc, ecriture=not a_blanc)
        pile.callback(store.fermer)
        yield store


@click.command(
    short_help="Copie la base dans un fichier, pendant que d'autres y écrivent.",
    epilog="""\b
Exemples :
  fabriques sauvegarder -o fabriques-2020-12-31.db
  fabriques sauvegarder --base postgresql://compte@serveur/base -o copie.db
  fabriques verifier --base fabriques-2020-12-31.db

\b
Code de sortie : 0 ; 2 si le fichier existe déjà ; 4 base absente, illisible, ou copie refusée.""",
)
@option_base
@click.option(
    "-o", "--sortie", type=FICHIER, metavar="FICHIER", required=True, help="Le fichier à créer."
)
@option_format(_FORMATS, "table")
def sauvegarder(base: str, sortie: str, format_demande: str | None) -> None:
    """Copie la base, telle qu'elle est à un instant, dans un nouveau fichier SQLite.

    Les écritures continuent pendant la copie. Elle n'est mise en place que relue : chaque ligne
    vérifiée, et la racine de chaque programme celle de la base à la même taille. Garder ces
    racines à part : elles prouveront que la copie, un jour restaurée, est celle-là.
    """
    from ledger.stockage.adresse import est_adresse  # noqa: PLC0415
    from ledger.stockage.sauvegarde import deja_la, poser  # noqa: PLC0415

    refuser_suffixe_de_rapport(sortie, "La sauvegarde")
    cible = Path(sortie)
    proteger(cible, base)
    if cible.exists():
        raise deja_la(cible)
    if not cible.absolute().parent.is_dir():
        raise click.UsageError(f"Le dossier {cible.absolute().parent} n'existe pas.")
    partiel = cible.with_name(f".{cible.name}.{os.getpid()}.partiel")
    try:
        with ouvrir_en_lecture(base) as depart:
            copie = _copier_serveur if est_adresse(base) else _copier_fichier
            faits = copie(base, partiel, depart)
        poser(partiel, cible)
    finally:
        for suffixe in ("", "-wal", "-shm", "-journal"):
            partiel.with_name(f"{partiel.name}{suffixe}").unlink(missing_ok=True)
    _rendre(faits, source=base, cible=sortie, a_blanc=False, format_demande=format_demande)
    avertir(f"Sauvegarde vérifiée : {cible}")


def _copier_fichier(base: str, partiel: Path, depart: Store) -> tuple[Deplace, ...]:
    """SQLite to SQLite: the whole file; then every line read again, and compared."""
    from ledger import SQLiteStore  # noqa: PLC0415
    from ledger.deplacement import confronter_copie  # noqa: PLC0415
    from ledger.stockage.sauvegarde import copier  # noqa: PLC0415

    with progression("Pages copiées") as pages:
        copier(Path(base), partiel, progres=lambda faites, _: pages(faites))
    copie = SQLiteStore(partiel, ecriture=False)
    try:
        with progression("Lignes relues") as lignes:
            return confronter_copie(depart, copie, progres=lignes)
    finally:
        copie.fermer()


def _copier_serveur(_: str, partiel: Path, depart: Store) -> tuple[Deplace, ...]:
    """PostgreSQL to SQLite: line by line."""
    from ledger import SQLiteStore  # noqa: PLC0415
    from ledger.deplacement import deplacer  # noqa: PLC0415

    copie = SQLiteStore(partiel, creer=True)
    try:
        with progression("Lignes") as montrer:
            return deplacer(depart, copie, progres=montrer)
    finally:
        copie.fermer()


def _rendre(
    faits: tuple[Deplace, ...],
    *,
    source: str,
    cible: str,
    a_blanc: bool,
    format_demande: str | None,
) -> None:
    from ledger.preuve.merkle import racine_base64  # noqa: PLC0415

    programmes: list[dict[str, Any]] = [
        {
            "programme": fait.programme,
            "origine": fait.origine,
            "taille": fait.taille,
            "racine": racine_base64(fait.racine),
            "deja": fait.deja,
            "suite": fait.suite,
        }
        for fait in faits
    ]
    valeur = {
        "source": nommer(source),
        "cible": nommer(cible),
        "a_blanc": a_blanc,
        "programmes": programmes,
    }

    def table(largeur: int) -> str:
        colonnes = (Colonne("Programme", souple="cle"), Colonne("Lignes", True), Colonne("Racine"))
        lignes = [[p["programme"], str(p["taille"]), p["racine"]] for p in programmes]
        total = sum(fait.taille for fait in faits)
        return "\n\n".join(
            [
                phrase(f"{nommer(source)} → {nommer(cible)}", largeur),
                tableau(colonnes, lignes, largeur=largeur),
                f"{accorder(total, 'ligne')}, {accorder(len(faits), 'programme')}.",
            ]
        )

    demande = Demande(base=source, format=format_demande or "table", sortie=None)
    publier(
        demande,
        valeur,
        table=table,
        colonnes=("programme", "origine", "taille", "racine", "deja", "suite"),
        lignes=programmes,
    )
