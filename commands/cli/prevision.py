"""The verb `prevision`: what is still to be paid and when, firm and assumed kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from .base import choisir_programme, ouvrir_en_lecture, regarder_journal
from .chiffres import publier
from .classeurs import EnTableur, tableurs
from .options import FORMATS_DE_TABLEAU, Demande, avec_demande
from .phrases import en_liste, entete, euros, phrase
from .rendu import Cellule, Colonne, aplatir, date_iso, tableau

if TYPE_CHECKING:
    from projections import Vue
    from projections.prevision import Cadence, PlafondPrevu, Prevision

_COLONNES = (
    "genre",
    "periode",
    "ferme_centimes",
    "exigible_centimes",
    "suppose_centimes",
    "total_centimes",
)
_LABELS_MAX = 1_000_000


def _lire_montant(_: click.Context, __: click.Parameter, valeur: str | None) -> int | None:
    from ledger.montants import MontantIllisible, lire_euros  # noqa: PLC0415

    if valeur is None:
        return None
    try:
        centimes = lire_euros(valeur)
    except MontantIllisible as erreur:
        raise click.BadParameter(str(erreur)) from erreur
    if centimes <= 0:
        raise click.BadParameter("un montant supérieur à zéro est attendu.")
    return centimes


@click.command(
    short_help="Les CP à venir, et quand un plafond est atteint.",
    epilog="""\b
Exemples :
  fabriques prevision --au 2021-07-01
  fabriques prevision --fenetre 180 --horizon 2024
  fabriques prevision --labels-par-an 40 --montant '150 000,00 €'
  fabriques prevision -o prevision.ods
  fabriques prevision --format csv -o prevision.csv

