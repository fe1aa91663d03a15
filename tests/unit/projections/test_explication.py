"""Les cellules et leurs noms ; l'explication d'une cellule, au centime, sur de petits mondes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger import Journal, UsageError
from projections import Cellule, Explication, expliquer, expliquer_tout, lire_cellule, regarder
from projections.cellules import toutes, valeurs
from projections.explication import Contribution
from tests.unit.monde import Monde, P, tranches

LABEL = date(2020, 2, 3)


def apports(explication: Explication) -> list[tuple[int, str, int]]:
    """What each fact brings: position, type, cents."""
    return [(c.position, c.type, c.centimes) for c in explication.contributions]


def expliquer_ici(monde: Monde, cellule: str, **dates: Any) -> Explication:
    """Explain a cell of the programme of a world."""
    return expliquer(Journal(monde.livre.store, P), cellule, **dates)


@pytest.fixture
def retard() -> Monde:
    """A grant of three instalments, the first unpaid when 2020 closes, then paid in 2021."""
    monde = Monde()
    monde.label()
    monde.cloturer(2019, 2020)
    monde.payer(1, "2021-02-01")
    return monde


@pytest.mark.parametrize(
    ("nom", "cellule", "unite"),
    [
        ("enveloppe.disponible", "enveloppe.disponible", "centimes"),
        ("enveloppe.disponible_centimes", "enveloppe.disponible", "centimes"),
        ("enveloppe.enveloppe", "enveloppe.enveloppe", "centimes"),
        ("enveloppe.taux_consommation", "enveloppe.taux_consommation", "dix_milliemes"),
        (
            "enveloppe.taux_consommation_dix_milliemes",
            "enveloppe.taux_consommation",
            "dix_milliemes",
        ),
        ("enveloppe.labels.qpv", "enveloppe.labels.qpv", "nombre"),
        ("labels.qpv", "enveloppe.labels.qpv", "nombre"),
        ("labels", "enveloppe.labels.total", "nombre"),
        ("enveloppe.quotas", "enveloppe.quotas.total", "nombre"),
        (" credits.2021.cp_payes_centimes ", "credits.2021.cp_payes", "centimes"),
        ("credits.2021.rap_ouverture", "credits.2021.rap_ouverture", "centimes"),
        ("structures.s1.paye", "structures.s1.paye", "centimes"),
        ("echeancier.s1.2", "echeancier.s1.2.verse", "centimes"),
        ("echeancier.s1.2.reste_centimes", "echeancier.s1.2.reste", "centimes"),
        ("echeancier.s1.0.montant", "echeancier.s1.0.montant", "centimes"),
    ],
)
def test_une_cellule_a_un_nom_et_une_unite(nom: str, cellule: str, unite: str) -> None:
    """Les deux écritures d'un membre, le rang seul et les labels mènent à un seul nom."""
    lue = lire_cellule(nom)
    assert (str(lue), lue.unite) == (cellule, unite)
    assert lire_cellule(str(lue)) == lue


@pytest.mark.parametrize(
    ("nom", "remede"),
    [
        ("enveloppe.disponibles", "enveloppe.disponible"),
        ("credits.2021.cp_paye", "credits.2021.cp_payes"),
        ("structures.s1.payee", "structures.s1.paye"),
        ("echeancier.s1.2.verses", "echeancier.s1.2.verse"),
        ("echeancier.s1.0.reste", "echeancier.s1.0.verse"),
        ("matrice", "Écrire par exemple enveloppe.disponible"),
        ("enveloppe.position", "enveloppe."),
        ("credits.21.cp_payes", "credits.2020.cp_payes"),
        ("credits.3000.cp_payes", "credits.2020.cp_payes"),
        ("credits.2021", "credits.2021.cp_payes"),
        ("structures.S 1.paye", "structures.STRUCTURE.paye"),
        ("echeancier.s1.01", "echeancier.s1.1.verse"),
        ("echeancier.S 1.1.verse", "echeancier.STRUCTURE.1.verse"),
        ("echeancier.s1.1.verse.2", "echeancier.s1.1.verse"),
        ("", "Écrire par exemple"),
    ],
)
def test_un_nom_inconnu_est_refuse_avec_les_noms_proches(nom: str, remede: str) -> None:
    """Ce qui ne nomme pas une cellule est refusé, et les noms qui ressemblent sont proposés."""
    with pytest.raises(UsageError) as refus:
        lire_cellule(nom)
    assert refus.value.message == f"{nom!r} ne désigne pas une cellule."
    assert remede in refus.value.remede


