"""Les règles d'une ligne publiée : chaque défaut en une phrase, et le schéma que nous disons."""

from __future__ import annotations

import pytest

from projections.exports.scdl_regles import COLONNES, defauts, schema_scdl, siret_faux

BONNE = {
    "nomAttribuant": "Préfecture",
    "idAttribuant": "73282932000074",
    "dateConvention": "2020-03-10",
    "nomBeneficiaire": "Association",
    "idBeneficiaire": "44306184100047",
    "objet": "Objet",
    "montant": "0.01",
    "nature": "aide en numéraire",
    "conditionsVersement": "unique",
    "datesPeriodeVersement": "2020-03-10/2020-03-10",
    "notificationUE": "non",
    "pourcentageSubvention": "1.00",
}
UN_DEFAUT = [
    ("nomAttribuant", "", "absent"),
    ("nomAttribuant", " Préfecture", "un espace au bord"),
    ("idAttribuant", "1", "SIRET de 14 chiffres attendu, reçu '1'"),
    ("idAttribuant", "0" * 14, "le SIRET n'est composé que de zéros"),
    ("dateConvention", "10/03/2020", "'10/03/2020' ne s'écrit pas AAAA-MM-JJ"),
    ("dateConvention", "2020-02-30", "la date 2020-02-30 n'existe pas"),
    ("referenceDecision", "C ", "un espace au bord"),
    (
        "idBeneficiaire",
        "73282932000075",
        "la clé du SIRET 73282932000075 est fausse : relire le numéro",
    ),
    ("rnaBeneficiaire", "w123456789", "W et 9 chiffres attendus"),
    ("objet", "x" * 257, "257 signes, 256 au plus"),
    ("objet", "x ", "un espace au bord"),
    ("montant", "1.5", "'1.5' n'est pas un montant positif à deux décimales"),
    ("montant", "00.00", "le montant est nul"),
    ("nature", "don", "'don' n'est pas admis"),
    ("conditionsVersement", "x" * 257, "257 signes, 256 au plus"),
    ("datesPeriodeVersement", "2020", "'2020' ne s'écrit pas AAAA-MM-JJ"),
    ("datesPeriodeVersement", "a/b/c", "'a/b/c' n'est ni une date ni une période"),
    ("datesPeriodeVersement", "2021-02-30/2020-01-01", "la date 2021-02-30 n'existe pas"),
    (
        "datesPeriodeVersement",
        "2021-01-02/2021-01-01",
        "la période 2021-01-02/2021-01-01 finit avant de commencer",
    ),
    ("idRAE", "123456", "6 signes, 5 au plus"),
    ("notificationUE", "OUI", "'OUI' n'est pas admis"),
    ("pourcentageSubvention", "-1", "'-1' n'est pas un nombre décimal"),
    ("pourcentageSubvention", "0", "0 n'est pas entre 0.01 et 1"),
    ("pourcentageSubvention", "0.0", "0.0 n'est pas entre 0.01 et 1"),
    ("pourcentageSubvention", "0.0099", "0.0099 n'est pas entre 0.01 et 1"),
    ("pourcentageSubvention", "1.001", "1.001 n'est pas entre 0.01 et 1"),
    ("pourcentageSubvention", "1.1", "1.1 n'est pas entre 0.01 et 1"),
    ("pourcentageSubvention", "2", "2 n'est pas entre 0.01 et 1"),
    ("dispositifAide", "\tX", "un espace au bord"),
]


@pytest.mark.parametrize(("colonne", "valeur", "phrase"), UN_DEFAUT)
def test_chaque_colonne_dit_son_defaut(colonne: str, valeur: str, phrase: str) -> None:
    """Un défaut par colonne, en une phrase française, et rien d'autre."""
    assert defauts(BONNE | {colonne: valeur}) == [f"{colonne} : {phrase}"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"idBeneficiaire": "", "rnaBeneficiaire": "W123456789"},
        {"objet": "x" * 256, "conditionsVersement": "x" * 256, "idRAE": "12345"},
        {"nature": "aide en nature;aide en numéraire", "notificationUE": "oui"},
        {"nature": "aide en numéraire;aide en nature"},
        {"nature": "aide en nature", "montant": "100.00"},
        {"datesPeriodeVersement": "2020-02-29"},
        {"datesPeriodeVersement": "2020-02-29/2021-01-01"},
        *({"pourcentageSubvention": part} for part in ("0.01", "0.010", "0.1", "1", "1.0", "1.00")),
    ],
)
def test_une_ligne_juste_n_a_pas_de_defaut(change: dict[str, str]) -> None:
    """Bornes comprises, chaque valeur admise passe sans un mot."""
    assert defauts(BONNE | change) == []


def test_une_ligne_vide_dit_tout_ce_qui_manque_dans_l_ordre() -> None:
    """Les colonnes obligatoires dans l'ordre du schéma, puis SIRET ou RNA."""
    facultatives = {"referenceDecision", "idBeneficiaire", "rnaBeneficiaire", "idRAE"}
    assert defauts({}) == [
        *(f"{c} : absent" for c in COLONNES if c not in {*facultatives, "dispositifAide"}),
        "idBeneficiaire, rnaBeneficiaire : ni SIRET ni RNA",
    ]


def test_un_siret_juste_n_a_pas_de_defaut() -> None:
    """Aucune raison quand le numéro est un SIRET."""
    assert siret_faux("73282932000074") is None


def test_le_schema_dit_d_ou_il_vient_et_ce_que_chaque_colonne_exige() -> None:
    """Nom, version, adresse, puis seize champs ; sans exigence, un champ n'en déclare pas."""
    schema = schema_scdl()
    champs = schema.pop("fields")
    assert schema == {
        "name": "subventions",
        "version": "2.1.1",
        "path": "https://gitlab.com/opendatafrance/scdl/subventions/raw/v2.1.1/schema.json",
    }
    assert [champ["name"] for champ in champs] == list(COLONNES)
    par_nom = {champ["name"]: champ for champ in champs}
    assert par_nom["referenceDecision"] == {"name": "referenceDecision", "type": "string"}
    assert par_nom["idRAE"] == {
        "name": "idRAE",
        "type": "string",
        "constraints": {"maxLength": 5},
    }
    assert par_nom["notificationUE"] == {
        "name": "notificationUE",
        "type": "boolean",
        "trueValues": ["oui"],
        "falseValues": ["non"],
        "constraints": {"required": True},
    }
    assert par_nom["nature"]["constraints"] == {
        "required": True,
        "enum": [
            "aide en nature",
            "aide en nature;aide en numéraire",
            "aide en numéraire",
            "aide en numéraire;aide en nature",
        ],
    }
