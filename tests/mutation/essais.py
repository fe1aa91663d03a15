"""Run tests against mutants: each in a forked child of a warm process, up to the first failure.

The main process imports the heavy third parties only, never the engine. It forks a *server* that
collects the tests once, then forks a child per mutant of a function; a mutant of what runs at
import gets a fork of the main process of its own. Time limits are processor time, per test.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .greffe import RACINE, Greffes, MutantMortNeError, servir
from .operateurs import Mutant

DOSSIERS = ("unit", "golden", "reference", "scenarios", "properties", "publication")
"""Folders of `tests/` whose tests judge mutants."""
OPTIONS = (
    *("-s", "-q", "--tb=no", "--no-header", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # third parties come first, on purpose
)
MEMOIRE_MAX = 4 * 2**30
HORLOGE_MAX = 600
_TUE, _PANNE, _MORT_NE, _FROID = 1, 70, 71, 72

Durees = dict[str, float]


@dataclass(frozen=True)
class Issue:
    """What became of it: `tue`, `delai`, `survivant`, `mort-ne` or `froid` (not swappable)."""

    statut: str
    test: str = ""
    secondes: float = 0


def precharger() -> None:
    """Import what is slow to import and is not the engine."""
    import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401, PLC0415
    import eventsourcing.sqlite  # noqa: F401, PLC0415

    os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"  # ours would import the engine: see `pytest_ici`
    import hypothesis.stateful  # noqa: F401, PLC0415

    del os.environ["HYPOTHESIS_NO_PLUGINS"]
    import jinja2  # noqa: F401, PLC0415
    import pydantic  # noqa: F401, PLC0415
    import rfc8785  # noqa: F401, PLC0415
    import sqlite_utils  # noqa: F401, PLC0415


class Ecoute:
    """A pytest plugin: hand the collected session over, and remember whether a test failed."""

    def __init__(self, boucle: Callable[[Ecoute, pytest.Session], None]) -> None:
        self._boucle = boucle
        self.echec = self.saute = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run our loop instead of pytest's."""
        self._boucle(self, session)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure in any phase is a failure."""
        self.echec |= report.failed
        self.saute |= report.skipped

    def essayer(self, item: pytest.Item, suivant: pytest.Item | None) -> bool:
        """Run one test; whether it failed."""
        self.echec = self.saute = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=suivant)
        return self.echec


def pytest_ici(chemins: Iterable[str], ecoute: Ecoute) -> int:
    """Run pytest in this process, on these files, with our loop."""
    from hypothesis import entry_points  # noqa: PLC0415

    os.environ["FABRIQUES_HYPOTHESIS"] = "mutation"
    entry_points.run()  # left out of `precharger`: the engine comes after the fault
    return int(pytest.main([*OPTIONS, *chemins], plugins=[ecoute]))


def tous_les_fichiers() -> list[str]:
    """Every file whose tests judge mutants."""
    return [f"tests/{dossier}" for dossier in DOSSIERS]


def bifurquer(geste: Callable[[Callable[[int], None]], int]) -> tuple[int | None, int]:
    """Run a gesture in a forked child: its exit code (None: killed or too long), and what it said.

    The gesture is given a function that says one number, and returns the exit code.
    """
    lecture, ecriture = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = _PANNE
        try:
            os.close(lecture)
            signal.alarm(HORLOGE_MAX)  # a mutant may wait for ever without using the processor
            code = geste(lambda n: _ecrire(ecriture, n))
        except BaseException as erreur:
            os.write(2, f"\n{type(erreur).__name__}: {erreur}\n".encode())
            raise
        finally:
            os._exit(code)
    os.close(ecriture)
    etat = os.waitpid(pid, 0)[1]
    dit = os.read(lecture, 4)
    os.close(lecture)
    fini = os.WEXITSTATUS(etat) if os.WIFEXITED(etat) else None
    if fini == _PANNE:
        raise RuntimeError("le banc de mutation est en panne : voir ci-dessus")
    return fini, struct.unpack("i", dit)[0] if dit else -1


def _ecrire(descripteur: int, nombre: int) -> None:
    os.write(descripteur, struct.pack("i", nombre))


def _se_taire() -> None:
    rien = os.open(os.devnull, os.O_RDWR)
    for flux in (0, 1, 2):
        os.dup2(rien, flux)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # not every system bounds it
        resource.setrlimit(resource.RLIMIT_AS, (MEMOIRE_MAX, MEMOIRE_MAX))


def _derouler(
    ecoute: Ecoute, items: Sequence[pytest.Item], durees: Durees, dire: Callable[[int], None]
) -> int:
    """Run the tests up to the first failure, each within its time."""
    for rang, item in enumerate(items):
        limite = 3 + 10 * durees.get(item.nodeid, 1)
        signal.setitimer(signal.ITIMER_PROF, limite)  # processor time; SIGPROF ends the process
        suivant = items[rang + 1] if rang + 1 < len(items) else None
        try:
            rate = ecoute.essayer(item, suivant)
        except BaseException:  # the mutant made pytest itself stumble: seen
            rate = True
        if rate:
            dire(rang)
            return _TUE
    signal.setitimer(signal.ITIMER_PROF, 0)
    return 0


def _issue(code: int | None, test: str, debut: float) -> Issue:
    statuts = {0: "survivant", _TUE: "tue", _MORT_NE: "mort-ne", _FROID: "froid", None: "delai"}
    return Issue(statuts[code], test if code == _TUE else "", round(time.monotonic() - debut, 3))


def a_chaud(
    taches: Sequence[tuple[Mutant, Sequence[str]]],
    durees: Durees,
    rendre: Callable[[Mutant, Issue], None],
    chemins: Sequence[str],
) -> None:
    """Try mutants of functions (with the tests of each) in children of one warm server."""

    def boucle(ecoute: Ecoute, session: pytest.Session) -> None:
        items = {item.nodeid: item for item in session.items}
        greffes, mortels = Greffes(), Counter[str]()
        _controler(ecoute, [items[t] for t in {t: 0 for _, ts in taches for t in ts} if t in items])
        for mutant, tests in taches:
            connus = [t for t in tests if t in items]
            connus.sort(key=lambda t: (-mortels[t], durees.get(t, 1), t))
            choisis = [items[t] for t in connus]

            def geste(dire: Callable[[int], None], m: Mutant = mutant, c: Any = choisis) -> int:
                _se_taire()
                return _derouler(ecoute, c, durees, dire) if greffes.greffer(m) else _FROID

            debut = time.monotonic()
            code, rang = bifurquer(geste)
            issue = _issue(code, connus[rang] if connus else "", debut)
            mortels[issue.test] += 1
            rendre(mutant, issue)

    _dans_un_serveur(lambda: pytest_ici(chemins, Ecoute(boucle)))


def _controler(ecoute: Ecoute, items: list[pytest.Item]) -> None:
    """Every judge passes in such a child when nothing is mutated; otherwise no death means much."""

    def geste(dire: Callable[[int], None]) -> int:
        _se_taire()
        return _derouler(ecoute, items, {}, dire)

    code, rang = bifurquer(geste)
    if code != 0:
        raise RuntimeError(f"{items[rang].nodeid} échoue sans aucune faute : il ne juge rien")


def a_froid(mutant: Mutant, tests: Sequence[str], durees: Durees) -> Issue:
    """Try a mutant of what runs at import, in a process that imports the engine anew."""
    ordonnes = sorted(tests, key=lambda t: (durees.get(t, 1), t))
    fichiers = list(dict.fromkeys(t.split("::")[0] for t in ordonnes))

    def geste(dire: Callable[[int], None]) -> int:
        _se_taire()
        try:
            servir(mutant)
        except MutantMortNeError:
            return _MORT_NE
        codes: list[int] = []

        def boucle(ecoute: Ecoute, session: pytest.Session) -> None:
            items = {item.nodeid: item for item in session.items}
            presents = [items[t] for t in ordonnes if t in items]
            codes.append(_derouler(ecoute, presents, durees, dire))

        pytest_ici(fichiers, Ecoute(boucle))
        return codes[0] if codes else _TUE  # a test module that no longer imports is a failure

    debut = time.monotonic()
    code, rang = bifurquer(geste)
    return _issue(code, ordonnes[rang] if 0 <= rang < len(ordonnes) else "", debut)


def mesurer(fichiers: Sequence[str], tests: Sequence[str]) -> dict[str, Any]:
    """Run each of these tests once, unmutated: how long it takes, and which lines it reaches.

    Keys: `durees` (test -> seconds), `lignes` (file -> line -> tests), `import` (file -> lines that
    run at import), `rates` (tests that fail or are skipped: they judge nothing).
    """
    from coverage import Coverage  # noqa: PLC0415 - only here

    mesure: dict[str, Any] = {"durees": {}, "lignes": {}, "import": {}, "rates": []}
    couverture = Coverage(
        data_file=None, config_file=False, include=[str(RACINE / f) for f in fichiers]
    )

    def boucle(ecoute: Ecoute, session: pytest.Session) -> None:
        for rang, item in enumerate(session.items):
            suivant = session.items[rang + 1] if rang + 1 < len(session.items) else None
            couverture.switch_context(item.nodeid)
            debut = time.monotonic()
            if ecoute.essayer(item, suivant) or ecoute.saute:
                mesure["rates"].append(item.nodeid)
            mesure["durees"][item.nodeid] = round(time.monotonic() - debut, 4)

    couverture.start()
    couverture.switch_context("import")
    pytest_ici(tests, Ecoute(boucle))
    couverture.stop()
    donnees = couverture.get_data()
    for fichier in fichiers:
        contextes = donnees.contexts_by_lineno(str(RACINE / fichier))
        lignes = {n: sorted({*tests} - {"import", ""}) for n, tests in contextes.items()}
        mesure["lignes"][fichier] = lignes
        mesure["import"][fichier] = sorted(n for n, t in contextes.items() if "import" in t)
    return mesure


def _dans_un_serveur(geste: Callable[[], int]) -> None:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            sys.stdout.flush()
            code = int(geste() == pytest.ExitCode.INTERNAL_ERROR)  # pytest prints it, and goes on
        except BaseException as erreur:
            os.write(2, f"\n{type(erreur).__name__}: {erreur}\n".encode())
        finally:
            os._exit(code)
    if os.waitpid(pid, 0)[1] != 0:
        raise RuntimeError("le serveur de mutants s'est arrêté : voir ci-dessus")


def mesurer_dans_un_enfant(fichiers: Sequence[str], tests: Sequence[str], vers: Path) -> None:
    """`mesurer`, in a process of its own, written as JSON."""

    def geste() -> int:
        import json  # noqa: PLC0415

        vers.write_text(json.dumps(mesurer(fichiers, tests)), encoding="utf-8")
        return 0

    _dans_un_serveur(geste)
