"""La preuve d'une ligne : écrite, relue, tenue, altérée, hostile."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.erreurs import ReleveUnreadableError
from ledger.preuve.merkle import Arbre
from ledger.preuve.preuve_ligne import HACHAGES_MAX, PreuveLigne, lire_preuve
from ledger.preuve.releve import ClePublique, Releve, Signature
from tests.properties.arbre_naif import feuille

ORIGINE = "fabriques-ledger/fabriques/0001020304050607"
LIGNES = [b'{"journal":"fabriques","pos":%d}' % position for position in range(1, 12)]
ARBRE = Arbre()
ARBRE.ajouter(feuille(ligne) for ligne in LIGNES)
PRIVEE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CLE = ClePublique(ORIGINE, PRIVEE.public_key().public_bytes_raw())


def releve(taille: int, *, signe: bool = True) -> Releve:
    nu = Releve(ORIGINE, taille, ARBRE.racine(taille))
    signature = Signature(CLE.nom, CLE.identifiant, PRIVEE.sign(nu.corps))
    return Releve(nu.origine, taille, nu.racine, (signature,) if signe else ())


def preuve(position: int, taille: int = 11, *, signe: bool = True) -> PreuveLigne:
    return PreuveLigne(position, ARBRE.inclusion(position, taille), releve(taille, signe=signe))


def accepte(octets: bytes, ligne: bytes) -> bool:
    """Whether a controller who holds the key is convinced."""
    try:
        lue = lire_preuve(octets)
    except ReleveUnreadableError:
        return False
    return lue.tient(ligne) and lue.releve.verdict(CLE) == "verifiee"


SEPT = preuve(7)
TEXTE = SEPT.texte()
H = [b64encode(hachage).decode() for hachage in SEPT.hachages]


def test_la_preuve_s_ecrit_comme_le_format_le_veut() -> None:
    """En-tête, index compté de zéro, un hachage par ligne, une ligne vide, puis le relevé."""
    tete = "c2sp.org/tlog-proof@v1\nindex 6\n" + "".join(f"{h}\n" for h in H)
    assert tete.encode() + b"\n" + releve(11).note() == TEXTE
    assert preuve(1, 1).texte() == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + releve(1).note()
    avec = PreuveLigne(7, SEPT.hachages, SEPT.releve, b"\x00\xff").texte()
    assert avec == TEXTE.replace(b"\nindex", b"\nextra AP8=\nindex")


@pytest.mark.parametrize("taille", range(1, 12))
def test_la_preuve_de_chaque_ligne_se_relit_et_ne_tient_que_pour_elle(taille: int) -> None:
    """À toute taille, la preuve d'une ligne se relit la même et ne tient que pour cette ligne."""
    for position in range(1, taille + 1):
        for signe in (True, False):
            ecrite = preuve(position, taille, signe=signe)
            lue = lire_preuve(ecrite.texte())
            assert (lue, lue.texte()) == (ecrite, ecrite.texte())
            assert [lue.tient(ligne) for ligne in LIGNES] == [
                rang == position for rang in range(1, 12)
            ]
            assert lue.releve.verdict(CLE) == ("verifiee" if signe else "absente")


def test_le_supplement_se_relit_et_ne_prouve_rien() -> None:
    """Le supplément d'une preuve venue d'ailleurs se relit, sans rien changer à ce qui tient."""
    avec = PreuveLigne(7, SEPT.hachages, SEPT.releve, b"\x00" * 4096)
    assert lire_preuve(avec.texte()) == avec
    assert lire_preuve(avec.texte()).tient(LIGNES[6])
    with pytest.raises(ReleveUnreadableError):
        lire_preuve(PreuveLigne(7, SEPT.hachages, SEPT.releve, b"\x00" * 4097).texte())


