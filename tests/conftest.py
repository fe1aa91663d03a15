"""Profils Hypothesis : `dev` par défaut, `ci` sur un serveur, `audit` pour une campagne,
`mutation` pour juger des mutants (le même tirage, sans réduction).

`FABRIQUES_HYPOTHESIS` choisit le profil. Aucun n'a d'échéance par exemple : une machine chargée ne
doit pas faire échouer une propriété vraie.
"""

from __future__ import annotations

import os
import signal

from hypothesis import Phase, settings

# a shell starts what it puts in the background deaf to Ctrl-C, and so would be those it starts
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("audit", deadline=None, max_examples=2000, print_blob=True)
settings.register_profile(
    "mutation",
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(
    os.environ.get("FABRIQUES_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "dev")
)
