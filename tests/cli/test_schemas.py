"""Le verbe schemas, et tout ce que la ligne de commande écrit confronté à ses schémas."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from commands import COMMANDES
from ledger import TYPES
from tests.cli.outils import (
    PROGRAMME,
    RACINE,
    Resultat,
    depot,
    en_lignes,
    lancer,
    lancer_a_part,
    ouverture,
)

GELEES = sorted((RACINE / "tests/golden/donnees").glob("faits-v1*.jsonl"))
ROMANS = "lab01-01500"


def schema(*noms: str) -> Any:
    """The validator of what the command line gives as a schema."""
    fait = lancer("schemas", *noms)
    assert (fait.code, fait.erreur) == (0, "")
    return Draft202012Validator(fait.json, format_checker=Draft202012Validator.FORMAT_CHECKER)


def suit(fait: Resultat, *noms: str) -> Any:
    """The JSON that the run printed, which must follow its schema."""
    assert list(schema(*noms).iter_errors(fait.json)) == []
    return fait.json


def objets(valeur: Any) -> Iterator[dict[str, Any]]:
    """Every object schema inside a schema."""
    if isinstance(valeur, dict):
        if "properties" in valeur and valeur.get("type") == "object":
            yield valeur
        for sous in valeur.values():
            yield from objets(sous)
    if isinstance(valeur, list):
        for sous in valeur:
            yield from objets(sous)


def tous_les_schemas() -> dict[str, Any]:
    """Every schema, by name."""
    noms = [
        *(("commandes", nom) for nom in (*(c.verbe for c in COMMANDES), "ligne", "scenario")),
        *(("evenements", nom) for nom in (*TYPES, "ligne", "cloudevent")),
        *(("chiffres", nom) for nom in lancer("schemas", "chiffres").json),
    ]
    return {" ".join(nom): lancer("schemas", *nom).json for nom in noms}


def test_chaque_schema_est_un_schema() -> None:
    """Chaque schéma est du dialecte 2020-12, a son identifiant, et dit en français ce que dit
    chaque membre."""
    tous = tous_les_schemas()
    assert len(tous) == 30 + 30 + 21
    assert len({s["$id"] for s in tous.values()}) == len(tous)
    muets = []
    for nom, lu in tous.items():
        Draft202012Validator.check_schema(lu)
        assert lu["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert lu["title"]
        for objet in objets(lu):
            assert objet["additionalProperties"] is False, nom
            muets += [
                f"{nom} {membre}"
                for membre, sous in objet["properties"].items()
                if "description" not in sous and set(objet["properties"]) not in _SANS_PHRASE
            ]
    assert muets == []


_SANS_PHRASE: list[set[str]] = [
    {"id", "role"},  # inside `acteur`, which has its sentence
    {
        "ancrage_territorial",
        "communaute_engagee",
        "gouvernance_partagee",
        "hybridation_activites",
        "experimentation",
    },
]


def test_les_schemas_ont_toujours_les_memes_octets(tmp_path: Path) -> None:
    """Deux processus donnent les mêmes octets, quel que soit l'ordre des ensembles."""
    vus = [
        lancer_a_part("schemas", dossier=tmp_path, env={"PYTHONHASHSEED": graine})
        for graine in ("1", "2")
    ]
    assert [(v.code, v.erreur) for v in vus] == [(0, "")] * 2
    assert vus[0].octets == vus[1].octets
    tout = vus[0].json
    assert list(tout) == ["commandes", "evenements", "chiffres"]
    assert tout["commandes"] == lancer("schemas", "commandes").json
    assert tout["evenements"] == lancer("schemas", "evenements").json
    assert tout["evenements"] == lancer("schemas", "evenements", "ligne").json
    fichier = tmp_path / "schemas.json"
    assert lancer("schemas", "-o", fichier) == (0, b"", "")
    assert fichier.read_bytes() == vus[0].octets


def test_un_verbe_se_nomme_avec_ou_sans_accents() -> None:
    """Le verbe d'une commande se donne avec ou sans ses accents."""
    avec = lancer("schemas", "commandes", "DéposerCandidature")
    sans = lancer("schemas", "commandes", "DeposerCandidature")
    assert avec == sans
    assert avec.json["properties"]["commande"]["enum"] == [
        "DéposerCandidature",
        "DeposerCandidature",
    ]


@pytest.mark.parametrize(
    ("noms", "phrase"),
    [
        (("commandes", "VerserTout"), "Le verbe 'VerserTout' est inconnu."),
        (("evenements", "tranche"), "Le type de fait 'tranche' est inconnu."),
        (("chiffres", "evenements"), "Le chiffre 'evenements' est inconnu."),
        (("tout", "enveloppe"), "« tout » n'a pas de NOM"),
        (("autres",), "autres"),
    ],
)
def test_un_nom_inconnu_est_un_usage(noms: tuple[str, ...], phrase: str) -> None:
    """Un nom inconnu sort 2, avec la liste de ceux qui existent."""
    fait = lancer("schemas", *noms)
    assert (fait.code, fait.octets) == (2, b"")
    assert phrase in fait.erreur


