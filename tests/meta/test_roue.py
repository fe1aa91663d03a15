"""La roue que l'on installe : trois paquets, leurs types, leurs données, et rien d'autre."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.version import VERSION
from tests.meta.arbre import PAQUETS, RACINE, fichiers


class Roue(NamedTuple):
    """The built wheel: where it is, and the names inside."""

    chemin: Path
    noms: frozenset[str]

    def lire(self, nom: str) -> str:
        """The text of one file of the metadata folder."""
        (trouve,) = (n for n in self.noms if n.endswith(f".dist-info/{nom}"))
        with zipfile.ZipFile(self.chemin) as archive:
            return archive.read(trouve).decode("utf-8")


def _construire(cible: Path) -> Path:
    # hatchling itself, not pip: no network, no isolated environment, a second of work.
    fait = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(cible)],
        cwd=RACINE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert fait.returncode == 0, fait.stdout + fait.stderr
    (roue,) = cible.glob("*.whl")
    return roue


@pytest.fixture(scope="module")
def roue(tmp_path_factory: pytest.TempPathFactory) -> Roue:
    """The wheel of the present tree, built once."""
    chemin = _construire(tmp_path_factory.mktemp("roue"))
    with zipfile.ZipFile(chemin) as archive:
        return Roue(chemin, frozenset(archive.namelist()))


def test_la_roue_tient_trois_paquets_et_ses_metadonnees(roue: Roue) -> None:
    """La roue n'a au premier rang que les trois paquets et ses métadonnées : aucun test."""
    version = VERSION
    attendu = {*PAQUETS, f"fabriques_ledger-{version}.dist-info"}
    assert {nom.split("/", 1)[0] for nom in roue.noms} == attendu


def test_la_roue_tient_tous_les_fichiers_des_paquets(roue: Roue) -> None:
    """La roue porte chaque fichier des trois paquets, modules et données, et aucun autre."""
    attendu = {nom for nom in fichiers() if nom.split("/", 1)[0] in PAQUETS}
    assert {nom for nom in roue.noms if nom.split("/", 1)[0] in PAQUETS} == attendu


def test_la_roue_porte_les_donnees(roue: Roue) -> None:
    """La roue porte des données CSV et JSON : règles et lauréats publiés."""
    assert {Path(nom).suffix for nom in roue.noms} >= {".csv", ".json"}


def test_chaque_paquet_annonce_ses_types(roue: Roue) -> None:
    """Chacun des trois paquets de la roue annonce ses types par un fichier py.typed."""
    assert {f"{paquet}/py.typed" for paquet in PAQUETS} <= roue.noms


def test_la_roue_installe_la_commande_fabriques(roue: Roue) -> None:
    """La roue installe la commande fabriques, et ce que Hypothesis charge ; rien d'autre."""
    assert roue.lire("entry_points.txt").splitlines() == [
        "[console_scripts]",
        "fabriques = commands.cli:main",
        "",
        "[hypothesis]",
        "fabriques-ledger = commands.testing.entree:enregistrer",
    ]


def test_deux_constructions_donnent_les_memes_octets(roue: Roue, tmp_path: Path) -> None:
    """Construire deux fois la roue donne deux fois les mêmes octets."""
    assert _construire(tmp_path).read_bytes() == roue.chemin.read_bytes()
