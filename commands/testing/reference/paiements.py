"""Deciding: orders, payments, cancellations, recoveries."""

from __future__ import annotations

from .communs import Decision, Refus, refuser_si, verifier_credits, vue_attendue
from .faits import (
    Effet,
    Fait,
    Vue,
    exercice_ouvert,
    ordres_impayes,
    prelever,
    registre,
    reste_du_bonus,
    reste_du_rang,
    restes_par_cohorte,
)
from .labels import retraits
from .schema import Json, annee


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


def versement_en_vigueur(faits: list[Fait], c: Json) -> tuple[Vue, Fait]:
    """The payment that the command names by its position, not cancelled, and its structure."""
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
    refuser_si(position in positions_annulees(faits), "versement_deja_annule")
    refuser_si(c["date_effet"] < versements[0].date, "date_incoherente")
    return vue, versements[0]


def positions_annulees(faits: list[Fait]) -> list[int]:
    return [f.champs["position"] for f in faits if f.verbe == "AnnulerVersement"]


def rapprocher_versement(faits: list[Fait], c: Json) -> Decision:
    versement_en_vigueur(faits, c)
    annulees = positions_annulees(faits)
    prouves = [
        f.champs
        for f in faits
        if f.verbe == "RapprocherVersement" and f.champs["position"] not in annulees
    ]
    refuser_si(c["position"] in [p["position"] for p in prouves], "versement_deja_rapproche")
    demandes = [(p["dp"], p["exercice_dp"]) for p in prouves]
    refuser_si((c["dp"], c["exercice_dp"]) in demandes, "dp_deja_rapprochee")
    return {}, []


def annuler_versement(faits: list[Fait], c: Json) -> Decision:
    structure = c["structure"]
    vue, versement = versement_en_vigueur(faits, c)
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
