"""Même identifiant, autre contenu : refusé, en nommant le premier champ qui diffère."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre
from ledger import SQLiteStore
from tests.unit.monde import CRITERES, REGLES, Monde, qui, tranches


def ecart(monde: Monde, commande: dict[str, Any], /, **change: Any) -> str:
    """The field named by the refusal of a changed command."""
    avant = monde.taille
    recu = monde.livre.executer(commande | change)
    assert recu.refus is not None
    assert (recu.refus.code, monde.taille) == ("commande_divergente", avant)
    return str(recu.refus.details["champ"])


def accepter(monde: Monde, verbe: str, jour: str, **champs: Any) -> dict[str, Any]:
    """Execute a command, and give it back."""
    commande = monde.commande(verbe, jour, **champs)
    assert monde.livre.executer(commande).statut == "acceptee"
    return commande


@pytest.mark.parametrize(
    ("change", "attendu"),
    [
        ({"acteur": qui("bob")}, "acteur"),
        ({"acteur": qui("alice", "ordonnateur")}, "acteur"),
        ({"date_effet": "2019-07-12"}, "date_effet"),
        ({"intitule": "Autre"}, "intitule"),
        ({"regles": REGLES | {"quota_total": 1}}, "regles"),
        ({"source": "Autre"}, "source"),
        ({"attribuant": {"nom": "État"}}, "attribuant"),
        ({"source": "Autre", "acteur": qui("bob")}, "acteur"),
    ],
)
def test_l_ouverture_divergente_nomme_le_premier_champ(
    change: dict[str, Any], attendu: str
) -> None:
    """OuvrirProgramme divergent : le premier champ qui diffère est nommé."""
    monde = Monde(ouvert=False)
    ouverture = accepter(monde, "OuvrirProgramme", "2019-07-11")
    assert ecart(monde, ouverture, **change) == attendu


@pytest.mark.parametrize(
    ("change", "attendu"),
    [
        ({"structure": "s2"}, "structure"),
        ({"porteur": "Autre"}, "porteur"),
        ({"numerique": False}, "numerique"),
        ({"montant_demande_centimes": 1}, "montant_demande_centimes"),
        ({"siret": "35600000000048"}, "siret"),
        ({"vague": "2"}, "vague"),
    ],
)
def test_la_candidature_divergente_nomme_le_premier_champ(
    monde: Monde, change: dict[str, Any], attendu: str
) -> None:
    """DéposerCandidature divergente : le premier champ qui diffère est nommé."""
    depot = accepter(monde, "DéposerCandidature", "2020-01-10", vague=1)
    assert ecart(monde, depot, **change) == attendu


@pytest.mark.parametrize(
    ("change", "attendu"),
    [
        ({"rang": 2}, "rang"),
        ({"montant_centimes": 1}, "montant_centimes"),
        ({"reference": "V-2"}, "reference"),
        ({"exercice": 2021}, "exercice"),
    ],
)
def test_le_versement_divergent_nomme_le_premier_champ(
    monde: Monde, change: dict[str, Any], attendu: str
) -> None:
    """VerserTranche divergent : le premier champ qui diffère est nommé."""
    monde.label()
    versement = accepter(monde, "VerserTranche", "2020-03-01")
    assert ecart(monde, versement, **change) == attendu


def test_le_label_divergent_nomme_echeancier_ou_montant(monde: Monde) -> None:
    """LabelliserFabrique divergent : montant, échéancier ou territoire."""
    monde.ok("DéposerCandidature", "2020-01-10")
    label = accepter(monde, "LabelliserFabrique", "2020-02-03")
    lignes = tranches((2020, 5_000_000), (2021, 5_000_000), (2022, 5_000_000))
    assert ecart(monde, label, montant_centimes=9_000_000) == "montant_centimes"
    assert ecart(monde, label, echeancier=lignes) == "echeancier"
    assert ecart(monde, label, territoire="hors_qpv") == "territoire"


def test_l_instruction_divergente_nomme_les_criteres(monde: Monde) -> None:
    """InstruireCandidature divergente : critères, rôles, note."""
    monde.ok("DéposerCandidature", "2020-01-10")
    instruction = accepter(monde, "InstruireCandidature", "2020-01-11", note="Oui")
    autres = CRITERES | {"experimentation": "a_verifier"}
    assert ecart(monde, instruction, criteres=autres) == "criteres"
    assert ecart(monde, instruction, roles=["lieu_ressource"]) == "roles"
    assert ecart(monde, instruction, note=None) == "note"


def test_la_revision_divergente_nomme_les_regles(monde: Monde) -> None:
    """RéviserRègles divergente : règles puis source."""
    revision = accepter(monde, "RéviserRègles", "2020-02-03")
    assert ecart(monde, revision, regles={"quota_total": 1}, source="x") == "regles"
    assert ecart(monde, revision, source="x") == "source"


def test_un_autre_verbe_differe_par_la_commande(monde: Monde) -> None:
    """Un autre verbe sous le même identifiant diffère par la commande."""
    gel = accepter(monde, "GelerCrédits", "2020-02-03")
    assert ecart(monde, gel, commande="DégelerCrédits") == "commande"


def test_un_defaut_explicite_ne_fait_pas_de_difference(monde: Monde) -> None:
    """Nommer l'exercice que la règle donnait est la même commande ; en nommer un autre, non."""
    monde.label()
    bonus = accepter(monde, "AccorderBonusNumérique", "2020-02-03")
    assert ecart(monde, bonus, exercice=2020) == "exercice"
    assert monde.livre.executer({**bonus, "exercice": 2019}).statut == "deja_executee"


