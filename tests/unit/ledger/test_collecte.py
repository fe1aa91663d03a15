"""Le ramasse-miettes est suspendu le temps d'un rejeu, et jamais dans un enfant."""

from __future__ import annotations

import gc
import os
import sys
from threading import Event, Thread

import pytest

from ledger.collecte import sans_collecte


def test_le_ramasse_miettes_revient_avec_le_dernier() -> None:
    """Suspendu tant qu'un rejeu dure, repris ensuite, laissé éteint à qui l'avait éteint."""
    with sans_collecte():
        with sans_collecte():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with sans_collecte():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pas de fork")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="fork et fils : avertissement de Python")
def test_un_enfant_d_un_processus_en_plein_rejeu_garde_son_ramasse_miettes() -> None:
    """Le fil qui rejoue n'existe pas dans l'enfant : lui ramasse, et peut rejouer à son tour."""
    entre, fini = Event(), Event()

    def rejouer() -> None:
        with sans_collecte():
            entre.set()
            fini.wait()

    fil = Thread(target=rejouer)
    fil.start()
    entre.wait()
    try:
        enfant = os.fork()
        if not enfant:
            with sans_collecte():
                suspendu = not gc.isenabled()
            os._exit(0 if suspendu and gc.isenabled() else 1)
        assert os.waitpid(enfant, 0)[1] == 0
        assert not gc.isenabled()
    finally:
        fini.set()
        fil.join()
    assert gc.isenabled()
