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
from ledger.schemas import schema_des_marques, schema_revision
from ledger.vocabulaire import MEMBRES

from .decider import COMMANDES, VERBES
from .hypotheses import HYPOTHESES, Hypothese
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

PHRASES_HYPOTHESES: dict[str, str] = {
    "labelliser": "Labelliser tant de structures supposées, à un montant.",
    "labelliser_jusqu_au_refus": "Labelliser jusqu'à ce qu'une règle refuse.",
    "geler_credits": "Geler une part des AE, des CP ou des deux ouverts sur un exercice.",
    "annuler_cp": "Annuler une part des CP ouverts sur un exercice.",
    "verser_echeances": "Payer à son échéance chaque tranche due, et chaque bonus accordé.",
}
"""Short verb of a scenario -> what it supposes."""
_MEMBRES_HYPOTHESES = {
    "hypothese": "Le verbe court.",
    "nombre": "Combien de structures supposées.",
    "maximum": "Combien au plus.",
    "bonus": "Si le bonus numérique est accordé en plus.",
    "intervalle_jours": "Un label tous les tant de jours, à partir de date_effet.",
    "part_dix_milliemes": "La part de ce qui est ouvert, en dix-millièmes (400 : 4 %).",
    "sur": "Ce qui est gelé : ae, cp ou ae_et_cp.",
    "jusqu_au": "La dernière échéance payée.",
    "depuis": "Le jour où ce qui est déjà dû est payé (par défaut : dernière date d'effet).",
    "bilans_acceptes": "Si les bilans exigés sont supposés reçus et acceptés.",
}

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
REMPLIS = ("programme", "id_commande", "acteur")
"""What a line of a scenario may leave out."""
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


def schema_ligne() -> Schema:
    """The schema of a line of `executer`: any command, and the marks of the fact to record."""
    marques, definitions = schema_des_marques()
    documents = {}
    for classe in COMMANDES:
        complet = _commande(classe)
        membres = {**complet["properties"], **{m: _facultatif(s) for m, s in marques.items()}}
        defs = {**complet.get("$defs", {}), **definitions}
        documents[ascii_de(classe.verbe)] = {**complet, "properties": membres, "$defs": defs}
    return _rassembler(_ID.format("ligne"), "Ligne de commandes", documents)


def schema_scenario() -> Schema:
    """The schema of a line of a scenario: a short verb, or a command less what is filled in."""
    documents = {}
    for classe in COMMANDES:
        complet = _commande(classe)
        requis = [m for m in complet["required"] if m not in REMPLIS]
        membres = {
            m: _facultatif(s) if m in REMPLIS else s for m, s in complet["properties"].items()
        }
        documents[ascii_de(classe.verbe)] = {**complet, "properties": membres, "required": requis}
    for nom, modele in HYPOTHESES.items():
        documents[nom] = _hypothese(nom, modele)
    return _rassembler(_ID.format("scenario"), "Ligne de scénario", documents)


def _hypothese(nom: str, modele: type[Hypothese]) -> Schema:
    brut = modele.model_json_schema()
    requis = brut["required"]
    membres = {
        m: s if m in requis else _ou_null(_sans_titre(s))
        for m, s in nettoyer(brut["properties"], {}).items()
    }
    corps: Schema = {
        "type": "object",
        "description": PHRASES_HYPOTHESES[nom],
        "properties": {**membres, "hypothese": {"const": nom}},
        "required": requis,
        "additionalProperties": False,
    }
    return document(
        _ID.format(nom), nom, decrire(corps, nom, {**MEMBRES, **_MEMBRES_HYPOTHESES}), {}
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


def _facultatif(sous: Schema) -> Schema:
    """The same, its sentence kept."""
    phrase = {"description": sous["description"]} if "description" in sous else {}
    return {**phrase, **_ou_null(sous)}


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
