"""Une base remise en arrière sous une poignée ouverte : refusée tant qu'elle reste ouverte."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from commands import GrandLivre
from ledger import SQLiteStore
from ledger.erreurs import ChainBrokenError, StoreReplacedError, UnreadableFactError
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P


def restaurer(depuis: Path, base: Path) -> None:
    """Put a base back through SQLite, as `.restore` does."""
    with closing(sqlite3.connect(depuis)) as de, closing(sqlite3.connect(base)) as a:
        de.backup(a)


@pytest.fixture
def vieille(tmp_path: Path) -> Path:
    """A copy of the base, kept when it held its first line only."""
    return tmp_path / "vieille.db"


@pytest.fixture
def base(tmp_path: Path, vieille: Path) -> Path:
    """A base of one line, and its copy."""
    base = tmp_path / "a.db"
    with GrandLivre.ouvrir(base, creer=True) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    restaurer(base, vieille)
    return base


@pytest.fixture
def livre(base: Path) -> Iterator[GrandLivre]:
    """A handle, warm after a structure's application that it acknowledged at position 2."""
    with GrandLivre.ouvrir(base) as livre:
        assert livre.executer(commande("DéposerCandidature", "b0")).positions == (2,)
        yield livre


def test_une_base_remplacee_reste_refusee_apres_une_premiere_erreur(
    base: Path, vieille: Path, livre: GrandLivre
) -> None:
    """L'erreur n'efface pas ce que la poignée a lu : elle refuse jusqu'à sa fermeture."""
    with GrandLivre.ouvrir(vieille) as autre:
        for rang in range(3):
            autre.executer(commande("ModifierEnveloppe", f"autre-{rang}"))
    restaurer(vieille, base)
    with pytest.raises((ChainBrokenError, StoreReplacedError)):
        livre.executer(commande("ModifierEnveloppe", "c0"))
    for identifiant in ("c1", "c0", "c2"):
        with pytest.raises(StoreReplacedError, match="la ligne 2"):
            livre.executer(commande("ModifierEnveloppe", identifiant))
    with pytest.raises(StoreReplacedError, match="la ligne 2"):
        livre.executer(commande("DéposerCandidature", "b0"))
    with pytest.raises(StoreReplacedError, match="la ligne 2"):
        livre.etat(P)
    livre.fermer()
    with GrandLivre.ouvrir(base) as rouvert:
        assert rouvert.executer(commande("ModifierEnveloppe", "c1")).positions == (5,)


def recopier(depuis: Path, base: Path) -> None:
    """Put a base back over the same file, by another program: closing it here drops our locks."""
    cp = shutil.which("cp") or "cp"
    subprocess.run([cp, os.fspath(depuis), os.fspath(base)], check=True)


def ranger(base: Path) -> None:
    """Have another connection move the log into the main file."""
    with closing(sqlite3.connect(base)) as autre:
        autre.execute("PRAGMA wal_checkpoint(RESTART)")


def surprendre(store: SQLiteStore, geste: Callable[[], None], *, apres: bool) -> None:
    """Have something done to the files once, while a write waits for its lock, or ends."""
    assert store._factory is not None
    recorder = store._factory.recorder
    ecrire = recorder.ecrire

    def faire(*args: Any, **kwargs: Any) -> int:
        recorder.ecrire = ecrire  # type: ignore[method-assign]
        if not apres:
            geste()
        generation = ecrire(*args, **kwargs)
        if apres:
            geste()
        return generation

    recorder.ecrire = faire  # type: ignore[method-assign]


@pytest.mark.parametrize("apres", [False, True])
def test_une_base_remise_pendant_une_ecriture_est_vue_par_elle_ou_par_la_suivante(
    base: Path, vieille: Path, *, apres: bool
) -> None:
    """Recopiée pendant l'attente du verrou, l'écriture échoue ; à sa fin, la suivante échoue."""
    store = SQLiteStore(base)
    with GrandLivre(store) as livre:
        for debut in range(0, 300, 100):
            livre.executer_lot(commande("ModifierEnveloppe", f"m{debut + n}") for n in range(100))
        ranger(base)
        livre.executer(commande("ModifierEnveloppe", "seule"))
        surprendre(store, lambda: recopier(vieille, base), apres=apres)
        if apres:
            livre.executer(commande("ModifierEnveloppe", "pendant"))
        for identifiant in ("c0", "c1", "c2"):
            with pytest.raises(StoreReplacedError):
                livre.executer(commande("ModifierEnveloppe", identifiant))


