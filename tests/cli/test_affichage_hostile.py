"""Ce qui s'affiche : une base dont chaque texte est hostile, des noms de fichiers hostiles.

Les textes de la base contournent la saisie : les lignes sont réécrites et la chaîne refaite, comme
un administrateur le pourrait.
"""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.preuve.ligne import Lineur
from tests.cli.outils import PROGRAMME, RACINE, depot, en_lignes, lancer

HOSTILE = (
    "=\x1b[31m\x1b]8;;http://x\x07\x9b2J\u202e\u200b\nErreur (x) : faux\t\x85\u2028;=1+1\ufeff\"'"
    "</script><script>alert(1)</script>{{7*7}}"
)
TEXTES = {"porteur", "ville", "motif", "reference", "intitule", "source", "vague", "id"}
BRUTS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
SIMPLE = ("--methode", "simple", "--nombre", "3", "--population", "labels", "--alea", "a")
VERBES: dict[str, tuple[str, ...]] = {
    "enveloppe": ("enveloppe",),
    "credits": ("credits",),
    "structures": ("structures",),
    "echeancier": ("echeancier", "action-45000"),
    "anomalies": ("anomalies",),
    "expliquer": ("expliquer", "structures.action-45000.paye"),
    "comparer": ("comparer", "1", "200"),
    "sonder": ("sonder", *SIMPLE),
    "journal": ("journal",),
    "verifier": ("verifier",),
    "releve": ("releve",),
    "rapport": ("rapport",),
    "lecture": ("lecture", "-o", "SORTIE"),
    "scdl": ("exporter", "scdl"),
    "fec": ("exporter", "fec"),
}
ENTIERS = {
    "carte": ("releve", "--carte"),
    "page": ("rapport", "--format", "html"),
    "beancount": ("exporter", "beancount"),
    "hledger": ("exporter", "hledger"),
    "dossier": ("dossier", "-o", "SORTIE"),
}


def salir(valeur: Any, membre: str = "") -> Any:
    """The value with every free text made hostile; the command ids too."""
    if isinstance(valeur, dict):
        return {m: salir(v, m) for m, v in valeur.items()}
    if isinstance(valeur, list):
        return [salir(v) for v in valeur]
    if membre == "id_commande":
        return f"\x1b[31m\n\x9b{valeur}"[:64]
    return HOSTILE + valeur if membre in TEXTES else valeur


@pytest.fixture(scope="module")
def sale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base whose chain holds and whose every text is hostile."""
    base = tmp_path_factory.mktemp("sale") / "b.db"
    assert lancer("demo", "--base", base, "--au", "2020-12-31", "--format", "json").code == 0
    lineur, precedent = Lineur(PROGRAMME), None
    with closing(sqlite3.connect(base)) as c:
        requete = "SELECT originator_version, topic, state FROM stored_events ORDER BY 1"
        for position, topic, etat in c.execute(requete).fetchall():
            fait = {**salir(json.loads(etat)), "precedent": precedent}
            texte = json.dumps(fait, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            octets = texte.encode()
            c.execute("UPDATE stored_events SET state=? WHERE originator_version=?",
                      (octets, position))  # fmt: skip
            c.execute("UPDATE fabriques_commandes SET id_commande=? WHERE position=?",
                      (fait["id_commande"], position))  # fmt: skip
            precedent = lineur.feuille(position, topic, octets).hex()
        c.commit()
        c.execute("PRAGMA journal_mode=DELETE")
    return base


def bruts(texte: str) -> set[str]:
    """What a terminal would obey, or a reader would not see."""
    return set(BRUTS.findall(texte))


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize("verbe", VERBES)
def test_un_texte_stocke_ne_commande_jamais_le_terminal(
    sale: Path, tmp_path: Path, verbe: str, format_: str
) -> None:
    """Chaque verbe, chaque format, sur une base hostile : rien qu'un terminal exécute."""
    arguments = [a.replace("SORTIE", str(tmp_path / "s")) for a in VERBES[verbe]]
    fait = lancer(*arguments, "--base", sale, "--format", format_)
    assert fait.code in (0, 1, 2)
    assert fait.code != 2 or "--format" in fait.erreur
    assert "inattendue" not in fait.erreur
    if (verbe, format_) not in (("journal", "json"), ("journal", "jsonl")):
        assert bruts(fait.sortie + fait.erreur) == set()
    if format_ == "table":
        assert "\nErreur (x)" not in fait.sortie + fait.erreur


