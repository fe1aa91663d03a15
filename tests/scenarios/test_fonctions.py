"""Scénario en ligne de commande : bilan, ordre, versement, contrôle, puis un journal réécrit."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from ledger.preuve.canonique import json_canonique
from ledger.preuve.ligne import Lineur
from tests.cli.outils import PROGRAMME, Resultat, depot, en_lignes, lancer, ouverture

OLGA = {"id": "olga", "role": "ordonnateur"}
KARIM = {"id": "karim", "role": "comptable"}
INES = {"id": "ines", "role": "instructeur"}


class Terminal:
    """A base driven by the command line alone, told as given / when / then."""

    def __init__(self, dossier: Path, **regles: bool) -> None:
        self.base = dossier / "fonctions.db"
        self.numero = 0
        self.dernier: Any = None
        ouvre = ouverture(regles=regles)
        label = self.commande("LabelliserFabrique", "2020-02-03", INES, montant_centimes=15_000_000)
        self.envoyer(ouvre, depot("lab01"), label)

    def commande(self, verbe: str, jour: str, acteur: dict[str, str], **champs: Any) -> Any:
        """One command on lab01."""
        self.numero += 1
        commun = {"commande": verbe, "id_commande": f"c{self.numero}", "programme": PROGRAMME}
        return {**commun, "acteur": acteur, "date_effet": jour, "structure": "lab01", **champs}

    def envoyer(self, *commandes: Any) -> Resultat:
        """Hand commands to `fabriques executer`."""
        fait = lancer("executer", "-", "--base", self.base, entree=en_lignes(commandes))
        self.dernier = fait.lignes_json[-1]
        return fait

    def quand(self, verbe: str, jour: str, acteur: dict[str, str], **champs: Any) -> None:
        """It is accepted."""
        assert self.envoyer(self.commande(verbe, jour, acteur, **champs)).code == 0, self.dernier

    def alors_c_est_refuse(
        self, code: str, verbe: str, jour: str, acteur: dict[str, str], **champs: Any
    ) -> None:
        """It is refused, exit 3, with that code."""
        fait = self.envoyer(self.commande(verbe, jour, acteur, **champs))
        assert (fait.code, self.dernier["code"]) == (3, code)

    def lire(self, verbe: str, *options: str) -> Resultat:
        """Run a reading verb."""
        return lancer(verbe, "--base", self.base, *options)

    def reecrire(self, position: int, acteur: dict[str, str]) -> None:
        """Change who did what in the file itself, and recompute every hash after it."""
        lien = sqlite3.connect(self.base)
        lineur, precedent = Lineur(PROGRAMME), None
        choix = "SELECT originator_version, topic, state FROM stored_events WHERE originator_id=?"
        lignes = lien.execute(f"{choix} ORDER BY originator_version", (PROGRAMME,)).fetchall()
        for rang, topic, octets in lignes:
            etat = json.loads(octets)
            if rang == position:
                etat["acteur"] = acteur
            etat["precedent"] = precedent
            neufs = json_canonique(etat)
            precedent = lineur.feuille(rang, topic, neufs).hex()
            lien.execute(
                "UPDATE stored_events SET state=? WHERE originator_id=? AND originator_version=?",
                (neufs, PROGRAMME, rang),
            )
        lien.commit()
        lien.close()


def payer(rang: int, reference: str) -> dict[str, Any]:
    """The fields of a whole instalment."""
    return {"rang": rang, "montant_centimes": 5_000_000, "reference": reference}


def ordonner(rang: int, dp: str) -> dict[str, Any]:
    """The fields of an order of a whole instalment."""
    return {"rang": rang, "montant_centimes": 5_000_000, "dp": dp}


def test_la_chaine_entiere_se_lit_et_se_verifie_au_terminal(tmp_path: Path) -> None:
    """Bilan accepté, ordre, versement par un autre : lisible au centime, et conforme."""
    # Étant donné un label sous les règles bilan_requis et ordonnancement_requis
    recit = Terminal(tmp_path, bilan_requis=True, ordonnancement_requis=True)
    # Quand on paie sans ordre, ou que l'ordonnateur paie, alors c'est refusé
    recit.alors_c_est_refuse(
        "ordonnancement_manquant", "VerserTranche", "2020-03-01", KARIM, **payer(1, "V1")
    )
    recit.quand("OrdonnancerTranche", "2020-03-01", OLGA, **ordonner(1, "DP-1"))
    recit.alors_c_est_refuse(
        "separation_des_fonctions", "VerserTranche", "2020-03-02", OLGA, **payer(1, "V1")
    )
    recit.quand("VerserTranche", "2020-03-02", KARIM, **payer(1, "V1"))
    # Quand le bilan manque, alors la tranche suivante ne s'ordonne pas
    recit.alors_c_est_refuse(
        "bilan_manquant", "OrdonnancerTranche", "2021-03-01", OLGA, **ordonner(2, "DP-2")
    )
    recit.quand("RecevoirBilan", "2021-02-01", INES, exercice=2020, accepte=True)
    recit.quand("OrdonnancerTranche", "2021-03-01", OLGA, **ordonner(2, "DP-2"))
    recit.quand("VerserTranche", "2021-03-02", KARIM, **payer(2, "V2"))
    # Alors chaque euro a deux acteurs, et le journal est conforme
    figure = recit.lire("fonctions", "--format", "json").json
    assert (figure["paye_centimes"], figure["separes_centimes"]) == (10_000_000, 10_000_000)
    vus = [(li["ordonnateur"], li["dp"], li["payeur"], li["reference"]) for li in figure["lignes"]]
    assert vus == [("olga", "DP-1", "karim", "V1"), ("olga", "DP-2", "karim", "V2")]
    table = recit.lire("fonctions").sortie
    rangs = [" ".join(ligne.split()) for ligne in table.splitlines()]
    assert "lab01 1 olga 4 karim 5 50 000,00 € séparés" in rangs
    assert max(map(len, table.splitlines())) <= 80
    assert recit.lire("verifier").code == 0


def test_un_journal_reecrit_ou_le_meme_a_ordonne_et_paye_ne_passe_pas(tmp_path: Path) -> None:
    """Toutes les empreintes refaites, l'audit nomme encore qui a ordonné et payé le même euro."""
    recit = Terminal(tmp_path, ordonnancement_requis=True)
    recit.quand("OrdonnancerTranche", "2020-03-01", OLGA, **ordonner(1, "DP-1"))
    recit.quand("VerserTranche", "2020-03-02", KARIM, **payer(1, "V1"))
    recit.reecrire(5, {"id": "olga", "role": "comptable"})
    fait = recit.lire("verifier", "--format", "json")
    assert fait.code == 1
    assert [(c["code"], c["position"]) for c in fait.json["constats"]] == [
        ("separation_des_fonctions", 5)
    ]
    ecarts = recit.lire("fonctions", "--ecarts", "--format", "csv").sortie.splitlines()
    assert [ligne.split(",")[3] for ligne in ecarts[1:]] == ["meme_acteur"]


def test_sans_la_regle_le_cumul_est_une_anomalie_et_le_journal_reste_conforme(
    tmp_path: Path,
) -> None:
    """Sans ordonnancement_requis, ordonner et payer se signale, et ne refuse ni ne constate."""
    recit = Terminal(tmp_path)
    recit.quand("OrdonnancerTranche", "2020-03-01", OLGA, **ordonner(1, "DP-1"))
    recit.quand("VerserTranche", "2020-03-02", OLGA, **payer(1, "V1"))
    assert recit.lire("verifier").code == 0
    anomalies = recit.lire("anomalies", "--format", "json").json
    (vue,) = [a for a in anomalies if a["code"] == "ordonne_et_paye"]
    assert (vue["structure"], vue["position"]) == ("lab01", 5)
    assert vue["detail"] == (
        "lab01, tranche 1 : 50 000,00 € ordonnés par olga (ordonnateur, position 4), payés par "
        "olga (ordonnateur, position 5)."
    )
    recit.quand("AnnulerVersement", "2020-04-01", KARIM, position=5, motif="erreur")
    codes = {a["code"] for a in recit.lire("anomalies", "--format", "json").json}
    assert "ordonne_et_paye" not in codes
