"""Le service d'exemple, par de vraies requêtes HTTP : réponses perdues, arrêts, concurrence."""

from __future__ import annotations

import logging
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre
from ledger import Journal, SQLiteStore
from ledger.audit import verifier
from ledger.testing.valeurs import Json
from tests.docs.serveur import Client, ecoute, lancer, port_de, reseau, servir
from tests.properties.exemples import DEPOT, OUVERTURE

LABEL: Json = {
    **{nom: DEPOT[nom] for nom in ("programme", "acteur", "date_effet", "structure")},
    "commande": "LabelliserFabrique",
    "id_commande": "l1",
    "montant_centimes": 30,
}
CLIENTS = 6
DEPOTS = 5


def depot(numero: int) -> Json:
    """The application of one more structure."""
    return DEPOT | {"id_commande": f"d{numero}", "structure": f"s{numero}"}


def faits_de(base: Path) -> list[Any]:
    """Every fact of the base, after the audit found nothing wrong."""
    store = SQLiteStore(base, ecriture=False)
    try:
        assert verifier(store, "fabriques").conforme
        return [fait for _, fait in Journal(store, "fabriques").rattraper()]
    finally:
        store.fermer()


def ouvrir(base: Path) -> GrandLivre:
    """The ledger of the service."""
    return GrandLivre.ouvrir(base, creer=True)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base that does not exist yet."""
    return tmp_path / "service.db"


def test_le_statut_dit_ce_que_le_client_fait_ensuite(base: Path) -> None:
    """200 fait ou déjà fait, 409 refusé avec code et remède, 422 à corriger."""
    with servir(lambda: ouvrir(base)) as port:
        client = Client(port)
        premiere, encore = client.executer(OUVERTURE), client.executer(OUVERTURE)
        assert (premiere.statut, premiere.corps["statut"]) == (200, "acceptee")
        assert (encore.statut, encore.corps["statut"]) == (200, "deja_executee")
        assert premiere.corps | {"statut": "deja_executee"} == encore.corps
        refusee = client.executer(LABEL)
        assert (refusee.statut, refusee.corps["code"]) == (409, "structure_inconnue")
        assert "s1" in refusee.corps["message"]
        trop = client.executer(OUVERTURE | {"source": "autre"})
        assert (trop.statut, trop.corps["code"]) == (409, "commande_divergente")
        assert trop.corps["remede"] != ""
        for corps in (b"{", b"[]", b'{"commande": "Danser"}', b"\xff", b" " * 1_000_001):
            recue = client.demander("POST", "/commandes", corps)
            assert (recue.statut, recue.corps["code"]) == (422, "commande_invalide")
        flottant = client.executer(LABEL | {"montant_centimes": 30.0})
        assert (flottant.statut, flottant.corps["id_commande"]) == (422, "l1")
    assert len(faits_de(base)) == 1


def test_les_quatre_chiffres_se_lisent_a_deux_dates(base: Path) -> None:
    """Chaque chiffre se lit à une date d'effet et tel que connu à une position."""
    with servir(lambda: ouvrir(base)) as port:
        client = Client(port)
        for commande in (OUVERTURE, DEPOT, LABEL):
            assert client.executer(commande).statut == 200
        assert client.lire("/enveloppe")["disponible_centimes"] == 10
        assert client.lire("/enveloppe?connu_au=2")["disponible_centimes"] == 40
        assert client.lire("/enveloppe?au=2018-12-31")["disponible_centimes"] == 0
        assert [ligne["exercice"] for ligne in client.lire("/credits")] == [2019]
        [ligne] = client.lire("/structures?au=2019-01-01&connu_au=2")
        assert (ligne["structure"], ligne["etat"]) == ("s1", "deposee")
        [tranche] = client.lire("/echeanciers/s1")["tranches"]
        assert (tranche["montant_centimes"], tranche["echeance"]) == (30, "2019-01-01")
        for faux in ("/enveloppe?au=hier", "/enveloppe?connu_au=x", "/echeanciers/inconnue"):
            recue = client.demander("GET", faux)
            assert (recue.statut, recue.corps["code"]) == (422, "usage"), faux


def test_une_base_occupee_se_dit_et_la_meme_commande_passe_ensuite(base: Path) -> None:
    """503 avec Retry-After tant qu'un autre tient la base ; la même commande passe après."""
    with servir(lambda: ouvrir(base)) as port:
        assert Client(port).executer(OUVERTURE).statut == 200
    impatient = SQLiteStore(base, attente=0)
    with servir(lambda: GrandLivre(impatient)) as port:
        client = Client(port)
        intrus = sqlite3.connect(base, isolation_level=None)
        try:
            intrus.execute("BEGIN IMMEDIATE")
            occupee = client.executer(DEPOT)
            intrus.execute("ROLLBACK")
        finally:
            intrus.close()
        assert (occupee.statut, occupee.corps["code"]) == (503, "base_verrouillee")
        assert occupee.entetes["retry-after"] == "1"
        assert client.executer(DEPOT).corps["statut"] == "acceptee"
    assert len(faits_de(base)) == 2


