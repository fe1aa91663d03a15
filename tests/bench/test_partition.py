"""La simulation de la partition : juste sur des cas comptés à la main, rejouée à l'identique."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.bench.partition import __main__ as banc
from tests.bench.partition import couts as mesures
from tests.bench.partition import preuve
from tests.bench.partition.modele import (
    LOT,
    SECONDE,
    Attentes,
    Charge,
    Couts,
    journee,
    par_annuaire,
    par_empreinte,
    servir,
    simuler,
)

COUTS = Couts(
    positions={"1": 1_100.0},
    transactions=(1_000.0,),
    en_lot=10.0,
    en_groupe=100.0,
    chaud=10.0,
    verifier=20.0,
    verifier_programme=1_000.0,
    lecture=50.0,
    rafraichir=60.0,
    deplacer=80.0,
    copier=0.01,
    ouvrir=1_000.0,
    octets=700.0,
    memoire=200.0,
    memoire_base=100_000.0,
)
PETITE = Charge(programmes=200, faits=20_000_000)


def seul(*commandes: float, fichiers: tuple[tuple[float, int], ...] = ()) -> Attentes:
    """One base."""
    return servir(commandes, fichiers, COUTS, random.Random(0))


def test_qui_arrive_seul_n_attend_que_sa_transaction() -> None:
    """Sans personne devant, l'attente est celle d'une transaction d'une commande."""
    vue = seul(0.0, 10_000.0)
    assert (vue.mediane, vue.pire, vue.occupe, vue.fin) == (1_100, 1_100, 2_200, 11_100)


def test_ceux_qui_attendent_partagent_la_transaction_suivante() -> None:
    """Arrivés pendant une transaction, trois appelants partagent la suivante."""
    vue = seul(0.0, 100.0, 200.0, 300.0)
    # 0 to 1 100, then three together: 1 000 + 3 x 100
    assert (vue.fin, vue.occupe, vue.pire) == (2_400, 2_400, 2_300)


def test_un_fichier_laisse_passer_entre_ses_lots() -> None:
    """Un fichier de trois lots : qui arrive pendant le premier passe avant le deuxième."""
    lot = 1_000 + 10.0 * LOT
    vue = seul(100.0, fichiers=((0.0, 3 * LOT),))
    assert vue.pire == lot + 1_100 - 100
    assert vue.fichier == vue.fin == 3 * lot + 1_100


def test_l_annuaire_equilibre_et_l_empreinte_ne_deplace_que_vers_la_nouvelle() -> None:
    """L'annuaire remplit au plus juste ; une base de plus ne prend que sa part."""
    tailles = PETITE.tailles()
    places = par_annuaire(tailles, 4)
    pleines = [sum(t for t, p in zip(tailles, places, strict=True) if p == b) for b in range(4)]
    assert max(pleines) < 1.01 * PETITE.faits / 4
    avant, apres = par_empreinte(1_000, 4), par_empreinte(1_000, 5)
    assert {b for a, b in zip(avant, apres, strict=True) if a != b} == {4}
    assert sorted(set(avant)) == [0, 1, 2, 3]


def test_la_journee_a_tous_ses_faits() -> None:
    """Commandes et fichiers du jour le plus chargé font ensemble les faits attendus."""
    jour = journee(PETITE)
    faits = len(jour.commandes) + sum(nombre for *_, nombre in jour.fichiers)
    assert abs(faits - PETITE.jour_le_plus_charge()) < PETITE.programmes
    assert sum(PETITE.tailles()) == pytest.approx(PETITE.faits)
    fin = len(PETITE.heures) * 3_600 * SECONDE
    assert all(0 <= instant < fin for instant, _ in jour.commandes)


def test_aucun_partage_ne_passe_sous_le_plus_grand_programme() -> None:
    """Plus de bases : jamais plus chargées, et jamais moins que le plus grand programme."""
    jour = journee(PETITE)
    parts = [simuler(PETITE, COUTS, bases, jour) for bases in (1, 2, 8, 64)]
    assert [p.part for p in parts] == sorted((p.part for p in parts), reverse=True)
    assert parts[0].part == pytest.approx(1)
    assert parts[-1].part == pytest.approx(PETITE.tailles()[0] / PETITE.faits)
    assert parts[0].verification == pytest.approx(20.0 * PETITE.faits + 1_000 * 200)
    assert all(p.part <= p.part_empreinte for p in parts)


def test_les_memes_couts_rendent_le_meme_texte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mêmes coûts, même graine : le même résultat, à l'octet ; une autre graine, un autre."""
    fichier = tmp_path / "couts.json"
    inegaux = replace(COUTS, transactions=tuple(map(float, range(500, 9_000, 7))))
    fichier.write_text(json.dumps({"couts": asdict(inegaux)}), "utf-8")
    options = ["--couts", str(fichier), "--programmes", "50", "--faits", "9000000", "--json"]
    rendus = []
    for graine in ("1", "1", "2"):
        assert banc.main([*options, "--graine", graine]) == 0
        rendus.append(capsys.readouterr().out)
    assert rendus[0] == rendus[1]
    assert json.loads(rendus[0])["partitions"] != json.loads(rendus[2])["partitions"]


def test_la_mesure_et_le_cas_reel_tournent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """À de très petites tailles, tout est mesuré, écrit pour de vrai et vérifié, puis effacé."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mesures, "RAPIDE", mesures.Mesurage(700, (200, 700), 1, 8, 3))
    petit = replace(preuve.RAPIDE, programmes=6, bases=2, commandes=12, fichier=6, vies=60)
    monkeypatch.setattr(preuve, "RAPIDE", petit)
    monkeypatch.setattr(preuve, "SONDES", 4)
    assert banc.main(["--rapide", "--programmes", "50", "--faits", "1000000"]) == 0
    texte = capsys.readouterr().out
    for dit in ("vérifier un fait", "99e centile", "à la fois sur cette machine", "après perte"):
        assert dit in texte
    assert list(tmp_path.iterdir()) == []
