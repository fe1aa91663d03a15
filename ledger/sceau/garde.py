"""The guard after a restore: a journal that lost what was published does not go on by itself.

Every origin of the folder is confronted by its newest checkpoint:

- the present incarnation must satisfy it;
- a past incarnation, or one that a `journal-repris` line declares lost, must satisfy those up to
  the size that the declaration calls satisfied;
- an origin that the journal does not know means a base older than that incarnation (or another
  journal of the same name): refused.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from ..audit.temoins import incarnations
from ..erreurs import StoreRolledBackError
from ..evenements import JournalRepris
from ..journal import Journal
from ..preuve.merkle import racine_base64
from ..preuve.releve import Releve
from .dossier import Origine, ReleveGarde, origines


class Recul(Struct, frozen=True):
    """The newest checkpoint of one origin that a journal does not satisfy.

    `satisfaite` is the greatest size below it that some checkpoint of the folder proves, 0 if none.
    `declaree`: the journal says that it satisfied it when it was resumed: it was altered since.
    """

    garde: ReleveGarde
    satisfaite: int
    connue: bool
    declaree: bool


def contient(journal: Journal, releve: Releve) -> bool:
    """Whether the journal (read to its end) begins with the lines of a checkpoint."""
    return releve.taille <= journal.taille and journal.arbre.racine(releve.taille) == releve.racine


def controler(journal: Journal, dossier: str | Path) -> None:
    """Refuse a journal (read to its end) that went back behind what the folder holds.

    Raises: StoreRolledBackError; ReleveUnreadableError when the folder does not read.
    """
    for recul in reculs(journal, dossier):
        raise recule(journal, recul.garde, connue=recul.connue)


def reculs(journal: Journal, dossier: str | Path) -> tuple[Recul, ...]:
    """What a journal lost, one per origin: its own first, then by size. Empty: nothing is lost.

    Raises: ReleveUnreadableError when the folder does not read.
    """
    lues = origines(dossier, journal.programme)
    courante, limites = limites_de(journal)
    trouves: list[Recul] = []
    for origine in lues:
        limite = limites.get(origine.nom)
        tailles = [t for t in origine.fichiers if limite is None or t <= limite]
        if not tailles:
            continue
        garde = origine.lire(max(tailles))
        connue = origine.nom == courante or limite is not None
        if connue and contient(journal, garde.releve):
            continue
        satisfaite = _satisfaite(journal, lues, avant=garde.releve.taille)
        trouves.append(Recul(garde, satisfaite, connue=connue, declaree=limite is not None))
    return tuple(
        sorted(
            trouves,
            key=lambda r: (
                r.garde.releve.origine != courante,
                r.garde.releve.taille,
                r.garde.releve.origine,
            ),
        )
    )


def limites_de(journal: Journal) -> tuple[str | None, dict[str, int]]:
    """The present origin, and for each origin left behind the size up to which it still binds."""
    reprises: list[tuple[int, JournalRepris]] = []
    for position in journal.fondations:
        fait = journal.lire_un(position)
        if isinstance(fait, JournalRepris):
            reprises.append((position, fait))
    vies = incarnations(journal.programme, journal.arbre, reprises)
    limites: dict[str, int] = {}
    for avant, vie in pairwise(vies):
        if vie.reprise is not None:
            limites[avant.origine] = vie.reprise.taille_satisfaite
    for _, reprise in reprises:
        limites.setdefault(reprise.origine_precedente, reprise.taille_satisfaite)
    courante = vies[-1].origine if vies else None
    return courante, {nom: taille for nom, taille in limites.items() if nom != courante}


def _satisfaite(journal: Journal, lues: tuple[Origine, ...], *, avant: int) -> int:
    """The greatest size below `avant` that a checkpoint of the folder proves, 0 if none."""
    candidats = sorted(
        ((t, o) for o in lues for t in o.fichiers if t < avant and t <= journal.taille),
        key=lambda candidat: candidat[0],
        reverse=True,
    )
    for taille, origine in candidats:
        if contient(journal, origine.lire(taille).releve):
            return taille
    return 0


def recule(journal: Journal, garde: ReleveGarde, *, connue: bool = True) -> StoreRolledBackError:
    """The error to raise for a checkpoint that the journal does not satisfy."""
    releve, taille = garde.releve, journal.taille
    if not connue:
        raison = (
            f"le relevé porte sur l'origine {releve.origine}, que ce journal ne connaît pas : la "
            "base est plus ancienne, ou ce n'est pas le même journal"
        )
    elif releve.taille > taille:
        raison = (
            f"il avait {releve.taille} lignes (racine {racine_base64(releve.racine)}), il en a "
            f"{taille} (racine {racine_base64(journal.arbre.racine())})"
        )
    else:
        raison = (
            f"la racine de ses {releve.taille} premières lignes était "
            f"{racine_base64(releve.racine)}, elle est "
            f"{racine_base64(journal.arbre.racine(releve.taille))}"
        )
    return StoreRolledBackError(
        f"Le journal {journal.programme} ne contient plus ce que dit {garde.fichier} : {raison}.",
        remede=(
            f"Lancer `fabriques verifier --releve {garde.fichier}` ; si une sauvegarde plus "
            "ancienne a été remise en place, `fabriques reprendre` la déclare et permet de "
            "continuer."
        ),
    )
