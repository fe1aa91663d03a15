"""Self-checks of the reference model: golden example, every refusal code, identities."""

from __future__ import annotations

import random
import unicodedata
from typing import Any

import pytest

from commands.testing.reference import Reference

Json = dict[str, Any]

P = "fabriques"
EURO = 100
REGLES: Json = {
    "enveloppe_centimes": 4_500_000_000,
    "plancher_centimes": 7_500_000,
    "plafond_centimes": 15_000_000,
    "plafond_annuel_centimes": 5_000_000,
    "exercices_max": 3,
    "quota_total": 300,
    "quota_qpv": 150,
    "quota_hors_qpv": 150,
    "quota_numeriques": 30,
    "bonus_centimes": 10_000_000,
    "exercice_bonus": 2019,
    "imputation_bonus": "enveloppe",
    "quotas": "bloquants",
    "credits": "non_suivis",
}
CRITERES = dict.fromkeys(
    (
        "ancrage_territorial",
        "communaute_engagee",
        "gouvernance_partagee",
        "hybridation_activites",
        "experimentation",
    ),
    "rempli",
)


class Banc:
    """A reference and short ways to send commands to its programme."""

    def __init__(self, **regles: Any) -> None:
        self.reference = Reference()
        self.numero = 0
        ouverture = self.ouvrir(**regles)
        assert ouverture["statut"] == "acceptee"

    def commande(self, verbe: str, date: str, **champs: Any) -> Json:
        self.numero += 1
        commande = {
            "commande": verbe,
            "id_commande": f"c{self.numero}",
            "programme": P,
            "acteur": {"id": "alice", "role": "comptable"},
            "date_effet": date,
        }
        return commande | champs

    def envoyer(self, verbe: str, date: str, **champs: Any) -> Json:
        return self.reference.executer(self.commande(verbe, date, **champs))

    def ok(self, verbe: str, date: str, **champs: Any) -> int:
        recu = self.envoyer(verbe, date, **champs)
        assert recu["statut"] == "acceptee", recu
        return int(recu["positions"][0])

    def refus(self, verbe: str, date: str, **champs: Any) -> str:
        recu = self.envoyer(verbe, date, **champs)
        assert (recu["statut"], recu["positions"]) == ("refusee", [])
        return str(recu["code"])

    def ouvrir(self, **regles: Any) -> Json:
        return self.envoyer(
            "OuvrirProgramme",
            "2019-07-11",
            intitule="Fabriques",
            regles=REGLES | regles,
            source="AMI 2019",
        )

    def deposer(self, structure: str, date: str = "2020-01-10", **champs: Any) -> int:
        corps: Json = {
            "structure": structure,
            "porteur": "Porteur",
            "code_postal": "01500",
            "ville": "Ambérieu",
            "territoire": "qpv",
            "numerique": True,
        }
        return self.ok("DéposerCandidature", date, **(corps | champs))

    def labelliser(self, structure: str, date: str = "2020-02-03", **champs: Any) -> int:
        corps: Json = {"structure": structure, "montant_centimes": 15_000_000}
        return self.ok("LabelliserFabrique", date, **(corps | champs))

    def label(self, structure: str = "s1", date: str = "2020-02-03", **champs: Any) -> int:
        self.deposer(structure)
        return self.labelliser(structure, date, **champs)

    def verser(self, structure: str, rang: int, date: str, montant: int = 5_000_000) -> int:
        return self.ok("VerserTranche", date, **versement(structure, rang, montant))

    def credits(self, **filtre: Any) -> dict[int, Json]:
        return {ligne["exercice"]: ligne for ligne in self.reference.credits(P, **filtre)}


def versement(structure: str = "s1", rang: int = 1, montant: int = 5_000_000) -> Json:
    return {
        "structure": structure,
        "rang": rang,
        "montant_centimes": montant,
        "reference": "V",
    }


def tranches(*lignes: tuple[int, int], jour: str = "03-01") -> list[Json]:
    return [
        {
            "rang": rang,
            "exercice": exercice,
            "montant_centimes": montant,
            "echeance": f"{exercice}-{jour}",
        }
        for rang, (exercice, montant) in enumerate(lignes, start=1)
    ]


def reversement(montant: int) -> Json:
    return {"structure": "s1", "montant_centimes": montant, "titre": "T"}


# -- golden example ---------------------------------------------------------------------------


def exemple_de_reference(**regles: Any) -> Banc:
    banc = Banc(**regles)
    banc.ok("RéviserRègles", "2020-01-15", regles={"quota_numeriques": 32}, source="dossier")
    noms = [f"fabrique-{n:02}" for n in range(1, 81)]
    for n, nom in enumerate(noms):
        banc.deposer(nom, numerique=n < 32)
        banc.labelliser(nom)
    for nom in noms[:32]:
        banc.ok("AccorderBonusNumérique", "2020-02-03", structure=nom)
    for nom in noms:
        banc.verser(nom, 1, "2020-03-02")
    for nom in noms[:32]:
        banc.ok(
            "VerserBonus",
            "2020-03-02",
            structure=nom,
            montant_centimes=10_000_000,
            reference="B",
        )
    for nom in noms[-2:]:
        banc.ok("RetirerLabel", "2021-02-15", structure=nom, motif="abandon")
    for rang, date in ((2, "2021-03-02"), (3, "2022-03-02")):
        for nom in noms[:-2]:
            banc.verser(nom, rang, date)
    return banc


