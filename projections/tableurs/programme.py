"""The workbook of a programme: every figure of a view, the journal, and the control of it all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from ledger.erreurs import UsageError
from ledger.evenements import Fait

from ..anomalies import Anomalie
from ..credits import credits
from ..enveloppe import complements, enveloppe
from ..fiche import Fiche
from ..matrice import Cohortes, LigneMatrice
from ..situation import Vue
from ..toutes_anomalies import toutes_les_anomalies
from .attendus import de_l_enveloppe, de_la_situation, des_exercices, du_registre
from .cartouche import cartouche, classeur, compte
from .exercices import tableau_exercices, tableau_matrice, tranches
from .journal import tableau_journal
from .modele import Classeur, Feuille, Tableau
from .rapports import feuille_situation, tableau_enveloppe
from .registre import tableau_anomalies, tableau_echeanciers, tableau_structures
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
    des_annees = tranches(tableau_exercices(credits(vue)))
    cohortes = tableau_matrice(releve.matrice)
    journal = tableau_journal(vue, releve.nombre)
    situation = feuille_situation(vue, entete)
    anomalies = tableau_anomalies(releve.anomalies)
    registre, echeances = tableau_structures(fiches), tableau_echeanciers(fiches, vue.date_de_vue)
    feuilles = (
        situation,
        Feuille(
            "Exercices",
            (*des_annees, cohortes),
            sous_titre=entete.resume,
        ),
        Feuille("Structures", (registre,)),
        Feuille("Échéanciers", (echeances,)),
        Feuille("Anomalies", (anomalies,)),
        Feuille("Journal", (journal,)),
    )
    attendus = (
        *de_la_situation(situation),
        *de_l_enveloppe(figure, des_annees[-1]),
        *des_exercices((*des_annees, cohortes)),
        compte("Journal : faits comptés", journal, releve.nombre),
        compte("Structures : lignes", registre),
        compte("Échéanciers : lignes", echeances),
        compte("Anomalies : lignes", anomalies),
        *du_registre(fiches, vue.date_de_vue),
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
            return tableau_matrice(_cohortes(vue).lignes())
        case "structures":
            return tableau_structures(_fiches(vue))
        case "echeanciers":
            return tableau_echeanciers(_fiches(vue), vue.date_de_vue)
        case "anomalies":
            return tableau_anomalies(_relever(vue).anomalies)
        case "journal":
            return tableau_journal(vue)
        case _:
            raise UsageError(
                f"Il n'y a pas de tableau {cle[:40]!r}.",
                remede=f"Tableaux : {', '.join(TABLEAUX)}.",
            )


def _fiches(vue: Vue) -> tuple[Fiche, ...]:
    fiches = vue.situation.fiches
    return tuple(fiches[slug] for slug in sorted(fiches))


def _cohortes(vue: Vue) -> Cohortes:
    cohortes = Cohortes()
    for _, fait in vue.faits():
        cohortes.compter(fait)
    return cohortes


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
