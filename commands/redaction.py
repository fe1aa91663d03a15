"""Deciding and writing one transaction: the commands of one caller, or of several at once.

The writer keeps the state of each programme warm: before a decision it catches up with what other
writers committed, decides, and appends at the next position; on a conflict it catches up and
decides again. State moves after the commit, and nothing is answered before it.

Not thread-safe: `guichet` lets one thread in at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from ledger.collecte import sans_collecte
from ledger.erreurs import ImpossibleHistoryError, StoreError, VersionConflictError
from ledger.evenements import Fait
from ledger.horloge import Clock
from ledger.journal import Brouillon, Journal
from ledger.programme import Programme, evolve
from ledger.provenance import Provenance
from ledger.stockage.port import EntreeIndex, Store

from .cliches import Cliches
from .decider import decide
from .guichet import GROUPE_MAX, Place
from .idempotence import divergence, empreinte_canonique, meme_contenu
from .journalisation import log
from .lecture_json import CommandeIllisible
from .modele import Commande
from .recus import Recu
from .refus import Refus
from .verbes.paiement import SurUnVersement
from .verbes.reprise import ReprendreJournal

_Origine = tuple[str | None, Provenance | None]
"""`correlation` and `provenance` of one command."""


class Demande(Place):
    """The commands of one caller, and the receipts that answer them."""

    __slots__ = ("atomique", "correlations", "provenances", "recus", "saisies")

    def __init__(
        self,
        saisies: Sequence[Commande | CommandeIllisible],
        *,
        atomique: bool = False,
        correlations: Sequence[str | None] | None = None,
        provenances: Sequence[Provenance | None] | None = None,
    ) -> None:
        super().__init__(len(saisies), seule=atomique)
        self.saisies = saisies
        self.atomique = atomique
        self.correlations = correlations
        self.provenances = provenances
        self.recus: tuple[Recu, ...] = ()

    def origine(self, rang: int) -> _Origine:
        """What the fact of that command keeps of where it comes from."""
        correlations, provenances = self.correlations, self.provenances
        return (
            None if correlations is None else correlations[rang],
            None if provenances is None else provenances[rang],
        )

    def repondre(self, recus: Sequence[Recu]) -> None:
        """The receipts, once what they say is durable."""
        self.recus = tuple(recus)
        self.finir()


@dataclass(slots=True)
class Fil:
    """One programme, warm: its journal and the state after its last event."""

    journal: Journal
    etat: Programme
    sur: bool
    """Whether the checkpoints kept outside the base, if any, were found satisfied."""


@dataclass(slots=True)
class _Essai:
    """One programme during one attempt: the draft, its state, the ids known and made."""

    fil: Fil
    brouillon: Brouillon
    etat: Programme
    connus: dict[str, EntreeIndex]
    faits: dict[int, Fait]


class Redacteur:
    """The state of the programmes of one base, and the only way to add to them."""

    def __init__(
        self, store: Store, clock: Clock, releves: str | Path | None, cliches: Cliches
    ) -> None:
        self._store = store
        self._cliches = cliches
        self._clock = clock
        self._releves = releves
        self._fils: dict[str, Fil] = {}
        # the last line read of each programme, as long as the handle lives: whatever fails, what is
        # read afterwards must hold it
        self._vues: dict[str, tuple[int, str | None]] = {}
        # whether the last catch-up found what others wrote: they may well go on
        self._devance = False
        # what the clock said to a presumption that wrote nothing: asked once, whoever decides
        self._lus: list[str] = []
        self._relus: deque[str] = deque()

    def oublier(self) -> None:
        """Let the states go, kept in snapshots if asked: the next use starts from the store."""
        for fil in self._fils.values():
            self._cliches.garder(fil.journal, fil.etat)
        self._fils.clear()

    def rediger(self, demandes: Sequence[Demande]) -> None:
        """Decide the commands of all demands, in order, commit them together, answer each demand.

        A demand that cannot even be decided (its journal is broken, its fact cannot be recorded)
        does not stop the others: each is then written alone. An error of the commit is raised, for
        all of them.
        """
        try:
            if demandes[0].poids > GROUPE_MAX:
                with sans_collecte():
                    self._rediger(demandes)
            else:
                self._rediger(demandes)
        finally:
            self._relus.clear()

    def _rediger(self, demandes: Sequence[Demande]) -> None:
        if self._presumer(demandes):
            return
        tailles: dict[str, int] | None = None
        reponses: list[list[Recu]] = []
        ecrites = False
        while not ecrites:
            try:
                essais = self._preparer(demandes, tailles)
                reponses = [self._repondre(essais, demande) for demande in demandes]
            except Exception:
                if len(demandes) == 1:
                    raise
                self._un_par_un(demandes)
                return
            tailles = {p: essai.fil.journal.taille for p, essai in essais.items()}
            try:
                self._ecrire(essais.values())
                ecrites = True
            except VersionConflictError:
                pass  # another writer was first: catch up and decide again
        for demande, recus in zip(demandes, reponses, strict=True):
            demande.repondre(recus)

    def _un_par_un(self, demandes: Iterable[Demande]) -> None:
        for demande in demandes:
            try:
                self._rediger((demande,))
            except Exception as erreur:  # the answer to that demand alone
                demande.echouer(erreur)

    def fil(self, programme: str) -> Fil:
        """A programme, caught up with its last committed event."""
        fil, froid = self._fils.get(programme), False
        if fil is None or fil.journal.taille != fil.etat.position:
            sur = self._releves is None
            journal, etat = self._cliches.reprendre(programme)
            fil, froid = Fil(journal, etat, sur), True
        # a warm one whose last line is gone would not be told by what follows
        lire = fil.journal.rattraper if froid else fil.journal.rattraper_en_place
        try:
            for _, fait in lire():
                fil.etat = evolve(fil.etat, fait)
                self._devance = not froid
        except (LookupError, ValueError) as erreur:
            self._fils.pop(programme, None)
            raise ImpossibleHistoryError(
                f"Journal {programme}, position {fil.etat.position + 1} : ce fait ne peut pas "
                f"suivre ceux qui le précèdent ({erreur})."
            ) from erreur
        except BaseException:
            self._fils.pop(programme, None)  # half caught up: start again from the store
            raise
        if froid:
            fil.journal.exiger(*self._vues.get(programme, (0, None)))
        if froid and self._store.taille_index(programme) < fil.etat.position:
            self._refaire_index(programme)
        if fil.etat.position:
            self._fils[programme] = fil
            self._vues[programme] = fil.journal.taille, fil.journal.tete
        if froid:
            self._cliches.garder(fil.journal, fil.etat)
        return fil

    def _controler(self, fil: Fil) -> None:
        """Confront a journal just opened with the checkpoints kept outside the base."""
        from ledger.sceau.garde import controler  # noqa: PLC0415 - only with `releves`

        if self._releves is not None:
            controler(fil.journal, self._releves)
        fil.sur = True

    def _refaire_index(self, programme: str) -> None:
        """Give the index the ids it lost: an id accepted is never forgotten.

        The index only repeats the lines, just verified. Other ids that it may hold are left as
        they are, for `verifier` to tell.
        """
        self._store.reindexer(
            programme,
            (
                EntreeIndex(fait.id_commande, position, fait.empreinte_commande)
                for position, fait in Journal(self._store, programme).rattraper()
            ),
        )
        log.warning("index_reconstruit", programme=programme)

    def _presumer(self, demandes: Sequence[Demande]) -> bool:
        """Try on the warm states, without reading the base first. Whether all was answered.

        If a state is stale, or an id already known, its position or its id is taken: nothing is
        written, and the full way answers. So does it for every refusal, which must rest on a state
        as fresh as the last commit, for what cannot be decided, and while others write.
        """
        self._lus.clear()
        ecrites = self._tenter(demandes)
        if not ecrites:
            self._relus.extendleft(reversed(self._lus))
        return ecrites

    def _tenter(self, demandes: Sequence[Demande]) -> bool:
        devance, self._devance = self._devance, False
        essais = None if devance else self._essais_chauds(demandes)
        if essais is None:
            return False
        reponses: list[list[Recu]] = []
        try:
            for demande in demandes:
                recus = self._repondre(essais, demande, jusqu_au_refus=True)
                if recus[-1].refus is not None:
                    return False
                reponses.append(recus)
        except Exception:  # raised again by the full way, for its caller alone
            return False
        try:
            self._ecrire(essais.values())
        except VersionConflictError:
            return False
        for demande, recus in zip(demandes, reponses, strict=True):
            demande.repondre(recus)
        return True

    def _essais_chauds(self, demandes: Sequence[Demande]) -> dict[str, _Essai] | None:
        """The programmes named, as they are known; None when that is too little, or too much."""
        if demandes[0].poids > GROUPE_MAX:  # then it is alone, else the counter counted
            return None
        essais: dict[str, _Essai] = {}
        for demande in demandes:
            for saisie in demande.saisies:
                if not isinstance(saisie, Commande):
                    return None
                if saisie.programme in essais:
                    continue
                fil = self._fils.get(saisie.programme)
                if fil is None or not fil.sur:
                    return None
                brouillon = Brouillon(fil.journal)
                if brouillon.position != fil.etat.position:
                    return None
                essais[saisie.programme] = _Essai(fil, brouillon, fil.etat, {}, {})
        return essais

    def _ecrire(self, essais: Iterable[_Essai]) -> None:
        """Commit the drafts in one transaction; only then do the states move."""
        pleins = [essai for essai in essais if essai.brouillon.lignes]
        if not pleins:
            return
        self._store.ajouter([essai.fil.journal.ecriture(essai.brouillon) for essai in pleins])
        for essai in pleins:
            # interrupted between the two, journal and state no longer agree: `fil` starts again
            fil, brouillon = essai.fil, essai.brouillon
            fil.journal.valider(brouillon)
            fil.etat = essai.etat
            self._fils[fil.journal.programme] = fil
            self._vues[fil.journal.programme] = brouillon.position, brouillon.fin

    def _repondre(
        self, essais: dict[str, _Essai], demande: Demande, *, jusqu_au_refus: bool = False
    ) -> list[Recu]:
        """The receipts of one demand, up to a first refusal if asked. A refused atomic batch leaves
        nothing in the drafts."""
        recus: list[Recu] = []
        for rang, saisie in enumerate(demande.saisies):
            recu = self._decider(essais, saisie, demande.origine(rang))
            if recu.refus is not None and demande.atomique:
                essais.clear()  # it is alone in its transaction: nothing is left to write
                return [replace(recu, rang=rang)]
            recus.append(recu)
            if recu.refus is not None and jusqu_au_refus:
                break
        return recus

    def _preparer(
        self, demandes: Iterable[Demande], tailles: dict[str, int] | None
    ) -> dict[str, _Essai]:
        """Each programme named, caught up, with what is known of the ids given.

        `tailles`: sizes of the journals when the store refused the last attempt.
        """
        saisies = [saisie for demande in demandes for saisie in demande.saisies]
        ids: dict[str, list[str]] = {}
        for saisie in saisies:
            if isinstance(saisie, Commande):
                ids.setdefault(saisie.programme, []).append(saisie.id_commande)
        essais: dict[str, _Essai] = {}
        for programme, demandes_ids in ids.items():
            fil = self.fil(programme)
            if not fil.sur and any(type(c) is not ReprendreJournal for c in saisies):
                self._controler(fil)
            connus = self._store.retrouver(programme, demandes_ids) if fil.journal.taille else {}
            # an id committed after our catch-up belongs to events that we have not read
            connus = {i: e for i, e in connus.items() if e.position <= fil.journal.taille}
            essais[programme] = _Essai(fil, Brouillon(fil.journal), fil.etat, connus, {})
        if tailles == {p: essai.fil.journal.taille for p, essai in essais.items()}:
            # nothing new to catch up with: trying again would never end
            raise StoreError(
                "L'index des commandes contredit le journal.", remede="Lancer `fabriques verifier`."
            )
        return essais

    def _maintenant(self) -> str:
        instant = self._relus.popleft() if self._relus else self._clock.maintenant()
        self._lus.append(instant)
        return instant

    def _decider(
        self,
        essais: dict[str, _Essai],
        saisie: Commande | CommandeIllisible,
        origine: _Origine,
    ) -> Recu:
        if isinstance(saisie, CommandeIllisible):
            return Recu(saisie.id_commande, "refusee", refus=saisie.refus)
        essai = essais[saisie.programme]
        arbre = essai.fil.journal.arbre
        connu = essai.connus.get(saisie.id_commande)
        if connu is not None:
            deja = _fait_en(essai, connu.position)
            if meme_contenu(saisie, deja, connu):
                return Recu(
                    saisie.id_commande,
                    "deja_executee",
                    (connu.position,),
                    programme=saisie.programme,
                    arbre=arbre,
                )
            refus: Refus | Fait = divergence(saisie, deja, connu)
        else:
            versement = None
            if isinstance(saisie, SurUnVersement):
                versement = _fait_en(essai, saisie.position)
            refus = decide(essai.etat, saisie, versement=versement)
        if isinstance(refus, Refus):
            return Recu(saisie.id_commande, "refusee", refus=refus, programme=saisie.programme)
        fait = essai.brouillon.sceller(
            refus,
            instant=self._maintenant(),
            empreinte=empreinte_canonique(essai.etat, saisie, refus),
            correlation=origine[0],
            provenance=origine[1],
        )
        # the first fact that moves money copies the balances: from then on they are the draft's own
        a_soi = essai.etat.soldes is not essai.fil.etat.soldes
        essai.etat = evolve(essai.etat, fait, en_place=a_soi)
        position = essai.brouillon.position
        essai.faits[position] = fait
        essai.connus[saisie.id_commande] = essai.brouillon.index[-1]
        return Recu(
            saisie.id_commande,
            "acceptee",
            (position,),
            programme=saisie.programme,
            arbre=arbre,
        )


def _fait_en(essai: _Essai, position: int) -> Fait | None:
    """The fact at a position, in the draft or in the journal."""
    return essai.faits.get(position) or essai.fil.journal.lire_un(position)
