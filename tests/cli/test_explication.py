"""Les verbes expliquer et comparer, sur la démonstration."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from commands.cli.rendu import pour_cent
from ledger import SQLiteStore
from tests.cli.outils import PROGRAMME, lancer
from tests.tableurs.evaluer import ecarts, lire_ods, lire_xlsx
from tests.unit.monde import Monde

RETRAITS = (307, 308)
"""Positions of the two labels withdrawn on 15 February 2021."""
STRUCTURES = {
    307: "commune-de-saint-benoit-97470",
    308: "la-raffinerie-les-rencontres-alternatives-97460",
}
MEMBRES_ECART = {
    "cellule",
    "unite",
    "avant_centimes",
    "apres_centimes",
    "difference_centimes",
    "contributions",
}


def test_expliquer_rend_les_membres_du_contrat_et_leur_somme(base_golden: Path) -> None:
    """Le disponible est l'ouverture, moins quatre-vingts labels et trente-deux bonus."""
    fait = lancer("expliquer", "enveloppe.disponible", "--base", base_golden, "--format", "json")
    assert (fait.code, fait.erreur) == (0, "")
    lu = fait.json
    contributions = lu.pop("contributions")
    assert lu == {
        "cellule": "enveloppe.disponible",
        "unite": "centimes",
        "valeur_centimes": 2_980_000_000,
        "programme": PROGRAMME,
        "position": 464,
        "au": None,
    }
    assert contributions[:3] == [
        {"position": 1, "type": "programme-ouvert", "structure": None, "centimes": 4_500_000_000},
        {
            "position": 4,
            "type": "fabrique-labellisee",
            "structure": "lab01-01500",
            "centimes": -15_000_000,
        },
        {
            "position": 5,
            "type": "bonus-numerique-accorde",
            "structure": "lab01-01500",
            "centimes": -10_000_000,
        },
    ]
    assert len(contributions) == 1 + 80 + 32
    assert sum(c["centimes"] for c in contributions) == 2_980_000_000
    enveloppe = lancer("enveloppe", "--base", base_golden, "--format", "json").json
    assert enveloppe["disponible_centimes"] == 2_980_000_000


def test_expliquer_montre_un_tableau_francais_dont_le_total_est_le_chiffre(
    base_golden: Path,
) -> None:
    """Position, date d'effet, type, structure, montant ; la ligne de total est le chiffre."""
    fait = lancer(
        *("expliquer", "credits.2021.retraits_anterieurs", "--base", base_golden),
        *("--au", "31/12/2021"),
    )
    assert fait.code == 0
    assert fait.sortie == (
        f"Explication de credits.2021.retraits_anterieurs · {PROGRAMME}\n"
        "Faits comptés : jusqu'au 31/12/2021 · connu à la position 464\n"
        "\n"
        "Position  Effet       Fait          Structure                            Montant\n"
        "--------  ----------  ------------  ------------------------------  ------------\n"
        "     307  15/02/2021  label retiré  commune-de-saint-benoit-97470   100 000,00 €\n"
        "     308  15/02/2021  label retiré  la-raffinerie-les-renco…-97460  100 000,00 €\n"
        "                                    Total                           200 000,00 €\n"
        "\n"
        "2 faits\n"
    )


def test_expliquer_ecrit_une_ligne_de_csv_par_contribution(base_golden: Path) -> None:
    """En CSV, une ligne par fait, avec la cellule, son unité et la date d'effet."""
    fait = lancer(
        *("expliquer", "echeancier.lab01-01500.2.reste", "--base", base_golden),
        *("--format", "csv"),
    )
    assert fait.sortie == (
        "cellule,unite,position,date_effet,type,structure,centimes,source_fichier,source_feuille,"
        "source_ligne\n"
        "echeancier.lab01-01500.2.reste,centimes,4,2020-02-03,fabrique-labellisee,lab01-01500,"
        "5000000,,,\n"
        "echeancier.lab01-01500.2.reste,centimes,309,2021-03-01,tranche-versee,lab01-01500,"
        "-5000000,,,\n"
    )


