"""Une autre unité que l'euro, dite par un nombre affiché ou un titre, n'est jamais lue."""

from __future__ import annotations

import zlib
from base64 import b85decode
from pathlib import Path
from typing import Any

import pytest
import xlwt
from odfdo import Annotation, Cell, Document, Table

from commands.importer import entete_de
from commands.tableaux import TableauIllisible, biff, ouvrir_tableau
from commands.tableaux.unites import unite_annoncee
from tests.tableaux.ecrire import en_csv

PETIT = (
    # A workbook of 7 rows that LibreOffice 7 wrote, kept among the small streams: amounts of 75
    # shown in k€, $, M€, CHF, % and €.
    "c-rk)U2IfE6h8Ov-R<2iwA<41tLt@z1=?-"
    "11(6!XwiFN&N}Ga_m?pX{+gjOnn|6ts__GvwFp)&VgD)h81o@LF#zY@9k-"
    "qt$(U_2+Pv9HThs9_N3GMowbLTFXbyvHkG5&Nm-"
    "~4>{%*>gYGe2j)`MT!n$q!dvqk`}Vd1xl*C!dSc0KZcR66uPY$>nkmom&Y1sxYlmUPA-"
    "x=LLApD*#iiZ9t_9;lCGpDTQB}EZR<^NXO|#Dkm(3#kkv>O`Vxp%FQ+`^gs9h`TXW{+yfNb|9sx_{;vcU0gHhupxV9"
    "ys0OG7mH>4?z1RfNGGIBd0$2&G0`39s1wz1mfCbzSgn<Wu)xa91-"
    "&&P28jx>P<)($RXkLTg#47r{^y%U+dC6t%ufZZN8dG8yKLC9+#<tNJPYzgrSJ)~##5LC85{z^UavGfgTSXrT`<cXB#"
    "QG50$!b*=y<cw^-H%Bembi+z{wGrBdtq8&mtXMidG$@T3A|bd&c9)bQ?l?Y&EMCMv4~Fb{(3wyni!8KLq-"
    "j~i+R^#P}QP?bioQksFF_eV)U(!HOFEhV;P;nUW80D#mJWIQj*nlmbWO&g{{t=JHjEOg3j@PVrxQ1J)Or!zM~>nyDG"
    "c&6#bgBTqnaNi+NUB_+Mtn>t*uvzvE9~?uyNGqb;8;<ky$rqb2x;61=}CPp~)9$0+1am*CHo;Ln!e&z0cM|A9ZQqmZ"
    "E-"
    "r@@Rz(wdA<(%Ot6>5@!^q;(l@?io1;j$&jNz4mV3@dnz{@SD<1fN0+_jeex3_=?K*N;keNUq#%l<FdH1kt(x%h<uKH"
    "V$xv^SDtxEYe(Epp&LQ_(lc@SnYh%<-*E5UqTO-<2JDM-Pih3$V`u6>!Wv6Wq~l3!?yl5mIzF04e|uY?=;lqamKH8-"
    ";AkU94|24Lqla>6DL@@w`-&Yf>w(+GQm;~-"
    "yR*;h;2r1nA`I&Q6ylkwks$^#kXz?&eB0IE)AqFR8M@u#8eJAZJB%+=MuXI7lz38P>u?j}UXFA|!uy6t5);;*#Pe2f"
    "Y9u}y?M)0FO2)^-k(LdSj(XT><S*rV;zJ25(sM*QcunF6l-"
    "VfZdfQr8ejV~hnyySXUCFkscjZsw*z#kDn*1gyszo)Yj+1Ki1ll&~Wtl_LUazcH(^e&k%$7WJOg-r2?c-"
    "Ui7EUX|=|wnC5zZ*Wd5dtq0&ZGt$bL?dDrqQb`I0URYnL>U^yEt{$vwZKb4iD#G;8)ZT_nBal-"
    "!a!eoOO`9+C8sQ*ujsAh|3rX^3P6IVHEG0m<cgNv}wn<doc!UP!LUOZr68Pfp1#>4W4-"
    "k^G5zcowodZPU)0YUi>j<|7-ER*dXA;r-"
    "cQkw>pi0jbAzSii^gTKd>$zZ{4jg>{iUPwn}2IzSl0wjVOx4Qb9pJ8<`JcMY#uPr!b|2Tk2R741(u_|4okJTRV`NDZ"
    "c~?Jo=@lGekUoA$-~6Uk&k=5Fio;9%?B^-"
    "ucU)St<bm|l@~>FUvUe!kiLZ1BCeOln;F(RaK|FR3$&zqcy?qFqhpZslj}SH8vp<!_8BALaVA?K^Njrs_FiHu-"
    "Y&XGXvL)#Ve-tAfYhhW^o;?{DLmTmjdo{2b>p3A%JG#s8DSeER<~&H@`QR);rOrqa$oiQdQY=<OFh4wkKdtsH0elOk"
    "7!U)|w%?6ed8j=;vcp~G`?>fht?!DmwkcP8!1?~`u$1c^DXA0OxC`v2>cuP&Ym?WIE){|I~&Ui)3Jf<ajmX43FkQeg"
    "h9ExUhj8S}p$xRCFE8+sTJ9TH-J<>}Kphw(>&^uqr?5`G7~FfbD"
)


