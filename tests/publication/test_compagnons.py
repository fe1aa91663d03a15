"""D'où vient un fichier exporté : dans le fichier, ou dans le compagnon écrit à côté."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from commands.cli.compagnon import FORMATS as SANS_PLACE
from commands.cli.compagnon import SUFFIXE
from commands.cli.exports import FORMATS
from projections.exports import paquet
from projections.exports.scdl_regles import schema_scdl
from tests.cli.outils import lancer
from tests.publication.exemple import creer, ouverture, recit_complet, siret
from tests.publication.table_schema import SCHEMA

RACINE = Path(__file__).parents[2]
OPTIONS = {"csv": ("--feuille", "exercices"), "fec": ("--exercice", "2020")}
ENVIRONNEMENTS = (
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONUTF8": "0"},
    {"PYTHONHASHSEED": "2", "LC_ALL": "fr_FR.UTF-8", "TZ": "America/Adak", "PYTHONOPTIMIZE": "1"},
)
TOUT_EXPORTER = """
import sys
from pathlib import Path
from tests.cli.outils import lancer
from tests.publication.test_compagnons import FORMATS, OPTIONS
base, dossier = map(Path, sys.argv[1:])
for nom in FORMATS:
    fait = lancer(
        "exporter", nom, "--base", base, "-o", dossier / f"e.{nom}", *OPTIONS.get(nom, ())
    )
    assert fait.code == 0, fait.erreur
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole example, never written to by a test."""
    return creer(tmp_path_factory.mktemp("compagnons") / "exemple.db", recit_complet())


def exporter(base: Path, format_: str, sortie: Path, *options: str) -> Any:
    """Export to a file, with the options that the format asks for."""
    fait = lancer(
        "exporter", format_, "--base", base, "-o", sortie, *OPTIONS.get(format_, ()), *options
    )
    assert (fait.code, fait.octets) == (0, b""), fait.erreur
    return fait


@pytest.mark.parametrize("format_", SANS_PLACE)
def test_un_fichier_qui_ne_peut_pas_le_dire_a_un_compagnon(
    base: Path, tmp_path: Path, format_: str
) -> None:
    """Position, racine, origine, taille et empreinte du fichier : à côté de lui, en JSON."""
    fichier = tmp_path / f"export.{format_}"
    fait = exporter(base, format_, fichier, "--connu-au", "30")
    compagnon = Path(f"{fichier}{SUFFIXE}")
    assert f"(position, racine, SHA-256) : {compagnon}\n" in fait.erreur
    lu = json.loads(compagnon.read_text("utf-8"))
    (ressource,) = lu["resources"]
    octets = fichier.read_bytes()
    origine, taille, racine, *_ = lancer(
        "releve", "--base", base, "--connu-au", "30"
    ).sortie.splitlines()
    assert {nom: lu["fabriques"][nom] for nom in ("origine", "position", "racine", "au")} == {
        "origine": origine,
        "position": int(taille),
        "racine": racine,
        "au": None,
    }
    assert (ressource["path"], ressource["bytes"], ressource["hash"]) == (
        fichier.name,
        len(octets),
        f"sha256:{hashlib.sha256(octets).hexdigest()}",
    )
    assert re.fullmatch("[-a-z0-9._/]+", lu["name"])
    assert sorted(p.name for p in tmp_path.iterdir()) == [fichier.name, compagnon.name]


@pytest.mark.parametrize("format_", [f for f in FORMATS if f not in SANS_PLACE])
def test_les_autres_formats_le_disent_eux_memes(base: Path, tmp_path: Path, format_: str) -> None:
    """Classeurs, comptabilités et 360Giving portent position et racine : aucun compagnon."""
    fichier = tmp_path / f"export.{format_}"
    exporter(base, format_, fichier)
    assert list(tmp_path.iterdir()) == [fichier]


def test_la_date_d_effet_est_dans_le_compagnon(base: Path, tmp_path: Path) -> None:
    """Exporté au 31 mars 2020, le compagnon le dit."""
    fichier = tmp_path / "s.csv"
    exporter(base, "scdl", fichier, "--au", "2020-03-31")
    lu = json.loads(Path(f"{fichier}{SUFFIXE}").read_text("utf-8"))
    assert lu["fabriques"]["au"] == "2020-03-31"


def test_rien_n_est_ecrit_a_cote_d_un_tube_ni_d_un_peripherique(base: Path, tmp_path: Path) -> None:
    """Sur la sortie standard ou vers /dev/null, aucun compagnon n'apparaît nulle part."""
    avant = sorted(Path.cwd().iterdir())
    for sortie in ("-", "/dev/null"):
        fait = lancer("exporter", "jsonl", "--base", base, "-o", sortie)
        assert (fait.code, "Origine du fichier" in fait.erreur) == (0, False)
    assert not Path(f"/dev/null{SUFFIXE}").exists()
    assert sorted(Path.cwd().iterdir()) == avant
    assert list(tmp_path.iterdir()) == []


def test_le_compagnon_n_ecrase_pas_une_liste(base: Path, tmp_path: Path) -> None:
    """Une liste demandée sous le nom du compagnon est refusée avant toute écriture."""
    fichier = tmp_path / "s.csv"
    ecrite = f"{fichier}{SUFFIXE}"
    fait = lancer("exporter", "scdl", "--base", base, "-o", fichier, "--incompletes", ecrite)
    assert (fait.code, list(tmp_path.iterdir())) == (2, [])
    assert "son compagnon" in fait.erreur


