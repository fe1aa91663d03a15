"""Les versements du livre : ce qui les reconnaît, trié, et rien de ce que la vue ne compte pas."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger import Acteur, Fait
from ledger.evenements import (
    BonusNumériqueVersé,
    CandidatureDéposée,
    ConventionSignée,
    OrdreUtilise,
    StructureCorrigée,
    TrancheOrdonnancée,
    TrancheVersée,
    VersementAnnulé,
    VersementRapproché,
)
from projections.rapprochement.livre import versements
from tests.unit.projections.test_rapprochement import paye


def fait(classe: type[Fait], **membres: Any) -> Fait:
    """A fact of s1 on 1 March 2020."""
    communs: dict[str, Any] = {
        "date_effet": date(2020, 3, 1),
        "enregistre_le": "2020-03-01T00:00:00.000000Z",
        "acteur": Acteur("alice", "comptable"),
        "id_commande": "c",
        "empreinte_commande": "0" * 64,
        "regles_version": 1,
        "precedent": None,
        "structure": "s1",
    }
    return classe(**communs | membres)


def tranche(**membres: Any) -> Fait:
    """A payment of 50 000 EUR to s1."""
    communs = {"rang": 1, "montant_centimes": 5_000_000, "reference": "V-1"}
    annees = {"exercice": 2020, "exercice_prevu": 2020, "imputations": ()}
    return fait(TrancheVersée, **communs | annees | membres)


def annule(position: int) -> Fait:
    """The cancellation of a payment."""
    annees = {"exercice": 2020, "exercice_prevu": 2020, "imputations": ()}
    quoi = {"motif": "erreur", "nature": "subvention", "rang": 1, "montant_centimes": 5_000_000}
    return fait(VersementAnnulé, position=position, regularisation=False, **quoi | annees)


def test_numeros_et_ej_sont_tries_sans_doublon() -> None:
    """Huit ordres et huit EJ, dans le désordre : les numéros et les EJ du versement sont triés."""
    rangs = (5, 3, 8, 2, 7, 4, 6, 9)
    ordres = [fait(TrancheOrdonnancée, rang=1, montant_centimes=1, dp=f"DP-{r}") for r in rangs]
    signes = [fait(ConventionSignée, reference="C", ej=f"EJ-{r}") for r in (*rangs, 2)]
    faits: list[Fait] = [*ordres, *signes, fait(ConventionSignée, reference="C")]
    utilises = tuple(OrdreUtilise(p, 1) for p in range(1, 9))
    tous = (*faits, tranche(reference="DP-5", ordres=utilises))
    demandes = tuple(f"DP-{r}" for r in sorted(rangs))
    assert versements(enumerate(tous, start=1)) == (
        paye(
            len(tous),
            reference="DP-5",
            numeros=demandes,
            demandes=demandes,
            ejs=tuple(f"EJ-{r}" for r in sorted(rangs)),
        ),
    )


def test_ce_que_la_vue_ne_compte_pas_ne_reconnait_rien() -> None:
    """Un ordre, un versement annulé ou confirmé hors de la vue : ignorés, sans erreur."""
    champs = {"porteur": "P", "code_postal": "21000", "ville": "V", "territoire": "qpv"}
    faits = [
        (2, fait(CandidatureDéposée, numerique=False, **champs)),
        (6, tranche(ordres=(OrdreUtilise(5, 5_000_000),))),
        (7, annule(4)),
        (8, fait(VersementRapproché, position=4, dp="D", exercice_dp=2020)),
        (9, fait(StructureCorrigée, motif="Nom", porteur="Q")),
    ]
    assert versements(faits) == (paye(6),)


def test_un_bonus_est_annule_et_confirme_comme_une_tranche() -> None:
    """Le bonus a son rang ; son annulation et sa confirmation sont les siennes."""
    bonus = {"montant_centimes": 5_000_000, "reference": "V-1", "exercice": 2020}
    faits = [
        (6, fait(BonusNumériqueVersé, engagement=2020, **bonus)),
        (7, tranche()),
        (8, annule(6)),
        (9, fait(VersementRapproché, position=7, dp="D", exercice_dp=2021)),
    ]
    assert versements(faits) == (
        paye(6, rang=0, annulation=8),
        paye(7, rapproche=("D", 2021)),
    )
