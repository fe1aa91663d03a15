"""Les données essentielles des conventions : valides, à jour, et jamais inventées."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path

import pytest

from ledger import Journal, SQLiteStore
from projections import regarder
from projections.exports.attributions import attributions, mois_apres
from projections.exports.scdl_regles import COLONNES, defauts
from tests.cli.outils import lancer
from tests.publication.exemple import (
    ATTRIBUANT,
    FORMULE,
    creer,
    ouverture,
    recit_complet,
    siret,
)
from tests.publication.table_schema import SCHEMA, fautes

ENTETE = ",".join(COLONNES)
ATTENDU = f"""{ENTETE}
Préfecture d'exemple,{siret(0)},2020-03-10,CONV-avenant,Association avenant,{siret(2)},,\
Programme d'exemple,90000.50,aide en numéraire,échelonné,2020-02-03/2021-06-30,,non,1.00,
Préfecture d'exemple,{siret(0)},2020-03-10,CONV-complete,Association complete,{siret(1)},,\
Programme d'exemple,150000.00,aide en numéraire,échelonné,2020-02-03/2022-03-01,,non,1.00,
Préfecture d'exemple,{siret(0)},2021-05-10,CONV-formule,\
"'=HYPERLINK(""https://exemple.invalid"";""Ici"")",{siret(6)},,\
Programme d'exemple,150000.00,aide en numéraire,échelonné,2020-02-03/2022-03-01,,non,1.00,
Préfecture d'exemple,{siret(0)},2020-03-31,CONV-numerique,Association numerique,,W123456789,\
"Programme d'exemple (dont bonus numérique 100 000,00 €)",250000.00,aide en numéraire,échelonné,\
2020-02-03/2022-03-01,,non,1.00,
Préfecture d'exemple,{siret(0)},2020-03-10,CONV-retiree,Association retiree,{siret(3)},,\
"Programme d'exemple (label retiré le 15/02/2021, montant ramené à ce qui reste attribué)",\
50000.00,aide en numéraire,unique,2020-03-20,,non,1.00,
Préfecture d'exemple,{siret(0)},2020-05-31,CONV-unique,Association unique,{siret(7)},,\
Programme d'exemple,50000.00,aide en numéraire,unique,2020-06-01,,non,1.00,
"""
INCOMPLETES = """structure,porteur,statut,manque,date_convention,date_limite,jours_de_retard
rendue,Association rendue,sans_objet,"label retiré, plus rien n'est attribué",2020-03-10,\
2020-06-10,0
sans-convention,Association sans-convention,incomplete,dateConvention : absent,,,0
sans-siret,Association sans-siret,incomplete,"idBeneficiaire, rnaBeneficiaire : ni SIRET ni RNA",\
2020-03-10,2020-06-10,334
"""
BONNE = dict.fromkeys(COLONNES, "") | {
    "nomAttribuant": "Préfecture",
    "idAttribuant": siret(0),
    "dateConvention": "2020-03-10",
    "nomBeneficiaire": "Association",
    "idBeneficiaire": siret(1),
    "objet": "Objet",
    "montant": "150000.00",
    "nature": "aide en numéraire",
    "conditionsVersement": "unique",
    "datesPeriodeVersement": "2020-03-10",
    "notificationUE": "non",
    "pourcentageSubvention": "1.00",
}


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole example, never written to by a test."""
    return creer(tmp_path_factory.mktemp("scdl") / "exemple.db", recit_complet())


def structures(octets: bytes) -> list[str]:
    """The agreements of a file, by the reference of their decision."""
    lignes = csv.DictReader(octets.decode("utf-8").splitlines())
    return [ligne["referenceDecision"].removeprefix("CONV-") for ligne in lignes]


def test_les_colonnes_sont_celles_du_schema_officiel() -> None:
    """Les colonnes sont celles du schéma officiel, dans son ordre, obligatoires comprises."""
    assert list(COLONNES) == [champ["name"] for champ in SCHEMA["fields"]]
    requises = {c["name"] for c in SCHEMA["fields"] if c.get("constraints", {}).get("required")}
    assert {d.partition(" : ")[0] for d in defauts({})} - {"idBeneficiaire, rnaBeneficiaire"} == (
        requises
    )


def test_chaque_convention_publie_son_etat_courant(complete: Path, tmp_path: Path) -> None:
    """Avenant, bonus, retrait, versement unique : le fichier entier est celui attendu."""
    incompletes = tmp_path / "incompletes.csv"
    fait = lancer("exporter", "scdl", "--base", complete, "--incompletes", incompletes)
    assert fait.code == 0
    assert fait.sortie == ATTENDU
    assert fautes(fait.octets) == []
    assert incompletes.read_text("utf-8") == INCOMPLETES


def test_le_fichier_est_rattache_a_sa_ligne_du_journal(complete: Path) -> None:
    """La position, la racine, l'empreinte du fichier et ce qui manque sont dits à part."""
    fait = lancer("exporter", "scdl", "--base", complete)
    releve = lancer("releve", "--base", complete).sortie.splitlines()
    lignes = fait.erreur.splitlines()
    assert lignes[:6] == [
        "Publiées : 6. Incomplètes, non publiées : 2. "
        "Sans objet (label retiré, rien d'attribué) : 1.",
        "  1 fois, dateConvention : absent",
        "  1 fois, idBeneficiaire, rnaBeneficiaire : ni SIRET ni RNA",
        "Signées depuis plus de trois mois au 2021-05-10 : 6, à publier sans attendre "
        "(avenant, complete, numerique, retiree, sans-siret, ...).",
        "Textes coupés, ou précédés d'une apostrophe pour les tableurs : 1 (formule).",
        "Supposé : aide non notifiée à la Commission européenne (--notification-ue).",
    ]
    assert lignes[6] == "Programme : exemple - Programme d'exemple"
    assert lignes[8:10] == [f"Position : {releve[1]}", f"Racine : {releve[2]}"]
    assert lignes[12:] == [f"SHA-256 du fichier : {hashlib.sha256(fait.octets).hexdigest()}"]


def test_deux_exports_donnent_les_memes_octets(complete: Path, tmp_path: Path) -> None:
    """Le même grand livre donne le même fichier, à l'octet près."""
    fichiers = [tmp_path / "un.csv", tmp_path / "deux.csv"]
    for fichier in fichiers:
        assert lancer("exporter", "scdl", "--base", complete, "-o", fichier).code == 0
    assert fichiers[0].read_bytes() == fichiers[1].read_bytes() == ATTENDU.encode()


def test_la_publication_suit_les_deux_dates(complete: Path) -> None:
    """À une date passée, ou connue à une position passée, seul ce qui comptait est publié."""
    fin_mars = lancer("exporter", "scdl", "--base", complete, "--au", "2020-03-31").octets
    assert structures(fin_mars) == ["avenant", "complete", "numerique", "rendue", "retiree"]
    assert b"90000.50" not in fin_mars
    assert b"retir\xc3\xa9 le" not in fin_mars
    connu = lancer("exporter", "scdl", "--base", complete, "--connu-au", "4").octets
    assert structures(connu) == ["complete"]
    assert lancer("exporter", "scdl", "--base", complete, "--connu-au", "0").sortie == f"{ENTETE}\n"


def test_depuis_ne_publie_que_le_nouveau_et_le_change(complete: Path, tmp_path: Path) -> None:
    """--depuis donne les conventions signées ou changées depuis ce jour, et le retard restant."""
    retards = tmp_path / "retards.csv"
    dates = ("--depuis", "01/01/2021", "--au", "2021-03-31")
    fait = lancer("exporter", "scdl", "--base", complete, *dates, "--retards", retards)
    assert structures(fait.octets) == ["avenant", "retiree"]
    assert "Inchangées depuis le 2021-01-01 : 3." in fait.erreur
    retenues = [
        ligne["structure"] for ligne in csv.DictReader(retards.read_text("utf-8").splitlines())
    ]
    assert retenues == ["sans-siret"]
    avril = ("--depuis", "2020-03-11", "--au", "2020-09-01")
    fait = lancer("exporter", "scdl", "--base", complete, *avril, "--retards", retards)
    assert structures(fait.octets) == ["numerique", "unique"]
    lignes = list(csv.DictReader(retards.read_text("utf-8").splitlines()))
    assert [(x["structure"], x["statut"], x["jours_de_retard"]) for x in lignes] == [
        ("numerique", "publiee", "63"),
        ("sans-siret", "incomplete", "83"),
        ("unique", "publiee", "1"),
    ]
    veille = ("--depuis", "2020-03-11", "--au", "2020-08-31")
    lancer("exporter", "scdl", "--base", complete, *veille, "--retards", retards)
    retenues = [
        ligne["structure"] for ligne in csv.DictReader(retards.read_text("utf-8").splitlines())
    ]
    assert "unique" not in retenues


@pytest.mark.parametrize(
    ("signee", "limite"),
    [
        ("2020-03-10", "2020-06-10"),
        ("2020-11-30", "2021-02-28"),
        ("2019-11-30", "2020-02-29"),
        ("2020-12-31", "2021-03-31"),
        ("2020-10-01", "2021-01-01"),
    ],
)
def test_trois_mois_se_comptent_au_calendrier(signee: str, limite: str) -> None:
    """Trois mois après la signature : le même jour du mois, ou le dernier quand il n'existe pas."""
    assert mois_apres(date.fromisoformat(signee), 3) == date.fromisoformat(limite)


def test_la_demonstration_ne_publie_rien_et_dit_pourquoi(base_demo: Path) -> None:
    """Sans SIRET, sans convention et sans attribuant, rien n'est publié ni inventé."""
    fait = lancer("exporter", "scdl", "--base", base_demo)
    assert (fait.code, fait.sortie) == (0, f"{ENTETE}\n")
    assert "Publiées : 0. Incomplètes, non publiées : 80." in fait.erreur
    for manque in ("dateConvention", "idAttribuant", "nomAttribuant", "idBeneficiaire, rna"):
        assert f"  80 fois, {manque}" in fait.erreur


def test_un_numero_du_pacifique_n_a_pas_de_colonne_et_c_est_dit(tmp_path: Path) -> None:
    """Sans SIRET ni RNA à Nouméa ou à Papeete, la ligne est mise à part et dit pourquoi."""
    recit = ouverture()
    for structure, code in (("noumea", "98800"), ("papeete", "98714"), ("dijon", "21000")):
        recit.label(structure, None, code_postal=code)
        recit.signer(structure, "2020-03-10")
    recit.label("avec-siret", 1, code_postal="98800")
    recit.signer("avec-siret", "2020-03-10")
    base = creer(tmp_path / "pacifique.db", recit.commandes)
    a_part = tmp_path / "a-part.csv"
    fait = lancer("exporter", "scdl", "--base", base, "--incompletes", a_part)
    assert structures(fait.octets) == ["avec-siret"]
    lignes = csv.DictReader(a_part.read_text("utf-8").splitlines())
    lues = {x["structure"]: x["manque"] for x in lignes}
    ni = "idBeneficiaire, rnaBeneficiaire : ni SIRET ni RNA"
    suite = "n'a pas de colonne dans le schéma, ni de place au grand livre"
    assert lues == {
        "dijon": ni,
        "noumea": f"{ni} ; idBeneficiaire : code postal 98800, un numéro RIDET {suite}",
        "papeete": f"{ni} ; idBeneficiaire : code postal 98714, un numéro TAHITI {suite}",
    }


def test_l_attribuant_que_le_journal_ne_tient_pas_se_declare(tmp_path: Path) -> None:
    """L'attribuant se déclare s'il manque au journal, et ne remplace jamais celui du journal."""
    muet = ouverture(attribuant=None)
    muet.label("a", 1)
    muet.signer("a", "2020-03-10")
    base = creer(tmp_path / "muet.db", muet.commandes)
    assert structures(lancer("exporter", "scdl", "--base", base).octets) == []
    declare = ("--attribuant", "Ministère d'exemple", "--siret-attribuant", siret(9))
    octets = lancer("exporter", "scdl", "--base", base, *declare).octets
    assert octets.splitlines()[1].startswith(f"Ministère d'exemple,{siret(9)},".encode())
    parlant = ouverture()
    base = creer(tmp_path / "parlant.db", parlant.commandes)
    parlant.label("a", 1)
    creer(base, parlant.commandes)
    fait = lancer("exporter", "scdl", "--base", base, *declare)
    assert (fait.code, fait.octets) == (2, b"")
    assert ATTRIBUANT["nom"] in fait.erreur


def test_un_texte_hostile_est_publie_sans_danger(complete: Path) -> None:
    """Un nom qui serait une formule est publié précédé d'une apostrophe, et cela est dit."""
    lignes = csv.DictReader(lancer("exporter", "scdl", "--base", complete).sortie.splitlines())
    noms = {ligne["idBeneficiaire"]: ligne["nomBeneficiaire"] for ligne in lignes}
    assert noms[siret(6)] == f"'{FORMULE}"


def test_un_intitule_trop_long_est_coupe_et_c_est_dit(tmp_path: Path) -> None:
    """L'objet tient en 256 signes : l'intitulé est coupé, le bonus reste lisible, et c'est dit."""
    recit = ouverture(intitule="=" + "é" * 499)
    recit.label("a", 1, numerique=True)
    recit.signer("a", "2020-03-10")
    recit.dire("AccorderBonusNumérique", "2020-03-11", structure="a")
    base = creer(tmp_path / "long.db", recit.commandes)
    fait = lancer("exporter", "scdl", "--base", base)
    assert fautes(fait.octets) == []
    (ligne,) = csv.DictReader(fait.sortie.splitlines())
    assert len(ligne["objet"]) == 256
    assert ligne["objet"].startswith("'=é")
    assert ligne["objet"].endswith("é… (dont bonus numérique 100 000,00 €)")
    assert "Textes coupés, ou précédés d'une apostrophe pour les tableurs : 1 (a)." in fait.erreur


def test_la_derniere_convention_enregistree_fait_foi(tmp_path: Path) -> None:
    """Une convention enregistrée de nouveau corrige la première : une ligne, la dernière."""
    recit = ouverture()
    recit.label("a", 1)
    recit.signer("a", "2020-03-10")
    recit.dire("SignerConvention", "2020-03-01", structure="a", reference="RECTIFIEE")
    base = creer(tmp_path / "deux.db", recit.commandes)
    (ligne,) = csv.DictReader(lancer("exporter", "scdl", "--base", base).sortie.splitlines())
    assert (ligne["dateConvention"], ligne["referenceDecision"]) == ("2020-03-01", "RECTIFIEE")


def test_un_montant_negatif_a_une_date_n_est_pas_publie(tmp_path: Path) -> None:
    """Retrait daté avant l'avenant qu'il annule : à cette date, la ligne est mise à part."""
    recit = ouverture()
    recit.label("a", 1, label={"montant_centimes": 7_500_000})
    recit.signer("a", "2020-03-10")
    tranches = [
        {"rang": 1, "exercice": 2020, "montant_centimes": 5_000_000, "echeance": "2020-02-03"},
        {"rang": 2, "exercice": 2021, "montant_centimes": 5_000_000, "echeance": "2021-03-01"},
    ]
    hausse = {"montant_centimes": 10_000_000, "echeancier": tranches, "motif": "Hausse"}
    recit.dire("SignerAvenant", "2020-09-01", structure="a", **hausse)
    recit.dire("RetirerLabel", "2020-06-01", structure="a", motif="Tardif")
    base = creer(tmp_path / "tardif.db", recit.commandes)
    for au in ("2020-07-01", "2020-12-31"):
        fait = lancer("exporter", "scdl", "--base", base, "--au", au)
        assert structures(fait.octets) == []
        assert "Sans objet (label retiré, rien d'attribué) : 1." in fait.erreur
    store = SQLiteStore(base, ecriture=False)
    try:
        vue = regarder(Journal(store, "exemple"), au=date(2020, 7, 1))
        assert [a.montant for a in attributions(vue).lignes] == [-2_500_000]
    finally:
        store.fermer()


@pytest.mark.parametrize(
    ("colonne", "valeur"),
    [
        ("montant", "NaN"),
        ("montant", "-1.00"),
        ("montant", "0.00"),
        ("montant", "1e5"),
        ("montant", "150000"),
        ("montant", "150 000,00"),
        ("datesPeriodeVersement", "2021-03-01/2020-03-01"),
        ("datesPeriodeVersement", "2021-02-30"),
        ("datesPeriodeVersement", "2020-01-01/2021-02-29"),
        ("datesPeriodeVersement", "2020-01-01_2021-01-01"),
        ("datesPeriodeVersement", "2020-01-01/2020-01-02/2020-01-03"),
        ("dateConvention", "2020-13-01"),
        ("dateConvention", "10/03/2020"),
        ("dateConvention", "20200310"),
        ("idBeneficiaire", "0" * 14),
        ("idBeneficiaire", f"{siret(1)[:-1]}{(int(siret(1)[-1]) + 1) % 10}"),
        ("idBeneficiaire", f"{siret(1)[:9]} {siret(1)[9:]}"),
        ("idAttribuant", "1"),
        ("rnaBeneficiaire", "W12345678"),
        ("objet", "x" * 257),
        ("objet", " bord"),
        ("conditionsVersement", "x" * 257),
        ("nature", "Aide en numéraire"),
        ("notificationUE", "OUI"),
        ("pourcentageSubvention", "0.009"),
        ("pourcentageSubvention", "1.01"),
        ("pourcentageSubvention", "NaN"),
        ("idRAE", "123456"),
        ("nomBeneficiaire", ""),
    ],
)
def test_une_valeur_que_les_validateurs_laissent_passer_est_vue(colonne: str, valeur: str) -> None:
    """NaN, négatif, période renversée, date impossible, SIRET faux : un défaut, et un seul."""
    assert defauts(BONNE) == []
    (defaut,) = defauts(BONNE | {colonne: valeur})
    assert defaut.startswith(f"{colonne} : ")


@pytest.mark.parametrize("part", ["0.01", "0.5", "1", "1.0", "0.333"])
def test_une_part_entre_un_centieme_et_un_est_admise(part: str) -> None:
    """La part d'un bénéficiaire va de 0.01 à 1, bornes comprises."""
    assert defauts(BONNE | {"pourcentageSubvention": part}) == []


def test_les_options_d_un_autre_format_sont_refusees(complete: Path, tmp_path: Path) -> None:
    """Une option de SCDL sur un autre format, ou deux listes au même endroit : refus, code 2."""
    cas = (
        ("beancount", "--depuis", "2020-01-01"),
        ("scdl", "--incompletes", tmp_path / "x.csv", "--retards", tmp_path / "x.csv"),
        ("scdl", "--incompletes", "-"),
        ("scdl", "--incompletes", complete),
        ("scdl", "--depuis", "2021-04-01", "--au", "2021-03-31"),
        ("scdl", "--depuis", "31/02/2020"),
        ("scdl", "--siret-attribuant", "12345678900000"),
        ("scdl", "--notification-ue", "peut-être"),
    )
    for arguments in cas:
        fait = lancer("exporter", arguments[0], "--base", complete, *arguments[1:])
        assert fait.code == 2, arguments
        assert "Traceback" not in fait.erreur
    assert list(tmp_path.iterdir()) == []