def test_le_schema_du_compagnon_est_l_officiel() -> None:
    """Noms, types et contraintes des colonnes SCDL sont ceux du schéma officiel, aucun inventé."""
    notre = schema_scdl()
    assert [c["name"] for c in notre["fields"]] == [c["name"] for c in SCHEMA["fields"]]
    assert (notre["version"], notre["path"]) == (SCHEMA["version"], SCHEMA["path"])
    for champ, officiel in zip(notre["fields"], SCHEMA["fields"], strict=True):
        for membre in ("type", "trueValues", "falseValues"):
            assert champ.get(membre) == officiel.get(membre)
        contraintes = champ.get("constraints", {})
        for nom, valeur in officiel.get("constraints", {}).items():
            if nom in ("minimum", "maximum"):
                continue  # a share is checked by our own rules, and by the official schema
            trouvee = contraintes.pop(nom)
            assert trouvee == (sorted(valeur) if nom == "enum" else valeur)
        assert contraintes == {}


def test_le_fec_se_lit_comme_le_dit_son_compagnon(base: Path, tmp_path: Path) -> None:
    """Séparateur, colonnes, dates et nombres : un lecteur qui ne connaît que lui lit tout."""
    fichier = tmp_path / "fec.txt"
    exporter(base, "fec", fichier)
    (ressource,) = json.loads(Path(f"{fichier}{SUFFIXE}").read_text("utf-8"))["resources"]
    texte = fichier.read_bytes().decode(ressource["encoding"])
    dialecte = ressource["dialect"]
    assert texte.endswith(dialecte["lineTerminator"])
    lignes = list(csv.reader(io.StringIO(texte, newline=""), delimiter=dialecte["delimiter"]))
    champs = ressource["schema"]["fields"]
    assert lignes[0] == [champ["name"] for champ in champs]
    lus = 0
    for valeurs in lignes[1:]:
        for champ, valeur in zip(champs, valeurs, strict=True):
            if champ["type"] == "date" and valeur:
                compact = f"{date.fromisoformat(f'{valeur[:4]}-{valeur[4:6]}-{valeur[6:]}'):%Y%m%d}"
                assert (champ["format"], compact) == ("%Y%m%d", valeur)
                lus += 1
            elif champ["type"] == "number" and valeur:
                entier, decimales = valeur.split(champ["decimalChar"])
                assert int(entier) >= 0
                assert len(decimales) == 2
                lus += 1
    assert lus > len(lignes)


def test_un_fec_va_dans_un_dossier_sous_son_nom_reglementaire(base: Path, tmp_path: Path) -> None:
    """Avec -o DOSSIER/, le fichier s'appelle SirenFECAAAAMMJJ.txt, son compagnon aussi."""
    dossier = tmp_path / "remis" / "2020"
    fait = lancer("exporter", "fec", "--base", base, "--exercice", "2020", "-o", f"{dossier}/")
    nom = f"{siret(0)[:9]}FEC20201231.txt"
    assert (fait.code, sorted(p.name for p in dossier.iterdir())) == (0, [nom, f"{nom}{SUFFIXE}"])
    lu = lancer("exporter", "fec", "--base", base, "--exercice", "2020").octets
    assert (dossier / nom).read_bytes() == lu
    encore = lancer("exporter", "fec", "--base", base, "--exercice", "2021", "-o", dossier)
    assert encore.code == 0
    assert len(list(dossier.iterdir())) == 4
    sans = lancer("exporter", "fec", "--base", base, "-o", dossier)
    assert (sans.code, "--exercice" in sans.erreur) == (2, True)
    muet = creer(tmp_path / "muet.db", ouverture(attribuant=None).commandes)
    inconnu = lancer("exporter", "fec", "--base", muet, "--exercice", "2020", "-o", dossier)
    assert (inconnu.code, "--siret-attribuant" in inconnu.erreur) == (2, True)
    autre = lancer("exporter", "scdl", "--base", base, "-o", dossier)
    assert (autre.code, "est un dossier" in autre.erreur) == (2, True)
    assert len(list(dossier.iterdir())) == 4


def test_chaque_format_donne_les_memes_octets_partout(base: Path, tmp_path: Path) -> None:
    """Autre langue, autre fuseau, autre graine, python -O : les mêmes fichiers et compagnons."""
    lus = []
    for rang, ecarts in enumerate(ENVIRONNEMENTS):
        dossier = tmp_path / str(rang)
        dossier.mkdir()
        fait = subprocess.run(
            [sys.executable, "-c", TOUT_EXPORTER, base, dossier],
            env={**os.environ, "PYTHONPATH": str(RACINE), **ecarts},
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert (fait.returncode, fait.stderr) == (0, b"")
        lus.append({p.name: p.read_bytes() for p in sorted(dossier.iterdir())})
    assert lus[0] == lus[1]
    assert set(lus[0]) == {f"e.{f}" for f in FORMATS} | {f"e.{f}{SUFFIXE}" for f in SANS_PLACE}


def test_le_suffixe_est_le_meme_des_deux_cotes() -> None:
    """La ligne de commande et le paquet nomment le compagnon de la même façon."""
    assert SUFFIXE == paquet.SUFFIXE


def test_un_jsonl_arrete_a_une_date_dit_que_des_lignes_manquent(base: Path, tmp_path: Path) -> None:
    """Avec --au, le compagnon dit que le chaînage ne se suit pas ; coupé à une position, non."""
    for options, dit in ((("--au", "2020-12-31"), True), (("--connu-au", "20"), False)):
        sortie = tmp_path / "faits.jsonl"
        exporter(base, "jsonl", sortie, *options)
        lu = json.loads(Path(f"{sortie}{SUFFIXE}").read_text("utf-8"))
        lignes = sortie.read_text("utf-8").splitlines()
        assert (len(lignes) < lu["fabriques"]["position"]) is dit
        description = lu["resources"][0].get("description", "")
        assert ("datées jusqu'au 2020-12-31" in description) is dit
        assert ("ne peut pas être suivi" in description) is dit
