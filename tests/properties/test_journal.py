"""Les invariants 9 à 12 du contrat : positions, temps, refus, identifiants, rejeu."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import reduce
from itertools import accumulate
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands import GrandLivre
from commands.cliches import cliche_de
from commands.testing.contexte import PROGRAMME, Contexte
from commands.testing.histoires import Histoire, histoires, lire_faits
from commands.testing.strategies import autrement, commandes, invalides
from ledger import Journal, MemoryStore, Programme, SQLiteStore, evolve
from ledger.cliche import de_octets, en_octets
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN, Json
from projections.parallele import joindre, travailler
from projections.pli import Pli, Situation, plier
from projections.testing.chiffres import chiffres
from tests.properties.exemples import OUVERTURE
from tests.properties.outils import octets, racine, reglages, reponse
from tests.properties.processus import lancer, lire

EXEMPLES = 50
ENVIRONNEMENTS = (
    {"PYTHONHASHSEED": "0", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONUTF8": "0"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/Adak", "LC_ALL": "tr_TR.UTF-8", "LANG": "fr_FR"},
    {"PYTHONHASHSEED": "7", "TZ": "Europe/Paris", "LC_ALL": "C.UTF-8", "PYTHONOPTIMIZE": "1"},
)

SANS_EFFET: Json = {
    "commande": "GelerCrédits",
    "id_commande": "gel",
    "programme": PROGRAMME,
    "acteur": {"id": "ana", "role": "systeme"},
    "date_effet": JOUR_MAX.isoformat(),
    "exercice": JOUR_MAX.year,
    "ae_centimes": 0,
    "cp_centimes": 0,
    "source": "décret",
}
"""A freeze of nothing: accepted by itself."""

OUVERTURE_VOISINE: Json = OUVERTURE | {"programme": "voisin"}
"""Another programme of the same base."""


@contextmanager
def _dossier() -> Iterator[Path]:
    """A folder for one example (`tmp_path` would be shared by all of them)."""
    dossier = Path(tempfile.mkdtemp(prefix="fabriques-"))
    try:
        yield dossier
    finally:
        shutil.rmtree(dossier)


def _tables(base: Path) -> list[Any]:
    """Every row of both tables, read without our code."""
    connexion = sqlite3.connect(f"file:{base}?mode=ro", uri=True)
    try:
        noms = ("sqlite_master", "stored_events", "fabriques_commandes")
        return [connexion.execute(f"SELECT * FROM {nom}").fetchall() for nom in noms]  # noqa: S608
    finally:
        connexion.close()


@reglages(EXEMPLES)
@given(data=st.data(), secondes=st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_9_les_positions_se_suivent_et_le_temps_ne_recule_pas(
    data: st.DataObject, secondes: list[int]
) -> None:
    """Positions 1 à N sans trou ; l'heure inscrite est la plus grande lue, même si elle recule."""
    histoire = data.draw(histoires(secondes=secondes))
    lignes = [*histoire.store.lire(PROGRAMME)]
    assert [*range(1, len(histoire.faits) + 1)] == [ligne.position for ligne in lignes]
    attendues = [*accumulate(histoire.horloge.lues, max)]
    assert attendues == [fait.enregistre_le for fait in histoire.faits]


@reglages(EXEMPLES)
@given(data=st.data(), histoire=histoires(maximum=25))
def test_10_une_commande_refusee_laisse_tout_en_l_etat(
    data: st.DataObject, histoire: Histoire
) -> None:
    """Une commande refusée ne change ni un octet du journal, ni un chiffre."""
    with _dossier() as dossier, GrandLivre.ouvrir(dossier / "b.db", creer=True) as livre:
        livre.executer_lot(histoire.acceptees)
        avant, lus = _tables(dossier / "b.db"), chiffres(livre.store)
        for _ in range(6):
            contexte = Contexte(
                etat=livre.etat(PROGRAMME),
                faits=histoire.faits,
                numero=data.draw(st.sampled_from((1_000, 2))),
            )
            commande = data.draw(commandes(contexte=contexte))
            if data.draw(st.booleans()):
                commande = data.draw(invalides(commande=commande))
            if livre.bifurquer().executer(commande).refus is not None:
                assert livre.executer(commande).refus is not None
            lot = [SANS_EFFET, commande]  # what comes first may make the second one possible
            if livre.bifurquer().executer_lot(lot, atomique=True)[0].refus is not None:
                assert livre.executer_lot(lot, atomique=True)[0].refus is not None
        assert avant == _tables(dossier / "b.db")
        assert lus == chiffres(livre.store)


