"""Le moteur réel et le modèle de référence, conduits ensemble par une machine à états.

Deux écrivains partagent une base et se relaient ; chaque réponse et chaque chiffre est comparé. Les
mêmes règles tournent sur une base SQLite et, plus vite, en mémoire.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commands import GrandLivre, Recu
from commands.testing.contexte import PROGRAMME, Contexte
from commands.testing.histoires import lire_faits
from commands.testing.reference import Reference
from commands.testing.strategies import amorces, autrement, commandes, invalides, ouvertures
from ledger import Fait, Journal, MemoryStore, Programme, SQLiteStore, Store, evolve
from ledger.preuve.merkle import racine_base64
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN, Json
from projections.situation import plier
from projections.testing.chiffres import chiffres
from tests.properties.outils import chiffres_attendus, octets, reglages, reponse, reponse_attendue

DEUX = st.integers(0, 1)
DONNEES = st.data()
DATES = st.none() | st.dates(JOUR_MIN, JOUR_MAX)


class MachineEnMemoire(RuleBasedStateMachine):
    """Two writers on one store in memory, and the reference model beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.horloge = Horloge()
        self.preparer()
        self.livres = [self.ouvrir()]
        self.reference = Reference()
        self.faits: list[Fait] = []
        self.acceptees: list[tuple[Json, Recu]] = []
        self.numero = 1

    # -- what a back end changes

    def preparer(self) -> None:
        """Make the place that both writers share."""
        self.store: Store = MemoryStore()

    def ouvrir(self) -> GrandLivre:
        """A new writer on that place."""
        return GrandLivre(self.store, clock=self.horloge)

    def arreter(self, livre: GrandLivre) -> None:
        """Stop a writer; in memory, closing it would close the store that both share."""

    def lecteur(self) -> Store:
        """A store to read with, apart from those of the writers."""
        return self.store

    def contenu(self) -> Any:
        """Every byte kept."""
        return octets(self.lecteur())

    # -- steps

    def contexte(self, livre: GrandLivre) -> Contexte:
        """What a strategy must know to draw the next command."""
        self.numero += 1
        etat = livre.etat(PROGRAMME)
        return Contexte(etat=etat, faits=self.faits, numero=self.numero)

    def relire(self) -> None:
        """The facts recorded since the last reading, by a journal that is no writer's."""
        if self.acceptees:
            self.faits += lire_faits(self.lecteur(), apres=len(self.faits))

    def noter(self, commande: Json, recu: Recu) -> None:
        """Compare one receipt with the reference's, and remember what was accepted."""
        attendu = reponse_attendue(self.reference.executer(commande))
        assert attendu == reponse(recu), commande
        if recu.statut == "acceptee":
            self.acceptees.append((commande, recu))

    def envoyer(self, commande: Json, ecrivain: int) -> Recu:
        """One command to both models; a refusal must leave every byte."""
        livre = self.livres[ecrivain]
        avant = self.contenu()
        recu = livre.executer(commande)
        self.noter(commande, recu)
        self.relire()
        if recu.statut != "acceptee":
            assert avant == self.contenu(), commande
        return recu

    @initialize(commande=ouvertures(), data=DONNEES)
    def ouvrir_le_programme(self, commande: Json, data: st.DataObject) -> None:
        """The programme opens; before that, it is unknown."""
        inconnue = commande | {"commande": "CloreProgramme", "motif": "fin"}
        for champ in ("regles", "intitule", "source"):
            del inconnue[champ]
        self.envoyer(inconnue, 0)
        self.envoyer(commande, 0)
        self.livres.append(self.ouvrir())
        for amorce in data.draw(amorces(ouverture=commande)):
            self.envoyer(amorce, 1)

    @rule(data=DONNEES, nombre=st.integers(1, 12))
    def executer(self, data: st.DataObject, nombre: int) -> None:
        """Commands that suit the state, from either writer: most of what happens."""
        for _ in range(nombre):
            ecrivain = data.draw(DEUX)
            contexte = self.contexte(self.livres[ecrivain])
            self.envoyer(data.draw(commandes(contexte=contexte)), ecrivain)

    @rule(data=DONNEES, ecrivain=DEUX)
    def executer_une_commande_mal_formee(self, data: st.DataObject, ecrivain: int) -> None:
        """A command with a defect of form is refused, and changes no byte."""
        commande = data.draw(commandes(contexte=self.contexte(self.livres[ecrivain])))
        recu = self.envoyer(data.draw(invalides(commande=commande)), ecrivain)
        assert reponse(recu) == ("refusee", "commande_invalide", [])

    @rule(data=DONNEES, ecrivain=DEUX)
    def renvoyer_la_meme(self, data: st.DataObject, ecrivain: int) -> None:
        """An accepted command sent again gets its first receipt, size and root included."""
        commande, premier = data.draw(st.sampled_from(self.acceptees))
        recu = self.envoyer(data.draw(autrement(commande=commande)), ecrivain)
        assert premier.en_json() | {"statut": "deja_executee"} == recu.en_json()

    @rule(data=DONNEES, ecrivain=DEUX)
    def renvoyer_une_autre_sous_le_meme_id(self, data: st.DataObject, ecrivain: int) -> None:
        """An accepted id with another content is refused."""
        commande, _ = data.draw(st.sampled_from(self.acceptees))
        autre = data.draw(commandes(contexte=self.contexte(self.livres[ecrivain])))
        acteur = {"id": "zoé", "role": "controleur"}
        envoyee = data.draw(st.sampled_from((autre, commande | {"acteur": acteur})))
        recu = self.envoyer(envoyee | {"id_commande": commande["id_commande"]}, ecrivain)
        assert recu.refus is not None

    @rule(data=DONNEES, ecrivain=DEUX, nombre=st.integers(1, 8), atomique=st.booleans())
    def executer_un_lot(
        self, data: st.DataObject, ecrivain: int, nombre: int, atomique: bool
    ) -> None:
        """A batch answers as its commands one by one; atomic, all or nothing."""
        livre = self.livres[ecrivain]
        fourche = livre.bifurquer()
        avant, faits = self.contenu(), list(self.faits)
        lot: list[Json] = []
        for _ in range(nombre):
            self.numero += 1
            etat = fourche.etat(PROGRAMME)
            contexte = Contexte(etat=etat, faits=faits, numero=self.numero)
            lot.append(data.draw(commandes(contexte=contexte)))
            fourche.executer(lot[-1])
            faits = lire_faits(fourche.store)
        assert avant == self.contenu()
        essai = self.reference.copie()
        attendus = [reponse_attendue(essai.executer(commande)) for commande in lot]
        refus = [attendu for attendu in attendus if attendu[0] == "refusee"]
        recus = livre.executer_lot(lot, atomique=atomique)
        if atomique and refus:
            assert [refus[0]] == [reponse(recu) for recu in recus]
            assert avant == self.contenu()
            return
        for commande, recu in zip(lot, recus, strict=True):
            self.noter(commande, recu)
        self.relire()

    @rule(ecrivain=DEUX)
    def redemarrer(self, ecrivain: int) -> None:
        """A writer closes and opens again: the same state."""
        avant = self.livres[ecrivain].etat(PROGRAMME)
        self.arreter(self.livres[ecrivain])
        self.livres[ecrivain] = self.ouvrir()
        assert avant == self.livres[ecrivain].etat(PROGRAMME)

    @rule(secondes=st.integers(-1_000, 1_000))
    def deregler_l_horloge(self, secondes: int) -> None:
        """The clock jumps, forwards or backwards."""
        self.horloge.secondes = max(self.horloge.secondes + secondes, 0)

    @rule(data=DONNEES, au=DATES)
    def rejouer_depuis_un_prefixe(self, data: st.DataObject, au: date | None) -> None:
        """Any prefix, then the rest, gives the live state, situation and root."""
        coupe = data.draw(st.integers(0, len(self.faits)))
        vivant = self.livres[0].etat(PROGRAMME)
        debut = reduce(evolve, self.faits[:coupe], Programme(slug=PROGRAMME))
        assert vivant == reduce(evolve, self.faits[coupe:], debut)
        journal = Journal(self.lecteur(), PROGRAMME)
        lus = [*journal.rattraper(jusqua=coupe)]
        assert coupe == journal.taille
        lus += journal.rattraper()
        assert [*enumerate(self.faits, start=1)] == lus
        recu = self.livres[1].executer(self.acceptees[-1][0])
        assert racine_base64(journal.arbre.racine()) == recu.racine
        situation = plier(lus[coupe:], au=au, depuis=plier(lus[:coupe], au=au))
        assert plier(lus, au=au) == situation

    @rule(data=DONNEES, au=DATES)
    def comparer_les_chiffres(self, data: st.DataObject, au: date | None) -> None:
        """The four figures, at any date, as known at any position."""
        connu_au = data.draw(st.none() | st.integers(1, len(self.faits)))
        attendus = chiffres_attendus(self.reference, au=au, connu_au=connu_au)
        assert attendus == chiffres(self.lecteur(), au=au, connu_au=connu_au)

    @precondition(lambda self: self.faits)
    @invariant()
    def les_bornes_tiennent(self) -> None:
        """Positions dense, envelope within its bounds, both writers alike."""
        etat = self.livres[0].etat(PROGRAMME)
        assert len(self.faits) == etat.position
        assert 0 <= etat.soldes.disponible <= etat.soldes.enveloppe

    def teardown(self) -> None:
        """Everything is compared, once more."""
        try:
            if self.faits:
                etats = [livre.etat(PROGRAMME) for livre in self.livres]
                assert etats[0] == etats[1]
                assert self.faits == lire_faits(self.lecteur())
                for connu_au in (None, (len(self.faits) + 1) // 2):
                    attendus = chiffres_attendus(self.reference, connu_au=connu_au)
                    assert attendus == chiffres(self.lecteur(), connu_au=connu_au)
                for commande, premier in self.acceptees:
                    recu = self.livres[1].executer(commande)
                    assert premier.en_json() | {"statut": "deja_executee"} == recu.en_json()
        finally:
            self.ranger()

    def ranger(self) -> None:
        """Close what was opened."""
        for livre in self.livres:
            livre.fermer()


class MachineSQLite(MachineEnMemoire):
    """The same rules on a SQLite file, each writer with its own connections."""

    def preparer(self) -> None:
        """A folder of its own."""
        self.dossier = Path(tempfile.mkdtemp(prefix="fabriques-"))
        self.base = self.dossier / "fabriques.db"
        self.lecteurs: list[SQLiteStore] = []

    def ouvrir(self) -> GrandLivre:
        """A writer on the file, which the first accepted command creates."""
        return GrandLivre.ouvrir(self.base, creer=True, clock=self.horloge)

    def arreter(self, livre: GrandLivre) -> None:
        """Close a writer: the other one has connections of its own."""
        livre.fermer()

    def lecteur(self) -> Store:
        """A read-only opening of the file, kept."""
        if not self.lecteurs:
            self.lecteurs.append(SQLiteStore(self.base, ecriture=False))
        return self.lecteurs[0]

    def contenu(self) -> Any:
        """Every row of every table, read without our code."""
        if not self.base.exists():
            return None
        connexion = sqlite3.connect(f"file:{self.base}?mode=ro", uri=True)
        try:
            tables = connexion.execute("SELECT name, sql FROM sqlite_master").fetchall()
            noms = ("stored_events", "fabriques_commandes")
            return tables, [connexion.execute(f"SELECT * FROM {n}").fetchall() for n in noms]  # noqa: S608
        finally:
            connexion.close()

    def ranger(self) -> None:
        """Close, then delete the folder."""
        super().ranger()
        for lecteur in self.lecteurs:
            lecteur.fermer()
        shutil.rmtree(self.dossier)


def _cas(machine: type[RuleBasedStateMachine], exemples: int, pas: int) -> Any:
    cas: Any = machine.TestCase
    cas.settings = reglages(exemples, stateful_step_count=pas)
    return cas


TestMachineEnMemoire = _cas(MachineEnMemoire, 250, 20)
TestMachineSQLite = _cas(MachineSQLite, 80, 15)
