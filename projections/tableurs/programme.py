"""The workbook of a programme: every figure of a view, the journal, and the control of it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from ledger.erreurs import UsageError
from ledger.evenements import Fait
from ledger.programme import RANG_BONUS

from ..anomalies import Anomalie
from ..credits import credits
from ..echeancier import de_fiche
from ..enveloppe import Enveloppe, complements, enveloppe
from ..fiche import Fiche
from ..matrice import Cohortes, LigneMatrice
from ..situation import Vue
from ..toutes_anomalies import toutes_les_anomalies
from .cartouche import Attendu, cartouche, classeur, compte, somme
from .exercices import tableau_exercices, tableau_matrice, tranches
from .journal import tableau_journal
from .modele import Classeur, Feuille, Tableau
from .rapports import feuille_situation, tableau_enveloppe
from .registre import reste, tableau_anomalies, tableau_echeanciers, tableau_structures
from .situation import tableau_labels, tableau_vagues

TABLEAUX = (
    "enveloppe",
    "labels",
    "vagues",
    "exercices",
    "matrice",
    "structures",
    "echeanciers",
    "anomalies",
    "journal",
)
"""The tables that `tableau` gives, one CSV each."""


class _Releve(NamedTuple):
    """What needs the facts again, from one more reading of the base."""

    nombre: int
    matrice: tuple[LigneMatrice, ...]
    anomalies: tuple[Anomalie, ...]


def classeur_du_programme(vue: Vue) -> Classeur:
    """The workbook of a view made by `regarder`; its base stays open until it is written.

    Raises: UsageError for a view made otherwise; ChainBrokenError; StoreError.
    """
    entete = cartouche(vue)
    figure = enveloppe(vue)
    fiches, releve = _fiches(vue), _relever(vue)
    ae, cp, restes = tranches(tableau_exercices(credits(vue)))
    journal = tableau_journal(vue, releve.nombre)
    feuilles = (
        feuille_situation(vue, entete),
        Feuille(
            "Exercices",
            (ae, cp, restes, tableau_matrice(releve.matrice)),
            sous_titre=entete.resume,
        ),
        Feuille("Structures", (tableau_structures(fiches),)),
        Feuille("Échéanciers", (tableau_echeanciers(fiches, vue.date_de_vue),)),
        Feuille("Anomalies", (tableau_anomalies(releve.anomalies),)),
        Feuille("Journal", (journal,)),
    )
    attendus = (
        *_attendus(figure, restes),
        compte("Journal : faits comptés", releve.nombre, journal, "position"),
        *_attendus_du_registre(fiches, vue.date_de_vue),
    )
    return classeur("Situation", entete, feuilles, attendus)


def tableau(vue: Vue, cle: str) -> Tableau:
    """One table of the workbook by its key. Raises: as `classeur_du_programme`."""
    match cle:
        case "enveloppe":
            return tableau_enveloppe(vue)
        case "labels":
            return tableau_labels(enveloppe(vue))
        case "vagues":
            return tableau_vagues(complements(vue))
        case "exercices":
            return tableau_exercices(credits(vue))
        case "matrice":
            return tableau_matrice(_relever(vue).matrice)
        case "structures":
            return tableau_structures(_fiches(vue))
        case "echeanciers":
            return tableau_echeanciers(_fiches(vue), vue.date_de_vue)
        case "anomalies":
            return tableau_anomalies(_relever(vue).anomalies)
        case "journal":
            return tableau_journal(vue, _relever(vue).nombre)
        case _:
            raise UsageError(
                f"Il n'y a pas de tableau {cle[:40]!r}.",
                remede=f"Tableaux : {', '.join(TABLEAUX)}.",
            )


def _fiches(vue: Vue) -> tuple[Fiche, ...]:
    fiches = vue.situation.fiches
    return tuple(fiches[slug] for slug in sorted(fiches))


def _relever(vue: Vue) -> _Releve:
    cohortes = Cohortes()
    nombre = 0

    def connus() -> Iterator[tuple[int, Fait]]:
        nonlocal nombre
        for inscrit in replace(vue, au=None).faits():
            if vue.au is None or inscrit[1].date_effet <= vue.au:
                nombre += 1
                cohortes.compter(inscrit[1])
            yield inscrit

    trouvees = toutes_les_anomalies(vue, connus())
    return _Releve(nombre, cohortes.lignes(), trouvees)


def _attendus(figure: Enveloppe, restes: Tableau) -> Iterator[Attendu]:
    """The totals of the envelope, found again by exercice, by cohort and fact by fact."""
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
    yield somme("Journal : engagé", engage, "journal", "engage")
    yield somme("Journal : retiré", retire, "journal", "retire")
    yield somme("Journal : payé", paye, "journal", "paye")


def _attendus_du_registre(fiches: Iterable[Fiche], jour: date | None) -> Iterator[Attendu]:
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
