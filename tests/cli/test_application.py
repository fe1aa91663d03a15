"""L'application : aide en français, version, complétion, journal technique, sous-processus."""

from __future__ import annotations

import gettext
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from commands.cli.application import application
from commands.cli.francais import en_francais, traduire_pluriel
from tests.cli.outils import RACINE, depot, en_lignes, lancer, lancer_a_part, ouverture

VERBES = (
    "demo",
    "executer",
    "importer",
    "enveloppe",
    "credits",
    "structures",
    "echeancier",
    "anomalies",
    "expliquer",
    "comparer",
    "fonctions",
    "sonder",
    "simuler",
    "prevision",
    "journal",
    "lecture",
    "verifier",
    "rejouer",
    "releve",
    "reprendre",
    "rapport",
    "reproduire",
    "dossier",
    "rapprocher",
    "exporter",
    "explorer",
    "console",
    "schemas",
    "migrer",
    "sauvegarder",
    "preparer-base",
    "doctor",
)


def test_les_verbes_sont_ceux_du_contrat() -> None:
    """L'application déclare les verbes du contrat, et aucun autre."""
    assert tuple(application.commands) == VERBES


def test_fabriques_seul_affiche_l_aide() -> None:
    """Sans verbe, l'aide s'affiche sur la sortie standard et le code est 0."""
    seul, aide = lancer(), lancer("--help")
    assert (seul.code, seul.octets) == (0, aide.octets)
    assert "Utilisation : fabriques [OPTIONS] VERBE" in seul.sortie
    assert "_FABRIQUES_COMPLETE" in seul.sortie


@pytest.mark.parametrize("verbe", VERBES)
def test_l_aide_de_chaque_verbe_est_en_francais_avec_des_exemples(verbe: str) -> None:
    """Chaque verbe a une aide française, avec des exemples, en 100 colonnes au plus."""
    fait = lancer(verbe, "--help")
    assert (fait.code, fait.erreur) == (0, "")
    assert fait.sortie.startswith(f"Utilisation : fabriques {verbe}")
    assert f"  fabriques {verbe}" in fait.sortie.partition("Exemples :")[2]
    for anglais in ("Usage:", "Options:", "Show this", "default:", "env var", "required", "..."):
        assert anglais not in fait.sortie.replace("[OPTIONS]", "")
    assert max(map(len, fait.sortie.splitlines())) <= 100


def test_le_francais_de_click_ne_deborde_pas() -> None:
    """Les traductions ne durent que le temps d'un appel, et ne touchent pas gettext."""
    with en_francais():
        assert click.formatting._("Usage:") == "Utilisation :"  # type: ignore[attr-defined]
    assert click.formatting._ is gettext.gettext  # type: ignore[attr-defined]
    assert traduire_pluriel("inconnu", "inconnus", 3) == "inconnus"


def test_la_version_se_lit() -> None:
    """--version donne un nom et un numéro, ou dit que le paquet n'est pas installé."""
    fait = lancer("--version")
    assert fait.code == 0
    assert fait.sortie.startswith("fabriques ")


def test_le_journal_technique_ne_parle_que_si_on_le_demande(base_neuve: Path) -> None:
    """Le journal technique sort sur la sortie d'erreur, et ne reste pas branché."""
    demande = ("executer", "-", "--base", base_neuve)
    muet = lancer(*demande, entree=en_lignes([depot("a")]))
    assert muet.erreur == "1 acceptée, 0 déjà exécutée, 0 refusée.\n"
    parlant = lancer(*demande, "--journal-technique", "json", entree=en_lignes([depot("b")]))
    ligne = json.loads(parlant.erreur.splitlines()[0])
    assert (ligne["event"], ligne["id_commande"]) == ("commande_acceptee", "depot-b")
    assert len(parlant.lignes_json) == 1
    court = lancer("-v", *demande, entree=en_lignes([depot("c")]))
    assert "event=commande_acceptee" in court.erreur
    journaux = [logging.getLogger(nom) for nom in ("ledger", "commands", "projections")]
    assert [
        type(g) for j in journaux for g in j.handlers if type(g) is not logging.NullHandler
    ] == []


def test_la_completion_propose_les_verbes(tmp_path: Path) -> None:
    """La complétion du shell propose les verbes qui commencent comme ce qui est tapé."""
    env = {
        "_FABRIQUES_COMPLETE": "bash_complete",
        "COMP_WORDS": "fabriques ec",
        "COMP_CWORD": "1",
    }
    fait = lancer_a_part(dossier=tmp_path, env=env)
    assert fait.sortie.splitlines() == ["plain,echeancier"]


def test_de_bout_en_bout_dans_un_autre_processus(tmp_path: Path) -> None:
    """Depuis un shell sans UTF-8, tout s'enchaîne : exécuter, lire, vérifier, refuser."""
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "FABRIQUES_BASE": "a.db"}
    lot = en_lignes([ouverture(), depot("a", ville="Œuf-en-Ternois")])
    fait = lancer_a_part("executer", "-", dossier=tmp_path, entree=lot, env=env)
    assert (fait.code, len(fait.lignes_json)) == (0, 2)
    registre = lancer_a_part("structures", "--format", "csv", dossier=tmp_path, env=env)
    assert "Œuf-en-Ternois" in registre.sortie
    assert lancer_a_part("verifier", dossier=tmp_path, env=env).sortie.count("conforme") == 1
    refus = lancer_a_part(
        "executer", "-", dossier=tmp_path, entree=en_lignes([depot("a", id_commande="z")]), env=env
    )
    assert refus.code == 3
    assert lancer_a_part("enveloppe", "--base", "rien.db", dossier=tmp_path, env=env).code == 4
    assert lancer_a_part("enveloppe", "--au", "x", dossier=tmp_path, env=env).code == 2


def test_no_color_est_honore(base_golden: Path) -> None:
    """Avec NO_COLOR, et sans, la sortie n'a aucune séquence de couleur."""
    demande = ("enveloppe", "--base", base_golden)
    sans, avec = lancer(*demande, env={"NO_COLOR": "1"}), lancer(*demande)
    assert sans.octets == avec.octets
    assert b"\x1b" not in avec.octets


@pytest.mark.parametrize(
    ("flux", "arguments", "code"),
    [(0, ("executer", "-"), 4), (1, ("verifier",), 0), (2, ("enveloppe", "--base", "rien.db"), 4)],
)
def test_un_flux_ferme_par_l_appelant_n_est_pas_un_defaut(
    tmp_path: Path, flux: int, arguments: tuple[str, ...], code: int
) -> None:
    """Entrée, sortie ou erreur fermée : le code de sortie reste celui de la commande."""
    base = tmp_path / "a.db"
    if flux == 1:
        assert lancer("executer", "-", "--base", base, entree=en_lignes([ouverture()])).code == 0
    fait = subprocess.run(
        [sys.executable, "-c", "from commands.cli import main; main()", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(RACINE), "FABRIQUES_BASE": str(base), "PATH": ""},
        stdin=None if flux == 0 else subprocess.DEVNULL,
        stdout=None if flux == 1 else subprocess.PIPE,
        stderr=None if flux == 2 else subprocess.PIPE,
        preexec_fn=lambda: os.close(flux),
        check=False,
    )
    assert fait.returncode == code
    assert b"inattendue" not in (fait.stderr or b"")
