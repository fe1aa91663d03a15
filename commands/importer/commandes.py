"""Any command: from a table (a column per member, `commande` the verb) or from JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..decider import COMMANDES, VERBES
from ..identifiants import identifiant_commande
from ..lecture_json import CommandeIllisible, en_commande
from ..marques import MARQUES, lire_ligne_marquee
from ..modele import Commande
from ..tableaux import Cellule, Entete, Rangee, Tableau, TableauIllisible, trouver_entete
from ..tableaux.valeurs import (
    Lue,
    ValeurRefusee,
    lire_booleen,
    lire_code_postal,
    lire_entier,
    lire_montant,
    lire_siret,
    lire_texte,
)
from .actes import illisible, mois_jour, rangees_de_donnees
from .champs import Champ, Lecture, lire_jour
from .composition import Plan
from .issues import Bilan, Constat
from .lignes import designer
from .lignes import lire_ligne as lire_rangee
from .moteur import Acte

_BOOLEENS = frozenset({"numerique", "accepte"})
_DATES = frozenset({"date_effet"})
_ENTIERS = frozenset({"rang", "exercice", "position", "taille_satisfaite", "taille_perdue"})
_EN_JSON = frozenset({"echeancier", "regles", "criteres", "roles", "attribuant"})
_EUROS = {
    "montant": "montant_centimes",
    "montant_demande": "montant_demande_centimes",
    "montant_propose": "montant_propose_centimes",
    "variation": "variation_centimes",
    "ae": "ae_centimes",
    "cp": "cp_centimes",
}
"""Columns in euros, as people write them -> the member in cents."""
_MEMBRES = tuple(
    dict.fromkeys(
        membre for classe in COMMANDES for membre in classe.model_fields if membre != "acteur"
    )
)


def _lire(champ: str) -> Champ:
    def lire(cellule: Cellule, lecture: Lecture, nom: str) -> Lue:
        if champ in _EUROS:
            return lire_montant(cellule)
        if champ in _ENTIERS or champ.endswith("_centimes"):
            return lire_entier(cellule)
        if champ in _BOOLEENS:
            return lire_booleen(cellule)
        if champ in _DATES:
            return lire_jour(cellule, lecture, nom)
        if champ in _EN_JSON:
            return _lire_json(cellule)
        if champ == "siret":
            return lire_siret(cellule)
        if champ == "code_postal":
            return lire_code_postal(cellule, retablir=lecture.zeros_perdus)
        return lire_texte(cellule)

    alias = {"acteur": ("acteur id", "auteur"), "date_effet": ("date", "date d'effet")}
    return Champ(champ, lire, alias.get(champ, ()))


def _lire_json(cellule: Cellule) -> Lue:
    texte, alertes = lire_texte(cellule)
    try:
        return json.loads(texte), alertes
    except (ValueError, RecursionError) as erreur:
        raise ValeurRefusee(
            "valeur_invalide", f"{texte[:40]!r} n'est pas du JSON", "Écrire une liste ou un objet."
        ) from erreur


CHAMPS: tuple[Champ, ...] = tuple(
    _lire(nom) for nom in ("commande", *_MEMBRES, *_EUROS, "acteur", "role")
)


def entete_des_commandes(
    tableau: Tableau, colonnes: Mapping[str, str], constantes: Mapping[str, str]
) -> Entete:
    """The headings of a table of commands. Raises: TableauIllisible."""
    connus = [champ.nom for champ in CHAMPS]
    for nom in (*colonnes, *constantes):
        if nom not in connus:
            raise TableauIllisible(
                "entete_introuvable",
                f"Le champ {nom[:40]!r} n'existe dans aucune commande.",
                remede=f"Champs : {', '.join(connus)}.",
            )
    entete = trouver_entete(tableau, {c.nom: c.alias for c in CHAMPS}, imposees=colonnes)
    if "commande" not in entete.colonnes and "commande" not in constantes:
        raise TableauIllisible(
            "entete_introuvable",
            f"{tableau.nom} n'a pas de colonne « commande ».",
            remede="L'ajouter, ou donner la même à tout le fichier : --valeur commande=VERBE.",
        )
    return entete


def actes_des_commandes(
    tableau: Tableau,
    entete: Entete,
    plan: Plan,
    bilan: Bilan,
    *,
    constantes: Mapping[str, str],
    lecture: Lecture,
) -> Iterator[Acte]:
    """One act for each row of a table of commands."""
    lecture = Lecture(lecture.serie, lecture.zeros_perdus, mois_jour(tableau, entete))
    for rangee in rangees_de_donnees(tableau, entete, bilan):
        if rangee.defaut is not None:
            yield illisible(rangee)
        else:
            yield _acte(rangee, entete, plan, constantes, lecture)


def _acte(
    rangee: Rangee, entete: Entete, plan: Plan, constantes: Mapping[str, str], lecture: Lecture
) -> Acte:
    lue = lire_rangee(rangee, entete, CHAMPS, lecture, constantes)
    valeurs = dict(lue.valeurs)
    refus = [*lue.refus]
    for euros, membre in _EUROS.items():
        if euros not in valeurs:
            continue
        if membre in valeurs:
            refus.append(
                Constat(
                    "valeur_invalide",
                    f"{euros} (en euros) et {membre} (en centimes) sont tous deux remplis",
                    "N'en garder qu'un.",
                    designer(entete, euros),
                )
            )
        valeurs[membre] = valeurs.pop(euros)
    acteur = valeurs.pop("acteur", plan.acteur)
    role = valeurs.pop("role", plan.role)
    valeurs = {"programme": plan.programme, "acteur": {"id": acteur, "role": role}, **valeurs}
    if "commande" not in valeurs or valeurs["commande"] not in VERBES:
        verbe = str(valeurs.get("commande", ""))[:40]
        phrase = f"le verbe {verbe!r} n'existe pas" if verbe else "le verbe manque"
        remede = "Verbes : voir « fabriques schemas »."
        refus.append(Constat("verbe_inconnu", phrase, remede, designer(entete, "commande"), verbe))
    if not refus and "id_commande" not in valeurs:
        valeurs["id_commande"] = identifiant_commande("import-commande", _simple(valeurs))
    return Acte(
        rangee.numero,
        None if refus else valeurs,
        alertes=lue.alertes,
        refus=tuple(refus),
        de_colonne=lue.de_colonne,
        colonnes=lambda membre: _colonne(entete, membre),
        doublon_refuse="id_commande" not in lue.valeurs,
    )


def _colonne(entete: Entete, membre: str) -> str | None:
    euros = next((e for e, m in _EUROS.items() if m == membre), membre)
    return designer(entete, membre) or designer(entete, euros)


def actes_des_lignes(lignes: Iterator[tuple[int, bytes]], plan: Plan) -> Iterator[Acte]:
    """One act for each JSON line; programme, actor and id are completed when they are absent.

    A line may carry the marks of an exported command: its correlation is kept; its provenance is
    not, an import records the file that it reads.
    """
    for numero, octets in lignes:
        marquee = lire_ligne_marquee(octets)
        lue = marquee.saisie
        derive = False
        if isinstance(lue, CommandeIllisible) and _absents(lue):
            derive = "id_commande" in _absents(lue)
            lue = _completer(octets, plan)
        yield Acte(numero, lue, doublon_refuse=derive, correlation=marquee.correlation)


def _absents(lue: CommandeIllisible) -> set[str]:
    return {
        champ
        for champ, raison in lue.defauts
        if raison == "membre absent" and champ in ("programme", "acteur", "id_commande")
    }


def _completer(octets: bytes, plan: Plan) -> Commande | CommandeIllisible:
    donnees: dict[str, Any] = json.loads(octets.decode("utf-8-sig"))
    for marque in MARQUES:
        donnees.pop(marque, None)
    donnees.setdefault("programme", plan.programme)
    donnees.setdefault("acteur", {"id": plan.acteur, "role": plan.role})
    if "id_commande" not in donnees:
        donnees["id_commande"] = identifiant_commande("import-commande", _simple(donnees))
    return en_commande(donnees)


def _simple(donnees: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data to digest; what no command holds (a float) is digested as its text."""
    lu: dict[str, Any] = json.loads(json.dumps(donnees), parse_float=str, parse_constant=str)
    return lu
