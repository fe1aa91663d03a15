"""Deciding: applications, labels, amendments, the bonus, withdrawals."""

from __future__ import annotations

from collections.abc import Iterable

from .communs import Decision, exercice_du_bonus, refuser_si, verifier_credits, vue_attendue
from .faits import (
    ETATS,
    Effet,
    Fait,
    Vue,
    disponible,
    effets_de,
    prelever,
    registre,
    regles_a,
    reste_du_bonus,
    reste_du_rang,
    restes_par_cohorte,
)
from .schema import ANNEE_MAX, Json, annee


def deposer_candidature(faits: list[Fait], c: Json) -> Decision:
    vue = registre(faits).get(c["structure"])
    refuser_si(vue is not None and vue.etat not in ("rejetee", "retiree"), "candidature_existante")
    return {}, []


def corriger_structure(faits: list[Fait], c: Json) -> Decision:
    fige = "territoire" in c or "numerique" in c
    etats = ("deposee",) if fige else ETATS
    vue_attendue(faits, c, *etats, repose_sur="date_candidature")
    return {}, []


def traiter_candidature(faits: list[Fait], c: Json) -> Decision:
    """InstruireCandidature, RendreAvis, RejeterCandidature, RetirerCandidature."""
    vue_attendue(faits, c, "deposee", repose_sur="date_candidature")
    return {}, []