@reglages(EXEMPLES)
@given(data=st.data(), histoire=histoires(maximum=25))
def test_11_le_meme_identifiant_ne_fait_qu_un_fait(data: st.DataObject, histoire: Histoire) -> None:
    """La même commande, renvoyée par quiconque, rend le premier reçu et n'écrit rien."""
    avant = octets(histoire.store)
    paires = zip(histoire.commandes, histoire.recus, strict=True)
    for commande, premier in [(c, r) for c, r in paires if r.statut == "acceptee"]:
        neuf = GrandLivre(histoire.store, clock=Horloge())
        livre = data.draw(st.sampled_from((histoire.livre, neuf)))
        recu = livre.executer(data.draw(autrement(commande=commande)))
        assert premier.en_json() | {"statut": "deja_executee"} == recu.en_json()
        autre = commande | {"acteur": {"id": "zoé", "role": "controleur"}}
        assert reponse(livre.executer(autre)) == ("refusee", "commande_divergente", [])
    assert avant == octets(histoire.store)


@reglages(3)
@given(histoire=histoires())
def test_11_bis_deux_processus_qui_envoient_la_meme_suite_n_en_font_qu_une(
    histoire: Histoire,
) -> None:
    """Deux processus simultanés qui envoient les mêmes commandes les inscrivent une seule fois."""
    with _dossier() as dossier:
        with GrandLivre.ouvrir(dossier / "b.db", creer=True, clock=Horloge()) as livre:
            livre.executer(OUVERTURE_VOISINE)  # the base exists: creating it is another matter
        travail = {"base": str(dossier / "b.db"), "commandes": histoire.acceptees, "lot": 2}
        processus = [lancer([travail]), lancer([travail])]
        reponses = [lire(p)[0] for p in processus]
        statuts = [[recu["statut"] for recu in r["recus"]] for r in reponses]
        un_seul = [sorted(paire) for paire in zip(*statuts, strict=True)]
        assert [["acceptee", "deja_executee"]] * len(histoire.faits) == un_seul
        positions = [[recu["positions"] for recu in r["recus"]] for r in reponses]
        assert positions[0] == positions[1]
        store = SQLiteStore(dossier / "b.db", ecriture=False)
        try:
            assert len(histoire.faits) == len(lire_faits(store))
            assert chiffres(histoire.store) == chiffres(store)
        finally:
            store.fermer()


def _a_deux(histoire: Histoire, coupe: int, au: date | None) -> Situation:
    """The situation of a journal whose second part another process would have folded."""
    journal, pli = Journal(histoire.store, PROGRAMME), Pli(au=au)
    for page in journal.par_pages(jusqua=coupe):
        pli.prendre(page)
    for octets_lus in travailler(histoire.store, PROGRAMME, coupe, len(histoire.faits), au):
        assert joindre(journal, pli, octets_lus) == (coupe < len(histoire.faits))
    entier = Journal(histoire.store, PROGRAMME)
    assert list(entier.rattraper()) == list(histoire.positions())
    vus = [(j.tete, j.dernier_instant, j.fondations, j.arbre.racine()) for j in (journal, entier)]
    assert vus[0] == vus[1]
    return pli.situation()


