"""Les écrans de la console dans un vrai Chromium : accessibles, et utilisables par chacun."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from commands.demo import PROGRAMME, structure_temoin
from ledger import MemoryStore, SQLiteStore
from ledger.montants import format_euros
from projections.console.application import PAGES, Console
from projections.console.taches import Avancement, EnAttente
from projections.pages.gabarits import insecable
from projections.rapport import lire_entete
from tests.cli.outils import lancer
from tests.console.test_pages import TOUTES
from tests.ecrans.navigateur import fautes, servie
from tests.tableurs.evaluer import lire_ods, lire_xlsx
from tests.unit.monde import Monde, P

pytestmark = pytest.mark.navigateur
QUINZE_MILLIONS = f"Payé\n{insecable('15 000 000,00 €')}"
DATES = "au=2021-06-30&connu_au=400"
ECRANS = (
    *TOUTES,
    f"situation?{DATES}",
    "situation?au=2019-01-01",
    "rien",
    "journal/9999",
    "structures?q=zzz",
    "journal?structure=zzz",
    "exercices?au=31/13/2020&connu_au=9999",
    "comparaison?comparer=oui",
)
SANS_PAGE = ("/statique/", ".csv", ".json", ".tlog-proof", "/telecharger/{nom}")
"""What addresses give that is no page: style, script, files."""
DEBORDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_chaque_adresse_de_la_console_est_regardee() -> None:
    """Aucune page n'échappe aux essais d'accessibilité : chaque route a un écran de la liste."""
    routes = Console(MemoryStore()).routes()
    # the lists of programmes and of one programme: a test of their own, and a redirection
    pages = [r for r in routes if not any(s in r.path for s in SANS_PAGE)][2:]
    adresses = [f"/programmes/{PROGRAMME}/{ecran.partition('?')[0]}" for ecran in ECRANS]
    assert len(pages) > len(PAGES)
    assert [r.path for r in pages if not any(r.path_regex.match(a) for a in adresses)] == []


@pytest.mark.parametrize("ecran", ECRANS)
def test_aucune_faute_d_accessibilite(page: Any, console: str, ecran: str) -> None:
    """axe ne trouve aucune faute dans la page, sur un portable."""
    page.goto(f"{console}/{ecran}")
    assert fautes(page) == []


@pytest.mark.onglet(viewport={"width": 390, "height": 844})
@pytest.mark.parametrize("ecran", [*ECRANS[:9], "chiffres/enveloppe.disponible"])
def test_aucune_faute_sur_un_telephone(page: Any, console: str, ecran: str) -> None:
    """axe ne trouve aucune faute dans la page, sur un téléphone."""
    page.goto(f"{console}/{ecran}")
    assert fautes(page) == []


@pytest.mark.parametrize("fichier", ["situation", "telecharger/classeur.ods"])
def test_aucune_faute_pendant_un_calcul(
    page: Any, console: str, monkeypatch: pytest.MonkeyPatch, fichier: str
) -> None:
    """La page qui dit qu'un calcul est en cours n'a aucune faute, et se met à jour sans script."""

    def attendre(*_: object) -> None:
        raise EnAttente(Avancement(1_000))

    monkeypatch.setattr("projections.console.tete.Tete.regard", attendre)
    page.goto(f"{console}/{fichier}")
    assert page.locator("h1").inner_text() == "Calcul en cours"
    assert page.locator("#attente a").count() == 1
    assert fautes(page) == []


def test_aucune_faute_dans_la_liste_des_programmes(page: Any, tmp_path: Path) -> None:
    """Une base de plusieurs programmes s'ouvre sur leur liste, sans faute."""
    base = tmp_path / "deux.db"
    monde = Monde(store=SQLiteStore(base, creer=True))
    monde.ok("OuvrirProgramme", "2019-07-11", programme="autre")
    monde.livre.fermer()
    with servie(base) as adresse:
        page.goto(adresse)
        assert fautes(page) == []
        page.get_by_role("link", name="autre").click()
        assert page.locator(".tuiles li").count() == 4
        assert fautes(page) == []


