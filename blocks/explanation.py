"""Why somebody may or may not ask for something, in words; and how that is asked in a command."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from blocks import ids
from blocks.parts import drawn, ours, said
from blocks.text import Message, heard, several, shorten, span
from blocks.wording import Write, hear, seen
from grants.explaining import Agreement, Allowed, Barred, Explanation, Fails
from grants.model import ChannelId, SlackUserId

WORD: Final = "explain"
NAMED: Final = 20
"""So many people, policies or channels are named; the rest is counted."""
PARAGRAPH: Final = 2900
"""Slack takes 3,000 characters in a block; twenty long names are more."""

_USAGE: Final = (
    f"`{ids.COMMAND} {WORD} ACCOUNT PERMISSION-SET` says whether you may ask for it and why.",
    "It names the rule, or the first that fails, for how long, who would be asked, and how many must agree.",
    'An account goes by its id or its name; a name with blanks stands in quotes: `"payments prod"`.',
    "Administrators and auditors may put a person first: an address, a user name, an id or @mention.",
)
_WORDS: Final = re.compile(r'<[^<>]*>|"[^"]*"|[^\s"]+')
_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>", re.ASCII)
_ADDRESS: Final = re.compile(r"<mailto:([^|<>]+)(?:\|[^<>]*)?>")
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
"""What keyboards make of quotes."""


# What was asked


@dataclass(frozen=True, slots=True)
class Question:
    """About whom, and about what, as typed."""

    account: str
    permission_set: str
    person: str = ""
    """Empty: about whoever asks, unless `slack_id` says otherwise."""
    slack_id: SlackUserId | None = None


def read(text: str) -> Question | None:
    """What stands behind the word; None where it is not two or three names."""
    words = [word.strip('"') for word in _WORDS.findall(text.translate(_QUOTES))]
    match words:
        case [account, permission_set]:
            return Question(_plain(account), _plain(permission_set))
        case [person, account, permission_set]:
            mention = _MENTION.fullmatch(person)
            return Question(
                _plain(account),
                _plain(permission_set),
                "" if mention else _plain(person),
                SlackUserId(mention[1]) if mention else None,
            )
        case _:
            return None


def _plain(word: str) -> str:
    """As it was typed: Slack makes links of addresses, and escapes three signs."""
    typed = _ADDRESS.sub(r"\1", word)
    return typed.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# The answer


def message(explanation: Explanation, *, own: bool) -> Message:
    """All of it. `own`: about whoever reads it."""
    place = where(explanation, lambda channel: f"<#{channel}>")

    def words(write: Write) -> list[str]:
        return sentences(explanation, write, own=own)

    return Message(
        heard(lambda most: " ".join(filter(None, [*words(hear(most)), place]))),
        drawn(
            [
                *(said(shorten(sentence, PARAGRAPH)) for sentence in words(seen)),
                *([ours(place)] if place else []),
            ]
        ),
    )


def usage() -> Message:
    """How to ask."""
    text = " ".join(_USAGE).replace("`", "")
    return Message(text, drawn([ours(line) for line in _USAGE]))


def not_now() -> Message:
    """AWS could not be asked."""
    words = "Elevate could not look this up just now. Please try again in a moment."
    return Message(words, drawn([said(words)]))


def sentences(explanation: Explanation, write: Write = seen, *, own: bool = False) -> list[str]:
    """Whether, by which rule or why not, for how long, and who would have to agree."""
    who = "You" if own else write(_name(explanation))
    what = f"{write(explanation.permission_set.name)} on {_account(explanation, write)}"
    match explanation.verdict:
        case Barred():
            yet = " yet" if explanation.verdict.fails is Fails.TAGS_UNREAD else ""
            return [f"{who} may not ask for {what}{yet}.", failure(explanation, write, own=own)]
        case Allowed(rule=rule, longest=longest, agreement=agreement):
            by = f'by the eligibility policy "{write(rule)}"'
            agreeing = _agreement(agreement, write) if agreement else ["Nobody has to agree."]
            return [f"{who} may ask for {what}, {by}, for {span(longest)} at most.", *agreeing]


def failure(explanation: Explanation, write: Write = seen, *, own: bool = False) -> str:
    """The first rule that fails, as a sentence; empty: none does."""
    if isinstance(explanation.verdict, Allowed):
        return ""
    account, name = write(explanation.account.name), write(_name(explanation))
    permission_set = write(explanation.permission_set.name)
    policies = _few([f'"{write(closest)}"' for closest in explanation.verdict.closest])
    beyond = "out of reach from the account that Elevate runs in"
    match explanation.verdict.fails:
        case Fails.USER_DISABLED:
            return f"The Identity Center user {name} is disabled."
        case Fails.ACCOUNT_INACTIVE:
            state = write(explanation.account.state.lower().replace("_", " "))
            return f"The account {account} is not active: it is {state}."
        case Fails.ACCOUNT_OUT_OF_REACH:
            return f"{account} is the management account, which is {beyond}."
        case Fails.PERMISSION_SET_OUT_OF_REACH:
            return f"{permission_set} is provisioned in the management account, and so {beyond}."
        case Fails.TAGS_UNREAD:
            return (
                f"The tags of the account {account} are not read yet, and policies may cover it by"
                " them: try again in a minute."
            )
        case Fails.NOT_COVERED:
            return f"No eligibility policy covers the account {account}."
        case Fails.NOT_LISTED:
            covering = f"No eligibility policy that covers {account} lists {permission_set}"
            return f"{covering}: there is {policies}."
        case Fails.NOT_NAMED:
            whom = "you or a group that you are in" if own else f"{name} or a group of theirs"
            offering = f"No eligibility policy that offers {permission_set} on {account}"
            return f"{offering} names {whom}: there is {policies}."


def where(explanation: Explanation, spell: Callable[[ChannelId], str]) -> str:
    """Where the card would hang, as a sentence; empty: nowhere."""
    verdict = explanation.verdict
    if isinstance(verdict, Barred):
        return ""
    places = [spell(channel) for channel in verdict.channels]
    if verdict.directly:
        places.append("direct messages")
    verb = "Asked" if verdict.agreement else "Told"
    return f"{verb} in {_few(places)}." if places else ""


def _agreement(agreement: Agreement, write: Write) -> list[str]:
    number = agreement.approvals
    need = "1 person has" if number == 1 else f"{number} different people have"
    required = [f'"{write(name)}"' for name in agreement.required]
    own = "its own approvers" if len(required) == 1 else "their own approvers each"
    people = [write(user.name or user.user_name) for user in agreement.approvers]
    who = _few(people, others=not agreement.all_read)
    return [
        f"{need} to agree.",
        *([f"{_few(required)} must besides be met by {own}."] if required else []),
        f"Who may: {who}." if people else _nobody(agreement),
        *(["Whoever agrees gives a one-time code."] if agreement.proof else []),
        *([] if agreement.enough else ["That is not enough: a request would be refused."]),
    ]


def _nobody(agreement: Agreement) -> str:
    if agreement.all_read:
        return "Nobody may, as things stand."
    return "Who may is not known: of the approvers not all were looked at, and of those nobody may."


def _name(explanation: Explanation) -> str:
    return explanation.user.name or explanation.user.user_name


def _account(explanation: Explanation, write: Write) -> str:
    return f"{write(explanation.account.name)} ({explanation.account.id})"


def _few(words: Sequence[str], *, others: bool = False) -> str:
    rest = len(words) - NAMED
    more = ["others"] if others else [f"{rest} more"] * (rest > 0)
    return several([*words[:NAMED], *more])
