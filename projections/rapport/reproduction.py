"""Making a report again: from the journal that it names, at its dates, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ledger.journal import Journal
from ledger.preuve.canonique import json_canonique
from ledger.preuve.merkle import racine_base64

from ..situation import Vue, regarder
from .contenu import MISE_EN_PAGE, MOTEUR, Entete, Rapport, origine, rapport
from .ecriture import Format, ecrire, visible
from .lecture import reconnaitre

CONSTATS_MAX = 50
"""Beyond that many, differences are counted but not listed."""
_TEXTE_MAX = 200
_CLES = ("rang", "structure", "engagement", "exercice")
"""What names an element of a list in a path, where it names one alone; else its rank."""

Statut = Literal["identique", "chiffres_identiques", "divergent"]
Scalaire = str | int | bool | None

CODES: dict[str, str] = {
    "rapport_autre_journal": "Le rapport vient d'un autre journal.",
    "rapport_au_dela": "Le journal s'arrête avant la position du rapport.",
    "rapport_racine_divergente": "À cette position, le journal n'a pas la racine du rapport.",
    "entete_divergent": "L'en-tête ne dit pas ce que le journal donne.",
    "chiffre_divergent": "Le chiffre n'est pas celui que le journal donne.",
    "chiffre_absent": "Le rapport ne dit pas ce que le journal donne.",
    "chiffre_en_trop": "Le rapport dit ce que le journal ne donne pas.",
    "rapport_altere": "Les données sont celles du journal, mais le fichier a été modifié.",
}


class Constat(Struct, frozen=True):
    """One difference: where, what the report says, what the journal gives."""

    code: str
    chemin: str
    rapporte: Scalaire
    recalcule: Scalaire


class Reproduction(Struct, frozen=True):
    """The answer. `ecarts` counts the differences, `constats` are the first of them.

    `identique`: the same bytes. `chiffres_identiques`: same heading and figures, written by another
    engine version (in the same layout, its name is then the only difference) or in another layout
    (the bytes are then not compared). `divergent`: the rest.
    `racine` is that of the journal at the position, None when it stops before; `octets` the report
    made again, None when it was not.
    """

    statut: Statut
    format: Format
    entete: Entete
    racine: str | None
    ecarts: int
    constats: tuple[Constat, ...]
    octets: bytes | None

    def en_json(self) -> dict[str, Any]:
        """The answer as plain JSON values, without the report made again."""
        return {
            "statut": self.statut,
            "format": self.format,
            "moteur_du_rapport": self.entete.moteur,
            "moteur": MOTEUR,
            "mise_en_page_du_rapport": self.entete.mise_en_page,
            "mise_en_page": MISE_EN_PAGE,
            "programme": self.entete.programme,
            "position": self.entete.position,
            "racine": self.racine,
            "ecarts": self.ecarts,
            "constats": msgspec.to_builtins(self.constats),
        }


def reproduire(journal: Journal, octets: bytes) -> Reproduction:
    """Make a report again from a journal and compare, byte for byte.

    Raises: ReportUnreadableError; UsageError (unknown programme); ChainBrokenError; StoreError.
    """
    format_lu, lu = reconnaitre(octets)
    entete = lu.entete
    taille = journal.store.taille(journal.programme)
    vue = regarder(
        journal,
        au=None if entete.au is None else date.fromisoformat(entete.au),
        connu_au=min(entete.position, taille),
    )
    racine = racine_base64(vue.racine) if entete.position <= taille else None
    etranger = _autre_journal(entete, vue, taille)
    if etranger is not None:
        return Reproduction("divergent", format_lu, entete, racine, 1, (etranger,), None)
    refait = rapport(vue)
    attendus = ecrire(refait, format_lu)
    dit = refait.comme_dit(entete.mise_en_page)
    constats = [] if attendus == octets else [*_ecarts(lu, dit)]
    statut: Statut = "divergent" if constats else "identique"
    if attendus != octets and not constats:
        statut = "chiffres_identiques"
        if entete.mise_en_page == MISE_EN_PAGE:  # then nothing but the engine's name may differ
            sous_son_nom = Rapport(replace(refait.entete, moteur=entete.moteur), refait.figures)
            constats = _altere(octets, ecrire(sous_son_nom, format_lu))
            statut = "divergent" if constats else statut
    premiers = tuple(constats[:CONSTATS_MAX])
    return Reproduction(statut, format_lu, entete, racine, len(constats), premiers, attendus)


def _autre_journal(entete: Entete, vue: Vue, taille: int) -> Constat | None:
    """Why the journal is not the one, as it was, that the report was read from."""
    ici = origine(vue)
    connues = {ici}
    if vue.journal is not None:
        connues |= {vue.journal.origine(p) for p in vue.journal.fondations}
    if entete.programme != vue.programme:
        return _constat(
            "rapport_autre_journal", "entete.programme", entete.programme, vue.programme
        )
    if entete.origine not in connues:
        return _constat("rapport_autre_journal", "entete.origine", entete.origine, ici)
    if entete.position > taille:
        return _constat("rapport_au_dela", "entete.position", entete.position, taille)
    racine = racine_base64(vue.racine)
    if entete.racine != racine:
        return _constat("rapport_racine_divergente", "entete.racine", entete.racine, racine)
    return None


def _ecarts(lu: Rapport, refait: Rapport) -> Iterator[Constat]:
    rapporte, recalcule = (msgspec.to_builtins(r.entete) for r in (lu, refait))
    for nom, valeur in recalcule.items():
        if nom not in ("moteur", "mise_en_page") and not _egales(rapporte[nom], valeur):
            yield _constat("entete_divergent", f"entete.{nom}", rapporte[nom], valeur)
    mise_en_page = lu.entete.mise_en_page
    if not 1 <= mise_en_page <= MISE_EN_PAGE:
        # a layout that no engine up to this one had: nothing could be said of the page
        yield _constat(
            "entete_divergent", "entete.mise_en_page", mise_en_page, refait.entete.mise_en_page
        )
    yield from _comparer("figures", lu.figures, refait.figures)


def _comparer(chemin: str, a: Any, b: Any) -> Iterator[Constat]:
    """The differences between what is reported (`a`) and what is recomputed (`b`)."""
    if isinstance(a, list) and isinstance(b, list):
        a, b = _en_objets(a, b)
    if not (isinstance(a, dict) and isinstance(b, dict)):
        if not _egales(a, b):
            yield _constat("chiffre_divergent", chemin, a, b)
        return
    for cle in (*b, *(cle for cle in a if cle not in b)):
        suite = f"{chemin}.{cle}"
        if cle not in a:
            yield _constat("chiffre_absent", suite, None, b[cle])
        elif cle not in b:
            yield _constat("chiffre_en_trop", suite, a[cle], None)
        else:
            yield from _comparer(suite, a[cle], b[cle])


def _en_objets(a: list[Any], b: list[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Two lists, each element under what names it in both, else under its rank from 1."""
    for cle in _CLES:
        noms = [[e.get(cle) if isinstance(e, dict) else None for e in liste] for liste in (a, b)]
        if all(_nomment(liste) for liste in noms):
            return dict(zip(noms[0], a, strict=True)), dict(zip(noms[1], b, strict=True))
    return dict(enumerate(a, start=1)), dict(enumerate(b, start=1))


