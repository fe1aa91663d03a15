"""A folder of checkpoints kept outside the base, one sub-folder per origin.

    releves/fabriques-ledger_SLUG_1f0c5b0a9d3e7742/
        000000000325.releve          the note; its first three lines are what is signed
        000000000325.releve.sshsig   the same three lines, signed as OpenSSH does
        cle.vkey cle.pem cle.pub     the key: signed note, openssl, ssh
        allowed_signers              for `ssh-keygen -Y verify`

A later key has files of its own, `cle-IDENTIFIANT.*`. Nothing is ever overwritten but a note that
gains a signature, and `allowed_signers`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from ..erreurs import ReleveUnreadableError
from ..preuve.releve import NOTE_MAX_OCTETS, Releve, illisible, lire_releve
from .fichiers import cause, lire

SUFFIXE = ".releve"
RELEVES_MAX = 1_000_000
"""Entries that one folder may hold."""
_SOUS_DOSSIER = re.compile(r"fabriques-ledger_([a-z0-9-]{1,64})_([0-9a-f]{16})")
_FICHIER = re.compile(r"([0-9]{12,16})\.releve")


class ReleveGarde(Struct, frozen=True):
    """A checkpoint of the folder, and the file that holds it."""

    fichier: Path
    releve: Releve


class Origine(Struct, frozen=True):
    """The sub-folder of one origin: its files by size, smallest first, not read yet."""

    nom: str
    fichiers: dict[int, Path]

    def lire(self, taille: int) -> ReleveGarde:
        """The checkpoint of that size. Raises ReleveUnreadableError."""
        fichier = self.fichiers[taille]
        releve = lire_note(fichier)
        if (releve.origine, releve.taille) != (self.nom, taille):
            raise illisible(
                f"il dit {releve.origine} et {releve.taille}, son nom dit autre chose",
                f"Relevé {fichier}",
            )
        return ReleveGarde(fichier, releve)

    @property
    def derniere(self) -> int:
        """The greatest size, 0 when there is none."""
        return max(self.fichiers, default=0)


def nom_de_dossier(origine: str) -> str:
    """The sub-folder of an origin."""
    return origine.replace("/", "_")


def nom_de_fichier(taille: int) -> str:
    """The file of a size: in the order of sizes when sorted by name."""
    return f"{taille:012d}{SUFFIXE}"


def lire_note(fichier: Path) -> Releve:
    """The checkpoint that a file holds. Raises ReleveUnreadableError, which names the file."""
    try:
        octets, _ = lire(fichier, maximum=NOTE_MAX_OCTETS)
        return lire_releve(octets)
    except OSError as erreur:
        raise illisible(cause(erreur), f"Relevé {fichier}") from erreur
    except ReleveUnreadableError as erreur:
        raise ReleveUnreadableError(
            erreur.message.replace("Relevé", f"Relevé {fichier}", 1), remede=erreur.remede
        ) from erreur


def origines(dossier: str | Path, programme: str | None = None) -> tuple[Origine, ...]:
    """The origins that a folder holds (of one programme), sorted by name.

    Raises: ReleveUnreadableError when the folder is absent, or is not what it should be: a share
    that is not mounted must not pass for a folder without checkpoints.
    """
    if dossier == "":  # an unset variable of a script, not the current folder
        raise illisible("son nom est vide", "Dossier de relevés")
    trouvees: list[Origine] = []
    for entree in _parcourir(Path(dossier)):
        nom = _SOUS_DOSSIER.fullmatch(entree.name)
        if nom is None or programme not in (None, nom[1]):
            continue
        if not entree.is_dir(follow_symlinks=False):
            raise illisible("ce n'est pas un dossier", f"Relevés {entree.path}")
        fichiers: dict[int, Path] = {}
        for fichier in _parcourir(Path(entree.path)):
            taille = _FICHIER.fullmatch(fichier.name)
            if taille is not None:
                fichiers[int(taille[1])] = Path(fichier.path)
        origine = f"fabriques-ledger/{nom[1]}/{nom[2]}"
        trouvees.append(Origine(origine, dict(sorted(fichiers.items()))))
    return tuple(sorted(trouvees, key=lambda o: o.nom))


def lire_dossier(dossier: str | Path, programme: str | None = None) -> tuple[ReleveGarde, ...]:
    """Every checkpoint of a folder (of one programme), by origin then size.

    Raises: ReleveUnreadableError, which names the file.
    """
    return tuple(o.lire(t) for o in origines(dossier, programme) for t in o.fichiers)


def _parcourir(dossier: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(dossier) as entrees:
            for rang, entree in enumerate(entrees):
                if rang >= RELEVES_MAX:
                    raise illisible(f"plus de {RELEVES_MAX} entrées", f"Relevés {dossier}")
                yield entree
    except OSError as erreur:
        raise ReleveUnreadableError(
            f"Le dossier de relevés {dossier} ne peut pas être lu : {cause(erreur)}.",
            remede="Monter le partage, ou créer le dossier s'il n'a jamais servi.",
        ) from erreur
