"""Time as values: civil dates, budget years, instants. No clock here: see `horloge`.

`date_effet` is a civil date (Europe/Paris) given by the command. `enregistre_le` is a UTC instant
with microseconds, `2020-02-03T09:30:00.000000Z`: fixed width, so text order is time order.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

ANNEE_MIN, ANNEE_MAX = 1900, 2999
_JOUR_DIT = re.compile(r"([0-9]{1,2})([/.])([0-9]{1,2})\2([0-9]{4})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def lire_date(texte: str) -> date:
    """Read `AAAA-MM-JJ` strictly. Raises ValueError with a French sentence."""
    if _DATE.fullmatch(texte) is None:
        raise ValueError(f"la date {texte[:40]!r} ne s'écrit pas AAAA-MM-JJ")
    return _dater(texte, texte)


def lire_jour(texte: str) -> date:
    """Read a date typed by a person. Raises ValueError with a French sentence.

    `AAAA-MM-JJ`, or day first: `31/12/2020`, `1/3/2021`, `31.12.2020`. A year has four digits, so
    that no text can be read in two ways.
    """
    texte = texte.strip()
    iso = en_iso(texte)
    if _DATE.fullmatch(iso) is None:
        raise ValueError(f"la date {texte[:40]!r} ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA")
    return _dater(iso, texte)


def exiger_jour_du_calendrier(texte: str) -> None:
    """Refuse a text written as a day that is none, or of a year not admitted; pass any other.

    For whoever reads days among other forms: to say "not a day" of one would be false. Raises
    ValueError with a French sentence that quotes what was typed.
    """
    if _DATE.fullmatch(en_iso(texte.strip())) is not None:
        lire_jour(texte)


def en_iso(texte: str) -> str:
    """A day typed day first, put in ISO order, existing or not; any other text as it is."""
    dit = _JOUR_DIT.fullmatch(texte)
    return texte if dit is None else f"{dit[4]}-{dit[3]:0>2}-{dit[1]:0>2}"


def _dater(iso: str, dit: str) -> date:
    """The date of a text in ISO form; what a refusal quotes is what was typed."""
    try:
        lue = date.fromisoformat(iso)
    except ValueError:
        raise ValueError(f"la date {dit!r} n'existe pas au calendrier") from None
    if not ANNEE_MIN <= lue.year <= ANNEE_MAX:
        raise ValueError(f"la date {dit!r} est hors des années {ANNEE_MIN} à {ANNEE_MAX}")
    return lue


def est_instant(texte: str) -> bool:
    """Whether the text is an existing UTC instant in the one stored form."""
    if _INSTANT.fullmatch(texte) is None:
        return False
    try:
        datetime.fromisoformat(texte)
    except ValueError:
        return False
    return True


def lire_instant(texte: str) -> str:
    """Read an instant typed by a person; returns the stored form (greatest instant it covers).

    `2021-01-31` means the end of that day in UTC; `2021-01-31T10:00:00Z`, or with an offset, the
    end of that second; with a fraction, that very instant. A local time without offset is refused:
    it would be a guess.
    """
    if _DATE.fullmatch(texte):
        return f"{lire_date(texte).isoformat()}T23:59:59.999999Z"
    try:
        lu = datetime.fromisoformat(texte)
    except ValueError:
        raise ValueError(f"l'instant {texte[:40]!r} est illisible") from None
    if lu.tzinfo is None:
        raise ValueError(f"l'instant {texte!r} ne dit pas son fuseau (ajouter Z pour UTC)")
    if "." not in texte:
        lu = lu.replace(microsecond=999_999)
    try:
        utc = lu.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"l'instant {texte!r} est hors du calendrier") from None
    return f"{utc.isoformat(timespec='microseconds')[:-6]}Z"


def format_date(jour: date) -> str:
    """Print a date for a person: `03/02/2020`."""
    return f"{jour.day:02d}/{jour.month:02d}/{jour.year:04d}"


def echeance(mois_jour: str, annee: int) -> date:
    """The date `MM-JJ` of a year; the day exists every year (checked when rules are entered)."""
    return date(annee, int(mois_jour[:2]), int(mois_jour[3:]))
