"""Le verbe « rapprocher » : à blanc, confirmé, refait ; rapports ; fichiers hostiles."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from msgspec.structs import replace
from python_calamine import CalamineWorkbook

from commands.cli import chorus
from ledger import Journal, SQLiteStore
from projections.rapprochement import VersementAuLivre, versements
from projections.testing.chorus import FEUILLE, Extrait, extraire, rangees
from tests.cli.outils import PROGRAMME, Resultat, depot, en_lignes, lancer, ouverture
from tests.tableaux.ecrire import en_csv, en_ods, en_xls, en_xlsx
from tests.tableurs.evaluer import Livre, ecarts, lire_ods, lire_xlsx, verdict

CONFIRMER = ("--confirmer", "--acteur", "m.dupont", "--le", "15/01/2022")
SIRETS = ("73282932000074", "35600000000048", "44306184100047")


def commande(verbe: str, numero: int, jour: str, **champs: Any) -> dict[str, Any]:
    """A command on one structure."""
    commun = {"commande": verbe, "id_commande": f"{verbe}-{numero}", "programme": PROGRAMME}
    acteur = {"id": "karim", "role": "comptable"}
    return {**commun, "acteur": acteur, "date_effet": jour, **champs}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Three labels: an order, an EJ, a SIRET; two instalments paid each."""
    commandes = [ouverture()]
    for rang, siret in enumerate(SIRETS, start=1):
        nom = {"structure": f"lab0{rang}"}
        plus = {"siret": siret} if rang == 3 else {}
        commandes.append(depot(f"lab0{rang}", **plus))
        lot = [
            commande("LabelliserFabrique", rang, "2020-02-03", **nom, montant_centimes=15_000_000)
        ]
        if rang == 2:
            convention = {"reference": "C-2", "ej": "0021000002"}
            lot.append(commande("SignerConvention", rang, "2020-02-03", **nom, **convention))
        for tranche, jour in ((1, "2020-03-02"), (2, "2021-03-01")):
            numero = 10 * rang + tranche
            paye = {**nom, "rang": tranche, "montant_centimes": 5_000_000}
            if rang == 1:
                lot.append(
                    commande("OrdonnancerTranche", numero, jour, **paye, dp=f"04000{numero}")
                )
            lot.append(commande("VerserTranche", numero, jour, **paye, reference=f"V-{numero}"))
        commandes += lot
    chemin = tmp_path / "fabriques.db"
    fait = lancer("executer", "-", "--base", chemin, entree=en_lignes(commandes))
    assert fait.code == 0, fait.sortie
    return chemin


def livre(base: Path) -> tuple[VersementAuLivre, ...]:
    """The payments of the base."""
    store = SQLiteStore(base, ecriture=False)
    try:
        return versements(Journal(store, PROGRAMME).rattraper())
    finally:
        store.fermer()


def extrait(base: Path) -> Extrait:
    """Its extract."""
    return extraire(livre(base))


def rapprocher(base: Path, fichier: Path, *options: str | Path) -> Resultat:
    """Run the verb."""
    return lancer("rapprocher", fichier, "--base", base, *options)


def verdicts(resultat: Resultat) -> list[tuple[str, str | None]]:
    """Verdict and request of each."""
    return [(v["verdict"], v["dp"]) for v in resultat.json["verdicts"]]