NOMS_PROCHES = {
    "credits.2021.retraits": [
        "credits.2021.retraits_anterieurs",
        "credits.2021.reversements",
        "credits.2021.cp_ouverts",
        "credits.2021.retraits_meme_exercice",
        "credits.2021.regularisations",
    ],
    "echeancier.s1.0.reste": ["echeancier.s1.0.verse", "echeancier.s1.0.montant"],
    "echeancier.S 1.2": [
        "echeancier.STRUCTURE.2.verse",
        "echeancier.STRUCTURE.2.reste",
        "echeancier.STRUCTURE.2.montant",
    ],
    "echeancier.S 1.2.verse": ["echeancier.STRUCTURE.2.verse", "echeancier.STRUCTURE.2.reste"],
}


@pytest.mark.parametrize("nom", NOMS_PROCHES)
def test_cinq_noms_proches_au_plus_sont_proposes_et_aucun_qui_n_existe(nom: str) -> None:
    """Cinq noms au plus, les plus proches d'abord, avec l'exercice ou le rang tapés."""
    with pytest.raises(UsageError) as refus:
        lire_cellule(nom)
    assert refus.value.remede == f"Noms proches : {', '.join(NOMS_PROCHES[nom])}."


def test_un_nom_de_table_seul_donne_un_exemple_de_chacune() -> None:
    """Sans nom proche, le remède donne un exemple de chaque table."""
    with pytest.raises(UsageError) as refus:
        lire_cellule("structures")
    assert refus.value.remede == (
        "Écrire par exemple enveloppe.disponible, credits.2021.cp_payes, "
        "structures.STRUCTURE.paye ou echeancier.STRUCTURE.2."
    )


def test_les_cellules_de_plusieurs_structures_suivent_leur_nom_puis_leur_rang() -> None:
    """Registre puis échéanciers, structure par structure, le bonus avant la première tranche."""
    monde = Monde()
    noms = ("s3", "s1", "s5", "s2", "s4")
    for nom in noms:
        monde.label(nom)
        monde.ok("AccorderBonusNumérique", "2020-02-03", structure=nom)
    lues = [str(c) for c in toutes(regarder(Journal(monde.livre.store, P)))]
    assert lues[lues.index("structures.s1.montant") :] == [
        *(f"structures.{nom}.{m}" for nom in sorted(noms) for m in ("montant", "paye")),
        *(
            f"echeancier.{nom}.{rang}.{membre}"
            for nom in sorted(noms)
            for rang in range(4)
            for membre in ("montant", "verse", "reste")
            if (rang, membre) != (0, "reste")
        ),
    ]


def test_les_cellules_d_une_vue_sont_dans_l_ordre_des_tables() -> None:
    """Une vue énumère ses cellules table par table, exercices et rangs croissants."""
    monde = Monde()
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-03-02")
    vue = regarder(Journal(monde.livre.store, P))
    noms = [str(cellule) for cellule in toutes(vue)]
    assert (noms[0], noms[12], noms[13], noms[20]) == (
        "enveloppe.enveloppe",
        "enveloppe.taux_consommation",
        "enveloppe.labels.total",
        "enveloppe.quotas.numeriques",
    )
    assert noms[21] == "credits.2019.ae_ouvertes"
    assert noms[21 + 15 * 4 :] == [
        "structures.s1.montant",
        "structures.s1.paye",
        "echeancier.s1.0.montant",
        "echeancier.s1.0.verse",
        *(f"echeancier.s1.{r}.{m}" for r in (1, 2, 3) for m in ("montant", "verse", "reste")),
    ]
    assert valeurs(vue)[Cellule("credits", ("2020",), "cp_payes")] == 5_000_000


def test_le_disponible_est_explique_par_ce_qui_le_fait(retard: Monde) -> None:
    """L'ouverture l'apporte, le label le prend ; dépôt, clôtures et versement n'y sont pas."""
    assert expliquer_ici(retard, "enveloppe.disponible") == Explication(
        cellule="enveloppe.disponible",
        unite="centimes",
        valeur_centimes=4_485_000_000,
        position=6,
        au=None,
        contributions=(
            Contribution(1, date(2019, 7, 11), "programme-ouvert", None, 4_500_000_000),
            Contribution(3, LABEL, "fabrique-labellisee", "s1", -15_000_000),
        ),
    )


