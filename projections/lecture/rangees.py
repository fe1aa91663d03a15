"""Rows of the read model, each in the order of the columns of `schema`. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, cast

import msgspec

from ledger.evenements import Fait, ProgrammeOuvert, RèglesRévisées
from ledger.preuve.canonique import json_canonique
from ledger.preuve.merkle import racine_base64
from ledger.preuve.page import Ligne
from ledger.preuve.souches import Souches
from ledger.registre import TYPES
from ledger.soldes import Labels, Soldes

from ..anomalies import Anomalie, anomalies
from ..anomalies_saisie import Saisie
from ..doublons import cle_de_nom, cle_de_reference
from ..echeancier import de_fiche
from ..enveloppe import enveloppe
from ..fiche import Fiche
from ..situation import Vue
from .schema import FIGURES, LABELS

Rangee = tuple[Any, ...]
_POSITIONS_MAX = 10**9
COMPTEES: tuple[str, ...] = ("structures", "tranches", "bonus", "conventions", "versements")
"""Tables that grow with the structures: `programmes.effectifs` has their sizes."""
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"})


def des_faits(
    programme: str, lignes: Sequence[Ligne], faits: Sequence[tuple[int, Fait]], derniere: date
) -> list[Rangee]:
    """The rows of `faits` of lines that follow one another; `derniere`: the latest effect before.

    The longest loop of a building: what a type of fact has is looked up, not asked of each.
    """
    rangees: list[Rangee] = []
    inscrits = cast("Sequence[tuple[int, Any]]", faits)  # of many types: see `_MEMBRES`
    for (position, topic, octets), (_, fait) in zip(lignes, inscrits, strict=True):
        structure, exercice, montant = _MEMBRES[topic]
        jour, acteur = fait.date_effet, fait.acteur
        rangees.append(
            (
                programme,
                position,
                topic,
                fait.structure if structure else None,
                jour.isoformat(),
                fait.exercice if exercice else None,
                fait.montant_centimes if montant else None,
                fait.enregistre_le,
                acteur.id,
                acteur.role,
                fait.id_commande,
                1 if jour < derniere else 0,
                octets.decode("utf-8"),
            )
        )
        if jour > derniere:  # noqa: PLR1730 - a call here costs as much as the rest of it
            derniere = jour
    return rangees


_MEMBRES = {
    topic: tuple(
        nom in genre.__struct_fields__ for nom in ("structure", "exercice", "montant_centimes")
    )
    for topic, genre in TYPES.items()
}


def des_saisies(programme: str, saisie: Saisie) -> Iterator[Rangee]:
    """The rows of `saisies` of a programme."""
    for rang, a in enumerate(saisie.anomalies(), 1):
        yield programme, rang, a.code, a.structure, a.position, a.detail


def du_programme(
    vue: Vue, numero: int, instant: str, tete: str, saisie: Saisie, effectifs: Mapping[str, int]
) -> Rangee:
    """The row of `programmes`: what the file stands for, and what it takes to go on."""
    situation = vue.situation
    jour = situation.derniere_date
    return (
        *(vue.programme, numero, situation.intitule, situation.position),
        *(racine_base64(vue.arbre.racine()), jour.isoformat() if jour else "", instant, tete),
        cast("Souches", vue.arbre).en_texte(),
        msgspec.json.encode(saisie).decode("utf-8"),
        json_canonique(effectifs).decode("utf-8"),
    )


def effectifs_de(fiche: Fiche) -> dict[str, int]:
    """How many rows a structure has in the tables that grow with the journal."""
    nombres = (1, fiche.tranches, fiche.bonus, fiche.conventions, fiche.versements)
    return dict(zip(COMPTEES, map(_nombre, nombres), strict=True))


def _nombre(quoi: Sequence[object] | int | None) -> int:
    """1 for a bonus, whatever its amount."""
    return len(quoi) if isinstance(quoi, tuple) else int(quoi is not None)


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
        cle_de_nom(fiche.porteur) if fiche.porteur else "",
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
        cle = cle_de_reference(v.reference)
        yield programme, v.position, fiche.structure, *imputation, v.reference, annule, cle


def du_bonus(programme: str, fiche: Fiche) -> Iterator[Rangee]:
    """The row of `bonus` of a structure, if it has one."""
    if fiche.bonus is not None:
        verse = fiche.verse.get(0, 0)
        yield programme, fiche.structure, fiche.bonus, fiche.bonus_exercice, verse


def des_conventions(programme: str, fiche: Fiche) -> Iterator[Rangee]:
    """The rows of `conventions` of a structure."""
    for rang, reference in enumerate(fiche.conventions, 1):
        yield programme, fiche.structure, rang, reference


def des_signalements(vue: Vue, suivies: Mapping[str, Sequence[Anomalie]]) -> Iterator[Rangee]:
    """The rows of `signalements`: anomalies of the structures at hand, then of the programme.

    Late instalments are left to `v_anomalies`: they depend on the day of view. The pace is counted
    here from the balances: `anomalies` counts the structures it sees, and sees only some.
    `suivies`: what their facts show of who ordered and paid.
    """
    rangs: dict[str | None, int] = {}
    vues = [a for a in anomalies(vue) if a.code not in ("tranche_en_retard", "rythme_insoutenable")]
    des_faits = (
        a for slug in sorted(suivies) if slug in vue.situation.fiches for a in suivies[slug]
    )
    for a in (*vues, *des_faits, *_rythme(vue)):
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