def test_une_reponse_perdue_ne_fait_pas_deux_faits(base: Path) -> None:
    """La réponse se perd après l'écriture ; le client renvoie : un seul fait, le premier reçu."""
    with (
        servir(lambda: ouvrir(base)) as port,
        reseau(port, perdre=lambda n: n in {1, 2, 4}) as perdant,
    ):
        client = Client(perdant)
        recu = client.executer(OUVERTURE).corps
        assert client.perdues == 2
        assert (recu["statut"], recu["positions"]) == ("deja_executee", [1])
        assert client.executer(DEPOT).corps["positions"] == [2]
        assert client.perdues == 3
    assert [fait.id_commande for fait in faits_de(base)] == ["c0", "c1"]


def test_des_clients_concurrents_sur_un_reseau_qui_perd(base: Path) -> None:
    """Six clients, deux réponses sur trois perdues : chaque commande fait un fait, et un seul."""
    with (
        servir(lambda: ouvrir(base)) as port,
        reseau(port, perdre=lambda n: n % 3 != 0) as perdant,
        ThreadPoolExecutor(CLIENTS) as fils,
    ):
        Client(port).executer(OUVERTURE)
        clients = [Client(perdant, essais=500) for _ in range(CLIENTS)]

        def deposer(rang: int) -> list[Json]:
            # two clients send each command
            voulus = [depot(rang // 2 * DEPOTS + i) for i in range(DEPOTS)]
            return [clients[rang].executer(commande).corps for commande in voulus]

        recus = [recu for suite in fils.map(deposer, range(CLIENTS)) for recu in suite]
        assert sum(client.perdues for client in clients) > 0
        assert len(Client(port).lire("/structures")) == CLIENTS // 2 * DEPOTS
    faits = faits_de(base)
    assert {recu["statut"] for recu in recus} <= {"acceptee", "deja_executee"}
    assert len(faits) == 1 + CLIENTS // 2 * DEPOTS
    positions = {fait.id_commande: [rang] for rang, fait in enumerate(faits, start=1)}
    assert len(positions) == len(faits)
    assert all(recu["positions"] == positions[recu["id_commande"]] for recu in recus)


def test_un_serveur_tue_entre_deux_essais_ne_paie_qu_une_fois(base: Path) -> None:
    """Tué après l'écriture et avant la réponse, puis relancé : le même envoi a le premier reçu."""
    with ecoute() as prise:
        serveur = lancer(base, prise)
        try:
            direct = Client(port_de(prise))
            direct.executer(OUVERTURE)
            with (
                reseau(port_de(prise), perdre=lambda _: True) as muet,
                pytest.raises(ConnectionError, match="1 essais sans réponse"),
            ):
                Client(muet, essais=1).executer(DEPOT)
            serveur.send_signal(signal.SIGKILL)
            serveur.wait()
            serveur = lancer(base, prise)
            recu = direct.executer(DEPOT)
            assert (recu.statut, recu.corps["statut"]) == (200, "deja_executee")
            assert recu.corps["positions"] == [2]
        finally:
            serveur.kill()
            serveur.wait()
    assert [fait.id_commande for fait in faits_de(base)] == ["c0", "c1"]


def test_l_arret_ferme_la_base(base: Path) -> None:
    """Une fois le service arrêté, sa poignée est fermée."""
    livre = ouvrir(base)
    with servir(lambda: livre) as port:
        Client(port).executer(OUVERTURE)
    with pytest.raises(Exception, match="ferm"):
        livre.executer(DEPOT)


def test_l_identifiant_de_correlation_suit_la_requete(
    base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """L'identifiant reçu suit la commande et la réponse ; à défaut, il en vient un neuf."""
    caplog.set_level(logging.INFO, logger="ledger.commandes")
    with servir(lambda: ouvrir(base)) as port:
        client = Client(port)
        dit = client.executer(OUVERTURE, **{"X-Correlation-Id": "dossier-42"})
        neuf = client.executer(DEPOT)
        mauvais = client.executer(DEPOT, **{"X-Correlation-Id": "a\tb" * 30})
    lignes = [getattr(e, "correlation", None) for e in caplog.records]
    rendus = [reponse.entetes["x-correlation-id"] for reponse in (dit, neuf, mauvais)]
    assert lignes == rendus
    assert rendus[0] == "dossier-42"
    assert [len(rendu) for rendu in rendus[1:]] == [36, 36]