def test_une_cloture_deplace_ce_qui_reste_a_prevoir(retard: Monde) -> None:
    """La clôture de 2020 fait passer la tranche impayée de 2020 à 2021, puis le versement l'ôte."""
    assert apports(expliquer_ici(retard, "credits.2020.cp_restant_a_prevoir")) == [
        (3, "fabrique-labellisee", 5_000_000),
        (5, "exercice-cloture", -5_000_000),
    ]
    assert apports(expliquer_ici(retard, "credits.2021.cp_restant_a_prevoir")) == [
        (3, "fabrique-labellisee", 5_000_000),
        (5, "exercice-cloture", 5_000_000),
        (6, "tranche-versee", -5_000_000),
    ]


def test_le_reste_a_payer_court_d_un_exercice_au_suivant(retard: Monde) -> None:
    """Le label de 2020 et le versement de 2021 font l'ouverture et la clôture de 2022."""
    attendu = [(3, "fabrique-labellisee", 15_000_000), (6, "tranche-versee", -5_000_000)]
    for cellule in ("credits.2021.rap_cloture", "credits.2022.rap_ouverture"):
        assert apports(expliquer_ici(retard, cellule)) == attendu
    assert apports(expliquer_ici(retard, "credits.2021.rap_ouverture")) == attendu[:1]
    assert apports(expliquer_ici(retard, "credits.2023.rap_ouverture")) == []


def test_le_taux_est_explique_en_dix_milliemes() -> None:
    """Deux labels de même montant n'apportent pas le même arrondi, et la somme est le taux."""
    monde = Monde()
    monde.label()
    monde.label("s2")
    explication = expliquer_ici(monde, "enveloppe.taux_consommation")
    assert (explication.unite, explication.valeur_centimes) == ("dix_milliemes", 67)
    assert apports(explication) == [
        (3, "fabrique-labellisee", 33),
        (5, "fabrique-labellisee", 34),
    ]


def test_les_quotas_sont_expliques_par_les_revisions_dans_l_ordre_des_dates() -> None:
    """Une révision enregistrée après une autre mais datée avant ne change pas le dernier quota."""
    monde = Monde()
    monde.reviser("2020-03-01", quota_numeriques=40)
    monde.reviser("2020-02-01", quota_numeriques=35, quota_qpv=151)
    assert apports(expliquer_ici(monde, "quotas.numeriques")) == [
        (1, "programme-ouvert", 30),
        (2, "regles-revisees", 10),
    ]
    assert apports(expliquer_ici(monde, "quotas.qpv")) == [
        (1, "programme-ouvert", 150),
        (3, "regles-revisees", 1),
    ]


def test_un_avenant_et_un_retrait_changent_l_echeancier() -> None:
    """Le rang ajouté naît de l'avenant ; le retrait ôte le reste des rangs non soldés."""
    monde = Monde()
    monde.label(
        montant_centimes=10_000_000, echeancier=tranches((2020, 5_000_000), (2021, 5_000_000))
    )
    trois = tranches((2020, 5_000_000), (2021, 5_000_000), (2022, 4_000_000))
    monde.ok("SignerAvenant", "2020-04-01", montant_centimes=14_000_000, echeancier=trois)
    monde.payer(1, "2020-05-01")
    monde.ok("RetirerLabel", "2021-02-01")
    assert apports(expliquer_ici(monde, "echeancier.s1.3.montant")) == [
        (4, "avenant-signe", 4_000_000)
    ]
    assert apports(expliquer_ici(monde, "echeancier.s1.3.reste")) == [
        (4, "avenant-signe", 4_000_000),
        (6, "label-retire", -4_000_000),
    ]
    assert apports(expliquer_ici(monde, "echeancier.s1.1")) == [(5, "tranche-versee", 5_000_000)]
    assert apports(expliquer_ici(monde, "structures.s1.montant")) == [
        (3, "fabrique-labellisee", 10_000_000),
        (4, "avenant-signe", 4_000_000),
    ]


def test_les_deux_dates_bornent_les_contributions(retard: Monde) -> None:
    """Un fait daté après `au`, ou enregistré après `connu_au`, ne contribue pas."""
    au = date(2020, 12, 31)
    assert expliquer_ici(retard, "structures.s1.paye", au=au) == Explication(
        "structures.s1.paye", "centimes", 0, 6, au, ()
    )
    assert expliquer_ici(retard, "structures.s1.paye", connu_au=5).position == 5
    assert apports(expliquer_ici(retard, "structures.s1.paye", connu_au=6)) == [
        (6, "tranche-versee", 5_000_000)
    ]
    avant = expliquer_ici(retard, "enveloppe.disponible", connu_au="2019-12-31T23:59:59.999999Z")
    assert (avant.position, avant.contributions) == (0, ())
    apres = expliquer_ici(retard, "enveloppe.disponible", connu_au="2020-01-01T00:00:00.000000Z")
    assert (apres.position, len(apres.contributions)) == (6, 2)


