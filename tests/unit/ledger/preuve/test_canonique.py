"""Décoder un fait : tout membre vérifié, aucun flottant, rien d'importé."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.preuve.canonique import OctetsIllisibles, decoder, encoder
from ledger.stockage.port import LigneBrute
from tests.unit.monde import Monde, P


@pytest.fixture
def lignes(monde: Monde) -> dict[str, LigneBrute]:
    """Three stored lines, by topic."""
    monde.reviser("2020-02-03", quota_numeriques=32)
    monde.label()
    return {ligne.topic: ligne for ligne in monde.livre.store.lire(P)}


def change(ligne: LigneBrute, chemin: tuple[Any, ...], valeur: Any) -> bytes:
    """The bytes of the line with one member changed (`...`: removed)."""
    donnees = json.loads(ligne.octets)
    noeud = donnees
    for pas in chemin[:-1]:
        noeud = noeud[pas]
    if valeur is ...:
        del noeud[chemin[-1]]
    else:
        noeud[chemin[-1]] = valeur
    return json.dumps(donnees).encode()


def test_tout_fait_enregistre_se_relit_et_se_reecrit(lignes: dict[str, LigneBrute]) -> None:
    """Chaque fait enregistré se relit et se réécrit octet pour octet."""
    for topic, ligne in lignes.items():
        assert encoder(decoder(topic, ligne.octets)) == ligne.octets


LABEL, OUVERTURE, REVISION = "fabrique-labellisee", "programme-ouvert", "regles-revisees"
FAUX: list[tuple[str, tuple[Any, ...], Any]] = [
    (LABEL, ("montant_centimes",), 15000000.0),
    (LABEL, ("montant_centimes",), "15000000"),
    (LABEL, ("montant_centimes",), True),
    (LABEL, ("montant_centimes",), 0),
    (LABEL, ("montant_centimes",), None),
    (LABEL, ("montant_centimes",), ...),
    (LABEL, ("autre",), 1),
    (LABEL, ("exercice",), 1899),
    (LABEL, ("territoire",), "ailleurs"),
    (LABEL, ("numerique",), 1),
    (LABEL, ("date_effet",), "03/02/2020"),
    (LABEL, ("date_effet",), "2020-02-30"),
    (LABEL, ("enregistre_le",), "2020"),
    (LABEL, ("precedent",), "00"),
    (LABEL, ("regles_version",), 0),
    (LABEL, ("acteur", "role"), "chef"),
    (LABEL, ("acteur", "autre"), 1),
    (LABEL, ("echeancier", 0, "rang"), 0),
    (LABEL, ("echeancier", 0, "montant_centimes"), 1.5),
    (LABEL, ("echeancier", 0, "autre"), 1),
    (LABEL, ("echeancier",), {}),
    (OUVERTURE, ("regles", "plafond_centimes"), 15000000.0),
    (OUVERTURE, ("regles", "plafond_centimes"), ...),
    (OUVERTURE, ("regles", "autre"), 1),
    (OUVERTURE, ("regles",), []),
    (REVISION, ("regles", "quota_numeriques"), 32.0),
    (REVISION, ("regles", "enveloppe_centimes"), 1),
]


@pytest.mark.parametrize(("topic", "chemin", "valeur"), FAUX)
def test_un_membre_faux_est_illisible(
    lignes: dict[str, LigneBrute], topic: str, chemin: tuple[Any, ...], valeur: Any
) -> None:
    """Flottant, texte, membre inconnu ou absent, hors bornes : le fait est illisible."""
    with pytest.raises(OctetsIllisibles, match=topic):
        decoder(topic, change(lignes[topic], chemin, valeur))


@pytest.mark.parametrize(
    "octets", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":4e400}']
)
def test_des_octets_quelconques_sont_illisibles(octets: bytes) -> None:
    """Ce qui n'est pas l'objet attendu est illisible, sans autre erreur."""
    with pytest.raises(OctetsIllisibles):
        decoder(LABEL, octets)


@pytest.mark.parametrize("membre", ["montant_centimes", "exercice"])
@pytest.mark.parametrize("nombre", [b"4e400", b"1e3", b"-0.0", b"1" * 400, b"NaN"])
def test_un_nombre_demesure_est_illisible(
    lignes: dict[str, LigneBrute], membre: str, nombre: bytes
) -> None:
    """Exposant, NaN, entier démesuré : illisibles."""
    octets = change(lignes[LABEL], (membre,), "ICI").replace(b'"ICI"', nombre)
    with pytest.raises(OctetsIllisibles):
        decoder(LABEL, octets)


@pytest.mark.parametrize("topic", ["", "inconnu", "os.path:join", "ledger.evenements:AvisRendu"])
def test_un_type_inconnu_est_illisible(topic: str) -> None:
    """Un type hors du registre est illisible, même s'il nomme du code."""
    with pytest.raises(OctetsIllisibles, match="type de fait inconnu"):
        decoder(topic, b"{}")
