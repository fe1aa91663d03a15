"""The read model: the same figures in one SQLite file, for whoever asks with SQL.

    with Lecture("fabriques-lecture.db") as lecture:
        bilan = lecture.rafraichir(store)
        lecture.chercher("cœur d'Aix")

One file holds every programme of a base (column `programme` of each table). Tables: `schema`;
views: `vues`. Refreshing costs what is new; a rebuild gives the same rows.
"""

from .derive import Comparaison, Derive, Etendue
from .fichier import A_REMPLIR, ReadModelDivergedError, ReadModelOutdatedError
from .modele import Bilan, Lecture, Trouvaille

__all__ = [
    "A_REMPLIR",
    "Bilan",
    "Comparaison",
    "Derive",
    "Etendue",
    "Lecture",
    "ReadModelDivergedError",
    "ReadModelOutdatedError",
    "Trouvaille",
]
