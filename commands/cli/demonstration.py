"""The verb `demo`: the published programme in a new base, its figures, and what to try next."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import est_absente, nommer, ouvrir_en_lecture, prevenir_de_l_attente
from .chiffres import publier
from .classeurs import exporter_classeur
from .controle import SORTIE_CONSTAT, verifier_base
from .ecriture import SORTIE_REFUS
from .largeurs import commande, mesurer
from .options import FICHIER, Demande, option_au_jour, option_format, option_sortie
from .phrases import en_liste, phrase
from .progression import progression
from .rendu import accorder, accorder_deja
from .sortie import CLASSEURS, choisir_format
from .tables import table_echeancier, table_enveloppe, table_verification
from .tables_budget import table_credits
from .terminal import avertir, neutraliser

if TYPE_CHECKING:
    from ledger.audit import Rapport
    from projections import Vue

_AU = date(2020, 12, 31)
_FORMATS = ("table", "json", *CLASSEURS)


@click.command(
    short_help="Une base d'essai : le programme de 2019 et ses lauréats.",
    epilog="""\b
Exemples :
  fabriques demo
  fabriques demo --base essai.db --au 2022-12-31
  fabriques demo -o demo.ods
  fabriques demo --synthetique
  fabriques demo --format json""",
)
@click.option(
    "--base",
    type=FICHIER,
    metavar="FICHIER|URL",
    help="La base à créer ou à compléter (par défaut : un nouveau fichier fabriques-demo.db).",
)
@option_au_jour(
    "Jouer les faits jusqu'à ce jour, et montrer les chiffres à ce jour (par défaut : 2020-12-31, "
    "ou 2024-12-31 avec --synthetique).",
)
@click.option(
    "--synthetique",
    is_flag=True,
    help="Une histoire synthétique de tout le programme : 300 labels, puis ceux de 2023 et 2024.",
)
@option_format(_FORMATS, "table")
@option_sortie
def demo(
    base: str | None,
    au: date | None,
    *,
    synthetique: bool,
    format_demande: str | None,
    sortie: str | None,
) -> None:
    """Le programme de 2019 et ses 80 premiers lauréats, dans une base d'essai.

    Montre ce qui est supposé et pourquoi, l'enveloppe, les AE et CP, un échéancier et la
    vérification. Relancer sur la même base est sans effet ; une date plus tardive la complète.

    Avec --synthetique, les structures sont numérotées et n'existent pas : seules les dates et les
    tailles des vagues sont publiées. Deux programmes y ont chacun leurs règles (2019, 2023).

    Vers un fichier .ods ou .xlsx, le résultat est le classeur de « fabriques exporter » à ce jour.
    """
    from commands.demo import PROGRAMME, commandes_demo  # noqa: PLC0415

    choisi = choisir_format(format_demande, sortie, defaut="table", admis=_FORMATS)
    if synthetique:
        if choisi in CLASSEURS:
            raise click.UsageError(
                "Un classeur tient un programme, et --synthetique en fait deux : sans -o, puis "
                f"fabriques exporter --programme synthetique-2019 -o synthetique-2019.{choisi}."
            )
        from .synthese import jouer_la_synthese  # noqa: PLC0415

        base = base if base is not None else base_libre("fabriques-synthetique")
        jouer_la_synthese(base, au, choisi, sortie)
        return
    base = base if base is not None else base_libre("fabriques-demo")
    au = au if au is not None else _AU
    refuser_une_vraie_base(base, (PROGRAMME,))
    avertir(f"Base de démonstration : {nommer(base)}")
    jouer(base, list(commandes_demo(au)))
    with ouvrir_en_lecture(base) as store:
        from ledger import Journal  # noqa: PLC0415
        from projections import regarder  # noqa: PLC0415

        vue = regarder(Journal(store, PROGRAMME), au=au)
        rapport = verifier_base(store, PROGRAMME)
        demande = Demande(base=base, format=choisi, sortie=sortie, au=au)
        if choisi in CLASSEURS:
            exporter_classeur(demande, vue)
        else:
            _montrer(demande, vue, rapport)
    if not rapport.conforme:
        raise click.exceptions.Exit(SORTIE_CONSTAT)


def base_libre(racine: str) -> str:
    """The first free name in the current folder: a demonstration never grows an unnamed base."""
    rang = 1
    while True:
        nom = f"{racine}.db" if rang == 1 else f"{racine}-{rang}.db"
        if not Path(nom).exists():
            return nom
        rang += 1


def refuser_une_vraie_base(base: str, programmes: Sequence[str]) -> None:
    """Facts are never removed: the demonstration does not add any to a ledger of other facts."""
    from ledger.erreurs import UsageError  # noqa: PLC0415

    if est_absente(base):
        return
    with ouvrir_en_lecture(base) as store:
        autres = [p for p in store.programmes() if p not in programmes]
    if autres:
        raise UsageError(
            f"La base {nommer(base)} tient déjà {', '.join(autres)} : la démonstration n'y ajoute "
            "rien.",
            remede="Donner à --base le nom d'un nouveau fichier.",
        )


def jouer(base: str, commandes: list[dict[str, Any]]) -> None:
    """Execute the commands; the first one alone, so that a refused opening writes nothing."""
    from commands import GrandLivre  # noqa: PLC0415

    if not commandes:
        raise click.UsageError("Aucun fait de la démonstration n'est daté de ce jour ou d'avant.")
    comptes = {"acceptee": 0, "deja_executee": 0}
    prevenir_de_l_attente(base)
    with (
        GrandLivre.ouvrir(base, creer=True) as livre,
        progression("Faits", len(commandes)) as montrer,
    ):
        for lot in (commandes[:1], commandes[1:]):
            for recu in livre.executer_flux(lot):
                if recu.refus is not None:
                    avertir(f"Refus ({recu.refus.code}) : {recu.refus.phrase}")
                    raise click.exceptions.Exit(SORTIE_REFUS)
                comptes[recu.statut] += 1
                montrer(sum(comptes.values()))
    deja = comptes["deja_executee"]
    avertir(
        f"{accorder(comptes['acceptee'], 'fait enregistré')}"
        + (f", {accorder_deja(deja, 'présent')}." if deja else ".")
    )


def _montrer(demande: Demande, vue: Vue, rapport: Rapport) -> None:
    from commands.demo import HYPOTHESES, structure_temoin  # noqa: PLC0415
    from projections import complements, credits, echeancier, enveloppe  # noqa: PLC0415

    figure, lignes = enveloppe(vue), credits(vue)
    valeur = {"enveloppe": figure, "credits": lignes, "verification": rapport.en_json()}

    def table(taille: int) -> str:
        temoin = structure_temoin()
        parties = [("Ce qui est publié, supposé ou inconnu", en_listes(HYPOTHESES, taille))]
        corps = table_enveloppe(figure, complements(vue), largeur=taille)
        parties.append((f"Enveloppe {_date(demande)}", corps))
        parties.append((f"AE et CP {_date(demande)}", table_credits(lignes, largeur=taille)))
        if temoin in vue.situation.fiches:
            corps = table_echeancier(echeancier(vue, temoin), largeur=taille)
            parties.append((f"Un échéancier {_date(demande)}", corps))
        corps = table_verification(vue.programme, rapport, largeur=taille)
        parties.append(("Vérification de tout le journal", corps))
        parties.append(("À essayer ensuite", _suite(demande.base, temoin, taille)))
        return en_parties(parties, taille)

    publier(demande, valeur, table=table)


def _date(demande: Demande) -> str:
    from ledger.temps import format_date  # noqa: PLC0415

    return f"au {format_date(demande.au or _AU)}"


def en_parties(parties: Sequence[tuple[str, str]], taille: int) -> str:
    """Titled parts of a page, one after the other."""
    blocs = []
    for titre, corps in parties:
        dit = phrase(titre, taille)
        trait = "=" * max(map(mesurer, dit.split("\n")))
        blocs.append(f"{dit}\n{trait}\n{corps}")
    return "\n\n".join(blocs)


def en_listes(phrases: Sequence[str], taille: int) -> str:
    """Sentences as a list."""
    return "\n".join(en_liste(texte, taille) for texte in phrases)


def appel() -> str:
    """How to call the program from here: by its name when the shell finds it, else by its path."""
    lance = Path(sys.argv[0])
    if lance.name != "fabriques" or shutil.which("fabriques") is not None:
        return "fabriques"
    ici = Path.cwd()
    return shlex.quote(str(lance.relative_to(ici) if lance.is_relative_to(ici) else lance))


def _suite(base: str, temoin: str, taille: int) -> str:
    nom = neutraliser(shlex.quote(nommer(base)))
    return "\n".join(
        commande([appel(), *suite], taille)
        for suite in (
            ("demo", f"--base {nom}", "--au 2022-12-31"),
            ("exporter", f"--base {nom}", "-o fabriques.ods"),
            ("credits", f"--base {nom}"),
            ("echeancier", temoin, f"--base {nom}"),
            ("structures", f"--base {nom}", "--format csv", "-o structures.csv"),
            ("anomalies", f"--base {nom}", "--au 2020-12-31"),
            ("journal", f"--base {nom}", "--format table"),
            ("verifier", f"--base {nom}"),
        )
    )
