"""JSON Schemas (2020-12) of the commands and of the receipts that answer them.

    schema("VerserTranche")   # one command
    schemas()                 # any of them

A command that its schema refuses is refused by the ledger (`commande_invalide`). The contrary is
not promised: `LIMITES` lists what JSON Schema cannot say, and whether a well-formed command is
*accepted* depends on the state of the programme.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.schema_json import Schema, ascii_de, de_structs, decrire, document, nettoyer
from ledger.schema_json import rassembler as _rassembler
from ledger.schemas import schema_revision

from .decider import COMMANDES, VERBES
from .modele import Commande
from .recus import Statut
from .refus import CODES
from .verbes.candidature import CORRIGEABLES, CRITERES

PHRASES: dict[str, str] = {
    "OuvrirProgramme": "Ouvre un programme avec ses règles et son enveloppe.",
    "RéviserRègles": "Change des règles à partir de la date d'effet, jamais l'enveloppe.",
    "ModifierEnveloppe": "Augmente ou diminue l'enveloppe.",
    "CloreProgramme": "Met fin aux candidatures et aux engagements.",
    "OuvrirCrédits": "Ouvre (ou annule, en négatif) des AE et des CP sur un exercice.",
    "GelerCrédits": "Gèle des AE et des CP d'un exercice.",
    "DégelerCrédits": "Dégèle des AE et des CP d'un exercice.",
    "DéposerCandidature": "Dépose une candidature.",
    "CorrigerStructure": "Corrige ce qui est enregistré d'une structure : un membre au moins.",
    "InstruireCandidature": "Enregistre l'instruction sur les cinq critères.",
    "RendreAvis": "Enregistre l'avis de l'instance consultative.",
    "RejeterCandidature": "Rejette la candidature.",
    "RetirerCandidature": "Enregistre le retrait de la candidature.",
    "LabelliserFabrique": "Accorde le label et la subvention ; sans échéancier, parts égales.",
    "SignerConvention": "Enregistre la convention signée.",
    "SignerAvenant": "Change le montant (nouveau total) et l'échéancier de la subvention.",
    "AccorderBonusNumérique": "Accorde le bonus numérique.",
    "RecevoirBilan": "Enregistre le bilan d'un exercice.",
    "RetirerLabel": "Retire le label et ce qui n'était pas payé.",
    "OrdonnancerTranche": "Ordonnance le paiement d'une tranche (rang 0 : du bonus).",
    "VerserTranche": "Paie une tranche, en tout ou partie.",
    "VerserBonus": "Paie le bonus numérique, en tout ou partie.",
    "AnnulerVersement": "Annule un versement en entier.",
    "RapprocherVersement": "Enregistre qu'un versement est retrouvé dans Chorus.",
    "DemanderReversement": "Réclame une somme payée.",
    "EncaisserReversement": "Encaisse une somme réclamée.",
    "ClôturerExercice": "Clôture un exercice et tous les précédents.",
    "ReprendreJournal": "Fonde la suite d'un journal repris d'une sauvegarde.",
}
"""Verb -> what it asks."""

LIMITES: dict[str, str] = {
    "nombre_entier_decimal": "1.0 est un entier pour JSON Schema ; un montant s'écrit 1.",
    "membre_double": "Un membre qui figure deux fois : un schéma ne voit que l'objet lu.",
    "nfc": "Les longueurs se comptent, et le verbe se lit, une fois le texte en NFC.",
    "texte_invisible": "Un texte fait seulement de signes invisibles est vide.",
    "acteur_invisible": "acteur.id n'admet aucun signe invisible ni espace autre que U+0020.",
    "isole": "Un demi-caractère (surrogate) n'est pas du texte.",
    "cle_siret": "La clé d'un SIRET se recalcule.",
    "calendrier": "Une date du calendrier : `format` n'oblige que si le validateur le contrôle.",
    "taille": "Une commande fait 1 000 000 octets au plus.",
}
"""What the schemas cannot say of a command that the ledger refuses as `commande_invalide`."""

RECU = "recu"
_ID = "urn:fabriques:commandes:{}:v1"
_AU_MOINS_UN = {
    "anyOf": [
        {"required": [champ], "properties": {champ: {"not": {"type": "null"}}}}
        for champ in CORRIGEABLES
    ]
}


class _Recu(Struct, frozen=True):
    """The public JSON of a receipt (`Recu.en_json`)."""

    id_commande: str | None
    statut: Statut
    code: str | None
    message: str | None
    positions: tuple[int, ...]
    taille: int | None
    racine: str | None


_PHRASES_RECU = {
    "id_commande": "La commande à laquelle le reçu répond ; null si elle ne se lit pas.",
    "statut": "acceptee, deja_executee (rien n'est refait) ou refusee.",
    "code": "Code du refus.",
    "message": "Phrase du refus.",
    "positions": "Positions des faits de la commande.",
    "taille": "Taille du journal juste après.",
    "racine": "Racine de Merkle à cette taille, en base64 : la garder hors de la base.",
}


def schema(verbe: str) -> Schema:
    """The schema of a command, its verb with or without accents. Raises: UsageError."""
    classe = VERBES.get(verbe)
    if classe is None:
        raise UsageError(
            f"Le verbe {verbe[:60]!r} est inconnu.",
            remede=f"Verbes : {', '.join(c.verbe for c in COMMANDES)}.",
        )
    return _commande(classe)


def schemas() -> Schema:
    """One schema for any command; the definitions name every verb, without accents."""
    return _rassembler(
        _ID.format("toutes"),
        "Commande",
        {ascii_de(classe.verbe): _commande(classe) for classe in COMMANDES},
    )


def schema_recu() -> Schema:
    """The schema of a receipt."""
    _, defs = de_structs([_Recu], _PHRASES_RECU)
    corps = defs.pop("_Recu")
    membres = corps["properties"]
    membres["code"] = {**membres["code"], "anyOf": [{"enum": sorted(CODES)}, {"type": "null"}]}
    return document(_ID.format(RECU), "Reçu", corps, defs)


def _commande(classe: type[Commande]) -> Schema:
    brut = classe.model_json_schema()
    defs = {
        nom: decrire(nettoyer(_sans_titre(d), {}), nom) for nom, d in brut.pop("$defs", {}).items()
    }
    if "RevisionRegles" in defs:
        defs["RevisionRegles"] = schema_revision()
    requis = ["commande", *brut["required"]]
    noms = list(dict.fromkeys((classe.verbe, ascii_de(classe.verbe))))
    membres = {"commande": {"enum": noms}} | {
        nom: _listes(sous if nom in requis else _ou_null(sous))
        for nom, sous in nettoyer(brut["properties"], {}).items()
    }
    if "criteres" in membres:
        membres["criteres"] = _criteres(membres["criteres"])
    corps: Schema = {
        "type": "object",
        "description": PHRASES.get(classe.verbe, ""),
        "properties": membres,
        "required": requis,
        "additionalProperties": False,
        **(_AU_MOINS_UN if classe.verbe == "CorrigerStructure" else {}),
    }
    decrit = decrire(corps, classe.verbe)
    return document(_ID.format(ascii_de(classe.verbe)), classe.verbe, decrit, defs)


def _sans_titre(objet: Schema) -> Schema:
    return {k: v for k, v in objet.items() if k not in ("title", "description")}


def _ou_null(sous: Schema) -> Schema:
    """At the top of a command, null is absence."""
    if {"type": "null"} in sous.get("anyOf", ()):
        return sous
    return {"anyOf": [_sans_titre(sous), {"type": "null"}]}


def _listes(valeur: Any) -> Any:
    """The bound of a list: pydantic names it as that of a text where a validator comes first."""
    if isinstance(valeur, list):
        return [_listes(v) for v in valeur]
    if not isinstance(valeur, dict):
        return valeur
    if valeur.get("type") == "array" and "maxLength" in valeur:
        valeur = {("maxItems" if k == "maxLength" else k): v for k, v in valeur.items()}
    return {k: _listes(v) for k, v in valeur.items()}


def _criteres(sous: Schema) -> Schema:
    """Exactly the five criteria."""
    verdict = sous["additionalProperties"]
    return {
        "type": "object",
        "properties": dict.fromkeys(CRITERES, verdict),
        "required": list(CRITERES),
        "additionalProperties": False,
    }
