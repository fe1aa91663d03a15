"""The field types shared by rules and commands: where outside data is checked and normalised.

Texts are normalised to NFC here, once. A text never holds a control, bidirectional or surrogate
character: it would break a log line, a terminal or a reader's trust. Nor does a text that enters
now hold an invisible one: two names that look alike would be two names. Journals written before
that rule may hold some, and stay what they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.fr import siret as stdnum_siret

from .montants import CENTIMES_MAX
from .temps import ANNEE_MAX, ANNEE_MIN, lire_date

_INTERDITS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# without a shape of their own; the joiner is left to emojis, which are made with it
_INVISIBLES = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u2060-\u2065\u206a-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"
)
_VAGUE_MAX = 9999
_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_ID_COMMANDE = re.compile(r"[\x20-\x7e]{1,64}")
_CORRELATION = re.compile(r"[\x20-\x7e]{1,128}")
_CODE_POSTAL = re.compile(r"[0-9]{5}")
_RNA = re.compile(r"W[0-9]{9}")
_MOIS_JOUR = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def normaliser(texte: str) -> str:
    """The text in NFC. Raises ValueError when it is blank, or holds what no text may hold."""
    interdit = _INTERDITS.search(texte)
    if interdit is not None:
        raise ValueError(
            f"le texte contient le caractère interdit U+{ord(interdit[0]):04X} "
            "(contrôle, bidirectionnel ou isolé)"
        )
    invisible = _INVISIBLES.search(texte)
    if invisible is not None:
        raise ValueError(
            f"le texte contient le caractère invisible U+{ord(invisible[0]):04X} : le retaper"
        )
    normal = unicodedata.normalize("NFC", texte)
    if not any(c.isprintable() and not c.isspace() for c in normal):
        raise ValueError("le texte est vide")
    return normal


def est_slug(texte: str) -> bool:
    """Whether the text is an identifier of programme or structure: `[a-z0-9-]{1,64}`."""
    return _SLUG.fullmatch(texte) is not None


def est_correlation(texte: str) -> bool:
    """Whether the text may stand in `correlation`: 1 to 128 printable ASCII characters."""
    return _CORRELATION.fullmatch(texte) is not None


def est_admis(texte: str) -> bool:
    """Whether a stored text holds no forbidden character and is NFC."""
    return _INTERDITS.search(texte) is None and unicodedata.is_normalized("NFC", texte)


def neutraliser(texte: str) -> str:
    """The text safe to repeat in a sentence: forbidden characters shown as escapes."""
    return _INTERDITS.sub(lambda c: f"\\u{ord(c[0]):04x}", texte)


def _texte(maximum: int) -> Callable[[str], str]:
    def verifier(texte: str) -> str:
        normal = normaliser(texte)
        if len(normal) > maximum:  # NFC may lengthen: measured on what is stored
            raise ValueError(f"texte trop long : {len(normal)} signes, {maximum} au plus")
        return normal

    return verifier


def _motif(expression: re.Pattern[str], attendu: str) -> Callable[[str], str]:
    def verifier(texte: str) -> str:
        if expression.fullmatch(texte) is None:
            raise ValueError(f"{attendu} attendu, reçu {texte[:40]!r}")
        return texte

    return verifier


def _verifier_siret(texte: str) -> str:
    # python-stdnum knows the Luhn key and La Poste's own rule, but strips separators and lets the
    # all-zero number pass: both are checked here.
    if re.fullmatch(r"[0-9]{14}", texte) is None:
        raise ValueError(f"SIRET de 14 chiffres attendu, reçu {texte[:40]!r}")
    if texte == "0" * 14:
        raise ValueError("le SIRET n'est composé que de zéros")
    try:
        stdnum_siret.validate(texte)
    except StdnumError:
        raise ValueError(f"la clé du SIRET {texte} est fausse : relire le numéro") from None
    return texte


def _verifier_mois_jour(texte: str) -> str:
    if _MOIS_JOUR.fullmatch(texte) is None:
        raise ValueError(f"échéance MM-JJ attendue, reçu {texte[:40]!r}")
    try:
        date(2001, int(texte[:2]), int(texte[3:]))  # a common year: the day must exist every year
    except ValueError:
        raise ValueError(f"l'échéance {texte} n'existe pas tous les ans") from None
    return texte


def _lire_date(valeur: Any) -> Any:
    if isinstance(valeur, str):
        return lire_date(valeur)
    if type(valeur) is not date:  # a datetime, or another library's date, is not a civil date
        raise ValueError("date (datetime.date ou AAAA-MM-JJ) attendue")
    if not ANNEE_MIN <= valeur.year <= ANNEE_MAX:
        raise ValueError(f"la date {valeur} est hors des années {ANNEE_MIN} à {ANNEE_MAX}")
    return valeur


def _lire_vague(valeur: Any) -> Any:
    if type(valeur) is int and 1 <= valeur <= _VAGUE_MAX:
        return str(valeur)
    return valeur


def en_tuple(valeur: Any) -> Any:
    """Lists of JSON become tuples (values inside the engine never change)."""
    return tuple(valeur) if isinstance(valeur, list) else valeur


# What JSON Schema can say of a text. Non-ASCII characters are literal: every engine of regular
# expressions reads them. No text holds a line feed, before which some let `$` match.
_SCHEMA_INTERDITS = r"[\x00-\x1f\x7f-\x9f" + "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_SANS_FIN_DE_LIGNE = {"not": {"pattern": r"\n"}}


def _schema_motif(motif: str, minimum: int, maximum: int) -> WithJsonSchema:
    bornes = {"minLength": minimum, "maxLength": maximum}
    return WithJsonSchema({"type": "string", **bornes, "pattern": motif, **_SANS_FIN_DE_LIGNE})


def schema_texte(maximum: int, *, bords: bool = True) -> dict[str, Any]:
    """The JSON Schema of a text of outsiders; with `bords` false, no space at either end."""
    refuses = _SCHEMA_INTERDITS if bords else rf"{_SCHEMA_INTERDITS}|^\s|\s$"
    bornes = {"minLength": 1, "maxLength": maximum}
    return {"type": "string", **bornes, "pattern": r"\S", "not": {"pattern": refuses}}


Slug = Annotated[
    str,
    AfterValidator(_motif(_SLUG, "identifiant [a-z0-9-] de 1 à 64 signes")),
    _schema_motif("^[a-z0-9-]{1,64}$", 1, 64),
]
IdCommande = Annotated[
    str,
    AfterValidator(_motif(_ID_COMMANDE, "identifiant ASCII imprimable de 1 à 64 signes")),
    _schema_motif("^[ -~]{1,64}$", 1, 64),
]
CodePostal = Annotated[
    str,
    AfterValidator(_motif(_CODE_POSTAL, "code postal de 5 chiffres")),
    _schema_motif("^[0-9]{5}$", 5, 5),
]
Siret = Annotated[
    str,
    AfterValidator(_verifier_siret),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 14,
            "maxLength": 14,
            "pattern": "^[0-9]{14}$",
            "not": {"const": "0" * 14},
        }
    ),
]
Rna = Annotated[
    str,
    AfterValidator(_motif(_RNA, "RNA (W et 9 chiffres)")),
    _schema_motif("^W[0-9]{9}$", 10, 10),
]
MoisJour = Annotated[
    str,
    AfterValidator(_verifier_mois_jour),
    _schema_motif(
        "^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
        "|02-(0[1-9]|1[0-9]|2[0-8]))$",
        5,
        5,
    ),
]
Date = Annotated[
    date,
    BeforeValidator(_lire_date),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "maxLength": 10,
            "pattern": "^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$",
        }
    ),
]
Centimes = Annotated[int, Field(ge=-CENTIMES_MAX, le=CENTIMES_MAX)]
CentimesPositifs = Annotated[int, Field(gt=0, le=CENTIMES_MAX)]
CentimesOuZero = Annotated[int, Field(ge=0, le=CENTIMES_MAX)]
Exercice = Annotated[int, Field(ge=ANNEE_MIN, le=ANNEE_MAX)]
TexteCourt = Annotated[str, AfterValidator(_texte(200)), WithJsonSchema(schema_texte(200))]
Texte = Annotated[str, AfterValidator(_texte(500)), WithJsonSchema(schema_texte(500))]
TexteLong = Annotated[str, AfterValidator(_texte(4000)), WithJsonSchema(schema_texte(4000))]
Vague = Annotated[
    str,
    BeforeValidator(_lire_vague),
    AfterValidator(_texte(64)),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": _VAGUE_MAX}, schema_texte(64)]}
    ),
]
