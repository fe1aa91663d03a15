"""The verb `simuler`: a scenario on a fork in memory, tables side by side, the first rule that
breaks. Nothing is written, and the roots say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .base import choisir_programme, ouvrir_en_lecture
from .chiffres import publier
from .classeurs import EnTableur, tableurs
from .demonstration import en_parties
from .ecriture import SORTIE_REFUS
from .entree import ouvrir_entree
from .options import FICHIER, FORMATS_DE_TABLEAU, FORMATS_DE_TABLEUR, Demande, avec_demande
from .phrases import phrase
from .progression import progression
from .rendu import accorder, aplatir, date_iso
from .sortie import CLASSEURS
from .terminal import avertir

if TYPE_CHECKING:
    from commands.simulation import Resultat
    from projections import Vue
    from projections.simulation import AnomaliesComparees, LigneComparee

_QUAND = (("Avant", "avant"), ("Après", "apres"))


@click.command(
    short_help="Et si ? Un scénario, joué sans rien écrire.",
    epilog="""\b
Exemples :
  fabriques simuler scenario.jsonl
  fabriques simuler scenario.jsonl -o simulation.ods
  fabriques simuler scenario.jsonl --connu-au 300 --format json -o simulation.json
  echo '{"hypothese": "labelliser", "nombre": 40, "montant_centimes": 15000000,
  "date_effet": "2021-06-01", "territoire": "hors_qpv"}' | tr -d '\\n' |
  fabriques simuler -

\b
Une ligne de scénario est une commande (comme pour executer ; programme, acteur
et id_commande facultatifs) ou une hypothèse :
  {"hypothese": "labelliser", "nombre", "montant_centimes", "date_effet",
   "territoire"}           et, facultatifs, numerique, bonus, intervalle_jours, vague
  {"hypothese": "labelliser_jusqu_au_refus", "montant_centimes", "date_effet",
   "territoire"}           combien de plus, et quelle règle casse d'abord
  {"hypothese": "geler_credits", "exercice", "part_dix_milliemes", "date_effet"}
                           et, facultatif, sur (ae, cp, ae_et_cp)
  {"hypothese": "annuler_cp", "exercice", "part_dix_milliemes", "date_effet"}
  {"hypothese": "verser_echeances", "jusqu_au"}
                           et, facultatifs, depuis, bilans_acceptes

\b
Code de sortie : 0, ou 3 si une commande du scénario est refusée (le refus que
cherche labelliser_jusqu_au_refus n'en est pas un), 2 si le scénario ne se lit pas.""",
)
@click.argument("fichier", type=FICHIER, metavar="FICHIER|-")
@click.option(
    "--complet", is_flag=True, help="Montrer aussi ce qui ne change pas, et chaque refus."
)
@avec_demande(formats=FORMATS_DE_TABLEAU)
def simuler(demande: Demande, fichier: str, *, complet: bool) -> None:
    """Joue un scénario sur une copie en mémoire et montre réel, simulé et écart.

    Les commandes sont jugées par les mêmes règles que les vraies. La base est ouverte en lecture
    seule ; sa racine, relue à la fin, prouve que rien n'a été écrit. --connu-au part d'une position
    passée ; --au ne compte que les faits datés jusque-là, dans les deux colonnes.
    """
    from commands.scenario import lire_scenario  # noqa: PLC0415
    from commands.simulation import simuler as jouer  # noqa: PLC0415
    from ledger import Journal  # noqa: PLC0415
    from ledger.erreurs import UsageError  # noqa: PLC0415
    from projections import regarder  # noqa: PLC0415
    from projections.simulation import (  # noqa: PLC0415
        LigneComparee,
        anomalies_comparees,
        cote_a_cote,
        tables,
    )

    octets = _lire(fichier)
    with ouvrir_en_lecture(demande.base) as store:
        programme = choisir_programme(store, demande)
        etapes = lire_scenario(octets, programme)
        avant = _sceau(demande.base, programme)
        connu = regarder(Journal(store, programme), connu_au=demande.connu_au)
        position, jour = connu.situation.position, connu.situation.derniere_date
        if jour is None:
            raise UsageError(
                f"Rien n'est enregistré dans {programme} à cette position : rien à simuler.",
                remede="Donner à --connu-au une position d'au moins 1.",
            )
        reel = connu
        if demande.au is not None:
            reel = regarder(Journal(store, programme), au=demande.au, connu_au=position)
        with progression("Commandes simulées") as dire:
            resultat = jouer(store, programme, etapes, jour=jour, position=position, progres=dire)
        simule = regarder(Journal(resultat.fourche, programme), au=demande.au)
        deux_cotes = tables(reel), tables(simule)
        lignes = cote_a_cote(*deux_cotes)
        anomalies = anomalies_comparees(reel, simule)
        entete: Any = None
        if demande.format in CLASSEURS:
            entete = tableurs("cartouche").cartouche(reel)
        valeur = {
            "programme": programme,
            "position": position,
            "au": demande.au,
            "derniere_date": jour,
            "etapes": resultat.etapes,
            "premier_refus": resultat.premier_refus,
            "refus": resultat.refus,
            "reel": deux_cotes[0],
            "simule": deux_cotes[1],
            "ecarts": [ligne for ligne in lignes if ligne.difference_centimes],
            "anomalies": anomalies,
        }
    preuve = _preuve(avant, _sceau(demande.base, programme, jusqua=avant[0]))
    dites = tuple(
        (
            f"{quand} la simulation",
            f"{accorder(preuve[f'taille_{cle}'], 'fait')}, racine {preuve[f'racine_{cle}']}",
        )
        for quand, cle in _QUAND
    )
    valeur["preuve"] = preuve

    def table(taille: int) -> str:
        quoi = _entete(connu, demande, taille), resultat, lignes, anomalies
        return _table(quoi, preuve, taille, complet=complet)

    en_tableur = EnTableur(
        tableau=lambda: tableurs("simulations").tableau_simulation(lignes),
        classeur=lambda: tableurs("simulations").classeur_simulation(
            entete._replace(autres=dites), lignes, resultat.etapes, resultat.refus, anomalies
        ),
    )
    publier(
        demande,
        lignes if demande.format == "jsonl" else valeur,  # a cell a line
        table=table,
        colonnes=LigneComparee.__struct_fields__,
        lignes=map(aplatir, lignes),
        entree=fichier,
        tableur=en_tableur,
    )
    _conclure(demande, resultat)


