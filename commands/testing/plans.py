"""Strategies of schedules: valid ones from the rules, amendments from the present one, defects."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from ledger import Regles
from ledger.montants import partager
from ledger.programme import Label

Plan = list[dict[str, Any]]
RANGS_MAX = 4


@st.composite
def planifier(
    draw: st.DrawFn, *, montant: int, depuis: date, regles: Regles, defauts: bool = False
) -> Plan:
    """A schedule of the amount that keeps the rules of form; with `defauts`, sometimes not."""
    rangs = draw(st.integers(1, min(RANGS_MAX, montant, max(regles.exercices_max, 2))))
    debut = depuis.year + draw(st.sampled_from((0, 0, 0, 1)))
    egal = draw(st.sampled_from((True, True, False)))
    parts = partager(montant, rangs) if egal else draw(_parts(montant=montant, rangs=rangs))
    premiere = regles.plafond_annuel_centimes + int(defauts and draw(st.booleans()))
    if rangs > 1 and montant - premiere >= rangs - 1 and draw(st.booleans()):
        # a year filled to its cap, or one cent above
        parts = [premiere, *partager(montant - premiere, rangs - 1)]
    plan: Plan = []
    echeance = depuis
    for indice, part in enumerate(parts):
        exercice = debut + min(indice, regles.exercices_max - 1)
        mars = date(exercice, 3, 1)
        echeance = max(echeance, draw(st.sampled_from((mars, echeance, date(exercice, 12, 31)))))
        plan.append(
            {
                "rang": indice + 1,
                "exercice": exercice,
                "montant_centimes": part,
                "echeance": echeance.isoformat(),
            }
        )
    if defauts and draw(st.sampled_from((False, False, True))):
        plan = draw(fausser(plan=plan, exercices_max=regles.exercices_max))
    return plan


@st.composite
def _parts(draw: st.DrawFn, *, montant: int, rangs: int) -> list[int]:
    """`rangs` amounts of at least one cent that sum to the amount."""
    tailles = st.lists(
        st.integers(1, max(montant - 1, 1)), min_size=rangs - 1, max_size=rangs - 1, unique=True
    )
    bornes = [0, *sorted(draw(tailles)), montant]
    return [haut - bas for bas, haut in pairwise(bornes)]


@st.composite
def fausser(draw: st.DrawFn, *, plan: Plan, exercices_max: int) -> Plan:
    """The schedule with one defect of form."""
    dernier = plan[-1]
    an_de_trop = plan[0]["exercice"] + exercices_max
    defauts: list[Plan] = [
        [*plan[:-1], dernier | {"montant_centimes": dernier["montant_centimes"] + 1}],
        [*plan[:-1], dernier | {"exercice": an_de_trop, "echeance": f"{an_de_trop}-12-31"}],
        [plan[0] | {"exercice": plan[0]["exercice"] - 1}, *plan[1:]],
        [plan[0] | {"echeance": "2017-12-31"}, *plan[1:]],
        [*plan[:-1], dernier | {"rang": dernier["rang"] + 1}],
        [*plan, dernier | {"rang": dernier["rang"] + 1, "montant_centimes": 0}],
        plan[::-1],
        [],
    ]
    return draw(st.sampled_from(defauts))


@st.composite
def amender(draw: st.DrawFn, *, label: Label, disponible: int) -> tuple[int, Plan]:
    """A new total and schedule: ranks already paid kept, what is left grown, cut or moved."""
    plan: Plan = [
        {
            "rang": t.rang,
            "exercice": t.exercice,
            "montant_centimes": t.montant_centimes,
            "echeance": t.echeance.isoformat(),
        }
        for t in label.tranches
    ]
    dernier, verse = plan[-1], label.verse[-1]
    reste = dernier["montant_centimes"] - verse
    regles = label.regles
    libre = min(regles.plafond_centimes - label.montant, disponible)
    plancher = label.montant - regles.plancher_centimes
    genre = draw(st.sampled_from(("hausse", "baisse", "ajout", "report", "coupe", "faux")))
    if genre == "hausse":
        plus = draw(st.integers(1, max(libre, 1)))
        dernier["montant_centimes"] += draw(st.sampled_from((plus, plus, libre, libre + 1)))
    elif genre == "baisse":
        moins = draw(st.integers(1, max(min(reste, plancher), 1)))
        dernier["montant_centimes"] -= draw(st.sampled_from((moins, moins, reste, plancher + 1)))
        if dernier["montant_centimes"] == 0:
            plan.pop()
    elif genre == "ajout":
        annee = dernier["exercice"] + draw(st.sampled_from((0, 1)))
        echeance = max(dernier["echeance"], f"{annee}-06-30")
        plus = draw(st.integers(1, max(libre, 1)))
        rang = {"rang": len(plan) + 1, "exercice": annee, "echeance": echeance}
        plan.append(rang | {"montant_centimes": plus})
    elif genre == "report":
        jours = timedelta(days=draw(st.integers(1, 400)))
        report = date.fromisoformat(dernier["echeance"]) + jours
        dernier["echeance"] = report.isoformat()
        dernier["exercice"] = max(dernier["exercice"], report.year)
    elif genre == "coupe":
        du = dernier["montant_centimes"]
        tot = draw(st.integers(1, max(du - 1, 1)))
        dernier["montant_centimes"] = tot
        suite = dernier | {"rang": len(plan) + 1, "montant_centimes": du - tot}
        plan.append(suite)
    montant = sum(t["montant_centimes"] for t in plan)
    if genre == "faux":
        plan = draw(fausser(plan=plan, exercices_max=regles.exercices_max))
    return max(montant, 1), plan
