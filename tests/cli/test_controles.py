"""Les verbes verifier, doctor et lecture : constats, verdicts, modèle de lecture."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pytest

from commands.cli import controles
from commands.cli.controles import Controle, convient, est_modifiable, tout_controler
from tests.cli.outils import PROGRAMME, depot, en_lignes, lancer


def test_une_base_conforme_sort_en_0(base_golden: Path) -> None:
    """Un journal conforme sort en 0, avec les membres publiés et la racine du dernier reçu."""
    fait = lancer("verifier", "--base", base_golden, "--format", "json")
    assert fait.code == 0
    assert list(fait.json) == [
        "statut",
        "taille",
        "racine",
        "constats",
        "controles",
        "releves",
    ]
    assert (fait.json["statut"], fait.json["taille"], fait.json["constats"]) == (
        "conforme",
        464,
        [],
    )


def test_un_constat_sort_en_1(base: Path) -> None:
    """Un journal modifié sort en 1, et chaque constat a son code, sa position et son détail."""
    with sqlite3.connect(base) as forge:
        forge.execute(
            "UPDATE stored_events SET state=CAST(replace(CAST(state AS TEXT), '15000000', "
            "'14000000') AS BLOB) WHERE originator_version=4"
        )
    forge.close()
    fait = lancer("verifier", "--base", base, "--format", "json")
    assert fait.code == 1
    assert fait.json["statut"] == "non_conforme"
    assert {frozenset(c) for c in fait.json["constats"]} == {
        frozenset({"code", "position", "detail"})
    }
    table = lancer("verifier", "--base", base)
    assert table.code == 1
    assert "NON CONFORME" in table.sortie


def test_la_lecture_se_construit_et_se_rafraichit(base: Path) -> None:
    """Le modèle de lecture se construit à côté de la base, se rafraîchit, se reconstruit."""
    demande = ("lecture", "--base", base, "--format", "json")
    premier = lancer(*demande)
    assert premier.code == 0
    assert Path(premier.json["fichier"]) == base.with_name("fabriques.db.lecture.db")
    assert (premier.json["mode"], premier.json["position"]) == ("creation", 464)
    assert premier.json["comptes"]["structures"] == 80
    lancer("executer", "-", "--base", base, entree=en_lignes([depot("a")]))
    second = lancer(*demande).json
    assert (second["mode"], second["position"]) == ("rafraichissement", 465)
    assert second["nouveaux"] == {PROGRAMME: 1}
    assert lancer(*demande, "--reconstruire").json["mode"] == "reconstruction"
    assert "Position" in lancer("lecture", "--base", base).sortie


def test_une_lecture_divergente_sort_en_1(base: Path, base_neuve: Path, tmp_path: Path) -> None:
    """Un modèle de lecture fait d'une autre base est une dérive, code 1, jamais réparée seule."""
    cible = tmp_path / "lecture.db"
    assert lancer("lecture", "--base", base, "--sortie", cible).code == 0
    fait = lancer("lecture", "--base", base_neuve, "--sortie", cible)
    assert (fait.code, fait.octets) == (1, b"")
    assert "lecture_divergente" in fait.erreur


def test_la_lecture_n_ecrase_pas_la_base(base: Path) -> None:
    """Le modèle de lecture ne se construit pas sur la base elle-même."""
    avant = base.read_bytes()
    assert lancer("lecture", "--base", base, "--sortie", base).code == 2
    assert base.read_bytes() == avant


def test_doctor_rend_un_verdict_par_controle() -> None:
    """Le diagnostic nomme chaque contrôle, son statut et son détail, et sort en 0 ou 1."""
    fait = lancer("doctor", "--format", "json")
    assert list(fait.json) == ["statut", "controles"]
    assert {frozenset(c) for c in fait.json["controles"]} == {
        frozenset({"controle", "statut", "detail"})
    }
    defauts = [c for c in fait.json["controles"] if c["statut"] == "constat"]
    assert fait.code == (1 if defauts else 0)
    assert {c["controle"] for c in fait.json["controles"]} >= {
        "python",
        "dependances",
        "sqlite",
        "durabilite",
        "fichiers",
        "proprietaires",
        "encodage",
        "donnees",
    }
    assert "contrôle" in lancer("doctor").sortie


def test_un_controle_qui_casse_est_un_constat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Un contrôle qui échoue est un constat, et n'empêche pas les autres."""

    def casser(nom: str) -> Iterator[Controle]:
        raise OSError("exprès")

    def bon(nom: str) -> Iterator[Controle]:
        yield Controle(nom, "ok", "bien")

    monkeypatch.setattr(controles, "_CONTROLES", (("a", casser), ("b", bon)))
    assert tout_controler() == (
        Controle("a", "constat", "OSError : exprès"),
        Controle("b", "ok", "bien"),
    )
    assert lancer("doctor").code == 1


