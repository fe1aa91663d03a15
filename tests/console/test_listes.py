"""Une page de liste mène à la liste entière, et dit d'où vient chaque fait."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from commands.demo import PROGRAMME, structure_temoin
from ledger import Journal, SQLiteStore
from ledger.provenance import Provenance
from projections import Point, comparer
from projections.console.application import Console, creer_console
from projections.tableurs.unites import dite
from tests.console.client import Client
from tests.unit.monde import Monde, P

RACINE = f"/programmes/{PROGRAMME}"
DATES = "au=2021-06-30&connu_au=400"
FICHIER = "ab" * 32


def lire_csv(client: Client, adresse: str) -> list[dict[str, str]]:
    """The rows of a file that the console gives."""
    reponse = client.demander(adresse)
    assert (reponse.status_code, reponse.headers["content-type"]) == (
        200,
        "text/csv; charset=utf-8",
    )
    texte = reponse.content.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(texte, newline=""), delimiter=";"))


@pytest.mark.parametrize(
    "page",
    [
        "journal",
        f"journal?{DATES}",
        "journal?type=tranche-versee&sens=decroissant&page=2",
        "journal?structure=vichy&au=2021-06-30",
        "structures",
        "structures?q=lab&etat=labellisee&tri=montant&sens=decroissant",
        f"structures/{structure_temoin()}?{DATES}",
        "anomalies",
        "anomalies?code=siret_absent&au=2020-12-31",
        "chiffres/enveloppe.disponible",
        f"chiffres/registre.paye?q=lab&{DATES}",
        "comparaison?au=2021-12-31&au_avant=2020-12-31",
        "comparaison?au=2021-12-31&au_avant=2020-12-31&table=credits",
        "comparaison?au=2021-12-31&au_avant=2020-12-31&cellule=enveloppe.paye",
    ],
)
def test_le_compte_d_une_liste_mene_a_la_liste_entiere(client: Client, page: str) -> None:
    """« 464 faits » est un lien, et la liste entière a ce nombre de lignes, aux mêmes dates."""
    lue = client.lire(f"{RACINE}/{page}")
    ici, total, *_ = [b["href"] for b in lue.de("a") if b.get("class") == "compte"]
    (entiere, *_) = [lien.adresse for lien in lue.liens if lien.texte == "Liste entière (CSV)"]
    annonce = re.search(r"([\d ]+) à ([\d ]+) sur ([\d ]+) [a-z]", lue.texte)
    assert annonce is not None
    assert ici.removeprefix("#") in {b.get("id") for b in lue.de("table")}
    lignes = lire_csv(client, entiere)
    assert len(lignes) == int(annonce[3].replace(" ", ""))
    if total != entiere:
        assert annonce[3].strip() in client.lire(total).texte


def test_la_liste_des_ecarts_met_chaque_valeur_sous_son_titre(client: Client) -> None:
    """Avant, après et différence sous leur titre ; entre deux taux, la différence est en points."""
    dates = "au=2021-12-31&au_avant=2020-12-31&connu_avant=100"
    (taux,) = [
        ligne
        for ligne in lire_csv(client, f"{RACINE}/comparaison.csv?{dates}")
        if "taux" in " ".join(map(str, ligne.values()))
    ]
    assert taux["Unité"] == "%"
    assert [taux[t][-2:] for t in ("Avant", "Après")] == [" %", " %"]
    assert taux["Différence"].endswith(" points")
    page = client.lire(f"{RACINE}/comparaison?{dates}&cellule=enveloppe.taux_consommation")
    assert f"après : +{taux['Différence']}." in page.texte


def test_une_liste_filtree_dit_les_memes_lignes_que_le_journal(client: Client) -> None:
    """Sans filtre, le fichier est celui de « Télécharger » ; filtré, ses lignes."""
    for suite in ("", f"?{DATES}"):
        attendu = client.demander(f"{RACINE}/telecharger/journal-tableur.csv{suite}").content
        assert client.demander(f"{RACINE}/journal.csv{suite}").content == attendu
    toutes = {ligne["Position"]: ligne for ligne in lire_csv(client, f"{RACINE}/journal.csv")}
    versees = lire_csv(client, f"{RACINE}/journal.csv?type=tranche-versee&sens=decroissant")
    assert len(versees) == sum(ligne["Fait"] == "Tranche versée" for ligne in toutes.values())
    assert all(toutes[ligne["Position"]] == ligne for ligne in versees)


def test_un_fait_antidate_l_est_dans_une_liste_filtree() -> None:
    """La marque vient de tout ce qui est compté, pas des seules lignes retenues."""
    monde = Monde()
    monde.label()
    monde.label("s2")
    monde.payer(1, "2020-06-01", structure="s2")
    monde.payer(1, "2020-03-02")
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    for suite, marque in (("", "antidaté"), ("&au=2020-05-31", "")):
        ligne = lire_csv(client, f"/programmes/{P}/journal.csv?structure=s1{suite}")[-1]
        assert (ligne["Position"], ligne["Antidaté"]) == ("7", marque)
    console.fermer()


def test_la_liste_d_un_chiffre_en_fait_la_somme(client: Client) -> None:
    """Les apports du fichier somment au chiffre ; le nom du fichier dit position, date, chiffre."""
    reponse = client.demander(f"{RACINE}/chiffres/enveloppe.paye.csv?{DATES}")
    assert reponse.headers["content-disposition"] == (
        f'attachment; filename="{PROGRAMME}-400-au-2021-06-30-enveloppe.paye.csv"'
    )
    lignes = lire_csv(client, f"{RACINE}/chiffres/enveloppe.paye.csv?{DATES}")
    somme = sum(int(ligne["Enveloppe, payé (€)"].replace(",", "")) for ligne in lignes)
    assert f"Valeur{somme // 100:,},00 €".replace(",", " ", 2) in "".join(
        client.lire(f"{RACINE}/chiffres/enveloppe.paye?{DATES}").textes
    ).replace("\N{NO-BREAK SPACE}", " ")


def test_la_liste_d_une_comparaison_dit_les_chiffres_de_la_page(
    client: Client, base_demo: Path
) -> None:
    """Unité, avant, après, différence : chacun sous son titre, comme la page et `comparer`."""
    vues = "comparaison{}?au=2021-12-31&au_avant=2019-12-31"
    code = "Cellule (fabriques expliquer)"
    lignes = {x[code]: x for x in lire_csv(client, f"{RACINE}/{vues.format('.csv')}")}
    bornes = (Point(None, date(annee, 12, 31)) for annee in (2019, 2021))
    store = SQLiteStore(base_demo, ecriture=False)
    ecarts = comparer(Journal(store, PROGRAMME), *bornes)
    store.fermer()
    assert list(lignes) == [e.cellule for e in ecarts]
    assert {e.unite for e in ecarts} == {"centimes", "nombre", "dix_milliemes"}
    for e in ecarts:
        unite, *dits = map(_sans_unite, list(lignes[e.cellule].values())[2:])
        lus = (e.avant_centimes, e.apres_centimes, e.difference_centimes)
        assert (unite, dits) == (dite(e.unite), [_en_csv(v, e.unite) for v in lus]), e.cellule
    titres = ["Chiffre", code, "Unité", "Avant", "Après", "Différence"]
    assert all(list(ligne) == titres for ligne in lignes.values())
    page = client.lire(f"{RACINE}/{vues.format('')}&table=enveloppe")
    rangees = page.source.partition('id="ecarts"')[2].partition("</table>")[0].split("<tr>")[2:]
    assert len(rangees) > 5
    for rangee in rangees:
        (cellule,) = re.findall(r"cellule=([^&\"]+)", rangee)
        montres = re.findall(r'<td class="n"><a[^>]*>([^<]+)</a>', rangee)
        ecrits = [re.sub(r"[ +€%]|points?", "", montre) for montre in montres]
        assert ecrits == [*map(_sans_unite, list(lignes[cellule].values())[3:])]


def _sans_unite(lu: str) -> str:
    """A cell without its unit; the unit « % » itself stays."""
    return re.sub(r"(?<=.)\s(%|points?)$", "", lu)


def _en_csv(valeur: int, unite: str) -> str:
    """An integer as French tables write it, in its unit."""
    if unite == "nombre":
        return str(valeur)
    return f"{'-' if valeur < 0 else ''}{abs(valeur) // 100},{abs(valeur) % 100:02d}"


@pytest.mark.parametrize(
    ("adresse", "statut", "dit"),
    [
        ("chiffres/enveloppe.taux_consommation.csv", 404, "n'est pas une somme de faits"),
        ("chiffres/rien.csv", 400, "ne désigne pas une cellule"),
        ("chiffres/structures.inconnue.paye.csv", 404, "n'est pas dans"),
        ("comparaison.csv", 404, "Choisir d'abord"),
        ("journal.csv?type=rien", 400, "ne connaît pas"),
        ("situation.csv", 404, "ne mène à aucune page"),
        ("journal.csv?au=demain", 400, "ne s'écrit ni"),
    ],
)
def test_une_liste_impossible_a_sa_page(
    client: Client, adresse: str, statut: int, dit: str
) -> None:
    """Une liste qui n'est pas là est refusée par une page, jamais par un fichier."""
    assert dit in client.lire(f"{RACINE}/{adresse}", statut).texte


