"""Les invariants 1 à 8, 13 et 14 du contrat, chacun sur des histoires tirées au hasard."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Fait, Journal
from ledger import evenements as ev
from ledger.preuve.merkle import Arbre
from ledger.testing.valeurs import JOUR_MAX, JOUR_MIN
from projections import credits as lire_credits
from projections import enveloppe, regarder
from projections.partie_double import ecritures, soldes
from projections.situation import Situation, Vue, appliquer, plier
from projections.testing.chiffres import en_json
from tests.properties.outils import reglages
from tests.properties.suivi import Suivi, derouler

EXEMPLES = 80
DATES = st.none() | st.dates(JOUR_MIN, JOUR_MAX)


def _vue(situation: Situation) -> Vue:
    return Vue(programme=PROGRAMME, au=None, situation=situation, arbre=Arbre())


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_1_le_disponible_reste_entre_zero_et_l_enveloppe(histoire: Histoire) -> None:
    """À chaque position, le disponible est compris entre zéro et l'enveloppe."""
    situation = Situation()
    for position, fait, suivi in derouler(histoire):
        situation = appliquer(situation, position, fait)
        ligne = enveloppe(_vue(situation))
        attendu = (suivi.disponible, suivi.enveloppe)
        assert attendu == (ligne.disponible_centimes, ligne.enveloppe_centimes)
        assert 0 <= suivi.disponible <= suivi.enveloppe


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_2_le_paye_ne_depasse_jamais_l_engage(histoire: Histoire) -> None:
    """Payé au plus l'engagé : par tranche, bonus, cohorte, structure, programme et exercice."""
    for _, _, suivi in derouler(histoire):
        for nom, tranches in suivi.tranches.items():
            planifie = {t.rang: t.montant_centimes for t in tranches}
            for (structure, rang), verse in suivi.verse.items():
                if structure == nom and rang:
                    assert 0 <= verse <= planifie.get(rang, 0)
            assert 0 <= suivi.verse[nom, 0] <= suivi.bonus.get(nom, 0)
            paye = sum(c for cle, c in suivi.paye.items() if cle[0] == nom)
            assert paye <= suivi.montants[nom] + suivi.bonus.get(nom, 0)
        assert min(suivi.restes().values(), default=0) >= 0
        assert min(suivi.paye.values(), default=0) >= 0
        assert suivi.paye.total() <= suivi.engage.total()
        exercices = sorted({*suivi.engage_par_exercice, *suivi.paye_par_exercice})
        engage = paye = 0
        for exercice in exercices:
            engage += suivi.engage_par_exercice[exercice]
            paye += suivi.paye_par_exercice[exercice]
            assert paye <= engage, exercice


@reglages(2 * EXEMPLES)
@given(histoire=histoires())
def test_3_l_echeancier_fait_la_subvention(histoire: Histoire) -> None:
    """Un échéancier fait la subvention, dans le plancher, les plafonds et la durée du label."""
    for _, fait, suivi in derouler(histoire):
        if not isinstance(fait, ev.FabriqueLabellisée | ev.AvenantSigné):
            continue
        tranches, montant = fait.echeancier, fait.montant_centimes
        label, regles = suivi.labels[fait.structure], suivi.regles_du_label[fait.structure]
        assert montant == sum(t.montant_centimes for t in tranches)
        assert regles["plancher_centimes"] <= montant <= regles["plafond_centimes"]
        assert [*range(1, len(tranches) + 1)] == [t.rang for t in tranches]
        par_exercice: Counter[int] = Counter()
        for tranche in tranches:
            assert tranche.montant_centimes > 0
            par_exercice[tranche.exercice] += tranche.montant_centimes
        assert max(par_exercice.values()) <= regles["plafond_annuel_centimes"]
        exercices = [t.exercice for t in tranches]
        assert sorted(exercices) == exercices
        assert exercices[-1] - exercices[0] < regles["exercices_max"]
        assert label.date_effet.year <= exercices[0]
        echeances = [t.echeance for t in tranches]
        assert sorted(echeances) == echeances
        assert label.date_effet <= echeances[0]


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_4_les_quotas_bloquants_tiennent(histoire: Histoire) -> None:
    """Un label ou un bonus accordé sous des quotas bloquants ne dépasse aucun d'eux."""
    for _, fait, suivi in derouler(histoire):
        regles = suivi.regles_au(fait.date_effet)
        if regles["quotas"] != "bloquants":
            continue
        if isinstance(fait, ev.FabriqueLabellisée):
            labels = suivi.en_vigueur
            zone = [label for label in labels if label.territoire == fait.territoire]
            assert len(labels) <= regles["quota_total"]
            assert len(zone) <= regles[f"quota_{fait.territoire}"]
            if fait.numerique:
                assert sum(label.numerique for label in labels) <= regles["quota_numeriques"]
        elif isinstance(fait, ev.BonusNumériqueAccordé):
            assert len(suivi.bonus) <= regles["quota_numeriques"]


