"""Versements et commandes mis en désordre : relus exactement, ou refusés par leur nom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.identifiants import identifiant_structure
from commands.importer import (
    CODES,
    Acte,
    Bilan,
    Lecture,
    Plan,
    Registre,
    actes_des_commandes,
    actes_du_tableau,
    entete_de,
    entete_des_commandes,
)
from commands.lecture_json import CommandeIllisible, en_commande
from commands.tableaux import ouvrir_tableau, valeurs
from ledger import MemoryStore
from tests.tableaux.desordre import (
    Ecrit,
    Ecriture,
    Fichier,
    deposer,
    ecritures_du_jour,
    ecritures_du_montant,
    fichiers,
    noms,
)

PLAN = Plan("fabriques", "import", "comptable")
JOURS = st.dates(date(1950, 1, 1), date(2100, 12, 31))
CENTIMES = st.integers(1, 10**11)
Voulu = dict[str, Any]
"""Members of the command that the row means."""

# headings as an office lays them out: a line feed, a unit, an abbreviation
TITRES_VERSEMENTS = ["Nom du\nbénéficiaire", "CP", "N° tranche", "Montant versé\n(en €)", "N° DP"]
TITRES_VERSEMENTS += ["Date de\npaiement", "Exercice comptable", "Observations"]
TITRES_COMMANDES = ["commande", "structure", "Date d'effet", "montant", "ae", "cp", "exercice"]
TITRES_COMMANDES += ["nature", "source", "rang", "reference", "montant_centimes"]

versements = st.fixed_dictionaries(
    {
        "nom": noms(1),
        "code_postal": st.from_regex(r"\A[0-9]{5}\Z"),
        "rang": st.integers(0, 4),
        "montant_centimes": CENTIMES,
        "reference": st.from_regex(r"\ADP-[0-9A-Z]{1,12}\Z"),
        "date_effet": JOURS,
        "exercice": st.none() | st.integers(2019, 2030),
    }
)
commandes = st.one_of(
    st.fixed_dictionaries(
        {
            "commande": st.just("OuvrirCrédits"),
            "date_effet": JOURS,
            "exercice": st.integers(2019, 2030),
            "ae_centimes": CENTIMES,
            "cp_centimes": CENTIMES,
            "nature": st.sampled_from(("lfi", "report")),
            "source": noms(1),
        }
    ),
    st.fixed_dictionaries(
        {
            "commande": st.just("VerserTranche"),
            "date_effet": JOURS,
            "structure": st.from_regex(r"\A[a-z0-9-]{1,20}\Z"),
            "rang": st.integers(1, 4),
            "montant_centimes": CENTIMES,
            "reference": st.from_regex(r"\ADP-[0-9A-Z]{1,12}\Z"),
        }
    ),
)


def _entiers(nombre: int | None, genre: str) -> list[Ecriture]:
    if nombre is None:
        return [("", False)]
    return [
        (str(nombre), False),
        (f"{nombre},5", True),
        *([(nombre, False)] if genre != "csv" else []),
    ]


def _choisir(draw: st.DrawFn, *listes: list[Ecriture]) -> tuple[list[Any], bool]:
    choisis = [draw(st.sampled_from(liste)) for liste in listes]
    return [valeur for valeur, _ in choisis], any(perdue for _, perdue in choisis)


@st.composite
def ecrire_versement(draw: st.DrawFn, voulu: Voulu, genre: str) -> Ecrit:
    """One of the ways of writing a payment."""
    code, rang = voulu["code_postal"], voulu["rang"]
    rangs = [*_entiers(rang, genre), (f"Tranche {rang}", False)]
    rangs = [("Bonus", False), ("bonus numérique", False)] if rang == 0 else rangs
    cellules, abimee = _choisir(
        draw,
        [(f"{b}{voulu['nom']}{b}", False) for b in ("", " ", "\u00a0")],
        [(code, False), (str(int(code)), code.startswith("0"))],
        rangs,
        [
            *ecritures_du_montant(voulu["montant_centimes"], genre),
            (f"-{voulu['montant_centimes'] // 100 + 1}", True),
        ],
        [(voulu["reference"], False)],
        ecritures_du_jour(voulu["date_effet"], genre),
        _entiers(voulu["exercice"], genre),
        [("", False), ("vu", False)],
    )
    return Ecrit(cellules, abimee)


@st.composite
def ecrire_commande(draw: st.DrawFn, voulu: Voulu, genre: str) -> Ecrit:
    """One of the ways of writing a command in columns: amounts in euros, or in cents."""

    def montant(membre: str) -> list[Ecriture]:
        centimes = voulu.get(membre)
        return [("", False)] if centimes is None else ecritures_du_montant(centimes, genre)

    en_euros, en_centimes = montant("montant_centimes"), [("", False)]
    if "montant_centimes" in voulu and draw(st.booleans()):
        en_euros, en_centimes = en_centimes, _entiers(voulu["montant_centimes"], genre)
    verbe = voulu["commande"]
    cellules, abimee = _choisir(
        draw,
        [(verbe, False), (verbe.replace("é", "e"), False)],
        [(voulu.get("structure", ""), False)],
        ecritures_du_jour(voulu["date_effet"], genre),
        en_euros,
        montant("ae_centimes"),
        montant("cp_centimes"),
        _entiers(voulu.get("exercice"), genre),
        [(voulu.get("nature", ""), False)],
        [(voulu.get("source", ""), False)],
        _entiers(voulu.get("rang"), genre),
        [(voulu.get("reference", ""), False)],
        en_centimes,
    )
    return Ecrit(cellules, abimee)


def attendu_du_versement(voulu: Voulu) -> Voulu:
    """The members of the command that a payment means."""
    attendu = {k: v for k, v in voulu.items() if k not in ("nom", "code_postal")}
    attendu["structure"] = identifiant_structure(voulu["nom"], voulu["code_postal"])
    if voulu["rang"] == 0:
        del attendu["rang"]
    return attendu


def relire(sorte: str, chemin: Path) -> list[Acte]:
    """The acts of the file, in the order of its rows."""

    def actes() -> Iterator[Acte]:
        bilan = Bilan()
        with ouvrir_tableau(chemin) as tableau:
            communs: Any = {"constantes": {}, "lecture": Lecture(tableau.calendrier)}
            if sorte == "commandes":
                entete = entete_des_commandes(tableau, {}, {})
                yield from actes_des_commandes(tableau, entete, PLAN, bilan, **communs)
                return
            entete = entete_de(tableau, sorte, {}, {})
            registre = Registre(MemoryStore(), "fabriques")
            yield from actes_du_tableau(tableau, entete, sorte, PLAN, registre, bilan, **communs)

    return list(actes())


def eprouver(sorte: str, fichier: Fichier) -> None:
    """Each row in its place: what it means, or a refusal by name of what was lost."""
    with TemporaryDirectory() as dossier:
        chemin, lignes = deposer(fichier, Path(dossier))
        actes = relire(sorte, chemin)
    assert [acte.ligne for acte in actes] == lignes
    for voulu, ecrit, acte in zip(fichier.voulus, fichier.ecrits, actes, strict=True):
        lue = None if acte.refus else en_commande(acte.commande)
        if lue is None or isinstance(lue, CommandeIllisible):
            assert ecrit.abimee, (acte, ecrit, lue)
            assert {c.code for c in acte.refus} <= CODES.keys() | valeurs.CODES.keys()
            assert all(c.remede and c.message for c in acte.refus)
            continue
        attendu = attendu_du_versement(voulu) if sorte == "versements" else dict(voulu)
        attendu.pop("commande", None)
        assert {champ: getattr(lue, champ) for champ in attendu} == attendu, ecrit


TEXTES = {
    "versements": partial(fichiers, "csv", TITRES_VERSEMENTS, versements, ecrire_versement),
    "commandes": partial(fichiers, "csv", TITRES_COMMANDES, commandes, ecrire_commande),
}


@pytest.mark.parametrize("sorte", ["versements", "commandes"])
@settings(max_examples=40)
@given(data=st.data())
def test_un_texte_en_desordre_se_relit_exactement_ou_se_refuse(
    sorte: str, data: st.DataObject
) -> None:
    """Un csv de versements ou de commandes : aucun montant, aucune date n'y change sans le dire."""
    eprouver(sorte, data.draw(TEXTES[sorte]()))


@pytest.mark.parametrize("genre", ["xlsx", "ods", "xls"])
@pytest.mark.parametrize("sorte", ["versements", "commandes"])
@settings(max_examples=2)
@given(data=st.data())
def test_un_classeur_en_desordre_se_relit_exactement_ou_se_refuse(
    sorte: str, genre: str, data: st.DataObject
) -> None:
    """De même dans un classeur, où montants et dates sont aussi des nombres et des dates."""
    titres = TITRES_VERSEMENTS if sorte == "versements" else TITRES_COMMANDES
    sens = versements if sorte == "versements" else commandes
    ecritures = ecrire_versement if sorte == "versements" else ecrire_commande
    eprouver(sorte, data.draw(fichiers(genre, titres, sens, ecritures)))
