"""What goes wrong with AWS is told as done, perhaps done or not done, and fit to be read."""

from traceback import format_exception
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from grants.aws.faults import Outcome, in_our_words, outcome_of, outcome_without_answer
from grants.errors import AwsBusy, AwsFault, AwsMissing, AwsRefused, AwsUnsure


def answered(code: str, message: str = "Said AWS.", status: int = 400, **more: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "CreateAccountAssignment")


def in_words(error: Exception) -> AwsFault:
    with pytest.raises(AwsFault) as raised, in_our_words():
        raise error
    return raised.value


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        ("", 200, Outcome.OK),
        ("ThrottlingException", 400, Outcome.THROTTLED),
        ("Whatever", 429, Outcome.THROTTLED),
        ("ConflictException", 409, Outcome.BUSY),
        ("InternalServerException", 500, Outcome.UNSURE),
        ("ResourceNotFoundException", 400, Outcome.MISSING),
        ("AccessDeniedException", 400, Outcome.REFUSED),
    ],
)
def test_what_came_of_an_answer_is_one_of_few_words(
    code: str, status: int, outcome: Outcome
) -> None:
    assert outcome_of(code, status) is outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectTimeoutError(endpoint_url="https://sso"), Outcome.BUSY),
        (ReadTimeoutError(endpoint_url="https://sso"), Outcome.UNSURE),
        (NoCredentialsError(), Outcome.REFUSED),
        (RuntimeError("nobody foresaw it"), Outcome.UNSURE),
    ],
)
def test_what_came_of_a_call_without_an_answer_likewise(error: Exception, outcome: Outcome) -> None:
    assert outcome_without_answer(error) is outcome


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, AwsBusy),
        ("TooManyRequestsException", 400, AwsBusy),
        ("ConflictException", 409, AwsBusy),
        ("ConcurrentModificationException", 400, AwsBusy),
        ("SlowDown", 503, AwsBusy),
        ("Whatever", 429, AwsBusy),
        ("InternalServerException", 500, AwsUnsure),
        ("ServiceException", 400, AwsUnsure),
        ("500", 500, AwsUnsure),
        ("ServiceUnavailable", 503, AwsUnsure),
        ("AccessDeniedException", 400, AwsRefused),
        ("AccessDenied", 403, AwsRefused),
        ("ValidationException", 400, AwsRefused),
        ("ServiceQuotaExceededException", 402, AwsRefused),
        ("ExpiredTokenException", 403, AwsRefused),
        ("ResourceNotFoundException", 400, AwsMissing),
        ("AccountNotFoundException", 400, AwsMissing),
        ("ParentNotFoundException", 400, AwsMissing),
        ("ChildNotFoundException", 400, AwsMissing),
    ],
)
def test_an_answer_says_whether_it_was_done(code: str, status: int, kind: type[AwsFault]) -> None:
    fault = in_words(answered(code, status=status))

    assert type(fault) is kind
    assert fault.code == code


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectTimeoutError(endpoint_url="https://sso"), AwsBusy),
        (EndpointConnectionError(endpoint_url="https://sso"), AwsBusy),
        (CredentialRetrievalError(provider="process", error_msg="s3cret"), AwsBusy),
        (ReadTimeoutError(endpoint_url="https://sso"), AwsUnsure),
        (ConnectionClosedError(endpoint_url="https://sso"), AwsUnsure),
        (HTTPClientError(error="reset"), AwsUnsure),
        (SSLError(endpoint_url="https://sso", error=EOFError()), AwsUnsure),
        (ResponseParserError("half an answer"), AwsUnsure),
        (NoCredentialsError(), AwsRefused),
        (NoRegionError(), AwsRefused),
        (ParamValidationError(report="GroupIds: too few"), AwsRefused),
        (BotoCoreError(), AwsRefused),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_no_answer_says_whether_it_was_sent(error: Exception, kind: type[AwsFault]) -> None:
    fault = in_words(error)

    assert type(fault) is kind
    assert "s3cret" not in "".join(format_exception(fault))


def test_other_exceptions_pass_as_they_are() -> None:
    with pytest.raises(KeyError), in_our_words():
        raise KeyError


def test_a_reason_is_one_line_with_what_was_asked_and_no_request_id() -> None:
    fault = in_words(
        answered(
            "AccessDeniedException",
            "User: arn:aws:sts::1:assumed-role/Elevate/i-1 is not authorized\n to perform:"
            " sso:CreateAccountAssignment (Service: Sso, Request ID:"
            " 0f1e2d3c-aaaa-bbbb-cccc-1234567890ab)",
        )
    )

    assert "0f1e2d3c" not in fault.reason
    assert "\n" not in fault.reason
    assert "sso:CreateAccountAssignment" in fault.reason
    assert fault.reason.endswith("(CreateAccountAssignment: AccessDeniedException)")


def test_a_key_that_cannot_be_used_is_named_since_the_remedy_differs() -> None:
    fault = in_words(answered("AccessDeniedException", Reason="KMS_AccessDeniedException"))

    assert "KMS_AccessDeniedException" in fault.reason


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "SignatureDoesNotMatch",
            "The Canonical String should have been 'x-amz-security-token:IQoJs3cret'",
        ),
        ("InvalidClientTokenId", "The key ASIAS3CRETS3CRETS3CR is unknown"),
        ("UnauthorizedOperation", "No. Encoded authorization failure message: s3cretblob"),
    ],
)
def test_a_reason_holds_no_secret(code: str, message: str) -> None:
    fault = in_words(answered(code, message))

    assert "s3cret" not in "".join(format_exception(fault)).lower()


def test_a_reason_is_never_endless() -> None:
    assert len(in_words(answered("ValidationException", "x" * 9000)).reason) < 700


@pytest.mark.parametrize("reason", ["KMS_NotFoundException", "KMS_KEY_NOT_FOUND"])
def test_what_cannot_be_decrypted_is_not_missing(reason: str) -> None:
    fault = in_words(answered("ResourceNotFoundException", Reason=reason))

    assert type(fault) is AwsRefused
    assert reason in fault.reason
