"""Champs saisis : ce qui entre est vérifié et normalisé une fois."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ledger.champs import (
    Centimes,
    CentimesOuZero,
    CentimesPositifs,
    CodePostal,
    Date,
    Exercice,
    IdCommande,
    MoisJour,
    Rna,
    Siret,
    Slug,
    TexteCourt,
    TexteLong,
    Vague,
)
from ledger.montants import CENTIMES_MAX
from tests.unit.monde import Monde

INTERDITS = [
    *"\x00\x07\t\n\r\x1b\x7f\x85\x9f\u2028\u2029",
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "\ud800",
    "\udfff",
]


def lire(champ: Any, valeur: Any) -> Any:
    """The value as the field takes it."""
    return TypeAdapter(champ, config={"strict": True}).validate_python(valeur)


def refuse(champ: Any, valeur: Any) -> bool:
    """Whether the field refuses the value."""
    try:
        lire(champ, valeur)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("siret", ["35600000000048", "73282932000074"])
def test_un_siret_juste_est_admis(siret: str) -> None:
    """Un SIRET dont la clé est juste est admis, celui de La Poste aussi."""
    assert lire(Siret, siret) == siret


@pytest.mark.parametrize(
    ("siret", "attendu"),
    [("35600000000001", False), ("35600000000010", False), ("35600000000002", True)],
)
def test_la_poste_suit_sa_propre_regle(siret: str, attendu: bool) -> None:
    """Un établissement de La Poste hors clé de Luhn passe si ses chiffres font un multiple de 5."""
    assert refuse(Siret, siret) is attendu


@pytest.mark.parametrize(
    "siret",
    [
        "00000000000000",
        "73282932000075",
        "7328293200007",
        "732829320000740",
        "732 829 320 00074",
        "73282932000O74",
        "\uff17" + "3282932000074",
        " 73282932000074",
        "73282932000074\n",
        "",
    ],
)
def test_un_siret_faux_est_refuse(siret: str) -> None:
    """Zéros, clé fausse, longueur, espaces, lettres, chiffres d'ailleurs : refusés."""
    assert refuse(Siret, siret)


@pytest.mark.parametrize(
    ("rna", "attendu"),
    [("W123456789", False), ("w123456789", True), ("W12345678", True), ("1234567890", True)],
)
def test_un_rna_est_w_et_neuf_chiffres(rna: str, attendu: bool) -> None:
    """Un RNA est la lettre W suivie de neuf chiffres."""
    assert refuse(Rna, rna) is attendu


def test_un_texte_est_ramene_a_nfc() -> None:
    """Un texte décomposé est ramené à sa forme composée."""
    assert lire(TexteCourt, unicodedata.normalize("NFD", "Ambérieu")) == "Ambérieu"


@pytest.mark.parametrize("interdit", INTERDITS)
def test_un_texte_ne_tient_ni_controle_ni_bidirectionnel(interdit: str) -> None:
    """Contrôles, séparateurs de ligne, marques bidirectionnelles, isolés : refusés."""
    assert refuse(TexteLong, f"a{interdit}b")


@pytest.mark.parametrize(
    "invisible",
    [
        *"\u00ad\u034f\u115f\u180e\u200b\u200c\u200d\u2060\u2063\u206a\u3164\ufeff\uffa0\ufffa",
        "\U0001d173",
        "\U000e0041",
    ],
)
def test_un_texte_ne_tient_pas_de_signe_invisible(invisible: str) -> None:
    """Espace de largeur nulle, césure cachée, étiquette : deux noms pareils n'en font qu'un."""
    assert refuse(TexteLong, f"a{invisible}b")
    assert refuse(TexteLong, f"{invisible}ab")


@pytest.mark.parametrize("texte", ["", " ", "\u00a0\u202f"])
def test_un_texte_blanc_est_refuse(texte: str) -> None:
    """Un texte vide ou fait d'espaces est refusé."""
    assert refuse(TexteLong, texte)


@pytest.mark.parametrize("texte", ["L'Estrap W'ant", "« été » – œuf", "日本", "👩‍🔧"])
def test_un_texte_ordinaire_passe_tel_quel(texte: str) -> None:
    """Un texte ordinaire, de toute langue, passe tel quel."""
    assert lire(TexteLong, texte) == texte


