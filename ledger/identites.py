"""Ids of actors that look like one person's. Told to people, never judged: only the host knows.

Decisions and findings compare ids byte for byte. Here, more loosely: case, accents, separators, the
order of the words, what follows an `@`, and letters of other alphabets drawn like Latin ones.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SOSIES = str.maketrans(
    "аеорсухіјѕԁһкмтвнαεικνορτυχ",
    "aeopcyxijsdhkmtbhaeiknoptyx",
)
"""Small letters of Cyrillic and Greek drawn like Latin ones."""
_MOT = re.compile(r"[^\W_]+")


def semblables(premier: str, second: str) -> bool:
    """Whether two ids, different or not, may well be one person's."""
    return premier == second or _cle(premier) == _cle(second) != ()


@lru_cache(maxsize=4096)  # few people order and pay, many times each
def _cle(identifiant: str) -> tuple[str, ...]:
    """The words of an id, sorted: small letters and digits without accents."""
    local = identifiant.partition("@")[0] or identifiant
    plat = unicodedata.normalize("NFKD", local).casefold().translate(_SOSIES)
    nu = "".join(c for c in unicodedata.normalize("NFKD", plat) if not unicodedata.combining(c))
    return tuple(sorted(_MOT.findall(nu)))
