"""Les schémas disent vrai : ce qu'ils refusent est refusé, ce qui sort du grand livre les suit."""

from __future__ import annotations

import json
import unicodedata
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from commands import COMMANDES, CommandeIllisible, lire_ligne
from commands.schemas import LIMITES
from commands.schemas import schema as schema_commande
from commands.schemas import schemas as schemas_commandes
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from commands.testing.strategies import autrement, invalides
from ledger import Journal
from ledger.champs import normaliser
from ledger.cloudevents import en_cloudevent
from ledger.erreurs import UsageError
from ledger.flux import suivre
from ledger.schemas import schema as schema_evenement
from ledger.testing.valeurs import Json
from projections import (
    anomalies,
    comparer,
    credits,
    echeancier,
    enveloppe,
    regarder,
    structures,
    tirer,
)
from projections.comparaison import Point
from projections.schemas import schema as schema_chiffre
from projections.testing.chiffres import en_json
from tests.properties.outils import reglages
from tests.unit.monde import ALICE, CHAMPS, Monde, tranches

SIRET_JUSTE, SIRET_FAUX = "73282932000074", "73282932000075"
_PLUS: dict[str, Json] = {
    "OuvrirProgramme": {"attribuant": {"nom": "ANCT", "siret": SIRET_JUSTE}},
    "RéviserRègles": {"regles": {"plafond_centimes": 1, "exercice_bonus": None}},
    "DéposerCandidature": {"siret": SIRET_JUSTE, "rna": "W123456789", "vague": 2},
    "CorrigerStructure": {"porteur": "Le Lieu", "territoire": "qpv", "numerique": None},
    "InstruireCandidature": {
        "roles": ["lieu_ressource"],
        "montant_propose_centimes": 0,
        "note": "Vu",
    },
    "RendreAvis": {"avis": "favorable"},
    "LabelliserFabrique": {"echeancier": tranches((2020, 15_000_000)), "vague": "A"},
    "SignerConvention": {"ej": "2100000001"},
    "SignerAvenant": {"montant_centimes": 1, "echeancier": tranches((2020, 1))},
    "AccorderBonusNumérique": {"exercice": 2020},
    "VerserTranche": {"exercice": 2020},
    "VerserBonus": {"exercice": 2020},
    "AnnulerVersement": {"position": 4},
    "RapprocherVersement": {"position": 4, "ej": "0021000001"},
    "ClôturerExercice": {"exercice": 2020},
}
COMPLETES: list[Json] = [
    {
        "commande": classe.verbe,
        "id_commande": "c1",
        "programme": PROGRAMME,
        "acteur": ALICE,
        "date_effet": "2020-02-03",
        **CHAMPS[classe.verbe],
        **_PLUS.get(classe.verbe, {}),
    }
    for classe in COMMANDES
]
"""One command of each verb, with every kind of member."""


@cache
def validateur(genre: str, nom: str) -> Any:
    """The validator of one schema, formats checked."""
    schema = {
        "commande": schema_commande,
        "evenement": schema_evenement,
        "chiffre": schema_chiffre,
    }[genre](nom)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@cache
