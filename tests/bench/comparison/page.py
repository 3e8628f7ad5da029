"""The table as one self-contained page, with bars."""

import html
import math

from comparison import figures, rows as table
from comparison.text_table import MARKS, about_text

STYLE = """
:root { color-scheme: light dark; --bar: #9aa5b1; --own: #2e7d32; --bad: #c62828; --line: #8884; }
body { font: 15px/1.4 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1rem; margin: 1.6rem 0 .2rem; }
p.about { white-space: pre-line; } p { margin: .2rem 0; }
table { border-collapse: collapse; width: 100%; } td { padding: .1rem .4rem; vertical-align: middle; }
td.name { width: 9rem; } td.value { width: 7rem; text-align: right; font-variant-numeric: tabular-nums; }
td.ratio { width: 4.5rem; text-align: right; opacity: .7; font-variant-numeric: tabular-nums; }
.bar { height: .8rem; background: var(--bar); border-radius: 2px; min-width: 2px; } .own .bar { background: var(--own); }
.own td { font-weight: 600; } .no { color: var(--bad); } .yes { color: var(--own); }
"""


def bar_width(value, largest):
    """In percent, on a logarithmic scale of four decades below the largest."""
    if value <= 0:
        return 0
    return max(1.0, 100 * (1 + math.log10(value / largest) / 4))


def goal_span(text, reached):
    kind = {True: "yes", False: "no", None: ""}[reached]
    return f'<span class="{kind}">{html.escape(text)}: {MARKS[reached].lower()}</span>'


def section(verdict):
    largest = max(verdict.values.values())
    lines = [f'<h2 id="{verdict.row.name}">{html.escape(verdict.row.title)}</h2>']
    goals = [goal_span(text, reached) for text, reached in verdict.goals]
    if verdict.ahead:
        goals.append('<span class="no">ahead: '
                     + html.escape(", ".join(table.SYSTEMS[each] for each in verdict.ahead)) + "</span>")
    if verdict.spread is not None:
        goals.append(f"spread {verdict.spread:.0%}")
    lines.append(f"<p>{'; '.join(goals)}</p><table>")
    for system, value in verdict.values.items():
        ratio = f"{verdict.ratios[system]:.1f}×" if system in verdict.ratios else ""
        own = ' class="own"' if system == "coppice" else ""
        lines.append(f'<tr{own}><td class="name">{html.escape(table.SYSTEMS[system])}</td>'
                     f'<td class="value">{html.escape(table.amount(value, verdict.row.unit))}</td>'
                     f'<td class="ratio">{ratio}</td>'
                     f'<td><div class="bar" style="width:{bar_width(value, largest):.1f}%"></div></td></tr>')
    lines.append("</table>")
    return "\n".join(lines)


def render(measured, verdicts, about):
    found = figures.gains(measured)
    names = {**table.SYSTEMS, "loop": "a loop that shares nothing"}
    gains = ", ".join(f"{names[name]} {value:.2f}" for name, value in found.items())
    body = [f"<h1>Coppice against others</h1><p class=about>{html.escape(about_text(about))}</p>",
            "<p>Bars are logarithmic: each quarter is a factor of ten. Shorter is better. "
            "~ measured earlier, elsewhere, and scaled by Boost.Fiber's hops.</p>"]
    body += [section(each) for each in verdicts]
    if gains:
        body.append(f"<h2>1,000 pairs, 2 threads against 1</h2><p>times faster: {html.escape(gains)}; "
                    + goal_span(f"{table.GAIN_REACHED:g} of the loop's", figures.gain_reached(found)) + "</p>")
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>Coppice against others</title><style>{STYLE}</style>\n" + "\n".join(body) + "\n</html>\n")
