"""Le classeur d'un programme : chaque cellule est le chiffre des projections, au centime."""

from __future__ import annotations

import csv
from datetime import date, datetime
from io import BytesIO
from typing import Any

from hypothesis import Phase, given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import credits, echeancier, enveloppe, regarder, structures
from projections.libelles import ETATS, RETRAITS_POUR_MEMOIRE
from projections.matrice import matrice
from projections.situation import Vue
from projections.tableurs import ecrire_csv, ecrire_ods, ecrire_xlsx
from projections.tableurs.journal import effet
from projections.tableurs.programme import TABLEAUX, classeur_du_programme, tableau
from tests.properties.outils import reglages
from tests.tableurs.evaluer import Feuille, Livre, ecarts, lire_ods, lire_xlsx

EXEMPLES = 12
SANS_REDUCTION = (Phase.explicit, Phase.reuse, Phase.generate)
"""Writing and reading two workbooks is slow: reducing a failure would take minutes."""
DATES = st.none() | st.dates(JOUR_MIN, JOUR_MAX)


def _regarder(data: st.DataObject, histoire: Histoire) -> Vue:
    au: date | None = data.draw(DATES)
    connu_au = data.draw(st.none() | st.integers(0, len(histoire.faits)))
    return regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=connu_au)


def _livres(vue: Vue) -> tuple[Livre, Livre]:
    xlsx, ods = BytesIO(), BytesIO()
    ecrire_xlsx(classeur_du_programme(vue), xlsx)
    ecrire_ods(classeur_du_programme(vue), ods)
    return lire_xlsx(xlsx.getvalue()), lire_ods(ods.getvalue())


def _table(feuille: Feuille, entete: str) -> list[dict[str, Any]]:
    """The lines under a heading whose first cell is `entete`, as far as the total or a gap."""
    lignes = feuille.lignes()
    debut = next(rang for rang, ligne in enumerate(lignes) if ligne[0] == entete)
    titres = lignes[debut]
    trouvees = []
    for ligne in lignes[debut + 1 :]:
        if ligne[0] in (None, "Total", "(aucune ligne)"):
            break
        trouvees.append(dict(zip(titres, ligne, strict=True)))
    return trouvees


def _centimes(valeur: Any) -> int:
    return round((valeur or 0) * 100)


@reglages(EXEMPLES, phases=SANS_REDUCTION)
@given(histoire=histoires(), data=st.data())
def test_chaque_cellule_est_le_chiffre_des_projections(
    histoire: Histoire, data: st.DataObject
) -> None:
    """À toute date et toute position, dans les deux formats, chaque cellule est le chiffre."""
    vue = _regarder(data, histoire)
    faits = list(vue.faits())
    for livre in _livres(vue):
        assert ecarts(livre) == []
        _comparer_situation(livre["Situation"], vue)
        _comparer_exercices(livre["Exercices"], vue)
        registre = _table(livre["Structures"], "Structure")
        assert [
            (
                ligne["Structure"],
                ligne["État"],
                _centimes(ligne["Subvention"]),
                _centimes(ligne["Payé"]),
            )
            for ligne in registre
        ] == [
            (s.structure, ETATS[s.etat], s.montant_centimes, s.paye_centimes)
            for s in structures(vue)
        ]
        _comparer_echeanciers(livre["Échéanciers"], vue)
        assert [
            (
                ligne["Position"],
                ligne["Date d'effet"],
                _centimes(ligne["Engagé (AE)"]),
                _centimes(ligne["Retiré"]),
                _centimes(ligne["Payé (CP)"]),
                ligne["Commande"],
            )
            for ligne in _table(livre["Journal"], "Position")
        ] == [
            (p, datetime.combine(f.date_effet, datetime.min.time()), *effet(f), f.id_commande)
            for p, f in faits
        ]
        _comparer_controle(livre["Contrôle"], vue)