def test_expliquer_compte_les_labels_et_les_taux_dans_leur_unite(base_golden: Path) -> None:
    """Un nombre et un taux ne s'affichent pas en euros ; sans contribution, une phrase le dit."""
    labels = lancer("expliquer", "labels", "--base", base_golden).sortie
    assert labels.splitlines()[-3].split() == ["Total", "78"]
    taux = lancer("expliquer", "enveloppe.taux_consommation", "--base", base_golden).sortie
    assert taux.splitlines()[-3].split() == ["Total", "33,78", "%"]
    rien = lancer("expliquer", "labels", "--base", base_golden, "--au", "2019-12-31").sortie
    assert rien.splitlines()[-1] == "Aucun fait ne change ce chiffre, qui vaut 0."


def test_comparer_dit_quand_un_fait_y_est_tardif(tmp_path: Path) -> None:
    """Sous un écart fait d'un fait tardif, une phrase dit la règle ; sans fait tardif, rien."""
    base = tmp_path / "tardif.db"
    store = SQLiteStore(base, creer=True)
    monde = Monde(store=store)
    monde.label()
    monde.label("s2", "2020-06-01")
    monde.payer(1, "2020-03-02")
    monde.payer(1, "2020-06-02", structure="s2")
    store.fermer()
    regle = "inconnu de la première vue, et daté d'un jour qu'elle donnait pour passé"
    demande = ("comparer", "5", "6", "--base", base, "--cellule", "enveloppe.paye")
    assert " ".join(lancer(*demande).sortie.split()).endswith(f"Fait tardif : {regle}.")
    assert "Fait tardif" not in lancer("comparer", "6", "7", "--base", base).sortie
    assert lancer(*demande, "-o", tmp_path / "tardif.xlsx").code == 0
    controle = lire_xlsx((tmp_path / "tardif.xlsx").read_bytes())["Contrôle"].lignes()
    assert [ligne[1] for ligne in controle if ligne[:1] == ["Fait tardif"]] == [regle]


def test_la_difference_de_deux_taux_est_en_points(base_golden: Path, tmp_path: Path) -> None:
    """Deux taux en %, leur différence et ce que chaque fait y ajoute en points, partout."""
    taux = ("--cellule", "enveloppe.taux_consommation")
    demande = ("comparer", "100", "464", "--base", base_golden, *taux)
    (ecart,) = lancer(*demande, "--format", "json").json
    lignes = lancer(*demande).sortie.splitlines()
    dits = [pour_cent(ecart[f"{quand}_centimes"]) for quand in ("avant", "apres")]
    assert f"enveloppe.taux_consommation : {dits[0]} → {dits[1]}" in lignes
    assert [ligne for ligne in lignes if "%" in ligne and "→" not in ligne] == []
    difference = f"{pour_cent(ecart['difference_centimes'])[:-2]} points"
    (total,) = [ligne for ligne in lignes if ligne.split()[:1] == ["total"]]
    assert total.endswith(f" {difference}")
    texte = lancer(*demande, "--format", "csv-fr").octets.decode("utf-8-sig")
    premiere = next(csv.DictReader(texte.splitlines(), delimiter=";"))
    assert [premiere[t] for t in ("Avant", "Après", "Différence")] == [*dits, difference]
    assert re.fullmatch(r"-?\d+,\d\d points?", premiere["Contribution"])
    for suffixe, lire in (("xlsx", lire_xlsx), ("ods", lire_ods)):
        fichier = tmp_path / f"taux.{suffixe}"
        assert lancer(*demande, "-o", fichier).code == 0
        livre = lire(fichier.read_bytes())
        rang = livre["Comparaison"].lignes()[0].index("Différence")
        valeur = livre["Comparaison"].lignes()[1][rang]
        assert round(valeur * 100) == ecart["difference_centimes"]
        assert ecarts(livre) == []


@pytest.mark.parametrize(
    ("chiffre", "phrase"),
    [
        ("enveloppe.disponibles", "Noms proches : enveloppe.disponible"),
        ("n'importe quoi", "Écrire par exemple enveloppe.disponible"),
        ("echeancier.lab01.2", "Identifiants proches : lab01-01500."),
    ],
)
def test_un_chiffre_inconnu_sort_2_avec_des_propositions(
    base_golden: Path, chiffre: str, phrase: str
) -> None:
    """Un chiffre ou une structure qui n'existe pas : code 2, rien en sortie, des noms proches."""
    fait = lancer("expliquer", chiffre, "--base", base_golden)
    assert (fait.code, fait.octets) == (2, b"")
    assert phrase in fait.erreur


