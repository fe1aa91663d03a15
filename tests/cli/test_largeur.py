"""Chaque verbe, en tableau, sur une base ordinaire et une base hostile : 80 colonnes au plus."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
import unicodedata
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.cli.largeurs import (
    MOT_MAX,
    commande,
    mesurer,
    raccourcir,
    raccourcir_au_milieu,
    replier,
)
from commands.cli.rendu import Colonne, tableau
from ledger.preuve.ligne import Lineur
from tests.cli.essais import Essai, tous_les_essais
from tests.cli.outils import PROGRAMME as DEMO
from tests.cli.outils import RACINE, depot, en_lignes, lancer, ouverture
from tests.cli.test_affichage_hostile import bruts

GROS = 10**14
LONGUE = "structure-" * 6 + "99"
PROGRAMME = "programme-hostile-" * 3 + "de-64-sign"
# as long as a stored text may be: 4 000 characters, 12 kB of the second one
TEXTES = (
    "x" * 4_000,
    "\u65e5\u672c\u8a9e" * 1_300,
    "e\u0301\u0302\u0303\u0304\u0305\u0306" * 500,
    "\u202e\u2066gauche\u2069 \x1b[31m\x9b droite\n\u2028 " * 100,
    "un deux trois quatre " * 150,
    "\U0001f468\u200d\U0001f469\ufe0f" * 300,
)
TEXTES_LIBRES = {"porteur", "ville", "motif", "reference", "intitule", "source", "vague"}
CHORUS = (
    "N° EJ;N° poste EJ;Fournisseur payé (DP);;Code taxe 1;Référentiel de programmation;;Société;"
    "Exercice comptable;N° DP;N° poste DP;Date de dernière opération sur la DP;Montant payé\n"
)


class Monde(NamedTuple):
    """A base, and what stands for each name of an attempt."""

    base: Path
    valeurs: dict[str, str]


def large(texte: str) -> int:
    """Columns of a terminal, counted apart from the code under test."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in texte
    )


def actes() -> list[dict[str, Any]]:
    """A programme of the longest identifiers and the largest amounts."""
    regles = {
        "enveloppe_centimes": GROS,
        "plafond_centimes": GROS // 4,
        "plafond_annuel_centimes": GROS // 4,
        "bonus_centimes": GROS // 100,
    }
    commun = {"programme": PROGRAMME, "date_effet": "2020-02-03"}
    lot: list[dict[str, Any]] = [ouverture(PROGRAMME, regles=regles)]
    fin = [convention(PROGRAMME, LONGUE)]
    for rang in range(8):
        structure = LONGUE if rang == 0 else f"{'autre-' * 8}{rang}"
        qui = {**commun, "structure": structure}
        lot.append(depot(structure, programme=PROGRAMME, id_commande=f"d{rang}", numerique=True))
        agir = {"id": f"agent-{'tres-' * 9}{rang}", "role": "ordonnateur"}
        payer = {"id": f"payeur-{'tres-' * 9}{rang}", "role": "comptable"}
        lot += [
            {"commande": "LabelliserFabrique", "montant_centimes": GROS // 16, "acteur": agir,
             "id_commande": f"l{rang}{'x' * 60}", **qui},
            {"commande": "VerserTranche", "rang": 1, "montant_centimes": 1_00 + rang,
             "reference": "r", "acteur": payer, "id_commande": f"v{rang}", **qui},
        ]  # fmt: skip
    return lot + fin


def convention(programme: str, structure: str) -> dict[str, Any]:
    """What an extract of Chorus has in common with a base: an EJ."""
    return {"commande": "SignerConvention", "programme": programme, "structure": structure,
            "acteur": {"id": "a", "role": "ordonnateur"}, "date_effet": "2020-02-03",
            "id_commande": "convention", "reference": "C-1", "ej": "1000000001"}  # fmt: skip


def salir(base: Path) -> None:
    """Every free text hostile, the chain made again: what an administrator could do."""
    with closing(sqlite3.connect(base)) as c:
        lineur, precedent = Lineur(PROGRAMME), None
        lignes = c.execute("SELECT originator_version, topic, state FROM stored_events ORDER BY 1")
        for position, topic, etat in lignes.fetchall():
            fait = json.loads(etat)
            for membre in TEXTES_LIBRES & {m for m, v in fait.items() if isinstance(v, str)}:
                fait[membre] = TEXTES[position % len(TEXTES)]
            texte = json.dumps({**fait, "precedent": precedent}, ensure_ascii=False,
                               separators=(",", ":"), sort_keys=True)  # fmt: skip
            octets = texte.encode()
            c.execute("UPDATE stored_events SET state=? WHERE originator_version=?",
                      (octets, position))  # fmt: skip
            precedent = lineur.feuille(position, topic, octets).hex()
        c.commit()


