"""The demonstration: the 2019 programme, the 80 published laureates, and the golden example.

Only names, postcodes and towns are published. Everything else that the demonstration needs is an
assumption, listed in `HYPOTHESES` and printed; nothing is invented about a real structure beyond
them, and the totals do not depend on which structures are assumed digital or withdrawn.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any, NamedTuple

from ledger.bareme import regles_publiees

from .identifiants import identifiant_structure

PROGRAMME = "fabriques-de-territoire"
LAUREATS = "laureats-2020-02-03.csv"
_ANNONCE = date(2020, 2, 3)
_NOMBRE_NUMERIQUES = 32
_ABANDONS = 2
_ACTEURS = {
    role: {"id": f"demonstration-{role}", "role": role}
    for role in ("instructeur", "ordonnateur", "comptable", "systeme")
}

HYPOTHESES: tuple[str, ...] = (
    "Publié : 80 structures (nom, code postal, ville) annoncées le 3 février 2020, toutes en QPV, "
    "48 Fabriques et 32 Fabriques numériques.",
    "Supposé : chaque subvention est au plafond, 150 000 EUR en trois tranches de 50 000 EUR ; les "
    "montants réels ne sont pas publiés.",
    "Supposé : les 32 numériques sont les 32 premières de la liste, qui ne les désigne pas ; les "
    "totaux n'en dépendent pas.",
    "Publié : le bonus de 100 000 EUR est imputé à 2019 ; supposé : il est pris dans l'enveloppe "
    "de 45 M EUR, aucune source ne dit qui le paie.",
    "Supposé : versements chaque 1er mars (le 2 mars en 2020), et les deux dernières de la liste "
    "renoncent le 15 février 2021, après leur première tranche.",
    "Inconnu : SIRET, conventions et crédits ouverts par les lois de finances ; rien n'est saisi, "
    "les anomalies le signalent et les disponibles AE/CP sont donc négatifs.",
)


class Laureat(NamedTuple):
    """One published row, with the id the demonstration derives from it."""

    structure: str
    porteur: str
    code_postal: str
    ville: str
    numerique: bool
    renonce: bool


def laureats() -> tuple[Laureat, ...]:
    """The 80 rows of the published list, in its order, spelled as published."""
    texte = files("commands").joinpath("donnees", LAUREATS).read_text("utf-8")
    lignes = list(csv.DictReader(texte.splitlines()))
    return tuple(
        Laureat(
            structure=identifiant_structure(ligne["structure"], ligne["code_postal"]),
            porteur=ligne["structure"],
            code_postal=ligne["code_postal"],
            ville=ligne["ville"],
            numerique=rang < _NOMBRE_NUMERIQUES,
            renonce=rang >= len(lignes) - _ABANDONS,
        )
        for rang, ligne in enumerate(lignes)
    )


def structure_temoin() -> str:
    """The structure whose schedule the demonstration shows: the first of the list."""
    return laureats()[0].structure


def commandes_demo(jusqu_au: date) -> Iterator[dict[str, Any]]:
    """The commands of the demonstration dated up to a day, in order, as JSON objects.

    Ids are stable: executing them again changes nothing, and a later day only adds.
    """
    for commande in _toutes():
        if date.fromisoformat(commande["date_effet"]) <= jusqu_au:
            yield commande


def _toutes() -> Iterator[dict[str, Any]]:
    publie = regles_publiees("2019")
    yield _commande(
        "OuvrirProgramme",
        "ouverture",
        date.fromisoformat(publie["date_effet"]),
        "systeme",
        intitule=publie["intitule"],
        regles=publie["regles"],
        source=publie["source"],
    )
    for rang, revision in enumerate(publie["revisions"], start=1):
        yield _commande(
            "RéviserRègles",
            f"revision-{rang}",
            date.fromisoformat(revision["date_effet"]),
            "systeme",
            regles=revision["regles"],
            source=revision["source"],
        )
    liste = laureats()
    for numero, laureat in enumerate(liste, start=1):
        yield from _labelliser(numero, laureat, publie["regles"])
    premiers = date(2020, 3, 2)
    for numero, laureat in enumerate(liste, start=1):
        yield _verser(numero, laureat, 1, premiers, publie["regles"])
        if laureat.numerique:
            yield _commande(
                "VerserBonus",
                f"bonus-verse-{numero:02d}",
                premiers,
                "comptable",
                structure=laureat.structure,
                montant_centimes=publie["regles"]["bonus_centimes"],
                reference=f"DEMO-{numero:02d}-B",
            )
    for numero, laureat in enumerate(liste, start=1):
        if laureat.renonce:
            yield _commande(
                "RetirerLabel",
                f"retrait-{numero:02d}",
                date(2021, 2, 15),
                "ordonnateur",
                structure=laureat.structure,
                motif="Hypothèse de démonstration : la structure renonce après la première tranche",
            )
    for rang, annee in ((2, 2021), (3, 2022)):
        for numero, laureat in enumerate(liste, start=1):
            if not laureat.renonce:
                yield _verser(numero, laureat, rang, date(annee, 3, 1), publie["regles"])


def _labelliser(numero: int, laureat: Laureat, regles: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield _commande(
        "DéposerCandidature",
        f"depot-{numero:02d}",
        _ANNONCE,
        "instructeur",
        structure=laureat.structure,
        porteur=laureat.porteur,
        code_postal=laureat.code_postal,
        ville=laureat.ville,
        territoire="qpv",
        numerique=laureat.numerique,
        vague=1,
    )
    yield _commande(
        "LabelliserFabrique",
        f"label-{numero:02d}",
        _ANNONCE,
        "ordonnateur",
        structure=laureat.structure,
        montant_centimes=regles["plafond_centimes"],
    )
    if laureat.numerique:
        yield _commande(
            "AccorderBonusNumérique",
            f"bonus-{numero:02d}",
            _ANNONCE,
            "ordonnateur",
            structure=laureat.structure,
        )


def _verser(
    numero: int, laureat: Laureat, rang: int, jour: date, regles: dict[str, Any]
) -> dict[str, Any]:
    return _commande(
        "VerserTranche",
        f"verse-{numero:02d}-{rang}",
        jour,
        "comptable",
        structure=laureat.structure,
        rang=rang,
        montant_centimes=regles["plafond_annuel_centimes"],
        reference=f"DEMO-{numero:02d}-{rang}",
    )


def _commande(verbe: str, identifiant: str, jour: date, role: str, **champs: Any) -> dict[str, Any]:
    return {
        "commande": verbe,
        "id_commande": f"demo-{identifiant}",
        "programme": PROGRAMME,
        "acteur": _ACTEURS[role],
        "date_effet": jour.isoformat(),
        **champs,
    }
