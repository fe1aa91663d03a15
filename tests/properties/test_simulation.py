"""Simuler et prévoir, sur des histoires tirées : rien d'écrit, rien d'inventé, tout somme."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from commands import GrandLivre
from commands.hypotheses import HypotheseSansObjetError
from commands.scenario import ScenarioUnreadableError, lire_scenario
from commands.schemas import schema_scenario
from commands.simulation import Resultat, simuler
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal, MemoryStore, UsageError
from ledger.audit import verifier
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import regarder
from projections.enveloppe import enveloppe
from projections.prevision import Prevision, prevision
from projections.simulation import cote_a_cote, tables
from projections.situation import Vue
from tests.properties.outils import octets, reglages
from tests.properties.test_schemas import COMPLETES

JOURS = st.dates(JOUR_MIN, JOUR_MAX)
DATES = st.none() | JOURS
_JOURS = JOURS.map(date.isoformat)
_LABELS: dict[str, Any] = {
    "montant_centimes": st.sampled_from((1, 5_000_000, 7_500_000, 15_000_000, 10**9)),
    "date_effet": _JOURS,
    "territoire": st.sampled_from(("qpv", "hors_qpv")),
    "intervalle_jours": st.integers(0, 366),
}
_PARTS: dict[str, Any] = {
    "exercice": st.just(2021),
    "part_dix_milliemes": st.integers(1, 10_000),
    "date_effet": _JOURS,
}
CREDITS = {
    "commande": "OuvrirCrédits",
    "date_effet": "2021-01-01",
    "exercice": 2021,
    "ae_centimes": 30_000_001,
    "cp_centimes": 12_345_679,
    "nature": "lfi",
    "source": "Essai",
}
HYPOTHESES = st.one_of(
    st.fixed_dictionaries(
        {"hypothese": st.just("labelliser"), "nombre": st.integers(1, 4), **_LABELS}
    ),
    st.fixed_dictionaries(
        {
            "hypothese": st.just("labelliser_jusqu_au_refus"),
            "maximum": st.integers(1, 5),
            **_LABELS,
        }
    ),
    st.fixed_dictionaries({"hypothese": st.just("geler_credits"), **_PARTS}),
    st.fixed_dictionaries({"hypothese": st.just("annuler_cp"), **_PARTS}),
    st.fixed_dictionaries(
        {
            "hypothese": st.just("verser_echeances"),
            "jusqu_au": st.just("2030-12-31"),
            "bilans_acceptes": st.booleans(),
        }
    ),
)


def en_octets(valeur: Any) -> bytes:
    """The bytes of a figure, as the command line prints them."""
    return msgspec.json.encode(valeur)


def vue(store: Any, *, au: date | None = None) -> Vue:
    """The view of the programme."""
    return regarder(Journal(store, PROGRAMME), au=au)


def jouer(
    histoire: Histoire, hypotheses: list[dict[str, Any]], *, position: int | None = None
) -> Resultat | None:
    """Play hypotheses on the history; None when one of them has no object."""
    scenario = "".join(f"{json.dumps(h)}\n" for h in hypotheses).encode()
    connu = regarder(Journal(histoire.store, PROGRAMME), connu_au=position)
    jour = connu.situation.derniere_date
    if jour is None:
        return None
    etapes = lire_scenario(scenario, PROGRAMME)
    try:
        return simuler(histoire.store, PROGRAMME, etapes, jour=jour, position=position)
    except HypotheseSansObjetError:
        return None


@reglages(25)
@given(histoire=histoires(), au=DATES, data=st.data())
def test_sans_hypothese_le_simule_est_le_reel(
    histoire: Histoire, au: date | None, data: st.DataObject
) -> None:
    """Sans hypothèse, depuis toute position et à toute date, chaque table a les mêmes octets."""
    position = data.draw(st.integers(1, len(histoire.faits)))
    resultat = jouer(histoire, [], position=position)
    assert resultat is not None
    reel = regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=position)
    simule = vue(resultat.fourche, au=au)
    assert en_octets(tables(simule)) == en_octets(tables(reel))
    assert simule.racine == reel.racine
    lignes = cote_a_cote(tables(reel), tables(simule))
    assert {ligne.difference_centimes for ligne in lignes} == {0}


@reglages(40)
@given(histoire=histoires(maximum=25), hypotheses=st.lists(HYPOTHESES, min_size=1, max_size=3))
def test_ce_qui_est_simule_est_ce_qui_arriverait(
    histoire: Histoire, hypotheses: list[dict[str, Any]]
) -> None:
    """Rien n'est écrit par la simulation ; exécuter pour de bon ses commandes donne ses tables."""
    avant = octets(histoire.store)
    resultat = jouer(histoire, [CREDITS, *hypotheses])
    assert octets(histoire.store) == avant
    if resultat is None:
        return
    assert verifier(resultat.fourche, PROGRAMME).constats == ()
    reel = vue(histoire.store)
    vraie = MemoryStore(histoire.store)
    livre = GrandLivre(vraie, clock=histoire.horloge)
    assert {livre.executer(c).statut for c in resultat.commandes} <= {"acceptee"}
    simulees = tables(vue(resultat.fourche))
    assert en_octets(tables(vue(vraie))) == en_octets(simulees)
    sommes = {e.cellule: e for e in cote_a_cote(tables(reel), simulees)}
    assert sommes["enveloppe.disponible"].difference_centimes == (
        enveloppe(vue(vraie)).disponible_centimes - enveloppe(reel).disponible_centimes
    )


