"""Java's HttpClient, which asks for HTTP/2 with every request and sends its body behind that."""

import subprocess
from pathlib import Path

from tests.clients.wanted import program
from tests.servers.gateway import DEADLINE, KEY, RunningGateway

SOURCE = Path(__file__).parent / "java" / "Ask.java"


def test_java_client_is_answered_as_it_comes(gateway: RunningGateway) -> None:
    program("javac", "default-jdk-headless")
    java = program("java", "default-jdk-headless")
    done = subprocess.run(
        [java, str(SOURCE), gateway.url, KEY], capture_output=True, text=True, check=True, timeout=DEADLINE
    )
    plain, stream = done.stdout.splitlines()
    assert plain.startswith("200 HTTP_1_1 {")
    assert '"content":"Hello there."' in plain
    assert stream.startswith("200 HTTP_1_1 data: {")
    assert stream.endswith("data: [DONE]")
