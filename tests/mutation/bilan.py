"""What is known of mutants: results kept between runs, survivors explained, the table of scores."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from . import essais
from .essais import Issue
from .greffe import RACINE
from .operateurs import Inventaire, Mutant

ICI = Path(__file__).parent
DOSSIER = RACINE / ".mutation"
SURVIVANTS = ICI / "survivants.toml"
ECHANTILLON = ICI / "echantillon.json"

Cle = tuple[str, str, str, str, int]

_MODULES = {
    "decide": (
        "commands/decider.py",
        "commands/controles.py",
        "commands/idempotence.py",
        "commands/modele.py",
        "commands/refus.py",
        "commands/verbes/*.py",
    ),
    "evolve": ("ledger/programme.py", "ledger/soldes.py", "ledger/budget.py"),
    "regles": (
        "ledger/regles.py",
        "ledger/montants.py",
        "ledger/temps.py",
        "ledger/horloge.py",
        "ledger/champs.py",
        "ledger/fonctions.py",
        "ledger/provenance.py",
    ),
    "preuve": ("ledger/preuve/*.py",),
    "projections": ("projections/*.py",),
    "simulation": ("commands/hypotheses.py", "commands/simulation.py", "commands/restitution.py"),
    "rapprochement": tuple(
        f"projections/rapprochement/{nom}.py"
        for nom in ("bilan", "demandes", "livre", "moteur", "restes")
    ),
    "publications": tuple(
        f"projections/exports/{nom}.py"
        for nom in ("attributions", "comptes", "fec", "fec_comptes", "scdl_regles")
    ),
}
"""What holds a rule or a figure; the words, pages and files made of them are not here."""
FAMILLES: dict[str, tuple[str, ...]] = {
    famille: tuple(
        str(p.relative_to(RACINE)) for motif in motifs for p in sorted(RACINE.glob(motif))
    )
    for famille, motifs in _MODULES.items()
}


def mutants(fichier: str) -> list[Mutant]:
    """The mutants of a file, in source order."""
    return Inventaire(fichier, (RACINE / fichier).read_text(encoding="utf-8")).mutants


def explications() -> dict[Cle, str]:
    """The survivors that were judged harmless: which one, and why."""
    entrees = tomllib.loads(SURVIVANTS.read_text(encoding="utf-8")).get("survivant", [])
    return {
        (e["fichier"], e["fonction"], e["mutation"], e["extrait"], e.get("rang", 1)): e["raison"]
        for e in entrees
    }


def empreinte(chemins: Iterable[Path]) -> str:
    """One digest of the contents of files: the same wherever the tree was cloned."""
    condense = sha256()
    for chemin in sorted(chemins):
        nom = chemin.relative_to(RACINE).as_posix()
        condense.update(f"{nom}\0".encode() + chemin.read_bytes() + b"\0")
    return condense.hexdigest()


def empreintes_des_tests() -> tuple[dict[str, str], str]:
    """The digest of each file of tests that judges, and that of all they share."""
    modules = [p for p in (RACINE / "tests").rglob("*.py") if ICI not in p.parents]
    juges = [
        p
        for p in modules
        if p.name.startswith("test_") and p.relative_to(RACINE).parts[1] in essais.DOSSIERS
    ]
    communs = (p for p in modules if not p.name.startswith("test_"))
    return {str(p.relative_to(RACINE)): empreinte([p]) for p in juges}, empreinte(communs)


class Resultats:
    """Results in a JSON lines file, so that a run goes on where it stopped.

    A death stays true as long as the module and the test that saw it are there; a survival is true
    for the very tests that let it pass.
    """

    def __init__(self, tests_connus: Iterable[str], budget: int) -> None:
        self._chemin = DOSSIER / "resultats.jsonl"
        self._tests = sha256(str(empreintes_des_tests()).encode()).hexdigest()
        self._budget = budget
        self._connus = frozenset(tests_connus)
        self._sources: dict[str, str] = {}
        self.issues: dict[Cle, Issue] = {}
        if self._chemin.exists():
            for ligne in self._chemin.read_text(encoding="utf-8").splitlines():
                self._relire(json.loads(ligne))

    def _relire(self, lu: Mapping[str, Any]) -> None:
        cle, issue = tuple(lu["cle"]), Issue(**lu["issue"])
        if lu["source"] != self._source(cle[0]):
            return
        tue = issue.statut == "tue" and issue.test in self._connus
        if tue or (lu["tests"] == self._tests and lu["budget"] >= self._budget):
            self.issues[cle] = issue
        else:
            self.issues.pop(cle, None)

    def _source(self, fichier: str) -> str:
        if fichier not in self._sources:
            chemin = RACINE / fichier
            operateurs = (ICI / "operateurs.py", ICI / "variantes.py")
            lus = [chemin, *operateurs] if chemin.exists() else []
            self._sources[fichier] = empreinte(lus)
        return self._sources[fichier]

    def noter(self, mutant: Mutant, issue: Issue) -> None:
        """Keep one result (called in any process of the run: one short append)."""
        ligne = {
            "id": mutant.id,
            "cle": mutant.cle,
            "source": self._source(mutant.fichier),
            "tests": self._tests,
            "budget": self._budget,
            "issue": asdict(issue),
        }
        with self._chemin.open("a", encoding="utf-8") as fichier:
            fichier.write(json.dumps(ligne, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class Bilan:
    """What is to be printed, and whether a whole run is good."""

    lignes: tuple[tuple[str, ...], ...]
    inexpliques: tuple[Mutant, ...]
    perimees: tuple[Cle, ...]
    """Explanations of no mutant, or of one that dies."""
    bon: bool


ENTETES = ("famille", "module", "mutants", "tués", "expliqués", "inexpliqués", "non joués", "score")


def dresser(
    fichiers: Sequence[str], issues: Mapping[Cle, Issue], raisons: Mapping[Cle, str]
) -> Bilan:
    """The table by module and family; the score is what died over what ran."""
    perimees = {cle for cle in raisons if cle[0] in fichiers}
    lignes: list[tuple[str, ...]] = []
    inexpliques: list[Mutant] = []
    entier = True
    for famille, modules in FAMILLES.items():
        total: Counter[str] = Counter()
        details: list[tuple[str, ...]] = []
        for module in modules:
            compte: Counter[str] = Counter()
            for mutant in mutants(module) if module in fichiers else ():
                issue = issues.get(mutant.cle)
                sort = _sort(issue, expliquee=mutant.cle in raisons)
                if sort == "mort-né":
                    continue
                compte[sort] += 1
                if sort in ("expliqués", "non joués"):
                    perimees.discard(mutant.cle)
                if sort == "inexpliqués":
                    inexpliques.append(mutant)
            total += compte
            if compte:
                details.append(("", module, *_chiffres(compte)))
        if total:
            lignes += [*details, (famille, "ensemble", *_chiffres(total))]
            entier &= not total["non joués"]
    bon = entier and not inexpliques and not perimees
    return Bilan(tuple(lignes), tuple(inexpliques), tuple(sorted(perimees)), bon)


def _sort(issue: Issue | None, *, expliquee: bool) -> str:
    match issue:
        case None:
            return "non joués"
        case Issue(statut="mort-ne"):
            return "mort-né"
        case Issue(statut="survivant"):
            return "expliqués" if expliquee else "inexpliqués"
        case _:
            return "tués"


def _chiffres(compte: Counter[str]) -> tuple[str, ...]:
    joues = compte.total() - compte["non joués"]
    score = f"{compte['tués'] * 1000 // joues / 10:.1f} %" if joues else "-"
    colonnes = ("tués", "expliqués", "inexpliqués", "non joués")
    return (str(compte.total()), *(str(compte[c]) for c in colonnes), score.replace(".", ","))
