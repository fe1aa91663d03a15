"""Les verbes courts : ce que chacun admet, dit, et les commandes exactes qu'il développe."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from commands.hypotheses import HYPOTHESES, Groupe, Hypothese, HypotheseSansObjetError
from tests.unit.commands.test_scenario import GEL, LABELS, PAYER, sans
from tests.unit.monde import CRITERES, Monde, P, tranches

JOUR = date(2021, 3, 1)
UN = {**LABELS, "nombre": 1}
JUSQU_AU_REFUS = sans(LABELS, "nombre", hypothese="labelliser_jusqu_au_refus")
CP = {**GEL, "hypothese": "annuler_cp"}


def lire(donnees: dict[str, Any]) -> Hypothese:
    """The model of a short verb, dates given as texts."""
    return HYPOTHESES[donnees["hypothese"]].model_validate(donnees)


def developper(monde: Monde, donnees: dict[str, Any], jour: date = JOUR) -> list[Groupe]:
    """The groups of commands that it stands for."""
    return list(lire(donnees).groupes(monde.livre.etat(P), jour))


def test_les_verbes_courts_portent_leur_nom() -> None:
    """Chaque verbe court a son nom, et seul « jusqu'au refus » cherche le sien."""
    assert list(HYPOTHESES) == [
        "labelliser",
        "labelliser_jusqu_au_refus",
        "geler_credits",
        "annuler_cp",
        "verser_echeances",
    ]
    assert [nom for nom, classe in HYPOTHESES.items() if classe.cherche] == [
        "labelliser_jusqu_au_refus"
    ]
    assert (Hypothese.nom, HypotheseSansObjetError.code) == ("", "hypothese_sans_objet")


def test_un_verbe_court_sans_regle_ne_se_tait_pas() -> None:
    """Un verbe court qui ne dit ni sa phrase ni ses commandes est une erreur, jamais un vide."""
    vide = Hypothese()
    with pytest.raises(NotImplementedError):
        _ = vide.phrase
    with pytest.raises(NotImplementedError):
        vide.groupes(Monde().livre.etat(P), JOUR)


@pytest.mark.parametrize(
    ("donnees", "admis", "refuses"),
    [
        (UN, {"nombre": [1, 10_000], "intervalle_jours": [0, 366]}, {}),
        (UN, {}, {"nombre": [0, 10_001, True, "1"], "intervalle_jours": [-1, 367], "inconnu": [1]}),
        (JUSQU_AU_REFUS, {"maximum": [1, 10_000]}, {"maximum": [0, 10_001]}),
        (GEL, {"part_dix_milliemes": [1, 10_000]}, {"part_dix_milliemes": [0, 10_001]}),
        (CP, {"part_dix_milliemes": [1, 10_000]}, {"part_dix_milliemes": [0, 10_001]}),
        (PAYER, {"depuis": ["2020-12-31", "2021-01-01"]}, {"depuis": ["2021-01-02"]}),
    ],
)
def test_chaque_borne_d_un_verbe_court_est_tenue(
    donnees: dict[str, Any], admis: dict[str, list[Any]], refuses: dict[str, list[Any]]
) -> None:
    """La dernière valeur admise l'est, la suivante est refusée, sans répéter ce qui fut saisi."""
    for champ, valeurs in admis.items():
        for valeur in valeurs:
            lire({**donnees, champ: valeur})
    for champ, valeurs in refuses.items():
        for valeur in valeurs:
            with pytest.raises(ValidationError) as lu:
                lire({**donnees, champ: valeur})
            assert "input_value" not in str(lu.value)


def test_un_verbe_court_lu_ne_change_plus() -> None:
    """Une hypothèse lue est figée : ce qui est dit est ce qui est joué."""
    lue = lire(UN)
    with pytest.raises(ValidationError):
        lue.nombre = 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("bonus", [False, True])
