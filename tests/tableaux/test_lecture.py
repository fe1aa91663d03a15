"""Lire un tableau venu d'ailleurs : ce qui y est, ce qui en est supposé, et rien d'autre."""

from __future__ import annotations

import io
import zipfile
from collections import deque
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from commands.tableaux import Rangee, TableauIllisible, nom_colonne, ouvrir_tableau
from commands.tableaux.limites import COLONNES_MAX, LIGNES_MAX
from tests.tableaux.ecrire import ECRIVAINS, ecrire, en_csv, en_xlsx

RANGS: list[list[Any]] = [
    ["Nom", "Montant", "Date", "QPV"],
    ["Tiers-lieu « L'Été », Évry", 17833.1, date(2020, 2, 3), "oui"],
    ["", "", "", ""],
    ["Œuvre œcuménique", 40000, date(2017, 9, 8), "non"],
]


def lire(chemin: Path, **options: Any) -> tuple[list[Rangee], tuple[str, ...]]:
    with ouvrir_tableau(chemin, **options) as tableau:
        return list(tableau.rangees()), tableau.constats


def textes(rangees: list[Rangee]) -> list[list[str]]:
    """The texts, blanks at the end of a row left out."""
    lus = []
    for rangee in rangees:
        ligne = [c.texte for c in rangee.cellules]
        while ligne and not ligne[-1]:
            ligne.pop()
        lus.append(ligne)
    return lus


ATTENDUS = [
    ["Nom", "Montant", "Date", "QPV"],
    ["Tiers-lieu « L'Été », Évry", "17833.1", "2020-02-03", "oui"],
    [],
    ["Œuvre œcuménique", "40000", "2017-09-08", "non"],
]


@pytest.mark.parametrize("genre", ECRIVAINS)
def test_les_quatre_formats_disent_les_memes_cellules(genre: str, tmp_path: Path) -> None:
    """csv, xlsx, xls et ods rendent les mêmes textes, aux mêmes lignes, avec leur empreinte."""
    chemin = ecrire(genre, tmp_path, RANGS)
    with ouvrir_tableau(chemin) as tableau:
        rangees = list(tableau.rangees())
        assert list(tableau.rangees()) == rangees, "une seconde lecture dit la même chose"
        assert (tableau.genre, tableau.nom) == (genre, f"tableau.{genre}")
        assert tableau.sha256 == sha256(chemin.read_bytes()).hexdigest()
    assert textes(rangees) == ATTENDUS
    assert [r.numero for r in rangees] == [1, 2, 3, 4]
    genres = [c.genre for c in rangees[1].cellules]
    assert genres == (["texte"] * 4 if genre == "csv" else ["texte", "nombre", "date", "texte"])
    assert rangees[2].vide


