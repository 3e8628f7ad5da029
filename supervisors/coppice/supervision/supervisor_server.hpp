#pragma once

// Private to supervisors/coppice.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/fault_injector.hpp>
#include <coppice/process/large_table.hpp>
#include <coppice/process/object_room.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/slot_of.hpp>
#include <coppice/supervision/restart_budget.hpp>
#include <coppice/supervision/supervisor.hpp>

namespace coppice::detail {

// What its clients send.
struct start_child_request {
  using reply = child_result;
  child_spec spec;
};
struct terminate_child_request {
  using reply = std::optional<child_error>;
  std::string id;
};
struct restart_child_request {
  using reply = child_result;
  std::string id;
};
struct delete_child_request {
  using reply = std::optional<child_error>;
  std::string id;
};
struct which_children_request {
  using reply = std::vector<child_info>;
};
struct count_children_request {
  using reply = child_counts;
};
/// To itself: the start of that child failed in a restart, try again (S107). Others are served in between.
struct try_again_restart {
  std::string id;
};

/// The supervisor: a server that traps exits. The algorithms are those of OTP 25's supervisor.erl, function by
/// function.
class supervisor_server final
    : public server<supervisor_server, exit_signal, start_child_request, terminate_child_request, restart_child_request,
                    delete_child_request, which_children_request, count_children_request, try_again_restart> {
 public:
  explicit supervisor_server(supervisor_init init);

  void handle(exit_signal ended);
  child_result handle(start_child_request&& request);
  std::optional<child_error> handle(const terminate_child_request& request);
  child_result handle(const restart_child_request& request);
  std::optional<child_error> handle(const delete_child_request& request);
  std::vector<child_info> handle(which_children_request request) const;
  child_counts handle(count_children_request request) const;
  void handle(const try_again_restart& request);
  /// A message or cast that is none of the above is logged and dropped: a supervisor must not end for it (S120).
  void handle_info(message& unknown);
  void terminate(const exit_reason& reason);

 private:
  using neighbours = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
  // What a child's spec says, and what is to be known of it beside that. There are many, and a restart goes to any of
  // them: what it needs lies side by side.
  struct child : pooled_object, neighbours {
    explicit child(child_spec&& of)
        : start{std::move(of.start)},
          shutdown{of.shutdown.value_or(shutdown_time::default_of(of.type))},
          restart{of.restart},
          type{of.type},
          significant{of.significant},
          id{std::move(of.id)} {}

    pid process;  // false: not running
    start_function start;
    shutdown_time shutdown;
    restart_type restart;
    child_type type;
    bool significant;
    bool restarting = false;  // its start is being retried
    bool in_group = false;    // of those that are being ended
    std::string id;
  };
  // In start order.
  struct children : boost::intrusive::list<child> {
    children() = default;
    children(const children&) = delete;
    children& operator=(const children&) = delete;
    ~children() { clear_and_dispose(std::default_delete<child>{}); }
  };

  struct by_id {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const noexcept { return std::hash<std::string_view>{}(id); }
    std::size_t operator()(const child* of) const noexcept { return (*this)(of->id); }
  };
  struct same_id {
    using is_transparent = void;
    bool operator()(const child* left, const child* right) const noexcept { return left->id == right->id; }
    bool operator()(std::string_view left, const child* right) const noexcept { return left == right->id; }
    bool operator()(const child* left, std::string_view right) const noexcept { return left->id == right; }
  };

  struct by_process {
    using is_transparent = void;
    std::size_t operator()(pid process) const noexcept { return slot_hash{}(process); }
    std::size_t operator()(const child* of) const noexcept { return (*this)(of->process); }
  };
  struct same_process {
    using is_transparent = void;
    bool operator()(const child* left, const child* right) const noexcept { return left->process == right->process; }
    bool operator()(pid left, const child* right) const noexcept { return left == right->process; }
    bool operator()(const child* left, pid right) const noexcept { return left->process == right; }
  };

  /// What it leaves behind when it ends without having ended its children: it was killed, perhaps while it started.
  class bequest {
   public:
    explicit bequest(supervisor_server& of) : of_{of} {}
    bequest(const bequest&) = delete;
    bequest& operator=(const bequest&) = delete;
    ~bequest();

   private:
    supervisor_server& of_;
  };

  void fetch_what_is_known_of(pid ended) const noexcept override;

  enum class restart_outcome : unsigned char { done, give_up };

  child* find(std::string_view id);
  child* find(pid process);
  /// False: one of that id is known, and `made` still the caller's.
  bool add(std::unique_ptr<child>& made);
  void remove(child& gone);
  void set_process(child& of, pid process);
  void set_restarting(child& of, bool yes) noexcept;
  /// Whether it is significant and has not ended for good: with the last of those a supervisor may have to end.
  static bool is_significant_left(const child& of) noexcept;

  bool start_all(children::iterator first, child** failed, exit_reason& reason);
  start_result start(child& started);
  void terminate_all(children::iterator first);
  void end_child(child& ended, early_ends* early = nullptr);

  void child_ended(child& ended, pid process, const exit_reason& reason);
  template <class Text>
  restart_outcome restart(child& ended, const Text& what);
  void restart_group(children::iterator first, child& ended);
  void try_again(child& failed);
  void forget_or_keep(child& ended);
  void shut_down_if_significant(bool was_significant);

  static void come_to(fault_point point, const child& of);
  std::string path_of(const std::string& id) const;
  template <class Text>
  void say(const Text& what) const;
  void log_start_failure(const child& failed, const exit_reason& reason) const;

  supervisor_flags flags_;
  std::string path_;
  std::shared_ptr<supervision_observer> observer_;
  restart_budget budget_;
  children children_;
  boost::unordered_flat_set<child*, by_id, same_id, table_allocator<child*>> ids_;
  boost::unordered_flat_set<child*, by_process, same_process, table_allocator<child*>> processes_;  // that run
  std::size_t significant_left_ = 0;
  bequest bequest_{*this};  // the first to go
};

}  // namespace coppice::detail
