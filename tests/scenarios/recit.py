"""Les récits d'ici parlent à notre moteur, en mémoire."""

from __future__ import annotations

from typing import Any

from commands import GrandLivre
from commands.testing import Moteur
from commands.testing.recit import Recit
from ledger import MemoryStore
from ledger.testing import Horloge
from projections.testing import lecteur


def recit(**regles: Any) -> Recit:
    """A story told to a new engine."""
    livre = GrandLivre(MemoryStore(), clock=Horloge())
    return Recit(Moteur(livre, lecteur=lecteur(livre.store)), **regles)
