"""The words of negation in French."""

from __future__ import annotations

from splicedex.search.query.reading.negation.language import Language, listed, words

FRENCH = Language(
    name="French",
    nouns=listed("""
        sans, pas de, pas d', pas un, pas une, aucun, aucune, ni, sauf, excepté, hormis, à part,
        au lieu de, au lieu du, au lieu d'un, au lieu d'une, plutôt que, plutôt qu'un,
        plutôt qu'une, à la place de, à la place d'un, à la place d'une, dépourvu de, dépourvue de,
        libre de, vide de, à l'exception de, à l'exception du, moins
    """),
    verbs=listed("pas, jamais"),
    after=listed("absent, absente, absents, absentes, manque, manquent"),
    light=words("""
        avoir a ont porter porte portant montrer montre montrant contenir contient tenir tient
        tenant avec voir
    """),
    nobody={("personne",): "personnes"},
    anybody={"quiconque": "personnes"},
    leads=words("""
        mais et avec il n'y n' y a ne n'a n'ont où qui que est sont n'est ce c'est cela elle ils
        elles je veux voudrais s'il vous plaît
    """),
    subjects=words("il elle ils elles je ce cela"),
    opens=words("juste seulement mais"),
    determiners=words("""
        de d' du des le la les un une d'un d'une l' aucun aucune autre autres seul seule visible
        visibles en
    """),
    stops=words("""
        dans sur à au aux en avec par pour et mais ou ni sous derrière devant près entre vers chez
        qui que dont où est sont était étaient sans contre pendant
    """),
    prepositions=words("dans sur à au aux avec près sous derrière devant en"),
    either=words("ou ni"),
    both=words("et"),
    tails=(
        r"à l'arrière-plan",
        r"au premier plan",
        r"en vue",
        r"du tout",
        r"sur (?:la photo|l'image)",
        r"à l'horizon",
        r"autour",
        r"dessus",
        r"dedans",
        r"visibles?",
    ),
    alike=(
        r"pas (?:loin|très|si|trop|seulement|beaucoup|tous|toutes|toujours|encore|moins|plus|mal)",
        r"non seulement\b.*",
        r"pas seulement\b.*",
        r"sans (?:doute|fin|cesse|arrêt|pareil)",
        r"rien (?:que|d'autre)",
        r"(?:au|du) moins",
        r"plus ou moins",
        r"moins (?:de|que|\d+)",
        r"(?:une|la|cette|chaque|seule|jeune|vieille|première|deux|trois) personne",
        r"à moins que",
        r"sans-\w+",
        r"pas à pas",
        r"libre de droits",
    ),
    copulas=words("est sont était étaient"),
    common=words("le la les un une des de du et avec sur dans est sont sans pas il qui mais au"),
)
