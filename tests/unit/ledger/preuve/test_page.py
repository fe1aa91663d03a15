"""Une page de lignes lue d'un coup : juste elle passe entière, au premier doute il n'y en a pas."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from ledger.preuve.canonique import DECODEURS
from ledger.preuve.ligne import Lineur
from ledger.preuve.page import Ligne, Page, lire_page
from tests.unit.monde import Monde, P

LINEUR = Lineur(P)
Geste = Callable[[list[Ligne]], None]


@pytest.fixture
def lignes(monde: Monde) -> list[Ligne]:
    """The stored lines of a short journal."""
    monde.label()
    return [ligne for page in monde.livre.store.pages(P) for ligne in page]


def test_une_page_juste_donne_ses_faits_et_ses_feuilles(lignes: list[Ligne]) -> None:
    """Chaque fait est celui de sa ligne, chaque feuille celle de sa ligne, dans l'ordre."""
    assert len(lignes) > 2
    for debut in (1, 2):
        suite = lignes[debut - 1 :]
        assert lire_page(LINEUR, suite, debut) == Page(
            debut,
            [DECODEURS[topic](octets) for _, topic, octets in suite],
            b"".join(LINEUR.feuille(*ligne) for ligne in suite),
        )


@pytest.mark.parametrize("nombre", [1, 2])
def test_une_page_courte_se_lit_aussi(lignes: list[Ligne], nombre: int) -> None:
    """Une seule ligne, ou deux, font une page."""
    page = lire_page(LINEUR, lignes[:nombre], 1)
    assert page is not None
    assert (len(page.faits), len(page.feuilles)) == (nombre, 32 * nombre)


def test_sans_ligne_il_n_y_a_pas_de_page() -> None:
    """Rien à lire ne fait pas une page."""
    assert lire_page(LINEUR, [], 1) is None


def _ailleurs(lignes: list[Ligne]) -> None:
    lignes[:] = [(position + 1, topic, octets) for position, topic, octets in lignes]


def _trou(lignes: list[Ligne]) -> None:
    lignes[-1] = (len(lignes) + 1, *lignes[-1][1:])


def _booleen(lignes: list[Ligne]) -> None:
    lignes[0] = (True, *lignes[0][1:])


def _texte(lignes: list[Ligne]) -> None:
    position, topic, octets = lignes[1]
    lignes[1] = (position, topic, octets.decode())  # type: ignore[assignment]


def _topic(lignes: list[Ligne]) -> None:
    lignes[1] = (2, "inconnu", lignes[1][2])


def _octet(lignes: list[Ligne]) -> None:
    lignes[-2] = (*lignes[-2][:2], lignes[-2][2].replace(b"2020", b"2021", 1))


def _illisible(lignes: list[Ligne]) -> None:
    lignes[1] = (*lignes[1][:2], b"{")


def _sans_lien(lignes: list[Ligne]) -> None:
    lignes[1] = (2, *lignes[0][1:])


def _deuxieme_lien(lignes: list[Ligne]) -> None:
    position, topic, octets = lignes[1]
    lien = DECODEURS[topic](octets).precedent
    assert lien is not None
    lignes[1] = (
        position,
        topic,
        octets.replace(lien.encode(), hashlib.sha256().hexdigest().encode()),
    )


@pytest.mark.parametrize(
    "geste",
    [_ailleurs, _trou, _booleen, _texte, _topic, _octet, _illisible, _sans_lien, _deuxieme_lien],
)
def test_au_premier_doute_il_n_y_a_pas_de_page(lignes: list[Ligne], geste: Geste) -> None:
    """Mal placée, mal typée, illisible ou mal liée, une ligne suffit : pas de page."""
    geste(lignes)
    assert lire_page(LINEUR, lignes, 1) is None


def test_un_instant_qui_recule_ne_fait_pas_une_page(lignes: list[Ligne]) -> None:
    """Enregistrée avant celle qui la précède, une ligne bien liée est quand même un doute."""
    position, topic, octets = lignes[-1]
    instant = DECODEURS[topic](octets).enregistre_le
    lignes[-1] = (
        position,
        topic,
        octets.replace(instant.encode(), b"2" + b"0" * 3 + instant[4:].encode()),
    )
    assert DECODEURS[topic](lignes[-1][2]).enregistre_le < instant
    assert lire_page(LINEUR, lignes, 1) is None
    assert lire_page(LINEUR, lignes[:-1], 1) is not None


def test_une_page_suit_la_feuille_et_l_instant_d_avant(lignes: list[Ligne]) -> None:
    """Elle suit la ligne dont elle porte la feuille, si rien n'y recule ; le même instant va."""
    page = lire_page(LINEUR, lignes[1:], 2)
    assert page is not None
    tete = LINEUR.feuille(*lignes[0]).hex()
    instant = page.faits[0].enregistre_le
    assert page.suit(tete, instant) is True
    assert page.suit(tete, "0") is True
    assert page.suit(tete, instant + "0") is False
    assert page.suit(None, instant) is False
    assert page.suit("0" * 64, "0") is False
