#include "actors.hpp"

namespace bench {

namespace {
caf::actor_system* running = nullptr;
}

caf::actor_system& actors() {
  return *running;
}

}  // namespace bench

int main(int count, char** arguments) {
  using namespace bench;
  return run_program(count, arguments, "caf",
                     {{"call", call},
                      {"call_100", call_100},
                      {"cast", cast},
                      {"cast_4", cast_4},
                      {"cast_across", cast_across},
                      {"ping_pong_servers", ping_pong},
                      {"ring_503", ring_503},
                      {"ring_10000", ring_10000},
                      {"pairs", pairs},
                      {"selective_guard", selective_guard},
                      {"selective_reference", selective_reference},
                      {"spawn_exit", spawn_exit},
                      {"start_stop", start_stop},
                      {"skynet", skynet},
                      {"idle_server", idle_server},
                      {"kill_server", kill_server},
                      {"link_chain", link_chain},
                      {"timer", timers},
                      {"timer_lateness", timer_lateness},
                      {"idle_cpu", idle_cpu},
                      {"kill_300", kill_300},
                      {"kill_10000", kill_10000},
                      {"random_1000_300", random_1000_300},
                      {"random_1000_20000", random_1000_20000},
                      {"random_100000", random_100000},
                      {"one_for_all", one_for_all},
                      {"tree", tree},
                      {"start_child", start_child},
                      {"terminate_child", terminate_child}},
                     [](const settings& asked, const std::function<void()>& run) {
                       caf::actor_system_config config;
                       config.set("scheduler.max-threads", static_cast<std::size_t>(asked.threads));
                       caf::actor_system system{config};
                       running = &system;
                       run();
                       running = nullptr;
                     });
}