def test_le_jour_demande_est_compte_et_le_journal_donne_reste_entier(retard: Monde) -> None:
    """Un fait daté de `au` est compté ; un journal déjà lu s'explique encore depuis sa ligne 1."""
    journal = Journal(retard.livre.store, P)
    premiere = expliquer(journal, "enveloppe.engage", au=LABEL)
    assert (premiere.valeur_centimes, premiere.position) == (15_000_000, 6)
    assert journal.taille == 0
    assert list(journal.rattraper()) != []
    assert expliquer(journal, "enveloppe.engage", au=LABEL) == premiere


def test_un_fait_apporte_a_chaque_cellule_son_propre_montant() -> None:
    """Un label apporte son montant à la subvention, une part à chaque tranche, 1 aux labels."""
    monde = Monde()
    monde.label()
    noms = ("structures.s1.montant", "echeancier.s1.1.montant", "labels", "enveloppe.disponible")
    faits = list(Journal(monde.livre.store, P).rattraper())[1:]
    rendues = expliquer_tout(faits, [lire_cellule(nom) for nom in noms])
    assert [apports(e) for e in rendues] == [
        [(3, "fabrique-labellisee", centimes)]
        for centimes in (15_000_000, 5_000_000, 1, -15_000_000)
    ]


def test_expliquer_plusieurs_cellules_rend_celles_demandees_dans_leur_ordre(
    retard: Monde,
) -> None:
    """Chaque cellule demandée est rendue, celles que rien ne change aussi."""
    faits = Journal(retard.livre.store, P).rattraper()
    noms = ("enveloppe.paye", "credits.2050.cp_payes", "echeancier.s1.1", "labels.qpv")
    rendues = expliquer_tout(faits, [lire_cellule(nom) for nom in noms])
    assert [(e.cellule, e.valeur_centimes, len(e.contributions)) for e in rendues] == [
        ("enveloppe.paye", 5_000_000, 1),
        ("credits.2050.cp_payes", 0, 0),
        ("echeancier.s1.1.verse", 5_000_000, 1),
        ("enveloppe.labels.qpv", 1, 1),
    ]


def test_une_structure_que_nul_fait_ne_nomme_est_refusee(retard: Monde) -> None:
    """Une structure inconnue, ou pas encore connue à ces dates, est refusée ; pas un zéro muet."""
    with pytest.raises(UsageError) as refus:
        expliquer_ici(retard, "structures.s11.paye")
    assert refus.value.message == "La structure s11 n'est pas dans fabriques à ces dates."
    assert refus.value.remede == "Identifiants proches : s1."
    with pytest.raises(UsageError) as refus:
        expliquer_ici(retard, "echeancier.s1.1", au=date(2019, 12, 31))
    assert refus.value.remede == "Lister les identifiants avec `fabriques structures`."


def test_cinq_identifiants_proches_au_plus_sont_proposes() -> None:
    """D'un identifiant mal tapé, cinq proches au plus sont proposés, les meilleurs d'abord."""
    monde = Monde()
    for rang in range(7):
        monde.ok("DéposerCandidature", "2020-01-10", structure=f"lab{rang}")
    with pytest.raises(UsageError) as refus:
        expliquer_ici(monde, "structures.lab.paye")
    assert refus.value.remede == "Identifiants proches : lab6, lab5, lab4, lab3, lab2."


def test_une_structure_est_connue_des_le_jour_du_fait_qui_la_nomme(retard: Monde) -> None:
    """Le jour même du dépôt, la structure s'explique ; une cellule lue s'explique comme son nom.

    Rien n'est encore payé : la cellule vaut zéro, sans contribution.
    """
    depot = date(2020, 1, 10)
    lue = expliquer_ici(retard, "structures.s1.paye", au=depot)
    assert (lue.valeur_centimes, lue.contributions) == (0, ())
    cellule = lire_cellule("structures.s1.paye")
    assert expliquer(Journal(retard.livre.store, P), cellule, au=depot) == lue


def test_un_programme_inconnu_ou_une_position_future_sont_refuses(retard: Monde) -> None:
    """Le programme doit être dans la base, et son journal avoir atteint la position."""
    with pytest.raises(UsageError, match="Le programme absent n'est pas dans cette base"):
        expliquer(Journal(retard.livre.store, "absent"), "enveloppe.paye")
    for position in (-1, 7):
        with pytest.raises(UsageError, match=f"va de 1 à 6, position {position} demandée"):
            expliquer_ici(retard, "enveloppe.paye", connu_au=position)
