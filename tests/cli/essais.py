"""Un appel de chaque verbe, pris de l'application : un verbe nouveau est essayé sans rien ajouter.

Un verbe sans argument obligatoire est appelé nu. Les autres disent ici de quoi ; celui qui manque
fait échouer `tous_les_essais`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click

from commands.cli.application import application

SIMPLE = ("--methode", "simple", "--nombre", "3", "--population", "labels", "--alea", "a")
STRATES = ("--methode", "stratifie", "--strate", "territoire", "--nombre", "3", "--alea", "a b")
SANS_RAPPORT = {"console", "explorer", "preparer-base", "schemas"}
"""What serves pages, writes a folder, SQL or schemas."""
APPELS: dict[str, tuple[tuple[str, ...], ...]] = {
    "demo": (("--base", "NEUVE", "--au", "2020-02-10"),),
    "executer": (("COMMANDES", "--a-blanc", "--format", "table"),),
    "importer": (
        (
            "candidatures",
            "TABLEAU",
            "--toutes",
            "--format",
            "table",
            "--date-effet",
            "2020-02-03",
            "--territoire",
            "qpv",
            "--numerique",
            "non",
        ),
    ),
    "enveloppe": ((),),
    "echeancier": (("STRUCTURE",),),
    "expliquer": (("enveloppe.disponible",), ("structures.STRUCTURE.paye",), ("labels.qpv",)),
    "comparer": (("1", "FIN"), ("RAPPORT", "FIN", "--cellule", "enveloppe.*")),
    "fonctions": ((), ("--ecarts",)),
    "sonder": (SIMPLE, STRATES),
    "simuler": (("SCENARIO",), ("SCENARIO", "--complet")),
    "journal": (("--format", "table"),),
    "verifier": ((), ("--releve", "1 RACINE")),
    "releve": ((), ("--carte",)),
    "reprendre": (("--base", "RECULEE", "--releves", "RELEVES", "--motif", "essai", "--a-blanc"),),
    "reproduire": (("RAPPORT",),),
    "dossier": (("-o", "SORTIE.zip"),),
    "rapprocher": (("CHORUS",),),
    "exporter": (("jsonl",),),
    "migrer": (("BASE", "NEUVE", "--a-blanc"),),
    "sauvegarder": (("-o", "SORTIE.db"),),
    "lecture": (("-o", "LECTURE"),),
    "rejouer": (("--lecture", "LECTURE"),),
}
_SANS_BASE = {"demo", "doctor", "migrer", "reprendre"}


class Essai(NamedTuple):
    """One call of one verb, its words still to be replaced."""

    verbe: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.verbe, *self.arguments))

    def mots(self, base: Path, valeurs: dict[str, str]) -> list[str]:
        """The words of the command line."""
        mots = [self.verbe]
        for argument in self.arguments:
            for nom, valeur in {"BASE": str(base), **valeurs}.items():
                argument = argument.replace(nom, valeur)
            mots.append(argument)
        return mots if self.verbe in _SANS_BASE else [*mots, "--base", str(base)]


def verbes() -> dict[str, click.Command]:
    """The verbs that report on something."""
    return {n: c for n, c in application.commands.items() if n not in SANS_RAPPORT}


def tous_les_essais() -> list[Essai]:
    """Every call of every verb."""
    essais = []
    for nom, verbe in verbes().items():
        if nom not in APPELS:
            obligatoires = [p.name for p in verbe.params if p.required]
            assert not obligatoires, f"{nom} : dire dans APPELS comment l'essayer ({obligatoires})"
        essais += [Essai(nom, arguments) for arguments in APPELS.get(nom, ((),))]
    return essais


def formats(verbe: click.Command) -> tuple[str, ...]:
    """The formats of a verb, as its option declares them."""
    for parametre in verbe.params:
        if parametre.name == "format_demande":
            assert isinstance(parametre.type, click.Choice)
            return tuple(parametre.type.choices)
    return ()
