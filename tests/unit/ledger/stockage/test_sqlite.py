"""La base SQLite : réglages durables, erreurs nommées, environnement de l'hôte sans effet."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre
from ledger import Journal, LedgerError, SQLiteStore
from ledger.stockage.sqlite import ATTENTE_SECONDES
from tests.unit.monde import Monde, P


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base with three facts."""
    monde = Monde(store=SQLiteStore(tmp_path / "a.db", creer=True))
    monde.label()
    monde.livre.fermer()
    return tmp_path / "a.db"


def reglages(connexion: Any) -> dict[str, object]:
    """What the connection itself says of its settings."""
    noms = (
        "synchronous",
        "foreign_keys",
        "recursive_triggers",
        "trusted_schema",
        "cell_size_check",
        "busy_timeout",
        "journal_mode",
    )
    return {nom: connexion.execute(f"PRAGMA {nom}").fetchone()[0] for nom in noms}


@pytest.mark.parametrize("ecriture", [True, False])
def test_toutes_les_connexions_du_bassin_sont_durables(base: Path, ecriture: bool) -> None:
    """FULL, WAL, schéma non fiable, cellules vérifiées : lus sur quatre connexions à la fois."""
    store = SQLiteStore(base, ecriture=ecriture)
    assert store._factory is not None
    bassin = store._factory.datastore.pool
    connexions = [bassin.get_connection(is_writer=None) for _ in range(4)]
    obtenus = [reglages(connexion.cursor().sqlite_cursor) for connexion in connexions]
    for connexion in connexions:
        bassin.put_connection(connexion)
    store.fermer()
    assert len({id(connexion) for connexion in connexions}) == 4
    assert (
        obtenus
        == [
            {
                "synchronous": 2,
                "foreign_keys": 1,
                "recursive_triggers": 1,
                "trusted_schema": 0,
                "cell_size_check": 1,
                "busy_timeout": ATTENTE_SECONDES * 1000,
                "journal_mode": "wal",
            }
        ]
        * 4
    )


