"""Relevés et reçus confrontés au journal, et la liste des contrôles que dit le rapport."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from commands import GrandLivre
from ledger import Journal, MemoryStore, SQLiteStore, Store
from ledger.audit import Constat, Rapport, parallele, verifier
from ledger.audit.constats import CONTROLES, Bilan, Faite
from ledger.audit.temoins import Temoin, incarnations
from ledger.evenements import JournalRepris
from ledger.preuve.merkle import Arbre, racine_base64
from ledger.preuve.releve import ClePublique, Releve, origine
from ledger.sceau.cles import SignataireFichier
from ledger.sceau.publieur import signer
from tests.bench.charge import PROGRAMME, commandes
from tests.bench.commun import exiger, modele
from tests.unit.ledger.audit.test_verifier import histoire, magasin, reecrire
from tests.unit.monde import Monde, P

ALICE, BRUNO = (
    SignataireFichier(Ed25519PrivateKey.from_private_bytes(bytes(range(n, n + 32)))) for n in (0, 1)
)
CLE_ALICE, CLE_BRUNO = ClePublique("alice", ALICE.cle), ClePublique("bruno", BRUNO.cle)
FIN = 15
"""The lines of `histoire()`."""
AUTRE = "fabriques-ledger/fabriques/0123456789abcdef"
SANS_TEMOIN: dict[str, Faite] = {
    "base": "fait",
    "lignes": "fait",
    "chaine": "fait",
    "index": "fait",
    "regles": "fait",
    "releves": "non_demande",
    "signatures": "non_demande",
    "lecture": "non_demande",
    "cliches": "non_demande",
}
AVEC_TEMOIN: dict[str, Faite] = {**SANS_TEMOIN, "releves": "fait"}
AVEC_CLE: dict[str, Faite] = {**AVEC_TEMOIN, "signatures": "fait"}


def arbre_de(store: Store, programme: str = P) -> Arbre:
    """The tree of a journal, read to its end."""
    journal = Journal(store, programme)
    for _ in journal.rattraper():
        pass
    return journal.arbre


def recu(arbre: Arbre, taille: int, source: str = "reçu") -> Temoin:
    """The receipt that a journal gave at a size."""
    return Temoin(source, taille, arbre.racine(taille))


def note(arbre: Arbre, taille: int, *, fondation: int = 1, par: Iterable[Any] = ()) -> Temoin:
    """The checkpoint of a journal at a size, signed by those given."""
    releve = Releve(origine(P, arbre.feuille(fondation)), taille, arbre.racine(taille))
    for signataire in par:
        releve = signer(releve, signataire)
    return Temoin("note", taille, releve.racine, releve.origine, releve)


def attendu(
    store: Store,
    constats: tuple[Constat, ...] = (),
    bilan: Bilan | None = None,
    controles: dict[str, Faite] = AVEC_TEMOIN,
) -> Rapport:
    """A whole report."""
    arbre = arbre_de(store)
    racine = racine_base64(arbre.racine())
    return Rapport(arbre.taille, racine, constats, bilan or Bilan(), controles)


def divergent(source: str, taille: int, avant: Arbre, apres: Arbre) -> Constat:
    """The finding on a size whose root is not the one held."""
    return Constat(
        "releve_divergent",
        taille,
        f"{source} : la racine des {taille} premières lignes était "
        f"{racine_base64(avant.racine(taille))}, elle est {racine_base64(apres.racine(taille))} : "
        "une de ces lignes a été modifiée, ôtée ou ajoutée.",
    )


def perdu(source: str, taille: int, position: int) -> Constat:
    """The finding on a size that the line at `position` declares lost."""
    return Constat(
        "releve_perdu",
        position,
        f"{source} : les {taille} lignes du relevé comprennent des lignes perdues, déclarées "
        f"perdues en position {position}.",
    )


def falsifiee() -> tuple[MemoryStore, Arbre]:
    """A history whose line 12 was changed within the rules and rechained; the tree before that."""
    store = magasin(histoire())
    avant = arbre_de(store)
    reecrire(store, 12, lambda etat: etat.update(reference="V-9"))
    return store, avant


def tronquer(store: MemoryStore, taille: int) -> None:
    """Put back the journal as it was at a size, index included."""
    del store._lignes[P][taille:]
    entrees = store._index[P]
    store._index[P] = {nom: e for nom, e in entrees.items() if e.position <= taille}


# --- what is held


@pytest.mark.parametrize("taille", [0, 1, 2, 7, 8, 14, FIN])
def test_un_temoin_d_une_taille_passee_est_tenu(taille: int) -> None:
    """Reçu ou note, à 0 ligne, en chemin ou à la fin : tenu, et le rapport dit jusqu'où."""
    store = magasin(histoire())
    arbre = arbre_de(store)
    assert arbre.taille == FIN
    for temoin in (recu(arbre, taille), note(arbre, taille)):
        assert verifier(store, P, temoins=[temoin]) == attendu(
            store, bilan=Bilan(1, 1, 0, 0, taille)
        )