def _nomment(noms: list[Any]) -> bool:
    return all(type(nom) in (int, str) for nom in noms) and len(set(noms)) == len(noms)


def _egales(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b  # for Python, true is 1


def _altere(octets: bytes, attendus: bytes) -> list[Constat]:
    """Where a file whose data are right departs from the one that the engine writes, if it does."""
    if octets == attendus:
        return []
    lignes, refaites = octets.split(b"\n"), attendus.split(b"\n")
    rang = 0
    while rang < min(len(lignes), len(refaites)) and lignes[rang] == refaites[rang]:
        rang += 1
    textes = [
        suite[rang].decode("utf-8", "replace") if rang < len(suite) else None
        for suite in (lignes, refaites)
    ]
    return [_constat("rapport_altere", f"ligne {rang + 1}", *textes)]


def _constat(code: str, chemin: str, rapporte: Any, recalcule: Any) -> Constat:
    return Constat(code, visible(chemin)[:_TEXTE_MAX], _dire(rapporte), _dire(recalcule))


def _dire(valeur: Any) -> Scalaire:
    if valeur is None or isinstance(valeur, bool | int):
        return valeur
    texte = valeur if isinstance(valeur, str) else json_canonique(valeur).decode("utf-8")
    visible_ = visible(texte)
    return visible_ if len(visible_) <= _TEXTE_MAX else f"{visible_[:_TEXTE_MAX]}…"
