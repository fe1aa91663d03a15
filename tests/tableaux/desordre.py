"""How people and spreadsheets write amounts, dates and files: what the disorder is made of."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.tableaux.ecrire import ecrire

LETTRES = "abcdefghijklmnopqrstuvwxyzABCDEFÉÈÇàéèêçôœ'’-,;\"«»& "
Ecriture = tuple[Any, bool]
"""What is written, and whether something of the value was lost: then, only a refusal will do."""


class Ecrit(NamedTuple):
    """A row as somebody wrote it, and whether something of it was lost."""

    cellules: list[Any]
    abimee: bool


def noms(minimum: int) -> st.SearchStrategy[str]:
    return st.text(LETTRES, min_size=minimum, max_size=30).map(
        lambda t: " ".join(f"a{t}".split()).strip()
    )


def groupes(euros: int, espace: str) -> str:
    return f"{euros:,}".replace(",", espace)


def ecritures_du_montant(centimes: int, genre: str) -> list[Ecriture]:
    """The ways of writing an amount."""
    euros, reste = divmod(centimes, 100)
    montants: list[Ecriture] = [
        (f"{groupes(euros, espace)},{reste:02d}{fin}", False)
        for espace in (" ", "\u00a0", "\u202f", "")
        for fin in ("", " €", "€")
    ]
    montants += [(f"{euros}.{reste:02d}", False), (f"{centimes:e}", True)]
    montants += [
        (f"{groupes(euros, '.')},{reste:02d}", euros >= 1000),
        (f"{groupes(euros, ',')}.{reste:02d}", euros >= 1000),
        (f"{euros},{reste // 10}", True),
        (f"{euros}.{reste:02d}0", True),
        (f"{euros},{reste:02d}0", True),
        (f"{euros},{reste:02d} %", True),
        (f"${euros}.{reste:02d}", True),
        (f"{euros},{reste:02d} k€", True),
        (f"({euros},{reste:02d})", True),
    ]
    if genre != "csv":
        montants += [(centimes / 100, False), (centimes / 100 + 0.001, True)]
    return montants


def ecritures_du_jour(jour: date, genre: str) -> list[Ecriture]:
    """The ways of writing a date."""
    jours: list[Ecriture] = [
        (jour.isoformat(), False),
        (f"{jour:%d/%m/%Y}", False),
        (f"{jour.day}/{jour.month}/{jour.year}", False),
        (f"{jour:%Y/%m/%d}", False),
        (f"{jour:%d.%m.%Y}", False),
        (f"{jour:%d/%m/%y}", True),
        (f"{jour:%d-%b-%y}", True),
        (f"{jour:%Y%m%d}", True),
    ]
    return jours if genre == "csv" else [*jours, (jour, False)]


class Fichier(NamedTuple):
    """A drawn file: what its rows mean, how they are written, at which lines."""

    genre: str
    titres: list[str]
    voulus: list[Any]
    ecrits: list[Ecrit]
    avant: int
    blanches: list[int]
    repetes: list[int]
    encodage: str
    separateur: str
    fin: str


@st.composite
def fichiers(
    draw: st.DrawFn,
    genre: str,
    titres: list[str],
    voulus: st.SearchStrategy[Any],
    ecritures: Any,
) -> Fichier:
    """Up to six rows in a file of that kind; `ecritures(voulu, genre)` draws one way of writing."""
    sens = draw(st.lists(voulus, min_size=1, max_size=6))
    return Fichier(
        genre,
        titres,
        sens,
        [draw(ecritures(v, genre)) for v in sens],
        draw(st.integers(0, 3)),
        draw(st.lists(st.integers(0, 5), max_size=3)),
        draw(st.lists(st.integers(1, 5), max_size=1)),
        draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1252+marque"))),
        draw(st.sampled_from((",", ";", "\t"))),
        draw(st.sampled_from(("\r\n", "\n"))),
    )


def deposer(fichier: Fichier, dossier: Path) -> tuple[Path, list[int]]:
    """Write the file; where each row went. Blank rows and repeated headings come between."""
    blanche = [""] * len(fichier.titres)
    rangs: list[list[Any]] = [["Relevé transmis"] if n == 1 else [] for n in range(fichier.avant)]
    rangs.append(fichier.titres)
    lignes = []
    for numero, ecrit in enumerate(fichier.ecrits):
        rangs += [blanche] * fichier.blanches.count(numero)
        rangs += [fichier.titres] * fichier.repetes.count(numero)
        rangs.append(ecrit.cellules)
        lignes.append(len(rangs))
    rangs += [[], blanche]
    if fichier.genre != "csv":
        return ecrire(fichier.genre, dossier, rangs), lignes
    texte = io.StringIO()
    csv.writer(texte, delimiter=fichier.separateur, lineterminator=fichier.fin).writerows(rangs)
    if texte.getvalue().count("\n") > len(rangs):  # a heading that holds a line feed
        lignes = _debuts(rangs, lignes)
    marque = b"\xef\xbb\xbf" if fichier.encodage.endswith("+marque") else b""
    encodage = fichier.encodage.removesuffix("+marque")
    ecrit_ = texte.getvalue().replace("\u202f", " " if encodage == "cp1252" else "\u202f")
    (dossier / "a.csv").write_bytes(marque + ecrit_.encode(encodage))
    return dossier / "a.csv", lignes


def _debuts(rangs: list[list[Any]], lignes: list[int]) -> list[int]:
    """The physical line where each row starts."""
    debuts, ligne = [], 1
    for rang in rangs:
        debuts.append(ligne)
        ligne += 1 + sum(str(cellule).count("\n") for cellule in rang)
    return [debuts[numero - 1] for numero in lignes]
