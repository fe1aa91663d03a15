"""A payment as most are, seen right at once. Amounts in cents.

Payments of one cohort are the bulk of a long journal. What `transitions`, `attendus` and
`invariants` would each look at is asked here in one go; at the least doubt the answer is no, and
they go through it one check after the other. Only they say what is wrong.
"""

from __future__ import annotations

from ..evenements import TrancheVersée
from ..programme import LABELLISEE
from .attendus import ordres_attendus
from .rejeu import Rejeu


def paiement_ordinaire(etat: Rejeu, fait: TrancheVersée) -> bool:
    """Whether nothing can be said of the payment but on whole-programme sums.

    The sums of the structure must have been right before it.
    """
    dossier = etat.dossiers.get(fait.structure)
    label = None if dossier is None or dossier.etat != LABELLISEE else dossier.label
    if label is None or label.regles.ordonnancement_requis or etat.regles is None:
        return False
    jour, montant, rang, tranches = (
        fait.date_effet,
        fait.montant_centimes,
        fait.rang,
        label.tranches,
    )
    if len(label.cohortes) != 1 or len(fait.imputations) != 1 or rang > len(tranches):
        return False
    cohorte, imputation, tranche = label.cohortes[0], fait.imputations[0], tranches[rang - 1]
    for anterieure in range(rang - 1):
        if label.verse[anterieure] != tranches[anterieure].montant_centimes:
            return False
    return (
        cohorte.exercice <= fait.exercice <= jour.year
        and fait.exercice > etat.dernier_clos
        and jour >= label.date_effet
        and jour >= tranche.echeance
        and fait.regles_version == etat.regles.au(jour)[1]
        and fait.exercice_prevu == tranche.exercice
        and imputation.exercice == cohorte.exercice
        and imputation.montant_centimes == montant <= cohorte.montant_centimes
        and label.verse[rang - 1] + montant <= tranche.montant_centimes
        and fait.ordres == ordres_attendus(label, rang, montant)
    )