def test_la_racine_de_zero_ligne_est_celle_de_rien() -> None:
    """Un reçu de 0 ligne est tenu par le SHA-256 de rien, et par aucune autre racine."""
    store = magasin(histoire())
    rien = Temoin("reçu", 0, sha256(b"").digest())
    assert verifier(store, P, temoins=[rien]).conforme
    faux = verifier(store, P, temoins=[replace(rien, racine=bytes(32))])
    assert ([c.code for c in faux.constats], faux.releves) == (["releve_divergent"], Bilan(1))


def test_tous_les_temoins_se_confrontent_et_se_comptent() -> None:
    """De nombreux témoins, d'un itérateur, dans n'importe quel ordre : le plus grand couvre."""
    store = magasin(histoire())
    arbre = arbre_de(store)
    temoins = (faire(arbre, t) for t in (9, 0, FIN - 1, 3) for faire in (recu, note))
    assert verifier(store, P, temoins=temoins) == attendu(store, bilan=Bilan(8, 8, 0, 0, FIN - 1))


def test_sans_temoin_rien_n_est_couvert() -> None:
    """Sans témoin, le rapport dit qu'aucun relevé n'a été confronté et qu'aucune ligne n'est sûre.

    Une réécriture complète, dans les règles, passe.
    """
    store, _ = falsifiee()
    assert verifier(store, P) == attendu(store, controles=SANS_TEMOIN)


# --- what is not


def test_un_temoin_d_apres_la_ligne_changee_diverge() -> None:
    """Une ligne changée, tout recalculé : chaque témoin qui la comprend le dit, avec sa taille."""
    store, avant = falsifiee()
    apres = arbre_de(store)
    temoins = [faire(avant, t) for t in (FIN, 12, 11) for faire in (recu, note)]
    constats = tuple(
        divergent(source, taille, avant, apres) for taille in (12, FIN) for source in SOURCES
    )
    assert verifier(store, P, temoins=temoins) == attendu(store, constats, Bilan(6, 2, 0, 0, 11))


SOURCES = ("reçu", "note")


def test_la_fenetre_apres_le_dernier_temoin_n_est_pas_couverte() -> None:
    """Une ligne changée après le dernier témoin passe ; `couverts` dit où la preuve s'arrête."""
    store, avant = falsifiee()
    assert verifier(store, P, temoins=[note(avant, 11)]) == attendu(
        store, bilan=Bilan(1, 1, 0, 0, 11)
    )


