"""Le classeur neutre : les mêmes valeurs, les mêmes formules, dans les deux formats."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odfdo import Document
from python_calamine import CalamineWorkbook

from ledger.erreurs import UsageError
from ledger.montants import CENTIMES_MAX
from projections.tableurs import (
    Classeur,
    Colonne,
    Feuille,
    Formule,
    Ligne,
    Nombre,
    Somme,
    Tableau,
    ecrire_csv,
    ecrire_ods,
    ecrire_xlsx,
)
from projections.tableurs.plan import LIGNES_MAX
from tests.meta.arbre import RACINE
from tests.properties.outils import reglages
from tests.tableurs.evaluer import Livre, ecarts, lire_ods, lire_xlsx

CREE_LE = datetime(2020, 2, 3, tzinfo=UTC)
HOSTILES = (
    "=cmd|' /C calc'!A0",
    "+33 1 02",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    '=HYPERLINK("http://exemple")',
    "<script>alert(1)</script>&amp;",
    "<r>&</r>",
    "]]><x/>",
    "\u202etxt.exe",
    "_x0041_",
    "\x00\x07\x1b[2J",
    "\ufffe\uffff\ud800",
    "  deux  espaces  ",
    "ligne 1\nligne 2",
    "http://exemple/",
    "0012345",
    "1e5",
    "é" * 4000,
)


def classeur(
    *lignes: Ligne,
    colonnes: tuple[Colonne, ...] = (
        Colonne("nom", "Nom"),
        Colonne("prevu", "Prévu", "montant", total=True),
        Colonne("verse", "Versé", "montant", total=True),
        Colonne("reste", "Reste", "montant", total=True),
        Colonne("jour", "Jour", "date"),
        Colonne("instant", "Instant", "instant"),
        Colonne("rang", "Rang", "entier"),
        Colonne("part", "Part", "taux"),
    ),
) -> Classeur:
    """A workbook of one list and one page that recounts it."""
    lus = Tableau("lignes", "Lignes", colonnes, lignes, len(lignes))
    somme = Somme("lignes", colonnes[1].cle)
    controle = Tableau(
        "controle",
        "Contrôle",
        (
            Colonne("quoi", "Quoi"),
            Colonne("attendu", "Attendu", "entier", 20),
            Colonne("trouve", "Trouvé", "entier", 20),
            Colonne("verdict", "Verdict"),
        ),
        [
            [
                "Total",
                sum(v for v in (ligne[1] for ligne in lignes) if type(v) is int),
                Formule(f"ROUND(SUM({{lignes.{somme.colonne}}})*100;0)", lambda s: s[somme]),
                Formule('IF({attendu}={trouve};"conforme";"écart")', "conforme"),
            ]
        ],
        1,
    )
    page = Feuille("L'état", (controle,), sous_titre="connu à la position 3")
    return Classeur(
        "Essai",
        "essai, position 3",
        "essai & position 3",
        CREE_LE,
        (Feuille("Échéanciers", (lus,)), page),
    )


def octets(valeur: Classeur) -> tuple[bytes, bytes]:
    """The workbook as XLSX, then as ODS."""
    xlsx, ods = BytesIO(), BytesIO()
    ecrire_xlsx(valeur, xlsx)
    ecrire_ods(valeur, ods)
    return xlsx.getvalue(), ods.getvalue()


def livres(valeur: Classeur) -> tuple[Livre, Livre]:
    """The workbook read back from both formats."""
    xlsx, ods = octets(valeur)
    return lire_xlsx(xlsx), lire_ods(ods)


def ligne(**valeurs: Any) -> list[Any]:
    """A line of the list, empty where nothing is given."""
    noms = ("nom", "prevu", "verse", "reste", "jour", "instant", "rang", "part")
    return [valeurs.get(nom) for nom in noms]


def test_chaque_genre_garde_son_type_et_sa_valeur() -> None:
    """Un montant, un taux, un rang, une date et un instant se relisent avec leur type."""
    donnee = ligne(
        nom="Une Fabrique",
        prevu=15_000_000,
        verse=-1,
        reste=Formule("ROUND({prevu}-{verse};2)", 15_000_001),
        jour=date(2020, 2, 29),
        instant=datetime(2020, 2, 3, 9, 30, 15, 999_999, UTC),
        rang=3,
        part=3378,
    )
    attendu = [
        "Une Fabrique",
        150_000.00,
        -0.01,
        150_000.01,
        datetime.fromisoformat("2020-02-29"),
        datetime.fromisoformat("2020-02-03T09:30:15"),
        3,
        0.3378,
    ]
    for livre in livres(classeur(donnee)):
        relues = livre["Échéanciers"].lignes()
        assert relues[1] == attendu
        assert relues[2][:4] == ["Total", 150_000.00, -0.01, 150_000.01]
        assert ecarts(livre) == []


@reglages(25)
@given(st.lists(st.integers(-CENTIMES_MAX, CENTIMES_MAX), min_size=1, max_size=4))
def test_tout_montant_revient_au_centime(montants: list[int]) -> None:
    """Tout montant admis, et toute somme, se relisent au centime dans les deux formats."""
    valeur = classeur(
        *(
            ligne(prevu=m, verse=3, reste=Formule("ROUND({prevu}-{verse};2)", m - 3))
            for m in montants
        )
    )
    for livre in livres(valeur):
        relues = livre["Échéanciers"].lignes()
        lus = [round(rangee[1] * 100) for rangee in relues[1:]]
        assert lus == [*montants, sum(montants)]
        assert livre["L'état"].lignes()[5] == ["Total", sum(montants), sum(montants), "conforme"]
        assert ecarts(livre) == []


def test_l_evaluateur_voit_une_valeur_en_cache_fausse() -> None:
    """Une formule dont la valeur en cache n'est pas son résultat est vue."""
    faux = ligne(prevu=10, verse=3, reste=Formule("ROUND({prevu}-{verse};2)", 8))
    for livre in livres(classeur(faux)):
        assert [e.split(" : ")[1] for e in ecarts(livre)] == ["0.08, 7/100"] * 2


