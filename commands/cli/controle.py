"""The verb `verifier`: every check of the audit, a verdict and its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import COEURS, choisir_programme, modele_de_lecture, ouvrir_en_lecture
from .chiffres import publier
from .options import FICHIER, Demande, avec_demande, option_cliches
from .progression import progression
from .rendu import accorder, aplatir
from .tables import table_verification
from .terminal import avertir

if TYPE_CHECKING:
    from ledger import Store
    from ledger.audit import Rapport
    from ledger.audit.temoins import Temoin
    from ledger.preuve.releve import ClePublique

SORTIE_CONSTAT = 1
COLONNES_CONSTATS = ("code", "position", "detail")
"""The CSV of a check: one line a finding."""
LONG = 50_000
"""Lines from which a second process is worth its start."""
_CLE_MAX_OCTETS = 1_024


def verifier_base(
    store: Store,
    programme: str,
    *,
    temoins: Iterable[Temoin] = (),
    cles: Iterable[ClePublique] = (),
    coeurs: int | None = None,
    regles: bool = True,
) -> Rapport:
    """The audit of one programme, its progress shown on a terminal."""
    from ledger.audit import verifier as auditer  # noqa: PLC0415

    if coeurs is None:
        coeurs = COEURS if store.taille(programme) >= LONG else 1
    with progression("Faits vérifiés", store.taille(programme)) as montrer:
        return auditer(
            store,
            programme,
            progres=montrer,
            coeurs=coeurs,
            regles=regles,
            temoins=temoins,
            cles=cles,
        )


@click.command(
    short_help="Contrôle chaque ligne du journal.",
    epilog="""\b
