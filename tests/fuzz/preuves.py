"""Targets that hold proofs: checkpoints, receipts, line proofs, keys, frames of the SSH agent."""

from __future__ import annotations

import io
import socket
from base64 import b64decode
from collections.abc import Callable
from unittest import mock

from ledger.audit import verifier
from ledger.erreurs import KeyUnusableError, ReleveUnreadableError
from ledger.preuve.preuve_ligne import PreuveLigne, lire_preuve
from ledger.preuve.releve import lire_cle, lire_releve
from ledger.sceau import agent_ssh
from ledger.sceau.cles import ESPACE_DE_NOMS, charger_signataire, cle_ssh
from ledger.sceau.filaire import TYPE_CLE, Lecteur, chaine, en_blob, lire_blob
from ledger.sceau.sources import charger_releves
from ledger.sceau.sshsig import signer_ssh
from tests.fuzz import atelier
from tests.fuzz.moteur import Cible

_SUIVI = ("ledger/preuve", "ledger/sceau")
_BASE64 = (b"A" * 43 + b"=", b"=", "— ".encode(), b"fabriques-ledger/fabriques/", b"\n\n", b"+")


def releve(octets: bytes) -> str:
    """A checkpoint: ReleveUnreadableError, or the very bytes when written again."""
    try:
        lu = lire_releve(octets)
    except ReleveUnreadableError as erreur:
        return erreur.message[:40]
    assert lu.note().removesuffix(b"\n") == octets.removesuffix(b"\n")
    verdict = lu.verdict(atelier.vkey())
    if verdict == "verifiee":
        assert lu.corps == lire_releve(atelier.note()).corps
    return f"{verdict} {len(lu.signatures)}"


def preuve(octets: bytes) -> str:
    """The proof of a line: the same promise, and it holds for no other line than the true one."""
    try:
        lue = lire_preuve(octets)
    except ReleveUnreadableError as erreur:
        return erreur.message[:60]
    assert lue.texte() == octets
    lignes = [*atelier.journal().lignes()]
    tient = [p for p, ligne in enumerate(lignes, 1) if lue.tient(ligne)]
    assert tient in ([], [lue.position])
    return f"tient : {bool(tient)}"


def cle(octets: bytes) -> str:
    """A public key on one line: the same promise."""
    texte = octets.decode("utf-8", "surrogateescape")
    try:
        lue = lire_cle(texte)
    except ReleveUnreadableError as erreur:
        return erreur.message[:50]
    assert str(lue) == texte.strip()
    return "lue"


def recus(octets: bytes) -> str:
    """What people hold, on standard input: ReleveUnreadableError, or witnesses to confront."""
    try:
        temoins = [*charger_releves("-", entree=io.BytesIO(octets))]
    except ReleveUnreadableError as erreur:
        return "".join(c for c in erreur.message if not c.isdigit())[:60]
    rapport = verifier(atelier.store(), atelier.P, temoins=temoins, cles=[atelier.vkey()])
    assert rapport.releves.confrontes <= len(temoins)
    return " ".join(sorted({c.code for c in rapport.constats}))


def signataire(octets: bytes) -> str:
    """A file given to sign with: KeyUnusableError, or a signer whose signature holds."""
    sans_agent = {"SSH_AUTH_SOCK": ""}
    with mock.patch.dict("os.environ", sans_agent), atelier.fichier(octets, "cle") as ici:
        try:
            lu = charger_signataire(str(ici))
        except KeyUnusableError as erreur:
            return erreur.message.replace(str(ici), "")[:60]
    assert atelier.vkey().octets != lu.cle or lu.signer(b"m") == atelier.signataire().signer(b"m")
    return "lue"


class _Prise:
    """A socket whose other end says what it is told, in pieces of at most seven bytes."""

    def __init__(self, *_: object) -> None:
        self.reste = _Prise.dit

    dit = b""

    def __enter__(self) -> _Prise:
        return self

    def __exit__(self, *_: object) -> None: ...

    def settimeout(self, _: int) -> None: ...

    def connect(self, _: str) -> None: ...

    def sendall(self, _: bytes) -> None: ...

    def recv(self, nombre: int) -> bytes:
        morceau, self.reste = self.reste[: min(nombre, 7)], self.reste[min(nombre, 7) :]
        return morceau


def agent(octets: bytes) -> str:
    """What an SSH agent answers: KeyUnusableError, or keys, or a signature of 64 bytes."""
    _Prise.dit = octets
    reponses = []
    with (
        mock.patch.object(socket, "socket", _Prise),
        mock.patch.dict("os.environ", {"SSH_AUTH_SOCK": "agent"}),
    ):
        demandes: tuple[Callable[[], list[int]], ...] = (
            lambda: [len(c.cle) for c in agent_ssh.lister()],
            lambda: [len(agent_ssh.signer(bytes(32), b"m")) - 32],
            lambda: [len(charger_signataire("agent:").cle)],
        )
        for demande in demandes:
            try:
                tailles = demande()
            except KeyUnusableError as erreur:
                reponses.append(erreur.message[18:60])
                continue
            assert set(tailles) <= {32}
            reponses.append(str(len(tailles)))
    return " | ".join(reponses)


