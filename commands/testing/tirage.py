"""The fields of each command, drawn inside or just outside the bounds that the state gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from ledger.programme import Label
from ledger.testing.regles import regles, revisions
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN, Json

from ..verbes.candidature import CRITERES
from .contexte import Contexte
from .plans import amender, planifier

T = TypeVar("T")


class Tirage:
    """The fields of one command, drawn for one structure in one context."""

    def __init__(self, draw: st.DrawFn, contexte: Contexte, structure: str) -> None:
        self.draw = draw
        self.contexte = contexte
        self.etat = contexte.etat
        self.structure = structure
        self.dossier = self.etat.dossiers.get(structure)

    @property
    def label(self) -> Label | None:
        """The label of the structure, if any."""
        return self.dossier.label if self.dossier is not None else None

    def parmi(self, *valeurs: T) -> T:
        """One of the values, the first one when shrunk."""
        return self.draw(st.sampled_from(valeurs))

    def jour(self, *, depuis: date) -> date:
        """Mostly on or after `depuis` and today; else the limit, the day before, late, any day."""
        jour = max(depuis, self.contexte.jour)
        ecart = timedelta(days=self.parmi(0, 1, 20, 60, 200, 366))
        veille = depuis - timedelta(days=1)
        tire = self.parmi(*[jour + ecart] * 12, depuis, veille, None)
        if tire is None:
            tire = self.draw(st.dates(JOUR_MIN, JOUR_MAX))
        return min(max(tire, JOUR_MIN), JOUR_MAX)

    def montant(self, bas: int, haut: int, *limites: int) -> int:
        """Inside the bounds (both included, at least one cent), or one of the limits."""
        bas = max(bas, 1)
        haut = max(haut, bas)
        dedans = self.parmi(*[True] * 7, not limites)
        if not dedans:
            return max(self.parmi(*limites), 1)
        return self.parmi(haut, bas, self.draw(st.integers(bas, haut)))

    def acteur(self, role: str = "instructeur") -> Json:
        """An actor, mostly in the role asked for."""
        return {
            "id": self.parmi("ana", "bo"),
            "role": self.parmi(role, role, role, "ordonnateur", "comptable"),
        }

    def programme(self) -> Json:
        """A second opening: always refused."""
        return {"intitule": "Encore", "source": "AMI", "regles": self.draw(regles())}

    def reviser(self) -> Json:
        """A revision of the rules."""
        connues = self.etat.regles_au(self.contexte.jour)[0]
        return {"source": "arrêté", "regles": self.draw(revisions(connues=connues))}

    def enveloppe(self) -> Json:
        """A change of the envelope, down to what is available."""
        reste = self.etat.soldes.disponible
        hausse = self.draw(st.integers(1, 5_000))
        return {"source": "LFI", "variation_centimes": self.parmi(hausse, -1, -reste, -reste - 1)}

    def _annee(self) -> int:
        annee = self.contexte.jour.year
        return min(self.parmi(annee, annee, annee, 2020, annee + 1), JOUR_MAX.year)

    def ouvrir_credits(self) -> Json:
        """An opening that lets commitments go on, or a cancellation up to what is available."""
        annee = self._annee()
        ae, cp = self.contexte.disponibles(annee)
        plus = self.draw(st.integers(1_000, 60_000))
        return {
            "exercice": annee,
            "ae_centimes": self.parmi(*[plus] * 6, 0, -ae, -plus),
            "cp_centimes": self.parmi(*[plus] * 6, 0, -cp - 1, -plus),
            "nature": self.parmi("lfi", "retablissement", "annulation"),
            "source": "LFI",
        }

    def geler(self) -> Json:
        """A freeze up to what is available."""
        annee = self._annee()
        ae, cp = (max(reste, 0) for reste in self.contexte.disponibles(annee))
        return {
            "exercice": annee,
            "ae_centimes": self.parmi(ae // 2, ae, ae + 1, 0),
            "cp_centimes": self.parmi(cp // 2, cp, cp + 1, 0),
            "source": "décret",
        }

    def degeler(self) -> Json:
        """A thaw up to what is frozen."""
        geles = self.contexte.geles()
        annee = self.parmi(*geles, self._annee())
        ae, cp = geles.get(annee, (0, 0))
        return {
            "exercice": annee,
            "ae_centimes": self.parmi(ae, 0, ae + 1),
            "cp_centimes": self.parmi(cp, 0, cp + 1),
            "source": "décret",
        }

    def cloturer(self) -> Json:
        """The closing of the next exercice or of a wrong one, on time or a day early."""
        ouverts = [
            annee
            for annee in sorted(self.etat.exercices_avec_faits)
            if not self.etat.est_clos(annee)
        ]
        suivant = ouverts[0] if ouverts else self.etat.premier_exercice_ouvert
        suivant = min(max(suivant, JOUR_MIN.year), JOUR_MAX.year - 1)
        annee = self.parmi(suivant, suivant, suivant, suivant + 1, suivant - 1)
        premier = date(annee + 1, 1, 1)
        jours = (max(premier, self.contexte.jour), premier, premier - timedelta(days=1))
        return {"exercice": annee, "jour": self.parmi(*jours)}

    def clore(self) -> Json:
        """The end of the programme."""
        return {"motif": "fin de l'appel"}

    def deposer(self) -> Json:
        """An application, mostly digital and in a QPV."""
        return {
            "structure": self.structure,
            "porteur": self.parmi("Le Lieu", "L'Usine, l'Atelier"),
            "code_postal": "01000",
            "ville": "Bourg",
            "territoire": self.parmi(*["qpv"] * 4, "hors_qpv", "inconnu"),
            "numerique": self.parmi(True, True, True, False),
            **self.parmi({}, {"vague": 1}, {"montant_demande_centimes": 0}, {"rna": "W123456789"}),
        }

    def _depot(self) -> date:
        return self.jour(depuis=self.dossier.depot if self.dossier is not None else JOUR_MIN)

    def corriger(self) -> Json:
        """A correction: of the name in any state, of the territory before the label only."""
        corrections: tuple[Json, ...] = (
            {"ville": "Ambérieu"},
            {"territoire": "qpv"},
            {"numerique": True},
            {"siret": "73282932000074"},
            {"vague": "2"},
        )
        champs = self.parmi(*corrections)
        return champs | {"structure": self.structure, "motif": "coquille", "jour": self._depot()}

    def instruire(self) -> Json:
        """A study against the five criteria."""
        criteres = dict.fromkeys(CRITERES, self.parmi("rempli", "a_verifier"))
        champs: Json = {"structure": self.structure, "criteres": criteres, "jour": self._depot()}
        return champs | self.parmi({}, {"roles": []}, {"roles": ["lieu_ressource"]})

    def aviser(self) -> Json:
        """An opinion."""
        avis = self.parmi("favorable", "reserve", "defavorable")
        champs: Json = {"structure": self.structure, "avis": avis, "jour": self._depot()}
        return champs | {"instance": "CNTL"}

    def motiver(self) -> Json:
        """A rejection or a withdrawal of the application."""
        return {"structure": self.structure, "motif": "motif", "jour": self._depot()}

    def labelliser(self) -> Json:
        """A label: the amount within floor, ceiling, envelope and AE, or one cent beyond."""
        jour = self._depot()
        fixees = self.etat.regles_au(jour)[0]
        reste = self.etat.soldes.disponible
        ae, _ = self.contexte.disponibles(jour.year)
        libre = min(reste, ae) if fixees.credits == "bloquants" else reste
        plafond, plancher = fixees.plafond_centimes, fixees.plancher_centimes
        annuel = fixees.plafond_annuel_centimes * fixees.exercices_max + 1  # in equal parts
        limites = (plafond + 1, plancher - 1, reste + 1, ae + 1, min(annuel, plafond))
        montant = self.montant(plancher, min(plafond, libre), *limites)
        champs: Json = {"structure": self.structure, "montant_centimes": montant, "jour": jour}
        if self.parmi(False, False, True):
            plan = planifier(montant=montant, depuis=jour, regles=fixees, defauts=True)
            champs["echeancier"] = self.draw(plan)
        if self.dossier is not None and self.dossier.territoire == "inconnu":
            champs |= self.parmi({"territoire": "qpv"}, {"territoire": "hors_qpv"}, {})
        return champs | self.parmi({}, {}, {"vague": "2"}, {"numerique": False})

    def _label(self) -> date:
        return self.jour(depuis=self.label.date_effet if self.label is not None else JOUR_MIN)

    def convention(self) -> Json:
        """The grant agreement."""
        return {"structure": self.structure, "reference": "2020-01", "jour": self._label()}

    def avenant(self) -> Json:
        """An amendment of the present schedule."""
        champs: Json = {"structure": self.structure, "motif": "avenant"}
        if self.label is None:
            tranche = {
                "rang": 1,
                "exercice": 2020,
                "montant_centimes": 100,
                "echeance": "2020-03-01",
            }
            return champs | {"montant_centimes": 100, "echeancier": [tranche]}
        an_suivant = date(min(self.label.date_effet.year + 1, JOUR_MAX.year), 1, 15)
        limite = self.label.dernier_avenant
        jour = self.jour(depuis=self.parmi(limite, max(limite, an_suivant)))
        montant, plan = self.draw(amender(label=self.label, disponible=self.etat.soldes.disponible))
        return champs | {"jour": jour, "montant_centimes": montant, "echeancier": plan}

    def bonus(self) -> Json:
        """The bonus, on the exercice of the rules or on a named one."""
        jour = self._label()
        exercice = self.parmi({}, {}, {"exercice": jour.year}, {"exercice": jour.year + 1})
        return {"structure": self.structure, "jour": jour, **exercice}

    def bilan(self) -> Json:
        """A report, on an exercice of the schedule."""
        annees = [t.exercice for t in self.label.tranches] if self.label is not None else []
        return {
            "structure": self.structure,
            "exercice": self.parmi(*annees, 2019),
            "accepte": self.parmi(True, True, True, False),
            "jour": self._label(),
        }

    def retirer_label(self) -> Json:
        """The withdrawal of the label."""
        return {"structure": self.structure, "motif": "abandon", "jour": self._label()}

    def _rang_du(self, label: Label) -> int:
        """The first rank not settled, else the last one."""
        restants = [r for r in range(1, len(label.verse) + 1) if label.reste(r) > 0]
        return restants[0] if restants else len(label.verse)

    def ordonnancer(self) -> Json:
        """An order, on the rank that is due or on the bonus, within what is left to order."""
        champs: Json = {"structure": self.structure, "dp": "DP1"}
        label = self.label
        if label is None:
            return champs | {"rang": 1, "montant_centimes": 100}
        champs["acteur"] = self.acteur("ordonnateur")
        if label.bonus is not None and self.parmi(False, True):
            reste = label.bonus.montant - label.bonus.verse - label.ordonnance(0)
            jour = self.jour(depuis=label.bonus.date_effet)
            montant = self.montant(1, reste, reste + 1)
            return champs | {"rang": 0, "montant_centimes": montant, "jour": jour}
        rang = self._rang_du(label)
        reste = label.reste(rang) - label.ordonnance(rang)
        montant = self.montant(1, reste, reste + 1)
        jour = self.jour(depuis=label.tranches[rang - 1].echeance)
        return champs | {"rang": self._rang(rang), "montant_centimes": montant, "jour": jour}

    def _rang(self, juste: int) -> int:
        return self.parmi(*[juste] * 8, juste + 1, juste - 1)

    def _payeur(self) -> Json:
        comptable = {"id": "cléo", "role": "comptable"}
        return self.parmi(*[comptable] * 5, self.acteur("comptable"))

    def _charge(self, jour: date, label: Label) -> Json:
        """Mostly the default exercice; else a named one, admitted or not."""
        if self.parmi(*[True] * 5, False):
            return {}
        engagement = label.cohortes[0].exercice if label.cohortes else jour.year
        annee = self.parmi(jour.year, jour.year - 1, engagement, engagement - 1, jour.year + 1)
        return {"exercice": annee}

    def verser(self) -> Json:
        """A payment of the rank that is due: whole, in part, or one cent too much."""
        champs: Json = {"structure": self.structure, "reference": "VIR"}
        label = self.label
        if label is None:
            return champs | {"rang": 1, "montant_centimes": 100}
        rang = self._rang_du(label)
        reste = label.reste(rang)
        echeance = label.tranches[rang - 1].echeance
        tot = max(label.date_effet, echeance - timedelta(days=20))
        jour = self.parmi(*[self.jour(depuis=echeance)] * 6, tot)
        haut = label.ordonnance(rang) if label.regles.ordonnancement_requis else reste
        _, cp = self.contexte.disponibles(jour.year)
        return {
            **champs,
            "rang": self._rang(rang),
            "montant_centimes": self.montant(1, haut, haut + 1, cp + 1),
            "jour": jour,
            "acteur": self._payeur(),
            **self._charge(jour, label),
        }

    def verser_bonus(self) -> Json:
        """A payment of the bonus."""
        champs: Json = {"structure": self.structure, "reference": "VIR"}
        label = self.label
        if label is None or label.bonus is None:
            return champs | {"montant_centimes": 100}
        reste = label.bonus.montant - label.bonus.verse
        haut = label.ordonnance(0) if label.regles.ordonnancement_requis else reste
        jour = self.jour(depuis=label.bonus.date_effet)
        return {
            **champs,
            "montant_centimes": self.montant(1, haut, haut + 1),
            "jour": jour,
            "acteur": self._payeur(),
            **self._charge(jour, label),
        }

    def annuler(self) -> Json:
        """The cancellation of a real payment; else of a position that is not one."""
        position, jour = self._versement()
        motif = self.parmi("erreur", "rejet_bancaire")
        return {"structure": self.structure, "position": position, "motif": motif, "jour": jour}

    def rapprocher(self) -> Json:
        """A payment found in Chorus, under a request that is new or already proves another."""
        position, jour = self._versement()
        dp, exercice = self.parmi(("DP1", 2020), (f"DP{position}", jour.year), ("DP1", 2021))
        champs: Json = {"structure": self.structure, "position": position, "jour": jour, "dp": dp}
        return champs | self.parmi({}, {"ej": "0021000001"}) | {"exercice_dp": exercice}

    def _versement(self) -> tuple[int, date]:
        """Mostly a payment in force, and a date after it."""
        vivants = self.contexte.versements(self.structure)
        autre = self.draw(st.integers(1, max(self.etat.position, 1)))
        autre = self.parmi(*self.contexte.annules(self.structure), autre)
        if not vivants or self.parmi(False, False, False, True):
            return autre, self.jour(depuis=JOUR_MIN)
        position, fait = self.parmi(*reversed(vivants))
        return position, self.jour(depuis=fait.date_effet)

    def reverser(self) -> Json:
        """A claim, up to what is paid and not claimed."""
        label = self.label
        reste = label.paye - label.reclame if label is not None else 0
        montant = self.montant(1, reste, reste + 1)
        champs: Json = {"structure": self.structure, "montant_centimes": montant}
        return champs | {"titre": "T1", "jour": self._label()}

    def encaisser(self) -> Json:
        """Cash, up to what is claimed and not cashed."""
        label = self.label
        reste = label.reclame - label.encaisse if label is not None else 0
        montant = self.montant(1, reste, reste + 1)
        champs: Json = {"structure": self.structure, "montant_centimes": montant}
        return champs | {"titre": "T1", "jour": self._label()}

    def reprendre(self) -> Json:
        """A restart from a size that the journal reached, or just not; lines lost, or none."""
        tenue = max(self.etat.position + self.parmi(0, -1, -5, 1), 0)
        champs: Json = {"taille_satisfaite": tenue, "taille_perdue": tenue + self.parmi(1, 20, 0)}
        champs["origine_precedente"] = "fabriques-ledger/fabriques/0123456789abcdef"
        return champs | {"motif": "sinistre", "racine_perdue": "A" * 43 + "="}


VERBES: dict[str, Callable[[Tirage], Json]] = {
    "DéposerCandidature": Tirage.deposer,
    "CorrigerStructure": Tirage.corriger,
    "InstruireCandidature": Tirage.instruire,
    "RendreAvis": Tirage.aviser,
    "RejeterCandidature": Tirage.motiver,
    "RetirerCandidature": Tirage.motiver,
    "LabelliserFabrique": Tirage.labelliser,
    "SignerConvention": Tirage.convention,
    "SignerAvenant": Tirage.avenant,
    "AccorderBonusNumérique": Tirage.bonus,
    "RecevoirBilan": Tirage.bilan,
    "OrdonnancerTranche": Tirage.ordonnancer,
    "VerserTranche": Tirage.verser,
    "VerserBonus": Tirage.verser_bonus,
    "AnnulerVersement": Tirage.annuler,
    "RapprocherVersement": Tirage.rapprocher,
    "RetirerLabel": Tirage.retirer_label,
    "DemanderReversement": Tirage.reverser,
    "EncaisserReversement": Tirage.encaisser,
    "OuvrirCrédits": Tirage.ouvrir_credits,
    "GelerCrédits": Tirage.geler,
    "DégelerCrédits": Tirage.degeler,
    "ModifierEnveloppe": Tirage.enveloppe,
    "RéviserRègles": Tirage.reviser,
    "ClôturerExercice": Tirage.cloturer,
    "CloreProgramme": Tirage.clore,
    "OuvrirProgramme": Tirage.programme,
    "ReprendreJournal": Tirage.reprendre,
}
"""Every verb, and what draws its own fields (`jour` and `acteur`, when given, are taken apart)."""
