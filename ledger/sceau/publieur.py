"""Publish signed checkpoints: never of a journal that lost or changed what was published before."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from ..erreurs import ReleveUnreadableError, StoreError, UsageError
from ..journal import Journal
from ..preuve.releve import ClePublique, Releve, Signature, illisible, lire_cle
from .cles import Signataire, cle_pem, cle_ssh, lignes_signataires
from .dossier import ReleveGarde, nom_de_dossier, nom_de_fichier, origines
from .fichiers import cause, lire, poser, remplacer, verrou
from .garde import contient, controler, recule
from .sshsig import signer_ssh

_VKEY = "cle.vkey"
_CLES_MAX = 64
_CLE_MAX_OCTETS = 1_024


class Publication(Struct, frozen=True):
    """What was published: the note, its file, and whether it is new (or gained a signature)."""

    releve: Releve
    fichier: Path
    nouveau: bool


def signer(releve: Releve, signataire: Signataire) -> Releve:
    """The checkpoint with one more signature. Raises KeyUnusableError."""
    cle = ClePublique(releve.origine, signataire.cle)
    signature = Signature(cle.nom, cle.identifiant, signataire.signer(releve.corps))
    return replace(releve, signatures=(*releve.signatures, signature))


class Publieur:
    """Signs the checkpoints of journals and keeps them in a folder. Safe to run twice at once."""

    def __init__(self, dossier: str | Path, signataire: Signataire) -> None:
        if dossier == "":  # an unset variable of a script, not the current folder
            raise UsageError("Le dossier de relevés n'a pas de nom.", remede="Le donner.")
        self._dossier = Path(dossier)
        self._signataire = signataire

    def publier(self, journal: Journal) -> Publication:
        """Keep the checkpoint of a journal read to its end; the same size again changes nothing.

        Raises: StoreRolledBackError when the journal does not satisfy the checkpoints of the
        programme that the folder holds (shorter, other lines, an origin that it does not know: two
        journals of one name need two folders); ReleveUnreadableError when that checkpoint does not
        read or its signature by this key is false; KeyUnusableError; UsageError for an empty
        journal; StoreError when the folder cannot be written.
        """
        if not journal.taille:
            raise UsageError(f"Le journal {journal.programme} est vide : rien à publier.")
        releve = journal.releve()
        ici = self._dossier / nom_de_dossier(releve.origine)
        try:
            self._dossier.mkdir(exist_ok=True)
            controler(journal, self._dossier)  # whatever the origin: a rewritten line 1 changes it
            with verrou(ici):
                return self._publier(journal, releve, ici)
        except OSError as erreur:
            raise StoreError(
                f"Le dossier de relevés {ici} ne peut pas être écrit : {cause(erreur)}.",
                remede="Rien n'est à moitié écrit : recommencer ensuite est sans danger.",
            ) from erreur

    def _publier(self, journal: Journal, releve: Releve, ici: Path) -> Publication:
        cle = ClePublique(releve.origine, self._signataire.cle)
        fichier = ici / nom_de_fichier(releve.taille)
        sshsig = f"{fichier.name}.sshsig"
        dernier = self._dernier(journal, cle, ici)
        meme = dernier is not None and dernier.releve.taille == releve.taille
        if dernier is not None and meme:
            if dernier.releve.verdict(cle) == "verifiee":
                return Publication(dernier.releve, dernier.fichier, nouveau=False)
            releve = dernier.releve
            sshsig = f"{fichier.name}-{cle.identifiant.hex()}.sshsig"
        note = signer(releve, self._signataire)
        _garder_cle(ici, cle)
        remplacer(ici / sshsig, signer_ssh(releve.corps, self._signataire))
        # the note comes last: with it, the checkpoint is published
        (remplacer if meme else poser)(fichier, note.note())
        return Publication(note, fichier, nouveau=True)

    def _dernier(self, journal: Journal, cle: ClePublique, ici: Path) -> ReleveGarde | None:
        """The last checkpoint of this origin, which the journal must still satisfy."""
        trouvee = next(
            (o for o in origines(self._dossier, journal.programme) if o.nom == cle.nom), None
        )
        if trouvee is None or not trouvee.derniere:
            return None
        dernier = trouvee.lire(trouvee.derniere)
        for connue in (cle, *cles_publiees(ici)):
            if dernier.releve.verdict(connue) == "fausse":
                raise illisible(
                    f"la signature de la clé {connue.identifiant.hex()} est fausse : il a été "
                    "modifié",
                    f"Relevé {dernier.fichier}",
                )
        if not contient(journal, dernier.releve):
            raise recule(journal, dernier)
        return dernier


def cles_publiees(ici: Path) -> list[ClePublique]:
    """The keys of a sub-folder, the first one first. Raises ReleveUnreadableError, OSError."""
    autres = sorted(f for f in ici.glob("cle-*.vkey") if f.name != _VKEY)
    fichiers = [f for f in (ici / _VKEY, *autres) if f.exists()]
    if len(fichiers) > _CLES_MAX:
        raise illisible(f"plus de {_CLES_MAX} clés", f"Relevés {ici}")
    return [_lire_cle(fichier) for fichier in fichiers]


def _lire_cle(fichier: Path) -> ClePublique:
    octets, _ = lire(fichier, maximum=_CLE_MAX_OCTETS)
    try:
        return lire_cle(octets.decode("utf-8", "replace"))
    except ReleveUnreadableError as erreur:
        raise ReleveUnreadableError(
            f"{fichier} : {erreur.message}", remede=erreur.remede
        ) from erreur


def _garder_cle(ici: Path, cle: ClePublique) -> None:
    """The public key in every form people check with; the files of other keys stay."""
    connues = cles_publiees(ici)
    if cle not in connues:
        nom = f"cle-{cle.identifiant.hex()}" if connues else "cle"
        remplacer(ici / f"{nom}.pem", cle_pem(cle.octets))
        remplacer(ici / f"{nom}.pub", cle_ssh(cle.octets, cle.nom))
        remplacer(ici / f"{nom}.vkey", f"{cle}\n".encode())  # with it, the key is there
        connues.append(cle)
    signataires = lignes_signataires(connues)
    chemin = ici / "allowed_signers"
    if not chemin.exists() or chemin.read_bytes() != signataires:
        remplacer(chemin, signataires)