def composer(ici: Path, base: Path, structure: str) -> Monde:
    """The files that the attempts name, made from a base."""
    b = ("--base", base)
    fin = str(len(lancer("journal", *b).octets.splitlines()))
    rapport, lecture, cle, releves = (ici / n for n in ("r.json", "m.db", "cle", "releves"))
    assert lancer("rapport", *b, "-o", rapport).code == 0
    assert lancer("lecture", *b, "-o", lecture).code == 0
    commandes, scenario, chorus, tableau_ = (
        ici / nom for nom in ("c.jsonl", "s.jsonl", "chorus.csv", "t.csv")
    )
    hostile = depot("nouvelle-structure", porteur="porteur " * 500, ville="\u65e5" * 90)
    commandes.write_bytes(en_lignes([hostile, {**hostile, "structure": "X" * 90}]))
    scenario.write_text(
        '{"hypothese": "labelliser", "nombre": 40, "montant_centimes": 15000000, '
        '"date_effet": "2021-06-01", "territoire": "hors_qpv"}\n',
        encoding="utf-8",
    )
    ligne = "1000000001;1;400;x;21860194600000;0147;y;ADCE;2020;300000001;1;02/03/2020;50 000,00\n"
    chorus.write_text(CHORUS + ligne + ligne.replace("50 000,00", "\u65e5" * 80), encoding="utf-8")
    large_ = "\u65e5" * 50
    tableau_.write_text(
        f"porteur;ville;code postal\n{'Nom ' * 200};{large_};03200\n;;9\n", encoding="utf-8"
    )
    assert lancer("releve", "--creer-cle", cle).code == 0
    assert lancer("releve", *b, "--signer", cle, "--publier", releves).code == 0
    reculee = Path(shutil.copy(base, ici / "reculee.db"))
    with closing(sqlite3.connect(reculee)) as c:
        for table, colonne in (("stored_events", "originator_version"),
                               ("fabriques_commandes", "position")):  # fmt: skip
            c.execute(f"DELETE FROM {table} WHERE {colonne} > {int(fin) - 2}")  # noqa: S608
        c.commit()
    racine = lancer("releve", *b, "--connu-au", "1", "--format", "json").json["racine"]
    noms = {"STRUCTURE": structure, "FIN": fin, "RACINE": racine, "COMMANDES": commandes,
            "SCENARIO": scenario, "CHORUS": chorus, "TABLEAU": tableau_, "RAPPORT": rapport,
            "LECTURE": lecture, "RELEVES": releves, "RECULEE": reculee}  # fmt: skip
    return Monde(base, {nom: str(valeur) for nom, valeur in noms.items()})


@pytest.fixture(scope="module")
def mondes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Monde]:
    """The demonstration, and a programme that nobody would wish to read."""
    os.chdir(tmp_path_factory.mktemp("courant"))
    ordinaire, hostile = tmp_path_factory.mktemp("o"), tmp_path_factory.mktemp("h")
    base = ordinaire / "o.db"
    demande = ("demo", "--base", base, "--au", "2020-03-02", "--format", "json")
    assert lancer(*demande).code == 0
    signe = en_lignes([convention(DEMO, "lab01-01500")])
    assert lancer("executer", "-", "--base", base, entree=signe).code == 0
    sale = hostile / "h.db"
    fait = lancer("executer", "-", "--base", sale, entree=en_lignes(actes()))
    assert fait.code == 0, fait.sortie
    salir(sale)
    return {
        "ordinaire": composer(ordinaire, base, "lab01-01500"),
        "hostile": composer(hostile, sale, LONGUE),
    }


def essayer(monde: Monde, essai: Essai, ici: Path, colonnes: int | None = None) -> str:
    """What an attempt prints."""
    valeurs = {**monde.valeurs, "NEUVE": str(ici / "n.db"), "SORTIE": str(ici / "s")}
    env = {} if colonnes is None else {"COLUMNS": str(colonnes)}
    fait = lancer(*essai.mots(monde.base, valeurs), env=env)
    assert "inattendue" not in fait.erreur, fait.erreur
    assert fait.code in (0, 1, 3), fait
    assert fait.octets or fait.code, fait.erreur  # what is refused is said on stderr
    assert bruts(fait.sortie + fait.erreur) == set()
    return fait.sortie


# what has a form of its own, byte for byte: a note of C2SP, the lines of the journal
EXACTS = ("releve", "exporter jsonl")


