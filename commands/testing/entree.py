"""What Hypothesis loads by itself: `st.from_type(VerserTranche)` then works, with nothing to call.

Hypothesis imports this module when it is itself imported, perhaps halfway through an import of
ours: it imports no strategy before the first draw.
"""

from __future__ import annotations

from typing import Any


def enregistrer() -> None:
    """Tell Hypothesis how to draw every command, rule, actor and fact."""
    from hypothesis import strategies as st  # noqa: PLC0415 - see the module's docstring

    from commands.decider import COMMANDES  # noqa: PLC0415
    from ledger.evenements import Acteur  # noqa: PLC0415
    from ledger.registre import TYPES  # noqa: PLC0415
    from ledger.regles import Regles  # noqa: PLC0415

    for commande in COMMANDES:
        st.register_type_strategy(commande, _commande)
    for fait in TYPES.values():
        st.register_type_strategy(fait, _fait)
    st.register_type_strategy(Acteur, _acteur)
    st.register_type_strategy(Regles, _regles)


def _commande(classe: Any) -> Any:
    from .types import commandes_typees  # noqa: PLC0415

    return commandes_typees(classe=classe)


def _fait(classe: Any) -> Any:
    from ledger.testing.faits import faits  # noqa: PLC0415

    return faits(classes=(classe,))


def _acteur(_classe: Any) -> Any:
    from .types import acteurs  # noqa: PLC0415

    return acteurs()


def _regles(_classe: Any) -> Any:
    from .types import reglements  # noqa: PLC0415

    return reglements()
