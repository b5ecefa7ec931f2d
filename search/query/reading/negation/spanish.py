"""The words of negation in Spanish."""

from __future__ import annotations

from splicedex.search.query.reading.negation.language import Language, listed, words

SPANISH = Language(
    name="Spanish",
    nouns=listed("""
        sin, no hay, no había, no tiene, no tienen, no muestra, no muestran, no contiene, no lleva,
        no llevan, no se ve, no se ven, ningún, ninguno, ninguna, ni, excepto, salvo, menos, aparte
        de, en lugar de, en lugar del, en vez de, en vez del, libre de, libres de, carente de,
        a excepción de, a excepción del, no un, no una
    """),
    verbs=listed("no, nunca, jamás"),
    after=listed("ausente, ausentes, falta, faltan, no están, no está"),
    light=words("""
        tener tiene tienen teniendo muestra mostrar mostrando contiene contener lleva llevar
        llevando sostiene sosteniendo con hay
    """),
    nobody={("nadie",): "personas"},
    anybody={"alguien": "personas"},
    leads=words("""
        pero y con donde que es son está están hay ella él ellos en el cual también se quiero por
        favor
    """)
    - {"en", "el"},
    subjects=words("ella él ellos quiero"),
    opens=words("solo sólo solamente sino"),
    determiners=words("""
        el la los las un una unos unas ningún ninguna ninguno otro otra otros otras visible visibles
        solo sola único única de del más
    """),
    stops=words("""
        en sobre a al con por para y e pero o u ni bajo detrás delante cerca entre hacia que donde
        cuando es son era eran está están sin contra durante desde de del
    """),
    prepositions=words("en sobre con bajo cerca a al"),
    either=words("o u ni"),
    both=words("y e"),
    tails=(
        r"al fondo",
        r"en primer plano",
        r"a la vista",
        r"en la (?:foto|imagen|escena)",
        r"en absoluto",
        r"alrededor",
        r"encima",
        r"dentro",
        r"visibles?",
    ),
    alike=(
        r"no (?:muy|lejos|solo|sólo|solamente|tan|todos|todas|siempre|muchos|muchas|mucho|más|menos"
        r"|obstante)",
        r"no (?:solo|sólo|solamente)\b.*",
        r"sin (?:duda|fin|embargo|cesar|parar)",
        r"nada (?:más|menos)",
        r"(?:al|por lo|más o|ni más ni) menos",
        r"menos (?:de|que|\d+)",
        r"a menos que",
        r"hace falta",
        r"libres? de impuestos",
    ),
    copulas=words("es son está están"),
    common=words("el la los las un una de y con en es son sin hay que pero del al no por"),
)
