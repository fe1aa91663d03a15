"""Champs saisis : ce qui entre est vérifié et normalisé une fois."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ledger import champs
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
    Texte,
    TexteCourt,
    TexteLong,
    Vague,
    en_tuple,
    est_admis,
    neutraliser,
    normaliser,
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


def test_un_texte_sans_signe_visible_est_vide() -> None:
    """Un texte fait d'espaces est vide ; un seul signe visible suffit."""
    for vide in ("", "  ", "\u00a0", " \u00a0\u2009", "\ue000", "\ue000 \u0378"):
        with pytest.raises(ValueError, match="le texte est vide"):
            normaliser(vide)
    assert normaliser("\u00a0a") == "\u00a0a"


def test_un_texte_garde_est_en_nfc_et_sans_signe_interdit() -> None:
    """Un texte gardé décomposé, ou avec un signe interdit, n'est pas admis."""
    assert est_admis("é")
    assert not est_admis("e\u0301")
    assert not est_admis("é\u202e")


@pytest.mark.parametrize(
    ("texte", "phrase"),
    [
        ("0301", "échéance MM-JJ attendue, reçu '0301'"),
        ("3-1", "échéance MM-JJ attendue, reçu '3-1'"),
        ("13-01", "échéance MM-JJ attendue, reçu '13-01'"),
        ("02-29", "l'échéance 02-29 n'existe pas tous les ans"),
        ("04-31", "l'échéance 04-31 n'existe pas tous les ans"),
    ],
)
def test_une_echeance_impossible_dit_pourquoi(texte: str, phrase: str) -> None:
    """Une échéance mal écrite et une échéance qui n'existe pas tous les ans se distinguent."""
    with pytest.raises(ValidationError) as refuse:
        lire(MoisJour, texte)
    assert phrase in str(refuse.value)


def test_une_date_en_valeur_a_les_memes_bornes_qu_en_texte() -> None:
    """Une date donnée en valeur est une date civile, de 1900 à 2999."""
    for jour in (date(1900, 1, 1), date(2999, 12, 31), date(2020, 2, 29)):
        assert lire(Date, jour) == jour
    for hors in (date(1899, 12, 31), date(3000, 1, 1)):
        with pytest.raises(ValidationError) as refuse:
            lire(Date, hors)
        assert f"la date {hors} est hors des années 1900 à 2999" in str(refuse.value)
    for autre in (datetime(2020, 2, 3, tzinfo=UTC), 20200203, None):
        with pytest.raises(ValidationError) as refuse:
            lire(Date, autre)
        assert "date (datetime.date ou AAAA-MM-JJ) attendue" in str(refuse.value)


def test_une_vague_entiere_va_de_1_a_9999() -> None:
    """Une vague donnée en entier va de 1 à 9999 et devient un texte."""
    assert [lire(Vague, n) for n in (1, 12, 9999)] == ["1", "12", "9999"]
    for hors in (0, 10_000, True):
        with pytest.raises(ValidationError):
            lire(Vague, hors)


def test_seule_une_liste_devient_un_tuple() -> None:
    """Une liste JSON devient un tuple ; un texte ou un nombre reste ce qu'il est."""
    assert en_tuple([1, 2]) == (1, 2)
    assert en_tuple("ab") == "ab"
    assert en_tuple(3) == 3


@pytest.mark.parametrize(
    ("champ", "maximum"), [(TexteCourt, 200), (Texte, 500), (TexteLong, 4000), (Vague, 64)]
)
def test_un_texte_a_la_longueur_que_le_schema_publie(champ: Any, maximum: int) -> None:
    """La longueur admise est celle du schéma, à un signe près."""
    assert lire(champ, "a" * maximum) == "a" * maximum
    with pytest.raises(ValidationError):
        lire(champ, "a" * (maximum + 1))
    schema = TypeAdapter(champ).json_schema()
    textes = [s for s in schema.get("anyOf", [schema]) if s["type"] == "string"]
    assert [(s["minLength"], s["maxLength"]) for s in textes] == [(1, maximum)]


