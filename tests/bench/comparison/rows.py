"""The rows of the table: what is run for each, and what Coppice is to reach there. All figures are better when smaller."""

import dataclasses

SYSTEMS = {  # In the order of the columns.
    "coppice": "Coppice",
    "erlang_gen_server": "gen_server",
    "erlang_simple_one_for_one": "simple_1_1",
    "erlang_process": "Erlang proc",
    "caf": "CAF 0.17",
    "boost_fiber": "raw Fiber",
    "caf_1_1": "~CAF 1.1",
    "sobjectizer": "~SObjectizer",
    "rotor": "~rotor",
}
FIBER = ("boost_fiber",)


@dataclasses.dataclass(frozen=True)
class goal:
    """So many `times` faster than `system`; at most `limit`; or at most `times` as slow as Coppice in another `row`."""
    times: float = 0
    system: str = ""
    limit: float = 0
    row: str = ""

    def text(self, unit):
        if self.limit:
            return f"≤ {amount(self.limit, unit)}"
        if self.row:
            return f"≤ {self.times:g} × {self.row}"
        return f"{self.times:g} × {SYSTEMS[self.system]}" if self.times != 1 else f"no slower than {SYSTEMS[self.system]}"


@dataclasses.dataclass(frozen=True)
class row:
    name: str
    title: str
    goals: tuple
    threads: int = 1  # Of Coppice; an opponent has the better of one and two.
    unit: str = "ns"
    figure: str = ""  # Of which workload, if not of that of its name.
    # Systems whose figures are only to be seen, since they do less: a fiber has no exit reason, no time-out of a call.
    seen_only: tuple = ()

    def workload(self):
        return self.figure or self.name


def faster(times, system):
    return goal(times=times, system=system)


def at_most(limit):
    return goal(limit=limit)


def within(times, of):
    return goal(times=times, row=of)


ROWS = (
    row("call", "call (view), 1 client, 1 server", (faster(6, "erlang_gen_server"),), seen_only=FIBER),
    row("call_100", "call, 100 clients, 100 servers", (faster(8, "erlang_gen_server"),), seen_only=FIBER),
    row("cast", "cast (add), one sender", (faster(5, "erlang_gen_server"),), seen_only=FIBER),
    row("cast_4", "cast, 4 senders to 1", (faster(8, "erlang_gen_server"),), seen_only=FIBER),
    row("ping_pong_servers", "ping-pong between servers, round trip", (faster(7, "erlang_process"),)),
    row("ping_pong_processes", "ping-pong between processes, round trip", (faster(2.5, "erlang_process"),),
        seen_only=FIBER),
    row("ring_503", "ring of 503 servers, a hop", (faster(7, "erlang_process"),)),
    row("ring_10000", "ring of 10,000 servers, a hop", (faster(4, "erlang_process"),)),
    row("spawn_exit", "spawn and exit of a process", (faster(3, "erlang_process"),), seen_only=FIBER),
    row("start_stop", "start and stop of a server", (faster(10, "erlang_gen_server"),)),
    row("skynet", "skynet with servers, 2 threads, a leaf", (faster(6, "erlang_process"),), threads=2),
    row("idle_server", "an idle server", (faster(7, "erlang_gen_server"), at_most(400)), unit="bytes"),
    row("idle_process", "an idle process with a guarded stack", (at_most(4700),), unit="bytes",
        seen_only=("boost_fiber", "erlang_process")),
    row("idle_server_left", "held after the servers are gone, to before", (at_most(1.1),), unit="times"),
    row("idle_process_left", "held after the processes are gone, to before", (at_most(1.1),), unit="times"),
    row("kill_server", "monitor, kill, DOWN: a server", (faster(4, "erlang_process"),)),
    row("kill_process", "monitor, kill, DOWN: a process, unwound", (faster(1, "erlang_process"),), seen_only=FIBER),
    row("link_chain", "1,000 linked servers die, a link", (faster(6, "erlang_process"),)),
    row("kill_300", "kill until a successor answers, 300 in a row", (faster(5, "erlang_gen_server"),)),
    row("kill_300_p99", "the same, 99th percentile", (at_most(15_000),)),
    row("kill_10000", "kill until a successor answers, 10,000", (faster(30, "erlang_gen_server"),)),
    row("kill_10000_p99", "the same, 99th percentile", (at_most(15_000),)),
    row("random_1000_300", "300 at random under 1,000 children", (faster(10, "erlang_gen_server"),)),
    row("random_1000_20000", "20,000 at random under 1,000 children", (faster(50, "erlang_gen_server"),)),
    row("random_100000", "at random under 100,000 children", (within(1.1, "random_1000_20000"),)),
    row("one_for_all", "one_for_all of 1,000, whole restart", (faster(10, "erlang_gen_server"),)),
    row("tree_json", "tree of 100,000 from JSON: read, check; a child", (at_most(2_000),)),
    row("tree_start", "start it from the checked tree, a child", (faster(8, "erlang_gen_server"),)),
    row("tree_stop", "stop it, a child", (faster(8, "erlang_gen_server"),)),
    row("start_child", "start_child under 100,000", (faster(5, "erlang_gen_server"),)),
    row("terminate_child", "terminate_child under 100,000", (faster(5, "erlang_gen_server"),)),
    row("selective_guard", "receive behind 10,000, by guard", (faster(1, "erlang_process"),), seen_only=FIBER),
    row("selective_reference", "call with 10,000 in the queue", (faster(2, "erlang_process"),)),
    row("timer_start", "timer start, 1,000,000 pending", (faster(5, "erlang_process"),)),
    row("timer_cancel", "timer cancel, 1,000,000 pending", (faster(7, "erlang_process"),)),
    row("timer_bytes", "a pending timer", (at_most(120),), unit="bytes"),
    row("timer_lateness", "lateness of 10,000 timers, median", (faster(10, "erlang_process"),), seen_only=FIBER),
    row("timer_lateness_p99", "the same, 99th percentile", (at_most(1_000_000),)),
    row("idle_cpu", "100,000 idle servers, processor time in 5 s", (faster(50, "erlang_gen_server"),),
        seen_only=FIBER),
    row("pairs", "1,000 ping-pong pairs, 1 thread, a round trip", (), seen_only=FIBER),
    row("pairs_2", "1,000 ping-pong pairs, 2 threads, a round trip", (), threads=2, figure="pairs",
        seen_only=FIBER),
    row("cast_across", "cast across threads, saturated", (within(2, "cast"),)),
    row("cast_2", "cast, one sender, 2 threads", (within(1.1, "cast"),), threads=2, figure="cast", seen_only=FIBER),
)

