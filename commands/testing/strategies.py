"""Strategies of raw JSON commands that suit the state of a programme.

A command is drawn for what can happen next (label an application, pay the rank that is due, amend
the present schedule, close the exercice that comes next...). Its amounts and dates are drawn inside
the bounds that the state gives, or just outside, one cent or one day: nothing is ever filtered.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Any

from hypothesis import strategies as st

from ledger.programme import Dossier
from ledger.testing.regles import regles
from ledger.testing.valeurs import JOUR_MIN, Json

from ..verbes.candidature import CRITERES
from .contexte import PROGRAMME, STRUCTURES, Contexte
from .tirage import VERBES, Tirage

CORRIGES = ("porteur", "code_postal", "ville", "siret", "rna", "vague", "territoire", "numerique")
"""What a correction may correct: null for all of them corrects nothing."""
DEPOT: Json = {"porteur": "Le Lieu", "code_postal": "01000", "ville": "Bourg"}


class Brute(Json):
    """A raw command; a failing example shows it as the line that `fabriques executer` reads."""

    def _repr_pretty_(self, affichage: Any, _cycle: bool) -> None:
        affichage.text(f"Commande:\n{json.dumps(self, ensure_ascii=False)}\n")


@st.composite
def ouvertures(
    draw: st.DrawFn,
    *,
    programme: str = PROGRAMME,
    reglements: st.SearchStrategy[Json] | None = None,
) -> Json:
    """The command that opens the programme, in 2018 or 2019, under rules of that strategy."""
    return Brute(
        commande="OuvrirProgramme",
        id_commande="c0",
        programme=programme,
        acteur={"id": "ana", "role": "systeme"},
        date_effet=draw(st.dates(JOUR_MIN, date(2019, 12, 31))).isoformat(),
        intitule="Fabriques",
        source="AMI",
        regles=draw(regles() if reglements is None else reglements),
    )


@st.composite
def amorces(draw: st.DrawFn, *, ouverture: Json, verbes: Collection[str] = ()) -> list[Json]:
    """The commands that bring up to three labels right after the opening, so that money moves.

    With `verbes`, those of other verbs are left out.
    """
    regles_ = ouverture["regles"]
    jour = date.fromisoformat(ouverture["date_effet"])
    commun = {"programme": ouverture["programme"], "acteur": ouverture["acteur"]}
    suite: list[Json] = []
    nombre = draw(st.sampled_from((0, 1, 2, 2, 3)))
    if nombre and regles_["credits"] == "bloquants":
        large = {
            "commande": "OuvrirCrédits",
            "ae_centimes": 9 * regles_["plafond_centimes"],
            "cp_centimes": 9 * regles_["plafond_centimes"],
            "nature": "lfi",
            "source": "LFI",
        }
        suite += [large | {"exercice": annee} for annee in range(2018, jour.year + 4)]
    plafond, plancher = regles_["plafond_centimes"], max(regles_["plancher_centimes"], 1)
    trop_par_an = regles_["plafond_annuel_centimes"] * regles_["exercices_max"] + 1
    for structure in STRUCTURES[:nombre]:
        depot: Json = {"commande": "DéposerCandidature", "structure": structure, **DEPOT}
        depot["numerique"] = draw(st.sampled_from((True, True, False)))
        depot["territoire"] = draw(st.sampled_from(("qpv", "qpv", "hors_qpv")))
        etude: Json = {"commande": "InstruireCandidature", "structure": structure}
        etude["criteres"] = dict.fromkeys(CRITERES, "rempli")
        avis = {"commande": "RendreAvis", "structure": structure, "instance": "CNTL"}
        label: Json = {"commande": "LabelliserFabrique", "structure": structure}
        montant = st.integers(plancher, plafond)
        if plancher <= trop_par_an <= plafond:
            montant = montant | st.just(trop_par_an)
        label["montant_centimes"] = draw(montant)
        suite += [depot, etude, avis | {"avis": "favorable"}, label]
    return [
        commun | {"id_commande": f"a{rang}", "date_effet": jour.isoformat()} | champs
        for rang, champs in enumerate(suite)
        if not verbes or champs["commande"] in verbes
    ]


@st.composite
def commandes(draw: st.DrawFn, *, contexte: Contexte, verbes: Collection[str] = ()) -> Json:
    """One command that suits the context: accepted, or refused for a reason worth a test.

    `verbes` (accented names, all by default) bounds what is drawn. Amounts, in cents, and dates
    stay inside the bounds that the state gives, or just outside.
    """
    admis = [verbe for verbe in VERBES if not verbes or verbe in verbes]
    sujets = [(verbe, s) for verbe, s in intentions(contexte) if verbe in admis]
    if not sujets or draw(st.integers(0, 11)) == 11:  # out of place: any structure, even unknown
        sujets = [(verbe, s) for verbe in admis for s in (*contexte.structures, "inconnue")]
    verbe, structure = draw(st.sampled_from(sujets))
    tirage = Tirage(draw, contexte, structure)
    champs = VERBES[verbe](tirage)
    jour = champs.pop("jour", None) or tirage.jour(depuis=JOUR_MIN)
    return Brute(
        commande=verbe,
        id_commande=f"c{contexte.numero}",
        programme=contexte.etat.slug,
        acteur=champs.pop("acteur", None) or tirage.acteur(),
        date_effet=jour.isoformat(),
        **champs,
    )


@st.composite
def invalides(draw: st.DrawFn, *, commande: Json) -> Json:
    """The command with one defect of form: always `commande_invalide`."""
    entiers = [nom for nom, valeur in commande.items() if type(valeur) is int and nom != "vague"]
    ne_corrige_rien: Json = dict.fromkeys(CORRIGES)
    defauts: list[Json] = [
        *[ne_corrige_rien] * (6 if commande["commande"] == "CorrigerStructure" else 0),
        {"inconnu": 1},
        {"date_effet": "2020-02-30"},
        {"date_effet": "3000-01-01"},
        {"id_commande": "é"},
        {"programme": "Fabriques"},
        {"acteur": {"id": "ana", "role": "maire"}},
        {"acteur": {"id": "a\u202eb", "role": "systeme"}},
        {"commande": "VerserTout"},
        *({nom: faux} for nom in entiers for faux in (1.0, "1", True, [1])),
    ]
    fautif = commande | draw(st.sampled_from(defauts))
    if draw(st.integers(0, 5)) == 5:
        oublie = draw(st.sampled_from(("acteur", "date_effet", "id_commande", "commande")))
        fautif.pop(oublie)
    return Brute(fautif)


_EXPLICITES: dict[str, Json] = {
    "DéposerCandidature": {"siret": None, "commande": "DeposerCandidature"},
    "InstruireCandidature": {"note": None, "roles": []},
    "LabelliserFabrique": {"echeancier": None, "vague": None},
    "AccorderBonusNumérique": {"exercice": None, "commande": "AccorderBonusNumerique"},
    "VerserTranche": {"exercice": None},
    "OuvrirProgramme": {"attribuant": None},
}


@st.composite
def autrement(draw: st.DrawFn, *, commande: Json) -> Json:
    """The same content, spelt otherwise: members turned round, explicit defaults, no accent."""
    if draw(st.booleans()):
        return Brute(commande)
    verbe = commande["commande"]
    ecrits = {
        nom: valeur
        for nom, valeur in _EXPLICITES.get(verbe, {}).items()
        if nom == "commande" or nom not in commande
    }
    if verbe in ("VerserTranche", "VerserBonus") and "exercice" not in commande:
        ecrits["exercice"] = draw(st.sampled_from((None, int(commande["date_effet"][:4]))))
    return Brute(reversed((commande | ecrits).items()))


def intentions(contexte: Contexte) -> list[tuple[str, str]]:
    """The (verb, structure) worth trying now, repeated by weight, the simplest first."""
    etat = contexte.etat
    poids: list[tuple[str, str, int]] = []
    for structure in contexte.structures:
        dossier = etat.dossiers.get(structure)
        poids += [(verbe, structure, n) for verbe, n in _pour(contexte, structure, dossier)]
    dernieres = etat.regles_au(contexte.jour)[0]
    manque = _manque(contexte)
    suivis = dernieres.credits != "non_suivis"
    a_clore = any(
        etat.soldes.dernier_clos < annee < contexte.jour.year for annee in etat.exercices_avec_faits
    )
    poids += [
        ("OuvrirCrédits", "", 12 if "credits" in manque else 1),
        ("GelerCrédits", "", 1 if suivis else 0),
        ("DégelerCrédits", "", 2 if contexte.geles() else 0),
        ("ModifierEnveloppe", "", 4 if "enveloppe" in manque else 1),
        ("RéviserRègles", "", 4 if "quota" in manque else 1),
        ("ClôturerExercice", "", 6 if a_clore else 1),
        ("CloreProgramme", "", 1 if etat.position > 25 else 0),
        ("ReprendreJournal", "", 1 if etat.position > 15 else 0),
    ]
    return [(verbe, structure) for verbe, structure, n in poids for _ in range(n)]


def _manque(contexte: Contexte) -> set[str]:
    """What stops the next label or payment: credits, envelope, quota."""
    soldes = contexte.etat.soldes
    fixees = contexte.etat.regles_au(contexte.jour)[0]
    vide = min(contexte.disponibles(contexte.jour.year)) < max(fixees.plancher_centimes, 1)
    pleins = soldes.labels.total >= fixees.quota_total
    return {
        *(["credits"] if fixees.credits == "bloquants" and vide else []),
        *(["enveloppe"] if soldes.disponible < max(fixees.plancher_centimes, 1) else []),
        *(["quota"] if fixees.quotas == "bloquants" and pleins else []),
    }


def _pour(contexte: Contexte, structure: str, dossier: Dossier | None) -> list[tuple[str, int]]:
    if dossier is None or dossier.etat in ("rejetee", "retiree"):
        return [("DéposerCandidature", 8)]
    regles_ = contexte.etat.regles_au(contexte.jour)[0]
    if dossier.etat == "deposee":
        instruire = regles_.instruction_requise and not dossier.instruite
        aviser = regles_.avis_requis and not dossier.avis_rendu
        return [
            ("LabelliserFabrique", 1 if instruire or aviser or _manque(contexte) else 12),
            ("InstruireCandidature", 8 if instruire else 1),
            ("RendreAvis", 8 if aviser else 1),
            ("CorrigerStructure", 1),
            ("DéposerCandidature", 1),
            ("RejeterCandidature", int(contexte.etat.position > 20)),
            ("RetirerCandidature", 1),
        ]
    label = dossier.label
    if label is None:
        return []
    communs = [
        ("AnnulerVersement", 5 if contexte.versements(structure) else 0),
        ("RapprocherVersement", 3 if contexte.versements(structure) else 0),
        ("DemanderReversement", 2 if label.paye > label.reclame else 0),
        ("EncaisserReversement", 3 if label.reclame > label.encaisse else 0),
        ("CorrigerStructure", 1),
    ]
    if dossier.etat == "label_retire":
        return communs
    bonus, regles_label = label.bonus, label.regles
    reste = label.montant - sum(label.verse)
    eligible = dossier.numerique and dossier.territoire == "qpv"
    return [
        ("VerserTranche", 9 if reste else 0),
        ("OrdonnancerTranche", 8 if regles_label.ordonnancement_requis else 1),
        ("RecevoirBilan", 4 if regles_label.bilan_requis else 1),
        ("AccorderBonusNumérique", 6 if eligible and bonus is None else 2),
        ("VerserBonus", 6 if bonus is not None and bonus.verse < bonus.montant else 0),
        ("SignerAvenant", 6),
        ("SignerConvention", 1),
        ("RetirerLabel", 1),
        *communs,
    ]
