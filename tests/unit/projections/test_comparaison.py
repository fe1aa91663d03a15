"""La comparaison de deux vues : valeurs, contributions et classes, sur de petits mondes."""

from __future__ import annotations

import base64
from datetime import date
from hashlib import sha256
from typing import Any, get_args

import pytest

from commands import GrandLivre
from ledger import Journal, MemoryStore, UsageError
from projections import Ecart, Point, comparer, credits, regarder
from projections.comparaison import (
    CLASSES,
    Apport,
    Classe,
    RapportDivergentError,
    point_du_rapport,
)
from tests.unit.monde import HorlogeFixe, Monde, P

FIN_2020 = date(2020, 12, 31)


def ecarts(monde: Monde, a: Point, b: Point, *motifs: str) -> tuple[Ecart, ...]:
    """Compare two points of the programme of a world."""
    return comparer(Journal(monde.livre.store, P), a, b, motifs=motifs)


def classes(monde: Monde, a: Point, b: Point, *motifs: str) -> dict[str, list[tuple[int, str]]]:
    """Position and class of what makes each difference."""
    trouves = ecarts(monde, a, b, *motifs)
    return {e.cellule: [(c.position, c.classe) for c in e.contributions] for e in trouves}


@pytest.fixture
def abandons() -> Monde:
    """As in the worked example: the first instalment is paid, then two of three give up in 2021."""
    monde = Monde()
    for nom in ("s1", "s2", "s3"):
        monde.label(nom, numerique=False)
    for nom in ("s1", "s2", "s3"):
        monde.payer(1, "2020-03-02", structure=nom)
    for nom in ("s2", "s3"):
        monde.ok("RetirerLabel", "2021-02-15", structure=nom)
    return monde


def test_les_abandons_de_2021_expliquent_tout_ecart_sauf_le_disponible(abandons: Monde) -> None:
    """Deux abandons de 2021 changent le reste à payer, pas le disponible : rien n'est rendu."""
    retraits = ("label-retire",)
    trouves = ecarts(abandons, Point(10), Point(12), "enveloppe.*", "credits.*")
    s2, s3 = ((11, *retraits, "s2"), (12, *retraits, "s3"))

    def attendu(nom: str, unite: Any, avant: int, apres: int, chacun: int) -> Ecart:
        contributions = tuple(Apport(*qui, "fait_nouveau", chacun) for qui in (s2, s3))
        return Ecart(nom, unite, avant, apres, apres - avant, contributions)

    million = 1_000_000
    assert trouves == (
        attendu("enveloppe.retraits_anterieurs", "centimes", 0, 20 * million, 10 * million),
        attendu("enveloppe.reste_a_payer", "centimes", 30 * million, 10 * million, -10 * million),
        attendu("enveloppe.labels.total", "nombre", 3, 1, -1),
        attendu("enveloppe.labels.qpv", "nombre", 3, 1, -1),
        attendu("credits.2021.retraits_anterieurs", "centimes", 0, 20 * million, 10 * million),
        attendu(
            "credits.2021.cp_restant_a_prevoir", "centimes", 15 * million, 5 * million, -5 * million
        ),
        attendu("credits.2021.rap_cloture", "centimes", 30 * million, 10 * million, -10 * million),
        attendu(
            "credits.2022.cp_restant_a_prevoir", "centimes", 15 * million, 5 * million, -5 * million
        ),
        attendu(
            "credits.2022.rap_ouverture", "centimes", 30 * million, 10 * million, -10 * million
        ),
        attendu("credits.2022.rap_cloture", "centimes", 30 * million, 10 * million, -10 * million),
    )


def test_deux_dates_d_effet_se_comparent_comme_deux_positions(abandons: Monde) -> None:
    """Sur un journal dans l'ordre des dates, fin 2020 et tout se comparent comme 10 et 12."""
    par_date = ecarts(abandons, Point(au=FIN_2020), Point())
    assert par_date == ecarts(abandons, Point(10), Point(12))
    assert ecarts(abandons, Point(), Point(au=date(2021, 2, 15))) == ()


