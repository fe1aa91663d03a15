"""Les exports comptables : un autre outil recompte, et refuse le moindre centime d'écart."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data
from beanquery import connect

from commands import GrandLivre
from commands.demo import PROGRAMME, commandes_demo
from ledger import Journal, MemoryStore
from ledger.erreurs import ChainBrokenError, UnreadableFactError
from projections import credits, echeancier, enveloppe, regarder, structures
from projections.exports import ecrire_beancount, ecrire_hledger
from projections.exports.commun import Livre, montant
from projections.exports.comptes import Ligne, ligne
from projections.partie_double import Ecriture
from projections.situation import Vue
from tests.unit.monde import HorlogeFixe, Monde, P

FAITS_AU = {
    "2018-01-01": 0,
    "2019-12-31": 1,
    "2020-02-03": 194,
    "2020-12-31": 306,
    "2021-12-31": 386,
}
CENTIME_DE_CONTREPARTIE = "  Soldes:CP:2020:Disponibles  -50000.01"
OUTILS = {"hledger": ("check",), "ledger": ("balance",)}


@pytest.fixture(scope="module")
def demo() -> Journal:
    """The demonstration through 2022, in memory."""
    livre = GrandLivre(MemoryStore(), clock=HorlogeFixe())
    for commande in commandes_demo(date(2022, 12, 31)):
        assert livre.executer(commande).statut == "acceptee"
    return Journal(livre.store, PROGRAMME)


def vue_de(monde: Monde, au: str | None = None) -> tuple[Journal, Vue]:
    """The journal of the world, and its view."""
    journal = Journal(monde.livre.store, P)
    return journal, regarder(journal, au=None if au is None else date.fromisoformat(au))


def charger(texte: str) -> tuple[list[Any], list[str], Any]:
    """Entries, messages of errors, options: what Beancount makes of the text."""
    entrees, erreurs, options = loader.load_string(texte)
    return entrees, [erreur.message for erreur in erreurs], options


def recompter(entrees: list[Any], options: Any, requete: str) -> list[tuple[Any, ...]]:
    """The rows of a query, run by beanquery."""
    connexion = connect("beancount:", entries=entrees, errors=[], options=options)
    return [tuple(rang) for rang in connexion.execute(requete).fetchall()]


def par_compte(entrees: list[Any], options: Any, requete: str) -> dict[str, int]:
    """The last component of the account and the cents, of a query that gives both."""
    rangs = recompter(entrees, options, requete)
    return {compte.rsplit(":", 1)[1]: en_centimes(somme) for compte, somme in rangs}


def en_centimes(nombre: Decimal) -> int:
    """An amount that a tool gives, back in cents."""
    assert nombre * 100 == int(nombre * 100)
    return int(nombre * 100)


def somme(racine: int, filtre: str, signe: str = "") -> str:
    """The query that adds up, by parent account, the postings whose account matches."""
    return (
        f"SELECT root(account, {racine}) AS compte, {signe}sum(number) AS total "
        f"WHERE account ~ '{filtre}' GROUP BY compte"
    )


def executer(outil: str, texte: str, dossier: Path) -> subprocess.CompletedProcess[str]:
    """What the tool answers on the text; skipped when it is not installed."""
    chemin = shutil.which(outil)
    if chemin is None:
        pytest.skip(f"{outil} n'est pas installé : son format n'est pas vérifié par lui")
    fichier = dossier / "fabriques.journal"
    fichier.write_text(texte, "utf-8")
    return subprocess.run(
        [chemin, "-f", str(fichier), *OUTILS[outil]],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C.UTF-8"},
    )


def un_centime_de_plus(texte: str, motif: str) -> str:
    """The text with one cent more on the first line that matches `motif` (euros, cents)."""
    trouve = re.search(motif, texte, re.MULTILINE)
    assert trouve is not None
    cents = int(trouve[1].replace(".", "")) + 1
    return texte[: trouve.start(1)] + montant(cents).split(" ")[0] + texte[trouve.end(1) :]


@pytest.mark.parametrize("au", [None, *FAITS_AU])
def test_beancount_accepte_la_demonstration_a_chaque_date(demo: Journal, au: str | None) -> None:
    """Beancount accepte la démonstration, soldes annoncés compris, à chaque fin d'année."""
    jour = None if au is None else date.fromisoformat(au)
    entrees, erreurs, _ = charger("".join(ecrire_beancount(demo, regarder(demo, au=jour))))
    assert erreurs == []
    faits = [e for e in entrees if isinstance(e, data.Transaction)]
    comptes = [e for e in entrees if isinstance(e, data.Balance)]
    attendu = 464 if au is None else FAITS_AU[au]
    assert (len(faits), bool(comptes)) == (attendu, attendu > 0)


