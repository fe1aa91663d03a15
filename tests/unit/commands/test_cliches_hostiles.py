"""Les clichés devant une ligne d'un autre type, et devant deux écrivains à la fois."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any

import pytest

from commands import GrandLivre, cliches
from ledger import SQLiteStore
from ledger import cliche as module
from ledger.cliche import ClicheIgnore, chemin_du_cliche, ecrire, lire
from ledger.erreurs import StoreClosedError, UnreadableFactError
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P


@pytest.fixture
def lieu(tmp_path: Path) -> Path:
    """The folder of snapshots."""
    dossier = tmp_path / "cliches"
    dossier.mkdir(mode=0o700)
    return dossier


@pytest.fixture
def base(tmp_path: Path, lieu: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base of two lines, and its snapshot."""
    monkeypatch.setattr(cliches, "SEUIL", 1)
    base = tmp_path / "b.db"
    with GrandLivre.ouvrir(base, creer=True, cliches=lieu) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        livre.executer(commande("ModifierEnveloppe", "m"))
    return base


def abimer(base: Path, position: int) -> None:
    """Make of a line a text, as SQLite lets anybody do."""
    with closing(sqlite3.connect(base)) as c, c:
        c.execute(
            "UPDATE stored_events SET state=CAST(state AS TEXT) WHERE originator_version=?",
            (position,),
        )


@pytest.mark.parametrize("position", [1, 2])
def test_une_ligne_qui_n_est_pas_d_octets_fait_ignorer_le_cliche(
    base: Path, lieu: Path, position: int
) -> None:
    """Une ligne dont dépend un cliché est d'un autre type : il est ignoré, l'erreur dite."""
    (fichier,) = lieu.iterdir()
    abimer(base, position)
    store = SQLiteStore(base, ecriture=False)
    if position == 1:
        assert chemin_du_cliche(lieu, store, P) is None
    else:
        with pytest.raises(ClicheIgnore, match="n'a pas, en 2"):
            lire(fichier, store, P)
    store.fermer()
    with GrandLivre.ouvrir(base, cliches=lieu) as livre, pytest.raises(UnreadableFactError):
        livre.etat(P)


def test_la_base_se_ferme_quoi_que_donne_le_cliche(
    base: Path, lieu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une faute en gardant les états ne laisse pas la base ouverte."""

    def faillir(*_: object) -> None:
        raise RuntimeError("faute")

    livre = GrandLivre.ouvrir(base, cliches=lieu)
    livre.executer(commande("ModifierEnveloppe", "m2"))
    monkeypatch.setattr(cliches, "ecrire", faillir)
    with pytest.raises(RuntimeError, match="faute"):
        livre.fermer()
    with pytest.raises(StoreClosedError):
        livre.store.taille(P)


def test_deux_ecrivains_d_un_cliche_ne_melent_pas_leurs_octets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quand l'un finit pendant que l'autre écrit, rien d'incomplet ne prend la place."""
    ouvert, fini = Event(), Event()
    fdopen = os.fdopen
    chemin = tmp_path / "x.cliche"

    def ouvrir(descripteur: int, mode: str) -> Any:
        if current_thread().name == "second":
            ouvert.set()
            assert fini.wait(30)
        else:
            second.start()
            assert ouvert.wait(30)
        return fdopen(descripteur, mode)

    def ecrire_sans_bruit(octets: bytes) -> None:
        with suppress(FileNotFoundError):
            ecrire(chemin, octets)

    second = Thread(target=ecrire_sans_bruit, args=(b"second",), name="second")
    monkeypatch.setattr(os, "fdopen", ouvrir)
    ecrire_sans_bruit(b"premier")
    present = chemin.read_bytes() if chemin.exists() else b"premier"
    fini.set()
    second.join(30)
    assert (present, [p.name for p in tmp_path.iterdir()]) == (b"premier", ["x.cliche"])
    assert chemin.read_bytes() in (b"premier", b"second")


def test_le_code_des_etats_compte_tout_ce_qui_les_fait() -> None:
    """Chaque module du paquet que ceux des états importent est dans l'empreinte du code."""
    dossier = Path(module.__file__).parent
    importes = {
        ligne.split()[1].removeprefix(".")
        for nom in ("evenements", "programme", "regles", "soldes", "registre", "champs")
        for ligne in (dossier / f"{nom}.py").read_text(encoding="utf-8").splitlines()
        if ligne.startswith("from .")
    }
    assert importes - set(module._SOURCES) == set()
