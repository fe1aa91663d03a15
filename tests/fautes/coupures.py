"""Power cuts: disks rebuilt from the recorded calls of a writer, and what the engine makes of them.

A writer runs under strace; at each of its calls the power may be cut. `tests.fautes.disque` draws
what the disk then holds, and `tests.fautes.controle` checks every promise on it.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from tests.fautes.commun import Bilan
from tests.fautes.controle import Acquis, controler, lire_acquis
from tests.fautes.disque import MODES, Disque, Image, memoire_partagee
from tests.fautes.ecrivain import Travail
from tests.fautes.flux import Plan, planifier
from tests.fautes.strace import ACQUIS, Op, enregistrer, manque

BASE = "b.db"
Suite = Literal["finir", "insister", "tomber"]
SUITES: tuple[Suite, ...] = ("finir", "insister", "tomber")
"""What the writer does after an error."""
CREATION = 12
"""The synchronisation that saves the first receipt; before it there is nothing to read."""
_LECTURE = "lecture"
FAUTES_MAX = 200
LONGUE = 2_000
"""Disks from which a campaign records every film rather than a few."""


@dataclass(frozen=True)
class Film:
    """One recording: the calls of every life of the writer, and the -shm seen at each receipt."""

    nom: str
    plan: Plan
    ops: tuple[Op, ...]
    instantanes: dict[int, bytes]


def atelier() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where there is one: an image is a few writes, not a test of the disk."""
    memoire = Path("/dev/shm")  # noqa: S108 - a folder of our own is made inside
    return tempfile.TemporaryDirectory(dir=memoire if memoire.is_dir() else None)


def filmer(
    nom: str,
    plan: Plan,
    *,
    ouvertures: int = 1,
    points_de_reprise: int = 0,
    synchronous: int = 2,
    sur_erreur: Suite = "finir",
    accidents: Sequence[str] = (),
    lecteur: bool = False,
) -> Film:
    """Record a writer. For each accident (what strace injects), a first life that it may end.

    With `lecteur`, somebody states what the base holds between the accidents and the last life.
    """
    ops: list[Op] = []
    instantanes: dict[int, bytes] = {}
    with tempfile.TemporaryDirectory() as ici:
        dossier = Path(ici).resolve() / "disque"
        dossier.mkdir()
        for accident in (*accidents, *([_LECTURE] if lecteur else []), ""):
            travail = Travail(
                base=str(dossier / BASE),
                acquis=str(dossier / ACQUIS),
                commandes=list(plan.commandes),
                lots=list(plan.lots),
                ouvertures=ouvertures,
                synchronous=synchronous,
                points_de_reprise=points_de_reprise,
                lecture=accident == _LECTURE,
                sur_erreur=sur_erreur if accident else "finir",
            )
            injections = [accident] if accident and accident != _LECTURE else []
            passage = enregistrer(travail, injections=injections)
            if passage.code and not injections:
                raise RuntimeError(f"{nom}, {accident!r} : {passage.code}\n{passage.erreur}")
            ops += passage.ops
        for fichier in dossier.glob(f"{ACQUIS}.shm*"):
            instantanes[int(fichier.name.partition(".shm")[2])] = fichier.read_bytes()
    return Film(nom, plan, tuple(ops), instantanes)


@dataclass
class Seance:
    """What cutting the power in one film gave."""

    images: int = 0
    distinctes: int = 0
    perdues: int = 0
    fautes: list[str] | None = None


