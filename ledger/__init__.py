"""The floor: facts and proofs. Enough by itself to open, replay and verify a ledger.

from ledger import Journal, SQLiteStore
store = SQLiteStore("fabriques.db", ecriture=False)
for position, fait in Journal(store, "fabriques-de-territoire").rattraper():
    ...
"""

from .erreurs import ChainBrokenError, LedgerError, StoreError, UsageError, VersionConflictError
from .evenements import Acteur, Fait
from .journal import Journal
from .programme import Programme, evolve
from .registre import TYPES
from .regles import Regles
from .stockage.memoire import MemoryStore
from .stockage.ouvrir import ouvrir_magasin
from .stockage.port import Store
from .stockage.sqlite import SQLiteStore

__all__ = [
    "TYPES",
    "Acteur",
    "ChainBrokenError",
    "Fait",
    "Journal",
    "LedgerError",
    "MemoryStore",
    "Programme",
    "Regles",
    "SQLiteStore",
    "Store",
    "StoreError",
    "UsageError",
    "VersionConflictError",
    "evolve",
    "ouvrir_magasin",
]
