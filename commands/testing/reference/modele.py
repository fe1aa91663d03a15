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

from fractions import Fraction
from math import floor
from typing import Any

from .communs import Refus
from .decisions import decider
from .faits import (
    Effet,
    Fait,
    Vue,
    ae_disponibles,
    compter,
    cp_disponibles,
    dernier_clos,
    disponible,
    effets_de,
    registre,
    reste_du_rang,
    somme,
)
from .labels import compter_labels
from .schema import Invalide, Json, annee, valider


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
        """Answer one raw JSON command: `statut`, `code` (None unless refused), `positions`."""
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
        """The consumption of the envelope, in cents, as of an effect date and a position."""
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
        """AE, CP and outstanding by exercice, in cents."""
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
        """The register, by identifier."""
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
        """The schedule, bonus and events of one structure; statuses at `au`."""
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

    def chiffres(self, programme: str, au: str | None = None, connu_au: int | None = None) -> Json:
        """The four figures at once; schedules by structure."""
        registre_ = self.structures(programme, au, connu_au)
        noms = [ligne["structure"] for ligne in registre_]
        return {
            "enveloppe": self.enveloppe(programme, au, connu_au),
            "credits": self.credits(programme, au, connu_au),
            "structures": registre_,
            "echeanciers": {nom: self.echeancier(programme, nom, au, connu_au) for nom in noms},
        }

    def copie(self) -> Reference:
        """A fork. Facts are never modified and lists are replaced: sharing them is safe."""
        autre = Reference()
        autre._programmes = dict(self._programmes)
        return autre
