"""Le rapport : ce qu'il dit, comment il se lit, et la réponse de sa reproduction."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from ledger import Journal, UsageError
from ledger.erreurs import ChainBrokenError
from ledger.preuve.merkle import racine_base64
from projections import credits, echeancier, enveloppe, regarder, structures
from projections.matrice import LigneMatrice, Paiement, matrice
from projections.rapport import (
    FORMATS,
    MISE_EN_PAGE,
    MOTEUR,
    OCTETS_MAX,
    Constat,
    Format,
    Rapport,
    ReportUnreadableError,
    ecrire,
    lire,
    lire_entete,
    rapport,
    reproduire,
    tableaux_csv,
)
from projections.rapport.ecriture import BALISE
from tests.unit.monde import Monde, P
from tests.unit.projections.vues import vue_de

HOSTILE = "=</script><script>alert(1)</script>&amp;\u200b\ufeff"


@pytest.fixture
def paye(monde: Monde) -> Monde:
    """One label, its first instalment paid: four facts."""
    monde.label()
    monde.payer(1, "2020-02-03")
    return monde


def journal(monde: Monde) -> Journal:
    """A fresh journal of the programme."""
    return Journal(monde.livre.store, P)


def faire(monde: Monde, **dates: Any) -> Rapport:
    """The report of a world."""
    return rapport(regarder(journal(monde), **dates))


def constats(monde: Monde, octets: bytes) -> tuple[Constat, ...]:
    """The findings of a report that must be divergent."""
    trouve = reproduire(journal(monde), octets)
    assert (trouve.statut, trouve.ecarts) == ("divergent", len(trouve.constats))
    return trouve.constats


def test_l_entete_dit_de_quelle_vue_le_rapport_est_tire(paye: Monde) -> None:
    """L'en-tête dit programme, origine, position, racine, dates, règles et moteur, rien d'autre."""
    arbre = paye.livre.journal(P).arbre
    octets = ecrire(faire(paye), "html")
    assert lire_entete(octets) == {
        "format": 1,
        "programme": "fabriques",
        "intitule": "Fabriques",
        "origine": f"fabriques-ledger/fabriques/{arbre.feuille(1).hex()[:16]}",
        "position": 4,
        "racine": racine_base64(arbre.racine(4)),
        "enregistre_le": "2020-01-01T00:00:00.000000Z",
        "au": None,
        "date_de_vue": "2020-02-03",
        "regles_version": 1,
        "moteur": MOTEUR,
        "mise_en_page": MISE_EN_PAGE,
    }


def test_les_chiffres_du_rapport_sont_ceux_des_projections(paye: Monde) -> None:
    """Les chiffres du rapport sont ceux que donnent les projections de la même vue."""
    vue = regarder(journal(paye))
    figures = rapport(vue).figures

    def plat(valeur: Any) -> Any:
        return json.loads(msgspec.json.encode(valeur))

    assert {nom: figures[nom] for nom in ("enveloppe", "credits", "structures", "echeanciers")} == {
        "enveloppe": plat(enveloppe(vue)),
        "credits": plat(credits(vue)),
        "structures": plat(structures(vue)),
        "echeanciers": [plat(echeancier(vue, "s1"))],
    }
    assert [(a["code"], a["position"]) for a in figures["anomalies"]] == [
        ("convention_absente", 3),
        ("siret_absent", 3),
        ("fait_tardif", 1),
        ("horloge_immobile", 1),
    ]


def test_la_matrice_suit_chaque_engagement_jusqu_a_son_reste(monde: Monde) -> None:
    """Chaque année d'engagement suit ses paiements, annulations, régularisations et retraits."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.ok("VerserBonus", "2020-03-02")
    versement = monde.payer(1, "2020-03-02")
    monde.cloturer(2019, 2020)
    monde.ok("AnnulerVersement", "2021-01-15", position=versement)
    monde.payer(1, "2021-03-02", montant=4_000_000)
    monde.ok("RetirerLabel", "2021-04-01")
    lignes = matrice(regarder(journal(monde)).faits())
    assert lignes == (
        LigneMatrice(2019, 10_000_000, (Paiement(2020, 10_000_000),), 0, 0),
        LigneMatrice(
            2020,
            15_000_000,
            (Paiement(2020, 5_000_000), Paiement(2021, -1_000_000)),
            11_000_000,
            0,
        ),
    )


