"""Les deux classeurs ouverts, recalculés et réécrits par LibreOffice : mêmes valeurs qu'écrites.

`make test-bureautique` : n'installe rien, et dit comment obtenir LibreOffice s'il manque.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.cli.outils import lancer
from tests.tableurs.evaluer import Livre, lire_ods, lire_xlsx
from tests.tableurs.test_modele import classeur, ligne, octets

_RECALCULER = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode"
 oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="ODFRecalcMode"
 oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""A profile that recomputes every formula on opening, whatever the file caches."""


def convertir(soffice: str, fichier: Path, dossier: Path) -> Livre:
    """The workbook as LibreOffice recomputes it, read back from what it writes (XLSX)."""
    profil = dossier / "profil"
    (profil / "user").mkdir(parents=True, exist_ok=True)
    (profil / "user" / "registrymodifications.xcu").write_text(_RECALCULER, "utf-8")
    sortie = dossier / f"de-{fichier.suffix[1:]}"
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation={profil.as_uri()}",
            "--headless",
            "--convert-to",
            "xlsx",
            "--outdir",
            str(sortie),
            str(fichier),
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return lire_xlsx((sortie / f"{fichier.stem}.xlsx").read_bytes())


def differences(ecrit: Livre, relu: Livre) -> list[str]:
    """Every cell that LibreOffice does not give back as it was written."""
    trouvees = []
    if list(ecrit) != list(relu):
        return [f"feuilles : {list(ecrit)}, puis {list(relu)}"]
    for nom, feuille in ecrit.items():
        for (rang, colonne), cellule in feuille.cellules.items():
            valeur = relu[nom].valeur(rang, colonne)
            if not _pareilles(cellule.valeur, valeur):
                trouvees.append(f"{nom} L{rang}C{colonne} : {cellule.valeur!r}, puis {valeur!r}")
    return trouvees


def _pareilles(ecrite: Any, relue: Any) -> bool:
    if isinstance(ecrite, int | float) and isinstance(relue, int | float):
        return round(ecrite * 10_000) == round(relue * 10_000)
    return bool((ecrite or None) == (relue or None))


def _comparer(soffice: str, dossier: Path) -> int:
    base = dossier / "demo.db"
    fait = lancer("demo", "--base", base, "--au", "2022-12-31", "--format", "json")
    if fait.code:
        raise SystemExit(fait.erreur)
    fautes = 0
    for suffixe in ("xlsx", "ods"):
        fichier = dossier / f"fabriques.{suffixe}"
        lancer("exporter", suffixe, "--base", base, "-o", fichier)
        ecrit = (lire_xlsx if suffixe == "xlsx" else lire_ods)(fichier.read_bytes())
        ecarts = differences(ecrit, convertir(soffice, fichier, dossier))
        fautes += len(ecarts)
        cellules = sum(len(f.cellules) for f in ecrit.values())
        _dire(f"{suffixe} : {cellules} cellules comparées, {len(ecarts)} écarts")
        for ecart in ecarts[:20]:
            _dire(f"  {ecart}")
    return fautes + _temoin(soffice, dossier)


def _temoin(soffice: str, dossier: Path) -> int:
    """Without recomputation the comparison would prove nothing: a false cached value must go."""
    from projections.tableurs import Formule  # noqa: PLC0415

    faux = classeur(
        ligne(nom="faux", prevu=10, verse=3, reste=Formule("ROUND({prevu}-{verse};2)", 8))
    )
    fautes = 0
    for suffixe, contenu in zip(("xlsx", "ods"), octets(faux), strict=True):
        fichier = dossier / f"temoin.{suffixe}"
        fichier.write_bytes(contenu)
        recalcule = convertir(soffice, fichier, dossier)["Échéanciers"].valeur(2, 4)
        juste = round((recalcule or 0) * 100) == 7
        _dire(f"{suffixe} : témoin {'recalculé' if juste else f'NON recalculé ({recalcule})'}")
        fautes += not juste
    return fautes


def _dire(phrase: str) -> None:
    sys.stdout.write(f"{phrase}\n")


def main() -> int:
    """0 when every value is the same, 1 on a difference, 2 without LibreOffice."""
    soffice = shutil.which("soffice") or shutil.which("libreoffice")
    if soffice is None:
        sys.stderr.write(
            "LibreOffice est absent : rien n'est vérifié. L'obtenir, par exemple :\n"
            "  apt-get install --no-install-recommends libreoffice-calc\n"
            "puis relancer make test-bureautique.\n"
        )
        return 2
    with tempfile.TemporaryDirectory() as dossier:
        return 1 if _comparer(soffice, Path(dossier)) else 0


if __name__ == "__main__":
    sys.exit(main())
