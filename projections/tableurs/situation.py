"""The envelope, the labels against their quotas, waves and pace, as tables."""

from __future__ import annotations

import re

from ledger.montants import dix_milliemes

from ..enveloppe import Complements, Enveloppe
from .modele import Cellule, Colonne, Formule, Ligne, Nombre, Tableau

_POSTE = Colonne("poste", "Poste", largeur=44)
_COLONNES = (
    _POSTE,
    Colonne("montant", "Montant", "montant"),
    Colonne("part", "Part de l'enveloppe", "taux", 18),
)
_RANG = re.compile(r"@([0-9]+)")
"""In the formulas below: the amount of that line."""
_LABELS = (
    ("Total", "total"),
    ("QPV", "qpv"),
    ("Hors QPV", "hors_qpv"),
    ("Numériques", "numeriques"),
)


def tableau_enveloppe(figure: Enveloppe, *, impute: int, rendu: int) -> Tableau:
    """The envelope, a line per item, those that follow from others computed.

    `impute` and `rendu` are what commitments take from the envelope and withdrawals give back to
    it, under the rules of each: the available is the ceiling less one plus the other.
    """
    postes: tuple[tuple[str, Cellule], ...] = (
        ("Enveloppe", figure.enveloppe_centimes),
        ("Engagé", Formule("ROUND(@2+@3;2)", figure.engage_centimes)),
        ("· dont subventions", figure.engage_subventions_centimes),
        ("· dont bonus numériques", figure.engage_bonus_centimes),
        ("Retiré dans l'exercice de l'engagement", figure.retraits_meme_exercice_centimes),
        ("· dont bonus numériques", figure.retraits_meme_exercice_bonus_centimes),
        ("Retiré dans un exercice suivant", figure.retraits_anterieurs_centimes),
        ("· dont bonus numériques", figure.retraits_anterieurs_bonus_centimes),
        ("Imputé sur l'enveloppe par les engagements", impute),
        ("Rendu à l'enveloppe par les retraits", rendu),
        ("Disponible", Formule("ROUND(@0-@8+@9;2)", figure.disponible_centimes)),
        (
            "Consommé (enveloppe moins disponible)",
            Formule("ROUND(@0-@10;2)", figure.enveloppe_centimes - figure.disponible_centimes),
        ),
        ("Payé", figure.paye_centimes),
        ("Reste à payer", Formule("ROUND(@1-@4-@6-@12;2)", figure.reste_a_payer_centimes)),
        ("Reversements encaissés", figure.reversements_centimes),
    )
    lignes = [_poste(poste, montant, figure.enveloppe_centimes) for poste, montant in postes]
    return Tableau("enveloppe", "Enveloppe", _COLONNES, lignes, len(lignes))


def _poste(poste: str, montant: Cellule, enveloppe: int) -> Ligne:
    if isinstance(montant, Formule):
        texte = _RANG.sub(r"{enveloppe.montant@\1}", montant.texte)
        montant = Formule(texte, montant.valeur)
        centimes = montant.valeur
    else:
        centimes = montant
    part = _part(centimes if isinstance(centimes, int) else 0, enveloppe)
    total = "{enveloppe.montant@0}"
    return [poste, montant, Formule(f"IF({total}=0;0;ROUND({{montant}}/{total};4))", part)]


def _part(centimes: int, enveloppe: int) -> int:
    """A share in ten-thousandths, rounded as ROUND does: half away from zero."""
    return (
        dix_milliemes(centimes, enveloppe)
        if centimes >= 0
        else -dix_milliemes(-centimes, enveloppe)
    )


def tableau_labels(figure: Enveloppe) -> Tableau:
    """Labels in force and quotas."""
    colonnes = (
        Colonne("labels", "Labels en vigueur", largeur=44),
        Colonne("nombre", "Nombre", "entier"),
        Colonne("quota", "Quota", "entier"),
        Colonne("reste", "Reste", "entier"),
    )
    lignes = []
    for nom, membre in _LABELS:
        nombre, quota = getattr(figure.labels, membre), getattr(figure.quotas, membre)
        lignes.append([nom, nombre, quota, Formule("{quota}-{nombre}", quota - nombre)])
    return Tableau("labels", "Labels", colonnes, lignes, len(lignes))


def tableau_vagues(autres: Complements) -> Tableau:
    """Labels in force by wave."""
    lignes = autres.vagues()
    colonnes = (
        Colonne("vague", "Vague", largeur=44),
        Colonne("nombre", "Labels", "entier", total=True),
    )
    return Tableau("vagues", "Labels par vague", colonnes, lignes, len(lignes))


def tableau_annees(autres: Complements) -> Tableau:
    """Labels in force by year of labelling."""
    lignes = [(str(annee), nombre) for annee, nombre in autres.labels_par_exercice.items()]
    colonnes = (
        Colonne("annee", "Année du label", largeur=44),
        Colonne("nombre", "Labels", "entier", total=True),
    )
    return Tableau("annees", "Labels par année", colonnes, lignes, len(lignes))


def tableau_rythme(autres: Complements) -> Tableau:
    """Average grant, and how many labels the envelope bears at the average cost so far."""
    finances = autres.labels_financables
    lignes: list[Ligne] = [
        ["Subvention moyenne", autres.subvention_moyenne_centimes],
        [
            "Labels que l'enveloppe finance au coût moyen",
            "sans objet" if finances is None else Nombre(finances, "entier"),
        ],
    ]
    return Tableau("rythme", "Rythme", _COLONNES[:2], lignes, len(lignes))
