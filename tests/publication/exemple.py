"""A small programme in which every kind of agreement to publish exists. All of it is made up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from stdnum import luhn

from commands import GrandLivre
from ledger import Journal, MemoryStore
from ledger.bareme import regles_publiees
from ledger.version import VERSION
from tests.cli.outils import en_lignes, lancer
from tests.unit.monde import HorlogeFixe

Json = dict[str, Any]
PROGRAMME = "exemple"
FORMULE = '=HYPERLINK("https://exemple.invalid";"Ici")'
_MOTEUR = f"fabriques-ledger {VERSION}"
ROLES = {"DéposerCandidature": "instructeur", "VerserTranche": "comptable"}


def siret(numero: int) -> str:
    """A SIRET that no one has (the SIREN begins with 9990), its two keys right."""
    siren = f"9990{numero:04d}"
    siren += luhn.calc_check_digit(siren)
    return f"{siren}0001{luhn.calc_check_digit(f'{siren}0001')}"


ATTRIBUANT = {"nom": "Préfecture d'exemple", "siret": siret(0)}


class Recit:
    """Commands one after the other, with ids of their own."""

    def __init__(self) -> None:
        self.commandes: list[Json] = []

    def dire(self, verbe: str, jour: str, **champs: Any) -> None:
        """One more command; fields given as None are left out."""
        self.commandes.append(
            {
                "commande": verbe,
                "id_commande": f"c-{len(self.commandes) + 1}",
                "programme": PROGRAMME,
                "acteur": {"id": "exemple", "role": ROLES.get(verbe, "ordonnateur")},
                "date_effet": jour,
                **{nom: valeur for nom, valeur in champs.items() if valeur is not None},
            }
        )

    def label(self, structure: str, numero: int | None, **champs: Any) -> None:
        """Apply on 10 January 2020, be labelled on 3 February."""
        autres = {"montant_centimes": 15_000_000, **champs.pop("label", {})}
        self.dire(
            "DéposerCandidature",
            "2020-01-10",
            structure=structure,
            **{
                "porteur": f"Association {structure}",
                "code_postal": "21000",
                "ville": "Dijon",
                "territoire": "qpv",
                "numerique": False,
                "siret": None if numero is None else siret(numero),
                **champs,
            },
        )
        self.dire("LabelliserFabrique", "2020-02-03", structure=structure, **autres)

    def signer(self, structure: str, jour: str) -> None:
        """Sign the agreement."""
        self.dire("SignerConvention", jour, structure=structure, reference=f"CONV-{structure}")

    def payer(self, structure: str, rang: int, jour: str, montant: int = 5_000_000) -> None:
        """Pay an instalment."""
        champs = {"rang": rang, "montant_centimes": montant, "reference": f"VIR-{structure}-{rang}"}
        self.dire("VerserTranche", jour, structure=structure, **champs)


def ouverture(**champs: Any) -> Recit:
    """A programme under the rules of 2019, opened by a made-up authority."""
    recit = Recit()
    publie = regles_publiees("2019")
    autres = {"attribuant": ATTRIBUANT, "intitule": "Programme d'exemple", **champs}
    recit.dire(
        "OuvrirProgramme",
        "2019-07-11",
        regles=publie["regles"],
        source="Exemple",
        **autres,
    )
    return recit


def recit_complet() -> list[Json]:
    """Live, with a bonus, amended, withdrawn, given back, incomplete, hostile, in one payment."""
    r = ouverture()
    r.label("complete", 1)
    r.signer("complete", "2020-03-10")
    r.payer("complete", 1, "2020-03-15")
    r.payer("complete", 2, "2021-03-02")
    r.label("numerique", None, rna="W123456789", numerique=True)
    r.signer("numerique", "2020-03-31")
    r.dire("AccorderBonusNumérique", "2020-02-10", structure="numerique")
    bonus = {"montant_centimes": 10_000_000, "reference": "VIR-B"}
    r.dire("VerserBonus", "2020-04-01", structure="numerique", **bonus)
    r.label("avenant", 2)
    r.signer("avenant", "2020-03-10")
    r.payer("avenant", 1, "2020-03-20")
    r.dire(
        "SignerAvenant",
        "2021-01-15",
        structure="avenant",
        montant_centimes=9_000_050,
        motif="Moins de services",
        echeancier=[
            {
                "rang": rang,
                "exercice": annee,
                "montant_centimes": montant,
                "echeance": echeance,
            }
            for rang, annee, montant, echeance in (
                (1, 2020, 5_000_000, "2020-02-03"),
                (2, 2021, 4_000_050, "2021-06-30"),
            )
        ],
    )
    r.label("retiree", 3)
    r.signer("retiree", "2020-03-10")
    r.payer("retiree", 1, "2020-03-20")
    r.dire("RetirerLabel", "2021-02-15", structure="retiree", motif="Abandon")
    titre = {"montant_centimes": 1_000_000, "titre": "T-1"}
    r.dire("DemanderReversement", "2021-04-01", structure="retiree", **titre)
    r.dire("EncaisserReversement", "2021-05-01", structure="retiree", **titre)
    r.label("rendue", 4)
    r.signer("rendue", "2020-03-10")
    r.dire("RetirerLabel", "2020-06-01", structure="rendue", motif="Renonce")
    r.label("sans-siret", None)
    r.signer("sans-siret", "2020-03-10")
    r.label("sans-convention", 5)
    r.label("formule", 6, porteur=FORMULE)
    r.signer("formule", "2021-05-10")
    une = {"rang": 1, "exercice": 2020, "montant_centimes": 5_000_000, "echeance": "2020-06-01"}
    r.dire("RéviserRègles", "2020-01-01", regles={"plancher_centimes": 100}, source="Exemple")
    r.label("unique", 7, label={"montant_centimes": 5_000_000, "echeancier": [une]})
    r.signer("unique", "2020-05-31")
    return r.commandes


def creer(base: Path, commandes: list[Json]) -> Path:
    """A base that holds these commands, all accepted."""
    fait = lancer("executer", "-", "--base", base, entree=en_lignes(commandes))
    assert fait.code == 0, fait.sortie
    return base


def journal(commandes: list[Json]) -> Journal:
    """The same, in memory, every fact recorded on 1 January 2022 at noon."""
    livre = GrandLivre(MemoryStore(), clock=HorlogeFixe("2022-01-01T12:00:00.000000Z"))
    for commande in commandes:
        assert livre.executer(commande).statut == "acceptee"
    return Journal(livre.store, PROGRAMME)


def attendu(nom: str, obtenu: str) -> str:
    """The whole expected file; `FABRIQUES_ECRIRE_ATTENDUS=1` writes it, to be read again.

    The version of the engine, which every file names, is that of the day.
    """
    fichier = Path(__file__).parent / "attendus" / nom
    if os.environ.get("FABRIQUES_ECRIRE_ATTENDUS"):
        fichier.write_bytes(obtenu.replace(_MOTEUR, "MOTEUR").encode("utf-8"))
    return fichier.read_bytes().decode("utf-8").replace("MOTEUR", _MOTEUR)
