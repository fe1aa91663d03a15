"""Un rapport se refait pour toujours, et rien de ce qu'on y change ne passe inaperçu."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from commands.testing.strategies import commandes
from ledger import Journal, UsageError
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import credits, regarder
from projections.matrice import matrice
from projections.rapport import FORMATS, ecrire, rapport, reproduire
from projections.situation import Vue
from tests.properties.outils import reglages

EXEMPLES = 20
DATES = st.none() | st.dates(JOUR_MIN, JOUR_MAX)


def _journal(histoire: Histoire) -> Journal:
    return Journal(histoire.store, PROGRAMME)


def _regarder(data: st.DataObject, histoire: Histoire) -> Vue:
    """The history at a random effect date, as known at a random position."""
    connu_au = data.draw(st.none() | st.integers(0, len(histoire.faits)))
    return regarder(_journal(histoire), au=data.draw(DATES), connu_au=connu_au)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_un_rapport_se_refait_meme_apres_d_autres_faits(
    histoire: Histoire, data: st.DataObject
) -> None:
    """À toute date et position, un rapport se refait, aussi quand le journal grandit."""
    vue = _regarder(data, histoire)
    ecrits = [ecrire(rapport(vue), forme) for forme in FORMATS]
    for octets in ecrits:
        assert reproduire(_journal(histoire), octets).statut == "identique"
    for _ in range(3):
        histoire.envoyer(data.draw(commandes(contexte=histoire.contexte())))
    for octets in ecrits:
        assert reproduire(_journal(histoire), octets).statut == "identique"


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_la_matrice_boucle_avec_les_credits(histoire: Histoire, data: st.DataObject) -> None:
    """À toute date, la matrice somme aux AE engagées, aux CP payés et régularisés, et au reste."""
    vue = _regarder(data, histoire)
    lignes, table = matrice(vue.faits()), credits(vue)
    payes: dict[int, int] = {}
    for ligne in lignes:
        for p in ligne.paiements:
            payes[p.exercice] = payes.get(p.exercice, 0) + p.montant_centimes
    attendus = {c.exercice: c.cp_payes_centimes + c.regularisations_centimes for c in table}
    engages = {c.exercice: c.ae_engagees_centimes for c in table if c.ae_engagees_centimes}
    reste = table[-1].rap_cloture_centimes if table else 0
    assert {an: c for an, c in payes.items() if c} == {an: c for an, c in attendus.items() if c}
    assert {li.engagement: li.engage_centimes for li in lignes if li.engage_centimes} == engages
    assert sum(ligne.reste_centimes for ligne in lignes) == reste


def _montants(valeur: Any, chemin: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every amount in cents of a report is."""
    suite = valeur.items() if isinstance(valeur, dict) else enumerate(valeur)
    for cle, element in suite:
        if isinstance(element, dict | list):
            yield from _montants(element, (*chemin, cle))
        elif str(cle).endswith("_centimes"):
            yield (*chemin, cle)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_tout_centime_altere_est_nomme(histoire: Histoire, data: st.DataObject) -> None:
    """Un centime ajouté à n'importe quel chiffre du rapport est nommé, avec les deux valeurs."""
    valeur = json.loads(ecrire(rapport(_regarder(data, histoire)), "json"))
    *chemin, membre = data.draw(st.sampled_from(list(_montants(valeur["figures"]))))
    objet = valeur["figures"]
    for cle in chemin:
        objet = objet[cle]
    vrai = objet[membre] or 0
    objet[membre] = vrai + 1
    trouve = reproduire(_journal(histoire), json.dumps(valeur).encode())
    (constat,) = trouve.constats
    assert (trouve.statut, constat.code, constat.chemin.rpartition(".")[2]) == (
        "divergent",
        "chiffre_divergent",
        membre,
    )
    assert (constat.rapporte, constat.recalcule or 0) == (vrai + 1, vrai)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_un_octet_retourne_n_est_jamais_identique(histoire: Histoire, data: st.DataObject) -> None:
    """Un octet changé, n'importe où dans un rapport, n'est jamais dit identique."""
    octets = bytearray(
        ecrire(rapport(_regarder(data, histoire)), data.draw(st.sampled_from(FORMATS)))
    )
    for _ in range(10):
        rang = data.draw(st.integers(0, len(octets) - 1))
        change = octets.copy()
        change[rang] ^= data.draw(st.integers(1, 255))
        try:
            statut = reproduire(_journal(histoire), bytes(change)).statut
        except UsageError:
            continue
        assert statut != "identique"