\b
Chaque chiffre ferme ou constaté ramène à ses cellules ou à ses faits :
  fabriques prevision --appuis
  fabriques expliquer credits.2022.cp_restant_a_prevoir""",
)
@click.option(
    "--fenetre",
    type=click.IntRange(1, 36_500),
    metavar="JOURS",
    help="Les jours sur lesquels le rythme est constaté (par défaut : 365).",
)
@click.option(
    "--labels-par-an",
    type=click.IntRange(0, _LABELS_MAX),
    metavar="N",
    help="Supposer ce rythme au lieu de celui constaté (avec --montant).",
)
@click.option(
    "--montant",
    metavar="EUROS",
    callback=_lire_montant,
    help="Le coût supposé d'un label (avec --labels-par-an).",
)
@click.option(
    "--horizon",
    type=click.IntRange(1900, 2999),
    metavar="ANNEE",
    help="La dernière année de labels supposés (par défaut : la durée d'un échéancier).",
)
@click.option(
    "--appuis",
    "voir_appuis",
    is_flag=True,
    help="Donner plutôt ce sur quoi repose chaque chiffre : des cellules (voir expliquer), "
    "des faits.",
)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def prevision(
    demande: Demande,
    *,
    voir_appuis: bool,
    fenetre: int | None,
    labels_par_an: int | None,
    montant: int | None,
    horizon: int | None,
) -> None:
    """Les CP à venir par exercice et par mois, et le jour où chaque plafond est atteint.

    Ce qui est ferme (échéanciers en vigueur, bonus accordés) et ce qui est supposé (le rythme des
    labels) ne sont jamais mêlés. La date est celle de --au, sinon la plus grande date d'effet
    connue : jamais celle du jour.
    """
    from ledger import Journal  # noqa: PLC0415
    from projections.prevision import FENETRE  # noqa: PLC0415
    from projections.prevision import prevision as calculer  # noqa: PLC0415

    cadence = _cadence(labels_par_an, montant, fenetre)
    with ouvrir_en_lecture(demande.base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        vue = regarder_journal(journal, demande)
        figure = calculer(
            vue,
            cadence=cadence,
            fenetre=FENETRE if fenetre is None else fenetre,
            horizon=horizon,
        )
        if voir_appuis:
            _publier_appuis(demande, vue, figure)
            return
    publier(
        demande,
        figure,
        table=lambda taille: _table(vue, figure, taille),
        colonnes=_COLONNES,
        lignes=_lignes(figure),
        tableur=EnTableur(
            tableau=lambda: tableurs("previsions").tableau_mois(figure),
            classeur=lambda: tableurs("previsions").classeur_prevision(
                tableurs("cartouche").cartouche(vue), figure
            ),
        ),
    )


def _publier_appuis(demande: Demande, vue: Vue, figure: Prevision) -> None:
    """What the forecast rests on. The base of the view is open."""
    from projections.appuis import Appui, appuis  # noqa: PLC0415

    lus = appuis(vue, figure)

    def table(taille: int) -> str:
        rangs = [
            [
                a.chiffre,
                a.cellule or ("hors échéancier" if a.position is None else f"fait {a.position}"),
                "" if a.jour is None else date_iso(a.jour.isoformat()),
                euros(a.valeur) if a.unite == "centimes" else str(a.valeur),
            ]
            for a in lus
        ]
        colonnes = (
            Colonne("Chiffre", souple="cle"),
            Colonne("Repose sur", souple="cle"),
            Colonne("Date"),
            Colonne("Valeur", droite=True),
        )
        titre = entete(vue, "Prévision, ce sur quoi elle repose", taille).rstrip("\n")
        return f"{titre}\n\n{tableau(colonnes, rangs, largeur=taille)}"

    publier(
        demande,
        lus,
        table=table,
        colonnes=Appui.__struct_fields__,
        lignes=map(aplatir, lus),
        tableur=EnTableur(
            tableau=lambda: tableurs("previsions").tableau_appuis(lus),
            classeur=lambda: tableurs("previsions").classeur_appuis(
                tableurs("cartouche").cartouche(vue), lus
            ),
        ),
    )


def _cadence(labels: int | None, montant: int | None, fenetre: int | None) -> Cadence | None:
    from projections.prevision import Cadence  # noqa: PLC0415

    if labels is None and montant is None:
        return None
    if labels is None or montant is None:
        raise click.UsageError("--labels-par-an et --montant vont ensemble.")
    if fenetre is not None:
        raise click.UsageError("--fenetre constate un rythme, --labels-par-an en suppose un autre.")
    return Cadence(labels, montant)


def _lignes(figure: Prevision) -> Iterator[dict[str, Cellule]]:
    """The CSV: exercices, then what is due already, then months."""
    for e in figure.exercices:
        yield {
            "genre": "exercice",
            "periode": e.exercice,
            "ferme_centimes": e.ferme_centimes,
            "exigible_centimes": e.exigible_centimes,
            "suppose_centimes": e.suppose_centimes,
            "total_centimes": e.total_centimes,
        }
    exigible = figure.exigible_tranches_centimes + figure.exigible_bonus_centimes
    for genre, centimes in (
        ("exigible", exigible),
        ("hors_echeancier", figure.hors_echeancier_centimes),
    ):
        yield {
            "genre": genre,
            "periode": figure.jour.isoformat(),
            "ferme_centimes": centimes,
            "exigible_centimes": centimes if genre == "exigible" else 0,
            "suppose_centimes": 0,
            "total_centimes": centimes,
        }
    for m in figure.mois:
        yield {
            "genre": "mois",
            "periode": m.mois,
            "ferme_centimes": m.ferme_centimes,
            "exigible_centimes": 0,
            "suppose_centimes": m.suppose_centimes,
            "total_centimes": m.total_centimes,
        }


def _table(vue: Vue, figure: Prevision, largeur: int) -> str:
    colonnes = (
        Colonne("CP par exercice"),
        *(Colonne(t, True) for t in ("Ferme", "dont exigible", "Supposé", "Total")),
    )
    exercices = [
        [
            str(e.exercice),
            euros(e.ferme_centimes),
            euros(e.exigible_centimes),
            euros(e.suppose_centimes),
            euros(e.total_centimes),
        ]
        for e in figure.exercices
    ]
    exercices.append(
        [
            "Total",
            euros(figure.reste_a_payer_centimes),
            euros(figure.exigible_tranches_centimes + figure.exigible_bonus_centimes),
            euros(figure.suppose_centimes),
            euros(figure.reste_a_payer_centimes + figure.suppose_centimes),
        ]
    )
    return "\n\n".join(
        [
            entete(vue, "Prévision", largeur).rstrip("\n"),
            tableau(colonnes, exercices, largeur=largeur),
            _mois(figure, largeur),
            _plafonds(figure, largeur),
            "\n".join(en_liste(h, largeur) for h in figure.hypotheses),
        ]
    )


def _mois(figure: Prevision, largeur: int) -> str:
    from projections.tableurs.previsions import deja_exigible, nommer_mois  # noqa: PLC0415

    rangs = [[nom, euros(c), euros(0), euros(c)] for nom, c in deja_exigible(figure)]
    for m in figure.mois:
        rangs.append(
            [
                nommer_mois(m.mois),
                euros(m.ferme_centimes),
                euros(m.suppose_centimes),
                euros(m.total_centimes),
            ]
        )
    if not rangs:
        return "CP par mois : rien à payer."
    colonnes = (
        Colonne("CP par mois"),
        Colonne("Ferme", True),
        Colonne("Supposé", True),
        Colonne("Total", True),
    )
    return tableau(colonnes, rangs, largeur=largeur)


def _plafonds(figure: Prevision, largeur: int) -> str:
    from projections.tableurs.previsions import nommer_plafond  # noqa: PLC0415

    rangs = [
        [
            nommer_plafond(p.plafond) + ("" if p.bloquant else " (indicatif)"),
            str(p.reste) if p.plafond.startswith("quota_") else euros(p.reste),
            _quand(p),
            "" if p.dans_jours is None else str(p.dans_jours),
        ]
        for p in figure.plafonds
    ]
    colonnes = (
        Colonne("Plafond, à ce rythme", souple="libelle"),
        Colonne("Reste", True),
        Colonne("Atteint le", souple="libelle"),
        Colonne("Dans (jours)", True),
    )
    premier = figure.premier_plafond
    dit = (
        "Aucun plafond n'est atteint à ce rythme."
        if premier is None
        else f"Premier plafond bloquant atteint : {nommer_plafond(premier)}."
    )
    return f"{tableau(colonnes, rangs, largeur=largeur)}\n\n{phrase(dit, largeur)}"


def _quand(plafond: PlafondPrevu) -> str:
    from ledger.temps import format_date  # noqa: PLC0415
    from projections.tableurs.previsions import dire_quand  # noqa: PLC0415

    return dire_quand(plafond) or ("" if plafond.le is None else format_date(plafond.le))
