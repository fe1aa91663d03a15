"""Aucun chiffre de la console n'est montré sans le lien qui mène à ses faits."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from commands.demo import PROGRAMME
from projections.console.application import PAGES
from tests.console.client import Client
from tests.console.test_pages import TOUTES

RACINE = f"/programmes/{PROGRAMME}"
_VIDES = {"meta", "link", "input", "br", "rect", "path", "circle", "img", "hr"}
_TUS = {"svg", "bdi", "pre", "code", "option", "a"}
"""What outsiders wrote, the picture of a table, and links themselves."""
_DATE = re.compile(r"\d\d/\d\d/\d{4}|à \d\d:\d\d:\d\d UTC|\ben \d{4}\b")
_CHIFFRE = re.compile(
    r"\d[\d\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE} ]*(,\d+)?\s?[€%]"
    r"|\d[\d ]* à \d+"
    r"|\d[\d ]* (?:structures?|faits?|labels?|anomalies?|chiffres?|constats?|lignes?|écritures?)\b"
)
_CASES = {"n", "valeur", "precision", "m"}
"""Classes of the elements that hold figures: there, any digit is one."""


class Chiffres(HTMLParser):
    """The figures of the main part of a page that no link holds."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.orphelins: list[str] = []
        self.identifiants: set[str] = set()
        self.ancres: set[str] = set()
        self._ouvertes: list[tuple[str, set[str]]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributs = {nom: valeur or "" for nom, valeur in attrs}
        self.identifiants.add(attributs.get("id", ""))
        if attributs.get("href", "").startswith("#"):
            self.ancres.add(attributs["href"][1:])
        if tag not in _VIDES:
            self._ouvertes.append((tag, set(attributs.get("class", "").split())))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing is shown by an empty element."""

    def handle_endtag(self, tag: str) -> None:
        while self._ouvertes and self._ouvertes.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        balises = {balise for balise, _ in self._ouvertes}
        classes = {classe for _, classes in self._ouvertes for classe in classes}
        if "main" not in balises or balises & _TUS or "brut" in classes:
            return
        texte = _DATE.sub("", data)
        case = classes & _CASES and self._ouvertes[-1][0] != "th"
        if _CHIFFRE.search(texte) or (case and re.search(r"\d", texte)):
            self.orphelins.append(data.strip())


def forme(adresse: str) -> tuple[str, ...]:
    """What makes two addresses pages of one kind: their path without names, their parameters."""
    lu = urlsplit(adresse)
    chemin = re.sub(r"/structures/[^/]+", "/structures/*", lu.path)
    chemin = re.sub(r"(structures|echeancier)\.[^.]+", r"\1.*", chemin)
    autres = parse_qs(lu.query).keys() - {"au", "connu_au", "page"}
    return re.sub(r"[0-9]+", "9", chemin), *sorted(autres)


def toutes_les_pages(client: Client) -> dict[str, str]:
    """Every page that links lead to, one of each kind: its address, its source."""
    a_voir = [f"{RACINE}/{adresse}" for adresse in TOUTES]
    a_voir += [f"{RACINE}/structures?etat={etat}" for etat in ("label_retire", "rejetee")]
    vues: dict[tuple[str, ...], str] = {}
    pages: dict[str, str] = {}
    while a_voir:
        adresse = a_voir.pop()
        retiree = "etat=label_retire" in adresse
        page = client.lire(adresse)
        pages[adresse] = page.source
        for lien in page.liens:
            cible = lien.adresse
            if not cible.startswith(RACINE) or re.search(
                r"\.(csv|json|tlog-proof)|telecharger/", cible
            ):
                continue
            nouvelle = forme(cible) not in vues or (retiree and "/structures/" in cible)
            if nouvelle and cible not in pages and cible not in a_voir:
                vues[forme(cible)] = cible
                a_voir.append(cible)
    return pages


def test_chaque_chiffre_de_la_console_est_un_lien(client: Client) -> None:
    """Dans aucune page un montant, un compte ou un taux n'est montré hors d'un lien."""
    pages = toutes_les_pages(client)
    assert len(pages) > 100
    assert all(any(a.startswith(f"{RACINE}/{chemin}") for a in pages) for chemin, _, _ in PAGES)
    for adresse, source in pages.items():
        lus = Chiffres(source)
        assert lus.orphelins == [], adresse
        assert lus.ancres <= lus.identifiants, adresse


def test_un_chiffre_sans_lien_se_verrait() -> None:
    """Un chiffre de chaque sorte, montré hors d'un lien, est vu par cette vérification."""
    for source in (
        "<main><p>Payé : 12 000,00 €.</p></main>",
        "<main><p>33,33 % consommés</p></main>",
        "<main><p>80 structures</p></main>",
        "<main><nav><li>1 à 50</li></nav></main>",
        "<main><nav><li>464 faits</li></nav></main>",
        '<main><td class="n">80</td></main>',
        '<main><span class="valeur">80</span></main>',
    ):
        assert Chiffres(source).orphelins
        dans_un_lien = re.sub(r"(<main>.*?>)([^<]+)", r'\1<a href="/">\2</a>', source)
        assert not Chiffres(dans_un_lien).orphelins
