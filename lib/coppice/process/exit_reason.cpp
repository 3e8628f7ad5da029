#include <array>
#include <atomic>
#include <memory>
#include <ostream>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/object_room.hpp>

namespace coppice {

struct exit_reason::node {
  enum class kind : std::uint8_t { atom, tuple, error, exception };

  kind what;
  std::atomic<std::uint32_t> uses{1};
  std::string atom;
  std::vector<exit_reason> elements;       // of a tuple; of an error its name alone
  std::unique_ptr<exception_info> thrown;  // of an error or an exception

  explicit node(kind of) : what{of} {}

  static void* operator new(std::size_t size) { return detail::allocate_object(size); }
  static void operator delete(void* room, std::size_t size) noexcept { detail::deallocate_object(room, size); }
};

namespace {

struct named_atom {
  std::string_view name;
  std::uintptr_t body;
};

constexpr std::array atoms{
    named_atom{"normal", 1}, named_atom{"shutdown", 3},      named_atom{"kill", 5},     named_atom{"killed", 7},
    named_atom{"noproc", 9}, named_atom{"noconnection", 11}, named_atom{"timeout", 13},
};

}  // namespace

exit_reason::exit_reason(node* owned) noexcept : body_{reinterpret_cast<std::uintptr_t>(owned)} {}

exit_reason::exit_reason(std::string_view atom) {
  for (const auto& known : atoms) {
    if (known.name == atom) {
      body_ = known.body;
      return;
    }
  }
  auto* made = new node{node::kind::atom};
  made->atom = atom;
  body_ = reinterpret_cast<std::uintptr_t>(made);
}

exit_reason exit_reason::tuple(std::span<const exit_reason> elements) {
  auto* made = new node{node::kind::tuple};
  made->elements.assign(elements.begin(), elements.end());
  return exit_reason{made};
}

exit_reason exit_reason::error(exit_reason name, std::vector<void*> trace) {
  auto* made = new node{node::kind::error};
  made->elements.push_back(std::move(name));
  made->thrown = std::make_unique<exception_info>(
      exception_info{"coppice::error", made->elements.front().to_string(), std::move(trace)});
  return exit_reason{made};
}

exit_reason exit_reason::exception(exception_info info) {
  auto* made = new node{node::kind::exception};
  made->thrown = std::make_unique<exception_info>(std::move(info));
  return exit_reason{made};
}

namespace {

// Reads one term from the front of `text`; false when it is not in Erlang notation.
bool parse_term(std::string_view& text, exit_reason& into, int depth) {
  constexpr int deepest = 64;
  if (depth > deepest || text.empty()) return false;
  if (text.front() != '{') {
    const auto length = text.find_first_of("{},");
    const auto atom = text.substr(0, length);
    if (atom.empty()) return false;
    into = exit_reason{atom};
    text.remove_prefix(atom.size());
    return true;
  }
  text.remove_prefix(1);
  std::vector<exit_reason> elements;
  if (!text.empty() && text.front() == '}') {
    text.remove_prefix(1);
    into = exit_reason::tuple(elements);
    return true;
  }
  for (;;) {
    if (!parse_term(text, elements.emplace_back(), depth + 1) || text.empty()) return false;
    const char next = text.front();
    text.remove_prefix(1);
    if (next == '}') break;
    if (next != ',') return false;
  }
  into = exit_reason::tuple(elements);
  return true;
}

}  // namespace

exit_reason exit_reason::parse(std::string_view text) {
  exit_reason made;
  auto rest = text;
  if (parse_term(rest, made, 0) && rest.empty()) return made;
  return exit_reason{text};
}

exit_reason::node& exit_reason::as_node() const noexcept {
  return *reinterpret_cast<node*>(body_);
}

void exit_reason::retain_node() const noexcept {
  as_node().uses.fetch_add(1, std::memory_order_relaxed);
}

void exit_reason::release_node() const noexcept {
  if (as_node().uses.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &as_node();
}

bool exit_reason::is_normal_end() const noexcept {
  if (body_ == normal_body || body_ == static_cast<std::uintptr_t>(well_known::shutdown)) return true;
  const auto parts = elements();
  return parts.size() == 2 && parts[0] == shutdown();
}

std::span<const exit_reason> exit_reason::elements() const noexcept {
  if (!is_node() || as_node().what != node::kind::tuple) return {};
  return as_node().elements;
}

const exit_reason::exception_info* exit_reason::thrown() const noexcept {
  if (!is_node()) return nullptr;
  return as_node().thrown.get();
}

std::string exit_reason::to_string() const {
  if (!is_node()) {
    for (const auto& known : atoms) {
      if (known.body == body_) return std::string{known.name};
    }
    return {};
  }
  const node& of = as_node();
  switch (of.what) {
    case node::kind::atom: return of.atom;
    case node::kind::error: return of.elements.front().to_string();
    case node::kind::exception:
      return of.thrown->what.empty() ? of.thrown->type : of.thrown->type + ": " + of.thrown->what;
    case node::kind::tuple: break;
  }
  std::string text{"{"};
  for (const auto& element : of.elements) {
    if (text.size() > 1) text += ',';
    text += element.to_string();
  }
  return text += '}';
}

bool operator==(const exit_reason& left, const exit_reason& right) noexcept {
  if (left.body_ == right.body_) return true;
  if (!left.is_node() || !right.is_node()) return false;
  const auto& a = left.as_node();
  const auto& b = right.as_node();
  if (a.what != b.what || a.atom != b.atom || a.elements != b.elements) return false;
  return a.thrown == nullptr || (a.thrown->type == b.thrown->type && a.thrown->what == b.thrown->what);
}

std::ostream& operator<<(std::ostream& out, const exit_reason& reason) {
  return out << reason.to_string();
}

}  // namespace coppice