def test_comparer_explique_les_deux_abandons_de_2021(base_golden: Path) -> None:
    """Avant et après les abandons : 200 000 € retirés, rien de rendu, deux labels en moins."""
    fait = lancer(
        *("comparer", "306", "308", "--base", base_golden, "--format", "json"),
        *("--cellule", "enveloppe.*"),
    )
    assert (fait.code, fait.erreur) == (0, "")

    def ecart(cellule: str, unite: str, avant: int, apres: int) -> dict[str, Any]:
        contributions = [
            {
                "position": position,
                "type": "label-retire",
                "structure": STRUCTURES[position],
                "classe": "fait_nouveau",
                "centimes": (apres - avant) // 2,
            }
            for position in RETRAITS
        ]
        return {
            "cellule": cellule,
            "unite": unite,
            "avant_centimes": avant,
            "apres_centimes": apres,
            "difference_centimes": apres - avant,
            "contributions": contributions,
        }

    assert fait.json == [
        ecart("enveloppe.retraits_anterieurs", "centimes", 0, 20_000_000),
        ecart("enveloppe.reste_a_payer", "centimes", 800_000_000, 780_000_000),
        ecart("enveloppe.labels.total", "nombre", 80, 78),
        ecart("enveloppe.labels.qpv", "nombre", 80, 78),
    ]


def test_comparer_au_a_la_meme_date_ne_compte_que_les_faits_de_cette_date(
    base_golden: Path,
) -> None:
    """--au borne les deux vues : fin 2020, les abandons de 2021 ne sont pas encore là."""
    options = ("--base", base_golden, "--au", "2020-12-31", "--format", "json")
    assert lancer("comparer", "306", "464", *options).json == []
    assert len(lancer("comparer", "302", "303", *options).json) > 0


def test_comparer_un_point_a_lui_meme_ne_trouve_rien(base_golden: Path) -> None:
    """Le même point : liste vide, code 0, et « Aucun écart. » dans le tableau."""
    for point in ("308", "2999-01-01", "01/01/2000"):
        fait = lancer("comparer", point, point, "--base", base_golden, "--format", "json")
        assert (fait.code, fait.json) == (0, [])
    table = lancer("comparer", "308", "308", "--base", base_golden)
    assert (table.code, table.sortie.splitlines()[-1]) == (0, "Aucun écart.")


def test_comparer_lit_des_instants_comme_connu_au(base_golden: Path) -> None:
    """D'avant le journal à après lui, tout est écart ; une heure sans fuseau est refusée."""
    options = ("--base", base_golden, "--format", "json", "--cellule", "structures.*.montant")
    par_instant = lancer("comparer", "2000-01-01", "2999-01-01T00:00:00Z", *options)
    assert len(par_instant.json) == 80
    assert par_instant.json == lancer("comparer", "0", "464", *options).json
    refus = lancer("comparer", "2000-01-01T10:00:00", "464", "--base", base_golden)
    assert (refus.code, refus.octets) == (2, b"")
    assert "n'est ni une position (325)" in refus.erreur
    assert "Ce n'est pas non plus un fichier." in refus.erreur


def test_comparer_montre_les_sous_totaux_par_classe_et_le_total(base_golden: Path) -> None:
    """Le tableau groupe par cellule : avant et après, faits, sous-totaux par classe, total."""
    fait = lancer(*("comparer", "301", "302", "--base", base_golden, "--cellule", "enveloppe.paye"))
    assert fait.sortie == (
        f"Comparaison · {PROGRAMME}\n"
        "Avant : connu à la position 301\n"
        "Après : connu à la position 302\n"
        "\n"
        "enveloppe.paye : 6 950 000,00 € → 7 000 000,00 €\n"
        "Position  Classe        Fait            Structure                       Écart\n"
        "--------  ------------  --------------  ------------------------  -----------\n"
        "     302  fait nouveau  tranche versée  hub-de-la-reussite-95140  50 000,00 €\n"
        "          fait nouveau  sous-total      1 fait                    50 000,00 €\n"
        "                        total                                     50 000,00 €\n"
        "\n"
        "1 chiffre en écart\n"
    )