@reglages(2 * EXEMPLES)
@given(histoire=histoires())
def test_5_un_seul_bonus_par_fabrique_numerique_en_qpv(histoire: Histoire) -> None:
    """Une structure reçoit au plus un bonus, et seulement numérique et en QPV."""
    vus: set[str] = set()
    for _, fait, suivi in derouler(histoire):
        if isinstance(fait, ev.BonusNumériqueAccordé):
            label = suivi.labels[fait.structure]
            assert label.numerique
            assert label.territoire == "qpv"
            assert fait.structure not in vus
            vus.add(fait.structure)


@reglages(2 * EXEMPLES)
@given(histoire=histoires())
def test_6_aucun_versement_hors_de_sa_place(histoire: Histoire) -> None:
    """Aucun versement avant le label, avant l'échéance, hors de l'ordre ou après le retrait."""
    for _, fait, suivi in derouler(histoire):
        if not isinstance(fait, ev.TrancheVersée | ev.BonusNumériqueVersé):
            continue
        nom = fait.structure
        assert nom in suivi.labels
        assert nom not in suivi.retires
        assert suivi.labels[nom].date_effet <= fait.date_effet
        if isinstance(fait, ev.TrancheVersée):
            *avant, tranche = suivi.tranches[nom][: fait.rang]
            assert fait.rang == tranche.rang
            assert tranche.echeance <= fait.date_effet
            assert all(t.montant_centimes == suivi.verse[nom, t.rang] for t in avant)


@reglages(EXEMPLES)
@given(histoire=histoires(), au=DATES, data=st.data())
def test_7_le_tableau_des_restes_a_payer_se_boucle(
    histoire: Histoire, au: date | None, data: st.DataObject
) -> None:
    """Chaque exercice se boucle au centime, et les cohortes font le total."""
    connu_au = data.draw(st.integers(1, len(histoire.faits)))
    vue = regarder(Journal(histoire.store, PROGRAMME), au=au, connu_au=connu_au)
    ouverture = 0
    for ligne in lire_credits(vue):
        assert ouverture == ligne.rap_ouverture_centimes
        ouverture += ligne.ae_engagees_centimes - ligne.cp_payes_centimes
        ouverture -= ligne.regularisations_centimes + ligne.retraits_meme_exercice_centimes
        ouverture -= ligne.retraits_anterieurs_centimes
        assert ouverture == ligne.rap_cloture_centimes
    prevu = sum(ligne.cp_restant_a_prevoir_centimes for ligne in lire_credits(vue))
    assert ouverture == prevu == enveloppe(vue).reste_a_payer_centimes
    suivi = Suivi()
    for position, fait in [*histoire.positions()][:connu_au]:
        if vue.au is None or fait.date_effet <= vue.au:
            suivi.ajouter(position, fait)
    assert suivi.restes().total() == ouverture


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_7_bis_les_restes_sont_ceux_des_echeanciers_vivants(histoire: Histoire) -> None:
    """Le reste à payer est ce que doivent encore les échéanciers et les bonus vivants."""
    for _, _, suivi in derouler(histoire):
        du = 0
        for label in suivi.en_vigueur:
            nom = label.structure
            verse = sum(c for (structure, _), c in suivi.verse.items() if structure == nom)
            du += suivi.montants[nom] + suivi.bonus.get(nom, 0) - verse
        assert du == suivi.restes().total()


