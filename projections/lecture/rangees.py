"""Rows of the read model, each in the order of the columns of `schema`. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from ledger.evenements import Fait, FaitDeStructure, ProgrammeOuvert, RèglesRévisées
from ledger.preuve.canonique import json_canonique
from ledger.soldes import Labels, Soldes

from ..anomalies import Anomalie, anomalies
from ..echeancier import de_fiche
from ..enveloppe import enveloppe
from ..fiche import Fiche
from ..partie_double import ecritures
from ..situation import Vue
from .schema import FIGURES, LABELS

Rangee = tuple[Any, ...]
_POSITIONS_MAX = 10**9
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"})


def du_fait(fait: Fait) -> Rangee:
    """The columns of `faits` from `structure` to `id_commande`."""
    jour = fait.date_effet
    return (
        fait.structure if isinstance(fait, FaitDeStructure) else None,
        jour.isoformat(),
        jour.year,
        getattr(fait, "exercice", None),
        getattr(fait, "montant_centimes", None),
        fait.enregistre_le,
        fait.acteur.id,
        fait.acteur.role,
        fait.id_commande,
    )


def des_ecritures(programme: str, position: int, fait: Fait) -> Iterator[Rangee]:
    """The rows of `ecritures` of one fact."""
    jour = fait.date_effet.isoformat()
    for rang, e in enumerate(ecritures(position, fait), 1):
        yield programme, position, rang, e.compte, e.centimes, e.structure, jour


def des_regles(programme: str, position: int, fait: ProgrammeOuvert | RèglesRévisées) -> Rangee:
    """A row of `regles`."""
    contenu = json_canonique(fait.regles).decode("utf-8")
    return programme, position, fait.date_effet.isoformat(), fait.source, contenu


def de_structure(programme: str, numero: int, fiche: Fiche) -> Rangee:
    """A row of `structures`. Its number is the programme's x 10**9 + its first position."""
    return (
        numero * _POSITIONS_MAX + fiche.evenements[0],
        programme,
        fiche.structure,
        fiche.porteur,
        fiche.code_postal,
        fiche.ville,
        fiche.territoire,
        int(fiche.numerique),
        fiche.siret,
        fiche.rna,
        fiche.vague,
        fiche.etat,
        fiche.avis,
        int(fiche.instruite),
        fiche.montant,
        fiche.paye,
        fiche.retire,
        fiche.reclame,
        fiche.encaisse,
        _iso(fiche.label_date),
        fiche.label_position,
        _iso(fiche.retrait_date),
        fiche.retrait_position,
        len(fiche.evenements),
        autres_graphies(fiche.porteur, fiche.ville),
    )


def des_tranches(programme: str, fiche: Fiche) -> Iterator[Rangee]:
    """The rows of `tranches` of a structure: all but the status, which the day of view decides."""
    for t in de_fiche(fiche, None).tranches:
        annulee = int(t.statut == "annulee")
        montants = (t.montant_centimes, t.verse_centimes, t.reste_centimes)
        yield programme, fiche.structure, t.rang, t.exercice, t.echeance, *montants, annulee


def des_versements(programme: str, fiche: Fiche) -> Iterator[Rangee]:
    """The rows of `versements` of a structure."""
    annules = set(fiche.annules)
    for v in fiche.versements:
        imputation = (v.rang, v.montant, v.exercice, v.exercice_prevu, v.date_effet.isoformat())
        annule = int(v.position in annules)
        yield programme, v.position, fiche.structure, *imputation, v.reference, annule


def du_bonus(programme: str, fiche: Fiche) -> Iterator[Rangee]:
    """The row of `bonus` of a structure, if it has one."""
    if fiche.bonus is not None:
        verse = fiche.verse.get(0, 0)
        yield programme, fiche.structure, fiche.bonus, fiche.bonus_exercice, verse


def des_conventions(programme: str, fiche: Fiche) -> Iterator[Rangee]:
    """The rows of `conventions` of a structure."""
    for rang, reference in enumerate(fiche.conventions, 1):
        yield programme, fiche.structure, rang, reference


def des_signalements(vue: Vue) -> Iterator[Rangee]:
    """The rows of `signalements`: anomalies of the structures at hand, then of the programme.

    Late instalments are left to `v_anomalies`: they depend on the day of view. The pace is counted
    here from the balances: `anomalies` counts the structures it sees, and sees only some.
    """
    rangs: dict[str | None, int] = {}
    vues = [a for a in anomalies(vue) if a.code not in ("tranche_en_retard", "rythme_insoutenable")]
    for a in (*vues, *_rythme(vue)):
        rangs[a.structure] = rangs.get(a.structure, 0) + 1
        yield vue.programme, a.structure, rangs[a.structure], a.code, a.position, a.detail


def _rythme(vue: Vue) -> Iterator[Anomalie]:
    soldes, regles = vue.situation.soldes, vue.situation.regles
    cout = soldes.impute - soldes.rendu
    if regles is None or not soldes.labels.total or cout <= 0:
        return
    finances = soldes.enveloppe * soldes.labels.total // cout
    quota = regles.dernieres()[0].quota_total
    if finances < quota:
        detail = f"Au coût moyen constaté, l'enveloppe finance {finances} labels sur {quota}."
        yield Anomalie("rythme_insoutenable", None, None, detail)


def de_l_enveloppe(vue: Vue) -> Rangee:
    """The row of `enveloppe` of a programme."""
    env = enveloppe(vue)
    figures = [getattr(env, champ) for champ in FIGURES]
    return (*figures, *_comptes(env.labels), *_comptes(env.quotas))


def _comptes(labels: Labels) -> list[int]:
    return [getattr(labels, nom) for nom in LABELS]


def des_soldes(programme: str, soldes: Soldes) -> Iterator[Rangee]:
    """The rows of `soldes` of a programme."""
    for (annee, membre), valeur in sorted(soldes.valeurs.items()):
        yield programme, annee, membre, valeur


def _iso(jour: date | None) -> str | None:
    return None if jour is None else jour.isoformat()


def sans_ligatures(texte: str) -> str:
    """`Cœur` -> `Coeur`: the full-text index folds accents, not ligatures."""
    return texte.translate(_LIGATURES)


def autres_graphies(*textes: str) -> str:
    """The texts that a search without ligature must find too; empty when there is none."""
    return " ".join(s for t in textes if (s := sans_ligatures(t)) != t)
