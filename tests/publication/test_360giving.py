"""360Giving 1.4 : valide avec de vraies dates, engagements et paiements à part, au centime."""

from __future__ import annotations

import copy
import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from commands.testing.histoires import Histoire
from projections import regarder, structures
from projections.exports.giving import ecrire_360giving
from tests.cli.outils import lancer
from tests.properties.outils import reglages
from tests.publication.exemple import attendu, creer, journal, ouverture, recit_complet, siret
from tests.publication.tirages import histoires_publiables, regarder_une_fois

DONNEES = Path(__file__).with_name("donnees")
SCHEMAS = {
    nom: json.loads((DONNEES / f"360-giving-{nom}-1.4.3.json").read_text("utf-8"))
    for nom in ("schema", "package-schema")
}
FORMATS = FormatChecker(formats=())
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _est_un_instant(valeur: object) -> bool:
    """RFC 3339: a bare date is not one, nor is an instant that does not exist."""
    if not isinstance(valeur, str):
        return True
    if _INSTANT.fullmatch(valeur) is None:
        return False
    try:
        datetime.fromisoformat(valeur)
    except ValueError:
        return False
    return True


def _est_une_adresse(valeur: object) -> bool:
    return not isinstance(valeur, str) or bool(urlsplit(valeur).scheme)


FORMATS.checks("date-time")(_est_un_instant)
FORMATS.checks("uri")(_est_une_adresse)


def fautes(paquet: Any) -> list[str]:
    """What the official schemas refuse, dates really checked."""
    sujet = copy.deepcopy(SCHEMAS["package-schema"])
    sujet["properties"]["grants"]["items"] = {"$ref": "#/$defs/subvention"}
    subvention = json.loads(
        json.dumps(SCHEMAS["schema"]).replace('"#/$defs/', '"#/$defs/subvention/$defs/')
    )
    sujet["$defs"] = {"subvention": {k: v for k, v in subvention.items() if k != "$id"}}
    validateur = Draft202012Validator(sujet, format_checker=FORMATS)
    return [f"{e.json_path} : {e.message[:200]}" for e in validateur.iter_errors(paquet)]


def lire(texte: str) -> Any:
    """The package, numbers kept exact."""
    return json.loads(texte, parse_float=Decimal)


def centimes(nombre: Decimal) -> int:
    """An amount of the package in cents, two decimals exactly."""
    assert nombre.as_tuple().exponent == -2
    return int(nombre * 100)


@pytest.fixture(scope="module")
def texte() -> str:
    """The package of the whole example, recorded on a fixed day."""
    lu = journal(recit_complet())
    return "".join(ecrire_360giving(lu, regarder(lu)))


def test_le_paquet_entier_est_celui_attendu(texte: str) -> None:
    """Toutes les sortes de subventions : le fichier entier est celui attendu, et valide."""
    assert texte == attendu("360giving.json", texte)
    assert fautes(json.loads(texte)) == []


def test_engagements_et_paiements_retombent_sur_les_totaux(texte: str) -> None:
    """Les transactions font le montant attribué et le montant versé, retraits compris."""
    paquet = lire(texte)
    totaux = {
        g["id"]: (
            centimes(g["amountAwarded"]),
            centimes(g["amountDisbursed"]),
            [centimes(t["value"]) for t in g["commitmentTransaction"]],
            [centimes(t["value"]) for t in g["disbursementTransaction"]],
        )
        for g in paquet["grants"]
    }
    assert totaux["360G-exemple-retiree"] == (
        5_000_000,
        5_000_000,
        [15_000_000, -10_000_000],
        [5_000_000],
    )
    assert totaux["360G-exemple-rendue"] == (0, 0, [15_000_000, -15_000_000], [])
    assert totaux["360G-exemple-avenant"][2] == [15_000_000, -5_999_950]
    assert totaux["360G-exemple-numerique"][2:] == ([15_000_000, 10_000_000], [10_000_000])
    for attribue, verse, engagements, paiements in totaux.values():
        assert (sum(engagements), sum(paiements)) == (attribue, verse)


@pytest.mark.parametrize(
    ("chemin", "valeur"),
    [
        (("awardDate",), "2020-02-30"),
        (("awardDate",), "03/02/2020"),
        (("awardDate",), "2020-02-03T25:00:00Z"),
        (("dateModified",), "2020-02-03"),
        (("amountAwarded",), "150000"),
        (("recipientOrganization",), []),
        (("fundingOrganization", 0, "name"), None),
        (("commitmentTransaction", 0, "value"), "1"),
    ],
)
def test_le_verificateur_voit_une_faute(texte: str, chemin: tuple[Any, ...], valeur: Any) -> None:
    """Une date sans instant, impossible ou à la française, un montant en texte : vus."""
    paquet = json.loads(texte)
    objet = paquet["grants"][0]
    for membre in chemin[:-1]:
        objet = objet[membre]
    objet[chemin[-1]] = valeur
    est_date = valeur == "2020-02-30"  # the pattern of the schema takes it: ours must not write it
    assert (fautes(paquet) == []) is est_date