def test_comparer_ecrit_une_ligne_de_csv_par_contribution(base_golden: Path) -> None:
    """En CSV, une ligne par fait et par cellule ; en jsonl, une ligne par cellule."""
    options = ("comparer", "306", "308", "--base", base_golden)
    lignes = list(csv.DictReader(io.StringIO(lancer(*options, "--format", "csv").sortie)))
    ecarts = lancer(*options, "--format", "json").json
    assert all(set(e) == MEMBRES_ECART for e in ecarts)
    attendues = [(e["cellule"], c["position"]) for e in ecarts for c in e["contributions"]]
    assert [(x["cellule"], int(x["position"])) for x in lignes] == attendues
    assert lignes[0] == {
        "cellule": "enveloppe.retraits_anterieurs",
        "unite": "centimes",
        "avant_centimes": "0",
        "apres_centimes": "20000000",
        "difference_centimes": "20000000",
        "position": "307",
        "type": "label-retire",
        "structure": STRUCTURES[307],
        "classe": "fait_nouveau",
        "centimes": "10000000",
    }
    assert lancer(*options, "--format", "jsonl").lignes_json == ecarts


@pytest.mark.parametrize("nom", ["r.json", "r.html"])
def test_comparer_part_d_un_rapport_a_sa_propre_date(
    base_golden: Path, tmp_path: Path, nom: str
) -> None:
    """Un rapport JSON ou HTML est un point : sa position, et sa date d'effet plutôt que --au."""
    fichier = tmp_path / nom
    demande = ("--base", base_golden, "--au", "2020-12-31", "--format", fichier.suffix[1:])
    assert lancer("rapport", *demande, "-o", fichier).code == 0
    options = ("--base", base_golden, "--au", "2021-12-31", "--cellule", "enveloppe.labels.*")
    lu = lancer("comparer", fichier, "464", *options, "--format", "json")
    assert (lu.code, lu.erreur) == (0, "")
    assert {e["cellule"]: e["difference_centimes"] for e in lu.json} == {
        "enveloppe.labels.total": -2,
        "enveloppe.labels.qpv": -2,
    }
    table = lancer("comparer", fichier, "464", *options, env={"COLUMNS": "300"})
    assert table.sortie.splitlines()[1:3] == [
        f"Avant : connu à la position 464 ({fichier}) · jusqu'au 31/12/2020",
        "Après : connu à la position 464 · jusqu'au 31/12/2021",
    ]


def test_comparer_refuse_le_rapport_d_un_autre_journal(base_golden: Path, tmp_path: Path) -> None:
    """Un rapport dont la racine n'est pas celle du journal à sa position : rapport_divergent, 2."""
    fichier = tmp_path / "r.json"
    lu = lancer("rapport", "--base", base_golden, "--format", "json").json
    lu["entete"]["position"] -= 1
    fichier.write_text(json.dumps(lu), "utf-8")
    fait = lancer("comparer", "464", fichier, "--base", base_golden)
    assert (fait.code, fait.octets) == (2, b"")
    assert fait.erreur.startswith("Erreur (rapport_divergent) : ")


@pytest.mark.parametrize(
    "octets", [b"", b"{}", b"[1]", b'{"entete": 3}', b"\x80\xff", b"<html></html>", b"[" * 9999]
)
def test_un_fichier_qui_n_est_pas_un_rapport_est_refuse(
    base_golden: Path, tmp_path: Path, octets: bytes
) -> None:
    """Tout autre fichier est refusé d'une phrase, code 2."""
    fichier = tmp_path / "autre.json"
    fichier.write_bytes(octets)
    fait = lancer("comparer", fichier, "464", "--base", base_golden)
    assert (fait.code, fait.octets) == (2, b"")
    assert "n'est pas un rapport" in fait.erreur
    dossier = lancer("comparer", tmp_path, "464", "--base", base_golden)
    assert dossier.code == 2
    assert "c'est un dossier" in dossier.erreur


def test_expliquer_et_comparer_refusent_ce_que_la_base_n_a_pas(
    base_golden: Path, tmp_path: Path
) -> None:
    """Base absente : 4 ; position jamais atteinte : 2 ; rien n'est écrit en sortie."""
    absente = tmp_path / "rien.db"
    for arguments, code in (
        (("expliquer", "labels", "--base", absente), 4),
        (("comparer", "1", "2", "--base", absente), 4),
        (("expliquer", "labels", "--base", base_golden, "--connu-au", "465"), 2),
        (("comparer", "1", "465", "--base", base_golden), 2),
    ):
        fait = lancer(*arguments)
        assert (fait.code, fait.octets) == (code, b""), arguments
    assert not absente.exists()
