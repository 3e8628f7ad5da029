"""Builds and runs the programs, one repetition of each after the other."""

import json
import mmap
import os
import pathlib
import subprocess
import sys
import time

from comparison import rows

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
BUILD = ROOT / "build" / "bench"

# The program of Coppice that has the workload, and what of Erlang's has it beside CAF and Boost.Fiber (c and f).
WORKLOADS = {
    "call": ("call", ("gen_server", "process", "c", "f")),
    "call_100": ("call", ("gen_server", "process", "c", "f")),
    "cast": ("cast", ("gen_server", "process", "c", "f")),
    "cast_4": ("cast", ("gen_server", "process", "c", "f")),
    "ping_pong_servers": ("ping_pong", ("process", "c", "f")),
    "ping_pong_processes": ("ping_pong", ("process", "f")),
    "ring_503": ("ring", ("process", "c", "f")),
    "ring_10000": ("ring", ("process", "c", "f")),
    "spawn_exit": ("spawn_exit", ("process", "c", "f")),
    "start_stop": ("spawn_exit", ("gen_server", "c")),
    "skynet": ("skynet", ("process", "c", "f")),
    "idle_server": ("idle_memory", ("gen_server", "c")),
    "idle_process": ("idle_memory", ("process", "f")),
    "kill_server": ("monitor_down", ("gen_server", "process", "c")),
    "kill_process": ("monitor_down", ("process", "f")),
    "link_chain": ("link_chain", ("process", "c")),
    "kill_300": ("kill_successor", ("gen_server", "c")),
    "kill_10000": ("kill_successor", ("gen_server", "c")),
    "random_1000_300": ("kill_successor", ("gen_server", "c")),
    "random_1000_20000": ("kill_successor", ("gen_server", "c")),
    "random_100000": ("kill_successor", ("gen_server", "c")),
    "one_for_all": ("one_for_all", ("gen_server", "c")),
    "tree": ("big_tree", ("gen_server", "simple_one_for_one", "c")),
    "start_child": ("start_child", ("gen_server", "simple_one_for_one", "c")),
    "terminate_child": ("start_child", ("gen_server", "simple_one_for_one", "c")),
    "selective_guard": ("selective_receive", ("process", "c", "f")),
    "selective_reference": ("selective_receive", ("gen_server", "process", "c")),
    "timer": ("timers", ("process", "c")),
    "timer_lateness": ("timer_lateness", ("process", "c", "f")),
    "idle_cpu": ("idle_cpu", ("gen_server", "c", "f")),
    "pairs": ("pairs", ("process", "c", "f")),
    "cast_across": ("cast", ("gen_server", "process", "c")),
    "loop": (None, ("f",)),
}
COPPICE_THREADS = {"skynet": (2,), "pairs": (1, 2), "cast": (1, 2)}
# How many schedulers make no difference to what these ask, or both are asked for by the row.
ONE_THREAD = {"idle_server", "idle_process", "timer"}
TWO_THREADS_TOO = {"skynet", "pairs", "cast_across", "loop"}
FIBER_THREADS = {"pairs": (1, 2), "loop": (1, 2)}
# With one scheduler nothing of Erlang's would cross from thread to thread; CAF's sender is a thread of its own.
ERLANG_THREADS = {"cast_across": (2,)}
# What takes much memory for the first time while its clock runs.
MEMORY_HUNGRY = {"skynet", "random_100000", "tree", "start_child", "terminate_child", "timer"}
MEMORY_AT_HAND = 256 << 20


def workload_of(row):
    """The workload that has a row's figures: that of its name or the one it is a part of."""
    name = row.workload()
    while name not in WORKLOADS:
        name = name.rpartition("_")[0]
        if not name:
            raise KeyError(row.name)
    return name


def program(name):
    return str(BUILD / "tests" / "bench" / name)


