"""The verb `rejouer`: every figure made again from the journal, against the stored read model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import (
    choisir_programme,
    fichier_de_lecture,
    modele_de_lecture,
    ouvrir_en_lecture,
)
from .chiffres import publier
from .controle import COLONNES_CONSTATS, SORTIE_CONSTAT
from .options import FICHIER, Demande, avec_demande
from .phrases import phrase
from .progression import progression
from .rendu import accorder
from .tables import table_constats

if TYPE_CHECKING:
    from projections.lecture import Comparaison

_CODE = "lecture_divergente"


@click.command(
    short_help="Refait chaque chiffre et le compare au modèle de lecture.",
    epilog="""\b
Exemples :
  fabriques lecture && fabriques rejouer
  fabriques rejouer --lecture copie.db --format json

\b
Code de sortie : 0 conforme, 1 au moins un constat, 4 modèle de lecture ou base absent ou
illisible.""",
)
@avec_demande(formats=("table", "json", "csv"), dates=False)
@click.option(
    "--lecture",
    type=FICHIER,
    metavar="FICHIER",
    help="Le modèle de lecture (par défaut : celui de la base, suivi de .lecture.db).",
)
def rejouer(demande: Demande, lecture: str | None) -> None:
    """Refait chaque chiffre depuis le journal et le compare au modèle de lecture enregistré.

    Nomme chaque dérive : table, clé, colonne, valeur tenue, valeur attendue, première position où
    elles divergent. Un fichier en retard sur le journal est comparé à sa position. Tout le fichier
    est comparé ; --programme choisit celui dont la taille et la racine sont données. Rien n'est
    réparé : c'est le rôle de « fabriques lecture --reconstruire ».
    """
    from projections.lecture import Lecture  # noqa: PLC0415

    fichier = fichier_de_lecture(demande.base, lecture, "--lecture")
    if demande.sortie is not None and Path(demande.sortie).resolve() == Path(fichier).resolve():
        raise click.UsageError(f"{fichier} est le modèle de lecture : choisir une autre sortie.")
    with ouvrir_en_lecture(demande.base) as store:
        if demande.programme is not None:
            choisir_programme(store, demande)
        with (
            modele_de_lecture(demande.base, fichier),
            Lecture(fichier, ecriture=False) as modele,
            progression("Faits rejoués") as montrer,
        ):
            comparaison = modele.comparer(store, progres=montrer)
    constats = constats_de_lecture(comparaison)
    publier(
        demande,
        _valeur(demande, fichier, comparaison, constats),
        table=lambda largeur: _table(fichier, comparaison, constats, largeur),
        colonnes=COLONNES_CONSTATS,
        lignes=constats,
    )
    if not comparaison.conforme:
        raise click.exceptions.Exit(SORTIE_CONSTAT)


def constats_de_lecture(comparaison: Comparaison) -> list[dict[str, Any]]:
    """The findings: the file first, then each drift, then how many are not given."""
    constats: list[dict[str, Any]] = [
        {"code": _CODE, "position": None, "detail": defaut} for defaut in comparaison.defauts
    ]
    constats += [
        {"code": _CODE, "position": d.position, "detail": d.phrase} for d in comparaison.derives
    ]
    if comparaison.partielle:
        detail = (
            f"{comparaison.total} dérives en tout : {len(comparaison.derives)} sont détaillées, et "
            "la position n'est cherchée que pour les premières."
        )
        constats.append({"code": _CODE, "position": None, "detail": detail})
    return constats


def _valeur(
    demande: Demande, fichier: str, comparaison: Comparaison, constats: list[dict[str, Any]]
) -> dict[str, Any]:
    """The JSON of `verifier`, and what was compared. Sizes are null when several programmes are."""
    programmes = comparaison.programmes
    seul = demande.programme or (next(iter(programmes)) if len(programmes) == 1 else None)
    etendue = None if seul is None else programmes.get(seul)
    return {
        "statut": "conforme" if comparaison.conforme else "non_conforme",
        "taille": None if etendue is None else etendue.taille,
        "racine": None if etendue is None else etendue.racine,
        "constats": constats,
        "retard": None if etendue is None else etendue.retard,
        "fichier": fichier,
        "programmes": programmes,
        "derives_total": comparaison.total,
        "derives": comparaison.derives,
    }


def _table(
    fichier: str, comparaison: Comparaison, constats: list[dict[str, Any]], largeur: int
) -> str:
    from ledger.audit import Constat  # noqa: PLC0415

    verdict = "conforme au rejeu" if comparaison.conforme else "NON CONFORME"
    phrases = [f"Modèle de lecture {fichier} : {verdict}"]
    for programme, etendue in comparaison.programmes.items():
        phrases.append(f"{programme} : {accorder(etendue.taille, 'fait')}")
        if etendue.racine:
            phrases.append(f"Racine : {etendue.racine}")
        if etendue.retard:
            phrases.append(
                f"En retard de {accorder(etendue.retard, 'fait')} sur le journal : comparé à la "
                f"position {etendue.taille}."
            )
    textes = [phrase(texte, largeur) for texte in phrases]
    trouves = [Constat(**constat) for constat in constats]
    return "\n".join([*textes, *table_constats(trouves, largeur=largeur)])
