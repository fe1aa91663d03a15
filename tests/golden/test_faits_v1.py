"""Les faits v1, figés : ils se lisent pour toujours, et se réécrivent octet pour octet.

Le journal figé ne change jamais ; un fait de forme nouvelle a un type nouveau, et une ligne dans la
suite, qui ne fait que s'allonger.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger import TYPES, Journal, MemoryStore, evolve
from ledger.preuve.canonique import OctetsIllisibles, decoder, encoder, json_canonique
from ledger.preuve.ligne import Lineur
from ledger.preuve.merkle import racine_base64
from ledger.programme import Programme
from ledger.soldes import Labels
from ledger.stockage.port import Ecriture, LigneBrute
from ledger.testing import vecteurs
from projections import enveloppe, regarder
from projections.enveloppe import Enveloppe

LIGNES = vecteurs.lignes_v1()
SUITE = vecteurs.lignes_v1_suite()
"""Types born after the frozen journal, one line each; they chain to nothing here."""
CORRELEES = vecteurs.lignes_v1_correlation()
"""One line of each type with the optional member `correlation`; they chain to nothing here."""
SITUEES = vecteurs.lignes_v1_provenance()
"""One line of each type with the optional member `provenance`; they chain to nothing here."""
RACINE = "y5N1Aed+8AdGBsZJQy55PIeikrgW+GkxR8k+WUFfLPA="
TYPES_V1 = {
    "programme-ouvert": "ProgrammeOuvert",
    "regles-revisees": "RèglesRévisées",
    "enveloppe-modifiee": "EnveloppeModifiée",
    "credits-ouverts": "CréditsOuverts",
    "credits-geles": "CréditsGelés",
    "credits-degeles": "CréditsDégelés",
    "candidature-deposee": "CandidatureDéposée",
    "structure-corrigee": "StructureCorrigée",
    "candidature-instruite": "CandidatureInstruite",
    "avis-rendu": "AvisRendu",
    "candidature-rejetee": "CandidatureRejetée",
    "candidature-retiree": "CandidatureRetirée",
    "fabrique-labellisee": "FabriqueLabellisée",
    "convention-signee": "ConventionSignée",
    "avenant-signe": "AvenantSigné",
    "bonus-numerique-accorde": "BonusNumériqueAccordé",
    "bilan-recu": "BilanReçu",
    "tranche-ordonnancee": "TrancheOrdonnancée",
    "tranche-versee": "TrancheVersée",
    "bonus-numerique-verse": "BonusNumériqueVersé",
    "versement-annule": "VersementAnnulé",
    "label-retire": "LabelRetiré",
    "reversement-demande": "ReversementDemandé",
    "reversement-encaisse": "ReversementEncaissé",
    "exercice-cloture": "ExerciceClôturé",
    "programme-clos": "ProgrammeClos",
    "journal-repris": "JournalRepris",
    "versement-rapproche": "VersementRapproché",
}
"""This table only grows: a type is never renamed, reused nor removed."""


def brute(ligne: bytes) -> LigneBrute:
    """The stored row of a frozen line: its state is the bytes between its two neighbours."""
    lue = json.loads(ligne)
    debut = ligne.index(b'"state":') + len(b'"state":')
    fin = ligne.rindex(b',"type":')
    return LigneBrute(lue["pos"], lue["type"], ligne[debut:fin])


@pytest.fixture
def journal() -> Journal:
    """The frozen lines, in a store."""
    store = MemoryStore()
    store.ajouter([Ecriture("fabriques", [brute(ligne) for ligne in LIGNES], [])])
    return Journal(store, "fabriques")


def nom(ligne: bytes) -> str:
    """How pytest names a line: position and type."""
    lue = json.loads(ligne)
    return f"{lue['pos']:02d}-{lue['type']}"


@pytest.mark.parametrize("ligne", LIGNES + SUITE + CORRELEES + SITUEES, ids=nom)
def test_un_fait_fige_se_lit_et_se_reecrit_aux_memes_octets(ligne: bytes) -> None:
    """Chaque fait figé se lit dans sa classe et se réécrit aux mêmes octets."""
    position, topic, octets = brute(ligne)
    fait = decoder(topic, octets)
    assert (type(fait).__name__, encoder(fait)) == (TYPES_V1[topic], octets)
    assert Lineur("fabriques").ligne(position, topic, octets) == ligne


@pytest.mark.parametrize(
    "correlation", ["", "x" * 129, "é", "a\n", "\t", "a\x7f", 7, None, ["a"]], ids=repr
)
def test_une_correlation_mal_formee_ne_se_lit_pas(correlation: Any) -> None:
    """Une corrélation stockée qui n'est pas 1 à 128 signes ASCII imprimables est refusée."""
    _, topic, octets = brute(CORRELEES[0])
    etat = json.loads(octets) | {"correlation": correlation}
    if correlation is None:  # as any optional member: read as absent, and not canonical
        assert encoder(decoder(topic, json_canonique(etat))) != json_canonique(etat)
        return
    with pytest.raises(OctetsIllisibles, match="correlation"):
        decoder(topic, json_canonique(etat))


