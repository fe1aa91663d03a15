"""Ce que montre la saisie : faits tardifs, regroupés s'ils sont nombreux, et horloge immobile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from msgspec.structs import replace

from commands import GrandLivre
from ledger import Acteur, Fait, Journal, MemoryStore
from ledger.evenements import CandidatureRetirée, ProgrammeClos
from projections import Anomalie, saisie
from projections.anomalies import CODES
from projections.anomalies_saisie import Saisie, faits_de, retard_de
from tests.unit.monde import HorlogeFixe, Monde, P


def fait(effet: str, instant: str, structure: str | None = "s1") -> Fait:
    """A fact of a structure, or of the programme, dated and recorded as said."""
    commun = {
        "date_effet": date.fromisoformat(effet),
        "enregistre_le": f"{instant}.000000Z" if "T" in instant else f"{instant}T08:00:00.000000Z",
        "acteur": Acteur(id="alice", role="comptable"),
        "id_commande": "c",
        "empreinte_commande": "",
        "regles_version": 1,
        "precedent": None,
        "motif": "m",
    }
    if structure is None:
        return ProgrammeClos(**commun)  # type: ignore[arg-type]
    return CandidatureRetirée(structure=structure, **commun)  # type: ignore[arg-type]


def numerotes(*faits: Fait) -> Iterator[tuple[int, Fait]]:
    """Facts at positions 11, 12..."""
    return enumerate(faits, 11)


def test_des_faits_saisis_a_temps_n_ont_pas_d_anomalie() -> None:
    """Saisis dans les 90 jours, un instant chacun, même dans le désordre d'un exercice : rien."""
    faits = (
        fait("2020-01-01", "2020-03-31"),
        fait("2020-02-01", "2020-04-01"),
        fait("2020-01-15", "2020-04-02"),
        fait("2021-01-01", "2020-04-03"),
    )
    assert saisie(numerotes(*faits)) == ()
    assert saisie(()) == ()


def test_un_fait_saisi_plus_de_90_jours_apres_est_tardif() -> None:
    """Au 91e jour, un fait est tardif ; celui d'une structure la nomme."""
    faits = (fait("2020-01-01", "2020-04-01"), fait("2020-01-02", "2020-04-02", None))
    assert saisie(numerotes(*faits)) == (
        Anomalie(
            "fait_tardif",
            "s1",
            11,
            "Effet au 01/01/2020, enregistré le 01/04/2020 : 91 jours après.",
        ),
        Anomalie(
            "fait_tardif",
            None,
            12,
            "Effet au 02/01/2020, enregistré le 02/04/2020 : 91 jours après.",
        ),
    )


def test_un_fait_d_un_exercice_deja_passe_au_journal_est_tardif() -> None:
    """Daté d'un exercice antérieur à un fait déjà enregistré, un fait est tardif, même de peu."""
    faits = (
        fait("2021-01-02", "2021-01-02"),
        fait("2021-01-01", "2021-01-03"),
        fait("2020-12-31", "2021-01-04"),
    )
    assert saisie(numerotes(*faits)) == (
        Anomalie(
            "fait_tardif",
            "s1",
            13,
            "Effet au 31/12/2020, enregistré après un fait du 02/01/2021 (position 11).",
        ),
    )


def test_un_fait_tardif_est_compare_a_la_plus_grande_date_deja_enregistree() -> None:
    """La date à laquelle un fait tardif se compare est la plus grande, au premier qui la porte."""
    faits = (
        fait("2020-06-01", "2020-06-01"),
        fait("2021-01-02", "2021-01-02"),
        fait("2021-01-02", "2021-01-03"),
        fait("2021-01-01", "2021-01-04"),
        fait("2020-12-31", "2021-01-05"),
    )
    assert [(a.position, a.detail) for a in saisie(numerotes(*faits))] == [
        (15, "Effet au 31/12/2020, enregistré après un fait du 02/01/2021 (position 12).")
    ]


def test_a_90_jours_un_fait_tardif_l_est_par_son_seul_exercice() -> None:
    """À 90 jours juste, ce qui est dit d'un fait est son exercice passé ; à 91, son retard."""
    faits = (
        fait("2020-01-02", "2020-01-02"),
        fait("2019-12-31", "2020-03-30"),
        fait("2019-12-31", "2020-03-31"),
    )
    assert [a.detail for a in saisie(numerotes(*faits))] == [
        "Effet au 31/12/2019, enregistré après un fait du 02/01/2020 (position 11).",
        "Effet au 31/12/2019, enregistré le 31/03/2020 : 91 jours après.",
    ]


def test_un_fait_regarde_seul_est_tardif_comme_parmi_les_autres() -> None:
    """Regardé seul, un fait est tardif quand la lecture entière le dit, et par la même phrase."""
    faits = (
        fait("2020-01-02", "2020-04-02"),
        fait("2020-01-02", "2020-04-01"),
        fait("2021-01-02", "2020-04-03", None),
        fait("2020-03-31", "2020-04-04", None),
        fait("2020-01-02", "2020-04-05"),
        fait("2021-01-01", "2021-01-05"),
    )
    seuls, plus_tard = [], None
    for position, lu in numerotes(*faits):
        seuls.append(retard_de(position, lu, plus_tard))
        if plus_tard is None or lu.date_effet > plus_tard[0]:
            plus_tard = lu.date_effet, position
    assert tuple(a for a in seuls if a is not None) == saisie(numerotes(*faits))
    assert [a is None for a in seuls] == [False, True, True, False, False, True]