def _comparer_situation(feuille: Feuille, vue: Vue) -> None:
    figure = enveloppe(vue)
    postes = _table(feuille, "Poste")
    montants = [_centimes(p["Montant"]) for p in postes]
    meme, anterieurs = (
        figure.retraits_meme_exercice_bonus_centimes,
        figure.retraits_anterieurs_bonus_centimes,
    )
    assert montants == [
        figure.enveloppe_centimes,
        figure.engage_centimes,
        figure.engage_subventions_centimes,
        figure.engage_bonus_centimes,
        figure.retraits_meme_exercice_centimes,
        meme,
        figure.retraits_anterieurs_centimes,
        anterieurs,
        vue.situation.soldes.impute,
        vue.situation.soldes.rendu,
        figure.disponible_centimes,
        figure.enveloppe_centimes - figure.disponible_centimes,
        figure.paye_centimes,
        figure.reste_a_payer_centimes,
        figure.reversements_centimes,
    ]
    consomme = round(postes[11]["Part de l'enveloppe"] * 10_000)
    if montants[11] >= 0:
        assert consomme == figure.taux_consommation_dix_milliemes
    lignes = feuille.lignes()
    debut = next(rang for rang, ligne in enumerate(lignes) if ligne[0] == "Labels en vigueur") + 1
    membres = ("total", "qpv", "hors_qpv", "numeriques")
    assert [tuple(ligne[1:3]) for ligne in lignes[debut : debut + 4]] == [
        (getattr(figure.labels, m), getattr(figure.quotas, m)) for m in membres
    ]


def _comparer_exercices(feuille: Feuille, vue: Vue) -> None:
    lignes = feuille.lignes()
    debuts = [rang for rang, ligne in enumerate(lignes) if ligne[0] == "Exercice"]
    assert len(debuts) == 3
    blocs = []
    for debut in debuts:
        bloc = []
        for ligne in lignes[debut + 1 :]:
            if not isinstance(ligne[0], int):
                break
            bloc.append(dict(zip(lignes[debut], ligne, strict=True)))
        blocs.append(bloc)
    for ae, cp, rap, attendue in zip(*blocs, credits(vue), strict=True):
        assert ae["Exercice"] == cp["Exercice"] == rap["Exercice"] == attendue.exercice
        for bloc, titre, membre in (
            (ae, "AE ouvertes", "ae_ouvertes"),
            (ae, "AE gelées", "ae_gelees"),
            (ae, "AE engagées", "ae_engagees"),
            (ae, "Retraits du même exercice", "retraits_meme_exercice"),
            (ae, "AE disponibles", "ae_disponibles"),
            (ae, RETRAITS_POUR_MEMOIRE, "retraits_anterieurs"),
            (cp, "CP ouverts", "cp_ouverts"),
            (cp, "CP gelés", "cp_geles"),
            (cp, "CP payés", "cp_payes"),
            (cp, "Régularisations", "regularisations"),
            (cp, "CP disponibles", "cp_disponibles"),
            (cp, "CP restant à prévoir", "cp_restant_a_prevoir"),
            (cp, "Reversements encaissés", "reversements"),
            (rap, "RAP à l'ouverture", "rap_ouverture"),
            (rap, "Retraits d'exercices antérieurs", "retraits_anterieurs"),
            (rap, "RAP à la clôture", "rap_cloture"),
        ):
            assert _centimes(bloc[titre]) == getattr(attendue, f"{membre}_centimes"), titre
    attendues = matrice(vue.faits())
    lues = _table(feuille, "Engagés en")
    assert [
        (ligne["Engagés en"], _centimes(ligne["Engagé"]), _centimes(ligne["Reste à payer"]))
        for ligne in lues
    ] == [(m.engagement, m.engage_centimes, m.reste_centimes) for m in attendues]
    for lue, m in zip(lues, attendues, strict=True):
        payes = {c: _centimes(v) for c, v in lue.items() if str(c).startswith("Payé en") and v}
        assert payes == {f"Payé en {p.exercice}": p.montant_centimes for p in m.paiements}


