"""Reçus, lots, reprises, bifurcations : ce que l'appelant obtient du grand livre."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre, ModifierEnveloppe, Recu
from commands.decider import decide
from ledger import Journal, MemoryStore, SQLiteStore
from tests.unit.monde import ALICE, CHAMPS, HorlogeFixe, Monde, P


def racine(lignes: list[bytes]) -> bytes:
    """RFC 6962, by its own definition."""
    if len(lignes) == 1:
        return hashlib.sha256(b"\x00" + lignes[0]).digest()
    coupe = 1 << ((len(lignes) - 1).bit_length() - 1)
    gauche, droite = racine(lignes[:coupe]), racine(lignes[coupe:])
    return hashlib.sha256(b"\x01" + gauche + droite).digest()


def sha(texte: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(texte).hexdigest()


def statuts(recus: tuple[Recu, ...]) -> list[tuple[str, tuple[int, ...]]]:
    """Status and positions of each receipt."""
    return [(r.statut, r.positions) for r in recus]


def test_un_recu_porte_position_taille_et_racine(monde: Monde) -> None:
    """Le reçu d'une commande acceptée porte sa position et la racine du journal juste après."""
    recu = monde.envoyer("RéviserRègles", "2020-02-03")
    monde.ok("ModifierEnveloppe", "2020-02-03")
    lignes = list(monde.livre.journal(P).lignes())
    assert recu.en_json() == {
        "id_commande": "c2",
        "statut": "acceptee",
        "code": None,
        "message": None,
        "positions": [2],
        "taille": 2,
        "racine": base64.b64encode(racine(lignes[:2])).decode(),
    }


def test_un_recu_de_refus_dit_le_code_et_la_phrase(monde: Monde) -> None:
    """Le reçu d'un refus porte le code, la phrase, et ni position ni racine."""
    assert monde.envoyer("OuvrirProgramme", "2020-02-03").en_json() == {
        "id_commande": "c2",
        "statut": "refusee",
        "code": "programme_existant",
        "message": "Le programme fabriques est déjà ouvert (depuis le 2019-07-11). Réviser ses "
        "règles (RéviserRègles) ou choisir un autre identifiant.",
        "positions": [],
        "taille": None,
        "racine": None,
    }


def test_la_meme_commande_rend_le_premier_recu_et_n_ecrit_rien(monde: Monde) -> None:
    """La même commande, plus tard, rend le premier reçu, même si elle serait refusée."""
    monde.ok("DéposerCandidature", "2020-01-10")
    premier = monde.livre.executer(monde.commande("RejeterCandidature", "2020-01-11"))
    commande = monde.derniere
    monde.ok("DéposerCandidature", "2020-01-12")
    monde.cloturer(2019, 2020)
    monde.ok("CloreProgramme", "2021-02-01")
    second = monde.livre.executer(commande)
    assert (second.statut, second.positions, second.racine, second.taille) == (
        "deja_executee",
        (3,),
        premier.racine,
        3,
    )
    assert (second.acceptee, monde.taille) == (True, 7)


def test_un_refus_n_est_pas_retenu(monde: Monde) -> None:
    """Un identifiant refusé peut resservir, et la commande est jugée à nouveau."""
    commande = monde.commande("RejeterCandidature", "2020-01-11")
    assert monde.livre.executer(commande).statut == "refusee"
    monde.ok("DéposerCandidature", "2020-01-10")
    assert monde.livre.executer(commande).statut == "acceptee"
    autre = monde.commande("ModifierEnveloppe", "2020-01-11", variation_centimes=-(10**12))
    assert monde.livre.executer(autre).statut == "refusee"
    assert monde.livre.executer(autre | {"variation_centimes": 1}).statut == "acceptee"


def test_le_recu_survit_a_la_reouverture(tmp_path: Path) -> None:
    """Le premier reçu est rendu après fermeture et réouverture de la base."""
    monde = Monde(store=SQLiteStore(tmp_path / "a.db", creer=True))
    premier = monde.envoyer("ModifierEnveloppe", "2020-02-03")
    commande = monde.derniere
    monde.ok("ModifierEnveloppe", "2020-02-03")
    monde.livre.fermer()
    with GrandLivre.ouvrir(tmp_path / "a.db") as livre:
        second = livre.executer(commande)
    assert (second.statut, second.positions, second.racine) == (
        "deja_executee",
        (2,),
        premier.racine,
    )


