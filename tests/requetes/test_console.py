"""Les chiffres que montre la console, à des dates et positions tirées, recomptés des lignes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from hypothesis import Phase, given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire
from projections.console.application import Console, creer_console
from tests.console.client import Client, Lien, Page
from tests.properties.outils import reglages
from tests.requetes.naif import Naif, Objet
from tests.requetes.naif_anomalies import en_euros, toutes
from tests.requetes.outils import Moment, recompter, tirer_un_moment, toutes_les_histoires
from tests.requetes.recit import recit

RACINE = f"/programmes/{PROGRAMME}"
FILTRES: dict[str, tuple[str, ...]] = {
    "etat": ("", "deposee", "labellisee", "label_retire", "rejetee"),
    "territoire": ("", "qpv", "hors_qpv"),
    "numerique": ("", "oui", "non"),
}

TAUX = "enveloppe.taux_consommation"


def dire(nom: str, valeur: int) -> str:
    """A figure as the page writes it: a rate, a count, or euros."""
    if nom == TAUX:
        signe = "-" if valeur < 0 else ""
        return f"{signe}{abs(valeur) // 100},{abs(valeur) % 100:02d} %"
    if nom.startswith(("enveloppe.labels.", "enveloppe.quotas.", "registre.nombre")):
        return str(valeur)
    return en_euros(valeur)


def chiffres(page: Page) -> list[tuple[str, Lien]]:
    """The links of a page that lead to a figure, by its name."""
    prefixe = f"{RACINE}/chiffres/"
    lus = [(unquote(urlsplit(lien.adresse).path), lien) for lien in page.liens]
    return [(c.removeprefix(prefixe), lien) for c, lien in lus if c.startswith(prefixe)]


def confronter(
    page: Page, cellules: dict[str, int], requete: dict[str, str], voulues: Iterable[str]
) -> None:
    """Every cell shown at the moment of the page has its figure, and those wanted are shown."""
    vues = set()
    for nom, lien in chiffres(page):
        parametres = parse_qs(urlsplit(lien.adresse).query)
        moment = {n: v[0] for n, v in parametres.items() if n in ("au", "connu_au")}
        if nom in cellules and moment == requete:
            sans_objet = nom == TAUX and not cellules["enveloppe.enveloppe"]
            assert lien.texte == ("sans objet" if sans_objet else dire(nom, cellules[nom])), nom
            vues.add(nom)
    assert vues >= set(voulues)


def confronter_les_ecrans(client: Client, moment: Moment, naif: Naif) -> None:
    """Situation, AE and CP, outstanding, and the sheet of each structure; counts of anomalies."""
    requete = parametres(moment)
    suite = f"?{urlencode(requete)}"
    cellules = naif.cellules()
    voulues = [n for n in cellules if n.startswith("enveloppe.") and "bonus" not in n]
    confronter(client.lire(f"{RACINE}/situation{suite}"), cellules, requete, voulues)
    credits = {n for n in cellules if n.startswith("credits.")}
    restes = {n for n in credits if ".rap_" in n}
    suivis = {n for n in credits if n.endswith((".ae_engagees", ".cp_payes"))}
    confronter(client.lire(f"{RACINE}/exercices{suite}"), cellules, requete, suivis)
    confronter(client.lire(f"{RACINE}/restes{suite}"), cellules, requete, restes)
    for nom in naif.echeanciers():
        siennes = [n for n in cellules if n.split(".")[1] == nom]
        sauf = [n for n in siennes if not n.startswith("echeancier.") or ".0." not in n]
        fiche = client.lire(f"{RACINE}/structures/{nom}{suite}")
        confronter(fiche, cellules, requete, sauf)
    codes = {code for code, *_ in toutes(naif)}
    page = client.lire(f"{RACINE}/anomalies{suite}")
    lus = {parse_qs(urlsplit(lien.adresse).query).get("code", [""])[0] for lien in page.liens}
    assert lus - {""} >= codes


def confronter_le_registre(
    client: Client, moment: Moment, naif: Naif, filtre: dict[str, str]
) -> None:
    """The structures retained, and the three totals above them."""

    def garde(ligne: Objet) -> bool:
        dits = {**ligne, "numerique": "oui" if ligne["numerique"] else "non"}
        return all(dits[nom] == voulu for nom, voulu in filtre.items() if voulu)

    gardees = [ligne for ligne in naif.structures() if garde(ligne)]
    requete = parametres(moment)
    page = client.lire(f"{RACINE}/structures?{urlencode({**requete, **filtre})}")
    fiches = [
        re.fullmatch(f"{RACINE}/structures/([^/?]+)", urlsplit(lien.adresse).path)
        for lien in page.liens
    ]
    assert sorted(f[1] for f in fiches if f) == [ligne["structure"] for ligne in gardees]
    totaux = {
        "registre.nombre": len(gardees),
        "registre.montant": sum(ligne["montant_centimes"] for ligne in gardees),
        "registre.paye": sum(ligne["paye_centimes"] for ligne in gardees),
    }
    noms = [ligne["structure"] for ligne in gardees]
    voulues = [f"structures.{nom}.{membre}" for nom in noms for membre in ("montant", "paye")]
    attendus = naif.cellules()
    lues = {nom: lien.texte for nom, lien in chiffres(page)}
    if gardees:
        assert {nom: lues[nom] for nom in totaux} == {n: dire(n, v) for n, v in totaux.items()}
    confronter(page, attendus, requete, voulues)


def parametres(moment: Moment) -> dict[str, str]:
    """The moment, as an address says it."""
    au, connu_au = moment
    dits = {"au": "" if au is None else au.isoformat(), "connu_au": connu_au}
    return {nom: str(valeur) for nom, valeur in dits.items() if valeur not in (None, "")}


@reglages(6, phases=(Phase.explicit, Phase.reuse, Phase.generate))  # shrinking takes minutes
@given(histoire=toutes_les_histoires() | st.builds(recit), data=st.data())
def test_la_console_montre_les_chiffres_des_lignes(histoire: Histoire, data: st.DataObject) -> None:
    """Situation, exercices, restes, registre filtré et fiches disent le recompte, au centime."""
    moment = tirer_un_moment(data, histoire)
    filtre = {nom: data.draw(st.sampled_from(valeurs)) for nom, valeurs in FILTRES.items()}
    naif = recompter(histoire, moment)
    with closing(_Ouverte(histoire)) as ouverte:
        confronter_les_ecrans(ouverte.client, moment, naif)
        for choix in ({}, filtre):
            confronter_le_registre(ouverte.client, moment, naif, choix)


class _Ouverte:
    """A console over a history, and its client."""

    def __init__(self, histoire: Histoire) -> None:
        self._console = Console(histoire.store)
        self.client = Client(creer_console(self._console))

    def close(self) -> None:
        self._console.fermer()
