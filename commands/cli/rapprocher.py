"""The verb `rapprocher`: the payments of the ledger against an extract of Chorus."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import click

from .base import choisir_programme, ouvrir_en_lecture, prevenir_de_l_attente
from .chiffres import publier
from .classeurs import EnTableur, publier_en_tableur
from .options import FICHIER, FORMATS_DE_TABLEUR, Demande, avec_demande, jour_donne
from .progression import progression
from .rapprocher_table import table_rapprochement
from .rendu import accorder, aplatir
from .sortie import CLASSEURS, ouvrir_sortie
from .terminal import avertir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger import Journal
    from ledger.stockage.port import Store
    from projections.rapprochement import Verdict
    from projections.rapprochement.bilan import Rapprochement
    from projections.tableurs.cartouche import Cartouche

SORTIE_ECARTS, SORTIE_REFUS = 1, 3
_FORMATS = ("table", "json", "csv", *FORMATS_DE_TABLEUR, "html")
_ROLES = ("instructeur", "ordonnateur", "comptable", "controleur", "systeme")


@click.command(
    short_help="Compare les versements à un extrait de Chorus.",
    epilog="""\b
Exemples :
  fabriques rapprocher chorus.xlsx
  fabriques rapprocher chorus.xlsx -o rapprochement.xlsx
  fabriques rapprocher chorus.xlsx --confirmer --acteur m.dupont --le 15/01/2024

