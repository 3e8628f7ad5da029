"""From the figures of single repetitions to what the table says: medians, spreads, ratios, what is reached."""

import dataclasses
import statistics

from comparison import rows as table

AGREED = 0.1
SCALED = ("caf_1_1", "sobjectizer", "rotor")


class figures:
    """All values of a run, by workload, system and threads, in the order of the repetitions."""

    def __init__(self, records=()):
        self.values = {}
        self.units = {}
        for record in records:
            self.add(record)

    def add(self, record):
        key = record["workload"], record["system"], int(record["threads"])
        self.values.setdefault(key, []).append(float(record["value"]))
        self.units[record["workload"]] = record["unit"]

    def median(self, workload, system, threads):
        values = self.values.get((workload, system, threads))
        return statistics.median(values) if values else None

    def best(self, workload, system):
        """The better of one thread and two."""
        medians = [self.median(workload, system, threads) for threads in (1, 2)]
        return min((value for value in medians if value is not None), default=None)

    def spread(self, workload, system, threads):
        """How far the repetitions are apart, as a part of their median."""
        values = self.values.get((workload, system, threads), [])
        if len(values) < 2 or statistics.median(values) == 0:
            return None
        return (max(values) - min(values)) / statistics.median(values)

    def is_settled(self, workload, system, threads):
        """Whether more than half of the repetitions agree with their median to a tenth; one alone does."""
        values = self.values.get((workload, system, threads))
        if not values:
            return True
        middle = statistics.median(values)
        return 2 * sum(abs(value - middle) <= AGREED * middle for value in values) > len(values)

    def records(self):
        return [{"workload": workload, "system": system, "threads": threads, "unit": self.units[workload],
                 "values": values} for (workload, system, threads), values in self.values.items()]


@dataclasses.dataclass
class verdict:
    """One row of the table."""
    row: table.row
    values: dict  # By system.
    spread: float = None
    ratios: dict = dataclasses.field(default_factory=dict)  # By system: how many times as much as Coppice.
    goals: list = dataclasses.field(default_factory=list)  # (text, reached; None: not known)
    ahead: list = dataclasses.field(default_factory=list)  # Systems that are ahead of Coppice.

    def reached(self):
        """None while something is not known."""
        if self.ahead or any(reached is False for _, reached in self.goals):
            return False
        if self.values.get("coppice") is None or any(reached is None for _, reached in self.goals):
            return None
        if not self.goals and not self.ratios:
            return None
        return True


def scale_of(measured):
    """How much slower than then a hop of Boost.Fiber is now; None if it was not measured."""
    ratios = []
    for workload in table.HOPS:
        now = measured.median(workload, "boost_fiber", 1)
        if now is not None:
            ratios.append(now / table.EARLIER[workload]["boost_fiber"])
    return statistics.median(ratios) if ratios else None


def values_of(row, measured, scale):
    values = {}
    for system in table.SYSTEMS:
        if system == "coppice":
            value = measured.median(row.workload(), system, row.threads)
        elif system in SCALED:
            value = table.EARLIER.get(row.name, {}).get(system)
            if value is not None and row.unit == "ns":
                value = None if scale is None else value * scale
        elif row.figure:
            value = measured.median(row.workload(), system, row.threads)
        else:
            value = measured.best(row.workload(), system)
        if value is not None:
            values[system] = value
    return values


def goal_reached(goal, own, values, all_values):
    """True, False, or None where what it is measured against is not there."""
    if own is None:
        return None
    if goal.limit:
        return own <= goal.limit
    other = all_values.get(goal.row, {}).get("coppice") if goal.row else values.get(goal.system)
    if other is None:
        return None
    return own <= goal.times * other if goal.row else own * goal.times <= other


def verdicts(measured, wanted=None):
    """The rows for which there are figures, and which are wanted."""
    scale = scale_of(measured)
    all_values = {row.name: values_of(row, measured, scale) for row in table.ROWS}
    result = []
    for row in table.ROWS:
        values = all_values[row.name]
        if not any(system not in SCALED for system in values) or (wanted is not None and row.name not in wanted):
            continue
        own = values.get("coppice")
        made = verdict(row, values, measured.spread(row.workload(), "coppice", row.threads))
        for system, value in values.items():
            if system == "coppice" or not own:
                continue
            made.ratios[system] = value / own
            if value < own and system not in row.seen_only and row.unit != "times":
                made.ahead.append(system)
        made.goals = [(goal.text(row.unit), goal_reached(goal, own, values, all_values)) for goal in row.goals]
        result.append(made)
    return result


def gain(measured, workload, system):
    one, two = measured.median(workload, system, 1), measured.median(workload, system, 2)
    return one / two if one and two else None


def gains(measured):
    """What a second thread is worth: by system, and for a loop that shares nothing."""
    found = {system: gain(measured, "pairs", system) for system in table.SYSTEMS}
    found["loop"] = gain(measured, "loop", "boost_fiber")
    return {name: value for name, value in found.items() if value is not None}


def gain_reached(found):
    if "coppice" not in found or "loop" not in found:
        return None
    return found["coppice"] >= table.GAIN_REACHED * found["loop"]
