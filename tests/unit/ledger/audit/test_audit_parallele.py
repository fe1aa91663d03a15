"""`verifier` by pages, by parts, on several cores: the findings of the line-by-line walk."""

from __future__ import annotations

import importlib
import json
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from commands import GrandLivre
from ledger import Journal, MemoryStore, SQLiteStore, Store, StoreError, equipe
from ledger.audit import Constat, Rapport, index, parallele, verifier
from ledger.audit.invariants import cumul
from ledger.audit.lignes import texte_admis
from ledger.audit.rejeu import Rejeu
from ledger.champs import est_admis
from ledger.evenements import FabriqueLabellisée
from ledger.preuve.canonique import OctetsIllisibles, decoder
from ledger.programme import Programme, evolve
from ledger.stockage.port import EntreeIndex, LigneBrute, Partage
from tests.bench.charge import PROGRAMME, commandes
from tests.bench.commun import exiger, modele
from tests.unit.ledger.audit.test_verifier import histoire, magasin, reecrire
from tests.unit.monde import Monde, P

LIGNES = 1_300
MODULE_VERIFIER = importlib.import_module("ledger.audit.verifier")  # the function hides its module
MODULE_CONTROLE = importlib.import_module("ledger.audit.controle")


@pytest.fixture(scope="module")
def origine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base of `LIGNES` lines, never changed."""
    fichier = tmp_path_factory.mktemp("audit") / "origine.db"
    with GrandLivre.ouvrir(fichier, creer=True) as livre:
        exiger(livre.executer_flux(map(modele, commandes(LIGNES))))
    return fichier


@pytest.fixture
def base(origine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, verified by short ranges."""
    monkeypatch.setattr(parallele, "PLAGE", 500)
    copie = tmp_path / "copie.db"
    with closing(sqlite3.connect(origine)) as source, closing(sqlite3.connect(copie)) as vers:
        source.backup(vers)
    return copie


def en_sql(fichier: Path, *instructions: str) -> None:
    """Change the file behind the ledger's back."""
    with closing(sqlite3.connect(fichier)) as c:
        for instruction in instructions:
            c.execute(instruction)
        c.commit()


def rapport(fichier: Path, coeurs: int) -> Rapport:
    """The report of a read-only verification."""
    store = SQLiteStore(fichier, ecriture=False)
    try:
        return verifier(store, PROGRAMME, coeurs=coeurs)
    finally:
        store.fermer()


def corrompre(store: MemoryStore, tirage: random.Random) -> None:
    """A few random changes of lines and of the index, most of them with all hashes recomputed."""
    for _ in range(tirage.choice((1, 1, 2, 4))):
        lignes, ids = store._lignes[P], store._index[P]
        rang = tirage.randrange(len(lignes))
        ligne = lignes[rang]
        match tirage.choice("eeeeoitdjk"):
            case "e":
                reecrire(store, ligne.position, lambda etat: _alterer(etat, tirage))
            case "o":
                octets = bytearray(ligne.octets)
                octets[tirage.randrange(len(octets))] ^= tirage.randint(1, 255)
                lignes[rang] = ligne._replace(octets=bytes(octets))
            case "i":
                ids.pop(tirage.choice(list(ids)), None)
            case "t":
                lignes[rang] = ligne._replace(topic=lignes[rang - 1].topic)
            case "d":
                reecrire(store, ligne.position, lambda e: e.update(id_commande="c5"))
            case "j":
                nom = tirage.choice(list(ids))
                ids[nom] = ids[nom]._replace(position=tirage.randint(1, 16))
            case _:
                ids["intrus"] = EntreeIndex("intrus", tirage.randint(1, 15), "0" * 64)
        if any(not _lisible(ligne) for ligne in store._lignes[P]) or not ids:
            return


def _alterer(etat: dict[str, Any], tirage: random.Random) -> None:
    nom = tirage.choice(sorted(etat))
    valeur = etat[nom]
    if type(valeur) is int:
        etat[nom] = tirage.choice((valeur + 1, valeur - 1, valeur * 2, 2019, 2020, 2021, 3))
    elif type(valeur) is str:
        etat[nom] = tirage.choice((valeur + "é", "s2", "c8", "2020-12-31", "a\u0301", "x\x7f"))
    elif type(valeur) is list:
        etat[nom] = valeur[:-1]


