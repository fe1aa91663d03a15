"""Un fichier écrit puis mis en désordre se relit exactement, ou chaque perte est refusée."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from commands.importer import (
    CODES,
    Acte,
    Bilan,
    Lecture,
    Plan,
    Registre,
    actes_du_tableau,
    entete_de,
)
from commands.tableaux import ouvrir_tableau, valeurs
from ledger import MemoryStore
from tests.tableaux.ecrire import ecrire

TITRES = ["Nom", "Code postal", "Ville", "QPV", "Numérique", "Date", "Montant demandé (€)", "SIRET"]
SIRETS = ("35600000000048", "21860194600013", "13002526500013", "")
LETTRES = "abcdefghijklmnopqrstuvwxyzABCDEFÉÈÇàéèêçôœ'’-,;\"«»& "


class Voulu(NamedTuple):
    """What a row means."""

    porteur: str
    code_postal: str
    ville: str
    territoire: str
    numerique: bool
    jour: date
    centimes: int
    siret: str


class Ecrit(NamedTuple):
    """A row as somebody wrote it, and whether something of it was lost."""

    cellules: list[Any]
    abimee: bool


def noms(minimum: int) -> st.SearchStrategy[str]:
    return st.text(LETTRES, min_size=minimum, max_size=30).map(
        lambda t: " ".join(f"a{t}".split()).strip()
    )


voulus = st.builds(
    Voulu,
    porteur=noms(1),
    code_postal=st.from_regex(r"\A[0-9]{5}\Z"),
    ville=noms(1),
    territoire=st.sampled_from(("qpv", "hors_qpv", "inconnu")),
    numerique=st.booleans(),
    jour=st.dates(date(1950, 1, 1), date(2100, 12, 31)),
    centimes=st.integers(0, 10**11),
    siret=st.sampled_from(SIRETS),
)


def groupes(euros: int, espace: str) -> str:
    return f"{euros:,}".replace(",", espace)


@st.composite
def ecritures(draw: st.DrawFn, voulu: Voulu, genre: str) -> Ecrit:
    """One of the ways in which people and spreadsheets write a row."""
    euros, reste = divmod(voulu.centimes, 100)
    montants: list[tuple[Any, bool]] = [
        (f"{groupes(euros, espace)},{reste:02d}{fin}", False)
        for espace in (" ", "\u00a0", "\u202f", "")
        for fin in ("", " €")
    ]
    montants += [(f"{euros}.{reste:02d}", False), (f"{voulu.centimes:e}", True)]
    montants += [
        (f"{groupes(euros, '.')},{reste:02d}", euros >= 1000),
        (f"{euros},{reste // 10}", True),
    ]
    jour = voulu.jour
    jours: list[tuple[Any, bool]] = [
        (jour.isoformat(), False),
        (f"{jour:%d/%m/%Y}", False),
        (f"{jour.day}/{jour.month}/{jour.year}", False),
        (f"{jour:%Y/%m/%d}", False),
        (f"{jour:%d.%m.%Y}", False),
        (f"{jour:%d/%m/%y}", True),
        (f"{jour:%d-%b-%y}", True),
    ]
    codes: list[tuple[Any, bool]] = [
        (voulu.code_postal, False),
        (str(int(voulu.code_postal)), voulu.code_postal.startswith("0")),
    ]
    siret = voulu.siret
    sirets: list[tuple[Any, bool]] = [(siret, False)]
    if siret:
        sirets += [
            (f"{siret[:3]} {siret[3:6]} {siret[6:9]} {siret[9:]}", False),
            (f"{siret}.0", True),
            (f"{siret[0]}.{siret[1:4]}E+13", True),
            (siret[:9], True),
        ]
    if genre != "csv":
        montants.append((voulu.centimes / 100, False))
        jours.append((jour, False))
        codes.append((int(voulu.code_postal), voulu.code_postal.startswith("0")))
        sirets += [(int(siret), False)] if siret else []
    oui_non = ("OUI", "Vrai", "1", "x") if voulu.numerique else ("non", "FAUX", "0", "Non")
    zones = {
        "qpv": ("qpv", "QPV", "Oui"),
        "hors_qpv": ("hors_qpv", "Hors QPV", "NON"),
        "inconnu": ("inconnu", "INCONNU"),
    }
    choisis = [draw(st.sampled_from(x)) for x in (codes, jours, montants, sirets)]
    (code, a), (quand, b), (montant, c), (numero, d) = choisis
    bords = draw(st.sampled_from(("", " ", "\u00a0")))
    return Ecrit(
        [
            f"{bords}{voulu.porteur}{bords}",
            code,
            f"{voulu.ville}{bords}",
            draw(st.sampled_from(zones[voulu.territoire])),
            draw(st.sampled_from(oui_non)),
            quand,
            montant,
            numero,
        ],
        a or b or c or d,
    )


class Fichier(NamedTuple):
    """A drawn file: what its rows mean, how they are written, at which lines."""

    genre: str
    voulus: list[Voulu]
    ecrits: list[Ecrit]
    avant: int
    blanches: list[int]
    encodage: str
    separateur: str
    fin: str


@st.composite
def fichiers(draw: st.DrawFn, genre: str) -> Fichier:
    sens = draw(st.lists(voulus, min_size=1, max_size=6))
    return Fichier(
        genre,
        sens,
        [draw(ecritures(v, genre)) for v in sens],
        draw(st.integers(0, 3)),
        draw(st.lists(st.integers(0, 5), max_size=3)),
        draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1252+marque"))),
        draw(st.sampled_from((",", ";", "\t"))),
        draw(st.sampled_from(("\r\n", "\n"))),
    )


def deposer(fichier: Fichier, dossier: Path) -> tuple[Path, list[int]]:
    """Write the file; where each row went."""
    rangs: list[list[Any]] = [["Relevé des dépôts"] if n == 1 else [] for n in range(fichier.avant)]
    rangs.append(TITRES)
    lignes = []
    for numero, ecrit in enumerate(fichier.ecrits):
        rangs += [[""] * 8] * fichier.blanches.count(numero)
        rangs.append(ecrit.cellules)
        lignes.append(len(rangs))
    rangs += [[], [""] * 8]
    if fichier.genre != "csv":
        return ecrire(fichier.genre, dossier, rangs), lignes
    texte = io.StringIO()
    csv.writer(texte, delimiter=fichier.separateur, lineterminator=fichier.fin).writerows(rangs)
    marque = b"\xef\xbb\xbf" if fichier.encodage.endswith("+marque") else b""
    encodage = fichier.encodage.removesuffix("+marque")
    ecrit_ = texte.getvalue().replace("\u202f", " " if encodage == "cp1252" else "\u202f")
    (dossier / "a.csv").write_bytes(marque + ecrit_.encode(encodage))
    return dossier / "a.csv", lignes


def relire(chemin: Path) -> tuple[list[Acte], Bilan]:
    bilan = Bilan()
    with ouvrir_tableau(chemin) as tableau:
        entete = entete_de(tableau, "candidatures", {}, {})
        return list(
            actes_du_tableau(
                tableau,
                entete,
                "candidatures",
                Plan("fabriques", "import", "instructeur"),
                Registre(MemoryStore(), "fabriques"),
                bilan,
                constantes={},
                lecture=Lecture(tableau.calendrier),
            )
        ), bilan


def eprouver(fichier: Fichier) -> None:
    with TemporaryDirectory() as dossier:
        chemin, lignes = deposer(fichier, Path(dossier))
        actes, _ = relire(chemin)
    assert [acte.ligne for acte in actes] == lignes
    for voulu, ecrit, acte in zip(fichier.voulus, fichier.ecrits, actes, strict=True):
        if acte.refus:
            assert ecrit.abimee, (acte, ecrit)
            assert {c.code for c in acte.refus} <= CODES.keys() | valeurs.CODES.keys()
            assert all(c.remede and c.message for c in acte.refus)
            continue
        commande: Any = acte.commande
        lue = {champ: commande.get(champ) for champ in ("porteur", "code_postal", "ville", "siret")}
        assert lue == {
            "porteur": voulu.porteur,
            "code_postal": voulu.code_postal,
            "ville": voulu.ville,
            "siret": voulu.siret or None,
        }
        assert commande["montant_demande_centimes"] == voulu.centimes
        assert commande["date_effet"] == voulu.jour.isoformat()
        assert (commande["territoire"], commande["numerique"]) == (
            voulu.territoire,
            voulu.numerique,
        )


@settings(max_examples=150)
@given(fichiers("csv"))
def test_un_texte_en_desordre_se_relit_exactement_ou_se_refuse(fichier: Fichier) -> None:
    """Un csv perturbé : chaque ligne intacte est relue à l'identique, chaque perte est refusée."""
    eprouver(fichier)


@settings(max_examples=16)
@given(st.sampled_from(("xlsx", "ods", "xls")).flatmap(fichiers))
def test_un_classeur_en_desordre_se_relit_exactement_ou_se_refuse(fichier: Fichier) -> None:
    """Un classeur perturbé : chaque ligne intacte est relue à l'identique, ou refusée si perdue."""
    eprouver(fichier)
