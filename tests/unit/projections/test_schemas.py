"""Les schémas des chiffres : leur nom, leur racine, les codes des constats, les verbes inconnus."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ledger import UsageError
from ledger.audit.constats import CODES
from projections.schemas import FIGURES, schema, schemas
from projections.sondage import Methode, Nature

LISTES = ("credits", "structures", "anomalies", "comparer", "prevision-appuis")


def objets(valeur: Any) -> list[dict[str, Any]]:
    """Every object schema with members, wherever it is."""
    if isinstance(valeur, list):
        return [o for v in valeur for o in objets(v)]
    if not isinstance(valeur, dict):
        return []
    ici = [valeur] if "properties" in valeur and "type" in valeur else []
    return ici + [o for v in valeur.values() for o in objets(v)]


def test_chaque_chiffre_a_son_schema_nomme() -> None:
    """Chaque verbe de chiffres a un schéma, sous un nom stable, la valeur elle-même à la racine."""
    tous = schemas()
    assert " ".join(tous) == (
        "enveloppe credits structures echeancier anomalies fonctions rapprocher expliquer comparer "
        "sonder rapport reproduire verifier rejouer lecture demo demo-synthetique simuler "
        "prevision-appuis prevision"
    )
    for verbe, lu in tous.items():
        assert lu == schema(verbe)
        assert lu["$id"] == f"urn:fabriques:chiffres:{verbe}:v1"
        assert lu["title"] == FIGURES[verbe][1]
        assert lu["type"] == ("array" if verbe in LISTES else "object")
        assert "$ref" not in lu


@pytest.mark.parametrize("verbe", FIGURES)
def test_chaque_membre_d_un_chiffre_est_exige(verbe: str) -> None:
    """Tout membre est toujours là, sauf la source d'un fait qui ne vient d'aucun fichier."""
    trouves = objets(schema(verbe))
    assert trouves
    for objet in trouves:
        absents = {"provenance", "feuille"} if verbe == "expliquer" else set()
        assert objet["required"] == [m for m in objet["properties"] if m not in absents]
        assert objet["additionalProperties"] is False


def test_les_mots_d_une_liste_fermee_sont_ceux_ci() -> None:
    """Méthodes, populations et verdicts, à la lettre."""
    assert get_args(Methode) == ("simple", "stratifie", "mus")
    assert get_args(Nature) == ("versements", "labels")
    for verbe in ("verifier", "rejouer"):
        statut = schema(verbe)["properties"]["statut"]
        assert statut["enum"] == ["conforme", "non_conforme"]


@pytest.mark.parametrize("verbe", ["verifier", "rejouer", "demo"])
def test_les_codes_des_constats_sont_enumeres(verbe: str) -> None:
    """Les codes qu'un constat peut porter sont énumérés, dans l'ordre alphabétique."""
    code = schema(verbe)["$defs"]["Constat"]["properties"]["code"]
    assert code["enum"] == sorted(CODES)
    assert list(CODES) != sorted(CODES)


def test_les_constats_d_une_reproduction_ont_leurs_propres_codes() -> None:
    """Un constat de reproduction n'est pas un constat d'audit : ses codes sont les siens."""
    code = schema("reproduire")["$defs"]["Constat"]["properties"]["code"]
    assert code == {"type": "string", "description": "Code stable."}


def test_un_chiffre_inconnu_est_refuse_avec_ceux_qui_existent() -> None:
    """Un verbe qui n'est pas un chiffre est refusé, et tous ceux qui en sont sont nommés."""
    with pytest.raises(UsageError) as refus:
        schema("matrice" * 20)
    assert refus.value.message == f"Le chiffre {('matrice' * 20)[:60]!r} est inconnu."
    assert refus.value.remede == (
        "Chiffres : enveloppe, credits, structures, echeancier, anomalies, fonctions, rapprocher, "
        "expliquer, comparer, sonder, rapport, reproduire, verifier, rejouer, lecture, demo, "
        "demo-synthetique, simuler, prevision-appuis, prevision."
    )