Exemples :
  fabriques verifier
  fabriques verifier --releve releves --cle releves/*/cle.vkey
  fabriques verifier --releve '325 RACINE' --base copie.db --format json

\b
Code de sortie : 0 conforme, 1 au moins un constat, 4 base absente ou illisible.""",
)
@click.option(
    "--releve",
    "releves",
    metavar="SOURCE",
    multiple=True,
    help="Un relevé, des reçus, un dossier, « TAILLE RACINE » ou - : le journal doit y répondre.",
)
@click.option(
    "--cle",
    "cles",
    metavar="CLE|FICHIER",
    multiple=True,
    help="La clé publique (NOM+IDENTIFIANT+BASE64) qui doit avoir signé les relevés.",
)
@click.option(
    "--lecture",
    type=FICHIER,
    metavar="FICHIER",
    help="Compare aussi ce modèle de lecture au rejeu, comme « fabriques rejouer ».",
)
@option_cliches("Compare aussi le cliché gardé là au rejeu du journal.")
@click.option(
    "--niveau",
    type=click.Choice(("chaine", "regles")),
    default="regles",
    metavar="chaine|regles",
    help="Jusqu'où aller : les lignes et leur chaîne, ou aussi les règles (par défaut).",
)
@click.option(
    "--coeurs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Le nombre de processus (par défaut : deux pour un long journal).",
)
@avec_demande(formats=("table", "json", "csv"), dates=False)
def verifier(  # noqa: PLR0913 - one argument per option
    demande: Demande,
    releves: tuple[str, ...],
    cles: tuple[str, ...],
    *,
    lecture: str | None,
    cliches: str | None,
    niveau: str,
    coeurs: int | None,
) -> None:
    """Contrôle chaque ligne du journal, de ses octets aux règles du budget.

    Avec --releve, prouve aussi que le journal contient toujours ce que disaient un relevé ou un
    reçu gardés hors de la base : c'est ce qui arrête qui peut tout réécrire.
    """
    lus = list(_lire_temoins(releves))  # what does not read is said before a long audit
    publiques = [_lire_cle(cle) for cle in cles]
    with ouvrir_en_lecture(demande.base) as store:
        programme = choisir_programme(store, demande)
        temoins = [temoin for temoin in lus if not _est_d_un_autre(temoin, programme, releves)]
        if lus and not temoins:
            raise _sans_temoin(programme)
        if len(temoins) < len(lus):
            autres = accorder(len(lus) - len(temoins), "relevé")
            avertir(f"{autres} d'autres programmes dans le dossier : non confrontés.")
        rapport = verifier_base(
            store,
            programme,
            temoins=temoins,
            cles=publiques,
            coeurs=coeurs,
            regles=niveau == "regles",
        )
        if lecture is not None:
            rapport = _avec_lecture(rapport, store, demande.base, lecture)
        if cliches is not None:
            rapport = _avec_cliche(rapport, store, programme, cliches)
    publier(
        demande,
        rapport.en_json(),
        table=lambda taille: table_verification(programme, rapport, largeur=taille),
        colonnes=COLONNES_CONSTATS,
        lignes=map(aplatir, rapport.constats),
    )
    if not rapport.conforme:
        raise click.exceptions.Exit(SORTIE_CONSTAT)


def _avec_lecture(rapport: Rapport, store: Store, base: str, fichier: str) -> Rapport:
    """The report, with what the read model says otherwise."""
    from msgspec.structs import replace  # noqa: PLC0415

    from ledger.audit import Constat  # noqa: PLC0415
    from projections.lecture import Lecture  # noqa: PLC0415

    from .rejeu import constats_de_lecture  # noqa: PLC0415

    with modele_de_lecture(base, fichier), Lecture(fichier, ecriture=False) as modele:
        constats = constats_de_lecture(modele.comparer(store))
    return replace(
        rapport,
        constats=(*rapport.constats, *(Constat(**constat) for constat in constats)),
        controles={**rapport.controles, "lecture": "fait"},
    )


def _avec_cliche(rapport: Rapport, store: Store, programme: str, dossier: str) -> Rapport:
    """The report, with what the snapshot says otherwise. A broken journal has none that counts."""
    from msgspec.structs import replace  # noqa: PLC0415

    from ledger.audit import confronter_cliche  # noqa: PLC0415
    from ledger.cliche import chemin_du_cliche  # noqa: PLC0415
    from ledger.erreurs import ChainBrokenError, ImpossibleHistoryError  # noqa: PLC0415

    chemin = chemin_du_cliche(dossier, store, programme)
    if chemin is None or not chemin.exists():
        avertir(f"Aucun cliché de {programme} dans {dossier} : rien à comparer.")
        return rapport
    try:
        constats = confronter_cliche(store, programme, chemin)
    except (ChainBrokenError, ImpossibleHistoryError):
        return replace(rapport, controles={**rapport.controles, "cliches": "interrompu"})
    return replace(
        rapport,
        constats=(*rapport.constats, *constats),
        controles={**rapport.controles, "cliches": "fait"},
    )


def _lire_temoins(sources: Iterable[str]) -> Iterator[Temoin]:
    """Every witness of every source. Raises UsageError when one gives none: no check is skipped."""
    from ledger.erreurs import UsageError  # noqa: PLC0415
    from ledger.sceau.sources import charger_releves  # noqa: PLC0415

    for source in sources:
        vu = False
        for temoin in charger_releves(source):
            vu = True
            yield temoin
        if not vu:
            raise UsageError(
                f"{source[:80]} ne donne ni relevé, ni reçu d'une commande acceptée.",
                remede="Donner un relevé, des reçus, leur dossier, ou « TAILLE RACINE ».",
            )


def _sans_temoin(programme: str) -> Exception:
    from ledger.erreurs import UsageError  # noqa: PLC0415

    return UsageError(
        f"Aucun des relevés donnés ne porte sur le programme {programme}.",
        remede="Vérifier --programme et --releve : rien n'a été confronté.",
    )


def _est_d_un_autre(temoin: Temoin, programme: str, sources: Iterable[str]) -> bool:
    """Whether a checkpoint of a folder names another programme: one folder serves several."""
    fichier = Path(temoin.source)
    dossiers = [Path(source) for source in sources if Path(source).is_dir()]
    if temoin.origine is None or not any(fichier.is_relative_to(d) for d in dossiers):
        return False
    return not temoin.origine.startswith(f"fabriques-ledger/{programme}/")


def _lire_cle(texte: str) -> ClePublique:
    from ledger.preuve.releve import lire_cle  # noqa: PLC0415

    fichier = Path(texte)
    try:
        if fichier.is_file():
            with fichier.open("rb") as flux:
                texte = flux.read(_CLE_MAX_OCTETS).decode("utf-8", "replace")
    except (OSError, ValueError):
        pass  # not a file name: read as the key itself
    return lire_cle(texte)