def test_taire_ce_qui_fut_explicite_est_un_autre_contenu(monde: Monde) -> None:
    """Un exercice nommé hors défaut, puis tu : le contenu diffère, et c'est tout ce qu'on sait."""
    monde.label()
    bonus = accepter(monde, "AccorderBonusNumérique", "2020-02-03", exercice=2021)
    sans = {k: v for k, v in bonus.items() if k != "exercice"}
    assert ecart(monde, sans) == "contenu"


def test_nommer_le_defaut_puis_le_taire_est_la_meme_commande(monde: Monde) -> None:
    """Un défaut écrit en toutes lettres la première fois peut être tu ensuite."""
    monde.label()
    bonus = accepter(monde, "AccorderBonusNumérique", "2020-02-03", exercice=2019)
    sans = {k: v for k, v in bonus.items() if k != "exercice"}
    assert monde.livre.executer(sans).statut == "deja_executee"


def test_la_divergence_passe_avant_le_programme_et_l_exercice_clos(monde: Monde) -> None:
    """Divergente et exercice clos : c'est commande_divergente qui répond."""
    enveloppe = accepter(monde, "ModifierEnveloppe", "2019-12-31")
    monde.cloturer(2019)
    monde.ok("CloreProgramme", "2020-02-01")
    assert ecart(monde, enveloppe, variation_centimes=2) == "variation_centimes"
    ouverture = {"commande": "OuvrirProgramme", "intitule": "Fabriques", "regles": REGLES}
    autre = {k: v for k, v in enveloppe.items() if k != "variation_centimes"}
    assert ecart(monde, autre, **ouverture) == "commande"


def test_une_commande_invalide_passe_avant_la_divergence(monde: Monde) -> None:
    """Invalide et divergente : c'est commande_invalide qui répond."""
    enveloppe = accepter(monde, "ModifierEnveloppe", "2019-12-31")
    recu = monde.livre.executer(enveloppe | {"variation_centimes": "2"})
    assert recu.refus is not None
    assert recu.refus.code == "commande_invalide"


def test_la_divergence_se_voit_apres_reouverture(tmp_path: Path) -> None:
    """Après réouverture, la divergence est vue et nommée."""
    monde = Monde(store=SQLiteStore(tmp_path / "a.db", creer=True))
    enveloppe = accepter(monde, "ModifierEnveloppe", "2020-02-03")
    monde.livre.fermer()
    with GrandLivre.ouvrir(tmp_path / "a.db") as livre:
        recu = livre.executer(enveloppe | {"variation_centimes": 2})
    assert recu.refus is not None
    assert recu.refus.details == {"champ": "variation_centimes", "position": 2}


def test_la_divergence_se_voit_dans_un_meme_lot(monde: Monde) -> None:
    """Deux contenus sous un identifiant dans un même lot : le second diverge."""
    enveloppe = monde.commande("ModifierEnveloppe", "2020-02-03")
    recus = monde.livre.executer_lot([enveloppe, enveloppe | {"source": "x"}, enveloppe])
    assert [r.statut for r in recus] == ["acceptee", "refusee", "deja_executee"]
