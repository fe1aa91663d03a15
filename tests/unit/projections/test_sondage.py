"""Les tirages : graine, populations, trois méthodes refaites à la main, vérification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from msgspec.structs import astuple, replace

from ledger import UsageError
from ledger.preuve.merkle import racine_base64
from projections import Tirage, echantillon, tirer, verifier_tirage
from projections.echantillon import Element, Hasard, mus, repartir
from projections.fiche import Fiche
from projections.situation import Vue
from projections.sondage import Parametres, Population, Strate, Unite, vue_du_tirage
from tests.unit.projections.vues import JOUR, versement, vue_de, vue_payee

ALEA = "dé : 4 1 6"


def entiers(vue: Vue, alea: str = ALEA) -> Iterator[int]:
    """The blocks of the seed, as integers, written as the specification says them."""
    graine = sha256(vue.racine + alea.encode()).hexdigest()
    for compteur in range(10**6):
        yield int(sha256(bytes.fromhex(f"{graine}{compteur:016x}")).hexdigest(), 16)


def battre(suite: Iterator[int], taille: int, nombre: int) -> list[int]:
    """The first `nombre` places of a shuffle of 0..taille-1."""
    places = list(range(taille))
    for i in range(nombre):
        j = i + next(suite) % (taille - i)
        places[i], places[j] = places[j], places[i]
    return places[:nombre]


def donnees(tirage: Tirage) -> Any:
    """The JSON object of a draw."""
    return json.loads(msgspec.json.encode(tirage))


def test_un_tirage_simple_dit_tout_ce_qu_il_faut_pour_le_refaire() -> None:
    """Un tirage simple rend ses unités dans l'ordre tiré, sa graine, sa racine et sa population."""
    vue = vue_payee([100, 200, 300, 400, 500])
    un, deux = battre(entiers(vue), 5, 2)
    assert tirer(vue, methode="simple", nombre=2, alea=ALEA) == Tirage(
        algorithme="tirage-v1",
        programme="fabriques",
        methode="simple",
        alea=ALEA,
        racine=racine_base64(vue.racine),
        position=1,
        au=None,
        graine=sha256(vue.racine + ALEA.encode()).hexdigest(),
        population=Population("versements", 5, 1500),
        parametres=Parametres(2, None),
        strates=(),
        intervalle_centimes=None,
        depart_centimes=None,
        unites=(
            Unite(1, un + 1, f"s{un}", (un + 1) * 100, None, None),
            Unite(2, deux + 1, f"s{deux}", (deux + 1) * 100, None, None),
        ),
    )


def test_l_algorithme_ne_change_pas() -> None:
    """Une racine et un aléa donnés tirent pour toujours les mêmes positions."""
    vue = vue_payee([100, 100, 100, 100, 350, 100, 100, 100, 100, 100], racine="témoin")
    assert vue.racine.hex() == "bd27cdd0ee6d541ab79bd0f90db3357776cd94318bd2e3f8d003c1127e4d3f6c"
    simple = tirer(vue, methode="simple", nombre=4, alea="témoin")
    mus = tirer(vue, methode="mus", nombre=4, alea="témoin")
    assert simple.graine == "76eaa015b0183a8b29e29c68833ace4a7b7934964876050e38737db297b9f684"
    assert [u.position for u in simple.unites] == [5, 4, 7, 1]
    assert [u.position for u in mus.unites] == [5, 1, 4, 8]


def test_la_population_suit_les_positions_et_non_les_noms() -> None:
    """La population est dans l'ordre des positions, quels que soient les noms des structures."""
    noms = ("d", "b", "a", "c")
    vue = vue_de(*(Fiche(nom, versements=(versement(p, 10),)) for p, nom in enumerate(noms, 1)))
    tirage = tirer(vue, methode="simple", nombre=2, alea=ALEA)
    places = battre(entiers(vue), 4, 2)
    assert [(u.position, u.structure) for u in tirage.unites] == [(i + 1, noms[i]) for i in places]


