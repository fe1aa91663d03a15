"""The short verbs of a scenario: what a committee supposes, in one line instead of forty commands.

Each is a closed model, and is expanded into the very commands that it stands for, on the state of
the programme at that point of the scenario. Amounts in cents, shares in ten-thousandths; a share of
credits is rounded down to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledger.champs import CentimesPositifs, Date, Exercice, Vague
from ledger.erreurs import UsageError
from ledger.montants import format_euros
from ledger.programme import LABELLISEE, Label, Programme
from ledger.soldes import Soldes
from ledger.temps import ANNEE_MAX, format_date

from .verbes.candidature import CRITERES

NOMBRE_MAX = 10_000
"""Structures that one hypothesis labels at most."""
_PART_MAX = 10_000
_Part = Annotated[int, Field(gt=0, le=_PART_MAX)]
Groupe = list[dict[str, Any]]
"""Commands that stand or fall together, without what the simulation fills (id, programme)."""
_ZONES = {"qpv": "en QPV", "hors_qpv": "hors QPV"}


class HypotheseSansObjetError(UsageError):
    """A hypothesis that would change nothing, or that cannot be expanded: nothing is guessed."""

    code = "hypothese_sans_objet"


class Hypothese(BaseModel):
    """What every short verb is: a closed, strict model with its sentence."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    nom: ClassVar[str] = ""
    cherche: ClassVar[bool] = False
    """Whether its refusal is what is looked for, rather than a defect of the scenario."""

    @property
    def phrase(self) -> str:
        """What is supposed, in French."""
        raise NotImplementedError

    def groupes(self, etat: Programme, jour: date) -> Iterator[Groupe]:
        """The commands it stands for, on this state; `jour` is the last effect date known."""
        raise NotImplementedError


class _Labels(Hypothese):
    montant_centimes: CentimesPositifs
    date_effet: Date
    territoire: Literal["qpv", "hors_qpv"]
    numerique: bool = False
    bonus: bool = False
    intervalle_jours: Annotated[int, Field(ge=0, le=366)] = 0
    vague: Vague | None = None

    @model_validator(mode="after")
    def _coherente(self) -> _Labels:
        if self.bonus and not (self.numerique and self.territoire == "qpv"):
            raise ValueError("bonus : réservé aux structures numériques en QPV")
        return self

    def _labels(self, etat: Programme, nombre: int) -> Iterator[Groupe]:
        numero = 0
        for rang in range(nombre):
            numero += 1
            while f"simulation-{numero:04d}" in etat.dossiers:
                numero += 1
            yield self._label(etat, f"simulation-{numero:04d}", numero, self._jour(rang))

    def _jour(self, rang: int) -> date:
        try:
            jour = self.date_effet + timedelta(days=self.intervalle_jours * rang)
        except OverflowError:
            jour = date.max
        if jour.year > ANNEE_MAX:
            raise HypotheseSansObjetError(
                f"le label n° {rang + 1} tomberait après {ANNEE_MAX}",
                remede="Réduire le nombre ou l'intervalle.",
            )
        return jour

    def _label(self, etat: Programme, structure: str, numero: int, jour: date) -> Groupe:
        regles = None if etat.regles is None else etat.regles.au(jour)[0]
        commun = {"structure": structure, "date_effet": jour.isoformat()}
        depot: dict[str, Any] = {
            "commande": "DéposerCandidature",
            **commun,
            "porteur": f"Structure supposée n° {numero} (simulation)",
            "code_postal": "00000",
            "ville": "Commune supposée",
            "territoire": self.territoire,
            "numerique": self.numerique,
        }
        if self.vague is not None:
            depot["vague"] = self.vague
        groupe = [depot]
        if regles is not None and regles.instruction_requise:
            criteres = dict.fromkeys(CRITERES, "rempli")
            groupe.append({"commande": "InstruireCandidature", **commun, "criteres": criteres})
        if regles is not None and regles.avis_requis:
            avis = {"avis": "favorable", "instance": "Simulation"}
            groupe.append({"commande": "RendreAvis", **commun, **avis})
        montant = self.montant_centimes
        groupe.append({"commande": "LabelliserFabrique", **commun, "montant_centimes": montant})
        if self.bonus:
            groupe.append({"commande": "AccorderBonusNumérique", **commun})
        return groupe

    @property
    def _quoi(self) -> str:
        numerique = " numérique" if self.numerique else ""
        bonus = ", bonus compris en plus" if self.bonus else ""
        cadence = f", un tous les {self.intervalle_jours} jours" if self.intervalle_jours else ""
        return (
            f"à {format_euros(self.montant_centimes)}{numerique} {_ZONES[self.territoire]}{bonus}, "
            f"à partir du {format_date(self.date_effet)}{cadence}"
        )