def test_un_journal_raccourci_ne_repond_plus() -> None:
    """La fin ôtée, ou une copie ancienne remise : le témoin porte au-delà du journal."""
    store = magasin(histoire())
    avant = arbre_de(store)
    tronquer(store, 9)
    constats = tuple(
        Constat(
            "releve_au_dela",
            9,
            f"{source} : le journal avait {taille} lignes, il en a 9 : la fin a été ôtée, ou une "
            "copie ancienne remise en place.",
        )
        for taille, source in ((10, "reçu"), (FIN, "note"))
    )
    temoins = [recu(avant, 10), note(avant, FIN), recu(avant, 9)]
    assert verifier(store, P, temoins=temoins) == attendu(store, constats, Bilan(3, 1, 0, 0, 9))


def test_un_releve_d_un_autre_journal_n_est_pas_confronte() -> None:
    """Une autre origine est dite, et la racine n'est alors ni tenue ni divergente."""
    store = magasin(histoire())
    arbre = arbre_de(store)
    ici = origine(P, arbre.feuille(1))
    temoins = [
        Temoin("a", 5, arbre.racine(5), AUTRE),
        Temoin("b", 99, bytes(32), "x\u202e\x1b[2J"),
    ]
    constats = (
        Constat(
            "releve_autre_origine",
            None,
            f"a : le relevé porte sur {AUTRE}, le journal est {ici}.",
        ),
        Constat(
            "releve_autre_origine",
            None,
            f"b : le relevé porte sur x\\u202e\\u001b[2J, le journal est {ici}.",
        ),
    )
    assert verifier(store, P, temoins=temoins) == attendu(store, constats, Bilan(2))


def test_le_nom_d_un_temoin_se_montre_sans_danger() -> None:
    """Un nom de fichier est n'importe quels octets : le constat les neutralise."""
    store, avant = falsifiee()
    temoin = recu(avant, 12, "\x1b[2J\u202e.jsonl")
    constats = (divergent("\\u001b[2J\\u202e.jsonl", 12, avant, arbre_de(store)),)
    assert verifier(store, P, temoins=[temoin]).constats == constats


# --- declared losses


def reprendre(monde: Monde, avant: Arbre, satisfaite: int, fondation: int = 1) -> int:
    """Declare lost the lines of a tree after a size; the position of that line."""
    return monde.ok(
        "ReprendreJournal",
        "2020-03-01",
        origine_precedente=origine(P, avant.feuille(fondation)),
        taille_satisfaite=satisfaite,
        taille_perdue=avant.taille,
        racine_perdue=racine_base64(avant.racine()),
    )


def monde_de(*structures: str) -> Monde:
    """An opened programme with these applications."""
    return suivre(Monde(), *structures)


def suivre(monde: Monde, *structures: str) -> Monde:
    """The same, with more applications."""
    for structure in structures:
        monde.ok("DéposerCandidature", "2020-01-10", structure=structure)
    return monde


def restaure(taille: int, source: Monde) -> Monde:
    """A world that goes on from the first lines of another one, as after a restore."""
    store = MemoryStore()
    store._lignes = {P: list(magasin(source)._lignes[P])}
    store._index = {P: dict(magasin(source)._index[P])}
    tronquer(store, taille)
    monde = Monde(store=store, ouvert=False)
    monde.numero = 100 + source.numero
    return monde


def test_une_perte_declaree_reste_dite() -> None:
    """Les témoins des lignes déclarées perdues le disent, ceux d'avant et d'après sont tenus."""
    premier = monde_de("a", "b", "c", "d")
    avant = arbre_de(premier.livre.store)
    monde = restaure(3, premier)
    assert reprendre(monde, avant, 2) == 4
    suivre(monde, "e", "f", "g")
    store = magasin(monde)
    apres = arbre_de(store)
    tenus = [faire(avant, taille) for taille in (2, 3) for faire in (recu, note)]
    tenus += [recu(apres, 4), note(apres, 5, fondation=4), note(apres, 7, fondation=4)]
    assert verifier(store, P, temoins=tenus) == attendu(store, bilan=Bilan(7, 7, 0, 0, 7))
    perdus = [faire(avant, taille) for taille in (4, 5) for faire in (recu, note)]
    constats = tuple(perdu(source, taille, 4) for taille in (4, 5) for source in SOURCES)
    assert verifier(store, P, temoins=perdus) == attendu(store, constats, Bilan(4))


