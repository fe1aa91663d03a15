"""Montants : lire sans deviner, écrire, partager sans perdre un centime."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.montants import (
    CENTIMES_MAX,
    MontantIllisible,
    dix_milliemes,
    format_euros,
    lire_euros,
    partager,
)


@pytest.mark.parametrize(
    ("texte", "centimes"),
    [
        ("150000", 15_000_000),
        ("150000.00", 15_000_000),
        ("150000,00", 15_000_000),
        ("150 000,00 €", 15_000_000),
        ("150\u00a0000,00\u00a0€", 15_000_000),
        ("150\u202f000,00\u202f€", 15_000_000),
        ("1 234 567,89", 123_456_789),
        (" 0,01 ", 1),
        ("-50,10", -5_010),
        ("\u221250,10", -5_010),
        ("+7", 700),
        ("0", 0),
        ("1000000000000", CENTIMES_MAX),
    ],
)
def test_un_montant_que_tous_lisent_de_meme_est_lu(texte: str, centimes: int) -> None:
    """Les graphies françaises et informatiques sans ambiguïté sont lues au centime."""
    assert lire_euros(texte) == centimes


@pytest.mark.parametrize(
    "texte",
    [
        "12.500",
        "12,500",
        "1,5",
        "1.5",
        "1e5",
        "1E5",
        "NaN",
        "inf",
        "",
        " ",
        "€",
        "45.000,10",
        "45,000.10",
        "1 50 000",
        "15 0000",
        "1500 000",
        "1_000",
        "0x10",
        "10,",
        ",50",
        "1,00,00",
        "--1",
        "1 -",
        "10 $",
        "€ 10",
        "1/2",
        "\u0661\u0662",
        "\uff11\uff12",
        "10\n20",
        "1000000000000,01",
        "9" * 400,
    ],
)
def test_un_montant_ambigu_est_refuse(texte: str) -> None:
    """Décimales manquantes ou de trop, séparateurs anglais, exposant, NaN, démesure : refusés."""
    with pytest.raises(MontantIllisible):
        lire_euros(texte)


@pytest.mark.parametrize(
    ("centimes", "texte"),
    [
        (0, "0,00 €"),
        (1, "0,01 €"),
        (-1, "-0,01 €"),
        (100_000, "1 000,00 €"),
        (4_500_000_000, "45 000 000,00 €"),
        (-123_456_789, "-1 234 567,89 €"),
    ],
)
def test_un_montant_s_ecrit_a_la_francaise(centimes: int, texte: str) -> None:
    """Un montant s'écrit avec des espaces, une virgule et deux décimales."""
    assert format_euros(centimes) == texte


@given(st.integers(-CENTIMES_MAX, CENTIMES_MAX))
def test_ce_qui_est_ecrit_se_relit(centimes: int) -> None:
    """Tout montant écrit se relit au centime."""
    assert lire_euros(format_euros(centimes)) == centimes


@pytest.mark.parametrize(
    ("centimes", "parts", "attendu"),
    [
        (15_000_000, 3, (5_000_000, 5_000_000, 5_000_000)),
        (10_000_000, 3, (3_333_333, 3_333_333, 3_333_334)),
        (2, 3, (0, 0, 2)),
        (7, 1, (7,)),
    ],
)
def test_le_reste_du_partage_va_a_la_derniere_part(
    centimes: int, parts: int, attendu: tuple[int, ...]
) -> None:
    """Les premières parts ont le quotient, la dernière le reste."""
    assert partager(centimes, parts) == attendu


@given(st.integers(0, CENTIMES_MAX), st.integers(1, 100))
def test_un_partage_ne_perd_aucun_centime(centimes: int, parts: int) -> None:
    """La somme des parts est le montant, et aucune première part ne dépasse la dernière."""
    partage = partager(centimes, parts)
    assert (len(partage), sum(partage)) == (parts, centimes)
    assert set(partage[:-1]) <= {centimes // parts}


def test_on_ne_partage_pas_en_zero_part() -> None:
    """Partager en zéro part n'a pas de sens."""
    with pytest.raises(ValueError, match="au moins une part"):
        partager(1, 0)


@pytest.mark.parametrize(
    ("numerateur", "denominateur", "attendu"),
    [(0, 0, 0), (1, 3, 3_333), (2, 3, 6_667), (1, 20_000, 1), (1, 20_001, 0), (7, 7, 10_000)],
)
def test_un_taux_arrondit_la_moitie_vers_le_haut(
    numerateur: int, denominateur: int, attendu: int
) -> None:
    """Un taux est un entier de dix-millièmes, moitié vers le haut, 0 sans base."""
    assert dix_milliemes(numerateur, denominateur) == attendu


def test_un_nombre_demesure_est_un_montant_illisible() -> None:
    """Cinq mille chiffres dépassent la limite : un montant illisible, pas une autre erreur."""
    with pytest.raises(MontantIllisible, match="dépasse la limite admise"):
        lire_euros("9" * 5000)


def test_le_plus_grand_montant_est_de_mille_milliards_d_euros() -> None:
    """Mille milliards d'euros se lisent, un centime de plus est refusé."""
    assert lire_euros("1 000 000 000 000,00 €") == 100_000_000_000_000 == CENTIMES_MAX
    assert lire_euros("-1000000000000.00") == -CENTIMES_MAX
    for trop in ("1 000 000 000 000,01 €", "10000000000000", "1000000000000000"):
        with pytest.raises(MontantIllisible, match="dépasse la limite admise"):
            lire_euros(trop)


def test_des_zeros_devant_ne_changent_pas_un_montant() -> None:
    """Autant de chiffres que la limite, zéros compris, se lisent ; un de plus est refusé."""
    chiffres = len(str(CENTIMES_MAX))
    assert lire_euros("1".zfill(chiffres)) == 100
    with pytest.raises(MontantIllisible, match="dépasse la limite"):
        lire_euros("1".zfill(chiffres + 1))
