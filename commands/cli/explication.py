"""The verbs `expliquer` (the facts that make a figure) and `comparer` (what changed)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import choisir_programme, ouvrir_en_lecture, regarder_journal
from .chiffres import publier
from .classeurs import EnTableur, tableurs
from .completion import completer_chiffre
from .largeurs import raccourcir
from .options import FICHIER, FORMATS_DE_TABLEAU, Demande, avec_demande, lire_moment, option_au
from .phrases import euros, libelle_du_fait, phrase
from .rendu import Cellule, Colonne, accorder, aplatir, date_iso, points, pour_cent, tableau
from .sortie import CLASSEURS
from .terminal import raison

if TYPE_CHECKING:
    from ledger import Journal
    from ledger.provenance import Provenance
    from projections import Ecart, Explication, Point
    from projections.explication import Contribution
    from projections.tableurs.cartouche import Cartouche

_COLONNES_EXPLIQUER = (
    "cellule",
    "unite",
    "position",
    "date_effet",
    "type",
    "structure",
    "centimes",
    "source_fichier",
    "source_feuille",
    "source_ligne",
)
_COLONNES_COMPARER = (
    "cellule",
    "unite",
    "avant_centimes",
    "apres_centimes",
    "difference_centimes",
    "position",
    "type",
    "structure",
    "classe",
    "centimes",
)
_CLASSES = {
    "changement_de_regle": "changement de règle",
    "correction": "correction",
    "fait_tardif": "fait tardif",
    "fait_nouveau": "fait nouveau",
}


@click.command(
    short_help="Les faits qui font un chiffre.",
    epilog="""\b
Exemples :
  fabriques expliquer enveloppe.disponible
  fabriques expliquer credits.2021.cp_payes --au 31/12/2021
  fabriques expliquer echeancier.lab01-01500.2.reste --format json
  fabriques expliquer labels.qpv --format csv -o labels.csv

\b
Chiffres : les membres de « enveloppe », credits.EXERCICE.MEMBRE,
structures.STRUCTURE.montant ou .paye, echeancier.STRUCTURE.RANG (versé ;
.montant et .reste aussi ; le rang 0 est le bonus).""",
)
@click.argument("figure", metavar="CHIFFRE", shell_complete=completer_chiffre)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def expliquer(demande: Demande, figure: str) -> None:
    """Les faits qui font un chiffre : leurs contributions, dont la somme est ce chiffre.

    La contribution d'un fait est ce que le chiffre devient, moins ce qu'il était, les faits pris
    dans l'ordre des positions. Un fait importé dit sa source : le fichier, par son SHA-256, et la
    ligne (la feuille aussi).
    """
    from ledger import Journal  # noqa: PLC0415
    from projections import expliquer as calculer  # noqa: PLC0415
    from projections import lire_cellule  # noqa: PLC0415

    cellule = lire_cellule(figure)
    with ouvrir_en_lecture(demande.base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        explication = calculer(journal, cellule, au=demande.au, connu_au=demande.connu_au)
        entete = _cartouche(journal, demande) if demande.format in CLASSEURS else None
    nom, unite = explication.cellule, explication.unite
    publies = ("position", "type", "structure", "centimes")
    valeur = {
        "cellule": nom,
        "unite": unite,
        "valeur_centimes": explication.valeur_centimes,
        "programme": journal.programme,
        "position": explication.position,
        "au": explication.au,
        "contributions": [
            {membre: getattr(c, membre) for membre in publies}
            | ({} if c.provenance is None else {"provenance": c.provenance})
            for c in explication.contributions
        ],
    }
    publier(
        demande,
        valeur,
        table=lambda largeur: _table_explication(journal.programme, explication, largeur),
        colonnes=_COLONNES_EXPLIQUER,
        lignes=[{"cellule": nom, "unite": unite, **_plate(c)} for c in explication.contributions],
        tableur=EnTableur(
            tableau=lambda: tableurs().tableau_explication(explication),
            classeur=lambda: tableurs().classeur_explication(entete, explication),
        ),
    )


def _plate(contribution: Contribution) -> dict[str, Cellule]:
    source = contribution.provenance
    plate: dict[str, Cellule] = {
        "position": contribution.position,
        "date_effet": contribution.date_effet.isoformat(),
        "type": contribution.type,
        "structure": contribution.structure,
        "centimes": contribution.centimes,
    }
    for membre in ("fichier", "feuille", "ligne"):
        plate[f"source_{membre}"] = None if source is None else getattr(source, membre)
    return plate


def _cartouche(journal: Journal, demande: Demande, *autres: tuple[str, str]) -> Cartouche:
    from projections.tableurs.cartouche import cartouche  # noqa: PLC0415

    return cartouche(regarder_journal(journal, demande), *autres)


def _table_explication(programme: str, explication: Explication, largeur: int) -> str:
    unite = explication.unite
    quand = "tous" if explication.au is None else f"jusqu'au {date_iso(str(explication.au))}"
    titre = phrase(f"Explication de {explication.cellule} · {programme}", largeur)
    comptes = f"Faits comptés : {quand} · connu à la position {explication.position}"
    entete = f"{titre}\n{phrase(comptes, largeur)}\n\n"
    total = _chiffre(explication.valeur_centimes, unite)
    if not explication.contributions:
        return entete + phrase(f"Aucun fait ne change ce chiffre, qui vaut {total}.", largeur)
    sources = [c.provenance for c in explication.contributions]
    fichiers = {
        nom: f"[{rang}]"
        for rang, nom in enumerate(dict.fromkeys(s.fichier for s in sources if s), start=1)
    }
    rangs = [
        [
            str(c.position),
            date_iso(c.date_effet.isoformat()),
            libelle_du_fait(c.type),
            c.structure or "",
            *([_ligne_lue(c.provenance, fichiers)] if fichiers else []),
            _apport(c.centimes, unite),
        ]
        for c in explication.contributions
    ]
    rangs.append(["", "", *([""] if fichiers else []), "", "Total", total])
    colonnes = (
        Colonne("Position", True),
        Colonne("Effet"),
        Colonne("Fait", souple="libelle"),
        Colonne("Structure", souple="cle"),
        *([Colonne("Source")] if fichiers else []),
        Colonne("Montant", True),
    )
    pied = [accorder(len(explication.contributions), "fait")]
    pied += [
        phrase(f"{marque} fichier importé, SHA-256 {nom}", largeur)
        for nom, marque in fichiers.items()
    ]
    return "\n\n".join([entete + tableau(colonnes, rangs, largeur=largeur), "\n".join(pied)])


def _ligne_lue(source: Provenance | None, fichiers: Mapping[str, str]) -> str:
    if source is None:
        return ""
    feuille = "" if source.feuille is None else f" {raccourcir(source.feuille, 10)}"
    return f"{fichiers[source.fichier]}{feuille} {source.ligne}"


@click.command(
    short_help="Ce qui a changé entre deux positions, instants ou rapports.",
    epilog="""\b
