"""La page du rapport : ses marges imprimées, ses montants d'un seul tenant, l'ordre des vagues."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from projections import regarder
from projections.pages.gabarits import abrege, entier, insecable, pour_cent
from projections.rapport import (
    DITES_DEPUIS,
    MISE_EN_PAGE,
    Rapport,
    ecrire,
    rapport,
    reproduire,
)
from projections.rapport.marges import marges
from tests.unit.monde import Monde
from tests.unit.projections.test_rapport import Page, faire, journal

CESURE = re.compile(r"(?<!\d)\d{1,3} \d{3}(?!\d)|\d [€%]|\d [kM]€|\S [:;?!»](?:\s|$)|« \S")
"""A figure, or a double sign, that could break at the end of a line."""
HOSTILE = '"; } </style><script>alert(1)</script> @import url(//x); \\'


@pytest.fixture
def cumul(monde: Monde) -> Monde:
    """One label; the same person orders its first instalment and pays it."""
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-02-03")
    monde.ok("VerserTranche", "2020-02-03")
    return monde


def test_aucun_montant_de_la_page_ne_se_coupe(cumul: Monde) -> None:
    """Dans toute la page, aucun chiffre ne quitte son unité, aucune ligne n'ouvre par « : »."""
    page = Page(ecrire(faire(cumul), "html"))
    montres = "\n".join(t for nom, ts in page.textes.items() if nom != "script" for t in ts)
    assert "50\u202f000,00\u00a0€ ordonnés par" in montres
    assert "Subvention moyenne\u00a0: 150\u202f000,00\u00a0€." in montres
    assert CESURE.findall(montres) == []


def test_un_nombre_et_son_unite_tiennent_ensemble() -> None:
    """Une année devant un montant n'y est pas collée ; un compte, un taux, un abrégé non plus."""
    assert insecable("En 2021 150 000 € sur 1 000 000,00 €, 12 34") == (
        "En 2021 150\u202f000\u00a0€ sur 1\u202f000\u202f000,00\u00a0€, 12 34"
    )
    lus = (entier(1_000_000), pour_cent(3_378), abrege(1_250_000_000), abrege(5_000_000))
    assert lus == ("1\u202f000\u202f000", "33,78\u00a0%", "12,5\u00a0M€", "50\u00a0k€")
    assert abrege(12_000) == "120\u00a0€"


def test_la_vague_10_suit_la_9(monde: Monde) -> None:
    """La page dit les vagues dans l'ordre des nombres."""
    for nom in ("10", "9", "2"):
        monde.label(f"s{nom}", numerique=False)
        monde.ok("CorrigerStructure", "2020-02-04", structure=f"s{nom}", vague=nom)
    texte = ecrire(faire(monde), "html").decode()
    dites = re.findall(r"1 en vague <bdi>(\w+)</bdi>", texte.partition("par vague")[2])
    assert dites == ["2", "9", "10"]


def test_qui_ordonne_et_paie_est_dans_le_rapport(cumul: Monde) -> None:
    """Les anomalies du rapport, en page et en JSON, sont toutes celles de la vue."""
    fait = faire(cumul)
    (vue,) = [a for a in fait.figures["anomalies"] if a["code"] == "ordonne_et_paye"]
    assert (vue["structure"], vue["position"]) == ("s1", 5)
    assert b"<code>ordonne_et_paye</code>" in ecrire(fait, "html")
    avant = rapport(regarder(journal(cumul), connu_au=4)).figures["anomalies"]
    assert "ordonne_et_paye" not in {a["code"] for a in avant}


@pytest.mark.parametrize("mise_en_page", range(1, MISE_EN_PAGE + 1))
def test_un_rapport_ancien_n_est_pas_accuse_de_ce_qu_il_ne_disait_pas(
    cumul: Monde, mise_en_page: int
) -> None:
    """Sans les anomalies nouvelles : juste pour une mise en page ancienne, un écart sinon."""
    vrai = faire(cumul)
    entete = replace(vrai.entete, mise_en_page=mise_en_page, moteur="fabriques-ledger 0.0.9")
    muettes = [a for a in vrai.figures["anomalies"] if a["code"] != "ordonne_et_paye"]
    anciens = {**vrai.figures, "anomalies": muettes}
    sans = reproduire(journal(cumul), ecrire(Rapport(entete, anciens), "json"))
    avec = reproduire(journal(cumul), ecrire(Rapport(entete, vrai.figures), "json"))
    attendus = ("chiffres_identiques", "divergent")
    assert (sans.statut, avec.statut) == (
        attendus if mise_en_page < DITES_DEPUIS["ordonne_et_paye"] else attendus[::-1]
    )
    assert sans.octets == ecrire(vrai, "json")


def test_les_marges_ne_laissent_rien_d_un_nom_hostile(monde: Monde) -> None:
    """Un intitulé qui imite du style n'en devient pas, un très long est coupé."""
    monde.label()
    vrai = faire(monde)
    entete = replace(vrai.entete, intitule=HOSTILE)
    octets = ecrire(Rapport(entete, vrai.figures), "html")
    assert (octets.count(b"<style>"), octets.count(b"</style>")) == (1, 1)
    regles = marges(entete)
    assert regles.count("@") == 6
    assert re.fullmatch(r'(@page \{ @[a-z-]+ \{ content: "[^"<>@;]*"; [^{}]+\} \}\n){3}', regles)
    longue = marges(replace(entete, intitule="é" * 10_000, au="2021-12-31"))
    assert f'content: "{"é" * 79}\\2026  \\b7  fabriques"' in longue
    assert 'content: "État au 31\\2f 12\\2f 2021"' in longue
