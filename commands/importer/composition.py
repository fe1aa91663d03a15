"""From the values of a row to the command it asks for, and to what makes it the same command.

A command id comes from the identity of the act, never from the row: the same act read again from
an amended file, at another row, is the same command.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..identifiants import identifiant_commande, identifiant_structure
from .champs import Valeurs
from .issues import Constat
from .registre import Registre


class Plan(NamedTuple):
    """What is the same for every row."""

    programme: str
    acteur: str
    role: str


class Composee(NamedTuple):
    """The command as a JSON object, or why there is none."""

    commande: dict[str, Any]
    refus: tuple[Constat, ...] = ()


def candidature(valeurs: Valeurs, plan: Plan, _: Registre) -> Composee:
    """DéposerCandidature. The structure is the act: one application each."""
    structure = valeurs.get("structure")
    if structure is None:
        structure = identifiant_structure(valeurs["porteur"], valeurs["code_postal"])
        if structure.startswith("-"):
            return _indecidable(
                f"le nom {valeurs['porteur'][:40]!r} ne donne aucune lettre à l'identifiant"
            )
    commande = {
        **_commun("DéposerCandidature", plan),
        "id_commande": identifiant_commande("import-candidature", [plan.programme, structure]),
        "structure": structure,
    }
    for champ, membre in (
        ("date_effet", "date_effet"),
        ("porteur", "porteur"),
        ("code_postal", "code_postal"),
        ("ville", "ville"),
        ("territoire", "territoire"),
        ("numerique", "numerique"),
        ("montant_demande", "montant_demande_centimes"),
        ("siret", "siret"),
        ("rna", "rna"),
        ("vague", "vague"),
    ):
        if champ in valeurs:
            commande[membre] = valeurs[champ]
    return Composee(commande)


def versement(valeurs: Valeurs, plan: Plan, registre: Registre) -> Composee:
    """VerserTranche, or VerserBonus for rank 0. Structure, rank and reference are the act."""
    trouvee = _structure(valeurs, registre)
    if trouvee.refus:
        return trouvee
    structure, rang, reference = (
        trouvee.commande["structure"],
        valeurs["rang"],
        valeurs["reference"],
    )
    verbe = "VerserBonus" if rang == 0 else "VerserTranche"
    commande = {
        **_commun(verbe, plan),
        "id_commande": identifiant_commande(
            "import-versement", [plan.programme, structure, rang, reference]
        ),
        "date_effet": valeurs["date_effet"],
        "structure": structure,
        "montant_centimes": valeurs["montant"],
        "reference": reference,
    }
    if rang != 0:
        commande["rang"] = rang
    if "exercice" in valeurs:
        commande["exercice"] = valeurs["exercice"]
    return Composee(commande)


def _structure(valeurs: Valeurs, registre: Registre) -> Composee:
    """The structure of a payment: given, else by name and postcode, else by its SIRET."""
    if "structure" in valeurs:
        return Composee({"structure": valeurs["structure"]})
    if "porteur" in valeurs and "code_postal" in valeurs:
        structure = identifiant_structure(valeurs["porteur"], valeurs["code_postal"])
        return Composee({"structure": structure})
    if "siret" not in valeurs:
        return _indecidable("ni identifiant, ni nom et code postal, ni SIRET")
    trouvees = registre.structures_de_siret(valeurs["siret"])
    if len(trouvees) == 1:
        return Composee({"structure": trouvees[0]})
    if trouvees:
        return Composee(
            {},
            (
                Constat(
                    "structure_ambigue",
                    f"le SIRET {valeurs['siret']} est celui de plusieurs structures : "
                    f"{', '.join(trouvees[:5])}",
                    "Donner une colonne identifiant.",
                ),
            ),
        )
    return _indecidable(f"aucune structure n'a le SIRET {valeurs['siret']}")


def _commun(verbe: str, plan: Plan) -> dict[str, Any]:
    return {
        "commande": verbe,
        "programme": plan.programme,
        "acteur": {"id": plan.acteur, "role": plan.role},
    }


def _indecidable(phrase: str) -> Composee:
    return Composee(
        {},
        (
            Constat(
                "identifiant_indecidable",
                phrase,
                "Donner une colonne identifiant (lettres minuscules, chiffres et tirets).",
            ),
        ),
    )
