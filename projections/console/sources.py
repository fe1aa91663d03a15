"""Where the facts of a page were read: the files, each with a mark, and the row of each fact."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.evenements import Fait


class Sources:
    """The files that some facts come from, in the order met, numbered from 1.

    A digest takes a line of its own: rows show a mark, and the files are told once below.
    `fichiers`: the SHA-256 of their bytes, each with its mark.
    """

    def __init__(self, faits: Iterable[Fait]) -> None:
        lues = (fait.provenance for fait in faits)
        uniques = dict.fromkeys(p.fichier for p in lues if p is not None)
        self.fichiers: dict[str, int] = {nom: rang for rang, nom in enumerate(uniques, start=1)}

    def __bool__(self) -> bool:
        """Whether a fact comes from a file."""
        return bool(self.fichiers)

    def dire(self, fait: Fait) -> str:
        """`[1] feuille Dépôts, ligne 12`; nothing for a fact that no file gave."""
        lue = fait.provenance
        if lue is None:
            return ""
        feuille = "" if lue.feuille is None else f"feuille {lue.feuille}, "
        return f"[{self.fichiers[lue.fichier]}] {feuille}ligne {lue.ligne}"