def echeancier_par_defaut(montant: int, date: str, regles: Json) -> list[Json]:
    """Equal parts over consecutive exercices, the last one takes the rest."""
    nombre = regles["exercices_max"]
    parts = [montant // nombre] * (nombre - 1)
    parts.append(montant - sum(parts))
    tranches = []
    for indice, part in enumerate(parts):
        exercice = annee(date) + indice
        echeance = date if indice == 0 else f"{exercice}-{regles['echeance_defaut']}"
        tranches.append(
            {
                "rang": indice + 1,
                "exercice": exercice,
                "montant_centimes": part,
                "echeance": echeance,
            }
        )
    return tranches


def echeancier_valide(tranches: list[Json], montant: int, depart: str, regles: Json) -> bool:
    """``depart``: the date of the labelling, ``regles``: the rules of the labelling."""
    if tranches == []:
        return False
    rangs = [t["rang"] for t in tranches]
    exercices = [t["exercice"] for t in tranches]
    echeances = [t["echeance"] for t in tranches]
    return bool(
        rangs == list(range(1, len(tranches) + 1))
        and all(t["montant_centimes"] > 0 for t in tranches)
        and sum(t["montant_centimes"] for t in tranches) == montant
        and exercices == sorted(exercices)
        and annee(depart) <= exercices[0]
        and exercices[-1] <= ANNEE_MAX
        and exercices[-1] - exercices[0] + 1 <= regles["exercices_max"]
        and echeances == sorted(echeances)
        and depart <= echeances[0]
    )


def plafond_annuel_depasse(tranches: list[Json], regles: Json) -> bool:
    par_exercice: dict[int, int] = {}
    for t in tranches:
        exercice = t["exercice"]
        par_exercice[exercice] = par_exercice.get(exercice, 0) + t["montant_centimes"]
    return any(total > regles["plafond_annuel_centimes"] for total in par_exercice.values())


def compter_labels(vues: Iterable[Vue]) -> dict[str, int]:
    en_vigueur = [v for v in vues if v.etat == "labellisee"]
    return {
        "total": len(en_vigueur),
        "qpv": sum(v.territoire == "qpv" for v in en_vigueur),
        "hors_qpv": sum(v.territoire == "hors_qpv" for v in en_vigueur),
        "numeriques": sum(v.numerique for v in en_vigueur),
    }


def quota_atteint(faits: list[Fait], regles: Json, territoire: str, numerique: bool) -> bool:
    labels = compter_labels(registre(faits).values())
    concernes = ["total", territoire, *(["numeriques"] if numerique else [])]
    return any(labels[nom] + 1 > regles[f"quota_{nom}"] for nom in concernes)


def labelliser_fabrique(faits: list[Fait], c: Json) -> Decision:
    date, montant, structure = c["date_effet"], c["montant_centimes"], c["structure"]
    exercice, regles = annee(date), regles_a(faits, date)
    vue = vue_attendue(faits, c, "deposee", repose_sur="date_candidature")
    territoire = c.get("territoire", vue.territoire)
    numerique = c.get("numerique", vue.numerique)
    refuser_si(regles["instruction_requise"] and not vue.instruite, "instruction_manquante")
    refuser_si(regles["avis_requis"] and not vue.avis_rendu, "avis_manquant")
    refuser_si(territoire == "inconnu", "territoire_inconnu")
    bornes = (regles["plancher_centimes"], regles["plafond_centimes"])
    refuser_si(not bornes[0] <= montant <= bornes[1], "montant_hors_bornes")
    tranches = c.get("echeancier", echeancier_par_defaut(montant, date, regles))
    refuser_si(not echeancier_valide(tranches, montant, date, regles), "echeancier_invalide")
    refuser_si(plafond_annuel_depasse(tranches, regles), "plafond_annuel_depasse")
    refuser_si(
        regles["quotas"] == "bloquants" and quota_atteint(faits, regles, territoire, numerique),
        "quota_atteint",
    )
    verifier_credits(faits, c, exercice, ae=-montant)
    refuser_si(montant > disponible(effets_de(faits)), "enveloppe_depassee")
    acquis = {
        "regles": regles,
        "echeancier": tranches,
        "territoire": territoire,
        "numerique": numerique,
    }
    effets = [Effet("engage", exercice, montant, structure, "subvention", exercice)]
    return acquis, effets + effets_prevus(structure, tranches)


def effets_prevus(
    structure: str, tranches: list[Json], vue: Vue | None = None, signe: int = 1
) -> list[Effet]:
    """What is left of each rank (all of it when nothing was ever paid), at its exercice."""
    effets = []
    for t in tranches:
        reste = t["montant_centimes"] if vue is None else reste_du_rang(vue, t)
        effets.append(Effet("prevu", t["exercice"], signe * reste, structure, "subvention"))
    return effets


def retraits(
    faits: list[Fait],
    c: Json,
    objet_: str,
    parts: dict[int, int],
    exercice: int,
    imputation: str = "enveloppe",
) -> list[Effet]:
    """Withdraws, per cohort, in the later of ``exercice`` and of the commitment's own."""
    recyclable = regles_a(faits, c["date_effet"])["retraits_anterieurs_recyclables"]
    effets = []
    for cohorte, part in parts.items():
        compte = max(exercice, cohorte)
        ligne = "retrait_meme" if compte == cohorte else "retrait_anterieur"
        effets.append(
            Effet(ligne, compte, part, c["structure"], objet_, cohorte, imputation, recyclable)
        )
    return effets


def plus_recentes_d_abord(restes: dict[int, int]) -> list[tuple[int, int]]:
    return sorted(restes.items(), reverse=True)


def respecte_les_rangs_payes(vue: Vue, tranches: list[Json]) -> bool:
    """A rank with any payment keeps rank, exercice, due date, and covers what is paid."""
    nouvelles = {t["rang"]: t for t in tranches}
    for ancienne in vue.echeancier:
        paye = vue.verse.get(ancienne["rang"], 0)
        nouvelle = nouvelles.get(ancienne["rang"])
        if paye > 0 and (
            nouvelle is None
            or nouvelle["exercice"] != ancienne["exercice"]
            or nouvelle["echeance"] != ancienne["echeance"]
            or nouvelle["montant_centimes"] < paye
        ):
            return False
    return True


def signer_avenant(faits: list[Fait], c: Json) -> Decision:
    structure, montant, tranches = c["structure"], c["montant_centimes"], c["echeancier"]
    exercice = annee(c["date_effet"])
    vue = vue_attendue(faits, c, "labellisee")
    refuser_si(c["date_effet"] < vue.date_avenant, "date_incoherente")
    regles = vue.regles_label
    bornes = (regles["plancher_centimes"], regles["plafond_centimes"])
    refuser_si(not bornes[0] <= montant <= bornes[1], "montant_hors_bornes")
    refuser_si(
        not echeancier_valide(tranches, montant, vue.date_label, regles)
        or not respecte_les_rangs_payes(vue, tranches),
        "echeancier_invalide",
    )
    refuser_si(plafond_annuel_depasse(tranches, regles), "plafond_annuel_depasse")
    effets = effets_prevus(structure, vue.echeancier, vue, -1)
    effets += effets_prevus(structure, tranches, vue)
    difference = montant - vue.montant
    if difference > 0:
        verifier_credits(faits, c, exercice, ae=-difference)
        refuser_si(difference > disponible(effets_de(faits)), "enveloppe_depassee")
        effets.append(Effet("engage", exercice, difference, structure, "subvention", exercice))
    else:
        restes = restes_par_cohorte(faits, structure, "subvention")
        parts = prelever(plus_recentes_d_abord(restes), -difference)
        effets += retraits(faits, c, "subvention", parts, exercice)
    return {}, effets


def accorder_bonus(faits: list[Fait], c: Json) -> Decision:
    regles = regles_a(faits, c["date_effet"])
    montant, imputation = regles["bonus_centimes"], regles["imputation_bonus"]
    exercice = exercice_du_bonus(faits, c)
    vue = vue_attendue(faits, c, "labellisee")
    refuser_si(not vue.numerique or vue.territoire != "qpv", "bonus_non_eligible")
    refuser_si(vue.bonus is not None, "bonus_deja_accorde")
    deja = sum(f.verbe == "AccorderBonusNumerique" for f in faits)
    refuser_si(
        regles["quotas"] == "bloquants" and deja + 1 > regles["quota_numeriques"],
        "quota_atteint",
    )
    verifier_credits(faits, c, exercice, ae=-montant)
    refuser_si(
        imputation == "enveloppe" and montant > disponible(effets_de(faits)),
        "enveloppe_depassee",
    )
    acquis = {"montant": montant, "exercice": exercice, "imputation": imputation}
    structure = c["structure"]
    return acquis, [
        Effet("engage", exercice, montant, structure, "bonus", exercice, imputation),
        Effet("prevu", exercice, montant, structure, "bonus"),
    ]


def suivre_le_label(faits: list[Fait], c: Json) -> Decision:
    """SignerConvention, RecevoirBilan."""
    vue_attendue(faits, c, "labellisee")
    return {}, []


def retirer_label(faits: list[Fait], c: Json) -> Decision:
    """Withdraws the rest of the grant and of the bonus, newest commitments first."""
    vue = vue_attendue(faits, c, "labellisee")
    structure, exercice = c["structure"], annee(c["date_effet"])
    effets = effets_prevus(structure, vue.echeancier, vue, -1)
    restes = plus_recentes_d_abord(restes_par_cohorte(faits, structure, "subvention"))
    parts = prelever(restes, sum(reste for _, reste in restes))
    effets += retraits(faits, c, "subvention", parts, exercice)
    if vue.bonus is not None:
        prevu, imputation = vue.bonus["exercice"], vue.bonus["imputation"]
        reste = reste_du_bonus(vue)
        effets.append(Effet("prevu", prevu, -reste, structure, "bonus"))
        parts = prelever([(prevu, reste)], reste)
        effets += retraits(faits, c, "bonus", parts, exercice, imputation)
    return {}, effets
