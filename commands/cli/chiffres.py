"""The verbs that read figures: enveloppe, credits, structures, echeancier, anomalies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from .base import choisir_programme, ouvrir_en_lecture, regarder_base, regarder_journal
from .classeurs import EnTableur, publier_en_tableur, tableurs
from .completion import completer_structure
from .options import FORMATS_DE_TABLEAU, FORMATS_DE_TABLEUR, Demande, avec_demande
from .phrases import entete
from .rendu import Cellule, aplatir, csv_lignes, json_indente, json_ligne
from .sortie import ouvrir_sortie
from .tables import table_anomalies, table_echeancier, table_enveloppe, table_structures
from .tables_budget import table_credits
from .terminal import largeur

if TYPE_CHECKING:
    from projections import Vue


def publier(  # noqa: PLR0913 - one parameter per format
    demande: Demande,
    valeur: Any,
    *,
    table: Callable[[int], str],
    colonnes: Sequence[str] = (),
    lignes: Iterable[Mapping[str, Cellule]] = (),
    entree: str | None = None,
    tableur: EnTableur | None = None,
) -> None:
    """Write a figure in the format asked for. `colonnes` and `lignes` are its CSV.

    `entree` is the file that was read to make it, never written over; `tableur` its workbook and
    its French CSV, for the verbs that offer them.
    """
    if tableur is not None and demande.format in FORMATS_DE_TABLEUR:
        publier_en_tableur(demande, tableur, entree=entree)
        return
    with ouvrir_sortie(demande.sortie, base=demande.base, entree=entree) as flux:
        match demande.format:
            case "json":
                flux.write(json_indente(valeur))
            case "jsonl":
                suite = valeur if isinstance(valeur, tuple | list) else (valeur,)
                flux.writelines(json_ligne(element) for element in suite)
            case "csv":
                flux.writelines(csv_lignes(colonnes, lignes))
            case _:
                flux.write(
                    f"{table(largeur(demande.sortie))}\n".encode("utf-8", "backslashreplace")
                )


@click.command(
    short_help="Consommation de l'enveloppe.",
    epilog="""\b
Exemples :
  fabriques enveloppe
  fabriques enveloppe --au 31/12/2020 --format json
  fabriques enveloppe --connu-au 250 -o enveloppe.ods""",
)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def enveloppe(demande: Demande) -> None:
    """Consommation de l'enveloppe : engagé, disponible, payé, reste à payer.

    Le tableau ajoute les labels par vague, la subvention moyenne et le rythme.
    """
    from projections import complements  # noqa: PLC0415
    from projections import enveloppe as calculer  # noqa: PLC0415

    vue = regarder_base(demande)
    figure = calculer(vue)
    ligne = aplatir(figure)

    def table(taille: int) -> str:
        corps = table_enveloppe(figure, complements(vue), largeur=taille)
        return f"{entete(vue, 'Enveloppe', taille)}\n{corps}"

    publier(
        demande,
        figure,
        table=table,
        colonnes=list(ligne),
        lignes=[ligne],
        tableur=EnTableur(
            tableau=lambda: tableurs().tableau_enveloppe(vue),
            classeur=lambda: tableurs().classeur_enveloppe(vue),
        ),
    )


@click.command(
    short_help="AE, CP et restes à payer, par exercice.",
    epilog="""\b
Exemples :
  fabriques credits
  fabriques credits --au 2021-12-31 --format csv""",
)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def credits(demande: Demande) -> None:
    """AE, CP et restes à payer (RAP), par exercice.

    Ce qui précède « AE disponibles » s'y additionne ; « p.m. » (pour mémoire) n'y entre pas.
    """
    from ledger.budget import LigneCredits  # noqa: PLC0415
    from projections import credits as calculer  # noqa: PLC0415

    vue = regarder_base(demande)
    figure = calculer(vue)

    def table(taille: int) -> str:
        return f"{entete(vue, 'Crédits (AE/CP)', taille)}\n{table_credits(figure, largeur=taille)}"

    publier(
        demande,
        figure,
        table=table,
        colonnes=LigneCredits.__struct_fields__,
        lignes=map(aplatir, figure),
        tableur=EnTableur(
            tableau=lambda: tableurs().tableau_credits(vue),
            classeur=lambda: tableurs().classeur_credits(vue),
        ),
    )


@click.command(
    short_help="Le registre des structures.",
    epilog="""\b
