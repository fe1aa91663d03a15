"""The verb `journal`: the lines, byte for byte, or one short row per event. Streams any length."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from .base import choisir_programme, ouvrir_en_lecture, regarder_journal
from .classeurs import EnTableur, publier_en_tableur, tableurs
from .flux import Suite, avec_suite, diffuser, verifier_suite
from .largeurs import mesurer, raccourcir, raccourcir_au_milieu, remplir
from .options import FORMATS_DE_TABLEAU, FORMATS_DE_TABLEUR, Demande, avec_demande
from .phrases import euros, libelle_du_fait
from .rendu import Cellule, csv_lignes, date_iso
from .sortie import ouvrir_sortie
from .terminal import largeur, neutraliser, pour_terminal

if TYPE_CHECKING:
    from ledger import Journal, Store

_COLONNES = (
    "position",
    "date_effet",
    "enregistre_le",
    "type",
    "structure",
    "montant_centimes",
    "tardif",
    "id_commande",
    "acteur",
    "role",
    "source_fichier",
    "source_feuille",
    "source_ligne",
)
_TITRES = ("Pos.", "Effet", "", "Fait", "Montant", "Structure")
_TRAITS = ("-----", "-" * 10, "-" * 8, "-" * 23, "-" * 15, "-" * 14)
_MOINS = 12
"""Columns that a structure needs: with fewer, it goes on a line above its fact."""


class Entree(NamedTuple):
    """One event: its line as stored, what was read of it, and whether it is backdated."""

    octets: bytes
    position: int
    type: str
    etat: Mapping[str, Any]
    tardif: bool


@click.command(
    short_help="Les lignes du journal, à l'octet près.",
    epilog="""\b
Exemples :
  fabriques journal > journal.jsonl
  fabriques journal --connu-au 250 | sha256sum
  fabriques journal --format table --au 2020-12-31
  fabriques journal -o journal.csv
  fabriques journal --au 2020-12-31 -o journal.xlsx
  fabriques journal --suivre --curseur envoye.txt --format cloudevents | envoyer

