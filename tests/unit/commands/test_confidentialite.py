"""Ce qui est confié au grand livre ne sort pas par les journaux, les traces ou les clés."""

from __future__ import annotations

import logging
import pickle
import traceback
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from commands import DéposerCandidature, GrandLivre
from commands.demo import PROGRAMME, commandes_demo
from ledger import Acteur, Journal
from ledger.audit import verifier
from ledger.sceau.cles import SignataireFichier, charger_signataire, creer_cle
from ledger.sceau.publieur import Publieur
from projections import echeancier, enveloppe, regarder
from projections.lecture import Lecture
from tests.cli.outils import lancer

PERSONNEL = {
    "porteur", "ville", "siret", "rna", "motif", "reference", "source", "intitule", "instance",
    "id",
}  # fmt: skip
"""Members whose texts may name someone; `id` is that of the actor. Amounts are looked for from
eight digits on: a duration in microseconds, or a process number, may hold any shorter one."""
TECHNIQUES = {"created", "msecs", "relativeCreated", "thread", "process", "pathname", "lineno"}


def valeurs(objet: Any, membre: str = "") -> Iterator[str]:
    """The texts and the amounts that a log must not hold."""
    if isinstance(objet, dict):
        for nom, valeur in objet.items():
            yield from valeurs(valeur, nom)
    elif isinstance(objet, list):
        for valeur in objet:
            yield from valeurs(valeur, membre)
    elif (isinstance(objet, str) and membre in PERSONNEL) or (
        membre.endswith("centimes") and type(objet) is int and abs(objet) >= 10_000_000
    ):
        yield str(objet)


class Oreille(logging.Handler):
    """Everything that anybody logs, in full: text, arguments, extra members, trace."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.entendu: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        dit = {k: v for k, v in record.__dict__.items() if k not in TECHNIQUES}
        self.entendu.append(f"{record.getMessage()} {dit!r}")


@pytest.fixture
def oreille() -> Iterator[Oreille]:
    """All loggers at DEBUG, those of the libraries included."""
    racine, ecoute = logging.getLogger(), Oreille()
    noms = [n for n in logging.root.manager.loggerDict if n.startswith(("ledger", "commands"))]
    niveaux = [(logging.getLogger(n), logging.getLogger(n).level) for n in ("", *noms)]
    racine.addHandler(ecoute)
    for journal, _ in niveaux:
        journal.setLevel(logging.DEBUG)
    yield ecoute
    racine.removeHandler(ecoute)
    for journal, niveau in niveaux:
        journal.setLevel(niveau)


def test_aucune_valeur_confiee_n_entre_dans_un_journal(oreille: Oreille, tmp_path: Path) -> None:
    """Une histoire entière, refus et vérification compris, à DEBUG : ni nom, ni montant."""
    commandes = [*commandes_demo(date(2021, 12, 31))]
    refusees = [
        {**c, "id_commande": f"r{rang}", "porteur": "Nom Personnel", "siret": "73282932000075"}
        for rang, c in enumerate(commandes[:40])
    ]
    logging.getLogger("ledger.commandes").setLevel(logging.DEBUG)
    with GrandLivre.ouvrir(tmp_path / "b.db", creer=True) as livre:
        recus = [*livre.executer_flux([*commandes, *refusees])]
        assert verifier(livre.store, PROGRAMME).conforme
        vue = regarder(Journal(livre.store, PROGRAMME))
        assert enveloppe(vue).engage_centimes
        assert echeancier(vue, next(iter(vue.situation.fiches)))
        with Lecture(tmp_path / "l.db") as lecture:
            lecture.rafraichir(livre.store)
    assert {r.statut for r in recus} == {"acceptee", "refusee"}
    assert len(oreille.entendu) >= len(recus)
    tout = "\n".join(oreille.entendu)
    confiees = {v for c in [*commandes, *refusees] for v in valeurs(c)}
    assert {"150000_00".replace("_", ""), "Nom Personnel"} <= confiees
    assert {v for v in confiees if v in tout} == set()


def test_une_oreille_entend_une_fuite(oreille: Oreille) -> None:
    """L'écoute entend bien une valeur, dans un argument comme dans un membre ajouté."""
    logging.getLogger("tiers").debug("versé à %s", "Nom Personnel", extra={"m": "15000000"})
    assert "Nom Personnel" in oreille.entendu[0]
    assert "15000000" in oreille.entendu[0]


