"""The one place that puts the rooms together."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from blocks.refusals import no_longer
from bot.activity import trail
from bot.clock import DatabaseClock, system_clock
from bot.daemons import Daemons
from bot.journal_to import destinations
from bot.meters import Meters
from bot.seal import KeySeal, keys_in
from bot.settings import Settings
from grants import pace
from grants.activity import Sensitive
from grants.administration import Administration
from grants.auditing import Auditing
from grants.aws.assumed import Assumed
from grants.aws.clients import Clients
from grants.aws.cloudtrail.assigning import AssigningInCloudTrail
from grants.aws.denials import DenialsAtAws
from grants.aws.identity_center import IdentityCenterAtAws
from grants.aws.identity_store import DirectoryAtAws
from grants.aws.instance import Finder
from grants.aws.limiter import Limiter
from grants.aws.organizations import OrganizationAtAws
from grants.aws.scps import ScpsAtAws
from grants.closing import Closing
from grants.crew import Crew
from grants.cutting import Cutting
from grants.desk import Desk
from grants.editing import Editing
from grants.engine import Engine
from grants.errors import NoLongerGiven
from grants.explaining import Explaining
from grants.forwarding import Forwarding
from grants.jobs import Jobs
from grants.judging import Judging
from grants.last_check import LastCheck
from grants.linking import Linking
from grants.model import Request, SlackUserId
from grants.offering import Offers
from grants.pace import Jitter
from grants.pages import Pages
from grants.people import Bindings, Memberships, Profile
from grants.piecemeal import Piecemeal
from grants.pieces import Reading
from grants.policy import CutWay
from grants.ports import (
    Clock,
    Denials,
    Directory,
    IdentityCenter,
    Organization,
    Provenance,
    Provisioning,
    Seal,
    Trail,
)
from grants.presence import Presence
from grants.proving import Proving
from grants.rechecking import Rechecking
from grants.refreshing import Refresher
from grants.remembering import Remembering
from grants.reminding import Reminding
from grants.review import Review
from grants.sensitive import OURS, sensitive_actions
from grants.summing import Looking, Summing
from grants.sweep import Sweep
from grants.watching import Watch
from storage.engine import Database, now, open_database
from storage.figures import Figures
from storage.work import SqlWorks

Wake = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Storage:
    """Memory, and the clock that decides: the database's where there is a server."""

    database: Database
    works: SqlWorks
    clock: Clock


@dataclass(frozen=True, slots=True)
class Aws:
    """The adapters behind the domain's ports."""

    identity_center: IdentityCenter
    directory: Directory
    organization: Organization
    trail: Trail
    sensitive: Sensitive
    """What of it is named first."""
    provenance: Provenance
    denials: Mapping[CutWay, Denials]
    provisioning: Provisioning
    share: Callable[[int], None] = lambda _: None
    """So many processes ask AWS under the same quotas."""
    shut: Callable[[], None] = lambda: None
    """Ask nothing more: what is under way at AWS goes on, and calls that wait for their turn end."""


def open_storage(settings: Settings, meters: Meters | None = None) -> Storage:
    """Nothing is connected to before it is asked."""
    database = open_database(settings.database_url)
    works = SqlWorks(database, meters.happened) if meters else SqlWorks(database)
    return Storage(database, works, clock_of(database))


def clock_of(database: Database) -> Clock:
    """The host's time beside an embedded database, else the database's."""
    if database.writers.dialect.name == "sqlite":
        return system_clock
    return DatabaseClock(lambda: now(database) or system_clock())


def figures(storage: Storage) -> Figures:
    """What there is to watch, as of now."""
    now = storage.clock()
    with storage.works.reading() as work:
        return work.figures.at(now)


def open_aws(
    settings: Settings,
    limiter: Limiter | None = None,
    clients: Clients | None = None,
    meters: Meters | None = None,
) -> Aws:
    """Clients are made here, once; where they are to go is boto3's own business.

    AwsRefused, with a line that says what to do, where no Region is configured.
    """
    clients = clients or Clients(region=settings.aws_region)
    meters = meters or Meters()
    clients.ear.hears = meters.aws_called
    limiter = limiter or Limiter(waited=meters.waited)
    finder = Finder(clients, limiter, instance_arn=settings.instance_arn or "")
    assumed = Assumed(clients)
    role = settings.activity_role or ""
    inline = DenialsAtAws(finder, limiter)
    return Aws(
        IdentityCenterAtAws(finder, limiter),
        DirectoryAtAws(clients, finder, limiter),
        OrganizationAtAws(clients, limiter),
        trail(settings, clients, assumed, finder, limiter),
        _sensitive(settings),
        AssigningInCloudTrail(clients, assumed, finder, limiter, role=role),
        {CutWay.INLINE_POLICY: inline, CutWay.SCP: ScpsAtAws(clients, limiter)},
        inline,
        share=limiter.share,
        shut=limiter.shut,
    )


