"""SSHSIG: the signature of OpenSSH (`ssh-keygen -Y verify`), made with the checkpoint's key.

It signs the body of a checkpoint, its first three lines:

    head -n 3 325.releve | ssh-keygen -Y verify -f allowed_signers -I ORIGINE \\
        -n fabriques-releve -s 325.releve.sshsig
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha512

from .cles import ESPACE_DE_NOMS, Signataire
from .filaire import TYPE_CLE, chaine, en_blob

_MAGIE = b"SSHSIG"
_VERSION = (1).to_bytes(4, "big")
_HACHAGE = b"sha512"
_LARGEUR = 70
"""Columns of the armour, as ssh-keygen writes it."""


def signer_ssh(message: bytes, signataire: Signataire) -> bytes:
    """The armoured SSHSIG of a message. Raises KeyUnusableError."""
    espace = chaine(ESPACE_DE_NOMS.encode()) + chaine(b"") + chaine(_HACHAGE)
    signature = signataire.signer(_MAGIE + espace + chaine(sha512(message).digest()))
    enveloppe = chaine(chaine(TYPE_CLE) + chaine(signature))
    brut = _MAGIE + _VERSION + chaine(en_blob(signataire.cle)) + espace + enveloppe
    texte = b64encode(brut).decode("ascii")
    lignes = [texte[k : k + _LARGEUR] for k in range(0, len(texte), _LARGEUR)]
    bornes = ["-----BEGIN SSH SIGNATURE-----", *lignes, "-----END SSH SIGNATURE-----"]
    return "".join(f"{ligne}\n" for ligne in bornes).encode()
