"""A small client of the SSH agent: list its Ed25519 keys, have one sign. The key never leaves it.

Messages of draft-ietf-sshm-ssh-agent: 11/12 (identities), 13/14 (signature). Each request has its
own connection, an answer is bounded, a silence ends after 30 seconds.
"""

from __future__ import annotations

import os
import socket
from typing import NoReturn

from msgspec import Struct

from ..champs import neutraliser
from ..erreurs import KeyUnusableError
from .fichiers import cause
from .filaire import TAILLE_SIGNATURE, TYPE_CLE, Lecteur, chaine, en_blob, lire_blob

ATTENTE_SECONDES = 30
REPONSE_MAX = 262_144
"""What OpenSSH itself accepts of an answer."""
IDENTITES_MAX = 2_048
_DEMANDER_IDENTITES, _IDENTITES = 11, 12
_DEMANDER_SIGNATURE, _SIGNATURE = 13, 14
_REMEDE = "Lancer un agent (eval $(ssh-agent)), y charger la clé (ssh-add CLE), puis recommencer."


class CleAgent(Struct, frozen=True):
    """An Ed25519 key that the agent holds: 32 public bytes, and the comment it was added with."""

    cle: bytes
    commentaire: str


def lister() -> tuple[CleAgent, ...]:
    """The Ed25519 keys of the agent, in its order. Raises KeyUnusableError."""
    lecteur = _echanger(_DEMANDER_IDENTITES, b"", attendu=_IDENTITES)
    cles: list[CleAgent] = []
    try:
        nombre = lecteur.entier()
        if nombre > IDENTITES_MAX:
            _refuser(f"l'agent SSH annonce {nombre} clés")
        for _ in range(nombre):
            cle, commentaire = lire_blob(lecteur.chaine()), lecteur.chaine()
            if cle is not None:
                cles.append(CleAgent(cle, neutraliser(commentaire.decode("utf-8", "replace"))))
        lecteur.finir()
    except ValueError as erreur:
        raise _malformee() from erreur
    return tuple(cles)


def signer(cle: bytes, message: bytes) -> bytes:
    """The raw Ed25519 signature (64 bytes) by the key of the agent. Raises KeyUnusableError."""
    demande = chaine(en_blob(cle)) + chaine(message) + bytes(4)
    lecteur = _echanger(_DEMANDER_SIGNATURE, demande, attendu=_SIGNATURE)
    try:
        enveloppe = Lecteur(lecteur.chaine())
        lecteur.finir()
        nature, signature = enveloppe.chaine(), enveloppe.chaine()
        enveloppe.finir()
    except ValueError as erreur:
        raise _malformee() from erreur
    if nature != TYPE_CLE or len(signature) != TAILLE_SIGNATURE:
        raise _malformee()
    return signature


def _echanger(genre: int, corps: bytes, *, attendu: int) -> Lecteur:
    """Send one request; the body of its answer, which must be of the kind awaited."""
    chemin = os.environ.get("SSH_AUTH_SOCK")
    if not chemin:
        _refuser("la variable SSH_AUTH_SOCK n'est pas définie : aucun agent SSH")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lien:
            lien.settimeout(ATTENTE_SECONDES)
            lien.connect(chemin)
            lien.sendall(chaine(bytes([genre]) + corps))
            taille = int.from_bytes(_recevoir(lien, 4), "big")
            if not 1 <= taille <= REPONSE_MAX:
                raise _malformee()
            reponse = _recevoir(lien, taille)
    except TimeoutError as erreur:
        raise _erreur(f"l'agent SSH n'a pas répondu en {ATTENTE_SECONDES} secondes") from erreur
    except OSError as erreur:
        raise _erreur(f"l'agent SSH est injoignable ({cause(erreur)})") from erreur
    if reponse[0] != attendu:
        _refuser("l'agent SSH refuse (clé absente, agent verrouillé ou confirmation refusée)")
    return Lecteur(reponse[1:])


def _recevoir(lien: socket.socket, nombre: int) -> bytes:
    recu = bytearray()
    while len(recu) < nombre:
        morceau = lien.recv(nombre - len(recu))
        if not morceau:
            raise _malformee()
        recu += morceau
    return bytes(recu)


def _erreur(raison: str) -> KeyUnusableError:
    return KeyUnusableError(f"Clé inutilisable : {raison}.", remede=_REMEDE)


def _refuser(raison: str) -> NoReturn:
    raise _erreur(raison)


def _malformee() -> KeyUnusableError:
    return _erreur("la réponse de l'agent SSH est mal formée")