class Labelliser(_Labels):
    """Label `nombre` supposed structures at an amount; applications are supposed complete.

    `intervalle_jours` spreads the labels, one every so many days from `date_effet`.
    """

    nom: ClassVar[str] = "labelliser"
    hypothese: Literal["labelliser"]
    nombre: Annotated[int, Field(ge=1, le=NOMBRE_MAX)]

    @property
    def phrase(self) -> str:
        """What is supposed."""
        pluriel = "s" if self.nombre > 1 else ""
        return f"{self.nombre} label{pluriel} de plus {self._quoi}"

    def groupes(self, etat: Programme, jour: date) -> Iterator[Groupe]:
        """One group per structure: it is labelled whole, or not at all."""
        return self._labels(etat, self.nombre)


class LabelliserJusquAuRefus(_Labels):
    """Label until a rule says no: how many more, and which ceiling is met first."""

    nom: ClassVar[str] = "labelliser_jusqu_au_refus"
    cherche: ClassVar[bool] = True
    hypothese: Literal["labelliser_jusqu_au_refus"]
    maximum: Annotated[int, Field(ge=1, le=NOMBRE_MAX)] = NOMBRE_MAX

    @property
    def phrase(self) -> str:
        """What is supposed."""
        return f"autant de labels que possible {self._quoi}"

    def groupes(self, etat: Programme, jour: date) -> Iterator[Groupe]:
        """One group per structure, until the first refusal."""
        return self._labels(etat, self.maximum)


class GelerPart(Hypothese):
    """Freeze a share of the AE, the CP or both opened on an exercice."""

    nom: ClassVar[str] = "geler_credits"
    hypothese: Literal["geler_credits"]
    exercice: Exercice
    part_dix_milliemes: _Part
    date_effet: Date
    sur: Literal["ae", "cp", "ae_et_cp"] = "ae_et_cp"

    @property
    def phrase(self) -> str:
        """What is supposed."""
        quoi = {"ae": "AE ouvertes", "cp": "CP ouverts", "ae_et_cp": "AE et CP ouverts"}[self.sur]
        return f"gel de {_pour_cent(self.part_dix_milliemes)} des {quoi} de {self.exercice}"

    def groupes(self, etat: Programme, jour: date) -> Iterator[Groupe]:
        """One freeze."""
        ligne = etat.soldes.exercice(self.exercice)
        ae = _part(ligne.ae_ouvertes, self.part_dix_milliemes) if "ae" in self.sur else 0
        cp = _part(ligne.cp_ouverts, self.part_dix_milliemes) if "cp" in self.sur else 0
        _exiger_credits(etat.soldes, self.exercice, ae + cp)
        yield [
            {
                "commande": "GelerCrédits",
                "date_effet": self.date_effet.isoformat(),
                "exercice": self.exercice,
                "ae_centimes": ae,
                "cp_centimes": cp,
                "source": f"Simulation : {self.phrase}",
            }
        ]


class AnnulerPartCP(Hypothese):
    """Cancel a share of the CP opened on an exercice."""

    nom: ClassVar[str] = "annuler_cp"
    hypothese: Literal["annuler_cp"]
    exercice: Exercice
    part_dix_milliemes: _Part
    date_effet: Date

    @property
    def phrase(self) -> str:
        """What is supposed."""
        part = _pour_cent(self.part_dix_milliemes)
        return f"annulation de {part} des CP ouverts de {self.exercice}"

    def groupes(self, etat: Programme, jour: date) -> Iterator[Groupe]:
        """One negative opening."""
        ouverts = etat.soldes.exercice(self.exercice).cp_ouverts
        cp = _part(ouverts, self.part_dix_milliemes)
        _exiger_credits(etat.soldes, self.exercice, cp)
        yield [
            {
                "commande": "OuvrirCrédits",
                "date_effet": self.date_effet.isoformat(),
                "exercice": self.exercice,
                "ae_centimes": 0,
                "cp_centimes": -cp,
                "nature": "annulation",
                "source": f"Simulation : {self.phrase}",
            }
        ]