def test_comparer_a_rebours_oppose_les_signes(abandons: Monde) -> None:
    """De la vue récente à l'ancienne, chaque écart change de signe."""
    aller = ecarts(abandons, Point(10), Point(12))
    retour = ecarts(abandons, Point(12), Point(10))
    opposes = [
        (e.cellule, e.apres_centimes, e.avant_centimes, [-c.centimes for c in e.contributions])
        for e in aller
    ]
    assert opposes == [
        (e.cellule, e.avant_centimes, e.apres_centimes, [c.centimes for c in e.contributions])
        for e in retour
    ]


def test_une_vue_ne_differe_pas_d_elle_meme(abandons: Monde) -> None:
    """Le même point ne donne aucun écart, à toute position, 0 comprise."""
    for point in (Point(), Point(0), Point(7), Point(12, FIN_2020)):
        assert ecarts(abandons, point, point) == ()


def test_ce_qui_n_etait_pas_encore_la_valait_zero(abandons: Monde) -> None:
    """Depuis la position 0, chaque cellule non nulle est un écart qui part de 0."""
    trouves = ecarts(abandons, Point(0), Point(3))
    assert {e.avant_centimes for e in trouves} == {0}
    assert {e.cellule: e.apres_centimes for e in trouves if e.cellule.startswith("structures")} == {
        "structures.s1.montant": 15_000_000
    }


@pytest.mark.parametrize(
    ("verbe", "jour", "champs", "cellule", "classe"),
    [
        (
            "RéviserRègles",
            "2020-02-01",
            {"regles": {"quota_qpv": 151}},
            "enveloppe.quotas.qpv",
            "changement_de_regle",
        ),
        ("ModifierEnveloppe", "2020-02-01", {}, "enveloppe.enveloppe", "changement_de_regle"),
        ("AnnulerVersement", "2020-02-10", {"position": 4}, "enveloppe.paye", "correction"),
        (
            "VerserTranche",
            "2020-03-01",
            {"rang": 1, "montant_centimes": 2_000_000},
            "enveloppe.paye",
            "fait_tardif",
        ),
        (
            "VerserTranche",
            "2020-03-02",
            {"rang": 1, "montant_centimes": 2_000_000},
            "enveloppe.paye",
            "fait_nouveau",
        ),
    ],
)
def test_la_classe_est_la_premiere_qui_convient(
    verbe: str, jour: str, champs: dict[str, Any], cellule: str, classe: str
) -> None:
    """Règle, puis correction, puis fait tardif (d'un jour passé), sinon fait nouveau."""
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-02-10", 3_000_000)
    monde.ouvrir_credits(2020, 1, 1, "2020-03-02")
    avant = monde.taille
    apres = monde.ok(verbe, jour, **champs)
    trouvees = classes(monde, Point(avant), Point(apres))
    assert trouvees[cellule] == [(apres, classe)]


def test_les_classes_d_ecart_sont_ces_quatre_dans_l_ordre() -> None:
    """Quatre classes, à la lettre, dans l'ordre où la première qui convient l'emporte."""
    classes_ecrites = ("changement_de_regle", "correction", "fait_tardif", "fait_nouveau")
    assert (get_args(Classe), CLASSES) == (classes_ecrites, classes_ecrites)


def test_un_fait_deja_connu_et_date_plus_tard_n_est_pas_tardif() -> None:
    """Ce que la première vue connaissait sans le compter est un fait nouveau de la seconde."""
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-02")
    assert classes(monde, Point(au=date(2020, 2, 3)), Point(), "enveloppe.paye") == {
        "enveloppe.paye": [(4, "fait_nouveau")]
    }


