"""The form of the commands: reading one raw JSON command, or refusing it.

Every reader returns the normalised value, or raises Invalide (refusal ``commande_invalide``).
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Lecteur = Callable[[Any], Any]

MONTANT_MAX = 10**14
ANNEE_MIN, ANNEE_MAX = 1900, 2999


class Invalide(Exception):
    """The command does not respect the schema."""


def exiger(condition: bool) -> None:
    if not condition:
        raise Invalide


def annee(date: str) -> int:
    return int(date[:4])


ROLES_ACTEUR = ("instructeur", "ordonnateur", "comptable", "controleur", "systeme")
CRITERES = (
    "ancrage_territorial",
    "communaute_engagee",
    "gouvernance_partagee",
    "hybridation_activites",
    "experimentation",
)
ROLES_FABRIQUE = ("lieu_ressource", "apprendre_par_le_faire", "competences_numeriques")
TERRITOIRES = ("qpv", "hors_qpv", "inconnu")
NATURES = (
    "lfi",
    "lfr",
    "report",
    "transfert",
    "virement",
    "decret_avance",
    "fonds_de_concours",
    "retablissement",
    "annulation",
)
BIDIRECTIONNELS = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def entier(valeur: Any) -> int:
    exiger(isinstance(valeur, int) and not isinstance(valeur, bool))
    return int(valeur)


def entre(minimum: int, maximum: int) -> Lecteur:
    def lire(valeur: Any) -> int:
        exiger(minimum <= entier(valeur) <= maximum)
        return int(valeur)

    return lire


montant_signe = entre(-MONTANT_MAX, MONTANT_MAX)
montant_ou_zero = entre(0, MONTANT_MAX)
montant_positif = entre(1, MONTANT_MAX)
exercice_lu = entre(ANNEE_MIN, ANNEE_MAX)


def booleen(valeur: Any) -> bool:
    exiger(isinstance(valeur, bool))
    return bool(valeur)


def position_lue(valeur: Any) -> int:
    exiger(entier(valeur) >= 1)
    return int(valeur)


def parmi(*valeurs: str) -> Lecteur:
    def lire(valeur: Any) -> str:
        exiger(isinstance(valeur, str) and valeur in valeurs)
        return str(valeur)

    return lire


def motif_exact(expression: str) -> Lecteur:
    def lire(valeur: Any) -> str:
        exiger(isinstance(valeur, str) and re.fullmatch(expression, valeur) is not None)
        return str(valeur)

    return lire


def caractere_interdit(caractere: str) -> bool:
    return (
        unicodedata.category(caractere) in ("Cc", "Cs", "Zl", "Zp")
        or ord(caractere) in BIDIRECTIONNELS
    )


def texte(maximum: int) -> Lecteur:
    def lire(valeur: Any) -> str:
        exiger(isinstance(valeur, str))
        normalise = unicodedata.normalize("NFC", valeur)
        exiger(normalise.strip() != "" and len(normalise) <= maximum)
        exiger(not any(caractere_interdit(caractere) for caractere in normalise))
        return normalise

    return lire


slug = motif_exact("[a-z0-9-]{1,64}")
code_postal_lu = motif_exact("[0-9]{5}")
rna_lu = motif_exact("W[0-9]{9}")


def date_lue(valeur: Any) -> str:
    date = motif_exact("[0-9]{4}-[0-9]{2}-[0-9]{2}")(valeur)
    try:
        datetime.date.fromisoformat(date)
    except ValueError:
        raise Invalide from None
    exiger(ANNEE_MIN <= annee(date) <= ANNEE_MAX)
    return str(date)


def jour_de_chaque_annee(valeur: Any) -> str:
    """A ``MM-JJ`` that exists every year: tried on a year that is not a leap year."""
    jour = motif_exact("[0-9]{2}-[0-9]{2}")(valeur)
    date_lue(f"2001-{jour}")
    return str(jour)


def luhn(chiffres: str) -> bool:
    total = 0
    for rang, chiffre in enumerate(reversed(chiffres)):
        valeur = int(chiffre) * (2 if rang % 2 == 1 else 1)
        total += valeur - 9 if valeur > 9 else valeur
    return total % 10 == 0


def siret_lu(valeur: Any) -> str:
    siret = str(motif_exact("[0-9]{14}")(valeur))
    la_poste = siret.startswith("356000000") and sum(int(c) for c in siret) % 5 == 0
    exiger(siret != "0" * 14 and (luhn(siret) or la_poste))
    return siret


def vague_lue(valeur: Any) -> str:
    if isinstance(valeur, str):
        return str(texte(64)(valeur))
    return str(entre(1, 9999)(valeur))


def objet(champs: dict[str, Lecteur]) -> Lecteur:
    """Reader of a JSON object; a name that ends with ``?`` is optional, null = absent."""

    def lire(valeur: Any) -> Json:
        exiger(isinstance(valeur, dict))
        connus = {nom.rstrip("?") for nom in champs}
        exiger(all(nom in connus for nom in valeur))
        lu: Json = {}
        for nom, lecteur in champs.items():
            if nom.endswith("?"):
                nom = nom.rstrip("?")
                if valeur.get(nom) is None:
                    continue
            exiger(nom in valeur)
            lu[nom] = lecteur(valeur[nom])
        return lu

    return lire


tranche_lue = objet(
    {"rang": entier, "exercice": entier, "montant_centimes": entier, "echeance": date_lue}
)


def echeancier_lu(valeur: Any) -> list[Json]:
    exiger(isinstance(valeur, list) and len(valeur) <= 200)
    return [tranche_lue(tranche) for tranche in valeur]


def roles_lus(valeur: Any) -> list[str]:
    exiger(isinstance(valeur, list))
    return [parmi(*ROLES_FABRIQUE)(role) for role in valeur]


def chaine(valeur: Any) -> str:
    """A word whose list of values is judged later, by ``regles_incoherentes``."""
    exiger(isinstance(valeur, str))
    return str(valeur)


def exercice_ou_null(valeur: Any) -> int | None:
    return None if valeur is None else int(exercice_lu(valeur))


def exercices_max_lu(valeur: Any) -> int:
    exiger(entier(valeur) <= 100)
    return int(valeur)


MONTANTS_DES_REGLES = (
    "enveloppe_centimes",
    "plancher_centimes",
    "plafond_centimes",
    "plafond_annuel_centimes",
    "bonus_centimes",
)
QUOTAS = ("quota_total", "quota_qpv", "quota_hors_qpv", "quota_numeriques")
LISTES_DES_REGLES = {
    "imputation_bonus": ("enveloppe", "hors_enveloppe"),
    "quotas": ("bloquants", "indicatifs"),
    "credits": ("non_suivis", "indicatifs", "bloquants"),
}
BOOLEENS_DES_REGLES = (
    "retraits_anterieurs_recyclables",
    "instruction_requise",
    "avis_requis",
    "bilan_requis",
    "ordonnancement_requis",
)
CHAMPS_OBLIGATOIRES_DES_REGLES: dict[str, Lecteur] = {
    **dict.fromkeys(MONTANTS_DES_REGLES, montant_signe),
    **dict.fromkeys(QUOTAS, montant_signe),
    **dict.fromkeys(LISTES_DES_REGLES, chaine),
    "exercices_max": exercices_max_lu,
    "exercice_bonus": exercice_ou_null,
}
CHAMPS_FACULTATIFS_DES_REGLES: dict[str, Lecteur] = {
    **dict.fromkeys(BOOLEENS_DES_REGLES, booleen),
    "echeance_defaut": jour_de_chaque_annee,
}


def regles_completes(valeur: Any) -> Json:
    champs = dict(CHAMPS_OBLIGATOIRES_DES_REGLES)
    champs.update({f"{nom}?": lire for nom, lire in CHAMPS_FACULTATIFS_DES_REGLES.items()})
    defauts: Json = {**dict.fromkeys(BOOLEENS_DES_REGLES, False), "echeance_defaut": "03-01"}
    defauts.update(objet(champs)(valeur))
    return defauts


def regles_revisees(valeur: Any) -> Json:
    """Only what changes; null is absent, but for ``exercice_bonus`` where it is a value."""
    champs = CHAMPS_OBLIGATOIRES_DES_REGLES | CHAMPS_FACULTATIFS_DES_REGLES
    del champs["enveloppe_centimes"]
    facultatifs = {f"{nom}?": lire for nom, lire in champs.items()}
    lues: Json = objet(facultatifs)(valeur)
    if "exercice_bonus" in valeur:
        lues["exercice_bonus"] = exercice_ou_null(valeur["exercice_bonus"])
    exiger(lues != {})
    return lues


COMMUNS: dict[str, Lecteur] = {
    "commande": chaine,
    "id_commande": motif_exact("[ -~]{1,64}"),
    "programme": slug,
    "acteur": objet({"id": texte(200), "role": parmi(*ROLES_ACTEUR)}),
    "date_effet": date_lue,
}
IDENTITE: dict[str, Lecteur] = {
    "porteur": texte(500),
    "code_postal": code_postal_lu,
    "ville": texte(500),
    "territoire": parmi(*TERRITOIRES),
    "numerique": booleen,
}
ATTRIBUTS: dict[str, Lecteur] = {"siret?": siret_lu, "rna?": rna_lu, "vague?": vague_lue}
STRUCTURE: dict[str, Lecteur] = {"structure": slug}
STRUCTURE_MOTIF: dict[str, Lecteur] = {"structure": slug, "motif": texte(4000)}
CREDITS_POSITIFS: dict[str, Lecteur] = {
    "exercice": exercice_lu,
    "ae_centimes": montant_ou_zero,
    "cp_centimes": montant_ou_zero,
    "source": texte(4000),
}
VERSEMENT: dict[str, Lecteur] = {
    "structure": slug,
    "montant_centimes": montant_positif,
    "reference": texte(200),
    "exercice?": exercice_lu,
}
REVERSEMENT: dict[str, Lecteur] = {
    "structure": slug,
    "montant_centimes": montant_positif,
    "titre": texte(200),
}

# The spelling with accents of each command, and its own fields.
COMMANDES: dict[str, dict[str, Lecteur]] = {
    "OuvrirProgramme": {
        "intitule": texte(500),
        "regles": regles_completes,
        "source": texte(4000),
        "attribuant?": objet({"nom": texte(500), "siret?": siret_lu}),
    },
    "RéviserRègles": {"regles": regles_revisees, "source": texte(4000)},
    "ModifierEnveloppe": {"variation_centimes": montant_signe, "source": texte(4000)},
    "OuvrirCrédits": CREDITS_POSITIFS
    | {
        "ae_centimes": montant_signe,
        "cp_centimes": montant_signe,
        "nature": parmi(*NATURES),
    },
    "GelerCrédits": CREDITS_POSITIFS,
    "DégelerCrédits": CREDITS_POSITIFS,
    "DéposerCandidature": STRUCTURE
    | IDENTITE
    | ATTRIBUTS
    | {"montant_demande_centimes?": montant_ou_zero},
    "CorrigerStructure": STRUCTURE_MOTIF
    | ATTRIBUTS
    | {f"{nom}?": lire for nom, lire in IDENTITE.items()},
    "InstruireCandidature": STRUCTURE
    | {
        "criteres": objet(
            {critere: parmi("rempli", "non_rempli", "a_verifier") for critere in CRITERES}
        ),
        "roles?": roles_lus,
        "montant_propose_centimes?": montant_ou_zero,
        "note?": texte(4000),
    },
    "RendreAvis": STRUCTURE
    | {"avis": parmi("favorable", "reserve", "defavorable"), "instance": texte(200)},
    "RejeterCandidature": STRUCTURE_MOTIF,
    "RetirerCandidature": STRUCTURE_MOTIF,
    "LabelliserFabrique": STRUCTURE
    | {
        "montant_centimes": montant_positif,
        "echeancier?": echeancier_lu,
        "territoire?": parmi(*TERRITOIRES),
        "numerique?": booleen,
        "vague?": vague_lue,
    },
    "SignerConvention": STRUCTURE | {"reference": texte(200), "ej?": texte(200)},
    "SignerAvenant": STRUCTURE_MOTIF
    | {"montant_centimes": montant_positif, "echeancier": echeancier_lu},
    "AccorderBonusNumérique": STRUCTURE | {"exercice?": exercice_lu},
    "RecevoirBilan": STRUCTURE | {"exercice": exercice_lu, "accepte": booleen},
    "OrdonnancerTranche": STRUCTURE
    | {"rang": entier, "montant_centimes": montant_positif, "dp": texte(200)},
    "VerserTranche": VERSEMENT | {"rang": entier},
    "VerserBonus": VERSEMENT,
    "AnnulerVersement": STRUCTURE
    | {"position": position_lue, "motif": parmi("rejet_bancaire", "erreur")},
    "RapprocherVersement": STRUCTURE
    | {"position": position_lue, "dp": texte(200), "exercice_dp": exercice_lu, "ej?": texte(200)},
    "RetirerLabel": STRUCTURE_MOTIF,
    "DemanderReversement": REVERSEMENT,
    "EncaisserReversement": REVERSEMENT,
    "ClôturerExercice": {"exercice": exercice_lu},
    "CloreProgramme": {"motif": texte(4000)},
    "ReprendreJournal": {
        "origine_precedente": texte(500),
        "taille_satisfaite": entre(0, 2**53 - 1),
        "taille_perdue": entre(0, 2**53 - 1),
        "racine_perdue": motif_exact("[A-Za-z0-9+/]{43}="),
        "motif": texte(4000),
    },
}


def sans_accents(nom: str) -> str:
    decompose = unicodedata.normalize("NFD", nom)
    return "".join(c for c in decompose if not unicodedata.combining(c))


SCHEMAS = {sans_accents(nom): COMMUNS | champs for nom, champs in COMMANDES.items()}
VERBES = {nom: sans_accents(nom) for nom in COMMANDES} | {nom: nom for nom in SCHEMAS}


def valider(commande: Any) -> Json:
    """The normalised command: ASCII verb, NFC texts, explicit defaults."""
    exiger(isinstance(commande, dict) and isinstance(commande.get("commande"), str))
    verbe = VERBES.get(unicodedata.normalize("NFC", commande["commande"]))
    exiger(verbe is not None)
    lue: Json = objet(SCHEMAS[str(verbe)])(commande)
    lue["commande"] = verbe
    if verbe == "CorrigerStructure":
        corrections = [nom.rstrip("?") for nom in (*IDENTITE, *ATTRIBUTS)]
        exiger(any(nom in lue for nom in corrections))
    if verbe == "InstruireCandidature":
        lue.setdefault("roles", [])
    if verbe in ("VerserTranche", "VerserBonus"):
        lue.setdefault("exercice", annee(lue["date_effet"]))
    return lue
