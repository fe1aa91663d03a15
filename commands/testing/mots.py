"""The words of a story: each is one command to come, with the amounts and dates people write.

    candidature("lab01", le="10/01/2020")
    versement("lab01", "02/03/2020", 1, "50 000,00 €")

A step is (verb, date, fields); fields left out take those of `CHAMPS`.
"""

from __future__ import annotations

from typing import Any

from ledger.montants import lire_euros
from ledger.testing.valeurs import Json

Etape = tuple[str, str, dict[str, Any]]
"""Verb, date as `03/02/2020`, fields that differ from the default ones."""
CRITERES = dict.fromkeys(
    (
        "ancrage_territorial",
        "communaute_engagee",
        "gouvernance_partagee",
        "hybridation_activites",
        "experimentation",
    ),
    "rempli",
)
_S1 = {"structure": "s1"}
_CREDITS = {"exercice": 2020, "ae_centimes": 0, "cp_centimes": 0, "source": "LFI"}
CHAMPS: dict[str, Json] = {
    "OuvrirProgramme": {"intitule": "Fabriques", "source": "AMI 2019"},
    "RéviserRègles": {"regles": {"quota_numeriques": 32}, "source": "Dossier de presse"},
    "ModifierEnveloppe": {"variation_centimes": 1, "source": "LFR"},
    "CloreProgramme": {"motif": "Fin"},
    "OuvrirCrédits": {**_CREDITS, "nature": "lfi"},
    "GelerCrédits": _CREDITS,
    "DégelerCrédits": _CREDITS,
    "DéposerCandidature": {
        **_S1,
        "porteur": "LAB01",
        "code_postal": "01500",
        "ville": "Ambérieu-en-Bugey",
        "territoire": "qpv",
        "numerique": True,
    },
    "CorrigerStructure": {**_S1, "motif": "Coquille"},
    "InstruireCandidature": {**_S1, "criteres": CRITERES},
    "RendreAvis": {**_S1, "avis": "favorable", "instance": "CNTL"},
    "RejeterCandidature": {**_S1, "motif": "Incomplet"},
    "RetirerCandidature": {**_S1, "motif": "Renonce"},
    "LabelliserFabrique": {**_S1, "montant_centimes": 15_000_000},
    "SignerConvention": {**_S1, "reference": "CONV-1"},
    "SignerAvenant": {**_S1, "motif": "Avenant"},
    "AccorderBonusNumérique": _S1,
    "RecevoirBilan": {**_S1, "exercice": 2020, "accepte": True},
    "RetirerLabel": {**_S1, "motif": "Abandon"},
    "OrdonnancerTranche": {**_S1, "rang": 1, "montant_centimes": 5_000_000, "dp": "DP-1"},
    "VerserTranche": {**_S1, "rang": 1, "montant_centimes": 5_000_000, "reference": "V-1"},
    "VerserBonus": {**_S1, "montant_centimes": 10_000_000, "reference": "B-1"},
    "AnnulerVersement": {**_S1, "motif": "rejet_bancaire"},
    "RapprocherVersement": {**_S1, "dp": "DP-1", "exercice_dp": 2020},
    "DemanderReversement": {**_S1, "montant_centimes": 1_000_000, "titre": "T-1"},
    "EncaisserReversement": {**_S1, "montant_centimes": 1_000_000, "titre": "T-1"},
    "ClôturerExercice": {},
    "ReprendreJournal": {
        "origine_precedente": "fabriques-ledger/fabriques/0123456789abcdef",
        "taille_satisfaite": 1,
        "taille_perdue": 9,
        "racine_perdue": "A" * 43 + "=",
        "motif": "Disque perdu",
    },
}
"""Fields of each verb where a story says nothing: structure `s1`, rank 1, 50 000 EUR."""


def candidature(structure: str, le: str = "10/01/2020", **champs: Any) -> Etape:
    """A structure applies."""
    return ("DéposerCandidature", le, {"structure": structure, **champs})


def rejet(structure: str, le: str) -> Etape:
    """Its application is rejected."""
    return ("RejeterCandidature", le, {"structure": structure})


