"""Les refus communs à tous les verbes, dans leur ordre, et les exemptions."""

from __future__ import annotations

from typing import Any

import pytest

from commands import COMMANDES
from tests.unit.monde import CHAMPS, Monde, tranches

VERBES = [classe.verbe for classe in COMMANDES]
AVENANT = {
    "montant_centimes": 9_000_000,
    "echeancier": tranches((2020, 4_500_000, "2020-02-03"), (2021, 4_500_000)),
}
PLUS: dict[str, dict[str, Any]] = {
    "CorrigerStructure": {"ville": "Bourg"},
    "SignerAvenant": AVENANT,
    "AnnulerVersement": {"position": 1},
    "RapprocherVersement": {"position": 1},
    "ClôturerExercice": {"exercice": 2018},
    "ReprendreJournal": {"taille_perdue": 1},
}
ARRETES = {
    "DéposerCandidature",
    "InstruireCandidature",
    "RendreAvis",
    "LabelliserFabrique",
    "SignerAvenant",
    "AccorderBonusNumérique",
    "RéviserRègles",
    "ModifierEnveloppe",
    "CloreProgramme",
}
EXEMPTS = {
    "AnnulerVersement",
    "CorrigerStructure",
    "EncaisserReversement",
    "ClôturerExercice",
    "ReprendreJournal",
}


def test_chaque_verbe_a_ses_champs_d_essai() -> None:
    """Les vingt-sept verbes sont essayés."""
    assert set(VERBES) == set(CHAMPS)


@pytest.mark.parametrize("verbe", sorted(set(VERBES) - {"OuvrirProgramme"}))
def test_un_programme_inconnu_refuse_tout_sauf_son_ouverture(verbe: str) -> None:
    """Sans programme ouvert, tout verbe sauf OuvrirProgramme est refusé."""
    monde = Monde(ouvert=False)
    assert monde.refus(verbe, "2020-03-01", **PLUS.get(verbe, {})) == "programme_inconnu"


@pytest.mark.parametrize("verbe", VERBES)
def test_une_commande_invalide_l_est_avant_tout(verbe: str) -> None:
    """Un membre inconnu rend la commande invalide, même sans programme."""
    monde = Monde(ouvert=False)
    champs = {**PLUS.get(verbe, {}), "inconnu": 1}
    assert monde.refus(verbe, "2020-03-01", **champs) == "commande_invalide"


@pytest.mark.parametrize("verbe", sorted(set(VERBES) - {"OuvrirProgramme"}))
def test_un_exercice_clos_refuse_tout_sauf_les_exemptions(verbe: str) -> None:
    """Un fait daté d'un exercice clos est refusé, sauf cinq verbes."""
    monde = Monde()
    monde.cloturer(2019)
    code = monde.refus(verbe, "2019-12-31", **PLUS.get(verbe, {}))
    attendu = {
        "AnnulerVersement": "structure_inconnue",
        "CorrigerStructure": "structure_inconnue",
        "EncaisserReversement": "structure_inconnue",
        "ClôturerExercice": "exercice_deja_clos",
        "ReprendreJournal": "reprise_sans_objet",
    }
    assert code == attendu.get(verbe, "exercice_clos")
    assert (verbe in EXEMPTS) == (code != "exercice_clos")


@pytest.mark.parametrize("verbe", sorted(set(VERBES) - {"OuvrirProgramme"}))
def test_un_programme_clos_n_arrete_que_candidatures_et_engagements(verbe: str) -> None:
    """CloreProgramme arrête neuf verbes, à toute date d'effet, et laisse les autres."""
    monde = Monde()
    monde.ok("CloreProgramme", "2019-12-31")
    recu = monde.envoyer(verbe, "2019-07-12", **PLUS.get(verbe, {}))
    code = recu.refus.code if recu.refus is not None else None
    assert (code == "programme_clos") == (verbe in ARRETES)


@pytest.mark.parametrize(
    ("verbe", "champs"),
    [
        ("AccorderBonusNumérique", {}),
        ("AccorderBonusNumérique", {"exercice": 2019}),
        ("VerserTranche", {"exercice": 2019}),
        ("VerserBonus", {"exercice": 2019}),
        ("OuvrirCrédits", {"exercice": 2019}),
        ("GelerCrédits", {"exercice": 2019}),
        ("DégelerCrédits", {"exercice": 2019}),
    ],
)
def test_l_exercice_charge_est_teste_comme_la_date(verbe: str, champs: dict[str, Any]) -> None:
    """L'exercice chargé, nommé ou par défaut, ne doit pas être clos."""
    monde = Monde()
    monde.cloturer(2019)
    assert monde.refus(verbe, "2020-03-01", **champs) == "exercice_clos"


def test_le_refus_dit_ses_chiffres_et_son_remede(monde: Monde) -> None:
    """Un refus porte un message, un remède et ses chiffres typés."""
    monde.label()
    recu = monde.envoyer("VerserTranche", "2020-03-01", montant_centimes=5_000_001)
    assert recu.refus is not None
    assert (recu.refus.phrase, recu.refus.details) == (
        "Il reste 50 000,00 €, 50 000,01 € demandés. Réduire le montant.",
        {"reste_centimes": 5_000_000, "demande_centimes": 5_000_001},
    )
