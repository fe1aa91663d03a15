"""Séparation des fonctions : ce que l'audit prouve sur un journal, quel qu'en soit l'auteur."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import Journal
from ledger.audit import Constat, verifier
from projections import fonctions, regarder
from projections.fonctions import Registre
from tests.unit.ledger.audit.test_verifier import Etat, magasin, reecrire
from tests.unit.monde import Monde, P, qui

OLGA, KARIM = qui("olga", "ordonnateur"), qui("karim", "comptable")


def chaine(*, requis: bool = True) -> Monde:
    """An order of 50 000 EUR by Olga (5), paid by Karim in two parts (6, 7); a bonus paid too."""
    monde = Monde(ordonnancement_requis=requis)
    monde.label()  # 2, 3
    monde.ok("AccorderBonusNumérique", "2020-02-03")  # 4
    monde.ok("OrdonnancerTranche", "2020-03-01", rang=1, acteur=OLGA)  # 5
    monde.payer(1, "2020-03-02", 2_000_000, acteur=KARIM)  # 6
    monde.payer(1, "2020-03-03", 3_000_000, acteur=KARIM)  # 7
    monde.ok(
        "OrdonnancerTranche", "2020-03-04", rang=0, montant_centimes=10_000_000, acteur=OLGA
    )  # 8
    monde.ok("VerserBonus", "2020-03-05", montant_centimes=10_000_000, acteur=KARIM)  # 9
    return monde


def constats(monde: Monde) -> list[Constat]:
    """What a verification finds."""
    return [*verifier(monde.livre.store, P).constats]


def truquer(monde: Monde, position: int, **membres: Any) -> list[Constat]:
    """Rewrite members of a line, and every hash after it; what a verification then finds."""

    def changer(etat: Etat) -> None:
        etat.update(membres)

    reecrire(magasin(monde), position, changer)
    return constats(monde)


def test_une_chaine_separee_est_conforme() -> None:
    """Ordonnée par l'une, payée par l'autre : rien n'est constaté, bonus compris."""
    assert constats(chaine()) == []


@pytest.mark.parametrize(
    ("position", "quoi"),
    [(6, "s1, tranche 1 : 20 000,00 €"), (9, "s1, bonus : 100 000,00 €")],
)
def test_le_meme_acteur_au_paiement_est_constate_avec_les_deux_positions(
    position: int, quoi: str
) -> None:
    """Une ligne réécrite où Olga paie ce qu'elle a ordonné : position, acteurs, montant, remède."""
    ordre = 5 if position == 6 else 8
    assert truquer(chaine(), position, acteur={"id": "olga", "role": "comptable"}) == [
        Constat(
            "separation_des_fonctions",
            position,
            f"{quoi} ordonnés par olga (ordonnateur, position {ordre}), payés par olga (comptable, "
            f"position {position}). Remède : annuler le versement, faire payer par un comptable "
            "distinct.",
        )
    ]


def test_le_meme_acteur_a_l_ordre_est_constate_a_chaque_paiement() -> None:
    """Réécrire l'ordre au nom de qui paie : ses deux versements sont constatés."""
    vus = truquer(chaine(), 5, acteur=KARIM)
    assert [(c.code, c.position) for c in vus] == [
        ("separation_des_fonctions", 6),
        ("separation_des_fonctions", 7),
    ]


def test_un_paiement_qui_cite_un_autre_ordre_n_echappe_pas_au_constat() -> None:
    """Citer l'ordre d'un autre, ou aucun, ne cache rien : l'ordre consommé est recalculé."""
    monde = chaine()
    store = magasin(monde)
    reecrire(store, 5, lambda etat: etat.update(acteur=KARIM))
    for ordres in ([], [{"position": 8, "montant_centimes": 2_000_000}]):
        vus = truquer(monde, 6, ordres=ordres)
        assert ("separation_des_fonctions", 6) in [(c.code, c.position) for c in vus]


def test_un_payeur_d_un_autre_role_et_un_paiement_sans_ordre_sont_constates() -> None:
    """Sous la règle : payer sans être comptable, ou plus que l'ordonné, se constate."""
    (vu,) = truquer(chaine(), 7, acteur=qui("zoe", "instructeur"))
    assert (vu.code, vu.position) == ("separation_des_fonctions", 7)
    vus = truquer(chaine(), 5, montant_centimes=4_000_000)
    (manque,) = [c for c in vus if c.code == "ordonnancement_manquant"]
    assert (manque.position, manque.detail) == (
        7,
        "s1, tranche 1 : 10 000,00 € payés par karim (comptable, position 7), sans ordre. Remède : "
        "annuler le versement, ordonnancer d'abord.",
    )


def test_sans_la_regle_le_cumul_n_est_pas_un_constat() -> None:
    """Sans ordonnancement_requis, ordonner et payer n'est pas une violation."""
    monde = chaine(requis=False)
    assert truquer(monde, 6, acteur=OLGA) == []


def test_un_versement_annule_rend_son_ordre_au_suivant() -> None:
    """L'ordre d'un versement annulé redevient impayé : le nouveau versement le consomme."""
    monde = chaine()
    monde.ok("AnnulerVersement", "2020-04-01", position=6, acteur=KARIM)  # 10
    monde.payer(1, "2020-04-02", 2_000_000, acteur=qui("paul", "comptable"))  # 11
    assert constats(monde) == []
    vus = truquer(monde, 11, acteur={"id": "olga", "role": "comptable"})
    assert [(c.code, c.position) for c in vus] == [("separation_des_fonctions", 11)]
    figure = fonctions(regarder(Journal(monde.livre.store, P)))
    dits = [(li.position, li.ordre_position, li.annulation_position) for li in figure.lignes]
    assert dits == [(6, 5, 10), (7, 5, None), (9, 8, None), (11, 5, None)]
    assert (figure.paye_centimes, figure.meme_acteur_centimes) == (15_000_000, 2_000_000)


