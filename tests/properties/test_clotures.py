"""Les sceaux des clôtures, sur des histoires tirées au hasard que l'on clôt puis que l'on secoue.

The seals are recomputed from the stored bytes alone: `json`, `hashlib`, and nothing of the engine.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal
from ledger.audit import verifier
from ledger.testing.valeurs import JOUR_MAX, Json
from projections import credits as lire_credits
from projections import regarder
from projections.testing.chiffres import en_json
from tests.properties.outils import reglages
from tests.unit.ledger.audit.test_verifier import reecrire

EXEMPLES = 60
APRES = JOUR_MAX.year + 1
"""The year after those of a random history."""
ZEROS = dict.fromkeys(
    (
        "ae_ouvertes",
        "ae_gelees",
        "ae_engagees",
        "retraits_meme_exercice",
        "retraits_anterieurs",
        "cp_ouverts",
        "cp_geles",
        "cp_payes",
        "regularisations",
        "reversements",
    ),
    0,
)
_COLONNES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "credits-ouverts": (("ae_ouvertes", "ae_centimes", 1), ("cp_ouverts", "cp_centimes", 1)),
    "credits-geles": (("ae_gelees", "ae_centimes", 1), ("cp_geles", "cp_centimes", 1)),
    "credits-degeles": (("ae_gelees", "ae_centimes", -1), ("cp_geles", "cp_centimes", -1)),
    "fabrique-labellisee": (("ae_engagees", "montant_centimes", 1),),
    "bonus-numerique-accorde": (("ae_engagees", "montant_centimes", 1),),
    "avenant-signe": (("ae_engagees", "engagement_centimes", 1),),
    "tranche-versee": (("cp_payes", "montant_centimes", 1),),
    "bonus-numerique-verse": (("cp_payes", "montant_centimes", 1),),
    "reversement-encaisse": (("reversements", "montant_centimes", 1),),
}
"""Type of line -> what it adds to the line of its `exercice`: column, member, sign."""


def mouvements(topic: str, etat: Json) -> Iterator[tuple[int, str, int]]:
    """What one stored line adds: exercice, column, cents."""
    for colonne, membre, sens in _COLONNES.get(topic, ()):
        if membre in etat:  # a decrease commits nothing: the member is left out
            yield etat["exercice"], colonne, sens * etat[membre]
    if topic == "versement-annule":
        colonne = "regularisations" if etat["regularisation"] else "cp_payes"
        yield etat["exercice"], colonne, -etat["montant_centimes"]
    for r in etat.get("retraits", ()):
        meme = r["engagement"] == r["exercice"]
        colonne = "retraits_meme_exercice" if meme else "retraits_anterieurs"
        yield r["exercice"], colonne, r["montant_centimes"]
        if meme or r["recyclable"]:
            yield r["exercice"], "rendues", r["montant_centimes"]


def tableau_clos(lignes: list[tuple[str, Json]], dernier: int) -> list[Json]:
    """The table of the exercices up to one that is closed: nothing is planned there any more."""
    sommes: dict[int, Counter[str]] = {}
    for topic, etat in lignes:
        for annee, colonne, centimes in mouvements(topic, etat):
            sommes.setdefault(annee, Counter())[colonne] += centimes
    tableau, reste = [], 0
    for annee in range(min(sommes, default=dernier + 1), dernier + 1):
        s = sommes.get(annee, Counter())
        ouverture = reste
        reste += s["ae_engagees"] - s["cp_payes"] - s["regularisations"]
        reste -= s["retraits_meme_exercice"] + s["retraits_anterieurs"]
        membres = {nom: s[nom] for nom in ZEROS}
        membres["ae_disponibles"] = s["ae_ouvertes"] - s["ae_gelees"] - s["ae_engagees"]
        membres["ae_disponibles"] += s["rendues"]
        membres["cp_disponibles"] = s["cp_ouverts"] - s["cp_geles"] - s["cp_payes"]
        membres["cp_disponibles"] -= s["regularisations"]
        membres |= {"cp_restant_a_prevoir": 0, "rap_ouverture": ouverture, "rap_cloture": reste}
        en_centimes = {f"{nom}_centimes": centimes for nom, centimes in membres.items()}
        tableau.append({"exercice": annee, **en_centimes})
    return tableau


def sceau(lignes: list[Json]) -> str:
    """SHA-256 of canonical JSON."""
    texte = json.dumps(lignes, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(texte.encode()).hexdigest()


def brutes(histoire: Histoire) -> list[tuple[str, Json]]:
    """The stored lines: type, and state read by `json` alone."""
    lignes = histoire.store.lire(PROGRAMME)
    return [(ligne.topic, json.loads(ligne.octets)) for ligne in lignes]


def clotures(histoire: Histoire) -> list[tuple[int, Json]]:
    """The closings: position and state."""
    lignes = enumerate(brutes(histoire), start=1)
    return [(position, etat) for position, (t, etat) in lignes if t == "exercice-cloture"]


def envoyer(histoire: Histoire, verbe: str, jour: str, **champs: Any) -> str:
    """One more command; what was answered."""
    commande = {
        "commande": verbe,
        "id_commande": f"z{len(histoire.commandes)}",
        "programme": PROGRAMME,
        "acteur": {"id": "zoe", "role": "comptable"},
        "date_effet": jour,
        **champs,
    }
    recu = histoire.envoyer(commande)
    return recu.refus.code if recu.refus is not None else recu.statut


def exercices_ouverts(histoire: Histoire, *, avant: int = APRES) -> list[int]:
    """The exercices before a year that have facts and are not closed."""
    etat = histoire.livre.etat(PROGRAMME)
    return [a for a in sorted(etat.exercices_avec_faits) if a < avant and not etat.est_clos(a)]


def clore_tout(histoire: Histoire, *, avant: int = APRES) -> None:
    """Close every exercice before a year, in order, on its 1 January."""
    for annee in exercices_ouverts(histoire, avant=avant):
        reponse = envoyer(histoire, "ClôturerExercice", f"{avant}-01-01", exercice=annee)
        assert reponse == "acceptee"


def secouer(histoire: Histoire, *, abandons: bool) -> None:
    """All that closed exercices still admit, dated in them; labels withdrawn before, or kept."""
    contexte = histoire.contexte()
    premier = f"{APRES}-01-01"

    def admettre(verbe: str, jour: str, **champs: Any) -> None:
        assert envoyer(histoire, verbe, jour, structure=nom, **champs) == "acceptee"

    for nom, dossier in contexte.etat.dossiers.items():
        admettre("CorrigerStructure", dossier.depot.isoformat(), ville="Lyon", motif="erreur")
        label = dossier.label
        if label is None:
            continue
        if abandons and dossier.etat == "labellisee":
            admettre("RetirerLabel", premier, motif="abandon")
        if label.paye > label.reclame:
            admettre("DemanderReversement", premier, montant_centimes=1, titre="T")
            jour = label.date_effet.isoformat()
            admettre("EncaisserReversement", jour, montant_centimes=1, titre="T")
        for position, paiement in contexte.versements(nom):
            jour = paiement.date_effet.isoformat()
            admettre("AnnulerVersement", jour, position=position, motif="erreur")


def agiter(histoire: Histoire, *, abandons: bool) -> None:
    """Close everything, record what closed exercices still admit, close everything again."""
    clore_tout(histoire)
    secouer(histoire, abandons=abandons)
    clore_tout(histoire, avant=APRES + 1)


@reglages(EXEMPLES)
@given(histoire=histoires(maximum=30), abandons=st.booleans(), data=st.data())
def test_chaque_sceau_se_recalcule_depuis_les_seules_lignes(
    histoire: Histoire, abandons: bool, data: st.DataObject
) -> None:
    """Totaux et empreinte se retrouvent depuis les lignes brutes, à la clôture comme plus tard."""
    agiter(histoire, abandons=abandons)
    lignes = brutes(histoire)
    for position, scelle in clotures(histoire):
        plus_tard = data.draw(st.integers(position, len(lignes)), label="plus tard")
        for connues in {position, plus_tard, len(lignes)}:
            tableau = tableau_clos(lignes[:connues], scelle["exercice"])
            assert sceau(tableau) == scelle["empreinte"]
            derniere = tableau[-1] if tableau else dict.fromkeys(scelle["totaux"], 0)
            assert scelle["totaux"] == derniere | {"exercice": scelle["exercice"]}


@reglages(EXEMPLES)
@given(histoire=histoires(maximum=30), abandons=st.booleans(), data=st.data())
def test_ce_que_les_clos_admettent_encore_ne_change_aucun_octet_scelle(
    histoire: Histoire, abandons: bool, data: st.DataObject
) -> None:
    """Relu à neuf à toute position, après tout ce qu'un clos admet, le sceau est celui des lignes.

    Tout versement est annulé, de l'argent revient, chaque fiche est corrigée, à des dates closes.
    """
    agiter(histoire, abandons=abandons)
    taille = len(histoire.faits)
    for position, scelle in clotures(histoire):
        connu_au = data.draw(st.sampled_from((taille, position, (position + taille) // 2)))
        vue = regarder(Journal(histoire.store, PROGRAMME), connu_au=connu_au)
        lues = en_json(lire_credits(vue))
        closes = [ligne for ligne in lues if ligne["exercice"] <= scelle["exercice"]]
        assert sceau(closes) == scelle["empreinte"]
    assert verifier(histoire.store, PROGRAMME).constats == ()


def _alterer(nom: str, ecart: int) -> Callable[[Json], None]:
    def changer(etat: Json) -> None:
        totaux, empreinte = etat["totaux"], etat["empreinte"]
        if nom == "empreinte":
            chiffre = format((int(empreinte[ecart], 16) + 1) % 16, "x")
            etat["empreinte"] = empreinte[:ecart] + chiffre + empreinte[ecart + 1 :]
        elif nom == "retire":
            del totaux[sorted(totaux)[ecart % len(totaux)]]
        elif nom == "ajoute":
            totaux["autre_centimes"] = ecart
        else:
            membre = sorted(totaux)[ecart % len(totaux)]
            totaux[membre] += 1 if nom == "plus" else -1

    return changer


@reglages(EXEMPLES)
@given(
    histoire=histoires(maximum=20),
    nom=st.sampled_from(("plus", "moins", "empreinte", "retire", "ajoute")),
    ecart=st.integers(0, 63),
    data=st.data(),
)
def test_un_sceau_change_est_nomme_malgre_la_chaine_recalculee(
    histoire: Histoire, nom: str, ecart: int, data: st.DataObject
) -> None:
    """Un total changé d'un centime, ôté, ajouté, ou un chiffre de l'empreinte : le sceau diverge.

    La chaîne est recalculée ensuite, comme un administrateur le pourrait ; sans changement, la même
    réécriture ne fait rien constater.
    """
    clore_tout(histoire)
    position = data.draw(st.sampled_from([p for p, _ in clotures(histoire)]), label="clôture")
    reecrire(histoire.store, position, lambda etat: None)
    assert verifier(histoire.store, PROGRAMME).constats == ()
    reecrire(histoire.store, position, _alterer(nom, ecart))
    constats = verifier(histoire.store, PROGRAMME).constats
    # said where it stands, and once more at the end, when every later fact is known
    assert [(c.code, c.position) for c in constats] == [
        ("cloture_divergente", position),
        ("cloture_divergente", None),
    ]


@reglages(EXEMPLES)
@given(histoire=histoires(maximum=15), membre=st.sampled_from(("ae_centimes", "cp_centimes")))
def test_des_credits_reecrits_ne_contredisent_que_le_sceau(histoire: Histoire, membre: str) -> None:
    """Un centime de plus à des crédits d'un exercice clos, chaîne recalculée : le sceau le dit."""
    annee = max(exercices_ouverts(histoire), default=JOUR_MAX.year)
    jour = f"{APRES}-01-01"
    lfi = {"ae_centimes": 500, "cp_centimes": 500, "nature": "lfi", "source": "LFI"}
    assert envoyer(histoire, "OuvrirCrédits", jour, exercice=annee, **lfi) == "acceptee"
    position = len(histoire.faits)
    clore_tout(histoire)
    reecrire(histoire.store, position, lambda etat: etat.update({membre: 501}))
    codes = {constat.code for constat in verifier(histoire.store, PROGRAMME).constats}
    assert codes == {"cloture_divergente"}
