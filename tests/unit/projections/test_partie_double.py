"""Les écritures de chaque sorte de fait, compte par compte, au centime et dans leur ordre."""

from __future__ import annotations

from collections import Counter

import pytest

from ledger import Journal
from ledger.registre import TOPICS
from projections.partie_double import Ecriture, ecritures, soldes
from tests.unit.monde import Monde, P, tranches

Poste = tuple[str, int]


def postes(monde: Monde, position: int) -> list[Poste]:
    """The postings of the fact at a position; each bears its position and its structure."""
    fait = monde.livre.journal(P).lire_un(position)
    assert fait is not None
    rendus = ecritures(position, fait)
    structure = getattr(fait, "structure", None)
    assert {(e.position, e.structure) for e in rendus} <= {(position, structure)}
    par_livre = Counter[str]()
    for e in rendus:
        par_livre[e.compte.split(":")[0]] += e.centimes
    par_livre["enveloppe"] += par_livre.pop("hors_enveloppe", 0)
    assert set(par_livre.values()) <= {0}
    return [(e.compte, e.centimes) for e in rendus]


def mouvements(*triplets: tuple[str, str, int]) -> list[Poste]:
    """What (debited, credited, cents) give as postings."""
    return [p for d, c, centimes in triplets for p in ((d, centimes), (c, -centimes))]


def test_l_ouverture_et_les_credits_ont_leurs_ecritures(monde: Monde) -> None:
    """Ouverture, enveloppe modifiée, crédits ouverts, gelés, dégelés ; un zéro ne s'écrit pas."""
    plafond = ("enveloppe:disponible", "enveloppe:plafond")
    assert postes(monde, 1) == mouvements((*plafond, 4_500_000_000))
    modifiee = monde.ok("ModifierEnveloppe", "2020-01-02", variation_centimes=-7)
    assert postes(monde, modifiee) == mouvements((*plafond, -7))
    ouverts = monde.ouvrir_credits(2020, 100, 90)
    assert postes(monde, ouverts) == mouvements(
        ("ae:disponibles:2020", "ae:ouvertes:2020", 100),
        ("cp:disponibles:2020", "cp:ouverts:2020", 90),
    )
    seuls = monde.ouvrir_credits(2021, 0, 5)
    assert postes(monde, seuls) == mouvements(("cp:disponibles:2021", "cp:ouverts:2021", 5))
    champs = {"exercice": 2020, "ae_centimes": 3, "cp_centimes": 2}
    geles = monde.ok("GelerCrédits", "2020-01-03", **champs)
    assert postes(monde, geles) == mouvements(
        ("ae:gelees:2020", "ae:disponibles:2020", 3),
        ("cp:geles:2020", "cp:disponibles:2020", 2),
    )
    degeles = monde.ok("DégelerCrédits", "2020-01-04", **champs)
    assert postes(monde, degeles) == mouvements(
        ("ae:gelees:2020", "ae:disponibles:2020", -3),
        ("cp:geles:2020", "cp:disponibles:2020", -2),
    )
    comptes = soldes(
        poste
        for position, fait in Journal(monde.livre.store, P).rattraper()
        for poste in ecritures(position, fait)
    )
    assert comptes == {
        "enveloppe:disponible": 4_499_999_993,
        "enveloppe:plafond": -4_499_999_993,
        "ae:disponibles:2020": 100,
        "ae:ouvertes:2020": -100,
        "cp:disponibles:2020": 90,
        "cp:ouverts:2020": -90,
        "cp:disponibles:2021": 5,
        "cp:ouverts:2021": -5,
        "ae:gelees:2020": 0,
        "cp:geles:2020": 0,
    }


def engagement(livre: str, annee: int, nature: str, centimes: int) -> list[Poste]:
    """A commitment, in three books."""
    return mouvements(
        (f"{livre}:engage:{nature}", f"{livre}:disponible", centimes),
        (f"ae:engagees:{annee}:{nature}", f"ae:disponibles:{annee}", centimes),
        (f"rap:reste:{annee}:{nature}", f"rap:engage:{annee}:{nature}", centimes),
    )


def paiement(poste: str, annee: int, nature: str, cohorte: int, centimes: int) -> list[Poste]:
    """A payment of a cohort, in two books."""
    return mouvements(
        (f"cp:{poste}:{annee}:{nature}", f"cp:disponibles:{annee}", centimes),
        (f"rap:{poste}:{annee}:{nature}", f"rap:reste:{cohorte}:{nature}", centimes),
    )


