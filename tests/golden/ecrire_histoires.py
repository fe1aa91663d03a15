"""Write the golden histories that do not exist yet: `python -m tests.golden.ecrire_histoires`.

Told in the words of the kit to the reference model, which answers; a file once written is never
written again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from commands.testing import figees
from commands.testing.contexte import PROGRAMME
from commands.testing.mots import (
    Etape,
    avenant,
    bilan,
    bonus,
    candidature,
    cloture,
    demande,
    encaissement,
    fin_du_programme,
    labellisation,
    ordre,
    rejet,
    rejet_bancaire,
    retrait,
    versement,
    versement_du_bonus,
)
from commands.testing.recit import Recit
from commands.testing.systeme import Modele
from ledger.testing.valeurs import Json

DOSSIER = Path(figees.__file__).with_name("donnees") / "histoires"


class Enregistreur(Modele):
    """The reference model; remembers what it was sent and what it answered."""

    def __init__(self) -> None:
        super().__init__()
        self.commandes: list[Json] = []
        self.recus: list[Json] = []

    def executer(self, commande: Json) -> Json:
        """Answer and remember."""
        self.commandes.append(commande)
        self.recus.append(super().executer(commande))
        return self.recus[-1]


def _label(nom: str = "s1", le: str = "03/02/2020", montant: str = "150 000,00 €") -> list[Etape]:
    return [candidature(nom), labellisation(nom, le, montant)]


def _credits(verbe: str, le: str, exercice: int, ae: int, cp: int) -> Etape:
    champs = {"exercice": exercice, "ae_centimes": ae, "cp_centimes": cp}
    return (verbe, le, champs)


def exemple_chiffre(recit: Recit) -> None:
    """L'exemple chiffré : 80 labels, 32 bonus, deux abandons en 2021, trois ans de versements."""
    recit.quand(("RéviserRègles", "03/02/2020", {"regles": {"quota_numeriques": 32}}))
    noms = [f"s{n:02d}" for n in range(1, 81)]
    for rang, nom in enumerate(noms):
        numerique = rang < 32
        recit.quand(candidature(nom, numerique=numerique), labellisation(nom, "03/02/2020"))
    recit.quand(*(bonus(nom, "03/02/2020") for nom in noms[:32]))
    recit.quand(*(versement(nom, "02/03/2020", 1) for nom in noms))
    recit.quand(*(versement_du_bonus(nom, "02/03/2020") for nom in noms[:32]))
    recit.quand(*(retrait(nom, "15/02/2021") for nom in noms[-2:]))
    for rang, le in ((2, "02/03/2021"), (3, "02/03/2022")):
        recit.quand(*(versement(nom, le, rang) for nom in noms[:-2]))


def retrait_annee_suivante(recit: Recit) -> None:
    """Un label retiré une année ultérieure ne regarnit ni les AE ni l'enveloppe."""
    recit.quand(*_label(), versement("s1", "02/03/2020", 1), retrait("s1", "15/02/2021"))


def retrait_meme_annee(recit: Recit) -> None:
    """Un label retiré dans l'année de son engagement regarnit AE et enveloppe."""
    recit.quand(*_label(), versement("s1", "02/03/2020", 1), retrait("s1", "15/10/2020"))


def avenants_et_cohortes(recit: Recit) -> None:
    """Un avenant en hausse engage l'année de l'avenant ; un retrait prend le récent d'abord."""
    plan = ((2020, "40 000,00 €", "03/02/2020"), (2021, "40 000,00 €", "01/03/2021"))
    hausse = (*plan, (2022, "20 000,00 €", "01/03/2022"))
    baisse = (plan[0], (2021, "45 000,00 €", "01/03/2021"))
    recit.quand(*_label(montant="90 000,00 €"))
    recit.quand(avenant("s1", "10/02/2020", "80 000,00 €", *plan))
    recit.quand(avenant("s1", "10/01/2021", "100 000,00 €", *hausse))
    recit.quand(versement("s1", "02/03/2021", 1, "40 000,00 €"))
    recit.quand(avenant("s1", "10/01/2022", "85 000,00 €", *baisse))
    recit.quand(retrait("s1", "11/01/2022"))


def bonus_hors_enveloppe(recit: Recit) -> None:
    """Le bonus imputé hors enveloppe ne consomme pas l'enveloppe, mais bien des AE."""
    recit.quand(("RéviserRègles", "03/02/2020", {"regles": {"imputation_bonus": "hors_enveloppe"}}))
    recit.quand(*_label(), bonus("s1", "03/02/2020"), versement_du_bonus("s1", "02/03/2020"))
    recit.quand(retrait("s1", "15/02/2021"))


