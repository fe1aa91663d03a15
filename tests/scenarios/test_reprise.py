"""Une sauvegarde remise en place : refusée, déclarée, continuée, ses commandes renvoyées."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commands import GrandLivre, Recu
from ledger import Journal, SQLiteStore
from ledger.erreurs import StoreRolledBackError
from ledger.sceau.cles import SignataireFichier
from ledger.sceau.garde import reculs
from ledger.sceau.publieur import Publieur
from tests.cli.outils import lancer
from tests.unit.monde import HorlogeFixe, Monde, P

SIGNATAIRE = SignataireFichier(Ed25519PrivateKey.from_private_bytes(bytes(32)))


class Service:
    """A base, its backups, and the folder of checkpoints on another machine."""

    def __init__(self, dossier: Path) -> None:
        self.base = dossier / "fabriques.db"
        self.releves = dossier / "releves"
        self.releves.mkdir()
        self.mots = Monde(ouvert=False)

    def envoyer(self, *commandes: dict[str, object]) -> list[Recu]:
        """A process opens the base, executes, and closes it."""
        horloge = HorlogeFixe()
        with GrandLivre.ouvrir(self.base, creer=True, clock=horloge, releves=self.releves) as livre:
            return [livre.executer(commande) for commande in commandes]

    def depot(self, structure: str) -> dict[str, object]:
        """Somebody applies, under an id of its own."""
        commande = self.mots.commande("DéposerCandidature", "2020-01-10", structure=structure)
        return {**commande, "id_commande": f"depot-{structure}"}

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """The journal, read to its end."""
        store = SQLiteStore(self.base, ecriture=False)
        try:
            journal = Journal(store, P)
            for _ in journal.rattraper():
                pass
            yield journal
        finally:
            store.fermer()

    def publier(self) -> str:
        """The signing machine publishes. The origin."""
        with self.journal() as journal:
            return Publieur(self.releves, SIGNATAIRE).publier(journal).releve.origine

    def sauvegarder(self) -> Path:
        """A copy of the base, closed."""
        return Path(shutil.copy(self.base, self.base.with_name(f"copie-{self.taille}.db")))

    def restaurer(self, copie: Path) -> None:
        """The copy takes the place of the base."""
        for suffixe in ("", "-wal", "-shm"):
            Path(f"{self.base}{suffixe}").unlink(missing_ok=True)
        shutil.copy(copie, self.base)

    @property
    def taille(self) -> int:
        """How many lines the journal has."""
        with self.journal() as journal:
            return journal.taille

    def reprendre(self) -> list[tuple[str, int, int]]:
        """The operator declares what is lost: origin, size satisfied, size lost."""
        fait = lancer(
            *("reprendre", "--base", self.base, "--releves", self.releves),
            *("--motif", "Sauvegarde remise en place", "--format", "json"),
        )
        assert fait.code == 0, fait.erreur
        return [
            (p["origine_precedente"], p["taille_satisfaite"], p["taille_perdue"])
            for p in fait.json["pertes"]
        ]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A programme opened, two applications, published: three lines."""
    service = Service(tmp_path)
    ouverture = service.mots.commande("OuvrirProgramme", "2019-07-11")
    recus = service.envoyer(ouverture, service.depot("vichy"), service.depot("moulins"))
    assert [recu.statut for recu in recus] == ["acceptee"] * 3
    service.publier()
    return service


def test_une_sauvegarde_remise_en_place_ne_continue_pas_en_silence(service: Service) -> None:
    """Une sauvegarde sans les lignes publiées depuis : la suite est refusée, puis reprise."""
    copie = service.sauvegarder()
    service.envoyer(service.depot("nevers"), service.depot("autun"))
    ancienne = service.publier()
    service.restaurer(copie)
    with pytest.raises(StoreRolledBackError, match="il avait 5 lignes"):
        service.envoyer(service.depot("cluny"))
    with pytest.raises(StoreRolledBackError):
        service.publier()
    assert service.taille == 3

    assert service.reprendre() == [(ancienne, 3, 5)]
    assert service.envoyer(service.depot("cluny"))[0].positions == (5,)

    # a lost command, sent again under its id, is accepted once
    perdue = service.depot("nevers")
    statuts = [(r.statut, r.positions) for r in service.envoyer(perdue, perdue)]
    assert statuts == [("acceptee", (6,)), ("deja_executee", (6,))]

    nouvelle = service.publier()
    assert nouvelle != ancienne
    assert service.envoyer(service.depot("autun"))[0].positions == (7,)
    assert len([*service.releves.iterdir()]) == 2


