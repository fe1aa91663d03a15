"""Le courant coupé à chaque appel d'un écrivain : rien de ce qui est acquitté ne se perd."""

from __future__ import annotations

import random

import pytest

from tests.fautes.coupures import Film, Seance, Suite, couper, filmer, manquer, tuer
from tests.fautes.flux import planifier
from tests.fautes.strace import manque

pytestmark = pytest.mark.skipif(manque() is not None, reason=manque() or "")

PLAN = planifier(1, (1, 3, 2))


@pytest.fixture(scope="module")
def film() -> Film:
    """A base created, written to in two openings, checkpointed, closed."""
    return filmer("ordinaire", PLAN, ouvertures=2, points_de_reprise=6)


def seance(film: Film, par_coupure: int, **mensonges: bool) -> Seance:
    """The power cut at every call of the film."""
    return couper(film, random.Random(film.nom), par_coupure=par_coupure, **mensonges)


def test_le_courant_coupe_ne_perd_aucun_recu(film: Film) -> None:
    """Le courant coupé à tout instant, chaque reçu se retrouve et la reprise finit pareil."""
    vue = seance(film, 3)
    assert vue.fautes == []
    assert vue.distinctes > 250


@pytest.mark.parametrize("rang", [4, 13])
def test_tue_puis_relance_puis_coupe_ne_perd_aucun_recu(rang: int) -> None:
    """Tué avant sa synchronisation, relancé, courant coupé : ce que la relance acquitte est là.

    La 4e est celle de la création, la 13e celle d'un enregistrement.
    """
    vue = seance(filmer(f"tué {rang}", PLAN, accidents=[tuer(rang)]), 1)
    assert vue.fautes == []
    assert vue.distinctes > 80


def test_ce_qui_est_lu_apres_un_accident_survit_a_une_coupure() -> None:
    """Un écrivain tué, un relevé lu ensuite, le courant coupé : le journal tient ce relevé."""
    vue = seance(filmer("tué puis lu", PLAN, accidents=[tuer(13)], lecteur=True), 1)
    assert vue.fautes == []
    assert vue.distinctes > 100


@pytest.mark.parametrize(
    ("rang", "suite"),
    [(10, "insister"), (12, "insister"), (12, "tomber")],
    ids=["le dossier", "on insiste", "on tombe"],
)
def test_une_synchronisation_manquee_ne_perd_aucun_recu(rang: int, suite: Suite) -> None:
    """Une synchronisation échoue : ni la poursuite ni la relance n'acquittent ce qui serait perdu.

    La 10e est celle du dossier, dont SQLite tait l'échec ; la 12e celle d'un enregistrement.
    """
    accident = [manquer(rang)]
    vue = seance(filmer(f"manquée {rang}", PLAN, accidents=accident, sur_erreur=suite), 1)
    assert vue.fautes == []
    assert vue.distinctes > 80


@pytest.mark.parametrize("mensonge", ["synchronise", "dossier_synchronise"])
def test_un_disque_qui_ment_est_vu(film: Film, mensonge: str) -> None:
    """Un disque qui dit sauver sans le faire perd des reçus, et l'épreuve le voit."""
    vue = seance(film, 1, **{mensonge: False})
    assert vue.perdues > vue.distinctes // 10
    assert any("est perdu" in faute or "base_absente" in faute for faute in vue.fautes or ())


@pytest.mark.parametrize("reglage", [0, 1], ids=["OFF", "NORMAL"])
def test_un_reglage_moins_sur_que_full_est_vu(reglage: int) -> None:
    """Réglé sur OFF ou NORMAL, l'écrivain perd des reçus, et l'épreuve le voit."""
    vue = seance(filmer(f"réglage {reglage}", PLAN, synchronous=reglage), 1)
    assert vue.perdues > vue.distinctes // 10
    assert any("est perdu" in faute for faute in vue.fautes or ())
