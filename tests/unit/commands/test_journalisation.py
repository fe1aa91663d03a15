"""Une ligne de journalisation par commande, pour qui la demande, et rien d'autre."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.monde import Monde

RACINE = Path(__file__).resolve().parents[3]
ORDINAIRES = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


@pytest.fixture
def journal(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The lines of the commands' logger, from INFO up."""
    caplog.set_level(logging.INFO, logger="ledger.commandes")
    return caplog


def lignes(journal: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What each line says; the duration is checked and left out."""
    dites = []
    for enregistrement in journal.records:
        assert enregistrement.name == "ledger.commandes"
        plus = {k: v for k, v in enregistrement.__dict__.items() if k not in ORDINAIRES}
        assert plus.pop("duree_us") >= 0
        dites.append({"evenement": enregistrement.getMessage(), **plus})
    return dites


def ligne(evenement: str, **champs: Any) -> dict[str, Any]:
    """One expected line."""
    vide = dict.fromkeys(("id_commande", "commande", "position", "code", "programme"))
    return {**vide, "evenement": evenement, **champs}


def test_une_ligne_structuree_par_commande(journal: pytest.LogCaptureFixture) -> None:
    """Acceptée, déjà exécutée, refusée, illisible : une ligne chacune, sans nom ni montant."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.livre.executer(monde.derniere)
    monde.refus("LabelliserFabrique", "2020-02-03", montant_centimes=1)
    monde.livre.executer({"commande": "Danser", "id_commande": "x"})
    commun = {"programme": "fabriques"}
    depot = {**commun, "id_commande": "c2", "commande": "DeposerCandidature", "position": 2}
    assert lignes(journal) == [
        ligne(
            "commande_acceptee", **commun, id_commande="c1", commande="OuvrirProgramme", position=1
        ),
        ligne("commande_acceptee", **depot),
        ligne("commande_deja_executee", **depot),
        ligne(
            "commande_refusee",
            **commun,
            id_commande="c3",
            commande="LabelliserFabrique",
            code="montant_hors_bornes",
        ),
        ligne("commande_refusee", id_commande="x", code="commande_invalide"),
    ]


def test_un_lot_atomique_refuse_n_a_que_la_ligne_de_son_refus(
    journal: pytest.LogCaptureFixture,
) -> None:
    """Un lot atomique refusé ne dit pas acceptées des commandes qui ne sont pas écrites."""
    monde = Monde()
    journal.clear()
    lot = [monde.commande("ModifierEnveloppe", "2020-01-10"), {"commande": "Danser"}]
    monde.livre.executer_lot(lot, atomique=True)
    assert lignes(journal) == [ligne("commande_refusee", code="commande_invalide")]


def test_sans_demande_rien_ne_se_journalise(caplog: pytest.LogCaptureFixture) -> None:
    """Sans réglage de l'hôte, aucune ligne."""
    Monde().refus("OuvrirProgramme", "2020-02-03")
    assert caplog.records == []


@pytest.mark.parametrize("reglage", ["", "logging.getLogger('ledger').setLevel(logging.INFO)"])
def test_executer_n_ecrit_rien_sur_les_sorties(reglage: str) -> None:
    """Exécuter des commandes n'écrit ni sur la sortie ni sur l'erreur standard."""
    programme = (
        f"import logging\n{reglage}\n"
        "from tests.unit.monde import Monde\n"
        "Monde().refus('OuvrirProgramme', '2020-02-03')\n"
    )
    fait = subprocess.run(
        [sys.executable, "-c", programme], cwd=RACINE, capture_output=True, check=False
    )
    assert (fait.returncode, fait.stdout, fait.stderr) == (0, b"", b"")
