"""Naive reference model (test oracle) of a public-grants ledger.

Written for obviousness, not for speed. A programme is nothing but the list of its accepted
facts; every question, a refusal as well as a figure, scans that list again.

Two ideas carry the whole model:

* The money effects of a fact are fixed when it is recorded, judged on everything known at that
  moment. A figure at date E known at position P is the sum of the effects of the facts with
  ``date_effet <= E`` and ``position <= P``.
* Everything that is not money (state, names, schedule in force) is a fold of the same facts, in
  the order of their positions; the last one wins.

Amounts are integer euro cents. Dates are ISO texts, so that they compare as texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import floor
from typing import Any

from .faits import (
    ETATS,
    Effet,
    Fait,
    Vue,
    ae_disponibles,
    compter,
    cp_disponibles,
    dernier_clos,
    disponible,
    effets_de,
    exercice_ouvert,
    incoherentes,
    ordres_impayes,
    prelever,
    registre,
    regles_a,
    reste_du_bonus,
    reste_du_rang,
    restes_par_cohorte,
    somme,
)
from .schema import ANNEE_MAX, Invalide, Json, annee, valider


class Refus(Exception):
    """The command is well formed and refused: ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refuser_si(condition: bool, code: str) -> None:
    if condition:
        raise Refus(code)


# --------------------------------------------------------------------------------------------
# Deciding: refusals common to all commands
# --------------------------------------------------------------------------------------------

ARRETEES_PAR_LA_CLOTURE_DU_PROGRAMME = (
    "DeposerCandidature",
    "InstruireCandidature",
    "RendreAvis",
    "LabelliserFabrique",
    "SignerAvenant",
    "AccorderBonusNumerique",
    "ReviserRegles",
    "ModifierEnveloppe",
    "CloreProgramme",
)
RECUES_APRES_LA_CLOTURE_DE_L_EXERCICE = (
    "AnnulerVersement",
    "CorrigerStructure",
    "EncaisserReversement",
    "CloturerExercice",
    "ReprendreJournal",
)
CHARGENT_UN_EXERCICE = (
    "OuvrirCredits",
    "GelerCredits",
    "DegelerCredits",
    "VerserTranche",
    "VerserBonus",
)

Decision = tuple[Json, list[Effet]]  # what is fixed by the fact, and its money effects


def exercice_du_bonus(faits: list[Fait], c: Json) -> int:
    regle = regles_a(faits, c["date_effet"])["exercice_bonus"]
    return int(c.get("exercice") or regle or annee(c["date_effet"]))


def exercices_touches(faits: list[Fait], c: Json) -> list[int]:
    """The exercices tested by ``exercice_clos``."""
    if c["commande"] in RECUES_APRES_LA_CLOTURE_DE_L_EXERCICE:
        return []
    exercices = [annee(c["date_effet"])]
    if c["commande"] in CHARGENT_UN_EXERCICE:
        exercices.append(c["exercice"])
    if c["commande"] == "AccorderBonusNumerique":
        exercices.append(exercice_du_bonus(faits, c))
    return exercices


def decider(faits: list[Fait], c: Json) -> Decision:
    """What the command would record; raises Refus with the first refusal that applies."""
    verbe = c["commande"]
    if verbe == "OuvrirProgramme":
        refuser_si(faits != [], "programme_existant")
        return ouvrir_programme(faits, c)
    refuser_si(faits == [], "programme_inconnu")
    programme_clos = any(f.verbe == "CloreProgramme" for f in faits)
    refuser_si(programme_clos and verbe in ARRETEES_PAR_LA_CLOTURE_DU_PROGRAMME, "programme_clos")
    clos = dernier_clos(faits)
    refuser_si(any(e <= clos for e in exercices_touches(faits, c)), "exercice_clos")
    return DECISIONS[verbe](faits, c)


def verifier_credits(faits: list[Fait], c: Json, exercice: int, ae: int = 0, cp: int = 0) -> None:
    """``ae`` and ``cp``: by how much the command moves what is available."""
    if regles_a(faits, c["date_effet"])["credits"] != "bloquants":
        return
    effets = effets_de(faits)
    for avant, variation in (
        (ae_disponibles(effets, exercice), ae),
        (cp_disponibles(effets, exercice), cp),
    ):
        apres = avant + variation
        refuser_si(apres < 0 and apres < avant, "credits_insuffisants")


