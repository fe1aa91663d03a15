"""A text file of columns, looked at once from end to end: encoding, line ends.

The encoding is proved for UTF-8 (every byte is checked) and assumed for the rest; either way it is
stated. A Windows-1252 letter in the last line counts as much as one in the first.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import IO

from msgspec import Struct

from .erreurs import TableauIllisible

_MORCEAU = 1 << 18
_ECHANTILLON = 1 << 16
_ENCODAGES = ("cp1252", "iso8859_15", "mac_roman", "cp850")
_NOMS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (petit-boutien)",
    "utf-16-be": "UTF-16 (gros-boutien)",
    "cp1252": "Windows-1252",
    "iso8859_15": "ISO 8859-15",
    "mac_roman": "Mac Roman",
    "cp850": "page 850",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Examen(Struct, frozen=True):
    """What one reading of the bytes tells. `bom`: how many bytes to skip."""

    encodage: str
    bom: int
    constats: tuple[str, ...]
    """French sentences: what was found, what was assumed."""

    @property
    def encodage_dit(self) -> str:
        """The encoding, for people."""
        return _NOMS.get(self.encodage, self.encodage)


def examiner(chemin: Path, nom: str, *, encodage: str | None = None) -> Examen:
    """Look at a text file. `encodage` imposes one. Raises TableauIllisible."""
    with chemin.open("rb") as flux:
        marque, annonce = _bom(flux.read(4))
        flux.seek(0)
        lu = _Lecture(annonce or "utf-8", marque)
        while morceau := flux.read(_MORCEAU):
            lu.ajouter(morceau)
        lu.finir()
    constats: list[str] = []
    if encodage is not None:
        choisi = _connu(encodage)
        constats.append(f"Encodage imposé : {_NOMS.get(choisi, choisi)}.")
    elif lu.valide:
        choisi = annonce or "utf-8"
    else:
        choisi = _supposer(lu.etranges)
        if annonce == "utf-8":
            constats.append("Le fichier commence par la marque d'UTF-8 mais n'est pas en UTF-8.")
        constats.append(f"Encodage supposé d'après le contenu : {_NOMS[choisi]}.")
    if lu.nuls and not choisi.startswith("utf-16"):
        raise TableauIllisible(
            "format_inconnu",
            f"{nom} n'est pas un fichier de texte (octets nuls).",
            remede="Donner un fichier .csv, .xlsx, .xls ou .ods.",
        )
    if lu.sortes > 1:
        constats.append("Les fins de ligne sont mêlées (Windows, Unix ou Mac).")
    return Examen(choisi, marque, tuple(constats))


class _Lecture:
    """One pass over the bytes: whether they decode, what kinds of line ends."""

    def __init__(self, encodage: str, marque: int) -> None:
        self.valide = True
        self.nuls = False
        self.etranges = b""
        self._a_sauter = marque
        self._decodeur = codecs.getincrementaldecoder(encodage)()
        self._fin_cr = False
        self._crlf = self._lf = self._cr = False

    def ajouter(self, morceau: bytes) -> None:
        self.nuls = self.nuls or b"\0" in morceau
        self._fins(morceau)
        texte = morceau[self._a_sauter :]
        self._a_sauter = 0
        if len(self.etranges) < _ECHANTILLON and not morceau.isascii():
            self.etranges += b"\n".join(x for x in texte.splitlines() if not x.isascii())
        if self.valide:
            self._decoder(texte)

    def finir(self) -> None:
        if self.valide:
            self._decoder(b"", final=True)
        self._cr = self._cr or self._fin_cr

    @property
    def sortes(self) -> int:
        """How many kinds of line ends."""
        return self._crlf + self._lf + self._cr

    def _decoder(self, octets: bytes, *, final: bool = False) -> None:
        try:
            self._decodeur.decode(octets, final)
        except UnicodeDecodeError:
            self.valide = False

    def _fins(self, morceau: bytes) -> None:
        if self._fin_cr:
            couple = morceau[:1] == b"\n"
            self._crlf, self._cr = self._crlf or couple, self._cr or not couple
            morceau = morceau[1:] if couple else morceau
        self._fin_cr = morceau[-1:] == b"\r"
        reste = morceau[:-1] if self._fin_cr else morceau
        couples = reste.count(b"\r\n")
        self._crlf = self._crlf or couples > 0
        self._lf = self._lf or reste.count(b"\n") > couples
        self._cr = self._cr or reste.count(b"\r") > couples


def _bom(debut: bytes) -> tuple[int, str | None]:
    for marque, encodage in _BOMS:
        if debut.startswith(marque):
            return len(marque), encodage
    return 0, None


def _connu(encodage: str) -> str:
    try:
        nom = codecs.lookup(encodage).name.replace("-", "_")
    except (LookupError, ValueError):
        nom = ""
    connus = {cle.replace("-", "_"): cle for cle in _NOMS} | {"iso8859_1": "cp1252"}
    if nom not in connus:
        raise TableauIllisible(
            "encodage_illisible",
            f"L'encodage {encodage[:40]!r} n'est pas pris en charge.",
            remede=f"Encodages : {', '.join(_NOMS)}.",
        )
    return connus[nom]


def _supposer(etranges: bytes) -> str:
    """The most plausible one-byte encoding of French text."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 - only for old encodings

    propose = from_bytes(etranges[:_ECHANTILLON], cp_isolation=list(_ENCODAGES)).best()
    nom = propose.encoding if propose is not None else "cp1252"
    return nom if nom in _ENCODAGES else "cp1252"


def lecteur_de_texte(chemin: Path, examen: Examen) -> IO[str]:
    """The text, its line ends untouched. What does not decode is U+FFFD: refused where read."""
    flux = chemin.open("rb")
    flux.seek(examen.bom)
    return io.TextIOWrapper(flux, encoding=examen.encodage, errors="replace", newline="")
