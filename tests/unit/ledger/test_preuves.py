"""Vérifier une preuve : les vecteurs publiés, et tout ce qui doit être refusé."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.preuve.merkle import Arbre, noeud
from ledger.preuve.preuves import coherence_tient, inclusion_tient
from tests.properties.arbre_naif import (
    Naif,
    Preuve,
    coherence_naive,
    feuille,
    inclusion_naive,
)
from tests.properties.test_merkle import ENTREES, RACINES

PETITS = 8
# Nodes of the published tree of eight inputs, as Certificate Transparency projects give them.
F0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
F1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
F4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
N01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N03 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
N47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSIONS = [
    (0, 1, ()),
    (0, 2, (F1,)),
    (1, 2, (F0,)),
    (2, 3, (N01,)),
    (1, 5, (F0, N23, F4)),
    (0, 8, (F1, N23, N47)),
    (5, 8, (F4, N67, N03)),
]
COHERENCES = [
    (1, 1, ()),
    (1, 8, (F1, N23, N47)),
    (6, 8, (N45, N67, N03)),
    (2, 5, (N23, F4)),
    (6, 7, (N45, "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f", N03)),
]


def arbre_de(feuilles: list[bytes]) -> Arbre:
    arbre = Arbre()
    arbre.ajouter(feuilles)
    return arbre


PUBLIE = arbre_de([feuille(bytes.fromhex(entree)) for entree in ENTREES])
NAIF = Naif([feuille(bytes([rang])) for rang in range(20)])
ARBRE = arbre_de(NAIF.feuilles)


def octets(hexa: tuple[str, ...]) -> Preuve:
    return tuple(bytes.fromhex(morceau) for morceau in hexa)


def basculer(donnees: bytes, bit: int) -> bytes:
    """The bytes with one bit flipped."""
    octet = donnees[bit // 8] ^ (1 << bit % 8)
    return donnees[: bit // 8] + bytes([octet]) + donnees[bit // 8 + 1 :]


def voisines(preuve: Preuve) -> Iterator[Preuve]:
    """Proofs that differ by their hashes' number or order."""
    for rang in range(len(preuve)):
        yield preuve[:rang] + preuve[rang + 1 :]
        yield (*preuve[:rang], preuve[rang], *preuve[rang:])
        for autre in range(rang):
            echange = list(preuve)
            echange[rang], echange[autre] = echange[autre], echange[rang]
            yield tuple(echange)
    for etrangere in (bytes(32), NAIF.feuilles[0]):
        yield (*preuve, etrangere)
        yield (etrangere, *preuve)


@pytest.mark.parametrize(("rang", "taille", "hexa"), INCLUSIONS)
def test_les_preuves_d_inclusion_publiees_sont_retrouvees(
    rang: int, taille: int, hexa: tuple[str, ...]
) -> None:
    """Les preuves d'inclusion publiées des huit entrées sont celles de l'arbre, et tiennent."""
    preuve = PUBLIE.inclusion(rang + 1, taille)
    racine = bytes.fromhex(RACINES[taille])
    assert preuve == octets(hexa)
    assert inclusion_tient(PUBLIE.feuille(rang + 1), rang + 1, taille, preuve, racine)


@pytest.mark.parametrize(("ancienne", "taille", "hexa"), COHERENCES)
def test_les_preuves_de_coherence_publiees_sont_retrouvees(
    ancienne: int, taille: int, hexa: tuple[str, ...]
) -> None:
    """Les preuves de cohérence publiées des huit entrées sont celles de l'arbre, et tiennent."""
    preuve = PUBLIE.coherence(ancienne, taille)
    avant, apres = bytes.fromhex(RACINES[ancienne]), bytes.fromhex(RACINES[taille])
    assert preuve == octets(hexa)
    assert coherence_tient(ancienne, avant, taille, apres, preuve)


def test_un_bit_bascule_fait_refuser_une_inclusion() -> None:
    """Jusqu'à huit lignes, chaque bit de la feuille, de la racine et de la preuve compte."""
    for n in range(1, PETITS + 1):
        racine = ARBRE.racine(n)
        for m in range(1, n + 1):
            f, preuve = ARBRE.feuille(m), ARBRE.inclusion(m, n)
            for bit in range(256):
                assert not inclusion_tient(basculer(f, bit), m, n, preuve, racine)
                assert not inclusion_tient(f, m, n, preuve, basculer(racine, bit))
                for rang, hachage in enumerate(preuve):
                    faux = (*preuve[:rang], basculer(hachage, bit), *preuve[rang + 1 :])
                    assert not inclusion_tient(f, m, n, faux, racine)


