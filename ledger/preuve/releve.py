"""The checkpoint (`relevé`) of a journal: C2SP tlog-checkpoint inside a signed note, Ed25519.

    fabriques-ledger/fabriques/1f0c5b0a9d3e7742
    325
    <root, standard base64>

    — fabriques-ledger/fabriques/1f0c5b0a9d3e7742 <key id and signature, base64>

The first line is the *origin*: which journal, and which incarnation of it. A note may bear other
signatures (a witness's): unknown ones are ignored, as the format wants.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from ..champs import neutraliser
from ..erreurs import ReleveUnreadableError
from .merkle import TAILLE_EMPREINTE

NOTE_MAX_OCTETS = 65_536
"""A checkpoint is a few hundred bytes; a witnessed one a few thousand."""
SIGNATURES_MAX = 64
TAILLE_MAX = 2**53 - 1
_ED25519 = b"\x01"
_NOM = re.compile(r"[^\s+]{1,200}")
_NOMBRE = re.compile(r"0|[1-9][0-9]{0,15}")
_VKEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")
_SIGNATURE = re.compile(r"— ([^\s+]{1,200}) ([A-Za-z0-9+/]+={0,2})")

Verdict = Literal["verifiee", "absente", "fausse"]


def origine(programme: str, feuille: bytes) -> str:
    """The origin of a journal, from the leaf of the line that founds it.

    That is line 1, or the last `journal-repris`: two journals never share one, even when they hold
    the same programme, and a restored journal that goes on gets a new one.
    """
    return f"fabriques-ledger/{programme}/{feuille.hex()[:16]}"


class ClePublique(Struct, frozen=True):
    """An Ed25519 public key under a name (the origin it signs for)."""

    nom: str
    octets: bytes

    @property
    def identifiant(self) -> bytes:
        """The 4 bytes that name the key in a note."""
        return sha256(self.nom.encode() + b"\n" + _ED25519 + self.octets).digest()[:4]

    def __str__(self) -> str:
        """The one-line form: `name+id+base64`."""
        corps = b64encode(_ED25519 + self.octets).decode("ascii")
        return f"{self.nom}+{self.identifiant.hex()}+{corps}"

    def pour(self, nom: str) -> ClePublique:
        """The same key under another name."""
        return ClePublique(nom, self.octets)

    def signe(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made that signature of that message."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 50 ms to import
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PublicKey,
        )

        try:
            Ed25519PublicKey.from_public_bytes(self.octets).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signature(Struct, frozen=True):
    """One signature line: key name, key id (4 bytes), signature bytes."""

    nom: str
    identifiant: bytes
    octets: bytes

    def __str__(self) -> str:
        """The line, without its line feed."""
        corps = b64encode(self.identifiant + self.octets).decode("ascii")
        return f"— {self.nom} {corps}"


class Releve(Struct, frozen=True):
    """What a checkpoint says: the first `taille` lines of `origine` have that root (32 bytes)."""

    origine: str
    taille: int
    racine: bytes
    signatures: tuple[Signature, ...] = ()
    suite: str = ""
    """Extension lines, signed with the rest; ours have none."""

    @property
    def corps(self) -> bytes:
        """The signed text."""
        racine = b64encode(self.racine).decode("ascii")
        return f"{self.origine}\n{self.taille}\n{racine}\n{self.suite}".encode()

    def note(self) -> bytes:
        """The note: text, empty line, signatures. Without a signature, the text alone."""
        if not self.signatures:
            return self.corps
        return self.corps + b"\n" + "".join(f"{s}\n" for s in self.signatures).encode()

    def verdict(self, cle: ClePublique) -> Verdict:
        """What the signatures of this key say: one false signature condemns the note."""
        siennes = [
            s for s in self.signatures if (s.nom, s.identifiant) == (cle.nom, cle.identifiant)
        ]
        if not siennes:
            return "absente"
        tient = all(cle.signe(self.corps, s.octets) for s in siennes)
        return "verifiee" if tient else "fausse"


def lire_cle(texte: str) -> ClePublique:
    """A public key in its one-line form `name+id+base64`. Raises ReleveUnreadableError."""
    trouvee = _VKEY.fullmatch(texte.strip())
    if trouvee is None or neutraliser(trouvee[1]) != trouvee[1]:
        raise illisible("elle n'a pas la forme NOM+IDENTIFIANT+BASE64", "Clé publique")
    nom, identifiant, corps = trouvee.groups()
    octets = lire_base64(corps)
    if octets is None or len(octets) != 1 + TAILLE_EMPREINTE or octets[:1] != _ED25519:
        raise illisible("ce n'est pas une clé Ed25519", "Clé publique")
    cle = ClePublique(nom, octets[1:])
    if cle.identifiant.hex() != identifiant:
        raise illisible(f"son identifiant devrait être {cle.identifiant.hex()}", "Clé publique")
    return cle


def lire_releve(octets: bytes) -> Releve:
    """A checkpoint, signed or not, checked to the last byte. Raises ReleveUnreadableError.

    One tolerance: the last line feed, which a copy from a screen loses, may be absent.
    """
    if len(octets) > NOTE_MAX_OCTETS:
        raise illisible(f"il dépasse {NOTE_MAX_OCTETS} octets")
    try:
        texte = octets.decode("utf-8")
    except UnicodeDecodeError as erreur:
        raise illisible("il n'est pas en UTF-8") from erreur
    if any(neutraliser(ligne) != ligne for ligne in texte.split("\n")):
        raise illisible("il contient un caractère de contrôle ou bidirectionnel")
    corps, separateur, signees = texte.rpartition("\n\n")
    if not separateur:
        corps, signees = texte.removesuffix("\n"), ""
    releve = _lire_corps(corps)
    signatures = _lire_signatures(signees) if separateur else ()
    lu = Releve(releve.origine, releve.taille, releve.racine, signatures, releve.suite)
    if lu.note() != octets.removesuffix(b"\n") + b"\n":
        raise illisible("il n'a pas sa forme canonique")
    return lu


def _lire_corps(corps: str) -> Releve:
    lignes = corps.split("\n")
    if len(lignes) < 3 or not all(lignes):  # noqa: PLR2004 - origin, size, root
        raise illisible("il lui manque l'origine, la taille ou la racine")
    nom, taille, racine64, *suite = lignes
    racine = lire_base64(racine64)
    if _NOM.fullmatch(nom) is None:
        raise illisible("l'origine est vide ou porte une espace")
    nombre = lire_nombre(taille)
    if nombre is None:
        raise illisible(f"la taille {taille[:40]!r} n'est pas un nombre de lignes")
    if racine is None or len(racine) != TAILLE_EMPREINTE:
        raise illisible("la racine n'est pas 32 octets en base64")
    return Releve(nom, nombre, racine, suite="".join(f"{ligne}\n" for ligne in suite))


def _lire_signatures(texte: str) -> tuple[Signature, ...]:
    lignes = texte.removesuffix("\n").split("\n")
    if len(lignes) > SIGNATURES_MAX:
        raise illisible(f"il porte plus de {SIGNATURES_MAX} signatures")
    lues: list[Signature] = []
    for ligne in lignes:
        trouvee = _SIGNATURE.fullmatch(ligne)
        octets = None if trouvee is None else lire_base64(trouvee[2])
        if trouvee is None or octets is None or len(octets) <= 4:  # noqa: PLR2004 - key id
            raise illisible("une ligne de signature est mal formée")
        lues.append(Signature(trouvee[1], octets[:4], octets[4:]))
    return tuple(lues)


def lire_nombre(texte: str) -> int | None:
    """The size or index of a decimal text without leading zero, below 2**53, or None."""
    if _NOMBRE.fullmatch(texte) is None or int(texte) > TAILLE_MAX:
        return None
    return int(texte)


def lire_base64(texte: str) -> bytes | None:
    """The bytes of a canonical standard base64 text, or None."""
    try:
        octets = b64decode(texte, validate=True)
    except ValueError:
        return None
    return octets if b64encode(octets).decode("ascii") == texte else None


def illisible(raison: str, quoi: str = "Relevé") -> ReleveUnreadableError:
    """The error to raise when what was given (a checkpoint, a key, a proof) cannot be read."""
    return ReleveUnreadableError(
        f"{quoi} illisible : {raison}.", remede="Reprendre le fichier d'origine."
    )
