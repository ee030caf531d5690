"""uvicorn's HTTP protocol with an end to a request's head."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Clients send one to four KiB; cookies of a browser on the same host may come along.
MOST_HEAD_BYTES = 128 * 1024

_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s"
)
_BODY = (
    b'{"error":{"message":"The request line and headers are too large.","type":"invalid_request_error",'
    b'"param":null,"code":"headers_too_large"}}'
)


class HeadLimitedProtocol(HttpToolsProtocol):
    """Refuses a head that does not end. uvicorn would keep it in memory for as long as it comes, before any key is
    looked at."""

    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]  # uvicorn's own signature
        self._head_bytes = 0
        self._is_in_head = True
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSAL % (len(_BODY), _BODY))
            self.transport.close()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()
