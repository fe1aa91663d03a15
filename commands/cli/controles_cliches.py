"""The check of `doctor` on snapshots: whether they are on, where they live, which would be used."""

from __future__ import annotations

from pathlib import Path

from .controles import Controle

NOM = "clichés"


def controler_cliches(dossier: str | None) -> tuple[Controle, ...]:
    """One line for the folder, or one for each snapshot in it."""
    from ledger.cliche import (  # noqa: PLC0415
        ClicheIgnore,
        de_octets,
        exiger_a_nous,
        presents,
    )

    if dossier is None:
        detail = "Désactivés : ni --cliches, ni FABRIQUES_CLICHES. Chaque ouverture relit tout."
        return (Controle(NOM, "ok", detail),)
    lieu = Path(dossier)
    if not lieu.is_dir():
        return (Controle(NOM, "ok", f"{dossier} : aucun encore (fait à la première écriture)."),)
    faits: list[Controle] = []
    try:
        exiger_a_nous(lieu.stat(), "le dossier")
        for chemin in presents(lieu):
            try:
                exiger_a_nous(chemin.lstat(), "le fichier")
                octets = chemin.read_bytes()
                cliche = de_octets(octets)
            except ClicheIgnore as raison:
                detail = f"{chemin.name} serait ignoré : {raison}. Le supprimer : il se refait."
                faits.append(Controle(NOM, "constat", detail))
            else:
                detail = f"{chemin.name} : {cliche.taille} faits, {len(octets)} octets."
                faits.append(Controle(NOM, "ok", detail))
    except ClicheIgnore as raison:
        return (Controle(NOM, "constat", f"{dossier} : {raison} ; rien n'y serait lu."),)
    except OSError as erreur:
        return (Controle(NOM, "constat", f"{dossier} est inaccessible ({erreur.strerror})."),)
    return tuple(faits) or (Controle(NOM, "ok", f"{dossier} : aucun encore."),)
