"""Un hôte asyncio : les commandes dans des fils, l'annulation, la reprise, la fermeture."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog

from commands import GrandLivre, Recu
from ledger.erreurs import StoreClosedError
from tests.unit.attroupement import ATTENTE, livre_retenu
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

OUVERTURE = commande("OuvrirProgramme", "o", "2019-07-11")


def modif(n: int) -> Any:
    """One command."""
    return commande("ModifierEnveloppe", f"m{n}")


def test_des_taches_a_la_fois_ont_chacune_leur_recu(tmp_path: Path) -> None:
    """Trente-deux tâches exécutent à la fois : des positions qui se suivent, sans trou."""

    async def hote(livre: GrandLivre) -> list[Recu]:
        boucle = asyncio.get_running_loop()
        with ThreadPoolExecutor(32) as bassin:
            envois = [boucle.run_in_executor(bassin, livre.executer, modif(n)) for n in range(32)]
            return list(await asyncio.gather(*envois))

    with GrandLivre.ouvrir(tmp_path / "a.db", creer=True) as livre:
        livre.executer(OUVERTURE)
        recus = asyncio.run(hote(livre))
    assert {r.statut for r in recus} == {"acceptee"}
    assert sorted(r.positions for r in recus) == [(n,) for n in range(2, 34)]


def test_une_tache_annulee_ne_perd_pas_sa_commande() -> None:
    """Annulée pendant l'écriture, la tâche s'arrête ; la commande, renvoyée, est déjà exécutée."""
    livre, store = livre_retenu()
    livre.executer(OUVERTURE)
    venue, suite = store.retenir()

    async def hote() -> tuple[bool, Recu]:
        tache = asyncio.create_task(asyncio.to_thread(livre.executer, modif(1)))
        assert await asyncio.to_thread(venue.wait, ATTENTE)
        tache.cancel()
        with pytest.raises(asyncio.CancelledError):
            await tache
        suite.set()
        return tache.cancelled(), await asyncio.to_thread(livre.executer, modif(1))

    annulee, recu = asyncio.run(hote())
    assert (annulee, recu.statut, recu.positions) == (True, "deja_executee", (2,))
    assert (store.ecrits.count(["m1"]), livre.journal(P).taille) == (2, 2)


def test_une_tache_annulee_avant_son_tour_n_ecrit_rien() -> None:
    """Annulée avant qu'un fil la prenne, la commande n'est pas exécutée ; renvoyée, elle l'est."""
    livre, store = livre_retenu()
    livre.executer(OUVERTURE)
    venue, suite = store.retenir()

    async def hote() -> Recu:
        boucle = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as bassin:
            premiere = boucle.run_in_executor(bassin, livre.executer, modif(1))
            assert await asyncio.to_thread(venue.wait, ATTENTE)
            seconde = boucle.run_in_executor(bassin, livre.executer, modif(2))
            seconde.cancel()
            await asyncio.sleep(0)  # the loop tells the pool at its next turn
            await asyncio.sleep(0)
            suite.set()
            assert (await premiere).positions == (2,)
            assert livre.etat(P).position == 2
            return await boucle.run_in_executor(bassin, livre.executer, modif(2))

    recu = asyncio.run(hote())
    assert (recu.statut, recu.positions) == ("acceptee", (3,))


def test_le_contexte_de_la_tache_suit_la_commande(caplog: pytest.LogCaptureFixture) -> None:
    """to_thread porte le contexte de la tâche : la ligne de journalisation dit sa requête."""
    livre, _ = livre_retenu()
    livre.executer(OUVERTURE)
    caplog.set_level("INFO", logger="ledger.commandes")

    async def requete(n: int) -> None:
        with structlog.contextvars.bound_contextvars(requete=f"r{n}"):
            await asyncio.to_thread(livre.executer, modif(n))

    async def hote() -> None:
        await asyncio.gather(*map(requete, range(6)))

    asyncio.run(hote())
    dites = {(r.id_commande, r.requete) for r in caplog.records}  # type: ignore[attr-defined]
    assert dites == {(f"m{n}", f"r{n}") for n in range(6)}


def test_fermer_depuis_une_tache_attend_ce_qui_est_envoye() -> None:
    """Fermer dans un fil attend les commandes envoyées avant ; celles d'après sont refusées."""
    livre, store = livre_retenu()
    livre.executer(OUVERTURE)
    venue, suite = store.retenir()

    async def hote() -> Recu:
        premiere = asyncio.create_task(asyncio.to_thread(livre.executer, modif(1)))
        assert await asyncio.to_thread(venue.wait, ATTENTE)
        fermeture = asyncio.create_task(asyncio.to_thread(livre.fermer))
        suite.set()
        await fermeture
        with pytest.raises(StoreClosedError):
            await asyncio.to_thread(livre.executer, modif(2))
        return await premiere

    assert asyncio.run(hote()).positions == (2,)
