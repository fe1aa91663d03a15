"""Exporter le journal ou ses commandes : les mêmes octets, ou la même base refaite à neuf."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from commands import GrandLivre
from commands.marques import lire_ligne_marquee
from commands.restitution import restituer
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire
from ledger import Fait, Journal, MemoryStore, SQLiteStore
from ledger.erreurs import ChainBrokenError, UnrecordableFactError
from ledger.provenance import Provenance
from projections import credits, enveloppe, regarder, structures
from projections.echeancier import de_fiche
from projections.exports import ecrire_jsonl
from projections.situation import Vue
from tests.cli.outils import en_lignes, lancer
from tests.properties.outils import reglages
from tests.publication.exemple import creer, journal, ouverture, recit_complet
from tests.publication.tirages import DATES, histoires_publiables, regarder_une_fois


def nu(fait: Fait) -> Fait:
    """The fact without what the journal seals."""
    return replace(fait, enregistre_le="", precedent=None)


def chiffres(vue: Vue) -> list[Any]:
    """Every figure of the contract, as of the view."""
    fiches = vue.situation.fiches
    echeanciers = [de_fiche(fiches[s], vue.date_de_vue) for s in sorted(fiches)]
    return [enveloppe(vue), credits(vue), structures(vue), echeanciers]


def test_jsonl_donne_les_octets_du_journal(base_demo: Path, tmp_path: Path) -> None:
    """Le format jsonl donne les octets du verbe journal, aux mêmes dates, en fichier ou non."""
    fichier = tmp_path / "journal.jsonl"
    for dates in ((), ("--au", "2020-02-03"), ("--connu-au", "250"), ("--connu-au", "0")):
        attendu = lancer("journal", "--base", base_demo, *dates)
        fait = lancer("exporter", "jsonl", "--base", base_demo, *dates)
        assert (fait.code, fait.erreur) == (0, "")
        assert fait.octets == attendu.octets
        lancer("exporter", "jsonl", "--base", base_demo, *dates, "-o", fichier)
        assert fichier.read_bytes() == attendu.octets


def test_jsonl_d_un_autre_journal_est_refuse() -> None:
    """Une ligne qui n'est plus celle de la vue, ou qui manque, arrête l'export."""
    commandes = recit_complet()
    lu, autre = journal(commandes), journal(commandes[:2])
    autres = ouverture()
    autres.commandes[0]["source"] = "Autre"
    with pytest.raises(ChainBrokenError, match="a changé"):
        list(ecrire_jsonl(journal(autres.commandes), regarder(lu)))
    with pytest.raises(ChainBrokenError, match="a changé"):
        list(ecrire_jsonl(autre, regarder(lu)))


def test_les_commandes_exportees_refont_la_base(base_demo: Path, tmp_path: Path) -> None:
    """Exécutées dans une base vide, les commandes exportées refont les mêmes chiffres."""
    commandes, neuve = tmp_path / "commandes.jsonl", tmp_path / "neuve.db"
    assert lancer("exporter", "commandes", "--base", base_demo, "-o", commandes).code == 0
    fait = lancer("executer", commandes, "--base", neuve)
    assert fait.code == 0
    assert {recu["statut"] for recu in fait.lignes_json} == {"acceptee"}
    for verbe in ("enveloppe", "credits", "structures", "anomalies"):
        for dates in ((), ("--au", "2020-12-31"), ("--connu-au", "250")):
            arguments = (verbe, *dates, "--format", "json")
            attendu = lancer(*arguments, "--base", base_demo).octets
            assert lancer(*arguments, "--base", neuve).octets == attendu
    encore = lancer("exporter", "commandes", "--base", neuve).octets
    assert encore == commandes.read_bytes()
    renvoi = lancer("executer", commandes, "--base", neuve)
    assert {recu["statut"] for recu in renvoi.lignes_json} == {"deja_executee"}


def test_une_commande_exportee_est_celle_d_origine(tmp_path: Path) -> None:
    """La commande exportée dit tout ce que la première disait, défauts calculés en plus."""
    commandes = recit_complet()
    base = creer(tmp_path / "exemple.db", commandes)
    rendues = lancer("exporter", "commandes", "--base", base).lignes_json
    for origine, rendue in zip(commandes, rendues, strict=True):
        regles = {**rendue.get("regles", {}), **origine.get("regles", {})}
        assert {**rendue, **origine, "regles": regles} == {**rendue, "regles": regles}
    assert rendues[1] == commandes[1]
    label = rendues[2]
    assert [t["montant_centimes"] for t in label.pop("echeancier")] == [5_000_000] * 3
    assert label == {**commandes[2], "territoire": "qpv", "numerique": False}


def base_marquee(dossier: Path) -> Path:
    """The whole example: a third of its facts come from a row, another from a request."""
    livre = GrandLivre.ouvrir(dossier / "marquee.db", creer=True)
    commandes = recit_complet()
    with livre:
        livre.executer_lot(
            commandes,
            correlations=[f"req {n}" if n % 3 == 0 else None for n in range(len(commandes))],
            provenances=[
                {"fichier": "ab" * 32, "ligne": n, "feuille": "Dépôts"} if n % 3 == 1 else None
                for n in range(len(commandes))
            ],
        )
    return dossier / "marquee.db"


def faits_de(base: Path) -> list[Fait]:
    """The facts of a base, without what its journal seals."""
    store = SQLiteStore(base, ecriture=False)
    try:
        return [nu(fait) for _, fait in Journal(store, "exemple").rattraper()]
    finally:
        store.fermer()


def test_l_export_garde_les_reperes_et_les_provenances(tmp_path: Path) -> None:
    """Corrélation et provenance suivent leur commande : executer refait les mêmes faits."""
    base, commandes = base_marquee(tmp_path), tmp_path / "commandes.jsonl"
    assert lancer("exporter", "commandes", "--base", base, "-o", commandes).code == 0
    lus = faits_de(base)
    assert {fait.correlation for fait in lus[:4]} == {"req 0", "req 3", None}
    assert sum(fait.provenance is not None for fait in lus) == 13
    for rang, mode in enumerate(((), ("--atomique",), ("--correlation", "autre"))):
        neuve = tmp_path / f"neuve{rang}.db"
        assert lancer("executer", commandes, "--base", neuve, *mode).code == 0
        attendus = (
            lus if rang < 2 else [replace(f, correlation=f.correlation or "autre") for f in lus]
        )
        assert faits_de(neuve) == attendus
    juge = Draft202012Validator(lancer("schemas", "commandes", "ligne").json)
    lignes = [json.loads(ligne) for ligne in commandes.read_text("utf-8").splitlines()]
    assert [ligne for ligne in lignes if not juge.is_valid(ligne)] == []
    assert not juge.is_valid({**lignes[0], "correlation": "é"})
    assert not juge.is_valid({**lignes[0], "autre": "x"})


def test_l_export_s_importe_et_l_import_dit_son_fichier(tmp_path: Path) -> None:
    """Par « importer commandes », mêmes faits et mêmes repères ; la provenance est l'export."""
    base, commandes = base_marquee(tmp_path), tmp_path / "commandes.jsonl"
    neuve = tmp_path / "neuve.db"
    assert lancer("exporter", "commandes", "--base", base, "-o", commandes).code == 0
    fait = lancer("importer", "commandes", commandes, "--base", neuve, "--confirmer")
    assert (fait.code, "39 actes enregistrés" in fait.erreur) == (0, True)
    empreinte = sha256(commandes.read_bytes()).hexdigest()
    assert faits_de(neuve) == [
        replace(f, provenance=Provenance(fichier=empreinte, ligne=rang))
        for rang, f in enumerate(faits_de(base), start=1)
    ]
    for verbe in ("enveloppe", "credits", "structures", "anomalies"):
        deux = [lancer(verbe, "--base", b, "--format", "json").octets for b in (base, neuve)]
        assert deux[0] == deux[1]