def test_a_blanc_puis_confirme_puis_rien_a_faire(base: Path, tmp_path: Path) -> None:
    """À blanc rien n'est écrit ; confirmé une fois ; refait, le même fichier ne change rien."""
    fichier = en_xlsx(tmp_path / "chorus.xlsx", rangees(extrait(base).lignes), feuille=FEUILLE)
    avant = lancer("journal", "--base", base).octets
    chiffres = lancer("credits", "--base", base, "--format", "json").json
    blanc = rapprocher(base, fichier, "--format", "json")
    assert (blanc.code, blanc.json["concordant"]) == (0, True)
    assert [(t["verdict"], t["nombre"]) for t in blanc.json["totaux"]] == [("rapproche", 6)]
    assert [v["palier"] for v in blanc.json["verdicts"]] == [1, 1, 2, 2, 3, 3]
    assert "6 paires à confirmer" in blanc.erreur
    assert lancer("journal", "--base", base).octets == avant
    confirme = rapprocher(base, fichier, *CONFIRMER)
    assert (confirme.code, confirme.erreur) == (0, "6 rapprochements enregistrés, 0 refusé.\n")
    lignes = [json.loads(x) for x in lancer("journal", "--base", base).octets.splitlines()[-6:]]
    assert {x["type"] for x in lignes} == {"versement-rapproche"}
    premier = lignes[0]["state"]
    assert premier["provenance"] == {
        "fichier": blanc.json["sha256"],
        "feuille": FEUILLE,
        "ligne": 2,
    }
    assert (premier["dp"], premier["exercice_dp"], premier["date_effet"]) == (
        "0400011",
        2020,
        "2022-01-15",
    )
    assert not any("centimes" in membre for membre in premier)
    encore = rapprocher(base, fichier, *CONFIRMER[:-1], "16/01/2022", "--format", "json")
    assert (encore.code, encore.erreur) == (0, "Rien à confirmer : aucune paire nouvelle.\n")
    assert [(t["verdict"], t["nombre"]) for t in encore.json["totaux"]] == [("deja_rapproche", 6)]
    assert len(lancer("journal", "--base", base).octets.splitlines()) == len(
        avant.splitlines()
    ) + len(lignes)
    assert lancer("verifier", "--base", base).code == 0
    assert lancer("credits", "--base", base, "--format", "json").json == chiffres


def test_un_extrait_amende_ne_repropose_que_le_nouveau(base: Path, tmp_path: Path) -> None:
    """2020 confirmé, puis le fichier des deux années, un montant réglé ayant changé."""
    modele = extrait(base)
    anciennes = [li for li in modele.lignes if li.exercice == 2020]
    premier = en_xlsx(tmp_path / "2020.xlsx", rangees(anciennes), feuille=FEUILLE)
    assert "3 rapprochements enregistrés" in rapprocher(base, premier, *CONFIRMER).erreur
    change = anciennes[0]
    amendees = [
        replace(li, montant_centimes=li.montant_centimes + 1) if li == change else li
        for li in modele.lignes
    ]
    second = en_xlsx(tmp_path / "deux.xlsx", rangees(amendees), feuille=FEUILLE)
    fait = rapprocher(base, second, *CONFIRMER, "--format", "json")
    assert (fait.code, fait.erreur) == (1, "3 rapprochements enregistrés, 0 refusé.\n")
    assert {t["verdict"]: t["nombre"] for t in fait.json["totaux"]} == {
        "rapproche": 3,
        "deja_rapproche": 2,
        "montant_different": 1,
    }
    (ecart,) = [v for v in fait.json["verdicts"] if v["verdict"] == "montant_different"]
    assert (ecart["dp"], ecart["ecart_centimes"]) == (change.dp, 1)
    avant = lancer("journal", "--base", base).octets
    encore = rapprocher(base, second, *CONFIRMER)
    assert (encore.code, encore.erreur) == (1, "Rien à confirmer : aucune paire nouvelle.\n")
    assert lancer("journal", "--base", base).octets == avant


