"""Every module of ours, loaded: what a seeded draw of Hypothesis depends on, besides its seed.

Hypothesis mixes the constants of the local modules loaded so far into what it draws (ADR 0041).
A test that draws from a seed loads them all first: alone or in a whole run, it draws the same.
"""

from __future__ import annotations

import pkgutil
from contextlib import suppress
from functools import cache
from importlib import import_module

PAQUETS = ("ledger", "commands", "projections", "docs.guides.exemples")


@cache
def charger() -> None:
    """Load them, those left out whose optional dependency is not installed."""
    for paquet in PAQUETS:
        racine = import_module(paquet)
        for module in pkgutil.walk_packages(racine.__path__, f"{paquet}."):
            if not module.name.endswith("__main__"):
                with suppress(ImportError):
                    import_module(module.name)