@pytest.mark.parametrize(
    ("marque", "phrase"),
    [
        ({"correlation": ""}, "correlation : 1 à 128 signes ASCII imprimables attendus."),
        ({"correlation": ["x"]}, "correlation : 1 à 128 signes ASCII imprimables attendus."),
        ({"provenance": {"fichier": "x", "ligne": 1}}, "provenance : fichier est le SHA-256"),
        ({"provenance": 3}, "provenance : un objet {fichier, ligne, feuille?} est attendu"),
    ],
)
def test_une_marque_mal_formee_refuse_sa_ligne(
    tmp_path: Path, marque: dict[str, Any], phrase: str
) -> None:
    """Un repère ou une provenance mal formés : la commande est refusée par son nom, non écrite."""
    premiere = {**ouverture().commandes[0], **marque}
    fait = lancer("executer", "-", "--base", tmp_path / "a.db", entree=en_lignes([premiere]))
    (recu,) = fait.lignes_json
    assert (fait.code, recu["statut"], recu["code"]) == (3, "refusee", "commande_invalide")
    assert (recu["id_commande"], phrase in recu["message"]) == ("c-1", True)


def test_une_marque_nulle_est_une_marque_absente(tmp_path: Path) -> None:
    """null vaut absent, comme pour tout membre d'une commande."""
    premiere = {**ouverture().commandes[0], "correlation": None, "provenance": None}
    base = creer(tmp_path / "a.db", [premiere])
    assert [(f.correlation, f.provenance) for f in faits_de(base)] == [(None, None)]