def toute_commande() -> Any:
    """The validator of any command."""
    return Draft202012Validator(
        schemas_commandes(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def schema_admet(commande: Json) -> bool:
    """Whether the schema of its verb takes the command (of no verb: whether any does)."""
    try:
        juge = validateur("commande", str(commande.get("commande")))
    except UsageError:  # an unknown verb
        juge = toute_commande()
    return bool(juge.is_valid(commande))


def livre_admet(commande: Json) -> bool:
    """Whether the ledger reads the command."""
    ligne = json.dumps(commande, ensure_ascii=True).encode()
    return not isinstance(lire_ligne(ligne), CommandeIllisible)


def feuilles(valeur: Any, chemin: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Every value inside a JSON value, with its path."""
    trouvees = [(chemin, valeur)] if chemin else []
    suite: list[tuple[Any, Any]] = []
    if isinstance(valeur, dict):
        suite = list(valeur.items())
    elif isinstance(valeur, list):
        suite = list(enumerate(valeur))
    for cle, sous in suite:
        trouvees += feuilles(sous, (*chemin, cle))
    return trouvees


def limites(commande: Json) -> set[str]:
    """Which of the things that a schema cannot say apply to the command."""
    trouvees = set()
    for chemin, valeur in feuilles(commande):
        if type(valeur) is float and valeur.is_integer():
            trouvees.add("nombre_entier_decimal")
        if type(valeur) is not str:
            continue
        if any("\ud800" <= c <= "\udfff" for c in valeur):
            trouvees.add("isole")
        if not any(c.isprintable() and not c.isspace() for c in valeur):
            trouvees.add("texte_invisible")
        if chemin == ("acteur", "id") and not valeur.isprintable():
            trouvees.add("acteur_invisible")
        if chemin[-1] == "siret" and valeur != SIRET_JUSTE:
            trouvees.add("cle_siret")
    return trouvees


def remplacer(valeur: Any, chemin: tuple[Any, ...], autre: Any) -> Any:
    """The value with another one at that path."""
    if not chemin:
        return autre
    copie = dict(valeur) if isinstance(valeur, dict) else list(valeur)
    copie[chemin[0]] = remplacer(copie[chemin[0]], chemin[1:], autre)
    return copie


_SIGNES = st.sampled_from("aZé0-:/ \t\n\r\x7f\x85\xa0\u200b\u2003\u2028\u202e\ufeff\U0001f600")
_TEXTES = st.one_of(
    st.text(_SIGNES, max_size=6),
    st.text(max_size=8),
    st.sampled_from(
        [
            "2020-02-03\n",
            "fabriques\n",
            "2020-02-30",
            "1899-12-31",
            "2999-12-31",
            "3000-01-01",
            "02-29",
            "12-31",
            "04-31",
            SIRET_JUSTE,
            SIRET_FAUX,
            "0" * 14,
            "W123456789",
            "x" * 64,
            "x" * 65,
            "é" * 200,
            "é" * 201,
            "é" * 500,
            "é" * 501,
            "é" * 4001,
            "A" * 43 + "=\n",
        ]
    ),
).map(lambda texte: unicodedata.normalize("NFC", texte))
_NOMBRES = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([1899, 1900, 2020, 2999, 3000, 9999, 10_000, 10**9, 10**14, 10**14 + 1, 2**53]),
    st.sampled_from([1.0, 1.5, -0.5, 2020.0]),
)
VALEURS = st.recursive(
    st.one_of(st.none(), st.booleans(), _NOMBRES, _TEXTES),
    lambda dedans: st.one_of(
        st.lists(dedans, max_size=3), st.dictionaries(st.text(max_size=4), dedans, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def voisines(draw: st.DrawFn) -> Json:
    """A command of any verb with one or two values changed, a member added or left out."""
    commande: Json = draw(st.sampled_from(COMPLETES))
    for _ in range(draw(st.integers(1, 2))):
        lieux = [chemin for chemin, _ in feuilles(commande)]
        geste = draw(st.sampled_from(("changer", "changer", "changer", "ajouter", "oter")))
        if geste == "ajouter":
            commande = {**commande, draw(st.sampled_from(("inconnu", "Montant", "v"))): 1}
        elif geste == "oter":
            oublie = draw(st.sampled_from(sorted(commande)))
            commande = {nom: v for nom, v in commande.items() if nom != oublie}
        elif lieux:
            commande = remplacer(commande, draw(st.sampled_from(lieux)), draw(VALEURS))
    return commande


@pytest.mark.parametrize("commande", COMPLETES, ids=[c["commande"] for c in COMPLETES])
def test_une_commande_complete_suit_son_schema(commande: Json) -> None:
    """Une commande de chaque verbe, tous ses membres donnés, suit son schéma et se lit."""
    assert schema_admet(commande)
    assert livre_admet(commande)
    assert toute_commande().is_valid(commande)


@reglages(800)
@given(commande=voisines())
def test_ce_que_le_schema_refuse_le_livre_le_refuse(commande: Json) -> None:
    """Une commande que son schéma refuse est illisible ; une commande illisible que son schéma
    admet l'est pour une raison de la liste de ce qu'un schéma ne peut pas dire."""
    au_schema, au_livre = schema_admet(commande), livre_admet(commande)
    assert au_schema or not au_livre, commande
    if au_schema and not au_livre:
        raisons = limites(commande)
        assert raisons, commande
        assert raisons <= LIMITES.keys()


@reglages(40)
@given(histoire=histoires(maximum=25), donnees=st.data())
def test_une_commande_tiree_suit_son_schema(histoire: Histoire, donnees: st.DataObject) -> None:
    """Toute commande tirée suit son schéma si et seulement si le livre la lit, acceptée ou non."""
    for commande in histoire.commandes:
        assert (schema_admet(commande), commande) == (livre_admet(commande), commande)
    commande = donnees.draw(st.sampled_from([c for c in histoire.commandes if livre_admet(c)]))
    assert schema_admet(donnees.draw(autrement(commande=commande)))
    fautive = donnees.draw(invalides(commande=commande))
    assert not schema_admet(fautive) or "nombre_entier_decimal" in limites(fautive)
    assert not livre_admet(fautive)


@pytest.mark.parametrize("commande", COMPLETES, ids=[c["commande"] for c in COMPLETES])
def test_un_membre_inconnu_ou_un_montant_faux_est_refuse(commande: Json) -> None:
    """Un membre inconnu, un montant à virgule ou en texte est refusé par le schéma de chaque
    verbe, à toute profondeur."""
    assert not schema_admet({**commande, "inconnu": 1})
    for chemin, valeur in feuilles(commande):
        if isinstance(valeur, dict):
            assert not schema_admet(remplacer(commande, chemin, {**valeur, "inconnu": 1}))
        if type(valeur) is int and chemin[-1] != "vague":
            for faux in (1.5, "1", True, [1]):
                assert not schema_admet(remplacer(commande, chemin, faux)), (chemin, faux)


def _evenements(histoire: Histoire) -> list[tuple[str, Json, Json]]:
    suivi = suivre(histoire.store, PROGRAMME)
    vus = []
    for lot in suivi.lots():
        for ligne in lot:
            octets = en_cloudevent(
                ligne, programme=PROGRAMME, origine=suivi.origine(ligne.position)
            )
            vus.append((ligne.topic, json.loads(suivi.ligne(ligne)), json.loads(octets)))
    return vus


@reglages(40)
@given(histoire=histoires(maximum=25), donnees=st.data())
def test_tout_fait_enregistre_suit_son_schema(histoire: Histoire, donnees: st.DataObject) -> None:
    """Tout fait enregistré suit le schéma de son type ; sa ligne et son évènement, les leurs ; un
    membre de trop, absent ou d'un autre genre est refusé."""
    vus = _evenements(histoire)
    for topic, ligne, _ in vus:
        assert list(validateur("evenement", topic).iter_errors(ligne["state"])) == []
    topic, ligne, evenement = donnees.draw(st.sampled_from(vus))
    for nom, objet, corps in (("ligne", ligne, "state"), ("cloudevent", evenement, "data")):
        juge = validateur("evenement", nom)
        assert list(juge.iter_errors(objet)) == []
        autre = "avis-rendu" if topic != "avis-rendu" else "label-retire"
        type_ = autre if nom == "ligne" else f"fr.fabriques.{autre}.v1"
        assert not juge.is_valid({**objet, "type": type_})
        assert not juge.is_valid({**objet, "inconnu": 1})
        assert not juge.is_valid({**objet, corps: {**objet[corps], "inconnu": 1}})
        absent = donnees.draw(st.sampled_from(sorted(objet.keys() - {"subject"})))
        assert not juge.is_valid({cle: v for cle, v in objet.items() if cle != absent})
    juge = validateur("evenement", topic)
    for chemin, valeur in feuilles(ligne["state"]):
        if type(valeur) is int:
            for faux in (1.5, "1", True):
                assert not juge.is_valid(remplacer(ligne["state"], chemin, faux)), chemin


def _chiffres(histoire: Histoire, au: date | None, connu: int) -> dict[str, list[Any]]:
    journal = Journal(histoire.store, PROGRAMME)
    vue = regarder(journal, au=au, connu_au=connu)
    return {
        "enveloppe": [enveloppe(vue)],
        "credits": [credits(vue)],
        "structures": [structures(vue)],
        "echeancier": [echeancier(vue, s) for s in sorted(vue.situation.fiches)],
        "anomalies": [anomalies(vue)],
        "comparer": [comparer(journal, Point(connu, au), Point())],
        "sonder": [
            tirer(vue, methode="simple", nombre=1, alea="x", population="labels")
            for _ in range(any(f.label_date for f in vue.situation.fiches.values()))
        ],
    }


@reglages(40)
@given(histoire=histoires(maximum=25), donnees=st.data())
def test_tout_chiffre_suit_son_schema(histoire: Histoire, donnees: st.DataObject) -> None:
    """Tout chiffre, à toute date et à toute position, suit son schéma ; un membre de trop, absent
    ou à virgule est refusé."""
    connu = donnees.draw(st.integers(1, len(histoire.faits)))
    au = donnees.draw(st.sampled_from([None, *(f.date_effet for f in histoire.faits)]))
    lus = [
        (validateur("chiffre", nom), [valeur])
        for nom, valeurs in _chiffres(histoire, au, connu).items()
        for valeur in map(en_json, valeurs)
    ]
    for juge, (valeur,) in lus:
        assert list(juge.iter_errors(valeur)) == []
    juge, enclos = donnees.draw(st.sampled_from(lus))
    for chemin, sous in feuilles(enclos)[:40]:
        if isinstance(sous, dict):
            faux = remplacer(enclos, chemin, {**sous, "inconnu": 1})[0]
            assert not juge.is_valid(faux), chemin
            absent = remplacer(enclos, chemin, dict(list(sous.items())[1:]))[0]
            assert not juge.is_valid(absent), chemin
        if type(sous) is int:
            assert not juge.is_valid(remplacer(enclos, chemin, 1.5)[0]), chemin


@pytest.mark.parametrize(
    ("verbe", "ecart"),
    [
        ("DéposerCandidature", {"programme": "fabriques\n"}),
        ("DéposerCandidature", {"id_commande": "c1\n"}),
        ("DéposerCandidature", {"code_postal": "0100\n"}),
        ("DéposerCandidature", {"siret": "0" * 14}),
        ("DéposerCandidature", {"vague": 10_000}),
        ("DéposerCandidature", {"acteur": {"id": " ana", "role": "systeme"}}),
        ("LabelliserFabrique", {"echeancier": tranches(*[(2020, 1)] * 201)}),
        ("InstruireCandidature", {"roles": ["lieu_ressource"] * 4}),
        ("InstruireCandidature", {"criteres": {"ancrage_territorial": "rempli"}}),
        ("RéviserRègles", {"regles": {}}),
        ("RéviserRègles", {"regles": {"enveloppe_centimes": 1}}),
        ("RéviserRègles", {"regles": {"echeance_defaut": "02-29"}}),
        ("CorrigerStructure", {"porteur": None, "territoire": None}),
        ("ReprendreJournal", {"racine_perdue": "A" * 43 + "=\n"}),
    ],
)
def test_le_schema_va_jusqu_ou_il_peut(verbe: str, ecart: Json) -> None:
    """Ce qu'un schéma peut dire, il le dit : bornes des listes, fin de ligne, membre à corriger."""
    commande = next(c for c in COMPLETES if c["commande"] == verbe) | ecart
    assert (schema_admet(commande), livre_admet(commande)) == (False, False)


def test_un_membre_absent_d_un_fait_n_est_jamais_null() -> None:
    """Un membre facultatif d'un fait est omis : null est refusé par le schéma."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    ligne = json.loads(next(monde.livre.journal(PROGRAMME).lignes(apres=1)))
    juge = validateur("evenement", "candidature-deposee")
    assert juge.is_valid(ligne["state"])
    assert not juge.is_valid({**ligne["state"], "vague": None})


def test_les_limites_se_montrent() -> None:
    """Chaque chose qu'un schéma ne peut pas dire a son exemple : le schéma admet, le livre non."""
    depot = next(c for c in COMPLETES if c["commande"] == "DéposerCandidature")
    exemples: dict[str, Json] = {
        "nombre_entier_decimal": {"montant_demande_centimes": 1.0},
        "texte_invisible": {"porteur": "\u200b"},
        "acteur_invisible": {"acteur": {"id": "a\u2003b", "role": "systeme"}},
        "isole": {"porteur": "a\ud800"},
        "cle_siret": {"siret": SIRET_FAUX},
    }
    for limite, ecart in exemples.items():
        exemple = {**depot, **ecart}
        assert (limite, schema_admet(exemple), livre_admet(exemple)) == (limite, True, False)
        assert limite in limites(exemple)
    sans_format = Draft202012Validator(schema_commande("DéposerCandidature"))
    assert sans_format.is_valid({**depot, "date_effet": "2020-02-30"})
    assert not schema_admet({**depot, "date_effet": "2020-02-30"})
    long = unicodedata.normalize("NFD", "é" * 500)
    assert livre_admet({**depot, "porteur": long})
    assert not schema_admet({**depot, "porteur": long})
    assert normaliser(long) == "é" * 500
    ligne = json.dumps(depot)[:-1].encode() + b',"ville":"Bourg"}'
    assert schema_admet(json.loads(ligne))
    assert isinstance(lire_ligne(ligne), CommandeIllisible)
