"""Histories: commands drawn one by one for the state they find, and every receipt.

Three kinds. `histoires()` gives a programme in memory with its commands and receipts, refusals
included. `histoires_valides()` gives commands that are all accepted, in order.
`histoires_adverses()` gives spoilt ones: sent twice, late, out of order, one cent too much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec import to_builtins

from ledger import Fait, Journal, MemoryStore, Store
from ledger.testing.horloge import Horloge, HorlogeDonnee
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN, Json

from ..execution import GrandLivre
from ..modele import Commande, en_donnees
from ..recus import Recu
from .contexte import PROGRAMME, STRUCTURES, Contexte
from .strategies import amorces, commandes, ouvertures


def en_lignes(envoyees: Iterable[Json | Commande]) -> str:
    """Commands, typed or raw, as `fabriques executer` reads them: one JSON object a line."""
    return "".join(f"{json.dumps(_brute(c), ensure_ascii=False)}\n" for c in envoyees)


def _brute(commande: Json | Commande) -> Json:
    if isinstance(commande, Commande):
        brute: Json = to_builtins(commande.contenu(), enc_hook=en_donnees)
        return brute
    return commande


class Suite(list[Json]):
    """Commands in order; a failing example shows them as `fabriques executer` reads them."""

    def __repr__(self) -> str:
        """One JSON object a line."""
        return f"Suite:\n{en_lignes(self)}"


@dataclass(repr=False)
class Histoire:
    """A programme in memory, every command sent to it and every receipt, refusals included."""

    horloge: Horloge = field(default_factory=Horloge)
    programme: str = PROGRAMME
    structures: tuple[str, ...] = STRUCTURES
    commandes: list[Json] = field(default_factory=list)
    recus: list[Recu] = field(default_factory=list)
    faits: list[Fait] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the ledger, and a journal of ours that reads what it records."""
        self.store = MemoryStore()
        self.livre = GrandLivre(self.store, clock=self.horloge)
        self._lu = Journal(self.store, self.programme)

    def __repr__(self) -> str:
        """The commands as `fabriques executer` reads them: what a failing example shows."""
        return f"Histoire:\n{en_lignes(self.commandes)}"

    def _repr_pretty_(self, affichage: Any, _cycle: bool) -> None:
        affichage.text(repr(self))  # else Hypothesis shows the members of a dataclass

    @property
    def acceptees(self) -> list[Json]:
        """The commands that made a fact, in order."""
        paires = zip(self.commandes, self.recus, strict=True)
        return [commande for commande, recu in paires if recu.statut == "acceptee"]

    def positions(self) -> Iterator[tuple[int, Fait]]:
        """The facts and their positions."""
        return enumerate(self.faits, start=1)

    def envoyer(self, commande: Json) -> Recu:
        """Execute one command and remember it."""
        recu = self.livre.executer(commande)
        self.commandes.append(commande)
        self.recus.append(recu)
        self.faits += [fait for _, fait in self._lu.rattraper()]
        return recu

    def contexte(self) -> Contexte:
        """What the strategies need to draw the next command."""
        return Contexte(
            etat=self.livre.etat(self.programme),
            faits=self.faits,
            structures=self.structures,
            numero=len(self.commandes) + 1,
        )


@st.composite
def histoires(
    draw: st.DrawFn,
    *,
    maximum: int = 45,
    secondes: Sequence[int] = (),
    verbes: Collection[str] = (),
    reglements: st.SearchStrategy[Json] | None = None,
) -> Histoire:
    """A programme opened, then up to `maximum` commands drawn for the state they find.

    `secondes` is what the clock says in turn, `verbes` the accented names of what may be drawn
    after the opening, `reglements` a strategy of rules.
    """
    histoire = Histoire(HorlogeDonnee(secondes) if secondes else Horloge())
    ouverture = draw(ouvertures(reglements=reglements))
    for commande in (ouverture, *draw(amorces(ouverture=ouverture, verbes=verbes))):
        histoire.envoyer(commande)
    minimum = draw(st.sampled_from((0, maximum // 2, maximum // 2)))  # long, yet shrinks to none
    for _ in range(draw(st.integers(minimum, maximum))):
        histoire.envoyer(draw(commandes(contexte=histoire.contexte(), verbes=verbes)))
    return histoire


@st.composite
def histoires_valides(
    draw: st.DrawFn,
    *,
    maximum: int = 45,
    verbes: Collection[str] = (),
    reglements: st.SearchStrategy[Json] | None = None,
) -> Suite:
    """Commands in an order in which each of them is accepted, the opening first."""
    return Suite(draw(histoires(maximum=maximum, verbes=verbes, reglements=reglements)).acceptees)


@st.composite
def histoires_adverses(
    draw: st.DrawFn,
    *,
    maximum: int = 45,
    degats: int = 6,
    verbes: Collection[str] = (),
    reglements: st.SearchStrategy[Json] | None = None,
) -> Suite:
    """A history, refusals just over each limit included, spoilt in up to `degats` places.

    As real senders spoil them: a command is sent twice, sent again with another content, dated
    late (up to two years), dated the day before, moved elsewhere in the order, or asks for one
    cent more.
    """
    tiree = draw(histoires(maximum=maximum, verbes=verbes, reglements=reglements))
    suite = Suite(tiree.commandes)
    for _ in range(draw(st.integers(0, degats))):
        rang = draw(st.integers(0, len(suite) - 1))
        draw(st.sampled_from(_DEGATS))(draw, suite, rang)
    return suite


def _doubler(draw: st.DrawFn, suite: list[Json], rang: int) -> None:
    suite.insert(draw(st.integers(rang, len(suite))), suite[rang])


def _diverger(draw: st.DrawFn, suite: list[Json], rang: int) -> None:
    autre = suite[rang] | {"acteur": {"id": "zoé", "role": "controleur"}}
    suite.insert(draw(st.integers(rang + 1, len(suite))), autre)


def _antidater(draw: st.DrawFn, suite: list[Json], rang: int) -> None:
    _decaler(suite, rang, draw(st.sampled_from((1, 31, 366, 731))))


def _avancer(_draw: st.DrawFn, suite: list[Json], rang: int) -> None:
    _decaler(suite, rang, 1)


def _decaler(suite: list[Json], rang: int, jours: int) -> None:
    jour = date.fromisoformat(suite[rang]["date_effet"]) - timedelta(days=jours)
    suite[rang] = suite[rang] | {"date_effet": min(max(jour, JOUR_MIN), JOUR_MAX).isoformat()}


def _deplacer(draw: st.DrawFn, suite: list[Json], rang: int) -> None:
    suite.insert(draw(st.integers(0, len(suite) - 1)), suite.pop(rang))


def _depasser(_draw: st.DrawFn, suite: list[Json], rang: int) -> None:
    montant = suite[rang].get("montant_centimes")
    if montant is not None:
        suite[rang] = suite[rang] | {"montant_centimes": montant + 1}


_DEGATS: tuple[Callable[[st.DrawFn, list[Json], int], None], ...] = (
    _doubler,
    _diverger,
    _antidater,
    _avancer,
    _deplacer,
    _depasser,
)


def lire_faits(store: Store, *, apres: int = 0) -> list[Fait]:
    """The facts of the journal after a position, every line checked by a fresh journal."""
    journal = Journal(store, PROGRAMME)
    return [fait for _, fait in journal.rattraper()][apres:]
