"""Several workers that train one run, each a process."""

import json
import os
import socket
import subprocess
import sys


def cluster(worker: int, ports: list[int]) -> str:
    addresses = [f"127.0.0.1:{port}" for port in ports]
    task = {"type": "worker", "index": worker}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start_workers(*arguments: object) -> list[subprocess.Popen[str]]:
    """Start two workers of a training."""
    ports = free_ports(2)
    command = [sys.executable, "-m", "vidgan", "train", *map(str, arguments)]
    return [
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {"TF_CONFIG": cluster(index, ports), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for index in range(2)
    ]
