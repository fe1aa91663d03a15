"""What the properties share: a clock told what to say, histories, figures of both models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from commands import GrandLivre, Recu
from ledger import Fait, Journal, MemoryStore, Store
from projections import credits as lire_credits
from projections import echeancier, enveloppe, regarder, structures
from tests.properties.contexte import PROGRAMME, Contexte, Json
from tests.properties.strategies import amorces, commandes, ouvertures
from tests.reference.modele import Reference

DEPART = datetime(2020, 1, 1, tzinfo=UTC)
LENTEURS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


def reglages(exemples: int, **autres: Any) -> settings:
    """Settings of one property: `exemples` in the ordinary profiles, in proportion elsewhere."""
    facteur = max(settings().max_examples // 100, 1)
    return settings(max_examples=exemples * facteur, suppress_health_check=LENTEURS, **autres)


class Horloge:
    """A clock moved by hand, forwards or backwards; `lues` is every instant it gave."""

    def __init__(self, *, pas: int = 1) -> None:
        self.secondes = 0
        self.pas = pas
        self.lues: list[str] = []

    def maintenant(self) -> str:
        """The present instant, then `pas` seconds pass."""
        instant = DEPART + timedelta(seconds=self.secondes)
        self.secondes += self.pas
        self.lues.append(instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        return self.lues[-1]


class HorlogeDonnee(Horloge):
    """A clock that gives the seconds of a list in turn, in whatever order they come."""

    def __init__(self, secondes: Sequence[int]) -> None:
        super().__init__(pas=0)
        self._suite = list(secondes)

    def maintenant(self) -> str:
        """The next instant of the list, which starts again at its end."""
        self.secondes = self._suite[len(self.lues) % len(self._suite)]
        return super().maintenant()


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


def en_json(valeur: Any) -> Any:
    """A figure as anybody reads it: plain JSON."""
    return json.loads(msgspec.json.encode(valeur))


def chiffres(store: Store, *, au: date | None = None, connu_au: int | None = None) -> Json:
    """The four figures of the engine, schedules by structure."""
    vue = regarder(Journal(store, PROGRAMME), au=au, connu_au=connu_au)
    return {
        "enveloppe": en_json(enveloppe(vue)),
        "credits": en_json(lire_credits(vue)),
        "structures": en_json(structures(vue)),
        "echeanciers": {s: en_json(echeancier(vue, s)) for s in sorted(vue.situation.fiches)},
    }


def chiffres_attendus(
    reference: Reference, *, au: date | None = None, connu_au: int | None = None
) -> Json:
    """The same figures, by the reference model."""
    jour = None if au is None else au.isoformat()
    registre = reference.structures(PROGRAMME, jour, connu_au)
    noms = [ligne["structure"] for ligne in registre]
    return {
        "enveloppe": reference.enveloppe(PROGRAMME, jour, connu_au),
        "credits": reference.credits(PROGRAMME, jour, connu_au),
        "structures": registre,
        "echeanciers": {nom: reference.echeancier(PROGRAMME, nom, jour, connu_au) for nom in noms},
    }


def racine(store: Store) -> bytes:
    """The Merkle root of the whole journal, by a fresh reading."""
    journal = Journal(store, PROGRAMME)
    for _ in journal.rattraper():
        pass
    return journal.arbre.racine()


def octets(store: Store) -> tuple[list[Any], list[Any]]:
    """Everything a store holds: lines and index of command ids."""
    lignes = [tuple(ligne) for p in store.programmes() for ligne in store.lire(p)]
    return lignes, [(programme, *entree) for programme, entree in store.index()]


def reponse(recu: Recu) -> tuple[str, str | None, list[int]]:
    """What both models must answer alike."""
    return recu.statut, recu.refus.code if recu.refus is not None else None, list(recu.positions)


def reponse_attendue(recu: Json) -> tuple[str, str | None, list[int]]:
    """The same, of the reference model."""
    return recu["statut"], recu["code"], recu["positions"]