def test_un_ordre_paye_en_deux_fois_est_regroupe(base: Path, tmp_path: Path) -> None:
    """Une demande, deux versements sous son numéro : concordant, rien à confirmer ni à choisir."""
    nom = {"structure": "lab01", "rang": 3}
    ordre = commande(
        "OrdonnancerTranche", 3, "2022-03-01", **nom, montant_centimes=5_000_000, dp="0400099"
    )
    lot = [ordre] + [
        commande(
            "VerserTranche", n, "2022-03-02", **nom, montant_centimes=centimes, reference=f"V-{n}"
        )
        for n, centimes in ((98, 2_000_000), (99, 3_000_000))
    ]
    assert lancer("executer", "-", "--base", base, entree=en_lignes(lot)).code == 0
    fichier = en_xlsx(tmp_path / "c.xlsx", rangees(extrait(base).lignes), feuille=FEUILLE)
    fait = rapprocher(base, fichier, *CONFIRMER, "--format", "json")
    assert (fait.code, fait.json["concordant"]) == (0, True)
    assert {
        t["verdict"]: (t["nombre"], t["chorus_centimes"], t["livre_centimes"])
        for t in fait.json["totaux"]
    } == {
        "rapproche": (6, 30_000_000, 30_000_000),
        "regroupe": (3, 5_000_000, 5_000_000),
    }
    assert "Regroupé" in rapprocher(base, fichier).sortie
    encore = rapprocher(base, fichier, *CONFIRMER)
    assert (encore.code, encore.erreur) == (0, "Rien à confirmer : aucune paire nouvelle.\n")


