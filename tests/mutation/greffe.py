"""Put a fault in the running engine: swap the code of its functions, or serve its module mutated.

Swapping costs nothing and serves faults inside functions, whoever imported them and under any name.
A fault in what runs at import (constants, tables, models, defaults) needs a fresh import.
"""

from __future__ import annotations

import ast
import gc
import importlib
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from .operateurs import Inventaire, Mutant

RACINE = Path(__file__).resolve().parents[2]


class MutantMortNeError(Exception):
    """The mutated module cannot even be imported: no test is needed to see it."""


def arbre_mute(mutant: Mutant) -> ast.Module:
    """The syntax tree of the module with the fault."""
    source = (RACINE / mutant.fichier).read_text(encoding="utf-8")
    inventaire = Inventaire(mutant.fichier, source)
    if inventaire.mutants[mutant.numero] != mutant:
        raise ValueError(f"{mutant.fichier} a changé pendant la campagne")
    return inventaire.muter(mutant.numero)


class Greffes:
    """The live functions of the engine, by file."""

    def __init__(self) -> None:
        self._par_fichier: dict[str, list[FunctionType]] = defaultdict(list)
        for objet in gc.get_objects():
            if type(objet) is FunctionType:
                self._par_fichier[objet.__code__.co_filename].append(objet)

    def greffer(self, mutant: Mutant) -> bool:
        """Swap the code of the functions of the mutated module; False when none holds the fault."""
        chemin = str(RACINE / mutant.fichier)
        neufs: dict[tuple[str, int], CodeType | None] = {}
        for code in _codes(compile(arbre_mute(mutant), chemin, "exec", dont_inherit=True)):
            cle = (code.co_qualname, code.co_firstlineno)
            neufs[cle] = None if cle in neufs else code  # two lambdas of one line: left alone
        touchee = False
        for fonction in self._par_fichier[chemin]:
            ancien = fonction.__code__
            neuf = neufs.get((ancien.co_qualname, ancien.co_firstlineno))
            if neuf is None or neuf == ancien:
                continue
            if neuf.co_freevars != ancien.co_freevars:
                return False
            fonction.__code__ = neuf
            nom = ancien.co_qualname.replace(".<locals>", "")
            touchee |= f"{mutant.fonction}.".startswith(f"{nom}.")
        return touchee


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constante in code.co_consts:
        if isinstance(constante, CodeType):
            yield constante
            yield from _codes(constante)


class _Loader(InspectLoader):
    def __init__(self, mutant: Mutant, paquet: bool) -> None:
        self._mutant, self._paquet = mutant, paquet

    def is_package(self, fullname: str) -> bool:
        return self._paquet

    def get_source(self, fullname: str) -> None:
        return None

    def get_code(self, fullname: str) -> CodeType:
        chemin = str(RACINE / self._mutant.fichier)
        return compile(arbre_mute(self._mutant), chemin, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(RACINE / self._mutant.fichier)
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102 - the point of it all


class _Finder(MetaPathFinder):
    def __init__(self, nom: str, mutant: Mutant) -> None:
        self._nom, self._mutant = nom, mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._nom:
            return None
        paquet = self._mutant.fichier.endswith("__init__.py")
        return spec_from_loader(fullname, _Loader(self._mutant, paquet), is_package=paquet)


def servir(mutant: Mutant) -> None:
    """Make the next import of the module give the mutated one, and import it."""
    nom = mutant.fichier.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if nom in sys.modules:
        raise ValueError(f"{nom} est déjà importé")
    sys.meta_path.insert(0, _Finder(nom, mutant))
    try:
        importlib.import_module(nom)
    except Exception as erreur:
        raise MutantMortNeError(str(erreur)) from erreur