def test_beanquery_retrouve_les_chiffres_de_la_demonstration(demo: Journal) -> None:
    """AE, CP, restes, structures et enveloppe recomptés par beanquery sont ceux des projections."""
    vue = regarder(demo)
    entrees, erreurs, options = charger("".join(ecrire_beancount(demo, vue)))
    assert erreurs == []
    lignes, figure = credits(vue), enveloppe(vue)

    def compter(racine: int, filtre: str, signe: str = "") -> dict[str, int]:
        return par_compte(entrees, options, somme(racine, filtre, signe))

    engage = compter(3, "^Emplois:AE:[0-9]+:Engagees")
    assert engage == {"2019": 320_000_000, "2020": 1_200_000_000}
    assert engage == {
        str(x.exercice): x.ae_engagees_centimes for x in lignes if x.ae_engagees_centimes
    }
    paye = compter(3, "^Mouvements:RAP:[0-9]+:(Payes|Regularisations)")
    assert paye == {"2020": 720_000_000, "2021": 390_000_000, "2022": 390_000_000}
    assert paye == {str(x.exercice): x.cp_payes_centimes for x in lignes if x.cp_payes_centimes}
    reste, cloture = 0, {}
    for annee, variation in sorted(compter(3, "^Mouvements:RAP", "-").items()):
        reste += variation
        cloture[int(annee)] = reste
    assert cloture == {x.exercice: x.rap_cloture_centimes for x in lignes}
    assert compter(4, "^Emplois:CP:Paye") == {
        f"S-{x.structure}": x.paye_centimes for x in structures(vue)
    }
    assert compter(3, "^(Soldes|Emplois|Origines):Enveloppe") == {
        "Disponible": figure.disponible_centimes,
        "Engage": figure.engage_centimes,
        "Plafond": -figure.enveloppe_centimes,
    }


def test_le_reste_de_chaque_structure_est_celui_de_son_echeancier(demo: Journal) -> None:
    """Fin 2020, le reste à payer de chaque structure recompté est celui de son échéancier."""
    vue = regarder(demo, au=date(2020, 12, 31))
    entrees, _, options = charger("".join(ecrire_beancount(demo, vue)))
    obtenu = par_compte(entrees, options, somme(4, "^Soldes:RAP:Reste"))
    attendu = {}
    for structure in vue.situation.fiches:
        figure = echeancier(vue, structure)
        bonus = figure.bonus
        reste = sum(tranche.reste_centimes for tranche in figure.tranches)
        attendu[f"S-{structure}"] = reste + (
            bonus.montant_centimes - bonus.verse_centimes if bonus else 0
        )
    assert obtenu == attendu
    assert sum(obtenu.values()) == 800_000_000
    requete = "SELECT account, sum(number) WHERE account ~ '^Soldes:RAP:Reste' GROUP BY account"
    cohortes: dict[str, set[int]] = {}
    for compte, nombre in recompter(entrees, options, requete):
        cohortes.setdefault(":".join(compte.split(":")[4:]), set()).add(en_centimes(nombre))
    assert cohortes == {"2019:Bonus": {0}, "2020:Subvention": {10_000_000}}


