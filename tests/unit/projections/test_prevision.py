"""La prévision : le ferme est ce qui reste dû, le supposé un rythme prolongé, jamais mêlés."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger import Journal, UsageError
from projections import credits, enveloppe, regarder
from projections.prevision import (
    FENETRE,
    FENETRE_MAX,
    HORIZON_MAX,
    Cadence,
    LignePrevision,
    MoisPrevu,
    PlafondPrevu,
    Prevision,
    Rythme,
    prevision,
)
from tests.unit.monde import Monde, P


def prevoir(monde: Monde, *, au: date | None = None, **options: Any) -> Prevision:
    """The forecast of a programme."""
    return prevision(regarder(Journal(monde.livre.store, P), au=au), **options)


def deux_labels() -> Monde:
    """Two labels in February 2020, one digital with its bonus; the first instalments paid."""
    monde = Monde()
    monde.label("s1", numerique=True)
    monde.label("s2", numerique=False, montant_centimes=12_000_000)
    monde.ok("AccorderBonusNumérique", "2020-02-03", structure="s1")
    monde.payer(1, "2020-02-03")
    return monde


def test_une_prevision_entiere() -> None:
    """Chaque chiffre d'une prévision, écrit : ferme, exigible, supposé, rythme, plafonds."""
    lu = prevoir(deux_labels(), au=date(2020, 12, 31), horizon=2021)
    assert lu.hypotheses[0].startswith("Ferme : ce que les échéanciers")
    assert [h.partition(" ")[0] for h in lu.hypotheses] == ["Ferme", "Rythme", "Supposé", "Un"]
    assert lu == Prevision(
        programme=P,
        position=7,
        au="2020-12-31",
        jour=date(2020, 12, 31),
        reste_a_payer_centimes=32_000_000,
        exigible_tranches_centimes=4_000_000,
        exigible_bonus_centimes=10_000_000,
        hors_echeancier_centimes=0,
        exercices=(
            LignePrevision(2019, 10_000_000, 10_000_000, 0, 10_000_000),
            LignePrevision(2020, 4_000_000, 4_000_000, 0, 4_000_000),
            LignePrevision(2021, 9_000_000, 0, 12_333_332, 21_333_332),
            LignePrevision(2022, 9_000_000, 0, 12_333_332, 21_333_332),
            LignePrevision(2023, 0, 0, 12_333_336, 12_333_336),
        ),
        mois=(
            MoisPrevu("2021-03", 9_000_000, 0, 9_000_000),
            MoisPrevu("2021-07", 0, 6_166_666, 6_166_666),
            MoisPrevu("2021-12", 0, 6_166_666, 6_166_666),
            MoisPrevu("2022-03", 9_000_000, 12_333_332, 21_333_332),
            MoisPrevu("2023-03", 0, 12_333_336, 12_333_336),
        ),
        rythme=Rythme(
            "constate", date(2020, 1, 2), date(2020, 12, 31), 365, 2, 37_000_000, 18_500_000
        ),
        plafonds=(
            PlafondPrevu("enveloppe", 4_463_000_000, 37_000_000, True, 44_027, date(2141, 7, 17)),
            PlafondPrevu("quota_total", 298, 2, True, 54_385, date(2169, 11, 25)),
            PlafondPrevu("quota_qpv", 148, 2, True, 27_010, date(2094, 12, 13)),
            PlafondPrevu("quota_hors_qpv", 150, 0, True, None, None),
            PlafondPrevu("quota_numeriques", 29, 1, True, 10_585, date(2049, 12, 24)),
        ),
        premier_plafond="quota_numeriques",
        labels_supposes=2,
        suppose_centimes=37_000_000,
        horizon=2021,
        hypotheses=lu.hypotheses,
    )


def test_le_ferme_est_la_cellule_des_credits() -> None:
    """Le ferme d'un exercice est son « CP restant à prévoir », et la somme le reste à payer."""
    monde = deux_labels()
    monde.cloturer(2019)
    for au in (None, date(2020, 3, 1), date(2022, 1, 1)):
        vue = regarder(Journal(monde.livre.store, P), au=au)
        lu = prevision(vue)
        attendus = {
            ligne.exercice: ligne.cp_restant_a_prevoir_centimes
            for ligne in credits(vue)
            if ligne.cp_restant_a_prevoir_centimes
        }
        assert {e.exercice: e.ferme_centimes for e in lu.exercices if e.ferme_centimes} == attendus
        assert sum(attendus.values()) == lu.reste_a_payer_centimes
        assert lu.reste_a_payer_centimes == enveloppe(vue).reste_a_payer_centimes
        assert sum(e.exigible_centimes for e in lu.exercices) == (
            lu.exigible_tranches_centimes + lu.exigible_bonus_centimes
        )


