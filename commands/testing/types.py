"""Typed commands, each field within its bounds: what `st.from_type(VerserTranche)` draws.

A field's strategy is chosen by its name, in one table; amounts and schedules of one command agree.
These commands are well formed; whether they are accepted is for a programme's state to say (see
`strategies.commandes` for ones that suit a state).
"""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

from hypothesis import strategies as st

from ledger import Acteur, Regles
from ledger.testing.regles import regles, revisions
from ledger.testing.valeurs import Json, dates, montants, slugs, textes

from ..lecture_json import en_commande
from ..modele import ROLES, Commande
from ..verbes.candidature import CRITERES
from .plans import planifier

C = TypeVar("C", bound=Commande)
_FACULTATIF = 3
"""One optional field in three is given."""
SIRETS = ("73282932000074", "35600000000048", "55210055400013")
"""Numbers whose key is right, La Poste's own rule included; no beneficiary's."""


def acteurs() -> st.SearchStrategy[Acteur]:
    """Who gives a command, in one of the five roles."""
    noms = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
    return st.builds(Acteur, id=noms, role=st.sampled_from(ROLES))


def reglements() -> st.SearchStrategy[Regles]:
    """Coherent rules, amounts in cents."""
    return regles().map(lambda r: Regles(**r))


def structures() -> st.SearchStrategy[Json]:
    """What is recorded of a structure: its slug, and what `DéposerCandidature` says of it."""
    noms = ("structure", "porteur", "code_postal", "ville", "territoire", "numerique")
    return st.fixed_dictionaries(
        {nom: _CHAMPS[nom] for nom in noms},
        optional={nom: _CHAMPS[nom] for nom in ("siret", "rna", "vague")},
    )


def _identifiants() -> st.SearchStrategy[str]:
    return st.from_regex(r"[!-~]([ -~]{0,62}[!-~])?", fullmatch=True)


_CREDITS = st.integers(-(10**9), 10**9)
_GELS = montants(minimum=0, maximum=10**9)
_ANNEES = st.integers(2018, 2026)
_CHAMPS: dict[str, st.SearchStrategy[Any]] = {
    "id_commande": _identifiants(),
    "programme": slugs(),
    "structure": slugs(),
    "acteur": acteurs(),
    "date_effet": dates(),
    "intitule": textes(),
    "source": textes(),
    "motif": textes(),
    "instance": textes(),
    "reference": textes(),
    "titre": textes(),
    "dp": textes(),
    "ej": textes(),
    "note": textes(),
    "porteur": textes(),
    "ville": textes(),
    "vague": st.integers(1, 99).map(str),
    "code_postal": st.from_regex(r"[0-9]{5}", fullmatch=True),
    "siret": st.sampled_from(SIRETS),
    "rna": st.from_regex(r"W[0-9]{9}", fullmatch=True),
    "territoire": st.sampled_from(("qpv", "hors_qpv", "inconnu")),
    "numerique": st.booleans(),
    "accepte": st.booleans(),
    "avis": st.sampled_from(("favorable", "reserve", "defavorable")),
    "criteres": st.fixed_dictionaries(
        {c: st.sampled_from(("rempli", "non_rempli", "a_verifier")) for c in CRITERES}
    ),
    "roles": st.lists(
        st.sampled_from(("lieu_ressource", "apprendre_par_le_faire", "competences_numeriques")),
        max_size=3,
        unique=True,
    ),
    "regles": regles(),
    "attribuant": st.fixed_dictionaries({"nom": textes()}),
    "rang": st.integers(1, 4),
    "position": st.integers(1, 500),
    "exercice": _ANNEES,
    "exercice_dp": _ANNEES,
    "montant_centimes": montants(),
    "montant_demande_centimes": montants(minimum=0),
    "montant_propose_centimes": montants(minimum=0),
    "variation_centimes": _CREDITS,
    "ae_centimes": _GELS,
    "cp_centimes": _GELS,
    "nature": st.sampled_from(("lfi", "lfr", "report", "retablissement", "annulation")),
    "origine_precedente": st.just("fabriques-ledger/fabriques/0123456789abcdef"),
    "taille_satisfaite": st.integers(0, 99),
    "taille_perdue": st.integers(100, 500),
    "racine_perdue": st.just("A" * 43 + "="),
}
_PROPRES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "OuvrirCrédits": {"ae_centimes": _CREDITS, "cp_centimes": _CREDITS},
    "AnnulerVersement": {"motif": st.sampled_from(("rejet_bancaire", "erreur"))},
    "OrdonnancerTranche": {"rang": st.integers(0, 4)},
    "RéviserRègles": {"regles": reglements().flatmap(lambda r: revisions(connues=r))},
}


@st.composite
def commandes_typees(draw: st.DrawFn, *, classe: type[C]) -> C:
    """A well-formed command of one class."""
    champs: dict[str, Any] = {"commande": classe.verbe}
    table = _CHAMPS | _PROPRES.get(classe.verbe, {})
    for nom, champ in classe.model_fields.items():
        if nom == "echeancier":
            continue
        if champ.is_required() or draw(st.integers(1, _FACULTATIF)) == _FACULTATIF:
            valeur = draw(table[nom])
            champs[nom] = valeur.isoformat() if isinstance(valeur, date) else valeur
    if "echeancier" in classe.model_fields:
        champs |= draw(_echeancier(classe, champs))
    if classe.verbe == "CorrigerStructure" and len(champs) == len(Commande.model_fields) + 3:
        champs["ville"] = draw(table["ville"])  # a correction corrects something
    champs["acteur"] = {"id": champs["acteur"].id, "role": champs["acteur"].role}
    lue = en_commande(champs)
    if not isinstance(lue, classe):
        raise TypeError(f"{classe.verbe} : {getattr(lue, 'refus', lue)!r}")
    return lue


@st.composite
def _echeancier(draw: st.DrawFn, classe: type[Commande], champs: dict[str, Any]) -> dict[str, Any]:
    """The schedule of the amount, from the effect date on; a grant may come without."""
    if classe.verbe == "LabelliserFabrique" and draw(st.booleans()):
        return {}
    montant = champs["montant_centimes"]
    fixees = Regles(
        **draw(regles()) | {"plafond_centimes": montant, "plancher_centimes": 0, "exercices_max": 3}
    )
    depuis = date.fromisoformat(champs["date_effet"])
    return {"echeancier": draw(planifier(montant=montant, depuis=depuis, regles=fixees))}