def vue_attendue(
    faits: list[Fait], c: Json, *etats: str, repose_sur: str | None = "date_label"
) -> Vue:
    """The structure, once its existence, its state and the date have been checked."""
    vue = registre(faits).get(c["structure"])
    if vue is None:
        raise Refus("structure_inconnue")
    refuser_si(vue.etat not in etats, "etat_incompatible")
    if repose_sur is not None:
        refuser_si(c["date_effet"] < getattr(vue, repose_sur), "date_incoherente")
    return vue


# --------------------------------------------------------------------------------------------
# Deciding: programme and credits
# --------------------------------------------------------------------------------------------


def ouvrir_programme(_faits: list[Fait], c: Json) -> Decision:
    refuser_si(incoherentes(c["regles"]), "regles_incoherentes")
    return {}, [Effet("enveloppe", 0, c["regles"]["enveloppe_centimes"])]


def reviser_regles(faits: list[Fait], c: Json) -> Decision:
    """Judged at its own date and at every later date where the rules change."""
    revision = Fait(len(faits) + 1, "ReviserRegles", c["date_effet"], c, (), {})
    ensuite = [*faits, revision]
    changements = [f.date for f in ensuite if f.verbe in ("OuvrirProgramme", "ReviserRegles")]
    refuser_si(
        incoherentes(c["regles"])
        or any(
            incoherentes(regles_a(ensuite, date)) for date in changements if date >= c["date_effet"]
        ),
        "regles_incoherentes",
    )
    return {}, []


def modifier_enveloppe(faits: list[Fait], c: Json) -> Decision:
    apres = disponible(effets_de(faits)) + c["variation_centimes"]
    refuser_si(apres < 0, "enveloppe_insuffisante")
    return {}, [Effet("enveloppe", 0, c["variation_centimes"])]


def ouvrir_credits(faits: list[Fait], c: Json) -> Decision:
    exercice, ae, cp = c["exercice"], c["ae_centimes"], c["cp_centimes"]
    verifier_credits(faits, c, exercice, ae=ae, cp=cp)
    return {}, [Effet("ae_ouvertes", exercice, ae), Effet("cp_ouverts", exercice, cp)]


def geler_credits(faits: list[Fait], c: Json) -> Decision:
    exercice, ae, cp = c["exercice"], c["ae_centimes"], c["cp_centimes"]
    verifier_credits(faits, c, exercice, ae=-ae, cp=-cp)
    return {}, [Effet("ae_gelees", exercice, ae), Effet("cp_geles", exercice, cp)]


def degeler_credits(faits: list[Fait], c: Json) -> Decision:
    exercice, ae, cp = c["exercice"], c["ae_centimes"], c["cp_centimes"]
    effets = effets_de(faits)
    refuser_si(
        ae > somme(effets, "ae_gelees", exercice=exercice)
        or cp > somme(effets, "cp_geles", exercice=exercice),
        "gel_insuffisant",
    )
    return {}, [Effet("ae_gelees", exercice, -ae), Effet("cp_geles", exercice, -cp)]


def exercices_avec_faits(faits: list[Fait]) -> set[int]:
    """An event is dated in it or charges it; what is only planned does not count."""
    dates = {annee(f.date) for f in faits}
    charges = {e.exercice for e in effets_de(faits) if e.ligne not in ("enveloppe", "prevu")}
    return dates | charges


def cloturer_exercice(faits: list[Fait], c: Json) -> Decision:
    exercice, clos = c["exercice"], dernier_clos(faits)
    refuser_si(exercice <= clos, "exercice_deja_clos")
    refuser_si(
        c["date_effet"] <= f"{exercice}-12-31"
        or any(clos < e < exercice for e in exercices_avec_faits(faits)),
        "exercice_non_termine",
    )
    return {}, []


def clore_programme(_faits: list[Fait], _c: Json) -> Decision:
    return {}, []


# --------------------------------------------------------------------------------------------
# Deciding: applications
# --------------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------------
# Deciding: commitments
# --------------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------------
# Deciding: orders, payments, cancellations, recoveries
# --------------------------------------------------------------------------------------------


