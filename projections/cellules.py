"""The cells of the tables: one dotted name for every number that a person can point at.

    enveloppe.disponible          enveloppe.labels.qpv (or labels.qpv)
    credits.2021.cp_payes         structures.STRUCTURE.paye
    echeancier.STRUCTURE.2.reste  (`verse` when left out; rank 0 is the bonus, without `reste`)

A member is that of the public figure, without its `_centimes` or `_dix_milliemes` (also read).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Literal, NoReturn

from msgspec import Struct

from ledger.budget import LigneCredits
from ledger.champs import est_slug
from ledger.erreurs import UsageError
from ledger.programme import RANG_BONUS
from ledger.soldes import Labels

from .credits import credits
from .echeancier import de_fiche
from .enveloppe import Enveloppe, enveloppe
from .fiche import Fiche
from .situation import Vue
from .structures import ligne

Unite = Literal["centimes", "nombre", "dix_milliemes"]
_SUFFIXES = ("_centimes", "_dix_milliemes")
_COMPTES = ("labels", "quotas")
_ANNEE = re.compile(r"19[0-9]{2}|2[0-9]{3}")
_RANG = re.compile(r"0|[1-9][0-9]{0,5}")


def _sans_suffixe(membre: str) -> str:
    for suffixe in _SUFFIXES:
        membre = membre.removesuffix(suffixe)
    return membre


MEMBRES: dict[str, tuple[str, ...]] = {
    "enveloppe": (
        *(_sans_suffixe(m) for m in Enveloppe.__struct_fields__ if m.endswith(_SUFFIXES)),
        *(f"{compte}.{m}" for compte in _COMPTES for m in Labels.__struct_fields__),
    ),
    "credits": tuple(
        _sans_suffixe(m) for m in LigneCredits.__struct_fields__ if m.endswith(_SUFFIXES)
    ),
    "structures": ("montant", "paye"),
    "echeancier": ("montant", "verse", "reste"),
}
"""The tables, in the order in which they are read, and the members of each."""
_TABLES = tuple(MEMBRES)


class Cellule(Struct, frozen=True):
    """One cell. `cles` are its exercice, its structure, or its structure and rank; `str` its name.

    Build it with `lire_cellule`, which checks the name.
    """

    table: str
    cles: tuple[str, ...]
    membre: str

    def __str__(self) -> str:
        """The one name of the cell."""
        return ".".join((self.table, *self.cles, self.membre))

    @property
    def unite(self) -> Unite:
        """What its integer counts."""
        if self.membre == "taux_consommation":
            return "dix_milliemes"
        return "nombre" if self.membre.startswith(_COMPTES) else "centimes"

    @property
    def structure(self) -> str | None:
        """The structure it belongs to, if any."""
        return self.cles[0] if self.table in ("structures", "echeancier") else None

    @property
    def ordre(self) -> tuple[int, str, int, int]:
        """Where it stands among the others: table, exercice or structure, rank, member."""
        cle = self.cles[0] if self.cles else ""
        rang = int(self.cles[1]) if len(self.cles) > 1 else 0
        return _TABLES.index(self.table), cle, rang, MEMBRES[self.table].index(self.membre)


def lire_cellule(nom: str) -> Cellule:
    """Read a name. Raises UsageError, with the names that resemble it, when it names no cell.

    Whether its structure or its exercice exists is not known here: it depends on the view.
    """
    texte = nom.strip()
    table, *suite = texte.split(".")
    if table in _COMPTES:
        table, suite = "enveloppe", [table, *suite]
    match table, suite:
        case "enveloppe", [compte] if compte in _COMPTES:
            lue = Cellule(table, (), f"{compte}.total")
        case "enveloppe", [*membres]:
            lue = Cellule(table, (), _sans_suffixe(".".join(membres)))
        case "credits", [annee, membre] if _ANNEE.fullmatch(annee):
            lue = Cellule(table, (annee,), _sans_suffixe(membre))
        case "structures", [structure, membre] if est_slug(structure):
            lue = Cellule(table, (structure,), _sans_suffixe(membre))
        case "echeancier", [structure, rang, *membres] if (
            est_slug(structure) and _RANG.fullmatch(rang) and len(membres) <= 1
        ):
            membre = membres[0] if membres else "verse"
            lue = Cellule(table, (structure, rang), _sans_suffixe(membre))
        case _:
            _refuser(texte)
    if lue.membre not in MEMBRES[table] or (lue.cles[1:], lue.membre) == (("0",), "reste"):
        _refuser(texte)
    return lue


def _refuser(texte: str) -> NoReturn:
    proches = get_close_matches(texte, list(_candidats(texte)), n=5)
    raise UsageError(
        f"{texte[:80]!r} ne désigne pas une cellule.",
        remede=f"Noms proches : {', '.join(proches)}."
        if proches
        else "Écrire par exemple enveloppe.disponible, credits.2021.cp_payes, "
        "structures.STRUCTURE.paye ou echeancier.STRUCTURE.2.",
    )


def _candidats(texte: str) -> Iterator[str]:
    """Names to propose: those of every table, with the exercice, structure and rank typed."""
    _, *suite = texte.split(".")
    cle = suite[0] if suite else ""
    annee = cle if _ANNEE.fullmatch(cle) else "2020"
    structure = cle if est_slug(cle) else "STRUCTURE"
    rang = suite[1] if len(suite) > 1 and _RANG.fullmatch(suite[1]) else "1"
    prefixes = {
        "enveloppe": "enveloppe",
        "credits": f"credits.{annee}",
        "structures": f"structures.{structure}",
        "echeancier": f"echeancier.{structure}.{rang}",
    }
    for table, membres in MEMBRES.items():
        for membre in membres:
            if (table, rang, membre) != ("echeancier", "0", "reste"):
                yield f"{prefixes[table]}.{membre}"


def valeurs(vue: Vue) -> dict[Cellule, int]:
    """Every numeric cell of a view with its value, in its unit, in the order of the tables.

    A cell that is not there (structure or exercice not yet recorded) is worth 0.
    """
    toutes = valeurs_du_programme(enveloppe(vue), credits(vue))
    for fiche in vue.situation.fiches.values():
        toutes.update(valeurs_de_fiche(fiche))
    return dict(sorted(toutes.items(), key=lambda paire: paire[0].ordre))


def valeurs_du_programme(
    figure: Enveloppe, exercices: Iterable[LigneCredits]
) -> dict[Cellule, int]:
    """The cells of the tables that name no structure: envelope, then exercices."""
    toutes: dict[Cellule, int] = {}
    for champ in Enveloppe.__struct_fields__:
        if champ.endswith(_SUFFIXES):
            toutes[Cellule("enveloppe", (), _sans_suffixe(champ))] = getattr(figure, champ)
    for compte in _COMPTES:
        for champ in Labels.__struct_fields__:
            valeur = getattr(getattr(figure, compte), champ)
            toutes[Cellule("enveloppe", (), f"{compte}.{champ}")] = valeur
    for exercice in exercices:
        for membre in MEMBRES["credits"]:
            valeur = getattr(exercice, f"{membre}_centimes")
            toutes[Cellule("credits", (str(exercice.exercice),), membre)] = valeur
    return toutes


def toutes(vue: Vue) -> tuple[Cellule, ...]:
    """Every numeric cell of a view, in the order of the tables."""
    return tuple(valeurs(vue))


def valeurs_de_fiche(fiche: Fiche) -> dict[Cellule, int]:
    """The cells of one structure: its line in the register, then its schedule."""
    nom = fiche.structure
    inscrite, figure = ligne(fiche), de_fiche(fiche, None)
    lues = {
        Cellule("structures", (nom,), "montant"): inscrite.montant_centimes,
        Cellule("structures", (nom,), "paye"): inscrite.paye_centimes,
    }
    if figure.bonus is not None:
        cles = (nom, str(RANG_BONUS))
        lues[Cellule("echeancier", cles, "montant")] = figure.bonus.montant_centimes
        lues[Cellule("echeancier", cles, "verse")] = figure.bonus.verse_centimes
    for tranche in figure.tranches:
        cles = (nom, str(tranche.rang))
        lues[Cellule("echeancier", cles, "montant")] = tranche.montant_centimes
        lues[Cellule("echeancier", cles, "verse")] = tranche.verse_centimes
        lues[Cellule("echeancier", cles, "reste")] = tranche.reste_centimes
    return lues
