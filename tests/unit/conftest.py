"""Ce que les tests unitaires partagent : un programme ouvert, en mémoire."""

from __future__ import annotations

import pytest

from tests.unit.monde import Monde


@pytest.fixture
def monde() -> Monde:
    """The 2019 call, opened, in memory."""
    return Monde()
