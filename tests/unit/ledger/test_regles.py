"""Les règles dans le temps : révisions tardives, avant l'ouverture, versions."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.bareme import en_vigueur, regles_publiees
from ledger.regles import Chronologie, Regles, Revision, RevisionRegles, incoherences
from tests.unit.monde import REGLES, Monde

OUVERTURE = date(2019, 7, 11)


def chronologie(*revisions: tuple[int, str, dict[str, Any]]) -> Chronologie:
    """The 2019 rules, and revisions (position, effect date, changes)."""
    suite = Chronologie.ouvrir(OUVERTURE, Regles.model_validate(REGLES))
    for position, jour, changements in revisions:
        suite = suite.reviser(Revision(date.fromisoformat(jour), position, changements))
    return suite


def plafond(suite: Chronologie, jour: str) -> tuple[int, int]:
    """Ceiling in force, in EUR, and version."""
    regles, version = suite.au(date.fromisoformat(jour))
    return regles.plafond_centimes // 100, version


@pytest.mark.parametrize("jour", ["1999-01-01", "2019-07-11", "2030-01-01"])
def test_sans_revision_l_ouverture_vaut_a_toute_date(jour: str) -> None:
    """Sans révision, les règles de l'ouverture valent à toute date, version 1."""
    assert plafond(chronologie(), jour) == (150_000, 1)


def test_une_revision_vaut_a_partir_de_sa_date() -> None:
    """Une révision vaut à partir de sa date d'effet, ce jour compris."""
    suite = chronologie((5, "2020-02-03", {"plafond_centimes": 9_000_000}))
    assert [plafond(suite, j) for j in ("2020-02-02", "2020-02-03")] == [(150_000, 1), (90_000, 5)]


def test_une_revision_tardive_ne_recouvre_pas_celle_qui_la_suit() -> None:
    """Les révisions s'appliquent par date d'effet, quel que soit l'ordre d'enregistrement."""
    suite = chronologie(
        (5, "2021-01-01", {"plafond_centimes": 9_000_000}),
        (6, "2020-01-01", {"plafond_centimes": 8_000_000, "quota_total": 7}),
    )
    assert plafond(suite, "2020-06-01") == (80_000, 6)
    assert plafond(suite, "2021-01-01") == (90_000, 5)
    assert suite.au(date(2021, 1, 1))[0].quota_total == 7


def test_le_meme_jour_la_derniere_enregistree_l_emporte() -> None:
    """À la même date d'effet, la révision de plus grande position s'applique en dernier."""
    suite = chronologie(
        (6, "2020-01-01", {"plafond_centimes": 9_000_000}),
        (5, "2020-01-01", {"plafond_centimes": 8_000_000}),
    )
    assert plafond(suite, "2020-01-01") == (90_000, 6)


def test_une_revision_datee_avant_l_ouverture_vaut_des_l_ouverture() -> None:
    """Avant l'ouverture, ce sont les règles de l'ouverture ; dès elle, la révision antérieure."""
    suite = chronologie((2, "2019-01-01", {"plafond_centimes": 9_000_000}))
    assert plafond(suite, "2019-07-10") == (150_000, 1)
    assert plafond(suite, "2019-07-11") == (90_000, 2)


def test_les_dernieres_regles_sont_celles_de_la_derniere_date() -> None:
    """Les dernières règles suivent la plus grande date d'effet."""
    suite = chronologie(
        (5, "2021-01-01", {"plafond_centimes": 9_000_000}),
        (6, "2020-01-01", {"plafond_centimes": 8_000_000}),
    )
    regles, version = suite.dernieres()
    assert (regles.plafond_centimes, version) == (9_000_000, 5)


def test_null_est_une_valeur_et_l_absence_non() -> None:
    """Réviser exercice_bonus à null le change ; ne pas le nommer le laisse."""
    suite = chronologie((2, "2020-01-01", {"exercice_bonus": None}), (3, "2021-01-01", {}))
    jours = (date(2019, 8, 1), date(2020, 6, 1), date(2021, 6, 1))
    assert [suite.au(jour)[0].exercice_bonus for jour in jours] == [2019, None, None]


def test_une_incoherence_se_cherche_de_date_en_date() -> None:
    """Une incoherence ultérieure est trouvée, avec sa date ; une antérieure ne compte pas."""
    suite = chronologie(
        (2, "2020-01-01", {"plafond_centimes": 1}),
        (3, "2021-01-01", {"plafond_centimes": 8_000_000}),
    )
    trouvee = suite.incoherence_depuis(date(2019, 8, 1))
    assert trouvee == (
        date(2020, 1, 1),
        "le plancher (75 000,00 €) dépasse le plafond (0,01 €)",
    )
    assert suite.incoherence_depuis(date(2021, 1, 1)) is None


def test_le_fait_porte_la_version_des_regles_de_sa_date(monde: Monde) -> None:
    """Chaque fait porte la version des règles en vigueur à sa propre date d'effet."""
    monde.reviser("2021-01-01", plafond_centimes=9_000_000)
    monde.reviser("2020-01-01", quota_numeriques=32)
    versions = [
        monde.fait("ModifierEnveloppe", jour).regles_version
        for jour in ("2019-01-01", "2019-12-31", "2020-01-01", "2021-01-01")
    ]
    assert versions == [1, 1, 3, 2]


