"""Les verbes qui lisent les chiffres : membres publics, formats, dates."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from commands.cli.rendu import Colonne, aplatir, csv_lignes, json_ligne, pour_cent, tableau
from commands.cli.tables import table_structures
from projections import LigneStructure
from tests.cli.outils import PROGRAMME, depot, en_lignes, lancer, ouverture

COMPTES = {"total", "qpv", "hors_qpv", "numeriques"}
ENVELOPPE = {
    "programme",
    "position",
    "au",
    "enveloppe_centimes",
    "engage_centimes",
    "engage_subventions_centimes",
    "engage_bonus_centimes",
    "retraits_meme_exercice_centimes",
    "retraits_anterieurs_centimes",
    "disponible_centimes",
    "paye_centimes",
    "reste_a_payer_centimes",
    "reversements_centimes",
    "taux_consommation_dix_milliemes",
    "retraits_meme_exercice_bonus_centimes",
    "retraits_anterieurs_bonus_centimes",
    "labels",
    "quotas",
}
CREDITS = {
    "exercice",
    "ae_ouvertes_centimes",
    "ae_gelees_centimes",
    "ae_engagees_centimes",
    "retraits_meme_exercice_centimes",
    "retraits_anterieurs_centimes",
    "cp_ouverts_centimes",
    "cp_geles_centimes",
    "cp_payes_centimes",
    "regularisations_centimes",
    "reversements_centimes",
    "ae_disponibles_centimes",
    "cp_disponibles_centimes",
    "cp_restant_a_prevoir_centimes",
    "rap_ouverture_centimes",
    "rap_cloture_centimes",
}
STRUCTURE = {
    "structure",
    "porteur",
    "code_postal",
    "ville",
    "territoire",
    "numerique",
    "etat",
    "montant_centimes",
    "paye_centimes",
}
TRANCHE = {
    "rang",
    "exercice",
    "echeance",
    "montant_centimes",
    "verse_centimes",
    "reste_centimes",
    "statut",
}
RAPPORTS = ("enveloppe", "credits", "structures", "anomalies", "echeancier lab01-01500")


def test_enveloppe_donne_les_membres_du_contrat(base_golden: Path) -> None:
    """L'enveloppe en JSON a exactement les membres publiés, et les totaux de l'exemple de 2022."""
    figure = lancer("enveloppe", "--base", base_golden, "--format", "json").json
    assert set(figure) == ENVELOPPE
    assert set(figure["labels"]) == set(figure["quotas"]) == COMPTES
    assert figure["disponible_centimes"] == 29_800_000_00
    assert figure["retraits_anterieurs_centimes"] == 200_000_00
    assert figure["au"] is None


def test_credits_donne_les_membres_du_contrat(base_golden: Path) -> None:
    """Les crédits en JSON sont une liste par exercice, aux membres publiés."""
    lignes = lancer("credits", "--base", base_golden, "--format", "json").json
    assert [set(ligne) for ligne in lignes] == [CREDITS] * 4
    assert [ligne["exercice"] for ligne in lignes] == [2019, 2020, 2021, 2022]
    restes = [ligne["rap_cloture_centimes"] for ligne in lignes]
    assert restes == [3_200_000_00, 8_000_000_00, 3_900_000_00, 0]


def test_structures_donne_les_membres_du_contrat(base_golden: Path) -> None:
    """Le registre en JSON est une liste de 80 structures, aux membres publiés."""
    lignes = lancer("structures", "--base", base_golden, "--format", "json").json
    assert len(lignes) == 80
    assert {frozenset(ligne) for ligne in lignes} == {frozenset(STRUCTURE)}


def test_echeancier_donne_les_membres_du_contrat(base_golden: Path) -> None:
    """L'échéancier en JSON a les membres publiés, tranches et bonus compris."""
    figure = lancer("echeancier", "lab01-01500", "--base", base_golden, "--format", "json").json
    assert set(figure) == {
        "structure",
        "etat",
        "montant_centimes",
        "tranches",
        "bonus",
        "evenements",
    }
    assert [set(t) for t in figure["tranches"]] == [TRANCHE] * 3
    assert set(figure["bonus"]) == {"montant_centimes", "exercice", "verse_centimes"}


def test_anomalies_donne_les_membres_du_contrat(base_golden: Path) -> None:
    """Les anomalies en JSON ont les membres publiés, et n'en font pas un échec."""
    fait = lancer("anomalies", "--base", base_golden, "--format", "json")
    assert fait.code == 0
    assert {frozenset(a) for a in fait.json} == {
        frozenset({"code", "structure", "position", "detail"})
    }


