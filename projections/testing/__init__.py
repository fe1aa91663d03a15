"""Test kit of the figures: as plain JSON, and the checks that they must pass.

    from projections.testing import controler, lecteur

Needs the extra `testing`; nothing in the engine imports it.
"""

from .chiffres import lecteur
from .invariants import CONTROLES, controler

__all__ = ["CONTROLES", "controler", "lecteur"]
