"""Compose an evidence pack: the same inputs give the same bytes, on any machine, in any year."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from ledger.audit import Rapport as Verification
from ledger.journal import Journal
from ledger.preuve.canonique import json_canonique
from ledger.preuve.merkle import racine_base64
from ledger.preuve.preuve_ligne import PreuveLigne
from ledger.preuve.releve import Releve
from ledger.sceau.cles import lignes_signataires
from ledger.version import VERSION

from ..cellules import Cellule, toutes
from ..echeancier import echeancier
from ..explication import Explication, expliquer_tout
from ..exports import ecrire_beancount
from ..rapport import ecrire, rapport, tableaux_csv
from ..situation import Vue
from .archive import Archive
from .consignes import VERIFICATEUR, consignes, verificateur
from .pieces import Pieces, ReleveJoint

FORMAT = 1
"""Of the pack: its files and what they hold."""


def nom_du_dossier(vue: Vue, structure: str | None = None) -> str:
    """The name of a pack, and of its top folder."""
    fin = "" if structure is None else f"-{structure}"
    return f"dossier-{vue.programme}-{vue.situation.position}{fin}"


def composer(
    flux: IO[bytes],
    journal: Journal,
    vue: Vue,
    verification: Verification,
    pieces: Pieces,
    *,
    structure: str | None = None,
) -> None:
    """Write the pack of a view into a seekable stream; of one structure alone if it is named.

    `journal` was read at least up to the position of the view; `verification` is the audit of the
    same base, without a finding. Raises: UsageError for an unknown structure.
    """
    _Composition(journal, vue, verification, pieces, structure).ecrire(flux)


class _Composition:
    def __init__(
        self,
        journal: Journal,
        vue: Vue,
        verification: Verification,
        pieces: Pieces,
        structure: str | None,
    ) -> None:
        self._journal = journal
        self._vue = vue
        self._verification = verification
        self._structure = structure
        self._taille = vue.situation.position
        self._pieces = pieces
        self._releves = _choisir(pieces.releves, journal.releve(self._taille))
        # a partial pack is checked against the checkpoint of its own size, signed or not
        self._courant = self._releves[-1].releve

    def ecrire(self, flux: IO[bytes]) -> None:
        if self._structure is not None:
            echeancier(self._vue, self._structure)  # an unknown one is refused before writing
        with Archive(flux, nom_du_dossier(self._vue, self._structure)) as archive:
            if self._structure is None:
                prefixe = archive.ajouter("journal.jsonl", self._lignes())
                self._complet(archive)
            else:
                prefixe = ""
                self._partiel(archive, self._structure)
            self._preuves(archive)
            archive.ajouter(VERIFICATEUR, verificateur())
            archive.ajouter("VERIFIER.txt", self._consignes(prefixe))
            archive.ajouter("MANIFESTE.json", _json(self._manifeste(prefixe)))

    def _consignes(self, prefixe: str) -> bytes:
        return consignes(
            complet=self._structure is None,
            releve=self._courant,
            prefixe=prefixe,
            au=None if self._vue.au is None else self._vue.au.isoformat(),
            signe=any(joint.releve.signatures for joint in self._releves),
        )

    def _lignes(self) -> Iterator[bytes]:
        for ligne in self._journal.lignes(jusqua=self._taille):
            yield ligne + b"\n"

    def _complet(self, archive: Archive) -> None:
        compte_rendu = rapport(self._vue)
        for format_voulu in ("json", "html"):
            archive.ajouter(f"rapport.{format_voulu}", ecrire(compte_rendu, format_voulu))
        for nom, octets in sorted(tableaux_csv(compte_rendu).items()):
            archive.ajouter(f"tableaux/{nom}", octets)
        self._cellules(archive, toutes(self._vue))
        morceaux = ecrire_beancount(self._journal, self._vue)
        archive.ajouter("journal.beancount", (morceau.encode() for morceau in morceaux))
        archive.ajouter("verification.json", _json(self._verification.en_json()))
        for rang, tirage in enumerate(self._pieces.tirages, start=1):
            archive.ajouter(f"tirages/{rang:02d}.json", _json(tirage))

    def _partiel(self, archive: Archive, structure: str) -> None:
        figure = echeancier(self._vue, structure)
        for position in self._positions():
            ligne = next(self._journal.lignes(apres=position - 1, jusqua=position))
            chemin = self._journal.arbre.inclusion(position, self._taille)
            archive.ajouter(f"lignes/{position:012d}.json", ligne + b"\n")
            archive.ajouter(
                f"preuves/{position:012d}.tlog-proof",
                PreuveLigne(position, chemin, self._courant).texte(),
            )
        archive.ajouter("echeancier.json", json_canonique(figure) + b"\n")
        prefixes = (f"echeancier.{structure}.", f"structures.{structure}.")
        siennes = [c for c in toutes(self._vue) if str(c).startswith(prefixes)]
        self._cellules(archive, siennes)

    def _positions(self) -> tuple[int, ...]:
        """The lines that a partial pack shows: the founding ones and those of the structure."""
        if self._structure is None:
            return ()
        fiche = self._vue.situation.fiches[self._structure]
        fondations = [p for p in self._journal.fondations if p <= self._taille]
        return tuple(sorted({*fondations, *fiche.evenements}))

    def _cellules(self, archive: Archive, cellules: Sequence[Cellule]) -> None:
        relecture = Journal(self._journal.store, self._journal.programme)
        faits = relecture.rattraper(jusqua=self._taille)
        expliquees = expliquer_tout(faits, cellules, au=self._vue.au)
        archive.ajouter("cellules.jsonl", map(_ligne_de_cellule, expliquees))
        archive.ajouter("tableaux/cellules.csv", _csv_des_cellules(expliquees))

    def _preuves(self, archive: Archive) -> None:
        for joint in self._releves:
            nom = f"releves/{joint.releve.taille:012d}.releve"
            archive.ajouter(nom, joint.releve.note())
            if joint.sshsig is not None:
                archive.ajouter(f"{nom}.sshsig", joint.sshsig)
        for rang, cle in enumerate(self._pieces.cles, start=1):
            archive.ajouter(f"cles/{rang:02d}.vkey", f"{cle}\n".encode())
        if self._pieces.cles:
            archive.ajouter("cles/allowed_signers", lignes_signataires(self._pieces.cles))

    def _manifeste(self, prefixe: str) -> dict[str, Any]:
        situation = self._vue.situation
        return {
            "format": FORMAT,
            "genre": "complet" if self._structure is None else "partiel",
            "programme": self._vue.programme,
            "intitule": situation.intitule,
            "structure": self._structure,
            "origine": self._journal.origine(self._taille),
            "origines": sorted({self._journal.origine(p) for p in self._journal.fondations}),
            "taille": self._taille,
            "racine": racine_base64(self._courant.racine),
            "empreinte_prefixe": prefixe or None,
            "au": None if self._vue.au is None else self._vue.au.isoformat(),
            "positions": list(self._positions()),
            "cles": [str(cle) for cle in self._pieces.cles],
            "moteur": f"fabriques-ledger {VERSION}",
        }


def _choisir(joints: Iterable[ReleveJoint], courant: Releve) -> tuple[ReleveJoint, ...]:
    """The checkpoints up to the size of the pack, ascending; its own is the last one."""
    par_taille = {j.releve.taille: j for j in joints if j.releve.taille <= courant.taille}
    dernier = par_taille.get(courant.taille)
    if dernier is None or dernier.releve.corps != courant.corps:
        par_taille[courant.taille] = ReleveJoint(courant)
    return tuple(par_taille[taille] for taille in sorted(par_taille))


def _ligne_de_cellule(explication: Explication) -> bytes:
    return _json(
        {
            "cellule": explication.cellule,
            "unite": explication.unite,
            "valeur": explication.valeur_centimes,
            "contributions": [[c.position, c.centimes] for c in explication.contributions],
        }
    )


def _csv_des_cellules(explications: Iterable[Explication]) -> bytes:
    flux = io.StringIO(newline="")
    redacteur = csv.writer(flux, lineterminator="\n")
    redacteur.writerow(("cellule", "unite", "valeur"))
    for e in explications:
        redacteur.writerow((e.cellule, e.unite, e.valeur_centimes))
    return flux.getvalue().encode()


def _json(valeur: Any) -> bytes:
    return json_canonique(valeur) + b"\n"
