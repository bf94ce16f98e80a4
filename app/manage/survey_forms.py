"""Forms of the questionnaire editor: they read what was typed, `surveys` judges it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional

from app.forms import CheckboxesField, Text, choices, stripped

KEY_HINT = (
    "Small letters, digits and underscores, such as clear_goals. It never changes: figures of "
    "later versions are compared under it."
)
NUMBER = "Give a whole number."
SPARE_OPTIONS = 3


class DetailsForm(Form):
    """What stands around the questions."""

    title = StringField(
        "Title", filters=[stripped], validators=[Text("Give a title.", longest=200)]
    )
    language = StringField(
        "Language",
        filters=[stripped],
        validators=[Text("Give the language, such as en or de.", longest=12)],
        description="A short code such as en or de; screen readers read the questions in it.",
    )
    intro = TextAreaField("Introduction", description="Stands above the first question.")
    source = StringField(
        "Source",
        filters=[stripped],
        validators=[Text("Say who wrote the questions.", longest=300)],
        description="Who wrote the questions, and where they were published.",
    )
    licence = StringField(
        "Licence",
        filters=[stripped],
        validators=[Text("Say on what terms you may use the questions.", longest=200)],
        description="On what terms you may use them. Many known questionnaires are protected.",
    )


class ItemForm(Form):
    """What every item has."""

    key = StringField(
        "Short name",
        filters=[stripped],
        validators=[Text("Give a short name.", longest=40)],
        description=KEY_HINT,
    )
    text = TextAreaField("Wording", filters=[stripped], validators=[InputRequired("Word it.")])
    help = StringField("Help below the wording", filters=[stripped])

    def fill(self, item: Mapping[str, Any]) -> None:
        """Show an item as it is."""
        for field in self:
            if field.short_name in item:
                field.data = item[field.short_name]

    def definition(self) -> dict[str, Any]:
        """Write the item as `surveys.questionnaires` reads it; fields left empty are left out."""
        return {f.short_name: f.data for f in self if f.data not in (None, "", [])}


class ScaleForm(ItemForm):
    """A rating on whole numbers."""

    low = IntegerField("Lowest point", default=1, validators=[InputRequired(NUMBER)])
    high = IntegerField("Highest point", default=5, validators=[InputRequired(NUMBER)])
    low_label = StringField("Words at the lowest point", filters=[stripped])
    high_label = StringField("Words at the highest point", filters=[stripped])
    labels = TextAreaField(
        "Words at every point",
        render_kw={"rows": 7},
        description="One line for each point, the lowest first; or nothing, and only the ends "
        "have words.",
    )
    reverse = BooleanField("A low rating is the good one")
    favourable_from = IntegerField(
        "Favourable from",
        validators=[Optional()],
        description="The lowest point that counts as favourable, once a reversed item is turned "
        "round. Nothing means: above the middle.",
    )

    def fill(self, item: Mapping[str, Any]) -> None:
        """Show an item as it is, its labels one to a line."""
        super().fill({**item, "labels": "\n".join(item.get("labels", ()))})

    def definition(self) -> dict[str, Any]:
        """Write the item; words at every point name the ends too."""
        item = super().definition()
        labels = [
            label for line in (self.labels.data or "").splitlines() if (label := line.strip())
        ]
        item.pop("labels", None)
        if labels:
            item["labels"] = labels
            item.pop("low_label", None)
            item.pop("high_label", None)
        return item


class RecommendationForm(ItemForm):
    """A likelihood from 0 to 10."""

    low_label = StringField("Words at 0", filters=[stripped])
    high_label = StringField("Words at 10", filters=[stripped])

    def definition(self) -> dict[str, Any]:
        """Write the item, with ends even where nothing was typed, so that it is refused."""
        return {"low_label": "", "high_label": "", **super().definition()}


class YesNoForm(ItemForm):
    """Yes or no."""

    favourable = RadioField(
        "The good answer", choices=choices([("yes", "Yes"), ("no", "No")]), default="yes"
    )
    yes_label = StringField("Words for yes", default="Yes", filters=[stripped])
    no_label = StringField("Words for no", default="No", filters=[stripped])


class OptionForm(Form):
    """One answer of a choice; its key stays when its words change."""

    key = HiddenField()
    text = StringField("Answer", filters=[stripped])


class ChoiceForm(ItemForm):
    """One or several of some answers."""

    options = FieldList(FormField(OptionForm), min_entries=2 + SPARE_OPTIONS)

    def fill(self, item: Mapping[str, Any]) -> None:
        """Show an item as it is, with room for more answers."""
        super().fill({name: value for name, value in item.items() if name != "options"})
        given = item.get("options", ())
        while len(self.options) < len(given) + SPARE_OPTIONS:
            self.options.append_entry()
        for entry, option in zip(self.options, given, strict=False):
            entry.form.key.data, entry.form.text.data = option["key"], option["text"]

    def definition(self) -> dict[str, Any]:
        """Write the item; answers left empty are left out, new ones get a key of their own."""
        item = super().definition()
        typed = [(entry.form.key.data, entry.form.text.data) for entry in self.options]
        item["options"] = _with_keys((key or "", text) for key, text in typed if text)
        return item


class CommentForm(ItemForm):
    """Own words."""

    max_length = IntegerField(
        "Longest text", default=2000, validators=[InputRequired(NUMBER)], description="Characters."
    )


# A new type of item is one class in `surveys.questions` and one line in each of these.
ITEM_FORMS: dict[str, type[ItemForm]] = {
    "scale": ScaleForm,
    "recommendation": RecommendationForm,
    "yes_no": YesNoForm,
    "single_choice": ChoiceForm,
    "multiple_choice": ChoiceForm,
    "comment": CommentForm,
}
TYPE_WORDS = {
    "scale": "Scale",
    "recommendation": "Recommendation, 0 to 10",
    "yes_no": "Yes or no",
    "single_choice": "One of several answers",
    "multiple_choice": "Any of several answers",
    "comment": "Comment",
}


class ConstructForm(Form):
    """Items that are averaged into one score."""

    key = StringField(
        "Short name",
        filters=[stripped],
        validators=[Text("Give a short name.", longest=40)],
        description=KEY_HINT,
    )
    title = StringField(
        "Title", filters=[stripped], validators=[Text("Give a title.", longest=120)]
    )
    items = CheckboxesField(
        "Items",
        description="Scales with the same points. A person's score is the mean of those answered.",
    )

    def offer(self, items: Iterable[Mapping[str, Any]]) -> ConstructForm:
        """Offer the scales among these items."""
        scales = [item for item in items if item["type"] == "scale"]
        self.items.choices = choices((item["key"], item["text"]) for item in scales)
        return self

    def definition(self) -> dict[str, Any]:
        """Write the construct as `surveys.questionnaires` reads it."""
        return {
            "key": self.key.data,
            "title": self.title.data,
            "items": list(self.items.data or ()),
        }


def _with_keys(options: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    kept = list(options)
    taken = {key for key, _ in kept if key}
    found = []
    for key, text in kept:
        own = key or _free_key(text, taken)
        taken.add(own)
        found.append({"key": own, "text": text})
    return found


def _free_key(text: str, taken: set[str]) -> str:
    """Make a key from the words of an answer."""
    words = re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")[:30]
    stem = words if words[:1].isalpha() else f"answer_{words}".strip("_")
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}_{number}", number + 1
    return key