@pytest.mark.parametrize("separateur", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encodage", "dit"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16 (petit-boutien)"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_le_separateur_et_l_encodage_sont_trouves_et_dits(
    separateur: str, encodage: str, dit: str, tmp_path: Path
) -> None:
    """Le séparateur et l'encodage sont reconnus, et le constat les nomme."""
    chemin = en_csv(tmp_path / "a.csv", RANGS, separateur=separateur, encodage=encodage)
    rangees, constats = lire(chemin)
    assert textes(rangees) == ATTENDUS
    assert f"Texte en {dit}, séparateur" in constats[0]
    assert any("supposé" in c for c in constats) is (encodage == "cp1252")


@pytest.mark.parametrize(
    ("encodage", "texte"),
    [
        ("cp1252", "OuvrirCrédits;0,01 €"),
        ("cp1252", "CAFÉ DE L'ÎLE;17\u00a0833,50"),
        ("cp1252", "L’Œuvre d’Évry – été"),
        ("iso8859_15", "Montant demandé (€);Vénissieux"),
        ("mac_roman", "Vénissieux;L’Œuvre;été à Évry"),
        ("cp850", "Vénissieux;Nîmes;où déposée à Besançon"),
    ],
)
def test_un_vieil_encodage_se_reconnait_a_ce_que_son_texte_est_du_francais(
    encodage: str, texte: str, tmp_path: Path
) -> None:
    """Windows, Unix, Mac ou DOS : l'encodage supposé est celui où le texte est du français."""
    chemin = tmp_path / "a.csv"
    chemin.write_bytes(f"nom;ville\n{texte}\n".encode(encodage))
    rangees, constats = lire(chemin)
    assert ";".join(c.texte for c in rangees[1].cellules) == texte
    assert any("supposé" in c for c in constats)


def test_windows_1252_sous_une_marque_utf8_est_lu_et_dit(tmp_path: Path) -> None:
    """Un fichier Windows-1252 sous une marque d'UTF-8 se lit, et le dit."""
    chemin = en_csv(tmp_path / "a.csv", RANGS, encodage="cp1252")
    chemin.write_bytes(b"\xef\xbb\xbf" + chemin.read_bytes())
    rangees, constats = lire(chemin)
    assert textes(rangees) == ATTENDUS
    assert "Le fichier commence par la marque d'UTF-8 mais n'est pas en UTF-8." in constats


def test_une_lettre_etrangere_a_la_fin_compte_autant_qu_au_debut(tmp_path: Path) -> None:
    """Un seul octet Windows-1252 après 300 000 lignes d'ASCII suffit à changer l'encodage."""
    chemin = tmp_path / "a.csv"
    chemin.write_bytes(b"nom,ville\n" + b"a,b\n" * 300_000 + "c,Évry\n".encode("cp1252"))
    with ouvrir_tableau(chemin) as tableau:
        (derniere,) = deque(tableau.rangees(), maxlen=1)
        assert "Windows-1252" in tableau.constats[0]
    assert (derniere.numero, derniere.cellules[1].texte) == (300_002, "Évry")


def test_les_fins_de_ligne_melees_se_lisent_et_se_disent(tmp_path: Path) -> None:
    """Windows, Unix et Mac dans un même fichier : chaque ligne est lue, le mélange est dit."""
    chemin = tmp_path / "a.csv"
    chemin.write_bytes(b"nom,ville\r\na,b\nc,d\re,f")
    rangees, constats = lire(chemin)
    assert textes(rangees) == [["nom", "ville"], ["a", "b"], ["c", "d"], ["e", "f"]]
    assert any("mêlées" in c for c in constats)


@pytest.mark.parametrize("encodage", ["utf-16-le", "utf-16-be"])
def test_les_fins_de_ligne_d_un_utf16_sont_celles_de_son_texte(
    encodage: str, tmp_path: Path
) -> None:
    """Un UTF-16 tout en \\r\\n n'a pas de fins de ligne mêlées ; avec un \\n de plus, si."""
    texte = "\ufeffnom;ville\r\nA;Č\r\nഊ;B\r\n"
    for ajout, melees in (("", False), ("C;D\n", True)):
        (tmp_path / "a.csv").write_bytes((texte + ajout).encode(encodage))
        constats = " ".join(lire(tmp_path / "a.csv")[1])
        assert ("mêlées" in constats) == melees


def test_la_ligne_sep_d_excel_est_suivie(tmp_path: Path) -> None:
    """Une première ligne sep=; dit le séparateur et n'est pas une donnée."""
    chemin = tmp_path / "a.csv"
    chemin.write_bytes(b"sep=;\r\nnom;ville\r\na,b;c,d\r\n")
    rangees, constats = lire(chemin)
    assert textes(rangees) == [["nom", "ville"], ["a,b", "c,d"]]
    assert [r.numero for r in rangees] == [2, 3]
    assert "dit par sa ligne sep=" in constats[0]


@pytest.mark.parametrize(
    ("corps", "defauts"),
    [
        (b'nom,ville\na,b\n"c,d\ne,f\n', {3: "jamais refermé", 4: "prise dans la ligne 3"}),
        (b'nom,ville\nLe "100",b\n"x"y,d\ne,f\n', {3: "au milieu"}),
        (b"nom,ville\n" + b"x" * 200_000 + b",b\ne,f\n", {2: "plus de 131072"}),
        (b"nom,ville\n" + b"x" * 3_000_000 + b",b\ne,f\n", {2: "plus de 1048576"}),
        (b"nom,ville\n" + b"," * 10_001 + b"\ne,f\n", {2: "colonnes"}),
    ],
    ids=["ouvert", "milieu", "cellule", "ligne", "colonnes"],
)
def test_une_ligne_illisible_est_une_ligne_dite(
    corps: bytes, defauts: dict[int, str], tmp_path: Path
) -> None:
    """Une ligne mal formée est rendue avec son défaut, et aucune autre ne disparaît avec elle."""
    chemin = tmp_path / "a.csv"
    chemin.write_bytes(corps)
    rangees, _ = lire(chemin)
    vus = {r.numero: r.defaut for r in rangees if r.defaut is not None}
    assert vus.keys() == defauts.keys()
    assert all(defauts[n] in (dit or "") for n, dit in vus.items())
    assert [r.numero for r in rangees] == list(range(1, len(rangees) + 1))


def test_les_cellules_d_un_classeur_gardent_leur_genre(tmp_path: Path) -> None:
    """Nombre, date, heure, oui/non, formule, erreur et fusion : chacun est rendu tel."""
    classeur = openpyxl.Workbook()
    page: Any = classeur.active
    page["B3"], page["C3"] = "Nom", "Montant"
    page["B4"], page["C4"] = "=A1", 17833.1
    page["B5"], page["C5"] = 21860194600000, True
    page["D4"] = datetime(2020, 2, 3, 10, 30)  # noqa: DTZ001 - a sheet knows no zone
    page["D5"] = "#N/A"
    page["E4"] = 43864
    page.merge_cells("C3:D3")
    classeur.create_sheet("Autre")
    classeur.save(tmp_path / "a.xlsx")
    with ouvrir_tableau(tmp_path / "a.xlsx") as tableau:
        rangees = list(tableau.rangees())
        assert (tableau.feuille, tableau.feuilles) == ("Sheet", ("Sheet", "Autre"))
        assert tableau.fusions == ((2, 2, 2, 3),)
        assert "Cellules de formule : 1 ; la valeur enregistrée est lue." in tableau.constats
    vus = [
        [(c.genre, c.texte, c.formule) for c in r.cellules if c.genre != "vide"] for r in rangees
    ]
    assert vus == [
        [],
        [],
        [("texte", "Nom", False), ("texte", "Montant", False)],
        [
            ("erreur", "#VALEUR?", True),
            ("nombre", "17833.1", False),
            ("date", "2020-02-03T10:30:00", False),
            ("nombre", "43864", False),
        ],
        [
            ("nombre", "21860194600000", False),
            ("booleen", "oui", False),
            ("erreur", "#N/A", True),
        ],
    ]


def test_les_deux_calendriers_d_excel_sont_distingues(tmp_path: Path) -> None:
    """Un classeur compté depuis 1904 rend les mêmes dates, et dit son calendrier."""
    for calendrier, epoque in (
        (1900, CALENDAR_WINDOWS_1900),
        (1904, CALENDAR_MAC_1904),
    ):
        classeur = openpyxl.Workbook()
        classeur.epoch = epoque
        page: Any = classeur.active
        page["A1"] = date(2020, 2, 3)
        classeur.save(tmp_path / "a.xlsx")
        with ouvrir_tableau(tmp_path / "a.xlsx") as tableau:
            assert textes(list(tableau.rangees())) == [["2020-02-03"]]
            assert tableau.calendrier == calendrier
    ancien = xlwt.Workbook()
    ancien.dates_1904 = True
    ancien.add_sheet("F").write(0, 0, 42402, xlwt.easyxf(num_format_str="DD/MM/YYYY"))
    ancien.save(str(tmp_path / "a.xls"))
    assert textes(lire(tmp_path / "a.xls")[0]) == [["2020-02-03"]]


def test_la_feuille_se_choisit_par_nom_ou_par_rang(tmp_path: Path) -> None:
    """Une feuille se désigne par son nom ou son rang ; inconnue, les autres sont nommées."""
    classeur = openpyxl.Workbook()
    page: Any = classeur.active
    page["A1"] = "première"
    classeur.create_sheet("1. Extraction")["A1"] = "extrait"
    cachee = classeur.create_sheet("Cachée", 0)
    cachee["A1"], cachee.sheet_state = "cachée", "hidden"
    classeur.save(tmp_path / "a.xlsx")
    assert textes(lire(tmp_path / "a.xlsx")[0]) == [["première"]]
    for voulue, attendu in (("1. Extraction", "extrait"), ("3", "extrait"), ("1", "cachée")):
        assert textes(lire(tmp_path / "a.xlsx", feuille=voulue)[0]) == [[attendu]]
    with pytest.raises(TableauIllisible) as refus:
        lire(tmp_path / "a.xlsx", feuille="Feuil9")
    assert refus.value.code == "feuille_inconnue"
    assert "« 1. Extraction »" in refus.value.remede


def test_une_feuille_demandee_a_un_fichier_de_texte_est_refusee(tmp_path: Path) -> None:
    """--feuille sur un csv n'est pas laissé sans un mot : le fichier n'a pas de feuille."""
    with pytest.raises(TableauIllisible, match="n'a pas de feuille « 3 »") as leve:
        lire(en_csv(tmp_path / "a.csv", RANGS), feuille="3")
    assert leve.value.code == "feuille_inconnue"


def zip_de(chemin: Path, **membres: bytes) -> Path:
    with zipfile.ZipFile(chemin, "w", zipfile.ZIP_DEFLATED) as archive:
        for nom, octets in membres.items():
            archive.writestr(nom, octets)
    return chemin


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "fichier_vide"),
        (b" \r\n\t\n", "fichier_vide"),
        (b"\xef\xbb\xbf", "fichier_vide"),
        (b"%PDF-1.7 ...", "format_inconnu"),
        (b"<html><table><tr><td>a", "format_inconnu"),
        (b"<?xml version='1.0'?><Workbook/>", "format_inconnu"),
        (b"\x1f\x8b\x08...", "format_inconnu"),
        (b"a\0b\0c,d\n" * 10, "format_inconnu"),
        (b"PK\x03\x04" + b"\0" * 50, "classeur_endommage"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "classeur_endommage"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "fichier_chiffre",
        ),
    ],
    ids=lambda p: repr(p)[:24],
)
def test_ce_qui_n_est_pas_un_tableau_est_refuse_par_son_nom(
    octets: bytes, code: str, tmp_path: Path
) -> None:
    """Un fichier vide, chiffré, endommagé ou d'un autre genre est refusé, avec un remède."""
    (tmp_path / "a.xls").write_bytes(octets)
    with pytest.raises(TableauIllisible) as refus:
        lire(tmp_path / "a.xls")
    assert (refus.value.code, bool(refus.value.remede)) == (code, True)


