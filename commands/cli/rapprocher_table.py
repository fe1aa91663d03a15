"""A reconciliation for people at a terminal: totals, then what is to be explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .phrases import en_liste, en_retrait, euros, phrase
from .rendu import Colonne, accorder, tableau

if TYPE_CHECKING:
    from projections.rapprochement import Verdict
    from projections.rapprochement.bilan import Rapprochement

MONTRES = 40
"""Discrepancies and refused values shown in the table; the other formats give all of them."""


def table_rapprochement(rapport: Rapprochement, *, largeur: int) -> str:
    """The table, within `largeur` columns."""
    from projections.rapprochement import CONCORDANTS  # noqa: PLC0415
    from projections.rapprochement.classeur import LIBELLES  # noqa: PLC0415

    feuilles = f", feuilles {', '.join(rapport.feuilles)}" if rapport.feuilles else ""
    exercices = ", ".join(map(str, rapport.exercices)) or "aucun"
    tete = (
        f"Rapprochement avec Chorus · {rapport.programme}",
        f"Fichier : {rapport.fichier}{feuilles} ({accorder(rapport.lignes, 'ligne')})",
        f"SHA-256 : {rapport.sha256}",
        f"Exercices : {exercices} · connu à la position {rapport.position}",
        *rapport.constats,
    )
    lignes = [*(phrase(texte, largeur) for texte in tete), ""]
    totaux = [
        (LIBELLES[t.verdict], str(t.nombre), euros(t.chorus_centimes), euros(t.livre_centimes))
        for t in rapport.totaux
    ]
    entetes = (
        Colonne("Verdict", souple="libelle"),
        Colonne("Nombre", droite=True),
        Colonne("Chorus", droite=True),
        Colonne("Livre", droite=True),
    )
    lignes.append(tableau(entetes, totaux, largeur=largeur))
    if rapport.hors_periode:
        hors = accorder(rapport.hors_periode, "versement")
        lignes.append(
            phrase(
                f"Hors des exercices du fichier : {hors}, {euros(rapport.hors_periode_centimes)}.",
                largeur,
            )
        )
    if rapport.regles_ailleurs:
        ailleurs = accorder(rapport.regles_ailleurs, "versement")
        lignes.append(
            phrase(
                f"Déjà rapprochés de demandes absentes du fichier : {ailleurs}, "
                f"{euros(rapport.regles_ailleurs_centimes)}.",
                largeur,
            )
        )
    ecarts = [v for v in rapport.verdicts if v.verdict not in CONCORDANTS]
    for verdict in ecarts[:MONTRES]:
        lignes += ["", LIBELLES[verdict.verdict], *_cotes(verdict, largeur)]
        lignes.append(en_retrait(verdict.explication, largeur))
        lignes += [en_liste(candidat, largeur) for candidat in verdict.candidats]
    for refus in rapport.refusees[:MONTRES]:
        ou = ", ".join(filter(None, (refus.feuille, f"ligne {refus.ligne}", refus.colonne)))
        dite = phrase(f"Valeur refusée · {ou} : {refus.valeur or '(vide)'}", largeur)
        lignes += ["", dite]
        lignes.append(en_retrait(f"{refus.raison} {refus.remede}", largeur))
    caches = max(len(ecarts) - MONTRES, 0) + max(len(rapport.refusees) - MONTRES, 0)
    if caches:
        suite = f"{caches} de plus : les lire avec -o rapprochement.xlsx (ou .html, .csv)."
        lignes += ["", phrase(suite, largeur)]
    return "\n".join(lignes)


def _cotes(verdict: Verdict, largeur: int) -> list[str]:
    """What each side says, one line each."""
    dits = []
    if verdict.dp is not None:
        dits.append(
            f"Chorus : DP {verdict.dp} ({verdict.exercice_dp}), "
            f"{euros(verdict.chorus_centimes or 0)}, ligne {verdict.ligne}"
        )
    if verdict.position is not None:
        dits.append(
            f"Livre  : {verdict.structure}, versement {verdict.position} ({verdict.exercice}), "
            f"{euros(verdict.livre_centimes or 0)}"
        )
    return [en_retrait(dit, largeur) for dit in dits]
