"""What is still to be paid, and assumed, worked out again from the lines of a journal alone.

What is firm is summed from schedules; what is assumed is granted day after day on a calendar.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from tests.requetes.naif import COMPTES, Naif, Objet

Cadence = tuple[int, int]
"""Labels a year, and cents of one."""


class Previsions:
    """The figures of a forecast. `cadence`: a pace given instead of the one seen."""

    def __init__(self, naif: Naif, *, fenetre: int, cadence: Cadence | None, horizon: int) -> None:
        assert naif.jour is not None
        regles = naif.regles(naif.jour)
        assert regles is not None
        self.naif, self.regles, self.horizon = naif, regles, horizon
        self.jour = date.fromisoformat(naif.jour)
        self.exigible: Counter[int] = Counter()
        self.mois: Counter[str] = Counter()
        self.tranches = self.bonus = 0
        self._fermes()
        self.fermes = {
            li["exercice"]: li["cp_restant_a_prevoir_centimes"]
            for li in naif.credits()
            if li["cp_restant_a_prevoir_centimes"]
        }
        self.jours = 365 if cadence else fenetre
        self.labels: Counter[str] = Counter()
        self.pris = 0
        if cadence is None:
            self._constater(self.jour - timedelta(fenetre - 1))
        else:
            self.labels["total"], self.pris = cadence[0], cadence[0] * cadence[1]
        nombre = self.labels["total"]
        self.cout = self.pris // nombre if nombre > 0 and self.pris > 0 else None
        self.plafonds = self._plafonds(COMPTES if cadence is None else COMPTES[:1])
        self.supposes = 0
        self.suppose_par_an: Counter[int] = Counter()
        self.suppose_par_mois: Counter[str] = Counter()
        if self.cout is not None:
            self._supposer(self.cout)

    def _fermes(self) -> None:
        """What living schedules leave, at the due date but never before the year planned."""
        for nom, plan in self.naif.echeanciers().items():
            if plan["etat"] != "labellisee":
                continue
            for t in plan["tranches"]:
                reste = t["montant_centimes"] - t["verse_centimes"]
                quand = max(t["echeance"], f"{t['exercice']}-01-01")
                if quand > self.jour.isoformat():
                    self.mois[quand[:7]] += reste
                    continue
                self.tranches += reste
                self.exigible[max(t["exercice"], self.naif.clos + 1)] += reste
            bonus = plan["bonus"]
            if bonus is not None:
                reste = bonus["montant_centimes"] - self.naif.verse(nom)[0]
                self.bonus += reste
                self.exigible[max(bonus["exercice"], self.naif.clos + 1)] += reste

    def _constater(self, depuis: date) -> None:
        """Labels come in less those withdrawn, and cents taken less given back, since a day."""
        recents = {p for le, p, _, _ in self.naif.mouvements if le >= depuis.isoformat()}
        self.pris = sum(pris for _, p, pris, _ in self.naif.mouvements if p in recents)
        for p, genre, e in self.naif.faits:
            if p in recents and genre in ("fabrique-labellisee", "label-retire"):
                sens = 1 if genre == "fabrique-labellisee" else -1
                self.labels["total"] += sens
                self.labels[e["territoire"]] += sens
                self.labels["numeriques"] += sens * e["numerique"]

    def _plafonds(self, comptes: tuple[str, ...]) -> dict[str, Objet]:
        """The envelope and the quotas: what is left, what the pace takes, days until it is met."""
        derniere = self.naif.regles()
        assert derniere is not None
        mesures = {"enveloppe": (self.naif.disponible, self.pris, True)}
        for compte in comptes:
            reste = derniere[f"quota_{compte}"] - self.naif.labels[compte]
            bloquant = self.regles["quotas"] == "bloquants"
            mesures[f"quota_{compte}"] = reste, self.labels[compte], bloquant
        return {
            nom: {"reste": reste, "pris": pris, "bloquant": b, "dans": self._dans(reste, pris)}
            for nom, (reste, pris, b) in mesures.items()
        }

    def _dans(self, reste: int, pris: int) -> int | None:
        if reste <= 0:
            return 0
        if pris <= 0:
            return None
        entiers, morceau = divmod(reste * self.jours, pris)
        return entiers + (1 if morceau else 0)

    def _supposer(self, cout: int) -> None:
        """One label on the day when the pace gives it, paid in the equal parts of the rules."""
        places = max(self.naif.disponible, 0) // cout
        if self.plafonds["quota_total"]["bloquant"]:
            places = min(places, max(self.plafonds["quota_total"]["reste"], 0))
        suivis = self.regles["credits"] == "bloquants"
        au_depart = {li["exercice"]: li["ae_disponibles_centimes"] for li in self.naif.credits()}
        ouvertes = dict(au_depart)
        annees = self.regles["exercices_max"]
        parts = [cout // annees] * annees
        parts[-1] += cout - sum(parts)
        jour = self.jour
        while jour < date(self.horizon, 12, 31):
            jour += timedelta(1)
            jours = (jour - self.jour).days
            while (
                self.supposes < places
                and (self.supposes + 1) * self.jours <= self.labels["total"] * jours
            ):
                if suivis and ouvertes.get(jour.year, 0) < cout:
                    return
                ouvertes[jour.year] = ouvertes.get(jour.year, 0) - cout
                self.supposes += 1
                self._payer(jour, parts)
            if suivis and (jour.month, jour.day) == (12, 31):
                courus = min(jours, (jour - date(jour.year - 1, 12, 31)).days)
                if self.pris * courus >= au_depart.get(jour.year, 0) * self.jours:
                    return  # the pace met the AE of the year: nothing is assumed of the next

    def _payer(self, jour: date, parts: list[int]) -> None:
        for rang, part in enumerate(parts):
            annee = jour.year + rang
            mois = jour.month if rang == 0 else int(self.regles.get("echeance_defaut", "03-01")[:2])
            if part:
                self.suppose_par_an[annee] += part
                self.suppose_par_mois[f"{annee}-{mois:02d}"] += part
