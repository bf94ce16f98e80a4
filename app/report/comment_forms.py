"""Forms of the comments: what may be typed."""

from __future__ import annotations

from wtforms import (
    Form,
    SearchField,
    SelectField,
    StringField,
    SubmitField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields import Field
from wtforms.widgets import HiddenInput

from app.forms import choices, stripped
from app.queries.comments import ANSWERED, NO_ANSWER, REPLIED, Comments, Wanted
from app.services import comment_tags, threads

LONGEST_SEARCH = 100
STATE_NAMES = {
    "": "All",
    NO_ANSWER: "Not answered",
    ANSWERED: "Answered",
    REPLIED: "Author has replied",
}


class FilterForm(Form):
    """Which comments are listed; what cannot be chosen finds nothing."""

    words = SearchField(
        "Words", filters=[stripped], render_kw={"maxlength": LONGEST_SEARCH, "autocomplete": "off"}
    )
    tag = SelectField("Tag", validate_choice=False)
    question = SelectField("Question", validate_choice=False)
    answered = SelectField("Answer", choices=choices(STATE_NAMES.items()), validate_choice=False)

    def offer(self, comments: Comments) -> None:
        """Fill in what may be chosen; a list with one choice is left out."""
        tags = [tag for tag, _ in comments.tag_counts]
        self.tag.choices = choices([("", "All"), *((tag, tag) for tag in tags)])
        self.question.choices = choices([("", "All"), *comments.questions.items()])
        if not tags and not self.tag.data:
            del self.tag
        if len(comments.questions) < 2:
            del self.question

    def validate_words(self, field: Field) -> None:
        """Refuse a search that nobody types."""
        if len(field.data) > LONGEST_SEARCH:
            raise ValidationError(f"Search for at most {LONGEST_SEARCH} characters.")

    @property
    def wanted(self) -> Wanted:
        """Say what is asked for; words that are refused are left out."""
        return Wanted(
            words="" if self.words.errors else self.words.data or "",
            tag=(self.tag.data or "") if "tag" in self else "",
            item=(self.question.data or "") if "question" in self else "",
            state=self.answered.data or "",
        )

    @property
    def asked(self) -> dict[str, str]:
        """Write what is asked for as an address does."""
        return {field.name: field.data for field in self if field.data}


class TagForm(Form):
    """A tag for one comment."""

    tag = StringField(
        "Tag",
        render_kw={
            "list": "known-tags",
            "maxlength": comment_tags.LONGEST,
            "autocomplete": "off",
        },
    )


class AnswerForm(Form):
    """An answer to the author of a comment; `seen` is how many messages its writer saw."""

    text = TextAreaField("Your answer", render_kw={"rows": 7, "maxlength": threads.LONGEST})
    seen = StringField(widget=HiddenInput())
    draft = SubmitField("Keep as a draft")

    @property
    def is_draft(self) -> bool:
        """Whether the answer is not to be sent yet."""
        return bool(self.draft.data)

    @property
    def n_seen(self) -> int:
        """Read how many messages were seen; whoever does not say saw none."""
        seen = self.seen.data or ""
        return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0
