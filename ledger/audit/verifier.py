"""`verifier`: read every stored line and check it, from the bytes to the rules of the budget.

Never stops at the first finding, never repairs, never imports anything named in data, and never
trusts the index, a snapshot or a cache.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256

from ..champs import est_admis, est_slug
from ..erreurs import LedgerError, UsageError
from ..evenements import Fait, FaitDeStructure
from ..preuve.canonique import OctetsIllisibles, decoder, encoder
from ..preuve.ligne import Lineur
from ..preuve.merkle import Arbre, racine_base64
from ..programme import Programme
from ..stockage.port import EntreeIndex, LigneBrute, Store
from ..temps import est_instant
from .constats import Constat, Rapport
from .invariants import Controle

_PAS_PROGRES = 1_000
_ECHAPPE = re.compile(rb"\\[bfnrtu]")
"""Controls are the only characters that canonical JSON escapes so."""


def verifier(
    store: Store, programme: str, *, progres: Callable[[int], None] | None = None
) -> Rapport:
    """Verify the journal of a programme. `progres` is told the position from time to time.

    Raises: UsageError for an unknown programme, StoreError when the base cannot be read at all.
    """
    if not est_slug(programme) or store.taille(programme) == 0:
        raise UsageError(
            f"Le programme {programme!r} n'est pas dans cette base.",
            remede="Vérifier --programme.",
        )
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
            self._avancer(self._feuille(ligne))
            self._controle = None  # the figures beyond this line mean nothing
            return
        position = ligne.position
        if encoder(fait) != ligne.octets:
            self.constater("octets_non_canoniques", position, "Les octets ne sont pas canoniques.")
        if not _texte_admis(ligne.octets) or not _slugs_admis(fait):
            self.constater(
                "texte_interdit", position, "Un texte n'aurait pas été admis à la saisie."
            )
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
        self._avancer(self._feuille(ligne))
        self._rejouer(position, fait)

    def _decoder(self, ligne: LigneBrute) -> Fait | None:
        try:
            return decoder(ligne.topic, ligne.octets)
        except OctetsIllisibles as erreur:
            code = "type_inconnu" if "inconnu :" in str(erreur) else "fait_illisible"
            self.constater(code, ligne.position, f"{erreur}.")
            return None

    def _feuille(self, ligne: LigneBrute) -> bytes:
        """The leaf of a line as stored; of its columns when they are not even a line."""
        if type(ligne.topic) is str and type(ligne.octets) is bytes:
            position = ligne.position if type(ligne.position) is int else self.arbre.taille + 1
            return self._lineur.feuille(position, ligne.topic, ligne.octets)
        brut = repr(tuple(ligne)).encode("utf-8", "backslashreplace")
        return sha256(b"\x00" + brut).digest()

    def _avancer(self, feuille: bytes) -> None:
        self.arbre.ajouter((feuille,))
        self._tete = feuille.hex()

    def _rejouer(self, position: int, fait: Fait) -> None:
        if self._controle is None:
            return
        try:
            for code, detail in self._controle.avancer(position, fait):
                self.constater(code, position, detail)
        except (LedgerError, LookupError, ValueError) as erreur:
            detail = erreur.message if isinstance(erreur, LedgerError) else repr(erreur)
            self.constater("histoire_impossible", position, detail)
            self._controle = None  # what follows would rest on a state that is not one

    def verifier_index(self, store: Store) -> None:
        """The index of command ids holds exactly what the lines say."""
        vus: set[str] = set()
        for programme, entree in store.index():
            if programme != self.programme:
                continue
            if entree.position > self.arbre.taille and any(
                store.lire(programme, apres=entree.position - 1, jusqua=entree.position)
            ):
                continue  # committed by a writer since the lines were read
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
        if self._ids and not vus:
            self.constater("index_divergent", None, "L'index des commandes est vide ou absent.")
            return
        for identifiant in self._ids.keys() - vus:
            position = self._ids[identifiant].position
            self.constater("index_divergent", position, f"{identifiant!r} manque à l'index.")

    def conclure(self) -> None:
        """The checks that need the whole journal."""
        if self._controle is not None:
            for code, detail in self._controle.conclure():
                self.constater(code, None, detail)
        self.constats.sort(key=lambda c: (c.position is None, c.position or 0, c.code))


def _texte_admis(octets: bytes) -> bool:
    """No escape, no forbidden character, NFC: what `champs` lets in."""
    if octets.isascii():
        return _ECHAPPE.search(octets) is None
    texte = octets.decode("utf-8")
    return est_admis(texte) and _ECHAPPE.search(octets) is None


def _slugs_admis(fait: Fait) -> bool:
    return not isinstance(fait, FaitDeStructure) or est_slug(fait.structure)