def labellisation(structure: str, le: str, montant: str = "150 000,00 €") -> Etape:
    """It is labelled, in three equal yearly instalments."""
    return (
        "LabelliserFabrique",
        le,
        {"structure": structure, "montant_centimes": lire_euros(montant)},
    )


def avenant(structure: str, le: str, montant: str, *lignes: tuple[int, str, str]) -> Etape:
    """Its grant becomes `montant`; instalments are (exercice, amount, due date)."""
    saisies = [(annee, lire_euros(euros), iso(jour)) for annee, euros, jour in lignes]
    champs = {
        "structure": structure,
        "montant_centimes": lire_euros(montant),
        "echeancier": tranches(*saisies),
    }
    return ("SignerAvenant", le, champs)


def bonus(structure: str, le: str) -> Etape:
    """The digital bonus is granted."""
    return ("AccorderBonusNumérique", le, {"structure": structure})


def bilan(structure: str, le: str, sur: int, *, accepte: bool) -> Etape:
    """A report on an exercice comes in."""
    return ("RecevoirBilan", le, {"structure": structure, "exercice": sur, "accepte": accepte})


def ordre(structure: str, le: str, rang: int, montant: str, par: str) -> Etape:
    """An officer orders a payment."""
    champs = {"rang": rang, "montant_centimes": lire_euros(montant)}
    return ("OrdonnancerTranche", le, {"structure": structure, "acteur": _role(par), **champs})


def versement(
    structure: str, le: str, rang: int, montant: str = "50 000,00 €", par: str = "alice (comptable)"
) -> Etape:
    """An accountant pays an instalment."""
    champs = {"rang": rang, "montant_centimes": lire_euros(montant)}
    return ("VerserTranche", le, {"structure": structure, "acteur": _role(par), **champs})


def versement_du_bonus(structure: str, le: str) -> Etape:
    """The bonus is paid."""
    return ("VerserBonus", le, {"structure": structure})


def rejet_bancaire(structure: str, le: str, position: int) -> Etape:
    """The bank sends a payment back."""
    return ("AnnulerVersement", le, {"structure": structure, "position": position})


def rapprochement(structure: str, le: str, position: int, dp: str, exercice: int) -> Etape:
    """A payment is found in Chorus."""
    champs = {"structure": structure, "position": position, "dp": dp, "exercice_dp": exercice}
    return ("RapprocherVersement", le, champs)


def retrait(structure: str, le: str) -> Etape:
    """The label is withdrawn."""
    return ("RetirerLabel", le, {"structure": structure})


def demande(structure: str, le: str, montant: str) -> Etape:
    """Money is claimed back."""
    champs = {"structure": structure, "montant_centimes": lire_euros(montant)}
    return ("DemanderReversement", le, champs)


def encaissement(structure: str, le: str, montant: str) -> Etape:
    """Money claimed comes in."""
    champs = {"structure": structure, "montant_centimes": lire_euros(montant)}
    return ("EncaisserReversement", le, champs)


def cloture(exercice: int, le: str) -> Etape:
    """An exercice is closed."""
    return ("ClôturerExercice", le, {"exercice": exercice})


def fin_du_programme(le: str) -> Etape:
    """The programme is closed."""
    return ("CloreProgramme", le, {})


def qui(identifiant: str, role: str = "comptable") -> dict[str, str]:
    """An actor, as a command gives it."""
    return {"id": identifiant, "role": role}


def tranches(*lignes: tuple[int, int] | tuple[int, int, str]) -> list[dict[str, Any]]:
    """A schedule from (exercice, cents) or (exercice, cents, due date); due on 1 March."""
    return [
        {
            "rang": rang,
            "exercice": ligne[0],
            "montant_centimes": ligne[1],
            "echeance": ligne[2] if len(ligne) == 3 else f"{ligne[0]}-03-01",
        }
        for rang, ligne in enumerate(lignes, start=1)
    ]


def iso(jour: str) -> str:
    """`03/02/2020` as the ledger writes it."""
    j, m, a = jour.split("/")
    return f"{a}-{m}-{j}"


def _role(qui_et_role: str) -> dict[str, str]:
    identifiant, role = qui_et_role.removesuffix(")").split(" (")
    return qui(identifiant, role)
