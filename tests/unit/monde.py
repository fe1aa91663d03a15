"""A programme in memory and short ways to command it: each test says only what it changes.

`Monde()` opens the 2019 call. Every verb has default fields (structure `s1`, rank 1, 50 000 EUR);
a field given replaces the default, `None` leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec.structs import replace

from commands import GrandLivre, Recu
from commands.testing import mots
from commands.testing.mots import CRITERES, qui, tranches
from ledger import Acteur, Fait, MemoryStore, Store
from ledger.evenements import Tranche

P = "fabriques"
ALICE = {"id": "alice", "role": "comptable"}
REGLES: dict[str, Any] = {
    "enveloppe_centimes": 4_500_000_000,
    "plancher_centimes": 7_500_000,
    "plafond_centimes": 15_000_000,
    "plafond_annuel_centimes": 5_000_000,
    "exercices_max": 3,
    "quota_total": 300,
    "quota_qpv": 150,
    "quota_hors_qpv": 150,
    "quota_numeriques": 30,
    "bonus_centimes": 10_000_000,
    "exercice_bonus": 2019,
    "imputation_bonus": "enveloppe",
    "quotas": "bloquants",
    "credits": "non_suivis",
}
REGLES_COMPLETES: dict[str, Any] = {
    **REGLES,
    "retraits_anterieurs_recyclables": False,
    "instruction_requise": False,
    "avis_requis": False,
    "bilan_requis": False,
    "ordonnancement_requis": False,
    "echeance_defaut": "03-01",
}
CHAMPS: dict[str, dict[str, Any]] = mots.CHAMPS | {
    "OuvrirProgramme": mots.CHAMPS["OuvrirProgramme"] | {"regles": REGLES}
}
__all__ = ["CHAMPS", "CRITERES", "REGLES", "HorlogeFixe", "Monde", "P", "qui", "tranches"]


class HorlogeFixe:
    """A clock that shows the instants given, then the last one for ever."""

    def __init__(self, *instants: str) -> None:
        self._instants = list(instants or ("2020-01-01T00:00:00.000000Z",))

    def maintenant(self) -> str:
        """The next instant."""
        return self._instants.pop(0) if len(self._instants) > 1 else self._instants[0]


def sans_none(champs: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without those left out."""
    return {nom: valeur for nom, valeur in champs.items() if valeur is not None}


def echeancier(*lignes: tuple[int, int] | tuple[int, int, str]) -> tuple[Tranche, ...]:
    """The same schedule, as an event holds it."""
    return tuple(
        Tranche(t["rang"], t["exercice"], t["montant_centimes"], date.fromisoformat(t["echeance"]))
        for t in tranches(*lignes)
    )


TROIS_ANS = ((2020, 5_000_000, "2020-02-03"), (2021, 5_000_000), (2022, 5_000_000))
"""The default schedule of a ceiling grant labelled on 3 February 2020."""


class Monde:
    """One programme on a store (in memory by default), opened with the rules of the 2019 call."""

    def __init__(self, *, store: Store | None = None, ouvert: bool = True, **regles: Any) -> None:
        self.livre = GrandLivre(store or MemoryStore(), clock=HorlogeFixe())
        self.numero = 0
        self.derniere: dict[str, Any] = {}
        if ouvert:
            self.ok("OuvrirProgramme", "2019-07-11", regles=REGLES | regles)

    def commande(self, verbe: str, jour: str, **champs: Any) -> dict[str, Any]:
        """A new command: default fields of the verb, replaced by those given."""
        self.numero += 1
        commun = {
            "commande": verbe,
            "id_commande": f"c{self.numero}",
            "programme": P,
            "acteur": ALICE,
            "date_effet": jour,
        }
        self.derniere = sans_none(commun | CHAMPS[verbe] | champs)
        return self.derniere

    def envoyer(self, verbe: str, jour: str, **champs: Any) -> Recu:
        """Execute it; whatever the answer."""
        return self.livre.executer(self.commande(verbe, jour, **champs))

    def ok(self, verbe: str, jour: str, **champs: Any) -> int:
        """Execute it; it must be accepted. Its position."""
        recu = self.envoyer(verbe, jour, **champs)
        assert (recu.statut, recu.refus) == ("acceptee", None)
        return recu.positions[0]

    def fait(self, verbe: str, jour: str, **champs: Any) -> Fait:
        """Execute it; the fact recorded, without what the journal seals (instant and hashes)."""
        position = self.ok(verbe, jour, **champs)
        fait = self.livre.journal(P).lire_un(position)
        assert fait is not None
        return replace(fait, enregistre_le="", empreinte_commande="", precedent=None)

    def refus(self, verbe: str, jour: str, **champs: Any) -> str:
        """Execute it; it must be refused and write nothing. The code."""
        avant = self.taille
        recu = self.envoyer(verbe, jour, **champs)
        assert (recu.statut, recu.positions, self.taille) == ("refusee", (), avant)
        assert recu.refus is not None
        return recu.refus.code

    def attendu(self, classe: type[Fait], jour: str, *, version: int = 1, **membres: Any) -> Fait:
        """The fact that the last command must record, sealing left out."""
        return classe(
            date_effet=date.fromisoformat(jour),
            enregistre_le="",
            acteur=Acteur(**self.derniere["acteur"]),
            id_commande=self.derniere["id_commande"],
            empreinte_commande="",
            regles_version=version,
            precedent=None,
            **membres,
        )

    @property
    def taille(self) -> int:
        """How many facts are recorded."""
        return self.livre.journal(P).taille

    def label(self, structure: str = "s1", jour: str = "2020-02-03", **champs: Any) -> None:
        """Apply on 10 January 2020, then be labelled (`numerique`, `territoire`: as applied)."""
        depot = {nom: champs.pop(nom) for nom in ("numerique", "territoire") if nom in champs}
        self.ok("DéposerCandidature", "2020-01-10", structure=structure, **depot)
        self.ok("LabelliserFabrique", jour, structure=structure, **champs)

    def payer(self, rang: int, jour: str, montant: int = 5_000_000, **champs: Any) -> int:
        """Pay an instalment of s1. Its position."""
        return self.ok("VerserTranche", jour, rang=rang, montant_centimes=montant, **champs)

    def reviser(self, jour: str, **regles: Any) -> int:
        """Revise rules."""
        return self.ok("RéviserRègles", jour, regles=regles)

    def ouvrir_credits(self, exercice: int, ae: int, cp: int, jour: str = "2020-01-02") -> int:
        """Open credits of an exercice."""
        champs = {"exercice": exercice, "ae_centimes": ae, "cp_centimes": cp}
        return self.ok("OuvrirCrédits", jour, **champs)

    def cloturer(self, *exercices: int) -> None:
        """Close exercices, each on the following 2 January."""
        for exercice in exercices:
            self.ok("ClôturerExercice", f"{exercice + 1}-01-02", exercice=exercice)