# Not a figure of its own: how much faster two threads are than one, against a loop that shares nothing.
GAIN_REACHED = 0.9

# What was measured of those that are no Debian packages, and of Boost.Fiber beside them, on a 2-core Debian 12 machine: in
# nanoseconds and bytes. Times are scaled by what Boost.Fiber takes now; see `figures.scale_of`.
EARLIER = {
    "call": {"caf_1_1": 384, "sobjectizer": 187, "rotor": 251, "boost_fiber": 170},
    "call_100": {"caf_1_1": 235, "sobjectizer": 166, "boost_fiber": 42},
    "cast": {"caf_1_1": 200, "sobjectizer": 164, "rotor": 70, "boost_fiber": 35},
    "cast_4": {"caf_1_1": 156, "sobjectizer": 132, "boost_fiber": 31},
    "ping_pong_servers": {"caf_1_1": 348, "sobjectizer": 117, "rotor": 79, "boost_fiber": 167},
    "ring_503": {"caf_1_1": 171, "sobjectizer": 88, "rotor": 38, "boost_fiber": 84},
    "ring_10000": {"caf_1_1": 204, "sobjectizer": 114, "rotor": 490, "boost_fiber": 252},
    "spawn_exit": {"caf_1_1": 850, "sobjectizer": 1986, "boost_fiber": 252},
    "skynet": {"caf_1_1": 642, "sobjectizer": 2637, "boost_fiber": 732},
    "idle_server": {"caf_1_1": 1320, "sobjectizer": 2098, "rotor": 9956},
    "kill_server": {"caf_1_1": 1372, "sobjectizer": 13_700},
    "link_chain": {"caf_1_1": 527, "sobjectizer": 2964},
    "kill_300": {"caf_1_1": 57_400, "rotor": 8340},
    "kill_10000": {"caf_1_1": 57_400, "rotor": 8340},
    "random_1000_300": {"caf_1_1": 58_300, "sobjectizer": 19_400},
    "random_1000_20000": {"caf_1_1": 58_300, "sobjectizer": 19_400},
    "one_for_all": {"caf_1_1": 2_180_000},
    "tree_start": {"caf_1_1": 1680, "sobjectizer": 3080, "rotor": 86_000},
    "selective_guard": {"caf_1_1": 300_000, "boost_fiber": 2977},
    "timer_start": {"caf_1_1": 38_600, "sobjectizer": 242},
    "timer_cancel": {"caf_1_1": 57, "sobjectizer": 266},
    "timer_bytes": {"caf_1_1": 180, "sobjectizer": 174},
    "timer_lateness": {"caf_1_1": 19_000_000, "sobjectizer": 57_000, "boost_fiber": 51_000},
    "idle_cpu": {"caf_1_1": 14_000_000, "sobjectizer": 60_000, "boost_fiber": 80_000},
}
# Rows in which a hop from fiber to fiber is all there is, so that they compare machines and nothing else.
HOPS = ("call", "ping_pong_servers", "ring_503")


def amount(value, unit="ns"):
    """Three digits that count, and a unit that people read."""
    if value is None:
        return ""
    if unit == "bytes":
        return f"{value:,.0f} B"
    if unit == "times":
        return f"{value:.2f} ×"
    for limit, divisor, name in ((1e3, 1, "ns"), (1e6, 1e3, "µs"), (1e9, 1e6, "ms"), (float("inf"), 1e9, "s")):
        if abs(value) < limit * 0.9995:
            scaled = value / divisor
            digits = 0 if scaled >= 100 or (divisor == 1 and scaled >= 10) else 1 if scaled >= 10 else 2
            return f"{scaled:.{digits}f} {name}"
    return ""
