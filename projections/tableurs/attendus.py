"""What the control sheet of a programme finds again: cells, columns and numbers of lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from ledger.programme import RANG_BONUS

from ..echeancier import de_fiche
from ..enveloppe import Enveloppe
from ..fiche import Fiche
from .cartouche import Attendu, Cartouche, cellule, classeur, compte, somme, total, totaux
from .modele import Classeur, Feuille, Formule, Nombre, Tableau
from .registre import reste
from .unites import UNITE, par_unite


def classeur_de_feuilles(
    titre: str, entete: Cartouche, feuilles: Sequence[Feuille], attendus: Iterable[Attendu] = ()
) -> Classeur:
    """Any report as a workbook: its sheets, then the control that finds each of them again.

    `attendus` adds what the report knows otherwise, such as a total of the envelope. The lines of
    the tables must be in memory.
    """
    tous = [*attendus, *des_feuilles(feuilles)]
    return classeur(titre, entete, feuilles, tous)


def des_feuilles(feuilles: Iterable[Feuille]) -> Iterator[Attendu]:
    """A page cell by cell; a list by its number of lines and its sums, unit by unit when mixed."""
    for feuille in feuilles:
        if not feuille.est_liste:
            yield from de_la_situation(feuille)
            continue
        (tableau,) = feuille.tableaux
        yield compte(f"{feuille.nom} : lignes", tableau)
        mixte = UNITE in tableau.colonnes
        for colonne in tableau.colonnes:
            libelle = f"{feuille.nom} : {colonne.titre}"
            if colonne.total:
                yield total(libelle, tableau, colonne.cle)
            elif mixte and colonne.genre == "montant":
                yield from par_unite(libelle, tableau, colonne.cle)


def de_la_situation(feuille: Feuille) -> Iterator[Attendu]:
    """Every amount and number of the sheet, cell by cell: they are no list that adds up.

    Shares are left out: each is a formula over an amount found here.
    """
    for tableau in feuille.tableaux:
        chiffres = [(r, c) for r, c in enumerate(tableau.colonnes) if c.genre in _CHIFFRES]
        for ligne, cases in enumerate(tableau.lignes):
            for rang, colonne in chiffres:
                lue = cases[rang]
                valeur = lue.valeur if isinstance(lue, Formule) else lue
                if isinstance(valeur, int | Nombre):
                    quoi = str(cases[0]) if len(chiffres) == 1 else f"{cases[0]}, {colonne.titre}"
                    libelle = f"{tableau.titre} : {quoi}"
                    yield cellule(libelle, tableau, colonne.cle, ligne, valeur)
        if tableau.a_un_total:
            yield totaux(f"{tableau.titre} : ligne « {tableau.libelle_total} »", tableau)


_CHIFFRES = ("montant", "entier")


def des_exercices(tableaux: Iterable[Tableau]) -> Iterator[Attendu]:
    """Every amount of the tables by year, column by column, and their lines of totals."""
    for tableau in tableaux:
        nom = tableau.titre.split(" : ")[0].split(" · ")[0]
        for colonne in tableau.colonnes:
            if colonne.genre == "montant":
                yield total(f"{nom} : {colonne.titre}", tableau, colonne.cle)
        if tableau.a_un_total:
            yield totaux(f"{nom} : ligne « {tableau.libelle_total} », additionnée", tableau)


def de_l_enveloppe(figure: Enveloppe, restes: Tableau) -> Iterator[Attendu]:
    """The totals of the envelope, found again by year, by cohort and fact by fact."""
    engage, paye = figure.engage_centimes, figure.paye_centimes
    retire = figure.retraits_meme_exercice_centimes + figure.retraits_anterieurs_centimes
    reste = figure.reste_a_payer_centimes
    retraits = ("retraits_meme_exercice", "retraits_anterieurs")
    yield somme("Exercices : engagé", engage, "ae", "ae_engagees")
    yield somme(
        "Exercices : payé, régularisations comprises", paye, "cp", "cp_payes", "regularisations"
    )
    yield somme("Exercices : retiré", retire, "restes", *retraits)
    if restes.nombre:
        derniere = f"ROUND({{restes.rap_cloture@{restes.nombre - 1}}}*100;0)"
        yield Attendu(
            "Exercices : reste à payer à la dernière clôture", reste, derniere, lambda _: reste
        )
    yield somme("Matrice : engagé", engage, "matrice", "engage")
    yield somme("Matrice : retiré", retire, "matrice", "retraits")
    yield somme("Matrice : reste à payer", reste, "matrice", "reste")
    yield from du_journal(figure)


def du_journal(figure: Enveloppe) -> Iterator[Attendu]:
    """The totals of the envelope, found again fact by fact."""
    retire = figure.retraits_meme_exercice_centimes + figure.retraits_anterieurs_centimes
    yield somme("Journal : engagé", figure.engage_centimes, "journal", "engage")
    yield somme("Journal : retiré", retire, "journal", "retire")
    yield somme("Journal : payé", figure.paye_centimes, "journal", "paye")


def du_registre(fiches: Iterable[Fiche], jour: date | None) -> Iterator[Attendu]:
    """What the structures add up to, found again in the register and in the schedules."""
    registre: Counter[str] = Counter()
    echeances: Counter[str] = Counter()
    for fiche in fiches:
        bonus = fiche.bonus or 0
        retire = fiche.etat == "label_retire"
        registre.update(
            subvention=fiche.montant,
            bonus=bonus,
            paye=fiche.paye,
            retire=fiche.retire,
            reste=reste(fiche),
            reverse=fiche.encaisse,
        )
        tranches_ = de_fiche(fiche, jour).tranches
        verse = fiche.verse.get(RANG_BONUS, 0) if fiche.bonus is not None else 0
        du = 0 if retire and verse < bonus else bonus - verse
        echeances.update(
            montant=sum(t.montant_centimes for t in tranches_) + bonus,
            verse=sum(t.verse_centimes for t in tranches_) + verse,
            reste=sum(t.reste_centimes for t in tranches_) + du,
        )
    for colonne, libelle in _REGISTRE.items():
        yield somme(f"Structures : {libelle}", registre[colonne], "structures", colonne)
    for colonne, libelle in _ECHEANCES.items():
        yield somme(f"Échéanciers : {libelle}", echeances[colonne], "echeanciers", colonne)


_REGISTRE = {
    "subvention": "subventions",
    "bonus": "bonus numériques",
    "paye": "payé",
    "retire": "retiré",
    "reste": "reste à payer",
    "reverse": "reversements encaissés",
}
_ECHEANCES = {"montant": "prévu", "verse": "versé", "reste": "reste à payer"}
