"""L'horloge : l'instant d'enregistrement, toujours dans la même forme."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.horloge import SystemClock
from ledger.temps import est_instant

_SECONDE = 1_580_722_200  # 2020-02-03T09:30:00Z


def _regler(monkeypatch: pytest.MonkeyPatch, *nanosecondes: int) -> None:
    lectures = iter(nanosecondes)
    monkeypatch.setattr("ledger.horloge.time.time_ns", lambda: next(lectures))


def test_l_horloge_donne_la_forme_enregistree() -> None:
    """L'horloge de la machine donne un instant dans la forme enregistrée."""
    assert est_instant(SystemClock().maintenant())


def test_l_horloge_ecrit_les_microsecondes_meme_nulles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Une seconde juste s'écrit avec ses six zéros : la largeur est fixe."""
    _regler(monkeypatch, _SECONDE * 10**9)
    assert SystemClock().maintenant() == "2020-02-03T09:30:00.000000Z"


def test_l_horloge_suit_la_machine_en_avant_comme_en_arriere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Chaque lecture dit la microseconde commencée, même si la machine passe ou repasse minuit."""
    minuit = _SECONDE - _SECONDE % 86_400
    lues = [
        minuit * 10**9 + ecart
        for ecart in (-1, 0, 999, 1_000, 10**9 - 1, 10**9, -(10**9), -(10**9) + 42_000, 0)
    ]
    _regler(monkeypatch, *lues)
    horloge = SystemClock()
    for lue in lues:
        secondes, reste = divmod(lue, 10**9)
        voulu = datetime.fromtimestamp(secondes, UTC).replace(microsecond=reste // 1_000)
        assert horloge.maintenant() == voulu.isoformat(timespec="microseconds")[:-6] + "Z"
