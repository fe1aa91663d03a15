"""A ready state machine: any system under test against the reference model.

    class TestMonService(machine(MonService).TestCase):
        pass

or, in one call, `eprouver(MonService, exemples=200)`. Commands are drawn for the state that the
programme is in, sent to the system and to the reference model; receipts and figures must agree. A
disagreement raises `Divergence`, already made short, whose commands are printed as lines to paste
into `fabriques executer -`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger.testing.valeurs import Json, dates

from .confrontation import Confrontation, Divergence, Envoi, Epreuve, Pas, Redemarrage, Regard
from .histoires import Histoire
from .reduction import reduire
from .strategies import amorces, autrement, commandes, invalides, ouvertures
from .systeme import Systeme

REGLAGES = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a divergence comes already short
    report_multiple_bugs=False,
    verbosity=Verbosity.quiet,  # and says its commands itself
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
"""The settings of the machine's TestCase."""
_DONNEES = st.data()
PAIEMENTS = ("VerserTranche", "VerserBonus")
"""What is sent again twice as often: done twice, it costs."""


class MachineDeReference(RuleBasedStateMachine):
    """The rules of the machine; `machine(...)` gives the one of a system under test."""

    fabrique: ClassVar[Any]
    """What gives a new system (`Callable[[], Systeme]`)."""
    epreuve: ClassVar[Epreuve]
    reduite: ClassVar[tuple[tuple[Pas, ...], Divergence] | None] = None
    """The last failing trace and what it was made into: Hypothesis runs a failing example again."""

    def __init__(self) -> None:
        super().__init__()
        self.confrontation = Confrontation(type(self).fabrique, self.epreuve)
        self.guide = Histoire()
        self.divergee = False

    @property
    def acceptees(self) -> list[Json]:
        """The commands accepted so far."""
        return self.confrontation.acceptees

    def avancer(self, pas: Pas) -> None:
        """Take one step. Raises: Divergence."""
        __tracebackhide__ = True  # pytest then shows the divergence, not this kit
        vue = self.confrontation
        constat = vue.avancer(pas)
        if constat is None:
            return
        self.divergee = True
        eprouvee, trace = type(self), tuple(vue.trace)
        if eprouvee.reduite is None or eprouvee.reduite[0] != trace:
            courte = reduire(eprouvee.fabrique, trace, self.epreuve, constat, vue.levee)
            eprouvee.reduite = trace, courte
        courte = eprouvee.reduite[1]
        raise Divergence(courte.constat, courte.trace) from courte.__cause__

    def envoyer(self, commande: Json) -> None:
        """Send one command; the guide, which the next ones are drawn for, follows."""
        self.avancer(Envoi(commande))
        self.guide.envoyer(commande)
        if len(self.guide.faits) != len(self.acceptees):
            raise RuntimeError(
                "Le moteur et le modèle de référence diffèrent : c'est un défaut de "
                f"fabriques-ledger, à signaler avec ces commandes.\n{self.guide!r}"
            )

    @initialize(data=_DONNEES)
    def ouvrir_le_programme(self, data: st.DataObject) -> None:
        """The programme opens, with up to three labels."""
        ouverture = data.draw(ouvertures(reglements=self.epreuve.reglements))
        self.envoyer(ouverture)
        verbes = self.epreuve.verbes
        for commande in data.draw(amorces(ouverture=ouverture, verbes=verbes)):
            self.envoyer(commande)

    def tirer(self, data: st.DataObject) -> Json:
        """A command that suits the state."""
        verbes = self.epreuve.verbes
        tiree: Json = data.draw(commandes(contexte=self.guide.contexte(), verbes=verbes))
        return tiree

    @rule(data=_DONNEES, nombre=st.integers(1, 8))
    def executer(self, data: st.DataObject, nombre: int) -> None:
        """Commands that suit the state: most of what happens."""
        for _ in range(nombre):
            self.envoyer(self.tirer(data))

    @precondition(lambda self: self.acceptees)
    @rule(data=_DONNEES)
    def renvoyer(self, data: st.DataObject) -> None:
        """An accepted command sent again, as after a time-out: one fact, the first receipt."""
        payees = [c for c in self.acceptees if c["commande"] in PAIEMENTS]
        repayer = bool(payees) and data.draw(st.booleans())
        parmi = payees if repayer else self.acceptees
        commande = data.draw(st.sampled_from(parmi[::-1]))
        if self.epreuve.orthographes:
            commande = data.draw(autrement(commande=commande))
        self.envoyer(commande)

    @precondition(lambda self: self.acceptees)
    @rule(data=_DONNEES)
    def detourner_un_identifiant(self, data: st.DataObject) -> None:
        """An accepted id with another content is refused."""
        commande = data.draw(st.sampled_from(self.acceptees))
        self.envoyer(commande | {"acteur": {"id": "zoé", "role": "controleur"}})

    @precondition(lambda self: self.epreuve.malformees)
    @rule(data=_DONNEES)
    def envoyer_une_malformee(self, data: st.DataObject) -> None:
        """A command with a defect of form is refused."""
        self.envoyer(data.draw(invalides(commande=self.tirer(data))))

    @rule()
    def redemarrer(self) -> None:
        """The system stops and starts again: nothing acknowledged is lost."""
        self.avancer(Redemarrage())

    @precondition(lambda self: self.acceptees and self.epreuve.chiffres)
    @rule(data=_DONNEES)
    def comparer_les_chiffres(self, data: st.DataObject) -> None:
        """Figures at any effect date, as known at any position."""
        au = data.draw(st.none() | dates()) if self.epreuve.au else None
        connus = st.none() | st.integers(1, len(self.acceptees))
        connu_au = data.draw(connus) if self.epreuve.connu_au else None
        self.avancer(Regard(None if au is None else au.isoformat(), connu_au))

    def teardown(self) -> None:
        """Figures are compared once more, then the system is closed."""
        try:
            if not self.divergee:
                self.avancer(Regard())
        finally:
            self.confrontation.systeme.fermer()


def machine(
    fabrique: Callable[[], Systeme], epreuve: Epreuve | None = None
) -> type[MachineDeReference]:
    """The state machine of a system: `fabrique` gives a new, empty one for each example.

    `machine(...).TestCase` is what pytest and unittest run; its `settings` start from `REGLAGES`.
    """
    nom = f"Machine_{getattr(fabrique, '__name__', 'systeme')}"
    membres: dict[str, Any] = {"fabrique": staticmethod(fabrique), "epreuve": epreuve or Epreuve()}
    eprouvee: type[MachineDeReference] = type(nom, (MachineDeReference,), membres)
    cas: Any = eprouvee.TestCase
    cas.settings = REGLAGES
    return eprouvee


def eprouver(
    fabrique: Callable[[], Systeme],
    epreuve: Epreuve | None = None,
    *,
    exemples: int = 100,
    pas: int = 20,
    graine: int | None = None,
) -> None:
    """Run the machine here and now: `exemples` histories of up to `pas` steps.

    With `graine`, always the same ones for one version of Hypothesis and one set of modules loaded
    before: it mixes constants of the caller's modules into its draws. To keep a failure, keep its
    commands (`confronter`), not its seed. Raises: Divergence.
    """
    eprouvee = machine(fabrique, epreuve)
    if graine is not None:
        eprouvee = seed(graine)(eprouvee)
    reglages = settings(
        REGLAGES, max_examples=exemples, stateful_step_count=pas, database=None, print_blob=False
    )
    run_state_machine_as_test(eprouvee, settings=reglages)
