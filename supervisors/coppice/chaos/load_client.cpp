#include <algorithm>

#include <nlohmann/json.hpp>

#include <coppice/chaos/load_client.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/tree/worker_message.hpp>

namespace coppice {

void work_as_client(const chaos_load& load, const worker& of, const std::string& path, chaos_recorder& recorder,
                    dice by) {
  const auto mean = std::chrono::nanoseconds{static_cast<std::int64_t>(1e9 / load.per_second)};
  const auto patience = std::chrono::ceil<std::chrono::milliseconds>(load.timeout);
  for (;;) {
    sleep(std::max(by.exponential(mean), std::chrono::nanoseconds{1}));
    const auto life = recorder.journal().find(path);
    if (!load.is_call) {
      if (life) {
        send_worker_message(of, life->process, *load.message);
      } else {
        recorder.message_missed(path);
      }
      continue;
    }
    recorder.call_made(path);
    if (!life) {
      recorder.call_missed(path);
      continue;
    }
    try {
      call_worker(of, life->process, *load.message, patience);
    } catch (const exit_exception&) {
      continue;  // the runtime has told the recorder
    }
  }
}

}  // namespace coppice
