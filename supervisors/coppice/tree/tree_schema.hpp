#pragma once

#include <string>

namespace coppice {

/// A JSON Schema (draft 7) of tree files, for editors: titles, descriptions, defaults and the allowed words.
///
/// It accepts every tree that the checker accepts. What a schema cannot say, the checker alone finds: ids that are
/// there twice, names of workers, their args, the number of processes, and everything about the text of the file. A
/// number like `3.0` is a whole one to a schema, and is none to the checker.
std::string tree_schema();

}  // namespace coppice
