"""A mail host that takes everything and writes the recipients down, one a line, in the order of their mails.

As little as smtplib needs (RFC 5321), so that what is measured is the other side.
"""

from __future__ import annotations

import re
import socket
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO


def serve(server: socket.socket, log: IO[str]) -> None:
    """Take mails on every connection to `server`, for ever."""
    while True:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Thread(target=_talk, args=(connection, log), daemon=True).start()


def _talk(connection: socket.socket, log: IO[str]) -> None:
    with suppress(ConnectionError), connection, connection.makefile("rb") as lines:  # workers get killed
        connection.sendall(b"220 sink\r\n")
        recipient = ""
        for line in lines:
            verb = line[:4].upper()
            if verb == b"RCPT":
                found = re.search(rb"<(.*)>", line)
                recipient = found[1].decode() if found else ""
            if verb == b"DATA":
                connection.sendall(b"354 go on\r\n")
                for content in lines:
                    if content == b".\r\n":
                        break
                log.write(f"{recipient}\n")
                log.flush()
            connection.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 OK\r\n")
            if verb == b"QUIT":
                return


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server, Path(sys.argv[1]).open("a") as log:
        print(server.getsockname()[1], flush=True)
        serve(server, log)
