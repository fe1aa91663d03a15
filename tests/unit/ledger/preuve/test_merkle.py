"""L'arbre de Merkle de la RFC 6962, contre sa propre définition."""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from ledger.preuve.merkle import Arbre, apres_fork, racine_base64

FEUILLES = [hashlib.sha256(bytes([n])).digest() for n in range(70)]


def definition(feuilles: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if not feuilles:
        return hashlib.sha256(b"").digest()
    if len(feuilles) == 1:
        return feuilles[0]
    coupe = 1 << ((len(feuilles) - 1).bit_length() - 1)
    gauche, droite = definition(feuilles[:coupe]), definition(feuilles[coupe:])
    return hashlib.sha256(b"\x01" + gauche + droite).digest()


@pytest.mark.parametrize("taille", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 70])
def test_la_racine_est_celle_de_la_definition(taille: int) -> None:
    """À toute taille, la racine est celle de la définition."""
    arbre = Arbre()
    arbre.ajouter(FEUILLES[:taille])
    assert (arbre.taille, arbre.racine()) == (taille, definition(FEUILLES[:taille]))


def test_la_racine_passee_se_retrouve_a_toute_taille() -> None:
    """Un arbre plein rend la racine de chaque taille passée, demandée dans n'importe quel ordre."""
    arbre = Arbre()
    for debut in (0, 1, 3, 40):
        arbre.ajouter(FEUILLES[debut : {0: 1, 1: 3, 3: 40, 40: 70}[debut]])
        arbre.racine()
    for taille in (70, 0, 69, *range(70)):
        assert arbre.racine(taille) == definition(FEUILLES[:taille])


def test_une_racine_est_independante_du_decoupage_des_ajouts() -> None:
    """Une par une ou toutes ensemble, les feuilles donnent la même racine."""
    ensemble, une_a_une = Arbre(), Arbre()
    ensemble.ajouter(FEUILLES)
    for feuille in FEUILLES:
        une_a_une.ajouter([feuille])
        une_a_une.racine()
    assert ensemble.racine() == une_a_une.racine() == definition(FEUILLES)
    assert [ensemble.feuille(n) for n in (1, 70)] == [FEUILLES[0], FEUILLES[69]]


@pytest.mark.parametrize("position", [0, -1, 71])
def test_hors_de_l_arbre_il_n_y_a_ni_feuille_ni_racine(position: int) -> None:
    """Une feuille ou une taille hors de l'arbre est une erreur."""
    arbre = Arbre()
    arbre.ajouter(FEUILLES)
    with pytest.raises(IndexError):
        arbre.feuille(position)
    with pytest.raises(IndexError):
        arbre.racine(position or -1)


def test_les_vecteurs_publies_de_la_rfc_sont_retrouves() -> None:
    """Les racines publiées avec la RFC 6962 (vide, puis les huit feuilles d'essai)."""
    donnees = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    donnees += ["606162636465666768696a6b6c6d6e6f"]
    arbre = Arbre()
    arbre.ajouter([hashlib.sha256(b"\x00" + bytes.fromhex(d)).digest() for d in donnees])
    assert arbre.racine(0).hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert arbre.racine(8).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def test_une_racine_s_ecrit_en_base64() -> None:
    """Une racine s'échange en base64 ordinaire."""
    assert racine_base64(b"\xff" * 32) == "/" * 42 + "8="


def test_plusieurs_fils_demandent_la_racine_sans_la_fausser() -> None:
    """Demandée par plusieurs fils à la fois, la racine reste juste, et les suivantes aussi."""
    avant, apres = FEUILLES * 200, FEUILLES[::-1]
    arbre, depart = Arbre(), Event()
    arbre.ajouter(avant)

    def demander() -> bytes:
        depart.wait(10)
        return arbre.racine()

    pas = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as bassin:
            taches = [bassin.submit(demander) for _ in range(8)]
            depart.set()
            racines = {tache.result() for tache in taches}
    finally:
        sys.setswitchinterval(pas)
    arbre.ajouter(apres)
    assert (racines, arbre.racine()) == ({definition(avant)}, definition(avant + apres))


