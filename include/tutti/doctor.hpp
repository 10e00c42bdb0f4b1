// Is this Redis fit for a fleet, and may this user do what a node does? What `tutti doctor` prints,
// for programs that want to ask themselves, before a deployment and not in the middle of one.
//
//     auto diagnosis =
//         tutti::diagnose("rediss://bot:secret@redis.internal:6379", {.key_prefixes = {"shop:"}});
//     if (diagnosis && diagnosis->worst() == tutti::Verdict::problem) ...
//
// Nothing in a Diagnosis or an Error holds the password. Thread-safety: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti {

// In the order of gravity.
enum class Verdict : std::uint8_t {
    ok,
    unknown,  // the server did not say; `advice` names what to grant
    warning,  // weakens something; a node works
    problem,  // a node does not start, or will fail
};

[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) noexcept {
    switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::unknown: return "unknown";
    case Verdict::warning: return "warning";
    case Verdict::problem: return "problem";
    }
    return "unknown";
}

struct Finding {
    std::string subject;  // "maxmemory-policy"
    std::string found;    // as the server has it: printable and short; may be empty
    Verdict verdict = Verdict::ok;
    std::string means;   // what follows from it
    std::string advice;  // what to set; empty when there is nothing to do

    friend bool operator==(const Finding&, const Finding&) = default;
};

struct Diagnosis {
    std::string server;    // the URL without its password
    std::string acl_rule;  // to paste into redis-cli, with the user's name in place of <user>
    std::vector<Finding> findings;

    [[nodiscard]] Verdict worst() const {
        Verdict worst = Verdict::ok;
        for (const Finding& finding : findings) worst = std::max(worst, finding.verdict);
        return worst;
    }
};

struct DoctorOptions {
    // What the keys of the values that this user keeps begin with. Each is tried, with a key that
    // lives for a second, and appears in the rule. None: the rule has a blank to fill in.
    std::vector<std::string> key_prefixes = {};
    // The channels of the caches. Each is tried as `Node::start` does it, entries and plain events,
    // and appears in the rule. None: one of ours, below `cache:`.
    std::vector<std::string> channels = {};
    // What the nodes say as NodeOptions::app, for a rule that names their keys. Default: none's.
    std::string app = "tutti-doctor";
    OptionDuration timeout = std::chrono::seconds{5};  // of everything together
};

// A server that a node would refuse is a finding, and so is a permission that is missing.
//
// Errors: invalid_option (URL, prefix), unavailable, timeout, refused (password, certificate),
// protocol or unsupported (no Redis): nothing could be found out. Blocking: until `timeout`, on a
// thread and on connections of its own. Leaves no key behind.
[[nodiscard]] Result<Diagnosis> diagnose(const std::string& url, const DoctorOptions& options = {});

}  // namespace tutti
