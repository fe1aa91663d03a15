"""The checks of stored lines that need no replay: bytes, texts, instants, links, leaves.

`lire_nette` passes a whole page at once, or says that something is wrong somewhere in it; what is
wrong, and where, is then said line by line by `defauts`. A page that passes has no line at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from ..champs import est_admis, est_slug
from ..evenements import Fait, FaitDeStructure
from ..preuve.canonique import encoder
from ..preuve.ligne import Lineur
from ..preuve.page import Ligne, Page, lire_page
from ..stockage.port import LigneBrute
from ..temps import est_instant

Entree = tuple[str, int, str]
"""A command id, the position of its event, the digest of its content."""
Trouvaille = tuple[str, str]

_ECHAPPE = re.compile(rb"\\[bfnrtu]")
"""Controls are the only characters that canonical JSON escapes so."""
_DEL = b"\x7f"
"""The one forbidden character that JSON neither refuses nor escapes among ASCII ones."""
_ASCII_ADMIS = bytes(range(0x20, 0x7F))
_PREMIER_COMBINANT = "\u0300"
_CHIFFRES = bytes.maketrans(b"0123456789", b"0" * 10)
_FORME_INSTANT = b"0000-00-00T00:00:00.000000Z"


def lire_nette(lineur: Lineur, lignes: Sequence[Ligne], attendue: int) -> Page | None:
    """The lines as a page, when each is right in itself and by the next one.

    None as soon as anything is wrong in it, whatever it is.
    """
    page = lire_page(lineur, lignes, attendue)
    if page is None:
        return None
    octets, faits = [etat for _, _, etat in lignes], page.faits
    if list(map(encoder, faits)) != octets or not all(map(texte_admis, octets)):
        return None
    if not all(map(est_slug, {f.structure for f in faits if isinstance(f, FaitDeStructure)})):
        return None
    return page if _instants_admis([fait.enregistre_le for fait in faits]) else None


def entrees(page: Page) -> list[Entree]:
    """What the index of command ids must hold for this page."""
    return [
        (fait.id_commande, position, fait.empreinte_commande)
        for position, fait in enumerate(page.faits, start=page.premiere)
    ]


def defauts(ligne: LigneBrute, fait: Fait, tete: str | None, instant: str) -> Iterator[Trouvaille]:
    """What is wrong with a line that can be read; `tete` and `instant` are those before it."""
    if encoder(fait) != ligne.octets:
        yield "octets_non_canoniques", "Les octets ne sont pas canoniques."
    if not texte_admis(ligne.octets) or not _slug_admis(fait):
        yield "texte_interdit", "Un texte n'aurait pas été admis à la saisie."
    if fait.precedent != tete:
        yield (
            "chaine_rompue",
            f"La ligne {ligne.position} ne suit pas la ligne {ligne.position - 1} telle "
            "qu'enregistrée : l'une des deux a été modifiée, ou une ligne a été ôtée ou ajoutée.",
        )
    if not est_instant(fait.enregistre_le) or fait.enregistre_le < instant:
        yield "heure_invalide", f"Heure {fait.enregistre_le!r}."


def feuille_brute(lineur: Lineur, ligne: LigneBrute, rang: int) -> bytes:
    """The leaf of a line as stored; of its columns when they are not even a line.

    `rang` stands for a position that is not a number.
    """
    if type(ligne.topic) is str and type(ligne.octets) is bytes:
        position = ligne.position if type(ligne.position) is int else rang
        return lineur.feuille(position, ligne.topic, ligne.octets)
    brut = repr(tuple(ligne)).encode("utf-8", "backslashreplace")
    return sha256(b"\x00" + brut).digest()


def texte_admis(octets: bytes) -> bool:
    """No escape, no forbidden character, NFC: what `champs` lets in."""
    if b"\\" in octets and _ECHAPPE.search(octets) is not None:
        return False
    if octets.isascii():
        return _DEL not in octets
    autres = octets.translate(None, delete=_ASCII_ADMIS).decode("utf-8")
    if max(autres) < _PREMIER_COMBINANT:
        return est_admis(autres)  # before it, every text is NFC
    return est_admis(octets.decode("utf-8"))


def _slug_admis(fait: Fait) -> bool:
    return not isinstance(fait, FaitDeStructure) or est_slug(fait.structure)


def _instants_admis(instants: list[str]) -> bool:
    """Every instant exists, in the stored form (27 signs each: the decoder counts), none recedes.

    Together rather than one by one: the form of them all is one comparison.
    """
    joints = "".join(instants)
    if not joints.isascii():
        return False
    if joints.encode("ascii").translate(_CHIFFRES) != _FORME_INSTANT * len(instants):
        return False
    try:
        for instant in instants:
            datetime.fromisoformat(instant)
    except ValueError:
        return False
    return instants == sorted(instants)
