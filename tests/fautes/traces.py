"""System calls that fail: strace answers in the kernel's place, one call after the other.

Each round runs a writer (or `fabriques executer` itself) whose n-th call of one kind fails, then
checks every promise: what was acknowledged is in the journal, the failure has a name and exit code
4, and sending the stream again completes it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.cli.outils import lancer
from tests.fautes.commun import Bilan
from tests.fautes.controle import Acquis, controler, lire_acquis
from tests.fautes.coupures import BASE
from tests.fautes.ecrivain import Travail
from tests.fautes.flux import Plan, planifier
from tests.fautes.strace import ACQUIS, ATTENTE_SECONDES, RACINE, SUFFIXES, environnement, manque

SORTIE_BASE = 4


class Panne(NamedTuple):
    """A call, what strace answers in its place, and up to which call of its kind it is tried."""

    appel: str
    reponse: str
    rangs: int

    def en_clair(self, rang: int) -> str:
        """As strace reads it."""
        return f"{self.appel}:{self.reponse}:when={rang}"


PANNES = (
    Panne("fdatasync", "error=EIO", 17),
    Panne("fdatasync", "error=ENOSPC", 17),
    Panne("fdatasync", "retval=0", 17),
    Panne("fsync", "error=EIO", 2),
    Panne("pwrite64", "error=ENOSPC", 70),
    Panne("pwrite64", "error=EIO", 70),
    Panne("pwrite64", "retval=0", 70),
    Panne("pread64", "error=EIO", 25),
    Panne("ftruncate", "error=EIO", 2),
    Panne("unlink", "error=EIO", 4),
)


def _sous_strace(
    base: Path, injection: str, *commande: str, entree: bytes = b""
) -> tuple[int, str]:
    chemins = [base.parent, *(base.with_name(f"{base.name}{suffixe}") for suffixe in SUFFIXES)]
    appel = injection.partition(":")[0]
    fait = subprocess.run(
        [
            *("strace", "-f", "-qq", "-e", f"trace={appel}", "-e", f"inject={injection}"),
            *(mot for chemin in chemins for mot in ("-P", str(chemin))),
            *("-o", str(base.parent.with_name("strace.txt"))),
            *(sys.executable, *commande),
        ],
        input=entree,
        cwd=RACINE,
        env=environnement(),
        capture_output=True,
        timeout=ATTENTE_SECONDES,
        check=False,
    )
    return fait.returncode, fait.stderr.decode("utf-8", "replace")


def eprouver(
    ici: Path, plan: Plan, injection: str, *, insister: bool = False
) -> tuple[bool, list[str]]:
    """One writer whose call fails: whether it was told, and the promises broken."""
    dossier = ici / "disque"
    dossier.mkdir()
    acquis_ecrits = ici / ACQUIS
    travail = Travail(
        base=str(dossier / BASE),
        acquis=str(acquis_ecrits),
        commandes=list(plan.commandes),
        lots=list(plan.lots),
        ouvertures=2,
        synchronous=2,
        points_de_reprise=6,
        lecture=False,
        sur_erreur="insister" if insister else "finir",
    )
    module = ("-m", "tests.fautes.ecrivain")
    code, erreur = _sous_strace(
        dossier / BASE, injection, *module, entree=json.dumps(travail).encode()
    )
    acquis: list[Acquis] = []
    if acquis_ecrits.exists():
        for ligne in acquis_ecrits.read_bytes().splitlines():
            acquis += lire_acquis(ligne)
    fautes = controler(dossier / BASE, plan, acquis)
    if code and "ledger.erreurs.Store" not in erreur:
        fautes.append(f"erreur sans nom : {erreur[-300:]}")
    if not code and len(acquis) != len(plan.commandes):
        fautes.append("ni erreur ni fin")
    return bool(code), [f"{injection} : {faute}" for faute in fautes]


def executer_a_part(ici: Path, plan: Plan, injection: str) -> tuple[int, str, list[str]]:
    """`fabriques executer` whose call fails, then again without: code, stderr, what is wrong."""
    dossier = ici / "disque"
    dossier.mkdir()
    base, recus = dossier / BASE, ici / "recus.jsonl"
    entree = plan.ecrire(ici / "commandes.jsonl")
    lanceur = "from commands.cli import main; main()"
    arguments = ("executer", str(entree), "--base", str(base), "-o", str(recus))
    code, erreur = _sous_strace(base, injection, "-c", lanceur, *arguments)
    fautes: list[str] = []
    if code not in (0, SORTIE_BASE) or "Traceback" in erreur or "inattendue" in erreur:
        fautes.append(f"code {code} : {erreur[-300:]}")
    donnes = [json.loads(x) for x in recus.read_bytes().splitlines()] if recus.exists() else []
    repris = lancer("executer", entree, "--base", base)
    rendus = {r["id_commande"]: (r["positions"], r["racine"]) for r in repris.lignes_json}
    fautes += [
        f"{r['id_commande']} est perdu"
        for r in donnes
        if rendus.get(r["id_commande"]) != (r["positions"], r["racine"])
    ]
    if repris.code or lancer("verifier", "--base", base).code:
        fautes.append(f"la reprise rend {repris.code} : {repris.erreur[-200:]}")
    return code, erreur, [f"{injection} : {faute}" for faute in fautes]


def campagne(rondes: int, graine: int) -> Bilan:
    """`rondes` calls made to fail, drawn among every kind and rank."""
    raison = manque()
    if raison is not None:
        return Bilan(vues=Counter({f"NON FAIT : {raison}": 1}))
    plan = planifier(1, (1, 3))
    toutes = [(panne, rang) for panne in PANNES for rang in range(1, panne.rangs + 1)]
    random.Random(graine).shuffle(toutes)
    details: Counter[str] = Counter()
    fautes: list[str] = []
    tirees = toutes[:rondes]
    for numero, (panne, rang) in enumerate(tirees):
        with tempfile.TemporaryDirectory() as nu:
            ici = Path(nu).resolve()
            if numero % 3:
                dite, vues = eprouver(ici, plan, panne.en_clair(rang), insister=numero % 3 == 2)
            else:
                code, _, vues = executer_a_part(ici, plan, panne.en_clair(rang))
                dite = code != 0
        details[f"{panne.appel} {panne.reponse}, {'dit' if dite else 'surmonté'}"] += 1
        fautes += vues
    return Bilan(len(tirees), Counter(details), fautes)