def credits_bloquants(recit: Recit) -> None:
    """AE et CP bloquants : ouvertures, gel, dégel, insuffisances au centime."""
    recit.quand(("RéviserRègles", "01/01/2020", {"regles": {"credits": "bloquants"}}))
    recit.quand(_credits("OuvrirCrédits", "02/01/2020", 2020, 15_000_000, 5_000_000))
    recit.quand(_credits("GelerCrédits", "03/01/2020", 2020, 1, 1), candidature("s1"))
    recit.quand_on_tente(labellisation("s1", "03/02/2020"))
    recit.alors_c_est_refuse("credits_insuffisants")
    recit.quand_on_tente(_credits("DégelerCrédits", "04/02/2020", 2020, 2, 0))
    recit.alors_c_est_refuse("gel_insuffisant")
    recit.quand(_credits("DégelerCrédits", "04/02/2020", 2020, 1, 0))
    recit.quand(labellisation("s1", "05/02/2020"))
    recit.quand_on_tente(versement("s1", "02/03/2020", 1))
    recit.alors_c_est_refuse("credits_insuffisants")
    recit.quand(versement("s1", "02/03/2020", 1, "49 999,99 €"))


def cloture_et_regularisation(recit: Recit) -> None:
    """Un versement annulé après la clôture compte en régularisation du premier exercice ouvert."""
    recit.quand(*_label())
    position = recit.quand(versement("s1", "02/03/2020", 1))
    recit.quand(cloture(2019, "02/01/2021"), cloture(2020, "02/01/2021"))
    recit.quand_on_tente(versement("s1", "02/12/2020", 2))
    recit.alors_c_est_refuse("exercice_clos")
    recit.quand(rejet_bancaire("s1", "04/03/2020", position), versement("s1", "02/03/2021", 1))


def ordonnancement(recit: Recit) -> None:
    """Ordre puis paiement par un autre ; bilan exigé pour la deuxième tranche."""
    exiges = {"bilan_requis": True, "ordonnancement_requis": True}
    recit.quand(("RéviserRègles", "01/01/2020", {"regles": exiges}), *_label())
    recit.quand_on_tente(versement("s1", "02/03/2020", 1))
    recit.alors_c_est_refuse("ordonnancement_manquant")
    recit.quand(ordre("s1", "20/02/2020", 1, "50 000,00 €", "bo (ordonnateur)"))
    recit.quand_on_tente(versement("s1", "02/03/2020", 1, par="bo (comptable)"))
    recit.alors_c_est_refuse("separation_des_fonctions")
    recit.quand(versement("s1", "02/03/2020", 1))
    recit.quand_on_tente(ordre("s1", "02/03/2021", 2, "50 000,00 €", "bo (ordonnateur)"))
    recit.alors_c_est_refuse("bilan_manquant")
    recit.quand(bilan("s1", "20/02/2021", 2020, accepte=True))
    recit.quand(ordre("s1", "02/03/2021", 2, "50 000,00 €", "bo (ordonnateur)"))
    recit.quand(versement("s1", "03/03/2021", 2))


def reversements(recit: Recit) -> None:
    """Un reversement encaissé est une recette : ni AE, ni CP, ni enveloppe n'en sont regarnis."""
    recit.quand(*_label(), versement("s1", "02/03/2020", 1), retrait("s1", "15/02/2021"))
    recit.quand_on_tente(demande("s1", "01/03/2021", "50 000,01 €"))
    recit.alors_c_est_refuse("montant_excessif")
    recit.quand(demande("s1", "01/03/2021", "20 000,00 €"))
    recit.quand(encaissement("s1", "15/04/2021", "12 000,00 €"))


def nouvelle_candidature(recit: Recit) -> None:
    """Une structure rejetée peut revenir ; un label en cours interdit une autre candidature."""
    recit.quand(candidature("s1"), rejet("s1", "20/01/2020"), candidature("s1", "21/01/2020"))
    recit.quand(labellisation("s1", "03/02/2020"))
    recit.quand_on_tente(candidature("s1", "04/02/2020"))
    recit.alors_c_est_refuse("candidature_existante")
    recit.quand(fin_du_programme("01/03/2020"))
    recit.quand_on_tente(candidature("s2", "02/03/2020"))
    recit.alors_c_est_refuse("programme_clos")


