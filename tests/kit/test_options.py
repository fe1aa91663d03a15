"""Ce que l'épreuve ôte n'est ni envoyé, ni lu, ni comparé ; tout système ouvert est fermé."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from commands.testing.confrontation import (
    Divergence,
    Envoi,
    Epreuve,
    Redemarrage,
    Regard,
    confronter,
    rejouer,
)
from commands.testing.machine import eprouver
from ledger.testing.regles import regles
from ledger.testing.valeurs import Json
from projections.testing.invariants import controler
from tests.kit import systemes as s


class Observe:
    """Opens systems of one class, and keeps them."""

    def __init__(self, classe: Callable[[], s.Sain] = s.Sain) -> None:
        self.classe = classe
        self.ouverts: list[s.Sain] = []

    def __call__(self) -> s.Sain:
        self.ouverts.append(self.classe())
        return self.ouverts[-1]

    def eprouver(self, epreuve: Epreuve, *, exemples: int = 15) -> Observe:
        eprouver(self, epreuve, exemples=exemples, graine=5)
        return self

    @property
    def envoyees(self) -> list[Json]:
        return [commande for ouvert in self.ouverts for commande in ouvert.envoyees]

    @property
    def lectures(self) -> list[tuple[str, Json]]:
        return [lecture for ouvert in self.ouverts for lecture in ouvert.lectures]


def test_par_defaut_tout_est_envoye_et_lu() -> None:
    """Sans option : des défauts de forme, des reprises, des redémarrages, des vues passées."""
    vu = Observe().eprouver(Epreuve(), exemples=40)
    recus = [recu for ouvert in vu.ouverts for recu in ouvert.recus]
    assert {"acceptee", "deja_executee", "refusee"} == {recu["statut"] for recu in recus}
    assert {"commande_invalide", "commande_divergente"} <= {recu["code"] for recu in recus}
    assert {chiffre for chiffre, _ in vu.lectures} == {
        "enveloppe",
        "credits",
        "structures",
        "echeancier",
    }
    assert any(demande["au"] is not None for _, demande in vu.lectures)
    assert any(demande["connu_au"] is not None for _, demande in vu.lectures)
    assert sum(ouvert.redemarrages for ouvert in vu.ouverts) > 0
    assert len({commande["commande"] for commande in vu.envoyees if "commande" in commande}) > 15


def test_seuls_les_verbes_connus_sont_envoyes() -> None:
    """Un système qui ne connaît que deux verbes ne reçoit qu'eux, et l'ouverture."""
    verbes = ("DéposerCandidature", "RetirerCandidature")
    vu = Observe().eprouver(Epreuve(verbes=verbes, malformees=False, orthographes=False))
    assert {commande["commande"] for commande in vu.envoyees} == {"OuvrirProgramme", *verbes}


def test_les_programmes_s_ouvrent_sous_les_regles_demandees() -> None:
    """Les règles de l'ouverture sont celles de la stratégie donnée."""
    reglements = regles().map(lambda r: r | {"credits": "bloquants", "exercices_max": 2})
    vu = Observe().eprouver(Epreuve(reglements=reglements))
    vues = {(o.envoyees[0]["regles"]["credits"], o.envoyees[0]["regles"]["exercices_max"])
            for o in vu.ouverts}  # fmt: skip
    assert vues == {("bloquants", 2)}


def test_aucune_commande_malformee_quand_elles_sont_otees() -> None:
    """Avec malformees=False, aucune commande n'est refusée pour sa forme."""
    vu = Observe().eprouver(Epreuve(malformees=False), exemples=30)
    codes = {recu["code"] for ouvert in vu.ouverts for recu in ouvert.recus}
    assert "commande_invalide" not in codes


def test_une_reprise_est_mot_pour_mot_quand_l_orthographe_est_otee() -> None:
    """Avec orthographes=False, ce qui est déjà exécuté est renvoyé tel quel."""
    vu = Observe().eprouver(Epreuve(orthographes=False), exemples=30)
    reprises = 0
    for ouvert in vu.ouverts:
        premieres: dict[str, list[tuple[str, Any]]] = {}
        for commande, recu in zip(ouvert.envoyees, ouvert.recus, strict=True):
            if recu["statut"] == "acceptee":
                premieres[commande["id_commande"]] = [*commande.items()]
            elif recu["statut"] == "deja_executee":
                reprises += 1
                assert premieres[commande["id_commande"]] == [*commande.items()]
    assert reprises > 0