def test_une_echeance_du_jour_est_exigible_celle_du_lendemain_est_a_venir() -> None:
    """Au jour de l'échéance la tranche est exigible ; la veille, elle est du mois à venir."""
    monde = deux_labels()
    veille = prevoir(monde, au=date(2021, 2, 28))
    jour = prevoir(monde, au=date(2021, 3, 1))
    assert veille.exigible_tranches_centimes == 4_000_000
    assert veille.mois[0] == MoisPrevu("2021-03", 9_000_000, 0, 9_000_000)
    assert jour.exigible_tranches_centimes == 13_000_000


def test_une_cadence_donnee_remplace_le_rythme() -> None:
    """40 labels par an à 150 000 EUR : l'enveloppe borne, la date est la première où elle
    manque."""
    monde = Monde(enveloppe_centimes=150_000_000)
    lu = prevoir(monde, cadence=Cadence(40, 15_000_000))
    jour = date(2019, 7, 11)
    assert lu.rythme == Rythme("donne", jour, jour, 365, 40, 600_000_000, 15_000_000)
    assert [(p.plafond, p.dans_jours) for p in lu.plafonds] == [
        ("enveloppe", 92),
        ("quota_total", 2738),
    ]
    assert (lu.labels_supposes, lu.suppose_centimes) == (10, 150_000_000)
    assert (lu.premier_plafond, lu.plafonds[0].le) == ("enveloppe", date(2019, 10, 11))
    rien = prevoir(monde, cadence=Cadence(0, 1))
    assert (rien.labels_supposes, rien.rythme.cout_moyen_centimes) == (0, None)
    assert rien.hypotheses[-1] == "Supposé : rien, la cadence donnée est nulle."


def test_sans_label_recent_rien_n_est_suppose() -> None:
    """Sans label dans la fenêtre, il n'y a pas de rythme : rien n'est supposé, et c'est dit."""
    lu = prevoir(deux_labels(), au=date(2022, 6, 1), fenetre=30)
    assert (lu.rythme.labels, lu.labels_supposes, lu.premier_plafond) == (0, 0, None)
    assert {p.le for p in lu.plafonds} == {None}
    assert lu.hypotheses[-1].startswith("Supposé : rien. Aucun label net de retraits n'est venu")


def test_un_retrait_ralentit_le_rythme() -> None:
    """Un label retiré dans l'année n'est plus compté, et ce qu'il rend à l'enveloppe non plus."""
    monde = deux_labels()
    monde.ok("RetirerLabel", "2020-06-01", structure="s2")
    lu = prevoir(monde, au=date(2020, 12, 31))
    assert (lu.rythme.labels, lu.rythme.engage_net_centimes) == (1, 25_000_000)


def test_un_plafond_deja_atteint_est_dit_atteint() -> None:
    """Une enveloppe épuisée est atteinte le jour même ; un quota indicatif ne borne rien."""
    monde = Monde(enveloppe_centimes=15_000_000, quotas="indicatifs", quota_total=1)
    monde.label()
    lu = prevoir(monde)
    assert [(p.plafond, p.bloquant, p.dans_jours) for p in lu.plafonds[:2]] == [
        ("enveloppe", True, 0),
        ("quota_total", False, 0),
    ]
    assert (lu.premier_plafond, lu.labels_supposes) == ("enveloppe", 0)


