"""`verifier`: read every stored line and check it, from the bytes to the rules of the budget.

Never stops at the first finding, never repairs, never imports anything named in data, and never
trusts the index, a snapshot or a cache.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from ..erreurs import LedgerError
from ..evenements import Fait
from ..preuve.canonique import OctetsIllisibles, decoder, encoder
from ..preuve.ligne import Lineur
from ..preuve.merkle import Arbre, racine_base64
from ..programme import Programme, evolve
from ..stockage.port import EntreeIndex, LigneBrute, Store
from ..temps import est_instant
from .constats import Constat, Rapport
from .invariants import Controle

_PAS_PROGRES = 1_000


def verifier(
    store: Store, programme: str, *, progres: Callable[[int], None] | None = None
) -> Rapport:
    """Verify the journal of a programme. `progres` is told the position from time to time.

    Raises: StoreError when the base cannot be read at all.
    """
    audit = _Audit(programme)
    for defaut in store.controler():
        audit.constater("base_endommagee", None, f"SQLite signale : {defaut}")
    for ligne in store.lire(programme):
        audit.lire(ligne)
        if progres is not None and audit.arbre.taille % _PAS_PROGRES == 0:
            progres(audit.arbre.taille)
    audit.verifier_index(store)
    audit.conclure()
    if progres is not None:
        progres(audit.arbre.taille)
    return Rapport(
        taille=audit.arbre.taille,
        racine=racine_base64(audit.arbre.racine()),
        constats=tuple(audit.constats),
    )


class _Audit:
    """One pass over the lines of a programme."""

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.arbre = Arbre()
        self.constats: list[Constat] = []
        self._lineur = Lineur(programme)
        self._tete: str | None = None
        self._instant = ""
        self._attendue = 1
        self._ids: dict[str, EntreeIndex] = {}
        self._controle: Controle | None = Controle(Programme(slug=programme))

    def constater(self, code: str, position: int | None, detail: str) -> None:
        """Note a finding."""
        self.constats.append(Constat(code, position, detail))

    def lire(self, ligne: LigneBrute) -> None:
        """Check one stored line, then move past it whatever was found."""
        attendue = self._attendue
        if ligne.position != attendue:
            self.constater(
                "position_manquante",
                attendue,
                f"Position {attendue} attendue, {ligne.position!r} trouvée.",
            )
        if type(ligne.position) is int:
            self._attendue = ligne.position + 1
        fait = self._decoder(ligne)
        if fait is None:
            self._avancer(_feuille_de_secours(ligne))
            self._controle = None  # the figures beyond this line mean nothing
            return
        position = ligne.position
        if encoder(fait) != ligne.octets:
            self.constater("octets_non_canoniques", position, "Les octets ne sont pas canoniques.")
        if fait.precedent != self._tete:
            self.constater(
                "chaine_rompue",
                position,
                f"La ligne {position} ne suit pas la ligne {position - 1} telle qu'enregistrée : "
                "l'une des deux a été modifiée, ou une ligne a été ôtée ou ajoutée.",
            )
        if not est_instant(fait.enregistre_le) or fait.enregistre_le < self._instant:
            self.constater("heure_invalide", position, f"Heure {fait.enregistre_le!r}.")
        self._instant = max(self._instant, fait.enregistre_le)
        if fait.id_commande in self._ids:
            autre = self._ids[fait.id_commande].position
            self.constater("id_double", position, f"{fait.id_commande!r} figure aussi en {autre}.")
        self._ids[fait.id_commande] = EntreeIndex(
            fait.id_commande, position, fait.empreinte_commande
        )
        self._avancer(self._lineur.feuille(*ligne))
        self._rejouer(position, fait)

    def _decoder(self, ligne: LigneBrute) -> Fait | None:
        try:
            return decoder(ligne.topic, ligne.octets)
        except OctetsIllisibles as erreur:
            code = "type_inconnu" if "inconnu :" in str(erreur) else "fait_illisible"
            self.constater(code, ligne.position, f"{erreur}.")
            return None

    def _avancer(self, feuille: bytes) -> None:
        self.arbre.ajouter((feuille,))
        self._tete = feuille.hex()

    def _rejouer(self, position: int, fait: Fait) -> None:
        if self._controle is None:
            return
        avant = self._controle.etat
        try:
            apres = evolve(avant, fait)
        except LedgerError as erreur:
            self.constater("histoire_impossible", position, erreur.message)
            self._controle = None
            return
        except (LookupError, ValueError) as erreur:
            self.constater("histoire_impossible", position, f"{type(erreur).__name__} : {erreur}")
            self._controle = None
            return
        for code, detail in self._controle.avancer(position, fait, apres):
            self.constater(code, position, detail)

    def verifier_index(self, store: Store) -> None:
        """The index of command ids holds exactly what the lines say."""
        vus: set[str] = set()
        for programme, entree in store.index():
            if programme != self.programme:
                continue
            vus.add(entree.id_commande)
            attendue = self._ids.get(entree.id_commande)
            if attendue is None:
                self.constater(
                    "index_divergent",
                    None,
                    f"{entree.id_commande!r} est à l'index (position {entree.position}) et sur "
                    "aucun fait.",
                )
            elif attendue != entree:
                self.constater(
                    "index_divergent",
                    attendue.position,
                    f"{entree.id_commande!r} : l'index ne dit pas ce que dit le fait.",
                )
        for identifiant in self._ids.keys() - vus:
            position = self._ids[identifiant].position
            self.constater("index_divergent", position, f"{identifiant!r} manque à l'index.")

    def conclure(self) -> None:
        """The checks that need the whole journal."""
        if self._controle is not None:
            for code, detail in self._controle.conclure():
                self.constater(code, None, detail)
        self.constats.sort(key=lambda c: (c.position is None, c.position or 0, c.code))


def _feuille_de_secours(ligne: LigneBrute) -> bytes:
    """A leaf for a line that does not read, so that the pass can go on."""
    return sha256(b"\x00" + repr(tuple(ligne)).encode("utf-8", "backslashreplace")).digest()
