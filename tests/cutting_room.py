"""A database, a company's Identity Center beside it, and processes that cut sessions and may die."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

from grants import cutting
from grants.crew import Crew
from grants.cutting import Cutting
from grants.errors import AwsBusy, AwsMissing, AwsTooLate
from grants.model import (
    Account,
    AccountId,
    Lane,
    OuId,
    PermissionSetArn,
    RequestId,
    State,
    Target,
    UserId,
)
from grants.policy import CutWay
from grants.ports import Operation, Organization, Progress, Still
from grants.records import Carrier, Cut, CutPhase
from grants.stores import Works
from storage.work import SqlWorks
from tests import make
from tests.clock import FakeClock
from tests.engine_room import Doom, Killed, MortalWorks
from tests.standins.aws import Company, small_company
from tests.standins.aws.ground import AwsError
from tests.standins.aws.inline import Provisioning
from tests.world import Inline

T = TypeVar("T")

PROD, ADMIN = "payments-prod", "AdministratorAccess"


class Dead(Doom):
    """Whoever was killed does nothing any more: not even let go of what it held."""

    def strike(self) -> None:
        self.passed += 1
        if self.at and self.passed >= self.at:
            raise Killed


@dataclass
class Denials:
    """`grants.ports.Denials` of either way, from the company without a line in between."""

    way: CutWay
    company: Company
    doom: Doom
    before: Callable[[str], object] = lambda _: None
    """Told of each call before it arrives, and of its answer."""
    after: Callable[[str], object] = lambda _: None
    calls: list[str] = field(default_factory=list)

    def read(self, carrier: str, *, lane: Lane) -> str:
        return self._asked("read", lambda: self._carried(carrier))

    def write(self, carrier: str, document: str, *, still: Still) -> None:
        self._must(still)
        self._asked("write", lambda: self._carries(carrier, document))

    def targets(self, carrier: str, *, lane: Lane) -> frozenset[str] | None:
        if self.way is CutWay.INLINE_POLICY:
            return None
        return self._asked("targets", lambda: frozenset(self.company.scp(carrier).targets))

    def account(self, account: AccountId, *, lane: Lane) -> Account:
        """Of `grants.ports.Organization`, as much as is asked for here."""
        steps = self.company.path_of(account).strip("/").split("/")
        return Account(account, account, path=tuple(map(OuId, steps[1:-1])))

    def push(
        self, permission_set: PermissionSetArn, account: AccountId, *, still: Still
    ) -> Operation:
        self._must(still)
        return _operation(
            self._asked("push", lambda: self.company.provision(account, permission_set))
        )

    def pushed(self, operation: str) -> Operation:
        def look() -> Provisioning:
            self.company.settle()
            return self.company.provisionings[operation]

        return _operation(self._asked("pushed", look))

    def _carried(self, carrier: str) -> str:
        inline = self.way is CutWay.INLINE_POLICY
        return self.company.inline_policy(carrier) if inline else self.company.scp(carrier).content

    def _carries(self, carrier: str, document: str) -> None:
        inline = self.way is CutWay.INLINE_POLICY
        put = self.company.put_inline_policy if inline else self.company.put_scp
        put(carrier, document)

    def _must(self, still: Still) -> None:
        if not still():
            raise AwsTooLate("It is too late.")

    def _asked(self, name: str, do: Callable[[], T]) -> T:
        self.before(name)
        self.doom.strike()
        self.calls.append(name)
        try:
            answer = do()
        except LookupError as missing:
            raise AwsMissing(str(missing)) from None
        except AwsError as error:
            gone = error.code.endswith("NotFoundException")
            raise (AwsMissing if gone else AwsBusy)(error.message) from None
        self.doom.strike()
        self.after(name)
        return answer


def _operation(found: Provisioning) -> Operation:
    return Operation(found.request_id, Progress(found.status), found.failure or "")


@dataclass
class CuttingRoom:
    works: SqlWorks
    way: CutWay = CutWay.INLINE_POLICY
    clock: FakeClock = field(default_factory=FakeClock)
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], object] = lambda _: None
    after: Callable[[str], object] = lambda _: None
    _requests: int = 0

    def __post_init__(self) -> None:
        self.company = small_company(self.clock, delegated=False)
        self.company.assign("dan", PROD, ADMIN)
        self.permission_set = PermissionSetArn(self.company.permission_set(ADMIN).arn)
        self.scp = self.company.add_scp("cuts")
        self.company.attach_scp(self.scp, "Workloads")

    @property
    def carrier(self) -> Carrier:
        """Of what is revoked here."""
        inline = self.way is CutWay.INLINE_POLICY
        return Carrier(self.way, self.permission_set if inline else self.scp)

    @property
    def document(self) -> str:
        """As it stands at AWS."""
        inline = self.way is CutWay.INLINE_POLICY
        return self.company.inline_policy(ADMIN) if inline else self.company.scp(self.scp).content

    def put(self, document: str) -> None:
        """By somebody else."""
        if self.way is CutWay.INLINE_POLICY:
            self.company.put_inline_policy(ADMIN, document)
        else:
            self.company.put_scp(self.scp, document)

    def process(self, doom: Doom | None = None) -> Cutting:
        doom = doom or Dead()
        inline, scps = (
            Denials(
                way,
                self.company,
                doom,
                lambda name: self.before(name),
                lambda name: self.after(name),
                self.calls,
            )
            for way in CutWay
        )
        return Cutting(
            cast(Works, MortalWorks(self.works, doom)),
            {CutWay.INLINE_POLICY: inline, CutWay.SCP: scps},
            inline,
            cast(Organization, scps),
            self.clock,
            Crew(Inline(), lambda: None),
            lambda: 0.5,
            self.scp,
        )

    def revoked(
        self,
        who: str = "bob",
        account: str = PROD,
        *,
        state: State = State.REVOKED,
        session: timedelta = make.HOUR,
    ) -> RequestId:
        """A request that was revoked just now, with its sessions to be cut."""
        self._requests += 1
        now = self.clock()
        person = replace(make.a_person(), user_id=UserId(self.company.user(who).id))
        request = make.a_request(
            f"R{self._requests:07}",
            requester=person,
            target=Target(AccountId(self.company.account(account).id), self.permission_set),
            session_duration=session,
            state=state,
            because=State.REVOKED,
            ended_at=now if state is State.REVOKED else None,
        )
        with self.works() as work:
            work.requests.add(request)
            scp = self.scp if self.way is CutWay.SCP else ""
            cutting.begin(work, request, at=now, scp=scp)
        return request.id

    def passes(self, process: Cutting | None = None, **span: float) -> None:
        """Time goes by, and everything happens when it is due."""
        process = process or self.process()
        until = self.clock() + timedelta(**span)
        while True:
            for _ in range(3):
                process.round()
            due = process.next_due()
            if due is None or due > until:
                break
            self.clock.now = max(due, self.clock() + timedelta(milliseconds=100))
        self.clock.now = max(until, self.clock())

    def cut(self, request: RequestId) -> Cut:
        with self.works.reading() as work:
            found = work.cuts.of(request)
        assert found is not None
        return found

    def phase(self, request: RequestId) -> CutPhase:
        return self.cut(request).phase

    def allowed(self, who: str, opened: datetime, account: str = PROD) -> bool:
        return self.company.session_allowed(who, account, ADMIN, opened)

    def events(self, request: RequestId) -> list[str]:
        with self.works.reading() as work:
            return [line.entry.event for line in work.journal.of(request)]