@pytest.mark.parametrize("numerique", [False, True])
@pytest.mark.parametrize("territoire", ["qpv", "hors_qpv"])
def test_le_bonus_suppose_veut_une_structure_numerique_en_qpv(
    territoire: str, numerique: bool, bonus: bool
) -> None:
    """Le bonus n'est supposé qu'aux structures à la fois numériques et en QPV."""
    donnees = {**UN, "territoire": territoire, "numerique": numerique, "bonus": bonus}
    if bonus and not (numerique and territoire == "qpv"):
        with pytest.raises(ValidationError, match="bonus : réservé"):
            lire(donnees)
    else:
        assert lire(donnees).phrase.count("bonus compris en plus") == bonus


@pytest.mark.parametrize(
    ("donnees", "phrase"),
    [
        (UN, "1 label de plus à 150 000,00 € hors QPV, à partir du 01/06/2021"),
        (
            {**LABELS, "nombre": 2, "intervalle_jours": 1},
            "2 labels de plus à 150 000,00 € hors QPV, à partir du 01/06/2021, un tous les 1 jours",
        ),
        (
            {**JUSQU_AU_REFUS, "territoire": "qpv", "numerique": True, "bonus": True},
            "autant de labels que possible à 150 000,00 € numérique en QPV, bonus compris en plus, "
            "à partir du 01/06/2021",
        ),
        (GEL, "gel de 4 % des AE et CP ouverts de 2021"),
        ({**GEL, "sur": "ae"}, "gel de 4 % des AE ouvertes de 2021"),
        ({**GEL, "sur": "cp", "part_dix_milliemes": 5}, "gel de 0,05 % des CP ouverts de 2021"),
        (CP, "annulation de 4 % des CP ouverts de 2021"),
        (PAYER, "toutes les échéances jusqu'au 01/01/2021 payées à temps"),
        (
            {**PAYER, "bilans_acceptes": True},
            "toutes les échéances jusqu'au 01/01/2021 payées à temps, bilans acceptés",
        ),
    ],
)
def test_la_phrase_dit_exactement_ce_qui_est_suppose(donnees: dict[str, Any], phrase: str) -> None:
    """Chaque verbe court dit en français tout ce qu'il suppose, et rien d'autre."""
    assert lire(donnees).phrase == phrase


def test_un_label_suppose_est_une_candidature_entiere() -> None:
    """Un label supposé : dépôt, instruction et avis s'ils sont exigés, label, bonus ; rien de
    plus."""
    commun = {"structure": "simulation-0001", "date_effet": "2021-06-01"}
    depot = {
        "commande": "DéposerCandidature",
        **commun,
        "porteur": "Structure supposée n° 1 (simulation)",
        "code_postal": "00000",
        "ville": "Commune supposée",
        "territoire": "hors_qpv",
        "numerique": False,
    }
    label = {"commande": "LabelliserFabrique", **commun, "montant_centimes": 15_000_000}
    assert developper(Monde(), UN) == [[depot, label]]
    exigeant = Monde(instruction_requise=True, avis_requis=True)
    tout = {**UN, "territoire": "qpv", "numerique": True, "bonus": True, "vague": "2"}
    assert developper(exigeant, tout) == [
        [
            {**depot, "territoire": "qpv", "numerique": True, "vague": "2"},
            {"commande": "InstruireCandidature", **commun, "criteres": CRITERES},
            {"commande": "RendreAvis", **commun, "avis": "favorable", "instance": "Simulation"},
            label,
            {"commande": "AccorderBonusNumérique", **commun},
        ]
    ]


def test_le_dernier_jour_du_calendrier_porte_encore_un_label() -> None:
    """Un label le 31 décembre 2999 est supposé ; le lendemain n'existe pas."""
    monde = Monde()
    dernier = {**UN, "date_effet": "2999-12-31", "intervalle_jours": 1}
    assert [g[0]["date_effet"] for g in developper(monde, dernier)] == ["2999-12-31"]
    with pytest.raises(HypotheseSansObjetError, match="le label n° 2 tomberait après 2999"):
        developper(monde, {**dernier, "nombre": 2})


