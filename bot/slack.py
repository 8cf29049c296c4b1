"""Bolt, with every listener in its place."""

import logging
import re
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from threading import Event

from slack_bolt import Ack, App
from slack_bolt.middleware import SingleTeamAuthorization
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from blocks import elevate_form
from blocks.refusals import words
from blocks.text import Style
from bot.assemble import (
    Aws,
    Storage,
    auditing,
    bindings,
    closing,
    editing,
    explaining,
    linking,
    looking,
    proving,
    reminding,
    review,
    watch,
)
from bot.clock import in_time, resting
from bot.counted import Counted, Handed, Hears
from bot.meters import Meters
from bot.settings import Settings
from grants import pace as retrying
from grants.crew import Crew
from grants.desk import Desk
from grants.errors import OutOfDate, StillExplaining, StillLookingUp, StillReading
from grants.pace import Jitter
from handlers import activity, admin, audit, elevate, home, mine, options, proof
from handlers import review as reviewing
from handlers.acking import Acking, UntilAcked
from handlers.announce import Announcer
from handlers.channels import Channels
from handlers.errors import WHISPERS, Net
from handlers.exports import Exports
from handlers.front import Front
from handlers.guard import Guard, Home
from handlers.indexes import Indexes, Warm
from handlers.often import Often
from handlers.pace import InTurn, Pace
from handlers.people import People
from handlers.posting import Posting
from handlers.promptly import Promptly
from handlers.recalled import Recalled
from handlers.shape import Shapely
from handlers.shares import Doorkeeper, Shares
from handlers.showing import Showing
from handlers.strays import Strays
from handlers.threads import Rest, Threads
from handlers.turns import Turns
from handlers.undelivered import Undelivered
from handlers.verifying import AT_ONCE as COMPARING
from handlers.verifying import Verifying

log = logging.getLogger(__name__)

TIMEOUT = 8
"""Seconds that Slack has to answer a call."""
LISTENERS = 64
"""So many people may press at the same moment."""
DECIDERS = 64
"""And so many may wait for a decision: for whoever waits behind others Slack gives up."""
LATER = 32
"""So many have looked up for them what was not known when they pressed."""
READERS = 48
"""So much is read of AWS beside something else: three things for each vote."""
LOOKUPS = 4
"""So many may have activity looked up: each keeps a listener busy for a while."""
EXPLAINING = 4
"""So many may have access explained: each takes up to a hundred calls of AWS's."""
UNREACHED = "Elevate cannot reach Slack just now. Please try again in a minute."
EVERYTHING = re.compile(".*", re.DOTALL)


def client(settings: Settings, hears: Hears = lambda *_: None) -> Counted:
    """One that never sleeps and never sends twice: the outbox decides about that."""
    return Counted(
        hears,
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=TIMEOUT,
        retry_handlers=[],
    )


@dataclass(frozen=True, slots=True)
class Slack:
    """Both directions."""

    app: App
    front: Front
    announcer: Announcer
    warm: Warm
    listeners: Executor
    later: Executor
    closing: Event
    """Set before the process stops: what waits for a turn of its own goes home."""
    auth: Callable[[], SlackResponse]
    """What `auth.test` says, asked once."""

    def greet(self) -> None:
        """Whether Slack takes the bot's token, in the log: else the first to know is a person.

        Which workspace it is of is known from then on, and asked of Slack no more.
        """
        try:
            said = self.auth()
        except SlackApiError as error:
            log.error("Slack refuses the bot's token", extra={"error": error.response.get("error")})  # noqa: TRY400 - Slack's word is all there is to it
        except (SlackClientError, OSError) as error:
            log.warning("Slack is not reached", extra={"error": type(error).__name__})
        else:
            for each in self.app._middleware_list:  # noqa: SLF001 - Bolt would ask again, of whoever is first
                if isinstance(each, SingleTeamAuthorization):
                    each.auth_test_result = said
            log.info("Slack takes the bot's token", extra={"team": said.get("team_id")})


