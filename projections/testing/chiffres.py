"""The four public figures of the engine as plain JSON, to be compared with another system's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from ledger import Journal, Store, UsageError
from ledger.testing.valeurs import Json

from ..anomalies import anomalies
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


def lecteur(store: Store) -> Callable[..., Any]:
    """A function that reads one figure of a store: `lire` of `commands.testing.Moteur`.

    `lire(chiffre, programme=, structure=, au=, connu_au=)`; `au` is an ISO date.
    """

    def lire(
        chiffre: str,
        *,
        programme: str,
        structure: str | None = None,
        au: str | None = None,
        connu_au: int | None = None,
    ) -> Any:
        jour = None if au is None else date.fromisoformat(au)
        vue = regarder(Journal(store, programme), au=jour, connu_au=connu_au)
        match chiffre:
            case "enveloppe":
                return en_json(enveloppe(vue))
            case "credits":
                return en_json(lire_credits(vue))
            case "structures":
                return en_json(structures(vue))
            case "anomalies":
                return en_json(anomalies(vue))
            case "echeancier" if structure is not None:
                return en_json(echeancier(vue, structure))
            case _:
                raise UsageError(f"{chiffre} n'est pas un chiffre, ou il lui faut une structure.")

    return lire
