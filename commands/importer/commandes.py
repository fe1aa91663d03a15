"""Any command: from a table (a column per member, `commande` the verb) or from JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

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
from .champs import Champ, Lecture, Lire, lire_jour
from .composition import Plan
from .issues import Bilan, Constat
from .lignes import designer, surnumeraires
from .lignes import lire_ligne as lire_rangee
from .moteur import Acte

_EUROS = {
    "montant": "montant_centimes",
    "montant_demande": "montant_demande_centimes",
    "montant_propose": "montant_propose_centimes",
    "variation": "variation_centimes",
    "ae": "ae_centimes",
    "cp": "cp_centimes",
}
"""Columns in euros, as people write them -> the member in cents."""
_PROPRES: Mapping[str, Lire] = {
    "siret": lambda cellule, _, __: lire_siret(cellule),
    "code_postal": lambda cellule, lecture, _: lire_code_postal(
        cellule, retablir=lecture.zeros_perdus
    ),
    "acteur": lambda cellule, _, __: lire_texte(cellule),
    **dict.fromkeys(_EUROS, lambda cellule, _, __: lire_montant(cellule)),
}
"""Members read in a way of their own; `acteur` is a column for its id, `role` another."""
_ALIAS = {"acteur": ("acteur id", "auteur"), "date_effet": ("date", "date d'effet")}


def _lire(annotation: Any) -> Lire:
    """How a cell of that type is read: what is neither text, number, date nor yes/no is in JSON."""
    types = _types(annotation)
    if types <= {str}:
        return lambda cellule, _, __: lire_texte(cellule)
    if types <= {bool}:
        return lambda cellule, _, __: lire_booleen(cellule)
    if types <= {int}:
        return lambda cellule, _, __: lire_entier(cellule)
    return lire_jour if types <= {date} else lambda cellule, _, __: _lire_json(cellule)


def _types(annotation: Any) -> set[Any]:
    """The types that a value may have, without its constraints and without None."""
    origine, arguments = get_origin(annotation), get_args(annotation)
    if origine is Literal:
        return {type(valeur) for valeur in arguments}
    if origine is Annotated:
        return _types(arguments[0])
    if origine in (Union, UnionType):
        return set().union(*map(_types, arguments)) - {NoneType}
    return {annotation}


def _lire_json(cellule: Cellule) -> Lue:
    texte, alertes = lire_texte(cellule)
    try:
        return json.loads(texte), alertes
    except (ValueError, RecursionError) as erreur:
        raise ValeurRefusee(
            "valeur_invalide", f"{texte[:40]!r} n'est pas du JSON", "Écrire une liste ou un objet."
        ) from erreur


def _champs() -> tuple[Champ, ...]:
    """A column for the verb, then one for each member of any command, amounts in euros too."""
    annotations: dict[str, Any] = {"commande": str}
    for classe in COMMANDES:
        for nom, champ in classe.model_fields.items():
            annotations[nom] = champ.annotation
    annotations |= {**dict.fromkeys(_EUROS), "role": str}
    return tuple(
        Champ(nom, _PROPRES.get(nom) or _lire(annotation), _ALIAS.get(nom, ()))
        for nom, annotation in annotations.items()
    )


CHAMPS = _champs()


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
    entete.exiger_euros(_EUROS)
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
    decalee = surnumeraires(rangee, entete)
    refus = [*lue.refus, *((decalee,) if decalee is not None else ())]
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
        yield Acte(
            numero,
            lue,
            doublon_refuse=derive,
            correlation=marquee.correlation,
            remede="Corriger la ligne JSON.",
        )


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
