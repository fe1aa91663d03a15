"""Datasette sert la copie : titres français, questions, euros, et rien d'un nom n'est exécuté."""

from __future__ import annotations

import asyncio
import html
import importlib.util
import json
import re
import sys
from collections.abc import Coroutine, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar

import pytest
from datasette import plugins
from datasette.app import Datasette
from datasette.filters import Filters

from projections.exploration.requetes import REQUETES
from tests.cli.outils import depot, lancer, ouverture
from tests.publication.exemple import creer

T = TypeVar("T")
BALISE = '<script>alert("x")</script>'
ADRESSE = "https://exemple.invalid/piege"
CACHE = "a\u202eb"
GREFFON = "fabriques_euros.py"
FRANCAIS = "fabriques_francais.py"
ANGLAIS = re.compile(
    r"\b(home|Powered|Queries|Query|took|rows?|records|results|views|hidden|Tables? actions"
    r"|Custom|returning|Run|Edit|Format SQL|Download|Search|Sort|descending|Apply|Next page|This"
    r"|Suggested|facets?|advanced|Advanced|Export CSV|shape|newline|default|array|object|options"
    r"|remove|filter|contains|starts|ends|blank|where|Links from|show|hide|Data|About|View and)\b"
)
"""English words of the frame of Datasette."""
SANS_FIN = "with+recursive+t(x)+as+(select+1+union+all+select+x%2B1+from+t)+select+max(x)+from+t"
PAGES = (
    "",
    "fabriques",
    "fabriques?_show_hidden=1",
    "fabriques/faits?_size=2",
    "fabriques/faits?programme=fabriques&type__contains=label&_sort=position&_facet=type",
    "fabriques/faits?type=absent",
    "fabriques/v_echeancier",
    "fabriques/programmes/{programme}",
    "fabriques/consommation",
    "fabriques/versements_d_une_structure?structure=balise&_hide_sql=1",
    "fabriques?sql=select+1+as+un",
    "fabriques?sql=select+1+where+0",
)


