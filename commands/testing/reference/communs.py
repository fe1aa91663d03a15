"""What every decision shares: refusals, credits, the structure it is about."""

from __future__ import annotations

from .faits import Effet, Fait, Vue, ae_disponibles, cp_disponibles, effets_de, registre, regles_a
from .schema import Json, annee


class Refus(Exception):
    """The command is well formed and refused: ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refuser_si(condition: bool, code: str) -> None:
    if condition:
        raise Refus(code)


Decision = tuple[Json, list[Effet]]  # what is fixed by the fact, and its money effects


def exercice_du_bonus(faits: list[Fait], c: Json) -> int:
    regle = regles_a(faits, c["date_effet"])["exercice_bonus"]
    return int(c.get("exercice") or regle or annee(c["date_effet"]))


def verifier_credits(faits: list[Fait], c: Json, exercice: int, ae: int = 0, cp: int = 0) -> None:
    """``ae`` and ``cp``: by how much the command moves what is available."""
    if regles_a(faits, c["date_effet"])["credits"] != "bloquants":
        return
    effets = effets_de(faits)
    for avant, variation in (
        (ae_disponibles(effets, exercice), ae),
        (cp_disponibles(effets, exercice), cp),
    ):
        apres = avant + variation
        refuser_si(apres < 0 and apres < avant, "credits_insuffisants")


def vue_attendue(
    faits: list[Fait], c: Json, *etats: str, repose_sur: str | None = "date_label"
) -> Vue:
    """The structure, once its existence, its state and the date have been checked."""
    vue = registre(faits).get(c["structure"])
    if vue is None:
        raise Refus("structure_inconnue")
    refuser_si(vue.etat not in etats, "etat_incompatible")
    if repose_sur is not None:
        refuser_si(c["date_effet"] < getattr(vue, repose_sur), "date_incoherente")
    return vue
