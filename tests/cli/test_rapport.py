"""Les verbes rapport et reproduire : un fichier qui se refait, et ce qui se dit s'il diffère."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections.rapport import MISE_EN_PAGE, MOTEUR, lire_entete
from tests.cli.outils import PROGRAMME, depot, en_lignes, lancer, lancer_a_part, ouverture

ENVIRONNEMENTS = (
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Pacific/Auckland"},
    {"PYTHONHASHSEED": "2", "LC_ALL": "fr_FR.UTF-8", "TZ": "UTC", "PYTHONOPTIMIZE": "1"},
)


@pytest.fixture(scope="module")
def page(base_golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The HTML report of the demonstration at the end of 2021."""
    fichier = tmp_path_factory.mktemp("rapport") / "rapport.html"
    fait = lancer("rapport", "--base", base_golden, "--au", "2021-12-31", "-o", fichier)
    assert (fait.code, fait.octets, fait.erreur) == (0, b"", "")
    return fichier


def test_le_suffixe_ou_format_choisit_json_ou_html(base_golden: Path, page: Path) -> None:
    """Le rapport est en JSON quand --format le dit, en page quand le fichier finit par .html."""
    json = lancer("rapport", "--base", base_golden, "--au", "31/12/2021", "--format", "json")
    html = lancer("rapport", "--base", base_golden, "--au", "2021-12-31", "--format", "html")
    assert (json.code, json.erreur) == (0, "")
    assert html.octets == page.read_bytes()
    assert lire_entete(json.octets) == lire_entete(html.octets) == json.json["entete"]


def test_la_page_de_la_demonstration_est_legere_et_dit_l_essentiel(page: Path) -> None:
    """La page de la démonstration fait moins de 300 ko et montre dates, position et montants."""
    octets = page.read_bytes()
    texte = octets.decode()
    assert len(octets) < 300_000
    for attendu in (
        "<h1><bdi>Nouveaux lieux, nouveaux liens - Fabriques de territoire</bdi></h1>",
        "Situation au 31/12/2021, telle que connue à la position 464 du journal",
        f"<dd><code>{lire_entete(octets)['racine']}</code></dd>",
        '<tr class="cle"><th scope="row">Disponible</th>'
        '<td class="n">29\u202f800\u202f000,00\u00a0€</td></tr>',
        "Aucun crédit ouvert n'est enregistré",
        "<caption>Registre des structures (80)</caption>",
        f"fabriques reproduire FICHIER --base BASE --programme {PROGRAMME}",
    ):
        assert attendu in texte


def test_reproduire_repond_identique(base_golden: Path, page: Path, tmp_path: Path) -> None:
    """Un rapport intact est dit identique, code 0, et -o en redonne les octets."""
    refait = tmp_path / "refait.html"
    fait = lancer("reproduire", page, "--base", base_golden, "--format", "json", "-o", refait)
    racine = lire_entete(page.read_bytes())["racine"]
    assert (fait.code, fait.erreur) == (0, "")
    assert fait.json == {
        "statut": "identique",
        "format": "html",
        "moteur_du_rapport": MOTEUR,
        "moteur": MOTEUR,
        "mise_en_page_du_rapport": MISE_EN_PAGE,
        "mise_en_page": MISE_EN_PAGE,
        "programme": PROGRAMME,
        "position": 464,
        "racine": racine,
        "ecarts": 0,
        "constats": [],
    }
    assert refait.read_bytes() == page.read_bytes()
    assert lancer("reproduire", page, "--base", base_golden).sortie == (
        f"Rapport html de {PROGRAMME}, position 464, au 31/12/2021\n"
        f"Racine du rapport : {racine}\n"
        "IDENTIQUE : le rapport refait a les mêmes octets.\n"
    )


def test_reproduire_nomme_le_chiffre_altere(base_golden: Path, page: Path) -> None:
    """Un chiffre altéré est nommé, avec ses deux valeurs, et le code est 1."""
    vrai = b'"disponible_centimes":2980000000'
    altere = page.read_bytes().replace(vrai, vrai[:-1] + b"1")
    fait = lancer("reproduire", "-", "--base", base_golden, entree=altere)
    assert fait.code == 1
    assert fait.sortie.splitlines()[2:] == [
        "DIVERGENT : 1 écart.",
        "chiffre_divergent · figures.enveloppe.disponible_centimes",
        "  Le chiffre n'est pas celui que le journal donne.",
        "  rapport : 2980000001",
        "  journal : 2980000000",
    ]


