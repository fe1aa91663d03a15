"""Les lignes du journal en CloudEvents 1.0 : les règles du standard, écrites ici une par une."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import TYPES, Journal
from ledger.cloudevents import en_cloudevent, schema_evenement, type_evenement
from ledger.erreurs import ChainBrokenError
from ledger.evenements import Fait
from ledger.flux import LigneSuivie, lire_curseur, suivre
from projections import regarder
from projections.exports import ecrire_cloudevents
from tests.properties.outils import reglages
from tests.unit.monde import Monde, P

# CloudEvents 1.0.2: required and optional context attributes, JSON format members
REQUIS = {"id", "source", "specversion", "type"}
OPTIONNELS = {"datacontenttype", "dataschema", "subject", "time"}
CORPS = {"data", "data_base64"}
NOM = re.compile(r"[a-z0-9]{1,20}")
URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+")
URI_REFERENCE = re.compile(r"[A-Za-z0-9._~/?#@!$&'()*+,;=%-][A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*")
MEDIA = re.compile(r"[a-z]+/[a-z0-9.+-]+")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
INTERDITS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def fautes(evenement: dict[str, Any]) -> list[str]:
    """What CloudEvents 1.0, structured JSON, refuses in an event."""
    attributs = {nom: v for nom, v in evenement.items() if nom not in CORPS}
    trouvees = [f"{nom} absent" for nom in sorted(REQUIS - attributs.keys())]
    trouvees += [f"{nom} : nom" for nom in attributs if NOM.fullmatch(nom) is None]
    for nom, valeur in attributs.items():
        if type(valeur) is str:
            if not valeur or INTERDITS.search(valeur):
                trouvees.append(f"{nom} : texte")
        elif type(valeur) is int:
            if not -(2**31) <= valeur < 2**31:
                trouvees.append(f"{nom} : entier")
        elif type(valeur) is not bool:
            trouvees.append(f"{nom} : type {type(valeur).__name__}")
    formes = {
        "specversion": re.compile(r"1\.0"),
        "source": URI_REFERENCE,
        "dataschema": URI,
        "datacontenttype": MEDIA,
        "time": RFC3339,
    }
    trouvees += [
        f"{nom} : forme"
        for nom, forme in formes.items()
        if nom in attributs and not forme.fullmatch(str(attributs[nom]))
    ]
    if evenement.keys() >= CORPS:
        trouvees.append("data et data_base64 à la fois")
    return trouvees


def evenements(histoire: Histoire) -> list[tuple[LigneSuivie, bytes, bytes]]:
    """The verified lines, with their journal line and their event."""
    suivi = suivre(histoire.store, PROGRAMME)
    return [
        (ligne, suivi.ligne(ligne), _evenement(ligne, suivi.origine(ligne.position), PROGRAMME))
        for lot in suivi.lots()
        for ligne in lot
    ]


def _evenement(ligne: LigneSuivie, origine: str, programme: str = P) -> bytes:
    return en_cloudevent(ligne, programme=programme, origine=origine)


@reglages(40)
@given(histoire=histoires(maximum=25))
def test_chaque_fait_est_un_cloudevent_valide(histoire: Histoire) -> None:
    """Chaque fait donne un évènement que CloudEvents 1.0 admet, canonique, identifié par sa
    feuille, et dont les données sont le fait enregistré."""
    vus = evenements(histoire)
    assert len(vus) == len(histoire.faits)
    for ligne, octets_ligne, octets in vus:
        lu, tenu = json.loads(octets), json.loads(octets_ligne)
        assert fautes(lu) == []
        assert rfc8785.dumps(lu) == octets
        assert lu["data"] == tenu["state"]
        assert lu["id"] == hashlib.sha256(b"\x00" + octets_ligne).hexdigest()
        assert (lu["position"], lu["programme"]) == (tenu["pos"], tenu["journal"])
        assert lu["type"] == f"fr.fabriques.{tenu['type']}.v1"
        assert lu["dataschema"] == f"urn:fabriques:evenements:{tenu['type']}:v1"
        assert lu.get("subject") == tenu["state"].get("structure")
        assert lu["time"] == tenu["state"]["enregistre_le"]
        assert datetime.fromisoformat(lu["time"]).utcoffset() is not None
        curseur = lire_curseur(f"{lu['programme']}:{lu['position']}:{lu['id']}")
        reprise = suivre(histoire.store, PROGRAMME, apres=curseur)
        assert [p for p, _ in reprise][:1] == [ligne.position + 1][: len(vus) - ligne.position]


@pytest.mark.parametrize(
    ("ecart", "faute"),
    [
        ({"id": ""}, "id : texte"),
        ({"specversion": "0.3"}, "specversion : forme"),
        ({"specversion": 1}, "specversion : forme"),
        ({"dateEffet": "2020-01-01"}, "dateEffet : nom"),
        ({"position": 2**31}, "position : entier"),
        ({"position": None}, "position : type NoneType"),
        ({"time": "2020-01-01"}, "time : forme"),
        ({"source": "deux mots"}, "source : forme"),
        ({"data_base64": ""}, "data et data_base64 à la fois"),
    ],
)
def test_les_regles_ecrites_ici_refusent_un_evenement_faux(
    ecart: dict[str, Any], faute: str
) -> None:
    """Les règles écrites dans ce fichier voient chaque sorte d'évènement faux."""
    (ligne,) = next(iter(suivre(Monde().livre.store, P).lots()))
    assert faute in fautes(json.loads(_evenement(ligne, "o")) | ecart)


