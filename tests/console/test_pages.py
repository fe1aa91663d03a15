"""Les pages de la console : lisibles sans les voir, et chaque chiffre y mène à ses faits."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from html import unescape
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from python_calamine import CalamineWorkbook

from commands.demo import PROGRAMME, structure_temoin
from ledger import Journal, SQLiteStore
from ledger.montants import format_euros
from ledger.preuve.preuve_ligne import lire_preuve
from projections import Point, comparer, credits, regarder
from projections.anomalies import CODES
from projections.console.application import PAGES, Console, creer_console
from projections.console.ecrans.anomalies import AILLEURS
from projections.libelles import RETRAITS_POUR_MEMOIRE
from projections.pages.postes import ANOMALIES, CREDITS_AE
from projections.rapport import reproduire
from projections.tableurs.exercices import tableau_exercices, tranches
from projections.tableurs.programme import TABLEAUX
from tests.cli.outils import lancer
from tests.console.client import Client, Page
from tests.unit.monde import Monde, P

RACINE = f"/programmes/{PROGRAMME}"
DATES = "au=2021-06-30&connu_au=400"
TOUTES = (
    *(chemin for chemin, _, _ in PAGES),
    f"structures/{structure_temoin()}",
    "structures?q=lab&etat=labellisee&tri=montant&sens=decroissant",
    "journal?type=tranche-versee&sens=decroissant&page=2",
    "journal/1",
    "journal/200",
    "anomalies?code=siret_absent",
    "verification?lancer=oui",
    "comparaison?au=2021-12-31&au_avant=2020-12-31",
    "comparaison?au=2021-12-31&au_avant=2020-12-31&cellule=enveloppe.paye",
    "chiffres/enveloppe.disponible",
    "chiffres/matrice.total.reste",
    "chiffres/calcul.subvention_moyenne",
    "chiffres/registre.montant?etat=labellisee",
    "telecharger",
)


@pytest.mark.parametrize("adresse", TOUTES)
def test_une_page_se_lit_sans_la_voir(client: Client, adresse: str) -> None:
    """Chaque page est en français, titrée dans l'ordre, ses tableaux légendés, rien d'actif."""
    page = client.lire(f"{RACINE}/{adresse}")
    assert page.desequilibres == []
    assert page.de("html") == [{"lang": "fr"}]
    niveaux = [int(nom[1]) for nom, _ in page.balises if re.fullmatch("h[1-6]", nom)]
    assert niveaux[0] == 1
    assert niveaux.count(1) == 1
    assert all(apres <= avant + 1 for avant, apres in pairwise(niveaux))
    assert len(page.de("table")) == len(page.de("caption"))
    assert {attributs.get("scope") for attributs in page.de("th")} <= {"col", "row"}
    identifiants = [a["id"] for _, a in page.balises if "id" in a]
    assert len(identifiants) == len(set(identifiants))
    etiquetes = {a["for"] for a in page.de("label")}
    champs = [a for a in page.de("input", "select") if a.get("type") != "hidden"]
    assert {a["id"] for a in champs} <= etiquetes
    for nom, attributs in page.balises:
        assert "style" not in attributs, nom
        assert not [a for a in attributs if a.startswith("on")], nom
    assert [a["src"].split("?")[0] for a in page.de("script")] == ["/statique/console.js"]
    assert not re.search(r"https?://", page.source)


@pytest.mark.parametrize("suite", ["", DATES])
def test_chaque_lien_repond_et_garde_les_dates(client: Client, suite: str) -> None:
    """Aucun lien des pages n'est mort, et chacun garde « état au » et « connu au »."""
    vus: set[str] = set()
    for adresse in TOUTES:
        if adresse.startswith("comparaison?"):
            continue  # it sets dates of its own
        lien = f"{RACINE}/{adresse}{'&' if '?' in adresse else '?'}{suite}"
        page = client.lire(lien)
        for cible, texte in page.liens:
            assert cible.startswith(("/", "#")), cible
            demandes = parse_qs(urlsplit(cible).query)
            if suite and cible.startswith(RACINE) and "au" in demandes and "Fin de" not in texte:
                assert demandes["connu_au"] == ["400"], cible
            vus.add(cible)
    modeles = {re.sub(r"[0-9]+", "9", cible.split("?")[0]): cible for cible in sorted(vus)}
    assert len(modeles) > 60
    for cible in modeles.values():
        if not cible.startswith("#"):
            assert client.demander(cible).status_code in (200, 303), cible


