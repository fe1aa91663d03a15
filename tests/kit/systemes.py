"""Systems under test: this engine as it is, and copies of it that each get one thing wrong."""

from __future__ import annotations

from typing import Any

from commands import GrandLivre
from commands.testing.systeme import Moteur, Systeme
from ledger import MemoryStore
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import Json
from projections.testing import chiffres


class Sain(Moteur):
    """This engine, in memory, with nothing changed. Remembers what it was asked."""

    def __init__(self) -> None:
        store = MemoryStore()
        livre = GrandLivre(store, clock=Horloge())
        super().__init__(livre, lecteur=chiffres.lecteur(store))
        self.envoyees: list[Json] = []
        self.recus: list[Json] = []
        self.lectures: list[tuple[str, Json]] = []
        self.redemarrages = 0
        self.fermetures = 0

    def executer(self, commande: Json) -> Json:
        self.envoyees.append(commande)
        self.recus.append(self.repondre(commande))
        return self.recus[-1]

    def repondre(self, commande: Json) -> Json:
        return super().executer(commande)

    def lire(self, chiffre: str, **demande: Any) -> Any:
        self.lectures.append((chiffre, demande))
        return super().lire(chiffre, **demande)

    def redemarrer(self) -> None:
        self.redemarrages += 1

    def fermer(self) -> None:
        self.fermetures += 1
        super().fermer()


class TrenteMillions(Sain):
    """Withdrawals of earlier years refill the envelope."""

    def repondre(self, commande: Json) -> Json:
        return super().repondre(_avec_regles(commande, retraits_anterieurs_recyclables=True))


class PlafondAUnCentime(Sain):
    """The yearly cap is one cent too wide."""

    def repondre(self, commande: Json) -> Json:
        if commande.get("commande") != "OuvrirProgramme" or not isinstance(
            commande.get("regles"), dict
        ):
            return super().repondre(commande)
        plafond = commande["regles"]["plafond_annuel_centimes"]
        return super().repondre(_avec_regles(commande, plafond_annuel_centimes=plafond + 1))


class DoublePaiement(Sain):
    """A payment sent again is paid again, when there is something left to pay."""

    def repondre(self, commande: Json) -> Json:
        recu = super().repondre(commande)
        if recu["statut"] == "deja_executee" and commande["commande"] == "VerserTranche":
            super().repondre(commande | {"id_commande": f"{commande['id_commande']}-bis"})
        return recu


class OublieAuRedemarrage(Sain):
    """The last command acknowledged is lost when the system stops."""

    def redemarrer(self) -> None:
        super().redemarrer()
        ecrites = [c for c, r in zip(self.envoyees, self.recus, strict=True) if r["positions"]]
        store = MemoryStore()
        self.livre = GrandLivre(store, clock=Horloge())
        self._lecteur = chiffres.lecteur(store)
        for commande in ecrites[:-1]:
            self.livre.executer(commande)


class TombeEnPanne(Sain):
    """A withdrawal makes it raise."""

    def repondre(self, commande: Json) -> Json:
        recu = super().repondre(commande)
        if commande.get("commande") == "RetirerLabel" and recu["statut"] == "acceptee":
            raise ZeroDivisionError("part du mois")
        return recu


class SansCode(Sain):
    """It refuses without saying why."""

    def repondre(self, commande: Json) -> Json:
        return super().repondre(commande) | {"code": None}


class SansPosition(Sain):
    """It does not say where a fact is."""

    def repondre(self, commande: Json) -> Json:
        return super().repondre(commande) | {"positions": []}


class ArronditLesMontants(Sain):
    """It takes `100.0`, or `"100"`, for cents: a command with that defect is executed."""

    def repondre(self, commande: Json) -> Json:
        lus = {
            nom: int(valeur) if nom.endswith("_centimes") and _nombre(valeur) else valeur
            for nom, valeur in commande.items()
        }
        return super().repondre(lus)


class CompareLesOctets(Sain):
    """A retry that is spelt otherwise is another command."""

    def repondre(self, commande: Json) -> Json:
        recu = super().repondre(commande)
        if recu["statut"] == "deja_executee":
            faites = zip(self.envoyees, self.recus, strict=False)
            [fait] = [c for c, r in faites if r["positions"] == recu["positions"]][:1]
            if [*fait.items()] != [*commande.items()]:
                return recu | {"statut": "refusee", "code": "commande_divergente", "positions": []}
        return recu


class FlotteAuDisponible(Sain):
    """What is available is the right number, as a float."""

    def lire(self, chiffre: str, **demande: Any) -> Any:
        lu = super().lire(chiffre, **demande)
        if chiffre == "enveloppe":
            lu["disponible_centimes"] = float(lu["disponible_centimes"])
        return lu


class NeVoitQueLePresent(Sain):
    """Figures ignore the effect date that they are asked at."""

    def lire(self, chiffre: str, **demande: Any) -> Any:
        return super().lire(chiffre, **demande | {"au": None})


class NeVoitQueLeDernierEtat(Sain):
    """Figures ignore the position that they are asked at."""

    def lire(self, chiffre: str, **demande: Any) -> Any:
        return super().lire(chiffre, **demande | {"connu_au": None})


class SansLecture(Systeme):
    """What a stranger writes first: `executer`, and nothing else."""

    def __init__(self) -> None:
        self.sain = Sain()

    def executer(self, commande: Json) -> Json:
        return self.sain.executer(commande)

    def fermer(self) -> None:
        self.sain.fermer()


def _avec_regles(commande: Json, **changees: Any) -> Json:
    if commande.get("commande") == "OuvrirProgramme" and isinstance(commande.get("regles"), dict):
        return commande | {"regles": commande["regles"] | changees}
    return commande


def _nombre(valeur: Any) -> bool:
    return isinstance(valeur, float) or (isinstance(valeur, str) and valeur.isdigit())
