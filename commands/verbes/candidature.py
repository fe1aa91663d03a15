"""Applications: file, correct, study, give an opinion, reject, withdraw."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ledger.champs import (
    CentimesOuZero,
    CodePostal,
    Rna,
    Siret,
    Texte,
    TexteCourt,
    TexteLong,
    Vague,
    en_tuple,
)
from ledger.evenements import (
    AvisRendu,
    CandidatureDéposée,
    CandidatureInstruite,
    CandidatureRejetée,
    CandidatureRetirée,
    StructureCorrigée,
)
from ledger.programme import DEPOSEE, REJETEE, RETIREE, Programme
from ledger.valeurs import Territoire

from ..modele import CommandeDeStructure, base, exiger_date, exiger_dossier
from ..refus import Refus

CRITERES = (
    "ancrage_territorial",
    "communaute_engagee",
    "gouvernance_partagee",
    "hybridation_activites",
    "experimentation",
)
"""The five criteria of a third place, in the words of the call."""

Role = Literal["lieu_ressource", "apprendre_par_le_faire", "competences_numeriques"]
Verdict = Literal["rempli", "non_rempli", "a_verifier"]


def _cinq_criteres(valeur: Any) -> Any:
    if isinstance(valeur, dict) and set(valeur) != set(CRITERES):
        raise ValueError(f"exactement les cinq critères attendus : {', '.join(CRITERES)}")
    return valeur


class DéposerCandidature(CommandeDeStructure):
    """File an application. Own refusal: `candidature_existante`.

    After a rejection or a withdrawal the structure may apply again. Requested amount in cents.
    """

    verbe: ClassVar[str] = "DéposerCandidature"
    porteur: Texte
    code_postal: CodePostal
    ville: Texte
    territoire: Territoire
    numerique: bool
    montant_demande_centimes: CentimesOuZero | None = None
    siret: Siret | None = None
    rna: Rna | None = None
    vague: Vague | None = None


class CorrigerStructure(CommandeDeStructure):
    """Correct what was recorded of a structure, in any state (territory and digital flag: before
    the label only). Own refusals: `structure_inconnue`, `etat_incompatible`, `date_incoherente`."""

    verbe: ClassVar[str] = "CorrigerStructure"
    motif: TexteLong
    porteur: Texte | None = None
    code_postal: CodePostal | None = None
    ville: Texte | None = None
    siret: Siret | None = None
    rna: Rna | None = None
    vague: Vague | None = None
    territoire: Territoire | None = None
    numerique: bool | None = None

    @model_validator(mode="after")
    def _corrige_quelque_chose(self) -> Self:
        if all(getattr(self, champ) is None for champ in CORRIGEABLES):
            raise ValueError("rien à corriger : nommer au moins un champ")
        return self


CORRIGEABLES = (
    "porteur",
    "code_postal",
    "ville",
    "siret",
    "rna",
    "vague",
    "territoire",
    "numerique",
)


class InstruireCandidature(CommandeDeStructure):
    """Record the study of the application (five criteria). Proposed amount in cents."""

    verbe: ClassVar[str] = "InstruireCandidature"
    criteres: Annotated[dict[str, Verdict], BeforeValidator(_cinq_criteres)]
    roles: Annotated[tuple[Role, ...], BeforeValidator(en_tuple), Field(max_length=3)] = ()
    montant_propose_centimes: CentimesOuZero | None = None
    note: TexteLong | None = None


class RendreAvis(CommandeDeStructure):
    """Record the opinion of the advisory body."""

    verbe: ClassVar[str] = "RendreAvis"
    avis: Literal["favorable", "reserve", "defavorable"]
    instance: TexteCourt


class RejeterCandidature(CommandeDeStructure):
    """Reject the application."""

    verbe: ClassVar[str] = "RejeterCandidature"
    motif: TexteLong


class RetirerCandidature(CommandeDeStructure):
    """The applicant withdraws."""

    verbe: ClassVar[str] = "RetirerCandidature"
    motif: TexteLong


def deposer_candidature(etat: Programme, commande: DéposerCandidature) -> CandidatureDéposée:
    """Decide an application. Refusal: `candidature_existante`."""
    _, version = etat.regles_au(commande.date_effet)
    dossier = etat.dossiers.get(commande.structure)
    if dossier is not None and dossier.etat not in (REJETEE, RETIREE):
        raise Refus(
            "candidature_existante",
            f"La structure {commande.structure} est déjà à l'état « {dossier.etat} ».",
            remede="Choisir un autre identifiant, ou corriger la candidature (CorrigerStructure).",
            details={"etat": dossier.etat},
        )
    return CandidatureDéposée(
        **base(commande, version),
        structure=commande.structure,
        porteur=commande.porteur,
        code_postal=commande.code_postal,
        ville=commande.ville,
        territoire=commande.territoire,
        numerique=commande.numerique,
        montant_demande_centimes=commande.montant_demande_centimes,
        siret=commande.siret,
        rna=commande.rna,
        vague=commande.vague,
    )


def corriger_structure(etat: Programme, commande: CorrigerStructure) -> StructureCorrigée:
    """Decide a correction. Territory and digital flag are settled by the label."""
    _, version = etat.regles_au(commande.date_effet)
    du_label = commande.territoire is not None or commande.numerique is not None
    dossier = exiger_dossier(etat, commande, *((DEPOSEE,) if du_label else ()))
    exiger_date(commande, dossier.depot, "le dépôt de la candidature")
    return StructureCorrigée(
        **base(commande, version),
        structure=commande.structure,
        motif=commande.motif,
        **{champ: getattr(commande, champ) for champ in CORRIGEABLES},
    )


def instruire_candidature(etat: Programme, commande: InstruireCandidature) -> CandidatureInstruite:
    """Decide the record of a study."""
    version = _sur_candidature(etat, commande)
    return CandidatureInstruite(
        **base(commande, version),
        structure=commande.structure,
        criteres=dict(commande.criteres),
        roles=commande.roles,
        montant_propose_centimes=commande.montant_propose_centimes,
        note=commande.note,
    )


def rendre_avis(etat: Programme, commande: RendreAvis) -> AvisRendu:
    """Decide the record of an opinion."""
    version = _sur_candidature(etat, commande)
    return AvisRendu(
        **base(commande, version),
        structure=commande.structure,
        avis=commande.avis,
        instance=commande.instance,
    )


def rejeter_candidature(etat: Programme, commande: RejeterCandidature) -> CandidatureRejetée:
    """Decide a rejection."""
    version = _sur_candidature(etat, commande)
    return CandidatureRejetée(
        **base(commande, version), structure=commande.structure, motif=commande.motif
    )


def retirer_candidature(etat: Programme, commande: RetirerCandidature) -> CandidatureRetirée:
    """Decide a withdrawal of the application."""
    version = _sur_candidature(etat, commande)
    return CandidatureRetirée(
        **base(commande, version), structure=commande.structure, motif=commande.motif
    )


def _sur_candidature(etat: Programme, commande: CommandeDeStructure) -> int:
    """Refusals: `structure_inconnue`, `etat_incompatible`, `date_incoherente`."""
    dossier = exiger_dossier(etat, commande, DEPOSEE)
    exiger_date(commande, dossier.depot, "le dépôt de la candidature")
    return etat.regles_au(commande.date_effet)[1]