@pytest.mark.parametrize(
    ("version", "bornes", "attendu"),
    [
        ("8.5.1", ">=8.3", True),
        ("8.2", ">=8.3", False),
        ("9.5.6", "<10,>=9.5.6", True),
        ("10.0", "<10,>=9.5.6", False),
        ("9.6rc1", ">=9.5.6,<10", True),
        ("2", "==2.0", True),
        ("2", "!=2.0", False),
        ("1", "", True),
        ("1", "~~1", False),
    ],
)
def test_les_bornes_de_version_se_comparent(version: str, bornes: str, attendu: bool) -> None:
    """Une version se compare à des bornes par ses nombres."""
    assert convient(version, bornes) is attendu


def _installer(dossier: Path, *, modifiable: bool) -> None:
    """A fake installed distribution whose RECORD describes our three packages."""
    infos = dossier / "fabriques_ledger-9.dist-info"
    infos.mkdir(parents=True)
    (infos / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fabriques-ledger\nVersion: 9\n"
        "Requires-Dist: click>=8.3\nRequires-Dist: absente>=1\n"
        "Requires-Dist: msgspec>=999\nRequires-Dist: pytest; extra == 'test'\n"
    )
    lignes = []
    for paquet in controles.PAQUETS:
        (dossier / paquet).mkdir()
        (dossier / paquet / "__init__.py").write_bytes(b"")
        lignes.append(f"{paquet}/__init__.py,{_VIDE},0")
    if modifiable:
        (infos / "direct_url.json").write_text(json.dumps({"dir_info": {"editable": True}}))
    (infos / "RECORD").write_text("\n".join([*lignes, f"{infos.name}/RECORD,,\n"]))


_VIDE = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


def _controler(nom: str) -> list[Any]:
    controle = dict(controles._CONTROLES)[nom]
    return [(c.statut, c.detail) for c in controle(nom)]


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on the import path, where a distribution may be installed."""
    dossier = tmp_path / "site"
    for paquet in controles.PAQUETS:  # ours, not those put there, whatever ran before
        import_module(paquet)
    monkeypatch.setattr(sys, "path", [str(dossier), *sys.path])
    return dossier


def test_les_fichiers_installes_sont_compares(installation: Path) -> None:
    """Un fichier modifié, absent ou en trop parmi les fichiers installés est un constat."""
    _installer(installation, modifiable=False)
    assert _controler("fichiers")[0][0] == "ok"
    (installation / "ledger" / "__init__.py").write_text("x = 1\n")
    (installation / "ledger" / "intrus.py").write_text("x = 1\n")
    (installation / "commands" / "__init__.py").unlink()
    ((statut, detail),) = _controler("fichiers")
    assert statut == "constat"
    assert detail.startswith("3 fichiers hors")
    assert "ledger/intrus.py (en trop)" in detail


@pytest.mark.parametrize(
    ("record", "dit"),
    [
        (b"ledger/__init__.py\n", "ledger/__init__.py"),
        (b"ledger/../ledger/__init__.py,%b,0\n" % _VIDE.encode(), "ledger/../ledger"),
        (b"ledger/tuyau,%b,0\n" % _VIDE.encode(), "ledger/tuyau"),
        (b"ledger/__init__.py,shake_128=,0\n", "ledger/__init__.py"),
        (b"ledger/\x1b[2J.py,sha256=,0\n", "\\u001b[2J"),
        (b'"ledger/__init__.py', "ne se lit pas"),
        (b"\xff", "ne se lit pas"),
        (b"autre.py,,\n", "ne nomme aucun fichier"),
    ],
)
def test_un_record_abime_ou_force_est_un_constat(
    installation: Path, record: bytes, dit: str
) -> None:
    """Un RECORD tronqué, illisible ou qui mène hors des fichiers est un constat, sans attendre."""
    _installer(installation, modifiable=False)
    os.mkfifo(installation / "ledger" / "tuyau")
    (infos,) = installation.glob("*.dist-info")
    (infos / "RECORD").write_bytes(record)
    ((statut, detail),) = _controler("fichiers")
    assert statut == "constat"
    assert dit in detail
    assert "\x1b" not in detail


@pytest.mark.parametrize("nom", ["montants.so", "montants.abi3.so", "montants.pyc"])
def test_un_module_compile_en_trop_est_un_constat(installation: Path, nom: str) -> None:
    """Un module compilé posé à côté passe avant le fichier .py : il est nommé, en trop."""
    _installer(installation, modifiable=False)
    (installation / "ledger" / nom).write_bytes(b"")
    (installation / "ledger" / "__pycache__").mkdir()
    (installation / "ledger" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"")
    ((statut, detail),) = _controler("fichiers")
    assert (statut, detail.startswith("1 fichier hors")) == ("constat", True)
    assert f"ledger/{nom} (en trop)" in detail


def test_une_installation_modifiable_est_dite_ignoree(installation: Path) -> None:
    """Une installation modifiable est ignorée visiblement, jamais réussie."""
    _installer(installation, modifiable=True)
    ((statut, detail),) = _controler("fichiers")
    assert statut == "ignore"
    assert "editable" in detail
    assert est_modifiable("{pas du json") is False
    assert est_modifiable("[" * 100_000) is False


def test_les_dependances_sont_comparees_aux_exigences(installation: Path) -> None:
    """Une dépendance absente ou trop ancienne est un constat, celles d'un extra ne comptent pas."""
    _installer(installation, modifiable=False)
    trouves = _controler("dependances")
    assert [statut for statut, _ in trouves] == ["constat", "constat"]
    assert trouves[0][1] == "absente manque."
    assert "msgspec" in trouves[1][1]
    assert "pytest" not in str(trouves)


