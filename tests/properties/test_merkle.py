"""L'arbre de Merkle : vecteurs publiés, pymerkle, et la définition récursive du RFC 6962."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from ledger.preuve.merkle import Arbre
from tests.properties.outils import reglages

# Roots of the first n of eight inputs: test vectors of the Certificate Transparency projects.
ENTREES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
RACINES = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def feuille(entree: bytes) -> bytes:
    """The leaf hash of an input (RFC 6962, 2.1)."""
    return sha256(b"\x00" + entree).digest()


def racine_naive(feuilles: list[bytes]) -> bytes:
    """The root, by the recursive definition of RFC 6962."""
    if not feuilles:
        return sha256(b"").digest()
    if len(feuilles) == 1:
        return feuilles[0]
    coupe = 1
    while coupe * 2 < len(feuilles):
        coupe *= 2
    gauche, droite = racine_naive(feuilles[:coupe]), racine_naive(feuilles[coupe:])
    return sha256(b"\x01" + gauche + droite).digest()


def arbre_de(feuilles: list[bytes]) -> Arbre:
    """The ledger's tree over these leaves."""
    arbre = Arbre()
    arbre.ajouter(feuilles)
    return arbre


@pytest.mark.parametrize("taille", range(9))
def test_les_racines_sont_celles_des_vecteurs_publies(taille: int) -> None:
    """Les racines des huit entrées publiées sont celles que les journaux publics utilisent."""
    feuilles = [feuille(bytes.fromhex(entree)) for entree in ENTREES]
    assert RACINES[taille] == arbre_de(feuilles).racine(taille).hex()


def test_les_racines_de_0_a_300_sont_celles_de_pymerkle_et_de_la_definition() -> None:
    """De 0 à 300 feuilles, la racine est celle de pymerkle et celle de la définition récursive."""
    arbre, autre, feuilles = Arbre(), InmemoryTree(algorithm="sha256"), []
    for taille in range(301):
        if taille:
            entree = f"ligne {taille}".encode()
            autre.append_entry(entree)
            feuilles.append(feuille(entree))
            arbre.ajouter(feuilles[-1:])
        assert autre.get_root().hex() == arbre.racine().hex()
        assert racine_naive(feuilles) == arbre.racine()
    assert [racine_naive(feuilles[:n]) for n in range(301)] == [arbre.racine(n) for n in range(301)]


@reglages(100)
@given(
    entrees=st.lists(st.binary(max_size=8), max_size=70),
    lots=st.lists(st.integers(0, 20), min_size=1, max_size=8),
    data=st.data(),
)
def test_la_racine_ne_depend_pas_des_lots_et_se_relit_a_toute_taille(
    entrees: list[bytes], lots: list[int], data: st.DataObject
) -> None:
    """Ajoutées en lots quelconques, les feuilles font la même racine, à toute taille passée."""
    feuilles = [feuille(entree) for entree in entrees]
    arbre, debut, tour = Arbre(), 0, 0
    while debut < len(feuilles):
        pas = lots[tour % len(lots)] or (1 if not any(lots) else 0)
        arbre.ajouter(feuilles[debut : debut + pas])
        debut, tour = debut + pas, tour + 1
    taille = data.draw(st.integers(0, len(feuilles)))
    assert racine_naive(feuilles[:taille]) == arbre.racine(taille)
    assert (len(feuilles), racine_naive(feuilles)) == (arbre.taille, arbre.racine())
    autre = InmemoryTree.init_from_entries(entrees, algorithm="sha256")
    assert autre.get_root(taille).hex() == arbre.racine(taille).hex()
    assert feuilles == [arbre.feuille(n) for n in range(1, arbre.taille + 1)]


@reglages(50)
@given(taille=st.integers(0, 20), hors=st.integers(1, 5))
def test_une_taille_hors_de_l_arbre_est_une_erreur(taille: int, hors: int) -> None:
    """Demander la racine ou la feuille d'une taille que l'arbre n'a pas est une erreur."""
    arbre = arbre_de([feuille(bytes([n])) for n in range(taille)])
    for demandee in (taille + hors, -hors):
        with pytest.raises(IndexError):
            arbre.racine(demandee)
        with pytest.raises(IndexError):
            arbre.feuille(demandee)
