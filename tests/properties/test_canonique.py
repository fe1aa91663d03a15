"""Les octets canoniques : ceux du RFC 8785, relus à l'identique, et strictement."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from commands.testing.histoires import Histoire, histoires
from ledger import TYPES, Fait
from ledger.preuve.canonique import OctetsIllisibles, decoder, encoder, json_canonique
from ledger.registre import TOPICS
from ledger.testing.faits import TEXTES, brut, faits, json_du_sous_ensemble
from ledger.testing.valeurs import Json
from tests.properties.outils import reglages


@reglages(300)
@given(donnees=json_du_sous_ensemble())
def test_le_json_du_sous_ensemble_est_celui_du_rfc_8785(donnees: Any) -> None:
    """Sur le sous-ensemble du grand livre, les octets sont ceux d'un encodeur RFC 8785."""
    assert rfc8785.dumps(donnees) == json_canonique(donnees)


@reglages(300)
@given(fait=faits())
def test_un_fait_quelconque_s_encode_en_rfc_8785_et_se_relit(fait: Fait) -> None:
    """Tout fait s'encode comme le RFC 8785 le veut, et se relit tel quel."""
    octets = encoder(fait)
    assert rfc8785.dumps(brut(fait)) == octets
    assert fait == decoder(TOPICS[type(fait)], octets)


@reglages(30)
@given(histoire=histoires())
def test_les_faits_d_une_histoire_se_relisent_et_omettent_l_absent(histoire: Histoire) -> None:
    """Les octets gardés se relisent, et aucun membre absent n'y est écrit (sauf le lien)."""
    for ligne, fait in zip(histoire.store.lire("fabriques"), histoire.faits, strict=True):
        assert encoder(fait) == ligne.octets
        assert rfc8785.dumps(json.loads(ligne.octets)) == ligne.octets
        nuls = {nom for nom, valeur in json.loads(ligne.octets).items() if valeur is None}
        assert nuls == ({"precedent"} if ligne.position == 1 else set())


def _refuse(topic: str, octets: bytes) -> None:
    with pytest.raises(OctetsIllisibles):
        decoder(topic, octets)


@reglages(200)
@given(fait=faits(), data=st.data())
def test_une_valeur_d_un_autre_type_est_refusee(fait: Fait, data: st.DataObject) -> None:
    """Un flottant, un nombre démesuré, un texte ou un objet à la place d'un autre : refusés."""
    donnees = brut(fait)
    nom = data.draw(st.sampled_from(sorted(donnees)))
    faux: list[bytes] = [b"1.5", b"1e3", b"4e400", b"-0.0", b"[[]]", b'{"x":{}}', b"NaN"]
    if isinstance(donnees[nom], int) and not isinstance(donnees[nom], bool):
        faux += [b'"1"', b"true", b"null"]
    valeur = data.draw(st.sampled_from(faux))
    texte = json.dumps({**donnees, nom: "@ICI@"}).encode().replace(b'"@ICI@"', valeur)
    _refuse(TOPICS[type(fait)], texte)


@reglages(100)
@given(fait=faits(), nom=TEXTES)
def test_un_membre_inconnu_ou_manquant_est_refuse(fait: Fait, nom: str) -> None:
    """Un membre inconnu, à la racine ou dans l'acteur, est refusé ; un membre manquant aussi."""
    topic, donnees = TOPICS[type(fait)], brut(fait)
    champs = type(fait).__struct_fields__
    inconnu = nom if nom not in champs else f"{nom}_"
    _refuse(topic, json.dumps({**donnees, inconnu: 1}).encode())
    dans_l_acteur: Json = {**donnees, "acteur": {**donnees["acteur"], "âge": 1}}
    _refuse(topic, json.dumps(dans_l_acteur).encode())
    for requis in ("date_effet", "acteur", "precedent", "empreinte_commande"):
        _refuse(topic, json.dumps({k: v for k, v in donnees.items() if k != requis}).encode())


@reglages(100)
@given(fait=faits(), topic=TEXTES)
def test_un_type_de_fait_inconnu_est_refuse(fait: Fait, topic: str) -> None:
    """Un nom hors du registre est refusé : rien n'est jamais importé sur la foi d'une donnée."""
    for nom in (topic, "ledger.evenements:LabelRetiré", "builtins:eval", topic.upper()):
        if nom not in TYPES:
            _refuse(nom, encoder(fait))


@reglages(100)
@given(fait=faits(), bruit=st.binary(max_size=40), coupe=st.integers(1, 20))
def test_des_octets_quelconques_sont_refuses_sans_autre_erreur(
    fait: Fait, bruit: bytes, coupe: int
) -> None:
    """Des octets tronqués, suivis d'autres ou quelconques sont refusés, jamais une autre erreur."""
    topic, octets = TOPICS[type(fait)], encoder(fait)
    _refuse(topic, octets[:-coupe])
    _refuse(topic, octets + b"{}")
    _refuse(topic, octets + octets)
    _refuse(topic, bruit)
    _refuse(topic, b"[" * 100_000)


@pytest.mark.parametrize("profondeur", [1, 50])
@reglages(30)
@given(fait=faits())
def test_des_regles_illisibles_sont_refusees(profondeur: int, fait: Fait) -> None:
    """Des règles d'un autre type, inconnues ou en flottants ne se relisent pas."""
    donnees = brut(fait)
    if "regles" not in donnees:
        return
    regles: Json = donnees["regles"]
    for fautives in (
        {**regles, "plafond_centimes": 1.0},
        {**regles, "plafond_centimes": "1"},
        {**regles, "inconnue": profondeur},
        {**regles, "quotas": [profondeur]},
        {**regles, "echeance_defaut": "02-30"},
    ):
        _refuse(TOPICS[type(fait)], json.dumps({**donnees, "regles": fautives}).encode())
