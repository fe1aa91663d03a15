"""Dates civiles et instants : une seule forme, aucune devinette."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.temps import (
    echeance,
    en_iso,
    est_instant,
    format_date,
    lire_date,
    lire_instant,
    lire_jour,
)


def test_une_date_s_ecrit_annee_mois_jour() -> None:
    """Une date s'écrit AAAA-MM-JJ."""
    assert lire_date("2020-02-29") == date(2020, 2, 29)


@pytest.mark.parametrize(
    "texte", ["2021-03-01", "01/03/2021", "1/3/2021", "1.3.2021", "01.03.2021", " 1/03/2021 "]
)
def test_un_jour_saisi_se_lit_le_jour_d_abord(texte: str) -> None:
    """AAAA-MM-JJ, ou le jour d'abord, barres ou points, zéros et blancs autour facultatifs."""
    assert lire_jour(texte) == date(2021, 3, 1)
    assert en_iso(texte.strip()) == "2021-03-01"


@pytest.mark.parametrize(
    ("texte", "raison"),
    [
        ("31/13/2020", "la date '31/13/2020' n'existe pas au calendrier"),
        ("30.02.2020", "la date '30.02.2020' n'existe pas au calendrier"),
        ("1/1/1899", "la date '1/1/1899' est hors des années 1900 à 2999"),
        ("1/3.2021", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("1/3/21", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("1 / 3 / 2021", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("2021-3-1", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("001/3/2021", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("\u0661/3/2021", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
        ("demain", "ne s'écrit ni AAAA-MM-JJ ni JJ/MM/AAAA"),
    ],
)
def test_un_jour_saisi_douteux_est_refuse_comme_il_fut_tape(texte: str, raison: str) -> None:
    """Un jour qui n'existe pas ou à demi dit est refusé, cité comme il fut tapé."""
    with pytest.raises(ValueError, match=raison):
        lire_jour(texte)


@pytest.mark.parametrize(
    ("texte", "raison"),
    [
        ("2020-2-3", "ne s'écrit pas AAAA-MM-JJ"),
        ("03/02/2020", "ne s'écrit pas AAAA-MM-JJ"),
        ("20200203", "ne s'écrit pas AAAA-MM-JJ"),
        ("2020-02-03T00:00:00", "ne s'écrit pas AAAA-MM-JJ"),
        ("\u0662020-01-01", "ne s'écrit pas AAAA-MM-JJ"),
        ("2020-02-03\n", "ne s'écrit pas AAAA-MM-JJ"),
        ("2019-02-29", "n'existe pas au calendrier"),
        ("2020-13-01", "n'existe pas au calendrier"),
        ("0000-01-01", "n'existe pas au calendrier"),
        ("1899-12-31", "est hors des années 1900 à 2999"),
        ("3000-01-01", "est hors des années 1900 à 2999"),
    ],
)
def test_une_date_douteuse_est_refusee(texte: str, raison: str) -> None:
    """Une autre forme, un jour qui n'existe pas, une année démesurée : refusés, avec la raison."""
    with pytest.raises(ValueError, match=raison):
        lire_date(texte)


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("2020-02-03T09:30:00.000000Z", True),
        ("2020-02-03T09:30:00Z", False),
        ("2020-02-03T09:30:00.000000+00:00", False),
        ("2020-02-30T09:30:00.000000Z", False),
        ("2020-02-03T24:30:00.000000Z", False),
        ("2020-02-03t09:30:00.000000Z", False),
    ],
)
def test_un_instant_enregistre_n_a_qu_une_forme(texte: str, attendu: bool) -> None:
    """Un instant enregistré est UTC, à la microseconde, dans une seule forme."""
    assert est_instant(texte) is attendu


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("2021-01-31", "2021-01-31T23:59:59.999999Z"),
        ("2021-01-31T10:00:00.123456Z", "2021-01-31T10:00:00.123456Z"),
        ("2021-01-31T01:30:00.000000+02:00", "2021-01-30T23:30:00.000000Z"),
        ("0999-01-01T00:00:00.000000Z", "0999-01-01T00:00:00.000000Z"),
    ],
)
def test_un_instant_saisi_est_ramene_a_la_forme_enregistree(texte: str, attendu: str) -> None:
    """Un jour vaut sa fin en UTC ; un fuseau est ramené à UTC."""
    assert lire_instant(texte) == attendu


@pytest.mark.parametrize(
    "texte",
    [
        "2021-01-31T10:00:00",
        "hier",
        "2021-02-30",
        "",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-10:00",
    ],
)
def test_un_instant_sans_fuseau_ou_impossible_est_refuse(texte: str) -> None:
    """Sans fuseau, illisible ou hors du calendrier : refusé."""
    with pytest.raises(ValueError, match=r"date|instant"):
        lire_instant(texte)


def test_une_date_s_affiche_jour_mois_annee() -> None:
    """Une date s'affiche JJ/MM/AAAA."""
    assert format_date(date(2020, 2, 3)) == "03/02/2020"


def test_une_echeance_est_le_jour_d_une_annee() -> None:
    """Une échéance MM-JJ se pose sur une année."""
    assert echeance("06-30", 2021) == date(2021, 6, 30)


@pytest.mark.parametrize("jour", [date(1900, 1, 1), date(2999, 12, 31)])
def test_les_annees_extremes_sont_admises(jour: date) -> None:
    """Le premier jour de 1900 et le dernier de 2999 sont admis."""
    assert lire_date(jour.isoformat()) == jour


def test_un_instant_couvre_toute_la_seconde_dite() -> None:
    """Un jour vaut jusqu'à sa fin, une seconde jusqu'à la sienne, une fraction ce qu'elle est."""
    assert lire_instant("2021-01-31") == "2021-01-31T23:59:59.999999Z"
    assert lire_instant("2021-01-31T10:00:00Z") == "2021-01-31T10:00:00.999999Z"
    assert lire_instant("2021-01-31T10:00:00+02:00") == "2021-01-31T08:00:00.999999Z"
    assert lire_instant("2021-01-31T10:00:00.5Z") == "2021-01-31T10:00:00.500000Z"
