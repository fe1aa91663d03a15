"""The verb `importer`: files of others in, one outcome per row, nothing written unless told so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .base import choisir_programme, est_absente, ouvrir_en_lecture
from .ecriture import ouvrir_livre
from .entree import Ligne
from .import_rapport import RapportImport
from .options import (
    CLICHES_ECRITURE,
    FICHIER,
    FORMATS,
    Demande,
    avec_demande,
    lire_jour,
    option_cliches,
)
from .progression import progression
from .rendu import accorder
from .sortie import ouvrir_sortie
from .terminal import avertir, largeur

if TYPE_CHECKING:
    from commands.importer import Acte, Bilan, Issue, Lecture, Plan, Registre
    from commands.tableaux import Tableau

SORTES = ("candidatures", "versements", "commandes")
ROLES = {"candidatures": "instructeur", "versements": "comptable", "commandes": "systeme"}
SORTIE_REFUS = 3
SORTIE_INTERROMPU = 130


class _Reglages(NamedTuple):
    """How the file is read."""

    feuille: str | None
    encodage: str | None
    separateur: str | None
    colonnes: dict[str, str]
    constantes: dict[str, str]
    serie: int | None
    zeros_perdus: bool


def _couples(
    _: click.Context, parametre: click.Parameter, valeurs: tuple[str, ...]
) -> dict[str, str]:
    """`champ=texte`, each field once."""
    lus: dict[str, str] = {}
    for valeur in valeurs:
        champ, egal, texte = valeur.partition("=")
        champ, texte = champ.strip(), texte.strip()
        if not egal or not champ or not texte:
            raise click.BadParameter(f"{valeur[:60]!r} ne s'écrit pas champ=valeur.")
        if champ in lus:
            raise click.BadParameter(f"{champ[:40]} est donné deux fois.")
        lus[champ] = texte
    return lus


def _jour(_: click.Context, __: click.Parameter, valeur: str | None) -> str | None:
    if valeur is None:
        return None
    try:
        return lire_jour(valeur).isoformat()
    except ValueError as erreur:
        raise click.BadParameter(f"{erreur}.") from erreur


def _separateur(_: click.Context, __: click.Parameter, valeur: str | None) -> str | None:
    nomme = {"tab": "\t", "tabulation": "\t", "\\t": "\t"}.get((valeur or "").lower(), valeur)
    if nomme is not None and (len(nomme) != 1 or nomme in '"\r\n'):
        raise click.BadParameter("un seul signe, par exemple « ; » ou tab.")
    return nomme


@click.command(
    short_help="Importe candidatures, versements ou commandes d'un tableau.",
    epilog="""\b
Exemples :
  fabriques importer candidatures laureats.csv --date-effet 2020-02-03 \\
      --territoire qpv --numerique non
  fabriques importer candidatures depots.xlsx --feuille "Vague 2" -o rapport.csv
  fabriques importer versements dp.ods --colonnes montant="Montant payé" --confirmer
  fabriques importer commandes actes.jsonl --confirmer

\b
Sans --confirmer rien n'est écrit : chaque ligne est jugée par les vraies règles,
sur une copie en mémoire. Relancer le même fichier, entier, corrigé ou complété,
n'ajoute que ce qui est nouveau ; rien n'est jamais modifié.