def test_l_environnement_de_l_hote_ne_deplace_pas_la_base(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Les variables de la bibliothèque, dans l'environnement de l'hôte, sont sans effet."""
    for nom, valeur in {
        "SQLITE_DBNAME": str(tmp_path / "ailleurs.db"),
        "PERSISTENCE_MODULE": "eventsourcing.popo",
        "INFRASTRUCTURE_FACTORY": "os:abort",
        "ORIGINATOR_ID_TYPE": "uuid",
        "MAPPER_TOPIC": "os:abort",
        "TRANSCODER_TOPIC": "os:abort",
        "APPLICATION_RECORDER_TOPIC": "os:abort",
        "CREATE_TABLE": "n",
        "SQLITE_LOCK_TIMEOUT": "0",
        "CIPHER_KEY": "x",
        "COMPRESSOR_TOPIC": "os:abort",
    }.items():
        monkeypatch.setitem(os.environ, nom, valeur)
    with GrandLivre.ouvrir(base) as livre:
        assert livre.etat(P).position == 3
    monde = Monde(store=SQLiteStore(tmp_path / "b.db", creer=True))
    assert monde.taille == 1
    monde.livre.fermer()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.db", "b.db"]


def _rien(chemin: Path) -> None:
    pass


def _vide(chemin: Path) -> None:
    chemin.touch()


def _dossier(chemin: Path) -> None:
    chemin.mkdir()


def _texte(chemin: Path) -> None:
    chemin.write_text("bonjour\n" * 200, "utf-8")


def _autre_application(chemin: Path) -> None:
    with closing(sqlite3.connect(chemin)) as connexion:
        connexion.execute("CREATE TABLE stored_events (autre TEXT)")


DEFAUTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "absente": (_rien, "base_absente"),
    "vide": (_vide, "base_absente"),
    "dossier": (_dossier, "base_etrangere"),
    "texte": (_texte, "base_etrangere"),
    "autre application": (_autre_application, "base_etrangere"),
}


@pytest.mark.parametrize("nom", DEFAUTS)
def test_ce_qui_n_est_pas_une_base_est_nomme(tmp_path: Path, nom: str) -> None:
    """Absente, vide, dossier, texte, autre application : une erreur nommée, le fichier intact."""
    preparer, code = DEFAUTS[nom]
    chemin = tmp_path / "x.db"
    preparer(chemin)
    avant = chemin.read_bytes() if chemin.is_file() else None
    with pytest.raises(LedgerError) as levee:
        SQLiteStore(chemin)
    assert (levee.value.code, str(chemin) in levee.value.message) == (code, True)
    assert (chemin.read_bytes() if chemin.is_file() else None) == avant


@pytest.mark.parametrize("garde", [50, 4_096, 6_000])
def test_une_base_tronquee_est_nommee(base: Path, garde: int) -> None:
    """Une base tronquée est une erreur, jamais un journal plus court."""
    base.write_bytes(base.read_bytes()[:garde])
    with pytest.raises(LedgerError) as levee, GrandLivre.ouvrir(base) as livre:
        livre.etat(P)
    assert levee.value.code in {"base_endommagee", "base_etrangere"}


@pytest.mark.parametrize("nom", ["été & 100%.db", "a?mode=memory#b.db", ":memory:", "a b+c;d.db"])
def test_un_nom_de_fichier_quelconque_est_un_fichier(tmp_path: Path, nom: str) -> None:
    """Espaces, accents, pour-cent, point d'interrogation : la base est bien ce fichier."""
    monde = Monde(store=SQLiteStore(tmp_path / nom, creer=True))
    monde.livre.fermer()
    assert [p.name for p in tmp_path.iterdir()] == [nom]
    with GrandLivre.ouvrir(tmp_path / nom) as livre:
        assert livre.etat(P).position == 1


def test_une_base_en_lecture_seule_se_lit_et_ne_s_ecrit_pas(base: Path) -> None:
    """Ouverte en lecture seule, la base se lit, refuse d'écrire, et garde ses octets."""
    avant = base.read_bytes()
    store = SQLiteStore(base, ecriture=False)
    assert len(list(Journal(store, P).rattraper())) == 3
    livre = GrandLivre(store)
    with pytest.raises(LedgerError) as levee:
        livre.executer(Monde().commande("ModifierEnveloppe", "2020-02-03", id_commande="x"))
    store.fermer()
    assert (levee.value.code, base.read_bytes()) == ("base_en_lecture_seule", avant)


def test_une_base_verrouillee_est_dite(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Une base qu'un autre verrouille trop longtemps est dite verrouillée ; rien n'est écrit."""
    monkeypatch.setattr("ledger.stockage.sqlite.ATTENTE_SECONDES", 0.05)
    with closing(sqlite3.connect(base, isolation_level=None)) as autre:
        monde = Monde(store=SQLiteStore(base), ouvert=False)
        assert monde.taille == 3
        autre.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError) as levee:
            monde.envoyer("ModifierEnveloppe", "2020-02-03", id_commande="x")
        autre.execute("ROLLBACK")
        assert (levee.value.code, monde.taille) == ("base_verrouillee", 3)
        assert monde.livre.executer(monde.derniere).positions == (4,)
        monde.livre.fermer()


def test_les_colonnes_et_la_marque_de_la_base_sont_celles_documentees(base: Path) -> None:
    """La base porte la marque du format, la table de la bibliothèque et l'index, sans flottant."""
    with closing(sqlite3.connect(base)) as connexion:
        marque = connexion.execute("PRAGMA application_id").fetchone()[0]
        types = {
            table: connexion.execute(
                "SELECT name, type FROM pragma_table_info(?)", (table,)
            ).fetchall()
            for table in ("stored_events", "fabriques_commandes")
        }
        stockes = connexion.execute(
            "SELECT DISTINCT typeof(originator_id), typeof(originator_version), typeof(topic), "
            "typeof(state) FROM stored_events"
        ).fetchall()
    assert marque == 0x46414254
    assert types == {
        "stored_events": [
            ("originator_id", "TEXT"),
            ("originator_version", "INTEGER"),
            ("topic", "TEXT"),
            ("state", "BLOB"),
        ],
        "fabriques_commandes": [
            ("programme", "TEXT"),
            ("id_commande", "TEXT"),
            ("position", "INTEGER"),
            ("empreinte", "TEXT"),
        ],
    }
    assert stockes == [("text", "integer", "text", "blob")]