def test_un_bit_bascule_fait_refuser_une_coherence() -> None:
    """Jusqu'à huit lignes, chaque bit des deux racines et de la preuve compte."""
    for n in range(1, PETITS + 1):
        apres = ARBRE.racine(n)
        for m in range(1, n + 1):
            avant, preuve = ARBRE.racine(m), ARBRE.coherence(m, n)
            for bit in range(256):
                assert not coherence_tient(m, basculer(avant, bit), n, apres, preuve)
                assert not coherence_tient(m, avant, n, basculer(apres, bit), preuve)
                for rang, hachage in enumerate(preuve):
                    faux = (*preuve[:rang], basculer(hachage, bit), *preuve[rang + 1 :])
                    assert not coherence_tient(m, avant, n, apres, faux)


def test_sur_de_grands_arbres_un_bit_tire_au_sort_fait_refuser() -> None:
    """Sur des milliers de lignes, un bit tiré au sort dans une preuve la fait refuser."""
    hasard = Random(9162)
    arbre = arbre_de([feuille(b"%d" % rang) for rang in range(5_000)])
    for _ in range(300):
        n = hasard.randint(1_000, 5_000)
        m, bit = hasard.randint(1, n - 1), hasard.randrange(256)
        f, avant, apres = arbre.feuille(m), arbre.racine(m), arbre.racine(n)
        preuve = arbre.inclusion(m, n)
        rang = hasard.randrange(len(preuve))
        faux = (*preuve[:rang], basculer(preuve[rang], bit), *preuve[rang + 1 :])
        tenues = [p for p in (faux, *voisines(preuve)) if inclusion_tient(f, m, n, p, apres)]
        assert inclusion_tient(f, m, n, preuve, apres)
        assert tenues == []
        preuve = arbre.coherence(m, n)
        rang = hasard.randrange(len(preuve))
        faux = (*preuve[:rang], basculer(preuve[rang], bit), *preuve[rang + 1 :])
        tenues = [p for p in (faux, *voisines(preuve)) if coherence_tient(m, avant, n, apres, p)]
        assert coherence_tient(m, avant, n, apres, preuve)
        assert tenues == []


def test_une_preuve_tronquee_allongee_ou_melangee_est_refusee() -> None:
    """Un hachage de moins, de plus ou deux échangés : la preuve est refusée, toujours."""
    for n in range(1, 21):
        for m in range(1, n + 1):
            f, avant, apres = ARBRE.feuille(m), ARBRE.racine(m), ARBRE.racine(n)
            for faux in voisines(ARBRE.inclusion(m, n)):
                assert not inclusion_tient(f, m, n, faux, apres)
            for faux in voisines(ARBRE.coherence(m, n)):
                assert not coherence_tient(m, avant, n, apres, faux)


def test_une_autre_position_du_meme_arbre_est_refusee() -> None:
    """La preuve d'une ligne ne tient à aucune autre position, et pour aucune autre ligne."""
    for n in range(1, 21):
        racine = ARBRE.racine(n)
        for m, autre in product(range(1, n + 1), range(-1, 25)):
            preuve = ARBRE.inclusion(m, n)
            tenue = inclusion_tient(ARBRE.feuille(m), autre, n, preuve, racine)
            assert tenue == (autre == m)
            if 1 <= autre <= n:
                tenue = inclusion_tient(ARBRE.feuille(autre), m, n, preuve, racine)
                assert tenue == (autre == m)


def test_toute_affirmation_est_jugee_comme_par_la_definition_du_rfc() -> None:
    """Place et taille changées, une preuve tient si, et seulement si, le RFC la reconstruit.

    Une racine ne dit pas sa taille : la première de 3 lignes se prouve aussi de 4, sous cette
    racine. C'est le relevé, signé, qui lie les deux.
    """
    autres = range(-1, 13)
    for n in range(1, 12):
        apres = ARBRE.racine(n)
        for m, m2, n2 in product(range(1, n + 1), autres, autres):
            f, preuve = ARBRE.feuille(m), ARBRE.inclusion(m, n)
            attendu = inclusion_naive(f, m2 - 1, n2, preuve) == apres
            assert inclusion_tient(f, m2, n2, preuve, apres) == attendu
            avant, preuve = ARBRE.racine(m), ARBRE.coherence(m, n)
            attendu = coherence_naive(m2, n2, avant, preuve) == (avant, apres)
            assert coherence_tient(m2, avant, n2, apres, preuve) == attendu
    preuve = ARBRE.inclusion(1, 3)
    assert inclusion_tient(ARBRE.feuille(1), 1, 4, preuve, ARBRE.racine(3))


