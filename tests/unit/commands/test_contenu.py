"""L'acteur, le contenu d'une commande et son empreinte, l'idempotence : ce qui se tient seul."""

from __future__ import annotations

import json
import unicodedata
from datetime import date
from hashlib import sha256
from typing import Any, ClassVar, get_args

import pytest
from pydantic import BaseModel, ValidationError

from commands import CloreProgramme, GelerCrédits, LabelliserFabrique, OuvrirProgramme, decide
from commands.decider import COMMANDES, VERBES
from commands.idempotence import divergence, meme_contenu
from commands.modele import Commande, en_donnees
from commands.refus import Refus
from commands.verbes.echeancier import TrancheSaisie
from commands.verbes.programme import AttribuantSaisi
from ledger import Acteur, UsageError
from ledger.evenements import CréditsOuverts, ProgrammeClos, VersementAnnulé
from ledger.programme import Programme
from ledger.regles import Chronologie, Regles, RevisionRegles
from ledger.stockage.port import EntreeIndex
from ledger.valeurs import Role
from tests.unit.monde import CRITERES, REGLES_COMPLETES, Monde, tranches

COMMUN: dict[str, Any] = {"id_commande": "c1", "programme": "p", "date_effet": date(2020, 2, 3)}
ALICE = Acteur("alice", "comptable")


def clore(acteur: Any) -> CloreProgramme:
    """A closing of the programme by that actor."""
    return CloreProgramme(**COMMUN, acteur=acteur, motif="Fin")


def labelliser(**champs: Any) -> LabelliserFabrique:
    """A label of s1, with these members."""
    return LabelliserFabrique(
        **COMMUN, acteur=ALICE, structure="s1", montant_centimes=15_000_000, **champs
    )


def test_un_acteur_se_donne_en_valeur_ou_en_json() -> None:
    """L'acteur donné en valeur ou en JSON est le même, en NFC."""
    assert clore(ALICE) == clore({"id": "alice", "role": "comptable"})
    assert clore({"id": "Ame\u0301lie", "role": "comptable"}).acteur.id == "Amélie"
    assert clore({"id": "a" * 200, "role": "comptable"}).acteur.id == "a" * 200


@pytest.mark.parametrize(
    ("acteur", "phrase"),
    [
        ("alice", "instance of Acteur [type=is_instance_of]"),
        ({"id": "alice"}, 'acteur attendu : {"id": ..., "role": ...}'),
        ({"id": 5, "role": "comptable"}, "acteur.id : texte de 1 à 200 signes attendu"),
        ({"id": "a" * 201, "role": "comptable"}, "acteur.id : texte de 1 à 200 signes attendu"),
        ({"id": "alice", "role": "roi"}, "acteur.role : un de "),
        ({"id": " alice", "role": "comptable"}, "acteur.id : ni espace au bord, ni signe invisi"),
        ({"id": "alice ", "role": "comptable"}, "acteur.id : ni espace au bord, ni signe invisi"),
        ({"id": "ali\u200bce", "role": "comptable"}, "le caractère invisible U+200B"),
    ],
)
def test_un_acteur_douteux_est_refuse_en_disant_pourquoi(acteur: Any, phrase: str) -> None:
    """Un acteur douteux est refusé, et la phrase dit pourquoi."""
    with pytest.raises(ValidationError) as refuse:
        clore(acteur)
    assert phrase in str(refuse.value)