def verifier_le_rang(vue: Vue, c: Json) -> Json:
    """The instalment to order or to pay, once the schedule's refusals have been checked."""
    tranche = next((t for t in vue.echeancier if t["rang"] == c["rang"]), None)
    if tranche is None:
        raise Refus("rang_inconnu")
    refuser_si(reste_du_rang(vue, tranche) <= 0, "tranche_soldee")
    precedentes = [t for t in vue.echeancier if t["rang"] < c["rang"]]
    refuser_si(any(reste_du_rang(vue, t) > 0 for t in precedentes), "tranche_precedente_due")
    refuser_si(c["date_effet"] < tranche["echeance"], "echeance_non_atteinte")
    if vue.regles_label["bilan_requis"] and precedentes:
        exercice = precedentes[-1]["exercice"]
        refuser_si(not vue.bilans.get(exercice, False), "bilan_manquant")
    return tranche


def verifier_les_ordres(faits: list[Fait], vue: Vue, c: Json, rang: int) -> dict[int, int]:
    """The orders that the payment uses, once separation of duties has been checked."""
    impayes = ordres_impayes(faits, c["structure"], rang)
    utilises = prelever(impayes.items(), c["montant_centimes"])
    if vue.regles_label["ordonnancement_requis"]:
        refuser_si(c["montant_centimes"] > sum(impayes.values()), "ordonnancement_manquant")
        ordonnateurs = [f.champs["acteur"]["id"] for f in faits if f.position in utilises]
        refuser_si(
            c["acteur"]["id"] in ordonnateurs or c["acteur"]["role"] != "comptable",
            "separation_des_fonctions",
        )
    return utilises


def exercice_invalide(c: Json, exercice: int, cohortes: dict[int, int]) -> bool:
    return exercice > annee(c["date_effet"]) or any(exercice < cohorte for cohorte in cohortes)


def vue_avec_bonus(faits: list[Fait], c: Json) -> tuple[Vue, Json]:
    vue = vue_attendue(faits, c, "labellisee", repose_sur=None)
    if vue.bonus is None:
        raise Refus("etat_incompatible")
    refuser_si(c["date_effet"] < vue.bonus["date"], "date_incoherente")
    refuser_si(reste_du_bonus(vue) <= 0, "tranche_soldee")
    return vue, vue.bonus


def ordonnancer_tranche(faits: list[Fait], c: Json) -> Decision:
    montant, rang, structure = c["montant_centimes"], c["rang"], c["structure"]
    ordonne = sum(ordres_impayes(faits, structure, rang).values())
    if rang == 0:
        vue, _bonus = vue_avec_bonus(faits, c)
        refuser_si(montant > reste_du_bonus(vue) - ordonne, "montant_excessif")
        return {}, []
    vue = vue_attendue(faits, c, "labellisee")
    tranche = verifier_le_rang(vue, c)
    refuser_si(montant > reste_du_rang(vue, tranche) - ordonne, "montant_excessif")
    cohortes = prelever(restes_par_cohorte(faits, structure, "subvention").items(), montant)
    refuser_si(exercice_invalide(c, annee(c["date_effet"]), cohortes), "exercice_invalide")
    return {}, []


def verser_tranche(faits: list[Fait], c: Json) -> Decision:
    vue = vue_attendue(faits, c, "labellisee")
    tranche = verifier_le_rang(vue, c)
    ordres = verifier_les_ordres(faits, vue, c, c["rang"])
    reste, prevu = reste_du_rang(vue, tranche), tranche["exercice"]
    return payer(faits, c, "subvention", c["rang"], reste, prevu, ordres)


def verser_bonus(faits: list[Fait], c: Json) -> Decision:
    vue, bonus = vue_avec_bonus(faits, c)
    ordres = verifier_les_ordres(faits, vue, c, 0)
    return payer(faits, c, "bonus", 0, reste_du_bonus(vue), bonus["exercice"], ordres)


def payer(
    faits: list[Fait],
    c: Json,
    objet_: str,
    rang: int,
    reste: int,
    prevu: int,
    ordres: dict[int, int],
) -> Decision:
    """``prevu``: the exercice where the rank, or the bonus, is planned."""
    montant, structure, exercice = c["montant_centimes"], c["structure"], c["exercice"]
    refuser_si(montant > reste, "montant_excessif")
    verifier_credits(faits, c, exercice, cp=-montant)
    cohortes = prelever(restes_par_cohorte(faits, structure, objet_).items(), montant)
    refuser_si(exercice_invalide(c, exercice, cohortes), "exercice_invalide")
    effets = [
        Effet("paye", exercice, part, structure, objet_, cohorte)
        for cohorte, part in cohortes.items()
    ]
    effets.append(Effet("prevu", prevu, -montant, structure, objet_))
    acquis = {
        "rang": rang,
        "objet": objet_,
        "montant": montant,
        "prevu": prevu,
        "cohortes": cohortes,
        "ordres": ordres,
    }
    return acquis, effets


