"""L'arbre de Merkle et ses preuves : vecteurs publiés, pymerkle, définition du RFC 6962."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from ledger.preuve.merkle import Arbre
from ledger.preuve.preuves import coherence_tient, inclusion_tient
from tests.properties.arbre_naif import Naif, feuille
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


def test_les_racines_de_0_a_1000_sont_celles_de_pymerkle_et_de_la_definition() -> None:
    """De 0 à 1000 feuilles, la racine est celle de pymerkle et celle de la définition récursive."""
    entrees = [f"ligne {rang}".encode() for rang in range(1000)]
    autre = InmemoryTree.init_from_entries(entrees, algorithm="sha256")
    naif = Naif([feuille(entree) for entree in entrees])
    tailles = range(1001)
    arbre, au_fil = Arbre(), []
    for taille in tailles:
        arbre.ajouter(naif.feuilles[taille - 1 : taille] if taille else [])
        au_fil.append(arbre.racine())
    assert au_fil == [naif.racine(n) for n in tailles]
    assert au_fil == [arbre.racine(n) for n in tailles]
    assert au_fil == [autre.get_root(n) for n in tailles]


def test_de_grands_arbres_ont_la_racine_et_les_preuves_de_la_definition() -> None:
    """Sur des milliers de feuilles, racines et preuves tirées au sort sont celles du RFC."""
    hasard = Random(6962)
    naif = Naif([feuille(b"%d" % rang) for rang in range(20_000)])
    arbre = arbre_de(naif.feuilles)
    autre = InmemoryTree.init_from_entries([b"%d" % rang for rang in range(4_096)])
    for _ in range(400):
        taille = hasard.randint(1_000, 20_000)
        position, ancienne = hasard.randint(1, taille), hasard.randint(1, taille)
        racine = naif.racine(taille)
        inclusion, coherence = arbre.inclusion(position, taille), arbre.coherence(ancienne, taille)
        assert racine == arbre.racine(taille)
        assert inclusion == naif.chemin(position - 1, 0, taille)
        assert coherence == naif.coherence(ancienne, taille)
        assert inclusion_tient(arbre.feuille(position), position, taille, inclusion, racine)
        assert coherence_tient(ancienne, naif.racine(ancienne), taille, racine, coherence)
    for taille in (1_000, 2_047, 2_048, 2_049, 4_096):
        assert autre.get_root(taille) == arbre.racine(taille)


def test_toutes_les_preuves_jusqu_a_66_lignes_sont_celles_du_rfc_et_tiennent() -> None:
    """Toute ligne de tout arbre jusqu'à 66, tout couple de tailles : la preuve du RFC, et juste."""
    naif = Naif([feuille(bytes([rang])) for rang in range(66)])
    arbre = arbre_de(naif.feuilles)
    for n in range(1, 67):
        racine = naif.racine(n)
        for m in range(1, n + 1):
            inclusion, coherence = arbre.inclusion(m, n), arbre.coherence(m, n)
            assert inclusion == naif.chemin(m - 1, 0, n)
            assert coherence == naif.coherence(m, n)
            assert inclusion_tient(arbre.feuille(m), m, n, inclusion, racine)
            assert coherence_tient(m, naif.racine(m), n, racine, coherence)


def test_la_preuve_ne_depend_pas_de_ce_qui_suit_la_taille_demandee() -> None:
    """Une preuve à une taille passée est celle qu'un arbre de cette taille donnait."""
    feuilles = [feuille(bytes([rang])) for rang in range(40)]
    arbre = arbre_de(feuilles)
    for n in range(1, 41):
        jeune = arbre_de(feuilles[:n])
        for m in range(1, n + 1):
            assert (jeune.inclusion(m), jeune.coherence(m)) == (
                arbre.inclusion(m, n),
                arbre.coherence(m, n),
            )


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
    naif = Naif(feuilles)
    assert naif.racine(taille) == arbre.racine(taille)
    assert (len(feuilles), naif.racine(len(feuilles))) == (arbre.taille, arbre.racine())
    autre = InmemoryTree.init_from_entries(entrees, algorithm="sha256")
    assert autre.get_root(taille).hex() == arbre.racine(taille).hex()
    assert feuilles == [arbre.feuille(n) for n in range(1, arbre.taille + 1)]


@reglages(50)
@given(taille=st.integers(0, 20), hors=st.integers(1, 5))
def test_une_taille_hors_de_l_arbre_est_une_erreur(taille: int, hors: int) -> None:
    """Demander racine, feuille ou preuve d'une taille que l'arbre n'a pas est une erreur."""
    arbre = arbre_de([feuille(bytes([n])) for n in range(taille)])
    for demandee in (taille + hors, -hors):
        for demander in (arbre.racine, arbre.feuille, arbre.inclusion, arbre.coherence):
            with pytest.raises(IndexError):
                demander(demandee)
        with pytest.raises(IndexError):
            arbre.inclusion(1, demandee)
        with pytest.raises(IndexError):
            arbre.coherence(1, demandee)
    for demander in (arbre.inclusion, arbre.coherence):
        with pytest.raises(IndexError):
            demander(0)
