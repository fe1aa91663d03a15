"""A client of the console in this process, and what it reads of a page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import NamedTuple

import httpx

from projections.console.garde import Asgi

HOTE = "http://127.0.0.1:8019"


class Client:
    """Asks pages, redirections not followed."""

    def __init__(self, application: Asgi) -> None:
        self._transport = httpx.ASGITransport(application)

    def demander(
        self, adresse: str, methode: str = "GET", entetes: Mapping[str, str] | None = None
    ) -> httpx.Response:
        async def demander() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=HOTE) as client:
                return await client.request(methode, adresse, headers=dict(entetes or {}))

        return asyncio.run(demander())

    def lire(self, adresse: str, statut: int = 200) -> Page:
        """A page, which must have that status."""
        reponse = self.demander(adresse)
        assert reponse.status_code == statut, (adresse, reponse.status_code, reponse.text[-500:])
        return Page(reponse.text)


class Lien(NamedTuple):
    """An address and the words that lead to it."""

    adresse: str
    texte: str


_ESPACES = str.maketrans("\u00a0\u202f", "  ")
_VIDES = {"meta", "link", "input", "br", "rect", "path", "circle", "img", "hr"}


class Page(HTMLParser):
    """What a browser finds in a page: elements in order, links, and the text shown.

    Spaces that do not break are read as spaces, as the search of a browser reads them.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source.translate(_ESPACES)
        self.balises: list[tuple[str, dict[str, str]]] = []
        self.liens: list[Lien] = []
        self.textes: list[str] = []
        self.desequilibres: list[str] = []
        self._ouvertes: list[str] = []
        self._lien: list[str] | None = None
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributs = {nom: valeur or "" for nom, valeur in attrs}
        self.balises.append((tag, attributs))
        if tag not in _VIDES:
            self._ouvertes.append(tag)
        if tag == "a":
            self._lien = []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.balises.append((tag, {nom: valeur or "" for nom, valeur in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._ouvertes or self._ouvertes.pop() != tag:
            self.desequilibres.append(tag)
        if tag == "a" and self._lien is not None:
            adresse = next(a for nom, a in reversed(self.balises) if nom == "a").get("href", "")
            self.liens.append(Lien(adresse, "".join(self._lien).strip()))
            self._lien = None

    def handle_data(self, data: str) -> None:
        if self._ouvertes and self._ouvertes[-1] in ("script", "style"):
            return
        self.textes.append(data)
        if self._lien is not None:
            self._lien.append(data)

    @property
    def texte(self) -> str:
        """Everything shown, blanks folded."""
        return " ".join("".join(self.textes).split())

    def de(self, *noms: str) -> list[dict[str, str]]:
        """The attributes of the elements of that name."""
        return [attributs for nom, attributs in self.balises if nom in noms]
