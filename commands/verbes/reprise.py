"""Go on from an older backup, under a new origin, and say what was lost."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ledger.champs import Texte, TexteLong
from ledger.evenements import JournalRepris
from ledger.programme import Programme

from ..modele import Commande, base
from ..refus import Refus

_Taille = Annotated[int, Field(ge=0, le=2**53 - 1)]


class ReprendreJournal(Commande):
    """Found a new incarnation of a journal restored from an older backup.

    `taille_satisfaite` is the size of the last checkpoint that the journal satisfies (0 when none
    is), `taille_perdue` and `racine_perdue` those of the newest one known: the lines in between are
    lost. Lost commands are sent again, under the same ids. The verb `reprendre` fills it from a
    folder of checkpoints. Moves no money; may be dated in a closed exercice.

    Refusal of its own: `reprise_sans_objet` (nothing between the two sizes, or a satisfied size
    that the journal has not reached).
    """

    verbe: ClassVar[str] = "ReprendreJournal"
    origine_precedente: Texte
    taille_satisfaite: _Taille
    taille_perdue: _Taille
    racine_perdue: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$", json_schema_extra={"maxLength": 44})
    ]
    motif: TexteLong


def reprendre_journal(etat: Programme, commande: ReprendreJournal) -> JournalRepris:
    """Decide the founding of a new incarnation."""
    satisfaite, perdue = commande.taille_satisfaite, commande.taille_perdue
    if satisfaite > etat.position or perdue <= satisfaite:
        raise Refus(
            "reprise_sans_objet",
            f"Rien n'est perdu entre les lignes {satisfaite} et {perdue} d'un journal de "
            f"{etat.position} lignes.",
            remede="Comparer d'abord le journal aux relevés : `fabriques verifier --releve`.",
            details={"position": etat.position, "satisfaite": satisfaite, "perdue": perdue},
        )
    return JournalRepris(
        **base(commande, etat.regles_au(commande.date_effet)[1]),
        origine_precedente=commande.origine_precedente,
        taille_satisfaite=satisfaite,
        taille_perdue=perdue,
        racine_perdue=commande.racine_perdue,
        motif=commande.motif,
    )
