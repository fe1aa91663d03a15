"""Audit: verify a journal without trusting anything but its lines. Findings are values."""

from .cliches import confronter_cliche
from .constats import CODES, Constat, Rapport
from .verifier import verifier

__all__ = ["CODES", "Constat", "Rapport", "confronter_cliche", "verifier"]
