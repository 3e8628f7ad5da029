"""The table as text."""

from comparison import figures, rows as table

MARKS = {True: "reached", False: "NOT REACHED", None: "not known"}


def goals_text(verdict):
    parts = [f"{text}: {MARKS[reached]}" for text, reached in verdict.goals]
    if verdict.ahead:
        parts.append("AHEAD: " + ", ".join(table.SYSTEMS[system] for system in verdict.ahead))
    return "; ".join(parts)


def cell(verdict, system):
    value = verdict.values.get(system)
    if value is None:
        return ""
    text = table.amount(value, verdict.row.unit)
    if system in verdict.ratios and verdict.row.unit != "times":
        ratio = verdict.ratios[system]
        text += f" ({ratio:.0f}×)" if ratio >= 10 else f" ({ratio:.1f}×)"
    return text


def lines_of(cells):
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    for number, line in enumerate(cells):
        yield "  ".join(text.ljust(width) if place in (0, len(widths) - 1) else text.rjust(width)
                        for place, (text, width) in enumerate(zip(line, widths))).rstrip()
        if number == 0:
            yield "-" * (sum(widths) + 2 * (len(widths) - 1))


def render(measured, verdicts, about):
    shown = [system for system in table.SYSTEMS if any(system in each.values for each in verdicts)]
    cells = [["workload", *(table.SYSTEMS[system] for system in shown), "spread", "goals"]]
    for each in verdicts:
        spread = "" if each.spread is None else f"{each.spread:.0%}"
        cells.append([each.row.title, *(cell(each, system) for system in shown), spread, goals_text(each)])
    parts = [about_text(about), ""] + list(lines_of(cells)) + [""]
    found = figures.gains(measured)
    if found:
        names = {**table.SYSTEMS, "loop": "a loop that shares nothing"}
        parts.append("1,000 pairs, 2 threads against 1, times faster: "
                     + ", ".join(f"{names[name]} {value:.2f}" for name, value in found.items())
                     + f"; {table.GAIN_REACHED:g} of the loop's: {MARKS[figures.gain_reached(found)]}")
    scale = figures.scale_of(measured)
    if scale is not None:
        parts.append(f"~ measured earlier, elsewhere; times scaled by {scale:.2f}, as Boost.Fiber's hops are now.")
    else:
        parts.append("~ measured earlier, elsewhere; only bytes are shown, for Boost.Fiber was not run to scale times by.")
    reached = sum(each.reached() is True for each in verdicts)
    missed = sum(each.reached() is False for each in verdicts)
    parts.append(f"{reached} rows reached, {missed} not reached, {len(verdicts) - reached - missed} without a verdict")
    return "\n".join(parts) + "\n"


def about_text(about):
    again = f", {about['again']} workloads once more" if about.get("again") else ""
    return (f"{about['date']}, {about['machine']}\n"
            f"size {about['size']}, {about['repetitions']} repetitions{again}, load average {about['load']}\n"
            "Medians, and in brackets how many times Coppice's that is. Coppice on one thread where nothing else is said; an "
            "opponent has the better of one and two" + (" where both were run." if about["size"] == "quick" else "."))
