"""A database, a company's Identity Center beside it, and processes that cut sessions and may die."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

from grants import cutting
from grants.crew import Crew
from grants.cutting import Cutting
from grants.errors import AwsBusy, AwsMissing, AwsTooLate
from grants.model import AccountId, Lane, PermissionSetArn, RequestId, State, Target, UserId
from grants.ports import Operation, Progress, Still, Works
from grants.records import Cut, CutPhase
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
    """`grants.ports.Denials`, from the company without a line in between."""

    company: Company
    doom: Doom
    before: Callable[[str], object] = lambda _: None
    """Told of each call before it arrives, and of its answer."""
    after: Callable[[str], object] = lambda _: None
    calls: list[str] = field(default_factory=list)

    def read(self, permission_set: PermissionSetArn, *, lane: Lane) -> str:
        return self._asked("read", lambda: self.company.inline_policy(permission_set))

    def write(self, permission_set: PermissionSetArn, document: str, *, still: Still) -> None:
        self._must(still)
        self._asked("write", lambda: self.company.put_inline_policy(permission_set, document))

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
            gone = error.code == "ResourceNotFoundException"
            raise (AwsMissing if gone else AwsBusy)(error.message) from None
        self.doom.strike()
        self.after(name)
        return answer


def _operation(found: Provisioning) -> Operation:
    return Operation(found.request_id, Progress(found.status), found.failure or "")


@dataclass
class CuttingRoom:
    works: SqlWorks
    clock: FakeClock = field(default_factory=FakeClock)
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], object] = lambda _: None
    after: Callable[[str], object] = lambda _: None
    _requests: int = 0

    def __post_init__(self) -> None:
        self.company = small_company(self.clock, delegated=False)
        self.company.assign("dan", PROD, ADMIN)
        self.permission_set = PermissionSetArn(self.company.permission_set(ADMIN).arn)

    def process(self, doom: Doom | None = None) -> Cutting:
        doom = doom or Dead()
        return Cutting(
            cast(Works, MortalWorks(self.works, doom)),
            Denials(
                self.company,
                doom,
                lambda name: self.before(name),
                lambda name: self.after(name),
                self.calls,
            ),
            self.clock,
            Crew(Inline(), lambda: None),
            lambda: 0.5,
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
            cutting.begin(work, request, at=now)
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
