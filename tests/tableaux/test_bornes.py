"""Ce qui est lu est borné : bombes, mensonges d'archive, feuilles immenses, longs fichiers."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from commands.tableaux import TableauIllisible, archive, classeur, inspection, ouvrir_tableau
from commands.tableaux import tableau as module_tableau
from tests.tableaux.ecrire import en_ods, en_xlsx

RANGS = [["Nom", "Ville"], ["a", "b"]]


def refus(chemin: Path) -> str:
    """The code of the refusal of a file."""
    with pytest.raises(TableauIllisible) as leve, ouvrir_tableau(chemin) as tableau:
        list(tableau.rangees())
    return leve.value.code


def gonfler(chemin: Path, membre: str, octets: int) -> Path:
    """Add a member that compresses a thousand times."""
    with zipfile.ZipFile(chemin, "a", zipfile.ZIP_DEFLATED) as ecrit:
        ecrit.writestr(membre, b" " * octets)
    return chemin


def test_une_bombe_est_refusee_sans_etre_developpee(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un classeur qui se décompresse au-delà de la limite est refusé avant tout lecteur."""
    monkeypatch.setattr(archive, "DECOMPRESSE_MAX", 1 << 20)
    monkeypatch.setattr(
        module_tableau, "noms_des_feuilles", lambda *_: pytest.fail("le lecteur a été lancé")
    )
    assert refus(gonfler(en_xlsx(tmp_path / "a.xlsx", RANGS), "xl/b.xml", 1 << 21)) == (
        "archive_piegee"
    )
    assert (tmp_path / "a.xlsx").stat().st_size < 20_000


def test_une_archive_qui_ment_sur_sa_taille_est_refusee(tmp_path: Path) -> None:
    """Un membre plus long ou plus court que ce qu'il annonce est refusé : on compte vraiment."""
    for ecart in (-1000, +1000):
        chemin = gonfler(en_xlsx(tmp_path / "a.xlsx", RANGS), "xl/b.xml", 50_000)
        octets = bytearray(chemin.read_bytes())
        vraie, fausse = struct.pack("<L", 50_000), struct.pack("<L", 50_000 + ecart)
        octets[:] = octets.replace(vraie, fausse)
        chemin.write_bytes(octets)
        assert refus(chemin) == "archive_piegee"


def test_un_membre_double_ou_chiffre_est_refuse(tmp_path: Path) -> None:
    """Deux membres du même nom, un membre chiffré : deux lecteurs y liraient autre chose."""
    chemin = en_xlsx(tmp_path / "a.xlsx", RANGS)
    with zipfile.ZipFile(chemin, "a") as ecrit, pytest.warns(UserWarning, match="Duplicate"):
        ecrit.writestr("xl/workbook.xml", "<a/>")
    assert refus(chemin) == "archive_piegee"
    chemin = en_xlsx(tmp_path / "b.xlsx", RANGS)
    octets = bytearray(chemin.read_bytes())
    repertoire = octets.index(b"PK\x01\x02")
    octets[repertoire + 8] |= 1
    chemin.write_bytes(octets)
    assert refus(chemin) == "fichier_chiffre"


def test_trop_de_membres_ou_d_octets_sont_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une archive de milliers de membres, un fichier trop long : refusés par leur nom."""
    chemin = en_xlsx(tmp_path / "a.xlsx", RANGS)
    monkeypatch.setattr(archive, "MEMBRES_MAX", 3)
    assert refus(chemin) == "archive_piegee"
    monkeypatch.setattr(module_tableau, "OCTETS_MAX", 1000)
    assert refus(chemin) == "fichier_trop_grand"


def test_des_repetitions_ods_demesurees_sont_refusees_avant_lecture(tmp_path: Path) -> None:
    """Une cellule d'ods répétée un million de fois n'est pas développée."""
    source = en_ods(tmp_path / "a.ods", RANGS)
    for attribut in ('number-rows-repeated="1000001"', 'number-columns-repeated="10001"'):
        cible = tmp_path / "b.ods"
        rangee = attribut if "rows" in attribut else ""
        cellule = attribut if "columns" in attribut else ""
        page = (
            '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:'
            '1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body>'
            '<office:spreadsheet><table:table table:name="F"><table:table-row '
            f'{"table:" + rangee if rangee else ""}><table:table-cell office:value-type="float" '
            f'office:value="1" {"table:" + cellule if cellule else ""}/></table:table-row>'
            "</table:table></office:spreadsheet></office:body></office:document-content>"
        )
        with zipfile.ZipFile(source) as lu, zipfile.ZipFile(cible, "w") as ecrit:
            for nom in lu.namelist():
                ecrit.writestr(nom, page if nom == "content.xml" else lu.read(nom))
        assert refus(cible) == "feuille_trop_grande"


def test_trop_de_formules_sont_refusees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Au-delà d'un nombre de formules, la feuille est refusée : elles sont notées une à une."""
    monkeypatch.setattr(inspection, "FORMULES_MAX", 3)
    rangs = [["Nom"], *([f"=A{n}"] for n in range(1, 6))]
    assert refus(en_xlsx(tmp_path / "a.xlsx", rangs)) == "feuille_trop_grande"


@pytest.mark.skipif(sys.platform == "win32", reason="pas de limite de mémoire par processus")
def test_un_lecteur_a_court_de_memoire_est_un_refus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quand le lecteur de classeurs épuise sa mémoire, lui seul tombe ; le refus dit pourquoi."""
    chemin = en_xlsx(tmp_path / "a.xlsx", [["x" * 3000] * 100 for _ in range(60)])
    monkeypatch.setattr(classeur, "MEMOIRE_LECTEUR", 24 << 20)
    assert refus(chemin) == "feuille_trop_grande"


SONDE = """
import resource, sys
from commands.importer import *
from commands.tableaux import ouvrir_tableau
from ledger import MemoryStore
with ouvrir_tableau(sys.argv[1]) as t:
    e = entete_de(t, "candidatures", {}, {"territoire": "qpv", "numerique": "non"})
    n = sum(1 for _ in t.rangees())
    actes = actes_du_tableau(
        t, e, "candidatures", Plan("p", "a", "instructeur"), Registre(MemoryStore(), "p"), Bilan(),
        constantes={"territoire": "qpv", "numerique": "non"}, lecture=Lecture(),
    )
    m = sum(1 for a, _ in zip(actes, range(20_000)) if a.commande)
print(n, m, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pas de mesure de mémoire")
def test_cent_mille_lignes_se_lisent_dans_la_meme_memoire(tmp_path: Path) -> None:
    """Cent mille lignes tiennent dans la mémoire de mille, à 12 Mo près."""
    memoires = []
    for nombre in (1_000, 100_000):
        chemin = tmp_path / "a.csv"
        with chemin.open("w", encoding="utf-8") as flux:
            flux.write("Nom,Code postal,Ville,Date\n")
            flux.writelines(f"Lieu {n},75011,Évry,2020-02-03\n" for n in range(nombre))
        fait = subprocess.run(
            [sys.executable, "-c", SONDE, str(chemin)],
            capture_output=True,
            text=True,
            check=True,
        )
        lues, actes, memoire = map(int, fait.stdout.split())
        assert (lues, actes) == (nombre + 1, min(nombre, 20_000))
        memoires.append(memoire)
    assert memoires[1] - memoires[0] < 12, memoires
