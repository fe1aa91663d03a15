"""What the register is searched by, filtered by and sorted by."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct

from ..enveloppe import ordre_naturel
from ..fiche import Fiche
from ..libelles import ETATS, TERRITOIRES

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "’": "'"})
SANS_VAGUE = "non renseignée"


@lru_cache(maxsize=100_000)
def pliee(texte: str) -> str:
    """A text as searches compare it: without case, accent nor ligature."""
    decompose = unicodedata.normalize("NFD", texte.casefold().translate(_LIGATURES))
    return "".join(c for c in decompose if not unicodedata.combining(c))


class Cherchable(NamedTuple):
    """What a search looks into, and the structure."""

    cle: str
    fiche: Fiche


class Tri(NamedTuple):
    """A column that sorts: its words, and what it compares."""

    nom: str
    cle: Callable[[Fiche], Any]


TRIS: dict[str, Tri] = {
    "porteur": Tri("Porteur", lambda f: (pliee(f.porteur), f.structure)),
    "ville": Tri("Ville", lambda f: (pliee(f.ville), f.code_postal)),
    "territoire": Tri("Zone", lambda f: f.territoire),
    "vague": Tri("Vague", lambda f: ordre_naturel(f.vague or "")),
    "etat": Tri("État", lambda f: f.etat),
    "montant": Tri("Subvention", lambda f: f.montant),
    "paye": Tri("Payé", lambda f: f.paye),
}
SENS = ("croissant", "decroissant")
FILTRES = ("q", "etat", "territoire", "numerique", "vague", "label")
"""The parameters that retain structures, in an address."""


class Recherche(Struct, frozen=True):
    """A search of the register: empty members retain everything. `label`: a year of label."""

    q: str = ""
    etat: str = ""
    territoire: str = ""
    numerique: str = ""
    vague: str = ""
    label: str = ""
    tri: str = "porteur"
    sens: str = "croissant"

    def filtres(self) -> dict[str, str]:
        """What it retains by, as parameters."""
        dits = {nom: getattr(self, nom) for nom in FILTRES}
        return {nom: valeur for nom, valeur in dits.items() if valeur}

    def parametres(self) -> dict[str, str]:
        """Its whole address: what it retains by, and its order where it is not the usual one."""
        return self.filtres() | {
            nom: valeur
            for nom, valeur in (("tri", self.tri), ("sens", self.sens))
            if valeur != getattr(Recherche(), nom)
        }

    def mots(self) -> str:
        """What it retains by, for a person; empty when it retains everything."""
        dites = {
            "texte": f"« {self.q} »" if self.q else "",
            "état": ETATS.get(self.etat, ""),
            "zone": TERRITOIRES.get(self.territoire, ""),
            "numérique": self.numerique,
            "vague": self.vague,
            "label de": self.label,
        }
        return ", ".join(f"{nom} {valeur}" for nom, valeur in dites.items() if valeur)


class Retenues(Struct, frozen=True):
    """The structures that a search retains, in its order, and their totals in cents."""

    fiches: tuple[Fiche, ...]
    montant: int
    paye: int

    @property
    def octets(self) -> int:
        """What it keeps in memory: the structures are the view's."""
        return 8 * len(self.fiches)


def retenir(triees: tuple[Cherchable, ...], recherche: Recherche) -> Retenues:
    """The structures that a search retains, among those of a register already sorted."""
    mots = pliee(recherche.q).split()
    filtres: Mapping[str, str] = {n: v for n, v in recherche.filtres().items() if n != "q"}
    fiches = tuple(
        fiche
        for cle, fiche in triees
        if (not mots or all(mot in cle for mot in mots))
        and (not filtres or all(_LUS[nom](fiche) == valeur for nom, valeur in filtres.items()))
    )
    return Retenues(fiches, sum(f.montant for f in fiches), sum(f.paye for f in fiches))


_LUS: dict[str, Callable[[Fiche], str]] = {
    "etat": lambda f: f.etat,
    "territoire": lambda f: f.territoire,
    "numerique": lambda f: "oui" if f.numerique else "non",
    "vague": lambda f: f.vague or SANS_VAGUE,
    "label": lambda f: "" if f.label_date is None else str(f.label_date.year),
}


def trier(registre: tuple[Cherchable, ...], tri: str, sens: str) -> tuple[Cherchable, ...]:
    """The register in an order; those that are equal in the order given."""
    cle = TRIS[tri].cle
    return tuple(sorted(registre, key=lambda c: cle(c.fiche), reverse=sens == "decroissant"))


def cle_de(fiche: Fiche) -> str:
    """What a search looks into."""
    return pliee(
        f"{fiche.structure} {fiche.porteur} {fiche.code_postal} {fiche.ville} {fiche.siret or ''}"
    )
