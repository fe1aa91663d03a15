"""The verb `dossier`: the evidence pack, complete or of one structure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import COEURS, choisir_programme, ouvrir_en_lecture
from .completion import completer_structure
from .controle import SORTIE_CONSTAT, verifier_base
from .options import FICHIER, Demande, avec_demande
from .phrases import phrase
from .rendu import accorder
from .sortie import ouvrir_sortie
from .tables import table_verification
from .terminal import avertir, largeur, raison

if TYPE_CHECKING:
    from ledger import Journal
    from projections.dossier import Pieces

TIRAGE_MAX_OCTETS = 16 * 1024 * 1024


@click.command(
    short_help="Le dossier de preuve (zip).",
    epilog="""\b
Exemples :
  fabriques dossier --releves releves -o dossier.zip
  fabriques dossier --au 2021-12-31 --tirage tirage.json -o dossier-2021.zip
  fabriques dossier --structure lab01-01500 -o structure.zip

\b
Code de sortie : 0 écrit, 1 la vérification a trouvé quelque chose (rien n'est écrit).""",
)
@click.option(
    "--structure",
    metavar="STRUCTURE",
    shell_complete=completer_structure,
    help="Ne montrer que les lignes de cette structure.",
)
@click.option(
    "--releves",
    type=FICHIER,
    metavar="DOSSIER",
    help="Joindre les relevés publiés dans ce dossier, et leurs clés.",
)
@click.option(
    "--tirage",
    "tirages",
    type=FICHIER,
    metavar="FICHIER",
    multiple=True,
    help="Joindre un tirage (JSON de « fabriques sonder »), refait et comparé.",
)
@avec_demande(formats=("zip",), defaut="zip")
def dossier(
    demande: Demande, structure: str | None, releves: str | None, tirages: tuple[str, ...]
) -> None:
    """Écrit le dossier de preuve : journal, relevés, rapports, chiffres et leurs lignes.

    Il se vérifie sans ce logiciel : VERIFIER.txt, dans le dossier, dit comment. La base est
    d'abord vérifiée en entier. Mêmes entrées, mêmes octets.
    """
    from ledger import Journal  # noqa: PLC0415
    from projections import echeancier, regarder  # noqa: PLC0415
    from projections.dossier import composer, nom_du_dossier  # noqa: PLC0415

    if demande.sortie == "-":
        raise click.UsageError("Un dossier s'écrit dans un fichier : donner son nom à --sortie.")
    with ouvrir_en_lecture(demande.base) as store:
        programme = choisir_programme(store, demande)
        verification = verifier_base(store, programme)
        if not verification.conforme:
            avertir(table_verification(programme, verification, largeur=largeur()))
            avertir("Aucun dossier n'est fait d'un journal en défaut.")
            raise click.exceptions.Exit(SORTIE_CONSTAT)
        journal = Journal(store, programme)
        vue = regarder(journal, au=demande.au, connu_au=demande.connu_au, coeurs=COEURS)
        for _ in journal.rattraper(jusqua=vue.situation.position):
            pass
        if structure is not None:
            echeancier(vue, structure)  # an unknown one is refused before it names a file
        if not vue.situation.position:
            raise click.UsageError("À cette position, le journal est vide : rien à prouver.")
        pieces = _pieces(journal, releves, tirages)
        cible = demande.sortie or f"{nom_du_dossier(vue, structure)}.zip"
        with ouvrir_sortie(cible, base=demande.base) as flux:
            composer(flux, journal, vue, verification, pieces, structure=structure)
    dit = f"Dossier {cible} : {accorder(vue.situation.position, 'ligne')} du journal {programme}."
    click.echo(phrase(dit, largeur()))


def _pieces(journal: Journal, releves: str | None, tirages: tuple[str, ...]) -> Pieces:
    from projections.dossier import Pieces, joindre  # noqa: PLC0415

    lus = tuple(_lire_tirage(journal, Path(nom)) for nom in tirages)
    return Pieces(tirages=lus) if releves is None else joindre(journal, releves, tirages=lus)


def _lire_tirage(journal: Journal, fichier: Path) -> dict[str, Any]:
    """A draw, redone on this journal. Raises UsageError when it does not come out the same."""
    import msgspec  # noqa: PLC0415

    from ledger.erreurs import UsageError  # noqa: PLC0415
    from projections import regarder  # noqa: PLC0415
    from projections.sondage import verifier_tirage, vue_du_tirage  # noqa: PLC0415

    try:
        with fichier.open("rb") as flux:
            octets = flux.read(TIRAGE_MAX_OCTETS + 1)
        donnees = msgspec.json.decode(octets[:TIRAGE_MAX_OCTETS], type=dict[str, Any])
    except OSError as erreur:
        raise UsageError(f"Le tirage {fichier} ne se lit pas : {raison(erreur)}.") from erreur
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as erreur:
        raise UsageError(
            f"{fichier} n'est pas un tirage : ce n'est pas un objet JSON qui se lit.",
            remede="Le donner tel que « fabriques sonder --format json » l'a écrit.",
        ) from erreur
    position, au = vue_du_tirage(donnees)
    ecarts = verifier_tirage(regarder(journal, au=au, connu_au=position), donnees)
    if ecarts:
        raise UsageError(
            f"Le tirage {fichier} ne se refait pas sur ce journal : {ecarts[0]}",
            remede="Le tirer de nouveau avec « fabriques sonder ».",
        )
    return donnees
