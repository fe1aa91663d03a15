"""The cycle collector, left alone while a long replay or batch fills memory with what it keeps.

Neither makes a cycle: the collector would walk again and again over what is there to stay, for a
quarter of the time of a replay (measured). What is not kept is freed as ever, by its last
reference.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_verrou = Lock()
_presents = 0
_allumee = False


@contextmanager
def sans_collecte() -> Iterator[None]:
    """No collection until the last of those who ask for it is done; then as it was before."""
    global _presents, _allumee  # noqa: PLW0603 - the collector too is one for the process
    with _verrou:
        _presents += 1
        if _presents == 1:
            _allumee = gc.isenabled()
            gc.disable()
    try:
        yield
    finally:
        with _verrou:
            _presents = max(_presents - 1, 0)  # 0: a child of a fork that was inside
            if not _presents and _allumee:
                gc.enable()


def _dans_un_enfant() -> None:
    """Those who asked are threads of the parent, and one of them may hold the lock."""
    global _verrou, _presents
    if _presents and _allumee:
        gc.enable()
    _verrou, _presents = Lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_dans_un_enfant)
