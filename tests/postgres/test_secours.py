"""Un principal, un secours : le principal meurt, rien d'acquitté ne manque sur le secours promu."""

from __future__ import annotations

import threading

import pytest

from commands import GrandLivre
from ledger import Journal, ouvrir_magasin
from ledger.audit import verifier
from ledger.erreurs import StoreError, StoreReadOnlyError, StoreReplacedError, StoreUncertainError
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


def test_un_secours_en_retard_promu_est_dit_a_qui_ecrivait() -> None:
    """Réplication asynchrone : ce que le secours n'avait pas est perdu, et cela se dit."""
    with grappe(synchrone=False) as deux:
        ouvrir_programme(deux)
        with GrandLivre.ouvrir(deux.url) as livre:
            livre.executer(commande("ModifierEnveloppe", "recopiee"))
            attendu = deux.principal.sql("SELECT pg_current_wal_lsn()")[0][0]
            rejoue = f"SELECT pg_last_wal_replay_lsn() >= '{attendu}'"
            while deux.secours.sql(rejoue) != [(True,)]:
                threading.Event().wait(0.02)
            deux.couper_le_lien()
            recus = {
                nom: livre.executer(commande("ModifierEnveloppe", nom)) for nom in ("p1", "p2")
            }
            deux.principal.tuer()
            deux.promouvoir()
            assert perdus(deux.secours, recus, P) == ["p1", "p2"]
            for nom in ("p1", "neuve"):  # the handle had read them: it answers nothing of them
                with pytest.raises(StoreReplacedError):
                    livre.executer(commande("ModifierEnveloppe", nom))
        with GrandLivre.ouvrir(deux.url) as livre:
            assert livre.etat(P).position == 2
            assert verifier(livre.store, P).conforme
