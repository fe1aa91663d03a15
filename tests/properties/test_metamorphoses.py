"""Ce qui ne doit rien changer, et ce qui doit changer d'autant : métamorphoses d'une histoire."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands import GrandLivre
from commands.testing.histoires import Histoire, histoires
from ledger import MemoryStore
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import Json
from projections.testing.chiffres import chiffres
from tests.properties.outils import octets, reglages

EXEMPLES = 30
PARTAGES = {
    "credits_insuffisants",
    "dp_deja_rapprochee",
    "enveloppe_depassee",
    "enveloppe_insuffisante",
    "quota_atteint",
}
"""The refusals of a ceiling that all structures share."""
PARTS = 12
"""A multiple of every number of equal parts that a schedule may have (1 to 4)."""
ANS = 4
"""A shift by which 29 February stays a day."""
Statuts = list[tuple[str, str | None]]


def _jouer(commandes: Sequence[Json]) -> tuple[Statuts, MemoryStore]:
    """Statuses of the commands sent one by one, and the base that they make."""
    store = MemoryStore()
    livre = GrandLivre(store, clock=Horloge())
    recus = [livre.executer(commande) for commande in commandes]
    return [(r.statut, r.refus.code if r.refus else None) for r in recus], store


def _acceptees(histoire: Histoire) -> list[Json]:
    """The accepted commands, up to a restart: it names sizes, which a metamorphosis moves."""
    suite: list[Json] = []
    for commande in histoire.acceptees:
        if commande["commande"] == "ReprendreJournal":
            break
        suite.append(commande)
    return suite


SUR_UN_VERSEMENT = ("AnnulerVersement", "RapprocherVersement")
"""The commands that name a payment by its position."""


def _replacer(commandes: Sequence[Json], place: Callable[[int], int]) -> list[Json]:
    """The commands, positions of the payments they name followed where they went."""
    return [
        c | {"position": place(c["position"])} if c["commande"] in SUR_UN_VERSEMENT else c
        for c in commandes
    ]


def _figures(store: MemoryStore) -> Json:
    """The figures without their positions, which a metamorphosis moves."""
    lues = chiffres(store)
    del lues["enveloppe"]["position"]
    for plan in lues["echeanciers"].values():
        del plan["evenements"]
    return lues


def _transformer(valeur: Any, changer: Callable[[str, Any], Any], cle: str = "") -> Any:
    """JSON data, each leaf changed with the name of its member."""
    if isinstance(valeur, dict):
        return {k: _transformer(v, changer, k) for k, v in valeur.items()}
    if isinstance(valeur, list):
        return [_transformer(v, changer, cle) for v in valeur]
    return changer(cle, valeur)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_le_decoupage_en_lots_atomiques_ne_change_rien(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Des commandes acceptées une à une le sont par lots atomiques quelconques, mêmes octets."""
    store, reste = MemoryStore(), histoire.acceptees
    livre = GrandLivre(store, clock=Horloge())
    while reste:
        taille = data.draw(st.integers(1, len(reste)))
        recus = livre.executer_lot(reste[:taille], atomique=True)
        assert {r.statut for r in recus} == {"acceptee"}
        reste = reste[taille:]
    assert octets(store) == octets(histoire.store)


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_les_commandes_refusees_ne_laissent_rien(histoire: Histoire) -> None:
    """Sans ses commandes refusées, une histoire écrit les mêmes octets."""
    statuts, store = _jouer(histoire.acceptees)
    assert set(statuts) == {("acceptee", None)}
    assert octets(store) == octets(histoire.store)


def _entrelacer(data: st.DataObject, suite: Sequence[Json]) -> list[int]:
    """An order of the commands: each structure keeps its own, the programme's stay in place."""
    ordre: list[int] = []
    for du_programme, groupe in groupby(range(len(suite)), lambda k: "structure" not in suite[k]):
        rangs = [*groupe]
        if not du_programme:
            files: dict[str, list[int]] = {}
            for k in rangs:
                files.setdefault(suite[k]["structure"], []).append(k)
            tours = data.draw(st.permutations([suite[k]["structure"] for k in rangs]))
            rangs = [files[nom].pop(0) for nom in tours]
        ordre += rangs
    return ordre


