"""La recherche plein texte du modèle de lecture : accents, ligatures, textes hostiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.lecture import Lecture, Trouvaille
from tests.lecture.histoires import commande, depot, histoire_ecrite, jouer, livre


@pytest.fixture(scope="module")
def remplie() -> Iterator[Lecture]:
    """A read model of two programmes with the same three structures."""
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        jouer(grand_livre, histoire_ecrite())
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite("ateliers")))
        yield lecture


def trouves(lecture: Lecture, texte: str) -> list[str]:
    """The ids found in one programme, sorted."""
    return sorted(t.structure for t in lecture.chercher(texte, programme="fabriques"))


@pytest.mark.parametrize(
    ("texte", "attendus"),
    [
        ("forge", ["s-1"]),
        ("FORGE", ["s-1"]),
        ("epinay", ["s-1"]),
        ("Épinay", ["s-1"]),
        ("E\u0301pinay sur seine", ["s-1"]),
        ("seine la", ["s-1"]),
        ("hay", ["s-2"]),
        ("l'haÿ-les-roses", ["s-2"]),
        ("coeur", ["s-2"]),
        ("CŒUR d’œuvre", ["s-2"]),
        ("Coeur D'OEUVRE", ["s-2"]),
        ("l'établi, coop", ["s-3"]),
        ("ay", ["s-3"]),
        ("champagne", []),
        ("s-3", ["s-3"]),
        ("938", ["s-1", "s-2", "s-3"]),
        ("forge roses", []),
        ("orge", []),
    ],
)
def test_la_recherche_ignore_accents_casse_et_ligatures(
    remplie: Lecture, texte: str, attendus: list[str]
) -> None:
    """La recherche ignore accents, casse et ligatures, et veut tous les mots."""
    assert trouves(remplie, texte) == attendus


def test_une_trouvaille_est_complete_et_vient_de_tous_les_programmes(remplie: Lecture) -> None:
    """Sans programme nommé, la recherche répond pour tous ; chaque réponse est complète."""
    suite = ("s-1", "La Forge", "93800", "Épinay-sur-Seine", "labellisee")
    assert remplie.chercher("forge") == (
        Trouvaille("ateliers", *suite),
        Trouvaille("fabriques", *suite),
    )
    assert remplie.chercher("forge", limite=1) == (Trouvaille("ateliers", *suite),)


@pytest.mark.parametrize(
    "texte",
    [
        *('"', "'", '"forge', 'forge" OR "seine', "forge*", "*", "-forge", "NEAR(", "()", "^"),
        *("forge AND", "AND", "OR", "NOT", "porteur:forge", "{porteur} : forge", "", "   ", "%"),
        *("\x00", "forge\x00", "\ud800", "🛠️", "a" * 100_000, "a " * 100_000, "'; DROP TABLE faits"),
    ],
)
def test_aucun_texte_ne_casse_la_recherche(remplie: Lecture, texte: str) -> None:
    """Aucun texte, guillemets et opérateurs compris, ne casse la recherche."""
    assert set(trouves(remplie, texte)) <= {"s-1", "s-2", "s-3"}


def test_un_texte_immense_ne_fait_pas_une_requete_immense(remplie: Lecture) -> None:
    """D'un texte immense, la recherche ne garde que trente-deux mots."""
    vus: list[Any] = []
    with remplie.db.tracer(lambda _, valeurs: vus.append(valeurs)):
        remplie.chercher("forge " * 1_000)
    assert [len(v["requete"].split()) for v in vus if v] == [32]


def test_les_operateurs_sont_des_mots(remplie: Lecture) -> None:
    """OR, NOT et les noms de colonnes sont des mots comme les autres."""
    assert trouves(remplie, "forge OR roses") == []
    assert trouves(remplie, "forge NOT roses") == []
    assert trouves(remplie, "porteur:forge") == []
    assert trouves(remplie, '"forge" "seine"') == ["s-1"]


@given(texte=st.text())
def test_tout_texte_est_admis(remplie: Lecture, texte: str) -> None:
    """Tout texte est admis par la recherche."""
    assert set(trouves(remplie, texte)) <= {"s-1", "s-2", "s-3"}


def test_un_nom_corrige_remplace_l_ancien_dans_l_index() -> None:
    """Un nom corrigé remplace l'ancien dans l'index, qui reste cohérent après VACUUM."""
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        objets = [*histoire_ecrite()[:4]]
        store = jouer(grand_livre, objets)
        lecture.rafraichir(store)
        jouer(
            grand_livre,
            [
                commande(
                    "CorrigerStructure",
                    "2019-09-03",
                    90,
                    structure="s-1",
                    porteur="Le Moulin",
                    motif="erreur",
                ),
                commande(
                    "DéposerCandidature", "2019-09-03", 91, **depot("s-9", "Forge au Coeur", "Lyon")
                ),
            ],
        )
        lecture.rafraichir(store)
        lecture.db.vacuum()
        assert (trouves(lecture, "forge"), trouves(lecture, "moulin")) == (["s-9"], ["s-1"])
        assert trouves(lecture, "cœur") == ["s-2", "s-9"]
        controle = "INSERT INTO structures_fts(structures_fts) VALUES ('integrity-check')"
        lecture.db.execute(controle)


def test_la_vue_de_recherche_s_interroge_en_sql(remplie: Lecture) -> None:
    """La vue v_recherche s'interroge en SQL, et sqlite-utils reconnaît l'index de structures."""
    sql = "SELECT structure, ville FROM v_recherche WHERE recherche MATCH ? AND programme = ?"
    vues = remplie.db.execute(sql, ["epinay", "fabriques"]).fetchall()
    assert vues == [("s-1", "Épinay-sur-Seine")]
    assert remplie.db.table("structures").detect_fts() == "structures_fts"