@pytest.mark.parametrize("verbe", ENTIERS)
def test_un_document_d_une_base_hostile_est_inoffensif(
    sale: Path, tmp_path: Path, verbe: str
) -> None:
    """Carte, page, livres de comptes : ni séquence de terminal, ni balise, ni ligne forgée."""
    arguments = [a.replace("SORTIE", str(tmp_path / "s.zip")) for a in ENTIERS[verbe]]
    fait = lancer(*arguments, "--base", sale)
    assert fait.code == (1 if verbe == "dossier" else 0)  # its journal is not conform
    assert bruts(fait.sortie + fait.erreur) == set()
    assert "\nErreur (x)" not in fait.sortie
    if verbe == "page":
        assert "<script>alert" not in fait.sortie
        assert "{{7*7}}" in fait.sortie  # a text, never a template


def test_les_octets_d_un_journal_sont_rendus_tels_quels_dans_un_tuyau(sale: Path) -> None:
    """Dans un tuyau ou un fichier, le journal garde ses octets : c'est d'eux qu'on fait preuve."""
    octets = lancer("journal", "--base", sale).octets
    precedent = None
    for ligne in octets.splitlines():
        lue = json.loads(ligne)
        assert lue["state"]["precedent"] == precedent
        etat = ligne[ligne.index(b'"state":') + 8 : ligne.rindex(b',"type":')]
        precedent = Lineur(PROGRAMME).feuille(lue["pos"], lue["type"], etat).hex()


def sur_un_terminal(*arguments: str, dossier: Path) -> str:
    """What a run shows on a terminal (output and errors)."""
    maitre, esclave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from commands.cli import main; main()", *arguments],
        cwd=dossier,
        env={**os.environ, "PYTHONPATH": str(RACINE), "FABRIQUES_DEBUG": "1"},
        stdin=subprocess.DEVNULL,
        stdout=esclave,
        stderr=esclave,
    ) as processus:
        os.close(esclave)
        morceaux: list[bytes] = []
        while True:
            try:
                morceau = os.read(maitre, 65_536)
            except OSError:  # what Linux answers once the other side is closed
                break
            if not morceau:
                break
            morceaux.append(morceau)
        processus.wait(60)
    os.close(maitre)
    return b"".join(morceaux).decode("utf-8").replace("\r\n", "\n")


def test_sur_un_terminal_le_journal_montre_ce_qu_il_n_execute_pas(
    sale: Path, tmp_path: Path
) -> None:
    """Sur un terminal véritable, les lignes du journal sont les mêmes valeurs, échappées."""
    montre = sur_un_terminal("journal", "--base", str(sale), dossier=tmp_path)
    assert bruts(montre) == set()
    dans_un_tuyau = lancer("journal", "--base", sale).lignes_json
    assert [json.loads(ligne) for ligne in montre.splitlines()] == dans_un_tuyau


def test_sur_un_terminal_une_erreur_et_sa_trace_sont_inoffensives(tmp_path: Path) -> None:
    """Un nom de fichier hostile, dans l'erreur et dans la trace de FABRIQUES_DEBUG, est montré."""
    nom = "a\x1b]0;titre\x07\x9b31m"
    montre = sur_un_terminal("enveloppe", "--base", nom, dossier=tmp_path)
    assert "Traceback" in montre
    assert "Erreur (base_absente) : " in montre
    assert bruts(montre) == set()