def test_un_classeur_qui_n_en_est_pas_un_est_nomme(tmp_path: Path) -> None:
    """Un document texte, une archive, un .xlsb : le refus dit ce que c'est."""
    for membres, dit in (
        ({"word/document.xml": b"<a/>"}, "bureautique"),
        ({"notes.txt": b"a"}, "archive zip"),
        ({"xl/workbook.bin": b"a"}, ".xlsb"),
        (
            {"content.xml": b"<a/>", "mimetype": b"application/vnd.oasis.opendocument.text"},
            "OpenDocument",
        ),
    ):
        with pytest.raises(TableauIllisible, match=dit):
            lire(zip_de(tmp_path / "a.xlsx", **membres))


def test_les_macros_sont_dites_et_jamais_lancees(tmp_path: Path) -> None:
    """Un .xlsm se lit comme un classeur ; ses macros sont signalées."""
    source = en_xlsx(tmp_path / "a.xlsx", RANGS)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    rangees, constats = lire(source.rename(tmp_path / "a.xlsm"))
    assert textes(rangees) == ATTENDUS
    assert "Le classeur tient des macros : elles ne sont jamais exécutées." in constats


def test_un_nom_trompeur_est_dit(tmp_path: Path) -> None:
    """Un classeur nommé .csv, un texte nommé .xls : le contenu décide, le nom trompeur est dit."""
    classeur = en_xlsx(tmp_path / "a.xlsx", RANGS).rename(tmp_path / "a.csv")
    texte = en_csv(tmp_path / "b.csv", RANGS).rename(tmp_path / "b.xls")
    for chemin in (classeur, texte):
        rangees, constats = lire(chemin)
        assert textes(rangees) == ATTENDUS
        assert any(c.startswith("Malgré son nom") for c in constats)


