"""La fiche d'une structure, membre par membre : ce que chaque fait y inscrit, et rien d'autre."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from itertools import pairwise
from typing import Any

from msgspec.structs import astuple

from ledger import Journal
from ledger.evenements import BilanReçu, FaitDeStructure, VersementRapproché
from projections.fiche import _POSES, Chantier, Fiche, Rapprochement, Versement, appliquer, fermer
from projections.situation import plier
from tests.unit.monde import TROIS_ANS, Monde, P, echeancier, tranches

SIRET = "35600000000048"


def suite(monde: Monde, structure: str = "s1") -> list[Fiche]:
    """The file of a structure after each fact that names it, each checked to be left as it was."""
    fiches: list[Fiche] = []
    copies: list[Any] = []
    fiche: Fiche | None = None
    for position, fait in Journal(monde.livre.store, P).rattraper():
        if isinstance(fait, FaitDeStructure) and fait.structure == structure:
            fiche = appliquer(fiche, position, fait)
            fiches.append(fiche)
            copies.append(deepcopy(astuple(fiche)))
    assert [astuple(fiche) for fiche in fiches] == copies
    situation = plier(Journal(monde.livre.store, P).rattraper())
    assert astuple(situation.fiches[structure]) == copies[-1]
    return fiches


def change(avant: Fiche, apres: Fiche) -> dict[str, Any]:
    """The members that a fact changed, events apart."""
    noms = (n for n in Fiche.__struct_fields__ if n != "evenements")
    return {n: getattr(apres, n) for n in noms if getattr(avant, n) != getattr(apres, n)}


def changes(monde: Monde) -> list[dict[str, Any]]:
    """What each fact of s1 changed, from the first one on."""
    fiches = [Fiche("s1"), *suite(monde)]
    return [change(avant, apres) for avant, apres in pairwise(fiches)]


def test_chaque_fait_n_inscrit_que_ce_qu_il_dit(monde: Monde) -> None:
    """Du dépôt au retrait, chaque fait change ses membres, et la fiche donnée reste comme elle est.

    Une instruction, un avis et une correction ne touchent que ce qu'ils nomment.
    """
    monde.ok("DéposerCandidature", "2020-01-10", rna="W012345678", numerique=False, vague="1")
    monde.ok("CorrigerStructure", "2020-01-11", siret=SIRET, ville="Oyonnax")
    monde.ok("InstruireCandidature", "2020-01-12")
    monde.ok("RendreAvis", "2020-01-13")
    monde.ok("LabelliserFabrique", "2020-02-03")
    monde.ok("SignerConvention", "2020-02-04")
    paiement = monde.payer(1, "2020-03-02")
    deux = ((2020, 5_000_000, "2020-02-03"), (2021, 5_000_000), (2022, 4_000_000))
    monde.ok("SignerAvenant", "2020-04-01", montant_centimes=14_000_000, echeancier=tranches(*deux))
    monde.ok("DemanderReversement", "2020-05-01", montant_centimes=1_000_000)
    monde.ok("EncaisserReversement", "2020-06-01", montant_centimes=400_000)
    monde.ok("RetirerLabel", "2020-07-01")
    annulation = monde.ok("AnnulerVersement", "2020-08-01", position=paiement)
    assert changes(monde) == [
        {
            "porteur": "LAB01",
            "code_postal": "01500",
            "ville": "Ambérieu-en-Bugey",
            "territoire": "qpv",
            "rna": "W012345678",
            "vague": "1",
        },
        {"siret": SIRET, "ville": "Oyonnax"},
        {"instruite": True},
        {"avis": "favorable"},
        {
            "etat": "labellisee",
            "montant": 15_000_000,
            "tranches": echeancier(*TROIS_ANS),
            "label_date": date(2020, 2, 3),
            "label_position": 6,
        },
        {"conventions": ("CONV-1",)},
        {
            "verse": {1: 5_000_000},
            "versements": (Versement(8, 1, 5_000_000, 2020, 2020, date(2020, 3, 2), "V-1"),),
        },
        {"montant": 14_000_000, "tranches": echeancier(*deux), "retire": 1_000_000},
        {"reclame": 1_000_000},
        {"encaisse": 400_000},
        {
            "etat": "label_retire",
            "retrait_date": date(2020, 7, 1),
            "retrait_position": 12,
            "retire": 10_000_000,
        },
        {
            "verse": {1: 0},
            "annules": (paiement,),
            "annulations_reclamees": (annulation,),
            "retire": 15_000_000,
        },
    ]
    assert suite(monde)[-1].evenements == tuple(range(2, 14))


def test_une_fiche_neuve_ne_dit_que_son_identifiant() -> None:
    """Avant tout fait, une fiche n'a que son identifiant : ni texte, ni centime, ni date."""
    assert astuple(Fiche("s1")) == (
        *("s1", "deposee", "", "", "", "inconnu", False, None, None, None, None, False),
        *(0, None, None, None, None, (), (), {}, None, 0, 0, 0, 0, (), (), (), (), ()),
    )
    assert Fiche("s1").paye == 0


def test_un_bonus_s_inscrit_au_rang_zero(monde: Monde) -> None:
    """Le bonus accordé, versé puis annulé est au rang zéro, avec son exercice d'engagement."""
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-05")
    verse = monde.ok("VerserBonus", "2021-03-01")
    monde.ok("AnnulerVersement", "2021-03-02", position=verse)
    assert changes(monde)[2:] == [
        {"bonus": 10_000_000, "bonus_exercice": 2019},
        {
            "verse": {0: 10_000_000},
            "versements": (Versement(5, 0, 10_000_000, 2021, 2019, date(2021, 3, 1), "B-1"),),
        },
        {"verse": {0: 0}, "annules": (5,)},
    ]