@pytest.mark.parametrize(
    ("classe", "toleree"),
    [
        (s.SansCode, Epreuve(codes=False)),
        (s.SansPosition, Epreuve(positions=False)),
        (s.ArronditLesMontants, Epreuve(malformees=False)),
        (s.CompareLesOctets, Epreuve(orthographes=False)),
        (s.NeVoitQueLePresent, Epreuve(au=False)),
        (s.NeVoitQueLeDernierEtat, Epreuve(connu_au=False)),
        (s.FlotteAuDisponible, Epreuve(membres={"enveloppe": ("paye_centimes",)})),
        (s.FlotteAuDisponible, Epreuve(chiffres=("credits", "structures", "echeancier"))),
    ],
)
def test_ce_que_l_option_ote_n_est_pas_reproche(
    classe: Callable[[], s.Sain], toleree: Epreuve
) -> None:
    """Un système qui ne fait pas une chose passe quand l'épreuve ne la demande pas."""
    Observe(classe).eprouver(toleree, exemples=15)
    with pytest.raises(Divergence):
        eprouver(classe, exemples=300, graine=5)


def test_aucune_vue_passee_n_est_lue_quand_elles_sont_otees() -> None:
    """Avec au=False et connu_au=False, seuls les chiffres du moment sont lus."""
    vu = Observe().eprouver(Epreuve(au=False, connu_au=False), exemples=30)
    assert vu.lectures
    vues = {(demande["au"], demande["connu_au"]) for _, demande in vu.lectures}
    assert vues == {(None, None)}


def test_rien_n_est_lu_sans_chiffre() -> None:
    """Avec chiffres=(), un système qui ne fait qu'exécuter passe."""
    assert Observe().eprouver(Epreuve(chiffres=())).lectures == []
    eprouver(s.SansLecture, Epreuve(chiffres=()), exemples=10, graine=5)


def test_un_chiffre_qui_n_est_pas_ecrit_se_dit() -> None:
    """Un système sans `lire`, dont l'épreuve demande les chiffres, apprend quoi faire."""
    with pytest.raises(NotImplementedError, match=r"enveloppe : à écrire, ou à ôter de Epreuve"):
        eprouver(s.SansLecture, exemples=5, graine=5)


def test_un_controle_des_chiffres_est_entendu() -> None:
    """Ce qu'un contrôle reproche aux chiffres est une divergence ; les nôtres n'en ont pas."""

    def refuser(lus: Mapping[str, Any]) -> list[str]:
        return ["trois labels."] if lus["enveloppe"]["labels"]["total"] == 3 else []

    eprouver(s.Sain, Epreuve(controles=(controler,)), exemples=15, graine=5)
    with pytest.raises(Divergence) as trouvee:
        eprouver(s.Sain, Epreuve(controles=(refuser,)), exemples=100, graine=5)
    assert trouvee.value.constat == "Chiffres : trois labels."
    assert len(trouvee.value.commandes) == 7


class ImpossibleARelancer(s.Sain):
    def redemarrer(self) -> None:
        raise OSError("port occupé")


class Muet(s.Sain):
    def lire(self, chiffre: str, **demande: Any) -> Any:
        raise NotImplementedError(chiffre)


@pytest.mark.parametrize(
    "classe", [s.Sain, s.TrenteMillions, s.SansPosition, s.TombeEnPanne, ImpossibleARelancer, Muet]
)
def test_tout_systeme_ouvert_est_ferme_une_fois(classe: Callable[[], s.Sain]) -> None:
    """Qu'il passe, diverge, lève ou ne sache pas lire, chaque système ouvert est fermé une fois."""
    vu = Observe(classe)
    try:
        vu.eprouver(Epreuve(), exemples=25)
        diverge = False
    except (Divergence, NotImplementedError):
        diverge = True
    assert diverge == (classe is not s.Sain)
    assert {ouvert.fermetures for ouvert in vu.ouverts} == {1}


def test_confronter_et_rejouer_ferment_aussi() -> None:
    """Confronter et rejouer ferment ce qu'ils ouvrent, même quand le système lève."""
    ouverture = Observe().eprouver(Epreuve(), exemples=1).envoyees[0]
    vu = Observe(s.SansPosition)
    with pytest.raises(Divergence):
        confronter(vu, [ouverture])
    vu.classe = ImpossibleARelancer
    constat = rejouer(vu, [Envoi(ouverture), Redemarrage(), Regard()])
    assert constat == "redemarrer : OSError levée, port occupé."
    assert [ouvert.fermetures for ouvert in vu.ouverts] == [1, 1]