def test_un_fait_date_avant_ce_qu_il_retire_reste_compte() -> None:
    """Un retrait daté avant un paiement laisse un reste qu'aucun échéancier ne porte : il est
    montré à part."""
    monde = deux_labels()
    monde.payer(1, "2020-12-01", 4_000_000, structure="s2")
    monde.ok("RetirerLabel", "2020-11-01", structure="s2")
    lu = prevoir(monde, au=date(2020, 11, 15))
    assert lu.hors_echeancier_centimes == 4_000_000
    assert lu.reste_a_payer_centimes == 24_000_000
    assert sum(e.ferme_centimes for e in lu.exercices) == 24_000_000


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ({"fenetre": 0}, "de 1 à 36500 jours, 0 demandés"),
        ({"fenetre": 36_501}, "de 1 à 36500 jours"),
        ({"horizon": 2018}, "L'horizon va de 2019 à 2069, 2018 demandé"),
        ({"horizon": 2070}, "2070 demandé"),
        ({"cadence": Cadence(-1, 1)}, "Une cadence a un nombre de labels"),
        ({"cadence": Cadence(1, 0)}, "Une cadence a un nombre de labels"),
    ],
)
def test_ce_qui_est_hors_bornes_est_refuse(options: dict[str, Any], phrase: str) -> None:
    """Une fenêtre, un horizon ou une cadence hors bornes est un défaut d'usage."""
    with pytest.raises(UsageError, match=phrase):
        prevoir(Monde(), **options)


def test_avant_tout_fait_il_n_y_a_rien_a_prevoir() -> None:
    """À une date d'avant le programme, la prévision est refusée plutôt que vide."""
    with pytest.raises(UsageError, match="rien à prévoir"):
        prevoir(Monde(), au=date(2019, 1, 1))


def test_la_fenetre_compte_son_premier_jour_et_pas_la_veille() -> None:
    """Une fenêtre de 30 jours compte le jour de la prévision et les 29 d'avant, pas un de plus."""
    monde = deux_labels()  # on 3 February 2020
    for au, labels in ((date(2020, 3, 3), 2), (date(2020, 3, 4), 0)):
        lu = prevoir(monde, au=au, fenetre=30)
        assert lu.rythme.labels == labels
        assert (lu.rythme.jusqu_au - lu.rythme.depuis).days == 29


def test_le_quota_total_borne_les_labels_supposes() -> None:
    """Bloquant, le quota total borne ce qui est supposé ; indicatif, seule l'enveloppe le fait."""
    options: dict[str, Any] = {"cadence": Cadence(1_000, 15_000_000), "horizon": 2020}
    assert prevoir(Monde(quota_total=7), **options).labels_supposes == 7
    assert prevoir(Monde(quota_total=7, quotas="indicatifs"), **options).labels_supposes == 300


def test_un_quota_plein_dont_le_rythme_ne_s_approche_pas_n_est_pas_le_premier() -> None:
    """Le quota numérique plein n'est pas le premier plafond quand plus aucun label numérique ne
    vient."""
    monde = Monde(quota_numeriques=1)
    monde.label("s1", "2020-02-03")
    monde.label("s2", "2021-02-04", numerique=False)
    lu = prevoir(monde, fenetre=30)
    assert [(p.plafond, p.pris, p.dans_jours) for p in lu.plafonds][-1] == (
        "quota_numeriques",
        0,
        0,
    )
    assert lu.premier_plafond == "quota_qpv"


def test_les_ae_bloquantes_bornent_chaque_annee() -> None:
    """36 labels par an de 365 jours : 2020 en porte 40, 2021 en porte trois, et rien après."""
    monde = Monde(credits="bloquants")
    monde.ouvrir_credits(2020, 40 * 10_000_000, 0, "2019-12-31")
    monde.ouvrir_credits(2021, 3 * 10_000_000, 0, "2019-12-31")
    lu = prevoir(monde, au=date(2019, 12, 31), cadence=Cadence(36, 10_000_000), horizon=2030)
    assert [p for p in lu.plafonds if p.plafond.startswith("ae_")] == [
        PlafondPrevu("ae_2020", 400_000_000, 360_000_000, True, None, None),
        PlafondPrevu("ae_2021", 30_000_000, 360_000_000, True, 397, date(2021, 1, 31)),
    ]
    assert (lu.labels_supposes, lu.premier_plafond) == (36 + 3, "ae_2021")
    assert lu.hypotheses[-1].startswith("Crédits : un label prend son coût sur les AE")


