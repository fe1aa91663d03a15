"""La connexion perdue à n'importe quel moment d'une commande : un fait, un reçu, une fois renvoyée.

Une panne est posée à chaque appel de psycopg, avant ou après qu'il a eu lieu, une fois ou pour
longtemps ; puis pour de vrai, par le serveur qui coupe ou qui meurt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from commands import GrandLivre, Recu
from ledger import StoreError
from ledger.audit import verifier
from ledger.erreurs import StoreReplacedError, StoreUnreachableError
from ledger.stockage.postgres import PostgresStore
from ledger.stockage.postgres_session import Connexion
from ledger.testing.contrat import ecriture
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .conftest import base_neuve
from .serveur import Serveur, dossier_de_serveur, nouveau

APPELS = ("connect", "execute", "fetchone", "fetchall")
MANQUE = "exprès"


class Panne:
    """Cuts the connection at the `rang`-th call of psycopg (from 1), for `duree` calls."""

    def __init__(self, rang: int, *, apres: bool, duree: int) -> None:
        self.rang, self.apres, self.duree = rang, apres, duree
        self.vus = 0

    def autour(self, faire: Callable[[], Any], connexion: psycopg.Connection[Any] | None) -> Any:
        """Do the call, or cut before it, or cut after it and lose its answer."""
        self.vus += 1
        if not self.rang <= self.vus < self.rang + self.duree:
            return faire()
        rendu = faire() if self.apres else None
        if connexion is None and isinstance(rendu, psycopg.Connection):
            connexion = rendu
        if connexion is not None:
            connexion.pgconn.finish()
        raise psycopg.OperationalError(MANQUE)


@contextmanager
def posee(panne: Panne) -> Iterator[None]:
    """Every call of psycopg goes through the fault."""
    with pytest.MonkeyPatch.context() as m:
        for nom in ("execute", "fetchone", "fetchall"):
            vrai = getattr(psycopg.Cursor, nom)

            def passer(curseur: Any, *a: Any, _vrai: Any = vrai, **k: Any) -> Any:
                return panne.autour(lambda: _vrai(curseur, *a, **k), curseur.connection)

            m.setattr(psycopg.Cursor, nom, passer)
        connecter = Connexion.connect

        def ouvrir(*a: Any, **k: Any) -> Any:
            return panne.autour(lambda: connecter(*a, **k), None)

        m.setattr(Connexion, "connect", ouvrir)
        yield


def ouvrir(url: str) -> GrandLivre:
    """A programme of one event, warm."""
    livre = GrandLivre.ouvrir(url)
    livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    return livre


def renvoyer(livre: GrandLivre, envoi: dict[str, Any]) -> Recu:
    """Send until there is a receipt."""
    while True:
        try:
            return livre.executer(envoi)
        except StoreError:
            continue


def appels_d_une_commande(serveur: Serveur) -> int:
    """How many calls one warm command and its reading make."""
    with ouvrir(base_neuve(serveur)) as livre:
        compteur = Panne(10_000, apres=False, duree=0)
        with posee(compteur):
            livre.executer(commande("ModifierEnveloppe", "m"))
        return compteur.vus


@pytest.mark.parametrize("duree", [1, 6])
@pytest.mark.parametrize("apres", [False, True], ids=["avant", "apres"])
def test_une_coupure_a_chaque_appel_ne_perd_ni_ne_double_rien(
    apres: bool, duree: int, serveur: Serveur
) -> None:
    """Coupée avant ou après chacun de ses appels, une commande renvoyée fait un fait et un reçu."""
    url = base_neuve(serveur)
    nombre = appels_d_une_commande(serveur)
    assert nombre >= 3  # insert, its counts, the notice
    with ouvrir(url) as livre:
        for rang in range(1, nombre + 6):
            envoi = commande("ModifierEnveloppe", f"m{rang}")
            panne = Panne(rang, apres=apres, duree=duree)
            with posee(panne):
                recu = renvoyer(livre, envoi)
            assert recu.statut in ("acceptee", "deja_executee")
            assert recu.positions == (rang + 1,)
            assert livre.executer(envoi).positions == recu.positions
            assert livre.executer(envoi).racine == recu.racine
        assert livre.journal(P).taille == nombre + 6
        assert verifier(livre.store, P).conforme


def test_une_panne_qui_dure_est_dite_et_ne_s_eternise_pas(url: str) -> None:
    """Une panne qui dure est une erreur nommée, après deux essais, avec de quoi continuer."""
    with ouvrir(url) as livre:
        panne = Panne(1, apres=False, duree=10_000)
        with posee(panne), pytest.raises(StoreUnreachableError) as erreur:
            livre.executer(commande("ModifierEnveloppe", "m"))
        assert panne.vus == 2
        assert "renvoyer la même commande" in erreur.value.remede
        assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (2,)


def couper(serveur: Serveur, url: str, attend: str = "") -> int:
    """Make the server end every session on a database, or those that wait for something."""
    nom = url.split("?", maxsplit=1)[0].rpartition("/")[2]
    suite = f"AND wait_event_type = '{attend}'" if attend else ""
    return len(
        serveur.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{nom}' AND application_name LIKE 'fabriques%' {suite}"
        )
    )


def test_une_session_coupee_par_le_serveur_se_rouvre_sans_bruit(url: str, serveur: Serveur) -> None:
    """Sessions coupées entre deux commandes : la suivante passe, l'appelant n'en sait rien."""
    with ouvrir(url) as livre:
        for n in range(3):
            assert couper(serveur, url) >= 1
            assert livre.executer(commande("ModifierEnveloppe", f"m{n}")).statut == "acceptee"
            couper(serveur, url)
            assert livre.etat(P).position == n + 2


def test_une_session_coupee_pendant_son_ecriture_ecrit_une_fois(url: str, serveur: Serveur) -> None:
    """Coupée pendant qu'elle attend un verrou, une écriture reprend et n'a lieu qu'une fois."""
    store = PostgresStore(url)
    with psycopg.connect(url) as tenue:
        tenue.execute("INSERT INTO fabriques.stored_events VALUES ('p', 1, 't', '{}')")
        fil = threading.Thread(target=lambda: store.ajouter([ecriture("p", 1)]))
        fil.start()
        while not couper(serveur, url, attend="Lock"):
            pass
        tenue.rollback()
    fil.join()
    assert [ligne.octets for ligne in store.lire("p")] == [b'{"n":1}']
    store.fermer()