def test_aucun_octet_change_ne_convainc_encore() -> None:
    """Un bit basculé, un octet ôté ou doublé, n'importe où dans le fichier : il est refusé."""
    ligne = LIGNES[6]
    assert accepte(TEXTE, ligne)
    for rang in range(len(TEXTE)):
        for bit in range(8):
            change = bytes([TEXTE[rang] ^ 1 << bit])
            assert not accepte(TEXTE[:rang] + change + TEXTE[rang + 1 :], ligne)
        assert not accepte(TEXTE[:rang] + TEXTE[rang + 1 :], ligne)
        assert not accepte(TEXTE[:rang] + TEXTE[rang : rang + 1] + TEXTE[rang:], ligne)
        assert not accepte(TEXTE[:rang], ligne)
    for rang in range(len(ligne)):
        for bit in range(8):
            change = bytes([ligne[rang] ^ 1 << bit])
            assert not accepte(TEXTE, ligne[:rang] + change + ligne[rang + 1 :])
    assert not accepte(TEXTE, ligne + b"\n")


@given(rang=st.integers(0, len(TEXTE) - 1), octet=st.integers(0, 255), ote=st.integers(0, 3))
def test_un_octet_quelconque_mis_a_la_place_d_autres_ne_convainc_pas(
    rang: int, octet: int, ote: int
) -> None:
    """Quelques octets remplacés par un autre : le fichier est refusé, ou le même."""
    change = TEXTE[:rang] + bytes([octet]) + TEXTE[rang + ote :]
    assert accepte(change, LIGNES[6]) == (change == TEXTE)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(TEXTE.__add__))
def test_des_octets_quelconques_sont_une_preuve_ou_illisibles(octets: bytes) -> None:
    """Des octets quelconques se relisent et se réécrivent les mêmes, ou sont illisibles."""
    try:
        lue = lire_preuve(octets)
    except ReleveUnreadableError:
        return
    assert lue.texte() == octets


NOTE = releve(11).note()
TETE = TEXTE[: -len(NOTE)]
INCONNU = PreuveLigne(7, (bytes(32),) * (HACHAGES_MAX + 1), SEPT.releve).texte()
HOSTILES = {
    "vide": b"",
    "enorme": TEXTE + b"a" * 100_000,
    "tete enorme": TETE[:-1] + f"{H[0]}\n".encode() * 1_000 + b"\n" + NOTE,
    "un hachage de plus que l'arbre le plus haut": INCONNU,
    "autre version": TEXTE.replace(b"@v1", b"@v2"),
    "sans en-tete": TEXTE.split(b"\n", 1)[1],
    "en-tete seul": b"c2sp.org/tlog-proof@v1\n\n" + NOTE,
    "sans index": TEXTE.replace(b"index 6\n", b""),
    "index sans mot": TEXTE.replace(b"index 6", b"6"),
    "index negatif": TEXTE.replace(b"index 6", b"index -1"),
    "index avec un zero devant": TEXTE.replace(b"index 6", b"index 06"),
    "index a deux espaces": TEXTE.replace(b"index 6", b"index  6"),
    "index 2**53": TEXTE.replace(b"index 6", b"index 9007199254740992"),
    "index 2**64": TEXTE.replace(b"index 6", b"index 18446744073709551616"),
    "deux index": TEXTE.replace(b"index 6", b"index 6\nindex 6"),
    "extra vide": TEXTE.replace(b"index 6", b"extra \nindex 6"),
    "extra non canonique": TEXTE.replace(b"index 6", b"extra AP9=\nindex 6"),
    "extra apres index": TEXTE.replace(b"index 6", b"index 6\nextra AP8="),
    "deux extra": TEXTE.replace(b"index 6", b"extra AP8=\nextra AP8=\nindex 6"),
    "hachage de 31 octets": TEXTE.replace(H[0].encode(), b64encode(bytes(31))),
    "hachage sans bourrage": TEXTE.replace(H[0].encode(), H[0][:-1].encode()),
    "hachage avec une espace": TEXTE.replace(H[0].encode(), H[0].encode() + b" "),
    "hachage non ASCII": TEXTE.replace(H[0].encode(), "é".encode() * 22),
    "retours chariot": TEXTE.replace(b"\n", b"\r\n"),
    "sans ligne vide": TETE[:-1] + NOTE,
    "deux lignes vides": TETE + b"\n" + NOTE,
    "sans releve": TETE,
    "releve sans derniere fin de ligne": TEXTE[:-1],
    "releve illisible": TEXTE.replace(b"\n11\n", b"\n011\n"),
    "NUL": TEXTE.replace(b"index 6", b"index 6\x00"),
    "octet FF": b"\xff" + TEXTE,
}