def test_un_gel_est_une_commande_au_centime_inferieur() -> None:
    """Le gel prend la part des AE et des CP, arrondie au centime inférieur, et dit sa source."""
    monde = Monde()
    monde.ouvrir_credits(2021, 1_000_099, 1_000_099)
    gel = {
        "commande": "GelerCrédits",
        "date_effet": "2021-01-05",
        "exercice": 2021,
        "ae_centimes": 40_003,
        "cp_centimes": 40_003,
        "source": "Simulation : gel de 4 % des AE et CP ouverts de 2021",
    }
    assert developper(monde, GEL) == [[gel]]
    ae, cp = (developper(monde, {**GEL, "sur": sur})[0][0] for sur in ("ae", "cp"))
    assert (ae["ae_centimes"], ae["cp_centimes"]) == (40_003, 0)
    assert (cp["ae_centimes"], cp["cp_centimes"]) == (0, 40_003)


def test_une_annulation_est_une_ouverture_negative_de_cp() -> None:
    """L'annulation rend la part des CP ouverts, laisse les AE, et dit sa source."""
    monde = Monde()
    monde.ouvrir_credits(2021, 7, 1_000_099)
    assert developper(monde, CP) == [
        [
            {
                "commande": "OuvrirCrédits",
                "date_effet": "2021-01-05",
                "exercice": 2021,
                "ae_centimes": 0,
                "cp_centimes": -40_003,
                "nature": "annulation",
                "source": "Simulation : annulation de 4 % des CP ouverts de 2021",
            }
        ]
    ]


@pytest.mark.parametrize("ouverts", [0, -100])
@pytest.mark.parametrize("donnees", [GEL, CP])
def test_une_part_de_rien_est_sans_objet(donnees: dict[str, Any], ouverts: int) -> None:
    """La part de crédits nuls, ou annulés au-delà de ce qui fut ouvert, est un défaut chiffré."""
    monde = Monde()
    monde.ouvrir_credits(2021, ouverts, ouverts)
    with pytest.raises(HypotheseSansObjetError, match="de 2021 est nulle") as lu:
        developper(monde, {**donnees, "part_dix_milliemes": 10_000})
    assert f"CP ouverts {ouverts // 100},00 €)" in lu.value.message


def versements(monde: Monde, **champs: Any) -> list[Groupe]:
    """What `verser_echeances` expands to."""
    return developper(monde, {**PAYER, **champs})


def payer(verbe: str, jour: str, centimes: int, **champs: Any) -> dict[str, Any]:
    """A supposed payment of s1."""
    paiement = {"commande": verbe, "structure": "s1", "date_effet": jour, **champs}
    return {**paiement, "montant_centimes": centimes, "reference": "SIMULATION"}


def ordre(jour: str, rang: int, centimes: int) -> dict[str, Any]:
    """A supposed order of payment for s1."""
    qui = {"commande": "OrdonnancerTranche", "structure": "s1", "date_effet": jour, "rang": rang}
    return {**qui, "montant_centimes": centimes, "dp": "SIMULATION"}


def test_ce_qui_reste_d_une_tranche_ou_d_un_bonus_est_paye_au_centime() -> None:
    """Le bonus d'abord, puis les tranches du même jour ; ce qui est déjà versé est déduit."""
    monde = Monde()
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.payer(1, "2020-02-03", 4_999_999)
    monde.ok("VerserBonus", "2020-02-03", montant_centimes=9_999_998)
    bonus = payer("VerserBonus", "2020-03-01", 2)
    tranche = payer("VerserTranche", "2020-03-01", 1, rang=1)
    assert versements(monde, depuis="2020-03-01") == [[bonus], [tranche]]
    monde.payer(1, "2020-02-03", 1, reference="V-2")
    monde.ok("VerserBonus", "2020-02-03", montant_centimes=2, reference="B-2")
    assert versements(monde, depuis="2020-03-01") == []