def test_les_entiers_sont_sans_biais() -> None:
    """Un bloc au-dessus du plus grand multiple de la borne est sauté, les autres sont réduits."""
    graine, borne = bytes(32), 2**255 + 1
    blocs = [
        int.from_bytes(sha256(graine + k.to_bytes(8, "big")).digest(), "big") for k in range(40)
    ]
    attendus = [bloc for bloc in blocs if bloc < borne]
    assert 10 < len(attendus) < 30
    hasard = Hasard(graine)
    assert [hasard.entier(borne) for _ in attendus] == attendus
    hasard = Hasard(graine)
    assert [hasard.entier(7) for _ in blocs] == [bloc % 7 for bloc in blocs]


def test_un_bloc_egal_a_la_limite_est_saute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Le premier bloc au-delà du dernier multiple entier est sauté ; celui d'avant est gardé."""
    borne = 2**255 + 1
    blocs = iter([borne, borne - 1])

    class Condense:
        def __init__(self, _: bytes) -> None:
            pass

        def digest(self) -> bytes:
            return next(blocs).to_bytes(32, "big")

    monkeypatch.setattr(echantillon, "sha256", Condense)
    assert Hasard(bytes(32)).entier(borne) == borne - 1


class HasardFixe(Hasard):
    """A draw whose integers are chosen."""

    def __init__(self, *entiers: int) -> None:
        super().__init__(b"")
        self._entiers = list(entiers)

    def entier(self, borne: int) -> int:
        """The next one."""
        assert 0 <= self._entiers[0] < borne
        return self._entiers.pop(0)