def test_exemple_de_reference_au_centime() -> None:
    """The golden table comes out to the cent, by exercice and by date."""
    banc = exemple_de_reference()
    lignes = banc.credits()
    noms = ("ae_engagees", "cp_payes", "retraits_anterieurs", "rap_cloture")
    table = {e: tuple(v[f"{n}_centimes"] // EURO for n in noms) for e, v in lignes.items()}
    assert table == {
        2019: (3_200_000, 0, 0, 3_200_000),
        2020: (12_000_000, 7_200_000, 0, 8_000_000),
        2021: (0, 3_900_000, 200_000, 3_900_000),
        2022: (0, 3_900_000, 0, 0),
    }
    disponibles = {
        annee: banc.reference.enveloppe(P, au=f"{annee}-12-31")["disponible_centimes"] // EURO
        for annee in (2019, 2020, 2021, 2022)
    }
    assert disponibles == {2019: 45_000_000, **dict.fromkeys((2020, 2021, 2022), 29_800_000)}
    assert banc.reference.enveloppe(P) == {
        "programme": P,
        "position": 1 + 1 + 160 + 32 + 80 + 32 + 2 + 156,
        "au": None,
        "enveloppe_centimes": 4_500_000_000,
        "engage_centimes": 1_520_000_000,
        "engage_subventions_centimes": 1_200_000_000,
        "engage_bonus_centimes": 320_000_000,
        "retraits_meme_exercice_centimes": 0,
        "retraits_anterieurs_centimes": 20_000_000,
        "retraits_meme_exercice_bonus_centimes": 0,
        "retraits_anterieurs_bonus_centimes": 0,
        "disponible_centimes": 2_980_000_000,
        "paye_centimes": 1_500_000_000,
        "reste_a_payer_centimes": 0,
        "reversements_centimes": 0,
        "taux_consommation_dix_milliemes": 3378,
        "labels": {"total": 78, "qpv": 78, "hors_qpv": 0, "numeriques": 32},
        "quotas": {"total": 300, "qpv": 150, "hors_qpv": 150, "numeriques": 32},
    }


def test_bonus_hors_enveloppe_laisse_la_seule_formule_du_disponible() -> None:
    """With hors_enveloppe only the available amount and the rate change."""
    banc = exemple_de_reference(imputation_bonus="hors_enveloppe")
    figure = banc.reference.enveloppe(P)
    assert figure["disponible_centimes"] == 3_300_000_000
    assert figure["engage_bonus_centimes"] == 320_000_000
    assert figure["taux_consommation_dix_milliemes"] == 2667


def test_retraits_anterieurs_recyclables_rendent_enveloppe_et_ae() -> None:
    """Recyclable prior-year withdrawals give back envelope and AE of the withdrawal's year."""
    banc = exemple_de_reference(retraits_anterieurs_recyclables=True)
    assert banc.reference.enveloppe(P)["disponible_centimes"] == 3_000_000_000
    assert banc.credits()[2021]["ae_disponibles_centimes"] == 20_000_000


# -- money ------------------------------------------------------------------------------------


def test_cohortes_paiement_ancien_d_abord_retrait_recent_d_abord() -> None:
    """A 2021 increase is withdrawn first in 2021 (same year), then the 2020 commitment."""
    banc = Banc()
    banc.label("s1", montant_centimes=9_000_000)
    echeancier = tranches((2020, 3_000_000), (2021, 4_000_000), (2022, 5_000_000))
    echeancier[0]["echeance"] = "2020-02-03"
    champs: Json = {"structure": "s1", "motif": "plus", "montant_centimes": 12_000_000}
    banc.ok("SignerAvenant", "2021-01-10", **champs, echeancier=echeancier)
    banc.verser("s1", 1, "2021-01-20", 2_000_000)
    banc.ok("RetirerLabel", "2021-06-01", structure="s1", motif="abandon")
    ligne = banc.credits()[2021]
    assert ligne["ae_engagees_centimes"] == 3_000_000
    assert ligne["retraits_meme_exercice_centimes"] == 3_000_000
    assert ligne["retraits_anterieurs_centimes"] == 7_000_000
    assert ligne["rap_cloture_centimes"] == 0


def test_avenant_en_baisse_retire_l_engagement_le_plus_recent() -> None:
    """A decrease in the year of the increase frees its AE and the envelope."""
    banc = Banc()
    banc.label("s1", montant_centimes=9_000_000)
    for montant in (12_000_000, 8_000_000):
        moitie = montant // 2
        echeancier = tranches((2021, moitie), (2022, moitie))
        champs: Json = {"structure": "s1", "motif": "m", "montant_centimes": montant}
        if montant == 12_000_000:
            echeancier = tranches((2020, 4_000_000), (2021, 4_000_000), (2022, 4_000_000))
        banc.ok("SignerAvenant", "2021-01-10", **champs, echeancier=echeancier)
    ligne = banc.credits()[2021]
    assert ligne["retraits_meme_exercice_centimes"] == 3_000_000
    assert ligne["retraits_anterieurs_centimes"] == 1_000_000


def test_retrait_avant_l_exercice_de_l_engagement_compte_dans_celui_ci() -> None:
    """A bonus charged to 2022 and withdrawn in 2020 is withdrawn in 2022, same year."""
    banc = Banc()
    banc.label()
    banc.ok("AccorderBonusNumérique", "2020-02-03", structure="s1", exercice=2022)
    banc.ok("RetirerLabel", "2020-06-01", structure="s1", motif="m")
    lignes = banc.credits()
    assert lignes[2020]["retraits_meme_exercice_centimes"] == 15_000_000
    assert lignes[2022]["retraits_meme_exercice_centimes"] == 10_000_000
    assert banc.reference.enveloppe(P)["retraits_meme_exercice_bonus_centimes"] == 10_000_000


def test_bonus_hors_enveloppe_n_est_pas_borne_par_elle() -> None:
    """With hors_enveloppe a bonus is granted even when the envelope is used up."""
    banc = Banc(enveloppe_centimes=15_000_000, imputation_bonus="hors_enveloppe")
    banc.label()
    banc.ok("AccorderBonusNumérique", "2020-02-03", structure="s1")
    assert banc.reference.enveloppe(P)["disponible_centimes"] == 0


def test_regles_dans_l_ordre_des_dates_d_effet() -> None:
    """A late revision does not override one that takes effect after it."""
    banc = Banc()
    for date, plafond in (("2020-02-01", 8_000_000), ("2020-01-01", 9_000_000)):
        banc.ok("RéviserRègles", date, regles={"plafond_centimes": plafond}, source="s")
    banc.deposer("s1")
    corps: Json = {"structure": "s1", "montant_centimes": 9_000_000}
    assert banc.refus("LabelliserFabrique", "2020-02-03", **corps) == "montant_hors_bornes"
    banc.labelliser("s1", "2020-01-31", montant_centimes=9_000_000)


def test_credits_deja_negatifs_ne_bloquent_que_ce_qui_les_aggrave() -> None:
    """A command is refused for lowering what is already below zero, not for leaving it."""
    banc = Banc()
    banc.label()
    banc.ok("RéviserRègles", "2020-02-03", regles={"credits": "bloquants"}, source="s")
    corps: Json = {"exercice": 2020, "cp_centimes": 1, "nature": "lfr", "source": "s"}
    banc.ok("OuvrirCrédits", "2020-03-01", **corps, ae_centimes=0)
    assert banc.refus("OuvrirCrédits", "2020-03-01", **corps, ae_centimes=-1) == (
        "credits_insuffisants"
    )


def test_annulation_apres_cloture_est_une_regularisation() -> None:
    """A payment of a closed exercice is given back in the first open one."""
    banc = Banc()
    banc.label()
    payee = banc.verser("s1", 1, "2020-03-01")
    banc.ok("ClôturerExercice", "2021-01-02", exercice=2019)
    banc.ok("ClôturerExercice", "2021-01-02", exercice=2020)
    avant = banc.credits()[2020]
    banc.ok(
        "AnnulerVersement", "2020-04-01", structure="s1", position=payee, motif="rejet_bancaire"
    )
    lignes = banc.credits()
    assert lignes[2020] == avant
    assert lignes[2021]["regularisations_centimes"] == -5_000_000
    # Rank 1 is planned in 2020, which is closed: it is shown in 2021.
    assert lignes[2021]["cp_restant_a_prevoir_centimes"] == 10_000_000


def test_annulation_apres_retrait_est_retiree_aussitot() -> None:
    """A payment cancelled after the label was withdrawn puts nothing back to plan."""
    banc = Banc()
    banc.label()
    payee = banc.verser("s1", 1, "2020-03-01")
    banc.ok("RetirerLabel", "2020-06-01", structure="s1", motif="abandon")
    banc.ok("AnnulerVersement", "2021-02-01", structure="s1", position=payee, motif="erreur")
    lignes = banc.credits()
    assert lignes[2020]["retraits_meme_exercice_centimes"] == 10_000_000
    assert lignes[2020]["cp_payes_centimes"] == 0
    assert lignes[2021]["retraits_anterieurs_centimes"] == 5_000_000
    assert banc.reference.enveloppe(P)["reste_a_payer_centimes"] == 0
    assert banc.reference.enveloppe(P)["disponible_centimes"] == 4_495_000_000


def test_reversement_n_est_jamais_rendu() -> None:
    """Recovered money is shown and changes neither AE, CP nor the envelope."""
    banc = Banc()
    banc.label()
    banc.verser("s1", 1, "2020-03-01")
    avant = banc.reference.enveloppe(P)
    banc.ok("DemanderReversement", "2020-05-01", **reversement(100))
    banc.ok("EncaisserReversement", "2020-05-02", **reversement(60))
    apres = banc.reference.enveloppe(P)
    assert apres == avant | {"reversements_centimes": 60, "position": avant["position"] + 2}
    assert banc.refus("DemanderReversement", "2020-06-01", **reversement(4_999_901)) == (
        "montant_excessif"
    )
    assert banc.refus("EncaisserReversement", "2020-06-01", **reversement(41)) == (
        "montant_excessif"
    )


def test_statuts_des_tranches() -> None:
    """Each status appears at the date where it applies, and as known then."""
    banc = Banc()
    banc.label()
    banc.ok("AccorderBonusNumérique", "2020-02-03", structure="s1")
    banc.verser("s1", 1, "2020-03-01")
    banc.verser("s1", 2, "2021-03-01", 1_000_000)
    fin = banc.ok("RetirerLabel", "2021-06-01", structure="s1", motif="abandon")

    def statuts(au: str | None, connu_au: int | None = None) -> list[str]:
        vue = banc.reference.echeancier(P, "s1", au=au, connu_au=connu_au)
        return [tranche["statut"] for tranche in vue["tranches"]]

    assert statuts("2020-02-03") == ["exigible", "a_venir", "a_venir"]
    assert statuts("2021-02-28") == ["soldee", "a_venir", "a_venir"]
    assert statuts("2021-03-01") == ["soldee", "partielle", "a_venir"]
    assert statuts("2022-03-01", fin - 1) == ["soldee", "en_retard", "exigible"]
    assert statuts(None, fin - 1) == ["soldee", "partielle", "a_venir"]
    figure = banc.reference.echeancier(P, "s1")
    assert statuts(None) == ["soldee", "annulee", "annulee"]
    assert [t["reste_centimes"] for t in figure["tranches"]] == [0, 0, 0]
    assert figure["bonus"] == {
        "montant_centimes": 10_000_000,
        "exercice": 2019,
        "verse_centimes": 0,
    }
    assert (figure["etat"], figure["evenements"]) == ("label_retire", [2, 3, 4, 5, 6, 7])


def test_echeancier_par_defaut_donne_le_reste_a_la_derniere() -> None:
    """Three parts, the rest in the last one; the first due on the day of the labelling."""
    banc = Banc()
    banc.label(montant_centimes=10_000_001)
    lignes = banc.reference.echeancier(P, "s1")["tranches"]
    assert [(t["exercice"], t["echeance"], t["montant_centimes"]) for t in lignes] == [
        (2020, "2020-02-03", 3_333_333),
        (2021, "2021-03-01", 3_333_333),
        (2022, "2022-03-01", 3_333_335),
    ]


def test_registre_des_structures() -> None:
    """The register is sorted and gives the last application."""
    banc = Banc()
    banc.label("s2")
    banc.verser("s2", 1, "2020-03-01")
    banc.deposer("s1", territoire="inconnu", numerique=False)
    banc.ok("RejeterCandidature", "2020-02-01", structure="s1", motif="incomplet")
    banc.deposer("s1", date="2020-03-01", porteur="Autre", numerique=False)
    lignes = banc.reference.structures(P)
    assert [ligne["structure"] for ligne in lignes] == ["s1", "s2"]
    assert lignes[0] == {
        "structure": "s1",
        "porteur": "Autre",
        "code_postal": "01500",
        "ville": "Ambérieu",
        "territoire": "qpv",
        "numerique": False,
        "etat": "deposee",
        "montant_centimes": 0,
        "paye_centimes": 0,
    }
    assert lignes[1]["montant_centimes"] == 15_000_000
    assert lignes[1]["paye_centimes"] == 5_000_000


# -- ids and schema ---------------------------------------------------------------------------


def test_meme_identifiant_meme_contenu_rend_le_premier_recu() -> None:
    """Accents, NFD and explicit defaults make no difference; another content is refused."""
    banc = Banc()
    banc.label()
    commande = banc.commande("VerserTranche", "2020-03-01", **versement()) | {"reference": "Réf"}
    assert banc.reference.executer(commande)["positions"] == [4]
    nfd = commande | {"reference": unicodedata.normalize("NFD", "Réf"), "exercice": 2020}
    assert banc.reference.executer(nfd) == {
        "statut": "deja_executee",
        "code": None,
        "positions": [4],
    }
    autre = banc.reference.executer(commande | {"montant_centimes": 1})
    assert autre == {"statut": "refusee", "code": "commande_divergente", "positions": []}


@pytest.mark.parametrize("nom", ["RéviserRègles", "ReviserRegles"])
@pytest.mark.parametrize("forme", ["NFC", "NFD"])
def test_le_verbe_s_ecrit_avec_ou_sans_accents(nom: str, forme: Any) -> None:
    """The verb is accepted with or without accents, composed or not."""
    banc = Banc()
    banc.ok(unicodedata.normalize(forme, nom), "2020-01-01", regles={"quota_total": 1}, source="s")


VERSER: Json = {"commande": "VerserTranche", **versement()}
LABEL: Json = {"commande": "LabelliserFabrique", "structure": "s", "montant_centimes": 1}
CORRIGER: Json = {"commande": "CorrigerStructure", "structure": "s", "motif": "m"}
CREDITS: Json = {
    "commande": "OuvrirCrédits",
    "exercice": 2020,
    "ae_centimes": 1,
    "cp_centimes": 1,
    "nature": "lfi",
    "source": "s",
}
REVISER: Json = {"commande": "RéviserRègles", "source": "s", "regles": {"quota_total": 1}}
INVALIDES: list[Json] = [
    {"commande": "Inconnue"},
    VERSER | {"inconnu": 1},
    VERSER | {"id_commande": "é"},
    VERSER | {"id_commande": ""},
    VERSER | {"programme": "Fabriques"},
    VERSER | {"acteur": {"id": "a", "role": "roi"}},
    VERSER | {"date_effet": "2020-02-30"},
    VERSER | {"date_effet": "1899-12-31"},
    VERSER | {"date_effet": "2020-2-3"},
    VERSER | {"montant_centimes": 5_000_000.0},
    VERSER | {"montant_centimes": "5000000"},
    VERSER | {"montant_centimes": True},
    VERSER | {"montant_centimes": 0},
    VERSER | {"montant_centimes": 10**14 + 1},
    VERSER | {"exercice": 3000},
    VERSER | {"reference": "  "},
    VERSER | {"reference": "a\nb"},
    VERSER | {"reference": "a\u202eb"},
    VERSER | {"reference": "x" * 201},
    LABEL | {"montant_centimes": -1},
    LABEL | {"echeancier": tranches((2020, 1)) * 201},
    LABEL | {"echeancier": [{"rang": 1}]},
    LABEL | {"echeancier": [tranches((2020, 1))[0] | {"echeance": "2020-02-30"}]},
    LABEL | {"echeancier": [tranches((2020, 1))[0] | {"exercice": 2020.0}]},
    {"commande": "SignerAvenant", "structure": "s", "motif": "m", "montant_centimes": 1},
    CORRIGER,
    CORRIGER | {"porteur": None},
    CORRIGER | {"code_postal": "1500"},
    CORRIGER | {"siret": "0" * 14},
    CORRIGER | {"siret": "73282932000075"},
    CORRIGER | {"rna": "W12345678"},
    CORRIGER | {"vague": 0},
    CREDITS | {"nature": "don"},
    CREDITS | {"commande": "GelerCrédits"},
    REVISER | {"regles": {}},
    REVISER | {"regles": {"quota_total": None}},
    REVISER | {"regles": {"enveloppe_centimes": 1}},
    REVISER | {"regles": {"exercices_max": 101}},
    REVISER | {"regles": {"echeance_defaut": "02-29"}},
    REVISER | {"regles": {"inconnue": 1}},
    {"commande": "InstruireCandidature", "structure": "s", "criteres": {}},
    {"commande": "AnnulerVersement", "structure": "s", "position": 0, "motif": "erreur"},
]


@pytest.mark.parametrize("champs", INVALIDES)
def test_commande_invalide(champs: Json) -> None:
    """A command out of its schema is refused before anything else."""
    banc = Banc()
    commande = banc.commande("?", "2020-01-01") | champs
    assert banc.reference.executer(commande)["code"] == "commande_invalide"


@pytest.mark.parametrize("siret", ["73282932000074", "35600000000048", "35600000009075"])
def test_siret_admis(siret: str) -> None:
    """Luhn, and the rule of La Poste."""
    banc = Banc()
    banc.deposer("s1", siret=siret, rna="W123456789", vague=1, montant_demande_centimes=None)


def test_commande_qui_n_est_pas_un_objet() -> None:
    """Anything but an object is invalid."""
    assert Reference().executer([])["code"] == "commande_invalide"


# -- refusals ---------------------------------------------------------------------------------


def test_refus_du_programme() -> None:
    """Refusals on the existence and the end of the programme."""
    vide = Reference()
    banc = Banc()
    cloture = banc.commande("CloreProgramme", "2020-01-01", motif="fin")
    assert vide.executer(cloture)["code"] == "programme_inconnu"
    assert banc.ouvrir()["code"] == "programme_existant"
    banc.label()
    banc.ok("CloreProgramme", "2023-01-01", motif="fin")
    assert banc.refus("CloreProgramme", "2023-01-01", motif="fin") == "programme_clos"
    assert banc.refus("ModifierEnveloppe", "2019-12-01", variation_centimes=1, source="s") == (
        "programme_clos"
    )
    banc.verser("s1", 1, "2020-03-01")


def test_refus_des_regles() -> None:
    """Rules must be coherent at the revision's date and wherever they change later."""
    for regles in (
        {"bonus_centimes": -1},
        {"quota_qpv": -1},
        {"plancher_centimes": 15_000_001},
        {"exercices_max": 0},
        {"credits": "parfois"},
    ):
        neuf = Banc.__new__(Banc)
        neuf.reference, neuf.numero = Reference(), 0
        assert neuf.ouvrir(**regles)["code"] == "regles_incoherentes"
    banc = Banc()

    def reviser(date: str, **regles: Any) -> Json:
        return banc.envoyer("RéviserRègles", date, regles=regles, source="s")

    assert reviser("2022-01-01", plafond_centimes=8_000_000)["code"] is None
    # Coherent in 2021 (9 M under 15 M), not in 2022 (above 8 M).
    assert reviser("2021-01-01", plancher_centimes=9_000_000)["code"] == "regles_incoherentes"
    assert reviser("2023-01-01", plancher_centimes=9_000_000)["code"] == "regles_incoherentes"
    # Before the opening, a revision takes hold on the day of the opening.
    assert reviser("2019-01-01", plancher_centimes=16_000_000)["code"] == "regles_incoherentes"


def test_refus_d_enveloppe() -> None:
    """Neither a decrease nor a commitment may go past what is available."""
    banc = Banc(enveloppe_centimes=20_000_000)
    banc.label()
    moins = {"variation_centimes": -5_000_001, "source": "s"}
    assert banc.refus("ModifierEnveloppe", "2020-01-01", **moins) == "enveloppe_insuffisante"
    assert banc.refus("AccorderBonusNumérique", "2020-03-01", structure="s1") == (
        "enveloppe_depassee"
    )
    banc.deposer("s2")
    assert (
        banc.refus("LabelliserFabrique", "2020-02-03", structure="s2", montant_centimes=15_000_000)
        == "enveloppe_depassee"
    )


def test_refus_de_credits() -> None:
    """AE and CP are controlled only when binding; a thaw is always bounded."""
    banc = Banc(credits="bloquants")
    corps: Json = {"exercice": 2020, "source": "s", "cp_centimes": 4_000_000}
    banc.ok("OuvrirCrédits", "2020-01-01", **corps, ae_centimes=15_000_000, nature="lfi")
    banc.label()
    banc.deposer("s2")
    assert (
        banc.refus("LabelliserFabrique", "2020-02-03", structure="s2", montant_centimes=7_500_000)
        == "credits_insuffisants"
    )
    assert banc.refus("VerserTranche", "2020-03-01", **versement()) == "credits_insuffisants"
    banc.verser("s1", 1, "2020-03-01", 4_000_000)
    assert (
        banc.refus("OuvrirCrédits", "2020-03-01", **corps, ae_centimes=-1, nature="annulation")
        == "credits_insuffisants"
    )
    assert banc.refus("GelerCrédits", "2020-03-01", **corps, ae_centimes=0) == (
        "credits_insuffisants"
    )
    libre = Banc()
    libre.ok("GelerCrédits", "2020-03-01", **corps, ae_centimes=5)
    assert libre.refus("DégelerCrédits", "2020-03-01", **corps, ae_centimes=6) == (
        "gel_insuffisant"
    )
    libre.ok("DégelerCrédits", "2020-03-01", **corps, ae_centimes=5)


def test_refus_de_candidature() -> None:
    """State and dates of an application."""
    banc = Banc()
    banc.deposer("s1", date="2020-01-10")
    corps = banc.commande("DéposerCandidature", "2020-01-10") | {
        "structure": "s1",
        "porteur": "P",
        "code_postal": "01500",
        "ville": "V",
        "territoire": "qpv",
        "numerique": False,
    }
    assert banc.reference.executer(corps)["code"] == "candidature_existante"
    avis = {"avis": "reserve", "instance": "CNTL"}
    assert banc.refus("RendreAvis", "2020-01-10", structure="s9", **avis) == "structure_inconnue"
    assert banc.refus("RendreAvis", "2020-01-09", structure="s1", **avis) == "date_incoherente"
    banc.labelliser("s1")
    assert banc.refus("RendreAvis", "2020-03-10", structure="s1", **avis) == "etat_incompatible"
    motif = {"structure": "s1", "motif": "faute"}
    assert banc.refus("CorrigerStructure", "2020-03-10", **motif, numerique=False) == (
        "etat_incompatible"
    )
    banc.ok("CorrigerStructure", "2020-03-10", **motif, porteur="AURORE")


def test_refus_de_labellisation_dans_l_ordre() -> None:
    """Each refusal of LabelliserFabrique, each time the first cause is removed."""
    banc = Banc(instruction_requise=True, avis_requis=True, quota_qpv=0)
    banc.deposer("s1", territoire="inconnu")

    def label(date: str = "2020-02-03", **champs: Any) -> str:
        corps = {"structure": "s1", "montant_centimes": 1}
        return banc.refus("LabelliserFabrique", date, **(corps | champs))

    assert label(date="2020-01-01") == "date_incoherente"
    assert label() == "instruction_manquante"
    banc.ok("InstruireCandidature", "2020-01-20", structure="s1", criteres=CRITERES)
    assert label() == "avis_manquant"
    banc.ok("RendreAvis", "2020-01-20", structure="s1", avis="defavorable", instance="CNTL")
    assert label() == "territoire_inconnu"
    assert label(territoire="qpv") == "montant_hors_bornes"
    bon: Json = {"territoire": "qpv", "montant_centimes": 10_000_000}
    assert label(**bon, echeancier=[]) == "echeancier_invalide"
    fautes = [
        tranches((2020, 5_000_000), (2021, 4_999_999)),
        tranches((2020, 10_000_000), (2021, 0)),
        tranches((2019, 5_000_000), (2020, 5_000_000)),
        tranches((2020, 5_000_000), (2023, 5_000_000)),
        tranches((2021, 5_000_000), (2020, 5_000_000)),
        tranches((2020, 5_000_000), (2021, 5_000_000))[::-1],
        tranches((2020, 5_000_000), (2021, 5_000_000), jour="01-01"),
    ]
    for faute in fautes:
        assert label(**bon, echeancier=faute) == "echeancier_invalide"
    trop = tranches((2020, 5_000_001), (2021, 4_999_999))
    assert label(**bon, echeancier=trop) == "plafond_annuel_depasse"
    assert label(**bon) == "quota_atteint"
    banc.ok("RéviserRègles", "2020-01-01", regles={"quotas": "indicatifs"}, source="s")
    banc.labelliser("s1", territoire="qpv", montant_centimes=10_000_000)


def test_refus_d_avenant() -> None:
    """A paid rank keeps its exercice, its due date and at least what is paid."""
    banc = Banc()
    banc.label(montant_centimes=9_000_000)
    banc.verser("s1", 1, "2020-03-01", 2_000_000)

    def avenant(*lignes: tuple[int, int], date: str = "2020-06-01") -> Json:
        echeancier = tranches(*lignes)
        echeancier[0]["echeance"] = "2020-02-03"
        total = sum(montant for _, montant in lignes)
        champs: Json = {"structure": "s1", "motif": "m", "montant_centimes": total}
        return banc.envoyer("SignerAvenant", date, **champs, echeancier=echeancier)

    moins_que_paye = avenant((2020, 1_999_999), (2021, 5_000_000), (2022, 5_000_000))
    assert moins_que_paye["code"] == "echeancier_invalide"
    assert avenant((2021, 4_000_000), (2022, 4_000_000))["code"] == "echeancier_invalide"
    assert avenant((2020, 2_000_000))["code"] == "montant_hors_bornes"
    assert avenant((2020, 4_000_000), (2021, 4_000_000))["code"] is None
    retro = avenant((2020, 4_000_000), (2021, 4_000_000), date="2020-05-31")
    assert retro["code"] == "date_incoherente"
    figure = banc.reference.enveloppe(P)
    assert figure["retraits_meme_exercice_centimes"] == 1_000_000
    assert figure["reste_a_payer_centimes"] == 6_000_000


def test_refus_de_bonus() -> None:
    """One bonus per structure, digital and QPV only, within the quota."""
    banc = Banc(quota_numeriques=2)
    banc.deposer("s0")
    banc.labelliser("s0", territoire="hors_qpv")
    assert banc.refus("AccorderBonusNumérique", "2020-02-03", structure="s0") == (
        "bonus_non_eligible"
    )
    banc.label("s1")
    banc.ok("AccorderBonusNumérique", "2020-02-03", structure="s1")
    assert banc.refus("AccorderBonusNumérique", "2020-02-03", structure="s1") == (
        "bonus_deja_accorde"
    )
    banc.ok("RéviserRègles", "2020-02-03", regles={"quota_numeriques": 1}, source="s")
    banc.ok("RetirerLabel", "2020-02-03", structure="s0", motif="m")
    banc.deposer("s2")
    banc.labelliser("s2", numerique=False)
    banc.ok("RetirerLabel", "2020-02-03", structure="s1", motif="m")
    banc.label("s3")
    assert banc.refus("AccorderBonusNumérique", "2020-02-03", structure="s3") == "quota_atteint"


def test_refus_de_versement_dans_l_ordre() -> None:
    """Each refusal of VerserTranche on the schedule, reports, orders and amount."""
    banc = Banc(bilan_requis=True, ordonnancement_requis=True)
    banc.label()
    alice = {"id": "alice", "role": "ordonnateur"}
    bob = {"id": "bob", "role": "comptable"}

    def verser(rang: int, date: str, montant: int, **champs: Any) -> str | None:
        corps = versement("s1", rang, montant) | {"acteur": bob} | champs
        code = banc.envoyer("VerserTranche", date, **corps)["code"]
        return None if code is None else str(code)

    def ordonner(rang: int, date: str, montant: int) -> str | None:
        champs: Json = {"structure": "s1", "rang": rang, "montant_centimes": montant, "dp": "D"}
        code = banc.envoyer("OrdonnancerTranche", date, **champs, acteur=alice)["code"]
        return None if code is None else str(code)

    assert verser(4, "2020-03-01", 1) == "rang_inconnu"
    assert verser(1, "2020-02-01", 1) == "date_incoherente"
    assert verser(2, "2020-03-01", 1) == "tranche_precedente_due"
    assert verser(1, "2020-03-01", 1) == "ordonnancement_manquant"
    assert ordonner(0, "2020-03-01", 1) == "etat_incompatible"
    assert ordonner(1, "2020-03-01", 5_000_001) == "montant_excessif"
    assert ordonner(1, "2020-03-01", 3_000_000) is None
    assert ordonner(1, "2020-03-01", 2_000_001) == "montant_excessif"
    assert ordonner(1, "2020-03-01", 2_000_000) is None
    meme = {"id": "alice", "role": "comptable"}
    assert verser(1, "2020-03-01", 1, acteur=meme) == "separation_des_fonctions"
    autre = {"id": "carl", "role": "systeme"}
    assert verser(1, "2020-03-01", 1, acteur=autre) == "separation_des_fonctions"
    assert verser(1, "2020-03-01", 1, exercice=2019) == "exercice_invalide"
    assert verser(1, "2020-03-01", 1, exercice=2021) == "exercice_invalide"
    assert verser(1, "2020-03-01", 5_000_000) is None
    assert verser(1, "2020-03-01", 1) == "tranche_soldee"
    assert ordonner(2, "2021-02-28", 1) == "echeance_non_atteinte"
    assert ordonner(2, "2021-03-01", 1) == "bilan_manquant"
    banc.ok("RecevoirBilan", "2021-03-01", structure="s1", exercice=2020, accepte=False)
    assert verser(2, "2021-03-01", 1) == "bilan_manquant"
    banc.ok("RecevoirBilan", "2021-02-01", structure="s1", exercice=2020, accepte=True)
    assert ordonner(2, "2021-03-01", 1) is None
    banc.ok("AccorderBonusNumérique", "2021-03-01", structure="s1")
    assert ordonner(0, "2021-02-01", 1) == "date_incoherente"
    assert ordonner(0, "2021-03-01", 10_000_000) is None
    assert ordonner(0, "2021-03-01", 1) == "montant_excessif"


def test_ordre_repris_apres_annulation() -> None:
    """Cancelling a payment makes the orders that it used unpaid again."""
    banc = Banc()
    banc.label()
    ordre: Json = {"structure": "s1", "rang": 1, "montant_centimes": 5_000_000, "dp": "D"}
    banc.ok("OrdonnancerTranche", "2020-03-01", **ordre)
    payee = banc.verser("s1", 1, "2020-03-01")
    assert banc.refus("OrdonnancerTranche", "2020-03-01", **ordre) == "tranche_soldee"
    banc.ok("AnnulerVersement", "2020-03-02", structure="s1", position=payee, motif="erreur")
    assert banc.refus("OrdonnancerTranche", "2020-03-01", **ordre) == "montant_excessif"


def test_refus_de_montant_et_d_annulation() -> None:
    """Overpaying is refused; a payment is cancelled once, not before its own date."""
    banc = Banc()
    banc.label()
    assert banc.refus("VerserTranche", "2020-03-01", **versement(montant=5_000_001)) == (
        "montant_excessif"
    )
    payee = banc.verser("s1", 1, "2020-03-01")
    banc.deposer("s2")

    def annuler(structure: str, position: int, date: str = "2020-03-01") -> Any:
        champs: Json = {"structure": structure, "position": position, "motif": "erreur"}
        return banc.envoyer("AnnulerVersement", date, **champs)["code"]

    assert annuler("s9", payee) == "structure_inconnue"
    assert annuler("s2", payee) == "versement_inconnu"
    assert annuler("s1", 1) == "versement_inconnu"
    assert annuler("s1", payee, "2020-02-29") == "date_incoherente"
    assert annuler("s1", payee) is None
    assert annuler("s1", payee) == "versement_deja_annule"


def test_refus_de_cloture() -> None:
    """An exercice is closed once, after its end, and not before an earlier one with facts."""
    banc = Banc()
    banc.label()

    def clore(exercice: int, date: str) -> Any:
        return banc.envoyer("ClôturerExercice", date, exercice=exercice)["code"]

    assert clore(2020, "2020-12-31") == "exercice_non_termine"
    assert clore(2020, "2021-01-01") == "exercice_non_termine"  # 2019: the opening
    assert clore(2019, "2021-01-01") is None
    assert clore(2018, "2021-01-01") == "exercice_deja_clos"
    assert banc.refus("AccorderBonusNumérique", "2020-03-01", structure="s1") == "exercice_clos"
    assert clore(2020, "2020-12-31") == "exercice_non_termine"
    assert clore(2020, "2021-01-01") is None
    assert banc.refus("VerserTranche", "2020-03-01", **versement()) == "exercice_clos"
    assert banc.refus("VerserTranche", "2021-03-01", **versement(), exercice=2020) == (
        "exercice_clos"
    )
    banc.verser("s1", 1, "2021-03-01")


# -- identities on random histories -----------------------------------------------------------


def commande_au_hasard(banc: Banc, alea: random.Random, pas: int, payes: list[Json]) -> Json:
    """Mostly plausible commands on a few structures; years go by, with some late facts."""
    structure = alea.choice(["s1", "s2", "s3", "s4"])
    courante = 2020 + pas // 40
    annee = courante - alea.choice([0, 0, 0, 0, 1, 2])
    date = f"{annee}-{alea.choice(['02-03', '03-01', '06-15', '11-30'])}"
    exercice = annee + alea.choice([-1, 0, 1])
    montant = alea.choice([1, 500_000, 2_500_000, 3_000_001, 5_000_000])
    total = alea.choice([7_500_000, 9_000_000, 12_000_000, 15_000_000])
    depart = alea.choice([annee, 2020, 2021])
    parts = [total // 3, total // 3, total - 2 * (total // 3)]
    echeancier = tranches(*[(depart + i, part) for i, part in enumerate(parts)])
    s: Json = {"structure": structure}
    fait: Json = {**s, "montant_centimes": montant}
    choix: list[tuple[int, str, Json]] = [
        (4, "AccorderBonusNumérique", s | alea.choice([{}, {"exercice": exercice}])),
        (3, "LabelliserFabrique", s | {"montant_centimes": total}),
        (4, "LabelliserFabrique", s | {"montant_centimes": total, "echeancier": echeancier}),
        (6, "SignerAvenant", s | {"montant_centimes": total, "echeancier": echeancier}),
        (24, "VerserTranche", fait | {"rang": alea.randint(1, 3), "reference": "r"}),
        (5, "VerserBonus", fait | {"reference": "r"}),
        (4, "OrdonnancerTranche", fait | {"rang": alea.randint(0, 3), "dp": "d"}),
        (6, "AnnulerVersement", alea.choice(payes) if payes else s | {"position": 1}),
        (1, "RetirerLabel", s),
        (2, "DemanderReversement", fait | {"titre": "t"}),
        (2, "EncaisserReversement", fait | {"titre": "t"}),
        (2, "ClôturerExercice", {"exercice": max(2019, annee - alea.randint(0, 2))}),
        (1, "RéviserRègles", {"regles": {"retraits_anterieurs_recyclables": alea.random() < 0.5}}),
        (1, "ModifierEnveloppe", {"variation_centimes": alea.choice([-5_000_000, 10_000_000])}),
    ]
    _, verbe, champs = alea.choices(choix, weights=[poids for poids, _, _ in choix])[0]
    if verbe in ("SignerAvenant", "RetirerLabel"):
        champs["motif"] = "m"
    if verbe == "AnnulerVersement":
        champs = champs | {"motif": "erreur"}
    if verbe in ("RéviserRègles", "ModifierEnveloppe"):
        champs["source"] = "s"
    return banc.commande(verbe, date, **champs)


def verifier_les_identites(reference: Reference, **filtre: Any) -> None:
    figure, lignes = reference.enveloppe(P, **filtre), reference.credits(P, **filtre)
    ouverture = 0
    for ligne in lignes:
        assert ligne["rap_ouverture_centimes"] == ouverture
        ouverture = ligne["rap_cloture_centimes"]
    reste = figure["reste_a_payer_centimes"]
    assert sum(ligne["cp_restant_a_prevoir_centimes"] for ligne in lignes) == reste
    assert ouverture == reste
    exercices = [ligne["exercice"] for ligne in lignes]
    if exercices:
        assert exercices == list(range(exercices[0], exercices[-1] + 1))
    paye = sum(ligne["paye_centimes"] for ligne in reference.structures(P, **filtre))
    assert paye == figure["paye_centimes"]


@pytest.mark.parametrize("graine", range(60))
def test_identites_sur_des_histoires_au_hasard(graine: int) -> None:
    """Roll-forward, outstanding = still planned, closed tables, bounds, refusals write nothing."""
    alea = random.Random(graine)
    banc = Banc(
        enveloppe_centimes=60_000_000,
        imputation_bonus=alea.choice(["enveloppe", "hors_enveloppe"]),
        exercice_bonus=alea.choice([None, 2019]),
    )
    for n in range(1, 5):
        banc.deposer(f"s{n}", date="2019-08-01")
    reference = banc.reference
    clos: dict[int, Json] = {}
    payes: list[Json] = []
    for pas in range(160):
        commande = commande_au_hasard(banc, alea, pas, payes)
        avant = (reference.enveloppe(P), reference.credits(P))
        recu = reference.executer(commande)
        assert recu["code"] != "commande_invalide", commande
        apres = (reference.enveloppe(P), reference.credits(P))
        if recu["statut"] == "refusee":
            assert apres == avant
            continue
        assert reference.executer(commande)["statut"] == "deja_executee"
        if commande["commande"].startswith("Verser"):
            structure, position = commande["structure"], recu["positions"][0]
            payes.append({"structure": structure, "position": position})
        verifier_les_identites(reference)
        assert 0 <= apres[0]["disponible_centimes"] <= apres[0]["enveloppe_centimes"]
        for ligne in apres[1]:
            assert ligne["rap_cloture_centimes"] >= 0
        par_exercice = {ligne["exercice"]: ligne for ligne in apres[1]}
        for exercice, ligne in clos.items():
            assert par_exercice[exercice] == ligne
        if commande["commande"] == "ClôturerExercice":
            clos = {e: x for e, x in par_exercice.items() if e <= commande["exercice"]}
    position = reference.enveloppe(P)["position"]
    for annee in range(2019, 2024):
        verifier_les_identites(reference, au=f"{annee}-12-31")
        verifier_les_identites(reference, au=f"{annee}-03-01", connu_au=position // 2)


def test_une_copie_ne_touche_pas_l_original() -> None:
    """A fork and its origin live apart."""
    banc = Banc()
    fourche = banc.reference.copie()
    banc.label()
    assert fourche.enveloppe(P)["position"] == 1
    assert fourche.credits(P) == []
    assert banc.reference.enveloppe(P)["position"] == 3
