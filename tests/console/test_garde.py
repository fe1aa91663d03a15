"""Ce que la console refuse, et comment elle le dit : jamais une trace, jamais une écriture."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from commands.demo import PROGRAMME
from ledger import SQLiteStore
from projections.console.application import Console, creer_console
from projections.console.garde import CSP, Garde
from projections.console.taches import PRESSEE, Avancement, EnAttente
from tests.console.client import Client, Page
from tests.unit.monde import Monde, P

RACINE = f"/programmes/{PROGRAMME}"


@pytest.mark.parametrize(
    ("adresse", "statut", "dit"),
    [
        ("/rien", 404, "ne mène à aucune page"),
        ("/programmes/inconnu/situation", 404, "'inconnu' n'est pas dans cette console"),
        ("/programmes/..%2F..%2Fetc%2Fpasswd/situation", 404, ""),
        ("/programmes/%00/situation", 404, ""),
        ("/statique/..%2f..%2fapplication.py", 404, ""),
        ("/statique/base.html", 404, ""),
        (f"{RACINE}/telecharger/..%2f..%2fdemo.db", 404, ""),
        (f"{RACINE}/journal/0", 404, "n'a pas de position 0"),
        (f"{RACINE}/journal/465", 404, "va de 1 à 464"),
        (f"{RACINE}/journal/-1", 400, "n'est pas un nombre"),
        (f"{RACINE}/journal/²", 400, "n'est pas un nombre"),
        (f"{RACINE}/journal/{'9' * 400}", 400, "n'est pas un nombre"),
        (f"{RACINE}/journal/12?connu_au=10", 404, "n'a pas de position 12"),
        (f"{RACINE}/structures/inconnue", 404, "n'est pas dans"),
        (f"{RACINE}/structures/<b>", 404, "n'est pas dans"),
        (f"{RACINE}/chiffres/enveloppe.rien", 400, "ne désigne pas une cellule"),
        (f"{RACINE}/chiffres/matrice.2020.rien", 400, "ne désigne pas une case"),
        (f"{RACINE}/chiffres/structures.inconnue.paye", 404, "n'est pas dans"),
        (f"{RACINE}/situation?au=2020-02-30", 400, "n'existe pas au calendrier"),
        (f"{RACINE}/situation?au=31/02/2020", 400, "n'existe pas au calendrier"),
        (f"{RACINE}/situation?au=demain", 400, "ne s'écrit ni"),
        (f"{RACINE}/situation?au=9999-12-31", 400, "hors des années"),
        (f"{RACINE}/situation?connu_au=465", 400, "n'est pas encore écrite"),
        (f"{RACINE}/situation?connu_au=1850-01-01", 400, "est hors des années 1900 à 2999"),
        (f"{RACINE}/situation?connu_au=01/01/1850", 400, "'01/01/1850' est hors des années"),
        (f"{RACINE}/situation?connu_au=0001-01-01", 400, "du 01/01/1900 au 31/12/2999"),
        (f"{RACINE}/situation?connu_au=31/02/2020", 400, "n'existe pas au calendrier"),
        (f"{RACINE}/situation?connu_au=1e3", 400, "n'est ni une position"),
        (f"{RACINE}/situation?connu_au=2020-01-01T00:00:00", 400, "n'est ni une position"),
        (f"{RACINE}/journal?page=0", 400, "n'est pas un nombre à partir de 1"),
        (f"{RACINE}/journal?page=x", 400, "n'est pas un nombre à partir de 1"),
        (f"{RACINE}/journal?type=rien", 400, "ne connaît pas"),
        (f"{RACINE}/structures?tri=rien", 400, "ne connaît pas"),
        (f"{RACINE}/structures?q={'x' * 201}", 400, "200 au plus"),
        (f"{RACINE}/structures?q={'x' * 5000}", 400, "L'adresse est trop longue"),
        (f"{RACINE}/comparaison?au_avant=hier", 400, "Comparer à l'état au » ne se lit pas"),
    ],
)
def test_une_demande_impossible_a_sa_page(
    client: Client, adresse: str, statut: int, dit: str
) -> None:
    """Une adresse impossible reçoit une page claire en français, avec le bon statut."""
    page = client.lire(adresse, statut)
    assert dit in page.texte
    assert page.de("html") == [{"lang": "fr"}]
    assert len(page.de("h1")) == 1
    assert "Traceback" not in page.source


@pytest.mark.parametrize("saisie", ["31.12.2020", "31/12/2020", "%2031/12/2020%20", "2020-12-31"])
def test_une_date_se_tape_comme_on_l_ecrit(client: Client, saisie: str) -> None:
    """Points, barres ou tirets, blancs autour : la même page."""
    page = client.lire(f"{RACINE}/situation?au={saisie}")
    (champ,) = [a for a in page.de("input") if a.get("id") == "au"]
    assert champ["value"] == "31/12/2020"
    assert "Situation au 31/12/2020" in page.texte


@pytest.mark.parametrize("adresse", ["journal/465", "journal/465.json", "journal/0.tlog-proof"])
def test_un_fait_introuvable_garde_le_menu(client: Client, adresse: str) -> None:
    """La page, la ligne ou la preuve d'un fait qui n'est pas là : menu et dates restent."""
    page = client.lire(f"{RACINE}/{adresse}?au=2021-06-30", 404)
    assert f"{RACINE}/exercices?au=2021-06-30" in [lien.adresse for lien in page.liens]


def test_une_date_mal_tapee_rend_le_formulaire(client: Client) -> None:
    """Menu, champs, valeurs tapées et raison à côté du champ ; l'autre date, bonne, reste."""
    page = client.lire(f"{RACINE}/structures?au=31/13/2020&connu_au=400&q=lab", 400)
    champs = {a["id"]: a for a in page.de("input") if "id" in a}
    assert champs["au"]["value"] == "31/13/2020"
    assert champs["au"]["aria-invalid"] == "true"
    assert "aria-invalid" not in champs["connu_au"]
    assert champs["connu_au"]["value"] == "400"
    assert {"name": "q", "value": "lab", "type": "hidden"} in page.de("input")
    assert champs["au"]["aria-describedby"] in [a.get("id") for a in page.de("span")]
    assert "« État au » ne se lit pas : la date '31/13/2020' n'existe pas" in page.texte
    assert f"{RACINE}/exercices?connu_au=400" in [lien.adresse for lien in page.liens]
    deux = client.lire(f"{RACINE}/situation?au=x&connu_au=9999", 400)
    assert [a["value"] for a in deux.de("input") if "aria-invalid" in a] == ["x", "9999"]
    assert "n'est pas encore écrite" in deux.texte