def _par_un_cliche(histoire: Histoire, coupe: int, prefixe: Programme) -> None:
    """Going on from a snapshot kept at a position gives what reading everything gives."""
    lu, entier = (Journal(histoire.store, PROGRAMME) for _ in range(2))
    assert len(list(lu.rattraper(jusqua=coupe))) == coupe
    cliche = de_octets(en_octets(cliche_de(lu, prefixe)))
    suite = Journal.depuis(histoire.store, PROGRAMME, cliche)
    etat = cliche.etat
    for _, fait in suite.rattraper():
        etat = evolve(etat, fait)
    assert etat == histoire.livre.etat(PROGRAMME)
    assert list(entier.rattraper()) == list(histoire.positions())
    for taille in (entier.taille, coupe, coupe // 2):  # the last one reads the past again
        assert suite.arbre.racine(taille) == entier.arbre.racine(taille)
    vus = [(j.tete, j.dernier_instant, j.fondations, j.arbre.feuilles()) for j in (suite, entier)]
    assert vus[0] == vus[1]


@reglages(EXEMPLES)
@given(data=st.data(), histoire=histoires(), au=st.none() | st.dates(JOUR_MIN, JOUR_MAX))
def test_12_rejouer_depuis_tout_prefixe_rend_l_etat_vivant(
    data: st.DataObject, histoire: Histoire, au: date | None
) -> None:
    """Tout préfixe puis le reste, par lots quelconques, rendent l'état et les mêmes octets."""
    faits = histoire.faits
    coupe = data.draw(st.integers(0, len(faits)))
    prefixe = reduce(evolve, faits[:coupe], Programme(slug=PROGRAMME))
    assert histoire.livre.etat(PROGRAMME) == reduce(evolve, faits[coupe:], prefixe)
    inscrits = [*histoire.positions()]
    situation = plier(inscrits[:coupe], au=au)
    assert plier(inscrits, au=au) == plier(inscrits[coupe:], au=au, depuis=situation)
    assert situation == plier(inscrits[:coupe], au=au)  # the prefix itself was left as it was
    assert plier(inscrits, au=au) == _a_deux(histoire, coupe, au)
    if coupe:
        _par_un_cliche(histoire, coupe, prefixe)
    copie = MemoryStore()
    lot = data.draw(st.integers(1, 20))
    recus = [*GrandLivre(copie, clock=Horloge()).executer_flux(histoire.commandes, lot=lot)]
    assert [recu.en_json() for recu in histoire.recus] == [recu.en_json() for recu in recus]
    assert octets(histoire.store) == octets(copie)


@reglages(EXEMPLES // 2)
@given(data=st.data(), histoire=histoires(maximum=25))
def test_12_bis_sqlite_et_memoire_gardent_les_memes_octets(
    data: st.DataObject, histoire: Histoire
) -> None:
    """Une base SQLite, fermée et rouverte au milieu, garde les octets de celle en mémoire."""
    coupe = data.draw(st.integers(1, len(histoire.commandes)))
    horloge = Horloge()
    with _dossier() as dossier:
        for moitie in (histoire.commandes[:coupe], histoire.commandes[coupe:]):
            with GrandLivre.ouvrir(dossier / "b.db", creer=True, clock=horloge) as livre:
                livre.executer_lot(moitie)
        store = SQLiteStore(dossier / "b.db", ecriture=False)
        try:
            assert octets(histoire.store) == octets(store)
            assert chiffres(histoire.store) == chiffres(store)
        finally:
            store.fermer()


@reglages(2)
@given(lot=st.integers(1, 9), suite=st.lists(histoires(), min_size=3, max_size=3))
def test_12_ter_ni_le_hachage_ni_le_fuseau_ni_la_langue_ne_changent_rien(
    lot: int, suite: list[Histoire]
) -> None:
    """Graine de hachage, fuseau, langue : mêmes reçus, mêmes chiffres, même racine."""
    travaux: list[Json] = [
        {"base": None, "commandes": histoire.commandes, "lot": lot} for histoire in suite
    ]
    attendus = [
        {
            "recus": [recu.en_json() for recu in histoire.recus],
            "chiffres": chiffres(histoire.store),
            "racine": racine(histoire.store).hex(),
        }
        for histoire in suite
    ]
    processus = [lancer(travaux, env) for env in ENVIRONNEMENTS]
    for lance in processus:
        assert attendus == lire(lance)
