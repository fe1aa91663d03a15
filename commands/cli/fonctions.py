"""The verb `fonctions`: who ordered and who paid each euro."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from .base import choisir_programme, ouvrir_en_lecture, regarder_journal
from .chiffres import publier
from .classeurs import EnTableur, tableurs
from .options import FORMATS_DE_TABLEAU, Demande, avec_demande
from .phrases import entete, euros
from .rendu import Colonne, accorder, aplatir, tableau

if TYPE_CHECKING:
    from projections.fonctions import Fonctions, LigneFonctions

_DITS = {
    "separes": "séparés",
    "acteurs_semblables": "SEMBLABLES",
    "meme_acteur": "MÊME ACTEUR",
    "payeur_non_comptable": "NON COMPTABLE",
    "sans_ordre": "sans ordre",
}


@click.command(
    short_help="Qui a ordonné et qui a payé, euro par euro.",
    epilog="""\b
Exemples :
  fabriques fonctions
  fabriques fonctions --ecarts --au 31/12/2021
  fabriques fonctions -o fonctions.xlsx
  fabriques fonctions --format csv -o fonctions.csv

\b
Statut d'une ligne : séparés ; SEMBLABLES (deux identifiants, peut-être une personne) ;
MÊME ACTEUR ; NON COMPTABLE (contre la règle) ; sans ordre.""",
)
@click.option("--ecarts", is_flag=True, help="Ne lister que ce que deux personnes n'ont pas fait.")
@avec_demande(formats=FORMATS_DE_TABLEAU)
def fonctions(demande: Demande, *, ecarts: bool) -> None:
    """Qui a ordonné et qui a payé, euro par euro.

    Un versement consomme les plus anciens ordres impayés de son rang ; une ligne par ordre consommé
    (rang 0 : le bonus). Les totaux sont ceux du payé ; un versement annulé reste listé, sans y
    compter. Le code de sortie est 0 : c'est « fabriques verifier » qui juge la règle
    ordonnancement_requis, et « fabriques anomalies » qui signale les cumuls qu'elle n'interdit pas
    et les identifiants qui se ressemblent (casse, accents, ordre des mots).
    """
    from ledger import Journal  # noqa: PLC0415
    from projections.fonctions import LigneFonctions  # noqa: PLC0415
    from projections.fonctions import fonctions as calculer  # noqa: PLC0415

    with ouvrir_en_lecture(demande.base) as store:
        journal = Journal(store, choisir_programme(store, demande))
        vue = regarder_journal(journal, demande)
        figure = calculer(vue)
    if ecarts:
        restes = tuple(ligne for ligne in figure.lignes if ligne.statut != "separes")
        figure = replace(figure, lignes=restes)

    def table(taille: int) -> str:
        return (
            f"{entete(vue, 'Séparation des fonctions', taille)}\n{_table(figure, largeur=taille)}"
        )

    publier(
        demande,
        figure,
        table=table,
        colonnes=LigneFonctions.__struct_fields__,
        lignes=map(aplatir, figure.lignes),
        tableur=EnTableur(
            tableau=lambda: tableurs("separation").tableau_separation(figure),
            classeur=lambda: tableurs("separation").classeur_separation(
                tableurs("cartouche").cartouche(vue), figure, ecarts=ecarts
            ),
        ),
    )


def _table(figure: Fonctions, *, largeur: int) -> str:
    totaux = [
        ("Payé", figure.paye_centimes),
        ("· ordonné par un autre que le payeur", figure.separes_centimes),
        ("· ordonné et payé sous des noms semblables", figure.acteurs_semblables_centimes),
        ("· ordonné et payé par le même acteur", figure.meme_acteur_centimes),
        ("· payé par un non-comptable, contre la règle", figure.payeur_non_comptable_centimes),
        ("· payé sans ordre enregistré", figure.sans_ordre_centimes),
    ]
    colonnes = (
        Colonne("Structure", souple="cle"),
        Colonne("Rang", droite=True),
        Colonne("Ordre de", souple="texte"),
        Colonne("Pos.", droite=True),
        Colonne("Payé par", souple="texte"),
        Colonne("Pos.", droite=True),
        Colonne("Montant", droite=True),
        Colonne("Statut", souple="libelle"),
    )
    return "\n\n".join(
        [
            tableau(
                (Colonne("Part", souple="libelle"), Colonne("Montant", droite=True)),
                [(nom, euros(centimes)) for nom, centimes in totaux],
                largeur=largeur,
            ),
            tableau(colonnes, [_ligne(ligne) for ligne in figure.lignes], largeur=largeur),
            accorder(len(figure.lignes), "ligne"),
        ]
    )


def _ligne(ligne: LigneFonctions) -> tuple[str, ...]:
    ordonnateur = "" if ligne.ordonnateur is None else ligne.ordonnateur
    statut = _DITS[ligne.statut]
    return (
        ligne.structure,
        str(ligne.rang),
        ordonnateur,
        "" if ligne.ordre_position is None else str(ligne.ordre_position),
        ligne.payeur,
        str(ligne.position),
        euros(ligne.montant_centimes),
        statut if ligne.annulation_position is None else f"{statut}, annulé",
    )
