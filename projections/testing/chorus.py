"""Extracts of Chorus made from a journal, and the anomalies to inject in them, verdicts included.

    extrait = extraire(versements(faits))
    extrait.injecter("montant_different", rang=3)
    rangees(extrait.lignes)      # headings and rows, as a spreadsheet holds them

Synthetic: numbers are made up from positions, and say nothing of any real payment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from ..rapprochement.modele import LigneChorus, Nom, VersementAuLivre

ENTETES = (
    "N° EJ",
    "N° poste EJ",
    "Fournisseur payé (DP)",
    "",
    "Branche",
    "",
    "Code taxe 1 (SIRET)",
    "N° TVA 3 (COM-RIDET ou TAHITI)",
    "Référentiel de programmation",
    "",
    "Société",
    "Exercice comptable",
    "N° DP",
    "N° poste DP",
    "Date de dernière opération sur la DP",
    "Centre financier",
    "",
    "Domaine fonctionnel",
    "",
    "Montant payé",
)
"""The columns of an extract: the heading of a label is empty, and follows its code."""
FEUILLE = "1. Extraction"
_ORIGINE = date(1899, 12, 30)
_POSTES = 2


class Extrait:
    """The lines of an extract, and the verdict expected of each request and payment."""

    def __init__(self, lignes: list[LigneChorus], attendus: dict[Any, Nom]) -> None:
        self.lignes = lignes
        # (dp, exercice), or position of a payment without request -> verdict
        self.attendus = attendus

    def numero(self, versement: VersementAuLivre) -> tuple[str, int]:
        """The request that was made for a payment."""
        return numero(versement), versement.exercice

    def injecter(self, anomalie: Nom, versement: VersementAuLivre) -> None:
        """Spoil the request of one payment; what must be said of it changes with it.

        Raises ValueError for what cannot be injected there: a request that pays several payments,
        `ambigu` for a payment that the ledger knows by its number.
        """
        cle = self.numero(versement)
        if self.attendus.get(cle) == "regroupe":
            raise ValueError(f"{anomalie} : la demande {cle[0]} paie plusieurs versements")
        siennes = [ligne for ligne in self.lignes if (ligne.dp, ligne.exercice) == cle]
        autres = [ligne for ligne in self.lignes if (ligne.dp, ligne.exercice) != cle]
        premiere = siennes[0]
        match anomalie:
            case "montant_different":
                plus = replace(premiere, montant_centimes=premiere.montant_centimes + 1)
                siennes[0] = plus
            case "autre_exercice":
                siennes = [replace(ligne, exercice=ligne.exercice + 1) for ligne in siennes]
                del self.attendus[cle]
                cle = cle[0], cle[1] + 1
            case "dp_en_double":
                siennes.append(replace(premiere, ligne=len(self.lignes) + 2))
                self.attendus[versement.position] = "livre_seul"
            case "dp_incomplete":
                siennes[0] = replace(premiere, montant_centimes=0, lisible=False)
                self.attendus[versement.position] = "livre_seul"
            case "annulation":
                siennes = [
                    replace(ligne, montant_centimes=-ligne.montant_centimes) for ligne in siennes
                ]
                self.attendus[versement.position] = "livre_seul"
            case "chorus_seul":
                # another payee, under numbers that the ledger does not know
                siennes.append(
                    replace(
                        premiere,
                        dp=f"9{cle[0][1:]}",
                        ej=f"9{premiere.ej[1:]}",
                        siret="",
                        ultramarin="0123456001",
                        ligne=len(self.lignes) + 2,
                    )
                )
                self.attendus[f"9{cle[0][1:]}", cle[1]] = "chorus_seul"
                self.lignes = [*autres, *siennes]
                return
            case "ambigu":
                # a twin, equal in everything but its number: only a payment that no number
                # recognises can be mistaken
                if cle[0] in versement.numeros:
                    raise ValueError(f"{anomalie} : le livre tient le numéro {cle[0]}")
                jumelle = f"8{cle[0][1:]}"
                siennes += [
                    replace(ligne, dp=jumelle, ligne=len(self.lignes) + rang)
                    for rang, ligne in enumerate(siennes, start=2)
                ]
                self.attendus[jumelle, cle[1]] = "ambigu"
                self.attendus[versement.position] = "ambigu"
            case "livre_seul":
                siennes = []
                del self.attendus[cle]
                self.attendus[versement.position] = "livre_seul"
                self.lignes = autres
                return
            case _:
                raise ValueError(anomalie)
        self.attendus[cle] = anomalie
        self.lignes = [*autres, *siennes]


def numero(versement: VersementAuLivre) -> str:
    """A request number, made up; the first one that was ordered when there is one."""
    return versement.demandes[0] if versement.demandes else f"04{versement.position:08d}"


def extraire(livre: Iterable[VersementAuLivre]) -> Extrait:
    """An extract that says what the ledger says: a request for each payment in force, in two lines
    when its amount allows. Payments under one number (an order paid in parts) are one request."""
    lignes: list[LigneChorus] = []
    attendus: dict[Any, Nom] = {}
    groupes: dict[tuple[str, int], list[VersementAuLivre]] = {}
    for versement in livre:
        if versement.annulation is None:
            cle = numero(versement), versement.exercice
            groupes.setdefault(cle, []).append(versement)
    for (dp, exercice), payes in groupes.items():
        attendus[dp, exercice] = "rapproche"
        if len(payes) > 1:
            attendus[dp, exercice] = "regroupe"
            attendus |= dict.fromkeys((v.position for v in payes), "regroupe")
        parts = [(v, part) for v in payes for part in _parts(v.montant_centimes)]
        for poste, (versement, part) in enumerate(parts, start=1):
            lignes.append(
                LigneChorus(
                    feuille=FEUILLE,
                    ligne=len(lignes) + 2,
                    dp=dp,
                    exercice=exercice,
                    montant_centimes=part,
                    poste=str(poste),
                    ej=versement.ejs[0] if versement.ejs else f"00{versement.position:08d}",
                    poste_ej="1",
                    siret=versement.siret,
                    fournisseur=versement.structure,
                    date=versement.date,
                )
            )
    return Extrait(lignes, attendus)


def _parts(centimes: int) -> tuple[int, ...]:
    """The amounts of the lines of a payment."""
    moitie = centimes // _POSTES
    return (moitie, centimes - moitie) if moitie else (centimes,)


def rangees(
    lignes: Sequence[LigneChorus], *, dates: str = "serie", referentiel: str = "0112-01"
) -> list[list[Any]]:
    """Headings and rows as a spreadsheet holds them: amounts in binary floats, `#` for empty, dates
    as serials (`serie`) or texts (`texte`)."""
    return [list(ENTETES), *(_rangee(ligne, dates, referentiel) for ligne in lignes)]


def _rangee(ligne: LigneChorus, dates: str, referentiel: str) -> list[Any]:
    jour: Any = "#"
    if ligne.date is not None:
        lu = date.fromisoformat(ligne.date)
        jour = (lu - _ORIGINE) // timedelta(1) if dates == "serie" else f"{lu:%d/%m/%Y}"
    return [
        ligne.ej or "#",
        ligne.poste_ej or "#",
        "1000000000",
        ligne.fournisseur or "#",
        "1",
        "Associations",
        ligne.siret or "#",
        ligne.ultramarin or "#",
        referentiel,
        "Référentiel d'exemple",
        "ETAT",
        ligne.exercice,
        ligne.dp,
        ligne.poste or "#",
        jour,
        "0112-CENTRE",
        "Centre d'exemple",
        "0112-11",
        "Domaine d'exemple",
        ligne.montant_centimes / 100 if ligne.lisible else "illisible",
    ]
