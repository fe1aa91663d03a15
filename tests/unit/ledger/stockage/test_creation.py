"""Une création coupée, par un arrêt ou par le courant, ne laisse pas de base inutilisable."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger import LedgerError, SQLiteStore
from tests.unit.monde import Monde, P

ANNULATION = (
    bytes.fromhex("d9d505f920a163d7")
    + bytes(12)
    + (512).to_bytes(4, "big")
    + (4096).to_bytes(4, "big")
    + bytes(484)
)
"""The journal of a transaction that began on an empty file."""


def lire(base: Path) -> tuple[int, list[str]]:
    """Size of the journal, and what the store's own checks report."""
    store = SQLiteStore(base, ecriture=False)
    try:
        return store.taille(P), store.controler()
    finally:
        store.fermer()


@pytest.mark.parametrize("debut", [b"", bytes(4096), bytes(512)], ids=["vide", "page", "secteur"])
def test_une_creation_coupee_se_reprend(tmp_path: Path, debut: bytes) -> None:
    """Une création coupée ne laisse pas de base : la suivante la crée, et elle se rouvre."""
    base = tmp_path / "b.db"
    base.write_bytes(debut)
    (tmp_path / "b.db-journal").write_bytes(ANNULATION)
    with pytest.raises(LedgerError) as levee:
        SQLiteStore(base, ecriture=False)
    assert levee.value.code == "base_absente"
    Monde(store=SQLiteStore(base, creer=True)).livre.fermer()
    assert lire(base) == (1, [])


def test_une_creation_annulee_par_sqlite_reste_une_base_du_grand_livre(tmp_path: Path) -> None:
    """Une création que SQLite annule à la réouverture garde la marque du grand livre."""
    base = tmp_path / "b.db"
    with closing(sqlite3.connect(base)) as connexion:
        connexion.execute(f"PRAGMA application_id={0x46414254}")
    (tmp_path / "b.db-journal").write_bytes(ANNULATION)
    Monde(store=SQLiteStore(base, creer=True)).livre.fermer()
    assert lire(base) == (1, [])


@pytest.mark.parametrize(
    ("debut", "annulation"),
    [(bytes(4096), b""), (bytes(4096), ANNULATION[:16] + b"\0\0\0\1"), (b"notes", ANNULATION)],
    ids=["sans journal", "non vide avant", "un texte"],
)
def test_un_fichier_blanc_ou_etranger_n_est_pas_repris(
    tmp_path: Path, debut: bytes, annulation: bytes
) -> None:
    """Un fichier blanc qui ne vient pas d'une création coupée, ou étranger, est refusé tel quel."""
    base = tmp_path / "b.db"
    base.write_bytes(debut)
    (tmp_path / "b.db-journal").write_bytes(annulation)
    with pytest.raises(LedgerError) as levee:
        SQLiteStore(base, creer=True)
    assert (levee.value.code, base.read_bytes()) == ("base_etrangere", debut)
