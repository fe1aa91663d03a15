"""Every paged list of the console, whole: what « 464 faits » under a page leads to.

A list is a table of the workbooks, in the French CSV of « Télécharger », filtered as its page is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from ledger.evenements import Fait

from ...cellules import Unite
from ...explication import contribution_de
from ...tableurs import Tableau
from ...tableurs.journal import tableau_de_faits
from ...tableurs.rapports import (
    tableau_anomalies,
    tableau_comparaison,
    tableau_des_apports,
    tableau_ecarts,
)
from ...tableurs.registre import tableau_structures
from ..calculs import CALCULS
from ..demande import Demande, PageIntrouvable
from ..taches import Avancement
from .anomalies import anomalies_retenues
from .chiffres import expliquer_le_chiffre
from .controles import ecart_demande, ecarts_retenus, lire_comparaison
from .lignes import lire_filtre, positions_retenues
from .registre import lire_recherche, retenues

Fabrique = Callable[[Avancement], Tableau]
"""Makes the table, telling how many facts were read."""


def du_journal(demande: Demande) -> Fabrique:
    """The facts that the page of the journal retains, in the order of positions."""
    tete, au = demande.tete, demande.moment.au
    positions = positions_retenues(demande, lire_filtre(demande))

    def faire(pas: Avancement) -> Tableau:
        pas.total = len(positions)

        def faits() -> Iterator[tuple[int, Fait, bool]]:
            return _avec_retard(tete.lire(positions, pas=pas), tete.dates, au)

        return tableau_de_faits(faits, len(positions))

    return faire


def _avec_retard(
    faits: Iterator[tuple[int, Fait]], dates: Sequence[int], au: date | None
) -> Iterator[tuple[int, Fait, bool]]:
    """Whether each fact is late: a fact recorded before, and counted, takes effect after it."""
    limite = None if au is None else au.toordinal()
    derniere = vus = 0
    for position, fait in faits:
        for jour in dates[vus : position - 1]:
            if jour > derniere and (limite is None or jour <= limite):
                derniere = jour
        vus = position - 1
        yield position, fait, fait.date_effet.toordinal() < derniere


def des_structures(demande: Demande) -> Fabrique:
    """The structures that a search of the register retains, in its order."""
    fiches = retenues(demande, lire_recherche(demande)).fiches
    return lambda _: tableau_structures(fiches)


def des_anomalies(demande: Demande) -> Fabrique:
    """The anomalies, of one code or of all."""
    anomalies = anomalies_retenues(demande)
    return lambda _: tableau_anomalies(anomalies)


def d_une_comparaison(demande: Demande) -> Fabrique:
    """The figures that differ; of one of them, the facts why. Raises: PageIntrouvable."""
    regards = lire_comparaison(demande).regards
    if regards is None:
        raise PageIntrouvable("Choisir d'abord les deux vues à comparer.")
    un = ecart_demande(demande, regards[0])
    if un is not None:
        ecarts = () if un[1] is None else (un[1],)
        return lambda _: tableau_comparaison(ecarts)
    retenus = ecarts_retenus(demande, *regards).ecarts
    lignes: list[tuple[str, Unite, int, int]] = [
        (str(e.cellule), e.cellule.unite, e.avant, e.apres) for e in retenus
    ]
    return lambda _: tableau_ecarts(lignes)


def d_un_chiffre(demande: Demande, nom: str) -> Fabrique:
    """The facts behind a figure. Raises: PageIntrouvable for a quotient, no sum of facts."""
    if nom in CALCULS:
        raise PageIntrouvable("Ce chiffre n'est pas une somme de faits : il se calcule.")
    explique, tete = expliquer_le_chiffre(demande, nom), demande.tete
    apports = explique.apports

    def faire(pas: Avancement) -> Tableau:
        pas.total = len(apports.positions)
        return tableau_des_apports(
            explique.nom,
            apports.unite,
            lambda: (
                contribution_de(position, fait, gain)
                for (position, fait), gain in zip(
                    tete.lire(apports.positions, pas=pas), apports.gains, strict=True
                )
            ),
            len(apports.positions),
        )

    return faire


LISTES: tuple[tuple[str, Callable[..., Fabrique]], ...] = (
    ("journal", du_journal),
    ("structures", des_structures),
    ("anomalies", des_anomalies),
    ("comparaison", d_une_comparaison),
    ("chiffres/{cle}", d_un_chiffre),
)
"""Path of a page and what makes its whole list: `.csv` after the path."""