@pytest.mark.parametrize("rapport", RAPPORTS)
@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv"])
def test_un_rapport_est_deterministe(rapport: str, format_: str, base_golden: Path) -> None:
    """Le même rapport, demandé deux fois, a deux fois les mêmes octets, fin de ligne comprise."""
    demande = (*rapport.split(), "--base", str(base_golden), "--format", format_)
    un, deux = lancer(*demande), lancer(*demande)
    assert (un.code, un.erreur) == (0, "")
    assert un.octets == deux.octets
    assert un.octets.endswith(b"\n")


@pytest.mark.parametrize("rapport", RAPPORTS)
def test_une_table_tient_en_80_colonnes(rapport: str, base_golden: Path) -> None:
    """Les tableaux courants tiennent en 80 colonnes, sans montant coupé ni espace final."""
    sortie = lancer(*rapport.split(), "--base", base_golden).sortie
    lignes = sortie.splitlines()
    assert [ligne for ligne in lignes if len(ligne) > 80] == []
    assert [ligne for ligne in lignes if ligne != ligne.rstrip()] == []
    assert "€…" not in sortie


def test_la_table_parle_en_euros_et_en_dates_francaises(base_golden: Path) -> None:
    """Le tableau de l'enveloppe s'écrit en euros, en dates françaises, vagues et rythme compris."""
    sortie = lancer("enveloppe", "--base", base_golden, "--au", "2020-12-31").sortie
    assert "45 000 000,00 €" in sortie
    assert "jusqu'au 31/12/2020" in sortie
    assert "Subvention moyenne : 150 000,00 €" in sortie
    assert "Labels par vague : 1 (80)" in sortie


def test_une_table_large_montre_les_porteurs(base_golden: Path) -> None:
    """Sur un terminal large, le registre montre aussi le porteur et le code postal."""
    etroite = lancer("structures", "--base", base_golden).sortie
    large = lancer("structures", "--base", base_golden, env={"COLUMNS": "300"}).sortie
    assert "Porteur" not in etroite
    assert "Porteur" in large
    assert "…" not in large


def test_les_deux_dates_s_appliquent(base_golden: Path) -> None:
    """--au (ISO ou française) et --connu-au (position ou instant) bornent les faits comptés."""
    demande = ("enveloppe", "--base", base_golden, "--format", "json")
    iso = lancer(*demande, "--au", "2019-12-31").json
    assert iso["disponible_centimes"] == 45_000_000_00
    assert iso == lancer(*demande, "--au", "31/12/2019").json
    connu = lancer(*demande, "--connu-au", "4").json
    assert (connu["position"], connu["labels"]["total"]) == (4, 1)
    assert lancer(*demande, "--connu-au", "2019-01-01").json["position"] == 0
    assert lancer(*demande, "--connu-au", "2999-12-31T10:00:00+01:00").json["position"] == 464


def test_le_csv_a_des_entetes_ascii_et_des_centimes(base_golden: Path) -> None:
    """Le CSV est en UTF-8, à la virgule, aux en-têtes ASCII et aux montants en centimes."""
    octets = lancer("structures", "--base", base_golden, "--format", "csv").octets
    entete = octets.partition(b"\n")[0]
    assert entete.isascii()
    lignes = list(csv.DictReader(io.StringIO(octets.decode("utf-8"))))
    assert set(lignes[0]) == STRUCTURE
    assert {ligne["numerique"] for ligne in lignes} == {"true", "false"}
    assert {ligne["montant_centimes"] for ligne in lignes} == {"15000000"}


def test_le_csv_garde_l_entete_d_une_liste_vide(base_golden: Path) -> None:
    """Un CSV sans ligne garde son en-tête."""
    demande = ("structures", "--base", base_golden, "--connu-au", "1", "--format", "csv")
    assert set(lancer(*demande).sortie.strip().split(",")) == STRUCTURE


@pytest.mark.parametrize("debut", ["=", "+", "-", "@", "\t", "\r"])
def test_le_csv_desamorce_les_formules(debut: str) -> None:
    """Un texte qu'un tableur exécuterait est précédé d'une apostrophe, un nombre négatif non."""
    octets = b"".join(csv_lignes(("a", "b"), [{"a": f"{debut}1+1", "b": -5}]))
    (_, ligne) = csv.reader(io.StringIO(octets.decode("utf-8"), newline=""))
    assert ligne == [f"'{debut}1+1".replace("\r", "\n").replace("\t", "\ufffd"), "-5"]


def test_un_nom_de_formule_reste_entier_en_json(base_neuve: Path) -> None:
    """Un porteur nommé comme une formule est désamorcé en CSV et intact en JSON."""
    commande = depot("a", porteur="=HYPERLINK(1)")
    assert lancer("executer", "-", "--base", base_neuve, entree=en_lignes([commande])).code == 0
    demande = ("structures", "--base", base_neuve, "--format")
    assert lancer(*demande, "json").json[0]["porteur"] == "=HYPERLINK(1)"
    assert "'=HYPERLINK(1)" in lancer(*demande, "csv").sortie