def couper(
    film: Film,
    sort: random.Random,
    *,
    par_coupure: int,
    images_max: int | None = None,
    synchronise: bool = True,
    dossier_synchronise: bool = True,
) -> Seance:
    """Cut the power after every call, `par_coupure` disks drawn each time.

    `images_max` spreads fewer cuts over the film. With a False, the disk lies.
    """
    disque = Disque(synchronise=synchronise, dossier_synchronise=dossier_synchronise)
    seance = Seance(fautes=[])
    acquis: list[Acquis] = []
    donnes = 0
    vues: set[bytes] = set()
    assert seance.fautes is not None
    chance = 1.0 if images_max is None else images_max / (len(film.ops) * par_coupure)
    with atelier() as ici:
        for rang, op in enumerate(film.ops):
            disque.appliquer(op)
            if op.genre == "acquitter":
                donnes += 1
                acquis += lire_acquis(op.octets)
            instantanes = {n: o for n, o in film.instantanes.items() if n <= donnes}
            for tirage in range(par_coupure):
                if sort.random() > chance:
                    continue
                mode = MODES[(rang + tirage) % len(MODES)]
                image = disque.tirer(mode, sort)
                partagee = memoire_partagee(instantanes, sort)
                if partagee is not None:
                    image[f"{BASE}-shm"] = partagee
                seance.images += 1
                cle = _empreinte(image, len(acquis))
                if cle in vues:
                    continue
                vues.add(cle)
                seance.distinctes += 1
                fautes = _eprouver(Path(ici), image, film.plan, acquis)
                if fautes:
                    seance.perdues += 1
                    if len(seance.fautes) < FAUTES_MAX:
                        ou = f"{film.nom}, appel {rang} ({op.genre} {op.nom}), {mode}"
                        seance.fautes.append(f"{ou} : {fautes[0]}")
    return seance


def _empreinte(image: Image, acquis: int) -> bytes:
    resume = sha256(json.dumps([acquis, {n: len(o) for n, o in image.items()}]).encode())
    for octets in image.values():
        resume.update(octets)
    return resume.digest()


def _eprouver(ici: Path, image: Image, plan: Plan, acquis: list[Acquis]) -> list[str]:
    for reste in ici.iterdir():
        reste.unlink()
    for nom, octets in image.items():
        (ici / nom).write_bytes(octets)
    return controler(ici / BASE, plan, acquis)


def tuer(rang: int) -> str:
    """An accident: killed when it asks for its n-th synchronisation, before it is made."""
    return f"fdatasync:signal=SIGKILL:when={rang}"


def manquer(rang: int, *, toutes: bool = False) -> str:
    """An accident: the n-th synchronisation fails, and with `toutes` every one after it."""
    return f"fdatasync:error=EIO:when={rang}{'+' if toutes else ''}"


def films(*, longs: bool) -> Iterator[Film]:
    """Every way of writing; a first life is ended by each of its synchronisations in turn."""
    court = planifier(2, (1, 3, 2))
    yield filmer("une ouverture", court)
    suite = planifier(6 if longs else 3, (1, 4))
    yield filmer("trois ouvertures, points de reprise", suite, ouvertures=3, points_de_reprise=6)
    for rang in range(1, 20) if longs else (4, 13):
        nom, accident = f"tué à la synchronisation {rang}", [tuer(rang)]
        yield filmer(nom, court, accidents=accident)
        if rang > CREATION:
            yield filmer(f"{nom}, puis lu", court, accidents=accident, lecteur=True)
    for rang in range(1, 20) if longs else (10, 12):
        for suite_donnee in SUITES:
            yield filmer(
                f"synchronisation {rang} manquée, {suite_donnee}",
                court,
                accidents=[manquer(rang)],
                sur_erreur=suite_donnee,
                points_de_reprise=6,
            )
    if longs:
        yield filmer("points de reprise ordinaires", planifier(80, (3,)))


def campagne(rondes: int, graine: int) -> Bilan:
    """About `rondes` disks, over every film."""
    raison = manque()
    if raison is not None:
        return Bilan(vues=Counter({f"NON FAIT : {raison}": 1}))
    details: Counter[str] = Counter()
    fautes: list[str] = []
    pellicules = [*films(longs=rondes > LONGUE)]
    total = sum(len(film.ops) for film in pellicules)
    for film in pellicules:
        part = max(rondes * len(film.ops) // total, 1)
        sort = random.Random(f"{graine}-{film.nom}")
        par = max(1, -(-part // len(film.ops)))
        seance = couper(film, sort, par_coupure=par, images_max=part)
        details["images"] += seance.images
        details["images distinctes éprouvées"] += seance.distinctes
        details[f"images : {film.nom}"] += seance.distinctes
        fautes += seance.fautes or []
    return Bilan(details["images"], Counter(details), fautes)