def test_aucune_faute_dans_le_rapport(page: Any, base_vue: Path, tmp_path: Path) -> None:
    """Le rapport ouvert depuis le disque n'a aucune faute, même imprimé, et ne déborde pas."""
    fichier = tmp_path / "rapport.html"
    assert lancer("rapport", "--base", base_vue, "-o", fichier).code == 0
    page.goto(fichier.as_uri())
    assert page.locator("h2").first.evaluate("e => getComputedStyle(e).fontWeight") == "700"
    assert fautes(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(DEBORDE) is False
    page.emulate_media(media="print")
    assert page.locator("nav").first.is_visible() is False
    assert page.evaluate(
        "[...document.querySelectorAll('thead th')].every(e => getComputedStyle(e).fontSize"
        " === getComputedStyle(e.closest('table')).fontSize)"
    )
    assert fautes(page) == []


def test_chaque_page_imprimee_dit_d_ou_elle_vient(
    page: Any, base_vue: Path, tmp_path: Path
) -> None:
    """Programme, date, position, début de la racine et numéro : sur chaque page du PDF."""
    pypdf = pytest.importorskip("pypdf", reason="extra « navigateur » absent")
    fichier, pdf = tmp_path / "rapport.html", tmp_path / "rapport.pdf"
    assert lancer("rapport", "--base", base_vue, "--au", "2021-12-31", "-o", fichier).code == 0
    page.goto(fichier.as_uri())
    page.pdf(path=str(pdf), prefer_css_page_size=True)
    racine = lire_entete(fichier.read_bytes())["racine"]
    feuilles = [feuille.extract_text() for feuille in pypdf.PdfReader(pdf).pages]
    assert len(feuilles) > 10
    for numero, texte in enumerate(feuilles, start=1):
        for dit in (
            f"Fabriques de territoire · {PROGRAMME}",
            "État au 31/12/2021",
            f"Position 464 · racine {racine[:12]}…",
            f"{numero} / {len(feuilles)}",
        ):
            assert dit in texte, (numero, dit)
    # the first one stands alone: what was done with the envelope, and what proves it
    for dit in ("Disponible", "Taux de consommation", "Part du quota", "Ce rapport", racine):
        assert dit in feuilles[0], dit
    for titre, suite in (
        ("2. Auto", "AE engagées"),
        ("4. St", "Registre des"),
        ("6. An", "Détail"),
    ):
        (feuille,) = [f for f in feuilles if titre in f]
        assert suite in feuille, titre  # no heading alone at the foot of a sheet
    assert "fabriques reproduire FICHIER" in feuilles[-1]


@pytest.mark.onglet(viewport={"width": 390, "height": 844})
def test_sur_un_telephone_un_tableau_qui_defile_garde_son_nom(page: Any, console: str) -> None:
    """Légende et première colonne restent en vue ; un code ne se coupe pas lettre à lettre."""
    page.goto(f"{console}/anomalies")
    tableau = page.locator(".tableau").first
    tableau.evaluate("e => { e.scrollLeft = 150; }")
    assert tableau.evaluate("e => e.scrollLeft") > 0
    for quoi in ("caption", "tbody th"):
        assert tableau.locator(quoi).first.bounding_box()["x"] >= 0
    for code in tableau.locator("td code").all():
        assert code.bounding_box()["height"] < 40


@pytest.mark.onglet(viewport={"width": 320, "height": 256})  # 1280 x 1024 at 400 %
@pytest.mark.parametrize("ecran", ECRANS)
def test_a_400_pour_cent_la_page_ne_defile_que_vers_le_bas(
    page: Any, console: str, ecran: str
) -> None:
    """À 320 points de large, la page ne déborde pas ; les tableaux défilent chez eux."""
    page.goto(f"{console}/{ecran}")
    assert page.evaluate(DEBORDE) is False
    debordants = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1"
        " && getComputedStyle(e).overflowX === 'auto').map(e => e.tabIndex)"
    )
    assert set(debordants) <= {0}