def test_un_journal_recrit_n_a_aucune_preuve_de_coherence() -> None:
    """Entre une racine et celle d'un journal récrit, aucune preuve de l'un ni de l'autre."""
    for n in range(2, 12):
        for change in range(n):
            feuilles = list(NAIF.feuilles[:n])
            feuilles[change] = feuille(b"autre")
            recrit = arbre_de(feuilles)
            for m in range(change + 1, n):
                avant, apres = ARBRE.racine(m), recrit.racine(n)
                for preuve in (ARBRE.coherence(m, n), recrit.coherence(m, n)):
                    assert not coherence_tient(m, avant, n, apres, preuve)


@pytest.mark.parametrize("faux", [b"", bytes(31), bytes(33), bytearray(32), "a" * 32, None, 3])
def test_ce_qui_n_est_pas_une_empreinte_est_refuse_sans_erreur(faux: object) -> None:
    """Une valeur qui n'est pas 32 octets est refusée, où qu'elle soit, sans rien lever."""
    f, preuve, racine = ARBRE.feuille(3), ARBRE.inclusion(3, 7), ARBRE.racine(7)
    avant, lien = ARBRE.racine(3), ARBRE.coherence(3, 7)
    faute: list[bytes] = [faux]  # type: ignore[list-item]
    assert not inclusion_tient(faute[0], 3, 7, preuve, racine)
    assert not inclusion_tient(f, 3, 7, preuve, faute[0])
    assert not inclusion_tient(f, 3, 7, faute + list(preuve[1:]), racine)
    assert not coherence_tient(3, faute[0], 7, racine, lien)
    assert not coherence_tient(3, avant, 7, faute[0], lien)
    assert not coherence_tient(3, avant, 7, racine, faute + list(lien[1:]))


def test_deux_tailles_egales_n_ont_que_la_preuve_vide_et_la_meme_racine() -> None:
    """À tailles égales, la preuve est vide et les racines sont les mêmes ; sinon, refus."""
    racine, autre = ARBRE.racine(5), ARBRE.racine(6)
    assert ARBRE.coherence(5, 5) == ()
    assert coherence_tient(5, racine, 5, racine, ())
    assert not coherence_tient(5, racine, 5, autre, ())
    assert not coherence_tient(5, racine, 5, racine, (racine,))


@given(
    f=st.binary(min_size=32, max_size=32),
    preuve=st.lists(st.binary(max_size=40), max_size=70),
    m=st.integers(-5, 2**70),
    n=st.integers(-5, 2**70),
)
def test_une_preuve_quelconque_est_refusee_sans_erreur(
    f: bytes, preuve: list[bytes], m: int, n: int
) -> None:
    """Des octets et des nombres quelconques ne prouvent rien et ne lèvent rien."""
    racine = feuille(b"une racine que rien ne donne")
    assert not inclusion_tient(f, m, n, preuve, racine)
    assert not coherence_tient(m, f, n, racine, preuve)


def test_une_racine_forgee_avec_un_hachage_de_trop_ne_tient_pas() -> None:
    """Un hachage de trop ne tient pas, même sous une racine calculée exprès."""
    une, deux, trois = (feuille(bytes([k])) for k in range(3))
    assert not inclusion_tient(une, 1, 1, [deux], noeud(deux, une))
    racine = noeud(une, deux)
    assert inclusion_tient(une, 1, 2, [deux], racine)
    assert not inclusion_tient(une, 1, 2, [deux, trois], noeud(trois, racine))
    assert coherence_tient(1, une, 2, racine, [deux])
    assert not coherence_tient(1, noeud(trois, une), 2, noeud(trois, racine), [une, deux, trois])


def test_un_hachage_court_ne_tient_pas_sous_une_racine_forgee() -> None:
    """Un hachage qui n'a pas 32 octets ne tient pas, même sous une racine calculée exprès."""
    une = feuille(b"1")
    for court in (b"", b"x", bytes(31), bytes(33)):
        assert not inclusion_tient(une, 1, 2, [court], noeud(une, court))
    assert not inclusion_tient(b"x", 1, 2, [une], noeud(b"x", une))
