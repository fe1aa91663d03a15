"""La liste des mauvais fichiers : chacun refusé ou dit par son nom, en mémoire bornée."""

from __future__ import annotations

import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from odfdo import Cell, Document, Table

from commands.importer import (
    Bilan,
    Lecture,
    Plan,
    Registre,
    actes_du_tableau,
    constats_des_colonnes,
    entete_de,
)
from commands.tableaux import TableauIllisible, classeur, ouvrir_tableau
from commands.tableaux.unites import unite_du_format, unite_etrangere
from ledger import MemoryStore
from tests.tableaux.ecrire import ecrire, en_csv, en_xlsx

TITRES: list[Any] = ["Nom", "Code postal", "Ville", "QPV", "Numérique", "Date", "Montant"]
BONNE: list[Any] = ["Le Lieu", "75011", "Paris", "oui", "non", "03/02/2020", 75000]


def issues(chemin: Path) -> dict[int, str]:
    """Row -> the code of its first refusal, or the date and the cents that were read."""
    with ouvrir_tableau(chemin) as tableau:
        entete = entete_de(tableau, "candidatures", {}, {})
        actes = actes_du_tableau(
            tableau,
            entete,
            "candidatures",
            Plan("fabriques", "import", "instructeur"),
            Registre(MemoryStore(), "fabriques"),
            Bilan(),
            constantes={},
            lecture=Lecture(tableau.calendrier),
        )
        return {acte.ligne: acte.refus[0].code if acte.refus else _dire(acte) for acte in actes}


def _dire(acte: Any) -> str:
    return f"{acte.commande['date_effet']} {acte.commande.get('montant_demande_centimes')}"


def refus(chemin: Path) -> str:
    """The code of the refusal of a whole file."""
    with pytest.raises(TableauIllisible) as leve:
        issues(chemin)
    return leve.value.code


def avec_formats(dossier: Path, *formats: str) -> Path:
    """A row per number format of the amount."""
    feuille: Any = (classeur_ := openpyxl.Workbook()).active
    feuille.append(TITRES)
    for rang, format_ in enumerate(formats, start=2):
        feuille.append(BONNE)
        feuille.cell(rang, 7).number_format = format_
    classeur_.save(dossier / "a.xlsx")
    return dossier / "a.xlsx"


def test_un_nombre_montre_en_pour_cent_ou_en_dollars_n_est_pas_un_montant(tmp_path: Path) -> None:
    """Le format d'un nombre compte : 75 000 $, 50 % ou 75 k€ ne sont pas lus en euros."""
    autres = ("0%", "0.00%", "[$$-409]#,##0.00", '#,##0" k€"', '#,##0\\ "USD"', "[$£-809]#,##0")
    euros = ("General", "#,##0.00 €", '#,##0.00\\ "€"', "[$€-40C]#,##0.00", "_-* #,##0.00 _€_-")
    vues = issues(avec_formats(tmp_path, *autres, *euros))
    lu = "2020-02-03 7500000"
    assert list(vues.values()) == ["unite_inattendue"] * len(autres) + [lu] * len(euros)


def test_un_pour_cent_ou_des_dollars_d_un_ods_ne_sont_pas_un_montant(tmp_path: Path) -> None:
    """De même dans un ods, dont la cellule dit son genre et sa monnaie."""
    document = Document("spreadsheet")
    document.body.clear()
    page = Table("F")
    for rang, titre in enumerate(TITRES):
        page.set_value((rang, 0), titre)
    monnaies = [{"cell_type": "currency", "currency": code} for code in ("USD", "EUR")]
    genres: list[dict[str, Any]] = [{"cell_type": "percentage"}, *monnaies]
    for ligne, genre in enumerate(genres, start=1):
        for rang, valeur in enumerate(BONNE[:6]):
            page.set_value((rang, ligne), valeur)
        page.set_cell((6, ligne), Cell(75000, **genre))
    document.body.append(page)
    document.save(tmp_path / "a.ods")
    assert issues(tmp_path / "a.ods") == {
        2: "unite_inattendue",
        3: "unite_inattendue",
        4: "2020-02-03 7500000",
    }


@pytest.mark.parametrize(
    ("titre", "dite"),
    [
        ("Montant (k€)", "k€"),
        ("Montant en K€", "en k"),
        ("Montant (en milliers d'euros)", "milliers"),
        ("Montant (M€)", "m€"),
        ("Montant (kEUR)", "keur"),
        ("Montant en centimes", "centimes"),
        ("Taux (%)", "%"),
        ("Montant (USD)", "usd"),
        ("Montant en $", "$"),
        ("Montant demandé (€)", None),
        ("Montant en euros TTC", None),
        ("Subvention demandée, EUR", None),
        ("Comité de pilotage", None),
    ],
)
def test_un_titre_en_milliers_ou_dans_une_autre_monnaie_se_voit(
    titre: str, dite: str | None, tmp_path: Path
) -> None:
    """L'unité d'un titre est lue : « k€ », « centimes » ou « USD » n'est pas l'euro."""
    assert unite_etrangere(titre) == dite
    if titre.startswith("Montant (") and dite:
        chemin = ecrire("xlsx", tmp_path, [[*TITRES[:6], titre], BONNE])
        assert refus(chemin) == "unite_inattendue"