def test_reproduire_dit_quand_un_autre_moteur_a_ecrit(base_golden: Path, page: Path) -> None:
    """Écrit par un autre moteur : mêmes chiffres, code 0, et les deux versions sont dites."""
    ancien = page.read_bytes().replace(MOTEUR.encode(), b"fabriques-ledger 0.0.9")
    fait = lancer("reproduire", "-", "--base", base_golden, entree=ancien)
    assert fait.code == 0
    texte = " ".join(fait.sortie.split())
    assert "CHIFFRES IDENTIQUES" in texte
    assert (
        f"écrit par fabriques-ledger 0.0.9, mise en page {MISE_EN_PAGE} ; ce moteur est {MOTEUR}"
        in texte
    )
    autre = page.read_bytes().replace(b'"mise_en_page":%d' % MISE_EN_PAGE, b'"mise_en_page":9')
    fait = lancer("reproduire", "-", "--base", base_golden, entree=autre)
    assert (fait.code, "entete.mise_en_page" in fait.sortie) == (1, True)


def test_reproduire_d_une_autre_base_ne_refait_rien(
    base_neuve: Path, page: Path, tmp_path: Path
) -> None:
    """Le rapport d'une autre base est un constat, code 1, et -o n'écrit rien."""
    refait = tmp_path / "refait.html"
    fait = lancer("reproduire", page, "--base", base_neuve, "--format", "json", "-o", refait)
    assert (fait.code, fait.erreur) == (1, "Le rapport n'a pas été refait : rien n'est écrit.\n")
    assert [c["code"] for c in fait.json["constats"]] == ["rapport_autre_journal"]
    assert not refait.exists()


def test_le_rapport_d_hier_se_refait_quand_le_journal_grandit(base: Path, tmp_path: Path) -> None:
    """Un rapport se refait après de nouveaux faits ; il dit lui-même son programme."""
    fichier = tmp_path / "rapport.json"
    assert lancer("rapport", "--base", base, "-o", fichier).code == 0
    suite = [depot("nouvelle"), ouverture("autre-programme", id_commande="autre")]
    fait = lancer("executer", "-", "--base", base, entree=en_lignes(suite))
    assert fait.code == 0, fait.sortie
    refait = lancer("reproduire", fichier, "--base", base, "--format", "json")
    assert (refait.code, refait.json["statut"]) == (0, "identique")


def test_ce_qui_n_est_pas_un_rapport_est_un_usage(base_golden: Path, tmp_path: Path) -> None:
    """Un fichier absent, illisible ou étranger est une erreur d'usage, d'une phrase."""
    etranger = tmp_path / "notes.txt"
    etranger.write_text("bonjour", "utf-8")
    fait = lancer("reproduire", etranger, "--base", base_golden)
    assert (fait.code, fait.octets) == (2, b"")
    assert fait.erreur.startswith("Erreur (rapport_illisible) : Ce fichier n'est pas un rapport")
    fait = lancer("reproduire", tmp_path / "absent.html", "--base", base_golden)
    assert (fait.code, "ne se lit pas" in fait.erreur) == (2, True)


def test_le_rapport_controle_n_est_jamais_ecrase(base_golden: Path, page: Path) -> None:
    """-o ne remplace ni le rapport contrôlé, ni la base, et laisse la sortie au verdict."""
    for cible in (page, base_golden, "-"):
        fait = lancer("reproduire", page, "--base", base_golden, "-o", cible)
        assert (fait.code, fait.octets) == (2, b"")
    assert lancer("reproduire", page, "--base", base_golden).code == 0


@pytest.mark.parametrize("env", ENVIRONNEMENTS)
def test_le_rapport_ne_depend_pas_de_la_machine(
    base_golden: Path, page: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    """Graine de hachage, langue, fuseau ou python -O : le rapport a les mêmes octets."""
    arguments = ("rapport", "--base", base_golden, "--au", "2021-12-31", "--format", "html")
    fait = lancer_a_part(*arguments, dossier=tmp_path, env=env)
    assert (fait.code, fait.erreur) == (0, "")
    assert fait.octets == page.read_bytes()


def test_a_l_ecran_le_rapport_est_un_tableau(base_golden: Path, tmp_path: Path) -> None:
    """Sans --format, le rapport est un tableau ; avec -o, le suffixe du fichier décide."""
    demande = ("rapport", "--base", base_golden, "--au", "2021-12-31")
    nu, dit = lancer(*demande), lancer(*demande, "--format", "table")
    assert (nu.code, nu.octets) == (0, dit.octets)
    assert nu.octets.startswith(b"Nouveaux lieux")
    fichier = tmp_path / "r.json"
    assert lancer(*demande, "-o", fichier).code == 0
    assert lire_entete(fichier.read_bytes())["position"] == 464
