"""Les rapports figés : ils se refont octet pour octet dans leur mise en page, et pour toujours.

Un rapport d'une mise en page ancienne garde les mêmes chiffres ; ses fichiers ne changent jamais.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger import Journal
from projections import regarder
from projections.rapport import (
    MISE_EN_PAGE,
    MOTEUR,
    Format,
    Rapport,
    ecrire,
    lire,
    rapport,
    reproduire,
)
from tests.golden.test_preuves_v1 import ouvrir

DONNEES = Path(__file__).with_name("donnees")
AU = date(2021, 12, 31)
FIGES = sorted(DONNEES.glob("rapport-v*.*"))
FORMES: dict[str, Format] = {".json": "json", ".html": "html"}
CONSIGNE = (
    "La mise en page d'un rapport a changé : augmenter MISE_EN_PAGE dans "
    "projections/rapport/contenu.py et ajouter un rapport figé, sans toucher à celui-ci."
)


@pytest.fixture(scope="module")
def journal() -> Journal:
    """The frozen journal."""
    return ouvrir()


def test_la_mise_en_page_courante_a_ses_rapports_figes() -> None:
    """La mise en page courante a un rapport figé dans chaque format."""
    noms = {chemin.name for chemin in FIGES}
    assert noms >= {f"rapport-v{MISE_EN_PAGE}{suffixe}" for suffixe in FORMES}


@pytest.mark.parametrize("suffixe", FORMES)
def test_le_rapport_fige_se_refait_aux_memes_octets(journal: Journal, suffixe: str) -> None:
    """Le journal figé donne le rapport figé, octet pour octet, au nom du moteur près."""
    fige = (DONNEES / f"rapport-v{MISE_EN_PAGE}{suffixe}").read_bytes()
    neuf = rapport(regarder(journal, au=AU))
    sous_son_nom = replace(neuf.entete, moteur=lire(fige).entete.moteur)
    assert ecrire(Rapport(sous_son_nom, neuf.figures), FORMES[suffixe]) == fige, CONSIGNE


@pytest.mark.parametrize("chemin", FIGES, ids=lambda chemin: chemin.name)
def test_tout_rapport_fige_se_reproduit(journal: Journal, chemin: Path) -> None:
    """Tout rapport figé, de toute mise en page, redonne ses chiffres ou ses octets."""
    octets = chemin.read_bytes()
    entete = lire(octets).entete
    trouve = reproduire(journal, octets)
    semblable = (entete.moteur, entete.mise_en_page) == (MOTEUR, MISE_EN_PAGE)
    attendu = "identique" if semblable else "chiffres_identiques"
    assert (trouve.statut, trouve.constats) == (attendu, ())