@pytest.mark.parametrize(("champ", "limite"), [(TexteCourt, 200), (TexteLong, 4000)])
def test_un_texte_a_une_longueur_limite(champ: Any, limite: int) -> None:
    """La limite est admise, un signe de plus ne l'est pas."""
    assert lire(champ, "x" * limite) == "x" * limite
    assert refuse(champ, "x" * (limite + 1))


def test_un_texte_que_nfc_allonge_ne_rend_pas_le_journal_illisible() -> None:
    """Un texte que la normalisation allonge au-delà de la limite n'entre pas au journal."""
    monde = Monde()
    monde.envoyer("ModifierEnveloppe", "2020-01-01", source="\u0958" * 4000)
    relu = Monde(store=monde.livre.store, ouvert=False)
    assert relu.livre.etat("fabriques").regles is not None


@pytest.mark.parametrize(
    ("slug", "attendu"),
    [
        ("lab01-01500", False),
        ("-", False),
        ("x" * 64, False),
        ("x" * 65, True),
        ("", True),
        ("Lab", True),
        ("été", True),
        ("a_b", True),
        ("a/b", True),
        ("a\n", True),
    ],
)
def test_un_identifiant_est_un_slug_ascii(slug: str, attendu: bool) -> None:
    """Un identifiant est fait de a-z, 0-9 et tirets, 1 à 64 signes."""
    assert refuse(Slug, slug) is attendu


@pytest.mark.parametrize(
    ("identifiant", "attendu"),
    [('c 1 {}"\\~', False), ("x" * 64, False), ("x" * 65, True), ("", True), ("a\x7f", True)],
)
def test_un_identifiant_de_commande_est_ascii_imprimable(identifiant: str, attendu: bool) -> None:
    """Un identifiant de commande est ASCII imprimable, 1 à 64 signes."""
    assert refuse(IdCommande, identifiant) is attendu


@pytest.mark.parametrize(
    ("code", "attendu"), [("01500", False), ("1500", True), ("2A004", True), ("015000", True)]
)
def test_un_code_postal_a_cinq_chiffres(code: str, attendu: bool) -> None:
    """Un code postal a cinq chiffres, zéro initial compris."""
    assert refuse(CodePostal, code) is attendu


@pytest.mark.parametrize(
    ("jour", "attendu"),
    [("03-01", False), ("12-31", False), ("02-29", True), ("04-31", True), ("3-1", True)],
)
def test_une_echeance_existe_tous_les_ans(jour: str, attendu: bool) -> None:
    """Une échéance MM-JJ est un jour qui existe tous les ans."""
    assert refuse(MoisJour, jour) is attendu


@pytest.mark.parametrize("faux", [5000000.0, "5000000", True, None, [1]])
@pytest.mark.parametrize("champ", [Centimes, CentimesOuZero, CentimesPositifs, Exercice])
def test_un_entier_est_un_entier_json(champ: Any, faux: Any) -> None:
    """Un montant ou un exercice n'est ni décimal, ni texte, ni booléen."""
    assert refuse(champ, faux)


@pytest.mark.parametrize(
    ("champ", "minimum"), [(Centimes, -CENTIMES_MAX), (CentimesOuZero, 0), (CentimesPositifs, 1)]
)
def test_un_montant_a_ses_bornes(champ: Any, minimum: int) -> None:
    """Les bornes sont admises, un centime au-delà ne l'est pas."""
    assert [refuse(champ, v) for v in (minimum, CENTIMES_MAX)] == [False, False]
    assert [refuse(champ, v) for v in (minimum - 1, CENTIMES_MAX + 1)] == [True, True]


def test_une_vague_est_un_nombre_ou_un_nom() -> None:
    """Une vague est un numéro, gardé en texte, ou un nom."""
    assert (lire(Vague, 1), lire(Vague, "2023 bis")) == ("1", "2023 bis")
    assert [refuse(Vague, v) for v in (0, 10_000, True, "", "x" * 65)] == [True] * 5


@pytest.mark.parametrize("faux", ["2020-02-30", "03/02/2020", 20200203, None])
def test_une_date_fausse_est_refusee(faux: Any) -> None:
    """Une date qui n'est pas AAAA-MM-JJ, ou qui n'existe pas, est refusée."""
    assert refuse(Date, faux)