def blob(octets: bytes) -> str:
    """A key as SSH names it: nothing, or 32 bytes whose one form it is."""
    lue = lire_blob(octets)
    if lue is None:
        return "autre"
    assert en_blob(lue) == octets
    assert lire_blob(b64decode(cle_ssh(lue).split(b" ")[1])) == lue
    return "lue"


def sshsig(octets: bytes) -> str:
    """Any message signed as OpenSSH does: an armour that reads back, and a signature that holds."""
    armure = signer_ssh(octets, atelier.signataire()).split(b"\n")
    assert armure[0] == b"-----BEGIN SSH SIGNATURE-----"
    assert max(map(len, armure)) <= 70
    brut = b64decode(b"".join(armure[1:-2]), validate=True)
    assert brut[:10] == b"SSHSIG\x00\x00\x00\x01"
    lecteur = Lecteur(brut[10:])
    cle_lue, espace = lire_blob(lecteur.chaine()), lecteur.chaine()
    reserve, hachage, enveloppe = lecteur.chaine(), lecteur.chaine(), Lecteur(lecteur.chaine())
    lecteur.finir()
    assert (espace, reserve, hachage) == (ESPACE_DE_NOMS.encode(), b"", b"sha512")
    assert cle_lue == atelier.vkey().octets
    assert enveloppe.chaine() == TYPE_CLE
    assert len(enveloppe.chaine()) == 64
    enveloppe.finir()
    return "signé"


def _preuves() -> list[bytes]:
    lu = atelier.journal()
    note = lire_releve(atelier.note())
    lues = [PreuveLigne(p, lu.arbre.inclusion(p), note) for p in (1, 2, 16, lu.taille)]
    return [*[p.texte() for p in lues], PreuveLigne(1, lues[0].hachages, note, b"x").texte()]


def _trames() -> list[bytes]:
    identites = b"\x0c\0\0\0\x02" + chaine(en_blob(bytes(32))) + chaine(b"c" * 9)
    identites += chaine(chaine(b"ssh-rsa") + chaine(b"\1")) + chaine(b"rsa")
    signature = b"\x0e" + chaine(chaine(TYPE_CLE) + chaine(bytes(64)))
    une = b"\x0c\0\0\0\x01" + chaine(en_blob(b"k" * 32)) + chaine("clé\n".encode())
    return [chaine(identites), chaine(signature), chaine(une), chaine(b"\x05"), b"\0\0\0\0"]


def _cles() -> list[bytes]:
    ssh = cle_ssh(atelier.vkey().octets, "moi")
    return [atelier.cle_pem_privee(), ssh, b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + ssh]


def _tenus() -> list[bytes]:
    _, taille, racine = atelier.note().decode().split("\n")[:3]
    ligne = atelier.recus().split(b"\n")[0]
    tableau = b"[" + b",".join(atelier.recus().split(b"\n")[:-1]) + b"]"
    return [
        atelier.note(),
        atelier.recus(),
        tableau,
        b"{\n" + ligne[1:],
        f"{taille} {racine}".encode(),
        f"{atelier.journal().origine()} {taille}:{racine}\n".encode(),
        b'{"statut":"refusee"}\n' + atelier.recus(),
    ]


CIBLES = (
    Cible(
        "releve",
        "relevés (notes signées)",
        lambda: [atelier.note(), atelier.note().split(b"\n\n")[0] + b"\n"],
        releve,
        _SUIVI,
        _BASE64,
        1_500,
    ),
    Cible("preuve", "preuves d'une ligne", _preuves, preuve, _SUIVI, (*_BASE64, b"index "), 300),
    Cible(
        "cle-publique",
        "clés publiques",
        lambda: [str(atelier.vkey()).encode()],
        cle,
        _SUIVI,
        _BASE64,
    ),
    Cible("recus", "reçus et saisies relus", _tenus, recus, _SUIVI, (*_BASE64, b'"taille":'), 150),
    Cible(
        "cle-privee",
        "fichiers de clé à signer",
        _cles,
        signataire,
        _SUIVI,
        (b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END PRIVATE KEY-----", b"ssh-ed25519 "),
        300,
    ),
    Cible("agent-ssh", "réponses d'un agent SSH", _trames, agent, _SUIVI, (b"\0\0\0\x0b",), 600),
    Cible("blob-ssh", "clés au format SSH", lambda: [en_blob(bytes(32))], blob, _SUIVI, (), 1_000),
    Cible("sshsig", "signatures SSHSIG", lambda: [b"", b"message"], sshsig, (), (), 100),
)