def commands(workload, size, seed, quick):
    """(system, threads, command) of each run of a workload; of Boost.Fiber's alone for `fiber:WORKLOAD`."""
    only_fiber, workload = workload.startswith("fiber:"), workload.removeprefix("fiber:")
    own, opponents = (None, ("f",)) if only_fiber else WORKLOADS[workload]
    common = ["--size", size, "--seed", str(seed), workload]
    result = []
    if own:
        for threads in COPPICE_THREADS.get(workload, (1,)):
            result.append(("coppice", threads, [program(own), "--threads", str(threads), *common]))
    both = workload not in ONE_THREAD and (not quick or workload in TWO_THREADS_TOO)
    for opponent in opponents:
        if opponent == "f":
            for threads in FIBER_THREADS.get(workload, (1,)):
                result.append(("boost_fiber", threads, [program("raw_fiber"), "--threads", str(threads), *common]))
            continue
        schedulers = (1, 2) if both else (1,)
        if opponent == "c":
            for threads in schedulers:
                result.append(("caf", threads, [program("caf"), "--threads", str(threads), *common]))
        else:
            for threads in ERLANG_THREADS.get(workload, schedulers):
                result.append((f"erlang_{opponent}", threads, [
                    str(ROOT / "tests" / "bench" / "erlang" / "run"), program(""), "--threads", str(threads),
                    "--system", opponent, *common]))
    return result


def have_memory_at_hand():
    """Touches memory and gives it back. A hypervisor may take what has been free for seconds from a virtual machine, and
    the first touch of a page is dear then. Whoever runs first would pay that for all that follow."""
    with mmap.mmap(-1, MEMORY_AT_HAND) as touched:
        touched.madvise(mmap.MADV_HUGEPAGE)
        touched[::mmap.PAGESIZE] = bytes(MEMORY_AT_HAND // mmap.PAGESIZE)


def run_once(command, limit):
    """The records that it prints; raises RuntimeError with what it says if it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it has not ended within {limit} s") from None
    if done.returncode != 0:
        raise RuntimeError(f"status {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def build():
    """An optimised build in build/bench. Says what it does on standard error."""
    def must(*command):
        print("compare:", " ".join(map(str, command)), file=sys.stderr)
        if subprocess.run([str(part) for part in command], cwd=ROOT, stdout=sys.stderr).returncode != 0:
            sys.exit(f"compare: this failed: {' '.join(map(str, command))}")

    must("tests/setup", "build", "bench")
    if not (BUILD / "build.ninja").exists():
        must("meson", "setup", BUILD, "--buildtype=release")
    must("nice", "ninja", "-C", BUILD, "-j", os.environ.get("JOBS", str(os.cpu_count())), "bench")


def is_settled(workload, measured):
    """Whether what decides its rows is: the figures of Coppice, and of whom the goals name."""
    if workload == "loop":
        return all(measured.is_settled(workload, "boost_fiber", threads) for threads in FIBER_THREADS[workload])
    return all(measured.is_settled(row.workload(), system, threads)
               for row in rows.ROWS if workload_of(row) == workload
               for system in ["coppice"] + [goal.system for goal in row.goals if goal.system]
               for threads in ([row.threads] if system == "coppice" else [1, 2]))


def measure(workloads, size, repetitions, seed, quick, measured, budget=None):
    """Runs all systems of all workloads, repetition by repetition, and then once more, up to as often again, those whose
    figures are apart. Returns how many repetitions there were, how many workloads were run once more, and what failed.

    With a budget, in seconds, nothing is begun that would exceed it if it took as long as the one before."""
    failures = {}
    began = time.monotonic()
    took = dict.fromkeys(workloads, 0.0)

    def fits(seconds):
        return not budget or time.monotonic() - began + seconds <= budget

    def run(workload, repetition):
        before = time.monotonic()
        for system, threads, command in commands(workload, size, seed + repetition, quick):
            if (workload, system, threads) in failures:
                continue
            if sys.stderr.isatty():
                print(f"\r\033[K{repetition + 1}/{repetitions} {workload} {system} {threads}", end="", file=sys.stderr)
            if workload in MEMORY_HUNGRY:
                have_memory_at_hand()
            try:
                for record in run_once(command, 120 if quick else 600):
                    measured.add(record)
            except RuntimeError as fault:
                failures[workload, system, threads] = str(fault)
        took[workload] = max(took[workload], time.monotonic() - before)

    done = 0
    while done < repetitions and (done == 0 or fits(sum(took.values()))):
        for workload in workloads:
            run(workload, done)
        done += 1
    again = 0
    for repetition in range(done, 2 * done if done > 1 else done):
        for workload in workloads:
            if not is_settled(workload, measured) and fits(took[workload]):
                run(workload, repetition)
                again += 1
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return done, again, failures