Exemples :
  fabriques structures
  fabriques structures -o structures.xlsx
  fabriques structures --format csv-fr -o structures.csv""",
)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def structures(demande: Demande) -> None:
    """Le registre des structures : porteur, ville, état, montant, payé.

    Le tableau raccourcit les noms longs et ne montre le porteur qu'à partir de 110 colonnes
    (COLUMNS=110) ; les autres formats donnent tout.
    """
    from projections import LigneStructure  # noqa: PLC0415
    from projections import structures as calculer  # noqa: PLC0415

    vue = regarder_base(demande)
    figure = calculer(vue)

    def table(taille: int) -> str:
        return f"{entete(vue, 'Structures', taille)}\n{table_structures(figure, largeur=taille)}"

    publier(
        demande,
        figure,
        table=table,
        colonnes=LigneStructure.__struct_fields__,
        lignes=map(aplatir, figure),
        tableur=EnTableur(
            tableau=lambda: tableurs().tableau_structures(vue),
            classeur=lambda: tableurs().classeur_structures(vue),
        ),
    )


@click.command(
    short_help="L'échéancier et l'historique d'une structure.",
    epilog="""\b
Exemples :
  fabriques echeancier lab01-01500
  fabriques echeancier lab01-01500 --au 2021-06-30 --format json""",
)
@click.argument("structure", metavar="STRUCTURE", shell_complete=completer_structure)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def echeancier(demande: Demande, structure: str) -> None:
    """L'échéancier et l'historique d'une structure.

    STRUCTURE est son identifiant, que donne « fabriques structures ». Le statut des tranches se lit
    à la date --au, sinon à la plus grande date d'effet connue. En CSV, le rang 0 est le bonus.
    """
    from projections import echeancier as calculer  # noqa: PLC0415

    vue = regarder_base(demande)
    _proposer(vue, structure)
    figure = calculer(vue, structure)
    lignes = [{"structure": figure.structure, **aplatir(t)} for t in figure.tranches]
    if figure.bonus is not None:
        bonus = aplatir(figure.bonus)
        lignes.append({"structure": figure.structure, "rang": 0, **bonus})

    def table(taille: int) -> str:
        return f"{entete(vue, 'Échéancier', taille)}\n{table_echeancier(figure, largeur=taille)}"

    publier(
        demande,
        figure,
        table=table,
        colonnes=_COLONNES_ECHEANCIER,
        lignes=lignes,
        tableur=EnTableur(
            tableau=lambda: tableurs().tableau_echeancier(vue, structure),
            classeur=lambda: tableurs().classeur_echeancier(vue, structure),
        ),
    )


def _proposer(vue: Vue, structure: str) -> None:
    """An unknown id is refused with those that resemble it: nobody types them whole."""
    from ledger.erreurs import UsageError  # noqa: PLC0415

    connues = sorted(vue.situation.fiches)
    if structure in vue.situation.fiches or not structure:
        return
    proches = [s for s in connues if structure.lower() in s] or get_close_matches(
        structure, connues, n=_PROPOSEES
    )
    if proches:
        raise UsageError(
            f"La structure {structure[:80]} n'est pas dans {vue.programme} à ces dates.",
            remede=f"Identifiants proches : {', '.join(proches[:_PROPOSEES])}.",
        )


_PROPOSEES = 5
_COLONNES_ECHEANCIER = (
    "structure",
    "rang",
    "exercice",
    "echeance",
    "montant_centimes",
    "verse_centimes",
    "reste_centimes",
    "statut",
)


@click.command(
    short_help="Ce qui mérite un regard.",
    epilog="""\b
Exemples :
  fabriques anomalies
  fabriques anomalies --format csv -o anomalies.csv""",
)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def anomalies(demande: Demande) -> None:
    """Ce qui mérite un regard : retards, conventions, SIRET, quotas, crédits, doublons, saisie.

    Une anomalie n'est ni un refus, ni un défaut du journal : le code de sortie reste 0. Les faits
    saisis tard sont regroupés par exercice quand il y en a plus de cinq.
    """
    from ledger import Journal  # noqa: PLC0415
    from projections import Anomalie, doublons, saisie  # noqa: PLC0415
    from projections import anomalies as calculer  # noqa: PLC0415
    from projections.fonctions import Registre  # noqa: PLC0415

    registre = Registre()
    with ouvrir_en_lecture(demande.base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        vue = regarder_journal(journal, demande)
        connus = journal.rattraper(jusqua=vue.situation.position)  # not those written since
        faits = registre.suivre(connus)
        comptes = (f for f in faits if vue.au is None or f[1].date_effet <= vue.au)
        de_saisie = saisie(comptes)
        figure = (*calculer(vue), *doublons(vue), *registre.anomalies(vue), *de_saisie)

    def table(taille: int) -> str:
        return f"{entete(vue, 'Anomalies', taille)}\n{table_anomalies(figure, largeur=taille)}"

    publier(
        demande,
        figure,
        table=table,
        colonnes=Anomalie.__struct_fields__,
        lignes=map(aplatir, figure),
        tableur=EnTableur(
            tableau=lambda: tableurs().tableau_anomalies(figure),
            classeur=lambda: tableurs().classeur_anomalies(vue, figure),
        ),
    )