def test_un_format_de_date_ou_d_euros_ne_dit_aucune_autre_unite() -> None:
    """Les formats ordinaires ne sont pas pris pour des unités."""
    for code in ("General", "0.00", "dd/mm/yyyy", "#,##0.00 €;[Red]-#,##0.00 €", "@", "0.00E+00"):
        assert unite_du_format("164", code) is None
    assert unite_du_format("9", None) == "%"


def test_une_ligne_de_total_est_refusee_par_son_nom(tmp_path: Path) -> None:
    """« Total », « TOTAL GÉNÉRAL » ou « Sous-total » en pied de tableau ne sont pas des actes."""
    rangs = [
        [mot, "", "", "", "", "", 75000] for mot in ("Total", "TOTAL GÉNÉRAL :", "Sous-total", "")
    ]
    lieu = ["Total Festum", *BONNE[1:]]
    assert issues(ecrire("xlsx", tmp_path, [TITRES, BONNE, *rangs, lieu])) == {
        2: "2020-02-03 7500000",
        **dict.fromkeys((3, 4, 5), "ligne_de_total"),
        6: "valeur_absente",
        7: "2020-02-03 7500000",
    }


def test_une_annee_n_est_pas_un_numero_de_serie(tmp_path: Path) -> None:
    """2020 dans une colonne de dates est une année, et non le 12 juillet 1905."""
    rangs = [[*BONNE[:5], jour, 1] for jour in (2020, 43864, 1.5, date(1900, 1, 15), 60)]
    vues = issues(ecrire("xlsx", tmp_path, [TITRES, *rangs]))
    assert vues[2] == "date_illisible"
    assert vues[3] == "2020-02-03 100"
    assert [vues[n] for n in (4, 5, 6)] == ["date_hors_bornes"] * 3


def test_l_ordre_du_jour_et_du_mois_est_dit(tmp_path: Path) -> None:
    """03/04/2023 est le 3 avril, et le rapport le dit avant toute ligne."""
    chemin = en_csv(tmp_path / "a.csv", [TITRES, [*BONNE[:5], "03/04/2023", "1"]])
    assert issues(chemin) == {2: "2023-04-03 100"}
    with ouvrir_tableau(chemin) as tableau:
        constats = constats_des_colonnes(entete_de(tableau, "candidatures", {}, {}), {})
    assert "Une date écrite en texte est lue jour/mois/année (ou AAAA-MM-JJ)." in constats


def test_un_texte_partage_par_mille_cellules_ne_remplit_pas_la_memoire(tmp_path: Path) -> None:
    """Une rangée de mille cellules de 30 000 signes est une ligne refusée, le reste est lu."""
    large = ["x" * 30_000] * 1000
    chemin = en_xlsx(tmp_path / "a.xlsx", [TITRES, BONNE, large, BONNE])
    assert chemin.stat().st_size < 50_000
    assert issues(chemin) == {
        2: "2020-02-03 7500000",
        3: "ligne_illisible",
        4: "2020-02-03 7500000",
    }


def test_une_reponse_trop_longue_du_lecteur_est_un_refus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ce que le lecteur de classeurs écrit sur le disque est borné aussi."""
    chemin = en_xlsx(tmp_path / "a.xlsx", [TITRES, *[BONNE] * 50])
    assert len(issues(chemin)) == 50
    if sys.platform != "win32":
        monkeypatch.setattr(classeur, "REPONSE_MAX", 1000)
        assert refus(chemin) == "feuille_trop_grande"


@pytest.mark.skipif(sys.platform == "win32", reason="pas de limite de temps par processus")
def test_un_lecteur_sans_fin_est_arrete_par_son_temps_de_calcul(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un classeur qui ferait tourner le lecteur sans fin est un refus, au bout du temps accordé."""
    script = tmp_path / "sans_fin.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(Path(classeur.__file__).parent)!r})\n"
        "import enfant\n"
        "def sans_fin(_):\n    while True: pass\n"
        "enfant.python_calamine.load_workbook = sans_fin\n"
        "sys.exit(enfant.main(sys.argv[1:]))\n",
        "utf-8",
    )
    monkeypatch.setattr(classeur, "_ENFANT", script)
    monkeypatch.setattr(classeur, "SECONDES_LECTEUR", 1)
    assert refus(en_xlsx(tmp_path / "a.xlsx", [TITRES, BONNE])) == "feuille_trop_grande"


