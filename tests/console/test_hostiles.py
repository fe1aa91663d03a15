"""Des noms hostiles restent du texte dans chaque page de la console."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest

from ledger.evenements import CandidatureDéposée
from projections import pli
from projections.console.application import PAGES, Console, creer_console
from projections.fiche import INSCRIPTIONS, Chantier
from tests.console.client import Client, Page
from tests.tableurs.evaluer import lire_ods, lire_xlsx
from tests.unit.monde import Monde, P

NOMS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></textarea></style></script><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)//",
    '=HYPERLINK("http://exemple.fr")',
    "&lt;b&gt;&#60;b&#62;",
    "A" * 200,
    "\u05e9\u05dc\u05d5\u05dd abc \u0645\u0631\u062d\u0628\u0627",
)
CACHES = "\u202emoc.elpmaxe\u2066\u200b\ufeff"


@pytest.fixture
def monde(monkeypatch: pytest.MonkeyPatch) -> Monde:
    """A base full of them, with what only older journals could hold."""
    monkeypatch.setattr("ledger.champs._INVISIBLES", re.compile("(?!)"))
    monkeypatch.setattr("ledger.champs._INTERDITS", re.compile("(?!)"))
    monde = Monde(quota_numeriques=40)
    for rang, nom in enumerate((*NOMS, CACHES)):
        slug = f"s{rang}"
        monde.ok(
            "DéposerCandidature",
            "2020-02-03",
            structure=slug,
            porteur=nom,
            ville=nom,
            vague=nom[:60],
        )
        monde.ok("LabelliserFabrique", "2020-02-03", structure=slug)
        monde.ok("VerserTranche", "2020-02-03", structure=slug, reference=nom[:100])
        monde.ok("SignerConvention", "2020-02-03", structure=slug, reference=nom[:100], ej=None)
    monde.ok("RetirerLabel", "2021-02-03", structure="s0", motif=NOMS[1])
    return monde


def test_un_nom_hostile_reste_du_texte_dans_chaque_page(monde: Monde) -> None:
    """Ni balise, ni gestionnaire, ni adresse, ni caractère caché ne sort d'un nom."""
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    positions = range(1, monde.livre.journal(P).taille + 1)
    chemins = [chemin for chemin, _, _ in PAGES]
    chemins += [f"structures/s{rang}" for rang in range(len(NOMS) + 1)]
    chemins += [f"journal/{p}" for p in positions]
    chemins += ["chiffres/enveloppe.paye", "comparaison?comparer=oui&au_avant=2020-01-01"]
    chemins += [f"structures?q={nom.replace('&', '%26').replace('#', '%23')}" for nom in NOMS]
    vus = ""
    for chemin in chemins:
        page = client.lire(f"/programmes/{P}/{chemin}")
        sain(page)
        vus += page.texte
    for nom in NOMS:
        assert nom in vus
    assert "\\u202emoc.elpmaxe\\u2066\\u200b\\ufeff" in vus
    console.fermer()


def sain(page: Page) -> None:
    """Nothing of a page but its own script, its own links, its own elements."""
    assert page.desequilibres == []
    assert [a["src"].split("?")[0] for a in page.de("script")] == ["/statique/console.js"]
    assert page.de("img", "iframe", "object", "style", "base") == []
    for nom, attributs in page.balises:
        assert not [a for a in attributs if a.startswith("on")], nom
        for cle in ("href", "src", "action"):
            adresse = attributs.get(cle, "")
            assert adresse.startswith(("/", "#", "data:,")) or adresse in (
                "",
                "structures",
                "journal",
                "comparaison",
            ), adresse
    assert not set(page.source) & set(CACHES) - set("moc.elpmaxe")


@pytest.mark.parametrize("parametre", ["q", "vague", "label", "structure", "cellule", "connu_au"])
def test_un_parametre_hostile_reste_du_texte(monde: Monde, parametre: str) -> None:
    """Ce que porte l'adresse est montré comme un texte, ou refusé comme un texte."""
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    chemins = ("structures?", "journal?", "chiffres/registre.nombre?", "comparaison?comparer=oui&")
    for chemin in chemins:
        for nom in (*NOMS[:4], CACHES, "A" * 199):
            adresse = f"/programmes/{P}/{chemin}{parametre}={quote(nom)}"
            reponse = client.demander(adresse)
            assert reponse.status_code in (200, 400, 404), adresse
            page = Page(reponse.text)
            assert page.desequilibres == []
            scripts = [a["src"].split("?")[0] for a in page.de("script")]
            assert scripts in ([], ["/statique/console.js"])
            assert page.de("img", "iframe", "style") == []
            assert [a for _, at in page.balises for a in at if a.startswith("on")] == []
            assert not set(page.source) & set(CACHES) - set("moc.elpmaxe")
    console.fermer()


def test_un_nom_de_dix_mille_signes_reste_du_texte(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un nom de 10 ko, balises et formule comprises, est un texte dans pages et fichiers."""
    long = ('=HYPERLINK("http://exemple.fr")<b>\u202e&' * 300)[:10_000]
    deposer = INSCRIPTIONS[CandidatureDéposée]

    def allonger(chantier: Chantier, position: int, fait: CandidatureDéposée) -> None:
        deposer(chantier, position, fait)  # no command accepts such a name
        chantier.porteur = chantier.ville = long

    nomme, effets, _ = pli._GENRES[CandidatureDéposée]
    genres: dict[Any, Any] = pli._GENRES
    monkeypatch.setitem(genres, CandidatureDéposée, (nomme, effets, allonger))
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    montre = long.replace("\u202e", "\\u202e")
    for chemin in ("structures", "structures/s1", "chiffres/enveloppe.paye", "anomalies"):
        page = client.lire(f"/programmes/{P}/{chemin}")
        sain(page)
        assert montre in "".join(page.textes)
    fichier = f"/programmes/{P}/telecharger"
    assert page_du_rapport_saine(client.demander(f"{fichier}/rapport.html").text)
    csv_lu = list(csv.DictReader(StringIO(client.demander(f"{fichier}/structures.csv").text)))
    assert {ligne["porteur"][:2] for ligne in csv_lu} == {"'="}
    for forme, lire in (("ods", lire_ods), ("xlsx", lire_xlsx)):
        livre = lire(client.demander(f"{fichier}/classeur.{forme}").content)
        cellule = livre["Structures"].cellules[2, 2]
        assert cellule.formule is None
        assert cellule.valeur == long.replace("\u202e", "\ufffd")
    console.fermer()


def page_du_rapport_saine(source: str) -> bool:
    """Nothing of the report but its own elements."""
    page = Page(source)
    return page.de("script") == [{"type": "application/json", "id": "rapport"}] and not page.de("b")


def test_les_fichiers_telecharges_sont_desarmes(monde: Monde) -> None:
    """Le CSV d'une base hostile ne contient aucune formule active."""
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    texte = client.demander(f"/programmes/{P}/telecharger/structures.csv").text
    assert "'=HYPERLINK" in texte
    assert not re.search(r"(^|,|\")=HYPERLINK", texte)
    console.fermer()