def _comparer_echeanciers(feuille: Feuille, vue: Vue) -> None:
    attendues = []
    for s in structures(vue):
        figure = echeancier(vue, s.structure)
        attendues += [
            (
                s.structure,
                t.rang,
                t.exercice,
                t.montant_centimes,
                t.verse_centimes,
                t.reste_centimes,
            )
            for t in figure.tranches
        ]
        if figure.bonus is not None:
            b = figure.bonus
            annule = figure.etat == "label_retire" and b.verse_centimes < b.montant_centimes
            reste = 0 if annule else b.montant_centimes - b.verse_centimes
            attendues.append(
                (s.structure, 0, b.exercice, b.montant_centimes, b.verse_centimes, reste)
            )
    assert [
        (
            ligne["Structure"],
            ligne["Rang"],
            ligne["Exercice"],
            _centimes(ligne["Prévu"]),
            _centimes(ligne["Versé"]),
            _centimes(ligne["Reste à payer"]),
        )
        for ligne in _table(feuille, "Structure")
    ] == attendues


def _comparer_controle(feuille: Feuille, vue: Vue) -> None:
    lus = {ligne[0]: ligne[1:] for ligne in feuille.lignes() if ligne[0] is not None}
    assert lus["Programme"][0] == PROGRAMME
    assert lus["Position du journal"][0] == vue.situation.position
    assert lus["Les feuilles redonnent les totaux"][0] == "conforme"
    totaux = [ligne for ligne in lus.values() if len(ligne) == 4 and ligne[3] is not None][1:]
    assert len(totaux) >= 60
    for attendu, trouve, ecart, verdict in totaux:
        assert (trouve, ecart, verdict) == (attendu, 0, "conforme")


@reglages(EXEMPLES // 2, phases=SANS_REDUCTION)
@given(histoire=histoires(), data=st.data())
def test_une_cellule_changee_a_la_main_se_voit_au_controle(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Un centime ajouté à un montant du journal rend « écart » au contrôle recalculé."""
    vue = regarder(Journal(histoire.store, PROGRAMME))
    flux = BytesIO()
    ecrire_xlsx(classeur_du_programme(vue), flux)
    livre = lire_xlsx(flux.getvalue())
    saisies = [
        cellule
        for cellule in livre["Journal"].cellules.values()
        if cellule.formule is None
        and isinstance(cellule.valeur, float | int)
        and "€" in cellule.format
    ]
    if not saisies:
        return
    cellule = data.draw(st.sampled_from(saisies))
    cellule.valeur = (round(cellule.valeur * 100) + 1) / 100
    changees = [e for e in ecarts(livre) if e.startswith("Contrôle!")]
    assert any(e.endswith(": conforme, écart") for e in changees)


@reglages(EXEMPLES, phases=SANS_REDUCTION)
@given(histoire=histoires(), data=st.data())
def test_chaque_tableau_s_ecrit_en_csv_des_deux_normes(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Chaque tableau donne une ligne par ligne, les mêmes montants dans les deux normes."""
    vue = _regarder(data, histoire)
    for cle in TABLEAUX:
        donne = tableau(vue, cle)
        francais = list(
            csv.reader(
                b"".join(ecrire_csv(donne, "fr")).decode("utf-8-sig").splitlines(), delimiter=";"
            )
        )
        standard = list(csv.reader(b"".join(ecrire_csv(donne, "standard")).decode().splitlines()))
        assert len(francais) == len(standard) == donne.nombre + 1
        for rang, colonne in enumerate(donne.colonnes):
            if colonne.genre == "montant":
                lus = [[ligne[rang] for ligne in lignes[1:]] for lignes in (francais, standard)]
                assert [v.replace(",", ".") for v in lus[0]] == lus[1]