def test_une_perte_declaree_n_excuse_que_ce_qu_elle_declare() -> None:
    """Hors des tailles déclarées perdues, ou sous l'origine nouvelle, c'est un écart comme avant.

    Le journal d'avant la perte n'avait pas plus de lignes que déclaré ; ce qui suit la reprise
    n'est pas perdu.
    """
    premier = monde_de("a", "b", "c", "d", "e", "f", "g")
    avant = arbre_de(premier.livre.store)
    court = Arbre()
    court.ajouter(avant.feuille(rang) for rang in range(1, 6))
    monde = restaure(3, premier)
    assert reprendre(monde, court, 3) == 4
    suivre(monde, "h", "i", "j")
    store = magasin(monde)
    apres = arbre_de(store)
    reecrire(store, 2, lambda etat: etat.update(ville="Paris"))
    change = arbre_de(store)
    temoins = [
        note(avant, 3),  # not lost: the loss begins after it
        note(apres, 5, fondation=4),  # the new life: but its founding line was rechained
        note(avant, 6),  # beyond what is declared
        note(avant, 8),
    ]
    dits = verifier(store, P, temoins=temoins)
    nouvelle = origine(P, change.feuille(4))
    constats = (
        divergent("note", 3, avant, change),
        divergent("note", 6, avant, change),
        Constat(
            "releve_au_dela",
            7,
            "note : le journal avait 8 lignes, il en a 7 : la fin a été ôtée, ou une copie "
            "ancienne remise en place.",
        ),
        Constat(
            "releve_autre_origine",
            None,
            f"note : le relevé porte sur {origine(P, apres.feuille(4))}, le journal est "
            f"{nouvelle}.",
        ),
    )
    assert dits == attendu(store, constats, Bilan(4))


def test_un_releve_de_la_vie_nouvelle_n_est_jamais_dit_perdu() -> None:
    """Sous l'origine nouvelle, une racine autre est une divergence, pas la perte d'avant."""
    premier = monde_de("a", "b", "c", "d")
    monde = restaure(3, premier)
    reprendre(monde, arbre_de(premier.livre.store), 2)
    suivre(monde, "e")
    store = magasin(monde)
    apres = arbre_de(store)
    reecrire(store, 5, lambda etat: etat.update(ville="Paris"))
    constats = (divergent("note", 5, apres, arbre_de(store)),)
    assert verifier(store, P, temoins=[note(apres, 5, fondation=4)]) == attendu(
        store, constats, Bilan(1)
    )


def test_une_seconde_restauration_declare_aussi_la_vie_disparue() -> None:
    """Revenir avant une reprise perd sa vie entière : son origine reste connue, et dite perdue."""
    premier = monde_de("a", "b", "c", "d")
    vie_1 = arbre_de(premier.livre.store)
    deuxieme = restaure(3, premier)
    reprendre(deuxieme, vie_1, 3)
    suivre(deuxieme, "e", "f", "g")
    vie_2 = arbre_de(deuxieme.livre.store)
    monde = restaure(2, premier)
    assert (reprendre(monde, vie_1, 2), reprendre(monde, vie_2, 2, 4)) == (3, 4)
    store = magasin(monde)
    assert origine(P, vie_2.feuille(4)) not in {
        origine(P, arbre_de(store).feuille(rang)) for rang in range(1, 5)
    }
    temoins = [
        note(vie_1, 2),
        note(vie_1, 5),
        note(vie_2, 7, fondation=4),
        note(vie_2, 2, fondation=4),
    ]
    constats = (perdu("note", 5, 3), perdu("note", 7, 4))
    assert verifier(store, P, temoins=temoins) == attendu(store, constats, Bilan(4, 2, 0, 0, 2))


