"""Profils Hypothesis : `dev` par défaut, `ci` sur un serveur, `audit` pour une campagne.

`FABRIQUES_HYPOTHESIS` choisit le profil. Aucun n'a d'échéance par exemple : une machine chargée ne
doit pas faire échouer une propriété vraie.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("audit", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(
    os.environ.get("FABRIQUES_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "dev")
)