\b
Code de sortie : 0 ; 2 le fichier ne se lit pas comme un tableau ; 3 au moins une
ligne refusée ; 4 base absente ou inutilisable ; 130 interrompu (relancer reprend).
Des commandes qui commencent par OuvrirProgramme créent une base absente.""",
)
@click.argument("sorte", type=click.Choice(SORTES), metavar="|".join(SORTES))
@click.argument("fichier", type=FICHIER, metavar="FICHIER|-")
@click.option("--confirmer", is_flag=True, help="Écrire. Sans cette option, rien n'est écrit.")
@click.option("--feuille", metavar="NOM|RANG", help="La feuille du classeur.")
@click.option(
    "--colonnes",
    multiple=True,
    metavar="CHAMP=EN-TÊTE",
    callback=_couples,
    help="La colonne d'un champ, par son en-tête ou ses lettres (@F). Peut se répéter.",
)
@click.option(
    "--valeur",
    "valeurs",
    multiple=True,
    metavar="CHAMP=VALEUR",
    callback=_couples,
    help="La valeur d'un champ là où le fichier ne la donne pas. Peut se répéter.",
)
@click.option("--date-effet", metavar="AAAA-MM-JJ", callback=_jour, help="Comme --valeur.")
@click.option("--vague", metavar="TEXTE", help="Comme --valeur.")
@click.option(
    "--territoire", type=click.Choice(("qpv", "hors_qpv", "inconnu")), help="Comme --valeur."
)
@click.option("--numerique", type=click.Choice(("oui", "non")), help="Comme --valeur.")
@click.option(
    "--acteur", metavar="ID", default="import", show_default=True, help="Qui fait ces actes."
)
@click.option(
    "--role",
    type=click.Choice(("instructeur", "ordonnateur", "comptable", "controleur", "systeme")),
    metavar="RÔLE",
    help="Son rôle (par défaut : instructeur, comptable ou systeme selon ce qui est importé).",
)
@click.option("--encodage", metavar="NOM", help="L'encodage d'un fichier de texte.")
@click.option(
    "--separateur",
    metavar="SIGNE",
    callback=_separateur,
    help="Le séparateur d'un fichier de texte (« ; », « , », tab).",
)
@click.option(
    "--dates-serie",
    type=click.Choice(("1900", "1904")),
    help="Lire les nombres des colonnes de date depuis ce calendrier de tableur.",
)
@click.option(
    "--zeros-perdus", is_flag=True, help="Compléter d'un zéro les codes postaux de 4 chiffres."
)
@click.option("--toutes", is_flag=True, help="Montrer aussi, en tableau, les lignes sans remarque.")
@click.option(
    "--releves",
    type=FICHIER,
    metavar="DOSSIER",
    envvar="FABRIQUES_RELEVES",
    show_envvar=True,
    help="Refuser d'écrire si la base est en retard sur les relevés gardés là.",
)
@option_cliches(CLICHES_ECRITURE, environnement=True)
@avec_demande(formats=FORMATS, dates=False)
def importer(demande: Demande, sorte: str, fichier: str, **options: Any) -> None:
    """Importe un tableau (csv, xlsx, xls, ods) et dit ce que devient chacune de ses lignes.

    Chaque ligne est acceptée, acceptée avec avertissement, déjà importée, ou refusée avec sa
    colonne, sa valeur, la raison et ce qu'il faut faire. Le fichier (SHA-256) et la ligne sont
    gardés dans chaque fait. Un montant ou une date ambigus sont refusés, jamais devinés.
    """
    from commands.tableaux import ouvrir_tableau  # noqa: PLC0415

    reglages = _regler(options)
    if sorte == "commandes" and fichier.lower().endswith((".jsonl", ".ndjson")):
        from commands.tableaux.lignes_json import ouvrir_lignes  # noqa: PLC0415

        with ouvrir_lignes(fichier) as lignes:
            _conduire(demande, sorte, fichier, _Source(lignes, None), reglages, options)
        return
    with ouvrir_tableau(
        fichier,
        feuille=reglages.feuille,
        encodage=reglages.encodage,
        separateur=reglages.separateur,
    ) as tableau:
        _conduire(demande, sorte, fichier, _Source(None, tableau), reglages, options)


def _regler(options: dict[str, Any]) -> _Reglages:
    constantes: dict[str, str] = dict(options["valeurs"])
    for champ in ("date_effet", "vague", "territoire", "numerique"):
        if options[champ] is None:
            continue
        if champ in constantes:
            raise click.UsageError(f"{champ} est donné par --valeur et par son option.")
        constantes[champ] = options[champ]
    serie = options["dates_serie"]
    return _Reglages(
        options["feuille"],
        options["encodage"],
        options["separateur"],
        options["colonnes"],
        constantes,
        None if serie is None else int(serie),
        options["zeros_perdus"],
    )


class _Source(NamedTuple):
    """What is read: JSON lines, or a table."""

    lignes: Any
    tableau: Tableau | None

    @property
    def sha256(self) -> str:
        source = self.lignes if self.tableau is None else self.tableau
        empreinte: str = source.sha256
        return empreinte


def _conduire(
    demande: Demande,
    sorte: str,
    fichier: str,
    source: _Source,
    reglages: _Reglages,
    options: dict[str, Any],
) -> None:
    from commands.importer import Bilan, Plan, Registre  # noqa: PLC0415
    from commands.importer import importer as derouler  # noqa: PLC0415

    confirme, bilan = options["confirmer"], Bilan()
    programme = _programme(demande, sorte)
    impose = demande.programme if sorte == "commandes" else programme
    plan = Plan(programme, options["acteur"], options["role"] or ROLES[sorte])
    constats, preparer = _preparer(sorte, source, reglages, plan, bilan)
    if impose is None:
        defaut = f" ; pour une ligne qui n'en nomme pas, {programme}" if programme else ""
        constats = [*constats, f"Programme : celui que nomme chaque ligne{defaut}."]
    with ExitStack() as pile:
        registre: Registre | None = None
        actes: Iterator[Acte] = iter(())
        if sorte == "commandes":
            actes = preparer(None)
            premier = next(actes, None)
            actes = chain(() if premier is None else (premier,), actes)
            livre = pile.enter_context(
                ouvrir_livre(
                    demande.base,
                    _ouverture(premier),
                    a_blanc=not confirme,
                    releves=options["releves"],
                    cliches=options["cliches"],
                )
            )
        else:
            livre = pile.enter_context(
                ouvrir_livre(
                    demande.base,
                    None,
                    a_blanc=not confirme,
                    releves=options["releves"],
                    cliches=options["cliches"],
                )
            )
            registre = Registre(livre.store, programme)
            actes = preparer(registre)
        flux = pile.enter_context(
            ouvrir_sortie(demande.sortie, base=demande.base, entree=fichier, directe=True)
        )
        tableau = source.tableau
        rapport = RapportImport(
            flux,
            demande.format,
            {
                "sorte": sorte,
                "fichier": "-" if fichier == "-" else tableau.nom if tableau else fichier,
                "sha256": source.sha256,
                "feuille": tableau.feuille if tableau else None,
                "programme": impose,
                "a_blanc": not confirme,
                "constats": constats,
            },
            taille=largeur(demande.sortie),
            toutes=options["toutes"],
            a_l_ecran=demande.sortie in (None, "-"),
        )
        feuille = tableau.feuille if tableau else None
        issues = derouler(
            livre, actes, registre, fichier=source.sha256, feuille=feuille, programme=impose
        )
        _inscrire(issues, rapport, bilan, confirme=confirme)
    if bilan.refusees:
        raise click.exceptions.Exit(SORTIE_REFUS)


def _programme(demande: Demande, sorte: str) -> str:
    """Where rows go that name no programme; empty when they must name it."""
    if sorte == "commandes" and est_absente(demande.base):
        return demande.programme or ""
    with ouvrir_en_lecture(demande.base) as store:
        if sorte == "commandes" and demande.programme is None and len(store.programmes()) > 1:
            return ""
        return choisir_programme(store, demande)


def _preparer(
    sorte: str, source: _Source, reglages: _Reglages, plan: Plan, bilan: Bilan
) -> tuple[list[str], Callable[[Registre | None], Iterator[Acte]]]:
    """What is stated of the file, and how its acts are made once the ledger is known."""
    from commands.importer import (  # noqa: PLC0415
        Lecture,
        actes_des_commandes,
        actes_des_lignes,
        actes_du_tableau,
        constats_des_colonnes,
        entete_de,
        entete_des_commandes,
    )

    tableau = source.tableau
    if tableau is None:
        lignes = source.lignes
        return [f"Lignes JSON : {lignes.nom}."], lambda _: actes_des_lignes(lignes.lire(), plan)
    constantes = reglages.constantes
    lecture: Lecture = Lecture(
        tableau.calendrier if reglages.serie is None else reglages.serie, reglages.zeros_perdus
    )
    communs: dict[str, Any] = {"constantes": constantes, "lecture": lecture}
    if sorte == "commandes":
        entete = entete_des_commandes(tableau, reglages.colonnes, constantes)
        constats = [*tableau.constats, *constats_des_colonnes(entete, constantes)]
        return constats, lambda _: actes_des_commandes(tableau, entete, plan, bilan, **communs)
    entete = entete_de(tableau, sorte, reglages.colonnes, constantes)
    constats = [*tableau.constats, *constats_des_colonnes(entete, constantes)]

    def actes(registre: Registre | None) -> Iterator[Acte]:
        if registre is None:
            raise ValueError(sorte)
        return actes_du_tableau(tableau, entete, sorte, plan, registre, bilan, **communs)

    return constats, actes


def _ouverture(premier: Acte | None) -> Ligne | None:
    """The first act as `executer` looks at it, to know whether it opens a programme."""
    if premier is None or premier.commande is None:
        return None
    verbe = getattr(premier.commande, "verbe", None)
    if isinstance(premier.commande, dict):
        verbe = premier.commande.get("commande")
    return Ligne(premier.ligne, json.dumps({"commande": verbe}).encode(), 0)


def _inscrire(
    issues: Iterator[Issue], rapport: RapportImport, bilan: Bilan, *, confirme: bool
) -> None:
    """Write the outcomes to the end, or to an interruption that is told plainly."""
    from ledger.erreurs import LedgerError  # noqa: PLC0415

    try:
        with progression("Lignes lues", partagee=rapport.a_l_ecran) as montrer:
            for issue in issues:
                bilan.compter(issue)
                rapport.inscrire(issue)
                if not bilan.lues % 200:
                    montrer(bilan.lues)
        rapport.clore(bilan)
    except (KeyboardInterrupt, BrokenPipeError, LedgerError) as erreur:
        if not isinstance(erreur, BrokenPipeError):
            rapport.clore(bilan)
        suite = "ce qui est dit accepté est enregistré ; relancer reprend la suite"
        if not confirme:
            suite = "rien n'a été écrit"
        avertir(f"\nArrêt : {rapport.resume(bilan)} — {suite}.")
        if isinstance(erreur, KeyboardInterrupt):
            raise click.exceptions.Exit(SORTIE_INTERROMPU) from None
        raise
    phrases = [] if rapport.dit_les_totaux else [f"{rapport.resume(bilan)}."]
    if not confirme:
        phrases.append("Rien n'est écrit : relancer avec --confirmer pour enregistrer.")
    else:
        phrases.append(f"{accorder(bilan.acceptees + bilan.averties, 'acte enregistré')}.")
    avertir(" ".join(phrases))