def _sensitive(settings: Settings) -> Sensitive:
    theirs = settings.activity_sensitive
    texts = [
        path.read_text(encoding="utf-8") for path in (OURS, *([Path(theirs)] if theirs else []))
    ]
    return sensitive_actions(*texts)


def bindings(settings: Settings, storage: Storage, aws: Aws) -> Bindings:
    """Who is who."""
    return Bindings(storage.works, aws.directory, storage.clock, settings.email_domains)


def rechecking(
    bound: Bindings, crew: Crew, profile: Callable[[SlackUserId], Profile | None]
) -> Rechecking:
    """Where links are held against Slack and Identity Center again."""
    return Rechecking(bound, profile, crew)


def refresher(storage: Storage, aws: Aws) -> Refresher:
    """Reads the catalogue."""
    reading = Reading(aws.identity_center, aws.organization, storage.clock)
    return Refresher(storage.works, reading, aws.organization, storage.clock)


def piecemeal(storage: Storage, aws: Aws, crew: Crew, *, jitter: Jitter = pace.jitter) -> Piecemeal:
    """Keeps the catalogue fresh."""
    return Piecemeal(storage.works, refresher(storage, aws), storage.clock, crew, jitter)


def desk(storage: Storage, aws: Aws, *, wake: Wake = lambda: None) -> Desk:
    """The use cases of people."""
    return Desk(
        works=storage.works,
        directory=aws.directory,
        identity_center=aws.identity_center,
        memberships=Memberships(aws.directory, storage.clock),
        offers=Offers(),
        clock=storage.clock,
        wake=wake,
    )


def administration(storage: Storage, *, wake: Wake = lambda: None) -> Administration:
    """Where policies are changed."""
    return Administration(storage.works, storage.clock, wake)


def auditing(storage: Storage, memberships: Memberships) -> Auditing:
    """Where requests are looked up."""
    return Auditing(storage.works, memberships, storage.clock)


def editing(
    settings: Settings,
    storage: Storage,
    aws: Aws,
    memberships: Memberships,
    *,
    wake: Wake = lambda: None,
) -> Editing:
    """Where administrators change policies by forms."""
    return Editing(
        works=storage.works,
        memberships=memberships,
        directory=aws.directory,
        names=Remembering(aws.directory, storage.clock),
        administration=administration(storage, wake=wake),
        scp=settings.cut_policy_id is not None,
    )


def linking(
    bound: Bindings, aws: Aws, editor: Editing, profile: Callable[[SlackUserId], Profile]
) -> Linking:
    """Where administrators say who is who."""
    return Linking(bound, aws.directory, editor.administrator, profile)


def watch(settings: Settings, storage: Storage, aws: Aws, crew: Crew) -> Watch:
    """What administrators are to be warned of."""
    keyed = settings.encryption_key is not None
    return Watch(storage.works, aws.directory, storage.clock, crew, keyed=keyed)


def seal(settings: Settings) -> Seal | None:
    """What keeps the keys of people's codes; None: no key is set for it."""
    key = settings.encryption_key
    return KeySeal(keys_in(key.get_secret_value())) if key else None


def proving(settings: Settings, storage: Storage, memberships: Memberships) -> Proving:
    """Where people prove by codes who they are."""
    return Proving(storage.works, storage.clock, seal(settings), memberships.live)


def review(
    storage: Storage, aws: Aws, memberships: Memberships, proving: Proving, *, wake: Wake
) -> Review:
    """Where approvers decide."""
    return Review(storage.works, aws.directory, memberships, storage.clock, wake, proving)


def closing(
    settings: Settings, storage: Storage, memberships: Memberships, *, wake: Wake = lambda: None
) -> Closing:
    """Where requests are brought to their end."""
    scp = settings.cut_policy_id or ""
    return Closing(storage.works, memberships, storage.clock, wake, scp)


def explaining(storage: Storage, aws: Aws, memberships: Memberships) -> Explaining:
    """Why somebody may or may not ask for something."""
    return Explaining(storage.works, aws.directory, memberships, storage.clock)


