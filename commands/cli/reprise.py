"""The verb `reprendre`: declare what a restored backup lost, and go on under a new origin."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import click

from .base import choisir_programme, ouvrir_en_lecture, prevenir_de_l_attente
from .chiffres import publier
from .largeurs import commande
from .options import FICHIER, Demande, avec_demande, jour_donne
from .phrases import en_retrait, phrase
from .rendu import accorder
from .terminal import avertir, neutraliser

if TYPE_CHECKING:
    from datetime import date

    from commands import GrandLivre, Recu
    from ledger import Journal
    from ledger.sceau.garde import Recul

SORTIE_REFUS = 3


@click.command(
    short_help="Déclare ce qu'une sauvegarde remise en place a perdu, et continue.",
    epilog="""\b
Exemples :
  fabriques reprendre --releves releves --motif "Disque perdu le 3 mars" --a-blanc
  fabriques reprendre --releves releves --motif "Disque perdu le 3 mars"

\b
Code de sortie : 0 ; 3 rien n'est perdu (reprise_sans_objet) ; 4 base absente,
illisible ou modifiée.""",
)
@click.option(
    "--releves",
    type=FICHIER,
    metavar="DOSSIER",
    envvar="FABRIQUES_RELEVES",
    show_envvar=True,
    required=True,
    help="Les relevés publiés, gardés hors de la base.",
)
@click.option("--motif", metavar="TEXTE", required=True, help="Ce qui est arrivé.")
@click.option(
    "--acteur", metavar="ID", default="exploitant", show_default=True, help="Qui reprend."
)
@click.option(
    "--date-effet",
    metavar="AAAA-MM-JJ",
    callback=jour_donne,
    help="La date d'effet (par défaut : la plus tardive du journal).",
)
@click.option("--a-blanc", is_flag=True, help="Dire ce qui serait déclaré, sans rien écrire.")
@avec_demande(formats=("table", "json", "csv"), dates=False)
def reprendre(demande: Demande, releves: str, a_blanc: bool, **champs: Any) -> None:
    """Déclare perdues les lignes qu'une sauvegarde remise en place n'a plus, puis continue.

    Compare le journal aux relevés publiés et enregistre la reprise : dernière taille satisfaite,
    dernière taille connue, motif. Le journal prend une origine nouvelle ; les anciens relevés
    restent, et disent toujours ce qui est perdu. Les commandes perdues se renvoient ensuite, avec
    les mêmes id_commande.
    """
    with ouvrir_en_lecture(demande.base) as store:
        from ledger import Journal  # noqa: PLC0415

        journal = Journal(store, choisir_programme(store, demande))
        derniere = max(fait.date_effet for _, fait in journal.rattraper())
        reculs = _reculs(journal, releves)
    commandes = [
        _commande(journal.programme, recul, champs, champs["date_effet"] or derniere)
        for recul in reculs
    ]
    with ExitStack() as pile:
        livre = _ouvrir(pile, demande.base, a_blanc=a_blanc)
        recus = livre.executer_lot(commandes, atomique=True)
        apres = livre.journal(journal.programme)
    _refuser(recus)
    pertes = [_perte(c, r) for c, r in zip(commandes, recus, strict=True)]
    valeur = {
        "programme": journal.programme,
        "a_blanc": a_blanc,
        "taille_trouvee": journal.taille,
        "pertes": pertes,
        "origine": None if a_blanc else apres.origine(),
        "taille": None if a_blanc else apres.taille,
    }
    publier(
        demande,
        valeur,
        table=lambda largeur: _table(valeur, releves, largeur),
        colonnes=tuple(pertes[0]),
        lignes=pertes,
    )


def _reculs(journal: Journal, releves: str) -> tuple[Recul, ...]:
    """What the journal lost. Exits 3 when it lost nothing."""
    from ledger.erreurs import StoreRolledBackError  # noqa: PLC0415
    from ledger.sceau.garde import recule, reculs  # noqa: PLC0415

    trouves = reculs(journal, releves)
    if not trouves:
        avertir(
            f"Refus (reprise_sans_objet) : le journal {journal.programme} ({journal.taille} "
            f"lignes) contient tout ce que disent les relevés de {releves}. Rien n'est écrit."
        )
        raise click.exceptions.Exit(SORTIE_REFUS)
    for recul in trouves:
        if recul.declaree:
            raise StoreRolledBackError(
                recule(journal, recul.garde).message,
                remede="Une reprise antérieure disait ces lignes présentes : elles ont été "
                "modifiées depuis. Lancer `fabriques verifier` sur une copie.",
            )
    return trouves


def _commande(programme: str, recul: Recul, champs: dict[str, Any], jour: date) -> dict[str, Any]:
    """The command of one loss; its id comes from the loss, so that it is declared once."""
    from ledger.preuve.merkle import racine_base64  # noqa: PLC0415

    perdu = recul.garde.releve
    racine = racine_base64(perdu.racine)
    graine = f"{perdu.origine}\n{perdu.taille}\n{racine}".encode()
    return {
        "commande": "ReprendreJournal",
        "id_commande": f"reprise-{sha256(graine).hexdigest()[:16]}",
        "programme": programme,
        "acteur": {"id": champs["acteur"], "role": "systeme"},
        "date_effet": jour.isoformat(),
        "origine_precedente": perdu.origine,
        "taille_satisfaite": recul.satisfaite,
        "taille_perdue": perdu.taille,
        "racine_perdue": racine,
        "motif": champs["motif"],
    }


def _ouvrir(pile: ExitStack, base: str, *, a_blanc: bool) -> GrandLivre:
    from commands import GrandLivre  # noqa: PLC0415
    from ledger import ouvrir_magasin  # noqa: PLC0415

    if not a_blanc:
        prevenir_de_l_attente(base)
        return pile.enter_context(GrandLivre.ouvrir(base))
    store = ouvrir_magasin(base, ecriture=False)
    pile.callback(store.fermer)
    return pile.enter_context(GrandLivre(store).bifurquer())


def _refuser(recus: tuple[Recu, ...]) -> None:
    """Say the refusal of the batch, if there is one."""
    for recu in recus:
        if recu.refus is not None:
            avertir(f"Refus ({recu.refus.code}) : {recu.refus.phrase} Rien n'est écrit.")
            raise click.exceptions.Exit(SORTIE_REFUS)


def _perte(commande: dict[str, Any], recu: Recu) -> dict[str, Any]:
    return {
        "origine_precedente": commande["origine_precedente"],
        "taille_satisfaite": commande["taille_satisfaite"],
        "taille_perdue": commande["taille_perdue"],
        "racine_perdue": commande["racine_perdue"],
        "id_commande": commande["id_commande"],
        "statut": recu.statut,
        "position": recu.taille,
    }


def _table(valeur: dict[str, Any], releves: str, largeur: int) -> str:
    blanc = valeur["a_blanc"]
    titre = "À blanc, rien n'est écrit : ce qui serait déclaré" if blanc else "Journal repris"
    trouvees = accorder(valeur["taille_trouvee"], "ligne trouvée")
    textes = [phrase(f"{titre} · {valeur['programme']} ({trouvees})", largeur)]
    for perte in valeur["pertes"]:
        textes += [
            "",
            phrase(f"Perdu sous l'origine {perte['origine_precedente']}", largeur),
            en_retrait(
                f"Lignes {perte['taille_satisfaite'] + 1} à {perte['taille_perdue']} : le dernier "
                f"relevé satisfait en a {perte['taille_satisfaite']}, le plus récent connu "
                f"{perte['taille_perdue']}.",
                largeur,
            ),
            en_retrait(f"Racine perdue : {perte['racine_perdue']}", largeur),
            en_retrait(
                f"Déclaré en position {perte['position']} ({perte['id_commande']})", largeur
            ),
        ]
    if blanc:
        return "\n".join(textes)
    dossier = neutraliser(shlex.quote(releves))
    publier = ("fabriques", "releve", "--signer CLE", f"--publier {dossier}")
    renvoyer = ("fabriques", "executer", "COMMANDES-PERDUES.jsonl", f"--releves {dossier}")
    return "\n".join(
        [
            *textes,
            "",
            phrase(f"Origine nouvelle : {valeur['origine']}", largeur),
            "",
            "À faire maintenant :",
            "  1. Publier un relevé :",
            commande(publier, largeur, retrait="     "),
            "  2. Renvoyer les commandes perdues, avec les mêmes id_commande :",
            commande(renvoyer, largeur, retrait="     "),
            "  3. Garder les anciens relevés : ils disent ce qui est perdu.",
        ]
    )
