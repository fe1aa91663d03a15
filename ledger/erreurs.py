"""Errors: a broken store, a broken chain or a misuse. Raised, never returned.

A *refusal* (the business says no) is a value of `commands.refus`; a *finding* (the audit saw
something) is a value of `ledger.audit.constats`. The three are never mixed.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of every error raised by the ledger.

    Attributes:
        code: stable ASCII code, part of the public contract.
        message: French sentence with identity and figures.
        remede: French sentence that says what to do next.
    """

    code = "erreur"

    def __init__(self, message: str, *, remede: str = "") -> None:
        super().__init__(f"{message} {remede}".strip())
        self.message = message
        self.remede = remede


class UsageError(LedgerError):
    """The caller asked for something that has no meaning (unknown programme, bad date...)."""

    code = "usage"


class StoreError(LedgerError):
    """The store cannot be used. What was being written is there whole, or not at all: sending the
    same command again tells, and never executes it twice."""

    code = "base_inutilisable"


class StoreMissingError(StoreError):
    """There is no base at that place."""

    code = "base_absente"


class StoreForeignError(StoreError):
    """The file is not a ledger base: not SQLite, damaged, or another application's."""

    code = "base_etrangere"


class StoreCorruptError(StoreError):
    """The file is damaged: truncated, or a page does not read."""

    code = "base_endommagee"


class StoreReadOnlyError(StoreError):
    """The base cannot be written: permissions, or a read-only opening."""

    code = "base_en_lecture_seule"


class StoreBusyError(StoreError):
    """Another process kept the base locked longer than the allowed wait."""

    code = "base_verrouillee"


class StoreFullError(StoreError):
    """No room is left on the disk (or the file reached its allowed size)."""

    code = "disque_plein"


class StoreClosedError(StoreError):
    """The base was closed by its owner."""

    code = "base_fermee"


class StoreForkedError(StoreError):
    """The base was opened by another process: connections do not survive a fork."""

    code = "base_apres_fork"


class StoreUnsafeError(StoreError):
    """What the ledger relies on could not be obtained: a durability setting, a session of its own,
    a schema without triggers of others."""

    code = "base_non_durable"


class StoreUnreachableError(StoreError):
    """The server of the base does not answer, or the connection was lost."""

    code = "base_injoignable"


class StoreAccessError(StoreError):
    """The server of the base refuses this account: unknown, wrong password, missing right."""

    code = "acces_refuse"


class StoreUncertainError(StoreError):
    """The server kept the command, and did not get the confirmation of its standby."""

    code = "replication_non_confirmee"


class MoveRefusedError(StoreError):
    """A base is not copied there: the target holds something else, or the copy is not faithful."""

    code = "deplacement_refuse"


class StoreRolledBackError(StoreError):
    """The journal no longer holds what a checkpoint kept outside the base says it held."""

    code = "base_reculee"


class StoreReplacedError(StoreError):
    """The file at that place is no longer the one that was opened: moved, deleted, put back.

    Nothing is acknowledged any more; a command that was being written may, or may not, be in the
    file that was opened. Close the handle, and confront the receipts with the base found there.
    """

    code = "base_remplacee"


class CursorDivergedError(StoreError):
    """The journal no longer holds, at its position, the line that a cursor names."""

    code = "curseur_divergent"


class CursorUnreadableError(UsageError):
    """A text is not a cursor, or not one of this programme."""

    code = "curseur_illisible"


class ReleveUnreadableError(UsageError):
    """A checkpoint, receipt, proof or public key cannot be read."""

    code = "releve_illisible"


class KeyUnusableError(UsageError):
    """A signing key is absent, locked, readable by others, or not an Ed25519 key."""

    code = "cle_inutilisable"


class ChainBrokenError(LedgerError):
    """A stored line does not follow from the one before it: the journal was altered."""

    code = "chaine_rompue"

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(
            message, remede="Ne rien écrire de plus ; lancer `fabriques verifier` sur une copie."
        )
        self.position = position


class UnreadableFactError(ChainBrokenError):
    """A stored line is not a fact of this ledger (unknown type, wrong member, float...)."""

    code = "fait_illisible"


class ImpossibleHistoryError(LedgerError):
    """A fact cannot follow from those before it (a payment without a label...)."""

    code = "histoire_impossible"

    def __init__(self, message: str) -> None:
        super().__init__(message, remede="Lancer `fabriques verifier`.")


class UnrecordableFactError(LedgerError):
    """What would be written could not be read back: nothing is written."""

    code = "fait_non_inscriptible"


class VersionConflictError(LedgerError):
    """Another writer took the next position first; catch up and decide again."""

    code = "conflit_de_version"