def test_un_serveur_tue_en_plein_travail_garde_ce_qui_est_acquitte() -> None:
    """Serveur tué et relancé sous huit écrivains : rien d'acquitté ne manque, rien n'est double."""
    with dossier_de_serveur() as (binaires, dossier):
        pg = nouveau(binaires, dossier, "tue")
        pg.initialiser()
        pg.demarrer()
        acquittes: dict[str, tuple[int, ...]] = {}
        try:
            with GrandLivre.ouvrir(pg.url(), creer=True) as livre:
                livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
                assert isinstance(livre.store, PostgresStore)
                ouvrir_ailleurs = livre.store.partager().ouvrir
                assez, mort = threading.Event(), threading.Event()

                def ecrire(fil: int) -> None:
                    n = 0
                    while not mort.is_set():
                        envoi = commande("ModifierEnveloppe", f"{fil}-{n}")
                        try:
                            acquittes[f"{fil}-{n}"] = livre.executer(envoi).positions
                        except StoreError:
                            return
                        n += 1
                        if len(acquittes) >= 100:
                            assez.set()

                fils = [threading.Thread(target=ecrire, args=(fil,)) for fil in range(8)]
                for fil in fils:
                    fil.start()
                assert assez.wait(30)
                pg.tuer()
                mort.set()
                for fil in fils:
                    fil.join()
            pg.demarrer()
            with pytest.raises(StoreReplacedError, match="n'est plus le même"):
                ouvrir_ailleurs()  # same place, same data, another run: not what its caller read
            with GrandLivre.ouvrir(pg.url()) as livre:
                for identifiant, positions in acquittes.items():
                    recu = livre.executer(commande("ModifierEnveloppe", identifiant))
                    assert (recu.statut, recu.positions) == ("deja_executee", positions)
                assert verifier(livre.store, P).conforme
        finally:
            pg.arreter("immediate")


def test_une_base_remise_en_arriere_est_dite(url: str, serveur: Serveur) -> None:
    """Un serveur qui n'a plus ce qui fut lu : ni écriture, ni refus, ni ancien reçu n'en sort."""
    with ouvrir(url) as livre, ouvrir(base_neuve(serveur)) as autre:
        for n in range(5):
            livre.executer(commande("ModifierEnveloppe", f"m{n}"))
        autre.executer(commande("ModifierEnveloppe", "m0"))
        bassins = [livre.store._bassin, autre.store._bassin]  # type: ignore[attr-defined]
        bassins[0]._conninfo = bassins[1]._conninfo  # the name leads to another server
        couper(serveur, url)
        for envoi in (
            commande("ModifierEnveloppe", "neuve"),
            commande("ModifierEnveloppe", "m0"),
            commande("LabelliserFabrique", "refusee"),
        ):
            with pytest.raises(StoreReplacedError):
                livre.executer(envoi)
        assert autre.journal(P).taille == 2


def test_une_session_videe_de_ses_requetes_se_rouvre_et_ecrit_une_fois(url: str) -> None:
    """DISCARD ALL dans la session, comme le ferait un intermédiaire : la commande a lieu, une fois,
    les lectures aussi."""
    with ouvrir(url) as livre:
        for n in range(3):
            with livre.store._bassin.connection() as connexion:  # type: ignore[attr-defined]
                connexion.execute("DISCARD ALL")
            assert livre.executer(commande("ModifierEnveloppe", f"m{n}")).positions == (n + 2,)
            with livre.store._bassin.connection() as connexion:  # type: ignore[attr-defined]
                connexion.execute("DISCARD ALL")
            assert livre.store.programmes() == (P,)


def test_un_bassin_entier_coupe_se_refait_pour_chaque_lecture(url: str, serveur: Serveur) -> None:
    """Toutes les connexions d'une poignée mortes à la fois : chaque opération passe."""
    with ouvrir(url) as livre:
        bassin = livre.store._bassin  # type: ignore[attr-defined]
        for faire in (
            livre.store.programmes,
            lambda: livre.store.taille(P),
            lambda: livre.store.retrouver(P, ["o"]),
            lambda: list(livre.store.index()),
            lambda: livre.store.controler() or 1,
        ):
            with bassin.connection(), bassin.connection(), bassin.connection():
                pass
            assert couper(serveur, url) >= 3
            assert faire()
