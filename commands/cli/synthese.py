"""`demo --synthetique`: the whole programme, its structures numbered, two rule sets in one base."""

from __future__ import annotations

import shlex
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from .base import nommer, ouvrir_en_lecture
from .chiffres import publier
from .controle import SORTIE_CONSTAT, verifier_base
from .demonstration import appel, en_listes, en_parties, jouer, refuser_une_vraie_base
from .largeurs import commande
from .options import Demande
from .tables import table_enveloppe, table_verification
from .tables_budget import table_credits
from .terminal import avertir, neutraliser

if TYPE_CHECKING:
    from ledger.audit import Rapport
    from projections import Vue


def jouer_la_synthese(base: str, au: date | None, format_: str, sortie: str | None) -> None:
    """Play both programmes up to a day, then print their figures and what was assumed."""
    from commands.synthese import DERNIER_JOUR, PROGRAMMES, commandes_synthetiques  # noqa: PLC0415
    from ledger import Journal  # noqa: PLC0415
    from projections import regarder  # noqa: PLC0415

    jour = au if au is not None else DERNIER_JOUR
    refuser_une_vraie_base(base, PROGRAMMES)
    avertir(f"Base synthétique (aucune structure n'y existe) : {nommer(base)}")
    jouer(base, list(commandes_synthetiques(jour)))
    vues: dict[str, tuple[Vue, Rapport]] = {}
    with ouvrir_en_lecture(base) as store:
        for programme in store.programmes():
            vue = regarder(Journal(store, programme), au=jour)
            vues[programme] = vue, verifier_base(store, programme)
    _montrer(Demande(base=base, format=format_, sortie=sortie, au=jour), vues)
    if not all(rapport.conforme for _, rapport in vues.values()):
        raise click.exceptions.Exit(SORTIE_CONSTAT)


def _montrer(demande: Demande, vues: dict[str, tuple[Vue, Rapport]]) -> None:
    from commands.synthese import HYPOTHESES  # noqa: PLC0415
    from ledger.temps import format_date  # noqa: PLC0415
    from projections import complements, credits, enveloppe  # noqa: PLC0415

    valeur: dict[str, Any] = {
        "hypotheses": HYPOTHESES,
        "programmes": {
            programme: {
                "enveloppe": enveloppe(vue),
                "credits": credits(vue),
                "verification": rapport.en_json(),
            }
            for programme, (vue, rapport) in vues.items()
        },
    }

    def table(taille: int) -> str:
        quand = f"au {format_date(demande.au)}" if demande.au is not None else ""
        parties = [("Ce qui est publié, supposé ou inconnu", en_listes(HYPOTHESES, taille))]
        for programme, (vue, rapport) in vues.items():
            corps = table_enveloppe(enveloppe(vue), complements(vue), largeur=taille)
            parties.append((f"{programme} : enveloppe {quand}", corps))
            corps = table_credits(credits(vue), largeur=taille)
            parties.append((f"{programme} : AE et CP {quand}", corps))
            corps = table_verification(programme, rapport, largeur=taille)
            parties.append((f"{programme} : vérification de tout le journal", corps))
        parties.append(("À essayer ensuite", _suite(demande.base, demande.au, taille)))
        return en_parties(parties, taille)

    publier(demande, valeur, table=table)


def _suite(base: str, au: date | None, taille: int) -> str:
    nom = f"--base {neutraliser(shlex.quote(nommer(base)))}"
    jour = "2022-03-01" if au is None else au.isoformat()
    cherche = (
        '{"hypothese": "labelliser_jusqu_au_refus",',
        f'"montant_centimes": 13500000, "date_effet": "{jour}",',
        '"territoire": "hors_qpv"}',
    )
    de_2019 = (nom, "--programme synthetique-2019")
    suites = (
        ("enveloppe", *de_2019, "--au 2021-12-31"),
        ("prevision", *de_2019, "--au 2021-07-01"),
        ("rapport", *de_2019, "-o rapport.html"),
        ("exporter", *de_2019, "-o synthetique-2019.ods"),
    )
    return "\n".join(
        [
            *(commande((appel(), *suite), taille) for suite in suites),
            "  echo \\",  # a JSON text goes on one line: the shell joins the three arguments
            *(f"    '{morceau}' \\" for morceau in cherche),
            commande((f"| {appel()}", "simuler -", *de_2019), taille, retrait="    "),
        ]
    )