def test_un_autre_proprietaire_est_un_constat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Une autre distribution qui livre un de nos paquets est un constat."""
    monkeypatch.setattr(
        metadata,
        "packages_distributions",
        lambda: {"ledger": ["Fabriques_Ledger", "autre-ledger"], "commands": ["fabriques-ledger"]},
    )
    ((statut, detail),) = _controler("proprietaires")
    assert statut == "constat"
    assert "ledger appartient aussi à autre-ledger" in detail


def test_un_code_qui_vient_d_ailleurs_est_un_constat(installation: Path) -> None:
    """Les empreintes de l'installation ne disent rien d'un code qui tourne depuis un autre lieu."""
    _installer(installation, modifiable=False)
    ((statut, detail),) = _controler("proprietaires")
    assert (statut, str(installation.resolve()) in detail) == ("constat", True)
    assert "Le code qui tourne vient de" in detail


def test_une_installation_modifiable_tourne_de_son_lieu(installation: Path) -> None:
    """Une installation modifiable tourne d'où elle a été installée : rien à redire."""
    _installer(installation, modifiable=True)
    assert _controler("proprietaires")[-1][0] == "ok"


@pytest.mark.parametrize("presents", [(), ("jq",), controles.OUTILS])
def test_un_outil_absent_est_dit_ignore_jamais_reussi(
    monkeypatch: pytest.MonkeyPatch, presents: tuple[str, ...]
) -> None:
    """Les outils qui recomptent un dossier sont facultatifs : présents, ou dits absents."""
    monkeypatch.setattr("shutil.which", lambda nom: nom if nom in presents else None)
    trouves = dict(_controler("outils"))
    assert set(trouves) == {
        *(["ok"] if presents else []),
        *(["ignore"] if len(presents) < 4 else []),
    }
    for nom in controles.OUTILS:
        assert nom in trouves["ok" if nom in presents else "ignore"]


def test_un_cliche_se_garde_se_compare_et_se_montre(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executer --cliches garde un cliché ; verifier le compare ; doctor dit où, et lequel sert."""
    monkeypatch.setattr("commands.cliches.SEUIL", 1)
    lieu = tmp_path / "cliches"
    (eteint,) = _cliches("doctor")
    assert (eteint["statut"], "Désactivés" in eteint["detail"]) == ("ok", True)
    rien = lancer("verifier", "--base", base, "--cliches", lieu, "--format", "json")
    assert (rien.code, rien.json["controles"]["cliches"]) == (0, "non_demande")
    assert "Aucun cliché" in rien.erreur
    commandes = tmp_path / "c.jsonl"
    commandes.write_bytes(en_lignes([depot("neuve")]))
    assert lancer("executer", commandes, "--base", base, "--cliches", lieu).code == 0
    (fichier,) = lieu.iterdir()
    fait = lancer("verifier", "--base", base, "--cliches", lieu, "--format", "json")
    assert (fait.code, fait.json["controles"]["cliches"]) == (0, "fait")
    (dit,) = _cliches("doctor", "--cliches", lieu)
    assert (dit["statut"], dit["detail"].startswith(fichier.name)) == ("ok", True)
    fichier.write_bytes(fichier.read_bytes()[:-1])
    fait = lancer("verifier", "--base", base, "--cliches", lieu, "--format", "json")
    assert (fait.code, [c["code"] for c in fait.json["constats"]]) == (1, ["cliche_divergent"])
    assert [c["statut"] for c in _cliches("doctor", "--cliches", lieu)] == ["constat"]
    lieu.chmod(0o777)
    assert [c["statut"] for c in _cliches("doctor", "--cliches", lieu)] == ["constat"]
    assert lancer("executer", commandes, "--base", base, "--cliches", lieu).code == 0


def _cliches(*demande: str | Path) -> list[dict[str, Any]]:
    """What doctor says of snapshots."""
    controles_dits: list[dict[str, Any]] = lancer(*demande, "--format", "json").json["controles"]
    return [c for c in controles_dits if c["controle"] == "clichés"]
