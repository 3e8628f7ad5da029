#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::conformance {

/// How often each rule was at work, by its name.
using rule_counts = std::map<std::string, int, std::less<>>;

/// The names of all rules and result codes that the fixed scenarios have to show, in the order of the report.
///
/// `R` and a number is a rule of the contract's section 1.6; `S` and a number one of the statements about OTP's
/// supervisor that the contract does not spell out; `STEP: ANSWER` a result. What cannot be seen when the tree is
/// quiescent is missing here: the answer and the state `restarting`.
const std::vector<std::string_view>& all_rules();

}  // namespace coppice::conformance
