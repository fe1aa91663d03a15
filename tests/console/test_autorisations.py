"""Les AE de chaque exercice s'additionnent jusqu'à « AE disponibles », partout où on les lit."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from commands.cli.tables_budget import table_credits
from commands.cli.tables_simulation import table_credits as table_simulee
from ledger import Journal
from projections import credits, enveloppe, regarder
from projections.cellules import valeurs_du_programme
from projections.console.application import Console, creer_console
from projections.rapport import ecrire, rapport
from projections.simulation import LigneComparee
from projections.tableurs import ecrire_csv
from projections.tableurs.exercices import tableau_exercices, tranches
from projections.tableurs.modele import Formule
from tests.console.client import Client, Page
from tests.unit.monde import Monde, P

_RANGEE = re.compile(r'<th scope="row">([^<]+)</th>((?:<td class="n[^"]*">.*?</td>)+)')
_SIGNES = (("AE ouvertes", 1), ("AE gelées", -1), ("AE engagées", -1), ("Retr", 1), ("", 1))
MEMOIRE = {"2020": 0, "2021": 30_000_000}

Postes = list[tuple[str, int]]
"""What one exercice shows of its AE: the words of each line and its cents, in order."""


@pytest.fixture(scope="module")
def monde() -> Monde:
    """Withdrawals of the year and of the year before, one of which gives its AE back."""
    monde = Monde(credits="indicatifs")
    monde.ouvrir_credits(2020, 90_000_000, 80_000_000)
    monde.ok("GelerCrédits", "2020-01-03", exercice=2020, ae_centimes=3, cp_centimes=4)
    for structure in ("s1", "s2", "s3"):
        monde.label(structure)
    monde.ok("RetirerLabel", "2020-06-01", structure="s1")
    monde.ok("RetirerLabel", "2021-02-01", structure="s3")
    monde.reviser("2021-02-15", retraits_anterieurs_recyclables=True)
    monde.ok("RetirerLabel", "2021-03-01", structure="s2")
    return monde


def _centimes(texte: str) -> int:
    return int(re.sub(r"[^0-9-]", "", texte))


def _d_une_page(source: str) -> dict[str, Postes]:
    """The table of AE of a report or of the console."""
    table = Page(source.partition("Autorisations d&#39;engagement, par exercice</caption>")[2])
    (corps, *_) = table.source.split("</table>")
    annees = re.findall(r'<th scope="col" class="n">(\d{4})</th>', corps)
    lus: dict[str, Postes] = {annee: [] for annee in annees}
    for nom, cases in _RANGEE.findall(corps):
        montants = [re.sub("<[^>]+>", "", c) for c in re.findall(r"<td.*?</td>", cases)]
        for annee, montant in zip(annees, montants, strict=True):
            lus[annee].append((nom, _centimes(montant)))
    return lus


def _du_rapport(monde: Monde) -> dict[str, Postes]:
    fait = rapport(regarder(Journal(monde.livre.store, P)))
    return _d_une_page(ecrire(fait, "html").decode())


def _de_la_console(monde: Monde) -> dict[str, Postes]:
    console = Console(monde.livre.store)
    try:
        return _d_une_page(Client(creer_console(console)).lire(f"/programmes/{P}/exercices").source)
    finally:
        console.fermer()


def _du_terminal(monde: Monde) -> dict[str, Postes]:
    texte = table_credits(credits(regarder(Journal(monde.livre.store, P))), largeur=200)
    entete, _, *lignes = (re.split(r" {2,}", ligne) for ligne in texte.splitlines())
    return _par_annee(entete[1:], ((nom, montants) for nom, *montants in lignes))


def _du_classeur(monde: Monde) -> dict[str, Postes]:
    """The sheet of AE, by its columns."""
    ae = tranches(tableau_exercices(credits(regarder(Journal(monde.livre.store, P)))))[0]
    lus = {}
    for annee, *cases in ae.lignes:
        valeurs = (c.valeur if isinstance(c, Formule) else c for c in cases)
        noms = (c.titre for c in ae.colonnes[1:])
        lus[str(annee)] = [(n, v) for n, v in zip(noms, valeurs, strict=True) if type(v) is int]
    return lus


def _du_csv(monde: Monde) -> dict[str, Postes]:
    tableau = tableau_exercices(credits(regarder(Journal(monde.livre.store, P))))
    texte = b"".join(ecrire_csv(tableau, "fr")).decode("utf-8-sig")
    entete, *lignes = csv.reader(texte.splitlines(), delimiter=";")
    return {
        annee: [(nom, _centimes(v)) for nom, v in zip(entete[1:], valeurs, strict=True)]
        for annee, *valeurs in lignes
    }


def _par_annee(annees: list[str], lignes: Iterable[tuple[str, list[str]]]) -> dict[str, Postes]:
    lus: dict[str, Postes] = {annee: [] for annee in annees}
    for nom, montants in lignes:
        for annee, montant in zip(annees, montants, strict=True):
            lus[annee].append((nom, _centimes(montant)))
    return lus


def _termes(postes: Postes) -> Iterator[int]:
    """Every line before « AE disponibles », with its sign."""
    for nom, centimes in postes:
        if nom == "AE disponibles":
            return
        yield next(signe for debut, signe in _SIGNES if nom.startswith(debut)) * centimes


@pytest.mark.parametrize("lire", [_du_rapport, _de_la_console, _du_terminal, _du_classeur, _du_csv])
def test_les_ae_montrees_s_additionnent_en_ae_disponibles(
    monde: Monde, lire: Callable[[Monde], dict[str, Postes]]
) -> None:
    """Tout ce qui précède « AE disponibles » y mène ; ce qui est pour mémoire vient après."""
    lus = lire(monde)
    annees = {a: p for a, p in lus.items() if a in MEMOIRE}
    assert annees.keys() == MEMOIRE.keys()
    for annee, postes in annees.items():
        rang = [nom for nom, _ in postes].index("AE disponibles")
        assert sum(_termes(postes)) == postes[rang][1], annee
        memoire = [v for nom, v in postes[rang:] if nom.startswith("Retraits") and "ant" in nom]
        assert memoire == [MEMOIRE[annee]]
        assert not any("mémoire" in nom for nom, _ in postes[:rang])
    assert dict(annees["2021"])["AE disponibles"] == 15_000_000


def test_les_ae_rendues_menent_au_retrait_qui_les_rend(monde: Monde) -> None:
    """Dans la console, les AE rendues de 2021 sont un lien vers le retrait qui les rend."""
    console = Console(monde.livre.store)
    page = Client(creer_console(console)).lire(f"/programmes/{P}/chiffres/credits.2021.ae_rendues")
    console.fermer()
    assert "Crédits, 2021, AE rendues par retraits antérieurs" in page.texte
    assert "150 000,00 €" in page.texte
    assert "Label retiré" in page.texte


def test_les_ae_simulees_s_additionnent_aussi(monde: Monde) -> None:
    """Le tableau de « simuler » dit aussi ce qui mène à ses AE disponibles, des deux côtés."""
    vue = regarder(Journal(monde.livre.store, P))
    cellules = valeurs_du_programme(enveloppe(vue), credits(vue)).items()
    lignes = [
        LigneComparee(str(c), "centimes", v, v, 0) for c, v in cellules if c.table == "credits"
    ]
    blocs = table_simulee(lignes, 200, complet=True).split("\n\n")
    lus = {}
    for bloc in blocs:
        entete, _, *rangees = (re.split(r" {2,}", ligne) for ligne in bloc.splitlines())
        lus[entete[0].split()[1]] = [(nom, _centimes(reel)) for nom, reel, _, _ in rangees]
    for annee in MEMOIRE:
        assert sum(_termes(lus[annee])) == dict(lus[annee])["AE disponibles"]
