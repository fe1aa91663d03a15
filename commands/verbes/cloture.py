"""Close a budget year: its tables never move again."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from msgspec.structs import asdict

from ledger.budget import empreinte_credits, ligne_seule, lignes_credits
from ledger.champs import Exercice
from ledger.evenements import ExerciceClôturé
from ledger.programme import Programme

from ..modele import Commande, base
from ..refus import Refus


class ClôturerExercice(Commande):
    """Close an exercice and every earlier one.

    Refusals, in order: `exercice_deja_clos`, `exercice_non_termine` (dated on or before its
    31 December, or an earlier exercice with facts is open).
    """

    verbe: ClassVar[str] = "ClôturerExercice"
    exercice: Exercice


def cloturer_exercice(etat: Programme, commande: ClôturerExercice) -> ExerciceClôturé:
    """Decide a closing, and seal the totals of the exercice and the `credits` lines up to it."""
    annee = commande.exercice
    if etat.est_clos(annee):
        raise Refus(
            "exercice_deja_clos",
            f"L'exercice {annee} est clôturé (dernier clos : {etat.soldes.dernier_clos}).",
            details={"exercice": annee, "dernier_clos": etat.soldes.dernier_clos},
        )
    if commande.date_effet <= date(annee, 12, 31):
        raise Refus(
            "exercice_non_termine",
            f"L'exercice {annee} n'est pas terminé au {commande.date_effet}.",
            remede=f"Clôturer à partir du 1er janvier {annee + 1}.",
            details={"exercice": annee},
        )
    ouverts = [a for a in sorted(etat.exercices_avec_faits) if a < annee and not etat.est_clos(a)]
    if ouverts:
        raise Refus(
            "exercice_non_termine",
            f"L'exercice {ouverts[0]} a des faits et n'est pas clôturé.",
            remede=f"Clôturer d'abord {ouverts[0]}.",
            details={"exercice": ouverts[0]},
        )
    # the lines as they read once closed: what was planned there shows in the first open exercice
    soldes = etat.soldes.clos_jusqua(annee)
    lignes = lignes_credits(soldes, jusqua=annee)
    totaux: dict[str, Any] = asdict(ligne_seule(soldes, annee, lignes))
    return ExerciceClôturé(
        **base(commande, etat.regles_au(commande.date_effet)[1]),
        exercice=annee,
        totaux=totaux,
        empreinte=empreinte_credits(lignes),
    )
