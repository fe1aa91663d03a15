"""What is still to be paid, when, and when a ceiling is met: firm and assumed, never mixed.

Firm: what live schedules and granted bonuses leave to pay. Assumed: that labelling goes on at a
pace, seen over a window of days or given. The date is that of the view, never a clock; integers
only, every rounding stated in `hypotheses`. In cents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ledger.budget import a_prevoir
from ledger.erreurs import UsageError
from ledger.montants import format_euros
from ledger.regles import Regles
from ledger.soldes import Soldes
from ledger.temps import ANNEE_MAX, format_date

from .cadence import Suppose, mouvements_du_rythme, supposer
from .enveloppe import enveloppe, quotas
from .fermes import restes_fermes
from .situation import Vue

FENETRE = 365
"""Days over which the pace is seen, unless asked otherwise."""
FENETRE_MAX = 36_500
HORIZON_MAX = 50
"""Years after that of the view, up to which labels may be assumed."""
PREFIXE_AE = "ae_"
"""Then the exercice: the ceiling of its AE."""
_AE = (
    "Crédits : un label prend son coût sur les AE de son année ; celles qui ne sont pas ouvertes "
    "comptent pour zéro, et rien n'est supposé après le premier manque. Les CP ouverts ne bornent "
    "pas ce qui est supposé."
)
_COMPTES = ("labels", "labels_qpv", "labels_hors_qpv", "labels_numeriques")


class LignePrevision(Struct, frozen=True):
    """One exercice. `ferme` is the `cp_restant_a_prevoir` of `credits`; `exigible` is due already.

    `total = ferme + suppose`.
    """

    exercice: int
    ferme_centimes: int
    exigible_centimes: int
    suppose_centimes: int
    total_centimes: int


class MoisPrevu(Struct, frozen=True):
    """One month to come (`AAAA-MM`): instalments by due date."""

    mois: str
    ferme_centimes: int
    suppose_centimes: int
    total_centimes: int


class Rythme(Struct, frozen=True):
    """The pace: labels (less those withdrawn) and cents committed (less those given back).

    `cout_moyen` is rounded down to the cent; null when no label came in.
    """

    origine: Literal["constate", "donne"]
    depuis: date
    jusqu_au: date
    jours: int
    labels: int
    engage_net_centimes: int
    cout_moyen_centimes: int | None


class PlafondPrevu(Struct, frozen=True):
    """A ceiling, what is left below it, and the day it is met at this pace (null: never).

    `reste`, and `pris` over the days of the pace, count labels for a quota; cents for the envelope
    and for the AE of an exercice (`ae_AAAA`), which only what is granted in that year approaches.
    """

    plafond: str
    reste: int
    pris: int
    bloquant: bool
    dans_jours: int | None
    le: date | None


class Prevision(Struct, frozen=True):
    """The forecast. `sum(exercices.ferme) = reste_a_payer = exigible + sum(mois.ferme) + hors`.

    `hors_echeancier` is zero unless facts are dated before what they rest on (a late withdrawal,
    an amendment not counted yet): outstanding that no schedule of the view carries.
    """

    programme: str
    position: int
    au: str | None
    jour: date
    reste_a_payer_centimes: int
    exigible_tranches_centimes: int
    exigible_bonus_centimes: int
    hors_echeancier_centimes: int
    exercices: tuple[LignePrevision, ...]
    mois: tuple[MoisPrevu, ...]
    rythme: Rythme
    plafonds: tuple[PlafondPrevu, ...]
    premier_plafond: str | None
    labels_supposes: int
    suppose_centimes: int
    horizon: int
    hypotheses: tuple[str, ...]


class Cadence(Struct, frozen=True):
    """A pace given rather than seen: labels a year (365 days), and cents per label."""

    labels_par_an: int
    montant_centimes: int


def prevision(
    vue: Vue,
    *,
    cadence: Cadence | None = None,
    fenetre: int = FENETRE,
    horizon: int | None = None,
) -> Prevision:
    """The forecast of a view made by `regarder`, whose base is still open (facts are read again).

    `fenetre` is in days, ending on the date of the view; `horizon` the last year of assumed labels
    (by default, that of the view plus the span of a schedule).
    Raises: UsageError for a view without facts, and for what is out of range.
    """
    jour = vue.date_de_vue
    if jour is None or vue.situation.regles is None:
        raise UsageError(f"Aucun fait de {vue.programme} n'est compté : rien à prévoir.")
    regles, _ = vue.situation.regles.au(jour)
    dernier = min(jour.year + regles.exercices_max, ANNEE_MAX) if horizon is None else horizon
    _exiger_bornes(fenetre, dernier, jour, cadence)
    ferme = _fermes(vue, jour)
    rythme, par_compte = _rythme(vue, jour, cadence, fenetre)
    plafonds = _plafonds(vue, regles, rythme, par_compte, dernier)
    suppose = supposer(
        jour,
        labels=rythme.labels,
        jours=rythme.jours,
        cout=rythme.cout_moyen_centimes,
        limite=_limite(plafonds, rythme),
        regles=regles,
        horizon=dernier,
    )
    prevu = a_prevoir(vue.situation.soldes)
    total = sum(prevu.values())
    mois = ferme.mois
    return Prevision(
        programme=vue.programme,
        position=vue.situation.position,
        au=None if vue.au is None else vue.au.isoformat(),
        jour=jour,
        reste_a_payer_centimes=enveloppe(vue).reste_a_payer_centimes,
        exigible_tranches_centimes=ferme.tranches,
        exigible_bonus_centimes=ferme.bonus,
        hors_echeancier_centimes=total - ferme.tranches - ferme.bonus - sum(mois.values()),
        exercices=tuple(
            LignePrevision(
                annee,
                prevu.get(annee, 0),
                ferme.exigible.get(annee, 0),
                suppose.exercices.get(annee, 0),
                prevu.get(annee, 0) + suppose.exercices.get(annee, 0),
            )
            for annee in sorted(prevu.keys() | suppose.exercices.keys())
        ),
        mois=tuple(
            MoisPrevu(
                nom, mois[nom], suppose.mois.get(nom, 0), mois[nom] + suppose.mois.get(nom, 0)
            )
            for nom in sorted(mois.keys() | suppose.mois.keys())
        ),
        rythme=rythme,
        plafonds=plafonds,
        premier_plafond=_premier(plafonds),
        labels_supposes=suppose.labels,
        suppose_centimes=sum(suppose.exercices.values()),
        horizon=dernier,
        hypotheses=_hypotheses(jour, rythme, regles, suppose, dernier),
    )


def _exiger_bornes(fenetre: int, horizon: int, jour: date, cadence: Cadence | None) -> None:
    if not 1 <= fenetre <= FENETRE_MAX:
        raise UsageError(f"La fenêtre va de 1 à {FENETRE_MAX} jours, {fenetre} demandés.")
    fin = min(jour.year + HORIZON_MAX, ANNEE_MAX)
    if not jour.year <= horizon <= fin:
        raise UsageError(f"L'horizon va de {jour.year} à {fin}, {horizon} demandé.")
    if cadence is not None and (cadence.labels_par_an < 0 or cadence.montant_centimes <= 0):
        raise UsageError("Une cadence a un nombre de labels positif ou nul, et un montant positif.")


class _Fermes:
    """What is left to pay of live schedules: due already, by exercice, and by month to come."""

    def __init__(self) -> None:
        self.tranches = 0
        self.bonus = 0
        self.exigible: Counter[int] = Counter()
        self.mois: Counter[str] = Counter()


def _fermes(vue: Vue, jour: date) -> _Fermes:
    fermes = _Fermes()
    for ferme in restes_fermes(vue):
        reste, quand = ferme.reste_centimes, ferme.quand
        if ferme.exigible(jour):
            fermes.exigible[ferme.exercice] += reste
        if quand is None:
            fermes.bonus += reste
        elif quand <= jour:
            fermes.tranches += reste
        else:
            fermes.mois[f"{quand.year:04d}-{quand.month:02d}"] += reste
    return fermes


def _rythme(
    vue: Vue, jour: date, cadence: Cadence | None, fenetre: int
) -> tuple[Rythme, dict[str, int]]:
    """The pace, and how many labels of each kind came in; a pace given has no kind."""
    if cadence is not None:
        labels, engage = cadence.labels_par_an, cadence.labels_par_an * cadence.montant_centimes
        cout = cadence.montant_centimes if labels else None
        return Rythme("donne", jour, jour, FENETRE, labels, engage, cout), {"labels": labels}
    depuis = jour - timedelta(days=fenetre - 1)
    comptes: Counter[str] = Counter()
    for _, _, siens in mouvements_du_rythme(vue, depuis):
        comptes.update(siens)
    labels, engage = comptes["labels"], comptes["impute"] - comptes["rendu"]
    cout = engage // labels if labels > 0 and engage > 0 else None
    rythme = Rythme("constate", depuis, jour, fenetre, labels, engage, cout)
    return rythme, {membre: comptes[membre] for membre in _COMPTES}


def _plafonds(
    vue: Vue, regles: Regles, rythme: Rythme, par_compte: dict[str, int], horizon: int
) -> tuple[PlafondPrevu, ...]:
    """The envelope, then each quota whose pace is known, then the AE where they bind."""
    soldes, limites = vue.situation.soldes, quotas(vue)
    bloquants = regles.quotas == "bloquants"
    prevus = [_plafond("enveloppe", soldes.disponible, rythme.engage_net_centimes, rythme, True)]
    for membre, nombre in par_compte.items():
        court = membre.removeprefix("labels_") if membre != "labels" else "total"
        reste = getattr(limites, court) - getattr(soldes.labels, court)
        prevus.append(_plafond(f"quota_{court}", reste, nombre, rythme, bloquants))
    if regles.credits == "bloquants":
        prevus += _plafonds_ae(soldes, rythme, horizon)
    return tuple(prevus)


def _plafonds_ae(soldes: Soldes, rythme: Rythme, horizon: int) -> Iterator[PlafondPrevu]:
    """The AE of each exercice that the pace goes through, to the first whose AE run out.

    Nothing carries over: what is granted from 1 January falls on the AE of the new year, which are
    zero as long as they are not opened.
    """
    jour, pris = rythme.jusqu_au, rythme.engage_net_centimes
    for annee in range((jour + timedelta(days=1)).year, horizon + 1):
        depart = max(jour, date(annee - 1, 12, 31))
        nom, reste = f"{PREFIXE_AE}{annee}", soldes.ae_disponibles(annee)
        prevu = _plafond(nom, reste, pris, rythme, True, depart=depart)
        if reste <= 0 and depart > jour:  # the first label of the year is one too many
            lendemain = depart + timedelta(days=1)
            prevu = replace(prevu, dans_jours=(lendemain - jour).days, le=lendemain)
        atteint = prevu.le is not None and prevu.le.year == annee
        yield prevu if atteint else replace(prevu, dans_jours=None, le=None)
        if atteint or pris <= 0:
            return


def _plafond(
    nom: str,
    reste: int,
    par_fenetre: int,
    rythme: Rythme,
    bloquant: bool,
    *,
    depart: date | None = None,
) -> PlafondPrevu:
    """The first day at which what is added at this pace reaches what is left (rounded up).

    What is added is counted from `depart`: the day of the view unless given.
    """
    attente = 0 if depart is None else (depart - rythme.jusqu_au).days
    if reste <= 0:
        return PlafondPrevu(nom, reste, par_fenetre, bloquant, 0, rythme.jusqu_au)
    if par_fenetre <= 0:
        return PlafondPrevu(nom, reste, par_fenetre, bloquant, None, None)
    jours = attente - (-reste * rythme.jours // par_fenetre)
    if jours > date(ANNEE_MAX, 12, 31).toordinal() - rythme.jusqu_au.toordinal():
        return PlafondPrevu(nom, reste, par_fenetre, bloquant, jours, None)
    return PlafondPrevu(
        nom, reste, par_fenetre, bloquant, jours, rythme.jusqu_au + timedelta(days=jours)
    )


def _premier(plafonds: tuple[PlafondPrevu, ...]) -> str | None:
    """The binding ceiling met first; the first listed when several are met on the same day.

    A quota that the pace does not approach is left out, even when it is full already.
    """
    atteints = [
        (p.dans_jours, p.plafond)
        for p in plafonds
        if p.bloquant and p.dans_jours is not None and (p.pris > 0 or p.plafond == "enveloppe")
    ]
    return min(atteints, key=lambda atteint: atteint[0])[1] if atteints else None


def _limite(plafonds: tuple[PlafondPrevu, ...], rythme: Rythme) -> int:
    """How many labels the envelope, a binding total quota and binding AE leave."""
    cout = rythme.cout_moyen_centimes
    if not cout:
        return 0
    places = [p.reste for p in plafonds if p.plafond == "quota_total" and p.bloquant]
    places += _places_ae(plafonds, rythme, cout)
    return max(min([plafonds[0].reste // cout, *places]), 0)


def _places_ae(plafonds: tuple[PlafondPrevu, ...], rythme: Rythme, cout: int) -> Iterator[int]:
    """Labels granted by the end of the exercice whose AE are met, or bear fewer than would come."""
    for plafond in plafonds:
        if not plafond.plafond.startswith(PREFIXE_AE):
            continue
        annee = int(plafond.plafond.removeprefix(PREFIXE_AE))
        avant, apres = (
            rythme.labels * max((date(a, 12, 31) - rythme.jusqu_au).days, 0) // rythme.jours
            for a in (annee - 1, annee)
        )
        places = max(plafond.reste, 0) // cout
        if plafond.dans_jours is not None or apres - avant > places:
            yield min(avant + places, apres)


def _hypotheses(
    jour: date, rythme: Rythme, regles: Regles, suppose: Suppose, horizon: int
) -> tuple[str, ...]:
    quand = format_date(jour)
    fermes = (
        f"Ferme : ce que les échéanciers en vigueur et les bonus accordés laissent à payer au "
        f"{quand}, à l'échéance prévue ; par exercice prévu, un exercice clos étant reporté au "
        "premier ouvert. Un bonus n'a pas d'échéance : il est exigible."
    )
    if rythme.cout_moyen_centimes is None:
        return fermes, (
            f"Supposé : rien. Aucun label net de retraits n'est venu du "
            f"{format_date(rythme.depuis)} au {quand} : il n'y a pas de rythme à prolonger."
            if rythme.origine == "constate"
            else "Supposé : rien, la cadence donnée est nulle."
        )
    ae = regles.credits == "bloquants"
    engage = format_euros(rythme.engage_net_centimes)
    nombre = regles.exercices_max
    parts = "une fois" if nombre == 1 else f"{nombre} parts égales"
    if rythme.origine == "constate":
        source = (
            f"Rythme constaté du {format_date(rythme.depuis)} au {quand} ({rythme.jours} jours) : "
            f"{rythme.labels} labels, retraits déduits, et {engage} pris sur l'enveloppe."
        )
    else:
        source = f"Rythme donné : {rythme.labels} labels et {engage} par an de 365 jours."
    return (
        fermes,
        source,
        "Supposé : ce rythme continue jusqu'au premier de l'enveloppe, du quota total bloquant"
        f"{', des AE ouvertes' if ae else ''} et du 31/12/{horizon}, zones confondues, soit "
        f"{suppose.labels or 'aucun'} label{'s' if suppose.labels > 1 else ''} de plus à "
        f"{format_euros(rythme.cout_moyen_centimes)} (coût moyen arrondi au centime inférieur), "
        f"au nombre entier de labels atteint chaque mois, payés à l'échéance en {parts} ; aucun "
        "retrait, aucun avenant.",
        "Un plafond est atteint le premier jour où le rythme, appliqué jour par jour, égale ce qui "
        "reste (arrondi au jour suivant).",
        *([_AE] if ae else []),
    )
