"""Sauvegarder un serveur avec les outils de PostgreSQL, et le rendre tel qu'à un instant donné."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import GrandLivre, Recu, cliches
from ledger.audit import confronter_cliche, verifier
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .grappe import perdus
from .serveur import COMPTE, Binaires, Serveur, dossier_de_serveur, nouveau


@pytest.fixture(scope="module")
def sauvegarde() -> Iterator[tuple[Binaires, Serveur]]:
    """A base backup of a small server, and the programs that made it."""
    with dossier_de_serveur() as (binaires, dossier):
        pg, copie = (nouveau(binaires, dossier, nom) for nom in ("vivant", "copie"))
        pg.initialiser()
        pg.demarrer()
        try:
            binaires.lancer(
                *("pg_basebackup", "-h", pg.dossier, "-U", COMPTE, "-c", "fast"),
                *("-D", copie.donnees),
                cwd=copie.dossier,
            )
        finally:
            pg.tuer()
        yield binaires, copie


def ecrire(pg: Serveur, nombre: int, prefixe: str) -> dict[str, Recu]:
    """Commands on a server, and their receipts."""
    with GrandLivre.ouvrir(pg.url(), creer=True) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        return {
            f"{prefixe}{n}": livre.executer(commande("ModifierEnveloppe", f"{prefixe}{n}"))
            for n in range(nombre)
        }


def verifiee(binaires: Binaires, sauvegarde: Serveur) -> tuple[bool, str]:
    """Whether PostgreSQL's own verification accepts a base backup, and what it says: every file of
    its manifest, then its write-ahead log."""
    dit = binaires.lancer(
        *("pg_verifybackup", sauvegarde.donnees),
        cwd=sauvegarde.dossier,
        depuis=binaires.verificateur(),
        check=False,
    )
    return dit.returncode == 0, dit.stdout


def test_un_serveur_revient_a_l_instant_demande() -> None:
    """pg_basebackup, puis le journal archivé : tout jusqu'à l'instant, rien d'après, et vérifié."""
    with dossier_de_serveur() as (binaires, dossier):
        pg, retour = (nouveau(binaires, dossier, nom) for nom in ("vivant", "retour"))
        archive = nouveau(binaires, dossier, "archive").dossier
        pg.initialiser()
        pg.demarrer(archive_mode="on", archive_command=f"cp %p {archive}/%f")
        try:
            avant = ecrire(pg, 5, "avant")
            binaires.lancer(
                *("pg_basebackup", "-h", pg.dossier, "-U", COMPTE, "-c", "fast"),
                *("-D", retour.donnees),
                cwd=retour.dossier,
            )
            assert verifiee(binaires, retour) == (True, "backup successfully verified\n")
            pendant = ecrire(pg, 5, "pendant")
            ((instant,),) = pg.sql("SELECT clock_timestamp()::text")
            apres = ecrire(pg, 5, "apres")
            ((segment,),) = pg.sql("SELECT pg_walfile_name(pg_switch_wal())")
            while not (archive / str(segment)).exists():
                threading.Event().wait(0.05)
        finally:
            pg.tuer()
        (retour.donnees / "recovery.signal").touch()
        retour.demarrer(
            restore_command=f"cp {archive}/%f %p",
            recovery_target_time=str(instant),
            recovery_target_action="promote",
        )
        try:
            while retour.sql("SELECT pg_is_in_recovery()") != [(False,)]:
                threading.Event().wait(0.05)
            assert perdus(retour, avant | pendant, P) == []
            assert perdus(retour, apres, P) == list(apres)  # the receipts tell what went
            with GrandLivre.ouvrir(retour.url()) as livre:
                assert livre.etat(P).position == 11
                assert verifier(livre.store, P).conforme
        finally:
            retour.arreter("immediate")


@pytest.mark.parametrize("abime", ["donnees", "journal"])
def test_une_sauvegarde_abimee_est_refusee(
    abime: str, sauvegarde: tuple[Binaires, Serveur]
) -> None:
    """Un octet changé dans un fichier, ou le journal effacé : pg_verifybackup refuse la copie."""
    binaires, copie = sauvegarde
    assert verifiee(binaires, copie)[0]
    if abime == "donnees":
        fichier = max((copie.donnees / "base").rglob("*"), key=lambda f: f.stat().st_size)
        place = 100
    else:
        fichier = min(f for f in (copie.donnees / "pg_wal").iterdir() if len(f.name) == 24)
        place = fichier.stat().st_size
    sain = fichier.read_bytes()
    fichier.write_bytes(bytes(255 - o for o in sain[:place]) + sain[place:])
    try:
        assert not verifiee(binaires, copie)[0]
    finally:
        fichier.write_bytes(sain)


def test_une_sauvegarde_logique_se_restaure_a_l_octet(serveur: Serveur, url: str) -> None:
    """pg_dump puis psql : les mêmes lignes, le même index, les gardes, et la base est conforme."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        for n in range(5):
            livre.executer(commande("ModifierEnveloppe", f"m{n}"))
        voulu = [*livre.store.lire(P)], [*livre.store.index()]
    sql = serveur.dossier / "copie.sql"
    serveur.binaires.lancer("pg_dump", "-d", url, "-f", sql, cwd=serveur.dossier)
    serveur.sql("CREATE DATABASE restauree TEMPLATE template0")
    cible = serveur.url("restauree")
    serveur.binaires.lancer(
        *("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", cible, "-f", sql), cwd=serveur.dossier
    )
    with GrandLivre.ouvrir(cible) as livre:
        assert ([*livre.store.lire(P)], [*livre.store.index()]) == voulu
        assert livre.store.controler() == []
        assert verifier(livre.store, P).conforme


def test_une_base_restauree_plus_ancienne_que_son_cliche_s_ouvre(
    serveur: Serveur, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Le cliché d'une suite perdue est ignoré : la base restaurée se lit en entier."""
    monkeypatch.setattr(cliches, "SEUIL", 1)
    serveur.sql("CREATE DATABASE vivante TEMPLATE modele")
    url = serveur.url("vivante")
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    serveur.sql("CREATE DATABASE ancienne TEMPLATE vivante")
    with GrandLivre.ouvrir(url, cliches=tmp_path) as livre:
        for n in range(3):
            livre.executer(commande("ModifierEnveloppe", f"m{n}"))
    (fichier,) = tmp_path.iterdir()
    with GrandLivre.ouvrir(serveur.url("ancienne"), cliches=tmp_path) as livre:
        (constat,) = confronter_cliche(livre.store, P, fichier)
        assert "serait ignoré : la base n'a pas, en 4" in constat.detail
        assert livre.executer(commande("ModifierEnveloppe", "n")).positions == (2,)