def test_un_verrou_tenu_au_fork_ne_bloque_pas_l_enfant() -> None:
    """Après un fork, l'arbre dont un autre fil tenait le verrou se lit encore."""
    arbre = Arbre()
    arbre.ajouter(FEUILLES[:5])
    assert arbre._verrou.acquire(blocking=False)  # by a thread that the child does not have
    apres_fork()
    assert arbre._verrou.acquire(blocking=False)
    arbre._verrou.release()
    assert arbre.racine() == definition(FEUILLES[:5])


def test_un_arbre_repris_ne_se_montre_jamais_a_moitie_refait() -> None:
    """Pendant que le passé est relu, un autre fil trouve chaque racine entière."""
    feuilles = [bytes([n]) * 32 for n in range(7)]
    entier = Arbre()
    entier.ajouter(feuilles)
    repris = Arbre.reprendre(7, entier.souches(), lambda: b"".join(feuilles))
    vues: list[bytes] = []
    completer = repris._completer

    class Espionne(Arbre):
        """A tree that another thread reads in the middle of each completion."""

        __slots__ = ()

        @staticmethod
        def _completer(etages: tuple[list[bytearray], list[int]]) -> None:
            vues.append(repris._plage(0, 7))
            completer(etages)

    repris.__class__ = Espionne
    repris.feuilles()
    assert vues == [entier.racine()]


def _repris(taille: int, suite: int, lectures: list[int]) -> Arbre:
    """A tree resumed at a size, then grown to another; each reading of the past is counted."""
    entier = Arbre()
    entier.ajouter(FEUILLES[:taille])

    def passe() -> bytes:
        lectures.append(taille)
        return b"".join(FEUILLES[:taille])

    repris = Arbre.reprendre(taille, entier.souches(), passe)
    repris.ajouter(FEUILLES[taille:suite])
    return repris


@pytest.mark.parametrize("taille", [5, 6, 7, 8])
def test_un_arbre_repris_donne_chaque_feuille_et_chaque_preuve(taille: int) -> None:
    """Repris sans son passé, il donne feuilles et preuves ; l'ancien se relit au besoin."""
    entier = Arbre()
    entier.ajouter(FEUILLES[:11])
    for position in range(1, 12):
        lectures: list[int] = []
        assert _repris(taille, 11, lectures).feuille(position) == FEUILLES[position - 1]
        assert lectures == ([taille] if position <= taille else []), "ce qui est récent est là"
        assert _repris(taille, 11, lectures := []).racine(position) == entier.racine(position)
        assert lectures == ([taille] if position < taille else [])
        assert _repris(taille, 11, []).inclusion(position) == entier.inclusion(position)
        assert _repris(taille, 11, []).coherence(position) == entier.coherence(position)


def test_deux_lecteurs_du_passe_ne_le_mettent_pas_deux_fois() -> None:
    """Un passé qu'un autre a remis pendant qu'on le lisait n'est pas remis une seconde fois."""
    entier, vus = Arbre(), list[bytes]()
    entier.ajouter(FEUILLES[:7])

    def passe() -> bytes:
        if not vus:  # the other reader arrives while the first one reads, and is done before it
            vus.append(b"")
            vus.append(repris.feuilles())
        return b"".join(FEUILLES[:7])

    repris = Arbre.reprendre(7, entier.souches(), passe)
    assert repris.feuilles() == vus[1] == b"".join(FEUILLES[:7])
    assert (repris.taille, repris.racine()) == (7, entier.racine())


def test_le_passe_ne_se_relit_qu_une_fois() -> None:
    """Relu pour une première preuve, le passé est là pour les suivantes."""
    lectures: list[int] = []
    repris = _repris(6, 11, lectures)
    for position in (1, 2, 6):
        repris.inclusion(position)
    assert lectures == [6]
