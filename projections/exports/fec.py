"""The ledger as a FEC (fichier des écritures comptables, art. A.47 A-1 of the LPF).

18 columns, tab, decimal comma, dates AAAAMMJJ, UTF-8. One entry per fact that moves money, numbered
without a gap in the order of the journal; of one exercice (by effect date) it begins with the
balances carried forward. Debit = credit is checked here, entry by entry: hence over the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from ledger import Journal
from ledger.erreurs import ImpossibleHistoryError
from ledger.evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    CréditsDégelés,
    CréditsGelés,
    CréditsOuverts,
    FabriqueLabellisée,
    Fait,
    LabelRetiré,
    ReversementDemandé,
    ReversementEncaissé,
    TrancheVersée,
    VersementAnnulé,
)

from ..partie_double import ecritures
from ..situation import Vue
from ..tableur import cellule
from .commun import Livre, Operation
from .fec_comptes import Compte, compte

COLONNES = (
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
)
A_NOUVEAUX = "AN"
"""The code of the journal that carries balances forward."""
_A_NOUVEAUX = (A_NOUVEAUX, "À-nouveaux")
_ENGAGEMENTS = ("ENG", "Engagements et retraits")
_CREDITS = ("CRE", "Crédits")
_PAIEMENTS = ("PAI", "Paiements")
_REVERSEMENTS = ("REV", "Reversements")
_PROGRAMME = ("PRG", "Programme et enveloppe")
_JOURNAUX: dict[type[Fait], tuple[str, str]] = {
    FabriqueLabellisée: _ENGAGEMENTS,
    AvenantSigné: _ENGAGEMENTS,
    BonusNumériqueAccordé: _ENGAGEMENTS,
    LabelRetiré: _ENGAGEMENTS,
    CréditsOuverts: _CREDITS,
    CréditsGelés: _CREDITS,
    CréditsDégelés: _CREDITS,
    TrancheVersée: _PAIEMENTS,
    BonusNumériqueVersé: _PAIEMENTS,
    VersementAnnulé: _PAIEMENTS,
    ReversementDemandé: _REVERSEMENTS,
    ReversementEncaissé: _REVERSEMENTS,
}
_REFERENCES = ("reference", "titre")
_SEPARATEURS = str.maketrans("\t\n", "  ")
_Soldes = dict[Compte, int]


class Piece(NamedTuple):
    """What the lines of one entry share: journal, dates, document, label."""

    journal: tuple[str, str]
    jour: date
    reference: str
    libelle: str
    valide: str


def nom_reglementaire(siret: str, exercice: int) -> str:
    """`SirenFECAAAAMMJJ.txt`, the date being that of the closing."""
    return f"{siret[:9]}FEC{exercice}1231.txt"


def ecrire_fec(journal: Journal, vue: Vue, *, exercice: int | None = None) -> Iterator[str]:
    """The text of the file, piece by piece; all the exercices, or one with what it inherits.

    Raises: ImpossibleHistoryError when debit and credit differ; ChainBrokenError; StoreError.
    """
    porteurs = {f"S-{s}": f.porteur for s, f in vue.situation.fiches.items()}
    yield "\t".join(COLONNES) + "\r\n"
    numero = 0
    for piece, soldes in _pieces(journal, vue, exercice):
        if not soldes:
            continue
        numero += 1
        exiger_equilibre(soldes.values(), piece.reference)
        yield "".join(_lignes(numero, piece, soldes, porteurs))


def exiger_equilibre(montants: Iterable[int], quoi: str) -> None:
    """Refuse an entry whose debit is not its credit."""
    ecart = sum(montants)
    if ecart:
        raise ImpossibleHistoryError(
            f"FEC, {quoi} : débit et crédit diffèrent de {ecart} centimes."
        )


def _pieces(journal: Journal, vue: Vue, exercice: int | None) -> Iterator[tuple[Piece, _Soldes]]:
    if exercice is not None:
        reports: _Soldes = {}
        for operation in Livre(journal, vue).operations():
            if operation.fait.date_effet.year < exercice:
                _ajouter(reports, operation)
        premier = date(exercice, 1, 1)
        piece = Piece(
            _A_NOUVEAUX, premier, f"AN-{exercice}", f"Report au {premier}", f"{premier:%Y%m%d}"
        )
        yield piece, {c: reports[c] for c in sorted(reports) if reports[c]}
    for operation in Livre(journal, vue).operations():
        fait = operation.fait
        if exercice is None or fait.date_effet.year == exercice:
            soldes: _Soldes = {}
            _ajouter(soldes, operation)
            yield _piece(operation), {c: n for c, n in soldes.items() if n}


def _ajouter(soldes: _Soldes, operation: Operation) -> None:
    for ecriture in ecritures(operation.position, operation.fait):
        cle = compte(ecriture)
        soldes[cle] = soldes.get(cle, 0) + ecriture.centimes


def _piece(operation: Operation) -> Piece:
    fait = operation.fait
    mots = [operation.type, operation.structure]
    mots += [getattr(fait, membre, "") for membre in _REFERENCES]
    return Piece(
        _JOURNAUX.get(type(fait), _PROGRAMME),
        fait.date_effet,
        f"position {operation.position}",
        " ".join(filter(None, mots)),
        fait.enregistre_le[:10].replace("-", ""),
    )


def _lignes(numero: int, piece: Piece, soldes: _Soldes, porteurs: dict[str, str]) -> Iterator[str]:
    code, libelle = piece.journal
    jour = f"{piece.jour:%Y%m%d}"
    for cle, centimes in soldes.items():
        valeurs = (
            code,
            libelle,
            str(numero),
            jour,
            cle.numero,
            cle.libelle,
            cle.auxiliaire,
            porteurs.get(cle.auxiliaire, ""),
            piece.reference,
            jour,
            piece.libelle,
            _decimal(max(centimes, 0)),
            _decimal(max(-centimes, 0)),
            "",
            "",
            piece.valide,
            "",
            "",
        )
        yield "\t".join(map(_champ, valeurs)) + "\r\n"


def _champ(texte: str) -> str:
    """A recorded text, in one field of one line, that no spreadsheet runs."""
    return str(cellule(texte)).translate(_SEPARATEURS)


def _decimal(centimes: int) -> str:
    euros, reste = divmod(centimes, 100)
    return f"{euros},{reste:02d}"