def test_une_seconde_sauvegarde_plus_ancienne_encore_se_reprend_aussi(service: Service) -> None:
    """Une copie d'avant la première reprise : refusée ; chaque origine perdue est déclarée."""
    premiere_copie = service.sauvegarder()
    service.envoyer(service.depot("nevers"))
    seconde_copie = service.sauvegarder()
    service.envoyer(service.depot("autun"), service.depot("cluny"))
    origine_a = service.publier()
    service.restaurer(seconde_copie)
    assert service.reprendre() == [(origine_a, 3, 6)]
    service.envoyer(service.depot("autun"), service.depot("cluny"), service.depot("macon"))
    origine_b = service.publier()
    assert service.taille == 8

    service.restaurer(premiere_copie)
    with pytest.raises(StoreRolledBackError):
        service.envoyer(service.depot("nevers"))
    assert service.reprendre() == [(origine_a, 3, 6), (origine_b, 3, 8)]
    assert service.taille == 5
    assert service.envoyer(service.depot("nevers"))[0].positions == (6,)
    origine_c = service.publier()
    assert len({origine_a, origine_b, origine_c}) == 3
    with service.journal() as journal:
        assert reculs(journal, service.releves) == ()


def test_une_copie_d_avant_la_reprise_est_refusee_meme_si_son_origine_tient(
    service: Service,
) -> None:
    """Le disque d'origine retrouvé après la reprise ne repart pas sous l'ancienne origine."""
    copie = service.sauvegarder()
    service.envoyer(*map(service.depot, ("nevers", "cosne", "decize")))
    origine_a = service.publier()
    retrouve = service.sauvegarder()
    service.restaurer(copie)
    service.reprendre()
    service.envoyer(service.depot("autun"))
    origine_b = service.publier()

    service.restaurer(retrouve)
    with pytest.raises(StoreRolledBackError, match="que ce journal ne connaît pas"):
        service.envoyer(service.depot("cluny"))
    assert service.reprendre() == [
        (origine_b, 3, 5)
    ]  # of six lines that hold, three are common to both
    assert service.envoyer(service.depot("cluny"))[0].positions == (8,)
    assert service.publier() not in (origine_a, origine_b)


def test_une_base_perdue_ne_renait_pas_vide(service: Service) -> None:
    """Sans base du tout, rouvrir le programme est refusé tant que ses relevés sont là."""
    service.base.unlink()
    with pytest.raises(StoreRolledBackError):
        service.envoyer(service.mots.commande("OuvrirProgramme", "2019-07-11"))
    assert not service.base.exists()


def test_une_ligne_ancienne_modifiee_apres_la_reprise_ne_se_reprend_pas(service: Service) -> None:
    """Reprendre ne couvre pas une falsification : sous la taille satisfaite, l'erreur demeure."""
    copie = service.sauvegarder()
    service.envoyer(service.depot("nevers"))
    service.publier()
    service.restaurer(copie)
    service.reprendre()
    # a checkpoint of the first life that this journal never had
    fichier = next(service.releves.rglob("000000000003.releve"))
    lignes = fichier.read_text("utf-8").split("\n")
    lignes[2] = "A" * 43 + "="
    fichier.write_text("\n".join(lignes), "utf-8")
    with pytest.raises(StoreRolledBackError):
        service.envoyer(service.depot("cluny"))
    fait = lancer(
        *("reprendre", "--base", service.base, "--releves", service.releves, "--motif", "x")
    )
    assert (fait.code, "Une reprise antérieure disait" in fait.erreur) == (4, True)