def test_la_date_d_effet_ne_borne_pas_les_commandes(base_demo: Path) -> None:
    """--au est refusé : une décision tient compte de tous les faits enregistrés avant elle."""
    fait = lancer("exporter", "commandes", "--base", base_demo, "--au", "2020-12-31")
    assert (fait.code, fait.octets) == (2, b"")
    assert "--connu-au" in fait.erreur
    fait = lancer("exporter", "commandes", "--base", base_demo, "--connu-au", "3")
    assert [c["commande"] for c in fait.lignes_json] == [
        "OuvrirProgramme",
        "RéviserRègles",
        "DéposerCandidature",
    ]


def test_un_fait_qui_ne_se_rejoue_pas_est_nomme() -> None:
    """Un texte qu'une règle de forme refuse aujourd'hui est nommé, avec sa position."""
    lu = journal(ouverture().commandes)
    ((_, fait),) = lu.rattraper()
    ancien = replace(fait, source="Ancien\u200b texte")
    with pytest.raises(UnrecordableFactError, match=r"position 1 : .*U\+200B"):
        restituer("exemple", 1, ancien)


@reglages(30)
@given(histoire=histoires_publiables(), data=st.data())
def test_toute_histoire_se_refait_de_ses_commandes(histoire: Histoire, data: st.DataObject) -> None:
    """Les commandes d'une histoire refont ses faits, et ses chiffres à toute date."""
    faits = list(Journal(histoire.store, PROGRAMME).rattraper())
    livre = GrandLivre(MemoryStore())
    for position, fait in faits:
        ligne = json.dumps(restituer(PROGRAMME, position, fait), ensure_ascii=False)
        lue = lire_ligne_marquee(ligne.encode())
        recu = livre.executer(lue.saisie, correlation=lue.correlation, provenance=lue.provenance)
        assert (recu.statut, recu.positions) == ("acceptee", (position,)), recu.refus
    refaits = list(Journal(livre.store, PROGRAMME).rattraper())
    assert [(p, nu(f)) for p, f in refaits] == [(p, nu(f)) for p, f in faits]
    au: date | None = data.draw(DATES)
    connu_au = data.draw(st.none() | st.integers(0, len(faits)))
    vues = [
        regarder(Journal(store, PROGRAMME), au=au, connu_au=connu_au)
        for store in (histoire.store, livre.store)
    ]
    assert chiffres(vues[0]) == chiffres(vues[1])


@reglages(20)
@given(histoire=histoires_publiables(), data=st.data())
def test_toute_histoire_s_exporte_en_jsonl(histoire: Histoire, data: st.DataObject) -> None:
    """À toute date, les lignes exportées sont celles du journal dont la date d'effet compte."""
    lu, vue = regarder_une_fois(data, histoire)
    lignes = list(Journal(histoire.store, PROGRAMME).lignes())
    comptees = [lignes[p - 1] for p, _ in vue.faits()] if vue.situation.position else []
    assert "".join(ecrire_jsonl(lu, vue)).encode() == b"".join(x + b"\n" for x in comptees)