MAUVAISES = [
    "a" * 64,
    7,
    [],
    {},
    {"fichier": "a" * 64},
    {"ligne": 1},
    *({"fichier": f, "ligne": 1} for f in ("a" * 63, "a" * 65, "A" * 64, f"{'a' * 63}\n", None)),
    *({"fichier": "a" * 64, "ligne": n} for n in (0, -1, "1", 2**53, True, None)),
    *({"fichier": "a" * 64, "ligne": 1, "feuille": f} for f in ("", "x" * 201, 3)),
    {"fichier": "a" * 64, "ligne": 1, "nom": "candidatures.xlsx"},
]


@pytest.mark.parametrize("provenance", MAUVAISES, ids=lambda p: json.dumps(p)[:90])
def test_une_provenance_mal_formee_ne_se_lit_pas(provenance: Any) -> None:
    """Une provenance stockée doit être un SHA-256 et une ligne, plus une feuille : rien d'autre."""
    _, topic, octets = brute(SITUEES[0])
    with pytest.raises(OctetsIllisibles, match="provenance"):
        decoder(topic, json_canonique(json.loads(octets) | {"provenance": provenance}))


def test_un_membre_inconnu_reste_refuse() -> None:
    """Un membre que le format ne connaît pas rend la ligne illisible, facultatifs ou non."""
    for ligne in (CORRELEES[0], SITUEES[0]):
        _, topic, octets = brute(ligne)
        for membre in ("causation", "correlations", "Correlation", "provenances", "contexte"):
            with pytest.raises(OctetsIllisibles, match=membre):
                decoder(topic, json_canonique(json.loads(octets) | {membre: "a"}))


def test_les_lignes_sans_membre_facultatif_restent_celles_d_avant() -> None:
    """Chaque type a sa ligne par membre facultatif, qui ne diffère que par lui d'une figée."""
    avant = {(json.loads(x)["type"], json.loads(x)["pos"]): json.loads(x) for x in LIGNES + SUITE}
    for membre, figees in (("correlation", CORRELEES), ("provenance", SITUEES)):
        for ligne in figees:
            lue = json.loads(ligne)
            del lue["state"][membre]
            assert lue == avant[lue["type"], lue["pos"]]
        assert {json.loads(ligne)["type"] for ligne in figees} == set(TYPES_V1)


def test_la_table_des_types_ne_fait_que_grandir() -> None:
    """Chaque type v1 désigne toujours la même classe."""
    connus = {topic: classe.__name__ for topic, classe in TYPES.items()}
    assert {topic: connus.get(topic) for topic in TYPES_V1} == TYPES_V1


def test_tout_type_du_registre_est_fige_par_une_ligne() -> None:
    """Tout type du registre a au moins une ligne figée : un type nouveau en ajoute une."""
    assert {json.loads(ligne)["type"] for ligne in (*LIGNES, *SUITE)} == set(TYPES)


def test_les_membres_facultatifs_figurent_dans_les_lignes_figees() -> None:
    """Chaque membre de chaque classe v1 figure dans au moins une ligne figée."""
    vus: dict[str, set[str]] = {}
    for ligne in LIGNES + SUITE + CORRELEES + SITUEES:
        lue: dict[str, Any] = json.loads(ligne)
        vus.setdefault(lue["type"], set()).update(lue["state"])
    assert vus == {topic: set(TYPES[topic].__struct_fields__) for topic in TYPES_V1}


def test_la_racine_des_faits_figes_est_figee(journal: Journal) -> None:
    """Le journal figé, chaîné, a toujours la même racine."""
    for _ in journal.rattraper():
        pass
    assert (journal.taille, racine_base64(journal.arbre.racine())) == (34, RACINE)


def test_les_faits_figes_redonnent_les_memes_chiffres(journal: Journal) -> None:
    """Les faits figés redonnent le même état et la même enveloppe."""
    etat = Programme(slug="fabriques")
    for _, fait in Journal(journal.store, "fabriques").rattraper():
        etat = evolve(etat, fait)
    assert {s: d.etat for s, d in etat.dossiers.items()} == {
        "s1": "label_retire",
        "s2": "rejetee",
        "s3": "retiree",
    }
    assert (etat.position, etat.clos, etat.premier_exercice_ouvert) == (34, True, 2021)
    assert enveloppe(regarder(journal)) == Enveloppe(
        programme="fabriques",
        position=34,
        au=None,
        enveloppe_centimes=4_499_999_000,
        engage_centimes=22_000_000,
        engage_subventions_centimes=12_000_000,
        engage_bonus_centimes=10_000_000,
        retraits_meme_exercice_centimes=3_000_000,
        retraits_anterieurs_centimes=12_000_000,
        retraits_meme_exercice_bonus_centimes=0,
        retraits_anterieurs_bonus_centimes=6_000_000,
        disponible_centimes=4_480_999_000,
        paye_centimes=7_000_000,
        reste_a_payer_centimes=0,
        reversements_centimes=250_000,
        taux_consommation_dix_milliemes=42,
        labels=Labels(),
        quotas=Labels(total=300, qpv=150, hors_qpv=150, numeriques=32),
    )