def test_un_fichier_absent_ou_un_dossier_est_dit(tmp_path: Path) -> None:
    """Un fichier absent, un dossier : un refus en français."""
    for chemin, dit in ((tmp_path / "rien.csv", "n'existe pas"), (tmp_path, "dossier")):
        with pytest.raises(TableauIllisible, match=dit) as refus:
            lire(chemin)
        assert refus.value.code == "fichier_introuvable"


def xlsx_de(chemin: Path, feuille: str) -> Path:
    """A workbook whose sheet is this XML."""
    modele = io.BytesIO()
    openpyxl.Workbook().save(modele)
    with zipfile.ZipFile(modele) as lu, zipfile.ZipFile(chemin, "w", zipfile.ZIP_DEFLATED) as ecrit:
        for nom in lu.namelist():
            interne = nom == "xl/worksheets/sheet1.xml"
            ecrit.writestr(nom, feuille.encode() if interne else lu.read(nom))
    return chemin


FEUILLE = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    "{}</sheetData></worksheet>"
)


@pytest.mark.parametrize(
    ("rangs", "code"),
    [
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', "feuille_trop_grande"),
        ('<row r="1"><c r="XFD1"><v>1</v></c></row>', "feuille_trop_grande"),
        ('<row r="900000"><c r="ZZ900000"><v>1</v></c></row>', "feuille_trop_grande"),
        ('<row r="1"><c r="A1"><v>1</c></row>', "classeur_endommage"),
    ],
)
def test_une_feuille_demesuree_est_refusee_avant_d_etre_lue(
    rangs: str, code: str, tmp_path: Path
) -> None:
    """Une cellule au bout du monde est refusée avant qu'un lecteur n'alloue tout ce qui précède."""
    with pytest.raises(TableauIllisible) as refus:
        lire(xlsx_de(tmp_path / "a.xlsx", FEUILLE.format(rangs)))
    assert refus.value.code == code
    assert (LIGNES_MAX, COLONNES_MAX) == (1_000_000, 10_000)


def test_une_declaration_de_type_est_refusee(tmp_path: Path) -> None:
    """Le XML d'une feuille qui déclare des entités est refusé avant d'en développer une."""
    bombe = '<!DOCTYPE a [<!ENTITY b "bbbb">]>' + FEUILLE.format("<row><c><v>&b;</v></c></row>")
    with pytest.raises(TableauIllisible) as refus:
        lire(xlsx_de(tmp_path / "a.xlsx", bombe))
    assert refus.value.code == "archive_piegee"


def test_les_colonnes_ont_les_lettres_d_un_tableur() -> None:
    """A, Z, AA, XFD : les lettres d'une colonne sont celles d'un tableur."""
    assert [nom_colonne(n) for n in (0, 25, 26, 701, 702, 16383)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
        "XFD",
    ]
