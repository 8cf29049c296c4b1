"""What whoever runs the demo is told: where to go, what to type, and what not to wonder about."""

from __future__ import annotations

from typing import Final

from tests.demo.stage import Stage

SCRIPT: Final = """
  Open   {page}

  "Act as" (top right) says who you are; the channels are on the left.

  1  As Bob Requester, in #engineering, type        /elevate
     Choose    payments-prod · AdministratorAccess
     Type      Duration 1m, Justification anything, then Send Request
  2  As Eve Approver, in #aws-approvals, press      Approve
     Bob's own click, or Ada's, is refused: try it.
  3  Open the card's thread. About two seconds later it says Active. Bob has a direct message:
     there he may press End Access, or wait until his minute is over.
  4  The thread says Ended (or Revoked), then tells what the session did, from CloudTrail.
  Also   a development account needs no approval; Reject and Revoke ask for words, Revoke besides
         whether open sessions are cut; to approve AdministratorAccess on web-prod takes a code of an
         authenticator app; /elevate help

  The local Slack is not Slack. It
  - sends a prefilled field that you leave alone as empty: choose and type every value yourself;
  - does nothing for a button in a form (Start later), and draws no searching select;
  - draws no date tokens, so that times are written in UTC, and no code blocks;
  - shows everybody what only one person should see, and all direct messages to all;
  - listens on every interface of this machine, not only on localhost: mind who is near.

  Logs   {logs}
  AWS    {aws}/_control/assignments  shows who has what
  Ctrl-C ends everything.
"""


def script(stage: Stage) -> str:
    """All of it, for this stage."""
    return SCRIPT.format(page=stage.page, logs=stage.logs, aws=stage.aws)
