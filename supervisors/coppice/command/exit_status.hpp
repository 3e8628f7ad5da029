#pragma once

namespace coppice::command {

/// What the `coppice` command ends with. A second signal n ends it with 128 + n.
enum exit_status : int {
  orderly_end = 0,  ///< A signal, auto_shutdown, a script that reached `done`; or the answer has been printed.
  failed = 1,       ///< The root gave up or could not start, or what was asked for could not be written.
  bad_input = 2,    ///< The command line, a tree, a script or a library of workers is wrong: nothing was started.
};

}  // namespace coppice::command
