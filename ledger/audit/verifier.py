"""`verifier`: read every stored line and check it, from the bytes to the rules of the budget.

Never stops at the first finding, never repairs, never imports anything named in data, and never
trusts the index, a snapshot or a cache. Memory: the tree (64 bytes a line) and the replayed state;
neither the lines, nor the payments, nor the command ids are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..champs import est_slug
from ..erreurs import LedgerError, UsageError
from ..evenements import Fait, JournalRepris
from ..preuve.canonique import DECODEURS, OctetsIllisibles, decoder
from ..preuve.ligne import Lineur
from ..preuve.merkle import TAILLE_EMPREINTE, Arbre, racine_base64
from ..preuve.page import Ligne
from ..preuve.releve import ClePublique
from ..stockage.port import LigneBrute, Store
from .constats import Constat, Faite, Rapport
from .controle import Controle
from .index import ControleIndex
from .lignes import Entree, defauts, entrees, feuille_brute, lire_nette
from .parallele import Morceau, Ouvriers, partage
from .temoins import Confrontation, Temoin, incarnations

_PAS_PROGRES = 1_000


def verifier(  # noqa: PLR0913 - keyword-only, one a kind of check
    store: Store,
    programme: str,
    *,
    progres: Callable[[int], None] | None = None,
    coeurs: int = 1,
    regles: bool = True,
    temoins: Iterable[Temoin] = (),
    cles: Iterable[ClePublique] = (),
) -> Rapport:
    """Verify the journal of a programme. `progres` is told the position from time to time.

    Without `regles`, facts are read and chained, and not replayed: the effects that they hold and
    the rules of the budget are not checked, and the report says so.

    `temoins` are checkpoints and receipts held outside the base, confronted with the tree; with
    `cles`, a signed note must be signed by one of them.

    With `coeurs` above one, and a base that others can open, that many processes share the work
    (the others are spawned: a host's main module must be importable); the report is the same.

    Raises: UsageError for an unknown programme, StoreError when the base cannot be read at all.
    """
    if not est_slug(programme) or store.taille(programme) == 0:
        raise UsageError(
            f"Le programme {programme!r} n'est pas dans cette base.",
            remede="Vérifier --programme.",
        )
    audit = _Audit(store, programme, progres)
    if not regles:
        audit.sans_rejeu()
    commun = partage(store, programme) if coeurs > 1 else None
    if commun is None or not commun.controle_long:
        audit.noter_base(store.controler())
    if commun is not None:
        taille = store.taille(programme)
        with (
            Ouvriers(commun.ouvrir, programme, taille=taille, nombre=coeurs - 1) as ouvriers,
            ThreadPoolExecutor(1) as fil,  # SQLite checks the file without holding Python
        ):
            defauts_de_base = fil.submit(store.controler) if commun.controle_long else None
            audit.suivre(ouvriers)
            if defauts_de_base is not None:
                audit.noter_base(defauts_de_base.result())
    for page in store.pages(programme, apres=audit.derniere):
        audit.lire(page)
    return audit.conclure(temoins, cles)


class _Audit:
    """One pass over the lines of a programme."""

    def __init__(self, store: Store, programme: str, progres: Callable[[int], None] | None) -> None:
        self._store = store
        self._programme = programme
        self._progres = progres
        self._annonce = 0
        self._arbre = Arbre()
        self._constats: list[Constat] = []
        self._lineur = Lineur(programme)
        self._tete: str | None = None
        self._instant = ""
        self._attendue = 1
        # runs of positions without a gap: first position, and its rank among the lines read
        self._suites: list[tuple[int, int]] = []
        self._reprises: list[tuple[int, JournalRepris]] = []
        self._index = ControleIndex(store, programme)
        self._controle: Controle | None = Controle(programme, self._relire)
        self._regles: Faite = "fait"

    def sans_rejeu(self) -> None:
        """Leave the rules out."""
        self._controle = None
        self._regles = "non_demande"

    @property
    def derniere(self) -> int:
        """The last position read."""
        return self._attendue - 1

    def noter_base(self, defauts_de_base: Iterable[str]) -> None:
        """What the store says of itself."""
        for defaut in defauts_de_base:
            self._constater("base_endommagee", None, f"La base signale : {defaut}")

    def suivre(self, ouvriers: Ouvriers) -> None:
        """Take the pages that workers checked, and read those that they leave."""
        for fin, morceaux in ouvriers.plages():
            for morceau in morceaux:
                if not self._admettre_morceau(morceau):
                    self.lire(morceau.lignes)
            if self.derniere < fin:
                for page in self._store.pages(self._programme, apres=self.derniere, jusqua=fin):
                    self.lire(page)

    def lire(self, page: Sequence[Ligne]) -> None:
        """Check a page of stored lines, and move past it whatever was found."""
        attendue = self._attendue
        nette = lire_nette(self._lineur, page, attendue)
        if nette is not None and nette.suit(self._tete, self._instant):
            self._index.confronter(entrees(nette))
            self._admettre(nette.faits, nette.feuilles, nette.faits[-1].enregistre_le)
            return
        lues: list[Entree] = []
        for ligne in page:
            fait = self._lire_une(LigneBrute(*ligne))
            if fait is not None:
                lues.append((fait.id_commande, ligne[0], fait.empreinte_commande))
        self._index.confronter(lues)
        self._annoncer()

    def _admettre_morceau(self, morceau: Morceau) -> bool:
        """Take a page checked elsewhere, if it follows the line before it."""
        if (
            morceau.lignes[0][0] != self._attendue
            or morceau.precedent != self._tete
            or morceau.premier < self._instant
        ):
            return False
        faits = [DECODEURS[topic](octets) for _, topic, octets in morceau.lignes]
        self._index.admettre(len(faits))
        self._admettre(faits, morceau.feuilles, morceau.dernier)
        return True

    def _admettre(self, faits: Sequence[Fait], feuilles: bytes, instant: str) -> None:
        """Move past lines that are right in themselves, and replay their facts."""
        position = self._attendue
        self._situer(position)
        self._arbre.ajouter((feuilles,))
        self._tete = feuilles[-TAILLE_EMPREINTE:].hex()
        self._instant = instant
        self._attendue = position + len(faits)
        for fait in faits:
            self._rejouer(position, fait)
            position += 1
        self._annoncer()

    def _lire_une(self, ligne: LigneBrute) -> Fait | None:
        """Say what is wrong with one line, and move past it."""
        attendue, position = self._attendue, ligne.position
        if position != attendue:
            self._constater(
                "position_manquante",
                attendue,
                f"Position {attendue} attendue, {position!r} trouvée.",
            )
        if type(position) is int:
            self._attendue = position + 1
            self._situer(position)
        feuille = feuille_brute(self._lineur, ligne, self._arbre.taille + 1)
        fait = self._decoder(ligne)
        if fait is None:
            self._controle = None  # the figures beyond this line mean nothing
        else:
            for code, detail in defauts(ligne, fait, self._tete, self._instant):
                self._constater(code, position, detail)
            self._instant = max(self._instant, fait.enregistre_le)
        self._arbre.ajouter((feuille,))
        self._tete = feuille.hex()
        if fait is not None:
            self._rejouer(position, fait)
        return fait

    def _decoder(self, ligne: LigneBrute) -> Fait | None:
        try:
            return decoder(ligne.topic, ligne.octets)
        except OctetsIllisibles as erreur:
            code = "type_inconnu" if "inconnu :" in str(erreur) else "fait_illisible"
            self._constater(code, ligne.position, f"{erreur}.")
            return None

    def _rejouer(self, position: int, fait: Fait) -> None:
        if type(fait) is JournalRepris:
            self._reprises.append((position, fait))
        if self._controle is None:
            return
        try:
            vues = self._controle.avancer(fait)
        except (LedgerError, LookupError, ValueError) as erreur:
            detail = erreur.message if isinstance(erreur, LedgerError) else repr(erreur)
            self._constater("histoire_impossible", position, detail)
            self._controle = None  # what follows would rest on a state that is not one
            return
        for code, detail in vues:
            self._constater(code, position, detail)

    def _situer(self, position: int) -> None:
        """The next line is at that position: note where a run of positions begins."""
        rang = self._arbre.taille + 1
        if not self._suites or position - self._suites[-1][0] != rang - self._suites[-1][1]:
            self._suites.append((position, rang))

    def _relire(self, position: int) -> Fait | None:
        """The fact already replayed that is at that position, if the line is still what it was."""
        fin = self._arbre.taille + 1
        for premiere, rang in reversed(self._suites):
            if premiere <= position < premiere + fin - rang:
                return self._relire_au_rang(position, rang + position - premiere)
            fin = rang
        return None

    def _relire_au_rang(self, position: int, rang: int) -> Fait | None:
        if self._controle is None or rang > self._controle.etat.position:
            return None
        feuille = self._arbre.feuille(rang)
        # beyond a hole, a store in memory finds lines by rank
        for apres in sorted({position - 1, rang - 1}, reverse=True):
            for ligne in self._store.lire(self._programme, apres=apres, jusqua=position):
                if feuille_brute(self._lineur, ligne, rang) == feuille:
                    return decoder(ligne.topic, ligne.octets)
        return None

    def conclure(self, temoins: Iterable[Temoin], cles: Iterable[ClePublique]) -> Rapport:
        """The checks that need the whole journal, and the report."""
        vies = incarnations(self._programme, self._arbre, self._reprises)
        confrontation = Confrontation(self._arbre, vies, cles)
        for temoin in temoins:
            self._constats += confrontation.confronter(temoin)
        self._constats += self._index.conclure(lignes=self._arbre.taille, derniere=self.derniere)
        if self._controle is not None:
            for code, detail in self._controle.conclure():
                self._constater(code, None, detail)
        # SQLite gives back whatever is stored: what is not a number is no place to point at
        self._constats = [
            c if type(c.position) is int else Constat(c.code, None, c.detail)
            for c in self._constats
        ]
        self._constats.sort(key=lambda c: (c.position is None, c.position or 0, c.code))
        self._annoncer(fin=True)
        return Rapport(
            taille=self._arbre.taille,
            racine=racine_base64(self._arbre.racine()),
            constats=tuple(self._constats),
            releves=confrontation.bilan,
            controles=self._faits(
                releves=confrontation.bilan.confrontes > 0,
                signatures=confrontation.avec_signatures,
            ),
        )

    def _faits(self, *, releves: bool, signatures: bool) -> dict[str, Faite]:
        """Which checks were done."""
        regles = self._regles
        if self._controle is None and regles == "fait":
            regles = "interrompu"
        return {
            "base": "fait",
            "lignes": "fait",
            "chaine": "fait",
            "index": "fait",
            "regles": regles,
            "releves": "fait" if releves else "non_demande",
            "signatures": "fait" if signatures else "non_demande",
            "lecture": "non_demande",
            "cliches": "non_demande",
        }

    def _constater(self, code: str, position: int | None, detail: str) -> None:
        self._constats.append(Constat(code, position, detail))

    def _annoncer(self, *, fin: bool = False) -> None:
        taille = self._arbre.taille
        if self._progres is not None and (fin or taille >= self._annonce + _PAS_PROGRES):
            self._annonce = taille
            self._progres(taille)
