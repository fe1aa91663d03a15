"""The verbs `rapport` and `reproduire`: a report, and the same one again years later."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import choisir_programme, ouvrir_en_lecture, regarder_journal
from .chiffres import publier
from .classeurs import exporter_classeur
from .options import (
    FICHIER,
    Demande,
    avec_demande,
    option_base,
    option_format,
    option_programme,
)
from .phrases import en_retrait, phrase
from .progression import progression
from .rendu import accorder, aplatir, date_iso
from .sortie import CLASSEURS, choisir_format, ouvrir_sortie
from .terminal import avertir, raison

if TYPE_CHECKING:
    from projections.rapport import Constat, Format, Reproduction

SORTIE_CONSTAT = 1
_VERDICTS = ("table", "json", "csv")


@click.command(
    short_help="Un rapport qui se refait à l'identique.",
    epilog="""\b
Exemples :
  fabriques rapport --au 2021-12-31 -o rapport-2021.html
  fabriques rapport --au 2021-12-31 -o rapport-2021.ods
  fabriques rapport | less
  fabriques rapport --connu-au 325 --format json > rapport-325.json

\b
Le refaire des années plus tard :
  fabriques reproduire rapport-2021.html""",
)
@avec_demande(formats=("table", "json", "html", *CLASSEURS))
def rapport(demande: Demande) -> None:
    """Un rapport qui se refait à l'identique : tous les chiffres, et d'où ils viennent.

    Il dit sa date d'effet, sa position, la racine du journal, la version des règles et celle du
    moteur. Le HTML est une page qui se suffit, s'imprime, et contient les données en JSON.

    À l'écran, un tableau montre les mêmes chiffres ; « fabriques reproduire » demande le JSON ou
    le HTML : -o RAPPORT.html, ou --format. En classeur, c'est celui de « fabriques exporter ».
    """
    from ledger import Journal  # noqa: PLC0415
    from projections.rapport import ecrire  # noqa: PLC0415
    from projections.rapport import rapport as calculer  # noqa: PLC0415

    with ouvrir_en_lecture(demande.base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        vue = regarder_journal(journal, demande)
        if demande.format in CLASSEURS:
            exporter_classeur(demande, vue)
            return
        fait = calculer(vue)
    if demande.format == "table":
        from .rapport_table import table_rapport  # noqa: PLC0415

        publier(demande, None, table=lambda taille: table_rapport(fait, largeur=taille))
        return
    choisi: Format = "html" if demande.format == "html" else "json"
    if choisi == "html":
        from projections.rapport.page import lignes  # noqa: PLC0415 - jinja2

        with progression("Lignes mises en page", lignes(fait)) as montrer:
            octets = ecrire(fait, choisi, progres=montrer)
    else:
        octets = ecrire(fait, choisi)
    with ouvrir_sortie(demande.sortie, base=demande.base) as flux:
        flux.write(octets)


@click.command(
    short_help="Refait un rapport et le compare, octet pour octet.",
    epilog="""\b
Exemples :
  fabriques reproduire rapport-2021.html
  fabriques reproduire rapport-2021.html -o refait.html --format json

\b
Code de sortie : 0 mêmes octets, ou mêmes chiffres d'une autre version ; 1 au moins un
écart ; 2 le fichier n'est pas un rapport ; 4 base absente ou illisible.""",
)
@click.argument("fichier", metavar="RAPPORT", type=FICHIER)
@option_base
@option_programme
@option_format(_VERDICTS, "table")
@click.option(
    "-o",
    "--sortie",
    type=FICHIER,
    metavar="FICHIER",
    help="Écrire dans ce fichier le rapport refait ; le verdict va sur la sortie standard.",
)
def reproduire(
    fichier: str, base: str, programme: str | None, format_demande: str | None, sortie: str | None
) -> None:
    """Refait un rapport depuis le journal, à ses dates, et le compare octet pour octet.

    RAPPORT est le fichier écrit par « fabriques rapport », JSON ou HTML (- pour l'entrée standard).
    """
    from ledger import Journal  # noqa: PLC0415
    from projections.rapport import lire_entete  # noqa: PLC0415
    from projections.rapport import reproduire as refaire  # noqa: PLC0415

    _distinguer(fichier, sortie)
    octets = _lire(fichier)
    nomme = str(lire_entete(octets)["programme"])
    choisi = choisir_format(format_demande, None, defaut="table", admis=_VERDICTS)
    demande = Demande(base, choisi, None, programme)
    with ouvrir_en_lecture(base) as store:
        if programme is None and nomme in store.programmes():
            demande = Demande(base, choisi, None, nomme)
        journal = Journal(store, choisir_programme(store, demande))
        trouve = refaire(journal, octets)
    if sortie is not None and trouve.octets is None:
        avertir("Le rapport n'a pas été refait : rien n'est écrit.")
    elif sortie is not None and trouve.octets is not None:
        with ouvrir_sortie(sortie, base=base) as flux:
            flux.write(trouve.octets)
    publier(
        demande,
        trouve.en_json(),
        table=lambda taille: _table(trouve, taille),
        colonnes=("code", "chemin", "rapporte", "recalcule"),
        lignes=map(aplatir, trouve.constats),
    )
    if trouve.statut == "divergent":
        raise click.exceptions.Exit(SORTIE_CONSTAT)