@pytest.mark.parametrize("suite", ["", f"?{DATES}", "?au=2019-12-31"])
def test_chaque_chiffre_mene_aux_faits_qui_en_font_la_somme(client: Client, suite: str) -> None:
    """Suivre un chiffre mène à une page qui dit le même chiffre, somme d'apports montrés."""
    chiffres: dict[str, str] = {}
    pages = ["situation", "exercices", "restes", "structures"]
    if suite != "?au=2019-12-31":
        pages.append(f"structures/{structure_temoin()}")
    if not suite:
        pages += ["structures?q=lab&etat=labellisee", f"structures/{_retiree(client)}"]
    for adresse in pages:
        for lien in client.lire(f"{RACINE}/{adresse}{suite}").liens:
            if f"{RACINE}/chiffres/" in lien.adresse:
                assert chiffres.setdefault(lien.adresse, lien.texte) == lien.texte
    assert len(chiffres) > 12
    for adresse, texte in chiffres.items():
        page = client.lire(adresse)
        assert f"Valeur{texte}" in page.texte.replace("Valeur ", "Valeur"), adresse
        apports = re.findall(r'<td class="n">\+?(-?[0-9 ]+),([0-9]{2}) €', page.source)
        if apports and 'rel="next" href' not in page.source.split("<main")[1]:
            *sommes, total = [int(e.replace(" ", "") + c) for e, c in apports]
            assert sum(sommes) == total, adresse


@pytest.mark.parametrize("suite", ["", f"?{DATES}", "?au=2020-12-31", "?connu_au=31/12/2999"])
def test_la_commande_affichee_donne_le_chiffre_de_la_page(
    client: Client, base_demo: Path, suite: str
) -> None:
    """« La même réponse au terminal » : la commande copiée rend la valeur et les faits montrés."""
    page = client.lire(f"{RACINE}/chiffres/enveloppe.paye{suite}")
    trouvee = re.search(r"<code>(fabriques expliquer [^<]+)</code>", page.source)
    assert trouvee is not None
    mots = trouvee[1].replace("BASE", str(base_demo)).split()[1:]
    obtenu = lancer(*mots, "--format", "json").json
    assert format_euros(obtenu["valeur_centimes"]) in page.source
    assert f"Faits{len(obtenu['contributions'])}" in page.texte.replace(" ", "")


def _retiree(client: Client) -> str:
    """A structure whose label was withdrawn."""
    liens = client.lire(f"{RACINE}/structures?etat=label_retire").liens
    return next(
        a.partition("?")[0].split("/")[-1] for a, _ in liens if f"{RACINE}/structures/" in a
    )


def test_ce_qui_est_consomme_a_une_date_suit_l_enveloppe_de_cette_date() -> None:
    """Une enveloppe augmentée plus tard ne change pas ce qui était consommé avant."""
    monde = Monde()
    monde.label()
    monde.ok("ModifierEnveloppe", "2021-02-03", variation_centimes=1_000_000_00, source="LFR")
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    page = client.lire(f"/programmes/{P}/situation")
    consommes = {t for a, t in page.liens if "enveloppe.consomme" in a}
    assert consommes == {"0,00 €", "150 000,00 €"}
    for adresse, texte in page.liens:
        if "enveloppe.consomme" in adresse:
            assert f"Valeur{texte}" in "".join(client.lire(adresse).textes)
    console.fermer()


def test_les_mots_des_pages_ont_leurs_accents(client: Client) -> None:
    """Rôles et contrôles se lisent en français ; un compte d'un seul fait est au singulier."""
    un = client.lire(f"{RACINE}/journal?type=programme-ouvert").texte
    assert "1 à 1 sur 1 fait " in un
    journal = client.lire(f"{RACINE}/journal").source
    assert ">système <bdi" in journal
    assert ">systeme <bdi" not in journal
    assert "clichés" in client.lire(f"{RACINE}/verification?lancer=oui").texte


