"""A small back office of its own, for the guide: six commands, two figures, four SQLite tables.

It imports nothing of fabriques-ledger: this is somebody else's program, tested from outside. What
it covers: OuvrirProgramme, DéposerCandidature, LabelliserFabrique, AccorderBonusNumérique,
VerserTranche, RetirerLabel, each once per `id_commande`; one programme, no yearly credits,
indicative quotas, no prior study, report nor order; the bonus is inside the envelope. It expects
well-formed commands. Three bugs can be switched on, to see them found.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from typing import Any

BOGUES = ("trente_millions", "plafond_a_un_centime", "double_paiement")
"""Withdrawals of earlier years refill the envelope; the yearly cap is one cent too wide; a payment
sent again, after a time-out for instance, is paid again."""
TABLES = """
CREATE TABLE IF NOT EXISTS operation (
    position INTEGER PRIMARY KEY, id_commande TEXT UNIQUE, contenu TEXT
);
CREATE TABLE IF NOT EXISTS dossier (
    structure TEXT PRIMARY KEY, porteur TEXT, code_postal TEXT, ville TEXT, territoire TEXT,
    numerique INTEGER, etat TEXT, depot TEXT, label TEXT, montant INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS tranche (
    structure TEXT, rang INTEGER, exercice INTEGER, echeance TEXT, montant INTEGER,
    paye INTEGER DEFAULT 0, PRIMARY KEY (structure, rang)
);
CREATE TABLE IF NOT EXISTS engagement (
    structure TEXT, objet TEXT, exercice INTEGER, montant INTEGER, retire INTEGER DEFAULT 0,
    retire_en INTEGER, PRIMARY KEY (structure, objet)
);
"""


class Refus(Exception):  # noqa: N818 - a refusal is not an error
    """The command is refused, with this code."""


def refuser_si(condition: bool, code: str) -> None:
    """Refuse when the condition holds."""
    if condition:
        raise Refus(code)


class Carnet:
    """The back office, on a SQLite file (in memory by default). Amounts in integer cents."""

    def __init__(self, base: str = ":memory:", *, bogue: str | None = None) -> None:
        self.base = sqlite3.connect(base)
        self.base.row_factory = sqlite3.Row
        self.base.executescript(TABLES)
        self.bogue = bogue
        self.verbes = {
            "OuvrirProgramme": self._ouvrir,
            "DéposerCandidature": self._deposer,
            "LabelliserFabrique": self._labelliser,
            "AccorderBonusNumérique": self._accorder,
            "VerserTranche": self._verser,
            "RetirerLabel": self._retirer,
        }

    def recevoir(self, commande: dict[str, Any]) -> dict[str, Any]:
        """Execute one command once; answers `statut`, `code` of a refusal, `positions`."""
        contenu = json.dumps(commande, sort_keys=True)
        deja = self._un("SELECT * FROM operation WHERE id_commande = ?", commande["id_commande"])
        try:
            with self.base:  # one transaction, undone by a refusal
                if deja is not None:
                    refuser_si(deja["contenu"] != contenu, "commande_divergente")
                    if self.bogue == "double_paiement" and commande["commande"] == "VerserTranche":
                        self._payer(commande)
                    return _recu("deja_executee", position=deja["position"])
                self.verbes[commande["commande"]](commande)
                noter = "INSERT INTO operation (id_commande, contenu) VALUES (?, ?)"
                ecrit = self.base.execute(noter, (commande["id_commande"], contenu))
                return _recu("acceptee", position=ecrit.lastrowid)
        except Refus as refus:
            return _recu("refusee", code=str(refus))

    def enveloppe(self) -> dict[str, int]:
        """What is committed, withdrawn, paid, outstanding, available."""
        sommes = self._un(
            "SELECT COALESCE(SUM(montant), 0) AS engage, COALESCE(SUM(retire), 0) AS retire,"
            " COALESCE(SUM(CASE WHEN retire_en > exercice THEN retire END), 0) AS anterieur"
            " FROM engagement"
        )
        paye: int = self._un("SELECT COALESCE(SUM(paye), 0) AS total FROM tranche")["total"]
        return {
            "enveloppe_centimes": self._regles()["enveloppe_centimes"],
            "engage_centimes": sommes["engage"],
            "retraits_meme_exercice_centimes": sommes["retire"] - sommes["anterieur"],
            "retraits_anterieurs_centimes": sommes["anterieur"],
            "paye_centimes": paye,
            "reste_a_payer_centimes": sommes["engage"] - sommes["retire"] - paye,
            "disponible_centimes": self._disponible(),
        }

    def structures(self) -> list[dict[str, Any]]:
        """The register."""
        lignes = self.base.execute(
            "SELECT structure, porteur, code_postal, ville, territoire, numerique, etat,"
            " montant AS montant_centimes, (SELECT COALESCE(SUM(paye), 0) FROM tranche"
            " WHERE tranche.structure = dossier.structure) AS paye_centimes"
            " FROM dossier ORDER BY structure"
        )
        return [{**ligne, "numerique": bool(ligne["numerique"])} for ligne in map(dict, lignes)]

    def fermer(self) -> None:
        """Close the file."""
        self.base.close()

    def _un(self, requete: str, *valeurs: Any) -> Any:
        return self.base.execute(requete, valeurs).fetchone()

    def _regles(self) -> dict[str, Any]:
        ouverture = self._un("SELECT contenu FROM operation WHERE position = 1")
        regles: dict[str, Any] = json.loads(ouverture["contenu"])["regles"]
        return regles

    def _disponible(self) -> int:
        rendus = "1" if self.bogue == "trente_millions" else "retire_en = exercice"
        consomme: int = self._un(
            f"SELECT COALESCE(SUM(montant - CASE WHEN {rendus} THEN retire ELSE 0 END), 0) AS total"  # noqa: S608
            " FROM engagement"
        )["total"]
        return int(self._regles()["enveloppe_centimes"]) - consomme

    def _dossier(self, commande: dict[str, Any], *, etat: str, depuis: str) -> Any:
        dossier = self._un("SELECT * FROM dossier WHERE structure = ?", commande["structure"])
        refuser_si(dossier is None, "structure_inconnue")
        refuser_si(dossier["etat"] != etat, "etat_incompatible")
        refuser_si(commande["date_effet"] < dossier[depuis], "date_incoherente")
        return dossier

    def _ouvrir(self, _commande: dict[str, Any]) -> None:
        refuser_si(self._un("SELECT 1 FROM operation") is not None, "programme_existant")

    def _deposer(self, commande: dict[str, Any]) -> None:
        connu = self._un("SELECT 1 FROM dossier WHERE structure = ?", commande["structure"])
        refuser_si(connu is not None, "candidature_existante")
        self.base.execute(
            "INSERT INTO dossier (structure, porteur, code_postal, ville, territoire, numerique,"
            " etat, depot) VALUES (:structure, :porteur, :code_postal, :ville, :territoire,"
            " :numerique, 'deposee', :date_effet)",
            commande,
        )

    def _labelliser(self, commande: dict[str, Any]) -> None:
        regles, jour, montant = self._regles(), commande["date_effet"], commande["montant_centimes"]
        dossier = self._dossier(commande, etat="deposee", depuis="depot")
        territoire = commande.get("territoire", dossier["territoire"])
        numerique = commande.get("numerique", dossier["numerique"])
        refuser_si(territoire == "inconnu", "territoire_inconnu")
        bornes = range(regles["plancher_centimes"], regles["plafond_centimes"] + 1)
        refuser_si(montant not in bornes, "montant_hors_bornes")
        plan = commande.get("echeancier", _en_parts_egales(montant, jour, regles))
        refuser_si(not _bien_forme(plan, montant, jour, regles), "echeancier_invalide")
        par_an: Counter[int] = Counter()
        for tranche in plan:
            par_an[tranche["exercice"]] += tranche["montant_centimes"]
        plafond = regles["plafond_annuel_centimes"] + (self.bogue == "plafond_a_un_centime")
        refuser_si(max(par_an.values()) > plafond, "plafond_annuel_depasse")
        refuser_si(montant > self._disponible(), "enveloppe_depassee")
        nom = commande["structure"]
        self.base.execute(
            "UPDATE dossier SET etat = 'labellisee', label = ?, montant = ?, territoire = ?,"
            " numerique = ? WHERE structure = ?",
            (jour, montant, territoire, numerique, nom),
        )
        self.base.executemany(
            "INSERT INTO tranche (structure, rang, exercice, echeance, montant)"
            " VALUES (:structure, :rang, :exercice, :echeance, :montant_centimes)",
            [{"structure": nom} | tranche for tranche in plan],
        )
        self._engager(nom, "subvention", int(jour[:4]), montant)

    def _accorder(self, commande: dict[str, Any]) -> None:
        regles, nom = self._regles(), commande["structure"]
        dossier = self._dossier(commande, etat="labellisee", depuis="label")
        eligible = dossier["numerique"] and dossier["territoire"] == "qpv"
        refuser_si(not eligible, "bonus_non_eligible")
        deja = "SELECT 1 FROM engagement WHERE structure = ? AND objet = 'bonus'"
        refuser_si(self._un(deja, nom) is not None, "bonus_deja_accorde")
        refuser_si(regles["bonus_centimes"] > self._disponible(), "enveloppe_depassee")
        exercice = commande.get("exercice") or regles["exercice_bonus"]
        exercice = exercice or int(commande["date_effet"][:4])
        self._engager(nom, "bonus", exercice, regles["bonus_centimes"])

    def _engager(self, structure: str, objet: str, exercice: int, montant: int) -> None:
        self.base.execute(
            "INSERT INTO engagement (structure, objet, exercice, montant) VALUES (?, ?, ?, ?)",
            (structure, objet, exercice, montant),
        )

    def _verser(self, commande: dict[str, Any]) -> None:
        jour, rang = commande["date_effet"], commande["rang"]
        dossier = self._dossier(commande, etat="labellisee", depuis="label")
        plan = self.base.execute(
            "SELECT * FROM tranche WHERE structure = ? ORDER BY rang", (commande["structure"],)
        ).fetchall()
        refuser_si(not 1 <= rang <= len(plan), "rang_inconnu")
        tranche = plan[rang - 1]
        refuser_si(tranche["paye"] == tranche["montant"], "tranche_soldee")
        dues = any(t["paye"] < t["montant"] for t in plan[: rang - 1])
        refuser_si(dues, "tranche_precedente_due")
        refuser_si(jour < tranche["echeance"], "echeance_non_atteinte")
        reste = tranche["montant"] - tranche["paye"]
        refuser_si(commande["montant_centimes"] > reste, "montant_excessif")
        exercice = commande.get("exercice") or int(jour[:4])
        admis = int(dossier["label"][:4]) <= exercice <= int(jour[:4])
        refuser_si(not admis, "exercice_invalide")
        self._payer(commande)

    def _payer(self, commande: dict[str, Any]) -> None:
        self.base.execute(
            "UPDATE tranche SET paye = paye + :montant_centimes"
            " WHERE structure = :structure AND rang = :rang",
            commande,
        )

    def _retirer(self, commande: dict[str, Any]) -> None:
        nom, annee = commande["structure"], int(commande["date_effet"][:4])
        self._dossier(commande, etat="labellisee", depuis="label")
        self.base.execute("UPDATE dossier SET etat = 'label_retire' WHERE structure = ?", (nom,))
        paye = self._un("SELECT SUM(paye) AS total FROM tranche WHERE structure = ?", nom)["total"]
        self.base.execute(
            "UPDATE engagement SET retire_en = MAX(?, exercice),"
            " retire = montant - CASE objet WHEN 'subvention' THEN ? ELSE 0 END"
            " WHERE structure = ?",
            (annee, paye, nom),
        )


def _recu(statut: str, *, code: str | None = None, position: int | None = None) -> dict[str, Any]:
    positions = [] if position is None else [position]
    return {"statut": statut, "code": code, "positions": positions}


def _en_parts_egales(montant: int, jour: str, regles: dict[str, Any]) -> list[dict[str, Any]]:
    """One instalment a year, the first on the day itself; the last takes the cents left over."""
    nombre, annee = regles["exercices_max"], int(jour[:4])
    parts = [montant // nombre] * (nombre - 1)
    return [
        {
            "rang": i + 1,
            "exercice": annee + i,
            "echeance": jour if i == 0 else f"{annee + i}-{regles.get('echeance_defaut', '03-01')}",
            "montant_centimes": part,
        }
        for i, part in enumerate([*parts, montant - sum(parts)])
    ]


def _bien_forme(
    plan: list[dict[str, Any]], montant: int, jour: str, regles: dict[str, Any]
) -> bool:
    """Ranks in order, amounts that sum to the grant, years and due dates that never go back."""
    annees, echeances = [t["exercice"] for t in plan], [t["echeance"] for t in plan]
    return (
        plan != []
        and [t["rang"] for t in plan] == [*range(1, len(plan) + 1)]
        and min(t["montant_centimes"] for t in plan) > 0
        and sum(t["montant_centimes"] for t in plan) == montant
        and annees == sorted(annees)
        and int(jour[:4]) <= annees[0]
        and annees[-1] - annees[0] < regles["exercices_max"]
        and echeances == sorted(echeances)
        and jour <= echeances[0]
    )
