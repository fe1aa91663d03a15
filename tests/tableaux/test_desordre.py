"""Un fichier écrit puis mis en désordre se relit exactement, ou chaque perte est refusée."""

from __future__ import annotations

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

TITRES = ["Nom", "Code postal", "Ville", "QPV", "Numérique", "Date", "Montant demandé (€)", "SIRET"]
SIRETS = ("35600000000048", "21860194600013", "13002526500013", "")


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


@st.composite
def ecritures(draw: st.DrawFn, voulu: Voulu, genre: str) -> Ecrit:
    """One of the ways in which people and spreadsheets write a row."""
    montants = ecritures_du_montant(voulu.centimes, genre)
    jours = ecritures_du_jour(voulu.jour, genre)
    codes: list[Ecriture] = [
        (voulu.code_postal, False),
        (str(int(voulu.code_postal)), voulu.code_postal.startswith("0")),
    ]
    siret = voulu.siret
    sirets: list[Ecriture] = [(siret, False)]
    if siret:
        sirets += [
            (f"{siret[:3]} {siret[3:6]} {siret[6:9]} {siret[9:]}", False),
            (f"{siret}.0", True),
            (f"{siret[0]}.{siret[1:4]}E+13", True),
            (siret[:9], True),
        ]
    if genre != "csv":
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


@settings(max_examples=100)
@given(fichiers("csv", TITRES, voulus, ecritures))
def test_un_texte_en_desordre_se_relit_exactement_ou_se_refuse(fichier: Fichier) -> None:
    """Un csv perturbé : chaque ligne intacte est relue à l'identique, chaque perte est refusée."""
    eprouver(fichier)


@settings(max_examples=10)
@given(
    st.sampled_from(("xlsx", "ods", "xls")).flatmap(
        lambda genre: fichiers(genre, TITRES, voulus, ecritures)
    )
)
def test_un_classeur_en_desordre_se_relit_exactement_ou_se_refuse(fichier: Fichier) -> None:
    """Un classeur perturbé : chaque ligne intacte est relue à l'identique, ou refusée si perdue."""
    eprouver(fichier)
