"""Runs `dall-e` commands in forks of one process that has imported torch once.

A start then costs milliseconds of CPU time, not seconds; everything else is as in a process of its
own. `python command_server.py SOCKET` serves until it is killed.
"""

import json
import os
import signal
import socket
import sys

MODULES = (
    *("torch", "dall_e.pipeline", "dall_e.checkpoints.store", "dall_e.training.loop"),
    *("dall_e.training.tokenizer_stage", "dall_e.training.adversarial_stage"),
)
"""What most commands import."""

CLIENT = """\
#!{python} -IS
import json, os, signal, socket, sys

server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
server.sendall(request)
child = int.from_bytes(server.recv(4), "big")
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: os.kill(child, number))
code = server.recv(1)
sys.exit(code[0] if code else 134)  # without a code it crashed
"""
"""The program that stands for `dall-e`."""


def answer(client: socket.socket) -> int:
    """Run the command that a client asks for, with its streams, folder and environment."""
    head, streams, _, _ = socket.recv_fds(client, 4, 3)
    with client.makefile("rb") as file:
        arguments, folder, environment = json.loads(file.read(int.from_bytes(head, "big")))
    client.sendall(os.getpid().to_bytes(4, "big"))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["dall-e", *arguments]

    from dall_e.cli import main

    try:
        main()
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def collect(*_: object) -> None:
    """Let ended commands go."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:  # none is left
        pass


def serve(path: str) -> None:
    for name in MODULES:
        __import__(name)
    signal.signal(signal.SIGCHLD, collect)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print("ready", flush=True)
        while True:
            client, _ = server.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                code = 1
                try:
                    code = answer(client)
                except BaseException:
                    sys.excepthook(*sys.exc_info())
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                client.sendall(bytes([code]))
                os._exit(code)
            client.close()


if __name__ == "__main__":
    serve(sys.argv[1])
