"""D'une ligne JSON à une commande : stricte, une phrase par défaut, jamais une devinette."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from commands import CommandeIllisible, ModifierEnveloppe, en_commande, lire_ligne
from tests.unit.monde import Monde

BONNE: dict[str, Any] = {
    "commande": "ModifierEnveloppe",
    "id_commande": "c1",
    "programme": "p",
    "acteur": {"id": "alice", "role": "comptable"},
    "date_effet": "2020-02-03",
    "variation_centimes": 1,
    "source": "LFR",
}
LIGNE = json.dumps(BONNE).encode()


def illisible(lu: object) -> tuple[str | None, str]:
    """The id kept and the sentence of the refusal."""
    assert isinstance(lu, CommandeIllisible)
    assert lu.refus.code == "commande_invalide"
    return lu.id_commande, lu.refus.message


@pytest.mark.parametrize("entete", [b"", b"\xef\xbb\xbf", b"  "])
def test_une_ligne_est_lue_avec_ou_sans_marque(entete: bytes) -> None:
    """Une ligne JSON est lue, avec ou sans marque d'ordre des octets."""
    attendu = ModifierEnveloppe.model_validate({k: v for k, v in BONNE.items() if k != "commande"})
    assert lire_ligne(entete + LIGNE) == attendu


@pytest.mark.parametrize(
    "verbe", ["RéviserRègles", "ReviserRegles", unicodedata.normalize("NFD", "RéviserRègles")]
)
def test_le_verbe_se_lit_avec_ou_sans_accents(verbe: str) -> None:
    """Le verbe se lit accentué, sans accents ou décomposé."""
    donnees = {k: v for k, v in BONNE.items() if k != "variation_centimes"}
    lu = en_commande({**donnees, "commande": verbe, "regles": {"quota_total": 1}})
    assert type(lu).__name__ == "RéviserRègles"


def test_un_membre_null_est_un_membre_absent() -> None:
    """Un membre facultatif à null est absent, un obligatoire manque."""
    assert en_commande({**BONNE, "commande": "ModifierEnveloppe"}) == lire_ligne(LIGNE)
    assert illisible(en_commande({**BONNE, "source": None})) == (
        "c1",
        "ModifierEnveloppe : source : membre absent.",
    )


@pytest.mark.parametrize(
    ("ligne", "phrase"),
    [
        (b"\xff{}", "La ligne n'est pas en UTF-8."),
        (LIGNE.replace(b": 1,", b": 1.0,"), "Le nombre 1.0 n'est pas un entier"),
        (LIGNE.replace(b": 1,", b": 1e5,"), "Le nombre 1e5 n'est pas un entier"),
        (LIGNE.replace(b": 1,", b": 4e400,"), "Le nombre 4e400 n'est pas un entier"),
        (LIGNE.replace(b": 1,", b": NaN,"), "Le nombre NaN n'est pas un entier"),
        (LIGNE.replace(b": 1,", b": -Infinity,"), "Le nombre -Infinity n'est pas un entier"),
        (LIGNE.replace(b": 1,", b": 1" + b"0" * 5000 + b","), "trop de chiffres"),
        (b'{"a": 1, "a": 2}', "Le membre 'a' figure deux fois."),
        (b"[" * 100_000, "imbriqué"),
        (b"{", "La ligne n'est pas du JSON"),
        (b"[]", "Une commande est un objet JSON."),
        (b'{"commande": "Danser"}', "Le verbe 'Danser' est inconnu."),
        (b'{"commande": 3}', "pas un texte"),
        (b" " * 1_000_001, "La commande dépasse 1000000 octets."),
    ],
)
def test_une_ligne_fautive_recoit_une_phrase(ligne: bytes, phrase: str) -> None:
    """Flottant, NaN, doublon, imbrication, octets étrangers : une phrase, jamais une erreur."""
    assert phrase in illisible(lire_ligne(ligne))[1]


@pytest.mark.parametrize(
    ("champ", "valeur", "raison"),
    [
        ("variation_centimes", "1", "entier attendu"),
        ("variation_centimes", 1.0, "entier attendu"),
        ("variation_centimes", True, "entier attendu"),
        ("variation_centimes", 10**14 + 1, "valeur hors limite (<= 100000000000000)"),
        ("date_effet", "03/02/2020", "ne s'écrit pas AAAA-MM-JJ"),
        ("date_effet", "2020-02-30", "n'existe pas au calendrier"),
        ("date_effet", 20200203, "AAAA-MM-JJ) attendue"),
        ("programme", "Fabriques", "identifiant [a-z0-9-]"),
        ("programme", "f" * 65, "identifiant [a-z0-9-]"),
        ("id_commande", "é", "ASCII imprimable"),
        ("id_commande", "x" * 65, "ASCII imprimable"),
        ("id_commande", "", "ASCII imprimable"),
        ("acteur", {"id": "a", "role": "chef"}, "un de instructeur, ordonnateur"),
        ("acteur", {"id": "a"}, "acteur attendu"),
        ("acteur", {"id": "", "role": "comptable"}, "vide"),
        ("source", "ligne\nautre", "U+000A"),
        ("source", "\u202egnp.exe", "U+202E"),
        ("source", "x" * 4001, "trop long : 4001 signes, 4000 au plus"),
        ("autre", 1, "membre inconnu"),
    ],
)
def test_un_champ_faux_est_nomme_avec_sa_raison(champ: str, valeur: Any, raison: str) -> None:
    """Chaque champ faux est nommé, avec ce qui est attendu."""
    _, phrase = illisible(en_commande({**BONNE, champ: valeur}))
    assert phrase.startswith(f"ModifierEnveloppe : {champ}")
    assert raison in phrase


def test_le_recu_d_une_ligne_fautive_garde_son_identifiant(monde: Monde) -> None:
    """Le reçu d'une commande mal formée garde l'identifiant, s'il est lisible."""
    assert illisible(lire_ligne(LIGNE.replace(b": 1,", b": 1.0,")))[0] == "c1"
    assert illisible(en_commande({**BONNE, "id_commande": "x" * 65}))[0] is None
    recu = monde.livre.executer({**BONNE, "source": 1})
    assert (recu.id_commande, recu.statut) == ("c1", "refusee")


def test_une_phrase_de_refus_n_a_ni_controle_ni_bidirectionnel() -> None:
    """Un nom de membre hostile n'entre pas tel quel dans la phrase d'un refus."""
    _, phrase = illisible(en_commande({**BONNE, "\x1b[31m\u202ex": 1}))
    assert [c for c in phrase if unicodedata.category(c) in ("Cc", "Cf")] == []


def test_un_verbe_nombre_immense_est_refuse_sans_erreur() -> None:
    """Un nombre immense à la place du verbe est refusé, sans erreur."""
    assert illisible(en_commande({**BONNE, "commande": 10**5000}))[0] == "c1"


def test_deux_graphies_d_un_texte_sont_la_meme_commande(monde: Monde) -> None:
    """Un texte décomposé est normalisé en NFC : c'est la même commande."""
    commande = monde.commande("ModifierEnveloppe", "2020-02-03", source="Décret")
    monde.livre.executer(commande)
    decompose = commande | {"source": unicodedata.normalize("NFD", "Décret")}
    assert monde.livre.executer(decompose).statut == "deja_executee"
