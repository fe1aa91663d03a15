"""La corrélation : ce que l'appelant donne pour retrouver ce qui va ensemble, et rien de plus."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog

from commands import GrandLivre, ModifierEnveloppe
from ledger import SQLiteStore, UsageError
from ledger.audit import verifier
from ledger.evenements import Fait
from tests.unit.attroupement import attrouper, livre_retenu
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import Monde, P

OUVERTURE = commande("OuvrirProgramme", "o", "2019-07-11")


def modif(identifiant: str, **champs: Any) -> dict[str, Any]:
    """One command."""
    faite: dict[str, Any] = commande("ModifierEnveloppe", identifiant, **champs)
    return faite


def faits(livre: GrandLivre) -> list[Fait]:
    """The facts recorded."""
    journal = livre.journal(P)
    return [fait for n in range(journal.taille) if (fait := journal.lire_un(n + 1)) is not None]


def test_chaque_appel_donne_la_sienne(tmp_path: Path) -> None:
    """Une commande, un lot, un flux, un lot atomique : chaque fait garde celle de son appel."""
    store = SQLiteStore(tmp_path / "a.db", creer=True)
    with GrandLivre(store) as livre:
        livre.executer(OUVERTURE, correlation="req 1/ouverture")
        livre.executer(modif("seule"))
        livre.executer_lot([modif("l1"), modif("l2")], correlation="lot")
        list(livre.executer_flux(map(modif, ("f1", "f2", "f3")), lot=2, correlation="flux"))
        livre.executer_lot([modif("a1"), modif("a2")], atomique=True, correlation="~" * 128)
        assert [fait.correlation for fait in faits(livre)] == [
            "req 1/ouverture",
            None,
            *["lot"] * 2,
            *["flux"] * 3,
            *["~" * 128] * 2,
        ]
        assert verifier(store, P).conforme
        premiere, seconde = list(livre.journal(P).lignes())[:2]
    assert (b'"correlation":"req 1/ouverture"' in premiere, b"correlation" in seconde) == (
        True,
        False,
    )


def test_elle_ne_change_ni_l_empreinte_ni_la_decision(monde: Monde) -> None:
    """La même commande sous une autre corrélation est la même : premier reçu, première gardée."""
    envoyee = monde.commande("ModifierEnveloppe", "2020-01-02")
    premier = monde.livre.executer(envoyee, correlation="premiere")
    for autre in ("seconde", None):
        encore = monde.livre.executer(envoyee, correlation=autre)
        assert (encore.statut, encore.positions, encore.racine) == (
            "deja_executee",
            premier.positions,
            premier.racine,
        )
    sans = Monde()
    sans.livre.executer(envoyee)
    (avec, nu) = (faits(m.livre)[1] for m in (monde, sans))
    assert (avec.correlation, nu.correlation) == ("premiere", None)
    assert avec.empreinte_commande == nu.empreinte_commande


def test_une_autre_commande_reste_divergente(monde: Monde) -> None:
    """Sous la même corrélation, un autre contenu reste refusé."""
    monde.livre.executer(modif("m"), correlation="c")
    refus = monde.livre.executer(modif("m", variation_centimes=2), correlation="c").refus
    assert refus is not None
    assert refus.code == "commande_divergente"


@pytest.mark.parametrize("mauvaise", ["", "x" * 129, "é", "a\n", "\t", "a\x7f", 7, b"a"])
def test_une_correlation_mal_formee_est_une_faute_d_usage(monde: Monde, mauvaise: Any) -> None:
    """Vide, trop longue, hors de l'ASCII imprimable : rien n'est jugé ni écrit."""
    envois: list[Callable[[], object]] = [
        lambda: monde.livre.executer(modif("m"), correlation=mauvaise),
        lambda: monde.livre.executer_lot([modif("m")], correlation=mauvaise),
        lambda: monde.livre.executer_flux([modif("m")], correlation=mauvaise),
    ]
    for envoyer in envois:
        with pytest.raises(UsageError, match="1 à 128 signes ASCII"):
            envoyer()
    assert monde.taille == 1


def test_elle_n_est_pas_un_membre_de_la_commande(monde: Monde) -> None:
    """Dans l'objet JSON ou le modèle, la corrélation est un membre inconnu."""
    refus = monde.livre.executer(modif("m") | {"correlation": "c"}).refus
    assert refus is not None
    assert (refus.code, "correlation : membre inconnu" in refus.phrase) == (
        "commande_invalide",
        True,
    )
    assert "correlation" not in ModifierEnveloppe.model_fields


def test_a_plusieurs_chacun_garde_la_sienne() -> None:
    """Dans une transaction partagée, chaque fait garde la corrélation de son appelant."""
    livre, store = livre_retenu()
    livre.executer(OUVERTURE)
    appels = [
        partial(livre.executer, modif(f"m{n}"), correlation=None if n == 2 else f"c{n}")
        for n in range(4)
    ]
    attrouper(livre, store, *appels)
    assert store.ecrits[1:] == [["m0"], ["m1", "m2", "m3"]]
    assert [fait.correlation for fait in faits(livre)[1:]] == ["c0", "c1", None, "c3"]


def test_les_lignes_de_journalisation_la_portent(caplog: pytest.LogCaptureFixture) -> None:
    """La ligne d'une commande porte sa corrélation et le contexte structlog de son appelant."""
    livre, store = livre_retenu()
    livre.executer(OUVERTURE)
    caplog.set_level(logging.INFO, logger="ledger.commandes")

    def requete(n: int) -> None:
        with structlog.contextvars.bound_contextvars(requete=f"r{n}", agent="guichet"):
            livre.executer(modif(f"m{n}"), correlation=f"c{n}")

    attrouper(livre, store, *(partial(requete, n) for n in range(4)))
    dites = {
        (r.id_commande, r.correlation, r.requete, r.agent)  # type: ignore[attr-defined]
        for r in caplog.records
    }
    assert len(store.ecrits) == 3
    assert dites == {(f"m{n}", f"c{n}", f"r{n}", "guichet") for n in range(4)}
