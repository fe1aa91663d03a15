"""Le journal relu : lien rompu, position manquante, heure qui recule, ligne changée."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger import ChainBrokenError, Journal, MemoryStore, SQLiteStore
from ledger.erreurs import StoreReplacedError, UnreadableFactError
from ledger.preuve.canonique import decoder, encoder
from ledger.stockage.port import Ecriture, LigneBrute
from tests.unit.monde import Monde, P

Lignes = list[LigneBrute]


@pytest.fixture
def lignes(monde: Monde) -> Lignes:
    """Six stored lines."""
    monde.label()
    for _ in range(3):
        monde.ok("ModifierEnveloppe", "2020-02-03")
    return list(monde.livre.store.lire(P))


def relire(lignes: Lignes) -> Journal:
    """A journal read to its end over these lines."""
    store = MemoryStore()
    store.ajouter([Ecriture(P, lignes, [])])
    journal = Journal(store, P)
    for _ in journal.rattraper():
        pass
    return journal


def modifier(ligne: LigneBrute, **membres: object) -> LigneBrute:
    """The line with members of its fact replaced."""
    fait = replace(decoder(ligne.topic, ligne.octets), **membres)
    return LigneBrute(ligne.position, ligne.topic, encoder(fait))


def test_un_journal_intact_se_relit(lignes: Lignes) -> None:
    """Un journal intact se relit jusqu'au bout, taille et tête comprises."""
    journal = relire(lignes)
    assert (journal.taille, journal.tete) == (6, journal.arbre.feuille(6).hex())


ALTERATIONS: dict[str, tuple[int, str, Callable[[Lignes], Lignes]]] = {
    "montant change": (
        6,
        "le lien vers la ligne précédente est rompu",
        lambda x: [*x[:4], modifier(x[4], variation_centimes=2), *x[5:]],
    ),
    "lien change": (
        5,
        "le lien vers la ligne précédente est rompu",
        lambda x: [*x[:4], modifier(x[4], precedent="0" * 64), *x[5:]],
    ),
    "lien de la premiere": (
        1,
        "le lien vers la ligne précédente est rompu",
        lambda x: [modifier(x[0], precedent="0" * 64), *x[1:]],
    ),
    "ligne supprimee": (4, "la ligne suivante est à la position 5", lambda x: [*x[:3], *x[4:]]),
    "lignes echangees": (
        4,
        "le lien vers la ligne précédente est rompu",
        lambda x: [*x[:3], x[4]._replace(position=4), x[3]._replace(position=5), x[5]],
    ),
    "debut coupe": (1, "la ligne suivante est à la position 2", lambda x: x[1:]),
    "type change": (
        4,
        "credits-ouverts",
        lambda x: [*x[:3], x[3]._replace(topic="credits-ouverts"), *x[4:]],
    ),
}