def test_l_origine_d_une_vie_passee_reste_connue() -> None:
    """Une reprise qui nomme une autre origine n'efface pas celle que dit la ligne 1."""
    monde = monde_de("a")
    avant = arbre_de(monde.livre.store)
    monde.ok("ReprendreJournal", "2020-03-01", origine_precedente=AUTRE)
    store = magasin(monde)
    assert verifier(store, P, temoins=[note(avant, 2)]) == attendu(
        store, bilan=Bilan(1, 1, 0, 0, 2)
    )


def test_les_incarnations_d_un_journal_sont_dans_l_ordre() -> None:
    """Une vie par ligne fondatrice ; une position qui n'est pas de l'arbre n'en fonde aucune."""
    premier = monde_de("a")
    arbre = arbre_de(premier.livre.store)
    reprise = premier.fait("ReprendreJournal", "2020-03-01")
    assert isinstance(reprise, JournalRepris)
    stockees: Any = [(2, reprise), (0, reprise), (3, reprise), (1.5, reprise), ("2", reprise)]
    vies = incarnations(P, arbre, stockees)
    assert [(v.origine, v.position, v.reprise) for v in vies] == [
        (origine(P, arbre.feuille(1)), 1, None),
        (origine(P, arbre.feuille(2)), 2, reprise),
    ]
    assert incarnations(P, Arbre(), stockees) == ()


def test_une_reprise_a_une_position_qui_n_est_pas_un_entier_se_constate(tmp_path: Path) -> None:
    """Une position décimale sur la ligne d'une reprise est un constat, jamais un plantage."""
    base = tmp_path / "base.db"
    with GrandLivre.ouvrir(base, creer=True) as livre:
        monde = Monde(store=livre.store)
        suivre(monde, "a", "b")
        monde.ok("ReprendreJournal", "2020-03-01")
    with closing(sqlite3.connect(base)) as conn, conn:
        conn.execute("UPDATE stored_events SET originator_version=3.5 WHERE topic='journal-repris'")
    store = SQLiteStore(base, ecriture=False)
    try:
        codes = [c.code for c in verifier(store, P).constats]
    finally:
        store.fermer()
    assert "position_manquante" in codes


# --- signatures


def test_la_signature_d_une_cle_donnee_se_verifie() -> None:
    """Une note signée par la clé donnée, sous quelque nom qu'elle soit donnée, est vérifiée."""
    store = magasin(histoire())
    temoin = note(arbre_de(store), 8, par=[ALICE])
    assert verifier(store, P, temoins=[temoin], cles=[CLE_ALICE]) == attendu(
        store, bilan=Bilan(1, 1, 1, 0, 8), controles=AVEC_CLE
    )


def test_sans_cle_une_note_signee_est_comptee_non_verifiee() -> None:
    """Sans clé, la note est confrontée ; sa signature est dite non vérifiée, pas bonne."""
    store = magasin(histoire())
    arbre = arbre_de(store)
    temoins = [note(arbre, 8, par=[ALICE]), note(arbre, 9), recu(arbre, 3)]
    assert verifier(store, P, temoins=temoins) == attendu(store, bilan=Bilan(3, 3, 0, 1, 9))


FAUSSE = Constat(
    "signature_fausse", None, "note : la signature n'est pas celle de ce texte par cette clé."
)
ABSENTE = Constat("signature_absente", None, "note : aucune signature de la clé donnée.")


def test_une_signature_d_un_autre_texte_est_fausse() -> None:
    """Une note dont la taille a changé après signature n'est pas tenue, même si la racine l'est."""
    store = magasin(histoire())
    arbre = arbre_de(store)
    signee = note(arbre, 8, par=[ALICE]).releve
    assert signee is not None
    faux = replace(signee, taille=9, racine=arbre.racine(9))
    temoin = Temoin("note", 9, faux.racine, faux.origine, faux)
    assert verifier(store, P, temoins=[temoin], cles=[CLE_ALICE]) == attendu(
        store, (FAUSSE,), Bilan(1), AVEC_CLE
    )


