"""A view and what pages ask of it, each computed once: register, cells, credits, pace."""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import cached_property, lru_cache

from msgspec import Struct

from ledger.budget import LigneCredits

from ..cellules import Cellule, valeurs
from ..credits import credits
from ..enveloppe import Complements, Enveloppe, complements, enveloppe
from ..fiche import Fiche
from ..situation import Vue
from ..structures import ligne

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "’": "'"})
_TRIMESTRES_MAX = 24


class Etape(Struct, frozen=True):
    """The envelope at the end of a quarter or of a year: what was used, what was left."""

    nom: str
    fin: date
    consomme_centimes: int
    disponible_centimes: int


class Regard:
    """One view of a programme. Values only: the base is read by whoever made the view."""

    def __init__(self, vue: Vue) -> None:
        self.vue = vue

    @property
    def position(self) -> int:
        """The last position known."""
        return self.vue.situation.position

    @cached_property
    def enveloppe(self) -> Enveloppe:
        """The envelope."""
        return enveloppe(self.vue)

    @cached_property
    def complements(self) -> Complements:
        """Waves, average grant, pace."""
        return complements(self.vue)

    @cached_property
    def credits(self) -> tuple[LigneCredits, ...]:
        """AE and CP, by exercice."""
        return credits(self.vue)

    @cached_property
    def valeurs(self) -> dict[Cellule, int]:
        """Every cell."""
        return valeurs(self.vue)

    @cached_property
    def registre(self) -> tuple[tuple[str, Fiche], ...]:
        """What a search looks into, and the structure; sorted by id."""
        fiches = self.vue.situation.fiches
        return tuple((_cle_de(fiches[slug]), fiches[slug]) for slug in sorted(fiches))

    @cached_property
    def vagues(self) -> tuple[str, ...]:
        """The waves that structures name, sorted: numbers in their order."""
        noms = {f.vague for f in self.vue.situation.fiches.values() if f.vague}
        return tuple(sorted(noms, key=lambda v: (not v.isdigit(), int(v) if v.isdigit() else 0, v)))

    @cached_property
    def etapes(self) -> tuple[Etape, ...]:
        """The envelope at the end of each quarter, or of each year when there are too many."""
        jours = sorted(self.vue.situation.disponible_par_jour.items())
        jour = self.vue.date_de_vue
        if not jours or jour is None:
            return ()
        fins = list(_fins(jours[0][0], jour, 3))
        if len(fins) > _TRIMESTRES_MAX:
            fins = list(_fins(jours[0][0], jour, 12))
        plafond = self.enveloppe.enveloppe_centimes
        etapes: list[Etape] = []
        disponible, rang = 0, 0
        for nom, fin in fins:
            while rang < len(jours) and jours[rang][0] <= fin:
                disponible += jours[rang][1][0]
                rang += 1
            etapes.append(Etape(nom, fin, plafond - disponible, disponible))
        return tuple(etapes)


def _fins(debut: date, fin: date, mois: int) -> list[tuple[str, date]]:
    suite: list[tuple[str, date]] = []
    annee, rang = debut.year, (debut.month - 1) // mois
    while True:
        bout = fin_de_mois(annee, (rang + 1) * mois)
        nom = f"T{rang + 1} {annee}" if mois < 12 else str(annee)  # noqa: PLR2004 - a year
        suite.append((nom, min(bout, fin)))
        if bout >= fin:
            return suite
        rang += 1
        if rang * mois >= 12:  # noqa: PLR2004 - a year
            annee, rang = annee + 1, 0


def fin_de_mois(annee: int, mois: int) -> date:
    """The last day of a month."""
    suivant = date(annee + 1, 1, 1) if mois == 12 else date(annee, mois + 1, 1)  # noqa: PLR2004
    return date.fromordinal(suivant.toordinal() - 1)


@lru_cache(maxsize=100_000)
def pliee(texte: str) -> str:
    """A text as searches compare it: without case, accent nor ligature."""
    decompose = unicodedata.normalize("NFD", texte.casefold().translate(_LIGATURES))
    return "".join(c for c in decompose if not unicodedata.combining(c))


def _cle_de(fiche: Fiche) -> str:
    inscrite = ligne(fiche)
    return pliee(
        f"{inscrite.structure} {inscrite.porteur} {inscrite.code_postal} {inscrite.ville}"
        f" {fiche.siret or ''}"
    )
