"""Words of a language for each template."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one template in one language.

    name: the template's name. subject: of the e-mail. title: the headline in the app, of a push message and
    above an e-mail. opening: the facts, in a sentence or two. short: the SMS and the push message. button: of
    its link. because: the reason why the reader receives it.
    """

    name: str
    subject: str
    title: str
    opening: str
    short: str
    button: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """All words of a language. labels: of the rows of an e-mail, by the row's name. words: by the template's
    id.
    """

    code: str
    greeting: str
    because: str
    labels: Mapping[str, str]
    words: Mapping[str, Words]
