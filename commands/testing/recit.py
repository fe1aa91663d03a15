"""Given, when, then: a story told to any system under test, in the words of `mots`.

    recit = Recit(Moteur(livre, lecteur=lecteur(livre.store)))
    recit.etant_donne(candidature("lab01"), labellisation("lab01", "03/02/2020"))
    recit.quand_on_tente(versement("lab01", "02/03/2020", 2))
    recit.alors_c_est_refuse("tranche_precedente_due")
    recit.alors_l_enveloppe(disponible="44 850 000,00 €")

`etant_donne` and `quand` demand that their steps be accepted; `quand_on_tente` demands nothing.
What fails says every command sent so far, as lines for `fabriques executer -`.
"""

from __future__ import annotations

from typing import Any

from ledger.bareme import regles_publiees
from ledger.montants import lire_euros
from ledger.testing.valeurs import Json

from .contexte import PROGRAMME
from .histoires import en_lignes
from .mots import CHAMPS, Etape, iso, qui
from .systeme import Systeme


class Recit:
    """One story: a programme opened on 11 July 2019 with the rules of the call, changed at will."""

    def __init__(self, systeme: Systeme, **regles: Any) -> None:
        self.systeme = systeme
        self.recu: Json = {}
        self._envoyees: list[Json] = []
        publiees = regles_publiees("2019")["regles"]
        self.etant_donne(("OuvrirProgramme", "11/07/2019", {"regles": publiees | regles}))

    def etant_donne(self, *etapes: Etape) -> Recit:
        """What happened before; every step is accepted."""
        self.quand(*etapes)
        return self

    def quand(self, *etapes: Etape) -> int:
        """What happens, and is accepted. The position of the last step."""
        position = 0
        for etape in etapes:
            self.quand_on_tente(etape)
            self.alors_c_est_accepte()
            position = self.recu["positions"][0]
        return position

    def quand_on_tente(self, etape: Etape) -> None:
        """What somebody tries."""
        verbe, le, champs = etape
        commun = {
            "commande": verbe,
            "id_commande": f"c{len(self._envoyees) + 1}",
            "programme": PROGRAMME,
            "acteur": qui("alice"),
            "date_effet": iso(le),
        }
        self._envoyees.append(commun | CHAMPS[verbe] | champs)
        self.recu = self.systeme.executer(self._envoyees[-1])

    def alors_c_est_refuse(self, code: str, phrase: str = "") -> None:
        """The try is refused, with this code and this sentence."""
        vu = (self.recu["statut"], self.recu["code"])
        assert vu == ("refusee", code), self._dire(self.recu)
        assert phrase in (self.recu.get("message") or ""), self._dire(self.recu)

    def alors_c_est_accepte(self) -> None:
        """The try is accepted."""
        vu = (self.recu["statut"], self.recu["code"])
        assert vu == ("acceptee", None), self._dire(self.recu)

    def alors_l_enveloppe(self, au: str | None = None, **attendus: str) -> None:
        """Figures of the envelope, in EUR: `disponible="45 000 000,00 €"`."""
        self._comparer(self._lire("enveloppe", au), attendus)

    def alors_l_exercice(self, exercice: int, au: str | None = None, **attendus: str) -> None:
        """Figures of one exercice, in EUR."""
        lignes = {ligne["exercice"]: ligne for ligne in self._lire("credits", au)}
        self._comparer(lignes[exercice], attendus)

    def alors_les_tranches(self, structure: str, *attendus: str, au: str | None = None) -> None:
        """The status of each instalment."""
        figure = self._lire("echeancier", au, structure)
        vus = [tranche["statut"] for tranche in figure["tranches"]]
        assert vus == list(attendus), self._dire(vus)

    def alors_l_anomalie(self, code: str, structure: str | None = None) -> None:
        """An anomaly is listed."""
        vues = [(a["code"], a["structure"]) for a in self._lire("anomalies", None)]
        assert (code, structure) in vues, self._dire(vues)

    def table(self, exercice: int) -> Json:
        """The whole line of one exercice, to be compared later."""
        lignes: list[Json] = self._lire("credits", None)
        return {ligne["exercice"]: ligne for ligne in lignes}[exercice]

    def _lire(self, chiffre: str, au: str | None, structure: str | None = None) -> Any:
        jour = None if au is None else iso(au)
        return self.systeme.lire(chiffre, programme=PROGRAMME, structure=structure, au=jour)

    def _comparer(self, ligne: Json, attendus: dict[str, str]) -> None:
        obtenus = {nom: ligne[f"{nom}_centimes"] for nom in attendus}
        voulus = {nom: lire_euros(euros) for nom, euros in attendus.items()}
        assert obtenus == voulus, self._dire(f"attendu {voulus}, obtenu {obtenus}")

    def _dire(self, vu: Any) -> str:
        lignes = en_lignes(self._envoyees)
        return f"{vu}\n{len(self._envoyees)} commandes, pour « fabriques executer - » :\n{lignes}"