def test_une_base_remise_est_vue_de_l_ecriture_meme_si_un_lecteur_regarde_avant(
    base: Path, vieille: Path, livre: GrandLivre
) -> None:
    """Un autre fil apprend le premier que le fichier a changé : l'écriture qui attend le sait."""
    store = cast("SQLiteStore", livre.store)
    ranger(base)
    livre.executer(commande("ModifierEnveloppe", "m"))
    ranger(base)
    assert base.stat().st_size == vieille.stat().st_size
    assert store._factory is not None
    recorder = store._factory.recorder
    ecrire = recorder.ecrire
    lu: list[int] = []

    def apres_un_lecteur(*args: Any, regarder: Callable[[], bool], **kwargs: Any) -> int:
        def regarder_le_second() -> bool:
            if not lu:
                recopier(vieille, base)
                lu.append(store.taille(P))
            return regarder()

        return ecrire(*args, regarder=regarder_le_second, **kwargs)

    recorder.ecrire = apres_un_lecteur  # type: ignore[method-assign]
    with pytest.raises(StoreReplacedError):
        livre.executer(commande("ModifierEnveloppe", "c0"))
    assert lu == [1]
    with pytest.raises(StoreReplacedError):
        livre.executer(commande("ModifierEnveloppe", "c1"))
    livre.fermer()
    reste = SQLiteStore(base)
    assert reste.taille(P) == 1
    reste.fermer()


def test_un_point_de_controle_pendant_l_attente_ne_fait_rien_refuser(base: Path) -> None:
    """Un autre range le journal pendant l'attente : l'écriture est inscrite, à sa place."""
    store = SQLiteStore(base)
    with GrandLivre(store) as livre:
        livre.executer(commande("ModifierEnveloppe", "c0"))
        surprendre(store, lambda: ranger(base), apres=False)
        assert livre.executer(commande("ModifierEnveloppe", "c1")).positions == (3,)
        surprendre(store, lambda: ranger(base), apres=True)
        assert livre.executer(commande("ModifierEnveloppe", "c2")).positions == (4,)
        assert livre.executer(commande("ModifierEnveloppe", "c3")).positions == (5,)


@pytest.mark.parametrize("moyen", [restaurer, recopier])
def test_une_base_remise_en_arriere_ne_fait_rien_refuser_sur_l_etat_perdu(
    base: Path, vieille: Path, livre: GrandLivre, moyen: Callable[[Path, Path], None]
) -> None:
    """Ni refus ni état d'après des lignes que la base n'a plus, pas même d'un acte reconnu."""
    ranger(base)
    moyen(vieille, base)
    for identifiant in ("b0", "b1"):  # acknowledged; refused by what is no longer there
        with pytest.raises(StoreReplacedError):
            livre.executer(commande("DéposerCandidature", identifiant))
    with pytest.raises(StoreReplacedError):
        livre.etat(P)


@pytest.mark.parametrize(
    "etat", ["CAST(replace(state, 'alice', 'alica') AS BLOB)", "CAST(state AS TEXT)"]
)
def test_une_derniere_ligne_changee_sur_place_ne_fait_rien_refuser(
    base: Path, livre: GrandLivre, etat: str
) -> None:
    """Ni refus ni reçu rendu de nouveau quand la dernière ligne n'est plus celle qui fut lue."""
    refusee = commande("DéposerCandidature", "b1")  # the same structure once more
    assert livre.executer(refusee).statut == "refusee"
    with closing(sqlite3.connect(base)) as autre:
        autre.execute(f"UPDATE stored_events SET state={etat} WHERE originator_version=2")  # noqa: S608
        autre.commit()
    with pytest.raises(StoreReplacedError, match="la ligne 2"):
        livre.executer(refusee)
    with pytest.raises((StoreReplacedError, UnreadableFactError)):
        livre.executer(commande("DéposerCandidature", "b0"))
