"""Deciding: the programme, its credits, its closings."""

from __future__ import annotations

from .communs import Decision, refuser_si, verifier_credits
from .faits import Effet, Fait, dernier_clos, disponible, effets_de, incoherentes, regles_a, somme
from .schema import Json, annee


def ouvrir_programme(_faits: list[Fait], c: Json) -> Decision:
    refuser_si(incoherentes(c["regles"]), "regles_incoherentes")
    return {}, [Effet("enveloppe", 0, c["regles"]["enveloppe_centimes"])]


def reviser_regles(faits: list[Fait], c: Json) -> Decision:
    """Judged at its own date and at every later date where the rules change."""
    revision = Fait(len(faits) + 1, "ReviserRegles", c["date_effet"], c, (), {})
    ensuite = [*faits, revision]
    changements = [f.date for f in ensuite if f.verbe in ("OuvrirProgramme", "ReviserRegles")]
    refuser_si(
        incoherentes(c["regles"])
        or any(
            incoherentes(regles_a(ensuite, date)) for date in changements if date >= c["date_effet"]
        ),
        "regles_incoherentes",
    )
    return {}, []


def modifier_enveloppe(faits: list[Fait], c: Json) -> Decision:
    apres = disponible(effets_de(faits)) + c["variation_centimes"]
    refuser_si(apres < 0, "enveloppe_insuffisante")
    return {}, [Effet("enveloppe", 0, c["variation_centimes"])]


def ouvrir_credits(faits: list[Fait], c: Json) -> Decision:
    exercice, ae, cp = c["exercice"], c["ae_centimes"], c["cp_centimes"]
    verifier_credits(faits, c, exercice, ae=ae, cp=cp)
    return {}, [Effet("ae_ouvertes", exercice, ae), Effet("cp_ouverts", exercice, cp)]


def geler_credits(faits: list[Fait], c: Json) -> Decision:
    exercice, ae, cp = c["exercice"], c["ae_centimes"], c["cp_centimes"]
    verifier_credits(faits, c, exercice, ae=-ae, cp=-cp)
    return {}, [Effet("ae_gelees", exercice, ae), Effet("cp_geles", exercice, cp)]


def degeler_credits(faits: list[Fait], c: Json) -> Decision:
    exercice, ae, cp = c["exercice"], c["ae_centimes"], c["cp_centimes"]
    effets = effets_de(faits)
    refuser_si(
        ae > somme(effets, "ae_gelees", exercice=exercice)
        or cp > somme(effets, "cp_geles", exercice=exercice),
        "gel_insuffisant",
    )
    return {}, [Effet("ae_gelees", exercice, -ae), Effet("cp_geles", exercice, -cp)]


def exercices_avec_faits(faits: list[Fait]) -> set[int]:
    """An event is dated in it or charges it; what is only planned does not count."""
    dates = {annee(f.date) for f in faits}
    charges = {e.exercice for e in effets_de(faits) if e.ligne not in ("enveloppe", "prevu")}
    return dates | charges


def cloturer_exercice(faits: list[Fait], c: Json) -> Decision:
    exercice, clos = c["exercice"], dernier_clos(faits)
    refuser_si(exercice <= clos, "exercice_deja_clos")
    refuser_si(
        c["date_effet"] <= f"{exercice}-12-31"
        or any(clos < e < exercice for e in exercices_avec_faits(faits)),
        "exercice_non_termine",
    )
    return {}, []


def clore_programme(_faits: list[Fait], _c: Json) -> Decision:
    return {}, []


def reprendre_journal(faits: list[Fait], c: Json) -> Decision:
    """The journal holds every line up to the satisfied size; at least one line after it is lost."""
    satisfaite = c["taille_satisfaite"]
    refuser_si(len(faits) < satisfaite, "reprise_sans_objet")
    refuser_si(c["taille_perdue"] - satisfaite < 1, "reprise_sans_objet")
    return {}, []