def test_la_frise_d_une_structure_suit_le_temps(client: Client) -> None:
    """Label, bonus, tranches, retrait : dans l'ordre des dates, le retrait avec son montant."""
    retiree = _retiree(client)
    for structure in (structure_temoin(), retiree):
        source = client.lire(f"{RACINE}/structures/{structure}").source
        frise = source.partition('<ol class="frise"')[2].partition("</ol>")[0]
        ecrits = re.findall(r"(\d\d)/(\d\d)/(\d{4})", frise)
        dits = [date(int(annee), int(mois), int(jour)) for jour, mois, annee in ecrits]
        assert dits == sorted(dits)
        assert len(dits) == frise.count("<li")
        assert ("Label retiré" in frise) is (structure == retiree)
        faits = source.partition("Tous les faits")[2]
        montre = re.search('label retiré</td><td class="n"><a [^>]*>[^<]+ €</a>', faits, re.I)
        assert (montre is not None) is (structure == retiree)
    temoin = client.lire(f"{RACINE}/structures/{structure_temoin()}").source
    assert "<strong>Bonus accordé</strong>" in temoin
    assert "<strong>Bonus versé</strong>" in temoin


def test_le_taux_de_consommation_montre_son_calcul(client: Client) -> None:
    """Le taux mène à la division qui le fait : consommé, enveloppe, chacun avec ses faits."""
    page = client.lire(f"{RACINE}/chiffres/enveloppe.taux_consommation?{DATES}")
    vers = {lien.adresse.partition("?")[0].rpartition("/")[2] for lien in page.liens}
    assert {"enveloppe.consomme", "enveloppe.enveloppe"} <= vers
    assert "divisé par l'enveloppe" in page.texte
    assert {"33,78 %"} == set(re.findall(r"[0-9]+,[0-9]{2} %", page.texte.replace("\xa0", " ")))


def test_les_saisies_tardives_disent_combien_de_faits(client: Client) -> None:
    """« Saisie tardive » compte ses anomalies et, dans son sens, les faits qu'elles résument."""
    page = client.lire(f"{RACINE}/anomalies?code=fait_tardif")
    details = re.findall(r"<td class=\"phrase\"><bdi>([^<]+)</bdi></td>", page.source)
    resumes = [re.match(r"(\d+) faits tardifs", detail) for detail in details]
    assert any(resumes)
    assert "Saisie tardive" in page.texte
    assert f"Ici, {sum(int(r[1]) if r else 1 for r in resumes)} faits." in page.texte


def test_la_recherche_et_les_filtres_trouvent(client: Client) -> None:
    """La recherche ignore casse, accents et ordre des mots ; les filtres se composent."""

    def trouvees(question: str) -> list[str]:
        page = client.lire(f"{RACINE}/structures?{question}")
        return [t for a, t in page.liens if f"{RACINE}/structures/" in a]

    assert trouvees("q=BESANCON+cu+grand") == ["CU GRAND BESANÇON METROPOLE"]
    assert trouvees("q=besançon&numerique=non") == []
    assert len(trouvees("q=&etat=labellisee")) == 50
    assert len(trouvees("q=&etat=label_retire")) == 2
    assert len(trouvees("page=2")) == 30
    assert trouvees("page=99") == trouvees("page=2")
    noms = trouvees("tri=porteur&sens=decroissant")
    assert noms == sorted(noms, key=str.casefold, reverse=True)


