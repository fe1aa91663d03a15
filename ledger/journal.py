"""The journal of a programme: read it checked, append to it sealed. One stream, positions 1..N.

Every line read is decoded strictly, chained to the one before (`precedent`), in time order, and
pushed on the Merkle tree: a journal in memory is a verified journal. State moves after the commit.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from .champs import est_slug
from .cliche import Cliche
from .erreurs import (
    ChainBrokenError,
    StoreReplacedError,
    UnreadableFactError,
    UnrecordableFactError,
    UsageError,
)
from .evenements import Fait, JournalRepris
from .preuve.canonique import DECODEURS, OctetsIllisibles, decoder, encoder
from .preuve.ligne import ETAT_MAX_OCTETS, Lineur
from .preuve.merkle import TAILLE_EMPREINTE, Arbre
from .preuve.page import lire_page
from .preuve.releve import Releve, origine
from .provenance import Provenance
from .registre import TOPICS
from .stockage.identite import remplacee
from .stockage.port import Ecriture, EntreeIndex, LigneBrute, Store


class Brouillon:
    """Facts sealed one after the other, not yet written: what one transaction will add."""

    __slots__ = (
        "_lineur",
        "faits",
        "feuilles",
        "fin",
        "index",
        "instant",
        "lignes",
        "position",
        "tete",
    )

    def __init__(self, journal: Journal) -> None:
        self._lineur = journal.lineur
        self.tete = self.fin = journal.tete
        self.instant = journal.dernier_instant
        self.position = journal.taille
        self.lignes: list[LigneBrute] = []
        self.index: list[EntreeIndex] = []
        self.feuilles: list[bytes] = []
        self.faits: list[tuple[int, Fait]] = []

    def sceller(
        self,
        fait: Fait,
        *,
        instant: str,
        empreinte: str,
        correlation: str | None = None,
        provenance: Provenance | None = None,
    ) -> Fait:
        """The fact with its recorded instant (never before the last one), digest and link."""
        self.instant = max(self.instant, instant)
        scelle = replace(
            fait,
            enregistre_le=self.instant,
            empreinte_commande=empreinte,
            precedent=self.fin,
            correlation=correlation,
            provenance=provenance,
        )
        topic, octets = TOPICS[type(fait)], encoder(scelle)
        self.position += 1
        try:
            DECODEURS[topic](octets)  # what is written can be read back, whatever built the fact
        except ValueError as erreur:
            raise UnrecordableFactError(f"Le fait ne peut pas être inscrit : {erreur}.") from erreur
        if len(octets) > ETAT_MAX_OCTETS:
            raise UnrecordableFactError(
                f"Le fait fait {len(octets)} octets, {ETAT_MAX_OCTETS} au plus."
            )
        feuille = self._lineur.feuille(self.position, topic, octets)
        self.feuilles.append(feuille)
        self.fin = feuille.hex()
        self.faits.append((self.position, scelle))
        self.lignes.append(LigneBrute(self.position, topic, octets))
        self.index.append(EntreeIndex(fait.id_commande, self.position, empreinte))
        return scelle


class Journal:
    """One programme's journal over a store. Not thread-safe: its owner serialises the calls."""

    def __init__(self, store: Store, programme: str) -> None:
        if not est_slug(programme):
            raise UsageError(
                f"{programme!r} n'est pas un identifiant de programme.",
                remede="Lettres minuscules, chiffres et tirets, 64 au plus.",
            )
        self.store = store
        self.programme = programme
        self.lineur = Lineur(programme)
        self.arbre = Arbre()
        self.tete: str | None = None
        self.dernier_instant = ""
        # positions of the lines that found an incarnation: 1, then each `journal-repris`
        self.fondations: list[int] = []

    def origine(self, taille: int | None = None) -> str:
        """The origin of the journal when it had `taille` lines (at least one), all by default."""
        taille = self.taille if taille is None else taille
        fondation = max((p for p in self.fondations if p <= taille), default=0)
        return origine(self.programme, self.arbre.feuille(fondation))

    def releve(self, taille: int | None = None) -> Releve:
        """The checkpoint (unsigned) of the first `taille` lines read, all by default."""
        taille = self.taille if taille is None else taille
        return Releve(self.origine(taille), taille, self.arbre.racine(taille))

    @property
    def taille(self) -> int:
        """How many events were read: the position of the last one."""
        return self.arbre.taille

    def rattraper(self, *, jusqua: int | None = None) -> Iterator[tuple[int, Fait]]:
        """The facts recorded since the last call, with their positions, checked one by one.

        Read to its end, the journal stands after the last fact given.
        Raises: ChainBrokenError (also its subclass UnreadableFactError), StoreError.
        """
        for page in self.par_pages(jusqua=jusqua):
            yield from page

    def rattraper_en_place(self) -> Iterator[tuple[int, Fait]]:
        """The same, having the base still hold the last line read when no other follows it.

        One that follows links to it: that is checked as always, and where it does not and the last
        line read is gone, the base is another one. Raises: also StoreReplacedError.
        """
        taille, en_place = self.taille, not self.taille
        for lignes in self.store.pages(self.programme, apres=max(taille - 1, 0)):
            if lignes[0][0] == taille:
                en_place = self._est_la_derniere(*lignes.pop(0))
            try:
                faits = self.admettre(lignes)
            except ChainBrokenError as erreur:
                if not en_place and self.taille == taille:
                    raise self._remplacee(taille) from erreur
                raise
            yield from faits
        if not en_place and self.taille == taille:
            raise self._remplacee(taille)

    def _est_la_derniere(self, position: int, topic: object, octets: object) -> bool:
        """Whether a stored line is the last one read (SQLite gives back whatever was stored)."""
        if type(topic) is not str or type(octets) is not bytes:
            return False
        return self.lineur.feuille(position, topic, octets).hex() == self.tete

    def par_pages(self, *, jusqua: int | None = None) -> Iterator[list[tuple[int, Fait]]]:
        """What `rattraper` gives, by pages: what bulk replay reads."""
        for lignes in self.store.pages(self.programme, apres=self.taille, jusqua=jusqua):
            yield self.admettre(lignes)

    def admettre(self, lignes: list[tuple[int, str, bytes]]) -> list[tuple[int, Fait]]:
        """The facts of a page of stored lines; the tree and the head move once it is all read."""
        page = lire_page(self.lineur, lignes, self.taille + 1)
        if page is None or not page.suit(self.tete, self.dernier_instant):
            return self._admettre_une_a_une(lignes)
        faits = list(enumerate(page.faits, page.premiere))
        self._avancer(faits, page.feuilles)
        return faits

    def _admettre_une_a_une(self, lignes: list[tuple[int, str, bytes]]) -> list[tuple[int, Fait]]:
        """The same, slowly, for a page where something is wrong: say what, and where."""
        attendue, tete, instant = self.taille, self.tete, self.dernier_instant
        faits: list[tuple[int, Fait]] = []
        feuilles: list[bytes] = []
        for position, topic, octets in lignes:
            attendue += 1
            if position != attendue:
                raise self._rompue(attendue, f"la ligne suivante est à la position {position}")
            try:
                fait = DECODEURS[topic](octets)
            except Exception as erreur:
                raise self._illisible(position, topic, octets) from erreur
            if type(octets) is not bytes:
                raise self._illisible(position, topic, octets)
            if fait.precedent != tete:
                raise self._rompue(position, "le lien vers la ligne précédente est rompu")
            if fait.enregistre_le < instant:
                raise self._rompue(position, "l'heure d'enregistrement recule")
            instant = fait.enregistre_le
            feuilles.append(self.lineur.feuille(position, topic, octets))
            tete = feuilles[-1].hex()
            faits.append((position, fait))
        self._avancer(faits, b"".join(feuilles))
        return faits

    def _avancer(self, faits: list[tuple[int, Fait]], feuilles: bytes) -> None:
        """Stand after lines found right."""
        if not faits:
            return
        self._fonder(faits)
        self.arbre.ajouter((feuilles,))
        self.tete = feuilles[-TAILLE_EMPREINTE:].hex()
        self.dernier_instant = faits[-1][1].enregistre_le

    def reprendre(self, feuilles: bytes, dernier_instant: str, fondations: list[int]) -> None:
        """Stand after lines that another process read in our place, and found right.

        The caller made sure that the first of them links to `tete`.
        """
        self.fondations += fondations
        self.arbre.ajouter((feuilles,))
        self.tete = feuilles[-TAILLE_EMPREINTE:].hex()
        self.dernier_instant = dernier_instant

    @classmethod
    def depuis(cls, store: Store, programme: str, cliche: Cliche) -> Journal:
        """The journal standing after the lines of a snapshot found fit for this base.

        These lines are not read, unless something older is asked for (a past root, an old line):
        they are then all read and verified, and must lead to the root of the snapshot.
        """
        journal = cls(store, programme)

        def passe() -> bytes:
            ancien = cls(store, programme)
            for _ in ancien.par_pages(jusqua=cliche.taille):
                pass
            if ancien.arbre.racine() != cliche.racine:
                raise ancien._rompue(
                    ancien.taille, "le journal n'est pas celui du cliché dont il a été repris"
                )
            return ancien.arbre.feuilles()

        journal.arbre = Arbre.reprendre(cliche.taille, cliche.souches, passe)
        journal.tete, journal.dernier_instant = cliche.tete, cliche.dernier_instant
        journal.fondations = list(cliche.fondations)
        return journal

    def _fonder(self, faits: list[tuple[int, Fait]]) -> None:
        """Note the founding lines among new facts (`taille` is still that before them)."""
        if not self.taille:
            self.fondations.extend(position for position, _ in faits[:1])
        for position, fait in faits:
            if type(fait) is JournalRepris and position > 1:
                self.fondations.append(position)

    def _illisible(self, position: int, topic: str, octets: bytes) -> UnreadableFactError:
        raison = "la ligne ne se lit pas"
        try:
            decoder(topic, octets)
        except OctetsIllisibles as erreur:
            raison = str(erreur)
        return UnreadableFactError(
            f"Journal {self.programme}, position {position} : {raison}.", position=position
        )

    def _rompue(self, position: int, raison: str) -> ChainBrokenError:
        return ChainBrokenError(
            f"Journal {self.programme}, position {position} : {raison}.", position=position
        )

    def exiger(self, position: int, feuille: str | None) -> None:
        """Have among the lines read the one of that position and leaf: read earlier, from a base
        that may have been put back since. 0: nothing was. Raises: StoreReplacedError.
        """
        if position and (position > self.taille or self.arbre.feuille(position).hex() != feuille):
            raise self._remplacee(position)

    def _remplacee(self, position: int) -> StoreReplacedError:
        return remplacee(
            None, f"elle n'a plus la ligne {position} de {self.programme} qui y fut lue"
        )

    def lire_un(self, position: int) -> Fait | None:
        """The fact at a position already read, or None.

        Raises: ChainBrokenError (also its subclass UnreadableFactError), StoreError.
        """
        if not 1 <= position <= self.taille:
            return None
        for ligne in self.store.lire(self.programme, apres=position - 1, jusqua=position):
            if type(ligne.topic) is not str or type(ligne.octets) is not bytes:
                # SQLite gives back whatever type was stored
                raise self._illisible(position, ligne.topic, ligne.octets)
            if self.lineur.feuille(*ligne) != self.arbre.feuille(position):
                raise ChainBrokenError(
                    f"Journal {self.programme}, position {position} : la ligne a changé depuis "
                    "sa lecture.",
                    position=position,
                )
            return decoder(ligne.topic, ligne.octets)
        raise self._rompue(position, "la ligne a disparu depuis sa lecture")

    def ecriture(self, brouillon: Brouillon) -> Ecriture:
        """What the store must add for this draft."""
        b = brouillon
        return Ecriture(self.programme, b.lignes, b.index, tete=b.tete, fin=b.fin)

    def valider(self, brouillon: Brouillon) -> None:
        """The draft was committed: the journal moves to its end."""
        if brouillon.lignes:
            self._fonder(brouillon.faits)
            self.arbre.ajouter(brouillon.feuilles)
            self.tete, self.dernier_instant = brouillon.fin, brouillon.instant

    def lignes(self, *, apres: int = 0, jusqua: int | None = None) -> Iterator[bytes]:
        """The journal lines, byte for byte, in order (no line feed), without any check.

        Raises: UnreadableFactError for a row that cannot even be written as a line.
        """
        for ligne in self.store.lire(self.programme, apres=apres, jusqua=jusqua):
            if type(ligne.topic) is not str or type(ligne.octets) is not bytes:
                raise self._illisible(ligne.position, ligne.topic, ligne.octets)
            yield self.lineur.ligne(*ligne)
