#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include <coppice/process/envelope.hpp>
#include <coppice/process/message.hpp>

namespace coppice {

namespace detail {

// The one parameter of a clause.
template <class F>
struct parameter_of : parameter_of<decltype(&F::operator())> {};
template <class R, class A>
struct parameter_of<R (*)(A)> {
  using type = A;
};
template <class R, class A>
struct parameter_of<R (*)(A) noexcept> {
  using type = A;
};
template <class C, class R, class A>
struct parameter_of<R (C::*)(A)> {
  using type = A;
};
template <class C, class R, class A>
struct parameter_of<R (C::*)(A) const> {
  using type = A;
};
template <class C, class R, class A>
struct parameter_of<R (C::*)(A) noexcept> {
  using type = A;
};
template <class C, class R, class A>
struct parameter_of<R (C::*)(A) const noexcept> {
  using type = A;
};

template <class F>
using parameter = typename parameter_of<std::decay_t<F>>::type;

struct always {
  template <class T>
  constexpr bool operator()(const T&) const noexcept {
    return true;
  }
};

template <class Guard, class Function>
struct message_clause {
  using parameter_type = parameter<Function>;
  using value_type = std::remove_cvref_t<parameter_type>;
  using result_type = std::invoke_result_t<Function&, parameter_type>;
  static constexpr bool takes_any = std::same_as<value_type, message>;

  Guard guard;
  Function function;

  bool matches(envelope& offered) {
    if constexpr (takes_any) {
      return true;
    } else {
      return *offered.type == message_type_of<value_type> && guard(std::as_const(offered.as<value_type>()));
    }
  }

  result_type run(envelope* taken) {
    message owner{taken};
    if constexpr (takes_any) {
      if constexpr (std::is_lvalue_reference_v<parameter_type>) {
        return function(owner);
      } else {
        return function(std::move(owner));
      }
    } else if constexpr (std::is_lvalue_reference_v<parameter_type>) {
      return function(taken->as<value_type>());
    } else {
      return function(std::move(taken->as<value_type>()));
    }
  }
};

template <class Function>
struct after_clause {
  using result_type = std::invoke_result_t<Function&>;
  std::chrono::nanoseconds limit;
  Function function;
};

template <class T>
inline constexpr bool is_after = false;
template <class F>
inline constexpr bool is_after<after_clause<F>> = true;

template <class T>
inline constexpr bool is_message_clause = false;
template <class G, class F>
inline constexpr bool is_message_clause<message_clause<G, F>> = true;

template <class C>
auto as_clause(C&& clause) {
  using given = std::decay_t<C>;
  if constexpr (is_after<given> || is_message_clause<given>) {
    return given{std::forward<C>(clause)};
  } else {
    return message_clause<always, given>{always{}, std::forward<C>(clause)};
  }
}

struct search_result {
  envelope* taken = nullptr;  ///< Null: the time is up.
  bool is_over = false;       ///< An exit signal ends the process: `unwind_receiver` has to come next.
};

/// Finds the first message in the queue that `matches` wants, and takes it out; waits for one, as long as `limit` says
/// (none: for ever).
search_result take_matching(bool (*matches)(void* clauses, envelope& offered, int& clause), void* clauses, int& clause,
                            const std::optional<std::chrono::nanoseconds>& limit);

/// Unwinds the stack from the caller on, so that no frame of ours is on the way. Never returns.
void unwind_receiver();

/// Throws `error{timeout_value}` for a negative time (S10).
std::chrono::nanoseconds checked_limit(std::chrono::nanoseconds limit);

// A chain of clauses, taken apart from the front: templates stay flat and no tuple header is needed.
template <class... Clauses>
struct clause_list;

template <>
struct clause_list<> {
  bool matches(envelope&, int&, int) { return false; }
  std::optional<std::chrono::nanoseconds> limit() const { return std::nullopt; }
  template <class R>
  R run(int, int, envelope*) {
    __builtin_unreachable();
  }
  template <class R>
  R run_after() {
    __builtin_unreachable();
  }
};

template <class First, class... Rest>
struct clause_list<First, Rest...> {
  First first;
  clause_list<Rest...> rest;

