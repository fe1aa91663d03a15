"""Écarts trouvés par les propriétés, chacun réduit à la plus petite histoire qui le montre."""

from __future__ import annotations

import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest
import rfc8785

from commands import GrandLivre
from commands.testing.histoires import lire_faits
from commands.verbes.candidature import CRITERES
from ledger import MemoryStore
from ledger.evenements import ExerciceClôturé
from ledger.preuve.canonique import OctetsIllisibles, decoder
from ledger.stockage.adaptateur import APPLICATION_ID
from ledger.testing.valeurs import Json
from projections.testing.chiffres import chiffres
from tests.properties.exemples import COMMUN, DEPOT, OUVERTURE
from tests.properties.outils import reponse
from tests.properties.processus import lancer, lire


def test_un_ecrivain_ouvert_avant_la_base_voit_ce_qu_un_autre_y_ecrit(tmp_path: Path) -> None:
    """Un écrivain ouvert avant que la base n'existe voit ensuite ce qu'un autre y a écrit."""
    base = tmp_path / "fabriques.db"
    with GrandLivre.ouvrir(base, creer=True) as tot, GrandLivre.ouvrir(base, creer=True) as autre:
        assert autre.executer(OUVERTURE).statut == "acceptee"
        assert reponse(tot.executer(DEPOT)) == ("acceptee", None, [2])


def test_une_creation_interrompue_se_termine(tmp_path: Path) -> None:
    """Une base dont la création s'est arrêtée avant ses tables se termine à l'écriture suivante."""
    base = tmp_path / "fabriques.db"
    connexion = sqlite3.connect(base)
    connexion.execute(f"PRAGMA application_id={APPLICATION_ID}")  # written before the tables
    connexion.close()
    with GrandLivre.ouvrir(base, creer=True) as livre:
        assert reponse(livre.executer(OUVERTURE)) == ("acceptee", None, [1])


def test_plusieurs_processus_creent_la_base_ensemble(tmp_path: Path) -> None:
    """Quatre processus qui créent la même base au même instant n'inscrivent qu'une ouverture."""
    for tour in range(2):
        travail = {"base": str(tmp_path / f"{tour}.db"), "commandes": [OUVERTURE], "lot": 1}
        reponses = [lire(lance)[0] for lance in [lancer([travail]) for _ in range(4)]]
        statuts = sorted(reponse["recus"][0]["statut"] for reponse in reponses)
        assert ["acceptee", *["deja_executee"] * 3] == statuts


def test_la_liste_de_roles_vide_est_celle_par_defaut() -> None:
    """Nommer une liste de rôles vide ne change pas le contenu d'une instruction."""
    with GrandLivre(MemoryStore()) as livre:
        livre.executer_lot((OUVERTURE, DEPOT))
        instruction = {
            **COMMUN,
            "commande": "InstruireCandidature",
            "id_commande": "c2",
            "structure": "s1",
            "criteres": dict.fromkeys(CRITERES, "rempli"),
        }
        assert livre.executer(instruction).statut == "acceptee"
        assert reponse(livre.executer(instruction | {"roles": []})) == ("deja_executee", None, [3])


@pytest.mark.parametrize("commande", [OUVERTURE, DEPOT])
def test_un_membre_inconnu_est_refuse_meme_nul(commande: Json) -> None:
    """Un membre inconnu rend la commande invalide, même quand sa valeur est nulle."""
    with GrandLivre(MemoryStore()) as livre:
        if commande is DEPOT:
            livre.executer(OUVERTURE)
        recu = livre.executer(commande | {"montant": None})
        assert reponse(recu) == ("refusee", "commande_invalide", [])


def test_le_sceau_d_un_exercice_sans_mouvement_est_celui_des_lignes_affichees() -> None:
    """Clore un exercice après le dernier mouvement scelle les lignes que `credits` montre."""
    credits_ouverts = {
        **COMMUN,
        "commande": "OuvrirCrédits",
        "id_commande": "c1",
        "exercice": 2019,
        "ae_centimes": 1,
        "cp_centimes": 1,
        "nature": "lfi",
        "source": "LFI",
    }
    cloture = {**COMMUN, "commande": "ClôturerExercice", "date_effet": "2022-01-01"}
    with GrandLivre(MemoryStore()) as livre:
        livre.executer_lot((OUVERTURE, credits_ouverts))
        for exercice in (2019, 2021):
            commande = cloture | {"id_commande": f"cloture-{exercice}", "exercice": exercice}
            assert livre.executer(commande).statut == "acceptee"
        fait = lire_faits(livre.store)[3]
        lignes = chiffres(livre.store)["credits"]
    assert isinstance(fait, ExerciceClôturé)
    assert fait.empreinte == sha256(rfc8785.dumps(lignes)).hexdigest()
    assert fait.totaux == lignes[-1]


@pytest.mark.parametrize("centimes", [2**53, 10**26])
def test_un_entier_au_dela_de_2_puissance_53_ne_se_relit_pas(centimes: int) -> None:
    """Un montant gardé que le JSON canonique ne peut pas écrire est illisible."""
    with GrandLivre(MemoryStore()) as livre:
        livre.executer(OUVERTURE)
        ligne = next(livre.store.lire("fabriques"))
    faux = ligne.octets.replace(b'"source":', b'"variation_centimes":%d,"source":' % centimes)
    for membre in (b'"intitule":"Fabriques",', b'"regles":{' + _regles(faux) + b"},"):
        faux = faux.replace(membre, b"")
    with pytest.raises(OctetsIllisibles):
        decoder("enveloppe-modifiee", faux)


def _regles(octets: bytes) -> bytes:
    return octets.split(b'"regles":{')[1].split(b"}")[0]