def aux_noms_de(ordonnateur: str, payeur: str, *, requis: bool = True) -> Monde:
    """An order of 50 000 EUR by one id (4), paid whole by another (5)."""
    monde = Monde(ordonnancement_requis=requis)
    monde.label()
    monde.ok("OrdonnancerTranche", "2020-03-01", rang=1, acteur=qui(ordonnateur, "ordonnateur"))
    monde.payer(1, "2020-03-02", 5_000_000, acteur=qui(payeur, "comptable"))
    return monde


@pytest.mark.parametrize("requis", [True, False])
@pytest.mark.parametrize(
    ("ordonnateur", "payeur"),
    [
        ("olga", "Olga"),
        ("helene.martin", "Hélène.Martin"),
        ("helene martin", "MARTIN-Helene"),
        ("h.martin@finances.gouv.fr", "h.martin"),
        ("olga", "оlga"),  # noqa: RUF001 - a Cyrillic o
        ("agent 12", "Agent_１２"),  # noqa: RUF001 - wide digits
    ],
)
def test_deux_graphies_d_une_personne_sont_dites_avec_ou_sans_la_regle(
    ordonnateur: str, payeur: str, requis: bool
) -> None:
    """Casse, accents, ordre des mots, autre alphabet : ni refusé ni constaté, mais signalé."""
    monde = aux_noms_de(ordonnateur, payeur, requis=requis)
    assert constats(monde) == []
    vue = regarder(Journal(monde.livre.store, P))
    figure = fonctions(vue)
    assert [li.statut for li in figure.lignes] == ["acteurs_semblables"]
    assert (figure.acteurs_semblables_centimes, figure.separes_centimes) == (5_000_000, 0)
    registre = Registre()
    for _ in registre.suivre(vue.faits()):
        pass
    assert [(a.code, a.position) for a in registre.anomalies(vue)] == [("acteurs_semblables", 5)]


@pytest.mark.parametrize(
    ("ordonnateur", "payeur"),
    [("j.martin", "p.martin"), ("agent-1", "agent-12"), ("...", "---"), ("東", "京")],
)
def test_deux_personnes_aux_noms_proches_ne_sont_pas_confondues(
    ordonnateur: str, payeur: str
) -> None:
    """Une lettre ou un chiffre de différence, ou aucun mot à comparer : deux personnes."""
    figure = fonctions(regarder(Journal(aux_noms_de(ordonnateur, payeur).livre.store, P)))
    assert [li.statut for li in figure.lignes] == ["separes"]


def test_un_avenant_ne_defait_pas_le_lien_entre_l_ordre_et_son_paiement() -> None:
    """Ordre donné avant l'avenant, payé après : l'ordre consommé reste le premier."""
    monde = Monde(ordonnancement_requis=True)
    monde.label()  # 2, 3
    monde.ok("OrdonnancerTranche", "2020-03-01", rang=1, acteur=OLGA)  # 4
    echeancier = [
        {"rang": 1, "exercice": 2020, "montant_centimes": 5_000_000, "echeance": "2020-02-03"},
        {"rang": 2, "exercice": 2021, "montant_centimes": 4_000_000, "echeance": "2021-03-01"},
    ]
    monde.ok(
        "SignerAvenant",
        "2020-03-05",
        montant_centimes=9_000_000,
        echeancier=echeancier,
        motif="baisse",
    )  # 5
    monde.payer(1, "2020-03-06", 5_000_000, acteur=KARIM)  # 6
    assert constats(monde) == []
    vus = truquer(monde, 6, acteur={"id": "olga", "role": "comptable"})
    assert [(c.code, c.position) for c in vus] == [("separation_des_fonctions", 6)]


def test_un_ordre_ajoute_apres_coup_ne_blanchit_pas_un_paiement() -> None:
    """Un ordre d'un complice inscrit après le versement n'est pas celui qu'il a consommé."""
    monde = chaine()
    monde.ok("OrdonnancerTranche", "2021-03-01", rang=2, acteur=qui("zoe", "ordonnateur"))  # 10
    vus = truquer(monde, 6, acteur={"id": "olga", "role": "comptable"})
    assert ("separation_des_fonctions", 6) in [(c.code, c.position) for c in vus]
    # moved in the name of the first instalment, the late order is still later than the payment
    vus = truquer(monde, 10, rang=1)
    assert ("separation_des_fonctions", 6) in [(c.code, c.position) for c in vus]


def test_annuler_deux_fois_un_versement_ne_rend_pas_deux_fois_son_ordre() -> None:
    """Une annulation répétée dans un journal forgé n'invente pas de quoi payer sans ordre."""
    monde = chaine()
    monde.ok("AnnulerVersement", "2020-04-01", position=6, acteur=KARIM)  # 10
    monde.ok("AnnulerVersement", "2020-04-01", position=7, acteur=KARIM)  # 11
    monde.payer(1, "2020-04-02", 5_000_000, acteur=KARIM)  # 12
    assert constats(monde) == []
    reecrire(magasin(monde), 11, lambda etat: etat.update(position=6))
    vus = constats(monde)
    manque = [c for c in vus if c.code == "ordonnancement_manquant"]
    assert [(c.position, "30 000,00 €" in c.detail) for c in manque] == [(12, True)]