def connect(
    settings: Settings,
    storage: Storage,
    aws: Aws,
    desk: Desk,
    *,
    wake: Callable[[], None],
    tellers: Executor,
    told: Callable[[], None] | None = None,
    listeners: Executor | None = None,
    readers: Executor | None = None,
    pace: Pace | None = None,
    promptly: Promptly | None = None,
    jitter: Jitter = retrying.jitter,
    rest: Rest | None = None,
    meters: Meters | None = None,
) -> Slack:
    """Put Slack's side together. Asks Slack nothing yet.

    `told`: called when something was told, so that the next may be; else `wake` is.
    """
    meters = meters or Meters()
    web = client(settings, meters.slack_called)

    auth = cache(web.auth_test)  # asked at the start already: nobody waits for it who presses

    def workspace() -> Home:
        said = auth()
        return Home(str(said["team_id"]), str(said.get("enterprise_id") or ""))

    style = Style(date_tokens=settings.date_tokens, portal_url=settings.access_portal_url or "")
    bound = bindings(settings, storage, aws)
    people = People(web, bound, storage.works, storage.clock, workspace, meters.refused)
    # Bolt's own five threads are soon taken: slow listeners would cost others their three seconds.
    later = Shares(listeners or ThreadPoolExecutor(LATER, "later"))
    listeners = Shares(listeners or ThreadPoolExecutor(LISTENERS, "listeners"))
    net = Net(web, people, later, Often(WHISPERS, storage.clock))
    watching = watch(settings, storage, aws, Crew(later, wake))
    the_proving = proving(settings, storage, desk.memberships)
    at_home, as_message = proof.sections(the_proving)
    showing = Showing(
        sections=(*home.SECTIONS, at_home, admin.section(watching)),
        others=(*home.OTHERS, as_message),
        works=storage.works,
        client=web,
        people=people,
        memberships=desk.memberships,
        clock=storage.clock,
        style=style,
    )
    the_auditing = auditing(storage, desk.memberships)
    promptly = promptly or Promptly(ThreadPoolExecutor(DECIDERS, "deciders"), in_time)
    promptly = replace(promptly, deciders=Shares(promptly.deciders))
    posting = Posting(web, storage.clock, InTurn(pace or Pace(), storage.clock))
    closing_down = Event()
    rest = rest or resting(closing_down, storage.clock)
    editor = editing(settings, storage, aws, desk.memberships, wake=wake)
    indexes = Indexes()
    front = Front(
        desk=desk,
        review=review(storage, aws, desk.memberships, the_proving, wake=wake),
        proving=the_proving,
        closing=closing(settings, storage, desk.memberships, wake=wake),
        explaining=explaining(storage, aws, desk.memberships),
        editing=editor,
        linking=linking(bound, aws, editor, people.profile),
        watch=watching,
        reminding=reminding(storage, wake=wake),
        people=people,
        works=storage.works,
        memberships=desk.memberships,
        offers=desk.offers,
        indexes=indexes,
        recalled=Recalled(storage.works.newest, desk.memberships, storage.clock),
        style=style,
        net=net,
        auditing=the_auditing,
        exports=Exports(web, the_auditing, net),
        looking=looking(storage, aws),
        explained=Turns(EXPLAINING, StillExplaining),
        lookups=Turns(LOOKUPS, StillLookingUp),
        verifying=Verifying(
            works=storage.works,
            auditing=the_auditing,
            threads=Threads(web, storage.clock, posting.call, posting.bot, rest),
            style=style,
            turns=Turns(COMPARING, StillReading),
        ),
        showing=showing,
        promptly=promptly,
        strays=Strays(web, storage.works),
        readers=readers or ThreadPoolExecutor(READERS, "readers"),
        later=later,
    )
    app = App(
        name="elevate",  # else it looks through the whole stack for one
        client=web,
        signing_secret=_secret(settings),
        listener_executor=UntilAcked(listeners),
        before_authorize=Shapely(),  # Bolt itself reads what comes next
        token_verification_enabled=False,
        raise_error_for_unhandled_request=False,
        user_facing_authorize_error_message=UNREACHED,
    )
    app.use(Acking())
    app.use(Handed(web))
    app.use(Guard(workspace, storage.works, storage.clock, meters.refused))
    app.use(Doorkeeper(listeners, later))
    app.error(net)
    for subject in (elevate, options, reviewing, mine, home, activity, audit, admin, proof):
        subject.register(app, front)
    _last(app)
    announcer = Announcer(
        works=storage.works,
        client=web,
        channels=Channels(web, workspace),
        clock=storage.clock,
        style=style,
        posting=posting,
        crew=Crew(tellers, told or wake),
        undelivered=Undelivered(
            storage.works, storage.clock, desk.ask_directly, desk.administrators, jitter
        ),
        home=showing.again,
    )
    warm = Warm(storage.works, indexes, desk.offers)
    return Slack(app, front, announcer, warm, listeners, later, closing_down, auth)


def _secret(settings: Settings) -> str:
    secret = settings.slack_signing_secret
    # Socket Mode needs none, and Bolt wants a word all the same; over HTTP settings insist on it.
    return secret.get_secret_value() if secret else "not used in Socket Mode"


def _last(app: App) -> None:
    """What no listener above knows is acked, and whoever pressed hears that it is out of date."""

    @app.action(EVERYTHING)
    def _(ack: Ack) -> None:
        ack()
        raise OutOfDate

    @app.view(EVERYTHING)
    def _(ack: Ack) -> None:
        ack(response_action="update", view=elevate_form.nothing(words(OutOfDate())))

    @app.options(EVERYTHING)
    def _(ack: Ack) -> None:
        ack(options=[])
