"""Soldes et lignes de crédits : ce que chaque fait fait à l'argent."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import asdict

from ledger import Journal
from ledger.budget import LigneCredits, a_prevoir, ligne_seule, lignes_credits
from ledger.soldes import PROGRAMME, Exercice, Labels, Soldes, effets, plier
from tests.unit.monde import Monde, P, tranches


def soldes(monde: Monde) -> Soldes:
    """The balances, folded again from the journal."""
    return plier(fait for _, fait in Journal(monde.livre.store, P).rattraper())


def exercice(monde: Monde, annee: int) -> dict[str, int]:
    """The members of one exercice that are not zero."""
    return {k: v for k, v in asdict(soldes(monde).exercice(annee)).items() if v}


def test_au_debut_tout_est_nul() -> None:
    """Sans fait, aucun solde."""
    vide = Soldes()
    assert (vide.disponible, vide.exercice(2020), vide.labels) == (0, Exercice(), Labels())
    assert (vide.dernier_clos, vide.bonus_accordes, lignes_credits(vide)) == (0, 0, ())


def test_un_label_engage_et_prevoit(monde: Monde) -> None:
    """Un label engage tout dans son exercice et prévoit par exercice."""
    monde.label(territoire="hors_qpv")
    assert exercice(monde, 2020) == {"engage": 15_000_000, "a_prevoir": 5_000_000}
    assert exercice(monde, 2022) == {"a_prevoir": 5_000_000}
    assert soldes(monde).disponible == 4_485_000_000
    assert soldes(monde).labels == Labels(total=1, hors_qpv=1, numeriques=1)


def test_un_bonus_s_engage_a_part(monde: Monde) -> None:
    """Le bonus est un engagement à part, dans son exercice."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.ok("VerserBonus", "2020-03-01", montant_centimes=4_000_000)
    assert exercice(monde, 2019) == {"engage_bonus": 10_000_000, "a_prevoir": 6_000_000}
    assert exercice(monde, 2020)["cp_payes_bonus"] == 4_000_000
    assert (soldes(monde).disponible, soldes(monde).bonus_accordes) == (4_475_000_000, 1)


@pytest.mark.parametrize(
    ("jour", "recyclable", "attendu", "rendu"),
    [
        ("2020-06-01", False, {"retraits_meme": 15_000_000}, 15_000_000),
        ("2021-06-01", False, {"retraits_anterieurs": 15_000_000}, 0),
        (
            "2021-06-01",
            True,
            {"retraits_anterieurs": 15_000_000, "retraits_recyclables": 15_000_000},
            15_000_000,
        ),
    ],
)
def test_un_retrait_rend_selon_son_exercice(
    jour: str, recyclable: bool, attendu: dict[str, int], rendu: int
) -> None:
    """Même exercice : AE et enveloppe rendues ; ultérieur : rien, sauf recyclage."""
    monde = Monde(retraits_anterieurs_recyclables=recyclable)
    monde.label()
    monde.ok("RetirerLabel", jour)
    obtenu = exercice(monde, int(jour[:4]))
    obtenu.pop("engage", None)
    assert obtenu == attendu
    assert soldes(monde).disponible == 4_485_000_000 + rendu
    assert soldes(monde).labels == Labels()


def test_les_credits_s_ouvrent_se_gelent_et_se_consomment(monde: Monde) -> None:
    """Disponible = ouvert - gelé - consommé, en AE comme en CP."""
    monde.ouvrir_credits(2020, ae=20_000_000, cp=6_000_000)
    champs: dict[str, Any] = {"ae_centimes": 300, "cp_centimes": 200}
    monde.ok("GelerCrédits", "2020-01-03", **champs)
    monde.ok("DégelerCrédits", "2020-01-04", ae_centimes=100, cp_centimes=50)
    monde.label()
    monde.payer(1, "2020-03-01")
    ligne = lignes_credits(soldes(monde))[0]
    assert (ligne.ae_disponibles_centimes, ligne.cp_disponibles_centimes) == (4_999_800, 999_850)


def test_les_lignes_se_suivent_sans_trou_et_se_reportent(monde: Monde) -> None:
    """Les lignes vont du premier au dernier exercice, chaque clôture ouvrant la suivante."""
    lignes = ((2020, 5_000_000, "2020-02-03"), (2022, 4_000_000))
    monde.label(montant_centimes=9_000_000, echeancier=tranches(*lignes))
    monde.payer(1, "2020-03-01")
    obtenu = [
        (
            x.exercice,
            x.rap_ouverture_centimes,
            x.rap_cloture_centimes,
            x.cp_restant_a_prevoir_centimes,
        )
        for x in lignes_credits(soldes(monde))
    ]
    assert obtenu == [
        (2020, 0, 4_000_000, 0),
        (2021, 4_000_000, 4_000_000, 0),
        (2022, 4_000_000, 4_000_000, 4_000_000),
    ]


def test_une_ligne_hors_de_la_table_est_de_zeros(monde: Monde) -> None:
    """Un exercice hors de la table a une ligne de zéros ; la table se borne."""
    monde.label()
    table = lignes_credits(soldes(monde), jusqua=2020)
    assert [x.exercice for x in table] == [2020]
    seule = ligne_seule(soldes(monde), 2031, table)
    assert {k: v for k, v in asdict(seule).items() if v} == {"exercice": 2031}


def test_une_annulation_remet_a_prevoir(monde: Monde) -> None:
    """Un versement annulé est de nouveau à prévoir sur l'exercice de sa tranche."""
    monde.label()
    position = monde.payer(1, "2021-03-01")
    assert a_prevoir(soldes(monde)) == {2021: 5_000_000, 2022: 5_000_000}
    monde.ok("AnnulerVersement", "2021-03-02", position=position)
    assert a_prevoir(soldes(monde)) == {2020: 5_000_000, 2021: 5_000_000, 2022: 5_000_000}
    assert exercice(monde, 2021) == {"a_prevoir": 5_000_000}