def test_le_journal_se_parcourt_et_se_filtre(client: Client) -> None:
    """Le journal va du premier au dernier ou l'inverse, par type, par structure, à une date."""

    def positions(question: str) -> list[int]:
        page = client.lire(f"{RACINE}/journal?{question}")
        corps = page.source.partition("<tbody>")[2].partition("</tbody>")[0]
        return [int(p) for p in re.findall(r'<th scope="row"><a href="[^"]*">([0-9 ]+)</a>', corps)]

    assert positions("") == list(range(1, 51))
    assert positions("sens=decroissant")[:2] == [464, 463]
    assert positions("type=programme-ouvert") == [1]
    assert positions("structure=inconnue") == []
    assert (
        'structures?q=inconnue">registre</a>'
        in client.lire(f"{RACINE}/journal?structure=inconnue").source
    )
    vichy = positions("structure=ca-vichy-communaute-03200")
    assert len(vichy) > 3
    assert positions("structure=CA+VICHY") == positions("structure=vichy+03200") == vichy
    temoin = positions(f"structure={structure_temoin()}")
    assert len(temoin) > 3
    assert positions(f"structure={structure_temoin()}&au=2020-12-31") < temoin
    assert len(positions("connu_au=10&page=1")) == 10


def test_un_fait_montre_ligne_effets_et_preuve(client: Client, base_demo: Path) -> None:
    """La page d'un fait donne sa ligne à l'octet près, et une preuve qui tient."""
    ligne = lancer("journal", "--base", base_demo).octets.splitlines()[199]
    octets = client.demander(f"{RACINE}/journal/200.json").content
    preuve = lire_preuve(client.demander(f"{RACINE}/journal/200.tlog-proof?connu_au=300").content)
    assert octets == ligne + b"\n"
    assert (preuve.position, preuve.releve.taille) == (200, 300)
    assert preuve.tient(ligne)
    assert not preuve.tient(ligne + b" ")


def test_les_fichiers_sont_ceux_de_la_ligne_de_commande(client: Client, base_demo: Path) -> None:
    """Le rapport téléchargé est, octet pour octet, celui que fait la ligne de commande."""
    for forme in ("html", "json"):
        attendu = lancer(
            "rapport", "--base", base_demo, "--format", forme, "--au", "2021-06-30",
            "--connu-au", "400",
        ).octets  # fmt: skip
        reponse = client.demander(f"{RACINE}/telecharger/rapport.{forme}?{DATES}")
        assert reponse.content == attendu
        assert reponse.headers["content-disposition"] == (
            f'attachment; filename="{PROGRAMME}-400-au-2021-06-30-rapport.{forme}"'
        )
    csv = client.demander(f"{RACINE}/telecharger/credits.csv").text
    assert csv.startswith("exercice,ae_ouvertes_centimes")
    assert client.demander(f"{RACINE}/telecharger/../x").status_code == 404


def test_le_classeur_et_la_page_disent_les_memes_ae(client: Client, base_demo: Path) -> None:
    """La page et le classeur ont les mêmes lignes d'AE ; « pour mémoire » vient après le solde."""
    page = client.lire(f"{RACINE}/exercices").source
    lignes = [titre for titre, _ in CREDITS_AE]
    assert all(titre.replace("'", "&#39;") in page for titre in lignes)
    store = SQLiteStore(base_demo, ecriture=False)
    try:
        vue = regarder(Journal(store, PROGRAMME))
        ae = tranches(tableau_exercices(credits(vue)))[0]
    finally:
        store.fermer()
    titres = [c.titre for c in ae.colonnes[1:]]
    assert titres[-2:] == lignes[-2:] == ["AE disponibles", RETRAITS_POUR_MEMOIRE]
    assert set(lignes) <= set(titres)


def test_chaque_tableau_est_offert_a_un_tableur_francais(client: Client, base_demo: Path) -> None:
    """Chaque tableau, journal compris, s'offre dans les octets d'« exporter csv --feuille »."""
    liens = {
        adresse.partition("?")[0]: texte
        for adresse, texte in client.lire(f"{RACINE}/telecharger?{DATES}").liens
    }
    for feuille in TABLEAUX:
        adresse = f"{RACINE}/telecharger/{feuille}-tableur.csv"
        assert adresse in liens
        attendu = lancer(
            "exporter", "csv", "--feuille", feuille, "--base", base_demo, "--au", "2021-06-30",
            "--connu-au", "400",
        ).octets  # fmt: skip
        octets = client.demander(f"{adresse}?{DATES}").content
        assert octets == attendu
        assert octets.startswith(BOM_UTF8)
        assert b";" in octets.splitlines()[0]


