"""The mutation bench.

    python -m tests.mutation                    every mutant; exit 1 on an unexplained survivor
    python -m tests.mutation --module soldes    those of the files whose path holds the word
    python -m tests.mutation --echantillon      the fixed sample, all known to be killed
    python -m tests.mutation --fixer            write the sample anew, from the results kept

A run may be stopped and started again: results are kept in `.mutation/` (ignored by git).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tabulate import tabulate

from . import bilan, essais
from .bilan import DOSSIER, ECHANTILLON, FAMILLES, Resultats
from .essais import Durees, Issue
from .greffe import RACINE
from .operateurs import Mutant

LONG = 3
"""A test longer than that (measured, in seconds) judges no mutant."""
BUDGET = 5
"""The shortest tests that reach a mutant, up to that many seconds in all, judge it."""
FICHIERS_D_ABORD = 4
TAILLE_ECHANTILLON = 40


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked; the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.mutation")
    options.add_argument("--module", action="append", help="un mot du chemin des fichiers")
    options.add_argument("--echantillon", action="store_true")
    options.add_argument("--fixer", action="store_true")
    options.add_argument("--budget", type=int, default=BUDGET, help="secondes de tests par mutant")
    options.add_argument("--un-sur", type=int, default=1, help="n'en jouer qu'un sur tant")
    choix = options.parse_args(arguments)
    essais.precharger()
    if choix.echantillon:
        return echantillon()
    fichiers = [
        f
        for modules in FAMILLES.values()
        for f in modules
        if not choix.module or any(mot in f for mot in choix.module)
    ]
    mesure = _mesure()
    resultats = Resultats(mesure["durees"], choix.budget)
    if choix.fixer:
        return fixer(resultats, mesure["durees"])
    jouer(fichiers, mesure, resultats, choix)
    return imprimer(fichiers, Resultats(mesure["durees"], choix.budget), entier=not choix.module)


def _mesure() -> dict[str, Any]:
    """What each test reaches: measured again for the tests that changed, or for all."""
    DOSSIER.mkdir(exist_ok=True)
    fichiers = [f for modules in FAMILLES.values() for f in modules]
    gardee, brute = DOSSIER / "mesure.json", DOSSIER / "brute.json"
    tests, commun = bilan.empreintes_des_tests()
    commun += bilan.empreinte(RACINE / f for f in fichiers)
    lue: dict[str, Any] = {"commun": "", "tests": {}}
    if gardee.exists():
        lue = json.loads(gardee.read_text(encoding="utf-8"))
    if lue["commun"] != commun:
        lue = {"commun": commun, "tests": {}, "durees": {}, "lignes": {}, "import": {}, "rates": []}
    changes = sorted(f for f, digeste in tests.items() if lue["tests"].get(f) != digeste)
    if changes:
        _dire(f"mesure de {len(changes)} fichiers de tests : chaque test est joué une fois…")
        essais.mesurer_dans_un_enfant(fichiers, changes, brute)
        perimes = {*changes, *(lue["tests"].keys() - tests.keys())}
        _fondre(lue, json.loads(brute.read_text(encoding="utf-8")), perimes)
        gardee.write_text(json.dumps(lue | {"tests": tests}), encoding="utf-8")
        brute.unlink()
    return lue


def _fondre(lue: dict[str, Any], neuve: dict[str, Any], perimes: set[str]) -> None:
    """Replace what was known of some test files by what is new."""

    def garde(test: str) -> bool:
        return test.split("::", maxsplit=1)[0] not in perimes

    lue["durees"] = {t: d for t, d in lue["durees"].items() if garde(t)} | neuve["durees"]
    lue["rates"] = [t for t in lue["rates"] if garde(t)] + neuve["rates"]
    for fichier, lignes in neuve["lignes"].items():
        anciennes = lue["lignes"].setdefault(fichier, {})
        for ligne in {*anciennes, *lignes}:
            anciens = [t for t in anciennes.get(ligne, []) if garde(t)]
            anciennes[ligne] = anciens + lignes.get(ligne, [])
    for fichier, lignes in neuve["import"].items():
        lue["import"][fichier] = sorted({*lue["import"].get(fichier, []), *lignes})


def jouer(
    fichiers: list[str], mesure: dict[str, Any], resultats: Resultats, choix: argparse.Namespace
) -> None:
    """Try every mutant of these files that has no valid result yet."""
    budget: int = choix.budget
    durees: Durees = mesure["durees"]
    juges = {t for t, d in durees.items() if d <= LONG} - {*mesure["rates"]}
    longs = sorted(set(durees) - juges - {*mesure["rates"]})
    _dire(
        f"{len(juges)} tests juges ; écartés : {len(mesure['rates'])} sautés ou ratés, "
        f"{len(longs)} de plus de {LONG} s"
    )
    chauds: list[tuple[Mutant, list[str]]] = []
    froids: list[Mutant] = []
    for fichier in fichiers:
        lignes = {int(n): {*tests} & juges for n, tests in mesure["lignes"][fichier].items()}
        for mutant in bilan.mutants(fichier):
            debut, fin = mutant.lignes
            atteints = set[str]().union(*(lignes.get(n, ()) for n in range(debut, fin + 1)))
            saute = mutant.numero % choix.un_sur
            if saute or mutant.cle in resultats.issues:
                continue
            if mutant.fonction == "<module>":
                froids.append(mutant)
            else:
                chauds.append((mutant, _dans_le_budget(atteints, durees, budget)))
    a_l_import = {f: {*lignes} for f, lignes in mesure["import"].items()}
    faits: Counter[str] = Counter()

    def rendre(mutant: Mutant, issue: Issue) -> None:
        debut, fin = mutant.lignes
        importee = bool(a_l_import[mutant.fichier] & {*range(debut, fin + 1)})
        faits[issue.statut] += 1
        if issue.statut == "froid" or (issue.statut == "survivant" and importee):
            with (DOSSIER / "froids.txt").open("a", encoding="utf-8") as suite:
                suite.write(json.dumps(mutant.cle) + "\n")
            return
        resultats.noter(mutant, issue)
        if faits.total() % 100 == 0 or issue.statut == "survivant":
            _dire(
                f"{faits.total()}/{len(chauds)} {issue.statut} {mutant.id} {mutant.mutation} "
                f"| {mutant.extrait} ({issue.secondes:.1f} s)"
            )

    (DOSSIER / "froids.txt").write_text("", encoding="utf-8")
    debut_campagne = time.monotonic()
    if chauds:
        essais.a_chaud(chauds, durees, rendre, essais.tous_les_fichiers())
        _dire(f"{len(chauds)} mutants à chaud en {time.monotonic() - debut_campagne:.0f} s")
    renvoyes = {tuple(json.loads(c)) for c in (DOSSIER / "froids.txt").read_text().splitlines()}
    froids += [mutant for mutant, _ in chauds if mutant.cle in renvoyes]
    for rang, mutant in enumerate(froids):
        propres = {t for t in juges if _est_homonyme(t, mutant.fichier)}
        tests = _des_memes_fichiers(mesure["lignes"][mutant.fichier], juges) - propres
        choisis = [
            *_dans_le_budget(
                propres, durees, budget
            ),  # also a table that no test reaches by a line
            *_dans_le_budget(tests, durees, budget),
        ]
        issue = _a_froid(mutant, choisis, durees)
        resultats.noter(mutant, issue)
        if rang % 50 == 0 or issue.statut == "survivant":
            _dire(
                f"froid {rang + 1}/{len(froids)} {issue.statut} {mutant.id} {mutant.mutation} "
                f"| {mutant.extrait} ({issue.secondes:.1f} s)"
            )


def _des_memes_fichiers(lignes: dict[str, list[str]], juges: set[str]) -> set[str]:
    """The tests of every file of tests that reaches a module: a table is read without a line."""
    fichiers = {t.split("::", maxsplit=1)[0] for tests in lignes.values() for t in tests}
    return {t for t in juges if t.split("::", maxsplit=1)[0] in fichiers} or juges


def _est_homonyme(test: str, fichier: str) -> bool:
    """Whether the file of a test bears the name of the module."""
    return Path(test.split("::", maxsplit=1)[0]).name == f"test_{Path(fichier).name}"


def _dans_le_budget(tests: set[str], durees: Durees, budget: int) -> list[str]:
    """The shortest of these tests, up to that many seconds in all."""
    gardes: list[str] = []
    reste: float = budget
    for test in sorted(tests, key=lambda t: (durees[t], t)):
        reste -= durees[test]
        if reste < 0:
            break
        gardes.append(test)
    return gardes


def _a_froid(mutant: Mutant, tests: list[str], durees: Durees) -> Issue:
    """The tests named after the module first, then the files that reach it most, then all."""
    compte = Counter(t.split("::", maxsplit=1)[0] for t in tests)
    homonymes = {f for f in compte if _est_homonyme(f, mutant.fichier)}
    premiers = {f for f, _ in compte.most_common(FICHIERS_D_ABORD)}
    for fichiers in (homonymes, premiers, {*compte}):
        choisis = [t for t in tests if t.split("::", maxsplit=1)[0] in fichiers]
        issue = essais.a_froid(mutant, choisis, durees) if choisis else Issue("survivant")
        if issue.statut != "survivant":
            break
    return issue


def imprimer(fichiers: list[str], resultats: Resultats, *, entier: bool) -> int:
    """Print the table and what is not explained; the exit code."""
    dresse = bilan.dresser(fichiers, resultats.issues, bilan.explications())
    _dire(tabulate(dresse.lignes, bilan.ENTETES, colalign=("left", "left", *["right"] * 6)))
    for mutant in dresse.inexpliques:
        _dire(f"inexpliqué {mutant.id} [{mutant.fonction}] {mutant.mutation} | {mutant.extrait}")
    for cle in dresse.perimees:
        _dire(f"explication périmée (mutant tué ou disparu) : {cle}")
    return 0 if dresse.bon or not entier else 1


def fixer(resultats: Resultats, durees: Durees) -> int:
    """Choose the sample: killed by a short test, evenly spread over the families."""
    candidats = [
        (mutant, issue.test)
        for modules in FAMILLES.values()
        for module in modules
        for mutant in bilan.mutants(module)
        if (issue := resultats.issues.get(mutant.cle)) is not None
        and issue.statut == "tue"
        and mutant.fonction != "<module>"
        and issue.test.startswith("tests/unit/")
        and durees.get(issue.test, LONG) < 1 / 10
    ]
    choisis = candidats[:: max(len(candidats) // TAILLE_ECHANTILLON, 1)][:TAILLE_ECHANTILLON]
    donnees = [{"mutant": mutant.cle, "test": test} for mutant, test in choisis]
    texte = json.dumps(donnees, ensure_ascii=False, indent=1)
    ECHANTILLON.write_text(texte + "\n", encoding="utf-8")
    return 0


def echantillon() -> int:
    """Every mutant of the sample still dies of the test that killed it; the exit code."""
    voulus = [(tuple(e["mutant"]), e["test"]) for e in json.loads(ECHANTILLON.read_text())]
    presents = {
        mutant.cle: mutant
        for fichier in sorted({cle[0] for cle, _ in voulus})
        if (RACINE / fichier).exists()
        for mutant in bilan.mutants(fichier)
    }
    taches = [(presents[cle], [test]) for cle, test in voulus if cle in presents]
    chemins = sorted(
        {t.split("::")[0] for _, ts in taches for t in ts if Path(t.split("::")[0]).exists()}
    )
    trace = DOSSIER / "echantillon.jsonl"
    DOSSIER.mkdir(exist_ok=True)
    trace.write_text("", encoding="utf-8")

    def rendre(mutant: Mutant, issue: Issue) -> None:
        with trace.open("a", encoding="utf-8") as suite:
            suite.write(json.dumps([mutant.id, issue.statut]) + "\n")

    essais.a_chaud(taches, {}, rendre, chemins)
    vus = [json.loads(ligne) for ligne in trace.read_text(encoding="utf-8").splitlines()]
    vivants = [ident for ident, statut in vus if statut != "tue"]
    _dire(
        f"{len(vus)} mutants joués sur {len(voulus)} ({len(voulus) - len(taches)} disparus du "
        f"source), {len(vus) - len(vivants)} tués"
    )
    for ident in vivants:
        _dire(f"survivant : {ident}")
    return 1 if vivants or 4 * len(taches) < 3 * len(voulus) else 0


def _dire(texte: str) -> None:
    sys.stdout.write(texte + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
