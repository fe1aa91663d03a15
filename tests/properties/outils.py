"""What the properties share: settings, roots and bytes of a store, the answers of both models."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import HealthCheck, settings

from commands import Recu
from commands.testing.contexte import PROGRAMME
from commands.testing.reference import Reference
from ledger import Journal, Store
from ledger.testing.valeurs import Json

LENTEURS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


def reglages(exemples: int, **autres: Any) -> settings:
    """Settings of one property: `exemples` in the ordinary profiles, in proportion elsewhere."""
    facteur = max(settings().max_examples // 100, 1)
    return settings(max_examples=exemples * facteur, suppress_health_check=LENTEURS, **autres)


def chiffres_attendus(
    reference: Reference, *, au: date | None = None, connu_au: int | None = None
) -> Json:
    """The same figures, by the reference model."""
    return reference.chiffres(PROGRAMME, None if au is None else au.isoformat(), connu_au)


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