def test_les_soldes_de_l_etat_sont_ceux_du_journal(monde: Monde) -> None:
    """Les soldes tenus au fil des commandes sont ceux que le journal redonne."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-03-01")
    monde.ok("RetirerLabel", "2021-06-01")
    monde.cloturer(2019, 2020)
    assert soldes(monde) == monde.livre.etat(P).soldes


MEMBRES = Exercice.__struct_fields__
BINAIRES = Soldes({(2020, membre): 2**k for k, membre in enumerate(MEMBRES)})
"""One bit a member: a sum says which ones it holds, and with which sign."""
BIT = {membre: 2**k for k, membre in enumerate(MEMBRES)}


def test_les_disponibles_ont_exactement_leurs_membres() -> None:
    """AE : ouvert, moins gelé et engagé, plus rendu ; CP : ouvert, moins gelé et payé."""
    b = BIT
    assert BINAIRES.ae_disponibles(2020) == (
        b["ae_ouvertes"] - b["ae_gelees"] - b["engage"] - b["engage_bonus"]
    ) + (b["retraits_meme"] + b["retraits_meme_bonus"] + b["retraits_recyclables"])
    assert BINAIRES.cp_disponibles(2020) == (
        b["cp_ouverts"] - b["cp_geles"] - b["cp_payes"] - b["cp_payes_bonus"]
    ) - (b["regularisations"] + b["regularisations_bonus"])


def test_une_ligne_de_credits_ajoute_la_subvention_et_le_bonus() -> None:
    """Chaque colonne de la table `credits` a exactement ses membres, bonus compris."""
    b = BIT
    engage = b["engage"] + b["engage_bonus"]
    meme = b["retraits_meme"] + b["retraits_meme_bonus"]
    anterieurs = b["retraits_anterieurs"] + b["retraits_anterieurs_bonus"]
    payes = b["cp_payes"] + b["cp_payes_bonus"]
    regularisations = b["regularisations"] + b["regularisations_bonus"]
    assert lignes_credits(BINAIRES) == (
        LigneCredits(
            exercice=2020,
            ae_ouvertes_centimes=b["ae_ouvertes"],
            ae_gelees_centimes=b["ae_gelees"],
            ae_engagees_centimes=engage,
            retraits_meme_exercice_centimes=meme,
            retraits_anterieurs_centimes=anterieurs,
            cp_ouverts_centimes=b["cp_ouverts"],
            cp_geles_centimes=b["cp_geles"],
            cp_payes_centimes=payes,
            regularisations_centimes=regularisations,
            reversements_centimes=b["reversements"],
            ae_disponibles_centimes=BINAIRES.ae_disponibles(2020),
            cp_disponibles_centimes=BINAIRES.cp_disponibles(2020),
            cp_restant_a_prevoir_centimes=b["a_prevoir"],
            rap_ouverture_centimes=0,
            rap_cloture_centimes=engage - payes - regularisations - meme - anterieurs,
        ),
    )


def test_ce_qui_est_du_programme_n_est_d_aucun_exercice() -> None:
    """Ce qui appartient au programme n'est ni une année, ni dans le total d'un membre."""
    melange = Soldes({(PROGRAMME, "engage"): 5, (2021, "engage"): 1, (2020, "engage"): 2})
    assert melange.annees() == (2020, 2021)
    assert melange.total("engage") == 3
    assert melange.total("cp_payes") == 0


def test_un_avenant_sans_variation_ne_touche_que_les_previsions() -> None:
    """Un avenant qui ne fait que déplacer l'échéancier n'engage ni n'impute rien, pas même zéro."""
    monde = Monde()
    monde.label(montant_centimes=9_000_000)
    lignes = ((2020, 3_000_000, "2020-02-03"), (2021, 2_000_000), (2022, 4_000_000))
    avenant = {"montant_centimes": 9_000_000, "echeancier": tranches(*lignes)}
    fait = monde.fait("SignerAvenant", "2021-01-10", **avenant)
    assert [*effets(fait, Soldes())] == [
        ((2021, "a_prevoir"), -1_000_000),
        ((2022, "a_prevoir"), 1_000_000),
    ]


@pytest.mark.parametrize(
    ("clos", "attendu"),
    [
        (False, [((2020, "cp_payes_bonus"), -4_000_000), ((2019, "a_prevoir"), 4_000_000)]),
        (True, [((2021, "regularisations_bonus"), -4_000_000), ((2019, "a_prevoir"), 4_000_000)]),
    ],
)
def test_annuler_un_bonus_rend_les_cp_du_bonus(clos: bool, attendu: list[Any]) -> None:
    """Un versement de bonus annulé rend des CP de bonus, ou régularise un exercice clos."""
    monde = Monde()
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    position = monde.ok("VerserBonus", "2020-03-01", montant_centimes=4_000_000)
    if clos:
        monde.cloturer(2019, 2020)
    fait = monde.fait("AnnulerVersement", "2021-03-02", position=position)
    assert [*effets(fait, Soldes())] == attendu


def test_une_cloture_ne_fait_jamais_reculer_le_dernier_clos() -> None:
    """Clôturer moins loin que le dernier clos ne le change pas."""
    monde = Monde()
    fait = monde.fait("ClôturerExercice", "2020-01-02", exercice=2019)
    dernier = (PROGRAMME, "dernier_clos")
    assert [*effets(fait, Soldes())] == [(dernier, 2019)]
    assert [*effets(fait, Soldes({dernier: 2018}))] == [(dernier, 1)]
    assert [*effets(fait, Soldes({dernier: 2020}))] == [(dernier, 0)]