def renvois(recit: Recit) -> None:
    """La même commande renvoyée ne fait qu'un fait ; sous le même id, autre chose est refusé."""
    recit.quand(*_label(), versement("s1", "02/03/2020", 1))
    systeme = recit.systeme
    if isinstance(systeme, Enregistreur):
        derniere = systeme.commandes[-1]
        systeme.executer(derniere)
        systeme.executer(derniere | {"exercice": 2020})
        systeme.executer(derniere | {"montant_centimes": 4_999_999})


def limites_au_centime(recit: Recit) -> None:
    """Un centime ou un jour au-delà de chaque limite est refusé, la limite est admise."""
    recit.quand(candidature("s1"))
    for montant, code in (("74 999,99 €", "montant_hors_bornes"), ("150 000,01 €",) * 2):
        recit.quand_on_tente(labellisation("s1", "03/02/2020", montant))
        recit.alors_c_est_refuse("montant_hors_bornes" if code == montant else code)
    recit.quand_on_tente(labellisation("s1", "09/01/2020"))
    recit.alors_c_est_refuse("date_incoherente")
    recit.quand(labellisation("s1", "03/02/2020"))
    recit.quand_on_tente(versement("s1", "03/02/2020", 1, "50 000,01 €"))
    recit.alors_c_est_refuse("montant_excessif")
    recit.quand(versement("s1", "03/02/2020", 1))
    recit.quand_on_tente(versement("s1", "28/02/2021", 2))
    recit.alors_c_est_refuse("echeance_non_atteinte")
    recit.quand_on_tente(versement("s1", "01/03/2022", 3))
    recit.alors_c_est_refuse("tranche_precedente_due")
    recit.quand(versement("s1", "01/03/2021", 2))


HISTOIRES: tuple[Callable[[Recit], None], ...] = (
    exemple_chiffre,
    retrait_annee_suivante,
    retrait_meme_annee,
    avenants_et_cohortes,
    bonus_hors_enveloppe,
    credits_bloquants,
    cloture_et_regularisation,
    ordonnancement,
    reversements,
    nouvelle_candidature,
    renvois,
    limites_au_centime,
)


def raconter(histoire: Callable[[Recit], None]) -> Json:
    """One history told to the reference model, and its figures at each year end and halfway."""
    systeme = Enregistreur()
    histoire(Recit(systeme))
    acceptees = sum(recu["statut"] == "acceptee" for recu in systeme.recus)
    demandes: list[tuple[str | None, int | None]] = [(None, None), (None, acceptees // 2)]
    demandes += [(f"{annee}-12-31", None) for annee in (2019, 2020, 2021)]
    return {
        "titre": (histoire.__doc__ or "").strip(),
        "commandes": systeme.commandes,
        "recus": systeme.recus,
        "vues": [
            {
                "au": au,
                "connu_au": connu_au,
                "chiffres": _chiffres(systeme, au, connu_au),
            }
            for au, connu_au in demandes
        ],
    }


def _chiffres(systeme: Enregistreur, au: str | None, connu_au: int | None) -> Json:
    """The four figures of the last view, the two tables of the others."""
    chiffres = systeme.reference.chiffres(PROGRAMME, au, connu_au)
    if (au, connu_au) == (None, None):
        return chiffres
    return {nom: chiffres[nom] for nom in ("enveloppe", "credits")}


def _texte(histoire: Json) -> str:
    """JSON, one command, one receipt, one view a line."""
    membres = [f'"titre": {json.dumps(histoire["titre"], ensure_ascii=False)}']
    for nom in ("commandes", "recus", "vues"):
        lignes = ",\n".join(json.dumps(x, ensure_ascii=False) for x in histoire[nom])
        membres.append(f'"{nom}": [\n{lignes}\n]')
    corps = ",\n".join(membres)
    return f"{{{corps}}}\n"


def ecrire(dossier: Path = DOSSIER) -> list[str]:
    """Write the missing files; their names."""
    ecrits: list[str] = []
    for histoire in HISTOIRES:
        fichier = dossier / f"{histoire.__name__.replace('_', '-')}.json"
        if not fichier.exists():
            fichier.write_text(_texte(raconter(histoire)), "utf-8")
            ecrits.append(fichier.name)
    return ecrits


if __name__ == "__main__":
    sys.stdout.write("\n".join(ecrire()) + "\n")