def test_un_centime_sur_une_ecriture_est_refuse_par_beancount(demo: Journal) -> None:
    """Un centime de plus sur une écriture, une annonce ou une écriture équilibrée : refusé."""
    texte = "".join(ecrire_beancount(demo, regarder(demo)))
    motif = r"^  Emplois:CP:\S+  (\S+) EUR$"
    assert charger(texte)[1] == []
    seul = un_centime_de_plus(texte, motif)
    assert any("does not balance" in e for e in charger(seul)[1])
    equilibre = seul.replace("  Soldes:CP:2020:Disponibles  -50000.00", CENTIME_DE_CONTREPARTIE, 1)
    assert sorted(charger(equilibre)[1]) == [
        "Balance failed for 'Emplois:CP:Paye': "
        "expected 15000000.00 EUR != accumulated 15000000.01 EUR (0.01 too much)",
        "Balance failed for 'Emplois:CP:Paye:S-lab01-01500': "
        "expected 250000.00 EUR != accumulated 250000.01 EUR (0.01 too much)",
        "Balance failed for 'Soldes:CP:2020:Disponibles': "
        "expected -7200000.00 EUR != accumulated -7200000.01 EUR (0.01 too little)",
    ]
    annonce = un_centime_de_plus(texte, r"balance Soldes:Enveloppe:Disponible  (\S+) ~ 0 EUR$")
    assert len(charger(annonce)[1]) == 1


@pytest.mark.parametrize("outil", OUTILS)
def test_hledger_et_ledger_recomptent_la_demonstration(
    demo: Journal, tmp_path: Path, outil: str
) -> None:
    """hledger et ledger acceptent le même fichier, et refusent un centime d'écart."""
    texte = "".join(ecrire_hledger(demo, regarder(demo)))
    fait = executer(outil, texte, tmp_path)
    assert (fait.returncode, fait.stderr) == (0, "")
    for motif in (
        r"^    Emplois:CP:\S+  (\S+) EUR$",
        r"^    Soldes:RAP:Reste:\S+  0\.00 EUR = (\S+) EUR$",
        r"^    Mouvements:RAP:2020:Payes  0\.00 EUR = (\S+) EUR$",
    ):
        fait = executer(outil, un_centime_de_plus(texte, motif), tmp_path)
        assert fait.returncode != 0, motif


def test_hledger_annonce_chaque_compte_mouvemente(demo: Journal) -> None:
    """Chaque compte mouvementé du fichier hledger a son solde annoncé à la fin."""
    texte = "".join(ecrire_hledger(demo, regarder(demo)))
    ecritures, annonces = texte.split("Soldes annoncés par les projections")
    mouvementes = set(re.findall(r"^    ([A-Z]\S+)  ", ecritures, re.MULTILINE))
    annonces_de = re.findall(r"^    ([A-Z]\S+)  0\.00 EUR = \S+ EUR$", annonces, re.MULTILINE)
    assert mouvementes <= set(annonces_de)
    assert len(annonces_de) == len(set(annonces_de))


def test_un_fait_tardif_ne_fausse_aucun_solde_annonce() -> None:
    """Un retrait daté avant un versement connu : les soldes annoncés restent ceux des faits."""
    monde = Monde()
    monde.label()
    monde.payer(1, "2021-08-01")
    monde.ok("RetirerLabel", "2021-06-01")
    for au in ("2021-07-01", None):
        journal, vue = vue_de(monde, au)
        assert charger("".join(ecrire_beancount(journal, vue)))[1] == []