def test_une_annee_sans_ae_ouvertes_arrete_le_suppose_au_premier_janvier() -> None:
    """Au-delà du 31 décembre, des AE qui ne sont pas ouvertes comptent pour zéro."""
    monde = Monde(credits="bloquants")
    monde.ouvrir_credits(2020, 100 * 10_000_000, 0)
    lu = prevoir(monde, au=date(2020, 7, 1), cadence=Cadence(20, 10_000_000))
    assert [(p.plafond, p.reste, p.le) for p in lu.plafonds[-2:]] == [
        ("ae_2020", 1_000_000_000, None),
        ("ae_2021", 0, date(2021, 1, 1)),
    ]
    assert (lu.labels_supposes, lu.premier_plafond) == (20 * 183 // 365, "ae_2021")


def test_des_ae_epuisees_arretent_le_suppose_meme_sans_label_cette_annee() -> None:
    """AE épuisées en décembre : atteintes le jour même, rien n'est supposé l'année d'après."""
    monde = Monde(credits="bloquants")
    monde.ouvrir_credits(2021, 100 * 10_000_000, 0, "2020-01-02")
    lu = prevoir(monde, au=date(2020, 12, 20), cadence=Cadence(10, 10_000_000))
    assert lu.plafonds[-1] == PlafondPrevu("ae_2020", 0, 100_000_000, True, 0, date(2020, 12, 20))
    assert (lu.labels_supposes, lu.premier_plafond) == (0, "ae_2020")


def test_des_ae_indicatives_ne_bornent_rien() -> None:
    """Quand les crédits ne bloquent pas, leurs AE ne sont pas des plafonds."""
    monde = Monde(credits="indicatifs")
    lu = prevoir(monde, cadence=Cadence(20, 10_000_000))
    assert not [p for p in lu.plafonds if p.plafond.startswith("ae_")]
    assert "AE" not in "".join(lu.hypotheses)


def test_les_bornes_admises_le_sont() -> None:
    """La fenêtre va d'un jour à cent ans, l'horizon de l'année de la vue à cinquante ans après."""
    assert (FENETRE, FENETRE_MAX, HORIZON_MAX) == (365, 36_500, 50)
    monde = Monde()
    for fenetre, depuis in ((1, date(2019, 7, 11)), (36_500, date(1919, 8, 6))):
        assert prevoir(monde, fenetre=fenetre).rythme.depuis == depuis
    for horizon in (2019, 2069):
        assert prevoir(monde, horizon=horizon).horizon == horizon
    assert prevoir(monde).horizon == 2019 + 3


def test_les_exercices_vont_en_ordre() -> None:
    """Les exercices d'une prévision se suivent dans l'ordre des années."""
    monde = Monde()
    monde.label("s1", "2047-02-03")  # 2048 comes first in a set of years
    annees = [e.exercice for e in prevoir(monde).exercices]
    assert annees == list(range(2047, annees[-1] + 1))


def labels_et_retraits(labels: tuple[int, ...], retraits: tuple[int, ...]) -> Monde:
    """Labels of 1 July 2020 at these amounts; those withdrawn that day came before the window."""
    monde = Monde(plancher_centimes=1, retraits_anterieurs_recyclables=True)
    for rang, montant in enumerate(retraits):
        monde.label(f"r{rang}", montant_centimes=montant)
    for rang, montant in enumerate(labels):
        monde.label(f"s{rang}", "2020-07-01", montant_centimes=montant)
    for rang, _ in enumerate(retraits):
        monde.ok("RetirerLabel", "2020-07-01", structure=f"r{rang}")
    return monde


@pytest.mark.parametrize(
    ("labels", "retraits", "net", "cout"),
    [
        ((5,), (), (1, 5), 5),
        ((4, 5), (), (2, 9), 4),
        ((5, 6), (10,), (1, 1), 1),
        ((5, 5), (10,), (1, 0), None),
        ((5, 4), (10,), (1, -1), None),
        ((9,), (4,), (0, 5), None),
        ((), (7,), (-1, -7), None),
        ((4, 4, 3), (10,), (2, 1), 0),
    ],
)
def test_le_cout_moyen_veut_un_solde_positif_de_labels_et_de_centimes(
    labels: tuple[int, ...], retraits: tuple[int, ...], net: tuple[int, int], cout: int | None
) -> None:
    """Le coût moyen est au centime inférieur ; sans label net ou sans dépense nette il n'y en a
    pas, et à moins d'un centime par label rien n'est supposé."""
    lu = prevoir(labels_et_retraits(labels, retraits), fenetre=30)
    assert (lu.rythme.labels, lu.rythme.engage_net_centimes) == net
    assert lu.rythme.cout_moyen_centimes == cout
    assert (lu.labels_supposes > 0) is bool(cout)
    if not cout:
        assert (lu.labels_supposes, lu.suppose_centimes) == (0, 0)


@pytest.mark.parametrize(
    ("disponible", "dans_jours", "le"),
    [
        (358_110, 358_110, date(2999, 12, 30)),
        (358_111, 358_111, date(2999, 12, 31)),
        (358_112, 358_112, None),
    ],
)
def test_un_plafond_atteint_apres_2999_n_a_pas_de_date(
    disponible: int, dans_jours: int, le: date | None
) -> None:
    """Un centime par jour : le plafond atteint le 31/12/2999 a sa date, le lendemain il n'a que
    ses jours."""
    lu = prevoir(Monde(enveloppe_centimes=disponible), cadence=Cadence(365, 1))
    attendu = PlafondPrevu("enveloppe", disponible, 365, True, dans_jours, le)
    assert lu.plafonds[0] == attendu


def test_le_premier_plafond_est_bloquant_et_le_premier_dit_a_egalite() -> None:
    """Un quota indicatif n'est jamais le premier ; à égalité de date, c'est le premier de la
    liste ; une enveloppe épuisée l'est même sans rythme."""
    cadence = Cadence(365, 1)
    indicatif = Monde(quotas="indicatifs", quota_total=2, enveloppe_centimes=10)
    assert prevoir(indicatif, cadence=cadence).premier_plafond == "enveloppe"
    bloquant = Monde(quota_total=2, enveloppe_centimes=10)
    assert prevoir(bloquant, cadence=cadence).premier_plafond == "quota_total"
    ensemble = Monde(enveloppe_centimes=10, credits="bloquants")
    ensemble.ouvrir_credits(2019, 10, 0, "2019-07-11")
    lu = prevoir(ensemble, cadence=cadence)
    assert [(p.plafond, p.dans_jours) for p in lu.plafonds if p.dans_jours == 10] == [
        ("enveloppe", 10),
        ("ae_2019", 10),
    ]
    assert lu.premier_plafond == "enveloppe"
    epuisee = Monde(enveloppe_centimes=15_000_000)
    epuisee.label()
    lu = prevoir(epuisee, au=date(2022, 1, 1), fenetre=30)
    assert (lu.rythme.engage_net_centimes, lu.premier_plafond) == (0, "enveloppe")


def test_un_quota_revise_sous_le_compte_ne_suppose_pas_moins_que_rien() -> None:
    """Plus de labels que le quota bloquant révisé : rien n'est supposé, jamais un nombre
    négatif."""
    monde = deux_labels()
    monde.reviser("2020-03-01", quota_total=1)
    lu = prevoir(monde)
    assert [(p.plafond, p.reste) for p in lu.plafonds][1] == ("quota_total", -1)
    assert (lu.labels_supposes, lu.suppose_centimes, lu.premier_plafond) == (0, 0, "quota_total")


def ae(monde: Monde, au: date, cadence: Cadence | None, **options: Any) -> list[tuple[Any, ...]]:
    """Of each ceiling of AE: its name, what is left, the days until it is met."""
    lu = prevoir(monde, au=au, cadence=cadence, **options)
    return [(p.plafond, p.reste, p.dans_jours) for p in lu.plafonds if p.plafond.startswith("ae_")]


def credits_de(*centimes: int, depuis: int = 2020) -> Monde:
    """AE that bind alone, opened year after year."""
    monde = Monde(credits="bloquants", quotas="indicatifs")
    for rang, ouvertes in enumerate(centimes):
        monde.ouvrir_credits(depuis + rang, ouvertes, 0, "2019-12-01")
    return monde


def test_les_ae_vont_de_l_annee_du_lendemain_a_l_horizon() -> None:
    """Le 30 décembre l'année compte encore, le 31 plus ; la dernière est celle de l'horizon."""
    monde, un = credits_de(1_000, 1_000, 1_000), Cadence(1, 1)
    for jour, attendues in (
        (date(2020, 12, 30), ["ae_2020", "ae_2021"]),
        (date(2020, 12, 31), ["ae_2021"]),
    ):
        lues = ae(monde, jour, un, horizon=2021)
        assert lues == [(nom, 1_000, None) for nom in attendues]
    assert ae(monde, date(2020, 12, 30), Cadence(0, 1)) == [("ae_2020", 1_000, None)]


def test_un_centime_d_ae_n_est_pas_rien() -> None:
    """Un centime d'AE de l'an prochain mène jusqu'à lui ; zéro, au 1er janvier, jour dit."""
    jour = date(2020, 12, 21)
    for ouvertes, dans_jours in ((1, 10 + 365), (0, 11), (2, None)):
        lues = ae(credits_de(1_000, ouvertes), jour, Cadence(1, 1), horizon=2021)
        assert lues[1] == ("ae_2021", ouvertes, dans_jours)


@pytest.mark.parametrize(
    ("ouvertes", "labels"),
    [
        ((365, 365 * 2, 5), 36 + 36 + 0),
        ((400, 400, 30), 72 + 3),
        ((365, 100, 0), 36 + 10),
        ((365, 350, 1_000, 1_000), 36 + 35),
    ],
)
def test_les_ae_bornent_les_labels_annee_par_annee(ouvertes: tuple[int, ...], labels: int) -> None:
    """36 labels par an à dix centimes depuis le 31/12/2019 : chaque année en porte ce que ses AE
    permettent, sans report, et la première qui manque arrête tout."""
    lu = prevoir(
        credits_de(*ouvertes), au=date(2019, 12, 31), cadence=Cadence(36, 10), horizon=2025
    )
    assert lu.labels_supposes == labels


def test_une_annee_bissextile_peut_porter_un_label_de_trop() -> None:
    """300 labels par an : 2024 en verrait 301 venir, ses AE en portent 300, et rien ne suit."""
    monde = credits_de(10_000, 3_009, 10_000, depuis=2023)
    lu = prevoir(monde, au=date(2023, 7, 1), cadence=Cadence(300, 10), horizon=2025)
    assert [(p.plafond, p.le) for p in lu.plafonds[-2:]] == [("ae_2024", None), ("ae_2025", None)]
    assert lu.labels_supposes == 150 + 300


def test_les_ae_de_l_annee_en_cours_bornent_au_label_pres() -> None:
    """Plus d'un label par jour : trois labels d'AE en laissent trois ; des AE négatives, zéro."""
    assert (
        prevoir(credits_de(30), au=date(2020, 7, 1), cadence=Cadence(400, 10)).labels_supposes == 3
    )
    monde = credits_de(30, 0)
    monde.reviser("2020-01-01", credits="indicatifs")
    monde.ok("OuvrirCrédits", "2020-01-02", exercice=2021, ae_centimes=-5, nature="annulation")
    monde.reviser("2020-01-03", credits="bloquants")
    lu = prevoir(monde, au=date(2020, 7, 1), cadence=Cadence(4, 1))
    assert [(p.plafond, p.reste, p.le) for p in lu.plafonds[-2:]] == [
        ("ae_2020", 30, None),
        ("ae_2021", -5, date(2021, 1, 1)),
    ]
    assert lu.labels_supposes == 4 * 183 // 365
    vide = prevoir(credits_de(30, 0), au=date(2020, 7, 1), cadence=Cadence(4, 1))
    assert vide.labels_supposes == 4 * 183 // 365


def test_les_hypotheses_disent_d_ou_vient_le_rythme_et_en_combien_de_parts() -> None:
    """Rythme constaté ou donné, paiement en une fois ou en parts égales : la phrase exacte."""
    constate = prevoir(deux_labels(), au=date(2020, 12, 31)).hypotheses
    assert constate[1] == (
        "Rythme constaté du 02/01/2020 au 31/12/2020 (365 jours) : 2 labels, retraits déduits, et "
        "370 000,00 € pris sur l'enveloppe."
    )
    assert "payés à l'échéance en 3 parts égales ; " in constate[2]
    donne = prevoir(Monde(exercices_max=1), cadence=Cadence(2, 15_000_000)).hypotheses
    assert donne[1] == "Rythme donné : 2 labels et 300 000,00 € par an de 365 jours."
    assert "payés à l'échéance en une fois ; " in donne[2]
