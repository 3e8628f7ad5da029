#include <coppice/command/help_pages.hpp>

namespace coppice::command::help {

const std::string_view version = "coppice " COPPICE_VERSION "\n";

const std::string_view overview = R"(coppice - supervision trees for C++, declared in JSON

Usage:
  coppice run TREE      start a tree and keep it running, simulate it, or run a
                        script on it
  coppice check TREE    say what is wrong with a tree file, or what the tree promises
  coppice graph TREE    draw a tree
  coppice schema        print the JSON Schema of tree files, for editors
  coppice chaos TREE    cut processes down by a plan, or at each of their steps,
                        and see whether the tree grows back

  coppice COMMAND --help    more on one of them
  coppice --version         print the version

TREE is a JSON file, or - for standard input. A small one:

  {"id": "root", "max_restarts": 3, "max_seconds": 5,
   "children": [{"id": "pool", "start": "calc", "count": 10}]}

The worker "calc" is built in: a number, and the messages view, add, sub, mult
and div. Workers of your own come out of shared libraries, with --load.

Exit status:
  0        an orderly end, or the answer has been printed
  1        the root gave up or could not start, the output cannot be written,
           two runs of one seed differ, or chaos broke a limit or an invariant
  2        the command line, the tree, the plan, the script or a library is wrong
  128 + n  a second signal n before the tree had ended
)";

const std::string_view run = R"(coppice run - start a tree and keep it running

Usage:
  coppice run TREE [--load LIBRARY]... [--threads N] [--trace FILE] [--verbose]
  coppice run TREE --script FILE [--load LIBRARY]... [--trace FILE] [--verbose]
  coppice run TREE --simulate [--seed N] [--for TIME | --script FILE]
                   [--check-determinism] [--load LIBRARY]... [--trace FILE]
                   [--verbose]

Without --script and --simulate the tree runs until SIGINT (Ctrl-C) or SIGTERM,
and then ends in order, children in reverse start order. What takes longer than
a second is named. A second signal ends the program at once. It also ends when
the root does. What happens is shown, one line an event, coloured on a terminal
unless NO_COLOR is set: starts, ends with their reasons, restarts, give-ups. The
starts and the ends of a whole tree, or of many siblings at once, share one
line.

With --script the steps of a script are carried out in virtual time, on one
thread: waiting takes no time, and the same script gives the same trace.

With --simulate the same code runs on one thread, in virtual time, and a seed
draws who of those that can run comes next: the same seed gives the same trace.
The tree starts; when the time given by --for is over, or without it as soon as
all are at rest, it ends in order. With --script its steps are carried out under
the seed's order. A run that fails tells the command that repeats it.

TREE and FILE may be - for standard input.

Options:
  --load LIBRARY   a shared library of workers; may be given several times
  --script FILE    a JSON array of steps to run on the tree
  --trace FILE     write events as JSON, one a line; - is standard output, and
                   what is shown for people then goes to standard error.
                   With --script the trace goes to standard output unless told
  --threads N      scheduler threads, 1 to 1024; one for each processor unless
                   told. Not with --script or --simulate
  --simulate       run in virtual time, with an order of turns that a seed draws
  --seed N         the seed, 0 to 18446744073709551615; drawn, and told, unless
                   given
  --for TIME       how much virtual time is to pass: 500ms, 90s, 10min, 24h, 7d
  --check-determinism
                   simulate twice, in two programs, and compare the traces byte
                   for byte; says where they first differ
  --verbose        show every report of the library, with the stack traces of
                   crashes, on standard error
  --help           this page

Examples:
  coppice run shop.json
  coppice run shop.json --load ./libshop.so --trace shop.jsonl
  coppice run shop.json --script crash_twice.json --trace -
  coppice run shop.json --simulate --for 24h
  coppice run shop.json --simulate --for 24h --seed 7 --check-determinism

Exit status:
  0        an orderly end: a signal, auto_shutdown, a script that reached its end
  1        the root gave up, ended otherwise, or could not start; a simulated
           tree never came to rest; two runs of one seed differ; or the trace or
           what is shown cannot be written
  2        the command line, the tree, the script or a library is wrong: nothing
           was started; or the script asks for what cannot be done
  128 + n  a second signal n (130: SIGINT, 143: SIGTERM)
)";

const std::string_view check = R"(coppice check - say what is wrong with a tree file, or what the tree promises

Usage:
  coppice check TREE [--load LIBRARY]...

Starts nothing. Prints all faults of the file on standard error, one a line:
file, JSON pointer, what was expected, what was found, what to write instead.
If there is none, prints how many processes of which kind the tree has, after
how many restarts the root gives up at worst, how long a shutdown may take, and
warnings of what is allowed but may surprise. TREE may be - for standard input.

Options:
  --load LIBRARY   a shared library of workers; may be given several times
  --help           this page

Examples:
  coppice check shop.json
  coppice check shop.json --load ./libshop.so

Exit status:
  0  the tree is right; there may be warnings
  1  the answer cannot be written
  2  the command line, the tree or a library is wrong
)";

const std::string_view graph = R"(coppice graph - draw a tree

