"""The mutants of a module: one small fault each, made on its syntax tree, in source order.

What is left alone: imports, docstrings, annotations without a call, decorators, class keywords,
`remede=` and every sentence meant for people (an f-string or text of several words, the arguments
of an error beyond its code). A text is mutated when it is a key or a code.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .variantes import CALCULS, NEGATIONS, variantes

EXTRAIT_MAX = 110
_PHRASE = re.compile(r"[^\W\d_]{2,}[^A-Za-z]*\s[^A-Za-z]*[^\W\d_]{2,}")
_ERREUR = re.compile(
    r"(Error|Illisibles?|Inconnue?)$|^(illisible|_incoherentes|echeancier_invalide)$"
)


@dataclass(frozen=True)
class Mutant:
    """One fault. The first five members name it, whatever the line it moves to."""

    fichier: str
    fonction: str
    """Qualified name of the function, or `<module>` for what runs at import."""
    mutation: str
    extrait: str
    """The source around the fault, on one line."""
    rang: int
    """Among the faults that all the above cannot tell apart, from 1."""
    numero: int
    """Among the faults of the file, from 0."""
    lignes: tuple[int, int]
    """The statement that holds the fault."""

    @property
    def cle(self) -> tuple[str, str, str, str, int]:
        """What names it."""
        return (self.fichier, self.fonction, self.mutation, self.extrait, self.rang)

    @property
    def id(self) -> str:
        """Where it is, for people: `file:line:operator:number`."""
        operateur = self.mutation.split()[0]
        return f"{self.fichier}:{self.lignes[0]}:{operateur}:{self.numero}"


class Inventaire:
    """The mutants of one source, and the tree in which one of them is put."""

    def __init__(self, fichier: str, source: str) -> None:
        self.fichier = fichier
        self.arbre = ast.parse(source)
        self.mutants: list[Mutant] = []
        self._gestes: list[Callable[[], None]] = []
        self._lignes = source.encode().splitlines(keepends=True)
        self._portee: list[str] = []
        self._instruction: ast.stmt = self.arbre.body[0]
        self._chemin: list[ast.AST] = []
        self._dans_un_corps = False
        self._bloc(self.arbre.body)
        vus: Counter[tuple[object, ...]] = Counter()
        for numero, mutant in enumerate(self.mutants):
            vus[mutant.cle] += 1
            self.mutants[numero] = replace(mutant, rang=vus[mutant.cle], numero=numero)

    def muter(self, numero: int) -> ast.Module:
        """The tree with that fault (once per inventory)."""
        self._gestes[numero]()
        return ast.fix_missing_locations(self.arbre)

    def _proposer(self, mutation: str, geste: Callable[[], None]) -> None:
        instruction = self._instruction
        corps = getattr(instruction, "body", None) or getattr(instruction, "cases", None)
        fin = instruction.end_lineno or instruction.lineno
        if isinstance(corps, list):  # the header only
            premier = corps[0].pattern if isinstance(corps[0], ast.match_case) else corps[0]
            fin = max(instruction.lineno, premier.lineno - 1)
        self.mutants.append(
            Mutant(
                fichier=self.fichier,
                fonction=".".join(self._portee) if self._dans_un_corps else "<module>",
                mutation=mutation,
                extrait=self._extrait(),
                rang=0,
                numero=0,
                lignes=(instruction.lineno, fin),
            )
        )
        self._gestes.append(geste)

    def _extrait(self) -> str:
        """The largest text around the fault, within its statement, that fits on a line."""
        choisi = ""
        for noeud in [self._instruction, *self._chemin]:
            if isinstance(noeud, ast.JoinedStr) and choisi:
                break
            if getattr(noeud, "lineno", None) is None:
                continue
            texte = self._segment(noeud)
            choisi = texte if not choisi or len(choisi) > EXTRAIT_MAX else choisi
            if len(choisi) <= EXTRAIT_MAX:
                break
        return choisi[:EXTRAIT_MAX]

    def _segment(self, noeud: Any) -> str:
        debut, fin = noeud.lineno - 1, noeud.end_lineno
        corps = getattr(noeud, "body", None) or getattr(noeud, "cases", None)
        if isinstance(noeud, ast.stmt) and isinstance(corps, list):
            fin = debut + 1
            return " ".join(self._lignes[debut].decode().split())
        morceaux = self._lignes[debut:fin]
        morceaux[-1] = morceaux[-1][: noeud.end_col_offset]
        morceaux[0] = morceaux[0][noeud.col_offset :]
        return " ".join(b"".join(morceaux).decode(errors="replace").split())

    def _bloc(self, instructions: list[Any]) -> None:
        for rang, instruction in enumerate(instructions):
            expression = getattr(instruction, "value", None)
            texte = isinstance(instruction, ast.Expr) and isinstance(expression, ast.Constant)
            if texte or isinstance(instruction, ast.Import | ast.ImportFrom):
                continue
            avant, chemin = self._instruction, self._chemin
            self._instruction, self._chemin = instruction, []
            self._visiter_instruction(instruction, instructions, rang)
            self._instruction, self._chemin = avant, chemin

    def _visiter_instruction(self, noeud: ast.stmt, bloc: list[Any], rang: int) -> None:
        def effacer() -> None:
            bloc[rang] = ast.copy_location(ast.Pass(), noeud)

        match noeud:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for defauts in (noeud.args.defaults, noeud.args.kw_defaults):
                    self._liste(defauts)
                dehors, self._dans_un_corps = self._dans_un_corps, True
                self._portee.append(noeud.name)
                self._bloc(noeud.body)
                self._portee.pop()
                self._dans_un_corps = dehors
                return
            case ast.ClassDef():
                self._portee.append(noeud.name)
                self._bloc(noeud.body)
                self._portee.pop()
                return
            case ast.AnnAssign():
                if any(isinstance(n, ast.Call) for n in ast.walk(noeud.annotation)):
                    self._champ(noeud, "annotation")
                if noeud.value is not None:
                    self._champ(noeud, "value")
                return
            case ast.Assign(targets=[ast.Name(id="__slots__" | "__all__")]):
                return
            case ast.Return(value=ast.expr()) if not _est_none(noeud.value):
                self._remplacer("retour None", noeud, "value", ast.Constant(None))
            case ast.Raise() | ast.AugAssign() | ast.Delete() | ast.Expr(value=ast.Call()):
                self._proposer("instruction effacée", effacer)
            case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
                self._proposer("instruction effacée", effacer)
            case ast.Break() | ast.Continue():
                autre = ast.Continue() if isinstance(noeud, ast.Break) else ast.Break()
                self._remplacer_dans(f"saut {type(autre).__name__}", bloc, rang, autre)
            case ast.If() | ast.While():
                self._condition(noeud, infini=isinstance(noeud, ast.While))
            case _:
                pass
        if isinstance(noeud, ast.AugAssign):
            self._calcul(noeud)
        self._enfants(noeud)

    def _enfants(self, noeud: ast.AST) -> None:
        for champ, valeur in ast.iter_fields(noeud):
            if champ in ("body", "orelse", "finalbody") and isinstance(valeur, list):
                self._bloc(valeur)
            elif isinstance(valeur, list):
                self._liste(valeur)
            elif isinstance(valeur, ast.AST):
                self._champ(noeud, champ)

    def _liste(self, noeuds: list[Any]) -> None:
        for rang, noeud in enumerate(noeuds):
            if isinstance(noeud, ast.match_case):
                self._cas(noeud, noeuds, rang)
            elif isinstance(noeud, ast.AST):
                self._expression(noeud, noeuds, rang)

    def _champ(self, parent: ast.AST, champ: str) -> None:
        self._expression(getattr(parent, champ), parent, champ)

    def _cas(self, cas: ast.match_case, tous: list[Any], rang: int) -> None:
        if rang < len(tous) - 1:
            self._chemin = [cas.pattern]
            impossible = ast.Constant(False)
            self._remplacer("cas effacé", cas, "guard", impossible)
        if cas.guard is not None:
            self._chemin = [cas.guard]
            self._remplacer("condition True", cas, "guard", ast.Constant(True))
            self._champ(cas, "guard")
        self._chemin = []
        self._bloc(cas.body)

    def _remplacer(self, mutation: str, parent: Any, champ: str, nouveau: Any) -> None:
        self._proposer(mutation, lambda: setattr(parent, champ, _a_la_place(parent, nouveau)))

    def _remplacer_dans(self, mutation: str, liste: list[Any], rang: int, nouveau: ast.AST) -> None:
        def geste() -> None:
            liste[rang] = ast.copy_location(nouveau, liste[rang])

        self._proposer(mutation, geste)

    def _condition(self, noeud: Any, *, infini: bool = False) -> None:
        if isinstance(noeud.test, ast.Constant):
            return
        for valeur in (False,) if infini else (True, False):
            self._remplacer(f"condition {valeur}", noeud, "test", ast.Constant(valeur))

    def _calcul(self, noeud: ast.BinOp | ast.AugAssign) -> None:
        autre = CALCULS.get(type(noeud.op))
        if autre is not None:
            nom = f"calcul {type(noeud.op).__name__} -> {autre.__name__}"
            self._remplacer(nom, noeud, "op", autre())

    def _expression(self, noeud: Any, parent: Any, place: str | int) -> None:
        def mettre(mutation: str, nouveau: ast.AST) -> None:
            def geste() -> None:
                neuf = ast.copy_location(nouveau, noeud)
                if isinstance(place, int):
                    parent[place] = neuf
                else:
                    setattr(parent, place, neuf)

            self._proposer(mutation, geste)

        self._chemin = [*self._chemin, noeud]
        for mutation, nouveau in variantes(noeud):
            mettre(mutation, nouveau)
        match noeud:
            case ast.Compare():
                for rang, op in enumerate(noeud.ops):
                    for autre in NEGATIONS[type(op)]:
                        nom = f"comparaison {type(op).__name__} -> {autre.__name__}"
                        self._remplacer_dans_ops(nom, noeud.ops, rang, autre())
            case ast.BinOp():
                self._calcul(noeud)
            case ast.IfExp():
                self._condition(noeud)
            case ast.comprehension():
                for rang in range(len(noeud.ifs)):
                    for valeur in (True, False):
                        self._remplacer_dans(
                            f"filtre {valeur}", noeud.ifs, rang, ast.Constant(valeur)
                        )
            case ast.JoinedStr():
                self._gabarit(noeud)
                self._chemin = self._chemin[:-1]
                return
            case ast.Call():
                self._appel(noeud)
                self._chemin = self._chemin[:-1]
                return
            case _:
                pass
        self._enfants(noeud)
        self._chemin = self._chemin[:-1]

    def _remplacer_dans_ops(self, nom: str, ops: list[Any], rang: int, autre: ast.cmpop) -> None:
        def geste() -> None:
            ops[rang] = autre

        self._proposer(nom, geste)

    def _gabarit(self, noeud: ast.JoinedStr) -> None:
        """A template of data: each fixed part changes; a sentence is left alone."""
        parts = [v.value if isinstance(v, ast.Constant) else "0" for v in noeud.values]
        if _PHRASE.search("".join(str(p) for p in parts)):
            return
        for valeur in noeud.values:
            if isinstance(valeur, ast.Constant):
                texte = str(valeur.value)
                self._remplacer(f"code {texte!r}", valeur, "value", f"{texte}x")
            elif isinstance(valeur, ast.FormattedValue):
                self._champ(valeur, "value")

    def _appel(self, noeud: ast.Call) -> None:
        nom = _nom(noeud.func)
        self._champ(noeud, "func")
        arguments: list[Any] = noeud.args
        if nom == "Refus":
            arguments = noeud.args[:1]
        elif _ERREUR.search(nom):
            arguments = []
        for rang in range(len(arguments)):
            self._expression(noeud.args[rang], noeud.args, rang)
        for mot in noeud.keywords:
            if mot.arg == "remede" or (mot.arg == "strict" and nom == "zip"):
                continue
            if mot.arg is not None and nom not in ("Annotated", "ConfigDict"):
                self._proposer(f"argument {mot.arg} effacé", _effacer_mot(noeud, mot))
            self._chemin = [*self._chemin, mot]
            self._champ(mot, "value")
            self._chemin = self._chemin[:-1]


def _effacer_mot(appel: ast.Call, mot: ast.keyword) -> Callable[[], None]:
    return lambda: appel.keywords.remove(mot)


def _a_la_place(parent: Any, nouveau: Any) -> Any:
    return ast.copy_location(nouveau, parent) if isinstance(nouveau, ast.expr) else nouveau


def _est_none(noeud: ast.expr | None) -> bool:
    return isinstance(noeud, ast.Constant) and noeud.value is None


def _nom(fonction: ast.expr) -> str:
    if isinstance(fonction, ast.Attribute):
        return fonction.attr
    return fonction.id if isinstance(fonction, ast.Name) else ""
