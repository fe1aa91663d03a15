"""The essential data of the grant agreements: SCDL "subventions" 2.1.1, one row per agreement.

The current state of each agreement, amendments and withdrawals counted; its history stays in the
journal. A row that lacks a fact is never published: it is set apart, with what is missing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from ledger.montants import format_euros
from ledger.temps import format_date

from ..situation import Vue
from ..tableur import cellule
from .attributions import Attribution, Attributions, attribuant_connu, attributions
from .scdl_regles import COLONNES, TEXTE_MAX, defauts

NotificationUE = Literal["oui", "non"]
_NUMERAIRE = "aide en numéraire"
_NUMEROS_DU_PACIFIQUE = {"987": "TAHITI", "988": "RIDET"}
"""First digits of the postcode (Polynésie française, Nouvelle-Calédonie) -> the local number."""
_PART_UNIQUE = "1.00"


class Declarations(Struct, frozen=True):
    """What the publisher states because no fact says it; empty when nothing is stated.

    The authority completes what the opening of the programme does not hold, and never replaces it.
    """

    nom_attribuant: str = ""
    siret_attribuant: str = ""
    notification_ue: NotificationUE = "non"


class Suivi(Struct, frozen=True):
    """Where the publication of one agreement stands. Dates are ISO.

    `statut`: `publiee`, `incomplete` (`manque` says what), `sans_objet` (nothing is granted any
    more) or `inchangee` (left out: the same as on the day before `depuis`).
    """

    structure: str
    porteur: str
    statut: str
    manque: tuple[str, ...]
    date_convention: str | None
    date_limite: str | None
    jours_de_retard: int


class Publication(Struct, frozen=True):
    """What is published, and what is known of every agreement. Made by `preparer`."""

    lignes: tuple[dict[str, str], ...]
    suivis: tuple[Suivi, ...]
    retouches: tuple[tuple[str, str], ...]
    """(structure, column) of the texts that are not published as recorded."""

    @property
    def ecartes(self) -> tuple[Suivi, ...]:
        """The agreements that cannot be published."""
        return tuple(s for s in self.suivis if s.statut in ("incomplete", "sans_objet"))

    @property
    def retards(self) -> tuple[Suivi, ...]:
        """Due three months after the signature, at the date of the view: in the file, or not.

        With `veille`, what could already be published that day is not late again.
        """
        return tuple(s for s in self.suivis if s.jours_de_retard)


def preparer(
    vue: Vue, declarations: Declarations | None = None, *, veille: Vue | None = None
) -> Publication:
    """The rows of a view, each checked against the schema and against stricter rules.

    With `veille`, the view as of the day before, only the rows that differ from its own are
    published. Raises: UsageError for a declared authority that is not the recorded one;
    ChainBrokenError; StoreError.
    """
    declarees = declarations or Declarations()
    avant = {} if veille is None else _brutes(attributions(veille), veille, declarees)
    publiables = {s for s, brute in avant.items() if not defauts(_desarmee(brute))}
    lues = attributions(vue)
    brutes = _brutes(lues, vue, declarees)
    lignes: list[dict[str, str]] = []
    suivis: list[Suivi] = []
    retouches: list[tuple[str, str]] = []
    for a in lues.lignes:
        structure, brute = a.fiche.structure, brutes[a.fiche.structure]
        ligne = _desarmee(brute)
        statut, manque = "publiee", (*defauts(ligne), *_outre_mer(a))
        if a.montant <= 0 and a.fiche.etat == "label_retire":
            statut, manque = "sans_objet", ("label retiré, plus rien n'est attribué",)
        elif manque:
            statut = "incomplete"
        elif avant.get(structure) == brute:
            statut = "inchangee"
        else:
            lignes.append(ligne)
            coupe = not brute["objet"].startswith(vue.situation.intitule.strip())
            retouches += [
                (structure, c) for c in COLONNES if ligne[c] != brute[c] or (c == "objet" and coupe)
            ]
        du = structure not in publiables and statut in ("publiee", "incomplete")
        suivis.append(_suivi(a, vue, statut, manque, du=du))
    return Publication(tuple(lignes), tuple(suivis), tuple(retouches))


def ecrire_scdl(publication: Publication) -> Iterator[str]:
    """The CSV, piece by piece: UTF-8, comma, one line feed a row, the columns of the schema."""
    yield from _csv(COLONNES, ([ligne[c] for c in COLONNES] for ligne in publication.lignes))


def ecrire_suivis(suivis: tuple[Suivi, ...]) -> Iterator[str]:
    """The companion table (set apart, or late) as CSV, what is missing joined by ` ; `."""
    colonnes = Suivi.__struct_fields__
    rangs = (
        [cellule(" ; ".join(v) if isinstance(v, tuple) else v) for v in _valeurs(s, colonnes)]
        for s in suivis
    )
    yield from _csv(colonnes, rangs)


def _valeurs(suivi: Suivi, colonnes: tuple[str, ...]) -> Iterator[str | int | tuple[str, ...]]:
    return (getattr(suivi, colonne) for colonne in colonnes)


def _csv(colonnes: Sequence[str], rangs: Iterable[Sequence[str | int]]) -> Iterator[str]:
    tampon = io.StringIO()
    redacteur = csv.writer(tampon, lineterminator="\n")
    redacteur.writerow(colonnes)
    yield tampon.getvalue()
    for rang in rangs:
        tampon.seek(0)
        tampon.truncate()
        redacteur.writerow(rang)
        yield tampon.getvalue()


def _desarmee(brute: dict[str, str]) -> dict[str, str]:
    """The row as published: its texts harmless in a spreadsheet."""
    return {colonne: str(cellule(texte)) for colonne, texte in brute.items()}


def _brutes(lues: Attributions, vue: Vue, declarees: Declarations) -> dict[str, dict[str, str]]:
    """The row of each structure, texts as recorded."""
    attribuant = attribuant_connu(lues, declarees.nom_attribuant, declarees.siret_attribuant)
    return {a.fiche.structure: _brute(a, vue, attribuant, declarees) for a in lues.lignes}


def _brute(
    a: Attribution, vue: Vue, attribuant: tuple[str, str], declarees: Declarations
) -> dict[str, str]:
    fiche, signee = a.fiche, a.convention
    nom, siret = attribuant
    conditions, periode = _versement(a)
    return {
        "nomAttribuant": nom.strip(),
        "idAttribuant": siret,
        "dateConvention": "" if signee is None else signee.date_effet.isoformat(),
        "referenceDecision": "" if signee is None else signee.reference.strip(),
        "nomBeneficiaire": fiche.porteur.strip(),
        "idBeneficiaire": fiche.siret or "",
        "rnaBeneficiaire": fiche.rna or "",
        "objet": _objet(a, vue),
        "montant": montant_decimal(a.montant),
        "nature": _NUMERAIRE,
        "conditionsVersement": conditions,
        "datesPeriodeVersement": periode,
        "idRAE": "",
        "notificationUE": declarees.notification_ue,
        "pourcentageSubvention": _PART_UNIQUE,
        "dispositifAide": "",
    }


def _outre_mer(a: Attribution) -> Iterator[str]:
    """Why a payee of the Pacific may have neither SIRET nor RNA: its number has no column."""
    fiche = a.fiche
    numero = _NUMEROS_DU_PACIFIQUE.get(fiche.code_postal[:3])
    if numero is not None and fiche.siret is None and fiche.rna is None:
        yield (
            f"idBeneficiaire : code postal {fiche.code_postal}, un numéro {numero} n'a pas de "
            "colonne dans le schéma, ni de place au grand livre"
        )


def _objet(a: Attribution, vue: Vue) -> str:
    """The programme, then what the columns cannot say; the programme is cut, never the rest."""
    precisions = []
    if a.fiche.bonus:
        precisions.append(f"dont bonus numérique {format_euros(a.fiche.bonus)}")
    if a.fiche.retrait_date is not None:
        retrait = format_date(a.fiche.retrait_date)
        precisions = [f"label retiré le {retrait}, montant ramené à ce qui reste attribué"]
    suite = f" ({', '.join(precisions)})" if precisions else ""
    intitule = vue.situation.intitule.strip()
    libre = TEXTE_MAX - len(suite) - 1  # one sign more when a spreadsheet must not run the text
    if len(intitule) > libre:
        intitule = f"{intitule[: libre - 1].rstrip()}…"
    return f"{intitule}{suite}"


def _versement(a: Attribution) -> tuple[str, str]:
    """Conditions and period: as planned; as paid once the label is withdrawn.

    A bonus has no due date: its payments lengthen the period.
    """
    fiche = a.fiche
    payes = [v.date_effet for v in a.versements]
    if fiche.etat == "label_retire" and payes:
        jours = sorted(payes)
    else:
        bonus = [v.date_effet for v in a.versements if v.rang == 0]
        jours = sorted([*(t.echeance for t in fiche.tranches), *bonus])
    if not jours:
        return "", ""
    if len(jours) == 1 and not (fiche.bonus and fiche.etat != "label_retire"):
        return "unique", jours[0].isoformat()
    return "échelonné", f"{jours[0].isoformat()}/{jours[-1].isoformat()}"


def montant_decimal(centimes: int) -> str:
    """Cents as the schema reads them: `150000.00`."""
    euros, reste = divmod(abs(centimes), 100)
    return f"{'-' if centimes < 0 else ''}{euros}.{reste:02d}"


def _suivi(a: Attribution, vue: Vue, statut: str, manque: tuple[str, ...], *, du: bool) -> Suivi:
    signee, limite, jour = a.convention, a.date_limite, vue.date_de_vue
    retard = 0
    if du and limite is not None and jour is not None and jour > limite:
        retard = (jour - limite).days
    return Suivi(
        a.fiche.structure,
        a.fiche.porteur,
        statut,
        manque,
        None if signee is None else signee.date_effet.isoformat(),
        None if limite is None else limite.isoformat(),
        retard,
    )