def test_les_caracteres_de_controle_sont_neutralises() -> None:
    """Un nom qui voudrait commander le terminal y est rendu inoffensif, et fidèle en JSON."""
    nom = "a\x1b[2Jb\x9b31m\u202ec\nd"
    ligne = LigneStructure("s", nom, "03200", nom, "qpv", False, "labellisee", 1, 0)
    table = table_structures((ligne,), largeur=200)
    assert not set(table) & set("\x1b\x9b\u202e")
    assert "a\N{REPLACEMENT CHARACTER}[2Jb" in table
    octets = json_ligne(ligne)
    assert not set(octets.decode("utf-8")) & set("\x1b\x9b\u202e")
    assert b"\\u009b31m\\u202e" in octets


def test_un_nom_long_n_est_raccourci_que_dans_la_table() -> None:
    """Une colonne souple est raccourcie par une ellipse, les autres jamais."""
    colonnes = (Colonne("Nom", souple="texte"), Colonne("Montant", True))
    table = tableau(colonnes, [["x" * 500, "45 000 000,00 €"]], largeur=40)
    assert [len(ligne) for ligne in table.splitlines()] == [40, 40, 40]
    assert table.endswith("…  45 000 000,00 €")


def test_une_reference_numerique_reste_un_texte() -> None:
    """Une référence qui ressemble à un nombre s'affiche telle quelle."""
    assert "1e5" in tableau((Colonne("Réf."),), [["1e5"]], largeur=80)


def test_les_membres_internes_s_aplatissent() -> None:
    """Un taux s'écrit avec deux décimales, un objet interne devient des colonnes."""
    assert [pour_cent(3378), pour_cent(-5), pour_cent(10000)] == ["33,78 %", "-0,05 %", "100,00 %"]
    assert aplatir({"a": {"b": 1}, "c": None}) == {"a_b": 1, "c": None}


@pytest.mark.parametrize(
    ("fichier", "debut"),
    [
        ("r.json", b"{\n"),
        ("r.jsonl", b'{"programme"'),
        ("r.csv", b"programme,position"),
        ("r.txt", "Enveloppe ·".encode()),
        ("r", "Enveloppe ·".encode()),
    ],
)
def test_le_suffixe_du_fichier_choisit_le_format(
    fichier: str, debut: bytes, base_golden: Path, tmp_path: Path
) -> None:
    """Avec -o, le suffixe choisit le format, la sortie standard reste vide."""
    fait = lancer("enveloppe", "--base", base_golden, "-o", tmp_path / fichier)
    assert (fait.code, fait.octets) == (0, b"")
    assert (tmp_path / fichier).read_bytes().startswith(debut)
    assert [p.name for p in tmp_path.iterdir()] == [fichier]


def test_un_rapport_n_ecrase_pas_la_base(base: Path) -> None:
    """Un rapport dirigé vers la base elle-même est refusé, et la base intacte."""
    avant = base.read_bytes()
    fait = lancer("journal", "--base", base, "-o", base, "--format", "jsonl")
    assert (fait.code, base.read_bytes()) == (2, avant)
    assert "est la base elle-même" in fait.erreur


def test_une_structure_inconnue_propose_les_proches(base_golden: Path) -> None:
    """Un identifiant inconnu est un défaut d'usage, qui propose les identifiants proches."""
    fait = lancer("echeancier", "raffinerie", "--base", base_golden)
    assert (fait.code, fait.octets) == (2, b"")
    assert "la-raffinerie-les-rencontres-alternatives-97460" in fait.erreur


def test_plusieurs_programmes_demandent_un_choix(base_neuve: Path) -> None:
    """Sans --programme, une base à plusieurs programmes les nomme et n'en choisit aucun."""
    seconde = en_lignes([ouverture("autre")])
    assert lancer("executer", "-", "--base", base_neuve, entree=seconde).code == 0
    for verbe in ("enveloppe", "verifier", "journal"):
        fait = lancer(verbe, "--base", base_neuve)
        assert (fait.code, fait.octets) == (2, b"")
        assert f"autre, {PROGRAMME}" in fait.erreur
        assert lancer(verbe, "--base", base_neuve, "--programme", "autre").code == 0
        assert lancer(verbe, "--base", base_neuve, "--programme", "tiers").code == 2


def test_le_taux_d_une_enveloppe_vide_est_sans_objet_au_terminal(base_golden: Path) -> None:
    """Avant le premier fait, rien ne se divise : le tableau ne dit pas 0 %, le JSON garde 0."""
    options = ("enveloppe", "--base", base_golden, "--connu-au", "0")
    (ligne,) = [x for x in lancer(*options).sortie.splitlines() if x.startswith("Taux")]
    assert ligne.split(maxsplit=3)[3] == "sans objet"
    assert lancer(*options, "--format", "json").json["taux_consommation_dix_milliemes"] == 0