@pytest.mark.parametrize("nom", ALTERATIONS)
def test_une_alteration_est_vue_a_sa_position(
    lignes: Lignes, nom: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Montant changé, lien rompu, ligne ôtée ou échangée : vus, à leur position."""
    position, phrase, alterer = ALTERATIONS[nom]
    monkeypatch.setattr(MemoryStore, "ajouter", _ajouter_sans_controle)
    with pytest.raises(ChainBrokenError, match=phrase) as levee:
        relire(alterer(lignes))
    assert (levee.value.position, P in levee.value.message) == (position, True)


def _ajouter_sans_controle(store: MemoryStore, ecritures: list[Ecriture]) -> None:
    for ecriture in ecritures:
        store._lignes.setdefault(ecriture.programme, []).extend(ecriture.lignes)


def test_une_heure_qui_recule_est_vue(lignes: Lignes) -> None:
    """Une heure d'enregistrement qui recule est vue, même bien chaînée."""
    derniere = modifier(lignes[5], enregistre_le="2019-12-31T23:59:59.999999Z")
    with pytest.raises(ChainBrokenError, match="l'heure d'enregistrement recule") as levee:
        relire([*lignes[:5], derniere])
    assert (levee.value.position, levee.value.code) == (6, "chaine_rompue")


def test_un_fait_illisible_est_dit_a_sa_position(lignes: Lignes) -> None:
    """Un fait illisible est une erreur à sa position, avec un remède."""
    with pytest.raises(UnreadableFactError) as levee:
        relire([*lignes[:5], lignes[5]._replace(octets=b"{}")])
    assert (levee.value.position, levee.value.code) == (6, "fait_illisible")
    assert "fabriques verifier" in levee.value.remede


def test_un_journal_coupe_a_la_fin_se_relit_plus_court(lignes: Lignes) -> None:
    """Une fin coupée ne se voit pas au chaînage : seul un reçu gardé ailleurs la montre."""
    assert relire(lignes[:4]).taille == 4


@pytest.mark.parametrize("ote", [False, True], ids=["changee", "otee"])
def test_une_base_remplacee_et_allongee_se_dit_remplacee(ote: bool, lignes: Lignes) -> None:
    """La dernière ligne lue n'y est plus, d'autres la suivent : la base est une autre. Tant qu'elle
    y est, un lien rompu après elle est une chaîne rompue."""
    journal = relire(lignes[:5])
    autre = modifier(lignes[4], variation_centimes=2)
    suite = relire([*lignes[:4], autre])
    suivante = modifier(lignes[5], precedent=suite.tete)
    store = MemoryStore()
    store._lignes[P] = [*lignes[:4], *([] if ote else [autre]), suivante]
    journal.store = store
    with pytest.raises(StoreReplacedError, match="ligne 5"):
        list(journal.rattraper_en_place())
    journal.store = MemoryStore()
    journal.store.ajouter([Ecriture(P, [*lignes[:5], suivante], [])])
    with pytest.raises(ChainBrokenError, match="lien"):
        list(journal.rattraper_en_place())
    assert journal.taille == 5


def test_une_ligne_changee_apres_sa_lecture_est_vue(lignes: Lignes) -> None:
    """Une ligne changée entre sa lecture et sa relecture est vue."""
    journal = relire(lignes)
    store = journal.store
    assert isinstance(store, MemoryStore)
    store._lignes[P][4] = modifier(lignes[4], variation_centimes=2)
    assert journal.lire_un(4) is not None
    with pytest.raises(ChainBrokenError, match="a changé depuis"):
        journal.lire_un(5)


@pytest.mark.parametrize(
    ("retouche", "valeur", "phrase"),
    [
        ("originator_version = ?", "cinq", "la ligne a disparu depuis sa lecture"),
        ("originator_version = ?", 5.5, "la ligne a disparu depuis sa lecture"),
        ("topic = ?", b"credits-ouverts", "type de fait inconnu"),
        ("topic = ?", None, "type de fait inconnu : 'None'"),
        ("state = ?", "{}", "l'état n'est pas fait d'octets"),
        ("state = ?", 7, "l'état n'est pas fait d'octets"),
    ],
)
def test_une_colonne_d_un_autre_type_est_une_erreur_nommee(
    lignes: Lignes, tmp_path: Path, retouche: str, valeur: object, phrase: str
) -> None:
    """Une colonne retouchée en une autre sorte de valeur est dite, à sa position."""
    store = SQLiteStore(tmp_path / "a.db", creer=True)
    store.ajouter([Ecriture(P, lignes, [])])
    journal = Journal(store, P)
    assert len([*journal.rattraper()]) == 6
    with closing(sqlite3.connect(tmp_path / "a.db")) as base, base:
        changer = " ".join(["UPDATE stored_events SET", retouche, "WHERE originator_version = 5"])
        base.execute(changer, (valeur,))
    with pytest.raises(ChainBrokenError, match=phrase) as levee:
        journal.lire_un(5)
    store.fermer()
    assert levee.value.position == 5


@pytest.mark.parametrize("position", [0, -1, 7, 2**60])
def test_hors_du_journal_il_n_y_a_pas_de_fait(lignes: Lignes, position: int) -> None:
    """Une position hors du journal n'a pas de fait."""
    assert relire(lignes).lire_un(position) is None


def test_un_journal_se_rattrape_par_morceaux(lignes: Lignes) -> None:
    """Lu jusqu'à une position puis jusqu'au bout, le journal est le même."""
    entier = relire(lignes)
    journal = Journal(entier.store, P)
    positions = [p for jusqua in (2, 2, 5, None) for p, _ in journal.rattraper(jusqua=jusqua)]
    assert (positions, journal.arbre.racine()) == ([1, 2, 3, 4, 5, 6], entier.arbre.racine())
