"""What is joined to a pack from a folder of published checkpoints: notes, signatures, keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from ledger.journal import Journal
from ledger.preuve.releve import ClePublique, Releve, illisible
from ledger.sceau.dossier import lire_dossier
from ledger.sceau.fichiers import cause, lire
from ledger.sceau.garde import contient, limites_de, recule
from ledger.sceau.publieur import cles_publiees

_SSHSIG_MAX_OCTETS = 4_096


class ReleveJoint(Struct, frozen=True):
    """A checkpoint to join, with its detached SSH signature when there is one."""

    releve: Releve
    sshsig: bytes | None = None


class Pieces(Struct, frozen=True):
    """What is joined to a pack besides what the journal gives."""

    releves: tuple[ReleveJoint, ...] = ()
    cles: tuple[ClePublique, ...] = ()
    tirages: tuple[dict[str, Any], ...] = ()


def joindre(
    journal: Journal, dossier: str | Path, *, tirages: tuple[dict[str, Any], ...] = ()
) -> Pieces:
    """The checkpoints of a folder that the journal, read to the size of the pack, satisfies.

    Those of a later size, of another journal or of a declared loss are left out: the pack could
    not prove them. Raises: StoreRolledBackError when the journal contradicts one of its own,
    ReleveUnreadableError for a folder that does not read.
    """
    courante, limites = limites_de(journal)
    joints: list[ReleveJoint] = []
    cles: dict[str, ClePublique] = {}
    for garde in lire_dossier(dossier, journal.programme):
        releve = garde.releve
        if releve.origine != courante and releve.origine not in limites:
            continue
        if releve.taille > min(limites.get(releve.origine, journal.taille), journal.taille):
            continue  # beyond the pack, or lost before an incarnation and declared lost
        if not contient(journal, releve):
            raise recule(journal, garde)
        joints.append(ReleveJoint(releve, _lire_sshsig(garde.fichier)))
        cles |= {str(cle): cle for cle in cles_publiees(garde.fichier.parent)}
    return Pieces(tuple(joints), tuple(cles[nom] for nom in sorted(cles)), tirages)


def _lire_sshsig(note: Path) -> bytes | None:
    """The SSH signature beside a note, None without one. Raises ReleveUnreadableError."""
    fichier = note.with_name(f"{note.name}.sshsig")
    try:
        octets, _ = lire(fichier, maximum=_SSHSIG_MAX_OCTETS)
    except FileNotFoundError:
        return None
    except OSError as erreur:
        raise illisible(cause(erreur), f"Signature {fichier}") from erreur
    if len(octets) > _SSHSIG_MAX_OCTETS:
        raise illisible(f"elle dépasse {_SSHSIG_MAX_OCTETS} octets", f"Signature {fichier}")
    return octets