@pytest.mark.parametrize(
    ("champ", "admis", "refuses"),
    [
        (Centimes, (-(10**14), 0, 10**14), (-(10**14) - 1, 10**14 + 1)),
        (CentimesPositifs, (1, 10**14), (0, -1, 10**14 + 1)),
        (CentimesOuZero, (0, 1, 10**14), (-1, 10**14 + 1)),
        (Exercice, (1900, 2999), (1899, 3000)),
    ],
)
def test_un_entier_va_d_une_borne_a_l_autre(
    champ: Any, admis: tuple[int, ...], refuses: tuple[int, ...]
) -> None:
    """Un montant ou un exercice est admis jusqu'à ses bornes, pas au-delà."""
    assert [lire(champ, n) for n in admis] == [*admis]
    for n in refuses:
        with pytest.raises(ValidationError):
            lire(champ, n)


def test_un_caractere_interdit_s_ecrit_en_clair() -> None:
    """Neutralisé, un signe interdit se lit par son code en quatre chiffres."""
    assert neutraliser("a\x07b\u202ec") == "a\\u0007b\\u202ec"
    with pytest.raises(ValueError, match=r"le caractère interdit U\+0007 \(contrôle"):
        normaliser("a\x07")


def test_le_schema_d_un_texte_dit_son_genre_et_ses_bornes() -> None:
    """Le schéma d'un texte dit qu'il est un texte, de un signe à son maximum, ni vide ni blanc."""
    for bords in (True, False):
        schema = champs.schema_texte(7, bords=bords)
        assert (schema["type"], schema["minLength"], schema["maxLength"]) == ("string", 1, 7)
        assert schema["pattern"] == r"\S"


INTERDITS_DU_SCHEMA = "[\\x00-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"


def test_le_schema_d_un_texte_n_interdit_l_espace_aux_bords_que_sur_demande() -> None:
    """Le schéma d'un texte n'interdit l'espace en tête et en queue que si on le demande."""
    assert champs.schema_texte(9) == champs.schema_texte(9, bords=True)
    assert champs.schema_texte(9) == {
        "type": "string",
        "minLength": 1,
        "maxLength": 9,
        "pattern": r"\S",
        "not": {"pattern": INTERDITS_DU_SCHEMA},
    }
    sans_bords = champs.schema_texte(9, bords=False)["not"]["pattern"]
    assert sans_bords == INTERDITS_DU_SCHEMA + r"|^\s|\s$"


@pytest.mark.parametrize(
    ("champ", "minimum", "maximum", "motif"),
    [
        (Slug, 1, 64, "^[a-z0-9-]{1,64}$"),
        (IdCommande, 1, 64, "^[ -~]{1,64}$"),
        (CodePostal, 5, 5, "^[0-9]{5}$"),
        (Rna, 10, 10, "^W[0-9]{9}$"),
        (
            MoisJour,
            5,
            5,
            "^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
            "|02-(0[1-9]|1[0-9]|2[0-8]))$",
        ),
    ],
)
def test_le_schema_d_un_identifiant_dit_son_motif_et_ses_longueurs(
    champ: Any, minimum: int, maximum: int, motif: str
) -> None:
    """Le schéma d'un code dit son motif, sa longueur au signe près, et refuse la fin de ligne."""
    assert TypeAdapter(champ).json_schema() == {
        "type": "string",
        "minLength": minimum,
        "maxLength": maximum,
        "pattern": motif,
        "not": {"pattern": r"\n"},
    }


def test_le_schema_d_un_siret_et_d_une_date_se_lisent_en_entier() -> None:
    """Le schéma d'un SIRET et celui d'une date sont publiés tels quels."""
    assert TypeAdapter(Siret).json_schema() == {
        "type": "string",
        "minLength": 14,
        "maxLength": 14,
        "pattern": "^[0-9]{14}$",
        "not": {"const": "00000000000000"},
    }
    assert TypeAdapter(Date).json_schema() == {
        "type": "string",
        "format": "date",
        "maxLength": 10,
        "pattern": "^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$",
    }
    assert TypeAdapter(Vague).json_schema() == {
        "anyOf": [{"type": "integer", "minimum": 1, "maximum": 9999}, champs.schema_texte(64)]
    }
