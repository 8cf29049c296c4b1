"""When something is to be done at a policy that cuts sessions: by one at a time."""

from datetime import timedelta

from grants.policy import CutWay
from grants.records import Carrier, Cut, CutPhase
from storage.work import SqlWorks
from tests import make
from tests.make import NOON

MINUTE = timedelta(minutes=1)


def test_a_policy_that_somebody_works_on_is_due_when_they_have_gone(works: SqlWorks) -> None:
    request = make.a_request()
    carrier = Carrier(CutWay.INLINE_POLICY, request.target.permission_set_arn)
    with works() as work:
        assert work.cuts.next_due() is None
        work.requests.add(request)
        work.cuts.add(Cut(request.key, request.id, CutPhase.WANTED, NOON, since=NOON))

        assert work.cuts.next_due() == NOON
        assert work.cuts.due(NOON - MINUTE) == []
        assert work.cuts.due(NOON) == [carrier]

        lease = work.cuts.claim(carrier, NOON, until=NOON + MINUTE)
        assert work.cuts.next_due() == NOON + MINUTE
        assert work.cuts.due(NOON) == []
        assert work.cuts.due(NOON + MINUTE) == [carrier]

        assert lease is not None
        work.cuts.let_go(lease)
        assert work.cuts.due(NOON) == [carrier]