@pytest.mark.parametrize("exercice_bonus", [2019, None])
def test_l_empreinte_est_celle_du_json_canonique_sans_les_absents(
    exercice_bonus: int | None,
) -> None:
    """L'empreinte est le SHA-256 du JSON trié : absents omis, une règle nulle gardée."""
    regles = REGLES_COMPLETES | {"exercice_bonus": exercice_bonus}
    commande = OuvrirProgramme.model_validate(
        {
            **COMMUN,
            "acteur": ALICE,
            "intitule": "I",
            "source": "S",
            "regles": regles,
            "attribuant": {"nom": "État"},
        }
    )
    attendu = {
        "acteur": {"id": "alice", "role": "comptable"},
        "attribuant": {"nom": "État"},
        "commande": "OuvrirProgramme",
        "date_effet": "2020-02-03",
        "id_commande": "c1",
        "intitule": "I",
        "programme": "p",
        "regles": regles,
        "source": "S",
    }
    octets = json.dumps(attendu, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert commande.empreinte == sha256(octets.encode()).hexdigest()


def test_seuls_les_membres_donnes_sont_explicites_et_tries() -> None:
    """Les membres explicites sont ceux qui sont donnés, dans l'ordre alphabétique."""
    assert labelliser().explicites() == ()
    assert labelliser(vague="2", numerique=False).explicites() == ("numerique", "vague")
    assert labelliser(vague="2", territoire="qpv", numerique=True, echeancier=[]).explicites() == (
        "echeancier",
        "numerique",
        "territoire",
        "vague",
    )
    assert clore(ALICE).explicites() == ()


def test_une_valeur_etrangere_n_est_pas_une_donnee() -> None:
    """Une valeur d'un type étranger n'entre pas dans une empreinte."""
    with pytest.raises(TypeError, match="type inattendu : <class 'object'>"):
        en_donnees(object())


def test_sans_le_fait_seule_l_empreinte_juge() -> None:
    """Quand le fait n'est pas lisible, seule l'empreinte juge, et l'écart n'est pas nommé."""
    commande = labelliser(territoire="qpv")
    meme = EntreeIndex("c1", 3, commande.empreinte)
    assert meme_contenu(commande, None, meme) is True
    autre = EntreeIndex("c1", 3, labelliser().empreinte)
    assert meme_contenu(commande, None, autre) is False
    refus = divergence(commande, None, autre)
    assert (refus.code, refus.details) == (
        "commande_divergente",
        {"champ": "contenu", "position": 3},
    )


def test_zero_demande_n_est_pas_rien_demande(monde: Monde) -> None:
    """Un montant demandé de zéro et un montant absent sont deux contenus."""
    premiere = monde.commande("DéposerCandidature", "2020-01-10", montant_demande_centimes=0)
    assert monde.livre.executer(premiere).statut == "acceptee"
    recu = monde.livre.executer(
        {k: v for k, v in premiere.items() if k != "montant_demande_centimes"}
    )
    assert recu.refus is not None
    assert recu.refus.details == {"champ": "montant_demande_centimes", "position": 2}


def test_une_commande_d_un_autre_livre_est_une_erreur_d_usage() -> None:
    """Une classe de commande que le livre ne connaît pas est une erreur, pas un refus."""

    class Danser(Commande):
        """Not a verb of this ledger."""

    with pytest.raises(UsageError, match="Danser n'est pas une commande de ce livre"):
        decide(Programme("p"), Danser(**COMMUN, acteur=ALICE))


def test_un_refus_a_un_code_connu_et_se_lit_dans_un_debogueur() -> None:
    """Un code hors de la liste est une erreur ; un refus se lit en entier dans un débogueur."""
    with pytest.raises(KeyError, match="code de refus inconnu : danse"):
        Refus("danse", "Non.")
    refus = Refus("montant_excessif", "Trop.", remede="Moins.")
    assert repr(refus) == "Refus('montant_excessif', 'Trop.')"
    assert refus.phrase == "Trop. Moins."
    assert Refus("montant_excessif", "Trop.").phrase == "Trop."
    assert refus.details == {}


def test_des_cp_deja_negatifs_n_empechent_pas_un_gel_d_ae() -> None:
    """Un disponible de CP négatif n'arrête pas un gel qui ne prend que des AE, et un centime si."""
    monde = Monde()
    monde.ouvrir_credits(2020, ae=10, cp=-1)
    monde.reviser("2020-01-03", credits="bloquants")
    gel: dict[str, Any] = {"exercice": 2020, "ae_centimes": 1, "cp_centimes": 0}
    monde.ok("GelerCrédits", "2020-01-04", **gel)
    un = {"ae_centimes": 0, "cp_centimes": 1}
    assert monde.refus("GelerCrédits", "2020-01-04", **un) == "credits_insuffisants"
    commande = GelerCrédits(**COMMUN, acteur=ALICE, source="S", **gel)
    assert commande.contenu()["cp_centimes"] == 0


def test_une_decision_ne_connait_ni_l_heure_ni_la_chaine() -> None:
    """Une décision laisse vides l'instant, l'empreinte et le chaînage : le journal les remplit."""
    etat = Programme(
        "p", position=1, regles=Chronologie.ouvrir(date(2019, 7, 11), Regles(**REGLES_COMPLETES))
    )
    fait = decide(etat, clore(ALICE))
    assert fait == ProgrammeClos(
        date_effet=date(2020, 2, 3),
        enregistre_le="",
        acteur=ALICE,
        id_commande="c1",
        empreinte_commande="",
        regles_version=1,
        precedent=None,
        motif="Fin",
    )


def test_le_schema_dit_ce_qu_est_un_acteur() -> None:
    """Le schéma JSON publié d'une commande dit ce qu'est un acteur."""
    schema = CloreProgramme.model_json_schema()
    acteur = schema["properties"]["acteur"]
    assert (acteur["type"], acteur["required"]) == ("object", ["id", "role"])
    assert acteur["additionalProperties"] is False
    assert acteur["properties"]["role"] == {"type": "string", "enum": list(get_args(Role))}
    longueurs = {"type": "string", "minLength": 1, "maxLength": 200}
    assert longueurs.items() <= acteur["properties"]["id"].items()


GRAND = 2**53


@pytest.mark.parametrize(
    ("verbe", "champ", "admis", "refuses"),
    [
        ("VerserTranche", "rang", (1 - GRAND, GRAND - 1), (-GRAND, GRAND)),
        ("OrdonnancerTranche", "rang", (1 - GRAND, GRAND - 1), (-GRAND, GRAND)),
        ("AnnulerVersement", "position", (1, GRAND - 1), (0, GRAND)),
        ("ReprendreJournal", "taille_satisfaite", (0, GRAND - 1), (-1, GRAND)),
        ("ReprendreJournal", "taille_perdue", (0, GRAND - 1), (-1, GRAND)),
        ("LabelliserFabrique", "montant_centimes", (1, 10**14), (0, 10**14 + 1)),
        ("ModifierEnveloppe", "variation_centimes", (-(10**14), 10**14), (-(10**14) - 1, 10**15)),
        ("ClôturerExercice", "exercice", (1900, 2999), (1899, 3000)),
    ],
)
def test_un_entier_reste_dans_ses_bornes(
    verbe: str, champ: str, admis: tuple[int, ...], refuses: tuple[int, ...]
) -> None:
    """Un entier hors de ses bornes est une commande invalide ; aux bornes, le métier juge."""
    monde = Monde()
    requis = {"position": 1} if verbe == "AnnulerVersement" else {}
    for valeur in (*admis, *refuses):
        recu = monde.envoyer(verbe, "2020-02-03", **(requis | {champ: valeur}))
        invalide = recu.refus is not None and recu.refus.code == "commande_invalide"
        assert (valeur, invalide) == (valeur, valeur in refuses)


@pytest.mark.parametrize("champ", ["rang", "exercice", "montant_centimes"])
def test_une_tranche_saisie_a_des_entiers_bornes(champ: str) -> None:
    """Dans une tranche, un entier au-delà de 2^53 est invalide ; en deçà, l'échéancier l'est."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    for valeur, code in (
        (1 - GRAND, "echeancier_invalide"),
        (GRAND - 1, "echeancier_invalide"),
        (-GRAND, "commande_invalide"),
        (GRAND, "commande_invalide"),
    ):
        plan = tranches((2020, 15_000_000, "2020-02-03"))
        plan[0] |= {champ: valeur}
        assert monde.refus("LabelliserFabrique", "2020-02-03", echeancier=plan) == code


def test_les_listes_saisies_sont_bornees() -> None:
    """Deux cents tranches et trois rôles se jugent ; un de plus est une commande invalide."""
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10")
    plan = [tranches((2020, 1, "2020-02-03"))[0] | {"rang": rang} for rang in range(1, 202)]
    for nombre, code in ((200, "echeancier_invalide"), (201, "commande_invalide")):
        champs = {"echeancier": plan[:nombre]}
        assert monde.refus("LabelliserFabrique", "2020-02-03", **champs) == code
    roles = ["lieu_ressource", "apprendre_par_le_faire", "competences_numeriques"]
    trop = {"roles": [*roles, "lieu_ressource"]}
    assert monde.refus("InstruireCandidature", "2020-01-11", **trop) == "commande_invalide"
    assert monde.ok("InstruireCandidature", "2020-01-11", roles=roles) == 3


@pytest.mark.parametrize("criteres", [5, ["a"], {"ancrage_territorial": "rempli"}])
def test_les_criteres_sont_les_cinq_de_l_appel(monde: Monde, criteres: Any) -> None:
    """Des critères qui ne sont pas les cinq de l'appel sont une commande invalide."""
    monde.ok("DéposerCandidature", "2020-01-10")
    champs = {"criteres": criteres}
    assert monde.refus("InstruireCandidature", "2020-01-11", **champs) == "commande_invalide"


TRANCHE = {
    "rang": 1,
    "exercice": 2020,
    "montant_centimes": 1,
    "echeance": date(2020, 2, 3),
}
FIN = {**COMMUN, "acteur": ALICE, "motif": "Fin"}


@pytest.mark.parametrize(
    ("modele", "champs", "champ", "autre"),
    [
        (CloreProgramme, FIN, "motif", "Autre"),
        (TrancheSaisie, TRANCHE, "rang", "1"),
        (AttribuantSaisi, {"nom": "État"}, "nom", "Autre"),
        (Regles, REGLES_COMPLETES, "quota_total", "1"),
        (RevisionRegles, {"quota_total": 1}, "quota_total", "1"),
    ],
)
def test_ce_qui_entre_est_strict_ferme_et_ne_change_plus(
    modele: type[BaseModel], champs: dict[str, Any], champ: str, autre: Any
) -> None:
    """Ce qui entre refuse un membre de trop et tout autre type, et se fige."""
    lu = modele.model_validate(champs)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(lu, champ, autre)
    with pytest.raises(ValidationError, match="extra_forbidden"):
        modele.model_validate(champs | {"danse": 1})
    with pytest.raises(ValidationError):
        modele.model_validate(champs | {champ: b"x" if isinstance(champs[champ], str) else "1"})


NATURES = (
    "lfi",
    "lfr",
    "report",
    "transfert",
    "virement",
    "decret_avance",
    "fonds_de_concours",
    "retablissement",
    "annulation",
)


def test_les_neuf_natures_de_credits_sont_admises(monde: Monde) -> None:
    """Les neuf natures de crédits sont admises, et aucune autre."""
    for nature in NATURES:
        fait = monde.fait("OuvrirCrédits", "2020-01-02", nature=nature)
        assert isinstance(fait, CréditsOuverts)
        assert fait.nature == nature
    assert monde.refus("OuvrirCrédits", "2020-01-02", nature="don") == "commande_invalide"


def test_les_mots_de_l_instruction_et_de_l_avis_sont_des_listes_fermees(monde: Monde) -> None:
    """Verdicts, rôles et avis : chaque mot de la liste est admis, aucun autre."""
    monde.ok("DéposerCandidature", "2020-01-10")
    for verdict in ("rempli", "non_rempli", "a_verifier"):
        monde.ok("InstruireCandidature", "2020-01-11", criteres=dict.fromkeys(CRITERES, verdict))
    for role in ("lieu_ressource", "apprendre_par_le_faire", "competences_numeriques"):
        monde.ok("InstruireCandidature", "2020-01-11", roles=[role])
    for avis in ("favorable", "reserve", "defavorable"):
        monde.ok("RendreAvis", "2020-01-12", avis=avis)
    faux = dict.fromkeys(CRITERES, "peut-être")
    assert monde.refus("InstruireCandidature", "2020-01-13", criteres=faux) == "commande_invalide"
    assert monde.refus("InstruireCandidature", "2020-01-13", roles=["roi"]) == "commande_invalide"
    assert monde.refus("RendreAvis", "2020-01-13", avis="mitige") == "commande_invalide"


def test_un_versement_s_annule_pour_rejet_ou_pour_erreur(monde: Monde) -> None:
    """Un versement s'annule pour rejet bancaire ou pour erreur, rien d'autre."""
    monde.label()
    for motif in ("rejet_bancaire", "erreur"):
        position = monde.payer(1, "2020-03-01", 1)
        fait = monde.fait("AnnulerVersement", "2020-03-02", position=position, motif=motif)
        assert isinstance(fait, VersementAnnulé)
        assert fait.motif == motif
    champs = {"position": monde.payer(1, "2020-03-01", 1), "motif": "caprice"}
    assert monde.refus("AnnulerVersement", "2020-03-02", **champs) == "commande_invalide"


def test_chaque_champ_facultatif_est_vraiment_facultatif() -> None:
    """Les champs facultatifs d'une commande sont absents par défaut, et le restent à null."""
    defauts = {
        f"{classe.verbe}.{nom}": champ.default
        for classe in COMMANDES
        for nom, champ in classe.model_fields.items()
        if not champ.is_required()
    }
    assert {nom: valeur for nom, valeur in defauts.items() if valeur is not None} == {
        "InstruireCandidature.roles": ()
    }


def test_un_verbe_par_commande_avec_et_sans_accents() -> None:
    """Chaque commande a son verbe, celui de sa classe, et se lit aussi sans accents."""
    assert {classe.verbe for classe in COMMANDES} == {classe.__name__ for classe in COMMANDES}
    formes = {
        forme: classe
        for classe in COMMANDES
        for forme in (
            classe.verbe,
            unicodedata.normalize("NFKD", classe.verbe).encode("ascii", "ignore").decode(),
        )
    }
    assert formes == VERBES


def test_une_commande_s_affiche_comme_la_ligne_a_coller() -> None:
    """Hypothesis et IPython montrent sa classe, puis la ligne même que lit `fabriques executer`."""

    class Affichage:
        textes: ClassVar[list[str]] = []

        def text(self, texte: str) -> None:
            self.textes.append(texte)

    tranche = TrancheSaisie(rang=1, exercice=2020, montant_centimes=5, echeance=date(2020, 3, 1))
    clore(ALICE)._repr_pretty_(Affichage(), False)
    labelliser(echeancier=(tranche,))._repr_pretty_(Affichage(), False)
    ecrit = json.loads(Affichage.textes.pop().splitlines()[1])
    assert ecrit["echeancier"] == [
        {"rang": 1, "exercice": 2020, "montant_centimes": 5, "echeance": "2020-03-01"}
    ]
    assert Affichage.textes == [
        'CloreProgramme:\n{"commande":"CloreProgramme","id_commande":"c1","programme":"p",'
        '"acteur":{"id":"alice","role":"comptable"},"date_effet":"2020-02-03","motif":"Fin"}\n'
    ]


def test_un_refus_leve_se_lit_comme_sa_phrase() -> None:
    """Une trace d'un hôte montre la phrase du refus, rien de plus."""
    refus = Refus("etat_incompatible", "La structure s1 n'est pas labellisée.")
    assert str(refus) == "La structure s1 n'est pas labellisée."
    assert refus.args == (refus.message,)
