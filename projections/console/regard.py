"""A view and what pages ask of it, each computed once: register, cells, credits, pace."""

from __future__ import annotations

from datetime import date
from functools import cached_property

from msgspec import Struct

from ledger.budget import LigneCredits

from ..cellules import Cellule, valeurs_du_programme
from ..credits import credits
from ..enveloppe import Complements, Enveloppe, complements, enveloppe, ordre_naturel
from ..situation import Vue
from .recherche import Cherchable, cle_de, trier

_TRIMESTRES_MAX = 24
_OCTETS_PAR_FICHE, _OCTETS_PAR_FAIT = 2_000, 150


class Etape(Struct, frozen=True):
    """The envelope at the end of a quarter or of a year: what was used, what was left."""

    nom: str
    fin: date
    consomme_centimes: int
    disponible_centimes: int


class Regard:
    """One view of a programme. Values only: the base is read by whoever made the view."""

    def __init__(self, vue: Vue, plafonds: tuple[tuple[date, int], ...]) -> None:
        """`plafonds`: changes of the envelope that the view counts, by effect date, in cents."""
        self.vue, self._plafonds = vue, plafonds
        self._tris: dict[tuple[str, str], tuple[Cherchable, ...]] = {}

    @property
    def position(self) -> int:
        """The last position known."""
        return self.vue.situation.position

    @cached_property
    def octets(self) -> int:
        """About what it keeps in memory: its structures, and their payments and positions."""
        fiches = self.vue.situation.fiches
        faits = sum(len(fiche.evenements) for fiche in fiches.values())
        return _OCTETS_PAR_FICHE * len(fiches) + _OCTETS_PAR_FAIT * faits

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
    def cellules_du_programme(self) -> dict[Cellule, int]:
        """The cells that name no structure."""
        return valeurs_du_programme(self.enveloppe, self.credits)

    @cached_property
    def _cherchables(self) -> tuple[Cherchable, ...]:
        fiches = self.vue.situation.fiches
        return tuple(Cherchable(cle_de(fiches[slug]), fiches[slug]) for slug in sorted(fiches))

    def triees(self, tri: str, sens: str) -> tuple[Cherchable, ...]:
        """The register in an order, sorted once."""
        triees = self._tris.get((tri, sens))
        if triees is None:  # two threads at once would both sort: the same tuple
            triees = self._tris[tri, sens] = trier(self._cherchables, tri, sens)
        return triees

    @cached_property
    def annees_de_label(self) -> tuple[str, ...]:
        """The years in which labels were granted."""
        fiches = self.vue.situation.fiches.values()
        return tuple(sorted({str(f.label_date.year) for f in fiches if f.label_date}))

    @cached_property
    def vagues(self) -> tuple[str, ...]:
        """The waves that structures name, sorted: numbers in their order."""
        noms = {f.vague for f in self.vue.situation.fiches.values() if f.vague}
        return tuple(sorted(noms, key=ordre_naturel))

    @cached_property
    def etapes(self) -> tuple[Etape, ...]:
        """The envelope at the end of each quarter, or of each year when there are too many.

        One period after the last fact, at most: a view as of 2999 shows no empty century.
        """
        jours = sorted(self.vue.situation.disponible_par_jour.items())
        jour = self.vue.date_de_vue
        if not jours or jour is None:
            return ()
        dernier = self.vue.situation.derniere_date or jour
        fins = _fins(jours[0][0], dernier, jour, 3)
        if len(fins) > _TRIMESTRES_MAX:
            fins = _fins(jours[0][0], dernier, jour, 12)
        etapes: list[Etape] = []
        disponible, rang = 0, 0
        for nom, fin in fins:
            while rang < len(jours) and jours[rang][0] <= fin:
                disponible += jours[rang][1][0]
                rang += 1
            plafond = sum(centimes for jour, centimes in self._plafonds if jour <= fin)
            etapes.append(Etape(nom, fin, plafond - disponible, disponible))
        return tuple(etapes)


def _fins(debut: date, dernier: date, fin: date, mois: int) -> list[tuple[str, date]]:
    """The periods from the first movement to a day, or to the one after the last fact."""
    suite: list[tuple[str, date]] = []
    annee, rang = debut.year, (debut.month - 1) // mois
    while True:
        bout = fin_de_mois(annee, (rang + 1) * mois)
        nom = f"T{rang + 1} {annee}" if mois < 12 else str(annee)  # noqa: PLR2004 - a year
        suite.append((nom, min(bout, fin)))
        if bout >= fin or (len(suite) > 1 and suite[-2][1] >= dernier):
            return suite
        rang += 1
        if rang * mois >= 12:  # noqa: PLR2004 - a year
            annee, rang = annee + 1, 0


def fin_de_mois(annee: int, mois: int) -> date:
    """The last day of a month."""
    suivant = date(annee + 1, 1, 1) if mois == 12 else date(annee, mois + 1, 1)  # noqa: PLR2004
    return date.fromordinal(suivant.toordinal() - 1)
