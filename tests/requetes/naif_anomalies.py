"""Every anomaly looked for again in the lines of a journal alone, each code by its own function.

An anomaly is told by its code, structure, position, and the words that its sentence must hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from itertools import groupby

from tests.requetes.naif import COMPTES, Naif, Objet
from tests.requetes.naif_fonctions import PAIEMENTS, lignes_de_fonctions

Trouvee = tuple[str, str | None, int | None, tuple[str, ...]]
SEUIL_CONVENTION, SEUIL_DEPUIS = 2_300_000, "2001-06-06"
"""Décret n° 2001-495, article 1er: an agreement above 23 000 euros."""
RETARD, POIGNEE = 90, 5
DITS = ("total", "QPV", "hors QPV", "numériques")


def en_euros(centimes: int) -> str:
    """Cents as people read them."""
    euros, reste = divmod(abs(centimes), 100)
    return f"{'-' * (centimes < 0)}{euros:,}".replace(",", " ") + f",{reste:02d} €"


def toutes(naif: Naif) -> list[Trouvee]:
    """Those of structures and of the programme, duplicates, duties, recording."""
    trouvees: list[Trouvee] = []
    if naif.regles() is not None and naif.jour is not None:
        for nom in naif.echeanciers():
            labels = [(p, e) for p, g, e in naif.de(nom) if g == "fabrique-labellisee"]
            if labels:
                trouvees += _de_structure(naif, nom, *labels[-1])
        trouvees += _du_programme(naif)
    return [
        *trouvees,
        *_doublons_de_structures(naif),
        *_doublons_de_versements(naif),
        *_fonctions(naif),
        *_tardifs(naif),
        *_arrets(naif),
    ]


def _vivants(naif: Naif, structure: str) -> list[tuple[int, str, Objet]]:
    """The payments of a structure that no counted fact cancels."""
    annules = {e["position"] for _, g, e in naif.de(structure) if g == "versement-annule"}
    return [f for f in naif.de(structure) if f[1] in PAIEMENTS and f[0] not in annules]


def _de_structure(naif: Naif, nom: str, position: int, label: Objet) -> Iterator[Trouvee]:
    for t in naif.echeanciers()[nom]["tranches"]:
        if t["statut"] == "en_retard":
            mots = f"Tranche {t['rang']} ", en_euros(t["reste_centimes"])
            yield "tranche_en_retard", nom, position, mots
    retraits = [e["date_effet"] for _, g, e in naif.de(nom) if g == "label-retire"]
    for p, genre, e in _vivants(naif, nom):
        if genre == "tranche-versee" and e["exercice"] != e["exercice_prevu"]:
            mots = str(e["exercice"]), str(e["exercice_prevu"])
            yield "versement_hors_exercice", nom, p, mots
        if retraits and e["date_effet"] > retraits[-1]:
            yield "versement_apres_retrait", nom, p, ()
    paye = reclame = 0
    for p, genre, e in naif.de(nom):
        if genre in PAIEMENTS:
            paye += e["montant_centimes"]
        elif genre == "reversement-demande":
            reclame += e["montant_centimes"]
        elif genre == "versement-annule":
            paye -= e["montant_centimes"]
            if paye < reclame:
                yield "reversement_excedentaire", nom, p, ()
    yield from _du_montant(naif, nom, position, label)


def _du_montant(naif: Naif, nom: str, position: int, label: Objet) -> Iterator[Trouvee]:
    """Missing agreement or SIRET, and amounts less than one per cent under a limit."""
    plan, regles = naif.plan(nom), naif.regles(label["date_effet"])
    assert regles is not None
    montant = plan["montant_centimes"]
    du = naif.etat(nom) == "labellisee" or naif.verse(nom).total() > 0
    conventions = [e for _, g, e in naif.de(nom) if g == "convention-signee"]
    sans = du and not conventions and label["date_effet"] >= SEUIL_DEPUIS
    if sans and montant > SEUIL_CONVENTION:
        yield "convention_absente", nom, position, (en_euros(montant),)
    if du and naif.identite(nom)["siret"] is None:
        yield "siret_absent", nom, position, ()
    plafond, annuel = regles["plafond_centimes"], regles["plafond_annuel_centimes"]
    par_an: dict[int, int] = {}
    for t in plan["echeancier"]:
        par_an[t["exercice"]] = par_an.get(t["exercice"], 0) + t["montant_centimes"]
    mesures = [(montant, plafond), *((prevu, annuel) for prevu in par_an.values())]
    sous = [(m, limite) for m, limite in mesures if m < limite]
    if sans and montant <= SEUIL_CONVENTION:  # at the threshold itself, none is asked either
        sous.append((montant, SEUIL_CONVENTION))
    for m, limite in sous:
        if (limite - m) * 100 <= limite:
            yield "montant_sous_limite", nom, position, (en_euros(m), en_euros(limite))


def _du_programme(naif: Naif) -> Iterator[Trouvee]:
    regles = naif.regles()
    assert regles is not None
    bonus = sum(g == "bonus-numerique-accorde" for _, g, _ in naif.faits)
    comptes = [
        (d, naif.labels[c], regles[f"quota_{c}"]) for d, c in zip(DITS, COMPTES, strict=True)
    ]
    for dit, compte, quota in (*comptes, ("bonus", bonus, regles["quota_numeriques"])):
        if compte > quota:
            yield "quota_depasse", None, None, (f"Quota {dit} : {compte} pour {quota}.",)
    for ligne in naif.credits() if regles["credits"] != "non_suivis" else ():
        for dit, membre in (("AE", "ae_disponibles"), ("CP", "cp_disponibles")):
            reste = ligne[f"{membre}_centimes"]
            if reste < 0:
                mots = f"{dit} de {ligne['exercice']}", en_euros(reste)
                yield "credits_depasses", None, None, mots
    bouges = [(le, p, ajoute - pris) for le, p, pris, ajoute in naif.mouvements if ajoute != pris]
    for jour in sorted({le for le, _, _ in bouges}):
        jusque_la = [(p, ecart) for le, p, ecart in bouges if le <= jour]
        reste = sum(ecart for _, ecart in jusque_la)
        if reste < 0:
            preneur = max(p for p, ecart in jusque_la if ecart < 0)
            yield "disponible_negatif", None, preneur, (en_euros(reste),)
    nombre = sum(naif.etat(nom) == "labellisee" for nom in naif.echeanciers())
    pris = naif.impute - naif.rendu
    if nombre and pris > 0:
        finances = naif.enveloppe * nombre // pris
        if finances < regles["quota_total"]:
            phrase = (f"finance {finances} labels sur {regles['quota_total']}.",)
            yield "rythme_insoutenable", None, None, phrase


def _doublons_de_structures(naif: Naif) -> Iterator[Trouvee]:
    """Each structure against all those that came before it, but applications that ended."""
    venues = sorted((naif.de(nom)[0][0], nom) for nom in naif.echeanciers())
    venues = [(p, nom) for p, nom in venues if naif.etat(nom) not in ("rejetee", "retiree")]
    for rang, (position, nom) in enumerate(venues):
        connue = naif.identite(nom)
        avant = [(autre, naif.identite(autre)) for _, autre in venues[:rang]]
        siret = [a for a, i in avant if i["siret"] == connue["siret"] is not None]
        noms = [
            a
            for a, i in avant
            if connue["porteur"]
            and i["code_postal"] == connue["code_postal"]
            and _nu(i["porteur"]) == _nu(connue["porteur"])
        ]
        for dit, memes in (("Même SIRET", siret), ("Même porteur", noms)):
            if memes:
                yield "doublon_structure", nom, position, (dit, f" que {memes[0]} ")


def _nu(nom: str) -> str:
    lettres = unicodedata.normalize("NFKD", nom).casefold()
    return re.sub(r"[\W_]", "", lettres) or nom


def _doublons_de_versements(naif: Naif) -> Iterator[Trouvee]:
    payes = sorted((p, nom, e) for nom in naif.echeanciers() for p, _, e in _vivants(naif, nom))
    for rang, (position, nom, e) in enumerate(payes):
        memes = [
            p
            for p, _, autre in payes[:rang]
            if autre["reference"].casefold().split() == e["reference"].casefold().split()
        ]
        jumeaux = [
            p
            for p, de, autre in payes[:rang]
            if de == nom
            and all(autre.get(m) == e.get(m) for m in ("rang", "montant_centimes", "date_effet"))
        ]
        if memes or jumeaux:
            mot = f"déjà donnée à la position {memes[0]} " if memes else f"position {jumeaux[0]}."
            yield "doublon_versement", nom, position, (mot,)


def _fonctions(naif: Naif) -> Iterator[Trouvee]:
    for ligne in lignes_de_fonctions(naif):
        if ligne["annulation_position"] is not None:
            continue
        code = {"meme_acteur": "ordonne_et_paye", "acteurs_semblables": "acteurs_semblables"}.get(
            ligne["statut"]
        )
        if code and not (code == "ordonne_et_paye" and ligne["ordonnancement_requis"]):
            mots = (en_euros(ligne["montant_centimes"]), f"position {ligne['ordre_position']})")
            yield code, ligne["structure"], ligne["position"], mots


def _tardifs(naif: Naif) -> Iterator[Trouvee]:
    """Recorded over a quarter after the effect, or in a year before that of an earlier fact."""
    tardifs: dict[str, list[tuple[int, Objet]]] = {}
    for rang, (position, _, e) in enumerate(naif.faits):
        inscrit = date.fromisoformat(e["enregistre_le"][:10])
        attente = (inscrit - date.fromisoformat(e["date_effet"])).days
        annee = e["date_effet"][:4]
        if attente > RETARD or any(d["date_effet"][:4] > annee for _, _, d in naif.faits[:rang]):
            tardifs.setdefault(annee, []).append((position, e))
    for annee, siens in tardifs.items():
        if len(siens) > POIGNEE:
            mots = f"{len(siens)} faits tardifs d'effet en {annee}", f"à {siens[-1][0]}."
            yield "fait_tardif", None, siens[0][0], mots
            continue
        for position, e in siens:
            yield "fait_tardif", e.get("structure"), position, ()


def _arrets(naif: Naif) -> Iterator[Trouvee]:
    """Facts in a row under one and the same instant."""
    suites = [
        [p for p, _, _ in suite]
        for _, suite in groupby(naif.faits, key=lambda f: f[2]["enregistre_le"])
    ]
    suites = [suite for suite in suites if len(suite) > 1]
    if len(suites) > POIGNEE:
        mots = f"{len(suites)} suites", f"({sum(map(len, suites))} faits)"
        yield "horloge_immobile", None, suites[0][0], mots
        return
    for suite in suites:
        mot = f"Positions {suite[0]} à {suite[-1]} "
        yield "horloge_immobile", None, suite[0], (mot,)