def test_l_adresse_durable_redonne_la_meme_page(client: Client) -> None:
    """L'adresse durable d'une page fixe sa position, et donne les mêmes chiffres."""
    page = client.lire(f"{RACINE}/exercices?au=2021-06-30")
    (durable,) = (a for a, t in page.liens if t == "Adresse durable de cette page")
    assert parse_qs(urlsplit(durable).query) == {"au": ["2021-06-30"], "connu_au": ["464"]}

    def principal(p: Page) -> str:
        return re.sub(
            "&amp;connu_au=464", "", p.source.partition("<main")[2].partition("</main")[0]
        )

    assert principal(client.lire(durable)) == principal(page)


def test_les_pas_vont_de_fin_de_mois_en_fin_de_mois(client: Client) -> None:
    """Un pas mène à la fin du mois précédent ou suivant, sans rien perdre de la page."""
    page = client.lire(f"{RACINE}/structures?q=lab&au=2020-02-29&connu_au=400")
    pas = [a["href"] for a in page.de("a") if a.get("rel") in ("prev", "next")]
    assert [parse_qs(urlsplit(adresse).query) for adresse in pas] == [
        {"q": ["lab"], "au": [jour], "connu_au": ["400"]} for jour in ("2020-01-31", "2020-03-31")
    ]


def test_connu_au_accepte_un_instant(client: Client) -> None:
    """« Connu au » lit une position, un jour ou un instant ; avant le premier fait, rien."""
    assert "position 0 du journal" in client.lire(f"{RACINE}/situation?connu_au=01/01/2019").texte
    tout = client.lire(f"{RACINE}/situation?connu_au=2999-01-01T00:00:00Z")
    assert "position 464 du journal" in tout.texte


def test_une_comparaison_dit_les_ecarts_et_leurs_faits(client: Client, base_demo: Path) -> None:
    """Les écarts sont ceux de la bibliothèque ; d'un écart, la page montre chaque apport."""
    with ouverte(base_demo) as journal:
        attendus = comparer(journal, Point(au=date(2020, 12, 31)), Point())
    adresse = f"{RACINE}/comparaison?au_avant=2020-12-31&comparer=oui"
    page = client.lire(adresse)
    assert f"{len(attendus)} chiffres diffèrent" in page.texte
    lies = {
        parse_qs(urlsplit(lien.adresse).query)["cellule"][0]: lien
        for lien in page.liens
        if "cellule=" in lien.adresse
    }
    for ecart in attendus[:20]:
        lien = lies[ecart.cellule]
        if ecart.unite == "centimes":
            assert lien.texte.removeprefix("+") == format_euros(ecart.difference_centimes)
        detail = client.lire(lien.adresse)
        lignes = detail.source.partition("<tbody>")[2].partition("</tbody>")[0]
        assert lignes.count("<tr>") == min(len(ecart.contributions), 50)
    assert "Aucun chiffre ne diffère" in client.lire(f"{RACINE}/comparaison?comparer=oui").texte


def test_qui_ordonne_et_paye_se_voit_dans_la_console_et_le_classeur() -> None:
    """Le même acteur qui ordonne et paie est une anomalie de la page et du classeur."""
    assert set(ANOMALIES) == set(CODES)
    monde = Monde()
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-02-03")
    monde.ok("VerserTranche", "2020-02-03")
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    page = client.lire(f"/programmes/{P}/anomalies?code=ordonne_et_paye")
    assert "ordonnés par" in page.texte
    octets = client.demander(f"/programmes/{P}/telecharger/classeur.xlsx").content
    lignes = CalamineWorkbook.from_filelike(BytesIO(octets)).get_sheet_by_name("Anomalies")
    assert "ordonne_et_paye" in {ligne[0] for ligne in lignes.to_python()}
    console.fermer()


