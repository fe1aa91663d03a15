"""What became of each row: accepted, accepted with a warning, already there, refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

Statut = Literal["acceptee", "avertie", "deja", "refusee"]

CODES: dict[str, str] = {
    "ligne_illisible": "La ligne ne se lit pas (guillemets, taille).",
    "ligne_de_total": "La ligne est un total, pas un acte.",
    "valeur_absente": "La cellule est vide, et le champ est nécessaire.",
    "valeur_invalide": "La valeur n'est pas admise par le grand livre.",
    "identifiant_indecidable": "Rien ne permet de former ou de trouver l'identifiant.",
    "structure_ambigue": "Plusieurs structures répondent à ce qui est écrit.",
    "doublon_dans_le_fichier": "Une autre ligne du fichier dit déjà la même chose.",
    "collision_dans_le_fichier": "Une autre ligne du fichier a la même identité, un autre contenu.",
    "deja_importee_differe": "Déjà dans le grand livre, avec une valeur différente.",
    "versement_annule": "Le versement a été enregistré, puis annulé.",
    "candidature_close": "La structure a déjà candidaté ; sa candidature est close.",
    "verbe_inconnu": "La commande n'existe pas.",
    "autre_programme": "La ligne nomme un autre programme que celui qui est demandé.",
    "arret": "L'import s'est arrêté avant cette ligne.",
}
"""Codes of the import itself. Others come from `tableaux.valeurs.CODES` and `refus.CODES`."""


class Constat(Struct, frozen=True):
    """What there is to say of a cell, or of the row when `colonne` is None."""

    code: str
    message: str
    remede: str = ""
    colonne: str | None = None
    valeur: str | None = None


class Issue(Struct, frozen=True):
    """The outcome of one row. `position`: of its fact, in the journal or in the trial."""

    ligne: int
    statut: Statut
    constats: tuple[Constat, ...] = ()
    structure: str | None = None
    id_commande: str | None = None
    position: int | None = None


class Bilan(Struct):
    """The counts of a run. Every row read is in exactly one of the four."""

    acceptees: int = 0
    averties: int = 0
    deja: int = 0
    refusees: int = 0
    vides: int = 0
    """Blank rows and repeated headings, which hold no data: not among the rows read."""

    @property
    def lues(self) -> int:
        """Rows of data."""
        return self.acceptees + self.averties + self.deja + self.refusees

    def compter(self, issue: Issue) -> None:
        """One more row."""
        match issue.statut:
            case "acceptee":
                self.acceptees += 1
            case "avertie":
                self.averties += 1
            case "deja":
                self.deja += 1
            case "refusee":
                self.refusees += 1

    def en_json(self) -> dict[str, int]:
        """The totals, as published."""
        return {
            "lues": self.lues,
            "acceptees": self.acceptees,
            "averties": self.averties,
            "deja": self.deja,
            "refusees": self.refusees,
            "vides": self.vides,
        }


def lignes_plates(issue: Issue) -> list[dict[str, Any]]:
    """The outcome as flat rows: one per thing to say, one when there is nothing to say."""
    commun = {
        "ligne": issue.ligne,
        "statut": issue.statut,
        "structure": issue.structure,
        "id_commande": issue.id_commande,
        "position": issue.position,
    }
    vides = dict.fromkeys(("colonne", "valeur", "code", "message", "remede"))
    if not issue.constats:
        return [{**commun, **vides}]
    return [
        {
            **commun,
            "colonne": c.colonne,
            "valeur": c.valeur,
            "code": c.code,
            "message": c.message,
            "remede": c.remede or None,
        }
        for c in issue.constats
    ]


def par_code(issues: Iterable[Issue]) -> Counter[str]:
    """How many times each code was said."""
    return Counter(c.code for issue in issues for c in issue.constats)