\b
Avec --suivre, --depuis, --curseur ou --format cloudevents, chaque ligne est vérifiée avant de
sortir. Le curseur est gardé après ce qui est rendu à la sortie : relancé, le flux donne chaque
ligne au moins une fois. --suivre attend le retour d'un serveur PostgreSQL absent. Codes de
sortie : 0 à l'interruption de --suivre ; 4 si la base disparaît, est remplacée, ou ne tient plus
la ligne du curseur.""",
)
@avec_demande(formats=(*FORMATS_DE_TABLEAU, "cloudevents"), defaut="jsonl")
@avec_suite
def journal(
    demande: Demande, *, suivre: bool, depuis: str | None, curseur: str | None, intervalle: int
) -> None:
    """Les lignes du journal, dans l'ordre et à l'octet près (--format jsonl).

    Le tableau et le CSV donnent une ligne courte par fait ; « antidaté » (colonne tardif du CSV)
    y marque un fait dont la date d'effet précède celle d'un fait déjà enregistré. Les lignes
    sortent telles que tenues : les vérifier est le travail de « fabriques verifier ».
    """
    from ledger import Journal  # noqa: PLC0415

    suite = Suite(suivre, depuis, curseur, intervalle)
    if suite.concerne(demande):
        verifier_suite(suite, demande)
    with ouvrir_en_lecture(demande.base) as store:
        lu = Journal(store, choisir_programme(store, demande))
        _verifier_position(store, lu.programme, demande)
        if demande.format in FORMATS_DE_TABLEUR and not suite.concerne(demande):
            _publier_en_tableur(lu, demande)
            return
        with ouvrir_sortie(demande.sortie, base=demande.base) as flux:
            if suite.concerne(demande):
                diffuser(store, lu.programme, demande, suite, flux)
                return
            match demande.format:
                case "jsonl":
                    flux.writelines(ligne + b"\n" for ligne in _montrees(lu, demande))
                case "json":
                    _ecrire_liste(flux, _montrees(lu, demande))
                case "csv":
                    flux.writelines(csv_lignes(_COLONNES, map(_ligne_csv, _entrees(lu, demande))))
                case _:
                    _ecrire_table(flux, _entrees(lu, demande), largeur(demande.sortie))


def _publier_en_tableur(journal: Journal, demande: Demande) -> None:
    """The facts as a list for a spreadsheet, verified on the way. The base is open."""
    vue = regarder_journal(journal, demande)
    publier_en_tableur(
        demande,
        EnTableur(
            tableau=lambda: tableurs("journal").tableau_journal(vue),
            classeur=lambda: tableurs().classeur_journal(vue),
        ),
    )


def _verifier_position(store: Store, programme: str, demande: Demande) -> None:
    """The journal must have reached the position asked for."""
    from ledger.erreurs import UsageError  # noqa: PLC0415

    voulue = demande.connu_au
    if not isinstance(voulue, int) or voulue == 0:
        return
    if not any(True for _ in store.lire(programme, apres=voulue - 1, jusqua=voulue)):
        raise UsageError(
            f"Le journal {programme} n'atteint pas la position {voulue}.",
            remede="Vérifier --connu-au.",
        )


def _montrees(journal: Journal, demande: Demande) -> Iterator[bytes]:
    """The lines byte for byte; on a terminal, what it would obey is shown instead."""
    lignes = _lignes(journal, demande)
    sur_terminal = demande.sortie in (None, "-") and sys.stdout.isatty()
    return map(pour_terminal, lignes) if sur_terminal else lignes


def _lignes(journal: Journal, demande: Demande) -> Iterator[bytes]:
    """The lines asked for. Without a date to compare, they are not even decoded."""
    connu_au = demande.connu_au
    if demande.au is None and not isinstance(connu_au, str):
        yield from journal.lignes(jusqua=connu_au)
        return
    for entree in _entrees(journal, demande):
        yield entree.octets


def _entrees(journal: Journal, demande: Demande) -> Iterator[Entree]:
    from msgspec.json import Decoder  # noqa: PLC0415

    decoder = Decoder().decode
    connu_au = demande.connu_au
    au = None if demande.au is None else demande.au.isoformat()
    derniere = ""
    jusqua = connu_au if isinstance(connu_au, int) else None
    for position, octets in enumerate(journal.lignes(jusqua=jusqua), start=1):
        ligne = _decoder(decoder, octets, journal.programme, position)
        etat = ligne["state"]
        if isinstance(connu_au, str) and etat["enregistre_le"] > connu_au:
            return  # recorded instants never decrease
        effet = etat["date_effet"]
        tardif = effet < derniere
        derniere = max(derniere, effet)
        if au is None or effet <= au:
            yield Entree(octets, ligne["pos"], ligne["type"], etat, tardif)


def _decoder(decoder: Any, octets: bytes, programme: str, position: int) -> dict[str, Any]:
    from msgspec import MsgspecError  # noqa: PLC0415

    from ledger.erreurs import UnreadableFactError  # noqa: PLC0415

    ligne: dict[str, Any] = {}
    try:
        ligne = decoder(octets)
        etat = ligne["state"]
        lisible = type(etat["date_effet"]) is str and type(etat["enregistre_le"]) is str
    except (MsgspecError, UnicodeDecodeError, LookupError, TypeError):
        lisible = False
    if not lisible:
        raise UnreadableFactError(
            f"Journal {programme}, ligne {position} : ce n'est pas un fait lisible.",
            position=position,
        )
    return ligne


def _ecrire_liste(flux: IO[bytes], lignes: Iterator[bytes]) -> None:
    separateur = b"[\n"
    for ligne in lignes:
        flux.write(separateur + ligne)
        separateur = b",\n"
    flux.write(b"\n]\n" if separateur == b",\n" else b"[]\n")


def _montant(entree: Entree) -> int | None:
    """The amount of the event itself, when it has a single one."""
    etat = entree.etat
    if entree.type == "programme-ouvert":
        regles = etat.get("regles")
        valeur = regles.get("enveloppe_centimes") if isinstance(regles, dict) else None
    else:
        valeur = etat.get("montant_centimes", etat.get("variation_centimes"))
    return valeur if type(valeur) is int else None


def _ligne_csv(entree: Entree) -> dict[str, Cellule]:
    etat = entree.etat
    acteur, source = (
        valeur if isinstance(valeur, dict) else {}
        for valeur in (etat.get("acteur"), etat.get("provenance"))
    )
    return {
        "position": entree.position,
        "date_effet": etat["date_effet"],
        "enregistre_le": etat["enregistre_le"],
        "type": entree.type,
        "structure": etat.get("structure"),
        "montant_centimes": _montant(entree),
        "tardif": entree.tardif,
        "id_commande": etat.get("id_commande"),
        "acteur": acteur.get("id"),
        "role": acteur.get("role"),
        "source_fichier": source.get("fichier"),
        "source_feuille": source.get("feuille"),
        "source_ligne": source.get("ligne"),
    }


def _ecrire_table(flux: IO[bytes], entrees: Iterator[Entree], taille: int) -> None:
    """Fixed columns, so that a million rows stream; the structure is shortened in its middle."""
    flux.write(_rang(_TITRES, taille))
    flux.write(_rang(_TRAITS, taille))
    for entree in entrees:
        montant = _montant(entree)
        cellules = (
            str(entree.position),
            _effet(entree.etat["date_effet"]),
            "antidaté" if entree.tardif else "",
            _fait(entree.type),
            "" if montant is None else euros(montant),
            str(entree.etat.get("structure", "")),
        )
        flux.write(_rang(cellules, taille))


_fait = lru_cache(maxsize=256)(libelle_du_fait)


@lru_cache(maxsize=4096)
def _effet(texte: str) -> str:
    """A stored date for people, or the text itself when a forged line holds another one."""
    from ledger.temps import lire_date  # noqa: PLC0415

    try:
        lire_date(texte)
    except ValueError:
        return texte
    return date_iso(texte)


def _rang(cellules: tuple[str, ...], taille: int) -> bytes:
    """A row on one line; on two where the terminal is narrow, or an amount huge."""
    position, effet, tardif, genre, montant, structure = map(neutraliser, cellules)
    quand = f"{position:>5} {raccourcir(effet, 10):<10} {tardif:<8}"
    place = min(23, taille - len("      ") - 1 - max(len(montant), 15))
    quoi = f"{remplir(raccourcir(genre, place), place)} {montant:>15}"
    reste = taille - mesurer(quand) - mesurer(quoi) - 2
    if reste >= _MOINS:
        lignes = [f"{quand} {quoi} {raccourcir_au_milieu(structure, reste)}"]
    else:
        lignes = [f"{quand} {raccourcir_au_milieu(structure, max(taille - len(quand) - 1, 8))}"]
        lignes.append(f"      {quoi}")
    return "".join(f"{ligne.rstrip()}\n" for ligne in lignes).encode("utf-8", "backslashreplace")
