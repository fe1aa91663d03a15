"""Un intermédiaire entre le programme et le serveur : par session il est servi, sinon refusé."""

from __future__ import annotations

import threading

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
from ledger.stockage.adresse import Adresse
from ledger.stockage.postgres import PostgresStore
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
    la même commande, envoyée au serveur lui-même, passe une fois."""
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
        with GrandLivre.ouvrir(url) as livre:
            assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (2,)


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
