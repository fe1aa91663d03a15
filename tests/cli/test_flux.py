"""Le verbe journal en flux : suivre, reprendre, s'arrêter sans bruit."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from commands.cli import flux as module_flux
from ledger import SQLiteStore
from ledger.erreurs import StoreBusyError, StoreUnreachableError
from ledger.flux import suivre
from ledger.stockage.sqlite import _PAGE as PAGE
from tests.cli.outils import PROGRAMME, demarrer, depot, en_lignes, lancer, ouverture, position_max

VITE = ("--intervalle", "5")


def ecrire(base: Path, *structures: str) -> None:
    """Record one application per structure."""
    fait = lancer("executer", "-", "--base", base, entree=en_lignes(map(depot, structures)))
    assert fait.code == 0, fait.erreur


def curseur_a(base: Path, position: int) -> str:
    """The cursor after that line."""
    store = SQLiteStore(base, ecriture=False)
    try:
        suivi = suivre(store, PROGRAMME)
        return next(str(suivi.curseur) for p, _ in suivi if p == position)
    finally:
        store.fermer()


def lignes_de(suiveur: subprocess.Popen[bytes], nombre: int) -> list[bytes]:
    """That many lines of the process: the reading waits for them, nothing else does.

    A process that never gives them is killed, so that a defect is a failure and not a silence.
    """
    assert suiveur.stdout is not None
    gardien = Timer(60, suiveur.kill)
    gardien.start()
    try:
        return [suiveur.stdout.readline() for _ in range(nombre)]
    finally:
        gardien.cancel()


def finir(processus: subprocess.Popen[bytes]) -> tuple[int, bytes, str]:
    """What the process ends with: code, rest of its output, what it said."""
    sortie, erreur = processus.communicate(timeout=60)
    return processus.returncode, sortie, erreur.decode("utf-8")


def test_suivre_donne_ce_qu_un_autre_processus_ecrit(base_neuve: Path, tmp_path: Path) -> None:
    """Chaque ligne écrite par un autre processus sort aussitôt, et l'interruption est une fin."""
    with demarrer("journal", "--base", base_neuve, "--suivre", *VITE, dossier=tmp_path) as suiveur:
        vues = lignes_de(suiveur, 1)
        for structures in (("a",), ("b", "c")):
            ecrire(base_neuve, *structures)
            vues += lignes_de(suiveur, len(structures))
        suiveur.send_signal(signal.SIGINT)
        assert finir(suiveur) == (0, b"", "")
    assert b"".join(vues) == lancer("journal", "--base", base_neuve).octets
    assert len(vues) == 4


def test_le_curseur_reprend_ou_le_flux_s_est_arrete(base_neuve: Path, tmp_path: Path) -> None:
    """Interrompu puis relancé, le flux reprend après la dernière ligne rendue."""
    garde = tmp_path / "curseur.txt"
    demande = ("journal", "--base", base_neuve, "--curseur", garde)
    with demarrer(*demande, "--suivre", *VITE, dossier=tmp_path) as suiveur:
        lignes_de(suiveur, 1)
        ecrire(base_neuve, "a")
        lignes_de(suiveur, 1)
        ecrire(base_neuve, "b")  # line 3 goes out only once the cursor of line 2 was kept
        lignes_de(suiveur, 1)
        suiveur.send_signal(signal.SIGINT)
        assert finir(suiveur)[0] == 0
    assert garde.read_text("ascii").strip() in {curseur_a(base_neuve, p) for p in (2, 3)}
    garde.write_text(curseur_a(base_neuve, 2), "ascii")
    ecrire(base_neuve, "c")
    tout = lancer("journal", "--base", base_neuve).octets.splitlines(keepends=True)
    assert lancer(*demande).octets == b"".join(tout[2:])
    assert garde.read_bytes() == f"{curseur_a(base_neuve, 4)}\n".encode()
    assert lancer(*demande) == (0, b"", "")
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.endswith(".partiel")) == []


def test_depuis_un_curseur_donne_exactement_la_suite(base_golden: Path) -> None:
    """--depuis donne les lignes qui suivent le curseur, à l'octet près."""
    tout = lancer("journal", "--base", base_golden).octets.splitlines(keepends=True)
    demande = ("journal", "--base", base_golden, "--depuis")
    for position in (1, 399, 400, 401, len(tout)):
        fait = lancer(*demande, curseur_a(base_golden, position))
        assert (fait.code, fait.octets) == (0, b"".join(tout[position:]))


