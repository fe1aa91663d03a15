"""The matching: requests of Chorus on one side, payments of the ledger on the other.

Pure, deterministic, whatever the order of the lines; time and memory in proportion to both sides.
Three declared tiers, the strongest first. Inside a tier a pair is made only when each is the only
candidate of the other: several candidates are named, never chosen. What bears the same request
number is settled before weaker evidence is looked at; what no tier pairs exactly is looked at again
for its one difference (exercice, amount).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from ledger.montants import format_euros

from .demandes import sommer
from .modele import PALIERS, VERDICTS, Demande, LigneChorus, Nom, Palier, Verdict, VersementAuLivre
from .phrases import autre_demande, citer, contradiction, verdict_de
from .restes import Restes

_Paire = tuple[list[Demande], list[VersementAuLivre]]
_RANGS = {nom: rang for rang, nom in enumerate(VERDICTS)}
_ETAPES: tuple[tuple[Palier, Nom], ...] = (
    (1, "rapproche"),
    (1, "autre_exercice"),
    (1, "montant_different"),
    (2, "rapproche"),
    (3, "rapproche"),
    (1, "annulation"),
    (2, "annulation"),
    (3, "annulation"),
    (2, "autre_exercice"),
    (3, "autre_exercice"),
    (2, "montant_different"),
    (3, "montant_different"),
)
"""What is looked for, in order."""
_PAIRE = 2


def rapprocher(
    lignes: Iterable[LigneChorus], livre: Sequence[VersementAuLivre]
) -> tuple[Verdict, ...]:
    """One verdict for each request, and one for each payment that no request answers.

    Payments of an exercice that the extract does not cover may answer; left alone they are not
    told: the extract says nothing of them.
    """
    moteur = _Moteur(sommer(lignes), livre)
    moteur.conduire()
    return tuple(sorted(moteur.verdicts, key=_ordre))


def _ordre(verdict: Verdict) -> tuple[object, ...]:
    """Absence is compared with absence only: what has no structure has no position, but a number.

    A payment and a request each have one verdict of a name: what follows them never decides.
    """
    return (
        _RANGS[verdict.verdict],
        verdict.structure or "",
        verdict.position,
        verdict.dp,
        verdict.exercice_dp,
    )


class _Moteur:
    """What is still to be paired, and what was said so far."""

    def __init__(self, demandes: Sequence[Demande], livre: Sequence[VersementAuLivre]) -> None:
        livre = sorted(livre, key=lambda versement: versement.position)
        self.verdicts: list[Verdict] = []
        self._demandes = {(d.dp, d.exercice): d for d in demandes}
        self._annees = {d.exercice for d in demandes}
        self._libres = {v.position: v for v in livre if v.annulation is None}
        self._annules = [v for v in livre if v.annulation is not None]
        self._restes = Restes(livre)

    def conduire(self) -> None:
        """Every step, in order; then what is left on each side."""
        self._reconnaitre_les_confirmes()
        for demande in list(self._demandes.values()):
            self._ecarter(demande)
        self._regrouper()
        for palier, nom in _ETAPES:
            self._chercher(palier, nom)
        for demande in list(self._demandes.values()):
            self._dire("chorus_seul", None, self._restes.de_demande(demande), demande)
        for versement in list(self._libres.values()):
            if versement.exercice in self._annees:
                dit = self._restes.de_versement(versement)
                self._dire("livre_seul", None, dit, None, versement)

    def _dire(
        self,
        nom: Nom,
        palier: Palier | None,
        raison: str,
        demande: Demande | None,
        versement: VersementAuLivre | None = None,
        candidats: Sequence[Demande] | Sequence[VersementAuLivre] = (),
    ) -> None:
        cites = citer(candidats, len(candidats))
        self.verdicts.append(verdict_de(nom, palier, raison, demande, versement, candidats=cites))
        if demande is not None:
            self._demandes.pop((demande.dp, demande.exercice), None)
        if versement is not None:
            self._libres.pop(versement.position, None)

    def _reconnaitre_les_confirmes(self) -> None:
        """What was confirmed before is not proposed again; a change of its amount is said."""
        for versement in list(self._libres.values()):
            if versement.rapproche is None:
                continue
            self._libres.pop(versement.position)
            demande = self._demandes.get(versement.rapproche)
            if demande is None or demande.doublon or not demande.lisible:
                continue  # another extract, or said below
            if demande.montant_centimes == versement.montant_centimes:
                self._dire("deja_rapproche", 1, "Déjà confirmé au livre.", demande, versement)
            else:
                ecart = format_euros(demande.montant_centimes - versement.montant_centimes)
                raison = f"Confirmé au livre ; depuis, Chorus dit un autre montant : {ecart}."
                self._dire("montant_different", 1, raison, demande, versement)

    def _ecarter(self, demande: Demande) -> None:
        """A request that cannot be compared: a line unread or doubled, a reversal."""
        if not demande.lisible:
            raison = "Une ligne de cette demande ne se lit pas : voir les lignes refusées."
            self._dire("dp_incomplete", None, raison, demande)
        elif demande.doublon:
            raison = f"{demande.doublon[0].upper()}{demande.doublon[1:]} : la somme n'est pas sûre."
            self._dire("dp_en_double", None, raison, demande)
        elif demande.montant_centimes == 0:
            self._dire("annulation", None, "Ses lignes s'annulent : elle ne paie rien.", demande)
        elif demande.montant_centimes < 0:
            trouves = self._restes.annules_de(demande)
            if trouves:
                raison = "Demande négative : annulation du livre qui lui répond en candidat."
            else:
                raison = "Demande négative : aucune annulation du livre ne lui répond."
            self._dire("annulation", None, raison, demande, candidats=trouves)

    def _regrouper(self) -> None:
        """One request for several payments that bear its number, or the contrary: same total."""
        for demandes, versements in _groupes(
            1, "montant_different", self._demandes.values(), self._libres.values()
        ):
            membres: list[Demande | VersementAuLivre] = [*demandes, *versements]
            if min(len(demandes), len(versements)) != 1 or len(membres) <= _PAIRE:
                continue
            ecart = sum(d.montant_centimes for d in demandes)
            ecart -= sum(v.montant_centimes for v in versements)
            opposes = (_opposition(d, v) for d in demandes for v in versements)
            if ecart or len({m.exercice for m in membres}) != 1 or any(opposes):
                continue
            raison = (
                f"Palier 1 : {_compter(len(demandes), 'demande')} pour "
                f"{_compter(len(versements), 'versement')} au même numéro, de même total."
            )
            for demande in demandes:
                self._dire("regroupe", 1, raison, demande, candidats=versements)
            for versement in versements:
                self._dire("regroupe", 1, raison, None, versement, candidats=demandes)

    def _chercher(self, palier: Palier, nom: Nom) -> None:
        """One step: the groups of candidates that share what the step compares."""
        autres: Iterable[VersementAuLivre] = self._libres.values()
        if nom == "annulation":
            autres = self._annules
        for demandes, versements in _groupes(palier, nom, self._demandes.values(), autres):
            if nom == "annulation":
                raison = f"Palier {palier} : ne répond qu'à un versement annulé au livre."
                for demande in demandes:
                    self._dire(nom, palier, raison, demande, candidats=versements)
            elif len(demandes) == len(versements) == 1:
                self._juger(palier, nom, demandes[0], versements[0])
            elif nom != "montant_different" or palier == 1:
                self._ne_pas_choisir(palier, demandes, versements)

    def _juger(self, palier: Palier, nom: Nom, demande: Demande, paye: VersementAuLivre) -> None:
        """A pair: the only candidates of each other for what the step compares."""
        oppose = _opposition(demande, paye)
        if oppose:
            if nom == "rapproche" or palier == 1:
                raison = f"Palier {palier}, mais une preuve s'y oppose. {oppose}"
                self._dire("ambigu", palier, raison, demande, paye)
            return
        annees = f"Chorus le compte en {demande.exercice}, le livre en {paye.exercice}."
        if nom == "rapproche":
            raison = f"Palier {palier} : même {PALIERS[palier]}."
        elif nom == "autre_exercice":
            raison = f"Palier {palier}, à l'exercice près : {annees}"
        else:
            ecart = format_euros(demande.montant_centimes - paye.montant_centimes)
            raison = f"Palier {palier}, au montant près : {ecart} d'écart."
            if demande.exercice != paye.exercice:
                raison = f"{raison} {annees}"
        self._dire(nom, palier, raison, demande, paye)

    def _ne_pas_choisir(
        self, palier: Palier, demandes: list[Demande], versements: list[VersementAuLivre]
    ) -> None:
        """Several candidates: each is told, with the others; none is taken for another."""
        ecart = sum(d.montant_centimes for d in demandes)
        ecart -= sum(v.montant_centimes for v in versements)
        raison = (
            f"Palier {palier} ({PALIERS[palier]}) : {_compter(len(demandes), 'demande')} pour "
            f"{_compter(len(versements), 'versement')}, "
            f"{'de même total' if ecart == 0 else f'{format_euros(ecart)} d’écart en tout'} ; rien "
            "n'est choisi."
        )
        for demande in demandes:
            self._dire("ambigu", palier, raison, demande, candidats=versements)
        for versement in versements:
            if versement.exercice in self._annees:
                self._dire("ambigu", palier, raison, None, versement, candidats=demandes)


def _opposition(demande: Demande, versement: VersementAuLivre) -> str:
    """What denies that a request pays a payment; empty when nothing does."""
    return contradiction(demande, versement) or autre_demande(demande, versement)


def _compter(nombre: int, mot: str) -> str:
    return f"{nombre} {mot}{'s' if nombre > 1 else ''}"


def _identites(palier: Palier, membre: Demande | VersementAuLivre) -> tuple[str, ...]:
    """What a tier recognises a member by."""
    match palier:
        case 1:
            return (membre.dp,) if isinstance(membre, Demande) else membre.numeros
        case 2:
            return membre.ejs
        case _:
            sirets = membre.sirets if isinstance(membre, Demande) else (membre.siret,)
            return sirets if len(sirets) == 1 else ()


def _groupes(
    palier: Palier,
    nom: Nom,
    demandes: Iterable[Demande],
    versements: Iterable[VersementAuLivre],
) -> list[_Paire]:
    """The candidates that share a key, both sides present, each in one group only.

    A member with several keys (several commitments) joins their groups into one.
    """
    parent: dict[Hashable, Hashable] = {}

    def racine(cle: Hashable) -> Hashable:
        while (suivante := parent.setdefault(cle, cle)) != cle:
            parent[cle] = parent[suivante]
            cle = parent[cle]
        return cle

    vus: list[tuple[Hashable, Demande | VersementAuLivre]] = []
    membres: list[Demande | VersementAuLivre] = [*demandes, *versements]
    for membre in membres:
        exercice = membre.exercice if nom in ("rapproche", "annulation") else 0
        montant = membre.montant_centimes if nom != "montant_different" else 0
        if nom == "montant_different" and palier != 1:
            exercice = membre.exercice
        cles = [(identite, exercice, montant) for identite in _identites(palier, membre)]
        for autre in cles:
            parent[racine(autre)] = racine(cles[0])
        if cles:
            vus.append((cles[0], membre))
    groupes: dict[Hashable, _Paire] = {}
    for cle, membre in vus:
        paire = groupes.setdefault(racine(cle), ([], []))
        if isinstance(membre, Demande):
            paire[0].append(membre)
        else:
            paire[1].append(membre)
    return [paire for paire in groupes.values() if paire[0] and paire[1]]
