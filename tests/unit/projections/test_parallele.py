"""Le rejeu à plusieurs processus : mêmes chiffres, mêmes refus, aucune partie crue sans lien."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger import Journal, SQLiteStore
from ledger.equipe import Equipe
from ledger.erreurs import ChainBrokenError, StoreError
from projections import parallele, regarder
from projections.parallele import joindre, travailler
from projections.pli import Pli
from projections.situation import Vue
from tests.unit.monde import Monde, P


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base of some lives, whose journal is worth two processes."""
    monkeypatch.setattr(parallele, "SEUIL", 1)
    fichier = tmp_path / "b.db"
    monde = Monde(store=SQLiteStore(fichier, creer=True))
    for rang in range(8):
        monde.label(f"s{rang}")
    for rang in range(8):
        monde.payer(1, "2020-06-01", structure=f"s{rang}")
    monde.ok(
        "OuvrirCrédits",
        "2020-03-01",
        exercice=2020,
        ae_centimes=5,
        cp_centimes=5,
        nature="lfi",
        source="LFI",
    )
    monde.livre.fermer()
    return fichier


def vue(fichier: Path, coeurs: int) -> Vue:
    """The view of the base."""
    store = SQLiteStore(fichier, ecriture=False)
    try:
        return regarder(Journal(store, P), coeurs=coeurs)
    finally:
        store.fermer()


def alterer(fichier: Path, position: int) -> None:
    """Edit one line behind the ledger's back."""
    with closing(sqlite3.connect(fichier)) as c:
        c.execute(
            "UPDATE stored_events SET state=replace(state, '\"acteur\"', '\"actrice\"') "
            "WHERE originator_version=?",
            (position,),
        )
        c.execute(
            "UPDATE stored_events SET state=CAST(state AS BLOB) WHERE originator_version=?",
            (position,),
        )
        c.commit()


def test_deux_processus_donnent_la_vue_d_un_seul(base: Path) -> None:
    """Situation, racine et tête du journal sont les mêmes, à un processus et à deux."""
    seul, deux = vue(base, 1), vue(base, 2)
    assert deux.situation == seul.situation
    assert (deux.racine, deux.journal and deux.journal.tete) == (
        seul.racine,
        seul.journal and seul.journal.tete,
    )


def test_une_ligne_alteree_donne_la_meme_erreur_a_deux_processus(base: Path) -> None:
    """L'altération de la partie lue ailleurs est dite à sa position, comme à un seul processus."""
    alterer(base, 24)
    dites = []
    for coeurs in (1, 2):
        with pytest.raises(ChainBrokenError) as refus:
            vue(base, coeurs)
        dites.append((refus.value.position, refus.value.message))
    assert dites[0] == dites[1]
    assert dites[0][0] == 24


def test_un_processus_mort_ne_change_rien(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """La partie d'un processus qui s'arrête est lue par l'appelant."""
    attendue = vue(base, 1).situation
    demandees: list[int] = []

    class Morte(Equipe):
        def recevoir(self, rang: int) -> bytes:
            demandees.append(rang)
            raise StoreError("mort")

    monkeypatch.setattr(parallele, "Equipe", Morte)
    assert vue(base, 2).situation == attendue
    assert demandees == [0]


def test_une_partie_ne_se_prend_que_derriere_sa_ligne(base: Path) -> None:
    """Une partie qui ne suit pas la dernière ligne lue est laissée, et rien n'a bougé."""
    store = SQLiteStore(base, ecriture=False)
    taille = store.taille(P)
    (part,) = travailler(store, P, 10, taille, None)
    ailleurs, avant = Journal(store, P), Journal(store, P)
    for journal, jusqua in ((ailleurs, 10), (avant, 9)):
        for _ in journal.rattraper(jusqua=jusqua):
            pass
    ailleurs.tete = "0" * 64
    for journal in (ailleurs, avant):
        pli, taille_lue = Pli(), journal.taille
        assert not joindre(journal, pli, part)
        assert (journal.taille, pli.chantiers, pli.position) == (taille_lue, {}, 0)
    assert not joindre(avant, Pli(), b"")
    store.fermer()
    alterer(base, 20)
    store = SQLiteStore(base, ecriture=False)
    assert list(travailler(store, P, 10, taille, None)) == [b""]
    store.fermer()


@pytest.mark.parametrize("coeurs", [1, 2])
def test_une_ligne_deplacee_apres_la_derniere_position_entiere_se_voit(
    base: Path, coeurs: int
) -> None:
    """Une ligne passée à une position à virgule n'est pas laissée hors des chiffres."""
    with closing(sqlite3.connect(base)) as c:
        c.execute(
            "UPDATE stored_events SET originator_version=originator_version + 0.5 "
            "WHERE originator_version=(SELECT max(originator_version) FROM stored_events)"
        )
        c.commit()
    with pytest.raises(ChainBrokenError):
        vue(base, coeurs)


def test_sans_processus_de_plus_le_rejeu_se_fait_seul(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un système qui refuse un processus ou un tuyau ne fait pas échouer un chiffre."""
    seul = vue(base, 1)

    def refuser(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    for objet in (
        "multiprocessing.context.SpawnProcess.start",
        "multiprocessing.context.SpawnContext.Pipe",
    ):
        with monkeypatch.context() as m:
            m.setattr(objet, refuser)
            assert vue(base, 3).situation == seul.situation
    assert multiprocessing.active_children() == []