def annuler_versement(faits: list[Fait], c: Json) -> Decision:
    structure, position = c["structure"], c["position"]
    vue = registre(faits).get(structure)
    if vue is None:
        raise Refus("structure_inconnue")
    versements = [
        f
        for f in faits
        if f.position == position
        and f.verbe in ("VerserTranche", "VerserBonus")
        and f.champs["structure"] == structure
    ]
    refuser_si(versements == [], "versement_inconnu")
    annulees = [f.champs["position"] for f in faits if f.verbe == "AnnulerVersement"]
    refuser_si(position in annulees, "versement_deja_annule")
    versement = versements[0]
    refuser_si(c["date_effet"] < versement.date, "date_incoherente")

    acquis, exercice = versement.acquis, versement.champs["exercice"]
    compte = exercice_ouvert(faits, exercice)
    ligne = "paye" if compte == exercice else "regularisation"
    effets = [
        Effet(ligne, compte, -part, structure, acquis["objet"], cohorte)
        for cohorte, part in acquis["cohortes"].items()
    ]
    if vue.etat == "labellisee":
        effets.append(
            Effet("prevu", acquis["prevu"], acquis["montant"], structure, acquis["objet"])
        )
    else:  # the label is withdrawn: so is, at once, what the cancellation gives back
        imputation = "enveloppe"
        if acquis["objet"] == "bonus" and vue.bonus is not None:
            imputation = vue.bonus["imputation"]
        propre = exercice_ouvert(faits, annee(c["date_effet"]))
        effets += retraits(faits, c, acquis["objet"], acquis["cohortes"], propre, imputation)
    return acquis, effets


def demander_reversement(faits: list[Fait], c: Json) -> Decision:
    vue = vue_attendue(faits, c, "labellisee", "label_retire")
    refuser_si(c["montant_centimes"] > sum(vue.verse.values()) - vue.reclame, "montant_excessif")
    return {}, []


def encaisser_reversement(faits: list[Fait], c: Json) -> Decision:
    vue = vue_attendue(faits, c, "labellisee", "label_retire")
    refuser_si(c["montant_centimes"] > vue.reclame - vue.encaisse, "montant_excessif")
    exercice = exercice_ouvert(faits, annee(c["date_effet"]))
    return {}, [Effet("reversement", exercice, c["montant_centimes"], c["structure"])]


def reprendre_journal(faits: list[Fait], c: Json) -> Decision:
    """The journal holds every line up to the satisfied size; at least one line after it is lost."""
    satisfaite = c["taille_satisfaite"]
    refuser_si(len(faits) < satisfaite, "reprise_sans_objet")
    refuser_si(c["taille_perdue"] - satisfaite < 1, "reprise_sans_objet")
    return {}, []


DECISIONS: dict[str, Callable[[list[Fait], Json], Decision]] = {
    "ReviserRegles": reviser_regles,
    "ModifierEnveloppe": modifier_enveloppe,
    "OuvrirCredits": ouvrir_credits,
    "GelerCredits": geler_credits,
    "DegelerCredits": degeler_credits,
    "DeposerCandidature": deposer_candidature,
    "CorrigerStructure": corriger_structure,
    "InstruireCandidature": traiter_candidature,
    "RendreAvis": traiter_candidature,
    "RejeterCandidature": traiter_candidature,
    "RetirerCandidature": traiter_candidature,
    "LabelliserFabrique": labelliser_fabrique,
    "SignerConvention": suivre_le_label,
    "SignerAvenant": signer_avenant,
    "AccorderBonusNumerique": accorder_bonus,
    "RecevoirBilan": suivre_le_label,
    "OrdonnancerTranche": ordonnancer_tranche,
    "VerserTranche": verser_tranche,
    "VerserBonus": verser_bonus,
    "AnnulerVersement": annuler_versement,
    "RetirerLabel": retirer_label,
    "DemanderReversement": demander_reversement,
    "EncaisserReversement": encaisser_reversement,
    "CloturerExercice": cloturer_exercice,
    "CloreProgramme": clore_programme,
    "ReprendreJournal": reprendre_journal,
}


