"""Le bord droit d'un arbre de Merkle : assez pour continuer, et pour la racine du moment."""

from __future__ import annotations

import hashlib

import pytest

from ledger.preuve.merkle import Arbre
from ledger.preuve.souches import Souches

FEUILLES = [hashlib.sha256(bytes([n])).digest() for n in range(41)]


def entier(taille: int) -> Arbre:
    """The whole tree of the first leaves."""
    arbre = Arbre()
    arbre.ajouter(FEUILLES[:taille])
    return arbre


@pytest.mark.parametrize("taille", range(41))
def test_a_toute_taille_le_bord_et_la_racine_sont_ceux_de_l_arbre_entier(taille: int) -> None:
    """À toute taille, le bord droit s'écrit et donne la racine comme l'arbre entier."""
    souches = Souches()
    souches.ajouter(FEUILLES[:taille])
    arbre = entier(taille)
    assert souches.taille == taille
    assert souches.en_texte() == arbre.souches().hex()
    assert souches.racine() == souches.racine(taille) == arbre.racine()


@pytest.mark.parametrize("coupe", range(41))
def test_repris_de_son_texte_le_bord_continue_comme_s_il_n_avait_jamais_ete_pose(
    coupe: int,
) -> None:
    """Repris à toute taille, d'une traite ou feuille à feuille, il donne les mêmes racines."""
    repris, pas_a_pas = (Souches(coupe, entier(coupe).souches().hex()) for _ in range(2))
    repris.ajouter(FEUILLES[coupe:])
    for taille in range(coupe, len(FEUILLES)):
        assert pas_a_pas.racine() == entier(taille).racine()
        pas_a_pas.ajouter((FEUILLES[taille],))
    assert repris.en_texte() == pas_a_pas.en_texte() == entier(41).souches().hex()
    assert (repris.taille, repris.racine()) == (41, entier(41).racine())


def test_le_bord_ne_donne_ni_feuille_ni_preuve() -> None:
    """Une feuille ou une preuve ne se tire pas du bord : la demande échoue, sans rien inventer."""
    souches = Souches()
    souches.ajouter(FEUILLES[:5])
    for demande in (lambda: souches.feuille(1), lambda: souches.inclusion(1), souches.feuilles):
        with pytest.raises(AttributeError):
            demande()


@pytest.mark.parametrize("taille", [0, 4, 6])
def test_une_racine_passee_n_est_pas_connue_du_bord(taille: int) -> None:
    """Une autre taille que la présente est refusée, en disant les deux."""
    souches = Souches()
    souches.ajouter(FEUILLES[:5])
    with pytest.raises(IndexError, match=f"{taille} demandée, 5 seule"):
        souches.racine(taille)
