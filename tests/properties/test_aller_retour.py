"""Exporter puis importer dans une base vide : mêmes faits, mêmes chiffres, rien de perdu."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given
from msgspec import to_builtins

from commands import GrandLivre
from commands.importer import (
    Acte,
    Bilan,
    Issue,
    Lecture,
    Plan,
    actes_des_commandes,
    actes_des_lignes,
    entete_des_commandes,
    importer,
)
from commands.restitution import restituer
from commands.tableaux import ouvrir_tableau
from commands.tableaux.lignes_json import ouvrir_lignes
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal, MemoryStore, Store
from ledger.testing.horloge import Horloge
from projections.testing.chiffres import chiffres
from tests.properties.outils import reglages
from tests.tableaux.ecrire import ecrire

PLAN = Plan(PROGRAMME, "import", "systeme")
SCELLES = ("enregistre_le", "precedent", "provenance", "correlation")
TOUT_DE_SUITE = (Phase.explicit, Phase.reuse, Phase.generate)
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def exporter(histoire: Histoire) -> list[dict[str, Any]]:
    """What `exporter commandes` writes, one object per fact."""
    faits = Journal(histoire.store, PROGRAMME).rattraper()
    return [restituer(PROGRAMME, position, fait) for position, fait in faits]


def en_table(commandes: list[dict[str, Any]]) -> list[list[Any]]:
    """The commands as people would lay them out: a column per member, lists and objects in JSON."""
    plates = []
    for commande in commandes:
        acteur = commande.pop("acteur")
        plates.append(commande | {"acteur": acteur["id"], "role": acteur["role"]})
    titres = list(dict.fromkeys(nom for plate in plates for nom in plate))
    return [titres, *([_en_texte(plate.get(nom)) for nom in titres] for plate in plates)]


def _en_texte(valeur: Any) -> Any:
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return json.dumps(valeur) if isinstance(valeur, dict | list | tuple) else valeur


def reimporter(genre: str, commandes: list[dict[str, Any]]) -> tuple[Store, list[Issue]]:
    """Write the commands in a file of that kind, import it in an empty base; the outcomes."""
    store, bilan = MemoryStore(), Bilan()
    livre = GrandLivre(store, clock=Horloge())
    with TemporaryDirectory() as dossier:
        if genre == "jsonl":
            chemin = Path(dossier, "a.jsonl")
            lignes = "".join(f"{json.dumps(c, ensure_ascii=False)}\n" for c in commandes)
            chemin.write_text(lignes, "utf-8", newline="")
            with ouvrir_lignes(chemin) as lues:
                return store, _derouler(livre, actes_des_lignes(lues.lire(), PLAN), lues.sha256)
        with ouvrir_tableau(ecrire(genre, Path(dossier), en_table(commandes))) as tableau:
            entete = entete_des_commandes(tableau, {}, {})
            actes = actes_des_commandes(
                tableau, entete, PLAN, bilan, constantes={}, lecture=Lecture()
            )
            return store, _derouler(livre, actes, tableau.sha256)


def _derouler(livre: GrandLivre, actes: Iterator[Acte], sha256: str) -> list[Issue]:
    return list(importer(livre, actes, None, fichier=sha256))


def faits_nus(store: Store) -> list[dict[str, Any]]:
    """The facts without what the journal seals and what tells where they were read."""
    nus = []
    for _, fait in Journal(store, PROGRAMME).rattraper():
        etat: dict[str, Any] = {"type": type(fait).__name__, **to_builtins(fait)}
        nus.append({nom: valeur for nom, valeur in etat.items() if nom not in SCELLES})
    return nus


def verifier(genre: str, histoire: Histoire) -> None:
    """The round trip gives every fact and every figure again, and tells each row."""
    commandes = exporter(histoire)
    nombre = len(commandes)
    store, issues = reimporter(genre, commandes)
    assert [i.constats for i in issues if i.statut not in ("acceptee", "avertie")] == []
    assert len(issues) == nombre
    assert faits_nus(store) == faits_nus(histoire.store)
    for au in {None, *(fait.date_effet for fait in histoire.faits)}:
        assert chiffres(store, programme=PROGRAMME, au=au) == chiffres(
            histoire.store, programme=PROGRAMME, au=au
        )


@reglages(12, phases=TOUT_DE_SUITE)
@given(histoire=histoires())
def test_des_lignes_exportees_refont_toute_histoire(histoire: Histoire) -> None:
    """Toute histoire exportée en commandes puis importée à vide redonne faits et chiffres."""
    verifier("jsonl", histoire)


@reglages(12, phases=TOUT_DE_SUITE)
@given(histoire=histoires())
def test_un_tableau_de_commandes_refait_toute_histoire(histoire: Histoire) -> None:
    """Les mêmes commandes mises en colonnes dans un csv redonnent faits et chiffres."""
    verifier("csv", histoire)


@pytest.mark.parametrize("genre", ["xlsx", "ods", "xls"])
@reglages(1, phases=TOUT_DE_SUITE)
@given(histoire=histoires(maximum=20))
def test_un_classeur_de_commandes_refait_toute_histoire(genre: str, histoire: Histoire) -> None:
    """De même dans un classeur xlsx, ods ou xls."""
    verifier(genre, histoire)