def test_une_vue_demandee_de_trois_facons_donne_les_memes_octets(paye: Monde) -> None:
    """Demandée à la fin, à sa position ou à son instant, une vue donne le même rapport."""
    instant = "2020-01-01T00:00:00.000000Z"
    for forme in FORMATS:
        ecrits = {ecrire(faire(paye, connu_au=su), forme) for su in (None, 4, instant)}
        assert len(ecrits) == 1


def test_une_vue_sans_journal_n_a_pas_de_rapport() -> None:
    """Une vue faite sans journal n'a ni faits à relire ni rapport."""
    with pytest.raises(UsageError, match="n'est pas lue d'un journal"):
        rapport(vue_de())
    with pytest.raises(UsageError, match="n'est pas lue d'un journal"):
        list(vue_de().faits())


def test_une_ligne_changee_depuis_la_lecture_est_vue(paye: Monde) -> None:
    """Un fait qui a changé entre la vue et son rapport rompt la chaîne."""
    autre = Monde(enveloppe_centimes=1_000_000_000)
    vue = replace(regarder(journal(paye), connu_au=1), journal=journal(autre))
    with pytest.raises(ChainBrokenError) as erreur:
        list(vue.faits())
    assert erreur.value.position == 1


class Page(HTMLParser):
    """What a browser finds in a page: elements, their attributes, the text of its scripts."""

    def __init__(self, octets: bytes) -> None:
        super().__init__()
        self.balises: list[tuple[str, dict[str, str | None]]] = []
        self.textes: dict[str, list[str]] = {}
        self._ouverte = ""
        self.feed(octets.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.balises.append((tag, dict(attrs)))
        self._ouverte = tag

    def handle_data(self, data: str) -> None:
        self.textes.setdefault(self._ouverte, []).append(data)

    def de(self, *noms: str) -> list[dict[str, str | None]]:
        """The attributes of the elements of that name."""
        return [attributs for nom, attributs in self.balises if nom in noms]


def test_la_page_se_suffit_et_se_lit_sans_la_voir(paye: Monde) -> None:
    """La page est en français, n'appelle rien au dehors, et chaque tableau a légende et portées."""
    octets = ecrire(faire(paye), "html")
    page = Page(octets)
    assert octets.startswith(b'<!DOCTYPE html>\n<html lang="fr">\n')
    assert page.de("script") == [{"type": "application/json", "id": "rapport"}]
    assert page.de("link", "img", "iframe", "object", "form", "base") == []
    ancres = {attributs["id"] for attributs in page.de("h2")}
    assert {attributs["href"] for attributs in page.de("a")} == {
        "#contenu",
        *(f"#{ancre}" for ancre in ancres),
    }
    assert len(page.de("table")) == len(page.de("caption")) > 6
    assert {attributs["scope"] for attributs in page.de("th")} == {"col", "row"}
    assert b"http:" not in octets
    assert b"https:" not in octets


def test_un_nom_hostile_reste_du_texte(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """Un nom qui imite une balise, une formule, ou se cache, reste un texte visible."""
    monkeypatch.setattr("ledger.champs._INVISIBLES", re.compile("(?!)"))  # as in an older journal
    monde.label(numerique=False)
    monde.ok("CorrigerStructure", "2020-02-04", porteur=HOSTILE, ville=BALISE)
    compte_rendu = faire(monde)
    octets = ecrire(compte_rendu, "html")
    page = Page(octets)
    assert page.de("script") == [{"type": "application/json", "id": "rapport"}]
    assert lire(octets) == lire(ecrire(compte_rendu, "json")) == compte_rendu
    assert "</script><script>" in "".join(page.textes["bdi"])
    assert "\\u200b\\ufeff" in "".join(page.textes["bdi"])
    assert {
        c for c in (octets + ecrire(compte_rendu, "json")).decode() if c in "\u200b\ufeff"
    } == set()
    assert b"'=</script>" in tableaux_csv(compte_rendu)["structures.csv"]
    assert reproduire(journal(monde), octets).statut == "identique"


def test_les_tableaux_csv_sont_en_centimes_et_dans_l_ordre_des_chiffres(paye: Monde) -> None:
    """Les tableaux CSV : en-têtes ASCII, centimes, une ligne par tranche et par poste."""
    paye.ok("AccorderBonusNumérique", "2020-02-03")
    tableaux = tableaux_csv(faire(paye))
    entete, ligne = tableaux["enveloppe.csv"].decode().splitlines()
    assert (entete.split(",")[:4], ligne.split(",")[:4]) == (
        ["programme", "position", "au", "enveloppe_centimes"],
        ["fabriques", "5", "", "4500000000"],
    )
    assert entete.endswith("quotas_total,quotas_qpv,quotas_hors_qpv,quotas_numeriques")
    assert ligne.endswith(",1,1,0,1,300,150,150,30")
    assert sorted(tableaux) == [
        "anomalies.csv",
        "credits.csv",
        "echeanciers.csv",
        "enveloppe.csv",
        "matrice.csv",
        "structures.csv",
    ]
    assert tableaux["structures.csv"].decode().splitlines()[1] == (
        "s1,LAB01,01500,Ambérieu-en-Bugey,qpv,true,labellisee,15000000,5000000"
    )
    assert tableaux["echeanciers.csv"] == (
        b"structure,rang,exercice,echeance,montant_centimes,verse_centimes,reste_centimes,statut\n"
        b"s1,1,2020,2020-02-03,5000000,5000000,0,soldee\n"
        b"s1,2,2021,2021-03-01,5000000,0,5000000,a_venir\n"
        b"s1,3,2022,2022-03-01,5000000,0,5000000,a_venir\n"
        b"s1,0,2019,,10000000,0,,\n"
    )
    assert tableaux["matrice.csv"] == (
        b"engagement,poste,exercice,montant_centimes\n"
        b"2019,engage,,10000000\n2019,retrait,,0\n2019,reste,,10000000\n"
        b"2020,engage,,15000000\n2020,paye,2020,5000000\n2020,retrait,,0\n2020,reste,,10000000\n"
    )


JSON_VALIDE = b'{"entete": {}, "figures": {}}'
ILLISIBLES = {
    "vide": (b"", "ni un objet JSON, ni une page HTML"),
    "binaire": (b"\xff\xfe", "il n'est pas en UTF-8"),
    "liste": (b"[]", "ni un objet JSON, ni une page HTML"),
    "coupe": (b'{"entete": ', "le JSON est rompu (ligne 1)"),
    "profond": (b'{"a":' + b"[" * 100_000, "le JSON est trop imbriqué"),
    "imbrique": (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "le JSON est trop imbriqué"),
    "flottant": (b'{"a": 1.5}', "le nombre 1.5 n'est pas un entier"),
    "nan": (b'{"a": NaN}', "le nombre NaN n'est pas un entier"),
    "long": (b'{"a": ' + b"9" * 5000 + b"}", "un nombre a trop de chiffres"),
    "grand": (b'{"a": 9007199254740992}', "un nombre a trop de chiffres"),
    "double": (b'{"a": 1, "a": 2}', "un membre y figure deux fois"),
    "isole": (b'{"a": "\\ud800"}', "un texte contient un caractère isolé"),
    "membres": (b'{"entete": {}}', "il n'a pas un en-tête et des chiffres"),
    "entete": (JSON_VALIDE, "son en-tête ne se lit pas"),
    "format": (b'{"entete": {"format": 2}, "figures": {}}', "son format est 2, ce moteur lit le 1"),
    "page": (b"<!DOCTYPE html><p>", "la page HTML ne contient pas un rapport, et un seul"),
    "deux": (
        b"<!DOCTYPE html>" + 2 * BALISE.encode(),
        "la page HTML ne contient pas un rapport, et un seul",
    ),
    "page coupee": (b"<!DOCTYPE html>" + BALISE.encode() + b"{", "la page HTML est coupée"),
}


@pytest.mark.parametrize(("octets", "raison"), ILLISIBLES.values(), ids=ILLISIBLES)
def test_ce_qui_n_est_pas_un_rapport_est_refuse_avec_sa_raison(octets: bytes, raison: str) -> None:
    """Ce qui n'est pas un rapport est refusé d'une phrase qui dit pourquoi."""
    with pytest.raises(ReportUnreadableError) as erreur:
        lire_entete(octets)
    assert erreur.value.code == "rapport_illisible"
    assert erreur.value.message.startswith("Ce fichier n'est pas un rapport qui se relit : ")
    assert raison in erreur.value.message


def test_un_fichier_demesure_n_est_pas_lu() -> None:
    """Au-delà de la taille admise, un fichier n'est pas lu."""
    with pytest.raises(ReportUnreadableError, match="64000001 octets, 64000000 au plus"):
        lire(b" " * (OCTETS_MAX + 1))


@pytest.mark.parametrize(
    ("avant", "apres"),
    [
        (b'"position": 4,\n    "prog', b'"position": -1,\n    "prog'),
        (b'"au": null,\n    "date', b'"au": "2020-13-01",\n    "date'),
        (b'"intitule"', b'"inconnu": 1,\n    "intitule"'),
    ],
)
def test_un_entete_impossible_est_refuse(paye: Monde, avant: bytes, apres: bytes) -> None:
    """Une position négative, une date hors du calendrier, un membre inconnu : illisible."""
    octets = ecrire(faire(paye), "json")
    assert octets.count(avant) == 1
    with pytest.raises(ReportUnreadableError, match="son en-tête ne se lit pas"):
        lire(octets.replace(avant, apres))


def test_des_chiffres_d_une_autre_forme_ne_font_pas_une_page(paye: Monde) -> None:
    """Un rapport dont les chiffres ont une autre forme ne s'écrit pas en page : il le dit."""
    ampute = Rapport(faire(paye).entete, {"enveloppe": {}})
    with pytest.raises(UsageError, match="n'ont pas la forme"):
        ecrire(ampute, "html")


@pytest.mark.parametrize("forme", FORMATS)
def test_un_chiffre_altere_est_nomme(paye: Monde, forme: Format) -> None:
    """Un chiffre altéré est nommé par son chemin, avec les deux valeurs."""
    octets = ecrire(faire(paye), forme)
    espace = b" " if forme == "json" else b""
    vrai = b'"disponible_centimes":' + espace + b"4485000000"
    assert octets.count(vrai) == 1
    altere = octets.replace(vrai, vrai[:-1] + b"1")
    chemin = "figures.enveloppe.disponible_centimes"
    attendu = (Constat("chiffre_divergent", chemin, 4_485_000_001, 4_485_000_000),)
    assert constats(paye, altere) == attendu


def _alterer(octets: bytes, geste: Any) -> bytes:
    valeur = json.loads(octets)
    geste(valeur["entete"], valeur["figures"])
    return json.dumps(valeur, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


ALTERATIONS: dict[str, tuple[Any, Constat]] = {
    "date de vue": (
        lambda e, _: e.update(date_de_vue="2020-02-04"),
        Constat("entete_divergent", "entete.date_de_vue", "2020-02-04", "2020-02-03"),
    ),
    "regles": (
        lambda e, _: e.update(regles_version=2),
        Constat("entete_divergent", "entete.regles_version", 2, 1),
    ),
    "absent": (
        lambda _, f: f["credits"][0].pop("cp_geles_centimes"),
        Constat("chiffre_absent", "figures.credits.2020.cp_geles_centimes", None, 0),
    ),
    "ligne en moins": (
        lambda _, f: f["structures"].pop(),
        Constat(
            "chiffre_absent",
            "figures.structures.s1",
            None,
            '{"code_postal":"01500","etat":"labellisee","montant_centimes":15000000,'
            '"numerique":true,"paye_centimes":5000000,"porteur":"LAB01","structure":"s1",'
            '"territoire":"qpv","ville":"Ambérieu-en-Bugey"}',
        ),
    ),
    "en trop": (
        lambda _, f: f["enveloppe"].update(nouveau=True),
        Constat("chiffre_en_trop", "figures.enveloppe.nouveau", True, None),
    ),
    "vrai n'est pas un": (
        lambda _, f: f["structures"][0].update(numerique=1),
        Constat("chiffre_divergent", "figures.structures.s1.numerique", 1, True),
    ),
    "par rang": (
        lambda _, f: f["echeanciers"][0]["tranches"][1].update(statut="soldee"),
        Constat(
            "chiffre_divergent", "figures.echeanciers.s1.tranches.2.statut", "soldee", "a_venir"
        ),
    ),
}


@pytest.mark.parametrize("cas", ALTERATIONS)
def test_chaque_alteration_a_son_code_et_son_chemin(paye: Monde, cas: str) -> None:
    """Un en-tête, un chiffre absent, en trop ou d'un autre type : chacun a son code."""
    geste, attendu = ALTERATIONS[cas]
    altere = _alterer(ecrire(faire(paye), "json"), geste)
    (constat,) = constats(paye, altere)
    assert constat == attendu


def test_les_ecarts_sont_tous_comptes_et_les_premiers_cites(monde: Monde) -> None:
    """Quand tout diffère, les écarts sont tous comptés et les cinquante premiers cités."""
    for rang in range(60):
        monde.ok("DéposerCandidature", "2020-01-10", structure=f"s{rang:02d}")

    def vider(_: Any, figures: Any) -> None:
        for ligne in figures["structures"]:
            ligne["paye_centimes"] = 7

    trouve = reproduire(journal(monde), _alterer(ecrire(faire(monde), "json"), vider))
    assert (trouve.statut, trouve.ecarts, len(trouve.constats)) == ("divergent", 60, 50)


@pytest.mark.parametrize("forme", FORMATS)
def test_une_mise_en_page_retouchee_est_vue(paye: Monde, forme: Format) -> None:
    """Les chiffres sont bons mais le fichier est retouché : la ligne en est donnée."""
    octets = ecrire(faire(paye), forme)
    rang = octets.count(b"\n")
    (constat,) = constats(paye, octets + b"<!-- -->" if forme == "html" else octets + b" ")
    assert (constat.code, constat.chemin, constat.recalcule) == (
        "rapport_altere",
        f"ligne {rang + 1}",
        "",
    )


@pytest.mark.parametrize("forme", FORMATS)
def test_un_autre_moteur_donne_les_memes_chiffres(
    paye: Monde, forme: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Écrit par un autre moteur, dans sa mise en page ou une plus ancienne : mêmes chiffres."""
    vrai = faire(paye)
    ancien = replace(vrai.entete, moteur="fabriques-ledger 0.0.9")
    for mise_en_page in (
        MISE_EN_PAGE,
        MISE_EN_PAGE + 1,
    ):  # the second time, this engine has a newer layout
        monkeypatch.setattr("projections.rapport.contenu.MISE_EN_PAGE", mise_en_page)
        monkeypatch.setattr("projections.rapport.reproduction.MISE_EN_PAGE", mise_en_page)
        trouve = reproduire(journal(paye), ecrire(Rapport(ancien, vrai.figures), forme))
        assert (trouve.statut, trouve.constats) == ("chiffres_identiques", ())
        assert trouve.octets == ecrire(faire(paye), forme)
        assert trouve.en_json()["moteur_du_rapport"] == ancien.moteur


@pytest.mark.parametrize("mise_en_page", [0, MISE_EN_PAGE + 1])
@pytest.mark.parametrize("moteur", ["fabriques-ledger 0.0.9", None])
def test_une_mise_en_page_que_ce_moteur_n_a_jamais_eue_est_un_constat(
    paye: Monde, moteur: str | None, mise_en_page: int
) -> None:
    """Une mise en page inconnue ne couvre pas une page retouchée : c'est un constat."""
    vrai = faire(paye)
    entete = replace(vrai.entete, mise_en_page=mise_en_page, moteur=moteur or vrai.entete.moteur)
    trouve = reproduire(journal(paye), ecrire(Rapport(entete, vrai.figures), "html"))
    assert trouve.statut == "divergent"
    assert [(c.code, c.chemin) for c in trouve.constats] == [
        ("entete_divergent", "entete.mise_en_page")
    ]


def test_nommer_un_autre_moteur_ne_couvre_pas_une_retouche(paye: Monde) -> None:
    """Dans la même mise en page, nommer un autre moteur n'autorise aucune autre différence."""
    vrai = faire(paye)
    entete = replace(vrai.entete, moteur="fabriques-ledger 0.0.9")
    octets = ecrire(Rapport(entete, vrai.figures), "html")
    vu = '<td class="n">44\u202f850\u202f000,00\u00a0€</td>'.encode()
    assert octets.count(vu) == 1
    (constat,) = constats(paye, octets.replace(vu, vu.replace(b"44", b"45")))
    assert constat.code == "rapport_altere"


def test_le_rapport_d_un_autre_journal_n_est_pas_refait(paye: Monde) -> None:
    """D'un autre programme, journal ou passé, ou d'au-delà : rien n'est refait."""
    octets = ecrire(faire(paye), "json")
    racine = faire(paye).entete.racine
    ici = faire(paye).entete.origine
    court = Monde()
    court.label()
    ailleurs = Monde(enveloppe_centimes=1_000_000_000)
    autre = Monde()
    autre.label()
    autre.payer(1, "2020-02-03", montant=1)
    cas = {
        "autre journal": (
            ailleurs,
            octets,
            Constat("rapport_autre_journal", "entete.origine", ici, faire(ailleurs).entete.origine),
        ),
        "autre programme": (
            paye,
            octets.replace(
                b'"programme": "fabriques",\n    "racine"', b'"programme": "p",\n    "racine"'
            ),
            Constat("rapport_autre_journal", "entete.programme", "p", "fabriques"),
        ),
        "au dela": (court, octets, Constat("rapport_au_dela", "entete.position", 4, 3)),
        "autre histoire": (
            autre,
            octets,
            Constat(
                "rapport_racine_divergente", "entete.racine", racine, faire(autre).entete.racine
            ),
        ),
    }
    for monde, fichier, attendu in cas.values():
        assert constats(monde, fichier) == (attendu,)
        assert reproduire(journal(monde), fichier).octets is None


def test_un_rapport_survit_a_une_reprise_du_journal(paye: Monde) -> None:
    """Après une reprise, le rapport d'avant se refait ; celui d'une branche perdue, non."""
    avant = ecrire(faire(paye, connu_au=4), "html")
    perdu = Monde()
    perdu.label()
    perdu.payer(1, "2020-02-03")
    perdu.ok("SignerConvention", "2020-02-04")
    branche = ecrire(faire(perdu), "html")
    paye.ok("ReprendreJournal", "2020-05-01", taille_satisfaite=4, taille_perdue=5)
    apres = ecrire(faire(paye), "html")
    assert lire_entete(apres)["origine"] != lire_entete(avant)["origine"]
    assert reproduire(journal(paye), avant).statut == "identique"
    assert reproduire(journal(paye), apres).statut == "identique"
    (constat,) = constats(paye, branche)
    assert constat.code == "rapport_racine_divergente"


def test_importer_les_projections_ne_charge_pas_jinja2() -> None:
    """Importer projections, ou même le rapport, ne charge pas jinja2 ; une page, oui."""
    programme = (
        "import sys, projections, projections.rapport; print('jinja2' in sys.modules);"
        "import projections.rapport.page; print('jinja2' in sys.modules)"
    )
    fait = subprocess.run(
        [sys.executable, "-c", programme], capture_output=True, text=True, check=True
    )
    assert fait.stdout.split() == ["False", "True"]