def test_une_commande_mal_construite_ne_dit_pas_ses_valeurs() -> None:
    """L'exception d'un modèle mal rempli nomme le champ, jamais ce qu'il contenait."""
    with pytest.raises(ValidationError) as levee:
        DéposerCandidature(
            id_commande="d",
            programme="p",
            acteur=Acteur("agent.secret", "comptable"),
            date_effet=date(2020, 1, 1),
            structure="s",
            porteur=["Nom Personnel"],  # type: ignore[arg-type]
            code_postal="21000",
            ville="Ville Secrete",
            territoire="inconnu",
            numerique=False,
        )
    trace = "".join(traceback.format_exception(levee.value))
    assert "porteur" in trace
    assert [v for v in ("Nom Personnel", "agent.secret", "Ville Secrete") if v in trace] == []


def test_les_poignees_ne_montrent_pas_ce_qu_elles_tiennent(tmp_path: Path) -> None:
    """Grand livre, journal, store : leur repr, que montre une trace, ne dit aucune donnée."""
    with GrandLivre.ouvrir(tmp_path / "b.db", creer=True) as livre:
        commandes = [*commandes_demo(date(2020, 2, 10))]
        recus = [*livre.executer_flux(commandes)]
        objets = (livre, livre.store, livre.journal(PROGRAMME), recus[-1])
        vus = " ".join(f"{o!r} {o}" for o in objets)
        confiees = {v for c in commandes for v in valeurs(c)}
        assert {v for v in confiees if v in vus} == set()


@pytest.fixture
def cle(tmp_path: Path) -> Path:
    """A signing key."""
    creer_cle(tmp_path / "cle")
    return tmp_path / "cle"


def secrets(fichier: Path) -> list[str]:
    """The private half, in the forms in which it could leak."""
    signataire = charger_signataire(str(fichier))
    assert isinstance(signataire, SignataireFichier)
    graine = signataire._privee.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    corps = fichier.read_text("ascii").splitlines()
    return [graine.hex(), repr(graine)[2:-1], b64encode(graine).decode(), *corps[2:-1]]


def test_une_cle_de_signature_n_est_jamais_montree(
    cle: Path, tmp_path: Path, oreille: Oreille
) -> None:
    """Créer, signer, publier, échouer : la moitié privée n'est ni montrée ni inscrite ailleurs."""
    base, releves = tmp_path / "b.db", tmp_path / "releves"
    faits = [
        lancer("demo", "--base", base, "--au", "2020-02-10", "--format", "json"),
        lancer("releve", "--base", base, "--signer", cle, "--publier", releves, "-v"),
        lancer("releve", "--base", base, "--signer", cle, "--format", "json"),
        lancer("dossier", "--base", base, "--releves", releves, "-o", tmp_path / "d.zip"),
        lancer("verifier", "--base", base, "--cle", cle, "--releve", releves),  # a private key
        lancer("releve", "--creer-cle", cle),  # already there
    ]
    assert [f.code for f in faits] == [0, 0, 0, 0, 2, 2]
    signataire = charger_signataire(str(cle))
    vu = " ".join(f"{f.sortie} {f.erreur}" for f in faits)
    vu += f"{signataire!r} {signataire} {vars(signataire)!r} {' '.join(oreille.entendu)}"
    ecrits = [f for f in tmp_path.rglob("*") if f.is_file() and f != cle]
    assert len(ecrits) > 5
    octets = b"".join(f.read_bytes() for f in ecrits)
    assert [s for s in secrets(cle) if s in vu or s.encode() in octets] == []
    with pytest.raises(TypeError):
        pickle.dumps(signataire)  # nor does it go to another process by accident


def test_une_cle_est_creee_pour_son_seul_proprietaire(cle: Path) -> None:
    """Une clé créée n'est lisible que de son propriétaire, quel que soit le masque."""
    assert cle.stat().st_mode & 0o777 == 0o600


def test_un_publieur_ne_montre_pas_sa_cle(cle: Path, tmp_path: Path) -> None:
    """Le publieur et son signataire, montrés par une trace, ne disent rien de la clé."""
    publieur = Publieur(tmp_path / "r", charger_signataire(str(cle)))
    vu = f"{publieur!r} {vars(publieur)!r}"
    assert [s for s in secrets(cle) if s in vu] == []
