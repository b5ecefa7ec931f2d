"""The words of negation in German."""

from __future__ import annotations

from splicedex.search.query.reading.negation.language import Language, listed, words

GERMAN = Language(
    name="German",
    nouns=listed("""
        ohne, kein, keine, keinen, keinem, keiner, keines, weder, noch, außer, ausser, ausgenommen,
        abgesehen von, statt, anstatt, anstelle, anstelle von, frei von, abzüglich, minus,
        bis auf
    """),
    verbs=listed("nicht, nie, niemals"),
    after=listed("fehlt, fehlen, nicht zu sehen, nirgends zu sehen, nicht vorhanden, nicht da"),
    light=words("""
        haben hat hatte habend zeigt zeigen zeigend enthält enthalten trägt tragen tragend hält
        halten haltend mit
    """),
    nobody={("niemand",): "menschen", ("niemanden",): "menschen", ("niemandem",): "menschen"},
    anybody=dict.fromkeys(("jemand", "jemanden"), "menschen"),
    leads=words("""
        aber und mit es gibt sind ist war waren die der das dem den wo jedoch doch auch hat haben
        bitte sondern ich will möchte dass
    """),
    subjects=words("es ich der die das er sie"),
    opens=words("nur bloß sondern"),
    determiners=words("""
        ein eine einen einem einer eines der die das dem den des irgendein irgendeine irgendwelche
        weitere weiteren andere anderen sichtbare sichtbaren einzige einzigen solche mehr von
    """),
    stops=words("""
        in im am an auf bei mit von vom zu zum zur und aber oder noch unter über hinter neben vor
        während der die das welche welcher ist sind war waren aus für ohne nach durch um zwischen
        als sondern gibt steht sitzt
    """),
    prepositions=words("in im am an auf bei mit von vom unter über hinter neben vor"),
    either=words("oder noch"),
    both=words("und"),
    tails=(
        r"im (?:hinter|vorder)grund",
        r"in sicht",
        r"im bild",
        r"auf dem (?:bild|foto)",
        r"zu sehen",
        r"weit und breit",
        r"darauf",
        r"darin",
        r"davor",
        r"dahinter",
        r"überhaupt",
    ),
    alike=(
        r"nicht (?:nur|weit|sehr|so|allzu|viele?|alle|ganz|immer|mehr|zuletzt|weniger|einmal)",
        r"nichts (?:als|außer|weiter)",
        r"kein wunder",
        r"keine ahnung",
        r"kein problem",
        r"ohne (?:zweifel|weiteres|frage|ende)",
        r"auf keinen fall",
        r"nach wie vor",
        r"noch "
        r"(?:ein|eine|einen|mehr|nicht|immer|einmal)",
        r"minus \d+",
        r"kein geringerer",
        r"nicht nur\b.*",
    ),
    copulas=words("ist sind war waren"),
    common=words("der die das ein eine und mit im am auf ohne kein keine ist sind es nicht aber"),
    free=r"(?P<what>(?!bargeld|barriere|kosten|gluten)\w{3,})-frei(?:e[nmrs]?)?",
)
