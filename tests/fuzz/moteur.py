"""The loop: take an input of the corpus, mutate it, try it, keep it when it shows something new.

New means an arc of our code never gone through, or an answer never given (which also tells apart
what decoders written in C say). A target fails by raising: anything but its documented answers.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import FrameType

from tests.fuzz.couverture import RACINE, Couverture
from tests.fuzz.mutations import Mutateur

PATIENCE_SECONDES = 20
"""A run that lasts longer never ends: a defect, whatever it would have answered."""
CORPUS = Path(__file__).parent / "corpus"
_ESSAIS_DE_REDUCTION = 400
_FAUTES_MAX = 20
_CITATION = re.compile(r"unknown field|[ (]['\"]|«|invalid enum value")
"""Where a sentence begins to repeat what it was given."""


class Blocage(BaseException):
    """A run took longer than the patience."""


@dataclass(frozen=True)
class Cible:
    """One entry point. `essayer` returns what was answered, in a few words; it raises on a defect.

    `suivi` are the paths whose arcs steer the mutations; empty where coverage does not pay.
    """

    nom: str
    quoi: str
    graines: Callable[[], list[bytes]]
    essayer: Callable[[bytes], str]
    suivi: tuple[str, ...] = ()
    jetons: tuple[bytes, ...] = ()
    executions: int = 300
    """Of the short version."""
    maximum: int = 70_000

    def corpus(self) -> list[bytes]:
        """The inputs kept from past defects, in the order of their names."""
        return [f.read_bytes() for f in sorted((CORPUS / self.nom).glob("*")) if f.is_file()]


@dataclass(frozen=True)
class Faute:
    """A defect: what was raised, where in our code, and the smallest input found for it."""

    cible: str
    signature: str
    entree: bytes
    trace: str

    @property
    def fichier(self) -> str:
        """The name of the file that keeps the input."""
        return f"{self.cible}-{sha256(self.entree).hexdigest()[:12]}"


@dataclass
class Bilan:
    """What a campaign on one target saw."""

    cible: str
    executions: int = 0
    corpus: int = 0
    arcs: int = 0
    reponses: int = 0
    plus_longue: float = 0.0
    fautes: list[Faute] = field(default_factory=list)


@contextmanager
def patience(secondes: int = PATIENCE_SECONDES) -> Iterator[None]:
    """Raise Blocage inside what lasts too long."""

    def sonner(_: int, __: FrameType | None) -> None:
        raise Blocage(f"plus de {secondes} secondes")

    ancien = signal.signal(signal.SIGALRM, sonner)
    signal.setitimer(signal.ITIMER_REAL, secondes)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, ancien)


def essayer(cible: Cible, octets: bytes) -> tuple[str, Faute | None]:
    """One run: the answer, or the defect."""
    try:
        with patience():
            return cible.essayer(octets), None
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as erreur:
        return "", Faute(cible.nom, _signature(erreur), octets, traceback.format_exc(limit=-12))


def _signature(erreur: BaseException) -> str:
    """Kind of error and last line of ours: one defect is reported once."""
    ici = "?"
    for cadre, ligne in traceback.walk_tb(erreur.__traceback__):
        fichier = Path(cadre.f_code.co_filename)
        if fichier.is_relative_to(RACINE):
            nom = fichier.relative_to(RACINE).as_posix()
            if nom.startswith(("ledger/", "commands/", "projections/")):
                ici = f"{nom}:{ligne}"
    oracle = f" {forme(str(erreur))[:60]}" if isinstance(erreur, AssertionError) else ""
    return f"{type(erreur).__name__}{oracle} en {ici}"


def forme(texte: str) -> str:
    """A sentence up to what it repeats of the input: one kind of answer is counted once."""
    debut = _CITATION.split(texte, maxsplit=1)[0]
    return "".join("#" if c.isdigit() else c if c.isascii() else "" for c in debut)[:90]


def campagne(
    cible: Cible, *, graine: int, executions: int | None = None, secondes: float | None = None
) -> Bilan:
    """Run a target until one of the two limits; by executions, the same at each call."""
    sort = random.Random(f"{graine}-{cible.nom}")
    mutateur = Mutateur(sort, cible.jetons, cible.maximum)
    couverture = Couverture(cible.suivi) if cible.suivi else None
    bilan, vus, corpus = Bilan(cible.nom), set[Hashable](), list[bytes]()
    connues: set[str] = set()
    depart = [*cible.graines(), *cible.corpus()]
    fin = None if secondes is None else time.monotonic() + secondes
    while len(bilan.fautes) < _FAUTES_MAX:
        if executions is not None and bilan.executions >= executions:
            break
        if fin is not None and time.monotonic() >= fin:
            break
        semee = bilan.executions < len(depart)
        entree = depart[bilan.executions] if semee else _muter(mutateur, sort, corpus)
        debut = time.monotonic()
        nouveau, faute = _executer(cible, entree, couverture, vus)
        bilan.plus_longue = max(bilan.plus_longue, time.monotonic() - debut)
        bilan.executions += 1
        if faute is not None and faute.signature not in connues:
            connues.add(faute.signature)
            bilan.fautes.append(reduire(cible, faute))
        if semee or (nouveau and faute is None):
            corpus.append(entree)
    bilan.corpus = len(corpus)
    bilan.arcs = sum(isinstance(v, tuple) for v in vus)
    bilan.reponses = sum(isinstance(v, str) for v in vus)
    return bilan


def _muter(mutateur: Mutateur, sort: random.Random, corpus: list[bytes]) -> bytes:
    """A mutant of an input, the newest ones more often."""
    choix = corpus[-40:] if sort.random() < 0.5 else corpus
    return mutateur.muter(sort.choice(choix), sort.choice(corpus))


def _executer(
    cible: Cible, entree: bytes, couverture: Couverture | None, vus: set[Hashable]
) -> tuple[bool, Faute | None]:
    """One run, and whether it showed anything new."""
    traces: set[Hashable] = set()
    if couverture is None:
        reponse, faute = essayer(cible, entree)
    else:
        with couverture.suivre() as arcs:
            reponse, faute = essayer(cible, entree)
        traces |= arcs
    traces.add(forme(reponse))
    avant = len(vus)
    vus |= traces
    return len(vus) > avant, faute


def reduire(cible: Cible, faute: Faute) -> Faute:
    """The same defect with fewer bytes, as far as a bounded number of runs goes."""
    reste, meilleure = _ESSAIS_DE_REDUCTION, faute
    pas = max(len(faute.entree) // 2, 1)
    debut = time.monotonic()
    while pas and reste and time.monotonic() - debut < PATIENCE_SECONDES:
        rang, reduite = 0, False
        while rang < len(meilleure.entree) and reste:
            reste -= 1
            plus_courte = meilleure.entree[:rang] + meilleure.entree[rang + pas :]
            _, autre = essayer(cible, plus_courte)
            if autre is not None and autre.signature == faute.signature:
                meilleure, reduite = autre, True
            else:
                rang += pas
        pas = pas if reduite and pas > 1 else pas // 2
    return meilleure


def ecrire(bilan: Bilan, dossier: Path) -> str:
    """The line of a target and its defects, each kept in a file with the command that shows it."""
    lignes = [
        f"{bilan.cible:<18}{bilan.executions:>10}{bilan.corpus:>8}{bilan.arcs:>8}"
        f"{bilan.reponses:>10}{bilan.plus_longue * 1000:>9.0f} ms{len(bilan.fautes):>8}"
    ]
    for faute in bilan.fautes:
        dossier.mkdir(exist_ok=True)
        fichier = dossier / faute.fichier
        fichier.write_bytes(faute.entree)
        rejouer = f"python -m tests.fuzz --cible {faute.cible} --rejouer {fichier}"
        lignes += [f"  FAUTE {faute.signature}", f"    {rejouer}"]
    return "\n".join(lignes)


ENTETE = (
    f"{'cible':<18}{'essais':>10}{'corpus':>8}{'arcs':>8}{'réponses':>10}{'max':>12}{'fautes':>8}"
)


def dire(texte: str) -> None:
    """One line at once: a long campaign is watched."""
    sys.stdout.write(texte + "\n")
    sys.stdout.flush()