# --------------------------------------------------------------------------------------------
# Figures
# --------------------------------------------------------------------------------------------


def quotas_comptes(comptes: list[Fait]) -> dict[str, int]:
    """The quotas of the last rules (by effect date, then position) among the counted facts.

    0 before the opening.
    """
    regles: Json = {}
    ouvertures = [f for f in comptes if f.verbe == "OuvrirProgramme"]
    if ouvertures:
        revisions = [f for f in comptes if f.verbe == "ReviserRegles"]
        revisions.sort(key=lambda f: (f.date, f.position))
        for fait in [*ouvertures, *revisions]:
            regles.update(fait.champs["regles"])
    return {
        nom: regles.get(f"quota_{nom}", 0) for nom in ("total", "qpv", "hors_qpv", "numeriques")
    }


def taux_dix_milliemes(enveloppe: int, disponible_: int) -> int:
    """Rounded half up; 0 when the envelope is 0."""
    if enveloppe == 0:
        return 0
    return floor(Fraction((enveloppe - disponible_) * 10_000, enveloppe) + Fraction(1, 2))


def ligne_de_credits(tous: list[Effet], exercice: int, ouverture: int, prevu: int) -> Json:
    effets = [effet for effet in tous if effet.exercice == exercice]

    def total(*lignes: str) -> int:
        return somme(effets, *lignes)

    return {
        "exercice": exercice,
        "ae_ouvertes_centimes": total("ae_ouvertes"),
        "ae_gelees_centimes": total("ae_gelees"),
        "ae_engagees_centimes": total("engage"),
        "retraits_meme_exercice_centimes": total("retrait_meme"),
        "retraits_anterieurs_centimes": total("retrait_anterieur"),
        "cp_ouverts_centimes": total("cp_ouverts"),
        "cp_geles_centimes": total("cp_geles"),
        "cp_payes_centimes": total("paye"),
        "regularisations_centimes": total("regularisation"),
        "reversements_centimes": total("reversement"),
        "ae_disponibles_centimes": ae_disponibles(effets, exercice),
        "cp_disponibles_centimes": cp_disponibles(effets, exercice),
        "cp_restant_a_prevoir_centimes": prevu,
        "rap_ouverture_centimes": ouverture,
        "rap_cloture_centimes": ouverture
        + total("engage")
        - total("paye", "regularisation")
        - total("retrait_meme", "retrait_anterieur"),
    }


def statut_de_tranche(vue: Vue, tranche: Json, date: str) -> str:
    verse = vue.verse.get(tranche["rang"], 0)
    soldee = verse >= tranche["montant_centimes"]
    if vue.etat == "label_retire" and not soldee:
        return "annulee"
    if soldee:
        return "soldee"
    if tranche["exercice"] < annee(date):
        return "en_retard"
    if verse > 0:
        return "partielle"
    return "exigible" if tranche["echeance"] <= date else "a_venir"


def ligne_de_tranche(vue: Vue, tranche: Json, date: str) -> Json:
    statut = statut_de_tranche(vue, tranche, date)
    return {
        "rang": tranche["rang"],
        "exercice": tranche["exercice"],
        "echeance": tranche["echeance"],
        "montant_centimes": tranche["montant_centimes"],
        "verse_centimes": vue.verse.get(tranche["rang"], 0),
        "reste_centimes": 0 if statut == "annulee" else reste_du_rang(vue, tranche),
        "statut": statut,
    }