@pytest.mark.parametrize(
    ("au", "jour", "classe"),
    [
        # without "état au", the last day known is still going on
        (None, "2020-05-31", "fait_tardif"),
        (None, "2020-06-01", "fait_nouveau"),
        (None, "2020-06-02", "fait_nouveau"),
        # "état au" the last day known names its end
        ("2020-06-01", "2020-05-31", "fait_tardif"),
        ("2020-06-01", "2020-06-01", "fait_tardif"),
        ("2020-06-01", "2020-06-02", "fait_nouveau"),
        # "état au" a day that the journal had passed, whatever the last fact counted
        ("2020-05-15", "2020-03-02", "fait_tardif"),
        ("2020-05-15", "2020-05-15", "fait_tardif"),
        ("2020-05-15", "2020-05-16", "fait_nouveau"),
        # "état au" a day to come: what follows the last day known is expected
        ("2020-12-31", "2020-05-31", "fait_tardif"),
        ("2020-12-31", "2020-06-01", "fait_nouveau"),
        ("2020-12-31", "2020-12-31", "fait_nouveau"),
    ],
)
def test_un_fait_est_tardif_pour_un_jour_que_la_premiere_vue_donnait_pour_passe(
    au: str | None, jour: str, classe: str
) -> None:
    """Inconnu de P1, un fait est tardif si son jour y était passé, ou clos par « état au »."""
    monde = Monde()
    monde.label()
    monde.label("s2")
    monde.payer(1, "2020-06-01", structure="s2")
    monde.payer(1, jour)
    paye = "enveloppe.paye"
    etat_au = None if au is None else date.fromisoformat(au)
    trouvees = classes(monde, Point(6, etat_au), Point(7), paye)[paye]
    assert trouvees[-1] == (7, classe)
    # what the first view knew without counting it is never late
    assert trouvees[:-1] == ([(6, "fait_nouveau")] if au == "2020-05-15" else [])


def test_la_derniere_date_montree_est_la_plus_grande() -> None:
    """Un fait tardif déjà connu de P1 ne fait pas reculer la dernière date que P1 montrait."""
    monde = Monde()
    monde.label()
    monde.label("s2")
    monde.payer(1, "2020-06-01", structure="s2")
    monde.payer(1, "2020-03-02", 1_000_000)
    monde.payer(1, "2020-04-01", 2_000_000)
    paye = "enveloppe.paye"
    assert classes(monde, Point(7), Point(8), paye) == {paye: [(8, "fait_tardif")]}


def test_l_ouverture_est_une_regle_et_ce_que_p1_connaissait_n_est_pas_tardif() -> None:
    """L'ouverture change les règles ; un fait que P1 comptait n'est pas tardif."""
    monde = Monde()
    monde.label()
    assert classes(monde, Point(0), Point(), "enveloppe.disponible") == {
        "enveloppe.disponible": [(1, "changement_de_regle"), (3, "fait_nouveau")]
    }
    veille = date(2020, 2, 2)
    assert classes(monde, Point(), Point(au=veille), "enveloppe.engage") == {
        "enveloppe.engage": [(3, "fait_nouveau")]
    }


def test_les_instants_separent_ce_qui_etait_connu() -> None:
    """Un point est aussi un instant d'enregistrement, compris."""
    instants = [f"2020-01-0{n}T00:00:00.000000Z" for n in (1, 2, 3, 4)]
    monde = Monde(ouvert=False)
    monde.livre = GrandLivre(MemoryStore(), clock=HorlogeFixe(*instants))
    monde.ok("OuvrirProgramme", "2019-07-11")
    for _ in range(3):
        monde.ok("ModifierEnveloppe", "2020-02-01")
    assert [
        (e.cellule, e.difference_centimes, [c.position for c in e.contributions])
        for e in ecarts(monde, Point(instants[1]), Point(instants[2]))
    ] == [("enveloppe.enveloppe", 1, [3]), ("enveloppe.disponible", 1, [3])]
    avant = Point("2019-12-31T23:59:59.999999Z")
    assert ecarts(monde, avant, Point(instants[0])) == ecarts(monde, Point(0), Point(1))


def test_un_exercice_que_la_seconde_vue_ajoute_n_est_pas_dans_la_premiere() -> None:
    """Le reste à payer de 2025 n'est montré que par la vue qui compte des crédits de 2025."""
    monde = Monde()
    monde.label()
    monde.ouvrir_credits(2025, 1, 1, "2021-01-04")
    monde.payer(1, "2020-03-02")
    (ecart,) = ecarts(monde, Point(au=FIN_2020), Point(), "credits.2025.rap_ouverture")
    assert (ecart.avant_centimes, ecart.apres_centimes) == (0, 10_000_000)
    assert [(c.position, c.centimes) for c in ecart.contributions] == [
        (4, 15_000_000),
        (5, -5_000_000),
    ]


