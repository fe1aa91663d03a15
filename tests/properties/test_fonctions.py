"""Qui a ordonné, qui a payé : chaque centime une fois, sur des histoires tirées."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal
from ledger.audit import verifier
from ledger.evenements import BonusNumériqueVersé, TrancheVersée
from ledger.testing.regles import regles
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import enveloppe, fonctions, regarder
from tests.properties.outils import reglages
from tests.unit.ledger.audit.test_verifier import Etat, reecrire

CHAINE = (
    "DéposerCandidature",
    "LabelliserFabrique",
    "AccorderBonusNumérique",
    "OrdonnancerTranche",
    "VerserTranche",
    "VerserBonus",
    "AnnulerVersement",
    "SignerAvenant",
    "RetirerLabel",
)
exigees = histoires(
    verbes=CHAINE, reglements=regles().map(lambda r: r | {"ordonnancement_requis": True})
)

TOUT_DE_SUITE = (Phase.explicit, Phase.reuse, Phase.generate)
"""No shrinking: the failing history is printed as commands to paste, which a smaller one would
cost minutes to reach."""
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@reglages(25, phases=TOUT_DE_SUITE)
@given(histoire=st.one_of(histoires(), exigees), au=st.dates(JOUR_MIN, JOUR_MAX))
def test_chaque_centime_paye_est_dit_une_fois(histoire: Histoire, au: object) -> None:
    """À toute date, les lignes vivantes font le payé de l'enveloppe, et chaque versement entier."""
    for jour in (None, au):
        vue = regarder(Journal(histoire.store, PROGRAMME), au=jour)  # type: ignore[arg-type]
        if vue.situation.regles is None:
            continue
        figure = fonctions(vue)
        assert figure.paye_centimes == enveloppe(vue).paye_centimes
        sommes: Counter[int] = Counter()
        for ligne in figure.lignes:
            sommes[ligne.position] += ligne.montant_centimes
        assert sommes == {
            position: fait.montant_centimes
            for position, fait in vue.faits()
            if isinstance(fait, TrancheVersée | BonusNumériqueVersé)
        }


@reglages(25, phases=TOUT_DE_SUITE)
@given(histoire=st.one_of(histoires(), exigees))
def test_les_ordres_recalcules_sont_ceux_que_la_decision_a_inscrits(histoire: Histoire) -> None:
    """Sur une histoire honnête, l'ordre consommé recalculé est celui que porte le versement."""
    vue = regarder(Journal(histoire.store, PROGRAMME))
    inscrits = [
        (position, ordre.position, ordre.montant_centimes)
        for position, fait in histoire.positions()
        if isinstance(fait, TrancheVersée | BonusNumériqueVersé)
        for ordre in fait.ordres
    ]
    lignes = [ligne for ligne in fonctions(vue).lignes if ligne.ordre_position is not None]
    assert [(li.position, li.ordre_position, li.montant_centimes) for li in lignes] == inscrits


@reglages(25, phases=TOUT_DE_SUITE)
@given(histoire=exigees, data=st.data())
def test_tout_versement_reecrit_au_nom_de_son_ordonnateur_est_constate(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Quel que soit le versement réécrit au nom de qui l'a ordonné, l'audit le constate."""
    vue = regarder(Journal(histoire.store, PROGRAMME))
    lignes = [ligne for ligne in fonctions(vue).lignes if ligne.ordonnancement_requis]
    assert all(ligne.statut == "separes" for ligne in lignes)  # the handlers see to it
    if not lignes:
        return
    ligne = data.draw(st.sampled_from(lignes), label="versement")
    faux = {"id": ligne.ordonnateur, "role": "comptable"}

    def changer(etat: Etat) -> None:
        etat["acteur"] = faux

    reecrire(histoire.store, ligne.position, changer)
    constats = verifier(histoire.store, PROGRAMME).constats
    assert ("separation_des_fonctions", ligne.position) in [(c.code, c.position) for c in constats]