def presence(storage: Storage, share: Callable[[int], None]) -> Presence:
    """This process, among those that share the database and the quotas."""
    return Presence(storage.works, storage.clock, uuid4().hex, share)


def sweep(storage: Storage, aws: Aws, crew: Crew, *, jitter: Jitter = pace.jitter) -> Sweep:
    """Where what Identity Center lists is held against the ledger."""
    judging = Judging(storage.works, aws.provenance, aws.directory, storage.clock)
    return Sweep(storage.works, aws.identity_center, judging, storage.clock, crew, jitter)


def cutting(
    settings: Settings, storage: Storage, aws: Aws, crew: Crew, *, jitter: Jitter = pace.jitter
) -> Cutting:
    """Where the sessions of revoked grants are cut, and that is undone."""
    return Cutting(
        storage.works,
        aws.denials,
        aws.provisioning,
        aws.organization,
        storage.clock,
        crew,
        jitter,
        settings.cut_policy_id or "",
    )


def forwarding(settings: Settings, storage: Storage, crew: Crew, meters: Meters) -> Forwarding:
    """Sends the journal out."""
    outside = destinations(settings, hears=meters.aws_called)
    return Forwarding(storage.works, outside, storage.clock, crew)


def reminding(storage: Storage, *, wake: Wake) -> Reminding:
    """Where people are reminded in time, or nudged."""
    return Reminding(storage.works, storage.clock, wake)


@dataclass(frozen=True, slots=True)
class Hands:
    """The threads that wait for AWS. Each kind of work has its own, so that none is behind another."""

    ends: Executor
    grants: Executor
    looks: Executor
    gone: Executor
    pages: Executor
    reads: Executor
    catalogue: Executor
    sweep: Executor
    cuts: Executor
    forwards: Executor
    links: Executor

    def shut(self) -> None:
        """Finish what is in hand, begin nothing more."""
        assignments = (self.ends, self.grants, self.looks, self.gone, self.pages)
        kinds = (
            *assignments,
            self.reads,
            self.catalogue,
            self.sweep,
            self.cuts,
            self.forwards,
            self.links,
        )
        for executor in kinds:
            executor.shutdown(wait=True, cancel_futures=True)


def hands() -> Hands:
    """As many as AWS's outstanding operations have use for."""
    return Hands(
        ThreadPoolExecutor(12, "ends"),
        ThreadPoolExecutor(8, "grants"),
        ThreadPoolExecutor(4, "looks"),
        ThreadPoolExecutor(4, "gone"),
        ThreadPoolExecutor(1, "pages"),
        ThreadPoolExecutor(4, "reads"),
        ThreadPoolExecutor(6, "catalogue"),
        ThreadPoolExecutor(1, "sweep"),
        ThreadPoolExecutor(2, "cuts"),
        Daemons("forwards"),
        ThreadPoolExecutor(1, "links"),
    )


def looking(storage: Storage, aws: Aws) -> Looking:
    """Reads what sessions did."""
    return Looking(storage.works, aws.trail, aws.sensitive, storage.clock)


def jobs(
    storage: Storage, aws: Aws, workers: Hands, *, wake: Wake, jitter: Jitter = pace.jitter
) -> Jobs:
    """What the clock and AWS ask for."""
    memberships = Memberships(aws.directory, storage.clock)
    last_check = LastCheck(
        storage.works, aws.directory, aws.identity_center, aws.organization, memberships
    )

    def why_not(request: Request) -> str:
        try:
            last_check(request)
        except NoLongerGiven as reason:
            return no_longer(reason)
        return ""

    pages = Pages(storage.works, aws.identity_center, storage.clock, Crew(workers.pages, wake))
    return Jobs(
        works=storage.works,
        engine=Engine(
            storage.works,
            aws.identity_center,
            storage.clock,
            why_not=why_not,
            jitter=jitter,
            look_in=pages.look_in,
        ),
        last_check=last_check,
        reminding=reminding(storage, wake=wake),
        summing=Summing(
            storage.works,
            looking(storage, aws),
            storage.clock,
            Crew(workers.reads, wake),
            jitter,
        ),
        clock=storage.clock,
        ends=Crew(workers.ends, wake),
        grants=Crew(workers.grants, wake),
        looks=Crew(workers.looks, wake),
        # What they write makes nothing due, and nobody waits for a slot of theirs: the beat is enough.
        gone=Crew(workers.gone, lambda: None),
        pages=pages,
        spell=no_longer,
    )
