"""Un principal, un secours : le principal meurt, rien d'acquitté ne manque sur le secours promu."""

from __future__ import annotations

import threading
from base64 import b64decode
from contextlib import ExitStack

import pytest

from commands import GrandLivre
from ledger import Journal, ouvrir_magasin
from ledger.audit import verifier
from ledger.audit.temoins import Temoin
from ledger.erreurs import (
    CursorDivergedError,
    StoreError,
    StoreReadOnlyError,
    StoreReplacedError,
    StoreUncertainError,
    StoreUnreachableError,
)
from ledger.flux import suivre
from projections import enveloppe, regarder
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .grappe import Grappe, ecrire_jusqua_la_mort, grappe, perdus, perte_asynchrone


def ouvrir_programme(deux: Grappe) -> None:
    """The first event of the programme."""
    with GrandLivre.ouvrir(deux.url, creer=True) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))


def test_le_secours_promu_a_tout_ce_qui_fut_acquitte() -> None:
    """Réplication synchrone, principal tué sous huit écrivains : le secours a chaque reçu."""
    with grappe(synchrone=True) as deux:
        ouvrir_programme(deux)
        recus, _ = ecrire_jusqua_la_mort(deux.url, fils=8, avant=150, tuer=deux.principal.tuer)
        deux.promouvoir()
        assert perdus(deux.secours, recus, P) == []
        with GrandLivre.ouvrir(deux.url) as livre:  # the same URL: libpq finds the one that writes
            for identifiant in list(recus)[-8:]:
                recu = livre.executer(commande("ModifierEnveloppe", identifiant))
                assert (recu.statut, recu.positions) == (
                    "deja_executee",
                    recus[identifiant].positions,
                )
            assert livre.executer(commande("ModifierEnveloppe", "apres")).acceptee
            assert verifier(livre.store, P).conforme


def test_le_secours_rend_les_chiffres_et_refuse_d_ecrire() -> None:
    """Un secours en recopie sert les rapports, suit le journal, et refuse toute écriture."""
    with grappe(synchrone=True) as deux:
        deux.regler("synchronous_commit", "remote_apply")  # what is acknowledged is visible there
        ouvrir_programme(deux)
        with GrandLivre.ouvrir(deux.principal.url()) as livre:
            livre.executer(commande("ModifierEnveloppe", "m"))
            secours = ouvrir_magasin(deux.secours.url(), ecriture=False)
            ici, la = (enveloppe(regarder(Journal(store, P))) for store in (livre.store, secours))
            assert ici == la
            assert verifier(secours, P).conforme
            guet = secours.guetter(0.05)  # type: ignore[union-attr]
            suivi = iter(suivre(secours, P, attendre=guet))
            assert [next(suivi)[0], next(suivi)[0]] == [1, 2]
            livre.executer(commande("ModifierEnveloppe", "m2"))
            assert next(suivi)[0] == 3
            guet.fermer()
            secours.fermer()
        with pytest.raises(StoreReadOnlyError, match="secours"):
            ouvrir_magasin(deux.secours.url())


def test_ce_que_perd_l_asynchrone_est_la_fin_et_rien_d_autre() -> None:
    """Sans réplication synchrone, sous charge : ce qui manque est la fin du journal, nommée par les
    reçus ; tout ce qui précède y est."""
    recus, manquent, reste = perte_asynchrone(60, retard=20)
    assert 0 < len(manquent) < len(recus)
    assert {nom for nom, recu in recus.items() if recu.positions[0] > reste} == set(manquent)


def envoyer_puis_annuler(deux: Grappe, livre: GrandLivre, identifiant: str) -> object:
    """What a command gets whose wait for the standby is cancelled: the class of its error, or its
    receipt when it did not wait."""
    dits: list[object] = []

    def ecrire() -> None:
        try:
            dits.append(livre.executer(commande("ModifierEnveloppe", identifiant)))
        except StoreError as erreur:
            dits.append(type(erreur))

    fil = threading.Thread(target=ecrire)
    fil.start()
    annuler = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    while fil.is_alive() and not deux.principal.sql(annuler):
        threading.Event().wait(0.02)
    fil.join()
    return dits[0]