def test_redeposer_efface_l_instruction_l_avis_et_le_rejet(monde: Monde) -> None:
    """Une candidature rejetée ou retirée puis redéposée repart sans instruction ni avis."""
    for fin, etat in (("RejeterCandidature", "rejetee"), ("RetirerCandidature", "retiree")):
        monde.ok("DéposerCandidature", "2020-01-10")
        monde.ok("InstruireCandidature", "2020-01-12")
        monde.ok("RendreAvis", "2020-01-13")
        monde.ok(fin, "2020-01-14")
        assert suite(monde)[-1].etat == etat
    monde.ok("DéposerCandidature", "2020-01-15", siret=SIRET)
    assert changes(monde)[-1] == {
        "etat": "deposee",
        "instruite": False,
        "avis": None,
        "siret": SIRET,
    }


def test_un_label_inscrit_son_territoire_et_garde_la_vague_qu_il_ne_dit_pas(monde: Monde) -> None:
    """Sans dépôt compté, le label dit le territoire et le numérique ; sa vague, s'il en dit une."""
    monde.label()
    monde.ok("DéposerCandidature", "2020-01-10", structure="s2", vague="1")
    monde.ok("LabelliserFabrique", "2020-02-03", structure="s2", vague=2)
    faits = dict(Journal(monde.livre.store, P).rattraper())
    sans_vague, avec_vague = faits[3], faits[5]
    assert isinstance(sans_vague, FaitDeStructure)
    assert isinstance(avec_vague, FaitDeStructure)
    seul = appliquer(None, 3, sans_vague)
    assert (seul.territoire, seul.numerique, seul.porteur) == ("qpv", True, "")
    deja = Fiche("s", vague="1")
    vagues = [appliquer(deja, 3, f).vague for f in (sans_vague, avec_vague)]
    assert (vagues, seul.vague) == (["1", "2"], None)


def test_annuler_un_versement_non_compte_ote_son_montant(monde: Monde) -> None:
    """Une annulation dont le versement n'est pas compté laisse un versé négatif, au centime."""
    monde.label()
    paiement = monde.payer(1, "2020-03-02", 123)
    annulation = monde.ok("AnnulerVersement", "2020-03-02", position=paiement)
    fait = monde.livre.journal(P).lire_un(annulation)
    assert isinstance(fait, FaitDeStructure)
    fiche = appliquer(None, annulation, fait)
    assert (fiche.verse, fiche.annules) == ({1: -123}, (paiement,))
    assert fiche.annulations_reclamees == (annulation,)


def test_une_annulation_qui_laisse_juste_le_reclame_n_est_pas_signalee(monde: Monde) -> None:
    """Réclamé égal à ce qui reste payé : rien à signaler ; un centime de moins l'est."""
    monde.label()
    un, deux, _ = (monde.payer(1, f"2020-03-0{n}", m) for n, m in ((1, 100), (2, 1), (3, 50)))
    monde.ok("DemanderReversement", "2021-04-01", montant_centimes=150)
    monde.ok("AnnulerVersement", "2021-05-01", position=deux)
    assert suite(monde)[-1].annulations_reclamees == ()
    derniere = monde.ok("AnnulerVersement", "2021-05-02", position=un)
    assert suite(monde)[-1].annulations_reclamees == (derniere,)


def test_une_annulation_au_dela_du_reclame_se_dit_au_centime() -> None:
    """Ce qui reste payé sous ce qui est réclamé, fût-ce d'un centime, dit l'annulation ; égal, non.

    Celles déjà dites restent devant, et les versements s'ajoutent rang par rang.
    """
    avant = Fiche("s1", verse={1: 5, 2: 7}, reclame=6, annulations_reclamees=(4,))
    chantier = Chantier(verse={2: -7, 3: 1}, annulations=[(8, -6), (9, -7), (10, -8)])
    apres = fermer(avant, chantier)
    assert apres.annulations_reclamees == (4, 9, 10)
    assert (apres.verse, avant.verse) == ({1: 5, 2: 0, 3: 1}, {1: 5, 2: 7})
    assert fermer(Fiche("s1"), Chantier(verse={1: 3})).verse == {1: 3}
    assert fermer(avant, Chantier()).annulations_reclamees == (4,)


def test_les_membres_poses_viennent_les_premiers_dans_un_chantier() -> None:
    """Ce qu'un fait pose se range par sa place : ces membres sont les premiers, et ceux d'une
    fiche."""
    assert Chantier.__struct_fields__[: len(_POSES)] == _POSES
    assert set(_POSES) < set(Fiche.__struct_fields__)


def test_un_rapprochement_s_inscrit_et_un_bilan_ne_laisse_que_sa_place() -> None:
    """Ce que Chorus dit d'un paiement est gardé entier ; un fait qui ne change rien de la fiche
    n'y laisse que sa position."""
    commun: dict[str, Any] = {
        "date_effet": date(2021, 3, 1),
        "enregistre_le": "2021-03-01T08:00:00.000000Z",
        "acteur": "agent",
        "id_commande": "c",
        "empreinte_commande": "0" * 64,
        "regles_version": "1",
        "precedent": None,
        "structure": "s1",
    }
    rapproche = VersementRapproché(position=8, dp="DP-1", exercice_dp=2020, ej="EJ-1", **commun)
    bilan = BilanReçu(exercice=2020, accepte=True, **commun)
    lue = appliquer(appliquer(None, 9, rapproche), 10, bilan)
    assert change(Fiche("s1"), lue) == {
        "rapprochements": (Rapprochement(9, 8, "DP-1", 2020, "EJ-1"),)
    }
    assert lue.evenements == (9, 10)