def test_le_fait_scelle_porte_instant_empreinte_et_lien() -> None:
    """Le fait enregistré porte l'instant, l'empreinte de la commande et le lien au précédent."""
    monde = Monde()
    commande = monde.commande("ModifierEnveloppe", "2020-02-03", source="Décret n° 1")
    monde.livre.executer(commande)
    lignes = list(monde.livre.journal(P).lignes())
    fait = monde.livre.journal(P).lire_un(2)
    assert fait is not None
    canonique = json.dumps(commande, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert (fait.enregistre_le, fait.empreinte_commande, fait.precedent) == (
        "2020-01-01T00:00:00.000000Z",
        sha(canonique.encode()),
        sha(b"\x00" + lignes[0]),
    )


def test_une_horloge_qui_recule_ne_fait_pas_reculer_le_journal() -> None:
    """L'instant d'enregistrement ne recule jamais, même si l'horloge recule."""
    monde = Monde(ouvert=False)
    instants = [f"2020-01-0{jour}T00:00:00.000000Z" for jour in (2, 1, 3, 1)]
    monde.livre = GrandLivre(MemoryStore(), clock=HorlogeFixe(*instants))
    monde.ok("OuvrirProgramme", "2019-07-11")
    for _ in range(3):
        monde.ok("ModifierEnveloppe", "2020-02-03")
    faits = [fait for _, fait in Journal(monde.livre.store, P).rattraper()]
    assert [fait.enregistre_le[:10] for fait in faits] == [
        "2020-01-02",
        "2020-01-02",
        "2020-01-03",
        "2020-01-03",
    ]


def test_un_lot_independant_a_un_recu_par_commande(monde: Monde) -> None:
    """Indépendant : chaque commande a son reçu, un refus n'arrête pas les autres."""
    lot = [
        monde.commande("DéposerCandidature", "2020-01-10"),
        monde.commande("LabelliserFabrique", "2020-02-03", montant_centimes=1),
        {"commande": "Inconnu", "id_commande": "x"},
        monde.commande("LabelliserFabrique", "2020-02-03"),
        monde.commande("DéposerCandidature", "2020-01-10", id_commande="c2"),
    ]
    assert statuts(monde.livre.executer_lot(lot)) == [
        ("acceptee", (2,)),
        ("refusee", ()),
        ("refusee", ()),
        ("acceptee", (3,)),
        ("deja_executee", (2,)),
    ]


@pytest.mark.parametrize("disque", [False, True])
def test_un_lot_atomique_ecrit_tout_ou_rien(tmp_path: Path, disque: bool) -> None:
    """Atomique : au premier refus, ce seul reçu, et rien n'est écrit ; sinon tout l'est."""
    monde = Monde(store=SQLiteStore(tmp_path / "a.db", creer=True) if disque else None)
    lot = [
        monde.commande("DéposerCandidature", "2020-01-10"),
        monde.commande("LabelliserFabrique", "2020-02-03", montant_centimes=1),
        monde.commande("DéposerCandidature", "2020-01-10"),
    ]
    (recu,) = monde.livre.executer_lot(lot, atomique=True)
    assert recu.refus is not None
    assert (recu.id_commande, recu.refus.code, monde.taille) == ("c3", "montant_hors_bornes", 1)
    lot[1:] = [monde.commande("LabelliserFabrique", "2020-02-03")]
    assert statuts(monde.livre.executer_lot(lot, atomique=True)) == [
        ("acceptee", (2,)),
        ("acceptee", (3,)),
    ]
    monde.livre.fermer()


def test_un_lot_atomique_de_deux_programmes_s_annule_entier(monde: Monde) -> None:
    """Un lot atomique sur deux programmes n'ouvre pas l'un si l'autre est refusé."""
    lot = [
        monde.commande("OuvrirProgramme", "2019-07-11", programme="p2"),
        monde.commande("OuvrirProgramme", "2019-07-11"),
    ]
    (recu,) = monde.livre.executer_lot(lot, atomique=True)
    assert recu.programme == P
    assert monde.livre.store.programmes() == (P,)
    assert monde.livre.executer_lot(lot)[0].positions == (1,)
    assert monde.livre.store.programmes() == (P, "p2")


def test_un_etat_donne_ne_bouge_plus(monde: Monde) -> None:
    """Un état rendu garde ses soldes, quoi qu'un lot écrive ou renonce à écrire ensuite."""
    avant = monde.livre.etat(P)
    enveloppe = avant.soldes.enveloppe
    hausses = [monde.commande("ModifierEnveloppe", "2020-02-03") for _ in range(3)]
    (hausse,) = {h["variation_centimes"] for h in hausses}
    refusee = monde.commande("OuvrirProgramme", "2019-07-11")
    sans_argent = monde.commande("DéposerCandidature", "2020-01-10")
    monde.livre.executer_lot([sans_argent, *hausses, refusee], atomique=True)
    assert monde.livre.etat(P).soldes.enveloppe == enveloppe
    monde.livre.executer_lot([sans_argent, *hausses])
    apres = monde.livre.etat(P)
    monde.livre.executer_lot([monde.commande("ModifierEnveloppe", "2020-02-03")])
    vues = [e.soldes.enveloppe for e in (avant, apres, monde.livre.etat(P))]
    assert vues == [enveloppe, enveloppe + 3 * hausse, enveloppe + 4 * hausse]


class _StoreCompte(MemoryStore):
    """A store that counts its transactions (one that conflicts, of known ids, is none)."""

    def __init__(self) -> None:
        super().__init__()
        self.tailles: list[int] = []

    def ajouter(self, ecritures: Any) -> None:
        """Add, then count."""
        super().ajouter(ecritures)
        self.tailles.append(sum(len(e.lignes) for e in ecritures))


def test_un_lot_s_ecrit_en_une_transaction_et_un_flux_par_lots() -> None:
    """Un lot est une transaction ; un flux en fait une par lot, dans l'ordre."""
    store = _StoreCompte()
    monde = Monde(store=store)
    commandes = [monde.commande("ModifierEnveloppe", "2020-02-03") for _ in range(7)]
    monde.livre.executer_lot(commandes[:2])
    recus = tuple(monde.livre.executer_flux(commandes, lot=3))
    assert store.tailles == [1, 2, 1, 3, 1]
    assert [r.positions[0] for r in recus] == [2, 3, 4, 5, 6, 7, 8]


class _StoreLu(MemoryStore):
    """A store that notes what is read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.lectures: list[str] = []

    def pages(self, programme: str, **bornes: Any) -> Any:
        """Note, then read."""
        self.lectures.append("lignes")
        return super().pages(programme, **bornes)

    def retrouver(self, programme: str, ids: Any) -> Any:
        """Note, then look up."""
        self.lectures.append("ids")
        return super().retrouver(programme, ids)

    def ajouter(self, ecritures: Any) -> None:
        """Add; this store looks by itself for what it refuses."""
        avant = self.lectures[:]
        try:
            super().ajouter(ecritures)
        finally:
            self.lectures = avant


@pytest.mark.parametrize("nombre", [1, 2, 256, 257])
def test_un_lot_sur_un_etat_chaud_ne_lit_rien_sauf_refus_ou_identifiant_connu(nombre: int) -> None:
    """Jusqu'à 256 commandes, la base n'est lue que si l'une est refusée ou déjà exécutée."""
    store = _StoreLu()
    monde = Monde(store=store)
    lus: list[list[str]] = []
    lots = (
        [monde.commande("ModifierEnveloppe", "2020-02-03") for _ in range(nombre)],
        [
            *(monde.commande("ModifierEnveloppe", "2020-02-03") for _ in range(nombre - 1)),
            monde.commande("LabelliserFabrique", "2020-02-03"),
        ],
    )
    for lot in (*lots, lots[0]):
        store.lectures.clear()
        monde.livre.executer_lot(lot)
        lus.append(store.lectures[:])
    relu = ["lignes", "ids"]
    assert lus == [[] if nombre <= 256 else relu, relu, relu]
    assert (monde.taille, store.taille(P)) == (2 * nombre, 2 * nombre)


def test_la_presomption_s_arrete_au_premier_refus(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ce qui suit un refus n'est décidé qu'une fois, sur l'état relu."""
    decidees: list[str] = []

    def decider(etat: Any, commande: Any, **plus: Any) -> Any:
        decidees.append(commande.id_commande)
        return decide(etat, commande, **plus)

    monkeypatch.setattr("commands.redaction.decide", decider)
    lot = [
        monde.commande("ModifierEnveloppe", "2020-02-03"),
        monde.commande("OuvrirProgramme", "2019-07-11"),
        monde.commande("ModifierEnveloppe", "2020-02-03"),
    ]
    assert statuts(monde.livre.executer_lot(lot)) == [
        ("acceptee", (2,)),
        ("refusee", ()),
        ("acceptee", (3,)),
    ]
    assert decidees == ["c2", "c3", "c2", "c3", "c4"]


def test_tant_qu_un_autre_ecrit_l_etat_chaud_n_est_pas_cru(monde: Monde) -> None:
    """Deux poignées qui alternent : une seule tentative manquée, puis chacune lit avant d'écrire ;
    redevenue seule, une poignée lit une dernière fois."""
    store, essais = monde.livre.store, list[str]()

    def compter(qui: str) -> Any:
        class Compte:
            """The store of one handle, which notes its reads and its attempts to write."""

            def __getattr__(self, nom: str) -> Any:
                if nom in ("pages", "ajouter"):
                    essais.append(f"{qui} {nom}")
                return getattr(store, nom)

        return Compte()

    a, b = (GrandLivre(compter(qui), clock=HorlogeFixe()) for qui in "ab")
    suivis: list[list[str]] = []
    for livre in (a, b, a, b, a, a, a):
        essais.clear()
        assert livre.executer(monde.commande("ModifierEnveloppe", "2020-02-03")).acceptee
        suivis.append(essais[:])
    lit, ecrit = [f"{q} pages" for q in "ab"], [f"{q} ajouter" for q in "ab"]
    assert suivis == [
        [lit[0], ecrit[0]],
        [lit[1], ecrit[1]],
        [ecrit[0], lit[0], ecrit[0]],
        [ecrit[1], lit[1], ecrit[1]],
        [lit[0], ecrit[0]],
        [lit[0], ecrit[0]],
        [ecrit[0]],
    ]


def test_une_bifurcation_decide_comme_le_vrai_et_n_y_ecrit_rien(monde: Monde) -> None:
    """Une bifurcation rend le même reçu que le vrai livre, sans rien y écrire."""
    monde.ok("DéposerCandidature", "2020-01-10")
    essai = monde.livre.bifurquer()
    commande = monde.commande("LabelliserFabrique", "2020-02-03")
    simule = essai.executer(commande)
    assert monde.taille == 2
    reel = monde.livre.executer(commande)
    assert (simule.positions, simule.racine) == (reel.positions, reel.racine)


def test_une_bifurcation_reste_a_sa_naissance(monde: Monde) -> None:
    """Ce que le vrai livre écrit après la bifurcation n'y entre pas."""
    essai = monde.livre.bifurquer()
    essai.executer(monde.commande("ModifierEnveloppe", "2020-02-03"))
    for _ in range(2):
        monde.ok("ModifierEnveloppe", "2020-02-03", variation_centimes=5)
    assert essai.etat(P).soldes.enveloppe == 4_500_000_001
    assert monde.livre.etat(P).soldes.enveloppe == 4_500_000_010


def test_une_commande_peut_etre_un_objet_ou_un_modele(monde: Monde) -> None:
    """La commande en objet JSON et en modèle sont la même."""
    donnees = {**monde.commande("ModifierEnveloppe", "2020-02-03")}
    monde.livre.executer(donnees)
    del donnees["commande"]
    recu = monde.livre.executer(ModifierEnveloppe.model_validate(donnees))
    assert statuts((recu,)) == [("deja_executee", (2,))]


@pytest.mark.parametrize("donnees", [[], "texte", 1, None, {"commande": 3}, {}])
def test_ce_qui_n_est_pas_une_commande_est_refuse_sans_erreur(monde: Monde, donnees: Any) -> None:
    """Une donnée quelconque reçoit un refus commande_invalide, jamais une erreur."""
    recu = monde.livre.executer(donnees)
    assert recu.refus is not None
    assert (recu.statut, recu.refus.code, recu.programme) == ("refusee", "commande_invalide", None)


def test_un_identifiant_illisible_n_empeche_pas_les_autres() -> None:
    """Les quarante commandes du lot, une sur deux mal formée, ont quarante reçus."""
    monde = Monde()
    bonne = {"programme": P, "acteur": ALICE, "date_effet": "2020-02-03"}
    lot = [
        {"commande": "ModifierEnveloppe", "id_commande": f"i{n}", **bonne}
        | CHAMPS["ModifierEnveloppe"]
        | ({"variation_centimes": "1"} if n % 2 else {})
        for n in range(40)
    ]
    recus = monde.livre.executer_lot(lot)
    assert [r.id_commande for r in recus] == [f"i{n}" for n in range(40)]
    assert [r.statut for r in recus] == ["acceptee", "refusee"] * 20
