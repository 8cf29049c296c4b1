"""What boto3 raises, in the words of `grants.errors`: done, perhaps done, or definitely not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, NoReturn

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from grants.errors import AwsBusy, AwsFault, AwsMissing, AwsRefused, AwsUnsure

THROTTLING: Final = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
TOO_MANY_QUERIES: Final = frozenset(
    {"LimitExceededException", "MaxConcurrentQueriesException", "TooManyRequestsException"}
)
"""Of CloudWatch Logs, CloudTrail Lake and Athena: others are running, and end by themselves."""
_BUSY: Final = (
    THROTTLING
    | TOO_MANY_QUERIES
    | {
        "ConcurrentModificationException",
        "ConflictException",
        "PolicyChangesInProgressException",
    }
)
_UNSURE: Final = frozenset(
    {
        "InternalFailure",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_BEFORE_SENDING: Final = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
_AFTER_SENDING: Final = (HTTPClientError, IncompleteReadError, ResponseParserError, SSLError)
"""A TLS failure among them: it may come before or after."""
_NO_CREDENTIALS: Final = (NoCredentialsError, PartialCredentialsError)
_SIGNATURE: Final = frozenset(
    {"IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"}
)
"""Their messages quote what was signed, the session token included."""

_REQUEST_ID: Final = re.compile(
    r"[\s(,;]*(?:service: [^,;()]+[,;] )?(?:status code: \d+[,;] )?"
    r"\(?\brequest[ _-]?id:? ?[0-9a-fA-F-]{8,}\)?\)?",
    re.IGNORECASE,
)
_ENCODED: Final = re.compile(r"\s*Encoded authorization failure message: \S+", re.IGNORECASE)
_ACCESS_KEY: Final = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b")
_LONGEST: Final = 500


class Outcome(StrEnum):
    """What came of a call, for whoever counts them."""

    OK = "ok"
    THROTTLED = "throttled"
    """Too much was asked."""
    BUSY = "busy"
    """Not done: a conflict, or AWS was not reached."""
    UNSURE = "unsure"
    """Perhaps done: no answer, or one that says nothing about it."""
    MISSING = "missing"
    REFUSED = "refused"


def outcome_of(code: str, status: int) -> Outcome:
    """Of an answer."""
    if not code and status < 300:
        return Outcome.OK
    if code in THROTTLING or status == 429:
        return Outcome.THROTTLED
    return _OUTCOMES[_kind(code, status)]


def outcome_without_answer(error: Exception) -> Outcome:
    """Of a call that raised before there was an answer."""
    try:
        with in_our_words():
            _raise(error)
    except AwsFault as fault:
        return _OUTCOMES.get(type(fault), Outcome.UNSURE)
    except Exception:  # noqa: BLE001  # whoever asked hears of it; here it is only counted
        return Outcome.UNSURE


def _raise(error: Exception) -> NoReturn:
    raise error


_OUTCOMES: Final[dict[type[AwsFault], Outcome]] = {
    AwsBusy: Outcome.BUSY,
    AwsUnsure: Outcome.UNSURE,
    AwsMissing: Outcome.MISSING,
    AwsRefused: Outcome.REFUSED,
}


@contextmanager
def in_our_words() -> Iterator[None]:
    """Whatever goes wrong with AWS in here rises as an AwsFault.

    What AWS said word for word is cut off from tracebacks (`from None`): it may quote secrets.
    """
    try:
        yield
    except ClientError as error:
        raise _answered(error) from None
    except _BEFORE_SENDING as error:
        raise AwsBusy("AWS could not be reached.", code=type(error).__name__) from error
    except _NO_CREDENTIALS as error:
        raise AwsRefused(
            "There are no AWS credentials: give the bot a role, or set AWS_PROFILE.",
            code=type(error).__name__,
        ) from error
    except ProfileNotFound as error:
        raise AwsRefused(
            "AWS_PROFILE names a profile that is not in AWS's configuration files: correct it, or"
            " take it out.",
            code=type(error).__name__,
        ) from error
    except NoRegionError as error:
        raise AwsRefused(
            "No AWS Region is configured: set AWS_REGION.", code=type(error).__name__
        ) from error
    except (CredentialRetrievalError, MetadataRetrievalError) as error:
        raise AwsBusy(
            "The bot's AWS credentials could not be fetched.", code=type(error).__name__
        ) from None
    except ReadTimeoutError as error:
        raise AwsUnsure("AWS did not answer in time.", code=type(error).__name__) from error
    except _AFTER_SENDING as error:
        raise AwsUnsure("The connection to AWS broke.", code=type(error).__name__) from error
    except BotoCoreError as error:
        raise AwsRefused(readable(str(error)), code=type(error).__name__) from error


def _answered(error: ClientError) -> AwsFault:
    response: Any = error.response
    said = response.get("Error", {})
    code = str(said.get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    words = _words(error.operation_name, code, str(said.get("Message", "")))
    kind = _kind(code, status)
    if str(response.get("Reason", "")).startswith("KMS_"):
        words = f"{words} ({response['Reason']}: see to the key that encrypts Identity Center)"
        # What cannot be decrypted is not missing: nothing may be taken for gone because of it.
        kind = AwsRefused if kind is AwsMissing else kind
    return kind(words, code=code)


def _kind(code: str, status: int) -> type[AwsFault]:
    if code in _BUSY or status == 429:
        return AwsBusy
    if code in _UNSURE or status >= 500:
        return AwsUnsure
    if code.endswith(("NotFoundException", "NotFound")) or code == "NoSuchEntity":
        return AwsMissing
    return AwsRefused


def _words(operation: str, code: str, message: str) -> str:
    if code in _SIGNATURE:
        return "AWS does not accept the bot's signature: see to its credentials and its clock."
    said = readable(message)
    return f"{said} ({operation}: {code})" if said else f"AWS answered {operation} with {code}."


def readable(message: str) -> str:
    """AWS's message on one line, without request ids, encoded blobs or key ids."""
    said = _ENCODED.sub("", message)
    said = _REQUEST_ID.sub("", said)
    said = _ACCESS_KEY.sub("…", said)
    said = " ".join(said.split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
