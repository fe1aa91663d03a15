"""Un extrait tiré de notre journal, plus des anomalies injectées : exactement leurs verdicts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal
from ledger.evenements import VersementRapproché
from ledger.testing.valeurs import JOUR_MAX
from projections import regarder
from projections.rapprochement import (
    VERDICTS,
    LigneChorus,
    Verdict,
    VersementAuLivre,
    rapprocher,
    versements,
)
from projections.rapprochement.modele import Nom
from projections.simulation import cote_a_cote, tables
from projections.testing.chorus import Extrait, extraire
from tests.properties.outils import reglages

ANOMALIES: tuple[Nom, ...] = (
    "montant_different",
    "autre_exercice",
    "dp_en_double",
    "dp_incomplete",
    "annulation",
    "chorus_seul",
    "livre_seul",
    "ambigu",
)


@st.composite
def livres(draw: st.DrawFn) -> list[VersementAuLivre]:
    """Payments that at least one tier can recognise, amounts far enough apart to be told apart."""
    nombre = draw(st.integers(1, 12))
    payes = []
    for rang in range(nombre):
        par = draw(st.sampled_from(("ordre", "ej", "siret")))
        annee = draw(st.sampled_from((2020, 2022, 2024)))  # one year later is nobody's
        payes.append(
            VersementAuLivre(
                position=rang + 10,
                structure=f"s{rang}",
                rang=draw(st.integers(0, 3)),
                montant_centimes=(rang + 1) * 1_000 + draw(st.integers(0, 9)),
                exercice=annee,
                date=f"{annee}-03-01",
                reference=f"V-{rang}",
                siret=f"{rang + 100:09d}00012" if par == "siret" else "",
                ejs=(f"00210000{rang:02d}",) if par == "ej" else (),
                numeros=(f"V-{rang}", f"0500{rang:06d}") if par == "ordre" else (f"V-{rang}",),
                demandes=(f"0500{rang:06d}",) if par == "ordre" else (),
            )
        )
        if par == "ordre" and draw(st.integers(0, 3)) == 0:  # the order is paid in parts
            suite = {"position": rang + 100, "montant_centimes": draw(st.integers(1, 900))}
            payes.append(replace(payes[-1], **suite))
    return payes


def dits(verdicts: tuple[Verdict, ...]) -> dict[object, str]:
    """What is said of each request, and of each payment that has none."""
    return {v.position if v.dp is None else (v.dp, v.exercice_dp): v.verdict for v in verdicts}


@st.composite
def extraits(draw: st.DrawFn) -> tuple[list[VersementAuLivre], Extrait]:
    """A ledger, its extract, and anomalies injected in some of its payments."""
    livre = draw(livres())
    extrait = extraire(livre)
    for versement in livre:
        if extrait.attendus.get(extrait.numero(versement)) == "regroupe":
            continue  # an order paid in parts: nothing is wrong with it
        connu = extrait.numero(versement)[0] in versement.numeros
        possibles: list[Nom] = [nom for nom in ANOMALIES if nom != "ambigu" or not connu]
        tirees: list[Nom | None] = [None, None, *possibles]
        anomalie = draw(st.sampled_from(tirees))
        if anomalie is not None:
            extrait.injecter(anomalie, versement)
    annees = {ligne.exercice for ligne in extrait.lignes}
    couverts = {v.position for v in livre if v.exercice in annees}
    attendus: dict[Any, Nom] = {
        cle: nom
        for cle, nom in extrait.attendus.items()
        if nom != "livre_seul" or cle in couverts  # the extract says nothing of other years
    }
    extrait.attendus = attendus
    return livre, extrait


@reglages(60)
@given(tire=extraits())
def test_un_extrait_et_ses_anomalies_donnent_exactement_leurs_verdicts(
    tire: tuple[list[VersementAuLivre], Extrait],
) -> None:
    """Chaque anomalie injectée a son verdict, et tout le reste est rapproché."""
    livre, extrait = tire
    assert dits(rapprocher(extrait.lignes, livre)) == extrait.attendus


def test_chaque_verdict_d_ecart_a_son_anomalie() -> None:
    """Aucun verdict n'est hors de portée des extraits tirés, sinon les deux qui se confirment."""
    tires = {*ANOMALIES, "regroupe"}
    assert set(VERDICTS) - tires == {"rapproche", "deja_rapproche"}


@reglages(40)
@given(tire=extraits(), data=st.data())
def test_l_ordre_des_lignes_et_du_livre_ne_change_rien(
    tire: tuple[list[VersementAuLivre], Extrait], data: st.DataObject
) -> None:
    """Lignes et versements battus : les mêmes verdicts, dans le même ordre."""
    livre, extrait = tire
    autres = data.draw(st.permutations(extrait.lignes))
    battu = data.draw(st.permutations(livre))
    assert rapprocher(autres, battu) == rapprocher(extrait.lignes, livre)