@reglages(60)
@given(histoire=histoires(), au=DATES, data=st.data())
def test_le_ferme_est_le_reste_a_payer(
    histoire: Histoire, au: date | None, data: st.DataObject
) -> None:
    """À toute date et toute position, le ferme par exercice ou par mois somme au reste à payer."""
    position = data.draw(st.integers(1, len(histoire.faits)))
    lue = regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=position)
    try:
        figure = prevision(lue)
    except UsageError:
        assert lue.situation.regles is None
        return
    attendu = enveloppe(lue).reste_a_payer_centimes
    assert sum(e.ferme_centimes for e in figure.exercices) == attendu
    assert _par_mois(figure) == attendu
    assert sum(e.suppose_centimes for e in figure.exercices) == figure.suppose_centimes
    assert sum(m.suppose_centimes for m in figure.mois) == figure.suppose_centimes
    if au is None or au >= max(f.date_effet for f in histoire.faits[:position]):
        assert figure.hors_echeancier_centimes == 0
    cout = figure.rythme.cout_moyen_centimes or 0
    assert figure.labels_supposes * cout <= max(enveloppe(lue).disponible_centimes, 0)


def _par_mois(figure: Prevision) -> int:
    return (
        figure.exigible_tranches_centimes
        + figure.exigible_bonus_centimes
        + figure.hors_echeancier_centimes
        + sum(m.ferme_centimes for m in figure.mois)
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda sous: (
        st.lists(sous, max_size=2) | st.dictionaries(st.text(max_size=5), sous, max_size=2)
    ),
    max_leaves=4,
)


@reglages(60)
@given(
    bons=st.lists(HYPOTHESES, max_size=2),
    faux=st.dictionaries(
        st.sampled_from((*_LABELS, *_PARTS, "hypothese", "nombre", "commande", "jusqu_au")),
        _JSON | st.sampled_from((10**9, -1, 1.5, "labelliser", "verser_echeances")),
        max_size=4,
    ),
    brut=st.binary(max_size=40),
)
def test_tout_scenario_se_lit_ou_se_refuse_en_nommant_sa_ligne(
    bons: list[dict[str, Any]], faux: dict[str, Any], brut: bytes
) -> None:
    """Des octets quelconques sont lus, ou refusés par une phrase qui nomme la ligne."""
    lignes = [json.dumps(h).encode() for h in bons]
    for mauvais in (json.dumps(faux).encode(), brut.replace(b"\n", b" ")):
        lu = _lire(b"\n".join([*lignes, mauvais]))
        if isinstance(lu, str):
            assert f"ligne {len(bons) + 1} :" in lu
        else:
            assert lu - len(bons) in (0, 1)


@cache
def juge_de_scenario() -> Any:
    """The validator of one line of a scenario."""
    return Draft202012Validator(
        schema_scenario(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


@reglages(60)
@given(
    bonne=HYPOTHESES,
    faux=st.dictionaries(
        st.sampled_from((*_LABELS, *_PARTS, "hypothese", "nombre", "jusqu_au", "autre")),
        _JSON | st.sampled_from((10**9, -1, 0, 1.5, "labelliser", "2021-02-30", "2021-02-28")),
        max_size=2,
    ),
)
def test_ce_que_le_schema_d_un_scenario_refuse_est_refuse(
    bonne: dict[str, Any], faux: dict[str, Any]
) -> None:
    """Une hypothèse lue suit le schéma publié ; abîmée, ce que le schéma refuse ne se lit pas."""
    assert juge_de_scenario().is_valid(bonne)
    abimee = {**bonne, **faux}
    if not juge_de_scenario().is_valid(abimee):
        assert isinstance(_lire(json.dumps(abimee).encode()), str)


@pytest.mark.parametrize("commande", COMPLETES, ids=lambda c: c["commande"])
def test_une_commande_de_scenario_peut_taire_ce_qui_est_rempli(commande: dict[str, Any]) -> None:
    """Sans programme, acteur ni id, une commande suit le schéma d'un scenario, et s'y lit."""
    nue = {
        nom: v for nom, v in commande.items() if nom not in ("programme", "acteur", "id_commande")
    }
    for ecrite in (commande, nue, {**nue, "acteur": None}):
        assert juge_de_scenario().is_valid(ecrite)
        assert _lire(json.dumps(ecrite).encode()) == 1
    assert not juge_de_scenario().is_valid({**nue, "hypothese": "labelliser"})


def _lire(octets_lus: bytes) -> int | str:
    """How many steps, or why it does not read."""
    try:
        return len(lire_scenario(octets_lus, PROGRAMME))
    except ScenarioUnreadableError as erreur:
        return erreur.message