@pytest.mark.parametrize("par", [(), (BRUNO,)], ids=["sans", "autre"])
def test_une_note_que_la_cle_donnee_n_a_pas_signee_le_dit(par: tuple[SignataireFichier]) -> None:
    """Sans signature, ou signée par une autre clé : la signature attendue est absente."""
    store = magasin(histoire())
    temoin = note(arbre_de(store), 8, par=par)
    assert verifier(store, P, temoins=[temoin], cles=[CLE_ALICE]) == attendu(
        store, (ABSENTE,), Bilan(1), AVEC_CLE
    )


def test_une_signature_vraie_n_excuse_pas_une_autre_racine() -> None:
    """La signature est vérifiée, la racine diverge : la note n'est pas tenue."""
    store, avant = falsifiee()
    temoin = note(avant, 12, par=[ALICE])
    constats = (divergent("note", 12, avant, arbre_de(store)),)
    assert verifier(store, P, temoins=[temoin], cles=[CLE_ALICE]) == attendu(
        store, constats, Bilan(1, 0, 1), AVEC_CLE
    )


def test_apres_un_changement_de_cle_chaque_note_a_la_sienne() -> None:
    """Avec l'ancienne clé et la nouvelle, les notes de l'une, de l'autre et des deux tiennent."""
    store = magasin(histoire())
    arbre = arbre_de(store)
    signatures = ((5, [ALICE]), (8, [ALICE, BRUNO]), (9, [BRUNO]))
    temoins = [note(arbre, taille, par=par) for taille, par in signatures]
    assert verifier(store, P, temoins=temoins, cles=iter([CLE_ALICE, CLE_BRUNO])) == attendu(
        store, bilan=Bilan(3, 3, 3, 0, 9), controles=AVEC_CLE
    )
    assert verifier(store, P, temoins=temoins, cles=[CLE_BRUNO]) == attendu(
        store, (ABSENTE,), Bilan(3, 2, 2, 0, 9), AVEC_CLE
    )


def test_une_seule_signature_fausse_condamne_la_note() -> None:
    """Une bonne signature ne couvre pas une fausse d'une autre clé donnée."""
    store = magasin(histoire())
    arbre = arbre_de(store)
    autre, bonne = note(arbre, 9, par=[BRUNO]).releve, note(arbre, 8, par=[ALICE])
    assert autre is not None
    assert bonne.releve is not None
    mixte = replace(bonne.releve, signatures=(*bonne.releve.signatures, *autre.signatures))
    temoin = replace(bonne, releve=mixte)
    assert verifier(store, P, temoins=[temoin], cles=[CLE_ALICE, CLE_BRUNO]) == attendu(
        store, (FAUSSE,), Bilan(1), AVEC_CLE
    )


def test_une_cle_sans_note_ne_fait_verifier_aucune_signature() -> None:
    """Une clé seule, ou avec des reçus, que rien ne signe : « signatures » n'est pas dit fait."""
    store = magasin(histoire())
    assert verifier(store, P, cles=[CLE_ALICE]) == attendu(store, controles=SANS_TEMOIN)
    temoin = recu(arbre_de(store), 8)
    assert verifier(store, P, temoins=[temoin], cles=[CLE_ALICE]) == attendu(
        store, bilan=Bilan(1, 1, 0, 0, 8)
    )


# --- what was checked


def test_chaque_controle_est_dit() -> None:
    """Le rapport nomme tous les contrôles de la liste, dans l'ordre, et rien d'autre."""
    controles = verifier(histoire().livre.store, P).en_json()["controles"]
    assert list(controles) == list(CONTROLES)
    assert controles == SANS_TEMOIN


