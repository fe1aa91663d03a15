"""Plusieurs machines écrivent : un seul gagne, les autres apprennent pourquoi."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from commands import GrandLivre
from ledger import StoreError, VersionConflictError
from ledger.audit import verifier
from ledger.stockage.adresse import Adresse
from ledger.stockage.port import Ecriture
from ledger.stockage.postgres import PostgresStore
from ledger.testing.contrat import ecriture
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import REGLES, P
from tests.unit.processus import course, ensemble
from tests.unit.processus_fork import dans_un_enfant, dire

from .serveur import Serveur

PROCESSUS = 8


def test_huit_processus_se_disputent_le_dernier_euro(url_nue: str) -> None:
    """Huit processus, sur une base sans table : une ouverture, un label, sept refus motivés."""
    regles = REGLES | {"enveloppe_centimes": 15_000_000}
    ouverture: dict[str, Any] = {"jour": "2019-07-11", "regles": regles}
    plans = [
        (
            url_nue,
            commande("OuvrirProgramme", f"ouvre-{n}", **ouverture),
            commande("ModifierEnveloppe", "la-meme", variation_centimes=-1),
            commande("DéposerCandidature", f"depose-{n}", structure=f"s{n}"),
            commande("ModifierEnveloppe", "la-meme-aussi", variation_centimes=1),
            commande("LabelliserFabrique", f"label-{n}", structure=f"s{n}"),
        )
        for n in range(PROCESSUS)
    ]
    manches = list(zip(*ensemble(course, *plans), strict=True))
    reste = PROCESSUS - 1
    assert [sorted((r[0], r[1] or "") for r in manche) for manche in manches] == [
        [("acceptee", ""), *[("refusee", "programme_existant")] * reste],
        [("acceptee", ""), *[("deja_executee", "")] * reste],
        [("acceptee", "")] * PROCESSUS,
        [("acceptee", ""), *[("deja_executee", "")] * reste],
        [("acceptee", ""), *[("refusee", "enveloppe_depassee")] * reste],
    ]
    with GrandLivre.ouvrir(url_nue) as livre:
        rapport = verifier(livre.store, P)
        assert (rapport.conforme, rapport.taille) == (True, 4 + PROCESSUS)


def test_trente_deux_appelants_partagent_des_transactions(url: str) -> None:
    """Trente-deux fils sur une poignée : chacun son reçu, aucune position ne manque."""
    fils, chacun = 32, 6
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))

        def appeler(fil: int) -> list[int]:
            return [
                livre.executer(commande("ModifierEnveloppe", f"{fil}-{n}")).positions[0]
                for n in range(chacun)
            ]

        with ThreadPoolExecutor(fils) as bassin:
            positions = [p for liste in bassin.map(appeler, range(fils)) for p in liste]
        assert sorted(positions) == [*range(2, 2 + fils * chacun)]
        assert verifier(livre.store, P).conforme


def test_deux_poignees_ecrivent_a_deux_programmes_sans_s_attendre(url: str) -> None:
    """Une transaction qui tient un programme n'en retarde aucun autre."""
    store = PostgresStore(url, attente=0.2)
    with psycopg.connect(url) as tenue:
        tenue.execute("INSERT INTO fabriques.stored_events VALUES ('a', 1, 't', '{}')")
        store.ajouter([ecriture("b", 1)])
        with pytest.raises(StoreError, match="verrouillée"):
            store.ajouter([ecriture("a", 1)])
        tenue.rollback()
    store.ajouter([ecriture("a", 1)])
    assert store.programmes() == ("a", "b")
    store.fermer()


def test_deux_ecrivains_croises_ne_se_bloquent_pas(url: str) -> None:
    """Deux poignées qui ajoutent aux mêmes programmes, en ordre inverse, finissent toutes deux."""
    tours = 20
    perdants: list[str] = []
    depart = threading.Barrier(2)

    def ecrire(noms: tuple[str, ...], ids: str) -> int:
        store = PostgresStore(url)
        gagnes = 0
        for n in range(1, tours + 1):
            depart.wait()
            lot: list[Ecriture] = [ecriture(nom, n, ids=ids) for nom in noms]
            try:
                store.ajouter(lot)
                gagnes += 1
            except VersionConflictError:
                perdants.append(ids)
        store.fermer()
        return gagnes

    with ThreadPoolExecutor(2) as bassin:
        comptes = bassin.map(ecrire, (("p1", "p2"), ("p2", "p1")), ("g", "d"))
    assert (sum(comptes), len(perdants)) == (tours, tours)


def test_un_ecrivain_prend_les_programmes_dans_l_ordre(url: str, serveur: Serveur) -> None:
    """Qui attend le premier programme n'en tient encore aucun autre, quel que soit l'ordre donné :
    deux écrivains croisés ne peuvent donc pas s'attendre l'un l'autre."""
    attend = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        f"AND datname = '{Adresse(url).base}'"
    )
    with psycopg.connect(url) as tenue, ThreadPoolExecutor(1) as bassin:
        tenue.execute("INSERT INTO fabriques.stored_events VALUES ('a', 1, 't', '{}')")
        croise, droit = PostgresStore(url), PostgresStore(url, attente=0.5)
        fait = bassin.submit(croise.ajouter, [ecriture("b", 1), ecriture("a", 1)])
        while not serveur.sql(attend):
            threading.Event().wait(0.01)
        droit.ajouter([ecriture("b", 1)])
        tenue.rollback()
        with pytest.raises(VersionConflictError):
            fait.result()
        assert droit.programmes() == ("b",)
        croise.fermer()
        droit.fermer()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_un_enfant_ne_se_sert_pas_de_la_base_de_son_parent(url: str) -> None:
    """Dans un processus enfant, toute opération dit base_apres_fork ; le parent continue."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        store = livre.store
        operations = (
            lambda: livre.executer(commande("ModifierEnveloppe", "m")),
            store.programmes,
            lambda: list(store.pages(P)),
            lambda: store.retrouver(P, ["o"]),
            lambda: list(store.index()),
            lambda: store.ajouter([]),
            store.controler,
        )
        dits = dans_un_enfant(lambda: " ".join(sorted({dire(faire) for faire in operations})))
        assert dits == "base_apres_fork"
        assert dans_un_enfant(lambda: dire(livre.fermer)) == "None"
        assert livre.executer(commande("ModifierEnveloppe", "m")).acceptee


def test_une_poignee_fermee_le_dit(store: PostgresStore) -> None:
    """Après la fermeture, deux fois comprise, toute opération dit base_fermee."""
    store.ajouter([ecriture("p", 1)])
    store.fermer()
    store.fermer()
    for faire in (store.programmes, lambda: store.ajouter([]), lambda: list(store.lire("p"))):
        assert dire(faire) == "base_fermee"