\b
Paliers : numéro de DP et montant ; EJ, exercice et montant ; SIRET, exercice et
montant. Une paire n'est faite que si chacun est le seul candidat de l'autre.
Code de sortie : 0 tout concorde ; 1 écarts à expliquer ; 2 fichier illisible, ou d'un
autre service ; 3 une confirmation refusée ; 4 base absente ou illisible.""",
)
@click.argument("chorus", metavar="CHORUS", type=FICHIER)
@click.option("--feuille", metavar="NOM|RANG", help="La feuille à lire (sinon : les extractions).")
@click.option(
    "--referentiel",
    "referentiels",
    metavar="CODE",
    multiple=True,
    help="Ne lire que ce référentiel de programmation (répétable).",
)
@click.option("--confirmer", is_flag=True, help="Enregistrer les paires exactes : EJ et DP.")
@click.option("--acteur", metavar="ID", help="Qui confirme (avec --confirmer).")
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    metavar="|".join(_ROLES),
    default="controleur",
    show_default=True,
    help="Dans quel rôle.",
)
@click.option(
    "--le",
    metavar="AAAA-MM-JJ",
    callback=jour_donne,
    help="La date du rapprochement (avec --confirmer).",
)
@avec_demande(formats=_FORMATS, dates=False)
def rapprocher(  # noqa: PLR0913 - one argument per option
    demande: Demande,
    chorus: str,
    *,
    feuille: str | None,
    referentiels: tuple[str, ...],
    confirmer: bool,
    acteur: str | None,
    role: str,
    le: date | None,
) -> None:
    """Compare les versements du livre à un extrait des paiements de Chorus (xlsx, xls, ods, csv).

    Sans --confirmer, rien n'est écrit. Avec, chaque paire exacte est enregistrée (DP, EJ, jamais un
    montant), avec l'empreinte du fichier et la ligne. Recommencer avec le même fichier ne change
    rien ; annuler un versement défait son rapprochement.
    """
    if confirmer and (acteur is None or le is None):
        raise click.UsageError(
            "--confirmer demande qui confirme (--acteur) et à quelle date (--le)."
        )
    rapport, entete = _comparer(demande, chorus, feuille, referentiels)
    refus = 0
    if confirmer:
        qui = {"id": acteur, "role": role}
        refus = _confirmer(demande, rapport, qui, le)  # type: ignore[arg-type]
    _publier(demande, rapport, entete, chorus)
    a_confirmer = sum(v.verdict == "rapproche" for v in rapport.verdicts)
    if a_confirmer and not confirmer:
        avertir(f"À blanc : {accorder(a_confirmer, 'paire')} à confirmer (--confirmer).")
    if refus:
        raise click.exceptions.Exit(SORTIE_REFUS)
    if not rapport.concordant:
        raise click.exceptions.Exit(SORTIE_ECARTS)


def _comparer(
    demande: Demande, chorus: str, feuille: str | None, referentiels: tuple[str, ...]
) -> tuple[Rapprochement, Cartouche | None]:
    """The report, and the heading of its workbook if it is to be one."""
    from ledger import Journal  # noqa: PLC0415
    from ledger.erreurs import UsageError  # noqa: PLC0415
    from ledger.preuve.merkle import racine_base64  # noqa: PLC0415
    from projections.rapprochement import versements  # noqa: PLC0415
    from projections.rapprochement.bilan import dresser, rien_en_commun  # noqa: PLC0415

    from .chorus import lire_extrait  # noqa: PLC0415

    with ouvrir_en_lecture(demande.base) as store:
        programme = choisir_programme(store, demande)
        journal = Journal(store, programme)
        livre = versements(journal.rattraper())
        entete = _entete(store, journal) if demande.format in CLASSEURS else None
    with progression("Lignes lues") as montrer:
        extrait = lire_extrait(chorus, feuille=feuille, referentiels=referentiels, progres=montrer)
    if not extrait.lignes and not extrait.refusees:
        ailleurs = f" : {extrait.hors_referentiel} d'un autre référentiel"
        raise UsageError(
            f"{extrait.fichier} ne tient aucune ligne à comparer"
            f"{ailleurs if extrait.hors_referentiel else ''}.",
            remede="Vérifier --referentiel et --feuille.",
        )
    if rien_en_commun(extrait, livre):
        raise UsageError(
            f"{extrait.fichier} n'a aucun numéro de demande, EJ ni SIRET en commun avec "
            f"{programme} : c'est l'extrait d'un autre service, ou le livre ne tient ni EJ ni "
            "SIRET.",
            remede="Vérifier le fichier ; enregistrer les EJ (SignerConvention) et les SIRET "
            "(CorrigerStructure).",
        )
    racine = racine_base64(journal.arbre.racine())
    rapport = dresser(extrait, livre, programme=programme, position=journal.taille, racine=racine)
    return rapport, entete


def _entete(store: Store, journal: Journal) -> Cartouche:
    """The heading of a workbook, at the position that was read."""
    from ledger import Journal  # noqa: PLC0415
    from projections import regarder  # noqa: PLC0415
    from projections.tableurs.cartouche import cartouche  # noqa: PLC0415

    return cartouche(regarder(Journal(store, journal.programme), connu_au=journal.taille))


def _confirmer(demande: Demande, rapport: Rapprochement, qui: dict[str, Any], le: date) -> int:
    """Record the exact pairs. How many were refused."""
    from commands import GrandLivre, en_commande  # noqa: PLC0415
    from commands.execution import TAILLE_LOT  # noqa: PLC0415

    paires = [v for v in rapport.verdicts if v.verdict == "rapproche"]
    comptes = {"acceptee": 0, "deja_executee": 0, "refusee": 0}
    if paires:
        prevenir_de_l_attente(demande.base)
        with GrandLivre.ouvrir(demande.base) as livre:
            for debut in range(0, len(paires), TAILLE_LOT):
                lot = paires[debut : debut + TAILLE_LOT]
                recus = livre.executer_lot(
                    [en_commande(_commande(rapport, v, qui, le)) for v in lot],
                    provenances=[_provenance(rapport, v) for v in lot],
                )
                for verdict, recu in zip(lot, recus, strict=True):
                    comptes[recu.statut] += 1
                    if recu.refus is not None:
                        avertir(
                            f"Versement {verdict.position}, demande {verdict.dp} : "
                            f"{recu.refus.code}. {recu.refus.phrase}"
                        )
    if not paires:
        avertir("Rien à confirmer : aucune paire nouvelle.")
    else:
        avertir(
            f"{accorder(comptes['acceptee'], 'rapprochement enregistré')}, "
            f"{accorder(comptes['refusee'], 'refusé')}."
        )
    return comptes["refusee"]


def _commande(
    rapport: Rapprochement, verdict: Verdict, qui: dict[str, Any], le: date
) -> dict[str, Any]:
    """The command of a pair: its id depends on the pair alone."""
    cle = f"{verdict.dp}\n{verdict.exercice_dp}\n{verdict.position}"
    commande = {
        "commande": "RapprocherVersement",
        "id_commande": f"rapprochement-{sha256(cle.encode()).hexdigest()[:32]}",
        "programme": rapport.programme,
        "acteur": qui,
        "date_effet": le.isoformat(),
        "structure": verdict.structure,
        "position": verdict.position,
        "dp": verdict.dp,
        "exercice_dp": verdict.exercice_dp,
    }
    return commande if verdict.ej is None else {**commande, "ej": verdict.ej}


def _provenance(rapport: Rapprochement, verdict: Verdict) -> dict[str, Any]:
    situee = {"fichier": rapport.sha256, "ligne": verdict.ligne}
    return situee if verdict.feuille is None else {**situee, "feuille": verdict.feuille}


def _publier(
    demande: Demande, rapport: Rapprochement, entete: Cartouche | None, chorus: str
) -> None:
    """Write the report; neither the base nor the extract is ever written over."""
    if demande.format not in (*FORMATS_DE_TABLEUR, "html"):
        if demande.sortie is not None:
            with ouvrir_sortie(demande.sortie, base=demande.base, entree=chorus):
                pass
        publier(
            demande,
            rapport,
            table=lambda taille: table_rapprochement(rapport, largeur=taille),
            colonnes=_colonnes(),
            lignes=map(_ligne_csv, rapport.verdicts),
        )
        return
    from projections.rapport.rapprochement import page_rapprochement  # noqa: PLC0415
    from projections.rapprochement.classeur import classeur, tableau_verdicts  # noqa: PLC0415

    if demande.format != "html":
        tableur = EnTableur(
            tableau=lambda: tableau_verdicts(rapport),
            classeur=lambda: classeur(rapport, cast("Cartouche", entete)),
        )
        publier_en_tableur(demande, tableur, entree=chorus)
        return
    with ouvrir_sortie(demande.sortie, base=demande.base, entree=chorus) as flux:
        flux.write(page_rapprochement(rapport))


def _colonnes() -> Sequence[str]:
    from projections.rapprochement import Verdict  # noqa: PLC0415

    return Verdict.__struct_fields__


def _ligne_csv(verdict: Verdict) -> dict[str, Any]:
    return {**aplatir(verdict), "candidats": " ; ".join(verdict.candidats)}
