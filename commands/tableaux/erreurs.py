"""A file that is not a table that can be read: which one, why, what to do."""

from __future__ import annotations

from ledger.erreurs import UsageError

CODES: dict[str, str] = {
    "fichier_introuvable": "Le fichier n'existe pas ou ne s'ouvre pas.",
    "fichier_vide": "Le fichier ne tient aucune donnée.",
    "fichier_trop_grand": "Le fichier dépasse ce qui est lu.",
    "format_inconnu": "Le fichier n'est ni un texte à colonnes, ni un classeur pris en charge.",
    "fichier_chiffre": "Le fichier est protégé par un mot de passe.",
    "classeur_endommage": "Le classeur ne se lit pas jusqu'au bout.",
    "archive_piegee": "L'archive du classeur ne tient pas ce qu'elle annonce.",
    "feuille_inconnue": "La feuille demandée n'est pas dans le classeur.",
    "feuille_trop_grande": "La feuille dépasse ce qui est lu.",
    "encodage_illisible": "Le texte ne se décode pas.",
    "entete_introuvable": "Aucune ligne ne porte les en-têtes attendus.",
    "unite_inattendue": "La colonne d'un montant dit une autre unité que l'euro.",
    "entete_ambigu": "Deux colonnes prétendent au même champ.",
}
"""Code -> what it says. The list is closed."""


class TableauIllisible(UsageError):  # noqa: N818 - a French statement of fact, as house style asks
    """The file cannot be read as a table. `code` is one of `CODES`."""

    def __init__(self, code: str, message: str, *, remede: str = "") -> None:
        if code not in CODES:
            raise ValueError(code)
        super().__init__(message, remede=remede)
        self.code = code
