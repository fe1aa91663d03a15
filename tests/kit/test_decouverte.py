"""Ce qu'un inconnu obtient dans un interprète neuf : types tirés, rien d'importé sans demande."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import commands
import ledger
import projections
from commands.decider import COMMANDES
from commands.testing.confrontation import Divergence
from commands.testing.machine import eprouver
from commands.testing.reference import Reference
from tests.kit import systemes as s
from tests.kit.test_bogues import DE_L_ARGENT

PAQUETS = (ledger, commands, projections)
TIRER = """
import importlib, sys
importlib.import_module(sys.argv[1])
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from commands.decider import COMMANDES
from ledger import Acteur, Regles
from ledger.registre import TYPES
classes = (*COMMANDES, Acteur, Regles, *TYPES.values())
une_fois = settings(
    database=None, max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@une_fois
@given(st.tuples(*map(st.from_type, classes)))
def tirer(tires):
    assert tuple(map(type, tires)) == classes
tirer()
print(len(COMMANDES))
"""
IMPORTER = """
import importlib, pathlib, sys
noms = []
for paquet in ("ledger", "commands", "projections"):
    racine = pathlib.Path(importlib.import_module(paquet).__file__).parent
    for fichier in racine.rglob("*.py"):  # walk_packages would import the kits to walk them
        chemin = fichier.relative_to(racine.parent).with_suffix("").parts
        if "testing" not in chemin and "modeles" not in chemin:
            noms.append(".".join(chemin).removesuffix(".__init__"))
for nom in noms:
    importlib.import_module(nom)
print(len(noms), sorted({"hypothesis", "pytest"} & set(sys.modules)))
"""
ECHOUE = """
from commands.testing.machine import machine
from tests.kit.systemes import TrenteMillions
from tests.kit.test_bogues import DE_L_ARGENT

class TestTrenteMillions(machine(TrenteMillions, DE_L_ARGENT).TestCase):
    pass
"""
REUSSIT = """
import hypothesis
from commands.testing.machine import machine
from tests.kit.systemes import Sain

TestSain = machine(Sain).TestCase
TestSain.settings = hypothesis.settings(TestSain.settings, max_examples=3)
"""
RACINE = Path(__file__).parents[2]


def python(*arguments: str, dossier: Path, entree: str = "") -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter, elsewhere, warnings as errors."""
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-W", "error", *arguments],
        cwd=dossier,
        input=entree,
        env={**os.environ, "PYTHONPATH": str(RACINE)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    "premier",
    [
        "hypothesis",
        "commands",
        "projections",
        "ledger.testing.valeurs",
        "commands.testing.types",
        "commands.testing.machine",
        "commands.testing.reference",
        "projections.testing.chiffres",
    ],
)
def test_toute_commande_se_tire_de_son_type(premier: str, tmp_path: Path) -> None:
    """`st.from_type` tire chaque commande et chaque fait, quel que soit le premier import."""
    fait = python("-c", TIRER, premier, dossier=tmp_path)
    assert (fait.stdout, fait.stderr) == (f"{len(COMMANDES)}\n", "")


def test_le_moteur_n_importe_jamais_les_outils_de_test(tmp_path: Path) -> None:
    """Aucun module hors des trousses n'importe Hypothesis ni pytest, même de loin."""
    fait = python("-c", IMPORTER, dossier=tmp_path)
    nombre, _, vus = fait.stdout.strip().partition(" ")
    assert (vus, fait.stderr) == ("[]", "")
    assert int(nombre) > 100


def test_les_modules_d_une_trousse_disent_ce_qu_il_leur_faut(tmp_path: Path) -> None:
    """Sans Hypothesis, importer une trousse échoue sur son nom, et le moteur s'importe toujours."""
    (tmp_path / "hypothesis.py").write_text(
        "raise ModuleNotFoundError('pas installé', name='hypothesis')", "utf-8"
    )
    sans = "import sys; sys.path.insert(0, '.'); import ledger, commands, projections\n"
    assert python("-c", sans, dossier=tmp_path).returncode == 0
    fait = python("-c", f"{sans}import commands.testing.machine", dossier=tmp_path)
    assert (fait.returncode, "pas installé" in fait.stderr) == (1, True)


def test_un_echec_sous_pytest_montre_les_commandes_a_coller(tmp_path: Path) -> None:
    """Sous pytest seul, un échec dit le constat et les commandes, en peu de lignes."""
    (tmp_path / "test_etranger.py").write_text(ECHOUE, "utf-8")
    fait = python("-m", "pytest", "-q", "-p", "no:cacheprovider", dossier=tmp_path)
    assert fait.returncode == 1, fait.stdout + fait.stderr
    dites = [ligne.removeprefix("E").strip() for ligne in fait.stdout.splitlines()]
    fin = [ligne.endswith("pour « fabriques executer - » :") for ligne in dites].index(True)
    assert "disponible_centimes : attendu " in dites[fin - 1]
    nombre = int(dites[fin].split()[0])
    assert nombre <= 8
    lues = [json.loads(ligne) for ligne in dites[fin + 1 : fin + 1 + nombre]]
    assert lues[0]["commande"] == "OuvrirProgramme"
    assert lues[-1]["commande"] == "RetirerLabel"
    assert "Draw" not in fait.stdout  # the hundred commands drawn before would bury these


def test_un_systeme_sain_passe_sous_pytest(tmp_path: Path) -> None:
    """Sous pytest seul, tout avertissement étant une erreur, un système sain passe."""
    (tmp_path / "test_etranger.py").write_text(REUSSIT, "utf-8")
    fait = python("-m", "pytest", "-q", "-p", "no:cacheprovider", dossier=tmp_path)
    assert (fait.returncode, "1 passed" in fait.stdout) == (0, True), fait.stdout + fait.stderr


@pytest.mark.parametrize("classe", [s.TrenteMillions, s.PlafondAUnCentime])
def test_le_texte_d_une_divergence_se_colle_dans_la_ligne_de_commande(
    classe: type[s.Sain], tmp_path: Path
) -> None:
    """Collées dans `fabriques executer -`, les commandes ont les reçus que le modèle attend."""
    with pytest.raises(Divergence) as trouvee:
        eprouver(classe, DE_L_ARGENT, exemples=300, graine=1)
    lignes = [ligne for ligne in str(trouvee.value).splitlines() if ligne.startswith("{")]
    assert [json.loads(ligne) for ligne in lignes] == [*trouvee.value.commandes]
    fait = python(
        "-c", "import sys; from commands.cli import main; sys.exit(main())",
        "executer", "-", "--base", "base.db",
        dossier=tmp_path, entree="\n".join(lignes),
    )  # fmt: skip
    reference = Reference()
    attendus = [reference.executer(commande) for commande in trouvee.value.commandes]
    recus = [json.loads(ligne) for ligne in fait.stdout.splitlines()]
    assert [(a["statut"], a["code"], a["positions"]) for a in attendus] == [
        (r["statut"], r["code"], r["positions"]) for r in recus
    ]
    assert fait.returncode == (3 if any(a["statut"] == "refusee" for a in attendus) else 0)


def test_les_trousses_n_exigent_que_ce_que_dit_l_extra() -> None:
    """Les trousses importent la bibliothèque standard, le moteur, ses dépendances et Hypothesis."""
    admis = {*sys.stdlib_module_names, "ledger", "commands", "projections", "hypothesis"}
    admis |= {"msgspec", "pytest"}
    for paquet in PAQUETS:
        for module in (Path(paquet.__path__[0]) / "testing").rglob("*.py"):
            for noeud in ast.walk(ast.parse(module.read_text("utf-8"))):
                noms = [a.name for a in noeud.names] if isinstance(noeud, ast.Import) else []
                if isinstance(noeud, ast.ImportFrom) and noeud.level == 0:
                    noms = [noeud.module or ""]
                assert {nom.split(".")[0] for nom in noms} <= admis, module
