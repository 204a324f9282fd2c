"""What the programs say of themselves: settings by --help, metrics by their operations port."""

import functools
import json
import os
import re
import subprocess
import tempfile
import urllib.request

SETTING = re.compile(r"^  ([A-Z][A-Z0-9_]*)(?:=(.*))?$")
SAMPLE = re.compile(r"^(\w+?)(?:_bucket|_sum|_count)?\{(.*)\} ")
LABEL = re.compile(r'(\w+)="([^"]*)"')

# Nobody listens there: the programs start, and count.
ALONE = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1", "RABBITMQ_HOST": "127.0.0.1",
         "RABBITMQ_PORT": "1", "SERVICE_HOST": "127.0.0.1", "PORT": "0", "OPS_PORT": "0",
         "LOG_DIR": "", "LOG_LEVEL": "info"}


def describe_range(kind):
    """What stands in the column Range for what --help says of a setting."""
    numbers = re.fullmatch(r"a (?:number|duration \(.*\)) from (\S+) to (\S+)", kind)
    if numbers:
        return f"{numbers[1]}–{numbers[2]}"
    choices = re.fullmatch(r"one of (.*)", kind)
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices[1].split(", "))
    return {"a text": "text", "a secret text": "secret", "true or false": "true, false",
            "a host name or an address, without scheme, port, user and path": "host",
            "a folder, or empty for none": "folder"}[kind]


@functools.lru_cache(maxsize=None)
def read_settings(program):
    """{name: (default or None, range, help)}, from the part "Environment" of --help."""
    output = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    settings, name = {}, None
    for line in output[output.index("Environment"):].splitlines():
        match = SETTING.match(line)
        if match:
            name, default = match[1], match[2]
        elif name and line.startswith("      "):
            text, _, kind = line.strip().rpartition("; ")
            settings[name] = (default, describe_range(kind), text)
            name = None
    if not settings:
        raise ValueError(f"{program} --help names no setting")
    return settings


def scrape(program):
    """The text of /metrics, from a program that runs for this alone."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([program], cwd=folder, stdout=subprocess.PIPE, text=True,
                                   env={"PATH": os.environ["PATH"], **ALONE})
        try:
            for line in process.stdout:
                port = re.search(r"operations port open .*port=(\d+)", json.loads(line)["message"])
                if port:
                    address = f"http://127.0.0.1:{port[1]}/metrics"
                    with urllib.request.urlopen(address, timeout=10) as answer:
                        return answer.read().decode()
            raise ValueError(f"{program} has ended without an operations port")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@functools.lru_cache(maxsize=None)
def read_metrics(program):
    """{name: (type, {label: [value]}, help)}, in the order in which the program prints them."""
    metrics, helps = {}, {}
    for line in scrape(program).splitlines():
        comment = re.match(r"# (HELP|TYPE) (\S+) (.*)", line)
        sample = SAMPLE.match(line)
        if comment and comment[1] == "HELP":
            helps[comment[2]] = comment[3]
        elif comment:
            metrics[comment[2]] = (comment[3], {}, helps[comment[2]])
        elif sample:
            for label, value in LABEL.findall(sample[2]):
                if label == "le":
                    continue  # every histogram has buckets
                values = metrics[sample[1]][1].setdefault(label, [])
                if value not in values:
                    values.append(value)
    return metrics