@reglages(EXEMPLES)
@given(histoire=histoires())
def test_8_les_ecritures_s_equilibrent_et_font_les_chiffres(histoire: Histoire) -> None:
    """Les écritures de chaque fait sont nulles, livre par livre, et leurs soldes les chiffres."""
    postes = []
    for position, fait in histoire.positions():
        livres: Counter[str] = Counter()
        for poste in ecritures(position, fait):
            assert position == poste.position
            livres[poste.compte.split(":")[0]] += poste.centimes
            postes.append(poste)
        assert set(livres.values()) <= {0}, fait
    balance = Counter(soldes(postes))
    vue = _vue(plier(histoire.positions()))
    ligne = enveloppe(vue)
    assert balance["enveloppe:disponible"] == ligne.disponible_centimes
    assert balance["enveloppe:plafond"] == -ligne.enveloppe_centimes
    for c in lire_credits(vue):
        an = c.exercice

        def somme(*comptes: str, an: int = an) -> int:
            natures = ("", ":subvention", ":bonus")
            return sum(balance[f"{compte}:{an}{n}"] for compte in comptes for n in natures)

        lus = (c.ae_disponibles_centimes, c.cp_disponibles_centimes)
        assert lus == (somme("ae:disponibles"), somme("cp:disponibles"))
        lus = (c.ae_engagees_centimes, c.retraits_meme_exercice_centimes)
        assert lus == (somme("ae:engagees"), -somme("ae:retraits_meme"))
        lus = (c.cp_payes_centimes, c.regularisations_centimes)
        assert lus == (somme("cp:payes"), somme("cp:regularisations"))
        assert lus == (somme("rap:payes"), somme("rap:regularisations"))
        assert c.retraits_anterieurs_centimes == somme("rap:retraits_anterieurs")
        assert c.reversements_centimes == somme("reversements:encaisses")
        assert (c.ae_gelees_centimes, c.cp_geles_centimes) == (
            somme("ae:gelees"),
            somme("cp:geles"),
        )
        ouverts = (c.ae_ouvertes_centimes, c.cp_ouverts_centimes)
        assert ouverts == (-somme("ae:ouvertes"), -somme("cp:ouverts"))
    *_, (_, _, suivi) = derouler(histoire)
    cohortes: Counter[tuple[str, int]] = Counter()
    for (_, nature, exercice), centimes in suivi.restes().items():
        cohortes[nature, exercice] += centimes
    for (nature, exercice), centimes in cohortes.items():
        assert centimes == balance[f"rap:reste:{exercice}:{nature}"]


def _sceau(lignes: list[object]) -> str:
    brut = json.dumps(lignes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(brut.encode()).hexdigest()


@reglages(2 * EXEMPLES)
@given(histoire=histoires())
def test_13_les_tableaux_d_un_exercice_clos_ne_changent_plus(histoire: Histoire) -> None:
    """À toute position ultérieure, les lignes d'un exercice clos sont celles de son sceau."""
    clotures: list[tuple[Fait, list[object]]] = []
    situation = Situation()
    for position, fait in histoire.positions():
        situation = appliquer(situation, position, fait)
        lignes = en_json(lire_credits(_vue(situation)))
        if isinstance(fait, ev.ExerciceClôturé):
            clotures.append((fait, [c for c in lignes if c["exercice"] <= fait.exercice]))
        for cloture, scellees in clotures:
            assert isinstance(cloture, ev.ExerciceClôturé)
            closes = [c for c in lignes if c["exercice"] <= cloture.exercice]
            assert scellees == closes
            assert cloture.empreinte == _sceau(closes)
            if closes and closes[-1]["exercice"] == cloture.exercice:
                assert cloture.totaux == closes[-1]


def _montants(situation: Situation) -> Counter[str]:
    """Every cent of the envelope and of the credits table, flat."""
    membres: Counter[str] = Counter()
    for nom, valeur in en_json(enveloppe(_vue(situation))).items():
        if nom.endswith("_centimes"):
            membres[nom] = valeur
    for ligne in en_json(lire_credits(_vue(situation))):
        annee = ligne.pop("exercice")
        for nom, valeur in ligne.items():
            if not nom.startswith(("rap_", "cp_restant")):
                membres[f"{annee}:{nom}"] = valeur
    return membres


@reglages(EXEMPLES)
@given(histoire=histoires(), au=DATES, data=st.data())
def test_14_l_ecart_entre_deux_positions_est_la_somme_des_faits(
    histoire: Histoire, au: date | None, data: st.DataObject
) -> None:
    """Entre deux positions, chaque montant varie de ce que chaque fait apporte, pris seul."""
    p1 = data.draw(st.integers(0, len(histoire.faits)))
    p2 = data.draw(st.integers(p1, len(histoire.faits)))
    faits = [*histoire.positions()]
    apports: Counter[str] = Counter()
    for inscrit in faits[p1:p2]:
        apports.update(_montants(plier([inscrit], au=au)))
    ecart = _montants(plier(faits[:p2], au=au))
    ecart.subtract(_montants(plier(faits[:p1], au=au)))
    assert {nom: c for nom, c in apports.items() if c} == {nom: c for nom, c in ecart.items() if c}
