"""Plusieurs processus lisent la même base PostgreSQL : mêmes constats, chiffres et serveur.

Chaque ouvrier ouvre la base lui-même, par l'adresse de l'appelant ; celui qui ne le peut pas, ou
qui arriverait sur un autre serveur, rend sa part.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from commands import GrandLivre
from ledger import Journal, equipe
from ledger.audit import Rapport, parallele, verifier
from ledger.erreurs import StoreReplacedError
from ledger.stockage.adresse import Adresse
from ledger.stockage.port import Partage
from ledger.stockage.postgres import PostgresStore
from projections import parallele as rejeu
from projections import regarder
from tests.bench.charge import PROGRAMME, commandes
from tests.bench.commun import exiger, modele

from .conftest import base_neuve
from .serveur import Serveur

LIGNES = 640
SECRET = "motdepasse-de-personne"  # noqa: S105 - the server asks for none


@pytest.fixture(scope="module")
def pleine(serveur: Serveur) -> Iterator[str]:
    """A database of `LIGNES` lines, to be copied; its name. An account that reads, one with a
    single connection."""
    url = base_neuve(serveur)
    with GrandLivre.ouvrir(url) as livre:
        exiger(livre.executer_flux(map(modele, commandes(LIGNES))))
    for compte, droits in (("lecteur", "LOGIN"), ("seul", "LOGIN CONNECTION LIMIT 1")):
        serveur.sql(f"CREATE ROLE {compte} {droits}; GRANT fabriques_lecture TO {compte}")
    yield Adresse(url).base
    serveur.sql("DROP ROLE lecteur; DROP ROLE seul")


@pytest.fixture
def recus(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Short parts, and whether each answer of a worker came."""
    monkeypatch.setattr(parallele, "PLAGE", 200)
    monkeypatch.setattr(rejeu, "SEUIL", LIGNES)
    vus: list[bool] = []
    recevoir = equipe.Equipe.recevoir

    def noter(self: equipe.Equipe, rang: int) -> bytes | None:
        for processus in active_children():
            for su in ("cmdline", "environ"):
                with suppress(OSError):  # it is just over
                    trahi = SECRET.encode() in Path(f"/proc/{processus.pid}/{su}").read_bytes()
                    assert not trahi  # alone: a failure must not print an environment
        rendu = recevoir(self, rang)
        vus.append(rendu is not None)
        return rendu

    monkeypatch.setattr(equipe.Equipe, "recevoir", noter)
    return vus


def adresse(serveur: Serveur, base: str, compte: str = "lecteur") -> str:
    """A URL with a password and two servers, the first of which is nowhere."""
    return f"postgresql://{compte}:{SECRET}@/{base}?host=/nulle-part,{serveur.dossier}"


def rapport(url: str, coeurs: int) -> Rapport:
    """The report of a read-only verification."""
    store = PostgresStore(url, ecriture=False)
    try:
        return verifier(store, PROGRAMME, coeurs=coeurs)
    finally:
        store.fermer()


CHANGER = """
ALTER TABLE fabriques.stored_events DISABLE TRIGGER USER;
UPDATE fabriques.stored_events SET state = convert_to(
    replace(convert_from(state, 'UTF8'), '5', '6'), 'UTF8') WHERE originator_version = 450;
ALTER TABLE fabriques.fabriques_commandes DISABLE TRIGGER USER;
UPDATE fabriques.fabriques_commandes SET empreinte = repeat('0', 64) WHERE position = 250
"""
"""A line, an entry of the index; the guards stay off, which is a finding too."""


@pytest.mark.parametrize("change", ["", CHANGER], ids=["intacte", "changee"])
def test_le_rapport_ne_depend_pas_du_nombre_de_processus(
    change: str, pleine: str, serveur: Serveur, recus: list[bool]
) -> None:
    """Seul ou à deux, sur une base intacte ou non : le même rapport ; rien ne trahit le mot de
    passe."""
    base = Adresse(base_neuve(serveur, pleine)).base
    if change:
        serveur.sql(change, base)
    url = adresse(serveur, base)
    seul = rapport(url, 1)
    assert (seul.taille, seul.conforme, recus) == (LIGNES, not change, [])
    assert rapport(url, 2) == seul
    assert recus
    assert all(recus)


def test_les_chiffres_ne_dependent_pas_du_nombre_de_processus(
    pleine: str, serveur: Serveur, recus: list[bool]
) -> None:
    """Le rejeu donne la même situation et la même racine, seul ou à deux processus."""
    store = PostgresStore(adresse(serveur, pleine), ecriture=False)
    seul, deux = (regarder(Journal(store, PROGRAMME), coeurs=coeurs) for coeurs in (1, 2))
    assert (deux.situation, deux.racine) == (seul.situation, seul.racine)
    assert recus == [True]
    store.fermer()


def test_un_ouvrier_refuse_par_le_serveur_rend_sa_part(
    pleine: str, serveur: Serveur, recus: list[bool]
) -> None:
    """Le compte n'a droit qu'à une connexion : l'appelant vérifie et rejoue tout, sans erreur."""
    store = PostgresStore(adresse(serveur, pleine, "seul"), ecriture=False)
    assert not store.partager().controle_long  # in a thread, it might want a second connection
    assert verifier(store, PROGRAMME, coeurs=2) == verifier(store, PROGRAMME)
    seul, deux = (regarder(Journal(store, PROGRAMME), coeurs=coeurs) for coeurs in (1, 2))
    assert deux.situation == seul.situation
    assert recus
    assert not any(recus)
    store.fermer()


def test_un_ouvrier_ne_lit_que_le_serveur_et_la_base_de_l_appelant(
    pleine: str, serveur: Serveur, recus: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une base refaite sous le même nom, un serveur relancé : l'ouvrier n'y lit rien."""
    url = adresse(serveur, Adresse(base_neuve(serveur, pleine)).base)
    store = PostgresStore(url, ecriture=False)
    ouvrir = store.partager().ouvrir
    assert isinstance(ouvrir, partial)
    assert SECRET not in repr(ouvrir)
    assert ouvrir.args[1].hote == str(serveur.dossier)
    relance = partial(ouvrir.func, store.adresse, ouvrir.args[1]._replace(demarrage="0"), 1.0)
    monkeypatch.setattr(PostgresStore, "partager", lambda _store: Partage(relance, False))
    assert verifier(store, PROGRAMME, coeurs=2) == verifier(store, PROGRAMME)
    assert recus
    assert not any(recus)
    autre = ouvrir()
    assert conninfo_to_dict(autre._bassin._conninfo)["host"] == str(serveur.dossier)
    for ouvert in (autre, store):
        ouvert.fermer()
    base = store.adresse.base
    serveur.sql(f"DROP DATABASE {base} WITH (FORCE)")
    serveur.sql(f"CREATE DATABASE {base} TEMPLATE {pleine}")
    with pytest.raises(StoreReplacedError, match="n'est plus le même"):
        ouvrir()
