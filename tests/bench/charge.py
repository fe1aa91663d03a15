"""The workload: whole lives of grants, interleaved, the same ones for the same numbers.

Commands are plain JSON objects, every one of them accepted when executed in order. A life is a
generator of commands: it receives the position of each one, which a cancellation needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from stdnum import luhn

from ledger.montants import partager

PROGRAMME = "fabriques-mesurees"
EN_COURS = 60
"""Structures alive at once: the commands of a window are a mix of every step of a life."""
ENTREES = 14
"""A structure may enter once in that many commands, so that ages differ."""
EXERCICES = range(2019, 2028)
PAIEMENTS = 2
"""Parts that an instalment is paid in: about 15 facts a structure."""
PAIEMENTS_SERRES = 14
"""About 50 facts a structure: 20 000 structures make a million."""

Objet = dict[str, Any]
Vie = Generator[tuple[str, Objet], int, None]

_REGLES = {
    "enveloppe_centimes": 50_000_000_000_000,
    "plancher_centimes": 7_500_000,
    "plafond_centimes": 15_000_000,
    "plafond_annuel_centimes": 5_000_000,
    "exercices_max": 3,
    "quota_total": 1_000_000,
    "quota_qpv": 1_000_000,
    "quota_hors_qpv": 1_000_000,
    "quota_numeriques": 1_000_000,
    "bonus_centimes": 10_000_000,
    "exercice_bonus": None,
    "imputation_bonus": "enveloppe",
    "quotas": "bloquants",
    "credits": "bloquants",
    "instruction_requise": True,
    "avis_requis": True,
    "bilan_requis": True,
    "echeance_defaut": "03-01",
}
_VILLES = ("Saint-Étienne", "Roubaix", "Guéret", "Le Mans", "Bédarieux", "Vitry-le-François")
_CRITERES = (
    "ancrage_territorial",
    "communaute_engagee",
    "gouvernance_partagee",
    "hybridation_activites",
    "experimentation",
)
_ROLES = {"OrdonnancerTranche": "ordonnateur", "VerserTranche": "comptable"}


def commandes(
    nombre: int,
    *,
    ouverture: bool = True,
    position: int = 0,
    premiere: int = 0,
    paiements: int = PAIEMENTS,
) -> Iterator[Objet]:
    """That many commands. Without `ouverture`, on a programme open and already at `position`;
    `premiere` is the number of the first structure (one that the programme does not know). Each
    instalment is paid in `paiements` parts, or one more."""
    fin = position + nombre
    if ouverture:
        for verbe, champs in _entete():
            if position == fin:
                return
            position += 1
            yield _commande(verbe, champs, position)
    suivante, vies = premiere, deque[tuple[Vie, int | None]]()
    while position < fin:
        if not vies or (len(vies) < EN_COURS and position % ENTREES == 0):
            vies.appendleft((_vie(suivante, paiements), None))
            suivante += 1
        vie, derniere = vies.popleft()
        try:
            verbe, champs = next(vie) if derniere is None else vie.send(derniere)
        except StopIteration:
            continue
        position += 1
        vies.append((vie, position))
        yield _commande(verbe, champs, position)


def _commande(verbe: str, champs: Objet, position: int) -> Objet:
    role = _ROLES.get(verbe, "instructeur")
    return {
        "commande": verbe,
        "id_commande": f"cmd-{position:08d}",
        "programme": PROGRAMME,
        "acteur": {"id": f"{role}.{position % 9}", "role": role},
        **champs,
    }


def _entete() -> Iterator[tuple[str, Objet]]:
    yield (
        "OuvrirProgramme",
        {
            "date_effet": "2019-01-01",
            "intitule": "Programme mesuré",
            "regles": _REGLES,
            "source": "Banc de mesure",
        },
    )
    for annee in EXERCICES:
        yield (
            "OuvrirCrédits",
            {
                "date_effet": f"{annee}-01-01",
                "exercice": annee,
                "ae_centimes": 5_000_000_000_000,
                "cp_centimes": 5_000_000_000_000,
                "nature": "lfi",
                "source": f"Loi de finances initiale {annee}",
            },
        )


def _vie(i: int, paiements: int) -> Vie:
    """One structure, from application to the last report, by way of every usual accident."""
    slug, annee = f"structure-{i:06d}", EXERCICES[0] + i // 300 % 6
    nom = {"structure": slug}
    yield "DéposerCandidature", {**nom, **_identite(i), "date_effet": f"{annee}-01-{i % 28 + 1:02}"}
    fevrier = {**nom, "date_effet": f"{annee}-02-{i % 28 + 1:02}"}
    if i % 5 == 0:
        champs = {"motif": "Adresse corrigée par le porteur", "ville": _VILLES[(i + 1) % 6]}
        yield "CorrigerStructure", {**fevrier, **champs}
    yield (
        "InstruireCandidature",
        {**fevrier, "criteres": dict.fromkeys(_CRITERES, "rempli"), "roles": ["lieu_ressource"]},
    )
    if i % 60 == 11:
        yield "RetirerCandidature", {**fevrier, "motif": "Le porteur renonce à son projet"}
        return
    yield "RendreAvis", {**fevrier, "avis": "favorable", "instance": "Comité national"}
    if i % 12 == 7:
        yield "RejeterCandidature", {**fevrier, "motif": "Projet hors du champ de l'appel"}
        return
    yield from _grant(i, nom, annee, paiements)


def _identite(i: int) -> Objet:
    siren = f"{10_000_000 + i:08d}"
    siren += luhn.calc_check_digit(siren)
    return {
        "porteur": f"Association La Grande Fabrique n° {i}",
        "code_postal": f"{1_000 + i % 94_000:05d}",
        "ville": _VILLES[i % 6],
        "territoire": "qpv" if i % 2 else "hors_qpv",
        "numerique": i % 10 == 1,
        "montant_demande_centimes": 15_000_000,
        "siret": f"{siren}0001" + luhn.calc_check_digit(f"{siren}0001"),
        "vague": str(i // 300 + 1),
    }


def _grant(i: int, nom: Objet, annee: int, paiements: int) -> Vie:
    montant = 7_800_000 + i % 7 * 1_000_000
    parts = list(partager(montant, 3))
    mars = {**nom, "date_effet": f"{annee}-03-{i % 28 + 1:02}"}
    plan = _echeancier(parts, annee, mars["date_effet"])
    label: Objet = {**mars, "montant_centimes": montant}
    yield "LabelliserFabrique", {**label, "echeancier": plan} if i % 2 else label
    yield "SignerConvention", {**mars, "reference": f"CONV-{annee}-{i}", "ej": f"21{i:08d}"}
    if i % 10 == 1:
        yield "AccorderBonusNumérique", mars
        for part in partager(10_000_000, 2):
            yield "VerserBonus", {**mars, "montant_centimes": part, "reference": f"DP-B-{i}"}
    for rang in (1, 2, 3):
        versees = partager(parts[rang - 1], paiements + i % 2)
        yield from _tranche(i, {**nom, "rang": rang}, annee, versees)
        if rang == 2 and i % 25 == 4:
            yield from _retrait(i, nom, annee + 1)
            return
        if rang == 2 and i % 10 == 3:
            parts[2] += -300_000 if i % 20 == 3 else 300_000
            champs: Objet = {
                "montant_centimes": sum(parts),
                "echeancier": _echeancier(parts, annee, mars["date_effet"]),
                "motif": "Avenant de la troisième année",
            }
            yield "SignerAvenant", {**nom, "date_effet": f"{annee + 1}-07-15", **champs}


def _echeancier(parts: list[int], annee: int, premiere: str) -> list[Objet]:
    return [
        {
            "rang": k + 1,
            "exercice": annee + k,
            "montant_centimes": part,
            "echeance": premiere if k == 0 else f"{annee + k}-03-01",
        }
        for k, part in enumerate(parts)
    ]


def _tranche(i: int, du: Objet, annee: int, parts: Sequence[int]) -> Vie:
    """One instalment (structure and rank): sometimes an order, its payments, a yearly report."""
    rang, nom = du["rang"], {"structure": du["structure"]}
    exercice = annee + rang - 1
    juin: Objet = {**du, "date_effet": f"{exercice}-06-{i % 28 + 1:02}"}
    if i % 3 == 0:
        yield "OrdonnancerTranche", {**juin, "montant_centimes": sum(parts), "dp": f"DP-{i}-{rang}"}
    for numero, part in enumerate(parts):
        paiement = {**juin, "montant_centimes": part, "reference": f"VIR-{i}-{rang}-{numero}"}
        if len(parts) > PAIEMENTS + 1:  # a day each: alike in all, they would pass for duplicates
            paiement["date_effet"] = f"{exercice}-06-{(i + numero) % 28 + 1:02}"
        position = yield "VerserTranche", paiement
        if numero == 0 and rang == 1 and i % 40 == 5:
            annule = {"position": position, "motif": "rejet_bancaire"}
            yield "AnnulerVersement", {**nom, "date_effet": juin["date_effet"], **annule}
            yield "VerserTranche", paiement
    bilan = {"exercice": exercice, "accepte": True}
    yield "RecevoirBilan", {**nom, "date_effet": f"{exercice}-12-15", **bilan}


def _retrait(i: int, nom: Objet, annee: int) -> Vie:
    """The label is withdrawn after the second instalment; part of what was paid comes back."""
    decembre = {**nom, "date_effet": f"{annee}-12-20"}
    titre = {"montant_centimes": 1_000_000, "titre": f"TP-{i}"}
    yield "RetirerLabel", {**decembre, "motif": "Activité interrompue"}
    yield "DemanderReversement", {**decembre, **titre}
    yield "EncaisserReversement", {**decembre, **titre}
