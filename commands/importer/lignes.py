"""From a row to values: each cell read by its field, each refusal with its column and its value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from ..tableaux import Cellule, Entete, Rangee, ValeurRefusee, nom_colonne
from ..tableaux.entete import cle
from .champs import Champ, Lecture, Valeurs
from .issues import Constat

_VALEUR_MAX = 80
_TOTAL = re.compile(r"(sous|grand)?tota(l|ux)(general|generaux|$)|somme$|ensemble$")


class Lue(Struct, frozen=True):
    """A row read: its values, and what there is to say, refusals apart from the rest."""

    valeurs: Valeurs
    alertes: tuple[Constat, ...]
    refus: tuple[Constat, ...]
    de_colonne: frozenset[str]
    """Fields that the row itself gives, the others being the same for the whole file."""


def lire_ligne(
    rangee: Rangee,
    entete: Entete,
    champs: tuple[Champ, ...],
    lecture: Lecture,
    constantes: Mapping[str, str],
) -> Lue:
    """The values of a row. A constant fills a cell left blank, or a column that is not there."""
    valeurs: Valeurs = {}
    alertes: list[Constat] = []
    refus: list[Constat] = []
    de_colonne: set[str] = set()
    for champ in champs:
        cellule, colonne = _cellule(rangee, entete, champ.nom)
        if cellule is not None and not cellule.vide:
            de_colonne.add(champ.nom)
        elif champ.nom in constantes:
            cellule, colonne = Cellule("texte", constantes[champ.nom]), None
        else:
            if champ.requis:
                refus.append(_absente(champ.nom, entete))
            continue
        vue = cellule.texte[:_VALEUR_MAX]
        try:
            valeurs[champ.nom], siennes = champ.lire(cellule, lecture, champ.nom)
        except ValeurRefusee as erreur:
            phrase = f"{champ.nom} : {erreur.phrase}"
            refus.append(Constat(erreur.code, phrase, erreur.remede, colonne, vue))
            continue
        for alerte in siennes:
            phrase = f"{champ.nom} : {alerte.phrase}"
            alertes.append(Constat(alerte.code, phrase, colonne=colonne, valeur=vue))
    return Lue(valeurs, tuple(alertes), tuple(refus), frozenset(de_colonne))


def designer(entete: Entete, champ: str) -> str | None:
    """The column of a field, for people: its heading and its letters."""
    return entete.titre(champ) if champ in entete.colonnes else None


def _cellule(rangee: Rangee, entete: Entete, champ: str) -> tuple[Cellule | None, str | None]:
    colonne = entete.colonnes.get(champ)
    if colonne is None:
        return None, None
    return rangee.cellule(colonne), entete.titre(champ)


def _absente(champ: str, entete: Entete) -> Constat:
    return Constat(
        "valeur_absente",
        f"{champ} : la cellule est vide",
        "La remplir.",
        designer(entete, champ),
        "",
    )


def total(rangee: Rangee, lue: Lue) -> Constat | None:
    """What to say of a row of totals: its first text says so, and it lacks what an act needs."""
    absents = any(refus.code == "valeur_absente" for refus in lue.refus)
    for rang, cellule in enumerate(rangee.cellules if absents else ()):
        if cellule.genre == "texte" and not cellule.vide:
            if _TOTAL.match(cle(cellule.texte)) is None:
                return None
            return Constat(
                "ligne_de_total",
                "la ligne est un total, pas un acte : elle n'est pas lue",
                "L'ôter du fichier, ou la laisser : rien n'en est écrit.",
                nom_colonne(rang),
                cellule.texte[:_VALEUR_MAX],
            )
    return None


def surnumeraires(rangee: Rangee, entete: Entete) -> Constat | None:
    """What to say of a row longer than its headings: its cells are probably shifted."""
    for rang in range(len(entete.titres), len(rangee.cellules)):
        cellule = rangee.cellules[rang]
        if not cellule.vide:
            return Constat(
                "ligne_illisible",
                f"la ligne a {len(rangee.cellules)} cellules pour {len(entete.titres)} en-têtes : "
                "un séparateur est de trop, ses colonnes sont décalées",
                "Mettre entre guillemets la cellule qui tient le séparateur.",
                nom_colonne(rang),
                cellule.texte[:_VALEUR_MAX],
            )
    return None
