"""Explorer en SQL : une copie sûre, des questions justes, des mots qui suivent le schéma."""

from __future__ import annotations

import json
import shlex
import shutil
import sqlite3
import stat
from collections import Counter
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger import SQLiteStore
from ledger.erreurs import StoreCorruptError, UsageError
from projections.exploration import composer, copier, exporter_copie, releves_de
from projections.exploration.mots import OBJETS, description, phrase, unite
from projections.exploration.reglages import colonnes, reference
from projections.exploration.requetes import REQUETES
from projections.lecture import Lecture
from projections.lecture.schema import TABLES
from projections.lecture.vues import VUES
from tests.cli.outils import RACINE, lancer, ouverture
from tests.publication.exemple import creer, recit_complet

FIN = "<!-- Ce qui suit est écrit par le code : voir tests/exploration/test_explorer.py -->\n\n"
Ligne = dict[str, Any]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration up to 2022, never written to by a test."""
    base = tmp_path_factory.mktemp("exploration") / "demo.db"
    assert lancer("demo", "--base", base, "--au", "2022-12-31", "--format", "json").code == 0
    return base


@pytest.fixture(scope="module")
def dossier(base: Path) -> Path:
    """The demonstration, ready to explore."""
    cible = base.with_name("exploration")
    assert lancer("explorer", "--base", base, "-o", cible).code == 0
    return cible


def demander(copie: Path, nom: str, **valeurs: str) -> list[Ligne]:
    """The rows of a canned query, asked of an immutable copy."""
    (requete,) = (r for r in REQUETES if r.nom == nom)
    with closing(sqlite3.connect(f"file:{copie}?mode=ro&immutable=1", uri=True)) as conn:
        conn.row_factory = sqlite3.Row
        return [dict(ligne) for ligne in conn.execute(requete.sql, valeurs)]


@pytest.fixture
def ordonnancee(tmp_path: Path) -> Path:
    """A copy of a programme in which payments are ordered, one of them by the payer."""
    premiere = ouverture(regles={"ordonnancement_requis": False})
    commun = {"programme": premiere["programme"], "structure": "s1"}

    def dire(numero: int, verbe: str, jour: str, acteur: str, **champs: Any) -> Ligne:
        role = "comptable" if verbe.startswith("Verser") else "ordonnateur"
        tete = {"commande": verbe, "id_commande": f"x{numero}", "date_effet": jour}
        return {**tete, **commun, "acteur": {"id": acteur, "role": role}, **champs}

    depot = {
        "porteur": "Association",
        "code_postal": "21000",
        "ville": "Dijon",
        "territoire": "qpv",
        "numerique": True,
    }
    ordre, paiement = {"montant_centimes": 5_000_000}, {"montant_centimes": 3_000_000}
    commandes = [
        premiere,
        dire(1, "DéposerCandidature", "2020-01-10", "a", **depot),
        dire(2, "LabelliserFabrique", "2020-02-03", "a", montant_centimes=15_000_000),
        dire(3, "AccorderBonusNumérique", "2020-02-03", "a"),
        dire(4, "OrdonnancerTranche", "2020-02-04", "odile", rang=1, dp="DP1", **ordre),
        dire(5, "VerserTranche", "2020-02-05", "paul", rang=1, reference="V1", **paiement),
        dire(6, "OrdonnancerTranche", "2020-02-04", "paul", rang=0, dp="DP2", **ordre),
        dire(7, "VerserBonus", "2020-02-05", "paul", reference="V2", **paiement),
    ]
    copie = tmp_path / "ordonnancee.copie.db"
    store = SQLiteStore(creer(tmp_path / "ordonnancee.db", commandes), ecriture=False)
    try:
        copier(copie, store)
    finally:
        store.fermer()
    return copie


def test_chaque_objet_et_chaque_colonne_ont_leur_phrase() -> None:
    """Chaque table, vue et colonne du modèle de lecture a sa phrase, et son unité."""
    assert set(OBJETS) == {*TABLES, *VUES}
    for objet, noms in colonnes().items():
        for colonne in noms:
            assert description(objet, colonne).strip(), (objet, colonne)
    en_json = {
        o for o, noms in colonnes().items() if "etat" in noms and "JSON" in phrase(o, "etat")
    }
    assert en_json == {"faits"}, "ailleurs, etat est le code de l'état d'une structure"
    assert unite("reste_centimes") == "centimes d'euro"
    assert unite("reste_euros") == "euros, texte à deux décimales"
    assert (unite("exercice_prevu"), unite("label_date"), unite("porteur")) == (
        "année",
        "AAAA-MM-JJ",
        "",
    )


def test_le_guide_decrit_le_schema_reel() -> None:
    """La partie de référence du guide est celle que le code écrit."""
    guide = (RACINE / "docs/guides/explorer.md").read_text("utf-8")
    assert guide.partition(FIN)[2] == reference()


def test_les_anomalies_du_sql_sont_celles_du_verbe(base: Path, dossier: Path) -> None:
    """La question « anomalies » compte, par code, ce que compte le verbe anomalies."""
    demande = lancer("anomalies", "--base", base, "--format", "json").sortie
    toutes = Counter(a["code"] for a in json.loads(demande))
    lues = {a["code"]: a["nombre"] for a in demander(dossier / "fabriques.db", "anomalies")}
    assert lues == toutes
    assert "fait_tardif" in toutes


def test_la_copie_dit_sa_position_sa_racine_et_son_empreinte(base: Path, dossier: Path) -> None:
    """ORIGINE.txt donne l'empreinte de la copie et le relevé, que verifier confronte à la base."""
    texte = (dossier / "ORIGINE.txt").read_text("utf-8")
    copie = dossier / "fabriques.db"
    assert f"SHA-256 : {sha256(copie.read_bytes()).hexdigest()}" in texte
    releve = lancer("releve", "--base", base).sortie
    assert releve in f"{texte}\n"
    garde = dossier.with_name("garde.txt")
    garde.write_text(releve, "utf-8")
    assert lancer("verifier", "--base", base, "--releve", garde).code == 0
    assert [r.taille for r in releves_de(copie).values()] == [464]
    assert sorted(p.name for p in dossier.iterdir()) == [
        "ORIGINE.txt",
        "fabriques.db",
        "greffons",
        "metadata.json",
    ]


