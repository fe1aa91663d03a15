"""Click in French: its own messages, translated while `main` runs and restored afterwards.

Click sends every message through gettext functions that each of its modules binds at import.
Replacing those bindings needs neither a compiled catalogue nor a locale of the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

MESSAGES: dict[str, str] = {
    # help (click adds a colon to a heading: French puts a space before it)
    "Usage:": "Utilisation :",
    "Options": "Options ",
    "Commands": "Verbes ",
    "Positional arguments": "Arguments ",
    "Show this message and exit.": "Affiche cette aide et quitte.",
    "Show the version and exit.": "Affiche la version et quitte.",
    "default: {default}": "par défaut : {default}",
    "env var: {var}": "variable d'environnement : {var}",
    "required": "obligatoire",
    "(dynamic)": "(calculé)",
    "deprecated": "obsolète",
    # errors
    "Error: {message}": "Erreur : {message}",
    "Aborted!": "Interrompu.",
    "Try '{command} {option}' for help.": "Aide : {command} {option}",
    "Missing command.": "Il manque un verbe.",
    "Missing argument": "Il manque l'argument",
    "Missing option": "Il manque l'option",
    "Missing parameter": "Il manque le paramètre",
    "Missing {param_type}": "Il manque {param_type}",
    "Missing parameter: {param_name}": "Il manque le paramètre {param_name}",
    "Invalid value: {message}": "Valeur refusée : {message}",
    "Invalid value for {param_hint}: {message}": "Valeur refusée pour {param_hint} : {message}",
    "No such option {name!r}.": "L'option {name!r} n'existe pas.",
    "No such option: {name}": "L'option {name} n'existe pas.",
    "No such command {name!r}.": "Le verbe {name!r} n'existe pas.",
    "Option {name!r} does not take a value.": "L'option {name!r} ne prend pas de valeur.",
    "Argument {name!r} takes {nargs} values.": "L'argument {name!r} prend {nargs} valeurs.",
    "Choose from:\n\t{choices}": "À choisir parmi :\n\t{choices}",
    "{value!r} is not a valid {number_type}.": "{value!r} n'est pas un nombre valable.",
    "{value} is not in the range {range}.": "{value} est hors de l'intervalle {range}.",
    "{value!r} is not a valid boolean. Recognized values: {states}": (
        "{value!r} n'est ni vrai ni faux. Valeurs reconnues : {states}"
    ),
    "Could not open file {filename!r}: {message}": (
        "Le fichier {filename!r} ne s'ouvre pas : {message}"
    ),
    "unknown error": "erreur inconnue",
    "file": "fichier",
    "directory": "dossier",
    "path": "chemin",
    "{name} {filename!r} does not exist.": "{name} {filename!r} n'existe pas.",
    "{name} {filename!r} is a file.": "{name} {filename!r} est un fichier.",
    "{name} {filename!r} is a directory.": "{name} {filename!r} est un dossier.",
    "{name} {filename!r} is not readable.": "{name} {filename!r} ne peut pas être lu.",
    "{name} {filename!r} is not writable.": "{name} {filename!r} ne peut pas être écrit.",
    # completion
    "Shell completion is not supported for Bash versions older than 4.4.": (
        "La complétion demande Bash 4.4 ou plus récent."
    ),
    "Couldn't detect Bash version, shell completion is not supported.": (
        "La version de Bash est introuvable : pas de complétion."
    ),
}
"""English message of click -> French. A message missing here stays in English."""

PLURIELS: dict[str, tuple[str, str]] = {
    "Did you mean {possibility}?": (
        "Vouliez-vous dire {possibility} ?",
        "Vouliez-vous dire l'un de : {possibilities} ?",
    ),
    "Got unexpected extra argument ({args})": (
        "Argument en trop : {args}",
        "Arguments en trop : {args}",
    ),
    "Option {name!r} requires an argument.": (
        "L'option {name!r} demande une valeur.",
        "L'option {name!r} demande {nargs} valeurs.",
    ),
    "Takes {nargs} values but 1 was given.": (
        "{nargs} valeurs attendues, une seule donnée.",
        "{nargs} valeurs attendues, {len} données.",
    ),
    "{value!r} is not {choice}.": (
        "{value!r} n'est pas {choice}.",
        "{value!r} n'est pas l'un de {choices}.",
    ),
}
"""English singular -> (French singular, French plural)."""


def traduire(message: str) -> str:
    """The French of a message of click, or the message itself."""
    return MESSAGES.get(message, message)


def traduire_pluriel(singulier: str, pluriel: str, nombre: int) -> str:
    """The French of a message that has two forms (in French, zero is singular)."""
    formes = PLURIELS.get(singulier, (singulier, pluriel))
    return formes[0] if nombre <= 1 else formes[1]


@contextmanager
def en_francais() -> Iterator[None]:
    """Click speaks French inside, and what it spoke before afterwards."""
    anciens: list[tuple[object, str, object]] = []
    remplacements = {"_": traduire, "ngettext": traduire_pluriel}
    for nom, module in list(sys.modules.items()):
        if nom == "click" or nom.startswith("click."):
            for attribut, fonction in remplacements.items():
                if hasattr(module, attribut):
                    anciens.append((module, attribut, getattr(module, attribut)))
                    setattr(module, attribut, fonction)
    try:
        yield
    finally:
        for module_, attribut, ancien in anciens:
            setattr(module_, attribut, ancien)
