"""surveys.questionnaires: files become questionnaires, or refusals that say what to mend."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from surveys.errors import BadQuestionnaire
from surveys.questionnaires import Questionnaire, bundled, load, read_toml
from surveys.questions import Comment, Recommendation, Scale, YesNo

PROTECTED = Path(__file__).parent / "reference" / "protected_wording.txt"

SMALL = """
key = "small"
title = "Small"
language = "en"
audience = "employees"
source = "Here"
licence = "Apache-2.0"

[scales.agreement]
low_label = "Disagree"
high_label = "Agree"

[[items]]
key = "tools"
scale = "agreement"
text = "Tools work."

[[items]]
key = "workload"
scale = "agreement"
reverse = true
text = "Too much work."

[[items]]
key = "place"
type = "single_choice"
text = "Where?"
options = [{key = "here", text = "Here"}, {key = "there", text = "There"}]

[[constructs]]
key = "work"
title = "Work"
items = ["tools", "workload"]
"""


@pytest.mark.parametrize("key", bundled())
def test_every_bundled_questionnaire_says_where_it_comes_from(key):
    """A bundled questionnaire loads and names its source and its licence."""
    questionnaire = load(key)

    assert questionnaire.key == key
    assert questionnaire.source
    assert questionnaire.licence == "Apache-2.0"
    assert questionnaire.language == "en"


@pytest.mark.parametrize("key", bundled())
def test_bundled_wording_is_our_own(key):
    """No five words in a row come from a protected instrument."""
    digests = set(PROTECTED.read_text().split())
    questionnaire = load(key)
    texts = [questionnaire.intro, questionnaire.title]
    for question in questionnaire.questions:
        texts += [question.text, question.help]

    found = [words for text in texts for words in five_words(text) if digest(words) in digests]

    assert found == []


def test_the_watch_for_protected_wording_can_see():
    """Digests are made as the reference file says, so that the watch is not blind."""
    digests = PROTECTED.read_text().split()

    assert five_words("We are, I’d say, fine!") == ["we are i'd say fine"]
    assert len([d for d in digests if re.fullmatch(r"[0-9a-f]{10}", d)]) > 150
    assert digest("to a friend or colleague") in digests


def test_the_pulse_asks_what_the_chain_needs():
    """The pulse covers the employee side of the chain, two items for engagement."""
    pulse = load("monthly_pulse")

    assert pulse.audience == "employees"
    assert {c.key: c.items for c in pulse.constructs} == {
        "internal_service_quality": ("tools", "support"),
        "discretion": ("discretion",),
        "recognition": ("recognition",),
        "manager": ("manager",),
        "workload": ("workload",),
        "engagement": ("energy", "belonging"),
        "change_follows": ("change_follows",),
    }
    assert [q.key for q in pulse.asked if not isinstance(q, Scale)] == [
        "recommend_workplace",
        "comment",
    ]
    assert isinstance(pulse.question("recommend_workplace"), Recommendation)
    assert isinstance(pulse.question("comment"), Comment)
    assert [q.key for q in pulse.asked if isinstance(q, Scale) and q.reverse] == ["workload"]


def test_the_customer_questions_are_on_their_promised_scales():
    """Recommendation 0-10, satisfaction 1-5, effort 1-7 reversed, repeated where no is good."""
    survey = load("customer_experience")

    assert survey.audience == "customers"
    assert [(q.key, type(q)) for q in survey.asked] == [
        ("recommend", Recommendation),
        ("satisfaction", Scale),
        ("effort", Scale),
        ("repeated", YesNo),
        ("comment", Comment),
    ]
    assert survey.question("satisfaction").points == range(1, 6)
    assert survey.question("effort").points == range(1, 8)
    assert survey.question("effort").reverse
    assert survey.question("repeated").favourable == "no"


@pytest.mark.parametrize("key", bundled())
def test_a_document_and_back(key):
    """A questionnaire survives the way through its document, digest included."""
    questionnaire = load(key)

    copy = Questionnaire.from_dict(questionnaire.to_dict())

    assert copy == questionnaire
    assert copy.sha256 == questionnaire.sha256


def test_a_document_keeps_options_and_retired_items():
    """Options and the mark of a retired item travel with the document."""
    text = SMALL.replace('key = "place"', 'key = "place"\nretired = true')

    copy = Questionnaire.from_dict(read_toml(text).to_dict())

    assert [option.key for option in copy.question("place").options] == ["here", "there"]
    assert copy.question("place").retired
    assert [question.key for question in copy.asked] == ["tools", "workload"]


def test_one_changed_word_changes_the_digest():
    """The digest speaks for every word."""
    changed = read_toml(SMALL.replace("Tools work.", "Tools worked."))

    assert changed.sha256 != read_toml(SMALL).sha256


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('key = "small"', 'key = "small', "not a TOML file"),
        ('source = "Here"', 'source = ""', "'source' has no text"),
        ('licence = "Apache-2.0"', "", "lacks the field 'licence'"),
        ('audience = "employees"', 'audience = "all"', "audience is"),
        ('title = "Small"', "title = 3", "must be a text"),
        ('title = "Small"', 'titel = "Small"', "'titel' that means nothing"),
        ('scale = "agreement"', 'scale = "agree"', "no scale 'agree'"),
        ("reverse = true", 'reverse = "yes"', "must be true or false"),
        ("reverse = true", "high = true", "must be a whole number"),
        ('type = "single_choice"', 'type = "slider"', "type is one of scale,"),
        ('key = "workload"', 'key = "tools"', "'tools' appears twice"),
        ('key = "place"', 'key = "code"', "Rename the item 'code'"),
        ('items = ["tools", "workload"]', 'items = ["tools", "nothing"]', "no item 'nothing'"),
        ('items = ["tools", "workload"]', 'items = ["tools", "place"]', "not a scale"),
        ('items = ["tools", "workload"]', 'items = ["tools", "tools"]', "appears twice"),
        ('items = ["tools", "workload"]', "items = []", "has no items"),
        ('items = ["tools", "workload"]', 'items = "tools"', "must be a list"),
        ("reverse = true", "high = 7", "same points"),
        ('{key = "here", text = "Here"}', '"here"', "must be a table"),
    ],
)
def test_refusals_say_what_to_mend(old, new, part):
    """A file that cannot be a questionnaire is refused with the place and the reason."""
    assert old in SMALL
    with pytest.raises(BadQuestionnaire) as refusal:
        read_toml(SMALL.replace(old, new, 1))

    assert part in str(refusal.value)


@pytest.mark.parametrize("document", [[], "text", None, {"items": {}}, {"items": [3]}])
def test_refuses_documents_of_another_shape(document):
    """Values of a wrong shape are refused, never a crash."""
    with pytest.raises(BadQuestionnaire):
        Questionnaire.from_dict(document)


def test_a_questionnaire_asks_something():
    """A questionnaire of retired items alone is refused."""
    text = re.sub(r'^text = "', 'retired = true\ntext = "', SMALL, flags=re.MULTILINE)

    with pytest.raises(BadQuestionnaire, match="at least one item"):
        read_toml(text)


def test_an_unknown_bundled_questionnaire_is_refused():
    """The refusal names what there is, and a path is no key."""
    with pytest.raises(BadQuestionnaire, match="choose customer_experience or monthly_pulse"):
        load("../monthly_pulse")


def five_words(text):
    words = re.findall(r"[a-z']+", text.lower().replace("’", "'"))
    return [" ".join(words[i : i + 5]) for i in range(len(words) - 4)]


def digest(words):
    return sha256(words.encode()).hexdigest()[:10]
