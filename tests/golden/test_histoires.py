"""Les histoires figées du kit : le moteur et le modèle y répondent comme au premier jour."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre
from commands.testing import Divergence, Modele, Moteur
from commands.testing.figees import HistoireFigee, histoires_figees, jouer
from ledger import SQLiteStore, Store
from projections.testing import controler, lecteur
from tests.golden.ecrire_histoires import DOSSIER, HISTOIRES, ecrire

FIGEES = list(histoires_figees())
EXERCICES = {2019: (3_200_000, 0, 0, 3_200_000), 2020: (12_000_000, 7_200_000, 0, 8_000_000)}
EXERCICES |= {2021: (0, 3_900_000, 200_000, 3_900_000), 2022: (0, 3_900_000, 0, 0)}
"""Engaged, paid, withdrawn of earlier years, outstanding: the golden table, in EUR."""


def moteur(store: Store) -> Moteur:
    """The engine over a store."""
    livre = GrandLivre(store)
    return Moteur(livre, lecteur=lecteur(livre.store))


@pytest.mark.parametrize("histoire", FIGEES, ids=lambda h: h.nom)
def test_le_moteur_repond_aux_histoires_figees(histoire: HistoireFigee, tmp_path: Path) -> None:
    """Le moteur, sur fichier, répond à chaque histoire par ses reçus et ses chiffres figés."""
    jouer(lambda: moteur(SQLiteStore(tmp_path / "a.db", creer=True)), histoire)


@pytest.mark.parametrize("histoire", FIGEES, ids=lambda h: h.nom)
def test_le_modele_repond_aux_histoires_figees(histoire: HistoireFigee) -> None:
    """Le modèle de référence répond à chaque histoire par ses reçus et ses chiffres figés."""
    jouer(Modele, histoire)


@pytest.mark.parametrize("histoire", FIGEES, ids=lambda h: h.nom)
def test_les_chiffres_figes_tiennent_les_controles(histoire: HistoireFigee) -> None:
    """Les chiffres figés passent tous les contrôles publiés."""
    for vue in histoire.vues:
        echeanciers = vue["chiffres"].get("echeanciers", {})
        nommes = {f"echeancier.{s}": figure for s, figure in echeanciers.items()}
        assert controler({"au": vue["au"], **vue["chiffres"], **nommes}) == []


def test_l_exemple_chiffre_est_celui_du_contrat() -> None:
    """L'histoire de l'exemple chiffré porte, à l'euro, la table du programme."""
    (exemple,) = (h for h in FIGEES if h.nom == "exemple-chiffre")
    lignes = exemple.vues[0]["chiffres"]["credits"]
    vus = {
        ligne["exercice"]: (
            ligne["ae_engagees_centimes"] // 100,
            ligne["cp_payes_centimes"] // 100,
            ligne["retraits_anterieurs_centimes"] // 100,
            ligne["rap_cloture_centimes"] // 100,
        )
        for ligne in lignes
    }
    disponibles = [vue["chiffres"]["enveloppe"]["disponible_centimes"] for vue in exemple.vues]
    assert (vus, disponibles[0], disponibles[2]) == (EXERCICES, 2_980_000_000, 4_500_000_000)


def test_un_chiffre_faux_est_une_divergence() -> None:
    """Un système qui se trompe d'un centime sur un chiffre est pris par les histoires figées."""

    class Faux(Modele):
        def lire(self, chiffre: str, **demande: Any) -> Any:
            lu = super().lire(chiffre, **demande)
            if chiffre == "enveloppe":
                lu["disponible_centimes"] += 1
            return lu

    with pytest.raises(Divergence, match="disponible_centimes"):
        jouer(Faux, FIGEES[0])


def test_les_histoires_figees_se_racontent_encore_pareil(tmp_path: Path) -> None:
    """Racontées de nouveau, les histoires donnent les mêmes fichiers, octet pour octet."""
    assert len(ecrire(tmp_path)) == len(HISTOIRES)
    neuves = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in tmp_path.iterdir()}
    gardees = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in DOSSIER.iterdir()}
    assert {nom: gardees.get(nom) for nom in neuves} == neuves


def test_un_fichier_fige_n_est_jamais_recrit(tmp_path: Path) -> None:
    """Ce qui est écrit ne l'est pas une seconde fois."""
    shutil.copytree(DOSSIER, tmp_path / "d")
    assert ecrire(tmp_path / "d") == []
