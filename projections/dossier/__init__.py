"""The evidence pack: a zip that proves figures without this engine, and says how to check it."""

from .composition import composer, nom_du_dossier
from .pieces import Pieces, ReleveJoint, joindre

__all__ = ["Pieces", "ReleveJoint", "composer", "joindre", "nom_du_dossier"]