def test_la_copie_est_un_fichier_seul_et_en_lecture_seule(dossier: Path) -> None:
    """La copie est en journal DELETE, sans fichier à côté, sans droit d'écriture, intègre."""
    copie = dossier / "fabriques.db"
    assert stat.S_IMODE(copie.stat().st_mode) == 0o444
    with closing(sqlite3.connect(f"file:{copie}?mode=ro&immutable=1", uri=True)) as conn:
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert copie.read_bytes()[18:20] == b"\x01\x01"  # not WAL: no other file is ever needed


def test_copier_un_modele_de_lecture_donne_le_meme_contenu(base: Path, tmp_path: Path) -> None:
    """Refaite depuis la base ou copiée d'un modèle tenu ouvert par un autre : mêmes lignes."""
    modele = tmp_path / "modele.db"
    assert lancer("lecture", "--base", base, "-o", modele).code == 0
    with closing(sqlite3.connect(modele)) as autre:
        autre.execute("PRAGMA journal_mode=WAL")
        autre.execute("SELECT count(*) FROM faits").fetchone()
        depuis_fichier = tmp_path / "fichier.db"
        arguments = ("--copie-seule", "-o", depuis_fichier)
        fait = lancer("explorer", "--lecture", modele, *arguments)
        assert (fait.code, fait.erreur) == (0, "")
    assert depuis_fichier.read_bytes()[18:20] == b"\x01\x01"
    depuis_base = tmp_path / "base.db"
    assert lancer("explorer", "--base", base, "--copie-seule", "-o", depuis_base).code == 0
    with Lecture(depuis_fichier, ecriture=False) as a, Lecture(depuis_base, ecriture=False) as b:
        assert a.empreinte() == b.empreinte()
    origine = (tmp_path / "fichier.db.origine.txt").read_text("utf-8")
    assert f"SHA-256 : {sha256(depuis_fichier.read_bytes()).hexdigest()}" in origine
    assert not list(tmp_path.glob(".*"))


def test_une_copie_n_en_remplace_aucune(base: Path, dossier: Path, tmp_path: Path) -> None:
    """Dossier, fichier, lien ou texte d'origine déjà là : refus, et rien n'est touché."""
    avant = {p: p.read_bytes() for p in dossier.rglob("*") if p.is_file()}
    pris, lien = tmp_path / "pris.db", tmp_path / "lien"
    pris.write_bytes(b"garder")
    lien.symlink_to(tmp_path / "nulle-part")
    (tmp_path / "libre.db.origine.txt").write_text("garder", "utf-8")
    cas = (
        ("-o", dossier),
        ("-o", lien),
        ("--copie-seule", "-o", pris),
        ("--copie-seule", "-o", tmp_path / "libre.db"),
        ("-o", base),
    )
    for arguments in cas:
        fait = lancer("explorer", "--base", base, *arguments)
        assert fait.code == 2, arguments
        assert "existe" in fait.erreur
    assert pris.read_bytes() == b"garder"
    assert not (tmp_path / "libre.db").exists()
    assert {p: p.read_bytes() for p in dossier.rglob("*") if p.is_file()} == avant
    assert not list(tmp_path.glob(".*"))