def test_les_types_et_les_schemas_sont_des_noms_stables() -> None:
    """Chaque type de fait a un nom CloudEvents et un identifiant de schéma, sans doublon."""
    for forme, nommer in ((r"fr\.fabriques\.[a-z-]+\.v1", type_evenement), (URI, schema_evenement)):
        noms = [nommer(topic) for topic in TYPES]
        assert len(set(noms)) == len(TYPES) == 28
        assert [nom for nom in noms if re.fullmatch(forme, nom) is None] == []


def test_une_correlation_devient_un_attribut() -> None:
    """Un fait qui porte une corrélation la donne en attribut d'extension ; sinon, rien."""

    class FaitCorrele(Fait, frozen=True, kw_only=True):
        correlation: str | None = None

    lot = next(iter(suivre(Monde().livre.store, P).lots()))
    commun: dict[str, Any] = {nom: getattr(lot[0].fait, nom) for nom in Fait.__struct_fields__}
    for correlation in ("dossier-7", None):
        fait = FaitCorrele(**{**commun, "correlation": correlation})
        lu = json.loads(_evenement(lot[0]._replace(fait=fait), "o"))
        assert lu.get("correlationid") == correlation
        assert ("correlationid" in lu) is (correlation is not None)
        assert fautes(lu) == []


def test_une_reprise_change_la_source_de_ce_qui_suit() -> None:
    """La source est l'origine du journal à la ligne : une reprise fonde la sienne, sans toucher à
    celle des lignes d'avant."""
    monde = Monde()
    monde.label()
    avant = monde.livre.journal(P).origine()
    monde.ok("ReprendreJournal", "2020-02-04", taille_satisfaite=3, origine_precedente=avant)
    monde.label("s2")
    suivi = suivre(monde.livre.store, P)
    sources = [
        json.loads(_evenement(ligne, suivi.origine(ligne.position)))["source"]
        for lot in suivi.lots()
        for ligne in lot
    ]
    apres = monde.livre.journal(P).origine()
    assert avant != apres
    assert sources == [avant] * 3 + [apres] * 3


@reglages(20)
@given(histoire=histoires(maximum=20), donnees=st.data())
def test_l_export_donne_les_faits_de_la_vue(histoire: Histoire, donnees: st.DataObject) -> None:
    """L'export donne les évènements des faits que la vue compte, et aucun autre."""
    connu = donnees.draw(st.integers(0, len(histoire.faits)))
    au = donnees.draw(st.sampled_from([None, *(f.date_effet for f in histoire.faits)]))
    journal = Journal(histoire.store, PROGRAMME)
    texte = "".join(ecrire_cloudevents(journal, regarder(journal, au=au, connu_au=connu)))
    attendus = [
        octets.decode("utf-8")
        for ligne, _, octets in evenements(histoire)
        if ligne.position <= connu and (au is None or ligne.fait.date_effet <= au)
    ]
    assert texte.split("\n")[:-1] == attendus


def test_un_journal_change_depuis_la_vue_n_est_pas_exporte() -> None:
    """Un journal réécrit ou raccourci depuis la lecture de la vue n'est pas exporté."""
    lu, autre, court = Monde(), Monde(), Monde()
    lu.label()
    autre.label(territoire="hors_qpv")
    vue = regarder(Journal(lu.livre.store, P))
    for monde, position in ((autre, 2), (court, 2)):
        with pytest.raises(ChainBrokenError) as rompu:
            list(ecrire_cloudevents(Journal(monde.livre.store, P), vue))
        assert rompu.value.message == "Le journal fabriques a changé pendant l'export."
        assert rompu.value.position == position


def test_un_fait_d_un_autre_contenu_a_un_autre_identifiant() -> None:
    """Deux lignes de même position mais de contenu différent ont deux identifiants."""
    mondes = [Monde(), Monde()]
    for monde, territoire in zip(mondes, ("qpv", "hors_qpv"), strict=True):
        monde.ok("DéposerCandidature", "2020-01-10", territoire=territoire)
    ids = []
    for monde in mondes:
        suivi = suivre(monde.livre.store, P)
        (lot,) = suivi.lots()
        ids.append([json.loads(_evenement(li, suivi.origine(1)))["id"] for li in lot])
    assert ids[0][0] == ids[1][0]
    assert ids[0][1] != ids[1][1]


def test_un_type_de_fait_non_structure_n_a_pas_de_sujet() -> None:
    """Un fait du programme n'a pas de sujet, un fait de structure a la sienne."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    lot = next(iter(suivre(monde.livre.store, P).lots()))
    sujets = [json.loads(_evenement(ligne, "o")).get("subject", "aucun") for ligne in lot]
    assert sujets == ["aucun", "s1"]
