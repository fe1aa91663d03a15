"""Les calculs de la console : faits une fois, bornés, jamais bloquants."""

from __future__ import annotations

from threading import Event

import pytest

from projections.console.taches import (
    ATTENTES_MAX,
    PRESSEE,
    Avancement,
    EnAttente,
    Occupee,
    Taches,
)


def test_deux_demandes_pareilles_ne_calculent_qu_une_fois() -> None:
    """Une question déjà posée rend le résultat gardé."""
    taches, appels = Taches(gardees=2), []
    for _ in range(3):
        assert taches.obtenir("a", lambda _: appels.append(1) or 7) == 7  # type: ignore[func-returns-value]
    assert appels == [1]
    taches.fermer()


def test_les_plus_anciens_resultats_sont_oublies() -> None:
    """Au-delà de la borne, le résultat demandé le moins récemment est oublié."""
    taches = Taches(gardees=2)
    for cle in ("a", "b", "a", "c"):
        taches.obtenir(cle, lambda _: 1)
    assert [taches.connue(cle) for cle in ("a", "b", "c")] == [True, False, True]
    taches.fermer()


def test_les_resultats_gardes_sont_bornes_en_octets() -> None:
    """Au-delà d'un poids, les résultats les plus anciens sont oubliés, sauf les deux derniers."""
    taches = Taches(gardees=50, octets_max=100)
    for cle in range(4):
        taches.obtenir(cle, lambda _: b"x" * 60)
    assert [taches.connue(cle) for cle in range(4)] == [False, False, True, True]
    taches.fermer()


def test_un_calcul_long_dit_ou_il_en_est_puis_rend_son_resultat() -> None:
    """Un calcul qui dure rend la main avec son avancement ; sa fin donne le résultat."""
    taches, finir, parti = Taches(gardees=2, patience=0), Event(), Event()

    def calculer(pas: Avancement) -> int:
        pas.total = 10
        pas(4)
        parti.set()
        finir.wait(30)
        return 5

    with pytest.raises(EnAttente) as attente:
        taches.obtenir("a", calculer)
    parti.wait(30)
    assert (attente.value.avancement.fait, attente.value.avancement.total) == (4, 10)
    finir.set()
    assert taches.obtenir("a", calculer, patience=30) == 5
    taches.fermer()


def test_qui_vient_voir_n_attend_pas() -> None:
    """Une page qui vient voir où en est un calcul le sait aussitôt, sans user de la patience."""
    taches, finir = Taches(gardees=2, patience=None), Event()
    jeton = PRESSEE.set(True)
    with pytest.raises(EnAttente):
        taches.obtenir("a", lambda _: finir.wait(30))
    finir.set()
    PRESSEE.reset(jeton)
    assert taches.obtenir("a", lambda _: False) is True
    taches.fermer()


def test_une_erreur_n_est_pas_gardee() -> None:
    """Un calcul qui échoue est refait à la demande suivante."""
    taches = Taches(gardees=2)
    with pytest.raises(ZeroDivisionError):
        taches.obtenir("a", lambda _: 1 // 0)
    assert taches.obtenir("a", lambda _: 3) == 3
    taches.fermer()


def test_trop_de_calculs_a_la_fois_sont_refuses() -> None:
    """Au-delà d'un nombre de calculs en cours, un nouveau n'est pas commencé."""
    taches, finir = Taches(gardees=2, patience=0), Event()
    for cle in range(ATTENTES_MAX):
        with pytest.raises(EnAttente):
            taches.obtenir(cle, lambda _: finir.wait(30))
    with pytest.raises(Occupee):
        taches.obtenir("de trop", lambda _: 1)
    finir.set()
    taches.fermer()
