"""One programme brought up to its journal, inside the caller's transaction.

A rebuild is this same path from nothing, so both give the same rows: a new fact rewrites the rows
of the structure that it touches (refolded from the read model's own `faits`), the few rows of the
programme, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from itertools import count
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlite_utils import Database

from ledger.bareme import en_vigueur
from ledger.evenements import (
    Fait,
    FaitDeStructure,
    ProgrammeOuvert,
    RèglesRévisées,
    TrancheOrdonnancée,
)
from ledger.preuve.canonique import OctetsIllisibles, decoder
from ledger.preuve.merkle import racine_base64
from ledger.preuve.page import Ligne
from ledger.preuve.souches import Souches
from ledger.regles import Chronologie, Regles, Revision
from ledger.soldes import Soldes
from ledger.stockage.port import Store

from ..anomalies_saisie import Saisie
from ..credits import credits
from ..fiche import Chantier as ChantierDeFiche
from ..fiche import Fiche, fermer, inscrire
from ..partie_double import mouvements
from ..pli import Pli, Situation
from ..situation import Vue
from . import rangees
from .fichier import ReadModelDivergedError
from .schema import PAR_PROGRAMME, PAR_STRUCTURE, TABLES, inserer
from .signaleur import Signaleur
from .suite import Suite, empreinte_de_ligne, racine_relue

_PROGRAMMES_MAX = 9_000_000
"""Programmes are numbered below it, from their name: the same number at every rebuild."""


_DeRegle = ProgrammeOuvert | RèglesRévisées
"""Made once: it is asked of each fact."""


class Chantier:
    """The work on one programme. `avancer` reads and writes; the caller commits."""

    def __init__(self, db: Database, store: Store, programme: str) -> None:
        self._db = db
        self._store = store
        self._programme = programme
        self._touchees: set[str] = set()
        self._regles_depuis = date.max
        self._saisie = Saisie()
        self._signaleur = Signaleur()
        self._effectifs = dict.fromkeys(rangees.COMPTEES, 0)
        self._comptes_tenus: dict[str, int] = {}
        try:
            self._charger()
        except (ValueError, TypeError, msgspec.MsgspecError) as erreur:
            raise ReadModelDivergedError(
                f"Le modèle de lecture tient pour {programme} des valeurs illisibles : {erreur}.",
                programme=programme,
                position=0,
            ) from erreur
        self._comptes = self._comptes_tenus.copy()
        self.depart = self._situation.position

    def _charger(self) -> None:
        colonnes = TABLES["programmes"].colonnes
        # named in the question: SQLite then refuses a file that lacks one of them
        lignes = self._lire(f"SELECT {', '.join(colonnes)} FROM programmes")  # noqa: S608
        if not lignes:
            self._situation, self._racine = Situation(), ""
            self._numero = self._numeroter()
            self._suite = Suite(self._store, self._programme, Souches(), None, "")
            return
        ligne = dict(zip(colonnes, lignes[0], strict=True))
        for nom, genre in colonnes.items():
            if type(ligne[nom]) is not genre:  # a damaged row: STRICT is only of what is written
                raise ValueError(f"programmes.{nom}")
        self._racine = ligne["racine"]
        self._numero = ligne["numero"]
        self._saisie = msgspec.json.decode(ligne["saisie"], type=Saisie)
        self._effectifs = msgspec.json.decode(ligne["effectifs"], type=dict[str, int])
        self._comptes_tenus = dict(self._lire("SELECT compte, solde_centimes FROM comptes"))
        souches = Souches(ligne["position"], ligne["souches"])
        self._suite = Suite(
            self._store, self._programme, souches, ligne["tete"], ligne["dernier_instant"]
        )
        self._situation = Situation(
            position=ligne["position"],
            soldes=self._soldes(),
            intitule=ligne["intitule"],
            regles=self._regles(),
            derniere_date=date.fromisoformat(ligne["derniere_date"]),
            disponible_par_jour={
                date.fromisoformat(jour): (centimes, position)
                for jour, centimes, position in self._lire(
                    "SELECT date_effet, variation_centimes, position FROM jours"
                )
            },
        )

    def _lire(self, select: str, suite: str = "", *valeurs: object) -> list[tuple[Any, ...]]:
        sql = f"{select} WHERE programme = ? {suite}"
        return self._db.execute(sql, [self._programme, *valeurs]).fetchall()

    def _numeroter(self) -> int:
        pris = {n for (n,) in self._db.execute("SELECT numero FROM programmes")}
        depart = int.from_bytes(sha256(self._programme.encode()).digest()[:8], "big")
        return next(n for i in count() if (n := (depart + i) % _PROGRAMMES_MAX) not in pris)

    def _soldes(self) -> Soldes:
        lignes = self._lire("SELECT exercice, membre, valeur FROM soldes")
        return Soldes({(annee, membre): valeur for annee, membre, valeur in lignes})

    def _regles(self) -> Chronologie | None:
        regles = None
        for position, jour, contenu in self._lire(
            "SELECT position, date_effet, contenu FROM regles", "ORDER BY position"
        ):
            date_effet, donnees = date.fromisoformat(jour), msgspec.json.decode(contenu)
            if regles is None:
                regles = Chronologie.ouvrir(date_effet, Regles.model_validate(donnees))
            else:
                regles = regles.reviser(Revision(date_effet, position, donnees))
        return regles

    def verifier(self, *, complet: bool) -> None:
        """The journal still begins with the lines that the read model stands for.

        Raises: ReadModelDivergedError.
        """
        if not self.depart:
            return
        lue = empreinte_de_ligne(self._store, self._programme, self.depart)
        if lue is None:
            raison = "le journal est plus court"
        elif lue != self._suite.tete:
            raison = "la ligne du journal à cette position est une autre"
        elif racine_base64(self._suite.souches.racine()) != self._racine:
            raison = "la racine enregistrée n'est pas celle des sous-arbres enregistrés"
        elif complet and racine_relue(self._store, self._programme, self.depart) != self._racine:
            raison = "la racine du journal à cette position est une autre"
        else:
            return
        raise ReadModelDivergedError(
            f"Le modèle de lecture tient {self._programme} jusqu'à la position {self.depart} "
            f"(racine {self._racine}), et {raison}.",
            programme=self._programme,
            position=self.depart,
        )

    def avancer(self, *, jusqua: int | None = None) -> int:
        """Read what is new, write it, and return how many facts that was."""
        veille = self._situation.derniere_date
        jours = self._situation.disponible_par_jour
        pli = Pli(self._situation)
        for lignes, faits in self._suite.lire(jusqua=jusqua):
            self._inscrire(lignes, faits, pli.derniere)
            if self.depart:
                structures = _structures(faits)
                for slug in sorted(structures - self._touchees):
                    self._ouvrir_fiche(slug)
                pli.fiches = self._situation.fiches  # what the facts taken write comes on top
                self._touchees |= structures
            pli.prendre(faits)
        self._situation = pli.situation()
        if not self.depart:
            self._touchees = set(self._situation.fiches)
        nouveaux = self._situation.position - self.depart
        if nouveaux:
            self._ecrire(veille, jours)
        return nouveaux

    def _inscrire(self, lignes: list[Ligne], faits: list[tuple[int, Fait]], derniere: date) -> None:
        """Write the facts of a page, and what each says by itself; `derniere`: the date before."""
        p, comptes = self._programme, self._comptes
        inserer(self._db, "faits", rangees.des_faits(p, lignes, faits, derniere))
        for position, fait in faits:
            for debit, credit, centimes in mouvements(fait):
                if centimes:
                    comptes[debit] = comptes.get(debit, 0) + centimes
                    comptes[credit] = comptes.get(credit, 0) - centimes
            if isinstance(fait, _DeRegle):
                inserer(self._db, "regles", [rangees.des_regles(p, position, fait)])
                self._regles_depuis = min(self._regles_depuis, fait.date_effet)
        self._saisie.prendre(faits)
        if not self.depart:
            self._signaleur.prendre(faits)

    def _ouvrir_fiche(self, slug: str) -> None:
        """Refold a structure from the facts of the read model, up to where it stood."""
        fiche: ChantierDeFiche | None = None
        for position, fait in self._relire(
            "f.structure = ? AND f.position <= ?", slug, self.depart
        ):
            if isinstance(fait, FaitDeStructure):
                if fiche is None:
                    fiche = ChantierDeFiche()
                inscrire(fiche, position, fait)
        if fiche is not None:
            fiches = self._situation.fiches.set(slug, fermer(Fiche(slug), fiche))
            self._situation = replace(self._situation, fiches=fiches)
            self._compter(fiches[slug], -1)

    def _relire(self, filtre: str, *valeurs: object) -> list[tuple[int, Fait]]:
        """Facts of the read model, decoded again, in the order of positions."""
        try:
            return [
                (position, decoder(topic, etat.encode("utf-8")))
                for position, topic, etat in self._db.execute(
                    "SELECT f.position, f.type, f.etat FROM faits f "  # noqa: S608
                    f"WHERE f.programme = ? AND {filtre} ORDER BY f.position",
                    [self._programme, *valeurs],
                ).fetchall()
            ]
        except (OctetsIllisibles, UnicodeEncodeError) as erreur:
            raise ReadModelDivergedError(
                f"Le modèle de lecture de {self._programme} tient un fait illisible : {erreur}.",
                programme=self._programme,
                position=self.depart,
            ) from erreur

    def _compter(self, fiche: Fiche, sens: int) -> None:
        for table, nombre in rangees.effectifs_de(fiche).items():
            self._effectifs[table] = self._effectifs.get(table, 0) + sens * nombre

    def _ecrire(self, veille: date | None, jours: Mapping[date, tuple[int, int]]) -> None:
        """Write the rows of what was touched, and the position they stand for."""
        revues = self._a_revoir(veille) - self._touchees
        for slug in sorted(revues):
            self._ouvrir_fiche(slug)
            self._compter(self._situation.fiches[slug], 1)
        p, vue = self._programme, Vue(self._programme, None, self._situation, self._suite.souches)
        fiches = [self._situation.fiches[slug] for slug in sorted(self._touchees)]
        for fiche in fiches:
            self._compter(fiche, 1)
        if self.depart:
            self._effacer(revues)
            self._signaleur.prendre(self._ordres(self._touchees | revues))
        self._ecrire_programme(vue)
        par_jour = self._situation.disponible_par_jour
        changes = sorted(j for j, valeurs in par_jour.items() if valeurs != jours.get(j))
        lignes = ((p, j.isoformat(), *par_jour[j]) for j in changes)
        inserer(self._db, "jours", lignes, ou_remplacer=True)
        self._ecrire_structures(fiches)
        suivies = self._signaleur.par_structure(p)
        inserer(self._db, "signalements", rangees.des_signalements(vue, suivies))
        inserer(self._db, "saisies", rangees.des_saisies(p, self._saisie))

    def _ordres(self, slugs: set[str]) -> list[tuple[int, Fait]]:
        """The facts of those of these structures whose payments are ordered, and the rules."""
        siens = [self._relire("f.structure = ?", slug) for slug in sorted(slugs)]
        siens = [
            faits for faits in siens if any(isinstance(f, TrancheOrdonnancée) for _, f in faits)
        ]
        if not siens:
            return []
        de_regle = "f.position IN (SELECT position FROM regles WHERE programme = f.programme)"
        tous = [*self._relire(de_regle), *(inscrit for faits in siens for inscrit in faits)]
        return sorted(tous, key=lambda inscrit: inscrit[0])

    def _a_revoir(self, veille: date | None) -> set[str]:
        """Structures whose warnings a revision of the rules or a new day may change."""
        jour = self._situation.derniere_date
        if not self.depart or veille is None or jour is None:
            return set()
        depuis = self._regles_depuis
        if en_vigueur("marge_sous_limite", veille) != en_vigueur("marge_sous_limite", jour):
            depuis = date.min
        if depuis == date.max:
            return set()
        lignes = self._lire(
            "SELECT structure FROM structures", "AND label_date >= ?", depuis.isoformat()
        )
        return {slug for (slug,) in lignes}

    def _effacer(self, revues: set[str]) -> None:
        """Remove the rows about to be written anew (those with a key are overwritten)."""
        for table in PAR_STRUCTURE:
            slugs = self._touchees | revues if table == "signalements" else self._touchees
            self._db.conn.executemany(
                f"DELETE FROM {table} WHERE programme = ? AND structure = ?",  # noqa: S608
                ((self._programme, slug) for slug in sorted(slugs)),
            )
        for table, filtre in (
            *((table, "") for table in PAR_PROGRAMME),
            ("signalements", " AND structure IS NULL"),
        ):
            self._db.table(table).delete_where(f"programme = ?{filtre}", [self._programme])

    def _ecrire_structures(self, fiches: list[Fiche]) -> None:
        p, numero = self._programme, self._numero
        lignes = (rangees.de_structure(p, numero, f) for f in fiches)
        inserer(self._db, "structures", lignes, ou_remplacer=True)
        for table, rangees_de in (
            ("tranches", rangees.des_tranches),
            ("bonus", rangees.du_bonus),
            ("conventions", rangees.des_conventions),
            ("versements", rangees.des_versements),
        ):
            inserer(self._db, table, (ligne for f in fiches for ligne in rangees_de(p, f)))

    def _ecrire_programme(self, vue: Vue) -> None:
        p, situation, suite = self._programme, vue.situation, self._suite
        programme = rangees.du_programme(
            vue,
            self._numero,
            suite.dernier_instant,
            suite.tete or "",
            self._saisie,
            self._effectifs,
        )
        inserer(self._db, "programmes", [programme], ou_remplacer=True)
        inserer(self._db, "enveloppe", [rangees.de_l_enveloppe(vue)], ou_remplacer=True)
        inserer(self._db, "soldes", rangees.des_soldes(p, situation.soldes))
        inserer(self._db, "credits", ((p, *msgspec.structs.astuple(c)) for c in credits(vue)))
        tenus = self._comptes_tenus
        comptes = ((p, *c) for c in sorted(self._comptes.items()) if tenus.get(c[0]) != c[1])
        inserer(self._db, "comptes", comptes, ou_remplacer=True)


def _structures(faits: list[tuple[int, Fait]]) -> set[str]:
    return {fait.structure for _, fait in faits if isinstance(fait, FaitDeStructure)}
