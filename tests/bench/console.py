"""The console under load, on loopback: answer times of its pages, and pages a second.

Alone: `python -m tests.bench.console [--enorme] [--base FICHIER]`. `--enorme` first makes a base
of 20 000 structures and a million facts, in about a minute (`make bench BENCH=--enorme`).

The server is another process (`fabriques console`), as in use; the load is bounded in count, by a
few threads that each keep one connection. Times are of whole answers, read to their end.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from .charge import PAIEMENTS, PAIEMENTS_SERRES, PROGRAMME, commandes
from .chrono import Mesure
from .commun import reference

VISE_MS = 100
_LANCEUR = "from commands.cli import main; main()"
_ADRESSE = re.compile(r"http://127\.0\.0\.1:([0-9]+)/")
_PAGES = (
    "situation",
    "exercices",
    "restes",
    "structures",
    "structures?q=grande+fabrique+7&etat=labellisee&tri=paye&sens=decroissant",
    "structures?page=3",
    "structures/structure-000021",
    "journal",
    "journal?type=tranche-versee&page=9",
    "journal/150",
    "anomalies",
    "chiffres/enveloppe.paye",
    "chiffres/structures.structure-000021.paye",
    "comparaison?au_avant=2020-12-31",
)
_PASSEES = ("situation?au={jour}", "exercices?au={jour}", "structures?q=roubaix&au={jour}")
JOURS = tuple(f"{annee}-{mois:02d}-15" for annee in range(2019, 2024) for mois in (3, 6, 9, 12))


@dataclass(frozen=True, slots=True)
class Charge:
    """How much is asked: facts of the base, answers, callers at once; parts of each instalment."""

    faits: int
    reponses: int
    appelants: int
    paiements: int = PAIEMENTS


COMPLETE = Charge(4_300, 2_000, 4)
"""About 300 structures."""
RAPIDE = Charge(900, 60, 2)
ENORME = Charge(1_000_000, 600, 4, PAIEMENTS_SERRES)
"""About 20 000 structures."""


def structures_de(charge: Charge) -> int:
    """How many structures the facts name."""
    objets = commandes(charge.faits, paiements=charge.paiements)
    return len({o["structure"] for o in objets if "structure" in o})


class Serveur(NamedTuple):
    """A console that listens: its port, its process."""

    port: int
    pid: int

    def memoire_mio(self) -> float | None:
        """The most memory it ever held, where the system tells."""
        etat = Path(f"/proc/{self.pid}/status")
        lu = re.search(r"VmHWM:\s+(\d+) kB", etat.read_text()) if etat.exists() else None
        return None if lu is None else int(lu[1]) / 1024


@contextmanager
def console(base: Path) -> Iterator[Serveur]:
    """A console in another process, replayed and ready."""
    processus = subprocess.Popen(
        [sys.executable, "-c", _LANCEUR, "console", "--base", str(base), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if processus.stderr is None:
            raise RuntimeError("stderr")
        annonce = processus.stderr.readline()
        adresse = _ADRESSE.search(annonce)
        if adresse is None:
            raise RuntimeError(annonce)
        yield Serveur(int(adresse[1]), processus.pid)
    finally:
        processus.terminate()
        processus.communicate()


def interroger(port: int, pages: Sequence[str], *, attendus: Sequence[int] = (200,)) -> list[float]:
    """Ask pages one after the other on one connection: seconds of each."""
    connexion = HTTPConnection("127.0.0.1", port, timeout=300)
    durees: list[float] = []
    for page in pages:
        debut = perf_counter()
        connexion.request("GET", f"/programmes/{PROGRAMME}/{page}")
        reponse = connexion.getresponse()
        reponse.read()
        durees.append(perf_counter() - debut)
        if reponse.status not in attendus:
            raise RuntimeError(f"{page} : {reponse.status}")
    connexion.close()
    return durees


def mesurer(dossier: Path, charge: Charge, *, base: Path | None = None) -> list[Mesure]:
    """Times of a console over a base of that many facts, written in the folder unless given."""
    base = base or reference(dossier / "console.db", charge.faits, paiements=charge.paiements)
    taille = f"{structures_de(charge)} structures, {charge.faits} faits"
    petite = charge.faits <= COMPLETE.faits
    mesures: list[Mesure] = []
    debut = perf_counter()
    with console(base) as serveur:
        mesures.append(Mesure(f"console, {taille} : ouverture", perf_counter() - debut, "s"))
        port = serveur.port
        premieres = sorted(jusqu_au_bout(port, page) for page in _PAGES)
        mesures.append(_ms("console, première vue d'une page : la plus lente", premieres[-1]))
        seule = sorted(interroger(port, _PAGES * max(charge.reponses // 4 // len(_PAGES), 1)))
        mesures.append(_ms(f"console, {taille} : p50", _rang(seule, 50)))
        mesures.append(_ms(f"console, {taille} : p99", _rang(seule, 99), vise=petite))
        passees = [
            page.format(jour=jour)
            for page in _PASSEES
            for jour in (JOURS if petite else JOURS[4::8])
        ]
        neuves = sorted(jusqu_au_bout(port, page) for page in passees)
        nom = "console, vue passée jamais demandée : p99"
        mesures.append(_ms(nom, _rang(neuves, 99), vise=petite))
        for page in _PAGES:  # the past views may have taken their place
            jusqu_au_bout(port, page)
        chacun = charge.reponses // charge.appelants
        suite = [_PAGES[rang % len(_PAGES)] for rang in range(chacun)]
        debut = perf_counter()
        with ThreadPoolExecutor(charge.appelants) as fils:
            lots = list(fils.map(lambda _: interroger(port, suite), range(charge.appelants)))
        duree = perf_counter() - debut
        ensemble = sorted(d for lot in lots for d in lot)
        nom = f"console, {charge.appelants} lecteurs à la fois"
        mesures.append(_ms(f"{nom} : p50", _rang(ensemble, 50)))
        mesures.append(_ms(f"{nom} : p99", _rang(ensemble, 99)))
        mesures.append(Mesure(nom, len(ensemble) / duree, "pages/s"))
        memoire = serveur.memoire_mio()
        if memoire is not None:
            mesures.append(Mesure("console, mémoire au plus", memoire, "Mio"))
    return mesures


def jusqu_au_bout(port: int, page: str) -> float:
    """Seconds until a page is there, asked again while it is being computed."""
    debut = perf_counter()
    while True:
        connexion = HTTPConnection("127.0.0.1", port, timeout=300)
        connexion.request("GET", f"/programmes/{PROGRAMME}/{page}")
        reponse = connexion.getresponse()
        reponse.read()
        connexion.close()
        if reponse.status == 200:
            return perf_counter() - debut
        if reponse.status != 202:
            raise RuntimeError(f"{page} : {reponse.status}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0."""
    lecteur = argparse.ArgumentParser(prog="python -m tests.bench.console")
    lecteur.add_argument("--enorme", action="store_true", help="un million de faits")
    lecteur.add_argument("--base", type=Path, help="cette base, déjà faite, de même taille")
    options = lecteur.parse_args(arguments)
    charge = ENORME if options.enorme else COMPLETE
    with tempfile.TemporaryDirectory(prefix="bench-", dir=Path.cwd()) as nom:
        for mesure in mesurer(Path(nom), charge, base=options.base):
            sys.stdout.write(f"{mesure.nom} : {mesure.valeur:.1f} {mesure.unite}\n")
    return 0


def _rang(triees: Sequence[float], centile: int) -> float:
    return triees[min(len(triees) * centile // 100, len(triees) - 1)]


def _ms(nom: str, secondes: float, *, vise: bool = False) -> Mesure:
    valeur = secondes * 1_000
    if not vise:
        return Mesure(nom, valeur, "ms")
    return Mesure(nom, valeur, "ms", VISE_MS, "visé", ratio=valeur / VISE_MS, au_plus=1)


if __name__ == "__main__":
    sys.exit(main())
