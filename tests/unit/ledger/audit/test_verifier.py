"""`verifier`: silent on honest histories, and naming each kind of rewriting."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger import MemoryStore
from ledger.audit import CODES, verifier
from ledger.erreurs import UsageError
from ledger.preuve.canonique import json_canonique
from ledger.preuve.ligne import Lineur
from ledger.stockage.port import LigneBrute
from tests.unit.monde import Monde, P

Etat = dict[str, Any]


def histoire() -> Monde:
    """Two labels, a bonus, payments, an amendment, a withdrawal, a cancellation, closings."""
    monde = Monde(quota_numeriques=2, credits="indicatifs")
    monde.label()  # 2, 3
    monde.ok("AccorderBonusNumérique", "2020-02-03")  # 4
    monde.payer(1, "2020-03-01")  # 5
    monde.label("s2")  # 6, 7
    monde.payer(1, "2020-03-01", structure="s2")  # 8
    monde.cloturer(2019, 2020)  # 9, 10
    monde.ok("AnnulerVersement", "2021-02-01", position=5)  # 11 : régularisation
    monde.payer(1, "2021-03-01")  # 12
    monde.payer(2, "2021-03-02")  # 13
    monde.ok("RetirerLabel", "2021-04-01", structure="s2")  # 14
    monde.ok("DemanderReversement", "2021-05-01", structure="s2", montant_centimes=1_000_000)  # 15
    return monde


def magasin(monde: Monde) -> MemoryStore:
    """The store under a world, to be written in by hand."""
    store = monde.livre.store
    assert isinstance(store, MemoryStore)
    return store


def reecrire(store: MemoryStore, position: int, change: Callable[[Etat], None]) -> None:
    """Change a line by hand, then recompute every hash after it, as an administrator could."""
    lignes, lineur, precedent = store._lignes[P], Lineur(P), None
    for rang, ligne in enumerate(lignes):
        etat = json.loads(ligne.octets)
        if ligne.position == position:
            change(etat)
        etat["precedent"] = precedent
        lignes[rang] = LigneBrute(ligne.position, ligne.topic, json_canonique(etat))
        precedent = lineur.feuille(*lignes[rang]).hex()


def codes(store: MemoryStore) -> set[str]:
    """The finding codes of a verification."""
    trouves = {constat.code for constat in verifier(store, P).constats}
    assert trouves <= set(CODES)
    return trouves


def test_une_histoire_honnete_est_conforme() -> None:
    """Rien n'est constaté sur un journal que personne n'a touché, régularisation comprise."""
    rapport = verifier(histoire().livre.store, P)
    assert rapport.constats == ()
    assert rapport.en_json()["statut"] == "conforme"


def test_recalculer_les_empreintes_sans_rien_changer_reste_conforme() -> None:
    """Le témoin : l'outil de falsification, sans falsification, ne fait rien constater."""
    store = magasin(histoire())
    reecrire(store, 5, lambda etat: None)
    assert codes(store) == set()


def test_une_regularisation_suivie_de_tous_les_paiements_est_conforme() -> None:
    """Annuler après clôture puis tout payer : le payé cumulé tient compte de la régularisation."""
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.cloturer(2019, 2020)
    monde.ok("AnnulerVersement", "2021-02-01", position=4)
    for rang, jour in ((1, "2021-03-01"), (2, "2021-03-02"), (3, "2022-03-01")):
        monde.payer(rang, jour)
    assert codes(magasin(monde)) == set()


def test_des_octets_non_canoniques_se_constatent() -> None:
    """Le même fait écrit avec des espaces n'est pas la forme enregistrée, même rechaînée."""
    store = magasin(histoire())
    derniere = store._lignes[P][-1]
    espaces = json.dumps(json.loads(derniere.octets), ensure_ascii=False).encode()
    store._lignes[P][-1] = derniere._replace(octets=espaces)
    assert codes(store) == {"octets_non_canoniques"}


def test_une_ligne_changee_en_place_rompt_la_chaine() -> None:
    """Changer une ligne sans recalculer la suite rompt le lien de la ligne d'après."""
    store = magasin(histoire())
    ligne = store._lignes[P][4]
    octets = ligne.octets.replace(b"5000000", b"5000001")
    store._lignes[P][4] = LigneBrute(5, ligne.topic, octets)
    assert "chaine_rompue" in codes(store)