  bool matches(envelope& offered, int& clause, int place) {
    if constexpr (!is_after<First>) {
      if (first.matches(offered)) {
        clause = place;
        return true;
      }
    }
    return rest.matches(offered, clause, place + 1);
  }

  std::optional<std::chrono::nanoseconds> limit() const {
    if constexpr (is_after<First>) {
      return first.limit;
    } else {
      return rest.limit();
    }
  }

  template <class R>
  R run(int clause, int place, envelope* taken) {
    if constexpr (!is_after<First>) {
      if (clause == place) return static_cast<R>(first.run(taken));
    }
    return rest.template run<R>(clause, place + 1, taken);
  }

  template <class R>
  R run_after() {
    if constexpr (is_after<First>) {
      return static_cast<R>(first.function());
    } else {
      return rest.template run_after<R>();
    }
  }
};

template <class First, class... Rest>
auto join_clauses(First first, Rest... rest) {
  if constexpr (sizeof...(Rest) == 0) {
    return clause_list<First>{std::move(first), {}};
  } else {
    return clause_list<First, Rest...>{std::move(first), join_clauses(std::move(rest)...)};
  }
}

}  // namespace detail

/// A clause of `receive` with a guard: taken for messages of its type for which `guard(message)` is true.
template <class Guard, class Function>
auto when(Guard guard, Function function) {
  return detail::message_clause<Guard, Function>{std::move(guard), std::move(function)};
}

/// The last clause of `receive`: what to do when no message has matched for so long. 0: do not wait (S7).
/// A negative time throws `error{timeout_value}` (S10).
template <class Rep, class Period, std::invocable Function>
auto after(std::chrono::duration<Rep, Period> limit, Function function) {
  using given = std::chrono::duration<Rep, Period>;
  constexpr auto longest = std::chrono::nanoseconds::max();
  const bool is_for_ever = limit > std::chrono::duration_cast<given>(longest);
  return detail::after_clause<Function>{
      is_for_ever ? longest : detail::checked_limit(std::chrono::duration_cast<std::chrono::nanoseconds>(limit)),
      std::move(function)};
}

/// Takes the first message in the queue that a clause matches out of it, runs the clause, and returns what that
/// returns.
///
///     int squared = receive([](msg m) { return m.x * m.x; },
///                           after(5s, [] { return 0; }));
///
/// A clause is a function of one parameter and matches messages of exactly that type; `message` matches all; `when`
/// adds a guard. Queue order decides, then the order of the clauses (S8). What no clause matches stays in the queue, in
/// its place (S9). Waits, when nothing matches, until something does or `after` says to stop. If clauses return
/// different types, the result is their common type.
///
/// Blocks the process, not the thread. An exit signal ends the wait by unwinding the stack.
template <class... Clauses>
auto receive(Clauses&&... clauses) {
  static_assert(sizeof...(Clauses) > 0, "receive needs a clause");
  auto list = detail::join_clauses(detail::as_clause(std::forward<Clauses>(clauses))...);
  using result = std::common_type_t<typename decltype(detail::as_clause(std::declval<Clauses>()))::result_type...>;
  using list_type = decltype(list);
  int clause = -1;
  const auto [taken, is_over] =
      detail::take_matching([](void* those, detail::envelope& offered,
                               int& which) { return static_cast<list_type*>(those)->matches(offered, which, 0); },
                            &list, clause, list.limit());
  if (is_over) [[unlikely]] {
    detail::unwind_receiver();
    __builtin_unreachable();
  }
  if (taken == nullptr) return list.template run_after<result>();
  return list.template run<result>(clause, 0, taken);
}

/// Suspends the calling process for that time. Blocks the process, not the thread. A negative time throws
/// `error{timeout_value}`.
void sleep(std::chrono::nanoseconds time);

/// So that nobody calls the C library's by accident, which would stop the thread.
void sleep(int seconds) = delete;
void sleep(unsigned seconds) = delete;

}  // namespace coppice