def _parcourir(page: Any, console: str, tmp_path: Path) -> None:
    """Open, move in time, search a structure, follow a figure to its events, take a file away."""
    page.goto(f"{console}/situation")
    assert page.locator(".tuiles li").nth(2).inner_text().startswith(QUINZE_MILLIONS)
    page.get_by_label("État au").fill("15/07/2021")
    page.get_by_role("button", name="Afficher").click()
    page.get_by_role("link", name="Fin de mois précédente").click()
    assert "au=2021-06-30" in page.url
    assert "Situation au 30/06/2021" in page.locator("main").inner_text()
    paye = page.locator(".tuiles li").nth(2).locator(".valeur").inner_text()
    assert paye == insecable("11 100 000,00 €")
    page.get_by_role("link", name="Structures", exact=True).click()
    page.get_by_label("Nom, ville").fill("wip")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name="LE WIP & CO").click()
    assert "au=2021-06-30" in page.url
    verse = page.locator("table").first.locator("tbody tr").nth(1).locator("td").nth(3)
    montant = verse.inner_text()
    verse.get_by_role("link").click()
    assert page.locator(".tuiles .valeur").first.inner_text() == montant
    page.locator("tbody th a").first.click()
    assert page.locator("h1").inner_text().startswith("Tranche versée, position ")
    page.get_by_role("link", name="Télécharger", exact=True).click()
    with page.expect_download() as attendu:
        page.get_by_role("link", name="rapport.html").click()
    attendu.value.save_as(tmp_path / "rapport.html")
    assert attendu.value.suggested_filename == f"{PROGRAMME}-464-au-2021-06-30-rapport.html"
    assert insecable("11 100 000,00 €") in (tmp_path / "rapport.html").read_text("utf-8")


def test_un_controleur_va_de_l_enveloppe_au_fait(page: Any, console: str, tmp_path: Path) -> None:
    """Ouvrir, changer de date, chercher, suivre un chiffre jusqu'au fait, prendre un fichier."""
    _parcourir(page, console, tmp_path)


@pytest.mark.onglet(java_script_enabled=False)
def test_sans_script_tout_marche(page: Any, console: str, tmp_path: Path) -> None:
    """Le même parcours, sans aucun script."""
    _parcourir(page, console, tmp_path)
    assert page.locator("#mois").count() == 0


@pytest.mark.parametrize("forme", ["ods", "xlsx"])
def test_un_classeur_se_telecharge(page: Any, console: str, tmp_path: Path, forme: str) -> None:
    """Le classeur téléchargé à une date s'ouvre, et dit le payé que montre la page."""
    page.goto(f"{console}/situation?au=2021-06-30")
    paye = page.locator(".tuiles li").nth(2).locator(".valeur").inner_text()
    page.get_by_role("link", name="Télécharger", exact=True).click()
    with page.expect_download() as attendu:
        page.get_by_role("link", name=f"classeur.{forme}").click()
    fichier = tmp_path / attendu.value.suggested_filename
    attendu.value.save_as(fichier)
    assert fichier.name == f"{PROGRAMME}-464-au-2021-06-30-classeur.{forme}"
    lire = {"ods": lire_ods, "xlsx": lire_xlsx}[forme]
    lignes = lire(fichier.read_bytes())["Situation"].lignes()
    (montant,) = {ligne[1] for ligne in lignes if ligne[:1] == ["Payé"]}
    assert insecable(format_euros(round(montant * 100))) == paye


@pytest.mark.parametrize("largeur", [1366, 320])
def test_des_noms_hostiles_ne_debordent_ni_n_agissent(
    page: Any, navigateur: Any, tmp_path: Path, largeur: int
) -> None:
    """Des noms de balises, sans espace ou de droite à gauche : rien ne s'exécute ni ne déborde."""
    base = tmp_path / "hostile.db"
    _base_hostile(base)
    page.set_viewport_size({"width": largeur, "height": 640})
    with servie(base) as adresse:
        for ecran in ("structures", "structures/s2", "journal", "chiffres/structures.s2.paye"):
            page.goto(f"{adresse}/programmes/{P}/{ecran}")
            assert page.evaluate(DEBORDE) is False, ecran
            assert fautes(page) == []


def _base_hostile(base: Path) -> None:
    monde = Monde(store=SQLiteStore(base, creer=True))
    noms = ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "A" * 200, "שלום مرحبا")
    for rang, nom in enumerate(noms):
        slug = f"s{rang}"
        monde.ok("DéposerCandidature", "2020-02-03", structure=slug, porteur=nom, ville=nom[:100])
        monde.ok("LabelliserFabrique", "2020-02-03", structure=slug)
        monde.ok("VerserTranche", "2020-02-03", structure=slug, reference=nom[:64])
    monde.livre.fermer()


def test_au_clavier_seul(page: Any, console: str) -> None:
    """Au clavier : passer au contenu, changer de date, suivre un chiffre ; le focus se voit."""
    page.goto(f"{console}/situation")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "evitement"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top >= 0") is True
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
    page.keyboard.press("Tab")
    lien = "document.activeElement"
    assert page.evaluate(f"{lien}.innerText") == insecable("45 000 000,00 €")
    assert page.evaluate(f"getComputedStyle({lien}).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/chiffres/enveloppe.enveloppe")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "connu_au":
            break
    page.keyboard.type("400")
    page.keyboard.press("Enter")
    page.wait_for_url("**connu_au=400*")
    assert "position 400 du journal" in page.locator("footer").inner_text()


