"""The tamper campaign: random single attacks on random honest histories, and who catches them.

    python -m tests.campagne.falsification [ATTACKS]

Each attack rewrites the lines of a base as an administrator could: edit, delete, insert, swap,
retype, redate, truncate, replace the tail, put an older file back; hashes left as they were, or all
recomputed (chain and index of ids). Three things may catch it: the chain alone (`verifier`), a
checkpoint made before the attack, the receipt of a command recorded before the attack.

What is promised: hashes left, the chain catches everything but a change that ends the journal;
whatever was done, a checkpoint or receipt of a size at or beyond the first line touched catches it.
What nobody holds yet is the window: it is counted, and nothing is promised there.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from hypothesis import Phase, given, settings

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import TYPES, Journal, MemoryStore
from ledger.audit import verifier
from ledger.audit.temoins import Temoin
from ledger.preuve.canonique import json_canonique
from ledger.preuve.ligne import Lineur
from ledger.stockage.port import EntreeIndex, LigneBrute
from tests.modules import charger
from tests.properties.outils import LENTEURS

Lignes = list[LigneBrute]
GENRES = (
    "modifier",
    "supprimer",
    "inserer",
    "echanger",
    "changer_le_type",
    "redater",
    "tronquer",
    "remplacer_la_fin",
    "remettre_un_vieux_fichier",
)
ATTAQUES = 10_000
PAR_HISTOIRE = 50


@dataclass(frozen=True)
class Attaque:
    """One attack: the base it leaves, and the first position that is no longer what it was."""

    genre: str
    recalcule: bool
    store: MemoryStore
    premiere: int


def lignes_de(store: MemoryStore) -> Lignes:
    """The stored lines of the programme."""
    return [*store.lire(PROGRAMME)]


def base_de(lignes: Lignes, index: list[EntreeIndex]) -> MemoryStore:
    """A base that holds these lines and this index, whatever they say."""
    store = MemoryStore()
    store._lignes[PROGRAMME] = lignes
    store._index[PROGRAMME] = {entree.id_commande: entree for entree in index}
    return store


def rechainer(lignes: Lignes) -> tuple[Lignes, list[EntreeIndex]]:
    """Positions, links and index made coherent again, as a careful forger would."""
    lineur, precedent, horloge = Lineur(PROGRAMME), None, ""
    propres: Lignes = []
    index: list[EntreeIndex] = []
    for position, ligne in enumerate(lignes, start=1):
        etat = json.loads(ligne.octets)
        etat["precedent"] = precedent
        horloge = etat["enregistre_le"] = max(horloge, etat["enregistre_le"])
        octets = json_canonique(etat)
        propres.append(LigneBrute(position, ligne.topic, octets))
        index.append(EntreeIndex(etat["id_commande"], position, etat["empreinte_commande"]))
        precedent = lineur.feuille(position, ligne.topic, octets).hex()
    return propres, index


def attaquer(histoire: Histoire, sort: random.Random) -> Attaque | None:
    """One random attack, or None when the draw changed nothing."""
    avant = lignes_de(histoire.store)
    genre = sort.choice(GENRES)
    recalcule = sort.random() < 0.5
    apres = _GENRES[genre]([*avant], sort)
    if recalcule:
        apres, index = rechainer(apres)
    else:
        index = [entree for _, entree in histoire.store.index()]
        if genre == "remettre_un_vieux_fichier":  # the whole file: its index is as old
            index = [entree for entree in index if entree.position <= len(apres)]
    if apres == avant or not apres:
        return None
    paires = zip(avant, apres, strict=False)
    pareilles = next((k for k, (a, b) in enumerate(paires) if a != b), min(len(avant), len(apres)))
    return Attaque(genre, recalcule, base_de(apres, index), pareilles + 1)


def _retoucher(ligne: LigneBrute, changement: dict[str, Any]) -> LigneBrute:
    return ligne._replace(octets=json_canonique({**json.loads(ligne.octets), **changement}))


def _modifier(lignes: Lignes, sort: random.Random) -> Lignes:
    rang = sort.randrange(len(lignes))
    etat = json.loads(lignes[rang].octets)
    membre = sort.choice([m for m in etat if m not in ("precedent", "enregistre_le", "date_effet")])
    valeur = etat[membre]
    if isinstance(valeur, bool):
        neuve: Any = not valeur
    elif isinstance(valeur, int):
        neuve = valeur + sort.choice((-100, -1, 1, 100))
    elif isinstance(valeur, str) and len(valeur) == 64:
        neuve = sha256(valeur.encode()).hexdigest()
    elif isinstance(valeur, str):
        neuve = valeur + sort.choice(" éx0")
    else:
        neuve = [*valeur, *valeur] if isinstance(valeur, list) else {**valeur, "id": "autre"}
    lignes[rang] = _retoucher(lignes[rang], {membre: neuve})
    return lignes


def _supprimer(lignes: Lignes, sort: random.Random) -> Lignes:
    del lignes[sort.randrange(len(lignes))]
    return lignes


def _inserer(lignes: Lignes, sort: random.Random) -> Lignes:
    modele = sort.choice(lignes)
    rang = sort.randrange(len(lignes) + 1)
    lignes.insert(rang, _retoucher(modele, {"id_commande": f"faux-{sort.randrange(10**6)}"}))
    return lignes


def _echanger(lignes: Lignes, sort: random.Random) -> Lignes:
    a, b = sort.randrange(len(lignes)), sort.randrange(len(lignes))
    lignes[a], lignes[b] = (
        lignes[b]._replace(position=lignes[a].position),
        lignes[a]._replace(position=lignes[b].position),
    )
    return lignes


def _changer_le_type(lignes: Lignes, sort: random.Random) -> Lignes:
    rang = sort.randrange(len(lignes))
    lignes[rang] = lignes[rang]._replace(topic=sort.choice(tuple(TYPES)))
    return lignes


def _redater(lignes: Lignes, sort: random.Random) -> Lignes:
    rang = sort.randrange(len(lignes))
    etat = json.loads(lignes[rang].octets)
    if sort.randrange(2):
        jour = date.fromisoformat(etat["date_effet"]) + timedelta(days=sort.choice((-400, -1, 1)))
        lignes[rang] = _retoucher(lignes[rang], {"date_effet": jour.isoformat()})
    else:
        instant = f"{etat['enregistre_le'][:-7]}{sort.randrange(10**6):06d}Z"
        lignes[rang] = _retoucher(lignes[rang], {"enregistre_le": instant})
    return lignes


def _tronquer(lignes: Lignes, sort: random.Random) -> Lignes:
    return lignes[: sort.randrange(1, len(lignes))] if len(lignes) > 1 else lignes


def _remplacer_la_fin(lignes: Lignes, sort: random.Random) -> Lignes:
    garde = sort.randrange(len(lignes))
    fin = [
        _retoucher(ligne, {"id_commande": f"autre-{k}"})
        for k, ligne in enumerate(lignes[garde:])
        if sort.randrange(4)
    ]
    return lignes[:garde] + fin


_GENRES = {
    "modifier": _modifier,
    "supprimer": _supprimer,
    "inserer": _inserer,
    "echanger": _echanger,
    "changer_le_type": _changer_le_type,
    "redater": _redater,
    "tronquer": _tronquer,
    "remplacer_la_fin": _remplacer_la_fin,
    "remettre_un_vieux_fichier": _tronquer,
}


def temoins_de(histoire: Histoire) -> list[Temoin]:
    """What people hold: the receipt of every accepted command (sizes 1 to the last)."""
    journal = Journal(histoire.store, PROGRAMME)
    for _ in journal.rattraper():
        pass
    return [
        Temoin(f"reçu {taille}", taille, journal.arbre.racine(taille))
        for taille in range(1, journal.taille + 1)
    ]


@dataclass
class Bilan:
    """What a campaign saw; `manquees` must stay empty."""

    attaques: Counter[str]
    manquees: list[str]
    fenetre: int = 0
    """Attacks beyond the witness drawn, hashes recomputed: nothing is promised there."""
    fenetre_vues: int = 0
    histoires: int = 0


def eprouver(histoire: Histoire, sort: random.Random, nombre: int, bilan: Bilan) -> None:
    """Honest first, then `nombre` attacks, each checked against what is promised."""
    temoins = temoins_de(histoire)
    bilan.histoires += 1
    if not verifier(histoire.store, PROGRAMME, temoins=temoins).conforme:
        bilan.manquees.append(f"fausse alerte : {histoire!r}")
    faites = 0
    while faites < nombre:
        attaque = attaquer(histoire, sort)
        if attaque is None:
            continue
        faites += 1
        bilan.attaques[f"{attaque.genre}, {'recalculé' if attaque.recalcule else 'laissé'}"] += 1
        temoin = sort.choice(temoins)
        seul = verifier(attaque.store, PROGRAMME)
        avec = verifier(attaque.store, PROGRAMME, temoins=[temoin])
        couverte = temoin.taille >= attaque.premiere
        codes = {c.code for c in avec.constats}
        if couverte and not codes & {"releve_divergent", "releve_au_dela", "releve_perdu"}:
            bilan.manquees.append(f"témoin muet : {attaque.genre} en {attaque.premiere}")
        reste = attaque.store.taille(PROGRAMME)
        if not attaque.recalcule and attaque.premiere < reste and seul.conforme:
            bilan.manquees.append(f"chaîne muette : {attaque.genre} en {attaque.premiere}")
        if not couverte:
            bilan.fenetre += 1
            bilan.fenetre_vues += not seul.conforme


def campagne(nombre: int, *, par_histoire: int = PAR_HISTOIRE, graine: int = 6962) -> Bilan:
    """`nombre` attacks on as many random histories as needed; the same at each run."""
    bilan = Bilan(Counter(), [])
    exemples = -(-nombre // par_histoire)

    @settings(
        max_examples=exemples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=LENTEURS,
    )
    @given(histoire=histoires())
    def tirer(histoire: Histoire) -> None:
        reste = nombre - bilan.attaques.total()
        if reste > 0 and len(lignes_de(histoire.store)) > 1:
            sort = random.Random(f"{graine}-{bilan.histoires}")
            eprouver(histoire, sort, min(par_histoire, reste), bilan)

    charger()
    while bilan.attaques.total() < nombre:
        tirer()
    return bilan


def main() -> int:
    """Run the long campaign and say what it saw."""
    nombre = int(sys.argv[1]) if len(sys.argv) > 1 else ATTAQUES
    bilan = campagne(nombre)
    lignes = [f"{bilan.attaques.total()} attaques sur {bilan.histoires} histoires."]
    lignes += [f"  {compte:>6}  {genre}" for genre, compte in sorted(bilan.attaques.items())]
    lignes.append(
        f"Hors de portée du témoin tiré : {bilan.fenetre}, "
        f"dont {bilan.fenetre_vues} vues quand même."
    )
    lignes += [f"MANQUÉE : {phrase}" for phrase in bilan.manquees[:20]]
    lignes.append(f"{len(bilan.manquees)} manquées.")
    sys.stdout.write("\n".join(lignes) + "\n")
    return 1 if bilan.manquees else 0


if __name__ == "__main__":
    sys.exit(main())
