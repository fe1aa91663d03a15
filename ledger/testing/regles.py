"""Strategies of rules: every option of the contract, amounts small enough to run out."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ..regles import Regles
from .valeurs import Json

OPTIONS = (
    "retraits_anterieurs_recyclables",
    "instruction_requise",
    "avis_requis",
    "bilan_requis",
    "ordonnancement_requis",
)


@st.composite
def regles(draw: st.DrawFn) -> Json:
    """A coherent set of rules, every option of the contract, an envelope that soon runs out."""
    plafond = draw(st.integers(min_value=40, max_value=20_000))
    exercices = draw(st.integers(min_value=1, max_value=4))
    part = plafond - plafond // exercices * (exercices - 1)  # the greatest equal part
    juste = max((plafond - 1) // exercices, 1)  # a cap that the ceiling, in equal parts, exceeds
    quota = st.sampled_from((9, 9, 3, 2, 1, 0))
    return {
        "enveloppe_centimes": draw(st.integers(min_value=plafond, max_value=6 * plafond)),
        "plancher_centimes": draw(st.integers(min_value=0, max_value=plafond // 2)),
        "plafond_centimes": plafond,
        "plafond_annuel_centimes": draw(
            st.sampled_from((part, juste))
            | st.integers(min_value=max(part * 3 // 4, 1), max_value=2 * plafond)
        ),
        "exercices_max": exercices,
        **{f"quota_{nom}": draw(quota) for nom in ("total", "qpv", "hors_qpv", "numeriques")},
        "bonus_centimes": draw(st.integers(min_value=0, max_value=plafond)),
        "exercice_bonus": draw(st.none() | st.integers(min_value=2018, max_value=2021)),
        "imputation_bonus": draw(st.sampled_from(("enveloppe", "hors_enveloppe"))),
        "quotas": draw(st.sampled_from(("indicatifs", "bloquants"))),
        "credits": draw(st.sampled_from(("non_suivis", "indicatifs", "bloquants"))),
        **{option: draw(st.integers(0, 3)) == 3 for option in OPTIONS},
        "echeance_defaut": draw(st.sampled_from(("03-01", "01-01", "12-31"))),
    }


@st.composite
def revisions(draw: st.DrawFn, *, connues: Regles) -> Json:
    """A few rules that change, coherent with those known or just not."""
    plafond = connues.plafond_centimes
    admis: dict[str, st.SearchStrategy[Any]] = {
        "quota_total": st.integers(min_value=-1, max_value=4),
        "quota_numeriques": st.integers(min_value=0, max_value=3),
        "plafond_centimes": st.integers(min_value=connues.plancher_centimes - 1, max_value=plafond),
        "plancher_centimes": st.integers(min_value=0, max_value=plafond + 1),
        "plafond_annuel_centimes": st.integers(min_value=1, max_value=plafond),
        "exercices_max": st.integers(min_value=0, max_value=4),
        "bonus_centimes": st.integers(min_value=0, max_value=plafond),
        "exercice_bonus": st.none() | st.integers(min_value=2018, max_value=2022),
        "imputation_bonus": st.sampled_from(("enveloppe", "hors_enveloppe")),
        "quotas": st.sampled_from(("indicatifs", "bloquants", "souples")),
        "credits": st.sampled_from(("non_suivis", "indicatifs", "bloquants")),
        "echeance_defaut": st.sampled_from(("03-01", "07-14")),
        **{option: st.booleans() for option in OPTIONS},
    }
    noms = draw(st.lists(st.sampled_from(sorted(admis)), min_size=1, max_size=3, unique=True))
    return {nom: draw(admis[nom]) for nom in noms}
