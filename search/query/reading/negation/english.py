"""The words of negation in English."""

from __future__ import annotations

from splicedex.search.query.reading.negation.language import Language, listed, words

_SIGNS = "signs?|zones?|areas?|symbols?|notices?|stickers?|logos?|lanes?|placards?|policy"
_ARTICLES = "a|an|the|this|that|one|two|three|some|several|many|red|old|large|big|small|yellow"

ENGLISH = Language(
    name="English",
    nouns=listed("""
        no, without, with out, w/o, lacking, lacks, lack of, missing, minus,
        sans, zero, except, except for, excepting, excluding, excludes, exclude, other than,
        apart from, aside from, besides, bar, instead of, rather than, in place of, as opposed to,
        free of, free from, devoid of, empty of, bare of, barren of, absent, bereft of, clear of,
        none of, neither, neither of, nor, in the absence of, the absence of, an absence of,
        absence of, a lack of, leave out, leaving out, omit,
        omitting, ignore, avoid, avoiding, not including, not counting, but not any
    """),
    verbs=listed("""
        not, never, isn't, aren't, wasn't, weren't, ain't, doesn't, don't, didn't, hasn't, haven't,
        hadn't, won't, wouldn't, can't, cannot, couldn't, shouldn't, mustn't, isnt, arent, doesnt,
        dont, hasnt, havent
    """),
    after=listed("""
        absent, missing, nowhere in sight, nowhere to be seen, nowhere to be found, not visible,
        not present, not there, not in sight, not in view, not in the picture, not in the photo,
        not in the image, not shown, not included, excluded, left out, out of sight, out of the
        picture
    """),
    light=words("""
        have has had having got get be been being show shows showing shown contain contains
        containing include includes including feature features featuring depict depicts depicting
        wear wears wearing hold holds holding carry carries carrying want see seeing need use using
        with like held worn shown seen wore
    """),
    nobody={
        ("nobody",): "people",
        ("no", "one"): "people",
        ("no-one",): "people",
        ("noone",): "people",
    },
    anybody=dict.fromkeys(("anybody", "anyone", "somebody", "someone"), "people"),
    leads=words("""
        but and with that which who is are was were there there's it its has have had having does
        do did where in yet though although while i we you please only will would can could just
        being whose they he she also still even
    """)
    - {"in"},
    subjects=words("it i we you they he she who"),
    partitives=words("""
        sign signs trace traces kind kinds sort sorts type types bit hint evidence one ones lack
        shred speck presence form photo picture image photograph
    """),
    opens=words("just only but simply"),
    determiners=words("""
        any a an the other others another some visible single more further of its his her their
        my your our this that these those such
        actual additional apparent obvious noticeable whatsoever many much least slightest either
    """),
    stops=words("""
        in on at near by with of and but to from under over behind around beside besides next while
        who that which whose is are was were be or nor into onto inside outside between among
        across along against above below beneath through during as than where when because so for
        if standing sitting has have had does do did can could will would without no not except
        anywhere whatsoever either there it just only instead rather before after until within
        toward towards off up down out about apart allowed wherever visible present else
        appear appears exist exists
    """),
    prepositions=words("on in at with near by under behind inside beside over from next to of"),
    either=words("or nor"),
    both=words("and &"),
    tails=(
        r"in (?:the )?(?:back|fore)ground",
        r"in sight",
        r"in view",
        r"in frame",
        r"in shot",
        r"in (?:the |this |that |my |your )?(?:photo|picture|image|scene|frame|shot|view|pic)",
        r"(?:in|on|under|around|near|by|behind|inside|beside|next to|in front of|on top of|above)"
        r" (?:it|them|him|her)",
        r"at all",
        r"anywhere(?: in sight| around| near| nearby)?",
        r"whatsoever",
        r"around",
        r"nearby",
        r"to be seen",
        r"visible",
        r"present",
        r"in the distance",
        r"there",
        r"either",
        r"of any kind",
        r"in the way",
        r"please",
        r"on board",
        r"else",
        r"left",
        r"inside",
        r"outside",
        r"(?:on|in)(?=\s*(?:[^\w\s]|$))",
    ),
    alike=(
        rf"(?:{_ARTICLES}) no(?: [\w'-]+){{1,3}}? (?:{_SIGNS})",
        rf"no (?:\w+ing|entry|exit|access|admittance|u-turn|u turn|left turn|right turn)"
        rf"(?: or \w+ing)? (?:{_SIGNS})",
        r"(?:no|not) (?:[\w'-]+ ){1,3}(?:allowed|permitted|beyond this point)",
        r"(?:says?|said|saying|reads?|reading|written|labell?ed|titled|called|named|marked)"
        r" (?:no|not|do not|don't|never|without)\b[^,.;]*",
        r"no man's",
        r"no\s*\. ?\d+",
        r"no \d+",
        r"no doubt",
        r"no matter",
        r"no wonder",
        r"no longer",
        r"no problem",
        r"no idea",
        r"no way",
        r"no big deal",
        r"no time",
        r"no stranger",
        r"no use",
        r"no such luck",
        r"no-\w+",
        r"(?:like )?no other(?= than|\s*[^\w\s]|\s*$)",
        r"no (?:less|more|fewer|\w+er|later|sooner)(?: \w+)? than",
        r"no (?:less|more|better)",
        r"not (?:only|just|merely|simply|necessarily|quite|very|so|too|that|as|all|every\w*|many|"
        r"much|always|often|far|yet|sure|certain|least|long|unlike|to mention|to be|even|enough|"
        r"at all|really|exactly|entirely|completely|fully|particularly|especially|likely|"
        r"un\w+|one but|until|unless|because|if|bad|only|half|once|surprisingly)",
        r"(?:whether|believe it|as likely as|why|if|or) (?:or )?not",
        r"more often than not",
        r"(?:do not|don't) (?:disturb|enter|cross|touch|walk|miss|worry|forget|look down|feed)",
        r"(?:can't|cannot|can not|couldn't) (?:stop|help|wait|believe|resist|get enough)",
        r"without (?:a )?(?:doubt|question|fail|end|exception|delay|effort|regard|hesitation|"
        r"precedent|warning|further ado|saying)",
        r"nothing (?:but|in particular|special|much|else|except)",
        r"none other than",
        r"(?:everything|anything|all|none|nothing|everyone) but",
        r"minus (?:signs?|symbols?|keys?|buttons?|\d+)",
        r"plus or minus",
        r"sans serif",
        r"(?:a|the|my|his|her|their|one) missing",
        r"never (?:ending|seen before|before|mind)",
        r"(?:absent|excluded) (?:minded|mindedly)",
        r"bar (?:stool|counter|of|with|in|at|sign)s?",
        r"(?:a|the|at the|wine|snack|coffee|sushi|tapas|iron|gold|chocolate|handle|pull-up) bar",
        r"besides (?:that|this|it|them|each)",
        r"zero (?:gravity|waste|degrees|emission)",
        r"clear of (?:the|their|its)",
        r"(?:number|ground|sub|below|above) zero",
        r"absent from",
    ),
    common=words("the a an of and with in on is are no not without there but photo this that"),
    copulas=words("is are was were be been being can may seems seem appears appear"),
    pronouns=words("them whom which these those it us you"),
    singular=words("a an single"),
    free=r"(?P<what>(?!gluten|duty|hands?|sugar|fat|dairy|care|rent|tax|toll|drug|cruelty|trouble|"
    r"stress|risk|wrinkle|lactose|lead|carbon|bpa|scot|worry|pain|alcohol|caffeine|oil|meat|nut|"
    r"grain|royalty|interest|accident|error|frost|free)\w+)-free",
    participle=r"(?!(?:build|ceil|w|r|k|str|spr|th|sw|cloth|paint|bedd|rail|even|morn|light|flow|"
    r"wed|wedd|p|evening|s)ing$|(?:lightn|furnish|herr|dumpl|earr|stock)ings?$)\w+ing",
)