@pytest.mark.parametrize(
    ("verbe", "arguments"),
    [
        ("enveloppe", ()),
        ("credits", ()),
        ("structures", ()),
        ("echeancier", (ROMANS,)),
        ("anomalies", ()),
        ("fonctions", ()),
        ("expliquer", ("enveloppe.disponible",)),
        ("expliquer", (f"structures.{ROMANS}.paye",)),
        ("comparer", ("200", "464")),
        ("sonder", ("--nombre", "3", "--alea", "x", "--methode", "simple")),
        ("sonder", ("--nombre", "3", "--alea", "x", "--methode", "mus")),
        ("verifier", ()),
        ("rapport", ()),
        ("prevision", ()),
        ("prevision", ("--labels-par-an", "40", "--montant", "150000")),
        ("simuler", ("/dev/null",)),
    ],
)
@pytest.mark.parametrize("dates", [(), ("--au", "2020-06-30"), ("--connu-au", "300")])
def test_chaque_chiffre_imprime_suit_son_schema(
    verbe: str, arguments: tuple[str, ...], dates: tuple[str, ...], base_golden: Path
) -> None:
    """Ce qu'un verbe imprime en JSON suit son schéma, à toute date."""
    if verbe == "verifier" and dates:
        dates = ("--niveau", "chaine") if dates[0] == "--au" else ()
    if verbe == "comparer" and dates[:1] == ("--connu-au",):
        dates = ()
    fait = lancer(verbe, *arguments, "--base", base_golden, "--format", "json", *dates)
    assert fait.code == 0, fait.erreur
    suit(fait, "chiffres", verbe)


def test_les_recus_suivent_leur_schema(base_neuve: Path) -> None:
    """Un reçu d'acceptation, de répétition, de refus ou de commande illisible suit son schéma."""
    lot = [depot("a"), depot("a"), depot("a", id_commande="x"), {"commande": "X"}, depot("B")]
    fait = lancer("executer", "-", "--base", base_neuve, entree=en_lignes(lot))
    assert fait.code == 3
    juge = schema("chiffres", "recu")
    recus = fait.lignes_json
    assert [(r["statut"], r["code"]) for r in recus] == [
        ("acceptee", None),
        ("deja_executee", None),
        ("refusee", "candidature_existante"),
        ("refusee", "commande_invalide"),
        ("refusee", "commande_invalide"),
    ]
    for recu in recus:
        assert list(juge.iter_errors(recu)) == []
        assert not juge.is_valid({**recu, "inconnu": 1})
        assert not juge.is_valid({**recu, "taille": 1.5})


def test_une_base_alteree_se_dit_selon_le_schema(base: Path) -> None:
    """La vérification d'une base altérée, avec ses constats, suit le même schéma."""
    with closing(sqlite3.connect(base)) as c, c:
        c.execute("DELETE FROM stored_events WHERE originator_version IN (40, 80)")
    fait = lancer("verifier", "--base", base, "--format", "json")
    assert fait.code == 1
    assert suit(fait, "chiffres", "verifier")["constats"]


def test_le_modele_de_lecture_se_dit_selon_le_schema(base: Path, tmp_path: Path) -> None:
    """lecture et rejouer, conforme ou non, suivent leurs schémas."""
    suit(lancer("lecture", "--base", base, "--format", "json"), "chiffres", "lecture")
    rejouer = ("rejouer", "--base", base, "--format", "json")
    assert suit(lancer(*rejouer), "chiffres", "rejouer")["derives_total"] == 0
    with closing(sqlite3.connect(f"{base}.lecture.db")) as c, c:
        c.execute("UPDATE structures SET ville = 'Ailleurs' WHERE structure = ?", (ROMANS,))
        c.execute("DELETE FROM credits")
    derive = lancer(*rejouer)
    assert derive.code == 1
    assert suit(derive, "chiffres", "rejouer")["derives_total"] > 1


def test_la_demonstration_et_une_reproduction_suivent_leur_schema(
    base: Path, tmp_path: Path
) -> None:
    """demo et reproduire, identique ou divergent, suivent leurs schémas."""
    fait = lancer("demo", "--base", tmp_path / "d.db", "--format", "json")
    suit(fait, "chiffres", "demo")
    rapport = tmp_path / "r.json"
    assert lancer("rapport", "--base", base, "-o", rapport).code == 0
    refaire = ("reproduire", rapport, "--base", base, "--format", "json")
    assert suit(lancer(*refaire), "chiffres", "reproduire")["statut"] == "identique"
    lu = json.loads(rapport.read_bytes())
    lu["figures"]["enveloppe"]["engage_centimes"] += 1
    rapport.write_text(json.dumps(lu), "utf-8")
    assert suit(lancer(*refaire), "chiffres", "reproduire")["statut"] == "divergent"


@pytest.mark.parametrize("fichier", GELEES, ids=[f.stem for f in GELEES])
def test_les_lignes_gelees_suivent_leur_schema(fichier: Path) -> None:
    """Chaque ligne des journaux gelés suit le schéma de la ligne, et celui de son type."""
    ligne = schema("evenements")
    lignes = [json.loads(octets) for octets in fichier.read_bytes().splitlines()]
    assert lignes
    for lue in lignes:
        assert list(ligne.iter_errors(lue)) == []
        assert list(schema("evenements", lue["type"]).iter_errors(lue["state"])) == []


def test_les_evenements_du_flux_suivent_leur_schema(base_neuve: Path) -> None:
    """Chaque évènement du flux suit le schéma cloudevent."""
    assert lancer("executer", "-", "--base", base_neuve, entree=en_lignes([depot("a")])).code == 0
    juge = schema("evenements", "cloudevent")
    fait = lancer("journal", "--base", base_neuve, "--format", "cloudevents")
    assert [list(juge.iter_errors(e)) for e in fait.lignes_json] == [[], []]
    assert not juge.is_valid({**fait.lignes_json[1], "source": "deux mots"})


def test_les_commandes_de_la_demonstration_suivent_leur_schema() -> None:
    """Le schéma de n'importe quelle commande admet l'ouverture publiée."""
    juge = schema("commandes")
    assert juge.is_valid(ouverture(PROGRAMME))
    assert not juge.is_valid({**ouverture(PROGRAMME), "commande": "X"})