def test_une_source_qui_n_en_est_pas_une_est_refusee(base: Path, tmp_path: Path) -> None:
    """Base, fichier étranger, absent ou vide donnés comme modèle : refus sans reste."""
    vide, etranger = tmp_path / "vide.db", tmp_path / "etranger.db"
    vide.touch()
    etranger.write_text("pas une base" * 100, "utf-8")
    cible = tmp_path / "cible"
    for source, code in ((base, 4), (etranger, 4), (vide, 4), (tmp_path / "rien.db", 4)):
        fait = lancer("explorer", "--lecture", source, "-o", cible)
        assert fait.code == code, (source, fait.erreur)
        assert "Traceback" not in fait.erreur
    cas = (
        ("explorer", "--base", base, "-o", tmp_path / "absent" / "x"),
        ("explorer", "--base", base, "-o", cible, "--copie-seule", "--lancer"),
        ("explorer", "--base", base),
    )
    assert [lancer(*arguments).code for arguments in cas] == [2, 2, 2]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["etranger.db", "vide.db"]


def test_une_copie_dont_une_ligne_a_change_est_refusee(base: Path, tmp_path: Path) -> None:
    """Une ligne du modèle changée d'un octet ne donne plus la racine annoncée : refus."""
    modele = tmp_path / "modele.db"
    assert lancer("lecture", "--base", base, "-o", modele).code == 0
    with closing(sqlite3.connect(modele)) as conn, conn:
        conn.execute("UPDATE faits SET etat = replace(etat, 'LAB01', 'LAB02') WHERE position = 3")
    with pytest.raises(StoreCorruptError, match="ne donnent pas la racine annoncée"):
        exporter_copie(tmp_path / "copie.db", modele)
    with pytest.raises(StoreCorruptError):
        composer(tmp_path / "dossier", modele)
    assert [p.name for p in tmp_path.iterdir()] == ["modele.db"]


