"""Exports: the ledger in the formats that other tools read.

    from projections.exports import ecrire_beancount
    journal = Journal(store, "fabriques-de-territoire")
    fichier.writelines(ecrire_beancount(journal, regarder(journal, au=date(2020, 12, 31))))

Each `ecrire_*` takes the journal and the view to export and gives the text piece by piece. The
publications have their options, and modules of their own: `scdl`, `giving` (360Giving), `fec`.
"""

from __future__ import annotations

from .beancount import ecrire_beancount
from .cloudevents import ecrire_cloudevents
from .hledger import ecrire_hledger
from .jsonl import ecrire_jsonl

__all__ = ["ecrire_beancount", "ecrire_cloudevents", "ecrire_hledger", "ecrire_jsonl"]