def test_la_page_d_un_chiffre_dit_d_ou_vient_chaque_fait() -> None:
    """Acteur et instant toujours ; fichier, feuille et ligne quand le fait en vient."""
    monde = Monde()
    monde.label()
    source = Provenance(fichier=FICHIER, ligne=12, feuille="Dépôts <b>")
    paiement = monde.commande("VerserTranche", "2020-02-03")
    assert monde.livre.executer(paiement, provenance=source).statut == "acceptee"
    console = Console(monde.livre.store)
    client = Client(creer_console(console))
    dite = "[1] feuille Dépôts <b>, ligne 12"
    for page in ("chiffres/enveloppe.paye", "journal", "journal/4"):
        lue = client.lire(f"/programmes/{P}/{page}")
        assert dite in lue.texte, page
        assert f"[1] fichier importé, SHA-256 {FICHIER}" in lue.texte, page
    paye = client.lire(f"/programmes/{P}/chiffres/enveloppe.paye")
    assert "comptable alice" in paye.texte.partition("Apport")[2]
    assert re.search(r"\d\d/\d\d/\d{4} à \d\d:\d\d:\d\d UTC", paye.texte)
    ecart = "comparaison?au_avant=2019-12-31&cellule=enveloppe.paye"
    ecrit = client.lire(f"/programmes/{P}/{ecart}").texte.partition("Apport")[2]
    assert dite in ecrit
    assert "comptable alice" in ecrit
    sans = client.lire(f"/programmes/{P}/chiffres/enveloppe.engage")
    assert "Source" not in sans.texte
    assert "fichier importé" not in sans.texte
    (ligne,) = lire_csv(client, f"/programmes/{P}/chiffres/enveloppe.paye.csv")
    assert (ligne["Fichier importé (SHA-256)"], ligne["Ligne"]) == (FICHIER, "12")
    console.fermer()