def test_toutes_les_sortes_de_mouvements_ont_un_compte(tmp_path: Path) -> None:
    """Crédits gelés, bonus hors enveloppe, régularisations, reversements : tout est recompté."""
    monde = Monde(imputation_bonus="hors_enveloppe")
    monde.ouvrir_credits(2020, 90_000_000, 90_000_000)
    gel = {"exercice": 2020, "ae_centimes": 3, "cp_centimes": 4}
    monde.ok("GelerCrédits", "2020-01-03", **gel)
    monde.label()
    monde.label("-s")
    monde.ok("AccorderBonusNumérique", "2020-02-03")
    premier = monde.payer(1, "2020-03-01")
    monde.ok("VerserBonus", "2020-03-01")
    monde.ok("DemanderReversement", "2020-04-01", montant_centimes=1_000_001)
    monde.ok("EncaisserReversement", "2020-05-01", montant_centimes=700_000)
    monde.cloturer(2019, 2020)
    monde.ok("AnnulerVersement", "2021-02-01", position=premier)
    monde.ok("RetirerLabel", "2021-03-01", structure="-s")
    journal, vue = vue_de(monde)
    entrees, erreurs, options = charger("".join(ecrire_beancount(journal, vue)))
    assert erreurs == []
    assert recompter(
        entrees,
        options,
        "SELECT account, sum(number) WHERE account ~ 'Hors|Geles|Gelees|Regul|Revers|:S--s' "
        "GROUP BY account ORDER BY account",
    ) == [
        ("Emplois:CP:Paye:S-s1:Regularisations:2021:Subvention", Decimal("-50000.00")),
        ("Emplois:Hors-Enveloppe:Engage:Bonus", Decimal("100000.00")),
        ("Mouvements:RAP:2021:Regularisations:Subvention", Decimal("-50000.00")),
        ("Mouvements:Reversements:2020:Encaisses", Decimal("7000.00")),
        ("Origines:Reversements:Titres", Decimal("-10000.01")),
        ("Soldes:AE:2020:Gelees", Decimal("0.03")),
        ("Soldes:CP:2020:Geles", Decimal("0.04")),
        ("Soldes:Hors-Enveloppe:Disponible", Decimal("-100000.00")),
        ("Soldes:RAP:Reste:S--s:2020:Subvention", Decimal("0.00")),
        ("Soldes:Reversements:Demandes:S-s1", Decimal("3000.01")),
    ]
    for outil in OUTILS:
        if shutil.which(outil) is not None:
            fait = executer(outil, "".join(ecrire_hledger(journal, vue)), tmp_path)
            assert (fait.returncode, fait.stderr) == (0, "")


@pytest.mark.parametrize("recyclables", [False, True])
def test_les_retraits_rendent_ce_que_la_regle_leur_rend(recyclables: bool) -> None:
    """Un retrait de l'année rend ses AE ; d'une année antérieure, seulement s'il est recyclable."""
    monde = Monde(retraits_anterieurs_recyclables=recyclables)
    monde.label()
    monde.label("s2")
    monde.ok("RetirerLabel", "2020-06-01")
    monde.ok("RetirerLabel", "2021-06-01", structure="s2")
    journal, vue = vue_de(monde)
    entrees, erreurs, options = charger("".join(ecrire_beancount(journal, vue)))
    assert erreurs == []
    obtenu = recompter(entrees, options, somme(9, "Retraits|^Soldes:Env"))
    rendus = {compte: int(nombre) for compte, nombre in obtenu}
    attendu = {
        "Emplois:AE:2020:Retraits-Meme-Exercice:Subvention": -150_000,
        "Emplois:Enveloppe:Retraits:Subvention": -300_000 if recyclables else -150_000,
        "Mouvements:RAP:2020:Retraits-Meme-Exercice:Subvention": 150_000,
        "Mouvements:RAP:2021:Retraits-Anterieurs:Subvention": 150_000,
        "Soldes:Enveloppe:Disponible": 45_000_000 if recyclables else 44_850_000,
    }
    if recyclables:
        attendu["Emplois:AE:2021:Retraits-Anterieurs:Subvention"] = -150_000
    assert rendus == attendu


def test_un_texte_enregistre_reste_un_texte(tmp_path: Path) -> None:
    """Guillemets, crochets et points-virgules d'un nom ou d'un identifiant ne changent rien."""
    porteur = 'L\'"Atelier" \\ 2021-01-01 open Soldes:Faux ; x | [2019-01-01]'
    monde = Monde()
    monde.ok("DéposerCandidature", "2020-01-10", porteur=porteur)
    ruse = 'a" [2019-01-01] ; b:c, d | \\'
    monde.ok("LabelliserFabrique", "2020-02-03", id_commande=ruse)
    journal, vue = vue_de(monde)
    entrees, erreurs, _ = charger("".join(ecrire_beancount(journal, vue)))
    assert erreurs == []
    ouverts = {e.account: e.meta for e in entrees if isinstance(e, data.Open)}
    assert ouverts["Soldes:RAP:Reste:S-s1"]["porteur"] == porteur
    assert "Soldes:Faux" not in ouverts
    ids = [e.meta["id_commande"] for e in entrees if isinstance(e, data.Transaction)]
    assert ids[2] == ruse
    texte = "".join(ecrire_hledger(journal, vue))
    assert '    ; id_commande: a" _2019-01-01_ _ b:c_ d _ \\\n' in texte
    for outil in OUTILS:
        if shutil.which(outil) is not None:
            fait = executer(outil, texte, tmp_path)
            assert (fait.returncode, fait.stderr) == (0, "")