@pytest.mark.parametrize("monde", ["ordinaire", "hostile"])
@pytest.mark.parametrize("essai", [e for e in tous_les_essais() if str(e) not in EXACTS], ids=str)
def test_chaque_verbe_tient_en_80_colonnes(
    mondes: dict[str, Monde], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, essai: Essai,
    monde: str,
) -> None:  # fmt: skip
    """En tableau, dans un tuyau : aucune ligne ne passe 80 colonnes, rien n'est un ordre."""
    monkeypatch.chdir(tmp_path)
    trop = [li for li in essayer(mondes[monde], essai, tmp_path).split("\n") if large(li) > 80]
    assert [li for li in trop if not est_une_commande(li)] == []


def est_une_commande(ligne: str) -> bool:
    """A command to copy may pass the width by one word: a file name is never cut."""
    return len(ligne.replace(" \\", "").split()) <= 2 and "/" in ligne


@pytest.mark.parametrize("essai", [e for e in tous_les_essais() if str(e) not in EXACTS], ids=str)
def test_un_terminal_etroit_est_tenu_aussi(
    mondes: dict[str, Monde], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, essai: Essai,
) -> None:  # fmt: skip
    """En 40 colonnes, seul un mot entier (une racine) passe, seul sur sa ligne."""
    monkeypatch.chdir(tmp_path)
    sortie = essayer(mondes["ordinaire"], essai, tmp_path, 40)
    trop = [li for li in sortie.split("\n") if large(li) > 40]
    if "--carte" in essai.arguments:  # drawn for 80 columns, to be printed
        assert max(map(large, sortie.split("\n"))) <= 80
        return
    assert [li for li in trop if " " in li.strip() and not est_une_commande(li)] == []


@cache
def racines(base: Path) -> set[str]:
    """Every root and digest that a report may quote."""
    lu = lancer("releve", "--base", base, "--format", "json").json
    return {lu["racine"], lu["empreinte_prefixe"]}


@pytest.mark.parametrize("colonnes", [40, 80])
@pytest.mark.parametrize(
    "mots",
    ["verifier", "rejouer --lecture LECTURE", "reproduire RAPPORT", "migrer BASE NEUVE --a-blanc"],
)
def test_une_racine_reste_entiere(
    mondes: dict[str, Monde], tmp_path: Path, mots: str, colonnes: int
) -> None:
    """La racine se copie d'un seul tenant, quelle que soit la largeur."""
    verbe, *arguments = mots.split()
    sortie = essayer(mondes["ordinaire"], Essai(verbe, tuple(arguments)), tmp_path, colonnes)
    assert any(racine in ligne for ligne in sortie.split("\n")
               for racine in racines(mondes["ordinaire"].base))  # fmt: skip


LANCEUR = """
import json, sys
from commands.cli.application import application
from commands.cli.terminal import regler_les_flux
regler_les_flux()
for mots in json.loads(sys.argv[1]):
    application.main(mots, "fabriques", standalone_mode=False)
    sys.stdout.flush()
"""


