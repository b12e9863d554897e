"""Measures the job runner of a kartei binary on SQLite: measure.py KARTEI [SECONDS_OF_IDLENESS]

Everything is read from where it stands for good: start times from the store, processor time and memory from /proc.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

KARTEI = str(Path(sys.argv[1]).resolve())
IDLE_SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 60
JOBS = 1000
CHAIN = 50


def line(what, value):
    print(f"{what:<68} {value}", flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class House:
    """A folder with the starter configuration, and a process that serves it."""

    def __init__(self, jobs):
        self.folder = Path(tempfile.mkdtemp(prefix="kartei-runner-"))
        self.run("init")
        (self.folder / "jobs.toml").write_text(jobs)
        self.port = free_port()
        self.process = None

    def run(self, *arguments):
        subprocess.run([KARTEI, *arguments], cwd=self.folder, check=True, capture_output=True)

    def serve(self):
        """Starts to serve, and gives the seconds until it is ready."""
        begun = time.perf_counter()
        command = [KARTEI, "serve", "--set", f"monitoring.listen=127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.DEVNULL)
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=1) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - begun
            except OSError:
                pass
            time.sleep(0.002)

    def end(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        shutil.rmtree(self.folder)

    def ask(self, statement):
        connection = sqlite3.connect(f"file:{self.folder}/kartei.db?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def wait_for(self, statement, wanted, seconds=180):
        until = time.monotonic() + seconds
        while self.ask(statement)[0][0] < wanted:
            if time.monotonic() > until:
                break
            time.sleep(0.2)

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        return int(kilobytes) / 1024


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def percentiles(values):
    values = sorted(values)
    at = lambda share: values[min(len(values) - 1, int(len(values) * share))]
    return f"p50 {at(0.5):7.0f}   p99 {at(0.99):7.0f}   max {values[-1]:7.0f} ms"


def idle():
    nightly = 'schedule = "0 4 * * *"\nsteps = ["pull", "consolidate", "publish", "notify", "report"]\n'
    house = House(f"[job.nightly]\n{nightly}")
    try:
        ready_again(house)  # the first start makes the tables
        line("start to ready, the store is there", f"{min(ready_again(house) for _ in range(5)):7.3f} s (best of 5)")
        house.serve()
        time.sleep(5)
        before, begun = house.cpu_seconds(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        share = (house.cpu_seconds() - before) / (time.monotonic() - begun) * 100
        line(f"idle for {IDLE_SECONDS} s: share of one core", f"{share:7.2f} %")
        line("idle: memory (RSS)", f"{house.megabytes():7.1f} MB")
    finally:
        house.end()


def ready_again(house):
    seconds = house.serve()
    house.process.send_signal(signal.SIGTERM)
    house.process.wait(60)
    return seconds


def chain():
    """Fifty one-step jobs, each after the one before."""
    jobs = '[job.n00]\nsteps = ["notify"]\n'
    for number in range(1, CHAIN):
        jobs += f'[job.n{number:02}]\nafter = ["n{number - 1:02}"]\nsteps = ["notify"]\n'
    house = House(jobs)
    try:
        house.serve()
        for round in range(1, 4):
            house.run("jobs", "trigger", "n00")
            house.wait_for("select count(*) from run where state = 'succeeded'", CHAIN * round)
        rows = house.ask("select id, started_at, finished_at from run order by id")
        seconds = []
        for round in range(3):
            part = rows[round * CHAIN : (round + 1) * CHAIN]
            seconds.append((instant(part[-1][2]) - instant(part[0][1])).total_seconds())
        best = min(seconds)
        line(f"{CHAIN} jobs of one empty step, each after the last: all", f"{best:7.3f} s (best of 3)")
        line("... for each: settled, made, claimed, begun, step, ended", f"{best / CHAIN * 1000:7.2f} ms")
        steps = house.ask("select started_at, finished_at from step")
        step = sorted((instant(end) - instant(begin)).total_seconds() * 1000 for begin, end in steps)
        line("... of which the step itself, in whole ms as it is written down", f"{step[len(step) // 2]:4.0f} ms (median)")
    finally:
        house.end()


def burst():
    """A thousand jobs due in the same second."""
    due = datetime.now(timezone.utc) + timedelta(seconds=20)
    due = due.replace(microsecond=0)
    schedule = f"{due.second} {due.minute} {due.hour} {due.day} {due.month} *"
    jobs = "".join(
        f'[job.j{number:04}]\nschedule = "{schedule}"\ntime_zone = "UTC"\nsteps = ["notify"]\n' for number in range(JOBS)
    )
    house = House(jobs)
    try:
        house.serve()
        if datetime.now(timezone.utc) > due - timedelta(seconds=2):
            sys.exit("error: kartei took too long to start; hint: is the machine busy?")
        house.wait_for("select count(*) from run where state = 'succeeded'", JOBS)
        rows = house.ask(
            "select r.started_at, r.finished_at, s.started_at, r.created_at from run r left join step s on s.run_id = r.id"
            " where r.cause = 'schedule' and r.state = 'succeeded'"
        )
        late = lambda column: [(instant(row[column]) - due).total_seconds() * 1000 for row in rows]
        line(f"{JOBS} jobs due in one second: lost", f"{JOBS - len(rows):7}")
        line("... planner woken, after the due time", percentiles(late(3)))
        line("... run begun (`started_at`), after the due time", percentiles(late(0)))
        line("... its step begun, after the due time", percentiles(late(2)))
        line("... run ended, after the due time", percentiles(late(1)))
    finally:
        house.end()


idle()
chain()
burst()
