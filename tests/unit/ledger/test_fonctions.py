"""Qui a ordonné, qui a payé : chaque centime payé, l'ordre qu'il consomme, et ce qu'on en dit."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from ledger import Fait, Journal
from ledger.evenements import Acteur, RèglesRévisées
from ledger.fonctions import Emploi, Fonctions, OrdreDonne, dire, manquements
from tests.unit.monde import Monde, P, qui

OLGA = qui("olga", "ordonnateur")


def relus(monde: Monde) -> list[tuple[int, Fait]]:
    """The facts of the journal, with their positions."""
    return [*Journal(monde.livre.store, P).rattraper()]


def emploi(ordonnateur: str | None, payeur: str, role: Any, *, exigee: bool) -> Emploi:
    """One cent paid."""
    ordre = None
    if ordonnateur is not None:
        acteur = Acteur(id=ordonnateur, role="ordonnateur")
        ordre = OrdreDonne(4, acteur, "DP1", date(2020, 3, 1))
    return Emploi(
        structure="s1",
        rang=1,
        montant_centimes=1,
        ordre=ordre,
        position=5,
        payeur=Acteur(id=payeur, role=role),
        reference="VIR",
        date_effet=date(2020, 3, 2),
        exercice=2020,
        exigee=exigee,
    )


@pytest.mark.parametrize(
    ("ordonnateur", "payeur", "role", "exigee", "statut", "code"),
    [
        ("olga", "karim", "comptable", True, "separes", None),
        ("olga", "karim", "ordonnateur", False, "separes", None),
        ("olga", "karim", "ordonnateur", True, "payeur_non_comptable", "separation_des_fonctions"),
        ("olga", "olga", "comptable", True, "meme_acteur", "separation_des_fonctions"),
        ("olga", "olga", "comptable", False, "meme_acteur", None),
        (None, "karim", "comptable", True, "sans_ordre", "ordonnancement_manquant"),
        (None, "karim", "comptable", False, "sans_ordre", None),
    ],
)
def test_chaque_centime_paye_a_son_statut(
    ordonnateur: str | None, payeur: str, role: str, exigee: bool, statut: str, code: str | None
) -> None:
    """Même acteur, payeur non comptable, sans ordre : dit ; constaté là où la règle le veut."""
    paye = emploi(ordonnateur, payeur, role, exigee=exigee)
    assert paye.statut == statut
    assert [c for c, _ in manquements((paye,))] == ([] if code is None else [code])
    assert dire(paye).endswith(", sans ordre." if ordonnateur is None else "position 5).")


def test_une_structure_est_concernee_par_son_ordre_ou_par_la_regle() -> None:
    """Une structure est concernée si elle a un ordre, ou si son label en exige un ; sinon non."""
    monde = Monde(ordonnancement_requis=True)
    monde.label("exigee")
    monde.ok("RéviserRègles", "2020-02-04", regles={"ordonnancement_requis": False})
    monde.label("libre", "2020-02-05")
    monde.label("ordonnee", "2020-02-05")
    monde.ok("OrdonnancerTranche", "2020-03-01", structure="ordonnee", acteur=OLGA)
    fonctions = Fonctions()
    for position, fait in relus(monde):
        fonctions.avancer(position, fait)
    concernees = {s: fonctions.concerne(s) for s in ("exigee", "libre", "ordonnee", "inconnue")}
    assert concernees == {"exigee": True, "libre": False, "ordonnee": True, "inconnue": False}


def test_sans_ouverture_une_revision_ne_fixe_aucune_regle() -> None:
    """Une révision avant toute ouverture ne fixe rien : le label suivant le dit."""
    monde = Monde()
    monde.label()
    monde.ok("RéviserRègles", "2020-02-04", regles={"quota_total": 299})
    faits = [fait for _, fait in relus(monde)]
    fonctions = Fonctions()
    assert type(faits[-1]) is RèglesRévisées
    assert fonctions.avancer(1, faits[-1]) == ()
    with pytest.raises(LookupError, match="ne commence pas par son ouverture"):
        fonctions.avancer(2, faits[2])


def test_un_label_redonne_hors_de_la_regle_ne_concerne_plus_sa_structure() -> None:
    """Un label redonné sous une règle qui n'exige pas d'ordre cesse de concerner la structure."""
    monde = Monde(ordonnancement_requis=True)
    monde.label()
    monde.ok("RéviserRègles", "2020-02-04", regles={"ordonnancement_requis": False})
    fonctions = Fonctions()
    for position, fait in relus(monde):
        fonctions.avancer(position, fait)
    assert fonctions.concerne("s1")
    label = relus(monde)[2][1]
    fonctions.avancer(5, replace(label, date_effet=date(2020, 2, 5)))
    assert not fonctions.concerne("s1")


def test_un_paiement_consomme_les_ordres_du_plus_ancien_au_plus_recent() -> None:
    """Chaque centime consomme le plus ancien ordre qui reste ; un ordre épuisé n'est plus cité."""
    monde = Monde(ordonnancement_requis=True)
    monde.label()  # 2, 3
    for jour, montant in (("2020-03-01", 1_000_000), ("2020-03-02", 2_000_000)):  # 4, 5
        monde.ok("OrdonnancerTranche", jour, montant_centimes=montant, acteur=OLGA)
    for jour in ("2020-03-03", "2020-03-04"):  # 6, 7
        monde.payer(1, jour, 1_500_000, acteur=qui("karim", "comptable"))
    fonctions = Fonctions()
    vus: list[Emploi] = []
    for position, fait in relus(monde):
        vus += fonctions.avancer(position, fait)
    assert [(v.position, v.ordre and v.ordre.position, v.montant_centimes) for v in vus] == [
        (6, 4, 1_000_000),
        (6, 5, 500_000),
        (7, 5, 1_500_000),
    ]


def test_le_dernier_centime_ordonne_est_consomme_le_suivant_est_sans_ordre() -> None:
    """Un ordre d'un centime sert au centime ; le centime de trop n'a pas d'ordre."""
    monde = Monde(ordonnancement_requis=True)
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-03-01", montant_centimes=1, acteur=OLGA)  # 4
    monde.payer(1, "2020-03-03", 1, acteur=qui("karim", "comptable"))  # 5
    fonctions = Fonctions()
    vus = [e for position, fait in relus(monde) for e in fonctions.avancer(position, fait)]
    vus += fonctions.avancer(6, relus(monde)[-1][1])
    assert [(v.position, v.ordre and v.ordre.position, v.statut) for v in vus] == [
        (5, 4, "separes"),
        (6, None, "sans_ordre"),
    ]