def unites(chemin: Path) -> list[str | None]:
    """What the last cell of each row says of its unit."""
    with ouvrir_tableau(chemin) as tableau:
        return [rangee.cellules[-1].unite for rangee in tableau.rangees()]


def petit(chemin: Path) -> Path:
    chemin.write_bytes(zlib.decompress(b85decode("".join(PETIT))))
    return chemin


def test_l_unite_qu_un_ods_affiche_est_lue(tmp_path: Path) -> None:
    """« 75 k€ » ou « $75.00 » affichés par un .ods ne sont pas 75 € ; une note n'y change rien."""
    document = Document("spreadsheet")
    document.body.clear()
    page = Table("F")
    for ligne, montre in enumerate(("75k€", "$75.00", "75,00 M€", "75 CHF", "75,00 €", "75")):
        cellule = Cell(value=75, text=montre, cell_type="float")
        if montre == "75":
            cellule.insert(Annotation("et non en k€", creator="x"), position=0)
        page.set_cell((0, ligne), cellule)
    document.body.append(page)
    document.save(tmp_path / "a.ods")
    assert unites(tmp_path / "a.ods") == ["k€", "$", "m€", "chf", None, None]


def test_l_unite_du_format_d_un_xls_est_lue(tmp_path: Path) -> None:
    """Un .xls dit ses unités comme un .xlsx, que ses nombres soient seuls ou groupés."""
    livre: Any = xlwt.Workbook()
    page = livre.add_sheet("F")
    formats = ('0" k€"', '"$"#,##0.00', "[$CHF-807] 0.00", "0%", '0.00" €"', "General")
    for ligne, code in enumerate(formats):
        style = xlwt.easyxf(num_format_str=code)
        for colonne, valeur in enumerate((75, 75.123, 74, 73)):
            page.write(ligne, colonne, valeur, style)
    livre.save(str(tmp_path / "a.xls"))
    with ouvrir_tableau(tmp_path / "a.xls") as tableau:
        lues = [[c.unite for c in r.cellules] for r in tableau.rangees()]
    assert lues == [[unite] * 4 for unite in ("k€", "$", "chf", "%", None, None)]


def test_un_petit_xls_de_libreoffice_se_lit_avec_ses_unites(tmp_path: Path) -> None:
    """Un classeur de quelques lignes, que LibreOffice met parmi les petits flux, est lu entier."""
    chemin = petit(tmp_path / "a.xls")
    assert unites(chemin) == [None, "k€", "$", "m€", "chf", "%", None]


def test_un_petit_xls_abime_est_refuse_sous_le_nom_de_son_fichier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Le refus nomme le fichier donné, et non la copie que l'on en lit."""
    chemin = petit(tmp_path / "montants.xls")
    sain = chemin.read_bytes()
    table = 512 * (1 + int.from_bytes(sain[60:64], "little"))
    for suivant in (0, 0x00FFFFFF):
        octets = bytearray(sain)
        octets[table : table + 4] = suivant.to_bytes(4, "little")
        chemin.write_bytes(octets)
        with pytest.raises(TableauIllisible, match=r"montants\.xls") as leve:
            unites(chemin)
        assert leve.value.code == "classeur_endommage"
    petit(chemin)
    monkeypatch.setattr(biff, "_classeur", lambda _: b"")  # what the parser of cells lets pass
    with pytest.raises(TableauIllisible, match=r"montants\.xls"):
        unites(chemin)


@pytest.mark.parametrize(
    ("ligne", "dite"),
    [
        (["Montants en milliers d'euros (k€)"], "milliers"),
        (["Unité", "k€"], "k€"),
        (["Montants 2020, k€"], "k€"),
        (["Identité", "", "Financement (M€)"], "m€"),
        (["Identité", "Lieu", "Demande", "Taux (%)"], None),
        (["Programme doté de 45 millions d'euros, soit 45 M€, exécuté à 80 %"], None),
        (["Montants en euros, vague 2 de 2020"], None),
    ],
)
def test_une_unite_dite_au_dessus_des_entetes_refuse_le_tableau(
    ligne: list[str], dite: str | None, tmp_path: Path
) -> None:
    """« Montants en milliers d'euros » au-dessus du tableau : refusé, la ligne est nommée."""
    titres = ["Nom", "Code postal", "Montant", "Observation"]
    chemin = en_csv(tmp_path / "a.csv", [ligne, titres, ["A", "75011", "75", ""]])
    connus: dict[str, str] = dict.fromkeys(("ville", "territoire", "numerique", "date_effet"), "x")
    with ouvrir_tableau(chemin, separateur=",") as tableau:
        if dite is None:
            assert entete_de(tableau, "candidatures", {}, connus).ligne == 2
            return
        with pytest.raises(TableauIllisible, match=f"La ligne 1, .*« {dite} »") as leve:
            entete_de(tableau, "candidatures", {}, connus)
    assert leve.value.code == "unite_inattendue"


def test_un_montant_dit_en_passant_n_est_pas_l_unite_d_un_tableau() -> None:
    """« 45 M€ » est un montant ; « 2020 k€ », une année et une unité."""
    assert [unite_annoncee(t) for t in ("45 M€", "1 000,50 $", "2020 k€")] == [None, None, "k€"]