def test_une_transaction_porte_de_quoi_retrouver_sa_ligne() -> None:
    """Une écriture dit position, commande, heure, structure et empreinte de sa ligne du journal."""
    monde = Monde()
    monde.label()
    journal, vue = vue_de(monde)
    entrees = charger("".join(ecrire_beancount(journal, vue)))[0]
    label = [e for e in entrees if isinstance(e, data.Transaction)][-1]
    metas = {k: v for k, v in label.meta.items() if k not in {"filename", "lineno"}}
    metas.pop("__tolerances__")
    fait = monde.livre.journal(P).lire_un(3)
    assert fait is not None
    assert (label.date, label.payee, label.narration, metas) == (
        date(2020, 2, 3),
        "s1",
        "fabrique-labellisee",
        {
            "position": 3,
            "id_commande": "c3",
            "enregistre_le": fait.enregistre_le,
            "feuille": vue.arbre.feuille(3).hex(),
            "structure": "s1",
        },
    )


def test_l_en_tete_dit_de_quel_journal_vient_le_fichier() -> None:
    """L'en-tête nomme programme, origine, position, racine, date et moteur ; le même deux fois."""
    monde = Monde()
    monde.label()
    journal, vue = vue_de(monde, "2020-01-31")
    texte = "".join(ecrire_beancount(journal, vue))
    assert texte == "".join(ecrire_beancount(journal, vue))
    noms = [ligne.split(" : ")[0] for ligne in texte.splitlines()[:6]]
    assert noms == [
        "; Programme",
        "; Origine",
        "; Position",
        "; Racine",
        "; Faits comptés jusqu'au",
        "; Moteur",
    ]
    assert "; Position : 3\n" in texte
    assert "; Faits comptés jusqu'au : 2020-01-31\n" in texte
    assert f"; Origine : fabriques-ledger/{P}/{vue.arbre.feuille(1).hex()[:16]}\n" in texte
    en_tete = "".join(ecrire_hledger(journal, vue)).splitlines()[:6]
    assert en_tete == texte.splitlines()[:6]


def test_un_journal_connu_avant_son_premier_fait_s_exporte_vide() -> None:
    """Connu à la position 0, le fichier n'a que son en-tête, et se charge."""
    monde = Monde()
    journal = Journal(monde.livre.store, P)
    vue = regarder(journal, connu_au=0)
    texte = "".join(ecrire_beancount(journal, vue))
    assert charger(texte)[:2] == ([], [])
    assert "; Origine : aucune\n" in texte


def test_un_journal_autre_que_celui_de_la_vue_est_refuse() -> None:
    """Exporter une vue depuis un journal qui n'a pas la même racine est une erreur."""
    monde, autre = Monde(), Monde()
    monde.label()
    autre.label(montant_centimes=9_000_000)
    _, vue = vue_de(monde)
    with pytest.raises(ChainBrokenError, match="a changé pendant l'export"):
        list(Livre(Journal(autre.livre.store, P), vue).operations())


def test_un_identifiant_forge_ne_devient_pas_un_compte() -> None:
    """Une structure dont l'identifiant n'en est pas un n'ouvre aucun compte."""
    assert ligne(Ecriture(1, "rap:reste:2020:bonus", 5, "-a")) == Ligne(
        "Soldes:RAP:Reste:S--a", (("exercice", "2020"), ("nature", "bonus")), 5
    )
    with pytest.raises(UnreadableFactError, match="n'est pas un identifiant"):
        ligne(Ecriture(1, "rap:reste:2020:bonus", 5, "a\n2020-01-01 open"))


def test_un_montant_a_toujours_deux_decimales() -> None:
    """Un montant s'écrit en euros, point et deux décimales, le signe devant."""
    assert [montant(c) for c in (0, 5, -5, 100, -123_456)] == [
        "0.00 EUR",
        "0.05 EUR",
        "-0.05 EUR",
        "1.00 EUR",
        "-1234.56 EUR",
    ]
