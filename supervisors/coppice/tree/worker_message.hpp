#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <coppice/process/pid.hpp>
#include <coppice/tree/json_form.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

// Messages to workers by their JSON form: what scripts, and everybody who is no C++ program, send.

/// What is wrong with a message (`{"add": 20}`) for such workers; nothing if they handle it.
std::vector<json_fault> check_worker_message(const worker& of, const nlohmann::json& message);

/// Sends it, without waiting. The message has been checked.
void send_worker_message(const worker& of, pid to, const nlohmann::json& message);

/// What is wrong with expecting that answer to a call with that message, which such workers handle; nothing if it is a
/// value that they may answer with. Of a handler that answers later it is not known, and nothing is wrong.
std::vector<json_fault> check_worker_answer(const worker& of, const nlohmann::json& message,
                                            const nlohmann::json& answer);

/// What is wrong with a message (`{"view": {}}`, or `"view"` for one without fields) as a call to such workers; nothing
/// if they answer it with something that has a JSON form.
std::vector<json_fault> check_worker_call(const worker& of, const nlohmann::json& message);

/// Calls with it and returns the reply's JSON form. Exits the caller as `call` does. The message has been checked.
nlohmann::json call_worker(const worker& of, pid to, const nlohmann::json& message, std::chrono::milliseconds timeout);

/// What is wrong with calling such workers with the message of that name, which has no fields (`view`); empty if it can
/// be done.
std::string check_worker_query(const worker& of, std::string_view name);

/// Calls with it and returns the reply's JSON form. Exits the caller as `call` does. The query has been checked.
nlohmann::json query_worker(const worker& of, pid to, std::string_view name, std::chrono::milliseconds timeout);

}  // namespace coppice