def test_les_bornes_de_la_periode_en_font_partie() -> None:
    """Un jour unique est une période ; un bonus ou une échéance de ce jour est payé, pas ceux du
    lendemain ; ce qui précède « depuis » est payé ce jour-là."""
    monde = Monde()
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")

    def jours(depuis: str, jusqu_au: str) -> list[tuple[str, str]]:
        groupes = versements(monde, depuis=depuis, jusqu_au=jusqu_au)
        return [(g[-1]["commande"], g[-1]["date_effet"]) for g in groupes]

    assert jours("2020-02-02", "2020-02-02") == []
    du_jour = [("VerserBonus", "2020-02-03"), ("VerserTranche", "2020-02-03")]
    assert jours("2020-02-03", "2020-02-03") == du_jour
    assert jours("2020-01-01", "2021-02-28") == du_jour
    assert jours("2020-01-01", "2021-03-01") == [*du_jour, ("VerserTranche", "2021-03-01")]
    (premier,) = {g[-1]["date_effet"] for g in developper(monde, PAYER, date(2021, 1, 1))}
    assert premier == "2021-01-01"
    with pytest.raises(HypotheseSansObjetError, match="du 02/01/2021, après jusqu_au"):
        developper(monde, PAYER, date(2021, 1, 2))


def test_une_tranche_n_est_pas_payee_avant_son_exercice() -> None:
    """Une échéance d'avant son exercice est payée le 1er janvier de celui-ci."""
    monde = Monde()
    lignes = tranches((2020, 5_000_000, "2020-02-03"), (2021, 5_000_000, "2020-12-01"))
    monde.label(montant_centimes=10_000_000, echeancier=lignes)
    assert [g[0]["date_effet"] for g in versements(monde, depuis="2020-02-03")] == [
        "2020-02-03",
        "2021-01-01",
    ]


def test_l_ordre_suppose_ne_couvre_que_ce_qui_n_est_pas_ordonne() -> None:
    """Où l'ordonnancement est exigé : tout, le reste d'un ordre partiel au centime, ou rien."""
    monde = Monde(ordonnancement_requis=True)
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    jour = "2020-03-01"
    bonus = [ordre(jour, 0, 10_000_000), payer("VerserBonus", jour, 10_000_000)]
    paiement = payer("VerserTranche", jour, 5_000_000, rang=1)
    assert versements(monde, depuis=jour) == [bonus, [ordre(jour, 1, 5_000_000), paiement]]
    monde.ok("OrdonnancerTranche", "2020-02-04", montant_centimes=4_999_999)
    assert versements(monde, depuis=jour)[1:] == [[ordre(jour, 1, 1), paiement]]
    monde.ok("OrdonnancerTranche", "2020-02-04", montant_centimes=1, dp="DP-2")
    assert versements(monde, depuis=jour)[1:] == [[paiement]]


def test_un_bilan_n_est_suppose_que_s_il_manque() -> None:
    """Le bilan de l'exercice d'avant n'est supposé que si on le demande, si la règle l'exige et
    s'il n'est pas déjà accepté ; un bilan refusé manque toujours."""

    def verbes(monde: Monde, **champs: Any) -> list[Any]:
        groupes = versements(monde, depuis="2021-03-01", jusqu_au="2021-12-31", **champs)
        return [c for g in groupes for c in g if c["commande"] != "VerserTranche"]

    bilan = {
        "commande": "RecevoirBilan",
        "structure": "s1",
        "date_effet": "2021-03-01",
        "exercice": 2020,
        "accepte": True,
    }
    libre, exigeant = Monde(), Monde(bilan_requis=True)
    for monde in (libre, exigeant):
        monde.label()
    assert verbes(libre, bilans_acceptes=True) == []
    assert verbes(exigeant) == []
    assert verbes(exigeant, bilans_acceptes=True) == [bilan]
    exigeant.ok("RecevoirBilan", "2021-01-02", accepte=False)
    assert verbes(exigeant, bilans_acceptes=True) == [bilan]
    exigeant.ok("RecevoirBilan", "2021-01-03", accepte=True)
    assert verbes(exigeant, bilans_acceptes=True) == []
