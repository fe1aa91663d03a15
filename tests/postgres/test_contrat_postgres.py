"""Le contrat de tout magasin, tenu par PostgreSQL."""

from __future__ import annotations

from ledger.testing.contrat import ContratDesMagasins


class TestContratSurPostgres(ContratDesMagasins):
    """Le magasin PostgreSQL tient le contrat publié."""
