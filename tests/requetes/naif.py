"""The figures counted again from the exported journal lines, with `json` and sums, nothing else.

Imports nothing of the engine. It trusts what each line says it does to the money (amounts, years
charged, withdrawals), as a controller with a spreadsheet would, and adds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

Objet = dict[str, Any]
Inscrit = tuple[int, str, Objet]
IDENTITE = ("porteur", "code_postal", "ville", "territoire", "numerique", "siret")
COMPTES = ("total", "qpv", "hors_qpv", "numeriques")


class Naif:
    """The facts counted: known at a position or an instant, dated up to a day."""

    def __init__(
        self, lignes: Iterable[bytes], *, au: str | None = None, connu_au: int | str | None = None
    ) -> None:
        lues = [json.loads(ligne) for ligne in lignes]
        if isinstance(connu_au, int):
            lues = lues[:connu_au]
        elif connu_au is not None:
            lues = [li for li in lues if li["state"]["enregistre_le"] <= connu_au]
        self.position = len(lues)
        self.au = au
        self.connus: list[Inscrit] = [(li["pos"], li["type"], li["state"]) for li in lues]
        self.faits = [f for f in self.connus if au is None or f[2]["date_effet"] <= au]
        self.jour: str | None = au or max((e["date_effet"] for _, _, e in self.faits), default=None)
        self.annees: Counter[tuple[int, str]] = Counter()
        self.bougees: set[int] = set()
        self.enveloppe = self.impute = self.rendu = self.clos = 0
        self.labels: Counter[str] = Counter()
        self.mouvements: list[tuple[str, int, int, int]] = []
        """Effect date, position, cents taken or given back on the envelope, and added to it."""
        for position, genre, etat in self.faits:
            pris, ajoute = self.impute - self.rendu, self.enveloppe
            self._compter(genre, etat)
            pris, ajoute = self.impute - self.rendu - pris, self.enveloppe - ajoute
            self.mouvements.append((etat["date_effet"], position, pris, ajoute))

    def _ajouter(self, annee: int, membre: str, centimes: int) -> None:
        self.annees[annee, membre] += centimes
        self.bougees.add(annee)

    def _prevoir(self, annee: int, centimes: int) -> None:
        self.annees[annee, "prevu"] += centimes

    def _retirer(self, retraits: list[Objet]) -> None:
        for r in retraits:
            meme, montant = r["exercice"] == r["engagement"], r["montant_centimes"]
            membre = "retraits_meme" if meme else "retraits_anterieurs"
            self._ajouter(r["exercice"], membre, montant)
            if r["nature"] == "bonus":
                self._ajouter(r["exercice"], f"{membre}_bonus", montant)
            if meme or r["recyclable"]:
                self._ajouter(r["exercice"], "ae_rendues", montant)
                self.rendu += montant if r["imputation"] == "enveloppe" else 0

    def _placer(self, etat: Objet, sens: int) -> None:
        self.labels["total"] += sens
        self.labels[etat["territoire"]] += sens
        self.labels["numeriques"] += sens if etat["numerique"] else 0

    def _ouvrir(self, genre: str, e: Objet) -> None:
        sens = -1 if genre == "credits-degeles" else 1
        ae, cp = ("ae_ouvertes", "cp_ouverts") if "ouverts" in genre else ("ae_gelees", "cp_geles")
        self._ajouter(e["exercice"], ae, sens * e["ae_centimes"])
        self._ajouter(e["exercice"], cp, sens * e["cp_centimes"])

    def _compter(self, genre: str, e: Objet) -> None:
        annee, montant = e.get("exercice", 0), e.get("montant_centimes", 0)
        match genre:
            case "programme-ouvert":
                self.enveloppe += e["regles"]["enveloppe_centimes"]
            case "enveloppe-modifiee":
                self.enveloppe += e["variation_centimes"]
            case "credits-ouverts" | "credits-geles" | "credits-degeles":
                self._ouvrir(genre, e)
            case "fabrique-labellisee":
                self._ajouter(annee, "engage", montant)
                self.impute += montant
                self._placer(e, 1)
                for t in e["echeancier"]:
                    self._prevoir(t["exercice"], t["montant_centimes"])
            case "avenant-signe":
                plus = e.get("engagement_centimes", 0)
                if plus:
                    self._ajouter(annee, "engage", plus)
                self.impute += plus
                self._retirer(e.get("retraits", []))
                for p in e.get("previsions", []):
                    self._prevoir(p["exercice"], p["montant_centimes"])
            case "bonus-numerique-accorde":
                self._ajouter(annee, "engage", montant)
                self._ajouter(annee, "engage_bonus", montant)
                self._prevoir(annee, montant)
                self.impute += montant if e["imputation"] == "enveloppe" else 0
            case "tranche-versee" | "bonus-numerique-verse":
                self._ajouter(annee, "paye", montant)
                prevue = e["exercice_prevu"] if genre == "tranche-versee" else e["engagement"]
                self._prevoir(prevue, -montant)
            case "versement-annule":
                membre = "regularisations" if e["regularisation"] else "paye"
                self._ajouter(annee, membre, -montant)
                retraits = e.get("retraits", [])
                self._retirer(retraits)
                if not retraits:
                    self._prevoir(e["exercice_prevu"], montant)
            case "label-retire":
                self._retirer(e.get("retraits", []))
                self._placer(e, -1)
                for p in e.get("previsions", []):
                    self._prevoir(p["exercice"], -p["montant_centimes"])
            case "reversement-encaisse":
                self._ajouter(annee, "reversements", montant)
            case "exercice-cloture":
                self.clos = max(self.clos, annee)
            case _:
                pass  # moves no money

    def _total(self, membre: str) -> int:
        return sum(c for (_, m), c in self.annees.items() if m == membre)

    def regles(self, jour: str | None = None, *, avant: int | None = None) -> Objet | None:
        """The rules on a day (the last ones unless given); None before the opening.

        Revisions apply by date then position. With `avant`, only what was recorded before that
        position, whatever the view counts.
        """
        faits = self.faits if avant is None else [f for f in self.connus if f[0] < avant]
        if not any(genre == "programme-ouvert" for _, genre, _ in faits):
            return None
        revisions = [(e["date_effet"], p, e) for p, g, e in faits if g == "regles-revisees"]
        regles = dict(faits[0][2]["regles"])
        for le, _, etat in sorted(revisions, key=lambda r: r[:2]):
            if jour is None or le <= jour:
                regles.update(etat["regles"])
        return regles

    @property
    def disponible(self) -> int:
        """What is left of the envelope."""
        return self.enveloppe - self.impute + self.rendu

    def figure_enveloppe(self) -> Objet:
        """The public members of `enveloppe`, but the name of the programme."""
        engage, bonus = self._total("engage"), self._total("engage_bonus")
        paye = self._total("paye") + self._total("regularisations")
        meme, anterieurs = self._total("retraits_meme"), self._total("retraits_anterieurs")
        disponible = self.disponible
        taux = 0
        if self.enveloppe:  # half up, in whole numbers
            taux = ((self.enveloppe - disponible) * 20_000 + self.enveloppe) // (2 * self.enveloppe)
        regles = self.regles()
        return {
            "position": self.position,
            "au": self.au,
            "enveloppe_centimes": self.enveloppe,
            "engage_centimes": engage,
            "engage_subventions_centimes": engage - bonus,
            "engage_bonus_centimes": bonus,
            "retraits_meme_exercice_centimes": meme,
            "retraits_anterieurs_centimes": anterieurs,
            "retraits_meme_exercice_bonus_centimes": self._total("retraits_meme_bonus"),
            "retraits_anterieurs_bonus_centimes": self._total("retraits_anterieurs_bonus"),
            "disponible_centimes": disponible,
            "paye_centimes": paye,
            "reste_a_payer_centimes": engage - meme - anterieurs - paye,
            "reversements_centimes": self._total("reversements"),
            "taux_consommation_dix_milliemes": taux,
            "labels": {c: self.labels[c] for c in COMPTES},
            "quotas": {c: regles[f"quota_{c}"] if regles else 0 for c in COMPTES},
        }

    def credits(self) -> list[Objet]:
        """The public lines of `credits`."""
        prevu: Counter[int] = Counter()
        for (annee, membre), centimes in self.annees.items():
            if membre == "prevu":
                prevu[max(annee, self.clos + 1)] += centimes
        annees = self.bougees | {annee for annee, centimes in prevu.items() if centimes}
        lignes: list[Objet] = []
        reste = 0
        for annee in range(min(annees), max(*annees, self.clos) + 1) if annees else ():
            m = {membre: c for (an, membre), c in self.annees.items() if an == annee}
            g = m.get
            ae = g("ae_ouvertes", 0) - g("ae_gelees", 0) - g("engage", 0) + g("ae_rendues", 0)
            consomme = g("paye", 0) + g("regularisations", 0)
            fin = reste + g("engage", 0) - consomme
            fin -= g("retraits_meme", 0) + g("retraits_anterieurs", 0)
            lignes.append(
                {
                    "exercice": annee,
                    "ae_ouvertes_centimes": g("ae_ouvertes", 0),
                    "ae_gelees_centimes": g("ae_gelees", 0),
                    "ae_engagees_centimes": g("engage", 0),
                    "retraits_meme_exercice_centimes": g("retraits_meme", 0),
                    "retraits_anterieurs_centimes": g("retraits_anterieurs", 0),
                    "cp_ouverts_centimes": g("cp_ouverts", 0),
                    "cp_geles_centimes": g("cp_geles", 0),
                    "cp_payes_centimes": g("paye", 0),
                    "regularisations_centimes": g("regularisations", 0),
                    "reversements_centimes": g("reversements", 0),
                    "ae_disponibles_centimes": ae,
                    "cp_disponibles_centimes": g("cp_ouverts", 0) - g("cp_geles", 0) - consomme,
                    "cp_restant_a_prevoir_centimes": prevu[annee],
                    "rap_ouverture_centimes": reste,
                    "rap_cloture_centimes": fin,
                }
            )
            reste = fin
        return lignes

    def echeanciers(self) -> dict[str, Objet]:
        """The public schedule of each structure, in the order of their names."""
        noms = sorted({e["structure"] for _, _, e in self.faits if "structure" in e})
        return {nom: self._echeancier(nom) for nom in noms}

    def de(self, structure: str) -> list[Inscrit]:
        """The facts that name a structure."""
        return [(p, g, e) for p, g, e in self.faits if e.get("structure") == structure]

    def etat(self, structure: str) -> str:
        """Where its last step leaves a structure."""
        suites = {
            "candidature-deposee": "deposee",
            "candidature-rejetee": "rejetee",
            "candidature-retiree": "retiree",
            "fabrique-labellisee": "labellisee",
            "label-retire": "label_retire",
        }
        vus = [suites[genre] for _, genre, _ in self.de(structure) if genre in suites]
        return vus[-1] if vus else "deposee"

    def verse(self, structure: str) -> Counter[int]:
        """Paid less cancelled, by rank (0: the bonus)."""
        verse: Counter[int] = Counter()
        for _, genre, e in self.de(structure):
            if genre == "tranche-versee":
                verse[e["rang"]] += e["montant_centimes"]
            elif genre == "bonus-numerique-verse":
                verse[0] += e["montant_centimes"]
            elif genre == "versement-annule":
                verse[e["rang"]] -= e["montant_centimes"]
        return verse

    def versements(self) -> dict[int, int]:
        """The payments that were not cancelled: position -> cents."""
        payes = {
            p: e["montant_centimes"]
            for p, genre, e in self.faits
            if genre in ("tranche-versee", "bonus-numerique-verse")
        }
        annules = {e["position"] for _, genre, e in self.faits if genre == "versement-annule"}
        return {p: centimes for p, centimes in payes.items() if p not in annules}

    def plan(self, structure: str) -> Objet:
        """The label, or the last amendment."""
        plans = [
            e for _, g, e in self.de(structure) if g in ("fabrique-labellisee", "avenant-signe")
        ]
        return plans[-1] if plans else {"montant_centimes": 0, "echeancier": []}

    def _statut(self, structure: str, tranche: Objet, verse: int) -> str:
        if verse >= tranche["montant_centimes"]:
            return "soldee"
        if self.etat(structure) == "label_retire":
            return "annulee"
        if self.jour is not None and self.jour > f"{tranche['exercice']}-12-31":
            return "en_retard"
        if verse > 0:
            return "partielle"
        return "exigible" if tranche["echeance"] <= (self.jour or "") else "a_venir"

    def _echeancier(self, structure: str) -> Objet:
        plan, verse = self.plan(structure), self.verse(structure)
        tranches = []
        for t in plan["echeancier"]:
            paye = verse[t["rang"]]
            statut = self._statut(structure, t, paye)
            reste = 0 if statut == "annulee" else t["montant_centimes"] - paye
            tranches.append(
                {**t, "verse_centimes": paye, "reste_centimes": reste, "statut": statut}
            )
        bonus = None
        for _, genre, e in self.de(structure):
            if genre == "bonus-numerique-accorde":
                bonus = {
                    "montant_centimes": e["montant_centimes"],
                    "exercice": e["exercice"],
                    "verse_centimes": verse[0],
                }
        return {
            "structure": structure,
            "etat": self.etat(structure),
            "montant_centimes": plan["montant_centimes"],
            "tranches": tranches,
            "bonus": bonus,
            "evenements": [p for p, _, _ in self.de(structure)],
        }

    def identite(self, structure: str) -> Objet:
        """What is known of a structure: its last application, corrected, then its label."""
        connue: Objet = dict.fromkeys(("porteur", "code_postal", "ville"), "")
        connue |= {"territoire": "inconnu", "numerique": False, "siret": None}
        for _, genre, e in self.de(structure):
            if genre == "candidature-deposee":
                connue = {m: e.get(m) for m in IDENTITE}
            elif genre == "structure-corrigee":
                connue |= {m: e[m] for m in IDENTITE if m in e}
            elif genre == "fabrique-labellisee":
                connue |= {m: e[m] for m in ("territoire", "numerique")}
        return connue

    def structures(self) -> list[Objet]:
        """The public lines of the register."""
        lignes = []
        for nom, plan in self.echeanciers().items():
            connue = self.identite(nom)
            del connue["siret"]
            lignes.append(
                {
                    "structure": nom,
                    **connue,
                    "etat": plan["etat"],
                    "montant_centimes": plan["montant_centimes"],
                    "paye_centimes": self.verse(nom).total(),
                }
            )
        return lignes

    def cellules(self) -> dict[str, int]:
        """Every numeric cell by its public name."""
        enveloppe, toutes = self.figure_enveloppe(), dict[str, int]()
        for membre, valeur in enveloppe.items():
            if membre.endswith(("_centimes", "_dix_milliemes")):
                toutes[f"enveloppe.{_court(membre)}"] = valeur
        for compte in ("labels", "quotas"):
            toutes |= {f"enveloppe.{compte}.{c}": n for c, n in enveloppe[compte].items()}
        for ligne in self.credits():
            annee = ligne.pop("exercice")
            toutes |= {f"credits.{annee}.{_court(m)}": c for m, c in ligne.items()}
        for ligne in self.structures():
            for membre in ("montant", "paye"):
                nom = f"structures.{ligne['structure']}.{membre}"
                toutes[nom] = ligne[f"{membre}_centimes"]
        for nom, plan in self.echeanciers().items():
            for t in plan["tranches"]:
                for membre in ("montant", "verse", "reste"):
                    cle = f"echeancier.{nom}.{t['rang']}.{membre}"
                    toutes[cle] = t[f"{membre}_centimes"]
            if plan["bonus"] is not None:
                for membre in ("montant", "verse"):
                    toutes[f"echeancier.{nom}.0.{membre}"] = plan["bonus"][f"{membre}_centimes"]
        return toutes


def _court(membre: str) -> str:
    return membre.removesuffix("_centimes").removesuffix("_dix_milliemes")
