#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <coppice/process/envelope.hpp>
#include <coppice/process/pid.hpp>

namespace coppice::detail {

// Most messages are a number or two. They travel in registers from where they are sent to where they are written: one
// call makes the envelope and delivers it, and who sends keeps nothing meanwhile.

using word = std::uint64_t;
inline constexpr std::size_t most_words = 3;

/// How many words it is; 0: it travels in an envelope that its sender writes.
template <class T>
inline constexpr std::size_t words_of = std::is_trivially_copyable_v<T> && alignof(T) <= alignof(word) &&
                                                sizeof(T) <= most_words * sizeof(word)
                                            ? (sizeof(T) + sizeof(word) - 1) / sizeof(word)
                                            : 0;

/// Writes a message of that type, or a cast, and delivers it; discards it when there is no such process. Throws
/// std::bad_alloc.
void deliver_small(pid to, envelope_kind kind, const message_type& type, word first);
void deliver_small(pid to, envelope_kind kind, const message_type& type, word first, word second, word third);

template <class T>
void deliver_small(pid to, envelope_kind kind, const T& value) {
  word words[most_words] = {};
  if constexpr (!std::is_empty_v<T>) std::memcpy(words, &value, sizeof value);
  if constexpr (words_of<T> == 1) {
    deliver_small(to, kind, message_type_of<T>, words[0]);
  } else {
    deliver_small(to, kind, message_type_of<T>, words[0], words[1], words[2]);
  }
}

}  // namespace coppice::detail
