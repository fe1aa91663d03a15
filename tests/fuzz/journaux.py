"""Targets that decide, store and read facts: commands, stored rows, reports, draws."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from commands import CommandeIllisible, GrandLivre, lire_ligne
from commands.hypotheses import HypotheseSansObjetError
from commands.modele import en_donnees
from commands.scenario import ScenarioUnreadableError, lire_scenario
from commands.simulation import LimiteDepasseeError, simuler
from ledger import Journal, MemoryStore, Store
from ledger.audit import verifier
from ledger.audit.constats import CODES
from ledger.audit.lignes import texte_admis
from ledger.erreurs import LedgerError
from ledger.preuve.canonique import OctetsIllisibles, decoder, encoder, json_canonique
from ledger.preuve.ligne import Lineur
from ledger.stockage.port import EntreeIndex, LigneBrute
from ledger.testing.horloge import Horloge
from projections import (
    anomalies,
    comparer,
    doublons,
    expliquer_tout,
    regarder,
    saisie,
    tirer,
    verifier_tirage,
)
from projections.cellules import toutes
from projections.comparaison import Point, point_du_rapport
from projections.exports import ecrire_beancount, ecrire_hledger
from projections.matrice import matrice
from projections.rapport import ecrire, rapport, reproduire
from projections.rapport.lecture import ReportUnreadableError, lire_entete
from projections.sondage import vue_du_tirage
from tests.cli.outils import en_lignes, lancer
from tests.fuzz import atelier
from tests.fuzz.moteur import Cible

P = atelier.P
_JOUR: dict[str, Any] = {"date_effet": "2022-03-02"}
_MONTANT = _JOUR | {"montant_centimes": 15_000_000, "territoire": "qpv"}
_SCENARIO = [
    json.dumps(ligne).encode()
    for ligne in (
        _MONTANT | {"hypothese": "labelliser", "nombre": 3},
        _MONTANT | {"hypothese": "labelliser_jusqu_au_refus"},
        _JOUR | {"hypothese": "geler_credits", "exercice": 2020, "part_dix_milliemes": 5_000},
        _JOUR | {"hypothese": "annuler_cp", "exercice": 2020, "part_dix_milliemes": 1},
        {"hypothese": "verser_echeances", "jusqu_au": "2022-12-31"},
        _JOUR | {"commande": "RetirerLabel", "structure": "s-3", "motif": "abandon"},
    )
]
_MOTS = (b'"s1"', b'"s-3"', b'"exercice":', b'"montant_centimes":', b"2021-12-31", b'"qpv"')


def figures(store: Store) -> int:
    """Every figure of a journal, in every shape; how many cells there are."""
    journal = Journal(store, P)
    vue = regarder(journal)
    regarder(journal, au=date(2020, 12, 31), connu_au=vue.situation.position // 2)
    compte_rendu = rapport(vue)
    for forme in ("json", "html"):
        ecrire(compte_rendu, forme)
    cellules = toutes(vue)
    for explication in expliquer_tout(vue.faits(), cellules):
        somme = sum(c.centimes for c in explication.contributions)
        assert somme == explication.valeur_centimes, "une explication ne somme pas"
    anomalies(vue), doublons(vue), saisie(vue.faits()), matrice(vue.faits())
    comparer(journal, Point(1), Point())
    lu = atelier.journal(store)
    "".join(ecrire_beancount(lu, vue)), "".join(ecrire_hledger(lu, vue))
    return len(cellules)


def _lisible(objet: Any) -> None:
    """What is answered can be written in UTF-8 and read back as JSON."""
    json.loads(json.dumps(objet, ensure_ascii=False).encode())


def commande(octets: bytes) -> str:
    """One line of a file of commands: `commande_invalide`, or a command that reads back alike.

    Executed on a fork, it is refused with a known code, or recorded: the audit then has nothing to
    say, and every figure can be told.
    """
    lue = lire_ligne(octets)
    if isinstance(lue, CommandeIllisible):
        assert lue.refus.code == "commande_invalide"
        _lisible([lue.refus.message, lue.id_commande])
        return "".join(c for c in lue.refus.message if not c.isdigit())[:80]
    contenu = msgspec.to_builtins(lue.contenu(), enc_hook=en_donnees)
    relue = lire_ligne(json.dumps(contenu).encode())
    assert isinstance(relue, type(lue))
    assert relue.contenu() == lue.contenu()
    assert relue.empreinte == lue.empreinte
    fourche = atelier.livre().bifurquer()
    recu = fourche.executer(lue)
    _lisible(recu.en_json())
    if recu.statut == "acceptee":
        audit = verifier(fourche.store, lue.programme)
        assert audit.conforme, audit.constats
        if lue.programme == P:
            figures(fourche.store)
    return f"{lue.verbe} {recu.statut} {recu.refus.code if recu.refus else ''}"


def fichier_de_commandes(octets: bytes) -> str:
    """A file of commands on standard input: one receipt a line that holds something."""
    base = atelier.dossier() / "executer.db"
    for reste in atelier.dossier().glob("executer.db*"):
        reste.unlink()
    fait = lancer("executer", "-", "--base", base, entree=octets)
    assert fait.code in (0, 2, 3, 4), fait
    assert "inattendue" not in fait.erreur, fait.erreur
    assert "Traceback" not in fait.erreur, fait.erreur
    recus = fait.lignes_json
    if fait.code in (0, 3):
        lignes = [li for li in octets.split(b"\n") if li.removeprefix(b"\xef\xbb\xbf").strip()]
        assert len(recus) == len(lignes), (len(recus), len(lignes))
    assert (fait.code == 3) == any(r["statut"] == "refusee" for r in recus)
    return f"{fait.code} {len(recus)} {sorted({r['code'] or '' for r in recus})[:6]}"


def scenario(octets: bytes) -> str:
    """A scenario, played: every line answered, and the journal that it starts from untouched."""
    try:
        etapes = lire_scenario(octets, P)
    except ScenarioUnreadableError as erreur:
        _lisible(erreur.message)
        return "".join(c for c in erreur.message if not c.isdigit())[:80]
    store = atelier.livre().store
    avant = [*store.lire(P)]
    try:
        joue = simuler(store, P, etapes, jour=date(2022, 3, 1))
    except (HypotheseSansObjetError, LimiteDepasseeError) as erreur:
        return erreur.code
    finally:
        assert [*store.lire(P)] == avant, "la simulation a écrit"
    assert [etape.ligne for etape in joue.etapes] == [etape.ligne for etape in etapes]
    assert verifier(joue.fourche, P).conforme
    figures(joue.fourche)
    return f"{[e.nom for e in etapes][:3]} {sorted({r.code for r in joue.refus})[:3]}"


def fait(octets: bytes) -> str:
    """A topic, a line feed, stored bytes: OctetsIllisibles, or a fact whose form is fixed."""
    topic, _, etat = octets.partition(b"\n")
    try:
        lu = decoder(topic.decode("utf-8", "replace"), etat)
    except OctetsIllisibles as erreur:
        return "".join(c for c in str(erreur) if not c.isdigit())[:100]
    canoniques = encoder(lu)
    assert decoder(topic.decode(), canoniques) == lu
    assert encoder(decoder(topic.decode(), canoniques)) == canoniques
    texte_admis(canoniques)
    return f"{topic.decode()} {canoniques == etat}"


def _base(octets: bytes) -> MemoryStore:
    """Rows `topic TAB state`, as someone who writes in the base would leave them.

    When the first line is CHAINE, links, instants and index are made coherent again.
    """
    chaine = octets.startswith(b"CHAINE\n")
    store, lineur = MemoryStore(), Lineur(P)
    precedent, horloge = None, ""
    lignes: list[LigneBrute] = []
    index: dict[str, EntreeIndex] = {}
    for position, ligne in enumerate(octets.removeprefix(b"CHAINE\n").split(b"\n"), 1):
        nom, _, etat = ligne.partition(b"\t")
        topic = nom.decode("utf-8", "replace")
        try:
            objet = json.loads(etat)
            if chaine:
                objet["precedent"] = precedent
                horloge = objet["enregistre_le"] = max(horloge, objet["enregistre_le"])
                etat = json_canonique(objet)
            cle = str(objet["id_commande"])
            index[cle] = EntreeIndex(cle, position, str(objet["empreinte_commande"]))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            pass  # kept as it is: reading it is the matter
        lignes.append(LigneBrute(position, topic, etat))
        precedent = lineur.feuille(position, topic, etat).hex()
    store._lignes[P], store._index[P] = lignes, index
    return store


def lignes(octets: bytes) -> str:
    """Stored rows rewritten: findings, LedgerErrors, or figures that all can be told."""
    store = _base(octets)
    audit = verifier(store, P)
    codes = {c.code for c in audit.constats}
    assert codes <= set(CODES)
    _lisible([[c.code, c.position, c.detail] for c in audit.constats])
    reponses = sorted(codes)

    def tenter(action: Callable[[], object]) -> None:
        try:
            action()
            reponses.append("dit")
        except LedgerError as erreur:
            _lisible(erreur.message)
            reponses.append(erreur.code)

    tenter(lambda: [*Journal(store, P).rattraper()])
    tenter(lambda: figures(store))
    tenter(lambda: GrandLivre(store, clock=Horloge()).bifurquer().executer(_SUITE))
    assert not audit.conforme or reponses == ["dit"] * 3, reponses
    return " ".join(reponses)


_SUITE = {
    "commande": "CorrigerStructure",
    "id_commande": "suite",
    "programme": P,
    "acteur": {"id": "ana", "role": "systeme"},
    "date_effet": "2023-01-01",
    "structure": "s-1",
    "motif": "suite",
    "ville": "Ici",
}


def compte_rendu(octets: bytes) -> str:
    """A report read back: unreadable, or reproduced, compared, and always told in UTF-8."""
    try:
        entete = lire_entete(octets)
    except ReportUnreadableError as erreur:
        _lisible(erreur.message)
        return erreur.message[45:100]
    try:
        refait = reproduire(atelier.journal(), octets)
        _lisible(refait.en_json())
        reponse = f"{refait.statut} {[c.code for c in refait.constats[:1]]}"
        if refait.statut == "identique":
            assert octets in _rapports()
    except LedgerError as erreur:
        reponse = erreur.code
    try:
        comparer(atelier.journal(), point_du_rapport(atelier.journal(), entete), Point())
    except LedgerError as erreur:
        reponse += f" {erreur.code}"
    return reponse


def tirage(octets: bytes) -> str:
    """A draw read back: a UsageError, differences told one by one, or the very same draw."""
    try:
        donnees = json.loads(octets)
    except (ValueError, RecursionError):
        return "pas du JSON"
    try:
        position, au = vue_du_tirage(donnees)
        vue = regarder(atelier.journal(), au=au, connu_au=position)
    except LedgerError as erreur:
        return erreur.message[:30]
    ecarts = verifier_tirage(vue, donnees)
    _lisible(ecarts)
    return " ".join(ecarts)[:60]


def _rangs() -> list[bytes]:
    lues = [*atelier.store().lire(P)]
    rangs = [li.topic.encode() + b"\t" + li.octets for li in lues]
    tout = b"\n".join(rangs)
    return [tout, b"CHAINE\n" + tout, b"CHAINE\n" + b"\n".join(rangs[:9])]


@cache
def _rapports() -> tuple[bytes, ...]:
    """The reports that reproduce: any other bytes are told apart."""
    return tuple(
        ecrire(rapport(regarder(atelier.journal(), au=au, connu_au=connu_au)), forme)
        for au, connu_au in ((None, None), (date(2020, 12, 31), None), (None, 12))
        for forme in ("json", "html")
    )


def _tirages() -> list[bytes]:
    vue = regarder(atelier.journal())
    tires = [
        tirer(vue, methode="mus", nombre=2, alea="a"),
        tirer(vue, methode="simple", nombre=2, alea="a", population="labels"),
        tirer(vue, methode="stratifie", nombre=2, alea="a", population="labels", strate="montant"),
    ]
    return [encoder(t) for t in tires]


def _suites() -> list[bytes]:
    """Commands that are accepted after the history, one of each verb that can be."""
    etat = {"structure": "s-1", "territoire": "qpv", "ville": "Ici", "motif": "m"}
    commun = {k: v for k, v in _SUITE.items() if k in ("programme", "acteur", "date_effet")}
    neuves: list[dict[str, Any]] = [
        _SUITE | etat,
        commun
        | {"commande": "VerserTranche", "id_commande": "n1", "structure": "s-3", "rang": 1}
        | {"montant_centimes": 3_000_000, "reference": "r"},
        commun
        | {"commande": "RetirerLabel", "id_commande": "n2", "structure": "s-1", "motif": "m"},
        commun | {"commande": "ClôturerExercice", "id_commande": "n3", "exercice": 2020},
        commun
        | {"commande": "ReprendreJournal", "id_commande": "n4", "taille_satisfaite": 3}
        | {
            "taille_perdue": 40,
            "motif": "m",
            "racine_perdue": b64encode(sha256().digest()).decode(),
        }
        | {"origine_precedente": atelier.journal().origine()},
    ]
    return [json.dumps(c, ensure_ascii=False).encode() for c in (*atelier.commandes(), *neuves)]


CIBLES = (
    Cible(
        "commande",
        "une ligne de commande, exécutée sur une fourche",
        _suites,
        commande,
        ("commands", "ledger/champs.py", "ledger/regles.py", "ledger/programme.py"),
        _MOTS,
        300,
    ),
    Cible(
        "executer",
        "un fichier de commandes par la ligne de commande",
        lambda: [en_lignes(atelier.commandes()), en_lignes(atelier.commandes()[:4])],
        fichier_de_commandes,
        (),
        _MOTS,
        30,
    ),
    Cible(
        "scenario",
        "un scénario de simulation, joué",
        lambda: [*_SCENARIO, b"\n".join(_SCENARIO), b"\n".join(_SCENARIO[:1] + _SCENARIO[4:])],
        scenario,
        ("commands/scenario.py", "commands/hypotheses.py", "commands/simulation.py"),
        (*_MOTS, b'"hypothese":', b'"nombre":2', b'"part_dix_milliemes":', b"2022-02-30"),
        60,
        2_000,
    ),
    Cible(
        "fait",
        "les octets d'un fait enregistré",
        lambda: [li.topic.encode() + b"\n" + li.octets for li in atelier.store().lire(P)],
        fait,
        ("ledger/preuve/canonique.py", "ledger/regles.py", "ledger/audit/lignes.py"),
        _MOTS,
        1_000,
    ),
    Cible(
        "lignes",
        "des lignes réécrites dans la base, chaîne refaite ou non",
        _rangs,
        lignes,
        ("ledger", "projections"),
        (*_MOTS, b"CHAINE\n"),
        40,
    ),
    Cible(
        "rapport",
        "un rapport relu, refait et comparé",
        lambda: [*_rapports()],
        compte_rendu,
        ("projections/rapport", "projections/comparaison.py"),
        (b'"entete"', b'"figures"', b"</script>", b'"au":', b'"position":'),
        60,
        300_000,
    ),
    Cible("tirage", "un tirage relu et refait", _tirages, tirage, ("projections",), _MOTS, 150),
)
