"""Open a programme, revise its rules, change its envelope, close it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from ledger.champs import Centimes, Siret, Texte, TexteLong
from ledger.evenements import (
    Attribuant,
    EnveloppeModifiée,
    ProgrammeClos,
    ProgrammeOuvert,
    RèglesRévisées,
)
from ledger.montants import format_euros
from ledger.programme import Programme
from ledger.regles import Regles, Revision, RevisionRegles, incoherences

from ..modele import Commande, base
from ..refus import Refus


class AttribuantSaisi(BaseModel):
    """The authority that grants: name, SIRET when known."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    nom: Texte
    siret: Siret | None = None


def _sans_enveloppe(valeur: Any) -> Any:
    if isinstance(valeur, dict) and "enveloppe_centimes" in valeur:
        raise ValueError("l'enveloppe ne change que par ModifierEnveloppe")
    if isinstance(valeur, dict) and not valeur:
        raise ValueError("une révision change au moins une règle")
    if isinstance(valeur, RevisionRegles) and not valeur.model_fields_set:
        raise ValueError("une révision change au moins une règle")
    return valeur


class OuvrirProgramme(Commande):
    """Open a programme with its rules and envelope. Refusal of its own: `regles_incoherentes`."""

    verbe: ClassVar[str] = "OuvrirProgramme"
    intitule: Texte
    regles: Regles
    source: TexteLong
    attribuant: AttribuantSaisi | None = None

    def contenu(self) -> dict[str, Any]:
        """The content, rules and authority as plain data."""
        donnees = super().contenu()
        donnees["regles"] = self.regles.model_dump()
        return donnees


class RéviserRègles(Commande):
    """Change some rules from `date_effet` on, never the envelope. Own: `regles_incoherentes`."""

    verbe: ClassVar[str] = "RéviserRègles"
    regles: Annotated[RevisionRegles, BeforeValidator(_sans_enveloppe)]
    source: TexteLong

    def contenu(self) -> dict[str, Any]:
        """The content, with only the rules that change."""
        return {**super().contenu(), "regles": self.regles.changements()}


class ModifierEnveloppe(Commande):
    """Grow or shrink the envelope (signed cents). Refusal of its own: `enveloppe_insuffisante`."""

    verbe: ClassVar[str] = "ModifierEnveloppe"
    variation_centimes: Centimes
    source: TexteLong


class CloreProgramme(Commande):
    """End applications and commitments; payments, recoveries and closings go on."""

    verbe: ClassVar[str] = "CloreProgramme"
    motif: TexteLong


def ouvrir_programme(etat: Programme, commande: OuvrirProgramme) -> ProgrammeOuvert:
    """Decide an opening. Refusal: `regles_incoherentes`."""
    raison = incoherences(commande.regles)
    if raison is not None:
        raise _incoherentes(raison, commande.date_effet)
    attribuant = commande.attribuant
    return ProgrammeOuvert(
        **base(commande, 1),
        intitule=commande.intitule,
        regles=commande.regles.model_dump(),
        source=commande.source,
        attribuant=None if attribuant is None else Attribuant(attribuant.nom, attribuant.siret),
    )


def reviser_regles(etat: Programme, commande: RéviserRègles) -> RèglesRévisées:
    """Decide a revision: coherent at its date and at every later date where rules change."""
    _, version = etat.regles_au(commande.date_effet)
    changements = commande.regles.changements()
    revision = Revision(commande.date_effet, etat.position + 1, changements)
    if etat.regles is not None:
        incoherence = etat.regles.reviser(revision).incoherence_depuis(commande.date_effet)
        if incoherence is not None:
            raise _incoherentes(incoherence[1], incoherence[0])
    return RèglesRévisées(**base(commande, version), regles=changements, source=commande.source)


def modifier_enveloppe(etat: Programme, commande: ModifierEnveloppe) -> EnveloppeModifiée:
    """Decide a change of the envelope. Refusal: `enveloppe_insuffisante`."""
    _, version = etat.regles_au(commande.date_effet)
    disponible = etat.soldes.disponible
    if disponible + commande.variation_centimes < 0:
        raise Refus(
            "enveloppe_insuffisante",
            f"Il reste {format_euros(disponible)} dans l'enveloppe : elle ne peut pas baisser de "
            f"{format_euros(-commande.variation_centimes)}.",
            remede="Limiter la baisse au disponible.",
            details={
                "disponible_centimes": disponible,
                "variation_centimes": commande.variation_centimes,
            },
        )
    return EnveloppeModifiée(
        **base(commande, version),
        variation_centimes=commande.variation_centimes,
        source=commande.source,
    )


def clore_programme(etat: Programme, commande: CloreProgramme) -> ProgrammeClos:
    """Decide the end of the programme."""
    _, version = etat.regles_au(commande.date_effet)
    return ProgrammeClos(**base(commande, version), motif=commande.motif)


def _incoherentes(raison: str, jour: date) -> Refus:
    return Refus(
        "regles_incoherentes",
        f"Règles incohérentes au {jour.isoformat()} : {raison}.",
        remede="Corriger les valeurs, ou réviser ensemble celles qui dépendent l'une de l'autre.",
        details={"date": jour.isoformat()},
    )