def test_la_position_et_la_racine_sont_dans_le_paquet(texte: str) -> None:
    """L'identifiant dit l'origine et la position, la description la racine et le moteur."""
    lu = journal(recit_complet())
    paquet, vue = json.loads(texte), regarder(lu)
    assert paquet["version"] == "1.4"
    assert paquet["identifier"].startswith("fabriques-ledger/exemple/")
    assert paquet["identifier"].endswith(f"/{vue.situation.position}")
    assert f"Position : {vue.situation.position} ; Racine : " in paquet["description"]


def test_la_demonstration_demande_un_attribuant(base_demo: Path, tmp_path: Path) -> None:
    """Sans attribuant au journal, refus ; déclaré, les 80 subventions sont là et valides."""
    fait = lancer("exporter", "360giving", "--base", base_demo)
    assert (fait.code, fait.octets) == (2, b"")
    assert "--attribuant NOM" in fait.erreur
    fichier = tmp_path / "demo.json"
    declare = ("--attribuant", "Exemple", "--siret-attribuant", siret(1), "--prefixe", "360G-ex")
    fait = lancer("exporter", "360giving", "--base", base_demo, *declare, "-o", fichier)
    assert (fait.code, fait.octets, fait.erreur) == (0, b"", "")
    paquet = lire(fichier.read_text("utf-8"))
    assert fautes(json.loads(fichier.read_text("utf-8"))) == []
    assert len({g["id"] for g in paquet["grants"]}) == 80
    assert sum(centimes(g["amountAwarded"]) for g in paquet["grants"]) == 1_500_000_000
    assert sum(centimes(g["amountDisbursed"]) for g in paquet["grants"]) == 1_500_000_000
    assert paquet["grants"][0]["fundingOrganization"] == [
        {"id": f"FR-RCS-{siret(1)[:9]}", "name": "Exemple"}
    ]


def test_un_programme_sans_subvention_est_refuse(tmp_path: Path) -> None:
    """Le standard demande une subvention : un programme vide n'écrit aucun fichier."""
    base = creer(tmp_path / "vide.db", ouverture().commandes)
    fichier = tmp_path / "vide.json"
    fait = lancer("exporter", "360giving", "--base", base, "-o", fichier)
    assert (fait.code, fait.octets) == (2, b"")
    assert "Aucune subvention" in fait.erreur
    assert not fichier.exists()
    fait = lancer("exporter", "360giving", "--base", base, "--prefixe", "exemple")
    assert fait.code == 2


@reglages(20)
@given(histoire=histoires_publiables(), data=st.data())
def test_360giving_est_valide_pour_toute_histoire(histoire: Histoire, data: st.DataObject) -> None:
    """À toute date, le paquet est valide et ses montants sont ceux du grand livre."""
    lu, vue = regarder_une_fois(data, histoire)
    payes = {x.structure: x.paye_centimes for x in structures(vue)}
    if not any(f.label_position for f in vue.situation.fiches.values()):
        return
    texte = "".join(ecrire_360giving(lu, vue, nom_attribuant="Exemple"))
    assert fautes(json.loads(texte)) == []
    for g in lire(texte)["grants"]:
        date.fromisoformat(g["awardDate"])
        (programme,) = g["grantProgramme"]
        slug = g["id"].removeprefix(f"360G-{programme['code']}-")
        assert centimes(g["amountDisbursed"]) == payes[slug]
        for membre, total in (
            ("commitmentTransaction", "amountAwarded"),
            ("disbursementTransaction", "amountDisbursed"),
        ):
            assert sum(centimes(t["value"]) for t in g[membre]) == centimes(g[total])


def test_un_label_retire_ne_prevoit_rien_apres_son_retrait(tmp_path: Path) -> None:
    """L'échéancier d'un label retiré finit au retrait, jamais à une échéance morte."""
    base = creer(tmp_path / "exemple.db", recit_complet())
    lu = lire(lancer("exporter", "360giving", "--base", base).octets.decode())
    prevus = {g["id"].rpartition("-")[2]: g["plannedDates"] for g in lu["grants"]}
    assert [prevus[nom][0]["endDate"] for nom in ("retiree", "rendue", "complete")] == [
        "2021-02-15",
        "2020-06-01",
        "2022-03-01",
    ]
