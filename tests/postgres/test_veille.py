"""Suivre un journal sur PostgreSQL : averti aussitôt, sans jamais dépendre de l'avis."""

from __future__ import annotations

import threading

import pytest

from commands import GrandLivre
from ledger import ouvrir_magasin
from ledger.erreurs import StoreClosedError, StoreForkedError
from ledger.flux import suivre
from ledger.stockage import usage
from ledger.stockage.port import Ecriture, StoreAvise
from ledger.stockage.postgres import PostgresStore
from ledger.stockage.postgres_ecriture import demander
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .serveur import Serveur
from .test_coupures_postgres import couper

LONGTEMPS = 10.0
"""Far more than a test lasts: who waits that long missed the notice."""


def test_un_suiveur_est_averti_par_le_serveur(url: str) -> None:
    """Chaque fait enregistré réveille le suiveur, qui ne regarde pas de lui-même."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        lecteur = ouvrir_magasin(url, ecriture=False)
        assert isinstance(lecteur, StoreAvise)
        guet = lecteur.guetter(LONGTEMPS)
        suivi = iter(suivre(lecteur, P, attendre=guet))
        assert next(suivi)[0] == 1
        for n in range(2, 6):
            fil = threading.Thread(
                target=livre.executer, args=(commande("ModifierEnveloppe", f"m{n}"),)
            )
            fil.start()
            assert next(suivi)[0] == n
            fil.join()
        guet.fermer()
        lecteur.fermer()


def test_chaque_ecriture_donne_un_avis(url: str) -> None:
    """Une écriture finie, son avis est là : l'attente finit par lui, et non par lassitude."""
    with GrandLivre.ouvrir(url) as livre, livre.store.guetter(LONGTEMPS) as guet:  # type: ignore[attr-defined]
        assert guet()  # listens now
        for n, envoi in enumerate(
            (
                commande("OuvrirProgramme", "o", "2019-07-11"),
                commande("ModifierEnveloppe", "m"),
            ),
            1,
        ):
            livre.executer(envoi)
            assert guet()
            assert guet.avis == n


def test_sans_aucun_avis_le_regard_regulier_suffit(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Personne n'avise et la connexion tient : l'attente finit d'elle-même, le fait est là."""
    monkeypatch.setattr(PostgresStore, "_aviser", lambda *_: None)
    with GrandLivre.ouvrir(url) as livre:
        guet = PostgresStore.guetter(livre.store, 0.01)  # type: ignore[arg-type]
        assert guet()  # listens now
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        fil = threading.Thread(target=guet, daemon=True)  # a wait without end fails, not hangs
        fil.start()
        fil.join(LONGTEMPS)
        assert (fil.is_alive(), guet.avis, livre.store.taille(P)) == (False, 0, 1)
        guet.fermer()


def test_un_avis_perdu_ne_perd_pas_de_fait(url: str, serveur: Serveur) -> None:
    """Sans avis, ou la connexion d'écoute coupée, le regard régulier trouve les faits."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        lecteur = PostgresStore(url, ecriture=False)
        guet = lecteur.guetter(0.05)
        suivi = iter(suivre(lecteur, P, attendre=guet))
        assert next(suivi)[0] == 1
        assert guet()  # listens now
        couper(serveur, url)
        livre.executer(commande("ModifierEnveloppe", "m1"))
        assert next(suivi)[0] == 2
        serveur.sql(
            "INSERT INTO fabriques.stored_events SELECT 'autre', originator_version, topic, state "
            "FROM fabriques.stored_events",
            url.split("?", maxsplit=1)[0].rpartition("/")[2],
        )
        assert sorted(lecteur.programmes()) == ["autre", P]
        guet.fermer()
        guet.fermer()
        lecteur.fermer()


def test_les_avis_d_un_autre_programme_ne_reveillent_pas(url: str) -> None:
    """Qui suit un programme n'est réveillé que par lui ; qui les suit tous, par chacun."""
    with GrandLivre.ouvrir(url) as livre:
        avise = livre.store._aviser  # type: ignore[attr-defined]
        with (
            livre.store.guetter(LONGTEMPS, "a") as un,  # type: ignore[attr-defined]
            livre.store.guetter(0.05, "absent") as aucun,  # type: ignore[attr-defined]
            livre.store.guetter(LONGTEMPS) as tous,  # type: ignore[attr-defined]
        ):
            for guet in (un, aucun, tous):
                guet()  # listens now
            for programme in ("b", "b", "a"):
                avise(demander([Ecriture(programme, [], [])]))
            for guet in (un, aucun, tous):
                guet()
            assert (un.avis, aucun.avis, tous.avis) == (1, 0, 1)


def test_un_enfant_ne_prend_ni_ne_coupe_l_ecoute_de_son_pere(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dans un processus fils, le guet refuse de servir et le fermer laisse le père écouter ;
    la base fermée, il le dit."""
    with GrandLivre.ouvrir(url) as livre, livre.store.guetter(LONGTEMPS) as guet:  # type: ignore[attr-defined]
        guet()
        ecoute = guet._connexion
        with monkeypatch.context() as enfant:
            enfant.setattr(usage._PROCESSUS, "pid", -1)
            with pytest.raises(StoreForkedError):
                guet()
            guet.fermer()
        guet._connexion = ecoute  # the parent's memory is not the child's
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        guet()
        assert guet.avis == 1
        livre.store.fermer()
        with pytest.raises(StoreClosedError):
            guet()
