"""Scénario : l'exemple chiffré du programme, à l'échelle de cinq Fabriques."""

from __future__ import annotations

from commands.testing.mots import (
    bonus,
    candidature,
    labellisation,
    retrait,
    versement,
    versement_du_bonus,
)
from tests.scenarios.recit import recit as raconter

FABRIQUES = [f"lab0{n}" for n in range(1, 6)]
NUMERIQUES = FABRIQUES[:2]
ABANDON = FABRIQUES[-1]


def test_le_retrait_d_une_annee_ulterieure_ne_regarnit_pas_l_enveloppe() -> None:
    """Cinq labels, deux bonus, un abandon en 2021 : l'enveloppe garde son disponible de 2020."""
    recit = raconter()
    for fabrique in FABRIQUES:
        recit.etant_donne(
            candidature(fabrique, numerique=fabrique in NUMERIQUES),
            labellisation(fabrique, "03/02/2020"),
        )
    recit.etant_donne(*(bonus(fabrique, "03/02/2020") for fabrique in NUMERIQUES))
    recit.quand(*(versement(fabrique, "02/03/2020", 1) for fabrique in FABRIQUES))
    recit.quand(*(versement_du_bonus(fabrique, "02/03/2020") for fabrique in NUMERIQUES))
    recit.quand(retrait(ABANDON, "15/02/2021"))
    for rang, le in ((2, "02/03/2021"), (3, "02/03/2022")):
        recit.quand(*(versement(fabrique, le, rang) for fabrique in FABRIQUES[:-1]))
    recit.alors_l_enveloppe("31/12/2019", disponible="45 000 000,00 €")
    for annee in (2020, 2021, 2022):
        recit.alors_l_enveloppe(f"31/12/{annee}", disponible="44 050 000,00 €")
    recit.alors_l_exercice(2019, ae_engagees="200 000,00 €", rap_cloture="200 000,00 €")
    recit.alors_l_exercice(
        2020, ae_engagees="750 000,00 €", cp_payes="450 000,00 €", rap_cloture="500 000,00 €"
    )
    recit.alors_l_exercice(
        2021,
        cp_payes="200 000,00 €",
        retraits_anterieurs="100 000,00 €",
        rap_cloture="200 000,00 €",
    )
    recit.alors_l_exercice(2022, cp_payes="200 000,00 €", rap_cloture="0,00 €")