@pytest.mark.parametrize("nom", HOSTILES)
def test_une_preuve_mal_formee_est_illisible(nom: str) -> None:
    """Chaque défaut de forme rend la preuve illisible, avec une phrase."""
    assert HOSTILES[nom] != TEXTE
    with pytest.raises(ReleveUnreadableError, match=r"^(Preuve|Relevé) illisible : "):
        lire_preuve(HOSTILES[nom])


def test_une_position_hors_du_releve_ne_tient_pas() -> None:
    """Une preuve dont l'index dépasse la taille du relevé se lit, et ne tient pas."""
    for index in (b"11", b"9007199254740991"):
        lue = lire_preuve(TEXTE.replace(b"index 6", b"index " + index))
        assert not any(lue.tient(ligne) for ligne in LIGNES)


def test_la_plus_haute_preuve_se_lit() -> None:
    """Cinquante-trois hachages, la hauteur du plus grand arbre, se lisent."""
    haute = PreuveLigne(7, (bytes(32),) * HACHAGES_MAX, SEPT.releve)
    assert (HACHAGES_MAX, lire_preuve(haute.texte())) == (53, haute)


TETE = b"c2sp.org/tlog-proof@v1\nindex 6\n"
VIDE = "il lui manque la ligne vide avant le relevé"
EXTRA = "la ligne extra est mal formée"


def extra(octets: bytes) -> bytes:
    """The proof with that extra line."""
    return TEXTE.replace(b"\nindex", b"\nextra " + b64encode(octets) + b"\nindex")


@pytest.mark.parametrize(
    ("octets", "raison"),
    [
        (b"x" * (16_384 + 65_536 + 1), "le fichier est trop gros"),
        (b"x" * (16_384 + 65_536), VIDE),
        (TETE, VIDE),
        (b"x" * 16_385 + b"\n\n" + releve(11).note(), VIDE),
        (b"x" * 16_384 + b"\n\n" + releve(11).note(), "la première ligne n'est pas c2sp.org"),
        ("é".encode() + TEXTE, VIDE),
        (b"x" + TEXTE, "la première ligne n'est pas c2sp.org/tlog-proof@v1"),
        (extra(b""), EXTRA),
        (TEXTE.replace(b"\nindex", b"\nextra AP8\nindex"), EXTRA),
        (extra(bytes(4_097)), EXTRA),
        (TEXTE.replace(b"\nindex 6", b"\nindex 06"), "la ligne index est absente ou mal formée"),
        (TETE.rstrip() + b"\nAAAA\n\n" + releve(11).note(), "une ligne n'est pas 32 octets"),
        (
            TETE + f"{H[0]}\n".encode() * (HACHAGES_MAX + 1) + b"\n" + releve(11).note(),
            "une ligne n'est pas 32 octets en base64, ou il y en a trop",
        ),
    ],
    ids=range(13),
)
def test_une_preuve_illisible_dit_son_premier_defaut(octets: bytes, raison: str) -> None:
    """Une preuve illisible dit son premier défaut."""
    with pytest.raises(ReleveUnreadableError) as levee:
        lire_preuve(octets)
    assert str(levee.value).startswith(f"Preuve illisible : {raison}")


@pytest.mark.parametrize("taille", [1, 4_096])
def test_un_supplement_va_d_un_octet_a_quatre_mille_quatre_vingt_seize(taille: int) -> None:
    """Un supplément d'un octet, ou de 4 096, se relit."""
    assert lire_preuve(extra(bytes(taille))).supplement == bytes(taille)