FALSIFICATIONS: list[tuple[str, int, Callable[[Etat], None], str]] = [
    (
        "retrait ramené à l'année de l'engagement",
        14,
        lambda e: e["retraits"][0].update(engagement=2021),
        "effet_faux",
    ),
    ("imputation sur une autre cohorte", 8, lambda e: e.update(imputations=[]), "effet_faux"),
    (
        "bonus sorti de l'enveloppe",
        4,
        lambda e: e.update(imputation="hors_enveloppe"),
        "effet_faux",
    ),
    ("montant du bonus", 4, lambda e: e.update(montant_centimes=1), "effet_faux"),
    ("exercice du label", 3, lambda e: e.update(exercice=2021), "effet_faux"),
    ("exercice prévu", 13, lambda e: e.update(exercice_prevu=2022), "effet_faux"),
    ("version des règles", 7, lambda e: e.update(regles_version=2), "effet_faux"),
    (
        "payé sur un exercice d'avant tout engagement",
        8,
        lambda e: e.update(exercice=2015),
        "invariant_paye",
    ),
    ("payé trop", 13, lambda e: e.update(montant_centimes=6_000_000), "invariant_paye"),
    ("payé trop tôt", 13, lambda e: e.update(date_effet="2021-02-01"), "invariant_versement"),
    ("exercice clos", 13, lambda e: e.update(exercice=2020), "exercice_clos_modifie"),
    ("reversement", 15, lambda e: e.update(montant_centimes=9_000_000), "invariant_reversement"),
    (
        "clôture rescellée",
        10,
        lambda e: e["totaux"].update(cp_payes_centimes=0),
        "cloture_divergente",
    ),
    (
        "heure qui recule",
        8,
        lambda e: e.update(enregistre_le="2019-01-01T00:00:00.000000Z"),
        "heure_invalide",
    ),
    (
        "heure impossible",
        8,
        lambda e: e.update(enregistre_le="2999-13-01T00:00:00.000000Z"),
        "heure_invalide",
    ),
    ("même identifiant", 8, lambda e: e.update(id_commande="c5"), "id_double"),
    ("texte bidirectionnel", 14, lambda e: e.update(motif="abc\u202edef"), "texte_interdit"),
    ("flottant", 8, lambda e: e.update(montant_centimes=5e6), "fait_illisible"),
    ("membre inconnu", 8, lambda e: e.update(autre=1), "fait_illisible"),
    ("territoire du label retiré", 14, lambda e: e.update(territoire="hors_qpv"), "effet_faux"),
    (
        "échéancier sous la subvention",
        7,
        lambda e: e.update(montant_centimes=14_000_000),
        "invariant_echeancier",
    ),
]


@pytest.mark.parametrize(
    ("position", "change", "code"),
    [cas[1:] for cas in FALSIFICATIONS],
    ids=[str(rang) for rang, _ in enumerate(FALSIFICATIONS)],
)
def test_une_falsification_aux_empreintes_recalculees_est_nommee(
    position: int, change: Callable[[Etat], None], code: str
) -> None:
    """Une ligne réécrite avec toutes ses empreintes contredit celles d'avant, et c'est dit."""
    store = magasin(histoire())
    reecrire(store, position, change)
    assert code in codes(store)


def test_une_position_sautee_un_type_inconnu_et_l_index_se_constatent() -> None:
    """Un trou, un type hors registre, un identifiant perdu ou en trop : chacun a son code."""
    store = magasin(histoire())
    del store._lignes[P][7]
    assert {"position_manquante", "chaine_rompue", "index_divergent"} <= codes(store)
    store = magasin(histoire())
    store._lignes[P][7] = store._lignes[P][7]._replace(topic="os:system")
    assert "type_inconnu" in codes(store)
    store = magasin(histoire())
    store._index[P].popitem()
    assert codes(store) == {"index_divergent"}


def test_un_journal_qui_ne_commence_pas_par_une_ouverture_est_constate() -> None:
    """Sans ouverture, l'histoire est impossible : constat, jamais une erreur."""
    store = magasin(histoire())
    lignes = store._lignes[P]
    lignes[0] = lignes[0]._replace(topic=lignes[1].topic, octets=lignes[1].octets)
    assert "histoire_impossible" in codes(store)


def test_verifier_un_programme_absent_est_une_erreur_d_usage() -> None:
    """Un programme absent n'est pas conforme : c'est une erreur d'usage."""
    with pytest.raises(UsageError):
        verifier(MemoryStore(), P)
