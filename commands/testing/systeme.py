"""The system under test: what a test author adapts, in one class of one to three methods.

    class MonService(Systeme):
        def executer(self, commande):
            return self.client.post("/commandes", json=commande).json()

The engine itself is adapted by `Moteur`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ledger import UsageError
from ledger.testing.valeurs import Json

from ..execution import GrandLivre
from .reference import Reference

Lecteur = Callable[..., Any]
"""`lire` of a `Systeme`: see there."""


class Systeme(Protocol):
    """Any ledger of grants, seen from outside. Inherit from it and write `executer` at least."""

    def executer(self, commande: Json) -> Json:
        """Send one raw command (the JSON object of `fabriques executer`).

        Answers `statut` (`acceptee`, `deja_executee`, `refusee`), `code` (of the refusal, else
        None) and `positions`; other members are ignored.
        """
        ...

    def lire(
        self,
        chiffre: str,
        *,
        programme: str,
        structure: str | None = None,
        au: str | None = None,
        connu_au: int | None = None,
    ) -> Any:
        """One figure as its public JSON, amounts in cents.

        `chiffre` is `enveloppe`, `credits`, `structures` or `echeancier` (of `structure`); `au` an
        effect date, included; `connu_au` a position.
        """
        raise NotImplementedError(f"{chiffre} : à écrire, ou à ôter de Epreuve.chiffres")

    def redemarrer(self) -> None:
        """Stop and start again: what was acknowledged must still be there. Nothing by default."""
        return

    def fermer(self) -> None:
        """Let everything go; called once. Nothing by default."""
        return


class Moteur(Systeme):
    """This engine as a system under test.

    `lecteur` reads figures of its store: `projections.testing.lecteur(livre.store)`.
    """

    def __init__(self, livre: GrandLivre, *, lecteur: Lecteur | None = None) -> None:
        self.livre = livre
        self._lecteur = lecteur

    def executer(self, commande: Json) -> Json:
        """Execute one command; answers its receipt."""
        return self.livre.executer(commande).en_json()

    def lire(self, chiffre: str, **demande: Any) -> Any:
        """One figure, by the reader that was given."""
        if self._lecteur is None:
            raise UsageError(
                f"{chiffre} ne peut pas être lu.",
                remede="Donner lecteur=, ou Epreuve(chiffres=()).",
            )
        return self._lecteur(chiffre, **demande)

    def fermer(self) -> None:
        """Close the ledger."""
        self.livre.fermer()


class Modele(Systeme):
    """The reference model as a system under test: what a correct one answers."""

    def __init__(self) -> None:
        self.reference = Reference()

    def executer(self, commande: Json) -> Json:
        """Answer one command."""
        return self.reference.executer(commande)

    def lire(
        self,
        chiffre: str,
        *,
        programme: str,
        structure: str | None = None,
        au: str | None = None,
        connu_au: int | None = None,
    ) -> Any:
        """One figure."""
        if structure is not None:
            return self.reference.echeancier(programme, structure, au, connu_au)
        return getattr(self.reference, chiffre)(programme, au, connu_au)

    def redemarrer(self) -> None:
        """It keeps everything in memory, and has nothing to lose."""

    def fermer(self) -> None:
        """Nothing to let go."""