@pytest.mark.parametrize("methode", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_la_console_se_lit_seulement(client: Client, methode: str) -> None:
    """Toute autre méthode que GET et HEAD est refusée."""
    reponse = client.demander(f"{RACINE}/situation", methode)
    assert (reponse.status_code, reponse.headers["allow"]) == (405, "GET, HEAD")


def test_head_donne_les_entetes_sans_le_corps(client: Client) -> None:
    """HEAD répond comme GET, sans corps."""
    reponse = client.demander(f"{RACINE}/situation", "HEAD")
    assert (reponse.status_code, reponse.content) == (200, b"")
    assert client.demander("/", "HEAD", {"host": "ailleurs.fr"}).content == b""


@pytest.mark.parametrize(
    ("hote", "admis"),
    [
        ("127.0.0.1:8019", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("[::1]:8019", True),
        ("10.0.0.4", True),
        ("console.exemple.fr", True),
        ("exemple.fr", False),
        ("localhost.exemple.fr", False),
        ("127.0.0.1.exemple.fr:80", False),
        ("", False),
        ("[::1", True),
        ("127.0.0.1@exemple.fr", False),
    ],
)
def test_un_nom_etranger_n_est_pas_servi(client: Client, hote: str, admis: bool) -> None:
    """Un nom d'hôte qu'un tiers fait pointer ici n'est pas servi."""
    garde = Garde(_jamais, refuser=_rien, noms=("console.exemple.fr",))
    assert garde.hote_admis(hote) is admis
    if not admis:
        reponse = client.demander(f"{RACINE}/situation", entetes={"host": hote or "x.fr"})
        assert (reponse.status_code, PROGRAMME in reponse.text) == (400, False)


async def _jamais(*_: object) -> None:
    raise AssertionError


def _rien(statut: int, phrase: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    raise AssertionError(statut, phrase)


def test_une_page_d_un_autre_site_ne_lit_rien(client: Client) -> None:
    """Une requête venue d'un autre site est refusée, sauf si la personne suit un lien."""
    entetes = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.demander(f"{RACINE}/situation", entetes=entetes).status_code == 403
    entetes["sec-fetch-mode"] = "navigate"
    assert client.demander(f"{RACINE}/situation", entetes=entetes).status_code == 200


@pytest.mark.parametrize("adresse", ["/", f"{RACINE}/situation", "/statique/style.css", "/rien"])
def test_chaque_reponse_porte_les_entetes_de_securite(client: Client, adresse: str) -> None:
    """Chaque réponse, erreur comprise, porte une politique stricte et ne pose aucun témoin."""
    entetes = client.demander(adresse).headers
    assert entetes["content-security-policy"] == CSP
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert entetes["x-content-type-options"] == "nosniff"
    assert entetes["referrer-policy"] == "no-referrer"
    assert entetes["cross-origin-resource-policy"] == "same-origin"
    assert "set-cookie" not in entetes
    assert "server" not in entetes


def test_un_defaut_du_programme_reste_discret(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Un défaut donne une page 500 sans trace ; la trace va au journal technique."""

    def tomber(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("projections.console.tete.Tete.rafraichir", tomber)
    page = client.lire(f"{RACINE}/situation", 500)
    assert "défaut du programme" in page.texte
    assert "secret" not in page.source
    assert "page_failed" in caplog.text


def test_une_vue_longue_dit_ou_elle_en_est(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Une vue qui prend du temps répond 202 : où elle en est, et comment y revenir."""

    def attendre(*_: object) -> None:
        avancement = Avancement(1_000_000)
        avancement(250_000)
        raise EnAttente(avancement)

    monkeypatch.setattr("projections.console.tete.Tete.regard", attendre)
    page = client.lire(f"{RACINE}/situation", 202)
    assert "250 000 faits lus sur 1 000 000, soit 25 %" in page.texte
    assert "Ne pas attendre" not in page.texte
    assert page.de("progress") == [
        {"max": "1000000", "value": "250000", "aria-label": "Avancement"}
    ]
    fichier = client.lire(f"{RACINE}/telecharger/rapport.json", 202)
    assert "Le fichier rapport.json se prépare" in fichier.texte
    assert "250 000 faits lus sur 1 000 000" in fichier.texte
    datee = client.lire(f"{RACINE}/structures?q=lab&au=2021-06-30", 202)
    sortie = next(x.adresse for x in datee.liens if x.texte.startswith("Ne pas attendre"))
    assert sortie == f"{RACINE}/structures?q=lab"


def test_un_fichier_long_dit_qu_il_s_ecrit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Un fichier qui prend du temps répond 202 par une page qui le dit, jamais par un fichier."""
    monkeypatch.setattr("projections.console.taches.Taches.obtenir", _en_attente)
    monkeypatch.setattr("projections.console.demande.Demande.regard", _Regard())
    reponse = client.demander(f"{RACINE}/telecharger/classeur.ods")
    assert (reponse.status_code, "content-disposition" in reponse.headers) == (202, False)
    assert "Le fichier classeur.ods se prépare" in Page(reponse.text).texte


class _Regard:
    position, vue = 464, SimpleNamespace(au=None)


def _en_attente(*_: object) -> None:
    raise EnAttente(Avancement())


@pytest.mark.parametrize("presse", [True, False])
def test_une_page_qui_vient_voir_le_dit(
    client: Client, monkeypatch: pytest.MonkeyPatch, presse: bool
) -> None:
    """« Prefer: respond-async » : l'avancement est rendu sans attendre, le résultat s'il est là."""
    vu: list[bool] = []

    def noter(*_: object) -> None:
        vu.append(PRESSEE.get())
        raise EnAttente(Avancement())

    monkeypatch.setattr("projections.console.tete.Tete.regard", noter)
    entetes = {"prefer": "respond-async"} if presse else {}
    assert client.demander(f"{RACINE}/situation", entetes=entetes).status_code == 202
    assert vu == [presse]


def test_une_console_d_un_seul_programme_ne_montre_pas_les_autres() -> None:
    """Ouverte sur un programme, elle n'en liste ni n'en sert aucun autre de la même base."""
    monde = Monde()
    monde.ok("OuvrirProgramme", "2019-07-11", programme="autre")
    console = Console(monde.livre.store, programmes=("autre",))
    client = Client(creer_console(console))
    assert client.demander("/").headers["location"] == "/programmes/autre/situation"
    assert client.demander("/programmes/autre/situation").status_code == 200
    page = client.lire(f"/programmes/{P}/situation", 404)
    assert f"Le programme '{P}' n'est pas dans cette console" in page.texte
    console.fermer()


def test_un_theme_s_ajoute_apres_la_feuille(base_demo: Path) -> None:
    """Le thème d'une administration est servi tel quel, après les feuilles de la console."""
    store = SQLiteStore(base_demo, ecriture=False)
    console = Console(store, theme=":root { --accent: #0a0 }")
    client = Client(creer_console(console))
    page = client.lire(f"{RACINE}/situation")
    feuilles = [a["href"] for a in page.de("link") if a.get("rel") == "stylesheet"]
    assert [f.split("?")[0] for f in feuilles] == [
        "/statique/style.css",
        "/statique/console.css",
        "/statique/theme.css",
    ]
    reponse = client.demander(feuilles[-1])
    assert reponse.text == ":root { --accent: #0a0 }"
    assert "immutable" in reponse.headers["cache-control"]
    console.fermer()
    store.fermer()