def test_une_reponse_interrompue_du_lecteur_n_est_pas_prise_pour_la_fin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sans sa dernière ligne, la réponse du lecteur n'est pas un tableau plus court : un refus."""
    script = tmp_path / "coupe.py"
    script.write_text("print('[[\"F\", true]]')\n", "utf-8")
    monkeypatch.setattr(classeur, "_ENFANT", script)
    assert refus(en_xlsx(tmp_path / "a.xlsx", [TITRES, BONNE])) == "classeur_endommage"


def test_un_classeur_tronque_ou_coupe_au_milieu_est_refuse(tmp_path: Path) -> None:
    """À toute coupure, un classeur est refusé par son nom : jamais lu à moitié."""
    for genre in ("xlsx", "ods", "xls"):
        chemin = ecrire(genre, tmp_path, [TITRES, *[BONNE] * 40])
        octets = chemin.read_bytes()
        for part in (2, 3, 5):
            chemin.write_bytes(octets[: len(octets) * (part - 1) // part])
            assert refus(chemin) in ("classeur_endommage", "format_inconnu", "fichier_vide")


def test_une_colonne_lointaine_ou_une_feuille_d_un_million_de_lignes_est_refusee_vite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dix mille colonnes ou un million de lignes : refusés avant que le lecteur ne soit lancé."""
    source = en_xlsx(tmp_path / "a.xlsx", [TITRES, BONNE])
    for cellule in ("XFD1", "A1048576"):
        cible = tmp_path / "b.xlsx"
        with zipfile.ZipFile(source) as lu, zipfile.ZipFile(cible, "w") as ecrit:
            for nom in lu.namelist():
                octets = lu.read(nom)
                if nom.endswith("sheet1.xml"):
                    ligne = "".join(c for c in cellule if c.isdigit())
                    plus = f'<row r="{ligne}"><c r="{cellule}"><v>1</v></c></row></sheetData>'
                    octets = octets.replace(b"</sheetData>", plus.encode())
                ecrit.writestr(nom, octets)
        with monkeypatch.context() as essai:
            essai.setattr(classeur, "ouvrir_feuille", lambda *_: pytest.fail("lancé"))
            assert refus(cible) == "feuille_trop_grande"


@pytest.mark.parametrize("calendrier", [1900, 1904])
def test_un_xls_dit_ses_erreurs_ses_formules_et_son_calendrier(
    calendrier: int, tmp_path: Path
) -> None:
    """Dans la feuille choisie d'un .xls : erreur refusée, formule dite, numéro de série situé."""
    livre = xlwt.Workbook()
    livre.dates_1904 = calendrier == 1904
    for nom in ("Autre", "F"):
        page = livre.add_sheet(nom)
        for rang, titre in enumerate(TITRES):
            page.write(0, rang, titre)
        for ligne in range(1, 5 if nom == "F" else 40):
            for rang, valeur in enumerate([*BONNE[:5], 43864, 1]):
                if (nom, ligne, rang) != ("F", 2, 6):
                    page.write(ligne, rang, valeur)
    page = livre.get_sheet("F")
    page.row(2).set_cell_error(6, "#DIV/0!")
    page.write(5, 0, xlwt.Formula('"Le Lieu"'))
    livre.save(str(tmp_path / "a.xls"))
    with ouvrir_tableau(tmp_path / "a.xls", feuille="F") as tableau:
        assert tableau.calendrier == calendrier
        rangees = list(tableau.rangees())
        assert "Cellules de formule : 1 ; la valeur enregistrée est lue." in tableau.constats
    assert (rangees[2].cellules[6].genre, rangees[2].cellules[6].texte) == ("erreur", "#DIV/0!")
    assert rangees[5].cellules[0].genre == "erreur", "une formule sans valeur n'est pas un vide"
    assert rangees[1].cellules[6].genre == "nombre"


def test_un_xls_dont_les_secteurs_tournent_en_rond_est_refuse(tmp_path: Path) -> None:
    """Une table d'allocation qui boucle, ou qui mène hors du fichier, est un refus, et vite."""
    chemin = ecrire("xls", tmp_path, [TITRES, *[BONNE] * 40])
    sain = chemin.read_bytes()
    table = 512 * (1 + int.from_bytes(sain[76:80], "little"))
    for suivant in (0, 0x00FFFFFF):
        octets = bytearray(sain)
        octets[table : table + 4] = suivant.to_bytes(4, "little")
        chemin.write_bytes(octets)
        assert refus(chemin) == "classeur_endommage"