def test_une_anomalie_de_saisie_dit_combien_de_faits_elle_compte() -> None:
    """Un fait tardif compte pour un, d'une structure ou du programme ; un groupe, pour les siens.

    Une autre anomalie compte pour une, quoi que dise sa phrase.
    """
    un = saisie(numerotes(fait("2019-05-01", "2020-01-01"), fait("2019-05-01", "2020-01-02", None)))
    assert [faits_de(a) for a in un] == [1, 1]
    douze = [fait("2019-05-01", f"2020-01-{n:02d}") for n in range(1, 13)]
    (groupe,) = saisie(numerotes(*douze))
    assert (groupe.detail.split(",")[0], faits_de(groupe)) == (
        "12 faits tardifs d'effet en 2019",
        12,
    )
    assert faits_de(replace(groupe, code="horloge_immobile")) == 1
    assert faits_de(replace(groupe, structure="s1")) == 1
    suites = [fait("2020-01-01", f"2020-01-{n:02d}") for n in range(1, 7) for _ in range(2)]
    (arrets,) = saisie(numerotes(*suites))
    assert (arrets.detail[:8], faits_de(arrets)) == ("6 suites", 1)


def test_les_faits_tardifs_sont_dans_l_ordre_des_exercices() -> None:
    """Exercice par exercice dans l'ordre, quel que soit celui où les faits sont enregistrés."""
    annees = ("2019", "2015", "2018", "2016", "2017")
    faits = [fait(f"{annee}-05-01", f"2020-01-0{n}") for n, annee in enumerate(annees, 1)]
    assert [a.position for a in saisie(numerotes(*faits))] == [12, 14, 15, 13, 11]


def test_au_dela_de_cinq_les_faits_tardifs_d_un_exercice_sont_regroupes() -> None:
    """Cinq faits tardifs d'un exercice se disent un par un ; six font une seule anomalie."""
    cinq = [fait("2019-05-01", f"2020-01-0{i}") for i in range(1, 6)]
    six = [fait("2020-05-01", f"2021-01-0{i}", f"s{i}") for i in range(1, 7)]
    trouvees = saisie(numerotes(*cinq, fait("2021-01-05", "2021-01-01T01:00:00"), *six))
    assert [a.position for a in trouvees] == [11, 12, 13, 14, 15, 17]
    assert trouvees[-1] == Anomalie(
        "fait_tardif", None, 17, "6 faits tardifs d'effet en 2020, positions 17 à 22."
    )


def test_une_horloge_qui_recule_laisse_des_faits_au_meme_instant() -> None:
    """L'horloge recule de deux secondes : les faits restent à l'instant déjà atteint, signalés."""
    horloge = HorlogeFixe(
        *(f"2020-01-20T10:00:0{s}.000000Z" for s in (0, 3, 1, 2, 4, 5)),
    )
    monde = Monde(ouvert=False)
    monde.livre = GrandLivre(MemoryStore(), clock=horloge)
    monde.ok("OuvrirProgramme", "2020-01-10")
    for rang in range(5):
        monde.ok("DéposerCandidature", "2020-01-20", structure=f"s{rang}")
    assert saisie(Journal(monde.livre.store, P).rattraper()) == (
        Anomalie(
            "horloge_immobile",
            None,
            2,
            "Positions 2 à 4 enregistrées au même instant, 2020-01-20T10:00:03.000000Z : horloge "
            "reculée, arrêtée ou à gros grain.",
        ),
    )


@pytest.mark.parametrize("suites", [5, 6])
def test_au_dela_de_cinq_les_arrets_de_l_horloge_sont_regroupes(suites: int) -> None:
    """Cinq suites au même instant se disent une par une ; six font une seule anomalie."""
    faits = [
        fait("2020-01-01", f"2020-01-0{jour}") for jour in range(1, suites + 1) for _ in range(2)
    ]
    trouvees = saisie(numerotes(fait("2020-01-01", "2020-01-01T07:00:00"), *faits))
    assert {a.code for a in trouvees} == {"horloge_immobile"} <= set(CODES)
    if suites == 5:
        assert [a.position for a in trouvees] == [12, 14, 16, 18, 20]
    else:
        detail = "6 suites de faits enregistrés au même instant (12 faits), positions 12 à 23."
        assert trouvees == (Anomalie("horloge_immobile", None, 12, detail),)


def test_une_saisie_coupee_n_importe_ou_dit_la_meme_chose() -> None:
    """Reprise entre deux faits quelconques, même d'un seul instant, la lecture ne perd rien."""
    faits = list(
        numerotes(
            fait("2020-06-01", "2020-06-02"),
            fait("2020-01-02", "2020-06-02"),
            fait("2020-01-03", "2020-06-02"),
            fait("2020-06-03", "2020-06-04"),
            fait("2020-01-04", "2020-06-05"),
        )
    )
    entiere = saisie(faits)
    assert [a.code for a in entiere] == ["fait_tardif"] * 3 + ["horloge_immobile"]
    for coupe in range(6):
        lue = Saisie()
        lue.prendre(faits[:coupe])
        lue.prendre(faits[coupe:])
        assert lue.anomalies() == entiere
