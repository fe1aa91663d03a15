"""What a campaign of faults saw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bilan:
    """Rounds made, what they met, and every promise seen broken (`fautes`, empty when kept).

    No round at all means that the campaign could not run here: `details` names why, after
    "NON FAIT".
    """

    nom: str
    rondes: int
    details: dict[str, int]
    fautes: list[str]
