"""What deserves a look: values with a code, never a refusal. Each rule is one function.

Rules on one structure, then on the programme. Those that compare structures are in `doublons`,
those on the recording itself in `anomalies_saisie`, on who did what in `fonctions`: the verb
`anomalies` lists the four.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from ledger.bareme import en_vigueur
from ledger.montants import format_euros
from ledger.regles import Regles
from ledger.temps import format_date

from .echeancier import de_fiche
from .enveloppe import labels_financables
from .fiche import Fiche
from .situation import Vue

CODES: dict[str, str] = {
    "tranche_en_retard": "L'exercice d'une tranche est passé sans qu'elle soit soldée.",
    "versement_hors_exercice": "Un versement est imputé à un autre exercice que le prévu.",
    "versement_apres_retrait": "Le label est retiré à une date antérieure à un versement.",
    "reversement_excedentaire": "Un versement déjà réclamé a été annulé.",
    "convention_absente": "Subvention au-dessus du seuil légal sans convention enregistrée.",
    "siret_absent": "Structure labellisée, ou qui l'a été, sans SIRET.",
    "montant_sous_limite": "Montant juste sous le plafond, l'annuel ou le seuil de convention.",
    "quota_depasse": "Plus de labels que le quota indicatif.",
    "credits_depasses": "AE ou CP négatifs sur un exercice dont les crédits sont suivis.",
    "disponible_negatif": "Un fait tardif rend le disponible négatif à une date d'effet.",
    "rythme_insoutenable": "Au coût moyen constaté, l'enveloppe ne finance pas l'objectif.",
    "doublon_structure": "Deux structures ont le même SIRET, ou le même nom et code postal.",
    "doublon_versement": "Deux versements ont la même référence, ou rang, montant et date.",
    "fait_tardif": "Un fait est enregistré longtemps après sa date d'effet, ou un exercice après.",
    "ordonne_et_paye": "Le même acteur a ordonné et payé, sans que la règle l'interdise.",
    "acteurs_semblables": "Ordonné et payé sous deux identifiants qui se ressemblent.",
    "horloge_immobile": "Des faits qui se suivent sont enregistrés au même instant.",
}
"""The code of every anomaly, of the four modules, and what it means."""


class Anomalie(Struct, frozen=True, gc=False):
    """One anomaly: `code`, the structure and the position concerned when there is one."""

    code: str
    structure: str | None
    position: int | None
    detail: str


class Groupe(NamedTuple):
    """The anomalies of one code: its meaning, how many, then by detail (told once)."""

    code: str
    sens: str
    nombre: int
    details: list[tuple[str, list[Anomalie]]]


def par_code(anomalies: Sequence[Anomalie]) -> list[Groupe]:
    """Anomalies for people: codes sorted; details and anomalies in their order."""
    groupes: dict[str, dict[str, list[Anomalie]]] = {}
    for anomalie in anomalies:
        details = groupes.setdefault(anomalie.code, {})
        details.setdefault(anomalie.detail, []).append(anomalie)
    return [
        Groupe(code, CODES[code], sum(map(len, details.values())), list(details.items()))
        for code, details in sorted(groupes.items())
    ]


def anomalies(vue: Vue) -> tuple[Anomalie, ...]:
    """Every anomaly of the view: by structure, then those of the programme."""
    chronologie = vue.situation.regles
    jour = vue.date_de_vue
    if chronologie is None or jour is None:
        return ()
    trouvees: list[Anomalie] = []
    for slug in sorted(vue.situation.fiches):
        fiche = vue.situation.fiches[slug]
        if fiche.label_date is None:
            continue
        regles, _ = chronologie.au(fiche.label_date)
        for controle in _PAR_STRUCTURE:
            trouvees.extend(controle(fiche, regles, jour))
    for controle_programme in _PAR_PROGRAMME:
        trouvees.extend(controle_programme(vue, chronologie.dernieres()[0]))
    return tuple(trouvees)


def _retards(fiche: Fiche, regles: Regles, jour: date) -> Iterator[Anomalie]:
    verse = fiche.verse
    for t in fiche.tranches:
        if t.exercice < jour.year and verse.get(t.rang, 0) < t.montant_centimes:
            break
    else:
        return  # nothing can be late
    for tranche in de_fiche(fiche, jour).tranches:
        if tranche.statut == "en_retard":
            yield Anomalie(
                "tranche_en_retard",
                fiche.structure,
                fiche.label_position,
                f"Tranche {tranche.rang} ({tranche.exercice}) : il reste "
                f"{format_euros(tranche.reste_centimes)} au {format_date(jour)}.",
            )


def _versements(fiche: Fiche, regles: Regles, jour: date) -> Iterator[Anomalie]:
    retrait = fiche.retrait_date
    for versement in fiche.versements:
        if versement.exercice == versement.exercice_prevu and retrait is None:
            continue
        if versement.position in fiche.annules:
            continue
        quoi = "Bonus" if versement.rang == 0 else f"Tranche {versement.rang}"
        # the bonus is expected to be paid after the year it is charged to: only instalments count
        if versement.rang != 0 and versement.exercice != versement.exercice_prevu:
            yield Anomalie(
                "versement_hors_exercice",
                fiche.structure,
                versement.position,
                f"{quoi} : prévue sur {versement.exercice_prevu}, imputée à {versement.exercice}.",
            )
        if retrait is not None and versement.date_effet > retrait:
            yield Anomalie(
                "versement_apres_retrait",
                fiche.structure,
                versement.position,
                f"{quoi} : versement du {format_date(versement.date_effet)}, label retiré au "
                f"{format_date(retrait)}.",
            )


def _reversements(fiche: Fiche, regles: Regles, jour: date) -> Iterator[Anomalie]:
    for position in fiche.annulations_reclamees:
        yield Anomalie(
            "reversement_excedentaire",
            fiche.structure,
            position,
            f"Versement annulé alors qu'il était réclamé : {format_euros(fiche.reclame)} réclamés, "
            f"{format_euros(fiche.paye)} payés.",
        )


def _engage_ou_paye(fiche: Fiche) -> bool:
    """A withdrawn label that was paid still owes its agreement and its SIRET."""
    return fiche.etat == "labellisee" or fiche.paye > 0


def _conventions(fiche: Fiche, regles: Regles, jour: date) -> Iterator[Anomalie]:
    seuil = en_vigueur("convention_obligatoire", fiche.label_date or jour)
    if (
        seuil is not None
        and _engage_ou_paye(fiche)
        and fiche.montant > seuil["centimes"]
        and not fiche.conventions
    ):
        yield Anomalie(
            "convention_absente",
            fiche.structure,
            fiche.label_position,
            f"{format_euros(fiche.montant)} sans convention (seuil : "
            f"{format_euros(seuil['centimes'])}, {seuil['source']}).",
        )


def _sirets(fiche: Fiche, regles: Regles, jour: date) -> Iterator[Anomalie]:
    if fiche.siret is None and _engage_ou_paye(fiche):
        yield Anomalie(
            "siret_absent",
            fiche.structure,
            fiche.label_position,
            "Aucun SIRET : la convention ne peut pas être publiée en données ouvertes.",
        )


def _limites(fiche: Fiche, regles: Regles, jour: date) -> Iterator[Anomalie]:
    marge = en_vigueur("marge_sous_limite", jour)
    if marge is None:
        return
    par_exercice: dict[int, int] = {}
    for tranche in fiche.tranches:
        deja = par_exercice.get(tranche.exercice, 0)
        par_exercice[tranche.exercice] = deja + tranche.montant_centimes
    plafond, annuel = regles.plafond_centimes, regles.plafond_annuel_centimes
    sous_plafond = plafond * marge["dix_milliemes"] // 10_000
    sous_annuel = annuel * marge["dix_milliemes"] // 10_000
    mesures = []
    if 0 < plafond - fiche.montant <= sous_plafond:
        mesures.append(("Subvention", fiche.montant, plafond))
    mesures.extend(_sous_convention(fiche, marge["dix_milliemes"], jour))
    for annee, prevu in par_exercice.items():
        if 0 < annuel - prevu <= sous_annuel:
            mesures.append((f"Tranches de {annee}", prevu, annuel))
    for quoi, montant, limite in mesures:
        juste = "juste sous" if montant < limite else "à la limite de"
        yield Anomalie(
            "montant_sous_limite",
            fiche.structure,
            fiche.label_position,
            f"{quoi} : {format_euros(montant)}, {juste} {format_euros(limite)}.",
        )


def _sous_convention(fiche: Fiche, marge: int, jour: date) -> Iterator[tuple[str, int, int]]:
    """A grant that just escapes the agreement, which the law asks for *above* its threshold.

    The grant alone: splitting it in payments changes nothing to what the law asks.
    """
    seuil = en_vigueur("convention_obligatoire", fiche.label_date or jour)
    if seuil is None or fiche.conventions or not _engage_ou_paye(fiche):
        return
    limite = seuil["centimes"]
    if 0 <= limite - fiche.montant <= limite * marge // 10_000:
        yield "Subvention sans convention", fiche.montant, limite


def _quotas(vue: Vue, regles: Regles) -> Iterator[Anomalie]:
    labels = vue.situation.soldes.labels
    for nom, compte, quota in (
        ("total", labels.total, regles.quota_total),
        ("QPV", labels.qpv, regles.quota_qpv),
        ("hors QPV", labels.hors_qpv, regles.quota_hors_qpv),
        ("numériques", labels.numeriques, regles.quota_numeriques),
        ("bonus", vue.situation.soldes.bonus_accordes, regles.quota_numeriques),
    ):
        if compte > quota:
            yield Anomalie("quota_depasse", None, None, f"Quota {nom} : {compte} pour {quota}.")


def _credits(vue: Vue, regles: Regles) -> Iterator[Anomalie]:
    if regles.credits == "non_suivis":
        return
    soldes = vue.situation.soldes
    for annee in soldes.annees():
        mesures = (("AE", soldes.ae_disponibles(annee)), ("CP", soldes.cp_disponibles(annee)))
        for nom, disponible in mesures:
            if disponible < 0:
                detail = f"{nom} de {annee} : {format_euros(disponible)} disponibles."
                yield Anomalie("credits_depasses", None, None, detail)


def _disponible(vue: Vue, regles: Regles) -> Iterator[Anomalie]:
    cumul = position = 0
    jours = vue.situation.disponible_par_jour
    for jour in sorted(jours):
        ecart, preneur = jours[jour]
        cumul, position = cumul + ecart, max(position, preneur)
        if cumul < 0:
            detail = f"Disponible de {format_euros(cumul)} au {format_date(jour)}."
            yield Anomalie("disponible_negatif", None, position, detail)


def _rythme(vue: Vue, regles: Regles) -> Iterator[Anomalie]:
    finances = labels_financables(vue)
    if finances is not None and finances < regles.quota_total:
        yield Anomalie(
            "rythme_insoutenable",
            None,
            None,
            f"Au coût moyen constaté, l'enveloppe finance {finances} labels sur "
            f"{regles.quota_total}.",
        )


_PAR_STRUCTURE: tuple[Callable[[Fiche, Regles, date], Iterator[Anomalie]], ...] = (
    _retards,
    _versements,
    _reversements,
    _conventions,
    _sirets,
    _limites,
)
_PAR_PROGRAMME: tuple[Callable[[Vue, Regles], Iterator[Anomalie]], ...] = (
    _quotas,
    _credits,
    _disponible,
    _rythme,
)