def test_un_nom_pris_entre_temps_n_est_pas_remplace(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un fichier créé par un autre pendant la copie reste tel quel."""
    cible = tmp_path / "copie.db"
    modele = tmp_path / "modele.db"
    assert lancer("lecture", "--base", base, "-o", modele).code == 0
    poser = Path.chmod

    def chmod(self: Path, mode: int) -> None:
        cible.write_bytes(b"un autre")
        poser(self, mode)

    monkeypatch.setattr(Path, "chmod", chmod)
    with pytest.raises(UsageError, match="existe"):
        exporter_copie(cible, modele)
    assert cible.read_bytes() == b"un autre"


def test_les_questions_donnent_les_chiffres_de_la_demonstration(dossier: Path) -> None:
    """Enveloppe, exercices, retards, SIRET, retraits : les chiffres du contrat."""
    copie = dossier / "fabriques.db"
    (consommation,) = demander(copie, "consommation")
    assert consommation["disponible_centimes"] == 2_980_000_000
    assert consommation["paye_centimes"] == 1_500_000_000
    exercices = {x["exercice"]: x for x in demander(copie, "exercices")}
    assert [exercices[a]["cp_payes_centimes"] for a in (2019, 2020, 2021, 2022)] == [
        0,
        720_000_000,
        390_000_000,
        390_000_000,
    ]
    assert exercices[2021]["retraits_anterieurs_centimes"] == 20_000_000
    retraits = demander(copie, "retraits_anterieurs")
    assert [(x["retire_centimes"], x["exercice"], x["nature"]) for x in retraits] == [
        (10_000_000, 2021, "subvention")
    ] * 2
    assert (len(demander(copie, "sans_siret")), len(demander(copie, "sans_convention"))) == (80, 80)
    versements = demander(copie, "versements_d_une_structure", structure="lab01-01500")
    assert [x["montant_centimes"] for x in versements] == [
        5_000_000,
        10_000_000,
        5_000_000,
        5_000_000,
    ]
    histoire = demander(copie, "histoire_d_une_structure", structure="lab01-01500")
    assert [x["type_libelle"] for x in histoire][:2] == [
        "Candidature déposée",
        "Fabrique labellisée",
    ]
    assert demander(copie, "echeances_en_retard") == demander(copie, "plus_gros_restes") == []
    codes = {x["code"]: x["nombre"] for x in demander(copie, "anomalies")}
    assert codes["siret_absent"] == 80


def test_les_retards_et_les_restes_sont_ceux_des_echeanciers(tmp_path: Path) -> None:
    """Sur l'exemple complet, retards, dus et restes sont ceux que donnent les autres verbes."""
    base = creer(tmp_path / "exemple.db", recit_complet())
    cible = tmp_path / "dossier"
    assert lancer("explorer", "--base", base, "-o", cible).code == 0
    copie = cible / "fabriques.db"
    figure = lancer("enveloppe", "--base", base, "--format", "json").json
    restes = demander(copie, "plus_gros_restes")
    assert sum(x["reste_centimes"] for x in restes) == figure["reste_a_payer_centimes"]
    assert restes[0]["reste_centimes"] == max(x["reste_centimes"] for x in restes)
    attendus = {"en_retard": 0, "exigible": 0, "partielle": 0}
    for structure in lancer("structures", "--base", base, "--format", "json").json:
        arguments = ("echeancier", structure["structure"], "--base", base, "--format", "json")
        for tranche in lancer(*arguments).json["tranches"]:
            if tranche["statut"] in attendus:
                attendus[tranche["statut"]] += 1
    assert len(demander(copie, "echeances_en_retard")) == attendus["en_retard"] == 5
    assert len(demander(copie, "echeances_a_payer")) == sum(attendus.values())
    assert [x["structure"] for x in demander(copie, "sans_convention")] == ["sans-convention"]
    assert [x["structure"] for x in demander(copie, "sans_siret")] == ["numerique", "sans-siret"]
    tardifs = lancer("journal", "--base", base, "--format", "csv").sortie.splitlines()
    assert len(demander(copie, "faits_antidates")) == sum(",true," in x for x in tardifs)


def test_qui_a_ordonne_et_paye_est_dit_tranche_par_tranche(ordonnancee: Path) -> None:
    """Par tranche, qui a ordonnancé et payé, combien, et si une même personne a fait les deux."""
    lignes = demander(ordonnancee, "qui_a_ordonne_et_paye")
    assert [tuple(ligne.values())[2:] for ligne in lignes] == [
        (0, "paul", "paul", 5_000_000, 3_000_000, 1),
        (1, "odile", "paul", 5_000_000, 3_000_000, 0),
    ]


def test_toutes_les_questions_tournent_sur_un_programme_vide(tmp_path: Path) -> None:
    """Sur un programme sans fait d'argent, chaque question répond, sans ligne inventée."""
    base, cible = tmp_path / "vide.db", tmp_path / "vide"
    creer(base, [ouverture()])
    assert lancer("explorer", "--base", base, "-o", cible).code == 0
    for requete in REQUETES:
        lignes = demander(cible / "fabriques.db", requete.nom, structure="x")
        assert len(lignes) == (requete.nom in ("consommation", "anomalies")), requete.nom
    (consommation,) = demander(cible / "fabriques.db", "consommation")
    assert consommation["disponible_centimes"] == 4_500_000_000


def test_les_metadonnees_ont_titres_unites_et_questions(dossier: Path) -> None:
    """Chaque table a son titre français, chaque colonne sa phrase avec l'unité, chaque question."""
    lues = json.loads((dossier / "metadata.json").read_text("utf-8"))
    fabriques = lues["databases"]["fabriques"]
    assert set(fabriques["tables"]) == {*TABLES, *VUES}
    assert [r.nom for r in REQUETES] == list(fabriques["queries"])
    assert fabriques["tables"]["v_echeancier"]["columns"]["reste_centimes"] == (
        "Reste à verser. (centimes d'euro)"
    )
    assert "position 464" in lues["description"]
    assert "fabriques-de-territoire" in lues["description"]


def test_lancer_demarre_datasette_sur_le_dossier(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--lancer démarre Datasette sur la copie immuable, en local, et rend son code de sortie."""
    vus: list[list[str]] = []

    class Fini:
        returncode = 7

    def run(commande: list[str], **_: Any) -> Fini:
        vus.append(commande)
        return Fini()

    monkeypatch.setattr("subprocess.run", run)
    cible = tmp_path / "dossier"
    fait = lancer("explorer", "--base", base, "-o", cible, "--lancer")
    assert fait.code == 7
    (commande,) = vus
    assert commande[1:5] == ["-m", "datasette", "serve", "--immutable"]
    assert shlex.split(fait.sortie.splitlines()[1])[1:] == commande[3:]
    assert commande[commande.index("--host") + 1] == "127.0.0.1"
    shutil.rmtree(cible)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    fait = lancer("explorer", "--base", base, "-o", cible, "--lancer")
    assert fait.code == 2
    assert "pip install 'fabriques-ledger[explorateur]'" in fait.erreur
