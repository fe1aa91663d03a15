"""The four public figures of the engine as plain JSON, to be compared with another system's."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec

from ledger import Journal, Store
from ledger.testing.valeurs import Json

from ..credits import credits as lire_credits
from ..echeancier import echeancier
from ..enveloppe import enveloppe
from ..situation import regarder
from ..structures import structures


def en_json(valeur: Any) -> Any:
    """A figure as anybody reads it: plain JSON."""
    return json.loads(msgspec.json.encode(valeur))


def chiffres(
    store: Store,
    *,
    programme: str = "fabriques",
    au: date | None = None,
    connu_au: int | None = None,
) -> Json:
    """The four figures of a programme (amounts in cents), schedules by structure.

    `au` is an effect date, included; `connu_au` a position. Raises: UsageError.
    """
    vue = regarder(Journal(store, programme), au=au, connu_au=connu_au)
    return {
        "enveloppe": en_json(enveloppe(vue)),
        "credits": en_json(lire_credits(vue)),
        "structures": en_json(structures(vue)),
        "echeanciers": {s: en_json(echeancier(vue, s)) for s in sorted(vue.situation.fiches)},
    }
