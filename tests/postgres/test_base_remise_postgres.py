"""Une base remise en arrière sous une poignée ouverte : rien n'y est acquitté ensuite."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from commands import GrandLivre
from ledger import StoreError
from ledger.erreurs import StoreReplacedError
from ledger.stockage.adresse import Adresse
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .serveur import Serveur

GARDES = (
    "ALTER TABLE fabriques.stored_events {0} TRIGGER stored_events_immuable; "
    "ALTER TABLE fabriques.fabriques_commandes {0} TRIGGER fabriques_commandes_immuable; "
)
OTER = (
    "DELETE FROM fabriques.stored_events WHERE originator_version > 1; "
    "DELETE FROM fabriques.fabriques_commandes WHERE position > 1; "
)
Geste = Callable[[Serveur, str, Path], None]


def oter(serveur: Serveur, nom: str, _: Path) -> None:
    """An administrator deletes the last lines."""
    serveur.sql(GARDES.format("DISABLE") + OTER + GARDES.format("ENABLE ALWAYS"), nom)


def recharger(serveur: Serveur, nom: str, _: Path) -> None:
    """An administrator empties the tables and loads an older copy in them."""
    serveur.sql(
        "CREATE TEMP TABLE l AS SELECT * FROM fabriques.stored_events WHERE originator_version = 1;"
        "CREATE TEMP TABLE i AS SELECT * FROM fabriques.fabriques_commandes WHERE position = 1;"
        + GARDES.format("DISABLE")
        + "TRUNCATE fabriques.stored_events, fabriques.fabriques_commandes;"
        "INSERT INTO fabriques.stored_events SELECT * FROM l;"
        "INSERT INTO fabriques.fabriques_commandes SELECT * FROM i;"
        + GARDES.format("ENABLE ALWAYS"),
        nom,
    )


def restaurer(serveur: Serveur, nom: str, archive: Path) -> None:
    """`pg_restore` makes the tables again, from an older dump, in the same database."""
    serveur.binaires.lancer(
        *("pg_restore", "--clean", "--if-exists", "--single-transaction"),
        *("-d", serveur.url(nom), archive),
        cwd=serveur.dossier,
    )


def echanger(serveur: Serveur, nom: str, _: Path) -> None:
    """The name leads to an older copy of the database; every session was ended."""
    serveur.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{nom}'")
    serveur.sql(f"ALTER DATABASE {nom} RENAME TO {nom}_ecartee")
    serveur.sql(f"ALTER DATABASE {nom}_vieille RENAME TO {nom}")


GESTES: dict[str, Geste] = {
    "oter": oter,
    "recharger": recharger,
    "restaurer": restaurer,
    "echanger": echanger,
}


@pytest.fixture
def archive(url: str, serveur: Serveur, request: pytest.FixtureRequest) -> Path:
    """A base of one line, and what the gesture of the test needs to put it back there."""
    nom = Adresse(url).base
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    fichier = serveur.dossier / f"{nom}.dump"
    geste = request.node.callspec.params.get("geste") if hasattr(request.node, "callspec") else ""
    if geste == "restaurer":
        serveur.binaires.lancer("pg_dump", "-Fc", "-d", url, "-f", fichier, cwd=serveur.dossier)
    if geste == "echanger":
        serveur.sql(f"CREATE DATABASE {nom}_vieille TEMPLATE {nom}")
    return fichier


@pytest.fixture
def livre(url: str, archive: Path) -> Iterator[GrandLivre]:
    """A handle, warm after three lines that it acknowledged."""
    assert archive.parent.is_dir()
    with GrandLivre.ouvrir(url) as livre:
        assert livre.executer(commande("DéposerCandidature", "b0")).positions == (2,)
        assert livre.executer(commande("ModifierEnveloppe", "b1")).positions == (3,)
        assert livre.executer(commande("DéposerCandidature", "b0")).statut == "deja_executee"
        yield livre


def refuse_tout(livre: GrandLivre) -> None:
    """New, acknowledged before, to be refused by a lost state, or a mere look: all are refused."""
    for nom, identifiant in (
        ("ModifierEnveloppe", "c0"),
        ("ModifierEnveloppe", "c0"),
        ("DéposerCandidature", "b0"),
        ("ModifierEnveloppe", "b1"),
        ("DéposerCandidature", "c1"),
        ("ModifierEnveloppe", "c2"),
    ):
        with pytest.raises(StoreReplacedError):
            livre.executer(commande(nom, identifiant))
    with pytest.raises(StoreReplacedError):
        livre.etat(P)


@pytest.mark.parametrize("geste", GESTES)
def test_une_base_remise_en_arriere_reste_refusee(
    geste: str, url: str, serveur: Serveur, archive: Path, livre: GrandLivre
) -> None:
    """Lignes ôtées, rechargées, restaurées, ou base échangée : la poignée refuse tout, jusqu'à sa
    fermeture ; une autre, ouverte ensuite, continue de ce qui est là."""
    GESTES[geste](serveur, Adresse(url).base, archive)
    refuse_tout(livre)
    with GrandLivre.ouvrir(url) as neuve:
        assert neuve.executer(commande("ModifierEnveloppe", "b1")).positions == (2,)
    refuse_tout(livre)


@pytest.mark.parametrize("geste", ["oter", "echanger"])
@pytest.mark.parametrize("autres", [1, 2, 5])
def test_une_base_remise_puis_ecrite_par_d_autres_reste_refusee(
    autres: int, geste: str, url: str, serveur: Serveur, archive: Path, livre: GrandLivre
) -> None:
    """D'autres ont écrit depuis, moins, autant ou plus de lignes : rien ne s'ajoute aux leurs."""
    GESTES[geste](serveur, Adresse(url).base, archive)
    with GrandLivre.ouvrir(url) as neuve:
        for n in range(autres):
            neuve.executer(commande("ModifierEnveloppe", f"autre-{n}"))
        with pytest.raises(StoreReplacedError):
            livre.etat(P)
        refuse_tout(livre)
        assert neuve.etat(P).position == 1 + autres


@pytest.mark.parametrize("geste", ["oter", "echanger"])
def test_une_premiere_commande_deja_connue_ne_se_refait_pas(
    geste: str, url: str, serveur: Serveur, archive: Path, livre: GrandLivre
) -> None:
    """Renvoyée la première après le retour en arrière, une commande acquittée n'a pas lieu deux
    fois, ni ne reçoit un reçu pour ce qui n'est plus là."""
    GESTES[geste](serveur, Adresse(url).base, archive)
    for _ in range(2):
        with pytest.raises(StoreReplacedError):
            livre.executer(commande("DéposerCandidature", "b0"))
    with GrandLivre.ouvrir(url) as neuve:
        assert neuve.etat(P).position == 1