@pytest.mark.parametrize("texte", HOSTILES)
def test_un_texte_hostile_reste_un_texte(texte: str) -> None:
    """Formule, balise, commande de terminal ou caractère interdit : une cellule de texte."""
    for livre in livres(classeur(ligne(nom=texte, prevu=1))):
        cellule = livre["Échéanciers"].cellules[2, 1]
        assert cellule.formule is None
        assert isinstance(cellule.valeur, str)
        assert not set(cellule.valeur) & set("\x00\x07\x1b\t\r\u202e\ufffe\uffff\ud800")
        attendu = "".join(
            "\ufffd" if c in "\x00\x07\x1b\t\r\u202e\ufffe\uffff\ud800" else c for c in texte
        )
        assert cellule.valeur.replace("_x005F_", "_") == attendu.replace("_x005F_", "_")


def test_un_texte_trop_long_est_coupe_et_le_dit() -> None:
    """Au-delà de ce qu'une cellule tient, le texte est coupé et dit sa longueur."""
    for livre in livres(classeur(ligne(nom="😀" * 20_000), ligne(nom="a" * 32_767))):
        coupe, entier = (livre["Échéanciers"].valeur(rang, 1) for rang in (2, 3))
        assert coupe == "😀" * 16_000 + " […] (coupé : 20000 caractères en tout)"
        assert entier == "a" * 32_767


def test_les_bibliotheques_de_lecture_relisent_les_deux_formats() -> None:
    """calamine et odfdo relisent les mêmes valeurs que notre lecteur."""
    valeur = classeur(ligne(nom="=1+1", prevu=12_34, jour=date(2021, 3, 1)))
    xlsx, ods = octets(valeur)
    for contenu in (xlsx, ods):
        lu = CalamineWorkbook.from_filelike(BytesIO(contenu))
        assert lu.sheet_names == ["Échéanciers", "L'état"]
        assert lu.get_sheet_by_name("Échéanciers").to_python()[1][:5] == [
            "=1+1",
            12.34,
            "",
            "",
            date(2021, 3, 1),
        ]
    document = Document(BytesIO(ods))
    table = document.body.get_table(name="Échéanciers")
    assert table is not None
    assert str(table.get_value("B2")) == "12.34"
    assert table.get_value("A2") == "=1+1"


def test_une_liste_vide_le_dit_et_ses_sommes_sont_nulles() -> None:
    """Un tableau sans ligne affiche « (aucune ligne) », et les formules qui le visent font zéro."""
    for livre in livres(classeur()):
        assert livre["Échéanciers"].valeur(2, 1) == "(aucune ligne)"
        assert livre["L'état"].lignes()[5] == ["Total", 0, 0, "conforme"]
        assert ecarts(livre) == []


def test_un_nombre_peut_se_lire_autrement_que_sa_colonne() -> None:
    """Nombre donne son propre genre à une cellule."""
    for livre in livres(classeur(ligne(prevu=Nombre(3378, "taux"), verse=Nombre(12, "entier")))):
        assert livre["Échéanciers"].lignes()[1][1:3] == [0.3378, 12]


