"""The two dates of every page, read from its address and kept in every link of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import quote, urlencode

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.temps import (
    ANNEE_MAX,
    ANNEE_MIN,
    en_iso,
    exiger_jour_du_calendrier,
    lire_instant,
    lire_jour,
)

from .regard import fin_de_mois

_POSITION = re.compile(r"[0-9]{1,15}")
_BORNES = f"Un jour du calendrier, du 01/01/{ANNEE_MIN} au 31/12/{ANNEE_MAX}."


class Moment(Struct, frozen=True):
    """What is asked: effect date, and what was known (a position, or an instant as typed)."""

    au: date | None = None
    connu_au: int | str | None = None
    """A position, or an instant in the stored form."""
    connu_texte: str = ""
    """As it was typed, kept in links."""

    def parametres(self) -> dict[str, str]:
        """The query parameters that say it again."""
        dits = {"au": "" if self.au is None else self.au.isoformat(), "connu_au": self.connu_texte}
        return {nom: valeur for nom, valeur in dits.items() if valeur}


class DateRefusee(UsageError):  # noqa: N818 - a statement of fact
    """One of the two dates of a page cannot be read, or met; `champ` is its field."""

    def __init__(self, champ: str, message: str, *, remede: str = "") -> None:
        super().__init__(message, remede=remede)
        self.champ = champ


def lire_moment(parametres: Mapping[str, str], *, champ: str = "État au") -> Moment:
    """Read `au`, under the label `champ`, and `connu_au`. Raises: DateRefusee, in French."""
    au, connu = parametres.get("au", "").strip(), parametres.get("connu_au", "").strip()
    return Moment(_lire_au(au, champ) if au else None, _lire_connu(connu) if connu else None, connu)


def _lire_au(texte: str, champ: str) -> date:
    try:
        return lire_jour(texte)
    except ValueError as erreur:
        raise DateRefusee(
            "au",
            f"« {champ} » ne se lit pas : {erreur}.",
            remede=f"L'écrire JJ/MM/AAAA, par exemple 31/12/2020. {_BORNES}",
        ) from erreur


def _lire_connu(texte: str) -> int | str:
    if _POSITION.fullmatch(texte):
        return int(texte)
    try:
        exiger_jour_du_calendrier(texte)
    except ValueError as erreur:
        raise DateRefusee(
            "connu_au",
            f"« Connu à la position, ou au » ne se lit pas : {erreur}.",
            remede=_BORNES,
        ) from erreur
    try:
        return lire_instant(en_iso(texte))
    except (ValueError, OverflowError) as erreur:
        raise DateRefusee(
            "connu_au",
            f"« Connu à la position, ou au » ne se lit pas : {texte[:40]!r} n'est ni une position "
            "(306), ni un jour d'enregistrement en UTC (31/01/2021), ni un instant avec son fuseau "
            "(2021-01-31T10:00:00Z).",
        ) from erreur


class Liens:
    """Addresses within one programme, at one moment."""

    def __init__(self, programme: str, moment: Moment) -> None:
        self.programme, self.moment = programme, moment

    def vers(self, page: str, /, **parametres: object) -> str:
        """The address of a page, with these parameters; those empty or None are left out."""
        dits = {n: str(v) for n, v in parametres.items() if v is not None and v != ""}
        return self._adresse(page, {**self.moment.parametres(), **dits})

    def a(self, moment: Moment, page: str, parametres: Mapping[str, str]) -> str:
        """The address of a page at another moment."""
        return self._adresse(page, {**moment.parametres(), **parametres})

    def _adresse(self, page: str, parametres: Mapping[str, str]) -> str:
        chemin = f"/programmes/{quote(self.programme)}/{quote(page)}"
        return f"{chemin}?{urlencode(parametres)}" if parametres else chemin


def mois_voisins(jour: date) -> tuple[date | None, date | None]:
    """The end of the month before, and the end of the month after (of this one if not reached)."""
    fin = fin_de_mois(jour.year, jour.month)
    avant = date.fromordinal(jour.replace(day=1).toordinal() - 1)
    apres = fin
    if jour == fin:
        suivant = date.fromordinal(fin.toordinal() + 1)
        apres = fin_de_mois(suivant.year, suivant.month)
    admis = range(ANNEE_MIN, ANNEE_MAX + 1)
    return avant if avant.year in admis else None, apres if apres.year in admis else None
