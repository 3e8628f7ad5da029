#include <algorithm>
#include <cstddef>
#include <vector>

#include <coppice/process/suggestion.hpp>

namespace coppice {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_letter(char a, char b) {
  return lower(a) == lower(b);
}

// Optimal string alignment: three rows of the table are all that a swap of neighbours looks back to.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const replaced = last[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

// By the length of the known word alone, so that a word of any length is dismissed before a table is made for it.
std::size_t tolerated(std::string_view known) {
  return known.size() < 2 ? 0 : std::max<std::size_t>(1, known.size() / 3);
}

bool begins(std::string_view beginning, std::string_view word) {
  return beginning.size() < word.size() && std::equal(beginning.begin(), beginning.end(), word.begin(), same_letter);
}

}  // namespace

std::optional<std::string_view> closest(std::string_view word, std::span<const std::string_view> known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t nearest_distance = 0;
  for (std::string_view const candidate : known) {
    std::size_t const limit = tolerated(candidate);
    std::size_t const difference =
        word.size() > candidate.size() ? word.size() - candidate.size() : candidate.size() - word.size();
    if (difference > limit) continue;
    std::size_t const steps = distance(word, candidate);
    // As many steps as there are letters would find a word in which nothing is left of the one that was written.
    if (steps > limit || steps >= std::max<std::size_t>(word.size(), 1)) continue;
    if (!nearest || steps < nearest_distance) {
      nearest = candidate;
      nearest_distance = steps;
    }
  }
  if (nearest) return nearest;

  constexpr std::size_t shortest_beginning = 3;
  if (word.size() < shortest_beginning) return std::nullopt;
  for (std::string_view const candidate : known) {
    if (!begins(word, candidate) || candidate == nearest) continue;
    if (nearest) return std::nullopt;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace coppice