def _lire(fichier: str) -> bytes:
    from commands.scenario import OCTETS_MAX  # noqa: PLC0415

    with ouvrir_entree(fichier) as flux:
        return flux.read(OCTETS_MAX + 1)  # one too many tells that it is too long


def _sceau(base: str, programme: str, *, jusqua: int | None = None) -> tuple[int, str]:
    """Size and root of the journal, read again from its file by a connection of its own."""
    from ledger import Journal  # noqa: PLC0415
    from ledger.preuve.merkle import racine_base64  # noqa: PLC0415

    with ouvrir_en_lecture(base) as store:
        journal = Journal(store, programme)
        for _ in journal.rattraper(jusqua=jusqua):
            pass
        return journal.taille, racine_base64(journal.arbre.racine())


def _preuve(avant: tuple[int, str], apres: tuple[int, str]) -> dict[str, Any]:
    """The same lines, root before and after. Another writer may have added some since."""
    from ledger.erreurs import StoreError  # noqa: PLC0415

    if avant != apres:
        raise StoreError(
            f"Les {avant[0]} premières lignes du journal ont changé pendant la simulation.",
            remede="Ce n'est pas la simulation, qui ne peut pas écrire : lancer verifier.",
        )
    return {
        "taille_avant": avant[0],
        "racine_avant": avant[1],
        "taille_apres": apres[0],
        "racine_apres": apres[1],
    }


def _conclure(demande: Demande, resultat: Resultat) -> None:
    """Exit 3 on a refusal that the scenario was not looking for; formats of cells say it aside."""
    premier = resultat.premier_refus
    if premier is not None and demande.format in ("csv", "jsonl", *FORMATS_DE_TABLEUR):
        avertir(
            f"{len(resultat.refus)} refus ; le premier ({premier.code}, ligne {premier.ligne}, "
            f"{date_iso(premier.date_effet.isoformat())}) : {premier.message}"
        )
    if any(not refus.cherche for refus in resultat.refus):
        raise click.exceptions.Exit(SORTIE_REFUS)


def _entete(connu: Vue, demande: Demande, largeur: int) -> str:
    from ledger.temps import format_date  # noqa: PLC0415

    jour = connu.situation.derniere_date
    dernier = "" if jour is None else f", dernier fait daté du {format_date(jour)}"
    phrases = [
        f"Simulation · {connu.programme}",
        f"Partie de la position {connu.situation.position}{dernier}",
    ]
    if demande.au is not None:
        phrases.append(f"Faits comptés : jusqu'au {format_date(demande.au)}")
    return "\n".join(phrase(texte, largeur) for texte in phrases)


def _table(
    quoi: tuple[str, Resultat, tuple[LigneComparee, ...], tuple[AnomaliesComparees, ...]],
    preuve: dict[str, Any],
    largeur: int,
    *,
    complet: bool,
) -> str:
    from . import tables_simulation as t  # noqa: PLC0415

    entete, resultat, lignes, anomalies = quoi
    tables = {
        nom: [ligne for ligne in lignes if ligne.cellule.startswith(f"{nom}.")]
        for nom in ("enveloppe", "credits", "matrice")
    }
    parties = [
        ("Hypothèses", t.hypotheses(resultat.etapes, largeur)),
        ("Première règle qui casse", t.premiere_rupture(resultat.refus, largeur)),
    ]
    if len(resultat.refus) > 1:
        corps = t.liste_des_refus(resultat.refus, largeur, complet=complet)
        parties.append((f"Les {len(resultat.refus)} refus", corps))
    parties += [
        ("Enveloppe et labels", t.table_enveloppe(tables["enveloppe"], largeur)),
        ("AE et CP par exercice", t.table_credits(tables["credits"], largeur, complet=complet)),
        (
            "Engagements et paiements",
            t.table_matrice(tables["matrice"], largeur, complet=complet),
        ),
    ]
    if anomalies:
        parties.append(("Anomalies", t.table_anomalies(anomalies, largeur)))
    parties.append(
        (
            "Rien n'a été écrit",
            "\n".join(
                phrase(
                    f"{quand} : {accorder(preuve[f'taille_{cle}'], 'fait')}, racine "
                    f"{preuve[f'racine_{cle}']}",
                    largeur,
                )
                for quand, cle in _QUAND
            ),
        )
    )
    return f"{entete}\n\n{en_parties(parties, largeur)}"
