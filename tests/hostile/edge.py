"""A Redis and an edge of the test's own, and what can be seen of them from outside."""

import base64
import hashlib
import hmac
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ports"))

from support import PATIENCE, Server  # noqa: E402

SECRET = "a secret of the tests alone"

# Short, so that what a hostile client leaves behind is soon cleared away.
SETTINGS = {
    "SERVICE_HOST": "127.0.0.1",
    "PORT": "0",
    "OPS_PORT": "0",
    "REDIS_HOST": "127.0.0.1",
    "JWT_SECRET": SECRET,
    "ROOM_AUTHORIZATION": "open",
    "CORS_ORIGIN": "https://good.com",
    "PING_INTERVAL": "3000",
    "PING_TIMEOUT": "3000",
    "CONNECT_TIMEOUT": "3000",
    "UPGRADE_TIMEOUT": "1000",
    "HEAD_TIMEOUT": "1000",
    "DRAIN_SECONDS": "0",
    "LOG_FORMAT": "text",
    # Freed memory is given back soon, so that growth is growth.
    "ASAN_OPTIONS": "quarantine_size_mb=1:allocator_release_to_os_interval_ms=100",
}


def encode(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def token(claims=None, header=None, secret=SECRET):
    signed = encode(header or {"alg": "HS256", "typ": "JWT"}) + "." + \
        encode({"id": "u1"} if claims is None else claims)
    return signed + "." + encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))


class Redis:
    def __init__(self):
        program = shutil.which("redis-server")
        if not program:
            raise RuntimeError("redis-server is not installed")
        self.folder = tempfile.mkdtemp(prefix="redis-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", self.folder],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.command(b"PING")
                return
            except OSError:
                if time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.05)

    def command(self, *words):
        """The first line of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as client:
            client.sendall(b"*%d\r\n" % len(words) +
                           b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
            return client.recv(65536).split(b"\r\n")[0]

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)


class Edge(Server):
    def __init__(self, program, redis, settings, files=None):
        self.folder = tempfile.mkdtemp(prefix="edge-")
        self.log_path = os.path.join(self.folder, "output")
        environment = {"PATH": os.environ["PATH"], "REDIS_PORT": str(redis.port),
                       "LOG_DIR": os.path.join(self.folder, "logs"), **SETTINGS, **settings}

        def limit_files():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program], env=environment, cwd=self.folder, stdout=log,
                                            stderr=subprocess.STDOUT, preexec_fn=limit_files)
        self.ops_port = self.find_port(r"operations port open .*port=(\d+)")
        self.port = self.find_port(r"listening .*port=(\d+)")

    @property
    def output(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def find_port(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.output)
            if found:
                return int(found.group(1))
            if not self.is_alive() or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError("the edge did not start:\n" + self.output)
            time.sleep(0.02)

    def metrics(self):
        """Of the operations port: {'name{labels}': number}."""
        url = f"http://127.0.0.1:{self.ops_port}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
            lines = reply.read().decode().splitlines()
        return {name: float(number) for name, number in
                (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def kill(self):
        """Of one that stop() did not end."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        note = ""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            note = "\nit did not stop by itself"
        output = self.output + note
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.process.returncode, output
