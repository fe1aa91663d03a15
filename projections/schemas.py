"""JSON Schemas (2020-12) of the figures, as the command line prints them.

    schema("enveloppe")   # what `fabriques enveloppe --format json` prints

Built from the very classes that hold the figures. Closed and complete: every member is always
there. Amounts are cents; a `racine` is base64, any other digest lower-case hex.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from msgspec import Struct

from ledger.audit.constats import CODES, Bilan, Faite
from ledger.budget import LigneCredits
from ledger.erreurs import UsageError
from ledger.provenance import Provenance
from ledger.schema_json import Schema, de_structs, document
from ledger.simulation import EtapeJouee, RefusSimule

from .anomalies import Anomalie
from .appuis import Appui
from .cellules import Unite
from .comparaison import Ecart
from .echeancier import Echeancier
from .enveloppe import Enveloppe
from .fonctions import Fonctions
from .lecture.derive import Derive, Etendue
from .lecture.modele import Mode
from .prevision import Prevision
from .rapport.contenu import Entete, Figures
from .rapport.ecriture import Format
from .rapport.reproduction import Constat as ConstatDeReproduction
from .rapport.reproduction import Statut as StatutDeReproduction
from .rapprochement.bilan import Rapprochement
from .simulation import AnomaliesComparees, LigneComparee, Tables
from .sondage import Tirage
from .structures import LigneStructure
from .vocabulaire import PHRASES

_LACUNAIRES = frozenset({"Contribution", "Provenance"})
"""Objects that leave out what they do not have; every other prints all its members."""
_Verdict = Literal["conforme", "non_conforme"]


class Contribution(Struct, frozen=True, omit_defaults=True):
    """What one fact adds to a cell."""

    position: int
    type: str
    structure: str | None
    centimes: int
    provenance: Provenance | None = None


class Explication(Struct, frozen=True):
    """What `expliquer` prints."""

    cellule: str
    unite: Unite
    valeur_centimes: int
    programme: str
    position: int
    au: date | None
    contributions: tuple[Contribution, ...]


class Constat(Struct, frozen=True):
    """A finding of the audit."""

    code: str
    position: int | None
    detail: str


class Verification(Struct, frozen=True):
    """What `verifier` prints."""

    statut: _Verdict
    taille: int
    racine: str
    constats: tuple[Constat, ...]
    controles: dict[str, Faite]
    releves: Bilan


class Rejeu(Struct, frozen=True):
    """What `rejouer` prints."""

    statut: _Verdict
    taille: int | None
    racine: str | None
    constats: tuple[Constat, ...]
    retard: int | None
    fichier: str
    programmes: dict[str, Etendue]
    derives_total: int
    derives: tuple[Derive, ...]


class Lecture(Struct, frozen=True):
    """What `lecture` prints."""

    fichier: str
    mode: Mode
    position: int | None
    positions: dict[str, int]
    nouveaux: dict[str, int]
    comptes: dict[str, int]


class Demonstration(Struct, frozen=True):
    """What `demo` prints."""

    enveloppe: Enveloppe
    credits: tuple[LigneCredits, ...]
    verification: Verification


class UnProgramme(Struct, frozen=True):
    """One programme of `demo --synthetique`."""

    enveloppe: Enveloppe
    credits: tuple[LigneCredits, ...]
    verification: Verification


class Synthese(Struct, frozen=True):
    """What `demo --synthetique` prints."""

    hypotheses: tuple[str, ...]
    programmes: dict[str, UnProgramme]


class Preuve(Struct, frozen=True):
    """The journal before and after a simulation: the same."""

    taille_avant: int
    racine_avant: str
    taille_apres: int
    racine_apres: str


class Simulation(Struct, frozen=True):
    """What `simuler` prints."""

    programme: str
    position: int
    au: date | None
    derniere_date: date
    etapes: tuple[EtapeJouee, ...]
    premier_refus: RefusSimule | None
    refus: tuple[RefusSimule, ...]
    reel: Tables
    simule: Tables
    ecarts: tuple[LigneComparee, ...]
    anomalies: tuple[AnomaliesComparees, ...]
    preuve: Preuve


class Rapport(Struct, frozen=True):
    """What `rapport --format json` writes."""

    entete: Entete
    figures: Figures


class Reproduction(Struct, frozen=True):
    """What `reproduire` prints."""

    statut: StatutDeReproduction
    format: Format
    moteur_du_rapport: str
    moteur: str
    mise_en_page_du_rapport: int
    mise_en_page: int
    programme: str
    position: int
    racine: str | None
    ecarts: int
    constats: tuple[ConstatDeReproduction, ...]


FIGURES: dict[str, tuple[Any, str]] = {
    "enveloppe": (Enveloppe, "Consommation de l'enveloppe."),
    "credits": (tuple[LigneCredits, ...], "AE, CP et restes à payer, par exercice."),
    "structures": (tuple[LigneStructure, ...], "Le registre des structures."),
    "echeancier": (Echeancier, "Échéancier et historique d'une structure."),
    "anomalies": (tuple[Anomalie, ...], "Ce qui mérite un regard."),
    "fonctions": (Fonctions, "Qui a ordonné et qui a payé, euro par euro."),
    "rapprocher": (Rapprochement, "Les versements du livre, comparés à un extrait de Chorus."),
    "expliquer": (Explication, "Les faits qui font un chiffre : leur somme est ce chiffre."),
    "comparer": (tuple[Ecart, ...], "Ce qui a changé entre deux vues, et par quels faits."),
    "sonder": (Tirage, "Un tirage, avec tout ce qu'il faut pour le refaire."),
    "rapport": (Rapport, "Un rapport reproductible."),
    "reproduire": (Reproduction, "Un rapport refait, comparé à l'octet."),
    "verifier": (Verification, "La vérification du journal."),
    "rejouer": (Rejeu, "Le modèle de lecture, comparé au rejeu du journal."),
    "lecture": (Lecture, "Le modèle de lecture, construit ou rafraîchi."),
    "demo": (Demonstration, "La démonstration."),
    "demo-synthetique": (Synthese, "La démonstration, avec --synthetique."),
    "simuler": (Simulation, "Un scénario joué sans rien écrire."),
    "prevision-appuis": (tuple[Appui, ...], "Ce sur quoi repose chaque chiffre d'une prévision."),
    "prevision": (Prevision, "Ce qui reste à payer, quand, et quel plafond est atteint d'abord."),
}
"""Verb -> the type of what it prints, and what that is."""


def schema(verbe: str) -> Schema:
    """The schema of what a verb prints with `--format json`. Raises: UsageError."""
    if verbe not in FIGURES:
        raise UsageError(
            f"Le chiffre {verbe[:60]!r} est inconnu.", remede=f"Chiffres : {', '.join(FIGURES)}."
        )
    type_, titre = FIGURES[verbe]
    (corps,), defs = de_structs([type_], PHRASES)
    exiges = {n: objet if n in _LACUNAIRES else _exiger(objet) for n, objet in defs.items()}
    if "$ref" in corps:  # the object itself at the root, for who reads the schema without resolving
        corps = exiges.pop(corps["$ref"].rpartition("/")[2])
    if "Constat" in exiges and verbe != "reproduire":
        exiges["Constat"]["properties"]["code"]["enum"] = sorted(CODES)
    return document(f"urn:fabriques:chiffres:{verbe}:v1", titre, corps, exiges)


def schemas() -> Mapping[str, Schema]:
    """Every schema, by verb."""
    return {verbe: schema(verbe) for verbe in FIGURES}


def _exiger(objet: Schema) -> Schema:
    """Every member is printed, also one that has a default."""
    return {**objet, "required": list(objet["properties"])} if "properties" in objet else objet