def test_une_ligne_illisible_interrompt_les_regles_et_rien_d_autre() -> None:
    """Après une ligne illisible, les règles sont dites interrompues ; les témoins, confrontés."""
    store = magasin(histoire())
    avant = arbre_de(store)
    store._lignes[P][8] = store._lignes[P][8]._replace(topic="os:system")
    rapport = verifier(store, P, temoins=[recu(avant, 8)])
    assert ("type_inconnu", 9) in {(c.code, c.position) for c in rapport.constats}
    assert rapport.controles == {**AVEC_TEMOIN, "regles": "interrompu"}
    assert rapport.releves == Bilan(1, 1, 0, 0, 8)
    assert verifier(store, P, regles=False).controles == {**SANS_TEMOIN, "regles": "non_demande"}


def test_une_histoire_impossible_interrompt_les_regles() -> None:
    """Un fait qui ne peut pas suivre les autres arrête le rejeu, et le rapport le dit."""
    store = magasin(histoire())
    reecrire(store, 5, lambda etat: etat.update(structure="s9"))
    rapport = verifier(store, P)
    assert rapport.controles == {**SANS_TEMOIN, "regles": "interrompu"}
    assert [c.code for c in rapport.constats] == ["histoire_impossible"]


def test_sans_les_regles_un_effet_faux_passe_et_le_rapport_le_dit() -> None:
    """Au niveau de la chaîne, un montant rechaîné passe, dit non demandé ; par défaut, il se voit.

    Les témoins, eux, le voient aux deux niveaux.
    """
    store = magasin(histoire())
    avant = arbre_de(store)
    reecrire(store, 4, lambda etat: etat.update(montant_centimes=1))
    sans: dict[str, Faite] = {**SANS_TEMOIN, "regles": "non_demande"}
    assert verifier(store, P, regles=False) == attendu(store, controles=sans)
    complet = verifier(store, P)
    assert "effet_faux" in {c.code for c in complet.constats if c.position == 4}
    assert complet.controles == SANS_TEMOIN
    constats = (divergent("reçu", FIN, avant, arbre_de(store)),)
    assert verifier(store, P, regles=False, temoins=[recu(avant, FIN)]) == attendu(
        store, constats, Bilan(1), {**sans, "releves": "fait"}
    )


# --- several processes


def test_les_temoins_se_confrontent_pareil_a_plusieurs_coeurs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un ou deux cœurs, avec ou sans les règles : les mêmes constats, le même bilan."""
    monkeypatch.setattr(parallele, "PLAGE", 400)
    base = tmp_path / "base.db"
    with GrandLivre.ouvrir(base, creer=True) as livre:
        exiger(livre.executer_flux(map(modele, commandes(900))))
    store = SQLiteStore(base, ecriture=False)
    arbre = arbre_de(store, PROGRAMME)
    ici = origine(PROGRAMME, arbre.feuille(1))
    releve = signer(Releve(ici, 850, arbre.racine(850)), ALICE)
    temoins = [
        *(recu(arbre, taille) for taille in (0, 399, 400, 401, 899)),
        Temoin("note", 850, releve.racine, ici, releve),
        Temoin("faux", 801, bytes(32)),
        Temoin("loin", 901, bytes(32)),
        Temoin("ailleurs", 5, arbre.racine(5), AUTRE),
    ]
    try:
        for regles in (True, False):
            seul, deux = (
                verifier(
                    store,
                    PROGRAMME,
                    coeurs=coeurs,
                    regles=regles,
                    temoins=temoins,
                    cles=[CLE_ALICE],
                )
                for coeurs in (1, 2)
            )
            assert deux == seul
            assert [(c.code, c.position) for c in seul.constats] == [
                ("releve_divergent", 801),
                ("releve_au_dela", 900),
                ("releve_autre_origine", None),
            ]
            assert seul.releves == Bilan(9, 6, 1, 0, 899)
            demande: Faite = "fait" if regles else "non_demande"
            assert seul.controles == {**AVEC_CLE, "regles": demande}
    finally:
        store.fermer()
