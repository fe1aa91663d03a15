"""The report on a terminal: the tables of its HTML page, in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .phrases import euros, phrase
from .rendu import Colonne, accorder, date_iso, tableau
from .tables import table_anomalies, table_enveloppe, table_structures
from .tables_budget import table_credits, table_matrice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections import Echeancier
    from projections.rapport import Rapport


def table_rapport(rapport: Rapport, *, largeur: int) -> str:
    """Where the figures come from, then every table."""
    import msgspec  # noqa: PLC0415

    from projections.rapport.contenu import Figures  # noqa: PLC0415

    from .demonstration import en_parties  # noqa: PLC0415

    f = msgspec.convert(rapport.figures, Figures, str_keys=True)
    parties = [
        ("Enveloppe et labels", table_enveloppe(f.enveloppe, f.complements, largeur=largeur)),
        ("AE et CP par exercice", table_credits(f.credits, largeur=largeur)),
        ("Engagements et paiements", table_matrice(f.matrice, largeur=largeur)),
        ("Structures", table_structures(f.structures, largeur=largeur)),
        ("Échéanciers", _echeanciers(f.echeanciers, largeur)),
        ("Anomalies", table_anomalies(f.anomalies, largeur=largeur)),
    ]
    return f"{_tete(rapport, largeur)}\n\n{en_parties(parties, largeur)}"


def _tete(rapport: Rapport, largeur: int) -> str:
    entete = rapport.entete
    au = "toutes les dates d'effet" if entete.au is None else f"jusqu'au {date_iso(entete.au)}"
    phrases = [
        f"{entete.intitule} · {entete.programme}",
        f"Faits comptés : {au} · connu à la position {entete.position}",
        f"Racine : {entete.racine}",
        f"Origine : {entete.origine}",
        f"Écrit par {entete.moteur}",
    ]
    return "\n".join(phrase(texte, largeur) for texte in phrases)


def _echeanciers(figures: Sequence[Echeancier], largeur: int) -> str:
    """One line an instalment, the bonus at rank 0."""
    from projections.libelles import STATUTS  # noqa: PLC0415

    rangs = []
    for e in figures:
        if e.bonus is not None:
            reste = e.bonus.montant_centimes - e.bonus.verse_centimes
            montants = (e.bonus.montant_centimes, e.bonus.verse_centimes, reste)
            rangs.append([e.structure, "0", "bonus", *map(euros, montants), ""])
        for t in e.tranches:
            montants = (t.montant_centimes, t.verse_centimes, t.reste_centimes)
            statut = STATUTS.get(t.statut, t.statut)
            rangs.append([e.structure, str(t.rang), date_iso(t.echeance), *map(euros, montants),
                          statut])  # fmt: skip
    colonnes = (
        Colonne("Structure", souple="cle"),
        Colonne("Rang", True),
        Colonne("Échéance"),
        Colonne("Montant", True),
        Colonne("Versé", True),
        Colonne("Reste", True),
        Colonne("Statut", souple="libelle"),
    )
    return f"{tableau(colonnes, rangs, largeur=largeur)}\n\n{accorder(len(figures), 'structure')}"
