"""Histories: a programme in memory, the commands sent to it one by one, and every receipt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from ledger import Fait, Journal, MemoryStore, Store
from ledger.testing.horloge import Horloge, HorlogeDonnee
from ledger.testing.valeurs import Json

from ..execution import GrandLivre
from ..recus import Recu
from .contexte import PROGRAMME, Contexte
from .strategies import amorces, commandes, ouvertures


@dataclass(repr=False)
class Histoire:
    """A programme in memory, every command sent to it and every receipt, refusals included."""

    store: MemoryStore
    livre: GrandLivre
    horloge: Horloge
    commandes: list[Json] = field(default_factory=list)
    recus: list[Recu] = field(default_factory=list)
    faits: list[Fait] = field(default_factory=list)

    def __repr__(self) -> str:
        """The commands, without what they all share: what to read when an example fails."""
        communs = ("id_commande", "programme", "acteur", "source", "motif")
        lignes = [{k: v for k, v in c.items() if k not in communs} for c in self.commandes]
        return f"Histoire({json.dumps(lignes, ensure_ascii=False, separators=(',', ':'))})"

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
        if recu.statut == "acceptee":
            self.faits += lire_faits(self.store, apres=len(self.faits))
        return recu

    def contexte(self) -> Contexte:
        """What the strategies need to draw the next command."""
        etat = self.livre.etat(PROGRAMME)
        return Contexte(etat=etat, faits=self.faits, numero=len(self.commandes) + 1)


@st.composite
def histoires(draw: st.DrawFn, *, maximum: int = 45, secondes: Sequence[int] = ()) -> Histoire:
    """A programme opened, then commands drawn one by one for the state they find."""
    store = MemoryStore()
    horloge = HorlogeDonnee(secondes) if secondes else Horloge()
    histoire = Histoire(store, GrandLivre(store, clock=horloge), horloge)
    ouverture = draw(ouvertures())
    for commande in (ouverture, *draw(amorces(ouverture=ouverture))):
        histoire.envoyer(commande)
    minimum = draw(st.sampled_from((0, maximum // 2, maximum // 2)))  # long, yet shrinks to none
    for _ in range(draw(st.integers(minimum, maximum))):
        histoire.envoyer(draw(commandes(contexte=histoire.contexte())))
    return histoire


def lire_faits(store: Store, *, apres: int = 0) -> list[Fait]:
    """The facts of the journal after a position, every line checked by a fresh journal."""
    journal = Journal(store, PROGRAMME)
    return [fait for _, fait in journal.rattraper()][apres:]
