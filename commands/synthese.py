"""A synthetic history of the whole programme: the published waves, and nobody in them.

Only the dates and sizes of the waves are published (`donnees/vagues.csv`). Structures are numbered,
have no name of anyone, and everything else is an assumption of `HYPOTHESES`, printed. It exercises
quotas, pace, reports and speed at the size of the programme, under two rule sets in one base.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ledger.bareme import regles_publiees
from ledger.montants import partager

VAGUES = "vagues.csv"
PROGRAMME_2019 = "synthetique-2019"
PROGRAMME_2023 = "synthetique-2023"
PROGRAMMES = (PROGRAMME_2019, PROGRAMME_2023)
DERNIER_JOUR = date(2024, 12, 31)
_VAGUES_2019 = 8
_NUMERIQUES = 32
_QPV = (80, 22, 48)
"""QPV labels: wave 1; waves 2 and 3 together; waves 4 to 8 together."""
_MONTANT_SUITE = 13_500_000
"""The grant of waves 2 to 8: with it, 300 labels and 32 bonuses fit in 45 M EUR."""
_DELAI = timedelta(days=28)
_RENOUVELEES = 55
_ACTEURS = {
    role: {"id": f"synthese-{role}", "role": role}
    for role in ("instructeur", "ordonnateur", "comptable", "systeme")
}

HYPOTHESES: tuple[str, ...] = (
    "SYNTHÉTIQUE : aucune structure de cette base n'existe ; elles sont numérotées, et leur "
    "porteur le dit.",
    "Publié : date et nombre de labels de chaque vague, 300 en huit vagues de 2020 à 2022, 82 en "
    "novembre 2023, 80 en octobre 2024 dont 25 nouvelles et 55 déjà labellisées.",
    "Déduit par différence, date en borne haute : les vagues 2, 4 et 7 ; date approchée : la "
    "vague 6 (mi-2021).",
    "Publié : la vague 1 est toute en QPV, et les trois premières vagues font 102 QPV et 68 hors "
    "QPV ; supposé : les huit vagues atteignent exactement 150 et 150, réparties régulièrement.",
    "Supposé : 150 000 EUR par label de la vague 1 et 135 000 EUR ensuite, pour que 300 labels et "
    "32 bonus tiennent dans 45 M EUR ; 44 900 000 EUR sont engagés, 100 000 EUR restent.",
    "Supposé : les 32 Fabriques numériques sont les 32 premières ; leur bonus est imputé à 2019 "
    "(publié) et pris dans l'enveloppe (choix).",
    "Supposé : première tranche payée 28 jours après le label, au plus tard le 31 décembre, les "
    "suivantes à leur échéance du 1er mars ; aucun retrait, aucun avenant.",
    "Supposé : chaque exercice ouvre exactement les AE et CP que cette histoire consomme, et les "
    "crédits sont bloquants ; les lois de finances ne sont pas saisies.",
    "Inconnu : l'enveloppe et les quotas de 2023 ; supposés égaux à ce que coûtent les labels "
    "annoncés (4 100 000 EUR, puis 4 000 000 EUR de plus en 2024), quotas indicatifs.",
    "Supposé : les 55 labels renouvelés en 2024 le sont à des structures des huit premières "
    "vagues, dans leur territoire ; les autres labels de 2023 et 2024 sont un sur deux en QPV.",
)


class Vague(NamedTuple):
    """One published wave: `par_difference` when its figures were inferred from totals."""

    numero: int
    jour: date
    nouvelles: int
    cumul: int
    par_difference: bool
    note: str


class Structure(NamedTuple):
    """One synthetic structure: its number, and what its first label says of it."""

    numero: int
    vague: Vague
    qpv: bool
    numerique: bool

    @property
    def slug(self) -> str:
        """Its id in every programme."""
        return f"synthetique-{self.numero:03d}"


@cache
def vagues() -> tuple[Vague, ...]:
    """The published waves, in order, as in the data file."""
    texte = files("commands").joinpath("donnees", VAGUES).read_text("utf-8")
    return tuple(
        Vague(
            int(ligne["vague"]),
            date.fromisoformat(ligne["date_publique"]),
            int(ligne["nouvelles"]),
            int(ligne["cumul"]),
            ligne["par_difference"] == "oui",
            ligne["note"],
        )
        for ligne in csv.DictReader(texte.splitlines())
    )


@cache
def structures() -> tuple[Structure, ...]:
    """Every synthetic structure, numbered from 1 in the order of the waves."""
    toutes: list[Structure] = []
    premiere, deux_et_trois, suite = _QPV
    zones = [
        *_repartir(premiere, 80),
        *_repartir(deux_et_trois, 90),
        *_repartir(suite, 130),
    ]
    for vague in vagues():
        for _ in range(vague.nouvelles):
            numero = len(toutes) + 1
            qpv = zones[numero - 1] if numero <= len(zones) else numero % 2 == 1
            toutes.append(Structure(numero, vague, qpv, numero <= _NUMERIQUES))
    return tuple(toutes)


def _repartir(choisies: int, total: int) -> Iterator[bool]:
    """`choisies` true values among `total`, as evenly spread as whole numbers allow."""
    for rang in range(total):
        yield (rang + 1) * choisies // total > rang * choisies // total


def commandes_synthetiques(jusqu_au: date) -> Iterator[dict[str, Any]]:
    """The commands of both programmes dated up to a day, in order, as JSON objects.

    Ids are stable: executing them again changes nothing, and a later day only adds.
    """
    for commande in (*_programme_2019(), *_programme_2023()):
        if date.fromisoformat(commande["date_effet"]) <= jusqu_au:
            yield commande


def _programme_2019() -> tuple[dict[str, Any], ...]:
    labels: list[dict[str, Any]] = []
    paiements: list[dict[str, Any]] = []
    for structure in structures():
        if structure.vague.numero > _VAGUES_2019:
            continue
        premiere = structure.vague.numero == 1
        montant = 15_000_000 if premiere else _MONTANT_SUITE
        labels += _labelliser(PROGRAMME_2019, structure, structure.vague, montant)
        paiements += _verser(PROGRAMME_2019, structure, structure.vague.jour, montant, 3)
        if structure.numerique:
            labels.append(_bonus("AccorderBonusNumérique", structure, structure.vague.jour))
            paiements.append(_bonus("VerserBonus", structure, _premier_paiement(structure)))
    return (
        *sorted(
            [*_ouvrir("2019", PROGRAMME_2019), *_credits(labels, paiements), *labels, *paiements],
            key=_jour,
        ),
    )


def _programme_2023() -> tuple[dict[str, Any], ...]:
    *_, annoncee, derniere = vagues()
    nouvelles = [s for s in structures() if s.vague.numero > _VAGUES_2019]
    suite: list[dict[str, Any]] = []
    for structure in (*nouvelles, *structures()[:_RENOUVELEES]):
        vague = structure.vague if structure.vague.numero > _VAGUES_2019 else derniere
        suite += _labelliser(PROGRAMME_2023, structure, vague, 5_000_000)
        suite += _verser(PROGRAMME_2023, structure, vague.jour, 5_000_000, 1)
    total = derniere.nouvelles + _RENOUVELEES
    quotas = dict.fromkeys(
        ("quota_total", "quota_qpv", "quota_hors_qpv"), annoncee.nouvelles + total
    )
    hausse = {
        "variation_centimes": total * 5_000_000,
        "source": f"HYPOTHÈSE : {total} labels de 2024 à 50 000 EUR ; enveloppe inconnue",
    }
    revision = {"regles": quotas, "source": "HYPOTHÈSE : les labels annoncés en 2023 et 2024"}
    return (
        *_ouvrir("2023", PROGRAMME_2023),
        *sorted(
            [
                _commande(PROGRAMME_2023, "ModifierEnveloppe", "enveloppe", derniere.jour, hausse),
                _commande(PROGRAMME_2023, "RéviserRègles", "quotas", derniere.jour, revision),
                *suite,
            ],
            key=_jour,
        ),
    )


def _ouvrir(nom: str, programme: str) -> Iterator[dict[str, Any]]:
    publie = regles_publiees(nom)
    yield _commande(
        programme,
        "OuvrirProgramme",
        "ouverture",
        date.fromisoformat(publie["date_effet"]),
        {
            "intitule": f"{publie['intitule']} (HISTOIRE SYNTHÉTIQUE)",
            "regles": publie["regles"],
            "source": publie["source"],
        },
    )
    for rang, revision in enumerate(publie["revisions"], start=1):
        jour = date.fromisoformat(revision["date_effet"])
        champs = {"regles": revision["regles"], "source": revision["source"]}
        yield _commande(programme, "RéviserRègles", f"revision-{rang}", jour, champs)


def _credits(
    labels: list[dict[str, Any]], paiements: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """What each exercice opens: what this history commits and pays on it, then binding."""
    publie = regles_publiees("2019")["regles"]
    ae: dict[int, int] = {}
    cp: dict[int, int] = {}
    for commande in (*labels, *paiements):
        annee = _jour(commande).year
        match commande["commande"]:
            case "LabelliserFabrique":
                ae[annee] = ae.get(annee, 0) + commande["montant_centimes"]
            case "AccorderBonusNumérique":
                exercice = publie["exercice_bonus"]
                ae[exercice] = ae.get(exercice, 0) + publie["bonus_centimes"]
            case "VerserTranche" | "VerserBonus":
                cp[annee] = cp.get(annee, 0) + commande["montant_centimes"]
            case _:
                pass
    ouverture = date.fromisoformat(regles_publiees("2019")["date_effet"])
    for annee in sorted(ae.keys() | cp.keys()):
        champs = {
            "exercice": annee,
            "ae_centimes": ae.get(annee, 0),
            "cp_centimes": cp.get(annee, 0),
            "nature": "lfi",
            "source": "HYPOTHÈSE : ce que l'histoire synthétique consomme",
        }
        jour = max(date(annee, 1, 1), ouverture)
        yield _commande(PROGRAMME_2019, "OuvrirCrédits", f"credits-{annee}", jour, champs)
    revision = {"regles": {"credits": "bloquants"}, "source": "HYPOTHÈSE : crédits bloquants"}
    yield _commande(PROGRAMME_2019, "RéviserRègles", "bloquants", ouverture, revision)


def _labelliser(
    programme: str, structure: Structure, vague: Vague, montant: int
) -> Iterator[dict[str, Any]]:
    qui = {"structure": structure.slug}
    depot = {
        **qui,
        "porteur": f"Structure synthétique n° {structure.numero:03d} (n'existe pas)",
        "code_postal": "00000",
        "ville": "Commune synthétique",
        "territoire": "qpv" if structure.qpv else "hors_qpv",
        "numerique": structure.numerique and programme == PROGRAMME_2019,
        "vague": vague.numero,
    }
    nom = f"{structure.numero:03d}"
    yield _commande(programme, "DéposerCandidature", f"depot-{nom}", vague.jour, depot)
    label = {**qui, "montant_centimes": montant}
    yield _commande(programme, "LabelliserFabrique", f"label-{nom}", vague.jour, label)


def _verser(
    programme: str, structure: Structure, label: date, montant: int, parts: int
) -> Iterator[dict[str, Any]]:
    for rang, centimes in enumerate(partager(montant, parts), start=1):
        annee = label.year + rang - 1
        jour = _premier_paiement_apres(label) if rang == 1 else date(annee, 3, 1)
        champs = {
            "structure": structure.slug,
            "rang": rang,
            "montant_centimes": centimes,
            "reference": f"SYNTHESE-{structure.numero:03d}-{rang}",
        }
        nom = f"verse-{structure.numero:03d}-{rang}"
        yield _commande(programme, "VerserTranche", nom, jour, champs)


def _bonus(verbe: str, structure: Structure, jour: date) -> dict[str, Any]:
    champs: dict[str, Any] = {"structure": structure.slug}
    nom = f"bonus-{structure.numero:03d}"
    if verbe == "VerserBonus":
        champs["montant_centimes"] = regles_publiees("2019")["regles"]["bonus_centimes"]
        champs["reference"] = f"SYNTHESE-{structure.numero:03d}-B"
        nom = f"bonus-verse-{structure.numero:03d}"
    return _commande(PROGRAMME_2019, verbe, nom, jour, champs)


def _premier_paiement(structure: Structure) -> date:
    return _premier_paiement_apres(structure.vague.jour)


def _premier_paiement_apres(label: date) -> date:
    return min(label + _DELAI, date(label.year, 12, 31))


def _jour(commande: dict[str, Any]) -> date:
    return date.fromisoformat(commande["date_effet"])


_ROLES = {
    "DéposerCandidature": "instructeur",
    "LabelliserFabrique": "ordonnateur",
    "AccorderBonusNumérique": "ordonnateur",
    "VerserTranche": "comptable",
    "VerserBonus": "comptable",
}


def _commande(
    programme: str, verbe: str, identifiant: str, jour: date, champs: dict[str, Any]
) -> dict[str, Any]:
    return {
        "commande": verbe,
        "id_commande": f"synthese-{identifiant}",
        "programme": programme,
        "acteur": _ACTEURS[_ROLES.get(verbe, "systeme")],
        "date_effet": jour.isoformat(),
        **champs,
    }
