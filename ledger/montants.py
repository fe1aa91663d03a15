"""Money: integer euro cents, everywhere. The only module that parses or prints an amount."""

from __future__ import annotations

import re

CENTIMES_MAX = 10**14
"""Greatest absolute value of one amount, in cents (1 000 billion euros): sums stay below 2**53."""

_SIGNE = r"(?P<signe>[-+\N{MINUS SIGN}]?)"
_ESPACE = "[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]"
_MONTANT = re.compile(
    rf"{_SIGNE}(?P<euros>[0-9]{{1,3}}(?:{_ESPACE}[0-9]{{3}})+|[0-9]+)"
    rf"(?:[.,](?P<centimes>[0-9]{{2}}))?(?:{_ESPACE}?€)?"
)


class MontantIllisible(ValueError):  # noqa: N818 - a French statement of fact, as house style asks
    """The text is not an amount that everybody would read alike."""


def lire_euros(texte: str) -> int:
    """Read an amount typed by a person; refuse whatever is ambiguous.

    Accepts `150000`, `150000.00`, `150 000,00 €` (space, no-break or narrow no-break space between
    groups of three). Refuses `12.500`, `1,5`, `1e5`, `NaN`, `45.000,10`: two decimals or none.

    Returns: cents, at most `CENTIMES_MAX` in absolute value.
    Raises: MontantIllisible.
    """
    trouve = _MONTANT.fullmatch(texte.strip())
    if trouve is None:
        raise MontantIllisible(
            f"Le montant {texte[:40]!r} est ambigu ou illisible : écrire par exemple "
            "« 150 000,00 € » ou « 150000.00 »."
        )
    euros = "".join(c for c in trouve["euros"] if c in "0123456789")
    if len(euros) > len(str(CENTIMES_MAX)):
        raise MontantIllisible(f"Le montant {texte[:40]!r} dépasse la limite admise.")
    valeur = int(euros) * 100 + int(trouve["centimes"] or 0)
    if valeur > CENTIMES_MAX:
        raise MontantIllisible(f"Le montant {texte[:40]!r} dépasse la limite admise.")
    return valeur if trouve["signe"] in ("", "+") else -valeur


def format_euros(centimes: int) -> str:
    """Print cents for a person: `45 000 000,00 €`, ordinary spaces so that text can be searched."""
    euros, reste = divmod(abs(centimes), 100)
    groupes = f"{euros:,}".replace(",", " ")
    return f"{'-' if centimes < 0 else ''}{groupes},{reste:02d} €"


def partager(centimes: int, parts: int) -> tuple[int, ...]:
    """Split cents in equal parts: the first ones get the quotient, the last one the rest too."""
    if parts < 1:
        raise ValueError("au moins une part")
    quotient = centimes // parts
    return (quotient,) * (parts - 1) + (centimes - quotient * (parts - 1),)


def dix_milliemes(numerateur: int, denominateur: int) -> int:
    """A rate as an integer number of ten-thousandths, rounded half up; 0 when there is no base."""
    if denominateur == 0:
        return 0
    return (2 * numerateur * 10_000 + denominateur) // (2 * denominateur)