def test_un_terminal_de_80_colonnes_n_en_recoit_pas_une_de_plus(
    mondes: dict[str, Monde], tmp_path: Path
) -> None:
    """Sur un vrai terminal de 80 colonnes : les mêmes tableaux, ni couleur ni ordre."""
    maitre, esclave = pty.openpty()
    fcntl.ioctl(esclave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    reglages = termios.tcgetattr(esclave)
    reglages[1] &= ~termios.OPOST  # line feeds as they are written
    termios.tcsetattr(esclave, termios.TCSANOW, reglages)
    monde = mondes["hostile"]
    valeurs = {**monde.valeurs, "NEUVE": str(tmp_path / "n.db"), "SORTIE": str(tmp_path / "s")}
    essais = [e for e in tous_les_essais() if str(e) not in EXACTS]
    env = {nom: v for nom, v in os.environ.items() if nom not in ("COLUMNS", "FABRIQUES_BASE")}
    appels = json.dumps([e.mots(monde.base, valeurs) for e in essais])
    with subprocess.Popen(
        [sys.executable, "-c", LANCEUR, appels],
        cwd=tmp_path, env={**env, "PYTHONPATH": str(RACINE)}, stdin=subprocess.DEVNULL,
        stdout=esclave, stderr=subprocess.DEVNULL,
    ) as processus:  # fmt: skip
        os.close(esclave)
        morceaux = []
        while True:
            try:
                morceaux.append(os.read(maitre, 65_536))
            except OSError:  # what Linux answers once the other side is closed
                break
        assert processus.wait(60) == 0
    os.close(maitre)
    montre = b"".join(morceaux).decode("utf-8")
    assert "Enveloppe" in montre
    assert bruts(montre) == set()
    trop = [li for li in montre.split("\n") if large(li) > 80 and not est_une_commande(li)]
    assert trop == []


TUYAU = """
import json, os, sys
from commands.cli.application import application
from commands.cli.terminal import regler_les_flux
regler_les_flux()
codes = []
for mots in json.loads(sys.argv[1]):
    lecteur, ecrivain = os.pipe()
    os.close(lecteur)
    os.dup2(ecrivain, 1)
    os.close(ecrivain)
    codes.append(application.main(mots, "fabriques", standalone_mode=False))
sys.stderr.write(f"FIN{json.dumps(codes)}")
"""


def test_un_lecteur_parti_arrete_chaque_verbe_sans_un_mot(
    mondes: dict[str, Monde], tmp_path: Path
) -> None:
    """Quand plus personne ne lit (« | head -1 »), chaque verbe finit en 141, sans plainte."""
    monde = mondes["ordinaire"]
    valeurs = {**monde.valeurs, "NEUVE": str(tmp_path / "n.db"), "SORTIE": str(tmp_path / "s")}
    essais = [e for e in tous_les_essais() if e.verbe not in ("demo", "migrer", "dossier")]
    fait = subprocess.run(
        [sys.executable, "-c", TUYAU, json.dumps([e.mots(monde.base, valeurs) for e in essais])],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(RACINE)}, stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, timeout=60, check=True,
    )  # fmt: skip
    dits, _, codes = fait.stderr.partition("FIN")
    assert dict(zip(map(str, essais), json.loads(codes), strict=True)) == dict.fromkeys(
        map(str, essais), 141
    )
    assert "Traceback" not in dits
    assert "Exception" not in dits


# what is drawn: Latin, wide, marks, an emoji; spaces to fold at
SIGNES = st.text(alphabet="ab e\u0301\u65e5\uff21\U0001f600-", max_size=60)


@given(SIGNES, st.integers(2, 40))
def test_un_texte_raccourci_ou_replie_tient_dans_sa_place(texte: str, taille: int) -> None:
    """Raccourci ou replié, un texte tient ; replié, il ne perd que des espaces."""
    assert mesurer(raccourcir(texte, taille)) <= taille
    assert mesurer(raccourcir_au_milieu(texte, taille)) <= taille
    if mesurer(texte) <= taille:
        assert raccourcir(texte, taille) == raccourcir_au_milieu(texte, taille) == texte
    replie = replier(texte, taille)
    assert replie.replace("\n", "").replace(" ", "") == texte.replace(" ", "")
    for ligne in replie.split("\n"):
        assert mesurer(ligne) <= taille or (" " not in ligne and mesurer(ligne) <= MOT_MAX)


@settings(max_examples=60)
@given(st.lists(st.lists(SIGNES.filter(str.strip), min_size=3, max_size=3), min_size=1, max_size=4))
def test_un_tableau_tient_dans_sa_largeur(lignes: list[list[str]]) -> None:
    """Un tableau tient, et ce qui n'est pas souple y est entier."""
    colonnes = (Colonne("Nom", souple="texte"), Colonne("Id", souple="cle"),
                Colonne("Dit", souple="libelle"), Colonne("Montant", True))  # fmt: skip
    montants = [f"{rang} 000 000 000,00 €" for rang in range(len(lignes))]
    texte = tableau(
        colonnes, [[*li, m] for li, m in zip(lignes, montants, strict=True)], largeur=80
    )
    assert max(map(mesurer, texte.split("\n"))) <= 80
    assert all(montant in texte for montant in montants)


def test_un_montant_n_est_jamais_coupe_en_bout_de_ligne() -> None:
    """Un montant, un pourcentage, une ponctuation double restent avec ce qu'ils suivent."""
    texte = "Le seuil de la convention est de 23 000,00 € pour 33,78 % : voir « ici », n° 12."
    for largeur in range(24, 60):
        for ligne in replier(texte, largeur).split("\n"):
            assert not re.match(r"000|€|%|:|»|12", ligne)


def test_une_commande_longue_se_recopie() -> None:
    """Une commande trop longue continue après une barre inverse, jamais dans un argument."""
    mots = ["fabriques", "echeancier", "s" * 40, "--base 'un nom'", f"-o {'f' * 90}"]
    texte = commande(mots, 60)
    assert texte.replace(" \\\n", " ").split() == " ".join(mots).split()
    assert all(li.endswith("\\") for li in texte.split("\n")[:-1])