Exemples :
  fabriques comparer 300 400
  fabriques comparer 2021-01-31 2021-02-28 --cellule 'enveloppe.*'
  fabriques comparer rapport-2020.json 485 --format csv -o ecarts.csv

\b
Classes, la première qui convient :
  changement de règle   règles révisées ou enveloppe modifiée
  correction            versement annulé ou identité corrigée
  fait tardif           enregistré après P1, daté d'un jour passé pour P1
  fait nouveau          tous les autres

\b
Code de sortie : 0, écarts ou non.""",
)
@click.argument("p1", metavar="P1", type=FICHIER)
@click.argument("p2", metavar="P2", type=FICHIER)
@click.option(
    "--cellule",
    "motifs",
    multiple=True,
    metavar="MOTIF",
    shell_complete=completer_chiffre,
    help="Ne comparer que ces cellules, par exemple 'credits.2021.*' (peut se répéter).",
)
@option_au
@avec_demande(formats=FORMATS_DE_TABLEAU, dates=False)
def comparer(demande: Demande, p1: str, p2: str, motifs: tuple[str, ...]) -> None:
    """Ce qui a changé entre P1 et P2, chiffre par chiffre, et les faits qui l'expliquent.

    P1 et P2 sont chacun une position, un jour (en UTC) ou un instant d'enregistrement, ou le
    fichier d'un rapport, qui dit lui-même sa position et sa date. --au vaut pour les autres
    formes.
    """
    from ledger import Journal  # noqa: PLC0415
    from projections import comparer as calculer  # noqa: PLC0415

    with ouvrir_en_lecture(demande.base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        a, b = (_lire_point(texte, journal, demande) for texte in (p1, p2))
        ecarts = calculer(journal, a, b, motifs=motifs)
        entete = None
        if demande.format in CLASSEURS:
            apres = replace(demande, au=b.au, connu_au=b.connu_au)
            points = (("Avant", _dire_point(p1, a)), ("Après", _dire_point(p2, b)))
            entete = _cartouche(journal, apres, *points)

    def table(largeur: int) -> str:
        entete = (
            f"Comparaison · {journal.programme}",
            f"Avant : {_dire_point(p1, a)}",
            f"Après : {_dire_point(p2, b)}",
        )
        dite = "\n".join(phrase(texte, largeur) for texte in entete)
        return f"{dite}\n\n{_table_ecarts(ecarts, largeur)}"

    publier(
        demande,
        ecarts,
        table=table,
        colonnes=_COLONNES_COMPARER,
        lignes=_lignes_ecarts(ecarts),
        tableur=EnTableur(
            tableau=lambda: tableurs().tableau_comparaison(ecarts),
            classeur=lambda: tableurs().classeur_comparaison(entete, ecarts),
        ),
    )


def _lire_point(texte: str, journal: Journal, demande: Demande) -> Point:
    """A position, an instant, or the view of a report. Raises UsageError."""
    from projections import Point  # noqa: PLC0415
    from projections.comparaison import point_du_rapport  # noqa: PLC0415
    from projections.rapport import lire_entete  # noqa: PLC0415

    try:
        return Point(lire_moment(texte), demande.au)
    except ValueError as erreur:
        octets = _lire_fichier(texte)
        if octets is None:
            raise click.UsageError(f"{erreur} Ce n'est pas non plus un fichier.") from erreur
    return point_du_rapport(journal, lire_entete(octets))


def _lire_fichier(nom: str) -> bytes | None:
    """The bytes of a report, no more than one can hold and one; None when there is no such file."""
    from projections.rapport import OCTETS_MAX  # noqa: PLC0415

    try:
        with Path(nom).open("rb") as flux:
            return flux.read(OCTETS_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as erreur:
        raise click.UsageError(f"{nom} ne se lit pas : {raison(erreur)}.") from erreur


def _dire_point(texte: str, point: Point) -> str:
    su = point.connu_au
    quoi = f"connu à la position {su}" if isinstance(su, int) else f"connu à l'instant {su}"
    source = "" if texte.strip() == str(su) else f" ({texte.strip()})"
    quand = "" if point.au is None else f" · jusqu'au {date_iso(point.au.isoformat())}"
    return f"{quoi}{source}{quand}"


def _table_ecarts(ecarts: Sequence[Ecart], largeur: int) -> str:
    if not ecarts:
        return "Aucun écart."
    blocs = [_bloc(ecart, largeur) for ecart in ecarts]
    pied = [f"{accorder(len(ecarts), 'chiffre')} en écart"]
    if any(c.classe == "fait_tardif" for ecart in ecarts for c in ecart.contributions):
        from projections.comparaison import TARDIF  # noqa: PLC0415

        pied.append(phrase(f"Fait tardif : {TARDIF}.", largeur))
    return "\n\n".join([*blocs, "\n".join(pied)])


def _bloc(ecart: Ecart, largeur: int) -> str:
    """One cell: before and after, then the facts, their subtotals by class, the total."""
    unite = ecart.unite
    avant, apres = _chiffre(ecart.avant_centimes, unite), _chiffre(ecart.apres_centimes, unite)
    rangs = [
        [
            str(c.position),
            _CLASSES[c.classe],
            libelle_du_fait(c.type),
            c.structure or "",
            _apport(c.centimes, unite),
        ]
        for c in ecart.contributions
    ]
    for classe, libelle in _CLASSES.items():
        montants = [c.centimes for c in ecart.contributions if c.classe == classe]
        if montants:
            faits = accorder(len(montants), "fait")
            rangs.append(["", libelle, "sous-total", faits, _apport(sum(montants), unite)])
    rangs.append(["", "", "total", "", _apport(ecart.difference_centimes, unite)])
    colonnes = (
        Colonne("Position", True),
        Colonne("Classe", souple="libelle"),
        Colonne("Fait", souple="libelle"),
        Colonne("Structure", souple="cle"),
        Colonne("Écart", True),
    )
    corps = tableau(colonnes, rangs, largeur=largeur)
    return f"{phrase(f'{ecart.cellule} : {avant} → {apres}', largeur)}\n{corps}"


def _lignes_ecarts(ecarts: Sequence[Ecart]) -> Iterator[dict[str, Cellule]]:
    """One row per contribution, its cell repeated."""
    for ecart in ecarts:
        commun = {nom: getattr(ecart, nom) for nom in _COLONNES_COMPARER[:5]}
        for contribution in ecart.contributions:
            yield {**commun, **aplatir(contribution)}


def _apport(valeur: int, unite: str) -> str:
    """What is added to a cell, for people: between two rates, points."""
    return points(valeur) if unite == "dix_milliemes" else _chiffre(valeur, unite)


def _chiffre(valeur: int, unite: str) -> str:
    """The integer of a cell, for people."""
    match unite:
        case "centimes":
            return euros(valeur)
        case "dix_milliemes":
            return pour_cent(valeur)
        case _:
            return str(valeur)
