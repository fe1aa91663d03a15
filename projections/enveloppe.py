"""Consumption of the envelope: committed, withdrawn, available, paid, outstanding. In cents."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from msgspec import Struct

from ledger.montants import dix_milliemes
from ledger.soldes import Labels

from .situation import Vue


class Enveloppe(Struct, frozen=True):
    """The envelope of a programme.

    `disponible = enveloppe - engage + retraits_meme_exercice (+ retraits_anterieurs where
    recyclable)`, the bonus left out of this formula when it is `hors_enveloppe`; every other member
    includes it. `quotas` are those of the last rules among the facts counted.
    """

    programme: str
    position: int
    au: str | None
    enveloppe_centimes: int
    engage_centimes: int
    engage_subventions_centimes: int
    engage_bonus_centimes: int
    retraits_meme_exercice_centimes: int
    retraits_anterieurs_centimes: int
    retraits_meme_exercice_bonus_centimes: int
    retraits_anterieurs_bonus_centimes: int
    disponible_centimes: int
    paye_centimes: int
    reste_a_payer_centimes: int
    reversements_centimes: int
    taux_consommation_dix_milliemes: int
    labels: Labels
    quotas: Labels


class Complements(Struct, frozen=True):
    """What a steering committee also asks: waves, average grant, pace."""

    labels_par_vague: dict[str, int]
    subvention_moyenne_centimes: int
    labels_par_exercice: dict[int, int]
    labels_financables: int | None
    """How many labels in all the envelope bears at the average cost so far (None before any)."""

    def vagues(self) -> list[tuple[str, int]]:
        """The waves as people count them: 9 before 10. (The member keeps the order of texts, which
        reports made again byte for byte rest on.)"""
        return sorted(self.labels_par_vague.items(), key=lambda vague: ordre_naturel(vague[0]))


def enveloppe(vue: Vue) -> Enveloppe:
    """The envelope as of the view."""
    soldes = vue.situation.soldes
    subventions, bonus = soldes.total("engage"), soldes.total("engage_bonus")
    meme_bonus = soldes.total("retraits_meme_bonus")
    anterieurs_bonus = soldes.total("retraits_anterieurs_bonus")
    meme = soldes.total("retraits_meme") + meme_bonus
    anterieurs = soldes.total("retraits_anterieurs") + anterieurs_bonus
    paye = sum(
        soldes.total(membre)
        for membre in (
            "cp_payes",
            "cp_payes_bonus",
            "regularisations",
            "regularisations_bonus",
        )
    )
    engage = subventions + bonus
    return Enveloppe(
        programme=vue.programme,
        position=vue.situation.position,
        au=None if vue.au is None else vue.au.isoformat(),
        enveloppe_centimes=soldes.enveloppe,
        engage_centimes=engage,
        engage_subventions_centimes=subventions,
        engage_bonus_centimes=bonus,
        retraits_meme_exercice_centimes=meme,
        retraits_anterieurs_centimes=anterieurs,
        retraits_meme_exercice_bonus_centimes=meme_bonus,
        retraits_anterieurs_bonus_centimes=anterieurs_bonus,
        disponible_centimes=soldes.disponible,
        paye_centimes=paye,
        reste_a_payer_centimes=engage - meme - anterieurs - paye,
        reversements_centimes=soldes.total("reversements"),
        taux_consommation_dix_milliemes=dix_milliemes(
            soldes.enveloppe - soldes.disponible, soldes.enveloppe
        ),
        labels=soldes.labels,
        quotas=quotas(vue),
    )


def ordre_naturel(nom: str) -> tuple[list[tuple[int, str]], str]:
    """Numbers inside a name compare as numbers, however long; the name itself settles ties."""
    lus = (m.lstrip("0") for m in re.split("([0-9]+)", nom))  # the odd ones are the numbers
    return [(rang % 2 * len(m), m) for rang, m in enumerate(lus)], nom


def quotas(vue: Vue) -> Labels:
    """The quotas of the last rules among the facts counted (all zero before the opening)."""
    if vue.situation.regles is None:
        return Labels()
    regles, _ = vue.situation.regles.dernieres()
    return Labels(
        total=regles.quota_total,
        qpv=regles.quota_qpv,
        hors_qpv=regles.quota_hors_qpv,
        numeriques=regles.quota_numeriques,
    )


def complements(vue: Vue) -> Complements:
    """Waves, average grant and pace, on the labels in force."""
    en_vigueur = [f for f in vue.situation.fiches.values() if f.etat == "labellisee"]
    nombre = len(en_vigueur)
    vagues: Any = Counter(f.vague or "non renseignée" for f in en_vigueur)
    annees: Any = Counter(f.label_date.year for f in en_vigueur if f.label_date is not None)
    return Complements(
        labels_par_vague=dict(sorted(vagues.items())),
        subvention_moyenne_centimes=sum(f.montant for f in en_vigueur) // nombre if nombre else 0,
        labels_par_exercice=dict(sorted(annees.items())),
        labels_financables=labels_financables(vue),
    )


def labels_financables(vue: Vue) -> int | None:
    """That member of `Complements` alone, for what reads no other."""
    soldes = vue.situation.soldes
    nombre = sum([fiche.etat == "labellisee" for fiche in vue.situation.fiches.values()])
    cout = soldes.impute - soldes.rendu
    return soldes.enveloppe * nombre // cout if nombre and cout > 0 else None