def test_les_motifs_choisissent_les_cellules(abandons: Monde) -> None:
    """Un motif garde les cellules qu'il désigne ; s'il n'en désigne aucune, il est refusé."""
    motifs = ("credits.2022.rap_*", "enveloppe.labels.total")
    assert [e.cellule for e in ecarts(abandons, Point(10), Point(12), *motifs)] == [
        "enveloppe.labels.total",
        "credits.2022.rap_ouverture",
        "credits.2022.rap_cloture",
    ]
    labels = ("labels.tot*", "credits.2022.rap_cloture_centimes")
    assert [e.cellule for e in ecarts(abandons, Point(10), Point(12), *labels)] == [
        "enveloppe.labels.total",
        "credits.2022.rap_cloture",
    ]
    with pytest.raises(UsageError, match="Aucune cellule"):
        ecarts(abandons, Point(10), Point(12), "rien.*")


def test_un_motif_s_ecrit_comme_une_cellule(abandons: Monde) -> None:
    """Les quotas sans leur table et les suffixes d'unité se lisent dans un motif aussi."""
    abandons.reviser("2021-03-01", quota_qpv=151)
    a, b = Point(10), Point(13)
    assert [e.cellule for e in ecarts(abandons, a, b, "quotas.*")] == ["enveloppe.quotas.qpv"]
    assert [e.cellule for e in ecarts(abandons, a, b, "credits.2022.rap_c*_centimes")] == [
        "credits.2022.rap_cloture"
    ]
    taux = "enveloppe.taux*_dix_milliemes"
    assert [e.cellule for e in ecarts(abandons, Point(1), b, taux)] == [
        "enveloppe.taux_consommation"
    ]


def test_un_motif_designe_aussi_un_exercice_qui_ne_vaut_que_zero() -> None:
    """Un exercice où un gel de zéro est seul inscrit est au tableau : un motif peut le désigner."""
    monde = Monde()
    gel = {"exercice": 2030, "ae_centimes": 0, "cp_centimes": 0, "source": "décret"}
    monde.ok("GelerCrédits", "2020-01-03", **gel)
    vue = regarder(Journal(monde.livre.store, P))
    assert 2030 in [ligne.exercice for ligne in credits(vue)]
    assert ecarts(monde, Point(0), Point(vue.situation.position), "credits.2030.*") == ()


def test_une_cellule_nommee_que_nulle_vue_ne_montre_n_a_pas_d_ecart(abandons: Monde) -> None:
    """Un nom de cellule sans écart ne donne rien ; un nom qui n'en est pas un est refusé."""
    assert ecarts(abandons, Point(10), Point(12), "credits.2050.cp_payes") == ()
    with pytest.raises(UsageError, match=r"'enveloppe\.disponibles' ne désigne pas une cellule"):
        ecarts(abandons, Point(10), Point(12), "enveloppe.disponibles")


def test_un_fait_que_nulle_vue_ne_compte_ne_change_aucune_valeur() -> None:
    """Connu des deux vues mais daté après leur jour, un fait n'entre dans aucune valeur."""
    monde = Monde()
    monde.label()
    monde.payer(1, "2021-02-01")
    monde.label("s2")
    monde.payer(1, "2020-03-01", structure="s2")
    trouves = ecarts(monde, Point(6, FIN_2020), Point(7, FIN_2020), "enveloppe.paye")
    assert [(e.avant_centimes, e.apres_centimes) for e in trouves] == [(0, 5_000_000)]


def test_une_position_jamais_atteinte_est_refusee_des_deux_cotes(abandons: Monde) -> None:
    """Chaque point doit être une position que le journal a atteinte."""
    for a, b in ((Point(13), Point(1)), (Point(1), Point(13))):
        with pytest.raises(UsageError, match="va de 1 à 12, position 13 demandée"):
            ecarts(abandons, a, b)


def entete(monde: Monde, lue: int, **ecart: Any) -> dict[str, Any]:
    """The heading of a report read at a position, with what the test changes in it."""
    vue = regarder(Journal(monde.livre.store, P), connu_au=lue)
    racine = base64.b64encode(vue.racine).decode()
    return {"programme": P, "position": lue, "au": None, "racine": racine, **ecart}


