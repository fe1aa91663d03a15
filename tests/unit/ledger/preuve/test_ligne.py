"""La ligne du journal et sa feuille : octets figés, recalculables sans ce code."""

from __future__ import annotations

import hashlib
import json

import pytest

from ledger.preuve.canonique import json_canonique
from ledger.preuve.ligne import ETAT_MAX_OCTETS, LIGNE_MAX_OCTETS, Lineur
from ledger.registre import TYPES
from tests.unit.monde import Monde, P


def test_la_ligne_a_exactement_ces_octets() -> None:
    """La ligne v1 : journal, position, état inséré tel quel, type, version."""
    ligne = Lineur("p-1").ligne(7, "avis-rendu", '{"é":[1, 2]}'.encode())
    assert ligne == (
        '{"journal":"p-1","pos":7,"state":{"é":[1, 2]},"type":"avis-rendu","v":1}'.encode()
    )


@pytest.mark.parametrize("topic", [*TYPES, "inconnu"])
def test_la_feuille_est_l_empreinte_de_zero_et_de_la_ligne(topic: str) -> None:
    """La feuille est SHA-256 d'un octet nul suivi de la ligne, pour tout type."""
    lineur = Lineur("p-1")
    attendu = hashlib.sha256(b"\x00" + lineur.ligne(12, topic, b"{}")).digest()
    assert lineur.feuille(12, topic, b"{}") == attendu


def test_chaque_ligne_du_journal_est_du_json_canonique(monde: Monde) -> None:
    """Chaque ligne exportée est du JSON canonique, chaînée à la précédente par sa feuille."""
    monde.label()
    monde.ok("RetirerLabel", "2020-06-01", motif="Énoncé « final »")
    precedent = None
    for numero, ligne in enumerate(monde.livre.journal(P).lignes(), start=1):
        lue = json.loads(ligne)
        texte = json.dumps(lue, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (texte.encode(), lue["pos"], lue["state"]["precedent"]) == (ligne, numero, precedent)
        precedent = hashlib.sha256(b"\x00" + ligne).hexdigest()


def test_un_membre_facultatif_absent_n_est_pas_ecrit(monde: Monde) -> None:
    """Un membre facultatif absent est omis, jamais null ; precedent est null à la position 1."""
    monde.ok("DéposerCandidature", "2020-01-10")
    premiere, seconde = (json.loads(x)["state"] for x in monde.livre.journal(P).lignes())
    assert (premiere["precedent"], "attribuant" in premiere) == (None, False)
    assert [k for k, v in seconde.items() if v is None] == []
    assert sorted(seconde) == [
        "acteur",
        "code_postal",
        "date_effet",
        "empreinte_commande",
        "enregistre_le",
        "id_commande",
        "numerique",
        "porteur",
        "precedent",
        "regles_version",
        "structure",
        "territoire",
        "ville",
    ]


def test_le_json_canonique_trie_et_ne_perd_rien() -> None:
    """Membres triés, texte en UTF-8, entiers exacts, échappements minimaux."""
    donnees = {"b": [True, None, -1], "a": 'é"\\\n\x1f', "B": 2**53 - 1}
    assert json_canonique(donnees) == (
        '{"B":9007199254740991,"a":"é\\"\\\\\\n\\u001f","b":[true,null,-1]}'.encode()
    )


def test_un_type_hors_ascii_reste_une_ligne() -> None:
    """Un type qu'une main a écrit hors d'ASCII donne une ligne, pas une erreur."""
    assert Lineur("p-1").ligne(1, "é", b"{}") == (
        b'{"journal":"p-1","pos":1,"state":{},"type":"?","v":1}'
    )


def test_les_limites_du_format_sont_figees() -> None:
    """Une ligne tient en 65 535 octets, un état en 65 335 : le reste suffit au plus long nom."""
    assert (LIGNE_MAX_OCTETS, ETAT_MAX_OCTETS) == (65_535, 65_335)
    longue = Lineur("x" * 64).ligne(2**53 - 1, max(TYPES, key=len), b"")
    assert len(longue) + ETAT_MAX_OCTETS <= LIGNE_MAX_OCTETS
