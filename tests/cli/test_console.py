"""Le verbe `console` : ce qu'il refuse d'ouvrir, et une vraie console sur la boucle locale."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.cli.outils import PROGRAMME, demarrer, lancer


@pytest.mark.parametrize(
    ("options", "dit"),
    [
        (["--hote", "0.0.0.0"], "--exposer"),  # noqa: S104 - refused
        (["--hote", "192.0.2.1"], "--exposer"),
        (["--hote", "exemple.fr"], "--exposer"),
        (["--theme", "absent.css"], "ne se lit pas"),
        (["--port", "70000"], "--port"),
        (["--programme", "inconnu"], "n'est pas dans la base"),
    ],
)
def test_ce_que_la_console_refuse_d_ouvrir(base: Path, options: list[str], dit: str) -> None:
    """Une adresse exposée, un thème absent, un port impossible : une phrase, code 2."""
    fait = lancer("console", "--base", base, *options)
    assert fait.code == 2
    assert dit in " ".join(fait.erreur.split())


def test_un_theme_sans_fin_est_refuse_sans_etre_lu(base: Path, tmp_path: Path) -> None:
    """Un thème qui est un tuyau, un périphérique ou un fichier énorme est refusé sans attendre."""
    tuyau, enorme = tmp_path / "tuyau", tmp_path / "enorme.css"
    os.mkfifo(tuyau)
    enorme.touch()
    os.truncate(enorme, 2**40)
    for theme, dit in ((tuyau, "ordinaire"), (Path("/dev/zero"), "ordinaire"), (enorme, "plus de")):
        fait = lancer("console", "--base", base, "--theme", theme)
        assert (fait.code, dit in fait.erreur) == (2, True), fait.erreur


def test_sans_l_extra_web_la_console_dit_quoi_installer(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sans l'extra « web », la console dit ce qu'il faut installer."""
    monkeypatch.setitem(sys.modules, "starlette", None)
    fait = lancer("console", "--base", base)
    assert (fait.code, "fabriques-ledger[web]" in fait.erreur) == (2, True)


def test_une_base_absente_est_dite(tmp_path: Path) -> None:
    """Une base absente donne le code 4, sans rien servir."""
    assert lancer("console", "--base", tmp_path / "rien.db", "--port", "0").code == 4


def test_un_port_pris_est_dit(base: Path) -> None:
    """Un port déjà pris est dit avant de relire la base."""
    with socket.create_server(("127.0.0.1", 0)) as prise:
        port = prise.getsockname()[1]
        fait = lancer("console", "--base", base, "--port", str(port))
    assert (fait.code, f"port {port} : un autre programme y" in fait.erreur) == (2, True)


def test_la_console_sert_sur_la_boucle_et_n_ecrit_rien(base: Path, tmp_path: Path) -> None:
    """La console sert ses pages sur la boucle locale, s'arrête par Ctrl+C, et n'écrit rien."""
    avant = base.read_bytes()
    with demarrer("console", "--base", base, "--port", "0", dossier=tmp_path) as processus:
        assert processus.stderr is not None
        annonce = processus.stderr.readline().decode()
        adresse = re.search(r"http://127\.0\.0\.1:([0-9]+)/", annonce)
        assert adresse is not None, annonce
        connexion = HTTPConnection("127.0.0.1", int(adresse[1]), timeout=60)
        connexion.request("GET", f"/programmes/{PROGRAMME}/situation")
        reponse = connexion.getresponse()
        corps = reponse.read().decode()
        assert (reponse.status, reponse.getheader("server")) == (200, None)
        assert "Situation de tous les faits connus" in corps
        connexion.close()
        processus.send_signal(signal.SIGINT)
        _, erreur = processus.communicate(timeout=60)
    assert (processus.returncode, "Traceback" in erreur.decode()) == (0, False)
    assert base.read_bytes() == avant