@st.composite
def fouillis(draw: st.DrawFn) -> tuple[list[VersementAuLivre], list[LigneChorus]]:
    """Payments and lines that collide on purpose: few numbers, few amounts, both signs."""
    peu = st.integers(0, 2)
    livre = [
        VersementAuLivre(
            position=rang + 1,
            structure=f"s{draw(peu)}",
            rang=draw(peu),
            montant_centimes=100 + draw(peu),
            exercice=2020 + draw(peu),
            date="2020-03-01",
            reference="V",
            siret=f"{draw(peu)}" if draw(st.booleans()) else "",
            ejs=tuple(sorted(f"E{n}" for n in draw(st.sets(peu, max_size=2)))),
            numeros=tuple(sorted({"V", f"D{draw(peu)}"})),
            annulation=draw(st.sampled_from((None, None, 99))),
        )
        for rang in range(draw(st.integers(0, 6)))
    ]
    livre = [  # half of them know the request of their order
        replace(v, demandes=tuple(n for n in v.numeros if n != "V")) if draw(st.booleans()) else v
        for v in livre
    ]
    lignes = [
        LigneChorus(
            feuille="",
            ligne=rang + 2,
            dp=f"D{draw(st.integers(0, 4))}",
            exercice=2020 + draw(peu),
            montant_centimes=draw(st.sampled_from((100, 101, 102, -100, 0))),
            poste=str(rang) if draw(st.booleans()) else "",
            ej=draw(st.sampled_from(("", "E0", "E1", "E2"))),
            siret=draw(st.sampled_from(("", "0", "1", "2"))),
        )
        for rang in range(draw(st.integers(0, 8)))
    ]
    return livre, lignes


@reglages(150)
@given(tire=fouillis())
def test_tout_est_dit_une_fois_et_aucune_paire_n_est_devinee(
    tire: tuple[list[VersementAuLivre], list[LigneChorus]],
) -> None:
    """Chaque demande a un verdict, chaque versement un au plus ; une paire a les mêmes centimes."""
    livre, lignes = tire
    verdicts = rapprocher(lignes, livre)
    demandes = Counter((v.dp, v.exercice_dp) for v in verdicts if v.dp is not None)
    assert demandes == Counter({(li.dp, li.exercice) for li in lignes})
    positions = Counter(v.position for v in verdicts if v.position is not None)
    assert max(positions.values(), default=1) == 1
    par_position = {v.position: v for v in livre}
    for verdict in verdicts:
        if verdict.verdict == "rapproche":
            assert verdict.position is not None
            paye = par_position[verdict.position]
            somme = sum(
                li.montant_centimes
                for li in lignes
                if (li.dp, li.exercice) == (verdict.dp, verdict.exercice_dp)
            )
            assert (somme, verdict.exercice_dp) == (paye.montant_centimes, paye.exercice)
            assert paye.annulation is None
            assert not paye.demandes or verdict.dp in paye.numeros


@reglages(40)
@given(tire=extraits())
def test_ce_qui_est_confirme_n_est_plus_propose(
    tire: tuple[list[VersementAuLivre], Extrait],
) -> None:
    """Une fois ses paires confirmées, le même extrait les dit déjà rapprochées, et rien d'autre."""
    livre, extrait = tire
    premiers = rapprocher(extrait.lignes, livre)
    confirmes = {v.position: (v.dp, v.exercice_dp) for v in premiers if v.verdict == "rapproche"}
    apres = [replace(v, rapproche=confirmes.get(v.position)) for v in livre]
    attendus = {
        cle: "deja_rapproche" if dit == "rapproche" else dit for cle, dit in dits(premiers).items()
    }
    assert dits(rapprocher(extrait.lignes, apres)) == attendus


@reglages(15)
@given(histoire=histoires(maximum=40))
def test_confirmer_n_ecrit_aucun_montant(histoire: Histoire) -> None:
    """Toute histoire rapprochée de son extrait, puis confirmée, garde chacun de ses chiffres."""
    journal = Journal(histoire.store, PROGRAMME)
    livre = versements(journal.rattraper())
    avant = tables(regarder(Journal(histoire.store, PROGRAMME)))
    for verdict in rapprocher(extraire(livre).lignes, livre):
        if verdict.verdict != "rapproche":
            continue
        recu = histoire.livre.executer(
            {
                "commande": "RapprocherVersement",
                "id_commande": f"r-{verdict.position}",
                "programme": PROGRAMME,
                "acteur": {"id": "c", "role": "controleur"},
                "date_effet": JOUR_MAX.isoformat(),
                "structure": verdict.structure,
                "position": verdict.position,
                "dp": verdict.dp,
                "exercice_dp": verdict.exercice_dp,
            }
        )
        assert recu.statut == "acceptee"
    apres = regarder(Journal(histoire.store, PROGRAMME))
    ecarts = cote_a_cote(avant, tables(apres))
    assert [ligne for ligne in ecarts if ligne.difference_centimes] == []
    derniers = [fait for position, fait in apres.faits() if position > journal.taille]
    assert all(isinstance(fait, VersementRapproché) for fait in derniers)
    assert not any("centimes" in m for m in VersementRapproché.__struct_fields__)