def test_un_extrait_trop_long_est_refuse(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Au-delà de 200 000 lignes (11 ici), l'extrait est refusé en entier ; à la borne, il passe."""
    assert chorus.LIGNES_MAX == 200_000
    fichier = en_xlsx(tmp_path / "c.xlsx", rangees(extrait(base).lignes), feuille=FEUILLE)
    monkeypatch.setattr(chorus, "LIGNES_MAX", 12)
    assert rapprocher(base, fichier).code == 0
    monkeypatch.setattr(chorus, "LIGNES_MAX", 11)
    fait = rapprocher(base, fichier, *CONFIRMER)
    assert (fait.code, "dépasse 11 lignes" in fait.erreur) == (2, True)
    assert "rapprochement" not in lancer("journal", "--base", base).sortie


def test_annuler_un_versement_defait_son_rapprochement(base: Path, tmp_path: Path) -> None:
    """Annulé puis versé de nouveau : la demande prouve le nouveau versement, une fois confirmée."""
    fichier = en_xlsx(tmp_path / "chorus.xlsx", rangees(extrait(base).lignes), feuille=FEUILLE)
    assert rapprocher(base, fichier, *CONFIRMER).code == 0
    paye = next(v for v in livre(base) if v.structure == "lab02" and v.exercice == 2021)
    nom = {"structure": "lab02"}
    lot = [
        commande(
            "AnnulerVersement", 1, "2021-04-01", **nom, position=paye.position, motif="erreur"
        ),
        commande(
            "VerserTranche",
            99,
            "2021-04-02",
            **nom,
            rang=2,
            montant_centimes=5_000_000,
            reference="V-99",
        ),
    ]
    assert lancer("executer", "-", "--base", base, entree=en_lignes(lot)).code == 0
    de_nouveau = rapprocher(base, fichier, "--format", "json")
    assert verdicts(de_nouveau)[0] == ("rapproche", f"04{paye.position:08d}")
    assert de_nouveau.json["verdicts"][0]["reference"] == "V-99"
    assert rapprocher(base, fichier, *CONFIRMER).code == 0
    assert lancer("verifier", "--base", base).code == 0


def test_deux_demandes_egales_en_tout_ne_sont_jamais_departagees(
    base: Path, tmp_path: Path
) -> None:
    """Même EJ, même montant, même exercice : ambigu des deux côtés, les candidats nommés."""
    modele = extrait(base)
    siennes = [li for li in modele.lignes if li.ej == "0021000002" and li.exercice == 2020]
    modele.lignes += [replace(li, dp="0499999999", ligne=li.ligne + 90) for li in siennes]
    fichier = en_xlsx(tmp_path / "chorus.xlsx", rangees(modele.lignes), feuille=FEUILLE)
    fait = rapprocher(base, fichier, "--format", "json")
    ambigus = [v for v in fait.json["verdicts"] if v["verdict"] == "ambigu"]
    assert (fait.code, len(ambigus)) == (1, 3)
    assert {v["dp"] for v in ambigus} == {None, siennes[0].dp, "0499999999"}
    assert "2 demandes pour 1 versement" in ambigus[0]["explication"]
    confirme = rapprocher(base, fichier, *CONFIRMER)
    assert "5 rapprochements enregistrés" in confirme.erreur


@pytest.mark.parametrize("ecrire", [en_csv, en_xlsx, en_xls, en_ods])
@pytest.mark.parametrize("dates", ["serie", "texte"])
def test_les_quatre_formes_de_fichier_disent_la_meme_chose(
    base: Path, tmp_path: Path, ecrire: Callable[..., Path], dates: str
) -> None:
    """csv, xlsx, xls, ods, dates en séries ou en texte : mêmes centimes, mêmes paires."""
    rangs = rangees(extrait(base).lignes, dates=dates)
    if ecrire is en_csv:  # as a spreadsheet in French exports it
        for rang in rangs[1:]:
            rang[-1] = f"{rang[-1]:.2f}".replace(".", ",")
    fichier = ecrire(tmp_path / f"chorus.{ecrire.__name__[3:]}", rangs)
    fait = rapprocher(base, fichier, "--format", "json")
    assert (fait.code, fait.json["refusees"]) == (0, [])
    assert {v["ej"] for v in fait.json["verdicts"]} >= {"0021000002"}
    assert {v["date_chorus"] for v in fait.json["verdicts"]} == {"2020-03-02", "2021-03-01"}


def test_les_deux_feuilles_d_extraction_sont_lues(base: Path, tmp_path: Path) -> None:
    """« 1. Extraction » et « 2. Extraction FEHBE » sont lues ; une autre feuille ne l'est pas."""
    rangs = rangees(extrait(base).lignes)
    classeur = openpyxl.Workbook()
    page: Any = classeur.active
    page.title = "Lisez-moi"
    page.append(["Rien ici"])
    for nom, lignes in ((FEUILLE, rangs[:7]), ("2. Extraction FEHBE", [rangs[0], *rangs[7:]])):
        feuille = classeur.create_sheet(nom)
        for rang in lignes:
            feuille.append(rang)
    fichier = tmp_path / "deux.xlsx"
    classeur.save(fichier)
    fait = rapprocher(base, fichier, "--format", "json")
    assert (fait.code, fait.json["feuilles"]) == (0, [FEUILLE, "2. Extraction FEHBE"])
    seule = rapprocher(base, fichier, "--feuille", FEUILLE, "--format", "json")
    assert (seule.code, seule.json["feuilles"]) == (1, [FEUILLE])
    assert seule.json["hors_periode"] + len(seule.json["verdicts"]) == 6


def test_les_rapports_disent_les_memes_verdicts_et_desarment_les_textes(
    base: Path, tmp_path: Path
) -> None:
    """Table, CSV, XLSX, ODS et HTML : mêmes verdicts ; un libellé hostile n'y est qu'un texte."""
    modele = extrait(base)
    modele.injecter("montant_different", livre(base)[0])
    mechant = "@cmd|'/C calc'!A0<script>alert(1)</script>\u202e"
    modele.lignes = [replace(li, fournisseur=mechant) for li in modele.lignes]
    fichier = en_xlsx(tmp_path / "chorus.xlsx", rangees(modele.lignes), feuille=FEUILLE)
    attendus = [
        v["verdict"] for v in rapprocher(base, fichier, "--format", "json").json["verdicts"]
    ]
    sorties = {nom: tmp_path / f"r.{nom}" for nom in ("csv", "xlsx", "ods", "html", "txt")}
    for sortie in sorties.values():
        fait = rapprocher(base, fichier, "-o", sortie)
        assert (fait.code, fait.octets) == (1, b"")
    lus = list(csv.DictReader(io.StringIO(sorties["csv"].read_text("utf-8"))))
    assert [ligne["verdict"] for ligne in lus] == attendus
    assert {ligne["fournisseur"][0] for ligne in lus} == {"'"}
    for nom in ("xlsx", "ods"):
        feuille = CalamineWorkbook.from_path(sorties[nom]).get_sheet_by_name("Verdicts")
        rangs = [r for r in feuille.to_python() if r[0] in ("Rapproché", "Montant différent")]
        assert (len(rangs), {str(r[5])[:4] for r in rangs}) == (6, {"@cmd"})
    francais = rapprocher(base, fichier, "--format", "csv-fr").octets
    assert francais.startswith("\ufeffVerdict;Palier;N° DP;".encode())
    assert b";50000,01;" in francais
    html = sorties["html"].read_text("utf-8")
    assert [m in html for m in ("<script", "&lt;script&gt;", "\u202e")] == [False, True, False]
    assert "50 000,01" in html.replace("\u202f", " ").replace("\u00a0", " ")
    table = sorties["txt"].read_text("utf-8")
    assert "\u202e" not in table
    assert rapprocher(base, fichier, "-o", fichier).code == 2
    assert rapprocher(base, fichier, "-o", base).code == 2


@pytest.mark.parametrize(("suffixe", "lire"), [("xlsx", lire_xlsx), ("ods", lire_ods)])
def test_le_classeur_d_un_rapprochement_se_recompte_et_voit_une_falsification(
    base: Path, tmp_path: Path, suffixe: str, lire: Callable[[bytes], Livre]
) -> None:
    """Le classeur d'un rapprochement se recompte et voit une falsification."""
    modele = extrait(base)
    modele.injecter("montant_different", livre(base)[0])
    rangs = rangees(modele.lignes)
    rangs[-1] = [*rangs[-1][:-1], "?"]
    fichier = en_csv(tmp_path / "chorus.csv", rangs)
    fait = rapprocher(base, fichier, "--format", suffixe)
    assert (fait.code, rapprocher(base, fichier, "--format", suffixe).octets) == (1, fait.octets)
    relu = lire(fait.octets)
    assert list(relu) == ["Synthèse", "Verdicts", "Lignes refusées", "Contrôle"]
    controle = [str(case) for ligne in relu["Contrôle"].lignes() for case in ligne]
    assert sha256(fichier.read_bytes()).hexdigest() in controle
    assert (ecarts(relu), verdict(relu)) == ([], "conforme")
    for feuille, colonne in (("Verdicts", 1), ("Verdicts", 8), ("Synthèse", 3)):
        change = lire(fait.octets)
        cases = change[feuille].cellules
        genre = str if colonne == 1 else int | float
        pleines = (
            r
            for r, c in cases
            if c == colonne and isinstance(cases[r, c].valeur, genre) and cases[r, c].valeur
        )
        rang = min(r for r in pleines if r > 1)
        del cases[rang, colonne]
        assert verdict(change, feuille) == "écart", (feuille, colonne)


Rangs = list[list[Any]]


def _sans_colonne(rangs: Rangs) -> Rangs:
    return [rang[:-1] for rang in rangs]


def _autre_service(rangs: Rangs) -> Rangs:
    return [
        rangs[0],
        *([*("7" * 10, *r[1:6]), "#", *r[7:12], f"77{r[12]}", *r[13:]] for r in rangs[1:]),
    ]


@pytest.mark.parametrize(
    ("deformer", "phrase"),
    [
        (lambda rangs: rangs[:1], "ne tient aucune ligne à comparer"),
        (lambda rangs: [["a", "b"], [1, 2]], "ne porte aucun des en-têtes attendus"),
        (_sans_colonne, "il manque « Montant payé »"),
        (_autre_service, "l'extrait d'un autre service"),
    ],
)
def test_un_fichier_qui_n_est_pas_l_extrait_est_refuse_par_son_nom(
    base: Path, tmp_path: Path, deformer: Callable[[Rangs], Rangs], phrase: str
) -> None:
    """Vide, sans en-têtes, sans montant, d'un autre service : sortie 2, rien d'écrit."""
    rangs = deformer(rangees(extrait(base).lignes))
    fichier = en_xlsx(tmp_path / "c.xlsx", rangs, feuille=FEUILLE)
    fait = rapprocher(base, fichier, *CONFIRMER)
    assert (fait.code, phrase in fait.erreur, "Traceback" in fait.erreur) == (2, True, False)
    assert "rapprochement" not in lancer("journal", "--base", base).sortie


def test_le_referentiel_demande_laisse_les_autres_lignes(base: Path, tmp_path: Path) -> None:
    """Avec --referentiel, les lignes d'un autre référentiel sont comptées et laissées."""
    rangs = rangees(extrait(base).lignes)
    for rang in rangs[1:3]:
        rang[8] = "0999-99"
    fichier = en_xlsx(tmp_path / "c.xlsx", rangs, feuille=FEUILLE)
    fait = rapprocher(base, fichier, "--referentiel", "0112-01", "--format", "json")
    assert (fait.code, fait.json["lignes_hors_referentiel"]) == (1, 2)
    assert [v["verdict"] for v in fait.json["verdicts"]].count("livre_seul") == 1
    rien = rapprocher(base, fichier, "--referentiel", "inconnu")
    assert (rien.code, "12 d'un autre référentiel" in rien.erreur) == (2, True)


def test_chaque_valeur_illisible_est_refusee_par_son_nom(base: Path, tmp_path: Path) -> None:
    """Formule cachée, troisième décimale, exercice absurde, total sans DP : ligne et raison."""
    rangs = rangees(extrait(base).lignes)
    rangs[1][19] = "=10000*5"
    rangs[3][19] = 25000.001
    rangs[5][11] = 20
    rangs.append(["#"] * 19 + [300000.0])
    fichier = en_xlsx(tmp_path / "c.xlsx", rangs, feuille=FEUILLE)
    fait = rapprocher(base, fichier, "--format", "json")
    refus = {(r["ligne"], r["code"]) for r in fait.json["refusees"]}
    assert fait.code == 1
    assert {(4, "montant_decimales"), (6, "exercice_hors_bornes"), (14, "dp_absente")} <= refus
    assert any(ligne == 2 for ligne, _ in refus)
    incompletes = [v["dp"] for v in fait.json["verdicts"] if v["verdict"] == "dp_incomplete"]
    assert len(set(incompletes)) == 3


def test_un_fichier_dont_rien_ne_se_lit_n_est_pas_dit_d_un_autre_service(
    base: Path, tmp_path: Path
) -> None:
    """Une seule ligne, au bon EJ mais sans DP : la ligne refusée est montrée, sortie 1."""
    rangs = rangees(extrait(base).lignes[4:5])
    assert rangs[1][0] == "0021000002"
    rangs[1][12] = "#"
    fichier = en_xlsx(tmp_path / "c.xlsx", rangs, feuille=FEUILLE)
    fait = rapprocher(base, fichier)
    assert (fait.code, "autre service" in fait.erreur) == (1, False)
    assert "n'a pas de numéro de demande de paiement" in " ".join(fait.sortie.split())


def test_confirmer_demande_un_acteur_et_une_date(base: Path, tmp_path: Path) -> None:
    """Sans --acteur ou sans --le, --confirmer est un usage refusé, avant toute lecture."""
    fait = rapprocher(base, tmp_path / "absent.xlsx", "--confirmer")
    assert (fait.code, "--acteur" in fait.erreur) == (2, True)
    absent = rapprocher(base, tmp_path / "absent.xlsx")
    assert (absent.code, "n'existe pas" in absent.erreur) == (2, True)
    refuse = en_xlsx(tmp_path / "c.xlsx", rangees(extrait(base).lignes), feuille=FEUILLE)
    tot = rapprocher(base, refuse, "--confirmer", "--acteur", "m.dupont", "--le", "2020-01-01")
    assert (tot.code, "date_incoherente" in tot.erreur) == (3, True)
