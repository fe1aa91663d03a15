"""The forecast as sheets: CP by exercice and by month, ceilings, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ..appuis import Appui
from ..cellules import Unite
from ..prevision import PREFIXE_AE, PlafondPrevu, Prevision
from .attendus import classeur_de_feuilles
from .cartouche import Attendu, Cartouche, somme
from .modele import Cellule, Classeur, Colonne, Feuille, Formule, Genre, Ligne, Nombre, Tableau
from .unites import CELLULE, UNITE, dite, en_unite

MOIS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_PLAFONDS = {
    "enveloppe": "Enveloppe",
    "quota_total": "Quota total",
    "quota_qpv": "Quota QPV",
    "quota_hors_qpv": "Quota hors QPV",
    "quota_numeriques": "Quota numériques",
}
_MONTANTS = (
    Colonne("ferme", "Ferme", "montant", total=True),
    Colonne("exigible", "dont exigible", "montant", total=True),
    Colonne("suppose", "Supposé", "montant", total=True),
    Colonne("total", "Total", "montant", total=True),
)
_TOTAL = "ROUND({ferme}+{suppose};2)"
_DES_PLAFONDS = (
    Colonne("plafond", "Plafond, à ce rythme", largeur=24),
    Colonne("bloquant", "Bloquant", largeur=9),
    UNITE,
    Colonne("reste", "Reste", "montant"),
    Colonne("pris", "Pris sur la fenêtre", "montant"),
    Colonne("le", "Atteint le", "date"),
    Colonne("dans_jours", "Dans (jours)", "entier"),
    Colonne("quand", "Ce qui est prévu", largeur=16),
)
_DES_APPUIS = (
    Colonne("chiffre", "Chiffre", largeur=28, replie=True),
    CELLULE,
    Colonne("position", "Fait, position", "entier"),
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("jour", "Date", "date"),
    UNITE,
    Colonne("valeur", "Valeur", "montant"),
)


def nommer_mois(mois: str) -> str:
    """`2021-07` for people: `juillet 2021`."""
    annee, _, rang = mois.partition("-")
    return f"{MOIS[int(rang) - 1]} {annee}"


def nommer_plafond(plafond: str) -> str:
    """How people read a ceiling: those of the AE bear their exercice."""
    return _PLAFONDS.get(plafond) or f"AE {plafond.removeprefix(PREFIXE_AE)}"


def dire_quand(plafond: PlafondPrevu) -> str:
    """When a ceiling without a date to come is met; empty when it has one."""
    if plafond.dans_jours == 0:
        return "déjà atteint"
    if plafond.le is None:
        return "jamais" if plafond.dans_jours is None else "après 2999"
    return ""


def deja_exigible(figure: Prevision) -> Iterator[tuple[str, int]]:
    """What stands before the months to come: due already, or carried by no schedule."""
    for nom, centimes in (
        ("tranches exigibles", figure.exigible_tranches_centimes),
        ("bonus exigibles", figure.exigible_bonus_centimes),
        ("hors échéancier", figure.hors_echeancier_centimes),
    ):
        if centimes:
            yield nom, centimes


def tableau_mois(figure: Prevision) -> Tableau:
    """`prevision`: what is due already, then month by month. The firm part is the outstanding."""
    lignes: list[Ligne] = [
        [nom, None, c, 0 if nom == "hors échéancier" else c, 0, Formule(_TOTAL, c)]
        for nom, c in deja_exigible(figure)
    ]
    lignes += [
        [
            nommer_mois(m.mois),
            date.fromisoformat(f"{m.mois}-01"),
            m.ferme_centimes,
            0,
            m.suppose_centimes,
            Formule(_TOTAL, m.total_centimes),
        ]
        for m in figure.mois
    ]
    colonnes = (
        Colonne("periode", "Période", largeur=22),
        Colonne("mois", "Mois (premier jour)", "date"),
        *_MONTANTS,
    )
    return Tableau("mois", "CP par mois", colonnes, lignes, len(lignes))


def classeur_prevision(entete: Cartouche, figure: Prevision) -> Classeur:
    """`prevision`: by exercice and by month, the firm part is the outstanding of the envelope."""
    exercices, mois = _exercices(figure), tableau_mois(figure)
    reste, suppose = figure.reste_a_payer_centimes, figure.suppose_centimes
    attendus: list[Attendu] = []
    for nom, tableau in (("Exercices", exercices), ("Mois", mois)):
        attendus += (
            somme(f"{nom} : reste à payer de l'enveloppe", reste, tableau.cle, "ferme"),
            somme(f"{nom} : labels supposés", suppose, tableau.cle, "suppose"),
        )
    feuilles = (
        Feuille("Exercices", (exercices,)),
        Feuille("Mois", (mois,)),
        Feuille("Plafonds", (_plafonds(figure),)),
        Feuille("Hypothèses", (_rythme(figure), _hypotheses(figure)), sous_titre=entete.resume),
    )
    return classeur_de_feuilles("Prévision", entete, feuilles, attendus)


def _exercices(figure: Prevision) -> Tableau:
    lignes: list[Ligne] = [
        [
            e.exercice,
            e.ferme_centimes,
            e.exigible_centimes,
            e.suppose_centimes,
            Formule(_TOTAL, e.total_centimes),
        ]
        for e in figure.exercices
    ]
    colonnes = (Colonne("exercice", "Exercice", "entier"), *_MONTANTS)
    return Tableau("exercices", "CP par exercice", colonnes, lignes, len(lignes))


def _plafonds(figure: Prevision) -> Tableau:
    lignes: list[Ligne] = []
    for p in figure.plafonds:
        unite: Unite = "nombre" if p.plafond.startswith("quota_") else "centimes"
        lignes.append(
            [
                nommer_plafond(p.plafond),
                p.bloquant,
                dite(unite),
                en_unite(p.reste, unite),
                en_unite(p.pris, unite),
                p.le,
                p.dans_jours,
                dire_quand(p),
            ]
        )
    return Tableau("plafonds", "Plafonds", _DES_PLAFONDS, lignes, len(lignes))


def _rythme(figure: Prevision) -> Tableau:
    r = figure.rythme
    premier = figure.premier_plafond
    valeurs: tuple[tuple[str, Cellule], ...] = (
        ("Rythme", "constaté" if r.origine == "constate" else "donné"),
        ("Depuis", r.depuis),
        ("Jusqu'au", r.jusqu_au),
        ("Jours", _nombre(r.jours)),
        ("Labels", _nombre(r.labels)),
        ("Engagé net", r.engage_net_centimes),
        ("Coût moyen", r.cout_moyen_centimes),
        ("Labels supposés", _nombre(figure.labels_supposes)),
        ("Dernière année supposée", str(figure.horizon)),
        ("Premier plafond bloquant", "aucun" if premier is None else nommer_plafond(premier)),
    )
    colonnes = (
        Colonne("quoi", "Ce qui est supposé", largeur=110, replie=True),
        Colonne("valeur", "Valeur", "montant", 24),
    )
    lignes = [[quoi, valeur] for quoi, valeur in valeurs]
    return Tableau("rythme", "Rythme", colonnes, lignes, len(lignes))


def _nombre(valeur: int) -> Nombre:
    genre: Genre = "entier"
    return Nombre(valeur, genre)


def _hypotheses(figure: Prevision) -> Tableau:
    colonnes = (Colonne("hypothese", "Hypothèse", largeur=110, replie=True),)
    lignes = [[phrase] for phrase in figure.hypotheses]
    return Tableau("hypotheses", "Hypothèses", colonnes, lignes, len(lignes))


def tableau_appuis(lus: Sequence[Appui]) -> Tableau:
    """`prevision --appuis`: the lines of one figure add up to it."""
    lignes: list[Ligne] = [
        [
            a.chiffre,
            a.cellule or ("hors échéancier" if a.position is None else None),
            a.position,
            a.structure,
            a.jour,
            dite(a.unite),
            en_unite(a.valeur, a.unite),
        ]
        for a in lus
    ]
    return Tableau("appuis", "Appuis", _DES_APPUIS, lignes, len(lignes))


def classeur_appuis(entete: Cartouche, lus: Sequence[Appui]) -> Classeur:
    """`prevision --appuis`."""
    feuilles = (Feuille("Appuis", (tableau_appuis(lus),)),)
    return classeur_de_feuilles("Appuis de la prévision", entete, feuilles)
