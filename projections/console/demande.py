"""What a page is asked: programme, moment, parameters; and the common part of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeVar

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.temps import format_date

from .moment import DateRefusee, Liens, Moment, lire_moment, mois_voisins
from .regard import Regard
from .tete import Tete

T = TypeVar("T")
PAR_PAGE = 50
_TEXTE_MAX = 200


class PageIntrouvable(UsageError):  # noqa: N818 - a statement of fact
    """The address names nothing of this base."""

    code = "page_introuvable"


class Pagination(Struct, frozen=True):
    """One page of a list: its rank and how many there are, its rows among all."""

    page: int
    pages: int
    total: int
    debut: int
    fin: int


class Demande:
    """A request for a page of one programme, read and checked."""

    def __init__(self, tete: Tete, parametres: Mapping[str, str], chemin: str) -> None:
        """Raises: DateRefusee for a date, an instant or a position that cannot be read or met."""
        self.tete = tete
        self.parametres = parametres
        self.chemin = chemin
        self.moment = lire_moment(parametres)
        self.liens = Liens(tete.programme, self.moment)
        taille = tete.rafraichir()
        connu = self.moment.connu_au
        voulue = tete.position_de(connu) if isinstance(connu, str) else connu
        try:
            self.position = tete.exiger(voulue, taille)
        except UsageError as erreur:
            raise DateRefusee("connu_au", erreur.message, remede=erreur.remede) from erreur
        self.taille = taille
        self.refus: dict[str, DateRefusee] = {}  # by field, on the page that says so alone

    @classmethod
    def sans_refus(cls, tete: Tete, parametres: Mapping[str, str], chemin: str) -> Demande:
        """The same request, the dates that cannot be read or met left out and kept in `refus`."""
        gardes, refus = dict(parametres), dict[str, DateRefusee]()
        while True:
            try:
                demande = cls(tete, gardes, chemin)
            except DateRefusee as erreur:
                refus[erreur.champ] = erreur
                del gardes[erreur.champ]
            else:
                demande.refus = refus
                demande.parametres = parametres
                return demande

    def saisi(self, champ: str) -> str:
        """What the field of a date shows: the date; where it was refused, what was typed."""
        if champ in self.refus:
            return self.parametres[champ][:_TEXTE_MAX]
        if champ == "au":
            return "" if self.moment.au is None else format_date(self.moment.au)
        return self.moment.connu_texte

    @property
    def regard(self) -> Regard:
        """The view. Raises: EnAttente, Occupee, ChainBrokenError, StoreError."""
        return self.tete.regard(self.position, self.moment.au)

    def texte(self, nom: str) -> str:
        """A free text parameter. Raises: UsageError when it is too long."""
        valeur = self.parametres.get(nom, "").strip()
        if len(valeur) > _TEXTE_MAX:
            raise UsageError(
                f"Le paramètre « {nom} » fait {len(valeur)} signes, {_TEXTE_MAX} au plus."
            )
        return valeur

    def choix(self, nom: str, admis: Sequence[str], defaut: str = "") -> str:
        """A parameter among words. Raises: UsageError for another word."""
        valeur = self.parametres.get(nom, "") or defaut
        if valeur and valeur not in admis:
            raise UsageError(
                f"Le paramètre « {nom} » ne connaît pas {valeur[:40]!r}.",
                remede=f"Valeurs admises : {', '.join(admis)}.",
            )
        return valeur

    def page(self, liste: Sequence[T], par_page: int = PAR_PAGE) -> tuple[Sequence[T], Pagination]:
        """The rows of the page asked for (`page`, from 1). Raises: UsageError."""
        texte = self.parametres.get("page", "") or "1"
        if not (texte.isascii() and texte.isdigit()) or len(texte) > 9 or int(texte) < 1:  # noqa: PLR2004
            raise UsageError(f"La page {texte[:20]!r} n'est pas un nombre à partir de 1.")
        pages = max(-(-len(liste) // par_page), 1)
        page = min(int(texte), pages)
        debut = (page - 1) * par_page
        fin = min(debut + par_page, len(liste))
        return liste[debut:fin], Pagination(page, pages, len(liste), debut + 1, fin)

    def lien_de_page(self, numero: int) -> str:
        """This very page, at another rank."""
        autres = {n: v for n, v in self.parametres.items() if n not in ("au", "connu_au", "page")}
        return self.liens.vers(self.chemin, **{**autres, "page": numero if numero > 1 else None})

    def liste_entiere(self) -> str:
        """The whole list that this page shows a part of, as a file."""
        return self.liens.vers(f"{self.chemin}.csv", **self.autres_parametres())

    def autres_parametres(self) -> dict[str, str]:
        """What the form of dates must keep: everything but the dates and the rank of the page."""
        return {
            n: v for n, v in self.parametres.items() if n not in ("au", "connu_au", "page") and v
        }

    def pas(self) -> list[tuple[str, str, str]]:
        """The steps from month end to month end: (relation, words, address)."""
        jour = self.moment.au or self._dernier_jour()
        if jour is None:
            return []
        avant, apres = mois_voisins(jour)
        suite: list[tuple[str, str, str]] = []
        for sens, fin in (("prev", avant), ("next", apres)):
            if fin is not None:
                ailleurs = Moment(fin, self.moment.connu_au, self.moment.connu_texte)
                adresse = self.liens.a(ailleurs, self.chemin, self.autres_parametres())
                suite.append((sens, f"{fin.day:02d}/{fin.month:02d}/{fin.year}", adresse))
        return suite

    def sans_dates(self) -> str:
        """This very page, on all that is known."""
        return self.liens.a(Moment(), self.chemin, self.autres_parametres())

    def options_du_terminal(self) -> str:
        """The options that give a verb of the terminal this very view, of a base called BASE."""
        dits = {"--base": "BASE", "--programme": self.tete.programme}
        if self.moment.au is not None:
            dits["--au"] = self.moment.au.isoformat()
        if self.moment.connu_au is not None:
            dits["--connu-au"] = str(self.moment.connu_au)
        return " ".join(f"{option} {valeur}" for option, valeur in dits.items())

    def bornes(self) -> tuple[date, date] | None:
        """The first and the last effect dates of the journal."""
        return self.tete.bornes()

    def _dernier_jour(self) -> date | None:
        bornes = self.tete.bornes()
        return None if bornes is None else bornes[1]