@pytest.mark.parametrize("livre", ["enveloppe", "hors_enveloppe"])
def test_les_engagements_et_les_paiements_ont_leurs_ecritures(livre: str) -> None:
    """Label, bonus (sur l'enveloppe ou non), versements, annulations, régularisation."""
    monde = Monde(imputation_bonus=livre)
    monde.label()
    assert postes(monde, 2) == []
    assert postes(monde, 3) == engagement("enveloppe", 2020, "subvention", 15_000_000)
    bonus = monde.ok("AccorderBonusNumérique", "2020-02-03")
    assert postes(monde, bonus) == engagement(livre, 2019, "bonus", 10_000_000)
    verse = monde.ok("VerserBonus", "2020-03-01")
    assert postes(monde, verse) == paiement("payes", 2020, "bonus", 2019, 10_000_000)
    tranche = monde.payer(1, "2020-03-01", 4_000_000)
    assert postes(monde, tranche) == paiement("payes", 2020, "subvention", 2020, 4_000_000)
    annulee = monde.ok("AnnulerVersement", "2020-03-02", position=tranche)
    assert postes(monde, annulee) == paiement("payes", 2020, "subvention", 2020, -4_000_000)
    monde.cloturer(2019, 2020)
    tardive = monde.ok("AnnulerVersement", "2021-02-01", position=verse)
    assert postes(monde, tardive) == paiement("regularisations", 2021, "bonus", 2019, -10_000_000)
    fin = monde.ok("RetirerLabel", "2021-03-01")
    assert postes(monde, fin) == mouvements(
        ("rap:retraits_anterieurs:2021:subvention", "rap:reste:2020:subvention", 15_000_000),
        ("rap:retraits_anterieurs:2021:bonus", "rap:reste:2019:bonus", 10_000_000),
    )


@pytest.mark.parametrize("recyclables", [False, True])
def test_un_retrait_rend_selon_son_annee_et_la_regle(recyclables: bool) -> None:
    """De l'année, un retrait rend enveloppe et AE ; d'une année antérieure, s'il est recyclable."""
    monde = Monde(retraits_anterieurs_recyclables=recyclables, imputation_bonus="hors_enveloppe")
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.label("s2", numerique=False)
    meme = monde.ok("RetirerLabel", "2020-06-01", structure="s2")
    assert postes(monde, meme) == mouvements(
        ("rap:retraits_meme:2020:subvention", "rap:reste:2020:subvention", 15_000_000),
        ("enveloppe:disponible", "enveloppe:retraits:subvention", 15_000_000),
        ("ae:disponibles:2020", "ae:retraits_meme:2020:subvention", 15_000_000),
    )
    rendu = [
        ("enveloppe:disponible", "enveloppe:retraits:subvention", 15_000_000),
        ("ae:disponibles:2021", "ae:retraits_anterieurs:2021:subvention", 15_000_000),
        ("hors_enveloppe:disponible", "hors_enveloppe:retraits:bonus", 10_000_000),
        ("ae:disponibles:2021", "ae:retraits_anterieurs:2021:bonus", 10_000_000),
    ]
    anterieur = monde.ok("RetirerLabel", "2021-06-01")
    assert postes(monde, anterieur) == mouvements(
        ("rap:retraits_anterieurs:2021:subvention", "rap:reste:2020:subvention", 15_000_000),
        *(rendu[:2] if recyclables else ()),
        ("rap:retraits_anterieurs:2021:bonus", "rap:reste:2019:bonus", 10_000_000),
        *(rendu[2:] if recyclables else ()),
    )


def test_un_avenant_engage_ou_retire(monde: Monde) -> None:
    """Un avenant à la hausse engage la différence, à la baisse il la retire ; l'autre est vide."""
    deux = ((2020, 5_000_000), (2021, 5_000_000))
    monde.label(montant_centimes=10_000_000, echeancier=tranches(*deux))
    trois = tranches(*deux, (2022, 2_000_000))
    hausse = monde.ok("SignerAvenant", "2020-04-01", montant_centimes=12_000_000, echeancier=trois)
    assert postes(monde, hausse) == engagement("enveloppe", 2020, "subvention", 2_000_000)
    champs = {"montant_centimes": 9_000_000, "echeancier": tranches(deux[0], (2021, 4_000_000))}
    baisse = monde.ok("SignerAvenant", "2020-05-01", **champs)
    assert [p for p in postes(monde, baisse) if p[0].startswith("rap:")] == mouvements(
        ("rap:retraits_meme:2020:subvention", "rap:reste:2020:subvention", 3_000_000),
    )


def test_les_reversements_ont_leur_livre(monde: Monde) -> None:
    """Un reversement demandé est titré, encaissé il va à son exercice."""
    monde.label()
    monde.payer(1, "2020-03-01")
    demande = monde.ok("DemanderReversement", "2020-04-01", montant_centimes=1_000_001)
    assert postes(monde, demande) == mouvements(
        ("reversements:demandes", "reversements:titres", 1_000_001)
    )
    encaisse = monde.ok("EncaisserReversement", "2021-05-01", montant_centimes=700_000)
    assert postes(monde, encaisse) == mouvements(
        ("reversements:encaisses:2021", "reversements:demandes", 700_000)
    )


def test_un_fait_sans_argent_n_a_pas_d_ecriture(monde: Monde) -> None:
    """Dépôt, correction, avis, convention et révision n'écrivent rien."""
    monde.ok("DéposerCandidature", "2020-01-10")
    monde.ok("CorrigerStructure", "2020-01-11", ville="Oyonnax")
    monde.ok("RendreAvis", "2020-01-12")
    monde.reviser("2020-01-13", quota_qpv=151)
    muets = list(Journal(monde.livre.store, P).rattraper())[1:]
    assert len({TOPICS[type(fait)] for _, fait in muets}) == 4
    assert [ecritures(position, fait) for position, fait in muets] == [()] * 4
    assert soldes([Ecriture(1, "a", 2, None), Ecriture(2, "a", -3, "s")]) == {"a": -1}