def _lisible(ligne: Any) -> bool:
    try:
        decoder(ligne.topic, ligne.octets)
    except OctetsIllisibles:
        return False
    return True


@pytest.mark.parametrize("graine", range(60))
def test_une_page_entiere_ne_tait_rien_de_ce_que_dit_chaque_ligne(
    graine: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quoi qu'on ait changé, lire par pages et ligne à ligne font le même rapport."""
    tirage = random.Random(graine)
    store = magasin(histoire())
    corrompre(store, tirage)
    par_pages = verifier(store, P)
    monkeypatch.setattr(MODULE_VERIFIER, "lire_nette", lambda *_: None)
    monkeypatch.setattr(MODULE_CONTROLE, "paiement_ordinaire", lambda *_: False)
    assert verifier(store, P) == par_pages


def _surpayee() -> Monde:
    """Orders, partial payments, two cohorts: what payments may rest on."""
    monde = Monde(ordonnancement_requis=True)
    bob = {"id": "bob", "role": "ordonnateur"}
    monde.label()
    monde.label("s2", montant_centimes=14_000_000)
    for structure in ("s1", "s2"):
        ordre = {"structure": structure, "montant_centimes": 4_000_000, "acteur": bob}
        monde.ok("OrdonnancerTranche", "2020-02-20", **ordre)
        monde.payer(1, "2020-03-01", 3_000_000, structure=structure)
        monde.payer(1, "2020-03-02", 1_000_000, structure=structure)
    return monde


def _alterations(etat: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A payment changed in one thing, its allocation along with its amount."""
    for montant in (1, 2_000_000, 6_000_000, 12_000_000, 20_000_000):
        part = {**etat["imputations"][0], "montant_centimes": montant}
        yield {"montant_centimes": montant, "imputations": [part]}
    for rang in (1, 2, 3, 4):
        yield {"rang": rang}
    for nom in ("exercice", "exercice_prevu"):
        for annee in (2019, 2020, 2021, 2022):
            yield {nom: annee}
    for jour in ("2020-01-11", "2020-02-10", "2020-12-31", "2021-03-01", "2022-03-01"):
        yield {"date_effet": jour}
    yield from ({"structure": "s2"}, {"structure": "s1"}, {"structure": "s9"})
    yield from ({"ordres": []}, {"imputations": []}, {"regles_version": 2})
    yield {"acteur": {"id": "bob", "role": "comptable"}}
    yield {"ordres": [{"position": 6, "montant_centimes": etat["montant_centimes"]}]}


def _mettre(alteration: dict[str, Any], etat: dict[str, Any]) -> None:
    etat.update(alteration)


@pytest.mark.parametrize("faire", [histoire, _surpayee])
def test_un_paiement_vu_d_un_coup_se_juge_comme_controle_par_controle(
    faire: Callable[[], Monde], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chaque altération d'un paiement donne le même rapport par la voie courte et la longue."""
    honnete = magasin(faire())
    paiements = [ligne for ligne in honnete._lignes[P] if ligne.topic == "tranche-versee"]
    rapports: list[tuple[MemoryStore, Rapport]] = []
    for ligne in paiements:
        for alteration in _alterations(json.loads(ligne.octets)):
            store = MemoryStore()
            store._lignes = {P: list(honnete._lignes[P])}
            store._index = honnete._index
            reecrire(store, ligne.position, partial(_mettre, alteration))
            rapports.append((store, verifier(store, P)))
    monkeypatch.setattr(MODULE_CONTROLE, "paiement_ordinaire", lambda *_: False)
    assert [verifier(store, P) for store, _ in rapports] == [r for _, r in rapports]
    assert not all(r.conforme for _, r in rapports)


def test_les_sommes_suivies_au_fil_voient_ce_que_voit_un_recalcul() -> None:
    """Le payé cumulé au-delà de l'engagé se voit à chaque paiement, sans tout refaire."""
    store, rejeu, vus = _surpayee().livre.store, Rejeu(P), 0
    for _, lu in Journal(store, P).rattraper():
        fait = replace(lu, montant_centimes=1) if type(lu) is FabriqueLabellisée else lu
        rejeu.avancer(fait)
        au_fil, marge = cumul(rejeu), rejeu.marge
        rejeu.marge = None
        assert cumul(rejeu) == au_fil
        rejeu.marge = marge
        vus += bool(au_fil)
    assert vus > 0


def test_une_somme_fausse_se_dit_a_chaque_fait_de_la_structure() -> None:
    """Un engagement dépassé est redit tant qu'il dure, même par un fait qui ne paie rien."""
    monde = Monde()
    monde.label()
    monde.payer(1, "2020-03-01")
    monde.ok("RecevoirBilan", "2020-12-01")
    store = magasin(monde)
    part = {"exercice": 2020, "montant_centimes": 6_000_000}
    reecrire(store, 4, lambda e: e.update(montant_centimes=6_000_000, imputations=[part]))
    constats = verifier(store, P).constats
    assert [c.position for c in constats if c.code == "invariant_paye"] == [4, 5]


def test_un_bonus_paye_au_dela_de_son_montant_se_dit() -> None:
    """Un paiement qui ne touche que le bonus fait recompter les sommes de la structure."""
    monde = Monde()
    monde.label()
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    monde.ok("VerserBonus", "2020-03-01")
    store = magasin(monde)
    reecrire(store, 5, lambda etat: etat.update(montant_centimes=10_000_001))
    details = [c.detail for c in verifier(store, P).constats if c.code == "invariant_paye"]
    assert details == ["s1, bonus : 100 000,01 € payés."]


def test_une_ligne_qui_change_apres_sa_lecture_n_est_plus_un_versement() -> None:
    """Le versement relu pour une annulation est celui dont la feuille est dans l'arbre."""

    class Changeante(MemoryStore):
        def lire(
            self, programme: str, *, apres: int = 0, jusqua: int | None = None
        ) -> Iterator[LigneBrute]:
            for ligne in super().lire(programme, apres=apres, jusqua=jusqua):
                autre = ligne.octets.replace(b'"reference":"V-1"', b'"reference":"V-2"')
                yield ligne if jusqua is None else ligne._replace(octets=autre)

    honnete = magasin(histoire())
    store = Changeante()
    store._lignes, store._index = honnete._lignes, honnete._index
    details = [c.detail for c in verifier(store, P).constats]
    assert details == ["Pas de versement à annuler en 5."]


def _constats_d_index(store: MemoryStore) -> list[Constat]:
    """The same findings by the obvious means: every id in one dictionary."""
    attendues: dict[str, EntreeIndex] = {}
    constats: list[Constat] = []
    for ligne in store.lire(P):
        if not _lisible(ligne):
            continue
        fait = decoder(ligne.topic, ligne.octets)
        nom, position = fait.id_commande, ligne.position
        if nom in attendues:
            detail = f"{nom!r} figure aussi en {attendues[nom].position}."
            constats.append(Constat("id_double", position, detail))
        attendues[nom] = EntreeIndex(nom, position, fait.empreinte_commande)
    entrees = {entree.id_commande: entree for _, entree in store.index()}
    if not entrees:
        detail = "L'index des commandes est vide ou absent."
        return [*constats, Constat("index_divergent", None, detail)]
    for nom in sorted(entrees.keys() - attendues.keys()):
        detail = f"{nom!r} est à l'index (position {entrees[nom].position}) et sur aucun fait."
        constats.append(Constat("index_divergent", None, detail))
    for nom, attendue in attendues.items():
        if nom not in entrees:
            detail = f"{nom!r} manque à l'index."
            constats.append(Constat("index_divergent", attendue.position, detail))
        elif entrees[nom] != attendue:
            detail = f"{nom!r} : l'index ne dit pas ce que dit le fait."
            constats.append(Constat("index_divergent", attendue.position, detail))
    return sorted(constats, key=lambda c: (c.position is None, c.position or 0, c.code))


@pytest.mark.parametrize("graine", range(60))
def test_l_index_verifie_par_parts_dit_ce_que_dirait_un_dictionnaire(
    graine: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Doubles, manques, écarts et intrus sont ceux qu'on trouve avec tous les identifiants."""
    monkeypatch.setattr(index, "PART", 4)
    store = magasin(histoire())
    corrompre(store, random.Random(1_000 + graine))
    if graine == 0:
        store._index[P].clear()
    trouves = [c for c in verifier(store, P).constats if c.code in ("id_double", "index_divergent")]
    assert trouves == _constats_d_index(store)


def test_ce_qui_s_inscrit_pendant_la_verification_n_est_pas_un_ecart() -> None:
    """Un fait inscrit une fois les lignes lues est à l'index, et ce n'est pas une divergence."""

    class Occupe(MemoryStore):
        suite: Monde | None = None

        def pages(
            self, programme: str, *, apres: int = 0, jusqua: int | None = None
        ) -> Iterator[list[tuple[int, str, bytes]]]:
            yield from super().pages(programme, apres=apres, jusqua=jusqua)
            if self.suite is not None:
                monde, self.suite = self.suite, None
                monde.ok("DéposerCandidature", "2020-01-10", structure="s3")

    store = Occupe()
    monde = Monde(store=store)
    monde.label()
    store.suite = monde
    assert verifier(store, P).en_json()["constats"] == []
    assert store.taille(P) == 4


@pytest.mark.parametrize(
    ("position", "constat"),
    [
        (5, None),
        (12, "Pas de versement à annuler en 12."),
        (11, "Pas de versement à annuler en 11."),
        (3, "Pas de versement à annuler en 3."),
    ],
)
def test_un_versement_annule_est_relu_a_sa_ligne(position: int, constat: str | None) -> None:
    """Ce qui s'annule est un versement antérieur, et rien d'autre qu'un versement."""
    store = magasin(histoire())
    reecrire(store, 11, lambda etat: etat.update(position=position))
    details = [c.detail for c in verifier(store, P).constats]
    assert [d for d in details if d.startswith("Pas de versement")] == (
        [] if constat is None else [constat]
    )


def test_un_versement_ne_s_annule_pas_deux_fois() -> None:
    """Un versement déjà annulé n'est plus à annuler."""
    store = magasin(histoire())
    annulation = store._lignes[P][10]
    store._lignes[P].append(annulation._replace(position=16))
    reecrire(store, 16, lambda etat: etat.update(id_commande="c99"))
    details = {(c.position, c.detail) for c in verifier(store, P).constats}
    assert (16, "Pas de versement à annuler en 5.") in details


def test_le_rejeu_de_l_audit_est_celui_du_programme(origine: Path) -> None:
    """Fait après fait, l'état modifié sur place dit ce que dit l'état qui ne change jamais."""
    for store, programme in _journaux(origine):
        etat, rejeu = Programme(slug=programme), Rejeu(programme)
        for _, fait in Journal(store, programme).rattraper():
            etat = evolve(etat, fait)
            rejeu.avancer(fait)
            assert (rejeu.position, rejeu.regles, rejeu.clos, rejeu.dernier_clos) == (
                etat.position,
                etat.regles,
                etat.clos,
                etat.soldes.dernier_clos,
            )
            assert rejeu.soldes.valeurs == etat.soldes.valeurs
            for annee in etat.soldes.annees():
                restes = [etat.soldes.ae_disponibles(annee), etat.soldes.cp_disponibles(annee)]
                assert rejeu.restes[annee] == restes
        assert rejeu.dossiers == dict(etat.dossiers)
        store.fermer()


def _journaux(fichier: Path) -> Iterator[tuple[Store, str]]:
    yield histoire().livre.store, P
    yield SQLiteStore(fichier, ecriture=False), PROGRAMME


@pytest.mark.parametrize(
    "instructions",
    [
        (),
        ("UPDATE stored_events SET state=replace(state, '5', '6') WHERE originator_version=700",),
        (
            "UPDATE stored_events SET topic='os:system' WHERE originator_version IN (499, 498)",
            "UPDATE fabriques_commandes SET empreinte=hex(randomblob(32)) WHERE position=1001",
        ),
        ("UPDATE fabriques_commandes SET empreinte=hex(zeroblob(32)) WHERE position=1001",),
        (
            "UPDATE stored_events SET state=cast(replace(state, "
            """'"regles_version":1', '"regles_version":2') AS BLOB) """
            "WHERE originator_version IN (400, 500)",
        ),
        ("DELETE FROM stored_events WHERE originator_version=640",),
        (
            "DELETE FROM stored_events WHERE originator_version=640",
            "DELETE FROM fabriques_commandes WHERE position=640",
            "UPDATE stored_events SET originator_version=1300 WHERE originator_version=1299",
        ),
    ],
    ids=[str(rang) for rang in range(7)],
)
def test_le_rapport_ne_depend_pas_du_nombre_de_coeurs(
    base: Path, instructions: tuple[str, ...]
) -> None:
    """Un, deux ou trois cœurs : la même racine et les mêmes constats, dans le même ordre."""
    if instructions and "1299" in instructions[-1]:
        en_sql(base, "DELETE FROM stored_events WHERE originator_version=1300")
    en_sql(base, *instructions)
    seul = rapport(base, 1)
    assert seul.conforme == (not instructions)
    assert (rapport(base, 2), rapport(base, 3)) == (seul, seul)


def test_une_ligne_otee_ne_fait_pas_accuser_l_index_d_une_autre(base: Path) -> None:
    """Une ligne ôtée laisse un seul identifiant sans fait ; celui de la dernière ligne est bon."""
    en_sql(base, "DELETE FROM stored_events WHERE originator_version=640")
    trouves = [c for c in rapport(base, 1).constats if c.code == "index_divergent"]
    detail = "'cmd-00000640' est à l'index (position 640) et sur aucun fait."
    assert trouves == [Constat("index_divergent", None, detail)]


ABSENTE = partial(SQLiteStore, "absente.db", ecriture=False)
MUETTE: Any = signal.pause
"""Opens nothing, and says nothing. Of no module of ours: a process would read it whole."""


@pytest.mark.parametrize("ouvrir", [ABSENTE, MUETTE], ids=["absente", "muette"])
def test_un_ouvrier_qui_n_ouvre_pas_la_base_rend_sa_part(
    ouvrir: Callable[[], Store], base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusé par la base, ou laissé sans réponse : l'appelant lit tout, et dit ce qu'il dit
    seul."""
    monkeypatch.setattr(equipe, "_PATIENCE_SECONDES", 0.1 if ouvrir is MUETTE else 15.0)
    monkeypatch.setattr(SQLiteStore, "partager", lambda _store: Partage(ouvrir, controle_long=True))
    en_sql(base, "UPDATE fabriques_commandes SET empreinte=hex(zeroblob(32)) WHERE position=700")
    assert rapport(base, 2) == rapport(base, 1)


def test_un_ouvrier_perdu_rend_la_main_et_est_dit_une_fois(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Un processus arrêté, muet ou jamais parti ne laisse pas attendre : rien n'est rendu, et le
    journal technique dit une fois comment il a fini."""
    monkeypatch.setattr(equipe, "_PATIENCE_SECONDES", 0.1)
    with equipe.Equipe(MUETTE, print, [(), ()]) as deux:  # type: ignore[arg-type]
        assert [deux.recevoir(rang) for rang in (0, 1, 0, 2)] == [None] * 4
    dits = [
        (r.getMessage(), r.levelname, r.__dict__["rang"], r.__dict__["sortie"])
        for r in caplog.records
    ]
    assert dits == [
        ("ouvrier_perdu", "WARNING", rang, sortie)
        for rang, sortie in ((0, -15), (1, -15), (2, None))
    ]


def test_une_base_qui_ne_se_partage_pas_se_verifie_seule(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un magasin qui ne sait pas dire comment le rouvrir est lu par un seul processus."""

    def refuser(_store: SQLiteStore) -> Partage:
        raise StoreError("refusé")

    seul = rapport(base, 1)
    monkeypatch.setattr(SQLiteStore, "partager", refuser)
    assert rapport(base, 2) == seul


def test_une_base_en_memoire_se_verifie_sur_un_seul_coeur() -> None:
    """Ce qu'un autre processus ne peut pas ouvrir se vérifie ici, avec le même rapport."""
    store = histoire().livre.store
    assert parallele.partage(store, P) is None
    assert verifier(store, P, coeurs=8) == verifier(store, P)


@pytest.mark.parametrize("signe", ["é", "\u0301", "e\u0301", "\u202e", "\x7f", "\u2028", "\u0600"])
def test_un_texte_enregistre_se_juge_comme_a_la_saisie(signe: str) -> None:
    """Signe par signe, ce que l'audit admet est ce que la saisie admet."""
    for texte in (f'"ab{signe}c"', f'"é{signe}"', f'{signe}"x"'):
        assert texte_admis(texte.encode()) == est_admis(texte)
