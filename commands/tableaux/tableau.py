"""Opening a file of tables, whatever it is: csv, xlsx, xls, ods. What was assumed is stated.

    with ouvrir_tableau("candidatures.xlsx") as tableau:
        for rangee in tableau.rangees():
            ...

The bytes are copied first, so that the digest is that of what is read, whatever becomes of the file
meanwhile; standard input (`-`) is read likewise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from msgspec import Struct

from .archive import verifier_archive
from .biff import inspecter_xls
from .cellules import Rangee
from .classeur import Fusion, noms_des_feuilles, ouvrir_feuille
from .colonnes import SEPARATEURS, deviner_separateur, lire_rangees
from .decodage import examiner
from .erreurs import TableauIllisible
from .inspection import Marques, calendrier_xlsx, inspecter_ods, inspecter_xlsx
from .limites import OCTETS_MAX

_MORCEAU = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHIFFRE_OLE = "EncryptedPackage".encode("utf-16-le")
_AUTRES = (
    (b"%PDF", "un PDF"),
    (b"{\\rtf", "un document RTF"),
    (b"\x1f\x8b", "une archive gzip"),
    (b"7z\xbc\xaf", "une archive 7z"),
    (b"\x89PNG", "une image"),
    (b"SQLite format 3", "une base SQLite"),
    (b"<html", "une page web, même si son nom finit par .xls"),
    (b"<!doctype", "une page web, même si son nom finit par .xls"),
    (b"<table", "une page web, même si son nom finit par .xls"),
    (b"<?xml", "un document XML"),
)
_REMEDE = "Donner un fichier .csv, .xlsx, .xls ou .ods."


class Tableau(Struct, frozen=True):
    """A table that can be read, as many times as needed, while its file is open.

    `sha256` is that of the bytes of the file. `constats`: French sentences that say what was found
    and what was assumed (encoding, separator, sheet, formulas, macros).
    """

    nom: str
    sha256: str
    genre: str
    constats: tuple[str, ...]
    rangees: Callable[[], Iterator[Rangee]]
    """Reads the rows, blank ones included, in a stream."""
    feuille: str | None = None
    feuilles: tuple[str, ...] = ()
    fusions: tuple[Fusion, ...] = ()
    calendrier: int | None = None
    """The date system of bare numbers (1900, 1904), None when the file does not say it."""


@contextmanager
def ouvrir_tableau(
    fichier: str | Path,
    *,
    feuille: str | None = None,
    encodage: str | None = None,
    separateur: str | None = None,
) -> Iterator[Tableau]:
    """The table of a file (`-`: standard input). `feuille`: a name, or a rank from 1.

    Raises: TableauIllisible, whose `code` says why.
    """
    nom = nom_de(fichier)
    with TemporaryDirectory(prefix="fabriques-") as dossier:
        copie = Path(dossier) / "tableau"
        empreinte, debut = copier(fichier, copie, nom)
        if debut.startswith(b"PK\x03\x04"):
            yield _classeur(copie, nom, empreinte, verifier_archive(copie), feuille)
        elif debut.startswith(_OLE):
            if _CHIFFRE_OLE in copie.read_bytes():
                raise TableauIllisible(
                    "fichier_chiffre",
                    f"{nom} est protégé par un mot de passe.",
                    remede="L'enregistrer sans mot de passe.",
                )
            yield _classeur(copie, nom, empreinte, "xls", feuille)
        else:
            _refuser_autre(debut, nom)
            if feuille is not None:
                raise TableauIllisible(
                    "feuille_inconnue",
                    f"{nom} est un fichier de texte : il n'a pas de feuille « {feuille[:60]} ».",
                    remede="Ôter --feuille, ou donner le classeur.",
                )
            yield _texte(copie, nom, empreinte, encodage, separateur)


def nom_de(fichier: str | Path) -> str:
    """How sentences name the file."""
    return "entrée standard" if str(fichier) == "-" else Path(fichier).name


def copier(fichier: str | Path, copie: Path, nom: str) -> tuple[str, bytes]:
    """Copy the bytes aside; their digest and their beginning. Raises TableauIllisible."""
    somme, taille, debut = sha256(), 0, b""
    blanc = True
    try:
        with _source(fichier) as source, copie.open("wb") as flux:
            while morceau := source.read(_MORCEAU):
                debut = debut or morceau[:64]
                taille += len(morceau)
                blanc = blanc and not morceau.strip(b" \t\r\n\xef\xbb\xbf")
                if taille > OCTETS_MAX:
                    raise TableauIllisible(
                        "fichier_trop_grand",
                        f"{nom} dépasse {OCTETS_MAX >> 20} Mo.",
                        remede="Le découper.",
                    )
                somme.update(morceau)
                flux.write(morceau)
    except OSError as erreur:
        raise TableauIllisible(
            "fichier_introuvable",
            f"{nom} ne se lit pas : {_raison(erreur)}.",
            remede="Vérifier son nom et ses droits.",
        ) from erreur
    if blanc:
        raise TableauIllisible("fichier_vide", f"{nom} est vide.", remede=_REMEDE)
    return somme.hexdigest(), debut


@contextmanager
def _source(fichier: str | Path) -> Iterator[IO[bytes]]:
    if str(fichier) == "-":
        yield sys.stdin.buffer
        return
    with Path(fichier).open("rb") as flux:
        yield flux


def _raison(erreur: OSError) -> str:
    match erreur:
        case FileNotFoundError():
            return "il n'existe pas"
        case PermissionError():
            return "l'accès est refusé"
        case IsADirectoryError():
            return "c'est un dossier"
        case _:
            return erreur.strerror or str(erreur)


def _refuser_autre(debut: bytes, nom: str) -> None:
    nu = debut.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for marque, quoi in _AUTRES:
        if nu.startswith(marque.lower()):
            raise TableauIllisible(
                "format_inconnu", f"{nom} est {quoi}, et non un tableau.", remede=_REMEDE
            )


def _texte(
    copie: Path, nom: str, empreinte: str, encodage: str | None, separateur: str | None
) -> Tableau:
    examen = examiner(copie, nom, encodage=encodage)
    devine, sauter = deviner_separateur(copie, examen)
    choisi = separateur or devine
    comment = "imposé" if separateur else ("dit par sa ligne sep=" if sauter else "constaté")
    constats = (
        f"Texte en {examen.encodage_dit}, séparateur {SEPARATEURS.get(choisi, repr(choisi))} "
        f"({comment}).",
        *examen.constats,
        *_suffixe(nom, ("csv", "tsv", "txt", "tab"), "un fichier de texte"),
    )
    return Tableau(
        nom,
        empreinte,
        "csv",
        constats,
        lambda: lire_rangees(copie, examen, choisi, sauter=sauter),
    )


def _classeur(copie: Path, nom: str, empreinte: str, genre: str, voulue: str | None) -> Tableau:
    calendrier = None
    marques: dict[str, Marques] = inspecter_ods(copie) if genre == "ods" else {}
    feuilles = noms_des_feuilles(copie, nom)
    choisie = _choisir(nom, feuilles, voulue)
    if genre in ("xlsx", "xlsm"):
        marques[choisie] = inspecter_xlsx(copie, choisie)
        calendrier = calendrier_xlsx(copie)
    if genre == "xls":
        rang = [f for f, _ in feuilles].index(choisie)
        marques[choisie], calendrier = inspecter_xls(copie, nom, choisie, rang)
    marque = marques.get(choisie)
    lue = ouvrir_feuille(copie, nom, choisie, marque)
    constats = [f"Classeur {genre}, feuille « {choisie} »."]
    autres = [f"« {f} »" for f, _ in feuilles if f != choisie]
    if autres:
        constats.append(f"Feuilles laissées : {', '.join(autres)} (--feuille pour en changer).")
    if genre == "xlsm":
        constats.append("Le classeur tient des macros : elles ne sont jamais exécutées.")
    if marque is not None and marque.formules:
        constats.append(f"Cellules de formule : {marque.formules} ; la valeur enregistrée est lue.")
    constats += _suffixe(nom, (genre,), f"un classeur .{genre}")
    return Tableau(
        nom,
        empreinte,
        genre,
        tuple(constats),
        lue.rangees,
        feuille=choisie,
        feuilles=tuple(f for f, _ in feuilles),
        fusions=lue.fusions,
        calendrier=calendrier,
    )


def _suffixe(nom: str, attendus: tuple[str, ...], quoi: str) -> list[str]:
    suffixe = Path(nom).suffix.lower().removeprefix(".")
    if not suffixe or suffixe in attendus:
        return []
    return [f"Malgré son nom en .{suffixe}, le fichier est {quoi}."]


def _choisir(nom: str, feuilles: tuple[tuple[str, bool], ...], voulue: str | None) -> str:
    """The sheet asked for by name or rank; else the first that is shown."""
    noms = [f for f, _ in feuilles]
    if not noms:
        raise TableauIllisible("fichier_vide", f"{nom} ne tient aucune feuille.", remede=_REMEDE)
    if voulue is None:
        return next((f for f, visible in feuilles if visible), noms[0])
    if voulue in noms:
        return voulue
    if voulue.isascii() and voulue.isdigit() and 1 <= int(voulue) <= len(noms):
        return noms[int(voulue) - 1]
    raise TableauIllisible(
        "feuille_inconnue",
        f"{nom} n'a pas de feuille « {voulue[:60]} ».",
        remede=f"Feuilles : {', '.join(f'« {f} »' for f in noms)}.",
    )