def test_les_cloudevents_sont_les_lignes_du_journal(base_golden: Path) -> None:
    """--format cloudevents rend un évènement par ligne, dont l'identifiant est la feuille."""
    tout = lancer("journal", "--base", base_golden).octets.splitlines()
    fait = lancer("journal", "--base", base_golden, "--format", "cloudevents")
    assert (fait.code, fait.erreur) == (0, "")
    assert [e["id"] for e in fait.lignes_json] == [
        hashlib.sha256(b"\x00" + ligne).hexdigest() for ligne in tout
    ]
    assert [e["data"] for e in fait.lignes_json] == [json.loads(ligne)["state"] for ligne in tout]
    exporte = lancer("exporter", "cloudevents", "--base", base_golden)
    assert exporte.octets == fait.octets
    avant = lancer("exporter", "cloudevents", "--base", base_golden, "--connu-au", "3")
    assert avant.octets.splitlines() == fait.octets.splitlines()[:3]


def test_un_journal_reecrit_est_refuse(base_neuve: Path, tmp_path: Path) -> None:
    """Un journal qui ne tient plus la ligne du curseur sort 4 et ne rend rien."""
    autre = tmp_path / "autre.db"
    lot = [ouverture(), depot("z")]
    assert lancer("executer", "-", "--base", autre, entree=en_lignes(lot)).code == 0
    ecrire(base_neuve, "a")
    garde = tmp_path / "curseur.txt"
    garde.write_text(curseur_a(base_neuve, 2), "ascii")
    fait = lancer("journal", "--base", autre, "--curseur", garde)
    assert (fait.code, fait.octets) == (4, b"")
    assert fait.erreur.startswith(
        f"Erreur (curseur_divergent) : Le journal {PROGRAMME} ne tient plus la ligne consommée à "
        "la position 2 : une autre ligne s'y trouve.\n"
    )
    assert garde.read_text("ascii") == curseur_a(base_neuve, 2)


@pytest.mark.parametrize(
    ("geste", "code"), [("enlever", "base_absente"), ("remplacer", "base_remplacee")]
)
def test_une_base_qui_s_en_va_arrete_le_flux(
    geste: str, code: str, base_neuve: Path, tmp_path: Path
) -> None:
    """La base enlevée ou remplacée pendant le suivi : sortie 4, avec son code."""
    copie = Path(shutil.copy(base_neuve, tmp_path / "copie.db"))
    with demarrer("journal", "--base", base_neuve, "--suivre", *VITE, dossier=tmp_path) as suiveur:
        lignes_de(suiveur, 1)
        if geste == "enlever":
            base_neuve.unlink()
        else:
            copie.replace(base_neuve)
        retour, sortie, erreur = finir(suiveur)
    assert (retour, sortie) == (4, b"")
    assert erreur.startswith(f"Erreur ({code}) : ")


def test_un_lecteur_qui_s_en_va_arrete_le_flux_sans_bruit(
    base_golden: Path, tmp_path: Path
) -> None:
    """Quand plus personne ne lit (head -1), le flux s'arrête sans rien dire."""
    for options in (("--suivre", *VITE), ("--format", "cloudevents")):
        with demarrer("journal", "--base", base_golden, *options, dossier=tmp_path) as suiveur:
            assert suiveur.stdout is not None
            lignes_de(suiveur, 1)
            suiveur.stdout.close()
            assert suiveur.stderr is not None
            erreur = suiveur.stderr.read()
            suiveur.wait(timeout=60)
        assert (suiveur.returncode, erreur) == (141, b"")