NOM = "\x1b[31m\x1b]8;;x\x07\u202e\x9b\nErreur (x) : faux"
DEMANDES: dict[str, tuple[str, ...]] = {
    "verbe": (NOM,),
    "option": (f"--{NOM}",),
    "base": ("enveloppe", "--base", NOM),
    "url": ("enveloppe", "--base", f"http://{NOM}"),
    "programme": ("enveloppe", "--base", "BASE", "--programme", NOM),
    "date": ("enveloppe", "--base", "BASE", "--au", NOM),
    "format": ("enveloppe", "--base", "BASE", "--format", NOM),
    "position": ("enveloppe", "--base", "BASE", "--connu-au", NOM),
    "sortie": ("enveloppe", "--base", "BASE", "-o", f"absent/{NOM}"),
    "dossier": ("enveloppe", "--base", "BASE", "-o", f"absent{NOM}/x"),
    "structure": ("echeancier", NOM, "--base", "BASE"),
    "cellule": ("expliquer", NOM, "--base", "BASE"),
    "point": ("comparer", "1", NOM, "--base", "BASE"),
    "commandes": ("executer", NOM, "--base", "BASE"),
    "releve": ("verifier", "--base", "BASE", "--releve", NOM),
    "cle": ("verifier", "--base", "BASE", "--cle", NOM),
    "signer": ("releve", "--base", "BASE", "--signer", NOM),
    "agent": ("releve", "--base", "BASE", "--signer", f"agent:{NOM}"),
    "publier": ("releve", "--base", "BASE", "--signer", "x", "--publier", f"a/{NOM}"),
    "creer": ("releve", "--creer-cle", f"absent/{NOM}"),
    "reproduire": ("reproduire", NOM, "--base", "BASE"),
    "tirage": ("dossier", "--base", "BASE", "--tirage", NOM),
    "releves": ("dossier", "--base", "BASE", "--releves", NOM),
    "lecture": ("rejouer", "--base", "BASE", "--lecture", NOM),
}


@pytest.mark.parametrize("nom", DEMANDES)
def test_une_erreur_qui_repete_la_saisie_est_inoffensive(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nom: str
) -> None:
    """Un nom ou une valeur hostile, répété dans une erreur, n'est jamais rendu tel quel."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    fait = lancer(*(str(base_golden) if a == "BASE" else a for a in DEMANDES[nom]))
    assert fait.code in (2, 4)
    assert "Erreur" in fait.erreur
    assert bruts(fait.sortie + fait.erreur) == set()


def test_un_succes_qui_repete_un_nom_de_fichier_est_inoffensif(
    base_golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dossier, lecture, démonstration, relevé, clé : le nom du fichier écrit est montré."""
    monkeypatch.chdir(tmp_path)
    nom = "\x1b[31m\u202e\x9b"
    b = ("--base", str(base_golden))
    for demande in (
        ("dossier", *b, "-o", f"{nom}.zip"),
        ("lecture", *b, "-o", f"{nom}.l"),
        ("rejouer", *b, "--lecture", f"{nom}.l"),
        ("demo", "--base", f"{nom}.db", "--au", "2020-02-10"),
        ("releve", "--creer-cle", f"{nom}.cle"),
        ("releve", *b, "--signer", f"{nom}.cle", "--publier", f"{nom}.d"),
        ("verifier", *b, "--releve", f"{nom}.d"),
        ("rapport", *b, "-o", f"{nom}.json"),
        ("reproduire", f"{nom}.json", *b),
        ("comparer", "1", f"{nom}.json", *b),
    ):
        fait = lancer(*demande)
        assert (demande[0], fait.code) == (demande[0], 0), fait
        assert bruts(fait.sortie + fait.erreur) == set(), demande


def test_une_ligne_refusee_hostile_n_ecrit_pas_de_ligne_a_elle(base_neuve: Path) -> None:
    """Un refus qui répète la saisie tient sur les lignes que nous écrivons."""
    entree = en_lignes([{**depot("x"), f"a{NOM}": 1}])
    for format_ in ("table", "csv", "jsonl"):
        fait = lancer("executer", "-", "--base", base_neuve, "--format", format_, entree=entree)
        assert fait.code == 3
        assert bruts(fait.sortie) == set()
        assert "\nErreur (x)" not in fait.sortie + fait.erreur