Usage:
  coppice graph TREE [--format dot|svg] [--output FILE] [--load LIBRARY]...

Starts nothing of the tree. Supervisors are boxes, workers ellipses; lines are
solid to permanent, dashed to transient and dotted to temporary children. Many
workers of one supervisor share a frame. TREE may be - for standard input.

Options:
  --format dot     text in Graphviz's language (unless told)
  --format svg     a drawing; needs Graphviz's program dot (Debian: graphviz)
  --output FILE    where to; - is standard output (unless told)
  --load LIBRARY   a shared library of workers; may be given several times
  --help           this page

Examples:
  coppice graph shop.json --format svg --output shop.svg
  coppice graph shop.json | dot -Tpng > shop.png

Exit status:
  0  drawn
  1  Graphviz is missing or failed, or the drawing cannot be written
  2  the command line, the tree or a library is wrong
)";

const std::string_view schema = R"(coppice schema - print the JSON Schema of tree files

Usage:
  coppice schema [--plan]

A schema (draft 7) with descriptions and defaults, so that editors complete and
check tree files. Name it in a tree file, or in the settings of the editor:

  {"$schema": "./tree.schema.json", "id": "root", "children": []}

It accepts every right tree. Some faults only `coppice check` finds: ids that
occur twice, unknown workers, what is wrong with their args.

Options:
  --plan   the schema of chaos plans in files of their own
  --help   this page

Example:
  coppice schema > tree.schema.json

Exit status:
  0  printed
  1  it cannot be written
  2  the command line is wrong
)";

const std::string_view chaos = R"(coppice chaos - cut processes down and see whether the tree grows back

Usage:
  coppice chaos TREE [PLAN] [--seed N] [--report FOLDER] [--junit FILE]
                [--real-time [--threads N]] [--load LIBRARY]... [--verbose]
  coppice chaos TREE --sweep [--script FILE] [--expect FILE]
                [--victims PATTERN]... [--way WAY]... [--point N] [--seed N]
                [--junit FILE] [--load LIBRARY]... [--verbose]

A chaos plan says who is hit, how, how often and for how long, what work there
is meanwhile, what must be true at the end, and what the run may cost. It is
"chaos" in the tree file, or a file of its own, PLAN. The tree starts, the plan
is carried out, the tree is let grow back, and is shut down. Then the invariants
are checked: nobody without a living supervisor, no two incarnations at once,
the order of starts and stops, the budget of restarts, and more. A table tells of
each child how often it was cut and restarted, how long it was gone, and what
that cost the others. A broken limit or invariant is named with the child, the
seed, and the command that shows it again.

It all happens in virtual time, with an order of turns that the seed draws: the
same seed gives the same run. Each handler, init and terminate takes 1 us of it,
unless the child's "cost" in the tree file says otherwise. With --real-time it
happens as the tree would run.

With --sweep a workload is run (the steps of a script; without one the tree
starts, comes to rest and is shut down) and the points are counted at which a
process can be hit: each receive, each handler before and after, init,
terminate, each step of a restart and of a shutdown. Then it is run once for each
point and each way of hitting, with the hit exactly there. The answers that are
expected are asked for at the end of each run, unless the root was lost.

SIGINT (Ctrl-C) ends the harm: the tree grows back, is shut down, and what was
done is reported. A second signal ends the program at once.

Options:
  --seed N         the seed, 0 to 18446744073709551615; the plan's unless given,
                   and drawn, and told, if there is none
  --report FOLDER  write report.html, a page that needs no network, report.json
                   and junit.xml there
  --junit FILE     write a JUnit file, for CI, and make the folders above it; - is
                   standard output, and the table then goes to standard error
  --real-time      for real, not in a simulation
  --threads N      in real time: scheduler threads, 1 to 1024; one for each
                   processor unless told
  --sweep          hit each process at each of its points
  --script FILE    of a sweep: the steps that are run
  --expect FILE    of a sweep: an array of answers that must be right after them,
                   such as [{"call": "root/a", "message": "view", "equals": 5}]
  --victims PATTERN
                   of a sweep: who is hit, such as root/pool/*; * stands for
                   anything within an id, ** for any number of ids. Everybody
                   unless told; may be given several times
  --way WAY        of a sweep: kill, exception, exit_signal, failing_start or
                   hang. All unless told; may be given several times
  --point N        of a sweep: hit this point alone, in one --way, and show what
                   happens, as `coppice run --script` does
  --load LIBRARY   a shared library of workers; may be given several times
  --verbose        show every report of the library on standard error
  --help           this page

Examples:
  coppice chaos shop.json --seed 7 --report out
  coppice chaos shop.json storm.json --real-time --threads 2
  coppice chaos shop.json --sweep --victims 'root/pool/*'
  coppice chaos shop.json --sweep --seed 7 --point 41 --way kill

Exit status:
  0        the plan was carried out and all limits and invariants hold
  1        one does not hold; or the run was interrupted, or its report cannot be
           written
  2        the command line, the tree, the plan, the script, the expectations or a
           library is wrong, or a report could not be written where it is to go: nothing was
           started
  128 + n  a second signal n (130: SIGINT, 143: SIGTERM)
)";

}  // namespace coppice::command::help
