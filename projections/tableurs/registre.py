"""The register, the schedules and the anomalies, as lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ..anomalies import CODES, Anomalie
from ..echeancier import LigneBonus, de_fiche
from ..fiche import Fiche
from ..libelles import ETATS, STATUTS, TERRITOIRES
from .modele import Colonne, Formule, Ligne, Lues, Tableau

_STRUCTURES = (
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("porteur", "Porteur", largeur=30, replie=True),
    Colonne("code_postal", "Code postal", largeur=8),
    Colonne("ville", "Ville", largeur=20, replie=True),
    Colonne("territoire", "Zone", largeur=9),
    Colonne("numerique", "Num.", largeur=6),
    Colonne("etat", "État", largeur=12),
    Colonne("vague", "Vague", largeur=7),
    Colonne("siret", "SIRET", largeur=15),
    Colonne("subvention", "Subvention", "montant", 15, total=True),
    Colonne("bonus", "Bonus numérique", "montant", 15, total=True),
    Colonne("paye", "Payé", "montant", 15, total=True),
    Colonne("retire", "Retiré", "montant", 15, total=True),
    Colonne("reste", "Reste à payer", "montant", 15, total=True),
    Colonne("reverse", "Reversements encaissés", "montant", 15, total=True),
)
_ECHEANCIERS = (
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("porteur", "Porteur", largeur=30, replie=True),
    Colonne("ligne", "Ligne", largeur=9),
    Colonne("rang", "Rang", "entier", 7),
    Colonne("exercice", "Exercice", "entier", 10),
    Colonne("echeance", "Échéance", "date"),
    Colonne("montant", "Prévu", "montant", 15, total=True),
    Colonne("verse", "Versé", "montant", 15, total=True),
    Colonne("reste", "Reste à payer", "montant", 15, total=True),
    Colonne("statut", "Statut", largeur=11),
    Colonne("references", "Références des versements", largeur=30, replie=True),
)
_ANOMALIES = (
    Colonne("code", "Code", largeur=26),
    Colonne("sens", "Sens", largeur=40, replie=True),
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("position", "Position", "entier"),
    Colonne("detail", "Détail", largeur=60, replie=True),
)


def tableau_structures(fiches: Sequence[Fiche]) -> Tableau:
    """The register: one line per structure, in the order given."""
    lignes = Lues(lambda: map(_structure, fiches))
    return Tableau("structures", "Structures", _STRUCTURES, lignes, len(fiches))


def _structure(fiche: Fiche) -> Ligne:
    return [
        fiche.structure,
        fiche.porteur,
        fiche.code_postal,
        fiche.ville,
        TERRITOIRES.get(fiche.territoire, fiche.territoire),
        "oui" if fiche.numerique else "",
        ETATS.get(fiche.etat, fiche.etat),
        fiche.vague,
        fiche.siret,
        fiche.montant,
        fiche.bonus or 0,
        fiche.paye,
        fiche.retire,
        Formule(
            f'IF({{etat}}="{ETATS["label_retire"]}";0;ROUND({{subvention}}+{{bonus}}-{{paye}};2))',
            reste(fiche),
        ),
        fiche.encaisse,
    ]


def reste(fiche: Fiche) -> int:
    """What is left to pay of a grant and its bonus: nothing once the label is withdrawn."""
    if fiche.etat == "label_retire":
        return 0
    return fiche.montant + (fiche.bonus or 0) - fiche.paye


def tableau_echeanciers(fiches: Sequence[Fiche], jour: date | None) -> Tableau:
    """Every instalment and bonus, statuses read on a day: the bonus is rank 0, after the others."""
    nombre = sum(len(f.tranches) + (f.bonus is not None) for f in fiches)
    lignes = Lues(lambda: (ligne for f in fiches for ligne in _echeancier(f, jour)))
    return Tableau("echeanciers", "Échéanciers", _ECHEANCIERS, lignes, nombre)


_RESTE = f'IF({{statut}}="{STATUTS["annulee"]}";0;ROUND({{montant}}-{{verse}};2))'


def _echeancier(fiche: Fiche, jour: date | None) -> Iterator[Ligne]:
    figure = de_fiche(fiche, jour)
    for t in figure.tranches:
        yield [
            fiche.structure,
            fiche.porteur,
            "tranche",
            t.rang,
            t.exercice,
            date.fromisoformat(t.echeance),
            t.montant_centimes,
            t.verse_centimes,
            Formule(_RESTE, t.reste_centimes),
            STATUTS.get(t.statut, t.statut),
            _references(fiche, t.rang),
        ]
    if figure.bonus is not None:
        bonus, rang = figure.bonus, 0
        statut = _statut_du_bonus(fiche, bonus)
        du = bonus.montant_centimes - bonus.verse_centimes
        yield [
            fiche.structure,
            fiche.porteur,
            "bonus",
            rang,
            bonus.exercice,
            None,
            bonus.montant_centimes,
            bonus.verse_centimes,
            Formule(_RESTE, 0 if statut == STATUTS["annulee"] else du),
            statut,
            _references(fiche, rang),
        ]


def _statut_du_bonus(fiche: Fiche, bonus: LigneBonus) -> str:
    """A bonus has no due date: it is to be paid from the day it is granted."""
    if bonus.verse_centimes >= bonus.montant_centimes:
        return STATUTS["soldee"]
    if fiche.etat == "label_retire":
        return STATUTS["annulee"]
    return STATUTS["partielle"] if bonus.verse_centimes > 0 else STATUTS["exigible"]


def _references(fiche: Fiche, rang: int) -> str | None:
    """The references of the payments of a rank, cancelled ones left out."""
    tenus = (v for v in fiche.versements if v.rang == rang and v.position not in fiche.annules)
    return ", ".join(v.reference for v in tenus) or None


def tableau_anomalies(anomalies: Sequence[Anomalie]) -> Tableau:
    """What deserves a look, a line each, with what its code means."""
    lignes = [[a.code, CODES.get(a.code), a.structure, a.position, a.detail] for a in anomalies]
    return Tableau("anomalies", "Anomalies", _ANOMALIES, lignes, len(lignes))
