"""A reconciliation for people at a terminal: totals, then what is to be explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rendu import Colonne, accorder, tableau
from .tables import en_retrait, euros
from .terminal import neutraliser

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
    lignes = [
        f"Rapprochement avec Chorus · {rapport.programme}",
        f"Fichier : {neutraliser(rapport.fichier)}{neutraliser(feuilles)} "
        f"({accorder(rapport.lignes, 'ligne')})",
        f"SHA-256 : {rapport.sha256}",
        f"Exercices : {', '.join(map(str, rapport.exercices)) or 'aucun'} · connu à la position "
        f"{rapport.position}",
        *(neutraliser(constat) for constat in rapport.constats),
        "",
    ]
    totaux = [
        (LIBELLES[t.verdict], str(t.nombre), euros(t.chorus_centimes), euros(t.livre_centimes))
        for t in rapport.totaux
    ]
    entetes = (
        Colonne("Verdict"),
        Colonne("Nombre", droite=True),
        Colonne("Chorus", droite=True),
        Colonne("Livre", droite=True),
    )
    lignes.append(tableau(entetes, totaux, largeur=largeur))
    if rapport.hors_periode:
        lignes.append(
            f"Hors des exercices du fichier : {accorder(rapport.hors_periode, 'versement')}, "
            f"{euros(rapport.hors_periode_centimes)}."
        )
    if rapport.regles_ailleurs:
        lignes.append(
            "Déjà rapprochés de demandes absentes du fichier : "
            f"{accorder(rapport.regles_ailleurs, 'versement')}, "
            f"{euros(rapport.regles_ailleurs_centimes)}."
        )
    ecarts = [v for v in rapport.verdicts if v.verdict not in CONCORDANTS]
    for verdict in ecarts[:MONTRES]:
        lignes += ["", LIBELLES[verdict.verdict], *_cotes(verdict)]
        lignes.append(en_retrait(verdict.explication, largeur))
        lignes += [en_retrait(f"- {candidat}", largeur) for candidat in verdict.candidats]
    for refus in rapport.refusees[:MONTRES]:
        ou = ", ".join(filter(None, (refus.feuille, f"ligne {refus.ligne}", refus.colonne)))
        lignes += ["", neutraliser(f"Valeur refusée · {ou} : {refus.valeur or '(vide)'}")]
        lignes.append(en_retrait(f"{refus.raison} {refus.remede}", largeur))
    caches = max(len(ecarts) - MONTRES, 0) + max(len(rapport.refusees) - MONTRES, 0)
    if caches:
        lignes += ["", f"{caches} de plus : les lire avec -o rapprochement.xlsx (ou .html, .csv)."]
    return "\n".join(lignes)


def _cotes(verdict: Verdict) -> list[str]:
    """What each side says, one line each."""
    dits = []
    if verdict.dp is not None:
        dits.append(
            f"  Chorus : DP {verdict.dp} ({verdict.exercice_dp}), "
            f"{euros(verdict.chorus_centimes or 0)}, ligne {verdict.ligne}"
        )
    if verdict.position is not None:
        dits.append(
            f"  Livre  : {verdict.structure}, versement {verdict.position} ({verdict.exercice}), "
            f"{euros(verdict.livre_centimes or 0)}"
        )
    return [neutraliser(dit) for dit in dits]