def test_une_ecriture_que_le_secours_ne_confirme_pas_n_est_pas_acquittee() -> None:
    """Le secours mort, l'attente annulée : aucun reçu, ni là, ni renvoyée, ni d'ailleurs."""
    with grappe(synchrone=True) as deux:
        ouvrir_programme(deux)
        with (
            GrandLivre.ouvrir(deux.principal.url()) as livre,
            GrandLivre.ouvrir(deux.principal.url()) as tiede,
        ):
            for poignee in (livre, tiede):
                assert poignee.executer(commande("ModifierEnveloppe", "avant")).positions == (2,)
            deux.secours.tuer()
            assert envoyer_puis_annuler(deux, livre, "seule") is StoreUncertainError
            with GrandLivre.ouvrir(deux.principal.url()) as neuve:
                for poignee in (livre, tiede, neuve):  # they all see the line
                    assert envoyer_puis_annuler(deux, poignee, "seule") is StoreUncertainError
            deux.principal.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
            deux.principal.sql("SELECT pg_reload_conf()")
            for poignee in (livre, tiede):
                renvoi = poignee.executer(commande("ModifierEnveloppe", "seule"))
                assert (renvoi.statut, renvoi.positions) == ("deja_executee", (3,))


def recopier(deux: Grappe) -> None:
    """Wait until the standby has all that the primary has."""
    attendu = deux.principal.sql("SELECT pg_current_wal_lsn()")[0][0]
    while deux.secours.sql(f"SELECT pg_last_wal_replay_lsn() >= '{attendu}'") != [(True,)]:
        threading.Event().wait(0.02)


def test_un_secours_en_retard_promu_est_dit_a_qui_avait_lu_plus_loin() -> None:
    """Réplication asynchrone : ce que le secours n'avait pas est perdu ; qui l'avait écrit, lu ou
    suivi ne continue pas, même si d'autres ont écrit par-dessus ; les reçus disent ce qui manque.
    """
    with grappe(synchrone=False) as deux, ExitStack() as pile:
        ouvrir_programme(deux)
        ecrivain, temoin = (pile.enter_context(GrandLivre.ouvrir(deux.url)) for _ in range(2))
        ecrivain.executer(commande("ModifierEnveloppe", "recopiee"))
        recopier(deux)
        # the servers in any order and state, then the standby alone
        lecteurs = [
            ouvrir_magasin(url, ecriture=False)
            for url in (deux.url.partition("&")[0], deux.secours.url())
        ]
        for lecteur in lecteurs:
            pile.callback(lecteur.fermer)
        deux.couper_le_lien()
        recus = {nom: ecrivain.executer(commande("ModifierEnveloppe", nom)) for nom in ("p1", "p2")}
        assert temoin.etat(P).position == 4
        suivis = [suivre(lecteur, P, attendre=lambda: True) for lecteur in lecteurs]
        suites = [iter(suivi) for suivi in suivis]
        assert [next(suites[0])[0] for _ in range(4)] == [1, 2, 3, 4]
        assert [next(suites[1])[0] for _ in range(2)] == [1, 2]
        ailleurs = lecteurs[0].partager().ouvrir
        deux.principal.tuer()
        deux.promouvoir()
        assert perdus(deux.secours, recus, P) == ["p1", "p2"]
        for nom in ("p1", "neuve"):  # it had read them: it answers nothing of them
            with pytest.raises(StoreReplacedError):
                ecrivain.executer(commande("ModifierEnveloppe", nom))
        with pytest.raises(StoreUnreachableError):
            ailleurs()  # a worker looks nowhere else than where its caller was
        with GrandLivre.ouvrir(deux.url) as neuf:
            assert neuf.etat(P).position == 2
            for n in range(3):  # further than what was lost
                neuf.executer(commande("ModifierEnveloppe", f"autre{n}"))
            restants = [
                Temoin(nom, r.taille or 0, b64decode(r.racine or "")) for nom, r in recus.items()
            ]
            constats = verifier(neuf.store, P, temoins=restants).constats
            assert [(c.code, c.position) for c in constats] == [
                ("releve_divergent", 3),
                ("releve_divergent", 4),
            ]
            assert verifier(neuf.store, P).conforme
        for poignee in (ecrivain, temoin):
            with pytest.raises(StoreReplacedError):
                poignee.etat(P)
        with pytest.raises(CursorDivergedError):
            next(suites[0])
        # the sessions of a standby go on through its promotion, and what it had is still there
        assert [next(suites[1])[0] for _ in range(3)] == [3, 4, 5]
        assert "recopie un principal" not in str(lecteurs[1].promesses())  # type: ignore[union-attr]