class VerserEcheances(Hypothese):
    """Pay on its due date every instalment due up to `jusqu_au`, and every bonus granted.

    What is already due on `depuis` (by default the last effect date known) is paid that day. Orders
    are given first where the rules require them; reports only with `bilans_acceptes`.
    """

    nom: ClassVar[str] = "verser_echeances"
    hypothese: Literal["verser_echeances"]
    jusqu_au: Date
    depuis: Date | None = None
    bilans_acceptes: bool = False

    @model_validator(mode="after")
    def _coherente(self) -> VerserEcheances:
        if self.depuis is not None and self.depuis > self.jusqu_au:
            raise ValueError("depuis : postérieur à jusqu_au")
        return self

    @property
    def phrase(self) -> str:
        """What is supposed."""
        bilans = ", bilans acceptés" if self.bilans_acceptes else ""
        return f"toutes les échéances jusqu'au {format_date(self.jusqu_au)} payées à temps{bilans}"

    def groupes(self, etat: Programme, jour: date) -> Iterator[Groupe]:
        """One group per payment, in the order of dates, then of structures and ranks."""
        depuis = jour if self.depuis is None else self.depuis
        if depuis > self.jusqu_au:
            raise HypotheseSansObjetError(
                f"des faits sont déjà datés du {format_date(depuis)}, après jusqu_au",
                remede="Donner « depuis », ou un jusqu_au plus tardif.",
            )
        dus: list[tuple[date, str, int, Groupe]] = []
        for structure, dossier in etat.dossiers.items():
            if dossier.label is not None and dossier.etat == LABELLISEE:
                dus += self._dus(structure, dossier.label, depuis)
        for _, _, _, groupe in sorted(dus):  # a rank comes once: groups are never compared
            yield groupe

    def _dus(
        self, structure: str, label: Label, depuis: date
    ) -> Iterator[tuple[date, str, int, Groupe]]:
        bonus = label.bonus
        if bonus is not None and bonus.montant > bonus.verse:
            quand = max(depuis, bonus.date_effet)
            if quand <= self.jusqu_au:
                champs = {"montant_centimes": bonus.montant - bonus.verse}
                groupe = _payer(label, "VerserBonus", structure, 0, quand, champs)
                yield quand, structure, 0, groupe
        for tranche in label.tranches:
            rang, reste = tranche.rang, label.reste(tranche.rang)
            quand = max(depuis, tranche.echeance, date(tranche.exercice, 1, 1))
            if reste <= 0 or quand > self.jusqu_au:
                continue
            champs = {"montant_centimes": reste, "rang": rang}
            groupe = _payer(label, "VerserTranche", structure, rang, quand, champs)
            sujet = label.tranches[rang - 2].exercice if rang > 1 else 0
            if self.bilans_acceptes and label.regles.bilan_requis and sujet:
                bilan = {
                    "commande": "RecevoirBilan",
                    "structure": structure,
                    "date_effet": quand.isoformat(),
                    "exercice": sujet,
                    "accepte": True,
                }
                groupe = [*([] if (sujet, True) in label.bilans else [bilan]), *groupe]
            yield quand, structure, rang, groupe


HYPOTHESES: dict[str, type[Hypothese]] = {
    classe.nom: classe
    for classe in (Labelliser, LabelliserJusquAuRefus, GelerPart, AnnulerPartCP, VerserEcheances)
}
"""Short verb -> its model."""


def _payer(
    label: Label, verbe: str, structure: str, rang: int, quand: date, champs: dict[str, Any]
) -> Groupe:
    """A payment, after the order that the rules of the label require."""
    commun = {"structure": structure, "date_effet": quand.isoformat()}
    paiement = {"commande": verbe, **commun, **champs, "reference": "SIMULATION"}
    a_ordonner = champs["montant_centimes"] - label.ordonnance(rang)
    if not label.regles.ordonnancement_requis or a_ordonner <= 0:
        return [paiement]
    ordre = {"commande": "OrdonnancerTranche", **commun, "rang": rang}
    return [{**ordre, "montant_centimes": a_ordonner, "dp": "SIMULATION"}, paiement]


def _part(centimes: int, dix_milliemes: int) -> int:
    return max(centimes, 0) * dix_milliemes // _PART_MAX


def _exiger_credits(soldes: Soldes, exercice: int, centimes: int) -> None:
    if centimes == 0:
        lus = soldes.exercice(exercice)
        raise HypotheseSansObjetError(
            f"la part demandée des crédits de {exercice} est nulle (AE ouvertes "
            f"{format_euros(lus.ae_ouvertes)}, CP ouverts {format_euros(lus.cp_ouverts)})",
            remede="Ouvrir d'abord des crédits dans le scénario (OuvrirCrédits).",
        )


def _pour_cent(dix_milliemes: int) -> str:
    entier, reste = divmod(dix_milliemes, 100)
    return f"{entier} %" if reste == 0 else f"{entier},{reste:02d} %"
