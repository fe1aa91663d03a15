"""The publications of `exporter`: their options, and what is said beside the file.

The position and the root of the journal, which SCDL and FEC have no room for, are said by the
companion of the file (`compagnon.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .compagnon import compagnon_de, est_un_dossier, fichier_du_dossier
from .options import FICHIER, Rappel, jour_donne
from .sortie import ouvrir_sortie
from .terminal import avertir

if TYPE_CHECKING:
    from datetime import date

    from ledger import Journal
    from projections import Vue
    from projections.exports.scdl import Publication, Suivi

Ecrivain = Callable[["Journal", "Vue"], Iterator[str]]
_LISTE_MAX = 5
"""Structures named in a sentence on stderr: the whole list is in a file."""


@dataclass(frozen=True, slots=True)
class Choix:
    """The options of the publications; None when not given."""

    depuis: date | None = None
    incompletes: str | None = None
    retards: str | None = None
    attribuant: str | None = None
    siret_attribuant: str | None = None
    notification_ue: str | None = None
    prefixe: str | None = None
    exercice: int | None = None
    base: str = ""
    sortie: str | None = None


_POUR: dict[str, tuple[str, ...]] = {
    "scdl": (
        "depuis",
        "incompletes",
        "retards",
        "attribuant",
        "siret_attribuant",
        "notification_ue",
    ),
    "360giving": ("attribuant", "siret_attribuant", "prefixe"),
    "fec": ("exercice", "siret_attribuant"),
}
"""Format -> the options that it takes."""
FORMATS = tuple(_POUR)


def _lire_siret(_: click.Context, __: click.Parameter, valeur: str | None) -> str | None:
    from projections.exports.scdl_regles import siret_faux  # noqa: PLC0415

    faute = None if valeur is None else siret_faux(valeur)
    if faute is not None:
        raise click.BadParameter(f"{faute}.")
    return valeur


def _lire_prefixe(_: click.Context, __: click.Parameter, valeur: str | None) -> str | None:
    if valeur is not None and re.fullmatch("360G-[A-Za-z0-9_-]{1,64}", valeur) is None:
        raise click.BadParameter("360G- puis 1 à 64 lettres, chiffres ou tirets attendus.")
    return valeur


_OPTIONS = (
    click.option(
        "--depuis",
        metavar="AAAA-MM-JJ",
        callback=jour_donne,
        help="scdl : seulement les conventions nouvelles ou changées à partir de ce jour.",
    ),
    click.option(
        "--incompletes",
        type=FICHIER,
        metavar="FICHIER",
        help="scdl : écrire là, en CSV, ce qui n'est pas publié et ce qui y manque.",
    ),
    click.option(
        "--retards",
        type=FICHIER,
        metavar="FICHIER",
        help="scdl : écrire là, en CSV, ce qui devait paraître (signature et trois mois).",
    ),
    click.option(
        "--attribuant",
        metavar="NOM",
        help="scdl, 360giving : le nom de l'attribuant, si le journal ne le tient pas.",
    ),
    click.option(
        "--siret-attribuant",
        metavar="SIRET",
        callback=_lire_siret,
        help="scdl, 360giving, fec : le SIRET de l'attribuant, si le journal ne le tient pas.",
    ),
    click.option(
        "--notification-ue",
        type=click.Choice(("oui", "non")),
        help="scdl : aide notifiée à la Commission européenne (par défaut : non).",
    ),
    click.option(
        "--prefixe",
        metavar="360G-NOM",
        callback=_lire_prefixe,
        help="360giving : le préfixe enregistré par l'attribuant (par défaut : 360G-PROGRAMME).",
    ),
    click.option(
        "--exercice",
        type=click.IntRange(1900, 2999),
        metavar="AAAA",
        help="fec : un seul exercice, avec ses à-nouveaux (par défaut : tous).",
    ),
)


def options_de_publication(fonction: Rappel) -> Rappel:
    """Declare the options of the publications on the verb, given to it by name."""
    for option in reversed(_OPTIONS):
        fonction = option(fonction)
    return fonction


def choisir(format_: str, base: str, sortie: str | None, options: dict[str, Any]) -> Choix:
    """The options given. Wrong for this format, or two files in one: a usage error."""
    for champ in fields(Choix):
        if options.get(champ.name) is not None and champ.name not in _POUR.get(format_, ()):
            nom = champ.name.replace("_", "-")
            raise click.UsageError(f"--{nom} ne vaut pas pour le format {format_}.")
    ecrits = [options.get("incompletes"), options.get("retards"), sortie or "-"]
    ecrits.append(compagnon_de(format_, sortie))
    cibles = [c if c == "-" else str(Path(c).resolve()) for c in ecrits if c is not None]
    if len(set(cibles)) < len(cibles):
        raise click.UsageError(
            "La publication, son compagnon et ses listes vont dans des fichiers différents."
        )
    return Choix(base=base, sortie=sortie, **options)


def ecrivains(choix: Choix) -> dict[str, Ecrivain]:
    """Format -> its writer, the options applied."""
    return {
        "scdl": lambda journal, vue: _scdl(journal, vue, choix),
        "360giving": lambda journal, vue: _360giving(journal, vue, choix),
        "fec": lambda journal, vue: _fec(journal, vue, choix),
    }


def _fec(journal: Journal, vue: Vue, choix: Choix) -> Iterator[str]:
    from projections.exports.fec import (  # noqa: PLC0415
        A_NOUVEAUX,
        COLONNES,
        ecrire_fec,
        nom_reglementaire,
    )

    journaux = set()
    for morceau in ecrire_fec(journal, vue, exercice=choix.exercice):
        journaux.add(morceau.partition("\t")[0])
        yield morceau
    journaux.discard(COLONNES[0])  # the headings
    if not journaux - {A_NOUVEAUX}:
        quand = "" if choix.exercice is None else f" de {choix.exercice}"
        tenu = "que les à-nouveaux" if journaux else "aucune écriture"
        avertir(f"Aucun mouvement{quand} n'est compté : le fichier ne tient {tenu}.")
    siret = _siret(vue, choix)
    if choix.exercice is None:
        avertir("Tous les exercices : un FEC réglementaire n'en tient qu'un (--exercice).")
    elif siret is None:
        avertir(
            "Nom réglementaire inconnu : le journal ne tient pas le SIRET (--siret-attribuant)."
        )
    else:
        avertir(f"Nom réglementaire : {nom_reglementaire(siret, choix.exercice)}")


def _siret(vue: Vue, choix: Choix) -> str | None:
    """The SIRET of the authority: as recorded, else as stated."""
    from projections.exports.attributions import attribuant_du_journal  # noqa: PLC0415

    tenu = attribuant_du_journal(vue)
    return (tenu.siret if tenu is not None else None) or choix.siret_attribuant


def destination(format_: str, sortie: str | None, vue: Vue, choix: Choix) -> str | None:
    """Where an export goes: the file, or in a folder a FEC under its legal name.

    Raises: UsageError for a folder when the legal name is not known.
    """
    from projections.exports.fec import nom_reglementaire  # noqa: PLC0415

    if format_ != "fec" or sortie is None or not est_un_dossier(sortie):
        return sortie
    siret = _siret(vue, choix)
    if choix.exercice is None or siret is None:
        manque = "--exercice" if choix.exercice is None else "--siret-attribuant"
        raise click.UsageError(
            f"Le nom réglementaire d'un FEC tient le SIREN et l'exercice : donner {manque}, ou "
            "nommer le fichier."
        )
    return fichier_du_dossier(sortie, nom_reglementaire(siret, choix.exercice))


def _360giving(journal: Journal, vue: Vue, choix: Choix) -> Iterator[str]:
    from projections.exports.giving import ecrire_360giving  # noqa: PLC0415

    yield from ecrire_360giving(
        journal,
        vue,
        nom_attribuant=choix.attribuant or "",
        siret_attribuant=choix.siret_attribuant or "",
        prefixe=choix.prefixe or "",
    )
    if choix.prefixe is None:
        avertir(f"Supposé : préfixe 360G-{vue.programme}, à enregistrer (--prefixe).")


def _scdl(journal: Journal, vue: Vue, choix: Choix) -> Iterator[str]:
    from projections.exports.scdl import (  # noqa: PLC0415
        Declarations,
        ecrire_scdl,
        ecrire_suivis,
        preparer,
    )

    declarations = Declarations(
        choix.attribuant or "",
        choix.siret_attribuant or "",
        choix.notification_ue or "non",  # type: ignore[arg-type]
    )
    veille = _veille(journal, vue, choix)
    publication = preparer(vue, declarations, veille=veille)
    yield from ecrire_scdl(publication)
    for fichier, suivis in (
        (choix.incompletes, publication.ecartes),
        (choix.retards, publication.retards),
    ):
        if fichier is not None:
            with ouvrir_sortie(fichier, base=choix.base) as flux:
                flux.writelines(m.encode("utf-8") for m in ecrire_suivis(suivis))
    for phrase in _bilan(publication, vue, choix):
        avertir(phrase)


def _veille(journal: Journal, vue: Vue, choix: Choix) -> Vue | None:
    """The same knowledge, as of the day before `--depuis`."""
    from datetime import timedelta  # noqa: PLC0415

    from projections import regarder  # noqa: PLC0415

    if choix.depuis is None:
        return None
    if vue.au is not None and vue.au < choix.depuis:
        raise click.UsageError(
            f"--depuis {choix.depuis} vient après --au {vue.au} : rien n'est à publier."
        )
    jour = choix.depuis - timedelta(days=1)
    return regarder(journal, au=jour, connu_au=vue.situation.position)


def _bilan(publication: Publication, vue: Vue, choix: Choix) -> Iterator[str]:
    """What the publisher must know of a file: what it lacks, what is late, what was assumed."""
    incompletes = [s for s in publication.ecartes if s.statut == "incomplete"]
    sans_objet = len(publication.ecartes) - len(incompletes)
    inchangees = sum(s.statut == "inchangee" for s in publication.suivis)
    phrase = f"Publiées : {len(publication.lignes)}. Incomplètes, non publiées : {len(incompletes)}"
    phrase += f". Sans objet (label retiré, rien d'attribué) : {sans_objet}."
    if choix.depuis is not None:
        phrase += f" Inchangées depuis le {choix.depuis} : {inchangees}."
    yield phrase
    manques: dict[str, int] = {}
    for suivi in incompletes:
        for manque in suivi.manque:
            manques[manque] = manques.get(manque, 0) + 1
    for manque, nombre in sorted(manques.items(), key=lambda m: (-m[1], m[0]))[:_LISTE_MAX]:
        yield f"  {nombre} fois, {manque}"
    if publication.retards:
        yield (
            f"Signées depuis plus de trois mois au {vue.date_de_vue} : "
            f"{len(publication.retards)}, à publier sans attendre ({_noms(publication.retards)})."
        )
    if publication.retouches:
        structures = sorted({structure for structure, _ in publication.retouches})
        yield (
            f"Textes coupés, ou précédés d'une apostrophe pour les tableurs : "
            f"{len(publication.retouches)} ({', '.join(structures[:_LISTE_MAX])})."
        )
    if publication.lignes and choix.notification_ue is None:
        yield "Supposé : aide non notifiée à la Commission européenne (--notification-ue)."


def _noms(suivis: tuple[Suivi, ...]) -> str:
    noms = ", ".join(s.structure for s in suivis[:_LISTE_MAX])
    return f"{noms}, ..." if len(suivis) > _LISTE_MAX else noms
