"""The load of many programmes over several bases, played on unit costs: pure, same seed, same
result.

What is assumed is in `Charge`; what was measured, in `Couts`. One base is one writer: commands that
wait share a transaction, a file goes by batches and lets the others pass between two.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

GROUPE = 256
"""Commands that may share a transaction (`commands.guichet.GROUPE_MAX`)."""
LOT = 500
"""Commands of a batch of a file (`commands.execution.TAILLE_LOT`)."""
SECONDE = 1_000_000


@dataclass(frozen=True, slots=True)
class Couts:
    """Unit costs: microseconds and bytes, of one command or one fact unless said otherwise."""

    positions: dict[str, float]
    """A durable command alone, by position in its journal."""
    transactions: tuple[float, ...]
    """The fixed part of a transaction, mostly the disk sync: what was seen, sorted. Its spread
    makes the tail of what callers wait."""
    en_lot: float
    """What a command adds to a batch."""
    en_groupe: float
    """What a concurrent caller adds to a shared transaction."""
    chaud: float
    """Bringing a programme to memory, before its first command."""
    verifier: float
    verifier_programme: float
    """Verifying a programme, whatever its size."""
    lecture: float
    """Building the read model."""
    rafraichir: float
    """Refreshing it, by new fact."""
    deplacer: float
    copier: float
    """Online backup, by byte."""
    ouvrir: float
    """Opening a base, whatever its size."""
    octets: float
    memoire: float
    """A warm programme."""
    memoire_base: float
    """An open base without warm programme."""

    @property
    def transaction(self) -> float:
        """The mean."""
        return sum(self.transactions) / len(self.transactions)


@dataclass(frozen=True, slots=True)
class Charge:
    """What is assumed of the load."""

    programmes: int = 10_000
    faits: int = 100_000_000
    annees: int = 10
    zipf: float = 1.0
    """Size of the programme of rank r: proportional to 1 / r ** zipf. 0: all alike."""
    en_fichiers: float = 0.6
    """Part of the facts that come in files, one a programme a day."""
    jours: int = 250
    fin_de_mois: float = 4.0
    """The last two working days of a month, against an ordinary one."""
    fin_d_annee: float = 8.0
    """The last ten of December."""
    heures: tuple[float, ...] = (1, 2, 3, 2, 1, 1, 2, 3, 2)
    graine: int = 2019

    def tailles(self) -> list[float]:
        """Facts of each programme, the largest first."""
        poids = [1 / rang**self.zipf for rang in range(1, self.programmes + 1)]
        unite = self.faits / sum(poids)
        return [p * unite for p in poids]

    def jour_le_plus_charge(self) -> float:
        """Facts of the busiest day."""
        pleins, fins, decembre = self.jours - 22 - 10, 22, 10
        total = pleins + fins * self.fin_de_mois + decembre * self.fin_d_annee
        return self.faits / self.annees / total * max(1.0, self.fin_de_mois, self.fin_d_annee)


def par_empreinte(programmes: int, bases: int) -> list[int]:
    """The base of each programme by the digest of its name (highest random weight): nothing to
    keep; one more base takes its part from each, and nothing else moves."""

    def poids(programme: int, base: int) -> bytes:
        return hashlib.sha256(f"base-{base}/programme-{programme}".encode()).digest()

    return [max(range(bases), key=lambda b, p=p: poids(p, b)) for p in range(programmes)]  # type: ignore[misc]


def par_annuaire(tailles: Sequence[float], bases: int) -> list[int]:
    """The base of each programme as a directory would say: the largest first, each on the base that
    is the least full."""
    pleines = [(0.0, base) for base in range(bases)]
    places = [0] * len(tailles)
    for programme in sorted(range(len(tailles)), key=lambda p: -tailles[p]):
        plein, base = heapq.heappop(pleines)
        places[programme] = base
        heapq.heappush(pleines, (plein + tailles[programme], base))
    return places


@dataclass(slots=True)
class Journee:
    """What comes in one day: instants in microseconds, with the rank of the programme."""

    commandes: list[tuple[float, int]]
    fichiers: list[tuple[float, int, int]]
    """Instant, programme, commands in the file."""


def journee(charge: Charge) -> Journee:
    """The busiest day."""
    hasard = random.Random(charge.graine)
    tailles = charge.tailles()
    jour = charge.jour_le_plus_charge()
    seules = round(jour * (1 - charge.en_fichiers))
    quels = hasard.choices(
        range(charge.programmes), cum_weights=list(accumulate(tailles)), k=seules
    )
    instants = sorted(_instant(hasard, charge.heures) for _ in quels)
    fichiers = []
    for programme, taille in enumerate(tailles):
        attendu = jour * charge.en_fichiers * taille / charge.faits
        nombre = int(attendu) + (hasard.random() < attendu % 1)
        if nombre:
            fichiers.append((_instant(hasard, charge.heures), programme, nombre))
    return Journee(list(zip(instants, quels, strict=True)), sorted(fichiers))


def _instant(hasard: random.Random, heures: Sequence[float]) -> float:
    cumul = list(accumulate(heures))
    heure = bisect_left(cumul, hasard.random() * cumul[-1])
    return (heure + hasard.random()) * 3_600 * SECONDE


@dataclass(frozen=True, slots=True)
class Attentes:
    """What callers waited, from the call to the receipt, in microseconds."""

    mediane: float
    p99: float
    pire: float
    occupe: float
    """Time that the writer worked."""
    fin: float
    fichier: float
    """The longest time that a file took, its own wait included."""


def servir(
    commandes: Sequence[float],
    fichiers: Sequence[tuple[float, int]],
    couts: Couts,
    hasard: random.Random,
) -> Attentes:
    """One base, one writer: what arrives, in order of time, and what is waited for it."""
    attentes: list[float] = []
    ouverts: list[list[float]] = []  # arrival and rest of each file at work
    temps = occupe = plus_long = 0.0
    i = f = tour = 0
    while i < len(commandes) or f < len(fichiers) or ouverts:
        while f < len(fichiers) and fichiers[f][0] <= temps:
            ouverts.append(list(fichiers[f]))
            f += 1
        premier = i
        while i < len(commandes) and commandes[i] <= temps and i - premier < GROUPE:
            i += 1
        if i > premier:
            duree = hasard.choice(couts.transactions) + couts.en_groupe * (i - premier)
            temps += duree
            occupe += duree
            attentes += [temps - t for t in commandes[premier:i]]
        if ouverts:
            tour = (tour + 1) % len(ouverts)
            fichier = ouverts[tour]
            lot = min(LOT, fichier[1])
            duree = hasard.choice(couts.transactions) + couts.en_lot * lot
            temps += duree
            occupe += duree
            fichier[1] -= lot
            if not fichier[1]:
                plus_long = max(plus_long, temps - fichier[0])
                del ouverts[tour]
        elif i == premier:
            suivants = [*commandes[i : i + 1], *(t for t, _ in fichiers[f : f + 1])]
            temps = max(temps, min(suivants))
    attentes.sort()
    return Attentes(
        _quantile(attentes, 50),
        _quantile(attentes, 99),
        attentes[-1] if attentes else 0.0,
        occupe,
        temps,
        plus_long,
    )


def _quantile(rangees: Sequence[float], pour_cent: int) -> float:
    """The smallest value that as many per cent of the others do not exceed."""
    return rangees[(len(rangees) * pour_cent + 99) // 100 - 1] if rangees else 0.0


@dataclass(frozen=True, slots=True)
class Partition:
    """What a number of bases gives; the figures of a base are those of the worst."""

    bases: int
    part_empreinte: float
    """Of all facts, on the fullest base, placed by digest."""
    part: float
    """The same, placed by a directory. The figures below are of this placement."""
    par_seconde: float
    """Facts a second, in the busiest hour."""
    occupation: float
    """Of the writer, in the busiest hour."""
    attente_p99: float
    fichier: float
    octets: float
    verification: float
    perte: float
    """Copying the backup back, verifying it, building the read model again."""
    memoire: float
    """All programmes of the base warm in one process."""


def simuler(charge: Charge, couts: Couts, bases: int, jour: Journee) -> Partition:
    """The busiest day on that many bases."""
    tailles = charge.tailles()
    places = par_annuaire(tailles, bases)
    faits = _totaux(places, tailles, bases)
    par_empreinte_ = _totaux(par_empreinte(charge.programmes, bases), tailles, bases)
    commandes: list[list[float]] = [[] for _ in range(bases)]
    fichiers: list[list[tuple[float, int]]] = [[] for _ in range(bases)]
    for instant, programme in jour.commandes:
        commandes[places[programme]].append(instant)
    for instant, programme, nombre in jour.fichiers:
        fichiers[places[programme]].append((instant, nombre))
    hasard = random.Random(charge.graine)
    vues = [servir(c, f, couts, hasard) for c, f in zip(commandes, fichiers, strict=True)]
    pointe = charge.jour_le_plus_charge() * max(charge.heures) / sum(charge.heures) / 3_600
    pire = max(faits)
    verifications = [
        n * couts.verifier + places.count(base) * couts.verifier_programme
        for base, n in enumerate(faits)
    ]
    cout = (
        charge.en_fichiers * (couts.en_lot + couts.transaction / LOT)
        + (1 - charge.en_fichiers) * (couts.en_groupe + couts.transaction)
    ) / SECONDE
    return Partition(
        bases=bases,
        part_empreinte=max(par_empreinte_) / charge.faits,
        part=pire / charge.faits,
        par_seconde=pointe * pire / charge.faits,
        occupation=pointe * pire / charge.faits * cout,
        attente_p99=max(v.p99 for v in vues),
        fichier=max(v.fichier for v in vues),
        octets=pire * couts.octets,
        verification=max(verifications),
        perte=max(
            v + n * (couts.octets * couts.copier + couts.lecture)
            for v, n in zip(verifications, faits, strict=True)
        ),
        memoire=pire * couts.memoire + couts.memoire_base,
    )


def _totaux(places: Sequence[int], tailles: Sequence[float], bases: int) -> list[float]:
    totaux = [0.0] * bases
    for base, taille in zip(places, tailles, strict=True):
        totaux[base] += taille
    return totaux
