"""Signing keys: Ed25519, in a private file, or in an SSH agent that never shows them.

charger_signataire("cle-de-controle")      a private key, PEM (PKCS8) or OpenSSH, no passphrase
charger_signataire("cle-de-controle.pub")  its public half: the SSH agent signs
charger_signataire("agent:")               the only Ed25519 key of the agent
charger_signataire("agent:COMMENTAIRE")    the one that was added with this comment
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..champs import neutraliser
from ..erreurs import KeyUnusableError
from ..preuve.releve import ClePublique, lire_base64
from . import agent_ssh
from .fichiers import cause, lire
from .filaire import en_blob, lire_blob

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ESPACE_DE_NOMS = "fabriques-releve"
CLE_MAX_OCTETS = 65_536
_AGENT = "agent:"
_PREFIXE_DER = bytes.fromhex("302a300506032b6570032100")
"""What comes before the 32 bytes of an Ed25519 public key in DER (RFC 8410)."""
_PUBLIQUE = re.compile(r"([a-z0-9@.-]{1,64}) ([A-Za-z0-9+/]{1,65536}={0,2})(?: .*)?")
_EN_CREER = "Créer une clé avec `fabriques releve --creer-cle FICHIER`."


class Signataire(Protocol):
    """Who signs: a public key (32 bytes), and the raw Ed25519 signature (64 bytes) of a message."""

    @property
    def cle(self) -> bytes:
        """The public key."""
        ...

    def signer(self, message: bytes) -> bytes:
        """The signature. Raises KeyUnusableError."""
        ...


class SignataireFichier:
    """Signs with a private key held in memory."""

    def __init__(self, privee: Ed25519PrivateKey) -> None:
        self._privee = privee
        self.cle = privee.public_key().public_bytes_raw()

    def signer(self, message: bytes) -> bytes:
        """The signature."""
        return self._privee.sign(message)


class SignataireAgent:
    """Asks the SSH agent, and checks what it answers."""

    def __init__(self, cle: bytes) -> None:
        self.cle = cle

    def signer(self, message: bytes) -> bytes:
        """The signature. Raises KeyUnusableError."""
        signature = agent_ssh.signer(self.cle, message)
        if not ClePublique("agent", self.cle).signe(message, signature):
            raise _inutilisable("l'agent SSH a rendu une signature fausse")
        return signature


def charger_signataire(designation: str) -> Signataire:
    """The signer named by a file, `agent:` or `agent:COMMENTAIRE`. Raises KeyUnusableError."""
    if designation.startswith(_AGENT):
        return _dans_l_agent(designation.removeprefix(_AGENT))
    chemin = Path(designation)
    try:
        octets, etat = lire(chemin, maximum=CLE_MAX_OCTETS, suivre_liens=True)
    except OSError as erreur:
        raise _inutilisable(f"{chemin} : {cause(erreur)}", _EN_CREER) from erreur
    if len(octets) > CLE_MAX_OCTETS:
        raise _inutilisable(f"{chemin} dépasse {CLE_MAX_OCTETS} octets", _EN_CREER)
    if b"PRIVATE KEY-----" not in octets:
        return _par_sa_moitie_publique(chemin, octets)
    if etat.st_uid == os.getuid() and etat.st_mode & 0o077:
        raise _inutilisable(
            f"{chemin} peut être lu par d'autres que son propriétaire",
            f"Restreindre ses droits (chmod 600 {chemin}) ; si d'autres l'ont lue, en changer.",
        )
    return SignataireFichier(_lire_privee(chemin, octets))


def _lire_privee(chemin: Path, octets: bytes) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - 50 ms to import
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
        load_ssh_private_key,
    )

    lecture = load_ssh_private_key if b"BEGIN OPENSSH" in octets else load_pem_private_key
    try:
        privee = lecture(octets, None)
    except (TypeError, UnsupportedAlgorithm) as erreur:
        raise _inutilisable(
            f"{chemin} est protégée par une phrase de passe, ou d'un genre inconnu",
            f"La charger dans un agent SSH (ssh-add {chemin}), puis donner --signer agent: "
            f"ou --signer {chemin}.pub.",
        ) from erreur
    except ValueError as erreur:
        raise _inutilisable(f"{chemin} n'est pas une clé privée lisible", _EN_CREER) from erreur
    if not isinstance(privee, Ed25519PrivateKey):
        raise _inutilisable(f"{chemin} n'est pas une clé Ed25519", _EN_CREER)
    return privee


def _par_sa_moitie_publique(chemin: Path, octets: bytes) -> Signataire:
    """An SSH public key file: the agent holds the private half."""
    trouvee = _PUBLIQUE.fullmatch(octets.decode("utf-8", "replace").strip())
    blob = None if trouvee is None else lire_base64(trouvee[2])
    if trouvee is None or blob is None:
        raise _inutilisable(f"{chemin} n'est ni une clé privée ni une clé publique SSH", _EN_CREER)
    cle = lire_blob(blob)
    if cle is None:
        raise _inutilisable(f"{chemin} n'est pas une clé Ed25519", _EN_CREER)
    if cle not in [tenue.cle for tenue in agent_ssh.lister()]:
        raise _inutilisable(
            f"l'agent SSH ne tient pas la clé de {chemin}", "La charger avec ssh-add."
        )
    return SignataireAgent(cle)


def _dans_l_agent(commentaire: str) -> Signataire:
    tenues = agent_ssh.lister()
    voulues = [t for t in tenues if commentaire in ("", t.commentaire)]
    if len({t.cle for t in voulues}) == 1:
        return SignataireAgent(voulues[0].cle)
    if not tenues:
        raise _inutilisable("l'agent SSH ne tient aucune clé Ed25519", "La charger avec ssh-add.")
    noms = ", ".join(t.commentaire for t in tenues)
    raison = "plusieurs clés de l'agent SSH conviennent" if voulues else "aucune ne porte ce nom"
    raise _inutilisable(
        raison, f"Donner agent:COMMENTAIRE ; clés Ed25519 de l'agent : {noms[:400]}."
    )


def creer_cle(fichier: str | Path) -> bytes:
    """Make a key in a new file (OpenSSH format, mode 0600). Its public half, 32 bytes.

    Raises: KeyUnusableError when the file exists or cannot be made: nothing is overwritten.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    chemin, privee = Path(fichier), Ed25519PrivateKey.generate()
    octets = privee.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    try:
        descripteur = os.open(chemin, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as erreur:
        raise _inutilisable(
            f"{chemin} : {cause(erreur)}", "Choisir un autre fichier : aucun n'est écrasé."
        ) from erreur
    try:
        with open(descripteur, "wb") as flux:  # noqa: PTH123 - a descriptor
            flux.write(octets)
            flux.flush()
            os.fsync(flux.fileno())
    except OSError as erreur:
        chemin.unlink(missing_ok=True)
        raise _inutilisable(f"{chemin} : {cause(erreur)}") from erreur
    return privee.public_key().public_bytes_raw()


def cle_pem(cle: bytes) -> bytes:
    """The public key in PEM (SubjectPublicKeyInfo), for openssl."""
    corps = b64encode(_PREFIXE_DER + cle).decode("ascii")
    return f"-----BEGIN PUBLIC KEY-----\n{corps}\n-----END PUBLIC KEY-----\n".encode()


def cle_ssh(cle: bytes, commentaire: str = "") -> bytes:
    """The public key as one line of OpenSSH, line feed included."""
    corps = b64encode(en_blob(cle)).decode("ascii")
    return f"ssh-ed25519 {corps} {neutraliser(commentaire)}".rstrip().encode() + b"\n"


def ligne_signataire(cle: ClePublique) -> bytes:
    """The line of `allowed_signers` that lets this key sign the checkpoints of its origin."""
    corps = b64encode(en_blob(cle.octets)).decode("ascii")
    return f'{cle.nom} namespaces="{ESPACE_DE_NOMS}" ssh-ed25519 {corps}\n'.encode()


def lignes_signataires(cles: Sequence[ClePublique]) -> bytes:
    """The file `allowed_signers` of several keys."""
    return b"".join(ligne_signataire(cle) for cle in cles)


def _inutilisable(raison: str, remede: str = "") -> KeyUnusableError:
    return KeyUnusableError(f"Clé inutilisable : {neutraliser(raison)}.", remede=remede)