def attendre(travail: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, run to its end."""
    return asyncio.run(travail)


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to explore: a programme whose names were chosen by an enemy."""
    racine = tmp_path_factory.mktemp("datasette")
    noms = {"balise": BALISE, "adresse": ADRESSE, "formule": '=1+1" onmouseover="alert(1)'}
    commandes = [ouverture()]
    for structure, nom in noms.items():
        commandes.append(depot(structure, porteur=nom))
        commandes.append(
            commandes[1]
            | {
                "commande": "LabelliserFabrique",
                "id_commande": f"label-{structure}",
                "structure": structure,
                "montant_centimes": 15_000_000,
            }
        )
        for champ in ("porteur", "code_postal", "ville", "territoire", "numerique"):
            commandes[-1].pop(champ)
    cible = racine / "dossier"
    base = creer(racine / "base.db", commandes)
    assert lancer("explorer", "--base", base, "-o", cible).code == 0
    return cible


@pytest.fixture(scope="module")
def datasette(dossier: Path) -> Iterator[Datasette]:
    """Datasette on the folder, as the printed command starts it; its plugin taken out after."""
    avant = set(plugins.pm.get_plugins())
    # with the rich library at hand, Datasette shows every local of every frame of an error
    rendu: Any = sys.modules["datasette.handle_exception"]
    riche, rendu.rich = rendu.rich, None
    serveur = Datasette(
        [],
        immutables=[str(dossier / "fabriques.db")],
        metadata=json.loads((dossier / "metadata.json").read_text("utf-8")),
        plugins_dir=str(dossier / "greffons"),
        settings={"sql_time_limit_ms": 200},
    )
    attendre(serveur.invoke_startup())
    yield serveur
    rendu.rich = riche
    for greffon in set(plugins.pm.get_plugins()) - avant:
        plugins.pm.unregister(greffon)
    for base in serveur.databases.values():
        base.close()
    if serveur.executor is not None:
        serveur.executor.shutdown()


def page(datasette: Datasette, chemin: str) -> str:
    """The text of a page that must answer."""
    reponse = attendre(datasette.client.get(chemin))
    assert reponse.status_code == 200, (chemin, reponse.text[:300])
    texte: str = reponse.text
    return texte


def test_l_accueil_de_la_base_est_en_francais(datasette: Datasette) -> None:
    """La page de la base a son titre, sa position, et le titre de chaque question."""
    accueil = html.unescape(page(datasette, "/fabriques"))
    assert "Grand livre des subventions" in accueil
    assert "Montants en centimes, affichés en euros." in accueil
    for requete in REQUETES:
        assert requete.titre in accueil
    assert "position 7" in html.unescape(page(datasette, "/"))
    vue = html.unescape(page(datasette, "/fabriques/v_echeancier"))
    assert "Une ligne par tranche, avec son statut au dernier fait." in vue
    assert "Reste à verser. (centimes d'euro)" in vue


def test_chaque_question_est_servie(datasette: Datasette) -> None:
    """Chaque question répond, en page et en JSON, où les centimes restent des entiers."""
    for requete in REQUETES:
        adresse = f"/fabriques/{requete.nom}"
        suite = "&structure=balise" if ":structure" in requete.sql else ""
        assert requete.titre in html.unescape(page(datasette, f"{adresse}?_size=10{suite}"))
        lues = json.loads(page(datasette, f"{adresse}.json?_shape=array{suite}"))
        assert isinstance(lues, list)
    (ligne,) = json.loads(page(datasette, "/fabriques/consommation.json?_shape=array"))
    assert ligne["disponible_centimes"] == 4_455_000_000


def test_les_centimes_se_lisent_en_euros(datasette: Datasette) -> None:
    """Une colonne de centimes s'affiche en euros à la française, dans les tables et questions."""
    euros = "44\u202f550\u202f000,00\u00a0€</span>"
    assert euros in page(datasette, "/fabriques/consommation")
    assert euros in page(datasette, "/fabriques/enveloppe")
    assert "50\u202f000,00\u00a0€</span>" in page(datasette, "/fabriques/v_echeancier")
    libre = page(datasette, "/fabriques?sql=select+-5+as+x_centimes,+12345+as+autre")
    assert "-0,05\u00a0€</span>" in libre
    assert ">12345<" in libre.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("chemin", ["v_situation", "structures", "sans_siret", "v_journal"])
def test_un_nom_hostile_reste_un_texte(datasette: Datasette, chemin: str) -> None:
    """Balise, attribut ou adresse dans un nom : montrés, ni exécutés ni suivis."""
    texte = page(datasette, f"/fabriques/{chemin}")
    assert BALISE not in texte
    assert "&lt;script&gt;alert(" in texte
    assert f'href="{ADRESSE}' not in texte
    assert ADRESSE in texte
    assert 'onmouseover="alert' not in texte


def _greffon(dossier: Path, nom: str) -> Any:
    """A plugin of the folder, as a module."""
    spec = importlib.util.spec_from_file_location("greffon", dossier / "greffons" / nom)
    assert spec is not None
    assert spec.loader is not None
    greffon = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(greffon)
    return greffon


class _Montre(HTMLParser):
    """What the frame says: texts and labels, but not code, scripts, SQL nor the names of data."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.dits: list[str] = []
        self._tus = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tus += tag in _TUS
        dits = dict(attrs)
        if tag == "input" and dits.get("type") == "submit":
            self.dits.append(dits.get("value") or "")
        self.dits.append(dits.get("aria-label") or "")

    def handle_endtag(self, tag: str) -> None:
        self._tus -= tag in _TUS

    def handle_data(self, data: str) -> None:
        if not self._tus:
            self.dits.append(data)


_TUS = ("script", "style", "code", "pre", "textarea")


@pytest.mark.parametrize("chemin", PAGES)
def test_le_cadre_est_en_francais(datasette: Datasette, chemin: str) -> None:
    """Accueil, base, table, ligne, question et requête : aucun mot anglais du cadre ne reste."""
    source = page(datasette, "/" + chemin.format(programme="fabriques-de-territoire"))
    assert '<html lang="fr">' in source
    dit = " ".join(" ".join(_Montre(source).dits).split())
    assert ANGLAIS.findall(dit) == [], dit[:3000]


def test_chaque_phrase_traduite_est_celle_de_la_version_installee(dossier: Path) -> None:
    """Chaque phrase anglaise à traduire est bien dans Datasette : rien n'est traduit à vide."""
    francais = _greffon(dossier, FRANCAIS)
    racine = Path(str(importlib.util.find_spec("datasette").origin)).parent  # type: ignore[union-attr]
    absentes = [
        (nom, anglais)
        for nom, phrases in francais.PHRASES.items()
        for anglais, _ in phrases
        if anglais not in (racine / "templates" / nom).read_text("utf-8")
    ]
    script = (racine / "static" / "table.js").read_text("utf-8")
    assert [*absentes, *(mot for mot, _ in francais.MENU if mot not in script)] == []
    lookups = {affiche for _, affiche, _ in Filters([]).lookups()}
    assert set(francais.FILTRES) == {mot for mot in lookups if mot.isascii() and mot[0].isalpha()}


def test_les_pages_disent_titres_nombres_et_menu_en_francais(datasette: Datasette) -> None:
    """Les objets ont leur titre, le taux se lit en pour cent, le menu d'une colonne est traduit."""
    accueil = html.unescape(page(datasette, "/fabriques"))
    assert '">Enveloppe</a> <code>v_enveloppe</code>' in accueil
    assert ">1,00\u00a0%</span>" in page(datasette, "/fabriques/consommation")
    assert "150\u202f000,00\u00a0€</span>" in page(datasette, "/fabriques/v_situation")
    script = page(datasette, "/-/fabriques/table.js")
    assert "Trier, décroissant" in script
    assert "Sort descending" not in script
    assert "/-/fabriques/table.js" in page(datasette, "/fabriques/faits")


def test_un_signe_cache_est_montre(dossier: Path) -> None:
    """Un signe qui retourne l'affichage est remplacé, un montant absent reste vide."""
    greffon = _greffon(dossier, GREFFON)
    assert str(greffon.render_cell(CACHE, "porteur")) == "a\ufffdb"
    assert str(greffon.render_cell("<b>\u200b", "porteur")) == "&lt;b&gt;\ufffd"
    assert greffon.render_cell(None, "montant_centimes") is None
    assert greffon.render_cell("12", "montant_centimes") is None
    assert greffon.render_cell("Association", "porteur") is None
    assert greffon.euros(-123_456_789) == "-1\u202f234\u202f567,89\u00a0€"
    assert greffon.euros(5) == "0,05\u00a0€"
    assert greffon.taux(-3_378) == "-33,78\u00a0%"
    assert greffon.render_cell("1e3", "montant_euros") is None
    assert ">-0,05\u00a0€<" in greffon.render_cell("-0.05", "montant_euros")


@pytest.mark.parametrize(
    ("chemin", "dit"),
    [
        ("/fabriques/absente", "Il n'y a pas de table ni de vue de ce nom."),
        ("/fabriques?sql=select+*+from+x", "Il n'y a pas de table ni de vue nommée x."),
        ("/fabriques?sql=select+%3Cb%3E+from+faits", "Faute de syntaxe près de « < »."),
        ("/fabriques?sql=select+x%27", "Ce signe ne se lit pas : « x' »."),
        ("/fabriques?sql=select+%22%7Bx%7D%22.a", "Il n'y a pas de colonne nommée {x}.a."),
        ("/fabriques?sql=select+1;+select+2", "Une seule requête à la fois."),
        ("/fabriques?sql=select+abs(1,2)", "La fonction abs n'admet pas ce nombre d'arguments."),
        ("/fabriques?sql=" + SANS_FIN, "elle dépasse le temps permis"),
        ("/fabriques?sql=select+json(%27%7B%27)", "malformed JSON"),
    ],
)
def test_une_erreur_se_lit_en_francais(datasette: Datasette, chemin: str, dit: str) -> None:
    """Table absente, faute de syntaxe, requête trop longue : en français ; sinon telle quelle."""
    reponse = attendre(datasette.client.get(chemin))
    assert reponse.status_code in (400, 404)
    assert dit in html.unescape(reponse.text)
    assert "Invalid SQL" not in reponse.text
    assert "SQL Interrupted" not in reponse.text
    assert "time limit" not in reponse.text


@pytest.mark.parametrize(
    "requete",
    [
        "delete from faits",
        "with a as (select 1) delete from faits",
        "attach 'voisine.db' as voisine",
        "select load_extension('voisine')",
        "select * from pragma_journal_mode('wal')",
        "vacuum into 'voisine.db'",
    ],
)
def test_datasette_n_ecrit_rien_et_refuse_d_ecrire(
    dossier: Path, datasette: Datasette, requete: str
) -> None:
    """La base servie est immuable : rien ne s'écrit, ne s'attache ni ne se charge par elle."""
    avant = (dossier / "fabriques.db").read_bytes()
    reponse = attendre(datasette.client.get("/fabriques", params={"sql": requete}))
    assert reponse.status_code == 400
    assert (dossier / "fabriques.db").read_bytes() == avant
    assert [p.name for p in dossier.glob("fabriques.db*")] == ["fabriques.db"]
    assert not list(Path.cwd().glob("voisine*"))
