"""Un intermédiaire entre le programme et le serveur : par session il est servi, sinon refusé."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import psycopg
import pytest

from commands import GrandLivre
from ledger.audit import verifier
from ledger.erreurs import (
    StoreAccessError,
    StoreBusyError,
    StoreError,
    StoreUnreachableError,
    StoreUnsafeError,
)
from ledger.stockage import postgres_bassin, postgres_session
from ledger.stockage.adresse import Adresse
from ledger.stockage.postgres import PostgresStore
from ledger.stockage.postgres_bassin import Bassin
from ledger.stockage.postgres_erreurs import erreur_de_base
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .intermediaire import Intermediaire
from .serveur import Serveur


@pytest.mark.parametrize("ecriture", [True, False])
def test_un_intermediaire_qui_change_de_session_est_refuse_a_l_ouverture(
    ecriture: bool, url: str, serveur: Serveur
) -> None:
    """Par transaction : refus d'ouvrir, en lecture aussi, avec le remède ; aucun réglage n'est
    laissé dans une session qui sert à d'autres."""
    with Intermediaire(serveur, par_session=False) as milieu:
        with pytest.raises(StoreUnsafeError, match="change de session") as erreur:
            PostgresStore(milieu.url(url), ecriture=ecriture)
        assert "pool_mode = session" in erreur.value.remede
        with psycopg.connect(milieu.url(url), autocommit=True) as voisin:
            for reglage in ("default_transaction_read_only", "lock_timeout", "search_path"):
                dits = voisin.execute(f"SHOW {reglage}".encode()).fetchall()
                assert dits in ([("off",)], [("0",)], [('"$user", public',)])


@pytest.mark.parametrize("par_session", [True, False])
@pytest.mark.parametrize("ecriture", [True, False])
def test_un_intermediaire_qui_refuse_la_seconde_connexion_n_est_pas_cru(
    ecriture: bool, par_session: bool, url: str, serveur: Serveur
) -> None:
    """Sans seconde connexion, rien n'est su : refus d'ouvrir, rien n'est réglé dans la session, et
    le remède dit de réessayer."""
    with Intermediaire(serveur, par_session=par_session) as milieu:
        milieu.seconds = "refusés"
        with pytest.raises(StoreBusyError, match="refuse une seconde connexion") as erreur:
            PostgresStore(milieu.url(url), ecriture=ecriture)
        assert erreur.value.remede.startswith("Réessayer")
        milieu.seconds = "servis"
        with psycopg.connect(milieu.url(url), autocommit=True) as voisin:
            assert voisin.execute("SHOW lock_timeout").fetchall() == [("0",)]
        with nullcontext() if par_session else pytest.raises(StoreUnsafeError):
            PostgresStore(milieu.url(url), ecriture=ecriture).fermer()


