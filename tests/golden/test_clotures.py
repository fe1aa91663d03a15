"""Clore un exercice : sceaux de l'exemple chiffré, et retraits de part et d'autre d'une clôture.

Every table is written out in cents; seals are recomputed here with `json` and `hashlib` alone.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from ledger import Journal
from ledger.evenements import ExerciceClôturé
from ledger.preuve.merkle import Arbre
from projections import credits, enveloppe, regarder
from projections.situation import Situation, Vue, appliquer
from projections.testing.chiffres import en_json
from tests.golden.test_exemple_chiffre import identifiant, laureats
from tests.unit.monde import Monde, P, tranches

M = 1_000_000
"""A million cents: ten thousand euros."""
Ligne = dict[str, int]
COLONNES = (
    "ae_ouvertes",
    "ae_gelees",
    "ae_engagees",
    "retraits_meme_exercice",
    "retraits_anterieurs",
    "cp_ouverts",
    "cp_geles",
    "cp_payes",
    "regularisations",
    "reversements",
    "ae_disponibles",
    "cp_disponibles",
    "cp_restant_a_prevoir",
    "rap_ouverture",
    "rap_cloture",
)


def ligne(exercice: int, **montants: int) -> Ligne:
    """A whole line: the amounts given, zero elsewhere, nothing else."""
    assert set(montants) <= set(COLONNES)
    return {
        "exercice": exercice,
        **{f"{nom}_centimes": montants.get(nom, 0) for nom in COLONNES},
    }


def sceau(lignes: list[Ligne]) -> str:
    """SHA-256 of canonical JSON, without the engine's encoder."""
    texte = json.dumps(lignes, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(texte.encode()).hexdigest()


def tableau(monde: Monde) -> list[Ligne]:
    """The `credits` table as anybody reads it, its roll-forward checked line by line."""
    lignes: list[Ligne] = en_json(credits(regarder(Journal(monde.livre.store, P))))
    reste = 0
    for x in lignes:
        assert x["rap_ouverture_centimes"] == reste
        reste += x["ae_engagees_centimes"] - x["cp_payes_centimes"]
        reste -= x["regularisations_centimes"] + x["retraits_meme_exercice_centimes"]
        reste -= x["retraits_anterieurs_centimes"]
        assert x["rap_cloture_centimes"] == reste
    assert reste == sum(x["cp_restant_a_prevoir_centimes"] for x in lignes)
    return lignes


def disponible(monde: Monde) -> int:
    """What is left of the envelope of 4 500 M."""
    return enveloppe(regarder(Journal(monde.livre.store, P))).disponible_centimes


def sceaux(monde: Monde) -> dict[int, tuple[Any, str]]:
    """Exercice -> what its closing sealed."""
    faits = [fait for _, fait in Journal(monde.livre.store, P).rattraper()]
    return {f.exercice: (f.totaux, f.empreinte) for f in faits if isinstance(f, ExerciceClôturé)}


def clore_sur(monde: Monde, *exercices: int) -> None:
    """Close these exercices: each seals the lines that the table showed, and shows for ever."""
    lignes = tableau(monde)
    monde.cloturer(*exercices)
    assert lignes == tableau(monde)
    for annee in exercices:
        closes = [x for x in lignes if x["exercice"] <= annee]
        assert sceaux(monde)[annee] == (closes[-1], sceau(closes))


# --- the golden example, closed year after year ---

EXEMPLE = [
    ligne(2019, ae_engagees=320 * M, ae_disponibles=-320 * M, rap_cloture=320 * M),
    ligne(
        2020,
        ae_engagees=1_200 * M,
        ae_disponibles=-1_200 * M,
        cp_payes=720 * M,
        cp_disponibles=-720 * M,
        rap_ouverture=320 * M,
        rap_cloture=800 * M,
    ),
    ligne(
        2021,
        retraits_anterieurs=20 * M,
        cp_payes=390 * M,
        cp_disponibles=-390 * M,
        rap_ouverture=800 * M,
        rap_cloture=390 * M,
    ),
    ligne(2022, cp_payes=390 * M, cp_disponibles=-390 * M, rap_ouverture=390 * M),
]
EMPREINTES = {
    2019: "f0589e66df799d5ac0e415b283b4c8c30e9b4c0d828778b47d2e37bfe25cbad7",
    2020: "b25bfa450def2f6106b74f9f640610801f56792e4c3dcb98cdac4996d706359a",
    2021: "eba92b9747c354ca567196d8493ea9a1425796e349f324df58044c31d4466fae",
    2022: "bf5ce37c24c6b80a31c3d01b79685727652eb21ed64722a5a0b1266cf59a6ea4",
}


@pytest.fixture(scope="module")
def exemple() -> Monde:
    """80 ceiling grants, 32 bonuses charged to 2019, two withdrawals in 2021; closed each January.

    The bonuses are charged to 2019 and recorded in February 2020: the closing of 2019, dated
    January, is recorded after them. Then come the facts that a closed exercice still admits.
    """
    monde = Monde()
    monde.reviser("2020-02-03", quota_numeriques=32)
    noms = [identifiant(n, x) for n, x in enumerate(laureats(), start=1)]
    for n, nom in enumerate(noms):
        monde.ok("DéposerCandidature", "2020-01-10", structure=nom, numerique=n < 32)
        monde.ok("LabelliserFabrique", "2020-02-03", structure=nom, vague=1)
    for nom in noms[:32]:
        monde.ok("AccorderBonusNumérique", "2020-02-03", structure=nom)
    monde.ok("ClôturerExercice", "2020-01-31", exercice=2019)
    for nom in noms:
        monde.payer(1, "2020-03-02", structure=nom)
    for nom in noms[:32]:
        monde.ok("VerserBonus", "2020-03-02", structure=nom)
    monde.ok("ClôturerExercice", "2021-01-15", exercice=2020)
    for nom in noms[-2:]:
        monde.ok("RetirerLabel", "2021-02-15", structure=nom)
    for nom in noms[:-2]:
        monde.payer(2, "2021-03-02", structure=nom)
    monde.ok("ClôturerExercice", "2022-01-15", exercice=2021)
    payes = [monde.payer(3, "2022-03-02", structure=nom) for nom in noms[:-2]]
    monde.ok("ClôturerExercice", "2023-01-15", exercice=2022)
    abandon = noms[-1]
    monde.ok("CorrigerStructure", "2020-12-31", structure=abandon, ville="Paris")
    monde.ok("DemanderReversement", "2023-01-20", structure=abandon)
    monde.ok("EncaisserReversement", "2022-12-31", structure=abandon)
    monde.ok("AnnulerVersement", "2022-12-30", structure=noms[0], position=payes[0])
    return monde


def test_chaque_cloture_scelle_les_totaux_et_l_empreinte_ecrits_ici(exemple: Monde) -> None:
    """Chaque clôture de l'exemple scelle sa ligne et l'empreinte de toutes celles jusqu'à elle.

    Un JSON trié et un SHA-256 suffisent à retrouver chaque empreinte depuis les lignes écrites.
    """
    retrouvees = {x["exercice"]: sceau(EXEMPLE[:rang]) for rang, x in enumerate(EXEMPLE, start=1)}
    assert retrouvees == EMPREINTES
    assert sceaux(exemple) == {x["exercice"]: (x, EMPREINTES[x["exercice"]]) for x in EXEMPLE}


def test_ce_que_les_clos_admettent_encore_va_au_premier_ouvert(exemple: Monde) -> None:
    """Rejet bancaire et reversement datés de 2022, déjà clos, se comptent tous deux en 2023."""
    attendu = ligne(
        2023,
        regularisations=-5 * M,
        reversements=1 * M,
        cp_disponibles=5 * M,
        cp_restant_a_prevoir=5 * M,
        rap_cloture=5 * M,
    )
    assert tableau(exemple) == [*EXEMPLE, attendu]
    assert disponible(exemple) == 2_980 * M


def test_les_tableaux_clos_sont_les_memes_octets_apres_chaque_fait(exemple: Monde) -> None:
    """Après chaque fait ultérieur, les lignes closes sont aux octets près celles des sceaux."""
    situation, clos, vus = Situation(), 0, dict.fromkeys(EMPREINTES, 0)
    for position, fait in Journal(exemple.livre.store, P).rattraper():
        situation = appliquer(situation, position, fait)
        if isinstance(fait, ExerciceClôturé):
            clos = fait.exercice
        vue = Vue(programme=P, au=None, situation=situation, arbre=Arbre())
        lignes = en_json(credits(vue)) if clos else []
        for annee in range(2019, clos + 1):
            assert sceau([x for x in lignes if x["exercice"] <= annee]) == EMPREINTES[annee]
            vus[annee] += 1
    assert vus == {2019: 278, 2020: 165, 2021: 84, 2022: 5}


def test_un_exercice_clos_avant_ses_bonus_les_refuse() -> None:
    """2019 clos avant l'octroi, le bonus imputé à 2019 est refusé ; nommé en 2020, il passe."""
    monde = Monde()
    monde.cloturer(2019)
    monde.label()
    assert monde.refus("AccorderBonusNumérique", "2020-02-03") == "exercice_clos"
    monde.ok("AccorderBonusNumérique", "2020-02-03", exercice=2020)
    engage = ligne(
        2020,
        ae_engagees=25 * M,
        ae_disponibles=-25 * M,
        cp_restant_a_prevoir=15 * M,
        rap_cloture=25 * M,
    )
    reste = {"rap_ouverture": 25 * M, "rap_cloture": 25 * M}
    prevus = [ligne(a, cp_restant_a_prevoir=5 * M, **reste) for a in (2021, 2022)]
    assert tableau(monde) == [engage, *prevus]


# --- withdrawals on either side of a closing: s1 has 15 M committed in 2020 ---


def avec_bonus(**regles: Any) -> Monde:
    """s1: 15 M of 2020, a bonus of 10 M of 2019, 5 M paid in 2020; 2019 is closed."""
    monde = Monde(**regles)
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.cloturer(2019)
    monde.payer(1, "2020-03-02")
    return monde


L2019 = ligne(2019, ae_engagees=10 * M, ae_disponibles=-10 * M, rap_cloture=10 * M)


def test_a_un_retrait_de_la_meme_annee_rend_les_ae_et_l_enveloppe() -> None:
    """La part de 2020, retirée en 2020, revient ; le bonus de 2019, exercice clos, non."""
    monde = avec_bonus()
    l2020 = {"ae_engagees": 15 * M, "cp_payes": 5 * M, "cp_disponibles": -5 * M}
    l2020["rap_ouverture"] = 10 * M
    reste = {"rap_ouverture": 20 * M, "rap_cloture": 20 * M}
    prevus = [ligne(a, cp_restant_a_prevoir=5 * M, **reste) for a in (2021, 2022)]
    ouvert = {"ae_disponibles": -15 * M, "cp_restant_a_prevoir": 10 * M, "rap_cloture": 20 * M}
    assert tableau(monde) == [L2019, ligne(2020, **l2020, **ouvert), *prevus]
    assert disponible(monde) == 4_475 * M
    monde.ok("RetirerLabel", "2020-09-01")
    retrait = {"retraits_meme_exercice": 10 * M, "retraits_anterieurs": 10 * M}
    assert tableau(monde) == [L2019, ligne(2020, **l2020, **retrait, ae_disponibles=-5 * M)]
    assert disponible(monde) == 4_485 * M
    clore_sur(monde, 2020)


@pytest.mark.parametrize("clos", [False, True], ids=["engagement-ouvert", "engagement-clos"])
def test_b_un_retrait_d_une_annee_ulterieure_ne_rend_rien(clos: bool) -> None:
    """Retirés en 2021, les 12 M de 2020 sont antérieurs, que 2020 soit clos ou non."""
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-02", 3 * M)
    l2020 = {"ae_engagees": 15 * M, "ae_disponibles": -15 * M, "rap_cloture": 12 * M}
    l2020 |= {"cp_payes": 3 * M, "cp_disponibles": -3 * M}
    reste = {"rap_ouverture": 12 * M, "rap_cloture": 12 * M}
    prevu = {2020: 0, 2021: 7 * M} if clos else {2020: 2 * M, 2021: 5 * M}
    if clos:
        monde.cloturer(2019, 2020)
    assert tableau(monde) == [
        ligne(2020, **l2020, cp_restant_a_prevoir=prevu[2020]),
        ligne(2021, **reste, cp_restant_a_prevoir=prevu[2021]),
        ligne(2022, **reste, cp_restant_a_prevoir=5 * M),
    ]
    assert disponible(monde) == 4_485 * M
    monde.ok("RetirerLabel", "2021-02-15")
    retire = ligne(2021, retraits_anterieurs=12 * M, rap_ouverture=12 * M)
    assert tableau(monde) == [ligne(2020, **l2020), retire]
    assert disponible(monde) == 4_485 * M
    if not clos:
        monde.cloturer(2019)
    clore_sur(monde, *([2021] if clos else [2020, 2021]))


def test_c_un_retrait_anterieur_recyclable_rend_au_jour_de_sa_regle() -> None:
    """Recyclable au 1er juin 2021 : le retrait de la veille ne rend rien, celui du jour rend."""
    monde = Monde()
    monde.label()
    monde.label("s2")
    monde.cloturer(2019, 2020)
    monde.reviser("2021-06-01", retraits_anterieurs_recyclables=True)
    l2020 = ligne(2020, ae_engagees=30 * M, ae_disponibles=-30 * M, rap_cloture=30 * M)
    reste = {"rap_ouverture": 30 * M, "rap_cloture": 30 * M}
    assert tableau(monde) == [
        l2020,
        ligne(2021, **reste, cp_restant_a_prevoir=20 * M),
        ligne(2022, **reste, cp_restant_a_prevoir=10 * M),
    ]
    monde.ok("RetirerLabel", "2021-05-31")
    retire = {"retraits_anterieurs": 15 * M, "rap_ouverture": 30 * M, "rap_cloture": 15 * M}
    assert tableau(monde) == [
        l2020,
        ligne(2021, **retire, cp_restant_a_prevoir=10 * M),
        ligne(2022, rap_ouverture=15 * M, rap_cloture=15 * M, cp_restant_a_prevoir=5 * M),
    ]
    assert disponible(monde) == 4_470 * M
    monde.ok("RetirerLabel", "2021-06-01", structure="s2")
    rendu = {"retraits_anterieurs": 30 * M, "ae_disponibles": 15 * M, "rap_ouverture": 30 * M}
    assert tableau(monde) == [l2020, ligne(2021, **rendu)]
    assert disponible(monde) == 4_485 * M
    clore_sur(monde, 2021)


def test_c_bis_un_bonus_hors_enveloppe_recyclable_ne_rend_que_des_ae() -> None:
    """Recyclable et hors enveloppe, le bonus retiré rend des AE en 2020, rien à l'enveloppe."""
    monde = avec_bonus(
        retraits_anterieurs_recyclables=True, imputation_bonus="hors_enveloppe", quota_total=1
    )
    assert disponible(monde) == 4_485 * M
    monde.ok("RetirerLabel", "2020-09-01")
    retrait = {"retraits_meme_exercice": 10 * M, "retraits_anterieurs": 10 * M}
    paye = {"cp_payes": 5 * M, "cp_disponibles": -5 * M, "rap_ouverture": 10 * M}
    l2020 = ligne(2020, ae_engagees=15 * M, ae_disponibles=5 * M, **paye, **retrait)
    assert tableau(monde) == [L2019, l2020]
    assert disponible(monde) == 4_495 * M
    clore_sur(monde, 2020)


DANS_LE_CLOS: list[tuple[str, dict[str, Any]]] = [
    ("RetirerLabel", {}),
    ("VerserTranche", {"rang": 2}),
    ("SignerConvention", {}),
    ("SignerAvenant", {"montant_centimes": 10 * M, "echeancier": tranches((2020, 10 * M))}),
    ("RecevoirBilan", {}),
    ("DemanderReversement", {}),
    ("OrdonnancerTranche", {"rang": 2}),
    ("OuvrirCrédits", {}),
    ("RéviserRègles", {}),
    ("DéposerCandidature", {"structure": "s2"}),
]


def test_d_ce_qu_un_exercice_clos_refuse_et_ce_qu_il_admet() -> None:
    """Daté de 2020 clos, un retrait est refusé ; rejet et reversement se comptent en 2021."""
    monde = Monde()
    monde.label()
    position = monde.payer(1, "2020-03-02")
    monde.ok("DemanderReversement", "2020-06-01")
    monde.cloturer(2019, 2020)
    l2020 = ligne(
        2020,
        ae_engagees=15 * M,
        ae_disponibles=-15 * M,
        cp_payes=5 * M,
        cp_disponibles=-5 * M,
        rap_cloture=10 * M,
    )
    reste = {"rap_ouverture": 10 * M, "rap_cloture": 10 * M}
    prevus = [ligne(a, **reste, cp_restant_a_prevoir=5 * M) for a in (2021, 2022)]
    assert tableau(monde) == [l2020, *prevus]
    for verbe, champs in DANS_LE_CLOS:
        assert monde.refus(verbe, "2020-12-15", **champs) == "exercice_clos", verbe
    assert monde.refus("VerserTranche", "2021-03-02", rang=2, exercice=2020) == "exercice_clos"
    monde.ok("CorrigerStructure", "2020-12-15", ville="Lyon")
    assert tableau(monde) == [l2020, *prevus]
    monde.ok("EncaisserReversement", "2020-12-15")
    monde.ok("AnnulerVersement", "2020-12-15", position=position)
    corrige = {"regularisations": -5 * M, "reversements": 1 * M, "cp_disponibles": 5 * M}
    assert tableau(monde) == [
        l2020,
        ligne(
            2021,
            **corrige,
            cp_restant_a_prevoir=10 * M,
            rap_ouverture=10 * M,
            rap_cloture=15 * M,
        ),
        ligne(2022, rap_ouverture=15 * M, rap_cloture=15 * M, cp_restant_a_prevoir=5 * M),
    ]
    assert disponible(monde) == 4_485 * M
    assert sceaux(monde)[2020] == (l2020, sceau([l2020]))


MEME_ANNEE = [ligne(2022, regularisations=-5 * M, retraits_anterieurs=5 * M, cp_disponibles=5 * M)]
PLUS_TARD = [
    ligne(2022, regularisations=-5 * M, cp_disponibles=5 * M, rap_cloture=5 * M),
    ligne(2023, retraits_anterieurs=5 * M, rap_ouverture=5 * M),
]


@pytest.mark.parametrize(
    ("jour", "suite"),
    [
        ("2020-12-15", MEME_ANNEE),
        ("2021-12-31", MEME_ANNEE),
        ("2022-04-01", MEME_ANNEE),
        ("2023-04-01", PLUS_TARD),
    ],
)
def test_e_un_rejet_apres_retrait_du_label_se_retire_au_premier_ouvert(
    jour: str, suite: list[Ligne]
) -> None:
    """Le versement de 2020 annulé après retrait se régularise en 2022, premier ouvert.

    Ce qu'il rend est retiré la même année, ou celle de l'annulation quand elle vient après.
    """
    monde = Monde()
    monde.label()
    position = monde.payer(1, "2020-03-02")
    monde.cloturer(2019, 2020)
    monde.ok("RetirerLabel", "2021-02-15")
    monde.cloturer(2021)
    avant = [
        ligne(
            2020,
            ae_engagees=15 * M,
            ae_disponibles=-15 * M,
            cp_payes=5 * M,
            cp_disponibles=-5 * M,
            rap_cloture=10 * M,
        ),
        ligne(2021, retraits_anterieurs=10 * M, rap_ouverture=10 * M),
    ]
    assert tableau(monde) == avant
    monde.ok("AnnulerVersement", jour, position=position)
    assert tableau(monde) == [*avant, *suite]
    assert disponible(monde) == 4_485 * M
    clore_sur(monde, *[x["exercice"] for x in suite])


@pytest.mark.parametrize(
    ("jour", "clos", "prevu", "reste"),
    [
        ("2021-09-01", (2019,), (2, 5, 5), (0, 3, 2)),
        ("2021-09-01", (2019, 2020), (0, 7, 5), (0, 3, 2)),
        ("2022-09-01", (2019, 2020, 2021), (0, 0, 12), (0, 0, 5)),
    ],
    ids=["rien-de-clos", "premiere-cohorte-close", "deux-cohortes-closes"],
)
def test_f_une_baisse_prend_la_cohorte_neuve_puis_l_ancienne(
    jour: str, clos: tuple[int, ...], prevu: tuple[int, ...], reste: tuple[int, ...]
) -> None:
    """10 M de 2020 portés à 15 M en 2021 puis ramenés à 8 M : 5 M de 2021, puis 2 M de 2020.

    Dite en 2021, la part de 2021 revient ; dite en 2022, tout est antérieur et rien ne revient.
    """
    monde = Monde()
    depart = tranches((2020, 3 * M, "2020-02-03"), (2021, 5 * M), (2022, 2 * M))
    hausse = tranches((2020, 5 * M, "2020-02-03"), (2021, 5 * M), (2022, 5 * M))
    baisse = tranches((2020, 3 * M, "2020-02-03"), (2021, 3 * M), (2022, 2 * M))
    monde.label(montant_centimes=10 * M, echeancier=depart)
    monde.payer(1, "2020-03-02", 3 * M)
    monde.ok("SignerAvenant", "2021-02-01", montant_centimes=15 * M, echeancier=hausse)
    monde.cloturer(*clos)
    l2020 = {"ae_engagees": 10 * M, "ae_disponibles": -10 * M, "rap_cloture": 7 * M}
    l2020 |= {"cp_payes": 3 * M, "cp_disponibles": -3 * M}
    plus = {"ae_engagees": 5 * M, "ae_disponibles": -5 * M}
    plus |= {"rap_ouverture": 7 * M, "rap_cloture": 12 * M}
    du = {"rap_ouverture": 12 * M, "rap_cloture": 12 * M}
    assert tableau(monde) == [
        ligne(2020, **l2020, cp_restant_a_prevoir=prevu[0] * M),
        ligne(2021, **plus, cp_restant_a_prevoir=prevu[1] * M),
        ligne(2022, **du, cp_restant_a_prevoir=prevu[2] * M),
    ]
    assert disponible(monde) == 4_485 * M
    monde.ok("SignerAvenant", jour, montant_centimes=8 * M, echeancier=baisse)
    if jour < "2022":
        plus |= {"retraits_meme_exercice": 5 * M, "retraits_anterieurs": 2 * M}
        plus |= {"ae_disponibles": 0, "rap_cloture": 5 * M}
        du = {"rap_ouverture": 5 * M, "rap_cloture": 5 * M}
    else:
        du = {"retraits_anterieurs": 7 * M, "rap_ouverture": 12 * M, "rap_cloture": 5 * M}
    assert tableau(monde) == [
        ligne(2020, **l2020, cp_restant_a_prevoir=reste[0] * M),
        ligne(2021, **plus, cp_restant_a_prevoir=reste[1] * M),
        ligne(2022, **du, cp_restant_a_prevoir=reste[2] * M),
    ]
    assert disponible(monde) == (4_490 if jour < "2022" else 4_485) * M