@reglages(2 * EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_les_structures_s_entrelacent_a_volonte(histoire: Histoire, data: st.DataObject) -> None:
    """Les commandes de structures différentes commutent, tant qu'aucun plafond commun ne joue.

    Entrelacées autrement, elles donnent les mêmes chiffres ; ou l'une est refusée pour un plafond
    commun.
    """
    suite = _acceptees(histoire)
    ordre = _entrelacer(data, suite)
    nouvelles = {ancienne + 1: rang for rang, ancienne in enumerate(ordre, 1)}

    def place(position: int) -> int:
        return nouvelles.get(position, position)

    _, droit = _jouer(suite)
    statuts, store = _jouer(_replacer([suite[k] for k in ordre], place))
    refus = next((code for _, code in statuts if code is not None), None)
    if refus is None:
        assert _figures(store) == _figures(droit)
        plans = chiffres(droit)["echeanciers"]
        for nom, plan in chiffres(store)["echeanciers"].items():
            assert plan["evenements"] == [*map(place, plans[nom]["evenements"])]
    else:
        assert refus in PARTAGES


@reglages(EXEMPLES)
@given(histoire=histoires(), facteur=st.integers(2, 1_000))
def test_multiplier_les_montants_multiplie_les_chiffres(histoire: Histoire, facteur: int) -> None:
    """Tous les montants et les règles fois k : mêmes réponses, chiffres fois k, mêmes taux.

    Les montants de départ se partagent sans reste, comme le voudrait un échéancier par défaut.
    """

    def fois(n: int) -> Callable[[str, Any], Any]:
        def changer(cle: str, valeur: Any) -> Any:
            return valeur * n if cle.endswith("_centimes") and type(valeur) is int else valeur

        return changer

    suite = [_transformer(c, fois(PARTS)) for c in histoire.commandes]
    statuts, store = _jouer(suite)
    grands_statuts, grand = _jouer([_transformer(c, fois(facteur)) for c in suite])
    assert grands_statuts == statuts
    assert chiffres(grand) == _transformer(chiffres(store), fois(facteur))


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_renommer_les_structures_ne_change_que_les_noms(histoire: Histoire) -> None:
    """Des structures renommées, dans un autre ordre, gardent chacune leurs chiffres."""
    noms = {"s1": "z-9", "s2": "m-5", "s3": "a-0", "inconnue": "nulle"}
    envers = {apres: avant for avant, apres in noms.items()}
    renommees = [
        c | {"structure": noms[c["structure"]]} if "structure" in c else c
        for c in histoire.commandes
    ]
    statuts, store = _jouer(renommees)
    recus = [(r.statut, r.refus.code if r.refus else None) for r in histoire.recus]
    assert statuts == recus
    lues = chiffres(store)
    lues["structures"] = sorted(
        (s | {"structure": envers[s["structure"]]} for s in lues["structures"]),
        key=lambda s: str(s["structure"]),
    )
    lues["echeanciers"] = {
        envers[nom]: plan | {"structure": envers[nom]} for nom, plan in lues["echeanciers"].items()
    }
    assert lues == chiffres(histoire.store)


@reglages(2 * EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_payer_en_deux_fois_revient_au_meme(histoire: Histoire, data: st.DataObject) -> None:
    """Un versement coupé en deux, le même jour, laisse tous les chiffres tels quels."""
    suite = _acceptees(histoire)
    nommes = {c["position"] for c in suite if c["commande"] in SUR_UN_VERSEMENT}
    rangs = [
        k
        for k, c in enumerate(suite)
        if c["commande"] in ("VerserTranche", "VerserBonus")
        and c["montant_centimes"] > 1
        and k + 1 not in nommes
    ]
    if not rangs:
        return
    k = data.draw(st.sampled_from(rangs))
    part = data.draw(st.integers(1, suite[k]["montant_centimes"] - 1))
    premier = suite[k] | {"id_commande": "coupe", "montant_centimes": part}
    second = suite[k] | {"montant_centimes": suite[k]["montant_centimes"] - part}
    fin = _replacer(suite[k + 1 :], lambda position: position + (position > k))
    _, droit = _jouer(suite)
    statuts, store = _jouer([*suite[:k], premier, second, *fin])
    assert set(statuts) == {("acceptee", None)}
    assert _figures(store) == _figures(droit)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_un_fait_sans_argent_ne_deplace_aucun_chiffre(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Une convention de plus, où que ce soit, ne change ni un chiffre ni une réponse."""
    suite = _acceptees(histoire)
    places = [k for k, c in enumerate(suite) if c["commande"] == "LabelliserFabrique"]
    if not places:
        return
    label = data.draw(st.sampled_from(places))
    k = data.draw(st.integers(label + 1, len(suite)))
    commun = {m: suite[label][m] for m in ("programme", "acteur", "date_effet", "structure")}
    neuve = commun | {"commande": "SignerConvention", "id_commande": "neuve", "reference": "n"}
    _, droit = _jouer(suite)
    inscrite = _jouer([*suite[:k], neuve])[0][-1][0] == "acceptee"
    fin = _replacer(suite[k:], lambda position: position + (inscrite and position > k))
    statuts, store = _jouer([*suite[:k], neuve, *fin])
    assert {statut for rang, statut in enumerate(statuts) if rang != k} == {("acceptee", None)}
    assert _figures(store) == _figures(droit)


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_decaler_les_annees_decale_les_exercices(histoire: Histoire) -> None:
    """Toutes les dates et tous les exercices quatre ans plus tard : chiffres décalés d'autant."""

    def plus_tard(cle: str, valeur: Any) -> Any:
        if cle in ("exercice", "exercice_bonus", "exercice_dp") and type(valeur) is int:
            return valeur + ANS
        if cle in ("date_effet", "echeance") and isinstance(valeur, str):
            return f"{int(valeur[:4]) + ANS}{valeur[4:]}"
        return valeur

    statuts, store = _jouer([_transformer(c, plus_tard) for c in histoire.commandes])
    recus = [(r.statut, r.refus.code if r.refus else None) for r in histoire.recus]
    assert statuts == recus
    attendus = _transformer(chiffres(histoire.store), plus_tard)
    assert json.dumps(chiffres(store), sort_keys=True) == json.dumps(attendus, sort_keys=True)