def test_les_regles_publiees_sont_coherentes_et_celles_de_l_appel() -> None:
    """Les règles livrées de 2019 sont complètes, sourcées, et celles de l'appel publié."""
    publiees = regles_publiees("2019")
    regles = Regles.model_validate(publiees["regles"])
    assert incoherences(regles) is None
    assert publiees["regles"] == REGLES | {"echeance_defaut": "03-01"}
    assert set(publiees["sources"]) == set(publiees["regles"])


@pytest.mark.parametrize(
    ("jour", "attendu"),
    [("2001-06-05", None), ("2001-06-06", 2_300_000), ("2030-01-01", 2_300_000)],
)
def test_un_seuil_legal_vaut_depuis_son_texte(jour: str, attendu: int | None) -> None:
    """Le seuil de convention vaut depuis le décret de 2001, et pas avant."""
    seuil = en_vigueur("convention_obligatoire", date.fromisoformat(jour))
    assert (None if seuil is None else seuil["centimes"]) == attendu


def test_tout_seuil_a_une_date_et_une_source() -> None:
    """Tout seuil livré a sa date et sa source."""
    seuils = json.loads(files("ledger").joinpath("donnees", "seuils.json").read_text("utf-8"))
    valeurs = [valeur for liste in seuils.values() for valeur in liste]
    assert [v for v in valeurs if not (v["source"] and date.fromisoformat(v["depuis"]))] == []


def test_un_seul_exercice_suffit_aucun_ne_suffit_pas() -> None:
    """Un seul exercice est cohérent, zéro ne l'est pas."""
    assert incoherences(Regles.model_validate(REGLES | {"exercices_max": 1})) is None
    assert incoherences(Regles.model_validate(REGLES | {"exercices_max": 0})) == (
        "exercices_max vaut 0, au moins 1 attendu"
    )


def test_l_incoherence_se_cherche_au_jour_dit_et_la_premiere_est_donnee() -> None:
    """Des règles déjà incohérentes le sont au jour demandé ; de plusieurs dates, la première."""
    faux = {"plancher_centimes": 15_000_001}
    depuis = chronologie((2, "2020-01-01", faux))
    raison = "le plancher (150 000,01 €) dépasse le plafond (150 000,00 €)"
    assert depuis.incoherence_depuis(date(2020, 6, 1)) == (date(2020, 6, 1), raison)
    assert depuis.incoherence_depuis(date(2019, 1, 1)) == (date(2020, 1, 1), raison)
    annees = (2027, 2021, 2025, 2023, 2029, 2022, 2028, 2024)
    suite = chronologie(*[(k, f"{annee}-01-01", faux) for k, annee in enumerate(annees, start=2)])
    assert suite.incoherence_depuis(date(2020, 1, 1)) == (date(2021, 1, 1), raison)


@pytest.mark.parametrize(
    ("champ", "admis", "refuses"),
    [
        ("quota_total", (-(10**9), 10**9), (-(10**9) - 1, 10**9 + 1)),
        ("exercices_max", (-(10**9), 100), (-(10**9) - 1, 101)),
        ("plafond_centimes", (-(10**14), 10**14), (-(10**14) - 1, 10**14 + 1)),
        ("quotas", ("", "x" * 64), ("x" * 65, 1)),
    ],
)
def test_le_schema_des_regles_borne_les_valeurs(
    champ: str, admis: tuple[Any, ...], refuses: tuple[Any, ...]
) -> None:
    """Le schéma borne chaque valeur ; `incoherences` juge ensuite ce qui a du sens."""
    for valeur in admis:
        assert getattr(Regles.model_validate(REGLES | {champ: valeur}), champ) == valeur
        assert RevisionRegles.model_validate({champ: valeur}).changements() == {champ: valeur}
    for valeur in refuses:
        with pytest.raises(ValidationError):
            Regles.model_validate(REGLES | {champ: valeur})
        with pytest.raises(ValidationError):
            RevisionRegles.model_validate({champ: valeur})


@pytest.mark.parametrize(
    "champ",
    [
        "enveloppe_centimes",
        "plancher_centimes",
        "plafond_centimes",
        "plafond_annuel_centimes",
        "quota_total",
        "quota_qpv",
        "quota_hors_qpv",
        "quota_numeriques",
        "bonus_centimes",
    ],
)
def test_un_montant_ou_un_quota_negatif_est_incoherent(champ: str) -> None:
    """Un montant ou un quota négatif est incohérent ; zéro ne l'est pas, s'il est seul."""
    base = REGLES | {"plancher_centimes": 0}
    assert incoherences(Regles.model_validate(base | {champ: 0})) is None
    raison = incoherences(Regles.model_validate(base | {champ: -1}))
    assert raison is not None
    assert raison.startswith(champ)


@pytest.mark.parametrize(
    ("champ", "admis"),
    [
        ("imputation_bonus", ("enveloppe", "hors_enveloppe")),
        ("quotas", ("bloquants", "indicatifs")),
        ("credits", ("non_suivis", "indicatifs", "bloquants")),
    ],
)
def test_un_mot_des_regles_est_d_une_liste_fermee(champ: str, admis: tuple[str, ...]) -> None:
    """Chaque mot de la liste est cohérent, tout autre est nommé avec ceux qu'on attend."""
    for mot in admis:
        assert incoherences(Regles.model_validate(REGLES | {champ: mot})) is None
    assert incoherences(Regles.model_validate(REGLES | {champ: "autre"})) == (
        f"{champ} vaut 'autre', attendu : {', '.join(admis)}"
    )
