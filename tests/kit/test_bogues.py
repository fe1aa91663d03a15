"""La machine ne crie pas sans raison, et trouve seule chaque défaut, en peu de commandes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.testing.confrontation import Divergence, Epreuve, confronter, rejouer
from commands.testing.machine import eprouver
from commands.testing.reduction import reduire
from commands.testing.reference.schema import valider
from commands.testing.systeme import Systeme
from ledger.testing.regles import regles
from ledger.testing.valeurs import Json
from tests.kit import systemes as s
from tests.modules import charger
from tests.properties.exemples import COMMUN, DEPOT, OUVERTURE

GRAINES = (0, 1, 2)
COMMANDES_MAX = 8
ARGENT = (
    "DéposerCandidature",
    "LabelliserFabrique",
    "AccorderBonusNumérique",
    "VerserTranche",
    "RetirerLabel",
)
SIMPLES = regles().map(
    lambda r: (
        r
        | {"credits": "non_suivis", "quotas": "indicatifs"}
        | dict.fromkeys(
            ("instruction_requise", "avis_requis", "bilan_requis", "ordonnancement_requis"), False
        )
    )
)
DE_L_ARGENT = Epreuve(verbes=ARGENT, reglements=SIMPLES, au=False, connu_au=False)
PAYE = replace(DE_L_ARGENT, membres={"enveloppe": ("paye_centimes",)}, chiffres=("enveloppe",))
ENVELOPPE = replace(DE_L_ARGENT, chiffres=("enveloppe",))
TOUT = Epreuve()
BOGUES: list[tuple[Callable[[], Systeme], Epreuve, str]] = [
    (s.TrenteMillions, ENVELOPPE, "disponible_centimes"),
    (s.PlafondAUnCentime, DE_L_ARGENT, "plafond_annuel_depasse"),
    (s.DoublePaiement, PAYE, "paye_centimes"),
    (s.OublieAuRedemarrage, DE_L_ARGENT, ""),
    (s.TombeEnPanne, DE_L_ARGENT, "ZeroDivisionError levée, part du mois"),
    (s.SansCode, TOUT, "attendu refusee, "),
    (s.SansPosition, TOUT, "attendu acceptee, [1], obtenu acceptee."),
    (s.ArronditLesMontants, TOUT, "commande_invalide"),
    (s.CompareLesOctets, TOUT, "obtenu refusee, commande_divergente"),
    (s.FlotteAuDisponible, TOUT, ".0."),
    (s.NeVoitQueLePresent, TOUT, " au 2"),
    (s.NeVoitQueLeDernierEtat, TOUT, "connu à la position"),
]


def trouver(fabrique: Callable[[], Systeme], epreuve: Epreuve, graine: int) -> Divergence:
    """The divergence that the machine finds by itself; the same in a whole run as alone."""
    charger()
    with pytest.raises(Divergence) as trouvee:
        eprouver(fabrique, epreuve, exemples=1_500, graine=graine)
    return trouvee.value


def test_un_moteur_sain_passe_la_machine() -> None:
    """Notre moteur, avec tous les verbes, toutes les règles et tous les chiffres, passe."""
    eprouver(s.Sain, exemples=30, graine=7)


@pytest.mark.parametrize("graine", GRAINES)
@pytest.mark.parametrize(("fabrique", "epreuve", "dit"), BOGUES)
def test_chaque_defaut_est_trouve_en_huit_commandes_au_plus(
    fabrique: Callable[[], Systeme], epreuve: Epreuve, dit: str, graine: int
) -> None:
    """Chaque défaut est trouvé, dit par son nom, et tient en huit commandes au plus."""
    divergence = trouver(fabrique, epreuve, graine)
    assert dit in divergence.constat
    assert len(divergence.commandes) <= COMMANDES_MAX, divergence
    assert rejouer(fabrique, divergence.trace, epreuve) == divergence.constat
    assert rejouer(s.Sain, divergence.trace, epreuve) is None


@pytest.mark.parametrize("graine", GRAINES)
def test_la_reduction_ne_deforme_pas_une_commande(graine: int) -> None:
    """Ce qui reste est bien formé, même pour qui ne compare pas les codes et accepte tout."""

    class Crédule(s.TrenteMillions):
        def repondre(self, commande: Json) -> Json:
            recu = super().repondre(commande)
            invalide = recu["code"] == "commande_invalide"
            return recu | {"statut": "acceptee"} if invalide else recu

    epreuve = Epreuve(
        verbes=ARGENT,
        reglements=SIMPLES,
        codes=False,
        positions=False,
        malformees=False,
        au=False,
        connu_au=False,
    )
    divergence = trouver(Crédule, epreuve, graine)
    assert "disponible_centimes" in divergence.constat
    for commande in divergence.commandes:
        valider(commande)


@pytest.mark.parametrize("graine", GRAINES)
def test_la_reduction_garde_l_ouverture_et_les_regles_demandees(graine: int) -> None:
    """Le programme s'ouvre toujours, sous des règles que l'épreuve admet."""

    premieres: list[Json] = []

    class Observe(s.TrenteMillions):
        def repondre(self, commande: Json) -> Json:
            if len(self.envoyees) == 1:
                premieres.append(commande)
            return super().repondre(commande)

    bloquants = SIMPLES.map(lambda r: r | {"quotas": "bloquants"})
    epreuve = Epreuve(verbes=ARGENT, reglements=bloquants, au=False, connu_au=False)
    divergence = trouver(Observe, epreuve, graine)
    assert "disponible_centimes" in divergence.constat
    assert len(divergence.commandes) <= COMMANDES_MAX
    assert {premiere["commande"] for premiere in premieres} == {"OuvrirProgramme"}
    assert {premiere["regles"]["quotas"] for premiere in premieres} == {"bloquants"}


def test_une_exception_du_systeme_est_une_divergence_et_sa_cause() -> None:
    """Ce que le système lève est dit, avec les commandes qui y mènent, et reste la cause."""
    divergence = trouver(s.TombeEnPanne, DE_L_ARGENT, 0)
    assert isinstance(divergence.__cause__, ZeroDivisionError)
    assert [c["commande"] for c in divergence.commandes] == [
        "OuvrirProgramme",
        "DéposerCandidature",
        "LabelliserFabrique",
        "RetirerLabel",
    ]
    with pytest.raises(Divergence) as confrontee:
        confronter(s.TombeEnPanne, divergence.commandes, DE_L_ARGENT)
    assert isinstance(confrontee.value.__cause__, ZeroDivisionError)


def test_un_redemarrage_necessaire_se_lit_dans_la_divergence() -> None:
    """Quand il faut redémarrer pour que le défaut se voie, le texte dit après quelle commande."""
    divergence = trouver(s.OublieAuRedemarrage, DE_L_ARGENT, 0)
    envois = len(divergence.commandes)
    rangs = [f"Redémarrage après la commande {rang}." for rang in range(1, envois + 1)]
    assert str(divergence).splitlines()[1] in rangs


def test_un_renvoi_tardif_est_remplace_par_le_premier_qui_suffit() -> None:
    """Un double paiement vu sur le dernier versement se montre sur le premier qui le permet."""
    regles_ = OUVERTURE["regles"] | {"exercices_max": 3}
    label = COMMUN | {
        "commande": "LabelliserFabrique",
        "id_commande": "c2",
        "structure": "s1",
        "montant_centimes": 30,
    }
    verse = COMMUN | {"commande": "VerserTranche", "structure": "s1", "reference": "VIR"}
    versements = [
        verse
        | {"id_commande": f"v{n}", "rang": rang, "montant_centimes": du}
        | {"date_effet": f"20{18 + rang}-06-01"}
        for n, (rang, du) in enumerate([(1, 10), (2, 4), (2, 3), (2, 3), (3, 4)])
    ]
    envoyees = [OUVERTURE | {"regles": regles_}, DEPOT, label, *versements, versements[-1]]
    with pytest.raises(Divergence) as longue:
        confronter(s.DoublePaiement, envoyees, PAYE)
    divergence = longue.value
    reduite = reduire(s.DoublePaiement, divergence.trace, PAYE, divergence.constat)
    noms = [commande["id_commande"] for commande in reduite.commandes]
    assert noms == ["c0", "c1", "c2", "v0", "v1", "v1"]


def test_une_trace_que_rien_ne_raccourcit_reste_dans_son_budget() -> None:
    """La réduction ne rejoue pas plus que ce que l'épreuve permet."""
    longue = trouver(s.TrenteMillions, replace(DE_L_ARGENT, rejeux=0), 0)
    courte = trouver(s.TrenteMillions, DE_L_ARGENT, 0)
    assert len(courte.commandes) < len(longue.commandes)
    systemes: list[s.Sain] = []

    def fabrique() -> s.Sain:
        systemes.append(s.TrenteMillions())
        return systemes[-1]

    reduite = reduire(fabrique, longue.trace, replace(DE_L_ARGENT, rejeux=4), longue.constat)
    assert len(systemes) == 4
    assert len(courte.commandes) <= len(reduite.commandes) <= len(longue.commandes)