class Reference:
    """Several programmes, each one a list of facts. Figures raise KeyError on unknown names."""

    def __init__(self) -> None:
        self._programmes: dict[str, list[Fait]] = {}

    def executer(self, commande: Any) -> Json:
        try:
            c = valider(commande)
        except Invalide:
            return {"statut": "refusee", "code": "commande_invalide", "positions": []}
        faits = self._programmes.get(c["programme"], [])
        for fait in faits:
            if fait.champs["id_commande"] == c["id_commande"]:
                if fait.champs == c:
                    positions = [fait.position]
                    return {"statut": "deja_executee", "code": None, "positions": positions}
                return {"statut": "refusee", "code": "commande_divergente", "positions": []}
        try:
            acquis, effets = decider(faits, c)
        except Refus as refus:
            return {"statut": "refusee", "code": refus.code, "positions": []}
        position = len(faits) + 1
        fait = Fait(position, c["commande"], c["date_effet"], c, tuple(effets), acquis)
        self._programmes[c["programme"]] = [*faits, fait]
        return {"statut": "acceptee", "code": None, "positions": [position]}

    def enveloppe(self, programme: str, au: str | None = None, connu_au: int | None = None) -> Json:
        faits = self._programmes[programme]
        comptes = compter(faits, au, connu_au)
        effets = effets_de(comptes)
        plafond, reste = somme(effets, "enveloppe"), disponible(effets)
        engage, paye = somme(effets, "engage"), somme(effets, "paye", "regularisation")
        retires = somme(effets, "retrait_meme", "retrait_anterieur")
        return {
            "programme": programme,
            "position": len(compter(faits, None, connu_au)),
            "au": au,
            "enveloppe_centimes": plafond,
            "engage_centimes": engage,
            "engage_subventions_centimes": somme(effets, "engage", objet="subvention"),
            "engage_bonus_centimes": somme(effets, "engage", objet="bonus"),
            "retraits_meme_exercice_centimes": somme(effets, "retrait_meme"),
            "retraits_anterieurs_centimes": somme(effets, "retrait_anterieur"),
            "retraits_meme_exercice_bonus_centimes": somme(effets, "retrait_meme", objet="bonus"),
            "retraits_anterieurs_bonus_centimes": somme(effets, "retrait_anterieur", objet="bonus"),
            "disponible_centimes": reste,
            "paye_centimes": paye,
            "reste_a_payer_centimes": engage - paye - retires,
            "reversements_centimes": somme(effets, "reversement"),
            "taux_consommation_dix_milliemes": taux_dix_milliemes(plafond, reste),
            "labels": compter_labels(registre(comptes).values()),
            "quotas": quotas_comptes(comptes),
        }

    def credits(
        self, programme: str, au: str | None = None, connu_au: int | None = None
    ) -> list[Json]:
        comptes = compter(self._programmes[programme], au, connu_au)
        effets = effets_de(comptes)
        premier_ouvert = dernier_clos(comptes) + 1
        prevus: dict[int, int] = {}
        for effet in effets:
            if effet.ligne == "prevu":
                exercice = max(effet.exercice, premier_ouvert)
                prevus[exercice] = prevus.get(exercice, 0) + effet.centimes
        presents = {e.exercice for e in effets if e.ligne not in ("enveloppe", "prevu")}
        presents |= {exercice for exercice, montant in prevus.items() if montant != 0}
        if not presents:
            return []
        lignes: list[Json] = []
        ouverture = 0
        for exercice in range(min(presents), max(*presents, premier_ouvert - 1) + 1):
            ligne = ligne_de_credits(effets, exercice, ouverture, prevus.get(exercice, 0))
            ouverture = ligne["rap_cloture_centimes"]
            lignes.append(ligne)
        return lignes

    def structures(
        self, programme: str, au: str | None = None, connu_au: int | None = None
    ) -> list[Json]:
        vues = registre(compter(self._programmes[programme], au, connu_au))
        return [
            {
                "structure": vue.structure,
                "porteur": vue.porteur,
                "code_postal": vue.code_postal,
                "ville": vue.ville,
                "territoire": vue.territoire,
                "numerique": vue.numerique,
                "etat": vue.etat,
                "montant_centimes": vue.montant,
                "paye_centimes": sum(vue.verse.values()),
            }
            for _, vue in sorted(vues.items())
        ]

    def echeancier(
        self,
        programme: str,
        structure: str,
        au: str | None = None,
        connu_au: int | None = None,
    ) -> Json:
        comptes = compter(self._programmes[programme], au, connu_au)
        vue = registre(comptes)[structure]
        date = au if au is not None else max(fait.date for fait in comptes)
        bonus = None
        if vue.bonus is not None:
            bonus = {
                "montant_centimes": vue.bonus["montant"],
                "exercice": vue.bonus["exercice"],
                "verse_centimes": vue.verse.get(0, 0),
            }
        return {
            "structure": structure,
            "etat": vue.etat,
            "montant_centimes": vue.montant,
            "tranches": [ligne_de_tranche(vue, t, date) for t in vue.echeancier],
            "bonus": bonus,
            "evenements": vue.evenements,
        }

    def copie(self) -> Reference:
        """A fork. Facts are never modified and lists are replaced: sharing them is safe."""
        autre = Reference()
        autre._programmes = dict(self._programmes)
        return autre
