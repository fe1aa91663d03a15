"""Le dépôt lui-même : encodage, noms, versions figées, taille des modules, chemins de machine."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from itertools import chain

import pytest

from tests.meta.arbre import PAQUETS, RACINE, fichiers

BINAIRES = (".bin", ".db", ".gz", ".ods", ".pdf", ".png", ".whl", ".xlsx", ".zip")
LIGNES_MAX = 400
VERROUS = re.compile(r"(^|/)(uv\.lock|pylock(\..+)?\.toml|\.python-version)$")
CHEMIN_DE_MACHINE = re.compile(r"(?<![\w.~-])/(?:home|root|work|Users)/|[A-Z]:\\Users\\")
EXIGENCE = re.compile(r"[A-Za-z0-9._-]+")
VERSION_FIGEE = re.compile(r"[a-z0-9-]+==[0-9A-Za-z.!+]+( ; .+)?")


def defaut_de_texte(octets: bytes) -> str | None:
    """What is wrong with the bytes of a text file, None when nothing is."""
    try:
        texte = octets.decode("utf-8")
    except UnicodeDecodeError:
        return "n'est pas en UTF-8"
    if not unicodedata.is_normalized("NFC", texte):
        return "n'est pas en NFC"
    trouve = CHEMIN_DE_MACHINE.search(texte)
    if trouve is not None:
        ligne = texte.count("\n", 0, trouve.start()) + 1
        return f"nomme un dossier d'une machine ({trouve[0]}, ligne {ligne})"
    return None


def test_tout_texte_est_utf8_nfc_et_sans_chemin_de_machine() -> None:
    """Tout fichier de texte est en UTF-8 NFC et ne nomme aucun dossier d'une machine."""
    defauts = {
        nom: defaut
        for nom in fichiers()
        if not nom.endswith(BINAIRES)
        and (defaut := defaut_de_texte((RACINE / nom).read_bytes())) is not None
    }
    assert defauts == {}


@pytest.mark.parametrize(
    ("octets", "attendu"),
    [
        ("État versé".encode(), None),
        (b"voir exemple.fr/home/a", None),
        ("État".encode("cp1252"), "n'est pas en UTF-8"),
        (unicodedata.normalize("NFD", "État").encode(), "n'est pas en NFC"),
        (b"un\ncd /" + b"home/jean", "nomme un dossier d'une machine (/" + "home/, ligne 2)"),
    ],
)
def test_un_texte_fautif_est_vu(octets: bytes, attendu: str | None) -> None:
    """Un texte mal encodé, décomposé ou lié à une machine est vu."""
    assert defaut_de_texte(octets) == attendu


def test_tout_nom_de_fichier_est_ascii() -> None:
    """Tout nom de fichier s'écrit en ASCII."""
    assert [nom for nom in fichiers() if not nom.isascii()] == []


def test_aucun_fichier_de_verrou_n_est_suivi() -> None:
    """Aucun fichier qui fige une adresse ou un interprète n'est dans le dépôt."""
    assert [nom for nom in fichiers() if VERROUS.search(nom)] == []


def test_les_contraintes_figent_des_versions_et_rien_d_autre() -> None:
    """Les contraintes ne tiennent que des versions figées, sans adresse, ni pip, ni setuptools."""
    texte = (RACINE / "constraints.txt").read_text("utf-8")
    lignes = texte.splitlines()
    assert "://" not in texte
    assert [ligne for ligne in lignes if VERSION_FIGEE.fullmatch(ligne) is None] == []
    assert {ligne.partition("==")[0] for ligne in lignes} & {"pip", "setuptools"} == set()


def test_toute_dependance_directe_est_figee() -> None:
    """Toute dépendance déclarée, exécution, test ou développement, a sa version figée."""
    projet = tomllib.loads((RACINE / "pyproject.toml").read_text("utf-8"))["project"]
    exigences = [*projet["dependencies"], *chain(*projet["optional-dependencies"].values())]
    lignes = (RACINE / "constraints.txt").read_text("utf-8").splitlines()
    figees = {ligne.partition("==")[0] for ligne in lignes}
    noms = {trouve[0].lower() for e in exigences if (trouve := EXIGENCE.match(e)) is not None}
    assert noms - figees == set()


def test_aucun_module_ne_depasse_400_lignes() -> None:
    """Aucun module des trois paquets ne dépasse 400 lignes."""
    tailles = {
        nom: len((RACINE / nom).read_text("utf-8").splitlines())
        for nom in fichiers()
        if nom.endswith(".py") and nom.split("/", 1)[0] in PAQUETS
    }
    assert {nom: lignes for nom, lignes in tailles.items() if lignes > LIGNES_MAX} == {}
