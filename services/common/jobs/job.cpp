#include "common/jobs/job.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/domain/limits.hpp"
#include "common/process/text.hpp"
#include "tutti/json.hpp"

namespace tutti::services::jobs {
namespace {

constexpr std::size_t cause_bytes_max = 2'000;

struct FailedResult {
    std::string request_id;
    bool success = false;
    std::string error;
};
BOOST_DESCRIBE_STRUCT(FailedResult, (), (request_id, success, error))

bool is_utf8(std::string_view text) {
    return json::parse(json::serialize(boost::json::string(text)), json::any_length).has_value();
}

std::string shown_cause(std::string_view cause) {
    std::string text(process::cut_utf8(cause, cause_bytes_max));
    const bool whole = is_utf8(text);
    std::ranges::replace_if(
        text,
        [&](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !whole);
        },
        '?');
    return text.empty() ? "no cause was given" : text;
}

}  // namespace

JobOutcome storable(JobOutcome outcome) {
    if (auto* failed = std::get_if<Failed>(&outcome)) {
        return Failed{.cause = shown_cause(failed->cause), .retry = failed->retry};
    }
    if (std::get<Completed>(outcome).result.size() <= domain::job_result_bytes_max) return outcome;
    return Failed{.cause = "Its result is over " + std::to_string(domain::job_result_bytes_max) +
                           " bytes"};
}

std::string result_text(const std::string& request_id, const JobOutcome& outcome) {
    if (const auto* completed = std::get_if<Completed>(&outcome)) return completed->result;
    return json::write(
        FailedResult{.request_id = request_id, .error = std::get<Failed>(outcome).cause});
}

Result<std::map<std::string, std::string>> parents_of(std::span<const Job> jobs) {
    std::map<std::string, std::string> parents;
    std::set<std::string_view> ids;
    for (auto job = jobs.begin(); job != jobs.end(); ++job) {
        if (!ids.insert(job->job_id).second) {
            return fail(Errc::invalid_option, "enqueue", "two jobs have the same id");
        }
        for (const std::string& child : job->children) {
            const bool stands_before = std::any_of(
                jobs.begin(), job, [&](const Job& other) { return other.job_id == child; });
            if (!stands_before || !parents.emplace(child, job->job_id).second) {
                return fail(Errc::invalid_option, "enqueue",
                            "a child must stand before its parent and have no other one");
            }
        }
    }
    return parents;
}

std::unexpected<Error> too_many_wait() {
    return fail(Errc::overloaded, "enqueue", "too many jobs wait for a worker");
}
std::unexpected<Error> known_among_others() {
    return fail(Errc::invalid_option, "enqueue", "a job is known from a call with other jobs");
}

}  // namespace tutti::services::jobs