def test_le_curseur_mene_a_une_fin_de_mois(page: Any, console: str) -> None:
    """Le curseur, ajouté par le script, va de fin de mois en fin de mois, puis à toutes dates."""
    page.goto(f"{console}/exercices")
    curseur, au = page.get_by_label("Fin de mois", exact=True), page.get_by_label("État au")
    for touche, dit, tape in (
        ("", "toutes dates", ""),
        ("ArrowLeft", "31/03/2022", "31/03/2022"),
        ("ArrowRight", "toutes dates", ""),
        ("Home", "31/07/2019", "31/07/2019"),
        ("End", "toutes dates", ""),
        ("PageDown", "31/01/2022", "31/01/2022"),
    ):
        if touche:
            curseur.press(touche)
        assert (curseur.get_attribute("aria-valuetext"), au.input_value()) == (dit, tape)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Afficher"
    page.keyboard.press("Enter")
    page.wait_for_url("**au=31%2F01%2F2022*")
    assert curseur.get_attribute("aria-valuetext") == "31/01/2022"


@pytest.mark.parametrize(
    ("question", "dit", "rang"),
    [
        ("au=2021-06-15", "15/06/2021", "23"),
        ("au=2019-01-01", "01/01/2019", "0"),
        ("au=2030-01-01", "01/01/2030", "32"),
        ("au=31/13/2020", "toutes dates", "33"),
    ],
)
def test_le_curseur_dit_la_date_de_la_page(
    page: Any, console: str, question: str, dit: str, rang: str
) -> None:
    """Une date qui n'est pas une fin de mois est dite telle quelle ; une date refusée, non."""
    page.goto(f"{console}/exercices?{question}")
    curseur = page.get_by_label("Fin de mois", exact=True)
    assert (curseur.get_attribute("aria-valuetext"), curseur.input_value()) == (dit, rang)


@pytest.mark.parametrize("ecran", ["structures?q=lab", "rien"])
def test_le_focus_se_voit_partout(page: Any, console: str, ecran: str) -> None:
    """De Tab en Tab, chaque élément atteint a un contour visible d'au moins 2 points."""
    page.goto(f"{console}/{ecran}")
    atteints = 0
    for _ in range(40):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(e => e === document.body ? null : (s => [e.tagName, s.outlineStyle,"
            " parseFloat(s.outlineWidth)])(getComputedStyle(e)))(document.activeElement)"
        )
        if style is None:
            break
        atteints += 1
        assert style[1] == "solid", style
        assert style[2] >= 2, style
    assert atteints >= 2


def test_chaque_element_actif_se_touche(page: Any, console: str) -> None:
    """Sur un téléphone, boutons, champs et pas de date font au moins 24 points de haut."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{console}/structures/{structure_temoin()}")
    hauteurs = page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden]), select, .pas a, "
        ".pages a')].map(e => e.getBoundingClientRect().height)"
    )
    assert len(hauteurs) > 10
    assert min(hauteurs) >= 24


def test_les_textes_des_graphiques_ont_du_contraste(page: Any, console: str) -> None:
    """Les textes des graphiques, qu'axe ne juge pas, ont un contraste d'au moins 4,5, partout."""
    page.goto(f"{console}/exercices")
    couleurs = set(
        page.evaluate(
            "[...document.querySelectorAll('svg text')].map(e => getComputedStyle(e).fill)"
        )
    )
    assert couleurs
    for couleur in couleurs:
        assert _contraste_sur_blanc(couleur) >= 4.5, couleur
    page.emulate_media(forced_colors="active", color_scheme="dark")
    papier = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e.lastElementChild).fill]"
    assert page.locator(".graphe svg").first.evaluate(papier) == [
        "rgb(255, 255, 255)",
        "rgb(22, 32, 46)",
    ]


def _contraste_sur_blanc(couleur: str) -> float:
    """WCAG 2: relative luminance of a colour against white."""
    canaux = [int(c) / 255 for c in re.findall("[0-9]+", couleur)[:3]]
    r, v, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in canaux)
    return 1.05 / (0.2126 * r + 0.7152 * v + 0.0722 * b + 0.05)