def test_le_curseur_est_garde_apres_chaque_lot(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Le fichier du curseur avance après chaque lot rendu, jamais avant, et n'est jamais à moitié
    écrit."""
    garde = tmp_path / "curseur.txt"
    suites: list[tuple[str, bool]] = []
    garder = module_flux.FichierCurseur.garder

    def noter(self: Any, curseur: Any) -> None:
        suites.append((str(curseur), garde.exists()))
        garder(self, curseur)

    monkeypatch.setattr(module_flux.FichierCurseur, "garder", noter)
    tours = iter([True, False])
    monkeypatch.setattr(module_flux, "_patience", lambda *_: nullcontext(lambda: next(tours)))
    fait = lancer("journal", "--base", base_golden, "--suivre", "--curseur", garde)
    assert fait.code == 0, fait.erreur
    taille = position_max(base_golden)
    fins = [*range(PAGE, taille, PAGE), taille]
    assert len(fins) > 1
    assert suites == [(curseur_a(base_golden, fin), fin > PAGE) for fin in fins]


def test_un_curseur_qui_ne_s_ecrit_pas_laisse_l_ancien(base_neuve: Path, tmp_path: Path) -> None:
    """Un curseur qui ne peut pas être gardé est une erreur, et l'ancien reste entier."""
    fait = lancer("journal", "--base", base_neuve, "--curseur", tmp_path / "absent" / "c.txt")
    assert fait.code == 4
    assert "Erreur (systeme)" in fait.erreur
    assert len(fait.octets.splitlines()) == 1  # given, and given again next time: at least once


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--suivre", "--format", "csv"), "Un flux s'écrit en jsonl ou cloudevents, pas en csv."),
        (("--suivre", "--au", "2020-01-01"), "Un flux donne toutes les lignes"),
        (("--format", "cloudevents", "--connu-au", "1"), "Un flux donne toutes les lignes"),
        (("--depuis", "x", "--curseur", "y"), "--depuis et --curseur disent deux départs"),
        (("--suivre", "-o", "f.jsonl"), "-o remplace son fichier"),
        (("--depuis", ""), "Erreur (curseur_illisible) : '' n'est pas un curseur."),
        (("--depuis", "x"), "Erreur (curseur_illisible) : 'x' n'est pas un curseur."),
        (
            ("--depuis", "autre:1:" + "a" * 64),
            f"Ce curseur est du programme autre, pas de {PROGRAMME}.",
        ),
        (("--curseur", "."), "est un dossier"),
        (("--suivre", "--intervalle", "0"), "--intervalle"),
    ],
)
def test_ce_qui_n_a_pas_de_sens_est_un_usage(
    options: tuple[str, ...], phrase: str, base_neuve: Path
) -> None:
    """Une demande de flux qui n'a pas de sens sort 2, avec sa phrase, et ne rend rien."""
    fait = lancer("journal", "--base", base_neuve, *options)
    assert (fait.code, fait.octets) == (2, b"")
    assert phrase in fait.erreur


def test_le_curseur_n_ecrase_pas_la_base(base_neuve: Path) -> None:
    """Le fichier du curseur ne peut pas être la base."""
    fait = lancer("journal", "--base", base_neuve, "--curseur", base_neuve)
    assert (fait.code, fait.octets) == (2, b"")
    assert "est la base elle-même" in fait.erreur


def test_un_curseur_abime_est_refuse(base_neuve: Path, tmp_path: Path) -> None:
    """Un fichier de curseur vide ou abîmé n'est pas un départ à zéro : il est refusé."""
    garde = tmp_path / "curseur.txt"
    for octets in (b"", b"\xff\xfe", b"curseur\n"):
        garde.write_bytes(octets)
        fait = lancer("journal", "--base", base_neuve, "--curseur", garde)
        assert (fait.code, fait.octets) == (2, b"")
        assert "Erreur (curseur_illisible)" in fait.erreur
        assert garde.read_bytes() == octets


def test_un_serveur_absent_ou_assailli_est_attendu_et_dit_une_fois_par_absence(
    base_neuve: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Le serveur s'absente, revient assailli, répond, puis s'absente encore : chaque absence est
    dite une fois, chaque ligne sort une fois ; qui ne suit pas reçoit l'erreur."""
    store, regards, tours = SQLiteStore(base_neuve, ecriture=False), count(1), count(1)
    vraies = store.pages
    pannes = {
        2: StoreUnreachableError("Le serveur s'arrête."),
        3: StoreBusyError("La base a trop de connexions."),
        6: StoreBusyError("La base est trop sollicitée."),
    }

    def pages(*a: Any, **k: Any) -> Any:
        panne = pannes.get(next(regards))
        if panne is not None:
            raise panne
        return vraies(*a, **k)

    def attendre() -> bool:
        tour = next(tours)
        if tour == 1:
            ecrire(base_neuve, "fab-1")
        return tour < 7

    monkeypatch.setattr(store, "pages", pages)
    patience = module_flux.Patience(attendre)
    suivi = suivre(store, PROGRAMME, attendre=patience)
    lots = module_flux._lots(suivi, patience)
    assert [ligne.position for lot in lots for ligne in lot] == [1, 2]
    dits = [ligne for ligne in capsys.readouterr().err.splitlines() if "Le flux reprendra" in ligne]
    assert [("s'arrête" in dit, "sollicitée" in dit) for dit in dits] == [
        (True, False),
        (False, True),
    ]
    regards = count(2)
    with pytest.raises(StoreUnreachableError):
        list(module_flux._lots(suivi, None))
    store.fermer()
