"""The grants as a 360Giving 1.4 data package (JSON), commitments and payments apart.

Every grant ever given is there, withdrawn ones too: its commitment transactions add up to
`amountAwarded`, its disbursement transactions to `amountDisbursed`. Amounts are JSON numbers with
two decimals, never floats. Position and root are in the `identifier` and the `description`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec.json import Encoder

from ledger import Journal
from ledger.erreurs import UsageError
from ledger.evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    FaitDeStructure,
    LabelRetiré,
    TrancheVersée,
    VersementAnnulé,
)
from ledger.montants import format_euros

from ..situation import Vue
from .attributions import Attribution, attribuant_connu, attributions, engagement
from .commun import DEVISE, en_tete, identite

VERSION_360 = "1.4"
_SIREN = 9
_encoder = Encoder(decimal_format="number").encode
_Transaction = tuple[str, FaitDeStructure, int, str]
"""Identifier, fact, signed cents, what it is."""


def ecrire_360giving(
    journal: Journal,
    vue: Vue,
    *,
    nom_attribuant: str = "",
    siret_attribuant: str = "",
    prefixe: str = "",
) -> Iterator[str]:
    """The package, one grant a line. `prefixe` is the publisher's own (`360G-...`).

    Raises: UsageError when there is no grant (the standard asks for one) or no known authority, or
    when the one stated is not the recorded one; ChainBrokenError; StoreError.
    """
    lues = attributions(vue)
    nom, siret = attribuant_connu(lues, nom_attribuant, siret_attribuant)
    if not lues.lignes:
        raise UsageError(
            f"Aucune subvention dans {vue.programme} à ces dates : 360Giving en demande une.",
            remede="Vérifier --au et --connu-au.",
        )
    if not nom:
        raise UsageError(
            f"Le journal {vue.programme} ne dit pas qui attribue, 360Giving le demande.",
            remede="Le déclarer : --attribuant NOM, et --siret-attribuant.",
        )
    prefixe = prefixe or f"360G-{vue.programme}"
    attribuant = {"id": _organisation(siret, f"{prefixe}-attribuant"), "name": nom}
    source = identite(journal, vue)
    entete = {
        "version": VERSION_360,
        "identifier": f"{source.origine}/{source.position}",
        "title": f"{vue.situation.intitule}, position {vue.situation.position}",
        "description": " ; ".join(en_tete(source)),
        "publisher": {"name": nom, "identifier": attribuant["id"]},
    }
    yield f'{_json(entete)[:-1]},"grants":[\n'
    for rang, a in enumerate(lues.lignes):
        yield f"{',' if rang else ''}{_json(_subvention(a, vue, attribuant, prefixe))}\n"
    yield "]}\n"


def _subvention(
    a: Attribution, vue: Vue, attribuant: dict[str, str], prefixe: str
) -> dict[str, Any]:
    fiche, identifiant = a.fiche, f"{prefixe}-{a.fiche.structure}"
    beneficiaire = {
        "id": _organisation(fiche.siret or "", f"{prefixe}-org-{fiche.structure}"),
        "name": fiche.porteur,
        "addressLocality": fiche.ville,
        "addressCountry": "France",
        "postalCode": fiche.code_postal,
    }
    subvention: dict[str, Any] = {
        "id": identifiant,
        "title": f"{vue.situation.intitule} : {fiche.porteur}",
        "description": _description(a),
        "currency": DEVISE,
        "amountAwarded": _euros(a.montant),
        "amountDisbursed": _euros(fiche.paye),
        "awardDate": None if fiche.label_date is None else fiche.label_date.isoformat(),
        "plannedDates": [],
        "recipientOrganization": [beneficiaire],
        "fundingOrganization": [attribuant],
        "grantProgramme": [{"code": vue.programme, "title": vue.situation.intitule}],
        "commitmentTransaction": _transactions(_engagements(a), identifiant),
        "disbursementTransaction": _transactions(_paiements(a), identifiant),
        "dateModified": max(fait.enregistre_le for _, fait in a.faits),
    }
    if fiche.tranches:
        debut, fin = fiche.tranches[0].echeance, fiche.tranches[-1].echeance
        if fiche.retrait_date is not None:  # nothing is planned after a withdrawal
            fin = min(fin, fiche.retrait_date)
        prevu = {"title": "Échéancier", "startDate": debut.isoformat(), "endDate": fin.isoformat()}
        subvention["plannedDates"] = [prevu] if debut <= fin else []
    return subvention


def _description(a: Attribution) -> str:
    """What has no member of its own: agreement, bonus, RNA, withdrawal, recoveries."""
    fiche, phrases = a.fiche, []
    if a.convention is not None:
        phrases.append(f"Convention {a.convention.reference} du {a.convention.date_effet}.")
    if fiche.rna is not None:
        phrases.append(f"RNA du bénéficiaire : {fiche.rna}.")
    if fiche.bonus:
        phrases.append(f"Dont bonus numérique : {format_euros(fiche.bonus)}.")
    if fiche.retrait_date is not None:
        phrases.append(f"Label retiré le {fiche.retrait_date}.")
    if fiche.encaisse:
        phrases.append(f"Reversements encaissés : {format_euros(fiche.encaisse)}.")
    return " ".join(phrases) or "Sans convention enregistrée."


def _engagements(a: Attribution) -> Iterator[_Transaction]:
    for position, fait in a.faits:
        centimes = engagement(fait)
        if isinstance(fait, AvenantSigné | LabelRetiré | VersementAnnulé):
            centimes -= sum(r.montant_centimes for r in fait.retraits)
        match fait:
            case AvenantSigné():
                quoi = "Avenant"
            case BonusNumériqueAccordé():
                quoi = "Bonus numérique"
            case LabelRetiré():
                quoi = "Retrait du label"
            case VersementAnnulé():
                quoi = "Désengagement après l'annulation d'un versement"
            case _:
                quoi = "Subvention"
        if centimes:
            yield f"engagement-{position}", fait, centimes, quoi


def _paiements(a: Attribution) -> Iterator[_Transaction]:
    for position, fait in a.faits:
        identifiant = f"paiement-{position}"
        match fait:
            case TrancheVersée():
                quoi = f"Tranche {fait.rang}, {fait.reference}"
                yield identifiant, fait, fait.montant_centimes, quoi
            case BonusNumériqueVersé():
                quoi = f"Bonus numérique, {fait.reference}"
                yield identifiant, fait, fait.montant_centimes, quoi
            case VersementAnnulé():
                quoi = f"Annulation du versement de la position {fait.position}"
                yield identifiant, fait, -fait.montant_centimes, quoi
            case _:
                continue


def _transactions(lues: Iterator[_Transaction], identifiant: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{identifiant}-{suffixe}",
            "transactionDate": fait.date_effet.isoformat(),
            "currency": DEVISE,
            "value": _euros(centimes),
            "description": quoi,
            "dateModified": fait.enregistre_le,
        }
        for suffixe, fait, centimes, quoi in lues
    ]


def _organisation(siret: str, sinon: str) -> str:
    """The identifier of a legal person: its SIREN, else one of the publisher.

    The public register of lists (org-id.guide) has one list of SIREN, FR-RCS: FR-INSEE, which
    named the same numbers, is deprecated in its favour.
    """
    return f"FR-RCS-{siret[:_SIREN]}" if siret else sinon


def _euros(centimes: int) -> Decimal:
    return Decimal(centimes).scaleb(-2)


def _json(valeur: Any) -> str:
    return _encoder(valeur).decode("utf-8")