def test_une_feuille_trop_grosse_pour_excel_est_refusee(monkeypatch: pytest.MonkeyPatch) -> None:
    """Au-delà de ce qu'un xlsx tient, le refus le dit et rien n'est écrit."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1_000)
    flux = BytesIO()
    with pytest.raises(UsageError, match="Une feuille dépasse 2 Gio"):
        ecrire_xlsx(classeur(ligne(nom="a", prevu=1)), flux)
    assert flux.getvalue() == b""


def test_un_tableau_plus_long_qu_une_feuille_est_refuse() -> None:
    """Au-delà de 1 048 576 lignes, le refus dit la feuille, le nombre et le remède."""
    long = Tableau("lignes", "Lignes", (Colonne("a", "A"),), (), LIGNES_MAX)
    trop = Classeur("t", "s", "p", CREE_LE, (Feuille("Journal", (long,)),))
    for ecrire in (ecrire_xlsx, ecrire_ods):
        flux = BytesIO()
        with pytest.raises(UsageError, match="La feuille Journal aurait 1048577 lignes"):
            ecrire(trop, flux)
        assert flux.getvalue() == b""


def test_une_reference_fausse_ou_un_nombre_de_lignes_faux_ne_passent_pas() -> None:
    """Colonne inconnue, ligne absente, tableau en double, lignes mal comptées : erreur."""
    colonnes = (Colonne("a", "A", "entier"),)
    bons = [[1]]
    cas: tuple[tuple[type[Exception], tuple[Tableau, ...]], ...] = (
        (KeyError, (Tableau("t", "T", colonnes, [[Formule("{b}", 1)]], 1),)),
        (KeyError, (Tableau("t", "T", colonnes, [[Formule("{u.a}", 1)]], 1),)),
        (ValueError, (Tableau("t", "T", colonnes, [[Formule("{t.a@1}", 1)]], 1),)),
        (ValueError, (Tableau("t", "T", colonnes, bons, 2),)),
        (ValueError, (Tableau("t", "T", colonnes, bons, 1),) * 2),
    )
    for erreur, tableaux in cas:
        faux = Classeur("t", "s", "p", CREE_LE, (Feuille("F", tableaux, "s"),))
        for ecrire in (ecrire_xlsx, ecrire_ods):
            with pytest.raises(erreur):
                ecrire(faux, BytesIO())


def test_le_csv_francais_et_le_csv_standard() -> None:
    """Le CSV français a sa marque, `;` et la virgule ; le standard la virgule et le point."""
    donnee = ligne(
        nom="=1;+2",
        prevu=-123_456,
        reste=Formule("{prevu}", 5),
        jour=date(2020, 2, 3),
        instant=datetime(2020, 2, 3, 9, 30, tzinfo=UTC),
        rang=2,
        part=3378,
    )
    tableau = classeur(donnee).feuilles[0].tableaux[0]
    assert b"".join(ecrire_csv(tableau, "fr")).decode() == (
        "\ufeffNom;Prévu;Versé;Reste;Jour;Instant;Rang;Part\r\n"
        "\"'=1;'+2\";-1234,56;;0,05;03/02/2020;03/02/2020 09:30:00;2;33,78 %\r\n"
    )
    assert b"".join(ecrire_csv(tableau, "standard")).decode() == (
        "nom,prevu,verse,reste,jour,instant,rang,part\n"
        "'=1;'+2,-1234.56,,0.05,2020-02-03,2020-02-03T09:30:00Z,2,0.3378\n"
    )


def test_les_parties_du_fichier_ne_disent_ni_heure_ni_machine() -> None:
    """Dates et droits des parties sont fixes, le type d'un ODS est en tête et non compressé."""
    xlsx, ods = octets(classeur(ligne(nom="a", prevu=1)))
    for contenu in (xlsx, ods):
        with zipfile.ZipFile(BytesIO(contenu)) as archive:
            assert {p.date_time[0] for p in archive.infolist()} == {1980}
    assert ods[30:38] == b"mimetype"
    assert ods[38:84] == b"application/vnd.oasis.opendocument.spreadsheet"


def test_deux_processus_ecrivent_les_memes_octets() -> None:
    """Graine de hachage, fuseau, langue et masque des droits ne changent pas un octet."""
    programme = (
        "import os, sys, hashlib; os.umask(int(sys.argv[1], 8))\n"
        "from tests.tableurs.test_modele import classeur, ligne, octets, HOSTILES\n"
        "c = classeur(*(ligne(nom=t, prevu=len(t)) for t in HOSTILES))\n"
        "print([hashlib.sha256(o).hexdigest() for o in octets(c)])"
    )
    sorties = {
        subprocess.run(
            [sys.executable, *options, "-c", programme, masque],
            capture_output=True,
            text=True,
            check=True,
            cwd=RACINE,
            env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **env},
        ).stdout
        for options, masque, env in (
            ((), "022", {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"}),
            (
                ("-O",),
                "077",
                {"PYTHONHASHSEED": "2", "TZ": "Pacific/Kiritimati", "LC_ALL": "fr_FR.UTF-8"},
            ),
        )
    }
    assert len(sorties) == 1