def test_les_classeurs_se_telechargent(client: Client) -> None:
    """Le classeur se télécharge en ODS et en XLSX, lisible, avec sa feuille de contrôle."""
    for forme in ("ods", "xlsx"):
        reponse = client.demander(f"{RACINE}/telecharger/classeur.{forme}?{DATES}")
        assert reponse.status_code == 200
        classeur = CalamineWorkbook.from_filelike(BytesIO(reponse.content))
        assert {"Situation", "Contrôle"} <= set(classeur.sheet_names)


def test_le_rapport_telecharge_se_reproduit(client: Client, base_demo: Path) -> None:
    """Le rapport téléchargé se refait du journal, identique."""
    octets = client.demander(f"{RACINE}/telecharger/rapport.html").content
    with ouverte(base_demo) as journal:
        assert reproduire(journal, octets).statut == "identique"


@contextmanager
def ouverte(base: Path) -> Iterator[Journal]:
    """The journal of the demonstration."""
    store = SQLiteStore(base, ecriture=False)
    try:
        yield Journal(store, PROGRAMME)
    finally:
        store.fermer()


def test_le_titre_d_une_page_dit_sa_vue(client: Client) -> None:
    """Onglets et signets se distinguent : page, date, position, recherche, rang dans la liste."""
    attendus = {
        f"situation?{DATES}": "Situation, au 30/06/2021, position 400",
        "journal?page=2": "Journal, page 2",
        "structures?q=wip": "1 structure trouvée pour « wip »",
        "anomalies?code=siret_absent": "Anomalies : SIRET absent",
        "comparaison?au=2021-12-31&au_avant=2020-12-31&cellule=enveloppe.paye": (
            "Enveloppe, payé : comparaison avec l'état au 31/12/2020, au 31/12/2021"
        ),
        "journal/9999": "Page introuvable",
    }
    for adresse, attendu in attendus.items():
        source = client.demander(f"{RACINE}/{adresse}").text
        (titre,) = re.findall("<title>(.*)</title>", source)
        assert unescape(titre).replace("\xa0", " ") == f"{attendu} · {PROGRAMME}"


@pytest.mark.parametrize(
    ("adresse", "parente"),
    [
        ("chiffres/enveloppe.paye", "situation"),
        ("chiffres/calcul.subvention_moyenne", "situation"),
        ("chiffres/credits.2021.cp_payes", "exercices"),
        ("chiffres/credits.2021.rap_cloture", "restes"),
        ("chiffres/matrice.total.reste", "restes"),
        ("chiffres/registre.nombre", "structures"),
        ("chiffres/registre.paye?q=lab&etat=labellisee", "structures?q=lab&etat=labellisee"),
        (
            "chiffres/registre.montant?tri=montant&sens=decroissant",
            "structures?tri=montant&sens=decroissant",
        ),
        (f"chiffres/echeancier.{structure_temoin()}.1.verse", f"structures/{structure_temoin()}"),
        (f"structures/{structure_temoin()}", "structures"),
        ("journal/200", "journal"),
    ],
)
def test_d_une_page_on_remonte_a_la_sienne(client: Client, adresse: str, parente: str) -> None:
    """Un chiffre, une fiche, un fait mènent à la page où ils se lisent, aux mêmes dates."""
    page = client.lire(f"{RACINE}/{adresse}{'&' if '?' in adresse else '?'}{DATES}")
    (fil,) = re.findall(r'class="fil"[^>]*><a href="([^"]+)"', page.source)
    chemin, _, cherche = parente.partition("?")
    assert unescape(fil) == f"{RACINE}/{chemin}?{DATES}" + (f"&{cherche}" if cherche else "")
    (courante,) = re.findall(r'href="([^"?]+)[^"]*" aria-current="page"', page.source)
    assert courante == f"{RACINE}/{re.split('[/?]', parente)[0]}"


def test_une_anomalie_sans_fait_mene_a_ses_chiffres(client: Client) -> None:
    """Chaque anomalie mène au fait, ou à la page des chiffres dont elle parle."""
    lues = 0
    for numero in (1, 2, 3, 4):
        source = client.lire(f"{RACINE}/anomalies?page={numero}").source
        for ligne in source.partition('id="liste"')[2].partition("</tbody>")[0].split("<tr>")[2:]:
            lues += 1
            assert re.search(r'<td class="n"><a href="[^"]+">[^<]+</a></td>', ligne)
    assert lues == 165
    assert set(AILLEURS) <= set(CODES)
    for page, _ in AILLEURS.values():  # most of them are no anomaly of the demonstration
        client.lire(f"{RACINE}/{page}")


