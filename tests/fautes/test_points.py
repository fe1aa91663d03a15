"""Une panne à chaque appel, en court ; la campagne longue est `make faults`."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from unittest import mock

import pytest

from commands import GrandLivre
from ledger import SQLiteStore, StoreError
from tests.fautes.mine import GENRES
from tests.fautes.points import campagne
from tests.unit.commands.test_concurrence import commande


def test_une_panne_a_n_importe_quel_appel_ne_perd_ni_ne_coupe_rien() -> None:
    """Quel que soit l'appel qui échoue : tout ou rien, et la reprise n'inscrit qu'un fait."""
    bilan = campagne(3_000, 6962)
    assert bilan.manquees == []
    assert bilan.rondes >= 3_000
    genres = {nom.partition(" : ")[2] for nom in bilan.vues if nom.startswith("genre")}
    assert genres == set(GENRES)
    points = {nom.partition(" : ")[2] for nom in bilan.vues if nom.startswith("point")}
    moments = {
        f"{appel}, {moment}"
        for appel in ("BEGIN", "INSERT", "SELECT", "COMMIT", "ROLLBACK", "CREATE", "ajouter")
        for moment in ("avant", "après")
    }
    assert moments | {"rangée", "reindexer, après"} <= points
    assert bilan.vues["erreur levée après l'inscription"] > 10
    assert bilan.vues["index à refaire"] > 30


def _poignee(base: Path) -> GrandLivre:
    livre = GrandLivre(SQLiteStore(base, creer=True, attente=0))
    livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    return livre


@pytest.mark.parametrize("geste", ["commit", "rollback"])
def test_une_inscription_interrompue_ne_bloque_pas_la_suivante(tmp_path: Path, geste: str) -> None:
    """Interrompue dans son commit ou son rollback, la poignée ne garde pas la base verrouillée."""

    def interrompre() -> None:
        raise KeyboardInterrupt

    with _poignee(tmp_path / "a.db") as livre, _poignee(tmp_path / "a.db") as autre:
        bassin = livre.store._factory.datastore.pool  # type: ignore[attr-defined]
        connexion = bassin._pool[0]
        # a refused command only reads, and rolls back
        verbe = {"commit": "ModifierEnveloppe", "rollback": "RetirerLabel"}[geste]
        with mock.patch.object(connexion, geste, interrompre), pytest.raises(KeyboardInterrupt):
            livre.executer(commande(verbe, "m"))
        assert autre.executer(commande("ModifierEnveloppe", "n")).positions == (2,)
        assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (3,)


def test_une_connexion_impossible_ne_garde_pas_le_verrou_des_ecrivains(tmp_path: Path) -> None:
    """Une connexion qui ne s'ouvre pas est dite ; l'écriture suivante n'attend personne."""
    with _poignee(tmp_path / "a.db") as livre:
        bassin = livre.store._factory.datastore.pool  # type: ignore[attr-defined]
        bassin._pool.popleft().close()  # the next one has to be opened
        panne = mock.patch.object(sqlite3, "connect", side_effect=GENRES["SQLITE_IOERR"]())
        with panne, pytest.raises(StoreError, match="SQLITE_IOERR"):
            livre.executer(commande("ModifierEnveloppe", "m"))
        assert livre.executer(commande("ModifierEnveloppe", "m")).positions == (2,)