def _distinguer(fichier: str, sortie: str | None) -> None:
    """The report checked is evidence: the one made again never replaces it, nor the verdict."""
    if sortie is None:
        return
    if sortie == "-":
        raise click.UsageError("Le verdict va sur la sortie standard : donner un fichier à -o.")
    ancien, neuf = Path(fichier), Path(sortie)
    if fichier != "-" and ancien.exists() and neuf.exists() and ancien.samefile(neuf):
        raise click.UsageError(f"{sortie} est le rapport à refaire : choisir un autre fichier.")


def _lire(fichier: str) -> bytes:
    """The bytes of a report, no more than one can hold (one too many tells it is too long)."""
    from projections.rapport import OCTETS_MAX  # noqa: PLC0415

    if fichier == "-":
        return sys.stdin.buffer.read(OCTETS_MAX + 1)
    try:
        with Path(fichier).open("rb") as flux:
            return flux.read(OCTETS_MAX + 1)
    except (OSError, ValueError) as erreur:
        pourquoi = raison(erreur) if isinstance(erreur, OSError) else "nom impossible"
        raise click.UsageError(f"{fichier} ne se lit pas : {pourquoi}.") from erreur


def _table(trouve: Reproduction, largeur: int) -> str:
    """The verdict for people: what was compared, the answer, every difference listed."""
    from projections.rapport import DITES_DEPUIS, MISE_EN_PAGE, MOTEUR  # noqa: PLC0415

    entete = trouve.entete
    au = "toutes dates d'effet" if entete.au is None else f"au {date_iso(entete.au)}"
    textes = [
        phrase(
            f"Rapport {trouve.format} de {entete.programme}, position {entete.position}, {au}",
            largeur,
        ),
        phrase(f"Racine du rapport : {entete.racine}", largeur),
    ]
    match trouve.statut:
        case "identique":
            textes.append(phrase("IDENTIQUE : le rapport refait a les mêmes octets.", largeur))
        case "chiffres_identiques":
            dit = "CHIFFRES IDENTIQUES : l'en-tête et les chiffres sont ceux du journal."
            textes.append(phrase(dit, largeur))
            pourquoi = (
                f"Le rapport a été écrit par {entete.moteur}, mise en page {entete.mise_en_page} ; "
                f"ce moteur est {MOTEUR}, mise en page {MISE_EN_PAGE}. "
            )
            if entete.mise_en_page == MISE_EN_PAGE:
                pourquoi += "La mise en page est la même : seul le nom du moteur diffère."
            else:
                pourquoi += (
                    "La mise en page diffère : ce que la page affiche n'est pas comparé, seules "
                    "ses données le sont. Le rapport refait s'écrit avec -o."
                )
                tues = [c for c, depuis in DITES_DEPUIS.items() if entete.mise_en_page < depuis]
                if tues:
                    pourquoi += (
                        f" Il dit aussi les anomalies {' et '.join(tues)}, que cette mise en page "
                        "taisait encore."
                    )
            textes.append(en_retrait(pourquoi, largeur))
        case "divergent":
            textes.append(f"DIVERGENT : {accorder(trouve.ecarts, 'écart')}.")
            for constat in trouve.constats:
                textes += _dire(constat, largeur)
            if trouve.ecarts > len(trouve.constats):
                textes.append(f"et {accorder(trouve.ecarts - len(trouve.constats), 'autre')}")
    return "\n".join(textes)


def _dire(constat: Constat, largeur: int) -> list[str]:
    from projections.rapport.reproduction import CODES  # noqa: PLC0415

    valeurs = ("(rien)" if v is None else str(v) for v in (constat.rapporte, constat.recalcule))
    rapporte, recalcule = valeurs
    return [
        phrase(f"{constat.code} · {constat.chemin}", largeur),
        en_retrait(CODES[constat.code], largeur),
        en_retrait(f"rapport : {rapporte}", largeur),
        en_retrait(f"journal : {recalcule}", largeur),
    ]