def attendre(serveur: Serveur, nom: str) -> None:
    """Until somebody waits for a lock on that database."""
    attend = f"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{nom}'"
    while not serveur.sql(attend):
        threading.Event().wait(0.01)


def ecrire(livre: GrandLivre, dits: list[object]) -> None:
    """One command; its receipt, or the class of its error."""
    try:
        dits.append(livre.executer(commande("ModifierEnveloppe", "pendant")))
    except StoreError as erreur:
        dits.append(type(erreur))


@pytest.mark.parametrize("place", ["tables", "position"])
def test_une_base_remise_pendant_l_attente_du_verrou_n_acquitte_rien(
    place: str, url: str, serveur: Serveur, livre: GrandLivre
) -> None:
    """L'écriture attend les tables, ou sa position tenue par un autre ; les lignes sont ôtées
    pendant ce temps : aucun reçu, et la poignée refuse la suite."""
    nom = Adresse(url).base
    dits: list[object] = []
    fil = threading.Thread(target=ecrire, args=(livre, dits))
    if place == "position":
        serveur.sql(GARDES.format("DISABLE"), nom)
    with psycopg.connect(url) as tenue:
        if place == "tables":
            tenue.execute((GARDES.format("DISABLE") + OTER).encode())
        else:
            tenue.execute(
                "INSERT INTO fabriques.stored_events VALUES (%s, 4, 'avis-rendu', '{}')", (P,)
            )
        fil.start()
        attendre(serveur, nom)
        if place == "tables":
            tenue.execute(GARDES.format("ENABLE ALWAYS").encode())
            tenue.commit()
        else:
            serveur.sql(OTER, nom)
            tenue.rollback()
    fil.join()
    assert dits == [StoreReplacedError]
    refuse_tout(livre)


def test_apres_une_coupure_une_base_remise_n_est_pas_reprise(
    url: str, serveur: Serveur, livre: GrandLivre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """La commande échoue par la connexion, la base est remise en arrière, puis tout revient : la
    poignée n'exécute ni la commande neuve, ni celle qu'elle avait acquittée."""
    nom = Adresse(url).base

    def couper(*_: Any, **__: Any) -> None:
        raise psycopg.OperationalError("exprès")

    with monkeypatch.context() as m:
        m.setattr(psycopg.Cursor, "execute", couper)
        m.setattr(psycopg.Connection, "connect", couper)
        for _ in range(2):
            with pytest.raises(StoreError, match="cessé de répondre"):
                livre.executer(commande("ModifierEnveloppe", "c0"))
    oter(serveur, nom, Path())
    refuse_tout(livre)
    with GrandLivre.ouvrir(url) as neuve:
        assert neuve.etat(P).position == 1
