"""What changed between two views of one programme: every cell that differs, and the facts why.

A fact contributes to a difference what it contributes in the second view less what it does in the
first: this sums to the difference, whether the second knows more, looks at another date, or both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.evenements import (
    EnveloppeModifiée,
    Fait,
    FaitDeStructure,
    ProgrammeOuvert,
    RèglesRévisées,
    StructureCorrigée,
    VersementAnnulé,
)
from ledger.journal import Journal
from ledger.preuve.merkle import racine_base64
from ledger.registre import TOPICS
from ledger.temps import lire_date

from .cellules import Unite, lire_cellule
from .situation import connus, exiger_connu
from .suivi import Suivi

TARDIF = "inconnu de la première vue, et daté d'un jour qu'elle donnait pour passé"
"""When a fact is `fait_tardif` here: the anomaly of that code is another rule (recorded long after
its effect date, or an exercice later), "antidaté" in the journal a third one."""
Classe = Literal["changement_de_regle", "correction", "fait_tardif", "fait_nouveau"]
CLASSES: tuple[Classe, ...] = (
    "changement_de_regle",
    "correction",
    "fait_tardif",
    "fait_nouveau",
)
"""In the order of precedence: the first that applies."""


class RapportDivergentError(UsageError):
    """The journal at the position of a report does not have the root that the report states."""

    code = "rapport_divergent"


class Point(Struct, frozen=True):
    """Where a programme is looked at from: what was known (all by default), and up to which day."""

    connu_au: int | str | None = None
    au: date | None = None


class Apport(Struct, frozen=True, gc=False):
    """What one fact adds to a difference, in the unit of the cell, and of which class it is."""

    position: int
    type: str
    structure: str | None
    classe: Classe
    centimes: int


class Ecart(Struct, frozen=True):
    """A cell that differs; amounts are in `unite`, cents or not. 0 where the cell is not there."""

    cellule: str
    unite: Unite
    avant_centimes: int
    apres_centimes: int
    difference_centimes: int
    contributions: tuple[Apport, ...]


def comparer(
    journal: Journal, a: Point, b: Point, *, motifs: Sequence[str] = ()
) -> tuple[Ecart, ...]:
    """Every cell whose value at `b` is not that at `a`, in the order of the tables.

    `motifs` are shell patterns (`enveloppe.*`) on the names of cells; none keeps every cell.
    Classes: `changement_de_regle` (rules or envelope); `correction` (cancelled payment, corrected
    identity); `fait_tardif`, not known at `a` though of a day that `a` gave as past (`_passee`);
    `fait_nouveau`, any other.
    Raises: UsageError, as `expliquer`; ChainBrokenError; StoreError.
    """
    for point in (a, b):
        exiger_connu(journal, point.connu_au)
    cote_a, cote_b, apports = _lire(journal, a, b)
    motifs = [_normaliser(m, (cote_a, cote_b)) for m in motifs]
    ecarts = []
    for nom, contributions in apports.items():
        avant, apres = cote_a.valeurs.get(nom, 0), cote_b.valeurs.get(nom, 0)
        if avant == apres or (motifs and not any(fnmatchcase(nom, m) for m in motifs)):
            continue
        cellule = lire_cellule(nom)
        ecart = Ecart(nom, cellule.unite, avant, apres, apres - avant, tuple(contributions))
        ecarts.append((cellule.ordre, ecart))
    return tuple(ecart for _, ecart in sorted(ecarts, key=lambda paire: paire[0]))


def _normaliser(motif: str, cotes: Iterable[Suivi]) -> str:
    """A pattern as cells are named: aliases and suffixes read as in a name.

    Raises: UsageError when it can match no cell: "no difference" would be no answer.
    """
    if not any(signe in motif for signe in "*?["):
        return str(lire_cellule(motif))
    table, _, suite = motif.partition(".")
    normal = f"enveloppe.{motif}" if table in ("labels", "quotas") and suite else motif
    for suffixe in ("_centimes", "_dix_milliemes"):
        normal = normal.removesuffix(suffixe)
    if not any(fnmatchcase(nom, normal) for cote in cotes for nom in cote.presentes()):
        raise UsageError(
            f"Aucune cellule de ces deux vues ne répond au motif {motif[:80]!r}.",
            remede="Par exemple 'enveloppe.*', 'credits.2021.*', 'echeancier.STRUCTURE.*'.",
        )
    return normal


def _lire(journal: Journal, a: Point, b: Point) -> tuple[Suivi, Suivi, dict[str, list[Apport]]]:
    """One reading for both: up to the first fact that only one of them counts, they are alike."""
    cote_a = cote_b = Suivi()
    apports: dict[str, list[Apport]] = {}
    derniere: date | None = None
    for position, fait in connus(Journal(journal.store, journal.programme), None):
        su_de_a, su_de_b = _connait(a, position, fait), _connait(b, position, fait)
        if not (su_de_a or su_de_b):
            break
        dans_a, dans_b = su_de_a and _compte(a, fait), su_de_b and _compte(b, fait)
        if su_de_a and (derniere is None or fait.date_effet > derniere):
            derniere = fait.date_effet
        if cote_a is cote_b:
            if dans_a == dans_b:
                if dans_a:
                    cote_a.compter(position, fait)
                continue
            cote_b = cote_a.copie()
        gains_a = cote_a.compter(position, fait) if dans_a else {}
        gains_b = cote_b.compter(position, fait) if dans_b else {}
        tardif = not su_de_a and _passee(fait.date_effet, a, derniere)
        classe = _classe(fait, tardif=tardif)
        for nom in gains_a.keys() | gains_b.keys():
            centimes = gains_b.get(nom, 0) - gains_a.get(nom, 0)
            if centimes:
                apport = _apport(position, fait, classe, centimes)
                apports.setdefault(nom, []).append(apport)
    return cote_a, cote_b, apports


def _connait(point: Point, position: int, fait: Fait) -> bool:
    if isinstance(point.connu_au, int):
        return position <= point.connu_au
    return point.connu_au is None or fait.enregistre_le <= point.connu_au


def _compte(point: Point, fait: Fait) -> bool:
    return point.au is None or fait.date_effet <= point.au


def _passee(jour: date, point: Point, derniere: date | None) -> bool:
    """Whether a view gave a day as past: a fact of that day that it did not know is then late.

    `derniere` is the last effect date known to the view, counted or not. A day before it is past:
    the journal marks such a fact "antidaté". That very day is still going on (facts of one day
    follow one another in the journal) unless the view names its end: "état au" that day. Of a
    view that looks further than what it knows ("état au" a day not reached yet), the days after
    `derniere` are to come. A day after "état au" is none of its business: there, nothing is late.
    """
    if derniere is None or (point.au is not None and jour > point.au):
        return False
    return jour < derniere or jour == derniere == point.au


def _classe(fait: Fait, *, tardif: bool) -> Classe:
    if isinstance(fait, RèglesRévisées | EnveloppeModifiée | ProgrammeOuvert):
        return "changement_de_regle"
    if isinstance(fait, VersementAnnulé | StructureCorrigée):
        return "correction"
    return "fait_tardif" if tardif else "fait_nouveau"


def _apport(position: int, fait: Fait, classe: Classe, centimes: int) -> Apport:
    structure = fait.structure if isinstance(fait, FaitDeStructure) else None
    return Apport(position, TOPICS[type(fait)], structure, classe, centimes)


class _Entete(Struct, frozen=True):
    """What a report says of the view it shows."""

    programme: str
    position: int
    racine: str
    au: str | None = None


def point_du_rapport(journal: Journal, entete: Mapping[str, Any]) -> Point:
    """The view that a report shows, from its heading, checked against the journal.

    Raises: UsageError when the heading is not one or names another programme;
    RapportDivergentError when the journal is not the one that the report was read from.
    """
    try:
        lue = msgspec.convert(dict(entete), _Entete)
        au = None if lue.au is None else lire_date(lue.au)
    except ValueError as erreur:
        raise UsageError("L'en-tête du rapport ne dit pas de quelle vue il est tiré.") from erreur
    if lue.programme != journal.programme:
        raise UsageError(
            f"Le rapport est celui du programme {lue.programme[:80]}, pas de {journal.programme}.",
            remede="Vérifier --programme et --base.",
        )
    taille = journal.store.taille(journal.programme)
    lu = Journal(journal.store, journal.programme)
    if 0 <= lue.position <= taille:
        for _ in lu.rattraper(jusqua=lue.position):
            pass
        if racine_base64(lu.arbre.racine(lue.position)) == lue.racine:
            return Point(lue.position, au)
    raise RapportDivergentError(
        f"Le journal {journal.programme} ne donne pas, à la position {lue.position}, la racine "
        "que dit le rapport.",
        remede="Le rapport vient d'une autre base, ou l'un des deux a été modifié : lancer "
        "`fabriques verifier`.",
    )