def test_un_rapport_est_un_point_quand_sa_racine_est_celle_du_journal(abandons: Monde) -> None:
    """L'en-tête d'un rapport donne sa position et sa date, une fois sa racine vérifiée."""
    journal = Journal(abandons.livre.store, P)
    assert point_du_rapport(journal, entete(abandons, 7, moteur="x")) == Point(7)
    assert point_du_rapport(journal, entete(abandons, 0, au="2020-12-31")) == Point(0, FIN_2020)
    assert point_du_rapport(journal, entete(abandons, 12)) == Point(12)


def test_un_rapport_d_un_autre_journal_est_divergent(abandons: Monde) -> None:
    """Racine d'une autre position ou d'un autre journal, position jamais atteinte : divergent."""
    journal = Journal(abandons.livre.store, P)
    autre = base64.b64encode(sha256(b"autre").digest()).decode()
    for faux in (
        entete(abandons, 7, position=8),
        entete(abandons, 7, racine=autre),
        entete(abandons, 12, position=13),
        entete(abandons, 7, position=-1),
    ):
        with pytest.raises(RapportDivergentError) as refus:
            point_du_rapport(journal, faux)
        assert refus.value.code == "rapport_divergent"


@pytest.mark.parametrize(
    ("ecart", "message"),
    [
        ({"programme": "autre"}, "Le rapport est celui du programme autre, pas de fabriques."),
        ({"position": "7"}, "L'en-tête du rapport ne dit pas de quelle vue il est tiré."),
        ({"racine": None}, "L'en-tête du rapport ne dit pas de quelle vue il est tiré."),
        ({"au": "31/12/2020"}, "L'en-tête du rapport ne dit pas de quelle vue il est tiré."),
    ],
)
def test_un_en_tete_illisible_est_refuse(
    abandons: Monde, ecart: dict[str, Any], message: str
) -> None:
    """Un en-tête d'un autre programme, ou qui ne dit pas sa vue, est refusé."""
    with pytest.raises(UsageError) as refus:
        point_du_rapport(Journal(abandons.livre.store, P), entete(abandons, 7, **ecart))
    assert (refus.value.code, refus.value.message) == ("usage", message)


def test_ce_qui_se_compense_n_est_pas_un_ecart() -> None:
    """Payé puis annulé entre les deux vues : le payé n'a pas bougé, il n'est pas cité."""
    monde = Monde()
    monde.label()
    paye = monde.payer(1, "2020-03-02")
    monde.ok("AnnulerVersement", "2020-03-03", position=paye)
    assert ecarts(monde, Point(paye - 1), Point(paye + 1), "*.paye*") == ()
    assert classes(monde, Point(paye), Point(paye + 1), "enveloppe.paye") == {
        "enveloppe.paye": [(paye + 1, "correction")]
    }


def test_un_fait_connu_des_deux_vues_n_est_jamais_tardif() -> None:
    """Écarté par la date d'une seule des deux, un fait que la première connaissait est nouveau."""
    monde = Monde()
    for nom in ("s1", "s2"):
        monde.label(nom)
    juin, avril = monde.payer(1, "2020-06-01"), monde.payer(1, "2020-04-01", structure="s2")
    a, b = Point(avril), Point(avril, date(2020, 3, 1))
    assert classes(monde, a, b, "enveloppe.paye") == {
        "enveloppe.paye": [(juin, "fait_nouveau"), (avril, "fait_nouveau")]
    }


def test_une_contribution_vaut_toujours_quelque_chose() -> None:
    """Un fait qui compte autant dans les deux vues, passé leur premier écart, n'est pas cité."""
    monde = Monde()
    for nom in ("s1", "s2"):
        monde.label(nom)
    tard = monde.payer(1, "2020-06-01")
    tot = monde.payer(1, "2020-04-01", structure="s2")
    vus = classes(monde, Point(tot, date(2020, 5, 1)), Point(tot), "enveloppe.paye")
    assert vus == {"enveloppe.paye": [(tard, "fait_nouveau")]}