def test_une_seconde_connexion_qui_attend_laisse_ouvrir_et_la_session_reste_gardee(
    url: str, serveur: Serveur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une seule place par session : la base s'ouvre. Rien n'étant prouvé, une autre session est
    refusée à la lecture suivante, et l'épreuve recommence à chaque connexion."""
    monkeypatch.setattr(postgres_session, "_PATIENCE", 0.1)
    monkeypatch.setattr(postgres_session, "_SURSIS", 0)
    with Intermediaire(serveur, par_session=True) as milieu:
        milieu.seconds = "en attente"
        with GrandLivre.ouvrir(milieu.url(url)) as livre:
            assert livre.executer(commande("OuvrirProgramme", "o", "2019-07-11")).acceptee
            assert livre.store.taille(P) == 1
            milieu.par_session, milieu.seconds = False, "servis"
            assert livre.store.taille(P) == 1  # gives its session back
            with psycopg.connect(milieu.url(url)) as autre:
                autre.execute("SELECT 1")  # takes it, and keeps it
                for _ in range(2):
                    with pytest.raises(StoreUnsafeError, match="change de session"):
                        livre.store.taille(P)


def test_une_connexion_coupee_pendant_l_epreuve_ne_prouve_rien(
    url: str, serveur: Serveur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notre connexion meurt pendant l'épreuve : l'erreur est dite, et la suivante est éprouvée."""
    vraie = postgres_session.eprouver

    def couper(adresse: Adresse, connexion: postgres_session.Connexion, conninfo: str) -> bool:
        serveur.sql(f"SELECT pg_terminate_backend({connexion.session})")
        return vraie(adresse, connexion, conninfo)

    with Intermediaire(serveur, par_session=True) as milieu:
        bassin = Bassin(Adresse(milieu.url(url)), ecriture=True, attente=1)
        with monkeypatch.context() as m:
            m.setattr(postgres_bassin, "eprouver", couper)
            with pytest.raises(psycopg.OperationalError):
                bassin.connecter()
        milieu.par_session = False
        with pytest.raises(StoreUnsafeError, match="change de session"):
            bassin.connecter()


def test_un_intermediaire_par_session_sert_tout_sans_requete_nommee(
    url: str, serveur: Serveur
) -> None:
    """Par session, tout marche ; aucune requête n'y porte un nom, qu'un autre pourrait porter."""
    with Intermediaire(serveur, par_session=True) as milieu:
        with GrandLivre.ouvrir(milieu.url(url)) as livre:
            livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
            fils = [
                threading.Thread(
                    target=livre.executer, args=(commande("ModifierEnveloppe", f"m{n}"),)
                )
                for n in range(8)
            ]
            for fil in fils:
                fil.start()
            for fil in fils:
                fil.join()
            assert livre.executer(commande("ModifierEnveloppe", "m0")).statut == "deja_executee"
            assert livre.journal(P).taille == 9
            assert verifier(livre.store, P).conforme
        assert milieu.nommees == []


def test_une_session_echangee_apres_l_ouverture_n_ecrit_rien(url: str, serveur: Serveur) -> None:
    """Réglé autrement sous une poignée ouverte, l'intermédiaire est dit, et rien n'est écrit ;
    remis comme il faut, la même poignée continue, et la même commande passe une fois."""
    with Intermediaire(serveur, par_session=True) as milieu:
        with GrandLivre.ouvrir(milieu.url(url)) as livre:
            livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
            milieu.par_session = False
            assert livre.store.taille(P) == 1  # gives its session back
            with psycopg.connect(milieu.url(url)) as autre:
                autre.execute("SELECT 1")  # takes it, and keeps it
                for identifiant in ("m", "m", "n"):
                    with pytest.raises(StoreUnsafeError, match="change de session"):
                        livre.executer(commande("ModifierEnveloppe", identifiant))
                assert PostgresStore(url, ecriture=False).taille(P) == 1
                milieu.par_session = True
                assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (2,)
        with GrandLivre.ouvrir(url) as livre:
            assert livre.executer(commande("ModifierEnveloppe", "m")).statut == "deja_executee"


@pytest.mark.parametrize(
    ("dit", "classe", "remede"),
    [
        ("FATAL:  query_wait_timeout", StoreBusyError, "intermédiaire"),
        ("FATAL:  no more connections allowed (max_client_conn)", StoreBusyError, "limite"),
        ("FATAL:  too many connections for role", StoreBusyError, "CONNECTION LIMIT"),
        ('database "b" is not currently accepting connections', StoreAccessError, "ALLOW_CONN"),
        ("fe_sendauth: no password supplied", StoreAccessError, "PGPASSFILE"),
        ('password authentication failed for user "u"', StoreAccessError, "PGPASSFILE"),
        ('role "u" does not exist', StoreAccessError, "CREATE ROLE"),
        ('definition of service "s" not found', StoreUnreachableError, "PGSERVICE"),
        ('role "u" is not permitted to log in', StoreAccessError, "LOGIN"),
        ("FATAL:  unsupported startup parameter: options", StoreUnreachableError, "options"),
        ("FATAL:  server conn crashed?", StoreUnreachableError, "renvoyer la même commande"),
    ],
)
@pytest.mark.parametrize("etat", [psycopg.OperationalError, psycopg.errors.ProtocolViolation])
def test_chaque_refus_de_connexion_a_son_nom_et_son_remede(
    etat: type[psycopg.Error], dit: str, classe: type[StoreError], remede: str
) -> None:
    """Chaque refus de connexion a son nom et son remède, sans code ou sous celui de PgBouncer."""
    erreur = erreur_de_base(Adresse("postgresql://u@h/b"), etat(dit))
    assert type(erreur) is classe
    assert remede in erreur.remede
