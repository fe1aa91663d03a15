"""La prévision : le ferme est ce qui reste dû, le supposé un rythme prolongé, jamais mêlés."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger import Journal, UsageError
from projections import credits, enveloppe, regarder
from projections.prevision import (
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