@pytest.mark.parametrize(
    ("depart", "attendus"),
    [(0, ["a", "c"]), (1, ["a", "c"]), (2, ["b", "c"]), (5, ["b", "d"]), (6, ["c", "d"])],
)
def test_le_premier_centime_d_une_unite_est_le_sien(depart: int, attendus: list[str]) -> None:
    """Un départ à zéro touche la première unité ; le premier centime d'une unité est à elle."""
    montants = {"a": 1, "b": 2, "c": 2, "d": 2}
    elements = [Element(i, nom, m, 2020, "qpv") for i, (nom, m) in enumerate(montants.items())]
    parts, intervalle, rendu = mus(HasardFixe(depart), elements, 2)
    assert (intervalle, rendu) == (4, depart)
    assert [e.structure for e in parts[1].pris] == attendus
    assert parts[1].centimes == [depart // 2, (depart + 7) // 2]


def test_un_tirage_stratifie_sert_chaque_exercice_a_proportion() -> None:
    """Par exercice : les parts à proportion, puis un tirage simple dans chaque strate, de suite."""
    annees = [2022, 2020, 2021, 2020, 2020, 2020, 2020, 2021]
    fiches = [
        Fiche(f"s{i}", versements=(versement(i + 1, 10 * (i + 1), annee),))
        for i, annee in enumerate(annees)
    ]
    vue = vue_de(*fiches)
    tirage = tirer(vue, methode="stratifie", nombre=4, alea=ALEA, strate="exercice")
    suite = entiers(vue)
    rangs = [
        (annee, membres[i])
        for annee, membres, part in (
            ("2020", [1, 3, 4, 5, 6], 2),
            ("2021", [2, 7], 1),
            ("2022", [0], 1),
        )
        for i in battre(suite, len(membres), part)
    ]
    assert tirage.strates == (
        Strate("2020", 5, 240, 2),
        Strate("2021", 2, 110, 1),
        Strate("2022", 1, 10, 1),
    )
    assert tirage.unites == tuple(
        Unite(rang, i + 1, f"s{i}", 10 * (i + 1), annee, None)
        for rang, (annee, i) in enumerate(rangs, 1)
    )


@pytest.mark.parametrize(
    ("nombre", "tailles", "parts"),
    [
        (4, [5, 2, 1], [2, 1, 1]),
        (10, [5, 3, 2], [5, 3, 2]),
        (2, [1, 1, 1], [1, 1, 0]),
        (3, [98, 1, 1], [1, 1, 1]),
        (4, [50, 50, 1, 1], [1, 1, 1, 1]),
        (5, [1, 50, 50, 1], [1, 1, 2, 1]),
        (2, [1, 98, 1], [0, 2, 0]),
        (1, [7], [1]),
        (7, [10, 8, 5], [3, 2, 2]),
    ],
)
def test_les_parts_suivent_le_plus_fort_reste(
    nombre: int, tailles: list[int], parts: list[int]
) -> None:
    """Plus fort reste, première strate à égalité, une unité par strate si le nombre suffit."""
    assert repartir(nombre, tailles) == parts


def test_les_labels_se_stratifient_par_territoire_et_par_montant() -> None:
    """Les labels, retirés compris, se rangent par territoire puis par classe de montant."""
    fiches = [
        Fiche(
            f"s{i}",
            etat="label_retire" if i == 0 else "labellisee",
            territoire=territoire,
            montant=montant,
            label_date=JOUR,
            label_position=10 - i,
        )
        for i, (territoire, montant) in enumerate(
            [
                ("inconnu", 999_999),
                ("qpv", 1_000_000),
                ("hors_qpv", 4_999_999),
                ("qpv", 5_000_000),
                ("qpv", 10_000_000),
            ]
        )
    ]
    vue = vue_de(*fiches, Fiche("candidate"))
    lieux = tirer(
        vue, methode="stratifie", nombre=3, alea=ALEA, population="labels", strate="territoire"
    )
    classes = tirer(
        vue, methode="stratifie", nombre=4, alea=ALEA, population="labels", strate="montant"
    )
    annees = tirer(
        vue, methode="stratifie", nombre=1, alea=ALEA, population="labels", strate="exercice"
    )
    assert lieux.population == Population("labels", 5, 21_999_998)
    assert lieux.strates == (
        Strate("qpv", 3, 16_000_000, 1),
        Strate("hors_qpv", 1, 4_999_999, 1),
        Strate("inconnu", 1, 999_999, 1),
    )
    assert classes.strates == (
        Strate("0-999999", 1, 999_999, 1),
        Strate("1000000-4999999", 2, 5_999_999, 1),
        Strate("5000000-9999999", 1, 5_000_000, 1),
        Strate("10000000-", 1, 10_000_000, 1),
    )
    assert annees.strates == (Strate("2020", 5, 21_999_998, 1),)
    assert {(u.position, u.structure) for u in lieux.unites[1:]} == {(8, "s2"), (10, "s0")}


def test_un_tirage_en_unites_monetaires_prend_d_office_les_gros_montants() -> None:
    """Les montants qui couvrent l'intervalle sont pris, de proche en proche, le reste au pas."""
    montants = [60, 400, 90, 40, 1000, 30, 80]  # 1700 / 4, then 700 / 3, then 300 / 2
    vue = vue_payee(montants)
    tirage = tirer(vue, methode="mus", nombre=4, alea=ALEA)
    depart = next(entiers(vue)) % 300
    centimes = [depart // 2, (depart + 300) // 2]
    restants = [0, 2, 3, 5, 6]
    cents = [i for i in restants for _ in range(montants[i])]
    touches = [cents[centime] for centime in centimes]
    assert (tirage.intervalle_centimes, tirage.depart_centimes) == (150, depart)
    assert tirage.strates == (
        Strate("exhaustive", 2, 1400, 2),
        Strate("systematique", 5, 300, 2),
    )
    assert tirage.unites == (
        Unite(1, 2, "s1", 400, "exhaustive", None),
        Unite(2, 5, "s4", 1000, "exhaustive", None),
        Unite(
            3, touches[0] + 1, f"s{touches[0]}", montants[touches[0]], "systematique", centimes[0]
        ),
        Unite(
            4, touches[1] + 1, f"s{touches[1]}", montants[touches[1]], "systematique", centimes[1]
        ),
    )


def test_un_montant_egal_a_l_intervalle_est_pris_d_office() -> None:
    """Des montants tous égaux à l'intervalle sont tous pris ; il n'y a alors pas de départ."""
    tirage = tirer(vue_payee([7, 7, 7]), methode="mus", nombre=3, alea=ALEA)
    assert [u.strate for u in tirage.unites] == ["exhaustive"] * 3
    assert (tirage.intervalle_centimes, tirage.depart_centimes) == (7, None)
    assert tirage.strates[1] == Strate("systematique", 0, 0, 0)


def test_un_versement_annule_n_est_pas_dans_la_population() -> None:
    """La population des versements laisse les annulés, et suit l'ordre des positions."""
    fiches = (
        Fiche("s1", versements=(versement(9, 5), versement(3, 6)), annules=(9,)),
        Fiche("s2", versements=(versement(2, 7),)),
    )
    tirage = tirer(vue_de(*fiches), methode="mus", nombre=2, alea=ALEA)
    assert tirage.population == Population("versements", 2, 13)
    assert [u.position for u in tirage.unites] == [2, 3]


@pytest.mark.parametrize(
    ("ecarts", "message"),
    [
        ({"nombre": 0}, "au moins une unité, 0 demandée"),
        ({"nombre": -1}, "au moins une unité, -1 demandée"),
        ({"nombre": 4}, "compte 3 versements, 4 demandés"),
        ({"population": "labels"}, "La population est vide : la vue ne compte aucun des labels"),
        ({"alea": ""}, "le texte est vide"),
        ({"alea": " "}, "le texte est vide"),
        ({"alea": " a"}, "2 signes"),
        ({"alea": "a\N{NO-BREAK SPACE}b"}, "3 signes"),
        ({"alea": "a" * 201}, "201 signes"),
        ({"alea": "a\nb"}, "caractère interdit"),
        ({"strate": "montant"}, "va avec la méthode stratifie"),
        ({"methode": "stratifie"}, "va avec la méthode stratifie"),
        ({"methode": "mus", "strate": "montant"}, "va avec la méthode stratifie"),
    ],
)
def test_une_demande_sans_sens_est_une_erreur_d_usage(ecarts: dict[str, Any], message: str) -> None:
    """Nombre, aléa, population ou strate qui n'ont pas de sens : une erreur d'usage, chiffrée."""
    demande: dict[str, Any] = {"methode": "simple", "nombre": 1, "alea": ALEA} | ecarts
    with pytest.raises(UsageError, match=message):
        tirer(vue_payee([1, 2, 3]), **demande)


def test_un_alea_de_200_signes_ou_decompose_convient() -> None:
    """Deux cents signes conviennent ; un accent tapé en deux signes est le même aléa."""
    vue = vue_payee([1, 2, 3])
    assert tirer(vue, methode="simple", nombre=1, alea="a" * 200).alea == "a" * 200
    compose = tirer(vue, methode="simple", nombre=2, alea="dé")
    assert tirer(vue, methode="simple", nombre=2, alea="de\N{COMBINING ACUTE ACCENT}") == compose


@pytest.mark.parametrize(
    ("methode", "strate"), [("simple", None), ("stratifie", "montant"), ("mus", None)]
)
def test_un_tirage_se_refait_depuis_son_json(methode: Any, strate: Any) -> None:
    """Le JSON d'un tirage se vérifie sans remarque sur la même vue."""
    vue = replace(vue_payee([5, 1, 2, 1_000_000, 3]), au=date(2021, 1, 2))
    tirage = tirer(vue, methode=methode, nombre=3, alea=ALEA, strate=strate)
    assert verifier_tirage(vue, donnees(tirage)) == ()
    assert vue_du_tirage(donnees(tirage)) == (1, date(2021, 1, 2))


def test_un_tirage_de_labels_se_refait_parmi_les_labels() -> None:
    """Un tirage de labels se refait parmi les labels, et sans date de vue il n'en demande pas."""
    labels = (
        Fiche(f"s{n}", etat="labellisee", montant=n, label_date=JOUR, label_position=n)
        for n in range(1, 5)
    )
    vue = vue_de(*labels)
    tirage = tirer(vue, methode="simple", nombre=2, alea=ALEA, population="labels")
    assert verifier_tirage(vue, donnees(tirage)) == ()
    assert vue_du_tirage(donnees(tirage)) == (1, None)


@pytest.mark.parametrize(
    ("membre", "valeur"),
    [
        ("programme", "autre"),
        ("racine", "AAAA"),
        ("position", 2),
        ("au", "2020-01-01"),
        ("graine", "00"),
        ("population", {"nature": "versements", "nombre": 3, "total_centimes": 7}),
        ("strates", [{"strate": "x", "nombre": 1, "total_centimes": 1, "tirees": 1}]),
        ("intervalle_centimes", 1),
        ("depart_centimes", 1),
        ("unites", []),
    ],
)
def test_un_membre_change_du_json_est_vu(membre: str, valeur: Any) -> None:
    """Chaque membre changé d'un tirage est nommé, lui seul."""
    vue = vue_payee([1, 2, 3])
    objet = donnees(tirer(vue, methode="simple", nombre=2, alea=ALEA))
    assert verifier_tirage(vue, objet | {membre: valeur}) == (
        f"Le membre {membre} n'est pas celui du tirage refait.",
    )


def test_une_population_d_un_seul_se_dit_au_singulier() -> None:
    """Un versement, une unité : ni la phrase ni le remède ne prennent un « s »."""
    with pytest.raises(UsageError) as refus:
        tirer(vue_payee([1]), methode="simple", nombre=2, alea=ALEA)
    assert refus.value.message == "La population compte 1 versement, 2 demandés."
    assert refus.value.remede == "Demander 1 unité au plus."


def test_une_autre_vue_ou_un_json_illisible_donnent_un_constat() -> None:
    """Une autre racine, une demande impossible, un objet mal formé : un constat, pas une erreur."""
    vue = vue_payee([1, 2, 3])
    objet = donnees(tirer(vue, methode="simple", nombre=3, alea=ALEA))
    ailleurs = verifier_tirage(vue_payee([1, 2, 3], racine="autre"), objet)
    assert [c.split()[2] for c in ailleurs][:2] == ["racine", "graine"]
    assert verifier_tirage(vue_payee([1, 2]), objet) == (
        "Le tirage ne peut pas être refait : La population compte 2 versements, 3 demandés.",
    )
    assert verifier_tirage(vue, objet | {"algorithme": "autre"}) == (
        "L'algorithme autre est inconnu.",
    )
    illisibles: tuple[Any, ...] = ([], None, objet | {"de_trop": 1}, objet | {"position": "1"}, {})
    for illisible in illisibles:
        (constat,) = verifier_tirage(vue, illisible)
        assert constat.startswith("Le tirage ne se lit pas : ")
        with pytest.raises(UsageError, match="ne dit pas sa position"):
            vue_du_tirage(illisible)
    with pytest.raises(UsageError, match="ne dit pas sa position"):
        vue_du_tirage(objet | {"au": "20200101"})


def test_tout_prendre_prend_toute_la_population() -> None:
    """Un tirage d'autant d'unités que la population la prend toute, quelle que soit la méthode."""
    vue = vue_payee([3, 1, 4, 1, 5])
    for methode, strate in (("simple", None), ("stratifie", "exercice"), ("mus", None)):
        tirage = tirer(vue, methode=methode, nombre=5, alea=ALEA, strate=strate)  # type: ignore[arg-type]
        assert sorted(astuple(u)[1] for u in tirage.unites) == [1, 2, 3, 4, 5]
