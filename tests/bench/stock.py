"""The same job with the library's stock aggregates, as its documentation teaches to write it.

One aggregate per structure, one for the envelope; a command loads them from the repository, calls
them, and saves them in one transaction. Connections are as durable as ours (the library leaves
`synchronous` to SQLite). By default the library keeps no aggregate in memory; `cache` turns its
cache on. It does less than the ledger: neither command ids, nor hashes, nor effect dates, nor
credits by exercice, nor the fate of a withdrawal by its year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool

from .charge import Objet


class Structure(Aggregate):
    """One structure: application, label, instalments, payments. Cents."""

    @event("Deposee")
    def __init__(self, slug: str, porteur: str, code_postal: str, ville: str, date: str) -> None:
        self.slug, self.porteur, self.code_postal, self.ville = slug, porteur, code_postal, ville
        self.depot, self.etat, self.reclame, self.encaisse = date, "deposee", 0, 0
        self.territoire, self.numerique = "inconnu", False
        self.montant, self.bonus, self.bonus_verse, self.retire = 0, 0, 0, 0
        self.tranches: list[int] = []
        self.verse: list[int] = []
        self.par_exercice: dict[str, int] = {}
        self.paiements: list[tuple[int, int, str]] = []
        self.bilans: list[int] = []

    @classmethod
    def create_id(cls, slug: str) -> UUID:
        """The id of a structure comes from its slug."""
        return uuid5(NAMESPACE_URL, f"/structures/{slug}")

    @event("Qualifiee")
    def qualifier(self, territoire: str, numerique: bool, siret: str, vague: str) -> None:
        """What decides quotas and bonus."""
        self.territoire, self.numerique, self.siret = territoire, numerique, siret
        self.vague = vague

    @event("Corrigee")
    def corriger(self, ville: str, motif: str, date: str) -> None:
        """The address was wrong."""
        self._exiger("deposee")
        self.ville = ville

    @event("Instruite")
    def instruire(self, criteres: dict[str, str], roles: list[str], date: str) -> None:
        """The application was studied."""
        self._exiger("deposee")
        self.criteres = criteres

    @event("AvisRendu")
    def rendre_avis(self, avis: str, instance: str, date: str) -> None:
        """The committee gave its opinion."""
        self._exiger("deposee")
        self.avis = avis

    @event("Ecartee")
    def ecarter(self, etat: str, motif: str, date: str) -> None:
        """Rejected, or withdrawn by the applicant."""
        self._exiger("deposee")
        self.etat = etat

    @event("Labellisee")
    def labelliser(self, montant: int, tranches: list[int], date: str) -> None:
        """The label and the grant."""
        self._exiger("deposee")
        if sum(tranches) != montant:
            raise ValueError("les tranches ne font pas la subvention")
        self.etat, self.montant = "labellisee", montant
        self.tranches, self.verse = tranches, [0] * len(tranches)

    @event("ConventionSignee")
    def signer(self, reference: str, ej: str, date: str) -> None:
        """The grant agreement."""
        self._exiger("labellisee")
        self.convention = reference

    @event("Amendee")
    def amender(self, montant: int, tranches: list[int], motif: str, date: str) -> None:
        """The grant changes."""
        self._exiger("labellisee")
        self.montant, self.tranches = montant, tranches

    @event("BonusAccorde")
    def accorder_bonus(self, montant: int, date: str) -> None:
        """The digital bonus."""
        self._exiger("labellisee")
        if self.bonus or not self.numerique:
            raise ValueError("bonus impossible")
        self.bonus = montant

    @event("BonusVerse")
    def verser_bonus(self, montant: int, reference: str, date: str) -> None:
        """A payment of the bonus."""
        if montant > self.bonus - self.bonus_verse:
            raise ValueError("montant excessif")
        self.bonus_verse += montant
        self._payer(montant, date)

    @event("Ordonnancee")
    def ordonnancer(self, rang: int, montant: int, dp: str, date: str) -> None:
        """A payment order."""
        self._exiger_reste(rang, montant)

    @event("TrancheVersee")
    def verser(self, rang: int, montant: int, reference: str, date: str) -> None:
        """A payment of an instalment."""
        self._exiger_reste(rang, montant)
        self.verse[rang - 1] += montant
        self.paiements.append((rang, montant, date))
        self._payer(montant, date)

    @event("VersementAnnule")
    def annuler(self, motif: str) -> None:
        """The last payment came back."""
        rang, montant, date = self.paiements.pop()
        self.verse[rang - 1] -= montant
        self._payer(-montant, date)

    @event("BilanRecu")
    def recevoir_bilan(self, exercice: int, accepte: bool, date: str) -> None:
        """A report on an exercice."""
        self._exiger("labellisee")
        if accepte:
            self.bilans.append(exercice)

    @event("LabelRetire")
    def retirer(self, motif: str, date: str) -> None:
        """The label is withdrawn, with what was not paid."""
        self._exiger("labellisee")
        self.etat, self.retire = "label_retire", self.montant - sum(self.verse)

    @event("ReversementDemande")
    def demander(self, montant: int, titre: str, date: str) -> None:
        """Money paid is claimed back."""
        self.reclame += montant

    @event("ReversementEncaisse")
    def encaisser(self, montant: int, titre: str, date: str) -> None:
        """Money claimed back came in."""
        self.encaisse += montant

    def _exiger(self, etat: str) -> None:
        if self.etat != etat:
            raise ValueError(f"{self.slug} est à l'état {self.etat}, pas {etat}")

    def _exiger_reste(self, rang: int, montant: int) -> None:
        self._exiger("labellisee")
        if montant > self.tranches[rang - 1] - self.verse[rang - 1]:
            raise ValueError("montant excessif")

    def _payer(self, montant: int, date: str) -> None:
        self.par_exercice[date[:4]] = self.par_exercice.get(date[:4], 0) + montant


class Enveloppe(Aggregate):
    """The envelope of the programme: what commitments share. Cents."""

    @event("Ouverte")
    def __init__(self, slug: str, montant: int) -> None:
        self.slug, self.montant, self.engage, self.rendu, self.labels = slug, montant, 0, 0, 0

    @classmethod
    def create_id(cls, slug: str) -> UUID:
        """The id of an envelope comes from its programme."""
        return uuid5(NAMESPACE_URL, f"/enveloppes/{slug}")

    @event("Engagee")
    def engager(self, montant: int, labels: int) -> None:
        """Commit, or give back when negative."""
        if montant > self.montant - self.engage:
            raise ValueError("enveloppe dépassée")
        self.engage += montant
        self.labels += labels


class _PoolDurable(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        connexion = super()._create_connection()
        connexion.cursor().execute("PRAGMA synchronous=FULL")
        return connexion


class Subventions(Application[UUID]):
    """The application: one command loads, calls and saves aggregates."""

    def __init__(self, fichier: Path, *, cache: bool = False) -> None:
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(fichier)}
        if cache:
            env["AGGREGATE_CACHE_MAXSIZE"] = "0"  # unlimited
        super().__init__(env)
        datastore: Any = self.factory.datastore  # type: ignore[attr-defined]
        datastore.pool.close()
        datastore.pool = _PoolDurable(db_name=str(fichier))

    def executer(self, commande: Objet) -> None:
        """One durable command."""
        self.save(*self._jouer(commande, {}))

    def remplir(self, commandes: Iterable[Objet], *, lot: int = 2_000) -> int:
        """Many commands in few transactions (to prepare a base); the number of their events."""
        vivants: dict[UUID, Aggregate] = {}
        changes: dict[UUID, Aggregate] = {}
        nombre = evenements = 0
        for nombre, commande in enumerate(commandes, start=1):
            for agregat in self._jouer(commande, vivants):
                vivants[agregat.id] = changes[agregat.id] = agregat
            if nombre % lot == 0:
                evenements += len(self.save(*changes.values()))
                changes.clear()
        return evenements + len(self.save(*changes.values()))

    def rechauffer(self, slugs: Iterable[str]) -> None:
        """Load these structures once: with a cache, they stay in memory."""
        for slug in slugs:
            self.repository.get(Structure.create_id(slug))

    def figures(self, programme: str, slugs: Iterable[str]) -> Objet:
        """Every figure: each aggregate is rebuilt from its events, then added up."""
        enveloppe: Enveloppe = self.repository.get(Enveloppe.create_id(programme))
        payes: dict[str, int] = {}
        echeanciers: dict[str, list[tuple[int, int]]] = {}
        for slug in slugs:
            structure: Structure = self.repository.get(Structure.create_id(slug))
            for annee, centimes in structure.par_exercice.items():
                payes[annee] = payes.get(annee, 0) + centimes
            echeanciers[slug] = list(zip(structure.tranches, structure.verse, strict=True))
        disponible = enveloppe.montant - enveloppe.engage
        return {"disponible": disponible, "payes": payes, "echeanciers": echeanciers}

    def _jouer(self, c: Objet, vivants: dict[UUID, Aggregate]) -> Sequence[Aggregate]:
        verbe, date = c["commande"], c["date_effet"]
        if verbe == "OuvrirProgramme":
            return (Enveloppe(c["programme"], c["regles"]["enveloppe_centimes"]),)
        if verbe == "OuvrirCrédits":
            return ()
        if verbe == "DéposerCandidature":
            s = Structure(c["structure"], c["porteur"], c["code_postal"], c["ville"], date)
            s.qualifier(c["territoire"], c["numerique"], c["siret"], c["vague"])
            return (s,)
        s = self._charger(Structure.create_id(c["structure"]), vivants)
        avant = s.montant + s.bonus - s.retire, s.etat == "labellisee"
        _appeler(s, verbe, c, date)
        apres = s.montant + s.bonus - s.retire, s.etat == "labellisee"
        if avant == apres:
            return (s,)
        enveloppe = self._charger(Enveloppe.create_id(c["programme"]), vivants)
        enveloppe.engager(apres[0] - avant[0], apres[1] - avant[1])
        return (s, enveloppe)

    def _charger(self, identifiant: UUID, vivants: dict[UUID, Aggregate]) -> Any:
        return vivants.get(identifiant) or self.repository.get(identifiant)


def _appeler(s: Structure, verbe: str, c: Objet, date: str) -> None:
    if verbe in ("LabelliserFabrique", "SignerAvenant"):
        montant = c["montant_centimes"]
        parts = [t["montant_centimes"] for t in c.get("echeancier", ())]
        tranches = parts or [montant // 3, montant // 3, montant - montant // 3 * 2]
        if verbe == "LabelliserFabrique":
            s.labelliser(montant, tranches, date)
        else:
            s.amender(montant, tranches, c["motif"], date)
    elif verbe == "AnnulerVersement":
        s.annuler(c["motif"])
    elif verbe == "AccorderBonusNumérique":
        s.accorder_bonus(10_000_000, date)
    elif verbe in _ECARTEES:
        s.ecarter(_ECARTEES[verbe], c["motif"], date)
    else:
        methode, champs = _METHODES[verbe]
        methode(s, *[c[champ] for champ in champs], date)


_ECARTEES = {"RejeterCandidature": "rejetee", "RetirerCandidature": "retiree"}
_METHODES: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "VerserTranche": (Structure.verser, ("rang", "montant_centimes", "reference")),
    "RecevoirBilan": (Structure.recevoir_bilan, ("exercice", "accepte")),
    "InstruireCandidature": (Structure.instruire, ("criteres", "roles")),
    "RendreAvis": (Structure.rendre_avis, ("avis", "instance")),
    "OrdonnancerTranche": (Structure.ordonnancer, ("rang", "montant_centimes", "dp")),
    "SignerConvention": (Structure.signer, ("reference", "ej")),
    "CorrigerStructure": (Structure.corriger, ("ville", "motif")),
    "VerserBonus": (Structure.verser_bonus, ("montant_centimes", "reference")),
    "RetirerLabel": (Structure.retirer, ("motif",)),
    "DemanderReversement": (Structure.demander, ("montant_centimes", "titre")),
    "EncaisserReversement": (Structure.encaisser, ("montant_centimes", "titre")),
}