def test_une_fiche_mene_a_ses_anomalies(client: Client) -> None:
    """Les anomalies d'une structure sont les siennes, toutes, en page et en fichier.

    La démonstration est saisie des années après : chacun de ses faits est tardif, et dit.
    """
    slug = structure_temoin()
    page = client.lire(f"{RACINE}/structures/{slug}")
    (faits,) = re.findall(r"sur (\d+) faits", page.texte)
    (lien,) = [a.adresse for a in page.liens if a.adresse.startswith(f"{RACINE}/anomalies?")]
    liste = client.lire(lien).source.partition('id="liste"')[2].partition("</table>")[0]
    assert re.findall(r'<td class="mots">([^<]+)</td>', liste) == [
        "Convention absente",
        "SIRET absent",
        *["Saisie tardive"] * int(faits),
    ]
    texte = client.demander(lien.replace("anomalies?", "anomalies.csv?")).text
    assert texte.count(slug) == 2 + int(faits)


def test_une_vue_lointaine_ne_montre_pas_de_siecles_vides(client: Client) -> None:
    """En 2999 ou en 1900, aucune page ne grandit : une période après le dernier fait."""
    for page in ("situation", "exercices", "restes"):
        for au in ("1900-01-01", "2999-12-31"):
            assert len(client.lire(f"{RACINE}/{page}?au={au}").source) < 60_000
    lointaine = client.lire(f"{RACINE}/situation?au=2999-12-31").source
    dites = re.findall(r'<th scope="row">(T[1-4] \d{4})</th>', lointaine)
    assert (dites[0], dites[-1]) == ("T3 2019", "T2 2022")


def test_le_taux_d_une_enveloppe_vide_est_sans_objet(client: Client) -> None:
    """Sans enveloppe, aucun taux : la page et celle du calcul le disent pareillement."""
    page = client.lire(f"{RACINE}/situation?connu_au=0")
    taux = [a for a in page.liens if "enveloppe.taux_consommation" in a.adresse]
    assert [lien.texte for lien in taux] == ["sans objet"] * 2
    assert "Valeursans objet" in client.lire(taux[0].adresse).texte


def test_un_graphique_se_lit_comme_on_l_ecrit(client: Client) -> None:
    """Les sigles gardent leurs capitales, et ce qui porte une virgule est séparé autrement."""
    page = client.lire(f"{RACINE}/exercices").texte
    assert re.search(r"2020 : AE engagées, [\d ]+,00 € ; CP payés, [\d ]+,00 € ; CP restant", page)
    page = client.lire(f"{RACINE}/situation").texte
    assert re.search(r"payé, [\d ]+,00 € ; engagé, reste à payer, [\d ]+,00 € ; retiré", page)


def test_comparer_propose_la_fin_du_mois_et_de_l_an_d_avant(client: Client) -> None:
    """La page de comparaison propose les deux dates que l'on compare le plus."""
    for demandee, proposees in (
        ("au=2021-06-15&", ("2021-05-31", "2020-12-31")),
        ("au=2021-01-31&", ("2020-12-31",)),
        ("", ("2022-02-28", "2021-12-31")),
    ):
        page = client.lire(f"{RACINE}/comparaison?{demandee}cellule=enveloppe.paye")
        dites = [
            parse_qs(urlsplit(lien.adresse).query)["au_avant"][0]
            for lien in page.liens
            if "au_avant=" in lien.adresse
        ]
        assert tuple(dites) == proposees
        (exercice,) = re.findall(r"Au (\S+), fin de l'exercice précédent", page.texte)
        assert exercice == "/".join(reversed(proposees[-1].split("-")))
        assert all("enveloppe.paye" in a.adresse for a in page.liens if "au_avant=" in a.adresse)
