"""Histories for the read model: one written by hand, others drawn from a seed, at a fixed clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands import GrandLivre
from ledger import MemoryStore, SQLiteStore, Store
from ledger.bareme import regles_publiees

Objet = dict[str, Any]
PROGRAMME = "fabriques"
REGLES: Objet = {**regles_publiees("2019")["regles"], "enveloppe_centimes": 60_000_000}
_LIEUX = (
    ("s-1", "La Forge", "Épinay-sur-Seine"),
    ("s-2", "Cœur d'Œuvre", "L'Haÿ-les-Roses"),
    ("s-3", "L’Établi, coopérative", "Aÿ-Champagne"),
)


class Horloge:
    """A clock that advances by one microsecond at each look."""

    def __init__(self) -> None:
        self._tic = 0

    def maintenant(self) -> str:
        """The next instant."""
        self._tic += 1
        return f"2024-01-01T00:00:00.{self._tic:06d}Z"


def livre(store: Store | None = None) -> GrandLivre:
    """A ledger in memory (or over a store), at the fixed clock."""
    return GrandLivre(MemoryStore() if store is None else store, clock=Horloge())


def livre_en_fichier(fichier: Path) -> GrandLivre:
    """A ledger in a SQLite file, at the fixed clock."""
    return livre(SQLiteStore(fichier, creer=True))


def commande(
    verbe: str, jour: str, numero: int, programme: str = PROGRAMME, **champs: Any
) -> Objet:
    """One command, as JSON."""
    return {
        "commande": verbe,
        "id_commande": f"c-{numero}",
        "programme": programme,
        "acteur": {"id": "claire", "role": "comptable"},
        "date_effet": jour,
        **champs,
    }


def depot(structure: str, porteur: str, ville: str, **champs: Any) -> Objet:
    """The fields of an application, digital and in a priority district."""
    return {
        "structure": structure,
        "porteur": porteur,
        "code_postal": "93800",
        "ville": ville,
        "territoire": "qpv",
        "numerique": True,
        **champs,
    }


def histoire_ecrite(programme: str = PROGRAMME) -> list[Objet]:
    """A life with every kind of surprise, all accepted."""
    un, deux, trois = (depot(*lieu) for lieu in _LIEUX)
    faits: list[tuple[str, str, Objet]] = [
        (
            "OuvrirProgramme",
            "2019-07-11",
            {"intitule": "Fabriques", "source": "AMI", "regles": REGLES},
        ),
        (
            "OuvrirCrédits",
            "2020-01-01",
            {
                "exercice": 2020,
                "ae_centimes": 20_000_000,
                "cp_centimes": 4_000_000,
                "nature": "lfi",
                "source": "LFI",
            },
        ),
        ("DéposerCandidature", "2019-09-01", un),
        ("DéposerCandidature", "2019-09-02", deux),
        ("LabelliserFabrique", "2020-02-03", {"structure": "s-1", "montant_centimes": 15_000_000}),
        ("LabelliserFabrique", "2020-02-04", {"structure": "s-2", "montant_centimes": 15_000_000}),
        ("AccorderBonusNumérique", "2020-02-05", {"structure": "s-1"}),
        ("SignerConvention", "2020-02-05", {"structure": "s-1", "reference": "conv, n° 1"}),
        (
            "VerserTranche",
            "2020-03-01",
            {"structure": "s-1", "rang": 1, "montant_centimes": 5_000_000, "reference": "v"},
        ),
        (
            "VerserTranche",
            "2020-03-02",
            {"structure": "s-2", "rang": 1, "montant_centimes": 2_000_000, "reference": "v"},
        ),
        # dated the day s-2 was labelled: its grant is now "just under a limit", nothing touches it
        (
            "RéviserRègles",
            "2020-02-04",
            {"regles": {"plafond_centimes": 15_100_000}, "source": "A"},
        ),
        (
            "VerserBonus",
            "2020-04-01",
            {"structure": "s-1", "montant_centimes": 5_000_000, "reference": "b"},
        ),
        # the greatest date moves to another year: s-2 is late, though nothing touches it
        ("DéposerCandidature", "2021-02-01", trois),
        ("CorrigerStructure", "2021-02-02", {"structure": "s-3", "ville": "Ay", "motif": "INSEE"}),
        ("AnnulerVersement", "2021-02-03", {"structure": "s-1", "position": 9, "motif": "erreur"}),
        ("RetirerLabel", "2021-03-01", {"structure": "s-2", "motif": "abandon"}),
        (
            "DemanderReversement",
            "2021-03-02",
            {"structure": "s-2", "montant_centimes": 1_000_000, "titre": "t"},
        ),
        (
            "EncaisserReversement",
            "2021-03-03",
            {"structure": "s-2", "montant_centimes": 400_000, "titre": "t"},
        ),
        ("ClôturerExercice", "2021-04-01", {"exercice": 2019}),
        ("ModifierEnveloppe", "2022-01-01", {"variation_centimes": 10_000_000, "source": "LFR"}),
    ]
    return [
        commande(verbe, jour, numero, programme, **champs)
        for numero, (verbe, jour, champs) in enumerate(faits, 1)
    ]


def histoire_tiree(graine: int, nombre: int = 320) -> Iterator[Objet]:
    """Commands drawn from a seed; many are refused, which leaves no trace."""
    tirage = random.Random(graine)
    regles = {
        **REGLES,
        "enveloppe_centimes": tirage.choice([60_000_000, 90_000_000]),
        "quota_qpv": tirage.choice([1, 150]),
        "quotas": tirage.choice(["bloquants", "indicatifs"]),
        "credits": tirage.choice(["non_suivis", "indicatifs"]),
        "imputation_bonus": tirage.choice(["enveloppe", "hors_enveloppe"]),
        "retraits_anterieurs_recyclables": tirage.random() < 0.5,
    }
    champs: Objet = {"intitule": "Fabriques", "source": "AMI", "regles": regles}
    yield commande("OuvrirProgramme", "2019-07-01", 1, **champs)
    annee = 2019
    for numero in range(2, nombre):
        annee = min(annee + (tirage.random() < 0.05), 2024)
        jour = f"{annee + tirage.choice([0, 0, 0, -1])}-{tirage.randint(1, 12):02}-15"
        lieu = tirage.choice(_LIEUX)
        verbe, suite = tirage.choice(list(_verbes(tirage, lieu, annee, numero)))
        yield commande(verbe, jour, numero, **suite)


def _verbes(
    tirage: random.Random, lieu: tuple[str, str, str], annee: int, numero: int
) -> Iterator[tuple[str, Objet]]:
    s = {"structure": lieu[0]}
    montant = tirage.choice([2_500_000, 5_000_000])
    for _ in range(2):
        yield "DéposerCandidature", depot(*lieu, territoire=tirage.choice(["qpv", "hors_qpv"]))
        yield "LabelliserFabrique", {**s, "montant_centimes": tirage.choice([9, 12, 15]) * 10**6}
    for rang in (1, 1, 2, 3):
        yield "VerserTranche", {**s, "rang": rang, "montant_centimes": montant, "reference": "v"}
    yield "AccorderBonusNumérique", s
    yield "VerserBonus", {**s, "montant_centimes": montant, "reference": "b"}
    yield "AnnulerVersement", {**s, "position": tirage.randint(1, numero), "motif": "erreur"}
    yield "RetirerLabel", {**s, "motif": "abandon"}
    yield "RejeterCandidature", {**s, "motif": "hors champ"}
    yield "SignerConvention", {**s, "reference": f"conv-{numero}"}
    yield "CorrigerStructure", {**s, "porteur": f"Nom n° {numero}", "motif": "erreur"}
    yield "DemanderReversement", {**s, "montant_centimes": 1_000_000, "titre": "t"}
    yield "EncaisserReversement", {**s, "montant_centimes": 500_000, "titre": "t"}
    yield "ModifierEnveloppe", {"variation_centimes": -5_000_000, "source": "LFR"}
    regles = tirage.choice([{"quota_qpv": 2}, {"plafond_centimes": 12_100_000}])
    yield "RéviserRègles", {"regles": regles, "source": "LFR"}
    yield "ClôturerExercice", {"exercice": annee - 1}
    credits_ = {"exercice": annee, "ae_centimes": 10**7, "cp_centimes": 10**6}
    yield "OuvrirCrédits", {**credits_, "nature": "lfi", "source": "LFI"}


def jouer(grand_livre: GrandLivre, commandes: list[Objet]) -> Store:
    """Execute commands that must all be accepted; the store they were written to."""
    for recu in grand_livre.executer_lot(commandes):
        assert recu.acceptee, recu
    return grand_livre.store
