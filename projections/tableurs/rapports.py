"""One report as a workbook: its tables, then the control sheet. `tableau_*` is its single table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..anomalies import Anomalie
from ..cellules import Unite
from ..comparaison import TARDIF, Ecart
from ..credits import credits
from ..enveloppe import complements, enveloppe
from ..explication import Contribution, Explication
from ..noms import nom_du_chiffre
from ..situation import Vue
from . import registre, situation
from .attendus import classeur_de_feuilles, des_exercices, du_journal
from .cartouche import Cartouche, cartouche, classeur, compte, somme
from .exercices import tableau_exercices, tranches
from .journal import SOURCE, dit_du_type, source, tableau_journal
from .modele import Classeur, Colonne, Feuille, Genre, Ligne, Lues, Tableau
from .situation import (
    tableau_annees,
    tableau_labels,
    tableau_rythme,
    tableau_vagues,
)
from .unites import CELLULE, NOM, UNITE, difference, dit_de_l_apport, dite, en_apport, en_unite

_GENRES: dict[str, Genre] = {"centimes": "montant", "dix_milliemes": "points"}
_CLASSES = {
    "changement_de_regle": "changement de règle",
    "correction": "correction",
    "fait_tardif": "fait tardif",
    "fait_nouveau": "fait nouveau",
}


def tableau_enveloppe(vue: Vue) -> Tableau:
    """`enveloppe`, the items alone."""
    soldes = vue.situation.soldes
    return situation.tableau_enveloppe(enveloppe(vue), impute=soldes.impute, rendu=soldes.rendu)


def feuille_situation(vue: Vue, entete: Cartouche) -> Feuille:
    """The envelope, labels against quotas, waves, years and pace."""
    figure, autres = enveloppe(vue), complements(vue)
    tableaux = (
        tableau_enveloppe(vue),
        tableau_labels(figure),
        tableau_vagues(autres),
        tableau_annees(autres),
        tableau_rythme(autres),
    )
    return Feuille("Situation", tableaux, sous_titre=entete.resume)


def classeur_enveloppe(vue: Vue) -> Classeur:
    """`enveloppe`: every amount and number found again."""
    entete = cartouche(vue)
    feuille = feuille_situation(vue, entete)
    return classeur_de_feuilles("Enveloppe", entete, (feuille,))


def classeur_credits(vue: Vue) -> Classeur:
    """`credits`: AE, CP and outstanding, one line per exercice in each table."""
    entete = cartouche(vue)
    exercices = tranches(tableau_exercices(credits(vue)))
    feuille = Feuille("Exercices", exercices, sous_titre=entete.resume)
    return classeur("Crédits", entete, (feuille,), list(des_exercices(exercices)))


def tableau_credits(vue: Vue) -> Tableau:
    """`credits`, whole: one line per exercice."""
    return tableau_exercices(credits(vue))


def tableau_structures(vue: Vue) -> Tableau:
    """`structures`."""
    fiches = vue.situation.fiches
    return registre.tableau_structures([fiches[slug] for slug in sorted(fiches)])


def classeur_structures(vue: Vue) -> Classeur:
    """`structures`, every amount found again, in cents."""
    return _d_un_tableau("Structures", cartouche(vue), tableau_structures(vue))


def tableau_echeancier(vue: Vue, structure: str) -> Tableau:
    """`echeancier`, of a structure that the view holds."""
    return registre.tableau_echeanciers([vue.situation.fiches[structure]], vue.date_de_vue)


def classeur_echeancier(vue: Vue, structure: str) -> Classeur:
    """`echeancier`, every amount found again, in cents."""
    return _d_un_tableau("Échéancier", cartouche(vue), tableau_echeancier(vue, structure))


def tableau_anomalies(anomalies: Sequence[Anomalie]) -> Tableau:
    """`anomalies`."""
    return registre.tableau_anomalies(anomalies)


def classeur_anomalies(vue: Vue, anomalies: Sequence[Anomalie]) -> Classeur:
    """`anomalies`."""
    return _d_un_tableau("Anomalies", cartouche(vue), tableau_anomalies(anomalies))


def classeur_journal(vue: Vue) -> Classeur:
    """`journal`: what its facts commit, withdraw and pay is what the envelope says.

    The base stays open until it is written.
    """
    tableau = tableau_journal(vue)
    attendus = (compte("Journal : faits comptés", tableau), *du_journal(enveloppe(vue)))
    return classeur("Journal", cartouche(vue), (Feuille("Journal", (tableau,)),), attendus)


def tableau_explication(explication: Explication) -> Tableau:
    """`expliquer`: the facts that make a figure, whose total is the figure."""
    apports = explication.contributions
    return tableau_des_apports(
        explication.cellule, explication.unite, lambda: iter(apports), len(apports)
    )


def tableau_des_apports(
    chiffre: str, unite: Unite, apports: Callable[[], Iterator[Contribution]], nombre: int
) -> Tableau:
    """The facts that make any figure, made each time they are read."""
    titre = f"{nom_du_chiffre(chiffre)} ({dit_de_l_apport(unite)})"
    colonnes = (
        Colonne("position", "Position", "entier", 10),
        Colonne("date_effet", "Date d'effet", "date"),
        Colonne("type", "Fait", largeur=26, replie=True),
        Colonne("structure", "Structure", largeur=34, replie=True),
        *SOURCE,
        Colonne("contribution", titre, _GENRES.get(unite, "entier"), 26, total=True),
    )

    def lignes() -> Iterator[Ligne]:
        for c in apports():
            fait = dit_du_type(c.type)
            yield [c.position, c.date_effet, fait, c.structure, *source(c.provenance), c.centimes]

    return Tableau("explication", "Explication", colonnes, Lues(lignes), nombre)


def classeur_explication(entete: Cartouche, explication: Explication) -> Classeur:
    """`expliquer`: the contributions add up to the figure."""
    tableau = tableau_explication(explication)
    attendus = []
    if tableau.colonnes[-1].genre == "montant":
        valeur = explication.valeur_centimes
        nom = nom_du_chiffre(explication.cellule)
        attendus.append(somme(nom, valeur, tableau.cle, "contribution"))
    entete = entete._replace(autres=(*entete.autres, (CELLULE.titre, explication.cellule)))
    feuilles = (Feuille("Explication", (tableau,)),)
    return classeur_de_feuilles("Explication", entete, feuilles, attendus)


_COMPARAISON = (
    NOM,
    CELLULE,
    UNITE,
    Colonne("avant", "Avant", "montant"),
    Colonne("apres", "Après", "montant"),
    Colonne("difference", "Différence", "montant"),
    Colonne("position", "Position", "entier"),
    Colonne("classe", "Classe", largeur=20),
    Colonne("type", "Fait", largeur=26, replie=True),
    Colonne("structure", "Structure", largeur=34, replie=True),
    Colonne("contribution", "Contribution", "montant"),
)
_ECARTS = tuple(
    c for c in _COMPARAISON if c.cle in ("nom", "cellule", "unite", "avant", "apres", "difference")
)


def tableau_ecarts(ecarts: Sequence[tuple[str, Unite, int, int]]) -> Tableau:
    """The figures that differ, without the facts why: name, unit, before, after."""
    lignes: list[Ligne] = []
    for nom, unite, avant, apres in ecarts:
        lignes.append(
            [
                nom_du_chiffre(nom),
                nom,
                dite(unite),
                en_unite(avant, unite),
                en_unite(apres, unite),
                difference("avant", "apres", apres - avant, unite),
            ]
        )
    return Tableau("ecarts", "Écarts", _ECARTS, lignes, len(lignes))


def tableau_comparaison(ecarts: Sequence[Ecart]) -> Tableau:
    """`comparer`: a line per contribution, its figure repeated."""
    lignes: list[Ligne] = [ligne for ecart in ecarts for ligne in _contributions(ecart)]
    return Tableau("comparaison", "Comparaison", _COMPARAISON, lignes, len(lignes))


def _contributions(ecart: Ecart) -> Iterator[Ligne]:
    unite = ecart.unite
    for c in ecart.contributions:
        yield [
            nom_du_chiffre(ecart.cellule),
            ecart.cellule,
            dite(unite),
            en_unite(ecart.avant_centimes, unite),
            en_unite(ecart.apres_centimes, unite),
            difference("avant", "apres", ecart.difference_centimes, unite),
            c.position,
            _CLASSES[c.classe],
            dit_du_type(c.type),
            c.structure,
            en_apport(c.centimes, unite),
        ]


def classeur_comparaison(entete: Cartouche, ecarts: Sequence[Ecart]) -> Classeur:
    """`comparer`. The heading is that of the second point, and names both."""
    dite = entete._replace(autres=(*entete.autres, ("Fait tardif", TARDIF)))
    return _d_un_tableau("Comparaison", dite, tableau_comparaison(ecarts))


def _d_un_tableau(nom: str, entete: Cartouche, tableau: Tableau) -> Classeur:
    return classeur_de_feuilles(nom, entete, (Feuille(nom, (tableau,)),))
