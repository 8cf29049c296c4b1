"""The stand-in itself: an HTTP server on loopback that real boto3 takes for AWS."""

from __future__ import annotations

import contextlib
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from tests.standins.aws import (
    athena,
    cloudtrail,
    identity_store,
    lake,
    logs,
    organizations,
    shapes,
    speech,
    sso_admin,
    sts,
)
from tests.standins.aws.calls import Call, Calls
from tests.standins.aws.company import Company
from tests.standins.aws.control import Control
from tests.standins.aws.faults import Fault, Faults, Kind
from tests.standins.aws.ground import Answer, AwsError, uuid_of
from tests.standins.aws.quotas import Quotas

_OFFERED = {
    "sso-admin": sso_admin.OPERATIONS,
    "identitystore": identity_store.OPERATIONS,
    "organizations": organizations.OPERATIONS,
    "cloudtrail": cloudtrail.OPERATIONS | lake.OPERATIONS,
    "logs": logs.OPERATIONS,
    "athena": athena.OPERATIONS,
    "sts": sts.OPERATIONS,
}


class _Cut(Exception):  # noqa: N818 - not an error: the connection is to be dropped unanswered
    pass


class AwsStandIn:
    """`with AwsStandIn(company) as aws:` serves it at `aws.url` until the block ends."""

    def __init__(
        self,
        company: Company,
        *,
        quotas: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        """`listener`, one that listens already and is closed with this, stands in for host and port."""
        self.company = company
        self.calls = Calls()
        self.faults = Faults()
        self.quotas = Quotas()
        self.quotas.on = quotas
        self.keys = sts.Keys()
        self.control = Control(self)
        self.crashes: list[Exception] = []
        self._address = (host, port)
        self._listener = listener
        self._http: _Http | None = None
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        if self._http is None:
            raise RuntimeError("the stand-in is not running")
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Self:
        self._http = _Http(self._address, self, self._listener)
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends every connection and thread; raises what crashed inside the stand-in, if it did."""
        if self._http is None or self._thread is None:
            return
        self.faults.release()
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()
        self._http = self._thread = None
        if self.crashes:
            raise self.crashes[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answers(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; a bug of ours is told to the client, and by `stop()`."""
        try:
            status, kind, told = self.hear(headers, body)
        except (_Cut, ConnectionError, TimeoutError):
            raise
        except Exception as crash:  # noqa: BLE001 - as it says
            self.crashes.append(crash)
            said = json.dumps({"__type": "InternalFailure", "Message": repr(crash)})
            status, kind, told = 500, "application/x-amz-json-1.1", said.encode()
        answered = uuid_of("answer", len(self.calls))
        return status, {"Content-Type": kind, "x-amzn-RequestId": answered}, told

    def hear(self, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to one request."""
        service = "sts"
        call: Call | None = None
        try:
            service, operation, params = speech.heard(headers, body)
            caller = self.keys.caller(self.company, headers)
            call = Call(
                service,
                operation,
                params,
                caller.account,
                caller.region,
                self.company.now(),
                role=caller.role,
                session=caller.session,
                agent=headers.get("user-agent", ""),
                signed_at=caller.signed_at,
            )
            self.calls.add(call)
            answer = self._answer(call, caller)
            call.outcome = call.outcome or "ok"
            return 200, *speech.said(service, operation, answer)
        except AwsError as error:
            if call:
                call.outcome = error.code
            return error.status, *speech.refused(service, error)

    def _answer(self, call: Call, caller: sts.Caller) -> Answer:
        if call.operation not in _OFFERED[call.service]:
            raise speech.unknown(call.service, call.operation)
        fault = self.faults.striking(call)
        if fault:
            self._strike(fault, call)
        with self.company.lock:
            self.quotas.take(call)
            shapes.check(call.service, call.operation, call.parameters)
            answer = self._executed(call, caller)
        if fault and fault.kind is Kind.STALL_ANSWER:
            fault.reached.set()
            fault.until.wait()
        if fault and fault.kind is Kind.LOST_ANSWER:
            call.outcome = fault.kind
            raise _Cut
        return answer

    def _strike(self, fault: Fault, call: Call) -> None:
        if fault.kind is Kind.ASYNC_FAILURE:
            call.failure = fault.reason
        if fault.kind is Kind.STALL:
            fault.reached.set()
            fault.until.wait()
        if fault.kind is not Kind.STALL_ANSWER:
            fault.reached.set()
        if fault.kind is Kind.DROP:
            call.outcome = fault.kind
            raise _Cut
        error = fault.error(call)
        if error:
            raise error

    def _executed(self, call: Call, caller: sts.Caller) -> Answer:
        match call.service:
            case "sso-admin":
                return sso_admin.answer(self.company, call)
            case "identitystore":
                return identity_store.answer(self.company, call)
            case "organizations":
                return organizations.answer(self.company, call)
            case "cloudtrail" if call.operation in lake.OPERATIONS:
                return lake.answer(self.company, call)
            case "cloudtrail":
                return cloudtrail.answer(self.company, call)
            case "logs":
                return logs.answer(self.company, call)
            case "athena":
                return athena.answer(self.company, call)
            case _:
                return sts.answer(self.company, self.keys, call, caller)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], stand_in: AwsStandIn, listener: socket.socket | None
    ) -> None:
        self.stand_in = stand_in
        self._lock = Lock()
        self._open: dict[socket.socket, Thread] = {}
        super().__init__(address, _Handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            self.server_address = listener.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        worker = Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[request] = worker
        worker.start()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._open.pop(request, None)

    def hang_up(self) -> None:
        """Cuts what clients keep alive and waits until every worker has gone."""
        with self._lock:
            left = dict(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for worker in left.values():
            worker.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Http

    def do_POST(self) -> None:
        stand_in = self.server.stand_in
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if self.path.startswith("/_control/"):
                status, kind, told = stand_in.control.steer(self.command, self.path, body)
                self._say(status, {"Content-Type": kind}, told)
            else:
                self._say(*stand_in.answers(headers, body))
        except _Cut:
            self._cut()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def do_GET(self) -> None:
        self.do_POST()

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """AWS's Date header is the company's time, not the system's."""
        if timestamp is None:
            timestamp = self.server.stand_in.company.now().timestamp()
        return super().date_time_string(timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Calls are recorded in `calls`, not printed."""
